"""Many steps in a row: is a frame lost, does anything leak?

`python benchmarks/endurance.py [--steps 100000] [--map town]`: the scripted driver drives episode
after episode in one server. Prints, at ten moments, the resident memory, open files and threads of
client and server, and the actors of the world. Exit code 1: an actor stayed behind, or memory,
files or threads grew after the first tenth. A lost frame is a SimulatorFault. `--out FILE` writes
the table as Markdown.
"""

import argparse
import sys
import time
from pathlib import Path

import pandas as pd
import psutil

from rca.config import EnvConfig
from rca.envs.driving import DrivingEnv
from rca.envs.pursuit import PurePursuit
from rca.envs.servers import embedded

GROWTH_MIB = 10.0
"""Growth of resident memory after the first tenth that is not called a leak: a leak of one camera
frame in a hundred would be 25 MiB in 90,000 steps of 84x84 pixels."""


def looked_at(env: DrivingEnv, server_pid: int, step: int) -> dict[str, float]:
    """Returns what may grow."""
    found: dict[str, float] = {"step": step, "actors": len(env.rig.world.get_actors())}
    for name, process in {"client": psutil.Process(), "server": psutil.Process(server_pid)}.items():
        found[f"{name} MiB"] = round(process.memory_info().rss / 2**20, 1)
        found[f"{name} files"] = process.num_fds()
        found[f"{name} threads"] = process.num_threads()
    return found


def drive(name: str, steps: int) -> pd.DataFrame:
    """Drives and returns one row per tenth.

    Raises:
        SimulatorFault: A frame was lost, or the server failed in another way.
    """
    config, rows = EnvConfig(map=name), []
    with embedded(name) as server:
        assert server.process is not None
        env = DrivingEnv(config, host=server.host, port=server.port)
        driver, episodes, begin = PurePursuit(config), 0, time.monotonic()
        obs, info = env.reset(seed=0)
        for step in range(1, steps + 1):
            obs, _, _, _, info = env.step(driver(obs))
            if info["end_reason"] is not None:
                episodes += 1
                obs, info = env.reset(seed=episodes)
            if step % (steps // 10) == 0:
                seconds = round(time.monotonic() - begin)
                row = looked_at(env, server.process.pid, step)
                rows.append({**row, "episodes": episodes, "seconds": seconds})
                print(rows[-1], flush=True)
        env.close()
    return pd.DataFrame(rows)


def grown(table: pd.DataFrame) -> list[str]:
    """Returns what grew after the first tenth."""
    change = table.iloc[-1] - table.iloc[0]
    limits = {column: GROWTH_MIB if column.endswith("MiB") else 0.0 for column in table.columns}
    still = {"step", "episodes", "seconds"}
    return [
        f"{column} by {change[column]:g}"
        for column, limit in limits.items()
        if column not in still and change[column] > limit
    ]


def page(table: pd.DataFrame, name: str, verdict: str) -> str:
    """Returns the table in Markdown."""
    lines = [table.columns, ["--:"] * len(table.columns), *table.itertuples(index=False)]
    drawn = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    return (
        f"# Many steps in a row on {name}\n\nWritten by `make endurance` (benchmarks/endurance.py):"
        f" the scripted driver through the real client.\n\n{verdict}\n\n{drawn}\n"
    )


def main() -> int:
    """Drives and judges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--map", default="town")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    table = drive(options.map, options.steps)
    leaks = grown(table)
    verdict = f"{options.steps:,} steps, no frame lost; grew: {', '.join(leaks) or 'nothing'}."
    print(verdict)
    if options.out:
        options.out.write_text(page(table, options.map, verdict), encoding="utf-8")
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())

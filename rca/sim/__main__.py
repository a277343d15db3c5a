"""`python -m rca.sim`: runs the embedded server until it is told to stop."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from types import FrameType

from rca.errors import UsageError


def main() -> int:
    """Starts the server, says on which ports in one JSON line, and serves."""
    options = _options()
    logging.basicConfig(stream=sys.stderr, level=options.log, format="rca.sim: %(message)s")
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    if options.stdin_watch:
        threading.Thread(target=_follow_parent, daemon=True).start()
    # Its products are of a few numbers each; BLAS's threads would only wait on the client's core.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rca.sim.built_in import BUILT_IN
    from rca.sim.maps import Map
    from rca.sim.server import Server

    try:
        start = Map.load(options.map)
        if start.name not in BUILT_IN:
            _ = start.ground  # seconds for a large map: before clients wait, not while they do
        server = Server(
            options.port,
            start,
            seed=options.seed,
            npcs=options.npc,
            fault=options.fault,
        )
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    ready = {
        "port": server.port,
        "stream_port": server.streams.port,
        "map": server.world.map.name,
        "pid": os.getpid(),
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    server.run()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rca.sim", description=__doc__)
    parser.add_argument("--port", type=int, default=2000, help="RPC port; 0 = any free pair")
    parser.add_argument("--map", default="oval", help="built-in map or path of a .xodr file")
    parser.add_argument("--seed", type=int, default=0, help="of everything random, >= 0")
    parser.add_argument("--npc", type=int, default=0, help="lane followers in every episode")
    parser.add_argument("--fault", default="", help="fail on purpose: NAME[:NUMBER], for tests")
    parser.add_argument("--stdin-watch", action="store_true", help="end when stdin closes")
    parser.add_argument("--log", default="WARNING", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    return parser.parse_args()


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _follow_parent() -> None:
    """Ends the process, whatever it is doing, when the parent closes its end or dies."""
    # The descriptor itself: a thread inside sys.stdin's buffer would abort the interpreter's end.
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())

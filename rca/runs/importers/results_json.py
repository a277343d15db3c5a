"""results.json of a training run: returns per episode, evaluations, totals."""

from pathlib import Path

import numpy as np
import pandas as pd

from rca.errors import EvidenceError
from rca.runs.declared import leaves_of
from rca.runs.json_file import RESULT_KEYS, count, number, numbers, read_json
from rca.runs.part import Importer, Options, Part
from rca.runs.record import EVALUATION_COLUMNS, Outcome

EVALUATION_KEYS = {
    "eval_rewards": "mean_return",
    "eval_success_rates": "success_rate",
    "eval_collisions": "mean_collisions",
}


def recognises(path: Path) -> bool:
    """Tells by the name results.json, or by one of RESULT_KEYS at the top level of a JSON file.

    A JSON file that no format can read is taken too, so that its damage is named.
    """
    if path.suffix.lower() != ".json":
        return False
    try:
        tree = read_json(path)
    except EvidenceError:
        return True  # nobody can tell what it held; reading it says what is wrong
    known = isinstance(tree, dict) and any(key in tree for key in RESULT_KEYS)
    return known or path.name == "results.json"


def read(path: Path, options: Options) -> Part:
    """Returns episodes, evaluations and totals.

    Raises:
        EvidenceError: Not JSON or not an object.
    """
    del options
    tree = read_json(path)
    if not isinstance(tree, dict):
        raise EvidenceError(f"{path}: expected an object with `training_rewards`; not results")
    gaps: list[str] = []
    where, config = path.name, tree.get("config")
    columns = {
        "return": numbers(tree, "training_rewards", where, gaps),
        "length": numbers(tree, "episode_lengths", where, gaps),
    }
    said, returns = count(tree, "total_episodes", where, gaps), columns["return"]
    if said is not None and returns is not None and said != len(returns):
        gaps.append(f"{where}: total_episodes: {said:,}, but {len(returns):,} training_rewards")
    outcome = Outcome(
        planned_steps=count(tree, "total_timesteps", where, gaps),
        executed_steps=count(tree, "executed_timesteps", where, gaps),
    )
    for key in ("final_eval_mean_reward", "final_eval_success_rate"):
        number(tree, key, where, gaps)
    return Part(
        source=path,
        episodes={name: values for name, values in columns.items() if values is not None},
        evaluations=_evaluations({**tree}, where, gaps),
        config=leaves_of(where, config) if isinstance(config, dict) else {},
        results=tree,
        provenance={
            key: tree[key] for key in ("seed", "scenario") if isinstance(tree.get(key), int | str)
        },
        gaps=tuple(gaps),
        outcome=outcome,
    )


def _evaluations(tree: dict[str, object], where: str, gaps: list[str]) -> pd.DataFrame | None:
    columns = {name: numbers(tree, key, where, gaps) for key, name in EVALUATION_KEYS.items()}
    present = {name: values for name, values in columns.items() if values is not None}
    length = max((len(values) for values in present.values()), default=0)
    if not length:
        return None
    padded = {
        name: np.append(values, np.full(length - len(values), np.nan))
        for name, values in present.items()
    }
    if len({len(values) for values in present.values()}) > 1:
        gaps.append(f"{where}: the eval_* lists differ in length; the shorter ones lack values")
    return pd.DataFrame(padded).reindex(columns=list(EVALUATION_COLUMNS)).astype("float64")


IMPORTER = Importer("results.json", recognises, read)

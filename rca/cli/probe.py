"""`rca probe`: one part looked at before a run is spent on it."""

from typing import Annotated

import typer

from rca.cli.app import Debug, app, console
from rca.errors import UsageError

probe_app = typer.Typer(no_args_is_help=True, help="Looks at one part before a run is spent on it.")
app.add_typer(probe_app, name="probe")


@probe_app.command("reward")
def probe_reward(
    config: Annotated[
        str, typer.Option(help="A preset (baseline, fixed, healthy) or a YAML file.")
    ] = "healthy",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="One value, as in env.reward.collision=5; may be repeated."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Says what idling, driving, failing and colliding are worth under a reward configuration.

    Exit code: 0 every promise of a sound reward holds, 1 one is broken.

    Example:  rca probe reward --config baseline --set env.reward.progress=0.1
    """
    from rca.config import load_config
    from rca.envs.probe import probe_reward
    from rca.report.reward_probe import tables

    settings = load_config(config, set_ or [])
    if settings.agent.discount == 1:
        raise UsageError("agent.discount=1: an endless episode has no discounted value; below 1")
    found = probe_reward(settings.env, settings.agent.discount)
    console().print(tables(found))
    raise typer.Exit(0 if all(promise.holds for promise in found.promises) else 1)

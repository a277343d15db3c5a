"""`rca probe`: one part looked at before a run is spent on it."""

from typing import TYPE_CHECKING, Annotated

import typer

from rca.cli.app import Debug, app, console
from rca.errors import UsageError, printable

if TYPE_CHECKING:
    from rca.checking import Finding

probe_app = typer.Typer(no_args_is_help=True, help="Looks at one part before a run is spent on it.")
app.add_typer(probe_app, name="probe")


@probe_app.command("reward")
def probe_reward(
    config: Annotated[
        str, typer.Option(help="A preset (baseline, fixed, healthy, quick) or a YAML file.")
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


@probe_app.command("env")
def probe_env_command(
    factory: Annotated[
        str, typer.Argument(help="MODULE:FACTORY, a function without arguments that returns one.")
    ],
    steps: Annotated[int, typer.Option(min=20, help="Of the random policy.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Of environments and actions.")] = 0,
    debug: Debug = False,
) -> None:
    """Looks whether a gymnasium environment is sound for visual continuous control.

    Spaces, pictures, frame stack, rewards, endings, idling, determinism, the zero-update
    control, step time. Exit code as `rca check`.

    Example:  rca probe env my_project.envs:make
    """
    from rca.preflight.env import probe_env
    from rca.preflight.factory import load_factory

    _print(probe_env(load_factory(factory), steps=steps, seed=seed), f"environment {factory}")


@probe_app.command("agent")
def probe_agent_command(
    factory: Annotated[
        str,
        typer.Argument(help="MODULE:FACTORY, called with environment, discount and seed."),
    ] = "rca.preflight.own:td3",
    seed: Annotated[int, typer.Option(min=0, help="Handed to the factory.")] = 0,
    debug: Debug = False,
) -> None:
    """Sets an agent seven tiny tasks with known answers, to see which part of it does not learn.

    The agent has learn(steps), act(picture) and, if it can, value(picture, action); see
    docs/own-trainer.md. Exit code as `rca check`.

    Example:  rca probe agent rca.preflight.sb3:td3
    """
    from rca.preflight.agent import probe_agent
    from rca.preflight.factory import load_factory

    _print(probe_agent(load_factory(factory), seed=seed), f"agent {factory}")


def _print(findings: "list[Finding]", title: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from rca.checking import exit_code

    table = Table("question", "verdict", "what was seen", title=Text(title))
    for finding in findings:
        table.add_row(Text(finding.check), finding.verdict.value, Text(printable(finding.message)))
    console().print(table)
    raise typer.Exit(exit_code(findings))

"""`rca sim`."""

import os
import sys
from typing import Annotated

import typer

from rca.cli.app import Debug, app


@app.command()
def sim(
    map_: Annotated[str, typer.Option("--map", help="Built-in map or OpenDRIVE file.")] = "oval",
    port: Annotated[int, typer.Option(min=0, max=65534, help="RPC port; 0 picks a free one.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random in the world.")] = 0,
    npc: Annotated[int, typer.Option(min=0, help="Cars that follow their lanes.")] = 0,
    fault: Annotated[
        str,
        typer.Option(
            help="Fail on purpose, NAME[:NUMBER], such as freeze:50; an unknown NAME lists all.",
            show_default=False,
        ),
    ] = "",
    debug: Debug = False,
) -> None:
    """Serves the embedded world to any CARLA 0.9.16 client, until Ctrl-C.

    Example:  rca sim --map oval --port 2000
    """
    arguments = ["--map", map_, "--port", str(port), "--seed", str(seed)]
    arguments += ["--npc", str(npc), "--fault", fault]
    os.execv(sys.executable, [sys.executable, "-m", "rca.sim", *arguments])

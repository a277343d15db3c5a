"""`rca faults`."""

from rca.cli.app import Debug, app, console


@app.command()
def faults(debug: Debug = False) -> None:
    """Lists the faults that can be planted in a run, with the cause that a diagnosis should name.

    Example:  rca faults; rca run short --plant encoders_swapped
    """
    from rich.table import Table

    from rca.faults import load_faults

    table = Table("fault", "what goes wrong", "cause", "source")
    for found in load_faults().values():
        table.add_row(found.id, found.title, ", ".join(found.causes), found.source)
    console().print(table)

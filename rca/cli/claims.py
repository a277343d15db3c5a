"""`rca claims`."""

from rca.cli.app import Debug, app, console


@app.command()
def claims(debug: Debug = False) -> None:
    """Holds the failed project's own root-cause analysis against its sources, claim by claim.

    What a run says about its six issues is part of `rca diagnose`.

    Example:  rca claims
    """
    from rca.diagnosis.claims import load_claims
    from rca.report.claims_text import claims_table

    console().print(claims_table(load_claims()))

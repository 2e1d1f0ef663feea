"""Commands for studies of many runs, and checks of the model: commands, no logic."""

import typer

from calcisim.cli.app import Json, Quiet, app, print_json, print_table, quietly, say


@app.command()
def verify(as_json: Json = False, quiet: Quiet = False) -> None:
    """Convergence orders and conservation, in a minute. Exit code 1 when one is missed."""
    from calcisim.studies import verify as study

    rows = study.verify(say=quietly if quiet else say)
    if as_json:
        print_json(rows)
    else:
        print_table(["check", "target", "got", ""], [[r["check"], r["target"], r["got"], "pass" if r["passed"] else "FAIL"] for r in rows])
    if not all(row["passed"] for row in rows):
        raise typer.Exit(1)

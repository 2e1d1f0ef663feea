"""Commands for studies of many runs, and checks of the model: commands, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from calcisim.cli.app import Json, Name, Quiet, app, print_json, print_table, quietly, say


@app.command()
def fit(
    name: Name,
    data: Annotated[Path | None, typer.Argument(metavar="[DATA.csv]", help="measured points; those of the scenario by default")] = None,
    free: Annotated[str | None, typer.Option(metavar="A,B", help="what may change; what is marked as fitted by default")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="write the fitted scenario here")] = None,
    as_json: Json = False,
) -> None:
    """Fit parameters to measured points; prints intervals, correlations and what was not fitted."""
    from calcisim.studies import fit as study

    study.command(name, tuple(free.split(",")) if free else (), as_json, data, out)


@app.command()
def validate(
    only: Annotated[list[str] | None, typer.Argument(metavar="[FACT]...", help="ids such as F01; all by default")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The literature facts: target, what came out, pass or fail. Exit code 1 when one fails."""
    from calcisim.studies import validate as study

    rows = study.validate(only or (), say=quietly if quiet else say)
    if as_json:
        print_json(rows)
    else:
        words = {True: "pass", False: "FAIL", None: "not yet addressed"}
        print_table(
            ["fact", "role", "statement", "target", "tolerance", "got", ""],
            [[r["id"], r["role"], r["statement"], r["target"], r["tolerance"], r["got"], words[r["passed"]]] for r in rows],
        )
        passed, failed = (sum(row["passed"] is outcome for row in rows) for outcome in (True, False))
        print(f"{passed} pass, {failed} fail, {len(rows) - passed - failed} not yet addressed")
    if any(row["passed"] is False for row in rows):
        raise typer.Exit(1)


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

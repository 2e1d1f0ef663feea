"""The command that holds the model to the facts of the literature: no logic."""

from pathlib import Path
from typing import Annotated

import typer

from calcisim.cli.app import Json, Quiet, app, print_json, print_table, quietly, say


@app.command()
def validate(
    only: Annotated[list[str] | None, typer.Argument(metavar="[FACT]...", help="ids such as F01; all by default")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="a coarse answer in three minutes")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="compute all again, also what is kept for these sources")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="processes side by side; one per free core by default")] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE.md", help="write the page of the docs here; all facts, in full")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The literature facts: target, what came out, pass or fail; results are kept until a source changes. Exit code 1 when one fails."""
    from calcisim.studies import validate_command as study

    rows = study.command(only or (), quietly if quiet else say, quick, workers, fresh, page)
    if as_json:
        print_json(rows)
    else:
        columns, cells, last = study.table(rows)
        print_table(columns, cells)
        print(last)
    if any(row["passed"] is False for row in rows):
        raise typer.Exit(1)

"""Commands that tell what came out: commands, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from calcisim.cli.app import Json, app, print_json, say


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="run directories, or a directory of `calcisim compare`")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="RUN/report.html by default; ./report.html for several runs")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="replace FILE.html when it is there")] = False,
    as_json: Json = False,
) -> None:
    """One offline HTML file to read and to send: verdict, results, maps over time, curves, parameters, literature."""
    from calcisim.studies import report as study

    done = study.write(runs, out, force)
    for run in done["runs"]:
        if not run["finished"]:
            say(f"{run['directory']} is not finished: the report says so, and tells what there is")
    if as_json:
        print_json(done)
        return
    print(done["report"])

"""The command that times calcisim beside its peers: options, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from calcisim.cli.app import Json, Quiet, app, print_json, print_table, quietly, say


@app.command()
def bench(
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="a new directory for bench.json, about.json and bench.png")] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="MEASURE", help="this one, also a long one; repeatable")] = None,
    long: Annotated[bool, typer.Option("--long", help="also what takes half an hour")] = False,
    listing: Annotated[bool, typer.Option("--list", help="name the measures and end")] = False,
    check: Annotated[bool, typer.Option("--check", help="exit code 1 when a ratio fell by more than 1.5 since it was recorded")] = False,
    record: Annotated[bool, typer.Option("--record", help="keep these ratios for later checks")] = False,
    force: Annotated[bool, typer.Option("--force", help="move earlier results in DIR aside to DIR.old-1")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Time this installation beside what memory allows, numpy, and the peers that are installed (extra `oracle`).

    Exit code 1 when something could not be measured, or with --check got worse.
    """
    from calcisim.studies import bench as study

    if listing:
        rows = [one._asdict() for one in study.measures()]
        columns = ["name", "title", "target", "needs", "long"]
        if as_json:
            print_json([{key: row[key] for key in columns} for row in rows])
        else:
            print_table(columns, [[r["name"], r["title"], r["target"], ", ".join(r["needs"]), "long" if r["long"] else ""] for r in rows])
        return
    rows, wrong = study.command(only or (), long, out, force, check, record, quietly if quiet else say)
    if as_json:
        print_json(rows)
    else:
        columns = ["measure", "ratio", "target", "median_s", "reference_s", "peak_memory_mb", "reference"]
        print_table(columns, [[row[key] for key in columns] for row in rows])
    for text in wrong:
        say(text)
    if wrong:
        raise typer.Exit(1)

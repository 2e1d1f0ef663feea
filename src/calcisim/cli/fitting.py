"""The command that fits a scenario to what was measured: options, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from calcisim.cli.app import Json, Name, Quiet, Sets, app, quietly, say


@app.command()
def fit(
    name: Name,
    data: Annotated[Path | None, typer.Argument(metavar="[DATA.csv]", help="measured points; those of the scenario by default")] = None,
    free: Annotated[
        str | None, typer.Option(metavar="A,B", help="what may change (A+C: one value for both); what is marked as fitted by default")
    ] = None,
    sets: Sets = None,
    hierarchy: Annotated[str | None, typer.Option(metavar="lab", help="a factor for each laboratory of the column lab")] = None,
    spread: Annotated[float | None, typer.Option(help="assumed spread of those factors, of their logarithm; 0.2 by default")] = None,
    samples: Annotated[int, typer.Option(metavar="N", help="also N draws from the posterior (needs the extra `calibrate`)")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="of the draws")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="write the fitted scenario here, and the figure beside it")] = None,
    figure: Annotated[Path | None, typer.Option(metavar="FILE.png", help="draw data, fit, band and residuals here")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit parameters to measured points; prints intervals, correlations and what was not fitted."""
    from calcisim.studies import fit_command as study

    paths = tuple(part.strip() for part in free.split(",") if part.strip()) if free else ()
    study.command(
        name, paths, as_json, data, out, sets=tuple(sets or ()), hierarchy=hierarchy, spread=spread, draws=samples, seed=seed,
        figure=figure, say=quietly if quiet else say,
    )  # fmt: skip

"""Commands of the particle engine: commands, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from calcisim.cli.app import Json, Quiet, app, print_json, quietly, say


@app.command("grow-clump")
def grow_clump(
    dimensions: Annotated[int, typer.Option(help="2 or 3")] = 3,
    particles: Annotated[int, typer.Option(help="primary particles")] = 10_000,
    sticking: Annotated[float, typer.Option(help="chance that a contact holds: 1 diffusion-limited, 0.001 reaction-limited")] = 1.0,
    seed: Annotated[int, typer.Option(help="another draw")] = 1,
    fraction: Annotated[float | None, typer.Option(help="volume fraction of particles; 0.001 in 3-D, 0.01 in 2-D by default")] = None,
    clusters: Annotated[int | None, typer.Option(help="stop when so many are left; one per 200 particles by default")] = None,
    walkers: Annotated[bool, typer.Option("--walkers", help="single particles that come to one cluster, one after the other")] = False,
    fibres: Annotated[float, typer.Option(help="volume fraction of collagen fibres in the box")] = 0.0,
    fibre_diameter: Annotated[float, typer.Option(help="of a fibre, in particle diameters")] = 2.0,
    nucleated: Annotated[float, typer.Option(help="share of the particles that are born on fibres")] = 0.0,
    capture: Annotated[float, typer.Option(help="chance that a fibre holds what touches it")] = 1.0,
    rotation: Annotated[bool, typer.Option("--rotation", help="clusters turn as well")] = False,
    growth: Annotated[float, typer.Option(help="layer that grows on all particles and bridges contacts, in their radii")] = 0.0,
    primary: Annotated[str, typer.Option(help="diameter of a particle, for scale bars and files")] = "50 nm",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="a new directory; a numbered one below runs/ by default")] = None,
    force: Annotated[bool, typer.Option("--force", help="move an older clump in --out aside to DIR.old-1")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Grow clumps particle by particle, free or between collagen fibres: pictures, fractal dimension, a VTK file."""
    from calcisim.studies import grow_clump as study

    growing = study.growing(
        particles=particles, dimensions=dimensions, sticking=sticking, seed=seed, fraction=fraction, clusters=clusters, walkers=walkers,
        fibres=fibres, fibre_diameter=fibre_diameter, nucleated=nucleated, capture=capture, rotation=rotation,
    )  # fmt: skip
    outcome = study.start(study.Request(growing, growth, primary, out, force), quietly if quiet else say)
    if as_json:
        print_json({"directory": outcome.directory, "figures": outcome.figures, **outcome.summary})
        return
    for line in study.said(outcome.summary):
        print(line)
    print(f"results: {outcome.directory}")
    for figure in outcome.figures:
        print(f"picture: {figure}")

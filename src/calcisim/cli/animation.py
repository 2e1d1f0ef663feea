"""Commands for moving pictures: commands, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from calcisim.cli.app import Json, RunDirectory, app, print_json


@app.command()
def animate(
    directory: RunDirectory,
    site: Annotated[str | None, typer.Option(metavar="NAME", help="a site; the one with most mineral by default")] = None,
    fps: Annotated[float, typer.Option(help="pictures a second; one for each stored map")] = 8.0,
    out: Annotated[Path | None, typer.Option(metavar="FILE.gif", help="RUN/figures/animation-SITE.gif by default")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace the file when it is there")] = False,
    as_json: Json = False,
) -> None:
    """A run as a moving picture (GIF): mineral and deposit over time; in three dimensions the mass, turning."""
    from calcisim.results import animation

    done = animation.animate(directory, site, fps, out, force)
    if as_json:
        print_json(done)
        return
    print(f"{done['animation']}: {done['frames']} pictures of {done['site']}, {done['bytes'] / 1e6:.2f} MB")

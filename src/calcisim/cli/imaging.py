"""Commands that write volumes for other programs: commands, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from calcisim.cli.app import Json, RunDirectory, app, print_json, say


@app.command()
def export(
    directory: RunDirectory,
    vti: Annotated[bool, typer.Option("--vti", help="every map and Hounsfield units, for ParaView")] = False,
    nifti: Annotated[bool, typer.Option("--nifti", help="Hounsfield units and mineral as hydroxyapatite (mg/cm³)")] = False,
    dicom: Annotated[bool, typer.Option("--dicom", help="Hounsfield units as a series of slices")] = False,
    site: Annotated[str | None, typer.Option(metavar="NAME", help="one site; all that are more than a voxel by default")] = None,
    day: Annotated[float | None, typer.Option(help="the nearest map to this day; the last by default")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="where to put the files; RUN/export by default")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace files that are there")] = False,
    as_json: Json = False,
) -> None:
    """Volumes for other programs. Simulated: for research; not for clinical decisions."""
    from calcisim.studies import export as study

    formats = tuple(name for name, wanted in (("vti", vti), ("nifti", nifti), ("dicom", dicom)) if wanted)
    done = study.export(study.Request(directory, formats, site, day, out, force), say)
    if as_json:
        print_json(done)
        return
    for one in done["sites"]:
        say(f"{one['site']}, day {one['day']:g}: at most {one['hounsfield_max']:.0f} HU")
        for path in one["files"]:
            print(path)
    say(done["note"])

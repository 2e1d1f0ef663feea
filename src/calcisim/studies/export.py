"""A frame of a run as files for other programs: VTK images, NIfTI volumes, DICOM series.

    calcisim export runs/tumoral-uraemic-001 --vti --nifti --dicom --site hip --day 365

HU and all else stand on the grid of the run, without a scanner's blur; an axis that the grid leaves out is one voxel as deep as the site.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import UsageError
from calcisim.physics import attenuation
from calcisim.results import directory as run_directory
from calcisim.results import radiography, store, volumes, vtk
from calcisim.results.files import storage

FORMATS = ("vti", "nifti", "dicom")
FOLDER = "export"
APATITE = "apatite_mg_per_cm3"
HOUNSFIELD = "hounsfield"
_SAME_DAY = 1e-6  # d
_AXES = ("time", "z", "y", "x", "size", "size_bounds")  # variables that are no maps
_WHO = ("scenario_sha256", "source_sha256", "data_sha256", "seed", "days")  # tell a run from any other, whenever it was computed


@dataclass(frozen=True)
class Request:
    """What the user asked for: a run, formats of FORMATS, a site or all, a day or the last, and where to put it."""

    run: Path
    formats: tuple[str, ...]
    site: str | None = None
    day: float | None = None
    out: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class Frame:
    """One site at one time: number of the frame, what X-rays see of it, and every map (z, y, x) by name."""

    index: int
    seen: radiography.Volume
    fields: dict[str, np.ndarray]

    @property
    def grid(self) -> volumes.Grid:
        return volumes.Grid(self.seen.values, self.seen.spacing, self.seen.origin)

    @property
    def name(self) -> str:
        return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', self.seen.site)}-day-{self.seen.day:g}"


def export(request: Request, note: Callable[[str], None]) -> dict[str, Any]:
    """Write the files and return what was written; `note` gets what the user should know. Nothing is written before all is found possible.

    Raises UsageError for a request that cannot be met and StorageError for a run that cannot be read.
    """
    who = run_directory.provenance(request.run)
    if not request.formats:
        raise UsageError("nothing to write: name one or more of --vti, --nifti and --dicom")
    if who.get("plasma_only"):
        raise UsageError(f"{request.run}: is a run of the body alone, which has no maps")
    for kind, library in (("nifti", "nibabel"), ("dicom", "pydicom")):
        if kind in request.formats:
            volumes.require(library)
    out = request.run / FOLDER if request.out is None else request.out
    frames = [_frame(request, site, note) for site in _sites(request, note)]
    _refuse_to_overwrite(request, out, frames)
    with storage(out):
        out.mkdir(parents=True, exist_ok=True)
    written = [_write(request, out, frame, who) for frame in frames]
    return {"run": request.run, "directory": out, "note": volumes.NOTE, "sites": written}


def _sites(request: Request, note: Callable[[str], None]) -> list[str]:
    """The sites to write: the one that is named, or all that are more than one voxel."""
    path = request.run / store.NAME
    names = store.sites(path)
    if request.site is not None:
        if request.site not in names:
            raise UsageError(f"--site {request.site}: the run has no such site; its sites are {', '.join(names)}")
        names = [request.site]
    single = [name for name in names if all(len(store.axes(path, name).get(axis, ())) <= 1 for axis in "zyx")]
    if len(single) == len(names):
        which = f"site {names[0]} is" if len(names) == 1 else "its sites are"
        raise UsageError(f"{request.run}: {which} a single voxel (0-D) and make no volume; its values are in timeseries.csv")
    if single:
        note(f"left out, a single voxel each: {', '.join(single)}")
    return [name for name in names if name not in single]


def _frame(request: Request, site: str, note: Callable[[str], None]) -> Frame:
    path = request.run / store.NAME
    times = store.axes(path, site)["time"]
    index = _nearest(request, times)
    if request.day is not None and abs(times[index] - request.day) > _SAME_DAY:
        note(f"{site}: there is no map of day {request.day:g}; that of day {times[index]:g} is taken, the nearest")
    seen = radiography.hounsfield(request.run, site, index)
    maps = [name for name in store.variables(path, site) if name not in _AXES]
    fields = {name: values for name in maps if (values := store.read(path, site, name, index)[0]).ndim == 3}
    return Frame(index, seen, fields)


def _nearest(request: Request, times: np.ndarray) -> int:
    """Number of the frame nearest to the day, of the earlier one between two; the last without a day."""
    if not len(times):
        raise UsageError(f"{request.run}: has no map yet; go on with 'calcisim resume {request.run}'")
    if request.day is None:
        return len(times) - 1
    if not times[0] - _SAME_DAY <= request.day <= times[-1] + _SAME_DAY:
        raise UsageError(f"--day {request.day:g}: the run has maps from day {times[0]:g} to day {times[-1]:g}")
    return int(np.argmin(np.abs(times - request.day)))


def _targets(request: Request, out: Path, frame: Frame) -> dict[str, list[Path]]:
    """What each format writes: files, or the folder of a series."""
    offered = {
        "vti": [out / f"{frame.name}.vti"],
        "nifti": [out / f"{frame.name}-{what}.nii.gz" for what in ("hu", "apatite")],
        "dicom": [out / f"{frame.name}-dicom"],
    }
    return {kind: offered[kind] for kind in FORMATS if kind in request.formats}


def _refuse_to_overwrite(request: Request, out: Path, frames: list[Frame]) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file, not a directory; choose another place with --out.")
    there = [path for frame in frames for paths in _targets(request, out, frame).values() for path in paths if path.exists()]
    if there and not request.force:
        raise UsageError(f"{there[0]}: is already there and is not overwritten; add --force to replace it, or choose another --out.")


def _write(request: Request, out: Path, frame: Frame, who: dict[str, Any]) -> dict[str, Any]:
    """Write one site in all formats; returns its entry of the document, where a series is named by its folder."""
    targets = _targets(request, out, frame)
    calcium = frame.fields[radiography.TOTAL]
    apatite = volumes.Grid(np.asarray(attenuation.apatite_density(np.nan_to_num(calcium))), frame.seen.spacing, frame.seen.origin)
    if "vti" in targets:
        shown = {**frame.fields, HOUNSFIELD: frame.seen.values.astype(np.float32), APATITE: apatite.values.astype(np.float32)}
        spacing, origin = (tuple(1e3 * value for value in row) for row in (frame.seen.spacing, frame.seen.origin))
        vtk.write_image(targets["vti"][0], shown, spacing, origin)
    if "nifti" in targets:
        volumes.write_nifti(targets["nifti"][0], frame.grid, whole=True)
        volumes.write_nifti(targets["nifti"][1], apatite)
    if "dicom" in targets:
        _series(targets["dicom"][0], frame, who)
    return {
        "site": frame.seen.site,
        "day": frame.seen.day,
        "frame": frame.index,
        "voxels_zyx": list(frame.seen.values.shape),
        "spacing_mm_zyx": [1e3 * h for h in frame.seen.spacing],
        "hounsfield_max": float(frame.seen.values.max()),
        "files": [path for paths in targets.values() for path in paths],
    }


def _series(place: Path, frame: Frame, who: dict[str, Any]) -> None:
    """Write the DICOM series; slices of an earlier one are taken away first, so that no two are mixed."""
    if place.exists():
        with storage(place):
            for old in place.glob("slice-*.dcm"):
                old.unlink()
    rows = attenuation.scanner()
    text = "|".join([*(str(who.get(key)) for key in _WHO), frame.seen.site, repr(frame.seen.day)])
    description = f"{who['scenario']} {frame.seen.site} day {frame.seen.day:g}"
    volumes.write_dicom(place, frame.grid, text, description, (rows["bone_level"], rows["bone_width"]), rows["tube_kilovolts"])

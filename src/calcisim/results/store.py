"""results.nc: the maps of a run as NetCDF-4 with CF metadata, one group per site, one forced write per frame.

Every site's group has the dimensions time, z, y, x with coordinates in metres and days, so that
`xarray.open_dataset("results.nc", group="cusp")` opens it. Where a run counts particles by size, the group also has the dimension
size (classes by volume-equivalent diameter, with their bounds) and number and solid volume per class at each time. Values are
float32: seven digits are more than a map needs, and half the disk; exact books are in timeseries.csv and in the checkpoint.

HDF5 changes its tables in place. A process that is killed meanwhile leaves a file that can be read as far as it was forced to the disk, but
not always be written to any more. So a mark lies beside a file that is open for writing, and one that still has it is copied (`renew`).
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import DamagedError, StorageError
from calcisim.results.files import storage

NAME = "results.nc"
DAY = 86400.0
FILL = np.float32(9.969209968386869e36)  # NetCDF's own default for float32

Field = tuple[np.ndarray, str, str]  # values (z, y, x), unit, long name
Fields = Mapping[str, Mapping[str, Field]]  # site → name → field
Coordinates = Mapping[str, Mapping[str, np.ndarray]]  # site → axis → positions [m]
Spectra = Mapping[str, Mapping[str, np.ndarray]]  # site → edges (K+1,) [m] and the names of SPECTRA → per class (K,)

# What a spectrum gives → variable, unit, long name
SPECTRA = {
    "bound": ("bound_number", "m-3", "bound particles per site volume, by size"),
    "mobile": ("mobile_number", "m-3", "mobile particles per site volume, by size"),
    "bound_volume": ("bound_volume", "1", "solid in bound particles per site volume, by size"),
    "mobile_volume": ("mobile_volume", "1", "solid in mobile particles per site volume, by size"),
}


class Results:
    """An open results.nc. Frames are numbered from 0; writing a frame again replaces it."""

    def __init__(self, path: Path, dataset: Any):
        self.path = path
        self._dataset = dataset
        self._wanted: int | None = None  # bytes of the last frame

    @classmethod
    def create(
        cls, path: Path, attributes: Mapping[str, str], coordinates: Coordinates, fields: Fields, spectra: Spectra | None = None
    ) -> "Results":
        """A new file (one that is there is replaced) with groups and variables as in `fields` and `spectra`, and no frame yet."""
        import netCDF4

        path = Path(path)
        with storage(path, _frame_bytes(fields)):
            _mark(path).touch()
            dataset = netCDF4.Dataset(path, "w", format="NETCDF4")
            dataset.setncatts({"Conventions": "CF-1.11", **attributes})
            for site, values in fields.items():
                group = dataset.createGroup(site)
                _define(group, coordinates.get(site, {}), values)
                if spectra and site in spectra:
                    _define_sizes(group, spectra[site])
            dataset.sync()
        made = cls(path, dataset)
        made._wanted = _frame_bytes(fields)
        return made

    @classmethod
    def reopen(cls, path: Path) -> "Results":
        """Open for more frames. Raises `DamagedError` when the file is missing or damaged."""
        import netCDF4

        path = Path(path)
        with storage(path):
            _mark(path).touch()
        try:
            return cls(path, netCDF4.Dataset(path, "r+"))
        except PermissionError as error:
            raise StorageError(f"{path}: cannot be written to ({error.strerror})") from error
        except (OSError, RuntimeError) as error:
            raise DamagedError(f"{path}: cannot be opened ({getattr(error, 'strerror', None) or error})") from error

    def times(self) -> np.ndarray:
        """Times [s] of the frames that are there."""
        groups = list(self._dataset.groups.values())
        return np.asarray(groups[0]["time"][:].filled(np.nan)) * DAY if groups else np.zeros(0)

    def write_frame(self, index: int, time: float, fields: Fields, spectra: Spectra | None = None) -> None:
        """Write frame `index` at `time` [s] for all sites and force it to the disk; a file begun without sizes goes on without them."""
        self._wanted = _frame_bytes(fields)
        with storage(self.path, self._wanted):
            for site, values in fields.items():
                group = self._dataset.groups[site]
                group["time"][index] = time / DAY
                for name, (array, _, _) in values.items():
                    group[name][index] = np.asarray(array, dtype=np.float32)
                if spectra and site in spectra and "size" in group.dimensions:
                    for name, (variable, _, _) in SPECTRA.items():
                        group[variable][index] = np.asarray(spectra[site][name], dtype=np.float32)
            self._dataset.sync()

    def close(self) -> None:
        if self._dataset.isopen():
            with storage(self.path, self._wanted):
                self._dataset.close()
            with contextlib.suppress(OSError):  # then it is copied for nothing
                _mark(self.path).unlink()

    def __enter__(self) -> "Results":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _frame_bytes(fields: Fields) -> int:
    """Bytes that the maps of one output time take at most."""
    return sum(np.size(values) * 4 for site in fields.values() for values, _, _ in site.values())


def _mark(path: Path) -> Path:
    """Lies beside a results.nc that is open for writing."""
    return path.with_name(path.name + ".open")


def torn(path: Path) -> bool:
    """Whether the last process that wrote to this results.nc did not close it."""
    return _mark(path).exists()


def renew(path: Path, frames: int) -> None:
    """Replace a results.nc by a copy of its first frames. Raises `DamagedError` where these cannot be read; the file is then as it was."""
    temporary = path.with_name(path.name + ".writing")
    try:
        beginning(path, temporary, frames)
        with storage(path):
            os.replace(temporary, path)
    except StorageError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def beginning(source: Path, target: Path, frames: int) -> None:
    """A new results.nc with the first frames of another. Raises `DamagedError` where these cannot be read."""
    import netCDF4

    with _reading(source), netCDF4.Dataset(source, "r") as before:
        defined = [_definition(name, group) for name, group in before.groups.items()]
        attributes = dict(before.__dict__)
        with storage(target), netCDF4.Dataset(target, "w", format="NETCDF4") as after:
            after.setncatts(attributes)
            changing = []
            for name, sizes, variables in defined:
                copy = after.createGroup(name)
                for size, length in sizes.items():
                    copy.createDimension(size, length)
                for old, like, described in variables:
                    new = copy.createVariable(old.name, old.dtype, old.dimensions, **like)
                    new.setncatts(described)
                    if "time" in old.dimensions:
                        changing.append((old, new))
                    else:
                        new[:] = _part(source, old, slice(None))
            after.sync()
            for frame in range(frames):
                for old, new in changing:
                    new[frame] = _part(source, old, frame)
                after.sync()


def _definition(name: str, group: Any) -> tuple[str, dict[str, int | None], list[tuple[Any, dict[str, Any], dict[str, Any]]]]:
    """Of a group: its name, its dimensions, and each variable with how it is stored and its attributes."""
    sizes = {size.name: None if size.isunlimited() else len(size) for size in group.dimensions.values()}
    variables = []
    for variable in group.variables.values():
        filters = variable.filters() or {}
        like: dict[str, Any] = {"fill_value": variable.__dict__.get("_FillValue")}
        if filters.get("zlib"):
            like |= {"zlib": True, "complevel": filters["complevel"], "shuffle": filters["shuffle"]}
        variables.append((variable, like, {key: value for key, value in variable.__dict__.items() if key != "_FillValue"}))
    return name, sizes, variables


def _part(path: Path, variable: Any, chosen: int | slice) -> np.ndarray:
    """Values that are read from one file while another is written: an error of theirs is one of reading."""
    with _reading(path):
        return np.asarray(variable[chosen])


def _define(group: Any, coordinates: Mapping[str, np.ndarray], values: Mapping[str, Field]) -> None:
    """Dimensions, coordinates and variables of one site."""
    shape = np.shape(next(iter(values.values()))[0]) if values else (1, 1, 1)
    group.createDimension("time", None)
    time = group.createVariable("time", "f8", ("time",))
    # "d" and not "days": the elapsed time stays a number in every reader instead of becoming a calendar date.
    time.setncatts({"units": "d", "long_name": "simulated time", "axis": "T"})
    for axis, length in zip("zyx", shape):
        group.createDimension(axis, length)
        if axis in coordinates:
            variable = group.createVariable(axis, "f8", (axis,))
            variable.setncatts({"units": "m", "long_name": f"{axis} of the voxel centre", "axis": axis.upper()})
            variable[:] = coordinates[axis]
    for name, (_, unit, long_name) in values.items():
        variable = group.createVariable(name, "f4", ("time", "z", "y", "x"), zlib=True, complevel=1, shuffle=True, fill_value=FILL)
        variable.setncatts({"units": unit, "long_name": long_name})


def _define_sizes(group: Any, spectrum: Mapping[str, np.ndarray]) -> None:
    """Dimension, coordinate with bounds, and variables of the particles of one site by size."""
    edges = np.asarray(spectrum["edges"])
    group.createDimension("size", len(edges) - 1)
    group.createDimension("ends", 2)
    size = group.createVariable("size", "f8", ("size",))
    size.setncatts({"units": "m", "long_name": "volume-equivalent diameter, middle of the class", "bounds": "size_bounds"})
    size[:] = np.sqrt(edges[:-1] * edges[1:])
    group.createVariable("size_bounds", "f8", ("size", "ends"))[:] = np.stack([edges[:-1], edges[1:]], axis=1)
    for name, unit, long_name in SPECTRA.values():
        variable = group.createVariable(name, "f4", ("time", "size"), zlib=True, complevel=1, shuffle=True, fill_value=FILL)
        variable.setncatts({"units": unit, "long_name": long_name})


def sites(path: Path) -> list[str]:
    """Names of the sites in a results.nc."""
    import netCDF4

    with _reading(path), netCDF4.Dataset(path, "r") as dataset:
        return list(dataset.groups)


def read(path: Path, site: str, name: str, frame: int | None = None) -> tuple[np.ndarray, str, str]:
    """Values (time, z, y, x), or (z, y, x) of one frame, with unit and long name."""
    import netCDF4

    with _reading(path), netCDF4.Dataset(path, "r") as dataset:
        variable = dataset.groups[site][name]
        chosen = variable[:] if frame is None else variable[frame]
        return np.ma.filled(chosen, np.nan), getattr(variable, "units", ""), getattr(variable, "long_name", name)


def variables(path: Path, site: str) -> list[str]:
    """Names of what is stored for a site, axes included."""
    import netCDF4

    with _reading(path), netCDF4.Dataset(path, "r") as dataset:
        return list(dataset.groups[site].variables)


def axes(path: Path, site: str) -> dict[str, np.ndarray]:
    """Times [d] and positions [m] of a site: `time` and those of `z`, `y`, `x` that it has."""
    import netCDF4

    with _reading(path), netCDF4.Dataset(path, "r") as dataset:
        group = dataset.groups[site]
        if "time" not in group.variables:
            raise DamagedError(f"{path}: is damaged: the maps of {site} have no times.")
        return {name: np.asarray(group[name][:]) for name in ("time", "z", "y", "x") if name in group.variables}


def spectra(path: Path, site: str) -> dict[str, np.ndarray] | None:
    """Particles of a site by size: `time` [d], `edges` (K+1,) [m], and the names of SPECTRA → (time, K); None where there are no sizes."""
    import netCDF4

    with _reading(path), netCDF4.Dataset(path, "r") as dataset:
        group = dataset.groups[site]
        if "size" not in group.dimensions:
            return None
        bounds = np.asarray(group["size_bounds"][:])
        out = {"time": np.asarray(group["time"][:]), "edges": np.append(bounds[:, 0], bounds[-1, 1])}
        out.update({name: np.ma.filled(group[variable][:], np.nan) for name, (variable, _, _) in SPECTRA.items()})
        return out


class _reading:
    """One clear error for a results.nc that is missing or broken."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> None:
        if not Path(self.path).exists():
            raise DamagedError(f"{self.path}: is not there; the run has not written a map yet.")

    def __exit__(self, kind: Any, error: BaseException | None, _: object) -> None:
        if isinstance(error, (OSError, RuntimeError)):
            raise DamagedError(f"{self.path}: cannot be read ({error})") from error
        if isinstance(error, (KeyError, IndexError)):
            raise DamagedError(f"{self.path}: does not hold what was asked for ({error})") from error

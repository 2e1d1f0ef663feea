"""Mineral maps of a report: frames of every site as bytes, each against its own highest value, that the page paints."""

import base64
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.physics.deposit import CALCIUM_MG_CM3
from calcisim.results import clumps, maps, store, style
from calcisim.results.report_series import thinned

MOST_FRAMES = 60
MOST_BYTES = 1_500_000  # of all frames of a site
MISSING = 255  # what is no tissue any more; values are 0 to 254
UNIT = "mg/cm³"


def colours() -> str:
    """The colour table as 256 times rrggbb."""
    import matplotlib

    table = np.round(255 * np.asarray(matplotlib.colormaps[style.MAP](np.arange(256)))[:, :3]).astype(np.uint8)
    return table.tobytes().hex()


def read(path: Path) -> dict[str, Any] | None:
    """The maps of results.nc over time, None when no site has one: times, and for each site panels with frames.

    In 1-D a frame is the profile, in 2-D the plane, in 3-D three planes through the voxel that holds most at the end.
    """
    if not path.exists():
        return None
    profiles = {found.site: found for found in maps.available(path) if len(found.long_axes) == 1}
    most = min((_affordable(store.axes(path, site)) for site in store.sites(path)), default=MOST_FRAMES)  # one slider moves all sites
    found = [one for site in store.sites(path) if (one := _site(path, site, profiles.get(site), most)) is not None]
    if not found:
        return None
    times = found[0].pop("times")
    for one in found[1:]:
        one.pop("times")
    factor, unit = style.time_unit(float(times[-1]))
    shown = [float(f"{day * factor:.6g}") for day in times]
    return {"unit": unit, "times": shown, "sites": found, "value_unit": UNIT}


def _site(path: Path, site: str, profile: maps.Map | None, most: int) -> dict[str, Any] | None:
    if clumps.FIELD not in store.variables(path, site):
        return None
    axes = store.axes(path, site)
    count = len(axes["time"])
    if not count or not {"z", "y", "x"} <= set(axes):
        return None
    long_axes = [axis for axis in "xyz" if len(axes[axis]) > 1]
    if not long_axes:
        return None
    if len(long_axes) == 1:
        return None if profile is None else _profile(site, profile, most)
    return _planes(path, site, axes, long_axes, most)


def _profile(site: str, found: maps.Map, most: int) -> dict[str, Any]:
    """The curve of the mineral over the one axis, in the part that holds any."""
    axis = found.long_axes[0]
    chosen = thinned(len(found.time), most)
    values = found.values[chosen].reshape(len(chosen), -1)
    panel = {"across": axis, "at": [float(f"{x:.6g}") for x in found.positions[axis]], "title": ""}
    return _packed(site, found.time[chosen], [(panel, values[:, np.newaxis, :])])


def _planes(path: Path, site: str, axes: dict[str, np.ndarray], long_axes: list[str], most: int) -> dict[str, Any]:
    """One plane of a 2-D site, three of a 3-D one."""
    chosen = thinned(len(axes["time"]), most)
    last = _frame(path, site, len(axes["time"]) - 1)
    z, y, x = np.unravel_index(int(np.argmax(np.nan_to_num(last))), last.shape)
    cuts: list[tuple[str, str, Any, str, int]]
    if len(long_axes) == 2:
        across, up = long_axes
        cuts = [(across, up, None, "", 0)]
    else:
        cuts = [("x", "y", (z, slice(None), slice(None)), "z", int(z)), ("x", "z", (slice(None), y, slice(None)), "y", int(y))]
        cuts.append(("y", "z", (slice(None), slice(None), x), "x", int(x)))
    frames = [_frame(path, site, int(number)) for number in chosen]
    panels = []
    for across, up, cut, fixed, place in cuts:
        stack = np.array([frame.squeeze() if cut is None else frame[cut] for frame in frames])
        title = f"{fixed} = {1e3 * axes[fixed][place]:.3g} mm" if fixed else ""
        panels.append(({"across": across, "up": up, "width": _extent(axes[across]), "height": _extent(axes[up]), "title": title}, stack))
    return _packed(site, axes["time"][chosen], panels)


def _affordable(axes: dict[str, np.ndarray]) -> int:
    """Frames of a site that the page can bear."""
    sizes = [len(axes[axis]) for axis in "xyz" if len(axes.get(axis, ())) > 1]
    pixels = sum(first * second for at, first in enumerate(sizes) for second in sizes[at + 1 :])
    return max(2, min(MOST_FRAMES, MOST_BYTES // max(pixels, 1)))


def _frame(path: Path, site: str, number: int) -> np.ndarray:
    """Calcium in mineral [mg/cm³] (z, y, x)."""
    return store.read(path, site, clumps.FIELD, frame=number)[0] * CALCIUM_MG_CM3


def _extent(centres: np.ndarray) -> float:
    """Length of an axis [mm]: the first centre lies half a voxel from the corner."""
    return float(f"{1e3 * (centres[-1] + centres[0]):.6g}")


def _packed(site: str, times: np.ndarray, panels: list[tuple[dict[str, Any], np.ndarray]]) -> dict[str, Any]:
    """Panels with their stacks (frame, row, column) as base64 of one byte a value, each frame of the site against its own top."""
    tops = [max(float(np.nan_to_num(stack[k]).max()) for _, stack in panels) for k in range(len(times))]
    packed = []
    for panel, stack in panels:
        scale = np.array([254.0 / top if top > 0.0 else 0.0 for top in tops])[:, None, None]
        data = np.where(np.isfinite(stack), np.round(np.nan_to_num(stack).clip(0.0) * scale), MISSING).astype(np.uint8)
        size = {"columns": stack.shape[2], "rows": stack.shape[1]}
        packed.append({**panel, **size, "data": base64.b64encode(data.tobytes()).decode("ascii")})
    return {"site": site, "times": times, "tops": [float(f"{top:.5g}") for top in tops], "panels": packed}

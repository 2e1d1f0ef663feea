"""Figure of the sizes of the clumps in the last frame of a site: how many are at least so large."""

from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import clumps, store, style

FEWEST = 8  # clumps: fewer are better read off the map
SIZE = (88.0, 72.0)  # mm


def available(path: Path) -> list[tuple[str, float, clumps.Clumps]]:
    """Site, day and clumps of the last frame for each site of results.nc with 2 or 3 axes and at least `FEWEST` clumps."""
    return [found for site in store.sites(path) if (found := _last(path, site)) is not None] if path.exists() else []


def _last(path: Path, site: str) -> tuple[str, float, clumps.Clumps] | None:
    coordinates = store.axes(path, site)
    if clumps.FIELD not in store.variables(path, site) or not len(coordinates["time"]) or not {"z", "y", "x"} <= set(coordinates):
        return None
    values = store.read(path, site, clumps.FIELD, frame=len(coordinates["time"]) - 1)[0]
    if sum(n > 1 for n in values.shape) < 2:
        return None
    found = clumps.of_map(values, coordinates)
    return (site, float(coordinates["time"][-1]), found) if found.count >= FEWEST else None


def paint(figure: Any, site: str, day: float, found: clumps.Clumps) -> None:
    """Number of clumps at least as large as each diameter, both logarithmic, and the shape of the largest in words."""
    axes = figure.subplots()
    sizes = np.sort(found.diameters_mm)[::-1]
    axes.step(sizes, np.arange(1, len(sizes) + 1), where="post", color=style.BLUE, lw=1.2)
    axes.plot(sizes[:1], [1], "o", ms=4.5, color=style.VERMILLION, zorder=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(sizes[-1] / 1.25, sizes[0] * 1.25)
    axes.set_ylim(0.8, len(sizes) * 1.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.set_xlabel("Equivalent diameter d (mm)")
    axes.set_ylabel("Clumps of at least d")
    axes.set_title(f"{site}, day {day:g}: {found.count} clumps", loc="left")
    axes.text(0.04, 0.05, _words(found), transform=axes.transAxes, va="bottom", fontsize=7, linespacing=1.4)


def _words(found: clumps.Clumps) -> str:
    """What the largest clump looks like."""
    lines = [f"largest: {found.diameters_mm[0]:.3g} mm", f"sphericity {found.sphericity:.2f}", f"lobules {found.lobules}"]
    if found.box_dimension is not None:
        lines.append(f"box dimension {found.box_dimension.value:.2f} ± {found.box_dimension.error:.2f}")
    return "\n".join(lines)

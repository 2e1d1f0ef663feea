"""Clumps of the last maps of a run, one by one, for its report."""

from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import clumps, store
from calcisim.results.report_words import moment, number

MOST = 10  # clumps of a site that are listed


def read(path: Path) -> list[dict[str, Any]]:
    """Each site of results.nc with at least one axis: how many clumps, the shape of the largest, and a row for each of the largest."""
    if not path.exists():
        return []
    return [found for site in store.sites(path) if (found := _site(path, site)) is not None]


def _site(path: Path, site: str) -> dict[str, Any] | None:
    axes = store.axes(path, site)
    if clumps.FIELD not in store.variables(path, site) or not len(axes["time"]) or not {"z", "y", "x"} <= set(axes):
        return None
    last = len(axes["time"]) - 1
    found = clumps.of_map(store.read(path, site, clumps.FIELD, frame=last)[0], axes)
    if not found.axes:
        return None
    return {
        "site": site, "when": moment(float(axes["time"][last])), "count": found.count, "shape": _shape(found),
        "rows": [_row(found, at) for at in range(min(MOST, found.count))], "left": max(0, found.count - MOST),
    }  # fmt: skip


def _shape(found: clumps.Clumps) -> list[str]:
    """The shape of the largest clump in words, as far as its grid gives it one."""
    words = [] if found.sphericity is None else [f"sphericity {found.sphericity:.2f}"]
    words += [] if found.lobules is None else [f"{found.lobules} {'lobule' if found.lobules == 1 else 'lobules'}"]
    if found.box_dimension is not None and found.axes > 1:
        words.append(f"box dimension {found.box_dimension.value:.2f} ± {found.box_dimension.error:.2f}")
    return words


def _row(found: clumps.Clumps, place: int) -> dict[str, str]:
    def value(values: np.ndarray) -> str:
        return number(float(values[place]), 3)

    return {
        "place": str(place + 1), "diameter": value(found.diameters_mm), "volume": value(found.volumes_mm3),
        "calcium": value(found.clump_calcium_mg), "gyration": value(found.gyration_mm), "nearest": value(found.nearest_mm),
    }  # fmt: skip

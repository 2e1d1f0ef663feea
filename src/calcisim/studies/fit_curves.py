"""What a fit looks like over all days: the curve of each series and its 95 % band, as plain values for the figure.

The band takes the parameters to 1.96 standard deviations along each principal axis of their covariance (two runs per axis and series)
and adds the changes in quadrature, upwards and downwards apart. It is that of a laboratory with factor 1.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from calcisim.studies import fit_series
from calcisim.studies.estimate import LARGEST_MOVE
from calcisim.studies.fit_data import DAY, Point

DAYS = 61
WIDTH = 1.96


def curves(done: Any) -> dict[str, Any]:
    """The document of a finished fit (`Fit`), with `curves`: rows of observable, site, series, days, best, low and high (None without
    a band: where a direction of the parameters is open, no band can be drawn)."""
    moved = _moves(done)
    rows = []
    for number, one in enumerate(done.series):
        keys = list(dict.fromkeys((point.observable, point.site) for point in done.points if point.series == one.label))
        if not keys:
            continue
        times = np.linspace(0.0, one.loaded.duration, DAYS)
        asked = [Point(name, time, 0.0, 1.0, site) for name, site in keys for time in times]
        best = _run(done, number, asked, done.found.coordinates)
        band = _band(best, [_run(done, number, asked, z) for z in moved]) if moved else None
        for at, (name, site) in enumerate(keys):
            part = slice(at * DAYS, (at + 1) * DAYS)
            rows.append(
                {"observable": name, "site": site, "series": one.name, "days": (times / DAY).tolist(), "best": best[part].tolist(),
                 "low": band[0][part].tolist() if band else None, "high": band[1][part].tolist() if band else None}
            )  # fmt: skip
    document = done.document()
    names = {one.label: one.name for one in done.series}
    document["points"] = [{**row, "series": names[row["series"]]} for row in document["points"]]
    return {**document, "curves": rows}


def _moves(done: Any) -> list[np.ndarray]:
    """Parameters at both ends of each principal axis; none where one is so long that its profile would be open."""
    sizes, axes = np.linalg.eigh(done.found.covariance)
    steps = [WIDTH * np.sqrt(max(size, 0.0)) * axis for size, axis in zip(sizes, axes.T, strict=True)]
    if any(np.max(np.abs(step)) > LARGEST_MOVE for step in steps):
        return []
    return [done.found.coordinates + sign * step for step in steps for sign in (1.0, -1.0)]


def _run(done: Any, number: int, asked: Sequence[Point], z: np.ndarray) -> np.ndarray:
    one = done.series[number]
    return fit_series.predict(one.scenario, done.changes(number, done.problem.values(z)), asked, done.laws)


def _band(best: np.ndarray, moved: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Low and high: the largest change up and down along each axis, in quadrature; what is never negative stays so."""
    up = down = np.zeros_like(best)
    for one, other in zip(moved[::2], moved[1::2], strict=True):
        up = up + np.maximum(np.maximum(one - best, other - best), 0.0) ** 2
        down = down + np.maximum(np.maximum(best - one, best - other), 0.0) ** 2
    low = best - np.sqrt(down)
    return (np.maximum(low, 0.0) if best.min() >= 0.0 else low), best + np.sqrt(up)

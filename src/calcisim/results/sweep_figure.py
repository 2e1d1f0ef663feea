"""The figure of a sweep: a curve over one variable, maps over two, and a panel per variable for more."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import style

WIDTH, HEIGHT = 183.0, 70.0  # mm: two columns of a paper, and a row of panels
DEPOSIT = "deposit_calcium_mg"
ONSET = "Onset (day)"
SECOND = {  # the first that differs between the runs is drawn beside the deposit
    "onset_day": ONSET,
    "calcium_phosphorus_ratio": "Calcium to phosphorus (mol/mol)",
    "largest_clump_mm": "Largest clump (mm)",
    "particle_median_um": "Median particle diameter (µm)",
    "inflammation_mean": "Mean inflammation (0 to 1)",
}
DIFFERS = 1e-3  # relative
DECADES = 100.0  # ratio of the largest to the smallest value from which an axis is logarithmic
FEW_DECADES = 300.0  # ratio of the ends of an axis up to which 1, 2 and 5 are written
PLAIN = (1e-3, 2e4)  # numbers that need no power of ten
PANELS = 8  # of more than two variables
COLUMNS = 4
MARKED = 40  # points up to which each has a mark
NOWHERE = ("site", "region", "override", "tissue")  # parts of a path that say nothing to a reader
Axis = tuple[str, str, bool]  # path, unit, logarithmic
Finals = Sequence[Mapping[str, Any] | None]  # by point; None where the run failed


def label(path: str, unit: str, width: int = 34) -> str:
    """What the axis of a varied value says."""
    parts = [part for part in path.split(".") if part not in NOWHERE]
    words = " ".join(parts).replace("_", " ")
    said = words.replace("-", " ")
    return textwrap.fill(f"{said[:1].upper()}{said[1:]} ({printed(unit) or '–'})", width)


def printed(unit: str) -> str:
    """A unit as papers print it: µ and raised powers."""
    raised = re.sub(r"(?<=[A-Za-z])[23]\b", lambda match: "²" if match[0] == "2" else "³", unit)
    return re.sub(r"\bu(?=(?:mol|Eq|m|g|L|M)(?![A-Za-z]))", "µ", raised)


def log_ticks(axis: Any) -> None:
    """An axis of logarithms with plain numbers at 1, 2 and 5 over few decades, and powers of ten over many."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    axis.set_minor_formatter(NullFormatter())
    if high < FEW_DECADES * low and PLAIN[0] <= low and high <= PLAIN[1]:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))


def draw(place: Path, axes: Sequence[Axis], points: Sequence[Sequence[float]], finals: Finals) -> list[Path]:
    """Write figures/sweep.png. points: values by point and axis; finals: summary quantities of each. Returns the paths."""
    values = np.array(points, dtype=float).reshape(len(points), len(axes))
    varied = [number for number in range(len(axes)) if len(np.unique(values[:, number])) > 1] or [0]
    shown, values = [axes[number] for number in varied], values[:, varied]
    panels, failed = quantities(finals), np.array([one is None for one in finals])
    rows = -(-min(len(shown), PANELS) // COLUMNS) if len(shown) > 2 else 1
    with style.figure(WIDTH if len(shown) > 1 else WIDTH * len(panels) / 3, HEIGHT if rows == 1 else 0.8 * HEIGHT * rows) as figure:
        if len(shown) == 1:
            drawn = figure.subplots(1, len(panels), squeeze=False)[0]
            for panel, (name, got) in zip(drawn, panels.items(), strict=True):
                _curve(panel, shown[0], values[:, 0], name, got, failed)
        elif len(shown) == 2:
            drawn = figure.subplots(1, len(panels), squeeze=False)[0]
            for panel, (name, got) in zip(drawn, panels.items(), strict=True):
                _map(figure, panel, shown, values, name, got, absent(name, got, failed))
        else:
            drawn = _many(figure, rows, shown, values, *next(iter(panels.items())))
        if len(drawn) > 1:
            style.lettered(drawn)
        return style.save(figure, Path(place) / "figures" / "sweep", ("png",))


def quantities(finals: Finals) -> dict[str, np.ndarray]:
    """What is drawn: values (points) by label, NaN where there is none; the deposit, and one more that differs between the runs."""
    deposit = _column(finals, DEPOSIT)
    factor, unit = style.mass_unit(float(np.nanmax(deposit)) if np.isfinite(deposit).any() else 0.0)
    found = {f"Deposited calcium ({unit})": factor * deposit}
    for name, said in SECOND.items():
        got = _column(finals, name)
        known = got[np.isfinite(got)]
        if known.size > 0.5 * got.size and np.ptp(known) > DIFFERS * np.max(np.abs(known)):
            return found | {said: got}
    return found


def _column(finals: Finals, name: str) -> np.ndarray:
    return np.array([np.nan if one is None or one.get(name) is None else one[name] for one in finals], dtype=float)


def logarithmic(values: np.ndarray) -> bool:
    """Whether values span so many decades that only logarithms show them."""
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() > 0.0 and known.max() > DECADES * known.min())


def absent(name: str, got: np.ndarray, failed: np.ndarray) -> str:
    """Why runs have no value of a quantity, "" where all have one."""
    none = ~np.isfinite(got) & ~failed
    words = ["failed"] * bool(failed.any()) + ["no onset" if name == ONSET else "no value"] * bool(none.any())
    return " or ".join(words)


def _curve(axes: Any, axis: Axis, x: np.ndarray, name: str, got: np.ndarray, failed: np.ndarray) -> None:
    """One quantity over one variable; runs without a value are crosses at the foot."""
    why = absent(name, got, failed)
    order = np.argsort(x, kind="stable")
    x, got = x[order], got[order]
    there = np.isfinite(got)
    line = "" if axis[0] == "seed" else "-"  # nothing lies between two seeds
    axes.plot(x[there], got[there], marker="o" if x.size <= MARKED or not line else "", ls=line, ms=3.5, color=style.BLUE)
    _scaled(axes, axis, got)
    axes.set_xlabel(label(axis[0], axis[1]))
    axes.set_ylabel(name)
    _missing(axes, x[~there], why)


def _missing(axes: Any, x: np.ndarray, why: str) -> None:
    if x.size:
        foot = axes.get_xaxis_transform()
        look = {"ls": "", "marker": "x", "ms": 4, "mew": 1.0, "color": style.VERMILLION, "clip_on": False}
        axes.plot(x, np.full(x.size, 0.03), transform=foot, label=why, **look)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** 0.15 if axes.get_yscale() == "log" else high + 0.15 * (high - low))  # room for the legend
        axes.legend(loc="upper left", handletextpad=0.2, borderpad=0.0)


def _scaled(axes: Any, axis: Axis, got: np.ndarray) -> None:
    """Logarithmic where asked for, or where the values need it; from zero else."""
    if axis[2]:
        axes.set_xscale("log")
        log_ticks(axes.xaxis)
    if logarithmic(got):
        axes.set_yscale("log")
    elif not np.isfinite(got).any() or np.nanmax(got) <= 0.0:
        axes.set_ylim(0.0, 1.0)
    elif np.nanmin(got) >= 0.0 and np.nanmin(got) < 0.7 * np.nanmax(got):
        axes.set_ylim(0.0, 1.06 * float(np.nanmax(got)))


def _map(figure: Any, axes: Any, two: Sequence[Axis], values: np.ndarray, name: str, got: np.ndarray, why: str) -> None:
    """One quantity in colours over two variables: cells of a grid, or points."""
    from matplotlib.colors import LogNorm, Normalize

    known = got[np.isfinite(got)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    norm = (
        LogNorm(low, high) if logarithmic(got) else Normalize(low if low > 0.7 * high else min(low, 0.0), high if high > low else low + 1.0)
    )
    across, up = (np.unique(values[:, number]) for number in (0, 1))
    if across.size * up.size == len(values):
        cells = np.full((up.size, across.size), np.nan)
        cells[np.searchsorted(up, values[:, 1]), np.searchsorted(across, values[:, 0])] = got
        painted = axes.pcolormesh(edges(across, two[0][2]), edges(up, two[1][2]), cells, cmap=style.MAP, norm=norm, rasterized=True)
        axes.set_facecolor("0.85")
        if why:
            axes.set_title(f"grey: {why}", loc="right", fontsize=7)
    else:
        there = np.isfinite(got)
        axes.plot(*values[~there].T, ls="", marker="x", ms=4, color=style.VERMILLION)
        painted = axes.scatter(*values[there].T, c=got[there], s=14, cmap=style.MAP, norm=norm, edgecolors=style.BLACK, linewidths=0.3)
        if why:
            axes.set_title(f"cross: {why}", loc="right", fontsize=7)
    for axis, side, set_scale in ((two[0], axes.xaxis, axes.set_xscale), (two[1], axes.yaxis, axes.set_yscale)):
        if axis[2]:
            set_scale("log")
            log_ticks(side)
        side.set_label_text(label(axis[0], axis[1]))
    figure.colorbar(painted, ax=axes, label=name)


def edges(values: np.ndarray, log: bool) -> np.ndarray:
    """Edges (n + 1) of cells around ascending values (n), halfway between them."""
    middle = np.log(values) if log else values
    half = 0.5 * np.diff(middle)
    found = np.concatenate(([middle[0] - half[0]], middle[:-1] + half, [middle[-1] + half[-1]]))
    return np.exp(found) if log else found


def _many(figure: Any, rows: int, axes: Sequence[Axis], values: np.ndarray, name: str, got: np.ndarray) -> list[Any]:
    """The deposit over every variable, all points in each panel; over a grid also the median at each value."""
    count = min(len(axes), PANELS)
    columns = min(count, COLUMNS)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    drawn = list(grid.flat)[:count]
    for spare in list(grid.flat)[count:]:
        spare.set_axis_off()
    there = np.isfinite(got)
    for number, panel in enumerate(drawn):
        path, unit, _ = axes[number]
        x = values[:, number]
        panel.plot(x[there], got[there], ls="", marker="o", ms=2.5, mew=0.0, alpha=0.6, color=style.BLUE)
        steps = np.unique(x[there])
        if steps.size <= 0.5 * there.sum():
            middle = [np.median(got[there & (x == step)]) for step in steps]
            panel.plot(steps, middle, color=style.BLACK, lw=1.0, marker="D", ms=3.0)
        _scaled(panel, axes[number], got)
        panel.set_xlabel(label(path, unit, 24))
        if number % columns == 0:
            panel.set_ylabel(name)
    return drawn

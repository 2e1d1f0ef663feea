"""The figure of a sensitivity: Morris' mean and spread of effects, or Sobol's shares of the variance, with their intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import plots, style, sweep_figure

WIDTH = 183.0  # mm, two columns of a paper
ROW, HEAD = 6.5, 22.0  # mm for a varied value, and for what stands around them
LEAST, MOST = 62.0, 150.0  # mm, height of a row of panels
QUANTITIES = 3  # drawn
SHOWN = 16  # varied values, those with the largest indices
LITTLE = 1e-3  # of the largest: an index that is not drawn
APART = 0.06  # of the panel, between two numbers at points
SPAN = 46  # letters of a name


def draw(place: Path, document: Mapping[str, Any]) -> list[Path]:
    """Write figures/sensitivity.png of what sensitivity.json says; the first few quantities that have indices. Returns the paths."""
    found = {name: one for name, one in document["quantities"].items() if one["indices"]}
    shown = dict(list(found.items())[:QUANTITIES])
    screening = document["method"] == "morris"
    by = "mu_star" if screening else "total"
    ranks = {name: ranked(one["indices"], by) for name, one in shown.items()}
    height = min(MOST, max(LEAST, HEAD + ROW * max(len(rank) for rank in ranks.values())))
    with style.figure(WIDTH if screening else 0.72 * WIDTH, height * len(shown)) as figure:
        grid = figure.subplots(len(shown), 2 if screening else 1, squeeze=False, width_ratios=(1.0, 0.8)[: 2 if screening else 1])
        for row, (name, rank) in zip(grid, ranks.items(), strict=True):
            one = shown[name]
            said = plots.label(name).split(" (")[0]
            if (others := len(one["indices"]) - len(rank)) > 0:
                said += f" ({others} more do less)" if len(rank) == SHOWN else f" ({others} more do next to nothing)"
            if screening:
                factor, unit = scaled(one["unit"], rank[0]["mu_star"])
                _effects(row[0], rank, factor, said, unit)
                _spread(row[1], rank, factor, unit)
            else:
                _shares(row[0], rank, said)
        if grid.size > 1:
            style.lettered(grid.flat)
        return style.save(figure, Path(place) / "figures" / "sensitivity", ("png",))


def ranked(indices: Sequence[Mapping[str, Any]], by: str) -> list[Mapping[str, Any]]:
    """The varied values from the largest index down, without those that do next to nothing, and no more than fit."""
    found = sorted(indices, key=lambda axis: -axis[by])
    return [axis for axis in found if axis[by] > LITTLE * found[0][by]][:SHOWN]


def scaled(unit: str, largest: float) -> tuple[float, str]:
    """Factor and unit in which effects are said: masses without powers of ten."""
    if unit == "mg":
        return style.mass_unit(largest)
    return 1.0, unit if unit not in ("", "1") else "–"


def _names(axes: Any, ranked: Sequence[Mapping[str, Any]], numbered: bool) -> np.ndarray:
    """Names of the varied values from above; returns their places."""
    places = np.arange(len(ranked), dtype=float)[::-1]
    names = [sweep_figure.label(axis["path"], "", SPAN).removesuffix(" (–)") for axis in ranked]
    axes.set_yticks(places, [f"{name}  {number}" if numbered else name for number, name in enumerate(names, 1)])
    axes.set_ylim(-0.7, len(ranked) - 0.3)
    axes.set_ylabel("Varied (each over its range)")
    axes.tick_params(axis="y", length=0)
    return places


def _effects(axes: Any, ranked: Sequence[Mapping[str, Any]], factor: float, quantity: str, unit: str) -> None:
    """Mean size of the effect of every varied value, with its interval."""
    places = _names(axes, ranked, numbered=True)
    size, low, high = (factor * np.array([axis[key] for axis in ranked]) for key in ("mu_star", "mu_star_low", "mu_star_high"))
    axes.barh(places, size, height=0.62, color=style.SKY)
    axes.errorbar(size, places, xerr=[size - low, high - size], fmt="none", color=style.BLACK, capsize=2.0, elinewidth=0.9)
    axes.set_xlim(left=0.0)
    axes.set_xlabel(f"Mean size of the effect µ* ({unit})")
    axes.set_title(quantity, fontsize=8)


def _spread(axes: Any, ranked: Sequence[Mapping[str, Any]], factor: float, unit: str) -> None:
    """Spread of the effects over their mean size: on a line from the origin an effect is as uneven as it is large."""
    size, low, high, sigma = (
        factor * np.array([axis[key] for axis in ranked]) for key in ("mu_star", "mu_star_low", "mu_star_high", "sigma")
    )
    right, top = 1.08 * float(high.max()), 1.15 * float(max(sigma.max(), 0.1 * size.max()))
    for slope, said in ((1.0, "σ = µ*"), (0.1, "σ = 0.1 µ*")):
        reach = min(right, top / slope)
        axes.plot([0.0, reach], [0.0, slope * reach], color="0.6", lw=0.8, ls="--" if slope == 1.0 else ":", label=said)
    axes.errorbar(size, sigma, xerr=[size - low, high - size], fmt="o", ms=4, color=style.BLUE, ecolor="0.5", elinewidth=0.8, capsize=1.5)
    taken: list[tuple[float, float]] = []
    for number, (x, y) in enumerate(zip(size / right, sigma / top, strict=True), 1):
        if all(abs(x - a) > APART or abs(y - b) > APART for a, b in taken):
            axes.annotate(str(number), (x * right, y * top), xytext=(2.5, 2.5), textcoords="offset points", fontsize=7)
        taken.append((x, y))
    axes.set_xlim(0.0, right)
    axes.set_ylim(0.0, top)
    axes.set_xlabel(f"Mean size of the effect µ* ({unit})")
    axes.set_ylabel(f"Spread of the effect σ ({unit})")
    axes.legend(loc="lower left", bbox_to_anchor=(0.06, 0.99), ncols=2, borderpad=0.1)


def _shares(axes: Any, ranked: Sequence[Mapping[str, Any]], quantity: str) -> None:
    """First and total order of every varied value, with their intervals."""
    places = _names(axes, ranked, numbered=False)
    for offset, key, colour, said in (
        (0.19, "first", style.SKY, "alone (first order)"),
        (-0.19, "total", style.BLUE, "with others (total)"),
    ):
        size, low, high = (np.array([axis[name] for axis in ranked]) for name in (key, f"{key}_low", f"{key}_high"))
        axes.barh(places + offset, size, height=0.34, color=colour, label=said)
        axes.errorbar(size, places + offset, xerr=[size - low, high - size], fmt="none", color=style.BLACK, capsize=1.8, elinewidth=0.8)
    axes.axvline(0.0, color=style.BLACK, lw=0.6)
    axes.set_xlabel(f"Share of the variance: {quantity[:1].lower()}{quantity[1:]}")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2, borderpad=0.1)

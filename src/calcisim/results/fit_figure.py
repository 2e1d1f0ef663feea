"""The figure of a fit: measured points with their sd, curves with 95 % bands, and residuals, as a paper could print them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calcisim.errors import UsageError
from calcisim.results import observables, style

FORMATS = (".png", ".pdf", ".svg")
MOST_PANELS = 3
_LABELS = {
    "calcium_ug_per_mg_dry": "Calcium (µg per mg dry tissue)",
    "calcium_ug_per_mg_nonmineral": "Calcium (µg per mg non-mineral dry tissue)",
    "deposit_calcium_mg_per_cm3": "Calcium in mineral (mg/cm³)",
}
_MARKS = "osD^vP*X"
_POINTS = (style.VERMILLION, style.BLUE, style.GREEN, style.ORANGE, style.PURPLE, style.SKY)
_CURVES = (("black", "-"), ("0.45", "--"), ("0.3", ":"), ("0.6", "-."))
_ASIDE = 0.007  # of the width, by which points of different groups stand apart, so that those of one day can be told
LIMIT = 1.96  # sd, between which 95 % of residuals lie


def check(path: Path) -> None:
    """Refuse a figure that is there already or of another format. Raises UsageError."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path}: figures can be {', '.join(FORMATS)}")
    if path.exists():
        raise UsageError(f"{path} is there already; choose another name.")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")


def draw(document: Mapping[str, Any], path: Path) -> Path:
    """Draw the document of `fit_curves.curves` in a file; returns its path."""
    keys = list(dict.fromkeys((row["observable"], row["site"]) for row in document["curves"]))[:MOST_PANELS]
    groups, end = _groups(document["points"]), max(row["days"][-1] for row in document["curves"])
    points = _aside(document["points"], groups, _ASIDE * end)
    with style.figure(*((174.0, 72.0) if len(keys) == 1 else (58.0 * (len(keys) + 1), 70.0))) as figure:
        panels = figure.subplots(1, len(keys) + 1, squeeze=False)[0]
        for axes, key in zip(panels, keys):
            rows = [row for row in document["curves"] if (row["observable"], row["site"]) == key]
            _values(axes, rows, [row for row in points if (row["observable"], row["site"]) == key], groups)
            axes.set_ylabel(label(*key))
        _residuals(panels[-1], points, groups, bool(document.get("laboratories")))
        for axes in panels:
            axes.set_xlabel("Time (days)")
            axes.set_xlim(0.0, 1.02 * end)
        style.lettered(panels)
        _legend(figure, panels[0])
        (made,) = style.save(figure, path.with_suffix(""), (path.suffix.lstrip(".").lower(),))
    return made


def label(name: str, site: str | None = None) -> str:
    """What an axis says: the quantity and its unit, and the site where it is that of one."""
    text = _LABELS.get(name)
    if text is None:
        unit = observables.unit(name)
        text = name.replace("_", " ").capitalize() + (f" ({unit})" if unit not in ("", "1") else "")
    return f"{site}: {text}" if site else text


def _groups(points: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Name of what points are told apart by (laboratories, else series) → colour and mark."""
    names = dict.fromkeys(_group(point) for point in points)
    return {
        name: {"color": _POINTS[number % len(_POINTS)], "marker": _MARKS[number % len(_MARKS)], "ls": "none", "ms": 4.5, "mew": 0.6}
        for number, name in enumerate(names)
    }


def _aside(points: Sequence[Mapping[str, Any]], groups: Mapping[str, Any], step: float) -> list[dict[str, Any]]:
    """The points with their days moved a little, where several groups have one: alone on its day a point stays on it."""
    order = list(groups)
    moved = []
    for point in points:
        here = sorted({_group(other) for other in points if other["time_d"] == point["time_d"]}, key=order.index)
        place = here.index(_group(point)) - 0.5 * (len(here) - 1)
        moved.append({**point, "time_d": point["time_d"] + place * step})
    return moved


def _group(point: Mapping[str, Any]) -> str:
    return str(point["lab"] or point["series"])


def _values(axes: Any, rows: Sequence[Mapping[str, Any]], points: Sequence[Mapping[str, Any]], groups: Mapping[str, Any]) -> None:
    """Curves with bands, and what was measured."""
    for number, row in enumerate(rows):
        colour, line = _CURVES[number % len(_CURVES)]
        if row["low"] is not None:
            axes.fill_between(
                row["days"], row["low"], row["high"], color=colour, alpha=0.15, lw=0, label="95 % band" if number == 0 else None
            )
        axes.plot(row["days"], row["best"], color=colour, ls=line, lw=1.4, label=row["series"].partition(";")[0].rpartition("/")[2])
    for name, look in groups.items():
        mine = [point for point in points if _group(point) == name]
        if mine:
            days, values, sd = ([point[key] for point in mine] for key in ("time_d", "value", "sd"))
            axes.errorbar(days, values, yerr=sd, elinewidth=0.9, capsize=2.0, mec="white", label=name, zorder=3, **look)
    if all(min(row["best"]) >= 0.0 for row in rows):
        axes.set_ylim(bottom=0.0)


def _residuals(axes: Any, points: Sequence[Mapping[str, Any]], groups: Mapping[str, Any], factors: bool) -> None:
    """Measured less fitted, in sd, over time; the lines hold 95 % of them."""
    axes.axhline(0.0, color="0.4", lw=0.8)
    for side in (-LIMIT, LIMIT):
        axes.axhline(side, color="0.6", lw=0.8, ls=":")
    for name, look in groups.items():
        mine = [point for point in points if _group(point) == name]
        axes.plot([point["time_d"] for point in mine], [-point["residual"] for point in mine], mec="white", **look)
    largest = max(abs(point["residual"]) for point in points)
    top = 1.15 * max(largest, 2.2)
    axes.set_ylim(-top, top)
    axes.set_ylabel("Measured − fitted (sd)" + ("\nafter the factor of the laboratory" if factors else ""))


def _legend(figure: Any, axes: Any) -> None:
    """One legend below all panels."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4), columnspacing=1.2, handletextpad=0.5)

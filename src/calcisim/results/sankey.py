"""Where the calcium of a run came from and where it went: sources, sites and what became of it, as ribbons whose width is the amount.

Everything comes from the files of a run: what is held at first and at last from the maps, what was cut out, engulfed, poured off or
injected from the time series. What came in from the fluid around is what closes the books of a site; the ledger of the run, which adds
it up step by step, gives the same number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.physics.deposit import CALCIUM_MG_CM3
from calcisim.results import store, style

Series = Mapping[str, np.ndarray]
SIZE = (174.0, 100.0)  # mm
SEEN = 0.01  # of all calcium that passed: where less became mineral there is nothing to draw
SMALL = 0.005  # of all: flows below it are gathered as other
LEAST = 1e-4  # of all: other is left out below it
GAP = 0.045  # of the height, between nodes
LINES = 0.105  # of the height, between labels of two lines
GREY = "#9a9a9a"
AROUND, AT_FIRST, FORMER, INJECTED = "from the fluid around", "dissolved at first", "mineral at first", "injected"
BACK, DISSOLVED, OTHER = "back to the fluid around", "still dissolved", "other"
PHASES = {"hap": "in HAP", "ocp": "in OCP", "dcpd": "in DCPD", "mg_acp": "in Mg-ACP", "acp": "in ACP"}
LOST = {"excised": "cut out", "engulfed": "engulfed by macrophages", "drained": "poured off"}
_COLOURS = {
    AROUND: style.VERMILLION, AT_FIRST: style.SKY, FORMER: style.BLACK, INJECTED: style.PURPLE, BACK: style.VERMILLION,
    DISSOLVED: style.SKY, "in HAP": style.BLUE, "in OCP": "#5b8ec9", "in DCPD": style.GREEN, "in Mg-ACP": style.PURPLE,
    "in ACP": style.ORANGE, "cut out": "#444444", "engulfed by macrophages": "#8c6d1f", "poured off": "#6aa5a9", OTHER: GREY,
}  # fmt: skip


@dataclass(frozen=True)
class Site:
    """Calcium of a site [mg]: what came, by source, and what became of it, by sink; resorbed: what giant cells gave back meanwhile."""

    sources: dict[str, float]
    sinks: dict[str, float]
    resorbed: float


@dataclass(frozen=True)
class Flows:
    """Calcium of a run [mg]: by site, what came by source and what went by sink; resorbed: what giant cells gave back meanwhile."""

    sources: dict[str, dict[str, float]]
    sinks: dict[str, dict[str, float]]
    resorbed: float

    @property
    def total(self) -> float:
        return sum(sum(parts.values()) for parts in self.sources.values())


def flows(path: Path, series: Series) -> Flows | None:
    """The flows of a run; None where results.nc or the time series do not hold what is needed, or hardly anything became mineral."""
    if not path.exists() or "deposit_calcium_mg" not in series:
        return None
    sites = closed(path, series)
    found = Flows(
        {name: one.sources for name, one in sites.items()},
        {name: one.sinks for name, one in sites.items()},
        sum(one.resorbed for one in sites.values()),
    )
    mineral = sum(value for parts in found.sinks.values() for name, value in parts.items() if name not in (DISSOLVED, BACK))
    return found if found.total > 0.0 and mineral > SEEN * found.total else None


def closed(path: Path, series: Series) -> dict[str, Site]:
    """BAL-1. in = held(end) + cut out + engulfed + poured off − held(start) − injected, by site; what is negative went back.

    No site where the maps of one of them do not hold what is needed. Source: balance of calcium, derivation.
    """
    found = {}
    for name in store.sites(path):
        held = _held(path, name)
        if held is None:
            return {}
        lost = {kind: _last(series, name, f"{kind}_calcium_mg", held.day) for kind in (*LOST, "injected", "resorbed")}
        before = _last(series, name, "injected_calcium_mg", 0.0)  # on the first day, so that the first map holds it
        sources = {AT_FIRST: held.dissolved[0] - before, FORMER: held.mineral, INJECTED: lost["injected"]}
        sinks = {PHASES[phase]: value for phase, value in held.phases.items()}
        sinks |= {label: lost[kind] for kind, label in LOST.items()} | {DISSOLVED: held.dissolved[1]}
        came = sum(sinks.values()) - sum(sources.values())
        found[name] = Site({AROUND: max(came, 0.0), **sources}, {**sinks, BACK: max(-came, 0.0)}, lost["resorbed"])
    return found


@dataclass(frozen=True)
class _Held:
    """What a site holds [mg]: dissolved and in mineral at first, dissolved and by phase at last; day of the last frame."""

    day: float
    dissolved: tuple[float, float]
    mineral: float
    phases: dict[str, float]


def _held(path: Path, site: str) -> _Held | None:
    axes, names = store.axes(path, site), set(store.variables(path, site))
    wanted = {f"{phase}_calcium" for phase in PHASES}
    if not len(axes["time"]) or axes["time"][0] > 0.0 or not {"z", "y", "x"} <= set(axes) or not {"calcium", "porosity", *wanted} <= names:
        return None
    voxel = float(np.prod([2.0 * axes[axis][0] for axis in "zyx"])) * 1e6 * CALCIUM_MG_CM3  # mg in a voxel of 1 mol/m³

    def amount(frame: int, *variables: str) -> float:
        parts = [np.asarray(store.read(path, site, name, frame=frame)[0], dtype=float) for name in variables]
        return float(np.sum(np.nan_to_num(np.prod(parts, axis=0)))) * voxel

    end = len(axes["time"]) - 1
    dissolved = amount(0, "calcium", "porosity"), amount(end, "calcium", "porosity")
    phases = {phase: amount(end, f"{phase}_calcium") for phase in PHASES}
    return _Held(float(axes["time"][-1]), dissolved, sum(amount(0, name) for name in sorted(wanted)), phases)


def _last(series: Series, site: str, name: str, day: float) -> float:
    """A quantity of a site up to a day; the site's own column where there are several sites."""
    column = series.get(f"{site}.{name}", series.get(name))
    row = int(np.searchsorted(series["time_d"], day * (1.0 + 1e-9), side="right")) - 1
    return 0.0 if column is None else max(0.0, float(np.nan_to_num(column[row])))


# --- the figure -----------------------------------------------------------------------------------------------------------------------


def paint(figure: Any, found: Flows) -> None:
    """Sources on the left, sites in the middle, what became of the calcium on the right; amounts and shares of all that came."""
    axes = figure.subplots()
    total = found.total
    factor, unit = style.mass_unit(total)
    left, right = gathered(found.sources, total), gathered(found.sinks, total)
    middle = {site: sum(parts.values()) for site, parts in found.sources.items()}
    middle = dict(sorted(middle.items(), key=lambda pair: -pair[1]))
    columns = [stacked(_sums(left), total, LINES), stacked(middle, total, 0.5 * LINES), stacked(_sums(right), total, LINES)]
    _ribbons(axes, left, columns[0], columns[1], (0.02, 0.49), of_source=True)
    _ribbons(axes, right, columns[2], columns[1], (0.51, 0.98), of_source=False)
    for number, (column, across) in enumerate(zip(columns, (0.0, 0.49, 0.98))):
        _nodes(axes, column, across, number, lambda share: f"{factor * share * total:.3g} {unit}, {_percent(share)}")
    extents = [_extent(column) for column in columns]
    highest, lowest = min(low for low, _ in extents), max(high for _, high in extents)
    for across, word in ((0.01, "came"), (0.5, "to"), (0.99, "and is now")):
        axes.text(across, highest - 0.02, word, ha="center", va="bottom", fontsize=7, color="0.35", style="italic")
    axes.set_xlim(-0.27, 1.30)
    axes.set_ylim(lowest + 0.02, highest - 0.06)
    axes.set_axis_off()
    if found.resorbed > SMALL * total:
        said = f"Giant cells gave {factor * found.resorbed:.3g} {unit} of the mineral that was formed back to the fluid of the tissue."
        axes.text(0.5, -0.01, said, transform=axes.transAxes, ha="center", va="top", fontsize=7, color="0.3")


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %" if share >= 0.0995 else f"{100.0 * share:.2g} %"


def gathered(parts: Mapping[str, Mapping[str, float]], total: float) -> dict[str, dict[str, float]]:
    """By site, the flows that can be seen, in the same order everywhere; those that are small over all sites together as other."""
    sums = _sums(parts)
    kept = [name for name, value in sums.items() if value >= SMALL * total]
    shown = sum(value for name, value in sums.items() if name not in kept) >= LEAST * total
    out = {}
    for site, flows_of in parts.items():
        rest = sum(value for name, value in flows_of.items() if name not in kept)
        out[site] = {name: flows_of.get(name, 0.0) for name in kept} | ({OTHER: rest} if shown else {})
    return out


def _sums(parts: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for flows_of in parts.values():
        for name, value in flows_of.items():
            sums[name] = sums.get(name, 0.0) + value
    return sums


def stacked(amounts: Mapping[str, float], total: float, label: float) -> dict[str, tuple[float, float]]:
    """Top and bottom of the nodes of a column, one under the other about 0; heights are shares of all, and a label has room beside each."""
    found: dict[str, tuple[float, float]] = {}
    at, before = 0.0, 0.0
    for name, value in amounts.items():
        height = value / total
        if found:
            at += max(GAP, label - 0.5 * (before + height))
        found[name] = (at, at + height)
        at, before = at + height, height
    return {name: (low - 0.5 * at, high - 0.5 * at) for name, (low, high) in found.items()}


def _ribbons(axes: Any, parts: Any, outer: Any, sites: Any, ends: tuple[float, float], of_source: bool) -> None:
    """Ribbons between an outer column and the sites, each in the colour of its outer end."""
    total = sum(sum(one.values()) for one in parts.values())
    outer_at = {name: place[0] for name, place in outer.items()}
    for site in sites:
        inner = sites[site][0]
        for name, value in parts[site].items():
            height = value / total
            a, b = (outer_at[name], inner) if of_source else (inner, outer_at[name])
            _ribbon(axes, ends, a, b, height, _COLOURS[name])
            outer_at[name] += height
            inner += height


def _ribbon(axes: Any, ends: tuple[float, float], start: float, end: float, height: float, colour: str) -> None:
    """A smooth band of one height between two places."""
    share = np.linspace(0.0, 1.0, 80)
    bend = share * share * share * (share * (6.0 * share - 15.0) + 10.0)  # flat at both ends
    upper = start + (end - start) * bend
    axes.fill_between(ends[0] + (ends[1] - ends[0]) * share, upper, upper + height, color=colour, alpha=0.45, lw=0)


def _extent(column: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """Top and bottom of the nodes of a column and their labels."""
    places = list(column.values())
    first, last = places[0], places[-1]
    return min(first[0], 0.5 * (sum(first) - LINES)), max(last[1], 0.5 * (sum(last) + LINES))


def _nodes(axes: Any, column: Mapping[str, tuple[float, float]], across: float, number: int, said: Any) -> None:
    """The nodes of a column with their labels: outside on the left and right, above the nodes in the middle."""
    for name, (low, high) in column.items():
        place = 0.5 * (low + high)
        colour = "#333333" if number == 1 else _COLOURS[name]
        axes.fill_between([across, across + 0.02], low, max(high, low + 1e-3), color=colour, lw=0)
        text = f"{name}\n{said(high - low)}"
        if number == 1:
            axes.text(across + 0.032, place, name, ha="left", va="center", fontsize=8, fontweight="bold")
        else:
            left = number == 0
            axes.text(across + (-0.012 if left else 0.032), place, text, ha="right" if left else "left", va="center", fontsize=7)

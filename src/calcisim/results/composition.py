"""Figure of what the mineral is made of: calcium by phase over time, and the calcium to phosphorus of the whole."""

from typing import Any

import numpy as np

from calcisim import parameters
from calcisim.results import style

SIZE = (174.0, 68.0)  # mm
LEAST = 1e-3  # of the calcium, at the time when a phase has its largest share: less is not drawn

# time series column, label, colour, row of the mineral table; from the least to the most stable
_PHASES = (
    ("acp_fraction", "ACP", style.ORANGE, "ACP2"),
    ("mg_acp_fraction", "Mg-ACP", style.PURPLE, "MgACP"),
    ("dcpd_fraction", "DCPD", style.GREEN, "DCPD"),
    ("ocp_fraction", "OCP", style.SKY, "OCP"),
    ("hap_fraction", "HAP", style.BLUE, "HAP"),
)
_UNITS = ((1.0, "mg"), (1e3, "µg"), (1e6, "ng"), (1e9, "pg"))


def drawable(series: dict[str, np.ndarray]) -> bool:
    """Whether there is mineral at two times at least, and its phases are known."""
    if not {"deposit_calcium_mg", "calcium_phosphorus_ratio"} <= set(series) or not _shown(series):
        return False
    return int(np.count_nonzero(np.nan_to_num(series["deposit_calcium_mg"]) > 0.0)) >= 2


def _shown(series: dict[str, np.ndarray]) -> list[tuple[str, str, str, str]]:
    """The phases that matter at some time."""
    return [phase for phase in _PHASES if phase[0] in series and np.nan_to_num(series[phase[0]]).max(initial=0.0) > LEAST]


def paint(figure: Any, series: dict[str, np.ndarray]) -> None:
    """a: calcium by phase, stacked, the most stable at the bottom. b: Ca/P of all mineral, with that of each pure phase."""
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.0, 1.0)})
    shown = _shown(series)[::-1]
    factor, unit = style.time_unit(float(series["time_d"][-1]))
    time = series["time_d"] * factor
    _areas(left, time, series, shown)
    _ratio(right, time, series, shown)
    style.lettered((left, right))
    for axes in (left, right):
        axes.set_xlabel(f"Time ({unit})")
        axes.set_xlim(0, float(time[-1]) or 1.0)


def _areas(axes: Any, time: np.ndarray, series: dict[str, np.ndarray], shown: list[tuple[str, str, str, str]]) -> None:
    total = np.nan_to_num(series["deposit_calcium_mg"])
    factor, unit = next(((f, u) for f, u in _UNITS if total.max() * f >= 0.1), _UNITS[-1])
    parts = [np.nan_to_num(series[name]) * total * factor for name, *_ in shown]
    axes.stackplot(time, parts, labels=[row[1] for row in shown], colors=[row[2] for row in shown], ec="white", lw=0.3)
    axes.plot(time, total * factor, color=style.BLACK, lw=0.8)
    axes.set_ylabel(f"Calcium in mineral ({unit})")
    axes.set_ylim(0, 1.25 * total.max() * factor)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper left", ncols=min(len(labels), 5), handlelength=1.0, columnspacing=1.0)


def _ratio(axes: Any, time: np.ndarray, series: dict[str, np.ndarray], shown: list[tuple[str, str, str, str]]) -> None:
    ratio = series["calcium_phosphorus_ratio"]
    axes.plot(time, ratio, color=style.BLACK, zorder=3)
    pure = [pure_ratio(row) for *_, row in shown]
    known = [*ratio[np.isfinite(ratio)], *pure]
    low, high = min(known) - 0.06, max(known) + 0.06
    for (_, label, colour, _), value, place in zip(shown, pure, spread(pure, 0.055 * (high - low))):
        axes.axhline(value, color=colour, lw=0.9, ls=(0, (4, 2)), zorder=1)
        axes.text(1.015, place, label, transform=axes.get_yaxis_transform(), va="center", fontsize=7)
    axes.set_ylim(low, high)
    axes.set_ylabel("Ca/P of the mineral (mol/mol)")


def spread(values: list[float], gap: float) -> list[float]:
    """Places for labels beside `values`, in their order: as near as one pass up and down gets, and at least `gap` apart."""
    order = np.argsort(values, kind="stable")
    places = np.asarray(values, dtype=float)[order]
    for k in range(1, len(places)):
        overlap = gap - (places[k] - places[k - 1])
        if overlap > 0.0:
            places[k] += 0.5 * overlap
            places[:k] -= np.maximum(0.0, gap * np.arange(k, 0, -1) - (places[k] - places[:k]))
    out = np.empty(len(places))
    out[order] = places
    return [float(place) for place in out]


def pure_ratio(row: str) -> float:
    """Calcium to phosphorus of a phase of the mineral table [mol/mol]."""
    phase = parameters.tables("minerals")[row]
    return float(phase["calcium"].value / phase["phosphate"].value)

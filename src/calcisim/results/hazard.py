"""When things happen in the arms of a comparison: first deposit, recurrence after an excision, new sites; who is free of it until when.

A member to whom nothing happened leaves the curve at the end of its run, as people leave a study.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import style
from calcisim.results.statistics import Z_95

Members = Mapping[str, Sequence[Mapping[str, Any]]]
Rows = Sequence[Mapping[str, Any]]
WIDTH, HEIGHT, LINE = 78.0, 66.0, 3.6  # mm: of a panel, and of a row of numbers below it
FEWEST = 2  # events in some arm, for a panel
DASHES = ("-", "--", "-.", ":")
LABELS = {
    "deposit": ("Share without a deposit", "Time (days)"),
    "recurrence": ("Share without recurrence", "Time since the operation (days)"),
    "site": ("Share without a new site", "Time (days)"),
}


@dataclass(frozen=True)
class Curve:
    """A survival curve: times (n,) ascending, from 0; share (n,) from each of them on, with low and high ends of its 95 % band."""

    times: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray


def kaplan_meier(times: Sequence[float], happened: Sequence[bool]) -> Curve:
    """STA-3. S(t) = Π_{t_i ≤ t} (1 − d_i/n_i), d_i events among n_i at risk at t_i, with those who leave at t_i without one.

    Band: exp(−exp(ln(−ln S) ± z σ)), σ² = Σ d_i/(n_i (n_i − d_i))/(ln S)², of Greenwood's variance through ln(−ln S), so that it stays
    within 0 and 1; where S is 1 or 0 it has no width. times (n,) of event or end; happened (n,). Source: kaplan1958, greenwood1926.
    """
    at, event = np.asarray(times, dtype=float), np.asarray(happened, dtype=bool)
    moments = np.unique(at[event])
    risk = np.array([np.count_nonzero(at >= moment) for moment in moments], dtype=float)
    deaths = np.array([np.count_nonzero(event & (at == moment)) for moment in moments], dtype=float)
    share = np.cumprod(1.0 - deaths / risk) if len(moments) else np.zeros(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(deaths / (risk * (risk - deaths)))) / np.abs(np.log(share))
        low, high = (np.exp(-np.exp(np.log(-np.log(share)) + side * Z_95 * spread)) for side in (1.0, -1.0))
    inner = (share > 0.0) & (share < 1.0)
    low, high = np.where(inner, low, share), np.where(inner, high, share)
    return Curve(*(np.concatenate([[start], part]) for start, part in ((0.0, moments), (1.0, share), (1.0, low), (1.0, high))))


def at_risk(times: Sequence[float], moments: Sequence[float]) -> list[int]:
    """How many are still followed and free of it just before each moment."""
    return [int(np.count_nonzero(np.asarray(times) >= moment)) for moment in moments]


# --- what happened to whom --------------------------------------------------------------------------------------------------------


def events(members: Sequence[Mapping[str, Any]], rows: Rows) -> dict[str, tuple[list[float], list[bool]]]:
    """Times [d] and whether it happened, by kind of event, for the finished members of an arm and their rows in the same order.

    deposit: first onset anywhere; recurrence: from the first operation, of those operated; site: first onset at a new site.
    """
    found: dict[str, tuple[list[float], list[bool]]] = {kind: ([], []) for kind in LABELS}

    def note(kind: str, day: float | None, start: float, end: float) -> None:
        found[kind][0].append((end if day is None else min(day, end)) - start)
        found[kind][1].append(day is not None)

    for one, row in zip(members, rows, strict=True):
        end = float(one["days"][-1])
        note("deposit", row["onset_day"], 0.0, end)
        note("site", _first_new(one, int(row["new_sites"] or 0)), 0.0, end)
        operated = _operated(one)
        if operated is not None and row["recurred"] is not None:
            note("recurrence", row["recurrence_day"], operated, end)
    return found


def _first_new(one: Mapping[str, Any], count: int) -> float | None:
    """Onset of the first of the new sites: the `count` latest ones."""
    days = sorted(day for day in one["onset"].values() if day is not None)
    return days[-count] if count else None


def _operated(one: Mapping[str, Any]) -> float | None:
    """Day of the first output by which something had been cut out."""
    days = [
        day
        for name, cut in one["course"].items()
        if name.endswith(".excised_calcium_mg")
        for day, before, after in zip(one["days"][1:], cut, cut[1:])
        if after > before
    ]
    return min(days, default=None)


# --- the figure -----------------------------------------------------------------------------------------------------------------------


def draw(place: Path, arms: Sequence[str], members: Members, rows: Rows) -> list[Path]:
    """Write figures/hazard.png, a panel for each kind of event that at least `FEWEST` members of some arm have; nothing if there is none.

    members: by arm, those that finished; rows: those of the table (see `comparison.draw`).
    """
    finished = {arm: [row for row in rows if row["arm"] == arm and row["status"] == "finished"] for arm in arms}
    found = {arm: events(members[arm], finished[arm]) for arm in arms}
    kinds = [kind for kind in LABELS if max(sum(found[arm][kind][1]) for arm in arms) >= FEWEST]
    if "site" in kinds and "deposit" in kinds and all(found[arm]["site"] == found[arm]["deposit"] for arm in arms):
        kinds.remove("site")  # where arms differ from the first day on, every deposit is a new one
    if not kinds:
        return []
    with style.figure(WIDTH * len(kinds) + 6.0, HEIGHT + LINE * (len(arms) + 1)) as figure:
        panels = figure.subplots(1, len(kinds), squeeze=False)[0]
        for axes, kind in zip(panels, kinds):
            _panel(axes, kind, {arm: found[arm][kind] for arm in arms})
        if len(kinds) > 1:
            style.lettered(panels)
        shown = {label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels())}
        figure.legend(shown.values(), shown.keys(), loc="outside upper right", ncols=min(len(shown), 4))
        return style.save(figure, Path(place) / "figures" / "hazard", ("png",))


def _panel(axes: Any, kind: str, found: Mapping[str, tuple[list[float], list[bool]]]) -> None:
    """Curves of the arms, ticks where somebody left without an event, and numbers at risk below."""
    last = max((max(times) for times, _ in found.values() if times), default=1.0)
    for number, (arm, (times, happened)) in enumerate(found.items()):
        if not times:
            continue
        colour, curve = style.LINES[number % len(style.LINES)], kaplan_meier(times, happened)
        steps = [np.append(part, part[-1]) for part in (curve.share, curve.low, curve.high)]
        places = np.append(curve.times, max(times))
        axes.fill_between(places, steps[1], steps[2], step="post", color=colour, alpha=0.15, linewidth=0)
        axes.step(places, steps[0], where="post", color=colour, linestyle=DASHES[number % len(DASHES)], label=arm)
        left = np.unique([time for time, event in zip(times, happened) if not event])
        axes.plot(left, steps[0][np.searchsorted(curve.times, left, side="right") - 1], "|", color=colour, ms=5.0, mew=1.0)
    axes.set_xlim(0.0, last * 1.02)
    axes.set_ylim(0.0, 1.04)
    axes.set_ylabel(LABELS[kind][0])
    axes.set_xlabel(LABELS[kind][1])
    _numbers(axes, found)


def _numbers(axes: Any, found: Mapping[str, tuple[list[float], list[bool]]]) -> None:
    """Numbers at risk at the ticks, a row per arm in its colour."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ticks = [tick for tick in axes.get_xticks() if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]]
    line, below = LINE * 72.0 * style.MILLIMETRE, -30.0
    note = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points", "fontsize": 7, "va": "top"}
    axes.annotate("At risk", (0.0, 0.0), (-4.0, below), ha="left", color="0.3", **note)
    for number, (_arm, (times, _)) in enumerate(found.items()):
        for tick in ticks:
            place = (0.0, below - line * (number + 1))
            axes.annotate(
                str(at_risk(times, [tick])[0]) if times else "–",
                (tick, 0.0),
                place,
                ha="center",
                color=style.LINES[number % len(style.LINES)],
                **note,
            )

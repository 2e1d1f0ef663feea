"""The figure of a comparison: deposition and inflammation over time by arm, and what every member gained or lost against its twin."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import hazard, plots, style
from calcisim.results.statistics import spread_of

SIZE = (183.0, 70.0)  # mm, two columns of a paper, for three panels
PANELS = {"deposit_calcium_mg": "Deposited calcium (mg)", "inflammation_mean": "Mean inflammation (0 to 1)"}  # where there is any
BAND = (10.0, 90.0)  # percentiles
NOTHING = 1e-6  # of either quantity: a panel of zeros is drawn on a whole axis
DASHES = ("-", "--", "-.", ":")
MOST = 2  # panels of curves
DAY = 86400.0
Members = Mapping[str, Sequence[Mapping[str, Any]]]
References = Mapping[str, Sequence[Any]]


def draw(
    place: Path, arms: Sequence[str], members: Members, rows: Sequence[Mapping[str, Any]], references: References | None = None
) -> list[Path]:
    """Write figures/comparison.png, and figures/hazard.png where things happened to members. Returns the paths.

    members: by arm, what `replicate.follow` gave; rows: those of the table; references: by arm, what was measured (observable, site, time
    [s], value, sd, use), drawn over its curves where the members were followed in that quantity.
    """
    measured = _measured(arms, members, references or {})
    shown = [name for name in PANELS if any(value or 0.0 for arm in arms for one in members[arm] for value in one["course"].get(name, ()))]
    shown = [*measured, *(name for name in shown if name not in measured)][:MOST] or list(PANELS)[:1]
    with style.figure(SIZE[0] * (len(shown) + 1) / 3, SIZE[1]) as figure:
        axes = figure.subplots(1, len(shown) + 1, width_ratios=(1.25, 1.0, 1.0)[: len(shown) + 1])
        for panel, name in zip(axes, shown):
            curves(panel, arms, members, name, PANELS.get(name) or plots.label(name), measured.get(name, {}))
        changes(axes[-1], arms, rows)
        style.lettered(axes)
        if len(arms) <= 7:
            axes[0].set_ylim(top=(1.15 + 0.07 * len(arms)) * axes[0].get_ylim()[1])  # room for the legend
            axes[0].legend(loc="upper left", title=_said(members, arms), title_fontsize=7, alignment="left")
        made = style.save(figure, Path(place) / "figures" / "comparison", ("png",))
    return made + hazard.draw(place, arms, members, rows)


def _measured(arms: Sequence[str], members: Members, references: References) -> dict[str, dict[str, list[Any]]]:
    """Measured points by quantity, as SITE.NAME or NAME, and arm, of what the members of all arms were followed in."""
    followed = set.intersection(*(set(one["course"]) for arm in arms for one in members[arm])) if any(members.values()) else set()
    found: dict[str, dict[str, list[Any]]] = {}
    for arm in arms:
        for one in references.get(arm, ()):
            name = next((name for name in (f"{one.site}.{one.observable}", one.observable) if name in followed), None)
            if name is not None:
                found.setdefault(name, {}).setdefault(arm, []).append(one)
    return found


def points(axes: Any, measured: Sequence[Any], factor: float, colour: str) -> None:
    """What was measured, with one standard deviation: filled where it was fitted, open where it tests the model. factor: of a time in s."""
    for one in measured:
        look = {"color": colour, "mfc": colour if one.use == "calibrate" else "white", "ms": 4, "capsize": 2.5, "elinewidth": 1.0}
        axes.errorbar([one.time * factor], [one.value], yerr=[one.sd or 0.0], fmt="o", zorder=3, **look)


def _said(members: Members, arms: Sequence[str]) -> str:
    most = max(len(members[arm]) for arm in arms)
    return f"median of {most}, 10th to 90th percentile" if most > 1 else "one replicate"


def curves(axes: Any, arms: Sequence[str], members: Members, name: str, label: str, measured: References) -> None:
    """Median over members with a band, one line per arm, and what was measured in it."""
    last = max((one["days"][-1] for arm in arms for one in members[arm]), default=0.0)
    factor, unit = style.time_unit(last)
    for number, arm in enumerate(arms):
        if not members[arm]:
            continue
        colour, dash = style.LINES[number % len(style.LINES)], DASHES[number % len(DASHES)]
        days, values = on_common_days(members[arm], name)
        middle = np.median(values, axis=0)
        low, high = np.percentile(values, BAND, axis=0)
        axes.fill_between(days * factor, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(days * factor, middle, color=colour, linestyle=dash, label=arm)
        points(axes, [one for one in measured.get(arm, ()) if one.time / DAY <= last], factor / DAY, colour)
    axes.set_xlabel(f"Time ({unit})")
    axes.set_ylabel(label)
    axes.set_xlim(0.0, last * factor or None)
    top = axes.get_ylim()[1]
    axes.set_ylim(0.0, top if top > NOTHING else 1.0)


def on_common_days(members: Sequence[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Days that all members have, and values (member, day)."""
    days = sorted(set.intersection(*(set(one["days"]) for one in members)))
    at = [dict(zip(one["days"], one["course"][name], strict=True)) for one in members]
    return np.array(days), np.array([[one[day] or 0.0 for day in days] for one in at], dtype=float)


def changes(axes: Any, arms: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Change of calcium against the twin, one point per member, with the mean and its 95 % interval."""
    others = arms[1:]
    for number, arm in enumerate(others):
        found = [100.0 * row["change_from_reference"] for row in rows if row["arm"] == arm and row.get("change_from_reference") is not None]
        if not found:
            continue
        colour = style.LINES[(number + 1) % len(style.LINES)]
        spots = number + 0.28 * (np.linspace(-1.0, 1.0, len(found)) if len(found) > 1 else np.zeros(1))
        axes.plot(spots, found, "o", markersize=2.5, color=colour, alpha=0.5, markeredgewidth=0)
        mean, low, high = (spread_of(found)[side] for side in ("mean", "low", "high"))
        if mean is not None and low is not None and high is not None:
            sides = [[mean - low], [high - mean]]
            axes.errorbar([number], [mean], sides, fmt="D", color=style.BLACK, markersize=3.5, capsize=3, linewidth=1.0)
    axes.axhline(0.0, color=style.BLACK, linewidth=0.6)
    axes.set_xticks(range(len(others)), others, rotation=20 if len(others) > 2 else 0, ha="right" if len(others) > 2 else "center")
    axes.set_xlim(-0.6, len(others) - 0.4)
    axes.set_ylabel(f"Change against {arms[0]} (%)")

"""The series of a fit: the scenario itself and what else its rows belong to, and which values they share.

A row's series is the name of another scenario, PATH=VALUE changes of the fitted one, or a name with changes, separated by ";":
`dystrophic/subdermal-pericardium; duration=90 day`. `--set` changes the fitted scenario and the series that are changes of it. A path
that is free is free in every series that has it; what a series sets itself stays as it sets it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calcisim import scenario as scenarios
from calcisim.errors import UsageError
from calcisim.results import observables
from calcisim.scenario.errors import ScenarioError, nearest, unusual_is_meant
from calcisim.studies import free as values
from calcisim.studies.fit_data import DAY, Point
from calcisim.studies.free import Free
from calcisim.studies.vary import Varied


@dataclass(frozen=True)
class Series:
    """One scenario of a fit. label: as the rows say it ("": the fitted one); before, after: changes on both sides of the free values."""

    label: str
    scenario: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    loaded: Any

    @property
    def name(self) -> str:
        """How it is called in messages, tables and figures."""
        return self.label or self.scenario

    def longer(self, day: float) -> str:
        """What to write so that it reaches a day."""
        if self.label and self.scenario == self.label.split(";")[0].strip():
            return f'write "{self.scenario}; duration={day:g} day" in the column series'
        return f'lengthen it: --set duration="{day:g} day"'


def several(name: str, sets: Sequence[str], points: Sequence[Point]) -> list[Series]:
    """The fitted scenario, and then the series of the points in their order. Raises UsageError for one that cannot be loaded."""
    found = [Series("", name, tuple(sets), (), scenarios.load(name, tuple(sets)))]
    for label in dict.fromkeys(point.series for point in points if point.series):
        parts = [part.strip() for part in label.split(";") if part.strip()]
        other = parts.pop(0) if parts and "=" not in parts[0] else None
        before = () if other else tuple(sets)
        try:
            loaded = _load(other or name, (*before, *parts))
        except ScenarioError as error:
            raise UsageError(f"the series {label!r} cannot be used: {error}") from None
        found.append(Series(label, other or name, before, tuple(parts), loaded))
    return found


def _load(name: str, sets: Sequence[str]) -> Any:
    with unusual_is_meant():
        return scenarios.load(name, tuple(sets))


@dataclass(frozen=True)
class Shared:
    """A free value and where it stands. free: with its places in the fitted scenario; targets: its places per series, which may be none."""

    free: Free
    targets: tuple[tuple[str, ...], ...]

    def sets(self, series: int, value: float) -> tuple[str, ...]:
        """PATH=VALUE texts that give this value in a series."""
        return replace(self.free, targets=self.targets[series]).sets(value)


def shared(series: Sequence[Series], path: str) -> Shared:
    """A value that is free wherever it is. path: one, or several joined by "+" that take one value together.

    Raises UsageError for a path that no series has, and for paths of different kinds.
    """
    targets: list[tuple[str, ...]] = [() for _ in series]
    firsts: list[Free] = []
    for part in path.split("+"):
        found = [_find(one, part.strip()) for one in series]
        there = [one for one in found if isinstance(one, Free)]
        if not there:
            error = found[0]
            more = "; no other series has it either" if len(series) > 1 else ""
            raise UsageError(f"{error}{more}")
        firsts.append(there[0])
        targets = [have + (one.targets if isinstance(one, Free) else ()) for have, one in zip(targets, found, strict=True)]
    if len({one.kind for one in firsts}) > 1:
        raise UsageError(f"{path!r} joins values of different kinds; join only what can take one value")
    one = Shared(replace(firsts[0], path=path, targets=targets[0]), tuple(targets))
    return replace(one, free=replace(one.free, kind="share")) if _is_share(series, one) else one


def _is_share(series: Sequence[Series], one: Shared) -> bool:
    """Whether a positive number without a unit is refused above 1 by the scenario that has it, and not just below."""
    if one.free.kind != "positive" or one.free.unit or not 0.0 < one.free.start < 1.0:
        return False
    number = next(index for index, targets in enumerate(one.targets) if targets)
    here = series[number]

    def allowed(value: float) -> bool:
        try:
            _load(here.scenario, (*here.before, *one.sets(number, value), *here.after))
        except ScenarioError:
            return False
        return True

    return allowed(1.0 - 1e-6) and not allowed(1.0 + 1e-6)


def _find(one: Series, path: str) -> Free | UsageError:
    try:
        return values.find(one.loaded, path)
    except UsageError as error:
        return error


def within(series: Sequence[Series], points: Sequence[Point]) -> None:
    """Refuse points after the last day of their series. Raises UsageError that names days and rows, and what to do."""
    by_label = {one.label: one for one in series}
    late = [point for point in points if point.time > by_label[point.series].loaded.duration * (1.0 + 1e-9)]
    if not late:
        return
    one = by_label[late[0].series]
    same = [point for point in late if point.series == one.label]
    end, days = one.loaded.duration / DAY, [point.time / DAY for point in same]
    do = one.longer(max(days))
    if len(late) == len(points):
        raise UsageError(f"no overlap: {one.name} ends on day {end:g} and the first measured day is {min(days):g}; {do}")
    where = ", ".join(f"row {point.row} (day {day:g})" if point.row else f"day {day:g}" for point, day in zip(same, days, strict=True))
    raise UsageError(f"{where}: after day {end:g}, the last one of {one.name}; {do}, or leave such rows out")


def predict(name: str, sets: Sequence[str], points: Sequence[Point], laws: Mapping[str, float] | None = None) -> np.ndarray:
    """What the scenario gives at each point; 0 where the quantity does not exist yet. Raises UsageError for an unknown observable."""
    return np.nan_to_num(existing(name, sets, points, laws), nan=0.0)


def existing(name: str, sets: Sequence[str], points: Sequence[Point], laws: Mapping[str, float] | None = None) -> np.ndarray:
    """As `predict`, with NaN where the quantity does not exist yet."""
    simulation = Varied(_load(name, sets), laws)
    own = {point.observable for point in points} <= _PLAIN  # then nothing costly, such as finding clumps, has to be done
    out = np.zeros(len(points))
    for time in sorted({point.time for point in points}):
        simulation.advance(time)
        found = simulation.observables() if own else observables.evaluate(simulation)
        for index, point in enumerate(points):
            if point.time == time:
                out[index] = _at(name, found, point)
    return out


_PLAIN = {name for name, entry in observables.REGISTRY.items() if entry.function is None}  # what the simulation computes by itself


def _at(name: str, found: Mapping[str, Any], point: Point) -> float:
    """The value of a point among the observables of its moment."""
    row = found if point.site is None else found["sites"].get(point.site, {})
    if point.observable not in row:
        where = f" at site {point.site!r}" if point.site else ""
        known = [*found["sites"]] if point.site and not row else [key for key in row if key != "sites"]
        wrong = point.site if point.site and not row else point.observable
        raise UsageError(f"{name} gives no {point.observable!r}{where}; {nearest(str(wrong), known)}".rstrip("; "))
    value = row[point.observable]
    if isinstance(value, str):
        raise UsageError(f"{point.observable} is a word, to which nothing can be fitted")
    return float("nan") if value is None else float(value)


def exists(series: Sequence[Series], points: Sequence[Point], start: np.ndarray) -> None:
    """Refuse an observable that has no value on any of its days at the start (NaN): no fit can move it from there."""
    names = {one.label: one.name for one in series}
    for key in dict.fromkeys((point.series, point.site, point.observable) for point in points):
        places = [index for index, point in enumerate(points) if (point.series, point.site, point.observable) == key]
        if np.isnan(start[places]).all():
            raise UsageError(
                f"no overlap: {key[2]} has no value on any measured day in {names[key[0]]}, as the free values start;"
                " start where there is something to measure (--set), or leave these rows out"
            )

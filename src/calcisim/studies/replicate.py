"""One member of a comparison in its arms: run in memory, on one thread, and told in numbers.

Arms that differ only in what is done from some day on have the past up to there in common, and it is computed once.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcisim.errors import SolverError
from calcisim.scenario.errors import unusual_is_meant
from calcisim.studies.comparison import Arm, Study

DAY = 86400.0
TOTALS = ("deposit_calcium_mg", "calcium_ug_per_mg_dry", "inflammation_mean", "clump_count", "largest_clump_mm")  # followed over time
BY_SITE = ("deposit_calcium_mg", "excised_calcium_mg")


@dataclass(frozen=True)
class _Traveller:
    """A member in one arm: its factors by path, and its scenario."""

    arm: str
    factors: dict[str, float]
    loaded: Any


@dataclass
class _Way:
    """A simulation on its way, and what was seen at the output times so far."""

    simulation: Any
    days: list[float]
    course: dict[str, list[float | None]]
    row: dict[str, Any]

    def look(self, moments: Sequence[float]) -> None:
        """Go through output times [s], ascending."""
        from calcisim.results import observables

        for moment in moments:
            self.simulation.advance(moment)
            self.row = observables.evaluate(self.simulation)
            self.days.append(moment / DAY)
            for name, value in _followed(self.row).items():
                self.course.setdefault(name, []).append(value)

    def told(self, factors: dict[str, float]) -> dict[str, Any]:
        """factors: of the cohort, by path; final: every numeric output, totals and SITE.NAME; onset: day by site; days: output times [d];
        course: NAME → values of TOTALS at these days, and SITE.NAME of BY_SITE. Only numbers that do not depend on the machine."""
        from calcisim.results import observables

        onset = {site: values["onset_day"] for site, values in self.row["sites"].items()}
        return {"factors": factors, "final": observables.flat(self.row), "onset": onset, "days": self.days, "course": self.course}


def follow(study: Study, arms: Sequence[Arm], number: int) -> dict[str, dict[str, Any]]:
    """Run a member through arms that differ by what is done (`groups`): what they have in common once, then each by itself.

    Returns by arm what `_Way.told` says, or {"error": text} for one whose solver could not go on.
    """
    from calcisim.simulation.run import Simulation

    with unusual_is_meant():
        members = [study.member(arm, number) for arm in arms]
        travellers = [
            _Traveller(arm.name, dict(member.factors), study.load(arm, member.sets)) for arm, member in zip(arms, members, strict=True)
        ]
    way = _Way(Simulation(travellers[0].loaded, study.seed_of(number), 1), [], {}, {})
    return dict(_walk(travellers, way))


def _walk(together: Sequence[_Traveller], way: _Way) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go on until something is done that not all of these arms have, and from there with those that have it and those that have not."""
    from calcisim.simulation.run import Simulation
    from calcisim.studies.execute import output_times

    loaded = [one.loaded for one in together]
    moments = output_times(loaded[0], loaded[0].duration)
    try:
        way.look(moments[len(way.days) : parting(loaded)])
    except SolverError as error:
        yield from ((one.arm, {"error": str(error)}) for one in together)
        return
    if len(way.days) == len(moments):
        yield from ((one.arm, way.told(one.factors)) for one in together)
        return
    arrays = {name: np.array(array) for name, array in way.simulation.arrays().items()}
    meta = way.simulation.meta()
    for group in _split(together):
        simulation = Simulation.restore(group[0].loaded, {name: array.copy() for name, array in arrays.items()}, meta)
        course = {name: list(values) for name, values in way.course.items()}
        yield from _walk(group, _Way(simulation, list(way.days), course, way.row))


def _split(together: Sequence[_Traveller]) -> list[list[_Traveller]]:
    """Arms by which of the next things that not all of them have are done in them."""
    acts = _own_acts([one.loaded for one in together])
    begin = min(moment for moment, _ in acts)
    now = [act for moment, act in acts if moment == begin]
    found: dict[tuple[int, ...], list[_Traveller]] = {}
    for one in together:
        done = [*one.loaded.treatment, *one.loaded.event]
        found.setdefault(tuple(done.count(act) for act in now), []).append(one)
    return list(found.values())


_APART = ("title", "description", "literature", "reference", "expect", "cohort", "treatment", "event")  # what leaves the past as it is


def groups(study: Study) -> list[tuple[Arm, ...]]:
    """The arms, those together that differ by nothing but what is done, and not from the first output on."""
    found: list[tuple[Any, list[Arm], list[Any]]] = []
    for arm in study.arms:
        loaded = study.load(arm)
        for first, arms, others in found:
            alike = all(getattr(first, name) == getattr(loaded, name) for name in type(loaded).model_fields if name not in _APART)
            if alike and parting([*others, loaded]) > 0:
                arms.append(arm)
                others.append(loaded)
                break
        else:
            found.append((loaded, [arm], [loaded]))
    return [tuple(arms) for _, arms, _ in found]


def parting(loaded: Sequence[Any]) -> int:
    """How many output times scenarios have in common before the first thing that is not done in all of them."""
    from calcisim.studies.execute import output_times

    begin = min((moment for moment, _ in _own_acts(loaded)), default=math.inf)
    if begin < math.inf and any(one.plasma is not None and one.plasma.average is not None for one in loaded):
        return 0  # the mean of a window looks ahead, at what has not been done yet
    times = [output_times(one, one.duration) for one in loaded]
    shared = itertools.takewhile(lambda moments: len(set(moments)) == 1 and moments[0] < begin, zip(*times))
    return sum(1 for _ in shared)


def _own_acts(loaded: Sequence[Any]) -> list[tuple[float, Any]]:
    """Treatments and events that not all of the scenarios have, with their begin [s]."""
    done = [[*one.treatment, *one.event] for one in loaded]
    own = [act for acts in done for act in acts if len({others.count(act) for others in done}) > 1]
    return [(act.start if hasattr(act, "start") else act.at, act) for act in own]


def _followed(row: dict[str, Any]) -> dict[str, float | None]:
    found = {name: row.get(name) for name in TOTALS}
    for site, values in row["sites"].items():
        found |= {f"{site}.{name}": values.get(name) for name in BY_SITE}
    return found


def changes_begin(arms: Sequence[Any]) -> float:
    """Day on which the arms begin to differ by what is done: the first treatment or operation that not all of them have; 0 if none."""
    moments = [moment for moment, act in _own_acts(arms) if hasattr(act, "start") or act.kind == "excise"]
    return min(moments, default=0.0) / DAY

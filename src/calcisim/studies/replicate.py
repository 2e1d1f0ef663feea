"""One member of a comparison in one arm: run in memory, on one thread, and told in numbers."""

import warnings
from collections.abc import Sequence
from typing import Any

from calcisim.scenario.errors import PlausibilityWarning
from calcisim.studies.comparison import Arm, Study

DAY = 86400.0
TOTALS = ("deposit_calcium_mg", "inflammation_mean", "clump_count", "largest_clump_mm")  # followed over time
BY_SITE = ("deposit_calcium_mg", "excised_calcium_mg")


def follow(study: Study, arm: Arm, number: int) -> dict[str, Any]:
    """Run a member and give its last row and its course.

    Returns factors: of the cohort, by path; final: every numeric output, totals and SITE.NAME; onset: day by site; days: output times [d];
    course: NAME → values of TOTALS at these days, and SITE.NAME of BY_SITE. Only numbers that do not depend on the machine.
    """
    from calcisim.results import observables
    from calcisim.simulation.run import Simulation
    from calcisim.studies.execute import output_times

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlausibilityWarning)
        member = study.member(arm, number)
        loaded = study.load(arm, member.sets)
    simulation = Simulation(loaded, study.seed_of(number), 1)
    days: list[float] = []
    course: dict[str, list[float | None]] = {}
    row: dict[str, Any] = {}
    for moment in output_times(loaded, loaded.duration):
        simulation.advance(moment)
        row = observables.evaluate(simulation)
        days.append(moment / DAY)
        for name, value in _followed(row).items():
            course.setdefault(name, []).append(value)
    return {
        "factors": dict(member.factors),
        "final": observables.flat(row),
        "onset": {site: values["onset_day"] for site, values in row["sites"].items()},
        "days": days,
        "course": course,
    }


def _followed(row: dict[str, Any]) -> dict[str, float | None]:
    found = {name: row.get(name) for name in TOTALS}
    for site, values in row["sites"].items():
        found |= {f"{site}.{name}": values.get(name) for name in BY_SITE}
    return found


def changes_begin(arms: Sequence[Any]) -> float:
    """Day on which the arms begin to differ by what is done: the first treatment or operation that not all of them have; 0 if none."""
    done = [[*one.treatment, *(event for event in one.event if event.kind == "excise")] for one in arms]
    own = [item for items in done for item in items if not all(item in other for other in done)]
    moments = [getattr(item, "start", None) if hasattr(item, "start") else item.at for item in own]
    return min((moment for moment in moments if moment is not None), default=0.0) / DAY

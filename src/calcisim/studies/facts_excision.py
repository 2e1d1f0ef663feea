"""Excision of masses about joints: how soon the same site and another joint have one again, by bed, plasma and time of the operation.

Joints are sections of 38 mm in one dimension, so that a cohort takes minutes: a mass is a stretch of mineral. Injuries come irregularly,
their times are drawn by the seed: every two months at the hip, where a mass is, every two years at the elbow.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from calcisim.simulation.surgery import SEEN
from calcisim.studies import arms
from calcisim.studies.validate import Got, fact

VOXELS, EDGE = 32, 1.2  # mm
BURSA = 7.2  # mm
FIRST, YEARS = 180, 2  # day of the operation, years of follow-up
EVERY = 15  # days between two visits
SEEDS = (1, 2)  # of the fact; benchmarks/treatment_table.py takes more
MASS = 5.0  # mm: the least that is felt again
FAMILIAL, URAEMIC = "tumoral/familial", "tumoral/uraemic"
BEDS = ("scar", "left")
CORRECTED: dict[str, tuple[dict[str, Any], ...]] = {
    FAMILIAL: (
        {"kind": "phosphate-binder", "dose": "6 g/day"},
        {"kind": "low-phosphate-diet", "phosphate_intake": "20 mmol/day"},
        {"kind": "acetazolamide", "dose": "500 mg/day"},
    ),
    URAEMIC: ({"kind": "plasma", "glomerular_filtration": "60 mL/min"}, {"kind": "parathyroidectomy", "remnant": 0.15}),
}


def joints(name: str, years: float = 4.0) -> Any:
    """A tumoral scenario with hip and elbow as sections, one way, with irregular injuries of living tissue."""
    from calcisim import scenario

    middle = 0.5 * VOXELS * EDGE
    low, high = middle - 0.5 * BURSA, middle + 0.5 * BURSA
    sets = [f'duration="{years} year"', "plasma.two_way=false", *(['plasma.average="7 day"'] if name == URAEMIC else [])]
    for site in ("hip", "elbow"):
        bursa = f'[{{name="bursa",shape="slab",low="{low} mm",high="{high} mm",material="bursa-wall"}}]'
        sets += [f"site.{site}.grid.shape=[{VOXELS}]", f'site.{site}.grid.spacing="{EDGE} mm"', f"site.{site}.region={bursa}"]
        sets.append(f"site.{site}.local_biology=true")
    often = {"hip": 60, "elbow": 720}
    events = ",".join(
        f'{{kind="microtrauma",site="{site}",at="0 day",every="{gap} day",irregular=true,region="bursa"}}' for site, gap in often.items()
    )
    return scenario.load(name, (*sets, f"event=[{events}]"))


class Course(NamedTuple):
    """What became of one person: day after the operation on which a mass was felt again at the hip, and first at the elbow (None if it was
    not); calcium of both at the end, and what was cut [mg]; whether the elbow had one before; the largest imbalance of the books."""

    hip: float | None
    elbow: float | None
    hip_mg: float
    elbow_mg: float
    excised_mg: float
    before: bool
    ledger: float


def felt(simulation: Any, site: str) -> bool:
    """Whether mineral that is seen stretches over MASS at a site."""
    seen = simulation.sites[site].mineral() >= SEEN
    return float(np.count_nonzero(seen)) * EDGE >= MASS


def operation(bed: str, day: float) -> dict[str, Any]:
    """All that is seen at the hip, with a margin of 3 mm."""
    return {"kind": "excise", "site": "hip", "at": f"{day + 0.5} day", "target": "all", "margin": "3 mm", "bed": bed}


def course(begun: arms.Start, bed: str | None, corrected: bool, name: str, days: float = 365.0 * YEARS) -> Course:
    """Follow one person from a start: with this bed (None for no operation), plasma corrected from then on or not."""
    from calcisim.simulation.measures import CALCIUM_MASS

    treatments = [{**one, "start": f"{begun.day} day"} for one in CORRECTED[name]] if corrected else []
    simulation = arms.arm(begun, treatments, [operation(bed, begun.day)] if bed else [])
    before = felt(simulation, "elbow")
    found: dict[str, float | None] = {"hip": None, "elbow": None}
    for day in np.arange(1.0, days + 1.0, EVERY):
        simulation.advance((begun.day + day) * arms.DAY)
        for site, seen in found.items():
            if seen is None and felt(simulation, site):
                found[site] = float(day)
    rows = simulation.observables()
    mg = {site: one.deposit() * CALCIUM_MASS * 1e6 for site, one in simulation.sites.items()}
    worst = max(float(rows[f"ledger_{what}_relative"]) for what in ("calcium", "phosphorus", "alkalinity"))
    return Course(found["hip"], found["elbow"], mg["hip"], mg["elbow"], float(rows["excised_calcium_mg"]), before, worst)


@cache
def person(
    name: str, seed: int, beds: tuple[str | None, ...] = (None, *BEDS), days: float = 365.0 * YEARS
) -> dict[tuple[str | None, bool], Course]:
    """All arms of one person: no operation, and both beds, in the plasma as it is and corrected, followed for so many days."""
    begun = arms.start(joints(name), FIRST, seed)
    return {(bed, corrected): course(begun, bed, corrected, name, days) for corrected in (False, True) for bed in beds}


def hazard(days: Sequence[float | None], last: float = 365.0 * YEARS) -> float:
    """HAZ-1. Events per person-year, n/Σ t; t : day of the event or the end of follow-up. Source: definition."""
    time = sum(last if day is None else day for day in days) / 365.0
    return sum(day is not None for day in days) / time if time > 0.0 else 0.0


def curve(days: Sequence[float | None], last: float = 365.0 * YEARS) -> Iterator[tuple[float, float]]:
    """HAZ-2. Share of people without the event after each event: (day, share), from day 0 to the last. Source: definition."""
    events = sorted(day for day in days if day is not None)
    yield 0.0, 1.0
    for number, day in enumerate(events, 1):
        yield day, 1.0 - number / len(days)
    yield last, 1.0 - len(events) / len(days)


@cache
def early_and_late(name: str, seed: int, early: float = 90.0, late: float = 270.0, end: float = 540.0) -> Mapping[str, tuple[float, float]]:
    """Calcium [mg] at hip and elbow on the same day after an early and a late operation of the same person, and without any.

    By day 480 a familial mass fills its section, and nothing is left in which it could come again; so late is day 270.
    """
    loaded = joints(name)
    out = {}
    for word, day in (("early", early), ("late", late), ("none", None)):
        begun = arms.start(loaded, late if day is None else day, seed)
        one = course(begun, None if day is None else "scar", False, name, end - begun.day)
        out[word] = (one.hip_mg, one.elbow_mg)
    return out


@fact("F24")
def recurrence(quick: bool = False) -> Got:
    """Same-site recurrence within two years of a complete and a simple excision, both plasmas of both forms; new masses at the elbow.

    quick: one person of each form, half a year.
    """
    texts, passed = [], True
    seeds, days = (SEEDS[:1], 182.5) if quick else (SEEDS, 365.0 * YEARS)
    for name in (FAMILIAL, URAEMIC):
        people = [person(name, seed, BEDS, days) for seed in seeds]
        for corrected in (False, True):
            again = [sum(one[(bed, corrected)].hip is not None for one in people) for bed in BEDS]
            new = sum(one[("scar", corrected)].elbow is not None for one in people)
            texts.append(f"{name.rpartition('/')[2]}{' corrected' if corrected else ''} {again[0]}/{again[1]} of {len(seeds)}, elbow {new}")
            passed = passed and again[0] == 0
    return f"complete/simple: {'; '.join(texts)}", passed

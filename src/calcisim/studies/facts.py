"""The literature facts that calcisim addresses so far, one function each; `validate` lists the others as open."""

from collections.abc import Iterator, Sequence
from typing import Any

from calcisim.studies.validate import Got, fact, plan

DAY = 86400.0


def rows(name: str, days: Sequence[float], sets: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """The summary quantities of a scenario at these days (ascending), computed in memory, one after the other."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    loaded = scenario.load(name, tuple(sets))
    simulation = Simulation(loaded, loaded.seed, 1)
    for day in days:
        simulation.advance(day * DAY)
        yield simulation.observables()


def deposits(name: str, days: Sequence[float], sets: Sequence[str] = ()) -> list[float]:
    """µg Ca per mg dry explant of a scenario at these days (ascending)."""
    return [float(row["calcium_ug_per_mg_dry"]) for row in rows(name, days, sets)]


def measured(identity: str, sets: Sequence[str] = ()) -> list[list[float]]:
    """The first observable of a fact's row for each of its scenarios: the values at its days."""
    said = plan(identity)
    return [[float(row[said.observables[0]]) for row in rows(name, said.days, sets)] for name in said.scenarios]


def near(value: float, target: float, tolerance: float) -> bool:
    """Whether a value is within a relative tolerance of its target."""
    return abs(value - target) <= tolerance * target


@fact("F01")
def fixed_cusp() -> Got:
    """Day 3 and day 21, each within 20 %."""
    ((early, late),) = measured("F01")
    return f"{early:.1f}; {late:.1f}", near(early, 40.8, 0.2) and near(late, 122.9, 0.2)


@fact("F02")
def unfixed_cusp() -> Got:
    """Below 10 at day 21."""
    ((late,),) = measured("F02")
    return f"{late:.2f}", late < 10.0


@fact("F03")
def sponges() -> Got:
    """In order and within 30 %; without aldehyde there is no implant left to simulate (it was resorbed)."""
    (glutaraldehyde,), (formaldehyde,) = measured("F03")
    passed = glutaraldehyde < formaldehyde and near(glutaraldehyde, 40.9, 0.3) and near(formaldehyde, 87.8, 0.3)
    return f"resorbed, not simulated / {glutaraldehyde:.1f} / {formaldehyde:.1f}", passed


@fact("F08")
def etidronate() -> Got:
    """Inhibition by the local drug at day 21, at least 90 %."""
    (free,), (treated,) = measured("F08")
    inhibition = 1.0 - treated / free
    return f"{inhibition:.0%} ({free:.0f} to {treated:.1f})", inhibition >= 0.9


@fact("F11")
def calcium_to_phosphorus() -> Got:
    """Rising over days 3, 21 and 180 of the fixed cusp: early within 1.3 to 1.5 (and 0.05 beyond), at last within 1.63 to 1.69."""
    ((early, middle, late),) = measured("F11", ("duration=180 day",))
    passed = early < middle < late and 1.3 - 0.05 <= early <= 1.5 + 0.05 and 1.63 <= late <= 1.69
    return f"{early:.2f}; {middle:.2f}; {late:.2f} at days 3, 21, 180", passed


def fused(name: str, days: int, sets: Sequence[str] = ()) -> tuple[float, str]:
    """Median diameter of the primaries [µm] after so many days, and in words the first day on which half of them are fused with others."""
    found = None
    for day, row in zip(range(1, days + 1), rows(name, range(1, days + 1), sets)):
        if found is None and (row["fused_fraction"] or 0.0) >= 0.5:
            found = day
    return float(row["sphere_median_um"]), f"half fused on day {found}" if found else f"half not fused by day {days}"


@fact("F12")
def primaries(quick: bool = False) -> Got:
    """Median diameter of the primaries, in the implant of a young rat and a uraemic joint, between 0.25 and 1.1 µm; when half are fused.

    quick: a month.
    """
    said = plan("F12")
    last = 30 if quick else int(said.days[0])
    results = {name: fused(name, last, sets) for name, sets in zip(said.scenarios, (("duration=180 day",), ()), strict=True)}
    text = "; ".join(f"{median:.2f} µm, {words} ({name})" for name, (median, words) in results.items())
    return text, all(0.25 <= median <= 1.1 for median, _ in results.values())

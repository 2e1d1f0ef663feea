"""The literature facts that calcisim addresses so far, one function each; `validate` lists the others as open."""

from collections.abc import Sequence

from calcisim.studies.validate import Got, fact

DAY = 86400.0


def deposits(name: str, days: Sequence[float], sets: Sequence[str] = ()) -> list[float]:
    """µg Ca per mg dry explant of a scenario at these days (ascending), computed in memory."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    loaded = scenario.load(name, tuple(sets))
    simulation = Simulation(loaded, loaded.seed, 1)
    found = []
    for day in days:
        simulation.advance(day * DAY)
        found.append(float(simulation.observables()["calcium_ug_per_mg_dry"]))
    return found


def near(value: float, target: float, tolerance: float) -> bool:
    """Whether a value is within a relative tolerance of its target."""
    return abs(value - target) <= tolerance * target


@fact("F01")
def fixed_cusp() -> Got:
    """Day 3 and day 21, each within 20 %."""
    early, late = deposits("dystrophic/subdermal-cusp", (3, 21))
    return f"{early:.1f}; {late:.1f}", near(early, 40.8, 0.2) and near(late, 122.9, 0.2)


@fact("F02")
def unfixed_cusp() -> Got:
    """Below 10 at day 21."""
    (late,) = deposits("dystrophic/subdermal-cusp-unfixed", (21,))
    return f"{late:.2f}", late < 10.0


@fact("F03")
def sponges() -> Got:
    """In order and within 30 %; without aldehyde there is no implant left to simulate (it was resorbed)."""
    (glutaraldehyde,) = deposits("dystrophic/subdermal-collagen-sponge", (21,))
    (formaldehyde,) = deposits("dystrophic/subdermal-collagen-sponge-formaldehyde", (21,))
    passed = glutaraldehyde < formaldehyde and near(glutaraldehyde, 40.9, 0.3) and near(formaldehyde, 87.8, 0.3)
    return f"resorbed, not simulated / {glutaraldehyde:.1f} / {formaldehyde:.1f}", passed


@fact("F08")
def etidronate() -> Got:
    """Inhibition by the local drug at day 21, at least 90 %."""
    (free,) = deposits("dystrophic/subdermal-pericardium", (21,))
    (treated,) = deposits("dystrophic/subdermal-pericardium-etidronate", (21,))
    inhibition = 1.0 - treated / free
    return f"{inhibition:.0%} ({free:.0f} to {treated:.1f})", inhibition >= 0.9


@fact("F12")
def primaries() -> Got:
    """Mean diameter of the primaries, in the implant of a young rat and in a uraemic joint, between 0.25 and 1.1 µm."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    diameters = []
    for name, day in (("dystrophic/subdermal-cusp", 21.0), ("metastatic/ckd-constant", 180.0)):
        simulation = Simulation(scenario.load(name))
        simulation.advance(day * DAY)
        diameters.append(2.0 * float(simulation.observables()["primary_radius_um"]))
    return "; ".join(f"{diameter:.2f}" for diameter in diameters), all(0.25 <= diameter <= 1.1 for diameter in diameters)

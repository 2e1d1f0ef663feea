"""Dystrophic calcification against the literature: fixation, chambers, warfarin, aluminium, frozen muscle, and what devices are made of."""

from typing import Any

from calcisim.studies.facts import DAY, deposits, measured, near
from calcisim.studies.validate import Got, fact, plan

MINUTES = {0: 4.8, 15: 29.8, 60: 106.3, 120: 176.3}  # of glutaraldehyde: µg/mg at day 45
BATHS = {"1 mmol/L": 0.64, "10 mmol/L": 0.105, "100 mmol/L": 0.046}  # of aluminium chloride: part of the control at day 60
SEEN = 1.0  # µg Ca/mg dry: above what implants bring with them (1.39 +- 0.34 before implantation), what a stain or an assay finds


@fact("F04")
def glutaraldehyde() -> Got:
    """Calcium at day 45 after 0, 15, 60 and 120 minutes of glutaraldehyde: in order, each within 40 %."""
    got = [late for (late,) in measured("F04")]
    passed = got == sorted(got) and all(near(one, target, 0.4) for one, target in zip(got, MINUTES.values(), strict=True))
    return "/".join(f"{one:.1f}" for one in got), passed


@fact("F06")
def chamber() -> Got:
    """Calcium of a cusp in a cell-free chamber at day 21 against an open one: not nothing; the recalled guess is more than 0.3."""
    (closed,), (open_one,) = measured("F06")
    return f"{closed / open_one:.2f} ({closed:.0f} of {open_one:.0f})", closed > 0.3 * open_one


@fact("F07")
def warfarin_and_implants() -> Got:
    """Calcium of the fixed cusp at 72 h under 80 mg/kg of warfarin a day, against the control: 0.85 to 1.15."""
    (treated,), (control,) = measured("F07")
    return f"{treated / control:.3f}", 0.85 <= treated / control <= 1.15


@fact("F09")
def aluminium() -> Got:
    """Pericardium soaked in aluminium chloride, day 60, as parts of the control: in order, each within 0.15."""
    longer, said = ("duration=60 day",), plan("F09")
    free, soaked = said.scenarios
    (control,) = deposits(free, said.days, longer)
    got = [deposits(soaked, said.days, (*longer, f"treatment.0.concentration={bath}"))[0] / control for bath in BATHS]
    passed = got == sorted(got, reverse=True) and all(abs(one - target) <= 0.15 for one, target in zip(got, BATHS.values(), strict=True))
    return "/".join(f"{one:.3f}" for one in got), passed


def onset(name: str, days: float, sets: tuple[str, ...] = ()) -> tuple[float | None, dict[str, Any]]:
    """Day of onset of a scenario within so many days, None if it has none, and its last row."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    loaded = scenario.load(name, sets)
    simulation = Simulation(loaded, loaded.seed, 1)
    simulation.advance(days * DAY)
    row = simulation.observables()
    return row["onset_day"], row


@fact("F10")
def frozen_muscle() -> Got:
    """Onset in frozen muscle: within 2 days where pyrophosphate is low, never in 28 days where it is not."""
    said = plan("F10")
    (low, one), (high, other) = (onset(name, said.days[0]) for name in said.scenarios)
    days = [f"day {day:.1f}" if day is not None else "never" for day in (low, high)]
    left = [f"{row['calcium_ug_per_mg_nonmineral']:.2f}" for row in (one, other)]
    text = f"low pyrophosphate {days[0]} ({left[0]} µg/mg at day 28), normal {days[1]} ({left[1]} µg/mg)"
    return text, low is not None and low <= 2.0 and high is None


@fact("F27")
def devices() -> Got:
    """Calcium in the device itself at day 90: silicone and PMMA none, hydrogel some."""
    got = {name: late for name, (late,) in zip(("silicone", "pmma", "hydrogel"), measured("F27"), strict=True)}
    text = ", ".join(f"{name} {value:.3g}" for name, value in got.items())
    return f"{text} µg/mg", got["silicone"] < SEEN and got["pmma"] < SEEN and got["hydrogel"] >= SEEN

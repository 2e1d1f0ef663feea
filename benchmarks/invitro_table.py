"""What test tubes must show, beside what comes out of them: collagen in media, lysed cells, fetuin, and the serum test.

    python benchmarks/invitro_table.py [--json] [--only WORD]

Every line has a target from the literature as quoted in the scenario's file, what the shipped scenario gives, and whether that passes.
Nothing was fitted to these lines; that the most saturated of the soluble phases comes first (PHA-7) was laid down when the mixture of a
serum test came out as DCPD. Exit code 1 when a line fails.

Criteria, the same for all lines: a tube holds a deposit from 0.01 mg Ca/cm3 on, the onset of every run (simulation/site.py).
Calcium that is precipitated and not covered by fetuin is what falls out; covered particles (colloid_fraction) still float.
"""

import math
import sys
import warnings
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import command
from biology_table import DAY, at
from command import Line

from calcisim import scenario as scenarios
from calcisim.physics import clumping, kinetics
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.simulation.run import Simulation

HOUR, MINUTE = 3600.0, 60.0
DEPOSIT = 0.01  # mg Ca/cm3
WEEK, DMEM_DAYS, FETUIN_DAYS = 7.0, 6.0, 14.0
FALLEN, HELD, SOON = 0.1, 0.95, 60.0  # share that counts as precipitated; share that must stay; minutes
LEVELS = (5.0, 7.0, 10.0)  # mmol/L of calcium and of phosphate each
FETUIN_LOW, FETUIN_HIGH, FETUIN_STEP = 0.01, 200.0, 0.02  # umol/L, the upper end being the scenario's limit; relative width at the end
SERA = ("invitro/serum-healthy", "invitro/serum-ckd", "invitro/serum-ckd-calcified")
GEL = "site.tube.tissue=collagen-gel"
TUBE = "invitro/fetuin-5x5"


def deposit(name: str, days: float, sets: tuple[str, ...] = ()) -> float:
    """mg Ca/cm3 of a tube after so many days."""
    return float(at(name, (days * DAY,), sets)[0]["deposit_calcium_mg_per_cm3"])


def fallen(simulation: Simulation) -> float:
    """Share of all calcium of a well mixed tube that is in mineral and not in particles covered by fetuin."""
    (site,) = simulation.sites.values()
    mineral, covered = site.deposit(), simulation.observables()["colloid_fraction"] or 0.0
    return mineral * (1.0 - covered) / float(site.problem.held()[kinetics.CALCIUM])


def precipitated(simulation: Simulation) -> float:
    """Share of all calcium of a tube that is in mineral."""
    (site,) = simulation.sites.values()
    return site.deposit() / float(site.problem.held()[kinetics.CALCIUM])


def matured(simulation: Simulation) -> float:
    """Share of the calcium in mineral that is no longer amorphous; 0 without mineral."""
    amorphous = simulation.observables()["acp_fraction"]
    return 0.0 if amorphous is None else 1.0 - float(amorphous)


def crossing(simulation: Simulation, share: Callable[[Simulation], float], level: float, until: float) -> float | None:
    """Time [s] at which a rising share passes a level, on a line between the steps around it; None when it does not by `until`."""
    before, now = (0.0, share(simulation)), (0.0, share(simulation))

    def passed() -> bool:
        nonlocal before, now
        before, now = now, (simulation.time, share(simulation))
        return now[1] >= level

    simulation.advance(until, passed)
    if now[1] < level:
        return None
    return before[0] + (now[0] - before[0]) * (level - before[1]) / (now[1] - before[1]) if now[1] > before[1] else now[0]


def minutes(name: str, share: Callable[[Simulation], float], level: float, sets: tuple[str, ...] = ()) -> float | None:
    """Minutes until a share of a scenario passes a level, within the scenario's duration."""
    loaded = scenarios.load(name, sets)
    found = crossing(Simulation(loaded), share, level, loaded.duration)
    return None if found is None else found / MINUTE


def said(time: float | None) -> str:
    """Minutes in words."""
    return "not within the run" if time is None else f"{time:.0f} min"


# --- collagen and cells in media --------------------------------------------------------------------------------------------------


def dmem_with_serum() -> Line:
    (row,) = at("invitro/dmem-serum", (DMEM_DAYS * DAY,))
    got = row["deposit_calcium_mg_per_cm3"]
    text = f"{got:.2g} mg Ca/cm3 in {row['nuclei']:.3g} particles per cm3"
    return Line("collagen in DMEM, 2 mM Pi, 5 % serum, 6 days", f"a deposit, at least {DEPOSIT:g} mg Ca/cm3", text, got >= DEPOSIT)


def dmem_without_serum() -> Line:
    (row,) = at("invitro/dmem-protein-free", (DMEM_DAYS * DAY,))
    got = row["deposit_calcium_mg_per_cm3"]
    text = f"{got:.2g} mg Ca/cm3, {row['nuclei']:g} particles"
    return Line("the same without serum", f"no deposit, below {DEPOSIT:g} mg Ca/cm3", text, got < DEPOSIT)


def villa_bellosta() -> Line:
    found = {mixture: deposit(f"invitro/villa-bellosta-{mixture}", WEEK) for mixture in ("2x2", "4x1", "2x1", "1x4")}
    passed = all((got >= DEPOSIT) == (mixture in ("2x2", "4x1")) for mixture, got in found.items())
    text = ", ".join(f"{mixture}: {got:.4f}" for mixture, got in found.items())
    target = f"2x2 and 4x1 at least {DEPOSIT:g} mg Ca/cm3, 2x1 and 1x4 below"
    return Line("lysed cells in Ca x Pi of four mixtures, 7 days", target, text, passed)


# --- fetuin -----------------------------------------------------------------------------------------------------------------------


def fetuin_holds() -> Line:
    simulation = Simulation(scenarios.load(TUBE))
    simulation.advance(FETUIN_DAYS * DAY)
    held, solid = 1.0 - fallen(simulation), precipitated(simulation)
    text = f"{held:.1%} ({1.0 - solid:.1%} dissolved, {held - 1.0 + solid:.1%} in covered particles)"
    target = f"at least {HELD:.0%} of the calcium dissolved or in covered particles after 14 days"
    return Line("5 mM Ca and 5 mM Pi with fetuin", target, text, held >= HELD)


def fetuin_absent() -> Line:
    got = minutes(f"{TUBE}-none", precipitated, FALLEN)
    target = f"{FALLEN:.0%} precipitated in minutes, below {SOON:g}"
    return Line("the same without fetuin", target, said(got), got is not None and got < SOON)


@cache
def inside_shares(name: str) -> tuple[tuple[float, float], ...]:
    """After an hour and a day in a gel: share inside fibrils of the mineral on collagen, and share of all mineral that is on collagen."""
    found = []
    for row in at(name, (HOUR, DAY), (GEL,)):
        inside, on = (float(row[key] or 0.0) for key in ("intrafibrillar_fraction", "collagen_associated_fraction"))
        found.append((inside / on if on > 0.0 else math.nan, on))
    return tuple(found)


def fetuin_inside() -> Line:
    (early, _), (inside, on) = inside_shares(TUBE)
    text = f"{inside:.1%} of it, {early:.1%} after an hour ({on:.1%} of all mineral is on collagen)"
    return Line("collagen gel with fetuin, a day", "mineral on collagen is inside fibrils, more than half", text, inside > 0.5)


def fetuin_outside() -> Line:
    (early, _), (inside, on) = inside_shares(f"{TUBE}-none")
    text = f"{inside:.1%} of it inside, {early:.1%} after an hour ({on:.1%} of all mineral is on collagen)"
    return Line("collagen gel without fetuin, a day", "mineral on collagen is outside fibrils, more than half", text, inside < 0.5)


@cache
def unheld(level: float, fetuin: float) -> float:
    """Share of the calcium that falls out uncovered in 24 h at this level of calcium and phosphate [mmol/L] and fetuin [umol/L]."""
    sets = (f"medium.calcium={level!r} mmol/L", f"medium.phosphate={level!r} mmol/L", f"medium.fetuin={fetuin!r} umol/L")
    simulation = Simulation(scenarios.load(TUBE, sets))
    simulation.advance(DAY)
    return fallen(simulation)


def critical_fetuin(level: float) -> float:
    """Fetuin [umol/L] below which a tenth of the calcium falls out in 24 h; 0 or infinite when it does at none or at any."""
    low, high = FETUIN_LOW, FETUIN_HIGH
    if unheld(level, low) < FALLEN:
        return 0.0
    if unheld(level, high) >= FALLEN:
        return math.inf
    while high / low > 1.0 + FETUIN_STEP:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if unheld(level, middle) >= FALLEN else (low, middle)
    return math.sqrt(low * high)


def critical_levels() -> Line:
    found = [critical_fetuin(level) for level in LEVELS]
    passed = all(a < b for a, b in pairwise(found))
    text = ", ".join(f"{level:g} mM each: {got:.3g} umol/L" for level, got in zip(LEVELS, found, strict=True))
    return Line("critical fetuin, 10 % uncovered in 24 h", "rises with calcium and phosphate", text, passed)


# --- the serum test ---------------------------------------------------------------------------------------------------------------


def magnesium() -> Line:
    usual, more = (minutes(name, matured, 0.5) for name in ("invitro/t50", "invitro/t50-magnesium"))
    passed = usual is not None and (more is None or more > usual)
    gain = f"{more - usual:+.0f} min" if usual is not None and more is not None else "no difference to give"
    target = "later with more magnesium (+73 min, 30 to 116, measured)"
    return Line("half of the mineral no longer amorphous (T50)", target, f"{said(usual)}, then {said(more)}: {gain}", passed)


def mobile(name: str, time: float) -> tuple[float, float]:
    """Medians of the diameters of what floats in a tube, by number and by solid [um]."""
    simulation = Simulation(scenarios.load(name))
    simulation.advance(time)
    (site,) = simulation.sites.values()
    volume = [site.setup.voxel_volume] * site.state.clumps.shape[-1]
    found = clumping.sizes(site.model.clump.edges, site.state.clumps[clumping.MOBILE], volume)
    return found.number_median * 1e6, found.volume_median * 1e6


def sera() -> Line:
    found = [mobile(name, 10.0 * HOUR) for name in SERA]
    number, solid = zip(*found, strict=True)
    passed = number[0] < number[1] < number[2]
    text = " < " if passed else ", "
    text = text.join(f"{value:.3f}" for value in number) + f" um by number; by solid {', '.join(f'{value:.3f}' for value in solid)}"
    text += f"; T50 {', '.join(said(minutes(name, matured, 0.5)) for name in SERA)}"
    target = "healthy < CKD < CKD with calcification (diameters 0.34, 0.42, 0.74 um measured)"
    return Line("secondary particles of three sera, 10 h, median", target, text, passed)


LINES: tuple[Callable[[], Line], ...] = (
    dmem_with_serum, dmem_without_serum, villa_bellosta, fetuin_holds, fetuin_absent, fetuin_inside, fetuin_outside, critical_levels,
    magnesium, sera,
)  # fmt: skip


def table(only: str = "") -> list[Line]:
    """The lines whose function name contains `only`."""
    return [line() for line in LINES if only in line.__name__]


def main() -> int:
    options = command.parser(__doc__, "lines whose name contains WORD, as fetuin or magnesium").parse_args()
    warnings.simplefilter("ignore", PlausibilityWarning)
    return command.report(table(options.only), options.json)


if __name__ == "__main__":
    sys.exit(main())

"""Facts of metastatic calcification that need organs, seeds or cells: which is first, all or nothing, the colloid, and what is lost."""

from functools import cache
from typing import TYPE_CHECKING

from calcisim.studies import facts
from calcisim.studies.validate import Got, fact

if TYPE_CHECKING:
    from calcisim.simulation.run import Simulation

DAY = 86400.0
HEALTHY = "healthy/organs"
VISCERA, OTHERS = ("kidney", "lung", "stomach"), ("artery", "joint", "skin")
SYSTEMIC = (
    "ckd3", "ckd4", "ckd5", "ckd5-dialysis", "hyperparathyroidism", "milk-alkali", "hypervitaminosis-d", "granulomatous", "malignancy",
    "hypoparathyroidism", "phosphate-load", "magnesium-lack", "magnesium-excess", "aluminium",
)  # fmt: skip


@cache
def organs(name: str, days: float, sets: tuple[str, ...] = ()) -> dict[str, tuple[float, float | None]]:
    """Calcium in mineral [mg/cm³] and day of onset (None: never) of every site of a scenario after so many days."""
    (row,) = facts.rows(name, (days,), sets)
    return {site: (float(one["deposit_calcium_mg_per_cm3"]), one["onset_day"]) for site, one in row["sites"].items()}


def first(found: dict[str, tuple[float, float | None]]) -> list[str]:
    """Sites with an onset, the earliest first."""
    days = {site: day for site, (_, day) in found.items() if day is not None}
    return sorted(days, key=lambda site: days[site])


# --- F13 ----------------------------------------------------------------------------------------------------------------

AORTA, SEEDS = "metastatic/aorta-adenine", range(1, 41)
MINERAL_FREE = 27e-3  # mol/kg dry: calcium of an aorta without mineral (data/validation/metastatic.csv, aorta function 2011)
WITH_VITAMIN_D = ("plasma.calcium_ionised=1.3 mmol/L",)  # calcium that is normal again


@cache
def aortas(days: float, sets: tuple[str, ...] = ()) -> tuple[float, ...]:
    """Calcium of aortas over that of one without mineral, as an assay of all calcium sees them, one per seed."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    return tuple(sorted(of_control(Simulation(scenario.load(AORTA, sets), seed), days) for seed in SEEDS))


def of_control(simulation: "Simulation", days: float) -> float:
    """Calcium of the one site of a simulation, moved to this day, over that of an aorta without mineral."""
    (site,) = simulation.sites.values()
    free = MINERAL_FREE * simulation.scenario.site[0].background().dry_mass  # mol/m³
    simulation.advance(days * DAY)
    return float(1.0 + site.deposit() / site.volume() / free)


def shares(ratios: tuple[float, ...]) -> tuple[float, float]:
    """Share of aortas below 2 times and above 20 times one without mineral."""
    return sum(r < 2.0 for r in ratios) / len(ratios), sum(r > 20.0 for r in ratios) / len(ratios)


# --- F16 ----------------------------------------------------------------------------------------------------------------

INTOXICATED = ("plasma.hydroxyvitamin_d=3000 nmol/L",)  # as in a patient of araki2011 (3045); calcium of 3.8 mmol/L
ANTIRESORPTIVE = 0.3  # of the resorption of bone; chosen
YEAR = 365.0


@cache
def calcium_at(sets: tuple[str, ...], day: float = YEAR) -> tuple[float, float, float]:
    """Total calcium and phosphate of plasma [mmol/L] and colloid (1 in health) of the body alone on a day."""
    import numpy as np

    from calcisim import scenario
    from calcisim.simulation.plasma import BodyPlasma

    body = BodyPlasma(scenario.load(HEALTHY, sets))
    body.advance(day * DAY)
    (row,) = body.rows(np.array([day * DAY]))
    return float(row["calcium_total_mmol_per_l"]), float(row["phosphate_mmol_per_l"]), float(row["colloid"])


def treated_at_equal_calcium() -> tuple[str, ...]:
    """--set texts of the intoxication under an antiresorptive, with so much calcium eaten that plasma calcium is the same after a year."""
    from scipy.optimize import brentq

    def sets(intake: float) -> tuple[str, ...]:
        return (*INTOXICATED, f"plasma.bone_resorption={ANTIRESORPTIVE}", f"plasma.calcium_intake={intake:.6g} mmol/day")

    aim = calcium_at(INTOXICATED)[0]
    return sets(float(brentq(lambda intake: calcium_at(sets(intake))[0] - aim, 25.0, 400.0, xtol=0.01)))


def colloid_arms(leak: float) -> tuple[dict[str, float], tuple[float, float, float], tuple[float, float, float]]:
    """Deposit without over with the antiresorptive after a year, by organ, and plasma of both; `leak`: of every site."""
    leaks = tuple(f"site.{name}.colloid_leak={leak}" for name in (*VISCERA, *OTHERS))
    treated = treated_at_equal_calcium()
    free, held = (organs(HEALTHY, YEAR, (*sets, *leaks)) for sets in (INTOXICATED, treated))
    return {name: free[name][0] / held[name][0] for name in free}, calcium_at(INTOXICATED), calcium_at(treated)


@fact("F16")
def antiresorptive() -> Got:
    """At equal plasma calcium an antiresorptive leaves no visible deposit in arteries (below 0.01 mg/cm³) where without it there is one."""
    treated = treated_at_equal_calcium()
    free, held = (organs(HEALTHY, YEAR, sets)["artery"][0] for sets in (INTOXICATED, treated))
    calcium, _, colloid = calcium_at(INTOXICATED)
    _, _, less = calcium_at(treated)
    text = f"artery {free:.2g} and {held:.2g} mg/cm³ at {calcium:.2f} mmol/L of calcium; colloid {colloid:.2f} and {less:.2f} times health"
    return text, free > 0.01 > held


# --- what is lost without cells -------------------------------------------------------------------------------------------


def without_cells(name: str, days: float | None = None) -> tuple[float, float]:
    """Largest fall of the apatite of a site below what it held before, as a share of its largest, with uptake, resorption and excision off;
    and the apatite at the end [mg Ca]. In the short form of the scenario, or up to a day."""
    import math

    from calcisim import scenario
    from calcisim.physics.phases import HAP
    from calcisim.simulation.measures import CALCIUM_MASS
    from calcisim.simulation.run import Simulation
    from calcisim.studies.execute import output_times

    loaded = scenario.load(name, (), days is None)
    sites = tuple(one.model_copy(update={"giant_cells": 0.0}) for one in loaded.site)
    events = tuple(event for event in loaded.event if event.kind not in ("excise", "change-medium"))
    simulation = Simulation(loaded.model_copy(update={"site": sites, "event": events}))
    for site in simulation.sites.values():
        site.problem.particles.capacity = 0.0 * site.problem.particles.capacity
    most, held = dict.fromkeys(simulation.sites, 0.0), {}
    worst = 0.0
    for moment in output_times(loaded, loaded.duration if days is None else days * DAY):
        simulation.advance(moment)
        for key, site in simulation.sites.items():
            held[key] = math.fsum(site.phases()[HAP].ravel()) * site.setup.voxel_volume * site.model.phases.calcium[HAP]
            most[key] = max(most[key], held[key])
            if most[key] > 0.0:
                worst = max(worst, 1.0 - held[key] / most[key])
    return worst, sum(held.values()) * CALCIUM_MASS * 1e6

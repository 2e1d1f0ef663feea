"""Tumoral calcinosis: how fast a mass grows and what limits it, its lobules, when joints begin, and what giant cells take back."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from calcisim.physics.deposit import CALCIUM_MG_CM3
from calcisim.studies.validate import Got, fact

DAY = 86400.0
FAMILIAL, TRANSPLANTED = "tumoral/familial", "tumoral/uraemic-transplant"
ONE_WAY = ("plasma.two_way=false",)
RIMS = (1.0, 3.0, 5.0, 10.0, 15.0)  # times the perfusion of granulation tissue beside the mass
GROWING = (90.0, 180.0, 270.0)  # days between which growth is taken: the mass has not reached the sides of its block
SEEN = 20.0  # mg Ca/cm³ at which lobules are counted: half of what computed tomography scores (results/clumps.py), 50 mg of apatite
SEEDS = (1, 2)  # whose lobules are counted together: one mass has a handful
TARGET = (0.05, 0.3)  # mm a day
COARSE = 1.6e-3  # m: voxels of the coarse form
ANSWERS = ("calcium_total_mmol_per_l", "pth_pg_per_ml", "bone_calcium_balance_mmol_per_d", "urine_calcium_mmol_per_d")


class Mass(NamedTuple):
    """A mass on a day: equivalent radius [mm], lobules (at SEEN), calcium [mg], mean volume fraction where it is seen, what limits it."""

    day: float
    radius: float
    lobules: int
    calcium: float
    filled: float
    limiting: str


def one_joint(name: str, site: str, sets: tuple[str, ...] = (), spacing: float | None = None, texture: bool = True) -> Any:
    """A tumoral scenario with one of its joints only; spacing [m]: of other voxels over the same block; texture: as written, or none."""
    from calcisim import scenario

    loaded = scenario.load(name, sets)
    (joint,) = (one for one in loaded.site if one.name == site)
    if spacing is not None:
        counts = tuple(round(n * h / spacing) for n, h in zip(joint.grid.shape, joint.grid.spacing, strict=True))
        grid = joint.grid.model_copy(update={"shape": counts, "spacing": (spacing,) * len(counts)})
        joint = joint.model_copy(update={"grid": grid})
    if not texture:
        joint = joint.model_copy(update={"texture": None})
    events = tuple(event for event in loaded.event if event.site == site)
    return loaded.model_copy(update={"site": (joint,), "event": events})


def masses(loaded: Any, days: Sequence[float], seed: int | None = None) -> tuple[Mass, ...]:
    """The one mass of a scenario with one site, on these days."""
    from calcisim.results import clumps, shape
    from calcisim.simulation.run import Simulation

    simulation = Simulation(loaded, seed)
    (site,) = simulation.sites.values()
    found = []
    for day in days:
        simulation.advance(day * DAY)
        row = simulation.observables()
        calcium = site.mineral() * CALCIUM_MG_CM3
        seen = clumps.measure(calcium, site.setup.spacing)
        edges = tuple(1e3 * h for h, n in zip(site.setup.spacing, calcium.shape, strict=True) if n > 1)
        inside = site.filled()[calcium >= clumps.THRESHOLD]
        found.append(
            Mass(
                day,
                0.5 * float(seen.diameters_mm[0]) if seen.count else 0.0,
                shape.lobules(np.squeeze(calcium) >= SEEN, edges) if (calcium >= SEEN).any() else 0,
                float(row["deposit_calcium_mg"]),
                float(inside.mean()) if inside.size else 0.0,
                str(row["limiting_step"]),
            )
        )
    return tuple(found)


@cache
def growth(rim: float, spacing: float | None = None) -> tuple[Mass, ...]:
    """The familial mass at the hip while it grows, with this multiple of perfusion beside it; spacing [m]: of other voxels."""
    return masses(one_joint(FAMILIAL, "hip", (*ONE_WAY, f"site.hip.rim_perfusion={rim}"), spacing), GROWING)


def speed(found: Sequence[Mass]) -> float:
    """Radial growth [mm/d] from the first to the last day."""
    return (found[-1].radius - found[0].radius) / (found[-1].day - found[0].day)


def intake(found: Sequence[Mass]) -> float:
    """Calcium that the mass takes [mg/d] between the last two days."""
    return (found[-1].calcium - found[-2].calcium) / (found[-1].day - found[-2].day)


def needed_rim() -> float | None:
    """The least of RIMS at which the mass grows by at least 0.05 mm a day; None if none does."""
    return next((rim for rim in RIMS if speed(growth(rim)) >= TARGET[0]), None)


@fact("F26")
def radial_growth(quick: bool = False) -> Got:
    """Radial growth of the familial mass within 0.05 to 0.3 mm/d, as shipped (five times the perfusion beside it). quick: coarse voxels."""
    found = growth(5.0, COARSE if quick else None)
    text = f"{speed(found):.3f} mm/d, {intake(found):.1f} mg Ca/d, {found[-1].filled:.1%} mineral, limited by {found[-1].limiting}"
    return text, TARGET[0] <= speed(found) <= TARGET[1]


@cache
def answer(volume: str = "1 L", days: float = 270.0) -> tuple[dict[str, float], dict[str, float]]:
    """Plasma of the familial form on day 30 and at the end, with tissue of this volume growing like its two joints, both ways."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    simulation = Simulation(scenario.load(FAMILIAL, (f"plasma.lesion_volume={volume}",)))
    rows = []
    for day in (30.0, days - 30.0, days):
        simulation.advance(day * DAY)
        row = simulation.observables()
        rows.append({key: float(row[key]) for key in ANSWERS} | {"calcium_mg": float(row["deposit_calcium_mg"])})
    own = sum(site.volume() for site in simulation.sites.values())
    scale = simulation.scenario.plasma.lesion_volume / own
    taken = (rows[2]["calcium_mg"] - rows[1]["calcium_mg"]) / 30.0 * scale
    return rows[0], {**rows[2], "taken_mg_per_d": taken, "ledger": float(row["ledger_plasma_calcium_relative"])}


@cache
def at_voxel(millimetres: float, seed: int, texture: bool = True, day: float = 360.0) -> Mass:
    """The familial mass of a seed after a year with voxels of this edge."""
    (found,) = masses(one_joint(FAMILIAL, "hip", ONE_WAY, 1e-3 * millimetres, texture), (day,), seed)
    return found


def onsets(seeds: Sequence[int], days: float = 240.0) -> list[dict[str, float | None]]:
    """Day of onset at each joint of the familial form, for each seed."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    found = []
    for seed in seeds:
        simulation = Simulation(scenario.load(FAMILIAL, ONE_WAY), seed)
        day = 0.0
        while day < days:
            day += 15.0
            simulation.advance(day * DAY)
            row = {name: one["onset_day"] for name, one in simulation.observables()["sites"].items()}
            if None not in row.values():
                break
        found.append(row)
    return found


@cache
def _transplanted() -> tuple[Any, dict[str, np.ndarray], dict[str, Any]]:
    """The uraemic mass at the hip when its dialysis ends, as a checkpoint."""
    from calcisim.simulation.run import Simulation

    loaded = one_joint(TRANSPLANTED, "hip")
    simulation = Simulation(loaded)
    simulation.advance(min(one.stop for one in loaded.treatment if one.stop is not None))
    return loaded, {name: array.copy() for name, array in simulation.arrays().items()}, simulation.meta()


@cache
def remission(speed_um: float | None = None, years: float = 3.0) -> list[dict[str, float]]:
    """The uraemic mass at the hip: calcium [mg], plasma and what giant cells took, at the transplantation and every half year after it.

    speed_um : of fronts under giant cells [µm/d], that of data/particles.toml when None.
    """
    from calcisim.simulation import exchange
    from calcisim.simulation.measures import CALCIUM_MASS
    from calcisim.simulation.run import Simulation

    simulation = Simulation.restore(*_transplanted())
    (site,) = simulation.sites.values()
    if speed_um is not None:
        site.problem.resorption.speed = speed_um * 1e-6 / DAY
    first = simulation.time / DAY
    rows = []
    for half in range(round(2.0 * years) + 1):
        day = first + 182.5 * half
        simulation.advance(day * DAY)
        row = simulation.observables()
        keys = ("deposit_calcium_mg", "resorbed_calcium_mg", "phosphate_mmol_per_l", *ANSWERS, "ledger_calcium_relative")
        accounts = site.state.ledger.accounts
        taken = float(sum(accounts[kind].value[0] for kind in exchange.GIVEN))
        rows.append({"day": day, "taken_mg": taken * CALCIUM_MASS * 1e6, **{key: float(row[key]) for key in keys}})
    return rows

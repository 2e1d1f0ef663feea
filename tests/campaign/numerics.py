"""N3, N4, N7: books of a closed box over many steps, signs from any state, and parameters that no tissue has."""

import math
import os
import random
import re
import signal
import warnings
from functools import cache
from pathlib import Path

import numpy as np
from campaign.children import child, ended
from campaign.fuzz import copied
from campaign.rows import ROWS, row
from scenarios.test_invariants import FIELD, least, worst_ledger

from calcisim import scenario as door
from calcisim.errors import SolverError
from calcisim.physics.kinetics import SPECIES
from calcisim.scenario import document
from calcisim.scenario.build import from_document
from calcisim.scenario.document import Origin
from calcisim.scenario.files import resolve
from calcisim.simulation.run import Simulation

DAY, ALKALINITY = 86400.0, SPECIES.index("alkalinity")
BOX, STEPS, BOX_STEP = "invitro/dmem-serum", 10_000, 60.0
FIRST_LEDGER, LATER_LEDGER = 1e-13, 1e-11
_box: list[Simulation] = []


@row(
    "N3",
    f"a closed well of {BOX} through {STEPS:,} more steps of a minute at most; a trial goes on where the one before it ended",
    f"calcium, phosphorus and alkalinity close to {FIRST_LEDGER:g} in the first trial and to {LATER_LEDGER:g} in all, nothing is negative",
    push=1,
    long=100,
    unit="times 10⁴ steps",
)
def box(number: int, folder: Path) -> str:
    if number == 0:
        _box[:] = [Simulation(door.load(BOX, ('duration="100 year"', 'output=[{every="1 year"}]')))]
    (well,) = _box
    (site,) = well.sites.values()
    assert not site.setup.perfusion.any(), "the box is not closed"
    before = int(well.statistics()["steps"])
    while well.statistics()["steps"] < before + STEPS:
        well.advance(well.time + BOX_STEP)
    books, limit = worst_ledger(well), FIRST_LEDGER if number == 0 else LATER_LEDGER
    assert books <= limit, f"{books:.1e} after {well.statistics()['steps']} steps"
    assert least(well) >= 0.0
    return "closed"


STATES = {
    "dystrophic/subdermal-cusp": ("site.cusp.grid.shape=[42]", 'site.cusp.grid.spacing="200 um"'),
    "metastatic/ckd-constant": ("site.joint.grid.shape=[8, 8]", 'site.joint.grid.spacing="2 mm"'),
    "invitro/dmem-serum": (),
    "healthy/wound": (),
}


@cache
def grown(name: str, share: float):
    """Arrays and counts of a scenario some way into its short form."""
    simulation = Simulation(door.load(name, STATES[name], True))
    simulation.advance(share * simulation.scenario.duration)
    return {key: array.copy() for key, array in simulation.arrays().items()}, simulation.meta()


def disturbed(arrays: dict[str, np.ndarray], draw: np.random.Generator) -> dict[str, np.ndarray]:
    """The same state with every total, and all mineral, of every voxel times a random factor; a few voxels are emptied of a species."""
    out, decades = {key: array.copy() for key, array in arrays.items()}, draw.uniform(0.0, 2.0)
    for site in {key.rpartition(".c")[0] for key in out if key.endswith(".c")}:
        c, u, mineral = out[f"{site}.c"], out[f"{site}.u"], out[f"{site}.mineral"]
        factor = 10.0 ** draw.uniform(-decades, decades, c.shape)
        factor[draw.random(c.shape) < 0.02] = 1e-12
        c *= factor
        u *= factor
        more = 10.0 ** draw.uniform(-1.0, 1.0, mineral.shape[1:])
        mineral *= more
        slot = out[f"{site}.slot"]
        rows = np.flatnonzero(slot >= 0)
        per_slot = np.ones(int(slot.max(initial=-1)) + 1)
        per_slot[slot[rows]] = more.reshape(-1)[rows]
        out[f"{site}.number"][:, : per_slot.size] *= per_slot[None, :, None]
        out[f"{site}.clumps"][..., : per_slot.size] *= per_slot
        out[f"{site}.substrate"] *= draw.uniform(0.0, 1.0, out[f"{site}.substrate"].shape)
    return out


@row(
    "N4",
    "a state of a scenario on a small grid in which every total of every voxel is multiplied by a random factor of up to 10^±2, mineral by "
    "up to 10^±1, some voxels emptied; then it goes on for a random time of up to 30 days",
    "the smallest value of anything that may not be negative is at least 0, exactly, after every step; a step that cannot be made is an "
    "error with site, day and cause",
    push=500,
    long=20_000,
    unit="states",
)
def positive(number: int, folder: Path) -> str:
    chance = ROWS["N4"].chance(number)
    name, draw = chance.choice(list(STATES)), np.random.default_rng(chance.getrandbits(64))
    arrays, meta = grown(name, chance.choice([0.1, 0.5, 1.0]))
    simulation = Simulation.restore(door.load(name, STATES[name], True), disturbed(arrays, draw), meta)
    assert lowest(simulation) >= 0.0
    seen, end = [], simulation.time + 10.0 ** chance.uniform(1.0, math.log10(30.0 * DAY))
    steps = chance.randint(2, 6)

    def stop():
        seen.append(lowest(simulation))
        return len(seen) >= steps

    try:
        simulation.advance(end, stop)
    except SolverError as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert re.search(r"site .* day [\d.e+-]+", said), said
        return "a step that cannot be made"
    assert seen
    assert min(seen) >= 0.0, f"{min(seen):.3g}"
    assert all(np.isfinite(array).all() for array in simulation.arrays().values() if array.dtype.kind == "f")
    return "went on"


def lowest(simulation: Simulation) -> float:
    """The smallest amount of anything; the alkalinity of an acid fluid is below zero and no amount."""
    found = []
    for site in simulation.sites.values():
        state = site.state
        found += [state.c[:ALKALINITY][FIELD], state.u[:ALKALINITY][FIELD], state.mineral[FIELD], state.number, state.clumps, state.debris]
        found += [state.nucleators, state.arrivals.expected, state.fetuin, state.shielded, state.on_collagen, state.rate]
    return min(float(array.min()) for array in found if array.size)


BASES = ("dystrophic/subdermal-cusp", "metastatic/ckd-constant", "healthy/wound", "dystrophic/injury", "invitro/dmem-serum", "invitro/t50")
LIMIT = 60.0  # seconds
PLASMA = {
    "calcium_ionised": ("mmol/L", 0.01, 4.0), "phosphate": ("mmol/L", 0.001, 8.0), "magnesium": ("mmol/L", 0.0, 8.0),
    "sodium": ("mmol/L", 20.0, 300.0), "potassium": ("mmol/L", 0.0, 60.0), "chloride": ("mmol/L", 20.0, 300.0),
    "bicarbonate": ("mmol/L", 0.1, 80.0), "albumin": ("mmol/L", 0.0, 2.0), "citrate": ("mmol/L", 0.0, 20.0),
    "fetuin": ("mmol/L", 0.0, 0.2), "pyrophosphate": ("mmol/L", 0.0, 1.0), "ph": ("", 6.0, 8.5), "nucleators": ("1/m3", 1e3, 1e21),
}  # fmt: skip


def _between(chance: random.Random, low: float, high: float) -> float:
    """A number of the whole range: its ends, evenly, or evenly in its logarithm."""
    match chance.randrange(4):
        case 0:
            return chance.choice([low, high])
        case 1:
            return chance.uniform(low, high)
        case _:
            return math.exp(chance.uniform(math.log(max(low, 1e-6 * high)), math.log(high)))


def absurd(chance: random.Random) -> dict:
    """A document of at most eight voxels whose numbers are anywhere between the limits of the schema."""
    base = copied(document.read(resolve(chance.choice(BASES)))[0])
    fluid = base["medium" if base.get("kind") == "invitro" else "plasma"]
    for name in chance.sample(list(PLASMA), chance.randint(2, 8)):
        unit, low, high = PLASMA[name]
        fluid[name] = float(f"{_between(chance, low, high):.4g}") if not unit else f"{_between(chance, low, high):.4g} {unit}"
        if name == "calcium_ionised":
            fluid.pop("calcium", None)
    for site in base["site"]:
        spacing = 10.0 ** chance.uniform(-7.0, -2.0)
        axes = chance.choice([[], [2], [8], [2, 2], [2, 2, 2], [4, 2]])
        site["grid"] = {"shape": axes, "spacing": f"{spacing:.4g} m", "depth": f"{10.0 ** chance.uniform(-4.0, -1.5):.4g} m"}
        if not axes:
            del site["grid"]["spacing"]
        site.pop("faces", None)
        site["region"] = [
            {**{key: one[key] for key in ("name", "material", "role", "assay") if key in one}, "shape": "box", "low": low, "high": high}
            for one in site.get("region", ())
            if axes
            for low, high in [([f"{0:g} m"] * len(axes), [f"{chance.choice([1, 2]) * spacing:.6g} m"] * len(axes))]
        ]
        if chance.random() < 0.7:
            site["perfusion"] = f"{_between(chance, 1e-12, 1.0):.4g} 1/s"
        if chance.random() < 0.3:
            site["alkalinity_source"] = f"{chance.choice([-1, 1]) * _between(chance, 1e-3, 1e5):.4g} mol/m3/day"
    base["solver"] = {"relative_tolerance": float(f"{_between(chance, 1e-5, 0.5):.3g}")}
    base["duration"] = f"{10.0 ** chance.uniform(-2.0, 3.5):.4g} day"
    base["output"], base["quick"], base["seed"] = [{"times": [base["duration"]]}], {}, chance.getrandbits(40)
    for key in ("reference", "expect", "event"):
        if key != "event" or chance.random() < 0.5:
            base.pop(key, None)
    return base


def loadable(chance: random.Random):
    """The first of such documents that the schema lets through, and how many it did not."""
    for refused in range(200):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return from_document(absurd(chance), Origin([("absurd.toml", {})])), refused
            except door.ScenarioError:
                continue
    raise AssertionError("no such document loads")


def _finishes(scenario) -> int:
    """0 when the run ends with finite numbers none of which is negative, 3 when the solver says day and cause; else it raises."""
    warnings.simplefilter("ignore")
    try:
        simulation = Simulation(scenario)
        simulation.advance(scenario.duration)
    except SolverError as error:
        said = str(error)
    except ValueError as error:
        said = str(error)
        if "does not converge" not in said:
            raise
    else:
        said = ""
    if said:
        assert "converge" in said or re.search(r"site .* day [\d.e+-]+", said), f"without day or place: {said}"
        return 3
    arrays = simulation.arrays()
    bad = [key for key, array in arrays.items() if array.dtype.kind == "f" and np.isnan(array).any()]
    assert not bad, f"not a number: {bad}"
    assert lowest(simulation) >= 0.0
    assert worst_ledger(simulation) <= LATER_LEDGER
    values = [value for value in simulation.observables().values() if isinstance(value, float)]
    assert not any(math.isinf(value) for value in values)
    return 0


@row(
    "N7",
    "a scenario of at most eight voxels of 0.1 µm to 1 cm, with plasma, perfusion, acid, tolerance and length anywhere in the ranges of "
    "the schema",
    f"within {LIMIT:g} s: the end with nothing negative and no NaN, or a solver error with site, day and cause",
    push=100,
    long=2000,
    unit="parameter sets",
)
def absurd_parameters(number: int, folder: Path) -> str:
    scenario, _ = loadable(ROWS["N7"].chance(number))
    errors = folder / "errors"
    pid = child(lambda: _finishes(scenario), errors)
    code = ended(pid, LIMIT)
    if code is None:
        os.kill(pid, signal.SIGKILL)
        ended(pid)
        raise AssertionError(f"not done after {LIMIT:g} s")
    assert code in (0, 3), f"ended with {code}: {errors.read_text(encoding='utf-8')[-500:] if errors.exists() else ''}"
    return "solver error in words" if code else "finished"

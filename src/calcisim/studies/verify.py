"""`calcisim verify`: in about a minute, does this installation solve what it says, keep its books, and repeat itself to the last bit?

Each check is one function that returns what came out and whether that is good enough; the full suite is in tests/verification.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

ORDER_LEAST, LEDGER_MOST = 1.9, 1e-13
SCENARIOS = ("dystrophic/subdermal-cusp", "metastatic/ckd-constant")
Got = tuple[str, bool]


class Check(NamedTuple):
    """What is claimed, what must come out, and how it is found out."""

    name: str
    target: str
    measure: Callable[[], Got]


CHECKS: list[Check] = []


def check(name: str, target: str) -> Callable[[Callable[[], Got]], Callable[[], Got]]:
    """Decorator: this function measures the claim and returns (what came out, whether it holds)."""

    def register(function: Callable[[], Got]) -> Callable[[], Got]:
        CHECKS.append(Check(name, target, function))
        return function

    return register


def verify(say: Callable[[str], None] = lambda _: None) -> list[dict[str, Any]]:
    """One row per check: check, target, got, passed. `say` hears the name of each before it runs."""
    rows = []
    for one in CHECKS:
        say(one.name)
        try:
            got, passed = one.measure()
        except (ArithmeticError, ValueError, RuntimeError) as error:  # a check that cannot be carried out has not passed
            got, passed = f"{type(error).__name__}: {error}", False
        rows.append({"check": one.name, "target": one.target, "got": got, "passed": bool(passed)})
    return rows


def _order(found: list[tuple[float, ...]]) -> Got:
    least = min(min(pair) for pair in found)
    return f"{least:.3f}", least >= ORDER_LEAST


@check("order in space, 1-D", f"≥ {ORDER_LEAST}")
def _space_1d() -> Got:
    from calcisim.studies.manufactured import space_orders

    return _order(space_orders(1, (16, 32, 64), steps=256))


@check("order in space, 2-D", f"≥ {ORDER_LEAST}")
def _space_2d() -> Got:
    from calcisim.studies.manufactured import space_orders

    return _order(space_orders(2, (16, 32), steps=32))


@check("order in space, 3-D", f"≥ {ORDER_LEAST}")
def _space_3d() -> Got:
    from calcisim.studies.manufactured import space_orders

    return _order(space_orders(3, (6, 12, 24), steps=16))


@check("order in time", f"≥ {ORDER_LEAST}")
def _time() -> Got:
    from calcisim.studies.manufactured import time_orders

    return _order(time_orders(1, 32, (8, 16, 32)))


@check("diffusion into a half space", "erfc within 1e-3")
def _diffusion() -> Got:
    """c = erfc(x/√(4Dt)) from a held face into an empty slab that the front does not cross."""
    from scipy.special import erfc

    from calcisim.studies.trial import Medium, Trial, march

    n, end = 128, 0.01
    same, shape = np.ones((1, 1, n)), (1, 1, n)
    held = np.array([0.0, 0.0, 0.0, 0.0, np.inf, 0.0])
    medium = Medium(shape, (1.0, 1.0, 1.0 / n), np.ones(1), np.zeros(1), same, same, 0.0 * same, np.ones(1), held)
    slab = Trial(medium, np.full((1, *shape), 1e-9), np.zeros(shape))
    march(slab, end, 400)
    exact = erfc((np.arange(n) + 0.5) / n / math.sqrt(4.0 * end))
    gap = float(np.linalg.norm(slab.solutes[0, 0, 0] - exact) / np.linalg.norm(exact))
    return f"{gap:.1e}", gap < 1e-3


@check("linear solver on odd cells", "residual ≤ 1e-9")
def _multigrid() -> Got:
    """Two coupled solutes and a mineral on 33² cells: what is left of the right-hand side."""
    from calcisim.studies.manufactured import Manufactured, march

    problem = Manufactured(2, 33)
    march(problem, 0.1, 1)
    solver, right = problem.operator(), np.zeros_like(problem.c)
    right[:, 1:-1, 1:-1, 1:-1] = np.cos(np.arange(problem.solutes.size)).reshape(problem.solutes.shape)
    found, back = np.zeros_like(right), np.zeros_like(right)
    solved = solver.solve(right, found, 1e-11, 60)
    problem.hierarchy.multiply(found, back)
    gap = float(np.linalg.norm(back - right) / np.linalg.norm(right))
    return f"{gap:.1e}", solved and gap <= 1e-9


@check("seeding does not depend on the steps", "equal counts")
def _seeding() -> Got:
    from calcisim.numerics import rng
    from calcisim.physics.seeding import Arrivals, Lattice, draw, first_arrivals

    cells, key = 50, rng.key(1, "verify")
    rows = np.arange(cells)
    lattice = Lattice(rows.astype(np.uint64), np.arange(cells + 1), rows, np.ones(cells))
    rate, given, continuous = np.full(cells, 30.0), np.zeros(cells), np.zeros(cells)

    def count(steps: int) -> np.ndarray:
        arrivals = Arrivals(np.zeros(cells), np.zeros(cells, dtype=np.int64), np.zeros(cells))
        first_arrivals(lattice, arrivals, *key)
        for _ in range(steps):
            draw(lattice, arrivals, arrivals, rate, 1.0, 1.0 / steps, given, continuous, *key, 1000)
        return arrivals.arrived

    once, often = count(1), count(64)
    return f"{once.sum()} and {often.sum()} nuclei in 1 and 64 steps", bool(np.array_equal(once, often)) and once.sum() > 0


def _run(name: str, threads: int = 1) -> Any:
    from calcisim import scenario as door
    from calcisim.simulation.run import Simulation

    scenario = door.load(name, (), True)
    simulation = Simulation(scenario, threads=threads)
    simulation.advance(scenario.duration)
    return simulation


@check("books of calcium, phosphorus and alkalinity", f"≤ {LEDGER_MOST:g} relative")
def _books() -> Got:
    worst = 0.0
    for name in SCENARIOS:
        values = _run(name).observables()
        worst = max(worst, *(float(values[f"ledger_{element}_relative"]) for element in ("calcium", "phosphorus", "alkalinity")))
    return f"{worst:.1e}", worst <= LEDGER_MOST


@check("nothing is negative", "least value ≥ 0")
def _positive() -> Got:
    inner = (slice(None), *(slice(1, -1),) * 3)
    least = math.inf
    for name in SCENARIOS:
        for site in _run(name).sites.values():
            state = site.state
            least = min(least, *(float(array.min()) for array in (state.c[inner], state.u[inner], state.mineral[inner], state.number)))
    return f"{least:.1e}", least >= 0.0


@check("repeated, resumed, and on two threads", "the same bytes")
def _repeat() -> Got:
    from calcisim import scenario as door
    from calcisim.numerics import threads
    from calcisim.results.sha import state_sha256
    from calcisim.simulation.run import Simulation

    name = SCENARIOS[1]
    scenario = door.load(name, (), True)
    before, serial_below = threads.count(), threads.SERIAL_BELOW
    try:
        whole = state_sha256(_run(name).arrays())
        threads.SERIAL_BELOW = 0
        shared = state_sha256(_run(name, threads=2).arrays())
        part = Simulation(scenario)
        part.advance(scenario.duration, should_stop=_after(5))
        kept = {key: array.copy() for key, array in part.arrays().items()}
        rest = Simulation.restore(scenario, kept, part.meta())
        rest.advance(scenario.duration)
        resumed = state_sha256(rest.arrays())
    finally:
        threads.SERIAL_BELOW = serial_below
        threads.use(before)
    same = {"repeat": whole == state_sha256(_run(name).arrays()), "2 threads": whole == shared, "resume": whole == resumed}
    differing = [what for what, equal in same.items() if not equal]
    return f"differs: {', '.join(differing)}" if differing else whole[:12], not differing


def _after(steps: int) -> Callable[[], bool]:
    """A `should_stop` that is true once, at the given step."""
    left = [steps]

    def stop() -> bool:
        left[0] -= 1
        return left[0] == 0

    return stop

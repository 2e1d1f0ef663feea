"""Time to the same answer: column A (column.py) to 1 % in the total and in the profile of mineral, against LSODA at tight tolerances.

Every method takes the same compiled kinetics and is given the fewest steps, or the loosest tolerance, with which it gets there, found
beforehand; the search is not timed. Ours has Python around its sweeps, splitting and forward Euler are compiled as a whole. A method
whose run takes longer than a few seconds is timed over fewer steps; what the whole takes follows from how the two compared when it was run
once.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from calcisim.studies.bench_pair import Pair, Prepared
from measures import column

ERROR = 0.01
CAP_S, TIMED_S = 60.0, 3.0  # longest run of a search; longest that is repeated as a whole
TOLERANCES = (1.0, 0.3, 0.1, 0.03, 0.01)
CASE = column.case_a(128)


class Found(NamedTuple):
    """Steps with which a method gets there, the seconds of that run (estimated where `extrapolated`), its error and observed order."""

    steps: int
    seconds: float
    error: float
    order: float | None
    extrapolated: bool


Method = Callable[[int], np.ndarray]  # steps → mineral


def largest_error(profile: np.ndarray, exact: np.ndarray) -> float:
    """The larger of the errors of total and profile; infinite where there is no answer."""
    if not np.all(np.isfinite(profile)):
        return math.inf
    return max(map(abs, column.error(profile, exact)))


def search(method: Method, exact: np.ndarray, first: int, cap: float = CAP_S) -> Found:
    """Double the steps until the error is at most 1 %, then go back to where a straight line on logarithmic axes crosses it.

    When the next run would take longer than `cap`, steps and seconds are extrapolated by the order between the last two runs, but at
    least first order, which is in favour of a method that has not reached its own yet.
    """
    before: tuple[int, float] | None = None
    steps = first
    while True:
        error, seconds = _tried(method, steps, exact)
        order = None
        if before is not None and math.isfinite(before[1]) and error < before[1]:
            order = math.log(before[1] / error) / math.log(steps / before[0])
        if error <= ERROR:
            return _between(method, exact, before, Found(steps, seconds, error, order, False))
        if 2.0 * seconds > cap:
            factor = (error / ERROR) ** (1.0 / max(order or 1.0, 1.0))
            return Found(math.ceil(steps * factor), seconds * factor, error, order, True)
        before, steps = (steps, error), 2 * steps


def _tried(method: Method, steps: int, exact: np.ndarray) -> tuple[float, float]:
    began = time.perf_counter()
    profile = method(steps)
    seconds = time.perf_counter() - began
    return largest_error(profile, exact), seconds


def _between(method: Method, exact: np.ndarray, before: tuple[int, float] | None, good: Found) -> Found:
    """Fewer steps than the first that were enough, where they are enough too."""
    if before is None or good.order is None:
        return good
    steps = math.ceil(1.02 * before[0] * (before[1] / ERROR) ** (1.0 / good.order))
    if not before[0] < steps < good.steps:
        return good
    error, seconds = _tried(method, steps, exact)
    return good._replace(steps=steps, seconds=seconds, error=error) if error <= ERROR else good


def timed(name: str, method: Method, found: Found) -> Prepared:
    """A method ready to be timed with the steps that were found, or with a part of them."""
    details = {"reference_steps": found.steps, "reference_error": found.error, "order": found.order, "extrapolated": found.extrapolated}
    said = f"{name}, {found.steps} steps"
    if found.seconds <= TIMED_S:
        return Prepared(partial(_do, method, found.steps), said, 1.0, details)
    part = max(1, found.steps * int(1e3 * TIMED_S / 2.0) // int(1e3 * found.seconds))
    _, seconds = _tried(method, part, np.ones(CASE.sites.size))
    details |= {"scaled_from_steps": part, "search_s": found.seconds}
    return Prepared(partial(_do, method, part), said, found.seconds / seconds, details)


def _do(function: Callable[..., object], *arguments: object) -> None:
    """A run: whatever comes out is dropped, so that it is not taken for a time."""
    function(*arguments)


def ours() -> Prepared:
    """The shipped integrator at the loosest tolerance that is enough."""
    exact = column.reference(CASE)
    for tolerance in TOLERANCES:
        profile, counters = column.coupled(CASE, tolerance)
        error = largest_error(profile, exact)
        if error <= ERROR:
            details = {"steps": counters.steps, "newton_iterations": counters.newton_iterations, "error": error}
            name = f"coupled SDIRK2, relative tolerance {tolerance:g}, {counters.steps} steps"
            return Prepared(partial(_do, column.coupled, CASE, tolerance), name, 1.0, details)
    raise ArithmeticError(f"no tolerance of {TOLERANCES} gives 1 %")


def lie(steps: int) -> np.ndarray:
    return column.lie(CASE, steps)


def strang(steps: int) -> np.ndarray:
    return column.strang(CASE, steps)


def iterated(steps: int) -> np.ndarray:
    """With the last step's reaction as the first guess, and no closer than the answer needs: its fastest form here."""
    return column.iterated(CASE, steps, 0.1)[0]


def splitting(name: str, method: Method, first: int) -> Prepared:
    column.lie(CASE, 2)
    method(2)  # compiles
    return timed(name, method, search(method, column.reference(CASE), first))


def best_splitting() -> Prepared:
    """The fastest of the three: a method's search ends when one of its runs takes longer than the best so far."""
    exact, best, tried = column.reference(CASE), None, {}
    for name, method, first in SCHEMES:
        method(2)
        found = search(method, exact, first, CAP_S if best is None else max(best[2].seconds, 0.5))
        tried[name] = {"steps": found.steps, "seconds": found.seconds, "extrapolated": found.extrapolated}
        if best is None or found.seconds < best[2].seconds:
            best = (name, method, found)
    assert best is not None
    ready = timed(*best)
    return ready._replace(name=f"best splitting: {ready.name}", details={**ready.details, "schemes": tried})


SCHEMES: tuple[tuple[str, Method, int], ...] = (
    ("iterated splitting (SIA)", iterated, 192),
    ("Strang splitting", strang, 1536),
    ("Lie splitting", lie, 1536),
)


def limit() -> float:
    """Largest stable step of forward Euler [s] by the fastest rate of diffusion and exchange in open pores."""
    fastest = 4.0 * float(column.DIFFUSIVITY.max()) / CASE.spacing**2 + float(CASE.perfusion.max())
    return 2.0 / fastest


def explicit() -> Prepared:
    """Forward Euler at its stability limit, where its error is far below 1 %."""
    steps = math.ceil(CASE.end / limit())
    column.euler(CASE, 2, 1.0)
    exact = column.reference(CASE)
    error, seconds = _tried(lambda count: column.euler(CASE, count), steps, exact)
    if not error <= ERROR:
        raise ArithmeticError(f"forward Euler at its limit has an error of {error:g}")
    part = max(1, int(steps * 0.5 * TIMED_S / seconds))
    share = CASE.end * part / steps
    began = time.perf_counter()
    column.euler(CASE, part, share)
    scale = seconds / (time.perf_counter() - began)
    details = {"reference_steps": steps, "reference_error": error, "scaled_from_steps": part, "search_s": seconds, "extrapolated": False}
    run = partial(_do, column.euler, CASE, part, share)
    return Prepared(run, f"forward Euler at its stability limit, {steps} steps", scale, details)


def scipy_solver(name: str, **options: object) -> Prepared:
    """A stiff solver of scipy at the loosest tolerance that is enough; absolute tolerance 0.1 of the relative, in mmol/L."""
    from scipy.integrate import solve_ivp

    f, start = column.system(CASE)
    exact = column.reference(CASE)

    def solve(tolerance: float):
        return solve_ivp(f, (0.0, CASE.end), start, method=name, rtol=tolerance, atol=0.1 * tolerance, t_eval=[CASE.end], **options)

    for exponent in np.arange(1.0, 8.5, 0.5):
        tolerance = 10.0**-exponent
        out = solve(tolerance)
        error = largest_error(out.y[2::3, -1], exact) if out.success else math.inf
        if error <= ERROR:
            details = {"reference_error": error, "evaluations": out.nfev, "tolerance": tolerance, "extrapolated": False}
            return Prepared(partial(_do, solve, tolerance), f"scipy {name}, relative tolerance {tolerance:.1g}", 1.0, details)
    raise ArithmeticError(f"scipy {name} does not reach 1 %")


def _bdf() -> Prepared:
    from scipy import sparse

    size = 3 * CASE.sites.size
    return scipy_solver("BDF", jac_sparsity=sparse.diags_array([np.ones(size)] * 11, offsets=range(-5, 6), shape=(size, size)))


def against_splitting() -> Pair:
    return Pair(ours, best_splitting)


def against_lie() -> Pair:
    return Pair(ours, lambda: splitting("Lie splitting", lie, 1536), repetitions=5)


def against_strang() -> Pair:
    return Pair(ours, lambda: splitting("Strang splitting", strang, 1536), repetitions=5)


def against_explicit() -> Pair:
    return Pair(ours, explicit, repetitions=5)


def against_bdf() -> Pair:
    return Pair(ours, _bdf)


def against_lsoda() -> Pair:
    return Pair(ours, lambda: scipy_solver("LSODA", lband=5, uband=5))

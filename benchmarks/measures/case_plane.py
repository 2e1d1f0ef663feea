"""Time to the same answer in two dimensions: the kinetics of column A around a disc without vessels, to 1 % in total and in mineral.

The answer is that of our own solver at a hundredth of the tolerance; BDF, which shares nothing with it but the kinetics, must come within
1 % of it to be timed at all. Forward Euler is run for a small part of its steps, and the whole is taken to be that many times longer.
"""

import math
from functools import partial

import numpy as np

from calcisim.numerics.newton import NewtonControl
from calcisim.numerics.sdirk import Counters, StepSize, advance
from calcisim.studies.bench_pair import Pair, Prepared
from calcisim.studies.trial import Medium, Trial
from measures import column
from measures import column_kernels as kernels
from measures.case_a import ERROR, TOLERANCES, _do, largest_error

N = 64
EXACT = 1e-3  # relative tolerance of the answer
PART = 200  # steps of forward Euler that are run
AXIS = (np.arange(N) + 0.5) * column.LENGTH / N
RADIUS = np.hypot(*np.meshgrid(AXIS, AXIS, indexing="ij"))
CASE = column.Case(np.where(RADIUS > 2.0, 1e-3, 0.0), np.exp(-((RADIUS / 2.5) ** 8)), 2e-4, 3e-4, False, 90.0 * column.DAY)
SPACING = column.LENGTH / N
GIVEN = (CASE.sites, CASE.perfusion, SPACING, column.DIFFUSIVITY, column.STOICHIOMETRY, column.OUTSIDE, CASE.laws)


class Plane(Trial):
    """A quarter of the disc, all walls closed, as a `StepProblem` of the shipped numerics."""

    def __init__(self, relative: float):
        shape, same = (1, N, N), np.ones((1, N, N))
        medium = Medium(
            shape, (1.0, SPACING, SPACING), column.DIFFUSIVITY, column.STOICHIOMETRY, column.POROSITY * same, column.POROSITY * same,
            CASE.perfusion[None], column.OUTSIDE, np.zeros(6), column.MOLAR_VOLUME, column.LEAST,
        )  # fmt: skip
        super().__init__(medium, np.full((2, *shape), column.START), np.zeros(shape), relative, 50.0 * relative)

    def react(self, stage):
        fields = (self.c, self.base_m, self.m, self.porosity, self.hierarchy.fine.w)
        self.rows(kernels.settle_rows, *fields, CASE.sites, stage.gamma_dt, CASE.laws)
        return True


def coupled(relative: float) -> tuple[np.ndarray, Counters]:
    """Mineral at the end (y, x), and the work."""
    plane, counters, size, time = Plane(relative), Counters(), StepSize(10.0, largest=30.0 * column.DAY), 0.0
    while time < CASE.end:
        time = advance(plane, time, CASE.end, size, NewtonControl(), counters)
    return plane.mineral[0].copy(), counters


def start() -> np.ndarray:
    y = np.zeros((N, N, 3))
    y[..., :2] = column.POROSITY * column.START
    return y


def right_hand_side(_: float, flat: np.ndarray) -> np.ndarray:
    y = flat.reshape(N, N, 3)
    out = np.empty_like(y)
    kernels.plane_derivative(y, out, *GIVEN)
    return out.ravel()


def sparsity():
    """Which unknowns depend on which: those of a voxel and of its neighbours."""
    from scipy import sparse

    line = sparse.diags_array([np.ones(N)] * 3, offsets=(-1, 0, 1), shape=(N, N))
    one = sparse.eye_array(N)
    grid = sparse.kron(line, one) + sparse.kron(one, line)
    return sparse.kron(grid, np.ones((3, 3))).tocsc()


def ours() -> Prepared:
    exact = coupled(EXACT)[0]
    for tolerance in TOLERANCES:
        mineral, counters = coupled(tolerance)
        error = largest_error(mineral, exact)
        if error <= ERROR:
            details = {"steps": counters.steps, "newton_iterations": counters.newton_iterations, "error": error}
            name = f"coupled SDIRK2, {N}², relative tolerance {tolerance:g}, {counters.steps} steps, one thread"
            return Prepared(partial(_do, coupled, tolerance), name, 1.0, details)
    raise ArithmeticError(f"no tolerance of {TOLERANCES} gives 1 %")


def _bdf() -> Prepared:
    """scipy's BDF with a sparse Jacobian, at the loosest tolerance that is enough."""
    from scipy.integrate import solve_ivp

    exact, pattern = coupled(EXACT)[0], sparsity()

    def solve(tolerance: float):
        options = {"rtol": tolerance, "atol": 0.1 * tolerance, "jac_sparsity": pattern, "t_eval": [CASE.end]}
        return solve_ivp(right_hand_side, (0.0, CASE.end), start().ravel(), method="BDF", **options)

    for exponent in np.arange(1.0, 6.5, 0.5):
        tolerance = 10.0**-exponent
        out = solve(tolerance)
        error = largest_error(out.y[2::3, -1].reshape(N, N), exact) if out.success else math.inf
        if error <= ERROR:
            details = {"reference_error": error, "evaluations": out.nfev, "factorisations": out.nlu, "extrapolated": False}
            return Prepared(partial(_do, solve, tolerance), f"scipy BDF, sparse Jacobian, relative tolerance {tolerance:.1g}", 1.0, details)
    raise ArithmeticError("scipy's BDF does not come within 1 % of our answer")


def _explicit() -> Prepared:
    fastest = 8.0 * float(column.DIFFUSIVITY.max()) / SPACING**2 + float(CASE.perfusion.max())
    steps = math.ceil(CASE.end * fastest / 2.0)
    y = start()
    run = partial(_do, kernels.plane_euler, y, PART, CASE.end / steps, *GIVEN)
    details = {"reference_steps": steps, "scaled_from_steps": PART, "extrapolated": True}
    return Prepared(run, f"forward Euler at its stability limit, {steps} steps", steps / PART, details)


def against_bdf() -> Pair:
    return Pair(ours, _bdf, repetitions=5)


def against_explicit() -> Pair:
    return Pair(ours, _explicit)

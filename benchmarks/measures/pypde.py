"""The explicit problem of explicit.py in py-pde, compiled by its numba backend, forward Euler with the same step."""

import numpy as np

from calcisim.studies.bench_pair import Pair, Prepared
from measures import explicit

STEPS = 20


def _stepper(shape: tuple[int, int, int]):
    """(stepper, fields) of py-pde on a plane; x first, as its grids have it."""
    import pde

    _, rows, columns = shape
    ca, p, m, site = (field[0].T for field in explicit.start(shape))
    grid = pde.CartesianGrid([[0, columns], [0, rows]], [columns, rows], periodic=False)
    fields = pde.FieldCollection([pde.ScalarField(grid, values) for values in (ca, p, m)], labels=["a", "b", "m"])
    grown = "k * heaviside(a * b - q, 0) * (a * b - q) * s"
    first, second = explicit.DIFFUSIVITY
    equations = {"a": f"{first} * laplace(a) - {grown}", "b": f"{second} * laplace(b) - {grown}", "m": grown}
    constants = {"k": explicit.RATE, "q": explicit.PRODUCT, "s": pde.ScalarField(grid, site)}
    problem = pde.PDE(equations, bc={"derivative": 0}, consts=constants)
    return pde.EulerSolver(problem, backend="numba", adaptive=False).make_stepper(fields, dt=explicit.STEP[2]), fields


def _theirs(shape: tuple[int, int, int]) -> Prepared:
    dt = explicit.STEP[2]
    stepper, fields = _stepper(shape)
    stepper(fields, 0.0, 3 * dt)  # compiles, every time anew
    ours = explicit.Explicit(shape)
    for _ in range(3):
        ours.step()
    gap = max(float(np.abs(field.data.T - values[0]).max()) for field, values in zip(fields, ours.values(), strict=True))
    if not gap < 1e-12:
        raise ArithmeticError(f"py-pde and the fused step differ by {gap:g} after three steps")

    def run() -> None:
        stepper(fields, 0.0, STEPS * dt)

    return Prepared(run, "py-pde, numba backend, explicit", 1.0 / STEPS, {"largest_difference": gap})


def plane() -> Pair:
    return Pair(lambda: explicit.ours(explicit.PLANE, 200), lambda: _theirs(explicit.PLANE))

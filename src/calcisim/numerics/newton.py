"""Inexact Newton for one implicit stage.

The method knows nothing of what is solved: a `StageProblem` evaluates its residual (eliminating what is local), hands over a
linear operator, and applies a damped increment.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class LinearSolver(Protocol):
    """What solves the linearised stage."""

    def solve(self, b: np.ndarray, x: np.ndarray, tolerance: float, limit: int = 30) -> bool: ...


class StageProblem(Protocol):
    """A system of equations at its current iterate."""

    residual: np.ndarray
    increment: np.ndarray

    def evaluate(self) -> bool:
        """Residual and local eliminations at the iterate; False where they have no solution (the stage then fails)."""

    def operator(self) -> LinearSolver:
        """The linearisation at the last evaluated iterate."""

    def update(self) -> float:
        """Apply `increment`, damped so that every unknown stays positive; the largest relative change before damping."""

    def residual_norm(self) -> float:
        """Largest residual of a voxel relative to what it holds; below 1 the ledger stays positive."""


@dataclass(frozen=True)
class NewtonControl:
    """Tolerances: of the increment (relative), of the linear solve, of the remaining residual; a residual that is rounding and needs no
    correction; and the most iterations."""

    increment: float = 1e-3
    linear: float = 2e-2
    residual: float = 0.5
    rounding: float = 1e-14
    iterations: int = 15


@dataclass
class NewtonReport:
    """How a stage went."""

    converged: bool
    iterations: int
    reason: str = ""


def solve_stage(problem: StageProblem, control: NewtonControl) -> NewtonReport:
    """Iterate until the increment and the residual are below their tolerances."""
    change = math.inf
    for iteration in range(control.iterations + 1):
        if not problem.evaluate():
            return NewtonReport(False, iteration, "a voxel has no local solution")
        left = problem.residual_norm()
        if left < control.rounding or (change < control.increment and left < control.residual):
            return NewtonReport(True, iteration)
        if iteration == control.iterations:
            break
        solver = problem.operator()
        if not solver.solve(problem.residual, problem.increment, control.linear):
            return NewtonReport(False, iteration, "the linear solver did not converge")
        change = problem.update()
        if not math.isfinite(change):
            return NewtonReport(False, iteration, "an increment is not finite")
    return NewtonReport(False, control.iterations, "Newton did not converge")

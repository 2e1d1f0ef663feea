"""A column with nucleation, growth, filling pores and exchange with vessels, and ways to solve it.

mm, s and mmol/L. Two solutes (D = 5e-4 and 6e-4 mm²/s) and a mineral that takes them up 1.67 : 1, with number-based area,
    dm/dt = kg σ^(1/3) (m + σ)^(2/3) g (q − 1) + J0 σ g exp(−B/ln²Ω),   g = φ/φ0, q = √Ω
(below saturation the area is m/(m + σ)^(1/3), and nothing nucleates), σ the density of sites.
A: 90 days, a core without vessels. B: 20 days, no vessels, supply through the far face, a growth front two voxels thick.
"""

from typing import NamedTuple

import numpy as np

from calcisim.numerics.newton import NewtonControl
from calcisim.numerics.sdirk import Counters, StepSize, advance
from calcisim.studies.trial import Medium, Trial
from measures import column_kernels as kernels

LENGTH, DAY = 5.0, 86400.0
DIFFUSIVITY, STOICHIOMETRY = np.array([5e-4, 6e-4]), np.array([1.67, 1.0])
OUTSIDE, START = np.array([2.4, 2.5]), 1.2
MOLAR_VOLUME, POROSITY, LEAST = 5.0e-5, 0.8, 1e-3
PRODUCT, BARRIER = 1.5, 12.0


class Case(NamedTuple):
    """Perfusion and sites per voxel, nucleation and growth constants, whether the far face is held, end [s]."""

    perfusion: np.ndarray
    sites: np.ndarray
    nucleation: float
    growth: float
    held: bool
    end: float

    @property
    def laws(self) -> tuple[float, ...]:
        return self.nucleation, self.growth, PRODUCT, BARRIER, MOLAR_VOLUME, POROSITY, LEAST

    @property
    def spacing(self) -> float:
        return LENGTH / self.sites.size

    @property
    def given(self) -> tuple:
        """What every sweep takes after its own arguments."""
        return self.sites, self.perfusion, self.spacing, self.held, DIFFUSIVITY, STOICHIOMETRY, OUTSIDE, self.laws


def case_a(n: int) -> Case:
    x = (np.arange(n) + 0.5) * LENGTH / n
    return Case(np.where(x > 2.0, 1e-3, 0.0), np.exp(-((x / 2.5) ** 8)), 2e-4, 3e-4, False, 90.0 * DAY)


def case_b(n: int, growth: float = 3e-3) -> Case:
    x = (np.arange(n) + 0.5) * LENGTH / n
    return Case(np.zeros(n), np.where(x < 2.0, 1.0, 0.0), 0.0, growth, True, 20.0 * DAY)


class Column(Trial):
    """A case as a `StepProblem` of the shipped numerics."""

    def __init__(self, case: Case, relative: float):
        n = case.sites.size
        self.case, self.laws = case, case.laws
        shape, same = (1, 1, n), np.ones((1, 1, n))
        faces = np.array([0.0, 0.0, 0.0, 0.0, 0.0, np.inf if case.held else 0.0])
        medium = Medium(
            shape, (1.0, 1.0, LENGTH / n), DIFFUSIVITY, STOICHIOMETRY, POROSITY * same, POROSITY * same, case.perfusion.reshape(shape),
            OUTSIDE, faces, MOLAR_VOLUME, LEAST,
        )  # fmt: skip
        super().__init__(medium, np.full((2, *shape), START), np.zeros(shape), relative, 50.0 * relative)

    def react(self, stage):
        kernels.settle_row(self.c, self.base_m, self.m, self.porosity, self.hierarchy.fine.w, self.case.sites, stage.gamma_dt, self.laws)
        return True

    @property
    def profile(self) -> np.ndarray:
        return self.mineral[0, 0]


def solve(case: Case, relative: float) -> tuple[Column, Counters]:
    """Adaptive steps with the shipped controller and the shipped Newton tolerances."""
    column, counters, size, time = Column(case, relative), Counters(), StepSize(10.0, largest=30.0 * DAY), 0.0
    while time < case.end:
        time = advance(column, time, case.end, size, NewtonControl(), counters)
    return column, counters


def coupled(case: Case, relative: float) -> tuple[np.ndarray, Counters]:
    """Mineral at the end, and the work."""
    column, counters = solve(case, relative)
    return column.profile.copy(), counters


def system(case: Case):
    """(f(t, y), y at the start) for an ODE solver; y = (φ c_0, φ c_1, m) of every voxel in turn, so that the Jacobian is banded."""
    given = case.given

    def right_hand_side(_, y):
        out = np.empty_like(y)
        kernels.derivative(y, out, *given)
        return out

    start = np.zeros(3 * case.sites.size)
    start[0::3] = start[1::3] = POROSITY * START
    return right_hand_side, start


def reference(case: Case) -> np.ndarray:
    """Mineral at the end by LSODA with tight tolerances."""
    from scipy.integrate import solve_ivp

    f, start = system(case)
    out = solve_ivp(f, (0.0, case.end), start, method="LSODA", rtol=1e-8, atol=1e-9, lband=5, uband=5, t_eval=[case.end])
    if not out.success:
        raise ArithmeticError(out.message)
    return out.y[2::3, -1]


def _fresh(case: Case) -> tuple[np.ndarray, np.ndarray]:
    n = case.sites.size
    return np.full((2, n), POROSITY * START), np.zeros(n)


def lie(case: Case, steps: int, substeps: int = 1, end: float | None = None) -> np.ndarray:
    u, m = _fresh(case)
    kernels.lie(u, m, steps, (end or case.end) / steps, substeps, *case.given)
    return m


def strang(case: Case, steps: int, substeps: int = 1, end: float | None = None) -> np.ndarray:
    u, m = _fresh(case)
    kernels.strang(u, m, steps, (end or case.end) / steps, substeps, *case.given)
    return m


def iterated(case: Case, steps: int, tolerance: float = 1e-3, limit: int = 20_000, end: float | None = None) -> tuple[np.ndarray, int]:
    u, m = _fresh(case)
    total = kernels.iterated(u, m, steps, (end or case.end) / steps, tolerance, limit, *case.given)
    return m, total


def euler(case: Case, steps: int, end: float | None = None) -> np.ndarray:
    _, y = system(case)
    kernels.euler(y, steps, (end or case.end) / steps, *case.given)
    return y[2::3].copy()


def error(profile: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    """Relative error of the total (with its sign), and relative L2 error of the profile."""
    return float(profile.sum() / exact.sum() - 1.0), float(np.linalg.norm(profile - exact) / np.linalg.norm(exact))

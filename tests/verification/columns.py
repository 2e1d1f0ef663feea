"""Two one-dimensional columns with their own kinetics, driven by the shipped numerics, and the same equations for an ODE solver.

Calcium and phosphate (mmol/L), one mineral, lengths in mm, times in s. With Ω = c_0 c_1/K and q = √Ω
    dm/dt = k σ^(1/3) (m + σ)^(2/3) g (q − 1) + J0 σ g exp(−B/ln²Ω),   g = φ/φ0
(below saturation the area is m/(m + σ)^(1/3), and nothing nucleates), σ the density of sites.
A: 90 days, a core without vessels. B: 20 days, no vessels, supply through the far face, a growth front two voxels thick.
"""

from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel
from calcisim.numerics.newton import NewtonControl
from calcisim.numerics.sdirk import Counters, StepSize, advance
from calcisim.studies.trial import Medium, Trial

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


def case_a(n: int) -> Case:
    x = (np.arange(n) + 0.5) * LENGTH / n
    return Case(np.where(x > 2.0, 1e-3, 0.0), np.exp(-((x / 2.5) ** 8)), 2e-4, 3e-4, False, 90.0 * DAY)


def case_b(n: int, growth: float = 3e-3) -> Case:
    x = (np.arange(n) + 0.5) * LENGTH / n
    return Case(np.zeros(n), np.where(x < 2.0, 1.0, 0.0), 0.0, growth, True, 20.0 * DAY)


@kernel
def rate(c0, c1, m, site, laws):
    """dm/dt and its derivatives by c0, c1 and m."""
    nucleation, growth, product, barrier, molar_volume, porosity, least = laws
    if site <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    omega = c0 * c1 / product
    q = np.sqrt(omega)
    free = porosity - molar_volume * m
    share = max(free, least) / porosity
    by_share = -molar_volume / porosity if free > least else 0.0
    root = (m + site) ** (1.0 / 3.0)
    if q > 1.0:
        area, by_m = root * root, 2.0 / (3.0 * root)
    else:
        area, by_m = m / root, 1.0 / root - m / (3.0 * root * (m + site))
    scale = growth * site ** (1.0 / 3.0) * (q - 1.0)
    value = scale * area * share
    slope = scale * (by_m * share + area * by_share)
    by_log = 0.5 * growth * site ** (1.0 / 3.0) * area * share * q
    if omega > 1.0:
        log = np.log(omega)
        born = nucleation * site * np.exp(-barrier / (log * log))
        value += born * share
        slope += born * by_share
        by_log += born * share * 2.0 * barrier / (log * log * log)
    return value, by_log / c0, by_log / c1, slope


@kernel
def settle(c0, c1, base, site, gamma_dt, laws):
    """The m with m = base + γΔt dm/dt, by Newton inside a bracket; m, ∂m/∂c0, ∂m/∂c1."""
    low, high = 0.0, max(base, 1e-6)
    for _ in range(100):
        if high - base - gamma_dt * rate(c0, c1, high, site, laws)[0] >= 0.0:
            break
        low, high = high, 2.0 * high + 1e-6
    m = high
    below, by0, by1 = 1.0, 0.0, 0.0
    for _ in range(100):
        value, by0, by1, slope = rate(c0, c1, m, site, laws)
        gap = m - base - gamma_dt * value
        below = 1.0 - gamma_dt * slope
        if gap > 0.0:
            high = m
        else:
            low = m
        if abs(gap) <= 1e-13 * (m + base):
            break
        trial = m - gap / below
        if not (low < trial < high):
            trial = 0.5 * (low + high)
        if trial == m:
            break
        m = trial
    return m, gamma_dt * by0 / below, gamma_dt * by1 / below


@kernel
def settle_row(c, base, m, porosity, w, sites, gamma_dt, laws):
    """One pass over the column, the single row (1, 1) of a padded grid."""
    for i in range(1, sites.size + 1):
        value, w0, w1 = settle(c[0, 1, 1, i], c[1, 1, 1, i], base[0, 1, 1, i], sites[i - 1], gamma_dt, laws)
        m[0, 1, 1, i] = value
        porosity[1, 1, i] = max(laws[5] - laws[4] * value, laws[6])
        w[0, 0, 1, 1, i] = w0
        w[0, 1, 1, 1, i] = w1


@kernel
def derivative(y, out, sites, perfusion, spacing, held, diffusivity, stoichiometry, outside, laws):
    """The same column as an ordinary differential equation: y = (φ c_0, φ c_1, m) of every voxel in turn."""
    n = sites.size
    porosity, least = laws[5], laws[6]
    for i in range(n):
        phi = max(porosity - laws[4] * y[3 * i + 2], least)
        c0, c1 = max(y[3 * i] / phi, 1e-12), max(y[3 * i + 1] / phi, 1e-12)
        grown = rate(c0, c1, max(y[3 * i + 2], 0.0), sites[i], laws)[0]
        out[3 * i] = perfusion[i] * phi * (outside[0] - c0) - stoichiometry[0] * grown
        out[3 * i + 1] = perfusion[i] * phi * (outside[1] - c1) - stoichiometry[1] * grown
        out[3 * i + 2] = grown
    for i in range(n):
        phi = max(porosity - laws[4] * y[3 * i + 2], least)
        here = phi * phi / porosity
        for s in range(2):
            c = y[3 * i + s] / phi
            if i + 1 < n:
                next_phi = max(porosity - laws[4] * y[3 * i + 5], least)
                there = next_phi * next_phi / porosity
                flux = diffusivity[s] * 2.0 * here * there / (here + there) * (y[3 * i + 3 + s] / next_phi - c) / (spacing * spacing)
                out[3 * i + s] += flux
                out[3 * i + 3 + s] -= flux
            elif held:
                out[3 * i + s] += 2.0 * diffusivity[s] * here * (outside[s] - c) / (spacing * spacing)


def laws_of(case: Case) -> tuple[float, ...]:
    return case.nucleation, case.growth, PRODUCT, BARRIER, MOLAR_VOLUME, POROSITY, LEAST


class Column(Trial):
    """A case as a `StepProblem`."""

    def __init__(self, case: Case, relative: float):
        n = case.sites.size
        self.case, self.laws = case, laws_of(case)
        shape, same = (1, 1, n), np.ones((1, 1, n))
        faces = np.array([0.0, 0.0, 0.0, 0.0, 0.0, np.inf if case.held else 0.0])
        medium = Medium(
            shape, (1.0, 1.0, LENGTH / n), DIFFUSIVITY, STOICHIOMETRY, POROSITY * same, POROSITY * same, case.perfusion.reshape(shape),
            OUTSIDE, faces, MOLAR_VOLUME, LEAST,
        )  # fmt: skip
        super().__init__(medium, np.full((2, *shape), START), np.zeros(shape), relative, 50.0 * relative)

    def react(self, stage):
        settle_row(self.c, self.base_m, self.m, self.porosity, self.hierarchy.fine.w, self.case.sites, stage.gamma_dt, self.laws)
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


def system(case: Case):
    """(f(t, y), y at the start) for an ODE solver."""
    n = case.sites.size
    laws = laws_of(case)

    def right_hand_side(_, y):
        out = np.empty_like(y)
        derivative(y, out, case.sites, case.perfusion, LENGTH / n, case.held, DIFFUSIVITY, STOICHIOMETRY, OUTSIDE, laws)
        return out

    start = np.zeros(3 * n)
    start[0::3] = start[1::3] = POROSITY * START
    return right_hand_side, start


@kernel
def take_up(c, base, m, w, rate, gamma_dt):
    """dm/dt = k c along a line, whatever its axis."""
    for s in range(1, c.shape[1] - 1):
        for j in range(1, c.shape[2] - 1):
            for i in range(1, c.shape[3] - 1):
                m[0, s, j, i] = base[0, s, j, i] + gamma_dt * rate * c[0, s, j, i]
                w[0, 0, s, j, i] = gamma_dt * rate


class Uptake(Trial):
    """A mineral that takes up the only solute in proportion to it, without filling pores."""

    rate = 80.0

    def react(self, stage):
        take_up(self.c, self.base_m, self.m, self.hierarchy.fine.w, self.rate, stage.gamma_dt)
        return True

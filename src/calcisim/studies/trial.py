"""A small transport problem with kinetics of its own, advanced by the shipped `numerics`: what verification and notebooks need.

    d(φ c_s)/dt = ∇·(D_s F ∇c_s) + φ κ (c_s,outside − c_s) + outer faces + f_s(x, t) − S_s dm/dt,   φ = φ0 − V m

A subclass says how the mineral reacts (`react`) and what is added (`source`). The simulation's own model is not used here, so that
agreement with an independent answer tests the solver and the transport sweeps, not the physics.
"""

import math
from typing import NamedTuple

import numpy as np

from calcisim.numerics import threads
from calcisim.numerics.krylov import Bicgstab
from calcisim.numerics.multigrid import Hierarchy
from calcisim.numerics.newton import NewtonControl
from calcisim.numerics.reduce import largest
from calcisim.numerics.sdirk import GAMMA, Counters, Stage, attempt
from calcisim.physics import transport
from calcisim.simulation.sides import Sides

INNER = (slice(1, -1),) * 3
FIELD = (slice(None), *INNER)
TIGHT = NewtonControl(increment=1e-11, linear=1e-3, residual=1e-9, iterations=60)


class Medium(NamedTuple):
    """Grid and material; arrays are (z, y, x), one unit system of the caller's choice.

    outside (species,): concentration in vessels and beyond the faces; faces (6,): exchange of z, y, x, low and high (0 closed, inf held);
    coarse: spacing above which half voxels conduct by TRN-7, with the first solute in place of calcium
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    diffusivity: np.ndarray
    stoichiometry: np.ndarray
    porosity: np.ndarray
    hindrance: np.ndarray
    perfusion: np.ndarray
    outside: np.ndarray
    faces: np.ndarray
    molar_volume: float = 0.0
    least_porosity: float = 1e-3
    coarse: float = math.inf


def padded(values: np.ndarray, fill: float = 0.0) -> np.ndarray:
    """Copy with one ghost layer on the last three axes."""
    out = np.full((*values.shape[:-3], *(n + 2 for n in values.shape[-3:])), fill)
    out[(..., *INNER)] = values
    return out


class Trial:
    """A `StepProblem` of solutes and one mineral on a grid. c (species, z, y, x) and m (z, y, x) are the fields at the start."""

    def __init__(self, medium: Medium, c: np.ndarray, m: np.ndarray, relative: float = 1e-3, absolute: float = 1.0):
        self.medium, self.relative, self.absolute = medium, relative, absolute
        self.n_rows, self.row_size = medium.shape[0] * medium.shape[1], medium.shape[2]
        self.hierarchy = Hierarchy(medium.shape, medium.spacing, medium.diffusivity, medium.stoichiometry.reshape(-1, 1))
        self.solver = Bicgstab(self.hierarchy)
        self.place = np.arange(math.prod(self.hierarchy.fine.tx.shape), dtype=np.int32).reshape(self.hierarchy.fine.tx.shape)
        self.initial_porosity, self.hindrance = padded(medium.porosity, 1.0), padded(medium.hindrance)
        self.perfusion, self.spacing = padded(medium.perfusion), np.array(medium.spacing)
        self.old_c, self.old_m = padded(c, 1.0), padded(m[None])
        self.porosity = np.maximum(self.initial_porosity - medium.molar_volume * self.old_m[0], medium.least_porosity)
        self.old_u = self.porosity * self.old_c
        self.c, self.m = self.old_c.copy(), self.old_m.copy()
        self.u, self.base, self.first_u, self.residual, self.increment, self.exchange = (np.zeros_like(self.c) for _ in range(6))
        self.base_m, self.first_m, self.conductance = np.zeros_like(self.m), np.zeros_like(self.m), np.zeros_like(self.porosity)
        self.worst, self.change = np.zeros(self.n_rows), np.zeros(self.n_rows)
        species = self.c.shape[0]
        self.slack = np.zeros(species)
        self.row_gain, self.row_gross = np.zeros((species, self.n_rows)), np.zeros((species, self.n_rows))
        self.gain, self.booked, self.gross = np.zeros(species), np.zeros(species), np.zeros(species)
        self.least = math.inf
        self.stage = Stage(1, 0.0, 0.0, 0.0)
        self.sides = Sides(self.conductance, self.spacing, np.asarray(medium.faces), medium.coarse)
        self.dt = math.inf  # no step yet, no uptake
        self._weigh_sides()

    # --- what a subclass may say ----------------------------------------------------------------------------------

    def react(self, stage: Stage) -> bool:
        """Set m, porosity and w = ∂m/∂c from c and base_m (padded arrays); False where there is no solution. Without it, no mineral."""
        return True

    def source(self, time: float) -> np.ndarray | None:
        """f (species, z, y, x) per tissue volume and time."""
        return None

    # --- StepProblem ----------------------------------------------------------------------------------------------

    def rows(self, sweep, *args) -> None:
        threads.rows(sweep, self.n_rows, self.row_size, *args)

    def start_step(self, time: float, dt: float) -> None:
        self.gain[...] = 0.0
        self.dt = dt

    def _conductances(self) -> None:
        self.rows(transport.conductances, self.porosity, self.initial_porosity, self.hindrance, 2.0, self.conductance)

    def _weigh_sides(self) -> None:
        """TRN-7 for the step to come; before the old fields are replaced."""
        if self.sides.effect:
            rate = self.medium.stoichiometry[0] * (self.m - self.old_m)[0] / self.dt / self.c[0]
            self._conductances()
            self.sides.weigh(self.rows, self.porosity, self.perfusion, rate, float(self.medium.diffusivity[0]))

    def start_stage(self, stage: Stage) -> None:
        self.stage = stage
        if stage.number == 1:
            self.c[...], self.base[...], self.base_m[...], self.m[...] = self.old_c, self.old_u, self.old_m, self.old_m
        else:
            self.base[...] = self.old_u + stage.weight * (self.first_u - self.old_u)
            self.base_m[...] = self.old_m + stage.weight * (self.first_m - self.old_m)
            self.gain *= stage.weight
        added = self.source(stage.time)
        if added is not None:
            self.base[FIELD] += stage.gamma_dt * added

    def evaluate(self) -> bool:
        if not self.react(self.stage):
            return False
        medium, fine, gamma_dt = self.medium, self.hierarchy.fine, self.stage.gamma_dt
        self._conductances()
        self.sides.fill()
        self.rows(
            transport.exchange_coefficients, self.porosity, self.perfusion, self.sides.along, medium.diffusivity, medium.faces,
            self.spacing, self.exchange,
        )  # fmt: skip
        weights = tuple(float(weight) for weight in gamma_dt / self.spacing**2)
        self.rows(transport.faces, self.sides.along, weights, fine.tz, fine.ty, fine.tx)
        self.rows(
            transport.stage_ledger, self.c, self.base, self.place, self.m.reshape(1, -1), self.base_m.reshape(1, -1), medium.outside,
            self.exchange, self.porosity, fine.tz, fine.ty, fine.tx,
            (gamma_dt, medium.diffusivity, self.hierarchy.stoichiometry, self.slack), self.u, self.residual, self.worst,
        )  # fmt: skip
        return True

    def operator(self) -> Bicgstab:
        self.rows(transport.diagonal, self.porosity, self.exchange, self.stage.gamma_dt, self.hierarchy.fine.diag)
        self.hierarchy.assemble()
        return self.solver

    def update(self) -> float:
        self.rows(transport.damped_update, self.c, self.increment, self.slack, self.change)
        return largest(self.change)

    def residual_norm(self) -> float:
        return largest(self.worst)

    def finish_stage(self, stage: Stage) -> None:
        self.rows(transport.exchanged, self.c, self.medium.outside, self.exchange, stage.gamma_dt, self.row_gain, self.row_gross)
        self.gain += [math.fsum(row) for row in self.row_gain]
        if stage.number == 1:
            self.first_u[...], self.first_m[...] = self.u, self.m

    def error_norm(self) -> float:
        """Embedded error of the mineral, or of the first solute where there is none."""
        old, first, new = (self.old_m, self.first_m, self.m) if self.m[FIELD].any() else (self.old_u, self.first_u, self.u)
        error = ((first - old) / GAMMA + old - new)[FIELD]
        ratio = error / (self.relative * np.abs(new[FIELD]) + self.absolute)
        return math.sqrt(float(np.mean(ratio * ratio)))

    def accept(self) -> None:
        self._weigh_sides()
        self.booked += self.gain
        self.gross += np.abs(self.gain)
        self.old_c[...], self.old_u[...], self.old_m[...] = self.c, self.u, self.m
        self.least = min(self.least, float(self.u[FIELD].min()), float(self.c[FIELD].min()), float(self.m[FIELD].min()))

    # --- what comes out -------------------------------------------------------------------------------------------

    @property
    def solutes(self) -> np.ndarray:
        return self.old_c[FIELD]

    @property
    def mineral(self) -> np.ndarray:
        return self.old_m[(0, *INNER)]

    def held(self) -> np.ndarray:
        """Σ over voxels of u + S m, per species."""
        solid = math.fsum(self.mineral.ravel())
        return np.array([math.fsum(field.ravel()) for field in self.old_u[FIELD]]) + self.medium.stoichiometry * solid


def march(problem: Trial, end: float, steps: int, control: NewtonControl = TIGHT) -> Counters:
    """Equal steps from 0 to `end`, whatever the embedded error says."""
    counters, dt = Counters(), end / steps
    for step in range(steps):
        result = attempt(problem, step * dt, dt, control, counters)
        if result.failed:
            raise ArithmeticError(f"step {step} of {steps}: {result.failed}")
        problem.accept()
        counters.steps += 1
    return counters

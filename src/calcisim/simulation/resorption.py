"""Giant cells at the outer surface of mineral: they gather where it faces perfused tissue, and take it back in sealed acid pockets."""

import numpy as np

from calcisim import parameters
from calcisim.numerics import threads
from calcisim.physics import clumping, kinetics
from calcisim.simulation.particles import VOXELS_EACH, Particles
from calcisim.simulation.setup import ModelSetup, SiteSetup
from calcisim.simulation.state import State

Array = np.ndarray
EMPTY = 1e-12  # volume below which there is nothing to take
MASS = 0.01  # solid per tissue volume from which scattered particles stand together as a mass with a face of its own; assumed


def outer_gradient(filled: Array, open_to: Array, spacing: tuple[float, ...]) -> Array:
    """RES-1. Outer area of a mass per tissue volume times what it is filled to [1/m]: |∇⁺Φ|, along each axis the larger fall of Φ to a
    neighbour that is open.

    Φ: `filled` share of the tissue, (z, y, x); open_to: perfused voxels (bool); spacing [m]. A flat face has the area of its voxels, a
    slanting one that of its true length. Source: derivation.
    """
    squared = np.zeros(filled.shape)
    for axis, step in enumerate(spacing):
        fall = np.zeros(filled.shape)
        low, high = ([slice(None)] * 3 for _ in range(2))
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        here, there = tuple(low), tuple(high)
        rise = filled[there] - filled[here]
        fall[here] = np.maximum(fall[here], -rise * open_to[there])
        fall[there] = np.maximum(fall[there], rise * open_to[here])
        squared += (fall / step) ** 2
    return np.sqrt(squared)


class Resorption:
    """RES-2. Giant cells cover a share G of the faces of mineral, dG/dt = (G_max A − G)/τ, and the faces go back at k_res G.

    Two kinds of face: of clumps that no macrophage can engulf, a_c = Σ N 4πR² where envelopes leave room (1 − Φ), which draw
    A = a_c/(a_c + a_half); and of a mass as a whole, a_m = |∇⁺φ_s|/(φ_s + MASS) of its solid φ_s, however small its particles are, which
    draws A = φ_s/(φ_s + MASS), whatever the voxel. The larger A rules. Everything bound in a voxel loses the same share of number and
    mass, 1 − exp(−k_res G dt (a_c/Φ + a_m)). Calcium, phosphate and alkalinity stay in the cells for a while (RES-3) and go back to the
    fluid of the voxel, whatever its saturation. k_res [m/s], a [1/m]. Source: assumption.
    """

    def __init__(self, setup: SiteSetup, model: ModelSetup, state: State, particles: Particles):
        row = parameters.values("particles")
        self.setup, self.model, self.state, self.particles = setup, model, state, particles
        self.speed, self.half, self.time = row["resorption_speed"], row["resorption_half"], row["resorption_time"]
        self.digestion = row["resorption_digestion"]
        self.perfused = np.asarray(setup.perfusion > 0.0)
        self.release, self.on = np.zeros(state.digesting.shape), False

    def faces(self) -> tuple[Array, Array]:
        """What draws cells to perfused faces (A, 0 to 1), and the share that a front of unit speed takes [1/m], per slot in use."""
        rows = self.particles.rows()
        out = np.zeros((2, rows.size))
        threads.rows(clumping.clump_envelopes, rows.size, VOXELS_EACH, self.model.clump, self.state.clumps, self.model.uptake.largest, out)
        filled = np.minimum(out[1], 1.0)
        cells = self.particles.active[rows]
        solid = self.particles.volumes()[1][0]
        grid = np.zeros(self.setup.shape)
        grid.reshape(-1)[cells] = solid
        mass = outer_gradient(grid, self.perfused, self.setup.spacing).reshape(-1)[cells] / (solid + MASS)
        single = out[0] * (1.0 - filled) * self.perfused.reshape(-1)[cells]
        drawn = np.maximum(single / (single + self.half), (mass > 0.0) * solid / (solid + MASS))
        return drawn, mass + np.divide(single, filled, out=np.zeros(rows.size), where=filled > EMPTY)

    def start(self, dt: float) -> None:
        """RES-3. What cells give back during the coming step, at a steady rate: what they hold times (1 − e^(−dt/τ))/dt [mol/(m³ s)].

        So a long step is not followed by a flood. Source: assumption.
        """
        self.on = self.setup.giant_cells > 0.0 or bool(self.state.digesting.any())  # else both stay memory that was never touched
        if self.on:
            np.multiply(self.state.digesting, -np.expm1(-dt / self.digestion) / dt, out=self.release)

    def act(self, dt: float) -> None:
        """Cells give back what `start` said, come and go, and take their share of `dt` seconds."""
        state = self.state
        if self.on:
            state.digesting -= self.release * dt
        rows = self.particles.rows()
        if self.setup.giant_cells == 0.0 or rows.size == 0:
            return
        drawn, taken = self.faces()
        aim = np.zeros(state.giant.size)
        aim[rows] = self.setup.giant_cells * drawn
        state.giant += (aim - state.giant) * -np.expm1(-dt / self.time)
        share = -np.expm1(-self.speed * self.particles.biology.levers.resorption * state.giant[rows] * taken * dt)
        if share.any():
            self._take(rows, share)

    def _take(self, rows: Array, share: Array) -> None:
        """Let everything bound lose this share to the cells; fluid of the surroundings fills the room."""
        state, model = self.state, self.model
        cell = self.particles.voxels.cell[rows]
        mineral = state.flat_mineral
        gone = share * (1.0 - self.particles.free_part()) * mineral[:, cell]
        mineral[:, cell] -= gone
        state.digesting[:, rows] += model.stoichiometry @ gone
        self.particles.fill(cell, model.phases.volume @ gone)
        state.progress[3] += float(np.sum(model.phases.calcium @ gone)) * self.setup.voxel_volume
        state.number[: kinetics.FREE, : rows.size] *= 1.0 - share[:, None]
        state.clumps[clumping.BOUND, ..., : rows.size] *= 1.0 - share
        state.on_collagen[rows] *= 1.0 - share
        self.particles.normalise()

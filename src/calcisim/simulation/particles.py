"""Primaries and clumps of a site between steps: what a step holds still, and what an accepted one does to them.

No mineral passes between fluid and solid here, but for traces of particles that have dissolved and what cells take up.
"""

import math
from functools import cached_property

import numpy as np
from scipy.special import exprel

from calcisim.errors import SolverError
from calcisim.numerics import threads
from calcisim.physics import clumping, drift, kinetics
from calcisim.physics import particles as kernels
from calcisim.physics.clumping_kernels import capture_rate
from calcisim.physics.kinetics import FREE, Voxels
from calcisim.simulation.biology import LocalBiology
from calcisim.simulation.setup import ModelSetup, flat

LARGEST_USE = 0.3  # of the free protein, in a step
PASSED = 0.1  # D dt/dx² of a sweep of free particles through the faces
MOST_SWEEPS = 60
VOXELS_EACH = 64  # what a voxel with particles weighs against one of a plain sweep, when work is shared out


class Particles:
    """The particles of one site; all that evolves is in its `State`, which this works on in place."""

    def __init__(self, model: ModelSetup, voxels: Voxels, active: np.ndarray, biology: LocalBiology):
        setup, state = biology.setup, biology.state
        self.setup, self.model, self.state, self.voxels, self.active = setup, model, state, voxels, active
        self.biology = biology
        source = setup.substrate
        self.room, self.porosity, self.reach = (
            array.ravel()[active] for array in (source.inside, setup.initial_porosity, source.access["fetuin"])
        )
        self.fibrils, self.diameter, self.capacity, self.perfusion = (
            flat(array) for array in (source.fibril_fraction, source.fibril_diameter, setup.uptake_capacity, setup.perfusion)
        )
        meshes, self.mesh = self._meshes()
        self.entry = self._entry_rate(meshes.T)
        law = model.clump
        free = list(zip(law.envelope[clumping.MOBILE], law.diffusivity, strict=True))
        self.hindered = np.array([[d * drift.hindrance(r, *mesh) for r, d in free] for mesh in meshes.T])
        self.spaced = any(count > 1 for count in setup.shape)

    def _meshes(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of fibril fraction and diameter that there are (2, pairs), and which one a voxel has."""
        pair = np.stack([self.fibrils[:1], self.diameter[:1]])
        if not any(array.strides[0] for array in (self.fibrils, self.diameter)):
            return pair, np.broadcast_to(0, self.active.size)
        return np.unique(np.stack([self.fibrils, self.diameter]), axis=1, return_inverse=True)

    def _entry_rate(self, meshes: np.ndarray) -> np.ndarray:
        """Rate at which a nucleus in the fluid enters fibrils [1/s]: how often it meets one (CLP-8), times the chance to get in."""
        radius, diffusivity, chance = self.model.entry
        met = np.array([capture_rate(radius, diffusivity, float(fraction), float(width), 1.0) for fraction, width in meshes])
        return np.where(self.room > 0.0, chance * met[self.mesh], 0.0)

    def bind(self) -> None:
        """Look at the state's arrays of particles again, after they were made anew."""
        state = self.state
        self.voxels = self.voxels._replace(number=state.number, coordinate=state.coordinate, bare=state.bare, cohorts=state.count)

    def take(self, work: Voxels, stage: np.ndarray, busy: np.ndarray) -> None:
        """The busy voxels of the step at hand, side by side, and their stage."""
        self.work, self.stage, self.busy = work, stage, busy

    def _of_stage(self, row: int) -> np.ndarray:
        """A row of the stage on all active voxels, 0 where they are quiet."""
        out = np.zeros(self.active.size)
        out[self.busy] = self.stage[row]
        return out

    def hold_still(self, dt: float) -> None:
        """Access, shielding and the like for the coming step, from the accepted state."""
        state = self.state
        threads.rows(
            kernels.hold_still, self.active.size, 1, self.voxels, state.access, state.inside_ratio, state.velocity, state.free_share,
            state.fetuin, self.reach, self.entry, self.room, self.model.particle, self.model.shield, dt,
        )  # fmt: skip

    def protein_use(self) -> float:
        """Largest share of the free protein that the step at hand takes, over what a step may take; beyond 1 it is rejected.

        An estimate with the areas at the end of the step; what is nearly used up (a thousandth of the start) no longer counts.
        """
        state, particle, shield = self.state, self.model.particle, self.model.shield
        born = self._of_stage(kinetics.BORN_FREE)
        rows = np.flatnonzero((state.fetuin > 0.0) & ((born > 0.0) | self._with_free()))
        start = max(self.setup.fetuin, float(state.fetuin.max(initial=0.0)))
        if rows.size == 0 or start <= 0.0:
            return 0.0
        held, slots = self.voxels.held, state.slot[rows]
        loss = held[kinetics.LOSS, rows]
        covering = -np.expm1(-loss)
        weight = state.number[FREE, slots] * state.bare[FREE, slots]
        squared = np.where(state.used()[FREE, slots], weight * np.minimum(state.coordinate[FREE, slots], 1.0) ** 2, 0.0)
        new = np.minimum(particle.nucleus + self._of_stage(kinetics.SHIFT)[rows] / (1.0 + loss), 1.0)
        area = 4.0 * math.pi * particle.terminal_radius**2 * (squared.sum(axis=1) + born[rows] * new**2)
        taken = shield.capacity * area * covering / self.porosity[rows]
        return float(np.max(taken / (state.fetuin[rows] + 1e-3 * start))) / LARGEST_USE

    def _with_free(self) -> np.ndarray:
        """Active voxels with particles in the fluid."""
        return self.state.by_row(self.state.count[FREE]) > 0

    def accept(self, dt: float) -> None:
        """Cohorts, clumps and protein after an accepted step."""
        state, model, n = self.state, self.model, self.active.size
        vanished = np.zeros(self.busy.size)
        threads.rows(kernels.advance_primaries, vanished.size, VOXELS_EACH, self.work, self.stage, model.particle, vanished)
        if vanished.any():
            self._return(self.busy[vanished > 0.0])
        threads.rows(
            kernels.consume_protein, n, 1, self.voxels, state.shielded, state.fetuin, self.porosity, model.particle, model.shield
        )  # fmt: skip
        self._gather(dt)
        if self.spaced and state.slots() and state.count[FREE].any():
            self._spread(dt)
        if self.capacity.any():
            self._engulf(dt)
        self._look_inside()
        state.fetuin += (self.setup.fetuin - state.fetuin) * -np.expm1(-self.perfusion * dt)  # vessels bring it back

    def _return(self, rows: np.ndarray) -> None:
        """Voxels whose particles have all dissolved: the traces of mineral that are left go back to the fluid."""
        state, index = self.state, self.voxels.cell[rows]
        mineral, u = state.flat_mineral, state.u.reshape(state.u.shape[0], -1)
        u[:, index] += self.model.stoichiometry @ mineral[:, index]
        mineral[:, index] = 0.0
        state.on_collagen[rows] = 0.0

    def rows(self) -> np.ndarray:
        """Active voxel of every slot in use."""
        slot = self.state.slot
        out = np.zeros(self.state.slots(), dtype=np.int64)
        placed = np.flatnonzero(slot >= 0)
        out[slot[placed]] = placed
        return out

    def volumes(self) -> np.ndarray:
        """Number and volume of held and free primaries per slot in use: (2 moments, 2 kinds, slots) [1/m³, m³/m³]."""
        state, used = self.state, self.state.slots()
        primaries, volume = np.zeros((2, used)), np.zeros((2, used))
        threads.rows(kernels.totals, used, VOXELS_EACH, state.number, state.coordinate, state.count, self.model.particle, primaries, volume)
        return np.stack([primaries, volume])

    def normalise(self) -> np.ndarray:
        """Give the clumps the totals of the cohorts; these totals (`volumes`)."""
        totals, used = self.volumes(), self.state.slots()
        threads.rows(clumping.normalise_clumps, used, VOXELS_EACH, self.model.clump.edges, self.state.clumps, *totals)
        return totals

    def free_part(self) -> np.ndarray:
        """Share of the mineral of every slot in use that floats in the fluid."""
        held, free = self.volumes()[1]
        return np.divide(free, held + free, out=np.zeros_like(free), where=free > 0.0)

    def sticking(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """AGG-2 per slot: share of encounters that hold between free clumps, and between one and a fibril.

        A surface is open where neither adsorbed protein (a Langmuir share of the fluid's albumin and fetuin) nor a shield covers it.
        """
        state, bare = self.state, np.ones(rows.size)
        some = np.flatnonzero(state.count[FREE, : rows.size])  # most slots have nothing in the fluid
        there = np.arange(state.number.shape[2]) < state.count[FREE, some, None]
        number = np.where(there, state.number[FREE, some], 0.0)
        total = number.sum(axis=1)
        bare[some] = np.divide((number * state.bare[FREE, some]).sum(axis=1), total, out=np.ones(some.size), where=total > 0.0)
        open_share = (1.0 - self.setup.coverage) * bare
        return self.model.sticking * open_share**2, self.model.sticking * open_share

    def _gather(self, dt: float) -> None:
        """Clumps after the step: growth, births, joining, collisions and capture; then their totals."""
        state, law, held, stage = self.state, self.model.clump, self.voxels.held, self._of_stage
        rows = self.rows()
        used = rows.size
        if used == 0:
            return
        shift = np.maximum(stage(kinetics.SHIFT)[rows], 0.0)
        free_births, entering = stage(kinetics.BORN_FREE)[rows], held[kinetics.ENTERING, rows]
        born = np.stack([stage(kinetics.BORN)[rows] + entering * free_births, (1.0 - entering) * free_births])
        weights = held[[kinetics.WEIGHT + kinetics.BOUND, kinetics.WEIGHT + FREE]][:, rows]
        loss = held[kinetics.LOSS, rows]
        moved = shift * weights * np.stack([np.ones(used), exprel(-loss)])  # POP-7 of those that protein may cover
        meeting, holding = self.sticking(rows)
        fibrils = np.stack([self.fibrils[rows], self.diameter[rows], holding])
        captured, events = np.zeros(used), np.zeros((4, used))
        threads.rows(
            clumping.advance_clumps, used, VOXELS_EACH, law, state.clumps, moved, born, dt, meeting, self.porosity[rows], fibrils, captured,
            events,
        )  # fmt: skip
        if events[3].any():
            raise SolverError("collisions of particles found no end; the collision kernel may be singular")
        caught = np.zeros(used)
        if captured.any():
            caught = np.where(self.fibrils[rows] > 0.0, captured * self.volumes()[0][1], 0.0)
            state.shielded[rows] *= 1.0 - captured  # a shield that is caught stays where it is and is not paid for again
            particle = self.model.particle
            threads.rows(
                kernels.capture_primaries, used, VOXELS_EACH, state.number, state.coordinate, state.bare, state.count, captured, particle
            )  # fmt: skip
        before = state.on_collagen[rows]
        primaries, _ = self.normalise()
        gained = stage(kinetics.BORN_COLLAGEN)[rows] + entering * free_births + caught
        state.on_collagen[rows] = np.minimum(before + gained, primaries[0])

    def _look_inside(self) -> None:
        """What the clumps leave accessible of their primaries, for the next step."""
        rows = self.rows()
        access = np.ones((2, rows.size))
        threads.rows(clumping.clump_access, rows.size, VOXELS_EACH, self.model.clump, self.state.clumps, access)
        self.state.access[:, rows] = access

    @cached_property
    def faces(self) -> list[tuple[np.ndarray, float]]:
        """Inner faces between active voxels, in two colours for each resolved axis: pairs of active voxels, and 1/Δx² of the axis."""
        shape, rows = self.setup.shape, np.full(math.prod(self.setup.shape), -1)
        rows[self.active] = np.arange(self.active.size)
        grid, found = rows.reshape(shape), []
        for axis, spacing in enumerate(self.setup.spacing):
            for parity in (0, 1):
                low = np.take(grid, np.arange(parity, shape[axis] - 1, 2), axis=axis).ravel()
                high = np.take(grid, np.arange(parity + 1, shape[axis], 2), axis=axis).ravel()
                both = (low >= 0) & (high >= 0)
                if both.any():
                    found.append((np.stack([low[both], high[both]], axis=1), 1.0 / spacing**2))
        return found

    def _spread(self, dt: float) -> None:
        """Diffusion of free particles between voxels (DRI-3), in as many sweeps as the fastest needs, at most `MOST_SWEEPS`."""
        fastest = max(weight for _, weight in self.faces)
        fastest *= float(self._diffusivity().max()) * dt
        sweeps = int(min(max(math.ceil(fastest / PASSED), 1), MOST_SWEEPS))
        for number in range(sweeps):
            self._pass_faces(dt / sweeps, self.faces if number % 2 == 0 else self.faces[::-1])
        self.normalise()

    def _diffusivity(self) -> np.ndarray:
        """Mean diffusivity of the free particles of every slot in use [m²/s]."""
        rows = self.rows()
        used, out = rows.size, np.zeros(rows.size)
        threads.rows(drift.mean_diffusivity, used, VOXELS_EACH, self.hindered, self.mesh[rows], self.state.clumps, out)
        return out

    def _pass_faces(self, dt: float, faces: list[tuple[np.ndarray, float]]) -> None:
        """One sweep over the faces that have free particles on a side; there and back in turn, so that no direction is preferred."""
        state = self.state
        mineral = state.flat_mineral
        for pairs, weight in faces:
            beside = pairs[self._with_free()[pairs].any(axis=1)]
            if state.make_room(np.unique(beside)):
                self.bind()
            threads.rows(
                drift.swap, len(beside), VOXELS_EACH, beside, state.slot, self.voxels.cell, weight * dt, self.porosity, self._diffusivity(),
                state.number, state.coordinate, state.bare, state.count, state.clumps, state.shielded, mineral,
                self.model.phases, self.model.particle,
            )  # fmt: skip

    def _engulf(self, dt: float) -> None:
        """PAR-7. Cells take up small bound particles, R = U Φ m/(m + m_half) [mol Ca/(m³ s)], of clumps that they can engulf.

        Φ : cells over those at rest: 1 + r I under inflammation I, in living tissue with a delay (TIS-6); m : calcium in mineral; all
        phases alike. What leaves is booked as engulfed; its room fills with fluid. Each class below that size loses the same share. A step
        takes at most all that is small: 1 − exp(−R dt/small).
        """
        state, law, rows = self.state, self.model.clump, self.rows()
        used = rows.size
        if used == 0:
            return
        cell, uptake = self.voxels.cell[rows], self.model.uptake
        mineral = state.flat_mineral[:, cell]
        calcium = self.model.phases.calcium @ mineral
        share = np.zeros(used)
        threads.rows(clumping.small_share, used, VOXELS_EACH, law.edges, state.clumps, uptake.largest, share)
        bound = (1.0 - self.free_part()) * calcium
        small = share * bound
        cells = self.capacity[rows] * self.biology.cells(rows)
        rate = cells * calcium / (calcium + uptake.half)
        share_taken = -np.expm1(-rate * dt / np.maximum(small, 1e-300)) * ((small > 0.0) & (rate > 0.0))
        taken = share_taken * small
        lost = np.divide(taken, calcium, out=np.zeros(used), where=calcium > 0.0)
        self.lose_mineral("engulfed", cell, lost * mineral)
        kept = 1.0 - taken / np.maximum(bound, 1e-300)
        state.number[: kinetics.FREE, :used] *= kept[:, None]
        state.clumps[clumping.BOUND, :, : np.searchsorted(law.edges, uptake.largest), :used] *= 1.0 - share_taken
        state.on_collagen[rows] *= kept
        self.normalise()

    def lose_mineral(self, kind: str, cell: np.ndarray, gone: np.ndarray) -> None:
        """Mineral (phase, cells) that leaves the site; the fluid around fills its room.

        Both are booked as they are moved, not from the change in what is held, so that the ledger checks them.
        """
        state = self.state
        state.flat_mineral[:, cell] -= gone
        state.ledger.book(kind, -(self.model.stoichiometry @ gone).sum(axis=1) * self.setup.voxel_volume)
        self.fill(cell, self.model.phases.volume @ gone)

    def fill(self, cell: np.ndarray, room: np.ndarray) -> None:
        """Fluid of the surroundings that flows into the room [m³/m³] that mineral has left."""
        state, plasma = self.state, self.setup.plasma
        state.u.reshape(state.u.shape[0], -1)[:, cell] += room * plasma[:, None]
        state.ledger.book("exchanged", plasma * float(np.sum(room)) * self.setup.voxel_volume)

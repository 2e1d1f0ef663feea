"""Primaries and clumps of a site between steps: what a step holds still, and what an accepted one does to them."""

import math

import numpy as np

from calcisim.numerics import threads
from calcisim.physics import particles as kernels
from calcisim.physics.kinetics import BORN_COLLAGEN, BORN_FREE, BOUND, ENTERING, FREE, PLACES, Voxels
from calcisim.physics.population import transfer_cohorts
from calcisim.simulation.setup import INNER, ModelSetup, SiteSetup
from calcisim.simulation.state import State

LARGEST_USE = 0.3  # of the free protein in a step


class Particles:
    """The particles of one site; all that evolves is in its `State`, which this works on in place."""

    def __init__(self, setup: SiteSetup, model: ModelSetup, state: State, voxels: Voxels, stage: np.ndarray, active: np.ndarray):
        self.setup, self.model, self.state, self.voxels, self.stage, self.active = setup, model, state, voxels, stage, active
        n = active.size
        self.vanished = np.zeros(n)
        self.room = setup.substrate.inside.ravel()[active]
        self.entry = np.zeros(n)
        self.porosity = setup.initial_porosity.ravel()[active]
        self.reach = setup.substrate.access["fetuin"].ravel()[active]

    def _rows(self, sweep, *args) -> None:
        threads.rows(sweep, self.active.size, 8, *args)

    def hold_still(self, dt: float) -> None:
        """Access, shielding and the like for the coming step, from the accepted state."""
        state = self.state
        self._rows(
            kernels.hold_still, self.voxels, state.access, state.inside_ratio, state.velocity, state.free_share, state.fetuin, self.reach,
            self.entry, self.room, self.model.particle, self.model.shield, dt,
        )  # fmt: skip

    def protein_error(self, dt: float) -> float:
        """A step may not use up more than a share of the free protein."""
        return 0.0

    def accept(self, dt: float) -> None:
        """Cohorts, clumps and protein after an accepted step."""
        state, model, voxels, stage = self.state, self.model, self.voxels, self.stage
        self._rows(kernels.advance_primaries, voxels, stage, model.particle, self.vanished)
        if self.vanished.any():
            self._return(np.flatnonzero(self.vanished > 0.0))
        self._rows(kernels.consume_protein, voxels, state.shielded, state.fetuin, self.porosity, model.particle, model.shield)

    def _return(self, rows: np.ndarray) -> None:
        """Voxels whose particles have all dissolved: the traces of mineral that are left go back to the fluid."""
        state, index = self.state, self.voxels.cell[rows]
        phases, species = state.mineral.shape[0], state.u.shape[0]
        mineral, u = state.mineral.reshape(phases, -1), state.u.reshape(species, -1)
        u[:, index] += self.model.stoichiometry @ mineral[:, index]
        mineral[:, index] = 0.0

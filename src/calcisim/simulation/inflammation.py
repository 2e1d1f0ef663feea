"""Tissue beside crystals: inflammation that spreads from them, collagen that it lays open, and vessels that leak more colloid."""

import math
from functools import cached_property

import numpy as np
from scipy import fft

from calcisim import parameters
from calcisim.physics import kinetics
from calcisim.physics.routes import INFLAMED, SEEDED, SURFACE
from calcisim.physics.tissue import laid_open, open_in_the_end
from calcisim.simulation.biology import LocalBiology, prostaglandins, scaffold
from calcisim.simulation.plasma import Around
from calcisim.simulation.setup import ModelSetup, flat

Array = np.ndarray
PACE = 3.0 * 86400.0  # s: longest step while exposure still moves; a spreading deposit is then 6 % less than with a sixteenth (tested)
SETTLED, TRACE = 0.05, 1e-6  # distance of exposure from its end, relative and as a share of all collagen, from which it counts as moving


class Inflammation:
    """TIS-1. τ dI/dt = x_p (x_i g A²/(A² + A_half²) + x_m i) − I + ℓ² ∇²I: crystals of surface A and an autoimmune disease i keep up
    inflammation, which reaches the distance ℓ.

    I : 0 to 1, (z, y, x); A [1/m]; g : `crystal_inflammation` of the site, i : its `immune_inflammation`; x_i, x_m, x_p : what treatments
    leave of inflammasome, autoimmunity and prostaglandins (TIS-10); no flux at the sides. The square makes a threshold: a few
    crystals are borne, many are not. Each step is exact in time for its A, on the grid's own Laplacian (cosine transform).
    Source: assumption; particles kill the cells of vessels: dautova2014.
    """

    def __init__(self, model: ModelSetup, voxels: kinetics.Voxels, around: Around | None, biology: LocalBiology):
        row = self.row = parameters.values("biology")
        setup, state = biology.setup, biology.state
        self.setup, self.state, self.voxels, self.around, self.biology = setup, state, voxels, around, biology
        immune = setup.immune_inflammation
        self.immune = immune * (setup.perfusion.ravel() > 0.0) if immune > 0.0 else np.broadcast_to(0.0, setup.perfusion.size)
        self.time = row["inflammation_half_life"] / math.log(2.0)
        self.half = row["inflammation_area_half"]
        self.texture = flat(setup.texture)
        calcium = math.pi / 6.0 * row["colloid_diameter"] ** 3 / model.phases.calcium_volume  # mol of one particle
        self.leak = setup.colloid_leak * row["colloid_leak"] / calcium
        self.leak_inflamed = row["colloid_leak_inflamed"]

    @cached_property
    def decay(self) -> Array:
        """Rate at which each wave of the grid decays [1/s], (z, y, x)."""
        return (1.0 + self._waves(self.row["inflammation_reach"])) / self.time

    def _waves(self, reach: float) -> Array:
        """ℓ² times the eigenvalues of −∇² on the grid, (z, y, x)."""
        total = np.zeros(self.setup.shape)
        for axis, (count, spacing) in enumerate(zip(self.setup.shape, self.setup.spacing, strict=True)):
            one = (2.0 * np.sin(0.5 * np.pi * np.arange(count) / count) * reach / spacing) ** 2
            total += one.reshape([-1 if other == axis else 1 for other in range(3)])
        return total

    def start(self, time: float, dt: float) -> None:
        """TIS-3. Particles of the colloid that leave the vessels and stay on fibrils, PS C (1 + β I)/n [1/(m³ s)], for the coming step.

        C : calcium of the colloid in plasma [mol/m³], n : that of a particle. They count as nuclei, times g(φ) like those; the calcium
        that they bring is less than a hundredth of what grows on them, from the fluid.
        Source: assumption; the complex comes from bone: price2002.
        """
        if self.leak == 0.0 or self.around is None:
            return
        level = self.around.colloid(time + 0.5 * dt)
        fibrils = self.state.substrate[:, SURFACE] > 0.0
        self.state.substrate[:, SEEDED] = fibrils * self.leak * level * (1.0 + self.leak_inflamed * self.state.inflammation)

    def act(self, dt: float) -> None:
        """Inflammation and exposure after an accepted step of `dt` seconds."""
        if not self.on:
            return
        state, levers = self.state, self.biology.levers
        area = self.voxels.held[kinetics.AREA] + self.voxels.held[kinetics.AREA_FREE]
        kept_up = self.setup.crystal_inflammation * area**2 / (area**2 + self.half**2) * levers.inflammasome
        kept_up = np.minimum((kept_up + self.immune * levers.immune) * prostaglandins(levers, self.row), 1.0)
        before = state.inflammation.copy()
        state.inflammation[...] = self._spread(before, kept_up, dt)
        mean = 0.5 * (before + state.inflammation)
        state.substrate[:, INFLAMED] = laid_open(state.substrate[:, INFLAMED], mean, dt, *self._law())

    @property
    def on(self) -> bool:
        """Whether anything here can inflame."""
        return self.setup.crystal_inflammation > 0.0 or self.setup.local_biology

    def _law(self) -> tuple[Array, float]:
        """Opening at full inflammation [1/s] under the treatments of now, and healing [s] (TIS-2)."""
        opening, healing = self.row["inflammation_exposure"] * self.texture, self.row["inflammation_healing"]
        return opening * (self.biology.levers.opening * scaffold(self.biology.levers, self.row)), healing

    def _spread(self, level: Array, kept_up: Array, dt: float) -> Array:
        if not (level.any() or kept_up.any()):
            return level
        shape = self.setup.shape
        waves, source = (fft.dctn(field.reshape(shape), norm="ortho") for field in (level, kept_up))
        left = np.exp(-self.decay * dt)
        now = fft.idctn(waves * left + source * (1.0 - left) / (self.decay * self.time), norm="ortho")
        return np.clip(now, 0.0, 1.0).ravel()  # the transform rounds; nothing is counted with it

    def longest(self) -> float:
        """How long the next step may be [s]: exposure follows inflammation, which the step holds still."""
        if not self.on:
            return math.inf
        now = self.state.substrate[:, INFLAMED]
        end = open_in_the_end(self.state.inflammation, *self._law())
        return PACE if np.any(np.abs(now - end) > SETTLED * end + TRACE) else math.inf

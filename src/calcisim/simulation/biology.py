"""Living tissue: macrophages that come and clear debris, phosphatase, blood flow, acid, and wounds that close. Off unless a site asks."""

import math

import numpy as np

from calcisim import parameters
from calcisim.physics import routes, tissue
from calcisim.scenario.events import Damage
from calcisim.scenario.treatments import Levers
from calcisim.simulation.setup import SiteSetup
from calcisim.simulation.state import State

Array = np.ndarray
DAY = 86400.0
PACE = 0.5 * DAY  # s: longest step while macrophages still come or leave or vessels grow back
MOVING = 0.05  # distance from the end, relative, from which that is so
RIM_FROM = 0.01  # volume fraction of mineral from which a voxel belongs to a mass that granulation tissue surrounds; assumed


class LocalBiology:
    """Macrophages Φ, debris, pyrophosphate, vessels v and acid of one site; `levers` are those of its treatments now."""

    def __init__(self, setup: SiteSetup, state: State):
        self.setup, self.state, self.on = setup, state, setup.local_biology
        self.row = parameters.values("biology")
        self.levers = Levers()
        self.flow = setup.perfusion.copy()  # what reaches the tissue now (PRF-1) [1/s], (z, y, x)
        perfused = setup.perfusion.ravel() > 0.0
        self.living = perfused & (setup.substrate.surface.ravel() > 0.0)  # what can be hurt, and makes and splits pyrophosphate
        self.cleared = perfused & (setup.uptake_capacity.ravel() > 0.0)  # where there are macrophages

    def supply(self, filled: Array) -> Array:
        """PRF-1. Perfusion κ v (1 + h I) e^(−φ_s/φ_v) (1 + (m − 1) e^(−(d/w)²)) at the distance d > 0 from mineral that fills more than
        RIM_FROM of a voxel; no rim within.

        φ_s : volume fraction of mineral, which closes vessels at φ_v; m : times in the rim, w : its width [m]: granulation tissue grows
        beside a mass and not in it; v, I, h : vessels, inflammation and hyperaemia where tissue is alive. Source: assumption.
        """
        from scipy.ndimage import distance_transform_edt

        times, width = self.setup.rim
        mass = filled > RIM_FROM
        rim = np.zeros(filled.shape)
        if times != 1.0 and mass.any():
            rim = np.where(mass, 0.0, np.exp(-((distance_transform_edt(~mass, sampling=self.setup.spacing) / width) ** 2)))
        open_vessels = np.exp(-filled / self.setup.vessels_close_at)
        flow = self.setup.perfusion * open_vessels * (1.0 + (times - 1.0) * rim) * self.levers.perfusion
        return flow * self._vessels() if self.on else flow

    @property
    def still(self) -> bool:
        """True where perfusion never changes."""
        return not self.on and self.setup.rim[0] == 1.0 and self.setup.vessels_close_at == math.inf and self.levers.perfusion == 1.0

    def _vessels(self) -> Array:
        """v (1 + h I), (z, y, x)."""
        factor = self.state.vessels * (1.0 + self.row["hyperaemia"] * self.state.inflammation)
        return factor.reshape(self.setup.shape)

    def acid(self) -> Array | float:
        """Acid that the tissue makes now, per open pore fluid [eq/(m³ s)], (z, y, x)."""
        if not self.on:
            return 0.0
        shape, state = self.setup.shape, self.state
        return tissue.lactic_acid(state.inflammation.reshape(shape), state.vessels.reshape(shape), self.flow, self.row["lactic_acid"])

    def pyrophosphate(self) -> Array | float:
        """Pyrophosphate of the tissue over that of plasma, per voxel; cells that make it are as many as the vessels that are left."""
        if not self.on:
            return 1.0
        perfusion = np.where(self.living, self.setup.perfusion.ravel(), 0.0)
        supply = np.where(self.living, self.flow.ravel(), 0.0)
        rate = self.row["pyrophosphate_hydrolysis"] * self.levers.hydrolysis
        return tissue.local_pyrophosphate(
            supply, self.state.vessels, self.state.inflammation, perfusion, rate, self.row["pyrophosphate_inflamed"]
        )

    def cells(self, rows: Array) -> Array:
        """PAR-7's macrophages over those at rest in these voxels: Φ of living tissue, else 1 + r I at once."""
        if self.on:
            return np.asarray(self.state.macrophages[rows] * self.levers.uptake)
        return np.asarray((1.0 + self.row["inflammation_recruitment"] * self.state.inflammation[rows]) * self.levers.uptake)

    def act(self, dt: float) -> None:
        """Macrophages, debris, vessels and the pace of healing after an accepted step of `dt` seconds."""
        if not self.on:
            return
        state, row = self.state, self.row
        before = state.macrophages.copy()
        state.macrophages[...] = tissue.macrophages_after(
            before, state.inflammation, dt, row["inflammation_recruitment"], row["macrophage_time"]
        )
        mean = 0.5 * (before + state.macrophages) * self.levers.uptake
        state.debris[self.cleared] *= tissue.debris_left(mean[self.cleared], dt, row["debris_clearance"])
        state.vessels[...] = tissue.vessels_after(state.vessels, state.vessels_end, dt, row["revascularisation"])
        state.substrate[:, routes.HEALING] = state.healing / (1.0 + state.inflammation)

    def longest(self) -> float:
        """How long the next step may be [s]: acid, pyrophosphate and blood flow are held still in it."""
        if not self.on:
            return math.inf
        state = self.state
        aim = 1.0 + self.row["inflammation_recruitment"] * state.inflammation
        coming = np.any(np.abs(aim - state.macrophages) > MOVING * aim)
        return PACE if coming or np.any(np.abs(state.vessels_end - state.vessels) > MOVING) else math.inf

    # --- injuries -------------------------------------------------------------------------------------------------

    def scope(self, mask: Array) -> Array:
        """Rows of a mask (z, y, x) that an injury can hurt: perfused, and with collagen."""
        rows = np.flatnonzero(mask)
        return np.asarray(rows[self.living[rows]])

    def injure(self, rows: Array, damage: Damage) -> None:
        """Debris, inflammation and lost vessels of an injury in these voxels.

        Dead membranes have the state of unfixed cells; where fixed ones lie too, both count at the state of the more active.
        """
        state, levers = self.state, self.levers
        debris = damage.debris * levers.necrosis
        if debris > 0.0:
            there = state.debris[rows] > 0.0
            own = self.row["unfixed_debris_state"]
            now = state.substrate[rows, routes.DEBRIS_STATE]
            state.substrate[rows, routes.DEBRIS_STATE] = np.where(there, np.minimum(now, own), own)
            state.debris[rows] += debris
        pulse = damage.inflammation * levers.inflammasome * prostaglandins(levers, self.row)
        state.inflammation[rows] = np.minimum(state.inflammation[rows] + pulse, 1.0)
        state.vessels[rows] *= 1.0 - damage.vessels_lost

    def scar(self, rows: Array) -> None:
        """SUR-2. The bed of a mass becomes a scar: its surface is collagen of the state s_scar, elastin, a device, debris and what was
        laid open are gone, giant cells and what inflamed it too; in the end v_scar of the perfusion is left. Source: assumption."""
        state, source = self.state, self.setup.substrate
        columns = (
            (routes.SURFACE, source.surface.ravel()[rows]), (routes.STATE, self.row["scar_state"]), (routes.EXPOSED, 0.0),
            (routes.INFLAMED, 0.0), (routes.ELASTIN, 0.0), (routes.DEVICE, 0.0), (routes.HEALING, 0.0),
        )  # fmt: skip
        for column, value in columns:
            state.substrate[rows, column] = value
        for array in (state.debris, state.giant, state.healing, state.inflammation):
            array[rows] = 0.0
        state.vessels_end[rows] = np.minimum(state.vessels_end[rows], self.row["scar_perfusion"])
        state.scar[rows] = 1.0


def prostaglandins(levers: Levers, row: dict[str, float]) -> float:
    """TIS-10. Share of inflammation that is left without a part of its prostaglandins, 1 − x (1 − p). Source: assumption."""
    return 1.0 - row["cyclooxygenase_share"] * (1.0 - levers.prostaglandin)


def scaffold(levers: Levers, row: dict[str, float]) -> float:
    """TIS-11. Share of what is laid open that is left without some of the fibrin on it, 1 − x (1 − f). Source: assumption, a hypothesis."""
    return 1.0 - row["fibrin_share"] * (1.0 - levers.fibrin)

"""All that evolves in a site, as named arrays: what a checkpoint keeps and what the fingerprint covers."""

from dataclasses import dataclass

import numpy as np

from calcisim.numerics.memory import untouched
from calcisim.physics.seeding import Arrivals
from calcisim.simulation.ledger import Ledger
from calcisim.simulation.setup import INNER

COHORTS = 24  # cohorts of primary particles per voxel and place


@dataclass
class State:
    """Accepted state of a site.

    c, u (species, z, y, x) padded: total per pore fluid and ledger per tissue volume [mol/m³]; mineral (phase, z, y, x) padded [mol/m³];
    per active voxel: slot, where its particles are kept (−1: it never had any); debris and nucleators [1/m³]; substrate columns; warm start
    of the chemistry; nucleation rate now and before, and the share of it in the fluid; velocity of growth [R_max/s] and its ratio inside
    fibrils; access (kind, voxel) of primaries to the fluid;
    free fetuin [mol/m³] and the surface that it shields [R_max²/m³]; primaries on or in collagen [1/m³]; uptake [mol Ca/(m³ s)];
    per slot: number, coordinate, bare (place, slot, cohort), count (place, slot); clumps (kind, moment, class, slot), see physics/clumping;
    per active voxel: inflammation (0 to 1); macrophages, times those at rest; vessels: share of the perfusion that injury has left, and
    vessels_end: the share in the end; healing of what injuries laid open without inflammation [1/s]; scar (0 or 1); giant: share of the
    outer area of mineral that giant cells cover; digesting (species, voxel): what they took and did not give back yet [mol/m³];
    arrivals per lattice cell; tissue (z, y, x): share of the tissue that excision has left; clock = (time, dt, error, last dt) [s];
    progress = (onset time [s] or −1, primaries formed, deposit per volume at the last step [mol Ca/m³], calcium resorbed so far [mol])
    """

    c: np.ndarray
    u: np.ndarray
    mineral: np.ndarray
    slot: np.ndarray
    number: np.ndarray
    coordinate: np.ndarray
    bare: np.ndarray
    count: np.ndarray
    clumps: np.ndarray
    debris: np.ndarray
    nucleators: np.ndarray
    substrate: np.ndarray
    warm: np.ndarray
    rate: np.ndarray
    rate_before: np.ndarray
    free_share: np.ndarray
    velocity: np.ndarray
    inside_ratio: np.ndarray
    access: np.ndarray
    fetuin: np.ndarray
    shielded: np.ndarray
    on_collagen: np.ndarray
    arrivals: Arrivals
    uptake: np.ndarray
    inflammation: np.ndarray
    macrophages: np.ndarray
    vessels: np.ndarray
    vessels_end: np.ndarray
    healing: np.ndarray
    scar: np.ndarray
    giant: np.ndarray
    digesting: np.ndarray
    tissue: np.ndarray
    clock: np.ndarray
    progress: np.ndarray
    ledger: Ledger

    _PADDED = ("c", "u", "mineral")
    _SLOTTED = {"number": 1, "coordinate": 1, "bare": 1, "count": 1, "clumps": 3}  # noqa: RUF012  name: axis of the slots
    _PLAIN = (
        "slot", "debris", "nucleators", "substrate", "warm", "rate", "rate_before", "free_share",
        "velocity", "inside_ratio", "access", "fetuin", "shielded", "on_collagen", "uptake", "inflammation", "macrophages", "vessels",
        "vessels_end", "healing", "scar", "giant", "digesting", "tissue", "clock", "progress",
    )  # fmt: skip

    def arrays(self) -> dict[str, np.ndarray]:
        """Name → array (interior voxels and slots in use only); everything a checkpoint needs to go on. Views, not copies."""
        used = (slice(self.slots()),)
        out = {name: getattr(self, name)[(slice(None), *INNER)] for name in self._PADDED}
        out.update({name: getattr(self, name) for name in self._PLAIN})
        out.update({name: getattr(self, name)[(slice(None),) * axis + used] for name, axis in self._SLOTTED.items()})
        out.update({f"arrivals.{name}": array for name, array in self.arrivals._asdict().items()})
        out.update({f"ledger.{name}": array for name, array in self.ledger.arrays().items()})
        return out

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over the arrays of a checkpoint; shapes must agree."""
        for name in self._PADDED:
            getattr(self, name)[(slice(None), *INNER)] = arrays[name]
        for name in self._PLAIN:
            getattr(self, name)[...] = arrays[name]
        for name in self._SLOTTED:
            setattr(self, name, arrays[name].copy())
        for name, array in self.arrivals._asdict().items():
            array[...] = arrays[f"arrivals.{name}"]
        self.ledger = Ledger.restore({name.removeprefix("ledger."): array for name, array in arrays.items() if name.startswith("ledger.")})

    @property
    def flat_mineral(self) -> np.ndarray:
        """The phases by cell of the padded grid (phase, cell): a view."""
        return self.mineral.reshape(self.mineral.shape[0], -1)

    def slots(self) -> int:
        """How many voxels hold particles, or have held some."""
        return int(self.slot.max()) + 1 if self.slot.size else 0

    def by_row(self, per_slot: np.ndarray) -> np.ndarray:
        """Values of the slots on the active voxels, 0 where there never was a particle."""
        return np.where(self.slot >= 0, np.append(per_slot[: self.slots()], 0)[self.slot], 0)

    def used(self) -> np.ndarray:
        """Which cohorts of the slots in use there are: (place, slot, cohort)."""
        return np.asarray(np.arange(self.number.shape[2]) < self.count[:, : self.slots(), None])

    def make_room(self, rows: np.ndarray) -> bool:
        """Give these voxels a slot where they have none; True when the arrays of particles had to be made anew."""
        missing = rows[self.slot[rows] < 0]
        first = self.slots()
        self.slot[missing] = np.arange(first, first + missing.size)
        needed = first + missing.size
        if needed <= self.count.shape[1]:
            return False
        room = min(2 * needed, self.slot.size)  # copies are seldom and of small arrays then; what is empty takes no memory
        for name, axis in self._SLOTTED.items():
            array = getattr(self, name)
            shape = list(array.shape)
            shape[axis] = room
            larger = untouched(tuple(shape), array.dtype)
            for place in np.ndindex(*shape[:axis]):  # a place or class that nothing is in takes no memory until it is written to
                if array[place].any():
                    larger[place][:first] = array[place][:first]
            setattr(self, name, larger)
        return True

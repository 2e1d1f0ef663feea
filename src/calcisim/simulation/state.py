"""All that evolves in a site, as named arrays: what a checkpoint keeps and what the fingerprint covers."""

from dataclasses import dataclass

import numpy as np

from calcisim.physics.seeding import Arrivals
from calcisim.simulation.ledger import Ledger
from calcisim.simulation.setup import INNER

COHORTS = 24  # cohorts of primary particles per voxel


@dataclass
class State:
    """Accepted state of a site.

    c, u (species, z, y, x) padded: total per pore fluid and ledger per tissue volume [mol/m³]; mineral (phase, z, y, x) padded [mol/m³];
    per active voxel: number, coordinate (voxel, cohort), count, debris [1/m³], substrate columns, warm start of the chemistry, nucleation
    rate now and before, mineral uptake [mol/(m³ s)];
    arrivals per lattice cell; tissue (z, y, x): share of the tissue that excision has left; clock = (time, dt, error, last dt) [s];
    progress = (onset time [s] or −1, primaries formed, deposit per volume at the last step [mol Ca/m³])
    """

    c: np.ndarray
    u: np.ndarray
    mineral: np.ndarray
    number: np.ndarray
    coordinate: np.ndarray
    count: np.ndarray
    debris: np.ndarray
    substrate: np.ndarray
    warm: np.ndarray
    rate: np.ndarray
    rate_before: np.ndarray
    arrivals: Arrivals
    uptake: np.ndarray
    tissue: np.ndarray
    clock: np.ndarray
    progress: np.ndarray
    ledger: Ledger

    _PADDED = ("c", "u", "mineral")
    _PLAIN = (
        "number", "coordinate", "count", "debris", "substrate", "warm", "rate", "rate_before", "uptake", "tissue", "clock", "progress",
    )  # fmt: skip

    def arrays(self) -> dict[str, np.ndarray]:
        """Name → array (interior voxels only); everything a checkpoint needs to go on."""
        out = {name: np.ascontiguousarray(getattr(self, name)[(slice(None), *INNER)]) for name in self._PADDED}
        out.update({name: getattr(self, name) for name in self._PLAIN})
        out.update({f"arrivals.{name}": array for name, array in self.arrivals._asdict().items()})
        out.update({f"ledger.{name}": array for name, array in self.ledger.arrays().items()})
        return out

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over the arrays of a checkpoint; shapes must agree."""
        for name in self._PADDED:
            getattr(self, name)[(slice(None), *INNER)] = arrays[name]
        for name in self._PLAIN:
            getattr(self, name)[...] = arrays[name]
        for name, array in self.arrivals._asdict().items():
            array[...] = arrays[f"arrivals.{name}"]
        self.ledger = Ledger.restore({name.removeprefix("ledger."): array for name, array in arrays.items() if name.startswith("ledger.")})

"""What of an image lies in a site: voxels as a scenario keeps them, and images brought onto another lattice.

A scenario holds what it read of an image, as it holds measured laboratory values: the text of a run is complete without the file.
Arrays are (z, y, x); triples are in the order x, y, z, in metres from the low corner of the site.
"""

import base64
import binascii
import math
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from calcisim.scenario.fields import Quantity, Table, wrong
from calcisim.scenario.grid import MAX_VOXELS
from calcisim.units import text

if TYPE_CHECKING:
    from numpy import ndarray

Triple = tuple[float, float, float]
SNAP = 1e-4  # of a voxel: NIfTI keeps places in single precision, so that borders that are meant to be one differ by so much
_Edge = Annotated[float, Quantity("length", "1 nm", "1 m")]
_Place = Annotated[float, Quantity("length", "-10 m", "10 m")]


class Lattice(NamedTuple):
    """Voxels in a row along each axis: how many, their edges [m] and where the first begins [m], x, y, z."""

    counts: tuple[int, int, int]
    edge: Triple
    low: Triple = (0.0, 0.0, 0.0)


class Voxels(Table):
    """A block of voxels that was read from an image: how many along x, y, z, their edges [m], the low corner [m] in the site.

    holds: "mask", which of them belong to a region, or "density" of hydroxyapatite with the same calcium [kg/m³]; packed: base64 of zlib
    of the values with x running fastest, one bit each, or single precision with the first bytes of all values before the second ones;
    source, sha256: the file that was read.
    """

    counts: tuple[int, int, int]
    edge: tuple[_Edge, _Edge, _Edge]
    low: tuple[_Place, _Place, _Place]
    holds: Literal["mask", "density"]
    packed: Annotated[str, Field(min_length=1, max_length=2_000_000)]
    source: Annotated[str, Field(max_length=500)] = ""
    sha256: Annotated[str, Field(max_length=64)] = ""

    @model_validator(mode="after")
    def _readable(self) -> "Voxels":
        if not all(n >= 1 for n in self.counts) or math.prod(self.counts) > MAX_VOXELS:
            raise wrong(f"{self.counts} are no counts of voxels", "", "counts")
        if lacking := needing(math.prod(self.counts), 1 if self.holds == "mask" else 4):
            raise wrong(f"its {lacking}", "free some, or take a coarser image", "counts")
        _unpacked(self.packed, self.holds, self.counts)
        return self

    def values(self) -> "ndarray":
        """The values (z, y, x), bool or float [kg/m³]; not to be written to."""
        return _unpacked(self.packed, self.holds, self.counts)

    @property
    def lattice(self) -> Lattice:
        return Lattice(self.counts, self.edge, self.low)

    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Low and high along x, y, z [m]."""
        return tuple((low, low + n * edge) for low, n, edge in zip(self.low, self.counts, self.edge, strict=True))

    def at(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        """Values at points (broadcast against each other), of the voxel that holds each; 0 or False outside."""
        import numpy as np

        index, inside = [], np.ones(np.broadcast(x, y, z).shape, dtype=bool)
        for along, low, n, edge in zip((x, y, z), self.low, self.counts, self.edge, strict=True):
            place = np.floor((along - low) / edge + SNAP * 1e-2)
            inside = inside & (place >= 0) & (place < n)
            index.append(np.clip(place, 0, n - 1).astype(np.int64))
        return np.where(inside, self.values()[index[2], index[1], index[0]], False if self.holds == "mask" else 0.0)


def needing(number: int, size: int) -> str:
    """What is said of so many voxels of `size` bytes each when memory is too little to read them; nothing when it is enough."""
    import psutil

    needed, free = number * (2 * size + 24), psutil.virtual_memory().available
    return "" if needed <= free else f"{number:,} voxels need {needed / 1e9:.3g} GB of memory to read, and {free / 1e9:.3g} GB are free"


@lru_cache(maxsize=8)  # few: a text of 1 MB may unpack to gigabytes
def _unpacked(packed: str, holds: str, counts: tuple[int, int, int]) -> "ndarray":
    import numpy as np

    number = math.prod(counts)
    size = -(-number // 8) if holds == "mask" else 4 * number
    try:
        stream = zlib.decompressobj()
        raw = stream.decompress(base64.b64decode(packed, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error):
        raw = b""
    if len(raw) != size:
        raise wrong("the voxels are damaged", "load the scenario that names the image again", "packed")
    if holds == "mask":
        values = np.unpackbits(np.frombuffer(raw, np.uint8), count=number).astype(bool)
    else:
        values = np.frombuffer(raw, np.uint8).reshape(4, number).T.copy().view("<f4")[:, 0].astype(float)
        if not (np.isfinite(values).all() and (values >= 0.0).all()):
            raise wrong("a density is negative or no number", "load the scenario that names the image again", "packed")
    values = values.reshape(counts[::-1])
    values.flags.writeable = False
    return values


def packed(values: "ndarray", lattice: Lattice, source: str, sha256: str) -> dict[str, Any]:
    """The table of `Voxels` for a mask or densities [kg/m³] on a lattice, cut to where there are any (one voxel when there are none)."""
    import numpy as np

    held = values > 0
    spans = []
    for axis in range(3):
        there = np.flatnonzero(held.any(axis=tuple(other for other in range(3) if other != axis)))
        spans.append((int(there[0]), int(there[-1]) + 1) if there.size else (0, 1))
    part = np.ascontiguousarray(values[tuple(slice(*span) for span in spans)])
    if part.dtype == bool:
        raw = np.packbits(part.ravel()).tobytes()
    else:
        raw = part.astype("<f4").ravel().view(np.uint8).reshape(-1, 4).T.tobytes()
    first = [span[0] for span in spans[::-1]]
    return {
        "counts": list(part.shape[::-1]),
        "edge": [text(edge, "length") for edge in lattice.edge],
        "low": [text(low + n * edge, "length") for low, n, edge in zip(lattice.low, first, lattice.edge, strict=True)],
        "holds": "mask" if part.dtype == bool else "density",
        "packed": base64.b64encode(zlib.compress(raw, 9)).decode(),
        "source": source,
        "sha256": sha256,
    }


# --- from one lattice to another ------------------------------------------------------------------------------------------------------


def shares(old: Lattice, new: Lattice, axis: int) -> Any:
    """Which part of every new voxel's length along an axis (0 x, 1 y, 2 z) each old voxel takes: sparse (new, old).

    A new voxel that the old lattice covers has a sum of 1, one that reaches beyond it less.
    """
    import numpy as np
    from scipy.sparse import csr_array

    n, m, d, h = old.counts[axis], new.counts[axis], old.edge[axis], new.edge[axis]
    edges = (new.low[axis] - old.low[axis] + h * np.arange(m + 1)) / d
    rows, columns, parts = [], [], []
    for row in range(m):
        low, high = edges[row], edges[row + 1]
        at = np.arange(max(int(np.floor(low)), 0), min(int(np.ceil(high)), n))
        part = (np.minimum(at + 1, high) - np.maximum(at, low)) / (high - low)
        kept = part > SNAP
        covered, part = float(part.sum()), part[kept]
        part = part / part.sum() if covered > 1.0 - SNAP else part
        rows += [row] * part.size
        columns += at[kept].tolist()
        parts += part.tolist()
    return csr_array((parts, (rows, columns)), shape=(m, n))


def _alike(old: Lattice, new: Lattice, axis: int) -> bool:
    """True when two lattices have the same voxels along an axis, but for SNAP of one."""
    edge, n = old.edge[axis], old.counts[axis]
    apart = abs(old.low[axis] - new.low[axis]) + n * abs(new.edge[axis] - edge)
    return n == new.counts[axis] and apart <= SNAP * edge


def means(values: "ndarray", old: Lattice, new: Lattice) -> "ndarray":
    """Means over the new voxels of values that are constant in an old one and 0 outside: what they sum to over space stays."""
    import numpy as np

    values = np.asarray(values, dtype=float)
    for axis in range(3):
        if _alike(old, new, axis):
            continue
        weights = shares(old, new, axis)
        place = 2 - axis
        moved = np.moveaxis(values, place, 0)
        flat = weights @ np.ascontiguousarray(moved).reshape(moved.shape[0], -1)
        values = np.moveaxis(flat.reshape(weights.shape[0], *moved.shape[1:]), 0, place)
    return np.ascontiguousarray(values)


def majority(values: "ndarray", old: Lattice, new: Lattice) -> "ndarray":
    """The label that most of a new voxel has; the lower of two that have as much. Outside the image all is 0."""
    import numpy as np

    labels = [int(label) for label in np.unique(values) if label]
    out, most, rest = np.zeros(new.counts[::-1], dtype=np.int64), np.zeros(new.counts[::-1]), np.ones(new.counts[::-1])
    for label in labels:
        share = means(values == label, old, new)
        out[share > most + 1e-9] = label
        most, rest = np.maximum(most, share), rest - share
    out[rest >= most - 1e-9] = 0
    return out


def nearest(values: "ndarray", old: Lattice, new: Lattice) -> "ndarray":
    """The label of the old voxel that holds the centre of each new one, 0 outside the image."""
    import numpy as np

    index, inside = [], []
    for axis in (2, 1, 0):
        centres = new.low[axis] + (np.arange(new.counts[axis]) + 0.5) * new.edge[axis]
        place = np.floor((centres - old.low[axis]) / old.edge[axis] + SNAP)
        inside.append((place >= 0) & (place < old.counts[axis]))
        index.append(np.clip(place, 0, old.counts[axis] - 1).astype(np.int64))
    z, y, x = inside
    return np.where(z[:, None, None] & y[None, :, None] & x[None, None, :], values[np.ix_(*index)], 0)

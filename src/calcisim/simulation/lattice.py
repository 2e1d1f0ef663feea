"""The seeding lattice of a site: which voxels each cell overlaps, and with what share of their volume."""

import numpy as np

from calcisim.physics.seeding import Lattice


def _overlaps(count: int, spacing: float, cell: float, resolved: bool) -> list[list[tuple[int, float]]]:
    """For each voxel of an axis, the cells it overlaps with the share of its length; one cell for an axis that is not resolved."""
    if not resolved:
        return [[(0, 1.0)] for _ in range(count)]
    out: list[list[tuple[int, float]]] = []
    for voxel in range(count):
        low, high = voxel * spacing / cell, (voxel + 1) * spacing / cell
        first, last = int(np.floor(low + 1e-9)), int(np.ceil(high - 1e-9))
        parts = [(index, (min(high, index + 1) - max(low, index)) / (high - low)) for index in range(first, max(last, first + 1))]
        total = sum(share for _, share in parts)
        out.append([(index, share / total) for index, share in parts])
    return out


def build(active: np.ndarray, shape: tuple[int, ...], spacing: tuple[float, ...], cell: float, resolved: tuple[bool, ...]) -> Lattice:
    """Lattice over the active voxels.

    active : (rows,) flat unpadded (z, y, x) index of each active voxel;  resolved : which axes the grid resolves
    (a cell spans the whole depth of the others).
    """
    axes = [_overlaps(n, h, cell, r) for n, h, r in zip(shape, spacing, resolved, strict=True)]
    counts = [max(index for parts in axis for index, _ in parts) + 1 for axis in axes]
    z, y, x = np.unravel_index(active, shape)
    identity, row, share = [], [], []
    slots = [np.array([len(parts) for parts in axis]) for axis in axes]
    for a in range(int(slots[0].max())):
        for b in range(int(slots[1].max())):
            for c in range(int(slots[2].max())):
                here = np.nonzero((slots[0][z] > a) & (slots[1][y] > b) & (slots[2][x] > c))[0]
                parts = [_slot(axis, slot) for axis, slot in zip(axes, (a, b, c), strict=True)]
                cells = (parts[0][0][z[here]] * counts[1] + parts[1][0][y[here]]) * counts[2] + parts[2][0][x[here]]
                identity.append(cells)
                row.append(here)
                share.append(parts[0][1][z[here]] * parts[1][1][y[here]] * parts[2][1][x[here]])
    return _compressed(np.concatenate(identity), np.concatenate(row), np.concatenate(share))


def _slot(axis: list[list[tuple[int, float]]], slot: int) -> tuple[np.ndarray, np.ndarray]:
    """Cell and share of the slot-th overlap of every voxel of an axis (zero where there is none)."""
    cells = np.array([parts[slot][0] if len(parts) > slot else 0 for parts in axis])
    shares = np.array([parts[slot][1] if len(parts) > slot else 0.0 for parts in axis])
    return cells, shares


def _compressed(identity: np.ndarray, row: np.ndarray, share: np.ndarray) -> Lattice:
    order = np.lexsort((row, identity))
    identity, row, share = identity[order], row[order], share[order]
    cells, start = np.unique(identity, return_index=True)
    bounds = np.append(start, identity.size).astype(np.int64)
    return Lattice(cells.astype(np.uint64), bounds, row.astype(np.int64), np.ascontiguousarray(share, dtype=float))

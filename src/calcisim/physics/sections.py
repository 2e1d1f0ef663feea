"""Particles by size in classes, each with its number and mass: what the scheme needs of a grid and a kernel, assembled once.

One `Sections` serves every voxel and every step; what a voxel holds is two rows, number [1/m³] and mass (here volume, m³/m³).
The pieces: sections_profile (inside a class), sections_collide (collisions), sections_step (time), sections_growth (growth).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from calcisim.physics.collision import pair_table
from calcisim.physics.sections_profile import LANES, MOST_CLASSES, ROWS, STRIDE

NEAR_RATIO = 0.35  # a partner wider than this share of the larger one's class is taken with its width
FLOOR = 1e-9  # of a pair's largest rate: so far above rounding the kernel stays where it has a zero line (settling of equals)


class Sections(NamedTuple):
    """What collisions need of n classes.

    edges (n+1,) [m³]; table (n, 5, n+8): per pair the bilinear kernel (AGG-11) and ∂lnK/∂w; diagonal (D, 4, n+8): the same for
    pairs 0 … D−1 classes apart, whose widths both count; reach (D,): how many classes their sums can pass; cuts (C, n+8): the edge
    so many classes up, 1e300 beyond the grid.
    """

    edges: np.ndarray
    table: np.ndarray
    diagonal: np.ndarray
    reach: np.ndarray
    cuts: np.ndarray


def class_edges(v_min: float, v_max: float, count: int) -> np.ndarray:
    """AGG-18. Class edges e_k = v_min (v_max/v_min)^(k/n), equal steps of the logarithm [m³]."""
    edges = v_min * (v_max / v_min) ** (np.arange(count + 1) / count)
    edges[-1] = v_max
    return edges


def assemble(function: Callable[..., np.ndarray], edges: np.ndarray, factor: float = 1.0, near_ratio: float = NEAR_RATIO) -> Sections:
    """Tabulate `factor` × a kernel on the classes.

    Raises ValueError when the classes are more than the scratch holds or the kernel is negative, infinite or not a number.
    """
    count = len(edges) - 1
    if count > MOST_CLASSES:
        raise ValueError(f"{count} size classes; at most {MOST_CLASSES} are possible")
    table = factor * pair_table(function, edges)
    if not np.isfinite(table).all():
        raise ValueError("the collision kernel is infinite or not a number within the classes")
    middle = 0.5 * (edges[:-1] + edges[1:])
    value = table[:, 0] + table[:, 1] * middle + (table[:, 2] + table[:, 3] * middle) * middle[:, None]
    if (value < 0.0).any():
        raise ValueError("the collision kernel is negative within the classes")
    _lift(table, edges)
    relative = (table[:, 2] + table[:, 3] * middle) / np.maximum(value, 1e-300)
    padding = ((0, 0), (0, 0), (0, LANES))
    full = np.pad(np.concatenate([table, relative[:, None, :]], axis=1), padding)
    reach = _reach(edges, near_ratio)
    diagonal = np.zeros((len(reach), 4, count + LANES))
    for apart in range(len(reach)):
        diagonal[apart, :, apart:count] = np.stack([table[i - apart, :, i] for i in range(apart, count)], axis=1)
    cuts = np.full((reach.max() + 1, count + LANES), 1e300)
    for step in range(len(cuts)):
        cuts[step, : max(count - step, 0)] = edges[step:count]
    return Sections(edges, full, diagonal, reach, cuts)


def _lift(table: np.ndarray, edges: np.ndarray) -> None:
    """Add to each pair what keeps it ≥ FLOOR of its largest corner: rates that are all rounding would have any sign and carry any mass."""
    v, w = edges[None, :], edges[:, None]
    ends = [(v[:, i : len(edges) - 1 + i], w[j : len(edges) - 1 + j]) for i in (0, 1) for j in (0, 1)]
    corners = np.stack([table[:, 0] + table[:, 1] * v + (table[:, 2] + table[:, 3] * v) * w for v, w in ends])
    table[:, 0] += np.maximum(FLOOR * corners.max(axis=0) - corners.min(axis=0), 0.0)


def _reach(edges: np.ndarray, near_ratio: float) -> np.ndarray:
    """For 0, 1, … classes apart, while sums may pass several classes or the widths compare: how many edges a sum can pass."""
    count, width, found = len(edges) - 1, np.diff(edges), []
    for apart in range(count):
        largest = edges[apart + 1 :] + edges[1 : count - apart + 1]
        passed = np.searchsorted(edges[:-1], largest * (1.0 + 1e-12), side="left") - np.arange(apart, count) - 1
        steps = max(int(passed.max()), 1)
        if apart and steps == 1 and (width[: count - apart] <= near_ratio * width[apart:]).all():
            break
        found.append(steps)
    return np.array(found, dtype=np.int64)


def scratch() -> np.ndarray:
    """The flat array that `collision_rates` works in; one for each thread."""
    return np.zeros(ROWS * STRIDE)

"""Collagen fibres as straight cylinders that close upon themselves through the walls of a periodic box."""

import math
from typing import NamedTuple

import numpy as np

# Directions of fibres, as boxes passed along x, y, z until they close: mostly in the plane, as bundles of the dermis lie, some steeper.
DIRECTIONS = ((1, 0, 0), (0, 1, 0), (1, 1, 0), (1, -1, 0), (2, 1, 0), (1, 2, 0), (2, -1, 0), (1, -2, 0), (1, 0, 1), (0, 1, -1))
TRIES = 200  # to lay a fibre so that it does not run through another


class Fibres(NamedTuple):
    """fibre : (S, 7) start, direction and length of short pieces of straight fibres [d]; radius [d]; near_fibre (fine cells + 1,), pieces:
    which pieces come near to each fine cell, in one list after the other; wall (blocks,): whether any does. As morphology_moves takes them.
    """

    fibre: np.ndarray
    radius: float
    near_fibre: np.ndarray
    pieces: np.ndarray
    wall: np.ndarray


def no_fibres(cells: np.ndarray) -> Fibres:
    """No fibre in a box of so many fine cells along each axis."""
    blocks = max(cells[0] // 2, 1) * max(cells[1] // 2, 1) * max(cells[2] // 2, 1)
    return Fibres(
        np.zeros((0, 7)), 1.0, np.zeros(int(np.prod(cells)) + 1, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros(blocks, dtype=bool)
    )


def weave(fraction: float, radius: float, cells: np.ndarray, box: np.ndarray, reach: float, draw: np.random.Generator) -> Fibres:
    """MOR-9. Straight fibres at random until they fill a volume fraction φ: Σ π ρ² L_f = φ L³, as near to φ as whole fibres allow.

    reach : from the surface of a fibre [d] within which cells know it. Source: definition.
    """
    if fraction <= 0.0:
        return no_fibres(cells)
    laid: list[np.ndarray] = []
    edge, middles = float(box[0]), np.zeros((0, 3))
    wanted, filled = fraction * edge**3, 0.0
    while filled < wanted:
        direction = np.array(DIRECTIONS[int(draw.integers(len(DIRECTIONS)))], dtype=float)
        volume = math.pi * radius**2 * edge * float(np.linalg.norm(direction))
        if laid and filled + volume - wanted > wanted - filled:
            break
        fibre = _lay(direction, edge, radius, middles, draw)
        laid.append(fibre)
        middles = np.concatenate([middles, _middle(fibre)])
        filled += volume
    return _listed(np.concatenate(laid), radius, cells, box, radius + reach)


def _lay(direction: np.ndarray, edge: float, radius: float, others: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Pieces of one fibre, where it does not run through another if there is such a place."""
    length = edge * float(np.linalg.norm(direction))
    count = math.ceil(length / radius)
    unit = direction / np.linalg.norm(direction)
    for _ in range(TRIES):
        start = draw.random(3) * edge
        along = start + np.arange(count)[:, None] * (length / count) * unit
        pieces = np.hstack([along, np.tile(unit, (count, 1)), np.full((count, 1), length / count)])
        if len(others) == 0 or _apart(_middle(pieces), others, edge) > 2.0 * radius:
            break
    return pieces


def _middle(pieces: np.ndarray) -> np.ndarray:
    return pieces[:, :3] + 0.5 * pieces[:, 6:] * pieces[:, 3:6]


def _apart(first: np.ndarray, second: np.ndarray, edge: float) -> float:
    """Smallest distance between two sets of points in a periodic box [d]."""
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(second % edge, boxsize=edge).query(first % edge)
    return float(distance.min())


def _listed(fibre: np.ndarray, radius: float, cells: np.ndarray, box: np.ndarray, reach: float) -> Fibres:
    """Which pieces are within reach of each fine cell."""
    width = float(box[3])
    around = math.ceil((reach + 0.5 * float(fibre[:, 6].max())) / width) + 1
    steps = np.stack(np.meshgrid(*[np.arange(-around, around + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    found_cell, found_piece = [], []
    for number, (piece, middle) in enumerate(zip(fibre, _middle(fibre))):
        place = np.floor(middle / width).astype(int) + steps
        away = (place + 0.5) * width - middle
        along = np.clip(away @ piece[3:6], -0.5 * piece[6], 0.5 * piece[6])
        near = np.linalg.norm(away - along[:, None] * piece[3:6], axis=1) <= reach + 0.5 * math.sqrt(3.0) * width
        i, j, k = (place[near] % cells).T
        found_cell.append((k * cells[1] + j) * cells[0] + i)
        found_piece.append(np.full(len(i), number))
    cell, piece = np.concatenate(found_cell), np.concatenate(found_piece)
    order = np.argsort(cell, kind="stable")
    count = np.bincount(cell, minlength=int(np.prod(cells)))
    begin = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    nx, ny, _ = cells
    here = np.flatnonzero(count)
    block = ((here // (nx * ny) // 2) * (ny // 2) + (here // nx) % ny // 2) * (nx // 2) + here % nx // 2
    wall = np.zeros(int(np.prod(cells // 2)), dtype=bool)
    wall[block] = True
    return Fibres(fibre, float(radius), begin, piece[order].astype(np.int32), wall)


def on_fibres(fibres: Fibres, count: int, draw: np.random.Generator) -> np.ndarray:
    """Centres of `count` particles that touch fibres at random places of their surfaces, (count, 3) [d]."""
    weight = fibres.fibre[:, 6] / fibres.fibre[:, 6].sum()
    chosen = fibres.fibre[draw.choice(len(weight), size=count, p=weight)]
    unit = chosen[:, 3:6]
    other = np.where(np.abs(unit[:, 2:3]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    first = np.cross(unit, other)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(unit, first)
    angle = 2.0 * math.pi * draw.random((count, 1))
    around = (fibres.radius + 0.5) * (np.cos(angle) * first + np.sin(angle) * second)
    return chosen[:, :3] + draw.random((count, 1)) * chosen[:, 6:] * unit + around

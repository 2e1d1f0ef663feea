"""Collagen fibres as straight cylinders that close upon themselves through the walls of a periodic box."""

import math
from typing import NamedTuple

import numpy as np

# Directions of fibres, as boxes passed along x, y, z until they close: mostly in the plane, as bundles of the dermis lie, some steeper.
DIRECTIONS = ((1, 0, 0), (0, 1, 0), (1, 1, 0), (1, -1, 0), (2, 1, 0), (1, 2, 0), (2, -1, 0), (1, -2, 0), (1, 0, 1), (0, 1, -1))
TRIES = 200  # to lay a fibre so that it does not run through another
PIECE = 1.5  # shortest piece [d]
MOST_PIECES = 300_000  # beyond which laying them takes minutes


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

    None runs through another while one of TRIES places is free; in dense bundles some cross, and what they share counts twice.
    reach : from the surface of a fibre [d] within which cells know it. Source: definition.
    """
    if fraction <= 0.0:
        return no_fibres(cells)
    edge, wanted, filled = float(box[0]), fraction * float(box[0]) ** 3, 0.0
    starts, directions = np.zeros((0, 3)), np.zeros((0, 3))
    while filled < wanted:
        direction = np.array(DIRECTIONS[int(draw.integers(len(DIRECTIONS)))], dtype=float)
        volume = math.pi * radius**2 * edge * float(np.linalg.norm(direction))
        if len(starts) and filled + volume - wanted > wanted - filled:
            break
        for _ in range(TRIES):
            start = draw.random(3) * edge
            if len(starts) == 0 or fibres_apart(start, direction, starts, directions, edge).min() > 2.0 * radius:
                break
        starts, directions = np.vstack([starts, start]), np.vstack([directions, direction])
        filled += volume
    pieces = np.concatenate([_pieces(*fibre, edge, radius) for fibre in zip(starts, directions)])
    return _listed(pieces, radius, cells, box, radius + reach)


def expected_pieces(fraction: float, radius: float, edge: float) -> float:
    """About how many pieces `weave` will make."""
    return fraction * edge**3 / (math.pi * radius**2) / max(radius, PIECE)


def fibres_apart(start: np.ndarray, direction: np.ndarray, starts: np.ndarray, directions: np.ndarray, edge: float) -> np.ndarray:
    """MOR-16. Distances of a fibre's axis from others, all their images counted: |(w·k) mod L g|/|k|, k = D_1 × D_2, and of parallel ones
    the least |w⊥| over images.

    D : whole numbers of boxes along x, y, z, (3,) and (n, 3); w : between any points of two axes; g : greatest common divisor of k, so that
    images shift w·k by whole multiples of L g. Source: skew lines in a periodic box, derivation.
    """
    across = np.cross(direction, directions)
    away = start - starts
    step = edge * np.gcd.reduce(np.abs(across).astype(int), axis=1)
    skew = step > 0.0
    found = np.empty(len(starts))
    along = np.einsum("ij,ij->i", away[skew], across[skew])
    found[skew] = np.abs(along - step[skew] * np.round(along / step[skew])) / np.linalg.norm(across[skew], axis=1)
    images = edge * np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    unit = direction / np.linalg.norm(direction)
    beside = (away[~skew] - edge * np.round(away[~skew] / edge))[:, None, :] + images
    beside = beside - (beside @ unit)[:, :, None] * unit
    found[~skew] = np.linalg.norm(beside, axis=2).min(axis=1) if len(beside) else 0.0
    return found


def _pieces(start: np.ndarray, direction: np.ndarray, edge: float, radius: float) -> np.ndarray:
    """Start, direction and length of the pieces of one fibre, (n, 7)."""
    length = edge * float(np.linalg.norm(direction))
    count = math.ceil(length / max(radius, PIECE))
    unit = direction / np.linalg.norm(direction)
    along = start + np.arange(count)[:, None] * (length / count) * unit
    return np.hstack([along, np.tile(unit, (count, 1)), np.full((count, 1), length / count)])


def _middle(pieces: np.ndarray) -> np.ndarray:
    return pieces[:, :3] + 0.5 * pieces[:, 6:] * pieces[:, 3:6]


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

"""Clumps grown particle by particle: spheres that wander, meet and hold, alone or between collagen fibres.

    pack = grow(Growing(particles=10_000, sticking=1.0, seed=1))
    shape_of(pack).dimension      # morphology_shape.py

Lengths are in diameters d of a primary particle, times in d²/D_1, D_1 its diffusivity. The box is periodic; the kernels are in
morphology_moves.py (clusters that meet) and morphology_walk.py (walkers that meet one cluster).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from calcisim.numerics import rng
from calcisim.physics.morphology_cells import CLUSTER, EMPTY, FIXED, NONE, REACH, STEP
from calcisim.physics.morphology_fibres import Fibres, expected_pieces, no_fibres, on_fibres, weave
from calcisim.physics.morphology_moves import LEFT, MERGED, OWN, QUEUED, TURNS, aggregate, push
from calcisim.physics.morphology_turn import place
from calcisim.physics.morphology_walk import walk

SLICE = 100_000  # moves between two looks at the clock
FEWEST_CELLS = 8  # along an axis, so that rings of blocks do not meet themselves
CROWDED = {2: 0.3, 3: 0.2}  # volume fraction above which spheres put down at random soon find no place
LARGEST_CELL = 2**31 - 1  # numbers of cells and particles are 32-bit
PARTICLE_BYTES, CELL_BYTES, BLOCK_BYTES, PIECE_BYTES = 600, 8, 17, 2500  # with what measuring takes


class Growing(NamedTuple):
    """What is asked for. dimensions : 2 or 3; sticking : chance that a contact holds; fraction : of the volume that particles fill;
    clusters : to stop at; fibres : volume fraction of fibres, of fibre_diameter [d]; nucleated : share of the particles that are born on
    fibres; capture : chance that a fibre holds what touches it; rotation : whether clusters turn; walkers : one after the other to one
    cluster (fraction, clusters, fibres, nucleated, capture and rotation do not matter then).
    """

    particles: int = 10_000
    dimensions: int = 3
    sticking: float = 1.0
    seed: int = 1
    fraction: float = 0.001
    clusters: int = 50
    fibres: float = 0.0
    fibre_diameter: float = 2.0
    nucleated: float = 0.0
    capture: float = 1.0
    rotation: bool = False
    walkers: bool = False


class Pack(NamedTuple):
    """What has grown. position : (N, 3), a cluster in one piece [d]; cluster : (N,), 0 the largest; held : (N,), by a fibre;
    merges : (M, 6), each meeting: time, both sizes, R_g² [d²] of what came of it, distance² [d²] of the centres, a particle of it;
    box : (3,) edges [d]; fibres; moves; time [d²/D_1]; asked.
    """

    position: np.ndarray
    cluster: np.ndarray
    held: np.ndarray
    merges: np.ndarray
    box: np.ndarray
    fibres: Fibres
    moves: int
    time: float
    asked: Growing


def box_edge(asked: Growing) -> float:
    """Edge of the box [d], at least FEWEST_CELLS cells: by the volume fraction, or, for walkers, by how far their cluster may reach."""
    if asked.walkers:  # R ≈ (n/0.4)^(1/2.5), (n/0.6)^(1/1.71) in the plane, of the outermost, with room to spare
        radius = asked.particles ** (1.0 / (2.4 if asked.dimensions == 3 else 1.65)) * 1.2 + 10.0
        edge = 2.0 * radius
    elif asked.dimensions == 3:
        edge = (asked.particles * math.pi / 6.0 / asked.fraction) ** (1.0 / 3.0)
    else:
        edge = (asked.particles * math.pi / 4.0 / asked.fraction) ** 0.5
    return max(edge, FEWEST_CELLS * REACH * 1.001)


def cells_along(asked: Growing) -> int:
    """Fine cells along an edge of the box, even."""
    return 2 * int(box_edge(asked) / REACH / 2.0)


def memory(asked: Growing) -> int:
    """Bytes that growing and measuring will take."""
    cells = cells_along(asked) ** asked.dimensions
    fibres = PIECE_BYTES * round(expected_pieces(asked.fibres, 0.5 * asked.fibre_diameter, box_edge(asked)))
    return PARTICLE_BYTES * asked.particles + CELL_BYTES * cells + BLOCK_BYTES * cells // 2**asked.dimensions + fibres


class _Arrays(NamedTuple):
    """In the order of the kernels' arguments."""

    position: np.ndarray
    particle: np.ndarray
    cluster: np.ndarray
    shape: np.ndarray
    head: np.ndarray
    block: np.ndarray
    cells: np.ndarray
    box: np.ndarray


def _arrays(asked: Growing) -> _Arrays:
    count, along, flat = asked.particles, cells_along(asked), asked.dimensions == 2
    cells = np.array([along, along, 1 if flat else along])
    edge = box_edge(asked)
    lengths = np.array([edge, edge, 1e12 if flat else edge])  # flat: no image above or below
    blocks = (along // 2) ** asked.dimensions
    block = np.zeros((blocks, 4), dtype=np.int32)
    block[:, 0] = EMPTY
    return _Arrays(
        np.zeros((count, 3)),
        np.full((count, 6), NONE, dtype=np.int32),
        np.zeros((count, 4), dtype=np.int32),
        np.zeros((count, 5)),
        np.full(int(np.prod(cells)), NONE, dtype=np.int32),
        block,
        cells,
        np.concatenate([lengths, lengths / cells]),
    )


def grow(asked: Growing, watch: Callable[[int], None] = lambda left: None) -> Pack:
    """Let the particles wander until `clusters` are left or nothing can move. watch : gets the clusters left (walkers: still to come).

    The same asked gives the same bytes. Raises ValueError when the particles do not fit into the volume.
    """
    arrays = _arrays(asked)
    draw = np.random.Generator(np.random.Philox(key=np.array([asked.seed, 0x6D6F72], dtype=np.uint64)))
    key = rng.key(asked.seed, "morphology")
    history = np.zeros((asked.particles, 6))
    if asked.walkers:
        return _walk(asked, arrays, key, history, watch)
    fibres = weave(asked.fibres, 0.5 * asked.fibre_diameter, arrays.cells, arrays.box, 0.5 + STEP, draw)
    _fill(asked, arrays, fibres, draw)
    state = np.array([asked.particles, 0, 0, 0])
    times, names = np.zeros(asked.particles + 1), np.zeros(asked.particles + 1, dtype=np.int64)
    for name in np.flatnonzero(arrays.cluster[:, FIXED] == 0):
        push(draw.random() * STEP**2 / 6.0, name, state, times, names)
    found, time = np.zeros(asked.particles, dtype=np.int64), 0.0
    while state[LEFT] > asked.clusters and state[QUEUED] > 0:
        time = aggregate(
            asked.sticking, asked.capture, asked.rotation, asked.clusters, SLICE, *key, *fibres, *arrays,
            state, times, names, found, history,
        )  # fmt: skip
        watch(int(state[LEFT]))
    return _pack(asked, arrays, fibres, history[: state[MERGED]], int(state[TURNS]), time)


def _fill(asked: Growing, arrays: _Arrays, fibres: Fibres, draw: np.random.Generator) -> None:
    """Put the particles down at random, those that are born on fibres first."""
    count, edges = asked.particles, arrays.box[:3] * (1.0, 1.0, 1.0 if asked.dimensions == 3 else 0.0)
    born = round(asked.nucleated * count) if len(fibres.fibre) else 0
    placed = 0
    for wanted, fixed in ((born, 1), (count, 0)):
        for _ in range(1000):
            if placed >= wanted:
                break
            many = 2 * (wanted - placed) + 100
            points = on_fibres(fibres, many, draw) if fixed else draw.random((many, 3)) * edges
            room = arrays.position[:wanted]
            placed = place(points, placed, fixed, *fibres[:4], room, *arrays[1:])
        if placed < wanted:
            more = "fewer of them --nucleated, or more --fibres" if fixed else "a smaller --fraction, or fewer --fibres"
            raise ValueError(f"only {placed} of {wanted} particles found a place; try {more}")


def _walk(asked: Growing, arrays: _Arrays, key: tuple[np.uint64, np.uint64], history: np.ndarray, watch: Callable[[int], None]) -> Pack:
    """Walkers one after the other."""
    fibres = no_fibres(arrays.cells)
    middle = 0.5 * arrays.box[:3] * (1.0, 1.0, 1.0 if asked.dimensions == 3 else 0.0)
    nothing = (fibres.fibre, fibres.near_fibre, fibres.wall)
    following = place(middle[None, :], 0, 0, *fibres[:4], *arrays)
    state, found = np.array([1, 0]), np.zeros(asked.particles, dtype=np.int64)
    step = max(1, asked.particles // 50)
    while following < asked.particles:
        until = min(following + step, asked.particles)
        some = arrays._replace(position=arrays.position[:until])
        reached = walk(following, 10**9, asked.sticking, *key, *some, found, *nothing, state, history)
        if reached < until:
            raise ValueError(f"the walkers' cluster reached the wall of its box at particle {reached}; try fewer, or another --seed")
        following = reached
        watch(asked.particles - following)
    arrays.particle[:, CLUSTER] = 0
    return _pack(asked, arrays, fibres, history[: asked.particles - 1], int(state[1]), float(asked.particles))


def _pack(asked: Growing, arrays: _Arrays, fibres: Fibres, merges: np.ndarray, moves: int, time: float) -> Pack:
    """Clusters numbered from the largest, each moved as a whole so that its centre lies in the box."""
    _, number, counts = np.unique(arrays.particle[:, CLUSTER], return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    cluster = rank[number]
    held = arrays.cluster[arrays.particle[:, CLUSTER], FIXED] == 1
    centre = np.stack([np.bincount(cluster, arrays.position[:, axis]) for axis in range(3)], axis=1) / counts[order][:, None]
    edges = arrays.box[:3].copy()
    position = arrays.position - (np.floor(centre / edges) * edges)[cluster]
    return Pack(position, cluster, held, merges.copy(), edges, fibres, moves, float(time), asked)


__all__ = ["OWN", "Fibres", "Growing", "Pack", "box_edge", "cells_along", "grow", "memory"]

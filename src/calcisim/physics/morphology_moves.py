"""Cluster–cluster aggregation: whose turn it is, where it goes, what it touches, what holds."""

import math

import numpy as np

from calcisim.jit import kernel, part
from calcisim.numerics.rng import uniform_pair
from calcisim.physics.morphology_cells import (
    BLOCK,
    CHAIN,
    CLUSTER,
    FIRST,
    FIXED,
    LAST,
    NONE,
    SIZE,
    STEP,
    nearest,
    settle_owner,
    shift,
)
from calcisim.physics.morphology_near import FIBRE, RINGS, first_contact, free_rings, gap
from calcisim.physics.morphology_turn import rotate

OWN = 0.15  # R_g² of a sphere of diameter 1 [d²]
SAFE = 0.7  # of the free way that is gone at once
APART = 1e-6  # what is left between two that touched and did not hold [d]
OPEN = 8  # times its particles: with fewer clusters than that in the queue, one looks at all of them
LEFT, MERGED, TURNS, QUEUED = 0, 1, 2, 3  # of `state`


@kernel
def push(time, name, state, times, names):
    """Put a cluster into the queue, a binary heap by the time of its next move."""
    n = state[QUEUED]
    state[QUEUED] = n + 1
    while n > 0:
        parent = (n - 1) >> 1
        if times[parent] <= time:
            break
        times[n], names[n] = times[parent], names[parent]
        n = parent
    times[n], names[n] = time, name


@kernel
def pop(state, times, names):
    """Time and name of whose turn it is; it leaves the queue."""
    time, name = times[0], names[0]
    last = state[QUEUED] - 1
    state[QUEUED] = last
    t, m = times[last], names[last]
    n = 0
    while 2 * n + 1 < last:
        child = 2 * n + 1
        if child + 1 < last and times[child + 1] < times[child]:
            child += 1
        if t <= times[child]:
            break
        times[n], names[n] = times[child], names[child]
        n = child
    times[n], names[n] = t, m
    return time, name


@part
def direction(u, v, flat):
    """A random unit vector from two uniform numbers, in the plane or in space."""
    c = 0.0 if flat else 2.0 * u - 1.0
    s = math.sqrt(1.0 - c * c)
    return s * math.cos(2.0 * math.pi * v), s * math.sin(2.0 * math.pi * v), c


@part
def slowness(a, cluster, shape):
    """MOR-3. D_1/D = R_g/R_1: Stokes and Einstein, the hydrodynamic radius in proportion to that of gyration. Source: assumption."""
    return math.sqrt((shape[a, 3] / cluster[a, SIZE] + OWN) / OWN)


@kernel
def align(a, b, hit, position, particle, cluster, shape, box):
    """Move the smaller of two touching clusters by whole boxes, so that both lie in the same image."""
    best, q = 1e300, NONE
    p = cluster[a, FIRST]
    while p != NONE:
        s = 0.0
        for axis in range(3):
            d = nearest(position[hit, axis] - position[p, axis], box[axis])
            s += d * d
        if s < best:
            best, q = s, p
        p = particle[p, CHAIN]
    small, sign = (a, -1.0) if cluster[b, SIZE] > cluster[a, SIZE] else (b, 1.0)
    for axis in range(3):
        d = position[hit, axis] - position[q, axis]
        boxes = math.floor(sign * (nearest(d, box[axis]) - d) / box[axis] + 0.5)
        if boxes != 0.0:
            shape[small, axis] += boxes * box[axis]
            p = cluster[small, FIRST]
            while p != NONE:
                position[p, axis] += boxes * box[axis]
                p = particle[p, CHAIN]


@kernel
def merge(a, b, particle, cluster, shape, head, block, cells):
    """MOR-4. n R_g² = Σ n_i R_g,i² + n_1 n_2/(n_1 + n_2) |c_1 − c_2|² of two clusters that are joined.

    Returns the name of what they become, that of the larger, and the square of their distance. Source: balance of moments, derivation.
    """
    if cluster[b, SIZE] > cluster[a, SIZE]:
        a, b = b, a
    n, m, apart = float(cluster[a, SIZE]), float(cluster[b, SIZE]), 0.0
    for axis in range(3):
        d = shape[a, axis] - shape[b, axis]
        apart += d * d
        shape[a, axis] = (n * shape[a, axis] + m * shape[b, axis]) / (n + m)
    between = math.sqrt(apart)
    shape[a, 4] = max(shape[a, 4] + m / (n + m) * between, shape[b, 4] + n / (n + m) * between)
    shape[a, 3] += shape[b, 3] + n * m / (n + m) * apart
    p = cluster[b, FIRST]
    while p != NONE:
        particle[p, CLUSTER] = a
        p = particle[p, CHAIN]
    p = cluster[b, FIRST]
    while p != NONE:
        settle_owner(particle[p, BLOCK], particle, head, block, cells)
        p = particle[p, CHAIN]
    particle[cluster[a, LAST], CHAIN] = cluster[b, FIRST]
    cluster[a, LAST] = cluster[b, LAST]
    cluster[a, SIZE] += cluster[b, SIZE]
    cluster[b, SIZE] = 0
    cluster[a, FIXED] = max(cluster[a, FIXED], cluster[b, FIXED])
    return a, apart


@kernel
def open_way(a, cluster, shape, box, state, names):
    """MOR-5. min over others of |c_a − c_b| − R_a − R_b − 1 [d], R the radii around the centres of their particles. Source: derivation."""
    way = 1e300
    for n in range(state[QUEUED]):
        b = names[n]
        if cluster[b, SIZE] > 0 and b != a:
            square = 0.0
            for axis in range(3):
                d = nearest(shape[b, axis] - shape[a, axis], box[axis])
                square += d * d
            way = min(way, math.sqrt(square) - shape[a, 4] - shape[b, 4])
    return way - 1.0


@kernel
def join(a, hit, now, position, particle, cluster, shape, head, block, cells, box, state, history):
    """Let a cluster hold to the one of the particle that it touches; returns the name of both together. Their sizes, R_g² and distance
    go into the next row of the history.
    """
    b = particle[hit, CLUSTER]
    align(a, b, hit, position, particle, cluster, shape, box)
    row = history[state[MERGED]]
    row[0], row[1], row[2] = now, cluster[a, SIZE], cluster[b, SIZE]
    whole, row[4] = merge(a, b, particle, cluster, shape, head, block, cells)
    row[3], row[5] = shape[whole, 3] / cluster[whole, SIZE] + OWN, whole
    state[MERGED] += 1
    state[LEFT] -= 1
    return whole


@kernel
def free_way(
    a, mark, found, fibre, near_fibre, wall, position, particle, cluster, shape, head, block, cells, box, state, names
):  # fmt: skip
    """Way that a cluster may go in any direction without touching anybody [d]."""
    rings = free_rings(a, mark, found, wall, particle, cluster, block, cells)
    if rings == 0:
        return gap(a, mark, near_fibre, position, particle, cluster, head, block, cells, box)
    free = rings * 2.0 * min(box[3], box[4]) - 1.0
    if rings == RINGS and len(fibre) == 0 and state[QUEUED] < OPEN * cluster[a, SIZE]:
        free = max(free, open_way(a, cluster, shape, box, state, names))
    return free


@kernel
def aggregate(
    sticking, capture, rotating, wanted, turns, key0, key1, fibre, radius, near_fibre, pieces, wall,
    position, particle, cluster, shape, head, block, cells, box, state, times, names, found, history,
):  # fmt: skip
    """MOR-6. At most `turns` moves, until `wanted` clusters are left or none can move; returns the time [d²/D_1].

    Whose time is first goes by s = max(1/2, 0.7 of the free way) in a random direction, or to the first contact, and waits s²/(2 δ D),
    δ the dimensions, D by MOR-3. A contact holds with chance `sticking`, a fibre with `capture`; what a fibre holds moves no more.

    fibre (S, 7), radius, near_fibre (fine cells + 1,), pieces: the fibres (MOR-2) and which pieces are near each cell; wall (blocks,);
    position … box: as in morphology_cells; shape (N, 5): centre, n R_g² of the centres, radius around the centre; state (4,): clusters
    left, mergers, moves, queue; times, names: the queue; found (N,): room; history (N, 6): time, both sizes, R_g², distance², name.
    Source: meakin1983, kolb1983; the free way instead of small steps everywhere, derivation.
    """
    flat = cells[2] == 1
    dimensions, now = 2.0 if flat else 3.0, 0.0
    while state[LEFT] > wanted and state[QUEUED] > 0 and turns > 0:
        turns -= 1
        now, a = pop(state, times, names)
        if cluster[a, SIZE] == 0 or cluster[a, FIXED] == 1:
            continue
        state[TURNS] += 1
        mark = state[TURNS]
        free = free_way(a, mark, found, fibre, near_fibre, wall, position, particle, cluster, shape, head, block, cells, box, state, names)
        u, v = uniform_pair(np.uint64(mark), np.uint64(0), key0, key1)
        dx, dy, dz = direction(u, v, flat)
        way, hit, held = max(STEP, SAFE * free), NONE, False
        waiting = way * way / (2.0 * dimensions) * slowness(a, cluster, shape)
        if free < way:
            way, hit = first_contact(
                a, mark, dx, dy, dz, way, fibre, radius, near_fibre, pieces, position, particle, cluster, head, block, cells, box
            )
        if hit != NONE:
            chance, _ = uniform_pair(np.uint64(mark), np.uint64(1), key0, key1)
            held = chance < (capture if hit == FIBRE else sticking)
            way = way * (1.0 - 1e-9) if held else max(way - APART, 0.0)
        if way > 0.0:
            shift(a, way * dx, way * dy, way * dz, position, particle, cluster, head, block, cells, box)
            shape[a, 0] += way * dx
            shape[a, 1] += way * dy
            shape[a, 2] += way * dz
        if held and hit == FIBRE:
            cluster[a, FIXED] = 1
        elif held:
            whole = join(a, hit, now, position, particle, cluster, shape, head, block, cells, box, state, history)
            if whole == a and cluster[a, FIXED] == 0:
                push(now + waiting, a, state, times, names)
        else:
            if rotating and cluster[a, SIZE] > 1:
                rotate(
                    a, mark, way, free - way, key0, key1, fibre, radius, near_fibre, pieces,
                    position, particle, cluster, shape, head, block, cells, box,
                )  # fmt: skip
            push(now + waiting, a, state, times, names)
    return now

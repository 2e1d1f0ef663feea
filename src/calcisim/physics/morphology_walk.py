"""Particle–cluster aggregation: walkers from far away hold to one cluster, one after the other."""

import math

import numpy as np

from calcisim.jit import kernel
from calcisim.numerics.rng import uniform_pair
from calcisim.physics.morphology_cells import CHAIN, CLUSTER, FIRST, LAST, NONE, SIZE, STEP, enter, fine_cell, leave, shift
from calcisim.physics.morphology_moves import APART, OWN, SAFE, direction
from calcisim.physics.morphology_near import first_contact, free_rings, gap

LOST = 20.0  # times the radius of the cluster: a walker that comes so far begins anew
START = 2.0  # between the cluster and where walkers begin [d]


@kernel
def deposit(
    n, turns, sticking, key0, key1, position, particle, cluster, shape, head, block, cells, box, found, no_fibre, no_near, no_wall, state
):  # fmt: skip
    """MOR-8. One walker, particle n, goes until it holds to cluster 0 at the middle of the box, at most `turns` moves; whether it did.

    It begins on the sphere just outside the cluster, goes in jumps as long as the way is free, and begins anew when it is lost.
    state[1] : moves so far, the counter of the random numbers. Other arrays as in morphology_moves. Source: witten1981.
    """
    flat = cells[2] == 1
    width = 2.0 * min(box[3], box[4])
    mx, my, mz = 0.5 * box[0], 0.5 * box[1], (0.0 if flat else 0.5 * box[2])
    start = shape[0, 4] + START
    begin = True
    x, y, z, inside = 0.0, 0.0, 0.0, False
    cluster[n, FIRST], cluster[n, LAST], cluster[n, SIZE] = n, n, 1
    particle[n, CLUSTER], particle[n, CHAIN] = n, NONE
    for _ in range(turns):
        state[1] += 1
        mark = state[1]
        u, v = uniform_pair(np.uint64(mark), np.uint64(0), key0, key1)
        dx, dy, dz = direction(u, v, flat)
        if begin:
            x, y, z, begin = mx + start * dx, my + start * dy, mz + start * dz, False
            continue
        away = math.sqrt((x - mx) ** 2 + (y - my) ** 2 + (z - mz) ** 2)
        if away > start + 1.0:  # nothing is out there: the first place on the largest sphere that does not reach the cluster
            if inside:
                leave(n, particle, head, block)
                inside = False
            way = away - shape[0, 4] - 1.0
            x, y, z = x + way * dx, y + way * dy, z + way * dz
            begin = away > LOST * start
            continue
        position[n, 0], position[n, 1], position[n, 2] = x, y, z
        if not inside:
            enter(n, fine_cell(x, y, z, cells, box), particle, head, block, cells)
            inside = True
        rings = free_rings(n, mark, found, no_wall, particle, cluster, block, cells)
        free = rings * width - 1.0 if rings > 0 else gap(n, mark, no_near, position, particle, cluster, head, block, cells, box)
        way, hit = max(STEP, SAFE * free), NONE
        if free < way:
            way, hit = first_contact(
                n, mark, dx, dy, dz, way, no_fibre, 1.0, no_near, no_near, position, particle, cluster, head, block, cells, box
            )
        if hit == NONE:
            shift(n, way * dx, way * dy, way * dz, position, particle, cluster, head, block, cells, box)
        else:
            chance, _ = uniform_pair(np.uint64(mark), np.uint64(1), key0, key1)
            held = chance < sticking
            way = way * (1.0 - 1e-9) if held else max(way - APART, 0.0)
            shift(n, way * dx, way * dy, way * dz, position, particle, cluster, head, block, cells, box)
            if held:
                return True
        x, y, z = position[n, 0], position[n, 1], position[n, 2]
    return False


@kernel
def walk(
    first, turns, sticking, key0, key1, position, particle, cluster, shape, head, block, cells, box, found, no_fibre, no_near, no_wall,
    state, history,
):  # fmt: skip
    """Walkers from particle `first` on, until there are no more, one fails within `turns` moves, or the cluster nears the wall of the box.

    state[0] : particles of the cluster; shape (N, 5) row 0: its centre, n R_g² and the radius about the middle of the box;
    history (N, 6) as in `aggregate`. Returns the number of the next walker.
    """
    flat = cells[2] == 1
    middle = np.array([0.5 * box[0], 0.5 * box[1], 0.0 if flat else 0.5 * box[2]])
    for n in range(first, len(position)):
        if shape[0, 4] + START + 2.0 + STEP > 0.5 * box[0]:
            return n
        if not deposit(
            n, turns, sticking, key0, key1, position, particle, cluster, shape, head, block, cells, box, found, no_fibre, no_near, no_wall,
            state,
        ):  # fmt: skip
            return n
        own, apart, away = float(n), 0.0, 0.0
        for axis in range(3):
            d = position[n, axis] - shape[0, axis]
            apart += d * d
            away += (position[n, axis] - middle[axis]) ** 2
            shape[0, axis] += d / (own + 1.0)
        shape[0, 3] += own / (own + 1.0) * apart
        shape[0, 4] = max(shape[0, 4], math.sqrt(away))
        particle[cluster[0, LAST], CHAIN] = n
        cluster[0, LAST], particle[n, CLUSTER] = n, 0
        cluster[0, SIZE] += 1
        cluster[n, SIZE] = 0
        leave(n, particle, head, block)
        enter(n, fine_cell(position[n, 0], position[n, 1], position[n, 2], cells, box), particle, head, block, cells)
        row = history[n - 1]
        row[0], row[1], row[2], row[3], row[4], row[5] = float(n), own, 1.0, shape[0, 3] / (own + 1.0) + OWN, apart, 0.0
        state[0] = n + 1
    return len(position)

"""Where a sphere has room, how the first ones are placed, and how clusters turn."""

import math

import numpy as np

from calcisim.jit import kernel
from calcisim.numerics.rng import uniform_pair
from calcisim.physics.morphology_cells import (
    AFTER,
    CHAIN,
    CLUSTER,
    FIRST,
    FIXED,
    LAST,
    NONE,
    SIZE,
    STEP,
    enter,
    fine_cell,
    leave,
    towards,
    wrap,
)
from calcisim.physics.morphology_near import fibre_distance


@kernel
def fits(x, y, z, a, fibre, radius, near_fibre, pieces, position, particle, head, cells, box):
    """Whether a sphere at a point overlaps no particle outside cluster `a` (−1: none at all) and no fibre."""
    nx, ny, nz = cells[0], cells[1], cells[2]
    cell = fine_cell(x, y, z, cells, box)
    i, j, k = cell % nx, (cell // nx) % ny, cell // (nx * ny)
    deep = 0 if nz == 1 else 1
    for w in range(k - deep, k + deep + 1):
        for v in range(j - 1, j + 2):
            row = (wrap(w, nz) * ny + wrap(v, ny)) * nx
            for u in range(i - 1, i + 2):
                o = head[row + wrap(u, nx)]
                while o != NONE:
                    if particle[o, CLUSTER] != a:
                        dx, dy, dz = towards(x, y, z, o, position, box)
                        if dx * dx + dy * dy + dz * dz < 1.0:
                            return False
                    o = particle[o, AFTER]
    for n in range(near_fibre[cell], near_fibre[cell + 1]):
        if fibre_distance(x, y, z, pieces[n], fibre, box) < (radius + 0.5) * (1.0 - 1e-9):
            return False
    return True


@kernel
def place(points, begin, fixed, fibre, radius, near_fibre, pieces, position, particle, cluster, shape, head, block, cells, box):
    """Put particles, from number `begin` on, at those of the points where they fit; returns the number of the next one."""
    n = begin
    for row in range(len(points)):
        if n == len(position):
            break
        x, y, z = points[row, 0], points[row, 1], points[row, 2]
        if fits(x, y, z, NONE, fibre, radius, near_fibre, pieces, position, particle, head, cells, box):
            for axis in range(3):
                position[n, axis] = points[row, axis]
                shape[n, axis] = points[row, axis]
            particle[n, CLUSTER], particle[n, CHAIN] = n, NONE
            cluster[n, FIRST], cluster[n, LAST], cluster[n, SIZE], cluster[n, FIXED] = n, n, 1, fixed
            enter(n, fine_cell(x, y, z, cells, box), particle, head, block, cells)
            n += 1
    return n


@kernel
def turned(x, y, z, ux, uy, uz, cosine, sine):
    """A vector turned about a unit axis: v cos θ + (u × v) sin θ + u (u·v)(1 − cos θ). Source: definition."""
    along = (ux * x + uy * y + uz * z) * (1.0 - cosine)
    return (
        x * cosine + (uy * z - uz * y) * sine + ux * along,
        y * cosine + (uz * x - ux * z) * sine + uy * along,
        z * cosine + (ux * y - uy * x) * sine + uz * along,
    )


@kernel
def rotate(
    a, mark, way, free, key0, key1, fibre, radius, near_fibre, pieces, position, particle, cluster, shape, head, block, cells, box
):  # fmt: skip
    """MOR-7. Turn a cluster about its centre by θ = s √(3/4)/R_h, in the plane s √(3/8)/R_h, R_h = √(5/3) R_g, about a random axis.

    s : way of the move before it. So a sphere turns by ⟨θ²⟩ = 6 D_r t, D_r = 3 D/(4 R_h²), while it goes ⟨s²⟩ = 6 D t. At most 1/2 at its
    rim where others are near (free : way that nobody bars), and not at all where it would overlap them. Source: Stokes, derivation.
    """
    flat = cells[2] == 1
    gyration = math.sqrt(5.0 / 3.0 * (shape[a, 3] / cluster[a, SIZE] + 0.15))
    angle = way * math.sqrt(0.375 if flat else 0.75) / gyration
    if angle * shape[a, 4] > free:
        angle = min(angle, STEP / shape[a, 4])
    u, v = uniform_pair(np.uint64(mark), np.uint64(2), key0, key1)
    uz = (1.0 if u < 0.5 else -1.0) if flat else 2.0 * u - 1.0
    s = math.sqrt(1.0 - uz * uz)
    ux, uy = s * math.cos(2.0 * math.pi * v), s * math.sin(2.0 * math.pi * v)
    cosine, sine, cx, cy, cz = math.cos(angle), math.sin(angle), shape[a, 0], shape[a, 1], shape[a, 2]
    if angle * shape[a, 4] > free:
        p = cluster[a, FIRST]
        while p != NONE:
            x, y, z = turned(position[p, 0] - cx, position[p, 1] - cy, position[p, 2] - cz, ux, uy, uz, cosine, sine)
            if not fits(x + cx, y + cy, z + cz, a, fibre, radius, near_fibre, pieces, position, particle, head, cells, box):
                return
            p = particle[p, CHAIN]
    p = cluster[a, FIRST]
    while p != NONE:
        x, y, z = turned(position[p, 0] - cx, position[p, 1] - cy, position[p, 2] - cz, ux, uy, uz, cosine, sine)
        position[p, 0], position[p, 1], position[p, 2] = x + cx, y + cy, z + cz
        cell = fine_cell(x + cx, y + cy, z + cz, cells, box)
        leave(p, particle, head, block)
        enter(p, cell, particle, head, block, cells)
        p = particle[p, CHAIN]

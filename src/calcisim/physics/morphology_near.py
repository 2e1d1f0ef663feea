"""How far a cluster may go: rings of blocks without anybody else, distances to the nearest particle, first contact on the way."""

import math

from calcisim.jit import kernel, part
from calcisim.physics.morphology_cells import (
    AFTER,
    BLOCK,
    CELL,
    CHAIN,
    CLEAR,
    CLUSTER,
    EMPTY,
    FIRST,
    NONE,
    OWNER,
    SEEN,
    STEP,
    nearest,
    towards,
    wrap,
)

FIBRE = -2  # what a cluster touches when it is no particle
RINGS = 3  # of blocks that are searched for others
WIDE = 2  # fine cells around a particle that are searched for the distance to others


@kernel
def alone(a, b, ring, wall, block, cells):
    """Whether no cluster but `a` and no fibre is in the blocks of one ring around a block."""
    nx, ny, nz = cells[0] >> 1, cells[1] >> 1, max(cells[2] >> 1, 1)
    i, j, k = b % nx, (b // nx) % ny, b // (nx * ny)
    deep = 0 if nz == 1 else ring
    for w in range(-deep, deep + 1):
        for v in range(-ring, ring + 1):
            row = (wrap(k + w, nz) * ny + wrap(j + v, ny)) * nx
            across = 1 if abs(v) == ring or abs(w) == ring else 2 * ring
            for u in range(-ring, ring + 1, max(across, 1)):
                other = row + wrap(i + u, nx)
                owner = block[other, OWNER]
                if wall[other] or (owner != EMPTY and owner != a):
                    return False
    return True


@kernel
def free_rings(a, mark, found, wall, particle, cluster, block, cells):
    """Rings of blocks around a cluster that hold nobody else: 0 to RINGS. Blocks with a free first ring are marked CLEAR.

    found : (N,) room for the blocks of the cluster.
    """
    count, free = 0, True
    p = cluster[a, FIRST]
    while p != NONE:
        b = particle[p, BLOCK]
        if block[b, SEEN] != mark:
            block[b, SEEN] = mark
            found[count] = b
            count += 1
            if alone(a, b, 0, wall, block, cells) and alone(a, b, 1, wall, block, cells):
                block[b, CLEAR] = mark
            else:
                free = False
        p = particle[p, CHAIN]
    if not free:
        return 0
    for ring in range(2, RINGS + 1):
        for n in range(count):
            if not alone(a, found[n], ring, wall, block, cells):
                return ring - 1
    return RINGS


@kernel
def gap(a, mark, near_fibre, position, particle, cluster, head, block, cells, box):
    """Way that a cluster may go without touching anybody [d], at most to the end of the searched cells; 0 as soon as it is below STEP."""
    nx, ny, nz = cells[0], cells[1], cells[2]
    deep = 0 if nz == 1 else WIDE
    furthest = WIDE * min(box[3], box[4])
    square, enough = furthest * furthest, (1.0 + STEP) * (1.0 + STEP)
    p = cluster[a, FIRST]
    while p != NONE:
        cell = particle[p, CELL]
        if block[particle[p, BLOCK], CLEAR] != mark:
            if near_fibre[cell + 1] > near_fibre[cell]:
                return 0.0
            x, y, z = position[p, 0], position[p, 1], position[p, 2]
            i, j, k = cell % nx, (cell // nx) % ny, cell // (nx * ny)
            for w in range(k - deep, k + deep + 1):
                for v in range(j - WIDE, j + WIDE + 1):
                    row = (wrap(w, nz) * ny + wrap(v, ny)) * nx
                    for u in range(i - WIDE, i + WIDE + 1):
                        o = head[row + wrap(u, nx)]
                        while o != NONE:
                            if particle[o, CLUSTER] != a:
                                dx, dy, dz = towards(x, y, z, o, position, box)
                                square = min(square, dx * dx + dy * dy + dz * dz)
                            o = particle[o, AFTER]
            if square < enough:
                return 0.0
        p = particle[p, CHAIN]
    return math.sqrt(square) - 1.0


@kernel
def touch_sphere(ax, ay, az, dx, dy, dz, furthest):
    """MOR-1. Way t = b − √(b² − (r² − 1)), b = r·n, along n until a sphere touches one at r [d]; `furthest` if it does not before.

    Source: two spheres of diameter 1, derivation.
    """
    b = ax * dx + ay * dy + az * dz
    if b <= 0.0:
        return furthest
    square = b * b - (ax * ax + ay * ay + az * az - 1.0)
    if square < 0.0:
        return furthest
    return min(furthest, max(b - math.sqrt(square), 0.0))


@part
def from_middle(x, y, z, s, fibre, box):
    """Vector to a point from the nearest image of the middle of a piece of a fibre."""
    half = 0.5 * fibre[s, 6]
    return (
        nearest(x - fibre[s, 0] - half * fibre[s, 3], box[0]),
        nearest(y - fibre[s, 1] - half * fibre[s, 4], box[1]),
        nearest(z - fibre[s, 2] - half * fibre[s, 5], box[2]),
    )


@kernel
def fibre_distance(x, y, z, s, fibre, box):
    """Distance of a point from the axis of a piece of a fibre, from its nearer end beyond it [d]. Source: definition."""
    half = 0.5 * fibre[s, 6]
    wx, wy, wz = from_middle(x, y, z, s, fibre, box)
    w = min(max(wx * fibre[s, 3] + wy * fibre[s, 4] + wz * fibre[s, 5], -half), half)
    dx, dy, dz = wx - w * fibre[s, 3], wy - w * fibre[s, 4], wz - w * fibre[s, 5]
    return math.sqrt(dx * dx + dy * dy + dz * dz)


@kernel
def touch_fibre(x, y, z, s, dx, dy, dz, furthest, fibre, radius, box):
    """MOR-2. Way until a sphere touches a piece of a fibre: |w⊥ + t n⊥| = ρ + 1/2 and the foot on the piece; else `furthest`.

    fibre : (S, 7) start, direction, length of each piece; radius ρ. Source: sphere and cylinder, derivation.
    """
    half = 0.5 * fibre[s, 6]
    ux, uy, uz = fibre[s, 3], fibre[s, 4], fibre[s, 5]
    wx, wy, wz = from_middle(x, y, z, s, fibre, box)
    w, d = wx * ux + wy * uy + wz * uz, dx * ux + dy * uy + dz * uz
    px, py, pz = wx - w * ux, wy - w * uy, wz - w * uz
    qx, qy, qz = dx - d * ux, dy - d * uy, dz - d * uz
    b = px * qx + py * qy + pz * qz
    if b >= 0.0:
        return furthest
    q, reach = qx * qx + qy * qy + qz * qz, radius + 0.5
    square = b * b - q * (px * px + py * py + pz * pz - reach * reach)
    if square < 0.0:
        return furthest
    way = max((-b - math.sqrt(square)) / q, 0.0)
    return way if way < furthest and abs(w + way * d) <= half * (1.0 + 1e-9) else furthest


@kernel
def first_contact(a, mark, dx, dy, dz, step, fibre, radius, near_fibre, pieces, position, particle, cluster, head, block, cells, box):
    """How far a cluster can go along a unit vector, at most `step`, and what it touches there: a particle, FIBRE, or NONE."""
    nx, ny, nz = cells[0], cells[1], cells[2]
    deep = 0 if nz == 1 else 1
    way, hit = step, NONE
    p = cluster[a, FIRST]
    while p != NONE:
        cell = particle[p, CELL]
        if block[particle[p, BLOCK], CLEAR] != mark:
            x, y, z = position[p, 0], position[p, 1], position[p, 2]
            i, j, k = cell % nx, (cell // nx) % ny, cell // (nx * ny)
            for w in range(k - deep, k + deep + 1):
                for v in range(j - 1, j + 2):
                    row = (wrap(w, nz) * ny + wrap(v, ny)) * nx
                    for u in range(i - 1, i + 2):
                        o = head[row + wrap(u, nx)]
                        while o != NONE:
                            if particle[o, CLUSTER] != a:
                                ax, ay, az = towards(x, y, z, o, position, box)
                                t = touch_sphere(ax, ay, az, dx, dy, dz, way)
                                if t < way:
                                    way, hit = t, o
                            o = particle[o, AFTER]
            for n in range(near_fibre[cell], near_fibre[cell + 1]):
                t = touch_fibre(x, y, z, pieces[n], dx, dy, dz, way, fibre, radius, box)
                if t < way:
                    way, hit = t, FIBRE
        p = particle[p, CHAIN]
    return way, hit

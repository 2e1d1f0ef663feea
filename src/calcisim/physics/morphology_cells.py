"""Spheres in a periodic box: cells that say who is near, clusters as linked lists, moves.

Lengths are in diameters of a primary particle. A fine cell holds a list of its particles and is at least `REACH` wide, so that
whatever a particle can touch within the smallest step lies in the cells around its own. A block of two fine cells along each axis
knows whether one cluster alone is in it: rings of blocks without anybody else say how far a cluster may jump and meet nobody.

position : (N, 3), unwrapped, so that the particles of a cluster lie beside each other; particle : (N, 6), cluster : (N, 4) and
block : (blocks, 4), int32, with the columns below; head : (fine cells,) first particle of each; cells : (3,) fine cells along x, y, z,
even, or 1 along z in two dimensions; box : (6,) its edges and the widths of a fine cell. A cluster is named by one of its particles.
"""

import math

from calcisim.jit import kernel, part

# Of a particle: its cluster, fine cell, neighbours in the list of the cell, next one of the cluster, block.
CLUSTER, CELL, AFTER, BEFORE, CHAIN, BLOCK = 0, 1, 2, 3, 4, 5
FIRST, LAST, SIZE, FIXED = 0, 1, 2, 3  # of a cluster: ends of its list, particles (0: gone), 1 when a fibre holds it
# Of a block: whose it is, particles, last search that came here, last that found nobody near.
OWNER, COUNT, SEEN, CLEAR = 0, 1, 2, 3
NONE, EMPTY, MIXED = -1, -1, -2  # end of a list; owner of a block without particles, or of several clusters
STEP = 0.5  # smallest step [d]
REACH = 1.0 + STEP


@part
def wrap(i, n):
    """Index of a cell or block within the box, from one at most once around it; a remainder would cost ten times as much."""
    return i + n if i < 0 else i - n if i >= n else i


@part
def nearest(difference, length):
    """Difference of two coordinates, to the nearest image."""
    return difference - length * math.floor(difference / length + 0.5)


@part
def towards(x, y, z, o, position, box):
    """Vector from a point to the nearest image of a particle."""
    return nearest(position[o, 0] - x, box[0]), nearest(position[o, 1] - y, box[1]), nearest(position[o, 2] - z, box[2])


@kernel
def fine_cell(x, y, z, cells, box):
    """Number of the fine cell of a point, in whichever image it lies."""
    i = int(math.floor(x / box[3])) % cells[0]
    j = int(math.floor(y / box[4])) % cells[1]
    k = int(math.floor(z / box[5])) % cells[2]
    return (k * cells[1] + j) * cells[0] + i


@part
def block_of(cell, cells):
    """Number of the block of a fine cell."""
    i = cell % cells[0]
    j = (cell // cells[0]) % cells[1]
    k = cell // (cells[0] * cells[1])
    return ((k >> 1) * (cells[1] >> 1) + (j >> 1)) * (cells[0] >> 1) + (i >> 1)


@kernel
def enter(p, cell, particle, head, block, cells):
    """Put a particle into a fine cell and its block."""
    old = head[cell]
    particle[p, AFTER], particle[p, BEFORE] = old, NONE
    if old != NONE:
        particle[old, BEFORE] = p
    b = block_of(cell, cells)
    head[cell], particle[p, CELL], particle[p, BLOCK] = p, cell, b
    if block[b, COUNT] == 0:
        block[b, OWNER] = particle[p, CLUSTER]
    elif block[b, OWNER] != particle[p, CLUSTER]:
        block[b, OWNER] = MIXED
    block[b, COUNT] += 1


@kernel
def leave(p, particle, head, block):
    """Take a particle out of its fine cell and block. A block of several owners stays so until it is empty or a merger looks again."""
    after, before, cell = particle[p, AFTER], particle[p, BEFORE], particle[p, CELL]
    if before == NONE:
        head[cell] = after
    else:
        particle[before, AFTER] = after
    if after != NONE:
        particle[after, BEFORE] = before
    b = particle[p, BLOCK]
    block[b, COUNT] -= 1
    if block[b, COUNT] == 0:
        block[b, OWNER] = EMPTY


@kernel
def shift(a, dx, dy, dz, position, particle, cluster, head, block, cells, box):
    """Move a cluster by a vector."""
    p = cluster[a, FIRST]
    while p != NONE:
        x, y, z = position[p, 0] + dx, position[p, 1] + dy, position[p, 2] + dz
        position[p, 0], position[p, 1], position[p, 2] = x, y, z
        cell = fine_cell(x, y, z, cells, box)
        if cell != particle[p, CELL]:
            leave(p, particle, head, block)
            enter(p, cell, particle, head, block, cells)
        p = particle[p, CHAIN]


@kernel
def settle_owner(b, particle, head, block, cells):
    """Look again whose a block is."""
    nx, ny = cells[0] >> 1, cells[1] >> 1
    i, j, k = 2 * (b % nx), 2 * ((b // nx) % ny), 2 * (b // (nx * ny))
    owner = EMPTY
    for w in range(k, min(k + 2, cells[2])):
        for v in range(j, j + 2):
            for u in range(i, i + 2):
                p = head[(w * cells[1] + v) * cells[0] + u]
                while p != NONE:
                    if owner == EMPTY:
                        owner = particle[p, CLUSTER]
                    elif owner != particle[p, CLUSTER]:
                        owner = MIXED
                    p = particle[p, AFTER]
    block[b, OWNER] = owner

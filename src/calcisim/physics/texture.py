"""A correlated random texture of tissue: septa and vessels make some places better supplied and more exposed than others."""

import math

import numpy as np

from calcisim.jit import kernel
from calcisim.numerics.rng import uniform_pair


@kernel
def node(i, j, k, key0, key1):
    """TXT-1. Normal number of a node of the texture's lattice, by counter (Box and Muller). Source: definition."""
    first = np.uint64(i + 1048576) | (np.uint64(j + 1048576) << np.uint64(32))
    a, b = uniform_pair(first, np.uint64(k + 1048576), key0, key1)
    return math.sqrt(-2.0 * math.log(a)) * math.cos(2.0 * math.pi * b)


@kernel
def fade(t):
    """TXT-2. Weight of the farther node, 6t⁵ − 15t⁴ + 10t³: smooth to the second derivative. Source: definition."""
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0)


@kernel
def texture(x, y, z, length, strength, key0, key1, out):
    """TXT-3. Factor exp(σ g − σ²/2) of mean 1 at voxel centres, g normal with unit variance, correlated over `length` [m].

    g: numbers of the eight nodes around a point, weighted by TXT-2 and divided by the root of the sum of squared weights, so that it has
    unit variance everywhere. It depends on place, seed and name of the site alone: half the voxel gives the same texture.
    x, y, z [m]; strength σ [-]; out (z, y, x), written. Source: definition.
    """
    for c in range(z.size):
        for b in range(y.size):
            for a in range(x.size):
                place = (x[a] / length, y[b] / length, z[c] / length)
                i, j, k = math.floor(place[0]), math.floor(place[1]), math.floor(place[2])
                u, v, w = fade(place[0] - i), fade(place[1] - j), fade(place[2] - k)
                total, squared = 0.0, 0.0
                for corner in range(8):
                    p, q, r = corner & 1, (corner >> 1) & 1, corner >> 2
                    weight = (u if p else 1.0 - u) * (v if q else 1.0 - v) * (w if r else 1.0 - w)
                    if weight > 0.0:
                        total += weight * node(int(i) + p, int(j) + q, int(k) + r, key0, key1)
                        squared += weight * weight
                g = total / math.sqrt(squared)
                out[c, b, a] = math.exp(strength * g - 0.5 * strength * strength)

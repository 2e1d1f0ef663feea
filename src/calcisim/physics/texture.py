"""A correlated random texture of tissue: septa and vessels make some places better supplied and more exposed than others."""

import math

import numpy as np

from calcisim.jit import kernel
from calcisim.numerics.rng import uniform_pair

WAVES = 192  # so many that the sum is normal to a few per cent in its tails


@kernel
def normal_pair(index, number, key0, key1):
    """TXT-1. Two normal numbers by counter (Box and Muller). Source: definition."""
    a, b = uniform_pair(np.uint64(index), np.uint64(number), key0, key1)
    size = math.sqrt(-2.0 * math.log(a))
    return size * math.cos(2.0 * math.pi * b), size * math.sin(2.0 * math.pi * b)


@kernel
def waves(length, key0, key1):
    """TXT-2. Wave vectors (N, 3) [1/m], normal with standard deviation √2/ℓ along each axis, and phases (N,). Source: definition."""
    vectors = np.empty((WAVES, 3))
    phases = np.empty(WAVES)
    for n in range(WAVES):
        first, second = normal_pair(n, 0, key0, key1)
        third, _ = normal_pair(n, 1, key0, key1)
        scale = math.sqrt(2.0) / length
        vectors[n, 0], vectors[n, 1], vectors[n, 2] = first * scale, second * scale, third * scale
        phases[n] = 2.0 * math.pi * uniform_pair(np.uint64(n), np.uint64(2), key0, key1)[0]
    return vectors, phases


@kernel
def texture(x, y, z, length, strength, key0, key1, out):
    """TXT-3. Factor exp(σ g − σ²/2) of mean 1 at voxel centres, g normal with unit variance and correlation e^(−(r/ℓ)²) at the distance r.

    g = √(2/N) Σ cos(k_n·x + φ_n) over waves (TXT-2): alike in all directions. It depends on place, seed and name of the site alone: half
    the voxel gives the same texture. ℓ length, x, y, z [m]; strength σ [-]; out (z, y, x), written. Source: definition.
    """
    vectors, phases = waves(length, key0, key1)
    for c in range(z.size):
        for b in range(y.size):
            for a in range(x.size):
                total = 0.0
                for n in range(WAVES):
                    total += math.cos(vectors[n, 0] * x[a] + vectors[n, 1] * y[b] + vectors[n, 2] * z[c] + phases[n])
                out[c, b, a] = math.exp(strength * math.sqrt(2.0 / WAVES) * total - 0.5 * strength * strength)

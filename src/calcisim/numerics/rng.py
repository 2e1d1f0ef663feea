"""Random numbers by counter: the same key and counter give the same number, in any order, on any thread.

Philox-4x32 with ten rounds (Salmon, Moraes, Dror, Shaw 2011, doi:10.1145/2063384.2063405).
"""

import zlib

import numpy as np

from calcisim.jit import kernel, part


@kernel
def _multiply(a, b):
    """High and low 32 bits of a·b for 32-bit words carried in uint64."""
    product = a * b
    return product >> np.uint64(32), product & np.uint64(0xFFFFFFFF)


@part
def philox(counter0, counter1, key0, key1):
    """Four 32-bit words (as uint64) from a 128-bit counter (two uint64) and a 64-bit key (two 32-bit words in uint64)."""
    mask = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    x0 = counter0 & mask
    x1 = counter0 >> half
    x2 = counter1 & mask
    x3 = counter1 >> half
    k0 = key0 & mask
    k1 = key1 & mask
    for _ in range(10):
        high0, low0 = _multiply(np.uint64(0xD2511F53), x0)
        high1, low1 = _multiply(np.uint64(0xCD9E8D57), x2)
        x0 = high1 ^ x1 ^ k0
        x1 = low1
        x2 = high0 ^ x3 ^ k1
        x3 = low0
        k0 = (k0 + np.uint64(0x9E3779B9)) & mask
        k1 = (k1 + np.uint64(0xBB67AE85)) & mask
    return x0, x1, x2, x3


@part
def uniform_pair(counter0, counter1, key0, key1):
    """Two independent uniform numbers in (0, 1), 53 bits each."""
    a, b, c, d = philox(counter0, counter1, key0, key1)
    scale = 1.0 / 9007199254740992.0
    first = (a >> np.uint64(5)) * 67108864.0 + (b >> np.uint64(6)) + 0.5
    second = (c >> np.uint64(5)) * 67108864.0 + (d >> np.uint64(6)) + 0.5
    return first * scale, second * scale


def key(seed: int, name: str) -> tuple[np.uint64, np.uint64]:
    """A key from a seed and a name (of a site); two names differ even where seeds are equal."""
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be between 0 and {2**64 - 1}, not {seed}")
    return np.uint64(seed & 0xFFFFFFFF), np.uint64((seed >> 32) ^ zlib.crc32(name.encode()))

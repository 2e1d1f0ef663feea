"""Philox by its published answers, and uniform numbers that are uniform."""

import numpy as np
import pytest
from scipy import stats

from calcisim.numerics import rng

# philox4x32 with ten rounds in kat_vectors of the Random123 library (Salmon et al. 2011)
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0), (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter, key, words):
    low, high = (np.uint64(counter[i] | counter[i + 1] << 32) for i in (0, 2))
    assert tuple(int(word) for word in rng.philox(low, high, np.uint64(key[0]), np.uint64(key[1]))) == words


def numbers(count, cell=0, seed=1, name="site"):
    key = rng.key(seed, name)
    return np.array([rng.uniform_pair(np.uint64(cell), np.uint64(index), *key) for index in range(count)])


def test_numbers_are_uniform_and_never_0_or_1():
    pairs = numbers(20_000)
    assert 0.0 < pairs.min() < pairs.max() < 1.0
    for column in pairs.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.03


def test_neighbouring_counters_cells_seeds_and_names_are_independent():
    base = numbers(4000)[:, 0]
    others = [numbers(4000, cell=1)[:, 0], numbers(4000, seed=2)[:, 0], numbers(4000, name="other")[:, 0], np.roll(base, 1)]
    assert all(abs(np.corrcoef(base, other)[0, 1]) < 0.06 for other in others)


def test_the_same_counter_gives_the_same_number_in_any_order():
    forward, backward = numbers(50), np.array([numbers(index + 1)[-1] for index in reversed(range(50))])[::-1]
    assert np.array_equal(forward, backward)


def test_all_64_bits_of_a_seed_count():
    assert len({rng.key(seed, "a") for seed in (0, 1, 2**32, 2**63, 2**64 - 1)}) == 5
    assert rng.key(1, "a") != rng.key(1, "b")


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match="seed"):
        rng.key(seed, "a")

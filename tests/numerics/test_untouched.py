"""Large arrays of a hierarchy that are mostly never written to."""

import numpy as np
import pytest

from calcisim.numerics.multigrid import Hierarchy


def _resident(array):
    """Bytes of an array that take memory [B], after /proc/self/smaps."""
    first = array.__array_interface__["data"][0]
    total, within = 0, False
    with open("/proc/self/smaps", encoding="ascii") as lines:
        for line in lines:
            word = line.split()[0]
            if "-" in word and ":" not in word:
                low, high = (int(part, 16) for part in word.split("-"))
                within = low < first + array.nbytes and high > first
            elif within and word == "Rss:":
                total += 1024 * int(line.split()[1])
    return total


def test_couplings_take_memory_where_they_are():
    try:
        open("/proc/self/smaps", encoding="ascii").close()
    except OSError:
        pytest.skip("this system does not say what is resident")
    hierarchy = Hierarchy((1, 256, 256), (1.0, 1.0, 1.0), np.ones(4), np.eye(4))
    w, block = hierarchy.fine.w, hierarchy.fine.block
    assert not w.any()  # reading takes nothing either
    w[:, :, 1, 100:110, 1:-1] = 0.1
    hierarchy.assemble()
    assert np.count_nonzero(block[0, 0]) == 10 * 256
    for array in (w, block):
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert _resident(array) < 0.1 * array.nbytes

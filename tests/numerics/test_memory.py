"""Large arrays that are mostly never written to, and reading an array without a copy of it."""

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.numerics import memory
from calcisim.numerics.memory import pieces, untouched
from calcisim.simulation.run import Simulation


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


def test_what_is_not_written_to_takes_no_memory():
    try:
        open("/proc/self/smaps", encoding="ascii").close()
    except OSError:
        pytest.skip("this system does not say what is resident")
    array = untouched((4, 4, 256, 4096), np.int64)
    assert array.dtype == np.int64
    assert not array.any()  # reading takes nothing either
    array[:, :, 100:110] = 3
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.sum() == 3 * 16 * 10 * 4096
    assert _resident(array) < 0.1 * array.nbytes


@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 0, 2), (4, 5, 6)])
def test_pieces_are_the_array_in_order(shape):
    array = np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)
    views = [array, np.asfortranarray(array), array.T, array[..., ::-1] if shape else array, array[1:] if shape else array]
    for view in views:
        found = list(pieces(view))
        assert all(piece.flags.c_contiguous for piece in found)
        assert b"".join(piece.tobytes() for piece in found) == view.tobytes(order="C")


def test_a_large_array_is_read_without_a_copy_of_it(monkeypatch):
    monkeypatch.setattr(memory, "_SMALL", 300)
    inner = np.arange(7.0 * 8 * 9).reshape(7, 8, 9)[1:-1, 1:-1, 1:-1]
    found = list(pieces(inner))
    assert [piece.shape for piece in found] == 30 * [(7,)]
    assert max(piece.nbytes for piece in found) <= 300
    assert b"".join(piece.tobytes() for piece in found) == inner.tobytes()
    whole = np.ones((4, 5, 6))
    assert [piece is whole for piece in pieces(whole)] == [True]


def test_particles_find_room_without_what_was_there_changing():
    """Arrays that are made anew hold what the old ones held, and a checkpoint only what is in use."""
    simulation = Simulation(door.load("dystrophic/subdermal-cusp", (), True))
    (state,) = (site.state for site in simulation.sites.values())
    state.make_room(np.array([5, 3]))
    state.clumps[:, :, 7, :2] = [[[1.0, 2.0]] * 4] * 2
    state.count[:, 1] = 4
    before = {name: array.copy() for name, array in state.arrays().items()}
    assert state.make_room(np.arange(40))
    after = state.arrays()
    for name in ("number", "coordinate", "bare", "count"):
        assert np.array_equal(after[name][:, :2], before[name])
        assert after[name].shape[1] == 40
    assert np.array_equal(after["clumps"][..., :2], before["clumps"])
    assert not after["clumps"][..., 2:].any()
    assert state.count.shape[1] == min(80, state.slot.size)
    assert list(state.slot[:6]) == [2, 3, 4, 1, 5, 0]

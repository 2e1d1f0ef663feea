"""The seeding lattice over the voxels of a grid, and the books."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcisim.simulation.lattice import build
from calcisim.simulation.ledger import Ledger

CELL = 1e-4


def shares_per_row(lattice, rows):
    out = np.zeros(rows)
    np.add.at(out, lattice.row, lattice.share)
    return out


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    counts=st.tuples(*(st.integers(1, 9) for _ in range(3))),
    spacing=st.tuples(*(st.floats(7e-6, 4e-4) for _ in range(3))),
    resolved=st.tuples(*(st.booleans() for _ in range(3))),
)
def test_shares_of_a_voxel_add_up_to_one_and_cells_to_their_volume(counts, spacing, resolved):
    voxels = int(np.prod(counts))
    lattice = build(np.arange(voxels), counts, spacing, CELL, resolved)
    assert shares_per_row(lattice, voxels) == pytest.approx(np.ones(voxels), abs=1e-12)
    assert np.all(lattice.share > 0.0)
    assert lattice.start[0] == 0
    assert lattice.start[-1] == lattice.row.size
    assert np.all(np.diff(lattice.identity.astype(np.int64)) > 0)
    volume = np.add.reduceat(lattice.share, lattice.start[:-1]) * np.prod(spacing)
    edges = [CELL if known and n > 1 else n * h for n, h, known in zip(counts, spacing, resolved, strict=True)]
    assert np.all(volume <= np.prod(edges) * (1.0 + 1e-6))
    assert volume.sum() == pytest.approx(voxels * np.prod(spacing))


@pytest.mark.parametrize("spacing", [12.5e-6, 25e-6, 50e-6, 100e-6])
def test_cells_that_voxels_fill_have_the_volume_of_a_cell(spacing):
    n = int(round(4e-4 / spacing))
    lattice = build(np.arange(n * n), (1, n, n), (1e-3, spacing, spacing), CELL, (False, True, True))
    volume = np.add.reduceat(lattice.share, lattice.start[:-1]) * spacing**2 * 1e-3
    assert lattice.identity.tolist() == list(range(16))
    assert volume == pytest.approx(np.full(16, CELL**2 * 1e-3), rel=1e-9)


def test_a_voxel_larger_than_a_cell_lies_in_several():
    lattice = build(np.arange(2), (1, 1, 2), (1e-3, 1e-3, 2.5e-4), CELL, (False, False, True))
    assert lattice.identity.tolist() == [0, 1, 2, 3, 4]
    assert lattice.share == pytest.approx([0.4, 0.4, 0.2, 0.2, 0.4, 0.4])


def test_only_active_voxels_take_part():
    active = np.array([3, 7, 11])
    lattice = build(active, (1, 1, 12), (1e-3, 1e-3, 5e-5), CELL, (False, False, True))
    assert lattice.identity.tolist() == [1, 3, 5]
    assert lattice.row.tolist() == [0, 1, 2]


def test_without_axes_there_is_one_cell():
    lattice = build(np.array([0]), (1, 1, 1), (1e-2, 1e-2, 1e-2), CELL, (False, False, False))
    assert lattice.identity.tolist() == [0]
    assert lattice.share.tolist() == [1.0]


def test_books_that_balance_and_books_that_do_not():
    ledger = Ledger(np.array([10.0, 5.0]))
    ledger.book("exchanged", np.array([2.0, -1.0]), np.array([3.0, 1.0]))
    ledger.book("excised", np.array([-4.0, 0.0]))
    assert ledger.relative(np.array([8.0, 4.0])).tolist() == [0.0, 0.0]
    missing = ledger.relative(np.array([7.0, 4.0]))
    assert missing.tolist() == [1.0 / (10.0 + 3.0 + 4.0), 0.0]


def test_a_site_that_never_held_anything_balances():
    assert Ledger(np.zeros(2)).relative(np.zeros(2)).tolist() == [0.0, 0.0]


def test_small_amounts_are_not_lost_among_large_ones():
    ledger, random = Ledger(np.zeros(1)), np.random.default_rng(2)
    amounts = random.standard_normal(20_000) * 10.0 ** random.uniform(-12, 6, 20_000)
    for amount in amounts:
        ledger.book("exchanged", np.array([amount]))
    exact = math.fsum(amounts)
    assert abs(ledger.accounts["exchanged"].value[0] - exact) <= 1e-15 * np.abs(amounts).sum()


def test_books_come_back_from_a_checkpoint_as_they_were():
    ledger = Ledger(np.array([1.0, 2.0]))
    for amount in (1e16, 1.0, -1e16):
        ledger.book("exchanged", np.array([amount, 0.1]))
    back = Ledger.restore(ledger.arrays())
    assert back.accounts["exchanged"].value.tobytes() == ledger.accounts["exchanged"].value.tobytes()
    assert back.accounts["exchanged"].value[0] == 1.0
    for books in (ledger, back):
        books.book("excised", np.array([-0.3, 0.7]))
    assert all(np.array_equal(back.arrays()[name], array) for name, array in ledger.arrays().items())

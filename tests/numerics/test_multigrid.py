"""The multigrid solver against a direct sparse solve, for any dimension, odd sizes, uneven spacing and several minerals."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from calcisim.numerics import threads
from calcisim.numerics.krylov import Bicgstab
from calcisim.numerics.multigrid import Hierarchy

INNER = (slice(1, -1),) * 3
STOICHIOMETRY = np.array([[5.0, 1.0], [3.0, 1.0], [7.0, 2.0]])
DIFFUSIVITY = np.array([1.0, 0.8, 1.5])
FOUR = np.array([1.0, 0.95, 0.94, 1.58])  # as many as the model has


def conductance(random, shape, contrast):
    """Smoothly varying, spread over `contrast`."""
    field = random.random(shape)
    for axis, n in enumerate(shape):
        if n > 3:
            field = 0.5 * field + 0.25 * (np.roll(field, 1, axis) + np.roll(field, -1, axis))
    field = (field - field.min()) / (np.ptp(field) or 1.0)
    return contrast ** (field - 1.0)


def couple(hierarchy, values, where):
    """Couplings (phase, species, z, y, x) of the voxels in `where` (z, y, x)."""
    if hierarchy.stoichiometry.shape[1] == 1:
        hierarchy.fine.w[(slice(None), slice(None), *INNER)] = values * where
        return
    padded = np.zeros(hierarchy.fine.place.shape, dtype=bool)
    padded[INNER] = where
    hierarchy.couple(np.flatnonzero(padded))
    hierarchy.fine.coupling[...] = np.moveaxis(values[:, :, where], 2, 0)


def couplings(fine):
    """The couplings of a level on all its voxels (phase, species, z, y, x)."""
    if fine.stoichiometry.shape[1] == 1:
        return fine.w[(slice(None), slice(None), *INNER)]
    place = fine.place[INNER]
    out = np.zeros((*fine.stoichiometry.shape[::-1], *place.shape))
    out[:, :, place >= 0] = np.moveaxis(fine.coupling[place[place >= 0]], 0, 2)
    return out


def fill(hierarchy, shape, spacing, weight=3.0, contrast=30.0, coupling=1.0, signed=0.0):
    """Random diagonals, harmonic faces and couplings on the finest level; `signed`: how far couplings reach below zero."""
    random = np.random.default_rng(7)
    fine, phases = hierarchy.fine, hierarchy.stoichiometry.shape[1]
    field = conductance(random, shape, contrast)
    fine.diag[(slice(None), *INNER)] = 0.5 + random.random((fine.diffusivity.size, *shape))
    for axis, face in enumerate((fine.tz, fine.ty, fine.tx)):
        if shape[axis] == 1:
            continue
        near, far = np.moveaxis(field, axis, 0)[:-1], np.moveaxis(field, axis, 0)[1:]
        np.moveaxis(face[INNER], axis, 0)[1:] = weight * (min(spacing) / spacing[axis]) ** 2 * 2.0 * near * far / (near + far)
    where = random.random(shape) < 0.5
    values = np.stack([coupling * (random.random((fine.diffusivity.size, *shape)) - signed) for _ in range(phases)])
    couple(hierarchy, values, where)
    return hierarchy.fine


def matrix(fine, stoichiometry, shape):
    """The same operator as a sparse matrix over (species, voxel)."""
    n = int(np.prod(shape))
    number = np.arange(n).reshape(shape)
    laplacian = sparse.csr_array((n, n))
    for axis, face in enumerate((fine.tz, fine.ty, fine.tx)):
        if shape[axis] == 1:
            continue
        near, far = np.moveaxis(number, axis, 0)[:-1].ravel(), np.moveaxis(number, axis, 0)[1:].ravel()
        t = np.moveaxis(face[INNER], axis, 0)[1:].ravel()
        for a, b, value in ((near, near, t), (far, far, t), (near, far, -t), (far, near, -t)):
            laplacian = laplacian + sparse.coo_array((value, (a, b)), shape=(n, n)).tocsr()
    blocks, w = [], couplings(fine)
    for s in range(fine.diffusivity.size):
        row = []
        for r in range(fine.diffusivity.size):
            coupling = sum(stoichiometry[s, q] * w[q, r].ravel() for q in range(stoichiometry.shape[1]))
            block = sparse.diags_array(coupling + (fine.diag[(s, *INNER)].ravel() if r == s else 0.0))
            row.append(block + fine.diffusivity[s] * laplacian if r == s else block)
        blocks.append(row)
    return sparse.block_array(blocks, format="csc")


def setup(shape, spacing, phases, diffusivity=DIFFUSIVITY, **options):
    """One or two phases with a stoichiometry, or as many as there are species, each of which takes up its own."""
    stoichiometry = STOICHIOMETRY[:, :phases] if phases < diffusivity.size else np.eye(diffusivity.size)
    hierarchy = Hierarchy(shape, spacing, diffusivity, stoichiometry)
    fine = fill(hierarchy, shape, spacing, **options)
    operator = matrix(fine, stoichiometry, shape)
    hierarchy.assemble()
    return hierarchy, operator


CASES = [
    ((1, 1, 1), (1.0, 1.0, 1.0)),
    ((1, 1, 64), (1.0, 1.0, 1.0)),
    ((1, 1, 37), (1.0, 1.0, 0.1)),
    ((1, 33, 1), (1.0, 0.1, 1.0)),
    ((1, 32, 32), (1.0, 1.0, 1.0)),
    ((1, 17, 45), (1.0, 1.0, 0.3)),
    ((8, 8, 8), (1.0, 1.0, 1.0)),
    ((5, 9, 13), (2.0, 1.0, 0.5)),
    ((11, 3, 7), (0.2, 1.0, 1.0)),
]


@pytest.mark.parametrize(("shape", "spacing"), CASES)
@pytest.mark.parametrize("phases", [1, 2])
def test_solution_is_that_of_a_direct_solver(shape, spacing, phases):
    hierarchy, operator = setup(shape, spacing, phases)
    random = np.random.default_rng(1)
    b = np.zeros_like(hierarchy.fine.diag)
    b[(slice(None), *INNER)] = random.standard_normal((DIFFUSIVITY.size, *shape))
    x, y = np.zeros_like(b), np.zeros_like(b)
    solver = Bicgstab(hierarchy)
    assert solver.solve(b, x, 1e-12, 60)
    exact = spsolve(operator, b[(slice(None), *INNER)].ravel())
    assert np.abs(x[(slice(None), *INNER)].ravel() - exact).max() <= 1e-9 * np.abs(exact).max()
    hierarchy.multiply(x, y)
    assert np.allclose(y[(slice(None), *INNER)].ravel(), operator @ x[(slice(None), *INNER)].ravel(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("shape", "spacing"), CASES)
@pytest.mark.parametrize("signed", [0.0, 0.1])
def test_full_blocks_of_four_species_as_a_direct_solver(shape, spacing, signed):
    """Rank 4 with the stoichiometry of the model, the identity; also where some uptakes fall with a solute."""
    hierarchy, operator = setup(shape, spacing, 4, FOUR, signed=signed)
    random = np.random.default_rng(1)
    b, x = np.zeros_like(hierarchy.fine.diag), np.zeros_like(hierarchy.fine.diag)
    b[(slice(None), *INNER)] = random.standard_normal((4, *shape))
    assert Bicgstab(hierarchy).solve(b, x, 1e-12, 60)
    exact = spsolve(operator, b[(slice(None), *INNER)].ravel())
    assert np.abs(x[(slice(None), *INNER)].ravel() - exact).max() <= 1e-9 * np.abs(exact).max()


def test_a_single_voxel_needs_a_single_cycle():
    """The stored block is the inverse itself: without neighbours one cycle is exact, whatever the size of the coupling."""
    for coupling in (1e-3, 1.0, 1e4):
        hierarchy, _ = setup((1, 1, 1), (1.0, 1.0, 1.0), 4, FOUR, coupling=coupling)
        values = couplings(hierarchy.fine) + coupling * np.eye(4)[..., None, None, None]
        couple(hierarchy, values, np.ones((1, 1, 1), dtype=bool))
        hierarchy.assemble()
        dense = np.diag(hierarchy.fine.diag[:, 1, 1, 1]) + values[:, :, 0, 0, 0]
        b, x = np.zeros_like(hierarchy.fine.diag), np.zeros_like(hierarchy.fine.diag)
        b[:, 1, 1, 1] = (1.0, -2.0, 3.0, 0.5)
        hierarchy.cycle(b, x)
        assert x[:, 1, 1, 1] == pytest.approx(np.linalg.solve(dense, b[:, 1, 1, 1]), rel=1e-9)


def test_a_block_of_rank_one_is_the_identity_of_sherman_and_morrison():
    """The same operator as one phase, and as several of which all but one are absent."""
    shape, spacing = (5, 9, 13), (2.0, 1.0, 0.5)
    one, _ = setup(shape, spacing, 1)
    several = Hierarchy(shape, spacing, DIFFUSIVITY, STOICHIOMETRY)
    for name in ("diag", "tx", "ty", "tz"):
        getattr(several.fine, name)[...] = getattr(one.fine, name)
    values = np.zeros((*STOICHIOMETRY.shape[::-1], *shape))
    values[0] = couplings(one.fine)[0]
    couple(several, values, np.any(values[0] != 0.0, axis=0))
    several.assemble()
    b = np.zeros_like(one.fine.diag)
    b[(slice(None), *INNER)] = np.random.default_rng(4).standard_normal((DIFFUSIVITY.size, *shape))
    found = [np.zeros_like(b), np.zeros_like(b)]
    for hierarchy, x in zip((one, several), found, strict=True):
        hierarchy.cycle(b, x)
    assert np.allclose(found[0], found[1], rtol=1e-10, atol=1e-12)


def test_who_is_coupled_may_change():
    """After another `couple` nothing is left of the one before, on any level."""
    shape, spacing = (5, 9, 13), (2.0, 1.0, 0.5)
    again, _ = setup(shape, spacing, 3)
    fresh = Hierarchy(shape, spacing, DIFFUSIVITY, again.stoichiometry)
    for name in ("diag", "tx", "ty", "tz"):
        getattr(fresh.fine, name)[...] = getattr(again.fine, name)
    where = np.zeros(shape, dtype=bool)
    where[2, 3, 4:8] = where[4, 8, 12] = True
    values = np.random.default_rng(5).random((3, 3, *shape))
    for hierarchy in (again, fresh):
        couple(hierarchy, values, where)
        hierarchy.assemble()
    for one, other in zip(again.levels, fresh.levels, strict=True):
        assert all(np.array_equal(one[index], other[index]) for index in range(len(one)))
    coarsest = fresh.levels[-1]
    assert coarsest.coupling[0] == pytest.approx(values[:, :, where].sum(axis=2), rel=1e-14)
    assert fresh.fine.coupling.shape[0] == 5


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize(("shape", "spacing"), [case for case in CASES if np.prod(case[0]) > 1])
def test_few_iterations_at_the_tolerance_of_a_newton_step(shape, spacing, phases):
    hierarchy, _ = setup(shape, spacing, phases, weight=1e3, contrast=500.0, coupling=10.0)
    b, x = np.zeros_like(hierarchy.fine.diag), np.zeros_like(hierarchy.fine.diag)
    b[(slice(None), *INNER)] = np.random.default_rng(2).random((DIFFUSIVITY.size, *shape))
    solver = Bicgstab(hierarchy)
    assert solver.solve(b, x, 2e-2)
    assert hierarchy.vcycles <= 20


@pytest.mark.parametrize("phases", [1, 3])
def test_cycles_do_not_grow_with_the_grid(phases):
    """From 32² to 128² at a diffusion number that grows with the grid; benchmarks/iterations.py has the larger ones."""
    counts = []
    for n in (32, 64, 128):
        hierarchy, _ = setup((1, n, n), (1.0, 1.0, 1.0), phases, weight=0.05 * n**2, contrast=100.0)
        b, x = np.zeros_like(hierarchy.fine.diag), np.zeros_like(hierarchy.fine.diag)
        b[(slice(None), *INNER)] = np.random.default_rng(2).random((DIFFUSIVITY.size, 1, n, n))
        assert Bicgstab(hierarchy).solve(b, x, 1e-6)
        counts.append(hierarchy.vcycles)
    assert max(counts) <= 1.5 * min(counts) + 2, counts


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("count", [2, 3])
def test_threads_leave_the_same_bytes(monkeypatch, count, phases):
    def solved(threads_used):
        threads.use(threads_used)
        hierarchy, _ = setup((6, 10, 14), (1.0, 1.0, 1.0), phases)
        b = np.zeros_like(hierarchy.fine.diag)
        b[(slice(None), *INNER)] = np.random.default_rng(3).random((DIFFUSIVITY.size, 6, 10, 14))
        x = np.zeros_like(b)
        assert Bicgstab(hierarchy).solve(b, x, 1e-8)
        return x.tobytes()

    monkeypatch.setattr(threads, "SERIAL_BELOW", 0)
    try:
        assert solved(1) == solved(count)
    finally:
        threads.use(1)


def test_a_right_hand_side_of_zero_gives_zero():
    hierarchy, _ = setup((1, 8, 8), (1.0, 1.0, 1.0), 1)
    x = np.ones_like(hierarchy.fine.diag)
    solver = Bicgstab(hierarchy)
    assert solver.solve(np.zeros_like(x), x, 1e-6)
    assert not x.any()
    assert solver.iterations == 0


def test_an_operator_without_sense_is_reported():
    hierarchy, _ = setup((1, 8, 8), (1.0, 1.0, 1.0), 1)
    b, x = np.zeros_like(hierarchy.fine.diag), np.zeros_like(hierarchy.fine.diag)
    b[(slice(None), *INNER)] = np.nan
    assert not Bicgstab(hierarchy).solve(b, x, 1e-6)


def test_too_few_iterations_are_reported():
    hierarchy, _ = setup((1, 32, 32), (1.0, 1.0, 1.0), 1, weight=1e3, contrast=500.0)
    b, x = np.zeros_like(hierarchy.fine.diag), np.zeros_like(hierarchy.fine.diag)
    b[(slice(None), *INNER)] = np.random.default_rng(2).random((DIFFUSIVITY.size, 1, 32, 32))
    solver = Bicgstab(hierarchy)
    assert not solver.solve(b, x, 1e-12, limit=2)
    assert solver.iterations == 2
    assert solver.solve(b, x, 1e-12, limit=100)

"""Random arrivals on the lattice: what they do not depend on, how they scatter, and the change to continuous nucleation."""

import numpy as np
import pytest
from scipy import stats

from calcisim.numerics import rng
from calcisim.physics.seeding import RANDOM_ARRIVALS, Arrivals, Lattice, draw, first_arrivals, keep, predicted_rate
from calcisim.simulation import lattice as seeding_lattice

KEY = rng.key(3, "site")


def born(cells):
    arrivals = Arrivals(np.zeros(cells), np.zeros(cells, dtype=np.int64), np.zeros(cells))
    return arrivals, Arrivals(*(array.copy() for array in arrivals))


def single(cells):
    """One voxel a cell."""
    rows = np.arange(cells)
    return Lattice(rows.astype(np.uint64), np.arange(cells + 1), rows, np.ones(cells))


def line(voxels, spacing, cell):
    active = np.arange(voxels)
    return seeding_lattice.build(active, (1, 1, voxels), (1.0, 1.0, spacing), cell, (False, False, True))


def run(lattice, rate, volume, steps, limit=RANDOM_ARRIVALS, surplus=1.0):
    """Births per row (numbers, not densities) through steps of the given lengths; the solution nucleates `surplus` times the prediction
    in continuous cells."""
    arrivals, trial = born(lattice.identity.size)
    first_arrivals(lattice, arrivals, *KEY)
    given, continuous, total = np.zeros(rate.size), np.zeros(rate.size), np.zeros(rate.size)
    for dt in steps:
        draw(lattice, arrivals, trial, rate, volume, dt, given, continuous, *KEY, limit)
        births = given * dt + continuous * surplus * rate * dt
        keep(lattice, arrivals, trial, births, volume, dt, given, continuous, limit)
        total += births * volume
    return total, arrivals


def test_count_does_not_depend_on_the_steps():
    cells = 200
    rate = np.linspace(0.1, 8.0, cells)
    random = np.random.default_rng(1)
    cuts = np.sort(random.random(37))
    ways = [np.array([1.0]), np.full(64, 1.0 / 64), np.diff(np.concatenate([[0.0], cuts, [1.0]]))]
    counts = [run(single(cells), rate, 1.0, steps)[0] for steps in ways]
    for other in counts[1:]:
        assert np.allclose(counts[0], other, atol=1e-9)
    assert np.allclose(counts[0], np.round(counts[0]), atol=1e-9)


def test_only_the_expectation_counts_not_rate_or_volume_or_time():
    cells, steps = 100, np.full(10, 0.1)
    base = run(single(cells), np.full(cells, 6.0), 1.0, steps)[0]
    assert np.allclose(base, run(single(cells), np.full(cells, 6.0e9), 1.0e-9, steps)[0], atol=1e-6)
    assert np.allclose(base, run(single(cells), np.full(cells, 2.0), 1.0, 3.0 * steps)[0], atol=1e-9)


def test_a_rejected_step_leaves_no_trace():
    cells = 50
    lattice, rate = single(cells), np.full(cells, 5.0)
    arrivals, trial = born(cells)
    first_arrivals(lattice, arrivals, *KEY)
    before = [array.copy() for array in arrivals]
    given, continuous = np.zeros(cells), np.zeros(cells)
    draw(lattice, arrivals, trial, rate, 1.0, 3.0, given, continuous, *KEY, RANDOM_ARRIVALS)
    assert all(np.array_equal(a, b) for a, b in zip(arrivals, before, strict=True))
    assert given.sum() > 0.0


@pytest.mark.parametrize("factor", [2, 4])
def test_finer_voxels_leave_the_arrivals_of_a_cell(factor):
    """Voxels half as long share their cell's arrivals among them; the cell does not notice."""
    coarse, fine = line(40, 50e-6, 100e-6), line(40 * factor, 50e-6 / factor, 100e-6)
    volume, steps = 1e-12, np.full(7, 1000.0)
    totals, arrivals = run(coarse, np.full(40, 1e9), volume, steps)
    totals_fine, arrivals_fine = run(fine, np.full(40 * factor, 1e9), volume / factor, steps)
    assert np.array_equal(arrivals.arrived, arrivals_fine.arrived)
    assert np.allclose(totals.reshape(-1, 2).sum(1), totals_fine.reshape(-1, 2 * factor).sum(1), atol=1e-9)
    assert arrivals.arrived.sum() > 100


@pytest.mark.parametrize("expectation", [0.3, 3.0, 30.0])
def test_counts_scatter_as_a_poisson_process(expectation):
    cells = 20_000
    counts = run(single(cells), np.full(cells, expectation), 1.0, [0.4, 0.6])[1].arrived
    error = np.sqrt(expectation / cells)
    assert abs(counts.mean() - expectation) < 4.0 * error
    assert abs(counts.var() / expectation - 1.0) < 4.0 * np.sqrt((2.0 + 1.0 / expectation) / cells)
    top = int(stats.poisson.ppf(0.999, expectation))
    bins = np.bincount(np.minimum(counts, top), minlength=top + 1)
    chances = np.append(stats.poisson.pmf(np.arange(top), expectation), stats.poisson.sf(top - 1, expectation))
    usual = chances * cells > 5.0
    assert stats.chisquare(bins[usual], chances[usual] * bins[usual].sum() / chances[usual].sum()).pvalue > 1e-3


def test_places_follow_the_local_rate():
    """Ten voxels of one cell, one of them ten times as active."""
    lattice = Lattice(np.arange(4000, dtype=np.uint64), np.arange(0, 40_001, 10), np.arange(40_000), np.ones(40_000))
    rate = np.tile(np.array([1.0] * 9 + [10.0]), 4000)
    totals = run(lattice, rate, 0.05, [1.0])[0].reshape(-1, 10).sum(0)
    assert totals[-1] / totals.sum() == pytest.approx(10.0 / 19.0, abs=0.03)
    assert stats.chisquare(totals[:-1]).pvalue > 1e-3


def test_after_the_first_thousand_the_count_is_continuous():
    """Within the step that passes the limit, and after it: 1000 + (Λ − Λ_1000)."""
    lattice = single(1)
    for steps in ([4000.0], [700.0, 900.0, 2400.0], np.full(400, 10.0)):
        totals, arrivals = run(lattice, np.array([1.0]), 1.0, steps)
        assert arrivals.arrived[0] == RANDOM_ARRIVALS
        assert arrivals.expected[0] == pytest.approx(4000.0)
        past = totals[0] - RANDOM_ARRIVALS
        assert past == pytest.approx(4000.0 - float(sum_of_gaps(RANDOM_ARRIVALS)), rel=1e-9)


def sum_of_gaps(count):
    """Λ of arrival number `count` of cell 0."""
    uniform = [rng.uniform_pair(np.uint64(0), np.uint64(index), *KEY)[0] for index in range(count)]
    return -np.log(uniform).sum()


def test_the_solution_decides_what_continuous_cells_nucleate():
    """Births of the implicit solution, not the prediction, enter Λ of a continuous cell."""
    totals, arrivals = run(single(1), np.array([1.0]), 1.0, [5000.0, 100.0], surplus=0.5)
    assert arrivals.expected[0] == pytest.approx(5050.0)
    assert totals[0] == pytest.approx(5050.0 - sum_of_gaps(RANDOM_ARRIVALS) + RANDOM_ARRIVALS)


def test_prediction_is_a_mean_over_the_step_and_never_negative():
    out = np.zeros(4)
    now, before = np.array([2.0, 1.0, 3.0, 0.0]), np.array([1.0, 3.0, 0.0, 5.0])
    predicted_rate(now, before, 2.0, 1.0, out)
    assert out.tolist() == [3.0, 0.0, 6.0, 0.0]
    predicted_rate(now, before, 2.0, 0.0, out)
    assert out.tolist() == now.tolist()

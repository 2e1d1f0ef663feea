"""Cohorts of primary particles: what joins keep, and how close they come to the exact integral over ages."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from calcisim.physics import growth, population

EXPONENTS = (24.0, 48.0)
NUCLEUS = 0.02
STEP = growth.TABLE_STEP
TABLES = {exponent: growth.radius_table(exponent) for exponent in EXPONENTS}


class Row:
    """One voxel with its cohorts."""

    def __init__(self, exponent, room=24):
        self.exponent, self.table = exponent, TABLES[exponent]
        self.number, self.coordinate = np.zeros((1, room)), np.zeros((1, room))
        self.count = np.zeros(1, dtype=np.int64)

    def step(self, shift, births):
        population.advance_cohorts(
            self.number, self.coordinate, self.count, np.array([shift]), np.array([births]), NUCLEUS, self.exponent, self.table, STEP, 0, 1
        )  # fmt: skip

    @property
    def held(self):
        return self.number[0, : self.count[0]]

    @property
    def places(self):
        return self.coordinate[0, : self.count[0]]

    def volume(self, shift=0.0):
        return population.cohort_volume(self.number, self.coordinate, self.count, 0, shift, self.table, STEP)[0]

    def moments(self):
        out = np.zeros((4, 1))
        population.moments(self.number, self.coordinate, self.count, self.table, STEP, self.exponent, *out, 0, 1)
        return out[:, 0]


def radius(x, exponent):
    return brentq(lambda y: growth.growth_coordinate(y, exponent) - x, 0.0, max(x, 1e-9) + 1e-9, xtol=1e-15)


def exact_moment(power, reach, exponent):
    """∫₀^reach y(x₀ + x)^power dx, split where growth stops: the ages of a constant nucleation rate, in units of v/R_max."""
    parts = sorted({0.0, min(0.9, reach), min(1.2, reach), reach})
    return sum(quad(lambda x: radius(NUCLEUS + x, exponent) ** power, a, b, epsabs=1e-11)[0] for a, b in pairwise(parts))


def steps_like_a_run(reach, first=1e-3, factor=1.6):
    """Growing steps that add up to `reach`, as the controller would take them."""
    sizes = [first]
    while sum(sizes) + sizes[-1] * factor < reach:
        sizes.append(sizes[-1] * factor)
    return [*sizes, reach - sum(sizes)]


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("reach", [0.3, 0.9, 1.5, 5.0, 200.0])
def test_constant_nucleation_and_growth_against_the_exact_integral(exponent, reach):
    row = Row(exponent)
    for shift in steps_like_a_run(reach):
        row.step(shift, shift)
    found = [row.held.sum(), *row.moments()[1:3], row.volume()]
    exact = [exact_moment(power, reach, exponent) for power in range(4)]
    assert found == pytest.approx(exact, rel=1e-2)
    assert found[0] == pytest.approx(reach, rel=1e-12)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_many_small_steps_agree_with_few_large_ones(exponent):
    """Joins do not let an error grow with the number of steps."""
    volumes = []
    for count in (4, 40, 4000):
        row = Row(exponent)
        for _ in range(count):
            row.step(3.0 / count, 3.0 / count)
        volumes.append(row.volume())
    assert volumes == pytest.approx([exact_moment(3, 3.0, exponent)] * 3, rel=1e-2)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_joins_keep_number_exactly_and_volume_to_rounding(exponent):
    """Whole numbers of particles, so that their sum is exact whatever the order."""
    row, random = Row(exponent, room=8), np.random.default_rng(5)
    row.number[0, :8] = random.integers(1, 1000, 8)
    row.coordinate[0, :8] = np.sort(random.random(8) * 2.0)[::-1]
    row.count[0] = 8
    while row.count[0] > 1:
        before = row.held.sum(), row.volume()
        population._join_cheapest(row.number, row.coordinate, row.count, 0, exponent, row.table, STEP)
        assert row.held.sum() == before[0]
        assert row.volume() == pytest.approx(before[1], rel=1e-10)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_a_full_row_stays_sorted_and_complete(exponent):
    row, random, born = Row(exponent), np.random.default_rng(6), 0.0
    for _ in range(300):
        births = float(random.integers(0, 5) * 16)
        row.step(float(random.random() * 0.05), births)
        born += births
        assert row.count[0] <= 24
        assert np.all(np.diff(row.places) <= 1e-12)
        assert np.all(row.held > 0.0)
    assert row.held.sum() == pytest.approx(born, rel=1e-13)


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("shift", [0.0, 1e-7, 1e-3, 0.2, 0.29999, 0.3, 0.9, 1.05, 1.4, 3.0, 500.0])
def test_the_newborn_of_a_step(exponent, shift):
    """POP-3: weights add up to one, the oldest come first, and the mean volume is that of uniform ages."""
    nodes = [population.newborn_node(index, shift, exponent) for index in range(population.newborn_count(shift, exponent))]
    assert sum(weight for _, weight in nodes) == pytest.approx(1.0, abs=1e-14)
    places = [x for x, _ in nodes]
    assert places == sorted(places, reverse=True)
    assert all(0.0 <= x <= shift for x in places)
    volume, slope = population.newborn_volume(NUCLEUS, shift, exponent, TABLES[exponent], STEP)
    if shift < 1e-6:
        assert volume == pytest.approx(NUCLEUS**3, rel=1e-4)
        return
    assert volume == pytest.approx(exact_moment(3, shift, exponent) / shift, rel=1e-2)
    assert slope >= 0.0


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_volume_of_the_trial_is_that_of_the_accepted_step(exponent):
    """What the elimination books is what the population then holds: grown cohorts plus newborn ones."""
    row = Row(exponent)
    for shift in (0.01, 0.2, 0.5, 0.4):
        grown = row.volume(shift)
        young = population.newborn_volume(NUCLEUS, shift, exponent, row.table, STEP)[0]
        row.step(shift, 7.0)
        assert row.volume() == pytest.approx(grown + 7.0 * young, rel=1e-10)


@pytest.mark.parametrize("shift", [1e-3, 0.3, -1e-3, -0.3])
def test_slopes_are_derivatives(shift):
    row = Row(48.0)
    for _ in range(6):
        row.step(0.1, 5.0)
    value, slope = population.cohort_volume(row.number, row.coordinate, row.count, 0, shift, row.table, STEP)
    h = 1e-6
    assert slope == pytest.approx((row.volume(shift + h) - row.volume(shift - h)) / (2.0 * h), rel=1e-4)
    assert value > 0.0


def test_dissolution_takes_radius_and_small_ones_disappear():
    row = Row(48.0)
    row.number[0, :3], row.coordinate[0, :3], row.count[0] = (1.0, 2.0, 4.0), (0.5, 0.3, 0.1), 3
    expected = 1.0 * 0.3**3 + 2.0 * 0.1**3
    assert row.volume(-0.2) == pytest.approx(expected, rel=1e-12)
    row.step(-0.2, 0.0)
    assert row.count[0] == 2
    assert row.held.tolist() == [1.0, 2.0]
    assert row.volume() == pytest.approx(expected, rel=1e-12)
    row.step(-1.0, 0.0)
    assert row.count[0] == 0
    assert row.volume() == 0.0


def test_moments_count_what_still_grows():
    row = Row(48.0)
    row.number[0, :2], row.coordinate[0, :2], row.count[0] = (3.0, 5.0), (100.0, 0.4), 2
    number, lengths, area, growing = row.moments()
    large = radius(100.0, 48.0)
    assert (number, lengths) == pytest.approx((8.0, 3.0 * large + 5.0 * 0.4), rel=1e-6)
    assert area == pytest.approx(3.0 * large**2 + 5.0 * 0.16, rel=1e-6)
    assert growing == pytest.approx(3.0 * large**2 / (1.0 + large**48) + 5.0 * 0.16, rel=1e-5)

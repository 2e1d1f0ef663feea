"""Cohorts of primary particles: what joins keep, and how close they come to the exact integral over ages."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from calcisim.physics import growth, particles, population

EXPONENTS = (24.0, 48.0)
NUCLEUS = 0.02
STEP = growth.TABLE_STEP
TABLES = {exponent: growth.radius_table(exponent) for exponent in EXPONENTS}


class Row:
    """One voxel with its cohorts."""

    def __init__(self, exponent, room=24):
        self.exponent, self.table = exponent, TABLES[exponent]
        self.number, self.coordinate, self.bare = np.zeros((1, room)), np.zeros((1, room)), np.ones((1, room))
        self.count = np.zeros(1, dtype=np.int64)

    def step(self, shift, births, loss=0.0, free=False):
        population.advance_cohorts(
            self.number, self.coordinate, self.bare, self.count, 0, shift, births, loss, free, NUCLEUS, self.exponent, self.table, STEP
        )  # fmt: skip

    def fill(self, number, coordinate, bare=1.0):
        n = len(number)
        self.number[0, :n], self.coordinate[0, :n], self.bare[0, :n], self.count[0] = number, coordinate, bare, n

    def shrink(self, share):
        return population.shrink_cohorts(self.number, self.coordinate, self.count, 0, share, self.exponent, self.table, STEP)

    def free_volume(self, shift):
        return population.free_volume(self.number, self.coordinate, self.bare, self.count, 0, shift, self.table, STEP)

    @property
    def held(self):
        return self.number[0, : self.count[0]]

    @property
    def places(self):
        return self.coordinate[0, : self.count[0]]

    def volume(self, shift=0.0):
        return population.cohort_volume(self.number, self.coordinate, self.count, 0, shift, self.table, STEP)[0]

    def moment(self, power):
        """Σ N y^power, with the radii of PAR-5."""
        out = np.empty(self.held.size)
        particles.radii(self.places, self.table, STEP, out)
        return float(self.held @ out**power)


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
    found = [row.held.sum(), row.moment(1), row.moment(2), row.volume()]
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
        population._join_cheapest(row.number, row.coordinate, row.bare, row.count, 0, exponent, row.table, STEP)
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


def test_a_negative_shift_takes_radius_and_small_ones_disappear():
    row = Row(48.0)
    row.fill((1.0, 2.0, 4.0), (0.5, 0.3, 0.1))
    assert row.volume(-0.2) == pytest.approx(1.0 * 0.3**3 + 2.0 * 0.1**3, rel=1e-12)
    assert row.volume(-1.0) == 0.0


@pytest.mark.parametrize("share", [0.999, 0.5, 1e-3])
def test_dissolution_takes_the_same_share_of_every_volume(share):
    """POP-11: numbers stay, volumes fall alike, and the largest radius that is left is returned."""
    row = Row(48.0)
    row.fill((1.0, 2.0, 4.0), (5.0, 0.9, 0.1))
    before = [population.relative_volume(x, 0.0, row.table, STEP)[0] for x in row.places]
    largest = row.shrink(share)
    after = [population.relative_volume(x, 0.0, row.table, STEP)[0] for x in row.places]
    assert after == pytest.approx([share * volume for volume in before], rel=1e-9)
    assert row.held.tolist() == [1.0, 2.0, 4.0]
    assert largest == pytest.approx((share * before[0]) ** (1.0 / 3.0), rel=1e-9)


def test_dissolution_of_everything_leaves_no_volume():
    row = Row(48.0)
    row.fill((1.0, 2.0), (0.9, 0.1))
    assert row.shrink(0.0) == 0.0
    assert row.volume() == 0.0


def test_growth_after_dissolution_comes_back_to_the_same_volume():
    """A particle that lost volume grows on as one that never had it."""
    row = Row(48.0)
    row.fill((3.0,), (0.8,))
    row.shrink(0.5)
    small = 0.8 * 0.5 ** (1.0 / 3.0)
    row.step(0.8 - small, 0.0)
    assert row.places[0] == pytest.approx(0.8, rel=1e-6)


@pytest.mark.parametrize("loss", [0.0, 1e-9, 1e-7, 1e-3, 0.5, 3.0, 50.0])
def test_mean_left_is_the_mean_of_a_decay(loss):
    """POP-7: (1/1)∫₀¹ e^(−K a) da."""
    exact = quad(lambda age: np.exp(-loss * age), 0.0, 1.0, epsabs=1e-13, points=[min(1.0, 5.0 / max(loss, 1.0))])[0]
    assert population.mean_left(loss) == pytest.approx(exact, rel=1e-9)


def test_mean_left_is_smooth_at_small_losses():
    below, above = population.mean_left(0.99e-8), population.mean_left(1.01e-8)
    assert 0.0 <= below - above < 1e-8


@pytest.mark.parametrize("loss", [0.0, 0.3, 2.0, 20.0])
def test_free_particles_grow_what_their_bare_part_leaves_them(loss):
    """Two steps of K/2 are one of K: growth and bare share, whatever is already covered."""
    once, twice = Row(48.0), Row(48.0)
    for row in (once, twice):
        row.fill((2.0, 5.0), (0.6, 0.2), (0.7, 1.0))
    once.step(0.4, 0.0, loss, free=True)
    for _ in range(2):
        twice.step(0.2, 0.0, 0.5 * loss, free=True)
    assert twice.places == pytest.approx(once.places, rel=1e-12)
    assert twice.bare[0, :2] == pytest.approx(once.bare[0, :2], rel=1e-12)
    gained = 0.4 * population.mean_left(loss)
    assert once.places == pytest.approx([0.6 + 0.7 * gained, 0.2 + gained], rel=1e-12)
    assert once.bare[0, :2] == pytest.approx(np.array([0.7, 1.0]) * np.exp(-loss), rel=1e-12)


@pytest.mark.parametrize("loss", [0.0, 0.4, 3.0])
@pytest.mark.parametrize("shift", [1e-3, 0.1, 0.6])
def test_the_newborn_of_a_step_in_the_fluid(shift, loss):
    """POP-9 against the integral over ages of particles that are covered from their birth on."""
    nodes = [population.free_newborn_node(index, shift, loss) for index in range(4)]
    assert sum(weight for _, _, weight in nodes) == pytest.approx(1.0, abs=1e-14)
    grown = [growth_ for growth_, _, _ in nodes]
    assert grown == sorted(grown, reverse=True)
    assert all(0.0 < left <= 1.0 for _, left, _ in nodes)
    volume, slope = population.free_newborn_volume(NUCLEUS, shift, loss, TABLES[48.0], STEP)

    def one(age):
        return radius(NUCLEUS + shift * age * population.mean_left(loss * age), 48.0) ** 3

    assert volume == pytest.approx(quad(one, 0.0, 1.0, epsabs=1e-13)[0], rel=1e-3)
    h = 1e-6 * shift
    sides = [population.free_newborn_volume(NUCLEUS, shift + sign * h, loss, TABLES[48.0], STEP)[0] for sign in (1.0, -1.0)]
    assert slope == pytest.approx((sides[0] - sides[1]) / (2.0 * h), rel=1e-3)
    bare = sum(weight * left for _, left, weight in nodes)
    assert bare == pytest.approx(population.mean_left(loss), rel=1e-3)


@pytest.mark.parametrize("loss", [0.0, 0.7, 5.0])
def test_volume_of_the_trial_in_the_fluid_is_that_of_the_accepted_step(loss):
    row = Row(48.0)
    for shift in (0.01, 0.2, 0.3, 0.3):
        grown = row.free_volume(shift * population.mean_left(loss))[0]
        young = population.free_newborn_volume(NUCLEUS, shift, loss, row.table, STEP)[0]
        row.step(shift, 7.0, loss, free=True)
        assert row.volume() == pytest.approx(grown + 7.0 * young, rel=1e-10)


def test_slope_in_the_fluid_is_a_derivative():
    row = Row(48.0)
    for _ in range(4):
        row.step(0.1, 5.0, 0.5, free=True)
    _, slope = row.free_volume(0.2)
    h = 1e-6
    assert slope == pytest.approx((row.free_volume(0.2 + h)[0] - row.free_volume(0.2 - h)[0]) / (2.0 * h), rel=1e-4)


def test_area_counts_the_squares():
    row = Row(48.0)
    row.fill((2.0, 5.0), (0.5, 0.2))
    area = population.cohort_area(row.number, row.coordinate, row.count, 0, 0.1, row.table, STEP)
    assert area == pytest.approx(2.0 * 0.6**2 + 5.0 * 0.3**2, rel=1e-7)


def test_joins_keep_the_number_that_is_bare():
    row, random = Row(48.0, room=8), np.random.default_rng(9)
    row.fill(random.integers(1, 1000, 8), np.sort(random.random(8) * 2.0)[::-1], random.random(8))
    bare = float((row.held * row.bare[0, :8]).sum())
    while row.count[0] > 1:
        population._join_cheapest(row.number, row.coordinate, row.bare, row.count, 0, 48.0, row.table, STEP)
    assert row.held[0] * row.bare[0, 0] == pytest.approx(bare, rel=1e-13)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("room", [24, 6])
def test_a_transfer_keeps_number_and_volume(share, room):
    """POP-12, also into a place whose row is full: joins keep what they join, and what is covered by protein stays covered."""
    table, random = TABLES[48.0], np.random.default_rng(11)
    number, coordinate, bare = np.zeros((3, 1, room)), np.zeros((3, 1, room)), np.ones((3, 1, room))
    count = np.zeros((3, 1), dtype=np.int64)
    for place in (0, 2):
        count[place, 0] = 5
        number[place, 0, :5] = random.integers(1, 1000, 5)
        coordinate[place, 0, :5] = np.sort(random.random(5))[::-1]
    bare[2, 0, :5] = random.random(5)

    def sums(place):
        volume = population.cohort_volume(number[place], coordinate[place], count[place], 0, 0.0, table, STEP)[0]
        held = number[place, 0, : count[place, 0]]
        return np.array([held.sum(), volume, held @ bare[place, 0, : count[place, 0]]])

    before = sums(2), sums(0)
    population.transfer_cohorts(number, coordinate, bare, count, 2, 0, 0, share, 48.0, table, STEP)
    assert sums(2) == pytest.approx((1.0 - share) * before[0], rel=1e-10, abs=1e-12)
    assert sums(0) == pytest.approx(before[1] + share * before[0], rel=1e-10)
    assert np.all(np.diff(coordinate[0, 0, : count[0, 0]]) <= 1e-12)
    assert (count[2, 0] == 0) == (share == 1.0)


def test_empty_cohorts_are_joined_first_and_leave_numbers():
    """Cells can leave a cohort with nothing; a full row then joins without dividing by it."""
    row = Row(48.0, room=4)
    row.number[0], row.coordinate[0] = (0.0, 0.0, 5.0, 7.0), (0.9, 0.8, 0.5, 0.2)
    row.bare[0], row.count[0] = 1.0, 4
    before = row.volume()
    population.insert_cohort(row.number, row.coordinate, row.bare, row.count, 0, 3.0, 0.1, 1.0, 48.0, row.table, STEP)
    assert np.isfinite(row.number).all()
    assert np.isfinite(row.coordinate).all()
    assert row.held.sum() == 15.0
    assert row.volume() == pytest.approx(before + 3.0 * 0.1**3, rel=1e-6)

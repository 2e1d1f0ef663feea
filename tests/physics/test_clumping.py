"""Clumps by size: the books of every sweep, growth and births, joining, collisions and capture against what is known exactly."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcisim.physics import clumping as cl
from calcisim.physics.clumping_classes import fluxes, ride, stretch
from calcisim.physics.clumping_kernels import BALL, births_volume, capture_rate, envelope_radius, growth_factor, reach
from calcisim.physics.collision import collision_radius
from calcisim.physics.growth import TABLE_STEP, growth_coordinate, radius_table
from calcisim.physics.kinetics import ParticleLaw
from calcisim.physics.sections_growth import grow

R_MAX, EXPONENT, K = 0.25e-6, 48.0, 64
NUCLEUS = growth_coordinate(5e-9 / R_MAX, EXPONENT)
USUAL = {
    "temperature": 310.15, "viscosity": 0.7e-3, "kernel": "brownian", "classes": K, "smallest": 10e-9, "largest": 1e-3,
    "dimensions": (2.7, 2.1), "prefactors": (1.2, 1.1),
}  # fmt: skip


def law_of(exponent=EXPONENT, nucleus=NUCLEUS, **changes):
    primary = ParticleLaw(R_MAX, exponent, nucleus, radius_table(exponent), TABLE_STEP, 1.0, BALL * R_MAX**3)
    return cl.assemble(primary, R_MAX, **{**USUAL, **changes})


LAW = law_of()
EDGES = LAW.edges
MIDDLE = np.sqrt(EDGES[:-1] * EDGES[1:])


def advance(clumps, shift=0.0, born=(0.0, 0.0), seconds=1.0, sticking=0.0, fibrils=0.0, held=1.0, law=LAW, rows=None, porosity=1.0):
    """The sweep with the same conditions in every row: (unfinished, captured share, events)."""
    count = clumps.shape[-1]
    share, events = np.full(count, -1.0), np.full((4, count), -1.0)
    cl.advance_clumps(
        law, clumps, np.full((2, count), shift), np.repeat(np.array(born)[:, None], count, axis=1), seconds, np.full(count, sticking),
        np.full(count, porosity), np.repeat([[fibrils], [1e-7], [held]], count, axis=1), share, events, *(rows or (0, count)),
    )  # fmt: skip
    return events[3].sum(), share, events[:3]


def valid(clumps):
    """What holds at any time: nothing negative, at least a primary a clump, fillings inside the solid, means in their classes."""
    assert np.isfinite(clumps).all()
    assert (clumps >= 0.0).all()
    number, volume, primaries, filled = np.moveaxis(clumps, 1, 0)
    assert (number <= primaries * (1.0 + 1e-12)).all()
    assert (filled <= volume * (1.0 + 1e-12)).all()
    assert ((number > 0.0) == (volume > 0.0)).all()
    seen = number > 1e-12 * number.sum(axis=1, keepdims=True)
    mean = np.divide(volume, number, out=np.ones_like(volume), where=seen)
    low, high = (np.broadcast_to(e[None, :, None], mean.shape) for e in (EDGES[:-1], np.append(EDGES[1:-1], np.inf)))
    assert (mean >= low * (1.0 - 1e-6))[seen].all()
    assert (mean <= high * (1.0 + 1e-6))[seen].all()


def population(kind=cl.BOUND, low=12, high=32, number=1e12, rows=1, primary=0.1):
    """Clumps in classes low … high − 1 of primaries as large as can be, up to `primary` of a full-grown one."""
    clumps = cl.empty(K, rows)
    size = MIDDLE[low:high]
    clumps[kind, cl.NUMBER, low:high] = number
    clumps[kind, cl.VOLUME, low:high] = (number * size)[:, None]
    clumps[kind, cl.PRIMARIES, low:high] = (number * np.maximum(size / (primary * LAW.primary.volume), 1.0))[:, None]
    return clumps


@st.composite
def populations(draw):
    """Two rows, both kinds, any number in any class up to 10 µm, any mean inside it, any primaries and fillings that are possible."""
    clumps = cl.empty(K, 2)
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    top = draw(st.integers(1, 40))
    density = draw(st.floats(0.0, 16.0))
    for kind in (cl.BOUND, cl.MOBILE):
        there = random.random((top, 2)) < draw(st.floats(0.0, 1.0))
        number = np.where(there, 10.0 ** (density * random.random((top, 2))), 0.0)
        volume = number * (EDGES[:top, None] + random.random((top, 2)) * np.diff(EDGES)[:top, None])
        most = np.maximum(volume / LAW.primary.volume * 50.0, number)
        clumps[kind, cl.NUMBER, :top] = number
        clumps[kind, cl.VOLUME, :top] = volume
        clumps[kind, cl.PRIMARIES, :top] = number + (most - number) * random.random((top, 2)) ** 3
        clumps[kind, cl.FILLED, :top] = volume * 0.8 * random.random((top, 2)) * (kind == cl.BOUND)
    return clumps


@settings(max_examples=60, deadline=None)
@given(
    populations(), st.floats(-6.0, 3.0), st.floats(0.0, 15.0), st.floats(0.0, 8.5), st.floats(-4.0, 0.0), st.sampled_from([0.0, 0.02, 0.3])
)
def test_any_step_is_positive_and_keeps_its_books(clumps, growth, births, decade, sticking, fibrils):
    """Steps of 1 s to 10 years, growth from nothing to far beyond the terminal radius: primaries are what was there and what was born."""
    shift = 10.0**growth if growth > -5.0 else 0.0
    born = (10.0**births, 0.3 * 10.0**births)
    before = clumps.sum(axis=(0, 2))
    unfinished, share, events = advance(clumps, shift, born, 10.0**decade, 10.0**sticking, fibrils)
    assert unfinished == 0
    valid(clumps)
    after = clumps.sum(axis=(0, 2))
    assert after[cl.PRIMARIES] == pytest.approx(before[cl.PRIMARIES] + sum(born), rel=1e-12)
    assert (after[cl.VOLUME] >= before[cl.VOLUME] * (1.0 - 1e-12)).all()
    mergers = events.sum(axis=0)
    assert after[cl.NUMBER] == pytest.approx(before[cl.NUMBER] + sum(born) - mergers, rel=1e-9)
    assert ((share >= 0.0) & (share <= 1.0)).all()
    assert (events >= -1e-9 * after[cl.NUMBER]).all()


@settings(max_examples=40, deadline=None)
@given(populations(), st.floats(0.0, 8.5), st.floats(-4.0, 0.0))
def test_collisions_and_capture_keep_every_moment(clumps, decade, sticking):
    """Without growth and births, volume, primaries and fillings are only moved."""
    before = clumps.sum(axis=(0, 2))
    advance(clumps, 0.0, (0.0, 0.0), 10.0**decade, 10.0**sticking, 0.1)
    valid(clumps)
    after = clumps.sum(axis=(0, 2))
    for moment in (cl.VOLUME, cl.PRIMARIES, cl.FILLED):
        assert after[moment] == pytest.approx(before[moment], rel=1e-12)
    assert (after[cl.NUMBER] <= before[cl.NUMBER] * (1.0 + 1e-12)).all()


@settings(max_examples=60, deadline=None)
@given(populations(), st.floats(0.01, 100.0), st.floats(0.01, 100.0))
def test_totals_become_those_of_the_cohorts(clumps, more, larger):
    totals = clumps.sum(axis=2)
    primaries, volume = totals[:, cl.PRIMARIES] * more, totals[:, cl.VOLUME] * larger
    filled = totals[:, cl.FILLED] * larger
    cl.normalise_clumps(EDGES, clumps, primaries, volume, 0, 2)
    number, after = clumps[:, cl.NUMBER], clumps.sum(axis=2)
    assert after[:, cl.PRIMARIES] == pytest.approx(primaries, rel=1e-12)
    assert after[:, cl.VOLUME] == pytest.approx(volume, rel=1e-12)
    assert after[:, cl.FILLED] == pytest.approx(filled, rel=1e-12)
    assert (number <= clumps[:, cl.PRIMARIES]).all()
    mean = np.divide(clumps[:, cl.VOLUME], number, out=np.ones_like(number), where=number > 0.0)
    assert (mean[:, 1:] >= EDGES[1:-1, None] * (1.0 - 1e-12))[number[:, 1:] > 0.0].all()
    assert (mean[:, :-1] <= EDGES[1:-1, None] * (1.0 + 1e-12))[number[:, :-1] > 0.0].all()


def test_totals_of_nothing_and_from_nothing():
    clumps = population()
    cl.normalise_clumps(EDGES, clumps, np.array([[0.0], [3e12]]), np.array([[0.0], [3e12 * MIDDLE[9]]]), 0, 1)
    assert not clumps[cl.BOUND].any()
    assert clumps[cl.MOBILE, :, 9, 0] == pytest.approx([3e12, 3e12 * MIDDLE[9], 3e12, 0.0])
    assert (clumps[cl.MOBILE, cl.NUMBER] > 0.0).sum() == 1
    same = clumps.copy()
    totals = clumps.sum(axis=2)
    cl.normalise_clumps(EDGES, clumps, totals[:, cl.PRIMARIES], totals[:, cl.VOLUME], 0, 1)
    assert clumps.tobytes() == same.tobytes()


@pytest.mark.parametrize("exponent", [12.0, 24.0, 48.0, 96.0])
def test_the_first_class_holds_a_nucleus(exponent):
    nucleus = growth_coordinate(5e-9 / R_MAX, exponent)
    law = law_of(exponent, nucleus)
    clumps = cl.empty(K, 1)
    advance(clumps, 0.0, (1e12, 2e12), 0.0, law=law)
    number, volume, primaries, filled = clumps[:, :, :, 0].transpose(1, 0, 2)
    assert number[:, 0].tolist() == [1e12, 2e12]
    assert number.sum() == primaries.sum() == 3e12
    assert volume[0, 0] / 1e12 == pytest.approx(math.pi / 6.0 * 1e-24, rel=1e-6)
    assert law.edges[0] < volume[0, 0] / 1e12 < law.edges[1]
    assert not filled.any()


def test_no_growth_leaves_every_byte():
    clumps = population(rows=2)
    clumps += population(cl.MOBILE, rows=2)
    same = clumps.copy()
    advance(clumps)
    assert clumps.tobytes() == same.tobytes()
    grown = population(primary=3.0, low=24)  # primaries beyond the table's last radius
    grown[cl.BOUND, cl.PRIMARIES] *= 1e-6
    same = grown.copy()
    advance(grown, shift=5.0)
    assert grown.tobytes() == same.tobytes()


def test_growth_is_the_remap_of_the_sections():
    """All classes with the same primaries grow by one factor, as by AGG-28 with dv/dt in proportion to v."""
    clumps = population(primary=0.01, low=20, high=30)
    number, volume, primaries, _ = clumps[cl.BOUND, :, :, 0].copy()
    factor = growth_factor(volume[25], primaries[25], 0.1, LAW.primary)
    assert factor == pytest.approx((1.0 + 0.1 / 0.01 ** (1.0 / 3.0)) ** 3, rel=1e-6)
    expected = np.zeros((2, K))
    grow(number, volume, math.log(factor), 1.0, EDGES, expected[0], expected[1])
    advance(clumps, shift=0.1)
    assert clumps[cl.BOUND, cl.NUMBER, :, 0] == pytest.approx(expected[0], rel=1e-6)
    assert clumps[cl.BOUND, cl.VOLUME, :, 0] == pytest.approx(expected[1], rel=1e-6)
    assert clumps[cl.BOUND, cl.PRIMARIES].sum() == pytest.approx(primaries.sum(), rel=1e-14)


def test_singles_stay_single_while_they_grow():
    """However often the classes are filled again, a primary that met nothing is not fused."""
    clumps = cl.empty(K, 1)
    off = LAW._replace(impingement=False)
    for _ in range(200):
        advance(clumps, 0.01, (1e12, 1e12), law=off)
    held = clumps[:, :, :, 0]
    assert held[:, cl.NUMBER] == pytest.approx(held[:, cl.PRIMARIES], rel=1e-12)
    assert held[:, cl.NUMBER].sum() == pytest.approx(4e14, rel=1e-12)
    access = np.zeros((2, 1))
    cl.clump_access(LAW, clumps, access, 0, 1)
    assert (access == 1.0).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, K - 1), st.floats(0.0, 1.0), st.floats(0.0, 12.0), st.floats(0.0, 5.0))
def test_a_stretched_class(k, place, decades, fused):
    """Any factor up to 10¹²: number, primaries and fillings stay, volume grows by the factor, and means are in their classes."""
    number, volume = 7.0, 7.0 * (EDGES[k] + place * (EDGES[k + 1] - EDGES[k]))
    factor, new = 10.0**decades, np.zeros((4, K))
    primaries, filled = 7.0 * 10.0**fused, 0.3 * volume
    stretch(number, volume, primaries, filled, k, factor, EDGES, new)
    assert new.sum(axis=1) == pytest.approx([number, factor * volume, primaries, filled], rel=1e-13)
    assert (new >= 0.0).all()
    assert (new[cl.PRIMARIES] >= new[cl.NUMBER] * (1.0 - 1e-9)).all()
    held = new[cl.NUMBER] > 0.0
    mean = new[cl.VOLUME][held] / new[cl.NUMBER][held]
    assert (mean >= EDGES[:-1][held] * (1.0 - 1e-6)).all()
    assert (mean <= np.append(EDGES[1:-1], np.inf)[held] * (1.0 + 1e-6)).all()


def test_what_rides_stays_between_old_ratios():
    random = np.random.default_rng(3)
    old, ratio = random.random(K), random.random(K) + 0.5
    moved = 0.9 * old * random.random(K)
    moved[-1] = 0.0
    new = old - moved
    new[1:] += moved[:-1]
    flux, carried = np.zeros(K), ratio * old
    fluxes(old, new, flux)
    assert flux[1:] == pytest.approx(moved[:-1], abs=1e-12)
    before = carried.sum()
    ride(carried, old, new, flux)
    assert carried.sum() == pytest.approx(before, rel=1e-14)
    assert (carried / new).max() <= ratio.max() * (1.0 + 1e-12)
    assert (carried / new).min() >= ratio.min() * (1.0 - 1e-12)


def test_envelopes_are_collision_radii():
    for frame in ((2.1, 1.1), (2.7, 1.2)):
        found = [envelope_radius(v, R_MAX, *frame) for v in MIDDLE]
        assert found == pytest.approx(collision_radius(MIDDLE, R_MAX, *frame), rel=1e-12)
    assert LAW.envelope == pytest.approx(np.stack([collision_radius(MIDDLE, R_MAX, *frame) for frame in ((2.7, 1.2), (2.1, 1.1))]))


@pytest.mark.parametrize("fibrils", [0.003, 0.05, 0.3])
def test_capture_is_exponential(fibrils):
    """Each class of mobile clumps, with all it holds, goes as 1 − e^(−kt), sieved ones at once; the share counts primaries."""
    clumps = population(cl.MOBILE, 0, 40)
    before = clumps.copy()
    _, share, _ = advance(clumps, seconds=30.0, fibrils=fibrils, held=0.05)
    length = 4.0 * fibrils / (math.pi * 1e-14)
    cell, radius = 1.0 / math.sqrt(math.pi * length), LAW.envelope[cl.MOBILE]
    hindrance = np.exp(-0.84 * (fibrils * (1.0 + 2.0 * radius / 1e-7) ** 2) ** 1.09)
    passes = radius + 0.5e-7 < cell
    logarithm = np.log(cell / np.where(passes, radius + 0.5e-7, 0.5 * cell))
    rate = np.where(passes, 0.05 * 4.0 * math.pi * LAW.diffusivity * hindrance * length / logarithm, 1e3)
    left = np.exp(-np.minimum(rate, 1e3) * 30.0)
    left[left < math.exp(-40.0)] = 0.0  # which rounds away
    assert clumps[cl.MOBILE, :, :, 0] == pytest.approx(before[cl.MOBILE, :, :, 0] * left, rel=1e-12)
    assert clumps.sum(axis=0) == pytest.approx(before.sum(axis=0), rel=1e-14)
    primaries = before[cl.MOBILE, cl.PRIMARIES, :, 0]
    assert share[0] == pytest.approx((primaries * (1.0 - left)).sum() / primaries.sum(), rel=1e-12)
    assert not passes[-1]
    assert passes[0] == (fibrils < 0.3 or cell > 0.5e-7 + radius[0])
    assert capture_rate(radius[0], LAW.diffusivity[0], 0.0, 0.0, 1.0) == 0.0


def test_mobile_singles_meet_as_brownian_equals_do():
    """N = N₀/(1 + ½ K N₀ t sticking/porosity), K = 8kT/3μ, until sizes differ; at a fifth of the half time to 1 %."""
    law = LAW._replace(capture=False)
    clumps = cl.empty(K, 1)
    number, size = 1e15, MIDDLE[4]
    clumps[cl.MOBILE, :3, 4, 0] = number, number * size, number
    rate = 8.0 * 1.380649e-23 * 310.15 / (3.0 * 0.7e-3)
    half = 2.0 / (rate * number)
    assert half == pytest.approx(120.0, rel=0.05)
    _, _, events = advance(clumps, seconds=0.2 * half / 0.01 * 0.5, sticking=0.01, law=law, porosity=0.5)
    left = clumps[cl.MOBILE, cl.NUMBER].sum()
    assert left == pytest.approx(number / 1.2, rel=1e-2)
    assert events[2, 0] == pytest.approx(number - left, rel=1e-9)
    sizes = cl.sizes(EDGES, clumps, np.ones(1))
    assert sizes.fused == pytest.approx(1.0 - left / number, rel=1e-9)


def test_what_is_caught_at_once_does_not_collide_first():
    """Fast capture: mobile clumps meet for 1/k of the step, however long the step is."""
    merged = []
    for seconds in (1e6, 1e8):
        clumps = cl.empty(K, 1)
        _, share, events = advance(clumps, 0.0, (0.0, 1e12), seconds, 1.0, 0.002)
        rate = capture_rate(LAW.envelope[cl.MOBILE, 0], LAW.diffusivity[0], 0.002, 1e-7, 1.0)
        assert rate * seconds > 1e3
        assert share[0] == 1.0
        merged.append(events[2, 0])
    assert merged[0] == pytest.approx(merged[1], rel=1e-2)
    assert merged[0] < 1e-5 * 1e12


def test_births_join_what_they_touch():
    """1 − e^(−Θ) of the births; what lies in voids fills, and the envelope does not widen with it."""
    clumps = population(low=22, high=34, number=2e14)
    weight, room = np.zeros(K), np.zeros(K)
    theta = reach(LAW, clumps[cl.BOUND, :, :, 0].copy(), weight, room)
    radius = collision_radius(MIDDLE[22:34], R_MAX, 2.7)
    assert theta == pytest.approx((2e14 * BALL * (radius + R_MAX) ** 3).sum(), rel=1e-9)
    solid = MIDDLE[22:34] / (BALL * radius**3)
    inside = (radius / (radius + R_MAX)) ** 3 * np.maximum(1.0 - solid / 0.9, 0.0)
    assert room[22:34] == pytest.approx(inside, rel=1e-9)
    before = clumps.sum(axis=(2, 3))
    _, _, events = advance(clumps, 0.0, (1e10, 0.0))
    after = clumps.sum(axis=(2, 3))
    joined = -math.expm1(-theta) * 1e10
    assert events[0, 0] == pytest.approx(joined, rel=1e-9)
    volume = births_volume(1e10, 0.0, LAW.primary)
    filled = joined / 1e10 * volume * (weight[22:34] * inside).sum() / theta
    assert after[cl.BOUND, cl.FILLED] == pytest.approx(filled, rel=1e-9)
    assert after[cl.BOUND, cl.VOLUME] - before[cl.BOUND, cl.VOLUME] == pytest.approx(volume, rel=1e-3)
    assert after[cl.BOUND, cl.PRIMARIES] == pytest.approx(before[cl.BOUND, cl.PRIMARIES] + 1e10, rel=1e-14)


@pytest.mark.parametrize("number", [1e16, 1e17, 1e18, 3e18])
def test_births_merge_as_many_clumps_as_poisson_says(number):
    """Births much fewer than clumps: Θ − 1 + e^(−Θ) mergers each, ½ Θ² of few and Θ − 1 of many."""
    clumps = population(low=20, high=24, number=number)
    theta = reach(LAW, clumps[cl.BOUND, :, :, 0].copy(), np.zeros(K), np.zeros(K))
    born = number * 1e-3
    _, _, events = advance(clumps, 0.0, (born, 0.0))
    expected = born * (theta + math.expm1(-theta))
    assert events[1, 0] == pytest.approx(expected, rel=2e-2)
    assert clumps[cl.BOUND, cl.NUMBER].sum() == pytest.approx(4.0 * number + born - events[0, 0] - events[1, 0], rel=1e-12)


def test_switches():
    """Without a process its events are nought and nothing fuses or moves."""
    still = LAW._replace(aggregation=False, impingement=False, capture=False)
    clumps = population(number=1e15) + population(cl.MOBILE, number=1e15)
    before = clumps.copy()
    _, share, events = advance(clumps, 0.0, (1e14, 1e14), 1e6, 1.0, 0.3, law=still)
    assert not events.any()
    assert not share.any()
    assert clumps[:, cl.NUMBER].sum() == pytest.approx(before[:, cl.NUMBER].sum() + 2e14, rel=1e-12)


def test_rows_do_not_see_each_other():
    """Any split of the rows gives the same bytes, in all that is written."""
    random = np.random.default_rng(8)
    start = (population(rows=7, number=1e14) + population(cl.MOBILE, rows=7)) * random.random(7)
    start[..., 3] = 0.0
    found = []
    for cuts in ([(0, 7)], [(0, 2), (2, 3), (3, 7)], [(5, 7), (0, 5)]):
        clumps = start.copy()
        outcome, access, share = [np.zeros(7), np.zeros((3, 7))], np.zeros((2, 7)), np.zeros(7)
        for first, last in cuts:
            _, captured, events = advance(clumps, 0.05, (1e12, 1e12), 1e4, 1e-2, 0.02, rows=(first, last))
            outcome[0][first:last], outcome[1][:, first:last] = captured[first:last], events[:, first:last]
            assert (np.delete(captured, range(first, last)) == -1.0).all()
            cl.normalise_clumps(EDGES, clumps, np.full((2, 7), 3e14), np.full((2, 7), 2e-6), first, last)
            cl.clump_access(LAW, clumps, access, first, last)
            cl.small_share(EDGES, clumps, 1e-21, share, first, last)
        found.append(b"".join(a.tobytes() for a in (clumps, *outcome, access, share)))
    assert found[0] == found[1] == found[2]


def test_access_falls_as_clumps_close():
    """1 for singles, 1 − φ for large clumps, continuous between, never below a tenth."""
    clumps, access = cl.empty(K, 4), np.zeros((2, 4))
    size = 100.0 * LAW.primary.volume
    for row, primaries in enumerate((1.0, 1.0 + 1e-8, 2.0, 1e9)):
        clumps[:, :3, 40, row] = 1.0, size, primaries
    clumps[cl.BOUND, cl.FILLED, 40, 2] = 0.5 * size
    cl.clump_access(LAW, clumps, access, 0, 4)
    solid = [size / (BALL * collision_radius(size, R_MAX, *frame) ** 3) for frame in ((2.7, 1.2), (2.1, 1.1))]
    framed = min(size / (BALL * collision_radius(0.5 * size, R_MAX, 2.7) ** 3), 0.9)
    assert access[:, 0].tolist() == [1.0, 1.0]
    assert access[:, 1] == pytest.approx([1.0, 1.0], abs=1e-7)
    assert access[:, 2] == pytest.approx([1.0 - 0.5 * framed, 1.0 - 0.5 * solid[1]], rel=1e-12)
    assert access[:, 3] == pytest.approx(1.0 - np.array(solid), rel=1e-8)
    assert (access >= 0.1 - 1e-12).all()


def test_sizes_of_a_known_site():
    """A lognormal population: medians, spread, the largest of which there is one, and what is fused; nothing of nothing."""
    sigma, median, rows = 0.5, 1e-6, 3
    border = np.log(np.cbrt(6.0 / math.pi * EDGES) / median) / sigma
    share = np.diff([0.5 * math.erfc(-b / math.sqrt(2.0)) for b in border])
    solid = np.diff([0.5 * math.erfc(-(b - 3.0 * sigma) / math.sqrt(2.0)) for b in border])
    clumps = cl.empty(K, rows)
    clumps[cl.BOUND, cl.NUMBER] = 1e12 * share[:, None]
    clumps[cl.BOUND, cl.VOLUME] = 1e12 * math.pi / 6.0 * median**3 * math.exp(4.5 * sigma**2) * solid[:, None]
    clumps[cl.BOUND, cl.PRIMARIES] = 4.0 * clumps[cl.BOUND, cl.NUMBER]
    found = cl.sizes(EDGES, clumps, np.full(rows, 1e-9))
    assert found.number_median == pytest.approx(median, rel=0.02)
    assert found.volume_median == pytest.approx(median * math.exp(3.0 * sigma**2), rel=0.02)
    assert found.polydispersity == pytest.approx(math.sqrt(math.exp(sigma**2) - 1.0), rel=0.03)
    last = np.flatnonzero(3e3 * share >= 1.0)[-1]
    assert EDGES[last] <= math.pi / 6.0 * found.largest**3 <= EDGES[last + 1]
    assert found.fused == pytest.approx(0.75)
    assert cl.sizes(EDGES, clumps[cl.BOUND], np.full(rows, 1e-9)) == found
    assert cl.sizes(EDGES, cl.empty(K, rows), np.ones(rows)) == cl.ClumpSizes(0.0, 0.0, 0.0, 0.0, 0.0)


def test_small_share_is_continuous():
    clumps, share = population(rows=2), np.zeros(2)
    clumps[..., 1] = 0.0
    volume = clumps[cl.BOUND, cl.VOLUME, :, 0]
    found = []
    for size in np.geomspace(EDGES[0] * 0.5, EDGES[-1] * 2.0, 500):
        cl.small_share(EDGES, clumps, size, share, 0, 2)
        assert share[1] == 0.0
        found.append(share[0])
    assert found[0] == 0.0
    assert found[-1] == pytest.approx(1.0)
    assert (np.diff(found) >= -1e-12).all()
    assert np.diff(found).max() < 0.1
    cl.small_share(EDGES, clumps, EDGES[25], share, 0, 1)
    assert share[0] == pytest.approx(volume[:25].sum() / volume.sum(), rel=1e-9)


def test_a_kernel_that_does_not_exist():
    with pytest.raises(KeyError):
        law_of(kernel="magnetic")
    with pytest.raises(KeyError):
        law_of(parameters={"charge": 1.0})

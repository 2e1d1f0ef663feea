"""What inflammation lays open (TIS-2, TIS-4), and what living tissue does about it and about injury (TIS-5 to TIS-9)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from calcisim.physics.tissue import (
    debris_left,
    lactic_acid,
    laid_open,
    local_pyrophosphate,
    macrophages_after,
    open_in_the_end,
    vessels_after,
)

DAY = 86400.0
OPENING, HEALING = 0.005 / DAY, 21.0 * DAY
LEVELS = np.array([0.0, 0.01, 0.3, 1.0])
shares = st.floats(0.0, 1.0)
openings = st.floats(0.0, 10.0).map(lambda per_day: per_day / DAY)
healings = st.floats(0.01, 1000.0).map(lambda days: days * DAY)


def slope(_, share, inflammation, opening, healing):
    """df/dt as the docstring of TIS-2 has it."""
    return opening * inflammation * (1.0 - share) - share / (healing * (1.0 + inflammation))


@pytest.mark.parametrize("opening", [OPENING, 2.0 / DAY])
@pytest.mark.parametrize("first", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("days", [1.0, 40.0])
def test_the_share_is_what_its_equation_gives(first, days, opening):
    got = laid_open(np.full(LEVELS.size, first), LEVELS, days * DAY, opening, HEALING)
    for level, share in zip(LEVELS, got, strict=True):
        answer = solve_ivp(
            slope, (0.0, days * DAY), [first], "DOP853", args=(level, opening, HEALING), rtol=1e-12, atol=1e-14, max_step=DAY
        )
        assert share == pytest.approx(answer.y[0, -1], abs=1e-8)


def test_it_ends_where_the_equation_stands_still():
    end = open_in_the_end(LEVELS, OPENING, HEALING)
    assert slope(0.0, end, LEVELS, OPENING, HEALING) == pytest.approx(0.0, abs=1e-20)
    assert laid_open(np.array([0.0, 0.5, 0.9, 1.0]), LEVELS, 1e4 * DAY, OPENING, HEALING) == pytest.approx(end, abs=1e-8)
    answer = solve_ivp(slope, (0.0, 1000.0 * DAY), [0.0], "DOP853", args=(1.0, OPENING, HEALING), rtol=1e-12, atol=1e-14)
    assert end[-1] == pytest.approx(answer.y[0, -1], abs=1e-8)
    assert end[0] == 0.0


def test_it_closes_by_itself_and_more_slowly_under_inflammation():
    assert laid_open(np.array([0.6]), np.zeros(1), HEALING, OPENING, HEALING) == pytest.approx([0.6 / np.e], rel=1e-12)
    nothing_opens = laid_open(np.array([0.6]), np.ones(1), 2.0 * HEALING, 0.0, HEALING)
    assert nothing_opens == pytest.approx([0.6 / np.e], rel=1e-12)


@pytest.mark.parametrize(("healing", "end"), [(14.0, 0.123), (21.0, 0.174), (28.0, 0.219)])
def test_full_inflammation_leaves_an_eighth_to_a_fifth_of_the_collagen_open(healing, end):
    """With the opening of data/biology.toml, over the range of its healing."""
    assert open_in_the_end(np.ones(1), OPENING, healing * DAY) == pytest.approx([end], abs=5e-4)


@given(shares, shares, st.floats(0.0, 1000.0), openings, healings)
def test_two_half_steps_are_one_whole_step(share, inflammation, days, opening, healing):
    state, level = np.array([share]), np.array([inflammation])
    whole = laid_open(state, level, days * DAY, opening, healing)
    half = laid_open(laid_open(state, level, 0.5 * days * DAY, opening, healing), level, 0.5 * days * DAY, opening, healing)
    assert half == pytest.approx(whole, abs=1e-12)


@given(shares, shares, st.floats(0.0, 1000.0), openings, healings)
def test_a_share_stays_a_share(share, inflammation, days, opening, healing):
    got = laid_open(np.array([share]), np.array([inflammation]), days * DAY, opening, healing)[0]
    end = open_in_the_end(np.array([inflammation]), opening, healing)[0]
    assert 0.0 <= end <= 1.0
    assert min(share, end) - 1e-15 <= got <= max(share, end) + 1e-15
    assert 0.0 <= got <= 1.0


def test_each_voxel_has_an_opening_of_its_own():
    opening = OPENING * np.array([0.5, 1.0, 3.0])
    level, share = np.full(3, 0.7), np.full(3, 0.1)
    one_by_one = [laid_open(share[:1], level[:1], DAY, float(each), HEALING)[0] for each in opening]
    assert laid_open(share, level, DAY, opening, HEALING).tolist() == one_by_one
    assert np.all(np.diff(open_in_the_end(level, opening, HEALING)) > 0.0)


# --- pyrophosphate, macrophages, debris, vessels, acid ----------------------------------------------------------------

HOUR = 3600.0
counts = st.floats(0.0, 100.0)
rates = st.floats(0.0, 0.1)  # perfusion [1/s], up to that of a lung
splitting = st.floats(0.0, 10.0).map(lambda per_hour: per_hour / HOUR)
spans = st.floats(0.0, 1000.0).map(lambda days: days * DAY)


def ratio(supply, alive, inflammation, perfusion, hydrolysis=1.26 / HOUR, inflamed=10.0):
    """TIS-5 of one voxel."""
    arrays = [np.array([float(one)]) for one in (supply, alive, inflammation, perfusion)]
    return float(local_pyrophosphate(*arrays, hydrolysis, inflamed)[0])


@given(rates.filter(lambda rate: rate > 1e-9), splitting, st.floats(0.0, 100.0))
def test_tissue_at_rest_has_the_pyrophosphate_of_plasma(perfusion, hydrolysis, inflamed):
    assert ratio(perfusion, 1.0, 0.0, perfusion, hydrolysis, inflamed) == pytest.approx(1.0, rel=1e-14)


@given(rates, shares, shares, splitting)
def test_where_nothing_lives_it_is_that_of_plasma(supply, alive, inflammation, hydrolysis):
    assert ratio(supply, alive, inflammation, 0.0, hydrolysis) == 1.0


@given(rates, shares, shares, st.floats(1e-9, 0.1), splitting, st.floats(0.0, 100.0))
def test_what_comes_and_is_made_is_what_leaves_and_is_split(supply, alive, inflammation, perfusion, hydrolysis, inflamed):
    level = ratio(supply, alive, inflammation, perfusion, hydrolysis, inflamed)
    assert 0.0 <= level <= 1.0 + 1e-14  # tissue never makes more than what its own phosphatase takes at rest
    gains = supply * (1.0 - level) + hydrolysis * alive
    assert gains == pytest.approx(hydrolysis * (1.0 + inflamed * inflammation) * level, rel=1e-9, abs=1e-12 * (supply + hydrolysis))


@pytest.mark.parametrize("hyperaemia", [0.0, 2.0, 5.0])
@pytest.mark.parametrize("vessels", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("perfusion", [3e-5, 2.8e-4, 6e-2])
def test_pyrophosphate_falls_with_inflammation_also_where_blood_flows_faster(perfusion, vessels, hyperaemia):
    levels = [ratio(perfusion * vessels * (1.0 + hyperaemia * one), vessels, one, perfusion) for one in np.linspace(0.0, 1.0, 21)]
    assert np.all(np.diff(levels) < 0.0)


def test_the_ends_of_pyrophosphate():
    assert ratio(1e6, 0.3, 1.0, 1e-3) == pytest.approx(1.0, abs=1e-8)  # flow carries all
    assert ratio(0.0, 1.0, 1.0, 1e-3) == pytest.approx(1.0 / 11.0, rel=1e-12)  # no flow: production over hydrolysis
    assert ratio(0.0, 0.5, 0.0, 1e-3) == pytest.approx(0.5, rel=1e-12)
    assert ratio(0.0, 0.0, 0.4, 1e-3) == 0.0  # neither flow nor a cell that makes it
    assert ratio(1e-3, 0.2, 1.0, 1e-3, hydrolysis=0.0) == pytest.approx(1.0, rel=1e-14)  # levamisole and all of it
    assert ratio(0.0, 1.0, 1.0, 1e-3, hydrolysis=0.0) == 1.0  # nothing flows and nothing splits


def test_each_voxel_has_its_own_pyrophosphate():
    supply, alive, level, perfusion = np.array([1e-4, 0.0, 2e-4]), np.array([1.0, 0.5, 0.8]), np.array([0.0, 1.0, 0.3]), np.full(3, 1e-4)
    got = local_pyrophosphate(supply, alive, level, perfusion, 3e-4, 10.0)
    one_by_one = [ratio(*one, 3e-4, 10.0) for one in zip(supply, alive, level, perfusion, strict=True)]
    assert got.tolist() == one_by_one
    assert len(set(one_by_one)) == 3


@pytest.mark.parametrize("days", [0.1, 2.0, 30.0])
@pytest.mark.parametrize("first", [0.0, 1.0, 31.0])
def test_macrophages_and_vessels_are_what_their_equations_give(first, days):
    options = {"rtol": 1e-11, "atol": 1e-13, "max_step": DAY}
    got = macrophages_after(np.full(LEVELS.size, first), LEVELS, days * DAY, 30.0, 2.0 * DAY)
    for level, count in zip(LEVELS, got, strict=True):
        answer = solve_ivp(
            lambda _, y, level=level: (1.0 + 30.0 * level - y) / (2.0 * DAY), (0.0, days * DAY), [first], "DOP853", **options
        )
        assert count == pytest.approx(answer.y[0, -1], rel=1e-8)
    ends = np.array([0.1, 0.3, 1.0])
    for end, share in zip(ends, vessels_after(np.full(3, min(first, 1.0)), ends, days * DAY, 10.0 * DAY), strict=True):
        answer = solve_ivp(lambda _, y, end=end: (end - y) / (10.0 * DAY), (0.0, days * DAY), [min(first, 1.0)], "DOP853", **options)
        assert share == pytest.approx(answer.y[0, -1], rel=1e-8)


@given(counts, shares, spans, st.floats(0.0, 100.0), st.floats(0.1, 100.0))
def test_two_half_steps_of_macrophages_are_one_whole_step(count, inflammation, dt, recruited, days):
    state, level = np.array([count]), np.array([inflammation])
    whole = macrophages_after(state, level, dt, recruited, days * DAY)
    half = macrophages_after(macrophages_after(state, level, 0.5 * dt, recruited, days * DAY), level, 0.5 * dt, recruited, days * DAY)
    aim = 1.0 + recruited * inflammation
    assert half == pytest.approx(whole, rel=1e-12)
    assert min(count, aim) - 1e-12 * aim <= whole[0] <= max(count, aim) + 1e-12 * aim


@given(shares, shares, spans, st.floats(0.1, 100.0))
def test_two_half_steps_of_vessels_are_one_whole_step(share, aim, dt, days):
    state, end = np.array([share]), np.array([aim])
    whole = vessels_after(state, end, dt, days * DAY)
    assert vessels_after(vessels_after(state, end, 0.5 * dt, days * DAY), end, 0.5 * dt, days * DAY) == pytest.approx(whole, abs=1e-14)
    assert min(share, aim) - 1e-15 <= whole[0] <= max(share, aim) + 1e-15


def test_macrophages_come_and_vessels_grow_back_in_their_time():
    assert macrophages_after(np.ones(1), np.ones(1), 2.0 * DAY, 30.0, 2.0 * DAY) == pytest.approx([31.0 - 30.0 / np.e], rel=1e-12)
    assert macrophages_after(np.array([31.0]), np.zeros(1), 1e3 * DAY, 30.0, 2.0 * DAY) == pytest.approx([1.0], rel=1e-12)
    assert vessels_after(np.array([0.2]), np.ones(1), 10.0 * DAY, 10.0 * DAY) == pytest.approx([1.0 - 0.8 / np.e], rel=1e-12)


@given(counts, counts, spans, st.floats(0.0, 1.0))
def test_debris_goes_as_its_equation_and_the_faster_the_more_cells_there_are(one, other, dt, per_day):
    few, many = sorted((one, other))
    left = debris_left(np.array([few, many]), dt, per_day / DAY)
    assert np.all((left >= 0.0) & (left <= 1.0))
    assert left[1] <= left[0]
    assert debris_left(np.array([few, many]), 0.5 * dt, per_day / DAY) ** 2 == pytest.approx(left, rel=1e-10, abs=1e-300)
    assert left[0] == pytest.approx(np.exp(-few * per_day * dt / DAY), rel=1e-10, abs=1e-300)


def test_nobody_there_clears_nothing():
    assert debris_left(np.zeros(2), 1e3 * DAY, 1.0 / DAY).tolist() == [1.0, 1.0]


@given(shares, shares, rates, st.floats(0.0, 10.0))
def test_acid_is_between_none_and_what_the_fluid_that_comes_can_hold(inflammation, vessels, supply, most):
    made = float(lactic_acid(np.array([inflammation]), np.array([vessels]), np.array([supply]), most)[0])
    assert 0.0 <= made <= most * supply * (1.0 + 1e-14)
    assert float(lactic_acid(np.zeros(1), np.ones(1), np.array([supply]), most)[0]) == 0.0
    assert float(lactic_acid(np.zeros(1), np.full(1, 1.3), np.array([supply]), most)[0]) == 0.0  # more vessels than at rest give no base
    for whole in (lactic_acid(np.ones(1), np.full(1, vessels), np.array([supply]), most),
                  lactic_acid(np.full(1, inflammation), np.zeros(1), np.array([supply]), most)):  # fmt: skip
        assert whole[0] == pytest.approx(most * supply, rel=1e-14)


def test_more_inflammation_and_fewer_vessels_make_more_acid():
    levels = np.linspace(0.0, 1.0, 11)
    assert np.all(np.diff(lactic_acid(levels, np.full(11, 0.8), np.full(11, 1e-3), 10.0)) > 0.0)
    assert np.all(np.diff(lactic_acid(np.full(11, 0.2), levels, np.full(11, 1e-3), 10.0)) < 0.0)
    assert lactic_acid(np.array([0.5]), np.array([0.5]), np.array([1e-3]), 10.0) == pytest.approx([7.5e-3])

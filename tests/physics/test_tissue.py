"""How much collagen inflammation lays open (TIS-2) and where that ends (TIS-4)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from calcisim.physics.tissue import laid_open, open_in_the_end

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

"""Laws of growth and dissolution, the terminal size, and the table that undoes the growth coordinate."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from calcisim.physics import growth

EXPONENTS = (12.0, 24.0, 48.0, 96.0)


def inverse(x, exponent):
    """y with y + y^(p+1)/(p+1) = x, by a bracketed search in the logarithm."""
    top = min(x, ((exponent + 1.0) * x) ** (1.0 / (exponent + 1.0)))
    low, high = math.log(top) - 1.0, math.log(top) + 1e-9
    return math.exp(brentq(lambda ln: growth.growth_coordinate(math.exp(ln), exponent) - x, low, high, xtol=1e-15))


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_table_undoes_the_growth_coordinate(exponent):
    table = growth.radius_table(exponent)
    xs = np.concatenate([np.geomspace(1e-9, 2e4, 4000), np.linspace(0.8, 1.3, 2000)])
    found = np.array([growth.radius_and_slope(x, table, growth.TABLE_STEP)[0] for x in xs])
    exact = np.array([inverse(x, exponent) for x in xs])
    assert np.abs(found / exact - 1.0).max() <= 1e-7


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_radius_rises_and_its_slope_is_its_derivative(exponent):
    table = growth.radius_table(exponent)
    xs = np.geomspace(1e-6, 2e4, 3000)
    pairs = np.array([growth.radius_and_slope(x, table, growth.TABLE_STEP) for x in xs])
    assert np.all(np.diff(pairs[:, 0]) > 0.0)
    assert np.all(pairs[:, 1] > 0.0)
    factor = np.array([growth.terminal_factor(y, exponent) for y in pairs[:, 0]])
    assert np.abs(pairs[:, 1] / factor - 1.0).max() < 2e-3
    h = 1e-4 * xs
    middle = (xs > 1e-3) & (xs < 1e4)
    ahead = np.array([growth.radius_and_slope(x, table, growth.TABLE_STEP)[0] for x in (xs + h)[middle]])
    behind = np.array([growth.radius_and_slope(x, table, growth.TABLE_STEP)[0] for x in (xs - h)[middle]])
    assert np.abs((ahead - behind) / (2.0 * h[middle]) / pairs[middle, 1] - 1.0).max() < 2e-3


def test_ends_of_the_table():
    table = growth.radius_table(48.0)
    assert growth.radius_and_slope(0.0, table, growth.TABLE_STEP) == (0.0, 1.0)
    assert growth.radius_and_slope(-1.0, table, growth.TABLE_STEP) == (0.0, 1.0)
    far = growth.radius_and_slope(1e9, table, growth.TABLE_STEP)
    assert far[1] == 0.0
    assert far[0] == pytest.approx(growth.radius_and_slope(0.999 * growth.TABLE_END**4, table, growth.TABLE_STEP)[0], rel=1e-3)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_all_sizes_move_alike_in_the_growth_coordinate(exponent):
    """dR/dt = v f(R) from two sizes: both growth coordinates gain v t."""
    for start in (0.02, 0.7, 0.99):
        out = solve_ivp(lambda t, y: 1.0 / (1.0 + y**exponent), (0.0, 1.5), [start], rtol=1e-10, atol=1e-12)
        gained = growth.growth_coordinate(out.y[0, -1], exponent) - growth.growth_coordinate(start, exponent)
        assert gained == pytest.approx(1.5, rel=1e-7)


def test_growth_and_dissolution_meet_at_saturation():
    assert growth.growth_velocity(1.0, 5e-10, 2.0, 1.59e-4, 1.0) == 0.0
    assert growth.dissolution_velocity(1.0, 1e-8, 2.0, 1.59e-4, 7.4, 0.4) == 0.0
    up = [growth.growth_velocity(s, 5e-10, 2.0, 1.59e-4, 1.0) for s in (1.5, 2.0, 10.0)]
    assert up == sorted(up)
    assert up[1] == pytest.approx(1.59e-4 * 5e-10)
    down = [growth.dissolution_velocity(s, 1e-8, 2.0, 1.59e-4, 7.4, 0.4) for s in (0.9, 0.5, 0.0)]
    assert down == sorted(down, reverse=True)
    assert max(down) < 0.0


def test_acid_dissolves_faster_within_its_range():
    at = [growth.dissolution_velocity(0.5, 1e-8, 2.0, 1.59e-4, ph, 0.4) for ph in (8.0, 7.4, 6.4, 5.0, 3.0)]
    assert at[0] == at[1]
    assert at[2] / at[1] == pytest.approx(10.0**0.4)
    assert at[3] == at[4] < at[2]


def test_inhibitors_share_one_coverage():
    assert growth.inhibition_factor(0.0, 1.0) == 1.0
    assert growth.inhibition_factor(3.0, 1.0) == pytest.approx(0.25)
    assert growth.inhibition_factor(1e9, 0.8) == pytest.approx(0.2)
    assert growth.growth_saturation(-100.0, -118.0, 9.0) == pytest.approx(math.exp(2.0))

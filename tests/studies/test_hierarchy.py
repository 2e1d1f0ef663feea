"""Factors of laboratories: exact where there is a formula, and parameters that come back with honest intervals beside them."""

import math

import numpy as np
import pytest

from calcisim.errors import UsageError
from calcisim.studies import fit
from calcisim.studies.estimate import Problem, Transform, estimate
from calcisim.studies.hierarchy import Hierarchy, best_log

DAYS = np.tile([0.5, 1.0, 2.0, 4.0, 8.0], 3)
LABS = ["A"] * 5 + ["B"] * 5 + ["C"] * 5
KINDS = (Transform("share"), Transform("positive"))


def decay(at):
    """A fast share and a slow rest, seen on the same days by three laboratories."""
    share, rate = at
    return 10.0 * (share * np.exp(-rate * DAYS) + (1.0 - share) * np.exp(-0.05 * DAYS))


@pytest.mark.parametrize(("a", "b"), [(100.0, 150.0), (4.0, 4.4), (1e4, 3e3), (0.5, 0.1), (3.0, -2.0), (1e6, 1e7)])
def test_a_factor_is_the_least_of_its_sum(a, b):
    spread = 0.2
    d = np.linspace(-4.0, 4.0, 800001)
    brute = d[np.argmin(a * np.exp(2 * d) - 2 * b * np.exp(d) + (d / spread) ** 2)]
    assert best_log(a, b, spread) == pytest.approx(brute, abs=2e-5)


def test_a_factor_without_prior_is_the_ratio_and_without_model_one():
    assert math.exp(best_log(100.0, 130.0, 1e6)) == pytest.approx(1.3, rel=1e-9)
    assert best_log(0.0, 0.0, 0.2) == 0.0


def test_factors_cost_no_runs():
    value, sd = decay((0.7, 0.9)), np.full(15, 0.2)
    plain = Problem(decay, KINDS, value, sd)
    labs = Hierarchy(decay, KINDS, value, sd, LABS, 0.2)
    z = np.array([0.2, 0.1])
    labs.objective(z)
    labs.residual(z)
    assert len(labs.known) == 1
    assert labs.objective(z) <= plain.objective(z)


def test_a_problem_on_a_line_has_the_textbook_answer():
    """One parameter m (log), two labs with one point each, errors small against the factors: the variance of ln m is τ²/2."""
    spread = 0.2
    problem = Hierarchy(lambda at: np.full(2, at[0]), (Transform("positive"),), np.array([9.0, 11.0]), np.full(2, 0.001), "AB", spread)
    found = estimate(problem, (5.0,))
    assert found.values[0] == pytest.approx(math.sqrt(9.0 * 11.0), rel=1e-4)
    half = 1.96 * spread / math.sqrt(2.0)
    assert found.intervals[0] == pytest.approx((found.values[0] * math.exp(-half), found.values[0] * math.exp(half)), rel=0.01)
    first, second = problem.laboratories(found.coordinates)
    assert (first.factor, second.factor) == pytest.approx((math.sqrt(9.0 / 11.0), math.sqrt(11.0 / 9.0)), rel=1e-3)
    assert first.high / first.factor == pytest.approx(math.exp(half), rel=0.01)


def test_known_parameters_come_back_within_their_intervals():
    """Eight trials of two parameters: at 95 % each, 13 or fewer of 16 within has a chance of 0.04."""
    truth, within, factors = (0.7, 0.9), 0, 0
    for seed in range(8):
        random = np.random.default_rng(seed)
        logs = 0.2 * random.standard_normal(3)
        true = decay(truth) * np.exp(np.repeat(logs, 5))
        problem = Hierarchy(decay, KINDS, true + 0.15 * random.standard_normal(15), np.full(15, 0.15), LABS, 0.2)
        found = estimate(problem, (0.4, 2.0))
        within += sum(low <= value <= high for (low, high), value in zip(found.intervals, truth, strict=True))
        labs = problem.laboratories(found.coordinates)
        factors += sum(one.low <= math.exp(log) <= one.high for one, log in zip(labs, logs, strict=True))
    assert within >= 13
    assert factors >= 19


def test_laboratories_that_differ_are_no_fault_of_the_model():
    """Three laboratories, 10 to 50 % apart and without other noise: one curve cannot meet them, one with factors can."""
    value = decay((0.7, 0.9)) * np.repeat([1.35, 1.0, 0.9], 5)
    plain = estimate(Problem(decay, KINDS, value, np.full(15, 0.15)), (0.4, 2.0))
    problem = Hierarchy(decay, KINDS, value, np.full(15, 0.15), LABS, 0.2)
    held = estimate(problem, (0.4, 2.0))
    assert plain.objective > 13.0 * 5.0
    assert held.objective < 13.0
    assert held.values == pytest.approx([0.7, 0.9], rel=0.02)
    ratios = [one.factor for one in problem.laboratories(held.coordinates)]
    assert ratios[0] / ratios[1] == pytest.approx(1.35, rel=0.02)


def test_a_place_that_cannot_be_had_is_left():
    """Beyond 1 the prediction is NaN: the search stays below, and the interval ends at the wall."""
    problem = Problem(lambda at: np.array([at[0] if at[0] <= 1.0 else np.nan]), (Transform("positive"),), np.array([0.97]), np.array([0.1]))
    found = estimate(problem, (0.5,))
    assert found.values[0] == pytest.approx(0.97, abs=1e-3)
    assert found.intervals[0][0] == pytest.approx(0.774, abs=0.01)
    assert found.intervals[0][1] == pytest.approx(1.0, abs=0.02)


def test_points_without_a_laboratory_are_refused_by_row():
    points = [fit.Point("calcium_ug_per_mg_dry", 3 * fit.DAY, 40.0, 4.0, lab=lab, row=row) for row, lab in ((2, "A"), (3, None), (4, None))]
    with pytest.raises(UsageError, match="row 3, 4 names none"):
        fit.fit("dystrophic/subdermal-cusp", (), points, spread=0.2)

"""Power of an experiment: against published numbers, by simulation, and from a comparison."""

import json
import math

import numpy as np
import pytest
from scipy.stats import ttest_ind

from calcisim.errors import UsageError
from calcisim.studies import power

ONE_SD = math.expm1(1.0)  # an effect of one standard deviation where the spread of logarithms is 1


@pytest.mark.parametrize(("effect_in_sd", "wanted", "per_arm"), [(0.5, 0.8, 64), (0.8, 0.8, 26), (1.0, 0.9, 23), (0.2, 0.8, 394)])
def test_animals_are_those_of_cohens_tables(effect_in_sd, wanted, per_arm):
    """Cohen (1988), tables 2.4: two samples, two-sided 0.05."""
    assert power.animals(math.expm1(effect_in_sd), 1.0, wanted) == per_arm


def test_power_is_what_experiments_would_see():
    rng = np.random.default_rng(1)
    n, effect, spread = 10, -0.4, 0.45
    found = [
        ttest_ind(spread * rng.standard_normal(n), math.log1p(effect) + spread * rng.standard_normal(n)).pvalue < 0.05 for _ in range(4000)
    ]
    assert power.power(n, effect, spread, 0.05) == pytest.approx(np.mean(found), abs=0.025)


@pytest.mark.parametrize(("effect", "spread", "alpha"), [(-0.7, 0.15, 0.01), (-0.3, 0.03, 0.001)])
def test_two_animals_are_not_taken_for_enough(effect, spread, alpha):
    rng = np.random.default_rng(2)
    found = [
        ttest_ind(spread * rng.standard_normal(2), math.log1p(effect) + spread * rng.standard_normal(2)).pvalue < alpha for _ in range(4000)
    ]
    assert power.power(2, effect, spread, alpha) == pytest.approx(np.mean(found), abs=0.03)
    assert power.animals(effect, spread, 0.8, alpha) > 2


def test_more_animals_and_larger_effects_see_more_and_two_are_the_least():
    values = [power.power(n, -0.3, 0.4, 0.05) for n in (2, 5, 10, 40, 200)]
    assert values == sorted(values)
    assert power.power(5, -0.6, 0.4, 0.05) > power.power(5, -0.3, 0.4, 0.05)
    assert power.animals(-0.9, 1e-3) == 2
    assert power.animals(0.011, 3.0) is None
    assert power.power(1, -0.9, 0.1, 0.05) == 0.0


def members(spreads, medians=(0.0, 1.0, 4.0), count=12, seed=3):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(count)
    z = (z - z.mean()) / z.std(ddof=1)
    found = []
    for one in z:
        held = [median * math.exp(spread * one) for median, spread in zip(medians, spreads, strict=True)]
        found.append(
            {
                "days": [0.0, 10.0, 20.0],
                "course": {"deposit_calcium_mg": held},
                "final": {"deposit_calcium_mg": held[-1]},
                "factors": {},
                "onset": {},
            }
        )
    return found


def test_the_best_day_is_the_one_with_the_least_spread():
    found = power.days(members((0.0, 0.6, 0.3)), -0.3, assay=0.1)
    assert [one.day for one in found] == [10.0, 20.0]  # on day 0 there is nothing
    assert found[0].spread == pytest.approx(math.hypot(0.6, 0.1))
    assert power.best(found).day == 20.0
    assert found[1].animals == power.animals(-0.3, math.hypot(0.3, 0.1)) < found[0].animals


@pytest.fixture
def comparison(tmp_path):
    arms = {"untreated": members((0.0, 0.6, 0.3)), "drug": members((0.0, 0.6, 0.3), (0.0, 0.6, 2.4))}
    (tmp_path / "comparison.json").write_text("{}")
    document = {"scenario": "a", "reference": "untreated", "replicates": 12, "arms": {arm: {} for arm in arms}}
    (tmp_path / "summary.json").write_text(json.dumps(document))
    for arm, rows in arms.items():
        (tmp_path / "members" / arm).mkdir(parents=True)
        for number, row in enumerate(rows, 1):
            (tmp_path / "members" / arm / f"{number:04d}.json").write_text(json.dumps(row))
    return tmp_path


def test_a_plan_takes_the_effect_of_the_arm_or_the_one_that_is_given(comparison):
    found = power.plan(comparison)
    assert found["effect"] == found["observed_effect"] == pytest.approx(-0.4)
    smaller = power.plan(comparison, -0.2, "drug")
    assert smaller["best"]["animals"] > found["best"]["animals"]
    assert power.plan(comparison, assay=0.5)["best"]["animals"] > found["best"]["animals"]


def test_what_cannot_be_planned_is_said(comparison, tmp_path):
    for arguments, said in (((0.0,), "cannot be planned"), ((-2.0,), "cannot be planned"), ((-0.3, "durg"), "drug")):
        with pytest.raises(UsageError, match=said):
            power.plan(comparison, *arguments)
    with pytest.raises(UsageError, match="is no comparison"):
        power.plan(tmp_path / "nothing")
    (comparison / "summary.json").unlink()
    with pytest.raises(UsageError, match="not finished"):
        power.plan(comparison)

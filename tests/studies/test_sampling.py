"""Draws from the posterior: those of a bell curve, the same for the same seed; and a clear word where emcee is missing."""

import math
import sys

import numpy as np
import pytest

from calcisim.errors import UsageError
from calcisim.studies import sampling
from calcisim.studies.estimate import Problem, Transform, estimate
from calcisim.studies.hierarchy import Hierarchy


def bell():
    """Two numbers, measured as 5 ± 1 and −2 ± 0.5."""
    return Problem(lambda at: np.array(at), (Transform("free"), Transform("free")), np.array([5.0, -2.0]), np.array([1.0, 0.5]))


def test_intervals_are_those_of_the_bell_curve():
    pytest.importorskip("emcee")
    problem = bell()
    found = estimate(problem, (4.0, -1.0), profiles=False)
    drawn = sampling.sample(problem, found, 8000, seed=3)
    assert len(drawn.values) >= 8000
    (median, low, high), (other, _, _) = drawn.intervals
    assert (median, other) == pytest.approx((5.0, -2.0), abs=0.15)
    assert (low, high) == pytest.approx((5.0 - 1.96, 5.0 + 1.96), abs=0.3)
    assert 0.2 < drawn.acceptance < 0.95
    assert drawn.length > 20.0


def test_the_same_seed_gives_the_same_draws():
    pytest.importorskip("emcee")
    drawn = [sampling.sample(bell(), estimate(bell(), (4.0, -1.0), profiles=False), 80, seed=seed).values for seed in (1, 1, 2)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_factors_of_laboratories_are_integrated_out():
    """One number seen by two laboratories with tiny errors: its logarithm has the spread 0.2/√2."""
    pytest.importorskip("emcee")
    problem = Hierarchy(lambda at: np.full(2, at[0]), (Transform("positive"),), np.array([9.0, 11.0]), np.full(2, 0.05), "AB", 0.2)
    drawn = sampling.sample(problem, estimate(problem, (9.0,), profiles=False), 6000)
    assert np.std(np.log(drawn.values)) == pytest.approx(0.2 / math.sqrt(2.0), rel=0.08)


def test_without_emcee_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(UsageError, match=r"pip install 'calcisim\[calibrate\]'"):
        sampling.sample(bell(), estimate(bell(), (4.0, -1.0), profiles=False), 10)

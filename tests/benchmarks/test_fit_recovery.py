"""The recovery of known values, in small: a formula in the place of the joints."""

import numpy as np
import pytest
from benchmarks.scripts import script

from calcisim.studies import fit_series
from calcisim.studies.fit_data import DAY


def formula(name, sets, points, laws=None):
    """A deposit that is steep in the state and in proportion to the share, as that of the joints; less steep when rich."""
    given = dict(text.split("=", 1) for text in sets)
    share, state = float(given["event.0.fraction"]), float(given["event.0.s"])
    power = 30.0 if "plasma.phosphate" in given else 50.0
    return share * (0.7 / state) ** power * np.array([point.time / DAY for point in points])


@pytest.fixture
def recovery(monkeypatch):
    module = script("fit_recovery")
    monkeypatch.setattr(module, "RUN", formula)
    monkeypatch.setattr(fit_series, "existing", formula)
    monkeypatch.setattr(fit_series, "predict", formula)
    monkeypatch.setattr(module.fitting, "predict", formula)
    return module


def test_between_the_nodes_it_is_what_a_run_gives(recovery):
    points = [recovery.Point(recovery.OBSERVABLE, day * DAY, 0.0, 1.0) for day in recovery.DAYS]
    for share, state, more in ((0.013, 0.704, ()), (0.0071, 0.693, (recovery.RICH,))):
        sets = (*recovery.SHORT, f"event.0.fraction={share}", f"event.0.s={state}", *more)
        assert recovery.between(recovery.JOINT, sets, points) == pytest.approx(formula("", sets, points), rel=2e-3)


def test_trials_are_drawn_and_most_intervals_hold_the_truth(recovery):
    assert not np.array_equal(recovery.drawn_factors(0), recovery.drawn_factors(1))
    points = recovery.synthetic(recovery.true_values(), 0)
    assert len(points) == 18
    assert {point.lab for point in points} == {"A", "B", "C"}
    with recovery.interpolated():
        held = [recovery.holds(recovery.trial(seed)) for seed in range(4)]
    assert sum(map(sum, held)) >= 5

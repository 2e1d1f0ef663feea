"""The whole model with fixed steps: second order but for dissolution and the joins of cohorts, which leave a floor below 0.1 %."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.numerics.newton import NewtonControl
from calcisim.numerics.sdirk import Counters, attempt
from calcisim.simulation import assembly
from calcisim.simulation import site as site_module
from calcisim.simulation.run import Simulation

DAY = 86400.0
TIGHT = NewtonControl(increment=1e-9, linear=1e-3, residual=1e-6, iterations=60)


def mineral_after(steps, days=1.0):
    """The fixed cusp a day old, then `days` in equal steps."""
    simulation = Simulation(door.load("dystrophic/subdermal-cusp", (), True))
    simulation.advance(DAY)
    site, dt = simulation.sites["cusp"], days * DAY / steps
    for step in range(steps):
        assert not attempt(site.problem, DAY + step * dt, dt, TIGHT, Counters()).failed
        site.problem.accept()
    return site.mineral().ravel().copy()


def errors(counts, finest):
    exact = mineral_after(finest)
    return [float(np.linalg.norm(mineral_after(count) - exact) / np.linalg.norm(exact)) for count in counts]


def _dissolving(monkeypatch, factor):
    """Rates of dissolution times a factor, and so many cohorts that none are joined."""
    usual = assembly.model

    def model(scenario, water=None):
        whole = usual(scenario, water)
        rates = whole.phases.dissolution * np.array([factor, 1.0, 1.0])
        return replace(whole, phases=whole.phases._replace(dissolution=rates))

    monkeypatch.setattr(assembly, "model", model)
    monkeypatch.setattr(site_module, "COHORTS", 1500)


def test_order_without_joins(monkeypatch):
    _dissolving(monkeypatch, 0.0)
    found = errors((8, 16, 32), 160)
    assert found[0] < 1e-4
    assert [np.log2(a / b) for a, b in pairwise(found)] == pytest.approx([2.0, 2.0], abs=0.35), found


def test_what_dissolves_costs_an_order_and_little_else(monkeypatch):
    """A precursor that grew early dissolves again on the second day: particles shrink at the end of a step, which is of first order."""
    _dissolving(monkeypatch, 1.0)
    found = errors((8, 16, 32), 160)
    assert found[0] < 2e-4
    assert all(np.log2(a / b) > 0.85 for a, b in pairwise(found)), found


def test_joins_cost_less_than_a_tenth_of_a_per_cent(monkeypatch):
    with_joins = mineral_after(160)
    monkeypatch.setattr(site_module, "COHORTS", 1500)
    without = mineral_after(160)
    assert with_joins.sum() == pytest.approx(without.sum(), rel=1e-3)

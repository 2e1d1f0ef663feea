"""The time integrator: its claimed order, stiff equations, step control, landing; and Newton's ways to fail."""

import math
from itertools import pairwise

import numpy as np
import pytest
from numerics.ordinary import Scalar

from calcisim.errors import SolverError
from calcisim.numerics.newton import NewtonControl, solve_stage
from calcisim.numerics.sdirk import GAMMA, ORDER, Counters, StepSize, advance, attempt

TIGHT = NewtonControl(increment=1e-13, residual=1e-7, iterations=40)


def prothero_robinson(stiffness):
    """y' = −λ (y − cos t) − sin t, y = cos t whatever λ."""
    return Scalar(lambda t, y: -stiffness * (y - math.cos(t)) - math.sin(t), lambda t, y: -stiffness, 1.0)


def error_after(problem, steps, end, exact):
    for step in range(steps):
        assert not attempt(problem, step * end / steps, end / steps, TIGHT, Counters()).failed
        problem.accept()
    return abs(problem.y - exact)


def order(make, counts, end, exact):
    errors = [error_after(make(), count, end, exact) for count in counts]
    return [math.log2(a / b) for a, b in pairwise(errors)], errors


@pytest.mark.parametrize("stiffness", [0.1, 1.0, 10.0])
def test_order_is_what_is_claimed(stiffness):
    found, _ = order(lambda: prothero_robinson(stiffness), (40, 80, 160), 2.0, math.cos(2.0))
    assert min(found) > ORDER - 0.1, found
    assert max(found) < ORDER + 0.5, found


def test_order_on_a_nonlinear_equation():
    """y' = −y³: y = 1/√(1 + 2t)."""
    found, _ = order(lambda: Scalar(lambda t, y: -(y**3), lambda t, y: -3.0 * y * y, 1.0), (20, 40, 80), 2.0, 1.0 / math.sqrt(5.0))
    assert min(found) > ORDER - 0.1, found


@pytest.mark.parametrize("stiffness", [1e4, 1e7])
def test_stiffness_costs_no_accuracy(stiffness):
    """Stiffly accurate: the stiffer, the smaller the error, and it falls at least linearly with the step."""
    found, stiff = order(lambda: prothero_robinson(stiffness), (40, 80, 160), 2.0, math.cos(2.0))
    _, mild = order(lambda: prothero_robinson(10.0), (40, 80, 160), 2.0, math.cos(2.0))
    assert all(a < b for a, b in zip(stiff, mild, strict=True))
    assert min(found) > 0.9, found


def test_it_damps_what_is_infinitely_fast():
    """L-stable: one step of a decay that is over at once leaves nothing."""
    problem = Scalar(lambda t, y: -1e12 * y, lambda t, y: -1e12, 1.0)
    assert not attempt(problem, 0.0, 1.0, NewtonControl(iterations=40, increment=1e-9), Counters()).failed
    problem.accept()
    assert abs(problem.y) < 1e-11


def test_the_second_stage_is_the_end_of_the_step():
    problem = prothero_robinson(1.0)
    attempt(problem, 3.0, 0.5, TIGHT, Counters())
    first, second = problem.stages
    assert (first.time, second.time) == (3.0 + GAMMA * 0.5, 3.5)
    assert first.gamma_dt == second.gamma_dt == GAMMA * 0.5
    assert second.weight == pytest.approx((1.0 - GAMMA) / GAMMA)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-5])
def test_adaptive_steps_keep_the_tolerance_and_land_exactly(tolerance):
    problem = Scalar(lambda t, y: -50.0 * (y - math.cos(t)), lambda t, y: -50.0, 0.0, tolerance)
    size, counters, time, targets = StepSize(1e-4), Counters(), 0.0, (0.1, 0.7300000001, 2.0)
    seen = []
    for target in targets:
        while time < target:
            time = advance(problem, time, target, size, TIGHT, counters)
            seen.append(time)
    assert set(targets) <= set(seen)
    assert counters.steps == len(seen)
    exact = (2500.0 * math.cos(2.0) + 50.0 * math.sin(2.0)) / 2501.0
    assert abs(problem.y - exact) < tolerance


@pytest.mark.parametrize("left", [0.3, 0.999, 1.0, 1.0000000001, 1.2, 1.7, 1.999, 2.0, 2.4, 17.3])
def test_the_last_steps_before_a_target_are_even_and_none_is_a_crumb(left):
    size, time, steps = StepSize(1.0), 5.0, []
    target = time + left
    while time < target:
        step = size.next(time, target)
        steps.append(step)
        time = target if step == target - time else time + step
    assert max(steps) <= 1.0 + 1e-8
    assert min(steps) >= 0.5 * min(left, 1.0) * (1.0 - 1e-9)
    assert time == target


def test_a_cut_step_does_not_shrink_the_next_one():
    size = StepSize(100.0)
    size.accept(0.5, 3.0)
    assert size.dt == 100.0
    size = StepSize(100.0)
    size.accept(1.0, 3.0)  # a short step with a large error does
    assert size.dt < 3.0


def test_step_size_is_bounded_and_restarts():
    size = StepSize(1.0, largest=5.0, first=0.01)
    for _ in range(20):
        size.accept(1e-12, size.dt)
    assert size.dt == 5.0
    size.reject(math.inf, 4.0)
    assert size.dt == 1.0
    size.reject(100.0, 1.0)
    assert size.dt == pytest.approx(0.2)
    size.restart()
    assert (size.dt, size.error) == (0.01, 1.0)


def test_an_equation_without_solution_ends_in_an_error_that_says_when():
    problem = Scalar(lambda t, y: math.nan, lambda t, y: 0.0, 1.0)
    counters = Counters()
    with pytest.raises(SolverError, match="day 1"):
        advance(problem, 86400.0, 2 * 86400.0, StepSize(1.0), TIGHT, counters)
    assert counters.steps == 0
    assert counters.rejected_steps > 3


def test_a_rejected_step_leaves_the_state_alone():
    problem = Scalar(lambda t, y: -1e3 * (y - math.sin(50.0 * t)), lambda t, y: -1e3, 0.0, 1e-9)
    assert not attempt(problem, 0.0, 1.0, TIGHT, Counters()).good
    assert problem.y == 0.0


class Failing(Scalar):
    """Fails in one way at a time."""

    def __init__(self, way):
        super().__init__(lambda t, y: -y, lambda t, y: -1.0, 1.0)
        self.way = way

    def evaluate(self):
        return super().evaluate() and self.way != "local"

    def solve(self, b, x, tolerance, limit=30):
        return super().solve(b, x, tolerance, limit) and self.way != "linear"

    def update(self):
        super().update()
        return {"increment": math.nan, "slow": 1.0}.get(self.way, 0.0)

    def residual_norm(self):
        return math.inf if self.way == "residual" else 0.1


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("local", "no local solution"),
        ("linear", "linear solver"),
        ("increment", "not finite"),
        ("slow", "did not converge"),
        ("residual", "did not converge"),
        ("none", ""),
    ],
)
def test_newton_says_how_it_failed(way, reason):
    problem = Failing(way)
    result = attempt(problem, 0.0, 0.1, NewtonControl(), Counters())
    assert reason in result.failed
    assert bool(result.failed) == (way != "none")
    report = solve_stage(problem, NewtonControl(iterations=3))
    assert report.iterations <= 3
    assert np.isfinite(problem.residual).all()


class Creeping(Scalar):
    """y' = −y, with no answer for a step above a tenth."""

    def start_step(self, time, dt):
        super().start_step(time, dt)
        self.dt = dt

    def error_norm(self):
        return math.inf if self.dt > 0.1 else 1e-12


def test_a_run_that_creeps_ends_in_an_error(monkeypatch):
    monkeypatch.setattr("calcisim.numerics.sdirk.MOST_CUTS", 20)
    problem, size = Creeping(lambda t, y: -y, lambda t, y: -1.0, 1.0), StepSize(0.08, first=0.08)

    def go_on(steps, time=0.0):
        for _ in range(steps):
            time = advance(problem, time, 1e9, size, NewtonControl(), Counters())
        return time

    assert 0.0 < go_on(20) < 2.0
    with pytest.raises(SolverError, match=r"the last 20 steps up to day .* had to be cut, to 0\.08 s now: the error is not finite"):
        go_on(20)

"""The Rosenbrock method: tableau, order, stiff equations, damping, linear algebra; and its steps through the body."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from physics.test_body import DAY, HOUR, KIDNEYS_15, LITRE_HOUR, ON, VITAMIN, WORK, change, live, person, scale, weeks
from scipy.integrate import solve_ivp

from calcisim.numerics.rosenbrock import GAMMA, ORDER, STAGES, error_norm, factor, rodas, solve, step_factor
from calcisim.physics.body_names import F, P, R, S
from calcisim.physics.body_steps import DONE, FULL, advance, knots, look

TABLEAU = rodas()


def step(f, jacobian, y, dt):
    """One step in plain Python with the compiled linear algebra: the new state and the error."""
    matrix, pivots, stages = np.eye(y.size) / (GAMMA * dt) - jacobian(y), np.zeros(y.size, dtype=np.int64), np.zeros((STAGES, y.size))
    assert factor(matrix, pivots)
    for i in range(STAGES):
        stages[i] = f(y + TABLEAU.a[i] @ stages) + TABLEAU.c[i] @ stages / dt
        solve(matrix, pivots, stages[i])
    return y + TABLEAU.a[-1] @ stages + stages[-1], stages[-1]


def fixed(f, jacobian, start, end, steps):
    """The state at `end` after so many equal steps."""
    y = np.array(start, dtype=float)
    for _ in range(steps):
        y, _ = step(f, jacobian, y, end / steps)
    return y


def adaptive(f, jacobian, start, end, tolerance):
    """The state at `end` with steps that keep the tolerance, and how many there were."""
    y, time, dt, steps, rejected = np.array(start, dtype=float), 0.0, 1e-4, 0, False
    while time < end:
        length = min(dt, end - time)
        new, error = step(f, jacobian, y, length)
        norm = error_norm(error, y, new, tolerance, np.full(y.size, tolerance))
        dt = length * step_factor(norm, norm > 1.0 or rejected)
        rejected = norm > 1.0
        if not rejected:
            y, time, steps = new, time + length, steps + 1
    return y, steps


def classical():
    """α, α + γ and both kinds of weights, in the form in which the order conditions are written; from the form without products."""
    gammas = np.linalg.inv(np.eye(STAGES) / GAMMA - TABLEAU.c)
    alpha = TABLEAU.a @ gammas
    whole, embedded = np.array([*TABLEAU.a[-1, :-1], 1.0]) @ gammas, TABLEAU.a[-1] @ gammas
    return alpha, alpha + gammas, whole, embedded


def conditions(weights, alpha, beta):
    """What must be zero up to order 3 (the first four) and up to order 4 (all eight)."""
    one = np.ones(STAGES)
    a, b, w = alpha @ one, beta @ one, weights
    third = [w @ one - 1.0, w @ b - 1.0 / 2.0, w @ a**2 - 1.0 / 3.0, w @ beta @ b - 1.0 / 6.0]
    fourth = [w @ a**3 - 1.0 / 4.0, w @ (a * (alpha @ b)) - 1.0 / 8.0, w @ beta @ a**2 - 1.0 / 12.0, w @ beta @ beta @ b - 1.0 / 24.0]
    return np.array(third), np.array(fourth)


def test_the_tableau_is_explicit_in_its_earlier_stages_and_has_the_published_points():
    assert TABLEAU.a.shape == TABLEAU.c.shape == (STAGES, STAGES)
    assert not np.triu(TABLEAU.a).any()
    assert not np.triu(TABLEAU.c).any()
    assert TABLEAU.gamma == GAMMA == 0.25
    alpha, beta, _, _ = classical()
    assert alpha.sum(axis=1) == pytest.approx([0.0, 0.386, 0.21, 0.63, 1.0, 1.0], abs=1e-14)
    assert (beta - alpha).sum(axis=1) == pytest.approx([0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0], abs=1e-12)
    assert np.diag(beta) == pytest.approx(np.full(STAGES, GAMMA), abs=1e-14)


def test_all_order_conditions_hold_to_rounding():
    alpha, beta, whole, embedded = classical()
    third, fourth = conditions(whole, alpha, beta)
    assert np.abs(np.concatenate([third, fourth])).max() < 1e-13
    third, fourth = conditions(embedded, alpha, beta)
    assert np.abs(third).max() < 1e-13
    assert np.abs(fourth).max() > 1e-2  # or the error would be worth nothing


def test_it_is_stiffly_accurate_and_so_is_its_embedded_solution():
    alpha, beta, whole, embedded = classical()
    assert beta[-1] == pytest.approx(whole, abs=1e-13)
    assert alpha[-1] == pytest.approx(embedded, abs=1e-13)
    assert beta[-2] == pytest.approx(embedded, abs=1e-13)
    for weights in (whole, embedded):  # the amplification of what is infinitely fast
        assert 1.0 - weights @ np.linalg.solve(beta, np.ones(STAGES)) == pytest.approx(0.0, abs=1e-12)


def logistic(y):
    """A logistic population that is pushed by a rotation whose speed it sets."""
    return np.array([y[0] * (1.0 - y[0]) + 0.3 * y[1] * y[2], -2.0 * y[2] * (1.0 + y[0]), 2.0 * y[1] * (1.0 + y[0])])


def logistic_jacobian(y):
    return np.array(
        [
            [1.0 - 2.0 * y[0], 0.3 * y[2], 0.3 * y[1]],
            [-2.0 * y[2], 0.0, -2.0 * (1.0 + y[0])],
            [2.0 * y[1], 2.0 * (1.0 + y[0]), 0.0],
        ]
    )


def test_order_on_a_nonlinear_system_is_what_is_claimed():
    start = [0.1, 1.0, 0.0]
    exact = solve_ivp(lambda t, y: logistic(y), (0.0, 2.0), start, method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]
    errors = [np.abs(fixed(logistic, logistic_jacobian, start, 2.0, steps) - exact).max() for steps in (20, 40, 80, 160)]
    found = [math.log2(a / b) for a, b in pairwise(errors)]
    assert min(found) > ORDER - 0.1, found
    assert max(found) < ORDER + 0.3, found


def prothero_robinson(stiffness):
    """y' = −λ (y − cos t) − sin t with the time as a second state: y = cos t whatever λ."""
    return (
        lambda y: np.array([-stiffness * (y[0] - math.cos(y[1])) - math.sin(y[1]), 1.0]),
        lambda y: np.array([[-stiffness, -stiffness * math.sin(y[1]) - math.cos(y[1])], [0.0, 0.0]]),
    )


def error_after(stiffness, steps):
    return abs(fixed(*prothero_robinson(stiffness), [1.0, 0.0], 2.0, steps)[0] - math.cos(2.0))


def test_order_on_a_decay_towards_a_moving_aim_is_what_is_claimed():
    found = [math.log2(a / b) for a, b in pairwise(error_after(10.0, steps) for steps in (20, 40, 80))]
    assert found == pytest.approx([ORDER, ORDER], abs=0.1)


@pytest.mark.parametrize("stiffness", [1e3, 1e6])
def test_stiffness_lowers_the_order_but_not_the_accuracy(stiffness):
    errors = [error_after(stiffness, steps) for steps in (20, 40, 80)]
    assert all(math.log2(a / b) > 1.0 for a, b in pairwise(errors))
    assert errors[0] < 2e-6
    assert errors[0] < 2e-3 / stiffness  # the stiffer the better


def van_der_pol(y):
    return np.array([y[1], 1e3 * ((1.0 - y[0] ** 2) * y[1] - y[0])])


def van_der_pol_jacobian(y):
    return np.array([[0.0, 1.0], [1e3 * (-2.0 * y[0] * y[1] - 1.0), 1e3 * (1.0 - y[0] ** 2)]])


def test_a_stiff_oscillator_agrees_with_radau_within_ten_tolerances():
    start, end = [2.0, -0.66], 1.0
    reference = solve_ivp(
        lambda t, y: van_der_pol(y), (0.0, end), start, jac=lambda t, y: van_der_pol_jacobian(y), method="Radau", rtol=1e-12, atol=1e-12
    ).y[:, -1]
    counts = []
    for tolerance in (1e-3, 1e-5, 1e-7):
        y, steps = adaptive(van_der_pol, van_der_pol_jacobian, start, end, tolerance)
        assert y == pytest.approx(reference, rel=10.0 * tolerance)
        counts.append(steps)
    assert counts[0] < 100  # an explicit method needs 3000 times its longest step here
    assert counts == sorted(counts)


@pytest.mark.parametrize("fast", [-1e2, -1e4, -1e6, -1e9])
def test_it_damps_what_is_fast_in_proportion_to_its_speed(fast):
    """L-stable: one step of y' = λ y leaves 8.84/|h λ| of it, and nothing at last."""
    left, _ = step(lambda y: fast * y, lambda y: np.array([[fast]]), np.ones(1), 1.0)
    assert 0.0 < left[0] < 9.0 / abs(fast)
    if fast < -1e3:
        assert left[0] == pytest.approx(8.84 / abs(fast), rel=5e-3)


@pytest.mark.parametrize("speed", [0.1, 1.0, 3.0, 10.0, 100.0])
def test_no_rotation_grows(speed):
    """A-stable: on the imaginary axis the amplification is at most 1, and nearly 1 where the step resolves it."""
    turn = np.array([[0.0, -speed], [speed, 0.0]])
    y, _ = step(lambda y: turn @ y, lambda y: turn, np.array([1.0, 0.0]), 1.0)
    assert np.linalg.norm(y) < 1.0
    if speed <= 1.0:
        assert np.linalg.norm(y) > 0.9999


def test_a_linear_invariant_of_the_equations_is_one_of_the_steps():
    """A → B at the rate A², B → A at 50 B: A + B stays."""

    def f(y):
        moved = y[0] ** 2 - 50.0 * y[1]
        return np.array([-moved, moved])

    y = fixed(f, lambda y: np.array([[-2.0 * y[0], 50.0], [2.0 * y[0], -50.0]]), [3.0, 1.0], 2.0, 7)
    assert y.sum() == pytest.approx(4.0, rel=1e-13)
    assert y[0] ** 2 == pytest.approx(50.0 * y[1], rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 17), st.sampled_from([0.0, 0.5]))
def test_factor_and_solve_agree_with_numpy(seed, size, zeros):
    """Random matrices, half of their entries empty in some; within rounding times the condition number."""
    rng = np.random.default_rng(seed)
    matrix, right = rng.standard_normal((size, size)), rng.standard_normal(size)
    matrix[rng.random((size, size)) < zeros] = 0.0
    matrix[np.arange(size), rng.permutation(size)] += 3.0  # not singular, and large where the diagonal is not
    expected = np.linalg.solve(matrix, right)
    pivots, x = np.zeros(size, dtype=np.int64), right.copy()
    bound = 1e-15 * size * np.linalg.cond(matrix) * np.abs(expected).max()
    assert factor(matrix, pivots)
    solve(matrix, pivots, x)
    assert np.abs(x - expected).max() <= 10.0 * bound


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(7)))
def test_a_permutation_is_undone_exactly(order):
    matrix, x, pivots = np.eye(7)[list(order)], np.arange(7.0)[list(order)], np.zeros(7, dtype=np.int64)
    assert factor(matrix, pivots)
    solve(matrix, pivots, x)
    assert x.tolist() == list(range(7))


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((3, 3)),
        np.array([[1.0, 2.0], [2.0, 4.0]]),
        np.array([[4.0, 2.0, 6.0], [2.0, 1.0, 3.0], [1.0, 5.0, 0.0]]),
        np.array([[0.0, 1.0], [0.0, 2.0]]),
        np.array([[math.nan, 1.0], [1.0, 1.0]]),
        np.array([[1.0, 1.0], [math.nan, 1.0]]),
    ],
    ids=["nothing", "double", "rows", "column", "no number", "no number below"],
)
def test_a_singular_matrix_is_refused(matrix):
    assert not factor(matrix.copy(), np.zeros(len(matrix), dtype=np.int64))


def test_the_error_norm_is_one_when_all_errors_are_what_is_allowed():
    before, after = np.array([1.0, -4.0, 0.0]), np.array([2.0, 3.0, 0.0])
    absolute = np.array([0.1, 0.2, 0.3])
    allowed = 1e-2 * np.array([2.0, 4.0, 0.0]) + absolute
    assert error_norm(allowed, before, after, 1e-2, absolute) == pytest.approx(1.0, rel=1e-14)
    assert error_norm(np.array([3.0, 0.0, 0.0]) * allowed, before, after, 1e-2, absolute) == pytest.approx(math.sqrt(3.0), rel=1e-14)
    assert error_norm(np.zeros(3), before, after, 1e-2, absolute) == 0.0


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_an_infinite_error(wrong):
    one = np.ones(2)
    assert error_norm(np.array([0.0, wrong]), one, one, 1e-3, one) == math.inf
    assert error_norm(np.array([wrong, 0.0]), one, one, 1e-3, one) == math.inf


def test_the_step_factor_is_bounded_and_follows_the_error():
    assert step_factor(0.0, False) == step_factor(1e-12, False) == 6.0
    assert step_factor(math.inf, True) == step_factor(1e9, True) == pytest.approx(0.2)
    assert step_factor(1.0, False) == pytest.approx(0.9)
    assert step_factor(0.5, False) / step_factor(8.0, False) == pytest.approx(2.0)  # fourth root of 16
    assert step_factor(1e-12, True) == 1.0  # no longer after a step that was thrown away
    factors = [step_factor(error, False) for error in np.geomspace(1e-9, 1e6, 60)]
    assert factors == sorted(factors, reverse=True)
    assert min(factors) == pytest.approx(0.2)


@pytest.mark.parametrize("method", ["LSODA", "Radau"])
@pytest.mark.parametrize("case", ["kidneys", "vitamin D", "dialysis"])
def test_other_integrators_agree_to_a_tenth_of_a_thousandth(case, method):
    def other(y, levers, seconds):
        p = person(levers)
        done = solve_ivp(lambda t, y: change(y, p)[0], (0.0, seconds), y, method=method, rtol=1e-9, atol=1e-12 * scale())
        assert done.success
        return done.y[:, -1]

    def ours(y, levers, seconds):
        return live(person(levers), seconds, 1e-4, y).y

    if case == "dialysis":
        assert weeks(2, ours) == pytest.approx(weeks(2, other), rel=1e-4)
    else:
        levers = {"kidneys": KIDNEYS_15, "vitamin D": VITAMIN}[case]
        for days in (10.0, 182.0):
            assert ours(scale(), levers, days * DAY) == pytest.approx(other(scale(), levers, days * DAY), rel=1e-4)


@pytest.mark.parametrize("levers", [KIDNEYS_15, VITAMIN], ids=["kidneys", "vitamin D"])
def test_a_smaller_tolerance_gives_a_smaller_error(levers):
    exact = live(person(levers), 182.0 * DAY, 1e-10).y
    errors = [np.abs(live(person(levers), 182.0 * DAY, relative).y / exact - 1.0).max() for relative in (1e-3, 1e-5, 1e-7)]
    assert errors[0] < 1e-4
    assert errors[1] < errors[0] / 10.0
    assert errors[2] < errors[1] / 10.0


def test_dialysis_removes_what_its_clearance_says():
    """−K ∫ Pi dt by the cubic through the recorded knots and the slopes there, to 1e-5."""
    life = live(person(ON), 4.0 * HOUR, 1e-5)
    volume = life.p[P.plasma_volume] + life.p[P.interstitial_volume]
    dt, level = np.diff(life.knots.time), life.knots.state[:, S.phosphate] / volume
    slope = np.array([change(y, life.p)[0][S.phosphate] for y in life.knots.state]) / volume
    integral = (dt * (level[:-1] + level[1:]) / 2.0 + dt**2 * (slope[:-1] - slope[1:]) / 12.0).sum()
    assert life.amount[F.phosphate_dialysed] == pytest.approx(-9.6 * LITRE_HOUR * integral, rel=1e-5)


def test_steps_land_where_they_should_and_every_knot_is_put_down():
    life = live(person(KIDNEYS_15), 1234567.891)
    assert (life.status, life.time, life.knots.time[0], life.knots.time[-1]) == (DONE, 1234567.891, 0.0, 1234567.891)
    assert (np.diff(life.knots.time) > 0.0).all()
    assert (life.knots.state[0] == scale()).all()
    assert not life.knots.amount[0].any()
    assert (life.knots.state[-1] == life.y).all()
    assert (life.knots.amount[-1] == life.amount).all()


def test_within_a_step_the_order_is_three():
    """Σ b = u, Σ b β = u²/2, Σ b α² = u³/3, Σ b β β = u³/6 for b(u), everywhere in the step. Source: hairer1996, IV.7."""
    gammas = np.linalg.inv(np.eye(STAGES) / GAMMA - TABLEAU.c)
    alpha, beta, _, _ = classical()
    end = np.array([*TABLEAU.a[-1, :-1], 1.0])
    for u in np.linspace(0.0, 1.0, 11):
        weights = (u * end + u * (1.0 - u) * (TABLEAU.d[0] + u * TABLEAU.d[1])) @ gammas
        sums = beta.sum(axis=1)
        found = [weights.sum(), weights @ sums, weights @ alpha.sum(axis=1) ** 2, weights @ beta @ sums]
        assert found == pytest.approx([u, u**2 / 2.0, u**3 / 3.0, u**3 / 6.0], abs=1e-12)


def test_within_long_steps_a_fast_hormone_does_not_ripple():
    """PTH lives minutes and the last steps last months: between them it stays as true as at them, and rises as it should."""
    until, times = 1095.0 * DAY, np.linspace(200.0, 1090.0, 90) * DAY
    loose, exact = (_pth(live(person(KIDNEYS_15), until, relative), times) for relative in (1e-4, 1e-9))
    assert np.abs(loose / exact - 1.0).max() < 1e-3
    assert (np.sign(np.diff(loose)) == np.sign(np.diff(exact))).all()


def _pth(life, times):
    out, flow = np.zeros((times.size, len(R))), np.zeros((times.size, len(F)))
    look(life.knots, life.knots.time.size, times, life.p, np.empty(len(S)), flow, out)
    return out[:, R.pth]


def test_a_full_record_can_be_emptied_and_the_run_goes_on_as_if_nothing_had_been():
    p, until = person(KIDNEYS_15), 365.0 * DAY
    whole = live(p, until)
    y, amount, room, seen_times = scale().copy(), np.zeros(len(F)), knots(7), []
    status, time, dt, fills = FULL, 0.0, 60.0, 0
    while status == FULL:
        status, time, dt, count = advance(time, until, y, amount, p, scale(), 1e-4, dt, WORK, room, 0)
        seen_times += list(room.time[:count])
        fills += status == FULL
    assert fills > 3
    assert (status, time) == (DONE, until)
    assert seen_times == list(whole.knots.time)
    assert (y == whole.y).all()
    assert (amount == whole.amount).all()

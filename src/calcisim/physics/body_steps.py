"""The body through time: adaptive steps of the Rosenbrock method (numerics/rosenbrock.py) over the rates of physics/body.py.

Amounts that cross the boundary are advanced by the same stages as the pools, so pools and amounts balance to rounding.
"""

import math
from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel
from calcisim.numerics.rosenbrock import STAGES, Tableau, error_norm, factor, rodas, solve, step_factor
from calcisim.physics.body import rates, report
from calcisim.physics.body_names import F, P, S

STATES, FLOWS = len(S), len(F)
DONE, FULL, FAILED = 0, 1, 2  # how `advance` ends
SHORTEST = 1e-3  # s: no step is shorter, unless the end of its segment is nearer


class Work(NamedTuple):
    """Room for one step: the tableau; Jacobian of states and flows (STATES + FLOWS, STATES), matrix, pivots, stages of both."""

    tableau: Tableau
    jacobian: np.ndarray
    matrix: np.ndarray
    pivots: np.ndarray
    stages: np.ndarray
    flow_stages: np.ndarray
    point: np.ndarray
    slope: np.ndarray
    flow: np.ndarray
    first_slope: np.ndarray
    first_flow: np.ndarray
    after: np.ndarray


class Knots(NamedTuple):
    """Accepted steps: time [s] (n,), state (n, STATES), amounts since the start (n, FLOWS).

    bend (n, 2, STATES): b of numerics/rosenbrock.py for the step that begins here.
    """

    time: np.ndarray
    state: np.ndarray
    amount: np.ndarray
    bend: np.ndarray


def work() -> Work:
    """Room for the steps of one body."""
    n, m = STATES, FLOWS
    one = np.zeros
    return Work(
        rodas(), one((n + m, n)), one((n, n)), np.zeros(n, dtype=np.int64), one((STAGES, n)), one((STAGES, m)), one(n), one(n), one(m),
        one(n), one(m), one(n),
    )  # fmt: skip


def knots(room: int) -> Knots:
    """Room for so many accepted steps."""
    return Knots(np.zeros(room), np.zeros((room, STATES)), np.zeros((room, FLOWS)), np.zeros((room, 2, STATES)))


@kernel
def differentiate(y, p, scale, w):
    """Jacobian of rates and flows by one-sided differences at y, where first_slope and first_flow hold the values.

    The rows of the three pools in the fluid are then set so that what leaves one pool enters another, which differences keep only roughly.
    """
    states, flows = y.size, w.flow.size
    jacobian = w.jacobian
    for i in range(states):
        w.point[i] = y[i]
    for k in range(states):
        shift = 1e-7 * max(abs(y[k]), 1e-3 * scale[k])
        w.point[k] = y[k] + shift
        shift = w.point[k] - y[k]
        rates(w.point, p, w.slope, w.flow)
        w.point[k] = y[k]
        for i in range(states):
            jacobian[i, k] = (w.slope[i] - w.first_slope[i]) / shift
        for i in range(flows):
            jacobian[states + i, k] = (w.flow[i] - w.first_flow[i]) / shift
        balance(jacobian[:, k], p, states)


@kernel
def balance(column, p, states):
    """Let the fluid's pools change by what flows in less what the other pools take, in one column of the Jacobian."""
    calcium, phosphate, magnesium = 0.0, 0.0, 0.0
    for i in range(F.calcium_taken, F.phosphate_taken):
        calcium += column[states + i]
    for i in range(F.phosphate_taken, F.magnesium_taken):
        phosphate += column[states + i]
    for i in range(F.magnesium_taken, F.magnesium_fitted + 1):
        magnesium += column[states + i]
    column[S.calcium] = calcium - column[S.bone_calcium] - column[S.gut_calcium] - column[S.colloid]
    column[S.phosphate] = phosphate - column[S.cell_phosphate] - column[S.gut_phosphate] - p[P.bone_phosphate_ratio] * column[S.colloid]
    column[S.magnesium] = magnesium - column[S.cell_magnesium]


@kernel
def attempt(y, p, dt, w):
    """All stages of one step of length dt from y, whose Jacobian is in w; the end in w.after. False when the matrix is singular."""
    states, flows = y.size, w.flow.size
    a, c, inverse = w.tableau.a, w.tableau.c, 1.0 / (w.tableau.gamma * dt)
    for i in range(states):
        for j in range(states):
            w.matrix[i, j] = -w.jacobian[i, j]
        w.matrix[i, i] += inverse
    if not factor(w.matrix, w.pivots):
        return False
    for stage in range(STAGES):
        if stage == 0:
            w.slope[:] = w.first_slope
            w.flow[:] = w.first_flow
        else:
            for i in range(states):
                w.point[i] = y[i]
                for j in range(stage):
                    w.point[i] += a[stage, j] * w.stages[j, i]
            rates(w.point, p, w.slope, w.flow)
        u, v = w.stages[stage], w.flow_stages[stage]
        for i in range(states):
            u[i] = w.slope[i]
            for j in range(stage):
                u[i] += c[stage, j] / dt * w.stages[j, i]
        solve(w.matrix, w.pivots, u)
        for i in range(flows):
            v[i] = w.flow[i]
            for j in range(stage):
                v[i] += c[stage, j] / dt * w.flow_stages[j, i]
            for k in range(states):
                v[i] += w.jacobian[states + i, k] * u[k]
            v[i] /= inverse
    for i in range(states):
        w.after[i] = w.point[i] + w.stages[STAGES - 1, i]
    return True


@kernel
def record(knots, count, time, y, amount):
    """Put one accepted state down."""
    knots.time[count] = time
    knots.state[count] = y
    knots.amount[count] = amount


@kernel
def bend(weights, stages, out):
    """What the two terms within a step are, from its stages; out (2, STATES)."""
    for k in range(2):
        for i in range(out.shape[1]):
            total = 0.0
            for j in range(STAGES - 1):
                total += weights[k, j] * stages[j, i]
            out[k, i] = total


@kernel
def advance(time, until, y, amount, p, scale, relative, dt, w, knots, count):
    """Steps from `time` to `until` exactly [s], in y and amount; every accepted state from the first to the last goes into knots.

    scale: healthy size of each state; relative: tolerance. Returns how it ended (DONE, FULL, FAILED), time, the next step [s], knots used.
    """
    absolute = 1e-2 * relative * scale
    rejected = False
    if count + 1 > knots.time.size:
        return FULL, time, dt, count
    rates(y, p, w.first_slope, w.first_flow)
    differentiate(y, p, scale, w)
    while time < until:
        if count + 2 > knots.time.size:
            return FULL, time, dt, count
        step = min(dt, until - time)
        last = step >= until - time
        error = math.inf
        if attempt(y, p, step, w):
            error = error_norm(w.stages[STAGES - 1], y, w.after, relative, absolute)
            for i in range(y.size):
                if not w.after[i] >= 0.0:
                    error = math.inf
        if error > 1.0:
            if step <= SHORTEST:
                return FAILED, time, dt, count
            dt = step * (0.2 if error == math.inf else step_factor(error, True))
            rejected = True
            continue
        record(knots, count, time, y, amount)
        bend(w.tableau.d, w.stages, knots.bend[count])
        count += 1
        for i in range(amount.size):
            for j in range(STAGES - 1):
                amount[i] += w.tableau.a[STAGES - 1, j] * w.flow_stages[j, i]
            amount[i] += w.flow_stages[STAGES - 1, i]
        y[:] = w.after
        time = until if last else time + step
        grown = step * step_factor(error, rejected)
        dt = max(dt, grown) if last else grown  # a step that was cut says little about the next
        rejected = False
        rates(y, p, w.first_slope, w.first_flow)
        if not last:
            differentiate(y, p, scale, w)
    record(knots, count, time, y, amount)
    return DONE, time, dt, count + 1


@kernel
def look(knots, count, times, p, state, flow, out):
    """What is reported (R) and what flows [mol/s] (F) at ascending times within the knots: the method's own way between two steps.

    times (n,); state (STATES,) is room for one; flow (n, FLOWS), out (n, reports). Error of order 4 in the step, as the steps themselves.
    """
    slope = np.empty(state.size)
    k = 0
    for i in range(times.size):
        while k + 2 < count and knots.time[k + 1] <= times[i]:
            k += 1
        h = knots.time[k + 1] - knots.time[k] if count > 1 else 0.0
        if h > 0.0:
            u = min(max((times[i] - knots.time[k]) / h, 0.0), 1.0)
            for j in range(state.size):
                value = (1.0 - u) * knots.state[k, j] + u * knots.state[k + 1, j]
                value += u * (1.0 - u) * (knots.bend[k, 0, j] + u * knots.bend[k, 1, j])
                least = 0.5 * min(knots.state[k, j], knots.state[k + 1, j])  # a cubic can pass below what a step kept positive
                state[j] = max(value, least)
        else:
            state[:] = knots.state[k]
        rates(state, p, slope, flow[i])
        report(state, p, out[i])

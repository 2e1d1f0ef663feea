"""Rosenbrock method of order 4 with an embedded error of order 3 (RODAS), for small stiff systems that are one kernel.

L-stable and stiffly accurate, six stages, one factorisation per step. In the form that needs no product with the Jacobian,
    (1/(γ h) − J) U_i = f(y + Σ_j a_ij U_j) + Σ_j c_ij U_j/h,    y_new = y + Σ_j a_5j U_j + U_5 + U_6,    error = U_6
and within a step, at the share u of it, from the same stages and of order 3,
    y(u) = (1 − u) y + u y_new + u (1 − u) (b_0 + u b_1),    b_k = Σ_j d_kj U_j
which stays true where a step is long beside the fastest process; a cubic through slopes does not, they amplify the error of its state.
Linear invariants of f are invariants of the step. A system brings its own loop, because no function is passed into compiled code
(physics/body_steps.py); tableau, linear algebra and step control stand here. Source: hairer1996 (section IV.7).
"""

import math
from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel

STAGES = 6
ORDER = 4
GAMMA = 0.25


class Tableau(NamedTuple):
    """a, c (stage, stage): weights of earlier stages in the argument and in the right-hand side; d (2, stage): within a step; gamma."""

    a: np.ndarray
    c: np.ndarray
    d: np.ndarray
    gamma: float


def rodas() -> Tableau:
    """The coefficients. Source: hairer1996."""
    a, c = np.zeros((STAGES, STAGES)), np.zeros((STAGES, STAGES))
    a[1, :1] = 1.544
    a[2, :2] = 0.9466785280815826, 0.2557011698983284
    a[3, :3] = 3.314825187068521, 2.896124015972201, 0.9986419139977817
    a[4, :4] = 1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950
    a[5, :5] = *a[4, :4], 1.0
    c[1, :1] = -5.6688
    c[2, :2] = -2.430093356833875, -0.2063599157091915
    c[3, :3] = -0.1073529058151375, -9.594562251023355, -20.47028614809616
    c[4, :4] = 7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160
    c[5, :5] = 8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054
    d = np.zeros((2, STAGES))
    d[0, :5] = 10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662
    d[1, :5] = -0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872
    return Tableau(a, c, d, GAMMA)


@kernel
def factor(matrix, pivots):
    """LU factors of a small matrix in its own place, with the rows that were exchanged; False when it is singular."""
    n = matrix.shape[0]
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        pivots[k] = best
        if not abs(matrix[best, k]) > 0.0:  # also for what is not a number
            return False
        if best != k:
            for j in range(n):
                matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        for i in range(k + 1, n):
            if matrix[i, k] != 0.0:
                matrix[i, k] /= matrix[k, k]
                share = matrix[i, k]
                for j in range(k + 1, n):
                    matrix[i, j] -= share * matrix[k, j]
    return True


@kernel
def solve(matrix, pivots, x):
    """x ← the solution of (what `factor` took apart) x = x."""
    n = matrix.shape[0]
    for k in range(n):  # rows first: the factors are of the matrix with all its rows exchanged
        x[k], x[pivots[k]] = x[pivots[k]], x[k]
    for k in range(n):
        for i in range(k):
            x[k] -= matrix[k, i] * x[i]
    for k in range(n - 1, -1, -1):
        for i in range(k + 1, n):
            x[k] -= matrix[k, i] * x[i]
        x[k] /= matrix[k, k]


@kernel
def error_norm(error, before, after, relative, absolute):
    """Root mean square of the error over relative·max(|before|, |after|) + absolute, at most 1 when good; inf for what is not a number."""
    total = 0.0
    for i in range(error.size):
        if after[i] != after[i]:  # the compiled max would drop it
            return math.inf
        allowed = relative * max(abs(before[i]), abs(after[i])) + absolute[i]
        total += (error[i] / allowed) ** 2
    norm = math.sqrt(total / error.size)
    return norm if norm == norm else math.inf


@kernel
def step_factor(error, rejected):
    """What the next step is longer by: 0.9 error^(−1/4), within 0.2 and 6, and no longer after a step that was thrown away."""
    factor = 6.0 if error < 1e-6 else min(6.0, max(0.2, 0.9 * error**-0.25))
    return min(factor, 1.0) if rejected else factor

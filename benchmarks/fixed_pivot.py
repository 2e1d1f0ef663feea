"""The fixed pivot (Kumar & Ramkrishna 1996), the usual sectional scheme, as the reference of benchmarks/aggregation.py."""

import numpy as np

from calcisim.jit import kernel


def pivot_tables(size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every pair: the pivot below the sum, and the shares of the two pivots that keep number and mass (mass alone at the top)."""
    total = size[:, None] + size[None, :]
    below = np.clip(np.searchsorted(size, total, side="right") - 1, 0, len(size) - 2)
    upper = (total - size[below]) / (size[below + 1] - size[below])
    beyond = total > size[-1]
    return below, np.where(beyond, 0.0, 1.0 - upper), np.where(beyond, total / size[-1], upper)


@kernel
def _rates(number, rate, below, lower, upper, change):
    change[:] = 0.0
    for i in range(number.shape[0]):
        lost = 0.0
        for j in range(i + 1):
            met = rate[i, j] * number[i] * number[j] * (0.5 if i == j else 1.0)
            lost += met
            change[j] -= met
            k = below[i, j]
            change[k] += lower[i, j] * met
            change[k + 1] += upper[i, j] * met
        change[i] -= lost


@kernel
def fixed_pivot(start, steps, step, rate, below, lower, upper):
    """Number per pivot after `steps` equal steps of Heun's method."""
    number = start.copy()
    first = np.zeros_like(number)
    second = np.zeros_like(number)
    for _ in range(steps):
        _rates(number, rate, below, lower, upper, first)
        _rates(number + step * first, rate, below, lower, upper, second)
        number = number + 0.5 * step * (first + second)
    return number

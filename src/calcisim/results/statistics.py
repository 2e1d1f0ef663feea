"""Numbers over members: a mean, or a share, with its 95 % interval."""

import math
from collections.abc import Sequence

import numpy as np

Z_95 = 1.959963984540054


def spread_of(values: Sequence[float]) -> dict[str, float | int | None]:
    """STA-1. n, mean, standard deviation s, median, and the 95 % interval mean ± t₀.₉₇₅ s/√n (None below two values).

    Source: definition, Student's t.
    """
    from scipy.stats import t

    n = len(values)
    if n == 0:
        return {"n": 0, "mean": None, "sd": None, "median": None, "low": None, "high": None}
    array = np.array(values, dtype=float)
    mean, median = float(array.mean()), float(np.median(array))
    if n == 1:
        return {"n": 1, "mean": mean, "sd": None, "median": median, "low": None, "high": None}
    sd = float(array.std(ddof=1))
    half = float(t.ppf(0.975, n - 1)) * sd / math.sqrt(n)
    return {"n": n, "mean": mean, "sd": sd, "median": median, "low": mean - half, "high": mean + half}


def share_of(values: Sequence[int]) -> dict[str, float | int | None]:
    """STA-2. k of n with the 95 % interval of Wilson: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²))/(1 + z²/n). Source: definition."""
    n, k = len(values), sum(values)
    if n == 0:
        return {"n": 0, "count": 0, "share": None, "low": None, "high": None}
    p, z = k / n, Z_95
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1.0 - p) / n + z * z / (4 * n * n))
    scale = 1.0 + z * z / n
    return {"n": n, "count": k, "share": p, "low": max((middle - half) / scale, 0.0), "high": min((middle + half) / scale, 1.0)}

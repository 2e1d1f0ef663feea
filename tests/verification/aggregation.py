"""What the aggregation tests share: the grid of the accuracy claims, and comparisons with exact solutions on it."""

from collections.abc import Callable

import numpy as np

from calcisim.physics.smoluchowski import EXACT, Exact, in_classes
from calcisim.studies.box import Box, class_edges

CLASSES, V_MIN, V_MAX, V0 = 64, 1.0, 1e15, 300.0  # 15 decades, exponential start of mean 300 v_min
PER_DECADE = CLASSES / 15.0
START = {"distribution": "exponential", "number": 1.0, "mean": V0}
EDGES = class_edges(V_MIN, V_MAX, CLASSES)


def rate_for(name: str, tau: float) -> float:
    """The kernel's rate that makes t = τ."""
    return 1.0 / EXACT[name].scaled_time(1.0, 1.0, V0, 1.0)


def exact_classes(exact: Exact, tau: float, edges: np.ndarray = EDGES, stretch: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Exact number and mass per class, of sizes stretched by a factor after (or while) coagulating."""
    mean = V0 * stretch
    return in_classes(lambda v: exact.density(v / mean, tau) / mean, edges)


def grown_classes(forward: Callable, back: Callable, edges: np.ndarray = EDGES, start: float = V_MIN) -> tuple[np.ndarray, np.ndarray]:
    """Exact classes of the exponential start, cut off below `start`, after growth v → forward(v)."""
    border = np.maximum([back(edge) for edge in edges], start)
    points, weights = np.polynomial.legendre.leggauss(40)
    low, high = border[:-1, None], border[1:, None]
    v = 0.5 * (high - low) * points + 0.5 * (high + low)
    share = 0.5 * (high - low) * weights * np.exp(-v / V0) / V0
    return share.sum(axis=1), (share * forward(v)).sum(axis=1)


def l1(masses: np.ndarray, exact: np.ndarray) -> float:
    """Σ |ΔM_k| / Σ M_k."""
    return float(np.abs(masses - exact).sum() / exact.sum())


def second(numbers: np.ndarray, masses: np.ndarray) -> float:
    """Σ M_k²/N_k: the second moment of class means, of computed and exact classes alike."""
    return float(np.sum(np.divide(masses**2, numbers, out=np.zeros_like(masses), where=numbers > 0.0)))


def holds(box: Box) -> None:
    """What is true of every box: nothing negative, every mean in its class, the books closed to 1e-12."""
    assert (box.numbers >= 0.0).all()
    assert (box.masses >= 0.0).all()
    assert box.imbalance <= 1e-12
    seen = box.numbers[:, :-1] > 1e-250
    mean = box.masses[:, :-1][seen] / box.numbers[:, :-1][seen]
    low, high = (np.broadcast_to(e, box.numbers[:, :-1].shape)[seen] for e in (box.edges[:-2], box.edges[1:-1]))
    assert (mean >= low * (1.0 - 1e-6)).all()
    assert (mean <= high * (1.0 + 1e-6)).all()

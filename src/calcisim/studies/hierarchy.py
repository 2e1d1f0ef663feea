"""Laboratories that measure the same thing differ by a factor: each has its own, and the assumed spread of them holds it near 1.

Laboratory l measures e^δ_l times what the model says, with δ_l from a normal distribution of spread τ, so that δ_l/τ are further
residuals beside (e^δ_l f − y)/sd. For given parameters every δ_l is one unknown of two sums over its own points, so the best ones are
found without another simulation, inside the residuals (variable projection): a fit with laboratories needs no more runs than one
without, and the profile of a parameter has the factors at their best everywhere.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from calcisim.studies.estimate import Problem, Transform

Array = np.ndarray
SPREAD = 0.2  # τ; assumed: a fifth between laboratories, as between the pericardia of three laboratories at day 21 and the arms of one
_PLACES = 65  # at which the two-valleyed ones are told apart before the root is closed in on
_HALVINGS = 60


@dataclass(frozen=True)
class Laboratory:
    """What one laboratory measures, as a multiple of the model: best value and 95 % interval by curvature; points: how many it has."""

    name: str
    factor: float
    low: float
    high: float
    points: int


def best_log(a: float, b: float, spread: float) -> float:
    """δ that makes a e^2δ − 2 b e^δ + (δ/τ)² least; a = Σ(f/sd)², b = Σ f y/sd² over the points of one laboratory.

    There can be two valleys, one near 0 and one where the data are, when the model is far off: the deeper one is taken. Derivation: the
    sum of squares written out; its slope is what is halved to the root.
    """

    def slope(d: float) -> float:
        return a * math.exp(2.0 * d) - b * math.exp(d) + d / spread**2

    if a <= 0.0:
        return 0.0
    data = math.log(b / a) if b > 0.0 else -min(spread**2 * (a - b), 50.0)  # where the points alone would have it
    data = min(max(data, -50.0), 50.0)
    low, high = min(0.0, data), max(0.0, data)
    if b > 0.0 and b * b > 8.0 * a / spread**2:  # the slope may turn twice
        places = np.linspace(low, high, _PLACES)
        depth = a * np.exp(2.0 * places) - 2.0 * b * np.exp(places) + (places / spread) ** 2
        at = int(np.argmin(depth))
        low, high = float(places[max(at - 1, 0)]), float(places[min(at + 1, _PLACES - 1)])
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0.0 else (low, middle)
    return 0.5 * (low + high)


class Hierarchy(Problem):
    """A problem whose points belong to laboratories. labs: name per point; spread: τ, of the logarithm of the factors."""

    def __init__(
        self,
        predict: Callable[[tuple[float, ...]], Array],
        transforms: Sequence[Transform],
        value: Array,
        sd: Array,
        labs: Sequence[str],
        spread: float = SPREAD,
    ):
        super().__init__(predict, transforms, value, sd)
        self.names, self.spread = tuple(dict.fromkeys(labs)), spread
        self.of = np.array([self.names.index(lab) for lab in labs])

    def logs(self, prediction: Array) -> Array:
        """Best δ of every laboratory for what the model says."""
        scaled, measured = prediction / self.sd, self.value / self.sd
        sums = [(np.bincount(self.of, scaled * part, len(self.names))) for part in (scaled, measured)]
        return np.array([best_log(float(a), float(b), self.spread) for a, b in zip(*sums, strict=True)])

    def fitted(self, z: Array) -> Array:
        """What each point's own laboratory should have measured."""
        prediction = self.prediction(z)
        return prediction * np.exp(self.logs(prediction))[self.of]

    def residual(self, z: Array) -> Array:
        prediction = self.prediction(z)
        logs = self.logs(prediction)
        return np.concatenate([(prediction * np.exp(logs)[self.of] - self.value) / self.sd, logs / self.spread])

    def penalty(self, z: Array) -> float:
        """Σ ln(1 + τ² Σ(e^δ f/sd)²): what the sum of squares gains where the factors are held more tightly (Laplace), for draws."""
        inside = np.bincount(self.of, (self.fitted(z) / self.sd) ** 2, len(self.names))
        return float(np.sum(np.log1p(self.spread**2 * inside)))

    def laboratories(self, best: Array) -> list[Laboratory]:
        """Factor and interval of every laboratory, the parameters being free as well.

        Derivation: the lower right block of (JᵀJ)⁻¹ of all residuals over parameters and δ.
        """
        logs, fitted = self.logs(self.prediction(best)), self.fitted(best)
        own = np.exp(logs)[self.of]
        columns = []
        for index in range(best.size):
            change = self.slope(self.prediction, best, index, central=True)
            columns.append(np.concatenate([own * change / self.sd, np.zeros(len(self.names))]))
        for number in range(len(self.names)):
            held = np.zeros(len(self.names))
            held[number] = 1.0 / self.spread
            columns.append(np.concatenate([np.where(self.of == number, fitted / self.sd, 0.0), held]))
        jacobian = np.stack(columns, axis=1)
        wide = np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)))[best.size :]
        counts = np.bincount(self.of, minlength=len(self.names))
        return [
            Laboratory(name, math.exp(log), math.exp(log - 1.96 * sd), math.exp(log + 1.96 * sd), int(count))
            for name, log, sd, count in zip(self.names, logs, wide, counts, strict=True)
        ]

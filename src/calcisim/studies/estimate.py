"""Least squares of a slow function of a few parameters: the best point, profile intervals and correlations.

Every parameter is moved in a coordinate without bounds (logit of a share, logarithm of a positive number), and the slopes are
differences over a step that is large against the noise of an adaptive solver (0.1 %) and small against the curvature.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray
STEP = 0.04  # of the free coordinate: 4 % of a positive number, 0.01 of a share near one half
CENTRAL_STEP = 0.08  # for the slopes at the best point, from which the correlations come
LONGEST_STEP = 1.0  # free coordinate, in one pass
FIRST_DAMPING = 1e-3
PASSES, TRIALS = 30, 7
PROFILE_GAIN = 0.01  # of the objective, along a profile
PROFILE_PLACES = 10  # at most, on one side
CROSSING = 0.03  # relative tolerance of the root of the rise at an interval's end
LARGEST_MOVE = 3.0  # free coordinate; a profile that is flat this far is open on that side
CHI2_95 = 3.841458820694124  # 95 % of chi-squared with one degree of freedom


@dataclass(frozen=True)
class Transform:
    """A parameter ("share" in 0–1, "positive", or "free") and its coordinate without bounds."""

    kind: str

    def out(self, z: float) -> float:
        """Value of a coordinate."""
        if self.kind == "share":
            return 1.0 / (1.0 + math.exp(-z))
        return math.exp(z) if self.kind == "positive" else z

    def into(self, value: float) -> float:
        """Coordinate of a value inside the bounds."""
        if self.kind == "share":
            return math.log(value / (1.0 - value))
        return math.log(value) if self.kind == "positive" else value

    def allows(self, value: float) -> bool:
        """Whether a value has a coordinate."""
        return {"share": 0.0 < value < 1.0, "positive": value > 0.0}.get(self.kind, True)


@dataclass(frozen=True)
class ProfilePoint:
    """One place of a profile: all parameters, and how much worse the objective is than at the best."""

    values: tuple[float, ...]
    rise: float


@dataclass
class Estimate:
    """values (n,): best point; objective Σ((got − value)/sd)²; intervals: 95 % by profile, None where open.

    coordinates (n,): the best point in free coordinates; covariance (n, n): (JᵀJ)⁻¹ there.
    """

    values: Array
    objective: float
    predicted: Array
    correlation: Array
    intervals: list[tuple[float | None, float | None]] = field(default_factory=list)
    profiles: list[list[ProfilePoint]] = field(default_factory=list)
    evaluations: int = 0
    coordinates: Array = field(default_factory=lambda: np.zeros(0))
    covariance: Array = field(default_factory=lambda: np.zeros((0, 0)))


class Problem:
    """Residuals (prediction − value)/sd in free coordinates; remembers every point it has computed."""

    def __init__(self, predict: Callable[[tuple[float, ...]], Array], transforms: Sequence[Transform], value: Array, sd: Array):
        self.predict, self.transforms, self.value, self.sd = predict, tuple(transforms), value, sd
        self.known: dict[tuple[float, ...], Array] = {}

    def values(self, z: Array) -> tuple[float, ...]:
        """Parameters at a coordinate vector."""
        return tuple(transform.out(float(part)) for transform, part in zip(self.transforms, z, strict=True))

    def prediction(self, z: Array) -> Array:
        key = self.values(z)
        if key not in self.known:
            self.known[key] = np.asarray(self.predict(key), dtype=float)
        return self.known[key]

    def residual(self, z: Array) -> Array:
        return (self.prediction(z) - self.value) / self.sd

    def objective(self, z: Array) -> float:
        """Σ residual²; infinite where a prediction is NaN: such a place cannot be had."""
        r = self.residual(z)
        found = float(r @ r)
        return math.inf if math.isnan(found) else found

    def slopes(self, z: Array, free: Sequence[int], central: bool = False) -> Array:
        """∂residual/∂z for the listed coordinates, by forward (or central) differences; one-sided beside a place that cannot be had."""
        return np.stack([self.slope(self.residual, z, index, central) for index in free], axis=1)

    def slope(self, of: Callable[[Array], Array], z: Array, index: int, central: bool = False) -> Array:
        """∂of/∂z for one coordinate; 0 where neither side can be had."""
        width = CENTRAL_STEP if central else STEP
        move = np.zeros_like(z)
        move[index] = width
        ahead, behind = of(z + move), of(z - move if central else z)
        if np.isnan(ahead).any():
            ahead, behind = of(z), of(z - move)
        elif np.isnan(behind).any():
            behind = of(z)
        elif central:
            width *= 2.0
        return np.asarray(np.nan_to_num((ahead - behind) / width, nan=0.0))

    def minimum(self, z: Array, free: Sequence[int], enough: float = 1e-5) -> Array:
        """Best coordinates when only `free` may move from z: Levenberg–Marquardt with steps held short.

        enough: a gain of the objective below which the search ends
        """
        places = list(free)
        if not places:
            return z
        here, objective, damping = z.copy(), self.objective(z), FIRST_DAMPING
        if math.isinf(objective):
            return here
        for _ in range(PASSES):
            slopes, residual = self.slopes(here, places), self.residual(here)
            before = objective
            for _ in range(TRIALS):
                trial = here.copy()
                trial[places] += _damped(slopes, residual, damping)
                found = self.objective(trial)
                if found < objective:
                    here, objective, damping = trial, found, 0.1 * damping
                    break
                damping *= 8.0
            if before - objective < enough or objective < enough:
                break
        return here


def _damped(slopes: Array, residual: Array, damping: float) -> Array:
    """−(JᵀJ + λ diag JᵀJ)⁻¹ Jᵀr, no longer than `LONGEST_STEP`."""
    normal = slopes.T @ slopes
    scale = np.diag(normal) + 1e-6 * float(np.max(np.diag(normal))) + 1e-300
    move = -np.linalg.solve(normal + damping * np.diag(scale), slopes.T @ residual)
    return np.asarray(move * min(1.0, LONGEST_STEP / max(float(np.max(np.abs(move))), 1e-300)))


def correlation(slopes: Array) -> Array:
    """Correlation of the parameters from the slopes of the residuals, (JᵀJ)⁻¹ scaled to a unit diagonal."""
    covariance = np.linalg.pinv(slopes.T @ slopes)
    spread = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    return covariance / np.outer(spread, spread)


def _side(problem: Problem, best: Array, index: int, direction: float, first: float, seen: list[ProfilePoint]) -> float | None:
    """Coordinate at which the profile has risen by CHI2_95, on one side; None where it stays below.

    Every search of the other parameters starts from the last place that was still good enough, because a bad place may be flat.
    """
    others = [other for other in range(best.size) if other != index]
    base, target = problem.objective(best), math.sqrt(CHI2_95)
    good, low, low_root, high, high_root = best, 0.0, 0.0, math.inf, math.inf
    move = min(first, LARGEST_MOVE)
    for _ in range(PROFILE_PLACES):
        start = good.copy()
        start[index] = best[index] + direction * move
        here = problem.minimum(start, others, PROFILE_GAIN)
        rise = max(0.0, problem.objective(here) - base)
        seen.append(ProfilePoint(problem.values(here), rise))
        root = math.sqrt(rise)
        if abs(root - target) < CROSSING * target:
            break
        if root > target:
            high, high_root = move, root
        else:
            good, low, low_root = here, move, root
            if low >= LARGEST_MOVE:
                return None
        if math.isinf(high):
            move = min(low * min(4.0, max(2.0, target / max(root, 1e-9))), LARGEST_MOVE)
        else:
            share = (target - low_root) / (high_root - low_root)
            move = low + min(max(share, 0.2), 0.8) * (high - low)
    return float(best[index] + direction * move)


def profile(problem: Problem, best: Array, index: int, spread: float) -> tuple[tuple[float | None, float | None], list[ProfilePoint]]:
    """95 % interval of one parameter by profile likelihood, and the places that were visited, in order of the parameter."""
    transform, seen = problem.transforms[index], [ProfilePoint(problem.values(best), 0.0)]
    first = min(max(1.96 * spread, 2.0 * STEP), 0.5 * LARGEST_MOVE)
    sides = [_side(problem, best, index, direction, first, seen) for direction in (-1.0, 1.0)]
    low, high = (None if side is None else transform.out(side) for side in sides)
    return (low, high), sorted(seen, key=lambda point: point.values[index])


def estimate(problem: Problem, start: Sequence[float], profiles: bool = True) -> Estimate:
    """The best point from `start`, its correlations and, if asked for, the profile interval of each parameter."""
    z = np.array([transform.into(value) for transform, value in zip(problem.transforms, start, strict=True)])
    every = list(range(z.size))
    best = problem.minimum(z, every)
    slopes = problem.slopes(best, every, central=True)
    covariance = np.linalg.pinv(slopes.T @ slopes)
    spread = np.sqrt(np.diag(covariance))
    found = Estimate(np.array(problem.values(best)), problem.objective(best), problem.prediction(best), correlation(slopes))
    found.coordinates, found.covariance = best, covariance
    if profiles:
        for index in every:
            interval, seen = profile(problem, best, index, float(spread[index]))
            found.intervals.append(interval)
            found.profiles.append(seen)
    found.evaluations = len(problem.known)
    return found

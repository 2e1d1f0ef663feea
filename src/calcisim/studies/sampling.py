"""Draws from the posterior of a fit, by emcee's ensemble of walkers (the extra `calibrate`).

The prior is flat in the free coordinate (logit of a share, logarithm of a positive number) as far as a profile looks, 3 to each side
of the best point, so that it is proper also where a profile is open. Factors of laboratories are integrated out (Laplace).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calcisim.errors import UsageError
from calcisim.studies.estimate import LARGEST_MOVE, Estimate, Problem
from calcisim.studies.hierarchy import Hierarchy

BURN = 0.5  # of the steps that are kept, walked before them and thrown away
ENOUGH = 50.0  # autocorrelation times that a chain should be long


@dataclass(frozen=True)
class Samples:
    """values (draws, n): parameters; intervals: median and 95 % credible per parameter; acceptance: share of steps taken;
    length: steps kept per walker over their autocorrelation time (None where emcee cannot tell)."""

    values: np.ndarray
    intervals: list[tuple[float, float, float]]
    acceptance: float
    length: float | None


def available() -> None:
    """Raises UsageError that names the extra where emcee is not installed."""
    try:
        import emcee  # noqa: F401
    except ImportError:
        raise UsageError("--samples needs emcee, which the extra `calibrate` brings: pip install 'calcisim[calibrate]'") from None


def walkers_of(parameters: int) -> int:
    """Walkers of an ensemble: emcee needs twice the parameters, and few are slow to forget where they began."""
    return max(8, 4 * parameters)


def sample(problem: Problem, found: Estimate, draws: int, seed: int = 1, say: Callable[[str], None] = lambda text: None) -> Samples:
    """At least so many draws from the posterior; the same seed gives the same ones. Raises UsageError without emcee."""
    available()
    import emcee

    best = found.coordinates
    walkers = walkers_of(best.size)
    steps = max(2, math.ceil(draws / walkers))
    burn = math.ceil(BURN * steps)
    say(f"drawing {steps * walkers} samples with {walkers} walkers: at most {(steps + burn) * walkers} more runs")

    def log_posterior(z: np.ndarray) -> float:
        if np.any(np.abs(z - best) > LARGEST_MOVE):
            return -math.inf
        more = problem.penalty(z) if isinstance(problem, Hierarchy) else 0.0
        return -0.5 * (problem.objective(z) + more)

    random = np.random.RandomState(seed)  # emcee takes the state of this old generator and no other
    wide = np.minimum(np.sqrt(np.maximum(np.diag(found.covariance), 1e-12)), 0.5 * LARGEST_MOVE)
    places = best + np.clip(random.standard_normal((walkers, best.size)), -1.5, 1.5) * 0.5 * wide
    sampler = emcee.EnsembleSampler(walkers, best.size, log_posterior)
    sampler.random_state = random.get_state()
    state = sampler.run_mcmc(places, burn)
    sampler.reset()
    sampler.run_mcmc(state, steps)
    chain = sampler.get_chain(flat=True)
    values = np.array([problem.values(z) for z in chain])
    bounds = [tuple(float(part) for part in np.quantile(column, (0.5, 0.025, 0.975))) for column in values.T]
    times = np.asarray(sampler.get_autocorr_time(quiet=True, tol=0)) if steps > 1 else np.full(1, np.nan)
    length = float(steps / times.max()) if np.isfinite(times).all() and times.max() > 0.0 else None
    return Samples(values, bounds, float(np.mean(sampler.acceptance_fraction)), length)  # type: ignore[arg-type]

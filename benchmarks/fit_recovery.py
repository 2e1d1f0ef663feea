"""Do fits give back what made the data? 100 synthetic trials with laboratories that differ, and the Levy-Schoen series.

    python benchmarks/fit_recovery.py [--json] [--only WORD] [--figure FILE.png]

Some minutes on one core; exit code 1 when a line misses. A trial: two 0-D joints with exposed collagen (7 days, phosphate 1.1 and 2.2
mmol/L), three laboratories whose factors are drawn from the spread that the fit assumes (0.2), each with three days of both joints and
noise of 8 % that the fit is told of. Free are the exposed share of collagen and its state, from a start that is twice and 0.02 off.
A 95 % interval should hold the truth in 95 of 100 trials; below 90 is a miss.

A trial asks for about 90 points of the two values, most of them where an earlier trial has been nearby. So the joints are run on a
lattice of the two, each node once, and what lies between is interpolated (logarithm of the deposit, cubic, 4 by 4 nodes). One line says
how far that is from runs, and three trials are fitted with runs alone for comparison.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import command
import numpy as np

from calcisim.studies import fit as fitting
from calcisim.studies import fit_curves, fit_data, fit_series
from calcisim.studies.fit import DAY, Fit, Point
from calcisim.studies.hierarchy import SPREAD

TRIALS, NEEDED = 100, 90
JOINT, OBSERVABLE = "metastatic/joint-exposed", "deposit_calcium_mg_per_cm3"
SHORT, RICH = ("duration=7 day",), "plasma.phosphate=2.2 mmol/L"
TRUTH = {"event.0.fraction": 0.01, "event.0.s": 0.70}
MESH = {"event.0.fraction": 0.25, "event.0.s": 0.04}  # of the lattice, in logits
WITH_RUNS = range(3)  # trials that are fitted with runs alone as well
START = ("event.0.fraction=0.02", "event.0.s=0.68")
DAYS, LABS, NOISE = (2.0, 4.0, 7.0), ("A", "B", "C"), 0.08
DATA = Path(__file__).parents[1] / "examples" / "levy-schoen.csv"
CUSP = "dystrophic/subdermal-cusp"
# The state of the collagen alone: one early day cannot tell it from the debris, whose interval then stays open after half an hour of runs.
FREE = ("tissue.cusp-fixed.substrate_state+tissue.pericardium-fixed.substrate_state",)


@cache
def true_values() -> np.ndarray:
    """What both joints give on the days, without noise: (series, day)."""
    points = [Point(OBSERVABLE, day * DAY, 0.0, 1.0) for day in DAYS]
    held = tuple(f"{path}={value}" for path, value in TRUTH.items())
    return np.stack([fitting.predict(JOINT, (*SHORT, *held, *more), points) for more in ((), (RICH,))])


def drawn_factors(seed: int) -> np.ndarray:
    """Factors of the laboratories of one trial."""
    return np.exp(SPREAD * np.random.default_rng((seed, 0)).standard_normal(len(LABS)))


def synthetic(true: np.ndarray, seed: int) -> list[Point]:
    """Points of one trial: factors of laboratories from their spread, noise of a known sd."""
    random = np.random.default_rng((seed, 1))
    points = []
    for lab, factor in zip(LABS, drawn_factors(seed), strict=True):
        for series, row in zip(("", RICH), true, strict=True):
            for day, value in zip(DAYS, row, strict=True):
                sd = NOISE * float(value)
                points.append(
                    Point(OBSERVABLE, day * DAY, factor * float(value) + sd * random.standard_normal(), sd, lab=lab, series=series)
                )
    return points


@cache
def node(rich: bool, *place: int) -> np.ndarray:
    """ln of the deposit of a joint on the days at a node of the lattice, from a run."""
    points = [Point(OBSERVABLE, day * DAY, 0.0, 1.0) for day in DAYS]
    held = (f"{path}={float(1.0 / (1.0 + np.exp(-MESH[path] * at)))!r}" for path, at in zip(TRUTH, place, strict=True))
    with np.errstate(divide="ignore"):
        return np.log(RUN(JOINT, (*SHORT, *held, *([RICH] if rich else [])), points))


def weights(at: float) -> tuple[int, np.ndarray]:
    """First of four nodes around a place, and their weights (Lagrange)."""
    first = int(np.floor(at)) - 1
    t = at - first
    nodes = np.arange(4.0)
    return first, np.array([np.prod((t - np.delete(nodes, k)) / (k - np.delete(nodes, k))) for k in range(4)])


def between(name: str, sets: Sequence[str], points: Sequence[Point], laws: object = None) -> np.ndarray:
    """In the place of `fit_series.existing`: interpolated on the lattice, and run where a node has no deposit."""
    given = dict(text.split("=", 1) for text in sets)
    (i, u), (j, v) = (weights(float(np.log(x / (1.0 - x))) / MESH[path]) for path, x in ((path, float(given[path])) for path in TRUTH))
    rich = RICH in sets
    values = np.array([[node(rich, i + k, j + n) for n in range(4)] for k in range(4)])
    if not np.isfinite(values).all():
        return RUN(name, sets, points)
    found = np.exp(np.einsum("k,n,knd->d", u, v, values))
    return np.array([found[DAYS.index(round(point.time / DAY, 9))] for point in points])


RUN = fit_series.existing


@contextlib.contextmanager
def interpolated() -> Iterator[None]:
    """Fits within ask the lattice instead of runs."""
    fit_series.existing = between
    try:
        yield
    finally:
        fit_series.existing = RUN


def trial(seed: int) -> Fit:
    """One fit of synthetic data."""
    return fitting.fit(JOINT, tuple(TRUTH), synthetic(true_values(), seed), sets=(*SHORT, *START), spread=SPREAD)


@cache
def trials() -> tuple[Fit, ...]:
    """All fits, on the lattice."""
    with interpolated():
        return tuple(map(trial, range(TRIALS)))


def holds(done: Fit) -> list[bool]:
    """Per parameter, whether its interval holds the true value."""
    ends = zip(done.found.intervals, TRUTH.values(), strict=True)
    return [(low is None or low <= value) and (high is None or value <= high) for (low, high), value in ends]


def recovered(index: int) -> tuple[str, bool]:
    """In how many trials the interval of one parameter holds it."""
    count = sum(holds(done)[index] for done in trials())
    values = [float(done.found.values[index]) for done in trials()]
    low, middle, high = (float(part) for part in np.quantile(values, (0.25, 0.5, 0.75)))
    return f"{count} of {TRIALS}; best values: median {middle:.4g}, middle half {low:.4g} to {high:.4g}", count >= NEEDED


def both() -> tuple[str, bool]:
    """In how many both intervals hold; nominal is between 90 (independent) and 95 (one and the same)."""
    return f"{sum(all(holds(done)) for done in trials())} of {TRIALS}", True


def factors() -> tuple[str, bool]:
    """In how many the interval of each laboratory's factor holds the one that was drawn; 300 factors in all."""
    count = 0
    for seed, done in enumerate(trials()):
        drawn = dict(zip(LABS, drawn_factors(seed), strict=True))
        count += sum(one.low <= drawn[one.name] <= one.high for one in done.laboratories)
    return f"{count} of {TRIALS * len(LABS)}", count >= 0.9 * TRIALS * len(LABS)


def lattice() -> tuple[str, bool]:
    """How far interpolation is from runs, at places between the nodes, and how far the ends of intervals are apart then."""
    random, apart = np.random.default_rng(99), []
    points = [Point(OBSERVABLE, day * DAY, 0.0, 1.0) for day in DAYS]
    for _ in range(10):
        held = (
            f"event.0.fraction={random.uniform(0.006, 0.02)}",
            f"event.0.s={random.uniform(0.69, 0.71)}",
            *([RICH] if random.random() < 0.5 else []),
        )
        apart.append(np.max(np.abs(between(JOINT, (*SHORT, *held), points) / RUN(JOINT, (*SHORT, *held), points) - 1.0)))
    ends = []
    for seed in WITH_RUNS:
        pairs = zip(trial(seed).found.intervals, trials()[seed].found.intervals, strict=True)
        ends += [abs(a - b) / (one[1] - one[0]) for one, other in pairs for a, b in zip(one, other, strict=True)]
    kept = node.cache_info().currsize
    text = f"deposit within {max(apart):.1e}; ends within {max(ends):.1%} of the interval in {len(WITH_RUNS)} trials; {kept} nodes"
    return text, max(apart) <= 0.01 and max(ends) <= 0.05


@cache
@cache
def levy_schoen(hierarchy: bool = True) -> Fit:
    """The series of fixed implants with, or without, a factor per laboratory."""
    return fitting.fit(CUSP, FREE, fit_data.read_points(DATA), spread=SPREAD if hierarchy else None)


def implants(hierarchy: bool) -> tuple[str, bool]:
    """The fit in words; held when it converged to an objective that its points allow."""
    done = levy_schoen(hierarchy)
    document = done.document()
    rows = [
        f"{row['path'].partition('+')[0]} {row['value']:.4g} [{row['low'] or 0:.4g}, {row['high'] or np.inf:.4g}]"
        for row in document["parameters"]
    ]
    labs = [f"{one.name} {one.factor:.2f} [{one.low:.2f}, {one.high:.2f}]" for one in done.laboratories]
    freedom = len(done.points) - len(done.free)
    text = "; ".join([f"objective {done.found.objective:.1f} on {freedom} degrees of freedom, {done.found.evaluations} runs", *rows, *labs])
    return text, bool(np.isfinite(done.found.objective)) and (not hierarchy or len(labs) == len({point.lab for point in done.points}))


LINES: dict[str, tuple[str, Callable[[], tuple[str, bool]]]] = {
    "recovery: exposed share": (f"in its 95 % interval in {NEEDED} of {TRIALS} trials or more", lambda: recovered(0)),
    "recovery: state": (f"in its 95 % interval in {NEEDED} of {TRIALS} trials or more", lambda: recovered(1)),
    "recovery: both at once": ("reported", both),
    "recovery: factors of laboratories": ("in their 95 % intervals in 270 of 300 or more", factors),
    "recovery: lattice against runs": ("deposit within 1 %, ends of intervals within 5 %", lattice),
    "Levy-Schoen with a factor per laboratory": ("a factor with an interval for each", lambda: implants(True)),
    "Levy-Schoen without": ("reported", lambda: implants(False)),
}


def draw(path: Path) -> None:
    """The Levy-Schoen series: points, curve with band, residuals."""
    from calcisim.results import fit_figure

    path.unlink(missing_ok=True)
    fit_figure.draw(fit_curves.curves(levy_schoen()), path)


if __name__ == "__main__":
    sys.exit(command.table(__doc__ or "", LINES, {"figure": ("the Levy-Schoen series", draw)}))

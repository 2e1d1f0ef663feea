"""Fit values of scenarios to measured points: least squares, profile intervals, factors of laboratories, and what was not fitted.

    calcisim fit dystrophic/subdermal-cusp --free tissue.cusp-fixed.substrate_state,tissue.cusp-fixed.debris
    calcisim fit SCENARIO DATA.csv --free plasma.phosphate --hierarchy lab --out fitted.toml --figure fitted.png

The points are the scenario's own [[reference]] rows with use = "calibrate", or a CSV (`fit_data`), whose rows may belong to several
series (`fit_series`) and laboratories (`hierarchy`). What comes out can be written as a scenario that extends the fitted one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calcisim.errors import SolverError, UsageError
from calcisim.scenario.errors import ScenarioError
from calcisim.studies import fit_series
from calcisim.studies import free as values
from calcisim.studies.estimate import Estimate, Problem, Transform, estimate
from calcisim.studies.fit_data import ASSUMED_SPREAD, COLUMNS, DAY, Point, points_of, read_points
from calcisim.studies.fit_report import STRONG, report
from calcisim.studies.fit_series import Series, Shared, predict
from calcisim.studies.free import Free
from calcisim.studies.hierarchy import Hierarchy, Laboratory
from calcisim.studies.sampling import ENOUGH, Samples

__all__ = [
    "ASSUMED_SPREAD", "COLUMNS", "DAY", "Fit", "Point", "ahead", "fit", "points_of", "predict", "read_points", "report",
]  # fmt: skip
SAY_EVERY = 10.0  # seconds between lines of progress


def silent(text: str) -> None:
    """What is said to nobody."""


@dataclass
class Fit:
    """A finished fit: what was free, the points, and the estimate; with several series also where each value stands in them."""

    scenario: str
    free: list[Free]
    points: list[Point]
    found: Estimate
    laws: dict[str, float]
    series: list[Series] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    problem: Problem | None = None
    laboratories: list[Laboratory] = field(default_factory=list)
    samples: Samples | None = None

    def sets(self) -> tuple[str, ...]:
        """PATH=VALUE texts of the fitted values, in the fitted scenario."""
        return tuple(text for free, value in zip(self.free, self.found.values, strict=True) for text in free.sets(float(value)))

    def changes(self, series: int, at: Sequence[float]) -> tuple[str, ...]:
        """All PATH=VALUE texts of a series when the free values are `at`."""
        return _changes(self.series[series], series, self.shared, at)

    def fitted(self) -> np.ndarray:
        """What each point should have been: the prediction, times the factor of its laboratory."""
        if isinstance(self.problem, Hierarchy):
            return self.problem.fitted(self.found.coordinates)
        return self.found.predicted

    def document(self) -> dict[str, Any]:
        """Everything as plain values."""
        found = self.found
        intervals = found.intervals or [(None, None)] * len(self.free)
        drawn = self.samples.intervals if self.samples else [None] * len(self.free)
        names = [free.path for free in self.free]
        document = {
            "scenario": self.scenario,
            "objective": found.objective,
            "evaluations": found.evaluations,
            "profiled": bool(found.intervals),
            "parameters": [
                {"path": free.path, "value": float(value), "unit": free.unit, "start": free.start, "low": low, "high": high}
                | ({} if draws is None else dict(zip(("sampled_median", "sampled_low", "sampled_high"), draws, strict=True)))
                for free, value, (low, high), draws in zip(self.free, found.values, intervals, drawn, strict=True)
            ],
            "points": [self._point(*row) for row in zip(self.points, found.predicted, self.fitted(), strict=True)],
            "correlations": [
                {"between": [names[i], names[j]], "value": float(found.correlation[i, j])} for i in range(len(names)) for j in range(i)
            ],
            "strong": [[names[i], names[j]] for i in range(len(names)) for j in range(i) if abs(found.correlation[i, j]) > STRONG],
            "laboratories": [vars(one) for one in self.laboratories],
            "notes": self.notes(),
        }
        if isinstance(self.problem, Hierarchy):
            document["spread"] = self.problem.spread
        if self.samples is not None:
            document["sampling"] = {
                "draws": len(self.samples.values), "acceptance": self.samples.acceptance, "autocorrelation_times": self.samples.length,
            }  # fmt: skip
        return document

    def _point(self, point: Point, got: float, fitted: float) -> dict[str, Any]:
        return {
            "observable": point.observable, "time_d": point.time / DAY, "value": point.value, "sd": point.sd,
            "got": float(got), "fitted": float(fitted), "residual": (float(fitted) - point.value) / point.sd,
            "site": point.site, "lab": point.lab, "series": point.series,
        }  # fmt: skip

    def notes(self) -> list[str]:
        """What a reader should know before believing the numbers."""
        from scipy.stats import chi2

        found, notes = self.found, []
        assumed = sum(point.assumed for point in self.points)
        if assumed:
            notes.append(f"{assumed} of {len(self.points)} points give no sd; {ASSUMED_SPREAD:.0%} of the value was assumed")
        freedom = len(self.points) - len(self.free)
        if freedom > 0 and found.objective > chi2.ppf(0.99, freedom):
            notes.append(
                "the model does not meet these points within their sd: the objective is"
                f" {found.objective:.3g} where about {freedom} is to be expected; the intervals are too narrow"
            )
        if isinstance(self.problem, Hierarchy):
            notes += _of_laboratories(self.problem, self.laboratories)
        if self.samples is not None and not (self.samples.length or 0.0) >= ENOUGH:
            length = f"{self.samples.length:.0f}" if self.samples.length else "fewer than it takes to tell"
            notes.append(f"the walkers went {length} autocorrelation times; credible intervals want {ENOUGH:g} (more --samples)")
        return notes


def _of_laboratories(problem: Hierarchy, found: Sequence[Laboratory]) -> list[str]:
    """What the factors say about themselves."""
    if len(found) == 1:
        return [f"all points are of one laboratory ({found[0].name}): its factor cannot be told from the parameters, and only widens them"]
    logs = np.log([one.factor for one in found])
    far = [one.name for one, log in zip(found, logs, strict=True) if abs(log) > 2.0 * problem.spread]
    text = f"factors spread by {float(np.sqrt(np.mean(logs**2))):.2g} (root mean square of the logarithm; {problem.spread:g} was assumed)"
    return [text] + ([f"beyond twice the assumed spread: {', '.join(far)}"] if far else [])


def _changes(one: Series, number: int, shared: Sequence[Shared], at: Sequence[float]) -> tuple[str, ...]:
    free = (text for part, value in zip(shared, at, strict=True) for text in part.sets(number, float(value)))
    return (*one.before, *free, *one.after)


def fit(
    name: str,
    paths: Sequence[str] = (),
    points: Sequence[Point] | None = None,
    laws: Mapping[str, float] | None = None,
    profiles: bool = True,
    sets: Sequence[str] = (),
    spread: float | None = None,
    draws: int = 0,
    seed: int = 1,
    say: Callable[[str], None] = silent,
) -> Fit:
    """Fit the values at `paths` (by default those that the data files call fitted) to the points (by default the scenario's own).

    spread: assumed spread (of the logarithm) of a factor per laboratory, None without such factors; draws: posterior samples besides;
    sets: changes of the scenario. Raises UsageError for what cannot have one answer.
    """
    data = [replace(point, series="") if point.series == name else point for point in points or ()]
    series = fit_series.several(name, sets, data)
    data = points_of(series[0].loaded) if points is None else data
    shared = [fit_series.shared(series, path) for path in paths or values.fitted(series[0].loaded)]
    chosen = [one.free for one in shared]
    _enough(name, chosen, data, spread)
    fit_series.within(series, data)
    run = _runner(series, shared, data, laws, say)
    transforms = [Transform(one.kind) for one in chosen]
    value, sd = (np.array([getattr(point, key) for point in data]) for key in ("value", "sd"))
    if spread is None:
        problem = Problem(run, transforms, value, sd)
    else:
        problem = Hierarchy(run, transforms, value, sd, [str(point.lab) for point in data], spread)
    found = estimate(problem, [one.start for one in chosen], profiles)
    done = Fit(name, chosen, data, found, dict(laws or {}), series, shared, problem)
    if isinstance(problem, Hierarchy):
        done.laboratories = problem.laboratories(found.coordinates)
    if draws:
        from calcisim.studies import sampling

        done.samples = sampling.sample(problem, found, draws, seed, say)
        found.evaluations = len(problem.known)
    return done


def _runner(
    series: Sequence[Series], shared: Sequence[Shared], data: Sequence[Point], laws: Mapping[str, float] | None, say: Callable[[str], None]
) -> Callable[[tuple[float, ...]], np.ndarray]:
    """Free values → what all series give at their points; looks at the first answer for what does not exist, and tells how far it is."""
    places = [[index for index, point in enumerate(data) if point.series == one.label] for one in series]
    runs, begin, told = 0, time.perf_counter(), time.perf_counter()

    def run(at: tuple[float, ...]) -> np.ndarray:
        nonlocal runs, told
        out = np.zeros(len(data))
        for number, (one, mine) in enumerate(zip(series, places, strict=True)):
            if mine:
                own = [data[index] for index in mine]
                try:
                    out[mine] = fit_series.existing(one.scenario, _changes(one, number, shared, at), own, laws)
                except (ScenarioError, SolverError):
                    if runs == 0:
                        raise
                    return np.full(len(data), np.nan)  # beyond what the scenario allows, or can compute: no place for a fit
        if runs == 0:
            fit_series.exists(series, data, out)
        runs, now = runs + 1, time.perf_counter()
        if now - told > SAY_EVERY:
            say(f"{runs} runs in {now - begin:.0f} s")
            told = now
        return np.nan_to_num(out, nan=0.0)

    return run


def _enough(name: str, chosen: Sequence[Free], data: Sequence[Point], spread: float | None) -> None:
    """Refuse a fit that cannot have one answer."""
    if not chosen:
        raise UsageError(f"nothing in {name} is marked as fitted; say what may change: --free tissue.NAME.substrate_state,…")
    if len(data) < len(chosen):
        raise UsageError(f"{len(chosen)} values cannot be fitted to {len(data)} measured points; free fewer, or give a CSV with more")
    for one in chosen:
        if not Transform(one.kind).allows(one.start):
            raise UsageError(f"{one.path} starts at {one.start:g}, where a {one.kind} value cannot move; set it first")
    nobody = [point for point in data if not point.lab]
    if spread is not None and nobody:
        rows = ", ".join(str(point.row) for point in nobody if point.row)
        where = f"row {rows} names none" if rows else "these points name none"
        raise UsageError(f"--hierarchy lab needs the laboratory of every point, in a column lab: {where}")


def ahead(done: Fit, loaded: Any) -> list[dict[str, Any]]:
    """What was not fitted: reference rows kept for checking, and the end of the run, both of the fitted scenario."""
    rows = points_of(loaded, "validate")
    observables = dict.fromkeys((point.observable, point.site) for point in done.points if not point.series)
    later = [Point(name, loaded.duration, float("nan"), float("nan"), site) for name, site in observables]
    asked = [point for point in (*rows, *later) if point.time <= loaded.duration]
    before = done.series[0].before if done.series else ()
    got = predict(done.scenario, (*before, *done.sets()), asked, done.laws)
    return [
        {"observable": p.observable, "time_d": p.time / DAY, "value": None if np.isnan(p.value) else p.value, "got": float(g)}
        for p, g in zip(asked, got, strict=True)
    ]


def command(*given: Any, **options: Any) -> None:
    """`calcisim fit`: see `fit_command.command`, where its reading and writing of files is."""
    from calcisim.studies import fit_command

    fit_command.command(*given, **options)

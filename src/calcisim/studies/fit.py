"""Fit values of a scenario to measured points: least squares, profile intervals, correlations, and what was not fitted.

    calcisim fit dystrophic/subdermal-cusp --free tissue.cusp-fixed.substrate_state,tissue.cusp-fixed.debris
    calcisim fit SCENARIO DATA.csv --free plasma.phosphate --out fitted.toml

The points are the scenario's own [[reference]] rows with use = "calibrate", or a CSV with the columns observable, time_d, value, sd
and, with several sites, site. What comes out can be written as a scenario that extends the fitted one.
"""

import csv
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim import scenario as scenarios
from calcisim.errors import UsageError
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.studies import free as values
from calcisim.studies.estimate import Estimate, Problem, Transform, estimate
from calcisim.studies.free import Free
from calcisim.studies.vary import Varied

DAY = 86400.0
ASSUMED_SPREAD = 0.1  # of the value, where a point has no sd
STRONG = 0.9
COLUMNS = ("observable", "time_d", "value", "sd")


@dataclass(frozen=True)
class Point:
    """One measured value: observable, time [s], value, sd in the observable's unit, site (None: the total)."""

    observable: str
    time: float
    value: float
    sd: float
    site: str | None = None


def points_of(loaded: Any, use: str = "calibrate") -> list[Point]:
    """The scenario's reference rows of one use, with the assumed spread where it gives none."""
    rows = [row for row in loaded.reference if row.use == use]
    return [Point(row.observable, row.time, row.value, row.sd or ASSUMED_SPREAD * abs(row.value), row.site) for row in rows]


def read_points(path: Path) -> list[Point]:
    """The points of a CSV. Raises UsageError with row and column for what cannot be read."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from None
    absent = [name for name in COLUMNS[:3] if not rows or name not in rows[0]]
    if absent:
        raise UsageError(f"{path}: needs the columns {', '.join(COLUMNS)}; {', '.join(absent)} is missing")
    return [_point(path, number, row) for number, row in enumerate(rows, start=2)]


def _point(path: Path, number: int, row: Mapping[str, str]) -> Point:
    cells = {name: _number(path, number, name, row.get(name) or "") for name in COLUMNS[1:] if name != "sd" or row.get("sd")}
    sd = cells.get("sd", ASSUMED_SPREAD * abs(cells["value"]))
    if sd <= 0.0 or cells["time_d"] < 0.0:
        raise UsageError(f"{path}: row {number}: sd must be above zero and time_d not below it")
    return Point(row["observable"], cells["time_d"] * DAY, cells["value"], sd, row.get("site") or None)


def _number(path: Path, number: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise UsageError(f"{path}: row {number}, column {column}: {text!r} is not a number")
    return value


def predict(name: str, sets: Sequence[str], points: Sequence[Point], laws: Mapping[str, float] | None = None) -> np.ndarray:
    """What the scenario gives at each point; 0 where the quantity does not exist yet. Raises UsageError for an unknown observable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlausibilityWarning)
        simulation = Varied(scenarios.load(name, tuple(sets)), laws)
    out = np.zeros(len(points))
    for time in sorted({point.time for point in points}):
        simulation.advance(time)
        found = simulation.observables()
        for index, point in enumerate(points):
            if point.time == time:
                row = found if point.site is None else found["sites"].get(point.site, {})
                if point.observable not in row:
                    raise UsageError(f"{name} gives no {point.observable!r}" + (f" at site {point.site!r}" if point.site else ""))
                out[index] = float(row[point.observable] or 0.0)
    return out


@dataclass
class Fit:
    """A finished fit: what was free, the points, and the estimate."""

    scenario: str
    free: list[Free]
    points: list[Point]
    found: Estimate
    laws: dict[str, float]

    def sets(self) -> tuple[str, ...]:
        """PATH=VALUE texts of the fitted values."""
        return tuple(text for free, value in zip(self.free, self.found.values, strict=True) for text in free.sets(float(value)))

    def document(self) -> dict[str, Any]:
        """Everything as plain values."""
        found = self.found
        intervals = found.intervals or [(None, None)] * len(self.free)
        names = [free.path for free in self.free]
        return {
            "scenario": self.scenario,
            "objective": found.objective,
            "evaluations": found.evaluations,
            "profiled": bool(found.intervals),
            "parameters": [
                {"path": free.path, "value": float(value), "unit": free.unit, "start": free.start, "low": low, "high": high}
                for free, value, (low, high) in zip(self.free, found.values, intervals, strict=True)
            ],
            "points": [
                {
                    "observable": point.observable, "time_d": point.time / DAY, "value": point.value, "sd": point.sd,
                    "got": float(got), "residual": (float(got) - point.value) / point.sd,
                }
                for point, got in zip(self.points, found.predicted, strict=True)
            ],
            "correlations": [
                {"between": [names[i], names[j]], "value": float(found.correlation[i, j])} for i in range(len(names)) for j in range(i)
            ],
            "strong": [[names[i], names[j]] for i in range(len(names)) for j in range(i) if abs(found.correlation[i, j]) > STRONG],
        }  # fmt: skip


def fit(
    name: str,
    paths: Sequence[str] = (),
    points: Sequence[Point] | None = None,
    laws: Mapping[str, float] | None = None,
    profiles: bool = True,
    sets: Sequence[str] = (),
) -> Fit:
    """Fit the values at `paths` (by default those that the data files call fitted) to the points (by default the scenario's own)."""
    loaded = scenarios.load(name, tuple(sets))
    chosen = [values.find(loaded, path) for path in paths or values.fitted(loaded)]
    data = list(points_of(loaded) if points is None else points)
    _enough(name, chosen, data)
    transforms = [Transform(one.kind) for one in chosen]

    def run(at: tuple[float, ...]) -> np.ndarray:
        more = tuple(text for one, value in zip(chosen, at, strict=True) for text in one.sets(value))
        return predict(name, (*sets, *more), data, laws)

    value, sd = (np.array([getattr(point, key) for point in data]) for key in ("value", "sd"))
    found = estimate(Problem(run, transforms, value, sd), [one.start for one in chosen], profiles)
    return Fit(name, chosen, data, found, dict(laws or {}))


def _enough(name: str, chosen: Sequence[Free], data: Sequence[Point]) -> None:
    """Refuse a fit that cannot have one answer."""
    if not chosen:
        raise UsageError(f"nothing in {name} is marked as fitted; say what may change: --free tissue.NAME.substrate_state,…")
    if len(data) < len(chosen):
        raise UsageError(f"{len(chosen)} values cannot be fitted to {len(data)} measured points; free fewer, or give a CSV with more")
    for one in chosen:
        if not Transform(one.kind).allows(one.start):
            raise UsageError(f"{one.path} starts at {one.start:g}, where a {one.kind} value cannot move; set it first")


def ahead(done: Fit, loaded: Any) -> list[dict[str, Any]]:
    """What was not fitted: reference rows kept for checking, and the end of the run."""
    rows = points_of(loaded, "validate")
    observables = dict.fromkeys(point.observable for point in done.points)
    later = [Point(name, loaded.duration, float("nan"), float("nan")) for name in observables]
    asked = [point for point in (*rows, *later) if point.time <= loaded.duration]
    got = predict(done.scenario, done.sets(), asked, done.laws)
    return [
        {"observable": p.observable, "time_d": p.time / DAY, "value": None if np.isnan(p.value) else p.value, "got": float(g)}
        for p, g in zip(asked, got, strict=True)
    ]


def command(name: str, paths: Sequence[str] = (), as_json: bool = False, data: Path | None = None, out: Path | None = None) -> None:
    """`calcisim fit`: print the result, and write it as a scenario to `out`."""
    from calcisim.results.files import dumps, write_text

    loaded = scenarios.load(name)
    base = name if out is None else _base(name, out)
    done = fit(name, paths, read_points(data) if data else None)
    document = {**done.document(), "not_fitted": ahead(done, loaded)}
    if out is not None:
        write_text(out, values.overlay(base, dict(zip(done.free, map(float, done.found.values), strict=True))))
    print(dumps(document) if as_json else report(document), end="")


def _base(name: str, out: Path) -> str:
    """What the written scenario extends: the scenario's name, or the way from `out` down to its file."""
    if out.exists():
        raise UsageError(f"{out} is there already; choose another name.")
    if name in scenarios.names() or not Path(name).is_file():
        return name
    try:
        return Path(name).resolve().relative_to(out.resolve().parent).as_posix()
    except ValueError:
        raise UsageError(f"{out} cannot extend {name} from there; write it beside {name} or in a folder above it.") from None


def report(document: Mapping[str, Any]) -> str:
    """The document as text."""
    runs = document["evaluations"]
    lines = [f"{document['scenario']}: objective {document['objective']:.4g} after {runs} runs", "", "fitted (95 % by profile)"]
    for row in document["parameters"]:
        low, high = (f"{row[side]:.5g}" if row[side] is not None else "open" for side in ("low", "high"))
        interval = f" [{low}, {high}]" if document["profiled"] else ""
        lines.append(f"  {row['path']} = {row['value']:.5g} {row['unit']}".rstrip() + interval)
    lines += ["", "measured and computed", *map(_measured, document["points"]), "", f"correlations above {STRONG}"]
    strong = [row for row in document["correlations"] if row["between"] in document["strong"]]
    largest = max((abs(row["value"]) for row in document["correlations"]), default=None)
    lines += [f"  {' and '.join(row['between'])}: {row['value']:+.3f}" for row in strong]
    if not strong:
        lines.append("  none" if largest is None else f"  none; the largest is {largest:.3f}")
    if document.get("not_fitted"):
        lines += ["", "not fitted", *map(_ahead, document["not_fitted"])]
    return "\n".join(lines) + "\n"


def _measured(row: Mapping[str, Any]) -> str:
    place = f"  day {row['time_d']:g} {row['observable']}"
    return f"{place}: {row['value']:g} ± {row['sd']:.3g}, got {row['got']:.4g}, residual {row['residual']:+.2f}"


def _ahead(row: Mapping[str, Any]) -> str:
    measured = "" if row["value"] is None else f", measured {row['value']:g}"
    return f"  day {row['time_d']:g} {row['observable']}: got {row['got']:.4g}{measured}"

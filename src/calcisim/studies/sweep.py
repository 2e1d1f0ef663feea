"""Sweep: one scenario at many values, each run in memory on one thread, wherever tasks run, and resumed after any stop.

A directory holds sweep.json (what was asked), ledger.jsonl (a line per run that ended), and when all have ended table.csv (a row per
point), figures/sweep.png and summary.json. The table is made of the ledger alone, so it is the same bytes however often the sweep was
stopped, and wherever and in however many processes it ran.
"""

import functools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calcisim.errors import StorageError, UsageError
from calcisim.results.files import dumps, write_text
from calcisim.scenario.errors import ScenarioError, unusual_is_meant
from calcisim.studies import free, outputs, provenance, resources, study_directory, sweep_axes
from calcisim.studies.executor import Executor
from calcisim.studies.interrupt import DROPPED, Interrupts
from calcisim.studies.progress import clock
from calcisim.studies.sweep_axes import Axis, Point
from calcisim.studies.sweep_ledger import Ledger, Record

ASKED, TABLE, SUMMARY = "sweep.json", "table.csv", "summary.json"
SHOWN = ("deposit_calcium_mg", "calcium_ug_per_mg_dry", "onset_day", "largest_clump_mm")  # of many, on the terminal
SAY_SECONDS = 5.0  # between two lines of progress
SAID_FAILURES = 20  # while it runs
DRAWS = {"lhs": "Latin hypercube", "sobol": "Sobol sequence"}
Say = Callable[[str], None]
Write = Callable[[Path, "Sweep", list[Record]], tuple[dict[str, Any], Sequence[Path]]]


@dataclass(frozen=True)
class Sweep:
    """A sweep before it is run. points: a value per axis, in its unit; design: how they were chosen; memory: bytes that one run needs.

    sha256: of the resolved scenario with `sets` and without the varied values; sites: names of its sites.
    """

    scenario: str
    sets: tuple[str, ...]
    quick: bool
    days: float | None
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    design: Mapping[str, Any]
    title: str
    sha256: str
    sites: tuple[str, ...] = ()
    memory: int | None = None
    kind: str = "sweep"

    def task(self, number: int) -> tuple[Any, ...]:
        """Arguments of `run_point` for a point, counted from 1."""
        varied = tuple(text for axis, value in zip(self.axes, self.points[number - 1], strict=True) for text in axis.sets(value))
        return everywhere(self.scenario), self.sets, varied, self.quick, self.days, self.sha256


@dataclass(frozen=True)
class Swept:
    """How a sweep ended: its summary when finished, else the signal that stopped it; ended: runs in the ledger.

    rows: of the table; pictures: those that were drawn now.
    """

    directory: Path
    summary: dict[str, Any] | None
    signal: int | None = None
    ended: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    pictures: tuple[Path, ...] = ()


def sweep(
    name: str,
    vary: Sequence[str],
    sets: Sequence[str] = (),
    quick: bool = False,
    days: float | None = None,
    samples: int | None = None,
    draw: str = "lhs",
    seed: int = 1,
) -> Sweep:
    """A sweep that has been checked: paths and values are the scenario's, and there are not too many points.

    vary: as `sweep_axes` has them; samples: points drawn from ranges (`draw`: a key of DRAWS) in place of a grid.
    Raises UsageError or ScenarioError.
    """
    if draw not in DRAWS:
        raise UsageError(f"--draw {draw}: one of {', '.join(DRAWS)}")
    if samples is not None and samples < 1:
        raise UsageError(f"--samples {samples}: 1 at least")
    axes = sweep_axes.read(vary, samples is not None)
    if samples is None:
        return checked(name, axes, sweep_axes.grid(axes), {"kind": "grid"}, sets, quick, days)
    points = sweep_axes.sample(axes, samples, draw, seed) if axes else ()
    return checked(name, axes, points, {"kind": draw, "samples": samples, "seed": seed}, sets, quick, days)


def checked(
    name: str,
    axes: tuple[Axis, ...],
    points: Sequence[Point],
    design: Mapping[str, Any],
    sets: Sequence[str],
    quick: bool,
    days: float | None,
    kind: str = "sweep",
) -> Sweep:
    """The sweep of these points, its axes with their places in the scenario; the values of every axis were tried alone."""
    base = load(name, tuple(sets), quick, days)
    if base.kind == "plasma":
        raise UsageError(f"{name} is a body without tissue, so nothing is deposited in it; take a scenario with a site")
    if not axes:
        raise UsageError(f"say what varies: --vary PATH=LOW:HIGH:N UNIT, for example {example(base)}")

    def with_changes(more: tuple[str, ...]) -> Any:
        return load(name, (*sets, *more), quick, days)

    axes = sweep_axes.placed(axes, base, with_changes)
    memory = max((resources.estimate(one) or 0 for one in sweep_axes.tried(axes, with_changes, points)), default=0) or None
    sites = tuple(site.name for site in base.site)
    return Sweep(name, tuple(sets), quick, days, axes, tuple(points), dict(design), base.title, resolved(base), sites, memory, kind)


def resolved(loaded: Any) -> str:
    """SHA-256 of a scenario with all that it took from files."""
    from calcisim import scenario

    return provenance.text_sha256(scenario.dump(loaded))


def example(base: Any) -> str:
    """A --vary option that a scenario can take, with a range around what it has."""
    for path in ("plasma.phosphate", "medium.phosphate"):
        try:
            found = free.find(base, path)
        except UsageError:
            continue
        return f"--vary {path}={0.8 * found.start:.3g}:{1.5 * found.start:.3g}:9{found.unit}"
    return "--vary seed=1,2,3"


def load(name: str, sets: tuple[str, ...], quick: bool, days: float | None) -> Any:
    """The scenario with its changes, ended after so many days."""
    from calcisim import scenario
    from calcisim.studies import execute

    loaded = outputs.load(name, sets, quick)
    if days is None:
        return loaded
    end = execute.end_of(loaded, days)
    return scenario.until(execute.lengthened(loaded, end), end)


@functools.cache
def everywhere(name: str) -> str:
    """What a scenario is called in a process that has another working folder: the name of a shipped one, or the whole path of a file."""
    from importlib.resources import files as of_package

    from calcisim.scenario import files

    path, package = files.resolve(name).resolve(), Path(str(of_package("calcisim"))).resolve()
    shipped = any(path.is_relative_to(root) for root in (package / "configs", package.parent.parent / "configs"))
    return name if shipped and not files.is_file(Path(name)) else str(path)


def at_point(name: str, sets: tuple[str, ...], varied: tuple[str, ...], quick: bool, days: float | None, sha256: str) -> Any:
    """The scenario of one point. Raises StorageError where the scenario is not the one that the sweep began with (`sha256`)."""
    with unusual_is_meant():
        try:
            return load(name, (*sets, *varied), quick, days)
        finally:  # after it was read, and also where it was refused: a file may be changed at any time
            try:
                why = "" if resolved(load(name, sets, quick, days)) == sha256 else "it was changed"
            except ScenarioError as error:
                why = str(error)
            if why:
                raise StorageError(
                    f"{name}: is not the scenario that this study began with ({why}); put it back and give the same command again, "
                    "or start another study with it"
                ) from None


def run_point(name: str, sets: tuple[str, ...], varied: tuple[str, ...], quick: bool, days: float | None, sha256: str) -> dict[str, Any]:
    """Run one point in memory, on one thread: every numeric summary quantity at its end, as `calcisim run` gives it.

    Raises as `at_point`.
    """
    from calcisim.results import observables
    from calcisim.simulation.run import Simulation
    from calcisim.studies.execute import output_times

    loaded = at_point(name, sets, varied, quick, days, sha256)
    with unusual_is_meant():
        simulation = Simulation(loaded, loaded.seed, 1)
    for moment in output_times(loaded, loaded.duration):
        simulation.advance(moment)
    resources.mark_compiled()
    return observables.flat(observables.evaluate(simulation))


def asked(study: Sweep) -> dict[str, Any]:
    """What makes a sweep this one and no other."""
    from calcisim.jit import data_hash, source_hash

    document = {
        "scenario": study.scenario,
        "set": study.sets,
        "quick": study.quick,
        "days": study.days,
        "vary": [axis.told() for axis in study.axes],
        "design": study.design,
        "points": len(study.points),
        "points_sha256": provenance.text_sha256(json.dumps(study.points)),
        "scenario_sha256": study.sha256,
        "source_sha256": source_hash(),
        "data_sha256": data_hash(),
    }
    return dict(json.loads(dumps(document)))


def run(study: Sweep, executor: Executor, out: Path | None = None, retry_failed: bool = False, say: Say = lambda text: None) -> Swept:
    """Run what is not there yet of a sweep, and write its table, figure and summary. Raises UsageError for a directory of something else.

    retry_failed: run those again that failed by their own fault; what the machine broke is always tried again.
    """
    return finish(study, executor, out, retry_failed, say, _write)


def finish(study: Sweep, executor: Executor, out: Path | None, retry_failed: bool, say: Say, write: Write) -> Swept:
    """As `run`, with another `write(directory, study, records)` for what is made of the records; it gives summary and pictures."""
    document = asked(study)
    place = study_directory.called(study.scenario, study.kind, document) if out is None else Path(out)
    with study_directory.taken(place, ASKED, document, {"scenario": str, "vary": list, "points": int}, study.kind):
        with Interrupts(say, DROPPED) as interrupts, Ledger(place, study.points) as ledger:
            records = _all(place, study, executor, ledger, retry_failed, say, lambda: interrupts.received is not None)
        if len(records) < len(study.points):
            return Swept(place, None, interrupts.received, len(records))
        ordered = [records[number] for number in range(1, len(study.points) + 1)]
        rows = rows_of(study, ordered)
        write_text(place / TABLE, study_directory.table(rows))
        summary, pictures = write(place, study, ordered)
        return Swept(place, summary, None, len(records), rows, tuple(pictures))


def _all(
    place: Path, study: Sweep, executor: Executor, ledger: Ledger, retry_failed: bool, say: Say, stop: Callable[[], bool]
) -> dict[int, Record]:
    """The records of all points: those in the ledger, and those that are run now, as far as nobody stops it."""
    records = {number: one for number, one in ledger.records.items() if not (retry_failed and "error" in one)}
    todo = {number: study.task(number) for number in range(1, len(study.points) + 1) if number not in records}
    if not todo:
        return records
    before = f" of {len(study.points):,} (the others are there already)" if len(todo) < len(study.points) else ""
    say(f"{len(todo):,} runs{before} of {study.title}, into {place}")
    began = said = time.monotonic()  # the first run may wait for a process and for kernels, so the pace counts from its end
    failed = 0
    for ended, done in enumerate(executor.run(run_point, todo, study.memory, say, stop), 1):
        found = {"final": done.value} if done.error is None else {"error": _told(study, done.error)}
        whole = {"point": done.key, "values": study.points[done.key - 1], **found}
        records[done.key] = whole if done.again else ledger.keep(done.key, found)
        now = time.monotonic()
        began = now if ended == 1 else began
        if "error" in found:
            failed += 1
            if failed <= SAID_FAILURES:
                say(f"point {done.key} failed ({at(study, done.key)}): {found['error']}")
            elif failed == SAID_FAILURES + 1:
                say("more fail; all of them are listed at the end")
        if now - said >= SAY_SECONDS or ended == len(todo):
            said = now
            left = (now - began) / max(1, ended - 1) * (len(todo) - ended)
            say(f"{len(records):,} of {len(study.points):,}" + (f", {clock(left)} left" if left >= 1.0 else ""))
    return records


def _told(study: Sweep, error: str) -> str:
    """What went wrong in one line, with the scenario named as the user did: a table does not say where on a machine a file lies."""
    return "; ".join(error.replace(everywhere(study.scenario), study.scenario).split("\n"))


def at(study: Sweep, number: int) -> str:
    """A point in words."""
    return ", ".join(
        f"{axis.path} {value:.6g} {axis.unit}".rstrip() for axis, value in zip(study.axes, study.points[number - 1], strict=True)
    )


def rows_of(study: Sweep, records: Sequence[Record]) -> list[dict[str, Any]]:
    """The rows of the table, by point: its values, every numeric summary quantity, and the error of one that failed."""
    names = list(dict.fromkeys(name for one in records for name in one.get("final", ())))
    rows = []
    for number, one in enumerate(records, 1):
        row: dict[str, Any] = {"point": number}
        row |= {axis.label: value for axis, value in zip(study.axes, study.points[number - 1], strict=True)}
        rows.append(row | {name: one.get("final", {}).get(name) for name in names} | {"error": one.get("error", "")})
    return rows


def _failed(study: Sweep, records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    for one in records:
        if "error" in one:
            yield {"point": one["point"], "values": one["values"], "error": one["error"]}


def summarise(study: Sweep, records: Sequence[Record]) -> dict[str, Any]:
    """The summary: what was swept, which runs failed, and from where to where every quantity went."""
    ends: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in records for name in one.get("final", ())):
        found = [(one["final"][name], one["point"]) for one in records if one.get("final", {}).get(name) is not None]
        if found:
            low, high = min(found), max(found, key=lambda pair: (pair[0], -pair[1]))
            ends[name] = {"low": low[0], "low_at": low[1], "high": high[0], "high_at": high[1], "known": len(found)}
    failed = list(_failed(study, records))
    return {
        "scenario": study.scenario,
        "set": study.sets,
        "quick": study.quick,
        "days": study.days,
        "vary": [axis.told() for axis in study.axes],
        "design": study.design,
        "points": len(records),
        "finished": len(records) - len(failed),
        "failed": failed,
        "quantities": ends,
    }


def _write(place: Path, study: Sweep, records: list[Record]) -> tuple[dict[str, Any], list[Path]]:
    from calcisim.results import sweep_figure

    finals = [one.get("final") for one in records]
    pictures = sweep_figure.draw(place, [(axis.path, axis.unit, axis.log) for axis in study.axes], study.points, finals)
    document: dict[str, Any] = json.loads(dumps(summarise(study, records)))
    write_text(place / SUMMARY, dumps(document))
    return document, pictures

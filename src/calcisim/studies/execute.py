"""Run a scenario in a directory of its own, or go on with one: the loop over output times, and what is written when.

Row and frame of an output time are written first, a checkpoint that counts them after. A kill in between leaves rows beyond the
checkpoint; the resumed run writes them again with the same bytes. `summary.json` comes last: where it exists the run is done.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calcisim.errors import DamagedError, SolverError, UsageError
from calcisim.results import directory as run_directory
from calcisim.results import observables, store, summary
from calcisim.results.files import storage
from calcisim.results.sha import state_sha256
from calcisim.results.store import Results
from calcisim.results.timeseries import TimeSeries
from calcisim.scenario.schema import Output
from calcisim.simulation import checkpoint
from calcisim.studies import provenance, resources, warmup
from calcisim.studies.interrupt import Interrupts
from calcisim.studies.progress import DAY, Reporter, clock

KEPT = "checkpoints"  # folder of those that stay
CHECKPOINT_SECONDS = 20.0  # of wall time: with a step of a few seconds a kill loses less than 30 s
_MOST_THREADS = 1024  # more than any machine it was made for; a mistyped number does not start a million threads
_DEFAULT_OUTPUTS = 50  # when a scenario names no output times


@dataclass(frozen=True)
class Request:
    """What the user asked for. days: simulated length [d], None for the scenario's own; threads: None to choose; keep: output days whose
    checkpoint stays, for `branch`."""

    name: str
    sets: tuple[str, ...] = ()
    days: float | None = None
    seed: int | None = None
    threads: int | None = None
    quick: bool = False
    out: Path | None = None
    force: bool = False
    command: str = ""
    keep: tuple[float, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How it ended: the summary when finished, the signal that stopped it otherwise; `already` when nothing had to be done."""

    directory: Path
    summary: dict[str, Any] | None
    signal: int | None = None
    already: bool = False


@dataclass(frozen=True)
class Engine:
    """What runs a scenario; the tests put a stand-in here. `simulation` gives the class: a bad file is told before that import."""

    load: Callable[..., Any]
    dump: Callable[[Any], str]
    simulation: Callable[[], Any]
    memory: Callable[[Any], int | None] = resources.estimate


def engine() -> Engine:
    """The real one."""
    from calcisim import scenario
    from calcisim.studies import outputs

    return Engine(outputs.load, scenario.dump, _simulation)


def _simulation() -> Any:
    from calcisim.simulation.run import Simulation

    return Simulation


def start(request: Request, reporter: Reporter, engine: Engine) -> Outcome:
    """Run `request` in a new directory. Nothing is written before the request, the scenario and the memory it needs are found good."""
    _check_threads(request.threads)
    sets = (*request.sets, *([f"seed={request.seed}"] if request.seed is not None else []))
    scenario = engine.load(request.name, sets, request.quick)
    if scenario.kind == "plasma":
        from calcisim.studies import plasma

        alone = plasma.Request(request.name, sets, request.days, request.quick, request.out, request.force, request.command)
        return plasma.start(alone, reporter.note)
    end = scenario.duration if request.days is None else end_of(scenario, request.days)
    scenario = lengthened(scenario, end)
    _check_kept(request.keep, output_times(scenario, end))
    resources.refuse_if_too_large(engine.memory(scenario))
    if request.out is None:
        place, held = run_directory.numbered(Path("runs"), request.name)
    else:
        place, held = request.out, run_directory.chosen(request.out, request.force)
    try:
        text = engine.dump(scenario)
        asked = {
            "scenario": request.name,
            "days": end / DAY,
            "seed": scenario.seed,
            "quick": request.quick,
            "sets": sets,
            "keep": request.keep,
        }
        document = provenance.collect(scenario, text, asked | {"command": request.command})
        run_directory.describe(place, text, document)
        return Job(place, scenario, document, request.threads, reporter, engine).run()
    finally:
        held.release(force=True)


def lengthened(scenario: Any, end: float) -> Any:
    """The scenario that lasts until `end` [s] where it would end before: what its treatments and its body do goes on as long."""
    if end <= scenario.duration:
        return scenario
    update: dict[str, Any] = {"duration": end}
    if not scenario.output:  # as often as without --days
        update["output"] = (Output.model_validate({"every": f"{scenario.duration / _DEFAULT_OUTPUTS!r} s"}),)
    return scenario.model_copy(update=update)


def unchanged(place: Path, document: dict[str, Any]) -> Path:
    """The scenario of a run directory; UsageError when it is not the one that the run began with."""
    path = place / run_directory.SCENARIO
    if provenance.file_sha256(path) != document["scenario_sha256"]:
        raise UsageError(f"{path}: was changed since the run began, so its past does not fit. Start a new run: calcisim run {path}")
    return path


def resume(place: Path, threads: int | None, reporter: Reporter, engine: Engine) -> Outcome:
    """Go on with the run in `place` from its last checkpoint, or from day 0 without one; a finished run is left as it is."""
    _check_threads(threads)
    document = run_directory.provenance(place)
    if (done := summary.read(place)) is not None:
        return Outcome(place, done, already=True)
    if document.get("plasma_only"):
        from calcisim.studies import plasma

        return plasma.resume(place, document, reporter.note)
    held = run_directory.lock(place)
    try:
        if (done := summary.read(place)) is not None:  # another process finished it while this one waited
            return Outcome(place, done, already=True)
        scenario = engine.load(str(unchanged(place, document)))
        resources.refuse_if_too_large(engine.memory(scenario))
        return Job(place, scenario, document, threads, reporter, engine).run()
    finally:
        held.release(force=True)


def output_times(scenario: Any, end: float) -> list[float]:
    """All output times [s] in [0, end], ascending, each once: 0, those the scenario asks for, and the end."""
    wanted = {0.0, end}
    for output in scenario.output or ():
        if output.times is not None:
            wanted.update(output.times)
        if output.every is not None:
            wanted.update(_multiples(output.every, end))
    if not scenario.output:
        wanted.update(_multiples(scenario.duration / _DEFAULT_OUTPUTS, end))
    times: list[float] = []
    for moment in sorted(moment for moment in wanted if moment <= end):
        if times and moment - times[-1] < 1e-6:  # a microsecond: the same moment written in two units
            continue
        times.append(moment)
    return times


def _multiples(every: float, end: float) -> list[float]:
    return [number * every for number in range(int(end / every * (1 + 1e-12)) + 1)]


class Job:
    """One run in its locked directory."""

    def __init__(self, place: Path, scenario: Any, document: dict[str, Any], threads: int | None, reporter: Reporter, engine: Engine):
        self.place, self.scenario, self.document, self.reporter, self.engine = place, scenario, document, reporter, engine
        self.end = document["days"] * DAY
        self.times = output_times(scenario, self.end)
        self.threads = threads_of(threads)
        self.checkpoint = place / run_directory.CHECKPOINT
        self.series = TimeSeries(place)
        self.results: Results | None = None
        self.began = time.monotonic()
        self.saved = self.began
        self.wall_before = 0.0
        self.frames = 0

    def run(self) -> Outcome:
        with Interrupts(self.reporter.note) as interrupts, warmup.beside("rest_of_site"):
            if resources.cold():
                self.reporter.note(resources.COMPILING)
            simulation = self._restored() or self._fresh()
            self._announce(simulation)
            try:
                stopped = self._advance(simulation, interrupts)
            except SolverError as error:
                raise SolverError(f"{str(error).rstrip('.')}. What was computed until then is in {self.place}.") from error
            finally:
                self.reporter.close()
                if self.results is not None:
                    self.results.close()
            self._save(simulation)
            if stopped:
                return Outcome(self.place, None, signal=interrupts.received)
            return Outcome(self.place, self._finish(simulation))  # a signal while figures are drawn waits: the run is done

    def _announce(self, simulation: Any) -> None:
        self.reporter.note(f"{self.scenario.title}: {self.document['days']:g} days into {self.place}")
        self.reporter.begin(simulation.time / DAY, self.end / DAY)

    def _advance(self, simulation: Any, interrupts: Interrupts) -> bool:
        """Go through the output times that are left; True when a signal stopped it."""

        def due() -> bool:
            return interrupts.received is not None or time.monotonic() - self.saved >= CHECKPOINT_SECONDS

        def step(now: float) -> None:
            self.reporter.step(now / DAY)

        for index in range(self.frames, len(self.times)):
            while simulation.time < self.times[index] and not simulation.advance(self.times[index], due, step):
                if interrupts.received is not None:
                    return True
                self._save(simulation)
            self._write(index, simulation)
            if any(abs(self.times[index] - day * DAY) < 1.0 for day in self.document.get("keep", ())):
                self._save(simulation, kept(self.place, self.times[index]))
            if interrupts.received is not None and self.frames < len(self.times):
                return True
            if due():
                self._save(simulation)
        return False

    def _write(self, index: int, simulation: Any) -> None:
        """Row and frame of one output time."""
        row = observables.evaluate(simulation)
        fields = simulation.fields()
        spectra = simulation.spectra()
        if self.results is None:
            attributes = {"title": self.scenario.title, "source": f"calcisim {self.document['versions'].get('calcisim', '')}".rstrip()}
            self.results = Results.create(self.place / store.NAME, attributes, simulation.coordinates(), fields, spectra)
        self.series.append(simulation.time, observables.flat(row))
        self.results.write_frame(index, simulation.time, fields, spectra)
        self.frames = index + 1
        self.reporter.row(row)

    def _save(self, simulation: Any, place: Path | None = None) -> None:
        if self.frames:
            self.series.sync()
        checkpoint.save(place or self.checkpoint, simulation.arrays(), meta_of(simulation, self.frames, self._wall(), self.document))
        if place is None:
            self.saved = time.monotonic()

    def _wall(self) -> float:
        return self.wall_before + time.monotonic() - self.began

    def _fresh(self) -> Any:
        """A simulation at day 0 and no rows; what an earlier try left is removed."""
        self.series.restart(())
        (self.place / store.NAME).unlink(missing_ok=True)
        self.frames, self.wall_before = 0, 0.0
        return self.engine.simulation()(self.scenario, self.scenario.seed, self.threads)

    def _restored(self) -> Any:
        """The simulation as the last checkpoint has it, None to start at day 0."""
        if not checkpoint.exists(self.checkpoint):
            return None
        try:
            arrays, meta = checkpoint.load(self.checkpoint, self.document["scenario_sha256"], say=self.reporter.warn)
            self._reopen(int(meta["frames"]))
        except (checkpoint.CheckpointError, DamagedError) as error:
            self.reporter.warn(f"{error} The run starts again at day 0.")
            return None
        self._warn_of_another_model(meta)
        self.wall_before = float(meta["wall_s"])
        return self.engine.simulation().restore(self.scenario, arrays, meta["simulation"], self.threads)

    def _warn_of_another_model(self, meta: dict[str, Any]) -> None:
        """Say it when sources or parameter tables are not those the run began with."""
        from calcisim.jit import data_hash, source_hash

        if meta["source_sha256"] != source_hash():
            self.reporter.warn("calcisim has changed since this run began: what follows may differ from an unbroken run")
        if meta.get("data_sha256") != data_hash():
            self.reporter.warn(
                "the parameter tables of calcisim (data/) have changed since this run began: what follows is another model than what was "
                f"computed until now. For one model throughout, start a new run: calcisim run {self.place / run_directory.SCENARIO}"
            )

    def _reopen(self, frames: int) -> None:
        """Cut the time series back to the checkpoint and open the maps; raises `DamagedError` when they do not reach that far."""
        if not self.series.restart(self.times[:frames]):
            raise DamagedError(f"{self.series.path}: does not begin with the {frames} rows that the checkpoint counts.")
        if frames:
            path = self.place / store.NAME
            if store.torn(path):
                store.renew(path, frames)
            results = Results.reopen(path)
            if len(results.times()) < frames:
                results.close()
                raise DamagedError(f"{results.path}: has fewer than the {frames} frames that the checkpoint counts.")
            self.results = results
        self.frames = frames

    def _finish(self, simulation: Any) -> dict[str, Any]:
        """Figures, then the summary."""
        resources.mark_compiled()
        self._draw()
        run = {"scenario": self.document["scenario"], "days": self.document["days"], "seed": self.document["seed"]}
        cost = {
            **simulation.statistics(),
            "wall_s": round(self._wall(), 3),
            "peak_memory_mb": round(resources.peak_memory_mb(), 1),
            "state_sha256": state_sha256(simulation.arrays()),
        }
        document = summary.build(run, observables.evaluate(simulation), cost)
        summary.write(self.place, document)
        self.reporter.note(f"done in {clock(self._wall())}: {self.place}")
        return document

    def _draw(self) -> None:
        """Pictures can be drawn again at any time, so one that fails does not cost the run."""
        from calcisim.results import plots

        try:
            for path in plots.draw(self.place, self.scenario.reference):
                self.reporter.note(f"figure: {path}")
        except Exception as error:  # noqa: BLE001
            self.reporter.warn(f"no figure ({error}); draw it with: calcisim plot {self.place}")


def meta_of(simulation: Any, frames: int, wall: float, document: dict[str, Any]) -> dict[str, Any]:
    """What a checkpoint says beside its arrays: counts of the simulation, frames written, wall time [s], and what made it."""
    made = {name: document.get(name) for name in ("scenario_sha256", "source_sha256", "data_sha256", "versions")}
    return {"simulation": simulation.meta(), "frames": frames, "wall_s": wall, **made}


def kept(place: Path, time_s: float) -> Path:
    """Where a run keeps the checkpoint of an output time [s]; makes the folder."""
    folder = place / KEPT
    with storage(folder):
        folder.mkdir(exist_ok=True)
    return folder / f"day-{time_s / DAY:09.3f}.bin"


def _check_kept(days: tuple[float, ...], times: list[float]) -> None:
    for day in days:
        nearest = min(times, key=lambda moment: abs(moment - day * DAY))
        if abs(nearest - day * DAY) >= 1.0:
            raise UsageError(f"--keep {day:g}: is no output day of this run; the nearest is {nearest / DAY:g}.")


def threads_of(wanted: int | None) -> int:
    """Threads to use: those asked for, or one per free core."""
    from calcisim.numerics import threads

    return wanted or threads.free_cores()


def _check_threads(wanted: int | None) -> None:
    if wanted is not None and not 1 <= wanted <= _MOST_THREADS:
        raise UsageError(f"--threads {wanted}: must be 1 to {_MOST_THREADS}.")


def end_of(scenario: Any, days: float) -> float:
    """Time [s] of --days, held to the limits that the schema has for duration and for the number of outputs."""
    from calcisim import units
    from calcisim.scenario.check import too_many
    from calcisim.scenario.fields import LONGEST, SHORTEST
    from calcisim.scenario.schema import MAX_FRAMES

    end = days * DAY
    if not units.parse(SHORTEST, "time") <= end <= units.parse(LONGEST, "time"):
        longest = units.parse(LONGEST, "time") / DAY
        raise UsageError(f"--days {days:g}: must be more than 0 ({SHORTEST} at least) and at most {longest:g} ({LONGEST}).")
    intervals = [output.every for output in scenario.output or () if output.every is not None]
    if not scenario.output:
        intervals = [scenario.duration / _DEFAULT_OUTPUTS]
    if any(too_many(every, end) for every in intervals):
        rarer = "--set 'output=[{every=\"1 year\"}]'"
        raise UsageError(f"--days {days:g}: this makes more than {MAX_FRAMES:,} outputs. Write results less often, for example {rarer}.")
    return end

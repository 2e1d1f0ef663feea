"""Another future of a run: the same past up to a day, and from there on with something changed.

    calcisim branch runs/metastatic-ckd5-dialysis-001@day=180 --set 'treatment+={kind="phosphate-binder", dose="3 g/day", start="180 day"}'

The branch is a run directory of its own. It begins at the last output at or before that day, from the checkpoint of the run that comes
closest; what lies between is computed again, to the same bytes. Without a change it is the run itself.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim import scenario as scenarios
from calcisim.errors import StorageError, UsageError
from calcisim.results import directory as run_directory
from calcisim.results import store, timeseries
from calcisim.scenario.treatments import combined
from calcisim.simulation import checkpoint
from calcisim.studies import execute, provenance, resources
from calcisim.studies.progress import DAY, Reporter

_WORDS = re.compile(r"(?P<run>.+)@day=(?P<day>[0-9.eE+-]+)")
# What may differ at once; of a site only what works on a state that is there, and of a plasma only one that is written.
_FREE = {
    "title",
    "description",
    "duration",
    "output",
    "event",
    "treatment",
    "reference",
    "quick",
    "expect",
    "cohort",
    "solver",
    "literature",
}
_OF_SITES = {"giant_cells", "crystal_inflammation", "colloid_leak", "immune_inflammation", "alkalinity_source"}
SOON = 1e-6  # s: moments nearer than this are one


@dataclass(frozen=True)
class Request:
    """What the user asked for: a run, the day, changes, and where to put it."""

    run: Path
    day: float
    sets: tuple[str, ...] = ()
    days: float | None = None
    name: str = "branch"
    out: Path | None = None
    force: bool = False
    threads: int | None = None
    command: str = ""


def parse(text: str) -> tuple[Path, float]:
    """Run and day of RUN@day=D. Raises UsageError for anything else."""
    found = _WORDS.fullmatch(text.strip())
    try:
        day = float(found["day"]) if found else float("nan")
    except ValueError:
        day = float("nan")
    if found is None or not np.isfinite(day) or day < 0.0:
        raise UsageError(f"{text!r}: is not RUN@day=D, for example runs/dystrophic-burn-001@day=30")
    return Path(found["run"]), day


def start(request: Request, reporter: Reporter) -> execute.Outcome:
    """Run the branch in a new directory. Nothing is written before the change is found possible."""
    from calcisim.simulation.run import Simulation

    parent = run_directory.provenance(request.run)
    if parent.get("plasma_only"):
        raise UsageError(f"{request.run}: is a run of the body alone; start another one with 'calcisim plasma'.")
    before = scenarios.load(str(execute.unchanged(request.run, parent)))
    if request.out is not None and request.out.resolve() == request.run.resolve():
        raise UsageError(f"--out {request.out}: is the run itself, whose past is needed; choose another place")
    _warn_of_another_model(parent, reporter)
    index, moment = _last_output(request, before, parent["days"] * DAY)
    loaded, end = _changed(request, before, parent["days"] * DAY)
    times = execute.output_times(before, parent["days"] * DAY)[: index + 1]
    if execute.output_times(loaded, end)[: index + 1] != times:
        raise UsageError(f"the change moves outputs before day {request.day:g}; outputs of a branch may differ only after it")
    _same_past(before, loaded, moment, request.day)
    resources.refuse_if_too_large(resources.estimate(loaded))
    arrays, meta = _state(request.run, before, parent, times, request.threads or 1, reporter)
    simulation = Simulation.restore(loaded, arrays, meta, execute.threads_of(request.threads))
    _act_at_once(simulation, before, loaded, moment)
    place = _write(request, parent, loaded, end, simulation, index + 1)
    reporter.note(f"from day {moment / DAY:g} of {request.run}")
    return execute.resume(place, request.threads, reporter, execute.engine())


def _warn_of_another_model(parent: dict[str, Any], reporter: Reporter) -> None:
    """Say it when sources or parameter tables are not those of the run: the branch then has a past of another model."""
    from calcisim.jit import data_hash, source_hash

    if (parent["source_sha256"], parent.get("data_sha256")) != (source_hash(), data_hash()):
        reporter.warn(
            "calcisim, or its parameter tables, have changed since the run: what follows may differ from it without a change of yours"
        )


def _last_output(request: Request, before: Any, end: float) -> tuple[int, float]:
    """Number and time [s] of the last output at or before the day; the run must have come that far."""
    there = timeseries.read(request.run)["time_d"] * DAY
    times = execute.output_times(before, end)[: there.size]
    last = max((index for index, moment in enumerate(times) if moment <= request.day * DAY + SOON), default=None)
    if last is None or request.day * DAY > max(times[-1], 0.0) + SOON:
        reached = times[-1] / DAY if times else 0.0
        raise UsageError(f"{request.run}: has been computed up to day {reached:g}, so it cannot part on day {request.day:g}")
    return last, times[last]


def _changed(request: Request, before: Any, length: float) -> tuple[Any, float]:
    """The scenario of the branch and its end [s]: as long as the run, unless asked otherwise."""
    loaded = scenarios.load(str(request.run / run_directory.SCENARIO), request.sets)
    end = length if request.days is None else execute.end_of(loaded, request.days)
    if any(setting.partition("=")[0].strip() == "duration" for setting in request.sets) and request.days is None:
        end = loaded.duration
    if end <= request.day * DAY:
        raise UsageError(f"the branch would end on day {end / DAY:g}, before it begins; give it more with --days")
    return execute.lengthened(loaded, end), end


def _same_past(before: Any, loaded: Any, moment: float, day: float) -> None:
    """Raise UsageError for a change that would have mattered before the branch."""
    for name in type(before).model_fields:
        old, new = getattr(before, name), getattr(loaded, name)
        if name in _FREE or old == new:
            continue
        if name == "site":
            _same_sites(old, new)
        elif name == "plasma" and old is not None and new is not None and not (old.changes or new.changes):
            continue
        elif name == "plasma":
            raise UsageError(
                "a computed plasma has a past of its own; change it from the day of the branch on: "
                f'--set \'treatment+={{kind="plasma", start="{day:g} day", phosphate_intake="20 mmol/day"}}\''
            )
        else:
            raise UsageError(f"{name} cannot differ in a branch: the run began with another; start a new run")
    for name, begin in (("treatment", "start"), ("event", "at")):
        for old, new in _pairs(getattr(before, name), getattr(loaded, name)):
            early = min(getattr(one, begin) for one in (old, new) if one is not None)
            late = early > moment if name == "event" else early >= moment
            if not late and not _ends_later(old, new, moment):
                raise UsageError(f"{name}: day {early / DAY:g} lies before the branch (day {moment / DAY:g}), and what was done is done")


def _same_sites(old: Any, new: Any) -> None:
    if len(old) != len(new):
        raise UsageError("a branch has the sites of its run")
    for one, other in zip(old, new, strict=True):
        for name in type(one).model_fields:
            if name not in _OF_SITES and getattr(one, name) != getattr(other, name):
                allowed = ", ".join(sorted(_OF_SITES))
                raise UsageError(f"site {one.name}: {name} cannot differ in a branch: its tissue is there already. What can: {allowed}")


def _pairs(old: Any, new: Any) -> list[tuple[Any, Any]]:
    """Elements that differ, by place; None for one that is not there."""
    length = max(len(old), len(new))
    filled = [(old[i] if i < len(old) else None, new[i] if i < len(new) else None) for i in range(length)]
    return [(one, other) for one, other in filled if one != other]


def _ends_later(old: Any, new: Any, moment: float) -> bool:
    """True for a treatment that is the same but for its end, which comes after the branch in both."""
    if old is None or new is None or not hasattr(old, "stop") or type(old) is not type(new):
        return False
    ends = [np.inf if one.stop is None else one.stop for one in (old, new)]
    return old.model_copy(update={"stop": None}) == new.model_copy(update={"stop": None}) and min(ends) >= moment


def _state(
    run: Path, before: Any, parent: dict[str, Any], times: list[float], threads: int, reporter: Reporter
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and meta of the run at the last of `times`: from its nearest checkpoint on, or from day 0."""
    from calcisim.simulation.run import Simulation

    found: tuple[float, Any, Any] = (-1.0, None, None)
    for path in (
        run / run_directory.CHECKPOINT,
        checkpoint.previous(run / run_directory.CHECKPOINT),
        *sorted((run / execute.KEPT).glob("*.bin")),
    ):
        try:
            arrays, meta = checkpoint.load(path, parent["scenario_sha256"], say=lambda text: None)
        except StorageError:
            continue
        at = [float(moment) for moment in meta["simulation"]["times"].values()]
        if max(at) <= times[-1] and min(at) > found[0]:
            found = (min(at), arrays, meta["simulation"])
    if found[1] is None:
        simulation = Simulation(before, parent["seed"], threads)
    else:
        simulation = Simulation.restore(before, found[1], found[2], threads)
    if simulation.time < times[-1]:
        reporter.note(f"computing again from day {simulation.time / DAY:g} to day {times[-1] / DAY:g}")
    for moment in times:
        if moment > simulation.time:
            simulation.advance(moment)
    return {name: np.array(array) for name, array in simulation.arrays().items()}, simulation.meta()


def _act_at_once(simulation: Any, before: Any, loaded: Any, moment: float) -> None:
    """What changes at the very moment of the branch: sites meet it, and begin their steps afresh."""
    edges = {
        edge for old, new in _pairs(before.treatment, loaded.treatment) for one in (old, new) if one is not None for edge in one.edges()
    }
    if moment not in edges and before.plasma == loaded.plasma and before.site == loaded.site and before.solver == loaded.solver:
        return
    for name, site in simulation.sites.items():
        site.set_levers(combined(loaded.treatment, moment, name))
        site.restart()


def _write(request: Request, parent: dict[str, Any], loaded: Any, end: float, simulation: Any, frames: int) -> Path:
    """The directory of the branch: past rows and maps of the run, a checkpoint, and where it comes from."""
    called = f"{parent['scenario']}-{request.name}"
    if request.out is None:
        place, held = run_directory.numbered(Path("runs"), called)
    else:
        place, held = request.out, run_directory.chosen(request.out, request.force)
    try:
        shutil.copyfile(request.run / timeseries.NAME, place / timeseries.NAME)
        store.beginning(request.run / store.NAME, place / store.NAME, frames)
        text = scenarios.dump(loaded)
        past = {"run": str(request.run), "day": request.day, "frames": frames}
        past |= {key: parent.get(key) for key in ("scenario_sha256", "source_sha256", "data_sha256")}
        asked = {key: parent.get(key) for key in ("scenario", "seed", "quick", "keep")} | {"days": end / DAY, "sets": request.sets}
        document = provenance.collect(loaded, text, asked | {"branched": past, "command": request.command})
        meta = execute.meta_of(simulation, frames, 0.0, document)
        checkpoint.save(place / run_directory.CHECKPOINT, simulation.arrays(), meta)
        run_directory.describe(place, text, document)
    finally:
        held.release(force=True)
    return place

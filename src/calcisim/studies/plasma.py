"""The body alone: the plasma of a scenario over years, in a directory of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import StorageError, UsageError
from calcisim.results import directory as run_directory
from calcisim.results import plasma as plasma_results
from calcisim.results import summary, timeseries
from calcisim.results.files import dumps, write_text
from calcisim.results.sha import state_sha256
from calcisim.studies import execute, provenance, resources

DAY = 86400.0


@dataclass(frozen=True)
class Request:
    """What the user asked for. days: simulated length [d], None for the scenario's own, which it may exceed."""

    name: str
    sets: tuple[str, ...] = ()
    days: float | None = None
    quick: bool = False
    out: Path | None = None
    force: bool = False
    command: str = ""


def start(request: Request, say: Callable[[str], None]) -> execute.Outcome:
    """Run the plasma of a scenario in a new directory. Nothing is written before the request and the scenario are found good."""
    from calcisim import scenario as door
    from calcisim.studies import outputs

    loaded = lengthened(outputs.load(request.name, request.sets, request.quick), request.days)
    refuse(loaded, request.name)
    if request.out is None:
        place, held = run_directory.numbered(Path("runs"), f"plasma-{request.name}")
    else:
        place, held = request.out, run_directory.chosen(request.out, request.force)
    try:
        text = door.dump(loaded)
        asked = {"scenario": request.name, "days": loaded.duration / DAY, "seed": loaded.seed, "quick": request.quick, "sets": request.sets}
        run_directory.describe(place, text, provenance.collect(loaded, text, asked | {"command": request.command, "plasma_only": True}))
        return execute.Outcome(place, _run(place, loaded, request.name, say))
    finally:
        held.release(force=True)


def resume(place: Path, document: dict[str, Any], say: Callable[[str], None]) -> execute.Outcome:
    """Finish a run of the plasma that was broken off: from the beginning, which takes seconds and gives the same bytes."""
    from calcisim import scenario as door

    held = run_directory.lock(place)
    try:
        if (done := summary.read(place)) is not None:
            return execute.Outcome(place, done, already=True)
        loaded = door.load(str(execute.unchanged(place, document)))
        return execute.Outcome(place, _run(place, loaded, document["scenario"], say))
    finally:
        held.release(force=True)


def lengthened(loaded: Any, days: float | None) -> Any:
    """The scenario with another duration; a longer one only makes sense for the body, whose treatments go on."""
    if days is None:
        return loaded
    from calcisim import scenario as door

    end = execute.end_of(loaded, days)
    return door.until(loaded, end) if end <= loaded.duration else execute.lengthened(loaded, end)


def refuse(loaded: Any, name: str) -> None:
    """UsageError for a scenario that has no blood."""
    if loaded.plasma is None:
        raise UsageError(f"{name}: is a test in a medium and has no plasma; run it with: calcisim run {name}")
    if not loaded.plasma.changes:
        raise UsageError(
            f'{name}: its plasma is constant, so there is nothing to simulate. Write [plasma] driver = "model" with keys such as '
            f"glomerular_filtration, or see its chemistry with: calcisim run {name}"
        )


def _run(place: Path, loaded: Any, name: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Steps, time series, figure, and the summary last."""
    from calcisim import jit
    from calcisim.simulation.plasma import BodyPlasma

    began = time.monotonic()
    if resources.cold():
        say(resources.COMPILING)
    plasma = BodyPlasma(loaded)
    plasma.advance(loaded.duration)
    rows = _write(place, timeseries.NAME, plasma, np.array(execute.output_times(loaded, loaded.duration)))
    if (plasma.body.sessions or plasma.body.meals) and loaded.duration > DAY:  # what goes up and down within days is lost between outputs
        begin = max(0.0, loaded.duration - 14.0 * DAY)
        _write(place, plasma_results.LAST, plasma, np.append(np.arange(begin, loaded.duration, 1800.0), loaded.duration))
    _draw(place, say)
    document = {
        "scenario": name,
        "days": loaded.duration / DAY,
        **rows[-1],
        **plasma.books(),
        **{f"{key}_mmol": value for key, value in plasma.amounts().items()},
        "steps": int(plasma.body.times().size - 1),
        "compile_s": round(jit.compile_seconds(), 3),
        "wall_s": round(time.monotonic() - began, 3),
        "state_sha256": state_sha256(plasma.body.arrays()),
    }
    write_text(place / summary.NAME, dumps(document))
    return document


def _write(place: Path, name: str, plasma: Any, times: np.ndarray) -> list[dict[str, float]]:
    """The plasma at these times [s] as a table; its rows."""
    series = timeseries.TimeSeries(place, name)
    series.restart(())
    rows: list[dict[str, float]] = plasma.rows(times)
    for moment, row in zip(times, rows, strict=True):
        series.append(float(moment), row)
    return rows


def _draw(place: Path, say: Callable[[str], None]) -> None:
    """A picture can be drawn again at any time, so one that fails does not cost the run."""
    from calcisim.results import plots

    try:
        plots.draw(place, ())
    except (StorageError, ValueError) as error:
        say(f"no figure ({error}); draw it with: calcisim plot {place}")

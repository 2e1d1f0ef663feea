"""Runs in children of this process that may be killed: they start with everything loaded, so a random time falls inside the run."""

import contextlib
import os
import signal
import tempfile
import time
import traceback
from functools import cache
from pathlib import Path

import netCDF4
import numpy as np

from calcisim.results import directory, plots, store, summary, timeseries
from calcisim.simulation import checkpoint
from calcisim.studies import execute
from calcisim.studies.progress import Reporter

SCENARIOS = ("dystrophic/subdermal-cusp", "metastatic/ckd-constant", "healthy/wound", "tumoral/uraemic", "invitro/dmem-serum")
AGAIN = 9  # exit code of a child that had to start again at day 0 though there was a checkpoint
LONGEST = 300.0  # seconds for what takes a few


class Strict(Reporter):
    """Ends the child when a run throws away what it had saved."""

    def warn(self, text):
        if "starts again at day 0" in text:
            os._exit(AGAIN)


def work(name: str, place: Path, reporter: Reporter | None = None) -> execute.Outcome:
    """Start the short form of a scenario in `place`, or go on with what is there."""
    reporter = Strict() if reporter is None else reporter
    if (place / directory.SCENARIO).exists():
        return execute.resume(place, 1, reporter, execute.engine())
    return begin(name, place, reporter)


def begin(name: str, place: Path, reporter: Reporter | None = None) -> execute.Outcome:
    """Start the short form of a scenario in `place`, whatever is there."""
    return execute.start(execute.Request(name, quick=True, threads=1, out=place), reporter or Strict(), execute.engine())


def child(call, errors: Path) -> int:
    """The process id of a child that does `call()` and ends with 0; what it raised is in `errors`, and then it ends with 1."""
    pid = os.fork()
    if pid:
        return pid
    try:
        execute.CHECKPOINT_SECONDS = 0.02
        plots.draw = lambda *_: []
        code = call()
        os._exit(code if isinstance(code, int) else 0)
    except BaseException:  # noqa: BLE001  a child must not come back into the tests
        errors.write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(1)


def ended(pid: int, seconds: float = LONGEST) -> int | None:
    """Exit code of a child, negative for a signal; None when it still runs after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.001)


def kill(pid: int) -> int | None:
    """SIGKILL, and what the child ended with."""
    os.kill(pid, signal.SIGKILL)
    return ended(pid)


def content(place: Path) -> tuple:
    """What must not depend on how often a run was stopped: time series, every map, output times, fingerprint of the state."""
    with netCDF4.Dataset(place / store.NAME, "r") as dataset:
        groups = dataset.groups.items()
        maps = {(site, name): np.ma.filled(one[:], np.nan).tobytes() for site, group in groups for name, one in group.variables.items()}
    return (place / timeseries.NAME).read_bytes(), maps, summary.read(place)["state_sha256"]


@cache
def whole(name: str) -> tuple[tuple, float, int]:
    """Content of a run that nothing stopped, the seconds it took, and the size of its checkpoint in bytes."""
    with tempfile.TemporaryDirectory(prefix="calcisim-whole-") as folder, no_pictures():
        work(name, Path(folder) / "warm")  # in this process, so that children start with the kernels they need
        place, errors = Path(folder) / "run", Path(folder) / "errors"
        began = time.perf_counter()
        assert ended(child(lambda: work(name, place) and None, errors)) == 0, errors.read_text(encoding="utf-8")
        return content(place), time.perf_counter() - began, (place / directory.CHECKPOINT).stat().st_size


@contextlib.contextmanager
def no_pictures():
    """Runs without figures, which take longer than the runs."""
    before, plots.draw = plots.draw, lambda *_: []
    try:
        yield
    finally:
        plots.draw = before


def opens(place: Path) -> None:
    """After a kill: the checkpoint loads, and the rows and frames that it counts are there."""
    if not checkpoint.exists(place / directory.CHECKPOINT):
        return
    _, meta = checkpoint.load(place / directory.CHECKPOINT, say=lambda _: None)
    frames = int(meta["frames"])
    if frames:
        assert len(timeseries.read(place)["time_d"]) >= frames, "rows that were committed are lost"
        with netCDF4.Dataset(place / store.NAME, "r") as dataset:
            assert all(len(group["time"]) >= frames for group in dataset.groups.values()), "maps that were committed are lost"

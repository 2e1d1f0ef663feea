"""K2: Ctrl-C, SIGTERM and a second one; C1: eight processes that want the same directory."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

from campaign.children import SCENARIOS, begin, child, content, ended, no_pictures, opens, whole, work
from campaign.rows import ROWS, row

from calcisim import cli
from calcisim.errors import RunLocked, UsageError
from calcisim.results import directory, summary
from calcisim.simulation import checkpoint

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
CROWD = 8
WAIT = 60.0


def command(words: list[str], said: Path) -> None:
    """The command line in this child, what it prints in a file, its exit code that of the process."""
    with open(said, "w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv = ["calcisim", *words]
    try:
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _written(path: Path) -> int:
    """When a file was written last [ns], 0 when it is not there, as between two renames."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _appears(path: Path, newer: int = 0) -> None:
    until = time.monotonic() + WAIT
    while _written(path) <= newer:
        assert time.monotonic() < until, f"{path.name} was not written"
        time.sleep(0.001)


def stopped(pid: int, place: Path, said: Path, number: int, twice: bool, pause: float) -> bool:
    """Send one signal or two; checks how it ended. False when the run was done before."""
    time.sleep(pause)
    try:
        os.kill(pid, number)
        if twice:
            os.kill(pid, number)
    except ProcessLookupError:
        pass
    code = ended(pid)
    if summary.read(place) is not None:
        assert code in (0, -number, SIGNALS[number]), f"ended with {code}"
        return False
    text = said.read_text(encoding="utf-8")
    assert code == SIGNALS[number], f"ended with {code}: {text[-400:]}"
    assert "Traceback" not in text, text[-400:]
    assert checkpoint.load(place / directory.CHECKPOINT, say=lambda _: None)[1]["frames"] >= 0
    if not twice:
        assert f"calcisim resume {place}" in text, f"no word of how to go on: {text[-400:]}"
    opens(place)
    return True


@row(
    "K2",
    "SIGINT or SIGTERM at a random time of `calcisim run`, every second time twice; then `calcisim resume` is stopped in the same way, "
    "and resumed to the end",
    "exit code 130 or 143, the checkpoint is saved, the command that resumes is printed, the end has the same bytes",
    push=10,
    long=100,
)
def signals(number: int, folder: Path) -> str:
    chance, twice = ROWS["K2"].chance(number), number % 2 == 1
    name, sent = SCENARIOS[number % len(SCENARIOS)], chance.choice(list(SIGNALS))
    place, said, errors = folder / "run", folder / "said", folder / "errors"
    _, seconds, _ = whole(name)
    for attempt in range(20):
        shutil.rmtree(place, ignore_errors=True)
        words = ["run", name, "--quick", "--threads", "1", "--out", str(place)]
        pid = child(lambda words=words: command(words, said), errors)
        _appears(place / directory.CHECKPOINT)
        if stopped(pid, place, said, sent, twice, chance.uniform(0.0, seconds / 2 ** min(attempt, 8))):
            break
    else:
        raise AssertionError("it was always done before the signal")
    written = _written(place / directory.CHECKPOINT)
    pid = child(lambda: command(["resume", str(place), "--threads", "1"], said), errors)
    until = time.monotonic() + WAIT
    while summary.read(place) is None and _written(place / directory.CHECKPOINT) == written:
        assert time.monotonic() < until
        time.sleep(0.001)
    stopped(pid, place, said, sent, not twice, 0.0)
    assert ended(child(lambda: work(name, place) and None, errors)) == 0, errors.read_text(encoding="utf-8")
    assert content(place) == whole(name)[0]
    return f"{signal.Signals(sent).name}{', twice' if twice else ''}"


@row(
    "C1",
    f"{CROWD} processes start a run in the same directory at once",
    "one runs to the end with the same bytes, seven end with one clear error",
    push=10,
    long=50,
)
def crowd(number: int, folder: Path) -> str:
    chance, name = ROWS["C1"].chance(number), SCENARIOS[number % len(SCENARIOS)]
    expected, place = whole(name)[0], folder / "run"
    start, pids = time.monotonic() + 0.05, []
    for index in range(CROWD):
        pause = chance.choice([0.0, 0.0, chance.uniform(0.0, 0.2)])

        def call(index=index, pause=pause):
            time.sleep(max(0.0, start + pause - time.monotonic()))
            try:
                with no_pictures():
                    outcome = begin(name, place)
            except (UsageError, RunLocked) as error:
                (folder / f"said{index}").write_text(str(error), encoding="utf-8")
                return error.exit_code
            return 0 if outcome.summary else 1

        pids.append(child(call, folder / f"errors{index}"))
    codes = [ended(pid) for pid in pids]
    assert codes.count(0) == 1, codes
    assert set(codes) <= {0, 2, 75}, codes
    said = [(folder / f"said{index}").read_text(encoding="utf-8") for index, code in enumerate(codes) if code]
    assert all(("another process" in text or "not empty" in text) and str(place) in text for text in said), said
    assert content(place) == expected
    return "one of eight"

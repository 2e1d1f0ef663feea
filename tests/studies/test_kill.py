"""K1, K2 and C1 of the reliability table: kills, double Ctrl-C, and many processes at one run directory."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calcisim.results import store, summary

SCRIPT = Path(__file__).with_name("slow_fake.py")
REAL = Path(__file__).with_name("real_run.py")


def _start(place, *more, script=SCRIPT):
    process = subprocess.Popen([sys.executable, str(script), str(place), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def _content(directory, site="cusp"):
    table = (directory / "timeseries.csv").read_bytes()
    maps = store.read(directory / "results.nc", site, "mineral_calcium")[0].tobytes()
    times = store.axes(directory / "results.nc", site)["time"].tolist()
    return table, maps, times, summary.read(directory)["state_sha256"]


def _wait_for(path, newer=0):
    """Until the file was written, so that the run is in its loop."""
    for _ in range(2000):
        if path.exists() and path.stat().st_mtime_ns > newer:
            return
        time.sleep(0.005)
    raise AssertionError(f"{path} was not written")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole") / "run"
    assert _start(place).wait(60) == 0
    return _content(place)


def _kill_and_resume(place, seconds, script=SCRIPT):
    """Kill the run after a while and go on until it is done; returns how often it was killed."""
    process, kills = _start(place, script=script), 0
    while True:
        try:
            assert process.wait(next(seconds)) == 0, process.stderr.read()
            return kills
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            process = _start(place, *(["resume"] if (place / "scenario.resolved.toml").exists() else []), script=script)


def _draws(seed, longest, count):
    draw = random.Random(seed)
    yield from (draw.uniform(0.02, longest) for _ in range(count))
    while True:
        yield 60.0


@pytest.mark.slow
def test_sigkill_at_a_random_time_changes_nothing(tmp_path, whole):
    assert _kill_and_resume(tmp_path / "run", _draws(1, 0.3, 3)) >= 1
    assert _content(tmp_path / "run") == whole


@pytest.mark.push
def test_sigkill_twenty_times(tmp_path, whole):
    kills = 0
    for trial in range(20):
        if kills >= 20:
            break
        place = tmp_path / f"run{trial}"
        kills += _kill_and_resume(place, _draws(trial, 0.5, 4))
        assert _content(place) == whole
    assert kills >= 20


@pytest.mark.push
def test_sigkill_of_a_shipped_scenario(tmp_path):
    assert _start(tmp_path / "whole", script=REAL).wait(300) == 0
    kills = _kill_and_resume(tmp_path / "run", iter([1.5, 2.5, 2.0, 3.0, 2.2, 300.0, 300.0, 300.0]), script=REAL)
    assert kills >= 2
    assert _content(tmp_path / "run", "joint") == _content(tmp_path / "whole", "joint")


@pytest.mark.push
@pytest.mark.parametrize("trial", range(4))
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_save_and_the_second_ends_at_once(tmp_path, whole, number, code, trial):
    place = tmp_path / "run"
    process = _start(place)
    _wait_for(place / "checkpoint.bin")
    time.sleep(0.02 * trial)
    process.send_signal(number)
    assert process.wait(30) == code
    written = (place / "checkpoint.bin").stat().st_mtime_ns
    again = _start(place, "resume")
    _wait_for(place / "checkpoint.bin", newer=written)
    again.send_signal(number)
    again.send_signal(number)
    assert again.wait(30) == code
    assert _start(place, "resume").wait(60) == 0
    assert _content(place) == whole


@pytest.mark.push
def test_eight_processes_at_one_directory(tmp_path, whole):
    place = tmp_path / "run"
    processes = [_start(place) for _ in range(8)]
    codes = sorted(process.wait(60) for process in processes)
    assert codes[0] == 0
    assert set(codes[1:]) <= {2, 75}
    assert all("another process" in text or "not empty" in text for text in (p.stderr.read() for p in processes) if text)
    assert _content(place) == whole

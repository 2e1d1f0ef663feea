"""The run loop with a stand-in simulation: what is written when, stopping, going on, locks and refusals."""

import json
import os
import shutil
import signal
from pathlib import Path

import fakes
import numpy as np
import pytest

from calcisim import jit
from calcisim.errors import MemoryRefused, RunLocked, SolverError, StorageError, UsageError
from calcisim.results import directory as run_directory
from calcisim.results import plots, store, summary
from calcisim.simulation import checkpoint
from calcisim.studies import execute
from calcisim.studies.execute import Engine, Request
from calcisim.studies.progress import Reporter


class Heard(Reporter):
    """A quiet reporter that remembers."""

    def __init__(self):
        super().__init__()
        self.said = []

    def warn(self, text):
        self.said.append(text)

    note = warn


def engine(simulation=fakes.Simulation, memory=lambda scenario: 0, **options):
    return Engine(lambda *_: fakes.scenario(**options), lambda scenario: "title = 'fake'\n", lambda: simulation, memory)


def stopping(after, number=signal.SIGINT):
    """A simulation that gets a signal in its step `after`, as from a keyboard."""

    class Stopping(fakes.Simulation):
        def advance(self, until, should_stop, progress):
            def noticed(now):
                if self.steps == after:
                    os.kill(os.getpid(), number)
                progress(now)

            return super().advance(until, should_stop, noticed)

    return Stopping


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(execute, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(execute.resources, "cold", lambda: False)
    monkeypatch.setattr(plots, "draw", lambda *_: [])


@pytest.fixture
def whole(tmp_path):
    """A run that was never stopped."""
    outcome = execute.start(Request("cond/fake", out=tmp_path / "whole"), Heard(), engine())
    return outcome.directory


def content(directory):
    """What must not depend on how often a run was stopped."""
    table = (directory / "timeseries.csv").read_bytes()
    maps = store.read(directory / "results.nc", "cusp", "mineral_calcium")[0].tobytes()
    times = store.axes(directory / "results.nc", "cusp")["time"].tolist()
    return table, maps, times, summary.read(directory)["state_sha256"]


def test_a_run_directory_has_everything(whole):
    names = {path.name for path in whole.iterdir()}
    assert {"results.nc", "timeseries.csv", "summary.json", "scenario.resolved.toml", "provenance.json", "checkpoint.bin"} <= names
    document = summary.read(whole)
    assert set(summary.REQUIRED) <= set(document)
    assert document["scenario"] == "cond/fake"
    assert document["steps"] == 40
    assert document["peak_memory_mb"] > 10
    assert store.axes(whole / "results.nc", "cusp")["time"].tolist() == list(range(11))
    provenance = run_directory.provenance(whole)
    assert provenance["seed"] == 1
    assert provenance["versions"]["numpy"] == np.__version__
    assert provenance["citations"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("after", [1, 7, 23])
def test_a_signal_saves_and_resuming_gives_the_same_bytes(tmp_path, whole, after, number, code):
    out = tmp_path / "stopped"
    reporter = Heard()
    outcome = execute.start(Request("cond/fake", out=out), reporter, engine(stopping(after, number)))
    assert outcome.summary is None
    assert 128 + outcome.signal == code
    assert summary.read(out) is None
    assert any("stopping after this step" in said for said in reporter.said)
    assert execute.resume(out, 1, Heard(), engine()).summary["steps"] == 40
    assert content(out) == content(whole)


def test_stopping_again_and_again(tmp_path, whole):
    out = tmp_path / "often"
    execute.start(Request("cond/fake", out=out), Heard(), engine(stopping(3)))
    for after in (4, 5, 16, 30, 39):
        execute.resume(out, 1, Heard(), engine(stopping(after)))
    execute.resume(out, 1, Heard(), engine())
    assert content(out) == content(whole)


def test_without_a_checkpoint_it_starts_at_day_0(tmp_path, whole):
    out = tmp_path / "bare"
    shutil.copytree(whole, out)
    for name in ("summary.json", "checkpoint.bin", "checkpoint.bin.previous"):
        (out / name).unlink()
    execute.resume(out, 1, Heard(), engine())
    assert content(out) == content(whole)


def test_resuming_a_finished_run_changes_nothing(whole):
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in whole.rglob("*")}
    outcome = execute.resume(whole, None, Heard(), engine())
    assert outcome.already
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in whole.rglob("*")} == before


def _stopped(tmp_path, after=20):
    out = tmp_path / "stopped"
    execute.start(Request("cond/fake", out=out), Heard(), engine(stopping(after)))
    return out


def test_rows_and_frames_beyond_the_checkpoint_are_written_again(tmp_path, whole):
    """As after a kill between the frame and the checkpoint: an older checkpoint beside newer files."""
    out = _stopped(tmp_path)
    shutil.copy(checkpoint.previous(out / "checkpoint.bin"), out / "checkpoint.bin")
    with open(out / "timeseries.csv", "ab") as file:
        file.write(b"7.0,12.")
    execute.resume(out, 1, Heard(), engine())
    assert content(out) == content(whole)


def test_maps_of_a_killed_run_are_copied_before_more_are_added(tmp_path, whole):
    out = _stopped(tmp_path)
    maps = out / "results.nc"
    assert not store.torn(maps)  # it was stopped, and could close its file
    (out / "results.nc.open").touch()
    inode = maps.stat().st_ino
    reporter = Heard()
    execute.resume(out, 1, reporter, engine())
    assert content(out) == content(whole)
    assert maps.stat().st_ino != inode
    assert not any("day 0" in said for said in reporter.said)
    assert not store.torn(maps)


def test_a_resumption_that_cannot_write_keeps_what_was_saved(tmp_path, whole):
    """No room is no damage: the run does not start again at day 0, it says so and goes on once there is room."""
    out = _stopped(tmp_path)
    (out / "results.nc.open").touch()
    blocked = out / "results.nc.writing"
    blocked.mkdir()
    before = {name: (out / name).read_bytes() for name in ("results.nc", "timeseries.csv", "checkpoint.bin")}
    reporter = Heard()
    with pytest.raises(StorageError, match="make room, then resume"):
        execute.resume(out, 1, reporter, engine())
    assert {name: (out / name).read_bytes() for name in before} == before
    assert not any("day 0" in said for said in reporter.said)
    blocked.rmdir()
    execute.resume(out, 1, reporter, engine())
    assert content(out) == content(whole)


@pytest.mark.parametrize("name", ["results.nc", "timeseries.csv", "checkpoint.bin"])
@pytest.mark.parametrize("damage", ["cut", "gone", "nonsense"])
def test_damaged_files_never_end_in_a_wrong_result(tmp_path, whole, name, damage):
    out = _stopped(tmp_path)
    path = out / name
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.write_bytes(b"nonsense\n" * 50)
    reporter = Heard()
    execute.resume(out, 1, reporter, engine())
    assert content(out) == content(whole)
    assert any(name in said or "day 0" in said for said in reporter.said)


def test_a_changed_scenario_is_not_continued(tmp_path):
    out = _stopped(tmp_path)
    (out / "scenario.resolved.toml").write_text("title = 'other'\n")
    with pytest.raises(UsageError, match="was changed since the run began"):
        execute.resume(out, 1, Heard(), engine())


def test_a_checkpoint_is_not_only_for_output_times(tmp_path, monkeypatch):
    """Few outputs and long steps: saved in between as well."""
    saved = []
    real = checkpoint.save
    monkeypatch.setattr(checkpoint, "save", lambda path, arrays, meta: (saved.append(meta["frames"]), real(path, arrays, meta)))
    execute.start(Request("f", out=tmp_path / "r"), Heard(), engine(every=5.0))
    assert saved.count(1) > 5


def test_nothing_is_overwritten(tmp_path, whole, monkeypatch):
    with pytest.raises(UsageError, match="nothing is ever overwritten"):
        execute.start(Request("f", out=whole), Heard(), engine())
    before = content(whole)
    execute.start(Request("f", days=2, out=whole, force=True), Heard(), engine())
    assert content(whole.with_name("whole.old-1")) == before
    assert summary.read(whole)["days"] == 2
    execute.start(Request("f", days=2, out=whole, force=True), Heard(), engine())
    assert whole.with_name("whole.old-2").is_dir()
    monkeypatch.chdir(tmp_path)
    places = [execute.start(Request("cond/fake", days=1), Heard(), engine()).directory for _ in range(2)]
    assert places == [Path("runs/cond-fake-001"), Path("runs/cond-fake-002")]


def test_one_process_at_a_time(tmp_path):
    out = _stopped(tmp_path)
    held = run_directory.lock(out)
    for attempt in (
        lambda: execute.resume(out, 1, Heard(), engine()),
        lambda: execute.start(Request("f", out=out, force=True), Heard(), engine()),
    ):
        with pytest.raises(RunLocked) as caught:
            attempt()
        assert caught.value.exit_code == 75
    held.release()
    assert execute.resume(out, 1, Heard(), engine()).summary["steps"] == 40


def test_a_run_that_does_not_fit_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(MemoryRefused, match="spacing") as caught:
        execute.start(Request("f", out=tmp_path / "r"), Heard(), engine(memory=lambda scenario: 10**15))
    assert caught.value.exit_code == 4
    assert not (tmp_path / "r").exists()


def test_the_solvers_failure_names_the_directory(tmp_path):
    class Failing(fakes.Simulation):
        def advance(self, until, should_stop, progress):
            if self.steps > 5:
                raise SolverError("day 1.8, voxel (0, 0, 3) of cusp: Newton did not converge.")
            return super().advance(until, should_stop, progress)

    with pytest.raises(SolverError, match=r"day 1\.8.*What was computed until then is in"):
        execute.start(Request("f", out=tmp_path / "r"), Heard(), engine(Failing))
    assert checkpoint.load(tmp_path / "r" / "checkpoint.bin")[1]["frames"] > 0


def test_a_directory_that_vanishes_is_a_storage_error(tmp_path):
    class Vanishing(fakes.Simulation):
        def advance(self, until, should_stop, progress):
            if self.steps == 8:
                shutil.rmtree(tmp_path / "r")
            return super().advance(until, should_stop, progress)

    with pytest.raises(StorageError, match="could not be written"):
        execute.start(Request("f", out=tmp_path / "r"), Heard(), engine(Vanishing))


def test_several_sites_have_columns_of_their_own(tmp_path):
    outcome = execute.start(Request("f", days=1, out=tmp_path / "r"), Heard(), engine(sites=("hip", "lung")))
    header = (outcome.directory / "timeseries.csv").read_text().splitlines()[0].split(",")
    assert {"calcium_ug_per_mg_dry", "hip.calcium_ug_per_mg_dry", "lung.calcium_ug_per_mg_dry"} <= set(header)
    assert set(outcome.summary["sites"]) == {"hip", "lung"}
    assert json.loads((outcome.directory / "summary.json").read_text())["sites"]["hip"]["onset_day"] is None


def test_output_times_are_exact_and_do_not_depend_on_days():
    scenario = fakes.scenario(days=10, every=0.1)
    full = execute.output_times(scenario, scenario.duration)
    assert full[3] == 3 * (0.1 * fakes.DAY)
    assert len(full) == 101
    assert execute.output_times(scenario, 5 * fakes.DAY) == full[:51]
    scenario.output = ()
    assert len(execute.output_times(scenario, scenario.duration)) == 51
    assert execute.output_times(scenario, 0.3 * fakes.DAY)[-1] == 0.3 * fakes.DAY


def test_days_must_be_positive_and_at_most_200_years(tmp_path):
    for days in (0.0, -3.0, float("nan"), float("inf"), 73051.0, 1e9, 1e300):
        with pytest.raises(UsageError, match="--days"):
            execute.start(Request("f", days=days, out=tmp_path / "r"), Heard(), engine())
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(("changed", "said"), [("source_hash", "calcisim has changed"), ("data_hash", "parameter tables")])
def test_going_on_with_another_model_is_said(tmp_path, monkeypatch, changed, said):
    out = _stopped(tmp_path)
    quiet = Heard()
    execute.resume(shutil.copytree(out, tmp_path / "same"), 1, quiet, engine())
    assert not any("changed" in text for text in quiet.said)
    monkeypatch.setattr(jit, changed, lambda: "0" * 64)
    loud = Heard()
    execute.resume(out, 1, loud, engine())
    assert [text for text in loud.said if "changed" in text and said in text]


def test_the_hash_of_the_data_sees_every_file_and_is_in_no_cache_key(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.toml").write_text("x = 1\n")
    first = jit.data_hash(tmp_path)
    (tmp_path / "deep" / "a.toml").write_text("x = 2\n")
    assert jit.data_hash(tmp_path) != first
    assert run_directory.provenance(_stopped(tmp_path))["data_sha256"] == jit.data_hash()
    place = jit._cache_directory()
    monkeypatch.setattr(jit, "data_hash", lambda: "0" * 64)
    assert jit._cache_directory() == place


@pytest.mark.parametrize("every", [0.0005, None])
def test_more_outputs_than_a_run_may_have_are_refused(tmp_path, every):
    short = fakes.scenario(days=0.001, every=every or 1.0)
    short.output = short.output if every else ()
    crowded = Engine(lambda *_: short, lambda _: "title = 'fake'\n", lambda: fakes.Simulation, lambda _: 0)
    with pytest.raises(UsageError, match="more than 100,000 outputs"):
        execute.start(Request("f", days=3650.0, out=tmp_path / "r"), Heard(), crowded)
    assert not (tmp_path / "r").exists()


def test_threads_are_checked_before_anything_is_written(tmp_path):
    for threads in (0, -1, 10**6):
        with pytest.raises(UsageError, match="--threads"):
            execute.start(Request("f", threads=threads, out=tmp_path / "r"), Heard(), engine())
    assert not (tmp_path / "r").exists()

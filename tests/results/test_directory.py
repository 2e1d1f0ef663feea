"""Where a run may be put: what is refused leaves no trace, and only a run of ours is moved aside."""

import json
from pathlib import Path

import pytest

from calcisim.errors import RunLocked, UsageError
from calcisim.results import directory as run_directory


def _everything(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "outer" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "outer" / "here")
    return tmp_path


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("place", ["", ".", "./", "..", "../..", "../here", "sub/.."])
def test_the_current_folder_and_those_above_are_refused(here, place, force):
    Path("sub").mkdir()
    before = _everything(here)
    with pytest.raises(UsageError, match="current folder or one above it"):
        run_directory.chosen(Path(place), force)
    assert _everything(here) == before


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_not_a_run_is_left_alone(here, force):
    Path("thesis").mkdir()
    Path("thesis/chapter.txt").write_text("years of work")
    before = _everything(here)
    with pytest.raises(UsageError, match="not of a run"):
        run_directory.chosen(Path("thesis"), force)
    assert _everything(here) == before


@pytest.mark.parametrize("sign", [run_directory.PROVENANCE, run_directory.SCENARIO])
def test_a_run_is_moved_aside_only_with_force(here, sign):
    Path("run").mkdir()
    (Path("run") / sign).write_text("{}")
    with pytest.raises(UsageError, match="nothing is ever overwritten"):
        run_directory.chosen(Path("run"), False)
    run_directory.chosen(Path("run"), True).release()
    assert (Path("run.old-1") / sign).read_text() == "{}"
    assert not (Path("run") / sign).exists()


@pytest.mark.parametrize("force", [False, True])
def test_an_empty_folder_is_used(here, force):
    Path("new").mkdir()
    run_directory.chosen(Path("new"), force).release()
    assert not Path("new.old-1").exists()


def test_a_run_that_another_process_is_just_writing_is_locked(here):
    Path("run").mkdir()
    held = run_directory.lock(Path("run"))
    Path("run/provenance.json.writing").write_text("{")
    with pytest.raises(RunLocked):
        run_directory.chosen(Path("run"), True)
    held.release()


def _provenance():
    return {"scenario": "a", "days": 1.0, "seed": 1, "scenario_sha256": "0", "source_sha256": "0", "versions": {}, "citations": []}


@pytest.mark.parametrize(
    "left", [("provenance.json.writing",), ("provenance.json",), ("provenance.json", "scenario.resolved.toml.writing")]
)
def test_what_was_killed_before_it_began_can_be_started_again(here, left):
    """Nothing was computed and nothing says how to go on, so the directory is as good as a new one."""
    Path("run").mkdir()
    for name in left:
        Path("run", name).write_text(json.dumps(_provenance()) if name == "provenance.json" else "half")
    run_directory.chosen(Path("run"), force=False).release()
    assert sorted(path.name for path in here.rglob("*.old-*")) == []


@pytest.mark.parametrize("more", ["timeseries.csv", "notes.txt"])
def test_what_holds_more_than_a_beginning_is_refused(here, more):
    Path("run").mkdir()
    Path("run", "provenance.json").write_text(json.dumps(_provenance()))
    Path("run", more).write_text("something")
    with pytest.raises(UsageError, match="not empty"):
        run_directory.chosen(Path("run"), force=False)


def test_a_provenance_of_somebody_else_is_left_alone(here):
    Path("run").mkdir()
    Path("run", "provenance.json").write_text('{"owner": "somebody"}')
    with pytest.raises(UsageError, match="not empty"):
        run_directory.chosen(Path("run"), force=False)
    assert Path("run", "provenance.json").read_text() == '{"owner": "somebody"}'

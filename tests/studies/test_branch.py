"""Branches: unchanged they are the run again, a change acts from its day on and not before, and what cannot be is refused."""

import json

import netCDF4
import numpy as np
import pytest

from calcisim import scenario
from calcisim.errors import UsageError
from calcisim.results import directory as run_directory
from calcisim.results import summary, timeseries
from calcisim.simulation import checkpoint
from calcisim.studies import branch, execute
from calcisim.studies.progress import Reporter

BASE = "metastatic/ckd-constant"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("branch") / "run"
    execute.start(execute.Request(BASE, quick=True, threads=1, out=place, keep=(7.0,)), Reporter(), execute.engine())
    return place


def part(run, tmp_path, day, sets=(), **more):
    request = branch.Request(run, day, sets, out=tmp_path / "branch", threads=1, **more)
    return branch.start(request, Reporter()).directory


def maps(place):
    found = {}
    with netCDF4.Dataset(place / "results.nc") as dataset:
        for name, group in dataset.groups.items():
            found |= {(name, key): (np.ma.filled(one[:]).tobytes(), one.ncattrs()) for key, one in group.variables.items()}
    return found


def content(place):
    """All that a run holds but times and memory: summary, bytes of the table, of the maps and of the last checkpoint."""
    found = {key: value for key, value in summary.read(place).items() if key not in ("wall_s", "peak_memory_mb", "compile_s")}
    arrays, _ = checkpoint.load(place / run_directory.CHECKPOINT)
    return found, (place / timeseries.NAME).read_bytes(), maps(place), {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize("day", [0.0, 7.0, 9.5])
def test_a_branch_without_a_change_is_the_run_to_the_byte(run, tmp_path, day):
    assert content(part(run, tmp_path, day)) == content(run)


def test_without_a_checkpoint_the_past_is_computed_again(run, tmp_path, monkeypatch):
    monkeypatch.setattr(branch.execute, "KEPT", "nothing-here")
    assert content(part(run, tmp_path, 7.0)) == content(run)


def test_of_two_sites_with_a_treatment_and_a_computed_plasma(tmp_path):
    place = tmp_path / "run"
    request = execute.Request("metastatic/ckd5-dialysis-thiosulfate", quick=True, threads=1, out=place)
    execute.start(request, Reporter(), execute.engine())
    assert content(part(place, tmp_path, 7.0)) == content(place)


def test_of_a_plasma_that_feels_its_tissue(tmp_path):
    place = tmp_path / "run"
    often = ("output=[{every='1 day'}]",)
    execute.start(execute.Request("tumoral/familial", often, days=4.0, quick=True, threads=1, out=place), Reporter(), execute.engine())
    assert content(part(place, tmp_path, 2.3)) == content(place)


def test_a_treatment_that_begins_late_has_the_same_past(run, tmp_path):
    drug = 'treatment+={kind="etidronate", dose="400 mg/day", start="7 day"}'
    place = part(run, tmp_path, 7.0, (drug,), days=21.0)
    rows, before = timeseries.read(place), timeseries.read(run)
    past = rows["time_d"] <= 7.0
    assert past.sum() == (before["time_d"] <= 7.0).sum()
    deposit = "deposit_calcium_mg"
    assert np.array_equal(rows[deposit][past], before[deposit][before["time_d"] <= 7.0])
    at = dict(zip(rows["time_d"], rows[deposit], strict=True))
    assert at[14.0] < before[deposit][-1]
    assert rows["time_d"][-1] == 21.0
    assert summary.read(place)["days"] == 21.0
    document = run_directory.provenance(place)
    assert document["branched"]["day"] == 7.0
    assert document["branched"]["scenario_sha256"] == run_directory.provenance(run)["scenario_sha256"]


def test_another_plasma_acts_at_once_and_only_the_future_differs(run, tmp_path):
    place = part(run, tmp_path, 7.0, ("plasma.phosphate=1.1 mmol/L",))
    mine, its = timeseries.read(place)["deposit_calcium_mg"], timeseries.read(run)["deposit_calcium_mg"]
    assert np.array_equal(mine[:2], its[:2])
    assert mine[-1] < its[-1]
    assert scenario.load(str(place / run_directory.SCENARIO)).plasma.phosphate == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("day", "sets", "said"),
    [
        (99.0, (), "computed up to day 14"),
        (7.0, ("seed=3",), "seed cannot differ"),
        (7.0, ("site.joint.grid.shape=[8,8]",), "grid cannot differ"),
        (7.0, ("event.0.fraction=0.5",), "what was done is done"),
        (7.0, ('treatment+={kind="etidronate", dose="400 mg/day", start="2 day"}',), "what was done is done"),
        (7.0, ("output=[{every='1 day'}]",), "moves outputs before"),
        (7.0, ("duration=5 day",), "would end"),
    ],
)
def test_a_past_that_would_differ_is_refused(run, tmp_path, day, sets, said):
    with pytest.raises(UsageError, match=said):
        part(run, tmp_path, day, sets)
    assert not (tmp_path / "branch").exists()


def test_a_branch_is_not_put_where_its_run_is(run):
    with pytest.raises(UsageError, match="is the run itself"):
        branch.start(branch.Request(run, 7.0, out=run, force=True), Reporter())
    assert (run / "summary.json").exists()


def test_a_run_of_another_calcisim_is_said(run, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr("calcisim.jit.source_hash", lambda: "another")
    reporter = Reporter()
    reporter.warn = said.append
    branch.start(branch.Request(run, 7.0, out=tmp_path / "branch", threads=1), reporter)
    assert any("have changed since the run" in text for text in said)


def test_a_computed_plasma_is_changed_by_a_treatment(tmp_path):
    place = tmp_path / "run"
    execute.start(execute.Request("metastatic/ckd4", quick=True, threads=1, out=place), Reporter(), execute.engine())
    with pytest.raises(UsageError, match="treatment"):
        part(place, tmp_path, 7.0, ("plasma.phosphate_intake=20 mmol/day",))


@pytest.mark.parametrize("text", ["run", "run@day=x", "run@7", "@day=7", "run@day=-1", "run@day=1e999"])
def test_what_is_no_run_and_day_is_refused(text):
    with pytest.raises(UsageError, match="RUN@day=D"):
        branch.parse(text)


def test_a_run_and_a_day_are_read_from_one_word():
    place, day = branch.parse("runs/a@b-001@day=7.5")
    assert (str(place), day) == ("runs/a@b-001", 7.5)


def test_a_day_that_is_no_output_cannot_be_kept(tmp_path):
    with pytest.raises(UsageError, match="nearest is 7"):
        execute.start(execute.Request(BASE, quick=True, out=tmp_path / "a", keep=(6.0,)), Reporter(), execute.engine())
    assert not (tmp_path / "a").exists()


def test_kept_checkpoints_are_found_and_written_down(run):
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["day-00007.000.bin"]
    assert json.loads((run / "provenance.json").read_text())["keep"] == [7.0]

"""Sweeps: a row per point as a run of its own gives it, failures listed, tables that no stop and no place changes, figures for print."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from print_quality import caught, problems
from studies.sweep_here import Here
from typer.testing import CliRunner

from calcisim.cli import app
from calcisim.errors import RunLocked, StorageError, UsageError
from calcisim.results import directory, sweep_figure
from calcisim.results.observables import REGISTRY
from calcisim.studies import cluster, execute, study_directory, sweep
from calcisim.studies.executor import KILLED, Processes
from calcisim.studies.progress import Reporter
from calcisim.studies.sweep_ledger import Ledger

INJURY = "dystrophic/injury"
VARY = ("plasma.phosphate=1.2,1.6,2.4 mmol/L", "event.0.severity=0.5:1:2")
COLLAGEN = ("tissue.dermis.collagen_2_share=0.5,0.9", "tissue.dermis.collagen_3_share=0.05,0.2")  # 0.9 and 0.2 are more than 1


def small(vary=VARY, **more):
    return sweep.sweep(INJURY, vary, **{"quick": True, "days": 2.0, **more})


def contents(place):
    return [(place / name).read_bytes() for name in ("table.csv", "summary.json", "figures/sweep.png")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return sweep.run(small(), Processes(2), tmp_path_factory.mktemp("sweep") / "a")


# --- what comes out -----------------------------------------------------------------------------------------------------


def test_a_row_per_point_in_the_order_of_the_grid(finished):
    rows = list(csv.DictReader((finished.directory / "table.csv").read_text().splitlines()))
    assert [row["point"] for row in rows] == [str(number) for number in range(1, 7)]
    assert [row["plasma.phosphate (mmol/L)"] for row in rows] == ["1.2", "1.2", "1.6", "1.6", "2.4", "2.4"]
    assert [row["event.0.severity"] for row in rows] == ["0.5", "1.0"] * 3
    assert {row["error"] for row in rows} == {""}
    deposit = [float(row["deposit_calcium_mg"]) for row in rows[1::2]]
    assert deposit == sorted(deposit)
    assert deposit[0] > 0.0
    numeric = {name for name, entry in REGISTRY.items() if entry.numeric}
    assert set(rows[0]) <= numeric | {"point", "plasma.phosphate (mmol/L)", "event.0.severity", "error"}


def test_a_point_is_what_a_run_of_it_gives(finished, tmp_path):
    more = ("plasma.phosphate=1.6 mmol/L", "event.0.severity=1")
    request = execute.Request(INJURY, more, 2.0, None, 1, True, tmp_path / "run")
    summary = execute.start(request, Reporter(), execute.engine()).summary
    row = finished.rows[3]
    same = [name for name, value in row.items() if name in summary and isinstance(value, float)]
    assert len(same) > 20
    assert {name: row[name] for name in same} == {name: summary[name] for name in same}


def test_the_numbers_of_every_site_are_there(tmp_path):
    found = sweep.run(sweep.sweep("healthy/organs", ["seed=1,2"], quick=True, days=0.05), Here(), tmp_path / "a")
    assert "kidney.deposit_calcium_mg" in found.rows[0]
    assert len([name for name in found.rows[0] if name.endswith(".deposit_calcium_mg")]) > 3


def test_the_place_does_not_change_the_table(finished, tmp_path):
    there = sweep.run(small(), Here(), tmp_path / "b")
    assert contents(there.directory) == contents(finished.directory)


def test_the_summary_says_from_where_to_where(finished):
    ends = finished.summary["quantities"]["deposit_calcium_mg"]
    deposit = [row["deposit_calcium_mg"] for row in finished.rows]
    assert (ends["low"], ends["high"], ends["known"]) == (min(deposit), max(deposit), 6)
    assert [deposit[ends[side] - 1] for side in ("low_at", "high_at")] == [min(deposit), max(deposit)]
    assert (finished.summary["points"], finished.summary["finished"], finished.summary["failed"]) == (6, 6, [])


def test_a_file_is_found_from_any_folder_and_a_shipped_name_stays_one(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text(f'extends = "{INJURY}"\n')
    monkeypatch.chdir(tmp_path)
    assert sweep.sweep("mine.toml", ["seed=1,2"]).task(1)[0] == str(tmp_path / "mine.toml")
    (tmp_path / "worse.toml").write_text(f'extends = "{INJURY}"\n[[site]]\nname = "place"\n[site.override]\ncollagen_2_share = 0.9\n')
    study = sweep.sweep("worse.toml", ["tissue.dermis.collagen_3_share=0.05,0.1"], quick=True, days=0.05)
    assert sweep._told(study, f"{tmp_path}/worse.toml:5: no\n{tmp_path}/worse.toml:6: no") == "worse.toml:5: no; worse.toml:6: no"
    assert small().task(1)[0] == INJURY


# --- stopping and going on ----------------------------------------------------------------------------------------------


def test_what_is_there_is_not_run_again(finished):
    idle = Here()
    again = sweep.run(small(), idle, finished.directory)
    assert idle.ran == []
    assert again.summary == finished.summary


@pytest.mark.parametrize("cut", [1, 40, 0])
def test_a_stopped_sweep_goes_on_also_after_half_a_line(finished, tmp_path, cut):
    half = sweep.run(small(), Here(last=3), tmp_path / "c")
    assert (half.summary, half.ended) == (None, 3)
    ledger = half.directory / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes()[: -cut or None])
    rest = Here()
    again = sweep.run(small(), rest, half.directory)
    assert rest.ran == ([3, 4, 5, 6] if cut else [4, 5, 6])
    assert contents(again.directory) == contents(finished.directory)


def test_a_signal_ends_it_and_keeps_what_ended(tmp_path):
    class Stopping(Here):
        def run(self, function, tasks, memory=None, say=None, stop=None):
            for done in super().run(function, tasks):
                yield done
                os.kill(os.getpid(), signal.SIGINT)
                assert stop()
                return

    said = []
    half = sweep.run(small(), Stopping(), tmp_path / "d", say=said.append)
    assert (half.summary, half.signal, half.ended) == (None, signal.SIGINT, 1)
    assert [line for line in said if "stopping" in line] == [
        "stopping: what is at work is dropped, runs that ended are kept; once more to stop at once"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[1]",
        "not json",
        '{"point": 9, "values": [1.2, 0.5], "error": ""}',
        '{"point": 1, "values": [9], "error": ""}',
        '{"point": true, "values": [1.2, 0.5], "error": ""}',
        '{"point": 1.0, "values": [1.2, 0.5], "error": ""}',
        '{"point": 2, "values": [1.2, true], "error": ""}',
        '{"point": 1, "values": [1.2, 0.5], "final": {"deposit_calcium_mg": NaN}}',
        '{"point": 1, "values": [1.2, 0.5], "final": {"deposit_calcium_mg": 1e999}}',
        '{"point": 1, "values": [1.2, 0.5], "final": {"deposit_calcium_mg": "1"}}',
        '{"point": 1, "values": [1.2, 0.5], "final": {"deposit_calcium_mg": true}}',
        '{"point": 1, "values": [1.2, 0.5], "final": {}, "error": ""}',
        '{"point": 1, "values": [1.2, 0.5], "final": {}, "more": 1}',
    ],
)
def test_a_damaged_ledger_is_named_with_its_line(tmp_path, line):
    study = small()
    half = sweep.run(study, Here(last=1), tmp_path / "e")
    with (half.directory / "ledger.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(StorageError, match=r"ledger\.jsonl: line 2 is damaged"):
        sweep.run(study, Here(), half.directory)


def test_a_full_disk_is_a_storage_error_and_costs_no_line(tmp_path):
    """A limit on the size of files refuses a write as a full disk does: a part of the line is written, the rest is not."""
    with Ledger(tmp_path, [(1.0,)]) as ledger:
        ledger.keep(1, {"error": "no way on"})
    code = f"""
import resource, signal, sys
from pathlib import Path
from calcisim.errors import StorageError
from calcisim.studies.sweep_ledger import Ledger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
place = Path({str(tmp_path)!r})
size = (place / "ledger.jsonl").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, size + 10))
try:
    with Ledger(place, [(1.0,)]) as ledger:
        ledger.keep(1, {{"error": "much " * 100}})
except StorageError as error:
    sys.exit(str(error))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert re.search(r"^\S+ledger\.jsonl: could not be written \(File too large\); \d+ bytes are needed", said)
    assert "Traceback" not in said
    with Ledger(tmp_path, [(1.0,)]) as ledger:
        assert ledger.records == {1: {"point": 1, "values": [1.0], "error": "no way on"}}


def test_of_two_lines_for_a_point_the_last_counts(tmp_path):
    with Ledger(tmp_path, [(1.0,)]) as ledger:
        ledger.keep(1, {"error": "no way on"})
        ledger.keep(1, {"final": {"a": float("nan"), "b": np.float64(2.0)}})
    with Ledger(tmp_path, [(1.0,)]) as ledger:
        assert ledger.records == {1: {"point": 1, "values": [1.0], "final": {"a": None, "b": 2.0}}}


def test_a_directory_of_something_else_is_left_alone(finished, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds no sweep"):
        sweep.run(small(), Here(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(UsageError, match="is a file"):
        sweep.run(small(), Here(), tmp_path / "notes.txt")
    for other, said in (
        ({"days": 3.0}, "differs in days"),
        ({"vary": VARY[:1]}, "differs in vary"),
        ({"sets": ["seed=2"]}, "differs in set"),
    ):
        with pytest.raises(UsageError, match=said):
            sweep.run(small(**other), Here(), finished.directory)
    held = directory.lock(finished.directory)
    try:
        with pytest.raises(RunLocked, match="another process"):
            sweep.run(small(), Here(), finished.directory)
    finally:
        held.release()


def test_a_kill_before_the_first_file_is_whole_costs_nothing(tmp_path):
    for name in (".lock", "sweep.json.writing"):
        (tmp_path / name).write_text("{")
    assert sweep.run(small(), Here(last=1), tmp_path).ended == 1


def test_a_directory_is_locked_before_it_is_said_what_it_holds(tmp_path, monkeypatch):
    """Of two sweeps that begin together in one directory the second is refused, and leaves the first alone."""
    held = directory.lock(tmp_path)
    try:
        with pytest.raises(RunLocked):
            sweep.run(small(), Here(), tmp_path)
        assert not (tmp_path / "sweep.json").exists()
    finally:
        held.release()
    written = []

    def watched(path, text):
        with pytest.raises(RunLocked):
            directory.lock(tmp_path)
        written.append(path.name)

    monkeypatch.setattr(study_directory, "write_text", watched)
    sweep.run(small(), Here(last=0), tmp_path)
    assert written == ["sweep.json"]


def test_names_that_no_file_system_takes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match=r"cannot be made \(File name too long\); choose another --out"):
        sweep.run(small(), Here(), tmp_path / ("a" * 300))
    folder = tmp_path / ("b" * 150) / ("c d" * 50)
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(f'extends = "{INJURY}"\n')
    half = sweep.run(sweep.sweep(str(folder / "mine.toml"), ["seed=1,2"], quick=True, days=0.05), Here(last=1))
    assert re.fullmatch(r"[bcd-]+-mine-sweep-[0-9a-f]{8}", half.directory.name)
    assert half.directory.parent.name == "runs"
    assert len(half.directory.name) < 120


def test_the_same_question_has_the_same_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = sweep.run(small(), Here())
    assert first.directory.parent.name == "runs"
    assert first.directory.name.startswith("dystrophic-injury-sweep-")
    idle = Here()
    assert sweep.run(small(), idle).directory == first.directory
    assert idle.ran == []
    assert sweep.run(small(vary=VARY[1:]), Here()).directory != first.directory


# --- a scenario that is changed while it runs ---------------------------------------------------------------------------

LABS = 'extends = "metastatic/ckd5-dialysis"\n[plasma]\ndriver = "csv"\nfile = "labs.csv"\n'


class Changing(Here):
    """Changes a file after the second task."""

    def __init__(self, path, text):
        super().__init__()
        self.path, self.text = path, text

    def run(self, function, tasks, memory=None, say=None, stop=None):
        for number, done in enumerate(super().run(function, tasks), 1):
            if number == 2:
                self.path.write_text(self.text)
            yield done


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'extends = "{INJURY}"\n[plasma]\nfetuin = "3 umol/L"\n', "it was changed"),
        (f'extends = "{INJURY}"\n[plasma', r"mine\.toml:2: .*table declaration"),
    ],
    ids=["other", "broken"],
)
def test_a_file_that_is_edited_gives_no_run_of_another_scenario(tmp_path, text, why):
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "{INJURY}"\n')
    study = sweep.sweep(str(path), ["plasma.phosphate=1.2,1.6,2.4 mmol/L"], quick=True, days=1.0)
    found = sweep.run(study, Changing(path, text), tmp_path / "a")
    assert [one["point"] for one in found.summary["failed"]] == [3]
    assert re.search(rf"mine\.toml: is not the scenario that this study began with \(.*{why}", found.rows[2]["error"])
    path.write_text(f'extends = "{INJURY}"\n# as it was\n')
    rest = Here()
    again = sweep.run(study, rest, found.directory)
    assert rest.ran == [3]
    assert again.rows == sweep.run(study, Here(), tmp_path / "b").rows


def test_a_table_beside_the_scenario_belongs_to_it(tmp_path):
    (tmp_path / "mine.toml").write_text(LABS)
    labs = tmp_path / "labs.csv"
    labs.write_text("time_d,Pi_mg_dL\n0,6.0\n1,6.5\n")
    study = sweep.sweep(str(tmp_path / "mine.toml"), ["seed=1,2"], days=1.0)
    before = sweep.at_point(*study.task(1))
    assert before.seed == 1
    labs.write_text("time_d,Pi_mg_dL\n0,6.0\n1,7.5\n")
    with pytest.raises(StorageError, match="it was changed"):
        sweep.at_point(*study.task(1))
    labs.unlink()
    with pytest.raises(StorageError, match=r"plasma\.file: there is no file "):
        sweep.at_point(*study.task(1))


def test_an_image_beside_the_scenario_belongs_to_it(tmp_path):
    pytest.importorskip("nibabel", reason="writes the images")
    from scenario import pictures

    pictures.both(tmp_path)
    (tmp_path / "joint.toml").write_text(pictures.DEPOSITED)
    study = sweep.sweep(str(tmp_path / "joint.toml"), ["seed=1,2"])
    assert sweep.at_point(*study.task(2)).seed == 2
    for name, values in (("labels.nii.gz", pictures.labels()), ("density.nii.gz", pictures.density())):
        values[5, 3, 2] = 1
        pictures.write(tmp_path / name, values)
        with pytest.raises(StorageError, match="it was changed"):
            sweep.at_point(*study.task(2))
        pictures.both(tmp_path)
    assert sweep.at_point(*study.task(2)).seed == 2


# --- failures -----------------------------------------------------------------------------------------------------------


def test_points_that_the_scenario_refuses_are_listed_and_the_others_run(tmp_path):
    study = small(vary=COLLAGEN, days=0.05)
    found = sweep.run(study, Processes(1), tmp_path / "f")
    assert [bool(row["error"]) for row in found.rows] == [False, False, False, True]
    assert "together more than 1" in found.rows[3]["error"]
    assert found.rows[3]["deposit_calcium_mg"] is None
    assert [one["point"] for one in found.summary["failed"]] == [4]
    idle = Here()
    sweep.run(study, idle, found.directory)
    assert idle.ran == []
    sweep.run(study, idle, found.directory, retry_failed=True)
    assert idle.ran == [4]


def test_what_the_machine_broke_is_tried_again_and_what_broke_by_itself_on_request(tmp_path):
    broken = Here({2: (KILLED, True), 5: ("day 3: no way on", False)})
    first = sweep.run(small(), broken, tmp_path / "g")
    assert [(one["point"], one["error"]) for one in first.summary["failed"]] == [(2, KILLED), (5, "day 3: no way on")]
    again = Here()
    assert [one["point"] for one in sweep.run(small(), again, first.directory).summary["failed"]] == [5]
    assert again.ran == [2]
    assert sweep.run(small(), again, first.directory, retry_failed=True).summary["failed"] == []
    assert again.ran == [2, 5]


def test_a_sweep_in_which_all_runs_fail_still_has_a_table(tmp_path):
    found = sweep.run(small(), Here(dict.fromkeys(range(1, 7), ("no way on", False))), tmp_path / "h")
    assert (
        (found.directory / "table.csv")
        .read_text()
        .startswith("point,plasma.phosphate (mmol/L),event.0.severity,error\n1,1.2,0.5,no way on")
    )


# --- the command --------------------------------------------------------------------------------------------------------


def test_the_command_prints_ends_and_failures_and_one_document(tmp_path):
    words = ["sweep", INJURY, "--quick", "--days", "0.05", "--workers", "1", "-q", "--out", str(tmp_path / "i")]
    words += [part for word in COLLAGEN for part in ("--vary", word)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "3 of 4 runs finished" in done.stdout
    assert re.search(r"^failed: point 4: .*together more than 1", done.stdout, re.MULTILINE)
    assert re.search(r"^deposit_calcium_mg +\d", done.stdout, re.MULTILINE)
    document = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert document["points"] == 4
    assert document["directory"] == str(tmp_path / "i")


def test_a_sweep_of_which_nothing_finished_has_an_exit_code(tmp_path, monkeypatch):
    words = ["sweep", INJURY, "--quick", "--days", "0.05", "--vary", "seed=1,2", "-q"]
    for errors, code in ({1: ("no way on", False), 2: (KILLED, True)}, 3), ({1: ("no way on", False)}, 0):
        monkeypatch.setattr(cluster, "chosen", lambda *_, errors=errors: Here(errors))
        place = str(tmp_path / str(code))
        for more in ([], ["--json"]):
            done = CliRunner().invoke(app, [*words, "--out", place, *more])
            assert done.exit_code == code, done.output
            said = (
                [one["point"] for one in json.loads(done.stdout)["failed"]]
                if more
                else re.findall(r"^failed: point (\d)", done.stdout, re.M)
            )
            assert [int(number) for number in said] == list(errors)


# --- places -------------------------------------------------------------------------------------------------------------


def test_options_of_places_that_do_not_go_together():
    for given, said in (
        ((2, "tcp://a:1", ()), "--workers does not go with --scheduler"),
        ((None, "tcp://a:1", ("queue=a",)), "choose one"),
        ((0, None, ()), "--workers 0"),
    ):
        with pytest.raises(UsageError, match=said):
            cluster.chosen(*given)
    assert cluster.chosen(3) == Processes(3)


@pytest.mark.parametrize(
    ("address", "said"), [("", "this is empty"), ("host:8786", "tcp://HOST:8786"), ("a" * 5000, "no such scheduler file")]
)
def test_a_scheduler_is_an_address_or_a_file_that_is_there(address, said):
    with pytest.raises(UsageError, match=f"--scheduler .*{said}"):
        cluster.Dask(address)


def test_a_place_that_cannot_be_is_told_before_a_directory_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    monkeypatch.setattr("shutil.which", lambda name: None)
    for more, said in (("--scheduler", "s.json"), "no such scheduler file"), (("--slurm", "queue=a"), "there is no sbatch here"):
        done = CliRunner().invoke(app, ["sweep", INJURY, "--vary", "seed=1,2", *more])
        assert isinstance(done.exception, UsageError)
        assert said in str(done.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("option", "given"), [("--scheduler", ("tcp://a:1", ())), ("--slurm", (None, ("queue=a",)))])
def test_a_missing_extra_is_one_line(option, given, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=rf"^{option} needs .*pip install 'calcisim\[cluster\]'$"):
        cluster.chosen(None, *given)


# --- figures ------------------------------------------------------------------------------------------------------------


def finals(points, failed=(), onset=True):
    found = []
    for number, point in enumerate(points):
        size = float(np.prod([1.0 + value for value in point]))
        late = None if size < 3.0 else 30.0 / size
        found.append(None if number in failed else {"deposit_calcium_mg": 1e-3 * size**3, **({"onset_day": late} if onset else {})})
    return found


PHOSPHATE = ("plasma.phosphate", "mmol/L", False)
OTHERS = [("site.place.override.perfusion", "1/s", True), ("tissue.dermis.fibril_fraction", "", False), ("event.0.severity", "", False)]


@pytest.mark.parametrize(
    ("axes", "shapes", "failed"),
    [
        ([PHOSPHATE], (9,), ()),
        ([PHOSPHATE], (9,), (2, 5)),
        ([OTHERS[0]], (60,), ()),
        ([("seed", "", False)], (5,), ()),
        ([PHOSPHATE, OTHERS[0]], (9, 5), ()),
        ([PHOSPHATE, OTHERS[1]], (4, 6), (3,)),
        ([PHOSPHATE, *OTHERS], (3, 3, 2, 2), (1,)),
        ([PHOSPHATE, *OTHERS, ("seed", "", False)], (2, 2, 2, 2, 2), ()),
    ],
    ids=["curve", "curve-failed", "log", "seeds", "map", "map-failed", "many", "five"],
)
def test_every_figure_is_fit_for_print(tmp_path, axes, shapes, failed):
    ends = [np.geomspace(1e-3, 1.0, n) if axis[2] else np.linspace(0.5, 2.6, n) for axis, n in zip(axes, shapes, strict=True)]
    points = list(zip(*(part.ravel() for part in np.meshgrid(*ends, indexing="ij")), strict=True))
    with caught() as figures:
        sweep_figure.draw(tmp_path, axes, points, finals(points, failed))
    assert problems(figures) == []


def test_samples_in_two_and_more_ranges_are_drawn_as_points(tmp_path):
    draw = np.random.default_rng(1)
    for axes in ([PHOSPHATE, OTHERS[0]], [PHOSPHATE, *OTHERS]):
        points = draw.uniform(0.01, 1.0, (40, len(axes))).tolist()
        with caught() as figures:
            sweep_figure.draw(tmp_path, axes, points, finals(points, (0, 7)))
        assert problems(figures) == []


def test_logarithms_have_few_plain_numbers_and_units_are_printed(tmp_path):
    fetuin = ("plasma.fetuin", "umol/L", True)
    for axes in ([fetuin], [PHOSPHATE, fetuin], [fetuin, PHOSPHATE, OTHERS[1], OTHERS[2]]):
        points = np.random.default_rng(1).uniform(2.0, 40.0, (30, len(axes))).tolist()
        with caught() as figures:
            sweep_figure.draw(tmp_path, axes, points, finals(points))
        assert problems(figures) == []
        panel = figures[0][1].axes[0]
        side = panel.yaxis if len(axes) == 2 else panel.xaxis
        assert side.get_label_text() == "Plasma fetuin (µmol/L)"
        assert {"2", "5", "10", "20"} <= {label.get_text() for label in side.get_ticklabels()}
    assert [sweep_figure.printed(unit) for unit in ("um", "mol/m3/year", "1/s", "um2", "mEq/L")] == [
        "µm",
        "mol/m³/year",
        "1/s",
        "µm²",
        "mEq/L",
    ]


def test_cells_of_a_map_lie_around_their_values():
    assert sweep_figure.edges(np.array([1.0, 2.0, 4.0]), False).tolist() == [0.5, 1.5, 3.0, 5.0]
    assert sweep_figure.edges(np.array([1.0, 100.0]), True) == pytest.approx([0.1, 10.0, 1000.0])


# --- kills --------------------------------------------------------------------------------------------------------------


def command(place, *more):
    """200 tiny real runs."""
    words = [sys.executable, "-m", "calcisim.cli", "sweep", INJURY, "--quick", "--days", "3", "--set", "population.classes=24"]
    return [*words, "--vary", "plasma.phosphate=1.2:2.4:20mmol/L", "--vary", "event.0.severity=0.1:1:10", "--out", str(place), *more]


def lines(place):
    path = place / "ledger.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def kill_at(words, place, count):
    """Start the command and SIGKILL it once the ledger has so many lines; its processes must end by themselves."""
    import psutil

    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while lines(place) < count:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    assert lines(place) < 200


@pytest.mark.push
def test_200_runs_killed_twice_are_the_same_table(tmp_path):
    draw = np.random.default_rng()
    place = tmp_path / "killed"
    kill_at(command(place, "--workers", "2"), place, int(draw.integers(5, 60)))
    kill_at(command(place, "--workers", "1"), place, lines(place) + int(draw.integers(5, 60)))
    subprocess.run(command(place, "--workers", "2"), check=True, capture_output=True)
    subprocess.run(command(tmp_path / "whole", "--workers", "2"), check=True, capture_output=True)
    assert contents(place) == contents(tmp_path / "whole")
    assert json.loads((place / "summary.json").read_text())["finished"] == 200


@pytest.mark.push
def test_ctrl_c_keeps_the_ledger_and_says_how_to_go_on(tmp_path):
    place = tmp_path / "stopped"
    process = subprocess.Popen(command(place), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while lines(place) < 5:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"{lines(place)} of 200 runs are kept in {place}; the same command goes on" in said

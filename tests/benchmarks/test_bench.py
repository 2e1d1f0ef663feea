"""`calcisim bench` with fast fakes, and that what is timed is right: nothing here asserts a time."""

import importlib
import itertools
import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import print_quality
import pytest
from benchmarks.scripts import FOLDER
from typer.testing import CliRunner

from calcisim.cli import app
from calcisim.errors import StorageError, UsageError
from calcisim.studies import bench
from calcisim.studies.bench_pair import Pair, Prepared, measure, seconds, turns
from calcisim.studies.resources import peak_memory_mb

KEYS = ["measure", "subject", "reference", "ratio", "median_s", "peak_memory_mb"]


@pytest.fixture(scope="module", autouse=True)
def measures_on_the_path():
    """The folder of the benchmarks, as the child process has it."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for name in [name for name in sys.modules if name == "measures" or name.startswith("measures.")]:
        del sys.modules[name]


def module(name):
    return importlib.import_module(f"measures.{name}")


# --- timing --------------------------------------------------------------------------------------------------------


def scripted(order, name, times):
    """A run that notes its turn and says how long it took."""
    left = iter(times)

    def run():
        order.append(name)
        return next(left)

    return run


def test_subject_and_reference_take_turns_and_medians_come_out():
    order = []
    ours, theirs = [9.0, 9.0, 1.0, 2.0, 50.0, 2.0, 3.0], [9.0, 9.0, 10.0, 10.0, 10.0, 30.0, 10.0]
    pair = Pair(
        lambda: Prepared(scripted(order, "ours", ours), "mine", details={"steps": 3}),
        lambda: Prepared(scripted(order, "theirs", theirs), "other", scale=2.0, details={"extrapolated": True}),
        fraction=0.5, repetitions=5,
    )  # fmt: skip
    found = measure(pair)
    assert order == ["ours", "ours", "theirs", "theirs"] + ["ours", "theirs"] * 5
    assert (found["median_s"], found["reference_s"]) == (2.0, 20.0)
    ratios = sorted(0.5 * 2.0 * b / a for a, b in zip(ours[2:], theirs[2:], strict=True))
    assert found["ratio"] == ratios[2]
    assert (found["subject"], found["reference"], found["repetitions"], found["steps"], found["extrapolated"]) == (
        "mine",
        "other",
        5,
        3,
        True,
    )
    assert found["peak_memory_mb"] > 10.0


def test_the_subjects_peak_is_read_before_the_reference_is_made():
    held = []

    def large():
        held.append(np.ones(int(peak_memory_mb() * 1e6 / 8)))  # as much as the peak so far, whatever this process has let go since
        return Prepared(lambda: 1.0, "large")

    before = measure(Pair(lambda: Prepared(lambda: 1.0, "small"), large, repetitions=2))["peak_memory_mb"]
    after = measure(Pair(lambda: Prepared(lambda: 1.0, "small"), lambda: Prepared(lambda: 1.0, "small"), repetitions=2))["peak_memory_mb"]
    held.clear()
    assert after > before + 100.0


def test_a_given_time_is_a_reference_and_a_single_turn_runs_once():
    calls, details = [], {}

    def run():
        calls.append(1)
        details["steps"] = 31
        return 20.0

    found = measure(Pair(lambda: Prepared(run, "a year", details=details, memory_mb=lambda: 512.0), 90.0, repetitions=1))
    assert (len(calls), found["ratio"], found["reference_s"], found["peak_memory_mb"], found["steps"]) == (1, 4.5, 90.0, 512.0, 31)


def test_a_run_without_a_time_of_its_own_is_timed_and_quick_pairs_get_more_turns():
    assert 0.0 <= seconds(lambda: None) < 5.0
    assert seconds(lambda: 3.5) == 3.5
    assert turns(100.0, 100.0) == 5
    assert turns(1e-4, 1e-4) == 41
    assert turns(0.2, 0.2) == 15


# --- the command ---------------------------------------------------------------------------------------------------

FAKE = """
from typing import NamedTuple
class Measure(NamedTuple):
    name: str
    module: str
    function: str
    title: str
    target: float | None
    needs: tuple = ()
    long: bool = False
MEASURES = (
    Measure("quick", "fake", "quick", "ten times", 8.0),
    Measure("slow_peer", "fake", "slow", "half as fast", 1.0, ("json",)),
    Measure("with_peer", "fake", "quick", "a peer that is not here", 1.0, ("phreeqpython_not_here",)),
    Measure("broken", "fake", "broken", "raises", None, (), True),
)
"""
FAKE_MEASURES = """
from calcisim.studies.bench_pair import Pair, Prepared
def quick():
    print("a peer talks on stdout")
    return Pair(lambda: Prepared(lambda: 0.1, "ours"), lambda: Prepared(lambda: 1.0, "theirs"))
def slow():
    return Pair(lambda: Prepared(lambda: 0.2, "ours"), lambda: Prepared(lambda: 0.1, "theirs"))
def broken():
    raise ArithmeticError("the answers differ by 3")
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A folder of benchmarks with four measures."""
    place = tmp_path / "benchmarks"
    (place / "measures").mkdir(parents=True)
    (place / "measures" / "__init__.py").write_text(FAKE)
    (place / "measures" / "fake.py").write_text(FAKE_MEASURES)
    monkeypatch.setattr(bench, "folder", lambda: place)
    monkeypatch.chdir(tmp_path)
    return place


def call(*words):
    return CliRunner().invoke(app, ["bench", *words])


def test_results_are_a_list_with_a_figure_and_a_page_about_the_machine(fake, tmp_path):
    with print_quality.caught() as figures:
        done = call("--out", "out")
    assert done.exit_code == 0, done.output
    rows = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert [row["measure"] for row in rows] == ["quick", "slow_peer"]
    assert all(list(row)[: len(KEYS)] == KEYS for row in rows)
    assert [row["ratio"] for row in rows] == pytest.approx([10.0, 0.5])
    assert [row["met"] for row in rows] == [True, False]
    assert [(row["subject"], row["reference"]) for row in rows] == [("ours", "theirs")] * 2
    about = json.loads((tmp_path / "out" / "about.json").read_text())
    assert about["versions"]["numpy"] == np.__version__
    assert len(about["load"]) == 3
    assert "with_peer: left out, phreeqpython_not_here is not installed; pip install 'calcisim[oracle]'" in done.stderr
    assert len(figures) == 1
    assert print_quality.problems(figures) == []


def test_nothing_is_overwritten_and_a_foreign_folder_is_left_alone(fake, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("kept")
    with pytest.raises(UsageError, match="not empty"):
        bench.command(["quick"], out=Path("out"))
    with pytest.raises(UsageError, match="not of a benchmark"):
        bench.command(["quick"], out=Path("out"), force=True)
    with pytest.raises(UsageError, match="current folder"):
        bench.command(["quick"], out=Path())
    assert (tmp_path / "out" / "mine.txt").read_text() == "kept"
    bench.command(["quick"], out=Path("new"))
    bench.command(["slow_peer"], out=Path("new"), force=True)
    assert json.loads((tmp_path / "new.old-1" / "bench.json").read_text())[0]["measure"] == "quick"


def test_a_mistyped_measure_gets_the_nearest_name(fake):
    with pytest.raises(UsageError, match="Did you mean slow_peer"):
        bench.command(["slow_per"])
    with pytest.raises(UsageError, match="--list"):
        bench.command(["zzzz"])


def test_long_measures_run_when_asked_for_and_a_failure_names_measure_and_cause(fake):
    every = bench.measures(fake)
    assert [one.name for one in bench.choose(every, (), False)] == ["quick", "slow_peer", "with_peer"]
    assert [one.name for one in bench.choose(every, (), True)][-1] == "broken"
    done = call("--only", "broken", "--only", "quick", "--out", "out", "-q")
    assert done.exit_code == 1
    assert "broken: could not be measured: ArithmeticError: the answers differ by 3" in done.stderr
    assert [row["measure"] for row in json.loads(Path("out/bench.json").read_text())] == ["quick"]


def test_a_ratio_that_fell_is_found_and_one_that_drifted_is_not(fake):
    recorded = fake / bench.RECORDED
    assert bench.recorded(fake) == {}
    bench.command(["quick"], keep=True)
    kept = json.loads(recorded.read_text())
    assert kept["quick"]["ratio"] == pytest.approx(10.0)
    assert bench.command(["quick"], check=True)[1] == []
    recorded.write_text(json.dumps({"quick": {"ratio": 14.0}}))
    assert call("--only", "quick", "--check", "-q").exit_code == 0
    recorded.write_text(json.dumps({"quick": {"ratio": 16.0}, "other": {"ratio": 2.0}}))
    done = call("--only", "quick", "--check", "--json", "-q")
    assert done.exit_code == 1
    assert "quick: the ratio fell from 16 to 10" in done.stderr
    assert json.loads(done.stdout)[0]["measure"] == "quick"
    bench.command(["quick"], keep=True)
    assert set(bench.recorded(fake)) == {"quick", "other"}
    assert bench.worse([{"measure": "quick", "ratio": None}], {"quick": 10.0}) == ["quick: the ratio fell from 10 to nothing"]
    recorded.write_text("{")
    with pytest.raises(StorageError, match="--record"):
        bench.command(["quick"], check=True)


def test_every_measure_has_a_function_and_a_name_of_its_own():
    table = bench.measures(FOLDER)
    names = [one.name for one in table]
    assert len(set(names)) == len(names)
    assert {
        "explicit_stencil", "coupled_case_a", "coupled_vs_explicit", "pypde", "speciation_phreeqc", "golovin_partmc", "golovin_pysdm",
        "threads_busy", "threads_free", "year_2d_256", "year_3d_64", "year_3d_128",
    } <= set(names)  # fmt: skip
    for one in table:
        text = (FOLDER / "measures" / f"{one.module}.py").read_text(encoding="utf-8")
        assert f"\ndef {one.function}() -> Pair:" in text, one.name
    assert [one.name for one in table if one.long] == ["year_3d_128"]
    listed = json.loads(call("--list", "--json").stdout)
    assert [row["name"] for row in listed] == names


# --- what is timed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 37, 70), (5, 7, 40)])
@pytest.mark.parametrize("team", [False, True])
def test_the_fused_step_is_the_numpy_step_and_keeps_calcium(shape, team):
    explicit = module("explicit")
    ours, plain = explicit.Explicit(shape), explicit.InNumpy(shape)
    two = module("two").Two() if team else None
    before = ours.values()[0].sum() + ours.values()[2].sum()
    for _ in range(5):
        ours.step(two)
        plain.step()
    for mine, other in zip(ours.values(), (plain.ca, plain.p, plain.m), strict=True):
        assert np.abs(mine.ravel() - other.ravel()).max() <= 1e-12
    assert ours.values()[2].max() > 0.1
    assert ours.values()[0].sum() + ours.values()[2].sum() == pytest.approx(before, rel=1e-12)


def test_halves_with_ghost_rows_are_the_whole_plane():
    explicit = module("explicit")
    shape = (1, 41, 70)
    whole, halves = explicit.Explicit(shape), explicit.Halves(shape)
    halves.go(module("two").Two(), 3)
    for _ in range(3 * explicit.GHOSTS):
        whole.step()
    for one, other in zip(whole.values(), halves.values(), strict=True):
        assert one.shape == other.shape
        assert np.array_equal(one, other)


@pytest.fixture(scope="module")
def short():
    """An hour of column A on a coarse grid, in sight of the start, with mineral quick to come; and its exact end."""
    column = module("column")
    case = column.case_a(16)._replace(end=3600.0, nucleation=20.0)
    return column, case, column.reference(case)


def observed(method, counts, exact):
    errors = [float(np.linalg.norm(method(count) - exact)) for count in counts]
    return [math.log(a / b) / math.log(counts[i + 1] / counts[i]) for i, (a, b) in enumerate(itertools.pairwise(errors))], errors


@pytest.mark.parametrize(
    ("name", "order", "counts"), [("lie", 1.0, (800, 1600, 3200)), ("strang", 2.0, (400, 800, 1600)), ("euler", 1.0, (1600, 3200, 6400))]
)
def test_splitting_and_explicit_steps_converge_at_their_order(short, name, order, counts):
    column, case, exact = short
    orders, errors = observed(lambda count: getattr(column, name)(case, count), counts, exact)
    assert orders[-1] == pytest.approx(order, abs=0.25), (orders, errors)
    assert errors[-1] < 0.02 * np.linalg.norm(exact)


def test_iterated_splitting_converges_to_the_same_answer(short):
    column, case, exact = short
    orders, errors = observed(lambda count: column.iterated(case, count, 1e-8)[0], (400, 800, 1600), exact)
    assert orders[-1] == pytest.approx(1.0, abs=0.25), (orders, errors)


def test_ours_reaches_one_per_cent_on_the_same_column(short):
    column, case, exact = short
    assert max(map(abs, column.error(column.coupled(case, 1e-5)[0], exact))) < 0.01


def test_the_search_finds_the_fewest_steps_or_extrapolates():
    case_a = module("case_a")
    exact = np.ones(4)

    def first_order(steps):
        return exact * (1.0 + 10.0 / steps)

    found = case_a.search(first_order, exact, 10)
    assert found.steps == pytest.approx(1000, rel=0.05)
    assert found.error <= 0.01
    assert not found.extrapolated
    assert found.order == pytest.approx(1.0)
    short = case_a.search(first_order, exact, 10, cap=0.0)
    assert short.extrapolated
    assert short.steps == 1000
    assert case_a.largest_error(np.array([1.0, np.nan]), exact[:2]) == math.inf


def test_our_saturation_indices_are_phreeqcs():
    pytest.importorskip("phreeqpython", reason="phreeqpython (extra `oracle`) is not installed")
    reference = module("solutions")._phreeqc()
    assert reference.details["largest_si_difference"] < 1e-3


def test_the_fine_cube_is_a_scenario():
    from calcisim import scenario

    cube = scenario.load(FOLDER / "scenarios" / "cube.toml")
    assert list(cube.site[0].grid.shape) == [128, 128, 128]
    assert cube.duration == 365.0 * 86400.0


def test_a_place_without_benchmarks_is_a_users_error(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "calcisim", SimpleNamespace(__file__=str(tmp_path / "a" / "b" / "calcisim" / "__init__.py")))
    with pytest.raises(UsageError, match="no benchmarks here"):
        bench.folder()


def test_a_check_against_no_record_fails_and_says_so():
    rows, said = [{"measure": "a", "ratio": 2.0}, {"measure": "b", "ratio": 1.0}], []
    assert bench.compared(rows, {}, said.append) == ["--check: nothing could be compared"]
    assert said == ["nothing recorded of a, b; --record keeps ratios for later checks"]
    assert bench.compared(rows, {"a": 2.5}, said.append) == []
    assert bench.compared(rows, {"a": 4.0}, said.append) == ["a: the ratio fell from 4 to 2"]

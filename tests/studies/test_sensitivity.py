"""Sensitivity: indices of functions whose answers are known, runs left out in whole groups, ranges of the tables, figures for print."""

import csv
import json
import math

import numpy as np
import pytest
from print_quality import caught, problems
from studies.sweep_here import Here
from typer.testing import CliRunner

from calcisim import parameters
from calcisim.cli import app
from calcisim.errors import StorageError, UsageError
from calcisim.results import sensitivity_figure
from calcisim.scenario import tissues
from calcisim.scenario.errors import ScenarioError
from calcisim.studies import cluster, sensitivity, sweep
from calcisim.studies.sensitivity import COLUMNS, COUNTED, design, group, indices

pytest.importorskip("SALib", reason="needs the extra `calibrate`")

INJURY = "dystrophic/injury"
VARY = ("plasma.phosphate=1.2:2.4mmol/L", "plasma.fetuin=5:20:log umol/L")
VARY_OF = {INJURY: VARY, "healthy/organs": ("tissue.dermis.hindrance=0.3:0.5", "tissue.dermis.fibril_fraction=0.1:0.2")}


def ishigami(shares):
    """sin x1 + 7 sin² x2 + 0.1 x3⁴ sin x1 with x in (−π, π)."""
    x = math.pi * (2.0 * shares - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


# --- analysis -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("add", "times"), [(0.0, 1.0), (1e3, 1e-6)])
def test_sobols_indices_of_ishigamis_function(add, times):
    shares = design("sobol", 3, 4096, 1)
    found, used = indices("sobol", shares, times * (add + ishigami(shares)), 1)
    assert used == 4096
    assert found["first"] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.02)
    assert found["total"] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.02)
    for name, exact in (("first", [0.3139, 0.4424, 0.0]), ("total", [0.5576, 0.4424, 0.2437])):
        assert all(low < value < high for low, value, high in zip(found[f"{name}_low"], exact, found[f"{name}_high"], strict=True))
        assert max(high - low for low, high in zip(found[f"{name}_low"], found[f"{name}_high"], strict=True)) < 0.15


def test_morris_of_a_linear_function_is_its_slopes_without_spread():
    shares = design("morris", 4, 6, 2)
    found, used = indices("morris", shares, shares @ np.array([3.0, -2.0, 0.0, 0.5]) + 7.0, 1)
    assert used == 6
    assert found["mu_star"] == pytest.approx([3.0, 2.0, 0.0, 0.5], abs=1e-9)
    assert found["mu"] == pytest.approx([3.0, -2.0, 0.0, 0.5], abs=1e-9)
    assert found["sigma"] == pytest.approx([0.0] * 4, abs=1e-9)


def test_morris_sees_what_acts_together():
    shares = design("morris", 3, 40, 1)
    found, _ = indices("morris", shares, 4.0 * shares[:, 0] * shares[:, 1] + shares[:, 2], 1)
    assert min(found["sigma"][:2]) > 0.5
    assert found["sigma"][2] == pytest.approx(0.0, abs=1e-9)
    assert all(found["mu_star_low"][n] < 2.0 < found["mu_star_high"][n] for n in (0, 1))  # the exact mean of 4 x over 0 to 1


@pytest.mark.parametrize("method", list(COUNTED))
def test_a_run_without_a_value_takes_its_group_with_it(method):
    shares = design(method, 3, 16, 1)
    values = ishigami(shares)
    size = group(method, 3)
    whole = indices(method, shares[size:], values[size:], 5)
    values[1] = math.nan
    found, used = indices(method, shares, values, 5)
    assert used == 15
    assert (found, used) == whole
    values[::size] = math.nan
    assert indices(method, shares, values, 5) == (None, 0)
    assert indices(method, shares, np.full(len(shares), 3.0), 5) == (None, 16)


@pytest.mark.parametrize("method", list(COUNTED))
def test_a_design_depends_on_its_seed_alone(method):
    first = design(method, 3, 8, 1)
    assert first.shape == (8 * group(method, 3), 3)
    assert np.array_equal(first, design(method, 3, 8, 1))
    assert not np.array_equal(first, design(method, 3, 8, 2))
    assert (first.min() >= 0.0, first.max() <= 1.0) == (True, True)


# --- a study ------------------------------------------------------------------------------------------------------------


def small(method="morris", count=4, **more):
    return sensitivity.study(INJURY, VARY, **{"quick": True, "days": 1.0, "method": method, "count": count, **more})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    place = tmp_path_factory.mktemp("sensitivity") / "a"
    return sensitivity.run(small(), Here(), ("deposit_calcium_mg", "calcium_phosphorus_ratio"), place)


def test_a_study_finds_what_the_runs_say(finished):
    document = json.loads((finished.directory / "sensitivity.json").read_text())
    assert list(document["quantities"]) == ["deposit_calcium_mg", "calcium_phosphorus_ratio"]
    by_hand = np.array([row["deposit_calcium_mg"] for row in finished.rows])
    shares = np.array([[(p - 1.2) / 1.2, np.log(f / 5.0) / np.log(4.0)] for p, f in small().points])
    found, _ = indices("morris", shares, by_hand, 1)
    got = document["quantities"]["deposit_calcium_mg"]["indices"]
    assert [one["mu_star"] for one in got] == pytest.approx(found["mu_star"], rel=1e-9)
    assert got[0]["mu"] > 0.0 > got[1]["mu"]  # phosphate makes more of it, fetuin less
    rows = list(csv.DictReader((finished.directory / "sensitivity.csv").read_text().splitlines()))
    assert [(row["quantity"], row["path"]) for row in rows] == [
        (q, p) for q in document["quantities"] for p in ("plasma.phosphate", "plasma.fetuin")
    ]
    assert set(COLUMNS["morris"]) < set(rows[0])
    assert finished.summary["finished"] == 12


def test_another_quantity_costs_no_run(finished):
    idle = Here()
    picture = (finished.directory / "figures" / "sensitivity.png").read_bytes()
    before = json.loads((finished.directory / "sensitivity.json").read_text())
    again = sensitivity.run(small(), idle, ("onset_day",), finished.directory)
    assert idle.ran == []
    assert list(again.summary["quantities"]) == ["onset_day"]
    assert again.summary["quantities"]["onset_day"]["indices"] is None  # nothing is drawn, and what was stays
    assert again.pictures == ()
    assert (finished.directory / "figures" / "sensitivity.png").read_bytes() == picture
    for name in ("sensitivity.json", "summary.json"):
        document = json.loads((finished.directory / name).read_text())
        assert {**before["quantities"], "onset_day": again.summary["quantities"]["onset_day"]} == document["quantities"]
    rows = list(csv.DictReader((finished.directory / "sensitivity.csv").read_text().splitlines()))
    assert {row["quantity"] for row in rows} == {"deposit_calcium_mg", "calcium_phosphorus_ratio"}
    drawn = sensitivity.run(small(), idle, ("calcium_phosphorus_ratio",), finished.directory)
    assert drawn.pictures == (finished.directory / "figures" / "sensitivity.png",)
    assert idle.ran == []


def test_a_damaged_file_of_indices_is_named(tmp_path):
    (sensitivity.run(small(), Here(), (), tmp_path / "a").directory / "sensitivity.json").write_text("{}")
    with pytest.raises(StorageError, match=r"sensitivity\.json: is damaged; delete it"):
        sensitivity.run(small(), Here(), (), tmp_path / "a")


def test_the_command_prints_what_is_left_out_and_no_picture_that_was_not_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "chosen", lambda *_: Here({3: ("no way on", False)}))
    words = ["sensitivity", INJURY, "--quick", "--days", "1", "--trajectories", "5", "--out", str(tmp_path / "a"), "--quiet"]
    words += [part for word in VARY for part in ("--vary", word)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("deposit_calcium_mg (mg)\n1 of 5 groups of runs are left out: a run failed or has no value\n")
    assert f"picture: {tmp_path / 'a' / 'figures' / 'sensitivity.png'}\n" in done.stdout
    done = CliRunner().invoke(app, [*words, "--quantity", "onset_day"])
    assert "groups of runs are left out" in done.stdout
    assert "picture" not in done.stdout
    assert "deposit" not in done.stdout
    monkeypatch.setattr(cluster, "chosen", lambda *_: Here(dict.fromkeys(range(1, 16), ("no way on", False))))
    words[words.index("--out") + 1] = str(tmp_path / "b")
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 3
    assert "0 of 15 runs finished" in done.stdout


@pytest.mark.parametrize(
    ("scenario", "quantity", "said"),
    [
        (INJURY, "plac.deposit_calcium_mg", "has one site, so leave it out: deposit_calcium_mg"),
        (INJURY, "place.deposit_calcium", "did you mean 'deposit_calcium_mg'"),
        ("healthy/organs", "kidny.deposit_calcium_mg", "no site 'kidny'; did you mean 'kidney'"),
        ("healthy/organs", ".deposit_calcium_mg", "no site ''; sites: .*kidney"),
    ],
)
def test_a_quantity_of_no_site_is_told_before_a_run(tmp_path, scenario, quantity, said):
    study = sensitivity.study(scenario, VARY_OF[scenario], quick=True, days=0.05)
    idle = Here()
    with pytest.raises(UsageError, match=said):
        sensitivity.run(study, idle, (quantity,), tmp_path / "a")
    assert idle.ran == []
    assert not (tmp_path / "a").exists()


def test_a_quantity_of_a_site_that_is_there_is_found(tmp_path):
    study = sensitivity.study("healthy/organs", VARY_OF["healthy/organs"], quick=True, days=0.05, count=4)
    half = sensitivity.run(study, Here(last=1), ("kidney.deposit_calcium_mg",), tmp_path / "a")
    assert half.ended == 1


def test_a_stopped_study_goes_on_to_the_same_files(finished, tmp_path):
    wanted = ("deposit_calcium_mg", "calcium_phosphorus_ratio")
    half = sensitivity.run(small(), Here(last=5), wanted, tmp_path / "b")
    assert (half.summary, half.ended) == (None, 5)
    rest = Here()
    again = sensitivity.run(small(), rest, wanted, half.directory)
    assert rest.ran == list(range(6, 13))
    whole = sensitivity.run(small(), Here(), wanted, tmp_path / "whole")
    assert [row["deposit_calcium_mg"] for row in whole.rows] == [row["deposit_calcium_mg"] for row in finished.rows]
    for name in ("table.csv", "sensitivity.csv", "sensitivity.json", "summary.json", "figures/sensitivity.png"):
        assert (again.directory / name).read_bytes() == (whole.directory / name).read_bytes()


def test_failed_runs_are_listed_and_their_groups_left_out(tmp_path):
    found = sensitivity.run(small(count=5), Here({3: ("no way on", False)}), out=tmp_path / "c")
    assert found.summary["quantities"]["deposit_calcium_mg"]["used"] == 4
    assert [one["point"] for one in found.summary["failed"]] == [3]
    assert found.summary["quantities"]["deposit_calcium_mg"]["groups"] == 5


def test_sobol_takes_its_own_number_of_runs():
    assert len(small("sobol", 8).points) == 8 * 4
    assert small("sobol", 8).design == {"kind": "sobol", "samples": 8, "seed": 1}
    assert len(small(count=None).points) == 10 * 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"method": "sobel"}, "morris, sobol"),
        ({"method": "sobol", "count": 12}, "power of 2, for example 1[06]|power of 2, for example 8"),
        ({"count": 2}, "--trajectories 2: 4 at least"),
        ({"count": 50_000}, "150,000 runs; at most 100,000"),
    ],
)
def test_numbers_that_cannot_be(given, said):
    with pytest.raises(UsageError, match=said):
        small(**given)


def test_what_varies_is_asked_for_with_examples():
    with pytest.raises(UsageError, match=r"--vary plasma.phosphate=.*--vary 'tissue.dermis.hindrance=0.25:0.6'.*--vary assumed"):
        sensitivity.study(INJURY, ())
    with pytest.raises(UsageError, match="two at least"):
        sensitivity.study(INJURY, VARY[:1])
    with pytest.raises(UsageError, match="leave out how many"):
        sensitivity.study(INJURY, ("plasma.phosphate=1:2:3 mmol/L", VARY[1]))
    with pytest.raises(ScenarioError, match="did you mean 'phosphate'"):
        sensitivity.study(INJURY, ("plasma.phosphat=1:2 mmol/L", VARY[1]))
    with pytest.raises(UsageError, match=r"--quantity 'deposit_calcium': .*did you mean 'deposit_calcium_mg'"):
        sensitivity.run(small(), Here(), ("deposit_calcium",))


def test_a_missing_extra_is_one_line(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'calcisim\[calibrate\]'$"):
        small()


def test_assumed_columns_come_with_their_ranges(tmp_path):
    said = []
    study = sensitivity.study(INJURY, ("assumed", "tissue.dermis.perfusion=2e-4:3e-4 1/s"), quick=True, say=said.append)
    paths = [axis.path for axis in study.axes]
    assert len(paths) == len(set(paths))
    assert (study.axes[0].low, study.axes[0].high) == (2e-4, 3e-4)  # what is given goes before the table
    table = parameters.tables("tissues")["dermis"]
    assert {path.split(".")[2] for path in paths} <= {name for name, row in table.items() if row.quality == "assumed"} & set(
        tissues.COLUMNS
    )
    uptake = next(axis for axis in study.axes if axis.path.endswith("uptake_capacity"))
    assert (uptake.low, uptake.high, uptake.unit, uptake.log) == (0.15, 7.5, "mol/m3/year", True)
    loaded = sweep.at_point(*study.task(1))
    assert loaded.site[0].override["uptake_capacity"] == pytest.approx(
        dict(zip(paths, study.points[0], strict=True))[uptake.path] / 31557600.0
    )


# --- figures ------------------------------------------------------------------------------------------------------------


def document(method, axes, quantities):
    draw = np.random.default_rng(axes)
    found = {}
    for name, unit in quantities:
        some = []
        for number in range(axes):
            size = 0.9 * 0.6**number
            one = {"path": f"tissue.dermis.column_{number}", "unit": "1/s", "low": 1.0, "high": 2.0, "log": False}
            half = size * draw.uniform(0.1, 0.5)
            for column in ("mu_star", "first", "total"):
                one |= {column: size, f"{column}_low": size - half, f"{column}_high": size + half}
            some.append(one | {"mu": -size, "sigma": size * draw.uniform(0.0, 1.2)})
        found[name] = {"unit": unit, "indices": some, "groups": 9, "used": 9, "low": 0.0, "high": 1.0}
    return {"method": method, "quantities": {**found, "onset_day": {"unit": "d", "indices": None}}}


@pytest.mark.parametrize("method", ["morris", "sobol"])
@pytest.mark.parametrize("axes", [2, 6, 20])
def test_the_figure_is_fit_for_print(tmp_path, method, axes):
    quantities = [("deposit_calcium_mg", "mg"), ("calcium_phosphorus_ratio", "mol/mol"), ("hap_fraction", "1")][: 1 if axes == 20 else 3]
    with caught() as figures:
        sensitivity_figure.draw(tmp_path, document(method, axes, quantities))
    assert problems(figures) == []

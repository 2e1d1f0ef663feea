"""The table of routes, in small."""

import csv
import json
import sys

import pytest
from benchmarks.scripts import FOLDER, script

from calcisim import scenario as scenarios
from calcisim.errors import SolverError

QUICK = {"bursa fluid": (str(FOLDER / "scenarios" / "uraemic-bursa.toml"), 7 * 86400.0)}


@pytest.fixture(scope="module")
def ablation():
    return script("ablation")


@pytest.fixture(scope="module")
def rows(ablation):
    routes = {name: ablation.ROUTES[name] for name in (ablation.USUAL, "no aggregation", "no capture")}
    return ablation.table(routes, QUICK)


def test_every_case_loads_with_every_switch(ablation):
    for name, time in ablation.CASES.values():
        for sets in ablation.ROUTES.values():
            assert scenarios.load(name, sets).duration >= time


def test_floating_mineral_clumps_by_collision_alone(ablation, rows):
    usual, apart, _ = rows
    assert usual["fused_fraction"] > 0.1
    assert apart["fused_fraction"] < 1e-9
    assert "fused_fraction" in ablation.changed(apart, usual)


def test_a_route_that_changes_nothing_is_named(ablation, rows, capsys):
    assert ablation.idle(rows) == ["no capture"]
    ablation.show(rows)
    assert capsys.readouterr().out.rstrip().endswith("no capture: changes nothing in bursa fluid")


def test_one_per_cent_is_the_least_that_counts(ablation):
    assert ablation.close(1.0, 1.009)
    assert not ablation.close(1.0, 1.02)
    assert ablation.close(None, None)
    assert not ablation.close(None, 0.0)


def test_a_case_without_an_answer_is_shown_and_ends_with_exit_code_1(ablation, monkeypatch, tmp_path, capsys):
    def measure(name, time, sets):
        if sets:
            raise SolverError("no step is small enough")
        return dict.fromkeys(ablation.MEASURES, 1.0)

    monkeypatch.setattr(ablation, "measure", measure)
    monkeypatch.setattr(sys, "argv", ["ablation.py", "--out", str(tmp_path), "--only", "tube"])
    assert ablation.main() == 1
    assert "no answer: no step is small enough" in capsys.readouterr().out
    with (tmp_path / ablation.NAME).open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [row["failure"] for row in written] == [""] + ["no step is small enough"] * 5
    assert {row["case"] for row in written} == {"test tube"}


def test_a_file_that_is_there_is_kept_without_force(ablation, monkeypatch, tmp_path, capsys):
    path = tmp_path / ablation.NAME
    path.write_text("mine", encoding="utf-8")
    monkeypatch.setattr(ablation, "measure", lambda name, time, sets: dict.fromkeys(ablation.MEASURES, 1.0))
    monkeypatch.setattr(sys, "argv", ["ablation.py", "--out", str(tmp_path), "--json"])
    assert ablation.main() == 2
    assert path.read_text(encoding="utf-8") == "mine"
    with pytest.raises(FileExistsError):
        ablation.write(path, [])
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--force"])
    assert ablation.main() == 0
    assert len(json.loads(capsys.readouterr().out)["idle"]) == len(ablation.ROUTES) - 1

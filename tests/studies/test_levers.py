"""benchmarks/treatment_levers.py: every kind of treatment has a scenario in which it moves its target."""

import json
import sys

import pytest
from benchmarks.scripts import script

from calcisim.scenario import schema  # noqa: F401  (it fills the registry)
from calcisim.scenario.treatments import TREATMENTS

TWO_ARMS = "anticoagulant: wound of muscle"  # whose arms cancel; the kind is live in the artery
CHEAP = ("phosphate-binder: uraemia", "calcimimetic: adenoma", "haemodialysis: uraemia, no dose", "colchicine: deposit after necrosis")


@pytest.fixture(scope="module")
def levers():
    return script("treatment_levers")


def test_every_kind_of_treatment_has_a_row(levers):
    assert {row.kind for row in levers.ROWS.values()} == set(TREATMENTS)
    assert len(levers.ROWS) == len(levers.TISSUE) + len(levers.BODY)


def test_ten_times_is_ten_times(levers):
    doses = [(row.usual, row.tenfold) for row in levers.ROWS.values() if row.tenfold and "dose" in row.usual]
    assert len(doses) > 10
    for usual, tenfold in doses:
        small, large = (float(one["dose"].split()[0]) for one in (usual, tenfold))
        assert large == pytest.approx(10.0 * small)


def test_only_what_has_no_dose_is_judged_by_one_amount(levers):
    single = {row.kind for row in levers.ROWS.values() if row.tenfold is None}
    assert single == {"haemodialysis", "parathyroidectomy", "stop-antacid", "stop-vitamin-d"}


@pytest.mark.parametrize("name", CHEAP)
def test_a_lever_moves_its_target(levers, name):
    (line,) = levers.table(name)
    assert line.passed, line


def test_a_change_counts_either_way_and_from_a_negative_value(levers):
    assert levers.Moved(2.0, 1.9, 1.0).change == pytest.approx(-0.5)
    assert levers.Moved(-4.0, -3.0, None).change == pytest.approx(0.25)


def test_a_lever_that_is_not_live_ends_with_exit_code_1(levers, monkeypatch, capsys):
    monkeypatch.setattr(levers, "moved", lambda name: {"nuclei": levers.Moved(1.0, 1.1, 1.15)})
    monkeypatch.setattr(sys, "argv", ["treatment_levers.py", "--json", "--only", "magnesium"])
    assert levers.main() == 1
    assert json.loads(capsys.readouterr().out)[0]["passed"] is False


@pytest.mark.push
def test_every_kind_is_live_somewhere(levers):
    lines = levers.table()
    assert {levers.ROWS[line.name].kind for line in lines if line.passed} == set(TREATMENTS)
    assert {line.name for line in lines if not line.passed} <= {TWO_ARMS}

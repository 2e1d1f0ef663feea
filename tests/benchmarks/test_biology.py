"""The table of what biology must show, the healthy draws and the calibration, in small."""

import json
import sys

import pytest
from benchmarks.scripts import script

from calcisim import parameters
from calcisim import scenario as scenarios
from calcisim.studies import free


@pytest.fixture(scope="module")
def table():
    return script("biology_table")


@pytest.fixture(scope="module")
def draws():
    return script("healthy_draws")


@pytest.mark.parametrize("word", ["unfixed", "empty", "medium", "wound", "half_phosphate"])
def test_a_line_passes_and_says_what_it_got(table, word):
    (line,) = table.table(word, draws=0)
    assert line.passed, line
    assert line.got


def test_the_sponges_come_out_in_order(table):
    assert [line.passed for line in table.table("sponge", draws=0)] == [True] * 4


def test_a_line_that_misses_ends_with_exit_code_1(table, monkeypatch, capsys):
    monkeypatch.setattr(table, "LINES", (lambda: table.Line("nothing", "something", "nothing", False),))
    monkeypatch.setattr(sys, "argv", ["biology_table.py", "--json", "--draws", "0"])
    assert table.main() == 1
    assert json.loads(capsys.readouterr().out)[0]["passed"] is False


def test_draws_are_the_same_for_the_same_seed_and_stay_near_health(draws):
    people = draws.people(64, 1)
    assert people == draws.people(64, 1)
    assert people != draws.people(64, 2)
    rows = parameters.table("plasma")
    for name in draws.LABS:
        low, high = rows[name].range
        inside = sum(low <= plasma[name] <= high for plasma, _ in people)
        assert 57 <= inside <= 64, name
    for name in draws.INHIBITORS:
        assert all(abs(plasma[name] / rows[name].value - 1.0) <= 0.1 for plasma, _ in people)
    assert all(abs(shift) <= 0.3 for _, shift in people)


def test_a_few_healthy_people_stay_clear(draws):
    result = draws.run(4, workers=1)
    assert result["share_below"] == 1.0
    assert 0.0 < result["expected_nuclei_median"] <= result["expected_nuclei_largest"]


def test_too_many_calcified_people_end_with_exit_code_1(draws, monkeypatch):
    monkeypatch.setattr(draws, "one", lambda person: (1.0, 1e6))
    monkeypatch.setattr(sys, "argv", ["healthy_draws.py", "--draws", "4", "--workers", "1", "--json"])
    assert draws.main() == 1


def test_at_most_five_numbers_are_fitted_and_they_are_the_ones_marked_so():
    family = script("calibrate_implants").FAMILY
    paths = [path for paths in family.values() for path in paths]
    assert len(paths) == len(set(paths)) <= 5
    for name, some in family.items():
        loaded = scenarios.load(name)
        for path in some:
            row = parameters.find(path.replace("tissue.", "tissues."))
            assert row.quality == "fitted"
            assert free.find(loaded, path).targets
        assert set(free.fitted(loaded)) >= set(some)


@pytest.mark.push
def test_the_calibration_meets_its_points():
    document = script("calibrate_implants").calibrate(quick=True)
    assert document["fitted_numbers"] <= 5
    assert document["objective"] < 1e-2
    assert document["predictions"]["etidronate_inhibition"] > 0.9

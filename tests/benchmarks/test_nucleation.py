"""The table of nucleation and its rivals, in small."""

import csv
import re
import sys
from types import SimpleNamespace

import pytest
from benchmarks.scripts import script

from calcisim import scenario as scenarios
from calcisim.scenario.tissues import paint


@pytest.fixture(scope="module")
def table():
    return script("nucleation_table")


def test_saturations_are_those_of_the_calibration(table):
    assert table.fluid(table.HEALTH).sigma == pytest.approx(2.550, abs=0.005)
    assert table.fluid(table.CKD).sigma == pytest.approx(2.847, abs=0.01)
    assert table.medium(7.4).sigma == pytest.approx(2.841, abs=0.005)
    assert table.medium(7.6).sigma == pytest.approx(3.023, abs=0.005)


def test_the_energy_that_a_count_needs_is_the_one_that_gives_it(table):
    one = table.medium(7.6)
    nuclei = table.rate(one, 1.0) * 0.1 * 86400.0
    assert table.needed(one, nuclei, 0.1, 86400.0) == pytest.approx(161.0, abs=0.01)


@pytest.mark.parametrize("word", ["dmem_7", "necrotic", "energy_", "collagens", "debris"])
def test_lines_of_the_shipped_laws_pass(table, word):
    rows = table.table([table.Law(table.USUAL)], word)
    assert rows
    assert all(row.passed for row in rows), rows


def test_implant_lines_say_their_figures(table):
    law = table.Law(table.USUAL)
    for claim in (table.fixed_cusp, table.unfixed_cusp, table.phosphate_early, table.day_84):
        assert re.search(r"\d", claim(law)[2]), claim


def test_rivals_load_everywhere_with_a_fitted_cusp(table):
    usual = scenarios.load(table.CKD)
    fitted = table.held(0.65, 1e17)
    for sets in table.RIVALS.values():
        for name, texts in ((table.CUSP, fitted), (table.CKD, ()), (table.PERICARDIUM, table.elsewhere(fitted))):
            rival = scenarios.load(name, (*sets, *texts))
            assert ((rival.pathway, rival.population) != (usual.pathway, usual.population)) == bool(sets)
            assert not texts or 1e17 in [kind.debris for kind in paint(rival.site[0])[1]]


def test_the_best_of_two_fits_is_kept(table, monkeypatch):
    def fit(name, paths, profiles, sets):
        begun = any("debris=1e+18" in text for text in sets)
        found = SimpleNamespace(values=[0.7, 2e18], objective=1.0) if begun else SimpleNamespace(values=[0.6, 1e17], objective=9.0)
        return SimpleNamespace(found=found, sets=lambda: ("fitted",))

    monkeypatch.setattr(table.fitting, "fit", fit)
    monkeypatch.setattr(table.fitting, "predict", lambda name, sets, points: [40.8, 122.9] if "1e+18" in sets[-1] else [0.0, 0.0])
    law = table.fitted("rival", ("x=1",), [(0.5, 1e16), (0.5, 1e18)])
    assert law.implant == ("x=1", "fitted")
    assert "objective 1" in law.fit


def test_only_the_laws_as_shipped_decide_the_exit_code(table, monkeypatch, tmp_path, capsys):
    usual, rival = table.Law(table.USUAL), table.Law("rival, fitted", ("x=1",))
    monkeypatch.setattr(table, "laws", lambda: [usual, rival])
    monkeypatch.setattr(table, "CLAIMS", (lambda law: ("a line", "something", law.name, law is usual),))
    table.CLAIMS[0].__name__ = "a_line"
    monkeypatch.setattr(sys, "argv", ["nucleation_table.py", "--out", str(tmp_path)])
    assert table.main() == 0
    assert "MISS  rival, fitted" in capsys.readouterr().out
    with (tmp_path / table.NAME).open(encoding="utf-8") as file:
        assert [row["passed"] for row in csv.DictReader(file)] == ["pass", "MISS"]
    assert table.main() == 2
    monkeypatch.setattr(table, "CLAIMS", (lambda law: ("a line", "something", law.name, False),))
    monkeypatch.setattr(sys, "argv", ["nucleation_table.py", "--out", str(tmp_path), "--force", "--json"])
    assert table.main() == 1

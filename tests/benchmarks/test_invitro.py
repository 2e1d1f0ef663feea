"""The table of test tubes, in small."""

import json
import math
import sys

import pytest
from benchmarks.scripts import script


@pytest.fixture(scope="module")
def table():
    return script("invitro_table")


class Rising:
    """A simulation of steps of 10 s whose share is its time over 100 s."""

    time = 0.0

    def advance(self, until, should_stop):
        while self.time < until:
            self.time += 10.0
            if should_stop():
                return


@pytest.mark.parametrize("word", ["dmem_without_serum", "fetuin_holds"])
def test_a_line_passes_and_says_what_it_got(table, word):
    (line,) = table.table(word)
    assert line.passed, line
    assert line.got


def test_all_four_mixtures_are_said(table):
    (line,) = table.table("villa")
    assert all(f"{mixture}: 0." in line.got for mixture in ("2x2", "4x1", "2x1", "1x4"))


def test_magnesium_makes_minutes_longer(table):
    (line,) = table.table("magnesium")
    assert line.passed
    assert " min" in line.got


def test_a_crossing_lies_between_the_steps_around_it(table):
    assert table.crossing(Rising(), lambda one: one.time / 100.0, 0.55, 1000.0) == pytest.approx(55.0)
    assert table.crossing(Rising(), lambda one: one.time / 100.0, 0.55, 30.0) is None
    assert table.crossing(Rising(), lambda one: float(one.time > 0.0), 0.5, 1000.0) == pytest.approx(5.0)


def test_what_falls_out_is_not_covered(table):
    site = type("Site", (), {"deposit": lambda self: 2.0, "problem": type("P", (), {"held": lambda self: [8.0, 0, 0, 0]})()})()
    one = type("S", (), {"sites": {"tube": site}, "observables": lambda self: {"colloid_fraction": 0.25, "acp_fraction": None}})()
    assert table.precipitated(one) == pytest.approx(0.25)
    assert table.fallen(one) == pytest.approx(0.1875)
    assert table.matured(one) == 0.0


def test_the_critical_fetuin_is_bisected(table, monkeypatch):
    monkeypatch.setattr(table, "unheld", lambda level, fetuin: 0.5 if fetuin < 0.3 * level else 0.0)
    found = [table.critical_fetuin(level) for level in table.LEVELS]
    assert found == pytest.approx([0.3 * level for level in table.LEVELS], rel=0.02)
    assert table.critical_levels().passed
    monkeypatch.setattr(table, "unheld", lambda level, fetuin: 0.0)
    assert table.critical_fetuin(5.0) == 0.0
    assert not table.critical_levels().passed
    monkeypatch.setattr(table, "unheld", lambda level, fetuin: 1.0)
    assert table.critical_fetuin(5.0) == math.inf


def test_sera_in_another_order_do_not_pass(table, monkeypatch):
    sizes = iter([(0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (0.1, 0.1), (0.3, 0.3), (0.2, 0.2)])
    monkeypatch.setattr(table, "mobile", lambda name, time: next(sizes))
    monkeypatch.setattr(table, "minutes", lambda name, share, level: 200.0)
    assert table.sera().passed
    assert not table.sera().passed


def test_a_line_that_misses_ends_with_exit_code_1(table, monkeypatch, capsys):
    monkeypatch.setattr(table, "LINES", (lambda: table.Line("nothing", "something", "nothing", False),))
    monkeypatch.setattr(sys, "argv", ["invitro_table.py", "--json"])
    assert table.main() == 1
    assert json.loads(capsys.readouterr().out)[0]["passed"] is False
    monkeypatch.setattr(sys, "argv", ["invitro_table.py"])
    assert table.main() == 1
    assert capsys.readouterr().out.startswith("MISS  nothing")

"""The machinery of the facts: what is kept, grouped, coarse, broken and written. Checks are fakes but for the cheapest."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from fakes import command_line

from calcisim import scenario
from calcisim.errors import SolverError, UsageError
from calcisim.results import observables
from calcisim.studies import (
    facts,
    facts_dystrophic,
    facts_excision,
    facts_metastatic,
    facts_organs,
    facts_treatment,
    facts_tumoral,
    validate_command,
    validate_kept,
    validate_page,
)
from calcisim.studies import validate as study
from calcisim.studies.executor import Done
from calcisim.studies.validate import plan, validate
from calcisim.studies.validate_kept import Kept

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "validation.md"


@pytest.fixture
def checks(monkeypatch):
    """An empty list of checks that a test fills, with what was called."""
    monkeypatch.setattr(study, "CHECKS", {})
    called = []

    def add(identity, got="1.0", passed=True, error=None, coarse=None):
        def full():
            called.append(identity)
            if error:
                raise error
            return got, passed

        def either(quick=False):
            called.append(f"{identity} coarse" if quick else identity)
            return (coarse, passed) if quick else (got, passed)

        study.fact(identity)(either if coarse else full)

    add.called = called
    return add


def of(rows, identity):
    (row,) = (row for row in rows if row["id"] == identity)
    return row


# --- the table ------------------------------------------------------------------------------------------------------------


def addressed():
    study.load()
    return [row for row in study.facts() if row["id"] in study.CHECKS]


def test_every_addressed_fact_says_what_is_run():
    assert len(addressed()) >= 22
    for row in addressed():
        assert all(row[key] for key in ("scenario", "arms", "observable", "day", "statistic")), row["id"]
        assert set(plan(row["id"]).scenarios) <= set(scenario.names()), row["id"]
        assert plan(row["id"]).days == tuple(float(day) for day in row["day"].split("; ")), row["id"]
        for one in plan(row["id"]).observables:
            assert one in observables.REGISTRY or re.fullmatch(r"computed: .{10,}", one), f"{row['id']}: {one}"


def test_a_fact_that_is_not_addressed_promises_no_run():
    names = {row["id"] for row in addressed()}
    assert all(not row["scenario"] and not row["day"] for row in study.facts() if row["id"] not in names)


def test_rows_of_the_table_are_what_the_simple_checks_run(monkeypatch):
    """F07 with other days and scenarios in its row runs those."""
    asked = []

    def rows(name, days, sets=()):
        asked.append((name, tuple(days)))
        return iter([{"calcium_ug_per_mg_dry": 2.0}] * len(days))

    monkeypatch.setattr(facts, "rows", rows)
    monkeypatch.setattr(facts, "plan", lambda identity: study.Plan(("one", "other"), "", ("calcium_ug_per_mg_dry",), (5.0,), ""))
    assert facts_dystrophic.warfarin_and_implants() == ("1.000", True)
    assert asked == [("one", (5.0,)), ("other", (5.0,))]


def test_days_and_scenarios_of_the_other_checks_are_those_of_their_rows():
    baths, minutes = facts_dystrophic.BATHS, facts_dystrophic.MINUTES
    assert all(bath.split()[0] in plan("F09").arms for bath in baths)
    assert [float(word) for word in plan("F04").arms.split(" min")[0].split("; ")] == list(minutes)
    for identity in ("F14", "F15", "F18"):
        assert (plan(identity).scenarios, plan(identity).days) == ((facts_metastatic.JOINT,), (facts_metastatic.YEAR,))
    assert (plan("F16").scenarios, plan("F16").days) == ((facts_organs.HEALTHY,), (facts_organs.YEAR,))
    assert plan("F21").days == (28.0, facts_treatment.MONTHS, facts_treatment.FIVE_YEARS)
    assert plan("F22").days == (facts_treatment.MONTHS,)
    assert all(drug in plan("F22").arms for drug in facts_treatment.FAILING)
    assert plan("F24").scenarios == (facts_excision.FAMILIAL, facts_excision.URAEMIC)
    assert plan("F24").days == (365.0 * facts_excision.YEARS,)
    assert (plan("F26").scenarios, plan("F26").days) == ((facts_tumoral.FAMILIAL,), facts_tumoral.GROWING)


# --- what is kept ---------------------------------------------------------------------------------------------------------


def test_a_kept_result_is_found_said_and_computed_again_when_asked(checks, tmp_path):
    checks("F01", "41; 123")
    said = []
    first = of(validate(["F01"], kept=Kept(tmp_path)), "F01")
    again = of(validate(["F01"], said.append, kept=Kept(tmp_path)), "F01")
    assert checks.called == ["F01"]
    assert (first["kept"], again["kept"]) == (False, True)
    assert {**again, "kept": False} == first
    assert any("kept" in text and "F01" in text for text in said)
    assert not of(validate(["F01"], kept=Kept(tmp_path), fresh=True), "F01")["kept"]
    assert checks.called == ["F01", "F01"]


def test_another_state_of_the_sources_finds_nothing(checks, tmp_path, monkeypatch):
    checks("F01")
    validate(["F01"], kept=Kept(tmp_path))
    monkeypatch.setattr(validate_kept, "key", lambda: "f" * 64)
    assert not of(validate(["F01"], kept=Kept(tmp_path)), "F01")["kept"]
    assert checks.called == ["F01", "F01"]


def test_the_state_is_that_of_sources_data_and_scenarios_but_not_of_the_paragraphs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = validate_kept.key()
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mine.toml").write_text('title = "a"\n')
    mine = validate_kept.key()
    assert mine != before
    (tmp_path / "configs" / validate_page.MISSES).write_text('F01 = "not a scenario"\n')
    assert validate_kept.key() == mine
    (tmp_path / "configs" / "mine.toml").write_text('title = "b"\n')
    assert validate_kept.key() not in (mine, before)


def test_nothing_is_kept_when_the_sources_change_meanwhile(checks, tmp_path, monkeypatch):
    checks("F01")
    kept, said = Kept(tmp_path), []
    monkeypatch.setattr(validate_kept, "key", lambda: "0" * 64)
    validate(["F01"], said.append, kept=kept)
    assert any("not kept" in text for text in said)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_as_none(checks, tmp_path):
    checks("F01", "41")
    validate(["F01"], kept=Kept(tmp_path))
    (path,) = tmp_path.rglob("F01.json")
    assert json.loads(path.read_text())["got"] == "41"
    for text in ('{"got": "4', "[]", '{"got": "41"}'):
        path.write_text(text)
        assert Kept(tmp_path).find("F01", False) is None
    assert of(validate(["F01"], kept=Kept(tmp_path)), "F01")["got"] == "41"
    assert Kept(tmp_path).find("F01", False)["got"] == "41"


def test_only_the_newest_folders_stay(tmp_path, monkeypatch):
    row = {"id": "F01", "got": "1", "passed": True, "quick": False, "wall_s": 0.1}
    for number in range(validate_kept.FOLDERS + 3):
        monkeypatch.setattr(validate_kept, "key", lambda number=number: f"{number:064d}"[::-1])
        assert Kept(tmp_path).keep(row)
    assert len(list(tmp_path.iterdir())) == validate_kept.FOLDERS + 1
    assert Kept(tmp_path).find("F01", False) is not None


# --- how it is computed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said"), [(SolverError("day 3: no way on"), "error: day 3: no way on"), (ZeroDivisionError("oh"), "ZeroDivisionError: oh")]
)
def test_a_check_that_breaks_is_a_row_that_fails_and_is_not_kept(checks, tmp_path, error, said):
    checks("F01", error=error)
    checks("F02", "5.6")
    rows = validate(["F01", "F02"], kept=Kept(tmp_path))
    assert said in of(rows, "F01")["got"]
    assert of(rows, "F01")["passed"] is False
    assert of(rows, "F02")["passed"] is True
    assert [path.name for path in tmp_path.rglob("*.json")] == ["F02.json"]


def test_a_killed_process_costs_its_facts_only(checks, monkeypatch):
    for identity in ("F01", "F21", "F22"):
        checks(identity)

    def each(function, tasks, count):
        assert count == 2
        for key, arguments in tasks.items():
            yield Done(key, None, "its process was killed") if "F22" in key else Done(key, function(*arguments))

    from calcisim.studies import executor

    monkeypatch.setattr(executor, "each", each)
    rows = validate(["F01", "F21", "F22"], workers=2)
    assert [row["passed"] for row in rows] == [True, False, False]
    assert of(rows, "F21")["got"] == "error: its process was killed"


def test_facts_that_share_people_are_one_task_and_the_longest_goes_first(monkeypatch):
    monkeypatch.setattr(study, "SECONDS", {"F01": 1.0, "F02": 2.0, "F21": 200.0, "F22": 30.0, "F24": 100.0})
    assert study.tasks(["F01", "F22", "F24", "F02", "F21", "F99"]) == [("F21", "F22"), ("F24",), ("F99",), ("F02",), ("F01",)]
    assert study.tasks(["F22"]) == [("F22",)]
    assert study.tasks([]) == []


def test_every_timed_and_grouped_fact_exists():
    study.load()
    assert {one for group in study.TOGETHER for one in group} <= study.CHECKS.keys()
    assert study.SECONDS.keys() <= {row["id"] for row in study.facts()}


def test_a_coarse_answer_is_marked_and_never_taken_for_a_full_one(checks, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "SECONDS", {"F01": 1.0, "F02": 100.0, "F03": 100.0})
    checks("F01", "cheap")
    checks("F02", "full", coarse="coarse")
    checks("F03", "dear")
    kept = Kept(tmp_path)
    rows = validate(["F01", "F02", "F03", "F04"], quick=True, kept=kept)
    assert [(row["got"], row["passed"], row["quick"]) for row in rows] == [
        ("cheap", True, False),
        ("coarse", True, True),
        (study.NOT_QUICK, None, False),
        (None, None, False),
    ]
    assert [study.word(row) for row in rows] == ["pass", "pass", "not in --quick", "not yet addressed"]
    full = validate(["F01", "F02"], kept=kept)
    assert [(row["got"], row["quick"], row["kept"]) for row in full] == [("cheap", False, True), ("full", False, False)]
    coarse = of(validate(["F02"], quick=True, kept=kept), "F02")
    assert (coarse["got"], coarse["quick"], coarse["kept"]) == ("coarse", True, True)
    assert checks.called == ["F02 coarse", "F01", "F02"]


def test_every_dear_fact_has_a_coarse_form():
    study.load()
    dear = [one for one, seconds in study.SECONDS.items() if seconds >= study.CHEAP and one in study.CHECKS]
    assert dear
    assert all(study.coarse(one) for one in dear)


def test_a_percentage_that_hangs_on_spreads_says_so_and_does_not_pass(checks):
    checks("F17", f"79 %; {study.DEPENDS}", passed=False)
    checks("F18", "rising")
    rows = validate(["F17", "F18"])
    assert study.word(of(rows, "F17")) == "depends on assumed spread"
    assert study.share(rows) == (1, 2)


def test_the_cheapest_fact_in_earnest():
    (row,) = validate(["F02"])
    assert row["passed"]
    assert 0.0 < float(row["got"]) < 10.0
    assert (row["scenario"], row["day"]) == ("dystrophic/subdermal-cusp-unfixed", "21")
    assert row["wall_s"] > 0.0


# --- the command and the page ---------------------------------------------------------------------------------------------


@pytest.fixture
def command(checks, tmp_path, monkeypatch, capsys):
    """`calcisim validate` in this process with fake checks, its results kept in a folder of the test."""
    import calcisim.jit

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(calcisim.jit, "CACHE_DIRECTORY", tmp_path / "cache" / "kernels")

    return lambda *words: command_line(capsys, monkeypatch, "validate", "--workers", "1", *words)


def test_json_has_what_was_asked_and_how_it_was_found(checks, command):
    checks("F07", "0.91")
    code, out, _ = command("F07", "F17", "--json")
    found, other = json.loads(out)
    assert code == 0
    assert found["got"] == "0.91"
    assert found["passed"] is True
    assert (other["got"], other["passed"]) == (None, None)
    asked = {
        "id",
        "role",
        "target",
        "got",
        "passed",
        "statement",
        "tolerance",
        "source",
        "scenario",
        "arms",
        "observable",
        "day",
        "statistic",
    }
    assert asked | {"quick", "kept", "wall_s"} <= found.keys() == other.keys()


def test_the_table_says_pass_fail_kept_and_the_share(checks, command):
    checks("F07", "0.91")
    checks("F10", "day 0.7", passed=False)
    command("F07")
    code, out, err = command("F07", "F10")
    assert code == 1
    assert re.search(r"F07 .* 0\.91 +pass \(kept\)", out)
    assert re.search(r"F10 .* day 0\.7 +FAIL$", out, re.MULTILINE)
    assert "1 pass, 1 fail, 0 not yet addressed; of 2 validate rows 1 pass (50%, asked: 80%)" in out
    assert "kept since the sources last changed: F07" in err


def test_the_page_is_written_once_and_over_itself_only(checks, command, tmp_path):
    checks("F01", "41; 123")
    checks("F10", "day 0.7", passed=False)
    assert command("--page", "page.md")[0] == 1
    text = (tmp_path / "page.md").read_text()
    assert "| F10 | validate |" in text
    assert "Of the validate rows 0 of 18 pass (0%; asked: at least 80%, **missed**), F06" in text
    assert command("--page", "page.md")[0] == 1
    (tmp_path / "mine.md").write_text("my notes")
    code, _, err = command("--page", "mine.md")
    assert code == 2
    assert "another file of that name" in err
    assert (tmp_path / "mine.md").read_text() == "my notes"
    for words, said in ((("F01",), "leave out"), (("--quick",), "leave out")):
        code, _, err = command("--page", "new.md", *words)
        assert (code, said in err) == (2, True)
    assert command("--page", "no/such/folder.md")[0] == 2
    assert sorted(path.name for path in tmp_path.glob("*.md")) == ["mine.md", "page.md"]


def fake(identity, role, passed, got="1"):
    row = dict.fromkeys(study.PRINTED, "x")
    return {**row, "id": identity, "role": role, "got": got, "passed": passed, "quick": False, "kept": False, "wall_s": 2.0}


def test_the_page_hides_no_miss():
    rows = [
        fake("F01", "calibrate", True),
        fake("F07", "validate", True),
        fake("F21", "validate", False, "inflammation | -32 %"),
        fake("F99", "validate", False),
        fake("F17", "validate", None, None),
    ]
    text = validate_page.page(rows, "Now.", {"F21": "Neutrophils are missing."})
    head, _, rest = text.partition("## What is missing")
    assert "Of the validate rows 1 of 4 pass (25%; asked: at least 80%, **missed**), F17 counted as not passed." in head.split("\n\n")[1]
    assert "1 of 1 pass (asked: all)" in head
    assert "Null facts: F07 pass, F21 FAIL." in head
    assert r"inflammation \| -32 %" in head
    assert "**F21.** Neutrophils are missing." in rest
    assert "**F99.** Not yet explained" in rest
    assert "**F07.**" not in rest
    assert "**F17.**" not in rest
    enough = validate_page.summary([fake(f"F{n}", "validate", n < 5) for n in range(1, 6)])
    assert enough[0] == "Of the validate rows 4 of 5 pass (80%; asked: at least 80%)."


def test_how_long_it_took_is_said():
    rows = [{"kept": False, "wall_s": 60.0}, {"kept": False, "wall_s": 120.0}, {"kept": False, "wall_s": None}]
    assert validate_command.how(rows, 2, 100.0).endswith("3 minutes of computing in all, 2 minutes with 2 at a time.")
    assert validate_command.how([{"kept": True, "wall_s": 60.0}], 2, 1.0).endswith("1 rows were kept from a run of the same sources.")


def shown():
    """Outcome by fact, as the page of the docs shows it."""
    rows = re.findall(r"^\| (F\d\d) \| (?:calibrate|validate) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {identity: re.split(r"(?<!\\)\|", rest)[-2].strip() for identity, rest in rows}


def test_the_page_of_the_docs_shows_every_fact():
    assert shown().keys() == {row["id"] for row in study.facts()}
    assert set(shown().values()) <= {"pass", "FAIL", study.DEPENDS, "not yet addressed"}


def test_every_miss_of_the_page_has_its_paragraph_and_nothing_else_has():
    missed = {identity for identity, outcome in shown().items() if outcome in ("FAIL", study.DEPENDS)}
    paragraphs = validate_page.misses()
    assert missed == paragraphs.keys()
    assert all(len(text.split()) >= 40 for text in paragraphs.values())
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"**{identity}.** {paragraph}" in text for identity, paragraph in paragraphs.items())


def test_paragraphs_are_one_each_and_about_facts():
    path = ROOT / "src" / "calcisim" / "data" / "validation" / validate_page.MISSES
    assert all("\n\n" not in text for text in tomllib.loads(path.read_text(encoding="utf-8")).values())
    assert validate_page.misses().keys() <= {row["id"] for row in study.facts()}


def test_an_unknown_fact_is_a_mistake(checks):
    with pytest.raises(UsageError, match="no fact F00"):
        validate(["F00"])

"""The reliability table: every row is named by a test, has one implementation with two counts, and stands on its page."""

import importlib.util
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
DOCS = ROOT / "docs"


def _page():
    spec = importlib.util.spec_from_file_location("reliability", DOCS / "reliability.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGE = _page()


def test_every_row_of_the_table_is_named_by_a_collected_test():
    """By its id in the docstring of a file of tests, or of a test in it."""
    named = {path: set(re.findall(r"\b[KRDCMFNGVBSE]\d\b", path.read_text(encoding="utf-8"))) for path in TESTS.rglob("test_*.py")}
    for id in PAGE.IDS:
        assert [path for path, ids in named.items() if id in ids and path != Path(__file__)], f"no test names {id}"


def test_every_row_is_a_trial_with_a_small_and_a_large_count():
    rows = PAGE.rows()
    assert set(rows) == set(PAGE.IDS)
    for id, one in rows.items():
        assert one.id == id
        assert 1 <= one.push <= one.long
        assert one.what
        assert one.passes
        assert 0.5 < one.least <= 1.0
    assert {id for id, one in rows.items() if one.least < 1.0} == {"V1"}


def test_rows_that_the_push_leaves_out_are_tested_elsewhere():
    text = (TESTS / "campaign" / "test_push.py").read_text(encoding="utf-8")
    elsewhere = set(re.findall(r'"(\w\d)"', re.search(r"ELSEWHERE = \{(.*?)\}", text)[1]))
    for id in elsewhere:
        others = [path for path in TESTS.rglob("test_*.py") if path.name not in {"test_push.py", "test_campaign.py"}]
        assert [path for path in others if re.search(rf"\b{id}\b", path.read_text(encoding="utf-8"))], f"{id} is tested nowhere"


def test_the_page_is_what_its_generator_writes():
    figures = json.loads((DOCS / "reliability.json").read_text(encoding="utf-8"))
    assert set(figures) <= set(PAGE.IDS)
    assert (DOCS / "reliability.md").read_text(encoding="utf-8") == PAGE.page(figures)


def test_the_page_says_what_has_not_run_and_what_failed():
    figures = {"K1": {"trials": 300, "passed": 299, "kinds": {"a": 299}, "failures": [{"trial": 7, "said": "lost a row"}], "seconds": 60.0}}
    figures["K1"] |= {"date": "2026-01-01", "commit": "abc", "unit": "trials"}
    text = PAGE.page(figures)
    assert text.count("not run in its long form yet") == len(PAGE.IDS) - 1
    assert "**299 of 300 trials**; 2026-01-01, abc, 1.0 min" in text
    assert "K1, trial 7: `lost a row`" in text


def test_interval_of_a_share():
    low, high = PAGE.interval(9, 10)
    assert (round(low, 1), round(high, 1)) == (59.6, 98.2)

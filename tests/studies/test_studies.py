"""Smaller parts of the studies: memory, equations, facts, catalogue."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from calcisim import scenario
from calcisim.errors import MemoryRefused, UsageError
from calcisim.scenario import citations
from calcisim.studies import catalogue, equations, resources, validate
from calcisim.studies.progress import Lines, clock


def test_memory_is_refused_above_80_percent_and_says_what_fits():
    resources.refuse_if_too_large(80, free=100)
    resources.refuse_if_too_large(None)
    with pytest.raises(MemoryRefused, match=r"64 % of the voxels fits.*1\.16 times.*1\.25 times"):
        resources.refuse_if_too_large(125_000_000_000, free=100_000_000_000)
    assert resources.free_memory() > 0
    assert resources.peak_memory_mb() > 10


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system keeps no peak for the program alone")
def test_the_peak_is_that_of_the_program_not_of_who_started_it():
    held = np.ones(60_000_000)
    mine = resources.peak_memory_mb()
    command = [sys.executable, "-c", "from calcisim.studies import resources; print(resources.peak_memory_mb())"]
    theirs = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert mine > held.nbytes / 1e6
    assert 5.0 < theirs < held.nbytes / 1e6


def test_an_equation_is_read_from_its_docstring(tmp_path):
    (tmp_path / "law.py").write_text(
        'def f(x):\n    """ABC-2. y = x²,\n    for x > 0.\n\n    x [m]\n    """\n\n\ndef g():\n    """No tag."""\n'
    )
    (found,) = equations.every(tmp_path)
    assert (found.tag, found.name, found.formula) == ("ABC-2", "f", "y = x², for x > 0.")
    assert found.place.endswith("law.py:1")


def test_facts_are_those_of_the_literature(monkeypatch):
    addressed = validate.validate(["F07"]) and set(validate.CHECKS)
    monkeypatch.setattr(validate, "CHECKS", {})
    rows = validate.validate()
    assert len({row["id"] for row in rows}) == len(rows) == 26
    assert {row["role"] for row in rows} == {"calibrate", "validate"}
    assert {"F01", "F02"} <= addressed <= {row["id"] for row in rows}
    with pytest.raises(UsageError, match="F01 to F27"):
        validate.validate(["F00"])


def test_a_fact_is_one_function(monkeypatch):
    monkeypatch.setattr(validate, "CHECKS", {})
    validate.fact("F02")(lambda: ("5.9 µg/mg", True))
    row = validate.validate(["F02"])[0]
    assert (row["got"], row["passed"]) == ("5.9 µg/mg", True)
    with pytest.raises(ValueError, match="twice"):
        validate.fact("F02")(lambda: ("", False))


def test_a_run_cites_only_what_it_can_read():
    cusp = scenario.load("dystrophic/subdermal-cusp")
    keys = citations.citations(cusp)
    assert "levy1983" in keys
    assert list(keys) == sorted(set(keys))
    tables = citations.tables(cusp)
    assert "tissues.cusp-fixed" in tables
    assert "tissues.sponge-formaldehyde" not in tables


def test_sizes_in_words():
    def grids(*shapes):
        return SimpleNamespace(site=[SimpleNamespace(grid=SimpleNamespace(shape=shape)) for shape in shapes])

    assert catalogue.size(grids((120,))) == "1-D 120"
    assert catalogue.size(grids(())) == "0-D"
    assert catalogue.size(grids((64, 64), (8, 8, 8))) == "2-D 64×64, 3-D 8×8×8"
    assert catalogue.voxels(grids((64, 64), ())) == 4097


def test_times_in_words():
    assert [clock(s) for s in (0.4, 59, 61, 3599, 7300)] == ["0 s", "59 s", "1 min 01 s", "59 min 59 s", "2 h 01 min"]


def test_time_left_does_not_count_what_came_before_the_first_step():
    reporter = Lines()
    reporter.begin(0.0, 10.0)
    time.sleep(0.2)  # compilation
    reporter.step(1.0)
    assert reporter.remaining(1.0) == ""
    time.sleep(0.01)
    reporter.step(9.0)
    assert reporter.remaining(9.0) == "0 s left"

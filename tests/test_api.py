"""From Python and from the shell, on a real scenario: what a researcher does first."""

import json
import subprocess
import sys

import numpy as np
import pytest

import calcisim as cs
from calcisim.errors import UsageError

NAME = "dystrophic/subdermal-cusp"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return cs.run(
        NAME, days=1, sets=['plasma.phosphate="9 mg/dL"'], seed=3, threads=1, quick=True, out=tmp_path_factory.mktemp("api") / "run"
    )


def test_a_run_in_a_notebook(run):
    assert run.summary["seed"] == 3
    assert run.summary["days"] == 1
    series = run.timeseries()
    assert series["time_d"].tolist() == [0.0, 1.0]
    assert series["calcium_ug_per_mg_dry"][-1] == run.summary["calcium_ug_per_mg_dry"] > 0
    maps = run.to_xarray()
    assert maps.mineral_calcium.dims == ("time", "z", "y", "x")
    assert float(maps.mineral_calcium[-1].max()) > 0
    assert run.plot()[0].name == "deposition.png"


def test_what_was_set_is_in_the_resolved_scenario(run):
    text = (run.directory / "scenario.resolved.toml").read_text()
    assert "seed = 3" in text
    provenance = json.loads((run.directory / "provenance.json").read_text())
    assert provenance["sets"] == ['plasma.phosphate="9 mg/dL"', "seed=3"]
    assert "levy1983" in provenance["citations"]


def test_the_resolved_scenario_is_a_scenario(run, tmp_path):
    again = cs.run(str(run.directory / "scenario.resolved.toml"), days=1, threads=1, out=tmp_path / "again")
    assert again.summary["state_sha256"] == run.summary["state_sha256"]


def test_another_seed_draws_other_nuclei_and_the_same_expectation(run, tmp_path):
    other = cs.run(NAME, days=1, sets=['plasma.phosphate="9 mg/dL"'], seed=4, threads=1, quick=True, out=tmp_path / "other")
    assert other.summary["state_sha256"] != run.summary["state_sha256"]
    assert other.summary["expected_nuclei_per_cm3"] == pytest.approx(run.summary["expected_nuclei_per_cm3"], rel=0.02)


def test_open_run_and_what_is_not_one(run, tmp_path):
    assert cs.open_run(run.directory).summary == run.summary
    with pytest.raises(UsageError, match="not a run"):
        cs.open_run(tmp_path)


def _shell(*words, cwd):
    return subprocess.run([sys.executable, "-m", "calcisim.cli", *words], cwd=cwd, capture_output=True, text=True, check=False)


def test_json_is_one_document_and_quiet_is_quiet(run, tmp_path):
    words = ("run", NAME, "--quick", "--days", "1", "--set", "plasma.phosphate=9 mg/dL", "--seed", "3", "--json", "-q")
    done = _shell(*words, cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert done.stderr == ""
    assert document["status"] == "finished"
    assert document["directory"] == "runs/dystrophic-subdermal-cusp-001"
    assert document["state_sha256"] == run.summary["state_sha256"]
    again = _shell("resume", document["directory"], cwd=tmp_path)
    assert again.returncode == 0
    assert "nothing was changed" in again.stderr
    cited = _shell("cite", document["directory"], cwd=tmp_path)
    assert "@article{levy1983" in cited.stdout


def test_progress_goes_to_stderr_in_plain_lines(tmp_path):
    done = _shell("run", NAME, "--quick", "--days", "1", "--out", "r", cwd=tmp_path)
    assert "1 days into r" in done.stderr
    assert "done in" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    assert "picture: r/figures/deposition.png" in done.stdout


def test_output_times_do_not_depend_on_days(run, tmp_path):
    longer = cs.run(NAME, days=2, sets=['plasma.phosphate="9 mg/dL"'], seed=3, threads=1, quick=True, out=tmp_path / "longer")
    for name, values in run.timeseries().items():
        assert np.array_equal(longer.timeseries()[name][:2], values, equal_nan=True), name

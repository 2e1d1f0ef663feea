"""The command line as a user meets it: answers, one-line errors, exit codes."""

import json
import re
import subprocess
import sys

import netCDF4
import pytest
from fakes import command_line

from calcisim import scenario
from calcisim.errors import MemoryRefused, RunLocked, SolverError, StorageError, UsageError
from calcisim.results import directory as run_directory
from calcisim.studies import provenance

UNKNOWN_OUTPUT = 'reference=[{observable="calcium_ug_per_mg_dri", time="70 day", value=1, source="levy1983"}]'


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: command_line(capsys, monkeypatch, *words)


def test_list_has_every_scenario_with_size_and_cost(command):
    code, out, _ = command("list", "--json")
    rows = json.loads(out)
    assert code == 0
    assert "dystrophic/subdermal-cusp" in {row["name"] for row in rows}
    assert all({"title", "size", "days", "seconds"} <= set(row) for row in rows)
    assert "dystrophic/subdermal-cusp " in command("list")[1]


def test_show_gives_unit_source_and_quality(command):
    code, out, _ = command("show", "dystrophic/subdermal-cusp", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["scenario"]["plasma"]["phosphate"]
    assert all(row["unit"] and row["source"] and row["quality"] for row in document["parameters"])
    names = {row["name"].partition(".")[0] + "." + row["name"].split(".")[1] for row in document["parameters"]}
    assert "tissues.cusp-fixed" in names
    assert "tissues.sponge-glutaraldehyde" not in names
    assert "quality" in command("show", "dystrophic/subdermal-cusp")[1]


def test_show_writes_values_in_the_unit_beside_them(command):
    rows = json.loads(command("show", "healthy/dermis", "--json")[1])["parameters"]
    fetuin = next(row for row in rows if row["name"] == "plasma.fetuin")
    assert (fetuin["value"], fetuin["unit"]) == (10.0, "umol/L")


def test_check_runs_nothing(command, tmp_path):
    code, out, _ = command("check", "dystrophic/subdermal-cusp", "--json")
    assert code == 0
    assert json.loads(out)["voxels"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "dystrophic/subdermal-cups"), "subdermal-cusp"),
        (("run", "dystrophic/subdermal-cusp", "--set", "plasma.phosphat=1 mmol/L"), "phosphate"),
        (("run", "dystrophic/subdermal-cusp", "--set", "plasma.phosphate=6.5"), "plasma.phosphate"),
        (("run", "dystrophic/subdermal-cusp", "--days", "-1"), "--days"),
        (("run", "dystrophic/subdermal-cusp", "--days", "nan"), "--days"),
        (("run", "dystrophic/subdermal-cusp", "--days", "1e9"), "73050 (200 year)"),
        (("run", "dystrophic/subdermal-cusp", "--days", "3650", "--set", 'output=[{every="1 min"}]'), "100,000 outputs"),
        (("run", "dystrophic/subdermal-cusp", "--threads", "0", "--out", "t0"), "--threads 0"),
        (("run", "dystrophic/subdermal-cusp", "--threads", "1000000", "--out", "t0"), "1 to 1024"),
        (("run", "dystrophic/subdermal-cusp", "--seed", "-1", "--out", "t0"), "seed"),
        (("run", "dystrophic/subdermal-cusp", "--seed", "9" * 30, "--out", "t0"), "seed"),
        (("run", "dystrophic/subdermal-cusp", "--set", "plasma.temperature=15 degC"), "chemistry hold from 20 to 42"),
        (("check", "dystrophic/subdermal-cusp", "--set", "plasma.temperature=45 degC"), "above the limit of 42"),
        (("resume", "nowhere", "--threads", "0"), "--threads 0"),
        (("run", "dystrophic/subdermal-cusp", "--out", ".", "--force"), "current folder"),
        (("run", "dystrophic/subdermal-cusp", "--out", ""), "current folder"),
        (("check", "dystrophic/subdermal-cusp", "--set", UNKNOWN_OUTPUT), "did you mean 'calcium_ug_per_mg_dry'?"),
        (("check", "dystrophic/subdermal-cusp", "--quick", "--set", UNKNOWN_OUTPUT), "reference.0.observable: there is no output"),
        (("run", "dystrophic/subdermal-cusp", "--set", UNKNOWN_OUTPUT), "did you mean 'calcium_ug_per_mg_dry'?"),
        (("check", "dystrophic/subdermal-cusp", "--set", "expect.nucleii=3"), "did you mean 'nuclei'?"),
        (("run", "dystrophic/subdermal-cusp", "--set", "expect.cusp.nucleii=3"), "expect.cusp.nucleii: there is no output"),
        (("run", "dystrophic/subdermal-cusp", "--nonsense"), "nonsense"),
        (("resume", "nowhere"), "no such run directory"),
        (("plot", "nowhere"), "no such run directory"),
        (("cite", "nowhere"), "no such run directory"),
        (("where", "zzzz"), "no equation mentions"),
        (("validate", "F99"), "no fact F99"),
    ],
)
def test_a_users_mistake_is_one_message_exit_2_and_nothing_written(command, tmp_path, words, said):
    code, out, err = command(*words)
    assert code == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("error", "code"), [(UsageError, 2), (SolverError, 3), (MemoryRefused, 4), (StorageError, 74), (RunLocked, 75)])
def test_exit_codes(command, monkeypatch, error, code):
    from calcisim.studies import equations

    def fail(term):
        raise error("what, where, why")

    monkeypatch.setattr(equations, "where", fail)
    assert command("where", "x") == (code, "", "error: what, where, why\n")


def test_a_fault_of_ours_says_how_to_get_the_traceback(command, monkeypatch):
    from calcisim.studies import equations

    def fail(term):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(equations, "where", fail)
    code, _, err = command("where", "x")
    assert code == 1
    assert "CALCISIM_TRACEBACK=1" in err
    assert "Traceback" not in err
    monkeypatch.setenv("CALCISIM_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        command("where", "x")


def test_where_prints_tag_place_and_formula(command):
    code, out, _ = command("where", "growth")
    assert code == 0
    assert "GRO-" in out
    assert ".py:" in out


def test_validate_lists_every_fact_and_says_what_is_not_addressed(command, monkeypatch, tmp_path):
    from calcisim import jit
    from calcisim.studies import validate

    monkeypatch.setattr(validate, "CHECKS", {"F01": lambda: ("41; 123", True), "F02": lambda: ("12", False)})
    monkeypatch.setattr(jit, "CACHE_DIRECTORY", tmp_path / "cache" / "kernels")
    code, out, err = command("validate", "--workers", "1", "--json")
    rows = json.loads(out)
    assert code == 1
    assert len(rows) == 26
    assert all({"id", "role", "target", "got", "passed"} <= set(row) for row in rows)
    assert err.count("F0") == 2
    out = command("validate", "--workers", "1", "-q")[1]
    assert out.count("not yet addressed") == 24 + 1
    assert "pass (kept)" in out
    assert "1 pass, 1 fail" in out


def begun(place, name="dystrophic/subdermal-cusp"):
    """A run directory as it is before the first step, with two rows of results."""
    loaded = scenario.load(name)
    text = scenario.dump(loaded)
    place.mkdir()
    given = {"scenario": name, "days": 1.0, "seed": 1, "quick": False, "sets": [], "command": "calcisim run"}
    run_directory.describe(place, text, provenance.collect(loaded, text, given))
    (place / "timeseries.csv").write_text("time_d,calcium_ug_per_mg_dry\n0.0,0.0\n1.0,2.5\n")


@pytest.mark.parametrize("words", [("resume", "run"), ("cite", "run"), ("plot", "run")])
@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"days": "x"}', "{", "\xff", "[" * 100_000])
def test_a_damaged_provenance_is_named(command, tmp_path, words, content):
    begun(tmp_path / "run")
    (tmp_path / "run" / "provenance.json").write_bytes(content.encode("latin-1"))
    code, out, err = command(*words)
    assert (code, out) == (74, "")
    assert err.startswith("error: run/provenance.json: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(("key", "value"), [("days", None), ("days", True), ("versions", []), ("citations", "x"), ("scenario_sha256", 3)])
def test_a_damaged_value_of_the_provenance_is_named(command, tmp_path, key, value):
    begun(tmp_path / "run")
    path = tmp_path / "run" / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    code, _, err = command("resume", "run")
    assert code == 74
    assert f"run/provenance.json: is damaged: {key} " in err


def test_a_citation_that_does_not_exist_is_named(command, tmp_path):
    begun(tmp_path / "run")
    path = tmp_path / "run" / "provenance.json"
    for citations in (["nobody1900"], [3]):
        path.write_text(json.dumps({**json.loads(path.read_text()), "citations": citations}))
        code, _, err = command("cite", "run")
        assert code == 74
        assert str(citations[0]) in err


@pytest.mark.parametrize("words", [("resume", "run"), ("plot", "run")])
@pytest.mark.parametrize("content", ["[]", "{}", "3", "{"])
def test_a_damaged_summary_is_named(command, tmp_path, words, content):
    begun(tmp_path / "run")
    (tmp_path / "run" / "summary.json").write_text(content)
    code, out, err = command(*words)
    assert (code, out) == (74, "")
    assert err.startswith("error: run/summary.json: ")


def test_maps_that_are_not_of_a_run_are_named(command, tmp_path):
    begun(tmp_path / "run")
    with netCDF4.Dataset(tmp_path / "run" / "results.nc", "w") as dataset:
        group = dataset.createGroup("cusp")
        group.createDimension("x", 3)
        group.createVariable("mineral_calcium", "f4", ("x",))
    code, _, err = command("plot", "run")
    assert code == 74
    assert "run/results.nc: is damaged" in err


@pytest.mark.parametrize("content", ["", "nonsense\n", "time_d,x\n0,words\n"])
def test_a_damaged_time_series_is_named(command, tmp_path, content):
    begun(tmp_path / "run")
    (tmp_path / "run" / "timeseries.csv").write_text(content)
    code, _, err = command("plot", "run")
    assert code == 74
    assert "run/timeseries.csv: " in err


@pytest.mark.parametrize(
    ("name", "treatment"), [("dystrophic/subdermal-cusp", False), ("dystrophic/subdermal-pericardium-etidronate", True)]
)
def test_cite_has_the_chemistry_and_the_treatments(command, tmp_path, name, treatment):
    begun(tmp_path / "run", name)
    code, out, _ = command("cite", "run")
    assert code == 0
    keys = set(re.findall(r"^@\w+\{([^,]+),", out, re.MULTILINE))
    assert {"ball1991", "plummer1982", "verbeeck1990", "habraken2013"} <= keys
    assert not treatment or "golomb1990" in keys
    listed = json.loads(command("cite", "run", "--json")[1])
    assert {row["key"] for row in listed} == keys


def test_saturation_warns_of_an_unread_total_and_ends_with_0(command, tmp_path):
    (tmp_path / "in.csv").write_text("name,pH_in,tot_Ca_mM,tot_Calcium_mM\na,7.4,1,2\n")
    code, out, err = command("saturation", "in.csv", "--out", "out.csv")
    assert (code, out) == (0, "out.csv\n")
    assert err.startswith("warning: in.csv, line 1: the column tot_Calcium_mM is not read")


def test_doctor_finds_this_machine_fit(command):
    code, out, _ = command("doctor", "--json")
    document = json.loads(out)
    assert code == 0, document["problems"]
    assert document["cores"] >= 1
    assert document["sample_kernel_s"] > 0


def test_the_module_can_be_run():
    done = subprocess.run([sys.executable, "-m", "calcisim.cli", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "not for clinical decisions" in done.stdout

"""Every example runs in an empty directory and says what it should; notebooks too, cell by cell."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
LONG = {"outcome_map"}  # half an hour; benchmarks/dystrophic.md has what it prints
NOTEBOOKS = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))


def _run(name, *words, cwd):
    done = subprocess.run([sys.executable, str(EXAMPLES / f"{name}.py"), *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _numbers(pattern, text):
    return [float(number) for number in re.findall(pattern, text)]


def test_first_run(tmp_path):
    out = _run("first_run", cwd=tmp_path)
    days = _numbers(r"day \d+: +([\d.]+) µg/mg", out)
    assert len(days) == 6
    assert days == sorted(days)
    assert days[0] == 0.0
    assert days[3] == pytest.approx(40.8, rel=0.05)  # what the model is calibrated to
    assert 4.0 <= _numbers(r"x = ([\d.]+) mm", out)[0] <= 4.4  # in the cusp
    assert (tmp_path / "first-run" / "figures" / "deposition.png").stat().st_size > 10_000


def test_phosphate_sweep(tmp_path):
    found = _numbers(r"mmol/L: ([\d.e-]+) mg", _run("phosphate_sweep", "sweep.png", cwd=tmp_path))
    assert len(found) == 6
    assert found == sorted(found)
    assert found[-1] > 100 * found[0]
    assert (tmp_path / "sweep.png").stat().st_size > 10_000


@pytest.mark.slow
def test_treatment_comparison(tmp_path):
    out = _run("treatment_comparison", cwd=tmp_path)
    untreated, treated = _numbers(r": ([\d.]+) mg of calcium on average", out)
    assert untreated > 0
    assert treated != untreated
    assert out.count("kept:") == 4
    assert (tmp_path / "treatment-comparison" / "figures" / "comparison.png").stat().st_size > 10_000
    assert _run("treatment_comparison", cwd=tmp_path) == out  # finished members are not run again


def test_fluid_saturation(tmp_path):
    out = _run("fluid_saturation", cwd=tmp_path)
    health, uraemia, *_ = out.splitlines()
    assert all(value > 0 for value in _numbers(r"(?:HAP|OCP) ([+-][\d.]+)", health))
    assert _numbers(r"DCPD ([+-][\d.]+)", health)[0] < 0
    assert _numbers(r"HAP ([+-][\d.]+)", uraemia) > _numbers(r"HAP ([+-][\d.]+)", health)
    assert not list(tmp_path.iterdir())


def test_coagulation(tmp_path):
    out = _run("coagulation", cwd=tmp_path)
    assert len(out.splitlines()) == 3
    for number, exact, off in re.findall(r"([\d.]+) particles, exactly ([\d.]+); ([\d.]+) %", out):
        assert float(number) == pytest.approx(float(exact), rel=2e-3)
        assert float(off) < 1.0


def test_own_tissue(tmp_path):
    skin, scar = _numbers(r": ([\d.]+) mg", _run("own_tissue", cwd=tmp_path))
    assert scar > skin > 0  # fewer cells take mineral away


def test_own_geometry(tmp_path):
    held = _numbers(r"day \d+: ([\d.]+) mg", _run("own_geometry", cwd=tmp_path))
    assert len(held) == 5
    assert held == sorted(held)
    assert 1.0 < held[0] < 1.2  # what the volume holds above its threshold
    assert held[-1] > 1.5 * held[0]
    assert not (tmp_path / "own-geometry" / "run" / "labels.nii.gz").exists()  # the run holds what it took of it


def test_scripts_are_short_and_tested():
    names = {path.stem for path in EXAMPLES.glob("*.py")} - LONG
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert names <= tested
    assert all(len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 40 for name in names)


def _cells(name):
    document = json.loads((EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert document["nbformat"] == 4
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"], document


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_kept_without_outputs(name):
    cells, document = _cells(name)
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    identifiers = [cell["id"] for cell in document["cells"]]
    assert len(set(identifiers)) == len(identifiers)
    assert document["cells"][0]["cell_type"] == "markdown"


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Runs the code cells of a notebook in one namespace, without a window and without Jupyter; returns it."""
    import matplotlib

    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)

    def run(name):
        namespace = {"__name__": "__main__"}
        for number, cell in enumerate(_cells(name)[0]):
            tree = ast.parse("".join(cell["source"]), f"{name}.ipynb, cell {number}")
            exec(compile(tree, f"{name}.ipynb, cell {number}", "exec"), namespace)
        return namespace

    yield run
    from matplotlib import pyplot as plt

    plt.close("all")


def test_notebook_first_steps(notebook):
    found = notebook("first_steps")
    assert 0.1 < found["ratio"] < 0.6
    assert "levy1983" in found["citations"]
    assert {path.suffix for path in found["pictures"]} == {".png", ".pdf"}
    assert len(found["plt"].get_fignums()) == 2


def test_notebook_laws(notebook):
    found = notebook("laws")
    assert found["nuclei"] > 10 * found["faces"] > 10
    assert all(water["HAP"] > 0 for water in found["waters"])
    totals = found["masses"].sum(axis=1)
    assert totals == pytest.approx(totals[0], rel=1e-9)
    assert len(found["plt"].get_fignums()) == 3


def test_every_notebook_is_run():
    assert {f"test_notebook_{name}" for name in NOTEBOOKS} <= set(globals())

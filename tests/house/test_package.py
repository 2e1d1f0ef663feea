"""What is shipped: reference pages, and a wheel that works without the checkout."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from calcisim import parameters
from calcisim.results import observables
from calcisim.studies import equations

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"pydantic_core"}  # of a core dependency, so they come with it


def test_reference_pages_have_every_equation_output_and_parameter(tmp_path):
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    pages = {path.stem: path.read_text(encoding="utf-8") for path in reference.write(tmp_path)}
    assert all(f"| {equation.tag} |" in pages["equations"] for equation in equations.every())
    assert all(f"`{name}`" in pages["outputs"] for name in observables.REGISTRY)
    assert all(f"`{name}`" in pages["parameters"] for rows in parameters.all_tables().values() for name in rows)


def _named(requirements):
    """Packages that requirements name; the extras of calcisim itself are listed beside them."""
    return {re.match(r"[A-Za-z0-9_.-]+", text)[0].lower() for text in requirements} - {"calcisim"}


def test_every_core_dependency_is_imported_somewhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    modules = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules.add(node.module.partition(".")[0])
    offered = packages_distributions()
    used = {name.lower() for module in modules for name in offered.get(module, ())} - {"calcisim"}
    assert _named(project["dependencies"]) - used == set()
    extras = ("calibrate", "imaging", "cluster")  # asked for when absent
    extra = _named([line for name in extras for line in project["optional-dependencies"][name]])
    assert used - _named(project["dependencies"]) - extra <= PARTS


def test_every_dependency_has_a_pinned_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if "==" in line}
    assert (
        _named(
            [line for extra in ("test", "imaging", "docs") for line in [*project["dependencies"], *project["optional-dependencies"][extra]]]
        )
        - pinned
        == set()
    )


@pytest.mark.push
def test_a_wheel_works_without_the_checkout(tmp_path):
    """E1: built, unpacked elsewhere, scenarios and data found."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    shipped = {
        path.relative_to(tmp_path / "site" / "calcisim" / "configs").as_posix() for path in (tmp_path / "site").rglob("configs/**/*.toml")
    }
    assert shipped == {path.relative_to(ROOT / "configs").as_posix() for path in (ROOT / "configs").rglob("*.toml")}
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    code = (
        "import calcisim; from calcisim import scenario; print(calcisim.__file__); print(len([scenario.load(n) for n in scenario.names()]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    place, count = done.stdout.splitlines()
    assert Path(place).is_relative_to(tmp_path)
    assert int(count) == len(shipped)
    page = tmp_path / "site" / "calcisim" / "results" / "templates"
    assert {path.name for path in page.iterdir()} >= {"report.html", "report.css", "report.js"}

"""The cache of compiled kernels: shared by processes, proof against damage, and filled by `warmup`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from calcisim import jit
from calcisim.studies import warmup

KERNELS = """
import sys
import numpy as np
from calcisim import jit
from calcisim.jit import kernel

@kernel
def twice(x):
    return x + x

KINDS = {"int": 3, "float": 1.5, "array": np.ones(3), "complex": 1j, "matrix": np.ones((2, 2))}
for name in sys.argv[1:]:
    value = KINDS[name]
    assert np.all(twice(value) == 2 * value), name
print(jit.compile_seconds())
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "kernels.py"
    path.write_text(KERNELS)
    return path


def _start(script, *kinds):
    environment = {**os.environ, "CALCISIM_CACHE_DIR": str(script.parent / "cache")}
    return subprocess.Popen(
        [sys.executable, str(script), *kinds], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _seconds(script, *kinds):
    """Seconds that a process spent compiling."""
    process = _start(script, *kinds)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return float(out)


def _files(script, ending):
    return sorted(path for path in (script.parent / "cache").rglob(f"*.{ending}") if "twice" in path.name)


def test_processes_that_compile_side_by_side_lose_nothing(script):
    """Each signature has machine code of its own afterwards, though all were saved at about the same time."""
    kinds = ("int", "float", "array", "complex", "matrix")
    processes = [_start(script, kind) for kind in kinds]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert len(_files(script, "nbc")) == len(kinds)
    assert _seconds(script, *kinds) == 0.0


@pytest.mark.parametrize("ending", ["nbc", "nbi"])
@pytest.mark.parametrize("left", [0, 100])
def test_a_damaged_cache_is_made_again(script, ending, left):
    assert _seconds(script, "float") > 0.0
    (path,) = _files(script, ending)
    path.write_bytes(path.read_bytes()[:left])
    assert _seconds(script, "float") > 0.0
    assert _seconds(script, "float") == 0.0


def test_what_cannot_be_saved_is_compiled_all_the_same(script):
    (script.parent / "cache").write_text("a file where the directory should be")
    assert _seconds(script, "float") > 0.0


@pytest.mark.push
def test_warmup_compiles_all_that_a_run_and_the_other_commands_need(tmp_path):
    environment = {**os.environ, "CALCISIM_CACHE_DIR": str(tmp_path / "cache")}

    def calcisim(*words):
        return subprocess.run([sys.executable, "-m", "calcisim.cli", *words], env=environment, cwd=tmp_path, capture_output=True, text=True)

    assert calcisim("warmup").returncode == 0
    done = calcisim("run", "dystrophic/subdermal-cusp", "--quick", "--days", "1", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "compiling" not in done.stderr
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["compile_s"] == 0.0
    known = {path.name for path in Path(tmp_path / "cache").rglob("*.nb?")}
    for words in (("plasma", "metastatic/ckd5", "--quick"), ("grow-clump", "--particles", "60"), ("run", "invitro/t50", "--quick")):
        done = calcisim(*words)
        assert done.returncode == 0, done.stderr
    assert {path.name for path in Path(tmp_path / "cache").rglob("*.nb?")} == known


def test_benchmarks_beside_the_package_do_not_change_what_it_is(tmp_path):
    """An installation has them in it, a checkout has not."""
    package = tmp_path / "calcisim"
    shutil.copytree(Path(jit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "benchmarks").mkdir()
    (package / "benchmarks" / "more.py").write_text("from calcisim.jit import kernel\n")
    code = "from calcisim import jit; print(jit.source_hash(), jit.CACHE_DIRECTORY.name)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [jit.source_hash(), jit.CACHE_DIRECTORY.name]


def test_no_companion_where_nothing_can_be_shared(monkeypatch):
    started = []
    monkeypatch.setattr(warmup.subprocess, "Popen", lambda *words, **more: started.append(words) or _Ended())
    monkeypatch.setattr(jit, "cold", lambda: True)
    monkeypatch.setattr(warmup, "_cores", lambda: 2)
    for shared, expected in ((False, 0), (True, 1)):
        monkeypatch.setattr(jit, "shared", lambda shared=shared: shared)
        with warmup.beside("site"), warmup.beside("site"):
            pass
        assert len(started) == expected


class _Ended:
    def kill(self):
        pass

    def wait(self):
        return 0

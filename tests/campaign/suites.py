"""Rows that are tests of their own, or commands: N1, N2, N5, F3, B1, S1, E1. In the long form the same tests, and more grids for N1."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from campaign.rows import row

from calcisim.studies.manufactured import space_orders, time_orders

ROOT = Path(__file__).resolve().parents[2]
ORDER = 1.9


def tests(*words: str, **environment: str) -> str:
    """Run these tests in a fresh process; what pytest counted. Raises with the end of its output when one failed."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--no-header", "--tb=short", *words]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-500:]
    return re.search(r"(\d+) passed", done.stdout)[0]


SPACE = [
    (1, (16, 32, 64), 256),
    (2, (16, 32, 64), 64),
    (3, (6, 12, 24), 16),
    (1, (48, 96, 192), 512),
    (2, (24, 48, 96), 96),
    (3, (8, 16, 32), 24),
]
TIME = [(1, 32), (2, 16), (3, 8), (1, 64), (2, 24), (3, 12)]


@row(
    "N1",
    "manufactured solutions with coupled solutes and a mineral in 1-D, 2-D and 3-D, each on three grids and three step sizes",
    f"order at least {ORDER} in space and in time",
    push=3,
    long=6,
    unit="grids",
)
def manufactured(number: int, folder: Path) -> str:
    dimensions, sizes, steps = SPACE[number]
    space = min(min(pair) for pair in space_orders(dimensions, sizes, steps=steps))
    time = min(min(pair) for pair in time_orders(*TIME[number], (8, 16, 32)))
    assert space >= ORDER, f"{space:.3f} in space"
    assert time >= ORDER, f"{time:.3f} in time"
    return f"{dimensions}-D"


@row(
    "N2",
    "the tests of collisions, growth and births against exact solutions",
    "the thresholds of each; mass kept to 1e-12",
    push=1,
    long=1,
    unit="suite",
)
def exact_aggregation(number: int, folder: Path) -> str:
    return tests(*(f"tests/verification/test_aggregation_{name}.py" for name in ("exact", "growth", "invariants")))


@row(
    "N5",
    "191 solutions that PHREEQC solved, by given pH and by given alkalinity and carbon dioxide",
    "all converge; log activities within 1e-7, and within 1e-9 with the Debye–Hückel slope of the row",
    push=1,
    long=1,
    unit="table",
)
def phreeqc(number: int, folder: Path) -> str:
    return tests("tests/physics/test_speciation.py", "tests/physics/test_speciation_data.py")


@row("F3", "bad scenario files made by hand", "the expected message, with file, line and hint", push=1, long=1, unit="suite")
def bad_files(number: int, folder: Path) -> str:
    return tests(*(f"tests/scenario/test_bad_{name}.py" for name in ("input", "sites", "treatment")))


@row(
    "S1",
    "the syntax tree of every module searched for eval, exec, pickle, shells and network; names out of the folder; the report's escaping",
    "no finding",
    push=1,
    long=1,
    unit="suite",
)
def safe(number: int, folder: Path) -> str:
    chosen = "escaped or link_out or bad_names or code_is_made or unpickled or safety"
    places = ("scenario/test_bad_input.py", "results/test_report.py", "house/test_house.py", "simulation/test_checkpoint.py")
    return tests(*(f"tests/{place}" for place in places), "tests/campaign/test_safety.py", "-k", chosen)


BOUNDS = ("dystrophic/subdermal-cusp", "invitro/dmem-serum", "healthy/wound")


@row(
    "B1",
    f"short runs of {', '.join(BOUNDS)} with compiled code that checks every index, small tests as plain Python; `make coverage` runs "
    "all of both floors that way",
    "no index out of bounds, every test green",
    push=1,
    long=1,
    unit="suite",
)
def checked(number: int, folder: Path) -> str:
    said = tests(
        "-m", "nojit", "tests/nojit", "tests/physics/test_morphology.py", "tests/physics/test_speciation.py", NUMBA_DISABLE_JIT="1"
    )
    code = (
        "import sys; from calcisim import scenario; from calcisim.simulation.run import Simulation\n"
        "for name in sys.argv[1:]:\n"
        "    loaded = scenario.load(name, (), True); one = Simulation(loaded); one.advance(loaded.duration); one.observables()\n"
    )
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *BOUNDS], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-800:]
    return f"{len(BOUNDS)} runs with bounds checked, {said} without the compiler"


FIRST = (  # what a reader of README types first, and what each leaves
    (("run", "dystrophic/subdermal-cusp", "--quick", "--out", "first", "--quiet"), ("first/summary.json", "first/figures/deposition.png")),
    (("plot", "first"), ("first/figures/deposition.png",)),
    (("report", "first"), ("first/report.html",)),
    (("export", "first", "--vti"), ("first/export",)),
    (("cite", "first"), ()),
    (("list",), ()),
    (("check", "metastatic/ckd5"), ()),
    (("where", "growth"), ()),
)


@row(
    "E1",
    "a wheel is built and installed in a new environment that does not see the checkout; the first commands of README run there",
    "every command ends with 0 and every output exists",
    push=1,
    long=1,
    unit="wheel",
)
def first_minutes(number: int, folder: Path) -> str:
    def call(*words, **more):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)
        assert done.returncode == 0, f"{' '.join(map(str, words[-4:]))}: {done.stdout[-500:]}{done.stderr[-500:]}"
        return done.stdout

    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    call(sys.executable, "-m", "venv", folder / "clean")
    binaries = folder / "clean" / "bin"
    call(binaries / "python", "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", wheel)
    (packages,) = (folder / "clean" / "lib").glob("python*/site-packages")
    seen = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "dependencies.pth").write_text("\n".join(seen) + "\n", encoding="utf-8")  # the libraries, not the checkout
    place = folder / "desk"
    place.mkdir()
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "CALCISIM_CACHE_DIR"}}
    environment |= {"CALCISIM_CACHE_DIR": str(folder / "cache"), "HOME": str(folder)}
    where = call(binaries / "python", "-c", "import calcisim; print(calcisim.__file__)", cwd=place, env=environment)
    assert Path(where.strip()).is_relative_to(folder), f"it is the checkout that runs: {where}"
    for words, outputs in FIRST:
        call(binaries / "calcisim", *words, cwd=place, env=environment)
        missing = [name for name in outputs if not (place / name).exists()]
        assert not missing, f"calcisim {' '.join(words)} left no {missing}"
    shutil.rmtree(folder / "cache", ignore_errors=True)
    return f"{len(FIRST)} commands"

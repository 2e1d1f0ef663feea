"""`calcisim bench`: how fast this is beside other ways to the same thing, each pair timed by turns in one fresh process.

What is measured stands in `benchmarks/measures/` of the checkout, or in the same folder of the installed package; this module chooses,
runs, writes and compares. bench.json is a list of results, about.json says on which machine and when, bench.png shows the ratios.
"""

import difflib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import calcisim
from calcisim.errors import CalcisimError, StorageError, UsageError
from calcisim.results import bench_figure
from calcisim.results.directory import aside
from calcisim.results.files import dumps, storage, write_text
from calcisim.studies.bench_child import WARM
from calcisim.studies.provenance import versions

RESULTS, ABOUT, FIGURE, RECORDED = "bench.json", "about.json", "bench", "recorded.json"
FALL = 1.5  # a ratio that fell by more than this factor has got worse, however noisy the machine
LIMIT_S = 3600.0
PEERS = {"pde": "py-pde", "phreeqpython": "phreeqpython", "PyPartMC": "PyPartMC", "PySDM": "PySDM", "netCDF4": "netCDF4"}
Say = Callable[[str], None]


def folder() -> Path:
    """The folder of the benchmarks. Raises `UsageError` where neither the package nor a checkout around it has one."""
    package = Path(calcisim.__file__).parent
    for place in (package / "benchmarks", package.parents[1] / "benchmarks"):
        if (place / "measures" / "__init__.py").is_file():
            return place
    raise UsageError(
        "no benchmarks here: neither the installed package nor a checkout around it has benchmarks/measures. Install calcisim anew."
    )


def measures(place: Path | None = None) -> list[Any]:
    """All measures, in their order: name, module, function, title, target, needs, long."""
    return list(_table(place or folder()).MEASURES)


def _table(place: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("calcisim_measures", place / "measures" / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def choose(every: Sequence[Any], only: Sequence[str], long: bool) -> list[Any]:
    """Those named in `only` (also long ones), or all without the long ones. Raises `UsageError` for a name that is none."""
    names = [one.name for one in every]
    for name in only:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3)
            hint = f"Did you mean {', '.join(near)}?" if near else "See 'calcisim bench --list'."
            raise UsageError(f"--only {name}: no such measure. {hint}")
    return [one for one in every if (one.name in only if only else long or not one.long)]


def absent(measure: Any) -> list[str]:
    """Modules that the measure needs and that cannot be found here."""
    return [name for name in measure.needs if importlib.util.find_spec(name) is None]


def prepare(out: Path, force: bool) -> None:
    """Make the directory of the results; earlier results are refused, or with `force` moved aside, anything else is left alone."""
    if Path.cwd().resolve().is_relative_to(out.resolve()):
        raise UsageError(f"--out {str(out)!r}: is the current folder or one above it; name a new one, for example --out runs/bench")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file, not a directory; choose another place with --out.")
    if out.is_dir() and any(out.iterdir()):
        if not force:
            raise UsageError(
                f"{out}: is not empty, and nothing is ever overwritten. Choose another --out, or add --force to move it aside."
            )
        if not (out / RESULTS).exists():
            raise UsageError(
                f"{out}: holds files that are not of a benchmark, so it is left alone, also with --force. Choose another --out."
            )
        with storage(out):
            out.rename(aside(out))
    with storage(out):
        out.mkdir(parents=True, exist_ok=True)


def run(
    chosen: Iterable[Any], place: Path, say: Say, keep: Callable[[list[dict[str, Any]]], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Measure one after the other: the results, and a line for each that failed. `keep` is given the results so far after each.

    A measure whose peer is missing is left out, and `say` hears what would bring it; one that fails does not hold up the others.
    """
    rows: list[dict[str, Any]] = []
    failed = []
    for one in chosen:
        missing = absent(one)
        if missing:
            names = ", ".join(PEERS.get(name, name) for name in missing)
            say(f"{one.name}: left out, {names} is not installed; pip install 'calcisim[oracle]' brings it")
            continue
        say(f"{one.name}: {one.title}")
        began = time.perf_counter()
        try:
            found = child(place, one)
        except CalcisimError as error:
            failed.append(str(error))
            say(f"    {error}")
            continue
        rows.append({**_row(one, found), "seconds": round(time.perf_counter() - began, 1)})
        say(f"    {line(rows[-1])}")
        keep(rows)
    return rows, failed


def _row(one: Any, found: dict[str, Any]) -> dict[str, Any]:
    first = {name: found.pop(name) for name in ("subject", "reference", "ratio", "median_s", "peak_memory_mb")}
    met = None if one.target is None or first["ratio"] is None else first["ratio"] >= one.target
    return {"measure": one.name, **first, "target": one.target, "met": met, "title": one.title, **found}


def line(row: dict[str, Any]) -> str:
    """A result in one line."""
    target = "" if row["target"] is None else f", target {row['target']:g}{'' if row['met'] else ' MISSED'}"
    return f"{row['ratio']:.3g}{target}: {row['median_s']:.3g} s, {row['reference']}: {row['reference_s']:.3g} s"


def child(place: Path, one: Any) -> dict[str, Any]:
    """The result of a measure in a process of its own, after another that compiles what it needs."""
    command = [sys.executable, "-P", "-m", "calcisim.studies.bench_child", str(place), one.module, one.function]
    source = str(Path(calcisim.__file__).parents[1])  # the child must find this calcisim and no other
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))}
    for words in ([*command, WARM], command):
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            raise CalcisimError(f"{one.name}: did not end within {LIMIT_S:g} s") from None
        if done.returncode != 0:
            tail = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise CalcisimError(f"{one.name}: could not be measured: {tail[0]}")
    result: dict[str, Any] = json.loads(done.stdout.rstrip().splitlines()[-1])
    return result


def about(began: datetime) -> dict[str, Any]:
    """The machine, the versions and the load between which these figures were measured."""
    found = versions()
    for name in sorted({*PEERS.values(), "scikit-sundae"}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": os.getloadavg(),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": found,
    }


def _commit() -> str | None:
    """Commit of the checkout that this package is run from, with a + where files were changed since."""
    root = Path(calcisim.__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changed else "")


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    return next((row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name")), platform.machine())


def write(out: Path, rows: list[dict[str, Any]], said: dict[str, Any]) -> None:
    """bench.json, about.json and, where something was measured, bench.png in `out`."""
    write_text(out / ABOUT, dumps(said))
    write_text(out / RESULTS, dumps(rows))
    if rows:
        bench_figure.draw(rows, out / FIGURE)


def recorded(place: Path) -> dict[str, float]:
    """Ratios of the last recorded run by measure; empty where none was recorded. Raises `StorageError` for a damaged file."""
    path = place / RECORDED
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(one["ratio"]) for name, one in document.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StorageError(f"{path}: cannot be read ({error!r}); put it back from a copy, or write it anew with --record.") from error


def worse(rows: Iterable[dict[str, Any]], before: dict[str, float]) -> list[str]:
    """One line for each ratio that fell by more than `FALL` since it was recorded."""
    fallen = []
    for row in rows:
        name, ratio = row["measure"], row["ratio"]
        if name in before and (ratio is None or not ratio * FALL >= before[name]):
            fallen.append(f"{name}: the ratio fell from {before[name]:.3g} to {'nothing' if ratio is None else format(ratio, '.3g')}")
    return fallen


def compared(rows: Sequence[dict[str, Any]], before: dict[str, float], say: Say) -> list[str]:
    """`worse` against what was recorded; a line too where nothing could be compared. `say` hears which measures have no record."""
    new = [row["measure"] for row in rows if row["measure"] not in before]
    if new:
        say(f"nothing recorded of {', '.join(new)}; --record keeps ratios for later checks")
    nothing = [] if len(new) < len(rows) else ["--check: nothing could be compared"]
    return worse(rows, before) + nothing


def record(rows: Iterable[dict[str, Any]], place: Path, said: dict[str, Any]) -> Path:
    """Keep these ratios, beside those of measures that were not run now. Returns the file."""
    path = place / RECORDED
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if recorded(place) else {}
    for row in rows:
        kept[row["measure"]] = {"ratio": row["ratio"], "date": said["ended"][:10], "commit": said["commit"], "processor": said["processor"]}
    write_text(path, dumps(dict(sorted(kept.items()))))
    return path


def command(
    only: Sequence[str] = (), long: bool = False, out: Path | None = None, force: bool = False, check: bool = False,
    keep: bool = False, say: Say = lambda _: None,
) -> tuple[list[dict[str, Any]], list[str]]:  # fmt: skip
    """All of `calcisim bench`: the rows, and a line for each measure that failed or (with `check`) got worse since it was recorded."""
    place = folder()
    chosen = choose(measures(place), only, long)
    before = recorded(place)
    if keep and not os.access(place, os.W_OK):
        raise UsageError(f"--record: {place} cannot be written to; record from a checkout of calcisim")
    if out is not None:
        prepare(out, force)
    began = datetime.now(UTC)

    def so_far(rows: list[dict[str, Any]]) -> None:
        if out is not None:
            write_text(out / RESULTS, dumps(rows))

    rows, failed = run(chosen, place, say, so_far)
    said = about(began)
    if out is not None:
        write(out, rows, said)
    if keep:
        say(f"recorded in {record(rows, place, said)}")
    return rows, failed + (compared(rows, before, say) if check else [])

"""One simulated year with particles in a tenth of the voxels, whole process after compilation, against its target (years.py)."""

import json
import statistics
import subprocess
import sys
import time

import years

from calcisim.studies.bench_pair import Pair, Prepared

DAYS, COMPILE_DAYS = 365.0, 0.01


def _command(case: str, days: float) -> list[str]:
    return [sys.executable, years.__file__, "--child", case, "--threads", "2", "--days", str(days)]


def _ready(case: str) -> Prepared:
    details: dict = {}

    def run() -> float:
        began = time.perf_counter()
        done = subprocess.run(_command(case, DAYS), check=True, capture_output=True, text=True)
        taken = time.perf_counter() - began
        found = json.loads(done.stdout)
        kept = ("steps", "newton_per_stage", "vcycles_per_newton", "triad_s", "ledger_calcium_relative")
        details.update({name: found[name] for name in kept}, memory_gb=found["peak_memory_gb"])
        details["triads"] = taken / statistics.mean(found["triad_s"])  # of one field, in the same process
        return taken

    name = f"{case}, {DAYS:g} days, 2 threads, whole process"
    return Prepared(run, name, 1.0, details, lambda: 1e3 * details["memory_gb"])


def _pair(case: str) -> Pair:
    return Pair(
        lambda: _ready(case), float(years.TARGETS[case]["target_s"]), repetitions=1,
        warm=lambda: subprocess.run(_command(case, COMPILE_DAYS), check=True, capture_output=True),
    )  # fmt: skip


def plane() -> Pair:
    return _pair("plane")


def block() -> Pair:
    return _pair("block")


def cube() -> Pair:
    return _pair("cube")

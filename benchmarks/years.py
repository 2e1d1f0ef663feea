"""One simulated year in 2-D and 3-D, beside the targets of the numerical design: wall time, memory, steps and iterations.

    python benchmarks/years.py [plane] [block] [plane-plasma] [plane-dialysis-averaged] [cube] [--threads N] [--json] [--days D]

The cube of 128³ takes half an hour and is run only when it is named.
Each case runs in a fresh process after one that compiles; the time is that of the whole process. Absolute times drift with the
machine, so the load average is printed with them, and a triad of the same memory size is timed before and after as a reference.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

HERE = Path(__file__).parent
PLANE = {"target_s": 90.0, "aim_s": 30.0, "memory_gb": 0.5}
TARGETS = {
    "plane": PLANE,
    "block": {"target_s": 300.0, "aim_s": 120.0, "memory_gb": 1.0},
    "cube": {"target_s": 3000.0, "aim_s": 1200.0, "memory_gb": 4.0},
    "plane-plasma": PLANE,  # a computed plasma is to cost nothing that is seen beside the tissue
    "plane-dialysis-averaged": PLANE,
}
LONG = "cube"


def triad(voxels: int) -> float:
    """Median seconds of a = b + 3 c over the size of one field: what the machine's memory does just now."""
    import numpy as np

    a, b, c = (np.ones(voxels) for _ in range(3))
    times = []
    for _ in range(15):
        began = time.perf_counter()
        np.multiply(c, 3.0, out=a)
        np.add(a, b, out=a)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def child(case: str, threads: int, days: float) -> None:
    """Run one case and print its figures."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation
    from calcisim.studies.resources import peak_memory_mb

    warnings.simplefilter("ignore")
    one = scenario.load(HERE / "scenarios" / f"{case}.toml")
    voxels = 1
    for n in one.site[0].grid.shape:
        voxels *= n
    before = triad(voxels)
    simulation = Simulation(one, threads=threads)
    simulation.advance(days * 86400.0)
    counts, values = simulation.statistics(), simulation.observables()
    print(
        json.dumps(
            {
                **counts,
                "newton_per_stage": counts["newton_iterations"] / counts["stages"],
                "vcycles_per_newton": counts["vcycles"] / counts["newton_iterations"],
                "peak_memory_gb": peak_memory_mb() / 1e3,
                "triad_s": [before, triad(voxels)],
                "ledger_calcium_relative": values["ledger_calcium_relative"],
                "deposit_calcium_mg_per_cm3": values["deposit_calcium_mg_per_cm3"],
            }
        )
    )


def measure(case: str, threads: int, days: float) -> dict:
    """Wall time of a fresh process for one case, with what it printed."""
    command = [sys.executable, __file__, "--child", case, "--threads", str(threads), "--days"]
    subprocess.run([*command, "0.01"], check=True, capture_output=True)
    load = os.getloadavg()[0]
    began = time.perf_counter()
    done = subprocess.run([*command, str(days)], check=True, capture_output=True, text=True)
    wall = time.perf_counter() - began
    return {"case": case, "days": days, "threads": threads, "wall_s": wall, "load": load, **json.loads(done.stdout), **TARGETS[case]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", default=[], help=f"{', '.join(TARGETS)}; all but {LONG} when none is named")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--days", type=float, default=365.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=list(TARGETS))
    options = parser.parse_args()
    if options.child:
        child(options.child, options.threads, options.days)
        return
    rows = [measure(case, options.threads, options.days) for case in options.cases or [name for name in TARGETS if name != LONG]]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    heads = {"case": -24, "wall s": 9, "target": 8, "aim": 6, "GB": 7, "max": 6, "steps": 7}
    heads |= {"Newton/stage": 14, "V/Newton": 10, "triads": 12, "load": 6}
    print("".join(name.ljust(-width) if width < 0 else name.rjust(width) for name, width in heads.items()))
    for row in rows:
        triads = row["wall_s"] / statistics.mean(row["triad_s"])
        print(
            f"{row['case']:24}{row['wall_s']:9.1f}{row['target_s']:8.0f}{row['aim_s']:6.0f}{row['peak_memory_gb']:7.2f}{row['memory_gb']:6.1f}"
            f"{row['steps']:7d}{row['newton_per_stage']:14.2f}{row['vcycles_per_newton']:10.2f}{triads:12.3g}{row['load']:6.1f}"
        )


if __name__ == "__main__":
    main()

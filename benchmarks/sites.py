"""Four equal sites against one: how well sites share the cores.

    python benchmarks/sites.py [--threads 2] [--days 30] [--json]

Each site is the plane of benchmarks/scenarios/plane.toml. One site is timed on one thread, four on `--threads`, in the same process and in
turn; the target is 2.3 times one site on two cores. The sum of the deposits shows that all did the same work.
"""

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from calcisim import scenario
from calcisim.simulation.run import Simulation

PLANE = Path(__file__).parent / "scenarios" / "plane.toml"
TARGET = 2.3


def sites(count: int) -> Any:
    """The plane with so many equal sites."""
    one = scenario.load(PLANE)
    return one.model_copy(update={"site": tuple(one.site[0].model_copy(update={"name": f"joint-{n}"}) for n in range(count))})


def timed(count: int, threads: int, days: float) -> tuple[float, float]:
    """Seconds of so many sites, and their deposit [mg]."""
    simulation = Simulation(sites(count), threads=threads)
    began = time.perf_counter()
    simulation.advance(days * 86400.0)
    return time.perf_counter() - began, float(simulation.observables()["deposit_calcium_mg"])


def main() -> int:
    """Print one line; exit code 1 when the target is missed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--days", type=float, default=30.0)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    timed(1, 1, 0.5)  # compiles
    one, deposit = timed(1, 1, asked.days)
    four, deposits = timed(4, asked.threads, asked.days)
    again, _ = timed(1, 1, asked.days)
    ratio = 2.0 * four / (one + again)
    row = {"one_s": one, "four_s": four, "one_again_s": again, "ratio": ratio, "target": TARGET, "deposits": deposits / deposit}
    row["load"] = os.getloadavg()[0]
    print(json.dumps(row) if asked.json else "  ".join(f"{name} {value:.3g}" for name, value in row.items()))
    return 0 if ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())

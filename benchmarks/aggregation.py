"""Error per cost of coagulation schemes: the sum (Golovin) kernel from an exponential start to τ = 3, where N has fallen to 5 %.

    python benchmarks/aggregation.py [--json] [--repetitions 21]

Volumes 10⁻³ to 10⁵ of the mean, 8 classes a decade (64) unless said. L1 = Σ|ΔM|/ΣM over those 64 classes (finer grids are summed into
them), errors of N and of M₂ (in-class variance included where a scheme has one). Times are one thread's, without import and compilation,
medians; every line also carries its ratio to the fixed pivot of 64 classes, timed in turn with it, because absolute times drift on a
shared machine. Peers are measured when installed (PyPartMC's sectional scheme after Bott, PySDM's super-droplets) and left out otherwise.
Then: microseconds per evaluation of the shipped scheme over 15 decades with every class occupied.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import aggregation_peers as peers
from fixed_pivot import fixed_pivot, pivot_tables

from calcisim.physics import sections
from calcisim.physics.collision import REGISTRY
from calcisim.physics.sections_collide import collision_rates
from calcisim.physics.sections_profile import STRIDE, VARIANCE
from calcisim.physics.sections_step import coagulate
from calcisim.physics.smoluchowski import EXACT, in_classes

TAU, V_MIN, V_MAX, COARSE = 3.0, 1e-3, 1e5, 64
EDGES = sections.class_edges(V_MIN, V_MAX, COARSE)
EXACT_N, EXACT_M = in_classes(lambda v: EXACT["sum"].density(v, TAU), EDGES)
Result = tuple[Callable[[], Any], Callable[[Any], tuple[np.ndarray, float, float]]]


def shipped(count: int, tolerance: float) -> Result:
    """The two-moment scheme: what to time, and how to read mass per coarse class, N and M₂ from what it returns."""
    edges = sections.class_edges(V_MIN, V_MAX, count)
    table, work, rows = sections.assemble(REGISTRY["sum"].function, edges), sections.scratch(), np.zeros((5, count))
    start = in_classes(lambda v: np.exp(-v), edges)

    def run() -> Any:
        number, mass = start[0].copy(), start[1].copy()
        _, steps = coagulate(number, mass, TAU, tolerance, 0.0, table, work, rows)
        return number, mass, steps

    def read(found: Any) -> tuple[np.ndarray, float, float]:
        number, mass, _ = found
        rates = np.zeros((2, count))
        collision_rates(number, mass, np.ones(count), 0, count, table, work, rates[0], rates[1])  # leaves the in-class variances
        variance = work[VARIANCE * STRIDE : VARIANCE * STRIDE + count]
        second = np.sum(mass**2 / np.where(number > 0.0, number, 1.0) + number * variance)
        return coarse(edges, mass), number.sum(), second

    return run, read


def pivot(count: int, steps: int) -> Result:
    """The fixed pivot with Heun's method in equal steps."""
    edges = sections.class_edges(V_MIN, V_MAX, count)
    size = np.sqrt(edges[:-1] * edges[1:])
    tables = (REGISTRY["sum"].function(size[:, None], size[None, :]), *pivot_tables(size))
    start = in_classes(lambda v: np.exp(-v), edges)[1] / size

    def run() -> Any:
        return fixed_pivot(start, steps, TAU / steps, *tables)

    return run, lambda number: (coarse(edges, number * size), number.sum(), float(np.sum(number * size**2)))


def coarse(edges: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Mass per class of the 64, of a grid that refines them or that is laid over them by the running sum of mass."""
    total = np.concatenate([[0.0], np.cumsum(mass)])
    return np.diff(np.interp(np.log(EDGES), np.log(edges), total))


def measure(cases: dict[str, Result], repetitions: int) -> list[dict[str, Any]]:
    """One row per case: errors once, time by turns."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    found = {name: run() for name, (run, _) in cases.items()}
    slow = {name for name, (run, _) in cases.items() if _seconds(run) > 0.5}
    for turn in range(repetitions):
        for name, (run, _) in cases.items():
            if name not in slow or turn < 2:
                seconds[name].append(_seconds(run))
    reference = statistics.median(seconds["fixed pivot, 64"])
    rows = []
    for name, (_, read) in cases.items():
        mass, number, second = read(found[name])
        middle = statistics.median(seconds[name])
        rows.append(
            {
                "scheme": name,
                "ms": 1e3 * middle,
                "best_ms": 1e3 * min(seconds[name]),
                "ratio": middle / reference,
                "L1": float(np.abs(mass - EXACT_M).sum() / EXACT_M.sum()),
                "N": number / EXACT["sum"].number(TAU) - 1.0,
                "M2": second / EXACT["sum"].second(TAU) - 1.0,
            }
        )
    return rows


def _seconds(run: Callable[[], Any]) -> float:
    """Time of a run, or what it says it took itself, when preparing is part of it."""
    began = time.perf_counter()
    run()
    elapsed = time.perf_counter() - began
    return getattr(run, "taken", elapsed)


def evaluation(count: int, repetitions: int) -> float:
    """Least microseconds of one evaluation of all collision rates, every class of 15 decades occupied."""
    edges = sections.class_edges(1.0, 1e15, count)
    table, work, rates = sections.assemble(REGISTRY["sum"].function, edges), sections.scratch(), np.zeros((2, count))
    number = 1.0 / edges[:-1]
    mass, share = number * 0.5 * (edges[:-1] + edges[1:]), np.ones(count)
    least = np.inf
    for _ in range(10 * repetitions):
        began = time.perf_counter()
        for _ in range(20):
            collision_rates(number, mass, share, 0, count, table, work, rates[0], rates[1])
        least = min(least, (time.perf_counter() - began) / 20)
    return 1e6 * least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repetitions", type=int, default=21)
    options = parser.parse_args()
    cases = {f"fixed pivot, {count}": pivot(count, 240) for count in (64, 128, 256)}
    cases |= {f"shipped, {count}": shipped(count, 1e-3) for count in (32, 48, 64, 96)}
    cases["shipped, 64, tolerance 3e-3"] = shipped(64, 3e-3)
    cases |= peers.available(EDGES, TAU)
    rows = measure(cases, options.repetitions)
    speed = {count: evaluation(count, options.repetitions) for count in (32, 48, 64, 96, 192)}
    if options.json:
        print(json.dumps({"golovin": rows, "microseconds_per_evaluation": speed}, indent=2))
        return
    print("| scheme | ms (median) | ms (least) | ratio | L1 | N | M₂ |\n|---|---|---|---|---|---|---|")
    for row in rows:
        errors = f"{100 * row['L1']:.2f} % | {100 * row['N']:+.2f} % | {100 * row['M2']:+.2f} %"
        print(f"| {row['scheme']} | {row['ms']:.3g} | {row['best_ms']:.3g} | {row['ratio']:.2f} | {errors} |")
    print("\n| classes over 15 decades | µs per evaluation (least) |\n|---|---|")
    for count, value in speed.items():
        print(f"| {count} | {value:.1f} |")


if __name__ == "__main__":
    main()

"""A simulated year of the body on one core: in health, in kidney disease and with dialysis, beside LSODA on the same rates.

    python benchmarks/plasma_speed.py [--runs N] [--json] [--only WORD]

Times are medians of N runs after compilation, of Body.advance alone; the making of a body (closures, moments) is given beside them.
LSODA is that of scipy (relative tolerance 1e-5, absolute 1e-7 of the healthy value of each state), started again at every moment at
which something changes, on the compiled rates called from Python; it runs in the same process right after. The last column is the largest
difference of calcium, phosphate and PTH between the two at the end of the year. Absolute times drift with the machine, so the load average
is printed with them. Exit code 0 always: a missed target is a line that says so.
"""

import argparse
import json
import os
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from calcisim import scenario as scenarios
from calcisim.physics.body import rates
from calcisim.physics.body_names import F, S
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.simulation.body import Body

DAY = 86400.0
YEAR = 365.0 * DAY
RELATIVE, ABSOLUTE = 1e-5, 1e-7
# Name: scenario, and the target for a year [ms].
CASES = {"health": ("healthy/plasma", 1.0), "kidney disease": ("metastatic/ckd4", 10.0), "dialysis": ("metastatic/ckd5-dialysis", 250.0)}


def make(name: str) -> Body:
    """The body of a scenario at day 0."""
    loaded = scenarios.load(name)
    return Body(loaded.plasma, loaded.treatment, YEAR)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of a call, and what it gave."""
    began = time.perf_counter()
    outcome = work()
    return 1e3 * (time.perf_counter() - began), outcome


def lsoda(body: Body) -> tuple[np.ndarray, int]:
    """The state after a year from that of the body, by LSODA between the same moments; and its steps. The case has no doses or meals."""
    state, steps, now = body.state.copy(), 0, 0.0
    for after in (*body.moments[body.moments < YEAR], YEAR):
        p = body.parameters(now)

        def right_hand_side(_: float, y: np.ndarray, p: np.ndarray = p) -> np.ndarray:
            dy, flow = np.empty(len(S)), np.empty(len(F))
            rates(y, p, dy, flow)
            return dy

        found = solve_ivp(right_hand_side, (now, after), state, "LSODA", rtol=RELATIVE, atol=ABSOLUTE * body.scale)
        if not found.success:
            raise RuntimeError(found.message)
        state, steps, now = found.y[:, -1], steps + found.t.size - 1, float(after)
    return state, steps


def measure(case: str, runs: int) -> dict[str, Any]:
    name, target = CASES[case]
    make(name).advance(YEAR)  # compiles
    lsoda(make(name))
    making, ours, theirs = [], [], []
    for _ in range(runs):
        took, body = timed(lambda: make(name))
        making.append(took)
        ours.append(timed(lambda body=body: body.advance(YEAR))[0])
    fresh = make(name)
    for _ in range(max(runs // 5, 3)):
        took, (state, steps) = timed(lambda: lsoda(fresh))
        theirs.append(took)
    seen = [S.calcium, S.phosphate, S.pth]
    median, other = statistics.median(ours), statistics.median(theirs)
    return {
        "case": case, "scenario": name, "runs": runs, "median_ms": median, "fastest_ms": min(ours), "target_ms": target,
        "passed": median <= target, "making_ms": statistics.median(making),
        "steps": sum(chunk.knots.time.size - 1 for chunk in body.chunks), "restarts": int(body.moments.size),
        "lsoda_ms": other, "lsoda_steps": steps, "ratio": other / median,
        "difference": float(np.max(np.abs(state[seen] / body.state[seen] - 1.0))), "ledger": float(body.ledger().max()),
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=25, help="runs of each case; LSODA has a fifth of them, at least 3")
    options.add_argument("--json", action="store_true", help="one JSON document on stdout instead of the table")
    options.add_argument("--only", default="", metavar="WORD", help="cases whose name contains WORD: health, kidney, dialysis")
    chosen = options.parse_args()
    warnings.simplefilter("ignore", PlausibilityWarning)
    before = os.getloadavg()[0]
    rows = [measure(case, max(chosen.runs, 1)) for case in CASES if chosen.only in case]
    loads = [before, os.getloadavg()[0]]
    if chosen.json:
        print(json.dumps({"load": loads, "rows": rows}, indent=1))
        return
    print(f"load average {loads[0]:.2f} before, {loads[1]:.2f} after; {os.cpu_count()} cores, one used")
    print(f"{'case':16s}{'median ms':>10s}{'fastest':>9s}{'target':>8s}       {'steps':>6s}{'changes':>9s}{'making ms':>11s}"
          f"{'LSODA ms':>10s}{'steps':>7s}{'ratio':>7s}{'difference':>12s}")  # fmt: skip
    for row in rows:
        word = "pass" if row["passed"] else "FAIL"
        print(
            f"{row['case']:16s}{row['median_ms']:10.3f}{row['fastest_ms']:9.3f}{row['target_ms']:8.0f}  {word} "
            f"{row['steps']:6d}{row['restarts']:9d}{row['making_ms']:11.2f}{row['lsoda_ms']:10.2f}{row['lsoda_steps']:7d}{row['ratio']:7.1f}"
            f"{row['difference']:12.1e}"
        )


if __name__ == "__main__":
    main()

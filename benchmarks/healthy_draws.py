"""Healthy people differ: does the dermis of (nearly) all of them stay clear for ten years?

    python benchmarks/healthy_draws.py [--draws 1000] [--seed 1] [--workers 2] [--json]

Each draw is one person: labs from the reference intervals of data/plasma.toml (the interval holds 95 % of a normal distribution),
fetuin and pyrophosphate within ±10 % of health (magnesium and citrate come with the labs), and the saturation index of apatite
shifted by up to ±0.3 in nucleation and growth, for what is not known of the solubility product and the complexes. The dermis is 0-D,
one cm3, for ten years. Counts as clear: below 0.01 mg Ca/cm3 at the end. Exit code 1 when fewer than 99 % are.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from calcisim import parameters
from calcisim import scenario as scenarios
from calcisim.studies.vary import SATURATION, Varied

LABS = ("calcium_ionised", "phosphate", "magnesium", "sodium", "potassium", "chloride", "bicarbonate", "ph", "albumin", "citrate")
INHIBITORS = ("fetuin", "pyrophosphate")
INHIBITOR_SPREAD, SATURATION_SPREAD = 0.1, 0.3
CLEAR, SHARE = 0.01, 0.99  # mg Ca/cm3, of the draws
YEARS = 10.0
YEAR = 365.25 * 86400.0


def people(draws: int, seed: int) -> list[tuple[dict[str, float], float]]:
    """Plasma values [SI units] and shift of the saturation index of each draw, from a scrambled Sobol sequence."""
    rows = parameters.table("plasma")
    sequence = qmc.Sobol(len(LABS) + len(INHIBITORS) + 1, scramble=True, rng=np.random.default_rng(seed))
    points = np.clip(sequence.random_base2(max(0, (draws - 1).bit_length()))[:draws], 1e-9, 1.0 - 1e-9)
    found = []
    for point in points:
        plasma = {}
        for name, u in zip(LABS, point, strict=False):
            low, high = rows[name].range
            plasma[name] = 0.5 * (low + high) + 0.5 * (high - low) / ndtri(0.975) * float(ndtri(u))
        for name, u in zip(INHIBITORS, point[len(LABS) :], strict=False):
            plasma[name] = rows[name].value * (1.0 + INHIBITOR_SPREAD * (2.0 * float(u) - 1.0))
        found.append((plasma, SATURATION_SPREAD * (2.0 * float(point[-1]) - 1.0)))
    return found


def one(person: tuple[dict[str, float], float]) -> tuple[float, float]:
    """mg Ca/cm3 after ten years, and the nuclei per cm3 that were to be expected."""
    plasma, shift = person
    base = scenarios.load("healthy/dermis")
    scenario = base.model_copy(update={"plasma": base.plasma.model_copy(update=plasma)})
    simulation = Varied(scenario, {SATURATION: shift})
    simulation.advance(YEARS * YEAR)
    found = simulation.observables()
    return float(found["deposit_calcium_mg_per_cm3"]), float(found["expected_nuclei_per_cm3"])


def run(draws: int = 1000, seed: int = 1, workers: int = 2) -> dict[str, Any]:
    """All draws over processes; the share that stays clear and what the worst looks like."""
    begin = time.perf_counter()
    drawn = people(draws, seed)
    one(drawn[0])  # compiles in this process first, so that the workers find the kernels in the cache
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            found = np.array(list(pool.map(one, drawn, chunksize=max(1, draws // (8 * workers)))))
    else:
        found = np.array([one(person) for person in drawn])
    deposit, expected = found.T
    worst = int(np.argmax(expected))
    return {
        "draws": draws,
        "seed": seed,
        "share_below": float(np.mean(deposit < CLEAR)),
        "largest_mg_per_cm3": float(deposit.max()),
        "expected_nuclei_median": float(np.median(expected)),
        "expected_nuclei_99": float(np.quantile(expected, 0.99)),
        "expected_nuclei_largest": float(expected.max()),
        "most_supersaturated": {**drawn[worst][0], "saturation_shift": drawn[worst][1]},
        "wall_s": round(time.perf_counter() - begin, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    result = run(options.draws, options.seed, options.workers)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        share, number = result["share_below"], result["draws"]
        print(f"{share:.1%} of {number} draws stay below {CLEAR} mg Ca/cm3 for {YEARS:g} years (target {SHARE:.0%})")
        print(f"largest deposit {result['largest_mg_per_cm3']:.3g} mg Ca/cm3")
        names = ("median", "99", "largest")
        text = ", ".join(f"{name} {result[f'expected_nuclei_{name}']:.3g}" for name in names)
        print(f"expected nuclei per cm3: {text} (quantiles); {result['wall_s']:g} s")
    return 0 if result["share_below"] >= SHARE else 1


if __name__ == "__main__":
    sys.exit(main())

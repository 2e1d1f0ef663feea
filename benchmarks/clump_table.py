"""How sticking shapes clumps: the table of data/morphology.toml, measured with the particle engine, and what growth makes of them.

    python benchmarks/clump_table.py [--seeds 4] [--out DIR]

Writes clump.json, clump.png and docs-ready rows to stdout. Fractal dimensions are means over seeds with their standard errors.
"""

import argparse
import json
import math
import platform
import time
from pathlib import Path

import numpy as np

from calcisim.physics import morphology, morphology_shape
from calcisim.physics.morphology import Growing

PARTICLES, CLUSTERS = 4000, 20
# Sticking per contact, volume fraction: thin where diffusion rules, so that clusters do not fill the space before they meet; where contacts
# hold rarely the volume fraction does not matter, and a thin suspension would take hours.
CASES = ((1.0, 0.001), (0.1, 0.002), (0.01, 0.005), (0.001, 0.005))
LAYERS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)


def mean(values: list[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    array = np.array(values)
    return float(array.mean()), float(array.std(ddof=1) / math.sqrt(len(array))) if len(array) > 1 else math.nan


def sticking_case(sticking: float, fraction: float, seeds: range) -> dict[str, object]:
    """Dimension, prefactors and efficiency of one chance to hold. Efficiency: rate of meeting and holding against that at sticking 1."""
    packs = [morphology.grow(Growing(PARTICLES, sticking=sticking, fraction=fraction, clusters=CLUSTERS, seed=seed)) for seed in seeds]
    free = [morphology.grow(Growing(PARTICLES, fraction=fraction, clusters=PARTICLES // 2, seed=seed)) for seed in seeds]
    fits = [morphology_shape.dimension_of(pack) for pack in packs]
    dimension, error = mean([fit.dimension for fit in fits])
    contact = [morphology_shape.contact_prefactor(pack, dimension) for pack in packs]
    ratio = [morphology_shape.half_time(a) / morphology_shape.half_time(b) for a, b in zip(free, packs)]
    return {
        "sticking": sticking,
        "fraction": fraction,
        "seeds": len(packs),
        "efficiency": mean(ratio),
        "dimension": (dimension, error),
        "prefactor": mean([fit.prefactor for fit in fits]),
        "contact_prefactor": mean(contact),
        "coordination": mean([morphology_shape.coordination(pack) for pack in packs]),
    }


def growth_case(growth: float, fibres: float, seeds: range) -> dict[str, object]:
    """Dimension of the solid over the clusters, with a layer on every particle; fibres hold a twentieth of what touches them."""
    found, filled, enclosed = [], [], []
    for seed in seeds:
        asked = Growing(PARTICLES, fraction=0.005, clusters=100, fibres=fibres, nucleated=0.05 if fibres else 0.0, capture=0.05, seed=seed)
        pack = morphology.grow(asked)
        solid = morphology_shape.thickened(pack, growth)
        found.append(morphology_shape.solid_dimension(solid).dimension)
        enclosed.append(morphology_shape.envelope_dimension(solid, morphology_shape.dimension_of(pack).prefactor)[0])
        filled.append(float(solid.volume.sum()) / PARTICLES)
    return {
        "growth": growth,
        "fibres": fibres,
        "dimension": mean(found),
        "envelope_dimension": mean(enclosed),
        "solid_per_particle": mean(filled),
    }


def other_cases(seeds: range) -> dict[str, tuple[float, float]]:
    """The plane, walkers in space and in the plane, and clusters that turn."""
    kinds = {
        "clusters, plane": {"dimensions": 2, "fraction": 0.01, "clusters": 50},
        "clusters, space": {},
        "clusters that turn, space": {"rotation": True},
        "walkers, space": {"walkers": True},
        "walkers, plane": {"walkers": True, "dimensions": 2},
    }
    return {
        name: mean([morphology_shape.dimension_of(morphology.grow(Growing(seed=seed, **kind))).dimension for seed in seeds])
        for name, kind in kinds.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("runs/clump-table"))
    given = parser.parse_args()
    seeds, began = range(1, given.seeds + 1), time.perf_counter()
    document = {
        "others": other_cases(seeds),
        "sticking": [sticking_case(*case, seeds) for case in CASES],
        "growth": [growth_case(layer, fibres, seeds) for fibres in (0.0, 0.05) for layer in LAYERS],
        "machine": platform.machine(),
        "wall_s": None,
    }
    document["wall_s"] = round(time.perf_counter() - began, 1)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "clump.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()

"""Work of the solver against the size of the grid: iteration counts must not grow from 32² to 512² and from 32³ to 96³.

    python benchmarks/iterations.py [--largest 256] [--days 14] [--json]

Two tables. `linear`: one linear system of four solutes and a mineral, conductances spread over 500 : 1 at random, a time step so long that
steady diffusion rules, to the relative residual of a Newton step (2e-2) and to 1e-8. `run`: the speed cases of benchmarks/scenarios at
several resolutions, whole steps of the model: Newton iterations per stage and V-cycles per Newton iteration. Counts do not depend on the
machine; seconds do, and are given for orientation only.
"""

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
LENGTH = {2: 12.8e-3, 3: 6.4e-3}  # m, of the scenarios' grids
SIZES = (((1, 32, 32), (1, 64, 64), (1, 128, 128), (1, 256, 256), (1, 512, 512)), ((32, 32, 32), (48, 48, 48), (64, 64, 64), (96, 96, 96)))
INNER = (slice(1, -1),) * 3


def linear_system(shape):
    """Hierarchy of a hard system and its right-hand side."""
    from calcisim.numerics.multigrid import Hierarchy

    random = np.random.default_rng(11)
    diffusivity, stoichiometry = np.array([1.0, 0.95, 0.94, 1.58]), np.array([[5.0], [3.0], [0.0], [7.0]])
    hierarchy = Hierarchy(shape, tuple(1.0 / n if n > 1 else 1.0 for n in shape), diffusivity, stoichiometry)
    fine, field = hierarchy.fine, 500.0 ** -random.random(shape)
    fine.diag[(slice(None), *INNER)] = 0.5 + random.random((4, *shape))
    fine.w[(slice(None), slice(None), *INNER)] = 10.0 * random.random((1, 4, *shape)) * (random.random(shape) < 0.1)
    weight = 10.0 * max(shape) ** 2  # γΔt D/Δx² where diffusion crosses the grid ten times in a step
    for axis, face in enumerate((fine.tz, fine.ty, fine.tx)):
        if shape[axis] > 1:
            near, far = np.moveaxis(field, axis, 0)[:-1], np.moveaxis(field, axis, 0)[1:]
            np.moveaxis(face[INNER], axis, 0)[1:] = weight * 2.0 * near * far / (near + far)
    hierarchy.assemble()
    right = np.zeros_like(fine.diag)
    right[(slice(None), *INNER)] = random.standard_normal((4, *shape))
    return hierarchy, right


def linear(shape):
    from calcisim.numerics.krylov import Bicgstab

    hierarchy, right = linear_system(shape)
    solver, x, row = Bicgstab(hierarchy), np.zeros_like(right), {"grid": name(shape), "voxels": int(np.prod(shape))}
    for label, tolerance in (("2e-2", 2e-2), ("1e-8", 1e-8)):
        hierarchy.vcycles, began = 0, time.perf_counter()
        solved = solver.solve(right, x, tolerance, 60)
        row[f"vcycles_{label}"] = hierarchy.vcycles if solved else None
        row[f"seconds_{label}"] = round(time.perf_counter() - began, 4)
    return row


def run(shape, days):
    """Whole steps of the model on a refined grid."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    cells = [n for n in reversed(shape) if n > 1]
    case = HERE / "scenarios" / ("plane.toml" if len(cells) == 2 else "block.toml")
    sets = (f"site.joint.grid.shape={cells}", f'site.joint.grid.spacing="{LENGTH[len(cells)] / cells[0] * 1e6!r} um"')
    chosen = scenario.load(str(case), sets)
    simulation, began = Simulation(chosen), time.perf_counter()
    simulation.advance(days * 86400.0)
    seconds, work = time.perf_counter() - began, simulation.statistics()
    return {
        "grid": name(shape),
        "voxels": int(np.prod(shape)),
        "steps": work["steps"],
        "rejected": work["rejected_steps"],
        "newton_per_stage": round(work["newton_iterations"] / work["stages"], 2),
        "vcycles_per_newton": round(work["vcycles"] / work["newton_iterations"], 2),
        "seconds": round(seconds, 2),
        "us_per_voxel_and_vcycle": round(1e6 * seconds / work["vcycles"] / int(np.prod(shape)), 3),
    }


def name(shape):
    counts = [n for n in shape if n > 1]
    return f"{counts[0]}^{len(counts)}"


def show(title, rows):
    print(title)
    keys = list(rows[0])
    widths = [max(len(key), *(len(str(row[key])) for row in rows)) for key in keys]
    for line in (keys, *([str(row[key]) for key in keys] for row in rows)):
        print("  " + "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=256, help="most voxels along an axis in 2-D; in 3-D a quarter of it")
    parser.add_argument("--days", type=float, default=14.0)
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    options = parser.parse_args(arguments)
    shapes = [shape for family in SIZES for shape in family if shape[-1] <= (options.largest if shape[0] == 1 else options.largest // 4)]
    document = {"linear": [], "run": []}
    warnings.simplefilter("ignore", UserWarning)  # uraemic plasma is meant
    linear(shapes[0])  # compiles
    run((1, 8, 8), 0.1)
    for shape in shapes:
        print(name(shape), file=sys.stderr)
        document["linear"].append(linear(shape))
        document["run"].append(run(shape, options.days))
    if options.json:
        print(json.dumps(document, indent=1))
        return
    show("one linear system, conductances 500 : 1", document["linear"])
    show(f"speed cases (plane, block), {options.days:g} days", document["run"])


if __name__ == "__main__":
    main()

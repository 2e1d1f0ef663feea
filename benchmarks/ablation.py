"""Which route builds the clumps: every route turned off (or on) in turn, in tissue, in a bursa and in a test tube.

    python benchmarks/ablation.py [--out DIR] [--force] [--json] [--only WORD]

Rows are switches of [population], columns three cases: damaged collagen in uraemic skin, seeded bursa fluid in uraemia
(benchmarks/scenarios, where each says why it is as it is) and the serum test. Printed and written to ablation.csv: sizes of spheres and
particles, the largest clump, what is fused, the deposit and its Ca/P. A route that changes no measure by more than 1 % in any case is
named in the last lines. A clump below the voxel is a particle (um), above it a region with at least 1 mg Ca/cm3 (mm).
Exit code 1 when a case cannot be computed, 2 when ablation.csv is there already and --force is not given.
"""

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import command

from calcisim import scenario as scenarios
from calcisim.errors import SolverError
from calcisim.results import clumps, observables
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.simulation.run import Simulation

FOLDER = Path(__file__).parent / "scenarios"
DAY, HOUR = 86400.0, 3600.0
USUAL = "as it is"
ROUTES: dict[str, tuple[str, ...]] = {
    USUAL: (),
    "no aggregation": ("population.aggregation=false",),
    "no impingement": ("population.impingement=false",),
    "no terminal size": ("population.terminal_size=false",),
    "no capture": ("population.capture=false",),
    "secondary nucleation": ("population.secondary_nucleation=true",),
}
CASES: dict[str, tuple[str, float]] = {  # scenario, time [s]
    "dermis": (str(FOLDER / "uraemic-dermis.toml"), 365.0 * DAY),
    "bursa fluid": (str(FOLDER / "uraemic-bursa.toml"), 60.0 * DAY),
    "test tube": ("invitro/t50", 10.0 * HOUR),
}
MEASURES = {  # observable: heading
    "sphere_median_um": "sphere um",
    "sphere_polydispersity": "spread",
    "particle_median_um": "particle um",
    "largest_particle_um": "largest um",
    "largest_clump_mm": "clump mm",
    "fused_fraction": "fused",
    "deposit_calcium_mg_per_cm3": "mg Ca/cm3",
    "calcium_phosphorus_ratio": "Ca/P",
}
SAME = 0.01  # relative difference that counts as none
NAME = "ablation.csv"
Row = dict[str, Any]


def measure(name: str, time: float, sets: Sequence[str] = ()) -> dict[str, float | None]:
    """The measures of a scenario at a time [s]; None where one has no meaning."""
    simulation = Simulation(scenarios.load(name, tuple(sets)))
    simulation.advance(time)
    found = observables.evaluate(simulation)
    return {key: None if found[key] is None else float(found[key]) for key in MEASURES}


def attempt(name: str, time: float, sets: Sequence[str]) -> dict[str, Any]:
    """`measure`, or why there is no answer."""
    try:
        return {**measure(name, time, sets), "failure": ""}
    except SolverError as error:
        return {**dict.fromkeys(MEASURES), "failure": str(error)}


def table(routes: Mapping[str, Sequence[str]] = ROUTES, cases: Mapping[str, tuple[str, float]] = CASES) -> list[Row]:
    """One row per case and route."""
    return [
        {"case": case, "route": route, **attempt(name, time, sets)}
        for case, (name, time) in cases.items()
        for route, sets in routes.items()
    ]


def close(one: float | None, other: float | None) -> bool:
    """Whether two measures differ by no more than 1 %; what has no meaning in both does not differ."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME * max(abs(one), abs(other))


def changed(row: Row, usual: Row) -> list[str]:
    """Measures that a route changes in a case; all of them where it has no answer."""
    if row["failure"] or usual["failure"]:
        return list(MEASURES)
    return [key for key in MEASURES if not close(row[key], usual[key])]


def idle(rows: Sequence[Row]) -> list[str]:
    """Routes that change nothing in any case."""
    usual = {row["case"]: row for row in rows if row["route"] == USUAL}
    routes = dict.fromkeys(row["route"] for row in rows if row["route"] != USUAL)
    return [route for route in routes if not any(changed(row, usual[row["case"]]) for row in rows if row["route"] == route)]


def write(path: Path, rows: Sequence[Row], force: bool = False) -> None:
    """The rows as CSV; without `force` never over a file that is there (FileExistsError)."""
    command.write_csv(path, ["case", "route", *MEASURES, "failure"], rows, force)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def show(rows: Sequence[Row]) -> None:
    """The rows as a table, changed measures marked, and the routes that change nothing."""
    usual = {row["case"]: row for row in rows if row["route"] == USUAL}
    width = max(len(row["route"]) for row in rows)
    for case in usual:
        print(f"\n{case}\n  {'':{width}s}" + "".join(f"{heading:>13s}" for heading in MEASURES.values()))
        for row in rows:
            if row["case"] != case:
                continue
            different = changed(row, usual[case])
            cells = "".join(f"{_cell(row[key]) + ('*' if key in different else ' '):>13s}" for key in MEASURES)
            print(f"  {row['route']:{width}s}" + (f"  no answer: {row['failure']}" if row["failure"] else cells))
    print(f"\n* more than {SAME:.0%} from {USUAL!r}; clump mm: regions with at least {clumps.THRESHOLD:g} mg Ca/cm3")
    for route in idle(rows):
        print(f"{route}: changes nothing in {', '.join(usual)}")


def main() -> int:
    options = command.parser(__doc__, "cases whose name contains WORD, as bursa", NAME).parse_args()
    path = options.out / NAME
    if command.in_the_way(path, options.force):
        return 2
    warnings.simplefilter("ignore", PlausibilityWarning)
    rows = table(cases={case: value for case, value in CASES.items() if options.only in case})
    write(path, rows, options.force)
    if options.json:
        print(json.dumps({"rows": rows, "idle": idle(rows)}, indent=1))
    else:
        show(rows)
    return 1 if any(row["failure"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

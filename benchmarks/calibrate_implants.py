"""Calibrate the implant family: five numbers, everything else held fixed.

    python benchmarks/calibrate_implants.py [--quick] [--json]

Fitted: the substrate state s of the fixed cusp and its pool of debris (calcium at days 3 and 21, Levy 1983), s of the unfixed cusp
(day 21, same study), and s of the collagen sponge after glutaraldehyde and after formaldehyde (day 21, Levy 1986). No other number
is touched, and no reference row marked `validate` is used. Printed: the objective, 95 % intervals by profile, correlations above 0.9,
and what did not enter the fit. The terminal exponent and the debris site area were picked with halved phosphate in view
(docs/decisions/2026-11-22-terminal-size.md), so that line is no independent prediction. --quick leaves out the profiles and all but one
sensitivity.

The uncertainty of a point is the sd of its [[reference]] row: the spread between explants, not the error of their mean.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any

from calcisim import scenario as scenarios
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.studies import fit as fitting
from calcisim.studies.fit import DAY, Fit, Point

DRY, NONMINERAL = "calcium_ug_per_mg_dry", "calcium_ug_per_mg_nonmineral"
CUSP, SPONGE, PERICARDIUM = "dystrophic/subdermal-cusp", "dystrophic/subdermal-collagen-sponge", "dystrophic/subdermal-pericardium"
FAMILY = {  # scenario: what is fitted there
    CUSP: ("tissue.cusp-fixed.substrate_state", "tissue.cusp-fixed.debris"),
    f"{CUSP}-unfixed": ("tissue.cusp-unfixed.substrate_state",),
    SPONGE: ("tissue.sponge-glutaraldehyde.substrate_state",),
    f"{SPONGE}-formaldehyde": ("tissue.sponge-formaldehyde.substrate_state",),
}
CURVE = (1, 3, 7, 14, 21, 40, 60, 84)
STATES = (0.63, 0.64, 0.65, 0.66, 0.68, 0.72, 0.80, 0.95)  # of the collagen, for the profile with the debris fitted to day 3
EXPONENT, RADIUS = "minerals.HAP.terminal_exponent", "minerals.HAP.terminal_radius"
SLOW, FAST = "site.cusp.perfusion=1.2142857142857143e-4 1/s", "site.cusp.perfusion=4.857142857142857e-4 1/s"  # half and twice the subcutis
SENSITIVITY: tuple[tuple[str, dict[str, float], tuple[str, ...]], ...] = (
    ("terminal exponent 48", {EXPONENT: 48.0}, ()),
    ("terminal exponent 12", {EXPONENT: 12.0}, ()),
    ("terminal exponent 24", {EXPONENT: 24.0}, ()),
    ("terminal exponent 96", {EXPONENT: 96.0}, ()),
    ("terminal radius 0.20 um", {RADIUS: 0.20e-6}, ()),
    ("terminal radius 0.30 um", {RADIUS: 0.30e-6}, ()),
    ("growth rate 2e-10", {"minerals.HAP.growth_rate": 2e-10}, ()),
    ("debris site area 1e-14 m2", {"nucleation.debris_site_area": 1e-14}, ()),
    ("debris site area 1e-13 m2", {"nucleation.debris_site_area": 1e-13}, ()),
    ("debris state 0.40", {"nucleation.debris_state": 0.40}, ()),
    ("perfusion halved", {}, (SLOW,)),
    ("perfusion doubled", {}, (FAST,)),
)


def curve(name: str, sets: Sequence[str], days: Sequence[float] = CURVE, laws: dict[str, float] | None = None) -> dict[str, list[float]]:
    """µg Ca per mg on both bases and the mean radius of the primaries at these days."""
    observables = (DRY, NONMINERAL, "primary_radius_um")
    points = [Point(observable, day * DAY, 0.0, 1.0) for observable in observables for day in days]
    found = [float(value) for value in fitting.predict(name, sets, points, laws)]
    return {observable: found[index * len(days) : (index + 1) * len(days)] for index, observable in enumerate(observables)}


def ratio(sets: Sequence[str], day: float, laws: dict[str, float] | None = None) -> float:
    """How much less calcium per mg non-mineral at half the phosphate."""
    full, half = (curve(name, sets, (day,), laws)[NONMINERAL][0] for name in (CUSP, f"{CUSP}-half-phosphate"))
    return full / half


def elsewhere(sets: Sequence[str]) -> tuple[str, ...]:
    """The cusp's values on the pericardium."""
    return tuple(text.replace("site.cusp.", "site.pericardium.") for text in sets)


def inhibition(sets: Sequence[str]) -> float:
    """Share of the deposit at day 21 that local etidronate prevents."""
    free, treated = (curve(name, elsewhere(sets), (21,))[DRY][0] for name in (PERICARDIUM, f"{PERICARDIUM}-etidronate"))
    return 1.0 - treated / free


def from_day_3(states: Sequence[float]) -> list[dict[str, float]]:
    """Along the profile: the collagen at s, the debris fitted to day 3 alone, and what day 21 and the unfitted arms then are."""
    day_3 = fitting.points_of(scenarios.load(CUSP))[:1]
    rows = []
    for state in states:
        held = (f"site.cusp.region.implant.override.substrate_state={state}",)
        done = fitting.fit(CUSP, FAMILY[CUSP][1:], day_3, profiles=False, sets=held)
        sets = (*held, *done.sets())
        early, late = curve(CUSP, sets, (3, 21))[DRY]
        rows.append(
            {"s": state, "debris": float(done.found.values[0]), "day_3": early, "day_21": late, "phosphate_ratio": ratio(sets, 21.0),
             "etidronate_inhibition": inhibition(sets)}
        )  # fmt: skip
    return rows


def predictions(done: dict[str, Fit]) -> dict[str, Any]:
    """What did not enter the fit, at the fitted values."""
    cusp, glutaraldehyde = done[CUSP].sets(), done[SPONGE].sets()
    half, adult = (curve(f"{CUSP}-{name}", cusp) for name in ("half-phosphate", "adult"))
    full = curve(CUSP, cusp)
    return {
        "days": CURVE,
        "cusp": full,
        "half_phosphate": half,
        "half_phosphate_ratio": {basis: [a / b for a, b in zip(full[basis], half[basis], strict=True)] for basis in (DRY, NONMINERAL)},
        "adult": adult,
        "unfixed": curve(f"{CUSP}-unfixed", done[f"{CUSP}-unfixed"].sets()),
        "sponge_glutaraldehyde": curve(SPONGE, glutaraldehyde),
        "sponge_formaldehyde": curve(f"{SPONGE}-formaldehyde", done[f"{SPONGE}-formaldehyde"].sets()),
        "formaldehyde_with_s_of_glutaraldehyde": curve(f"{SPONGE}-formaldehyde", glutaraldehyde, (21,))[DRY][0],
        "pericardium": curve(PERICARDIUM, elsewhere(cusp)),
        "etidronate": curve(f"{PERICARDIUM}-etidronate", elsewhere(cusp)),
        "etidronate_inhibition": inhibition(cusp),
    }


def sensitivity(variants: Sequence[tuple[str, dict[str, float], tuple[str, ...]]]) -> list[dict[str, Any]]:
    """The fixed cusp refitted with one constant changed: values, creep of the primaries, phosphate, late days."""
    rows = []
    for label, laws, held in variants:
        done = fitting.fit(CUSP, FAMILY[CUSP], laws=laws, profiles=False, sets=held)
        state, debris = map(float, done.found.values)
        sets = (*held, *done.sets())
        found = curve(CUSP, sets, (3, 21, 84), laws)
        rows.append(
            {"changed": label, "s": state, "debris": debris, "objective": done.found.objective, "days_3_21_84": found[DRY],
             "radius_um": found["primary_radius_um"], "phosphate_ratio": ratio(sets, 21.0, laws)}
        )  # fmt: skip
    return rows


def calibrate(quick: bool = False) -> dict[str, Any]:
    """Everything, as one document."""
    begin = time.perf_counter()
    done = {name: fitting.fit(name, paths, profiles=not quick) for name, paths in FAMILY.items()}
    return {
        "fitted_numbers": sum(map(len, FAMILY.values())),
        "objective": sum(one.found.objective for one in done.values()),
        "fits": [one.document() for one in done.values()],
        "day_21_from_day_3": from_day_3(STATES[2:3] if quick else STATES),
        "predictions": predictions(done),
        "sensitivity": sensitivity(SENSITIVITY[:1] if quick else SENSITIVITY),
        "wall_s": round(time.perf_counter() - begin, 1),
    }


def _numbers(values: Sequence[float], form: str = "7.1f") -> str:
    return " ".join(f"{value:{form}}" for value in values)


def show(document: dict[str, Any]) -> None:
    """The document as text."""
    print(f"{document['fitted_numbers']} fitted numbers, objective {document['objective']:.4g}; the four fits share no parameter\n")
    for one in document["fits"]:
        print(fitting.report(one))
    print("the fixed cusp with the debris fitted to day 3 alone, over s: what day 21 and the unfitted arms then are")
    print("      s    debris 1/m3   day 3  day 21 (122.9)  phosphate halved  etidronate")
    for row in document["day_21_from_day_3"]:
        print(
            f"  {row['s']:5.3f}  {row['debris']:11.3g}  {row['day_3']:6.1f}  {row['day_21']:6.1f}"
            f"  {row['phosphate_ratio']:20.2f}x  {row['etidronate_inhibition']:14.1%}"
        )
    found = document["predictions"]
    print(f"\nug Ca per mg dry explant at day       {_numbers(found['days'], '7d')}")
    for name in ("cusp", "half_phosphate", "adult", "unfixed", "sponge_glutaraldehyde", "sponge_formaldehyde", "pericardium", "etidronate"):
        print(f"  {name:36s}{_numbers(found[name][DRY])}")
    print(f"  {'cusp per mg non-mineral':36s}{_numbers(found['cusp'][NONMINERAL])}")
    for basis in (DRY, NONMINERAL):
        print(f"  {'ratio to half phosphate, ' + basis.split('_')[-1]:36s}{_numbers(found['half_phosphate_ratio'][basis], '7.2f')}")
    print(f"  formaldehyde sponge with s of glutaraldehyde, day 21: {found['formaldehyde_with_s_of_glutaraldehyde']:.1f}")
    print(f"  etidronate prevents {found['etidronate_inhibition']:.1%} at day 21\n")
    print("the fixed cusp refitted with one constant changed")
    for row in document["sensitivity"]:
        print(
            f"  {row['changed']:26s} s {row['s']:.4f}, debris {row['debris']:.3g}, objective {row['objective']:.2g}, days 3, 21, 84:"
            f" {_numbers(row['days_3_21_84'], '.1f')}; radius um {_numbers(row['radius_um'], '.3f')};"
            f" phosphate halved {row['phosphate_ratio']:.2f}x"
        )
    print(f"\n{document['wall_s']:g} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no profiles, one sensitivity")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    warnings.simplefilter("ignore", PlausibilityWarning)
    document = calibrate(options.quick)
    if options.json:
        print(json.dumps(document, indent=1))
    else:
        show(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())

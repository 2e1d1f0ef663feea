"""What the implant, healthy, uraemic and in-vitro scenarios must show, beside what comes out of them.

    python benchmarks/biology_table.py [--json] [--only WORD] [--draws 1000]

Every line has a target from the literature (see docs/decisions for the numbers), what the shipped scenario gives, and whether that
passes. Exit code 1 when a line fails. Measured values are those of the scenarios' [[reference]] rows; none is written twice here.
"""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import command
from command import Line

from calcisim import scenario as scenarios
from calcisim.simulation.run import Simulation

DAY, YEAR = 86400.0, 365.25 * 86400.0
DRY, NONMINERAL = "calcium_ug_per_mg_dry", "calcium_ug_per_mg_nonmineral"
CUSP = "dystrophic/subdermal-cusp"
SPONGE = "dystrophic/subdermal-collagen-sponge"
UNTREATED = 0.8  # assumed state of purified collagen without aldehyde; in the animal it is resorbed before it could calcify


@cache
def at(name: str, times: tuple[float, ...], sets: tuple[str, ...] = ()) -> tuple[dict[str, Any], ...]:
    """Observables of a scenario at these times [s]."""
    loaded = scenarios.load(name, sets)
    simulation = Simulation(loaded)
    found = []
    for time in times:
        simulation.advance(time)
        found.append(simulation.observables())
    return tuple(found)


def measured(name: str, day: float) -> float:
    """The measured value of a scenario's reference row at a day."""
    return next(float(row.value) for row in scenarios.load(name).reference if row.time == day * DAY)


def cusp(name: str = CUSP, sets: tuple[str, ...] = ()) -> tuple[dict[str, Any], ...]:
    """An implant at days 3 and 21."""
    return at(name, (3.0 * DAY, 21.0 * DAY), sets)


def _within(name: str, title: str, index: int, tolerance: float) -> Line:
    day = (3.0, 21.0)[index]
    target, got = measured(name, day), cusp(name)[index][DRY]
    return Line(title, f"{target:g} µg/mg dry ± {tolerance:.0%}", f"{got:.1f}", abs(got - target) <= tolerance * target)


def fixed_cusp_day_3() -> Line:
    return _within(CUSP, "fixed cusp, day 3", 0, 0.2)


def fixed_cusp_day_21() -> Line:
    return _within(CUSP, "fixed cusp, day 21", 1, 0.2)


def unfixed_cusp() -> Line:
    got = cusp(f"{CUSP}-unfixed")[1][DRY]
    return Line("unfixed cusp, day 21", "below 10 µg/mg dry (5.6 ± 1.0 measured)", f"{got:.2f}", got < 10.0)


def sponge_untreated() -> Line:
    got = cusp(SPONGE, (f"site.sponge.region.implant.override.substrate_state={UNTREATED}",))[1][DRY]
    least = cusp(SPONGE)[1][DRY]
    text = f"{got:.2f} (s = {UNTREATED} assumed; resorption is not simulated)"
    return Line("sponge without aldehyde, day 21", "0; below 5 µg/mg dry and below glutaraldehyde", text, got < 5.0 and got < least)


def sponge_glutaraldehyde() -> Line:
    return _within(SPONGE, "sponge, glutaraldehyde, day 21", 1, 0.3)


def sponge_formaldehyde() -> Line:
    return _within(f"{SPONGE}-formaldehyde", "sponge, formaldehyde, day 21", 1, 0.3)


def sponge_order() -> Line:
    low, high = cusp(SPONGE)[1][DRY], cusp(f"{SPONGE}-formaldehyde")[1][DRY]
    return Line("sponges in order", "glutaraldehyde < formaldehyde", f"{low:.1f} < {high:.1f}", low < high)


def etidronate() -> Line:
    base = "dystrophic/subdermal-pericardium"
    free, treated = cusp(base)[1][DRY], cusp(f"{base}-etidronate")[1][DRY]
    inhibition = 1.0 - treated / free
    text = f"{inhibition:.1%} ({free:.1f} to {treated:.2f})"
    return Line("etidronate beside pericardium, day 21", "at least 90 % less", text, inhibition >= 0.9)


def half_phosphate() -> Line:
    full, half = cusp()[1], cusp(f"{CUSP}-half-phosphate")[1]
    ratio = full[NONMINERAL] / half[NONMINERAL]
    text = f"{ratio:.2f} times ({full[NONMINERAL]:.1f} to {half[NONMINERAL]:.1f}; dry basis {full[DRY] / half[DRY]:.2f})"
    return Line("phosphate halved, day 21", "at least 2 times less per mg non-mineral", text, ratio >= 2.0)


def limiting_step() -> Line:
    early, late = cusp()
    parts = [
        f"day {day}: {row['limiting_step']}, Da {row['damkohler']:.2f}, Thiele {row['thiele']:.2f}" for day, row in ((3, early), (21, late))
    ]
    return Line("what limits the thin cusp", "not supply at day 21", "; ".join(parts), late["limiting_step"] != "supply")


def empty() -> Line:
    row = cusp("dystrophic/subdermal-empty")[1]
    got = row["deposit_calcium_mg"]
    return Line("no collagen and no debris", "no deposit", f"{got:g} mg Ca, {row['nuclei']:g} nuclei", got == 0.0 and row["nuclei"] == 0.0)


def uraemia() -> Line:
    (row,) = at("metastatic/ckd-constant", (182.0 * DAY - 60.0,))
    got = row["deposit_calcium_mg_per_cm3"]
    return Line("CKD plasma, 1 % exposed at s = 0.7", "at least 0.5 mg Ca/cm3 before the excision at day 182", f"{got:.2f}", got >= 0.5)


def wound() -> Line:
    got = at("healthy/wound", (10.0 * YEAR,))[0]["deposit_calcium_mg_per_cm3"]
    return Line("ordinary wound at 10 years", "below 0.05 mg Ca/cm3", f"{got:.4f}", got < 0.05)


def medium() -> Line:
    (row,) = at("invitro/dmem-protein-free", (6.0 * DAY,))
    expected = row["expected_nuclei_per_cm3"]  # the tube holds 1 cm3 and 0.1 m2 of collagen
    text = f"{row['nuclei']:g} nuclei, {expected:.2g} expected"
    passed = row["nuclei"] == 0.0 and expected < 1.0
    return Line("intact collagen in protein-free medium, 6 days", "no nucleus on 0.1 m2, fewer than 1 expected", text, passed)


def healthy(draws: int) -> Line:
    sys.path.insert(0, str(Path(__file__).parent))
    import healthy_draws

    result = healthy_draws.run(draws)
    share = result["share_below"]
    text = f"{share:.1%} of {draws}; most {result['largest_mg_per_cm3']:.2g} mg Ca/cm3"
    return Line("healthy dermis, 10 years, drawn labs", "at least 99 % below 0.01 mg Ca/cm3", text, share >= 0.99)


LINES: tuple[Callable[[], Line], ...] = (
    fixed_cusp_day_3, fixed_cusp_day_21, unfixed_cusp, sponge_untreated, sponge_glutaraldehyde, sponge_formaldehyde, sponge_order,
    etidronate, half_phosphate, limiting_step, empty, uraemia, wound, medium,
)  # fmt: skip


def table(only: str = "", draws: int = 1000) -> list[Line]:
    """The lines whose function name contains `only`."""
    rows = [line() for line in LINES if only in line.__name__]
    return rows + ([healthy(draws)] if only in "healthy" and draws > 0 else [])


def main() -> int:
    parser = command.parser(__doc__, "lines whose name contains WORD, as unfixed or sponge")
    parser.add_argument("--draws", type=int, default=1000, help="draws of the healthy line; 0 leaves it out")
    options = parser.parse_args()
    return command.report(table(options.only, options.draws), options.json)


if __name__ == "__main__":
    sys.exit(main())

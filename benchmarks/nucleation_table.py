"""The constraints on nucleation and the implant facts, for the shipped laws and for their two rivals, beside their targets.

    python benchmarks/nucleation_table.py [--out DIR] [--force] [--json] [--only WORD]

Rivals: growth driven by OCP with soft passivation (exponent 4, 85 nm), and secondary nucleation on mineral with crystallites of 30 nm.
Each column is one set of laws with the two numbers of the fixed cusp (state of its collagen, pool of debris) fitted to days 3 and 21;
the shipped laws also stand as shipped. Nothing else is fitted: the unfixed cusp and the sponges keep the states that were fitted with
the shipped laws, so for a rival they are predictions, as are etidronate, phosphate halved, day 84 and the sizes. The shipped laws had
help that the rivals have not: their terminal exponent, debris area and inhibition of ACP were picked with halved phosphate and
etidronate in view. Saturations, rates and amounts are those of the simulator's own speciation and kernels.
Printed and written to nucleation.csv (law, name, target, got, passed).
Exit code 1 when a line of the laws as shipped misses, 2 when nucleation.csv is there already and --force is not given.
"""

import json
import math
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import command
from biology_table import CUSP, DAY, DRY, NONMINERAL, SPONGE, YEAR, at, measured
from calibrate_implants import FAMILY, PERICARDIUM, elsewhere

from calcisim import scenario as scenarios
from calcisim.errors import SolverError
from calcisim.physics import routes
from calcisim.physics.nucleation import interfacial_energy, nucleation_saturation
from calcisim.physics.phases import COUNT, HAP, log_saturations
from calcisim.physics.voxel_rates import speciate_voxel
from calcisim.scenario import tissues
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.simulation.measures import CALCIUM_MASS
from calcisim.simulation.run import Simulation
from calcisim.studies import fit as fitting

HEALTH, CKD, DMEM = "healthy/dermis", "metastatic/ckd-constant", "invitro/dmem-protein-free"
SURFACE = tissues.lookup("dermis").surface_per_volume  # of collagen [1/m]
EXPOSED = 0.01  # share of it that an injury exposes
TUBE_AREA, TUBE_DAYS = 0.1, 6.0  # collagen in the tube of Hamlin and Price [m2], days
HALF_YEAR = 182.0 * DAY - 60.0  # before the excision of the scenario
ATOM = 1e6  # cm3 per m3
INTACT_RANGE, INJURED_RANGE = (158.0, 166.0), (122.0, 126.0)  # feasible interfacial energies at this prefactor [mJ/m2]
IMPLANT = "site.cusp.region.implant"
STARTS = tuple(product((0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.95), (1e16, 1e17, 1e18, 1e19)))  # states and pools from which a fit may begin
RIVALS: dict[str, tuple[str, ...]] = {
    "shipped": (),
    "OCP-driven": ("pathway.driving_phase=OCP", "pathway.terminal_exponent=4", "pathway.terminal_radius=85 nm"),
    "secondary": ("population.secondary_nucleation=true", "pathway.terminal_radius=30 nm"),
}
USUAL = "as shipped"
NAME = "nucleation.csv"


@dataclass(frozen=True)
class Law:
    """A set of laws: name, PATH=VALUE texts that make it, those of the fitted cusp, and how the fit ended."""

    name: str
    sets: tuple[str, ...] = ()
    cusp: tuple[str, ...] = ()
    fit: str = "not fitted again"

    @property
    def implant(self) -> tuple[str, ...]:
        return (*self.sets, *self.cusp)


@dataclass(frozen=True)
class Row:
    """One line of one law; passed is None where there is nothing to pass."""

    law: str
    name: str
    target: str
    got: str
    passed: bool | None


Claim = tuple[str, str, str, bool | None]  # name, target, got, passed


# --- rates from the fluid of a scenario --------------------------------------------------------------------------------------------


class Fluid(NamedTuple):
    """A fluid as nucleation sees it: σ_n of apatite, protection P by inhibitors, and the law."""

    sigma: float
    protection: float
    law: routes.NucleationLaw


@cache
def fluid(name: str, sets: tuple[str, ...] = ()) -> Fluid:
    """The fluid of a scenario's site at the start, by its own speciation."""
    (site,) = Simulation(scenarios.load(name, sets)).sites.values()
    chemistry, phases, total = site.model.chemistry, site.model.phases, site.setup.plasma * 1e-3
    warm, activity, ln_omega = np.zeros(6), np.zeros(6), np.zeros(COUNT)
    if not speciate_voxel(tuple(total), warm, chemistry, activity):
        raise SolverError(f"the solution chemistry of {name} has no answer")
    log_saturations(phases, activity, ln_omega, False)
    protection, _, _, _ = routes.fluid_effects(site.state.substrate, 0, site.setup.plasma[2], 0.0, site.model.nucleation)
    return Fluid(float(nucleation_saturation(ln_omega[HAP], 0.0, phases.ion_count[HAP])), float(protection), site.model.nucleation)


def rate(at_fluid: Fluid, state: float, area: int = routes.SURFACE, kind: int | None = None) -> float:
    """Nuclei on a square metre of a substrate in this state [1/(m² s)]; area: its column; kind: that of collagen that is not type I."""
    states = {routes.SURFACE: routes.STATE, routes.ELASTIN: routes.ELASTIN_STATE, routes.DEVICE: routes.DEVICE_STATE}
    substrate = np.zeros((1, routes.SUBSTRATE_COLUMNS))
    substrate[0, area], substrate[0, states[area]] = 1.0, state
    if kind is not None:
        substrate[0, kind] = 1.0
    return float(routes.surface_nucleation(substrate, 0, 0.0, at_fluid.protection, at_fluid.sigma, 0.0, at_fluid.law)[0])


def needed(at_fluid: Fluid, nuclei: float, area: float, time: float) -> float:
    """Interfacial energy [mJ/m²] at which an area [m²] bears so many nuclei in a time [s]."""
    barrier = math.log(at_fluid.law.prefactor * area * time / nuclei)
    return 1e3 * (at_fluid.sigma**2 * barrier / at_fluid.law.barrier) ** (1.0 / 3.0)


def medium(ph: float, sets: tuple[str, ...] = ()) -> Fluid:
    """The protein-free medium at another pH, its gas kept: bicarbonate rises tenfold with a unit."""
    bicarbonate = 23.1 * 10.0 ** (ph - 7.4)
    return fluid(DMEM, (f"medium.ph={ph!r}", f"medium.bicarbonate={bicarbonate!r} mmol/L", *sets))


# --- constraints ------------------------------------------------------------------------------------------------------------------


def healthy(law: Law) -> Claim:
    got = at(HEALTH, (10.0 * YEAR,), law.sets)[0]["expected_nuclei_per_cm3"]
    return "intact dermis in health, 10 years", "below 1 nucleus per cm3", f"{got:.2g}", got < 1.0


def _dmem(law: Law, ph: float) -> Claim:
    one = medium(ph, law.sets)
    got = rate(one, 1.0) * TUBE_AREA * TUBE_DAYS * DAY
    return f"intact collagen in DMEM at pH {ph}, 0.1 m2, 6 d", "below 1 nucleus", f"{got:.2g} (sigma {one.sigma:.3f})", got < 1.0


def dmem_74(law: Law) -> Claim:
    return _dmem(law, 7.4)


def dmem_75(law: Law) -> Claim:
    return _dmem(law, 7.5)


def dmem_76(law: Law) -> Claim:
    return _dmem(law, 7.6)


def uraemia(law: Law) -> Claim:
    got = at(CKD, (HALF_YEAR,), law.sets)[0]["deposit_calcium_mg_per_cm3"]
    return "CKD severe, 1 % exposed at s = 0.7, 6 months", "at least 0.5 mg Ca/cm3", f"{got:.3g}", got >= 0.5


def necrotic(law: Law) -> Claim:
    got = rate(fluid(HEALTH, law.sets), 0.5) * SURFACE * EXPOSED * YEAR
    return "normal plasma, 1 % exposed at s = 0.5, a year", "at least 1e12 nuclei per m3", f"{got:.2g}", got >= 1e12


def _energy(law: Law, state: float) -> float:
    """Interfacial energy in healthy fluid [mJ/m²]."""
    one = fluid(HEALTH, law.sets).law
    return 1e3 * float(interfacial_energy(state, 0.0, one.base, one.slope, one.fluid, one.fade_start))


def energy_intact(law: Law) -> Claim:
    got = _energy(law, 1.0)
    least = [needed(fluid(HEALTH, law.sets), 1.0, SURFACE / ATOM, 10.0 * YEAR)]
    least += [needed(medium(ph, law.sets), 1.0, TUBE_AREA, TUBE_DAYS * DAY) for ph in (7.4, 7.5, 7.6)]
    low, high = INTACT_RANGE
    text = f"{got:.1f} (health needs {least[0]:.1f}, DMEM {', '.join(f'{value:.1f}' for value in least[1:])})"
    return "alpha(1)", f"{low:g} to {high:g} mJ/m2", text, low <= got <= high


def energy_injured(law: Law) -> Claim:
    got = _energy(law, 0.7)
    most = needed(fluid(CKD, law.sets), 1e12, SURFACE * EXPOSED, YEAR / 12.0)
    low, high = INJURED_RANGE
    text = f"{got:.1f} (1e12 nuclei/m3 a month in CKD need {most:.1f} or less)"
    return "alpha(0.7)", f"{low:g} to {high:g} mJ/m2", text, low <= got <= high


def collagens(law: Law) -> Claim:
    one = fluid(HEALTH, law.sets)
    first, second, third = (rate(one, 0.7, kind=kind) for kind in (None, routes.TYPE_2, routes.TYPE_3))
    text = f"{second:.2g} < {first:.2g} = {third:.2g}" if second < first == third else f"{second:.2g}, {first:.2g}, {third:.2g}"
    return "J of collagen II, I, III at s = 0.7 in health, 1/m2/s", "II below I and III, which agree", text, second < first == third


def elastin(law: Law) -> Claim:
    one = fluid(HEALTH, law.sets)
    offset = _offset()
    got, collagen = rate(one, 0.7 + offset, routes.ELASTIN), rate(one, 0.7)
    return "J of elastin at s = 0.7 over that of collagen I", "above 1", f"{got / collagen:.3g}", got > collagen


def elastin_intact(law: Law) -> Claim:
    surface = tissues.lookup("arterial-media").elastin_surface
    got = rate(fluid(HEALTH, law.sets), 1.0 + _offset(), routes.ELASTIN) * surface / ATOM * 10.0 * YEAR
    return f"intact elastin of the media ({surface:.0e} 1/m) in health, 10 years", "below 1 nucleus per cm3", f"{got:.2g}", got < 1.0


def _offset() -> float:
    """What elastin adds to its state."""
    from calcisim import parameters

    return float(parameters.values("nucleation")["elastin_state_offset"])


def debris(law: Law) -> Claim:
    one = fluid(HEALTH, law.sets)
    site, _ = routes.site_nucleation(one.law.debris, one.protection, one.sigma, one.law)
    got, necrosis = site / one.law.debris[1], rate(one, 0.5)
    text = f"{got / necrosis:.3g} ({math.log(2.0) / site / DAY:.2g} d to half a pool in health)"
    return "J of debris over that of necrotic collagen (s = 0.5)", "above 1", text, got > necrosis


def _device(law: Law, material: str) -> float:
    """mg Ca per cm3 of an implant of this material under the skin of a young rat after 90 days."""
    sets = (*law.sets, f"{IMPLANT}.material={material}", "duration=90 day")
    simulation = Simulation(scenarios.load("dystrophic/subdermal-empty", sets))
    simulation.advance(90.0 * DAY)
    (site,) = simulation.sites.values()
    inside = site.setup.regions["implant"]
    return float(site.mineral()[inside].mean()) * CALCIUM_MASS


def silicone(law: Law) -> Claim:
    got = _device(law, "silicone")
    return "silicone under the skin, 90 days", "no mineral, below 0.01 mg Ca/cm3", f"{got:.2g}", got < 0.01


def hydrogel(law: Law) -> Claim:
    got = _device(law, "hydrogel")
    return "hydrogel under the skin, 90 days", "mineral, at least 0.01 mg Ca/cm3", f"{got:.2g}", got >= 0.01


# --- implants ---------------------------------------------------------------------------------------------------------------------


def curve(law: Law, name: str = CUSP, sets: Sequence[str] = ()) -> tuple[dict[str, Any], ...]:
    """An implant at days 3, 21 and 84."""
    return at(name, tuple(day * DAY for day in (3.0, 21.0, 84.0)), (*law.sets, *sets))


def _share(got: float, target: float) -> float:
    return abs(got / target - 1.0)


def fixed_cusp(law: Law) -> Claim:
    early, late, _ = (row[DRY] for row in curve(law, sets=law.cusp))
    first, second = measured(CUSP, 3.0), measured(CUSP, 21.0)
    passed = _share(early, first) <= 0.2 and _share(late, second) <= 0.2
    return "F01 fixed cusp, days 3 and 21", f"{first:g}, {second:g} ug/mg dry, each within 20 %", f"{early:.1f}, {late:.1f}", passed


def unfixed_cusp(law: Law) -> Claim:
    got = curve(law, f"{CUSP}-unfixed")[1][DRY]
    return "F02 unfixed cusp, day 21", "below 10 ug/mg dry (5.6 measured)", f"{got:.2f}", got < 10.0


def sponges(law: Law) -> Claim:
    low, high = (curve(law, name)[1][DRY] for name in (SPONGE, f"{SPONGE}-formaldehyde"))
    passed = low < high and _share(low, measured(SPONGE, 21.0)) <= 0.3 and _share(high, measured(f"{SPONGE}-formaldehyde", 21.0)) <= 0.3
    return "F03 sponges, day 21", "40.9 < 87.8 ug/mg dry, each within 30 %", f"{low:.1f}, {high:.1f}", passed


def etidronate(law: Law) -> Claim:
    free, treated = (curve(law, name, elsewhere(law.cusp))[1][DRY] for name in (PERICARDIUM, f"{PERICARDIUM}-etidronate"))
    got = 1.0 - treated / free
    return "F08 etidronate beside pericardium, day 21", "at least 90 % less", f"{got:.1%} ({free:.1f} to {treated:.2f})", got >= 0.9


def _ratio(law: Law, index: int, basis: str) -> float:
    full, half = (curve(law, name, law.cusp)[index][basis] for name in (CUSP, f"{CUSP}-half-phosphate"))
    return float(full / half)


def phosphate(law: Law) -> Claim:
    got = _ratio(law, 1, NONMINERAL)
    text = f"{got:.2f} times ({_ratio(law, 1, DRY):.2f} per mg dry)"
    return "phosphate halved, day 21", "at least 2 times less per mg non-mineral", text, got >= 2.0


def phosphate_early(law: Law) -> Claim:
    text = f"{_ratio(law, 0, NONMINERAL):.2f} times ({_ratio(law, 0, DRY):.2f} per mg dry)"
    return "phosphate halved, day 3", "not measured; tells the laws apart", text, None


def day_84(law: Law) -> Claim:
    got = curve(law, sets=law.cusp)[2][DRY]
    return "fixed cusp, day 84", "not measured (165 and 193 ug/mg dry in two other valves)", f"{got:.1f}", None


def sphere_size(law: Law) -> Claim:
    got = curve(law, sets=law.cusp)[1]["sphere_median_um"]
    return "F12 spheres of the cusp, day 21, median", "0.25 to 1.1 um", f"{got:.3f}", 0.25 <= got <= 1.1


def clump_size(law: Law) -> Claim:
    row = curve(law, sets=law.cusp)[1]
    text = f"{row['particle_median_um']:.3f} um, {row['fused_fraction']:.1%} of the spheres fused"
    return "clumps of the cusp, day 21, median", "not measured", text, None


CLAIMS: tuple[Callable[[Law], Claim], ...] = (
    healthy, dmem_74, dmem_75, dmem_76, uraemia, necrotic, energy_intact, energy_injured, collagens, elastin, elastin_intact, debris,
    silicone, hydrogel, fixed_cusp, unfixed_cusp, sponges, etidronate, phosphate, phosphate_early, day_84, sphere_size, clump_size,
)  # fmt: skip


# --- fits and tables --------------------------------------------------------------------------------------------------------------


def held(state: float, pool: float) -> tuple[str, ...]:
    """PATH=VALUE texts of a cusp with this state and pool of debris [1/m³]."""
    return (f"{IMPLANT}.override.substrate_state={state!r}", f"{IMPLANT}.override.debris={pool!r} 1/m3")


def fitted(name: str, sets: tuple[str, ...], starts: Sequence[tuple[float, float]] = STARTS) -> Law:
    """The laws with state and debris of the fixed cusp fitted to days 3 and 21, from the shipped values and from the best of a grid."""
    points = fitting.points_of(scenarios.load(CUSP))

    def objective(start: tuple[float, float]) -> float:
        got = fitting.predict(CUSP, (*sets, *held(*start)), points)
        return float(sum(((value - point.value) / point.sd) ** 2 for value, point in zip(got, points, strict=True)))

    begins = ((), held(*min(starts, key=objective))) if starts else ((),)
    tried = [fitting.fit(CUSP, FAMILY[CUSP], profiles=False, sets=(*sets, *begin)) for begin in begins]
    best = min(tried, key=lambda one: one.found.objective)
    state, pool = map(float, best.found.values)
    return Law(name, sets, best.sets(), f"s = {state:.4f}, debris {pool:.3g} 1/m3, objective {best.found.objective:.3g}")


def laws() -> list[Law]:
    """The shipped laws as shipped, and all three with the cusp fitted again."""
    return [Law(USUAL), *(fitted(f"{name}, fitted", sets) for name, sets in RIVALS.items())]


def table(chosen: Sequence[Law], only: str = "") -> list[Row]:
    """The claims whose function name contains `only`, of every law."""
    return [_row(claim, law) for claim in CLAIMS if only in claim.__name__ for law in chosen]


def _row(claim: Callable[[Law], Claim], law: Law) -> Row:
    try:
        return Row(law.name, *claim(law))
    except SolverError as error:
        return Row(law.name, claim(Law(USUAL))[0], claim(Law(USUAL))[1], f"no answer: {error}", False)


def write(path: Path, rows: Sequence[Row], force: bool = False) -> None:
    """The rows as CSV; without `force` never over a file that is there (FileExistsError)."""
    columns = ["law", "name", "target", "got", "passed"]
    command.write_csv(path, columns, ({**asdict(row), "passed": _mark(row)} for row in rows), force)


def _mark(row: Row) -> str:
    return "" if row.passed is None else ("pass" if row.passed else "MISS")


def show(chosen: Sequence[Law], rows: Sequence[Row]) -> None:
    """Every line with its target, and below it what each law gives."""
    width = max(len(law.name) for law in chosen)
    for law in chosen:
        print(f"{law.name:{width}s}  {' '.join(law.sets) or 'no constant changed'}; cusp: {law.fit}")
    for name in dict.fromkeys(row.name for row in rows):
        of_line = [row for row in rows if row.name == name]
        print(f"\n{name}; target: {of_line[0].target}")
        for row in of_line:
            print(f"  {_mark(row):4s}  {row.law:{width}s}  {row.got}")


def main() -> int:
    options = command.parser(__doc__, "lines whose function's name contains WORD, as dmem or phosphate", NAME).parse_args()
    path = options.out / NAME
    if command.in_the_way(path, options.force):
        return 2
    warnings.simplefilter("ignore", PlausibilityWarning)
    chosen = laws()
    rows = table(chosen, options.only)
    write(path, rows, options.force)
    if options.json:
        print(json.dumps({"laws": [asdict(law) for law in chosen], "rows": [asdict(row) for row in rows]}, indent=1))
    else:
        show(chosen, rows)
    return 0 if all(row.passed is not False for row in rows if row.law == USUAL) else 1


if __name__ == "__main__":
    sys.exit(main())

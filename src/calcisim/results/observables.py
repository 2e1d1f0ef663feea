"""What a run reports: one registry with the name, unit and meaning of every summary quantity.

Adding an output is one function in one place:

    @observable("largest_clump_mm", "mm")
    def largest_clump(simulation, site):
        \"\"\"Diameter of the largest clump.\"\"\"
        return ...

`site` is a site's name, or None for the total over all sites; the value is a float, a text, or None where it has no meaning.
Outputs that rest on the same costly work name it: with `shared=find_clumps` the function gets `find_clumps(simulation)` in the place
of the simulation, and that is computed once for all of them and all sites, anew for every row.
Quantities that `Simulation.observables()` computes by itself are declared with `describe`, so that their unit and meaning are
known too. Either way the quantity appears in summary.json, in timeseries.csv (when it is a number) and can be plotted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Value = float | int | str | None
Function = Callable[[Any, str | None], Value]
Shared = Callable[[Any], Any]


@dataclass(frozen=True)
class Observable:
    """Name, unit ("1" when dimensionless) and meaning of a summary quantity.

    numeric: False for words such as the limiting step, which stay out of the time series.
    function: (simulation, site name or None) → value; None when the simulation computes the quantity itself.
    shared: simulation → what the function gets instead of it; computed once for all outputs that name the same one.
    """

    name: str
    unit: str
    meaning: str
    numeric: bool = True
    function: Function | None = None
    shared: Shared | None = None


REGISTRY: dict[str, Observable] = {}


def _register(entry: Observable) -> None:
    if entry.name in REGISTRY:
        raise ValueError(f"observable {entry.name!r} is registered twice")
    REGISTRY[entry.name] = entry


def describe(name: str, unit: str, meaning: str, numeric: bool = True) -> None:
    """Declare a quantity that `Simulation.observables()` returns under this name."""
    _register(Observable(name, unit, meaning, numeric))


def observable(name: str, unit: str, numeric: bool = True, shared: Shared | None = None) -> Callable[[Function], Function]:
    """Decorator: register `f(simulation, site)`, or `f(shared(simulation), site)`, as an output.

    The first line of its docstring is the meaning.
    """

    def register(function: Function) -> Function:
        meaning = (function.__doc__ or "").strip().split("\n")[0]
        if not meaning:
            raise ValueError(f"observable {name!r} needs a docstring that says what it means")
        _register(Observable(name, unit, meaning, numeric, function, shared))
        return function

    return register


def evaluate(simulation: Any) -> dict[str, Any]:
    """All quantities now: totals at the top level and the same names under `sites.{name}`.

    Starts from `simulation.observables()` and adds every registered function.
    """
    row = dict(simulation.observables())
    sites = {name: dict(values) for name, values in row.pop("sites", {}).items()}
    entries = [entry for entry in REGISTRY.values() if entry.function is not None]
    common = {shared: shared(simulation) for shared in dict.fromkeys(entry.shared for entry in entries) if shared is not None}
    for entry in entries:
        assert entry.function is not None
        source = simulation if entry.shared is None else common[entry.shared]
        row[entry.name] = entry.function(source, None)
        for site, values in sites.items():
            values[entry.name] = entry.function(source, site)
    return {**row, "sites": sites}


def flat(row: dict[str, Any]) -> dict[str, float | int | None]:
    """The numbers of a row of `evaluate` for the time series: totals, then `{site}.{name}` when there are several sites."""
    sites = row.get("sites", {})
    numbers = {name: value for name, value in row.items() if name != "sites" and _is_number(name, value)}
    if len(sites) > 1:
        for site, values in sites.items():
            numbers.update({f"{site}.{name}": value for name, value in values.items() if _is_number(name, value)})
    return numbers


def _is_number(name: str, value: Value) -> bool:
    """Registered quantities decide by their entry, so that a None at day 0 does not shape the columns."""
    entry = REGISTRY.get(name)
    return entry.numeric if entry is not None else not isinstance(value, str)


def unit(name: str) -> str:
    """Unit of a quantity, also under its `{site}.{name}` form; "" when nothing is registered."""
    entry = REGISTRY.get(name) or REGISTRY.get(name.rpartition(".")[2])
    return entry.unit if entry else ""


describe("calcium_ug_per_mg_dry", "µg/mg", "Deposited calcium per dry mass including mineral, over the assay regions")
describe("calcium_ug_per_mg_nonmineral", "µg/mg", "Deposited calcium per dry mass without mineral, over the assay regions")
describe("deposit_calcium_mg", "mg", "Calcium in mineral")
describe("deposit_phosphorus_mg", "mg", "Phosphorus in mineral")
describe("deposit_calcium_mg_per_cm3", "mg/cm³", "Calcium in mineral per tissue volume, mean over the site")
describe("mineral_volume_fraction_max", "1", "Largest volume fraction of mineral in a voxel")
describe("excised_calcium_mg", "mg", "Calcium taken out by excisions so far")
describe("dry_mass_mg", "mg", "Dry mass without mineral of the tissue and implant that are there")
describe("primary_radius_um", "µm", "Mean radius of the primary particles")
describe("calcium_phosphorus_ratio", "mol/mol", "Calcium to phosphorus of the deposit")
for _phase, _words in (
    ("acp", "amorphous calcium phosphate"), ("mg_acp", "its form stabilised by magnesium"), ("ocp", "octacalcium phosphate"),
    ("dcpd", "dicalcium phosphate dihydrate"), ("hap", "hydroxyapatite"),
):  # fmt: skip
    describe(f"{_phase}_fraction", "1", f"Share of the calcium in mineral that is in {_words}")
describe("sphere_median_um", "µm", "Median diameter of the primary particles, by number")
describe("sphere_polydispersity", "1", "Standard deviation over mean of the diameters of primary particles")
describe("captured_fraction", "1", "Share of the calcium in mineral that is held on surfaces or in fibrils")
describe("collagen_associated_fraction", "1", "Share of the calcium in mineral that is held on or in collagen")
describe("intrafibrillar_fraction", "1", "Share of the calcium in mineral that is inside fibrils")
describe("colloid_fraction", "1", "Share of the calcium in mineral in free particles that protein shields")
describe("particle_median_um", "µm", "Median volume-equivalent diameter of particles (single primaries and clumps of them), by number")
describe("particle_polydispersity", "1", "Standard deviation over mean of the diameters of particles")
describe("largest_particle_um", "µm", "Diameter of the largest particle: that of the last size class that at least one reaches")
describe("fused_fraction", "1", "Share of the primary particles that are fused with others")
describe("free_fetuin_umol_per_l", "µmol/L", "Free fetuin in the pore fluid where mineral can form, mean")
describe("engulfed_calcium_mg", "mg", "Calcium in mineral that cells have taken up so far")
describe("inflammation_max", "1", "Largest inflammation that crystals keep up in a voxel, 0 to 1")
describe("inflammation_mean", "1", "Inflammation that crystals keep up, mean over the tissue, 0 to 1")
describe("resorbed_calcium_mg", "mg", "Calcium that giant cells have given back from mineral to the fluid so far")
describe("drained_calcium_mg", "mg", "Calcium in mineral that left with fluid that was poured off, so far")
describe("injected_calcium_mg", "mg", "Calcium that injections have brought into the fluid so far")
describe("onset_day", "d", "Day on which the mean deposit of the site passes 0.01 mg Ca/cm³, between the steps around it")
describe(
    "limiting_step",
    "1",
    "What holds the deposit back: supply (Da > 1), else nucleation (less than half of the particle area still grows), else surface",
    numeric=False,
)
describe("damkohler", "1", "Damköhler number (c_plasma − c)/c of calcium or phosphate, the larger, mean over mineral: uptake over supply")
describe("thiele", "1", "Thiele modulus L √(k/D) of calcium uptake, mean over the mineral; L half the thickness of the mineral")
describe("nuclei", "1", "Primary particles born so far, removed ones included")
describe("expected_nuclei_per_cm3", "1/cm³", "Integrated expectation of nuclei per tissue volume")
describe("ledger_calcium_relative", "1", "Imbalance of the calcium ledger, relative to content and gross exchange")
describe("ledger_phosphorus_relative", "1", "Imbalance of the phosphorus ledger, relative to content and gross exchange")
describe("ledger_alkalinity_relative", "1", "Imbalance of the alkalinity ledger, relative to content and gross exchange")

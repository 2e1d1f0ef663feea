"""Keys that disease, diet and drugs have in the body model: [plasma] with driver "model" or "csv", and treatments of kind "plasma"."""

from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

from calcisim import parameters
from calcisim.scenario.fields import Quantity, Table
from calcisim.units import MOLAR_MASS

# What rules a value that the body model computes: said when somebody tries to set it.
RULED_BY = {
    "calcium": "calcium_intake, gut_absorption, parathyroid_mass, calcium_set_point, bone_release and hydroxyvitamin_d",
    "calcium_ionised": "calcium_intake, gut_absorption, parathyroid_mass, calcium_set_point, bone_release and hydroxyvitamin_d",
    "phosphate": "phosphate_intake, phosphate_binder, phosphate_reabsorption, glomerular_filtration, fgf23_production and klotho",
    "magnesium": "magnesium_intake, magnesium_reabsorption and glomerular_filtration",
    "bicarbonate": "acid_production, alkali_intake, calcium_carbonate and glomerular_filtration",
    "ph": "carbon_dioxide, acid_production, alkali_intake and glomerular_filtration",
}


_KIDNEYS = "kidneys filter up to about 150; write dialysis for what they do not"


def _factor(low: str, high: str) -> Quantity:
    return Quantity("number", low, high)


def _flow(high: str, analyte: str | None = None) -> Quantity:
    return Quantity("amount_rate", "0 mmol/day", high, analyte)


class BodyLevers(Table):
    """What moves the body away from health; what is left out is healthy. Amounts per time [mol/s], clearances [m³/s], doses [kg/s].

    Intakes; alkali_intake beside food; calcium_carbonate: an antacid, with its calcium, base and binding of phosphate; phosphate_binder:
    dose as calcium carbonate of equal binding, with meals; glomerular_filtration: of the kidneys, before hypercalcaemia lowers it;
    hydroxyvitamin_d: level that supply would hold; calcitriol_dose; extrarenal_calcitriol: made outside the kidney at healthy
    25-hydroxyvitamin D, as in granulomas; bone_release: calcium set free by disease, uncoupled from formation; aluminium: of the plasma;
    carbon_dioxide: arterial.
    Factors, 1 in health: calcium_excretion (0.6: a thiazide), phosphate_reabsorption and magnesium_reabsorption (of the renal threshold),
    calcium_set_point, parathyroid_mass, parathyroid_remnant (share that surgery or disease left), fgf23_production, klotho,
    calcitriol_breakdown (CYP24A1), bone_resorption, gut_absorption (of calcium). Added to health, 0 there: calcimimetic (0.08: fall of the
    set point), pth_related_peptide (healthy PTH).
    """

    calcium_intake: Annotated[float, _flow("500 mmol/day", "calcium")] | None = None
    phosphate_intake: Annotated[float, _flow("800 mmol/day", "phosphate")] | None = None
    magnesium_intake: Annotated[float, _flow("500 mmol/day", "magnesium")] | None = None
    acid_production: Annotated[float, _flow("600 mmol/day")] | None = None
    alkali_intake: Annotated[float, _flow("1000 mmol/day")] | None = None
    calcium_carbonate: Annotated[float, Quantity("mass_rate", "0 g/day", "50 g/day")] | None = None
    phosphate_binder: Annotated[float, Quantity("mass_rate", "0 g/day", "50 g/day")] | None = None
    phosphate_infusion: Annotated[float, _flow("500 mmol/day", "phosphate")] | None = None
    glomerular_filtration: Annotated[float, Quantity("clearance", "1 mL/min", "200 mL/min", why=_KIDNEYS)] | None = None
    calcium_excretion: Annotated[float, _factor("0.05", "5")] | None = None
    phosphate_reabsorption: Annotated[float, _factor("0", "2")] | None = None
    magnesium_reabsorption: Annotated[float, _factor("0", "1.2")] | None = None
    calcium_set_point: Annotated[float, _factor("0.5", "2")] | None = None
    calcimimetic: Annotated[float, _factor("0", "0.5")] | None = None
    parathyroid_mass: Annotated[float, _factor("0", "100")] | None = None
    parathyroid_remnant: Annotated[float, _factor("0", "1")] | None = None
    pth_related_peptide: Annotated[float, _factor("0", "100")] | None = None
    fgf23_production: Annotated[float, _factor("0", "1000")] | None = None
    klotho: Annotated[float, _factor("0", "100")] | None = None
    hydroxyvitamin_d: Annotated[float, Quantity("concentration", "1 nmol/L", "10 umol/L", "hydroxyvitamin_d")] | None = None
    calcitriol_dose: Annotated[float, Quantity("mass_rate", "0 ug/day", "50 ug/day")] | None = None
    calcitriol_breakdown: Annotated[float, _factor("0.02", "20")] | None = None
    extrarenal_calcitriol: Annotated[float, Quantity("mass_rate", "0 ug/day", "50 ug/day")] | None = None
    bone_release: Annotated[float, _flow("200 mmol/day", "calcium")] | None = None
    bone_resorption: Annotated[float, _factor("0", "20")] | None = None
    gut_absorption: Annotated[float, _factor("0", "5")] | None = None
    aluminium: Annotated[float, Quantity("concentration", "0 umol/L", "100 umol/L", "aluminium")] | None = None
    carbon_dioxide: Annotated[float, Quantity("pressure", "10 mmHg", "120 mmHg")] | None = None

    def given(self) -> dict[str, float]:
        """The keys of this class that are set, by name, in SI units."""
        return {name: getattr(self, name) for name in BodyLevers.model_fields if getattr(self, name) is not None}


# Keys that are 0 where they are left out.
NOTHING = (
    "alkali_intake", "calcium_carbonate", "phosphate_binder", "phosphate_infusion", "calcimimetic", "pth_related_peptide",
    "calcitriol_dose", "extrarenal_calcitriol", "bone_release", "aluminium",
)  # fmt: skip


class BodyEffect(NamedTuple):
    """What a treatment does to keys of BodyLevers: new values with the share of days on which they hold, factors, and what is added."""

    settings: Mapping[str, tuple[float, float]] = {}
    factors: Mapping[str, float] = {}
    added: Mapping[str, float] = {}


def healthy(key: str) -> float:
    """What a key of BodyLevers that is left out stands for, in SI units."""
    row = parameters.values("body")
    named = {"glomerular_filtration": "healthy_filtration"}.get(key, f"healthy_{key}")
    return row.get(named, 0.0 if key in NOTHING else 1.0)


def treated(levers: Mapping[str, float], effects: Iterable[BodyEffect]) -> dict[str, float]:
    """TRT-5. Keys of the body under treatments: x = (a v + (1 − a) x_0) Π f + Σ d.

    v: a new value, taken on the share a of days, over what was there before; of several values the last in `effects` comes last.
    f: factors; d: what is added. So factors multiply and amounts add up in any order, and what is added comes on top of a new value.
    Source: definition.
    """
    effects, found = tuple(effects), dict(levers)
    for effect in effects:
        for key, (value, share) in effect.settings.items():
            found[key] = value if share == 1.0 else share * value + (1.0 - share) * found.get(key, healthy(key))
    for effect in effects:
        for key, factor in effect.factors.items():
            found[key] = found.get(key, healthy(key)) * factor
    for effect in effects:
        for key, amount in effect.added.items():
            found[key] = found.get(key, healthy(key)) + amount
    return found


_MIXED = ("calcium_carbonate", "phosphate_binder", "calcitriol_dose", "extrarenal_calcitriol")  # keys that are no single parameter
_KG = {name: float(MOLAR_MASS[name]) * 1e-3 for name in ("calcitriol", "calcium_carbonate")}  # kg/mol


def parameters_of(levers: dict[str, float]) -> dict[str, float]:
    """BDY-20. Parameters of the body model (members of physics.body_names.P) for these keys; later ones of a person add what they contain.

    calcium carbonate d [kg/s]: calcium d/M, base 2 a d/M with the share a that is absorbed, phosphate bound b d; binder b' d;
    calcitriol d [kg/s]: d/(M V_D) [mol/(m³ s)]. Source: data/body.toml.
    """
    row = parameters.values("body")
    found = {name: value for name, value in levers.items() if name not in _MIXED}
    carbonate = levers.get("calcium_carbonate", 0.0)
    if carbonate > 0.0:
        moles = carbonate / _KG["calcium_carbonate"]
        found["calcium_intake"] = found.get("calcium_intake", row["healthy_calcium_intake"]) + moles
        found["alkali_intake"] = found.get("alkali_intake", 0.0) + 2.0 * row["antacid_alkali_share"] * moles
    binder = levers.get("phosphate_binder", 0.0)
    if carbonate > 0.0 or binder > 0.0:
        found["phosphate_binding"] = row["antacid_binding"] * carbonate + row["meal_binding"] * binder
    for key, name in (("calcitriol_dose", "calcitriol_supply"), ("extrarenal_calcitriol", "extrarenal_calcitriol")):
        if key in levers:
            found[name] = levers[key] / _KG["calcitriol"] / row["calcitriol_space"]
    return found

"""Facts of metastatic calcification that the plasma and one worn joint can answer: what a plasma must be, what guards, what lowers it."""

from collections.abc import Mapping, Sequence
from functools import cache

from calcisim.studies import facts
from calcisim.studies.validate import Got, fact

JOINT = "metastatic/joint-exposed"
YEAR = 365.0  # days
HEALTH = {"fetuin": "10 umol/L", "pyrophosphate": "3 umol/L", "magnesium": "0.85 mmol/L"}
# A twentieth of what the two small inhibitors have in health; magnesium halved, beyond which nobody lives long. Chosen before a run.
LOST = {"fetuin": "0.5 umol/L", "pyrophosphate": "0.15 umol/L", "magnesium": "0.42 mmol/L"}
# Plasmas of rising product, all at the healthy ionised calcium: phosphate and ionised calcium [mmol/L].
PRODUCTS = ((1.1, 1.22), (1.8, 1.22), (2.3, 1.22), (3.1, 1.22))
MG_DL = 4.0078 * 3.0974  # mg²/dL² per mmol²/L²


def joint(days: Sequence[float], sets: tuple[str, ...]) -> tuple[float, ...]:
    """Calcium in mineral of the worn joint at these days [mg/cm³]."""
    return _joint(tuple(days), sets)


@cache
def _joint(days: tuple[float, ...], sets: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(float(row["deposit_calcium_mg_per_cm3"]) for row in facts.rows(JOINT, days, sets))


def plasma(**keys: str) -> tuple[str, ...]:
    """--set texts of keys of [plasma]."""
    return tuple(f'plasma.{key}="{value}"' for key, value in keys.items())


def product_curve() -> list[tuple[float, float]]:
    """Ca × P [mg²/dL²] with the laboratory total of calcium, and the deposit of the worn joint after a year [mg/cm³]."""
    from calcisim import scenario
    from calcisim.physics.plasma import ultrafiltrate

    found = []
    for phosphate, ionised in PRODUCTS:
        sets = plasma(phosphate=f"{phosphate} mmol/L", calcium_ionised=f"{ionised} mmol/L")
        water = ultrafiltrate(**scenario.load(JOINT, sets).fluid.laboratory())
        (deposit,) = joint((YEAR,), sets)
        found.append((water.laboratory_calcium * phosphate * MG_DL, deposit))
    return found


@fact("F18")
def threshold() -> Got:
    """The deposit rises with Ca × P; just below 55 mg²/dL² a year leaves at most a quarter of what the product of weanling rats does."""
    curve = product_curve()
    products, deposits = zip(*curve, strict=True)
    text = "; ".join(f"{deposit:.3g} mg/cm³ at {product:.0f}" for product, deposit in curve)
    return text, list(deposits) == sorted(deposits) and products[1] < 55.0 and deposits[1] <= 0.25 * deposits[-1]


def inhibitors() -> dict[str, float]:
    """Deposit of the worn joint in healthy calcium and phosphate after a year [mg/cm³]: nothing lost, all lost, and one restored each."""
    cases: dict[str, Mapping[str, str]] = {"nothing lost": HEALTH, "all lost": LOST}
    cases |= {f"{name} restored": {**LOST, name: HEALTH[name]} for name in HEALTH}
    return {name: joint((YEAR,), plasma(**keys))[0] for name, keys in cases.items()}


@fact("F15")
def three_inhibitors() -> Got:
    """With fetuin, pyrophosphate and magnesium lost, restoring any one lowers the deposit at least twofold."""
    found = inhibitors()
    folds = {name: found["all lost"] / found[f"{name} restored"] for name in HEALTH}
    text = f"{found['nothing lost']:.2g} to {found['all lost']:.2g} mg/cm³; restored: "
    text += ", ".join(f"{name} {fold:.1f}-fold" for name, fold in folds.items())
    return text, all(fold >= 2.0 for fold in folds.values())


KIDNEYS = (
    "driver = 'model', glomerular_filtration = '8 mL/min', acid_production = '44 mmol/day', calcium_intake = '19 mmol/day', "
    "magnesium_intake = '9 mmol/day', burn_in = '1 year'"
)
# What is eaten and bound, as the three arms of the rats: much phosphate, the same with a binder, little.
ARMS = {
    "high": "phosphate_intake = '50 mmol/day'",
    "binder": "phosphate_intake = '50 mmol/day', phosphate_binder = '4 g/day'",
    "restricted": "phosphate_intake = '20 mmol/day'",
}


def diets() -> dict[str, float]:
    """Deposit of the worn joint after a year of kidney failure on each diet [mg/cm³]."""
    return {name: joint((YEAR,), (f"plasma={{{KIDNEYS}, {arm}}}",))[0] for name, arm in ARMS.items()}


@fact("F14")
def phosphate_control() -> Got:
    """Restriction leaves less than a binder, a binder less than a high intake."""
    found = diets()
    return ", ".join(f"{name} {value:.2g} mg/cm³" for name, value in found.items()), found["restricted"] < found["binder"] < found["high"]


def exposure(days: Sequence[float] = (7.0, 30.0, 90.0, 180.0, 365.0, 730.0)) -> dict[float, float]:
    """Deposit of the worn joint after so many days at 3.5 mmol/L of calcium, about 1.75 ionised [mg/cm³]."""
    return dict(zip(days, joint(days, plasma(calcium_ionised="1.75 mmol/L")), strict=True))

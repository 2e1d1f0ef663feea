"""For benchmarks/plasma_table.py: every scenario of a plasma, its sides of health, and the figure of its saturation."""

import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from plasma_rows import DAY, LEDGERS, Row

from calcisim import parameters
from calcisim import scenario as scenarios
from calcisim.scenario.body_treatments import BodyTreatment, Dose, Haemodialysis, PlasmaChange
from calcisim.simulation.plasma import BodyPlasma

# Name in the table, key of a line of results, row of data/body.toml with the healthy value, factor of its unit, decimals.
QUANTITIES: dict[str, tuple[str, str, float, int]] = {
    "CaT": ("calcium_total_mmol_per_l", "healthy_calcium", 1.0, 2),
    "Ca": ("calcium_ionised_mmol_per_l", "healthy_calcium_ionised", 1.0, 2),
    "Pi": ("phosphate_mmol_per_l", "healthy_phosphate", 1.0, 2),
    "Mg": ("magnesium_mmol_per_l", "healthy_magnesium", 1.0, 2),
    "PTH": ("pth_pg_per_ml", "healthy_pth", 9.43e9, 0),
    "D": ("calcitriol_pmol_per_l", "healthy_calcitriol", 1e9, 0),
    "F": ("fgf23_pg_per_ml", "healthy_fgf23", 1e9, 0),
    "HCO3": ("bicarbonate_mmol_per_l", "healthy_bicarbonate", 1.0, 1),
    "pH": ("ph", "healthy_ph", 1.0, 2),
    "GFR": ("gfr_ml_per_min", "healthy_filtration", 6e7, 0),
    "colloid": ("colloid", "", 1.0, 2),
}
UNITS = {"CaT": "mmol/L", "Ca": "mmol/L", "Pi": "mmol/L", "Mg": "mmol/L", "PTH": "pg/mL", "D": "pmol/L", "F": "pg/mL", "HCO3": "mmol/L",
         "pH": "", "GFR": "mL/min", "colloid": "of health"}  # fmt: skip
OTHERS = {"CaxP": ("calcium_phosphate_product_mg2_per_dl2", "mg2/dL2"), "HAP": ("saturation_index_hap", "log10"),
          "OCP": ("saturation_index_ocp", "log10"), "ACP2": ("saturation_index_acp", "log10")}  # fmt: skip
MINERALS = ("HAP", "OCP", "ACP2")
HEALTHY = "healthy/plasma"
ALL_NORMAL = " ".join(f"{name}:0" for name in QUANTITIES)
# Side of health that literature has: + above, - below, 0 neither; 0+ and 0- are "not below" and "not above". Why others have none:
# docs/benchmarks/plasma.md.
EXPECTED: dict[str, str] = {
    HEALTHY: ALL_NORMAL,
    "metastatic/ckd3": "CaT:0 Pi:0 PTH:+ D:- F:+ HCO3:- GFR:-",
    "metastatic/ckd4": "CaT:- Pi:+ PTH:+ D:- F:+ HCO3:- GFR:-",
    "metastatic/ckd5": "CaT:- Ca:- Pi:+ PTH:+ D:- F:+ HCO3:- pH:- GFR:- colloid:+",
    "metastatic/ckd5-dialysis": "Pi:+ PTH:+ D:- F:+ HCO3:- GFR:- colloid:+",
    "metastatic/hyperparathyroidism": "CaT:+ Ca:+ Pi:- PTH:+ D:+ colloid:+",
    "metastatic/milk-alkali": "CaT:+ Ca:+ PTH:- D:- HCO3:+ pH:+ GFR:- colloid:+",
    "metastatic/hypervitaminosis-d": "CaT:+ Ca:+ Pi:0+ PTH:- D:0+ F:+ GFR:- colloid:+",
    "metastatic/granulomatous": "CaT:+ Ca:+ PTH:- D:+ colloid:+",
    "metastatic/malignancy": "CaT:+ Ca:+ Pi:- PTH:- colloid:+",
    "metastatic/hypoparathyroidism": "CaT:- Ca:- Pi:+ PTH:- D:-",
    "metastatic/phosphate-load": "CaT:- Pi:+ PTH:+ D:- F:+ colloid:+",
    "metastatic/magnesium-lack": "CaT:- Ca:- Mg:- PTH:0-",
    "metastatic/magnesium-excess": "Mg:+ Pi:+ D:- F:+ HCO3:- GFR:-",
    "metastatic/aluminium": "Pi:+ D:- F:+ HCO3:- GFR:-",
    "tumoral/familial": "Ca:0 Pi:+ PTH:- D:0+ F:- colloid:+",
    "tumoral/normophosphataemic": ALL_NORMAL,
    "tumoral/uraemic": "CaT:0+ Pi:+ PTH:+ F:+ HCO3:- GFR:- colloid:+",
}
# The plasma of another, which stands for both; of those that are treated until the treatment begins.
REPEATED = {
    "healthy/organs": HEALTHY,
    **dict.fromkeys(
        ("tumoral/uraemic-transplant", "tumoral/uraemic-excision", "tumoral/uraemic-corrected", "tumoral/uraemic-3d"), "tumoral/uraemic"
    ),
    **{f"tumoral/familial-excision-{kind}": "tumoral/familial" for kind in ("early", "late", "simple")},
    **{f"metastatic/ckd5-dialysis-{kind}": "metastatic/ckd5-dialysis" for kind in ("excision-early", "excision-late", "thiosulfate")},
}
# Scenario, quantity, side of its twin on which it must be, scenario of the twin, what is set there.
TWINS: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("metastatic/magnesium-excess", "PTH", "-", "metastatic/magnesium-excess", ("plasma.magnesium_intake=12 mmol/day",)),
    ("metastatic/aluminium", "PTH", "-", "metastatic/ckd5", ()),
    ("metastatic/aluminium", "CaT", "+", "metastatic/ckd5", ()),
)


def plasmas() -> list[str]:
    """Scenarios of a plasma that is computed, each plasma once, health first."""
    found = [name for name in scenarios.names() if name.split("/")[0] in ("healthy", "metastatic", "tumoral")]
    computed = (name for name in found if scenarios.load(name).fluid.changes and name not in REPEATED)
    return sorted(computed, key=lambda name: (name != HEALTHY, name))


def height(loaded: Any) -> float:
    """Day at which a scenario is looked at: the one before its first change of keys or its first treatment of the body that comes later, or
    its end; with dialysis the last Monday at 0:00."""
    of_body = (one for one in loaded.treatment if isinstance(one, BodyTreatment) and not isinstance(one, (Haemodialysis, Dose)))
    starts = [one.start for one in of_body if isinstance(one, PlasmaChange) or one.start > 0.0]
    day = (min(starts) - DAY) / DAY if starts else loaded.duration / DAY
    return math.floor(day / 7.0) * 7.0 if any(isinstance(one, Haemodialysis) for one in loaded.treatment) else day


class Found(NamedTuple):
    """A scenario on one day: a line of its results."""

    day: float
    values: dict[str, float]


@cache
def found(name: str, sets: tuple[str, ...] = (), day: float | None = None) -> Found:
    loaded = scenarios.load(name, sets)
    day = height(loaded) if day is None else day
    driver = BodyPlasma(loaded)
    driver.advance(day * DAY)
    (line,) = driver.rows(np.array([day * DAY]))
    LEDGERS.append(max(driver.books().values()))
    return Found(day, {key: float(value) for key, value in line.items()})


def healthy_value(quantity: str) -> float:
    _, row, factor, _ = QUANTITIES[quantity]
    return float(parameters.table("body")[row].value) * factor if row else 1.0


def tolerance(quantity: str) -> float:
    """How far from another value counts as the same: 2 %; 0.3 mmol/L of bicarbonate, 0.01 of pH."""
    return {"HCO3": 0.3, "pH": 0.01}.get(quantity, 0.02 * healthy_value(quantity))


def side(quantity: str, value: float, other: float) -> str:
    if abs(value - other) <= tolerance(quantity):
        return "0"
    return "+" if value > other else "-"


def outside(quantity: str, value: float) -> bool | None:
    """Whether a value lies outside its reference range; None where there is none."""
    _, row, factor, _ = QUANTITIES[quantity]
    limits = parameters.table("body")[row].range if row else None
    return None if limits is None else not limits[0] * factor <= value <= limits[1] * factor


def diseases() -> Iterator[Row]:
    """Every scenario of a plasma, with the side of health that literature has; then those beside their twins."""
    for name in plasmas():
        state = found(name)
        expected = dict(pair.split(":") for pair in EXPECTED.get(name, "").split())
        for quantity, (key, *_) in QUANTITIES.items():
            value, want = state.values[key], expected.get(quantity, "")
            got = side(quantity, value, healthy_value(quantity))
            yield Row(
                "disease", name, quantity, UNITS[quantity], got=value, said=healthy_value(quantity), side=got, expected=want,
                outside_reference=outside(quantity, value), passed=got in want if want else None,
            )  # fmt: skip
        for quantity, (key, unit) in OTHERS.items():
            yield Row("disease", name, quantity, unit, got=state.values[key], said=found(HEALTHY).values[key])
    for name, quantity, want, twin, sets in TWINS:
        key = QUANTITIES[quantity][0]
        value, other = found(name).values[key], found(twin, sets, found(name).day).values[key]
        got = side(quantity, value, other)
        label = f"{name} beside {twin if not sets else 'itself with ' + sets[0]}"
        yield Row("disease", label, quantity, UNITS[quantity], got=value, said=other, side=got, expected=want, passed=got == want)


# --- figure -----------------------------------------------------------------------------------------------------------------------------

TITLES = {"HAP": "Hydroxyapatite", "OCP": "Octacalcium phosphate", "ACP2": "Amorphous Ca phosphate"}


def paint(figure: Any) -> None:
    """One panel a mineral, one line a plasma: its saturation index; health is the dotted line and the ring."""
    from calcisim.results import style

    names = plasmas()[::-1]
    folders = [name.split("/")[0] for name in names]
    gaps = [0.0, *(1.6 if one != after else 1.0 for one, after in pairwise(folders))]
    heights = list(np.cumsum(gaps))
    panels = figure.subplots(1, len(MINERALS), sharey=True)
    for axes, mineral, colour in zip(panels, MINERALS, (style.BLUE, style.VERMILLION, style.GREEN), strict=True):
        key = OTHERS[mineral][0]
        healthy = found(HEALTHY).values[key]
        values = [found(name).values[key] for name in names]
        axes.axvline(healthy, color="0.25", lw=0.9, ls=(0, (1, 2)), zorder=1)
        axes.hlines(heights, healthy, values, color=colour, lw=1.2, alpha=0.55, zorder=2)
        filled = [colour if name != HEALTHY else "white" for name in names]
        axes.scatter(values, heights, s=24, c=filled, edgecolors=colour, linewidths=1.1, zorder=3)
        low, high = min(values), max(values)
        axes.set_xlim(low - 0.08 * (high - low), high + 0.12 * (high - low))
        axes.set_title(TITLES[mineral])
        axes.tick_params(axis="y", length=0)
        for height_of in heights:
            axes.axhline(height_of, color="0.9", lw=0.5, zorder=0)
    panels[0].set_yticks(heights, [_label(name) for name in names])
    figure.supxlabel("Saturation index of plasma water, log10(IAP/Ksp); dotted: health", fontsize=8)


def _label(name: str) -> str:
    title = scenarios.load(name).title
    return title.removesuffix(": plasma").replace("Plasma of a healthy", "Healthy").replace("Chronic kidney disease", "Kidney disease")


def draw(path: Path) -> None:
    from calcisim.results import style

    with style.figure(174.0, 104.0) as figure:
        paint(figure)
        style.save(figure, path, [path.suffix.lstrip(".") or "png"])

"""What is reported of a plasma that is computed, and its figure: every quantity over time on its reference range."""

from typing import Any

import numpy as np

from calcisim import parameters
from calcisim.results import style
from calcisim.results.observables import describe
from calcisim.simulation.plasma import REPORTED

# name, unit, meaning, row of data/body.toml with the healthy value and the reference range
_ROWS = (
    ("calcium_total_mmol_per_l", "mmol/L", "Total calcium of plasma", "healthy_calcium"),
    ("calcium_ionised_mmol_per_l", "mmol/L", "Ionised calcium of plasma", "healthy_calcium_ionised"),
    ("phosphate_mmol_per_l", "mmol/L", "Phosphate of plasma", "healthy_phosphate"),
    ("magnesium_mmol_per_l", "mmol/L", "Total magnesium of plasma", "healthy_magnesium"),
    ("bicarbonate_mmol_per_l", "mmol/L", "Bicarbonate of plasma", "healthy_bicarbonate"),
    ("ph", "1", "pH of plasma", "healthy_ph"),
    ("carbon_dioxide_mmhg", "mmHg", "Carbon dioxide of arterial plasma", "healthy_carbon_dioxide"),
    ("pth_pg_per_ml", "pg/mL", "Parathyroid hormone", "healthy_pth"),
    ("calcitriol_pmol_per_l", "pmol/L", "Calcitriol (1,25-dihydroxyvitamin D)", "healthy_calcitriol"),
    ("hydroxyvitamin_d_nmol_per_l", "nmol/L", "25-hydroxyvitamin D", "healthy_hydroxyvitamin_d"),
    ("fgf23_pg_per_ml", "pg/mL", "Intact FGF23", "healthy_fgf23"),
    ("gfr_ml_per_min", "mL/min", "Glomerular filtration", "healthy_filtration"),
    ("colloid", "1", "Calcium in the circulating calciprotein colloid, relative to health", ""),
    ("colloid_calcium_umol_per_l", "µmol/L", "Calcium in the circulating calciprotein colloid", ""),
    ("calcium_phosphate_product_mg2_per_dl2", "mg²/dL²", "Total calcium times phosphate", ""),
    ("vitamin_d_effect", "1", "Effective vitamin D, relative to health", ""),
    ("parathyroid_mass_relative", "1", "Mass of the parathyroid glands, relative to health", ""),
    ("urine_calcium_mmol_per_d", "mmol/d", "Calcium in urine", ""),
    ("urine_phosphate_mmol_per_d", "mmol/d", "Phosphate in urine", ""),
    ("urine_magnesium_mmol_per_d", "mmol/d", "Magnesium in urine", ""),
    ("bone_calcium_balance_mmol_per_d", "mmol/d", "Calcium that bone gains by formation less resorption", ""),
    ("saturation_index_hap", "1", "log10(IAP/Ksp) of hydroxyapatite in plasma water", ""),
    ("saturation_index_ocp", "1", "log10(IAP/Ksp) of octacalcium phosphate in plasma water", ""),
    ("saturation_index_acp", "1", "log10(IAP/Ksp) of amorphous calcium phosphate in plasma water", ""),
)
for _name, _unit, _meaning, *_ in _ROWS:
    describe(_name, _unit, _meaning)
for _element in ("calcium", "phosphorus", "magnesium"):
    describe(f"ledger_plasma_{_element}_relative", "1", f"Imbalance of the body's {_element} ledger, relative to content and exchange")

_LABELS = {
    "calcium_total_mmol_per_l": "Calcium, total", "calcium_ionised_mmol_per_l": "Calcium, ionised", "phosphate_mmol_per_l": "Phosphate",
    "magnesium_mmol_per_l": "Magnesium", "bicarbonate_mmol_per_l": "Bicarbonate", "ph": "pH", "carbon_dioxide_mmhg": "pCO₂",
    "pth_pg_per_ml": "PTH", "calcitriol_pmol_per_l": "Calcitriol", "hydroxyvitamin_d_nmol_per_l": "25-hydroxyvitamin D",
    "fgf23_pg_per_ml": "FGF23, intact", "gfr_ml_per_min": "GFR", "colloid": "Calciprotein colloid",
    "calcium_phosphate_product_mg2_per_dl2": "Ca × P", "bone_calcium_balance_mmol_per_d": "Calcium into bone",
}  # fmt: skip
_MINERALS = (
    ("saturation_index_hap", "HAP", style.BLUE), ("saturation_index_ocp", "OCP", style.SKY), ("saturation_index_acp", "ACP", style.ORANGE),
)  # fmt: skip
SIZE = (174.0, 168.0)  # mm
LAST = "fortnight.csv"  # the last two weeks by the half hour, where dialysis or meals move the plasma within a day


def drawable(series: dict[str, np.ndarray]) -> bool:
    """Whether the time series has a computed plasma at two times at least."""
    return "calcium_ionised_mmol_per_l" in series and "pth_pg_per_ml" in series and series["time_d"].size > 1


def time_axis(days: float) -> tuple[float, str]:
    """Unit for a time of so many days, and how many of it a day has: years beyond two of them."""
    return (1.0 / 365.25, "years") if days >= 730.0 else style.time_unit(days)


def reference(name: str) -> tuple[float, tuple[float, float] | None] | None:
    """Healthy value and reference range of a quantity, in its own unit; None where there is none."""
    row = next(row for known, _, _, row in _ROWS if known == name)
    if not row:
        return (1.0, None) if name == "colloid" else None
    factor = REPORTED[name][1]
    found = parameters.table("body")[row]
    return found.value * factor, None if found.range is None else (found.range[0] * factor, found.range[1] * factor)


LEAST = 0.02  # of the value, and half of it in its unit: what an axis spans at least, so that rounding is not drawn
# quantities of measured labs (scenario/labs.py) that are not called after their row
_MEASURED = {"calcium_total_mmol_per_l": "calcium", "gfr_ml_per_min": "glomerular_filtration"}


def measured(readings: dict[str, Any]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times [d] and values of measured labs (quantity → Series), by the names and in the units of the time series."""
    found = {}
    for name, _, _, row in _ROWS:
        reading = readings.get(_MEASURED.get(name, row.removeprefix("healthy_")))
        if reading is not None and row:
            found[name] = (reading.times / 86400.0, reading.values * REPORTED[name][1])
    return found


def paint(figure: Any, series: dict[str, np.ndarray], points: dict[str, tuple[np.ndarray, np.ndarray]] | None = None) -> None:
    """One panel a quantity: the curve, its reference range as a band and the healthy value as a dotted line; saturation in the last.

    points: measured values by name, as `measured` gives them.
    """
    factor, unit = time_axis(float(series["time_d"][-1] - series["time_d"][0]))
    time = series["time_d"] * factor
    time = time - time[0]
    panels = figure.subplots(4, 4, sharex=True).ravel()
    names = [name for name in _LABELS if name in series]
    for axes, name in zip(panels, names, strict=False):
        _panel(axes, time, series[name], name)
        if points and name in points:
            days, values = points[name]
            seen = days * factor <= time[-1]
            axes.plot(days[seen] * factor, values[seen], "o", ms=3, color=style.VERMILLION, mfc="white", mew=1.0, zorder=3, clip_on=False)
    for axes in panels[len(names) + 1 :]:
        axes.set_axis_off()
    _saturation(panels[len(names)], time, series)
    for number, axes in enumerate(panels):
        axes.set_xlim(float(time[0]), float(time[-1]))
        if number >= 12:
            axes.set_xlabel(f"Time ({unit})")


def _panel(axes: Any, time: np.ndarray, values: np.ndarray, name: str) -> None:
    known = reference(name)
    shown = [values]
    if known is not None:
        healthy, limits = known
        axes.axhline(healthy, color="0.5", lw=0.7, ls=":", zorder=1)
        shown.append(np.array([healthy]))
        if limits is not None:
            axes.axhspan(*limits, color=style.GREEN, alpha=0.15, lw=0, zorder=0)
            shown.append(np.array(limits))
    axes.plot(time, values, color=style.BLUE, lw=1.0 if time.size > 1000 else 1.4, zorder=2)
    unit = next(unit for known_name, unit, *_ in _ROWS if known_name == name)
    axes.set_title(_LABELS[name] + (f" ({unit})" if unit != "1" else ""), fontsize=7, loc="left")
    low, high = min(float(np.nanmin(part)) for part in shown), max(float(np.nanmax(part)) for part in shown)
    span = max(high - low, LEAST * max(abs(high), abs(low)), 0.5 * LEAST)  # what stands still is a line, not its rounding
    margin = 0.5 * (span - (high - low)) + 0.08 * span
    axes.set_ylim(low - margin, high + margin)
    axes.ticklabel_format(useOffset=False)


def _saturation(axes: Any, time: np.ndarray, series: dict[str, np.ndarray]) -> None:
    """Saturation indices less their first value: of three minerals whose own values lie far apart."""
    for name, label, colour in _MINERALS:
        axes.plot(time, series[name] - series[name][0], color=colour, lw=1.2, label=label)
    axes.axhline(0.0, color="0.5", lw=0.7, ls=":", zorder=1)
    axes.set_title("Δ saturation index", fontsize=7, loc="left")
    axes.legend(loc="best", handlelength=1.0, borderpad=0.1, labelspacing=0.2, fontsize=6)

"""Curves of a report as plain data: what the page draws from, thinned so that it stays small."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from calcisim.results import observables, plasma, style
from calcisim.simulation.plasma import REPORTED

Series = Mapping[str, np.ndarray]
MOST_TIMES = 400  # of a curve: more than the pixels that tell them apart
DAY = 86400.0

# Quantities by what they tell of, in the order of a report; names that are in no group come last, as "Other".
GROUPS: dict[str, tuple[str, ...]] = {
    "Deposit": (
        "deposit_calcium_mg", "deposit_calcium_mg_per_cm3", "calcium_ug_per_mg_dry", "calcium_ug_per_mg_nonmineral",
        "deposit_phosphorus_mg", "onset_day", "mineral_volume_fraction_max", "dry_mass_mg", "excised_calcium_mg",
        "drained_calcium_mg", "injected_calcium_mg",
    ),
    "Mineral": (
        "calcium_phosphorus_ratio", "hap_fraction", "ocp_fraction", "acp_fraction", "mg_acp_fraction", "dcpd_fraction",
        "captured_fraction", "collagen_associated_fraction", "intrafibrillar_fraction", "colloid_fraction",
    ),
    "X-rays": ("hounsfield_max", "volume_above_130_hu_mm3"),
    "What holds it back": ("limiting_step", "damkohler", "thiele", "free_fetuin_umol_per_l"),
    "Nuclei and particles": (
        "nuclei", "expected_nuclei_per_cm3", "primary_radius_um", "sphere_median_um", "sphere_polydispersity", "particle_median_um",
        "particle_polydispersity", "largest_particle_um", "fused_fraction",
    ),
    "Clumps": (
        "clump_count", "largest_clump_mm", "clump_median_mm", "clump_volume_mm3", "clump_mineral_share", "clump_distance_mm",
        "clump_gyration_mm", "sphericity", "lobules", "box_dimension", "box_dimension_error",
    ),
    "Cells and inflammation": ("inflammation_max", "inflammation_mean", "engulfed_calcium_mg", "resorbed_calcium_mg"),
}  # fmt: skip
PLASMA, BOOKS, OTHER = "Plasma", "Books", "Other"
_OF_PLASMA = ("colloid", "colloid_calcium_umol_per_l", "calcium_phosphate_product_mg2_per_dl2", "bone_calcium_balance_mmol_per_d")
_FLOWS = ("urine_", "saturation_index_")  # beginnings of more names of the plasma
_GROUP = {name: group for group, names in GROUPS.items() for name in names} | dict.fromkeys((*REPORTED, *_OF_PLASMA), PLASMA)
ORDER = (*GROUPS, PLASMA, BOOKS, OTHER)


def group_of(name: str) -> str:
    """The group of a quantity."""
    if name.startswith("ledger_"):
        return BOOKS
    return PLASMA if name.startswith(_FLOWS) else _GROUP.get(name, OTHER)


def by_group(names: Iterable[str]) -> dict[str, list[str]]:
    """The names by group, both in the order of a report."""
    order = {name: place for place, name in enumerate(_GROUP)}
    wanted = sorted(dict.fromkeys(names), key=lambda name: order.get(name, len(order)))
    found = {group: [name for name in wanted if group_of(name) == group] for group in ORDER}
    return {group: members for group, members in found.items() if members}


def label(name: str) -> str:
    """What a quantity is called: the first words of its meaning."""
    entry = observables.REGISTRY.get(name)
    if entry is None:
        return name.replace("_", " ")
    return entry.meaning.split(";")[0].split(": ")[0].split(", mean over")[0].split(", by number")[0]


def thinned(count: int, most: int = MOST_TIMES) -> np.ndarray:
    """Indices of at most so many rows, evenly chosen, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.zeros(0, dtype=int)


def numbers(values: np.ndarray) -> list[float | None] | float:
    """Five significant digits each, blanks as None; one number for a curve that never changes."""
    found = [float(f"{value:.5g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=float)]
    first = found[0] if found else None
    return first if first is not None and all(value == first for value in found) else found


def split(column: str) -> tuple[str, str]:
    """Site ("" for the total) and quantity of a column."""
    site, _, name = column.rpartition(".")
    return site, name


def chart(runs: Sequence[tuple[str, Series]], points: Sequence[Any] = (), marks: Sequence[tuple[float, str]] = ()) -> dict[str, Any]:
    """Data of an interactive chart: quantities with their lines, measured points, and moments worth a mark.

    runs: label and time series; of one run all sites are drawn, of several their totals;  points: measured (observable, site, time [s],
    value, sd, use, source);  marks: day and words.
    """
    kept = [(name, {key: values[thinned(len(values))] for key, values in series.items()}) for name, series in runs]
    last = max((float(series["time_d"][-1]) for _, series in kept if len(series["time_d"])), default=0.0)
    factor, unit = style.time_unit(last)
    quantities: dict[str, dict[str, Any]] = {}
    for number, (run, series) in enumerate(kept):
        for column, values in series.items():
            site, name = split(column)
            if column == "time_d" or (site and len(kept) > 1) or not np.isfinite(values).any():
                continue
            line = {"label": (site or "all sites") if len(kept) == 1 else run, "t": number, "v": numbers(values)}
            quantities.setdefault(name, _quantity(name))["lines"].append(line)
    _alone(quantities)
    ordered = [quantities[name] for names in by_group(quantities).values() for name in names]
    for one in ordered:
        one["points"] = [_point(row, factor) for row in points if row.observable == one["name"] and row.time / DAY <= last]
    return {
        "unit": unit,
        "times": [[float(f"{day * factor:.6g}") for day in series["time_d"]] for _, series in kept],
        "quantities": ordered,
        "marks": [{"t": float(f"{day * factor:.6g}"), "label": words} for day, words in marks if 0.0 < day <= last],
        "first": next((one["name"] for one in ordered if one["points"]), ordered[0]["name"] if ordered else None),
    }


def _quantity(name: str) -> dict[str, Any]:
    known = plasma.reference(name) if name in REPORTED else None
    limits = [float(f"{side:.6g}") for side in known[1]] if known and known[1] else None
    return {
        "name": name, "label": label(name), "unit": observables.unit(name), "group": group_of(name), "range": limits, "lines": [],
    }  # fmt: skip


def _alone(quantities: dict[str, dict[str, Any]]) -> None:
    """A line that is the only one needs no name of a site."""
    for one in quantities.values():
        if len(one["lines"]) == 1 and one["lines"][0]["label"] == "all sites":
            one["lines"][0]["label"] = "simulated"


def _point(row: Any, factor: float) -> dict[str, Any]:
    return {
        "t": float(f"{row.time / DAY * factor:.6g}"), "v": row.value, "sd": row.sd, "fitted": row.use == "calibrate", "source": row.source,
    }  # fmt: skip

"""Numbers of a run for its report: the table of results, how the books close, and the few that matter most."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from calcisim.results import observables, plasma
from calcisim.results.report_series import BOOKS, PLASMA, by_group, group_of
from calcisim.results.report_words import STILL, exact, mass, number, unit
from calcisim.simulation.plasma import REPORTED

Series = Mapping[str, np.ndarray]
ROUNDING = 1e-12  # imbalance below which a book closes to rounding
GOOD = 1e-6
_BOOKS = {
    "ledger_calcium_relative": "Calcium", "ledger_phosphorus_relative": "Phosphorus", "ledger_alkalinity_relative": "Alkalinity",
    "ledger_plasma_calcium_relative": "Calcium of the body", "ledger_plasma_phosphorus_relative": "Phosphorus of the body",
    "ledger_plasma_magnesium_relative": "Magnesium of the body",
}  # fmt: skip


def last_row(series: Series) -> dict[str, Any]:
    """The last row of a time series as a summary: totals, and `sites` where there are several; blanks are None."""
    row: dict[str, Any] = {"sites": {}}
    for column, values in series.items():
        value = float(values[-1]) if len(values) and np.isfinite(values[-1]) else None
        site, _, name = column.rpartition(".")
        (row["sites"].setdefault(site, {}) if site else row)[name] = value
    return row


def table(document: Mapping[str, Any], apart: tuple[str, ...] = (BOOKS,)) -> dict[str, Any]:
    """The table of results: columns (all sites, then each where there are several), groups of rows, and names without a value here.

    apart: groups that have a table of their own.
    """
    sites = document.get("sites", {})
    columns = {"all sites": document, **sites} if len(sites) > 1 else {"Value": document}
    names = [name for name in observables.REGISTRY if name in document]
    there = [name for name in names if any(values.get(name) is not None for values in columns.values())]
    shown = {group: members for group, members in by_group(there).items() if group not in apart}
    return {
        "columns": list(columns),
        "groups": [{"title": group, "rows": [_row(name, columns) for name in members]} for group, members in shown.items()],
        "undefined": [_row(name, columns) for name in names if name not in there and group_of(name) not in apart],
    }


def _row(name: str, columns: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    entry = observables.REGISTRY[name]
    digits = 4 if len(columns) < 4 else 3
    cells = [
        {"text": number(values[name], digits) if name in values else "", "exact": exact(values.get(name))} for values in columns.values()
    ]
    return {"name": name, "unit": unit(entry.unit), "meaning": entry.meaning.rstrip("."), "cells": cells}


def books(document: Mapping[str, Any], series: Series) -> list[dict[str, Any]]:
    """How well each book closes at the end, at its worst output time, and in a word."""
    rows = []
    for name, words in _BOOKS.items():
        end = document.get(name)
        if end is None:
            continue
        course = np.abs(series[name][np.isfinite(series[name])]) if name in series else np.zeros(0)
        worst = max([abs(end), *course.tolist()])
        rows.append(
            {"name": name, "words": words, "end": number(end, 2), "exact": exact(end), "worst": number(worst, 2), **_mark(worst)},
        )
    return rows


def _mark(worst: float) -> dict[str, str]:
    if worst < ROUNDING:
        return {"mark": "good", "verdict": "closes to rounding"}
    return {"mark": "fair", "verdict": "closes well"} if worst < GOOD else {"mark": "poor", "verdict": "does not close: mistrust this run"}


def worst_book(document: Mapping[str, Any]) -> float | None:
    """The largest imbalance at the end."""
    found = [abs(document[name]) for name in _BOOKS if document.get(name) is not None]
    return max(found) if found else None


# name, what it is called beside the number
_KEY = (
    ("deposit_calcium_mg", "calcium in mineral"), ("calcium_ug_per_mg_dry", "calcium per dry tissue"),
    ("deposit_calcium_mg_per_cm3", "calcium per tissue volume"), ("onset_day", "onset"), ("largest_clump_mm", "largest clump"),
    ("calcium_phosphorus_ratio", "Ca/P of the mineral"),
)  # fmt: skip
_KEY_PLASMA = (
    ("calcium_total_mmol_per_l", "calcium, total"), ("phosphate_mmol_per_l", "phosphate"),
    ("calcium_phosphate_product_mg2_per_dl2", "Ca × P"), ("pth_pg_per_ml", "parathyroid hormone"), ("gfr_ml_per_min", "filtration"),
)  # fmt: skip
MOST_KEYS = 5


def key_numbers(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """The numbers that stand large at the top."""
    wanted = _KEY if document.get("deposit_calcium_mg") is not None else _KEY_PLASMA
    found = []
    for name, words in wanted:
        value = document.get(name)
        if value is not None or (name == "onset_day" and name in document):
            text, said = _key(name, value)
            found.append({"name": name, "words": words, "text": text, "unit": said, "exact": exact(value)})
    return found[:MOST_KEYS]


def _key(name: str, value: float | None) -> tuple[str, str]:
    """A number that stands large, and its unit: masses and early moments in one that suits their size."""
    if value is None:
        return "none", ""
    if name.startswith("deposit_calcium_mg"):
        text, _, said = mass(value).rpartition(STILL)
        return text, said + ("/cm³" if name.endswith("per_cm3") else "")
    if name == "onset_day":
        minutes = 1440.0 * value
        return (number(value, 3), "day") if minutes >= 120.0 else ("< 1" if minutes < 1.0 else number(minutes, 2), "min")
    return number(value, 3), unit(observables.unit(name))


def laboratory(document: Mapping[str, Any], series: Series) -> list[dict[str, Any]]:
    """The computed plasma: at the start, at the end, between, and its reference range; empty where it is not computed."""
    if not plasma.drawable(dict(series)):
        return []
    rows = []
    for name in (one for one in series if group_of(one) == PLASMA and "." not in one):
        values = series[name][np.isfinite(series[name])]
        if not len(values):
            continue
        known = plasma.reference(name) if name in REPORTED else None
        limits = known[1] if known else None
        end = document.get(name, float(values[-1]))
        row = _row(name, {"end": {name: end}})
        row |= {"start": number(float(values[0])), "end": number(end), "exact": exact(end)}
        row |= {"low": number(float(values.min())), "high": number(float(values.max()))}
        row |= {"range": "" if limits is None else f"{number(limits[0])} to {number(limits[1])}", "place": _place(end, limits)}
        rows.append(row)
    return rows


def _place(value: float | None, limits: Sequence[float] | None) -> str:
    if value is None or limits is None:
        return ""
    return "low" if value < limits[0] * (1 - 1e-9) else "high" if value > limits[1] * (1 + 1e-9) else "within"


def outside(document: Mapping[str, Any]) -> list[tuple[str, float, str]]:
    """Name, value and side of what the computed plasma has outside its reference range."""
    found = []
    for name in REPORTED:
        value, known = document.get(name), plasma.reference(name)
        side = _place(value, known[1] if known else None)
        if value is not None and side in ("low", "high"):
            found.append((name, value, side))
    return found

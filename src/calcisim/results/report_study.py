"""A comparison of arms for a report: the table of arms, their curves, and what was asked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import comparison, report_figures, report_series
from calcisim.results.report_words import ABSENT, listed, number, percent

_COLUMNS = (
    ("deposit_calcium_mg", "calcium in mineral", "mg"), ("change_from_reference", "change against the reference", "%"),
    ("responded", "responded", ""), ("recurred", "recurred", ""), ("recurrence_day", "day of recurrence", "d"),
    ("onset_day", "onset", "d"), ("new_sites", "new sites", ""), ("inflammation_final", "inflammation at the end", "0 to 1"),
    ("inflammation_over_time", "inflammation over time", "0 to 1"),
)  # fmt: skip


def of_study(
    place: Path, key: str, document: Mapping[str, Any], members: Mapping[str, Sequence[Any]], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that the report tells of a comparison; document, members: as `studies.compare.read` gives them; asked: comparison.json."""
    arms = document["arms"]
    return {
        "key": key,
        "label": Path(place).resolve().name,
        "scenario": document["scenario"],
        "reference": document["reference"],
        "replicates": document["replicates"],
        "seed": document["seed"],
        "quick": document["quick"],
        "cohort": document["cohort"],
        "response": percent(-document["response"]),
        "verdict": _verdict(document),
        "columns": [{"words": words, "unit": unit} for _, words, unit in _COLUMNS],
        "arms": [_arm(name, arm, name == document["reference"]) for name, arm in arms.items()],
        "failed": [{"arm": name, **one} for name, arm in arms.items() for one in arm["failed"]],
        "figures": report_figures.embedded(Path(place)),
        "chart": _chart(members),
        "provenance": [{"name": name, "value": asked.get(f"{name}_sha256", "")} for name in ("source", "data")],
    }


def _arm(name: str, arm: Mapping[str, Any], reference: bool) -> dict[str, Any]:
    cells = [_cell(arm["outcomes"][key], key) for key, _, _ in _COLUMNS]
    return {
        "name": name,
        "reference": reference,
        "scenario": arm["scenario"],
        "set": arm["set"],
        "finished": arm["finished"],
        "cells": cells,
    }


def _cell(found: Mapping[str, Any], key: str) -> dict[str, str]:
    """Mean with its 95 % interval, or how many of how many."""
    if "share" in found:
        return {"text": ABSENT if found["share"] is None else f"{found['count']} of {found['n']}", "interval": ""}
    if found["mean"] is None:
        return {"text": ABSENT, "interval": ""}
    factor = 100.0 if key == "change_from_reference" else 1.0
    sides = None if found["low"] is None else [number(factor * found[side], 3) for side in ("low", "high")]
    return {"text": number(factor * found["mean"], 3), "interval": f"{sides[0]} to {sides[1]}" if sides and sides[0] != sides[1] else ""}


def _verdict(document: Mapping[str, Any]) -> list[str]:
    arms, reference = document["arms"], document["reference"]
    base = arms[reference]["outcomes"]["deposit_calcium_mg"]["mean"]
    size = document["replicates"]
    found = [f"{len(arms)} arms with {size} {'member' if size == 1 else 'members'} each, with the same random numbers in every arm."]
    if base is not None:
        found.append(f"In the reference arm {reference} the mineral holds {number(base, 3)} mg of calcium at the end, on average.")
    told = []
    for name, arm in arms.items():
        change = arm["outcomes"]["change_from_reference"]["mean"]
        if change is not None:
            told.append(f"{name} has {percent(abs(change))} {'less' if change < 0 else 'more'}")
    if told:
        found.append(f"Against their twins in it, {listed(told)} calcium.")
    return found


def _chart(members: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Medians over members, a line an arm."""
    runs = []
    for arm, ones in members.items():
        if not ones:
            continue
        series: dict[str, np.ndarray] = {}
        for name in (name for name in ones[0]["course"] if "." not in name):
            days, values = comparison.on_common_days(ones, name)
            series |= {"time_d": days, name: np.median(values, axis=0)}
        runs.append((arm, series))
    return report_series.chart(runs)

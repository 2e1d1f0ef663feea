"""A finished fit in words: the report that is printed, and the comments above the scenario that is written."""

from collections.abc import Mapping, Sequence
from typing import Any

STRONG = 0.9


def report(document: Mapping[str, Any]) -> str:
    """The document of a fit (`Fit.document`) as text."""
    runs = document["evaluations"]
    lines = [f"{document['scenario']}: objective {document['objective']:.4g} after {runs} runs", "", "fitted (95 % by profile)"]
    lines += [f"  {parameter(row, document['profiled'])}" for row in document["parameters"]]
    if "sampling" in document:
        sampling = document["sampling"]
        lines += [
            "",
            f"by {sampling['draws']} samples, median and 95 % credible (share of steps taken {sampling['acceptance']:.2f})",
        ]
        lines += [
            f"  {row['path']} = {row['sampled_median']:.5g} [{row['sampled_low']:.5g}, {row['sampled_high']:.5g}]"
            for row in document["parameters"]
        ]
    if document.get("laboratories"):
        lines += ["", "laboratories: what each measures, as a multiple of the model (95 % by curvature)"]
        lines += [f"  {laboratory(row)}" for row in document["laboratories"]]
    lines += ["", "measured and computed", *map(_measured, document["points"]), "", f"correlations above {STRONG}"]
    strong = [row for row in document["correlations"] if row["between"] in document["strong"]]
    largest = max((abs(row["value"]) for row in document["correlations"]), default=None)
    lines += [f"  {' and '.join(row['between'])}: {row['value']:+.3f}" for row in strong]
    if not strong:
        lines.append("  none" if largest is None else f"  none; the largest is {largest:.3f}")
    if document.get("not_fitted"):
        lines += ["", "not fitted", *map(_ahead, document["not_fitted"])]
    if document.get("notes"):
        lines += ["", "note", *(f"  {note}" for note in document["notes"])]
    return "\n".join(lines) + "\n"


def parameter(row: Mapping[str, Any], profiled: bool) -> str:
    """path = value unit [low, high]"""
    low, high = (f"{row[side]:.5g}" if row[side] is not None else "open" for side in ("low", "high"))
    interval = f" [{low}, {high}]" if profiled else ""
    return f"{row['path']} = {row['value']:.5g} {row['unit']}".rstrip() + interval


def laboratory(row: Mapping[str, Any]) -> str:
    """name: factor [low, high], points"""
    word = "point" if row["points"] == 1 else "points"
    return f"{row['name']}: {row['factor']:.3f} [{row['low']:.3f}, {row['high']:.3f}], {row['points']} {word}"


def comments(document: Mapping[str, Any], data: str, version: str, elsewhere: Sequence[str]) -> str:
    """Comment lines above a written scenario: where its values come from. data: the points in words; elsewhere: values it cannot hold."""
    lines = [f"Fitted by calcisim {version} to {data}.", f"Objective {document['objective']:.5g}, {len(document['points'])} points."]
    lines += ["95 % intervals by profile:" if document["profiled"] else "Fitted values:"]
    lines += [f"  {parameter(row, document['profiled'])}" for row in document["parameters"]]
    if document.get("laboratories"):
        lines += [f"Factor of each laboratory (assumed spread {document['spread']:g}), not part of the scenario:"]
        lines += [f"  {laboratory(row)}" for row in document["laboratories"]]
    lines += [f"Note: {note}" for note in document["notes"]]
    lines += [f"Belongs to another series and is not set here: {text}" for text in elsewhere]
    return "".join(f"# {line}\n" for line in lines)


def _measured(row: Mapping[str, Any]) -> str:
    belongs = [text for text in (row.get("lab"), row.get("site"), row.get("series")) if text]
    place = f"  day {row['time_d']:g} {row['observable']}" + (f" ({', '.join(belongs)})" if belongs else "")
    return f"{place}: {row['value']:g} ± {row['sd']:.3g}, got {row['fitted']:.4g}, residual {row['residual']:+.2f}"


def _ahead(row: Mapping[str, Any]) -> str:
    measured = "" if row["value"] is None else f", measured {row['value']:g}"
    return f"  day {row['time_d']:g} {row['observable']}: got {row['got']:.4g}{measured}"

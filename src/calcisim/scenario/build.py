"""From a name to a Scenario: file, extends, overrides, schema, cross checks; every mistake with file, key, line and hint."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from calcisim.scenario import beside, check, document, images, labs, override
from calcisim.scenario.document import Document, Origin, named_key
from calcisim.scenario.errors import Finding, Mistake, PlausibilityWarning, ScenarioError, shown
from calcisim.scenario.files import resolve
from calcisim.scenario.grid import Grid
from calcisim.scenario.schema import Output, Scenario

_MAX_SHOWN = 10
_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}


def load(name: str | Path, sets: Iterable[str] = (), quick: bool = False) -> Scenario:
    """The scenario of a name or a file, with --set PATH=VALUE texts laid over it; quick takes its short and coarse variant.

    Raises ScenarioError with every mistake found; warns (PlausibilityWarning) of values that are allowed and unusual.
    """
    return from_document(*read(name, sets), quick=quick)


def read(name: str | Path, sets: Iterable[str] = ()) -> tuple[Document, Origin]:
    """The document of a name or a file with the overrides laid over it, as written, and where each key came from."""
    merged, origin = document.read(resolve(name))
    for setting in sets:
        override.apply(merged, setting, origin)
        document.shallow(merged, f"--set {setting[:80]!r}")
    _read_labs(merged, origin)
    images.embed(merged, origin)
    return merged, origin


def _read_labs(merged: Document, origin: Origin) -> None:
    """Put the measured values of [plasma] file into the document, so that a run directory holds them."""
    plasma = merged.get("plasma")
    if not isinstance(plasma, dict) or plasma.get("driver") != "csv" or not isinstance(plasma.get("file"), str):
        return
    path = beside.find(plasma["file"], ("plasma", "file"), origin, (".csv",), "the table")
    plasma["labs"] = labs.read_csv(path)


def from_document(merged: Document, origin: Origin, quick: bool = False) -> Scenario:
    """The checked scenario of a merged document."""
    try:
        scenario = Scenario.model_validate(_frozen(merged))
    except ValidationError as error:
        raise ScenarioError(_mistakes(error, merged, origin)) from None
    found = check.findings(scenario)
    if found:
        raise ScenarioError([origin.mistake(named_key(merged, one.key), one.message, one.hint) for one in found[:_MAX_SHOWN]])
    for one in check.unusual(scenario):
        key = named_key(merged, one.key)
        warnings.warn(str(origin.mistake(key, one.message, _meant(merged, one) or one.hint)), PlausibilityWarning, stacklevel=3)
    if not quick:
        return scenario
    short = quickened(scenario)
    found = check.findings(short)
    if found:
        label, line = origin.where(("quick",))
        raise ScenarioError([Mistake(label, "quick", f"{'.'.join(map(str, one.key))}: {one.message}", one.hint, line) for one in found])
    return short


def _meant(merged: Document, one: Finding) -> str:
    """What a value of the plasma would be in the unit that laboratories use; nothing for other tables."""
    from calcisim.scenario.fields import rule_of
    from calcisim.scenario.schema import Plasma

    if one.key[0] != "plasma":
        return ""
    rule = rule_of(Plasma, str(one.key[-1]))
    return rule.meant(merged.get("plasma", {}).get(one.key[-1])) if rule else ""


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down: the schema is strict and frozen."""
    if isinstance(value, dict):
        return {key: _frozen(part) for key, part in value.items()}
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _mistakes(error: ValidationError, merged: Document, origin: Origin) -> list[Mistake]:
    """pydantic's errors in our words, each at its place in the files."""
    found = []
    for row in error.errors(include_url=False)[:_MAX_SHOWN]:
        context = row.get("ctx", {})
        key = row["loc"] + tuple(part for part in str(context.get("key", "")).split(".") if part)
        message, hint = context.get("message"), context.get("hint", "")
        if message is None:
            message, hint = _plain(row)
        found.append(origin.mistake(named_key(merged, key), message, hint))
    return found


def _plain(row: Any) -> tuple[str, str]:
    """Message and hint for the errors that pydantic raises itself."""
    kind, value = row["type"], row.get("input")
    if kind == "missing":
        return "is missing", ""
    if kind == "tuple_type" and isinstance(value, dict):
        return "a list of tables is needed", f"write [[{row['loc'][-1]}]] with double brackets"
    if kind in _EXPECTED:
        return f"{shown(value)} is not {_EXPECTED[kind]}", ""
    if kind == "literal_error":
        return f"{shown(value)} is not one of the choices", f"one of {row['ctx']['expected']}"
    return f"{shown(value)}: {row['msg'][:1].lower()}{row['msg'][1:]}", ""


def quickened(scenario: Scenario) -> Scenario:
    """The variant that [quick] describes: shorter, and coarser with the same extents."""
    quick = scenario.quick
    sites = scenario.site
    if quick.spacing is not None:
        sites = tuple(site.model_copy(update={"grid": _coarser(site.grid, quick.spacing)}) for site in sites)
    coarse = scenario.model_copy(update={"site": sites, "quick": type(quick)()})
    return coarse if quick.duration is None else until(coarse, quick.duration)


def until(scenario: Scenario, duration: float) -> Scenario:
    """The scenario ended after `duration` [s], when that is earlier; events, treatments and references beyond fall away."""
    duration = min(duration, scenario.duration)
    treatments = tuple(
        one.model_copy(update={"stop": None if one.stop is None or one.stop > duration else one.stop})
        for one in scenario.treatment
        if one.start <= duration
    )
    return scenario.model_copy(
        update={
            "duration": duration,
            "output": tuple(_until(one, duration) for one in scenario.output),
            "event": tuple(one for one in scenario.event if one.at <= duration),
            "treatment": treatments,
            "reference": tuple(one for one in scenario.reference if one.time <= duration),
        }
    )


def _until(output: Output, duration: float) -> Output:
    return output if output.times is None else output.model_copy(update={"times": tuple(t for t in output.times if t <= duration)})


def _coarser(grid: Grid, spacing: float) -> Grid:
    """The grid with voxels of about this size and the same extents; an axis that is coarser already stays."""
    counts = tuple(min(n, max(1, round(n * d / spacing))) for n, d in zip(grid.shape, grid.spacing, strict=True))
    sizes = tuple(d if n == m else n * d / m for n, d, m in zip(grid.shape, grid.spacing, counts, strict=True))
    return grid.model_copy(update={"shape": counts, "spacing": sizes})

"""Every constant of the model: value, unit, range, source and quality, read from data/*.toml.

A row is refused without unit, source or quality. `measured` means read in the source named; `fitted` means adjusted by us to the
data that the source names; `assumed` means recalled or chosen, whatever source suggested it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from calcisim import units
from calcisim.sources import split_keys

Quality = Literal["measured", "fitted", "assumed"]
QUALITIES: tuple[str, ...] = get_args(Quality)
FLAT = ("nucleation", "particles", "biology", "transport", "plasma", "body")
NESTED = ("minerals", "inhibitors", "tissues", "injuries", "treatments", "hosts", "attenuation", "morphology")
_KEYS = {"value", "range", "symbol", "source", "quality", "note"}


class ParameterError(ValueError):
    """A row of a data file that does not say what it must."""


@dataclass(frozen=True)
class Parameter:
    """value and range in inner units (units.py); unit as written; source: keys of references.bib, comma separated."""

    name: str
    value: float
    unit: str
    range: tuple[float, float] | None
    source: str
    quality: str
    symbol: str = ""
    note: str = ""
    inherited: bool = False  # copied by `like` from another table: the same number, not another one

    @property
    def sources(self) -> tuple[str, ...]:
        return split_keys(self.source)


def _quantity(raw: object, where: str) -> tuple[float, str, units.Dimension]:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise ParameterError(f"{where}: a number or a text with a unit is needed, not {raw!r}")
    try:
        return units.parse_any(str(raw))
    except units.UnitError as error:
        raise ParameterError(f"{where}: {error}") from None


def _row(name: str, raw: Mapping[str, Any], where: str) -> Parameter:
    unknown = set(raw) - _KEYS
    absent = {"value", "source", "quality"} - set(raw)
    if unknown or absent:
        parts = [f"{word} {', '.join(sorted(keys))}" for word, keys in (("unknown", unknown), ("missing", absent)) if keys]
        raise ParameterError(f"{where}: {'; '.join(parts)}")
    if raw["quality"] not in QUALITIES or not split_keys(raw["source"]):
        raise ParameterError(f"{where}: quality is one of {', '.join(QUALITIES)}, and source names a key of references.bib")
    value, unit, dimension = _quantity(raw["value"], where)
    limits = None
    if "range" in raw:
        low, high = (_quantity(side, f"{where}.range") for side in raw["range"])
        if {low[2], high[2]} != {dimension} or not low[0] <= value <= high[0]:
            raise ParameterError(f"{where}: {raw['value']} is outside its range {raw['range']}, or the units differ in kind")
        limits = (low[0], high[0])
    return Parameter(name, value, unit, limits, raw["source"], raw["quality"], raw.get("symbol", ""), raw.get("note", ""))


@cache
def document(file: str) -> dict[str, Any]:
    """The TOML of data/FILE.toml as it is written."""
    return tomllib.loads(files("calcisim").joinpath("data", f"{file}.toml").read_text(encoding="utf-8"))


@cache
def table(file: str) -> dict[str, Parameter]:
    """The rows of a flat data file by name. Raises ParameterError for an incomplete row."""
    return read_table(document(file), file)


def read_table(raw: Mapping[str, Any], where: str) -> dict[str, Parameter]:
    """Rows of one table; texts beside the rows (a title) are left out."""
    return {name: _row(name, row, f"{where}.{name}") for name, row in raw.items() if isinstance(row, Mapping)}


@cache
def tables(file: str) -> dict[str, dict[str, Parameter]]:
    """The tables of a nested data file. `like = "NAME"` starts a table from an earlier one's rows."""
    return read_tables(document(file), file)


def read_tables(raw: Mapping[str, Any], file: str) -> dict[str, dict[str, Parameter]]:
    """As `tables`, of a document that is already parsed."""
    found: dict[str, dict[str, Parameter]] = {}
    for name, part in raw.items():
        base = part.get("like")
        if base is not None and base not in found:
            raise ParameterError(f"{file}.{name}: like = {base!r} names no table above it")
        rows = {key: replace(row, inherited=True) for key, row in found[base].items()} if base is not None else {}
        found[name] = {**rows, **read_table(part, f"{file}.{name}")}
    return found


def all_tables() -> dict[str, dict[str, Parameter]]:
    """Every table: "nucleation" for a flat file, "minerals.HAP" for one of a nested file."""
    found = {name: table(name) for name in FLAT}
    for file in NESTED:
        found.update({f"{file}.{name}": rows for name, rows in tables(file).items()})
    return found


def values(file: str) -> dict[str, float]:
    """name → value in inner units, of a flat file."""
    return {name: row.value for name, row in table(file).items()}


def find(path: str) -> Parameter:
    """The row at "nucleation.prefactor" or "minerals.HAP.growth_rate". KeyError when there is none."""
    group, _, name = path.rpartition(".")
    return all_tables()[group][name]

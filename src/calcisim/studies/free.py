"""Which values of a scenario a study may change: a path, its start, and the PATH=VALUE texts that set it.

`tissue.NAME.COLUMN` is a column of a tissue or material wherever the scenario uses it; any other path is a key of the scenario, as
`--set` takes it, that holds a number with or without a unit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from calcisim import parameters, units
from calcisim.errors import UsageError
from calcisim.scenario import override, text, tissues
from calcisim.scenario.errors import nearest
from calcisim.scenario.schema import Scenario

TISSUE = "tissue"
LISTS = ("site", "region", "event", "treatment")  # lists of tables, whose elements files name


@dataclass(frozen=True)
class Free:
    """A value that may change. start: in `unit` as written; kind: "share", "positive" or "free"; targets: paths to set."""

    path: str
    start: float
    unit: str
    kind: str
    targets: tuple[str, ...]

    def sets(self, value: float) -> tuple[str, ...]:
        """PATH=VALUE texts that give this value everywhere."""
        written = f"{value!r} {self.unit}".strip()
        return tuple(f"{target}={written}" for target in self.targets)


def find(scenario: Scenario, path: str) -> Free:
    """The value at a path. Raises UsageError with the nearest names when there is none."""
    return _tissue(scenario, path) if path.split(".")[0] == TISSUE else _key(scenario, path)


def fitted(scenario: Scenario) -> list[str]:
    """Paths of the columns that the data files mark as fitted, of the materials that the scenario uses."""
    found = []
    for name in names(scenario):
        rows = parameters.tables("tissues")[name]
        found += [f"{TISSUE}.{name}.{column}" for column, row in rows.items() if row.quality == "fitted"]
    return found


def names(scenario: Scenario) -> list[str]:
    """Materials, then background tissues, each once."""
    names = [region.material for site in scenario.site for region in site.region if region.material is not None]
    return list(dict.fromkeys([*names, *(site.tissue for site in scenario.site)]))


def _tissue(scenario: Scenario, path: str) -> Free:
    parts = path.split(".")
    used = names(scenario)
    if len(parts) != 3 or parts[1] not in used or parts[2] not in tissues.COLUMNS:
        known = [f"{TISSUE}.{name}.{column}" for name in used for column in tissues.COLUMNS]
        raise UsageError(f"{path!r} is no column of a tissue in this scenario; {nearest(path, known)}")
    found = places(scenario, *parts[1:])
    starts = {one.start for one in found}
    if len(starts) > 1:
        raise UsageError(
            f"{path!r} is {' and '.join(f'{start:g}' for start in sorted(starts))} in different places; take one: {found[0].path}"
        )
    return replace(found[0], path=path, targets=tuple(target for one in found for target in one.targets))


def places(scenario: Scenario, name: str, column: str) -> list[Free]:
    """A column of a tissue or material at each place that has it, with the value there."""
    kind = tissues.COLUMNS[column].kind
    found = []
    for site in scenario.site:
        if site.tissue == name:
            found.append((f"site.{site.name}.override.{column}", site.override))
        for number, region in enumerate(site.region):
            if region.material == name:
                found.append((f"site.{site.name}.region.{region.name or number}.override.{column}", region.override))
    written = [(path, units.split(units.text(held.get(column, getattr(tissues.lookup(name), column)), kind))) for path, held in found]
    return [Free(path, float(value), unit, "share" if kind == "number" else "positive", (path,)) for path, (value, unit) in written]


def _key(scenario: Scenario, path: str) -> Free:
    here: Any = text.document(scenario)
    for part in path.split("."):
        if isinstance(here, list):
            rows = {str(row.get("name", number)) if isinstance(row, dict) else str(number): row for number, row in enumerate(here)}
        else:
            rows = here if isinstance(here, dict) else {}
        if part not in rows:
            raise UsageError(f"the scenario has no {path!r}: {part!r} is not there; {nearest(part, list(rows))}")
        here = rows[part]
    if isinstance(here, bool) or not isinstance(here, (int, float, str)):
        raise UsageError(f"{path!r} holds no number that could be fitted")
    try:
        value, unit = units.split(str(here))
    except units.UnitError as error:
        raise UsageError(f"{path!r} holds {here!r}, which is no number that could be fitted") from error
    return Free(path, float(value), unit, "positive" if float(value) > 0.0 else "free", (path,))


def overlay(name: str, values: Mapping[Free, float] | Sequence[tuple[Free, float]], sets: Sequence[str] = ()) -> str:
    """TOML of a scenario that extends `name` and sets these values; it can be run, or extended further. sets: PATH=VALUE texts beside them.

    Raises UsageError where a region or event without a name holds one of them: files are merged by name.
    """
    tree: dict[str, Any] = {}
    for setting in sets:
        path, _, raw = setting.partition("=")
        _put(tree, path.strip(), override.read_value(raw))
    for free, value in dict(values).items():
        for target in free.targets:
            _put(tree, target, f"{value!r} {free.unit}" if free.unit else value)
    return "\n".join([f"extends = {json.dumps(name)}", *_lines(tree, ())]) + "\n"


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set a path in nested tables."""
    parts, here = [part.strip() for part in path.split(".")], tree
    if any(part.isdecimal() for part in parts):
        raise UsageError(f"{path}: give this region or event a name, so that another file can change it")
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value)):
        raise UsageError(f"{path}: a table cannot be written here; put it in a scenario file, and fit that")
    for part in parts[:-1]:
        here = here.setdefault(part, {})
    here[parts[-1]] = value


def _lines(tree: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    """Nested tables as TOML; below `LISTS` each key is the name of an element of a list."""
    rows = [f"{key} = {json.dumps(value)}" for key, value in tree.items() if not isinstance(value, dict)]
    for key, value in tree.items():
        inner = (*path, key)
        if not isinstance(value, dict):
            continue
        if key in LISTS:
            for name, element in value.items():
                rows += ["", f"[[{'.'.join(inner)}]]", f"name = {json.dumps(name)}", *_lines(element, inner)]
        else:
            rows += ["", f"[{'.'.join(inner)}]", *_lines(value, inner)]
    return rows

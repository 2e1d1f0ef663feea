"""A scenario as TOML text that loads to the very same floats: what a run directory keeps."""

import json
import re
from typing import Any

from pydantic import BaseModel

from calcisim import units
from calcisim.scenario import tissues
from calcisim.scenario.fields import rule_of
from calcisim.scenario.schema import Scenario

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dump(scenario: Scenario) -> str:
    """TOML of every field that is set, defaults included, with units. Loading it gives an equal Scenario."""
    return "\n".join(_table(document(scenario), ())).strip() + "\n"


def document(model: BaseModel) -> dict[str, Any]:
    """Fields as plain TOML values: quantities as texts with units, None left out."""
    found: dict[str, Any] = {}
    for name in type(model).model_fields:
        if name in getattr(model, "computed", ()) or (name == "file" and getattr(model, "labs", None)):
            continue  # a computed value is none of the file, and measured values are kept instead of the name of their file
        value = getattr(model, name)
        if value is None or (isinstance(value, (tuple, dict)) and not value and name != "shape"):
            continue
        if name in ("quick", "cohort") and not document(value):
            continue
        if name == "override":
            found[name] = {key: _quantity(part, tissues.COLUMNS[key].kind) for key, part in value.items()}
        else:
            rule = rule_of(type(model), name)
            found[name] = _plain(value, rule.kind if rule else None)
    return found


def _plain(value: Any, kind: str | None) -> Any:
    if isinstance(value, BaseModel):
        return document(value)
    if isinstance(value, (tuple, list)):
        return [_plain(part, kind) for part in value]
    if isinstance(value, dict):
        return {key: _plain(part, None) for key, part in value.items() if part is not None}
    return _quantity(value, kind) if kind and isinstance(value, float) else value


def _quantity(value: float, kind: str) -> Any:
    return value if kind == "number" else units.text(value, kind)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _value(value: Any) -> str:
    """An inline TOML value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return repr(value)


def _table(table: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    """Lines of one table: values first, then tables, then lists of tables."""
    lines: list[str] = []
    nested: list[tuple[str, Any]] = []
    for name, value in table.items():
        is_tables = isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)
        if isinstance(value, dict) or is_tables:
            nested.append((name, value))
        else:
            lines.append(f"{_key(name)} = {_value(value)}")
    for name, value in nested:
        inner = (*path, _key(name))
        parts = value if isinstance(value, list) else [value]
        brackets = ("[[", "]]") if isinstance(value, list) else ("[", "]")
        for part in parts:
            lines += ["", brackets[0] + ".".join(inner) + brackets[1], *_table(part, inner)]
    return lines

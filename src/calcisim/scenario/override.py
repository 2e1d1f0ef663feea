"""--set PATH=VALUE: one value laid over a document before the schema sees it; LIST+=VALUE adds an element to a list."""

import tomllib
from typing import Any

from calcisim.scenario.document import ALTERNATIVES, Document, Origin, key_name
from calcisim.scenario.errors import Mistake, ScenarioError, nearest

MAX_VALUE = 10_000


def read_value(text: str) -> Any:
    """A TOML value, or the text itself: `6.5 mg/dL` and `"6.5 mg/dL"` mean the same."""
    try:
        document = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text.strip()
    return document["value"] if set(document) == {"value"} else text.strip()


def apply(document: Document, setting: str, origin: Origin) -> None:
    """Lay one PATH=VALUE over the document, in place. List elements go by name (or number). ScenarioError for a path that leads nowhere."""
    label = f"--set {setting[:80]!r}"

    def refuse(message: str, hint: str = "") -> ScenarioError:
        return ScenarioError(Mistake(label, path.strip(), message, hint))

    path, equals, raw = setting.partition("=")
    path, plus, rest = path.strip().partition("+")
    more = bool(plus) and not rest
    keys = [part.strip() for part in path.split(".")]
    if not equals or not all(keys) or "\0" in setting or rest:
        raise refuse("this is not PATH=VALUE", "for example plasma.phosphate=6.5 mg/dL")
    if len(setting) > MAX_VALUE or len(keys) > 16:
        raise refuse("this is too long to be meant")
    here: Any = document
    steps: list[str | int] = []
    for part in keys[:-1]:
        here, step = _step(here, part, refuse)
        steps.append(step)
    last = keys[-1]
    if more:
        _add(here, last, read_value(raw), refuse)
        steps += [last, len(here[last]) - 1]
    elif isinstance(here, list):
        index = _index(here, last, refuse)
        steps.append(key_name(here[index], index))
        here[index] = read_value(raw)
    else:
        for pair in ALTERNATIVES:
            if last in pair:
                here.pop(pair[1 - pair.index(last)], None)
        here[last] = read_value(raw)
        steps.append(last)
    origin.overrides.append((tuple(steps), label))


def _add(here: Any, last: str, value: Any, refuse: Any) -> None:
    """One more element of a list, which may not be there yet."""
    before = here.setdefault(last, []) if isinstance(here, dict) else None
    if not isinstance(before, list):
        raise refuse(f"{last!r} is no list that could take one more", "for example treatment+={kind='colchicine', dose='1 mg/day'}")
    here[last] = [*before, value]


def _index(rows: list[Any], part: str, refuse: Any) -> int:
    found = [i for i, row in enumerate(rows) if key_name(row, i) == part]
    if not found and part.isdecimal() and int(part) < len(rows):
        found = [int(part)]
    if not found:
        known = [str(key_name(row, i)) for i, row in enumerate(rows)]
        raise refuse(f"there is no element {part!r} here", nearest(part, known))
    return found[0]


def _step(here: Any, part: str, refuse: Any) -> tuple[Any, str | int]:
    if isinstance(here, list):
        index = _index(here, part, refuse)
        here, step = here[index], key_name(here[index], index)
    else:
        here, step = here.setdefault(part, {}), part
    if not isinstance(here, (dict, list)):
        raise refuse(f"{part!r} is a single value and holds nothing to set", "check the path with `calcisim show`")
    return here, step

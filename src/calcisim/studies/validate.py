"""The literature facts: what each says, what calcisim gives, and whether that passes.

A fact is addressed by one function under `@fact("F01")` that runs what it needs and returns (what came out, passed). Facts
without one are listed all the same, as not yet addressed: the list is the literature's, not ours.
"""

import csv
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any

from calcisim.errors import UsageError

Got = tuple[str, bool]
CHECKS: dict[str, Callable[[], Got]] = {}
MODULES = tuple("facts" + part for part in ("", "_dystrophic", "_excision", "_metastatic", "_organs", "_treatment", "_tumoral"))


def fact(identity: str) -> Callable[[Callable[[], Got]], Callable[[], Got]]:
    """Decorator: this function runs what the fact needs and returns (what came out, whether that is within tolerance)."""

    def register(function: Callable[[], Got]) -> Callable[[], Got]:
        if identity in CHECKS:
            raise ValueError(f"{identity} is addressed twice")
        CHECKS[identity] = function
        return function

    return register


def facts() -> list[dict[str, str]]:
    """All rows of data/validation/facts.csv."""
    text = files("calcisim").joinpath("data", "validation", "facts.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def validate(only: Iterable[str] = (), say: Callable[[str], None] = lambda text: None) -> list[dict[str, Any]]:
    """One row per fact: id, role, statement, target, tolerance, source, got, passed; the last two are None where not yet addressed.

    only: ids to look at; empty means all. say: told which fact is being computed. Raises `UsageError` for an id that does not exist.
    """
    import importlib

    for module in MODULES:  # they fill CHECKS, and import this module
        importlib.import_module(f"calcisim.studies.{module}")

    rows = facts()
    wanted = set(only)
    unknown = wanted - {row["id"] for row in rows}
    if unknown:
        raise UsageError(f"no fact {', '.join(sorted(unknown))}; they are {rows[0]['id']} to {rows[-1]['id']}.")
    return [_row(row, say) for row in rows if not wanted or row["id"] in wanted]


def _row(row: dict[str, str], say: Callable[[str], None]) -> dict[str, Any]:
    check = CHECKS.get(row["id"])
    if check is not None:
        say(f"{row['id']}: {row['statement']}")
    got, passed = check() if check else (None, None)
    kept = {key: row[key] for key in ("id", "role", "statement", "target", "tolerance", "source")}
    return {**kept, "got": got, "passed": passed}

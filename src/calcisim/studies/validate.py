"""The literature facts: what each says, what calcisim gives, and whether that passes.

A fact is addressed by one function under `@fact("F01")` that runs what it needs and returns (what came out, passed). Facts
without one are listed all the same, as not yet addressed: the list is the literature's, not ours. What a function runs is said
in the fact's row (scenario, arms, observable, day, statistic); the simple ones read it from there with `plan`.

A function with an argument `quick` has a coarse form: fewer people, a coarser grid, a shorter time.
"""

import csv
import inspect
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from calcisim.errors import CalcisimError, UsageError

if TYPE_CHECKING:
    from calcisim.studies.validate_kept import Kept

Got = tuple[str, bool]
CHECKS: dict[str, Callable[..., Got]] = {}
MODULES = tuple("facts" + part for part in ("", "_dystrophic", "_excision", "_metastatic", "_organs", "_people", "_treatment", "_tumoral"))
PRINTED = ("id", "role", "statement", "unit", "target", "tolerance", "source", "scenario", "arms", "observable", "day", "statistic")
DEPENDS = "depends on assumed spread"  # in what came out, of a percentage that holds not at half and at twice the spreads; it does not pass
NOT_QUICK = "not in --quick"
CHEAP = 15.0  # s: what costs less is computed in full for a quick answer
# Rough seconds of each fact, two at a time on two cores (docs/validation.md, 2026-11-27): they order the work and say what is cheap.
SECONDS = {
    "F01": 0.8, "F02": 0.2, "F03": 0.7, "F04": 1.9, "F06": 2.1, "F07": 0.9, "F08": 1.1, "F09": 2.3, "F10": 2.4,
    "F11": 1.0, "F12": 57.0, "F13": 64.0, "F14": 0.3, "F15": 0.4, "F16": 3.8, "F17": 122.0, "F18": 0.2, "F19": 289.0,
    "F20": 293.0, "F21": 151.0, "F22": 39.0, "F23": 69.0, "F24": 91.0, "F25": 170.0, "F26": 29.0, "F27": 4.9,
}  # fmt: skip
UNKNOWN = 60.0  # s: of a fact that nobody has timed
TOGETHER = (("F19", "F20"), ("F21", "F22"))  # they share people and twins, so one process computes them


def fact(identity: str) -> Callable[[Callable[..., Got]], Callable[..., Got]]:
    """Decorator: this function runs what the fact needs and returns (what came out, whether that is within tolerance)."""

    def register(function: Callable[..., Got]) -> Callable[..., Got]:
        if identity in CHECKS:
            raise ValueError(f"{identity} is addressed twice")
        CHECKS[identity] = function
        return function

    return register


def facts() -> list[dict[str, str]]:
    """All rows of data/validation/facts.csv."""
    text = files("calcisim").joinpath("data", "validation", "facts.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Plan:
    """What a fact's row says of how it is computed: scenarios, arms in words, observables and days, each in its order."""

    scenarios: tuple[str, ...]
    arms: str
    observables: tuple[str, ...]
    days: tuple[float, ...]
    statistic: str


@cache
def plan(identity: str) -> Plan:
    """The plan of an addressed fact."""
    (row,) = (row for row in facts() if row["id"] == identity)
    scenarios, observables, days = (tuple(row[key].split("; ")) for key in ("scenario", "observable", "day"))
    return Plan(scenarios, row["arms"], observables, tuple(map(float, days)), row["statistic"])


def load() -> None:
    """Import the modules of facts, which fill CHECKS."""
    import importlib

    for module in MODULES:
        importlib.import_module(f"calcisim.studies.{module}")


def coarse(identity: str) -> bool:
    """Whether the fact has a coarse form."""
    return "quick" in inspect.signature(CHECKS[identity]).parameters


def word(row: dict[str, Any]) -> str:
    """The outcome of a row of `validate` in words: pass, FAIL, or why it is neither."""
    if row["passed"] is None:
        return row["got"] or "not yet addressed"
    return "pass" if row["passed"] else DEPENDS if DEPENDS in row["got"] else "FAIL"


def share(rows: Iterable[dict[str, Any]], role: str = "validate") -> tuple[int, int]:
    """How many rows of a role pass, and how many there are, addressed or not."""
    outcomes = [row["passed"] is True for row in rows if row["role"] == role]
    return sum(outcomes), len(outcomes)


def compute(identities: tuple[str, ...], quick: bool = False) -> list[dict[str, Any]]:
    """Run facts one after the other: id, got, passed, quick (whether in the coarse form), wall_s, finished (false if it broke off)."""
    from calcisim.scenario.errors import unusual_is_meant

    load()
    with unusual_is_meant():
        return [_computed(identity, quick and coarse(identity)) for identity in identities]


def _computed(identity: str, quick: bool) -> dict[str, Any]:
    began, finished = time.perf_counter(), True
    try:
        got, passed = CHECKS[identity](quick=True) if quick else CHECKS[identity]()
    except Exception as error:  # noqa: BLE001  (one fact that breaks is a row, not the end of all)
        finished, passed = False, False
        got = f"error: {error}" if isinstance(error, CalcisimError) else f"error: {type(error).__name__}: {error}"
    wall = round(time.perf_counter() - began, 1)
    return {"id": identity, "got": got, "passed": bool(passed), "quick": quick, "wall_s": wall, "finished": finished}


def tasks(identities: Collection[str]) -> list[tuple[str, ...]]:
    """Facts grouped as they are computed, what takes longest first."""
    groups = [tuple(one for one in group if one in identities) for group in TOGETHER]
    grouped = {one for group in groups for one in group}
    groups += [(one,) for one in identities if one not in grouped]
    return sorted(filter(None, groups), key=lambda group: -sum(SECONDS.get(one, UNKNOWN) for one in group))


def _outcomes(groups: list[tuple[str, ...]], quick: bool, workers: int) -> Iterator[dict[str, Any]]:
    """What `compute` gives for all groups, as it comes: in this process with one worker, else side by side."""
    if workers == 1 or len(groups) < 2:
        for group in groups:
            for one in group:
                yield from compute((one,), quick)
        return
    from calcisim.studies import executor

    for done in executor.each(compute, {group: (group, quick) for group in groups}, workers):
        lost = {"got": f"error: {done.error}", "passed": False, "quick": quick, "wall_s": None, "finished": False}
        yield from [{"id": one, **lost} for one in done.key] if done.error else done.value


def validate(
    only: Iterable[str] = (),
    say: Callable[[str], None] = lambda text: None,
    quick: bool = False,
    workers: int = 1,
    kept: "Kept | None" = None,
    fresh: bool = False,
) -> list[dict[str, Any]]:
    """One row per fact: PRINTED, got, passed (None where not addressed), quick, kept, wall_s.

    only: ids to look at; empty means all. say: told what is done. quick: coarse forms; what has none and is not cheap is left out.
    workers: processes side by side; with 1 all is computed in this one. kept: where results are looked up and put; `fresh` computes
    all again. A fact that breaks off is a row that does not pass. Raises `UsageError` for an id that does not exist.
    """
    load()
    rows = facts()
    wanted = {name.upper() for name in only}
    unknown = wanted - {row["id"] for row in rows}
    if unknown:
        raise UsageError(f"no fact {', '.join(sorted(unknown))}; they are {rows[0]['id']} to {rows[-1]['id']}.")
    chosen = [row for row in rows if not wanted or row["id"] in wanted]
    addressed = {row["id"] for row in chosen} & CHECKS.keys()
    outcomes: dict[str, dict[str, Any]] = {}
    if quick:
        dear = {one for one in addressed if not coarse(one) and SECONDS.get(one, UNKNOWN) >= CHEAP}
        outcomes |= {one: {"got": NOT_QUICK} for one in dear}
    if kept is not None and not fresh:
        found = {one: kept.find(one, quick and coarse(one)) for one in addressed - outcomes.keys()}
        outcomes |= {one: {**row, "kept": True} for one, row in found.items() if row}
        if any(found.values()):
            say(f"kept since the sources last changed: {', '.join(sorted(one for one, row in found.items() if row))}")
    left = [row["id"] for row in chosen if row["id"] in addressed - outcomes.keys()]
    for number, row in enumerate(_outcomes(tasks(left), quick, workers), 1):
        outcomes[row["id"]] = row
        say(f"{row['id']}: {word(row)}, {row['wall_s'] or 0.0:.0f} s ({number} of {len(left)})")
        if kept is not None and row["finished"] and not kept.keep(row):
            say(f"{row['id']}: not kept: the sources changed meanwhile, or the cache cannot be written")
    return [_row(row, outcomes.get(row["id"], {})) for row in chosen]


def _row(row: dict[str, str], outcome: dict[str, Any]) -> dict[str, Any]:
    blank = {"got": None, "passed": None, "quick": False, "kept": False, "wall_s": None}
    return {**{key: row[key] for key in PRINTED}, **blank, **{key: outcome[key] for key in blank if key in outcome}}

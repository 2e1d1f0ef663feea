"""Members of a cohort: for every replicate the same factors in all arms, each by its own counter, so that a new row changes no other.

    rows = scenarios.load(name).cohort.rows()
    sets = draw(loaded, rows, seed=1, replicate=7).sets      # PATH=VALUE texts, to load the scenario of that member

Half and twice the assumed spreads are scale = 0.5 and 2.
"""

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from calcisim import units
from calcisim.errors import UsageError
from calcisim.numerics import rng
from calcisim.scenario import text, tissues
from calcisim.scenario.body import BodyLevers, healthy
from calcisim.scenario.cohort import Cohort, Vary
from calcisim.scenario.errors import nearest
from calcisim.scenario.events import EVENTS
from calcisim.scenario.fields import rule_of
from calcisim.scenario.fluids import Plasma
from calcisim.scenario.schema import Site
from calcisim.scenario.treatments import TREATMENTS
from calcisim.studies import free
from calcisim.studies.free import Free

WIDEST = 3.0  # standard deviations: members beyond are drawn inside
ANY = "*"


@dataclass(frozen=True)
class Member:
    """One member: factor by path, and the PATH=VALUE texts that make the scenario its own."""

    factors: Mapping[str, float]
    sets: tuple[str, ...]


def read(path: Path) -> Cohort:
    """The cohort of a file with the keys of [cohort]. Raises UsageError for what is unknown or missing."""
    try:
        return Cohort.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: this is not TOML: {error}") from None
    except ValidationError as error:
        row = error.errors(include_url=False)[0]
        context = row.get("ctx", {})
        key = ".".join(str(part) for part in (*row["loc"], context.get("key", "")) if part)
        hint = f" ({context['hint']})" if context.get("hint") else ""
        raise UsageError(f"{path}: {key}: {context.get('message') or row['msg']}{hint}") from None


def factor(row: Vary, uniform: float, scale: float = 1.0) -> float:
    """COH-1. Factor of a member: lognormal m exp(k s z), normal m (1 + k s z), uniform c + k (2u − 1) h; never below zero.

    m : median; s : spread; k : scale of the spread; z : standard normal, truncated at ±3; c, h : middle and half width; u : in (0, 1)
    Source: definition.
    """
    if row.distribution == "uniform":
        assert row.low is not None
        assert row.high is not None
        middle, half = 0.5 * (row.low + row.high), 0.5 * (row.high - row.low)
        return max(middle + scale * (2.0 * uniform - 1.0) * half, 0.0)
    from scipy.special import ndtr, ndtri

    tail = float(ndtr(-WIDEST))
    z = float(ndtri(tail + uniform * (1.0 - 2.0 * tail)))
    assert row.spread is not None
    if row.distribution == "lognormal":
        return row.median * math.exp(scale * row.spread * z)
    return max(row.median * (1.0 + scale * row.spread * z), 0.0)


def uniform(seed: int, path: str, replicate: int) -> float:
    """The number in (0, 1) behind a path of a replicate: by seed, path and number, whatever else varies."""
    return float(rng.uniform_pair(np.uint64(replicate), np.uint64(0), *rng.key(seed, f"cohort {path}"))[0])


def draw(loaded: Any, rows: Mapping[str, Vary], seed: int, replicate: int, scale: float = 1.0) -> Member:
    """The member of a replicate (1, 2, …) of a scenario. Raises UsageError for a path that leads nowhere in it."""
    factors: dict[str, float] = {}
    sets: list[str] = []
    for path, row in rows.items():
        found = places(loaded, path)
        if found:
            factors[path] = factor(row, uniform(seed, path, replicate), scale)
        for one in found:
            value = one.start * factors[path]
            ends_at_one = one.kind == "share" or one.path.rpartition(".")[2] in SHARES
            sets += one.sets(min(value, 1.0) if ends_at_one else value)
    return Member(factors, tuple(sets))


def places(loaded: Any, path: str) -> list[Free]:
    """The values that a path stands for in a scenario, with `*` for every element of a list, or every tissue, that has the key.

    None where the scenario has no such value: a key of plasma that its driver computes or has no use for, a list without the key. What
    drives a computed plasma is healthy where it is left out. Raises UsageError for a path that leads nowhere in any scenario.
    """
    parts = path.split(".")
    if parts[0] == "plasma" and len(parts) == 2:
        return _of_plasma(loaded, path)
    if parts[0] not in (*LISTS, free.TISSUE, "plasma", "medium") or "grid" in parts:
        raise UsageError(
            f"{path!r} cannot vary between members: what can are values of plasma, medium, tissue, site (not its grid), event, treatment"
        )
    if ANY not in parts:
        return [free.find(loaded, path)]
    head, _, key = path.partition(f".{ANY}.")
    if head == free.TISSUE:
        if key not in tissues.COLUMNS:
            raise UsageError(f"{path!r}: tissues have no {key!r}; {nearest(key, tissues.COLUMNS)}")
        return [one for name in free.names(loaded) for one in free.places(loaded, name, key) if one.start != 0.0]
    if head not in LISTS or not key or ANY in key:
        raise UsageError(f"{path!r} is no path of a cohort: * stands for elements of {', '.join(LISTS)} and tissue")
    rows = text.document(loaded).get(head, [])
    if key not in LISTS[head]() and "." not in key:
        raise UsageError(f"{path!r}: no {head} has a key {key!r}; {nearest(key, LISTS[head]())}")
    found = [free.find(loaded, f"{head}.{row.get('name', number)}.{key}") for number, row in enumerate(rows) if key in row]
    return [one for one in found if one.start != 0.0]  # a factor of nothing is nothing


def _of_plasma(loaded: Any, path: str) -> list[Free]:
    key = path.partition(".")[2]
    if key not in Plasma.model_fields:
        raise UsageError(f"{path!r}: plasma has no key {key!r}; {nearest(key, Plasma.model_fields)}")
    plasma = loaded.plasma
    if plasma is None or key in plasma.computed:
        return []
    if key in text.document(plasma):
        return [free.find(loaded, path)]
    rule = rule_of(Plasma, key)
    if not plasma.changes or key not in BodyLevers.model_fields or rule is None or healthy(key) == 0.0:
        return []
    value, unit = units.split(units.text(healthy(key), rule.kind))
    return [Free(path, float(value), unit, "positive", (path,))]


def _keys(*families: Any) -> set[str]:
    return {name for family in families for cls in family.values() for name in cls.model_fields}


LISTS: dict[str, Callable[[], set[str]]] = {
    "event": lambda: _keys(EVENTS),
    "treatment": lambda: _keys(TREATMENTS),
    "site": lambda: set(Site.model_fields),
}
SHARES = ("fraction", "perfusion_left", "immune_inflammation", "giant_cells", "severity")  # keys of a scenario that end at 1

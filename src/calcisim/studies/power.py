"""How many animals and when to look: from what a comparison found to spread between members, for an effect that is to be seen.

Deposits are compared as logarithms: members differ by factors, and an effect is one. Two arms of different animals, two-sided test.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import UsageError
from calcisim.results.comparison import on_common_days
from calcisim.scenario.errors import nearest
from calcisim.studies import compare

QUANTITY = "deposit_calcium_mg"
MOST = 100_000  # animals per arm
LEAST_MEMBERS = 5  # in the reference arm, to know a spread


@dataclass(frozen=True)
class Day:
    """One possible day of sampling: median and spread of the logarithm over members, how many of them have any, animals per arm."""

    day: float
    median: float
    spread: float
    share: float
    animals: int | None


def power(n: int, effect: float, spread: float, alpha: float) -> float:
    """POW-1. Chance that two arms of n animals differ at the level α: P(|T'| > t_{1−α/2, 2n−2}), δ = |ln(1 + e)|/(s √(2/n)).

    T' : noncentral t with noncentrality δ; effect : e, relative change of the quantity (−0.3: a fall by 30 %)
    spread : s, standard deviation of the logarithm between animals
    Source: definition, Student's t.
    """
    from scipy.stats import nct, t

    if n < 2:
        return 0.0
    limit = float(t.ppf(1.0 - 0.5 * alpha, 2 * n - 2))
    shift = abs(math.log1p(effect)) / (spread * math.sqrt(2.0 / n))
    if shift > limit + 30.0:  # beyond doubt, and beyond what the tails of the noncentral t can be computed for
        return 1.0
    tails = [float(nct.sf(limit, 2 * n - 2, side)) for side in (shift, -shift)]
    return sum(tail for tail in tails if math.isfinite(tail))


def animals(effect: float, spread: float, wanted: float = 0.8, alpha: float = 0.05) -> int | None:
    """The least number per arm that reaches the wanted power; None beyond MOST."""
    if spread <= 0.0:
        return 2
    low, high = 1, 2
    while power(high, effect, spread, alpha) < wanted:
        low, high = high, 2 * high
        if low > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if power(middle, effect, spread, alpha) < wanted else (low, middle)
    return high if high <= MOST else None


def days(
    members: Sequence[Mapping[str, Any]],
    effect: float,
    wanted: float = 0.8,
    alpha: float = 0.05,
    assay: float = 0.0,
    quantity: str = QUANTITY,
) -> list[Day]:
    """Every day on which all members have a deposit, with the animals that it takes. assay: coefficient of variation of the measurement."""
    at, values = on_common_days(members, quantity)
    found = []
    for day, column in zip(at, values.T, strict=True):
        there = column[column > 0.0]
        if there.size < LEAST_MEMBERS or there.size < column.size:
            continue
        spread = math.hypot(float(np.std(np.log(there), ddof=1)), assay)
        found.append(Day(float(day), float(np.median(column)), spread, there.size / column.size, animals(effect, spread, wanted, alpha)))
    return found


def best(found: Sequence[Day]) -> Day | None:
    """The first of the days that take the fewest animals."""
    possible = [one for one in found if one.animals is not None]
    return min(possible, key=lambda one: (one.animals, one.day), default=None)


def plan(
    place: Path, effect: float | None = None, arm: str | None = None, wanted: float = 0.8, alpha: float = 0.05, assay: float = 0.1
) -> dict[str, Any]:
    """The plan of an experiment from a comparison: effect, animals by day, the best day. Raises UsageError for what cannot be planned.

    effect: relative, as −0.3; that of `arm` in the comparison when None.
    """
    document, members = compare.read(place)
    reference, own = document["reference"], members[document["reference"]]
    others = [name for name in members if name != reference]
    if arm is not None and arm not in others:
        raise UsageError(f"there is no arm {arm!r} beside {reference}; {nearest(arm, others, 'one of: ')}")
    arm = arm or others[0]
    if len(own) < LEAST_MEMBERS:
        raise UsageError(f"{place}: {len(own)} replicates of {reference} say too little about its spread; run at least {LEAST_MEMBERS}")
    seen = observed(own, members[arm])
    if effect is None and seen is None:
        raise UsageError(f"{arm} leaves nothing to compare with; give the effect that is to be seen, as --effect -30")
    aim = effect if effect is not None else seen
    assert aim is not None
    if not -0.999 <= aim <= 100.0 or abs(aim) < 0.01:
        raise UsageError(f"an effect of {100 * aim:g} % cannot be planned for; between -99.9 % and 10000 %, and 1 % at least")
    found = days(own, aim, wanted, alpha, assay)
    chosen = best(found)
    return {
        "comparison": str(place), "quantity": QUANTITY, "reference": reference, "arm": arm, "observed_effect": seen, "effect": aim,
        "power": wanted, "alpha": alpha, "assay_cv": assay, "members": len(own), "cohort": document.get("cohort", ""),
        "days": [vars(one) for one in found],
        "best": None if chosen is None else vars(chosen),
    }  # fmt: skip


def observed(own: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> float | None:
    """Relative difference of the medians at the end; None where one of them is nothing."""
    ends = [float(np.median([one["final"][QUANTITY] for one in members])) if members else 0.0 for members in (own, other)]
    return ends[1] / ends[0] - 1.0 if ends[0] > 0.0 and ends[1] > 0.0 else None

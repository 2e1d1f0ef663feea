"""What became of every member: response, recurrence where something was cut out, new sites, inflammation; and over members with intervals.

Response is judged against the twin in the reference arm, who has the same body, the same tissue and the same random numbers.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from calcisim.results.statistics import share_of, spread_of

RESPONSE = -0.25  # change of calcium against the twin, at most, that counts as a response
AGAIN = 0.5  # share of what was cut that has come back when a site has recurred
OUTCOMES = (
    "deposit_calcium_mg", "change_from_reference", "responded", "recurred", "recurrence_day", "new_sites",
    "inflammation_final", "inflammation_over_time", "onset_day",
)  # fmt: skip


def outcome(found: Mapping[str, Any], twin: Mapping[str, Any] | None, begin: float) -> dict[str, float | int | None]:
    """The outcomes of a member (`replicate.follow`) beside its twin in the reference arm, None where they have no meaning.

    begin: day from which on a site with an onset is a new one
    """
    final, course = found["final"], found["course"]
    deposit = final["deposit_calcium_mg"]
    change = relative_change(deposit, twin["final"]["deposit_calcium_mg"]) if twin is not None else None
    recurrence = recurrence_day(found["days"], course)
    return {
        "deposit_calcium_mg": deposit,
        "change_from_reference": change,
        "responded": None if change is None else int(change <= RESPONSE),
        "recurred": None if recurrence is None else int(recurrence < math.inf),
        "recurrence_day": None if recurrence is None or math.isinf(recurrence) else recurrence,
        "new_sites": sum(day is not None and day > begin for day in found["onset"].values()),
        "inflammation_final": final["inflammation_mean"],
        "inflammation_over_time": mean_over_time(found["days"], course["inflammation_mean"]),
        "onset_day": final["onset_day"],
    }


def relative_change(value: float, reference: float) -> float | None:
    """value/reference − 1; None where the reference has nothing."""
    return value / reference - 1.0 if reference > 0.0 else None


def mean_over_time(days: Sequence[float], values: Sequence[float]) -> float:
    """Trapezoidal mean over the output times."""
    if len(days) < 2:
        return float(values[0])
    return float(np.trapezoid(values, days) / (days[-1] - days[0]))


def recurrence_day(days: Sequence[float], course: Mapping[str, Sequence[float]]) -> float | None:
    """First day on which an operated site holds AGAIN of the last cut more than after it; inf: never; None: nothing was cut."""
    first = math.inf
    operated = False
    for key, cut in course.items():
        if not key.endswith(".excised_calcium_mg"):
            continue
        site = key.removesuffix(".excised_calcium_mg")
        held = course[f"{site}.deposit_calcium_mg"]
        least, taken = None, 0.0
        for number in range(1, len(days)):
            if cut[number] > cut[number - 1]:
                operated, least, taken = True, held[number], cut[number] - cut[number - 1]
            elif least is not None:
                least = min(least, held[number])
                if held[number] - least >= AGAIN * taken:
                    first = min(first, days[number])
                    break
    return first if operated else None


def over_members(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The outcomes of an arm over its members: shares for what happens or not, means with intervals for the rest."""
    found: dict[str, Any] = {}
    for name in OUTCOMES:
        values = [row[name] for row in rows if row[name] is not None]
        found[name] = share_of(values) if name in ("responded", "recurred") else spread_of(values)
    return found

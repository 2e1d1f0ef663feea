"""Ranges for a sensitivity: those that the user gives, and those that the tables of tissues have for what is assumed or fitted."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from calcisim import parameters, units
from calcisim.errors import UsageError
from calcisim.scenario import tissues
from calcisim.scenario.errors import ScenarioError
from calcisim.studies import free, sweep, sweep_axes
from calcisim.studies.sweep import Say
from calcisim.studies.sweep_axes import Axis

WORDS = ("assumed", "fitted")  # qualities that stand for all columns of tissues with it
WIDE = 30.0  # ratio of the ends from which the logarithm is drawn evenly
FEW = 4  # of a suggestion


def axes(name: str, vary: Sequence[str], sets: Sequence[str], quick: bool, days: float | None, say: Say) -> tuple[Axis, ...]:
    """The axes of --vary texts; a quality becomes the columns of the scenario's tissues that have it, with their ranges.

    Columns that the scenario cannot take are left out, and said. Raises UsageError.
    """
    given = sweep_axes.read([word for word in vary if word not in WORDS], sampled=True)
    found = list(given)
    for quality in dict.fromkeys(word for word in vary if word in WORDS):
        base = sweep.load(name, tuple(sets), quick, days)
        columns = [axis for axis in of_quality(base, quality) if axis.path not in [other.path for other in given]]
        usable = [axis for axis in columns if _goes(axis, base, name, sets, quick, days)]
        if not usable:
            raise UsageError(f"--vary {quality}: no column of the tissues of {name} is {quality} and has a range")
        if len(usable) < len(columns):
            say(f"left out, for the scenario fixes them: {', '.join(axis.path for axis in columns if axis not in usable)}")
        found += usable
    return tuple(found)


def of_quality(base: Any, quality: str) -> Iterator[Axis]:
    """Columns of the scenario's materials and tissues with this quality, over their ranges in the unit of the table."""
    for name in free.names(base):
        for column, row in parameters.tables("tissues")[name].items():
            if column in tissues.COLUMNS and row.quality == quality and row.range is not None and row.range[0] < row.range[1]:
                low, high = (_in_unit(value, row.unit) for value in row.range)
                log = low > 0.0 and high >= WIDE * low
                yield Axis(f"{free.TISSUE}.{name}.{column}", "" if row.unit == "1" else row.unit, (), low, high, log)


def _in_unit(value: float, unit: str) -> float:
    found = units.unit(unit)
    return float(f"{float((Fraction(value) - found.offset) / found.factor):.{sweep_axes.DIGITS}g}")


def _goes(axis: Axis, base: Any, name: str, sets: Sequence[str], quick: bool, days: float | None) -> bool:
    """Whether the scenario takes both ends of a range."""

    def load(more: tuple[str, ...]) -> Any:
        return sweep.load(name, (*sets, *more), quick, days)

    try:
        list(sweep_axes.tried(sweep_axes.placed((axis,), base, load), load))
    except (ScenarioError, UsageError):
        return False
    return True


def suggested(base: Any) -> str:
    """A message for one who said nothing of what varies."""
    words = [sweep.example(base).replace(":9", "")]
    words += [f"--vary '{text(axis)}'" for axis in list(of_quality(base, "assumed"))[:FEW]]
    return f"say what varies, each over its range, for example {', '.join(words)}; or --vary assumed for all assumed columns of the tissues"


def text(axis: Axis) -> str:
    """An axis as --vary takes it."""
    return f"{axis.path}={axis.low:.12g}:{axis.high:.12g}{':log' * axis.log} {axis.unit}".rstrip()

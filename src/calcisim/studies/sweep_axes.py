"""What a sweep varies: --vary texts read into axes, the points of a grid or of a sample, and what the scenario says to the values.

--vary plasma.phosphate=1.0:2.6:9mmol/L           nine values with equal steps
--vary tissue.dermis.perfusion=1e-5:1e-3:5:log 1/s    five with equal ratios
--vary seed=1,2,3                                 these values
--vary plasma.phosphate=1.0:2.6 mmol/L            a range, for samples; with :log its logarithm is drawn evenly
"""

import contextlib
import itertools
import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from calcisim.errors import UsageError
from calcisim.scenario.errors import Mistake, ScenarioError, unusual_is_meant
from calcisim.studies import free

MOST = 100_000  # points
TRIED = 500  # values of one axis that are tried alone before a run
DIGITS = 12  # of a computed value: the same text on every machine
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\s*:\s*({_NUMBER})(?:\s*:\s*(\d+))?(\s*:\s*log)?\s*(.*)")
_LIST = re.compile(rf"({_NUMBER}(?:\s*,\s*{_NUMBER})*)\s*(.*)")
_EXAMPLE = "for example plasma.phosphate=1.0:2.6:9mmol/L, or a,b,c and a unit"
Point = tuple[float, ...]
Load = Callable[[tuple[str, ...]], Any]  # PATH=VALUE texts → scenario


@dataclass(frozen=True)
class Axis:
    """One value that varies. values: of a grid, in `unit`; low and high: of a range; targets: the paths that are set to it."""

    path: str
    unit: str
    values: Point = ()
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    targets: tuple[str, ...] = ()
    written: str = ""  # the values as --vary has them, without the unit

    @property
    def label(self) -> str:
        """Path and unit, as a column is called."""
        return f"{self.path} ({self.unit})" if self.unit else self.path

    def sets(self, value: float) -> tuple[str, ...]:
        """PATH=VALUE texts for one value; without a unit whole numbers are written as such, as a seed needs."""
        number = f"{value:.0f}" if not self.unit and value == round(value) and abs(value) < 1e15 else repr(value)
        return tuple(f"{target}={number} {self.unit}".rstrip() for target in self.targets)

    def at(self, share: float) -> float:
        """The value at a share (0 to 1) of the range."""
        if self.log:
            return _rounded(self.low * (self.high / self.low) ** share)
        return _rounded(self.low + (self.high - self.low) * share)

    def told(self) -> dict[str, Any]:
        """What sweep.json says of it."""
        how: dict[str, Any] = {"values": self.values} if self.values else {"low": self.low, "high": self.high}
        return {"path": self.path, "unit": self.unit, **how, "log": self.log}


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def read(words: Sequence[str], sampled: bool) -> tuple[Axis, ...]:
    """The axes of --vary texts. sampled: ranges are wanted, and no numbers of steps. Raises UsageError for a text that is none."""
    axes = tuple(_read(word, sampled) for word in words)
    for number, axis in enumerate(axes):
        if axis.path in [other.path for other in axes[:number]]:
            raise UsageError(f"--vary {axis.path} is there twice; give it once, with all its values")
    return axes


def _read(word: str, sampled: bool) -> Axis:
    path, equals, text = (part.strip() for part in word.partition("="))
    if not path or not equals or len(word) > 10_000:
        raise UsageError(f"--vary {word[:80]!r}: this is not PATH=VALUES UNIT; {_EXAMPLE}")
    if (match := _RANGE.fullmatch(text)) is not None and ":" not in match[5] and "," not in match[5]:
        return _of_range(path, match, sampled, f"--vary {word[:80]!r}")
    if (match := _LIST.fullmatch(text)) is not None and ":" not in match[2] and "," not in match[2]:
        if sampled:
            raise UsageError(f"--vary {word[:80]!r}: samples are drawn from a range; write {path}=LOW:HIGH {match[2]}".rstrip())
        values = tuple(float(part) for part in match[1].split(","))
        if len(set(values)) < len(values):
            raise UsageError(f"--vary {word[:80]!r}: a value is there twice")
        return _finite(Axis(path, match[2].strip(), values, written=match[1]), values)
    raise UsageError(f"--vary {word[:80]!r}: write LOW:HIGH:N, LOW:HIGH:N:log or a,b,c, and the unit once, at the end; {_EXAMPLE}")


def _of_range(path: str, match: re.Match[str], sampled: bool, said: str) -> Axis:
    low, high, count, log, unit = float(match[1]), float(match[2]), match[3], match[4] is not None, match[5].strip()
    if not low < high:
        raise UsageError(f"{said}: the lower value comes first, and the two differ")
    if log and low <= 0.0:
        raise UsageError(f"{said}: equal ratios need values above 0")
    written = ":".join(part for part in (match[1], match[2], count, "log" if log else "") if part)
    axis = _finite(Axis(path, unit, (), low, high, log, written=written), (low, high))
    if sampled:
        if count is not None:
            without = f"{path}={match[1]}:{match[2]} {unit}".rstrip()
            raise UsageError(f"{said}: values are drawn from the range, so leave out how many: {without}")
        return axis
    if count is None:
        nine = f"{path}={match[1]}:{match[2]}:9 {unit}".rstrip()
        raise UsageError(f"{said}: say how many values, as in {nine}, or draw --samples N")
    steps = int(count)
    if not 2 <= steps <= MOST:
        raise UsageError(f"{said}: 2 to {MOST:,} values")
    return replace(axis, values=tuple(axis.at(step / (steps - 1)) for step in range(steps)))


def _finite(axis: Axis, values: Iterable[float]) -> Axis:
    if not all(math.isfinite(value) for value in values):
        raise UsageError(f"--vary {axis.path}: a value is too large to be meant")
    return axis


def grid(axes: Sequence[Axis]) -> list[Point]:
    """Every combination; the last axis runs fastest. Raises UsageError for more than `MOST`."""
    refuse_many(math.prod(len(axis.values) for axis in axes), " × ".join(str(len(axis.values)) for axis in axes))
    return list(itertools.product(*(axis.values for axis in axes)))


def refuse_many(count: int, made_of: str) -> None:
    """Raise UsageError for more than `MOST` runs."""
    if count > MOST:
        raise UsageError(f"{made_of} are {count:,} runs; at most {MOST:,} at once. Take fewer values, or draw some: --samples N")


def sample(axes: Sequence[Axis], count: int, kind: str, seed: int) -> list[Point]:
    """So many points drawn from the ranges: kind "lhs" is a Latin hypercube, "sobol" a scrambled Sobol sequence."""
    from scipy.stats import qmc

    refuse_many(count, f"--samples {count}")
    drawer = {"lhs": qmc.LatinHypercube, "sobol": qmc.Sobol}[kind]
    try:
        engine = drawer(len(axes), rng=seed)
    except TypeError:  # before scipy 1.15
        engine = drawer(len(axes), seed=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The balance properties of Sobol")  # said in the help of --samples
        return spread(axes, engine.random(count))


def spread(axes: Sequence[Axis], shares: Any) -> list[Point]:
    """Points of shares (n, axes) of the ranges."""
    return [tuple(axis.at(float(share)) for axis, share in zip(axes, row, strict=True)) for row in shares]


def placed(axes: Sequence[Axis], base: Any, load: Load) -> tuple[Axis, ...]:
    """The axes with their targets, every path found in the scenario. Raises UsageError or ScenarioError with the nearest right word.

    base: the scenario; load: reads it with changes.
    """
    found = tuple(_placed(axis, base, load) for axis in axes)
    for number, axis in enumerate(found):
        for other in found[:number]:
            if set(axis.targets) & set(other.targets):
                raise UsageError(f"--vary {axis.path} and --vary {other.path} set the same value; leave one out")
    return found


def _placed(axis: Axis, base: Any, load: Load) -> Axis:
    try:
        return replace(axis, targets=free.find(base, axis.path).targets)
    except UsageError as unknown:
        if axis.path.split(".")[0] == free.TISSUE:
            raise UsageError(f"--vary {axis.path}: {unknown}") from None
    found = replace(axis, targets=(axis.path,))  # a key that the scenario may have and leaves out
    _load(found, _some(found)[0], (), load)
    return found


def _some(axis: Axis, drawn: Iterable[float] = ()) -> Point:
    """Values to try: of a grid, or both ends of a range and what was drawn from it; of very many some, with the least and the most."""
    values = axis.values or tuple(dict.fromkeys((axis.low, axis.high, *drawn)))
    if len(values) <= TRIED:
        return values
    return (*values[:: math.ceil(len(values) / TRIED)], min(values), max(values))


def tried(axes: Sequence[Axis], load: Load, points: Sequence[Point] = ()) -> Iterator[Any]:
    """The scenarios at the values of every axis, the others as they are. Raises ScenarioError for a value that is refused.

    points: those that will be run, for values that are drawn from a range. A value that goes only together with the others is tried with
    their first ones. What is refused in some combinations alone fails there.
    """
    for number, axis in enumerate(axes):
        others = [text for other in axes if other is not axis for text in other.sets(_some(other)[0])]
        for value in _some(axis, (point[number] for point in points)):
            yield _load(axis, value, others, load)


def _load(axis: Axis, value: float, others: Sequence[str], load: Load) -> Any:
    own = axis.sets(value)
    try:
        with unusual_is_meant():
            return load(own)
    except ScenarioError as refused:
        if others:
            with contextlib.suppress(ScenarioError), unusual_is_meant():
                return load((*others, *own))
        first = refused.mistakes[0]
        if not axis.unit and axis.written and first.message.endswith("has no unit"):
            raise ScenarioError(Mistake(f"--vary {axis.path}", "", "has no unit", _with_unit(axis, first.hint))) from None
        label = f"--vary {axis.path} at {value:.6g} {axis.unit}".rstrip()
        raise ScenarioError(Mistake(label, "", first.message, first.hint)) from None


def _with_unit(axis: Axis, hint: str) -> str:
    """How to write an axis with a unit, of those that the scenario's hint offers; the hint where it offers none."""
    first, *more = hint.partition("one of: ")[2].split(", ")
    if not first:
        return hint
    text = f'"{axis.path}={axis.written} {first}"' if axis.log else f"{axis.path}={axis.written}{first}"
    return f"write it at the end: --vary {text}" + (f"; also {', '.join(more)}" if more else "")

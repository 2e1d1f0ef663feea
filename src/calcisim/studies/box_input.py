"""The strict door of the box: what was asked for, checked and turned into a kernel table and two rows; one clear message each."""

import inspect
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from calcisim.errors import UsageError
from calcisim.physics.collision import REGISTRY, sticking
from calcisim.physics.sections import Sections, assemble, class_edges
from calcisim.physics.sections_profile import MOST_CLASSES
from calcisim.physics.smoluchowski import in_classes
from calcisim.scenario.errors import nearest, shown
from calcisim.studies.resources import SHARE, free_memory

DEFAULTS: dict[str, float] = {
    "sticking": 1.0,
    "protection": 0.0,
    "growth": 0.0,
    "growth_exponent": 0.0,
    "nucleation": 0.0,
    "nucleus": math.nan,  # v_min
    "capture": 0.0,
    "tolerance": 1e-3,
}
_BYTES_PER_PAIR = 4 * 8 * 8  # the table, and what making it takes


@dataclass(frozen=True)
class Problem:
    """A checked box: everything finite, in range and of the right shape."""

    sections: Sections
    function_at: Callable[..., np.ndarray]
    collides: bool
    numbers: np.ndarray
    masses: np.ndarray
    times: tuple[float, ...]
    growth: float
    growth_exponent: float
    nucleation: float
    nucleus: float
    capture: float
    tolerance: float


def number_of(value: Any, name: str, low: float = -math.inf, high: float = math.inf, above: bool = False) -> float:
    """A finite float within [low, high], or above `low` when `above`; UsageError names it otherwise."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise UsageError(f"{name}: a number is needed, not {shown(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise UsageError(f"{name}: {shown(value)} is not a finite number")
    if found < low or found > high or (above and found == low):
        side = f"above {low:g}" if above else f"at least {low:g}" if high == math.inf else f"within {low:g} to {high:g}"
        if above and high != math.inf:
            side += f" and at most {high:g}"
        raise UsageError(f"{name}: {found:g} is out of range; it must be {side}")
    return found


def problem(kernel: Any, bins_per_decade: Any, v_min: Any, v_max: Any, initial: Any, times: Any, options: Mapping[str, Any]) -> Problem:
    """Check all arguments of `calcisim.box.coagulate`. Raises UsageError with one clear message for the first that cannot be used."""
    for name in options:
        if name not in DEFAULTS:
            raise UsageError(f"{name}: no such option ({nearest(str(name), DEFAULTS)})")
    given = {**DEFAULTS, **options}
    edges = _edges(bins_per_decade, v_min, v_max)
    factor = sticking(number_of(given["protection"], "protection", 0.0, 1.0), number_of(given["sticking"], "sticking", 0.0, 1.0))
    function = _function(kernel)
    table = _table(function, edges, factor)
    numbers, masses = _initial(initial, edges)
    nucleus = options.get("nucleus", float(edges[0]))
    return Problem(
        sections=table,
        function_at=lambda u, w: factor * np.asarray(function(u, w)),
        collides=bool(table.table.any()),
        numbers=numbers,
        masses=masses,
        times=_times(times),
        growth=number_of(given["growth"], "growth"),
        growth_exponent=number_of(given["growth_exponent"], "growth_exponent", 0.0, 1.0),
        nucleation=number_of(given["nucleation"], "nucleation", 0.0),
        nucleus=number_of(nucleus, "nucleus", float(edges[0]), float(edges[-1])),
        capture=number_of(given["capture"], "capture", 0.0),
        tolerance=number_of(given["tolerance"], "tolerance", 1e-8, 0.1),
    )


def _edges(bins_per_decade: Any, v_min: Any, v_max: Any) -> np.ndarray:
    """Class edges, after asking whether that many classes can be had."""
    low, high = number_of(v_min, "v_min", 0.0, above=True), number_of(v_max, "v_max", 0.0, above=True)
    bins = number_of(bins_per_decade, "bins_per_decade", 0.0, above=True)
    if high <= low:
        raise UsageError(f"v_max: {high:g} is not above v_min = {low:g}; the classes lie between them")
    if low < 1e-200 or high > 1e200 or high / low > 1e100:
        raise UsageError(f"v_min, v_max: {low:g} to {high:g} is no range of particle volumes; at most 100 decades between 1e-200 and 1e200")
    wanted = bins * math.log10(high / low)
    needed = wanted**2 * _BYTES_PER_PAIR
    most = min(MOST_CLASSES, math.isqrt(int(SHARE * free_memory() / _BYTES_PER_PAIR)))
    if wanted > most + 0.5:
        fits = f"at most {most} classes are possible here, {most / math.log10(high / low):.3g} per decade"
        raise UsageError(f"bins_per_decade: {bins:g} makes {wanted:.4g} classes, whose pair table takes {needed / 1e9:.3g} GB; {fits}")
    if round(wanted) < 2:
        raise UsageError(f"bins_per_decade: {bins:g} makes {wanted:.2g} classes between v_min and v_max; at least 2 are needed")
    return class_edges(low, high, round(wanted))


def _function(kernel: Any) -> Callable[..., np.ndarray]:
    """The kernel as a function of two sizes, from its name, a table with name and parameters, or a function."""
    if isinstance(kernel, str):
        kernel = {"name": kernel}
    if isinstance(kernel, Mapping):
        values = {str(key): value for key, value in kernel.items()}
        name = values.pop("name", None)
        if not isinstance(name, str):
            raise UsageError(f"kernel: a name is needed ({nearest('', REGISTRY)})")
        if name not in REGISTRY:
            raise UsageError(f"kernel: no collision kernel {shown(name)} ({nearest(name, REGISTRY)})")
        known = REGISTRY[name].parameters
        for key in values:
            if key not in known:
                raise UsageError(f"kernel.{key}: the kernel {name!r} has no such parameter ({nearest(key, known)})")
        low = {"dimension": 1.0, "temperature": 1.0, "viscosity": 1e-12}
        high = {"dimension": 3.0}
        found = {k: number_of(v, f"kernel.{k}", low.get(k, 0.0), high.get(k, math.inf)) for k, v in values.items()}
        return REGISTRY[name].with_parameters(found)
    if callable(kernel):
        if len(inspect.signature(kernel).parameters) < 2:
            raise UsageError("kernel: a function of two volumes is needed, K(u, w)")
        return kernel
    raise UsageError(f"kernel: a name or a function of two volumes is needed, not {shown(kernel)} ({nearest('', REGISTRY)})")


def _table(function: Callable[..., np.ndarray], edges: np.ndarray, factor: float) -> Sections:
    try:
        with np.errstate(all="ignore"):
            return assemble(function, edges, factor)
    except ValueError as error:
        raise UsageError(f"kernel: {error}") from None


def _times(times: Any) -> tuple[float, ...]:
    if isinstance(times, (str, bytes, Mapping)) or not isinstance(times, (Sequence, np.ndarray)) or len(times) == 0:
        raise UsageError(f"times: a list of times is needed, not {shown(times)}")
    found = tuple(number_of(time, f"times[{index}]", 0.0) for index, time in enumerate(times))
    for index, (a, b) in enumerate(itertools.pairwise(found), start=1):
        if b <= a:
            raise UsageError(f"times[{index}]: {b:g} is not after {a:g}; times must rise")
    return found


def _initial(initial: Any, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number and mass per class from a name, a table with name and parameters, or two arrays."""
    if isinstance(initial, str):
        initial = {"distribution": initial}
    if isinstance(initial, Mapping):
        values = {str(key): value for key, value in initial.items()}
        if {"numbers", "masses"} == set(values):
            return _arrays(values["numbers"], values["masses"], edges)
        name = values.pop("distribution", None)
        if not isinstance(name, str) or name not in DISTRIBUTIONS:
            raise UsageError(f"initial.distribution: no distribution {shown(name)} ({nearest(str(name), DISTRIBUTIONS)})")
        known, function = DISTRIBUTIONS[name]
        for key in values:
            if key not in known:
                raise UsageError(f"initial.{key}: the distribution {name!r} has no such parameter ({nearest(key, known)})")
        low = {"sigma": 0.01}
        parameters = {**known, **{key: number_of(value, f"initial.{key}", low.get(key, 0.0), above=True) for key, value in values.items()}}
        numbers, masses = function(edges, **parameters)
        seen = numbers > 1e-200 * numbers.max()  # what is next to no particle at all would only underflow
        numbers, masses = np.where(seen, numbers, 0.0), np.where(seen, masses, 0.0)
        if not numbers.any():
            raise UsageError(f"initial: nothing of it lies between v_min = {edges[0]:g} and v_max = {edges[-1]:g}")
        return numbers, masses
    if isinstance(initial, (tuple, list)) and len(initial) == 2:
        if isinstance(initial[0], str) and isinstance(initial[1], Mapping):
            return _initial({"distribution": initial[0], **initial[1]}, edges)
        return _arrays(initial[0], initial[1], edges)
    known_names = nearest("", DISTRIBUTIONS)
    raise UsageError(f"initial: a distribution or two arrays (numbers, masses) are needed, not {shown(initial)} ({known_names})")


def _arrays(numbers: Any, masses: Any, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two rows as given, when each class's mean size lies in the class."""
    count = len(edges) - 1
    rows = []
    for name, values in (("numbers", numbers), ("masses", masses)):
        try:
            row = np.array(values, dtype=float)
        except (TypeError, ValueError):
            raise UsageError(f"initial.{name}: numbers are needed, one per class") from None
        if row.shape != (count,):
            raise UsageError(f"initial.{name}: {row.size} values where there are {count} classes")
        if not np.isfinite(row).all() or (row < 0.0).any():
            raise UsageError(f"initial.{name}: a value is negative or not finite")
        rows.append(row)
    number, mass = rows
    low, high = edges[:-1] * (1.0 - 1e-9), np.append(edges[1:-1] * (1.0 + 1e-9), 1e300)
    wrong = np.flatnonzero((mass < low * number) | ((mass > high * number) & (number > 0.0)) | ((number > 0.0) != (mass > 0.0)))
    if len(wrong):
        k = int(wrong[0])
        where = f"{edges[k]:g} to {edges[k + 1]:g}"
        raise UsageError(f"initial.masses[{k}]: {mass[k]:g} for {number[k]:g} particles; their mean must lie in {where}")
    return number, mass


def exponential(edges: np.ndarray, number: float, mean: float) -> tuple[np.ndarray, np.ndarray]:
    """n = (N₀/v₀) e^(−v/v₀) between the first and the last edge."""
    return in_classes(lambda v: number / mean * np.exp(-v / mean), edges)


def monodisperse(edges: np.ndarray, number: float, size: float) -> tuple[np.ndarray, np.ndarray]:
    """N₀ particles of one size, in the class that holds it."""
    numbers, masses = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    if edges[0] <= size <= edges[-1]:
        k = min(int(np.searchsorted(edges, size, side="right")) - 1, len(numbers) - 1)
        numbers[k], masses[k] = number, number * size
    return numbers, masses


def lognormal(edges: np.ndarray, number: float, median: float, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """ln v normal about ln median with deviation sigma."""
    z = np.log(edges / median) / sigma

    def shares(z: np.ndarray) -> np.ndarray:
        below, above = np.diff(ndtr(z)), -np.diff(ndtr(-z))
        return np.where(z[:-1] > 0.0, above, below)

    numbers, masses = number * shares(z), number * median * math.exp(0.5 * sigma**2) * shares(z - sigma)
    # far out in the tail the two small shares round apart
    mean = np.clip(masses / np.where(numbers > 0.0, numbers, 1.0), edges[:-1], edges[1:])
    return numbers, numbers * mean


DISTRIBUTIONS: dict[str, tuple[dict[str, float], Callable[..., tuple[np.ndarray, np.ndarray]]]] = {
    "exponential": ({"number": 1.0, "mean": 1.0}, exponential),
    "monodisperse": ({"number": 1.0, "size": 1.0}, monodisperse),
    "lognormal": ({"number": 1.0, "median": 1.0, "sigma": 0.5}, lognormal),
}

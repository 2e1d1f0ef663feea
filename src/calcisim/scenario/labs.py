"""Measured laboratory values of one patient over time: a CSV table, the same table inside a scenario, and curves through the values.

A column is called after its analyte and its unit, such as `Pi_mg_dL`; COLUMNS holds all of them. Values stay as they are written, in
the unit of the column, until `series` turns them into inner units.
"""

import csv
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic_core import PydanticCustomError

from calcisim import units
from calcisim.scenario import fields
from calcisim.scenario.errors import Mistake, ScenarioError, nearest, shown
from calcisim.scenario.files import is_file, read_text

Labs = dict[str, dict[str, tuple[float, ...]]]  # column → {"time_d": days from the start, "value": in the unit of the column}

MAX_BYTES, MAX_ROWS = 500_000, 20_000
METHODS = ("pchip", "step", "linear")
_CLOCKS = ("time_d", "datetime")
_DAY = units.parse("1 day", "time")
_LAST = units.parse(fields.LONGEST, "time") / _DAY
_APART = 1e-6  # days, about 0.1 s: what is nearer is one moment, and no slope between two values overflows


class Column(NamedTuple):
    """What a column holds: the quantity as it is called inside, unit, factor to inner units, and the range in blood, in this unit."""

    quantity: str
    unit: str
    factor: Fraction
    low: float
    high: float


# stem of the name: quantity, range in blood in the first unit with both ends included, units
_ANALYTES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "Ca_total": ("calcium", "0.5", "6", ("mmol/L", "mg/dL")),
    "Ca_ion": ("calcium_ionised", "0.2", "4", ("mmol/L", "mg/dL")),
    "Pi": ("phosphate", "0.2", "6", ("mmol/L", "mg/dL")),
    "Mg": ("magnesium", "0.1", "5", ("mmol/L", "mg/dL")),
    "HCO3": ("bicarbonate", "2", "60", ("mmol/L", "mEq/L")),
    "pH": ("ph", "6.8", "7.8", ("",)),
    "albumin": ("albumin", "5", "70", ("g/L", "g/dL")),
    "PTH": ("pth", "0", "20000", ("pg/mL", "pmol/L")),
    "calcitriol": ("calcitriol", "0", "2000", ("pg/mL", "pmol/L")),
    "25OHD": ("hydroxyvitamin_d", "1", "5000", ("nmol/L", "ng/mL")),
    "FGF23": ("fgf23", "0", "1e6", ("pg/mL",)),
    "eGFR": ("glomerular_filtration", "1", "200", ("mL/min",)),
}


def _columns() -> dict[str, Column]:
    """All columns by name; inner units are mol/m3, kg/m3 of FGF23, m3/s of filtration, and the factors are exact."""
    found = {}
    for stem, (quantity, low, high, written) in _ANALYTES.items():
        molar = quantity in units.MOLAR_MASS or quantity in units.CHARGE
        factors = [(molar and units.analyte_factor(unit, quantity)) or units.unit(unit).factor for unit in written]
        for unit, factor in zip(written, factors):
            bounds = (float(Fraction(bound) * factors[0] / factor) for bound in (low, high))
            found[f"{stem}_{unit.replace('/', '_')}".rstrip("_")] = Column(quantity, unit, factor, *bounds)
    return {**found, "eGFR": found["eGFR_mL_min"]}


COLUMNS = _columns()


def wrong(message: str, hint: str = "", key: str = "", line: int = 0) -> PydanticCustomError:
    """fields.wrong with a key cut to what can be shown, and the line of a CSV file."""
    context = fields.wrong(message, hint, key[:80]).context or {}
    return PydanticCustomError("calcisim", "{message}", {**context, "line": line})


def _twins(column: str) -> list[str]:
    """The columns of the same quantity, this one included."""
    return [name for name, one in COLUMNS.items() if one.quantity == COLUMNS[column].quantity]


def read_csv(path: Path) -> Labs:
    """The columns of a CSV file, each with its own times; values as written, in the unit that the name of the column says.

    A header, then at most 20 000 rows; blank cells, blank lines and lines that begin with # are left out. Time is `time_d`, days from
    the start, or `datetime`, ISO 8601, which counts from the first row. ScenarioError, with column and line, for whatever is wrong.
    """
    try:
        if os.path.isdir(path):
            raise wrong("this is a folder, not a CSV file", "name a file in it")
        if not os.path.lexists(path):
            raise wrong("there is no such file", "name a CSV file of laboratory values")
        if is_file(path) and os.path.getsize(path) > MAX_BYTES:
            raise wrong(f"the file is larger than {MAX_BYTES // 1000} kB, so it is not the laboratory values of one patient")
        return _table(list(_rows(read_text(path))))
    except PydanticCustomError as error:
        one = error.context or {}
        raise ScenarioError(Mistake(str(path), one["key"], one["message"], one["hint"], one["line"])) from None


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every line that holds something. A cell ends with its line, so that a lost quote is found where it is."""
    for line, written in enumerate(re.split("\r\n|\r|\n", text), 1):
        if not written.strip() or written.lstrip().startswith("#"):
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([written], strict=True, skipinitialspace=True))]
        except csv.Error as error:
            raise wrong(f"the line cannot be read as CSV: {error}", "is a quotation mark missing?", line=line) from None
        if any(cells):
            yield line, cells


def _table(rows: list[tuple[int, list[str]]]) -> Labs:
    """The columns of the rows of a file, header first."""
    if not rows:
        raise wrong("the file is empty", "it needs a header and at least one row")
    (top, names), *body = rows
    clock = _clock(names, top)
    if not body:
        raise wrong("there is a header and no row", "write one row for each time of measurement", line=top)
    if len(body) > MAX_ROWS:
        raise wrong(f"there are more than {MAX_ROWS} rows", line=body[MAX_ROWS][0])
    for line, cells in body:
        if len(cells) != len(names):
            hint = "a decimal comma? write a decimal point" if len(cells) > len(names) else "an empty cell keeps its comma"
            raise wrong(f"{len(cells)} cells where the header has {len(names)}", hint, line=line)
    lines = [line for line, _ in body]
    written = dict(zip(names, zip(*(cells for _, cells in body)), strict=True))
    times = _times(clock, written.pop(clock), lines)
    found: Labs = {}
    for name, column in written.items():
        kept = [at for at, cell in enumerate(column) if cell]
        if not kept:
            raise wrong("there is no value in this column", "leave the column out", name, top)
        values = tuple(_number(column[at], name, lines[at]) for at in kept)
        _check_values(name, values, name, [lines[at] for at in kept])
        found[name] = {"time_d": tuple(times[at] for at in kept), "value": values}
    return found


def _clock(names: list[str], line: int) -> str:
    """The name of the column of times, from a header that can be used."""
    for at, name in enumerate(names):
        if not name:
            raise wrong(f"column {at + 1} of the header has no name", "is there a comma too many?", line=line)
        if name in names[:at]:
            raise wrong(f"the column {name[:60]!r} is there twice", "keep one of them", name, line)
    clocks = [name for name in names if name in _CLOCKS]
    if not clocks:
        hint = nearest(next((name for name in names if "time" in name.casefold()), names[0])[:60], _CLOCKS, "")
        if len(names) == 1 and re.search("[;\t|]", names[0]):
            hint = "separate the columns with commas"
        raise wrong("there is no time: a column time_d (days from the start) or datetime (ISO 8601) is needed", hint, line=line)
    if len(clocks) > 1:
        raise wrong("time_d and datetime are both there", "keep one of them", clocks[1], line)
    if len(names) == 1:
        raise wrong("there is no column of values", "for example Ca_total_mmol_L or Pi_mg_dL", line=line)
    _check_names((name for name in names if name != clocks[0]), line)
    return clocks[0]


def _number(text: str, column: str, line: int) -> float:
    """A finite plain decimal number: nan, inf, hexadecimals and 1_000 are none."""
    try:
        number, rest = units.split(text)
    except units.UnitError:
        number, rest = "nan", ""
    if rest or not math.isfinite(float(number)):
        comma = re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text)
        hint = "write a decimal point, and nothing between thousands" if comma else "such as 1.15; what was not measured stays empty"
        raise wrong(f"{shown(text, 40)} is not a number", hint, column, line)
    return float(number)


def _times(clock: str, cells: Sequence[str], lines: list[int]) -> list[float]:
    """Days of all rows from the column of times."""
    if "" in cells:
        raise wrong("the time is missing in this row", "", clock, lines[cells.index("")])
    times, first = [], None
    for cell, line in zip(cells, lines):
        if clock == "time_d":
            times.append(_number(cell, clock, line))
            continue
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            hint = "write it in ISO 8601, for example 2026-03-31 or 2026-03-31T08:30"
            raise wrong(f"{shown(cell, 40)} is not a date", hint, clock, line) from None
        first = first or moment
        if (moment.tzinfo is None) != (first.tzinfo is None):
            raise wrong("some dates have a time zone and others have none", "write it in all rows or in none", clock, line)
        times.append((moment - first) / timedelta(days=1))
    _check_times(times, clock, lambda at: f"the time {cells[at]} on line {lines[at]}", lines)
    return times


def _no_column(name: str) -> tuple[str, str]:
    """Message and hint for a name that is no column."""
    name = name[:60]
    same = [column for column in COLUMNS if column.casefold() == name.casefold()]
    stem = next((stem for stem in _ANALYTES if f"{name}_".casefold().startswith(f"{stem}_".casefold())), "")
    if stem and not same:
        what = "needs its unit in the name" if len(name) == len(stem) else "has a unit that is not read"
        columns = [column for column, one in COLUMNS.items() if one.quantity == _ANALYTES[stem][0]]
        return f"the column {name!r} {what}", f"{stem} is read as {' or '.join(columns)}"
    hint = nearest(same[0] if same else name, COLUMNS, "columns: ")
    if re.match("(ca|calcium)(_(?!total|ion)|$)", name.casefold()):  # the nearest word would be a guess between two things
        hint = "Ca_total_mmol_L is the total that laboratories report, Ca_ion_mmol_L what is ionised"
    return f"there is no column {name!r}", hint


def _check_names(names: Iterable[str], line: int = 0) -> None:
    """Refuse a name that is no column, and one analyte in two columns."""
    seen: dict[str, str] = {}
    for name in names:
        if name not in COLUMNS:
            raise wrong(*_no_column(name), name, line)
        other = seen.setdefault(COLUMNS[name].quantity, name)
        if other != name:
            raise wrong(f"{other} and {name} are the same quantity", "keep one of the two columns", name, line)


def _check_times(times: Sequence[float], key: str, where: Callable[[int], str], lines: Sequence[int] = ()) -> None:
    """Refuse a time [d] that is out of range or not later than the one before; without lines the place is in the key."""
    for at, time in enumerate(times):
        message = "" if 0.0 <= time <= _LAST else f"{where(at)} is not within 0 to {_LAST:g} days ({fields.LONGEST})"
        if at and time - times[at - 1] < _APART:
            message = f"{where(at)} does not come after {where(at - 1)}"
        if message:
            hint = "each time is later than the one before" if "after" in message else "it counts from the start"
            raise wrong(message, hint, *((key, lines[at]) if lines else (f"{key}.{at}", 0)))


def _check_values(column: str, values: Sequence[float], key: str, lines: Sequence[int] = ()) -> None:
    """Refuse a value that no blood has; without lines the place is in the key."""
    _, unit, _, low, high = COLUMNS[column]
    for at, value in enumerate(values):
        if not low <= value <= high:
            meant = [f"was {name} meant?" for name in _twins(column) if COLUMNS[name].low <= value <= COLUMNS[name].high]
            message = f"{f'{value!r} {unit}'.strip()} is impossible in blood: {f'{low:.6g} to {high:.6g} {unit}'.strip()}"
            raise wrong(message, "".join(meant), *((key, lines[at]) if lines else (f"{key}.{at}", 0)))


def checked(raw: object) -> Labs:
    """The table as a scenario holds it: column → time_d and value, lists of numbers; the rules are those of a file.

    Raises pydantic errors that carry the key below the table.
    """
    if not isinstance(raw, Mapping) or not raw:
        raise wrong("a table of laboratory values is needed", "for example Pi_mmol_L = { time_d = [0, 30], value = [1.1, 1.9] }")
    _check_names(map(str, raw))
    found: Labs = {}
    for name, part in raw.items():
        if not isinstance(part, Mapping):
            raise wrong(f"{shown(part)} is not a table", "write { time_d = […], value = […] }", name)
        for key in part:
            if key not in ("time_d", "value"):
                raise wrong("unknown key", nearest(str(key)[:60], ("time_d", "value"), "known keys: "), f"{name}.{key}")
        times, values = (_numbers(part.get(key), f"{name}.{key}") for key in ("time_d", "value"))
        if len(times) != len(values):
            raise wrong(f"{len(times)} times and {len(values)} values", "one value for each time", name)
        _check_times(times, f"{name}.time_d", lambda at, times=times: f"time {at + 1} ({times[at]!r} d)")  # type: ignore[misc]
        _check_values(name, values, f"{name}.value")
        found[name] = {"time_d": times, "value": values}
    return found


def _numbers(raw: object, key: str) -> tuple[float, ...]:
    """1 to 20 000 finite numbers."""
    if not isinstance(raw, (list, tuple)):
        raise wrong("is missing" if raw is None else f"{shown(raw)} is not a list of numbers", "", key)
    if not 0 < len(raw) <= MAX_ROWS:
        raise wrong(f"there are more than {MAX_ROWS} numbers" if raw else "the list is empty", "", key)
    for at, one in enumerate(raw):
        if isinstance(one, bool) or not isinstance(one, (int, float)) or not abs(one) <= units.LARGEST:
            raise wrong(f"{shown(one)} is not a number that can be used", "", f"{key}.{at}")
    return tuple(map(float, raw))


def interpolation(raw: object) -> dict[str, str]:
    """How to go from value to value: a method for all columns, or a table column → method; "default" is for the columns not named.

    pchip: a smooth curve that keeps between its values; linear: straight lines; step: the last value holds until the next.
    Returns {"default": method, column: method …}. Raises pydantic errors.
    """
    table = raw if isinstance(raw, Mapping) else {"default": raw}
    found = {"default": METHODS[0]}
    for name, chosen in table.items():
        key = str(name) if isinstance(raw, Mapping) else ""
        if name != "default" and name not in COLUMNS:
            raise wrong(*_no_column(str(name)), key)
        if not isinstance(chosen, str) or chosen not in METHODS:
            raise wrong(f"there is no interpolation {shown(chosen)}", nearest(str(chosen)[:60], METHODS, "one of: "), key)
        found[name] = chosen
    _check_names(name for name in found if name != "default")
    return found


def method(chosen: Mapping[str, str], column: str) -> str:
    """The method for a column: the one under its name, or under the same analyte in another unit, else the default; pchip of {}."""
    return next((chosen[name] for name in _twins(column) if name in chosen), chosen.get("default", METHODS[0]))


class Series(NamedTuple):
    """One quantity over time: times [s], rising; values in inner units; method, one of METHODS."""

    times: np.ndarray
    values: np.ndarray
    method: str

    def at(self, t: Any) -> Any:
        """Values at t [s], an array or a number; before the first time and after the last one they are held."""
        t = np.clip(np.asarray(t, dtype=float), self.times[0], self.times[-1])
        if self.method == "step":
            return self.values[np.searchsorted(self.times, t, side="right") - 1]
        if self.method == "linear" or len(self.times) < 3:
            return np.interp(t, self.times, self.values)
        from scipy.interpolate import PchipInterpolator

        # rounding must not carry a curve that touches zero below it
        return np.clip(PchipInterpolator(self.times, self.values)(t), self.values.min(), self.values.max())


def series(labs: Labs, interpolation: Mapping[str, str]) -> dict[str, Series]:
    """Name inside (calcium, phosphate …) → Series, for the columns of a checked table and what `interpolation` returned."""
    found = {}
    for column, part in labs.items():
        # from the decimal digits, so that a value is the very float that the same text with its unit gives elsewhere in a scenario
        values = [float(Fraction(repr(value)) * COLUMNS[column].factor) for value in part["value"]]
        found[COLUMNS[column].quantity] = Series(np.array(part["time_d"]) * _DAY, np.array(values), method(interpolation, column))
    return found

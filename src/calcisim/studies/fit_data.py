"""Measured points of a fit: from the scenario's own reference rows, or from a CSV that is read strictly.

Columns: observable, time_d and value; then sd (a tenth of the value is assumed where it is blank), unit (converted to that of the
output), sd_type (SD by default; SEM or SE with n becomes SD), n, site, lab, series, and source and note, which are for the reader.
Lines that begin with # are comments; rows are counted as lines of the file, so that an editor finds them.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from calcisim import units
from calcisim.errors import UsageError
from calcisim.results import observables
from calcisim.scenario.errors import nearest
from calcisim.scenario.files import read_text

DAY = 86400.0
ASSUMED_SPREAD = 0.1  # of the value, where a point has no sd
NEEDED, COLUMNS = ("observable", "time_d", "value"), ("observable", "time_d", "value", "sd")
OPTIONAL = ("unit", "sd_type", "n", "site", "lab", "series", "source", "note")
SPREADS = {"": False, "sd": False, "sem": True, "se": True}  # sd_type: whether it is that of the mean of n
_PLAIN = str.maketrans("²³", "23")


@dataclass(frozen=True)
class Point:
    """One measured value: observable, time [s], value, sd in the observable's unit, site (None: the total).

    lab: laboratory; series: other scenario or changes that it belongs to ("": the fitted scenario itself); row: line of its file;
    assumed: whether the sd is `ASSUMED_SPREAD` of the value.
    """

    observable: str
    time: float
    value: float
    sd: float
    site: str | None = None
    lab: str | None = None
    series: str = ""
    row: int | None = None
    assumed: bool = False


def points_of(loaded: Any, use: str = "calibrate") -> list[Point]:
    """The scenario's reference rows of one use, with the assumed spread where it gives none."""
    rows = [row for row in loaded.reference if row.use == use]
    return [
        Point(row.observable, row.time, row.value, row.sd or ASSUMED_SPREAD * abs(row.value), row.site, assumed=not row.sd) for row in rows
    ]


def read_points(path: Path) -> list[Point]:
    """The points of a CSV. Raises UsageError with row and column for what cannot be read."""
    rows = list(_rows(path))
    if not rows:
        raise UsageError(f"{path}: the file is empty; it needs the columns {', '.join(COLUMNS)}")
    (_, names), *body = rows
    _header(path, names)
    if not body:
        raise UsageError(f"{path}: there is a header and no row; write one row for each measured value")
    found = []
    for number, cells in body:
        if len(cells) > len(names):
            raise UsageError(f"{path}: row {number}: {len(cells)} cells for {len(names)} columns; is a comma within a cell not in quotes?")
        found.append(_Row(path, number, dict(zip(names, cells, strict=False))).point())
    return found


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every line that holds something. A cell ends with its line, so that a lost quote is found where it is."""
    for number, written in enumerate(read_text(path).split("\n"), 1):
        if not written.strip() or written.lstrip().startswith("#"):
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([written], strict=True, skipinitialspace=True))]
        except csv.Error as error:
            raise UsageError(f"{path}: row {number} cannot be read as CSV: {error}; is a quotation mark missing?") from None
        if any(cells):
            yield number, cells


def _header(path: Path, names: list[str]) -> None:
    """Refuse columns that are missing, unknown or there twice."""
    absent = [name for name in NEEDED if name not in names]
    if absent:
        raise UsageError(f"{path}: needs the columns {', '.join(COLUMNS)}; {', '.join(absent)} is missing")
    for name in names:
        if name not in (*COLUMNS, *OPTIONAL):
            raise UsageError(f"{path}: there is no column {name!r} here; {nearest(name, (*COLUMNS, *OPTIONAL))}")
        if names.count(name) > 1:
            raise UsageError(f"{path}: the column {name} is there twice")


@dataclass(frozen=True)
class _Row:
    """One line of the file: where it is, and its cells by column."""

    path: Path
    number: int
    cells: Mapping[str, str]

    def refuse(self, words: str) -> NoReturn:
        raise UsageError(f"{self.path}: row {self.number}{words}")

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def value(self, column: str) -> float:
        """A finite number."""
        written = self.text(column)
        try:
            found = float(written)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            self.refuse(f", column {column}: {written!r} is not a number")
        return found

    def point(self) -> Point:
        time, value = self.value("time_d"), self.value("value")
        assumed = not self.text("sd")
        sd = ASSUMED_SPREAD * abs(value) if assumed else self.value("sd")
        if sd <= 0.0 or time < 0.0:
            more = "; it is blank, and a tenth of the value is nothing here" if assumed and value == 0.0 else ""
            self.refuse(f": sd must be above zero and time_d not below it{more}")
        sd *= self._of_the_mean()
        factor = self._factor()
        places = {name: self.text(name) or None for name in ("site", "lab")}
        return Point(
            self.text("observable"), time * DAY, value * factor, sd * factor, **places,
            series=self.text("series"), row=self.number, assumed=assumed,
        )  # fmt: skip

    def _of_the_mean(self) -> float:
        """√n where the sd is that of the mean of n, else 1."""
        kind = self.text("sd_type").lower()
        if kind not in SPREADS:
            self.refuse(f", column sd_type: {self.text('sd_type')!r} is not SD, SEM or SE")
        if self.text("n"):
            n = self.value("n")
            if n < 1.0 or n != round(n):
                self.refuse(f", column n: {self.text('n')!r} is not a number of measurements")
        elif SPREADS[kind]:
            self.refuse(f": {self.text('sd_type')} is the spread of a mean; give its n, so that the spread between measurements is known")
        return math.sqrt(n) if SPREADS[kind] else 1.0

    def _factor(self) -> float:
        """From the unit of the row to that of the output."""
        name, written = self.text("observable"), self.text("unit")
        known = observables.REGISTRY.get(name)
        if known is None:
            numbers = [key for key, entry in observables.REGISTRY.items() if entry.numeric]
            self.refuse(f": there is no output {name!r}; {nearest(name, numbers, 'calcisim computes ')}".rstrip("; "))
        if not known.numeric:
            self.refuse(f": {name} is a word, to which nothing can be fitted")
        if not written:
            return 1.0
        try:
            return conversion(name, written)
        except units.UnitError as error:
            self.refuse(f": {name} is in {known.unit}, not in {written!r} ({error}); write it in {known.unit}")


def conversion(name: str, written: str) -> float:
    """Factor from a unit to that of an output; amounts and masses of an analyte that its name holds are converted by its molar mass.

    Raises UnitError for a unit of another kind.
    """
    wanted = units.unit(observables.unit(name).translate(_PLAIN))
    found = units.unit(written.translate(_PLAIN))
    apart = tuple(a - b for a, b in zip(found.dimension, wanted.dimension, strict=True))
    if found.offset or (apart != (0,) * 7 and apart not in _AMOUNT_FOR_MASS):
        raise units.UnitError("a unit of another kind")
    ratio = found.factor / wanted.factor
    if any(apart):
        analytes = {**units.MOLAR_MASS, "phosphorus": units.MOLAR_MASS["phosphate"]}
        analyte = max((key for key in analytes if key in name), key=len, default="")
        if not analyte:
            raise units.UnitError("it has no molar mass that is known")
        molar = float(analytes[analyte]) * 1e-3  # kg/mol
        return float(ratio) * molar ** _AMOUNT_FOR_MASS[apart]
    return float(ratio)


# what a unit has more than the wanted one (m, s, kg, mol, K, atm, Eq): power of the molar mass
_AMOUNT_FOR_MASS = {(0, 0, -1, 1, 0, 0, 0): 1, (0, 0, 1, -1, 0, 0, 0): -1}

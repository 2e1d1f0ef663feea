"""Saturation of many solutions: a table of totals in, a table of species and saturation indices out (`calcisim saturation`).

Input columns (CSV with a header, any order, other columns are ignored): `name`, `T_C` (37 when blank), `pH_in` or else
`alk_in_meq` with `log_pCO2_in` (log10 of atm), `tot_Ca_mM` … `tot_Alb_mM` (mmol/kg water; Alb counts binding sites), `A_DH`
(Debye–Hückel slope instead of our own). Blank means not given. Output: `name`, `I`, `pH_out`, molalities `m_*` [mol/kg], log10
activities `la_*` and saturation indices `SI_*`; blank where a component is absent and in rows that could not be computed.
"""

import csv
import difflib
import io
import math
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calcisim.errors import StorageError, UsageError
from calcisim.physics import speciation, speciation_data

TOTALS = ("Ca", "Mg", "Na", "K", "Cl", "P", "C", "Citrate", "Alb")
_PLAIN = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_LIMITS = {"T_C": (20.0, 42.0), "pH_in": (0.0, 14.0), "log_pCO2_in": (-20.0, 3.0), "A_DH": (0.4, 0.7), "alk_in_meq": (-1e4, 1e4)}
_MOST = 1e4  # mmol/kg of one component: far beyond the model, and below what overflows
_MAX_BYTES = 16_000_000  # some 100,000 rows
_TOLERANCE, _PASSES = 1e-13, 400


class UnreadColumn(UserWarning):
    """A column that looks like a total and is none."""


@dataclass(frozen=True)
class RowProblem:
    """One thing wrong with one row: row counts data rows from 1, line counts lines of the file from 1."""

    row: int
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row} (line {self.line}), column {self.column}: {self.reason}"


def header() -> list[str]:
    """The columns of the output, in order."""
    names = speciation_data.species()
    return ["name", "I", "pH_out", *(f"m_{n}" for n in names), *(f"la_{n}" for n in names), *(f"SI_{n}" for n in speciation_data.phases())]


def _read(path: Path) -> str:
    try:
        if path.exists() and not path.is_dir() and not path.is_file():  # a pipe or a device may never end
            raise UsageError(f"{path}: not a regular file; save the table as a file first")
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise UsageError(f"{path}: larger than {_MAX_BYTES // 10**6} MB; split the table")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (byte {error.start}); save the table as CSV in UTF-8") from None
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise UsageError(f"{path}: no such file; give the CSV table with the totals") from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror})") from None


def _columns(path: Path, first: list[str]) -> list[str]:
    """The header, checked: no duplicates, and at least one way to the pH."""
    columns = [cell.strip() for cell in first]
    double = sorted({name for name in columns if name and columns.count(name) > 1})
    if double:
        raise UsageError(f"{path}, line 1: the column {', '.join(double)} occurs more than once")
    if "pH_in" not in columns and not {"alk_in_meq", "log_pCO2_in"} <= set(columns):
        raise UsageError(f"{path}, line 1: a column pH_in, or the two columns alk_in_meq and log_pCO2_in, are needed")
    if not any(f"tot_{name}_mM" in columns for name in TOTALS):
        raise UsageError(f"{path}, line 1: no column of totals; they are called tot_Ca_mM, tot_P_mM, … (mmol/kg water)")
    _warn_of_unread(path, columns)
    return columns


def _warn_of_unread(path: Path, columns: list[str]) -> None:
    """Other columns are left alone in silence, but one that begins as a total was meant to count."""
    known = [f"tot_{name}_mM" for name in TOTALS]
    for name in columns:
        if name.startswith("tot_") and name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            warnings.warn(f"{path}, line 1: the column {name[:60]} is not read; {hint}", UnreadColumn, stacklevel=2)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every non-empty line of the file, the header first."""
    reader = csv.reader(io.StringIO(_read(path), newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: not readable as CSV ({error})") from None


class _Row:
    """One data row: its numbers, and what is wrong with it."""

    def __init__(self, row: int, line: int, columns: list[str], cells: list[str]) -> None:
        self.row, self.line = row, line
        self.problems: list[RowProblem] = []
        self.cells = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        if len(cells) != len(columns):
            self.wrong("all", f"{len(cells)} cells where the header has {len(columns)}")

    def wrong(self, column: str, reason: str) -> None:
        self.problems.append(RowProblem(self.row, self.line, column, reason))

    def number(self, column: str, low: float, high: float) -> float | None:
        """The number of a cell within its limits; None when blank, absent or wrong (then a problem is noted)."""
        text = self.cells.get(column, "")
        if not text:
            return None
        if not _PLAIN.match(text):
            self.wrong(column, f"{text[:40]!r} is not a finite decimal number")
            return None
        value = float(text)
        if not low <= value <= high:
            self.wrong(column, f"{text[:40]} is outside {low:g} to {high:g}")
            return None
        return value

    def limited(self, column: str) -> float | None:
        return self.number(column, *_LIMITS[column])


@dataclass(frozen=True)
class _Solution:
    """A row that can be computed: T [K], A or None, pH or alkalinity [eq/kg] with pCO2 [atm], totals [mol/kg]."""

    temperature: float
    slope: float | None
    ph: float | None
    alkalinity: float
    pco2: float
    totals: dict[str, float]


def _solution(row: _Row) -> _Solution | None:
    """The numbers of a row, or None with the problems noted in it."""
    celsius = row.limited("T_C")
    slope = row.limited("A_DH")
    ph, alkalinity, log_pco2 = row.limited("pH_in"), row.limited("alk_in_meq"), row.limited("log_pCO2_in")
    totals = {name: (row.number(f"tot_{name}_mM", 0.0, _MOST) or 0.0) * 1e-3 for name in TOTALS}
    wrong = {problem.column for problem in row.problems}
    if ph is None and not wrong & {"pH_in", "alk_in_meq", "log_pCO2_in", "all"}:
        if alkalinity is None and log_pco2 is None:
            row.wrong("pH_in", "neither a pH nor an alkalinity with log_pCO2_in is given")
        elif alkalinity is None or log_pco2 is None:
            row.wrong("alk_in_meq" if alkalinity is None else "log_pCO2_in", "alkalinity and log_pCO2_in are needed together")
    if row.problems:
        return None
    kelvin = 310.15 if celsius is None else celsius + 273.15
    return _Solution(kelvin, slope, ph, (alkalinity or 0.0) * 1e-3, 10.0 ** (log_pco2 or 0.0), totals)


def _speciate(s: _Solution) -> tuple[np.ndarray, np.ndarray] | None:
    """State and species table of a solution, None when it does not converge."""
    K = speciation_data.constants(s.temperature)
    A = speciation_data.debye_huckel(s.temperature) if s.slope is None else s.slope
    t = s.totals
    salts = tuple(t[name] for name in ("Ca", "Mg", "Na", "K", "Cl", "P"))
    x, out, la = np.zeros(6), np.zeros(45), np.zeros(6)
    if s.ph is not None:
        count = speciation.speciate_ph(K, A, s.ph, *salts, t["C"], t["Citrate"], t["Alb"], x, out, _TOLERANCE, _PASSES)
    else:
        count = speciation.speciate_alkalinity(K, A, s.pco2, *salts, s.alkalinity, t["Citrate"], t["Alb"], x, la, _TOLERANCE, _PASSES)
        if count >= 0:
            speciation.species_table(K, A, *salts, t["Citrate"], t["Alb"], x, out)
    return None if count < 0 else (x, out)


def log_activities(x: np.ndarray, out: np.ndarray) -> dict[str, float]:
    """log10 activities of the species that are present, from state and species table (SPEC-25)."""
    gamma = {0: out[44], 1: out[41], 2: out[42], 3: out[43]}
    found = {}
    for index, name in enumerate(speciation_data.species()):
        factor = 1.0 if name == "Alb" else gamma[abs(speciation_data.charge(name))]
        if out[index] > 0.0:
            found[name] = math.log10(out[index]) + math.log10(factor)
    found["H+"] = math.log10(x[3])
    return found


def _output(name: str, s: _Solution, x: np.ndarray, out: np.ndarray) -> dict[str, str]:
    """The cells of one computed row, blank ones left out."""
    found = {"name": name, "I": repr(float(x[4])), "pH_out": repr(-math.log10(x[3]))}
    activity = log_activities(x, out)
    for index, species in enumerate(speciation_data.species()):
        if species in activity:
            found[f"m_{species}"] = repr(float(out[index]))
            found[f"la_{species}"] = repr(activity[species])
    table, ln_k = speciation_data.saturation_table(s.temperature)
    present = np.array([species in activity for species in speciation_data.ACTIVITIES] + [True])
    la = np.array([math.log(10.0) * activity.get(species, 0.0) for species in speciation_data.ACTIVITIES])
    si = np.zeros(len(ln_k))
    speciation.saturation_indices(table, ln_k, la, x[5], si)
    for phase, row, value in zip(speciation_data.phases(), table, si, strict=True):
        if present[row != 0.0].all():
            found[f"SI_{phase}"] = repr(float(value))
    return found


def _compute(path: Path) -> tuple[list[dict[str, str]], list[RowProblem]]:
    """All output rows (blank ones where a row is bad) and all problems."""
    lines = _rows(path)
    first = next(lines, None)
    if first is None:
        raise UsageError(f"{path}: the file is empty; a header and at least one row are needed")
    columns = _columns(path, first[1])
    results, problems = [], []
    for number, (line, cells) in enumerate(lines, start=1):
        row = _Row(number, line, columns, cells)
        solution = _solution(row)
        name = row.cells.get("name", "")
        results.append({"name": name})
        if solution is not None:
            solved = _speciate(solution)
            if solved is None:
                row.wrong("all", "the solution does not converge: outside what the Davies model can describe")
            else:
                results[-1] = _output(name, solution, *solved)
        problems += row.problems
    if not results:
        raise UsageError(f"{path}: a header but no row")
    return results, problems


def _refuse(source: Path, target: Path, force: bool) -> None:
    if target.is_dir():
        raise UsageError(f"{target}: is a directory; give the name of a file")
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent}: no such directory")
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target}: the output would replace the input; give another name")
    if target.exists() and not force:
        raise UsageError(f"{target}: exists already; give another name, or --force to replace it")


def _write(target: Path, results: list[dict[str, str]]) -> None:
    """All rows through a temporary file beside the target, then one rename."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=target.parent, prefix=f".{target.name}.", delete=False, encoding="utf-8", newline=""
        ) as file:
            temporary = Path(file.name)
            writer = csv.DictWriter(file, header(), restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(results)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # a temporary file is private, a result is not
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise StorageError(f"{target}: cannot be written ({error.strerror})") from None


def saturation(in_csv: str | Path, out_csv: str | Path, force: bool = False) -> list[RowProblem]:
    """Compute the species and saturation indices of every row of in_csv into out_csv; the problems of bad rows.

    Bad rows are written with their name and blanks, all others are computed; the caller shows the problems and exits with 2.
    UsageError for a file that cannot be used as a whole (missing, empty, no such columns, duplicate header) and for an existing
    out_csv without force; StorageError when the disk fails. Nothing is written in those cases.
    """
    source, target = Path(in_csv), Path(out_csv)
    _refuse(source, target, force)
    results, problems = _compute(source)
    _write(target, results)
    return problems

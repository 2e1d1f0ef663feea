"""The body model beside the numbers of its design, beside published plasma values, and what each disease does to plasma.

    python benchmarks/plasma_table.py [--csv FILE] [--figure FILE] [--force] [--json] [--only WORD]

port: the numbers that the design sheet of the model prints, simulated with the rows of data/body.toml as they were then (ORIGINAL). It
shows that the equations here are those of the sheet, and nothing about patients. literature: published values, for ORIGINAL and for the
present rows; `calibrate` was used to set a number of the model, `predict` was not; `recalled` comes from memory, was never looked up and
so can neither be passed nor missed. improvement: each change of rows alone, from ORIGINAL. disease: every scenario of a plasma at its
height, with the side of health on which literature has each value.
Exit code 1 when a line of the port or a ledger misses, 2 when a file is there already and --force is not given.
"""

import json
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import command
import plasma_claims as published
import plasma_disease as disease
import plasma_studies as studies
from plasma_port import port
from plasma_rows import DIALYSED, LEDGERS, MILK, ORIGINAL, PRESENT, SESSIONS, Row, lived

from calcisim.scenario.errors import PlausibilityWarning

LEDGER = 1e-10


def ledgers() -> Row:
    """The largest imbalance of calcium, phosphate or magnesium in any body that was simulated here; every scenario is."""
    for name in disease.plasmas():
        disease.found(name)
    others = ((MILK, 245.0, (studies.STOPPED,)), ({"meals": 3}, studies.RUN_UP + 1.0, ()), (DIALYSED, 371.0, (SESSIONS,)))
    for rows in (ORIGINAL, PRESENT):
        for levers, days, treatments in others:
            lived(rows, days, levers, *treatments)
    worst = max(LEDGERS)
    return Row(
        "ledger", f"largest imbalance of {len(LEDGERS)} bodies", "Ca, P, Mg", "relative", got=worst, high=LEDGER, passed=worst <= LEDGER
    )


TABLES: dict[str, Callable[[], Iterator[Row]]] = {
    "port": port, "literature": published.literature, "improvement": published.improvements, "disease": disease.diseases,
    "ledger": lambda: iter([ledgers()]),
}  # fmt: skip
DECIMALS = {name: digits for name, (*_, digits) in disease.QUANTITIES.items()} | {"CaxP": 0, "HAP": 2, "OCP": 2, "ACP2": 2}


def table(only: str = "") -> list[Row]:
    """The rows of the tables whose names contain `only`."""
    return [row for name, make in TABLES.items() if only in name for row in make()]


def mark(passed: bool | None) -> str:
    return "" if passed is None else ("pass" if passed else "FAIL")


def _interval(row: Row) -> str:
    if row.high is None:
        return f"at least {row.low:g}"
    return f"{row.low:g} to {row.high:g}" if row.low is not None else f"at most {row.high:g}"


def _show_port(rows: Sequence[Row]) -> None:
    print("\nPort check: the numbers of the design sheet with its own rows. It verifies the code; it is no evidence of anything else.")
    for row in rows:
        deviation = row.got / row.said - 1.0
        print(f"{mark(row.passed)}  {row.name:36s} {row.quantity:5s} got {row.got:9.4g}  said {row.said:7g}  {deviation:+7.2%}")


def _show_literature(rows: Sequence[Row]) -> None:
    print("\nPublished values: with the original rows, with the present ones, interval.")
    for row in rows:
        marks = f"{mark(row.passed_before) or row.role:9s} {mark(row.passed) or row.role:9s}"
        values = f"{row.before:9.3g} {row.got:9.3g}"
        print(f"{marks} {row.name:44s} {row.quantity:5s}{values}  {_interval(row):18s} {row.unit:8s} {row.role:9s} {row.source}")


def _show_improvements(rows: Sequence[Row]) -> None:
    print("\nWhat each change of rows does alone, from the original ones: before, after.")
    for row in rows:
        print(f"  {row.name:58s} {row.quantity:8s}{row.before:10.4g}{row.got:10.4g}  {row.unit}")


def _show_diseases(rows: Sequence[Row]) -> None:
    print("\nPlasmas at their height. + - =: side of health; * outside the reference range; ! not the side that literature has.")
    alone = [row for row in rows if " beside " not in row.name]
    heads = list(dict.fromkeys(row.quantity for row in alone))
    print(f"{'':32s}" + "".join(f"{head:>10s}" for head in heads))
    for name in dict.fromkeys(row.name for row in alone):
        cells = []
        for row in (one for one in alone if one.name == name):
            flags = row.side.replace("0", "=") + ("*" if row.outside_reference else "") + ("!" if row.passed is False else "")
            cells.append(f"{row.got:.{DECIMALS[row.quantity]}f}{flags}")
        print(f"{name:32s}" + "".join(f"{cell:>10s}" for cell in cells) + f"  day {disease.found(name).day:g}")
    for row in rows:
        if row.expected and (row.passed is False or " beside " in row.name):
            word = f"got {row.got:.4g}, {row.said:.4g} {'there' if ' beside ' in row.name else 'in health'}"
            print(f"{mark(row.passed)}  {row.name}: {row.quantity} expected {row.expected}, is {row.side} ({word})")


def show(rows: Sequence[Row]) -> None:
    printers = {"port": _show_port, "literature": _show_literature, "improvement": _show_improvements, "disease": _show_diseases}
    for name, print_them in printers.items():
        if of_table := [row for row in rows if row.table == name]:
            print_them(of_table)
    print()
    for name in ("port", "literature", "disease"):
        counted = [row.passed for row in rows if row.table == name and row.passed is not None]
        if counted:
            print(f"{name}: {sum(counted)} of {len(counted)} pass")
    for role in ("calibrate", "predict"):
        if judged := [row for row in rows if row.table == "literature" and row.role == role]:
            before, now = sum(row.passed_before is True for row in judged), sum(row.passed is True for row in judged)
            print(f"literature, {role}: {now} of {len(judged)} pass, {before} with the original rows")
    for row in rows:
        if row.table == "ledger":
            print(f"{mark(row.passed)}  {row.name}: {row.got:.1e}, at most {row.high:g}")


def main() -> int:
    options = command.parser(__doc__, "tables whose name contains WORD: port, literature, improvement, disease, ledger")
    options.add_argument("--csv", type=Path, metavar="FILE", help="write all rows there")
    options.add_argument("--figure", type=Path, metavar="FILE", help="draw the saturation of every plasma there")
    options.add_argument("--force", action="store_true", help="replace these files")
    chosen = options.parse_args()
    if any(command.in_the_way(path, chosen.force) for path in (chosen.csv, chosen.figure) if path is not None):
        return 2
    warnings.simplefilter("ignore", PlausibilityWarning)
    rows = table(chosen.only)
    if chosen.csv is not None:
        names = [field.name for field in fields(Row)]
        written = ({**asdict(row), "passed": mark(row.passed), "passed_before": mark(row.passed_before)} for row in rows)
        command.write_csv(chosen.csv, names, ({key: _short(value) for key, value in row.items()} for row in written), chosen.force)
    if chosen.figure is not None:
        disease.draw(chosen.figure)
    if chosen.json:
        print(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False))
    else:
        show(rows)
    return 1 if any(row.passed is False for row in rows if row.table in ("port", "ledger")) else 0


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())

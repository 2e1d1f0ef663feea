"""What the command lines of the tables here share: options, the CSV file that is never replaced unasked, and lines that pass or miss."""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Lines = Mapping[str, tuple[str, Callable[[], tuple[str, bool]]]]  # name → target, and the check that says what came out


@dataclass(frozen=True)
class Line:
    """One claim: name, target in words, what came out, pass or not."""

    name: str
    target: str
    got: str
    passed: bool


def parser(document: str, only: str, csv_name: str = "") -> argparse.ArgumentParser:
    """--json and --only (`only`: what its WORD selects), and for a table that writes `csv_name` also --out and --force."""
    options = argparse.ArgumentParser(description=document.splitlines()[0])
    if csv_name:
        options.add_argument("--out", type=Path, default=Path(), metavar="DIR", help=f"folder of {csv_name}; the current one by default")
        options.add_argument("--force", action="store_true", help=f"replace {csv_name}")
    options.add_argument("--json", action="store_true", help="one JSON document on stdout instead of the table")
    options.add_argument("--only", default="", metavar="WORD", help=only)
    return options


def in_the_way(path: Path, force: bool) -> bool:
    """Whether a file is there that must stay; says so."""
    if path.exists() and not force:
        print(f"{path} is there already; give another folder, or --force", file=sys.stderr)
        return True
    return False


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], force: bool = False) -> None:
    """The rows as CSV, with the folder if there is none; without `force` never over a file that is there (FileExistsError)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w" if force else "x", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def save(figure: Any, path: Path) -> None:
    """Write a figure at `path`, as PNG unless its suffix says otherwise."""
    from calcisim.results import style

    style.save(figure, path.with_suffix(""), (path.suffix.lstrip(".") or "png",))


def measured(lines: Lines, only: str) -> list[Line]:
    """Those whose name holds `only`, each with what its check says; lines: name → target and check."""
    return [Line(name, target, *check()) for name, (target, check) in lines.items() if only in name]


def report(lines: Sequence[Line], as_json: bool) -> int:
    """Print the lines; the exit code, 1 when one misses."""
    if as_json:
        print(json.dumps([asdict(line) for line in lines], indent=1, ensure_ascii=False))
    else:
        width = max((len(line.name) for line in lines), default=0)
        for line in lines:
            print(f"{'pass' if line.passed else 'MISS'}  {line.name:{width}s}  target: {line.target};  got: {line.got}")
    return 0 if all(line.passed for line in lines) else 1


def table(document: str, lines: Lines, figures: Mapping[str, tuple[str, Callable[[Path], None]]]) -> int:
    """The command of a table of lines with figures: print those that are asked for, draw, and return the exit code.

    figures: option → what it draws in words, and the function that draws it in a file.
    """
    options = parser(document, "lines whose name holds WORD")
    for name, (words, _) in figures.items():
        options.add_argument(f"--{name}", type=Path, metavar="FILE.png", help=f"draw {words} here")
    asked = options.parse_args()
    found = measured(lines, asked.only)
    for name, (_, draw) in figures.items():
        if getattr(asked, name) is not None:
            draw(getattr(asked, name))
    return report(found, asked.json)

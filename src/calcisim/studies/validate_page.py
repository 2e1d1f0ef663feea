"""The page of the facts in the docs: every row, what came out, and for each miss the physics that is missing."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from calcisim.errors import UsageError
from calcisim.studies.validate import share, word

MISSES = "misses.toml"
NULL = ("F07", "F21", "F22")  # facts that say that nothing happens
AIMED = 0.8  # of the validate rows
WRITTEN = "Written by `calcisim validate --page docs/validation.md`; change the facts, not this page."


def misses() -> dict[str, str]:
    """What physics is missing, by fact: data/validation/misses.toml."""
    text = files("calcisim").joinpath("data", "validation", MISSES).read_text(encoding="utf-8")
    return {identity: " ".join(words.split()) for identity, words in tomllib.loads(text).items()}


def summary(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """How far the rows are from what is asked, one sentence each: all calibrate rows, 80 % of the validate rows, the null facts."""
    calibrate, validate = share(map(dict, rows), "calibrate"), share(map(dict, rows), "validate")
    part = validate[0] / validate[1] if validate[1] else 0.0
    null = ", ".join(f"{row['id']} {word(dict(row))}" for row in rows if row["id"] in NULL)
    open_ones = [row["id"] for row in rows if row["passed"] is None and row["role"] == "validate"]
    out = [
        f"Of the validate rows {validate[0]} of {validate[1]} pass ({part:.0%}; asked: at least {AIMED:.0%}"
        f"{')' if part >= AIMED else ', **missed**)'}{', ' + ', '.join(open_ones) + ' counted as not passed' if open_ones else ''}.",
        f"Of the calibrate rows, to which numbers were fitted once, {calibrate[0]} of {calibrate[1]} pass (asked: all).",
    ]
    return out + [f"Null facts: {null}."] * bool(null)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    cells = ("| " + " | ".join(("" if cell is None else str(cell)).replace("|", "\\|") for cell in line) + " |" for line in lines)
    return "\n".join(cells) + "\n"


def page(rows: Sequence[Mapping[str, Any]], how: str, paragraphs: Mapping[str, str] | None = None) -> str:
    """The page: rows of `validate`; `how`: when, on what and how long; paragraphs: those of `misses` when None."""
    paragraphs = misses() if paragraphs is None else paragraphs
    failed = [row for row in rows if row["passed"] is False]
    blank = f"Not yet explained; its paragraph belongs in data/validation/{MISSES}."
    unit = [f"{row['target']} {row['unit']}" for row in rows]
    outcome = _table(
        ["fact", "role", "what is known", "target", "tolerance", "got", "", "source"],
        [
            [r["id"], r["role"], r["statement"], target, r["tolerance"], r["got"], word(dict(r)), r["source"]]
            for r, target in zip(rows, unit, strict=True)
        ],
    )
    computed = _table(
        ["fact", "scenario", "arms", "observable", "day", "statistic", "seconds"],
        [
            [r["id"], r["scenario"].replace("; ", "<br>"), r["arms"], r["observable"], r["day"], r["statistic"], _seconds(r["wall_s"])]
            for r in rows
            if r["passed"] is not None
        ],
    )
    missing = "\n".join(f"**{row['id']}.** {paragraphs.get(row['id'], blank)}\n" for row in failed)
    return (
        "# The facts of the literature\n\n" + "\n".join(summary(rows)) + f"\n\n{WRITTEN} {how} For research; hypothesis-generating; "
        "not for clinical decisions. Nothing was fitted to a validate row; where one was in view while a number was chosen, the pages in "
        f"`docs/benchmarks` say so.\n\n{outcome}\n## What is missing where it misses\n\n{missing}\n## How each was computed\n\n"
        f"`calcisim validate F01` repeats one.\n\n{computed}"
    )


def _seconds(wall: float | None) -> str:
    return "" if wall is None else f"{wall:.1f}" if wall < 10.0 else f"{wall:.0f}"


def refuse(path: Path) -> None:
    """Raise UsageError where the page cannot be written: no folder, or a file that this command did not write."""
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(f"--page {path}: {path.parent} is no folder, or {path.name} is one; give the name of a file.")
    if path.exists() and WRITTEN not in path.read_text(encoding="utf-8", errors="replace"):
        raise UsageError(f"--page {path}: there is another file of that name; choose another name or move it away.")


def write(path: Path, text: str) -> None:
    """Write the page, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)

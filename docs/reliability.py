"""Write the page of the reliability campaign from its figures: `python docs/reliability.py [FILE]`, docs/reliability.md by default."""

import importlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIGURES = Path(__file__).with_suffix(".json")
MODULES = ("damage", "disk", "fuzz", "kill", "numerics", "soak", "stops", "suites", "whole_runs")
IDS = ("K1", "K2", "R1", "R3", "D1", "C1", "M1", "M2", "F1", "F3", "N1", "N2", "N3", "N4", "N5", "N7", "G1", "V1", "B1", "S1", "E1")
HEAD = """# Reliability

Written by `python docs/reliability.py` from docs/reliability.json, which `make campaign` writes; change those, not this page.

Each row is one trial with a number, from which everything random in it follows: a failure comes back by its number. `make push` runs the
small count of every row before a change lands; the large count runs on demand, and the table says when it ran, on which commit, and what
came out. A row without a large run says so.

"""


def rows() -> dict:
    """The rows of the campaign, from its modules in tests/campaign."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    for name in MODULES:
        importlib.import_module(f"campaign.{name}")
    return importlib.import_module("campaign.rows").ROWS


def number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f") if value >= 10_000 else str(value)


def interval(passed: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share, after Wilson [%]."""
    z, p = 1.959963984540054, passed / trials
    middle, below = p + z * z / (2 * trials), 1 + z * z / trials
    half = z * (p * (1 - p) / trials + z * z / (4 * trials * trials)) ** 0.5
    return 100.0 * (middle - half) / below, 100.0 * (middle + half) / below


def result(one, found: dict | None) -> str:
    """What the large run gave, in words."""
    if found is None:
        return "not run in its long form yet"
    trials, passed = found["trials"], found["passed"]
    text = f"{number(passed)} of {number(trials)} {found['unit']}"
    if one.least < 1.0:
        low, high = interval(passed, trials)
        text += f", {100.0 * passed / trials:.1f} % ({low:.1f} to {high:.1f} %), {100.0 * one.least:.0f} % stated"
    if trials < one.long:
        text += f"; broken off before {number(one.long)}"
    good = passed >= one.least * trials
    minutes = found["seconds"] / 60.0
    return f"{'**' if not good else ''}{text}{'**' if not good else ''}; {found['date']}, {found['commit']}, {minutes:.1f} min"


def kinds(found: dict) -> str:
    """The kinds of trials, the most frequent first."""
    ordered = sorted(found["kinds"].items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name}: {number(count)}" for name, count in ordered)


def page(figures: dict) -> str:
    """The page of these figures."""
    known = rows()
    cells = [["row", "what is done", "what has to hold", "push", "long", "long run"], ["---"] * 6]
    for id in IDS:
        one = known[id]
        cells.append([id, one.what, one.passes, f"{number(one.push)} {one.unit}", number(one.long), result(one, figures.get(id))])
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in cells)
    parts = [HEAD, table, "\n\n## What the long runs were made of\n\n"]
    parts += [f"- {id}: {kinds(figures[id])}\n" for id in IDS if id in figures and len(figures[id]["kinds"]) > 1]
    failed = [(id, failure) for id in IDS if id in figures for failure in figures[id]["failures"]]
    if failed:
        parts.append("\n## What failed\n\n")
        parts += [f"- {id}, trial {one['trial']}: `{' '.join(one['said'].split())[:240]}`\n" for id, one in failed[:30]]
    parts.append(
        "\nOne row again: `python tests/campaign/long.py --only K1 --again`; with another count: `--count 500`. Fuzzing and damage run in "
        "one process, kills in children of it; a kill is a SIGKILL by the system.\n"
    )
    return "".join(parts)


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FIGURES.with_suffix(".md")
    path.write_text(page(json.loads(FIGURES.read_text(encoding="utf-8"))), encoding="utf-8")
    print(path)

"""The equations page: every tagged equation with its file, line and formula, read from the sources without importing them."""

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from calcisim.errors import UsageError

_TAG = re.compile(r"([A-Z]{2,5}-\d+[a-z]?)\.\s+(.*)", re.DOTALL)


@dataclass(frozen=True)
class Equation:
    """Tag, function name, place (`file:line`), and the first paragraph of the docstring, which is the formula."""

    tag: str
    name: str
    place: str
    formula: str
    text: str


def every(root: Path | None = None) -> list[Equation]:
    """All tagged equations below `root` (the package), in tag order."""
    root = root or Path(__file__).resolve().parents[1]
    found = [equation for path in sorted(root.rglob("*.py")) for equation in _in_file(path)]
    return sorted(found, key=lambda e: (e.tag.rpartition("-")[0], int(re.sub(r"\D", "", e.tag.rpartition("-")[2])), e.tag))


def _in_file(path: Path) -> Iterator[Equation]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            match = _TAG.match(ast.get_docstring(node) or "")
            if match:
                formula = " ".join(match[2].split("\n\n")[0].split())
                yield Equation(match[1], node.name, f"{_short(path)}:{node.lineno}", formula, match[2])


def _short(path: Path) -> str:
    """The path as it can be opened from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def where(term: str) -> list[Equation]:
    """Equations whose tag, name or docstring contains `term`; raises `UsageError` with the nearest names when there are none."""
    equations = every()
    wanted = term.lower()
    found = [e for e in equations if any(wanted in text.lower() for text in (e.tag, e.name, e.name.replace("_", " "), e.text))]
    if not found:
        words = sorted({e.tag for e in equations} | {word for e in equations for word in e.name.split("_")})
        close = difflib.get_close_matches(term, words, n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "Try a process, such as growth."
        raise UsageError(f"no equation mentions {term!r}. {hint}")
    return found

"""What is wrong with a scenario file: where, why, and what to write instead."""

import contextlib
import difflib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from calcisim.errors import UsageError

Path = tuple[str | int, ...]  # keys from the top of the file; elements of a list by name or by number


class Finding(NamedTuple):
    """A key path (lists by number), what is wrong there, and a hint."""

    key: Path
    message: str
    hint: str = ""


class PlausibilityWarning(UserWarning):
    """A value that is accepted and unusual."""


@contextlib.contextmanager
def unusual_is_meant() -> Iterator[None]:
    """No PlausibilityWarning within: for values that a study sets, and not the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlausibilityWarning)
        yield


@dataclass(frozen=True)
class Mistake:
    """One mistake: the file (or "--set …"), the key path, the message, a hint, and the line where the key stands (0 unknown)."""

    file: str
    key: str
    message: str
    hint: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        parts = [where, self.key, self.message] if self.key else [where, self.message]
        return ": ".join(parts) + (f" ({self.hint})" if self.hint else "")


class ScenarioError(UsageError, ValueError):
    """One or several mistakes of a scenario; file, key, message, hint and line are those of the first."""

    def __init__(self, mistakes: Mistake | Iterable[Mistake]) -> None:
        self.mistakes: tuple[Mistake, ...] = (mistakes,) if isinstance(mistakes, Mistake) else tuple(mistakes)
        super().__init__("\n".join(str(one) for one in self.mistakes))

    @property
    def file(self) -> str:
        return self.mistakes[0].file

    @property
    def key(self) -> str:
        return self.mistakes[0].key

    @property
    def message(self) -> str:
        return self.mistakes[0].message

    @property
    def hint(self) -> str:
        return self.mistakes[0].hint

    @property
    def line(self) -> int:
        return self.mistakes[0].line


def shown(value: object, length: int = 60) -> str:
    """repr, shortened; never fails (an integer of many thousand digits has no repr)."""
    try:
        text = repr(value)
    except ValueError:
        return "a number with thousands of digits"
    return text if len(text) <= length else text[: length - 3] + "..."


def nearest(word: str, known: Iterable[str], otherwise: str = "known: ") -> str:
    """A hint with the nearest right word, or with all of them when they fit in a few lines, else nothing."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, 1, 0.55)
    if near:
        return f"did you mean {near[0]!r}?"
    everything = ", ".join(words)
    return otherwise + everything if 0 < len(everything) <= 500 else ""

"""The directory of a study of many runs: its name, who works in it, the question that it holds, and its table."""

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from calcisim.errors import StorageError, UsageError
from calcisim.results import directory as run_directory
from calcisim.results.files import dumps, read_object, write_text
from calcisim.studies import provenance

NAME = 80  # letters of a scenario in the name of a directory: the last ones
ELSEWHERE = ("source_sha256", "data_sha256", "points_sha256")  # keys that differ with the program, not with the question


def called(scenario: str, kind: str, document: Mapping[str, Any]) -> Path:
    """Directory of a study below runs/: the same question finds the same one."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", scenario.removesuffix(".toml"))[-NAME:].strip("-.") or "scenario"
    return Path("runs") / f"{name}-{kind}-{provenance.text_sha256(dumps(document))[:8]}"


@contextlib.contextmanager
def taken(place: Path, asked: str, document: Mapping[str, Any], shape: dict[str, Any], kind: str) -> Iterator[None]:
    """The directory for this process alone, with `document`, what is asked, in the file `asked` of it.

    shape: keys and types that the file must have; kind: of study, for messages. Raises UsageError for a directory of something else or of
    another question, RunLocked where a process works in it, StorageError where it cannot be made.
    """
    _make(place, asked, kind)
    held = run_directory.lock(place)
    try:
        _begin(place, asked, document, shape, kind)
        yield
    finally:
        held.release(force=True)


def _make(place: Path, asked: str, kind: str) -> None:
    """Make the directory; one that holds something else is refused before anything is written to it."""
    try:
        if place.is_dir():
            found = {path.name for path in place.iterdir()}  # a kill may have left some that say nothing yet
            if asked not in found and found - {run_directory.LOCK, f"{asked}.writing"}:
                raise UsageError(f"{place}: is not empty and holds no {kind}; choose another --out")
        place.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{place}: is a file, not a directory; choose another --out") from None
    except OSError as error:
        raise StorageError(f"{place}: cannot be made ({error.strerror or error}); choose another --out") from error


def _begin(place: Path, asked: str, document: Mapping[str, Any], shape: dict[str, Any], kind: str) -> None:
    """Say in the directory what is asked, or see that it holds this very study. Only for one who has locked it."""
    path = place / asked
    if not path.exists():
        write_text(path, dumps(document))
        return
    before = read_object(path, shape)
    if before != document:
        other = next(key for key in (*document, *before) if document.get(key) != before.get(key))
        what = f"holds a {kind} that differs in {other}"
        if other in ELSEWHERE:
            what = "was begun with another calcisim or other versions of what it needs"
        raise UsageError(f"{place}: {what}; choose another --out, or leave it out")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV of rows; a column that a row does not have, and None, is blank. Floats with the fewest digits that give them back."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if row.get(name) is None else row[name] for name in columns] for row in rows])
    return text.getvalue()

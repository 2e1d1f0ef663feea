"""The ledger of a study of many runs: one line of JSON per run that ended, safe to be cut off at any time.

A line is written whole and forced to the disk before the next run counts. A kill can leave half a line at the end, which is dropped when
the ledger is opened again. Of several lines for one run the last counts.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from calcisim.errors import StorageError
from calcisim.results.files import plain, storage

NAME = "ledger.jsonl"
Record = dict[str, Any]  # point, values, and either final or error


class Ledger:
    """Context: the ledger of a directory. records: what it holds, by point number. `keep` adds a run."""

    def __init__(self, place: Path, points: Sequence[tuple[float, ...]]):
        self.path = place / NAME
        self.points = points
        self.records: dict[int, Record] = {}

    def __enter__(self) -> "Ledger":
        with storage(self.path):
            self.file = open(self.path, "ab", buffering=0)  # closed on exit; what a full disk refused is not tried again then
        self._read()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with storage(self.path):
            self.file.close()

    def _read(self) -> None:
        """Fill `records`; cut off what a kill left of a line. Raises StorageError for a line that was changed."""
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            with storage(self.path):
                self.file.truncate(whole)
        for number, line in enumerate(data[:whole].splitlines(), 1):
            record = self._record(line, number)
            self.records[record["point"]] = record

    def _record(self, line: bytes, number: int) -> Record:
        damaged = f"{self.path}: line {number} is damaged; delete that line, and run the same command again"
        try:
            record = json.loads(line)
            point, values = record["point"], record["values"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StorageError(damaged) from error
        if type(point) is not int or not 1 <= point <= len(self.points):
            raise StorageError(damaged)
        if not isinstance(values, list) or not all(map(_number, values)) or tuple(values) != self.points[point - 1]:
            raise StorageError(damaged)
        final = record.get("final")
        numbers = isinstance(final, dict) and all(value is None or _number(value) for value in final.values())
        if set(record) - {"point", "values"} not in ({"error"}, {"final"}) or not (numbers or isinstance(record.get("error"), str)):
            raise StorageError(damaged)
        return _lean(record)

    def keep(self, point: int, found: Record) -> Record:
        """Add a run (point counts from 1; found: final or error); returns what reading it gives."""
        document = plain({"point": point, "values": list(self.points[point - 1]), **found})
        line = json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"
        with storage(self.path, len(line)):
            data = line.encode()
            while data:
                data = data[self.file.write(data) :]
            os.fsync(self.file.fileno())
        self.records[point] = _lean(json.loads(line))
        return self.records[point]


def _number(value: object) -> bool:
    """True for a finite number; a truth value is none."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max  # type: ignore[arg-type]


def _lean(record: Record) -> Record:
    """The record with one copy of each name for all records: a hundred thousand of them have the same."""
    return {name: {sys.intern(key): one for key, one in value.items()} if name == "final" else value for name, value in record.items()}

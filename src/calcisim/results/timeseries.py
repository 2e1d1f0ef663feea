"""timeseries.csv: one row per output time, appended as the run goes, cut back to the checkpoint when it resumes."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from calcisim.errors import StorageError
from calcisim.results.files import storage, write_text

NAME = "timeseries.csv"
DAY = 86400.0


class TimeSeries:
    """Append-only table; the first row fixes the columns: `time_d`, then the quantities in the order they came.

    Floats are written with the fewest digits that give the same float back, so equal runs give equal bytes.
    """

    def __init__(self, directory: Path, name: str = NAME):
        self.path = Path(directory) / name
        self._columns: list[str] | None = None
        self._unsynced = 0  # bytes handed to the system since the last forced write

    def restart(self, times: Sequence[float]) -> bool:
        """Keep the rows of `times` [s], drop what follows; False (nothing changed) when those are not the first rows."""
        rows = len(times)
        if rows == 0:
            self.path.unlink(missing_ok=True)
            self._columns = None
            return True
        if not self.path.exists():
            return False
        text = self.path.read_bytes().decode("utf-8", errors="replace")
        lines = text.splitlines(keepends=True)[: rows + 1]
        cells = [line.rstrip("\n").split(",") for line in lines]
        whole = len(lines) == rows + 1 and lines[-1].endswith("\n") and all(len(row) == len(cells[0]) for row in cells)
        if not whole or [row[0] for row in cells] != ["time_d", *(_text(time / DAY) for time in times)]:
            return False
        write_text(self.path, "".join(lines))
        self._columns = cells[0]
        return True

    def append(self, time: float, row: Mapping[str, float | int | None]) -> None:
        """Add one row: time [s] and its quantities. Raises `StorageError` when it cannot be written or the columns changed."""
        names = ["time_d", *row]
        if self._columns is None:
            self._write(",".join(names) + "\n", "w")
            self._columns = names
        if names != self._columns:
            raise StorageError(f"{self.path}: the quantities of the run changed; its columns are {', '.join(self._columns)}")
        self._write(",".join([_text(time / DAY), *(_text(value) for value in row.values())]) + "\n", "a")

    def sync(self) -> None:
        """Force the rows to the disk; called before a checkpoint relies on them."""
        with storage(self.path, self._unsynced), open(self.path, "ab") as file:
            os.fsync(file.fileno())
        self._unsynced = 0

    def _write(self, text: str, mode: str) -> None:
        with storage(self.path, len(text)), open(self.path, mode, encoding="utf-8", newline="") as file:
            file.write(text)
        self._unsynced += len(text)


def _text(value: float | int | None) -> str:
    if value is None or value != value:
        return ""
    return repr(int(value)) if isinstance(value, (int, np.integer)) else repr(float(value))


def read(directory: Path, name: str = NAME) -> dict[str, np.ndarray]:
    """The time series of a run: column → float array, blanks as NaN. Raises `StorageError` when there is none."""
    path = Path(directory) / name
    try:
        with open(path, encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        if header[:1] != ["time_d"]:
            raise ValueError("its first column is not time_d")
        whole = [row for row in rows if len(row) == len(header)]
        return {name: np.array([float(row[i]) if row[i] else np.nan for row in whole]) for i, name in enumerate(header)}
    except (OSError, ValueError, csv.Error) as error:
        raise StorageError(f"{path}: no time series to read ({getattr(error, 'strerror', None) or error})") from error

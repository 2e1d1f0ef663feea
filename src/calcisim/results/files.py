"""Small files written whole: a reader sees the old one or the new one, never half of one."""

import contextlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import StorageError


@contextlib.contextmanager
def storage(path: Path, needed: int | None = None) -> Iterator[None]:
    """Turn the operating system's and NetCDF's refusals below into one `StorageError` that names file, cause and size.

    needed: bytes that the write asked for, said in the message when known.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:  # netCDF4 raises RuntimeError for what HDF5 could not write
        cause = getattr(error, "strerror", None) or error
        size = f"; {needed} bytes are needed" if needed is not None else ""
        hint = "What was saved before is intact: make room, then resume."
        raise StorageError(f"{path}: could not be written ({cause}){size}. {hint}") from error


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8) to `path` by way of a temporary file, a forced write and a rename."""
    data = text.encode()
    temporary = path.with_name(path.name + ".writing")
    with storage(path, len(data)):
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)


def plain(value: Any) -> Any:
    """JSON form of numpy scalars, arrays, paths and nested containers; what is not finite becomes null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def dumps(document: Any) -> str:
    """One JSON document, readable by people, with the shortest digits that give the same number back."""
    return json.dumps(plain(document), indent=2, ensure_ascii=False) + "\n"

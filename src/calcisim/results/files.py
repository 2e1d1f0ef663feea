"""Small files written whole: a reader sees the old one or the new one, never half of one."""

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import StorageError

_DAMAGED = "Put the file back from a copy, or start a new run."


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
    """Write `text` (UTF-8) to `path`, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` by way of a temporary file, a forced write and a rename."""
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


def read_object(path: Path, wanted: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The JSON object of a file of a run. `wanted`: keys that it must have, and their types.

    Raises `FileNotFoundError` when the file is not there, and `StorageError` that names file and cause when it is damaged.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise StorageError(f"{path}: cannot be read ({error})") from error
    if not isinstance(document, dict):
        raise StorageError(f"{path}: is damaged: it holds no JSON object. {_DAMAGED}")
    for key, kind in wanted.items():
        value = document.get(key)
        if not isinstance(value, kind) or isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
            found = "is missing" if key not in document else "is not what calcisim writes"
            raise StorageError(f"{path}: is damaged: {key} {found}. {_DAMAGED}")
    return document


def dumps(document: Any) -> str:
    """One JSON document, readable by people, with the shortest digits that give the same number back."""
    return json.dumps(plain(document), indent=2, ensure_ascii=False) + "\n"

"""Checkpoints: everything a run needs to go on with the same bytes, in one file that is either whole or recognised as broken.

Layout (little-endian): magic (8 bytes), format version (u32), header length (u64), header (JSON: `meta` and, per array, name,
dtype, shape, offset), padding to 64 bytes, the arrays, SHA-256 of everything before it (32 bytes).

A file becomes visible only by rename, after its bytes are on the disk. The one before it stays as `NAME.previous`, so that a
kill at any instant leaves at least one whole file. Nothing is unpickled: a checkpoint cannot run code.
"""

import contextlib
import hashlib
import json
import math
import os
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from calcisim.errors import StorageError
from calcisim.numerics.memory import pieces

MAGIC = b"CALCISIM"
VERSION = 4  # 1: one phase, no clumps; 2: no giant cells; 3: no inflammation
_PREFIX = struct.Struct("<8sIQ")
_DIGEST_BYTES = 32
_ALIGN = 64
_PART = 2**20  # bytes that are read at once
_KINDS = "biuf"  # bool, int, unsigned, float: plain numbers only

Loaded = tuple[dict[str, np.ndarray], dict[str, Any]]


class CheckpointError(StorageError):
    """No usable checkpoint: the message says for each file what is wrong with it."""


class CheckpointWarning(UserWarning):
    """The newest checkpoint was damaged and the previous one is used."""


def previous(path: Path) -> Path:
    """Where the checkpoint before the newest one is kept."""
    return path.with_name(path.name + ".previous")


def save(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write `arrays` (name → plain numeric array) and `meta` (JSON values) to `path`, atomically, keeping the one before.

    Raises `CheckpointError`, with the bytes that were needed, when the disk refuses; the checkpoints that were there stay.
    """
    path = Path(path)
    plain = {name: _plain(name, array) for name, array in arrays.items()}
    header = _header(plain, meta)
    needed = _PREFIX.size + len(header) + sum(_padded(array.nbytes) for array in plain.values()) + _DIGEST_BYTES
    temporary = path.with_name(path.name + ".writing")
    try:
        _write(temporary, header, plain)
        # A damaged file must never push the last good one out.
        if path.exists() and _problem(path) is None:
            os.replace(path, previous(path))
        os.replace(temporary, path)
        _sync_directory(path.parent)
    except OSError as error:
        _discard(temporary)
        raise CheckpointError(
            f"{path}: the checkpoint could not be written ({error.strerror or error}); {needed} bytes are needed. "
            "The checkpoint before it is intact: make room, then resume."
        ) from error


def load(path: Path, scenario_sha256: str | None = None, say: Callable[[str], None] | None = None) -> Loaded:
    """Read `path`, or `path.previous` when it is missing or damaged; returns (arrays, meta).

    With `scenario_sha256` a checkpoint whose `meta["scenario_sha256"]` differs is not used. A fallback is told to `say`, or
    else raised as a `CheckpointWarning`. Raises `CheckpointError` when no file is usable.
    """
    path = Path(path)
    faults = []
    for candidate in (path, previous(path)):
        try:
            arrays, meta = _read(candidate)
        except CheckpointError as error:
            faults.append(str(error))
            continue
        if scenario_sha256 is not None and meta.get("scenario_sha256") != scenario_sha256:
            faults.append(f"{candidate}: belongs to another scenario")
            continue
        if faults:
            _tell(f"{faults[0]}; going on from the checkpoint before it ({candidate.name})", say)
        return arrays, meta
    raise CheckpointError("no usable checkpoint: " + "; ".join(faults))


def exists(path: Path) -> bool:
    """Whether there is a checkpoint, whole or not, under `path` or its previous name."""
    return Path(path).exists() or previous(Path(path)).exists()


def _tell(message: str, say: Callable[[str], None] | None) -> None:
    if say is None:
        warnings.warn(message, CheckpointWarning, stacklevel=3)
    else:
        say(message)


def _plain(name: str, array: Any) -> np.ndarray:
    """The array in little-endian numbers, a view where it can be; refuses anything that is not plain numbers."""
    array = np.asarray(array)
    if array.dtype.kind not in _KINDS:
        raise TypeError(f"array {name!r} has dtype {array.dtype}; a checkpoint holds plain numbers only")
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _padded(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def _number(value: Any) -> Any:
    """JSON form of a numpy scalar; anything else is refused."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept in a checkpoint's meta")


def _header(arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> bytes:
    """The JSON header, padded with blanks so that the arrays start on a 64-byte boundary."""
    table, offset = [], 0
    for name, array in arrays.items():
        table.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape), "offset": offset})
        offset += _padded(array.nbytes)
    text = json.dumps({"meta": meta, "arrays": table}, default=_number, sort_keys=True).encode()
    return text.ljust(_padded(_PREFIX.size + len(text)) - _PREFIX.size)


def _write(path: Path, header: bytes, arrays: Mapping[str, np.ndarray]) -> None:
    """All bytes and their digest, forced to the disk before this returns."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:

        def put(data: Any) -> None:
            digest.update(data)
            file.write(data)

        put(_PREFIX.pack(MAGIC, VERSION, len(header)))
        put(header)
        for array in arrays.values():
            for piece in pieces(array):
                put(piece.reshape(-1).view(np.uint8).data)
            put(b"\0" * (_padded(array.nbytes) - array.nbytes))
        file.write(digest.digest())
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    """Force a rename to the disk; some systems cannot open a directory, and there the rename is all that can be done."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _discard(path: Path) -> None:
    """Remove a half-written file; when even that fails its name alone marks it as unfinished."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _verified(path: Path, file: BinaryIO) -> int:
    """Where the arrays of a whole file begin; raises `CheckpointError` with what is wrong. The file is read in parts, never held."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(_PREFIX.size)
    if size < _PREFIX.size + _DIGEST_BYTES:
        raise CheckpointError(f"{path}: truncated")
    magic, version, length = _PREFIX.unpack(start)
    if magic != MAGIC:
        raise CheckpointError(f"{path}: not a calcisim checkpoint")
    if version != VERSION:
        raise CheckpointError(f"{path}: checkpoint format {version}, this calcisim reads format {VERSION}")
    digest, left = hashlib.sha256(start), size - _PREFIX.size - _DIGEST_BYTES
    while left > 0:
        part = file.read(min(left, _PART))
        if not part:
            break
        digest.update(part)
        left -= len(part)
    begin = int(_PREFIX.size + length)
    if digest.digest() != file.read(_DIGEST_BYTES) or begin > size - _DIGEST_BYTES:
        raise CheckpointError(f"{path}: damaged or truncated (checksum differs)")
    return begin


def _problem(path: Path) -> str | None:
    """What is wrong with a file, None when it is whole."""
    try:
        with _opened(path) as file:
            _verified(path, file)
    except CheckpointError as error:
        return str(error)
    return None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, for reading; what the system says is wrong with it becomes a `CheckpointError`."""
    try:
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}") from error


def _read(path: Path) -> Loaded:
    with _opened(path) as file:
        start = _verified(path, file)
        file.seek(_PREFIX.size)
        header = json.loads(file.read(start - _PREFIX.size))
        arrays = {}
        for row in header["arrays"]:
            file.seek(start + row["offset"])
            flat = np.fromfile(file, dtype=row["dtype"], count=math.prod(row["shape"]))
            arrays[row["name"]] = flat.reshape(row["shape"])
    return arrays, header["meta"]

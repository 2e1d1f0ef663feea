"""Large arrays without memory that nobody needs: what is never written to, and copies only to be read."""

import contextlib
import math
import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

_LARGE = 2**22  # bytes: smaller arrays are not worth pages of their own
_SMALL = 2**20  # bytes: a copy of so much is nothing


def untouched(shape: tuple[int, ...], dtype: Any = float) -> np.ndarray:
    """Zeros that take memory only where they are written to, 4 kB at a time. numpy would ask the system for pages of 2 MB, and what few
    rows need would be there for all."""
    kind = np.dtype(dtype)
    size = kind.itemsize * math.prod(shape)
    if size < _LARGE or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(shape, dtype=kind)
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError(f"{size} bytes of memory cannot be had") from error
    with contextlib.suppress(OSError):  # a kernel without huge pages
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(pages, dtype=kind).reshape(shape)


def pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """Contiguous pieces of an array, one after the other in C order: all of it can be read without a copy of the whole."""
    if array.flags.c_contiguous:
        yield array
    elif array.ndim == 1 or array.nbytes <= _SMALL:
        yield np.ascontiguousarray(array)
    else:
        for part in array:
            yield from pieces(part)

"""Rows of a sweep over a small team of threads.

Kernels release the interpreter lock, so plain Python threads run them side by side: no second compilation, no spinning wait.
A sweep writes only its own rows, so the bytes it leaves do not depend on how many threads shared the work.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import psutil

SERIAL_BELOW = 16_384  # voxels: below this the hand-over costs more than it saves
_CHUNKS_PER_THREAD = 4  # several chunks each, so that one slow core does not hold up the others


class _Team:
    """The threads of this process: one pool, made when first needed."""

    def __init__(self) -> None:
        self.size = 1
        self.pool: ThreadPoolExecutor | None = None
        self.lock = threading.Lock()

    def resize(self, size: int) -> None:
        if size != self.size and self.pool is not None:
            self.pool.shutdown(wait=True)
            self.pool = None
        self.size = size

    def executor(self) -> ThreadPoolExecutor:
        with self.lock:  # two sites may want it at once
            if self.pool is None:
                self.pool = ThreadPoolExecutor(max_workers=self.size, thread_name_prefix="calcisim")
            return self.pool


_team = _Team()
_here = threading.local()  # whether this thread does its sweeps alone


def use(count: int) -> None:
    """Set how many threads share large sweeps (at least 1)."""
    if count < 1:
        raise ValueError(f"threads must be at least 1, not {count}")
    _team.resize(count)


def count() -> int:
    """How many threads share large sweeps now."""
    return _team.size


def side_by_side(calls: list[Callable[[], Any]]) -> list[Any]:
    """What these calls return, in their order, each in a thread of its own as far as the team reaches; the first that raised raises.

    With as many calls as threads every call does its sweeps alone, so that no core waits for another's rows.
    """
    alone = len(calls) >= _team.size

    def begin() -> None:
        _here.alone = alone

    with ThreadPoolExecutor(max_workers=min(_team.size, len(calls)), thread_name_prefix="calcisim-site", initializer=begin) as pool:
        futures = [pool.submit(call) for call in calls]
    return [future.result() for future in futures]


def free_cores() -> int:
    """Cores that other processes leave idle, at least 1, at most those this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    busy = sum(psutil.cpu_percent(interval=0.1, percpu=True)) / 100.0
    return max(1, min(allowed, round(allowed - busy)))


def rows(sweep: Callable[..., Any], n_rows: int, row_size: int, *args: Any) -> None:
    """Call `sweep(*args, row0, row1)` so that rows 0 … n_rows are covered once.

    row_size : voxels in a row; small work goes in one serial call.
    """
    if _team.size == 1 or n_rows * row_size < SERIAL_BELOW or getattr(_here, "alone", False):
        sweep(*args, 0, n_rows)
        return
    chunks = max(1, min(n_rows, _team.size * _CHUNKS_PER_THREAD))
    bounds = [n_rows * part // chunks for part in range(chunks + 1)]
    futures = [_team.executor().submit(sweep, *args, low, high) for low, high in pairwise(bounds)]
    for future in futures:
        future.result()

"""Ctrl-C and SIGTERM: the first asks the run to stop after its step, the second ends the process at once."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING = "stopping after this step, then saving; once more to stop at once"
DROPPED = "stopping: what is at work is dropped, runs that ended are kept; once more to stop at once"  # of studies of many runs


class Interrupts:
    """Context manager around the run loop. `received` is the first signal's number, None while there was none.

    stopping: what is said at the first signal.
    Signals can only be caught in the main thread; elsewhere (a notebook's worker, a pool) this does nothing.
    """

    def __init__(self, say: Callable[[str], None], stopping: str = STOPPING):
        self.received: int | None = None
        self._say, self._stopping = say, stopping
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            os._exit(128 + number)
        self.received = number
        self._say(self._stopping)

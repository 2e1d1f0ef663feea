"""Two threads that hand each other work with as little ceremony as Python allows: a lock to begin, a lock to end, no queue, no spinning."""

import threading
from collections.abc import Callable
from typing import Any


class Two:
    """This thread and one more. Kernels release the interpreter's lock, so both halves run side by side."""

    def __init__(self) -> None:
        self._begin, self._end = threading.Lock(), threading.Lock()
        self._begin.acquire()
        self._end.acquire()
        self._job: tuple[Any, ...] = ()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._begin.acquire()
            function, *arguments = self._job
            function(*arguments)
            self._end.release()

    def both(self, mine: tuple[Any, ...], other: tuple[Any, ...]) -> None:
        """Call (function, arguments…) here and in the other thread; returns when both are done."""
        self._job = other
        self._begin.release()
        function, *arguments = mine
        function(*arguments)
        self._end.acquire()

    def rows(self, sweep: Callable[..., Any], n_rows: int, *arguments: Any) -> None:
        """`sweep(*arguments, row0, row1)` over both halves of the rows."""
        half = n_rows // 2
        self.both((sweep, *arguments, 0, half), (sweep, *arguments, half, n_rows))

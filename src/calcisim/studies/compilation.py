"""How long kernels took to compile, counted by the compiler itself and apart from the run."""

from types import TracebackType


class CompileClock:
    """Context manager; `seconds` is what compilation took inside it. Kernels that come from the cache take none."""

    def __init__(self) -> None:
        from numba.core import event

        self._listener = event.TimingListener()
        self._registration = event.install_listener("numba:compile", self._listener)

    def __enter__(self) -> "CompileClock":
        self._registration.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._registration.__exit__(kind, error, trace)

    @property
    def seconds(self) -> float:
        return float(self._listener.duration) if self._listener.done else 0.0

"""Many independent tasks in warm processes: one thread each, results as they come, and a process that dies costs one task.

    for done in each(function, {"a": (1,), "b": (2,)}, workers=2):
        print(done.key, done.value, done.error)

A process keeps its compiled kernels from task to task. Nothing here depends on how many processes there are: a task is its arguments.

`Executor` is what a study needs of the place where its tasks run. `Processes` is this machine; `calcisim.studies.cluster` has others.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol

from calcisim.errors import CalcisimError, MemoryRefused, StorageError, UsageError
from calcisim.studies import resources

MOST = 256  # processes
LOOK = 0.25  # s between two looks at what came and whether to stop
KILLED = "its process was killed, perhaps for want of memory"
Task = tuple[Hashable, tuple[Any, ...]]


@dataclass(frozen=True)
class Done:
    """A task that came to its end: its value, or what went wrong in words; again: another try may go well, as after a killed process."""

    key: Any
    value: Any = None
    error: str | None = None
    again: bool = False


class Executor(Protocol):
    """Where the tasks of a study run. Results do not depend on it."""

    def run(
        self,
        function: Callable[..., Any],
        tasks: Mapping[Any, tuple[Any, ...]],
        memory: int | None = None,
        say: Callable[[str], None] = lambda text: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Done]:
        """What function(*arguments) gives for every task, in the order in which they end; nothing more once `stop()` is true.

        function: of a module; memory: bytes that one task needs; say: told where the tasks run. A place that is lost costs its tasks
        another try. Raises `CalcisimError` where no task can run at all.
        """
        ...


@dataclass(frozen=True)
class Processes:
    """An `Executor`: processes of this machine. count: how many; None for one per free core as far as memory reaches."""

    count: int | None = None

    def __post_init__(self) -> None:
        if self.count is not None and not 1 <= self.count <= MOST:
            raise UsageError(f"--workers {self.count}: must be 1 to {MOST}.")

    def run(
        self,
        function: Callable[..., Any],
        tasks: Mapping[Any, tuple[Any, ...]],
        memory: int | None = None,
        say: Callable[[str], None] = lambda text: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Done]:
        """As `Executor.run`. Raises `MemoryRefused` where not even one task fits; compiles the kernels first where they are not yet."""
        from calcisim.studies import warmup

        resources.refuse_if_too_large(memory)
        if resources.cold():
            warmup.warmup(say)
        count = min(workers(self.count, memory), len(tasks))
        say(f"in {count} process{'es' if count > 1 else ''}")
        yield from each(function, tasks, count, stop)


def workers(wanted: int | None, memory: int | None = None) -> int:
    """How many processes to use: as asked for, else one per free core as far as memory [bytes for each] reaches."""
    from calcisim.numerics import threads

    if wanted is not None:
        return wanted
    fit = 1_000 if not memory else int(resources.SHARE * resources.free_memory() / memory)
    return max(1, min(threads.free_cores(), fit))


def each(
    function: Callable[..., Any], tasks: Mapping[Any, tuple[Any, ...]], count: int, stop: Callable[[], bool] = lambda: False
) -> Iterator[Done]:
    """What function(*arguments) gives for every task, in the order in which they end; processes are told to end when `stop()` is true.

    function: of a module, so that a new process finds it. With count = 1 tasks run one after the other in a process of their own.
    """
    waiting: list[Task] = list(tasks.items())
    suspects: list[Task] = []  # what was at work when a process died: each is tried again, alone
    while waiting and not stop():
        died: list[Task] = []
        yield from _through(function, waiting, count, stop, died)
        suspects += died
    for task in suspects:
        lone, died = [task], []
        if not stop():
            yield from _through(function, lone, 1, stop, died)
        if died:
            yield Done(task[0], None, KILLED, again=True)


def _through(function: Callable[..., Any], waiting: list[Task], count: int, stop: Callable[[], bool], died: list[Task]) -> Iterator[Done]:
    """Take tasks from `waiting` until it is empty, `stop()` is true or a process died; in `died` what was at work then."""
    context = get_context("spawn")
    ending = context.Event()
    at_work: dict[Future[Any], Task] = {}
    with _one_thread_each():
        pool = ProcessPoolExecutor(min(count, len(waiting)), context, _begin, (os.getpid(), ending))
        try:
            while (waiting or at_work) and not stop():
                while waiting and len(at_work) < count:
                    at_work[pool.submit(guarded, function, waiting[0][1])] = waiting[0]
                    waiting.pop(0)
                ended, _ = wait(at_work, LOOK, FIRST_COMPLETED)
                for future in ended:
                    task = at_work[future]
                    value, error, again = future.result()
                    del at_work[future]
                    yield Done(task[0], value, error, again)
        except BrokenProcessPool:
            died += at_work.values()
        finally:
            ending.set()
            pool.shutdown(wait=True, cancel_futures=True)


class _one_thread_each:
    """Context: processes that start now use one thread for linear algebra."""

    def __enter__(self) -> None:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        self.before = {name: os.environ.get(name) for name in names}
        os.environ.update(dict.fromkeys(names, "1"))

    def __exit__(self, *what: object) -> None:
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin(parent: int, ending: Any) -> None:
    """A new process: Ctrl-C is the parent's business, and it ends with the parent or when told to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent and not ending.is_set():
            time.sleep(LOOK)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def guarded(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, str | None, bool]:
    """Value and None, or None, what went wrong, and whether that was the machine's doing: a failed task ends no study."""
    try:
        return function(*arguments), None, False
    except CalcisimError as error:
        return None, str(error), isinstance(error, (StorageError, MemoryRefused))
    except Exception as error:  # noqa: BLE001
        return None, f"{type(error).__name__}: {error}", isinstance(error, (OSError, MemoryError))

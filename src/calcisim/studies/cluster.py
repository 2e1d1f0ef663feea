"""Tasks on other machines: the workers of a Dask scheduler, or jobs of Slurm (both with the extra `cluster`).

A worker that is lost costs its task another try elsewhere. Every worker must have this very calcisim: sources and parameter tables are
compared before it gets a task. A process runs one task at a time, whatever the number of its threads.
"""

import contextlib
import logging
import pydoc
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calcisim.errors import CalcisimError, UsageError
from calcisim.scenario.errors import nearest
from calcisim.studies import provenance
from calcisim.studies.executor import KILLED, LOOK, MOST, Done, Executor, Processes, guarded

AHEAD = 2  # tasks per thread of the workers that the scheduler has at a time: the next one is there when one ends
CONNECT = 10.0  # s to reach a scheduler
WAITING = 10.0  # s without any worker before that is said
LEAST = 2_000_000_000  # bytes for a worker of a job: compiled kernels and libraries, beside twice what the run is estimated to need
_one = threading.Lock()
Say = Callable[[str], None]


def chosen(workers: int | None, scheduler: str | None = None, slurm: Sequence[str] = ()) -> Executor:
    """Where tasks run, as options say: --workers N alone is this machine. Raises UsageError for options that do not go together."""
    if scheduler is not None and slurm:
        raise UsageError("--scheduler and --slurm are two places for the same runs; choose one")
    if scheduler is not None:
        if workers is not None:
            raise UsageError("--workers does not go with --scheduler: a scheduler has the workers that were started for it")
        _need("--scheduler", "distributed")
        return Dask(scheduler)
    if slurm:
        _need("--slurm", "dask_jobqueue")
        jobs = Slurm.read(slurm, workers)
        jobs.check()
        return jobs
    return Processes(workers)


def _need(option: str, module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise UsageError(f"{option} needs {module.replace('_', '-')}, which the extra `cluster` brings: pip install 'calcisim[cluster]'")


@dataclass(frozen=True)
class Dask:
    """An `Executor`: the workers of a scheduler. address: tcp://HOST:PORT, or the scheduler file that `dask scheduler` wrote.

    Raises UsageError for what is neither.
    """

    address: str

    def __post_init__(self) -> None:
        self._file()

    def _file(self) -> bool:
        """Whether the address is a scheduler file."""
        if "://" in self.address:
            return False
        try:
            found = Path(self.address).is_file()
        except (OSError, ValueError):  # a name that no file system takes
            found = False
        if not found:
            said = "there is no such scheduler file" if self.address else "this is empty"
            raise UsageError(f"--scheduler {self.address!r:.200}: {said}; give the file, or an address as tcp://HOST:8786")
        return True

    def run(
        self,
        function: Callable[..., Any],
        tasks: Mapping[Any, tuple[Any, ...]],
        memory: int | None = None,
        say: Say = lambda text: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Done]:
        """As `Executor.run`. Raises UsageError where no scheduler answers or a worker has another calcisim."""
        with _client(self._open) as client:
            say(f"on the workers of {client.scheduler.address}")
            yield from _through(client, function, tasks, say, stop)

    def _open(self) -> Any:
        from distributed import Client

        look: dict[str, Any] = {"timeout": CONNECT, "set_as_default": False}
        try:
            if self._file():  # one that is gone by now would be waited for
                return Client(scheduler_file=self.address, **look)
            return Client(self.address, **look)
        except (OSError, ValueError, TypeError, ImportError) as error:  # a timeout is an OSError
            raise UsageError(
                f"--scheduler {self.address}: no Dask scheduler answers there ({error or type(error).__name__}). "
                "Start one with: dask scheduler, and its workers with: dask worker ADDRESS --nthreads 1"
            ) from None


@dataclass(frozen=True)
class Slurm:
    """An `Executor`: jobs of Slurm, each with as many workers as it has cores. workers: in all; None for those of one job.

    settings: of a job, by the names of KEYS; directives: more #SBATCH lines; prologue: shell lines before the workers start.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()
    workers: int | None = None

    KEYS = ("queue", "account", "walltime", "cores", "memory", "interface", "log_directory", "local_directory")

    @classmethod
    def read(cls, words: Sequence[str], workers: int | None = None) -> "Slurm":
        """KEY=VALUE texts; `directive` and `prologue` may be repeated. Raises UsageError with the nearest right word."""
        settings: dict[str, str] = {}
        more: dict[str, list[str]] = {"directive": [], "prologue": []}
        for word in words:
            key, equals, value = (part.strip() for part in word.partition("="))
            if not equals or not value or "\n" in word:
                raise UsageError(f"--slurm {word!r}: this is not KEY=VALUE, for example queue=short")
            if key in more:
                more[key].append(value)
            elif key not in cls.KEYS:
                raise UsageError(f"--slurm {word!r}: there is no {key!r}; {nearest(key, [*cls.KEYS, *more])}")
            elif key in settings:
                raise UsageError(f"--slurm {key} is there twice")
            else:
                settings[key] = value
        if not settings.get("cores", "1").isdecimal() or not 1 <= int(settings.get("cores", "1")) <= MOST:
            raise UsageError(f"--slurm cores={settings['cores']}: must be 1 to {MOST}")
        if workers is not None and not 1 <= workers <= 100 * MOST:
            raise UsageError(f"--workers {workers}: must be 1 to {100 * MOST:,} in jobs of Slurm")
        return cls(settings, tuple(more["directive"]), tuple(more["prologue"]), workers)

    def cluster(self, memory: int | None = None) -> Any:
        """dask_jobqueue's cluster, without a job yet. memory: bytes that one run needs. Raises UsageError for what it does not take."""
        from dask_jobqueue import SLURMCluster

        cores = int(self.settings.get("cores", "1"))
        needed = cores * max(LEAST, 2 * (memory or 0))
        given: dict[str, Any] = {key: value for key, value in self.settings.items() if key not in ("cores", "memory")}
        alone = [f"export {name}=1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")]
        try:
            return SLURMCluster(
                cores=cores,
                processes=cores,
                memory=self.settings.get("memory", f"{needed / 1e9:.0f} GB"),
                job_name="calcisim",
                job_extra_directives=list(self.directives),
                job_script_prologue=[*alone, *self.prologue],
                scheduler_options={"dashboard": False, "dashboard_address": ":0"},
                **given,
            )
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise UsageError(f"--slurm: {error}") from None

    def script(self, memory: int | None = None) -> str:
        """The job script that Slurm would get."""
        with self.cluster(memory) as cluster:
            return str(cluster.job_script())

    def check(self) -> None:
        """Raise UsageError where no job can be given to Slurm."""
        if shutil.which("sbatch") is None:
            raise UsageError("--slurm: there is no sbatch here; give the command on a login node of a Slurm cluster")

    def run(
        self,
        function: Callable[..., Any],
        tasks: Mapping[Any, tuple[Any, ...]],
        memory: int | None = None,
        say: Say = lambda text: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Done]:
        """As `Executor.run`. The jobs end with the study; if this process is killed, they end by themselves within a minute or so."""
        from distributed import Client

        self.check()
        with self.cluster(memory) as cluster:
            wanted = min(self.workers or int(self.settings.get("cores", "1")), len(tasks))
            cluster.scale(n=wanted)
            say(f"asking Slurm for {wanted} worker{'s' if wanted > 1 else ''}")
            with _client(lambda: Client(cluster, set_as_default=False)) as client:
                yield from _through(client, function, tasks, say, stop)


@contextlib.contextmanager
def _client(make: Callable[[], Any]) -> Iterator[Any]:
    """A client that goes without noise, also when its scheduler is gone."""
    import distributed  # noqa: F401  (sets up its log, which is made quiet then)

    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm", "distributed.batched", "distributed.worker"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    client = make()
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=2)


def _through(
    client: Any, function: Callable[..., Any], tasks: Mapping[Any, tuple[Any, ...]], say: Say, stop: Callable[[], bool]
) -> Iterator[Done]:
    """The tasks through a client, some ahead at a time; what is at work is cancelled once `stop()` is true.

    Dask blames a death on every task that the worker had before it: those that it gives up for that are tried once more, each alone.
    """
    waiting = list(tasks.items())[::-1]
    suspects: list[Any] = []
    tried: set[Any] = set()
    at_work: dict[Any, Any] = {}
    crew = _Crew(client, say)
    try:
        while (waiting or at_work or suspects) and not stop():
            room = AHEAD * crew.threads()
            if suspects and not waiting and not at_work:
                tried.add(suspects[-1])
                waiting = [(suspects[-1], tasks[suspects.pop()])]
            while waiting and len(at_work) < room:
                key, arguments = waiting.pop()
                at_work[client.submit(alone, function, arguments, pure=False)] = key
            for future in _ended(at_work):
                status = future.status
                if status == "lost":  # its worker died with the result, and the scheduler has it done again
                    continue
                done = _done(at_work.pop(future), future, status)
                if done.error == KILLED and done.key not in tried:
                    suspects.append(done.key)
                else:
                    yield done
    except OSError as error:
        raise _gone(client) from error
    finally:
        if client.status == "running":
            with contextlib.suppress(Exception):
                client.cancel(list(at_work), force=True)


def _gone(client: Any) -> CalcisimError:
    address = getattr(getattr(client, "scheduler", None), "address", "the cluster")
    return CalcisimError(f"{address}: the Dask scheduler is gone. What was finished is kept; start it again, and give the same command")


class _Crew:
    """The workers of a client: how many threads they have, each looked at once before it gets a task."""

    def __init__(self, client: Any, say: Say):
        self.client, self.say = client, say
        self.known: set[str] = set()
        self.alone_since, self.told = time.monotonic(), False

    def threads(self) -> int:
        """Threads of all workers now; waits a moment where there are none. Raises UsageError for a worker with another calcisim."""
        if self.client.status != "running":
            raise _gone(self.client)
        now = self.client.nthreads()
        if now:
            self.alone_since, self.told = time.monotonic(), False
        else:
            if not self.told and time.monotonic() - self.alone_since > WAITING:
                self.say("waiting for a worker; Ctrl-C stops, and the same command goes on")
                self.told = True
            time.sleep(LOOK)
        if new := set(now) - self.known:
            self._look_at(sorted(new))
            self.known |= new
            if any(now[address] > 1 for address in new):
                self.say("workers with several threads run one task at a time; start them with --nthreads 1, one for each core")
        return sum(now.values())

    def _look_at(self, new: Sequence[str]) -> None:
        # a function of ours would end a worker that does not have it, so one of the standard library looks first
        there = self.client.run(pydoc.locate, f"{__name__}.{fingerprint.__name__}", workers=list(new), on_error="return")
        for address, found in there.items():
            if found is None or isinstance(found, (ImportError, AttributeError, pydoc.ErrorDuringImport)):
                raise UsageError(f"worker {address} has no calcisim, or an old one; install this one where its Python looks for packages")
        own = fingerprint()
        usable = [address for address, found in there.items() if callable(found)]  # the others are gone again
        for address, found in self.client.run(fingerprint, workers=usable, on_error="return").items():
            if isinstance(found, BaseException):
                continue
            if found["calcisim"] != own["calcisim"]:
                raise UsageError(f"worker {address} has another calcisim; all of them must be this one, so that results are the same")
            others = [f"{name} {version}" for name, version in found["versions"].items() if own["versions"].get(name) != version]
            if others:
                self.say(f"warning: worker {address} has other versions ({', '.join(others)}): last digits may differ from those here")


def fingerprint() -> dict[str, Any]:
    """What a result depends on beside the task: sources and tables of calcisim, and versions of the packages below it."""
    from calcisim.jit import data_hash, source_hash

    versions = {name: version for name, version in provenance.versions().items() if name != "matplotlib"}
    return {"calcisim": [source_hash(), data_hash()], "versions": versions}


def alone(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, str | None, bool]:
    """`guarded`, one at a time in a process."""
    with _one:
        return guarded(function, arguments)


def _ended(at_work: Mapping[Any, Any]) -> list[Any]:
    """Those that ended, after a moment at most. Raises CalcisimError where the scheduler forgot them."""
    from distributed import CancelledError, wait

    if not at_work:
        return []
    client = next(iter(at_work)).client
    try:
        with client.as_current():
            return list(wait(list(at_work), timeout=LOOK, return_when="FIRST_COMPLETED").done)
    except TimeoutError:
        return []
    except CancelledError:
        raise _gone(client) from None


def _done(key: Any, future: Any, status: str) -> Done:
    """What came of a task. Raises CalcisimError where it was lost with the scheduler."""
    from distributed.scheduler import KilledWorker

    if status == "cancelled":
        raise _gone(future.client)
    if status == "finished":
        value, error, again = future.result()
        return Done(key, value, error, again)
    error = future.exception()
    if isinstance(error, KilledWorker):
        return Done(key, None, KILLED, again=True)
    return Done(key, None, f"{type(error).__name__}: {error}", again=True)

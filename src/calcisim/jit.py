"""The only place with compiler options, and with the place of the compiled kernels on disk.

numba's own cache index looks at the file that holds a function, not at the functions it calls in other files, and not at
NUMBA_BOUNDSCHECK or NUMBA_DEBUG_*: an edited callee would run its old code. So the cache directory itself is named after a
hash of every source that a kernel is in or can take a number from, the compiler versions, the processor and those flags. It must be
set before the first decorator runs, so every module that compiles imports `kernel` from here.
"""

import contextlib
import gc
import hashlib
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

_FLAGS = ("NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT", "NUMBA_DEBUG", "NUMBA_DEBUGINFO", "NUMBA_OPT", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")
_PACKAGE = Path(__file__).parent
_FLOORS = ("numerics", "physics")
_IMPORT = re.compile(rb"^from calcisim\.jit import .*\b(kernel|part)\b", re.MULTILINE)
_FROM = re.compile(rb"^from calcisim\.(\S+) import ", re.MULTILINE)
_KEEP = 4  # how many older cache directories stay: enough for a few branches side by side


def _cpu() -> str:
    """The processor's name and features, because machine code is made for them."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return platform.processor() + platform.machine()
    rows = [row for row in text.splitlines() if row.startswith(("model name", "flags"))]
    return "".join(sorted(set(rows)))


def _digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 (hex) over names and bytes of files below `root`, in name order."""
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> list[Path]:
    """All Python sources of the package; an installation has the benchmarks in it too, and they are no part of the model."""
    return [path for path in _PACKAGE.rglob("*.py") if "benchmarks" not in path.relative_to(_PACKAGE).parts]


def source_hash() -> str:
    """SHA-256 (hex) over all Python sources of the package, in name order: the same in a checkout and in an installation."""
    return _digest(_PACKAGE, _sources())


def kernel_sources() -> list[Path]:
    """The sources that machine code depends on: both floors of kernels, what lies beside and below them, any other module with a kernel,
    and what such a module imports, so that an edited study or command compiles nothing again."""
    below = [*_PACKAGE.glob("*.py"), *(path for floor in _FLOORS for path in (_PACKAGE / floor).rglob("*.py"))]
    found, waiting = set(below), [path for path in _sources() if _IMPORT.search(path.read_bytes())]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in _FROM.findall(path.read_bytes()):
            one = _PACKAGE.joinpath(*name.decode().split("."))
            waiting += [one.with_suffix(".py")] if one.with_suffix(".py").is_file() else one.glob("*.py")
    return sorted(found)


def data_hash(root: Path | None = None) -> str:
    """SHA-256 (hex) over all files of `root`, the package's data/ by default. No kernel depends on it, so it is in no cache key."""
    root = root or _PACKAGE / "data"
    return _digest(root, root.rglob("*"))


def _cache_directory() -> Path:
    from platformdirs import user_cache_path

    digest = hashlib.sha256(_digest(_PACKAGE, kernel_sources()).encode())
    flags = [f"{name}={os.environ.get(name, '')}" for name in _FLAGS]
    for item in (version("numba"), version("llvmlite"), platform.python_version(), _cpu(), *flags):
        digest.update(item.encode())
    base = Path(os.environ.get("CALCISIM_CACHE_DIR") or user_cache_path("calcisim", appauthor=False))
    return base / f"kernels-{digest.hexdigest()[:16]}"


def _prune(keep: Path) -> None:
    """Remove all but the newest few cache directories; another process may be doing the same."""
    older = [path for path in keep.parent.glob("kernels-*") if path != keep]
    try:
        older.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return
    for path in older[_KEEP:]:
        shutil.rmtree(path, ignore_errors=True)


def _prepare() -> Path:
    directory = _cache_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _prune(directory)
    except OSError:  # read-only home: numba compiles in memory, slower but right
        return directory
    os.environ["NUMBA_CACHE_DIR"] = str(directory)
    return directory


CACHE_DIRECTORY = _prepare()
_DONE = CACHE_DIRECTORY / "compiled"  # written when a whole run has been through every kernel


def cold() -> bool:
    """True until a run has compiled the kernels into this cache directory."""
    return not _DONE.exists()


def mark_compiled() -> None:
    """Note that a run went through all kernels; a read-only cache stays cold, which is true."""
    with contextlib.suppress(OSError):
        _DONE.touch()


import numba  # noqa: E402  (the cache directory must be set first)

numba.config.CACHE_DIR = os.environ.get("NUMBA_CACHE_DIR", "")

from numba.core import caching, event  # noqa: E402

_timer = event.TimingListener()
event.register("numba:compile", _timer)


class _Undisturbed(event.Listener):
    """No garbage collection while a kernel compiles: the compiler makes millions of small objects and walking through them takes a sixth
    of its time. Nested compilations hold it off until the outermost is done."""

    def __init__(self) -> None:
        self.depth, self.collects = 0, True

    def on_start(self, event: Any) -> None:
        if self.depth == 0:
            self.collects = gc.isenabled()
            gc.disable()
        self.depth += 1

    def on_end(self, event: Any) -> None:
        self.depth -= 1
        if self.depth == 0 and self.collects:
            gc.enable()


event.register("numba:compile", _Undisturbed())


def shared() -> bool:
    """Whether other processes can use what is compiled here: there is a compiler, and its cache can be written."""
    return not numba.config.DISABLE_JIT and os.access(CACHE_DIRECTORY, os.W_OK)


def compile_seconds() -> float:
    """Seconds this process has spent compiling kernels so far; loading them from the disk does not count."""
    return float(_timer.duration) if _timer.done else 0.0


class _Cache(caching.FunctionCache):
    """numba's cache on disk, made safe against company and damage.

    Two processes that save two signatures of one kernel at once would both take the next free file name, and one of them would later
    load the other's machine code: saving waits for a lock. What cannot be read is compiled again; what cannot be written (disk full,
    directory gone or read-only) stays in memory.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001  (whatever unpickling a damaged file raises)
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError), FileLock(CACHE_DIRECTORY / "saving.lock"):
            super().save_overload(sig, data)


_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": False, "no_cfunc_wrapper": True}  # none is called from C


def _compiled(**more: Any) -> Callable[[Callable[..., Any]], Any]:
    compiler = numba.njit(**_OPTIONS, **more)

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = compiler(function)
        if not numba.config.DISABLE_JIT:
            dispatcher._cache = _Cache(function)
        return dispatcher

    return decorate


kernel = _compiled()
# For what a single kernel calls, in a single place: it becomes part of that one before either is compiled, so no machine code is made
# of it alone, nor code that unpacks its arguments. Called from Python it is a kernel like any other.
part = _compiled(inline="always")

"""The directory of a run: made once, held by one process, never overwritten."""

import re
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from calcisim.errors import RunLocked, StorageError, UsageError
from calcisim.results.files import dumps, read_object, storage, write_text

SCENARIO = "scenario.resolved.toml"
PROVENANCE = "provenance.json"
CHECKPOINT = "checkpoint.bin"
FIGURES = "figures"
LOCK = ".lock"
_WANTED: dict[str, type | tuple[type, ...]] = {
    "scenario": str,
    "days": (int, float),
    "seed": int,
    "scenario_sha256": str,
    "source_sha256": str,
    "versions": dict,
    "citations": list,
}


def lock(directory: Path) -> FileLock:
    """Take the run directory for this process; raises `RunLocked` at once when another process holds it."""
    held = FileLock(str(Path(directory) / LOCK))
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise RunLocked(f"{directory}: another process is working in this run; wait for it, or choose another --out.") from None
    except OSError as error:
        raise StorageError(f"{directory}: cannot be written ({error.strerror or error})") from error
    return held


def _make(directory: Path, fresh: bool) -> bool:
    """Make the directory; False when `fresh` is wanted and it is already there."""
    try:
        directory.mkdir(parents=True, exist_ok=not fresh)
    except FileExistsError:
        if directory.is_dir():
            return False
        raise UsageError(f"{directory}: is a file, not a directory; choose another place with --out.") from None
    except OSError as error:
        raise StorageError(f"{directory}: cannot be made ({error.strerror or error}); choose another place with --out.") from error
    return True


def numbered(base: Path, scenario: str) -> tuple[Path, FileLock]:
    """A new directory `base/NAME-001` (the next free number), locked; NAME is the scenario's, with / as -."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", scenario.removesuffix(".toml")).strip("-.") or "run"
    number = 1
    while not _make(base / f"{name}-{number:03d}", fresh=True):
        number += 1
    directory = base / f"{name}-{number:03d}"
    return directory, lock(directory)


def chosen(directory: Path, force: bool) -> FileLock:
    """Make and lock the directory that the user named. A run that is there is refused, or with `force` moved aside.

    Raises `UsageError`, and leaves no trace, for the current folder, one above it, and a folder that holds something else than a run.
    """
    directory = Path(directory)
    here, there = Path.cwd().resolve(), directory.resolve()
    if here.is_relative_to(there):
        raise UsageError(f"--out {str(directory)!r}: is the current folder or one above it; name a new one, for example --out runs/first")
    if directory.name == "..":
        directory = there  # what is moved aside needs a name
    if directory.is_dir() and not _never_began(directory) and _foreign(directory):
        if (directory / LOCK).exists():
            lock(directory).release()  # raises when a run is just being written there
        raise UsageError(f"{directory}: holds files that are not of a run, so it is left alone, also with --force. Choose another --out.")
    _make(directory, fresh=False)
    held = lock(directory)
    if not _occupied(directory) or _never_began(directory):
        return held
    if not force:
        held.release()
        raise UsageError(
            f"{directory}: is not empty, and nothing is ever overwritten. Choose another --out, go on with 'calcisim resume {directory}', "
            "or add --force to move the old one aside."
        )
    with storage(directory):
        directory.rename(aside(directory))
    held.release()
    _make(directory, fresh=False)
    return lock(directory)


def _foreign(directory: Path) -> bool:
    """True for a directory that holds something and bears no sign of a run."""
    with storage(directory):
        return _occupied(directory) and not any((directory / name).exists() for name in (PROVENANCE, SCENARIO))


def _never_began(directory: Path) -> bool:
    """True for what a run leaves that was killed before its scenario was written: nothing was computed, and nothing can be resumed."""
    with storage(directory):
        names = {path.name for path in directory.iterdir()} - {LOCK}
    if not names or not names <= {PROVENANCE, f"{PROVENANCE}.writing", f"{SCENARIO}.writing"}:
        return False
    try:
        return PROVENANCE not in names or bool(read_object(directory / PROVENANCE, _WANTED))
    except StorageError:
        return False  # a file of somebody else's that happens to be called so


def _occupied(directory: Path) -> bool:
    return any(path.name != LOCK for path in directory.iterdir())


def aside(directory: Path) -> Path:
    """The first free DIR.old-N."""
    number = 1
    while (place := directory.with_name(f"{directory.name}.old-{number}")).exists():
        number += 1
    return place


def describe(directory: Path, scenario_text: str, provenance: dict[str, Any]) -> None:
    """Write what is needed to start or resume: provenance first, then the resolved scenario; with both the run is resumable."""
    write_text(directory / PROVENANCE, dumps(provenance))
    write_text(directory / SCENARIO, scenario_text)


def provenance(directory: Path) -> dict[str, Any]:
    """Provenance of a run directory. Raises `UsageError` when `directory` is not one, `StorageError` when the file is damaged."""
    directory = Path(directory)
    if not directory.is_dir():
        raise UsageError(f"{directory}: no such run directory.{_nearby(directory)}")
    if not (directory / SCENARIO).exists():
        raise UsageError(f"{directory}: holds no {SCENARIO}, so it is not a run; start one with 'calcisim run'.")
    try:
        return read_object(directory / PROVENANCE, _WANTED)
    except FileNotFoundError:
        raise StorageError(f"{directory / PROVENANCE}: is not there, so nothing says what this run is; start a new one") from None


def cited(directory: Path) -> list[str]:
    """Keys of the references that a run stands on. Raises `StorageError` for one that the bibliography does not have."""
    from calcisim import sources

    keys = provenance(directory)["citations"]
    unknown = [key for key in keys if not isinstance(key, str) or key not in sources.references()]
    if unknown:
        raise StorageError(f"{Path(directory) / PROVENANCE}: cites {unknown[0]!r:.60}, which the bibliography does not have.")
    return list(keys)


def _nearby(directory: Path) -> str:
    """A hint with the run directories beside a mistyped one."""
    import difflib

    parent = directory.parent
    names = [path.name for path in parent.iterdir() if path.is_dir()] if parent.is_dir() else []
    close = difflib.get_close_matches(directory.name, names, n=3)
    return f" Did you mean {', '.join(str(parent / name) for name in close)}?" if close else ""

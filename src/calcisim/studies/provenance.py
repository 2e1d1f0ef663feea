"""Where a result comes from: versions, sources, command and citations, written before the first step."""

import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from calcisim.errors import StorageError

_PACKAGES = ("calcisim", "numpy", "scipy", "numba", "llvmlite", "netCDF4", "pydantic", "matplotlib")


def text_sha256(text: str) -> str:
    """SHA-256 (hex) of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file. Raises `StorageError` when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror})") from error


def versions() -> dict[str, str]:
    """Installed versions of the packages that can change a result; those that are absent are left out."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def collect(loaded: Any, text: str, given: dict[str, Any]) -> dict[str, Any]:
    """The provenance document; `given` are the facts that only the caller knows (scenario name, days, seed, command …)."""
    from calcisim.jit import data_hash, source_hash
    from calcisim.scenario.citations import citations

    return {
        **given,
        "scenario_sha256": text_sha256(text),
        "source_sha256": source_hash(),
        "data_sha256": data_hash(),
        "versions": versions(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "citations": citations(loaded),
    }

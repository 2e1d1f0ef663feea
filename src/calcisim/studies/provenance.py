"""Where a result comes from: versions, sources, command and citations, written before the first step."""

import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = ("calcisim", "numpy", "scipy", "numba", "llvmlite", "netCDF4", "pydantic", "matplotlib")


def text_sha256(text: str) -> str:
    """SHA-256 (hex) of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


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
    from calcisim.jit import source_hash

    return {
        **given,
        "scenario_sha256": text_sha256(text),
        "source_sha256": source_hash(),
        "versions": versions(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "citations": citations(loaded),
    }


def citations(loaded: Any) -> list[str]:
    """Keys of the references that a run stands on: those of the scenario, and of every parameter that it can read."""
    from calcisim import sources

    keys = set(loaded.literature)
    for entry in (*loaded.reference, *(entry for table in tables(loaded).values() for entry in table.values())):
        keys.update(sources.split_keys(entry.source or ""))
    return sorted(keys - set(sources.missing(keys)))


def tables(loaded: Any) -> dict[str, dict[str, Any]]:
    """The parameter tables that a scenario can read: all but those of tissues and materials that it does not name."""
    from calcisim import parameters

    named = {site.tissue for site in loaded.site} | {region.material for site in loaded.site for region in site.region}
    every = parameters.all_tables()
    return {name: rows for name, rows in every.items() if not name.startswith("tissues.") or name.partition(".")[2] in named}

"""summary.json: the last file of a run. Where it exists, the run is finished."""

from pathlib import Path
from typing import Any

from calcisim.results.files import dumps, read_object, write_text

NAME = "summary.json"

# What every summary has, whatever the scenario; null where it has no meaning.
REQUIRED = (
    "scenario", "days", "seed", "calcium_ug_per_mg_dry", "calcium_ug_per_mg_nonmineral", "deposit_calcium_mg",
    "deposit_phosphorus_mg", "calcium_phosphorus_ratio", "onset_day", "limiting_step", "nuclei", "expected_nuclei_per_cm3",
    "clump_count", "largest_clump_mm", "sphericity", "lobules", "box_dimension", "sphere_median_um", "captured_fraction",
    "collagen_associated_fraction", "acp_fraction", "hap_fraction",
    "ledger_calcium_relative", "ledger_phosphorus_relative", "ledger_alkalinity_relative", "steps", "rejected_steps",
    "newton_iterations", "vcycles", "compile_s", "wall_s", "peak_memory_mb", "state_sha256",
)  # fmt: skip


def build(run: dict[str, Any], quantities: dict[str, Any], statistics: dict[str, Any]) -> dict[str, Any]:
    """One document: what the run was (`run`), what came out (`quantities`, with `sites`), what it cost (`statistics`).

    The required names come first and are null when nobody gave them.
    """
    given = {**run, **quantities, **statistics}
    document = {name: given.get(name) for name in REQUIRED}
    document.update({name: value for name, value in given.items() if name not in document and name != "sites"})
    document["sites"] = quantities.get("sites", {})
    return document


def write(directory: Path, document: dict[str, Any]) -> None:
    """Write the summary by rename."""
    write_text(Path(directory) / NAME, dumps(document))


def read(directory: Path) -> dict[str, Any] | None:
    """The summary of a run, None when it is not finished. Raises `StorageError` when the file is not a summary."""
    try:
        return read_object(Path(directory) / NAME, {"scenario": str, "days": (int, float)})
    except FileNotFoundError:
        return None

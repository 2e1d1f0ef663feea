"""What this machine offers, and whether calcisim works on it."""

import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

from calcisim.studies import resources
from calcisim.studies.provenance import versions


def examine() -> dict[str, Any]:
    """One document: versions, cores, memory, the kernel cache, whether this folder can be written, and a compiled sample kernel."""
    from calcisim import jit
    from calcisim.numerics import threads

    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "cores": os.cpu_count(),
        "free_cores": threads.free_cores(),
        "free_memory_gb": round(resources.free_memory() / 1e9, 2),
        "kernel_cache": str(jit.CACHE_DIRECTORY),
        "kernel_cache_writable": os.access(jit.CACHE_DIRECTORY, os.W_OK),
        "kernels_compiled": not resources.cold(),
        "folder_writable": _writable(Path.cwd()),
        "sample_kernel_s": _sample_kernel(),
    }


def problems(document: dict[str, Any]) -> list[str]:
    """What would get in the way of a run, each with what to do about it; empty when nothing would."""
    found = []
    if not document["folder_writable"]:
        found.append("this folder cannot be written; change to another, or give runs a place with --out")
    if not document["kernel_cache_writable"]:
        found.append("the kernel cache cannot be written and every run compiles anew; set CALCISIM_CACHE_DIR to a writable folder")
    if document["sample_kernel_s"] is None:
        found.append("a sample kernel did not compile; reinstall numba and llvmlite")
    return found


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _sample_kernel() -> float | None:
    """Seconds to compile and call a small kernel, None when that fails."""
    import numba

    began = time.perf_counter()
    try:
        compiled = numba.njit(lambda x: x * x + 1.0)
        good = compiled(3.0) == 10.0
    except Exception:  # noqa: BLE001  (whatever goes wrong here is the finding)
        return None
    return round(time.perf_counter() - began, 3) if good else None

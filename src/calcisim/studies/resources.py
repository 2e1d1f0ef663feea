"""What a run may use of this machine: memory before it starts, and what it took when it is done."""

import contextlib
import resource
import sys
from pathlib import Path
from typing import Any

from calcisim.errors import MemoryRefused

SHARE = 0.8  # of the free memory that a run may plan for
COMPILING = "compiling kernels, once, about half a minute"


def free_memory() -> int:
    """Bytes that can be had now: what the system calls available, within the limit of a container."""
    import psutil

    free = int(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (group / "memory.max").read_text().strip(), int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return free if limit == "max" else min(free, max(0, int(limit) - used))


def estimate(scenario: Any) -> int | None:
    """Bytes that a run of `scenario` will need at its peak; None when the simulation offers no estimate."""
    import importlib

    try:
        function = getattr(importlib.import_module("calcisim.simulation.run"), "memory_estimate", None)
    except ModuleNotFoundError:
        function = None
    return None if function is None else int(function(scenario))


def refuse_if_too_large(needed: int | None, free: int | None = None) -> None:
    """Raise `MemoryRefused` when `needed` bytes are more than 80 % of what is free, saying what would fit."""
    if needed is None:
        return
    free = free_memory() if free is None else free
    if needed <= SHARE * free:
        return
    share = SHARE * free / needed
    raise MemoryRefused(
        f"the run would need about {gigabytes(needed)} of memory and {gigabytes(free)} are free (at most 80 % of it is planned for). "
        f"A grid with {100 * share:.0f} % of the voxels fits: in 3-D a spacing {share ** (-1 / 3):.2f} times as large, "
        f"in 2-D {share**-0.5:.2f} times. Try --set site.NAME.grid.spacing=…, fewer population.classes, or --quick."
    )


def gigabytes(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def peak_memory_mb() -> float:
    """Largest resident size of this process so far [MB].

    Where the system keeps it for the program (Linux), that is what counts: `getrusage` also has what the process was before it became
    this program, which is as large as whoever started it.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def cold() -> bool:
    """True when the kernels are not compiled yet on this machine."""
    from calcisim import jit

    return jit.cold()


def mark_compiled() -> None:
    """A whole run went through the kernels: the next one need not say that it compiles."""
    from calcisim import jit

    jit.mark_compiled()

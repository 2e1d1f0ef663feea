"""M2: run after run in one process. What it holds in memory stays, and so does the number of open files."""

import gc
import statistics
import time
from pathlib import Path

import psutil
from campaign.children import SCENARIOS, no_pictures, work
from campaign.rows import row

from calcisim.studies import execute

MINUTE = 60.0
GROWTH = 0.01  # of the resident memory after the first minute
_seen: list[tuple[float, int]] = []  # resident bytes and open files of every minute


def minute(folder: Path, seconds: float = MINUTE) -> tuple[float, int]:
    """Runs of all scenarios over and over; the median of the resident memory [B] in the second half, and the open files at the end."""
    me, began, resident, number = psutil.Process(), time.monotonic(), [], 0
    while time.monotonic() - began < seconds:
        for name in SCENARIOS:
            work(name, folder / f"run{number}")
            number += 1
        gc.collect()
        resident.append(me.memory_info().rss)
    return statistics.median(resident[len(resident) // 2 :]), me.num_fds()


@row(
    "M2",
    f"short runs of {len(SCENARIOS)} scenarios over and over in one process, with checkpoints several times a second; a minute is a trial, "
    "the first is warm-up",
    "resident memory within 1 % of that after the first minute, the same number of open files, in every minute",
    push=2,
    long=30,
    unit="minutes",
)
def trial(number: int, folder: Path) -> str:
    if number == 0:
        _seen.clear()
    before, execute.CHECKPOINT_SECONDS = execute.CHECKPOINT_SECONDS, 0.1
    try:
        with no_pictures():
            _seen.append(minute(folder))
    finally:
        execute.CHECKPOINT_SECONDS = before
    (first, files), (now, open_files) = _seen[0], _seen[-1]
    growth = now / first - 1.0
    assert growth < GROWTH, f"resident memory grew by {100 * growth:.2f} %, from {first / 1e6:.1f} to {now / 1e6:.1f} MB"
    assert open_files == files, f"{open_files} open files, {files} after the first minute"
    return f"{now / 1e6:.0f} MB"

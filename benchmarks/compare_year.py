"""A comparison of the size that researchers ask for: four arms, twenty members, a plane of 128 x 128 voxels, one year, two processes.

    python benchmarks/compare_year.py --out DIR [--replicates 20] [--workers 2] [--whole]

A lesion of 3 mm in a block of 6.4 mm is worn, so that one voxel in six bears mineral; --whole: all of the block, the dearest there is.
Prints wall time, processor time and load, and what a member's year costs. The same command goes on where it was stopped, and then its wall
time is that of the rest. Target: 35 minutes on two free cores.
"""

import argparse
import os
import resource
import time
from pathlib import Path

from calcisim.studies import compare, comparison, executor

BASE = "metastatic/ckd-constant"
PLANE = ("site.joint.grid.shape=[128,128]", 'site.joint.grid.spacing="0.05 mm"')
LESION = "event.0.region=mass"  # what the operation takes out later
ARMS = (
    "none=event=[{EXPOSE}]",
    "late=event.1.at=182 day",
    "early=event.1.at=60 day",
    'etidronate=treatment+={kind="etidronate",dose="400 mg/day",start="60 day"}',
)
TARGET = 35.0  # minutes


def arms(whole: bool) -> tuple[str, ...]:
    """--arm texts; the first has no operation."""
    where = "" if whole else ',region="mass"'
    worn = f'{{kind="expose",site="joint",at="0 day",fraction=0.01,s=0.7{where}}}'
    return tuple(text.replace("{EXPOSE}", worn) for text in ARMS)


def main() -> int:
    """Run the comparison; 1 when it took longer than the target."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, required=True, metavar="DIR")
    options.add_argument("--replicates", type=int, default=20)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--whole", action="store_true", help="every voxel bears mineral")
    asked = options.parse_args()
    sets = PLANE if asked.whole else (*PLANE, LESION)
    study = comparison.study(BASE, arms(asked.whole), asked.replicates, sets, people="adults")
    load, began = os.getloadavg()[0], time.monotonic()
    done = compare.compare(study, asked.out, executor.workers(asked.workers), say=print)
    minutes = (time.monotonic() - began) / 60.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = (used.ru_utime + used.ru_stime) / 60.0
    runs = len(study.arms) * asked.replicates
    if done.summary is None:
        print("stopped")
        return 1
    for name, arm in done.summary["arms"].items():
        held = arm["outcomes"]["deposit_calcium_mg"]
        print(f"{name}: {held['mean']:.4g} mg Ca ({held['low']:.4g} to {held['high']:.4g}), {len(arm['failed'])} failed")
    print(f"{runs} runs in {minutes:.1f} min with {asked.workers} processes, {processor:.1f} min of processor time, load before {load:.1f}")
    print(f"{60.0 * processor / runs:.1f} s of processor time for a member's year in one arm, what arms have in common counted once")
    return 0 if minutes <= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())

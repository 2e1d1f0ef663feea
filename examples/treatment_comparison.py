"""A treatment against its untreated twin: the same people and the same random numbers in both arms, from Python.

    python examples/treatment_comparison.py [DIRECTORY]

For research; not for clinical decisions.
"""

import sys
from pathlib import Path

from calcisim.studies import comparison
from calcisim.studies.compare import compare

COLCHICINE = 'colchicine=treatment+={kind="colchicine", dose="1 mg/day", start="2 day"}'


def main(place: str = "treatment-comparison") -> None:
    """Two adults with a burn, two weeks, two arms."""
    study = comparison.study("dystrophic/burn", ("untreated", COLCHICINE), replicates=2, people="adults", quick=True)
    done = compare(study, Path(place), workers=1)
    for name, arm in done.summary["arms"].items():
        found = arm["outcomes"]["deposit_calcium_mg"]
        print(f"{name}: {found['mean']:.4f} mg of calcium on average over {found['n']} people")
    for row in sorted(Path(place).glob("members/*/*.json")):
        print("kept:", row)
    print("picture:", Path(place) / "figures" / "comparison.png")


if __name__ == "__main__":
    main(*sys.argv[1:2])

"""A run of a shipped scenario in a process of its own that saves often, to be killed: `python real_run.py DIR [resume]`."""

import sys
from pathlib import Path

from calcisim.errors import CalcisimError
from calcisim.results import plots
from calcisim.studies import execute
from calcisim.studies.progress import Reporter


def main():
    execute.CHECKPOINT_SECONDS = 0.05
    plots.draw = lambda *_: []
    place = Path(sys.argv[1])
    print("ready", flush=True)
    if "resume" in sys.argv:
        outcome = execute.resume(place, 1, Reporter(), execute.engine())
    else:
        request = execute.Request("metastatic/ckd-constant", sets=("site.joint.grid.shape=[48, 48]",), threads=1, out=place)
        outcome = execute.start(request, Reporter(), execute.engine())
    sys.exit(0 if outcome.signal is None else 128 + outcome.signal)


if __name__ == "__main__":
    try:
        main()
    except CalcisimError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)

"""A run with a stand-in simulation in a process of its own, slow enough to be killed: `python slow_fake.py DIR [resume]`."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import fakes

from calcisim.errors import CalcisimError
from calcisim.results import plots
from calcisim.studies import execute, resources
from calcisim.studies.progress import Reporter


class Slow(fakes.Simulation):
    """Two milliseconds a step."""

    def advance(self, until, should_stop, progress):
        def slowly(now):
            time.sleep(0.002)
            progress(now)

        return super().advance(until, should_stop, slowly)


def engine():
    return execute.Engine(lambda *_: fakes.scenario(days=20.0), lambda scenario: "title = 'fake'\n", lambda: Slow, lambda scenario: 0)


def main():
    execute.CHECKPOINT_SECONDS = 0.01
    resources.cold = lambda: False
    plots.draw = lambda *_: []
    place = Path(sys.argv[1])
    print("ready", flush=True)
    if "resume" in sys.argv:
        outcome = execute.resume(place, 1, Reporter(), engine())
    else:
        outcome = execute.start(execute.Request("fake", out=place), Reporter(), engine())
    sys.exit(0 if outcome.signal is None else 128 + outcome.signal)


if __name__ == "__main__":
    try:
        main()
    except CalcisimError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)

"""Two threads against one on a cube of 64³ voxels (scenarios/block.toml): whole steps, and the kinetics of its busy voxels alone.

Two simulations that hold the same bytes go step by step, one on each number of threads. With a neighbour, another process spins
all the while.
"""

import atexit
import subprocess
import sys
import time
from pathlib import Path

from calcisim import scenario
from calcisim.numerics import threads
from calcisim.numerics.newton import NewtonControl
from calcisim.numerics.sdirk import Counters, attempt
from calcisim.physics.elimination import eliminate_minerals
from calcisim.simulation.run import Simulation
from calcisim.studies.bench_pair import Pair, Prepared

BLOCK = Path(__file__).parents[1] / "scenarios" / "block.toml"
BEFORE, TURNS = 8, 7
_SPIN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    for _ in range(1000000):\n        pass"


def block(count: int) -> Simulation:
    """The cube after its first steps."""
    simulation = Simulation(scenario.load(BLOCK), threads=count)
    for _ in range(BEFORE):
        _step(simulation)
    return simulation


def _step(simulation: Simulation) -> None:
    simulation.advance(simulation.scenario.duration, should_stop=lambda: True)


def _steps(count: int) -> Prepared:
    simulation = block(count)

    def run() -> float:
        threads.use(count)
        began = time.perf_counter()
        _step(simulation)
        return time.perf_counter() - began

    return Prepared(run, f"one step of 64³, {count} thread{'s' if count > 1 else ''}")


def _sweep() -> tuple:
    """What the first sweep of kinetics of a step is called with, at the fields of the block."""
    (site,) = block(2).sites.values()
    calls, rows = [], threads.rows

    def watching(sweep, *arguments):
        if sweep is eliminate_minerals:
            calls.append(arguments)
        rows(sweep, *arguments)

    threads.rows = watching
    try:
        attempt(site.problem, site.time, site.size.dt, NewtonControl(), Counters())
    finally:
        threads.rows = rows
    return calls[0]


def _kinetics(count: int) -> Prepared:
    arguments = _sweep()

    def run() -> float:
        threads.use(count)
        began = time.perf_counter()
        threads.rows(eliminate_minerals, *arguments)
        return time.perf_counter() - began

    name = f"chemistry, growth and elimination of {arguments[0]} voxels, {count} thread{'s' if count > 1 else ''}"
    return Prepared(run, name)


def _spinning() -> None:
    """A busy neighbour from now to the end of this process."""
    neighbour = subprocess.Popen([sys.executable, "-c", _SPIN])
    atexit.register(neighbour.wait)
    atexit.register(neighbour.kill)


def _beside_neighbour() -> Prepared:
    ready = _steps(1)
    _spinning()
    return ready._replace(name=f"{ready.name}, both beside a spinning process")


def free() -> Pair:
    return Pair(lambda: _steps(2), lambda: _steps(1), repetitions=TURNS)


def busy() -> Pair:
    return Pair(lambda: _steps(2), _beside_neighbour, repetitions=TURNS)


def kinetics() -> Pair:
    return Pair(lambda: _kinetics(2), lambda: _kinetics(1), repetitions=21)

"""Compile every kernel once, by running small pieces of what uses them; on two cores from both ends, in two processes.

Machine code is shared through the cache on disk, so the process that comes to a kernel second only loads it. The chemistry and growth
of a voxel take as long to compile as all else of a site: one process begins with that, its companion with the rest.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SCENARIO = "dystrophic/subdermal-cusp"
BODY = "healthy/plasma"
# Two fluids, so that both ways to the pH are compiled.
_FLUIDS = """name,T_C,pH_in,alk_in_meq,log_pCO2_in,tot_Ca_mM,tot_P_mM,tot_Na_mM,tot_Cl_mM
pH given,37,7.4,,,1.4,1.0,140,103
pH from alkalinity,37,,26,-1.28,1.4,1.0,140,103
"""


_companions: list[subprocess.Popen[bytes]] = []  # at most one: a run within the warm-up starts none of its own


def warmup(say: Callable[[str], None]) -> float:
    """Go through all pieces in a temporary directory; returns the seconds."""
    from calcisim.studies import resources

    began = time.perf_counter()
    if resources.cold():
        say(resources.COMPILING)
    with beside("rest_of_site", "clumps", "body", "fluids"):
        for piece in (site, fluids, body, clumps):
            piece()
    return time.perf_counter() - began


@contextlib.contextmanager
def beside(*pieces: str) -> Iterator[None]:
    """A second process compiles these pieces meanwhile, where kernels are not compiled yet, can be shared, and there is a core for it."""
    from calcisim import jit

    if not _companions and jit.cold() and jit.shared() and _cores() > 1:
        with contextlib.suppress(OSError):  # without it everything is compiled here
            quiet = subprocess.DEVNULL
            command = [sys.executable, "-P", "-m", "calcisim.studies.warmup", *pieces]
            _companions.append(subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet))
        mine = list(_companions)
    else:
        mine = []
    try:
        yield
    finally:  # whatever it is still at has been compiled here by now
        for companion in mine:
            _companions.remove(companion)
            companion.kill()
            companion.wait()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def site() -> None:
    """The first minutes of the implant scenario."""
    from calcisim.studies import execute
    from calcisim.studies.progress import Reporter

    with tempfile.TemporaryDirectory(prefix="calcisim-warmup-") as folder:
        request = execute.Request(SCENARIO, days=0.05, quick=True, threads=1, out=Path(folder) / "run", command="calcisim warmup")
        execute.start(request, Reporter(), execute.engine())


def rest_of_site() -> None:
    """What a site takes beside the chemistry and growth of its voxels: multigrid, then transport, lattice and particles."""
    import numpy as np

    from calcisim import scenario
    from calcisim.numerics.krylov import Bicgstab
    from calcisim.numerics.multigrid import Hierarchy
    from calcisim.physics.kinetics import FREE
    from calcisim.simulation.model import SiteProblem
    from calcisim.simulation.run import Simulation

    hierarchy = Hierarchy((4, 4, 4), (1.0, 1.0, 1.0), np.ones(4), np.eye(4))
    hierarchy.couple(np.array([43, 44]))  # in the padded grid of 6³
    hierarchy.fine.coupling[...] = 0.1
    hierarchy.assemble()
    Bicgstab(hierarchy).solve(np.ones_like(hierarchy.fine.diag), np.zeros_like(hierarchy.fine.diag), 1e-2)

    def untouched(self: Any, voxels: Any, fields: Any, stage: Any, gamma_dt: float, elapsed: float) -> bool:
        return True

    SiteProblem._kinetics = untouched  # type: ignore[method-assign]  # this process is there for the other kernels
    simulation = Simulation(scenario.load(SCENARIO, quick=True), threads=1)
    for one in simulation.sites.values():
        state = one.state
        state.make_room(np.arange(4))
        state.number[:, :4, 0], state.coordinate[:, :4, 0], state.bare[:, :4, 0] = 1e15, 0.5, 1.0
        state.count[:FREE, :4] = 1
        one.problem.particles.bind()
    simulation.advance(1.0)
    for one in simulation.sites.values():  # last what the implant does not need: particles that drift
        one.state.count[FREE, :4] = 1
    simulation.advance(2.0)


def fluids() -> None:
    """Two fluids of a laboratory."""
    from calcisim.studies.saturation import saturation

    with tempfile.TemporaryDirectory(prefix="calcisim-warmup-") as folder:
        path = Path(folder) / "fluids.csv"
        path.write_text(_FLUIDS, encoding="utf-8")
        saturation(path, Path(folder) / "species.csv")


def body() -> None:
    """A body for a short while, and what its plasma is to a tissue."""
    from calcisim import scenario
    from calcisim.simulation.plasma import BodyPlasma, Fluids
    from calcisim.studies import plasma

    with tempfile.TemporaryDirectory(prefix="calcisim-warmup-") as folder:
        plasma.start(plasma.Request(BODY, quick=True, out=Path(folder) / "body", command="calcisim warmup"), say=lambda text: None)
    Fluids(BodyPlasma(scenario.load(BODY, quick=True)))


def clumps() -> None:
    """Clumps that meet, and the lobes of a deposit."""
    import numpy as np

    from calcisim.physics.morphology import Growing, grow
    from calcisim.results import clumps as lobes

    for few in (Growing(80, fraction=0.02, clusters=8, fibres=0.05, nucleated=0.2, rotation=True), Growing(30, walkers=True)):
        grow(few)
    lobes.measure(np.pad(np.full((3, 3, 3), 100.0), 2), (1e-4, 1e-4, 1e-4))


PIECES = {"site": site, "rest_of_site": rest_of_site, "fluids": fluids, "body": body, "clumps": clumps}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        PIECES[name]()

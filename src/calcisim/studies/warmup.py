"""Compile every kernel once, by running small pieces of what uses them."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SCENARIO = "dystrophic/subdermal-cusp"
BODY = "healthy/plasma"
# Two fluids, so that both ways to the pH are compiled.
_FLUIDS = """name,T_C,pH_in,alk_in_meq,log_pCO2_in,tot_Ca_mM,tot_P_mM,tot_Na_mM,tot_Cl_mM
pH given,37,7.4,,,1.4,1.0,140,103
pH from alkalinity,37,,26,-1.28,1.4,1.0,140,103
"""


def warmup(say: Callable[[str], None]) -> float:
    """Run the first minutes of the implant scenario, two fluids, a body and some clumps in a temporary directory; returns the seconds."""
    import numpy as np

    from calcisim import scenario
    from calcisim.physics.morphology import Growing, grow
    from calcisim.results import clumps
    from calcisim.simulation.plasma import BodyPlasma, Fluids
    from calcisim.studies import execute, plasma, resources
    from calcisim.studies.progress import Reporter
    from calcisim.studies.saturation import saturation

    began = time.perf_counter()
    if resources.cold():
        say(resources.COMPILING)
    with tempfile.TemporaryDirectory(prefix="calcisim-warmup-") as folder:
        request = execute.Request(SCENARIO, days=0.05, quick=True, threads=1, out=Path(folder) / "run", command="calcisim warmup")
        execute.start(request, Reporter(), execute.engine())
        fluids = Path(folder) / "fluids.csv"
        fluids.write_text(_FLUIDS, encoding="utf-8")
        saturation(fluids, Path(folder) / "species.csv")
        plasma.start(plasma.Request(BODY, quick=True, out=Path(folder) / "body", command="calcisim warmup"), say=lambda text: None)
        Fluids(BodyPlasma(scenario.load(BODY, quick=True)))
    for few in (Growing(80, fraction=0.02, clusters=8, fibres=0.05, nucleated=0.2, rotation=True), Growing(30, walkers=True)):
        grow(few)
    clumps.measure(np.pad(np.full((3, 3, 3), 100.0), 2), (1e-4, 1e-4, 1e-4))
    return time.perf_counter() - began

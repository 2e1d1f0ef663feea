"""Compile every kernel once, by running the smallest scenario that uses them all."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SCENARIO = "dystrophic/subdermal-cusp"


def warmup(say: Callable[[str], None]) -> float:
    """Run the shortest useful piece of the implant scenario in a temporary directory; returns the seconds it took."""
    from calcisim.studies import execute, resources
    from calcisim.studies.progress import Reporter

    began = time.perf_counter()
    if resources.cold():
        say("compiling kernels, once, about 30 s")
    with tempfile.TemporaryDirectory(prefix="calcisim-warmup-") as folder:
        request = execute.Request(SCENARIO, days=0.05, quick=True, threads=1, out=Path(folder) / "run", command="calcisim warmup")
        execute.start(request, Reporter(), execute.engine())
    return time.perf_counter() - began

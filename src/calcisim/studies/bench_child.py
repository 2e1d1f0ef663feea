"""One measure of `calcisim bench` in a process of its own: `python -m calcisim.studies.bench_child FOLDER MODULE FUNCTION`.

A fresh process, so that its peak memory is the measure's, and no measure sees threads, caches or imports of another. The result is the
last line on stdout, after whatever a peer prints.
"""

import importlib
import json
import os
import sys
import warnings
from collections.abc import Sequence

from calcisim.results.files import plain
from calcisim.studies import bench_pair

WARM = "--warm"


def main(words: Sequence[str]) -> None:
    """FOLDER holds the package `measures`, whose MODULE.FUNCTION returns a `Pair`; with --warm its subject is run once, untimed."""
    folder, module, function = words[:3]
    sys.path.insert(0, folder)
    warnings.simplefilter("ignore")  # uraemic plasma, and what peers deprecate
    pair = getattr(importlib.import_module(f"measures.{module}"), function)()
    if WARM in words:
        (pair.warm or pair.subject().run)()
        return
    load = os.getloadavg()[0]
    result = bench_pair.measure(pair)
    print()
    print(json.dumps(plain({**result, "load": load})))


if __name__ == "__main__":
    main(sys.argv[1:])

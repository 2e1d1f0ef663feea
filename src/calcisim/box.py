"""Coagulation in a closed, well-mixed box: `calcisim.box.coagulate(kernel, bins_per_decade, v_min, v_max, initial, times)`.

>>> from calcisim import box
>>> numbers, masses = box.coagulate("sum", 8, 1e-3, 1e9, {"distribution": "exponential", "number": 1.0, "mean": 1.0}, [1.0, 3.0])
"""

from calcisim.studies.box import Box, class_edges, coagulate, simulate

__all__ = ["Box", "class_edges", "coagulate", "simulate"]

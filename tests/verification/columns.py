"""The two columns of the benchmarks, driven by the shipped numerics, and the same equations for an ODE solver: tests and timings take the
same problem. Here stands only what no timing needs.
"""

import sys
from pathlib import Path

from calcisim.jit import kernel
from calcisim.studies.trial import Trial

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
try:
    from measures.column import MOLAR_VOLUME, POROSITY, Column, case_a, case_b, solve, system
finally:
    sys.path.pop(0)

__all__ = ["MOLAR_VOLUME", "POROSITY", "Column", "case_a", "case_b", "solve", "system", "take_up"]


@kernel
def take_up(c, base, m, w, rate, gamma_dt):
    """dm/dt = k c along a line, whatever its axis."""
    for s in range(1, c.shape[1] - 1):
        for j in range(1, c.shape[2] - 1):
            for i in range(1, c.shape[3] - 1):
                m[0, s, j, i] = base[0, s, j, i] + gamma_dt * rate * c[0, s, j, i]
                w[0, 0, s, j, i] = gamma_dt * rate


class Uptake(Trial):
    """A mineral that takes up the only solute in proportion to it, without filling pores."""

    rate = 80.0

    def react(self, stage):
        take_up(self.c, self.base_m, self.m, self.hierarchy.fine.w, self.rate, stage.gamma_dt)
        return True

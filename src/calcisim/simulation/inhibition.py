"""What inhibitors of the fluid, of the tissue and of treatments do to nucleation and growth in each voxel."""

import numpy as np

from calcisim.physics import routes
from calcisim.physics.nucleation import relative_coverage
from calcisim.simulation.biology import LocalBiology
from calcisim.simulation.setup import ModelSetup, SiteSetup, flat
from calcisim.simulation.state import State

OUTSIDE = ("fetuin",)  # too large for a fibril


class Inhibition:
    """Columns of the substrate that follow from the inhibitors that are present and from treatments."""

    def __init__(self, setup: SiteSetup, state: State, biology: LocalBiology):
        self.state, self.biology = state, biology
        self.reach = {name: flat(values) for name, values in setup.substrate.access.items()}
        self.matrix_gla, self.matrix_gla_weight = flat(setup.access_mgp), biology.row["matrix_gla_weight"]

    def write(self, model: ModelSetup) -> None:
        """INH-1. Protection P = Σ a_i w_i (h_i − 1)/Σ w + a_d P_d − a_g w_g (1 − c)/Σ w and affinity Σ a_i K_i c_i + a_d A_d, per voxel.

        a : access; h : coverage relative to health (NUC-3); P_d, A_d : of drugs; c : carboxylated share of matrix Gla protein relative to
        health, a_g w_g its weight. Pyrophosphate is what the tissue leaves (TIS-5) of plasma's and a drug's; magnesium follows the voxel's
        own in the kernels. Source: assumption, as NUC-2 and NUC-4; of MGP: hypothesis.
        """
        inhibitors, levers, substrate, reach = model.inhibitors, self.biology.levers, self.state.substrate, self.reach
        total = sum(inhibitor.weight for inhibitor in inhibitors.values())
        protection = reach["drug"] * levers.nucleation_coverage
        growth = reach["drug"] * levers.growth_affinity
        inside = growth.copy()
        for name, inhibitor in inhibitors.items():
            if name == "magnesium":
                continue
            level: np.ndarray | float = inhibitor.level
            if name == "pyrophosphate":
                level = (inhibitor.level + levers.pyrophosphate) * self.biology.pyrophosphate()
            relative: np.ndarray | float = 0.0
            if inhibitor.healthy > 0.0:
                relative = relative_coverage(level, inhibitor.half_coverage, inhibitor.healthy) - 1.0
            protection = protection + reach[name] * inhibitor.weight * relative / total
            growth = growth + reach[name] * inhibitor.affinity * level
            if name not in OUTSIDE:
                inside = inside + reach[name] * inhibitor.affinity * level
        if levers.mgp != 1.0:
            protection = protection - self.matrix_gla * self.matrix_gla_weight * (1.0 - levers.mgp) / total
        magnesium = inhibitors["magnesium"]
        substrate[:, routes.PROTECTION] = protection
        substrate[:, routes.AFFINITY] = growth
        substrate[:, routes.AFFINITY_INSIDE] = inside
        substrate[:, routes.MAGNESIUM_WEIGHT] = reach["magnesium"] * magnesium.weight / total
        substrate[:, routes.MAGNESIUM_AFFINITY] = reach["magnesium"] * magnesium.affinity

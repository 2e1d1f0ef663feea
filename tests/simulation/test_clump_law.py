"""How open free clumps are: the table of the particle engine, and that a site reads it by how its particles stick."""

import numpy as np
import pytest

from calcisim import parameters, scenario
from calcisim.simulation.clump_law import mobile_frame
from calcisim.simulation.run import Simulation

ROWS = parameters.tables("morphology")


def test_the_table_is_met_at_its_rows_and_kept_beyond_its_ends():
    for row in ROWS.values():
        assert mobile_frame(row["efficiency"].value) == pytest.approx((row["dimension"].value, row["prefactor"].value), rel=1e-12)
    least = min(ROWS.values(), key=lambda row: row["efficiency"].value)
    assert mobile_frame(0.0) == mobile_frame(1e-9) == (least["dimension"].value, least["prefactor"].value)


def test_what_sticks_less_is_more_compact():
    found = [mobile_frame(efficiency)[0] for efficiency in np.geomspace(1e-3, 1.0, 30)]
    assert (np.diff(found) <= 0.0).all()
    assert found[0] > 2.0 > 1.85 > found[-1]


def test_a_site_takes_the_frame_of_its_own_fluid():
    """Without protein everything sticks; in serum almost nothing does."""
    bare, serum = (
        next(iter(Simulation(scenario.load(name, quick=True)).sites.values())) for name in ("invitro/fetuin-5x5-none", "invitro/t50")
    )
    assert bare.setup.coverage == 0.0
    assert bare.model.clump.dimension[1] == ROWS["always"]["dimension"].value
    assert serum.setup.coverage > 0.9
    assert serum.model.clump.dimension[1] > 2.0
    assert bare.model.clump.dimension[0] == serum.model.clump.dimension[0] == parameters.values("particles")["dimension_captured"]

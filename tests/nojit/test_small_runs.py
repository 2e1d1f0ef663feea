"""Whole steps without the compiler: a dish of four voxels in which free particles drift, and clumps of some tens of particles."""

import numpy as np
import pytest
from physics.test_drift import COLLAGEN, SHEET
from physics.test_morphology import assert_sound
from scenarios.test_invariants import least, worst_ledger

from calcisim import scenario as door
from calcisim.physics import morphology_shape
from calcisim.physics.kinetics import FREE
from calcisim.physics.morphology import Growing, grow
from calcisim.simulation.run import Simulation

pytestmark = pytest.mark.nojit
DISH = SHEET.replace("[41]", "[4]").replace("[[site]]", 'nucleators = "1e8 1/mL"\n[[site]]')
DISH += COLLAGEN.replace("0.6 mm", "60 um").replace("0.7 mm", "80 um")


def test_free_particles_of_four_voxels_spread_and_none_is_lost(tmp_path):
    path = tmp_path / "dish.toml"
    path.write_text(DISH, encoding="utf-8")
    simulation = Simulation(door.load(path))
    simulation.advance(240.0)
    (site,) = simulation.sites.values()
    state = site.state
    assert state.count[FREE].any()
    assert worst_ledger(simulation) <= 1e-13
    assert least(simulation) >= 0.0
    row = int(np.flatnonzero(state.slot >= 0)[0])
    for other in np.flatnonzero(state.slot >= 0):
        if other != row:
            state.count[FREE, state.slot[other]] = 0
    before = site.phases().sum(axis=(1, 2, 3))
    simulation.advance(260.0)
    assert worst_ledger(simulation) <= 1e-13
    assert least(simulation) >= 0.0
    assert (site.phases().sum(axis=(1, 2, 3)) >= 0.0).all()
    assert before.sum() > 0.0
    assert state.count[FREE].any()


SMALL = Growing(particles=40, clusters=2, fraction=0.02, seed=3)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rotation": True},
        {"walkers": True, "clusters": 1},
        {"fibres": 0.05, "nucleated": 0.2},
        {"sticking": 0.2},
        {"dimensions": 2, "fraction": 0.05},
    ],
    ids=["plain", "turning", "walkers", "fibres", "seldom", "plane"],
)
def test_a_few_particles_meet_and_hang_together(changes):
    asked = SMALL._replace(**changes)
    pack = grow(asked)
    assert_sound(pack)
    assert len(pack.position) == asked.particles
    again = grow(asked)
    assert again.position.tobytes() == pack.position.tobytes()
    if not asked.fibres:
        assert pack.cluster.max() + 1 == asked.clusters
        assert len(pack.merges) >= asked.particles - asked.clusters


def test_a_layer_on_a_few_particles_is_the_volume_of_their_spheres():
    """Two spheres of radius 1 that touch, with a layer of ½: two of radius 3/2 without the lens in which they overlap, in primaries."""
    pack = grow(SMALL._replace(particles=2, clusters=1))
    thick = morphology_shape.thickened(pack, 0.5)
    radius, apart = 1.5, 2.0
    lens = np.pi * (4.0 * radius + apart) * (2.0 * radius - apart) ** 2 / 12.0
    assert thick.particles.tolist() == [2]
    assert thick.volume[0] == pytest.approx(2.0 * radius**3 - lens / (4.0 / 3.0 * np.pi), rel=0.01)
    assert np.sqrt(0.6) * radius < thick.gyration[0] < radius + 0.5 * apart  # more than one sphere's, less than their reach
    found = morphology_shape.measure(pack, 0.5)
    assert found.frame is None
    assert found.whole is None
    q = np.array([1e-6, 1.0])
    factor = morphology_shape.structure_factor(pack.position, q)
    assert factor == pytest.approx([2.0, 1.0 + np.sin(1.0)], rel=1e-3)  # one diameter apart

"""What tissue does about mineral: giant cells at its outer surface, hyperaemia beside it, texture, acid and base, and repeated injury."""

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.numerics import rng
from calcisim.physics import kinetics, texture
from calcisim.physics.phases import HAP
from calcisim.results.sha import state_sha256
from calcisim.scenario.errors import ScenarioError
from calcisim.simulation.resorption import outer_gradient
from calcisim.simulation.run import Simulation
from calcisim.simulation.setup import INNER

DAY = 86400.0
TEXT = """title = "tissue"
duration = "60 day"

[plasma]
calcium_ionised = "1.2 mmol/L"
phosphate = "1.1 mmol/L"

[[site]]
name = "joint"
tissue = "periarticular"
{keys}

[site.grid]
shape = {shape}
spacing = "0.2 mm"
depth = "1 mm"
"""
INJURY = '\n[[event]]\nkind = "expose"\nsite = "joint"\nat = "0 day"\nfraction = 0.2\ns = 0.6\n'


@pytest.fixture
def load(tmp_path):
    """A scenario with these keys of its site, grid and events."""

    def loaded(keys="", shape="[6, 5]", more=""):
        path = tmp_path / "tissue.toml"
        path.write_text(TEXT.format(keys=keys, shape=shape) + more)
        return door.load(path)

    return loaded


# --- giant cells ------------------------------------------------------------------------------------------------------


def ball(radius, h, count):
    """A ball in the middle of a cube of voxels, smoothed at its face by sampling each voxel at 4³ points."""
    fine = (np.arange(4 * count) + 0.5) / 4 - count / 2
    z, y, x = np.meshgrid(fine, fine, fine, indexing="ij")
    inside = (z**2 + y**2 + x**2) * h**2 < radius**2
    return inside.reshape(count, 4, count, 4, count, 4).mean(axis=(1, 3, 5))


def test_the_outer_area_of_a_slab_is_that_of_its_faces():
    filled = np.zeros((1, 1, 10))
    filled[..., 3:7] = 1.0
    area = outer_gradient(filled, np.ones(filled.shape, dtype=bool), (1e-3, 1e-3, 1e-4))
    assert area.ravel().tolist() == [0, 0, 0, 1e4, 0, 0, 1e4, 0, 0, 0]


def test_the_outer_area_of_a_ball_is_nearly_its_surface():
    h, radius = 1e-4, 1.2e-3
    filled = ball(radius, h, 32)
    area = outer_gradient(filled, np.ones(filled.shape, dtype=bool), (h, h, h)).sum() * h**3
    assert area == pytest.approx(4 * np.pi * radius**2, rel=0.15)


def test_a_face_to_tissue_without_vessels_draws_nobody():
    filled = np.zeros((1, 1, 4))
    filled[..., 2:] = 1.0
    closed = np.zeros(filled.shape, dtype=bool)
    assert not outer_gradient(filled, closed, (1.0, 1.0, 1.0)).any()


def bind(simulation, voxels, solid, each):
    """Bound clumps of the solid volume `each` [m³] in these voxels, together `solid` of the tissue, all of it apatite."""
    site = simulation.sites["joint"]
    state, law, model = site.state, site.model.clump, site.model
    rows = np.asarray(voxels)
    if state.make_room(rows):
        site.problem.particles.bind()
    slots = state.slot[rows]
    primaries = solid / model.particle.volume
    state.number[kinetics.BOUND, slots, 0], state.coordinate[kinetics.BOUND, slots, 0] = primaries, 1.0
    state.bare[kinetics.BOUND, slots, 0], state.count[kinetics.BOUND, slots] = 1.0, 1
    state.on_collagen[rows] = primaries
    held = site.problem.particles.volumes()[1][0]
    mineral = state.mineral.reshape(state.mineral.shape[0], -1)
    mineral[HAP, site.problem.voxels.cell[rows]] = held[slots] / model.phases.calcium_volume / model.phases.calcium[HAP]
    k = int(np.searchsorted(law.edges, each)) - 1
    for moment, value in enumerate((solid / each, solid, primaries, 0.0)):
        state.clumps[0, moment, k, slots] = value
    site.problem.particles.normalise()
    inner = (slice(None), *INNER)
    state.u[inner] = state.c[inner] * site.open_porosity()
    state.ledger.initial = site.problem.held()
    site.restart()
    return site


def lay(simulation, voxels, envelope):
    """Bound clumps of 20 µm in these voxels, whose envelopes fill the share `envelope` of the tissue."""
    law = simulation.sites["joint"].model.clump
    k = int(np.searchsorted(law.edges, np.pi / 6 * (20e-6) ** 3)) - 1
    middle = np.sqrt(law.edges[k] * law.edges[k + 1])
    return bind(simulation, voxels, envelope * middle / (4.0 / 3.0 * np.pi * law.envelope[0, k] ** 3), middle)


def test_a_front_moves_as_fast_as_its_cells_work(load):
    """A slab that is all mass, under cells that cover it all: the mineral of a layer of k_res dt is taken each day."""
    simulation = Simulation(load("giant_cells = 1\noverride = { porosity = 0.95 }", "[8]"))
    site = lay(simulation, [3, 4, 5], 1.2)
    resorption = site.problem.resorption
    drawn, taken = resorption.faces()
    assert drawn[[0, 2]] == pytest.approx(1.0, abs=0.05)
    assert taken == pytest.approx([1.0 / 0.2e-3, 0.0, 1.0 / 0.2e-3], rel=0.05)
    site.state.giant[...] = 1.0
    before = site.phases()[HAP].ravel().copy()
    resorption.act(10.0 * DAY)
    lost = 1.0 - site.phases()[HAP].ravel()[3:6] / before[3:6]
    assert lost == pytest.approx([0.5e-6 * 10 / 0.2e-3, 0.0, 0.5e-6 * 10 / 0.2e-3], rel=0.05)


def test_what_cells_take_goes_to_the_fluid_and_closes_the_books(load):
    simulation = Simulation(load("giant_cells = 1", "[8]"))
    site = lay(simulation, [3, 4], 0.6)
    deposit, held = site.deposit(), site.problem.held()
    site.state.giant[...] = 0.8
    site.problem.resorption.act(3.0 * DAY)
    assert site.state.progress[3] == pytest.approx(deposit - site.deposit(), rel=1e-9)
    assert site.state.digesting[0].sum() * site.setup.voxel_volume == pytest.approx(deposit - site.deposit(), rel=1e-9)
    assert float(site.state.ledger.relative(site.problem.held()).max()) <= 1e-13
    site.restart()
    simulation.advance(20.0 * DAY)
    assert site.state.digesting.sum() < 0.5 * held[0] / site.setup.voxel_volume
    row = simulation.observables()
    assert row["resorbed_calcium_mg"] > 0.0
    assert row["ledger_calcium_relative"] <= 1e-13
    assert row["ledger_alkalinity_relative"] <= 1e-13


def test_without_cells_apatite_stays(load):
    """Hydroxyapatite is supersaturated in every plasma: nothing but cells takes it back."""
    simulation = Simulation(load("", "[8]"))
    site = lay(simulation, [3, 4], 0.6)
    before = site.phases()[HAP].sum()
    simulation.advance(60.0 * DAY)
    assert site.phases()[HAP].sum() >= before
    assert simulation.observables()["resorbed_calcium_mg"] == 0.0


def test_cells_gather_and_leave(load):
    simulation = Simulation(load("giant_cells = 0.5", "[8]"))
    site = lay(simulation, [3], 1.0)
    resorption = site.problem.resorption
    resorption.speed = 0.0  # they come and take nothing
    levels = []
    for _ in range(20):
        resorption.act(10.0 * DAY)
        levels.append(float(site.state.giant[3]))
    drawn, _ = resorption.faces()
    assert np.all(np.diff(levels) > 0.0)
    assert 0.5 < drawn[0] <= 1.0
    assert levels[-1] == pytest.approx(0.5 * drawn[0], rel=0.05)
    site.state.clumps[...] = site.state.number[...] = 0.0
    resorption.act(30.0 * DAY)
    assert site.state.giant[3] == pytest.approx(levels[-1] * np.exp(-1.0), rel=1e-6)


# --- perfusion, texture, acid -----------------------------------------------------------------------------------------


def test_granulation_tissue_is_perfused_more_and_a_mass_is_not(load):
    simulation = Simulation(load('rim_perfusion = 6\nrim_width = "0.2 mm"', "[9]"))
    site = lay(simulation, [4], 0.5)
    site.problem.look_at_pores()
    times = site.problem.perfusion[INNER].ravel() / site.setup.perfusion.ravel()
    assert times[4] == 1.0
    assert times[3] == times[5] == pytest.approx(1.0 + 5.0 * np.exp(-1.0), rel=1e-9)
    assert times[0] == pytest.approx(1.0 + 5.0 * np.exp(-16.0), rel=1e-9)


def field(spacing, count, seed=1, strength=0.7, name="joint"):
    axis = (np.arange(count) + 0.5) * spacing
    out = np.empty((1, count, count))
    texture.texture(axis, axis, np.array([0.5e-3]), 2e-3, strength, *rng.key(seed, name), out)
    return out[0]


def test_texture_does_not_depend_on_the_voxel():
    coarse, fine = field(0.6e-3, 20), field(0.2e-3, 60)
    assert fine[1::3, 1::3] == pytest.approx(coarse, rel=1e-12)
    assert np.abs(np.log(coarse) - np.log(field(0.6e-3, 20, seed=2))).max() > 0.5
    assert np.abs(np.log(coarse) - np.log(field(0.6e-3, 20, name="hip"))).max() > 0.5


def test_texture_has_mean_one_and_the_spread_that_was_asked():
    many = np.concatenate([field(2.37e-3, 60, seed).ravel() for seed in range(8)])
    assert many.mean() == pytest.approx(1.0, abs=0.03)
    assert np.log(many).std() == pytest.approx(0.7, abs=0.02)


def test_texture_is_smooth_over_its_length():
    g = np.log(field(0.05e-3, 200))
    assert np.abs(np.diff(g, axis=0)).max() < 0.2
    assert np.corrcoef(g[:, :-40].ravel(), g[:, 40:].ravel())[0, 1] < 0.6  # one length apart


def test_texture_multiplies_perfusion_and_exposure(load):
    simulation = Simulation(load('texture = { length = "0.5 mm", strength = 0.8 }', "[12, 12]", INJURY))
    site = simulation.sites["joint"]
    plain = Simulation(load("", "[12, 12]", INJURY)).sites["joint"]
    factor = site.setup.texture
    assert site.setup.perfusion == pytest.approx(plain.setup.perfusion * factor, rel=1e-12)
    assert site.state.substrate[:, 2] == pytest.approx(np.minimum(0.2 * factor.ravel(), 1.0), rel=1e-12)
    assert factor.std() > 0.2


def test_a_source_of_alkalinity_raises_it_by_source_over_perfusion(load):
    rate = "20 mol/m3/day"
    simulation = Simulation(load(f'alkalinity_source = "{rate}"\nperfusion = "1e-4 1/s"', "[1]"))
    simulation.advance(5.0 * DAY)
    site = simulation.sites["joint"]
    risen = float(site.state.c[(kinetics.ALKALINITY, *INNER)].ravel()[0] - site.setup.plasma[kinetics.ALKALINITY])
    assert risen == pytest.approx(20.0 / DAY / 1e-4, rel=1e-3)
    assert simulation.observables()["ledger_alkalinity_relative"] <= 1e-13


# --- repeated injury --------------------------------------------------------------------------------------------------


def test_microtrauma_comes_again_and_again(load):
    again = INJURY + 'every = "10 day"\nuntil = "35 day"\nhealing = "5 day"\n'
    scenario = load("", "[6]", again)
    assert [time / DAY for time in scenario.event[0].moments(scenario.duration)] == [0.0, 10.0, 20.0, 30.0]
    simulation = Simulation(scenario)
    exposed = []
    for day in (9.9, 10.0, 19.9, 20.0, 40.0):
        simulation.advance(day * DAY)
        exposed.append(float(simulation.sites["joint"].state.substrate[0, 2]))
    assert exposed[1] == pytest.approx(1.0 - 0.8 * (1.0 - exposed[0]), rel=0.05)
    assert exposed[3] > exposed[2]
    assert exposed[4] < exposed[3]


@pytest.mark.parametrize("wrong", ['until = "5 day"\n', 'every = "10 day"\nuntil = "0 day"\n'])
def test_an_end_without_repetition_is_told(load, wrong):
    with pytest.raises(ScenarioError, match="until is the end of an injury that comes again"):
        load("", "[6]", INJURY + wrong)


def test_with_everything_on_it_stops_and_resumes_with_the_same_bytes(load):
    keys = 'giant_cells = 0.7\nrim_perfusion = 8\ntexture = { length = "0.5 mm", strength = 0.6 }\nalkalinity_source = "2 mol/m3/day"'
    scenario = load(keys, "[6, 6]", INJURY + 'every = "3 day"\n')
    whole = Simulation(scenario)
    whole.advance(12.0 * DAY)
    first, count = Simulation(scenario), 0

    def stop():
        nonlocal count
        count += 1
        return count == 37

    assert not first.advance(12.0 * DAY, stop)
    second = Simulation.restore(scenario, first.arrays(), first.meta(), threads=2)
    second.advance(12.0 * DAY)
    assert state_sha256(second.arrays()) == state_sha256(whole.arrays())


def test_what_giant_cells_give_back_is_seen_in_the_plasma_and_its_books(tmp_path):
    """A litre of such masses whose faces go back: more calcium in the plasma than without cells, less PTH, and both ledgers close."""
    path = tmp_path / "mass.toml"
    rows = {}
    for cells in (0, 1):
        text = TEXT.format(keys=f"giant_cells = {cells}", shape="[8]").replace(
            'calcium_ionised = "1.2 mmol/L"\nphosphate = "1.1 mmol/L"', 'driver = "model"\ntwo_way = true\nlesion_volume = "1 L"'
        )
        path.write_text(text)
        simulation = Simulation(door.load(path))
        site = lay(simulation, [3, 4], 1.0)
        site.state.giant[...] = float(cells)
        simulation.advance(30.0 * DAY)
        rows[cells] = simulation.observables()
        assert rows[cells]["ledger_calcium_relative"] <= 1e-13
        assert rows[cells]["ledger_plasma_calcium_relative"] <= 1e-12
    assert rows[1]["resorbed_calcium_mg"] > 0.0 == rows[0]["resorbed_calcium_mg"]
    assert rows[1]["calcium_total_mmol_per_l"] > rows[0]["calcium_total_mmol_per_l"] + 0.01
    assert rows[1]["pth_pg_per_ml"] < rows[0]["pth_pg_per_ml"]

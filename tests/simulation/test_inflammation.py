"""Crystals that inflame tissue, collagen that this lays open, and colloid that leaks: TIS-1 to TIS-4, and vessels and cells beside."""

import numpy as np
import pytest
from interrupted import after_steps
from simulation.test_tissue_life import bind, lay

from calcisim import parameters
from calcisim import scenario as door
from calcisim.numerics import threads
from calcisim.physics import kinetics
from calcisim.physics.kinetics import SPECIES
from calcisim.physics.phases import HAP
from calcisim.physics.routes import INFLAMED, SEEDED, SURFACE
from calcisim.physics.tissue import laid_open, open_in_the_end
from calcisim.results.sha import state_sha256
from calcisim.scenario.errors import ScenarioError
from calcisim.simulation import inflammation
from calcisim.simulation.run import Simulation
from calcisim.simulation.setup import INNER

DAY = 86400.0
ROW = parameters.values("biology")
REACH, TAU = ROW["inflammation_reach"], ROW["inflammation_half_life"] / np.log(2.0)
HEALTHY = 'calcium_ionised = "1.2 mmol/L"\nphosphate = "1.1 mmol/L"\n'
URAEMIC = 'calcium_ionised = "1.3 mmol/L"\nphosphate = "2.6 mmol/L"\nph = 7.38\nbicarbonate = "21 mmol/L"\n'
COMPUTED = 'driver = "model"\nglomerular_filtration = "10 mL/min"\nphosphate_intake = "50 mmol/day"\nburn_in = "200 day"\n'
TEXT = """title = "tissue"
duration = "400 day"

[plasma]
{plasma}
[[site]]
name = "joint"
tissue = "{tissue}"
{keys}

[site.grid]
shape = {shape}
spacing = "0.2 mm"
depth = "1 mm"
"""
INJURY = '\n[[event]]\nkind = "expose"\nsite = "joint"\nat = "0 day"\nfraction = {fraction}\ns = {s}\n'
ON = "crystal_inflammation = 1\n"


@pytest.fixture
def load(tmp_path):
    """A scenario with these keys of its site, grid, plasma and events."""

    def loaded(keys="", shape="[6, 5]", more="", plasma=HEALTHY, tissue="periarticular"):
        path = tmp_path / "tissue.toml"
        text = TEXT.format(keys=keys, shape=shape, plasma=plasma, tissue=tissue)
        if shape == "[]":
            text = text.replace('spacing = "0.2 mm"\ndepth = "1 mm"', 'depth = "1 cm"')
        if shape.count(",") == 2:
            text = text.replace('depth = "1 mm"\n', "")
        path.write_text(text + more)
        return door.load(path)

    return loaded


@pytest.fixture
def inflame(load):
    """The inflammation of a site of this shape whose crystals have the surface `area` [1/m]."""

    def made(shape, area=0.0, keys=ON):
        problem = Simulation(load(keys, shape)).sites["joint"].problem
        problem.voxels.held[kinetics.AREA] = area
        return problem.inflammation

    return made


# --- TIS-1: how it spreads and goes -----------------------------------------------------------------------------------


def test_it_falls_to_a_half_in_its_half_life_and_without_crystals_all_of_it_goes(inflame):
    one = inflame("[40]")
    level = np.random.default_rng(3).uniform(0.0, 1.0, 40)
    one.state.inflammation[...] = level
    one.act(ROW["inflammation_half_life"])
    assert one.state.inflammation.sum() == pytest.approx(0.5 * level.sum(), rel=1e-12)  # no flux at the sides
    one.act(TAU)
    assert one.state.inflammation.sum() == pytest.approx(0.5 * level.sum() / np.e, rel=1e-12)
    assert np.ptp(one.state.inflammation) < 0.2 * np.ptp(level)


def test_beside_a_slab_it_falls_as_the_exponential_of_the_grid(inflame):
    """2 (cosh(h/L) − 1) = (h/l)² for I ~ e^(−x/L) where l²(I_left − 2 I + I_right)/h² = I."""
    one = inflame("[80]", np.where(np.arange(80) < 5, 1000.0, 0.0))
    one.act(1e4 * DAY)
    found = one.state.inflammation
    length = 0.2e-3 / np.arccosh(1.0 + 0.5 * (0.2e-3 / REACH) ** 2)
    assert found[5:35] / found[4:34] == pytest.approx(np.full(30, np.exp(-0.2e-3 / length)), rel=1e-7)
    assert length == pytest.approx(REACH, rel=0.03)  # and the grid follows the tissue


@pytest.mark.parametrize(("area", "strength"), [(0.0, 1.0), (10.0, 1.0), (1000.0, 1.0), (1000.0, 0.3), (1e6, 0.3)])
def test_a_point_settles_where_its_crystals_keep_it(inflame, area, strength):
    """I = g A²/(A² + A_half²) in a voxel without neighbours; A counts what is bound and what floats."""
    one = inflame("[]", 0.25 * area, f"crystal_inflammation = {strength}\n")
    one.voxels.held[kinetics.AREA_FREE] = 0.75 * area
    one.act(1000.0 * DAY)
    assert one.state.inflammation == pytest.approx([strength * area**2 / (area**2 + 1000.0**2)], rel=1e-12)
    assert (one.state.inflammation > 0.0).all() == (area > 0.0)


@pytest.mark.parametrize("shape", ["[]", "[12]", "[7, 5]", "[3, 4, 5]"])
def test_one_step_of_ten_days_is_ten_of_one_day(inflame, shape):
    rng = np.random.default_rng(5)
    whole, parts = inflame(shape), inflame(shape)
    count = whole.state.inflammation.size
    area, level = 1000.0 * rng.uniform(0.0, 3.0, count), rng.uniform(0.0, 1.0, count)
    for one, steps in ((whole, 1), (parts, 10)):
        one.voxels.held[kinetics.AREA], one.state.inflammation[...] = area, level
        for _ in range(steps):
            one.act(10.0 / steps * DAY)
    assert parts.state.inflammation == pytest.approx(whole.state.inflammation, abs=1e-13)
    assert np.abs(whole.state.inflammation - level).max() > 0.03


def test_it_stays_between_nothing_and_one(inflame):
    """Also beside a jump, where a transform rounds; all of the tissue full of crystals is at one and no higher."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        one = inflame("[9, 6]")
        one.state.inflammation[...] = rng.integers(0, 2, 54)
        one.voxels.held[kinetics.AREA] = 1e9 * rng.integers(0, 2, 54)
        for dt in (1e-3, 60.0, DAY, 1e3 * DAY):
            one.act(dt)
            assert one.state.inflammation.min() >= 0.0
            assert one.state.inflammation.max() <= 1.0
    one.voxels.held[kinetics.AREA] = 1e9
    one.act(1e4 * DAY)
    assert one.state.inflammation == pytest.approx(1.0, abs=1e-9)


def test_it_spreads_alike_along_both_axes(inflame):
    area = np.random.default_rng(11).uniform(0.0, 2000.0, (7, 7))
    found = []
    for field in (area, area.T):
        one = inflame("[7, 7]", field.ravel())
        one.act(3.0 * DAY)
        found.append(one.state.inflammation.reshape(7, 7))
    assert found[1] == pytest.approx(found[0].T, abs=1e-15)
    assert np.abs(found[0] - found[0].T).max() > 0.01


def test_exposure_follows_the_mean_of_the_step_times_the_texture(inflame):
    one = inflame("[8, 8]", 3000.0, ON + 'texture = { length = "0.5 mm", strength = 0.8 }\n')
    one.act(2.0 * DAY)
    law = (ROW["inflammation_exposure"] * one.setup.texture.ravel(), ROW["inflammation_healing"])
    expected = laid_open(np.zeros(64), 0.5 * one.state.inflammation, 2.0 * DAY, *law)
    assert one.state.substrate[:, INFLAMED] == pytest.approx(expected, rel=1e-13)
    assert expected.std() > 0.2 * expected.mean() > 0.0


# --- what it does to a site -------------------------------------------------------------------------------------------


def test_without_it_a_site_has_the_bytes_it_had(load):
    more = INJURY.format(fraction=0.2, s=0.6)
    plain, off = (Simulation(load(keys, "[5, 4]", more, URAEMIC)) for keys in ("", "crystal_inflammation = 0\ncolloid_leak = 0\n"))
    for one in (plain, off):
        one.advance(40.0 * DAY)
        state = one.sites["joint"].state
        assert not state.inflammation.any()
        assert not state.substrate[:, [INFLAMED, SEEDED]].any()
        assert one.sites["joint"].problem.inflammation.longest() == np.inf
        assert one.sites["joint"].deposit() > 0.0
    assert state_sha256(off.arrays()) == state_sha256(plain.arrays())
    assert off.statistics()["steps"] == plain.statistics()["steps"]


def test_healthy_skin_bears_a_few_crystals(load):
    """The threshold: in a year of health with 0.1 % of the collagen worn, what forms does not inflame."""
    more = INJURY.format(fraction=0.001, s=0.7)
    simulation = Simulation(load(ON, "[]", more, tissue="dermis"))
    simulation.advance(365.0 * DAY)
    site = simulation.sites["joint"]
    assert 0.0 < site.state.inflammation[0] < 0.05
    assert site.state.substrate[0, INFLAMED] < open_in_the_end(0.05, ROW["inflammation_exposure"], ROW["inflammation_healing"])


@pytest.fixture
def spread(load, monkeypatch):
    """Mineral [mol Ca/m³] of a column of joint capsule after 120 days of uraemia, of which the first millimetre was injured once."""

    def run(keys, pace=inflammation.PACE):
        monkeypatch.setattr(inflammation, "PACE", pace)
        more = INJURY.format(fraction=0.02, s=0.6) + 'healing = "21 day"\nregion = { shape = "slab", low = "0 mm", high = "1 mm" }\n'
        simulation = Simulation(load(keys, "[40]", more, URAEMIC, "joint-capsule"))
        simulation.advance(120.0 * DAY)
        return simulation.sites["joint"].mineral().ravel()

    return run


SPREADING = ON + "inflamed_state = 0.65\n"


def test_mineral_spreads_beyond_what_was_injured_where_crystals_inflame(spread):
    still, spreading = spread(""), spread(SPREADING)
    assert still[:5].min() > 100.0
    assert still[5:].sum() < 1e-3 * still[:5].sum()
    assert spreading[5:].sum() > spreading[:5].sum() > still[:5].sum()
    assert np.flatnonzero(spreading > 1.0).max() > 25  # 5 mm from where it began
    assert np.all(np.diff(spreading[5:]) < 0.0)


def test_a_healthier_state_of_what_is_laid_open_spreads_less(spread):
    assert spread(ON + "inflamed_state = 0.75\n")[5:].sum() < 0.1 * spread(SPREADING)[5:].sum()


def test_longer_steps_while_exposure_moves_hardly_move_the_deposit(spread):
    """A sixteenth of PACE, with three times the steps, moves it by 6 %; half of it by 0.3 %, as steps are split before they are held."""
    whole, half, least = (spread(SPREADING, inflammation.PACE / parts).sum() for parts in (1, 2, 16))
    assert whole == pytest.approx(half, rel=0.005)
    assert whole == pytest.approx(least, rel=0.07)


def test_steps_are_held_back_while_exposure_moves_and_only_then(inflame):
    one = inflame("[6]")
    assert one.longest() == np.inf
    one.state.inflammation[2] = 0.5
    assert one.longest() == inflammation.PACE
    end = open_in_the_end(one.state.inflammation, *one._law())
    for apart, longest in ((1.04, np.inf), (1.06, inflammation.PACE), (0.94, inflammation.PACE)):
        one.state.substrate[:, INFLAMED] = apart * end
        assert one.longest() == longest
    one.state.inflammation[...] = 0.0
    one.state.substrate[:, INFLAMED] = 1e-7  # a trace that closes
    assert one.longest() == np.inf


def test_an_excision_takes_inflammation_and_leaves_the_open_share_of_what_is_left(load):
    simulation = Simulation(load(ON, "[6]"))
    site = simulation.sites["joint"]
    site.state.inflammation[...], site.state.substrate[:, INFLAMED] = 0.8, 0.1
    for rows, completeness in ((slice(0, 2), 1.0), (slice(2, 4), 0.5)):
        mask = np.zeros(site.setup.shape, dtype=bool)
        mask[..., rows] = True
        site.excise(mask, completeness)
    assert site.state.inflammation.tolist() == [0.0, 0.0, 0.4, 0.4, 0.8, 0.8]
    assert site.state.substrate[:, INFLAMED].tolist() == [0.1] * 6
    assert site.state.substrate[:2, SURFACE].tolist() == [0.0, 0.0]


# --- TIS-3: the colloid -----------------------------------------------------------------------------------------------


def colloid(simulation, day):
    return simulation.sites["joint"].around.colloid(day * DAY)


def test_particles_of_the_colloid_are_caught_as_it_leaks(load):
    """PS C (1 + β I)/n, with n the calcium of a ball of apatite of the diameter in data/biology.toml."""
    simulation = Simulation(load(ON + "colloid_leak = 3\n", "[6]", plasma=COMPUTED))
    one = simulation.sites["joint"].problem.inflammation
    one.state.inflammation[...] = [0.0, 0.1, 0.5, 1.0, 0.0, 0.0]
    one.state.substrate[4, 0] = 0.0  # no collagen there
    one.start(20.0 * DAY, 2.0 * DAY)
    calcium = np.pi / 6.0 * ROW["colloid_diameter"] ** 3 * 5.0 / 160e-6  # 160 cm³/mol and five calcium of Ca5(PO4)3OH
    at_rest = 3.0 * ROW["colloid_leak"] * colloid(simulation, 21.0) / calcium
    times = 1.0 + ROW["colloid_leak_inflamed"] * np.array([0.0, 0.1, 0.5, 1.0, 0.0, 0.0])
    times[4] = 0.0
    assert one.state.substrate[:, SEEDED] == pytest.approx(at_rest * times, rel=0.01)
    assert one.state.substrate[:4, SEEDED] / one.state.substrate[0, SEEDED] == pytest.approx([1.0, 2.0, 6.0, 11.0], rel=1e-12)
    assert at_rest > 0.0


def test_more_colloid_or_leakier_vessels_give_as_much_more(load):
    found = {}
    for leak in (1, 2, 7):
        simulation = Simulation(load(f"colloid_leak = {leak}\n", "[4]", plasma=COMPUTED.replace("200 day", "0 day")))
        one = simulation.sites["joint"].problem.inflammation
        for day in (1.0, 300.0):
            one.start(day * DAY, 0.0)
            found[leak, day] = one.state.substrate[0, SEEDED] / colloid(simulation, day)
    assert colloid(simulation, 300.0) > 1.2 * colloid(simulation, 1.0)  # the body becomes uraemic
    assert found[1, 300.0] == pytest.approx(found[1, 1.0], rel=1e-12)
    assert found[2, 1.0] == pytest.approx(2.0 * found[1, 1.0], rel=1e-12)
    assert found[7, 300.0] == pytest.approx(7.0 * found[1, 1.0], rel=1e-12)


def test_a_plasma_that_is_written_has_no_colloid(load):
    with pytest.raises(ScenarioError, match="needs a computed plasma"):
        load("colloid_leak = 1\n")
    simulation = Simulation(load(ON))
    simulation.sites["joint"].problem.inflammation.leak = 1.0
    simulation.advance(2.0 * DAY)
    assert not simulation.sites["joint"].state.substrate[:, SEEDED].any()


def test_intact_skin_has_as_many_nuclei_as_particles_were_caught(load):
    simulation = Simulation(load("colloid_leak = 1\n", "[]", plasma=COMPUTED, tissue="dermis"))
    site = simulation.sites["joint"]
    simulation.advance(5.0 * DAY)
    before, began = float(site.state.progress[1]), site.time
    simulation.advance(25.0 * DAY)
    seeded = site.state.substrate[0, SEEDED]
    room = 1.0 - site.model.minimum_porosity / site.setup.initial_porosity.item()  # of the pores, as for every nucleus (GRO-6)
    assert site.state.rate[0] == pytest.approx(room * seeded, rel=1e-3)
    born = (float(site.state.progress[1]) - before) / site.volume()
    times = np.linspace(began, site.time, 201)
    mean = np.mean([site.around.colloid(time) for time in times]) / site.around.colloid(site.time)
    assert born == pytest.approx(room * seeded * mean * (site.time - began), rel=0.01)
    plain = Simulation(load("", "[]", plasma=COMPUTED, tissue="dermis"))
    plain.advance(25.0 * DAY)
    assert plain.sites["joint"].state.progress[1] < 1e-3 * site.state.progress[1]


# --- the fluid and the vessels of a site ------------------------------------------------------------------------------

CONCENTRATED = "concentrated = { calcium = 1.5, phosphate = 1.25 }\n"
TIMES = np.array([{"calcium": 1.5, "phosphate": 1.25}.get(name, 1.0) for name in SPECIES])


@pytest.mark.parametrize("plasma", [HEALTHY, COMPUTED, COMPUTED + "two_way = true\n"], ids=["constant", "computed", "two ways"])
def test_a_concentrated_fluid_is_so_many_times_that_of_plasma(load, plasma):
    plain, dense = (Simulation(load(keys, "[4]", plasma=plasma)) for keys in ("", CONCENTRATED))
    for day in (0.0, 10.0):
        for one in (plain, dense):
            one.advance(day * DAY)
        sites = [one.sites["joint"] for one in (plain, dense)]
        assert sites[1].setup.plasma == pytest.approx(sites[0].setup.plasma * TIMES, rel=1e-12 if day == 0.0 else 1e-5)
        for site in sites:
            pores = site.state.c[(slice(None), *INNER)].reshape(len(SPECIES), -1)
            assert pores == pytest.approx(np.repeat(site.setup.plasma[:, None], 4, axis=1), rel=1e-12 if day == 0.0 else 0.01)


@pytest.mark.parametrize("plasma", [HEALTHY, COMPUTED, COMPUTED + "two_way = true\n"], ids=["constant", "computed", "two ways"])
def test_a_concentrated_fluid_deposits_more_and_its_books_close(load, plasma):
    plain, dense = (Simulation(load(keys, "[4]", INJURY.format(fraction=0.05, s=0.7), plasma)) for keys in ("", CONCENTRATED))
    deposits = []
    for one in (plain, dense):
        one.advance(10.0 * DAY)
        deposits.append(one.sites["joint"].deposit())
        row = one.observables()
        assert max(row[f"ledger_{name}_relative"] for name in ("calcium", "phosphorus", "alkalinity")) <= 1e-13
    assert deposits[1] > 1.2 * deposits[0] > 0.0
    if plasma != HEALTHY:
        assert dense.plasma.body.ledger().max() <= 1e-12


def test_mineral_closes_vessels_to_one_part_in_e_where_it_fills_that_much(load):
    keys = 'vessels_close_at = {}\nrim_perfusion = {}\nrim_width = "0.2 mm"\n'
    filled = float(lay(Simulation(load(shape="[9]")), [4], 0.5).filled().ravel()[4])
    assert 0.01 < filled < 0.5
    for times in (1.0, 6.0):
        site = lay(Simulation(load(keys.format(repr(filled), times), "[9]")), [4], 0.5)
        site.problem.look_at_pores()
        left = site.problem.perfusion[INNER].ravel() / site.setup.perfusion.ravel()
        assert left[4] == pytest.approx(np.exp(-1.0), rel=1e-9)
        assert left[3] == left[5] == pytest.approx(1.0 + (times - 1.0) * np.exp(-1.0), rel=1e-9)
        assert left[0] == pytest.approx(1.0, abs=1e-5)
    open_vessels = lay(Simulation(load(shape="[9]")), [4], 0.5)
    open_vessels.problem.look_at_pores()
    assert np.all(open_vessels.problem.perfusion[INNER] == open_vessels.setup.perfusion)


# --- giant cells on a mass of small particles -------------------------------------------------------------------------


def lay_singles(simulation, solids):
    """Bound primaries, each a clump of its own, of this solid volume in each voxel."""
    rows = np.flatnonzero(solids)
    return bind(simulation, rows, np.asarray(solids, dtype=float)[rows], simulation.sites["joint"].model.particle.volume)


def test_a_mass_of_small_particles_loses_its_faces_to_giant_cells(load):
    """No clump is too large for a macrophage, yet a face goes back at k_res G: of its voxel k_res G/h a day, and within nothing."""
    solids = [0.0, 0.0, 0.4, 0.4, 0.4, 0.0, 0.0, 0.0]
    site = lay_singles(Simulation(load("giant_cells = 1\noverride = { porosity = 0.95 }", "[8]")), solids)
    resorption = site.problem.resorption
    assert site.model.particle.volume < 1e-3 * site.model.uptake.largest
    drawn, taken = resorption.faces()
    assert taken == pytest.approx(np.array([1.0, 0.0, 1.0]) / 0.2e-3, rel=0.05)
    assert drawn == pytest.approx([1.0, 0.0, 1.0], rel=0.05)
    cover = 0.7
    site.state.giant[...] = cover
    resorption.time = 1e30  # they neither come nor go
    before = site.phases()[HAP].ravel().copy()
    resorption.act(DAY)
    lost = 1.0 - site.phases()[HAP].ravel()[2:5] / before[2:5]
    day = parameters.values("particles")["resorption_speed"] * DAY * cover / 0.2e-3
    assert lost == pytest.approx([day, 0.0, day], rel=0.05)
    assert lost[1] == 0.0
    assert float(site.state.ledger.relative(site.problem.held()).max()) <= 1e-13


def test_a_trace_of_mineral_draws_hardly_anyone(load):
    solids = [0.0, 0.0, 0.4, 0.0, 0.0, 1e-6, 0.0, 0.0]
    site = lay_singles(Simulation(load("giant_cells = 1\noverride = { porosity = 0.95 }", "[8]")), solids)
    site.problem.resorption.act(300.0 * DAY)
    assert site.state.giant[2] > 0.7
    assert 0.0 < site.state.giant[5] < 2e-4
    assert not site.state.giant[[0, 1, 3, 4, 6, 7]].any()


def test_under_inflammation_more_macrophages_come(load):
    """PAR-7: with I they take (1 + r I) times what those at rest do."""
    site = lay_singles(Simulation(load(ON, "[4]")), [1e-4] * 4)
    assert site.setup.uptake_capacity.min() > 0.0
    site.state.inflammation[...] = [0.0, 0.1, 0.5, 1.0]
    before = site.mineral().ravel().copy()
    site.problem.particles._engulf(60.0)
    lost = before - site.mineral().ravel()
    assert lost / lost[0] == pytest.approx(1.0 + ROW["inflammation_recruitment"] * site.state.inflammation, rel=1e-3)
    assert float(site.state.ledger.relative(site.problem.held()).max()) <= 1e-13


# --- all of it together -----------------------------------------------------------------------------------------------


@pytest.fixture
def everything(load):
    keys = (
        "crystal_inflammation = 1\ninflamed_state = 0.65\ncolloid_leak = 20\nvessels_close_at = 0.02\nrim_perfusion = 8\n"
        'texture = { length = "0.5 mm", strength = 0.6 }\ngiant_cells = 0.7\n'
    )
    more = INJURY.format(fraction=0.3, s=0.6) + 'every = "3 day"\n'
    return load(keys + CONCENTRATED, "[6, 6]", more, COMPUTED + 'two_way = true\nlesion_volume = "10 mL"\n')


def test_with_everything_on_it_stops_and_resumes_with_the_same_bytes(everything, monkeypatch):
    whole = Simulation(everything)
    whole.advance(12.0 * DAY)
    state = whole.sites["joint"].state
    assert state.inflammation.max() > 0.5
    assert state.substrate[:, SEEDED].min() > 0.0
    assert state.substrate[:, INFLAMED].max() > 1e-3
    assert whole.sites["joint"].deposit() > 0.0
    first = Simulation(everything)
    assert not first.advance(12.0 * DAY, after_steps(whole.statistics()["steps"] // 2))
    assert 1.0 * DAY < first.time < 12.0 * DAY
    monkeypatch.setattr(threads, "SERIAL_BELOW", 1)  # so that this small grid is shared out too
    second = Simulation.restore(everything, first.arrays(), first.meta(), threads=2)
    second.advance(12.0 * DAY)
    assert state_sha256(second.arrays()) == state_sha256(whole.arrays())


def test_two_threads_give_the_bytes_of_one(everything, monkeypatch):
    monkeypatch.setattr(threads, "SERIAL_BELOW", 1)
    found = []
    for count in (1, 2):
        simulation = Simulation(everything, threads=count)
        simulation.advance(6.0 * DAY)
        found.append(state_sha256(simulation.arrays()))
        row = simulation.observables()
        assert max(row[f"ledger_{name}_relative"] for name in ("calcium", "phosphorus", "alkalinity")) <= 1e-13
        assert simulation.plasma.body.ledger().max() <= 1e-12
    threads.use(1)
    assert found[0] == found[1]

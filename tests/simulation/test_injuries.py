"""Injuries of living tissue: what each kind does at once, what follows of it, and that runs stop, resume and close their books."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from interrupted import after_steps
from scipy.integrate import solve_ivp
from scipy.stats import kstest
from simulation.test_tissue_life import bind

from calcisim import parameters
from calcisim import scenario as door
from calcisim.numerics import threads
from calcisim.physics import kinetics, routes
from calcisim.results.sha import state_sha256
from calcisim.scenario.events import EVENTS
from calcisim.simulation.run import Simulation
from calcisim.simulation.setup import INNER

DAY = 86400.0
ROW = parameters.values("biology")
KINDS = tuple(parameters.tables("injuries"))
TISSUES = tuple(parameters.tables("tissues"))
HEALTHY = 'calcium_ionised = "1.2 mmol/L"\nphosphate = "1.1 mmol/L"\n'
URAEMIC = 'calcium_ionised = "1.3 mmol/L"\nphosphate = "2.6 mmol/L"\nph = 7.38\nbicarbonate = "21 mmol/L"\n'
ALIVE = "local_biology = true\n"
TEXT = """title = "injury"
duration = "{duration}"
[plasma]
{plasma}
[[site]]
name = "a"
tissue = "{tissue}"
{keys}
[site.grid]
{grid}
"""
POINT, LINE = 'depth = "1 cm"', 'shape = [8]\nspacing = "0.2 mm"\ndepth = "1 mm"'
MIDDLE = 'region = { shape = "slab", low = "0.6 mm", high = "1.0 mm" }'  # voxels 3 and 4 of a line
LEDGERS = ("calcium", "phosphorus", "alkalinity")


def event(kind, *lines, at="0 day"):
    """An event in the site; what an implantation needs is written for it."""
    if kind == "implantation" and not any(line.startswith("region") for line in lines):
        lines = (*lines, MIDDLE)
    return "\n".join(["", "[[event]]", f'kind = "{kind}"', 'site = "a"', f'at = "{at}"', *lines, ""])


def treatment(kind, *lines):
    return "\n".join(["", "[[treatment]]", f'kind = "{kind}"', *lines, ""])


@pytest.fixture
def load(tmp_path):
    """A scenario with these events, keys of its site, tissue, plasma and grid."""

    def loaded(more="", keys=ALIVE, tissue="dermis", grid=LINE, plasma=HEALTHY, duration="400 day"):
        path = tmp_path / "injury.toml"
        path.write_text(TEXT.format(keys=keys, tissue=tissue, grid=grid, plasma=plasma, duration=duration) + more)
        return door.load(path)

    return loaded


def row(kind):
    return {name: one.value for name, one in parameters.tables("injuries")[kind].items()}


def books(simulation):
    got = simulation.observables()
    return max(got[f"ledger_{name}_relative"] for name in LEDGERS)


def differing(one, other):
    """Names of the arrays that are not the same to the byte."""
    assert one.keys() == other.keys()
    return [name for name in one if one[name].dtype != other[name].dtype or one[name].tobytes() != other[name].tobytes()]


# --- what each kind does at once --------------------------------------------------------------------------------------


def check_damage(state, rows, share, s, healing, debris, inflammation, lost):
    """These voxels have this injury and the others none."""
    others = np.setdiff1d(np.arange(state.vessels.size), rows)
    fixed = parameters.values("nucleation")["debris_state"]
    assert state.substrate[rows, routes.EXPOSED] == pytest.approx(share, rel=1e-12)
    assert state.substrate[rows, routes.EXPOSED_STATE] == pytest.approx(s, rel=1e-12)
    assert state.substrate[rows, routes.HEALING] == pytest.approx(1.0 / healing, rel=1e-12)
    assert state.healing[rows] == pytest.approx(1.0 / healing, rel=1e-12)
    assert state.debris[rows] == pytest.approx(debris, rel=1e-12)
    assert state.substrate[rows, routes.DEBRIS_STATE] == pytest.approx(ROW["unfixed_debris_state"] if debris > 0.0 else fixed)
    assert state.inflammation[rows] == pytest.approx(inflammation, rel=1e-12)
    assert state.vessels[rows] == pytest.approx(1.0 - lost, rel=1e-12)
    assert np.all(state.macrophages == 1.0)  # they need time to come
    for array in (state.substrate[:, routes.EXPOSED], state.debris, state.inflammation, state.healing):
        assert not array[others].any()
    assert np.all(state.vessels[others] == 1.0)
    assert np.all(state.vessels_end[others] == 1.0)


@pytest.mark.parametrize("severity", [1.0, 0.4])
@pytest.mark.parametrize("kind", KINDS)
def test_an_injury_does_what_its_table_says_times_its_severity(load, kind, severity):
    """The state and the healing of what is open do not follow the severity; a pocket is beside its region, the rest in it."""
    state = (
        Simulation(load(event(kind, MIDDLE, f"severity = {severity}", *['pocket = "0.2 mm"'] * (kind == "implantation")))).sites["a"].state
    )
    usual = row(kind)
    rows = [2, 5] if kind == "implantation" else [3, 4]
    scaled = (severity * usual[name] for name in ("debris", "inflammation", "vessels_lost"))
    check_damage(state, rows, severity * usual["fraction"], usual["state"], usual["healing"], *scaled)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_wins_over_the_table(load, kind):
    own = ("fraction = 0.37", "s = 0.81", 'healing = "11 day"', 'debris = "7e15 1/m3"', "inflammation = 0.22", "vessels_lost = 0.13")
    state = Simulation(load(event(kind, MIDDLE, *own, *['pocket = "0.2 mm"'] * (kind == "implantation")))).sites["a"].state
    check_damage(state, [2, 5] if kind == "implantation" else [3, 4], 0.37, 0.81, 11.0 * DAY, 7e15, 0.22, 0.13)


def test_one_key_that_is_written_leaves_the_others_and_zero_is_written_too(load):
    state = Simulation(load(event("necrosis", MIDDLE, 'debris = "0 1/m3"', "severity = 0.5"))).sites["a"].state
    usual = row("necrosis")
    halves = (0.5 * usual["inflammation"], 0.5 * usual["vessels_lost"])
    check_damage(state, [3, 4], 0.5 * usual["fraction"], usual["state"], usual["healing"], 0.0, *halves)


def test_a_region_by_name_and_the_whole_site(load):
    named = '[[site.region]]\nname = "spot"\nshape = "slab"\nlow = "0.6 mm"\nhigh = "1.0 mm"\n'
    for lines, rows in ((('region = "spot"',), [3, 4]), ((), range(8))):
        state = Simulation(load(named + event("trauma", *lines))).sites["a"].state
        assert np.flatnonzero(state.inflammation).tolist() == list(rows)
        assert np.flatnonzero(state.vessels < 1.0).tolist() == list(rows)


def test_two_injuries_at_once_unite(load):
    state = Simulation(load(event("necrosis", MIDDLE) + event("burn", MIDDLE))).sites["a"].state
    one, two = row("necrosis"), row("burn")
    assert state.substrate[3, routes.EXPOSED] == pytest.approx(1.0 - (1.0 - one["fraction"]) * (1.0 - two["fraction"]))
    assert state.substrate[3, routes.EXPOSED_STATE] == min(one["state"], two["state"])
    assert state.debris[3] == pytest.approx(one["debris"] + two["debris"])
    assert state.inflammation[3] == 1.0  # never above one
    assert state.vessels[3] == pytest.approx((1.0 - one["vessels_lost"]) * (1.0 - two["vessels_lost"]))


@pytest.mark.parametrize("kind", KINDS)
def test_an_injury_of_no_severity_is_none(load, kind):
    state, plain = (Simulation(load(more)).sites["a"].state for more in (event(kind, "severity = 0"), ""))
    closed = [column for column in range(state.substrate.shape[1]) if column not in (routes.EXPOSED_STATE, routes.HEALING)]
    assert np.array_equal(state.substrate[:, closed], plain.substrate[:, closed])  # the state of what is open, where nothing is, is any
    for name in ("debris", "inflammation", "vessels", "macrophages", "c", "mineral"):
        assert np.array_equal(getattr(state, name), getattr(plain, name))


def test_an_injury_of_no_severity_leaves_an_open_wound_as_it_is(load):
    wound = event("expose", "fraction = 0.2", "s = 0.8", 'healing = "5 day"')
    state, plain = (Simulation(load(wound + more)).sites["a"].state for more in (event("trauma", "severity = 0"), ""))
    assert np.array_equal(state.substrate, plain.substrate)


def test_dead_material_is_not_injured(load):
    """Silicone and a fixed cusp have no cells and no vessels; tissue beside them has."""
    for material in ("silicone", "cusp-fixed"):
        painted = f'[[site.region]]\nshape = "slab"\nlow = "0.6 mm"\nhigh = "1.0 mm"\nmaterial = "{material}"\n'
        state, plain = (Simulation(load(painted + more)).sites["a"].state for more in (event("burn"), ""))
        assert np.flatnonzero(state.inflammation).tolist() == [0, 1, 2, 5, 6, 7]
        assert np.array_equal(state.substrate[3:5], plain.substrate[3:5])
        assert np.array_equal(state.debris[3:5], plain.debris[3:5])


def test_debris_of_an_injury_beside_that_of_fixed_cells_has_the_state_of_the_more_active(load):
    painted = 'override = { debris = "1e16 1/m3" }\n'
    state = Simulation(load(event("necrosis", MIDDLE), keys=ALIVE + painted)).sites["a"].state
    fixed = parameters.values("nucleation")["debris_state"]
    assert fixed < ROW["unfixed_debris_state"]
    assert np.all(state.substrate[:, routes.DEBRIS_STATE] == fixed)
    assert state.debris[[0, 3]] == pytest.approx([1e16, 1e16 + row("necrosis")["debris"]])


# --- microtrauma, implantation, vasculopathy --------------------------------------------------------------------------


def test_microtrauma_spares_scars_and_trauma_does_not(load):
    cut = event("excise", MIDDLE, 'bed = "scar"')
    found = {}
    for kind in ("", "microtrauma", "trauma"):
        simulation = Simulation(load(cut + (event(kind, at="1 day") if kind else event("expose", "fraction = 0", "s = 1", at="1 day"))))
        simulation.advance(1.0 * DAY)
        state = simulation.sites["a"].state
        assert np.flatnonzero(state.scar).tolist() == [3, 4]
        found[kind] = np.stack([state.substrate[:, routes.EXPOSED], state.inflammation, state.vessels, state.debris])
    scar, rest = [3, 4], [0, 1, 2, 5, 6, 7]
    assert found["microtrauma"][:, scar] == pytest.approx(found[""][:, scar], rel=1e-12)
    assert np.all(found["microtrauma"][:2][:, rest] > found[""][:2][:, rest])
    assert np.all(found["trauma"][[0, 1, 3]][:, scar] > found[""][[0, 1, 3]][:, scar])


@pytest.mark.parametrize("material", ["dermis", "silicone"])
@pytest.mark.parametrize(
    ("pocket", "injured"), [("0.2 mm", [2, 5]), ("0.4 mm", [1, 2, 5, 6]), ("0.01 mm", [2, 5]), ("1 cm", [0, 1, 2, 5, 6, 7])]
)
def test_an_implantation_injures_the_pocket_and_not_the_device(load, pocket, injured, material):
    """A pocket thinner than a voxel is that of the voxels beside the device."""
    painted = f'[[site.region]]\nname = "device"\nshape = "slab"\nlow = "0.6 mm"\nhigh = "1.0 mm"\nmaterial = "{material}"\n'
    state = Simulation(load(painted + event("implantation", 'region = "device"', f'pocket = "{pocket}"'))).sites["a"].state
    assert np.flatnonzero(state.inflammation).tolist() == injured
    assert np.flatnonzero(state.substrate[:, routes.EXPOSED]).tolist() == injured
    assert np.flatnonzero(state.debris).tolist() == injured


def test_a_pocket_in_a_thin_sheet_is_that_of_the_voxels_beside_the_device(load):
    thin = LINE.replace('"1 mm"', '"0.1 mm"')
    state = Simulation(load(event("implantation", MIDDLE, 'pocket = "0.01 mm"'), grid=thin)).sites["a"].state
    assert np.flatnonzero(state.inflammation).tolist() == [2, 5]


def test_failing_vessels_stay_as_few_as_is_written(load):
    """v falls or rises to perfusion_left with the time of vessels that grow; injuries after it end there too, and a milder one is none."""
    more = (
        event("vasculopathy", "perfusion_left = 0.4")
        + event("trauma", at="30 day")
        + event("vasculopathy", "perfusion_left = 0.9", at="60 day")
    )
    simulation = Simulation(load(more, grid=POINT))
    state = simulation.sites["a"].state
    left, time = 1.0 - row("vasculopathy")["vessels_lost"], ROW["revascularisation"]
    assert state.vessels[0] == pytest.approx(left)
    simulation.advance(20.0 * DAY)
    assert state.vessels[0] == pytest.approx(0.4 + (left - 0.4) * np.exp(-20.0 * DAY / time), rel=1e-9)
    simulation.advance(59.0 * DAY)
    before = (0.4 + (left - 0.4) * np.exp(-30.0 * DAY / time)) * (1.0 - row("trauma")["vessels_lost"])
    assert state.vessels[0] == pytest.approx(0.4 + (before - 0.4) * np.exp(-29.0 * DAY / time), rel=1e-9)
    simulation.advance(300.0 * DAY)
    assert state.vessels_end[0] == 0.4
    assert state.vessels[0] == pytest.approx(0.4, rel=1e-6)
    flow = simulation.sites["a"].problem.perfusion[INNER].item() / simulation.sites["a"].setup.perfusion.item()
    assert flow == pytest.approx(0.4, rel=1e-3)  # what the fluid is renewed with


# --- what follows -----------------------------------------------------------------------------------------------------


def test_after_an_injury_macrophages_come_and_go_debris_goes_and_vessels_grow_back(load):
    """Against the equations of the tissue in one voxel without crystals, solved apart; steps hold the inflammation of their end."""
    simulation = Simulation(load(event("necrosis"), grid=POINT))
    state, usual = simulation.sites["a"].state, row("necrosis")
    tau = ROW["inflammation_half_life"] / np.log(2.0)

    def slope(time, y):
        level = usual["inflammation"] * np.exp(-time / tau)
        return [(1.0 + ROW["inflammation_recruitment"] * level - y[0]) / ROW["macrophage_time"], -ROW["debris_clearance"] * y[0] * y[1]]

    days = np.array([1.0, 3.0, 7.0, 14.0, 40.0])
    answer = solve_ivp(slope, (0.0, 40.0 * DAY), [1.0, usual["debris"]], t_eval=days * DAY, rtol=1e-9, max_step=0.1 * DAY)
    peak = 0.0
    for day, cells, debris in zip(days, *answer.y, strict=True):
        simulation.advance(day * DAY)
        assert state.inflammation[0] == pytest.approx(usual["inflammation"] * np.exp(-day * DAY / tau), rel=0.02)
        assert state.macrophages[0] == pytest.approx(cells, rel=0.1)
        assert 0.5 * debris < state.debris[0] <= 1.1 * debris  # a part of it is also used up by nuclei
        assert state.vessels[0] == pytest.approx(1.0 - usual["vessels_lost"] * np.exp(-day * DAY / ROW["revascularisation"]), rel=1e-9)
        peak = max(peak, float(state.macrophages[0]))
    assert peak > 10.0
    assert state.macrophages[0] == pytest.approx(1.0, abs=0.2)
    assert 0.1 * usual["debris"] < answer.y[1, -1] < 0.2 * usual["debris"]  # some is left when the cells have gone


def test_wounds_close_more_slowly_under_inflammation(load):
    lines = ("fraction = 0.2", 'healing = "10 day"', 'debris = "0 1/m3"', "vessels_lost = 0")
    found = []
    for level in (0, 1):
        simulation = Simulation(load(event("trauma", *lines, f"inflammation = {level}"), grid=POINT))
        simulation.advance(10.0 * DAY)
        found.append(simulation.sites["a"].state.substrate[0, routes.EXPOSED])
    assert found[0] == pytest.approx(0.2 * np.exp(-1.0), rel=1e-6)
    tau = ROW["inflammation_half_life"] / np.log(2.0) / DAY
    passed = tau * (np.log(1.0 + np.exp(10.0 / tau)) - np.log(2.0))  # ∫ dt/(1 + e^(−t/τ)) of 10 days
    assert found[1] == pytest.approx(0.2 * np.exp(-passed / 10.0), rel=0.02)


def test_full_inflammation_makes_the_acid_that_the_fluid_can_hold(load):
    """TIS-9 at rest under v = 1: acid a_L κ (1 + h), fluid κ (1 + h), so alkalinity falls by a_L; without inflammation by nothing."""
    for immune, fall in ((1.0, ROW["lactic_acid"]), (0.5, 0.5 * ROW["lactic_acid"]), (0.0, 0.0)):
        simulation = Simulation(load(keys=ALIVE + f"immune_inflammation = {immune}\n", grid=POINT))
        simulation.advance(200.0 * DAY)
        site = simulation.sites["a"]
        assert site.state.inflammation[0] == pytest.approx(immune, abs=1e-6)
        assert site.deposit() < 1e-9
        alkalinity = site.state.c[kinetics.ALKALINITY][INNER].item()
        assert site.setup.plasma[kinetics.ALKALINITY] - alkalinity == pytest.approx(fall, abs=0.02)
        assert books(simulation) <= 1e-12


def test_tissue_whose_vessels_mineral_has_closed_makes_no_more_acid_than_the_fluid_that_comes_can_hold(load):
    simulation = Simulation(load(keys=ALIVE + "immune_inflammation = 1\nvessels_close_at = 0.05\n", grid=POINT))
    site = simulation.sites["a"]
    bind(SimpleNamespace(sites={"joint": site}), [0], 0.2, site.model.particle.volume)
    simulation.advance(10.0 * DAY)
    least = site.setup.plasma[kinetics.ALKALINITY] - ROW["lactic_acid"]
    assert site.state.c[kinetics.ALKALINITY][INNER].item() >= least - 0.5


def test_inflamed_tissue_has_less_pyrophosphate_and_so_less_protection(load):
    simulation = Simulation(load(event("trauma", MIDDLE)))
    level = np.asarray(simulation.sites["a"].problem.biology.pyrophosphate())
    state = simulation.sites["a"].state
    assert level[[0, 1, 2, 5, 6, 7]] == pytest.approx(1.0, rel=1e-12)
    assert np.all(level[[3, 4]] < 0.9)
    assert np.all(state.substrate[[3, 4], routes.PROTECTION] < state.substrate[0, routes.PROTECTION])
    assert np.all(state.substrate[[3, 4], routes.AFFINITY] < state.substrate[0, routes.AFFINITY])
    simulation.advance(300.0 * DAY)
    assert np.asarray(simulation.sites["a"].problem.biology.pyrophosphate()) == pytest.approx(1.0, abs=1e-6)


def test_debris_falls_only_where_cells_can_clear_it(load):
    fluid, skin = (Simulation(load(event("necrosis"), tissue=tissue, grid=POINT)) for tissue in ("bursa-fluid", "dermis"))
    assert not fluid.sites["a"].state.debris.any()  # no collagen, no cells: nothing that could die
    skin.advance(60.0 * DAY)
    assert skin.sites["a"].state.debris[0] < 0.2 * row("necrosis")["debris"]


# --- injection --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("grid", "rows"), [(POINT, 1), (LINE, 8)])
def test_an_injection_is_booked_and_leaves_a_deposit(load, grid, rows):
    needle = event("injection", 'calcium = "5 mmol/L"', 'phosphate = "4 mmol/L"', at="1 day")
    simulation, dry = (Simulation(load(more, grid=grid)) for more in (needle, event("injection", at="1 day")))
    for one in (simulation, dry):
        one.advance(3.0 * DAY)
        assert books(one) <= 1e-12
    site = simulation.sites["a"]
    booked = site.state.ledger.accounts["injected"].value
    expected = np.zeros(booked.size)
    expected[[kinetics.CALCIUM, kinetics.PHOSPHATE, kinetics.ALKALINITY]] = 5.0, 4.0, 2.0
    assert booked == pytest.approx(expected * site.volume(), rel=1e-13, abs=0.0)
    assert not dry.sites["a"].state.ledger.accounts["injected"].value.any()
    assert site.deposit() > 0.1 * booked[kinetics.CALCIUM]
    assert site.deposit() > 100.0 * dry.sites["a"].deposit()
    assert site.state.inflammation.max() > 0.0


def test_a_strong_injection_within_the_limits_is_solved(load):
    """8 mmol/L of both is the most that a scenario may inject; more is a paste (tests/scenario/test_bad_treatment.py)."""
    simulation = Simulation(load(event("injection", 'calcium = "8 mmol/L"', 'phosphate = "8 mmol/L"'), grid=POINT))
    simulation.advance(0.1 * DAY)
    assert simulation.sites["a"].deposit() > 0.0


def test_an_injection_goes_into_its_region_and_each_salt_is_its_own(load):
    for lines, index, amounts in (
        ('calcium = "10 mmol/L"', [kinetics.CALCIUM], [10.0]),
        ('phosphate = "10 mmol/L"', [kinetics.PHOSPHATE, kinetics.ALKALINITY], [10.0, 5.0]),
    ):
        site, plain = (Simulation(load(more)).sites["a"] for more in (event("injection", MIDDLE, lines), ""))
        change = (site.state.u - plain.state.u)[(slice(None), *INNER)].reshape(-1, 8)
        expected = np.zeros_like(change)
        expected[index, 3:5] = np.array(amounts)[:, None]
        assert change == pytest.approx(expected, abs=1e-12)
        inner = (slice(None), *INNER)
        assert site.state.c[inner] * site.open_porosity() == pytest.approx(site.state.u[inner], rel=1e-13)
        assert float(site.state.ledger.relative(site.problem.held()).max()) <= 1e-13


# --- irregular ones ---------------------------------------------------------------------------------------------------

OFTEN = ('every = "2 day"', "irregular = true")


def drawn(scenario, seed, site="a"):
    """Times of the first event of a site, ascending."""
    ((_, times),) = Simulation(scenario, seed).happenings[site]
    return np.array(sorted(times))


def test_the_same_seed_draws_the_same_times_and_another_seed_others(load):
    scenario = load(event("trauma", *OFTEN), grid=POINT)
    one, again, other = (drawn(scenario, seed) for seed in (1, 1, 2))
    assert one.tolist() == again.tolist()
    assert not set(one) & set(other)


def test_irregular_injuries_lie_between_at_and_until(load):
    scenario = load(event("trauma", *OFTEN, 'until = "90 day"', at="30 day"), grid=POINT)
    found = np.concatenate([drawn(scenario, seed) for seed in range(30)])
    assert found.min() > 30.0 * DAY
    assert found.max() <= 90.0 * DAY
    assert found.size == pytest.approx(30 * 30, abs=5.0 * np.sqrt(900.0))  # 30 of 60 days each


def test_intervals_are_exponential_with_the_mean_that_is_written(load):
    scenario = load(event("trauma", *OFTEN), grid=POINT)
    runs = [drawn(scenario, seed) for seed in range(20)]
    counts = np.array([len(one) for one in runs])
    assert counts.sum() == pytest.approx(20 * 200, abs=5.0 * np.sqrt(20 * 200))
    assert counts.var(ddof=1) == pytest.approx(200.0, rel=1.7)  # a Poisson process: the variance is the mean (5 sd of 19 degrees)
    gaps = np.concatenate([np.diff(one, prepend=0.0)[:150] for one in runs]) / (2.0 * DAY)  # the first 150, so that the end selects none
    assert gaps.mean() == pytest.approx(1.0, abs=5.0 / np.sqrt(gaps.size))
    assert kstest(gaps, "expon").pvalue > 1e-4


def test_two_events_and_two_sites_draw_apart(load, tmp_path):
    second = f'[[site]]\nname = "b"\ntissue = "dermis"\n{ALIVE}[site.grid]\n{POINT}\n'
    more = event("trauma", *OFTEN) + event("microtrauma", *OFTEN) + event("trauma", *OFTEN).replace('"a"', '"b"')
    happenings = Simulation(load(second + more, grid=POINT)).happenings
    times = [moments for name in "ab" for _, moments in happenings[name]]
    assert len(times) == 3
    assert not times[0] & times[1]
    assert not times[0] & times[2]


def test_irregular_injuries_happen_when_they_are_drawn(load):
    """Each lays as much of the rest open, and none of it closes in these days."""
    lines = ("fraction = 0.05", 'healing = "90 year"', "inflammation = 0", 'debris = "0 1/m3"', "vessels_lost = 0")
    simulation = Simulation(load(event("trauma", *OFTEN, *lines), grid=POINT, duration="20 day"))
    ((_, times),) = simulation.happenings["a"]
    assert len(times) > 3
    before = 0
    for day in range(21):
        simulation.advance(day * DAY)
        count = sum(time <= day * DAY for time in times)
        assert simulation.sites["a"].state.substrate[0, routes.EXPOSED] == pytest.approx(1.0 - 0.95**count, rel=2e-3)
        before = max(before, count)
    assert before == len(times)


def test_too_many_times_are_not_drawn_for_ever():
    one = EVENTS.read({"kind": "trauma", "site": "a", "at": "0 day", "every": "1 min", "irregular": True})
    assert len(one.drawn(100.0 * 365.0 * DAY, lambda number: 0.5)) == 100_000


# --- stop and resume --------------------------------------------------------------------------------------------------

COURSES = {
    "no treatment": "",
    "colchicine": treatment("colchicine", 'dose = "1 mg/day"', 'start = "1 day"'),
    "anticoagulant": treatment("anticoagulant", 'dose = "5 mg/day"', 'start = "1 day"'),
    "diltiazem that stops": treatment("diltiazem", 'dose = "480 mg/day"', 'stop = "3 day"'),
    "immunosuppressant": treatment("immunosuppressant", 'dose = "11 mg/day"', 'start = "1 day"'),
}
BUSY = ALIVE + 'crystal_inflammation = 1\nimmune_inflammation = 0.3\ngiant_cells = 0.5\nrim_perfusion = 4\nrim_width = "0.2 mm"\n'
INJURED = (
    event("trauma", 'every = "2 day"', "irregular = true")
    + event("burn", MIDDLE, at="1.5 day")
    + event("injection", MIDDLE, 'calcium = "7 mmol/L"', 'phosphate = "7 mmol/L"', at="2 day")
    + event("vasculopathy", "perfusion_left = 0.6", at="3 day")
    + event("excise", 'target = "largest"', 'bed = "scar"', "by_size = true", at="4 day")
)


def resumed(scenario, days, at, count=2):
    """Arrays of a run that went on, and of one that was stopped after this many steps and restored; when it was stopped [s]."""
    whole = Simulation(scenario)
    whole.advance(days * DAY)
    first = Simulation(scenario)
    assert not first.advance(days * DAY, after_steps(max(int(at * whole.statistics()["steps"]), 1)))
    second = Simulation.restore(scenario, {name: array.copy() for name, array in first.arrays().items()}, first.meta(), threads=count)
    again = differing(first.arrays(), second.arrays())
    second.advance(days * DAY)
    threads.use(1)
    return whole, second, first.time, again


@pytest.mark.slow
@pytest.mark.parametrize("course", COURSES)
def test_a_run_that_is_stopped_in_the_middle_of_an_injury_ends_with_the_same_bytes(load, course, monkeypatch):
    monkeypatch.setattr(threads, "SERIAL_BELOW", 1)  # so that this small grid is shared out too
    scenario = load(INJURED + COURSES[course], keys=BUSY, plasma=URAEMIC, duration="6 day")
    for at in (0.4, 0.8):
        whole, second, stopped, again = resumed(scenario, 6.0, at)
        assert 0.1 * DAY < stopped < 6.0 * DAY
        assert again == []
        assert differing(whole.arrays(), second.arrays()) == []
    state = whole.sites["a"].state
    assert state.inflammation.max() > 0.1
    assert np.ptp(state.macrophages) > 0.0
    assert whole.sites["a"].deposit() > 0.0
    assert books(second) <= 1e-12


def test_two_threads_give_the_bytes_of_one(load, monkeypatch):
    monkeypatch.setattr(threads, "SERIAL_BELOW", 1)
    found = []
    for count in (1, 2):
        simulation = Simulation(load(INJURED + COURSES["colchicine"], keys=BUSY, plasma=URAEMIC, duration="6 day"), threads=count)
        simulation.advance(6.0 * DAY)
        found.append(simulation.arrays())
    threads.use(1)
    assert differing(*found) == []


TURNS = treatment("anticoagulant", 'dose = "2 mg/day"', 'on = "1 day"', 'off = "1 day"')


def test_a_drug_in_turns_is_resumed_with_the_same_bytes(load):
    """Speed of growth is set from that of the tissue at every turn, and not from that of the turn before."""
    scenario = load(event("burn") + TURNS, keys=ALIVE, plasma=URAEMIC, grid=POINT, duration="30 day")
    simulation = Simulation(scenario)
    simulation.advance(28.5 * DAY)
    other = Simulation.restore(scenario, simulation.arrays(), simulation.meta())
    assert other.sites["a"].model.phases.growth.tobytes() == simulation.sites["a"].model.phases.growth.tobytes()
    for one in (simulation, other):
        one.advance(30.0 * DAY)
    assert differing(simulation.arrays(), other.arrays()) == []


def test_perfusion_goes_back_when_a_drug_that_widens_vessels_is_stopped(load):
    """A site without local biology whose perfusion nothing else moves."""
    scenario = load(treatment("diltiazem", 'dose = "480 mg/day"', 'stop = "3 day"'), keys="", grid=POINT, duration="6 day")
    simulation = Simulation(scenario)
    site = simulation.sites["a"]
    assert site.problem.perfusion[INNER].item() > 1.05 * site.setup.perfusion.item()
    simulation.advance(4.0 * DAY)
    assert site.problem.perfusion[INNER].item() == site.setup.perfusion.item()


# --- sites that ask for nothing ---------------------------------------------------------------------------------------


def test_a_site_without_local_biology_is_untouched(load):
    more = event("expose", "fraction = 0.3", "s = 0.6", 'every = "2 day"')
    keys = "crystal_inflammation = 1\ngiant_cells = 0.5\n"
    sites = [Simulation(load(more, keys=keys + own, plasma=URAEMIC)) for own in ("", "local_biology = false\nimmune_inflammation = 0\n")]
    for simulation in sites:
        simulation.advance(8.0 * DAY)
        site = simulation.sites["a"]
        state = site.state
        assert state.inflammation.max() > 0.1
        for array in (state.macrophages, state.vessels, state.vessels_end):
            assert np.all(array == 1.0)
        assert not state.scar.any()
        assert np.all(state.substrate[:, routes.DEBRIS_STATE] == parameters.values("nucleation")["debris_state"])
        assert site.problem.biology.pyrophosphate() == 1.0
        assert np.all(site.problem.biology.acid() == 0.0)
        assert np.all(site.problem.perfusion[INNER] == site.setup.perfusion)
        assert not state.ledger.accounts["injected"].value.any()
    assert state_sha256(sites[0].arrays()) == state_sha256(sites[1].arrays())


def test_one_living_site_leaves_the_other_as_it_was(load):
    second = f'[[site]]\nname = "b"\ntissue = "dermis"\n[site.grid]\n{LINE}\n' + event("expose", "fraction = 0.1", "s = 0.7").replace(
        '"a"', '"b"'
    )
    found = []
    for keys, more in ((ALIVE, event("burn")), ("", "")):
        simulation = Simulation(load(second + more, keys=keys))
        simulation.advance(4.0 * DAY)
        found.append(simulation.sites["b"].state.arrays())
    assert differing(*found) == []


# --- every tissue and every injury ------------------------------------------------------------------------------------


def survive(load, tissue, kind):
    """Two days after an injury of severity 1 in one voxel of a tissue."""
    region = 'region = { shape = "slab", low = "0 mm", high = "20 mm" }'
    simulation = Simulation(load(event(kind, region), tissue=tissue, grid=POINT, duration="2 day"))
    simulation.advance(2.0 * DAY)
    site = simulation.sites["a"]
    state = site.state
    assert books(simulation) <= 1e-12
    assert float(state.c[(slice(None), *INNER)][: kinetics.ALKALINITY].min()) > 0.0
    for name in ("mineral", "debris", "nucleators", "number", "macrophages", "vessels", "inflammation", "healing", "fetuin", "giant"):
        array = getattr(state, name)
        array = array[(slice(None), *INNER)] if name == "mineral" else array
        assert np.all(array >= 0.0), name
    assert np.all(state.vessels <= 1.0)
    assert np.all(state.inflammation <= 1.0)
    exposed = state.substrate[:, routes.EXPOSED]
    assert np.all((exposed >= 0.0) & (exposed <= 1.0))
    hurt = site.problem.biology.scope(np.ones(site.setup.shape, dtype=bool)).size > 0
    assert (state.inflammation.max() > 0.0) == (hurt and kind != "implantation")
    assert all(np.isfinite(array).all() for array in state.arrays().values())


SOME = [
    ("dermis", "burn"),
    ("lung-septum", "necrosis"),
    ("muscle", "injection"),
    ("bursa-fluid", "trauma"),
    ("silicone", "implantation"),
    ("cusp-fixed", "incision"),
]


@pytest.mark.parametrize(("tissue", "kind"), SOME)
def test_a_tissue_survives_an_injury(load, tissue, kind):
    survive(load, tissue, kind)


@pytest.mark.push
@pytest.mark.parametrize("tissue", TISSUES)
def test_every_tissue_survives_every_injury(load, tissue):
    for kind in KINDS:
        survive(load, tissue, kind)


def test_every_kind_of_injury_has_a_row_and_a_class():
    assert set(KINDS) == {"trauma", "necrosis", "burn", "incision", "injection", "microtrauma", "implantation", "vasculopathy"}
    for kind, severity in product(KINDS, (0.0, 1.0)):
        keys = {"region": "somewhere"} if kind == "implantation" else {}
        damage = EVENTS.read({"kind": kind, "site": "a", "at": "0 day", "severity": severity, **keys}).damage()
        assert (damage.inflammation > 0.0) == (severity > 0.0)
        assert damage.healing >= 14.0 * DAY


def test_what_a_shorter_run_leaves_out_moves_no_irregular_injury(load):
    late = event("trauma", at="15 day")
    one = event("microtrauma", 'every = "3 day"', "irregular = true", at="0 day")
    long, short = (Simulation(load(late + one, duration=days)) for days in ("18 day", "18 day"))
    only = Simulation(load(one, duration="18 day"))
    times = [set(simulation.moments["a"]) for simulation in (long, short, only)]
    assert times[0] == times[1]
    assert times[0] - times[2] == {15.0 * DAY}

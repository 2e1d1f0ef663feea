"""Sites in a plasma that changes: what they see, how far they step, what they take, and the same bytes however it was run."""

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.physics.body_names import F
from calcisim.physics.kinetics import SPECIES
from calcisim.physics.plasma import ultrafiltrate
from calcisim.results.sha import state_sha256
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.simulation.exchange import WINDOW, taken
from calcisim.simulation.plasma import COARSE, Around, BodyPlasma, ConstantPlasma, Fluids, waters
from calcisim.simulation.run import Simulation

DAY = 86400.0
SITE = """
[[site]]
name = "joint"
tissue = "periarticular"

[site.grid]
shape = [4]
spacing = "0.2 mm"
depth = "1 mm"

[[event]]
kind = "expose"
site = "joint"
at = "0 day"
fraction = 0.2
s = 0.6
"""
CKD = """title = "coupled"
duration = "20 day"

[plasma]
driver = "model"
glomerular_filtration = "10 mL/min"
phosphate_intake = "50 mmol/day"
burn_in = "200 day"
"""
TWO = "two_way = true\n"
DIALYSIS = '\n[[treatment]]\nkind = "haemodialysis"\n'


@pytest.fixture
def load(tmp_path):
    """A scenario from a text."""

    def loaded(text):
        path = tmp_path / "coupled.toml"
        path.write_text(text)
        return door.load(path)

    return loaded


def through(simulation, days, every=1.0):
    for day in np.arange(every, days + 0.5 * every, every):
        simulation.advance(float(day) * DAY)
    return simulation


def closed(simulation):
    for site in simulation.sites.values():
        assert float(site.state.ledger.relative(site.problem.held()).max()) <= 1e-13
    assert simulation.plasma.body.ledger().max() <= 1e-12


def test_a_site_sees_the_plasma_of_its_time(load):
    simulation = through(Simulation(load(CKD + SITE + DIALYSIS)), 8)
    site = simulation.sites["joint"]
    water = simulation.plasma.water(8 * DAY)
    assert site.setup.plasma == pytest.approx([getattr(water, name) for name in SPECIES], rel=5e-3)
    assert site.problem.model.chemistry.carbon_dioxide == pytest.approx(water.pco2_atm, rel=1e-3)
    closed(simulation)


def test_a_steady_body_gives_what_its_constant_plasma_gives(load):
    """The same laboratory values, computed and written: the same deposit."""
    steady = load(CKD.replace("200 day", "20 year") + SITE)
    body = through(Simulation(steady), 20, 20.0)
    seen = body.plasma.laboratories(np.array([10 * DAY]))[0]
    keys = ("calcium_ionised", "phosphate", "magnesium", "bicarbonate", "ph")
    lines = "".join(f'{key} = "{seen[key]!r} mmol/L"\n' if key != "ph" else f"ph = {seen[key]!r}\n" for key in keys)
    constant = load('title = "constant"\nduration = "20 day"\n\n[plasma]\n' + lines + SITE)
    written = through(Simulation(constant), 20, 20.0)
    deposits = [one.observables()["deposit_calcium_mg"] for one in (body, written)]
    assert deposits[0] > 0.0
    assert deposits[0] == pytest.approx(deposits[1], rel=0.03)  # magnesium passes by 70 % there and 78 % here


def test_steps_follow_the_pace_of_the_plasma(load):
    plain, dialysed = (through(Simulation(load(CKD + SITE + more)), 14, 14.0) for more in ("", DIALYSIS))
    assert dialysed.statistics()["steps"] > 2 * plain.statistics()["steps"]
    around = dialysed.sites["joint"].around
    for time in np.linspace(0.0, 13.9 * DAY, 50):
        reach = min(around.limit(float(time)), 14 * DAY)
        assert reach > time
        moved = np.abs(np.log(around.at(reach) / around.at(float(time))))
        assert moved.max() <= COARSE * 1.01  # straight lines in the table, logarithms here


def test_a_constant_plasma_never_holds_a_step_back():
    around = Around(Fluids(ConstantPlasma(door.load("healthy/dermis").fluid)), None)
    assert around.limit(0.0) == np.inf
    assert around.at(0.0) == pytest.approx(around.at(1e9))
    assert Simulation(door.load("healthy/dermis", quick=True)).sites["dermis"].around is None


def test_a_site_with_its_own_carbon_dioxide_keeps_it(load):
    acid = SITE.replace('tissue = "periarticular"\n', 'tissue = "periarticular"\ncarbon_dioxide = "60 mmHg"\n')
    simulation = through(Simulation(load(CKD + acid)), 2)
    assert simulation.sites["joint"].problem.model.chemistry.carbon_dioxide == pytest.approx(60.0 / 760.0, rel=1e-12)


@pytest.mark.parametrize("keys", [CKD, CKD + TWO + 'lesion_volume = "1 L"\n'], ids=["one way", "two ways"])
def test_stopped_and_restored_it_ends_the_same(load, keys):
    scenario = load(keys + SITE + DIALYSIS)
    whole = through(Simulation(scenario), 6)
    first = Simulation(scenario)
    count = 0

    def stop():
        nonlocal count
        count += 1
        return count == 23

    day = 1
    while first.advance(day * DAY, stop):
        day += 1
    second = Simulation.restore(scenario, first.arrays(), first.meta(), threads=2)
    for later in range(day, 7):
        second.advance(later * DAY)
    assert state_sha256(second.arrays()) == state_sha256(whole.arrays())
    rows = [one.observables() for one in (second, whole)]
    assert rows[0]["phosphate_mmol_per_l"] == rows[1]["phosphate_mmol_per_l"]
    closed(second)


def test_output_times_do_not_change_what_two_ways_give(load):
    scenario = load(CKD + TWO + SITE)
    often, rarely = through(Simulation(scenario), 4, 0.5), through(Simulation(scenario), 4, 4.0)
    assert often.plasma.body.state == pytest.approx(rarely.plasma.body.state, rel=1e-6)


def test_what_tissues_take_is_charged_to_the_body(load):
    scenario = load(CKD + TWO + 'lesion_volume = "20 L"\n' + SITE)
    simulation = through(Simulation(scenario), 10)
    charged = simulation.exchange.charged
    body = simulation.plasma.body
    assert charged[0] > 1e-3  # a mmol of calcium and more
    last = taken(simulation.sites, simulation.exchange.volume) - charged  # of the window that is still open
    assert -body.amount[F.calcium_tissue] == pytest.approx(charged[0], rel=1e-9)
    assert 0.0 <= last[0] < 0.5 * charged[0]
    closed(simulation)


def test_what_macrophages_carry_off_comes_back_to_the_plasma(load):
    simulation = Simulation(load(CKD + TWO + SITE))
    site = simulation.sites["joint"]
    before = taken(simulation.sites, None)
    amount = np.array([5.0, 3.0, 0.1, 10.0])
    site.state.ledger.book("engulfed", -amount)
    assert before - taken(simulation.sites, None) == pytest.approx(amount[:3])
    site.state.ledger.book("excised", -amount)  # leaves the body
    assert before - taken(simulation.sites, None) == pytest.approx(amount[:3])


def test_a_large_uptake_lowers_the_plasma_and_moves_its_hormones(load):
    alone, charged = (through(Simulation(load(head + SITE)), 20, 10.0) for head in (CKD, CKD + TWO + 'lesion_volume = "5 L"\n'))
    rows = [one.observables() for one in (alone, charged)]
    assert rows[1]["calcium_ionised_mmol_per_l"] < rows[0]["calcium_ionised_mmol_per_l"]
    assert rows[1]["pth_pg_per_ml"] > rows[0]["pth_pg_per_ml"]


def test_one_way_warns_once_when_tissues_take_much(load, recwarn):
    simulation = Simulation(load(CKD + 'lesion_volume = "60 L"\n' + SITE))
    with pytest.warns(PlausibilityWarning, match=r"the tissues take .* mmol of calcium a day, more than 1 mmol/d.*two_way=true"):
        through(simulation, 10)
    recwarn.clear()
    through(simulation, 12)
    assert not recwarn.list


def test_a_small_uptake_warns_of_nothing(load, recwarn):
    through(Simulation(load(CKD + SITE)), 3)
    assert not [one for one in recwarn.list if issubclass(one.category, PlausibilityWarning)]


def test_results_of_a_site_name_its_plasma(load):
    row = Simulation(load(CKD + SITE)).observables()
    assert {"calcium_ionised_mmol_per_l", "pth_pg_per_ml", "colloid", "ledger_plasma_calcium_relative", "deposit_calcium_mg"} <= set(row)
    assert isinstance(Simulation(load(CKD + SITE)).plasma, BodyPlasma)
    assert WINDOW == DAY / 2


def test_weekly_means_take_few_steps_and_miss_what_is_steep(load):
    """Nucleation answers to the peaks of the sawtooth more than to its mean, which leaves 15 to 20 % less mineral in few steps."""
    text = CKD.replace("50 mmol/day", "46 mmol/day").replace("20 day", "56 day").replace("10 mL/min", "2 mL/min")
    text = text.replace('burn_in = "200 day"', 'burn_in = "140 day"')
    went_on = DIALYSIS + "already = true\n"
    direct = through(Simulation(load(text + SITE + went_on)), 56, 56.0)
    mean = through(Simulation(load(text + 'average = "7 day"\n' + SITE + went_on)), 56, 56.0)
    assert mean.statistics()["steps"] < 0.25 * direct.statistics()["steps"]
    deposits = [one.observables()["deposit_calcium_mg"] for one in (direct, mean)]
    assert 0.75 < deposits[1] / deposits[0] < 1.0
    assert mean.observables()["phosphate_mmol_per_l"] == direct.observables()["phosphate_mmol_per_l"]


def test_means_keep_the_integral(load):
    plasma = BodyPlasma(load(CKD + SITE + DIALYSIS))
    plasma.advance(20 * DAY)
    whole, mean = Fluids(plasma), Fluids(plasma, 2 * DAY)
    times = np.linspace(2 * DAY, 18 * DAY, 20001)
    for a, b in zip(whole.levels, mean.levels, strict=True):
        areas = [np.trapezoid(np.interp(times, one.times, level), times) for one, level in ((whole, a), (mean, b))]
        assert areas[1] == pytest.approx(areas[0], rel=5e-3)


@pytest.mark.parametrize("by", ["calcium_ionised", "calcium"])
def test_many_waters_at_once_are_those_one_by_one(by):
    draw = np.random.default_rng(4)
    plasmas = []
    for _ in range(60):
        ph, bicarbonate = draw.uniform(7.1, 7.6), draw.uniform(8.0, 40.0)
        plasma = {"phosphate": draw.uniform(0.4, 5.0), "magnesium": draw.uniform(0.3, 2.5), "sodium": 140.0, "potassium": 4.0}
        plasma |= {"chloride": 103.0, "citrate": 0.1, "albumin": draw.uniform(0.3, 0.7), "bicarbonate": bicarbonate, "ph": ph}
        ion = draw.uniform(0.6, 2.2)
        plasmas.append(plasma | {by: ion if by == "calcium_ionised" else 2.0 * ion, "temperature": 310.15, "magnesium_fraction": 0.7})
    levels, pressure = waters(plasmas)
    for plasma, level, carbon_dioxide in zip(plasmas, levels.T, pressure, strict=True):
        alone = ultrafiltrate(**plasma)
        assert level == pytest.approx([getattr(alone, name) for name in SPECIES], rel=1e-9)
        assert carbon_dioxide == pytest.approx(alone.pco2_atm, rel=1e-9)

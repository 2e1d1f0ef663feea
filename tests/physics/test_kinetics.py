"""The elimination of minerals in a real site: its slopes, its uniqueness, and what happens when pores are full."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm

from calcisim import scenario as door
from calcisim.numerics.sdirk import GAMMA, Stage
from calcisim.physics import elimination, kinetics
from calcisim.physics.particles import totals
from calcisim.physics.phases import ACP, COUNT, HAP, MGACP, OCP, RATE, maturation_rate
from calcisim.simulation.ledger import Ledger
from calcisim.simulation.run import Simulation

DAY = 86400.0


@pytest.fixture(scope="module")
def cusp():
    """The fixed cusp after half a day, with a stage of 20 minutes begun."""
    simulation = Simulation(door.load("dystrophic/subdermal-cusp", (), True))
    simulation.advance(0.5 * DAY)
    return simulation.sites["cusp"]


def begin(site, dt=1200.0):
    problem = site.problem
    problem.start_step(site.time, dt)
    problem.start_stage(Stage(1, GAMMA * dt, 0.0, site.time + GAMMA * dt))
    return problem


def amounts(problem):
    """Every phase [mol/m³], (phase, busy voxel)."""
    return problem.mineral.copy()


def minerals(problem):
    """Calcium in mineral [mol/m³] of the busy voxels."""
    return problem.model.phases.calcium @ amounts(problem)


def uptakes(problem):
    """What all phases hold of every solute [mol/m³], (species, busy voxel)."""
    return problem.model.stoichiometry @ amounts(problem)


def slopes_and_differences(site, species, dt=1200.0):
    """w by one solute and its finite difference through the whole elimination, times c, for the uptake of every solute [mol/m³]."""
    problem = begin(site, dt)
    assert problem.evaluate()
    c = site.state.c.reshape(4, -1)[species][problem.work.cell]
    slopes = problem.hierarchy.fine.coupling[:, :, species].T * c
    change, sides = 2e-4, []
    for sign in (1.0, -1.0):
        problem.c[...] = site.state.c
        problem.c[species] *= 1.0 + sign * change
        assert problem.evaluate()
        sides.append(uptakes(problem))
    return slopes, (sides[0] - sides[1]) / (2.0 * change)


@pytest.mark.parametrize(("species", "close"), [(kinetics.CALCIUM, 0.02), (kinetics.PHOSPHATE, 0.02), (kinetics.ALKALINITY, 0.06)])
def test_slopes_are_those_of_the_elimination(cusp, species, close):
    """But for the ionic strength, which the slopes hold still."""
    slopes, numeric = slopes_and_differences(cusp, species)
    assert np.count_nonzero(numeric[kinetics.CALCIUM]) > 5
    for taken in (kinetics.CALCIUM, kinetics.PHOSPHATE, kinetics.ALKALINITY):
        assert np.abs(slopes[taken] - numeric[taken]).max() < close * np.abs(numeric[taken]).max()


@pytest.fixture(scope="module")
def tube():
    """Fluid far above saturation, in which ACP forms and grows by itself."""
    simulation = Simulation(door.load("invitro/t50", (), True))
    simulation.advance(400.0)
    (site,) = simulation.sites.values()
    return site


@pytest.mark.parametrize(("species", "close"), [(kinetics.CALCIUM, 0.02), (kinetics.PHOSPHATE, 0.02), (kinetics.ALKALINITY, 0.04)])
def test_slopes_where_acp_grows_from_the_fluid(tube, species, close):
    slopes, numeric = slopes_and_differences(tube, species)
    assert tube.phases()[ACP, 0, 0, 0] > 0.5 * tube.phases().sum()
    assert tube.problem.local[kinetics.GROWN + ACP, 0] > 0.9 * tube.problem.local[kinetics.GROWN : kinetics.GROWN + COUNT, 0].sum()
    for taken in (kinetics.CALCIUM, kinetics.PHOSPHATE, kinetics.ALKALINITY):
        assert np.abs(slopes[taken] - numeric[taken]).max() < close * np.abs(numeric[taken]).max()


def test_slopes_where_the_magnesium_form_grows():
    """A less soluble and faster magnesium phase than ours, so that it leads: it takes up magnesium, and the slopes say so."""
    simulation = Simulation(door.load("invitro/t50-magnesium", (), True))
    simulation.advance(400.0)
    (site,) = simulation.sites.values()
    phases = site.model.phases
    lower = phases.ln_ksp_growth - 2.0 * phases.ion_count * (np.arange(COUNT) == MGACP)
    faster = phases.growth.copy()
    faster[MGACP, RATE] *= 10.0
    site.problem.model = replace(site.model, phases=phases._replace(ln_ksp_growth=lower, growth=faster))
    for species, close in ((kinetics.CALCIUM, 0.03), (kinetics.PHOSPHATE, 0.03), (kinetics.ALKALINITY, 0.05)):
        slopes, numeric = slopes_and_differences(site, species)
        assert np.abs(numeric[kinetics.MAGNESIUM]).max() > 0.05 * np.abs(numeric[kinetics.CALCIUM]).max()
        for taken in range(4):
            assert np.abs(slopes[taken] - numeric[taken]).max() < close * np.abs(numeric[taken]).max()


@pytest.fixture(params=[("dystrophic/subdermal-cusp", 0.5), ("invitro/t50", 0.05)], ids=["cusp", "tube"])
def pulse(request):
    """A site with young mineral whose fluid turns acid: ACP and DCPD dissolve while the rest still grows."""
    name, days = request.param
    simulation = Simulation(door.load(name, (), True))
    simulation.advance(days * DAY)
    (site,) = simulation.sites.values()
    for _ in range(20):
        site.state.c[kinetics.ALKALINITY] *= 0.85
        site.problem.refresh()
        problem = begin(site, 60.0)
        assert problem.evaluate()
        if problem.local[kinetics.LOST + ACP].max() > 0.0:
            break
    return site


@pytest.mark.parametrize("dt", [60.0, 1200.0])
@pytest.mark.parametrize(("species", "close"), [(kinetics.CALCIUM, 0.02), (kinetics.PHOSPHATE, 0.03), (kinetics.ALKALINITY, 0.03)])
def test_slopes_while_something_dissolves(pulse, species, close, dt):
    slopes, numeric = slopes_and_differences(pulse, species, dt)
    local = pulse.problem.local
    assert local[kinetics.LOST + ACP].max() > 0.0
    assert local[kinetics.DISSOLVED].max() > 0.0
    for taken in (kinetics.CALCIUM, kinetics.PHOSPHATE, kinetics.ALKALINITY):
        assert np.abs(slopes[taken] - numeric[taken]).max() < close * np.abs(numeric[taken]).max()


def test_what_dissolves_is_missing_from_the_phases(pulse):
    """Σ ν_q m_q is the calcium of all primaries less what dissolved, and no phase is negative, whatever the step."""
    for dt in (60.0, 1200.0, 1e5, 1e7):
        problem = begin(pulse, dt)
        assert problem.evaluate()
        local = problem.local
        assert np.allclose(minerals(problem), local[kinetics.WHOLE] - local[kinetics.DISSOLVED], rtol=1e-11)
        assert amounts(problem).min() >= 0.0


def test_slope_by_magnesium_leaves_out_its_inhibition(cusp):
    """Newton knows magnesium as an ion only; what it leaves out is small beside calcium, and apatite takes up no magnesium."""
    slopes, numeric = slopes_and_differences(cusp, kinetics.MAGNESIUM)
    calcium = np.abs(slopes_and_differences(cusp, kinetics.CALCIUM)[1][kinetics.CALCIUM]).max()
    assert np.abs(slopes - numeric).max() < 0.3 * calcium
    assert cusp.model.stoichiometry[kinetics.MAGNESIUM, HAP] == 0.0


def test_whatever_the_first_guess_the_mineral_is_the_same(cusp):
    problem = begin(cusp)
    found = []
    room = problem.initial_porosity.ravel()[problem.work.cell] - cusp.model.minimum_porosity
    room /= cusp.model.phases.volume[HAP]
    for share in (0.0, 0.3, 0.999, 1.0):
        problem.c[...] = cusp.state.c
        problem.mineral[...] = 0.0
        problem.mineral[HAP] = share * room
        assert problem.evaluate()
        found.append(minerals(problem))
    assert found[0].max() > 0.0
    for other in found[1:]:
        assert np.allclose(found[0], other, rtol=1e-9, atol=0.0)


def test_it_solves_its_equation(cusp):
    """m = M(shift, births): a second look with its own result as a guess changes nothing, and m grows from its base."""
    problem = begin(cusp)
    assert problem.evaluate()
    once, by_phase = minerals(problem), amounts(problem)
    problem.evaluate()
    assert np.allclose(once, minerals(problem), rtol=1e-11)
    assert np.allclose(by_phase, amounts(problem), rtol=1e-10, atol=1e-11 * once.max())
    before = cusp.model.phases.calcium @ cusp.state.mineral.reshape(COUNT, -1)[:, problem.work.cell]
    assert np.all(once >= before * (1.0 - 1e-9))
    assert once.sum() > before.sum()


@pytest.fixture
def full():
    """A 0-D site whose population, all of it apatite, just fills its pores."""
    simulation = Simulation(door.load("healthy/wound", ("plasma.phosphate=3.4 mmol/L",), True))
    simulation.advance(2.0 * DAY)
    site = simulation.sites["dermis"]
    phases, before = site.model.phases, float(site.mineral()[0, 0, 0])
    room = float(site.setup.initial_porosity[0, 0, 0] - site.model.minimum_porosity) / phases.volume[HAP]
    site.state.mineral[:, 1, 1, 1] = 0.0
    site.state.mineral[HAP, 1, 1, 1] = room
    site.state.number *= room * phases.calcium[HAP] / before
    return site


def test_rates_vanish_at_the_least_porosity(full):
    held = float(full.mineral()[0, 0, 0])
    problem = begin(full, dt=30.0 * DAY)
    assert problem.evaluate()
    assert minerals(problem)[0] == pytest.approx(held, rel=1e-6)
    assert problem.local[kinetics.SHIFT, 0] == pytest.approx(0.0, abs=1e-6)
    assert problem.porosity[1, 1, 1] == pytest.approx(full.model.minimum_porosity, rel=1e-4)


def test_a_longer_stage_never_grows_beyond_the_room(cusp):
    last = 0.0
    for dt in (60.0, 6e3, 6e5, 6e7, 6e9, 6e12):
        problem = begin(cusp, dt)
        assert problem.evaluate()
        now = cusp.model.phases.volume @ amounts(problem)
        room = problem.initial_porosity.ravel()[problem.work.cell] - cusp.model.minimum_porosity
        assert np.all(now <= room * (1.0 + 1e-9))
        assert np.all(now >= last * (1.0 - 1e-9))
        last = now
    assert np.max(last / room) > 0.9


def test_no_solution_of_the_chemistry_fails_the_stage(cusp):
    problem = begin(cusp)
    problem.c[0] = np.nan
    assert not problem.evaluate()


# --- a run ------------------------------------------------------------------------------------------------------------


def of_the_cohorts(site):
    """Calcium of the primaries [mol/m³ tissue] of the active voxels, by their numbers and sizes."""
    state, particle = site.state, site.model.particle
    used = state.slots()
    primaries, volume = np.zeros((2, used)), np.zeros((2, used))
    totals(state.number, state.coordinate, state.count, particle, primaries, volume, 0, used)
    return site.state.by_row(volume.sum(axis=0)) / site.model.phases.calcium_volume


@pytest.mark.parametrize(
    ("name", "days"),
    [("dystrophic/subdermal-cusp", 3.0), ("invitro/t50", None), ("invitro/t50-magnesium", None), ("invitro/fetuin-5x5", None)],
)
def test_phases_and_particles_hold_the_same_calcium_after_every_step(name, days):
    simulation = Simulation(door.load(name, (), True))
    (site,) = simulation.sites.values()
    worst, books = [0.0], [0.0]

    def watch():
        held, counted = site.mineral().ravel()[site.active], of_the_cohorts(site)
        worst.append(float(np.max(np.abs(held - counted) / np.maximum(np.maximum(held, counted), 1e-12))))
        books.append(float(site.state.ledger.relative(site.problem.held()).max()))
        assert site.phases().min() >= 0.0
        return False

    simulation.advance(simulation.scenario.duration if days is None else days * DAY, watch)
    assert site.deposit() > 0.0
    assert max(worst) <= 1e-12
    assert max(books) <= 1e-13
    values = simulation.observables()
    assert max(values[f"ledger_{element}_relative"] for element in ("calcium", "phosphorus", "alkalinity")) <= 1e-13


def test_an_acid_pulse_keeps_its_books_and_leaves_no_phase_negative():
    """Young mineral in a fluid that turns acid for good: all of it that can dissolve does, into the fluid."""
    simulation = Simulation(door.load("invitro/t50", (), True))
    (site,) = simulation.sites.values()
    simulation.advance(0.05 * DAY)
    before = site.phases().copy()
    for field in (site.state.c, site.state.u):
        field[kinetics.ALKALINITY] *= 0.1
    site.state.ledger = Ledger(site.problem.held())
    site.restart()
    books = []

    def watch():
        assert site.phases().min() >= 0.0
        held, counted = site.mineral().ravel()[site.active], of_the_cohorts(site)
        assert np.abs(held - counted).max() <= 1e-12 * max(held.max(), 1e-6)
        books.append(float(site.state.ledger.relative(site.problem.held()).max()))
        return False

    simulation.advance(0.1 * DAY, watch)
    assert max(books) <= 1e-13
    assert site.phases()[ACP].max() < before[ACP].max()


# --- maturation -------------------------------------------------------------------------------------------------------

RATES = np.array([1.0, 0.0, 0.35, 0.0, 0.0])  # of maturation, in units of 1/time
GROWTH = np.array([0.8, 0.0, 0.3, 0.0, 0.1])  # calcium per time


def aged(phases, start, end, steps):
    """ACP → OCP → HAP with constant growth and no dissolution, by the two stages of a step as the model takes them (KIN-1)."""
    work, stage, dt = kinetics.scratch(), np.zeros((kinetics.STAGE_ROWS, 1)), end / steps
    amount, total = start.copy(), float(GROWTH.sum())
    work.velocity[:] = GROWTH
    for _ in range(steps):
        grown, old = np.zeros(COUNT), np.zeros(COUNT)
        for number in (1, 2):
            weight = 0.0 if number == 1 else (1.0 - GAMMA) / GAMMA
            for base, integral in ((kinetics.GROWN_BASE, grown), (kinetics.AGED_BASE, old)):
                stage[base : base + COUNT, 0] = weight * integral
            old = weight * old + GAMMA * dt * RATES
            stage[kinetics.AGED : kinetics.AGED + COUNT, 0] = old
            elimination._chain(phases, work, stage, 0, amount, total)
            reached = work.fixed + work.share * (GAMMA * dt * total)
            grown = weight * grown + GAMMA * dt * GROWTH
        amount = reached
    return amount


def exactly(start, end):
    """The same linear chain by the exponential of its matrix."""
    matrix = np.zeros((COUNT + 1, COUNT + 1))
    for q, into in ((ACP, OCP), (OCP, HAP)):
        matrix[q, q] -= RATES[q]
        matrix[into, q] += RATES[q]
    matrix[:COUNT, COUNT] = GROWTH
    return (expm(matrix * end) @ np.append(start, 1.0))[:COUNT]


def test_maturation_is_of_second_order_in_time(cusp):
    start, end = np.array([2.0, 0.0, 0.5, 0.0, 0.25]), 3.0
    exact = exactly(start, end)
    found = [aged(cusp.model.phases, start, end, steps) for steps in (8, 16, 32, 64)]
    for one in found:
        assert one.sum() == pytest.approx(exact.sum(), rel=1e-12)
        assert one[ACP] == pytest.approx(exact[ACP], rel=1e-12)  # the first of the chain ages exactly
    errors = [float(np.abs(one - exact).max()) for one in found]
    assert errors[0] < 0.02
    assert [math.log2(a / b) for a, b in pairwise(errors)] == pytest.approx([2.0] * 3, abs=0.2)


def test_without_growth_the_step_does_not_matter_to_the_first_phase_and_nothing_is_ever_negative(cusp):
    start = np.array([2.0, 0.0, 0.0, 0.0, 0.0])
    for steps in (1, 3):
        one = aged(cusp.model.phases, start, 1e4, steps)
        assert one.min() >= 0.0
        assert one.sum() == pytest.approx(2.0 + 1e4 * GROWTH.sum(), rel=1e-12)


def test_a_voxel_ages_by_its_own_rates(tube):
    """The share of ACP that a step of a run turns into OCP is what PHA-4 says at that pH, magnesium and fetuin."""
    problem = begin(tube, 60.0)
    assert problem.evaluate()
    local = problem.local
    acidity = -math.log10(problem.work.warm[0, 3])
    magnesium, fetuin = float(problem.c[kinetics.MAGNESIUM, 1, 1, 1]), float(problem.voxels.held[kinetics.FETUIN, 0])
    rate = maturation_rate(tube.model.phases, ACP, acidity, magnesium, fetuin)
    assert local[kinetics.AGED + ACP, 0] == pytest.approx(problem.stage.gamma_dt * rate, rel=0.05)

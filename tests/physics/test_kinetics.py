"""The elimination of minerals in a real site: its slopes, its uniqueness, and what happens when pores are full."""

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.numerics.sdirk import GAMMA, Stage
from calcisim.physics import kinetics
from calcisim.physics.phases import COUNT, HAP
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
    """Every phase [mol/m³], (phase, active voxel)."""
    return problem.mineral.reshape(COUNT, -1)[:, problem.voxels.cell].copy()


def minerals(problem):
    """Calcium in mineral [mol/m³] of the active voxels."""
    return problem.model.phases.calcium @ amounts(problem)


def uptakes(problem):
    """What all phases hold of every solute [mol/m³], (species, active voxel)."""
    return problem.model.stoichiometry @ amounts(problem)


def slopes_and_differences(site, species, dt=1200.0):
    """w by one solute and its finite difference through the whole elimination, times c, for the uptake of every solute [mol/m³]."""
    problem = begin(site, dt)
    assert problem.evaluate()
    cell = problem.voxels.cell
    c = site.state.c.reshape(4, -1)[species][cell]
    slopes = problem.hierarchy.fine.w.reshape(4, 4, -1)[:, species][:, cell] * c
    change, sides = 2e-4, []
    for sign in (1.0, -1.0):
        problem.c[...] = site.state.c
        problem.c[species] *= 1.0 + sign * change
        assert problem.evaluate()
        sides.append(uptakes(problem))
    return slopes[:, problem.busy], ((sides[0] - sides[1]) / (2.0 * change))[:, problem.busy]


@pytest.mark.parametrize(("species", "close"), [(kinetics.CALCIUM, 0.02), (kinetics.PHOSPHATE, 0.02), (kinetics.ALKALINITY, 0.06)])
def test_slopes_are_those_of_the_elimination(cusp, species, close):
    """But for the ionic strength, which the slopes hold still."""
    slopes, numeric = slopes_and_differences(cusp, species)
    assert np.count_nonzero(numeric[kinetics.CALCIUM]) > 5
    for taken in (kinetics.CALCIUM, kinetics.PHOSPHATE, kinetics.ALKALINITY):
        assert np.abs(slopes[taken] - numeric[taken]).max() < close * np.abs(numeric[taken]).max()


def test_slope_by_magnesium_leaves_out_its_inhibition(cusp):
    """Newton knows magnesium as an ion only; what it leaves out is small beside calcium, and apatite takes up no magnesium."""
    slopes, numeric = slopes_and_differences(cusp, kinetics.MAGNESIUM)
    calcium = np.abs(slopes_and_differences(cusp, kinetics.CALCIUM)[1][kinetics.CALCIUM]).max()
    assert np.abs(slopes - numeric).max() < 0.3 * calcium
    assert cusp.model.stoichiometry[kinetics.MAGNESIUM, HAP] == 0.0


def test_whatever_the_first_guess_the_mineral_is_the_same(cusp):
    problem = begin(cusp)
    found = []
    room = (problem.initial_porosity - cusp.model.minimum_porosity) / cusp.model.phases.volume[HAP]
    for share in (0.0, 0.3, 0.999, 1.0):
        problem.c[...] = cusp.state.c
        problem.mineral[...] = 0.0
        problem.mineral[HAP] = share * room
        assert problem.evaluate()
        found.append(minerals(problem)[problem.busy])
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
    before = cusp.model.phases.calcium @ cusp.state.mineral.reshape(COUNT, -1)[:, problem.voxels.cell]
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
    room = (cusp.setup.initial_porosity - cusp.model.minimum_porosity).ravel()[cusp.active]
    last = np.zeros(cusp.active.size)
    for dt in (60.0, 6e3, 6e5, 6e7, 6e9, 6e12):
        problem = begin(cusp, dt)
        assert problem.evaluate()
        now = cusp.model.phases.volume @ amounts(problem)
        assert np.all(now <= room * (1.0 + 1e-9))
        assert np.all(now >= last * (1.0 - 1e-9))
        last = now
    assert np.max(last / room) > 0.9


def test_no_solution_of_the_chemistry_fails_the_stage(cusp):
    problem = begin(cusp)
    problem.c[0] = np.nan
    assert not problem.evaluate()

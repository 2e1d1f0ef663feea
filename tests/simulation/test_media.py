"""Media that are renewed, and what a restored simulation can be asked before it takes a step."""

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.physics import kinetics
from calcisim.physics.kinetics import FREE
from calcisim.simulation import measures
from calcisim.simulation.run import Simulation

DAY = 86400.0
CHANGE = 'event=[{kind="change-medium",site="well",at="1 h",share=%s,medium={calcium="2 mmol/L",phosphate="%s mmol/L",%s}}]'
OTHER = 'sodium="100 mmol/L",bicarbonate="24 mmol/L",temperature="36.5 degC"'


def well(*sets):
    return Simulation(door.load("invitro/t50", ("duration=3 h", *sets)))


def test_a_renewed_medium_takes_what_floats_with_it_and_books_it():
    model = well(CHANGE % ("1.0", "1", OTHER))
    model.advance(3599.0)
    before = model.observables()
    model.advance(3600.0)
    after, site = model.observables(), model.sites["well"]
    assert before["deposit_calcium_mg"] > 0.1
    assert after["deposit_calcium_mg"] < 1e-6 * before["deposit_calcium_mg"]
    assert after["drained_calcium_mg"] == pytest.approx(before["deposit_calcium_mg"], rel=0.01)
    assert after["ledger_calcium_relative"] <= 1e-13
    assert site.state.c[kinetics.CALCIUM, 1, 1, 1] == pytest.approx(2.0, rel=0.05)
    assert site.model.chemistry.sodium == pytest.approx(0.1)
    model.advance(3.0 * 3600.0)
    assert model.observables()["ledger_calcium_relative"] <= 1e-13


def test_a_part_of_a_medium_mixes_with_the_rest():
    site = well(CHANGE % ("0.25", "1", OTHER)).sites["well"]
    old_sodium, old_fetuin = site.model.chemistry.sodium, site.model.inhibitors["fetuin"].level
    model = well(CHANGE % ("0.25", "1", OTHER))
    model.advance(3600.0)
    site = model.sites["well"]
    assert site.model.chemistry.sodium == pytest.approx(0.75 * old_sodium + 0.025)
    assert site.model.inhibitors["fetuin"].level == pytest.approx(0.75 * old_fetuin)
    assert 0.0 < site.setup.coverage < 1.0


def test_after_a_change_a_restored_run_stands_in_the_same_fluid():
    sets = (CHANGE % ("0.5", "1", OTHER),)
    first = well(*sets)
    first.advance(2.0 * 3600.0)
    arrays, meta = {key: array.copy() for key, array in first.arrays().items()}, first.meta()
    second = Simulation.restore(first.scenario, arrays, meta)
    for name in ("sodium", "potassium", "chloride", "citrate", "carbon_dioxide"):
        assert getattr(second.sites["well"].model.chemistry, name) == getattr(first.sites["well"].model.chemistry, name)
    assert np.array_equal(second.sites["well"].setup.plasma, first.sites["well"].setup.plasma)
    for model in (first, second):
        model.advance(3.0 * 3600.0)
    assert all(np.array_equal(first.arrays()[key], array) for key, array in second.arrays().items())


def test_a_medium_without_phosphate_can_be_poured_on_mineral():
    model = Simulation(door.load("dystrophic/subdermal-cusp", quick=True))
    model.advance(DAY)
    site = model.sites["cusp"]
    site.setup.plasma[kinetics.PHOSPHATE] = 0.0
    site.renew(1.0)
    site.restart()
    model.advance(1.01 * DAY)
    assert model.observables()["ledger_phosphorus_relative"] <= 1e-13


def test_a_restored_run_can_be_asked_before_it_takes_a_step():
    first = Simulation(door.load("dystrophic/subdermal-cusp", quick=True))
    first.advance(DAY)
    second = Simulation.restore(first.scenario, {key: array.copy() for key, array in first.arrays().items()}, first.meta())
    assert second.observables() == first.observables()


def test_slots_made_anew_while_particles_spread_are_the_ones_that_are_looked_at(tmp_path):
    """Free particles from a few voxels reach many: the arrays of particles grow within a step, and protein is counted in the new ones."""
    path = tmp_path / "tube.toml"
    path.write_text(
        'title = "Tube"\nkind = "invitro"\nduration = "2 h"\n[medium]\ncalcium = "1.8 mmol/L"\nphosphate = "1 mmol/L"\n'
        'fetuin = "1 umol/L"\nnucleators = "1e8 1/mL"\n[[site]]\nname = "tube"\ntissue = "fluid"\n[site.grid]\nshape = [64]\n'
        'spacing = "20 um"\ndepth = "1 mm"\n',
        encoding="utf-8",
    )
    model = Simulation(door.load(str(path)))
    site = model.sites["tube"]
    site.state.nucleators[8:] = 0.0
    site.restart()
    model.advance(2.0 * 3600.0)
    assert site.state.slots() > 8
    assert (site.state.count[FREE] > 0).sum() > 8
    assert model.observables()["ledger_calcium_relative"] <= 1e-13
    assert 0.0 <= site.state.fetuin.min() <= site.state.fetuin.max() <= 1e-3


def test_a_run_restored_after_a_change_at_its_start_stands_in_the_same_fluid():
    sets = ((CHANGE % ("0.5", "1", OTHER)).replace('at="1 h"', 'at="0 h"'),)
    first = well(*sets)
    first.advance(1800.0)
    second = Simulation.restore(first.scenario, {key: array.copy() for key, array in first.arrays().items()}, first.meta())
    assert second.sites["well"].model.chemistry.sodium == first.sites["well"].model.chemistry.sodium
    assert second.sites["well"].model.inhibitors == first.sites["well"].model.inhibitors
    assert second.sites["well"].setup.coverage == first.sites["well"].setup.coverage


def test_a_shield_that_fibrils_catch_is_paid_for_once():
    """Fetuin lost from a gel is what covers the particles, wherever they are now; a little is covered by growth after they are caught."""
    model = Simulation(door.load("invitro/fetuin-5x5", ("site.tube.tissue=collagen-gel",)))
    site = model.sites["tube"]
    before = site.state.fetuin.copy()
    model.advance(720.0)
    (found,) = measures.primaries(site)
    particle, shield = site.model.particle, site.model.shield
    covered = np.bincount(found.place, found.number * found.radius**2 * (1.0 - found.bare), kinetics.PLACES)
    assert covered[kinetics.BOUND] > 0.9 * covered.sum()
    lost = float(((before - site.state.fetuin) * site.problem.particles.porosity).sum())
    assert 0.9 < lost / (4.0 * np.pi * particle.terminal_radius**2 * shield.capacity * covered.sum()) < 1.0 + 1e-9


def test_fluid_without_any_surface_has_its_chemistry_solved():
    model = Simulation(door.load("healthy/bursa", quick=True))
    model.advance(DAY)
    assert model.fields()["bursa"]["ph"][0].ravel() == pytest.approx(7.4, abs=0.05)
    ill = Simulation(door.load("healthy/bursa", ('plasma.phosphate="8 mmol/L"', 'plasma.calcium_ionised="2.4 mmol/L"'), quick=True))
    ill.advance(14.0 * DAY)
    assert ill.observables()["deposit_calcium_mg"] > 0.0

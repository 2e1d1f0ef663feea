"""What is done to a site: excision takes the tissue and books what it cut, injuries unite, and absent or signed totals are solved."""

import numpy as np
import pytest

from calcisim import scenario
from calcisim.physics import kinetics, routes
from calcisim.simulation.run import Simulation

DAY = 86400.0
CUT = 'event=[{kind="excise",site="cusp",at="2 day",region="implant",completeness=%s}]'


def cusp(*sets):
    return Simulation(scenario.load("dystrophic/subdermal-cusp", sets, quick=True))


def test_an_excised_implant_does_not_come_back():
    model = cusp(CUT % "1.0")
    model.advance(1.999 * DAY)
    before = model.observables()
    model.advance(3.0 * DAY)
    after = model.observables()
    assert before["deposit_calcium_mg"] > 0.05
    assert after["deposit_calcium_mg"] < 1e-6 * before["deposit_calcium_mg"]
    assert after["calcium_ug_per_mg_dry"] is None  # no dry tissue is left to relate to
    assert after["excised_calcium_mg"] == pytest.approx(before["deposit_calcium_mg"], rel=0.02)
    assert after["dry_mass_mg"] < before["dry_mass_mg"]
    assert after["ledger_calcium_relative"] <= 1e-13


def test_half_an_excision_leaves_half():
    model = cusp(CUT % "0.5")
    model.advance(2.0 * DAY)
    got = model.observables()
    assert got["excised_calcium_mg"] == pytest.approx(got["deposit_calcium_mg"], rel=1e-9)
    assert got["nuclei"] > 0.0


def test_the_ledger_sees_a_cut_that_is_not_booked():
    model = cusp()
    model.advance(1.0 * DAY)
    site = model.sites["cusp"]
    site.state.mineral[:, 1:-1, 1:-1, 1:-1] *= 0.999
    assert model.observables()["ledger_calcium_relative"] > 1e-6


def test_a_second_injury_does_not_heal_the_first():
    site = Simulation(scenario.load("healthy/wound", quick=True)).sites["dermis"]
    everywhere = np.ones(site.setup.shape, dtype=bool)
    row = site.state.substrate[0]
    assert row[routes.EXPOSED] == pytest.approx(0.1)
    site.expose(everywhere, 0.05, 0.8, 1.0 / (7.0 * DAY))
    assert row[routes.EXPOSED] == pytest.approx(1.0 - 0.9 * 0.95)
    assert row[routes.EXPOSED_STATE] == pytest.approx(0.7)  # the worse of the two
    assert row[routes.HEALING] == pytest.approx(1.0 / (21.0 * DAY))  # the slower


def test_fluid_without_magnesium_is_solved():
    model = cusp('plasma.magnesium="0 mmol/L"')
    model.advance(1.0 * DAY)
    assert model.observables()["deposit_calcium_mg"] > 0.0
    assert float(model.sites["cusp"].state.c[kinetics.MAGNESIUM, 1:-1, 1:-1, 1:-1].max()) == 0.0


def test_acid_medium_with_negative_alkalinity_is_solved():
    sets = ("medium.ph=6", 'medium.bicarbonate="0 mmol/L"', 'medium.phosphate="0.001 mmol/L"')
    model = Simulation(scenario.load("invitro/dmem-protein-free", sets, quick=True))
    assert model.sites["tube"].setup.plasma[kinetics.ALKALINITY] < 0.01
    model.advance(1.0 * DAY)
    assert model.observables()["deposit_calcium_mg"] == 0.0


def test_onset_lies_between_the_steps_and_does_not_hang_on_them():
    days = []
    for tolerance in ("1e-2", "1e-3"):
        model = cusp(f"solver.relative_tolerance={tolerance}")
        model.advance(1.0 * DAY)
        days.append(model.observables()["onset_day"])
    assert days[0] == pytest.approx(days[1], rel=0.02)

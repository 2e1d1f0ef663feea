"""Constants of the laws can be changed for one simulation, and only for that one."""

import math

import numpy as np
import pytest

from calcisim import scenario as scenarios
from calcisim.errors import UsageError
from calcisim.physics.phases import ACP, MATURE_RATE, OCP, RATE
from calcisim.simulation import assembly
from calcisim.simulation.run import Simulation
from calcisim.studies.vary import Varied, changed


@pytest.fixture(scope="module")
def model():
    return assembly.model(scenarios.load("healthy/dermis"))


def test_nothing_changed_is_the_same_model(model):
    same = changed(model, {})
    assert same.nucleation is model.nucleation
    assert same.particle.table is model.particle.table
    assert all(np.array_equal(a, b) for a, b in zip(same.phases, model.phases, strict=True))


def test_a_shift_of_saturation_is_in_decades_of_the_product(model):
    shifted = changed(model, {"saturation": 0.3})
    for name in ("ln_ksp", "ln_ksp_growth"):
        assert getattr(model.phases, name) - getattr(shifted.phases, name) == pytest.approx(np.full(5, 0.3 * math.log(10.0)))


def test_the_terminal_size_takes_its_table_along(model):
    soft = changed(model, {"minerals.HAP.terminal_exponent": 12.0, "minerals.HAP.terminal_radius": 0.3e-6}).particle
    assert (soft.terminal_exponent, soft.terminal_radius) == (12.0, 0.3e-6)
    assert soft.nucleus == pytest.approx(5e-9 / 0.3e-6)
    assert soft.table is not model.particle.table
    assert soft.table[-1, 0] > model.particle.table[-1, 0]


def test_nucleation_constants_go_by_the_names_of_the_data_files(model):
    assert changed(model, {"nucleation.debris_site_area": 1e-14}).nucleation.debris[1] == 1e-14
    assert changed(model, {"nucleation.debris_state": 0.9}).nucleation.debris[0] == 0.9
    assert changed(model, {"nucleation.interfacial_energy_fluid": 0.02}).nucleation.fluid == 0.02
    assert model.nucleation.debris[1] != 1e-14


def test_phase_constants_go_by_phase_whatever_stands_for_the_amorphous_one(model):
    phases = changed(model, {"minerals.OCP.growth_rate": 1e-9, "minerals.ACP.maturation_rate": 2e-5}).phases
    assert phases.growth[OCP, RATE] == 1e-9
    assert phases.maturation[ACP, MATURE_RATE] == 2e-5
    assert model.phases.growth[OCP, RATE] != 1e-9


def test_the_terminal_size_takes_all_that_is_counted_in_it_along(model):
    """Sizes in units of the terminal radius, and volumes of primaries, are those of an assembly with that radius."""
    loaded = scenarios.load("healthy/dermis", ('pathway.terminal_radius="0.3 um"',))
    asked, varied = assembly.model(loaded), changed(model, {"minerals.HAP.terminal_radius": 0.3e-6})
    assert varied.particle.nucleus == pytest.approx(asked.particle.nucleus)
    assert varied.shield.entry == pytest.approx(asked.shield.entry)
    assert varied.clump.primary.volume == pytest.approx(asked.clump.primary.volume)
    assert varied.clump.primary.nucleus == pytest.approx(asked.clump.primary.nucleus)


@pytest.mark.parametrize(
    "path", ["nucleation.nothing", "minerals.OCP.terminal_radius", "minerals.X.growth_rate", "growth_rate", "minerals.HAP.molar_volume"]
)
def test_what_cannot_be_varied_is_refused(model, path):
    with pytest.raises(UsageError, match="cannot be varied"):
        changed(model, {path: 1.0})


def test_more_supersaturation_means_more_nuclei_and_leaves_other_runs_alone():
    loaded = scenarios.load("healthy/dermis")
    expected = []
    for simulation in (Simulation(loaded), Varied(loaded, {"saturation": 0.3}), Simulation(loaded)):
        simulation.advance(86400.0)
        expected.append(simulation.observables()["expected_nuclei_per_cm3"])
    assert expected[1] > 5.0 * expected[0]
    assert expected[2] == expected[0]

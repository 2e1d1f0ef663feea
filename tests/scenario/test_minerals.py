"""Size classes, the way to apatite, renewed media and the tissues of other substrates, as a scenario states them."""

import numpy as np
import pytest
from scenario.document import CHANGE, GOOD, TUBE

from calcisim import parameters, scenario
from calcisim.physics import plasma, speciation, speciation_data
from calcisim.scenario import tissues
from calcisim.scenario.fluids import Plasma

DAY = 86400.0


@pytest.fixture
def read(tmp_path):
    def load(text):
        path = tmp_path / "s.toml"
        path.write_text(text)
        return scenario.load(path)

    return load


def again(loaded, tmp_path):
    path = tmp_path / "again.toml"
    path.write_text(scenario.dump(loaded))
    return scenario.load(path)


def test_what_is_left_out_is_the_default(read):
    population, pathway = read(GOOD).population, read(GOOD).pathway
    assert (population.classes, population.smallest, population.largest, population.kernel) == (64, 1e-8, 1e-3, "fluid")
    assert population.sticking == parameters.find("particles.sticking_strength").value
    assert (population.aggregation, population.impingement, population.capture, population.terminal_size) == (True,) * 4
    assert population.secondary_nucleation is False
    assert (pathway.amorphous, pathway.driving_phase, pathway.maturation) == ("ACP2", "HAP", True)
    assert (pathway.terminal_radius, pathway.terminal_exponent) == (None, None)


def test_what_is_written_is_read_and_written_again(read, tmp_path):
    text = '[population]\nclasses = 8\nsmallest = "20 nm"\nlargest = "0.2 um"\nkernel = "brownian"\nsticking = 0.01\naggregation = false\n'
    got = read(GOOD + text + '[pathway]\namorphous = "ACP1"\ndriving_phase = "OCP"\nmaturation = false\nterminal_radius = "0.5 um"\n')
    assert (got.population.smallest, got.population.largest, got.population.sticking) == (2e-8, 2e-7, 0.01)
    assert (got.pathway.amorphous, got.pathway.driving_phase, got.pathway.terminal_radius) == ("ACP1", "OCP", 5e-7)
    assert again(got, tmp_path) == got


def test_a_medium_is_renewed_with_the_same_or_with_another(read, tmp_path):
    other = (
        CHANGE.replace("2 day", "4 day") + 'share = 0.5\n[event.medium]\ncalcium = "5 mM"\nphosphate = "1 mM"\nnucleators = "1000 1/mL"\n'
    )
    got = read(TUBE + CHANGE + other)
    first, second = got.event
    assert (first.kind, first.at, first.share, first.medium) == ("change-medium", 2 * DAY, 1.0, None)
    assert (second.share, second.medium.calcium, second.medium.fetuin) == (0.5, 5.0, 0.0)
    assert second.medium.nucleators == pytest.approx(1e9)
    assert again(got, tmp_path) == got


def test_a_renewed_medium_keeps_the_temperature_of_the_test(read):
    cool = TUBE.replace("[medium]", '[medium]\ntemperature = "22 degC"') + CHANGE + '[event.medium]\ncalcium = "5 mM"\nphosphate = "1 mM"\n'
    with pytest.raises(scenario.ScenarioError, match="is 37 degC and the test is at 22 degC"):
        read(cool)
    assert read(cool + 'temperature = "22 degC"\n').event[0].medium.temperature == pytest.approx(295.15)


def test_no_fluid_has_nucleators_unless_they_are_written(read):
    assert read(GOOD).fluid.nucleators == 0.0
    assert read(TUBE).fluid.nucleators == 0.0


OLD = ("dermis", "subcutis", "periarticular", "fluid", "collagen-suspension", "fluid-bed", "cusp-fixed", "sponge-formaldehyde", "inert")


@pytest.mark.parametrize("name", OLD)
def test_tissues_of_the_calibration_have_no_other_substrate(name):
    tissue = tissues.lookup(name)
    assert (tissue.elastin_surface, tissue.device_surface, tissue.collagen_2_share, tissue.collagen_3_share) == (0.0,) * 4
    assert tissue.shear_rate == 0.0


def test_living_tissue_takes_up_mineral_and_nothing_else_does():
    year = 365.25 * DAY
    assert tissues.lookup("dermis").uptake_capacity * 40.078 * year == pytest.approx(30.0, rel=5e-3)  # g/m3, 0.03 mg/cm3
    assert all(tissues.lookup(name).uptake_capacity == 0.0 for name in ("fluid", "bursa-fluid", "cusp-fixed", "silicone", "collagen-gel"))


def test_other_tissues_have_what_they_are_known_for():
    assert tissues.lookup("cartilage").collagen_2_share > 0.9
    assert tissues.lookup("arterial-media").elastin_surface > 0.0
    assert tissues.lookup("hydrogel").device_state < tissues.lookup("silicone").device_state
    assert tissues.lookup("tendon").fibril_fraction > tissues.lookup("dermis").fibril_fraction
    bursa = tissues.lookup("bursa-fluid")
    assert (bursa.surface_per_volume, bursa.porosity, bursa.shear_rate) == (0.0, 1.0, 0.5)


PHASES = parameters.tables("minerals")


@pytest.mark.parametrize("name", PHASES)
def test_phases_balance_their_charge(name):
    """2 Ca + 2 Mg = alkalinity + phosphate, for each PO4-3 is 2 equivalents and 3 charges; the ions are counted once each."""
    row = {key: parameter.value for key, parameter in PHASES[name].items()}
    metals = row["calcium"] + row["magnesium"]
    assert 2 * metals == pytest.approx(row["alkalinity"] + row["phosphate"], abs=2e-4)
    protons = 2 * row["phosphate"] - row["alkalinity"]  # a negative one is OH-
    joined = name == "DCPD"  # dissolves as HPO4-2
    assert row["ions"] == pytest.approx(metals + row["phosphate"] + (0 if joined else abs(protons)), abs=2e-4)
    assert 1500 < row["molar_mass"] / row["molar_volume"] < 3300


def test_maturation_ends_at_apatite():
    texts = parameters.document("minerals")
    for name in ("ACP1", "ACP2", "MgACP"):
        assert texts[name]["matures_into"] == "OCP"
        assert PHASES[name]["maturation_rate"].value == pytest.approx(1.2836e-4)
    assert texts["OCP"]["matures_into"] == "HAP"
    assert "matures_into" not in texts["HAP"]
    assert "maturation_rate" not in PHASES["HAP"]


def magnesium_acp(**changes):
    """log10 of the activity product of the magnesium phase over its constant, in plasma at 37 degC with these laboratory values."""
    found = plasma.ultrafiltrate(**Plasma.model_validate({"phosphate": "1.1 mM", "calcium_ionised": "1.22 mM", **changes}).laboratory())
    state, activity = np.zeros(6), np.zeros(6)
    names = ("calcium", "magnesium", "sodium", "potassium", "chloride", "phosphate", "alkalinity", "citrate")
    totals = [getattr(found, name) * 1e-3 for name in names]
    constants, slope = speciation_data.constants(310.15), speciation_data.debye_huckel(310.15)
    assert speciation.speciate_alkalinity(constants, slope, found.pco2_atm, *totals, 0.0, state, activity, 1e-12, 200) > 0
    row = {name: parameter.value for name, parameter in PHASES["MgACP"].items()}
    protons = 2 * row["phosphate"] - row["alkalinity"]
    share = np.array([row["calcium"], row["magnesium"], row["phosphate"], 0.0, protons, 0.0])
    return float(share @ activity) / np.log(10.0) - row["log10_solubility"]


RICH = "3.3 mM"  # of a laboratory: 2.57 passes the vessel wall


@pytest.mark.parametrize(
    ("changes", "forms"),
    [
        ({}, False),
        ({"calcium_ionised": "1.32 mM", "phosphate": "1.45 mM", "magnesium": "1 mM", "ph": 7.45}, False),
        ({"calcium_ionised": "1.35 mM", "phosphate": "2.9 mM", "magnesium": "0.885 mM", "ph": 7.38}, False),  # the young rat
        ({"magnesium": RICH}, False),
        ({"magnesium": RICH, "phosphate": "3 mM"}, True),
        ({"magnesium": RICH, "phosphate": "1.6 mM", "ph": 7.8}, True),
    ],
)
def test_the_magnesium_phase_forms_with_magnesium_and_phosphate_only(changes, forms):
    assert bool(magnesium_acp(**changes) > 0.0) == forms

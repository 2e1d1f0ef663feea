"""Attenuation against the tables of others, Hounsfield numbers of known mixtures, and what must hold of any voxel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcisim import parameters, sources
from calcisim.physics import attenuation

# NIST (Hubbell and Seltzer 1995), tables 3 and 4: μ/ρ [cm²/g] at these energies [keV]
ENERGIES = (20, 30, 40, 50, 60, 80, 100, 150)
NIST = {
    "H": (0.3695, 0.3570, 0.3458, 0.3355, 0.3260, 0.3091, 0.2944, 0.2651),
    "C": (0.4420, 0.2562, 0.2076, 0.1871, 0.1753, 0.1610, 0.1514, 0.1347),
    "N": (0.6178, 0.3066, 0.2288, 0.1980, 0.1817, 0.1639, 0.1529, 0.1353),
    "O": (0.8651, 0.3779, 0.2585, 0.2132, 0.1907, 0.1678, 0.1551, 0.1361),
    "Na": (2.057, 0.7197, 0.3969, 0.2804, 0.2268, 0.1796, 0.1585, 0.1335),
    "Mg": (2.763, 0.9306, 0.4881, 0.3292, 0.2570, 0.1951, 0.1686, 0.1394),
    "P": (5.352, 1.700, 0.8096, 0.4916, 0.3494, 0.2324, 0.1865, 0.1432),
    "S": (6.708, 2.113, 0.9872, 0.5849, 0.4053, 0.2585, 0.2020, 0.1506),
    "Cl": (7.739, 2.425, 1.117, 0.6483, 0.4395, 0.2696, 0.2050, 0.1480),
    "Ar": (8.629, 2.697, 1.228, 0.7012, 0.4664, 0.2760, 0.2043, 0.1427),
    "K": (10.93, 3.413, 1.541, 0.8679, 0.5678, 0.3251, 0.2345, 0.1582),
    "Ca": (13.06, 4.080, 1.830, 1.019, 0.6578, 0.3656, 0.2571, 0.1674),
}
WATER = {60: 0.2059, 80: 0.1837, 100: 0.1707}
SOFT_TISSUE = {50: 0.2264, 60: 0.2048, 80: 0.1823, 100: 0.1693}
CORTICAL_BONE = {30: 1.331, 40: 0.6655, 50: 0.4242, 60: 0.3148, 80: 0.2229}
BONE = {"H": 0.034, "C": 0.155, "N": 0.042, "O": 0.435, "Na": 0.001, "Mg": 0.002, "P": 0.103, "S": 0.003, "Ca": 0.225}
APATITE_DENSITY = 0.50231 / 1.59e-4  # kg/m³, of the row in data/minerals.toml
FRACTIONS = (0.0, 0.01, 0.05, 0.2, 0.5)


def in_cm2_per_g(value):
    return 10.0 * value


@pytest.mark.parametrize("element", NIST)
def test_elements_are_those_of_nist(element):
    found = [in_cm2_per_g(attenuation.mass_coefficient(element, energy)) for energy in ENERGIES]
    assert found == pytest.approx(NIST[element], rel=1e-3)


def test_water_tissue_and_bone_are_those_of_nist():
    def mixture(fractions, table):
        return [in_cm2_per_g(attenuation.mixture_coefficient(fractions, energy)) for energy in table]

    assert mixture(attenuation.composition("water"), WATER) == pytest.approx(list(WATER.values()), rel=1e-3)
    assert mixture(attenuation.composition("soft_tissue"), SOFT_TISSUE) == pytest.approx(list(SOFT_TISSUE.values()), rel=1e-3)
    assert mixture(BONE, CORTICAL_BONE) == pytest.approx(list(CORTICAL_BONE.values()), rel=2e-3)


def test_apatite_by_hand_from_nist():
    """Ca5(PO4)3OH is 39.89 % Ca, 18.50 % P, 41.41 % O and 0.20 % H by mass."""
    for number, energy in enumerate(ENERGIES):
        expected = sum(part * NIST[element][number] for element, part in (("Ca", 0.3989), ("P", 0.1850), ("O", 0.4141), ("H", 0.0020)))
        assert in_cm2_per_g(attenuation.mineral_coefficient("HAP", energy)) == pytest.approx(expected, rel=2e-3)


def test_between_the_energies_the_table_is_fine_enough():
    xraydb = pytest.importorskip("xraydb", reason="the extra imaging is not installed")
    for element in NIST:
        for energy in np.linspace(20, 150, 40):
            found = in_cm2_per_g(attenuation.mass_coefficient(element, float(energy)))
            assert found == pytest.approx(float(xraydb.mu_elam(element, 1e3 * energy)), rel=6e-3), (element, energy)


@pytest.mark.parametrize("energy", [40, 60, 67.5, 70, 80, 100])
@pytest.mark.parametrize("fraction", FRACTIONS)
def test_hounsfield_of_a_known_share_of_apatite(fraction, energy):
    """Within 2 % of the attenuation that xraydb tabulates for the mixture."""
    xraydb = pytest.importorskip("xraydb", reason="the extra imaging is not installed")

    def per_metre(formula, density):
        return 100.0 * float(xraydb.material_mu(formula, 1e3 * energy, density=1e-3 * density))

    tissue = "".join(f"{name}{part / xraydb.atomic_mass(name):.8f}" for name, part in attenuation.composition("soft_tissue").items())
    water, air = per_metre("H2O", 1000.0), per_metre("N1.56O0.42Ar0.01", 1.205)
    mixture = (1 - fraction) * per_metre(tissue, 1060.0) + fraction * per_metre("Ca5P3O13H", APATITE_DENSITY)
    found = attenuation.linear_attenuation({"HAP": fraction / 1.59e-4}, energy)
    assert found == pytest.approx(mixture, rel=0.01)
    expected = 1000.0 * (mixture - water) / (water - air)
    assert attenuation.hounsfield(found, energy) == pytest.approx(expected, rel=0.02)
    if fraction >= 0.05:  # a wrong formula, or tissue that is not displaced, would be seen
        assert abs(attenuation.hounsfield(found, energy) - attenuation.hounsfield(attenuation.tissue_attenuation(energy), energy)) > 50


def test_water_is_0_and_air_minus_1000():
    for energy in (30, 70, 140):
        water = 1000.0 * attenuation.mixture_coefficient(attenuation.composition("water"), energy)
        air = 1.205 * attenuation.mixture_coefficient(attenuation.composition("air"), energy)
        assert attenuation.hounsfield(water, energy) == pytest.approx(0.0, abs=1e-9)
        assert attenuation.hounsfield(air, energy) == pytest.approx(-1000.0)


def test_what_scanners_show():
    """Soft tissue 40 to 60 HU; calcium scoring calls 130 HU what has some 60 to 100 mg of apatite per cm³ (McCollough et al. 2007)."""
    energy = attenuation.scanner()["effective_energy_kev"]
    assert 40 < attenuation.hounsfield(attenuation.tissue_attenuation(energy), energy) < 60
    amounts = np.array([60.0, 100.0]) / 0.50231
    low, high = attenuation.hounsfield(attenuation.linear_attenuation({"HAP": amounts}, energy), energy)
    assert 120 < low < 140 < high < 200


@pytest.mark.parametrize(
    ("mineral", "expected"),
    [
        ("HAP", {"Ca": 5, "P": 3, "O": 13, "H": 1, "Mg": 0}),
        ("OCP", {"Ca": 4, "P": 3, "O": 14.5, "H": 6, "Mg": 0}),
        ("DCPD", {"Ca": 1, "P": 1, "O": 6, "H": 5, "Mg": 0}),
        ("ACP2", {"Ca": 1, "P": 0.74, "O": 2.96 + 1.2, "H": 0.22 + 2.4, "Mg": 0}),
        ("MgACP", {"Ca": 0.8305, "P": 0.7797, "O": 4 * 0.7797 + 1.2, "H": 0.3391 + 2.4, "Mg": 0.1695}),
    ],
)
def test_formulas_follow_from_the_rows(mineral, expected):
    assert attenuation.formula(mineral) == pytest.approx(expected, abs=2e-3)


def test_phases_are_those_of_the_model():
    from calcisim.physics.phases import PHASES
    from calcisim.results.radiography import FIELDS
    from calcisim.simulation.measures import NAMES

    assert tuple(attenuation.MINERALS) == PHASES == tuple(FIELDS)
    assert tuple(FIELDS.values()) == tuple(f"{name}_calcium" for name in NAMES)
    same = ("calcium", "magnesium", "phosphate", "molar_volume", "molar_mass")
    first, second = (parameters.tables("minerals")[name] for name in ("ACP1", "ACP2"))
    assert [first[name].value for name in same] == [second[name].value for name in same]


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 2000), st.floats(0, 500), st.floats(20, 150))
def test_more_mineral_weakens_more(amount, more, energy):
    less, most = (attenuation.linear_attenuation({"HAP": value}, energy) for value in (amount, amount + more))
    assert less <= most
    assert less >= attenuation.tissue_attenuation(energy) * (1 - 1e-12)


def test_mineral_cannot_take_more_than_the_voxel():
    assert attenuation.volume_fraction({"HAP": np.array([0.0, 1e3, 1e5])}) == pytest.approx([0.0, 0.159, 1.0])


def test_what_is_not_a_number_is_no_mineral():
    held = attenuation.amounts({"HAP": np.array([np.nan, 50.0])})
    assert held["HAP"] == pytest.approx([0.0, 10.0])


def test_transmission_of_a_slab():
    mu = np.full((2, 3, 4), 20.0)
    assert attenuation.transmission(mu, 1e-2, axis=1) == pytest.approx(np.full((2, 4), np.exp(-0.6)))


def test_apatite_equivalents():
    assert attenuation.apatite_density(5000.0) == pytest.approx(502.31)


@pytest.mark.parametrize("energy", [0.0, -1.0, 19.9, 150.1])
def test_outside_the_table_is_refused(energy):
    with pytest.raises(ValueError, match="20 to 150 keV"):
        attenuation.mass_coefficient("Ca", energy)


def test_every_number_of_the_file_has_a_source():
    document = parameters.document("attenuation")
    for name, table in document.items():
        if name != "scanner":
            assert table["quality"] in parameters.QUALITIES, name
            assert not sources.missing(sources.split_keys(table["source"])), name
    for name, row in parameters.tables("attenuation")["scanner"].items():
        assert not sources.missing(row.sources), name
        assert row.quality == "measured" or row.range is not None or row.note
    for material in ("soft_tissue", "water", "air"):
        assert sum(attenuation.composition(material).values()) == pytest.approx(1.0, abs=1e-6), material
    lengths = {len(row) for row in document["coefficients"].values() if isinstance(row, list)}
    assert lengths == {len(document["coefficients"]["energies_kev"])}

"""The constants: what the file holds, temperature, and how reactions are read."""

import csv
from pathlib import Path

import numpy as np
import pytest

from calcisim.physics import speciation_data as data

ORACLE = Path(__file__).parents[1] / "data" / "oracle.csv"


def test_species_and_phases_in_the_order_of_the_reference():
    header = next(csv.reader(ORACLE.open(encoding="utf-8")))
    assert [f"m_{name}" for name in data.species()] == [name for name in header if name.startswith("m_")]
    assert [f"SI_{name}" for name in data.phases()] == [name for name in header if name.startswith("SI_")]


def test_every_row_names_source_and_quality():
    rows = data.rows()
    assert len(rows) == 31 + 11 + 3 + 1
    for path, row in rows.items():
        assert row["source"], path
        assert row["quality"] in {"measured", "fitted", "assumed"}, path


def test_slope_matches_the_reference_over_its_temperatures():
    for row in csv.DictReader(ORACLE.open(encoding="utf-8")):
        assert data.debye_huckel(float(row["T_C"]) + 273.15) == pytest.approx(float(row["A_DH"]), rel=2e-8)


def test_known_values_at_37():
    assert data.debye_huckel(310.15) == pytest.approx(0.521144, abs=1e-6)
    assert data.water_density(310.15) == pytest.approx(993.33, abs=0.02)
    assert data.water_permittivity(310.15) == pytest.approx(74.184, abs=0.001)
    assert data.ln_solubility_product("HAP", 310.15) / np.log(10.0) == pytest.approx(-58.63, abs=0.005)
    assert data.constants(310.15).shape == (32,)


@pytest.mark.parametrize("celsius", [19.9, 42.1, -5.0, float("nan")])
def test_outside_20_to_42_is_refused(celsius):
    for function in (data.constants, data.debye_huckel, data.ln_solubility_products, data.saturation_table):
        with pytest.raises(ValueError, match="20 to 42"):
            function(celsius + 273.15)


def test_reactions_are_read_with_their_numbers():
    assert data.reaction("Ca4H(PO4)3(H2O)2.5 = 4Ca+2 + H+ + 3PO4-3 + 2.5H2O") == {
        "Ca4H(PO4)3(H2O)2.5": -1.0,
        "Ca+2": 4.0,
        "H+": 1.0,
        "PO4-3": 3.0,
        "H2O": 2.5,
    }
    with pytest.raises(ValueError, match="cannot read"):
        data.reaction("?? = Ca+2")


def test_charges_and_weights():
    assert [data.charge(name) for name in ("PO4-3", "Na+", "CaHPO4", "CaAlb+2", "Cl-", "HCO3-")] == [-3, 1, 0, 2, -1, -1]
    weights = dict(zip(data.species(), data.alkalinity_weights(), strict=True))
    expected = {"HCO3-": 1, "CO3-2": 2, "CO2": 0, "OH-": 1, "H+": -1, "HPO4-2": 1, "H2PO4-": 0, "H3PO4": -1, "PO4-3": 2, "CaOH+": 1}
    expected |= {"HCitrate-2": -1, "H2Citrate-": -2, "CaHCitrate": -1, "CaCitrate-": 0, "NaHPO4-": 1, "CaCO3": 2, "MgHCO3+": 1, "Ca+2": 0}
    assert {name: weights[name] for name in expected} == expected
    charge = data.weights({name: float(data.charge(name)) for name in data.MASTERS})
    assert charge.tolist() == [float(data.charge(name)) for name in data.species()]


def test_saturation_table_of_apatite_and_brushite():
    table, ln_k = data.saturation_table(310.15)
    assert table[0].tolist() == [5.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0]
    assert table[1].tolist() == [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 2.0]
    assert ln_k[0] == data.ln_solubility_products(310.15)[0]
    assert (ln_k[1] - data.ln_solubility_products(310.15)[1]) / np.log(10.0) == pytest.approx(-12.2733, abs=1e-4)

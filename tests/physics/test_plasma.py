"""Laboratory values to ultrafiltrate: known plasmas, round trips, limits and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcisim.physics import plasma
from calcisim.physics.speciation import speciate_alkalinity
from calcisim.physics.speciation_data import constants, debye_huckel

NORMAL = {
    "phosphate": 1.0, "magnesium": 0.85, "sodium": 140.0, "potassium": 4.0, "chloride": 103.0,
    "bicarbonate": 24.0, "ph": 7.40, "albumin": 0.6, "citrate": 0.1,
}  # fmt: skip


def test_serum_calcium_235_has_130_ionised():
    u = plasma.ultrafiltrate(310.15, calcium=2.35, **NORMAL)
    assert u.calcium_ionised == pytest.approx(1.30, abs=0.01)
    assert u.laboratory_calcium == pytest.approx(2.35, rel=1e-12)
    assert u.calcium_ionised < u.calcium < 2.35
    assert u.pco2_atm * 760.0 == pytest.approx(41.4, abs=0.2)
    assert u.magnesium == pytest.approx(0.78 * 0.85)
    assert (u.sodium, u.potassium, u.chloride, u.phosphate, u.citrate, u.ph) == (140.0, 4.0, 103.0, 1.0, 0.1, 7.40)


def test_uraemic_plasma():
    values = NORMAL | {"phosphate": 2.9, "ph": 7.38, "magnesium": 0.69 / 0.78}
    u = plasma.ultrafiltrate(310.15, calcium_ionised=1.35, **values)
    assert u.calcium == pytest.approx(1.72, abs=0.01)
    assert u.magnesium == pytest.approx(0.69)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.05, 8.0), st.floats(0.0, 6.0), st.floats(6.8, 7.8), st.floats(0.0, 1.0), st.floats(0.0, 2.0))
def test_total_and_ionised_return_each_other(calcium, phosphate, ph, albumin, citrate):
    values = NORMAL | {"phosphate": phosphate, "ph": ph, "albumin": albumin, "citrate": citrate}
    by_total = plasma.ultrafiltrate(310.15, calcium=calcium, **values)
    by_ionised = plasma.ultrafiltrate(310.15, calcium_ionised=by_total.calcium_ionised, **values)
    assert by_ionised.laboratory_calcium == pytest.approx(calcium, rel=1e-10)
    assert by_ionised.calcium == pytest.approx(by_total.calcium, rel=1e-10)


def test_alkalinity_and_pco2_give_the_ph_and_the_ionised_calcium_back():
    u = plasma.ultrafiltrate(310.15, calcium=2.35, **NORMAL)
    x, la = np.zeros(6), np.zeros(6)
    salts = (u.calcium, u.magnesium, u.sodium, u.potassium, u.chloride, u.phosphate, u.alkalinity, u.citrate)
    passes = speciate_alkalinity(constants(310.15), debye_huckel(310.15), u.pco2_atm, *(v * 1e-3 for v in salts), 0.0, x, la, 1e-13, 100)
    assert passes > 0
    assert -la[4] / np.log(10.0) == pytest.approx(7.40, abs=1e-9)
    assert x[4] * 1e3 == pytest.approx(u.ionic_strength, rel=1e-9)


def test_without_albumin_everything_passes():
    u = plasma.ultrafiltrate(310.15, calcium=1.8, **(NORMAL | {"albumin": 0.0}))
    assert u.calcium == pytest.approx(1.8, rel=1e-12)
    assert plasma.ultrafiltrate(310.15, calcium=0.0, **NORMAL).calcium == 0.0
    assert plasma.ultrafiltrate(310.15, calcium_ionised=0.0, **NORMAL).laboratory_calcium == 0.0


def test_protein_free_medium_without_carbonate_or_citrate():
    values = NORMAL | {"bicarbonate": 0.0, "citrate": 0.0, "albumin": 0.0}
    u = plasma.ultrafiltrate(310.15, calcium=2.0, **values)
    assert u.pco2_atm == 0.0
    assert u.alkalinity > 0.0


def test_monotone():
    ionised = [
        plasma.ultrafiltrate(310.15, calcium=2.35, **(NORMAL | change)).calcium_ionised
        for change in ({}, {"albumin": 0.7}, {"phosphate": 3.0})
    ]
    assert ionised[0] > ionised[1]
    assert ionised[0] > ionised[2]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"calcium": 2.3, "calcium_ionised": 1.2}, "exactly one"),
        ({}, "exactly one"),
        ({"calcium": 2.3, "ph": 3.0}, "6 to 9"),
        ({"calcium": 2.3, "phosphate": -1.0}, "phosphate"),
        ({"calcium": float("nan")}, "calcium"),
        ({"calcium": 2.3, "sodium": float("inf")}, "sodium"),
    ],
)
def test_refusals(change, match):
    with pytest.raises(ValueError, match=match):
        plasma.ultrafiltrate(310.15, **(NORMAL | change))


def test_temperature_outside_the_constants_is_refused():
    with pytest.raises(ValueError, match="20 to 42"):
        plasma.ultrafiltrate(330.0, calcium=2.3, **NORMAL)

"""The full tier against the PHREEQC table, against itself (balances, derivatives) and at the edges of its range.

N5 of the reliability table.
"""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcisim.physics import speciation, speciation_data
from calcisim.studies.saturation import log_activities

ROWS = list(csv.DictReader((Path(__file__).parents[1] / "data" / "oracle.csv").open(encoding="utf-8")))
TOTALS = ("Ca", "Mg", "Na", "K", "Cl", "P", "C", "Citrate", "Alb")
SALTS = TOTALS[:6]
ABSENT = -99.0
LN10 = math.log(10.0)
K37, A37 = speciation_data.constants(310.15), speciation_data.debye_huckel(310.15)
ELEMENTS = {
    "Ca": {"Ca+2": 1.0}, "Mg": {"Mg+2": 1.0}, "Na": {"Na+": 1.0}, "K": {"K+": 1.0}, "Cl": {"Cl-": 1.0},
    "P": {"PO4-3": 1.0}, "C": {"CO3-2": 1.0}, "Citrate": {"Citrate-3": 1.0}, "Alb": {"Alb": 1.0},
}  # fmt: skip


def solve_row(row, own_slope, tolerance=1e-13):
    """(passes, state, species table) of one row of the reference table."""
    kelvin = float(row["T_C"]) + 273.15
    K = speciation_data.constants(kelvin)
    A = speciation_data.debye_huckel(kelvin) if own_slope else float(row["A_DH"])
    t = {name: float(row[f"tot_{name}_mM"] or 0.0) * 1e-3 for name in TOTALS}
    salts = [t[name] for name in SALTS]
    x, out, la = np.zeros(6), np.zeros(45), np.zeros(6)
    if row["mode"] == "pH":
        passes = speciation.speciate_ph(K, A, float(row["pH_in"]), *salts, t["C"], t["Citrate"], t["Alb"], x, out, tolerance, 100)
    else:
        pco2, alk = 10.0 ** float(row["log_pCO2_in"]), float(row["alk_in_meq"]) * 1e-3
        passes = speciation.speciate_alkalinity(K, A, pco2, *salts, alk, t["Citrate"], t["Alb"], x, la, tolerance, 100)
        speciation.species_table(K, A, *salts, t["Citrate"], t["Alb"], x, out)
    return passes, x, out


def saturation(kelvin, activity, water):
    """SI of the 11 phases from log10 activities by species name."""
    table, ln_k = speciation_data.saturation_table(kelvin)
    la = np.array([LN10 * activity.get(name, -99.99) for name in speciation_data.ACTIVITIES])
    si = np.zeros(len(ln_k))
    speciation.saturation_indices(table, ln_k, la, water, si)
    return dict(zip(speciation_data.phases(), si, strict=True))


def differences(own_slope):
    """Largest absolute difference of log activities and of SI over the table, and of molalities (relative)."""
    worst = {"la": 0.0, "si": 0.0, "m": 0.0}
    for row in ROWS:
        passes, x, out = solve_row(row, own_slope)
        assert 0 < passes <= 12, row["name"]
        activity = log_activities(x, out)
        for index, name in enumerate(speciation_data.species()):
            reference = float(row[f"la_{name}"])
            assert (reference < ABSENT) == (name not in activity), (row["name"], name)
            if name in activity:
                worst["la"] = max(worst["la"], abs(activity[name] - reference))
                worst["m"] = max(worst["m"], abs(out[index] / float(row[f"m_{name}"]) - 1.0))
        for phase, value in saturation(float(row["T_C"]) + 273.15, activity, x[5]).items():
            reference = float(row[f"SI_{phase}"])
            assert (reference < -50.0) == (value < -50.0), (row["name"], phase)
            if reference > -50.0:
                worst["si"] = max(worst["si"], abs(value - reference))
    return worst


def test_reference_table_has_both_closures():
    assert len(ROWS) == 191
    assert sum(row["mode"] == "alk_pCO2" for row in ROWS) == 27


def test_every_row_of_the_reference_with_its_own_slope():
    worst = differences(own_slope=False)
    assert worst["la"] < 1e-9
    assert worst["si"] < 1e-9
    assert worst["m"] < 1e-9


def test_every_row_of_the_reference_with_our_slope():
    worst = differences(own_slope=True)
    assert worst["la"] < 1e-7
    assert worst["si"] < 1e-7


def test_the_activities_of_the_alkalinity_closure_are_those_of_the_table():
    for row in (r for r in ROWS if r["mode"] == "alk_pCO2"):
        t = {name: float(row[f"tot_{name}_mM"] or 0.0) * 1e-3 for name in TOTALS}
        kelvin = float(row["T_C"]) + 273.15
        la, x = np.zeros(6), np.zeros(6)
        speciation.speciate_alkalinity(
            speciation_data.constants(kelvin), float(row["A_DH"]), 10.0 ** float(row["log_pCO2_in"]), *(t[name] for name in SALTS),
            float(row["alk_in_meq"]) * 1e-3, t["Citrate"], t["Alb"], x, la, 1e-13, 100,
        )  # fmt: skip
        for name, value in zip(speciation_data.ACTIVITIES, la, strict=True):
            assert value / LN10 == pytest.approx(float(row[f"la_{name}"]), abs=1e-9)


def test_normal_plasma_has_the_documented_saturation():
    row = next(r for r in ROWS if r["name"] == "normal_plasma_uf")
    _, x, out = solve_row(row, own_slope=True)
    si = saturation(310.15, log_activities(x, out), x[5])
    assert si["HAP"] == pytest.approx(9.82, abs=0.01)
    assert si["OCP"] == pytest.approx(1.37, abs=0.01)
    assert si["DCPD"] == pytest.approx(-0.43, abs=0.01)


# --- a solution in general: totals over the whole range, zeros included

amount = st.one_of(st.just(0.0), st.floats(1e-12, 0.05), st.floats(-12.0, -1.3).map(lambda e: 10.0**e))
salt = st.one_of(st.just(0.0), st.floats(1e-12, 0.2))
totals = st.tuples(amount, amount, salt, amount, salt, amount, amount, amount)


def table_of(t, x):
    out = np.zeros(45)
    speciation.species_table(K37, A37, *t[:6], t[6], t[7], x, out)
    return out


def check_balances(t, out, carbonate=None):
    """Every element adds up to its total."""
    m = out[:41]
    wanted = dict(zip(("Ca", "Mg", "Na", "K", "Cl", "P", "Citrate", "Alb"), t, strict=True))
    if carbonate is not None:
        wanted["C"] = carbonate
    assert (m >= 0.0).all()
    for element, total in wanted.items():
        assert speciation_data.weights(ELEMENTS[element]) @ m == pytest.approx(total, rel=1e-9, abs=1e-22)


@settings(max_examples=150, deadline=None)
@given(totals, amount, st.floats(2.0, 12.0))
def test_balances_with_given_ph(t, carbonate, ph):
    x, out = np.zeros(6), np.zeros(45)
    passes = speciation.speciate_ph(K37, A37, ph, *t[:6], carbonate, *t[6:], x, out, 1e-12, 200)
    assert 0 < passes < 60
    check_balances(t, out, carbonate)
    charges = np.array([speciation_data.charge(name) for name in speciation_data.species()])
    assert 0.5 * (charges**2) @ out[:41] == pytest.approx(x[4], rel=1e-9)
    assert 1.0 - 0.017 * out[:41].sum() == pytest.approx(x[5], rel=1e-9)


@settings(max_examples=150, deadline=None)
@given(totals, st.floats(-0.05, 0.06), st.floats(-6.0, 0.0))
def test_balances_with_alkalinity(t, alkalinity, log_pco2):
    x, la = np.zeros(6), np.zeros(6)
    passes = speciation.speciate_alkalinity(K37, A37, 10.0**log_pco2, *t[:6], alkalinity, *t[6:], x, la, 1e-12, 200)
    assert 0 < passes < 60
    out = table_of(t, x)
    check_balances(t, out)
    weights = speciation_data.alkalinity_weights()
    assert weights @ out[:41] == pytest.approx(alkalinity, rel=1e-9, abs=1e-11 * np.abs(weights) @ out[:41] + 1e-20)
    assert out[15] * out[44] / K37[31] == pytest.approx(10.0**log_pco2, rel=1e-9)
    assert np.isfinite(la).all()


@settings(max_examples=60, deadline=None)
@given(totals, st.floats(-0.02, 0.06))
def test_every_species_obeys_mass_action(t, alkalinity):
    x, la = np.zeros(6), np.zeros(6)
    assert speciation.speciate_alkalinity(K37, A37, 0.05, *t[:6], alkalinity, *t[6:], x, la, 1e-13, 200) > 0
    activity = log_activities(x, table_of(t, x)) | {"H2O": math.log10(x[5])}
    document = speciation_data.rows()
    for index, name in enumerate(speciation_data.complexes()):
        reaction = speciation_data.reaction(document[f"complex.{name}"]["reaction"])
        if all(other in activity for other in reaction):
            assert sum(number * activity[other] for other, number in reaction.items()) == pytest.approx(math.log10(K37[index]), abs=1e-9)


PLASMA = {"ca": 1.45e-3, "mg": 0.68e-3, "na": 0.14, "k": 0.004, "cl": 0.103, "p": 1.0e-3, "alk": 0.0265, "cit": 1e-4, "alb": 0.0}


def plasma(**change):
    """(activities, state) of normal plasma water with some totals changed, alkalinity closure at 40 mmHg."""
    v = PLASMA | change
    x, la = np.zeros(6), np.zeros(6)
    passes = speciation.speciate_alkalinity(
        K37, A37, 0.0526, v["ca"], v["mg"], v["na"], v["k"], v["cl"], v["p"], v["alk"], v["cit"], v["alb"], x, la, 1e-14, 200
    )
    assert passes > 0
    return la, x


@pytest.mark.parametrize(
    "change", [{}, {"alb": 7.2e-3, "ca": 2.4e-3}, {"cit": 0.0}, {"p": 2e-2, "ca": 2e-2}, {"alk": -1e-3}, {"mg": 1e-9, "p": 1e-9}]
)
def test_derivatives_against_finite_differences_at_frozen_activity_coefficients(change):
    v = PLASMA | change
    _, x = plasma(**change)
    dla = np.zeros((6, 4))
    order = ("ca", "mg", "na", "k", "cl", "p", "alk", "cit", "alb")
    speciation.speciate_alkalinity_jacobian(K37, A37, 0.0526, *(v[name] for name in order), x, dla)
    for column, name in enumerate(("ca", "p", "mg", "alk")):
        step = max(abs(v[name]) * 1e-5, 1e-15)
        sides = [frozen(v | {name: v[name] + sign * step}, x) for sign in (1.0, -1.0)]
        finite = (sides[0] - sides[1]) / (2.0 * step)
        assert dla[:, column] == pytest.approx(finite, rel=2e-5, abs=2e-5 * np.abs(finite).max())


def frozen(v, x):
    """Activities with ionic strength and water activity held at those of x: Newton on the shipped balances, nothing else updated."""
    from calcisim.physics import speciation_core as core
    from calcisim.physics.speciation_balance import Totals

    g1, g0 = core.activity(A37, x[4])
    q = core.acids(K37, g1, g0, x[5])
    ca, mg, w = core.bindings(K37, q, g1, g0, x[5])
    n = Totals(v["ca"], v["mg"], v["na"], v["k"], v["cl"], v["p"], v["cit"], v["alb"])
    carbon = speciation.carbon_per_proton(K37, 0.0526, g1, x[5])
    p, t, h = x[0], x[2], x[3]
    for _ in range(12):
        dp, dt, dh, _, _ = speciation.newton_alkalinity(q, ca, mg, w, n, K37[30], v["alk"], carbon, p, t, h)
        p, t, h = p * math.exp(dp), t * math.exp(dt), h * math.exp(dh)
    la = np.zeros(6)
    speciation.write_activities(K37, n, ca, mg, K37[30], p, carbon / h, t, h, g1, x[5], q, la)
    return la


def test_derivatives_of_absent_components_are_finite_and_the_others_right():
    v = PLASMA | {"p": 0.0, "mg": 0.0}
    _, x = plasma(p=0.0, mg=0.0)
    dla = np.zeros((6, 4))
    order = ("ca", "mg", "na", "k", "cl", "p", "alk", "cit", "alb")
    speciation.speciate_alkalinity_jacobian(K37, A37, 0.0526, *(v[name] for name in order), x, dla)
    assert np.isfinite(dla).all()
    tiny, near = np.zeros((6, 4)), plasma(p=1e-9, mg=1e-9)[1]
    u = v | {"p": 1e-9, "mg": 1e-9}
    speciation.speciate_alkalinity_jacobian(K37, A37, 0.0526, *(u[name] for name in order), near, tiny)
    assert dla[[0, 3, 4, 5]] == pytest.approx(tiny[[0, 3, 4, 5]], rel=1e-4)


def test_monotone_in_every_total():
    base, _ = plasma()
    assert plasma(ca=1.6e-3)[0][0] > base[0]
    assert plasma(p=1.2e-3)[0][2] > base[2]
    assert plasma(mg=0.8e-3)[0][1] > base[1]
    assert plasma(alk=0.028)[0][4] < base[4]
    assert plasma(cit=5e-4)[0][0] < base[0]
    assert plasma(alb=7e-3)[0][0] < base[0]
    assert plasma(alk=0.028)[0][3] > base[3]


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5e-3, 5e-3), st.floats(0.1e-3, 8e-3), st.floats(1.001, 1.5))
def test_hydroxyapatite_saturation_rises_with_calcium_and_phosphate(calcium, phosphate, factor):
    def index(**change):
        la, _ = plasma(**change)
        return 5.0 * la[0] + 3.0 * la[2] + la[5]

    base = index(ca=calcium, p=phosphate)
    assert index(ca=calcium * factor, p=phosphate) > base
    assert index(ca=calcium, p=phosphate * factor) > base - 1e-9 * abs(base) or phosphate > 4e-3


def test_warm_start_gives_the_cold_answer_in_fewer_passes():
    _, x = plasma()
    la, cold_la, cold = np.zeros(6), np.zeros(6), np.zeros(6)
    v = PLASMA
    args = (v["ca"] * 1.001, v["mg"], v["na"], v["k"], v["cl"], v["p"] * 0.999, v["alk"], v["cit"], v["alb"])
    warm = speciation.speciate_alkalinity(K37, A37, 0.0526, *args, x, la, 1e-6, 100)
    first = speciation.speciate_alkalinity(K37, A37, 0.0526, *args, cold, cold_la, 1e-13, 100)
    assert warm <= 3 < first
    assert la == pytest.approx(cold_la, abs=1e-6)


def test_the_two_closures_agree():
    la, x = plasma()
    out, again, other = table_of((1.45e-3, 0.68e-3, 0.14, 0.004, 0.103, 1e-3, 1e-4, 0.0), x), np.zeros(6), np.zeros(45)
    carbonate = float(speciation_data.weights({"CO3-2": 1.0}) @ out[:41])
    ph = -la[4] / LN10
    assert (
        speciation.speciate_ph(K37, A37, ph, 1.45e-3, 0.68e-3, 0.14, 0.004, 0.103, 1e-3, carbonate, 1e-4, 0.0, again, other, 1e-13, 100) > 0
    )
    assert other[:41] == pytest.approx(out[:41], rel=1e-10)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_impossible_totals_return_a_negative_count(bad):
    x, la, out = np.zeros(6), np.full(6, 7.0), np.full(45, 7.0)
    assert speciation.speciate_alkalinity(K37, A37, 0.05, bad, 7e-4, 0.14, 0.004, 0.103, 1e-3, 0.0265, 1e-4, 0.0, x, la, 1e-6, 50) < 0
    assert speciation.speciate_ph(K37, A37, 7.4, bad, 7e-4, 0.14, 0.004, 0.103, 1e-3, 0.0265, 1e-4, 0.0, x, out, 1e-6, 50) < 0
    assert (x == 0.0).all()
    assert (la == 7.0).all()
    assert (out == 7.0).all()


@settings(max_examples=150, deadline=None)
@given(totals, totals, st.floats(-0.03, 0.06), st.floats(-0.03, 0.06), st.floats(-5.0, 0.0))
def test_a_start_from_any_other_solution_gives_the_cold_answer(first, second, alk1, alk2, log_pco2):
    x, cold, la, wanted = np.zeros(6), np.zeros(6), np.zeros(6), np.zeros(6)
    assert speciation.speciate_alkalinity(K37, A37, 0.05, *first[:6], alk1, *first[6:], x, la, 1e-8, 100) > 0
    assert speciation.speciate_alkalinity(K37, A37, 10.0**log_pco2, *second[:6], alk2, *second[6:], x, la, 1e-12, 100) > 0
    assert speciation.speciate_alkalinity(K37, A37, 10.0**log_pco2, *second[:6], alk2, *second[6:], cold, wanted, 1e-12, 100) > 0
    assert la == pytest.approx(wanted, abs=1e-8)


def test_too_few_passes_return_a_negative_count():
    x, la = np.zeros(6), np.zeros(6)
    assert speciation.speciate_alkalinity(K37, A37, 0.05, 1e-3, 7e-4, 0.14, 0.004, 0.103, 1e-3, 0.0265, 1e-4, 0.0, x, la, 1e-14, 1) < 0


@pytest.mark.nojit
def test_a_few_rows_of_the_reference():
    for row in (ROWS[0], ROWS[8], next(r for r in ROWS if r["mode"] == "alk_pCO2")):
        passes, x, out = solve_row(row, own_slope=False)
        activity = log_activities(x, out)
        assert passes > 0
        assert activity["Ca+2"] == pytest.approx(float(row["la_Ca+2"]), abs=1e-9)
        assert activity["PO4-3"] == pytest.approx(float(row["la_PO4-3"]), abs=1e-9)

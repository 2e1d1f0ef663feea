"""The fast tier against the full one."""

import itertools
import math

import numpy as np
import pytest

from calcisim.physics import speciation, speciation_data, speciation_fast

LN10 = math.log(10.0)
K, A = speciation_data.constants(310.15), speciation_data.debye_huckel(310.15)
TABLE, LN_K = speciation_data.saturation_table(310.15)
SALT = (0.14, 0.004, 0.103)
PCO2 = 0.0526
H74, LN74 = 10.0**-7.4, -7.4 * math.log(10.0)
GRID = list(
    itertools.product(np.linspace(0.8e-3, 4e-3, 4), np.linspace(0.3e-3, 5e-3, 4), (0.3e-3, 0.9e-3, 1.5e-3), (6.8, 7.0, 7.2, 7.4, 7.6, 7.8))
)


def indices(la, water):
    si = np.zeros(len(LN_K))
    speciation.saturation_indices(TABLE, LN_K, np.asarray(la), water, si)
    return si


def plasma(citrate):
    """Coefficients frozen at normal plasma water, and its state."""
    x, la, f = np.zeros(6), np.zeros(6), np.zeros(speciation_fast.SIZE)
    assert speciation.speciate_alkalinity(K, A, PCO2, 1.45e-3, 0.68e-3, *SALT, 1e-3, 0.0265, citrate, 0.0, x, la, 1e-13, 100) > 0
    speciation_fast.freeze(K, A, 1.45e-3, 0.68e-3, *SALT, 1e-3, citrate, 0.0, x, f)
    return f, x, la


def full_at(ph, calcium, magnesium, phosphate, citrate, bicarbonate):
    """SI of the full tier at this pH and free bicarbonate."""
    x, out = np.zeros(6), np.zeros(45)
    carbonate = bicarbonate * 1.1
    for _ in range(6):
        assert speciation.speciate_ph(K, A, ph, calcium, magnesium, *SALT, phosphate, carbonate, citrate, 0.0, x, out, 1e-12, 100) > 0
        carbonate *= bicarbonate / x[1]
    activity = (out[0] * out[42], out[1] * out[42], out[5] * out[43], out[6] * out[42], x[3], K[0] * x[5] / x[3])
    return indices(np.log(activity), x[5])


def fast_at(f, x, ph, calcium, magnesium, phosphate):
    h = 10.0**-ph
    passes, _, _, ca, mg, po4 = speciation_fast.fast_ph(f, h, -LN10 * ph, calcium, magnesium, phosphate, 0.0, x[2], 1e-6, 50)
    assert 0 < passes < 20
    lnh = -LN10 * ph
    return indices((ca, mg, po4, f[speciation_fast.LNCO3] - lnh, lnh, f[speciation_fast.LNW] - lnh), x[5])


@pytest.mark.parametrize("citrate", [0.0, 1e-4])
def test_within_006_of_the_full_tier_with_given_ph(citrate):
    f, x, _ = plasma(citrate)
    worst = 0.0
    for calcium, phosphate, magnesium, ph in GRID:
        difference = fast_at(f, x, ph, calcium, magnesium, phosphate) - full_at(ph, calcium, magnesium, phosphate, citrate, x[1])
        worst = max(worst, float(np.abs(difference).max()))
    assert worst < 0.06


@pytest.mark.parametrize("citrate", [0.0, 1e-4])
def test_within_006_of_the_full_tier_with_alkalinity(citrate):
    f, frozen, _ = plasma(citrate)
    worst, lowest, highest, count = 0.0, 14.0, 0.0, 0
    for calcium, phosphate, magnesium, ph in GRID:
        alkalinity = 0.0245 * 10.0 ** (ph - 7.4) + 1.5 * phosphate
        x, la, y, fast = np.zeros(6), np.zeros(6), frozen.copy(), np.zeros(6)
        assert (
            speciation.speciate_alkalinity(K, A, PCO2, calcium, magnesium, *SALT, phosphate, alkalinity, citrate, 0.0, x, la, 1e-12, 100)
            > 0
        )
        if not 6.8 <= -la[4] / LN10 <= 7.8 or abs(x[4] - frozen[4]) > 0.009:
            continue
        assert speciation_fast.fast_alkalinity(f, calcium, magnesium, phosphate, alkalinity, y, fast, 1e-12, 50) > 0
        count += 1
        lowest, highest = min(lowest, -la[4] / LN10), max(highest, -la[4] / LN10)
        worst = max(worst, float(np.abs(indices(fast, frozen[5]) - indices(la, x[5])).max()))
    assert count > 50
    assert highest - lowest > 0.7
    assert worst < 0.06


def test_exact_where_it_was_frozen():
    f, x, la = plasma(1e-4)
    y, fast = x.copy(), np.zeros(6)
    assert speciation_fast.fast_alkalinity(f, 1.45e-3, 0.68e-3, 1e-3, 0.0265, y, fast, 1e-20, 50) > 0
    assert fast == pytest.approx(la, abs=1e-10)
    given = fast_at(f, x, -la[4] / LN10, 1.45e-3, 0.68e-3, 1e-3)
    assert given == pytest.approx(indices(la, x[5]), abs=1e-8)


def test_albumin_sites_are_frozen_with_the_solution():
    x, la, f, fast = np.zeros(6), np.zeros(6), np.zeros(speciation_fast.SIZE), np.zeros(6)
    assert speciation.speciate_alkalinity(K, A, PCO2, 2.35e-3, 0.68e-3, *SALT, 1e-3, 0.0265, 1e-4, 7.2e-3, x, la, 1e-13, 100) > 0
    speciation_fast.freeze(K, A, 2.35e-3, 0.68e-3, *SALT, 1e-3, 1e-4, 7.2e-3, x, f)
    assert speciation_fast.fast_alkalinity(f, 2.35e-3, 0.68e-3, 1e-3, 0.0265, x.copy(), fast, 1e-20, 50) > 0
    assert fast == pytest.approx(la, abs=1e-10)


def test_one_warm_iteration_is_enough_for_a_small_change():
    f, x, _ = plasma(1e-4)
    _, p, t, *_ = speciation_fast.fast_ph(f, H74, LN74, 1.45e-3, 0.68e-3, 1e-3, 0.0, x[2], 1e-9, 50)
    passes, _, _, *warm = speciation_fast.fast_ph(f, H74, LN74, 1.452e-3, 0.681e-3, 0.999e-3, p, t, 1e-2, 50)
    _, _, _, *exact = speciation_fast.fast_ph(f, H74, LN74, 1.452e-3, 0.681e-3, 0.999e-3, p, t, 1e-10, 80)
    assert passes == 1
    assert warm == pytest.approx(exact, abs=2e-5)


def test_absent_phosphate_and_too_few_iterations():
    f, x, _ = plasma(0.0)
    passes, p, _, _, _, po4 = speciation_fast.fast_ph(f, H74, LN74, 1.4e-3, 7e-4, 0.0, 0.0, 0.0, 1e-6, 50)
    assert passes > 0
    assert p == 0.0
    assert po4 < -200.0
    assert speciation_fast.fast_ph(f, H74, LN74, 1.4e-3, 7e-4, 4e-3, x[0], x[2], 1e-12, 1)[0] < 0
    assert speciation_fast.fast_alkalinity(f, 4e-3, 7e-4, 4e-3, 0.02, x.copy(), np.zeros(6), 1e-20, 1) < 0

"""The phases between fluid and apatite: rates at and around saturation, shares, derivatives, maturation, and what each takes up."""

import math

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.physics import phases as ph
from calcisim.physics.phases import ACP, COUNT, DCPD, HAP, MGACP, OCP
from calcisim.simulation import assembly

SOLUBLE = (ACP, MGACP, DCPD)


@pytest.fixture(scope="module")
def model():
    return assembly.model(door.load("healthy/dermis"))


@pytest.fixture(scope="module")
def laws(model):
    return model.phases


def grown(laws, ln_omega, coverage=0.2):
    velocity, by_log = np.zeros(COUNT), np.zeros((COUNT, COUNT))
    ph.growth_by_phase(laws, np.array(ln_omega, dtype=float), coverage, velocity, by_log)
    return velocity, by_log


# --- rates around saturation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", range(COUNT))
def test_a_phase_neither_grows_nor_dissolves_at_saturation(laws, q):
    assert ph.phase_velocity(laws, q, 0.0, 0.0) == (0.0, 0.0)
    assert ph.dissolution_flux(laws, q, 0.0, 7.4) == (0.0, 0.0)
    assert ph.phase_velocity(laws, q, 1e-12, 0.0)[0] < 1e-9 * ph.phase_velocity(laws, q, 1.0, 0.0)[0]
    assert ph.dissolution_flux(laws, q, -1e-12, 7.4)[0] < 1e-9 * ph.dissolution_flux(laws, q, -1.0, 7.4)[0]


@pytest.mark.parametrize("q", range(COUNT))
def test_rates_have_one_sign_each_and_rise_with_the_distance(laws, q):
    logs = np.linspace(-6.0, 12.0, 181)
    up = np.array([ph.phase_velocity(laws, q, value, 0.0)[0] for value in logs])
    down = np.array([ph.dissolution_flux(laws, q, value, 7.4)[0] for value in logs])
    assert np.all(up[logs <= 0.0] == 0.0)
    assert np.all(down[logs >= 0.0] == 0.0)
    assert np.all(np.diff(up[logs > 0.0]) > 0.0)
    assert np.all(np.diff(down[logs < 0.0]) < 0.0)
    assert down.min() == 0.0


@pytest.mark.parametrize("q", range(COUNT))
def test_growth_and_dissolution_of_one_formula_count_its_calcium(laws, q):
    """PHA-2 and PHA-3 by hand: V_Ca ν_Ca k (S − 1)^n (1 − bθ), ν_Ca k (1 − S)^n."""
    ions, calcium = laws.ion_count[q], laws.calcium[q]
    rate, order, strength = laws.growth[q]
    size = laws.calcium_volume * calcium * rate * (math.exp(2.0 / ions) - 1.0) ** order * (1.0 - 0.3 * strength)
    assert ph.phase_velocity(laws, q, 2.0, 0.3)[0] == pytest.approx(size, rel=1e-12)
    rate, order, _ = laws.dissolution[q]
    assert ph.dissolution_flux(laws, q, -2.0, 7.4)[0] == pytest.approx(calcium * rate * (1.0 - math.exp(-2.0 / ions)) ** order, rel=1e-12)


@pytest.mark.parametrize("q", range(COUNT))
@pytest.mark.parametrize("ln_omega", [0.1, 1.0, 8.0])
def test_slopes_of_growth_and_dissolution_are_derivatives(laws, q, ln_omega):
    h = 1e-6
    for law, value in ((ph.phase_velocity, ln_omega), (ph.dissolution_flux, -ln_omega)):
        last = 0.2 if law is ph.phase_velocity else 7.0
        slope = law(laws, q, value, last)[1]
        numeric = (law(laws, q, value + h, last)[0] - law(laws, q, value - h, last)[0]) / (2.0 * h)
        assert slope == pytest.approx(numeric, rel=1e-6)


def test_all_velocities_are_continuous_across_each_saturation(laws):
    """One phase after the other goes through its saturation while the rest stay where they are."""
    usual = np.array([2.0, 1.5, 6.0, 1.0, 25.0])
    for q in range(COUNT):
        below, above = usual.copy(), usual.copy()
        below[q], above[q] = -1e-9, 1e-9
        size = grown(laws, usual)[0].sum()
        assert np.abs(grown(laws, above)[0] - grown(laws, below)[0]).max() < 1e-7 * size


def test_nothing_grows_from_a_fluid_below_every_saturation(laws):
    velocity, by_log = grown(laws, [-1.0, -0.1, -2.0, -3.0, -0.5])
    assert not velocity.any()
    assert not by_log.any()


# --- shares -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ln_omega",
    [
        (2.0, 1.0, 5.0, 1.0, 20.0),
        (2.0, -1.0, 5.0, 2.1, 20.0),
        (-1.0, -1.0, 5.0, 0.3, 20.0),
        (1e-6, 1e-6, 0, 1e-6, 0),
        (9.0, 9.0, 0, 9.0, 0),
    ],
)
def test_shares_of_the_soluble_phases_add_up_to_one(laws, ln_omega):
    ln_omega = np.array(ln_omega, dtype=float)
    shares = np.array([ph.own_share(laws, q, ln_omega) for q in SOLUBLE])
    assert shares.sum() == pytest.approx(1.0, rel=1e-12)
    assert np.all(shares[ln_omega[list(SOLUBLE)] <= 0.0] == 0.0)
    leading = max(SOLUBLE, key=lambda q: ln_omega[q] / laws.ion_count[q])
    assert shares[SOLUBLE.index(leading)] == shares.max()


def test_no_share_where_no_soluble_phase_is_supersaturated(laws):
    assert [ph.own_share(laws, q, np.array([-1.0, -2.0, 5.0, 0.0, 20.0])) for q in SOLUBLE] == [0.0] * 3


def test_the_highest_saturation_per_ion_comes_first(laws):
    """A tenth more decides nine times out of ten."""
    ln_omega = np.array([1.1, -1.0, 0.0, 1.0, 0.0]) * laws.ion_count
    assert ph.own_share(laws, ACP, ln_omega) > 0.9
    ln_omega = np.array([1.0, -1.0, 0.0, 1.1, 0.0]) * laws.ion_count
    assert ph.own_share(laws, DCPD, ln_omega) > 0.9


def test_a_barely_supersaturated_phase_beside_a_strong_one_is_nothing_and_not_an_overflow(laws):
    ln_omega = np.array([1e-12, -1.0, 0.0, 30.0, 0.0])
    assert ph.own_share(laws, ACP, ln_omega) == 0.0
    assert ph.own_share(laws, DCPD, ln_omega) == pytest.approx(1.0)


@pytest.mark.parametrize("precursors", [(3.0, 6.0), (0.4, 2.0), (-0.5, 6.0), (-2.0, 0.3), (-2.0, -0.3)])
@pytest.mark.parametrize("driving", [HAP, OCP])
def test_the_steps_from_precursor_to_apatite_share_the_driven_velocity(laws, precursors, driving):
    """PHA-6 without what ACP, its magnesium form and DCPD grow by themselves."""
    laws = laws._replace(driving=driving)
    own = laws.growth.copy()
    own[list(SOLUBLE), ph.RATE] = 0.0
    ln_omega = np.array([precursors[0], -1.0, precursors[1], -1.0, 25.0])
    velocity = grown(laws._replace(growth=own), ln_omega)[0]
    driven = ph.phase_velocity(laws, driving, ln_omega[driving], 0.2)[0]
    assert velocity.sum() == pytest.approx(driven, rel=1e-12)
    assert np.all(velocity >= 0.0)
    first, second = ph.precursor_share(precursors[0]), ph.precursor_share(precursors[1])
    assert velocity[ACP] == pytest.approx(driven * first, rel=1e-12)
    assert velocity[OCP] == pytest.approx(driven * (1.0 - first) * second, rel=1e-12)


def test_a_precursor_that_would_dissolve_has_no_share():
    assert ph.precursor_share(0.0) == ph.precursor_share(-3.0) == 0.0
    shares = [ph.precursor_share(value) for value in (0.1, 1.0, 3.0, 8.0)]
    assert shares == sorted(shares)
    assert 0.0 < shares[0] < shares[-1] < 1.0
    assert shares[1] == pytest.approx(1.0 - math.exp(-1.0))


# --- derivatives ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driving", [HAP, OCP])
@pytest.mark.parametrize(
    "ln_omega",
    [
        (3.0, -1.0, 8.0, 1.2, 27.0),  # plasma: ACP leads
        (0.4, -1.0, 5.0, -0.4, 22.0),  # ACP alone
        (-1.0, -1.0, 4.0, 1.2, 20.0),  # acid: DCPD alone
        (-1.0, 2.0, 6.0, -1.0, 24.0),  # its magnesium form alone
        (-1.0, -1.0, 3.0, -1.0, 20.0),
        (-2.0, -2.0, -1.0, -1.0, 9.0),
    ],
)
def test_derivatives_of_the_velocities(laws, driving, ln_omega):
    """Where one soluble phase leads by far: the switch between them (PHA-7) counts as still on purpose."""
    laws = laws._replace(driving=driving)
    ln_omega = np.array(ln_omega)
    _, by_log = grown(laws, ln_omega)
    numeric = np.zeros_like(by_log)
    h = 1e-6
    for p in range(COUNT):
        up, down = ln_omega.copy(), ln_omega.copy()
        up[p] += h
        down[p] -= h
        numeric[:, p] = (grown(laws, up)[0] - grown(laws, down)[0]) / (2.0 * h)
    assert numeric.any() == (ln_omega[driving] > 0.0)
    assert np.abs(by_log - numeric).max() <= 1e-5 * np.abs(numeric).max()


def test_saturations_follow_the_solutes(laws):
    """PHA-5 is linear in the logarithms of activities, and so are its slopes."""
    activity, out, other = np.linspace(-12.0, -3.0, 6), np.zeros(COUNT), np.zeros(COUNT)
    ph.log_saturations(laws, activity, out, False)
    assert out == pytest.approx(laws.ions @ activity - laws.ln_ksp, rel=1e-12)
    ph.log_saturations(laws._replace(ln_ksp_growth=laws.ln_ksp + 0.7), activity, other, True)
    assert out - other == pytest.approx(np.full(COUNT, 0.7))
    slopes, by_c = np.arange(24.0).reshape(6, 4), np.zeros((COUNT, 4))
    ph.by_concentration(laws, slopes, by_c)
    assert by_c == pytest.approx(laws.ions @ slopes * 1e-3)


# --- maturation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [ACP, MGACP, OCP])
def test_magnesium_and_fetuin_slow_maturation_and_alkali_speeds_it_up(laws, q):
    usual = ph.maturation_rate(laws, q, 7.4, 0.5, 0.01)
    assert usual > 0.0
    by_magnesium = [ph.maturation_rate(laws, q, 7.4, magnesium, 0.0) for magnesium in (0.0, 0.5, 1.0, 5.0)]
    by_fetuin = [ph.maturation_rate(laws, q, 7.4, 0.0, fetuin) for fetuin in (0.0, 0.003, 0.01, 0.1)]
    by_ph = [ph.maturation_rate(laws, q, value, 0.0, 0.0) for value in (6.2, 7.0, 7.4, 8.2)]
    assert by_magnesium == sorted(set(by_magnesium), reverse=True)
    assert by_fetuin == sorted(set(by_fetuin), reverse=True)
    assert by_ph == sorted(set(by_ph))
    rate, slope, magnesium, fetuin, _ = laws.maturation[q]
    assert ph.maturation_rate(laws, q, 7.4, magnesium, 0.0) == pytest.approx(rate / 4.0)
    assert ph.maturation_rate(laws, q, 7.4, 0.0, fetuin) == pytest.approx(rate / 2.0)
    assert ph.maturation_rate(laws, q, 8.4, 0.0, 0.0) == pytest.approx(rate * 10.0**slope)
    assert ph.maturation_rate(laws, q, 14.0, 0.0, 0.0) == ph.maturation_rate(laws, q, 8.5, 0.0, 0.0)
    assert ph.maturation_rate(laws, q, 2.0, 0.0, 0.0) == ph.maturation_rate(laws, q, 6.0, 0.0, 0.0)


def test_phases_turn_into_later_ones_and_the_last_into_nothing(laws):
    into = laws.maturation[:, ph.MATURE_INTO]
    assert into.tolist() == [OCP, OCP, HAP, -1.0, -1.0]
    assert ph.maturation_rate(laws, HAP, 7.4, 0.0, 0.0) == 0.0
    assert ph.maturation_rate(laws, DCPD, 7.4, 0.0, 0.0) == 0.0


def test_maturation_can_be_turned_off():
    laws = assembly.model(door.load("healthy/dermis", ("pathway.maturation=false",))).phases
    assert all(ph.maturation_rate(laws, q, 7.4, 0.0, 0.0) == 0.0 for q in range(COUNT))


# --- stoichiometry ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amorphous", ["ACP1", "ACP2"])
def test_every_phase_is_neutral(amorphous):
    """2 Ca + 2 Mg + H = 3 PO4 + OH, and alkalinity is 2 PO4 + OH − H."""
    model = assembly.model(door.load("healthy/dermis", (f'pathway.amorphous="{amorphous}"',)))
    calcium, phosphate, magnesium, alkalinity = model.stoichiometry
    for q, name in enumerate(ph.PHASES):
        ca, mg, po4, co3, h, oh = model.phases.ions[q]
        assert 2.0 * ca + 2.0 * mg + h == pytest.approx(3.0 * po4 + oh + 2.0 * co3, abs=1e-3), name
        assert (ca, mg, po4, co3) == (calcium[q], magnesium[q], phosphate[q], 0.0), name
        assert alkalinity[q] == pytest.approx(2.0 * po4 + oh - h, abs=1e-3), name
        assert 2.0 * calcium[q] + 2.0 * magnesium[q] == pytest.approx(phosphate[q] + alkalinity[q], abs=1e-3), name


def test_uptake_is_the_stoichiometry_per_calcium(model, laws):
    assert laws.uptake * laws.calcium == pytest.approx(model.stoichiometry)
    assert laws.uptake[0].tolist() == [1.0] * COUNT
    assert laws.uptake[2, [ACP, OCP, DCPD, HAP]].tolist() == [0.0] * 4
    assert laws.uptake[2, MGACP] > 0.1
    assert laws.calcium == pytest.approx(model.stoichiometry[0])
    assert laws.calcium_volume == pytest.approx(laws.volume[HAP] / laws.calcium[HAP])


def test_calcium_takes_least_room_as_apatite(laws):
    per_calcium = laws.volume / laws.calcium
    assert per_calcium.argmin() == HAP
    assert np.all(per_calcium[[ACP, OCP]] > per_calcium[HAP])

"""The formulas of nucleation, and that its saturation is not that of growth."""

import math

import numpy as np
import pytest

from calcisim import scenario
from calcisim.physics import nucleation
from calcisim.physics.growth import growth_saturation
from calcisim.simulation import assembly

LAW = assembly.model(scenario.load("healthy/dermis")).nucleation


@pytest.mark.parametrize("ln_omega", [1.0, 9.0, 22.5, 40.0])
def test_two_saturations_are_two_quantities(ln_omega):
    """σ_n = ln Ω/ν drives nucleation, S − 1 = Ω^(1/ν) − 1 growth; S = exp σ_n, so S − 1 is always the larger."""
    sigma = nucleation.nucleation_saturation(ln_omega - 117.0, -117.0, 9.0)
    growth = growth_saturation(ln_omega - 117.0, -117.0, 9.0)
    assert sigma == pytest.approx(ln_omega / 9.0)
    assert growth == pytest.approx(math.exp(sigma))
    assert growth - 1.0 > sigma


@pytest.mark.parametrize("state", [0.45, 0.7, 1.0])
@pytest.mark.parametrize("sigma", [1.5, 2.5, 3.2])
def test_logarithmic_slope_is_twice_the_barrier(state, sigma):
    alpha = nucleation.interfacial_energy(state, 0.1, LAW.base, LAW.slope, LAW.fluid, LAW.fade_start)
    h = 1e-5

    def log_rate(ln_sigma):
        return math.log(nucleation.nucleation_rate(1e30, alpha, math.exp(ln_sigma), LAW.barrier))

    slope = (log_rate(math.log(sigma) + h) - log_rate(math.log(sigma) - h)) / (2.0 * h)
    assert slope == pytest.approx(2.0 * nucleation.barrier_height(alpha, sigma, LAW.barrier), rel=1e-6)


def test_rate_rises_with_saturation_and_falls_with_the_energy():
    rates = [nucleation.nucleation_rate(LAW.prefactor, 0.1, sigma, LAW.barrier) for sigma in (-1.0, 0.0, 0.5, 2.0, 3.0, 1e3)]
    assert rates[:2] == [0.0, 0.0]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(LAW.prefactor, rel=1e-2)
    energies = [nucleation.nucleation_rate(LAW.prefactor, alpha, 2.5, LAW.barrier) for alpha in (0.05, 0.08, 0.12)]
    assert energies == sorted(energies, reverse=True)


def test_barrier_constant():
    """8πω²/(3 (kT)³) at 37 °C; a colder fluid has a higher barrier."""
    volume, kt = 2.937e-29, 1.380649e-23 * 310.15
    assert nucleation.barrier_constant(volume, 310.15) == pytest.approx(8.0 * math.pi * volume**2 / (3.0 * kt**3), rel=1e-12)
    assert nucleation.barrier_constant(volume, 300.0) > nucleation.barrier_constant(volume, 310.15)


def test_inhibitors_matter_less_on_a_bare_substrate():
    weights = [nucleation.protection_weight(state, 0.95) for state in (0.0, 0.5, 0.95, 0.975, 1.0, 1.2)]
    assert weights == pytest.approx([1.0, 1.0, 1.0, 0.5, 0.0, 0.0])


def test_coverage_is_relative_to_health():
    assert nucleation.relative_coverage(0.0, 1e-3, 0.01) == 0.0
    assert nucleation.relative_coverage(0.01, 1e-3, 0.01) == pytest.approx(1.0)
    assert nucleation.relative_coverage(1e6, 1e-3, 0.01) == pytest.approx(1.1)
    with_inhibitor = nucleation.interfacial_energy(0.6, 0.5, 0.041, 0.12, 0.0175, 0.95)
    without = nucleation.interfacial_energy(0.6, -1.0, 0.041, 0.12, 0.0175, 0.95)
    assert with_inhibitor - without == pytest.approx(1.5 * 0.0175)
    assert np.isclose(nucleation.interfacial_energy(0.0, 0.0, 0.041, 0.12, 0.0175, 0.95), 0.041)

"""Growth, nucleation and capture of a population, alone and with collisions, against exact solutions at 64 classes over 15 decades."""

import math

import numpy as np
import pytest
from scipy.special import gammaln
from verification.aggregation import EDGES, PER_DECADE, START, V0, V_MAX, V_MIN, exact_classes, grown_classes, holds, l1, rate_for, second

from calcisim import box
from calcisim.physics.sections_growth import grow, grown
from calcisim.physics.smoluchowski import EXACT, in_classes

LAWS = [(1.0, 1.0, 7.0), (0.0, 300.0, 10.0), (2.0 / 3.0, 3.0, 30.0)]  # exponent p, rate g, time: mass × 1097, + 10 v₀, × 220


def _box(kernel, times, **options):
    found = box.simulate(kernel, PER_DECADE, V_MIN, V_MAX, START, times, **options)
    holds(found)
    return found


@pytest.mark.parametrize(("exponent", "rate", "time"), LAWS)
def test_growth_alone(exponent, rate, time):
    """Test 4: dv/dt = g v^p. L1 ≤ 0.10, however often one looks; number kept, mass as the law says."""
    found = _box("constant", list(np.linspace(time / 20.0, time, 20)), sticking=0.0, growth=rate, growth_exponent=exponent)
    shift = rate * time
    numbers, masses = grown_classes(
        np.vectorize(lambda v: grown(v, shift, exponent)), lambda v: grown(v, -shift, exponent) if grown(v, -shift, exponent) > 0.0 else 0.0
    )
    assert l1(found.masses[-1], masses) <= 0.10
    assert found.numbers[-1].sum() == pytest.approx(numbers.sum(), rel=1e-12)
    assert found.masses[-1].sum() == pytest.approx(masses.sum(), rel=1e-3)
    assert second(found.numbers[-1], found.masses[-1]) == pytest.approx(second(numbers, masses), rel=0.02)


@pytest.mark.parametrize("remaps", [50, 500])
def test_growth_in_many_remaps(remaps):
    """Classes filled again at every step, as when collisions interrupt growth: × 1097 in mass, exponential and lognormal start."""
    lognormal = {"distribution": "lognormal", "number": 1.0, "median": V0, "sigma": 0.8}
    for start, moved in (
        (START, {**START, "mean": V0 * math.exp(7.0)}),
        (lognormal, {**lognormal, "median": V0 * math.exp(7.0)}),
    ):
        numbers, masses = box.coagulate("constant", PER_DECADE, V_MIN, V_MAX, start, [0.0])
        exact = box.coagulate("constant", PER_DECADE, V_MIN, V_MAX, moved, [0.0])[1][0]
        number, mass, total = numbers[0], masses[0], masses.sum()
        for _ in range(remaps):
            new = np.empty_like(number), np.empty_like(mass)
            lost = grow(number, mass, 7.0 / remaps, 1.0, EDGES, *new)
            assert lost == (0.0, 0.0)
            number, mass = new
        assert l1(mass, exact) <= 0.10
        assert mass.sum() == pytest.approx(total * math.exp(7.0), rel=1e-12)


def test_dissolution_gives_back_what_it_takes():
    """A face that retreats: small particles vanish, the books close, growth back does not bring them again."""
    found = _box("constant", [1.0, 5.0, 60.0], sticking=0.0, growth=-3.0, growth_exponent=2.0 / 3.0)
    assert np.all(np.diff(found.numbers.sum(axis=1)) < 0.0)
    assert np.all(found.grown < 0.0)
    assert found.masses[-1].sum() == 0.0
    assert found.dissolved[-1] - found.grown[-1] == pytest.approx(_box("constant", [0.0]).masses.sum(), rel=1e-12)


def test_constant_kernel_with_growth_in_proportion():
    """Test 5."""
    sigma, time = 0.05, 100.0
    found = _box("constant", [time], growth=sigma, growth_exponent=1.0)
    exact = EXACT["constant"]
    masses = exact_classes(exact, time, stretch=math.exp(sigma * time))[1]
    assert l1(found.masses[0], masses) <= 0.10
    assert found.numbers[0].sum() == pytest.approx(exact.number(time), rel=1e-3)
    assert found.masses[0].sum() == pytest.approx(V0 * math.exp(sigma * time), rel=1e-4)


@pytest.mark.parametrize(("name", "power", "tau"), [("sum", 1.0, 2.0), ("product", 2.0, 0.3)])
def test_sum_and_product_kernel_with_growth_in_proportion(name, power, tau):
    """Test 6: the exact solution at τ* = τ-rate (e^(pσt) − 1)/(pσ), sizes stretched by e^(σt)."""
    sigma, time = 1.0, 1.0
    rate = rate_for(name, 1.0) * tau * power * sigma / math.expm1(power * sigma * time)
    found = _box({"name": name, "rate": rate}, [time], growth=sigma, growth_exponent=1.0)
    masses = exact_classes(EXACT[name], tau, stretch=math.exp(sigma * time))[1]
    assert l1(found.masses[0], masses) <= 0.10
    assert found.numbers[0].sum() == pytest.approx(EXACT[name].number(tau), rel=5e-3)


def test_constant_kernel_with_constant_growth():
    """Test 7: N = 2N₀/(2+τ), M₁ = N₀v₀ + (2G/β₀) ln(1 + τ/2), dM₂/dt = 2G M₁ + β₀ M₁²."""
    speed, time = 3.0, 100.0
    found = _box("constant", [time], growth=speed)
    assert found.numbers[0].sum() == pytest.approx(2.0 / (2.0 + time), rel=1e-3)
    assert found.masses[0].sum() == pytest.approx(V0 + 2.0 * speed * math.log(1.0 + time / 2.0), rel=1e-3)
    t = np.linspace(0.0, time, 20001)
    mass = V0 + 2.0 * speed * np.log(1.0 + t / 2.0)
    exact = 2.0 * V0**2 + np.trapezoid(2.0 * speed * mass + mass**2, t)
    assert second(found.numbers[0], found.masses[0]) == pytest.approx(exact, rel=0.05)


def test_nucleation_with_constant_kernel():
    """Test 8: N = √(2J/β₀) tanh(t √(Jβ₀/2)), M₁ = J v* t; in the end N_k ~ k^(−3/2)."""
    born, size = 1e-2, 100.0
    start = {"distribution": "monodisperse", "number": 1e-12, "size": size}
    found = box.simulate("constant", PER_DECADE, V_MIN, V_MAX, start, [1.0, 10.0, 300.0, 3000.0], nucleation=born, nucleus=size)
    holds(found)
    exact = math.sqrt(2.0 * born) * np.tanh(found.times * math.sqrt(born / 2.0))
    np.testing.assert_allclose(found.numbers.sum(axis=1), exact, rtol=2e-3)
    np.testing.assert_allclose(found.masses.sum(axis=1), born * size * found.times, rtol=1e-9)
    k = np.arange(1.0, 200001.0)
    steady = math.sqrt(2.0 * born) * np.exp(gammaln(2 * k - 1) - (2 * k - 1) * math.log(2.0) - gammaln(k + 1) - gammaln(k))
    numbers = np.histogram(k * size, bins=EDGES, weights=steady)[0]
    middle = (EDGES[:-1] > 5.0 * size) & (EDGES[1:] < 300.0 * size)  # wider than one k-mer, and steady by now
    np.testing.assert_allclose(found.numbers[-1][middle].sum(), numbers[middle].sum(), rtol=0.05)


def test_nucleation_growth_and_washout():
    """Test 9: n_L = (B₀/G) e^(−L/(Gθ)) for a face speed G, births B₀ and residence time θ."""
    speed, residence, born = 1.0, 50.0, 1.0
    washout = {"nucleation": born, "nucleus": V_MIN, "capture": 1.0 / residence}
    found = _box("constant", [800.0], sticking=0.0, growth=3.0 * speed, growth_exponent=2 / 3, **washout)

    def density(v):
        length = np.cbrt(v)
        return born / speed * np.exp(-(length - 1.0) / (speed * residence)) / (3.0 * length**2)

    numbers, masses = in_classes(density, EDGES)
    assert found.numbers[0].sum() == pytest.approx(numbers.sum(), rel=2e-3)
    assert l1(found.masses[0], masses) <= 0.05


def test_capture_with_constant_kernel():
    """Test 11: N = N₀ e^(−kt)/(1 + (β₀N₀/2k)(1 − e^(−kt))), M₁ = M₁(0) e^(−kt)."""
    rate, time = 0.05, 40.0
    found = _box("constant", [0.0, time], capture=rate)
    left = math.exp(-rate * time)
    assert found.numbers[1].sum() == pytest.approx(left / (1.0 + (1.0 - left) / (2.0 * rate)), rel=1e-3)
    assert found.masses[1].sum() == pytest.approx(found.masses[0].sum() * left, rel=1e-12)

"""Collisions against exact solutions, at 64 classes over 15 decades of volume (10 nm to 1 mm).

N2 of the reliability table.
"""

import math

import numpy as np
import pytest
from scipy.special import gammaln
from verification.aggregation import EDGES, PER_DECADE, START, V0, V_MAX, V_MIN, exact_classes, holds, l1, rate_for, second

from calcisim import box
from calcisim.physics import sections
from calcisim.physics.collision import REGISTRY
from calcisim.physics.sections_collide import collision_rates
from calcisim.physics.smoluchowski import EXACT, SELF_PRESERVING, self_preserving

# name, scaled time, largest L1 error of the class masses, of N, of the second moment of class means
CLAIMS = [
    ("constant", 1e4, 0.02, 1e-3, 0.02),
    ("sum", 2.0, 0.08, 1e-3, 0.15),
    ("product", 0.3, 0.02, 1e-3, 0.05),
]


def _run(name, times, **options):
    found = box.simulate({"name": name, "rate": rate_for(name, 1.0)}, PER_DECADE, V_MIN, V_MAX, START, times, **options)
    holds(found)
    return found


@pytest.mark.parametrize(("name", "tau", "l1_most", "number_most", "second_most"), CLAIMS)
def test_kernels_keep_to_the_solution_they_name(name, tau, l1_most, number_most, second_most):
    """Constant, sum and product kernel, exponential start: tests 1, 2, 3."""
    assert REGISTRY[name].exact == name
    exact = EXACT[name]
    assert tau < exact.latest
    found = _run(name, [0.0, tau / 10.0, tau])
    start = found.numbers[0].sum()  # 0.3 % of the exponential lie below v_min
    for index, at in ((1, tau / 10.0), (2, tau)):
        numbers, masses = exact_classes(exact, at)
        assert l1(found.masses[index], masses) < l1_most
        if name != "constant":  # which forgets its start
            numbers, masses = numbers * start, masses
            assert found.numbers[index].sum() == pytest.approx(exact.number(at) * start, rel=number_most)
        else:
            assert found.numbers[index].sum() == pytest.approx(2.0 / (2.0 / start + at), rel=number_most)
        assert second(found.numbers[index], found.masses[index]) == pytest.approx(second(numbers, masses), rel=second_most)


@pytest.mark.parametrize("name", sorted(EXACT))
def test_exact_solutions_have_the_moments_they_state(name):
    exact = EXACT[name]
    tau = 0.3
    edges = box.class_edges(1e-6, 1e5, 400)
    numbers, masses = exact_classes(exact, tau, edges * V0)
    assert numbers.sum() == pytest.approx(exact.number(tau), rel=1e-5)
    assert masses.sum() == pytest.approx(V0, rel=1e-9)
    assert second(numbers, masses) == pytest.approx(exact.second(tau) * V0**2, rel=1e-3)


def test_every_exact_solution_belongs_to_a_kernel():
    named = {kernel.exact for kernel in REGISTRY.values()} - {None}
    assert named == set(EXACT) | set(SELF_PRESERVING)


def _monomers(name, tau, k):
    """Exact number of k-mers from a start of equal particles."""
    if name == "constant":
        return np.exp((k - 1.0) * math.log(0.5 * tau) - (k + 1.0) * math.log1p(0.5 * tau))
    if name == "sum":
        share = -math.expm1(-tau)
        return (1.0 - share) * np.exp((k - 1.0) * np.log(k * share) - k * share - gammaln(k + 1.0))
    return np.exp((k - 2.0) * np.log(k) + (k - 1.0) * np.log(tau) - k * tau - gammaln(k + 1.0))


@pytest.mark.parametrize(("name", "tau", "mass_most"), [("constant", 100.0, 0.06), ("sum", 2.0, 0.08), ("product", 0.5, 0.10)])
def test_equal_particles(name, tau, mass_most):
    """A start of one size: N and the class masses beyond the first twenty k-mers, where classes are many sizes wide."""
    rate = rate_for(name, 1.0)
    start = {"distribution": "monodisperse", "number": 1.0, "size": V0}
    found = box.simulate({"name": name, "rate": rate}, PER_DECADE, V_MIN, V_MAX, start, [tau])
    holds(found)
    k = np.arange(1.0, 20001.0)
    exact = _monomers(name, tau, k)
    masses = np.histogram(k * V0, bins=EDGES, weights=exact * k * V0)[0]
    assert found.numbers[0].sum() == pytest.approx(exact.sum(), rel=5e-3)
    wide = EDGES[:-1] > 20.0 * V0
    assert abs(found.masses[0][wide].sum() - masses[wide].sum()) < mass_most * V0


def test_a_finer_grid_is_better_in_second_order():
    """The scheme's order in the class width, on the sum kernel at τ = 2."""
    errors = []
    for count in (48, 96):
        found = box.simulate({"name": "sum", "rate": rate_for("sum", 1.0)}, count / 15, V_MIN, V_MAX, START, [2.0], tolerance=1e-4)
        errors.append(l1(found.masses[0], exact_classes(EXACT["sum"], 2.0, found.edges)[1]))
    assert math.log2(errors[0] / errors[1]) > 1.6, errors


def test_the_gel_point_loses_nothing():
    """Product kernel through τ = ½ and far beyond: what outgrows the grid stays in the last class, and the box says so."""
    found = _run("product", [0.4, 0.6, 2.0])
    assert found.overflow[0] < 1e-9
    assert found.overflow[2] > 0.2
    np.testing.assert_allclose(found.masses.sum(axis=1), found.masses[0].sum(), rtol=1e-12)


def _brownian(count):
    """The Brownian kernel at τ = 10⁴ of equals; the self-preserving coefficient there."""
    equals = float(REGISTRY["brownian"].function(1.0, 1.0))
    found = box.simulate("brownian", count / 15.0, V_MIN, V_MAX, START, [1e4 / equals])
    holds(found)
    table = sections.assemble(REGISTRY["brownian"].function, found.edges)
    number, mass = found.numbers[0], found.masses[0]
    rates = np.zeros((2, count))
    collision_rates(number, mass, np.ones(count), 0, count, table, sections.scratch(), rates[0], rates[1])
    return second(number, mass), self_preserving(rates[0].sum(), number.sum(), equals)


def test_brownian_sizes_preserve_themselves():
    """Test 10: coefficient 1.073 ± 0.005, and M₂ within 5 % of 192 classes."""
    coarse, fine = _brownian(64), _brownian(192)
    assert abs(coarse[0] / fine[0] - 1.0) < 0.05
    assert coarse[1] == pytest.approx(SELF_PRESERVING["brownian"], abs=0.005)
    assert fine[1] == pytest.approx(SELF_PRESERVING["brownian"], abs=0.001)

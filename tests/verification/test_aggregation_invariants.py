"""What holds for any population and any kernel: number and mass balance to rounding, nothing negative, means inside their classes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verification.aggregation import holds

from calcisim import box
from calcisim.physics import sections
from calcisim.physics.collision import REGISTRY
from calcisim.physics.sections_collide import collision_rates
from calcisim.physics.sections_growth import below, grow, inside
from calcisim.physics.sections_step import coagulate

COUNT = 24
EDGES = sections.class_edges(1e-24, 1e-12, COUNT)  # 12 nm to 120 µm
TABLES = {name: sections.assemble(kernel.function, EDGES) for name, kernel in REGISTRY.items()}


@st.composite
def populations(draw):
    """Any number from nothing to a lot in each class, any mean inside it."""
    log = np.array(draw(st.lists(st.one_of(st.just(-400.0), st.floats(-30.0, 18.0)), min_size=COUNT, max_size=COUNT)))
    place = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=COUNT, max_size=COUNT)))
    number = np.where(log > -400.0, 10.0**log, 0.0)
    return number, number * (EDGES[:-1] + place * np.diff(EDGES))


def _rates(name, number, mass):
    rates = np.zeros((2, COUNT))
    collision_rates(number, mass, np.ones(COUNT), 0, COUNT, TABLES[name], sections.scratch(), rates[0], rates[1])
    return rates


@settings(max_examples=60, deadline=None)
@given(populations(), st.sampled_from(sorted(REGISTRY)))
def test_collisions_keep_mass_and_lower_number(population, name):
    number, mass = population
    d_number, d_mass = _rates(name, number, mass)
    assert np.isfinite(d_number).all()
    assert np.isfinite(d_mass).all()
    mean = mass / np.where(number > 0.0, number, 1.0)
    met = np.abs(d_mass).sum() + (np.abs(d_number) * mean).sum()  # with what meets and stays in its class
    assert abs(d_mass.sum()) <= 1e-12 * met
    assert d_number.sum() <= 1e-12 * np.abs(d_number).sum()


@settings(max_examples=60, deadline=None)
@given(populations(), st.sampled_from(sorted(REGISTRY)), st.floats(-6.0, 6.0))
def test_any_step_is_positive_and_keeps_mass(population, name, decade):
    """One call over any duration, stiff or not; steps that the error does not allow are cut, never the values."""
    number, mass = (row.copy() for row in population)
    before, counted = mass.sum(), number.sum()
    loss = -_rates(name, number, mass)[0].sum()
    duration = 10.0 ** min(decade, 0.0) * counted / loss if loss > 0.0 else 1.0
    _, tried = coagulate(number, mass, duration, 1e-2, 0.0, TABLES[name], sections.scratch(), np.zeros((5, COUNT)))
    assert tried >= 0
    assert (number >= 0.0).all()
    assert (mass >= 0.0).all()
    assert abs(mass.sum() - before) <= 1e-12 * before
    assert number.sum() <= counted * (1.0 + 1e-12)


@pytest.mark.parametrize("klass", range(0, COUNT, 3))
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", ["fluid", "settling"])
def test_equals_that_settle_alike_do_not_meet_by_rounding(name, place, klass):
    """One occupied class whose particles all have the size of an edge, where the kernel of settling is zero: rates keep their signs."""
    number = np.zeros(COUNT)
    number[klass] = 1e-3
    mass = number * (EDGES[:-1] + place * np.diff(EDGES))
    d_number, d_mass = _rates(name, number, mass)
    assert d_number[klass] <= 0.0
    others = np.arange(COUNT) != klass
    assert (d_number[others] >= 0.0).all()
    assert (d_mass[others] >= 0.0).all()
    gained = others & (d_number > 0.0)
    mean = d_mass[gained] / d_number[gained]
    assert (mean >= EDGES[:-1][gained] * (1.0 - 1e-4)).all()
    duration = -1e-3 / d_number.sum() if klass < COUNT - 1 else 1.0
    _, tried = coagulate(number, mass, duration, 1e-2, 0.0, TABLES[name], sections.scratch(), np.zeros((5, COUNT)))
    assert 0 <= tried < 2000


@pytest.mark.parametrize("name", ["brownian", "fluid", "settling", "shear"])
def test_years_are_done_in_few_steps(name):
    """Equal numbers in some of 64 classes, 1000 s to ten years: thin classes that collect beyond their edges within a step stop nothing."""
    edges = sections.class_edges(0.999999 * np.pi / 6.0 * 1e-24, np.pi / 6.0 * 1e-9, 64)  # 10 nm to 1 mm
    table = sections.assemble(REGISTRY[name].with_parameters({"primary_radius": 0.25e-6, "dimension": 2.1}), edges)
    for density, low, high, duration in itertools.product([1e12, 1e15, 1e18], [0, 10], [1, 25, 40], [1e3, 1e5, 3e7, 3e8]):
        number = np.where((np.arange(64) >= low) & (np.arange(64) < high), density, 0.0)
        mass = number * np.sqrt(edges[:-1] * edges[1:])
        before = mass.sum()
        _, tried = coagulate(number, mass, duration, 1e-2, 0.0, table, sections.scratch(), np.zeros((5, 64)))
        assert 0 <= tried < 2000
        assert (number >= 0.0).all()
        assert (mass >= 0.0).all()
        assert mass.sum() == pytest.approx(before, rel=1e-12)
        assert ((number > 0.0) == (mass > 0.0)).all()


@settings(max_examples=60, deadline=None)
@given(populations(), st.sampled_from([0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]), st.floats(-3.0, 3.0))
def test_growth_keeps_number_and_books_its_mass(population, exponent, relative):
    number, mass = population
    shift = relative * 1e-20 ** (1.0 - exponent)
    new = np.zeros((2, COUNT))
    lost_number, lost_mass = grow(number, mass, shift, exponent, EDGES, new[0], new[1])
    assert (new >= 0.0).all()
    assert lost_mass >= 0.0
    assert new[0].sum() + lost_number == pytest.approx(number.sum(), rel=1e-12)
    growth = new[1].sum() + lost_mass - mass.sum()
    assert growth * relative >= -1e-12 * mass.sum()


@settings(max_examples=200, deadline=None)
@given(st.floats(1e-6, 1.0 - 1e-6), st.floats(0.0, 1.0))
def test_the_exponential_class_has_its_mean(place, at):
    """The shares below a size rise from nothing to all, and the mean of each part lies in the part."""
    low, high = 2.0, 5.0
    mean = low + place * (high - low)
    size = low + at * (high - low)
    kappa = inside(mean, low, high)
    share, part = below(size, mean, kappa, low, high)
    assert -1e-12 <= share <= 1.0 + 1e-12
    assert low * share - 1e-9 <= part <= size * share + 1e-9
    assert mean - part <= high * (1.0 - share) + 1e-9
    assert below(high, mean, kappa, low, high) == (1.0, mean)


@pytest.mark.parametrize("classes", [2, 7, 192, 400])
@pytest.mark.parametrize("name", ["brownian", "fluid", "settling", "shear"])
def test_coarse_and_fine_grids(classes, name):
    """From two classes to more than 30 a decade the books close and nothing is negative."""
    start = {"distribution": "lognormal", "number": 1e15, "median": 1e-22, "sigma": 0.7}
    found = box.simulate(name, classes / 12.0, 1e-24, 1e-12, start, [0.0, 100.0], protection=0.3)
    assert len(found.edges) == classes + 1
    holds(found)
    assert found.numbers[1].sum() <= found.numbers[0].sum()


def test_the_same_input_gives_the_same_bytes():
    start = {"distribution": "monodisperse", "number": 1e15, "size": 1e-22}
    found = [box.coagulate("fluid", 4, 1e-24, 1e-10, start, [1e3]) for _ in range(2)]
    assert found[0][0].tobytes() == found[1][0].tobytes()
    assert found[0][1].tobytes() == found[1][1].tobytes()

"""Kernels that no other test reaches without the compiler, on at most eight voxels, against plain numpy or a closed form."""

import math

import numpy as np
import pytest

from calcisim import parameters
from calcisim.numerics import rng
from calcisim.numerics.distance import lobules
from calcisim.physics import plasma, sections_growth, smoluchowski, texture, transport
from calcisim.physics.morphology_shape import fit_power
from calcisim.physics.speciation_data import alkalinity_weights, constants, debye_huckel

pytestmark = pytest.mark.nojit
LABORATORY = {
    "phosphate": 1.0, "magnesium": 0.85, "sodium": 140.0, "potassium": 4.0, "chloride": 103.0,
    "bicarbonate": 24.0, "ph": 7.40, "albumin": 0.6, "citrate": 0.1,
}  # fmt: skip
ROW_SALTS = ("sodium", "potassium", "chloride", "phosphate", "citrate")


def test_texture_is_a_sum_of_waves_and_the_same_at_half_the_voxel():
    key, length, strength = rng.key(3, "elbow"), 0.4e-3, 0.7
    vectors, phases = texture.waves(length, *key)
    assert vectors.std(axis=0) == pytest.approx(math.sqrt(2.0) / length, rel=0.15)
    places = np.array([0.1e-3, 0.5e-3])
    found = np.zeros((2, 2, 2))
    texture.texture(places, places, places, length, strength, *key, found)
    z, y, x = np.meshgrid(places, places, places, indexing="ij")
    waves = np.cos(np.stack([x, y, z], axis=-1) @ vectors.T + phases).sum(axis=-1)
    g = math.sqrt(2.0 / texture.WAVES) * waves
    assert found == pytest.approx(np.exp(strength * g - 0.5 * strength**2), rel=1e-10)
    alone = np.zeros((1, 1, 1))
    texture.texture(places[1:], places[:1], places[1:], length, strength, *key, alone)
    assert alone[0, 0, 0] == pytest.approx(found[1, 0, 1], rel=1e-12)


@pytest.mark.parametrize("by_total", [True, False])
def test_many_waters_are_each_that_of_the_laboratory(by_total):
    """The secant search over many compositions finds what the search for one does, from the total and from the ions."""
    warmth, values = 310.15, parameters.values("plasma")
    K, A, weights = constants(warmth), debye_huckel(warmth), alkalinity_weights()
    asked, rows = [(7.2, 1.9), (7.4, 2.4), (7.6, 3.1)], []
    named = "calcium" if by_total else "calcium_ionised"
    single = [plasma.ultrafiltrate(warmth, **{named: calcium}, **(LABORATORY | {"ph": ph})) for ph, calcium in asked]
    for (ph, calcium), water in zip(asked, single, strict=True):
        carbonate = plasma.total_carbonate(LABORATORY["bicarbonate"], ph)
        sites = values["albumin_calcium_sites"] * LABORATORY["albumin"]
        row = [calcium, ph, carbonate, water.magnesium, *(LABORATORY[name] for name in ROW_SALTS), sites]
        rows.append([value if place == 1 else 1e-3 * value for place, value in enumerate(row)])
    found = np.zeros((len(rows), len(plasma.WATER)))
    assert plasma.many_waters(K, A, weights, np.array(rows), by_total, found)
    for water, got in zip(single, found, strict=True):
        expected = [1e-3 * water.calcium, 1e-3 * water.calcium_ionised, 1e-3 * water.alkalinity, water.pco2_atm]
        assert got == pytest.approx(expected, rel=1e-9)
    x, out = np.zeros(6), np.zeros(45)
    assert plasma.ultrafilterable(K, A, np.array(rows[1]), by_total, x, out) == pytest.approx(found[1, 0], rel=1e-9)


@pytest.mark.parametrize("modulus", [0.0, 1e-3, 0.7, 1.5, 30.0])
def test_effectiveness_of_half_a_voxel(modulus):
    """TRN-7 between its limits 1 and 1/Th."""
    found = transport.effectiveness(modulus)
    assert found == pytest.approx(math.tanh(modulus) / modulus if modulus else 1.0, rel=1e-12)
    assert found <= 1.0
    assert modulus == 0.0 or found <= 1.0 / modulus


def test_effects_of_eight_voxels():
    draw, shape = np.random.default_rng(1), (4, 4, 4)
    porosity, perfusion, uptake, conductance = (draw.random(shape) for _ in range(4))
    conductance[1, 1, 1] = 0.0
    uptake -= 0.5
    out = np.full(shape, np.nan)
    transport.effects(porosity, perfusion, uptake, conductance, 1e-3, 0.2, out, 0, 4)
    inner = (slice(1, -1),) * 3
    rate = (porosity * perfusion + np.maximum(uptake, 0.0))[inner]
    with np.errstate(divide="ignore"):
        modulus = 0.1 * np.sqrt(rate / (1e-3 * conductance[inner]))
    expected = np.where(np.isinf(modulus), 1.0, np.tanh(modulus) / modulus)
    assert out[inner] == pytest.approx(expected, rel=1e-12)
    assert np.isnan(out[0]).all()


@pytest.mark.parametrize("exponent", [0.0, 2.0 / 3.0, 1.0])
def test_growth_goes_back_the_way_it_came(exponent):
    size, shift = 2e-3, 1e-4
    larger = sections_growth.grown(size, shift, exponent)
    assert larger > size
    assert sections_growth.grown_back(larger, shift, exponent) == pytest.approx(size, rel=1e-12)
    # dv/dt = v^p by a fine Euler walk
    v, steps = size, 20_000
    for _ in range(steps):
        v += shift / steps * v**exponent
    assert larger == pytest.approx(v, rel=1e-5)


def test_births_go_to_the_class_that_holds_their_size():
    edges = np.array([1.0, 2.0, 4.0, 8.0])
    number, mass = np.zeros(3), np.zeros(3)
    for size in (1.0, 3.0, 4.0, 100.0):
        sections_growth.settle_births(number, mass, 2.0, size, edges)
    assert number.tolist() == [2.0, 2.0, 4.0]
    assert mass.tolist() == [2.0, 6.0, 208.0]


@pytest.mark.parametrize(
    ("name", "tau"), [("constant", 0.0), ("constant", 3.0), ("sum", 0.0), ("sum", 1.0), ("product", 0.0), ("product", 0.3)]
)
def test_exact_solutions_keep_the_mass_and_have_the_number_they_state(name, tau):
    exact = smoluchowski.EXACT[name]
    edges = np.geomspace(1e-9, 2e3, 300)
    number, mass = smoluchowski.in_classes(lambda x: exact.density(x, tau), edges)
    assert number.sum() == pytest.approx(exact.number(tau), rel=1e-4)
    assert mass.sum() == pytest.approx(1.0, rel=1e-6)
    _, second = smoluchowski.in_classes(lambda x: x * exact.density(x, tau), edges)
    assert second.sum() == pytest.approx(exact.second(tau), rel=1e-5)


def test_self_preserving_ratio_of_one_size_is_one():
    number, rate = 1e10, 3e-17
    assert smoluchowski.self_preserving(-0.5 * rate * number**2, number, rate) == pytest.approx(1.0)


def test_two_balls_that_touch_are_two_lobules_and_one_ball_is_one():
    z, y, x = np.indices((9, 9, 17)) - np.array([4.0, 4.0, 8.0])[:, None, None, None]
    one = z**2 + y**2 + x**2 < 12.0
    two = (z**2 + y**2 + (x - 3.0) ** 2 < 14.0) | (z**2 + y**2 + (x + 3.0) ** 2 < 14.0)
    assert lobules(one, (1.0, 1.0, 1.0)) == 1
    assert lobules(two, (1.0, 1.0, 1.0)) == 2


def test_a_power_law_is_found_with_its_exponent_and_prefactor():
    size = np.geomspace(10.0, 1e4, 60)
    radius = (size / 1.3) ** (1.0 / 2.1)
    found = fit_power(size, radius, np.repeat(np.arange(12), 5))
    assert found[0] == pytest.approx(2.1, rel=1e-9)
    assert found[1] == pytest.approx(0.0, abs=1e-9)
    assert found[2] == pytest.approx(1.3, rel=1e-9)
    assert fit_power(size[:4], radius[:4], np.zeros(4)) is None
    assert fit_power(np.full(9, 7.0), radius[:9], np.zeros(9)) is None

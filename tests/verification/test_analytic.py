"""Transport against closed formulas: a half space, slabs with held and exchanging faces, perfusion, uptake of first order."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import erfc
from verification.columns import Uptake

from calcisim.numerics.newton import NewtonControl
from calcisim.studies.trial import Medium, Trial, march

AXES = (2, 1, 0)
POROSITY, DIFFUSIVITY, HINDRANCE = 0.7, 2.0, 0.4
SPREAD = DIFFUSIVITY * HINDRANCE  # of the tissue; over the porosity it is the speed of a front


def line(n, length, faces, start, perfusion=0.0, stoichiometry=0.0, outside=1.0, axis=2, kind=Trial):
    """A slab of n voxels along one axis of the grid; faces: exchange of its low and high end."""
    shape, spacing = [1, 1, 1], [1.0, 1.0, 1.0]
    shape[axis], spacing[axis] = n, length / n
    same = np.ones(shape)
    ends = np.zeros(6)
    ends[2 * axis : 2 * axis + 2] = faces
    medium = Medium(
        tuple(shape), tuple(spacing), np.array([DIFFUSIVITY]), np.array([stoichiometry]), POROSITY * same, HINDRANCE * same,
        (same.ravel() * perfusion).reshape(shape), np.array([outside]), ends,
    )  # fmt: skip
    return kind(medium, np.full((1, *shape), start), np.zeros(shape), 1e-3, 1e-3)


def centres(n, length):
    return (np.arange(n) + 0.5) * length / n


def relative(found, exact):
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


@pytest.mark.parametrize("axis", AXES)
def test_half_space(axis):
    """c = erfc(x/√(4 D t/φ)), the same along every axis."""
    n, end = 128, 0.01 * POROSITY / SPREAD
    slab = line(n, 1.0, (np.inf, 0.0), 1e-9, axis=axis)
    march(slab, end, 150)
    assert relative(slab.solutes.ravel(), erfc(centres(n, 1.0) / math.sqrt(4.0 * end * SPREAD / POROSITY))) < 1e-3


def test_held_slab():
    """From 2 to 1 between two held faces: 1 + Σ 4/(kπ) sin(kπx) exp(−k²π² D t/φ), odd k."""
    n, end = 128, 0.1 * POROSITY / SPREAD
    slab = line(n, 1.0, (np.inf, np.inf), 2.0)
    march(slab, end, 200)
    x = centres(n, 1.0)
    series = sum(4.0 / (k * math.pi) * np.sin(k * math.pi * x) * math.exp(-((k * math.pi) ** 2) * 0.1) for k in range(1, 60, 2))
    assert relative(slab.solutes.ravel() - 1.0, series) < 1e-3


@pytest.mark.parametrize("biot", [0.1, 1.0, 20.0])
def test_exchanging_slab(biot):
    """From 2 to 1 through one exchanging face: 1 + Σ A cos(βx) exp(−β² D t/φ), β tan β = hL/D, A = 4 sin β/(2β + sin 2β)."""
    n, end = 128, 0.5 * POROSITY / SPREAD
    slab = line(n, 1.0, (0.0, biot * SPREAD), 2.0)
    march(slab, end, 200)
    roots = [brentq(lambda b: b * math.sin(b) - biot * math.cos(b), k * math.pi + 1e-12, (k + 0.5) * math.pi) for k in range(40)]
    x = centres(n, 1.0)
    series = sum(4.0 * math.sin(b) / (2.0 * b + math.sin(2.0 * b)) * np.cos(b * x) * math.exp(-b * b * 0.5) for b in roots)
    assert relative(slab.solutes.ravel() - 1.0, series) < 1e-3


def test_perfusion_screens_a_sink():
    """Beside a zone of constant consumption q without vessels, c_plasma − c falls as cosh((L − x)/λ), λ = √(D/(φκ))."""
    n, length, edge, consumption, perfusion = 400, 1.0, 0.1, 3.0, 250.0
    x = centres(n, length)

    class Sink(Trial):
        def source(self, time):
            return -consumption * np.where(x < edge, 1.0, 0.0).reshape(1, 1, 1, n)

    slab = line(n, length, (0.0, 0.0), 1.0, perfusion=np.where(x < edge, 0.0, perfusion), kind=Sink)
    march(slab, 10.0, 60)
    screening = math.sqrt(SPREAD / (POROSITY * perfusion))
    depth = consumption * edge * screening / SPREAD / math.sinh((length - edge) / screening)
    outside = depth * np.cosh((length - x) / screening)
    inside = depth * math.cosh((length - edge) / screening) + consumption * (edge**2 - x**2) / (2.0 * SPREAD)
    lack = np.where(x > edge, outside, inside)
    assert 0.01 < screening < 0.2
    assert lack.max() < 0.9
    assert relative(1.0 - slab.solutes.ravel(), lack) < 1e-3
    there = (x > 1.5 * edge) & (x < 0.4)
    slope = np.polyfit(x[there], np.log(1.0 - slab.solutes.ravel()[there]), 1)[0]
    assert -1.0 / slope == pytest.approx(screening, rel=2e-3)


LOOSER = NewtonControl(increment=1e-8, linear=1e-4, residual=1e-6, iterations=60)  # far in, c is too small for the last digits


@pytest.mark.parametrize("axis", AXES)
def test_uptake_of_first_order(axis):
    """Steady c = cosh((L − x)/δ)/cosh(L/δ), δ = √(D/k), and supply √(kD) tanh(L/δ) equals what is taken up."""
    n, length = 200, 1.0
    depth = math.sqrt(SPREAD / Uptake.rate)
    slab = line(n, length, (np.inf, 0.0), 1.0, stoichiometry=1.0, axis=axis, kind=Uptake)
    march(slab, 0.2, 100, LOOSER)
    exact = np.cosh((length - centres(n, length)) / depth) / math.cosh(length / depth)
    assert relative(slab.solutes.ravel(), exact) < 1e-3
    before = slab.mineral.sum(), slab.booked.copy()
    march(slab, 1.0, 4, LOOSER)
    taken = (slab.mineral.sum() - before[0]) * length / n
    assert taken == pytest.approx(math.sqrt(Uptake.rate * SPREAD) * math.tanh(length / depth), rel=2e-3)
    assert (slab.booked - before[1])[0] * length / n == pytest.approx(taken, rel=1e-9)


def test_an_exchanging_face_that_is_very_open_is_a_held_one():
    ends = []
    for exchange in (np.inf, 1e12):
        slab = line(32, 1.0, (0.0, exchange), 2.0)
        march(slab, 0.1, 10)
        ends.append(slab.solutes.copy())
    assert np.allclose(*ends, rtol=1e-9)


def test_mirrored_and_turned_problems_give_mirrored_and_turned_answers():
    """Red and black voxels swap roles, so the last digits may differ, nothing more."""
    faces = (((np.inf, 0.0), 2), ((0.0, np.inf), 2), ((np.inf, 0.0), 1))
    low, high, turned = (line(24, 1.0, ends, 2.0, stoichiometry=1.0, axis=axis, kind=Uptake) for ends, axis in faces)
    for slab in (low, high, turned):
        march(slab, 0.05, 5)
    assert np.allclose(low.mineral.ravel(), high.mineral.ravel()[::-1], rtol=1e-9, atol=1e-12)
    assert np.allclose(low.mineral.ravel(), turned.mineral.ravel(), rtol=1e-12)

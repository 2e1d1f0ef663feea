"""Free particles between voxels: nothing is made or lost, they spread as diffusion says, and fibrils hold them back."""

from itertools import pairwise

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.physics import drift
from calcisim.physics.kinetics import FREE
from calcisim.simulation.run import Simulation

SHEET = """
title = "Fluid beside collagen"
kind = "invitro"
duration = "1 day"
output = [{ times = ["1 day"] }]
[medium]
calcium = "5 mmol/L"
phosphate = "5 mmol/L"
bicarbonate = "12 mmol/L"
ph = 7.4
temperature = "22 degC"
fetuin = "20 umol/L"
[[site]]
name = "dish"
tissue = "fluid"
[site.grid]
shape = [41]
spacing = "20 um"
depth = "1 mm"
"""
COLLAGEN = """
[[site.region]]
shape = "slab"
low = "0.6 mm"
high = "0.7 mm"
material = "dermis"
override = { perfusion = "0 1/s" }
"""


@pytest.fixture
def dish(tmp_path):
    def make(text=SHEET, hours=0.2):
        path = tmp_path / "dish.toml"
        path.write_text(text, encoding="utf-8")
        simulation = Simulation(door.load(str(path)))
        simulation.advance(hours * 3600.0)
        return simulation.sites["dish"]

    return make


def free_volume(site):
    particles = site.problem.particles
    out = np.zeros(site.active.size)
    out[particles.rows()] = particles.volumes()[1][1]
    return out


def everything(site):
    """Phases, free primaries and covered area of the whole site."""
    state, used = site.state, site.state.slots()
    here = np.arange(state.number.shape[2]) < state.count[FREE, :used, None]
    return np.array([*site.phases().sum(axis=(1, 2, 3)), np.where(here, state.number[FREE, :used], 0.0).sum(), state.shielded.sum()])


def test_a_point_spreads_by_2dt_and_nothing_is_lost(dish):
    site = dish()
    state, middle = site.state, 20
    for row in range(site.active.size):
        if row != middle:
            slot = state.slot[row]
            state.count[FREE, slot] = 0
            state.clumps[1, ..., slot] = 0.0
            state.mineral[:, 1, 1, 1 + row] = 0.0
            state.shielded[row] = 0.0
    before = everything(site)
    diffusivity = site.problem.particles._diffusivity()
    dt, spacing = 20.0, 20e-6
    site.problem.particles._spread(dt)
    assert everything(site) == pytest.approx(before, rel=1e-12)
    weight = free_volume(site)
    place = np.arange(41) * spacing
    centre = float(weight @ place / weight.sum())
    assert centre == pytest.approx(middle * spacing, abs=0.1 * spacing)
    variance = float(weight @ (place - centre) ** 2 / weight.sum())
    assert variance == pytest.approx(2.0 * diffusivity.max() * dt, rel=0.1)


def test_mineral_is_the_particles_and_books_close_beside_collagen(dish):
    site = dish(SHEET + COLLAGEN, hours=3.0)
    particles = site.problem.particles
    held, free = np.zeros((2, site.active.size))
    held[particles.rows()], free[particles.rows()] = particles.volumes()[1]
    calcium = site.mineral().ravel()
    assert np.abs(calcium - (held + free) / site.model.phases.calcium_volume).max() <= 1e-12 * calcium.max()
    assert site.state.mineral.min() >= 0.0
    assert site.state.ledger.relative(site.problem.held()).max() <= 1e-13
    collagen = np.flatnonzero(particles.fibrils > 0.0)
    assert held[collagen].min() > 10.0 * free.max()  # what comes near is caught
    assert free[collagen[0] - 1] < 0.9 * free[0]  # and missing beside


def test_hindrance_falls_with_size_and_stops_what_does_not_pass():
    found = [drift.hindrance(radius, 0.3, 1e-7) for radius in (1e-9, 5e-9, 20e-9, 60e-9, 1e-6)]
    assert found[0] < 1.0
    assert all(a > b for a, b in pairwise(found) if a > 0.0)
    assert found[-1] == 0.0
    assert drift.hindrance(1e-6, 0.0, 1e-7) == 1.0

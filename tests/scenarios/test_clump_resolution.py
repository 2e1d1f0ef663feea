"""Clumps above the voxel do not hang on the voxel or on the threshold: patches of worn collagen under uraemic plasma, the same seeding."""

from functools import cache

import pytest
from scenario.document import URAEMIC

from calcisim import scenario as door
from calcisim.results import clumps
from calcisim.simulation.run import Simulation

DAY = 86400.0
DEPTH = 1e-4
MG_CM3 = 40.078e-3  # of 1 mol Ca/m³
PATCHES = (
    '{ shape = "sphere", centre = ["1.2 mm", "1.2 mm", "0.05 mm"], radius = "0.6 mm" }',
    '{ shape = "sphere", centre = ["3.4 mm", "1.3 mm", "0.05 mm"], radius = "0.45 mm" }',
    '{ shape = "box", low = ["0.8 mm", "2.8 mm", "0 mm"], high = ["2.3 mm", "3.4 mm", "0.1 mm"] }',
    '{ shape = "sphere", centre = ["3.5 mm", "3.5 mm", "0.05 mm"], radius = "0.7 mm" }',
)
SCENARIO = (
    """
title = "Patches"
duration = "30 day"
output = [{{ times = ["30 day"] }}]
"""
    + URAEMIC
    + """[[site]]
name = "joint"
tissue = "periarticular"
[site.grid]
shape = [{n}, {n}]
spacing = "{spacing} mm"
depth = "0.1 mm"
"""
)
EVENT = '[[event]]\nkind = "expose"\nsite = "joint"\nat = "0 day"\nfraction = 0.5\ns = 0.62\nregion = {}\n'


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Clumps of the patches at a voxel size [mm] and a threshold [mg/cm³]; each grid is run once."""
    folder = tmp_path_factory.mktemp("patches")

    @cache
    def calcium(spacing):
        path = folder / f"patches-{spacing}.toml"
        path.write_text(SCENARIO.format(n=round(4.8 / spacing), spacing=spacing) + "".join(EVENT.format(patch) for patch in PATCHES))
        simulation = Simulation(door.load(str(path)))
        simulation.advance(30.0 * DAY)
        return simulation.fields()["joint"]["mineral_calcium"][0] * MG_CM3

    return lambda spacing, threshold: clumps.measure(calcium(spacing), (DEPTH, spacing * 1e-3, spacing * 1e-3), threshold)


def described(found):
    """Count, largest [mm] and box dimension."""
    return found.count, found.diameters_mm[0], found.box_dimension.value


def test_the_patches_are_separate_clumps(measured):
    assert measured(0.1, clumps.THRESHOLD).count == len(PATCHES)


def test_half_the_voxel(measured):
    finer, usual = (described(measured(spacing, clumps.THRESHOLD)) for spacing in (0.05, 0.1))
    assert finer == pytest.approx(usual, rel=0.2)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_half_and_twice_the_threshold(measured, factor):
    other, usual = (described(measured(0.1, threshold)) for threshold in (factor * clumps.THRESHOLD, clumps.THRESHOLD))
    assert other == pytest.approx(usual, rel=0.2)

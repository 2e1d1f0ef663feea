"""Shapes against their volumes, the tissue library with overrides, painting in order."""

import math

import numpy as np
import pytest

from calcisim import parameters, scenario
from calcisim.scenario import tissues
from calcisim.scenario.grid import Grid
from calcisim.scenario.regions import REGIONS, mask

GRID = Grid.model_validate({"shape": (40, 50, 60), "spacing": "0.1 mm"})
MM = 1e-9
SHAPES = [
    ({"shape": "slab", "axis": "y", "low": "1 mm", "high": "2 mm"}, 4 * 1 * 6),
    ({"shape": "box", "low": ("1 mm", "1 mm", "1 mm"), "high": ("2 mm", "3 mm", "4 mm")}, 6),
    ({"shape": "sphere", "centre": ("2 mm", "2 mm", "3 mm"), "radius": "1.5 mm"}, 4 / 3 * math.pi * 1.5**3),
    ({"shape": "ellipsoid", "centre": ("2 mm", "2 mm", "3 mm"), "radii": ("1 mm", "1.5 mm", "2 mm")}, 4 / 3 * math.pi * 3),
    (
        {"shape": "shell", "centre": ("2 mm", "2 mm", "3 mm"), "inner_radius": "1 mm", "outer_radius": "1.8 mm"},
        4 / 3 * math.pi * (1.8**3 - 1),
    ),
    ({"shape": "cylinder", "centre": ("2 mm", "2 mm", "0 mm"), "radius": "1 mm", "low": "1 mm", "high": "3 mm"}, math.pi * 2),
    ({"shape": "cylinder", "axis": "x", "centre": ("0 mm", "2 mm", "3 mm"), "radius": "1 mm"}, math.pi * 4),
]


@pytest.mark.parametrize(("table", "volume"), SHAPES, ids=[f"{t['shape']}{i}" for i, (t, _) in enumerate(SHAPES)])
def test_mask_has_the_volume_of_the_shape(table, volume):
    region = REGIONS.read(table)
    inside = mask(region, *GRID.centres())
    assert inside.shape == (60, 50, 40)
    assert inside.dtype == bool
    assert inside.sum() * 1e-12 == pytest.approx(volume * MM, rel=0.02)
    z, y, x = np.nonzero(inside)
    for along, (low, high) in zip((x, y, z), region.bounds(), strict=True):
        assert low - 1e-12 <= (along.min() + 0.5) * 1e-4
        assert (along.max() + 0.5) * 1e-4 <= high + 1e-12


def test_every_shape_is_tested():
    assert {table["shape"] for table, _ in SHAPES} == set(REGIONS)


def test_axes_are_x_first_in_files_and_last_in_arrays():
    grid = Grid.model_validate({"shape": (3, 2), "spacing": ("1 mm", "2 mm"), "depth": "5 mm"})
    assert grid.cell == (1e-3, 2e-3, 5e-3)
    assert grid.extents == pytest.approx((3e-3, 4e-3, 5e-3))
    assert [len(axis) for axis in grid.centres()] == [3, 2, 1]
    left = REGIONS.read({"shape": "slab", "low": "0 mm", "high": "1 mm"})
    assert mask(left, *grid.centres())[0].tolist() == [[True, False, False], [True, False, False]]


def test_a_point_grid_has_a_volume():
    grid = Grid.model_validate({"depth": "1 cm"})
    assert grid.counts == (1, 1, 1)
    assert grid.volume == pytest.approx(1e-6)


def test_library_values_are_those_of_the_table():
    cusp = tissues.lookup("cusp-fixed")
    rows = parameters.tables("tissues")["cusp-fixed"]
    assert (cusp.porosity, cusp.surface_per_volume) == (0.75, 1.1e7)
    assert (cusp.substrate_state, cusp.debris) == (rows["substrate_state"].value, rows["debris"].value)  # fitted: they may move
    assert (cusp.access_fetuin, cusp.access_pyrophosphate, cusp.perfusion) == (0.0, 1.0, 0.0)
    subcutis = tissues.lookup("subcutis")
    assert subcutis.perfusion * subcutis.porosity == pytest.approx(1.7e-4)
    assert tissues.lookup("dermis").surface_per_volume == pytest.approx(1.1e7, rel=0.01)


@pytest.mark.parametrize("name", tissues.names())
def test_every_tissue_is_complete_and_within_bounds(name):
    tissue = tissues.lookup(name)
    for column, rule in tissues.COLUMNS.items():
        value = getattr(tissue, column)
        assert isinstance(value, float)
        assert math.isfinite(value)
        assert rule.kind != "number" or 0.0 <= value <= 1.0
    assert tissue.surface_per_volume == pytest.approx(4 * tissue.fibril_fraction / tissue.fibril_diameter)


@pytest.mark.parametrize(
    ("override", "fraction", "diameter", "surface"),
    [
        ({"surface_per_volume": 2.2e7}, 0.55, 1e-7, 2.2e7),
        ({"fibril_fraction": 0.11}, 0.11, 1e-7, 4.4e6),
        ({"fibril_diameter": 2e-7}, 0.275, 2e-7, 5.5e6),
        ({"surface_per_volume": 1e6, "fibril_diameter": 2e-7}, 0.05, 2e-7, 1e6),
        ({"surface_per_volume": 1e6, "fibril_fraction": 0.1}, 0.1, 4e-7, 1e6),
        ({"substrate_state": 0.5}, 0.275, 1e-7, 1.1e7),
    ],
)
def test_collagen_columns_stay_consistent(override, fraction, diameter, surface):
    got = tissues.lookup("cusp-fixed", override)
    assert (got.fibril_fraction, got.fibril_diameter, got.surface_per_volume) == pytest.approx((fraction, diameter, surface))


def test_regions_are_painted_in_order(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(
        'title="t"\nduration="1 day"\n[plasma]\ncalcium="2.4 mmol/L"\nphosphate="1 mmol/L"\n'
        '[[site]]\nname="a"\ntissue="dermis"\nperfusion="0 1/s"\noverride={substrate_state=0.9}\n'
        'grid={shape=[10], spacing="0.1 mm", depth="1 mm"}\n'
        '[[site.region]]\nshape="slab"\nlow="0.2 mm"\nhigh="0.6 mm"\nmaterial="cusp-fixed"\noverride={debris="0 1/m3"}\n'
        '[[site.region]]\nshape="slab"\nlow="0.4 mm"\nhigh="0.8 mm"\noverride={substrate_state=0.5}\n'
    )
    index, kinds = tissues.paint(scenario.load(path).site[0])
    seen = [(kinds[i].name, kinds[i].substrate_state, kinds[i].debris, kinds[i].perfusion) for i in index[0, 0]]
    assert seen[0] == seen[9] == ("dermis", 0.9, 0.0, 0.0)
    assert seen[2] == ("cusp-fixed", tissues.lookup("cusp-fixed").substrate_state, 0.0, 0.0)
    assert seen[4] == ("cusp-fixed", 0.5, 0.0, 0.0)
    assert seen[7] == ("dermis", 0.5, 0.0, 0.0)

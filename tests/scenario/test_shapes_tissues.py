"""Shapes against their volumes, the tissue library with overrides, painting in order."""

import math

import numpy as np
import pytest

from calcisim import parameters, scenario
from calcisim.scenario import check, tissues, voxels
from calcisim.scenario.grid import Grid
from calcisim.scenario.regions import REGIONS, mask
from calcisim.scenario.voxels import Lattice

GRID = Grid.model_validate({"shape": (40, 50, 60), "spacing": "0.1 mm"})
MM = 1e-9


def _block():
    """1 x 2 x 3 mm of an image, in voxels of half a millimetre, as a run keeps them."""
    table = voxels.packed(np.ones((6, 4, 2), dtype=bool), Lattice((2, 4, 6), (5e-4,) * 3, (1e-3,) * 3), "a.nii", "")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


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
    ({"shape": "label", "label": 2, "voxels": _block()}, 6),
    ({"shape": "threshold", "at_least": 1.0, "voxels": _block()}, 6),
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


BODY = (
    "muscle",
    "ligament",
    "joint-capsule",
    "bursa-wall",
    "tendon-sheath",
    "bone-surface",
    "fascia",
    "finger-pulp",
    "lung-septum",
    "gastric-mucosa",
    "kidney-papilla",
)
LIVING = ("dermis", "subcutis", "periarticular", "tendon", "cartilage", "arterial-media", *BODY)
SOLID = 1.0 - 0.55  # collagen molecules per volume of a hydrated fibril; the rest is water, recalled (nucleation_aggregation, section 2)
COLLAGEN_DENSITY = 1350.0  # kg/m3 of dry collagen, recalled


@pytest.mark.parametrize("name", BODY)
def test_a_site_of_each_tissue_passes_the_check(name, tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(
        'title="t"\nduration="1 day"\n[plasma]\ncalcium="2.4 mmol/L"\nphosphate="1 mmol/L"\n'
        f'[[site]]\nname="a"\ntissue="{name}"\ngrid={{shape=[], depth="1 cm"}}\n'
    )
    loaded = scenario.load(path)
    assert check.findings(loaded) == []
    assert loaded.site[0].background() == tissues.lookup(name)


@pytest.mark.parametrize("name", LIVING)
def test_intact_tissue_is_protected_and_holds_no_more_than_its_volume_and_mass(name):
    """Porosity counts the water in fibrils too, so fibrils may overlap with it: only their molecules exclude fluid."""
    tissue = tissues.lookup(name)
    assert tissue.substrate_state >= 0.95
    assert tissue.elastin_surface == 0.0 or tissue.elastin_state >= 0.95
    assert tissue.debris == tissue.device_surface == 0.0
    assert tissue.porosity + SOLID * tissue.fibril_fraction <= 1.0
    assert SOLID * COLLAGEN_DENSITY * tissue.fibril_fraction <= tissue.dry_mass
    assert tissue.collagen_2_share + tissue.collagen_3_share <= 1.0


def test_organs_are_perfused_more_than_muscle_and_muscle_more_than_tendon():
    """Exchange per tissue volume, kappa times porosity; the library gives it per pore fluid."""
    flow = {name: tissues.lookup(name).perfusion * tissues.lookup(name).porosity for name in LIVING}
    dense = max(flow[name] for name in ("tendon", "ligament", "cartilage"))
    organs = min(flow[name] for name in ("kidney-papilla", "gastric-mucosa", "lung-septum"))
    assert dense < flow["muscle"] < organs
    assert flow["muscle"] < flow["finger-pulp"] < organs


@pytest.mark.parametrize(
    ("name", "blood"),  # mL per 100 g and min, of the source of the row
    [
        ("muscle", 3.83),
        ("ligament", 0.68),
        ("tendon-sheath", 1.8),
        ("bone-surface", 2.5),
        ("finger-pulp", 8.5),
        ("gastric-mucosa", 61.0),
        ("kidney-papilla", 80.0),
        ("subcutis", 3.0),
    ],
)
def test_a_third_of_the_blood_flow_exchanges(name, blood):
    tissue = tissues.lookup(name)
    assert tissue.perfusion * tissue.porosity == pytest.approx(blood / 100.0 / 60.0 / 3.0, rel=0.03)

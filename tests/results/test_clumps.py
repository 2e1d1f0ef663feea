"""Clumps on exact shapes, in 0 to 3 axes; what must not change them; what a run reports."""

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from calcisim.results import clumps, observables
from calcisim.results.clumps import measure

MM = 1e-3
CUBIC = (0.1 * MM,) * 3


def smooth_balls(cells, *balls, spacing=0.1, width=0.1):
    """Calcium 20 mg/cm³ inside balls (radius, centre) [mm], falling off over `width` [mm] at their surface."""
    places = (np.arange(cells) + 0.5) * spacing
    field = np.zeros((cells,) * 3)
    for radius, centre in balls:
        distance = np.sqrt(sum(np.ix_(*[(places - c) ** 2 for c in centre])))
        field = np.maximum(field, 20.0 / (1.0 + np.exp(np.clip((distance - radius) / width, -50, 50))))
    return field


def ball(cells, *balls, spacing=0.1):
    return np.where(smooth_balls(cells, *balls, spacing=spacing, width=1e-9) > 10.0, 20.0, 0.0)


def test_one_ball():
    found = measure(ball(40, (1.5, (2.02, 1.97, 2.01))), CUBIC)
    assert found.count == 1
    assert found.volumes_mm3[0] == pytest.approx(4 / 3 * math.pi * 1.5**3, rel=0.01)
    assert found.diameters_mm[0] == pytest.approx(3.0, rel=0.004)
    assert found.gyration_mm[0] == pytest.approx(1.5 * math.sqrt(0.6), rel=0.005)
    assert found.clump_calcium_mg[0] == pytest.approx(found.volumes_mm3[0] * 20e-3)
    assert found.clump_calcium_mg.sum() == pytest.approx(found.calcium_mg)
    assert found.sphericity == pytest.approx(1, abs=0.02)
    assert found.lobules == 1
    assert np.isnan(found.nearest_mm).all()


def test_two_balls_apart_and_touching():
    apart = measure(ball(60, (1.2, (1.5, 3, 3)), (0.8, (4.5, 3, 3))), CUBIC)
    assert apart.count == 2
    assert apart.diameters_mm == pytest.approx([2.4, 1.6], rel=0.01)
    assert apart.nearest_mm == pytest.approx([3.0, 3.0], rel=1e-3)
    assert apart.lobules == 1
    touching = measure(ball(60, (1.2, (1.7, 3.05, 3.05)), (1.2, (4.0, 3.05, 3.05))), CUBIC)
    assert (touching.count, touching.lobules) == (1, 2)
    assert touching.sphericity == pytest.approx(0.5 ** (1 / 3), abs=0.04)
    assert touching.gyration_mm[0] == pytest.approx(math.sqrt(0.6 * 1.2**2 + 1.15**2), rel=0.02)


def test_neighbours_meet_through_faces_only():
    field = np.zeros((4, 4, 4))
    field[0, 0, 0] = field[1, 1, 0] = 5.0
    assert measure(field, CUBIC).count == 2
    field[1, 0, 0] = 5.0
    assert measure(field, CUBIC).count == 1


def test_a_cube_and_a_rod():
    cube = measure(np.pad(np.full((16,) * 3, 9.0), 2), CUBIC)
    assert cube.volumes_mm3[0] == pytest.approx(1.6**3)
    assert cube.diameters_mm[0] == pytest.approx(1.6 * (6 / math.pi) ** (1 / 3))
    assert cube.gyration_mm[0] == pytest.approx(1.6 / 2)
    assert cube.sphericity == pytest.approx(0.806, rel=0.1)
    assert cube.box_dimension.value == pytest.approx(3)
    rod = measure(np.pad(np.full((4, 4, 60), 9.0), 2), CUBIC)
    assert rod.gyration_mm[0] == pytest.approx(math.sqrt((2 * 0.4**2 + 6.0**2) / 12))
    assert rod.lobules == 1
    assert rod.sphericity < 0.55
    assert 1.0 <= rod.box_dimension.value < 2.0


def test_axes_that_are_missing_give_depth_but_no_shape():
    """0-D, 1-D and 2-D: volumes count the depth, diameters and distances do not."""
    plane = measure(np.pad(np.full((1, 16, 16), 9.0), ((0, 0), (3, 3), (3, 3))), (5 * MM, 0.1 * MM, 0.2 * MM))
    assert plane.volumes_mm3 == pytest.approx([1.6 * 3.2 * 5])
    assert plane.diameters_mm == pytest.approx([2 * math.sqrt(1.6 * 3.2 / math.pi)])
    assert 0.7 < plane.sphericity < 0.95
    line = measure(np.array([0, 0, 9, 9, 9, 0, 9.0]).reshape(1, 1, 7), (5 * MM, 2 * MM, 0.1 * MM))
    assert line.volumes_mm3 == pytest.approx([3.0, 1.0])
    assert line.diameters_mm == pytest.approx([0.3, 0.1])
    assert line.nearest_mm == pytest.approx([0.3, 0.3])
    assert line.gyration_mm == pytest.approx([0.3 / math.sqrt(12), 0.1 / math.sqrt(12)])
    assert (line.sphericity, line.lobules, line.box_dimension) == (None, None, None)
    long = measure(np.full((1, 1, 12), 9.0), (5 * MM, 2 * MM, 0.1 * MM))
    assert long.box_dimension.value == pytest.approx(1)
    point = measure(np.full((1, 1, 1), 9.0), (1 * MM, 2 * MM, 3 * MM))
    assert point.count == 1
    assert point.volumes_mm3 == pytest.approx([6.0])
    assert np.isnan([point.diameters_mm, point.gyration_mm, point.nearest_mm]).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (1, 9, 9), (9, 9, 9)])
def test_an_empty_field_has_no_clumps_and_nulls(shape):
    for field in (np.zeros(shape), np.full(shape, 0.99), np.full(shape, np.nan)):
        found = measure(field, CUBIC)
        assert found.count == 0
        assert (found.sphericity, found.lobules, found.box_dimension) == (None, None, None)


def test_what_makes_no_sense_is_refused():
    for spacing, threshold in (((1.0,), 1.0), ((1.0, 1.0, 0.0), 1.0), (CUBIC, 0.0), (CUBIC, float("nan"))):
        with pytest.raises(ValueError, match="positive"):
            measure(np.ones((2, 2, 2)), spacing, threshold)


BLOBS = ((1.1, (1.83, 2.6, 1.9)), (1.0, (4.1, 2.9, 2.1)), (0.7, (2.2, 4.6, 4.6)))


def test_the_voxel_halved_changes_little():
    """Count, largest and box dimension within 20 %; the same body on 0.2, 0.1 and 0.05 mm."""
    found = [measure(smooth_balls(n, *BLOBS, spacing=6 / n), (6 * MM / n,) * 3) for n in (30, 60, 120)]
    for coarse, fine in pairwise(found):
        assert coarse.count == fine.count == 2
        assert coarse.lobules == fine.lobules == 2
        assert coarse.diameters_mm == pytest.approx(fine.diameters_mm, rel=0.05)
        assert coarse.gyration_mm == pytest.approx(fine.gyration_mm, rel=0.02)
        assert coarse.nearest_mm == pytest.approx(fine.nearest_mm, rel=0.01)
        assert coarse.sphericity == pytest.approx(fine.sphericity, abs=0.03)
        assert coarse.box_dimension.value == pytest.approx(fine.box_dimension.value, rel=0.1)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_the_threshold_halved_or_doubled_changes_little(factor):
    field = smooth_balls(60, *BLOBS)
    usual, other = measure(field, CUBIC), measure(field, CUBIC, factor * clumps.THRESHOLD)
    assert other.count == usual.count
    assert other.diameters_mm[0] == pytest.approx(usual.diameters_mm[0], rel=0.1)
    assert other.box_dimension.value == pytest.approx(usual.box_dimension.value, rel=0.05)
    assert other.sphericity == pytest.approx(usual.sphericity, abs=0.03)


def numbers(found):
    """All that `measure` says, as one list; None is −1."""
    dimension = found.box_dimension or (-1.0, -1.0)
    shape = [found.calcium_mg, -1.0 if found.sphericity is None else found.sphericity, -1.0 if found.lobules is None else found.lobules]
    lists = [found.volumes_mm3, found.diameters_mm, np.sort(found.clump_calcium_mg), np.sort(found.gyration_mm), np.sort(found.nearest_mm)]
    return np.concatenate([*lists, shape, dimension])


FIELDS = arrays.arrays(
    float, arrays.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=12), elements=st.sampled_from([0.0, 0.5, 1.0, 3.0, 40.0])
)


@settings(max_examples=60, deadline=None)
@given(FIELDS, st.permutations(range(3)), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_it_does_not_matter_how_the_map_lies(field, order, ends):
    spacing = (0.1 * MM, 0.2 * MM, 0.15 * MM)
    usual = numbers(measure(field, spacing))
    turned = field[tuple(slice(None, None, end) for end in ends)].transpose(order)
    there = numbers(measure(turned, tuple(spacing[axis] for axis in order)))
    # Two clumps of equal size and extent may differ in form, and either may be the first: the form is left to the next test.
    assert there[:-4] == pytest.approx(usual[:-4], rel=1e-9, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0.3, 1.0), st.tuples(*[st.floats(0.5, 2.5)] * 3)), min_size=1, max_size=5), st.permutations(range(3)))
def test_the_shape_of_a_body_does_not_depend_on_how_it_lies(bodies, order):
    field = smooth_balls(30, *bodies)
    usual = numbers(measure(field, CUBIC))
    for turned in (field.transpose(order), field[::-1, :, ::-1], np.pad(field, ((0, 3), (5, 0), (1, 2)))):
        there = numbers(measure(turned, CUBIC))
        # Bodies that end at the border of the map end there in the padded one too: outside is outside.
        assert there == pytest.approx(usual, rel=1e-6, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(FIELDS)
def test_clumps_are_within_their_bounds(field):
    found = measure(field, CUBIC)
    voxel = 1e-3  # mm³
    assert found.volumes_mm3.sum() == pytest.approx(np.count_nonzero(field >= clumps.THRESHOLD) * voxel)
    assert found.clump_calcium_mg.sum() <= found.calcium_mg * (1 + 1e-12)
    assert (np.diff(found.volumes_mm3) <= 0).all()
    assert found.sphericity is None or 0 < found.sphericity <= 1
    assert found.box_dimension is None or 0 <= found.box_dimension.value <= found.axes + found.box_dimension.error + 0.1
    assert numbers(measure(field, CUBIC)).tobytes() == numbers(found).tobytes()


class Sites:
    """Stands for a simulation: maps in mol/m³ and coordinates."""

    def __init__(self, **maps):
        self.maps, self.asked = maps, 0

    def observables(self):
        return {"sites": {site: {} for site in self.maps}}

    def fields(self):
        self.asked += 1
        return {site: {"mineral_calcium": (field / 40.078e-3, "mol m-3", "")} for site, field in self.maps.items()}

    def coordinates(self):
        return {site: {axis: (np.arange(n) + 0.5) * 1e-4 for axis, n in zip("zyx", field.shape)} for site, field in self.maps.items()}


NAMES = {"clump_count", "largest_clump_mm", "sphericity", "lobules", "box_dimension"}


def test_a_run_reports_them_and_labels_each_map_once():
    small, large = ball(20, (0.5, (1, 1, 1))), ball(40, (0.6, (1, 1, 1)), (1.0, (2.5, 2.5, 2.5)))
    simulation = Sites(hip=small, knee=large)
    row = observables.evaluate(simulation)
    assert simulation.asked == 2  # once for all that clumps say, once for all that X-rays see
    assert row["clump_count"] == 3
    assert row["largest_clump_mm"] == row["sites"]["knee"]["largest_clump_mm"] == pytest.approx(2.0, rel=0.01)
    assert row["sphericity"] == row["sites"]["knee"]["sphericity"] > 0.97
    assert row["lobules"] == 1
    assert row["box_dimension"] == row["sites"]["knee"]["box_dimension"]
    assert row["clump_volume_mm3"] == pytest.approx(sum(row["sites"][site]["clump_volume_mm3"] for site in ("hip", "knee")))
    assert row["clump_distance_mm"] == pytest.approx(1.5 * math.sqrt(3), rel=1e-3)
    assert row["clump_median_mm"] == pytest.approx(1.2, rel=0.02)
    assert row["clump_gyration_mm"] == pytest.approx(math.sqrt(0.6), rel=0.01)
    assert row["clump_mineral_share"] == pytest.approx(1.0)
    assert set(row["sites"]["hip"]) >= NAMES
    assert {"knee.clump_count", *NAMES} <= set(observables.flat(row))


def test_a_run_without_mineral_reports_count_zero_and_nulls():
    row = observables.evaluate(Sites(hip=np.zeros((1, 1, 1)), knee=np.zeros((1, 8, 8))))
    given = {name: row[name] for name in observables.REGISTRY if name in row}
    assert given.pop("clump_count") == 0
    assert given.pop("clump_volume_mm3") == given.pop("volume_above_130_hu_mm3") == 0.0
    assert 40.0 < given.pop("hounsfield_max") < 60.0  # soft tissue
    assert given
    assert set(given.values()) == {None}


def test_a_single_voxel_above_the_threshold_is_a_clump_without_a_size():
    row = observables.evaluate(Sites(cell=np.full((1, 1, 1), 5.0)))
    assert row["clump_count"] == 1
    assert row["largest_clump_mm"] is None
    assert row["clump_mineral_share"] == 1.0
    assert row["clump_gyration_mm"] is None


def test_a_map_of_64_cubed_is_measured_in_a_moment():
    """The promise is 50 ms of one core; on a shared machine the best of five under twice that still catches a slow way."""

    def seconds(field):
        began = time.process_time()
        measure(field, CUBIC)
        return time.process_time() - began

    one, many = ball(64, (3.0, (3.2, 3.2, 3.2))), ball(64, *[(0.45, (x, y, z)) for x in (1, 3, 5) for y in (1, 3, 5) for z in (1, 3, 5)])
    assert all(min(seconds(field) for _ in range(5)) < 0.1 for field in (one, many))

"""Rendered pictures: what is in front is seen, sizes are true, light comes from the upper left, the same bytes each time."""

import time

import numpy as np
import pytest

from calcisim.results import render, shading

RED, GREEN = np.array([0.9, 0.1, 0.1]), np.array([0.1, 0.9, 0.1])
AHEAD = (0.0, 0.0)  # the viewer looks from x: y is to the right, z is up


def drawn(picture):
    return (picture < 250).any(axis=2)


def mean_hue(picture, where):
    return picture[where].mean(axis=0)


def test_a_sphere_is_a_disc_of_its_size():
    picture = render.spheres([[0, 0, 0]], [1.0], RED, view=AHEAD, pixels=400)
    assert picture.dtype == np.uint8
    assert picture.shape == (400, 400, 3)
    radius = 400 / (2 * (1 + 2 * shading.MARGIN))
    assert drawn(picture).sum() == pytest.approx(np.pi * radius**2, rel=0.01)


def test_what_is_nearer_hides_what_is_behind_in_whatever_order():
    points, colours = np.array([[2.0, 0, 0], [-2.0, 0, 0]]), np.array([RED, GREEN])
    for order in ([0, 1], [1, 0]):
        picture = render.spheres(points[order], np.ones(2), colours[order], view=AHEAD, pixels=200)
        hue = mean_hue(picture, drawn(picture))
        assert hue[0] > 2 * hue[1]
    behind = render.spheres(points, np.ones(2), colours, view=(180.0, 0.0), pixels=200)
    hue = mean_hue(behind, drawn(behind))
    assert hue[1] > 2 * hue[0]


def test_intersecting_spheres_are_divided_where_their_surfaces_meet():
    picture = render.spheres([[0, -0.5, 0], [0, 0.5, 0]], [1.0, 1.0], np.array([RED, GREEN]), view=AHEAD, pixels=600)
    middle = picture[picture.shape[0] // 2].astype(int)
    change = np.flatnonzero(np.diff(np.sign(middle[:, 0] - middle[:, 1])))
    assert any(abs(at - picture.shape[1] / 2) <= 2 for at in change)


def test_light_comes_from_the_upper_left():
    picture = render.spheres([[0, 0, 0]], [1.0], [0.8, 0.8, 0.8], view=AHEAD, pixels=200).astype(float).mean(axis=2)
    assert picture[60, 60] > picture[140, 140] + 40


def test_a_pit_is_dark_and_a_plane_is_not_however_it_leans():
    size = 400
    row, column = np.mgrid[:size, :size].astype(np.float32)
    everywhere = np.ones((size, size), dtype=bool)
    for lean in (0.0, 1.0):
        normal = np.array([-lean, 0.0, 1.0], dtype=np.float32) / np.hypot(lean, 1.0)
        normals = np.broadcast_to(normal, (size, size, 3))
        plane = shading.occlusion(lean * column, normals, everywhere)
        assert plane[40:-40, 40:-40].max() < 0.02
        pit = (np.abs(row - 200) < 8) & (np.abs(column - 200) < 8)
        sunk = shading.occlusion(np.where(pit, lean * column - 12.0, lean * column).astype(np.float32), normals, everywhere)
        assert sunk[200, 200] > 0.3
        assert sunk[200, 120] < 0.1


def test_a_cylinder_has_its_length_and_width_from_every_side():
    half = 3.0
    for azimuth, length in ((0.0, 2 * half), (60.0, 2 * half * np.cos(np.pi / 3))):
        fibre = (np.array([[[0, -half, 0], [0, half, 0]]]), np.array([0.5]), "#cc9999")
        picture = render.spheres(np.zeros((0, 3)), [], np.zeros((0, 3)), view=(azimuth, 0.0), pixels=500, cylinders=fibre)
        scale = 500 / ((length + 1.0) * (1 + 2 * shading.MARGIN))
        assert drawn(picture).any(axis=0).sum() == pytest.approx((length + 1.0) * scale, abs=2)
        assert drawn(picture)[:, 250].sum() == pytest.approx(1.0 * scale, abs=2)


def test_a_cylinder_hides_and_is_hidden():
    fibre = (np.array([[[0, -4.0, 0], [0, 4.0, 0]]]), 0.4, tuple(GREEN))
    for x, wins in ((2.0, 0), (-2.0, 1)):
        picture = render.spheres([[x, 0, 0]], [0.3], RED, view=AHEAD, pixels=600, cylinders=fibre).astype(int)
        middle = picture[picture.shape[0] // 2, 300]
        assert np.argmax(middle) == wins


def test_the_same_input_gives_the_same_picture():
    rng = np.random.default_rng(2)
    points, radii, colours = rng.normal(size=(300, 3)), rng.uniform(0.05, 0.2, 300), rng.uniform(0, 1, (300, 3))
    once = render.spheres(points, radii, colours, pixels=300)
    assert np.array_equal(once, render.spheres(points, radii, colours, pixels=300))
    order = rng.permutation(300)
    turned = render.spheres(points[order], radii[order], colours[order], pixels=300)
    assert np.mean(once != turned) < 1e-3


@pytest.mark.parametrize(
    ("points", "radii", "colours", "said"),
    [
        ([[0, 0, 0]], [0.0], RED, "positive"),
        ([[0, 0, np.nan]], [1.0], RED, "finite"),
        ([[0, 0, 0]], [1.0, 2.0], RED, "as many radii"),
        ([[0, 0, 0]], [1.0], [RED, GREEN], "as many radii and colours"),
        (np.zeros((0, 3)), [], RED, "nothing to draw"),
    ],
)
def test_what_cannot_be_drawn_is_refused(points, radii, colours, said):
    with pytest.raises(ValueError, match=said):
        render.spheres(points, radii, colours)


@pytest.mark.slow
def test_thirty_thousand_spheres_take_seconds():
    rng = np.random.default_rng(3)
    points = np.cumsum(rng.normal(size=(30_000, 3)), axis=0)
    began = time.process_time()
    render.spheres(points, np.full(30_000, 1.0), np.full((30_000, 3), 0.8), pixels=1600)
    assert time.process_time() - began < 20.0  # the promise is 10 s on a machine of its own


# --- surfaces -----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def coarse(monkeypatch):
    """A field is refined less than in a picture for a reader."""
    monkeypatch.setattr(render, "VOXELS", 72)


def ball(radius, count=24, spacing=0.5):
    place = (np.arange(count) + 0.5) * spacing - 0.5 * count * spacing
    z, y, x = np.meshgrid(place, place, place, indexing="ij")
    return 40.0 * (np.sqrt(z * z + y * y + x * x) < radius), (spacing,) * 3


def test_the_surface_of_a_ball_has_its_area_in_the_picture(coarse):
    field, spacing = ball(4.0)
    picture = render.surface(field, spacing, 1.0, view=AHEAD, pixels=300)
    scale = 300 / (12.0 * (1 + 2 * shading.MARGIN))
    volume = (field > 0.0).sum() * 0.5**3  # of the voxels, which is that of the surface too
    radius = (3.0 * volume / (4.0 * np.pi)) ** (1 / 3)
    assert drawn(picture).sum() == pytest.approx(np.pi * (radius * scale) ** 2, rel=0.05)  # voxels leave it a little rough


def test_a_box_of_the_field_lies_where_the_camera_says(coarse):
    field = np.zeros((12, 16, 20))
    field[2:5, 9:14, 3:8] = 30.0  # z, y, x
    spacing = (1.0, 0.5, 0.25)
    picture = render.surface(field, spacing, 1.0, view=(25.0, 30.0), pixels=240)
    eye = render.box(field.shape, spacing, (25.0, 30.0), 240)
    corners = np.array([[x, y, z] for x in (0.75, 2.0) for y in (4.5, 7.0) for z in (2.0, 5.0)])
    seen = eye.project(corners)
    rows, columns = np.nonzero(drawn(picture))
    for found, axis in ((columns, 0), (rows, 1)):
        assert found.min() == pytest.approx(seen[:, axis].min(), abs=5)
        assert found.max() == pytest.approx(seen[:, axis].max(), abs=5)


def test_colours_are_those_of_the_voxels_below(coarse):
    field = np.full((8, 8, 8), 20.0)
    colours = np.zeros((8, 8, 8, 3))
    colours[:, :4], colours[:, 4:] = RED, GREEN  # low y, high y
    picture = render.surface(field, (1.0, 1.0, 1.0), 1.0, view=AHEAD, pixels=200, colour=colours)
    left, right = picture[100, 50].astype(int), picture[100, 150].astype(int)
    assert left[0] > 2 * left[1]
    assert right[1] > 2 * right[0]


def test_an_empty_field_has_no_surface():
    with pytest.raises(ValueError, match="a voxel of 1 or more"):
        render.surface(np.zeros((4, 4, 4)), (1.0, 1.0, 1.0), 1.0)


def test_a_turning_grid_keeps_its_size():
    sizes = {render.box((5, 6, 7), (1.0, 1.0, 1.0), (angle, 20.0), 100, turning=True).scale for angle in (0.0, 30.0, 80.0)}
    assert len({round(size, 9) for size in sizes}) == 1

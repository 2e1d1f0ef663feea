"""Shapes with known answers: surface, sphericity, lobules and box dimension, and their errors as the docstrings state them."""

import math

import numpy as np
import pytest

from calcisim.results import shape

CUBIC = (1.0, 1.0, 1.0)


def ball(radius, centre, size, spacing=CUBIC):
    """Voxels with their centre in a ball (disc for two spacings)."""
    places = [(np.arange(n) + 0.5) * h - c for n, h, c in zip(size, spacing, centre)]
    return sum(np.ix_(*[place**2 for place in places])) <= radius**2


def balls(radius, draw, spacing=CUBIC, count=10):
    """The same ball at random places between the voxels."""
    size = [math.ceil(2 * radius / h) + 4 for h in spacing]
    for _ in range(count):
        yield ball(radius, [(n / 2 + draw.uniform(-0.5, 0.5)) * h for n, h in zip(size, spacing)], size, spacing)


def carpet(level):
    """Sierpinski's: a square of 3^level voxels without the middle of its ninths, and of theirs."""
    part = np.ones((1, 1), dtype=bool)
    for _ in range(level):
        part = np.block([[part, part, part], [part, ~part & False, part], [part, part, part]])
    return part


@pytest.mark.parametrize(("radius", "error"), [(2, 0.14), (4, 0.07), (8, 0.025), (16, 0.012), (30, 0.008)])
def test_the_surface_of_a_digitised_ball_converges(radius, error):
    draw = np.random.default_rng(1)
    for mask in balls(radius, draw, count=10 if radius < 16 else 2):
        assert shape.surface(mask, CUBIC) == pytest.approx(4 * math.pi * radius**2, rel=error)
        assert 1 - 0.8 * error <= shape.sphericity(mask, CUBIC) <= 1


@pytest.mark.parametrize("spacing", [(1.0, 0.5, 0.5), (0.5, 1.0, 0.7)])
def test_spacing_may_differ_by_axis(spacing):
    for mask in balls(8.0, np.random.default_rng(2), spacing, count=4):
        assert shape.surface(mask, spacing) == pytest.approx(4 * math.pi * 64, rel=0.03)
        assert shape.lobules(mask, spacing) == 1
        assert shape.box_dimension(mask, spacing).value == pytest.approx(2.6, abs=0.15)


@pytest.mark.parametrize(("edge", "error"), [(8, 0.13), (16, 0.09), (32, 0.06), (48, 0.05)])
def test_the_edges_of_a_cube_are_rounded_off_less_and_less(edge, error):
    cube = np.ones((edge,) * 3, dtype=bool)
    assert 0 < 1 - shape.surface(cube, CUBIC) / (6 * edge**2) < error
    assert shape.sphericity(cube, CUBIC) == pytest.approx((math.pi / 6) ** (1 / 3), rel=1.2 * error)


def test_discs_and_squares_in_two_axes():
    for radius, error in ((4, 0.05), (16, 0.02), (30, 0.01)):
        for mask in balls(radius, np.random.default_rng(3), CUBIC[:2], count=5):
            assert shape.surface(mask, CUBIC[:2]) == pytest.approx(2 * math.pi * radius, rel=error)
            assert 1 - error <= shape.sphericity(mask, CUBIC[:2]) <= 1
    assert shape.sphericity(np.ones((32, 32), dtype=bool), CUBIC[:2]) == pytest.approx(math.sqrt(math.pi) / 2, rel=0.04)


def test_a_plane_at_any_slope_has_its_area():
    """Where raw faces err by up to 73 %: a slanted slab, as the difference of two so that their middles drop out."""
    z, y, x = np.indices((40, 40, 40)) + 0.5
    for slope in ((1, 1, 1), (1, 2, 0), (1, 0.3, 0.1)):
        normal = np.array(slope) / np.linalg.norm(slope)
        away = normal[0] * (z - 20) + normal[1] * (y - 20) + normal[2] * (x - 20)
        column = np.hypot(np.hypot(z - 20, y - 20), x - 20) ** 2 - away**2
        rings = [shape.surface((np.abs(away) < 4) & (column < radius**2), CUBIC) for radius in (10, 14)]
        flat, rim = 2 * math.pi * (14**2 - 10**2), 8 * 2 * math.pi * (14 - 10)
        assert rings[1] - rings[0] == pytest.approx(flat + rim, rel=0.05)  # the two edges of the rim are rounded off


def test_cavities_are_filled_and_bays_are_not():
    mask = ball(8, (10, 10, 10), (20, 20, 20))
    hollow = mask & ~ball(5, (10, 10, 10), (20, 20, 20))
    assert np.array_equal(shape.filled(hollow), mask)
    open_one = hollow.copy()
    open_one[:10, 10, 10] = False
    assert np.array_equal(shape.filled(open_one), open_one)
    assert shape.sphericity(open_one, CUBIC) < 0.7 < shape.sphericity(shape.filled(hollow), CUBIC)


def two_balls(apart, radius):
    """Union of two balls with their centres `apart` radii apart, between the voxels."""
    size = (2 * radius + 4, 2 * radius + 4, math.ceil((2 + apart) * radius) + 4)
    middle = [n / 2 + 0.2 for n in size]
    ends = [(*middle[:2], middle[2] + side * apart * radius / 2) for side in (-1, 1)]
    return ball(radius, ends[0], size) | ball(radius, ends[1], size)


@pytest.mark.parametrize(("apart", "radius", "lobules"), [(0.8, 12, 1), (1.1, 12, 1), (1.4, 12, 2), (1.9, 12, 2), (1.0, 6, 1), (1.6, 6, 2)])
def test_two_balls_are_two_lobules_when_their_neck_is_narrow(apart, radius, lobules):
    assert shape.lobules(two_balls(apart, radius), CUBIC) == lobules


def test_a_ball_a_cube_a_rod_and_a_plate_are_one_lobule():
    z, y, x = np.indices((60, 60, 12)) + 0.5
    aslant = ((z - 0.6 * y - 12) / math.hypot(1, 0.6)) ** 2 + (x - 6) ** 2 < 9
    bodies = [np.ones((16,) * 3), np.ones((3, 4, 50)), np.ones((3, 40, 40)), aslant, np.ones((1, 1, 9)), np.ones((1, 1, 1))]
    bodies += list(balls(7, np.random.default_rng(4), count=5))
    assert [shape.lobules(body.astype(bool), CUBIC) for body in bodies] == [1] * len(bodies)


def test_a_raspberry_has_as_many_lobules_as_balls():
    size, corners = (60, 60, 60), [(20, 20, 20), (40, 40, 20), (40, 20, 40), (20, 40, 40)]
    body = np.any([ball(12, [c + 0.3 for c in corner], size) for corner in corners], axis=0) | ball(13, (30, 30, 30), size)
    assert shape.lobules(body, CUBIC) == 5
    assert 0.6 < shape.sphericity(body, CUBIC) < 0.9


@pytest.mark.parametrize("edge", [8, 13, 16, 31, 40])
def test_lines_squares_and_cubes_have_whole_dimensions(edge):
    for axes in (1, 2, 3):
        found = shape.box_dimension(np.ones((edge,) * axes, dtype=bool), CUBIC[:axes])
        assert found.value == pytest.approx(axes, abs=1e-12)
        assert found.error < 1e-12
    assert shape.box_dimension(np.ones((1, 1, edge), dtype=bool), CUBIC).value == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("level", [3, 4, 5])
def test_the_carpet_has_its_fractal_dimension(level):
    found = shape.box_dimension(carpet(level), CUBIC[:2])
    assert found.value == pytest.approx(math.log(8) / math.log(3), abs=0.02)
    assert 0 < found.error < 0.04


@pytest.mark.parametrize(("radius", "dimension"), [(6, 2.45), (12, 2.64), (24, 2.73)])
def test_a_ball_has_less_than_three_at_finite_size(radius, dimension):
    for mask in balls(radius, np.random.default_rng(6), count=3):
        assert shape.box_dimension(mask, CUBIC).value == pytest.approx(dimension, abs=0.05)


def test_too_small_for_three_sizes_has_no_dimension():
    assert shape.box_dimension(np.ones((7, 7, 7), dtype=bool), CUBIC) is None
    assert shape.box_dimension(np.ones((16, 2), dtype=bool), (0.2, 1.0)) is None

"""Distance map and standing peaks against exact answers."""

import numpy as np
import pytest
from scipy import ndimage

from calcisim.numerics import distance


@pytest.mark.parametrize(("shape", "spacing"), [((9,), (0.5,)), ((7, 9), (0.3, 1.0)), ((6, 8, 5), (2.0, 0.3, 1.0))])
def test_distance_is_that_of_scipy(shape, spacing):
    draw = np.random.default_rng(5)
    for share in (0.1, 0.7, 1.0):
        mask = draw.random(shape) < share
        mask.flat[0] = False
        assert np.allclose(distance.distance_inside(mask, spacing), ndimage.distance_transform_edt(mask, sampling=spacing), rtol=1e-14)


def _profile(*heights):
    """A ridge of these heights, with the border of the array left free."""
    row = np.pad(np.array(heights, dtype=float), 1)
    return np.stack([0 * row, row, 0 * row])


@pytest.mark.parametrize(
    ("heights", "peaks"),
    [
        ((5,), 1),
        ((3, 5, 3), 1),
        ((5, 3, 5), 2),
        ((5, 4.5, 5), 1),  # the saddle is less than a fifth below
        ((5, 4, 5), 2),  # exactly a fifth
        ((5, 5, 5), 1),
        ((9, 1, 2, 1, 9), 3),
        ((9, 1.9, 2, 1.9, 9), 2),
        ((10, 7, 9, 8, 10), 2),  # 9 stands 1 above 8, which is less than a fifth
    ],
)
def test_peaks_stand_out_by_their_share(heights, peaks):
    height = _profile(*heights)
    for lying in (height, height[:, ::-1], height.T):
        assert distance.standing_peaks(lying, lying > 0, 0.2, 0.0) == peaks
    assert distance.standing_peaks(height, height > 0, 0.2, 100.0) == 1


def test_no_points_have_no_peak():
    assert distance.standing_peaks(np.zeros((3, 3)), np.zeros((3, 3), dtype=bool), 0.2, 0.0) == 0

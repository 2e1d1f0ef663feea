"""Shape of one connected clump on a grid of 2 or 3 axes: surface, sphericity, lobules, box dimension.

Masks are boolean with one axis per resolved axis of the grid, spacing [any length] in the same order. What lies beyond the array
counts as outside. Every measure is the same for the mirrored and the transposed mask.
"""

import math
from itertools import product
from typing import NamedTuple

import numpy as np

from calcisim.numerics.distance import lobules as lobules

_NARROWEST = 0.8  # voxels: below that the Gaussian does not reach the neighbours
_TRUNCATE = 3.0  # widths at which Gaussians are cut off

# Boxes along the longest side: two chains, in each of which a size is the one before halved.
_CHAINS = (4, 6)
_FEWEST_SIZES = 3


class Slope(NamedTuple):
    """A fitted exponent and its standard error."""

    value: float
    error: float


def filled(mask: np.ndarray) -> np.ndarray:
    """The mask with closed cavities filled; what touches the outside through corners or edges only is closed."""
    from scipy import ndimage

    outside, count = ndimage.label(np.pad(~mask, 1, constant_values=True))
    if count == 1:
        return mask
    whole: np.ndarray = (outside != outside.flat[0])[(slice(1, -1),) * mask.ndim]
    return whole


def surface(mask: np.ndarray, spacing: tuple[float, ...]) -> float:
    """CLU-1. S = Σ_faces a_f |n_f · e_f|,  n = ∇(G_σ ∗ χ)/|∇(G_σ ∗ χ)|,  σ = h (τ/h)^(1/3),  τ = d V / Σ a_f.

    Area (3-D) or perimeter (2-D) of a digitised shape. a_f: area of a voxel face between inside and outside; e_f its normal; n_f the
    normal of the shape there, from its indicator χ smoothed by a Gaussian of width σ (at least 0.8 h); h the largest spacing, d the
    number of axes, V the volume; τ is about half of the thickness.
    Each face counts with its projection on the tangent plane, so the staircase does not (Lenoir, Malgouyres and Revenu 1996; Lachaud
    and Thibert 2016, J Math Imaging Vis 54:162, for convergence). σ grows in voxels and falls against the clump as h falls:
    what the digits do to a normal goes as (h/σ)², what σ rounds off at an edge as σ/L, and with the exponent 1/3 both vanish alike.
    Largest error of 20 positions: balls of radius 2, 4, 8, 16, 30 voxels 13, 6, 1.8, 1.1, 0.6 % (the sum of raw faces: 50 % at any
    size); cubes of edge 8, 16, 32, 48 voxels −12, −8, −5, −4 %, as their edges are rounded off.
    """
    from scipy import ndimage

    inside = np.pad(mask, 2)
    largest = max(spacing)
    faces = [_faces(inside, axis) for axis in range(mask.ndim)]
    areas = [math.prod(spacing) / h for h in spacing]
    raw = math.fsum(len(found) * area for found, area in zip(faces, areas))
    thickness = mask.ndim * int(np.count_nonzero(mask)) * math.prod(spacing) / raw
    width = largest * max(_NARROWEST, (thickness / largest) ** (1 / 3))
    smooth = ndimage.gaussian_filter(inside.astype(float), [width / h for h in spacing], mode="constant", truncate=_TRUNCATE).ravel()
    strides = [math.prod(inside.shape[axis + 1 :]) for axis in range(mask.ndim)]
    return math.fsum(
        area * float(np.sum(_projection(smooth, found, axis, strides, spacing))) for axis, (found, area) in enumerate(zip(faces, areas))
    )


def _faces(inside: np.ndarray, axis: int) -> np.ndarray:
    """Flat index of the voxel before each face across `axis` that has mask on one side only."""
    first, second = np.moveaxis(inside, axis, 0)[:-1], np.moveaxis(inside, axis, 0)[1:]
    differs = np.zeros(inside.shape, dtype=bool)
    np.moveaxis(differs, axis, 0)[:-1] = first != second
    return np.flatnonzero(differs)


def _projection(smooth: np.ndarray, faces: np.ndarray, axis: int, strides: list[int], spacing: tuple[float, ...]) -> np.ndarray:
    """|n · e| at each face; 1 where the smoothed shape has no slope."""
    ahead = faces + strides[axis]
    across = (smooth[ahead] - smooth[faces]) / spacing[axis]
    squared = across * across
    for other, (stride, h) in enumerate(zip(strides, spacing)):
        if other != axis:
            along = (smooth[faces + stride] - smooth[faces - stride] + smooth[ahead + stride] - smooth[ahead - stride]) / (4.0 * h)
            squared = squared + along * along
    return np.divide(np.abs(across), np.sqrt(squared), out=np.ones_like(across), where=squared > 0.0)


def sphericity(mask: np.ndarray, spacing: tuple[float, ...]) -> float:
    """CLU-2. ψ = π^(1/3) (6V)^(2/3) / S in 3-D,  ψ = 2 √(π A) / P in 2-D.

    Surface of the ball (circumference of the disc) of equal volume over the clump's own (Wadell 1935, J Geol 43:250); 1 for a ball,
    0.81 for a cube. Fill cavities first (`filled`) to judge the outer shape. Errors are those of `surface`: a ball of radius 2, 4, 8,
    16, 30 voxels has 0.94, 0.97, 0.98, 0.99, 0.994, a cube of 16 or 32 voxels 9 or 6 % too much. Never above 1.
    """
    volume = int(np.count_nonzero(mask)) * math.prod(spacing)
    area = surface(mask, spacing)
    ideal = math.pi ** (1 / 3) * (6.0 * volume) ** (2 / 3) if mask.ndim == 3 else 2.0 * math.sqrt(math.pi * volume)
    return min(1.0, ideal / area)


def box_dimension(mask: np.ndarray, spacing: tuple[float, ...]) -> Slope | None:
    """CLU-4. D = −d ln N(ℓ) / d ln ℓ,  ℓ = L/4, L/6, L/8, L/12 … as far as a voxel.

    N(ℓ): boxes of edge ℓ that hold mask, the fewest over boxes counted from either end of every axis; L the longest side of the
    bounding box, so that no box hangs over; straight line by least squares, with the standard error of its slope. None where fewer
    than 3 sizes fit (8 voxels). Line, square and cube give 1, 2 and 3 exactly, a Sierpinski carpet of 27 to 243 voxels (1.893) within
    0.02. The surface of a round body cuts boxes that are not full: a ball of radius 6, 12, 24 voxels has 2.45, 2.64, 2.73.
    """
    places = np.nonzero(mask)
    cut = mask[tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in places)]
    longest = max(n * h for n, h in zip(cut.shape, spacing))
    counts = {edge: number for start in _CHAINS for edge, number in _halvings(cut, spacing, longest / start).items()}
    if len(counts) < _FEWEST_SIZES:
        return None
    edges = sorted(counts)
    x = np.log(edges)
    y = np.log([counts[edge] for edge in edges])
    away = x - x.mean()
    slope = float(away @ (y - y.mean()) / (away @ away))
    rest = y - y.mean() - slope * away
    return Slope(-slope, math.sqrt(float(rest @ rest) / (len(edges) - 2) / float(away @ away)))


def _halvings(mask: np.ndarray, spacing: tuple[float, ...], coarsest: float) -> dict[float, int]:
    """Box edge → fewest boxes that hold mask, for coarsest / 1, 2, 4 … down to a voxel."""
    levels = math.floor(math.log2(coarsest / max(spacing)) + 1e-9)
    if levels < 0:
        return {}
    groups = [_groups(n, h * 2**levels / coarsest) for n, h in zip(mask.shape, spacing)]
    even = [np.array_equal(group, group[::-1]) and len(group) % 2**levels == 0 for group in groups]
    best: dict[float, int] = {}
    for ends in product(*((1,) if same else (1, -1) for same in even)):  # both ends are the same where the boxes fit
        boxes = mask[tuple(slice(None, None, end) for end in ends)]
        for axis, group in enumerate(groups):
            boxes = _joined(boxes, axis, group)
        for level in range(levels, -1, -1):
            edge, number = coarsest / 2**level, int(np.count_nonzero(boxes))
            best[edge] = min(number, best.get(edge, number))
            for axis in range(mask.ndim):
                n = boxes.shape[axis]
                boxes = _joined(boxes, axis, np.full(n // 2, 2) if n % 2 == 0 else np.append(np.full(n // 2, 2), 1))
    return best


def _groups(count: int, ratio: float) -> np.ndarray:
    """Voxels per box along an axis of `count` voxels, each `ratio` ≤ 1 boxes long; a voxel centred on a border goes inwards."""
    place = np.arange(count) + 0.5
    return np.bincount(np.floor(place * ratio + 1e-9 * np.sign(count / 2 - place)).astype(int))


def _joined(mask: np.ndarray, axis: int, group: np.ndarray) -> np.ndarray:
    """Neighbours along an axis joined in groups of these sizes: True where any of a group is."""
    first = np.cumsum(group) - group
    joined: np.ndarray = np.take(mask, first, axis)
    for number in range(1, int(group.max())):
        joined |= np.take(mask, first + np.minimum(number, group - 1), axis)
    return joined

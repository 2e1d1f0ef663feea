"""Distances inside a shape on a grid, and the peaks of a height over it that stand out: what lobules are counted with."""

import math

import numpy as np

from calcisim.jit import kernel

# A lobule is a maximum of the distance to the outside that stands this share above the neck that joins it to a larger one:
# two equal balls are two lobules when their centres are more than 1.2 radii apart. Assumed: there is no convention.
NECK = 0.2
_NECK_VOXELS = 0.5  # and this many voxels, which is the ripple of a digitised surface
_TRUNCATE = 3.0  # widths at which Gaussians are cut off


@kernel
def lower_envelope(squared, spacing, out, vertex, start):
    """out[row, i] = min over j of squared[row, j] + (spacing (i − j))², for every row; exact.

    squared, out (rows, n);  spacing of the points along a row;  vertex (n,), start (n + 1,): room to work in, n ≥ 1.
    The minimum of parabolas is found from left to right and read off again (Felzenszwalb and Huttenlocher 2012, Theory of
    Computing 8:415): O(n) a row.
    """
    rows, n = squared.shape
    square = spacing * spacing
    for row in range(rows):
        last = 0
        vertex[0] = 0
        start[0] = -np.inf
        start[1] = np.inf
        for j in range(1, n):
            crossing = 0.0
            while True:
                k = vertex[last]
                crossing = 0.5 * ((squared[row, j] - squared[row, k]) / (square * (j - k)) + (j + k))
                if crossing > start[last]:
                    break
                last -= 1
            last += 1
            vertex[last] = j
            start[last] = crossing
            start[last + 1] = np.inf
        last = 0
        for i in range(n):
            while start[last + 1] < i:
                last += 1
            steps = i - vertex[last]
            out[row, i] = squared[row, vertex[last]] + square * steps * steps


def distance_inside(mask: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Distance from the centre of each voxel of `mask` to that of the nearest voxel outside it, 0 outside; exact.

    mask: boolean, with at least one False; spacing: voxel edges by axis, in the unit of the result.
    """
    far = float(sum((n * h) ** 2 for n, h in zip(mask.shape, spacing, strict=True)))
    squared = np.where(mask, far, 0.0)
    for axis, h in enumerate(spacing):
        lines = np.ascontiguousarray(np.moveaxis(squared, axis, -1))
        n = lines.shape[-1]
        out = np.empty_like(lines)
        lower_envelope(lines.reshape(-1, n), float(h), out.reshape(-1, n), np.zeros(n, dtype=np.int64), np.zeros(n + 1))
        squared = np.moveaxis(out, -1, axis)
    return np.sqrt(np.ascontiguousarray(squared))


@kernel
def merge_peaks(order, height, strides, parent, share, floor):
    """How many peaks of `height` stand out over the saddles that join them to higher ones.

    order: flat indices of the points of one connected region by falling height;  height: flat (points,);  strides (axes,) of
    the neighbours along each axis (the region must not touch the border);  parent: flat int64, −1 everywhere (room to work in).
    Points are flooded from the top; where two pools meet, at height s, the pool with the lower peak p ends, and its peak counts
    when p − s ≥ max(share·p, floor). The highest peak always counts.
    """
    found = 0
    for index in order:
        parent[index] = index
        root = index
        fresh = True
        for axis in range(strides.size):
            for sign in (-1, 1):
                other = index + sign * strides[axis]
                if parent[other] < 0:
                    continue
                while parent[other] != other:
                    parent[other] = parent[parent[other]]
                    other = parent[other]
                if fresh:
                    parent[index] = other
                    root = other
                    fresh = False
                elif other != root:
                    low, high = (other, root) if height[other] <= height[root] else (root, other)
                    if height[low] - height[index] >= max(share * height[low], floor):
                        found += 1
                    parent[low] = high
                    root = high
    return found + 1 if order.size > 0 else 0


def standing_peaks(height: np.ndarray, mask: np.ndarray, share: float, floor: float) -> int:
    """Number of peaks of `height` over the connected region `mask` that stand out by `share` of their height and by `floor`.

    Face neighbours; `mask` must leave the border of the array free. 0 for an empty mask.
    """
    flat = np.ascontiguousarray(height, dtype=float).ravel()
    inside = np.flatnonzero(mask)
    order = inside[np.argsort(-flat[inside], kind="stable")]
    strides = np.array([int(np.prod(mask.shape[axis + 1 :])) for axis in range(mask.ndim)], dtype=np.int64)
    return int(merge_peaks(order, flat, strides, np.full(flat.size, -1, dtype=np.int64), float(share), float(floor)))


def lobules(mask: np.ndarray, spacing: tuple[float, ...]) -> int:
    """CLU-3. Number of maxima p of G_h ∗ d(x) whose saddle s to a larger one has p − s ≥ max(0.2 p, h/2); the largest counts too.

    d(x): distance of a place in the clump (its cavities `filled`) to the outside, smoothed by a Gaussian of one voxel h (the largest
    spacing). A lobule is a bulge whose neck is at most 0.8 of its own thickness. Two equal balls are two lobules when their centres
    are 1.2 radii apart or more (from 1.3 at 12 voxels a radius, from 1.5 at 6); a ball, a cube and a rod are one.
    """
    from scipy import ndimage

    whole = np.pad(mask, 1)
    largest = max(spacing)
    height = ndimage.gaussian_filter(distance_inside(whole, spacing), [largest / h for h in spacing], mode="constant", truncate=_TRUNCATE)
    return standing_peaks(height, whole, NECK, _NECK_VOXELS * largest)


def equivalent_diameters(sizes: np.ndarray, axes: int) -> np.ndarray:
    """CLU-5. d = (6 V/π)^(1/3) in 3-D,  d = 2 √(A/π) in 2-D,  d = L in 1-D.

    Diameter of the ball of equal volume, the disc of equal area, or the length [mm] of `sizes` [mm³, mm², mm]; NaN without an axis.
    """
    if axes == 0:
        return np.full_like(sizes, np.nan, dtype=float)
    return {1: sizes, 2: 2.0 * np.sqrt(sizes / math.pi), 3: np.cbrt(6.0 * sizes / math.pi)}[axes]

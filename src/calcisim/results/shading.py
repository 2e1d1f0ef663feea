"""Camera and light of rendered pictures: parallel projection, Lambert's law, occlusion from the depth buffer, haze with depth."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

MARGIN = 0.03  # of the longer side, left free all around
LIGHT = np.array([-0.45, 0.60, 0.66])  # towards the light: right, up, towards the viewer
AMBIENT, SKY, DIFFUSE = 0.34, 0.18, 0.60  # of the colour: from everywhere, from above, from the light
BRIGHTEST = 0.985  # of anything that is drawn: only the background can be white
SHINE, GLOSS = 0.10, 24.0  # strength and sharpness of the highlight
REACH = (0.003, 0.008, 0.018, 0.036, 0.07)  # of the longer side: distances at which something can stand in the light's way
DIRECTIONS = 16
OCCLUSION = 1.5  # how much of the light from everywhere hidden places lose
SOFTEN = 1.5  # picture elements, over which occlusion is smoothed
HAZE = 0.25  # of the background, at the far end


@dataclass(frozen=True)
class Camera:
    """Parallel projection.

    basis (3, 3): right, up and towards the viewer, in x, y, z; origin (3,): the lower left corner and the middle of the depth, in that
    basis; scale: picture elements per length; size: width and height of the picture.
    """

    basis: Array
    origin: Array
    scale: float
    size: tuple[int, int]

    def project(self, points: Array) -> Array:
        """Column, row (from the upper left corner) and depth (larger is nearer) of points (n, 3), all in picture elements."""
        seen = (np.asarray(points, dtype=float).reshape(-1, 3) @ self.basis.T - self.origin) * self.scale
        return np.stack([seen[:, 0], self.size[1] - seen[:, 1], seen[:, 2]], axis=1)

    def finer(self, factor: int) -> "Camera":
        """The same view in a picture so many times as large."""
        return Camera(self.basis, self.origin, self.scale * factor, (self.size[0] * factor, self.size[1] * factor))


def basis(azimuth: float, elevation: float) -> Array:
    """Right, up and towards the viewer (3, 3) for a viewer at these angles [degrees]: azimuth about z from x, elevation above x-y."""
    a, e = np.deg2rad([azimuth, elevation])
    right = [-np.sin(a), np.cos(a), 0.0]
    up = [-np.sin(e) * np.cos(a), -np.sin(e) * np.sin(a), np.cos(e)]
    towards = [np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)]
    return np.array([right, up, towards])


def framing(points: Array, reach: Array | float, view: tuple[float, float], pixels: int) -> Camera:
    """The view whose longer side has so many picture elements and that just holds balls of radius `reach` about points (n, 3)."""
    seen_by = basis(*view)
    seen = np.asarray(points, dtype=float).reshape(-1, 3) @ seen_by.T
    around = np.broadcast_to(np.asarray(reach, dtype=float), len(seen))[:, None]
    low, high = (seen - around).min(axis=0), (seen + around).max(axis=0)
    longer = max(float(np.max((high - low)[:2])), 1e-300)
    low, high = low - MARGIN * longer, high + MARGIN * longer
    longer *= 1.0 + 2.0 * MARGIN
    width, height = (max(1, round(pixels * float(side) / longer)) for side in (high - low)[:2])
    return Camera(seen_by, np.array([low[0], low[1], 0.5 * (low[2] + high[2])]), pixels / longer, (width, height))


def occlusion(depth: Array, normals: Array, seen: Array) -> Array:
    """Share of the light from everywhere that is kept from each place, 0 to 1, by what rises above its tangent plane within `REACH`.

    Along each of `DIRECTIONS` the largest (rise − rise of the tangent plane)/distance counts, fading with distance. depth (h, w) in picture
    elements; normals (h, w, 3); seen (h, w): where there is anything. Source: derivation.
    """
    from scipy import ndimage

    longer = max(depth.shape)
    total = np.zeros(depth.shape, dtype=np.float32)
    far = np.where(seen, depth, np.float32(-1e9)).astype(np.float32)
    slope = np.maximum(normals[..., 2], np.float32(0.15))
    right_up, down_up = -normals[..., 0] / slope, normals[..., 1] / slope  # rise of the tangent plane per picture element
    end = np.float32((2.0 * REACH[-1] * longer) ** -2)
    for number in range(DIRECTIONS):
        angle = (number + 0.5) * 2.0 * np.pi / DIRECTIONS
        highest = np.zeros(depth.shape, dtype=np.float32)
        stretch = 0.8 + 0.4 * ((5 * number) % DIRECTIONS) / DIRECTIONS  # so that edges do not throw their outline on what is behind
        for share in REACH:
            step = max(1.0, stretch * share * longer)
            right, down = round(float(np.cos(angle)) * step), round(float(np.sin(angle)) * step)
            rise = _shifted(far, down, right) - far
            squared = rise * rise + np.float32(right * right + down * down)
            rise -= np.float32(right) * right_up + np.float32(down) * down_up
            rise /= np.sqrt(squared)
            rise *= np.maximum(np.float32(1.0) - squared * end, np.float32(0.0))
            np.maximum(highest, rise, out=highest)
        total += np.minimum(highest, np.float32(1.0))
    weight = ndimage.gaussian_filter(seen.astype(np.float32), SOFTEN)
    soft = ndimage.gaussian_filter(np.where(seen, total, np.float32(0.0)), SOFTEN) / np.maximum(weight, np.float32(1e-6))
    return np.asarray(np.clip(soft / DIRECTIONS, 0.0, 1.0))


def _shifted(values: Array, down: int, right: int) -> Array:
    """values[row + down, column + right], far behind beyond the edges."""
    out = np.full_like(values, -1e9)
    height, width = values.shape
    if abs(down) < height and abs(right) < width:
        rows = slice(max(0, down), height + min(0, down))
        columns = slice(max(0, right), width + min(0, right))
        out[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)] = values[rows, columns]
    return out


def lit(colours: Array, normals: Array, hidden: Array, haze: Array, background: Array) -> Array:
    """Colour (n, 3) of places: Lambert's law with light from everywhere and from above, less what is hidden, and haze.

    What is hidden gets the light that its surroundings throw back: of the open share V and the colour ρ, V/(1 − ρ (1 − V)) arrives.
    colours (n, 3); normals (n, 3); hidden (n,): see `occlusion`; haze (n,): 0 in front to 1 at the far end; background (3,).
    """
    light = (LIGHT / np.linalg.norm(LIGHT)).astype(np.float32)
    facing = np.maximum(normals @ light, np.float32(0.0))
    share = np.maximum(1.0 - OCCLUSION * hidden, 0.03)[:, None]
    open_to = share / (1.0 - np.minimum(colours, 0.97) * (1.0 - share))
    half = light + np.array([0.0, 0.0, 1.0], dtype=np.float32)
    gloss = SHINE * np.maximum(normals @ (half / np.linalg.norm(half)), np.float32(0.0)) ** GLOSS
    strength = (AMBIENT + SKY * (0.5 + 0.5 * normals[:, 1:2])) * open_to + DIFFUSE * facing[:, None] * np.sqrt(share)
    shaded = colours * strength + gloss[:, None] * share
    cued = HAZE * haze[:, None]
    return np.asarray(np.clip(shaded * (1.0 - cued) + background * cued, 0.0, BRIGHTEST))


def averaged(picture: Array, factor: int) -> Array:
    """A picture (h, w, c) made smaller by a whole factor, each element the mean of those it covers."""
    height, width, channels = picture.shape
    blocks = picture.reshape(height // factor, factor, width // factor, factor, channels)
    return np.asarray(blocks.mean(axis=(1, 3)))

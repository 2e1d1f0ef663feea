"""Pictures in three dimensions without a graphics card: spheres and fibres, or the surface of a voxel field, by depth buffer.

    picture = render.spheres(points, radii, colours, view=(35, 20), pixels=1600)  # uint8 (h, w, 3)

Parallel projection, so that a scale bar holds everywhere. The same input gives the same bytes.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from calcisim.results import shading
from calcisim.results.shading import Camera

Array = np.ndarray
Cylinders = tuple[Array, Array | float, Any]  # segments (m, 2, 3), radii (m,), colour

FINER = 2  # the picture is drawn so much larger and averaged, for smooth edges
CHUNK = 100_000  # picture elements worked on at once
LEVELS = 2**31 - 2  # of depth in the buffer
NOTHING = np.int64(-1)
PIECE = 24.0  # picture elements: the least length of the pieces in which fibres are drawn


def spheres(
    points: Array,
    radii: Array,
    colours: Array,
    *,
    view: tuple[float, float] = (35.0, 20.0),
    pixels: int = 1600,
    background: str = "white",
    cylinders: Cylinders | None = None,
) -> Array:
    """Picture (h, w, 3) of balls, uint8, the longer side `pixels`; h and w follow from what is drawn.

    points (n, 3) in x, y, z; radii (n,) in the same length; colours (n, 3) or (3,), 0 to 1; view: azimuth and elevation [degrees];
    cylinders: fibres with round ends, as segments (m, 2, 3), radii (m,) and one colour. Raises ValueError where shapes do not fit, a
    radius is not positive, or there is nothing to draw.
    """
    points, radii, colours = _balls(points, radii, colours)
    ends, thick, hue = _fibres(cylinders)
    if not len(points) and not len(ends):
        raise ValueError("there is nothing to draw: neither a sphere nor a cylinder")
    places = np.concatenate([points, ends.reshape(-1, 3)])
    reach = np.concatenate([radii, np.repeat(thick, 2)])
    eye = shading.framing(places, reach, view, pixels).finer(FINER)
    # the balls, the two ends of every fibre, the fibres
    palette = np.concatenate([colours, np.broadcast_to(hue, (3 * len(ends), 3))]).astype(np.float32)
    seen, sizes = eye.project(places), reach * eye.scale
    buffer = _Buffer(eye, float((seen[:, 2] - sizes).min()), float((seen[:, 2] + sizes).max()))
    _draw_balls(buffer, seen, sizes)
    _draw_fibres(buffer, seen[len(points) :].reshape(-1, 2, 3), thick * eye.scale, len(places))
    tubes = _Tubes(seen[len(points) :].reshape(-1, 2, 3), thick * eye.scale, len(places))
    return _painted(buffer, seen, sizes, tubes, palette, _rgb(background))


def _balls(points: Array, radii: Array, colours: Array) -> tuple[Array, Array, Array]:
    points, radii = np.asarray(points, dtype=float).reshape(-1, 3), np.asarray(radii, dtype=float).reshape(-1)
    colours = np.asarray(colours, dtype=float)
    if len(radii) != len(points) or colours.shape not in ((len(points), 3), (3,)):
        raise ValueError(f"{len(points)} points need as many radii and colours, not {len(radii)} and an array {colours.shape}")
    if not (np.isfinite(points).all() and np.isfinite(radii).all() and (radii > 0.0).all()):
        raise ValueError("points must be finite, radii finite and positive")
    return points, radii, np.broadcast_to(colours, (len(points), 3))


def _fibres(cylinders: Cylinders | None) -> tuple[Array, Array, Array]:
    if cylinders is None:
        return np.zeros((0, 2, 3)), np.zeros(0), np.zeros(3)
    segments = np.asarray(cylinders[0], dtype=float).reshape(-1, 2, 3)
    thick = np.broadcast_to(np.asarray(cylinders[1], dtype=float), len(segments))
    if not (np.isfinite(segments).all() and np.isfinite(thick).all() and (thick > 0.0).all()):
        raise ValueError("ends of cylinders must be finite, their radii finite and positive")
    return segments, thick, _rgb(cylinders[2])


def _rgb(colour: Any) -> Array:
    from matplotlib.colors import to_rgb

    return np.array(to_rgb(colour), dtype=np.float32)


class _Buffer:
    """What is nearest in every picture element: depth and number of the thing as one integer, so that the larger one is what is seen."""

    def __init__(self, eye: Camera, low: float, high: float):
        self.width, self.height = eye.size
        self.low, self.step = low, max(high - low, 1e-12) / LEVELS
        self.keys = np.full(self.width * self.height, NOTHING)

    def put(self, columns: Array, rows: Array, depth: Array, number: Array) -> None:
        """Draw elements, all arrays (n,); what lies outside the picture or behind what is there is dropped."""
        at = rows * self.width + columns
        level = np.clip((depth - self.low) / self.step, 0.0, LEVELS).astype(np.int64)
        key = (level << np.int64(32)) | number
        nearer = key > self.keys[at]
        np.maximum.at(self.keys, at[nearer], key[nearer])

    def inside(self, columns: Array, rows: Array) -> Array:
        return (columns >= 0) & (columns < self.width) & (rows >= 0) & (rows < self.height)

    def depth(self, keys: Array) -> Array:
        return (keys >> np.int64(32)) * self.step + self.low


def _patches(half: Array, order: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Things in batches of one size of patch: their numbers (b,), and the offsets (k,) of columns and rows about their middles.

    half: half the edge of the patch of each [picture elements]; order: in which they are drawn, the nearest first.
    """
    sizes = half[order]
    for size in np.unique(sizes):
        alike = order[sizes == size]
        span = np.arange(-size, size + 1)
        down, right = (part.ravel() for part in np.meshgrid(span, span, indexing="ij"))
        disc = down * down + right * right <= size * size + 1
        down, right = down[disc], right[disc]
        each = max(1, CHUNK // len(down))
        for start in range(0, len(alike), each):
            yield alike[start : start + each], right, down


def _draw_balls(buffer: _Buffer, seen: Array, sizes: Array) -> None:
    """Front halves of balls; seen (n, 3): column, row, depth of the centres; sizes (n,)."""
    half = np.ceil(sizes).astype(np.int64) + 1
    for chosen, right, down in _patches(half, np.argsort(-seen[:, 2], kind="stable")):
        centre = np.floor(seen[chosen, :2]).astype(np.int64)
        columns, rows = centre[:, :1] + right, centre[:, 1:] + down
        rest = sizes[chosen, None] ** 2 - (columns + 0.5 - seen[chosen, :1]) ** 2 - (rows + 0.5 - seen[chosen, 1:2]) ** 2
        hit = (rest > 0.0) & buffer.inside(columns, rows)
        thing, _ = np.nonzero(hit)
        buffer.put(columns[hit], rows[hit], seen[chosen[thing], 2] + np.sqrt(rest[hit]), chosen[thing])


class _Tubes:
    """Cylinders (m) in the picture: a point of the axis a, its direction e in the picture and rise per length of it, radius.

    On the front of a cylinder, at u along e and q across it, depth = a_depth + (h L + rise u)/s with h = √(r² − q²), s the length of
    the axis in the picture, L its true length and rise its length in depth.
    """

    def __init__(self, seen: Array, sizes: Array, first: int):
        self.first, self.sizes, self.start = first, sizes, seen[:, 0]
        along = seen[:, 1] - seen[:, 0]
        self.length = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
        self.flat = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6 * self.length)  # length in the picture
        self.across = along[:, :2] / self.flat[:, None]
        self.rise = along[:, 2]

    def front(self, which: Array, x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
        """Of cylinders `which` at places x, y: depth, share of the axis (0 to 1 inside), q and h; NaN where the ray passes by."""
        dx, dy = x - self.start[which, 0], y - self.start[which, 1]
        e = self.across[which]
        u, q = dx * e[..., 0] + dy * e[..., 1], dx * e[..., 1] - dy * e[..., 0]
        with np.errstate(invalid="ignore"):
            h = np.sqrt(self.sizes[which] ** 2 - q * q)
        s, length, rise = self.flat[which], self.length[which], self.rise[which]
        over = (h * length + rise * u) / s
        return self.start[which, 2] + over, (s * u + rise * over) / length**2, q, h

    def normals(self, which: Array, x: Array, y: Array) -> Array:
        """Normals (n, 3) in the picture's axes (right, down, towards)."""
        _, _, q, h = self.front(which, x, y)
        e, s, length, rise = self.across[which], self.flat[which], self.length[which], self.rise[which]
        side = np.stack([e[:, 1], -e[:, 0], np.zeros(len(e))], axis=1) * q[:, None]
        front = np.stack([-e[:, 0] * rise / length, -e[:, 1] * rise / length, s / length], axis=1) * h[:, None]
        return np.asarray((side + front) / self.sizes[which, None])


def _draw_fibres(buffer: _Buffer, seen: Array, sizes: Array, first: int) -> None:
    """Fronts of cylinders; seen (m, 2, 3): column, row, depth of the ends; first: the number of the first one.

    They are drawn in pieces, because the square about a long and slanting one is large and empty.
    """
    if not len(seen):
        return
    tubes = _Tubes(seen, sizes, first)
    count = np.maximum(1, np.ceil(tubes.flat / np.maximum(PIECE, 2.0 * sizes))).astype(np.int64)
    whole = np.repeat(np.arange(len(seen)), count)
    share = (np.arange(len(whole)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[whole]
    middle = seen[whole, 0] + share[:, None] * (seen[whole, 1] - seen[whole, 0])
    half = np.ceil(0.5 * (tubes.flat / count)[whole] + 2.0 * sizes[whole]).astype(np.int64) + 1
    for chosen, right, down in _patches(half, np.argsort(-middle[:, 2], kind="stable")):
        centre = np.floor(middle[chosen, :2]).astype(np.int64)
        columns, rows = centre[:, :1] + right, centre[:, 1:] + down
        which = np.broadcast_to(whole[chosen, None], columns.shape)
        depth, part, _, _ = tubes.front(which, columns + 0.5, rows + 0.5)
        hit = (part >= 0.0) & (part <= 1.0) & buffer.inside(columns, rows)
        buffer.put(columns[hit], rows[hit], depth[hit], which[hit] + first)


def _painted(buffer: _Buffer, seen: Array, sizes: Array, tubes: _Tubes, palette: Array, background: Array) -> Array:
    """The picture of what the buffer holds."""
    keys = buffer.keys.reshape(buffer.height, buffer.width)
    shape = keys.shape
    at = np.flatnonzero(buffer.keys >= 0)
    number = buffer.keys[at] & np.int64(2**32 - 1)
    depth = buffer.depth(buffer.keys[at])
    y, x = at // buffer.width + 0.5, at % buffer.width + 0.5
    normals = np.zeros((len(at), 3), dtype=np.float32)
    ball = number < tubes.first
    of = number[ball]
    flat = np.stack([x[ball] - seen[of, 0], y[ball] - seen[of, 1]], axis=1) / sizes[of, None]
    normals[ball, :2] = flat
    normals[ball, 2] = np.sqrt(np.maximum(1.0 - (flat * flat).sum(axis=1), 0.0))
    normals[~ball] = tubes.normals(number[~ball] - tubes.first, x[~ball], y[~ball])
    normals[:, 1] *= -1.0  # rows count downwards
    return finished(shape, at, depth, normals, palette[number], background)


def finished(shape: tuple[int, int], at: Array, depth: Array, normals: Array, colours: Array, background: Array) -> Array:
    """The picture, `FINER` times smaller, of places that are seen: at (n,) their numbers in a picture of `shape`, depth (n,),
    normals (n, 3): right, up, towards the viewer; colours (n, 3). at: ascending; both sides of `shape` are multiples of `FINER`."""
    rows, columns = np.divmod(at, shape[1])
    small = (shape[0] // FINER, shape[1] // FINER)
    seen = np.zeros(small, dtype=bool)
    height = np.zeros(small, dtype=np.float32)
    facing = np.zeros((*small, 3), dtype=np.float32)
    coarse = np.flatnonzero((rows % FINER == 0) & (columns % FINER == 0))
    place = (rows[coarse] // FINER, columns[coarse] // FINER)
    seen[place], height[place], facing[place] = True, depth[coarse], normals[coarse]
    hidden = shading.occlusion(height / FINER, facing, seen)
    near, far = (float(depth.max()), float(depth.min())) if len(depth) else (1.0, 0.0)
    picture = np.empty((*small, 3), dtype=np.uint8)
    band = max(1, CHUNK // (FINER * shape[1]))  # rows of the picture that are painted at once
    for first in range(0, small[0], band):
        last = min(first + band, small[0])
        part = slice(*np.searchsorted(at, (first * FINER * shape[1], last * FINER * shape[1])))
        haze = ((near - depth[part]) / max(near - far, 1e-12)).astype(np.float32)
        out = np.empty(((last - first) * FINER, shape[1], 3), dtype=np.float32)
        out[:] = background
        dark = hidden[rows[part] // FINER, columns[part] // FINER]
        out.reshape(-1, 3)[at[part] - first * FINER * shape[1]] = shading.lit(colours[part], normals[part], dark, haze, background)
        picture[first:last] = np.round(255.0 * shading.averaged(out, FINER)).astype(np.uint8)
    return picture


# --- the surface of a voxel field ---------------------------------------------------------------------------------------------------

VOXELS, FINEST = 144, 8  # along the longest axis, to which a field is refined, and at most so many times
SMOOTH = 0.35  # of a voxel of the field, over which it is smoothed
BELOW = 2.0  # voxels below the surface, where its colour is taken
COARSE = 8  # picture elements of the first search
STRIDE = 0.7  # of a refined voxel: the step along a ray


def box(shape: tuple[int, ...], spacing: tuple[float, ...], view: tuple[float, float], pixels: int, turning: bool = False) -> Camera:
    """The view of a whole grid (z, y, x) in which `surface` draws; spacing along z, y, x. Lengths count from its low corner, as x, y, z.

    turning: with room for the grid from every side, so that it keeps its size when it turns.
    """
    far = np.array([n * h for n, h in zip(shape, spacing)])[::-1]
    if turning:
        return shading.framing(0.5 * far, 0.5 * float(np.linalg.norm(far)), view, pixels)
    corners = np.array([[x, y, z] for x in (0.0, far[0]) for y in (0.0, far[1]) for z in (0.0, far[2])])
    return shading.framing(corners, 0.0, view, pixels)


def surface(
    field: Array,
    spacing: tuple[float, ...],
    threshold: float,
    *,
    view: tuple[float, float] = (35.0, 25.0),
    pixels: int = 900,
    colour: Any = "#e8dcc4",
    background: str = "white",
    turning: bool = False,
) -> Array:
    """Picture (h, w, 3), uint8, of the surface at which a field (z, y, x) passes the threshold, in the view that `box` gives.

    The field is refined by cubic splines of v/(v + threshold) and smoothed over a third of a voxel; the level is the one that encloses the
    volume of the voxels at or above the threshold, so that smoothing takes nothing off. spacing along z, y, x; colour: one for all, or an
    array (z, y, x, 3), 0 to 1, seen two voxels below the surface. Raises ValueError where no voxel reaches the threshold.
    """
    body = _Body(np.nan_to_num(np.asarray(field, dtype=float)), spacing, threshold)
    eye = box(body.shape, spacing, view, pixels, turning).finer(FINER)
    rays = _Rays(eye)
    below = BELOW * min(spacing)
    found = [(at, depth, *_faced(body, rays, at, depth, colour, below)) for at, depth in _met(body, rays, *_search(body, rays))]
    at, depth, normals, hues = (np.concatenate(parts) for parts in zip(*found))
    return finished((eye.size[1], eye.size[0]), at, depth * eye.scale, normals, hues, _rgb(background))


def _faced(body: "_Body", rays: "_Rays", at: Array, depth: Array, colour: Any, below: float) -> tuple[Array, Array]:
    """Normals (n, 3) of the surface in the picture's axes, and its colours (n, 3), taken at this depth [length] below it."""
    places = rays.places(at, depth)
    slope = body.slope(places)
    outward = -slope / np.maximum(np.linalg.norm(slope, axis=1), 1e-12)[:, None]
    normals = (outward @ rays.eye.basis.T).astype(np.float32)
    return normals, _hues(body, colour, places - outward * below)


def _met(body: "_Body", rays: "_Rays", start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
    """Rays that meet the surface and where, some at a time, by number; start, end: of `_search`."""
    far = np.repeat(np.repeat(np.isfinite(start), COARSE, axis=0), COARSE, axis=1)[: rays.height, : rays.width]
    at = np.flatnonzero(far)
    for some in np.array_split(at, max(1, -(-len(at) // CHUNK))):
        block = (some // rays.width // COARSE, some % rays.width // COARSE)
        yield _march(body, rays, some, start[block], end[block])


def _hues(body: "_Body", colour: Any, places: Array) -> Array:
    from scipy import ndimage

    if np.ndim(colour) != 4:
        return np.broadcast_to(_rgb(colour), (len(places), 3))
    index = (places / body.spacing - 0.5).T[::-1]
    channels = np.moveaxis(np.asarray(colour, dtype=np.float32), 3, 0)
    return np.stack([ndimage.map_coordinates(one, index, order=1, mode="nearest", prefilter=False) for one in channels], axis=1)


class _Body:
    """A field refined and smoothed, and the level that its surface has."""

    def __init__(self, field: Array, spacing: tuple[float, ...], threshold: float):
        from scipy import ndimage

        inside = int(np.count_nonzero(field >= threshold))
        if field.ndim != 3 or inside == 0:
            raise ValueError(f"a field with three axes and a voxel of {threshold:g} or more is needed")
        self.shape, self.spacing = field.shape, np.array(spacing[::-1], dtype=float)
        self.finer = min(FINEST, max(1, round(VOXELS / max(field.shape))))
        self.edge = 2  # empty voxels around, so that what is cut by the side of the grid is closed there
        share = np.pad(field / (field + threshold), self.edge)
        fine = ndimage.zoom(share, self.finer, output=np.float32, order=3, mode="grid-constant", grid_mode=True)
        self.values = ndimage.gaussian_filter(fine, SMOOTH * self.finer, output=fine)
        count = inside * self.finer**3
        self.level = float(np.partition(self.values.ravel(), -count)[-count])
        self.step = STRIDE * float(self.spacing.min()) / self.finer

    def _index(self, places: Array) -> Array:
        """Indices (3, n) along z, y, x of places (n, 3) in x, y, z."""
        return np.asarray(((places / self.spacing + self.edge) * self.finer - 0.5).T[::-1])

    def at(self, places: Array) -> Array:
        from scipy import ndimage

        return np.asarray(ndimage.map_coordinates(self.values, self._index(places), order=1, mode="nearest", prefilter=False))

    def slope(self, places: Array) -> Array:
        """Gradient (n, 3) along x, y, z at places, from the values a refined voxel before and behind."""
        step = self.spacing / self.finer
        found = [self.at(places + side) - self.at(places - side) for side in np.diag(step)]
        return np.stack(found, axis=1) / (2.0 * step)


class _Rays:
    """Rays through the middles of picture elements; depth [length] from the middle of the scene, larger is nearer."""

    def __init__(self, eye: Camera):
        self.eye, (self.width, self.height) = eye, eye.size

    def places(self, at: Array, depth: Array, every: int = 1) -> Array:
        """Places (n, 3) on the rays numbered `at`, of a picture `every` times as coarse, at these depths."""
        width = -(-self.width // every)
        column, row = (at % width + 0.5) * every, (at // width + 0.5) * every
        seen = np.stack([column, self.height - row, np.broadcast_to(depth, at.shape) * self.eye.scale], axis=1) / self.eye.scale
        return np.asarray((seen + self.eye.origin) @ self.eye.basis)


def _search(body: _Body, rays: _Rays) -> tuple[Array, Array]:
    """Depths between which the rays of `COARSE` by `COARSE` picture elements can meet the surface, from one ray for all; NaN: none."""
    from scipy import ndimage

    width, height = -(-rays.width // COARSE), -(-rays.height // COARSE)
    extent = np.array(body.shape[::-1]) * body.spacing
    reach = 0.5 * float(np.linalg.norm(extent)) + 2.0 * float(body.spacing.max())
    depths = np.arange(reach, -reach, -2.0 * body.step)
    at = np.arange(width * height)
    first, last = np.full(len(at), -np.inf), np.full(len(at), np.inf)
    for depth in depths:
        inside = body.at(rays.places(at, depth, COARSE)) >= body.level
        first[inside & np.isinf(first)] = depth
        last[inside] = depth
    first = ndimage.maximum_filter(first.reshape(height, width), 5) + 4.0 * body.step
    last = ndimage.minimum_filter(last.reshape(height, width), 5) - 4.0 * body.step
    return np.where(np.isfinite(first), first, np.nan), last


def _march(body: _Body, rays: _Rays, at: Array, start: Array, end: Array) -> tuple[Array, Array]:
    """Rays that meet the surface, and at what depth, straight between the two steps around it."""
    depth, before = start.copy(), np.zeros(len(at), dtype=np.float32)
    going = np.arange(len(at))
    met = np.full(len(at), np.nan)
    while len(going):
        value = body.at(rays.places(at[going], depth[going]))
        hit = value >= body.level
        rise = np.maximum(value - before[going], 1e-12)
        met[going[hit]] = (depth[going] + body.step * np.clip((value - body.level) / rise, 0.0, 1.0))[hit]
        before[going] = value
        depth[going] -= body.step
        going = going[~hit & (depth[going] >= end[going])]
    found = np.isfinite(met)
    return at[found], met[found]

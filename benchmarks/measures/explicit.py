"""The explicit step of three species, against what memory allows, the same in numpy, and py-pde.

Calcium and phosphate diffuse (D = 1 and 0.8), mineral does not; R = k max(Ca P − K, 0) site; walls without flux; float64, forward Euler.
A step reads four fields and writes three, 56 bytes a voxel. A triad a = b + s c of the same array size moves 24 and says how fast memory
is; it runs over its halves without a pause between repetitions. In the plane, two threads meet after a few steps, each with ghost rows of
the other's half; in the cube after each.

Layout: x contiguous, rows a few lines apart from a power of two, each field a few lines further, and the second voxel of a row at the start
of a cache line; otherwise rows of seven fields fall on the same lines of the cache (measured: 2.3 times slower at 512²).
"""

import mmap

import numpy as np

from calcisim.jit import kernel
from calcisim.studies.bench_pair import Pair, Prepared
from measures.two import Two

DIFFUSIVITY, RATE, PRODUCT = (1.0, 0.8), 0.5, 1.2  # grid spacing 1
STEP = {2: 0.2, 3: 0.13}  # of the stability limits 0.25 and 1/6
PLANE, CUBE = (1, 512, 512), (128, 128, 128)
LINE, VECTOR = 8, 32  # float64 in a cache line, and in one turn of the unrolled loop
PAGE = 512  # float64, after which addresses look alike to a processor that compares loads with stores before them
APART = 5 * LINE  # between fields, modulo PAGE
GHOSTS = 8  # rows of the other half, and steps between two meetings; even
BYTES, TRIAD_BYTES = 56.0, 24.0


@kernel
def plane_step(ca, p, m, site, ca_new, p_new, m_new, n, wide, weights, product, row0, row1):
    """One step of rows row0 … row1 of a plane. Fields (row, x), of which n columns count; site carries k Δt.

    weights = D Δt of both species. Columns up to `wide` are computed too, so that the loop has no remainder; nobody reads them.
    """
    w, v = weights
    here, there = 1.0 - 4.0 * w, 1.0 - 4.0 * v
    rows, last = ca.shape[0], n - 1
    for j in range(row0, row1):
        low, high = max(j - 1, 0), min(j + 1, rows - 1)
        a, al, ah = ca[j], ca[low], ca[high]
        b, bl, bh = p[j], p[low], p[high]
        s, old = site[j], m[j]
        a_new, b_new, new = ca_new[j], p_new[j], m_new[j]
        for i in range(1, wide):
            grown = s[i] * max(a[i] * b[i] - product, 0.0)
            a_new[i] = here * a[i] + (w * ((a[i - 1] + a[i + 1]) + (al[i] + ah[i])) - grown)
            b_new[i] = there * b[i] + (v * ((b[i - 1] + b[i + 1]) + (bl[i] + bh[i])) - grown)
            new[i] = old[i] + grown
        for i, o in ((0, 1), (last, last - 1)):
            grown = s[i] * max(a[i] * b[i] - product, 0.0)
            a_new[i] = here * a[i] + (w * ((a[i] + a[o]) + (al[i] + ah[i])) - grown)
            b_new[i] = there * b[i] + (v * ((b[i] + b[o]) + (bl[i] + bh[i])) - grown)
            new[i] = old[i] + grown


@kernel
def plane_pass(ca, p, m, site, ca_new, p_new, m_new, n, wide, weights, product, steps, below, above):
    """An even number of steps of a part of a plane that has ghost rows below or above (1 or 0): each step computes one row less of them,
    so that after `steps` steps what is not ghost is right, without a word from the other part."""
    rows = ca.shape[0]
    for step in range(1, steps + 1):
        row0, row1 = below * step, rows - above * step
        if step % 2 == 1:
            plane_step(ca, p, m, site, ca_new, p_new, m_new, n, wide, weights, product, row0, row1)
        else:
            plane_step(ca_new, p_new, m_new, site, ca, p, m, n, wide, weights, product, row0, row1)


@kernel
def cube_step(ca, p, m, site, ca_new, p_new, m_new, n, wide, weights, product, row0, row1):
    """The same for a cube: fields (z, y, x), rows z · ny + y."""
    w, v = weights
    here, there = 1.0 - 6.0 * w, 1.0 - 6.0 * v
    depth, rows, last = ca.shape[0], ca.shape[1], n - 1
    for row in range(row0, row1):
        k, j = row // rows, row % rows
        low, high = max(j - 1, 0), min(j + 1, rows - 1)
        front, back = max(k - 1, 0), min(k + 1, depth - 1)
        a, al, ah, af, ab = ca[k, j], ca[k, low], ca[k, high], ca[front, j], ca[back, j]
        b, bl, bh, bf, bb = p[k, j], p[k, low], p[k, high], p[front, j], p[back, j]
        s, old = site[k, j], m[k, j]
        a_new, b_new, new = ca_new[k, j], p_new[k, j], m_new[k, j]
        for i in range(1, wide):
            grown = s[i] * max(a[i] * b[i] - product, 0.0)
            a_new[i] = here * a[i] + (w * ((a[i - 1] + a[i + 1]) + (al[i] + ah[i]) + (af[i] + ab[i])) - grown)
            b_new[i] = there * b[i] + (v * ((b[i - 1] + b[i + 1]) + (bl[i] + bh[i]) + (bf[i] + bb[i])) - grown)
            new[i] = old[i] + grown
        for i, o in ((0, 1), (last, last - 1)):
            grown = s[i] * max(a[i] * b[i] - product, 0.0)
            a_new[i] = here * a[i] + (w * ((a[i] + a[o]) + (al[i] + ah[i]) + (af[i] + ab[i])) - grown)
            b_new[i] = there * b[i] + (v * ((b[i] + b[o]) + (bl[i] + bh[i]) + (bf[i] + bb[i])) - grown)
            new[i] = old[i] + grown


@kernel
def triad(a, b, c, s, times):
    for _ in range(times):
        for i in range(a.size):
            a[i] = b[i] + s * c[i]


def buffer(count: int) -> np.ndarray:
    """float64 zeros from the start of a large page, where the system has them."""
    page = 1 << 21
    memory = mmap.mmap(-1, (8 * count // page + 2) * page)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(memory, dtype=np.float64)
    skip = (-whole.ctypes.data % page) // 8
    return whole[skip : skip + count]


def start(shape: tuple[int, int, int]) -> list[np.ndarray]:
    """Ca, P, mineral and site of the problem, (z, y, x)."""
    z, y, x = np.meshgrid(*((np.arange(n) + 0.5) / n for n in shape), indexing="ij")
    ca = 1.5 + 0.5 * np.cos(7.0 * x) * np.cos(5.0 * y) * np.cos(3.0 * z)
    p = 1.0 + 0.4 * np.sin(9.0 * x + 4.0 * y + 2.0 * z)
    site = ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.09).astype(float)
    return [ca, p, np.zeros(shape), site]


class Explicit:
    """The problem in the layout above, or given rows of it. `step(two)` goes one step, on one thread or two."""

    def __init__(self, shape: tuple[int, int, int], given: list[np.ndarray] | None = None):
        self.shape, n = shape, shape[-1]
        self.dimensions = 3 if shape[0] > 1 else 2
        self.dt = STEP[self.dimensions]
        self.wide = 1 + -(-(n - 1) // VECTOR) * VECTOR
        stride = -(-(self.wide + 1) // LINE) * LINE
        self.rows = shape[0] * shape[1]
        size = self.rows * stride
        each = size + (APART - size) % PAGE
        room = buffer(7 * each + LINE)
        places = [LINE - 1 + number * each for number in range(7)]
        own = (*shape[:2], stride) if self.dimensions == 3 else (shape[1], stride)
        self.fields = [room[place : place + size].reshape(own) for place in places]
        for field, values in zip(self.fields, given or start(shape), strict=False):
            field[..., :n] = values.reshape(*own[:-1], n)
            field[..., n:] = field[..., n - 1 : n]
        self.fields[3][..., :n] *= RATE * self.dt
        self.fields[3][..., n:] = 0.0
        for now, then in ((0, 4), (1, 5), (2, 6)):
            self.fields[then][...] = self.fields[now]
        self.kernel = cube_step if self.dimensions == 3 else plane_step
        self.weights = (DIFFUSIVITY[0] * self.dt, DIFFUSIVITY[1] * self.dt)

    def step(self, two: Two | None = None) -> None:
        arguments = (*self.fields, self.shape[-1], self.wide, self.weights, PRODUCT)
        if two is None:
            self.kernel(*arguments, 0, self.rows)
        else:
            two.rows(self.kernel, self.rows, *arguments)
        a, b, m, site, a_new, b_new, new = self.fields
        self.fields = [a_new, b_new, new, site, a, b, m]

    def values(self) -> list[np.ndarray]:
        """Ca, P and mineral (z, y, x)."""
        return [field[..., : self.shape[-1]].reshape(self.shape) for field in self.fields[:3]]


class Halves:
    """A plane in two halves, each a thread's own, with a few ghost rows of the other: the threads meet after `GHOSTS` steps."""

    def __init__(self, shape: tuple[int, int, int]):
        self.shape, self.half = shape, shape[1] // 2
        whole = start(shape)
        self.low = self._part(whole, 0, self.half + GHOSTS)
        self.high = self._part(whole, self.half - GHOSTS, shape[1])

    def _part(self, whole: list[np.ndarray], first: int, last: int) -> Explicit:
        return Explicit((1, last - first, self.shape[-1]), [field[:, first:last] for field in whole])

    def go(self, two: Two, passes: int) -> None:
        """`GHOSTS` steps, so many times."""
        jobs = []
        for part, below, above in ((self.low, 0, 1), (self.high, 1, 0)):
            jobs.append((plane_pass, *part.fields, part.shape[-1], part.wide, part.weights, PRODUCT, GHOSTS, below, above))
        pairs = list(zip(self.low.fields[:3], self.high.fields[:3], strict=True))
        for _ in range(passes):
            two.both(*jobs)
            for low, high in pairs:
                low[self.half :] = high[GHOSTS : 2 * GHOSTS]
                high[:GHOSTS] = low[self.half - GHOSTS : self.half]

    def values(self) -> list[np.ndarray]:
        """Ca, P and mineral (z, y, x)."""
        parts = zip(self.low.values(), self.high.values(), strict=True)
        return [np.concatenate([low[:, : self.half], high[:, GHOSTS:]], axis=1) for low, high in parts]


class InNumpy:
    """The problem as one writes it with array slices, temporaries kept."""

    def __init__(self, shape: tuple[int, int, int]):
        self.ca, self.p, self.m, self.site = (field.reshape([n for n in shape if n > 1]) for field in start(shape))
        self.dt = STEP[self.ca.ndim]
        self.grown, self.spread = np.empty_like(self.ca), np.empty_like(self.ca)

    def _diffuse(self, c: np.ndarray, diffusivity: float) -> None:
        self.spread[...] = 0.0
        for axis in range(c.ndim):
            difference = np.diff(c, axis=axis)
            near = tuple(slice(None, -1) if one == axis else slice(None) for one in range(c.ndim))
            far = tuple(slice(1, None) if one == axis else slice(None) for one in range(c.ndim))
            self.spread[near] += difference
            self.spread[far] -= difference
        self.spread *= diffusivity * self.dt
        c += self.spread

    def step(self) -> None:
        grown = self.grown
        np.multiply(self.ca, self.p, out=grown)
        grown -= PRODUCT
        np.maximum(grown, 0.0, out=grown)
        grown *= self.site
        grown *= RATE * self.dt
        for c, diffusivity in ((self.ca, DIFFUSIVITY[0]), (self.p, DIFFUSIVITY[1])):
            self._diffuse(c, diffusivity)
            c -= grown
        self.m += grown


def _name(shape: tuple[int, int, int]) -> str:
    return f"{shape[-1]}³" if shape[0] > 1 else f"{shape[-1]}²"


def ours(shape: tuple[int, int, int], steps: int) -> Prepared:
    if shape[0] == 1:
        return _plane(shape, steps // GHOSTS)
    problem, two = Explicit(shape), Two()

    def run() -> None:
        for _ in range(steps):
            problem.step(two)

    return Prepared(run, f"fused explicit step, {_name(shape)}, 2 threads", 1.0 / steps)


def _plane(shape: tuple[int, int, int], passes: int) -> Prepared:
    problem, two = Halves(shape), Two()
    name = f"fused explicit step, {_name(shape)}, 2 threads that meet after {GHOSTS} steps"
    return Prepared(lambda: problem.go(two, passes), name, 1.0 / (passes * GHOSTS))


def _bound(shape: tuple[int, int, int], times: int) -> Prepared:
    count, two = int(np.prod(shape)), Two()
    room = buffer(3 * (count + APART))
    a, b, c = (room[number * (count + APART) :][:count] for number in range(3))
    b[...], c[...] = 1.0, 2.0
    half = count // 2

    def run() -> None:
        two.both((triad, a[:half], b[:half], c[:half], 3.0, times), (triad, a[half:], b[half:], c[half:], 3.0, times))

    return Prepared(run, f"bandwidth bound: {BYTES:g} B a voxel at the rate of a triad, 2 threads", BYTES / TRIAD_BYTES / times)


def _numpy(shape: tuple[int, int, int], steps: int) -> Prepared:
    problem, check = InNumpy(shape), Explicit(shape)
    for _ in range(3):
        problem.step()
        check.step()
    gap = max(float(np.abs(a.ravel() - b.ravel()).max()) for a, b in zip(check.values(), (problem.ca, problem.p, problem.m), strict=True))

    def run() -> None:
        for _ in range(steps):
            problem.step()

    return Prepared(run, "numpy, array slices", 1.0 / steps, {"largest_difference": gap})


def stencil_2d() -> Pair:
    return Pair(lambda: ours(PLANE, 200), lambda: _bound(PLANE, 200), repetitions=21)


def stencil_3d() -> Pair:
    return Pair(lambda: ours(CUBE, 10), lambda: _bound(CUBE, 10), repetitions=21)


def numpy_2d() -> Pair:
    return Pair(lambda: ours(PLANE, 200), lambda: _numpy(PLANE, 10))


def numpy_3d() -> Pair:
    return Pair(lambda: ours(CUBE, 10), lambda: _numpy(CUBE, 2))

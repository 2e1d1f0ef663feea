"""A solution made up beforehand, with the sources that make it exact: measures the order of the solver in space and time.

In d dimensions on the unit cube, with p = cos(πx/2) Π cos(πy)…, so that the face x = 1 is held and all others are closed:
    c_s = P_s + B_s T(t) p,   T = 1 + ½ sin t
    m   = M G(t) (1 + p/2),   G = 1 − e^(−t)/2,   φ = φ0 − V m
    F   = H (φ/φ0)²,          H = h0 exp(Σ a_i x_i)
    R   = k (c_0 c_1/K − 1) φ/φ0
Sources follow by putting these into the equations; ∇F = F (a + 2 ∇φ/φ).
"""

import math

import numpy as np

from calcisim.jit import kernel
from calcisim.numerics.sdirk import Stage
from calcisim.studies.trial import INNER, Medium, Trial, march

OUTSIDE, SWING = np.array([2.0, 1.5]), np.array([0.8, -0.6])
DIFFUSIVITY, STOICHIOMETRY = np.array([0.10, 0.06]), np.array([5.0 / 3.0, 1.0])
MINERAL, MOLAR_VOLUME, POROSITY = 1.0, 0.15, 0.8
CONDUCTANCE, SLOPES, PERFUSION = 0.6, (0.7, -0.4, 0.5), 0.9
RATE, PRODUCT = 0.8, 2.0


@kernel
def product_reaction(c, base, source, porosity, initial_porosity, m, w, numbers, row0, row1):
    """m = base + γΔt (k (c_0 c_1/K − 1) φ/φ0 + source), φ = φ0 − V m: linear in m. w_s = ∂m/∂c_s. numbers = (γΔt, k, K, V)."""
    gamma_dt, rate, product, molar_volume = numbers
    _, ny, nx = porosity.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for i in range(1, nx - 1):
            drive = rate * (c[0, k, j, i] * c[1, k, j, i] / product - 1.0)
            per_mineral = molar_volume / initial_porosity[k, j, i]
            below = 1.0 + gamma_dt * drive * per_mineral
            value = (base[0, k, j, i] + gamma_dt * (drive + source[k, j, i])) / below
            m[0, k, j, i] = value
            porosity[k, j, i] = initial_porosity[k, j, i] - molar_volume * value
            by_drive = gamma_dt * (1.0 - per_mineral * value) / below
            w[0, 0, k, j, i] = by_drive * rate * c[1, k, j, i] / product
            w[0, 1, k, j, i] = by_drive * rate * c[0, k, j, i] / product


class Manufactured(Trial):
    """The problem on n voxels along each of `dimensions` axes (x first)."""

    def __init__(self, dimensions: int, n: int):
        shape = (n if dimensions > 2 else 1, n if dimensions > 1 else 1, n)
        spacing = (1.0 / shape[0], 1.0 / shape[1], 1.0 / shape[2])
        self.dimensions = dimensions
        self.axes = [(np.arange(count) + 0.5) * h for count, h in zip(shape, spacing, strict=True)]
        z, y, x = np.meshgrid(*self.axes, indexing="ij")
        self.wave, self.gradient = self._wave((x, y, z))
        slope = sum(SLOPES[axis] * place for axis, place in enumerate((x, y, z)) if axis < dimensions)
        self.material = CONDUCTANCE * np.exp(slope)
        faces = np.array([0.0, 0.0, 0.0, 0.0, 0.0, np.inf])
        same = np.ones(shape)
        medium = Medium(
            shape, spacing, DIFFUSIVITY, STOICHIOMETRY, POROSITY * same, self.material, PERFUSION * same, OUTSIDE, faces, MOLAR_VOLUME
        )  # fmt: skip
        super().__init__(medium, *self.exact(0.0))

    def _wave(self, places):
        """p and its gradient per resolved axis."""
        numbers = [0.5 * math.pi, math.pi, math.pi][: self.dimensions]
        cosines = [np.cos(k * place) for k, place in zip(numbers, places, strict=False)]
        wave = math.prod(cosines)
        gradient = []
        for axis, k in enumerate(numbers):
            others = math.prod(one for index, one in enumerate(cosines) if index != axis)
            gradient.append(-k * np.sin(k * places[axis]) * others)
        self.laplacian = -sum(k * k for k in numbers) * wave
        return wave, gradient

    def exact(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """c (species, z, y, x) and m (z, y, x)."""
        swing = 1.0 + 0.5 * math.sin(time)
        c = OUTSIDE[:, None, None, None] + SWING[:, None, None, None] * swing * self.wave
        return c, MINERAL * (1.0 - 0.5 * math.exp(-time)) * (1.0 + 0.5 * self.wave)

    def _mineral_rates(self, time: float):
        """dm/dt, and the part of it that the reaction does not give."""
        c, m = self.exact(time)
        change = MINERAL * 0.5 * math.exp(-time) * (1.0 + 0.5 * self.wave)
        porosity = POROSITY - MOLAR_VOLUME * m
        return change, change - RATE * (c[0] * c[1] / PRODUCT - 1.0) * porosity / POROSITY

    def source(self, time: float) -> np.ndarray:
        c, m = self.exact(time)
        porosity = POROSITY - MOLAR_VOLUME * m
        conductance = self.material * (porosity / POROSITY) ** 2
        growth, _ = self._mineral_rates(time)
        steepness = -MOLAR_VOLUME * MINERAL * (1.0 - 0.5 * math.exp(-time)) * 0.5
        bend = self.laplacian + sum((SLOPES[axis] + 2.0 * steepness * one / porosity) * one for axis, one in enumerate(self.gradient))
        out = np.empty_like(c)
        for s in range(2):
            change = SWING[s] * 0.5 * math.cos(time) * self.wave
            spread = DIFFUSIVITY[s] * conductance * SWING[s] * (1.0 + 0.5 * math.sin(time)) * bend
            out[s] = porosity * change - c[s] * MOLAR_VOLUME * growth - spread
            out[s] += STOICHIOMETRY[s] * growth - porosity * PERFUSION * (OUTSIDE[s] - c[s])
        return out

    def start_stage(self, stage: Stage) -> None:
        self.mineral_source = np.zeros_like(self.porosity)
        self.mineral_source[INNER] = self._mineral_rates(stage.time)[1]
        super().start_stage(stage)

    def react(self, stage: Stage) -> bool:
        numbers = (stage.gamma_dt, RATE, PRODUCT, MOLAR_VOLUME)
        self.rows(
            product_reaction, self.c, self.base_m, self.mineral_source, self.porosity, self.initial_porosity, self.m, self.hierarchy.fine.w,
            numbers,
        )  # fmt: skip
        return True

    def error(self, time: float) -> tuple[float, float]:
        """Root mean square error of the solutes and of the mineral."""
        c, m = self.exact(time)
        return float(np.sqrt(np.mean((self.solutes - c) ** 2))), float(np.sqrt(np.mean((self.mineral - m) ** 2)))


def space_orders(dimensions: int, sizes: tuple[int, ...], end: float = 0.5, steps: int = 64) -> list[tuple[float, ...]]:
    """Observed orders (solutes, mineral) between successive sizes, at a time step whose own error does not show."""
    errors: list[tuple[float, ...]] = []
    for n in sizes:
        problem = Manufactured(dimensions, n)
        march(problem, end, steps)
        errors.append(problem.error(end))
    return orders(errors, sizes)


def time_orders(dimensions: int, n: int, counts: tuple[int, ...], end: float = 2.0) -> list[tuple[float, ...]]:
    """Observed orders (solutes, mineral) between successive step counts, against the same grid with 16 times the steps of the last."""
    finest = Manufactured(dimensions, n)
    march(finest, end, 16 * counts[-1])
    errors: list[tuple[float, ...]] = []
    for count in counts:
        problem = Manufactured(dimensions, n)
        march(problem, end, count)
        gaps = (problem.solutes - finest.solutes, problem.mineral - finest.mineral)
        errors.append(tuple(float(np.sqrt(np.mean(gap * gap))) for gap in gaps))
    return orders(errors, counts)


def orders(errors: list[tuple[float, ...]], counts: tuple[int, ...]) -> list[tuple[float, ...]]:
    """log(error ratio)/log(count ratio) of neighbours, per column."""
    return [
        tuple(math.log(a / b) / math.log(counts[i + 1] / counts[i]) for a, b in zip(errors[i], errors[i + 1], strict=True))
        for i in range(len(counts) - 1)
    ]

"""Collision kernels: how often two particles of given sizes meet, as plain functions of two volumes.

A new kernel is one function under `@collision(name)` here: sizes first, its parameters by keyword with their defaults. A kernel whose
coagulation has a closed solution names it (`exact`, from physics/smoluchowski.py), and the tests hold the scheme against it.
Kernels are called at assembly only, on arrays; the stepping reads the pair table made from them (physics/sections.py).
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

BOLTZMANN = 1.380649e-23  # J/K, exact by definition of the kelvin

Function = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Collision:
    """A kernel K(u, w) [m³/s] of two volumes [m³], its parameters with their defaults, and the name of its exact solution."""

    name: str
    function: Function
    parameters: dict[str, float] = field(default_factory=dict)
    exact: str | None = None

    def with_parameters(self, values: dict[str, float]) -> Function:
        """K(u, w) with some parameters changed. Raises KeyError for a parameter that the kernel does not have."""
        for name in values:
            if name not in self.parameters:
                raise KeyError(name)
        return lambda u, w: self.function(u, w, **{**self.parameters, **values})


REGISTRY: dict[str, Collision] = {}


def collision(name: str, exact: str | None = None) -> Callable[[Function], Function]:
    """Register a kernel under a name; its keyword-only arguments become its parameters."""

    def register(function: Function) -> Function:
        signature = inspect.signature(function).parameters.values()
        parameters: dict[str, Any] = {p.name: p.default for p in signature if p.kind is p.KEYWORD_ONLY}
        REGISTRY[name] = Collision(name, function, parameters, exact)
        return function

    return register


def collision_radius(volume: Any, primary_radius: float = 0.0, dimension: float = 3.0, prefactor: float = 1.2) -> np.ndarray:
    """AGG-1. R_c = a (v/(k_f v_a))^(1/D_f), never below the radius of the compact sphere (3v/4π)^(1/3).

    v : solid volume [m³]; a : primary radius [m] (0: compact spheres), v_a = 4πa³/3; D_f : fractal dimension [-]; k_f [-].
    D_f, k_f of free clumps by how they stick: data/morphology.toml. Source: k_f = 1.2 elsewhere, assumption.
    """
    compact = np.cbrt(3.0 * np.asarray(volume, dtype=float) / (4.0 * math.pi))
    if primary_radius <= 0.0:
        return compact
    return np.maximum(compact, primary_radius * ((compact / primary_radius) ** 3 / prefactor) ** (1.0 / dimension))


def sticking(protection: float, strength: float = 1.0) -> float:
    """AGG-2. η = η₀ (1 − θ)²: both surfaces must be free of protein where they touch.

    θ : protein coverage in [0, 1]; η₀ : share of bare encounters that hold, in [0, 1].
    """
    return strength * (1.0 - protection) ** 2


@collision("constant", exact="constant")
def constant(u: Any, w: Any, *, rate: float = 1.0) -> np.ndarray:
    """AGG-3. K = β₀, the same for all sizes [m³/s]. Source: smoluchowski1916."""
    return rate + 0.0 * (u + w)


@collision("sum", exact="sum")
def additive(u: Any, w: Any, *, rate: float = 1.0) -> np.ndarray:
    """AGG-4. K = β₁ (u + w); β₁ [1/s]. Source: golovin1963."""
    return rate * (u + w)


@collision("product", exact="product")
def multiplicative(u: Any, w: Any, *, rate: float = 1.0) -> np.ndarray:
    """AGG-5. K = β₂ u w; β₂ [1/(m³ s)]; gels at β₂ M₂ t = 1. Source: mcleod1962."""
    return rate * u * w


@collision("brownian", exact="brownian")
def brownian(
    u: Any,
    w: Any,
    *,
    temperature: float = 310.15,
    viscosity: float = 0.7e-3,
    primary_radius: float = 0.0,
    dimension: float = 3.0,
    prefactor: float = 1.2,
) -> np.ndarray:
    """AGG-6. K = (2 k_B T/3μ) (R_i + R_j) (1/R_i + 1/R_j): diffusion brings them together (continuum).

    T [K]; μ : viscosity [Pa s]; R : collision radii (AGG-1) [m]. 8kT/3μ = 1.6e-17 m³/s for equals in serum at 37 °C.
    Source: smoluchowski1917.
    """
    a, b = (collision_radius(v, primary_radius, dimension, prefactor) for v in (u, w))
    return 2.0 * BOLTZMANN * temperature / (3.0 * viscosity) * (a + b) * (1.0 / a + 1.0 / b)


@collision("shear")
def shear(
    u: Any, w: Any, *, shear_rate: float = 0.5, primary_radius: float = 0.0, dimension: float = 3.0, prefactor: float = 1.2
) -> np.ndarray:
    """AGG-7. K = (4/3) G (R_i + R_j)³; G : shear rate [1/s], 0 in resting tissue, 0.1 to 1 about moving joints (assumed).

    Source: smoluchowski1917.
    """
    a, b = (collision_radius(v, primary_radius, dimension, prefactor) for v in (u, w))
    return 4.0 / 3.0 * shear_rate * (a + b) ** 3


def settling_velocity(
    volume: Any, excess_density: float, viscosity: float, primary_radius: float = 0.0, dimension: float = 3.0, prefactor: float = 1.2
) -> np.ndarray:
    """AGG-8. Stokes' w = 2 Δρ_eff g R²/(9 μ), Δρ_eff = Δρ (R_s/R)³ of a cluster that encloses fluid [m/s].

    R_s : radius of its solid as a sphere, R : collision radius (AGG-1) [m]; Δρ [kg/m³]; μ [Pa s]; g = 9.81 m/s².
    """
    solid = collision_radius(volume)
    radius = collision_radius(volume, primary_radius, dimension, prefactor)
    return 2.0 * excess_density * 9.81 * solid**3 / (9.0 * viscosity * radius)


@collision("settling")
def settling(
    u: Any,
    w: Any,
    *,
    excess_density: float = 1700.0,
    viscosity: float = 0.7e-3,
    primary_radius: float = 0.0,
    dimension: float = 3.0,
    prefactor: float = 1.2,
) -> np.ndarray:
    """AGG-9. K = π (R_i + R_j)² |w_i − w_j|: the fast one overtakes the slow one, in fluid pockets only.

    w : settling velocity (AGG-8) [m/s]. Source: findeisen1939.
    """
    a, b = (collision_radius(v, primary_radius, dimension, prefactor) for v in (u, w))
    fall = [settling_velocity(v, excess_density, viscosity, primary_radius, dimension, prefactor) for v in (u, w)]
    return math.pi * (a + b) ** 2 * np.abs(fall[0] - fall[1])


@collision("fluid")
def fluid(
    u: Any,
    w: Any,
    *,
    temperature: float = 310.15,
    viscosity: float = 0.7e-3,
    shear_rate: float = 0.5,
    excess_density: float = 1700.0,
    primary_radius: float = 0.0,
    dimension: float = 3.0,
    prefactor: float = 1.2,
) -> np.ndarray:
    """AGG-10. K = K_Brownian + K_shear + K_settling (AGG-6, AGG-7, AGG-9), the ways of meeting in a body fluid."""
    shape = {"primary_radius": primary_radius, "dimension": dimension, "prefactor": prefactor}
    meeting = brownian(u, w, temperature=temperature, viscosity=viscosity, **shape)
    meeting = meeting + shear(u, w, shear_rate=shear_rate, **shape)
    return meeting + settling(u, w, excess_density=excess_density, viscosity=viscosity, **shape)


def pair_table(function: Function, edges: np.ndarray) -> np.ndarray:
    """AGG-11. K(v, w) ≈ a + b v + c w + d v w on every pair of classes: table [j, (a, b, c, d), i], v in class i, w in class j.

    The bilinear function through the 2 × 2 Gauss points of the pair; exact for the constant, sum and product kernels. Where it would
    fall below zero in a corner (K has a zero line there), the one through the corners stands instead, so that K ≥ 0 everywhere.
    edges : (n+1,) class edges [m³]; the result is (n, 4, n) in m³/s and per m³ and m⁶.
    """
    low, width = edges[:-1], np.diff(edges)
    gauss = _bilinear(function, low + 0.21132486540518713 * width, low + 0.7886751345948129 * width)
    corners = _bilinear(function, low, low + width)
    lowest = np.minimum.reduce([_at(gauss, v, w) for v in (low, low + width) for w in (low, low + width)])
    return np.ascontiguousarray(np.where((lowest < 0.0)[:, None, :], corners, gauss))


def _bilinear(function: Function, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Coefficients [j, (a, b, c, d), i] of the bilinear function through two points of each class."""
    v1, v2 = first[None, :], second[None, :]
    w1, w2 = first[:, None], second[:, None]
    k11, k21, k12, k22 = function(v1, w1), function(v2, w1), function(v1, w2), function(v2, w2)
    area = (v2 - v1) * (w2 - w1)
    a = (k11 * v2 * w2 - k21 * v1 * w2 - k12 * v2 * w1 + k22 * v1 * w1) / area
    b = (k21 * w2 - k11 * w2 - k22 * w1 + k12 * w1) / area
    c = (k12 * v2 - k11 * v2 - k22 * v1 + k21 * v1) / area
    d = (k11 - k21 - k12 + k22) / area
    return np.stack([a, b, c, d], axis=1)


def _at(table: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The bilinear function at one size of each class."""
    return table[:, 0] + table[:, 1] * v[None, :] + table[:, 2] * w[:, None] + table[:, 3] * v[None, :] * w[:, None]

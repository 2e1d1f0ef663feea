"""Exact solutions of coagulation, which collision kernels name as theirs and against which every scheme here is held.

Exponential start n₀ = (N₀/v₀) e^(−v/v₀). Densities are in scaled size x = v/v₀ and scaled time τ, so that n(v, t) = (N₀/v₀) density(x, τ).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, ive


@dataclass(frozen=True)
class Exact:
    """density(x, τ); number(τ) = N/N₀; second(τ) = M₂/(N₀ v₀²); scaled_time(rate, N₀, v₀, t) = τ; latest: the τ up to which it holds."""

    density: Callable[[np.ndarray, float], np.ndarray]
    number: Callable[[float], float]
    second: Callable[[float], float]
    scaled_time: Callable[[float, float, float, float], float]
    latest: float = np.inf


def constant_density(x: np.ndarray, tau: float) -> np.ndarray:
    """AGG-20. K = β₀, τ = β₀ N₀ t: 4/(τ + 2)² e^(−2x/(τ+2)). Source: smoluchowski1916, schumann1940."""
    return 4.0 / (tau + 2.0) ** 2 * np.exp(-2.0 * x / (tau + 2.0))


def sum_density(x: np.ndarray, tau: float) -> np.ndarray:
    """AGG-21. K = β₁ (u + w), τ = β₁ N₀ v₀ t, T = 1 − e^(−τ): (1 − T)/(x √T) e^(−x(1+T)) I₁(2x √T). Source: golovin1963, scott1968."""
    if tau <= 0.0:
        return np.exp(-x)
    share = -np.expm1(-tau)
    root = np.sqrt(share)
    z = 2.0 * x * root
    bessel = np.where(z < 1e4, ive(1, np.minimum(z, 1e4)), 1.0 / np.sqrt(2.0 * np.pi * np.maximum(z, 1.0)))
    return (1.0 - share) / (x * root) * bessel * np.exp(-x * (1.0 - root) ** 2)


def product_density(x: np.ndarray, tau: float) -> np.ndarray:
    """AGG-22. K = β₂ u w, τ = β₂ N₀ v₀² t < ½: e^(−(1+τ)x) Σ_k τ^k x^(3k)/((k+1)! Γ(2k+2)). Source: scott1968."""
    if tau <= 0.0:
        return np.exp(-x)
    k = np.arange(600)[:, None]
    flat = np.ravel(x)
    terms = k * np.log(tau) + 3.0 * k * np.log(flat) - gammaln(k + 2.0) - gammaln(2.0 * k + 2.0) - (1.0 + tau) * flat
    return np.exp(terms).sum(axis=0).reshape(np.shape(x))


EXACT: dict[str, Exact] = {
    "constant": Exact(constant_density, lambda tau: 2.0 / (2.0 + tau), lambda tau: 2.0 + tau, lambda rate, n0, v0, t: rate * n0 * t),
    "sum": Exact(sum_density, lambda tau: np.exp(-tau), lambda tau: 2.0 * np.exp(2.0 * tau), lambda rate, n0, v0, t: rate * n0 * v0 * t),
    "product": Exact(
        product_density,
        lambda tau: 1.0 - 0.5 * tau,
        lambda tau: 2.0 / (1.0 - 2.0 * tau),
        lambda rate, n0, v0, t: rate * n0 * v0**2 * t,
        latest=0.5,
    ),
}

SELF_PRESERVING = {"brownian": 1.073}
"""What AGG-23 tends to from any start. Source: friedlander1966."""


def self_preserving(rate_of_loss: float, number: float, rate_of_equals: float) -> float:
    """AGG-23. −(dN/dt)/(½ K_equal N²), K_equal the rate of two particles of one size [m³/s]: how much variety of size speeds collisions."""
    return -rate_of_loss / (0.5 * rate_of_equals * number**2)


def in_classes(density: Callable[[np.ndarray], np.ndarray], edges: np.ndarray, points: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """AGG-24. N_k = ∫ n dv and M_k = ∫ v n dv over each class, by Gauss–Legendre in ln v; density n(v) [1/m⁶], edges [m³]."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    low, high = np.log(edges[:-1])[:, None], np.log(edges[1:])[:, None]
    v = np.exp(0.5 * (high - low) * nodes + 0.5 * (high + low))
    shares = 0.5 * (high - low) * weights * density(v) * v
    return shares.sum(axis=1), (shares * v).sum(axis=1)

"""BiCGStab (van der Vorst 1992, doi:10.1137/0913035) with one multigrid V-cycle as preconditioner."""

import math

import numpy as np

from calcisim.jit import kernel
from calcisim.numerics import threads
from calcisim.numerics.multigrid import Hierarchy
from calcisim.numerics.reduce import ordered_sum, row_dot


@kernel
def _direction(p, r, v, beta, omega, row0, row1):
    """p = r + β (p − ω v)."""
    species, _, ny, nx = p.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for s in range(species):
            for i in range(1, nx - 1):
                p[s, k, j, i] = r[s, k, j, i] + beta * (p[s, k, j, i] - omega * v[s, k, j, i])


@kernel
def _subtract(out, a, factor, b, parts, row0, row1):
    """out = a − factor·b, and parts[row] = Σ out²."""
    species, _, ny, nx = out.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        total = 0.0
        for s in range(species):
            for i in range(1, nx - 1):
                value = a[s, k, j, i] - factor * b[s, k, j, i]
                out[s, k, j, i] = value
                total += value * value
        parts[row] = total


@kernel
def _advance(x, alpha, p, row0, row1):
    """x += α p."""
    species, _, ny, nx = x.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for s in range(species):
            for i in range(1, nx - 1):
                x[s, k, j, i] += alpha * p[s, k, j, i]


@kernel
def _copy(target, source, row0, row1):
    species, _, ny, nx = target.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for s in range(species):
            for i in range(1, nx - 1):
                target[s, k, j, i] = source[s, k, j, i]


class Bicgstab:
    """Solver with its vectors, for one hierarchy; the vectors are reused from call to call.

    spare : a field of the caller's that a solve may use as one of them; it need not hold anything afterwards. In turn `p` is lent between
    solves: each begins it anew.
    """

    def __init__(self, hierarchy: Hierarchy, spare: np.ndarray | None = None):
        self.hierarchy = hierarchy
        shape = hierarchy.fine.diag.shape
        self.r, self.p, self.v, self.h = (np.zeros(shape) for _ in range(4))
        self.t = np.zeros(shape) if spare is None else spare
        self.n_rows, self.row_size = (shape[1] - 2) * (shape[2] - 2), (shape[3] - 2) * shape[0]
        self.parts = np.zeros(self.n_rows)
        self.iterations = 0

    def _rows(self, sweep, *args) -> None:
        threads.rows(sweep, self.n_rows, self.row_size, *args)

    def _dot(self, a, b) -> float:
        self._rows(row_dot, a, b, self.parts)
        return ordered_sum(self.parts)

    def solve(self, b: np.ndarray, x: np.ndarray, tolerance: float, limit: int = 30) -> bool:
        """A x = b from x = 0 to |b − A x| ≤ tolerance |b|; False when `limit` iterations did not do."""
        x[...] = 0.0
        self._rows(_copy, self.r, b)
        shadow = b  # the first residual, which b stays
        self.p[...] = 0.0
        self.v[...] = 0.0
        norm = math.sqrt(self._dot(b, b))
        if norm == 0.0:
            return True
        rho = alpha = omega = 1.0
        for _ in range(limit):
            self.iterations += 1
            rho_new = self._dot(shadow, self.r)
            if rho_new == 0.0 or omega == 0.0:
                return False
            self._rows(_direction, self.p, self.r, self.v, rho_new / rho * alpha / omega, omega)
            rho = rho_new
            self.hierarchy.cycle(self.p, self.h)
            self.hierarchy.multiply(self.h, self.v)
            along = self._dot(shadow, self.v)
            if along == 0.0 or not math.isfinite(along):
                return False
            alpha = rho / along
            self._rows(_advance, x, alpha, self.h)
            self._rows(_subtract, self.r, self.r, alpha, self.v, self.parts)  # the residual halfway
            if math.sqrt(ordered_sum(self.parts)) <= tolerance * norm:
                return True
            self.hierarchy.cycle(self.r, self.h)
            self.hierarchy.multiply(self.h, self.t)
            length = self._dot(self.t, self.t)
            omega = self._dot(self.t, self.r) / length if length > 0.0 else 0.0
            self._rows(_advance, x, omega, self.h)
            self._rows(_subtract, self.r, self.r, omega, self.t, self.parts)
            if math.sqrt(ordered_sum(self.parts)) <= tolerance * norm:
                return True
        return False

"""Geometric multigrid for several species that share faces and are coupled voxel by voxel.

Solves, for every species s,
    diag_s x_s − D_s Σ_faces T_f (x_s,neighbour − x_s) + Σ_q U_sq Σ_r W_qr x_r = b_s
with per-voxel diagonals, face coefficients T shared by the species and a coupling of low rank q.
Cell-centred; piecewise-constant restriction and prolongation; coarse faces from the fine ones over the ratio of centre distances;
collective red–black Gauss–Seidel that inverts the voxel block, by the Sherman–Morrison identity for rank one, else once per
operator. Couplings of one phase are fields; those of several are kept for the voxels that have one (`Hierarchy.couple`). Axes much longer
than the shortest spacing are coarsened later (semi-coarsening), odd sizes leave a last single cell.
"""

from typing import NamedTuple

import numpy as np

from calcisim.numerics import threads
from calcisim.numerics.multigrid_kernels import apply, coarsen, complete, prolong, restrict_smoothed, smooth

_SEMI = 1.5  # axes whose spacing is within this factor of the smallest are coarsened


class Level(NamedTuple):
    """One grid of the hierarchy. Arrays carry one ghost layer; T is zero on closed faces.

    diag without faces, and inverse = 1/(diag_s + D_s Σ T) (species, z, y, x);
    tx, ty, tz (z, y, x): face towards the lower neighbour; coupled (z, y): rows with a coupling; diffusivity (species,);
    stoichiometry (species, phase).
    W of one phase: w (1, species, z, y, x), and shrink (z, y, x): 1/(1 + wᵀA⁻¹U).
    W of several: place (z, y, x), the number of a coupled voxel, −1 for the others; by that number coupling (number, phase, species) and
    block (number, species, species): (A + U Wᵀ)⁻¹ A.
    """

    diag: np.ndarray
    inverse: np.ndarray
    tx: np.ndarray
    ty: np.ndarray
    tz: np.ndarray
    w: np.ndarray
    shrink: np.ndarray
    place: np.ndarray
    coupling: np.ndarray
    block: np.ndarray
    coupled: np.ndarray
    diffusivity: np.ndarray
    stoichiometry: np.ndarray


class _Axis(NamedTuple):
    """How one axis is coarsened: factor 1 or 2, the coarse cell centres, and fine over coarse centre distance per coarse face."""

    factor: int
    centres: np.ndarray
    ratio: np.ndarray


def _coarse_axis(edges: np.ndarray, factor: int) -> tuple[np.ndarray, _Axis]:
    """Coarse cell edges and the axis record; the last coarse cell may hold a single fine cell."""
    fine = 0.5 * (edges[:-1] + edges[1:])
    coarse_edges = edges if factor == 1 else np.append(edges[:-1:2], edges[-1])
    centres = 0.5 * (coarse_edges[:-1] + coarse_edges[1:])
    ratio = np.zeros(centres.size + 2)
    for cell in range(1, centres.size):
        first = cell * factor
        ratio[cell + 1] = (fine[first] - fine[first - 1]) / (centres[cell] - centres[cell - 1])
    return coarse_edges, _Axis(factor, centres, ratio)


def _allocate(shape: tuple[int, int, int], diffusivity: np.ndarray, stoichiometry: np.ndarray) -> Level:
    padded = tuple(n + 2 for n in shape)
    species, phases = stoichiometry.shape
    one, several = (padded, (1, 1, 1)) if phases == 1 else ((1, 1, 1), padded)
    tx, ty, tz = np.zeros(padded), np.zeros(padded), np.zeros(padded)
    diag, w, shrink = np.ones((species, *padded)), np.zeros((1, species, *one)), np.ones(one)
    place, coupling, block = np.full(several, -1, dtype=np.int32), np.zeros((0, phases, species)), np.zeros((0, species, species))
    coupled = np.zeros(padded[:2], dtype=np.bool_)
    return Level(diag, diag.copy(), tx, ty, tz, w, shrink, place, coupling, block, coupled, diffusivity, stoichiometry)


class Hierarchy:
    """All levels from the given grid down to one cell, with the vectors a V-cycle needs.

    shape (z, y, x); spacing (z, y, x) in m; diffusivity (species,); stoichiometry (species, phase)
    """

    def __init__(self, shape, spacing, diffusivity, stoichiometry):
        self.diffusivity = np.array(diffusivity, dtype=float)
        self.stoichiometry = np.array(stoichiometry, dtype=float).reshape(self.diffusivity.size, -1)
        edges = [np.arange(n + 1) * float(h) for n, h in zip(shape, spacing, strict=True)]
        self.levels = [_allocate(tuple(shape), self.diffusivity, self.stoichiometry)]
        self.axes = []
        while any(edge.size > 2 for edge in edges):
            edges, axes = self._coarser(edges)
            self.axes.append(axes)
            self.levels.append(_allocate(tuple(edge.size - 1 for edge in edges), self.diffusivity, self.stoichiometry))
        self.cells = [np.zeros(0, dtype=np.int64) for _ in self.levels]  # that are coupled
        coarser = [level.diag.shape for level in self.levels[1:]]  # the finest vectors are the caller's
        self.x = [np.zeros((1, 1, 1, 1)), *(np.zeros(shape) for shape in coarser)]
        self.b = [np.zeros((1, 1, 1, 1)), *(np.zeros(shape) for shape in coarser)]
        self.vcycles = 0

    @staticmethod
    def _coarser(edges):
        widths = [(edge[-1] - edge[0]) / (edge.size - 1) if edge.size > 2 else np.inf for edge in edges]
        limit = _SEMI * min(widths)
        pairs = [_coarse_axis(edge, 2 if width <= limit else 1) for edge, width in zip(edges, widths, strict=True)]
        return [pair[0] for pair in pairs], tuple(pair[1] for pair in pairs)

    @property
    def fine(self) -> Level:
        """The finest level: fill its diag, tx, ty, tz and, for one phase, w, for several, coupling; then call `assemble`. Look it up again
        after `couple`, which makes other arrays for coupling and block."""
        return self.levels[0]

    def couple(self, cells: np.ndarray) -> None:
        """Say which voxels of the finest grid may have a coupling, with several phases: flat numbers in the padded grid, each once. Their
        `fine.coupling` stands in this order and is zero."""
        species, phases = self.stoichiometry.shape
        nothing = {"coupling": np.zeros((0, phases, species)), "block": np.zeros((0, species, species))}
        self.levels = [level._replace(**nothing) for level in self.levels]  # lets go of the arrays that were before it makes others
        for index, level in enumerate(self.levels):
            place = level.place.reshape(-1)
            place[self.cells[index]] = -1
            place[cells] = np.arange(cells.size)
            self.cells[index] = cells
            coupling, block = np.zeros((cells.size, phases, species)), np.zeros((cells.size, species, species))
            self.levels[index] = level._replace(coupling=coupling, block=block)
            if index < len(self.axes):
                cells = self._coarse_cells(index, cells)

    def _coarse_cells(self, index: int, cells: np.ndarray) -> np.ndarray:
        """The voxels of the next coarser grid that hold these."""
        fine, coarse = self.levels[index].place.shape, self.levels[index + 1].place.shape
        places = np.unravel_index(cells, fine)
        into = [(place - 1) // axis.factor + 1 for place, axis in zip(places, self.axes[index], strict=True)]
        return np.unique(np.ravel_multi_index(into, coarse))

    def assemble(self) -> None:
        """Complete the finest operator and make every coarser one from it."""
        _, nz, ny, nx = self.fine.diag.shape
        threads.rows(complete, (nz - 2) * (ny - 2), nx - 2, self.fine)
        for index, axes in enumerate(self.axes):
            coarse = self.levels[index + 1]
            _, nz, ny, nx = coarse.diag.shape
            factors = tuple(axis.factor for axis in axes)
            ratios = tuple(axis.ratio for axis in axes)
            threads.rows(coarsen, (nz - 2) * (ny - 2), (nx - 2) * 8, self.levels[index], coarse, *factors, *ratios)
            threads.rows(complete, (nz - 2) * (ny - 2), nx - 2, coarse)

    def _smooth(self, index: int, x, b, colour: int, zero: bool) -> None:
        _, nz, ny, nx = x.shape
        threads.rows(smooth, (nz - 2) * (ny - 2), nx - 2, self.levels[index], x, b, colour, zero)

    def cycle(self, b: np.ndarray, x: np.ndarray, index: int = 0) -> None:
        """One V(1,1) cycle for A x = b from x = 0."""
        if index == 0:
            self.vcycles += 1
        self._smooth(index, x, b, 0, True)
        if index + 1 == len(self.levels):
            return
        self._smooth(index, x, b, 1, False)
        coarse_b, coarse_x = self.b[index + 1], self.x[index + 1]
        factors = tuple(axis.factor for axis in self.axes[index])
        _, nz, ny, nx = coarse_b.shape
        threads.rows(restrict_smoothed, (nz - 2) * (ny - 2), (nx - 2) * 8, self.levels[index], x, coarse_b, *factors)
        self.cycle(coarse_b, coarse_x, index + 1)
        _, nz, ny, nx = x.shape
        threads.rows(prolong, (nz - 2) * (ny - 2), nx - 2, x, coarse_x, *factors)
        self._smooth(index, x, b, 1, False)
        self._smooth(index, x, b, 0, False)

    def multiply(self, x: np.ndarray, y: np.ndarray) -> None:
        """y = A x on the finest level."""
        _, nz, ny, nx = x.shape
        threads.rows(apply, (nz - 2) * (ny - 2), nx - 2, self.levels[0], x, y)

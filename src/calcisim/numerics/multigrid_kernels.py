"""Sweeps of the multigrid hierarchy. A row is one (z, y) line; `level` is a multigrid.Level; arrays carry one ghost layer."""

import numpy as np

from calcisim.jit import kernel


@kernel
def _neighbours(level, x, s, k, j, i):
    """Σ_faces T_f x_s,neighbour of one voxel."""
    return (
        level.tx[k, j, i] * x[s, k, j, i - 1]
        + level.tx[k, j, i + 1] * x[s, k, j, i + 1]
        + level.ty[k, j, i] * x[s, k, j - 1, i]
        + level.ty[k, j + 1, i] * x[s, k, j + 1, i]
        + level.tz[k, j, i] * x[s, k - 1, j, i]
        + level.tz[k + 1, j, i] * x[s, k + 1, j, i]
    )


@kernel
def _woodbury(level, x, k, j, i, small, right):
    """Correct x = A⁻¹ b of one voxel for the coupling: x ← x − A⁻¹U (I + WᵀA⁻¹U)⁻¹ Wᵀx. small (q, q), right (q,) are scratch."""
    phases, species = level.w.shape[0], level.w.shape[1]
    for p in range(phases):
        total = 0.0
        for s in range(species):
            total += level.w[p, s, k, j, i] * x[s, k, j, i]
        right[p] = total
        for q in range(phases):
            entry = 0.0
            for s in range(species):
                entry += level.w[p, s, k, j, i] * level.stoichiometry[s, q] / level.diag[s, k, j, i]
            small[p, q] = entry + (1.0 if p == q else 0.0)
    for p in range(phases):  # elimination without pivoting: the diagonal is 1 plus a non-negative coupling
        for q in range(p + 1, phases):
            factor = small[q, p] / small[p, p]
            for r in range(p, phases):
                small[q, r] -= factor * small[p, r]
            right[q] -= factor * right[p]
    for p in range(phases - 1, -1, -1):
        for q in range(p + 1, phases):
            right[p] -= small[p, q] * right[q]
        right[p] /= small[p, p]
    for s in range(species):
        total = 0.0
        for q in range(phases):
            total += level.stoichiometry[s, q] * right[q]
        x[s, k, j, i] -= total / level.diag[s, k, j, i]


@kernel
def _sherman_morrison(level, x, k, j, i):
    """The same for one phase, without scratch."""
    species = level.w.shape[1]
    right = 0.0
    small = 1.0
    for s in range(species):
        right += level.w[0, s, k, j, i] * x[s, k, j, i]
        small += level.w[0, s, k, j, i] * level.stoichiometry[s, 0] / level.diag[s, k, j, i]
    if right == 0.0:
        return
    right /= small
    for s in range(species):
        x[s, k, j, i] -= level.stoichiometry[s, 0] * right / level.diag[s, k, j, i]


@kernel
def smooth(level, x, b, colour, zero, row0, row1):
    """One colour of a collective Gauss–Seidel sweep; with `zero` the rows start from x = 0 and neighbours are not read."""
    species, _, ny, nx = x.shape
    rows = ny - 2
    phases = level.w.shape[0]
    small = np.empty((phases, phases))
    right = np.empty(phases)
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        if zero:
            for s in range(species):
                for i in range(nx):
                    x[s, k, j, i] = 0.0
        for i in range(1 + ((k + j + colour + 1) & 1), nx - 1, 2):
            for s in range(species):
                right_side = b[s, k, j, i]
                if not zero:
                    right_side += level.diffusivity[s] * _neighbours(level, x, s, k, j, i)
                x[s, k, j, i] = right_side / level.diag[s, k, j, i]
            if phases == 1:
                _sherman_morrison(level, x, k, j, i)
            elif phases > 1:
                _woodbury(level, x, k, j, i, small, right)


@kernel
def _product(level, x, s, k, j, i):
    """(A x)_s of one voxel."""
    phases, species = level.w.shape[0], level.w.shape[1]
    value = level.diag[s, k, j, i] * x[s, k, j, i] - level.diffusivity[s] * _neighbours(level, x, s, k, j, i)
    for q in range(phases):
        coupling = 0.0
        for r in range(species):
            coupling += level.w[q, r, k, j, i] * x[r, k, j, i]
        value += level.stoichiometry[s, q] * coupling
    return value


@kernel
def apply(level, x, y, row0, row1):
    """y = A x."""
    species, _, ny, nx = x.shape
    rows = ny - 2
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        for s in range(species):
            for i in range(1, nx - 1):
                y[s, k, j, i] = _product(level, x, s, k, j, i)


@kernel
def restrict_residual(level, x, b, coarse, fz, fy, fx, row0, row1):
    """coarse = Σ over the fine voxels of each coarse one of (b − A x). Rows are coarse rows."""
    species, nz, ny, nx = x.shape
    rows = coarse.shape[2] - 2
    for row in range(row0, row1):
        kc = row // rows + 1
        jc = row % rows + 1
        for s in range(species):
            for ic in range(1, coarse.shape[3] - 1):
                total = 0.0
                for k in range((kc - 1) * fz + 1, min(kc * fz + 1, nz - 1)):
                    for j in range((jc - 1) * fy + 1, min(jc * fy + 1, ny - 1)):
                        for i in range((ic - 1) * fx + 1, min(ic * fx + 1, nx - 1)):
                            total += b[s, k, j, i] - _product(level, x, s, k, j, i)
                coarse[s, kc, jc, ic] = total


@kernel
def prolong(x, coarse, fz, fy, fx, row0, row1):
    """x += coarse, constant over each coarse voxel. Rows are fine rows."""
    species, _, ny, nx = x.shape
    rows = ny - 2
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        for s in range(species):
            for i in range(1, nx - 1):
                x[s, k, j, i] += coarse[s, (k - 1) // fz + 1, (j - 1) // fy + 1, (i - 1) // fx + 1]


@kernel
def _face_sum(level, k, j, i):
    return (
        level.tx[k, j, i]
        + level.tx[k, j, i + 1]
        + level.ty[k, j, i]
        + level.ty[k, j + 1, i]
        + level.tz[k, j, i]
        + level.tz[k + 1, j, i]
    )


@kernel
def _sum_block(fine, coarse, kc, jc, ic, fz, fy, fx):
    """Add up what a coarse voxel inherits: diagonals without faces, couplings and its lower faces."""
    species, nz, ny, nx = fine.diag.shape
    phases = fine.w.shape[0]
    tx = 0.0
    ty = 0.0
    tz = 0.0
    for s in range(species):
        coarse.diag[s, kc, jc, ic] = 0.0
        for q in range(phases):
            coarse.w[q, s, kc, jc, ic] = 0.0
    for k in range((kc - 1) * fz + 1, min(kc * fz + 1, nz - 1)):
        for j in range((jc - 1) * fy + 1, min(jc * fy + 1, ny - 1)):
            for i in range((ic - 1) * fx + 1, min(ic * fx + 1, nx - 1)):
                faces = _face_sum(fine, k, j, i)
                for s in range(species):
                    coarse.diag[s, kc, jc, ic] += fine.diag[s, k, j, i] - fine.diffusivity[s] * faces
                    for q in range(phases):
                        coarse.w[q, s, kc, jc, ic] += fine.w[q, s, k, j, i]
                if i == (ic - 1) * fx + 1:
                    tx += fine.tx[k, j, i]
                if j == (jc - 1) * fy + 1:
                    ty += fine.ty[k, j, i]
                if k == (kc - 1) * fz + 1:
                    tz += fine.tz[k, j, i]
    coarse.tx[kc, jc, ic] = tx
    coarse.ty[kc, jc, ic] = ty
    coarse.tz[kc, jc, ic] = tz


@kernel
def coarsen(fine, coarse, fz, fy, fx, rz, ry, rx, row0, row1):
    """Coarse operator; f: factors, r: fine over coarse centre distance of each coarse face. Rows are coarse rows."""
    rows = coarse.tx.shape[1] - 2
    nx = coarse.tx.shape[2]
    for row in range(row0, row1):
        kc = row // rows + 1
        jc = row % rows + 1
        for ic in range(1, nx - 1):
            _sum_block(fine, coarse, kc, jc, ic, fz, fy, fx)
            coarse.tx[kc, jc, ic] *= rx[ic]
            coarse.ty[kc, jc, ic] *= ry[jc]
            coarse.tz[kc, jc, ic] *= rz[kc]


@kernel
def add_faces(level, row0, row1):
    """diag_s += D_s Σ_faces T, once all faces of the level stand."""
    species, _, ny, nx = level.diag.shape
    rows = ny - 2
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        for i in range(1, nx - 1):
            faces = _face_sum(level, k, j, i)
            for s in range(species):
                level.diag[s, k, j, i] += level.diffusivity[s] * faces

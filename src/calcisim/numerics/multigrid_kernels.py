"""Sweeps of the multigrid hierarchy. A row is one (z, y) line; `level` is a multigrid.Level; arrays carry one ghost layer."""

import numpy as np

from calcisim.jit import kernel, part


@part
def _block_row(level, x, k, j, first, amount):
    """x = (A + U Wᵀ)⁻¹ A x of the coupled voxels of one colour of a row, A = diag_s + D_s Σ T; the inverse is stored (`_invert`).
    amount (species,) is scratch."""
    species, nx = x.shape[0], x.shape[3]
    for i in range(first, nx - 1, 2):
        place = level.place[k, j, i]
        if place < 0:
            continue
        for s in range(species):
            amount[s] = 0.0
            for r in range(species):
                amount[s] += level.block[place, s, r] * x[r, k, j, i]
        for s in range(species):
            x[s, k, j, i] = amount[s]


@part
def _invert(level, place, k, j, i, small):
    """Stores (A + U Wᵀ)⁻¹ A of a voxel, by elimination without pivoting (taken to be dominant). small (s, 2s): scratch."""
    species, phases = level.stoichiometry.shape
    for s in range(species):
        for r in range(species):
            entry = 1.0 if s == r else 0.0
            small[s, species + r] = entry
            for q in range(phases):
                entry += level.inverse[s, k, j, i] * level.stoichiometry[s, q] * level.coupling[place, q, r]
            small[s, r] = entry
    for p in range(species):
        pivot = 1.0 / small[p, p]
        for r in range(2 * species):
            small[p, r] *= pivot
        for s in range(species):
            if s != p and small[s, p] != 0.0:
                factor = small[s, p]
                for r in range(2 * species):
                    small[s, r] -= factor * small[p, r]
    for s in range(species):
        for r in range(species):
            level.block[place, s, r] = small[s, species + r]


@part
def _couple_row(level, x, k, j, first, amount):
    """The same along one colour of a row for a single phase, whose 1/(1 + wᵀA⁻¹U) is stored. amount (nx,) is scratch."""
    species, nx = x.shape[0], x.shape[3]
    for i in range(first, nx - 1, 2):
        amount[i] = 0.0
    for s in range(species):
        w = level.w[0, s, k, j]
        here = x[s, k, j]
        for i in range(first, nx - 1, 2):
            amount[i] += w[i] * here[i]
    shrink = level.shrink[k, j]
    for i in range(first, nx - 1, 2):
        amount[i] *= shrink[i]
    for s in range(species):
        if level.stoichiometry[s, 0] != 0.0:
            here = x[s, k, j]
            inverse = level.inverse[s, k, j]
            for i in range(first, nx - 1, 2):
                here[i] -= level.stoichiometry[s, 0] * inverse[i] * amount[i]


@part
def _relax_row(level, x, b, s, k, j, first):
    """x = (b + D Σ T x_neighbour)/diag along one colour of a row."""
    nx = x.shape[3]
    here = x[s, k, j]
    south, north = x[s, k, j - 1], x[s, k, j + 1]
    below, above = x[s, k - 1, j], x[s, k + 1, j]
    tx, ty, ty_up = level.tx[k, j], level.ty[k, j], level.ty[k, j + 1]
    tz, tz_up = level.tz[k, j], level.tz[k + 1, j]
    right, inverse, d = b[s, k, j], level.inverse[s, k, j], level.diffusivity[s]
    for i in range(first, nx - 1, 2):
        flow = tx[i] * here[i - 1] + tx[i + 1] * here[i + 1] + ty[i] * south[i] + ty_up[i] * north[i]
        flow += tz[i] * below[i] + tz_up[i] * above[i]
        here[i] = (right[i] + d * flow) * inverse[i]


@kernel
def smooth(level, x, b, colour, zero, row0, row1):
    """One colour of a collective Gauss–Seidel sweep; with `zero` the rows start from x = 0 and neighbours are not read."""
    species, _, ny, nx = x.shape
    rows = ny - 2
    phases = level.stoichiometry.shape[1]
    amount = np.empty(max(nx, species))
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        first = 1 + ((k + j + colour) & 1)
        for s in range(species):
            if zero:
                here, side, inverse = x[s, k, j], b[s, k, j], level.inverse[s, k, j]
                for i in range(nx):
                    here[i] = 0.0
                for i in range(first, nx - 1, 2):
                    here[i] = side[i] * inverse[i]
            else:
                _relax_row(level, x, b, s, k, j, first)
        if not level.coupled[k, j]:
            continue
        if phases == 1:
            _couple_row(level, x, k, j, first, amount)
        else:
            _block_row(level, x, k, j, first, amount)


@kernel
def apply(level, x, y, row0, row1):
    """y = A x."""
    species, _, ny, nx = x.shape
    phases = level.stoichiometry.shape[1]
    rows = ny - 2
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        for s in range(species):
            out, here, diag = y[s, k, j], x[s, k, j], level.diag[s, k, j]
            south, north = x[s, k, j - 1], x[s, k, j + 1]
            below, above = x[s, k - 1, j], x[s, k + 1, j]
            tx, ty, ty_up = level.tx[k, j], level.ty[k, j], level.ty[k, j + 1]
            tz, tz_up, d = level.tz[k, j], level.tz[k + 1, j], level.diffusivity[s]
            for i in range(1, nx - 1):
                one = here[i]
                flow = tx[i] * (here[i - 1] - one) + tx[i + 1] * (here[i + 1] - one)
                flow += ty[i] * (south[i] - one) + ty_up[i] * (north[i] - one) + tz[i] * (below[i] - one) + tz_up[i] * (above[i] - one)
                out[i] = diag[i] * one - d * flow
        if not level.coupled[k, j]:
            continue
        if phases == 1:
            for i in range(1, nx - 1):
                amount = 0.0
                for r in range(species):
                    amount += level.w[0, r, k, j, i] * x[r, k, j, i]
                for s in range(species):
                    y[s, k, j, i] += level.stoichiometry[s, 0] * amount
            continue
        for i in range(1, nx - 1):
            place = level.place[k, j, i]
            if place < 0:
                continue
            for q in range(phases):
                amount = 0.0
                for r in range(species):
                    amount += level.coupling[place, q, r] * x[r, k, j, i]
                for s in range(species):
                    y[s, k, j, i] += level.stoichiometry[s, q] * amount


@kernel
def restrict_smoothed(level, x, coarse, fz, fy, fx, row0, row1):
    """coarse = Σ over the fine voxels of each coarse one of (b − A x), right after colour 0 and colour 1 were relaxed from x = 0.

    Colour 1 then has no residual, and that of colour 0 is what its neighbours brought, D Σ T x_neighbour. Rows are coarse rows.
    """
    species, nz, ny, nx = x.shape
    rows = coarse.shape[2] - 2
    for row in range(row0, row1):
        kc = row // rows + 1
        jc = row % rows + 1
        for s in range(species):
            out, d = coarse[s, kc, jc], level.diffusivity[s]
            for ic in range(1, coarse.shape[3] - 1):
                out[ic] = 0.0
            for k in range((kc - 1) * fz + 1, min(kc * fz + 1, nz - 1)):
                for j in range((jc - 1) * fy + 1, min(jc * fy + 1, ny - 1)):
                    here, south, north, below, above = x[s, k, j], x[s, k, j - 1], x[s, k, j + 1], x[s, k - 1, j], x[s, k + 1, j]
                    tx, ty, ty_up, tz, tz_up = level.tx[k, j], level.ty[k, j], level.ty[k, j + 1], level.tz[k, j], level.tz[k + 1, j]
                    for i in range(1 + ((k + j) & 1), nx - 1, 2):
                        flow = tx[i] * here[i - 1] + tx[i + 1] * here[i + 1] + ty[i] * south[i] + ty_up[i] * north[i]
                        out[(i - 1) // fx + 1] += d * (flow + tz[i] * below[i] + tz_up[i] * above[i])


@kernel
def prolong(x, coarse, fz, fy, fx, row0, row1):
    """x += coarse, constant over each coarse voxel. Rows are fine rows."""
    species, _, ny, nx = x.shape
    rows = ny - 2
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        for s in range(species):
            here = x[s, k, j]
            above = coarse[s, (k - 1) // fz + 1, (j - 1) // fy + 1]
            if fx == 1:
                for i in range(1, nx - 1):
                    here[i] += above[i]
            else:
                for i in range(1, nx - 2, 2):
                    here[i] += above[(i + 1) >> 1]
                    here[i + 1] += above[(i + 1) >> 1]
                if nx % 2 == 1:  # an odd number of voxels leaves a single one
                    here[nx - 2] += above[(nx - 1) >> 1]


@part
def _face_sum(level, k, j, i):
    return level.tx[k, j, i] + level.tx[k, j, i + 1] + level.ty[k, j, i] + level.ty[k, j + 1, i] + level.tz[k, j, i] + level.tz[k + 1, j, i]


@kernel
def _add_row(target, source, fx):
    """target[coarse] += Σ source over the fine voxels of a row."""
    for i in range(1, source.size - 1):
        target[(i - 1) // fx + 1] += source[i]


@part
def _add_couplings(coarse, fine, kc, jc, k, j, fx):
    """The coupling of a coarse voxel is the sum of those of its fine ones."""
    species, phases = fine.stoichiometry.shape
    for i in range(1, fine.diag.shape[3] - 1):
        place = fine.place[k, j, i]
        if place >= 0:
            into = coarse.place[kc, jc, (i - 1) // fx + 1]
            for q in range(phases):
                for s in range(species):
                    coarse.coupling[into, q, s] += fine.coupling[place, q, s]


@part
def _sum_rows(fine, coarse, kc, jc, fz, fy, fx):
    """What a coarse row inherits: diagonals without faces, couplings and its lower faces."""
    species, nz, ny, nx = fine.diag.shape
    phases = fine.stoichiometry.shape[1]
    coarse.tx[kc, jc, :] = 0.0
    coarse.ty[kc, jc, :] = 0.0
    coarse.tz[kc, jc, :] = 0.0
    coarse.diag[:, kc, jc, :] = 0.0
    if phases == 1:
        coarse.w[:, :, kc, jc, :] = 0.0
    else:
        for ic in range(1, coarse.diag.shape[3] - 1):
            if coarse.place[kc, jc, ic] >= 0:
                coarse.coupling[coarse.place[kc, jc, ic]] = 0.0
    for k in range((kc - 1) * fz + 1, min(kc * fz + 1, nz - 1)):
        for j in range((jc - 1) * fy + 1, min(jc * fy + 1, ny - 1)):
            for s in range(species):
                _add_row(coarse.diag[s, kc, jc], fine.diag[s, k, j], fx)
                if phases == 1 and fine.coupled[k, j]:
                    _add_row(coarse.w[0, s, kc, jc], fine.w[0, s, k, j], fx)
            if phases > 1 and fine.coupled[k, j]:
                _add_couplings(coarse, fine, kc, jc, k, j, fx)
            if j == (jc - 1) * fy + 1:
                _add_row(coarse.ty[kc, jc], fine.ty[k, j], fx)
            if k == (kc - 1) * fz + 1:
                _add_row(coarse.tz[kc, jc], fine.tz[k, j], fx)
            for i in range(1, nx - 1, fx):
                coarse.tx[kc, jc, (i - 1) // fx + 1] += fine.tx[k, j, i]


@kernel
def coarsen(fine, coarse, fz, fy, fx, rz, ry, rx, row0, row1):
    """Coarse operator; f: factors, r: fine over coarse centre distance of each coarse face. Rows are coarse rows."""
    rows = coarse.tx.shape[1] - 2
    nx = coarse.tx.shape[2]
    for row in range(row0, row1):
        kc = row // rows + 1
        jc = row % rows + 1
        _sum_rows(fine, coarse, kc, jc, fz, fy, fx)
        for ic in range(1, nx - 1):
            coarse.tx[kc, jc, ic] *= rx[ic]
            coarse.ty[kc, jc, ic] *= ry[jc]
            coarse.tz[kc, jc, ic] *= rz[kc]


@kernel
def complete(level, row0, row1):
    """Once all faces of the level stand: 1/(diag_s + D_s Σ T), which rows are coupled, and 1/(1 + wᵀA⁻¹U) for one phase, the inverse
    block of a voxel for several."""
    species, _, ny, nx = level.diag.shape
    phases = level.stoichiometry.shape[1]
    rows = ny - 2
    small = np.empty((species, 2 * species))
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        for i in range(1, nx - 1):
            faces = _face_sum(level, k, j, i)
            for s in range(species):
                level.inverse[s, k, j, i] = 1.0 / (level.diag[s, k, j, i] + level.diffusivity[s] * faces)
        coupled = False
        for i in range(1, nx - 1):
            if phases == 1:
                total = 1.0
                for s in range(species):
                    if level.w[0, s, k, j, i] != 0.0:
                        coupled = True
                    total += level.w[0, s, k, j, i] * level.stoichiometry[s, 0] * level.inverse[s, k, j, i]
                level.shrink[k, j, i] = 1.0 / total
            elif level.place[k, j, i] >= 0:
                coupled = True
                _invert(level, level.place[k, j, i], k, j, i, small)
        level.coupled[k, j] = coupled

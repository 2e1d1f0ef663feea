"""Diffusion between voxels, exchange with the plasma, and the ledger of a stage, in flux form.

Arrays carry one ghost layer; rows are flattened (z, y) lines. Species s, phase q, voxel (k, j, i).
"""

import math

from calcisim.jit import kernel, part

COARSE = 0.2e-3 * (1.0 + 1e-9)  # [m] edges above this get TRN-7; the margin keeps 0.2 mm below it, however it was written


@part
def pore_conductance(porosity, initial_porosity, hindrance, exponent):
    """TRN-1. Relative effective diffusivity of tissue whose pores fill.

    F = H (φ/φ0)^m,  D_eff = D F
    H : hindrance D_tissue/D_water of the unmineralised tissue [-];  φ, φ0 : open and initial pore fraction [-];  m : tortuosity exponent
    Validity 0 < φ ≤ φ0. Source: mackie1955.
    """
    if porosity == initial_porosity:
        return hindrance
    return hindrance * (porosity / initial_porosity) ** exponent


@kernel
def face_conductance(near, far):
    """TRN-2. Harmonic mean of the conductances on both sides of a face, 2 F F' / (F + F'); 0 when either is 0."""
    total = near + far
    return 2.0 * near * far / total if total > 0.0 else 0.0


@part
def boundary_conductance(diffusivity, conductance, spacing, exchange):
    """TRN-3. Conductance of an outer face per voxel volume [1/s], half a voxel in series with the exchange coefficient.

    1/(1/h + Δx/(2 D F)) / Δx;  F is F/E on a coarse axis (TRN-7);  h [m/s], infinite for a face held at plasma concentration (Dirichlet).
    """
    inner = 0.5 * spacing / (diffusivity * conductance)
    return 1.0 / ((1.0 / exchange + inner) * spacing)


@kernel
def effectiveness(modulus):
    """TRN-7. Share of a half voxel's resistance to diffusion that is left when its sink or source is fast.

    E = tanh(Th)/Th,  Th = (Δx/2) √((φκ + k)/(D F)),  k = max(uptake, 0)/c;  half the voxel then conducts F/E on its side of a face
    Th : Thiele modulus [-];  Δx : edge along the axis [m];  φκ : perfusion [1/s];  D : of calcium [m²/s];
    k : calcium that mineral took in the last step per local calcium [1/s]
    Where exchange is fast the concentration falls within √(D F/(φκ + k)) of the face, and calcium need not go as far as the middle.
    E = 1 for Th = 0; for Th → ∞ a face at c conducts √(D F (φκ + k)) c into the voxel, as into a half-space; in between up to 16 % less
    (Th = 1.5). Validity: pores of the voxel that stay open. A seal that mineral makes within a voxel of an open face is not seen: with E
    such a voxel takes up even more than without.
    Source: the effectiveness factor of a slab, thiele1939.
    """
    return math.tanh(modulus) / modulus if modulus > 0.0 else 1.0


@kernel
def conductances(porosity, initial_porosity, hindrance, exponent, out, row0, row1):
    """F of every voxel (TRN-1)."""
    _, ny, nx = porosity.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for i in range(1, nx - 1):
            out[k, j, i] = pore_conductance(porosity[k, j, i], initial_porosity[k, j, i], hindrance[k, j, i], exponent)


@kernel
def effects(porosity, perfusion, uptake, conductance, diffusivity, spacing, out, row0, row1):
    """E of every voxel (TRN-7) along an axis with this spacing; uptake k per local calcium [1/s]. A voxel that conducts nothing keeps 1."""
    _, ny, nx = porosity.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for i in range(1, nx - 1):
            rate = porosity[k, j, i] * perfusion[k, j, i] + max(uptake[k, j, i], 0.0)
            through = diffusivity * conductance[k, j, i]
            out[k, j, i] = effectiveness(0.5 * spacing * math.sqrt(rate / through)) if through > 0.0 else 1.0


@kernel
def faces(sides, weights, tz, ty, tx, row0, row1):
    """T = weight · TRN-2 on interior faces; weight = γΔt/Δx² of the axis. T sits at the upper of the two voxels.

    sides, weights : along z, y and x (`Sides.along`)
    """
    along_z, along_y, along_x = sides
    weight_z, weight_y, weight_x = weights
    _, ny, nx = along_x.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for i in range(1, nx - 1):
            if i > 1:
                tx[k, j, i] = weight_x * face_conductance(along_x[k, j, i], along_x[k, j, i - 1])
            if j > 1:
                ty[k, j, i] = weight_y * face_conductance(along_y[k, j, i], along_y[k, j - 1, i])
            if k > 1:
                tz[k, j, i] = weight_z * face_conductance(along_z[k, j, i], along_z[k - 1, j, i])


@kernel
def diagonal(porosity, exchange, gamma_dt, diag, row0, row1):
    """diag_s = φ + γΔt · exchange_s, before the faces are added; exchange (species, z, y, x) [1/s]."""
    species, _, ny, nx = diag.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for s in range(species):
            for i in range(1, nx - 1):
                diag[s, k, j, i] = porosity[k, j, i] + gamma_dt * exchange[s, k, j, i]


@part
def face_flux(field, tz, ty, tx, s, k, j, i):
    """Σ_faces T (c_neighbour − c): each face enters two voxels with opposite sign, so nothing is made or lost."""
    here = field[s, k, j, i]
    return (
        tx[k, j, i] * (field[s, k, j, i - 1] - here)
        + tx[k, j, i + 1] * (field[s, k, j, i + 1] - here)
        + ty[k, j, i] * (field[s, k, j - 1, i] - here)
        + ty[k, j + 1, i] * (field[s, k, j + 1, i] - here)
        + tz[k, j, i] * (field[s, k - 1, j, i] - here)
        + tz[k + 1, j, i] * (field[s, k + 1, j, i] - here)
    )


@kernel
def relative_size(part, whole):
    """|part|/whole; 0 where both are 0: a species that is absent stays absent."""
    return abs(part) / whole if whole > 0.0 or part != 0.0 else 0.0


@kernel
def stage_ledger(
    c, base, place, mineral, mineral_base, plasma, exchange, porosity, faces_z, faces_y, faces_x, constants, u, residual, worst, row0, row1
):  # fmt: skip
    """TRN-4. Dissolved amount per tissue volume after a stage, and what it differs from φc.

    u_s = u_base + D_s Σ_faces T_f (c_nb − c) + γΔt e_s (c_plasma − c) − Σ_q S_sq (m_q − m_base)
    residual = u − φ c;  worst[row] = largest |residual|/(φ (|c| + slack)), which below 1 keeps u positive where slack is 0.
    c, u, base, exchange (species, z, y, x); place (z, y, x): column of a voxel in mineral (phase, columns), −1 for one whose mineral stays
    as it is; plasma (species,);
    constants = (γΔt, D (species,), S (species, phase), slack (species,)); slack > 0 marks a signed total such as alkalinity
    """
    gamma_dt, diffusivity, stoichiometry, slack = constants
    species, _, ny, nx = c.shape
    phases = mineral.shape[0]
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        top = 0.0
        for s in range(species):
            for i in range(1, nx - 1):
                value = base[s, k, j, i] + diffusivity[s] * face_flux(c, faces_z, faces_y, faces_x, s, k, j, i)
                value += gamma_dt * exchange[s, k, j, i] * (plasma[s] - c[s, k, j, i])
                column = place[k, j, i]
                if column >= 0:
                    for q in range(phases):
                        value -= stoichiometry[s, q] * (mineral[q, column] - mineral_base[q, column])
                held = porosity[k, j, i] * c[s, k, j, i]
                u[s, k, j, i] = value
                residual[s, k, j, i] = value - held
                share = relative_size(value - held, porosity[k, j, i] * (abs(c[s, k, j, i]) + slack[s]))
                if top == top and not (share <= top):  # once NaN, always NaN
                    top = share
        worst[row] = top


@kernel
def damped_update(c, increment, slack, change, row0, row1):
    """c ← c + δ, δ held within −0.8 … +4 of |c| + slack; change[row] = largest |δ|/(|c| + slack) before damping."""
    species, _, ny, nx = c.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        top = 0.0
        for s in range(species):
            for i in range(1, nx - 1):
                old = c[s, k, j, i]
                step = increment[s, k, j, i]
                size = abs(old) + slack[s]
                share = relative_size(step, size)
                if top == top and not (share <= top):  # once NaN, always NaN
                    top = share
                c[s, k, j, i] = old + min(max(step, -0.8 * size), 4.0 * size)
        change[row] = top


@kernel
def exchanged(c, plasma, exchange, gamma_dt, gained, gross, row0, row1):
    """Exchange of a stage with the plasma, per row and species: Σ γΔt e (c_plasma − c), and the sum of its absolute values."""
    species, _, ny, nx = c.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for s in range(species):
            net = 0.0
            size = 0.0
            for i in range(1, nx - 1):
                part = gamma_dt * exchange[s, k, j, i] * (plasma[s] - c[s, k, j, i])
                net += part
                size += abs(part)
            gained[s, row] = net
            gross[s, row] = size


@kernel
def exchange_coefficients(porosity, perfusion, sides, diffusivity, face_exchange, spacing, out, row0, row1):
    """TRN-5. Exchange of every voxel with the plasma [1/s]: e_s = φ κ + Σ TRN-3 over its open outer faces.

    face_exchange (6,): low and high face of z, y, x [m/s]; 0 is closed. spacing (3,), sides: z, y, x [m; -].
    """
    species, nz, ny, nx = out.shape
    for row in range(row0, row1):
        k = row // (ny - 2) + 1
        j = row % (ny - 2) + 1
        for i in range(1, nx - 1):
            for s in range(species):
                total = porosity[k, j, i] * perfusion[k, j, i]
                for face in range(6):
                    axis = face // 2
                    place = k if axis == 0 else (j if axis == 1 else i)
                    last = nz - 2 if axis == 0 else (ny - 2 if axis == 1 else nx - 2)
                    if face_exchange[face] > 0.0 and place == (1 if face % 2 == 0 else last):
                        total += boundary_conductance(diffusivity[s], sides[axis][k, j, i], spacing[axis], face_exchange[face])
                out[s, k, j, i] = total

"""What is read from a converged speciation: all species, the derivatives of the log activities, saturation indices.

The derivatives are those of the closure by alkalinity at frozen ionic strength, by implicit differentiation.
"""

import math

from calcisim.jit import kernel, part
from calcisim.physics.speciation_balance import Totals, add, alkali, ligands_alkalinity, metal_alkalinity
from calcisim.physics.speciation_core import acids, activity, bindings, free_with_sites, occupied, protons, solve_symmetric

CAALB = 30
LN10 = 2.302585092994046


@kernel
def write_ligands(q, p, c, t, h, out):
    """Molalities of the acids and bases without a metal into out: PO4-3 … H3PO4, CO3-2, HCO3-, CO2, the citrates, H+ and OH-."""
    ih = 1.0 / h
    out[5] = q.po4 * p * ih
    out[6] = q.co3 * c * ih
    out[7] = t
    out[8] = q.hydrogen * h
    out[10] = q.hydroxide * ih
    out[11] = p
    out[12] = q.h2po4 * p * h
    out[13] = q.h3po4 * p * h * h
    out[14] = c
    out[15] = q.co2 * c * h
    out[32] = q.hcit * t * h
    out[33] = q.h2cit * t * h * h


@part
def write_metals(ca, mg, calcium, magnesium, p, c, t, h, out):
    """Molalities of Ca+2, Mg+2 and their complexes into out."""
    ih = 1.0 / h
    out[0] = calcium
    out[1] = magnesium
    out[16] = ca.hydroxide * ih * calcium
    out[17] = mg.hydroxide * ih * magnesium
    out[18] = ca.hpo4 * p * calcium
    out[19] = ca.h2po4 * p * h * calcium
    out[20] = ca.po4 * p * ih * calcium
    out[21] = mg.hpo4 * p * magnesium
    out[22] = mg.h2po4 * p * h * magnesium
    out[23] = mg.po4 * p * ih * magnesium
    out[26] = ca.hco3 * c * calcium
    out[27] = ca.co3 * c * ih * calcium
    out[28] = mg.hco3 * c * magnesium
    out[29] = mg.co3 * c * ih * magnesium
    out[34] = ca.cit * t * calcium
    out[35] = ca.hcit * t * h * calcium
    out[36] = mg.cit * t * magnesium
    out[37] = mg.hcit * t * h * magnesium


@part
def write_alkali(w, n, p, c, t, h, out):
    """Molalities of Na+, K+, Cl- and the pairs of sodium and potassium into out."""
    ih = 1.0 / h
    sodium = n.na / (1.0 + w.na_hpo4 * p + w.na_hco3 * c + w.na_co3 * c * ih + w.na_cit * t)
    potassium = n.k / (1.0 + w.k_hpo4 * p + w.k_cit * t)
    out[2] = sodium
    out[3] = potassium
    out[4] = n.cl
    out[24] = w.na_hpo4 * p * sodium
    out[25] = w.k_hpo4 * p * potassium
    out[30] = w.na_hco3 * c * sodium
    out[31] = w.na_co3 * c * ih * sodium
    out[38] = w.na_cit * t * sodium
    out[39] = w.k_cit * t * potassium


@kernel
def write_species(q, ca, mg, w, n, affinity, p, c, t, h, g1, g0, out):
    """SPEC-25. All 41 molalities [mol/kg] in the order of speciation_data.species(), then γ_1, γ_2, γ_3, γ_0, into out (45,).

    q, ca, mg, w: conditional constants; n: Totals; affinity [kg/mol] of the albumin sites; p, c, t free ligands; h activity of H+.
    Source: mass action.
    """
    calcium, _ = free_with_sites(n.ca, occupied(ca, p, c, t, h, 1.0 / h)[0], n.alb, affinity)
    magnesium = n.mg / occupied(mg, p, c, t, h, 1.0 / h)[0]
    write_ligands(q, p, c, t, h, out)
    write_metals(ca, mg, calcium, magnesium, p, c, t, h, out)
    write_alkali(w, n, p, c, t, h, out)
    out[9] = n.alb / (1.0 + affinity * calcium)
    out[40] = affinity * calcium * out[9]
    out[41] = g1
    out[42] = g1 * g1 * g1 * g1
    out[43] = out[42] * out[42] * g1
    out[44] = g0


@kernel
def species_table(K, A, tCa, tMg, tNa, tK, tCl, tP, tCit, tAlb, x, out):
    """All species (SPEC-25) from a converged state x of either closure: out (45,) as in `write_species`. Units as in speciation.py."""
    n = Totals(tCa, tMg, tNa, tK, tCl, tP, tCit, tAlb)
    g1, g0 = activity(A, x[4])
    q = acids(K, g1, g0, x[5])
    ca, mg, w = bindings(K, q, g1, g0, x[5])
    write_species(q, ca, mg, w, n, K[CAALB], x[0], x[1], x[2], x[3], g1, g0, out)


@kernel
def write_derivative(column, dp, dt, dh, direct_ca, direct_mg, slope_ca, slope_mg, dla):
    """One column of SPEC-26 from the changes of ln p, ln t, ln h and the direct changes of the free cations."""
    dla[0, column] = direct_ca - (slope_ca[0] * dp + slope_ca[1] * dt + slope_ca[2] * dh)
    dla[1, column] = direct_mg - (slope_mg[0] * dp + slope_mg[1] * dt + slope_mg[2] * dh)
    dla[2, column] = dp - dh
    dla[3, column] = -2.0 * dh
    dla[4, column] = dh
    dla[5, column] = -dh


@kernel
def slopes(b, total, sites, affinity, p, c, t, h):
    """−∂ ln c_M/∂(ln p, ln t, ln h) = e/D_eff, the free cation c_M and D_eff = ∂T/∂c_M; arguments as SPEC-14."""
    ih = 1.0 / h
    D, eP, _, eT, _, _, _, _ = occupied(b, p, c, t, h, ih)
    eH, _, _, _, _ = protons(b, p, c, t, h, ih)
    free, effective = free_with_sites(total, D, sites, affinity)
    return (eP / effective, eT / effective, eH / effective), free, effective


@part
def speciate_alkalinity_jacobian(K, A, pCO2, tCa, tMg, tNa, tK, tCl, tP, tAlk, tCit, tAlb, x, dla):
    """SPEC-26. dla (6, 4) = ∂la/∂(tCa, tP, tMg, tAlk) [kg/mol] of speciate_alkalinity at its converged x.

    Ionic strength and activity of water are held; y = (ln p, ln t, ln h) follows from a dy = d(target) − e_M/D_eff dT_M with
    the matrix a of SPEC-14. For an absent component (total ≤ 1e-30) the derivative of its own log activity is that at 1e-30 mol/kg,
    finite and very large; all others are right. Arguments as SPEC-23 (pCO2 and tAlk are implied by x). Source: derivation.
    """
    n = Totals(max(tCa, 1e-30), max(tMg, 1e-30), tNa, tK, tCl, tP, tCit, tAlb)
    affinity = K[CAALB]
    p, c, t, h = max(x[0], 1e-30), x[1], max(x[2], 1e-30), x[3]
    ih = 1.0 / h
    g1, g0 = activity(A, x[4])
    q = acids(K, g1, g0, x[5])
    ca, mg, w = bindings(K, q, g1, g0, x[5])
    s = add(ligands_alkalinity(q, p, c, t, h, ih), metal_alkalinity(ca, n.ca, n.alb, affinity, p, c, t, h, ih))
    s = add(add(s, metal_alkalinity(mg, n.mg, 0.0, 0.0, p, c, t, h, ih)), alkali(w, n, p, c, t, ih, 1.0))
    e, calcium, per_ca = slopes(ca, n.ca, n.alb, affinity, p, c, t, h)
    f, magnesium, per_mg = slopes(mg, n.mg, 0.0, 0.0, p, c, t, h)
    dp, dt, dh = solve_symmetric(s.a11, s.a12, s.a13, s.a22, s.a23, s.a33, -e[0], -e[1], -e[2])
    write_derivative(0, dp, dt, dh, 1.0 / (calcium * per_ca), 0.0, e, f, dla)
    dp, dt, dh = solve_symmetric(s.a11, s.a12, s.a13, s.a22, s.a23, s.a33, 1.0, 0.0, 1.0)
    write_derivative(1, dp, dt, dh, 0.0, 0.0, e, f, dla)
    dp, dt, dh = solve_symmetric(s.a11, s.a12, s.a13, s.a22, s.a23, s.a33, -f[0], -f[1], -f[2])
    write_derivative(2, dp, dt, dh, 0.0, 1.0 / (magnesium * per_mg), e, f, dla)
    dp, dt, dh = solve_symmetric(s.a11, s.a12, s.a13, s.a22, s.a23, s.a33, 0.0, 0.0, -1.0)
    write_derivative(3, dp, dt, dh, 0.0, 0.0, e, f, dla)


@kernel
def saturation_indices(table, ln_k, la, aw, si):
    """SPEC-27. SI_q = log10(IAP_q/K_q) = (Σ_k ν_qk la_k + ν_qw ln a_w − ln K'_q)/ln 10, into si (11,).

    table (11, 7), ln_k (11,): speciation_data.saturation_table(T) (SPEC-2); la (6,): natural-log activities; aw: activity of water.
    An absent component gives an SI far below zero (its la is −99.99·ln 10). Source: mass action.
    """
    water = math.log(aw)
    for row in range(table.shape[0]):
        value = table[row, 6] * water - ln_k[row]
        for column in range(6):
            value += table[row, column] * la[column]
        si[row] = value / LN10

"""Mass balances of the speciation: what ligands and each cation add to the residuals, to their derivatives and to the ionic strength.

Two closures share one layout (`System`), unknowns (ln p, ln t, third): with the pH given the third is ln [HCO3-] and its balance
is total carbonate; with the alkalinity and pCO2 given the third is ln h and its balance is protons.

With n_j = (phosphate, citrate, third) of species j, m_j its molality, D_M the complexes per free cation and e_M = Σ n_j d_j:
residual r = Σ n_j m_j − target, matrix a = Σ m_j n_j n_jᵀ − Σ_M (c_M/D_M) e_M e_Mᵀ, symmetric and positive definite.
"""

from typing import NamedTuple

from calcisim.jit import kernel, part
from calcisim.physics.speciation_core import free_with_sites, occupied, protons


class Totals(NamedTuple):
    """Total molalities [mol/kg water]: calcium, magnesium, sodium, potassium, chloride, phosphate, citrate, albumin sites."""

    ca: float
    mg: float
    na: float
    k: float
    cl: float
    p: float
    cit: float
    alb: float


class System(NamedTuple):
    """Sums over species: Σ n m (1 phosphate, 2 citrate, 3 carbonate or protons), the matrix of SPEC-14, ionic strength, molality.

    i1, i2, i3: derivatives of the ionic strength in the three unknowns, so that it can be taken after a Newton step.
    """

    r1: float
    r2: float
    r3: float
    a11: float
    a12: float
    a13: float
    a22: float
    a23: float
    a33: float
    ionic: float
    molal: float
    i1: float
    i2: float
    i3: float


@kernel
def add(a, b):
    """Sum of two contributions."""
    return System(
        a.r1 + b.r1,
        a.r2 + b.r2,
        a.r3 + b.r3,
        a.a11 + b.a11,
        a.a12 + b.a12,
        a.a13 + b.a13,
        a.a22 + b.a22,
        a.a23 + b.a23,
        a.a33 + b.a33,
        a.ionic + b.ionic,
        a.molal + b.molal,
        a.i1 + b.i1,
        a.i2 + b.i2,
        a.i3 + b.i3,
    )


@kernel
def by_charge(weight, half, free, D, share, ions):
    """∂/∂y of what a cation adds to the ionic strength: free ½Σz²nd − (c/D_eff)(½Σz²d) e, and what albumin takes or gives (charge 2)."""
    return free * ions - weight * half * share - 2.0 * (free - D * weight) * share


@kernel
def metal_alkalinity(b, total, sites, affinity, p, c, t, h, ih):
    """SPEC-14. Calcium or magnesium in the closure by alkalinity: a = c_M Σ d n nᵀ − (c_M/D) e eᵀ, c_M free cation.

    b: Binding; total, sites [mol/kg], affinity [kg/mol]: albumin sites, 0 for magnesium; the rest as SPEC-17.
    Returns System; the ionic strength counts the free ion, its complexes and the sites it holds (CaAlb+2). Source: derivation.
    """
    D, eP, _, eT, half, wP, wT, _ = occupied(b, p, c, t, h, ih)
    eH, hh, ph, th, wH = protons(b, p, c, t, h, ih)
    free, effective = free_with_sites(total, D, sites, affinity)
    weight = free / effective
    dissolved = free * D
    return System(
        free * eP,
        free * eT,
        free * eH,
        free * eP - weight * eP * eP,
        -weight * eP * eT,
        free * ph - weight * eP * eH,
        free * eT - weight * eT * eT,
        free * th - weight * eT * eH,
        free * hh - weight * eH * eH,
        free * half + 2.0 * (total - dissolved),
        dissolved + sites,
        by_charge(weight, half, free, D, eP, wP),
        by_charge(weight, half, free, D, eT, wT),
        by_charge(weight, half, free, D, eH, wH),
    )


@kernel
def metal_ph(b, total, sites, affinity, p, c, t, h, ih):
    """SPEC-15. Calcium or magnesium in the closure by pH: as SPEC-14 with carbonate as the third component."""
    D, eP, eC, eT, half, wP, wT, wC = occupied(b, p, c, t, h, ih)
    free, effective = free_with_sites(total, D, sites, affinity)
    weight = free / effective
    dissolved = free * D
    return System(
        free * eP,
        free * eT,
        free * eC,
        free * eP - weight * eP * eP,
        -weight * eP * eT,
        -weight * eP * eC,
        free * eT - weight * eT * eT,
        -weight * eT * eC,
        free * eC - weight * eC * eC,
        free * half + 2.0 * (total - dissolved),
        dissolved + sites,
        by_charge(weight, half, free, D, eP, wP),
        by_charge(weight, half, free, D, eT, wT),
        by_charge(weight, half, free, D, eC, wC),
    )


@kernel
def alkali(w, n, p, c, t, ih, proton_closure):
    """SPEC-16. Sodium and potassium with their weak pairs, as SPEC-14 (proton_closure 1.0) or SPEC-15 (0.0).

    w: Weak; n: Totals. NaHCO3 holds −1 proton relative to CO2, NaCO3- −2. Source: derivation.
    """
    sP = w.na_hpo4 * p
    c0 = w.na_hco3 * c
    c1 = w.na_co3 * c * ih
    sT = w.na_cit * t
    share = c0 + c1
    sodium = n.na / (1.0 + sP + share + sT)
    third = -c0 - 2.0 * c1 if proton_closure > 0.0 else share
    square = c0 + 4.0 * c1 if proton_closure > 0.0 else share
    kP = w.k_hpo4 * p
    kT = w.k_cit * t
    potassium = n.k / (1.0 + kP + kT)
    ws = sodium / (1.0 + sP + share + sT)
    wk = potassium / (1.0 + kP + kT)
    half_s = 0.5 + 0.5 * (sP + c1) + 2.0 * sT
    half_k = 0.5 + 0.5 * kP + 2.0 * kT
    charged = -c1 if proton_closure > 0.0 else 0.5 * c1
    return System(
        sodium * sP + potassium * kP,
        sodium * sT + potassium * kT,
        sodium * third,
        sodium * sP + potassium * kP - ws * sP * sP - wk * kP * kP,
        -ws * sP * sT - wk * kP * kT,
        -ws * sP * third,
        sodium * sT + potassium * kT - ws * sT * sT - wk * kT * kT,
        -ws * sT * third,
        sodium * square - ws * third * third,
        sodium * half_s + potassium * half_k,
        n.na + n.k,
        sodium * 0.5 * sP - ws * half_s * sP + potassium * 0.5 * kP - wk * half_k * kP,
        sodium * 2.0 * sT - ws * half_s * sT + potassium * 2.0 * kT - wk * half_k * kT,
        sodium * charged - ws * half_s * third,
    )


@kernel
def ligands_alkalinity(q, p, c, t, h, ih):
    """SPEC-17. The acids themselves in the closure by alkalinity: H2PO4- counts +1 proton, PO4-3 −1, HCO3- −1, CO3-2 −2, OH- −1 …

    q: Acids; p, c, t: free ligands [mol/kg]; h, ih: activity of H+ and its inverse.
    Source: derivation; the alkalinity rule is the one of parkhurst2013.
    """
    po4 = q.po4 * p * ih
    h2po4 = q.h2po4 * p * h
    h3po4 = q.h3po4 * p * h * h
    co3 = q.co3 * c * ih
    hcit = q.hcit * t * h
    h2cit = q.h2cit * t * h * h
    hydrogen = q.hydrogen * h
    hydroxide = q.hydroxide * ih
    phosphate = p + po4 + h2po4 + h3po4
    citrate = t + hcit + h2cit
    cross_p = h2po4 + 2.0 * h3po4 - po4
    cross_t = hcit + 2.0 * h2cit
    ions_p = 0.5 * h2po4 + 2.0 * p + 4.5 * po4
    ions_t = 0.5 * h2cit + 2.0 * hcit + 4.5 * t
    return System(
        phosphate,
        citrate,
        cross_p + cross_t - c - 2.0 * co3 + hydrogen - hydroxide,
        phosphate,
        0.0,
        cross_p,
        citrate,
        cross_t,
        po4 + h2po4 + 4.0 * h3po4 + c + 4.0 * co3 + hcit + 4.0 * h2cit + hydrogen + hydroxide,
        ions_p + ions_t + 0.5 * (c + hydrogen + hydroxide) + 2.0 * co3,
        phosphate + citrate + c + co3 + q.co2 * c * h + hydrogen + hydroxide,
        ions_p,
        ions_t,
        0.5 * (h2po4 - c + hydrogen - hydroxide) - 4.5 * po4 - 4.0 * co3 + 2.0 * hcit + h2cit,
    )


@part
def ligands_ph(q, p, c, t, h, ih):
    """SPEC-18. The acids themselves in the closure by pH: each ligand in its own balance. Arguments as SPEC-17."""
    po4 = q.po4 * p * ih
    h2po4 = q.h2po4 * p * h
    co3 = q.co3 * c * ih
    hcit = q.hcit * t * h
    h2cit = q.h2cit * t * h * h
    phosphate = p + po4 + h2po4 + q.h3po4 * p * h * h
    carbonate = c + co3 + q.co2 * c * h
    citrate = t + hcit + h2cit
    water = q.hydrogen * h + q.hydroxide * ih
    ions_p = 0.5 * h2po4 + 2.0 * p + 4.5 * po4
    ions_t = 0.5 * h2cit + 2.0 * hcit + 4.5 * t
    ions_c = 0.5 * c + 2.0 * co3
    ionic = ions_p + ions_t + ions_c + 0.5 * water
    molal = phosphate + carbonate + citrate + water
    return System(phosphate, citrate, carbonate, phosphate, 0.0, 0.0, citrate, 0.0, carbonate, ionic, molal, ions_p, ions_t, ions_c)

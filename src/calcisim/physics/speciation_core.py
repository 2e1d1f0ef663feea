"""Building blocks of the speciation kernels: activity coefficients, conditional constants, what one cation binds.

Everything is expressed in three free ligands, p = [HPO4-2], c = [HCO3-], t = [Citrate-3] (molalities), the activity h of H+
and the free cations. A conditional constant is a mass-action constant with the activity coefficients put in, so that it
relates molalities: [CaHPO4] = CaHPO4 · [Ca+2] · p. What depends on h stays outside: [H2PO4-] = H2PO4 · p · h.
"""

import math
from typing import NamedTuple

from calcisim.jit import kernel

LN10 = 2.302585092994046
# where each complex sits in the array of constants (the order of data/speciation.toml)
OH, HPO4, H2PO4, H3PO4, HCO3, CO2, CAOH, MGOH = 0, 1, 2, 3, 4, 5, 6, 7
CAHPO4, CAH2PO4, CAPO4, MGHPO4, MGH2PO4, MGPO4, NAHPO4, KHPO4 = 8, 9, 10, 11, 12, 13, 14, 15
CAHCO3, CACO3, MGHCO3, MGCO3, NAHCO3, NACO3 = 16, 17, 18, 19, 20, 21
HCIT, H2CIT, CACIT, CAHCIT, MGCIT, MGHCIT, NACIT, KCIT, CAALB, HENRY = 22, 23, 24, 25, 26, 27, 28, 29, 30, 31


class Acids(NamedTuple):
    """Conditional constants of the protonated and deprotonated ligands; H and OH are molalities per activity.

    [PO4-3] = po4 p/h, [H2PO4-] = h2po4 p h, [H3PO4] = h3po4 p h², [CO3-2] = co3 c/h, [CO2] = co2 c h,
    [HCit-2] = hcit t h, [H2Cit-] = h2cit t h², [H+] = hydrogen h, [OH-] = hydroxide/h.
    """

    po4: float
    h2po4: float
    h3po4: float
    co3: float
    co2: float
    hcit: float
    h2cit: float
    hydrogen: float
    hydroxide: float


class Binding(NamedTuple):
    """Conditional constants of one cation M: molality of the complex per free M, with the powers of h left out.

    hpo4 p, h2po4 p h, po4 p/h, hco3 c, co3 c/h, cit t, hcit t h, hydroxide/h.
    """

    hpo4: float
    h2po4: float
    po4: float
    hco3: float
    co3: float
    cit: float
    hcit: float
    hydroxide: float


class Weak(NamedTuple):
    """Conditional constants of the sodium and potassium pairs: na_hpo4 p, na_hco3 c, na_co3 c/h, na_cit t, k_hpo4 p, k_cit t."""

    na_hpo4: float
    na_hco3: float
    na_co3: float
    na_cit: float
    k_hpo4: float
    k_cit: float


@kernel
def activity(A, ionic):
    """SPEC-6. Davies: log10 γ_z = −A z² (√I/(1 + √I) − 0.3 I); neutral species log10 γ_0 = 0.1 I. Returns (γ_1, γ_0).

    A: Debye–Hückel slope [(kg/mol)^1/2]; ionic: I [mol/kg], ≥ 0; γ_2 = γ_1⁴, γ_3 = γ_1⁹. Valid to I ≈ 0.5. Source: parkhurst2013.
    """
    root = math.sqrt(ionic)
    return math.exp(-LN10 * A * (root / (1.0 + root) - 0.3 * ionic)), math.exp(LN10 * 0.1 * ionic)


@kernel
def acids(K, g1, g0, aw):
    """SPEC-7. Conditional constants of the acid–base pairs, e.g. [H2PO4-] = (K_H2PO4/K_HPO4)(γ_2/γ_1) p h.

    K: (32,) constants; g1, g0: activity coefficients of z = 1 and z = 0; aw: activity of water. Returns Acids. Source: mass action.
    """
    g2 = g1 * g1 * g1 * g1
    g3 = g2 * g2 * g1
    ig1 = 1.0 / g1
    ig0 = 1.0 / g0
    from_hpo4 = g2 / K[HPO4]
    from_hco3 = g1 / K[HCO3]
    return Acids(
        from_hpo4 / g3,
        K[H2PO4] * from_hpo4 * ig1,
        K[H3PO4] * from_hpo4 * ig0,
        from_hco3 / g2,
        K[CO2] * from_hco3 * ig0 / aw,
        K[HCIT] * g3 / g2,
        K[H2CIT] * g3 * ig1,
        ig1,
        K[OH] * aw * ig1,
    )


@kernel
def bindings(K, q, g1, g0, aw):
    """SPEC-8. Conditional constants of the ion pairs, e.g. [CaHPO4] = K_CaHPO4 (γ_2 γ_2/γ_0) [Ca+2] p.

    K: (32,) constants; q: Acids at the same activity coefficients. Returns (Binding of Ca, Binding of Mg, Weak). Source: mass action.
    """
    g2 = g1 * g1 * g1 * g1
    ig0 = 1.0 / g0
    i1 = q.hydrogen
    pair = g2 * g2 * ig0  # two divalent ions to a neutral pair
    third = g2 * g2 * g2  # Ca+2 and a trivalent ligand to a monovalent complex: γ_2 γ_3/γ_1 = γ_1¹²
    citrate = third * g1 * ig0
    h2po4 = q.h2po4 * g2
    po4 = q.po4 * third
    co3 = q.co3 * pair
    water = aw * g2 * i1
    calcium = Binding(
        K[CAHPO4] * pair,
        K[CAH2PO4] * h2po4,
        K[CAPO4] * po4,
        K[CAHCO3] * g2,
        K[CACO3] * co3,
        K[CACIT] * third,
        K[CAHCIT] * citrate,
        K[CAOH] * water,
    )
    magnesium = Binding(
        K[MGHPO4] * pair,
        K[MGH2PO4] * h2po4,
        K[MGPO4] * po4,
        K[MGHCO3] * g2,
        K[MGCO3] * co3,
        K[MGCIT] * third,
        K[MGHCIT] * citrate,
        K[MGOH] * water,
    )
    sodium_citrate = g2 * g1 * g1  # Na+ and Cit-3 to a divalent complex: γ_1 γ_3/γ_2
    weak = Weak(
        K[NAHPO4] * g2,
        K[NAHCO3] * g1 * g1 * ig0,
        K[NACO3] * q.co3 * g2,
        K[NACIT] * sodium_citrate,
        K[KHPO4] * g2,
        K[KCIT] * sodium_citrate,
    )
    return calcium, magnesium, weak


@kernel
def free_with_sites(total, bound, sites, affinity):
    """SPEC-9. Free calcium beside independent binding sites: D c + s k c/(1 + k c) = T, the positive root.

    total: T [mol/kg]; bound: D = 1 + Σ complexes per free calcium; sites: s [mol/kg]; affinity: k [kg/mol].
    Returns (c, effective D = ∂T/∂c). With s = 0: c = T/D. Source: pedersen1971 (one class of equal sites).
    """
    if sites <= 0.0:
        return total / bound, bound
    half = bound + affinity * (sites - total)
    free = 2.0 * total / (half + math.sqrt(half * half + 4.0 * bound * affinity * total))
    weight = 1.0 / (1.0 + affinity * free)
    return free, bound + sites * affinity * weight * weight


@kernel
def solve_symmetric(a11, a12, a13, a22, a23, a33, b1, b2, b3):
    """SPEC-10. x = A⁻¹ b for a symmetric positive definite 3×3 matrix, by elimination without pivoting. Returns (x1, x2, x3).

    The matrices of the speciation are second derivatives of a convex function of the log ligands, so no pivot can vanish;
    rows of an absent component come with a unit diagonal. Source: linear algebra.
    """
    i1 = 1.0 / a11
    l21 = a12 * i1
    l31 = a13 * i1
    d22 = a22 - l21 * a12
    d23 = a23 - l21 * a13
    i2 = 1.0 / d22
    l32 = d23 * i2
    d33 = a33 - l31 * a13 - l32 * d23
    y2 = b2 - l21 * b1
    y3 = b3 - l31 * b1 - l32 * y2
    x3 = y3 / d33
    x2 = y2 * i2 - l32 * x3
    return b1 * i1 - l21 * x2 - l31 * x3, x2, x3


@kernel
def log_or_absent(value):
    """Natural log of a molality or activity; −99.99·ln 10 for what is absent, so that sums of logs stay finite."""
    if value > 1e-99:
        return math.log(value)
    return -99.99 * LN10


@kernel
def relax(value, step):
    """A positive unknown after a relative Newton step: value (1 + step), never below a tenth of the value."""
    return value * max(1.0 + step, 0.1)


@kernel
def relax_log(value, step):
    """A positive unknown after a Newton step in its logarithm: value (2 + step)/(2 − step), the exponential to second order, |step| ≤ 1."""
    return value * (2.0 + step) / (2.0 - step)


@kernel
def shorten(d1, d2, d3):
    """SPEC-32. A Newton step in log unknowns cut to at most 1 in each, keeping its direction.

    The direction descends on a convex function; cutting each component by itself would turn it and can cycle. Source: damped Newton.
    """
    longest = max(abs(d1), abs(d2), abs(d3))
    if longest <= 1.0:
        return d1, d2, d3
    return d1 / longest, d2 / longest, d3 / longest


@kernel
def occupied(b, p, c, t, h, ih):
    """SPEC-11. What one free cation carries at given free ligands: D = 1 + Σ d_j and its shares by ligand.

    b: Binding; p, c, t: free ligands [mol/kg]; h, ih: activity of H+ and its inverse.
    Returns (D; phosphate, carbonate and citrate share; ½ Σ z² d_j with the free ion; ½ Σ z² n d_j for phosphate, citrate, carbonate).
    Source: mass action.
    """
    d_p0 = b.hpo4 * p
    d_p1 = b.h2po4 * p * h
    d_p2 = b.po4 * p * ih
    d_c0 = b.hco3 * c
    d_c1 = b.co3 * c * ih
    d_t0 = b.cit * t
    d_t1 = b.hcit * t * h
    d_oh = b.hydroxide * ih
    e_p = d_p0 + d_p1 + d_p2
    e_c = d_c0 + d_c1
    e_t = d_t0 + d_t1
    w_p = 0.5 * (d_p1 + d_p2)
    return 1.0 + e_p + e_c + e_t + d_oh, e_p, e_c, e_t, 2.0 + w_p + 0.5 * (d_c0 + d_t0 + d_oh), w_p, 0.5 * d_t0, 0.5 * d_c0


@kernel
def protons(b, p, c, t, h, ih):
    """SPEC-12. Proton moments of what one free cation carries, with c ∝ 1/h: Σ n d, Σ n² d, Σ n_P n d, Σ n_T n d, ½ Σ z² n d.

    n: protons of a complex relative to HPO4-2, CO2 and Citrate-3 (CaHCO3+ has −1, CaCO3 −2, CaOH+ −1). Arguments as SPEC-11.
    Source: derivation (alkalinity of a species = its phosphate number − n).
    """
    d_p1 = b.h2po4 * p * h
    d_p2 = b.po4 * p * ih
    d_c0 = b.hco3 * c
    d_c1 = b.co3 * c * ih
    d_t1 = b.hcit * t * h
    d_oh = b.hydroxide * ih
    first = d_p1 - d_p2 - d_c0 - 2.0 * d_c1 + d_t1 - d_oh
    return first, d_p1 + d_p2 + d_c0 + 4.0 * d_c1 + d_t1 + d_oh, d_p1 - d_p2, d_t1, 0.5 * (d_p1 - d_p2 - d_c0 - d_oh)

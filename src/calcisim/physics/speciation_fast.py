"""Fast tier of the solution chemistry: ionic strength, activity of water, free sodium and potassium (and bicarbonate or pCO2) frozen.

`freeze` condenses a converged full solution into one array of coefficients; with it a parcel whose calcium, phosphate, magnesium
and pH or alkalinity differ a little is solved with one unknown (free HPO4-2, pH given) or two (and H+, alkalinity given).
Citrate follows the calcium it has just seen. Error against the full tier: below 0.06 in SI over pH 6.8–7.8, calcium 0.8–4,
phosphate 0.3–5, magnesium 0.3–1.5 mM around one plasma while I stays within 0.009 mol/kg; none at the parcel that was frozen.
"""

import math

from calcisim.jit import kernel
from calcisim.physics.speciation_balance import Totals
from calcisim.physics.speciation_core import acids, activity, bindings, free_with_sites, log_or_absent, occupied, relax_log, shorten

CAALB, OH = 30, 0
SIZE = 44  # length of the array of frozen coefficients
# phosphate without Ca and Mg: bound share S0, PO4, H2PO4, H3PO4; calcium and magnesium with HPO4, H2PO4, PO4
S0, PO4, H2PO4, H3PO4, CA0, CA1, CA2, MG0, MG1, MG2 = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
# citrate: Ca, CaH, Mg, MgH, total, bound share, HCit, H2Cit
CACIT, CAHCIT, MGCIT, MGHCIT, CIT, T0, HCIT, H2CIT = 10, 11, 12, 13, 14, 15, 16, 17
# calcium and magnesium without phosphate and citrate at frozen bicarbonate: constant, per 1/h
CAD, CADI, MGD, MGDI = 18, 19, 20, 21
# the same at frozen pCO2: constant, bicarbonate/h, carbonate/h², hydroxide/h
CAF, CAFC, CAFCC, CAFO, MGF, MGFC, MGFCC, MGFO = 22, 23, 24, 25, 26, 27, 28, 29
# carbonate alkalinity per 1/h and per 1/h², [H+] per h, [OH-] per 1/h
ALK1, ALK2, HYDROGEN, HYDROXIDE = 30, 31, 32, 33
# logarithms: γ_2, γ_3·PO4, a(CO3) at frozen bicarbonate (per 1/h), a(CO3) at frozen pCO2 (per 1/h²), K_w·a_w
LNG2, LNPO4, LNCO3, LNCO3P, LNW = 34, 35, 36, 37, 38
CARBON, NAK_HPO4 = 39, 40


@kernel
def freeze_cation(b, albumin, c, carbon, f, at_ph, at_alkalinity):
    """What one free cation carries apart from phosphate and citrate, for both closures, into f at the two places given."""
    f[at_ph] = 1.0 + b.hco3 * c + albumin
    f[at_ph + 1] = b.co3 * c + b.hydroxide
    f[at_alkalinity] = 1.0 + albumin
    f[at_alkalinity + 1] = b.hco3 * carbon
    f[at_alkalinity + 2] = b.co3 * carbon
    f[at_alkalinity + 3] = b.hydroxide


@kernel
def freeze_ligands(q, ca, mg, w, sodium, potassium, f):
    """Coefficients of phosphate and citrate with free sodium and potassium as they are, into f."""
    f[NAK_HPO4] = w.na_hpo4 * sodium + w.k_hpo4 * potassium
    f[S0], f[PO4], f[H2PO4], f[H3PO4] = 1.0 + f[NAK_HPO4], q.po4, q.h2po4, q.h3po4
    f[CA0], f[CA1], f[CA2] = ca.hpo4, ca.h2po4, ca.po4
    f[MG0], f[MG1], f[MG2] = mg.hpo4, mg.h2po4, mg.po4
    f[CACIT], f[CAHCIT], f[MGCIT], f[MGHCIT] = ca.cit, ca.hcit, mg.cit, mg.hcit
    f[T0], f[HCIT], f[H2CIT] = 1.0 + w.na_cit * sodium + w.k_cit * potassium, q.hcit, q.h2cit


@kernel
def freeze(K, A, tCa, tMg, tNa, tK, tCl, tP, tCit, tAlb, x, f):
    """SPEC-28. Condense a converged full solution into the coefficients f (SIZE,) of the fast tier.

    Arguments as SPEC-23; x: converged state of either closure. Frozen: I, a_w, free Na+ and K+, free albumin sites, and
    [HCO3-] (`fast_ph`) or [HCO3-]·h, that is pCO2 (`fast_alkalinity`). Source: mass action.
    """
    n = Totals(tCa, tMg, tNa, tK, tCl, tP, tCit, tAlb)
    p, c, t, h, aw = x[0], x[1], x[2], x[3], x[5]
    ih = 1.0 / h
    g1, g0 = activity(A, x[4])
    g2 = g1 * g1 * g1 * g1
    q = acids(K, g1, g0, aw)
    ca, mg, w = bindings(K, q, g1, g0, aw)
    sodium = tNa / (1.0 + w.na_hpo4 * p + w.na_hco3 * c + w.na_co3 * c * ih + w.na_cit * t)
    potassium = tK / (1.0 + w.k_hpo4 * p + w.k_cit * t)
    calcium, _ = free_with_sites(n.ca, occupied(ca, p, c, t, h, ih)[0], n.alb, K[CAALB])
    albumin = K[CAALB] * n.alb / (1.0 + K[CAALB] * calcium)
    carbon = c * h
    freeze_ligands(q, ca, mg, w, sodium, potassium, f)
    freeze_cation(ca, albumin, c, carbon, f, CAD, CAF)
    freeze_cation(mg, 0.0, c, carbon, f, MGD, MGF)
    f[CIT], f[CARBON] = tCit, carbon
    f[ALK1] = carbon * (1.0 + w.na_hco3 * sodium)
    f[ALK2] = carbon * (q.co3 + w.na_co3 * sodium)
    f[HYDROGEN], f[HYDROXIDE] = q.hydrogen, q.hydroxide
    f[LNG2] = math.log(g2)
    f[LNPO4] = math.log(g2 * g2 * g1 * q.po4)
    f[LNCO3] = log_or_absent(g2 * q.co3 * c)
    f[LNCO3P] = log_or_absent(g2 * q.co3 * carbon)
    f[LNW] = math.log(K[OH] * aw)


@kernel
def fast_ph(f, h, lnh, tCa, tMg, tP, p, t, tol, maxit):
    """SPEC-29. Fast tier, pH given: Newton in p on p (S + a_Ca c_Ca + a_Mg c_Mg) = P with c_M = M_T/(D_M + a_M p).

    f: coefficients of `freeze` (bicarbonate frozen); h, lnh: activity of H+ and its natural log (a full solution leaves both,
    x[3] and la[4]); tCa, tMg, tP [mol/kg]; p, t: warm start of free HPO4-2 and Citrate-3 (p ≤ 0: cold). Scalars in and out,
    because a view of an array costs as much as an iteration. Stops when the relative step is below tol; what is left is its cube,
    and 0.002 of it through citrate. Returns (iterations, negative when not converged in maxit (int); p, t; natural-log activities
    of Ca+2, Mg+2, PO4-3). The others: OH- f[LNW] − lnh, CO3-2 f[LNCO3] − lnh. Source: derivation.
    """
    ih = 1.0 / h
    aC = f[CA0] + f[CA1] * h + f[CA2] * ih
    aM = f[MG0] + f[MG1] * h + f[MG2] * ih
    tC = f[CACIT] + f[CAHCIT] * h
    tM = f[MGCIT] + f[MGHCIT] * h
    bT = f[T0] + f[HCIT] * h + f[H2CIT] * h * h
    S = f[S0] + f[PO4] * ih + (f[H2PO4] + f[H3PO4] * h) * h
    D = f[CAD] + f[CADI] * ih
    E = f[MGD] + f[MGDI] * ih
    if not p > 0.0:
        p = tP / (S + aC * tCa + aM * tMg)
    for passes in range(1, maxit + 1):
        dC = D + tC * t
        dM = E + tM * t
        iC = 1.0 / (dC + aC * p)
        iM = 1.0 / (dM + aM * p)
        cC = tCa * iC
        cM = tMg * iM
        sC = aC * cC * dC * iC
        sM = aM * cM * dM * iM
        inverse = 1.0 / (S + sC + sM)
        step = (tP - p * (S + aC * cC + aM * cM)) * inverse
        step += step * step * inverse * (aC * iC * sC + aM * iM * sM)
        carried = f[CIT] / (bT + tC * cC + tM * cM) - t
        p = max(p + step, 0.1 * p)
        t += carried
        if abs(step) <= tol * p:
            calcium = cC - cC * iC * (aC * step + tC * carried)
            magnesium = cM - cM * iM * (aM * step + tM * carried)
            la_ca = log_or_absent(calcium) + f[LNG2]
            la_mg = log_or_absent(magnesium) + f[LNG2]
            return passes, p, t, la_ca, la_mg, log_or_absent(p) + f[LNPO4] - lnh
    return -maxit, p, t, 0.0, 0.0, 0.0


@kernel
def fast_alkalinity(f, tCa, tMg, tP, tAlk, x, la, tol, maxit):
    """SPEC-30. Fast tier, pH from alkalinity at the frozen pCO2: Newton in (ln p, ln h) on the balances of SPEC-14.

    f: coefficients of `freeze`; totals [mol/kg], tAlk [eq/kg]; x (6,): warm start x[0], x[2], x[3] (free HPO4-2, Citrate-3, activity
    of H+; needed: start from the state that was frozen), rewritten together with x[1]; la (6,) as SPEC-23. Stops when the squared
    step is below tol. Returns the number of iterations, negative when not converged in maxit (int). Source: derivation.
    """
    p, t, h = x[0], x[2], x[3]
    for passes in range(1, maxit + 1):
        ih = 1.0 / h
        c0, c1, c2 = f[CA0] * p, f[CA1] * p * h, f[CA2] * p * ih
        k1, k2, k3 = f[CAFC] * ih, f[CAFCC] * ih * ih, f[CAFO] * ih
        kt = f[CAHCIT] * t * h
        eC = c0 + c1 + c2
        iC = 1.0 / (f[CAF] + eC + k1 + k2 + k3 + f[CACIT] * t + kt)
        nC = c1 - c2 - k1 - 2.0 * k2 - k3 + kt
        calcium = tCa * iC
        m0, m1, m2 = f[MG0] * p, f[MG1] * p * h, f[MG2] * p * ih
        l1, l2, l3 = f[MGFC] * ih, f[MGFCC] * ih * ih, f[MGFO] * ih
        lt = f[MGHCIT] * t * h
        eM = m0 + m1 + m2
        iM = 1.0 / (f[MGF] + eM + l1 + l2 + l3 + f[MGCIT] * t + lt)
        nM = m1 - m2 - l1 - 2.0 * l2 - l3 + lt
        magnesium = tMg * iM
        po4, h2po4, h3po4 = f[PO4] * p * ih, f[H2PO4] * p * h, f[H3PO4] * p * h * h
        hcit, h2cit = f[HCIT] * t * h, f[H2CIT] * t * h * h
        a1, a2 = f[ALK1] * ih, f[ALK2] * ih * ih
        hydrogen, hydroxide = f[HYDROGEN] * h, f[HYDROXIDE] * ih
        sP = f[S0] * p + po4 + h2po4 + h3po4 + calcium * eC + magnesium * eM
        sH = h2po4 + 2.0 * h3po4 - po4 + hcit + 2.0 * h2cit - a1 - 2.0 * a2 + hydrogen - hydroxide + calcium * nC + magnesium * nM
        a11 = sP - calcium * iC * eC * eC - magnesium * iM * eM * eM
        a13 = h2po4 + 2.0 * h3po4 - po4 + calcium * (c1 - c2 - iC * eC * nC) + magnesium * (m1 - m2 - iM * eM * nM)
        a33 = po4 + h2po4 + 4.0 * h3po4 + hcit + 4.0 * h2cit + a1 + 4.0 * a2 + hydrogen + hydroxide
        a33 += calcium * (c1 + c2 + k1 + 4.0 * k2 + k3 + kt - iC * nC * nC) + magnesium * (m1 + m2 + l1 + 4.0 * l2 + l3 + lt - iM * nM * nM)
        if not p > 0.0:
            a11 = 1.0
        inverse = 1.0 / (a11 * a33 - a13 * a13)
        r1, r3 = tP - sP, tP - tAlk - sH
        dp = (a33 * r1 - a13 * r3) * inverse
        dh = (a11 * r3 - a13 * r1) * inverse
        bound = f[T0] + f[HCIT] * h + f[H2CIT] * h * h
        t = f[CIT] / (bound + calcium * (f[CACIT] + f[CAHCIT] * h) + magnesium * (f[MGCIT] + f[MGHCIT] * h))
        short_p, _, short_h = shorten(dp, 0.0, dh)
        p = relax_log(p, short_p)
        h = relax_log(h, short_h)
        if dp * dp + dh * dh < tol:
            x[0], x[1], x[2], x[3] = p, f[CARBON] / h, t, h
            write_fast(f, tCa, tMg, p, t, h, la)
            return passes
    return -maxit


@kernel
def write_fast(f, tCa, tMg, p, t, h, la):
    """Natural-log activities (order of SPEC-23) of the closure by alkalinity at frozen pCO2, into la (6,)."""
    ih = 1.0 / h
    lnh = math.log(h)
    carried = f[CAF] + f[CA0] * p + (f[CA1] * p + f[CAHCIT] * t) * h + f[CACIT] * t
    carried += (f[CA2] * p + f[CAFC] + f[CAFO] + f[CAFCC] * ih) * ih
    held = f[MGF] + f[MG0] * p + (f[MG1] * p + f[MGHCIT] * t) * h + f[MGCIT] * t
    held += (f[MG2] * p + f[MGFC] + f[MGFO] + f[MGFCC] * ih) * ih
    la[0] = log_or_absent(tCa / carried) + f[LNG2]
    la[1] = log_or_absent(tMg / held) + f[LNG2]
    la[2] = log_or_absent(p) + f[LNPO4] - lnh
    la[3] = f[LNCO3P] - 2.0 * lnh
    la[4] = lnh
    la[5] = f[LNW] - lnh

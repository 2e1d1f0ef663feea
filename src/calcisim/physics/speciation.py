"""Full tier of the solution chemistry: free ions, ion pairs and pH of one parcel of fluid, ionic strength iterated.

Ten masters, 31 complexes, Davies activity coefficients. The cations are eliminated in closed form, so that three unknowns
remain: the free ligands HPO4-2, HCO3-, Citrate-3 when the pH is given, HPO4-2, Citrate-3 and H+ when the alkalinity and pCO2
are given. In log ligands both are the minimum of a convex function, which Newton with bounded steps finds from anywhere.

State `x` (6,): free HPO4-2, HCO3-, Citrate-3 [mol/kg], activity of H+, ionic strength [mol/kg], activity of water; zeros mean
a cold start. Totals in mol/kg water, temperature only through the constants, pCO2 in atm. tol bounds the error of the log
activities (natural log, relative to one); maxit bounds the passes. A negative count means: not converged, x is then zeroed.
"""

import math

from calcisim.jit import kernel, part
from calcisim.physics.speciation_balance import (
    Totals,
    add,
    alkali,
    ligands_alkalinity,
    ligands_ph,
    metal_alkalinity,
    metal_ph,
)
from calcisim.physics.speciation_core import (
    acids,
    activity,
    bindings,
    free_with_sites,
    log_or_absent,
    occupied,
    relax,
    relax_log,
    shorten,
    solve_symmetric,
)
from calcisim.physics.speciation_tables import saturation_indices, speciate_alkalinity_jacobian, species_table, write_species

__all__ = ["saturation_indices", "speciate_alkalinity", "speciate_alkalinity_jacobian", "speciate_ph", "species_table"]

OH, HCO3, CO2, CAALB, HENRY = 0, 4, 5, 30, 31


@part
def carbon_per_proton(K, pCO2, g1, aw):
    """SPEC-19. [HCO3-]·a(H+) at fixed pCO2 = K_HCO3 K_H pCO2 a_w/(K_CO2 γ_1) [mol/kg].

    K: (32,) constants; pCO2 [atm] ≥ 0; g1: γ_1; aw: activity of water. Source: mass action, Henry's law (plummer1982).
    """
    return K[HCO3] * K[HENRY] * pCO2 * aw / (K[CO2] * g1)


@kernel
def starting_strength(n, extra):
    """Ionic strength [mol/kg] for a cold start: strong ions as they are, a typical charge for the others; extra: HCO3- or the like."""
    return 0.5 * (n.na + n.k + n.cl + 3.2 * (n.ca + n.mg) + extra + 2.5 * n.p + 4.0 * n.cit)


@kernel
def above_trace(total):
    """The total itself, 0 below 1e-99 mol/kg: products of smaller numbers leave the range of floating point."""
    if 0.0 < total < 1e-99:
        return 0.0
    return total


@kernel
def starting_ligands(q, ca, mg, w, n, h):
    """Free HPO4-2 and Citrate-3 [mol/kg] for a cold start, from below: every cation counted as free."""
    ih = 1.0 / h
    free_p = 1.0 + q.po4 * ih + q.h2po4 * h + q.h3po4 * h * h
    free_p += n.ca * (ca.hpo4 + ca.h2po4 * h + ca.po4 * ih) + n.mg * (mg.hpo4 + mg.h2po4 * h + mg.po4 * ih) + n.na * w.na_hpo4
    free_t = 1.0 + q.hcit * h + q.h2cit * h * h
    free_t += n.ca * (ca.cit + ca.hcit * h) + n.mg * (mg.cit + mg.hcit * h) + n.na * w.na_cit
    return n.p / free_p, n.cit / free_t


@part
def starting_proton(tAlk, n, carbon, q):
    """Activity of H+ for a cold start: HCO3-, CO3-2 and OH- take what alkalinity phosphate (1.8 per P) leaves, kept positive smoothly."""
    rest = tAlk - 1.8 * n.p
    taken = 0.5 * (rest + math.sqrt(rest * rest + 1e-8))
    linear = carbon + q.hydroxide
    return (linear + math.sqrt(linear * linear + 8.0 * carbon * q.co3 * taken)) / (2.0 * taken)


@kernel
def bounded_sum(s, d1, d2, d3):
    """Change of the ionic strength by a Newton step, to first order; nothing for a step too long for first order."""
    if abs(d1) + abs(d2) + abs(d3) > 0.3:
        return 0.0
    return s.i1 * d1 + s.i2 * d2 + s.i3 * d3


@part
def newton_alkalinity(q, ca, mg, w, n, affinity, tAlk, carbon, p, t, h):
    """SPEC-20. One Newton step of the closure by alkalinity, and the ionic strength after it.

    Returns (relative steps of p, t, h; I [mol/kg] after the step; a_w = 1 − 0.017 Σ m).
    Arguments as SPEC-14. Source: parkhurst2013 for a_w.
    """
    ih = 1.0 / h
    c = carbon * ih
    s = add(ligands_alkalinity(q, p, c, t, h, ih), metal_alkalinity(ca, n.ca, n.alb, affinity, p, c, t, h, ih))
    s = add(add(s, metal_alkalinity(mg, n.mg, 0.0, 0.0, p, c, t, h, ih)), alkali(w, n, p, c, t, ih, 1.0))
    a11 = s.a11 if p > 0.0 else 1.0
    a22 = s.a22 if t > 0.0 else 1.0
    dp, dt, dh = solve_symmetric(a11, s.a12, s.a13, a22, s.a23, s.a33, n.p - s.r1, n.cit - s.r2, n.p - tAlk - s.r3)
    ionic = s.ionic + 0.5 * n.cl + bounded_sum(s, dp, dt, dh)
    return dp, dt, dh, ionic, 1.0 - 0.017 * (s.molal + n.cl)


@part
def newton_ph(q, ca, mg, w, n, affinity, tC, p, c, t, h):
    """SPEC-21. One Newton step of the closure by pH; returns (relative steps of p, t, c; I; a_w) like SPEC-20, tC total carbonate."""
    ih = 1.0 / h
    s = add(ligands_ph(q, p, c, t, h, ih), metal_ph(ca, n.ca, n.alb, affinity, p, c, t, h, ih))
    s = add(add(s, metal_ph(mg, n.mg, 0.0, 0.0, p, c, t, h, ih)), alkali(w, n, p, c, t, ih, 0.0))
    a11 = s.a11 if p > 0.0 else 1.0
    a22 = s.a22 if t > 0.0 else 1.0
    a33 = s.a33 if c > 0.0 else 1.0
    dp, dt, dc = solve_symmetric(a11, s.a12, s.a13, a22, s.a23, a33, n.p - s.r1, n.cit - s.r2, tC - s.r3)
    ionic = s.ionic + 0.5 * n.cl + bounded_sum(s, dp, dt, dc)
    return dp, dt, dc, ionic, 1.0 - 0.017 * (s.molal + n.cl)


@part
def write_activities(K, n, ca, mg, affinity, p, c, t, h, g1, aw, q, la):
    """SPEC-22. Natural-log activities of Ca+2, Mg+2, PO4-3, CO3-2, H+, OH- into la (6,); −99.99·ln 10 for what is absent.

    a_Ca = γ_2 Ca_T/D (albumin: SPEC-9), a_PO4 = a_HPO4/(K_HPO4 h), a_OH = K_w a_w/h. Source: mass action.
    """
    ih = 1.0 / h
    g2 = g1 * g1 * g1 * g1
    calcium, _ = free_with_sites(n.ca, occupied(ca, p, c, t, h, ih)[0], n.alb, affinity)
    magnesium = n.mg / occupied(mg, p, c, t, h, ih)[0]
    proton = math.log(h)
    la[0] = log_or_absent(g2 * calcium)
    la[1] = log_or_absent(g2 * magnesium)
    la[2] = log_or_absent(g2 * g2 * g1 * q.po4 * p * ih)
    la[3] = log_or_absent(g2 * q.co3 * c * ih)
    la[4] = proton
    la[5] = math.log(K[OH] * aw) - proton


@kernel
def speciate_alkalinity(K, A, pCO2, tCa, tMg, tNa, tK, tCl, tP, tAlk, tCit, tAlb, x, la, tol, maxit):
    """SPEC-23. Full tier with the pH from alkalinity at fixed pCO2; passes of Newton, the ionic strength updated in each.

    K (32,): constants(T); A: debye_huckel(T); pCO2 [atm]; totals [mol/kg water], alkalinity [eq/kg] of any sign, albumin sites
    (12 per albumin); x (6,): state, zeros for a cold start; la (6,): natural-log activities of Ca+2, Mg+2, PO4-3, CO3-2, H+, OH-.
    tol: stops when the relative change of I plus the squared Newton step is below it; maxit (int): most passes.
    Returns the number of passes; negative (and x zeroed, la untouched) when not converged. Source: chemistry of parkhurst2013.
    """
    n = Totals(tCa, tMg, tNa, tK, tCl, above_trace(tP), above_trace(tCit), tAlb)
    affinity = K[CAALB]
    p, t, h, ionic, aw = x[0], x[2], x[3], x[4], x[5]
    cold = not (ionic > 0.0 and h > 0.0) or (p > 0.0) != (n.p > 0.0) or (t > 0.0) != (n.cit > 0.0)
    start = starting_strength(n, abs(tAlk))
    warm = not cold
    if cold:
        ionic, aw = start, 0.995
    for passes in range(1, maxit + 1):
        g1, g0 = activity(A, ionic)
        q = acids(K, g1, g0, aw)
        ca, mg, w = bindings(K, q, g1, g0, aw)
        carbon = carbon_per_proton(K, pCO2, g1, aw)
        if cold:
            h = starting_proton(tAlk, n, carbon, q)
            p, t = starting_ligands(q, ca, mg, w, n, h)
            cold = False
        size = 1e300
        now = ionic
        water = aw
        for _ in range(6):
            dp, dt, dh, now, water = newton_alkalinity(q, ca, mg, w, n, affinity, tAlk, carbon, p, t, h)
            size = abs(dp) + abs(dt) + abs(dh)
            dp, dt, dh = shorten(dp, dt, dh)
            p = relax_log(p, dp)
            t = relax_log(t, dt)
            h = relax_log(h, dh)
            if size < 0.03:
                break
        if abs(now - ionic) / now + abs(water - aw) + size * size < tol:
            write_activities(K, n, ca, mg, affinity, p, carbon / h, t, h, g1, aw, q, la)
            x[0], x[1], x[2], x[3], x[4], x[5] = p, carbon / h, t, h, ionic, aw
            return passes
        ionic = min(now, 4.0 * start + 0.1)  # no solution can be stronger; an early iterate can
        aw = water
        lost = not size < 1e300
        if warm and (lost or passes == 20):
            ionic, aw, cold, warm = start, 0.995, True, False  # the state came from too different a solution
        elif lost:
            break
    x[:] = 0.0
    return -maxit


@kernel
def speciate_ph(K, A, pH, tCa, tMg, tNa, tK, tCl, tP, tC, tCit, tAlb, x, out, tol, maxit):
    """SPEC-24. Full tier with the pH given (pH = −log10 a(H+)); arguments as SPEC-23, tC: total carbonate [mol/kg].

    out (45,): 41 molalities in the order of speciation_data.species(), then γ_1, γ_2, γ_3, γ_0.
    Returns the number of passes; negative (and x zeroed, out untouched) when not converged. Source: chemistry of parkhurst2013.
    """
    n = Totals(tCa, tMg, tNa, tK, tCl, above_trace(tP), above_trace(tCit), tAlb)
    affinity = K[CAALB]
    h = 10.0 ** (-pH)
    p, c, t, ionic, aw = x[0], x[1], x[2], x[4], x[5]
    carbonate = above_trace(tC)
    cold = not ionic > 0.0 or (p > 0.0) != (n.p > 0.0) or (t > 0.0) != (n.cit > 0.0) or (c > 0.0) != (carbonate > 0.0)
    start = starting_strength(n, carbonate)
    warm = not cold
    if cold:
        ionic, aw = start, 0.995
    for passes in range(1, maxit + 1):
        g1, g0 = activity(A, ionic)
        q = acids(K, g1, g0, aw)
        ca, mg, w = bindings(K, q, g1, g0, aw)
        if cold:
            p, t = starting_ligands(q, ca, mg, w, n, h)
            c = carbonate / (1.0 + q.co3 / h + q.co2 * h)
            cold = False
        size = 1e300
        now = ionic
        water = aw
        for _ in range(6):
            dp, dt, dc, now, water = newton_ph(q, ca, mg, w, n, affinity, carbonate, p, c, t, h)
            size = abs(dp) + abs(dt) + abs(dc)
            dp, dt, dc = shorten(dp, dt, dc)
            p = relax(p, dp)
            t = relax(t, dt)
            c = relax(c, dc)
            if size < 0.03:
                break
        if abs(now - ionic) / now + abs(water - aw) + size * size < tol:
            x[0], x[1], x[2], x[3], x[4], x[5] = p, c, t, h, ionic, aw
            write_species(q, ca, mg, w, n, affinity, p, c, t, h, g1, g0, out)
            return passes
        ionic = min(now, 4.0 * start + 0.1)  # no solution can be stronger; an early iterate can
        aw = water
        lost = not size < 1e300
        if warm and (lost or passes == 20):
            ionic, aw, cold, warm = start, 0.995, True, False  # the state came from too different a solution
        elif lost:
            break
    x[:] = 0.0
    return -maxit

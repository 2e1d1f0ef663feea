"""Calcium phosphate phases: how fast each grows, dissolves and turns into the next, at the ion activities of a voxel.

Particles are counted by their calcium: a primary's size is that of a hydroxyapatite sphere with the same calcium. So a phase that turns
into another at constant calcium leaves sizes and numbers alone, and changes only what the pores and the fluid hold.
"""

import math
from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel, part
from calcisim.physics.growth import dissolution_velocity, growth_saturation, growth_velocity

PHASES = ("ACP", "MgACP", "OCP", "DCPD", "HAP")  # from the least to the most stable: each turns into a later one, if at all
ACP, MGACP, OCP, DCPD, HAP = range(5)
COUNT = 5
SPECIES_COUNT = 4

RATE, ORDER, STRENGTH = range(3)  # columns of PhaseLaws.growth
DISSOLVE_RATE, DISSOLVE_ORDER, DISSOLVE_SLOPE = range(3)  # of PhaseLaws.dissolution
MATURE_RATE, MATURE_SLOPE, MATURE_MAGNESIUM, MATURE_FETUIN, MATURE_INTO = range(5)  # of PhaseLaws.maturation


class PhaseLaws(NamedTuple):
    """The mineral table as kernels take it, one row per phase of PHASES.

    ions (Q, 6): stoichiometry of the activities Ca, Mg, PO4, CO3, H, OH; ion_count ν (Q,); ln_ksp, ln_ksp_growth (Q,);
    calcium (Q,): Ca per formula; volume (Q,): molar volume [m³/mol]; growth (Q, 3): k [mol/(m² s)], n, b; dissolution (Q, 3): k, n,
    decades per pH; maturation (Q, 5): rate [1/s], decades per pH, magnesium and fetuin that halve it [mol/m³] (in PHA-4), phase it turns
    into (−1: none); uptake (4, Q): what one mol of calcium in each phase takes of Ca, P, Mg [mol] and alkalinity [eq];
    calcium_volume: hydroxyapatite per mol of calcium [m³/mol]; driving: the phase whose saturation drives growth on apatite.
    """

    ions: np.ndarray
    ion_count: np.ndarray
    ln_ksp: np.ndarray
    ln_ksp_growth: np.ndarray
    calcium: np.ndarray
    volume: np.ndarray
    growth: np.ndarray
    dissolution: np.ndarray
    maturation: np.ndarray
    uptake: np.ndarray
    calcium_volume: float
    driving: int


@kernel
def precursor_share(ln_omega):
    """PHA-1. Share of newly attached mineral that is a hydrated precursor rather than a more stable phase: h = 1 − 1/Ω for Ω > 1, else 0.

    Ω : ion activity product over solubility product of the precursor [-]. The net over the gross rate of attachment of a unit: for OCP
    nearly 1 in plasma (Ω of 20 to 800), 0 where the precursor would dissolve. Assumption; the order ACP, OCP, apatite, each turning into
    the next: christoffersen1990, meyer1978.
    """
    return 1.0 - math.exp(-ln_omega) if ln_omega > 0.0 else 0.0


@kernel
def phase_velocity(phases, q, ln_omega, coverage):
    """PHA-2. Velocity of a face of phase q, counted in calcium: v = V_Ca ν_Ca k (S − 1)^n (1 − b θ) [m/s], and dv/dlnΩ; 0 for S ≤ 1.

    S = Ω^(1/ν); V_Ca : volume of hydroxyapatite per calcium [m³/mol]; θ : coverage by inhibitors [-].
    """
    if ln_omega <= 0.0:
        return 0.0, 0.0
    saturation = growth_saturation(ln_omega, 0.0, phases.ion_count[q])
    order = phases.growth[q, ORDER]
    free = 1.0 - phases.growth[q, STRENGTH] * coverage
    velocity = growth_velocity(saturation, phases.growth[q, RATE], order, phases.calcium_volume * phases.calcium[q], free)
    return velocity, velocity * order * saturation / (saturation - 1.0) / phases.ion_count[q]


@part
def dissolution_flux(phases, q, ln_omega, ph):
    """PHA-3. Calcium that phase q gives back per area of particles: ν_Ca k (1 − S)^n 10^(a (7.4 − pH)) [mol/(m² s)], and its d/dlnΩ.

    0 for S ≥ 1; pH held within 5 to 7.4. The share of the area that the phase has is its share of the calcium.
    """
    if ln_omega >= 0.0:
        return 0.0, 0.0
    saturation = growth_saturation(ln_omega, 0.0, phases.ion_count[q])
    order = phases.dissolution[q, DISSOLVE_ORDER]
    rate, slope = phases.dissolution[q, DISSOLVE_RATE], phases.dissolution[q, DISSOLVE_SLOPE]
    flux = -dissolution_velocity(saturation, rate, order, phases.calcium[q], ph, slope)
    return flux, -flux * order * saturation / (1.0 - saturation) / phases.ion_count[q]


@part
def maturation_rate(phases, q, ph, magnesium, fetuin):
    """PHA-4. First-order rate at which phase q turns into the next: k 10^(a (pH − 7.4)) / ((1 + Mg/K_Mg)² (1 + F/K_F)) [1/s].

    Mg : total dissolved magnesium [mol/m³]; F : free fetuin [mol/m³]; constants in data/minerals.toml. pH held within 6 to 8.5.
    """
    rate = phases.maturation[q, MATURE_RATE]
    if rate <= 0.0:
        return 0.0
    slow = 1.0 + magnesium / phases.maturation[q, MATURE_MAGNESIUM]
    rate *= 10.0 ** (phases.maturation[q, MATURE_SLOPE] * (min(max(ph, 6.0), 8.5) - 7.4))
    return rate / (slow * slow * (1.0 + fetuin / phases.maturation[q, MATURE_FETUIN]))


@kernel
def log_saturations(phases, activity, out, growth):
    """PHA-5. ln Ω_q = Σ ν_qi ln a_i − ln Ksp_q of every phase; `growth`: with the offset that biological crystals have."""
    for q in range(COUNT):
        total = 0.0
        for ion in range(6):
            if phases.ions[q, ion] != 0.0:
                total += phases.ions[q, ion] * activity[ion]
        out[q] = total - (phases.ln_ksp_growth[q] if growth else phases.ln_ksp[q])


@part
def own_share(phases, q, ln_omega):
    """PHA-7. Share of a surface that a soluble phase takes: σ_q^32/Σσ^32 over ACP, its magnesium form and DCPD, σ = ln Ω/ν > 0.

    Ostwald's rule: the phase with the highest saturation per ion comes first; the power only rounds the switch. Near pH 7 that is ACP,
    in acid DCPD. Assumption.
    """
    own = ln_omega[q] / phases.ion_count[q]
    if own <= 0.0:
        return 0.0
    total = 0.0
    for p in (ACP, MGACP, DCPD):
        other = ln_omega[p] / phases.ion_count[p]
        if other > 0.0:
            total += (other / own) ** 32
    return 1.0 / total


@part
def growth_by_phase(phases, ln_omega, coverage, velocity, by_log):
    """PHA-6. What each phase adds to the velocity of a face [m/s], and by_log[q, p] = ∂velocity[q]/∂lnΩ_p.

    Growth on apatite is driven by `driving` (PHA-2) and enters step by step: as ACP for the share h_ACP (PHA-1), as OCP for h_OCP of the
    rest, and the last as apatite. ACP, its magnesium form and DCPD also grow by their own law while they are supersaturated, on the share
    of the surface that is theirs (PHA-7).
    """
    for q in range(COUNT):
        velocity[q] = 0.0
        for p in range(COUNT):
            by_log[q, p] = 0.0
    driven, slope = phase_velocity(phases, phases.driving, ln_omega[phases.driving], coverage)
    first, second = precursor_share(ln_omega[ACP]), precursor_share(ln_omega[OCP])
    velocity[ACP] = driven * first
    velocity[OCP] = driven * (1.0 - first) * second
    velocity[HAP] = driven * (1.0 - first) * (1.0 - second)
    by_log[ACP, phases.driving] += slope * first
    by_log[OCP, phases.driving] += slope * (1.0 - first) * second
    by_log[HAP, phases.driving] += slope * (1.0 - first) * (1.0 - second)
    if ln_omega[ACP] > 0.0:
        change = driven * (1.0 - first)
        by_log[ACP, ACP] += change
        by_log[OCP, ACP] -= change * second
        by_log[HAP, ACP] -= change * (1.0 - second)
    if ln_omega[OCP] > 0.0:
        change = driven * (1.0 - first) * (1.0 - second)
        by_log[OCP, OCP] += change
        by_log[HAP, OCP] -= change
    for q in (ACP, MGACP, DCPD):
        share = own_share(phases, q, ln_omega)
        if share > 0.0:
            one, slope = phase_velocity(phases, q, ln_omega[q], coverage)
            velocity[q] += share * one
            by_log[q, q] += share * slope


@part
def by_concentration(phases, slopes, out):
    """out[q, s] = ∂lnΩ_q/∂c_s [m³/mol] from slopes (6, 4) = ∂ln a_i/∂(total in mol/kg)."""
    for q in range(COUNT):
        for s in range(SPECIES_COUNT):
            out[q, s] = 0.0
        for ion in range(6):
            if phases.ions[q, ion] != 0.0:
                for s in range(SPECIES_COUNT):
                    out[q, s] += phases.ions[q, ion] * slopes[ion, s] * 1e-3

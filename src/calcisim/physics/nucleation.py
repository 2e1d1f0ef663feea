"""Nucleation of mineral on collagen, elastin and debris (classical theory, per exposed area).

The saturation of nucleation, σ_n = ln(IAP/Ksp)/ν, and the saturation of growth, S − 1 with S = Ω^(1/ν), are different
quantities and keep different names throughout.
"""

import math

from calcisim.jit import kernel, part

BOLTZMANN = 1.380649e-23  # J/K, exact (SI 2019)


@part
def nucleation_saturation(ln_iap, ln_ksp, ions):
    """NUC-1. Saturation that drives nucleation.

    σ_n = (ln IAP − ln Ksp)/ν;  ν ions per formula (9 for Ca5(PO4)3OH). About 2.5 in healthy plasma.
    """
    return (ln_iap - ln_ksp) / ions


@part
def protection_weight(state, fade_start):
    """NUC-2. How far inhibitors in the fluid matter on a substrate of state s.

    w(s) = 1 up to `fade_start`, falling linearly to 0 at s = 1.
    """
    if state <= fade_start:
        return 1.0
    return max(0.0, (1.0 - state) / (1.0 - fade_start))


@kernel
def relative_coverage(concentration, half_coverage, healthy):
    """NUC-3. Coverage by an inhibitor relative to health: h = [c/(c+K)]/[c₀/(c₀+K)]."""
    return concentration / (concentration + half_coverage) * (healthy + half_coverage) / healthy


@part
def interfacial_energy(state, protection, base, slope, fluid, fade_start):
    """NUC-4. Effective interfacial energy of a nucleus on a substrate [J/m²].

    α = α0 + Δα s + Δα_i w(s) P
    s : state of the substrate, 1 native and intact … 0 bare [-]
    P : what inhibitors in the fluid add (> 0) or, when lost, take away (< 0), relative to health [-]
    α0, Δα, Δα_i [J/m²]. A calibrated design choice, not a measured law; constants in data/nucleation.toml.
    """
    return base + slope * state + fluid * protection_weight(state, fade_start) * protection


def barrier_constant(molecular_volume: float, temperature: float) -> float:
    """NUC-5. Constant of the nucleation barrier: C = 8πω²/(3 (kT)³) [m⁶/J³], so that B = C α³/σ_n² [-].

    ω : volume per ion [m³];  T [K]. Source: habraken2013, Fig. 7, with ω per ion.
    """
    return 8.0 * math.pi * molecular_volume**2 / (3.0 * (BOLTZMANN * temperature) ** 3)


@part
def nucleation_rate(prefactor, alpha, saturation, barrier):
    """NUC-6. Nuclei per substrate area and time [1/(m² s)].

    J = A exp(−C α³/σ_n²) for σ_n > 0, else 0.   dJ/dσ_n = 2 J C α³/σ_n³ (see `barrier_height`)
    """
    if saturation <= 0.0:
        return 0.0
    return prefactor * math.exp(-barrier * alpha * alpha * alpha / (saturation * saturation))


@part
def barrier_height(alpha, saturation, barrier):
    """NUC-7. B = C α³/σ_n² [-]; d ln J/d ln σ_n = 2B."""
    return barrier * alpha * alpha * alpha / (saturation * saturation)

"""Where nuclei form in a voxel: collagen by type and state, elastin, a device, debris, mineral itself, and the fluid."""

import math
from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel, part
from calcisim.physics.nucleation import barrier_height, interfacial_energy, nucleation_rate, relative_coverage

# columns of the substrate of a voxel
(
    SURFACE, STATE, EXPOSED, EXPOSED_STATE, HEALING, PROTECTION, MAGNESIUM_WEIGHT, AFFINITY, MAGNESIUM_AFFINITY, AFFINITY_INSIDE, TYPE_2,
    TYPE_3, ELASTIN, ELASTIN_STATE, DEVICE, DEVICE_STATE, INFLAMED, SEEDED, DEBRIS_STATE,
) = range(19)  # fmt: skip
SUBSTRATE_COLUMNS = 19
HIGHEST_BARRIER = 90.0  # in kT: beyond, less than one nucleus in a cubic centimetre and ten years


class NucleationLaw(NamedTuple):
    """Constants of the routes. offsets (2,): added to the state of collagen of types II and III; debris, nucleator (2,): state and area
    [m²] of a site, of debris the state where a voxel has none of its own; homogeneous (3,): prefactor [1/(m³ s)], barrier constant [-] and
    ions of ACP; secondary_state: of mineral as a substrate, negative where that route is off; inflamed_state: of what inflammation lays
    open; magnesium_* enter the protection by the voxel's own magnesium.
    """

    prefactor: float
    base: float
    slope: float
    fluid: float
    fade_start: float
    barrier: float
    offsets: np.ndarray
    debris: np.ndarray
    nucleator: np.ndarray
    homogeneous: np.ndarray
    secondary_state: float
    inflamed_state: float
    magnesium_half: float
    magnesium_healthy: float


@kernel
def _on(state, protection, sigma, law):
    """J on a substrate of this state [1/(m² s)], and dJ/dσ_n."""
    alpha = interfacial_energy(max(state, 0.0), protection, law.base, law.slope, law.fluid, law.fade_start)
    rate = nucleation_rate(law.prefactor, alpha, sigma, law.barrier)
    return rate, rate * 2.0 * barrier_height(alpha, sigma, law.barrier) / sigma


@part
def _on_collagen(substrate, row, state, protection, sigma, law):
    """NUC-9. J averaged over the collagen types of a voxel, each at its own state s + Δs_type [1/(m² s)], and its slope.

    Δs of type I is 0; II and III: data/nucleation.toml.
    """
    rate = 0.0
    slope = 0.0
    for kind in range(3):
        share = substrate[row, TYPE_2] if kind == 1 else substrate[row, TYPE_3]
        if kind == 0:
            share = 1.0 - substrate[row, TYPE_2] - substrate[row, TYPE_3]
        if share > 0.0:
            offset = 0.0 if kind == 0 else law.offsets[kind - 1]
            one, by_sigma = _on(min(state + offset, 1.0), protection, sigma, law)
            rate += share * one
            slope += share * by_sigma
    return rate, slope


@part
def surface_nucleation(substrate, row, exposed, protection, sigma, mineral_area, law):
    """NUC-10. Nuclei on all surfaces of a voxel [1/(m³ s)], their slope by σ_n, and the part that forms on collagen.

    S_V Σ_sides f J(s) of collagen (NUC-9) + elastin + device + mineral (secondary, a rival route, off by default) + particles of the
    colloid that were caught. Sides: intact, laid open by injury (f_e), and of the rest what inflammation has laid open (f_I, TIS-2), which
    opens elastin too. mineral_area : surface of the particles [1/m].
    """
    if sigma <= 0.0:
        return 0.0, 0.0, 0.0
    rate = 0.0
    slope = 0.0
    surface, inflamed = substrate[row, SURFACE], substrate[row, INFLAMED]
    for side in range(3):
        share = exposed if side == 1 else (1.0 - exposed) * (inflamed if side == 2 else 1.0 - inflamed)
        if share > 0.0 and surface > 0.0:
            state = substrate[row, STATE]
            if side == 1:
                state = substrate[row, EXPOSED_STATE]
            elif side == 2:
                state = min(state, law.inflamed_state)
            one, by_sigma = _on_collagen(substrate, row, state, protection, sigma, law)
            rate += share * surface * one
            slope += share * surface * by_sigma
    rate += substrate[row, SEEDED]
    collagen = rate
    for area, state in (
        (substrate[row, ELASTIN] * (1.0 - inflamed), substrate[row, ELASTIN_STATE]),
        (substrate[row, ELASTIN] * inflamed, min(substrate[row, ELASTIN_STATE], law.inflamed_state)),
        (substrate[row, DEVICE], substrate[row, DEVICE_STATE]),
        (mineral_area if law.secondary_state >= 0.0 else 0.0, law.secondary_state),
    ):
        if area > 0.0:
            one, by_sigma = _on(state, protection, sigma, law)
            rate += area * one
            slope += area * by_sigma
    return rate, slope, collagen


@part
def floating_nucleation(free_area, protection, sigma, law):
    """NUC-13. Nuclei on the mineral that floats in the fluid [1/(m³ s)]: the rival route of NUC-10 there; 0 where it is off."""
    if law.secondary_state < 0.0 or free_area <= 0.0 or sigma <= 0.0:
        return 0.0
    rate, _ = _on(law.secondary_state, protection, sigma, law)
    return free_area * rate


@kernel
def site_nucleation(site, protection, sigma, law):
    """NUC-11. Nucleation per site of a finite pool, a J(s) [1/s] with its state s and area a, and its slope by σ_n."""
    if sigma <= 0.0:
        return 0.0, 0.0
    rate, slope = _on(site[0], protection, sigma, law)
    return site[1] * rate, site[1] * slope


@part
def homogeneous_nucleation(ln_omega, law):
    """NUC-12. ACP from the fluid itself, J = A exp(−C γ³/σ²) with σ = ln Ω/ν [1/(m³ s)], and dJ/dlnΩ; 0 when undersaturated.

    C γ³ = 16π ω² γ³/(3 (kT)³), ω : volume per ion. Source: classical theory; γ of ACP as on collagen (habraken2013).
    """
    if ln_omega <= 0.0:
        return 0.0, 0.0
    sigma = ln_omega / law.homogeneous[2]
    barrier = law.homogeneous[1] / (sigma * sigma)
    if barrier > HIGHEST_BARRIER:
        return 0.0, 0.0
    rate = law.homogeneous[0] * math.exp(-barrier)
    return rate, rate * 2.0 * barrier / ln_omega


@part
def fluid_effects(substrate, row, magnesium, elapsed, law):
    """Protection P, affinities Σ K c outside and inside fibrils, and the share of surface still exposed `elapsed` seconds into a step."""
    relative = relative_coverage(magnesium, law.magnesium_half, law.magnesium_healthy) - 1.0
    protection = substrate[row, PROTECTION] + substrate[row, MAGNESIUM_WEIGHT] * relative
    covered = substrate[row, MAGNESIUM_AFFINITY] * magnesium
    exposed = substrate[row, EXPOSED]
    if exposed > 0.0 and substrate[row, HEALING] > 0.0:
        exposed *= math.exp(-substrate[row, HEALING] * elapsed)
    return protection, substrate[row, AFFINITY] + covered, substrate[row, AFFINITY_INSIDE] + covered, exposed

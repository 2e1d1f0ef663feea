"""The healthy body: what its parameters must be so that nothing changes in health, and its state there.

Everything that is not in data/body.toml follows from the steady state of the healthy adult; it is worked out once, before any disease.
"""

import math
from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq

from calcisim import parameters
from calcisim.physics import speciation_data
from calcisim.physics.body import APPARENT_PK1, soft_excess
from calcisim.physics.body_names import P, S
from calcisim.physics.plasma import saturation, ultrafiltrate

Array = np.ndarray
AMORPHOUS = "ACP2"  # the phase whose saturation drives the colloid, as in minerals.toml
# Levers that are not 0 in health; intakes and the like take the healthy value of the table.
NEUTRAL = (
    "albumin_ratio", "calcium_excretion", "magnesium_reabsorption", "phosphate_reabsorption", "calcium_set_point", "parathyroid_mass",
    "parathyroid_remnant", "fgf23_production", "klotho", "calcitriol_breakdown", "bone_resorption", "gut_absorption", "filtration_response",
)  # fmt: skip
FROM_TABLE = {
    "calcium_intake": "healthy_calcium_intake",
    "phosphate_intake": "healthy_phosphate_intake",
    "magnesium_intake": "healthy_magnesium_intake",
    "acid_production": "healthy_acid_production",
    "carbon_dioxide": "healthy_carbon_dioxide",
    "glomerular_filtration": "healthy_filtration",
    "hydroxyvitamin_d": "healthy_hydroxyvitamin_d",
}


def constants(changed: Mapping[str, float] | None = None) -> Array:
    """The parameters of a healthy body (P), closed; `changed` replaces rows of data/body.toml, in SI units. KeyError for an unknown row."""
    row = {**parameters.values("body")}
    for name, value in (changed or {}).items():
        if name not in row:
            raise KeyError(f"data/body.toml has no row {name!r}")
        row[name] = value
    p = np.zeros(len(P))
    for name, value in row.items():
        p[P[name]] = value
    for name in NEUTRAL:
        p[P[name]] = 1.0
    for name, source in FROM_TABLE.items():
        p[P[name]] = p[P[source]]
    _close_calcium(p)
    _close_kidney(p)
    _close_colloid(p)
    return p


def _close_calcium(p: Array) -> None:
    """BDY-17. Closure: albumin capacity B = (CaT_0 − Ca_0 (1 + κ_0))(Kd + Ca_0)/Ca_0; Ca_50 = Ca_0/((S_max − S_min)/(1 − S_min) − 1)^(1/n).

    Source: derivation.
    """
    ionised, ratio = p[P.healthy_calcium_ionised], p[P.complexed_ratio]
    bound = p[P.healthy_calcium] - ionised * (1.0 + ratio)
    p[P.albumin_capacity] = bound * (p[P.calcium_albumin_dissociation] + ionised) / ionised
    least = p[P.secretion_least]
    p[P.secretion_half] = ionised / ((p[P.secretion_largest] - least) / (1.0 - least) - 1.0) ** (1.0 / p[P.secretion_order])
    carbonic = p[P.carbon_dioxide_solubility] * p[P.healthy_carbon_dioxide]
    p[P.ph_offset] = APPARENT_PK1 + math.log10(p[P.healthy_bicarbonate] / carbonic) - p[P.healthy_ph]


def _close_kidney(p: Array) -> None:
    """BDY-18. Closure: what is absorbed is excreted: half of calcium excretion, thresholds of phosphate and magnesium, net acid.

    Source: derivation.
    """
    filtration, intake = p[P.healthy_filtration], p[P.healthy_calcium_intake]
    active = p[P.calcium_absorption_capacity] * intake / (intake + p[P.calcium_absorption_half])
    net = active + p[P.calcium_passive_share] * intake - p[P.calcium_secretion]
    share = net / (filtration * p[P.healthy_calcium_ionised] * (1.0 + p[P.complexed_ratio]))
    p[P.calcium_excretion_half] = (p[P.calcium_excretion_largest] / share - 1.0) ** (1.0 / p[P.calcium_excretion_order])
    absorbed = (p[P.phosphate_passive_share] + p[P.phosphate_active_share]) * p[P.healthy_phosphate_intake]
    p[P.absorbed_phosphate] = absorbed
    p[P.phosphate_threshold] = _threshold(p[P.healthy_phosphate], p[P.phosphate_splay], absorbed / filtration)
    passing = p[P.magnesium_ultrafilterable] * p[P.healthy_magnesium]
    excreted = p[P.magnesium_absorbed_share] * p[P.healthy_magnesium_intake] / filtration
    p[P.magnesium_threshold] = _threshold(passing, p[P.magnesium_splay], excreted)
    lost = soft_excess(p[P.healthy_bicarbonate] - p[P.bicarbonate_threshold], p[P.bicarbonate_splay])
    p[P.net_acid] = p[P.healthy_acid_production] + filtration * lost


def _threshold(level: float, splay: float, excreted: float) -> float:
    """The renal threshold T with soft_excess(level − T) = excreted per filtrate [mol/m³]."""
    low, high = level - 10.0 * excreted - splay, level + 20.0 * splay
    return float(brentq(lambda threshold: soft_excess(level - threshold, splay) - excreted, low, high, xtol=1e-15))


def _close_colloid(p: Array) -> None:
    """BDY-19. Closure: growth saturation Ω^(1/ν) of amorphous calcium phosphate in healthy plasma, by the full speciation of its water."""
    table = parameters.values("plasma")
    water = ultrafiltrate(
        table["temperature"],
        calcium_ionised=p[P.healthy_calcium_ionised], phosphate=p[P.healthy_phosphate], magnesium=p[P.healthy_magnesium],
        bicarbonate=p[P.healthy_bicarbonate], ph=p[P.healthy_ph], magnesium_fraction=p[P.magnesium_ultrafilterable],
        **{name: table[name] for name in ("sodium", "potassium", "chloride", "albumin", "citrate")},
    )  # fmt: skip
    stoichiometry, _ = speciation_data.saturation_table(table["temperature"])
    row = stoichiometry[speciation_data.phases().index(AMORPHOUS)]
    p[P.colloid_phosphate], p[P.colloid_proton] = row[2] / row[0], row[4] / row[0]
    p[P.colloid_ions] = 1.0 + p[P.colloid_phosphate] + p[P.colloid_proton]
    p[P.colloid_saturation] = 10.0 ** (saturation(water, table["temperature"])[AMORPHOUS] / p[P.colloid_ions])


def healthy_state(p: Array) -> Array:
    """The steady state (S) of the healthy body with these parameters."""
    y = np.zeros(len(S))
    plasma, between = p[P.plasma_volume], p[P.interstitial_volume]
    ionised, open_share = p[P.healthy_calcium_ionised], p[P.magnesium_ultrafilterable]
    bound = p[P.albumin_capacity] * ionised / (p[P.calcium_albumin_dissociation] + ionised)
    protein = plasma + p[P.interstitial_protein_ratio] * between
    y[S.calcium] = (plasma + between) * ionised * (1.0 + p[P.complexed_ratio]) + protein * bound
    y[S.bone_calcium] = p[P.exchangeable_calcium]
    y[S.phosphate] = (plasma + between) * p[P.healthy_phosphate]
    y[S.cell_phosphate] = p[P.phosphate_volume] * p[P.healthy_phosphate]
    y[S.magnesium] = open_share * p[P.healthy_magnesium] * (plasma + between + plasma * (1.0 - open_share) / open_share)
    y[S.cell_magnesium] = p[P.magnesium_volume] * p[P.healthy_magnesium]
    y[S.pth], y[S.calcitriol], y[S.fgf23] = p[P.healthy_pth], p[P.healthy_calcitriol], p[P.healthy_fgf23]
    y[S.hydroxyvitamin_d], y[S.bicarbonate] = p[P.healthy_hydroxyvitamin_d], p[P.healthy_bicarbonate]
    y[S.formation] = y[S.gland] = y[S.filtration] = 1.0
    y[S.gut_calcium] = p[P.healthy_calcium_intake] / p[P.gut_absorption_rate]
    y[S.gut_phosphate] = p[P.healthy_phosphate_intake] / p[P.gut_absorption_rate]
    y[S.colloid] = _healthy_colloid(p)
    return y


def _healthy_colloid(p: Array) -> float:
    """Calcium in the colloid in health [mol]: what bone and plasma give, over what cells take up."""
    from_plasma = p[P.colloid_precipitation] * max(p[P.colloid_saturation] - 1.0, 0.0) * (p[P.plasma_volume] + p[P.interstitial_volume])
    return float((p[P.colloid_bone_share] * p[P.bone_turnover] + from_plasma) / p[P.colloid_clearance])

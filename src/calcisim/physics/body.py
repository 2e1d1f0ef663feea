"""The page of the body: calcium, phosphate, magnesium, bicarbonate and the hormones that rule them in one person.

    dCa/dt   = absorbed − secreted − urine + resorbed (1 − f) − formed − onto bone + off it + colloid cleared − precipitated − outside
    dPi/dt   = absorbed + infused − urine + r (resorbed (1 − f) − formed) − into cells + r (colloid cleared − precipitated) − outside
    dMg/dt   = absorbed − urine − into cells − outside
    dHCO3/dt = (acid excreted + alkali taken + bone buffer − lost in urine − acid made + dialysed)/V_B
    hormones: secretion or production − clearance; parathyroid gland, bone formation and filtration follow slowly

`rates` is the right-hand side; each organ is a function of its own below it. Everything in SI units: mol, m³, s. Flows across the boundary
are kept beside the pools, so that amounts balance. Source: derivation; constants and what they were fitted to are in data/body.toml.
"""

import math
from typing import NamedTuple

from calcisim.jit import kernel
from calcisim.physics.body_names import F, P, R, S
from calcisim.physics.plasma import APPARENT_PK1

LEAST = 1e-9  # relative to health: below this a pool counts as empty in the laws


class Fluid(NamedTuple):
    """Extracellular fluid: concentrations [mol/m³], pCO2 [atm], and the volume of it [m³]."""

    volume: float
    phosphate: float
    magnesium: float
    magnesium_ultrafilterable: float
    bicarbonate: float
    carbon_dioxide: float
    ph: float
    ionised: float
    ultrafilterable: float
    calcium: float


class Signals(NamedTuple):
    """What organs answer to, relative to health: ionised calcium x, phosphate q, filtration γ, effective PTH, vitamin D, FGF23, Mg gate."""

    x: float
    q: float
    gamma: float
    pth: float
    vitamin: float
    fgf23: float
    gate: float
    filtration: float  # [m³/s]


@kernel
def soft_excess(x, width):
    """BDY-1. Smooth max(x, 0): w ln(1 + e^(x/w)), x itself far above w. The splay of renal thresholds. Source: definition."""
    z = x / width
    return width * math.log1p(math.exp(z)) if z < 30.0 else x


@kernel
def hill(x, order, half):
    """BDY-2. x^n/(x^n + K^n). Source: definition."""
    power = (x / half) ** order
    return power / (1.0 + power)


@kernel
def bicarbonate_ph(bicarbonate, carbon_dioxide, solubility, offset):
    """BDY-3. pH = 6.10 + log10(HCO3/(α pCO2)) − δ. Source: Henderson–Hasselbalch convention of blood gas analysis."""
    return APPARENT_PK1 + math.log10(bicarbonate / (solubility * carbon_dioxide)) - offset


@kernel
def ionised_calcium(amount, complexed, dissociation, capacity, volume, protein_volume):
    """BDY-4. Ionised calcium c [mol/m³] of a fluid with `amount` mol: V (1 + κ) c + B V_p c/(K + c) = A.

    κ complexed per ionised; B albumin sites [mol/m³] in the volume V_p that holds protein [m³]; K their dissociation constant.
    Source: mass action.
    """
    a = volume * (1.0 + complexed)
    b = a * dissociation + capacity * protein_volume - amount
    return (-b + math.sqrt(b * b + 4.0 * a * amount * dissociation)) / (2.0 * a)


@kernel
def fluid(y, p):
    """BDY-5. The extracellular fluid from the pools: pH by BDY-3 with pCO2 = pCO2_0 + comp (HCO3 − H_0), calcium by BDY-4.

    κ = κ_0 (1 − k_H − k_P + k_H HCO3/H_0 + k_P Pi/Pi_0); Kd = Kd_Ca 10^(−s (pH − pH_0)). Source: derivation, data/body.toml.
    """
    plasma, between = p[P.plasma_volume], p[P.interstitial_volume]
    volume = plasma + between
    phosphate = max(y[S.phosphate], LEAST * volume * p[P.healthy_phosphate]) / volume
    open_share = p[P.magnesium_ultrafilterable]
    magnesium_uf = max(y[S.magnesium], LEAST * volume * p[P.healthy_magnesium]) / (volume + plasma * (1.0 - open_share) / open_share)
    bicarbonate = max(y[S.bicarbonate], 1e-3 * p[P.healthy_bicarbonate])
    healthy = p[P.healthy_bicarbonate]
    carbon_dioxide = max(p[P.carbon_dioxide] + p[P.carbon_dioxide_response] * (bicarbonate - healthy), 0.1 * p[P.healthy_carbon_dioxide])
    ph = bicarbonate_ph(bicarbonate, carbon_dioxide, p[P.carbon_dioxide_solubility], p[P.ph_offset])
    by_acid, by_phosphate = p[P.complexed_bicarbonate_share], p[P.complexed_phosphate_share]
    follows = by_acid * bicarbonate / healthy + by_phosphate * phosphate / p[P.healthy_phosphate]
    complexed = p[P.complexed_ratio] * (1.0 - by_acid - by_phosphate + follows)
    dissociation = p[P.calcium_albumin_dissociation] * 10.0 ** (-p[P.calcium_albumin_ph_slope] * (ph - p[P.healthy_ph]))
    capacity = p[P.albumin_capacity] * p[P.albumin_ratio]
    amount = max(y[S.calcium], LEAST * volume * p[P.healthy_calcium])
    ionised = ionised_calcium(amount, complexed, dissociation, capacity, volume, plasma + p[P.interstitial_protein_ratio] * between)
    passing = ionised * (1.0 + complexed)
    total = passing + capacity * ionised / (dissociation + ionised)
    return Fluid(volume, phosphate, magnesium_uf / open_share, magnesium_uf, bicarbonate, carbon_dioxide, ph, ionised, passing, total)


@kernel
def signals(y, body, p):
    """BDY-6. Effective hormones, relative to health.

    gate m = hill(Mg)/hill(Mg_0); PTH (PTH/PTH_0 + PTHrP)(1 − r + r m); vitamin D (D + ε z/(1 + z/K))/D_0, z = max(D25 − D25_x, 0);
    FGF23 F/F_0 klotho γ^n_Kl.
    Source: data/body.toml.
    """
    x, q = body.ionised / p[P.healthy_calcium_ionised], body.phosphate / p[P.healthy_phosphate]
    lowered = 1.0 - p[P.filtration_response] * (1.0 - max(y[S.filtration], 1e-3))  # not where filtration itself was measured
    filtration = p[P.glomerular_filtration] * lowered
    gamma = max(filtration / p[P.healthy_filtration], 1e-3)
    order, half = p[P.magnesium_gate_order], p[P.magnesium_gate_half]
    gate = hill(body.magnesium, order, half) / hill(p[P.healthy_magnesium], order, half)
    share = p[P.magnesium_resistance]
    secreted = max(y[S.pth] / p[P.healthy_pth], LEAST)
    pth = max((secreted + p[P.pth_related_peptide]) * (1.0 - share + share * gate), 1e-4)
    excess = max(y[S.hydroxyvitamin_d] - p[P.displaced_threshold], 0.0)
    excess /= 1.0 + p[P.displaced_saturation] * excess
    vitamin = max(y[S.calcitriol] + p[P.displaced_potency] * excess, LEAST * p[P.healthy_calcitriol]) / p[P.healthy_calcitriol]
    fgf23 = max(y[S.fgf23] / p[P.healthy_fgf23], LEAST) * p[P.klotho] * gamma ** p[P.klotho_nephron_exponent]
    return Signals(x, q, gamma, pth, vitamin, fgf23, gate, filtration)


@kernel
def rates(y, p, dy, flow):
    """The right-hand side: dy/dt of the states (S) and the flows (F) that cross the boundary, all per second."""
    body = fluid(y, p)
    s = signals(y, body, p)
    absorbed = gut(y, s, p, dy, flow)
    bone(y, body, s, p, dy, flow)
    kidney(body, s, p, dy, flow)
    acid(body, y, s, p, dy)
    glands(body, y, s, p, dy)
    vitamin_d(y, s, absorbed, p, dy)
    colloid(body, y, s, p, dy)
    outside(body, y, p, dy, flow)


@kernel
def gut(y, s, p, dy, flow):
    """BDY-7. What was swallowed is absorbed or lost at k_gut; calcium by a saturable way that vitamin D opens, and a passive one.

    absorbed Ca = min(a (f_D V_m j/(j + K) + p j), top j), j = k_gut Gut_Ca, f_D = f_max De^n/(De^n + f_max − 1);
    Pi: J²/(J + binder), J = (φ_0 + φ_D (1 + (De − 1)/(De + 1))) j; Mg: φ I; secretion J_sec0 x. Source: data/body.toml.
    """
    offered = p[P.gut_absorption_rate] * max(y[S.gut_calcium], 0.0)
    largest, power = p[P.calcium_absorption_largest], s.vitamin ** p[P.calcium_absorption_order]
    opened = largest * power / (power + largest - 1.0)
    active = opened * p[P.calcium_absorption_capacity] * offered / (offered + p[P.calcium_absorption_half])
    calcium = p[P.gut_absorption] * (active + p[P.calcium_passive_share] * offered)
    calcium = min(calcium, p[P.calcium_absorption_ceiling] * offered)
    secreted = p[P.calcium_secretion] * s.x
    meal = p[P.gut_absorption_rate] * max(y[S.gut_phosphate], 0.0)
    share = p[P.phosphate_passive_share] + p[P.phosphate_active_share] * (1.0 + (s.vitamin - 1.0) / (s.vitamin + 1.0))
    free = share * meal
    phosphate = free * free / (free + p[P.phosphate_binding]) if free > 0.0 else 0.0
    magnesium = p[P.magnesium_absorbed_share] * p[P.magnesium_intake]
    dy[S.gut_calcium] = p[P.calcium_intake] - offered
    dy[S.gut_phosphate] = p[P.phosphate_intake] - meal
    dy[S.calcium] = calcium - secreted
    dy[S.phosphate] = phosphate + p[P.phosphate_infusion]
    dy[S.magnesium] = magnesium
    flow[F.calcium_taken], flow[F.calcium_faeces], flow[F.calcium_secreted] = p[P.calcium_intake], calcium - offered, -secreted
    flow[F.phosphate_taken], flow[F.phosphate_faeces] = p[P.phosphate_intake] + p[P.phosphate_infusion], phosphate - meal
    flow[F.magnesium_taken] = magnesium
    return phosphate


@kernel
def bone(y, body, s, p, dy, flow):
    """BDY-8. Resorption by PTH (coupled), by excess of vitamin D and by disease; formation that follows; fast exchange with the surface.

    R = b (R_0 (1 − r + r (2 Pe/(Pe + 1))^m) + k max(De − De_T, 0) + J_x); A = R_0 OB min(x_r^n min(q, q_top)^a, cap)/(1 + Al/K_A)
    (times q/q_min below q_min), x_r = x/clip(Pe min(De, 1)^s_XD)^s_X; dOB/dt = (coupled R/R_0 − OB)/τ.
    Phosphate goes with calcium, r per mol; f of R leaves as colloid (BDY-13). Source: data/body.toml; peterson2010 for the exchange.
    """
    turnover, share = p[P.bone_turnover], p[P.resorption_pth_share]
    coupled = 1.0 - share + share * (2.0 * s.pth / (s.pth + 1.0)) ** p[P.resorption_pth_exponent]
    uncoupled = p[P.resorption_vitamin_rate] * max(s.vitamin - p[P.resorption_vitamin_threshold], 0.0) + p[P.bone_release]
    resorbed = p[P.bone_resorption] * (turnover * coupled + uncoupled)
    point = max(s.pth * min(s.vitamin, 1.0) ** p[P.formation_vitamin_exponent], p[P.formation_point_least])
    point = min(point, p[P.formation_point_largest]) ** p[P.formation_pth_exponent]
    scarce = p[P.formation_scarce]
    supply = min(max(s.q, scarce), p[P.formation_phosphate_ceiling]) ** p[P.formation_phosphate_exponent] * min(s.q / scarce, 1.0)
    drive = (s.x / point) ** p[P.formation_calcium_exponent] * supply
    mineralised = 1.0 / (1.0 + p[P.aluminium] / p[P.aluminium_mineralisation_half])
    formed = turnover * y[S.formation] * min(drive, p[P.formation_limit]) * mineralised
    onto = p[P.bone_exchange] * s.x
    off = p[P.bone_exchange] * y[S.bone_calcium] / p[P.exchangeable_calcium] * s.pth ** p[P.exchange_pth_exponent]
    released = p[P.colloid_bone_share] * resorbed
    ratio = p[P.bone_phosphate_ratio]
    into_cells = phosphate_exchange(y, body, p)
    dy[S.calcium] += resorbed - released - formed - onto + off
    dy[S.bone_calcium] = onto - off
    dy[S.formation] = (p[P.bone_resorption] * coupled - y[S.formation]) / p[P.formation_time]
    dy[S.phosphate] += ratio * (resorbed - released - formed) - into_cells
    dy[S.cell_phosphate] = into_cells
    dy[S.colloid] = released
    flow[F.calcium_resorbed], flow[F.calcium_formed] = resorbed, -formed
    flow[F.phosphate_bone] = ratio * (resorbed - formed)


@kernel
def phosphate_exchange(y, body, p):
    """BDY-9. Phosphate into cells: K_M clip((Pi_0/Pi)^g) (Pi − N/V_2) [mol/s]. Source: agar2011."""
    faster = (p[P.healthy_phosphate] / body.phosphate) ** p[P.phosphate_exchange_exponent]
    faster = min(max(faster, p[P.phosphate_exchange_least]), p[P.phosphate_exchange_largest])
    return p[P.phosphate_exchange] * faster * (body.phosphate - y[S.cell_phosphate] / p[P.phosphate_volume])


@kernel
def kidney(body, s, p, dy, flow):
    """BDY-10. Urine: GFR times what is not taken back.

    Ca: fe = min(FE_max x^n/(x^n + K^n) (1 + a)/(1 + a Pe^b) e^(−a_Alk (pH − pH_0)) thiazide, top);
    Pi: min(soft(Pi − T), top Pi), T = T_0 tub f(Fe) f(Pe), f(z) = (1 − a z/(z + K))/(1 − a/(1 + K));
    Mg: min(soft(Mg_uf − T), top Mg_uf), T = T_0 tub γ^0.08 (1 − s (x − 1)). Source: data/body.toml.
    """
    a = p[P.calcium_excretion_pth]
    hormone = (1.0 + a) / (1.0 + a * s.pth ** p[P.calcium_excretion_pth_exponent])
    alkali = math.exp(-p[P.calcium_excretion_alkalosis] * (body.ph - p[P.healthy_ph]))
    share = p[P.calcium_excretion_largest] * hill(s.x, p[P.calcium_excretion_order], p[P.calcium_excretion_half])
    share = min(share * hormone * alkali * p[P.calcium_excretion], p[P.calcium_excretion_ceiling])
    calcium = s.filtration * body.ultrafilterable * share
    by_fgf23 = kept_threshold(s.fgf23, p[P.phosphate_fgf23_share], p[P.phosphate_fgf23_half])
    by_pth = kept_threshold(s.pth, p[P.phosphate_pth_share], p[P.phosphate_pth_half])
    over = soft_excess(body.phosphate - p[P.phosphate_threshold] * p[P.phosphate_reabsorption] * by_fgf23 * by_pth, p[P.phosphate_splay])
    phosphate = s.filtration * min(over, p[P.phosphate_excretion_ceiling] * body.phosphate)
    threshold = p[P.magnesium_threshold] * p[P.magnesium_reabsorption] * s.gamma ** p[P.magnesium_nephron_exponent]
    threshold *= 1.0 - p[P.magnesium_calcium_slope] * (s.x - 1.0)
    filtered = body.magnesium_ultrafilterable
    over = soft_excess(filtered - threshold, p[P.magnesium_splay])
    magnesium = s.filtration * min(over, p[P.magnesium_excretion_ceiling] * filtered)
    dy[S.calcium] -= calcium
    dy[S.phosphate] -= phosphate
    dy[S.magnesium] -= magnesium
    flow[F.calcium_urine], flow[F.phosphate_urine], flow[F.magnesium_urine] = -calcium, -phosphate, -magnesium


@kernel
def kept_threshold(signal, share, half):
    """BDY-21. What a hormone leaves of a renal threshold, 1 in health: (1 − a z/(z + K))/(1 − a/(1 + K)). Source: data/body.toml."""
    return (1.0 - share * signal / (signal + half)) / (1.0 - share / (1.0 + half))


@kernel
def acid(body, y, s, p, dy):
    """BDY-11. Bicarbonate, and filtration under hypercalcaemia.

    acid excreted NAE_0 γ^ψ max(1 − s_H (H − H_0), 0); lost GFR soft(H − TH), TH = TH_0 + d_Tg (1 − g) + d_TCa max(Ca − Ca_TH, 0);
    bone gives k_bH max(H_0 − H, 0) V_B; acid made E, times H/(H_min H_0) below that;
    dg/dt = (g_min + (1 − g_min)/(1 + (max(Ca − Ca_G, 0)/d_G)^n) − g)/τ. Source: data/body.toml.
    """
    bicarbonate, healthy = body.bicarbonate, p[P.healthy_bicarbonate]
    excreted = p[P.net_acid] * s.gamma ** p[P.acid_nephron_exponent] * max(1.0 - p[P.acid_response] * (bicarbonate - healthy), 0.0)
    threshold = p[P.bicarbonate_threshold] + p[P.bicarbonate_filtration_rise] * (1.0 - y[S.filtration])
    threshold += p[P.bicarbonate_calcium_rise] * max(body.ionised - p[P.bicarbonate_calcium_limit], 0.0)
    lost = s.filtration * soft_excess(bicarbonate - threshold, p[P.bicarbonate_splay])
    space = p[P.bicarbonate_volume]
    bone = p[P.bone_buffering] * max(healthy - bicarbonate, 0.0) * space
    dialysed = p[P.dialysed_bicarbonate] * (p[P.dialysate_bicarbonate] - bicarbonate)
    made = p[P.acid_production] * min(bicarbonate / (p[P.acid_floor] * healthy), 1.0)
    dy[S.bicarbonate] = (excreted + p[P.alkali_intake] + bone - lost - made + dialysed) / space
    dy[S.bicarbonate] += p[P.measured_bicarbonate_rate] * (p[P.measured_bicarbonate] - bicarbonate)
    harm = (max(body.ionised - p[P.filtration_calcium_limit], 0.0) / p[P.filtration_calcium_half]) ** p[P.filtration_calcium_order]
    least = p[P.filtration_least]
    dy[S.filtration] = (least + (1.0 - least) / (1.0 + harm) - y[S.filtration]) / p[P.filtration_time]


@kernel
def glands(body, y, s, p, dy):
    """BDY-12. Parathyroid hormone and gland.

    secretion = remnant mass G S m q^e De^(−e_D)/(1 + Al/K), S = S_min + (S_max − S_min)/(1 + (Ca_eq/Ca_50)^n),
    Ca_eq = Ca + w (Mg_uf − f Mg_0); cleared at k_P (1 − w + w min(γ, g_max));
    G follows clip(exp(g_D max(−ln De, −v_min) + g_Pi max(ln q, 0) − g_Ca (x − 1)), G_min, G_max).
    Source: data/body.toml; peterson2010 for k_P.
    """
    sensed = body.ionised + p[P.secretion_magnesium_weight] * (
        body.magnesium_ultrafilterable - p[P.magnesium_ultrafilterable] * p[P.healthy_magnesium]
    )
    half = p[P.secretion_half] * p[P.calcium_set_point] * (1.0 - p[P.calcimimetic])
    least = p[P.secretion_least]
    curve = least + (p[P.secretion_largest] - least) / (1.0 + (max(sensed, 0.0) / half) ** p[P.secretion_order])
    secretion = p[P.parathyroid_remnant] * p[P.parathyroid_mass] * y[S.gland] * curve * s.gate
    secretion *= s.q ** p[P.secretion_phosphate_exponent] * s.vitamin ** -p[P.secretion_vitamin_exponent]
    secretion /= 1.0 + p[P.aluminium] / p[P.aluminium_secretion_half]
    renal = p[P.pth_renal_share]
    cleared = (1.0 - renal + renal * min(s.gamma, p[P.renal_clearance_largest])) * y[S.pth]
    dy[S.pth] = p[P.pth_turnover] * (p[P.healthy_pth] * secretion - cleared) + p[P.measured_pth_rate] * (p[P.measured_pth] - y[S.pth])
    pull = p[P.gland_vitamin] * max(-math.log(s.vitamin), -p[P.gland_vitamin_least]) + p[P.gland_phosphate] * max(math.log(s.q), 0.0)
    aim = min(max(math.exp(pull - p[P.gland_calcium] * (s.x - 1.0)), p[P.gland_least]), p[P.gland_largest])
    dy[S.gland] = (aim - y[S.gland]) / p[P.gland_time]


@kernel
def vitamin_d(y, s, absorbed, p, dy):
    """BDY-14. 25-hydroxyvitamin D, calcitriol and FGF23.

    made = k_D D_0 sub γ^ν (h_0 + (1 − h_0) h Pe/(Pe + h − 1)) Fe^(−h_F) q^(−h_Pi) x^(−h_Ca) + outside the kidney X D25/D25_0 + given;
    broken down = k_D c D De^c24 Fe^f24/(1 + max(D25 − D25_24, 0)/K_24); FGF23 follows
    F_0 f (J_Pi/J_Pi0)^a γ^(−n) q^b De^c Pe^d (min(D25, D25_x)/D25_0)^e and is cleared at k_F (1 − w + w min(γ, g_max)).
    Source: data/body.toml; peterson2010 for k_D.
    """
    d25, healthy = max(y[S.hydroxyvitamin_d], 0.0), p[P.healthy_hydroxyvitamin_d]
    drawn = p[P.measured_hydroxyvitamin_d_rate] * (p[P.measured_hydroxyvitamin_d] - y[S.hydroxyvitamin_d])
    dy[S.hydroxyvitamin_d] = p[P.hydroxyvitamin_d_turnover] * (p[P.hydroxyvitamin_d] - y[S.hydroxyvitamin_d]) + drawn
    half = p[P.hydroxylation_half]
    substrate = d25 / (d25 + half) * (healthy + half) / healthy
    basal, top = p[P.hydroxylation_basal], p[P.hydroxylation_pth]
    by_pth = basal + (1.0 - basal) * top * s.pth / (s.pth + top - 1.0)
    fgf23 = max(s.fgf23, 0.02)
    turnover = p[P.calcitriol_turnover]
    made = turnover * p[P.healthy_calcitriol] * substrate * s.gamma ** p[P.hydroxylation_nephron_exponent] * by_pth
    made *= fgf23 ** -p[P.hydroxylation_fgf23_exponent] * s.q ** -p[P.hydroxylation_phosphate_exponent]
    made *= s.x ** -p[P.hydroxylation_calcium_exponent]
    made += p[P.extrarenal_calcitriol] * d25 / healthy + p[P.calcitriol_supply]
    broken = turnover * p[P.calcitriol_breakdown] * y[S.calcitriol] * s.vitamin ** p[P.breakdown_vitamin_exponent]
    competing = p[P.breakdown_competition] * max(d25 - p[P.breakdown_threshold], 0.0)
    broken *= fgf23 ** p[P.breakdown_fgf23_exponent] / (1.0 + competing)
    dy[S.calcitriol] = made - broken + p[P.measured_calcitriol_rate] * (p[P.measured_calcitriol] - y[S.calcitriol])
    load = max(absorbed / p[P.absorbed_phosphate], 1e-4)
    aim = p[P.healthy_fgf23] * p[P.fgf23_production] * load ** p[P.fgf23_intake_exponent]
    aim *= max(s.gamma, 0.02) ** -p[P.fgf23_nephron_exponent] * s.q ** p[P.fgf23_phosphate_exponent]
    aim *= s.vitamin ** p[P.fgf23_vitamin_exponent] * s.pth ** p[P.fgf23_pth_exponent]
    aim *= (min(max(d25, 0.1 * healthy), p[P.displaced_threshold]) / healthy) ** p[P.fgf23_hydroxyvitamin_exponent]
    renal = p[P.fgf23_renal_share]
    cleared = (1.0 - renal + renal * min(s.gamma, p[P.renal_clearance_largest])) * y[S.fgf23]
    dy[S.fgf23] = p[P.fgf23_turnover] * (aim - cleared) + p[P.measured_fgf23_rate] * (p[P.measured_fgf23] - y[S.fgf23])


@kernel
def colloid_saturation(body, s, p):
    """BDY-15. Growth saturation Ω^(1/ν) of amorphous calcium phosphate from its healthy value: Ω ∝ Ca PO4^a H^b at the pH of the plasma.

    PO4 ∝ Pi 10^pH/(1 + 10^(pK_2 − pH)). Within 4 % of the full speciation for pH 7.25–7.5 (tested). Source: mass action.
    """
    shift, pk = body.ph - p[P.healthy_ph], p[P.phosphate_second_pk]
    dissociated = (1.0 + 10.0 ** (pk - p[P.healthy_ph])) / (1.0 + 10.0 ** (pk - body.ph))
    tribasic = math.log(s.q * dissociated) + math.log(10.0) * shift
    product = math.log(s.x) + p[P.colloid_phosphate] * tribasic - p[P.colloid_proton] * math.log(10.0) * shift
    return p[P.colloid_saturation] * math.exp(product / p[P.colloid_ions])


@kernel
def colloid(body, y, s, p, dy):
    """BDY-13. Calciprotein colloid: from resorbed bone (BDY-8) and k max(S − 1, 0) V in plasma beyond the saturation of amorphous calcium
    phosphate; taken up at k_RES by cells that dissolve it and give calcium and phosphate back. Source: assumption."""
    formed = p[P.colloid_precipitation] * max(colloid_saturation(body, s, p) - 1.0, 0.0) * body.volume
    cleared = p[P.colloid_clearance] * y[S.colloid]
    dy[S.colloid] += formed - cleared
    dy[S.calcium] += cleared - formed
    dy[S.phosphate] += p[P.bone_phosphate_ratio] * (cleared - formed)


@kernel
def outside(body, y, p, dy, flow):
    """BDY-16. Cells (magnesium), dialysis K (c_dialysate − c), uptake by tissues, and the pull towards measured values.

    Source: daugirdas2016."""
    into = p[P.magnesium_exchange] * (body.magnesium - y[S.cell_magnesium] / p[P.magnesium_volume])
    dy[S.magnesium] -= into
    dy[S.cell_magnesium] = into
    calcium = p[P.dialysed_calcium] * (p[P.dialysate_calcium] - body.ultrafilterable)
    phosphate = -p[P.dialysed_phosphate] * body.phosphate
    magnesium = p[P.dialysed_magnesium] * (p[P.dialysate_magnesium] - body.magnesium_ultrafilterable)
    volume = body.volume
    drawn = p[P.measured_calcium_rate] * (p[P.measured_calcium] - body.calcium) * volume
    drawn += p[P.measured_ionised_rate] * (p[P.measured_ionised] - body.ionised) * body.calcium / body.ionised * volume
    drawn_phosphate = p[P.measured_phosphate_rate] * (p[P.measured_phosphate] - body.phosphate) * volume
    drawn_magnesium = p[P.measured_magnesium_rate] * (p[P.measured_magnesium] - body.magnesium) * volume
    dy[S.calcium] += calcium - p[P.tissue_calcium] + drawn
    dy[S.phosphate] += phosphate - p[P.tissue_phosphate] + drawn_phosphate
    dy[S.magnesium] += magnesium - p[P.tissue_magnesium] + drawn_magnesium
    flow[F.calcium_dialysed], flow[F.calcium_tissue], flow[F.calcium_fitted] = calcium, -p[P.tissue_calcium], drawn
    flow[F.phosphate_dialysed], flow[F.phosphate_tissue], flow[F.phosphate_fitted] = phosphate, -p[P.tissue_phosphate], drawn_phosphate
    flow[F.magnesium_dialysed], flow[F.magnesium_tissue], flow[F.magnesium_fitted] = magnesium, -p[P.tissue_magnesium], drawn_magnesium


@kernel
def report(y, p, out):
    """Everything of R at the state y."""
    body = fluid(y, p)
    s = signals(y, body, p)
    out[R.calcium_ionised], out[R.calcium], out[R.calcium_ultrafilterable] = body.ionised, body.calcium, body.ultrafilterable
    out[R.phosphate], out[R.magnesium], out[R.magnesium_ultrafilterable] = body.phosphate, body.magnesium, body.magnesium_ultrafilterable
    out[R.bicarbonate], out[R.ph], out[R.carbon_dioxide] = body.bicarbonate, body.ph, body.carbon_dioxide
    out[R.pth], out[R.hydroxyvitamin_d], out[R.calcitriol] = y[S.pth], y[S.hydroxyvitamin_d], y[S.calcitriol]
    out[R.fgf23], out[R.filtration], out[R.colloid_calcium] = y[S.fgf23], s.filtration, y[S.colloid] / body.volume
    out[R.vitamin_effect], out[R.pth_effect], out[R.gland], out[R.formation] = s.vitamin, s.pth, y[S.gland], y[S.formation]

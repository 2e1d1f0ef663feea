"""Names of everything in the arrays of the body model: what changes, what flows, what is reported, and every constant.

A member is the place of a number in a flat array of floats, and its name is the word of data/body.toml or of the scenario file.
All numbers are in SI units: mol, m³, mol/m³ (= mmol/L), kg/m³, s, atm.
"""

from enum import IntEnum


class S(IntEnum):
    """State: pools [mol], hormones [mol/m³; FGF23 kg/m³], bicarbonate [mol/m³]; what has no unit is relative to health."""

    calcium = 0  # of the extracellular fluid
    bone_calcium = 1  # exchangeable at the surface of bone
    formation = 2  # activity of bone formation
    phosphate = 3  # of the extracellular fluid
    cell_phosphate = 4
    magnesium = 5  # of the extracellular fluid
    cell_magnesium = 6
    pth = 7
    gland = 8  # mass of the parathyroid glands
    hydroxyvitamin_d = 9
    calcitriol = 10
    fgf23 = 11
    bicarbonate = 12
    filtration = 13  # share of glomerular filtration that hypercalcaemia leaves
    gut_calcium = 14
    gut_phosphate = 15
    colloid = 16  # calcium in the circulating calciprotein colloid


class F(IntEnum):
    """Amounts that crossed the boundary of the body's pools, counted from the start [mol]; the sign is that of a gain of the pools."""

    calcium_taken = 0  # eaten, or given into a vein
    calcium_faeces = 1
    calcium_secreted = 2
    calcium_urine = 3
    calcium_resorbed = 4
    calcium_formed = 5
    calcium_dialysed = 6
    calcium_tissue = 7
    calcium_fitted = 8
    phosphate_taken = 9
    phosphate_faeces = 10
    phosphate_urine = 11
    phosphate_bone = 12
    phosphate_dialysed = 13
    phosphate_tissue = 14
    phosphate_fitted = 15
    magnesium_taken = 16
    magnesium_urine = 17
    magnesium_dialysed = 18
    magnesium_tissue = 19
    magnesium_fitted = 20


class R(IntEnum):
    """What is reported of the plasma: concentrations [mol/m³; FGF23 kg/m³], pressure [atm], filtration [m³/s]; the last four relative."""

    calcium_ionised = 0
    calcium = 1
    calcium_ultrafilterable = 2
    phosphate = 3
    magnesium = 4
    magnesium_ultrafilterable = 5
    bicarbonate = 6
    ph = 7
    carbon_dioxide = 8
    pth = 9
    hydroxyvitamin_d = 10
    calcitriol = 11
    fgf23 = 12
    filtration = 13
    colloid_calcium = 14
    vitamin_effect = 15
    pth_effect = 16
    gland = 17
    formation = 18


class P(IntEnum):
    """Parameters: the rows of data/body.toml, then levers, what comes from outside, and what the closure of the healthy state gives."""

    # rows of data/body.toml
    plasma_volume = 0
    interstitial_volume = 1
    phosphate_volume = 2
    bicarbonate_volume = 3
    magnesium_volume = 4
    healthy_calcium_ionised = 5
    healthy_calcium = 6
    healthy_phosphate = 7
    healthy_magnesium = 8
    healthy_bicarbonate = 9
    healthy_ph = 10
    healthy_pth = 11
    healthy_hydroxyvitamin_d = 12
    healthy_calcitriol = 13
    healthy_fgf23 = 14
    healthy_filtration = 15
    complexed_ratio = 16
    calcium_albumin_dissociation = 17
    calcium_albumin_ph_slope = 18
    magnesium_ultrafilterable = 19
    interstitial_protein_ratio = 20
    healthy_carbon_dioxide = 21
    carbon_dioxide_response = 22
    carbon_dioxide_solubility = 23
    healthy_calcium_intake = 24
    healthy_phosphate_intake = 25
    healthy_magnesium_intake = 26
    healthy_acid_production = 27
    gut_absorption_rate = 28
    calcium_absorption_capacity = 29
    calcium_absorption_half = 30
    calcium_passive_share = 31
    calcium_absorption_ceiling = 32
    calcium_secretion = 33
    calcium_absorption_order = 34
    calcium_absorption_largest = 35
    phosphate_passive_share = 36
    phosphate_active_share = 37
    magnesium_absorbed_share = 38
    bone_exchange = 39
    exchangeable_calcium = 40
    exchange_pth_exponent = 41
    bone_turnover = 42
    resorption_pth_share = 43
    resorption_pth_exponent = 44
    resorption_vitamin_rate = 45
    resorption_vitamin_threshold = 46
    formation_time = 47
    formation_phosphate_exponent = 48
    formation_phosphate_ceiling = 49
    formation_calcium_exponent = 50
    formation_pth_exponent = 51
    formation_vitamin_exponent = 52
    formation_limit = 53
    bone_phosphate_ratio = 54
    calcium_excretion_largest = 55
    calcium_excretion_order = 56
    calcium_excretion_pth = 57
    calcium_excretion_pth_exponent = 58
    calcium_excretion_alkalosis = 59
    calcium_excretion_ceiling = 60
    phosphate_fgf23_share = 61
    phosphate_fgf23_half = 62
    phosphate_pth_share = 63
    phosphate_pth_half = 64
    phosphate_splay = 65
    phosphate_excretion_ceiling = 66
    magnesium_splay = 67
    magnesium_excretion_ceiling = 68
    magnesium_calcium_slope = 69
    magnesium_nephron_exponent = 70
    acid_nephron_exponent = 71
    acid_response = 72
    bicarbonate_threshold = 73
    bicarbonate_splay = 74
    bicarbonate_filtration_rise = 75
    bicarbonate_calcium_rise = 76
    bicarbonate_calcium_limit = 77
    bone_buffering = 78
    filtration_calcium_limit = 79
    filtration_calcium_half = 80
    filtration_calcium_order = 81
    filtration_least = 82
    filtration_time = 83
    pth_turnover = 84
    pth_renal_share = 85
    secretion_largest = 86
    secretion_least = 87
    secretion_order = 88
    secretion_magnesium_weight = 89
    secretion_phosphate_exponent = 90
    secretion_vitamin_exponent = 91
    magnesium_gate_half = 92
    magnesium_gate_order = 93
    magnesium_resistance = 94
    gland_time = 95
    gland_vitamin = 96
    gland_phosphate = 97
    gland_calcium = 98
    gland_largest = 99
    gland_least = 100
    hydroxyvitamin_d_turnover = 101
    hydroxylation_half = 102
    hydroxylation_nephron_exponent = 103
    hydroxylation_basal = 104
    hydroxylation_pth = 105
    hydroxylation_fgf23_exponent = 106
    hydroxylation_phosphate_exponent = 107
    hydroxylation_calcium_exponent = 108
    calcitriol_turnover = 109
    calcitriol_space = 110
    breakdown_vitamin_exponent = 111
    breakdown_fgf23_exponent = 112
    displaced_threshold = 113
    displaced_potency = 114
    displaced_saturation = 115
    breakdown_threshold = 116
    breakdown_competition = 117
    fgf23_turnover = 118
    fgf23_renal_share = 119
    fgf23_intake_exponent = 120
    fgf23_nephron_exponent = 121
    fgf23_phosphate_exponent = 122
    fgf23_vitamin_exponent = 123
    fgf23_pth_exponent = 124
    fgf23_hydroxyvitamin_exponent = 125
    klotho_nephron_exponent = 126
    phosphate_exchange = 127
    phosphate_exchange_exponent = 128
    magnesium_exchange = 129
    antacid_alkali_share = 130
    antacid_binding = 131
    meal_binding = 132
    aluminium_secretion_half = 133
    aluminium_mineralisation_half = 134
    phosphate_second_pk = 135
    colloid_bone_share = 136
    colloid_precipitation = 137
    colloid_clearance = 138

    # levers of disease and treatment
    calcium_intake = 139
    phosphate_intake = 140
    magnesium_intake = 141
    acid_production = 142
    alkali_intake = 143
    carbon_dioxide = 144
    albumin_ratio = 145
    hydroxyvitamin_d = 146
    glomerular_filtration = 147
    calcium_excretion = 148
    magnesium_reabsorption = 149
    calcium_set_point = 150
    calcimimetic = 151
    parathyroid_mass = 152
    parathyroid_remnant = 153
    pth_related_peptide = 154
    fgf23_production = 155
    klotho = 156
    calcitriol_breakdown = 157
    calcitriol_supply = 158
    extrarenal_calcitriol = 159
    bone_release = 160
    bone_resorption = 161
    gut_absorption = 162
    phosphate_binding = 163
    phosphate_infusion = 164
    aluminium = 165

    # dialysis [m³/s, mol/m³], uptake by tissues [mol/s], and measured values with the rate at which the model is drawn to them
    dialysed_phosphate = 166
    dialysed_calcium = 167
    dialysed_magnesium = 168
    dialysed_bicarbonate = 169
    dialysate_calcium = 170
    dialysate_magnesium = 171
    dialysate_bicarbonate = 172
    tissue_calcium = 173
    tissue_phosphate = 174
    tissue_magnesium = 175
    measured_calcium = 176
    measured_calcium_rate = 177
    measured_ionised = 178
    measured_ionised_rate = 179
    measured_phosphate = 180
    measured_phosphate_rate = 181
    measured_magnesium = 182
    measured_magnesium_rate = 183
    measured_bicarbonate = 184
    measured_bicarbonate_rate = 185
    measured_pth = 186
    measured_pth_rate = 187
    measured_calcitriol = 188
    measured_calcitriol_rate = 189
    measured_fgf23 = 190
    measured_fgf23_rate = 191

    # closure
    albumin_capacity = 192
    calcium_excretion_half = 193
    secretion_half = 194
    phosphate_threshold = 195
    magnesium_threshold = 196
    absorbed_phosphate = 197
    net_acid = 198
    ph_offset = 199
    colloid_saturation = 200
    colloid_phosphate = 201
    colloid_proton = 202
    colloid_ions = 203

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
    complexed_bicarbonate_share = 17
    complexed_phosphate_share = 18
    calcium_albumin_dissociation = 19
    calcium_albumin_ph_slope = 20
    magnesium_ultrafilterable = 21
    interstitial_protein_ratio = 22
    healthy_carbon_dioxide = 23
    carbon_dioxide_response = 24
    carbon_dioxide_solubility = 25
    healthy_calcium_intake = 26
    healthy_phosphate_intake = 27
    healthy_magnesium_intake = 28
    healthy_acid_production = 29
    gut_absorption_rate = 30
    calcium_absorption_capacity = 31
    calcium_absorption_half = 32
    calcium_passive_share = 33
    calcium_absorption_ceiling = 34
    calcium_secretion = 35
    calcium_absorption_order = 36
    calcium_absorption_largest = 37
    phosphate_passive_share = 38
    phosphate_active_share = 39
    magnesium_absorbed_share = 40
    bone_exchange = 41
    exchangeable_calcium = 42
    exchange_pth_exponent = 43
    bone_turnover = 44
    resorption_pth_share = 45
    resorption_pth_exponent = 46
    resorption_vitamin_rate = 47
    resorption_vitamin_threshold = 48
    formation_time = 49
    formation_phosphate_exponent = 50
    formation_phosphate_ceiling = 51
    formation_calcium_exponent = 52
    formation_pth_exponent = 53
    formation_vitamin_exponent = 54
    formation_point_least = 55
    formation_point_largest = 56
    formation_scarce = 57
    formation_limit = 58
    bone_phosphate_ratio = 59
    calcium_excretion_largest = 60
    calcium_excretion_order = 61
    calcium_excretion_pth = 62
    calcium_excretion_pth_exponent = 63
    calcium_excretion_alkalosis = 64
    calcium_excretion_ceiling = 65
    phosphate_fgf23_share = 66
    phosphate_fgf23_half = 67
    phosphate_pth_share = 68
    phosphate_pth_half = 69
    phosphate_splay = 70
    phosphate_excretion_ceiling = 71
    magnesium_splay = 72
    magnesium_excretion_ceiling = 73
    magnesium_calcium_slope = 74
    magnesium_nephron_exponent = 75
    acid_nephron_exponent = 76
    acid_response = 77
    bicarbonate_threshold = 78
    bicarbonate_splay = 79
    bicarbonate_filtration_rise = 80
    bicarbonate_calcium_rise = 81
    bicarbonate_calcium_limit = 82
    bone_buffering = 83
    acid_floor = 84
    filtration_calcium_limit = 85
    filtration_calcium_half = 86
    filtration_calcium_order = 87
    filtration_least = 88
    filtration_time = 89
    pth_turnover = 90
    pth_renal_share = 91
    renal_clearance_largest = 92
    secretion_largest = 93
    secretion_least = 94
    secretion_order = 95
    secretion_magnesium_weight = 96
    secretion_phosphate_exponent = 97
    secretion_vitamin_exponent = 98
    magnesium_gate_half = 99
    magnesium_gate_order = 100
    magnesium_resistance = 101
    gland_time = 102
    gland_vitamin = 103
    gland_phosphate = 104
    gland_calcium = 105
    gland_largest = 106
    gland_least = 107
    gland_vitamin_least = 108
    hydroxyvitamin_d_turnover = 109
    hydroxylation_half = 110
    hydroxylation_nephron_exponent = 111
    hydroxylation_basal = 112
    hydroxylation_pth = 113
    hydroxylation_fgf23_exponent = 114
    hydroxylation_phosphate_exponent = 115
    hydroxylation_calcium_exponent = 116
    calcitriol_turnover = 117
    calcitriol_space = 118
    breakdown_vitamin_exponent = 119
    breakdown_fgf23_exponent = 120
    displaced_threshold = 121
    displaced_potency = 122
    displaced_saturation = 123
    breakdown_threshold = 124
    breakdown_competition = 125
    fgf23_turnover = 126
    fgf23_renal_share = 127
    fgf23_intake_exponent = 128
    fgf23_nephron_exponent = 129
    fgf23_phosphate_exponent = 130
    fgf23_vitamin_exponent = 131
    fgf23_pth_exponent = 132
    fgf23_hydroxyvitamin_exponent = 133
    klotho_nephron_exponent = 134
    phosphate_exchange = 135
    phosphate_exchange_exponent = 136
    phosphate_exchange_least = 137
    phosphate_exchange_largest = 138
    magnesium_exchange = 139
    antacid_alkali_share = 140
    antacid_binding = 141
    meal_binding = 142
    aluminium_secretion_half = 143
    aluminium_mineralisation_half = 144
    phosphate_second_pk = 145
    colloid_bone_share = 146
    colloid_precipitation = 147
    colloid_clearance = 148

    # levers of disease and treatment
    calcium_intake = 149
    phosphate_intake = 150
    magnesium_intake = 151
    acid_production = 152
    alkali_intake = 153
    carbon_dioxide = 154
    albumin_ratio = 155
    hydroxyvitamin_d = 156
    glomerular_filtration = 157
    calcium_excretion = 158
    magnesium_reabsorption = 159
    calcium_set_point = 160
    calcimimetic = 161
    parathyroid_mass = 162
    parathyroid_remnant = 163
    pth_related_peptide = 164
    fgf23_production = 165
    klotho = 166
    calcitriol_breakdown = 167
    calcitriol_supply = 168
    extrarenal_calcitriol = 169
    bone_release = 170
    bone_resorption = 171
    gut_absorption = 172
    phosphate_binding = 173
    phosphate_infusion = 174
    aluminium = 175

    # dialysis [m³/s, mol/m³], uptake by tissues [mol/s], and measured values with the rate at which the model is drawn to them
    dialysed_phosphate = 176
    dialysed_calcium = 177
    dialysed_magnesium = 178
    dialysed_bicarbonate = 179
    dialysate_calcium = 180
    dialysate_magnesium = 181
    dialysate_bicarbonate = 182
    tissue_calcium = 183
    tissue_phosphate = 184
    tissue_magnesium = 185
    measured_calcium = 186
    measured_calcium_rate = 187
    measured_ionised = 188
    measured_ionised_rate = 189
    measured_phosphate = 190
    measured_phosphate_rate = 191
    measured_magnesium = 192
    measured_magnesium_rate = 193
    measured_bicarbonate = 194
    measured_bicarbonate_rate = 195
    measured_pth = 196
    measured_pth_rate = 197
    measured_calcitriol = 198
    measured_calcitriol_rate = 199
    measured_fgf23 = 200
    measured_fgf23_rate = 201
    measured_hydroxyvitamin_d = 202
    measured_hydroxyvitamin_d_rate = 203
    filtration_response = 204

    # closure
    albumin_capacity = 205
    calcium_excretion_half = 206
    secretion_half = 207
    phosphate_threshold = 208
    magnesium_threshold = 209
    absorbed_phosphate = 210
    net_acid = 211
    ph_offset = 212
    colloid_saturation = 213
    colloid_phosphate = 214
    colloid_proton = 215
    colloid_ions = 216

    # one more lever
    phosphate_reabsorption = 217

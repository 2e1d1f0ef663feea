"""How much mineral is a deposit: units of what is reported, and where a clump begins."""

CALCIUM_MG_CM3 = 40.078e-3  # mg of calcium per cm³ of tissue for 1 mol/m³
# mg Ca per cm³ of tissue from which mineral is a clump; assumed. Ten times all the calcium of plasma (2.4 mmol/L is 0.1 mg/cm³), so that no
# fluid counts, and 2.5 mg of apatite per cm³. Computed tomography starts to score calcium at 40 (100 mg of apatite; McCollough et al. 2007,
# Radiology 243:527).
CLUMP_FROM = 1.0

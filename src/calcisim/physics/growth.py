"""Growth of primary particles, which stop: the rate law, inhibition, and the growth coordinate.

All primaries of a voxel see the same fluid, and the terminal size only scales their rate by a function of radius. In the growth
coordinate x that undoes this function every particle of the voxel moves by the same amount, whatever its size.
"""

import math

import numpy as np

from calcisim.jit import kernel, part

TABLE_STEP = 0.00125  # of the fourth root of the growth coordinate
TABLE_END = 12.0  # fourth root: x up to 20 736 terminal radii


@kernel
def growth_saturation(ln_iap, ln_ksp, ions):
    """GRO-1. S = Ω^(1/ν), Ω = IAP/Ksp; growth is driven by S − 1 (about 11 in healthy plasma for hydroxyapatite)."""
    return math.exp((ln_iap - ln_ksp) / ions)


@kernel
def inhibition_factor(affinity_sum, strength):
    """GRO-2. What inhibitors leave of the growth rate: 1 − b θ_g, θ_g = Σ K c/(1 + Σ K c) (one competitive Langmuir coverage).

    affinity_sum : Σ a_i K_i c_i over the inhibitors that reach the crystal [-];  b : strength [-], at most 1.
    """
    return 1.0 - strength * affinity_sum / (1.0 + affinity_sum)


@part
def growth_velocity(saturation, rate, order, molar_volume, inhibition):
    """GRO-3. Velocity of a free crystal face, v = V_m k (S − 1)^n (1 − b θ_g) [m/s], for S > 1.

    k [mol/(m² s)], V_m [m³/mol]. Source: koutsopoulos2000 (order 2); k as in data/minerals.toml.
    """
    return molar_volume * rate * (saturation - 1.0) ** order * inhibition


@part
def dissolution_velocity(saturation, rate, order, molar_volume, ph, ph_slope):
    """GRO-4. Velocity of dissolution (negative) [m/s]: −V_m k_d (1 − S)^n 10^(a (7.4 − pH)), pH held within 5–7.4, for S < 1."""
    acid = 10.0 ** (ph_slope * (7.4 - min(max(ph, 5.0), 7.4)))
    return -molar_volume * rate * (1.0 - saturation) ** order * acid


@part
def terminal_factor(relative_radius, exponent):
    """GRO-5. Share of the free rate left to a primary of radius R: f = 1/(1 + (R/R_max)^p)."""
    return 1.0 / (1.0 + relative_radius**exponent)


@kernel
def growth_coordinate(relative_radius, exponent):
    """GRO-6. x = ∫ dy/f = y + y^(p+1)/(p+1), y = R/R_max: dx/dt = v/R_max for every primary, whatever its size."""
    return relative_radius + relative_radius ** (exponent + 1.0) / (exponent + 1.0)


def radius_table(exponent: float) -> np.ndarray:
    """Relative radius y over the fourth root q of the growth coordinate: rows (y, dy/dq · step), for cubic Hermite lookup (GRO-7)."""
    q = np.arange(int(round(TABLE_END / TABLE_STEP)) + 2) * TABLE_STEP
    x = q**4
    y = np.minimum(x, ((exponent + 1.0) * np.maximum(x, 1e-300)) ** (1.0 / (exponent + 1.0)))
    for _ in range(60):  # Newton from above converges monotonically because x(y) is convex
        y = y - (y + y ** (exponent + 1.0) / (exponent + 1.0) - x) / (1.0 + y**exponent)
    slope = 4.0 * q**3 / (1.0 + y**exponent) * TABLE_STEP
    return np.ascontiguousarray(np.stack([y, slope], axis=1))


@kernel
def radius_and_slope(x, table, step):
    """GRO-7. Inverse of GRO-6, y(x), and dy/dx, by cubic Hermite interpolation in q = x^(1/4).

    Relative error of y below 1e-7 (tested); beyond the table's end the last radius. x ≤ 0 counts as dissolved: (0, 1).
    """
    if x <= 0.0:
        return 0.0, 1.0
    if x < 0.05:  # f = 1 to 1e-16 here, and q would be coarse
        return x, 1.0
    root = math.sqrt(math.sqrt(x))
    q = root / step
    cell = int(q)
    if cell >= table.shape[0] - 1:
        return table[table.shape[0] - 1, 0], 0.0
    t = q - cell
    a = table[cell, 0]
    b = table[cell + 1, 0]
    da = table[cell, 1]
    db = table[cell + 1, 1]
    second = 3.0 * (b - a) - 2.0 * da - db
    third = 2.0 * (a - b) + da + db
    radius = a + t * (da + t * (second + t * third))
    slope = (da + t * (2.0 * second + 3.0 * t * third)) / (4.0 * root * root * root * step)
    return radius, slope

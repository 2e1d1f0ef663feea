"""One pass over the voxels that can hold mineral: chemistry → saturation → rates → elimination of the mineral.

The concentrations of a Newton iterate are given; growth, nucleation and the filling of pores are solved here, voxel by voxel,
and leave the mineral m, the pore fraction φ and the slopes ∂m/∂c for the coupled linear solve.
"""

import math
from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel
from calcisim.physics.growth import dissolution_velocity, growth_saturation, growth_velocity, inhibition_factor
from calcisim.physics.nucleation import barrier_height, interfacial_energy, nucleation_rate, nucleation_saturation, relative_coverage
from calcisim.physics.population import cohort_volume, newborn_volume
from calcisim.physics.speciation import speciate_alkalinity, speciate_alkalinity_jacobian

# columns of `Voxels.substrate`
SURFACE, STATE, EXPOSED, EXPOSED_STATE, HEALING, PROTECTION, MAGNESIUM_WEIGHT, AFFINITY, MAGNESIUM_AFFINITY = range(9)
SUBSTRATE_COLUMNS = 9
CALCIUM, PHOSPHATE, MAGNESIUM, ALKALINITY = range(4)
SPECIES = ("calcium", "phosphate", "magnesium", "alkalinity")


class Chemistry(NamedTuple):
    """What the speciation of a site needs beside the four totals (mol/kg water; pCO2 in atm)."""

    constants: np.ndarray
    debye_huckel: float
    carbon_dioxide: float
    sodium: float
    potassium: float
    chloride: float
    citrate: float
    tolerance: float
    iterations: int


class NucleationLaw(NamedTuple):
    """Constants of NUC-1 … NUC-6; magnesium_* enter the protection by the voxel's own magnesium."""

    prefactor: float
    base: float
    slope: float
    fluid: float
    fade_start: float
    barrier: float
    debris_state: float
    debris_site_area: float
    magnesium_half: float
    magnesium_healthy: float


class MineralLaw(NamedTuple):
    """One row of the mineral table. ions: stoichiometry of the activities (Ca, Mg, PO4, CO3, H, OH)."""

    ions: np.ndarray
    ion_count: float
    ln_ksp: float
    ln_ksp_growth: float
    molar_volume: float
    growth_rate: float
    growth_order: float
    dissolution_rate: float
    dissolution_order: float
    dissolution_ph_slope: float
    inhibition_strength: float
    terminal_radius: float
    terminal_exponent: float
    nucleus: float
    table: np.ndarray
    table_step: float


class Voxels(NamedTuple):
    """Per active voxel (row): cell of the flattened padded grid, debris sites [1/m³], substrate columns, cohorts (number, coordinate,
    how many), warm start of the chemistry, share in continuous lattice cells, births that the step must contain [1/(m³ s)].
    """

    cell: np.ndarray
    debris: np.ndarray
    substrate: np.ndarray
    number: np.ndarray
    coordinate: np.ndarray
    cohorts: np.ndarray
    warm: np.ndarray
    continuous: np.ndarray
    given_births: np.ndarray


class Stage(NamedTuple):
    """Bases and results of a stage per active voxel: growth shift [R_max], births on surfaces [1/m³], ∫k dt of the debris
    sites, the sites left and all born in the step [1/m³], nucleation rate [1/(m³ s)], 1 where the chemistry failed."""

    shift_base: np.ndarray
    shift: np.ndarray
    births_base: np.ndarray
    births: np.ndarray
    emptied_base: np.ndarray
    emptied: np.ndarray
    debris: np.ndarray
    born: np.ndarray
    total_rate: np.ndarray
    failed: np.ndarray


@kernel
def _surface_nucleation(substrate, row, exposed, protection, sigma, law):
    """Σ over the intact and the exposed surface of S_V J [1/(m³ s)], and its derivative by σ_n."""
    surface = substrate[row, SURFACE]
    rate = 0.0
    slope = 0.0
    for part in range(2):
        share = exposed if part == 1 else 1.0 - exposed
        state = substrate[row, EXPOSED_STATE] if part == 1 else substrate[row, STATE]
        if share <= 0.0 or surface <= 0.0 or sigma <= 0.0:
            continue
        alpha = interfacial_energy(state, protection, law.base, law.slope, law.fluid, law.fade_start)
        one = share * surface * nucleation_rate(law.prefactor, alpha, sigma, law.barrier)
        rate += one
        slope += one * 2.0 * barrier_height(alpha, sigma, law.barrier) / sigma
    return rate, slope


@kernel
def _debris_nucleation(protection, sigma, law):
    """Nucleation per debris site [1/s], and its derivative by σ_n."""
    if sigma <= 0.0:
        return 0.0, 0.0
    alpha = interfacial_energy(law.debris_state, protection, law.base, law.slope, law.fluid, law.fade_start)
    one = law.debris_site_area * nucleation_rate(law.prefactor, alpha, sigma, law.barrier)
    return one, one * 2.0 * barrier_height(alpha, sigma, law.barrier) / sigma


@kernel
def _velocity(ln_iap, ph, affinity, mineral):
    """Growth (or dissolution) velocity in R_max per second, and its derivative by ln IAP."""
    saturation = growth_saturation(ln_iap, mineral.ln_ksp_growth, mineral.ion_count)
    if saturation > 1.0:
        order = mineral.growth_order
        inhibition = inhibition_factor(affinity, mineral.inhibition_strength)
        velocity = growth_velocity(saturation, mineral.growth_rate, order, mineral.molar_volume, inhibition)
    elif saturation < 1.0:
        order = mineral.dissolution_order
        slope = mineral.dissolution_ph_slope
        velocity = dissolution_velocity(saturation, mineral.dissolution_rate, order, mineral.molar_volume, ph, slope)
    else:
        return 0.0, 0.0
    velocity /= mineral.terminal_radius
    return velocity, abs(velocity) * order * saturation / abs(saturation - 1.0) / mineral.ion_count


@kernel
def _eliminate(
    voxels, row, mineral, guess, initial_porosity, floor, gamma_dt, velocity, nucleation, given, shift_base, births_base, from_debris
):  # fmt: skip
    """GRO-8. Solve m = M(shift(m), births(m)), where rates fade with the open pore share g = (φ − φ_min)/φ0.

    shift = shift_base + γΔt v g(m);  births = births_base + γΔt (J g(m) + given);
    M = (4π/3) R_max³ (Σ N y³ + (births + from_debris) v̄)/V_m
    Newton kept inside a bracket; unique because g falls with m. Returns m, shift, births, ∂M/∂shift, ∂M/∂births, 1 + feedback.
    """
    scale = 4.0 / 3.0 * math.pi * mineral.terminal_radius**3 / mineral.molar_volume
    fill = mineral.molar_volume / initial_porosity
    low = 0.0
    high = (initial_porosity - floor) / mineral.molar_volume
    m = min(max(guess, low), high)
    for _ in range(60):
        open_share = max((initial_porosity - floor) / initial_porosity - fill * m, 0.0)
        shift = shift_base + gamma_dt * velocity * open_share
        births = births_base + gamma_dt * (nucleation * open_share + given)
        volume, slope = cohort_volume(voxels.number, voxels.coordinate, voxels.cohorts, row, shift, mineral.table, mineral.table_step)
        young, young_slope = newborn_volume(mineral.nucleus, shift, mineral.terminal_exponent, mineral.table, mineral.table_step)
        value = scale * (volume + (births + from_debris) * young)
        by_shift = scale * (slope + (births + from_debris) * young_slope)
        by_births = scale * young
        feedback = 1.0
        if open_share > 0.0:
            feedback += fill * gamma_dt * (by_shift * velocity + by_births * nucleation)
        if abs(value - m) <= 1e-12 * value or value == 0.0:
            return value, shift, births, by_shift, by_births, feedback
        if m > value:
            high = m
        else:
            low = m
        trial = m + (value - m) / feedback
        if not (low < trial < high):
            trial = 0.5 * (low + high)
        if trial == m:
            return value, shift, births, by_shift, by_births, feedback
        m = trial
    return value, shift, births, by_shift, by_births, feedback


@kernel
def _speciate(total, warm, chemistry, activity):
    """Activities of a voxel's totals [mol/kg] in the full tier; False where it finds no solution."""
    done = speciate_alkalinity(
        chemistry.constants, chemistry.debye_huckel, chemistry.carbon_dioxide, total[0], total[2], chemistry.sodium, chemistry.potassium,
        chemistry.chloride, total[1], total[3], chemistry.citrate, 0.0, warm, activity, chemistry.tolerance, chemistry.iterations,
    )  # fmt: skip
    return done > 0


@kernel
def _slopes(total, warm, chemistry, ions, slopes, out):
    """out_s = d ln IAP/dc_s [m³/mol] at frozen ionic strength (the fast tier's derivative serves Newton)."""
    speciate_alkalinity_jacobian(
        chemistry.constants, chemistry.debye_huckel, chemistry.carbon_dioxide, total[0], total[2], chemistry.sodium, chemistry.potassium,
        chemistry.chloride, total[1], total[3], chemistry.citrate, 0.0, warm, slopes,
    )  # fmt: skip
    for s in range(4):
        out[s] = 0.0
        for ion in range(6):
            if ions[ion] != 0.0:
                out[s] += ions[ion] * slopes[ion, s] * 1e-3


@kernel
def _fluid_effects(substrate, row, magnesium, elapsed, law):
    """Protection P, growth affinity Σ K c and the share of surface still exposed."""
    relative = relative_coverage(magnesium, law.magnesium_half, law.magnesium_healthy) - 1.0
    protection = substrate[row, PROTECTION] + substrate[row, MAGNESIUM_WEIGHT] * relative
    affinity = substrate[row, AFFINITY] + substrate[row, MAGNESIUM_AFFINITY] * magnesium
    exposed = substrate[row, EXPOSED]
    if exposed > 0.0 and substrate[row, HEALING] > 0.0:
        exposed *= math.exp(-substrate[row, HEALING] * elapsed)
    return protection, affinity, exposed


@kernel
def eliminate_minerals(
    rows, c, mineral_field, porosity, initial_porosity, w, voxels, stage, chemistry, law, mineral, numbers, first, last
):  # fmt: skip
    """GRO-9. Sweep over active voxels rows[first:last]: from c to m, φ and w_s = ∂m/∂c_s.

    numbers = (γΔt, time since step start, φ_min, guard); the guard is a pore fraction that only an unfinished iterate can fall below.

    c, w (species, cells), mineral_field, porosity, initial_porosity (cells): flattened padded grids.
    stage.failed[row] is 1 where the chemistry found no solution.
    """
    gamma_dt, elapsed, floor, guard = numbers
    activity = np.empty(6)
    slopes = np.empty((6, 4))
    by_total = np.empty(4)
    for place in range(first, last):
        row = rows[place]
        cell = voxels.cell[row]
        total = (c[CALCIUM, cell] * 1e-3, c[PHOSPHATE, cell] * 1e-3, c[MAGNESIUM, cell] * 1e-3, c[ALKALINITY, cell] * 1e-3)
        stage.failed[row] = 0.0 if _speciate(total, voxels.warm[row], chemistry, activity) else 1.0
        if stage.failed[row] > 0.0:
            continue
        ln_iap = 0.0
        for ion in range(6):
            if mineral.ions[ion] != 0.0:
                ln_iap += mineral.ions[ion] * activity[ion]
        protection, affinity, exposed = _fluid_effects(voxels.substrate, row, c[MAGNESIUM, cell], elapsed, law)
        sigma = nucleation_saturation(ln_iap, mineral.ln_ksp, mineral.ion_count)
        nucleation, nucleation_slope = _surface_nucleation(voxels.substrate, row, exposed, protection, sigma, law)
        site_rate, site_slope = _debris_nucleation(protection, sigma, law)
        velocity, velocity_slope = _velocity(ln_iap, -activity[4] / math.log(10.0), affinity, mineral)
        share = voxels.continuous[row]
        stage.emptied[row] = stage.emptied_base[row] + gamma_dt * site_rate
        debris = voxels.debris[row] * math.exp(-stage.emptied[row])
        from_debris = share * (voxels.debris[row] - debris)
        m, shift, births, by_shift, by_births, feedback = _eliminate(
            voxels, row, mineral, mineral_field[cell], initial_porosity[cell], floor, gamma_dt, velocity, share * nucleation,
            voxels.given_births[row], stage.shift_base[row], stage.births_base[row], from_debris,
        )  # fmt: skip
        open_share = max((initial_porosity[cell] - floor - mineral.molar_volume * m) / initial_porosity[cell], 0.0)
        stage.shift[row], stage.births[row], stage.debris[row], stage.born[row] = shift, births, debris, births + from_debris
        stage.total_rate[row] = nucleation * open_share + site_rate * debris
        mineral_field[cell] = m
        porosity[cell] = max(initial_porosity[cell] - mineral.molar_volume * m, guard)
        by_sigma = by_births * share * (nucleation_slope * open_share + debris * site_slope)
        by_iap = gamma_dt * (by_shift * velocity_slope * open_share + by_sigma / mineral.ion_count) / feedback
        if by_iap < 1e-12 * porosity[cell] * c[CALCIUM, cell]:  # nothing here that Newton could notice
            by_total[:] = 0.0
        else:
            _slopes(total, voxels.warm[row], chemistry, mineral.ions, slopes, by_total)
        for s in range(4):
            w[s, cell] = by_iap * by_total[s]

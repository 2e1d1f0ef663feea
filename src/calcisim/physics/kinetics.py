"""One pass over the voxels that can hold mineral: chemistry → saturation → rates → elimination of all phases together.

The concentrations of a Newton iterate are given; growth, nucleation, dissolution, maturation and the filling of pores are solved here,
voxel by voxel, and leave the phases m_q, the pore fraction φ and the slopes of the uptake for the coupled linear solve.
"""

import math
from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel
from calcisim.physics import phases as ph
from calcisim.physics.growth import inhibition_factor
from calcisim.physics.nucleation import nucleation_saturation
from calcisim.physics.phases import (
    COUNT,
    HAP,
    MATURE_INTO,
    by_concentration,
    dissolution_flux,
    growth_by_phase,
    log_saturations,
    maturation_rate,
)
from calcisim.physics.population import cohort_area, cohort_volume, free_newborn_volume, free_volume, newborn_volume, shielding
from calcisim.physics.routes import fluid_effects, homogeneous_nucleation, site_nucleation, surface_nucleation
from calcisim.physics.speciation import speciate_alkalinity, speciate_alkalinity_jacobian

CALCIUM, PHOSPHATE, MAGNESIUM, ALKALINITY = range(4)
SPECIES = ("calcium", "phosphate", "magnesium", "alkalinity")
BOUND, INSIDE, FREE = range(3)  # where primaries are: on a surface, inside fibrils, in the fluid
PLACES = 3

# rows of `Voxels.held`, what a step holds still: velocity by place relative to a bare face outside, ∫ shielding dt, share of the given births
# in the fluid, share of the fluid's births that enter fibrils, free fetuin [mol/m³], mineral surface [1/m]
WEIGHT, LOSS, GIVEN_FREE, ENTERING, FETUIN, AREA = 0, 3, 4, 5, 6, 7
HELD_ROWS = 8

# rows of `stage`: bases and results of a stage. shift [R_max]; births on surfaces and in the fluid [1/m³]; ∫k dt of debris and nucleators;
# by phase: calcium grown in the step [mol/m³], ∫κ dt of maturation, ∫δ dt of dissolution; calcium dissolved [mol/m³]; what is left of the
# two pools, all born by place and on collagen [1/m³]; rates [1/(m³ s)]; calcium of the particles before dissolution; see `_sweep_row`
SHIFT_BASE, SHIFT, BIRTHS_BASE, BIRTHS, FLUID_BASE, FLUID, EMPTIED_BASE, EMPTIED, SPENT_BASE, SPENT = range(10)
GROWN_BASE, GROWN, AGED_BASE, AGED, LOST_BASE, LOST = range(10, 10 + 6 * COUNT, COUNT)
(
    DISSOLVED, DEBRIS, NUCLEATORS, BORN, BORN_FREE, BORN_COLLAGEN, TOTAL_RATE, FREE_RATE, COLLAGEN_SHARE, HELD, INSIDE_RATIO, VELOCITY,
    FAILED,
) = range(10 + 6 * COUNT, 23 + 6 * COUNT)  # fmt: skip
STAGE_ROWS = 23 + 6 * COUNT
INTEGRALS = ((SHIFT_BASE, SHIFT, 1), (BIRTHS_BASE, BIRTHS, 1), (FLUID_BASE, FLUID, 1), (EMPTIED_BASE, EMPTIED, 1), (SPENT_BASE, SPENT, 1),
             (GROWN_BASE, GROWN, COUNT), (AGED_BASE, AGED, COUNT), (LOST_BASE, LOST, COUNT))  # fmt: skip


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


class ParticleLaw(NamedTuple):
    """The primary particle: terminal radius [m] and exponent, nucleus as a growth coordinate, table of GRO-7, strength of inhibition."""

    terminal_radius: float
    terminal_exponent: float
    nucleus: float
    table: np.ndarray
    table_step: float
    inhibition_strength: float


class Voxels(NamedTuple):
    """Per active voxel (row): cell of the flattened padded grid; slot of its particles, −1 while it has none; sites of debris and nucleators in the fluid [1/m³]; substrate columns;
    cohorts by place (3, slots, cohorts) and how many (3, slots); warm start of the chemistry; share in continuous lattice cells; births
    that the step must contain [1/(m³ s)]; what the step holds still (HELD_ROWS, rows).
    """

    cell: np.ndarray
    slot: np.ndarray
    debris: np.ndarray
    nucleators: np.ndarray
    substrate: np.ndarray
    number: np.ndarray
    coordinate: np.ndarray
    bare: np.ndarray
    cohorts: np.ndarray
    warm: np.ndarray
    continuous: np.ndarray
    given_births: np.ndarray
    held: np.ndarray


class Scratch(NamedTuple):
    """Small arrays of a sweep, one set for each thread: per phase, and by phase and phase or solute."""

    activity: np.ndarray
    slopes: np.ndarray
    ln_omega: np.ndarray
    velocity: np.ndarray
    by_log: np.ndarray
    by_c: np.ndarray
    velocity_by_c: np.ndarray
    nucleating: np.ndarray
    decay_slope: np.ndarray
    mature: np.ndarray
    decay: np.ndarray
    fixed: np.ndarray
    share: np.ndarray
    amount: np.ndarray
    change: np.ndarray
    start: np.ndarray
    source: np.ndarray
    left: np.ndarray
    mean: np.ndarray


@kernel
def scratch():
    """A fresh set of small arrays."""
    row = np.zeros(COUNT)
    square = np.zeros((COUNT, COUNT))
    wide = np.zeros((COUNT, 4))
    return Scratch(
        np.zeros(6), np.zeros((6, 4)), row.copy(), row.copy(), square, wide.copy(), wide.copy(), row.copy(), row.copy(), row.copy(),
        row.copy(), row.copy(), row.copy(), row.copy(), row.copy(), row.copy(), row.copy(), row.copy(), row.copy(),
    )  # fmt: skip


@kernel
def _speciate(total, warm, chemistry, activity):
    """Activities of a voxel's totals [mol/kg] in the full tier; False where it finds no solution."""
    done = speciate_alkalinity(
        chemistry.constants, chemistry.debye_huckel, chemistry.carbon_dioxide, total[0], total[2], chemistry.sodium, chemistry.potassium,
        chemistry.chloride, total[1], total[3], chemistry.citrate, 0.0, warm, activity, chemistry.tolerance, chemistry.iterations,
    )  # fmt: skip
    return done > 0


@kernel
def _slopes(total, warm, chemistry, phases, work):
    """∂lnΩ_q/∂c_s at frozen ionic strength (the fast tier's derivative serves Newton)."""
    speciate_alkalinity_jacobian(
        chemistry.constants, chemistry.debye_huckel, chemistry.carbon_dioxide, total[0], total[2], chemistry.sodium, chemistry.potassium,
        chemistry.chloride, total[1], total[3], chemistry.citrate, 0.0, warm, work.slopes,
    )  # fmt: skip
    by_concentration(phases, work.slopes, work.by_c)


@kernel
def _population_volume(voxels, row, particle, shift, births, born_free):
    """Σ N y³ of a voxel after a shift, newborn ones included [R_max³/m³], and its slopes by the shift, by births and by those in the fluid."""
    table, step, exponent, held = particle.table, particle.table_step, particle.terminal_exponent, voxels.held
    slot = voxels.slot[row]
    bound_weight = held[WEIGHT + BOUND, row]
    volume, slope = 0.0, 0.0
    if slot >= 0:
        volume, slope = cohort_volume(
            voxels.number[BOUND], voxels.coordinate[BOUND], voxels.cohorts[BOUND], slot, shift * bound_weight, table, step
        )
        slope *= bound_weight
    young, young_slope = newborn_volume(particle.nucleus, shift * bound_weight, exponent, table, step)
    volume += births * young
    slope += births * young_slope * bound_weight
    free_young = 0.0
    if slot >= 0 and voxels.cohorts[INSIDE, slot] > 0:
        weight = held[WEIGHT + INSIDE, row]
        one, change = cohort_volume(
            voxels.number[INSIDE], voxels.coordinate[INSIDE], voxels.cohorts[INSIDE], slot, shift * weight, table, step
        )
        volume += one
        slope += change * weight
    if slot >= 0 and voxels.cohorts[FREE, slot] > 0:
        weight = held[WEIGHT + FREE, row] * shielding(held[LOSS, row])
        one, change = free_volume(
            voxels.number[FREE], voxels.coordinate[FREE], voxels.bare[FREE], voxels.cohorts[FREE], slot, shift * weight, table, step
        )
        volume += one
        slope += change * weight
    if born_free >= 0.0:
        enter, weight, inner = held[ENTERING, row], held[WEIGHT + FREE, row], held[WEIGHT + INSIDE, row]
        one, change = free_newborn_volume(particle.nucleus, shift * weight, held[LOSS, row], table, step)
        into, into_change = newborn_volume(particle.nucleus, shift * inner, exponent, table, step)
        free_young = (1.0 - enter) * one + enter * into
        volume += born_free * free_young
        slope += born_free * ((1.0 - enter) * change * weight + enter * into_change * inner)
    return volume, slope, young, free_young


@kernel
def _specific_area(voxels, row, particle):
    """Surface of the particles of a voxel per volume of them, 3/R_max · Σ N y²/Σ N y³ [1/m], at the start of the step; 0 without any."""
    table, step, slot = particle.table, particle.table_step, voxels.slot[row]
    area = 0.0
    volume = 0.0
    for place in range(PLACES):
        if slot >= 0 and voxels.cohorts[place, slot] > 0:
            area += cohort_area(voxels.number[place], voxels.coordinate[place], voxels.cohorts[place], slot, 0.0, table, step)
            one, _ = cohort_volume(voxels.number[place], voxels.coordinate[place], voxels.cohorts[place], slot, 0.0, table, step)
            volume += one
    return 3.0 * area / (volume * particle.terminal_radius) if volume > 0.0 else 0.0


@kernel
def _chain(phases, work, stage, row, start, total):
    """KIN-1. Calcium per phase as a line in the calcium G that grows in the stage: n_q = fixed_q + share_q G. Returns Σ grown before.

    n_q = n_q(0) e^(−K_q) + s_q (1 − e^(−K_q))/K_q,  K_q = ∫(κ_q + δ_q) dt since the step began, and what the step brings to a phase,
    s_q = grown before + f_q G + what matured out of earlier phases, comes evenly over it; f_q = v_q/Σv. Never negative, whatever the step.
    start (Q,): calcium at the start of the step. Without growth new calcium counts as hydroxyapatite.
    """
    grown = 0.0
    for q in range(COUNT):
        grown += stage[GROWN_BASE + q, row]
        work.fixed[q] = stage[GROWN_BASE + q, row]
        work.share[q] = work.velocity[q] / total if total > 0.0 else (1.0 if q == HAP else 0.0)
    for q in range(COUNT):
        whole = stage[AGED + q, row] + stage[LOST + q, row]
        left = math.exp(-whole)
        mean = shielding(whole)
        source, change = work.fixed[q], work.share[q]
        work.source[q] = source
        work.left[q], work.mean[q] = left, mean
        work.fixed[q] = start[q] * left + source * mean
        work.share[q] = change * mean
        into = int(phases.maturation[q, MATURE_INTO])
        if into > q and stage[AGED + q, row] > 0.0:
            matured = stage[AGED + q, row] / whole
            work.fixed[into] += matured * (start[q] * (1.0 - left) + source * (1.0 - mean))
            work.share[into] += matured * change * (1.0 - mean)
    return grown


@kernel
def _grow(voxels, row, particle, phases, work, guess, room, initial_porosity, numbers, bases):
    """KIN-2. Solve G = M(shift, births) − n(0) − grown before, where rates fade with the open pore share g = (φ − φ_min)/φ0.

    shift = shift_base + γΔt v g;  births = births_base + γΔt (J g + given);  M = Σ N y³ of all primaries as calcium;
    φ = φ0 − Σ_q V_q n_q/ν_q, linear in G by KIN-1. Newton kept inside a bracket; unique because g falls with G.
    Returns G, shift, births on surfaces and in the fluid, M, ∂M/∂shift, ∂M/∂births, ∂M/∂births in the fluid, open share, 1 + feedback.
    """
    gamma_dt, velocity, nucleation, fluid_rate, scale = numbers
    shift_base, births_base, fluid_base, given, given_free, offset, pools, free_pools = bases
    filled = 0.0
    fill = 0.0
    for q in range(COUNT):
        filled += phases.volume[q] / phases.calcium[q] * work.fixed[q]
        fill += phases.volume[q] / phases.calcium[q] * work.share[q]
    share_at_zero = (room - filled) / initial_porosity
    fill /= initial_porosity
    low = -1e300
    high = 1e300
    gain = guess
    busy_fluid = fluid_rate > 0.0 or given_free > 0.0 or fluid_base > 0.0 or free_pools > 0.0
    for _ in range(60):
        open_share = max(share_at_zero - fill * gain, 0.0)
        shift = shift_base + gamma_dt * velocity * open_share
        births = births_base + gamma_dt * (nucleation * open_share + given)
        born_free = fluid_base + gamma_dt * (fluid_rate * open_share + given_free)
        all_free = born_free + free_pools if busy_fluid else -1.0
        volume, slope, young, free_young = _population_volume(voxels, row, particle, shift, births + pools, all_free)
        mass = scale * volume
        value = mass - offset
        by_shift, by_births, by_free = scale * slope, scale * young, scale * free_young
        feedback = 1.0
        if open_share > 0.0:
            feedback += fill * gamma_dt * (by_shift * velocity + by_births * nucleation + by_free * fluid_rate)
        if abs(value - gain) <= 1e-11 * mass or mass == 0.0:
            break
        if gain > value:
            high = gain
        else:
            low = gain
        trial = gain + (value - gain) / feedback
        if not (low < trial < high):
            trial = 0.5 * (low + high)
        if trial == gain:
            break
        gain = trial
    return value, shift, births, max(born_free, 0.0), mass, by_shift, by_births, by_free, open_share, feedback


@kernel
def _uptake_slopes(phases, work, stage, row, w, cell, gamma_dt, gain, total, by_gain, porosity, c):
    """KIN-3. w[s, r] = ∂(uptake of s)/∂c_r = Σ_q U_sq ∂n_q/∂c_r, through growth, its split between phases, and dissolution.

    by_gain[r] = ∂G/∂c_r. Slopes that Newton could not notice are left out.
    """
    largest = 0.0
    for r in range(4):
        for q in range(COUNT):
            work.change[q] = 0.0
        velocity_change = 0.0
        for q in range(COUNT):
            velocity_change += work.velocity_by_c[q, r]
        for q in range(COUNT):
            share = work.velocity[q] / total if total > 0.0 else (1.0 if q == HAP else 0.0)
            source = work.change[q] + share * by_gain[r]
            if total > 0.0:
                source += gain / total * (work.velocity_by_c[q, r] - share * velocity_change)
            lost = gamma_dt * work.decay_slope[q] * work.by_c[q, r]
            whole = stage[AGED + q, row] + stage[LOST + q, row]
            work.change[q] = source * work.mean[q] - lost * work.amount[q]
            into = int(phases.maturation[q, MATURE_INTO])
            if into > q and stage[AGED + q, row] > 0.0:
                work.change[into] += stage[AGED + q, row] / whole * source * (1.0 - work.mean[q])
        for s in range(4):
            slope = 0.0
            for q in range(COUNT):
                slope += phases.uptake[s, q] * work.change[q]
            w[s, r, cell] = slope
        largest = max(largest, abs(w[CALCIUM, r, cell]) * abs(c[r, cell]))
    if largest < 1e-12 * porosity * c[CALCIUM, cell]:
        w[:, :, cell] = 0.0


@kernel
def _rates(voxels, row, cell, phases, particle, work, start, affinity, magnesium):
    """Velocity, decay by dissolution [1/s] and maturation of every phase at the activities in `work`; the sum of velocities [m/s]."""
    acidity = -work.activity[4] / math.log(10.0)
    fetuin = voxels.held[FETUIN, row]
    log_saturations(phases, work.activity, work.ln_omega, True)
    growth_by_phase(phases, work.ln_omega, 1.0 - inhibition_factor(affinity, 1.0), work.velocity, work.by_log)
    total = 0.0
    area = -1.0
    for q in range(COUNT):
        total += work.velocity[q]
        work.mature[q] = maturation_rate(phases, q, acidity, magnesium, fetuin) if start[q, cell] > 0.0 or work.velocity[q] > 0.0 else 0.0
        work.decay[q] = 0.0
        work.decay_slope[q] = 0.0
        if work.ln_omega[q] < 0.0 and start[q, cell] > 0.0:
            if area < 0.0:
                area = _specific_area(voxels, row, particle) * phases.calcium_volume
            flux, slope = dissolution_flux(phases, q, work.ln_omega[q], acidity)
            work.decay[q] = flux * area
            work.decay_slope[q] = slope * area
    return total


@kernel
def eliminate_minerals(
    rows, c, mineral_field, porosity, initial_porosity, w, voxels, stage, chemistry, law, phases, particle, numbers, first, last
):  # fmt: skip
    """GRO-9. Sweep over active voxels rows[first:last]: from c to m, φ and the slopes w (4, 4) of the uptake.

    numbers = (γΔt, time since step start, φ_min, guard, start (Q, cells): the phases at the start of the step);
    the guard is a pore fraction that only an unfinished iterate can fall below.
    c (species, cells), w (species, species, cells), mineral_field (Q, cells), porosity, initial_porosity (cells): flattened padded grids.
    stage[FAILED, row] is 1 where the chemistry found no solution.
    """
    gamma_dt, elapsed, floor, guard, start = numbers
    work = scratch()
    by_gain = np.zeros(4)
    radius = particle.terminal_radius
    scale = 4.0 / 3.0 * math.pi * radius**3 / phases.calcium_volume
    for place in range(first, last):
        row = rows[place]
        cell = voxels.cell[row]
        total = (c[CALCIUM, cell] * 1e-3, c[PHOSPHATE, cell] * 1e-3, c[MAGNESIUM, cell] * 1e-3, c[ALKALINITY, cell] * 1e-3)
        stage[FAILED, row] = 0.0 if _speciate(total, voxels.warm[row], chemistry, work.activity) else 1.0
        if stage[FAILED, row] > 0.0:
            continue
        held = voxels.held
        magnesium = c[MAGNESIUM, cell]
        protection, affinity, affinity_inside, exposed = fluid_effects(voxels.substrate, row, magnesium, elapsed, law)
        velocity = _rates(voxels, row, cell, phases, particle, work, start, affinity, magnesium) / radius
        stage[INSIDE_RATIO, row] = inhibition_factor(affinity_inside, particle.inhibition_strength) / max(
            inhibition_factor(affinity, particle.inhibition_strength), 1e-12
        )
        log_saturations(phases, work.activity, work.nucleating, False)
        sigma = nucleation_saturation(work.nucleating[HAP], 0.0, phases.ion_count[HAP])
        nucleation, nucleation_slope, collagen = surface_nucleation(
            voxels.substrate, row, exposed, protection, sigma, held[AREA, row], law
        )
        site_rate, site_slope = site_nucleation(law.debris, protection, sigma, law)
        seed_rate, seed_slope = 0.0, 0.0
        if voxels.nucleators[row] > 0.0:
            seed_rate, seed_slope = site_nucleation(law.nucleator, protection, sigma, law)
        fluid_rate, fluid_slope = homogeneous_nucleation(work.nucleating[ph.ACP], law)
        fluid_rate *= initial_porosity[cell]
        fluid_slope *= initial_porosity[cell]
        share = voxels.continuous[row]
        stage[EMPTIED, row] = stage[EMPTIED_BASE, row] + gamma_dt * site_rate
        stage[SPENT, row] = stage[SPENT_BASE, row] + gamma_dt * seed_rate
        debris = voxels.debris[row] * math.exp(-stage[EMPTIED, row])
        nucleators = voxels.nucleators[row] * math.exp(-stage[SPENT, row])
        from_debris = share * (voxels.debris[row] - debris)
        from_fluid = share * (voxels.nucleators[row] - nucleators)
        held_total = 0.0
        guess = 0.0
        for q in range(COUNT):
            work.start[q] = start[q, cell] * phases.calcium[q]
            held_total += work.start[q]
            guess += mineral_field[q, cell] * phases.calcium[q]
            stage[AGED + q, row] = stage[AGED_BASE + q, row] + gamma_dt * work.mature[q]
            stage[LOST + q, row] = stage[LOST_BASE + q, row] + gamma_dt * work.decay[q]
        speed = velocity * radius
        held_total += _chain(phases, work, stage, row, work.start, speed)
        given_free = voxels.given_births[row] * held[GIVEN_FREE, row]
        given = voxels.given_births[row] - given_free
        gain, shift, births, born_free, mass, by_shift, by_births, by_free, open_share, feedback = _grow(
            voxels, row, particle, phases, work, guess - held_total, initial_porosity[cell] - floor, initial_porosity[cell],
            (gamma_dt, velocity, share * nucleation, share * fluid_rate, scale),
            (stage[SHIFT_BASE, row], stage[BIRTHS_BASE, row], stage[FLUID_BASE, row], given, given_free, held_total, from_debris,
             from_fluid),
        )  # fmt: skip
        for q in range(COUNT):
            grown = work.velocity[q] / speed if speed > 0.0 else (1.0 if q == HAP else 0.0)
            stage[GROWN + q, row] = stage[GROWN_BASE + q, row] + grown * max(gain, 0.0)
            work.source[q] += grown * max(gain, 0.0)
        if gain < 0.0:  # a rounding, or a second stage that begins beyond its end: taken from what is there
            total_fixed = 0.0
            for q in range(COUNT):
                total_fixed += work.fixed[q]
            for q in range(COUNT):
                work.share[q] = work.fixed[q] / total_fixed if total_fixed > 0.0 else 0.0
        filled = 0.0
        kept = 0.0
        for q in range(COUNT):
            work.amount[q] = work.fixed[q] + work.share[q] * gain
            kept += work.amount[q]
            mineral_field[q, cell] = work.amount[q] / phases.calcium[q]
            filled += phases.volume[q] * mineral_field[q, cell]
        dissolved = 0.0
        for q in range(COUNT):
            dissolved += stage[LOST + q, row]
        dissolved = max(mass - kept, 0.0) if dissolved > 0.0 else 0.0
        stage[SHIFT, row], stage[BIRTHS, row], stage[FLUID, row] = shift, births, born_free
        stage[DISSOLVED, row] = dissolved
        stage[DEBRIS, row], stage[NUCLEATORS, row] = debris, nucleators
        stage[BORN, row], stage[BORN_FREE, row], stage[HELD, row] = births + from_debris, born_free + from_fluid, mass
        stage[COLLAGEN_SHARE, row] = collagen / nucleation if nucleation > 0.0 else 0.0
        stage[BORN_COLLAGEN, row] = births * stage[COLLAGEN_SHARE, row]
        stage[VELOCITY, row] = velocity
        stage[FREE_RATE, row] = fluid_rate * open_share + seed_rate * nucleators
        stage[TOTAL_RATE, row] = nucleation * open_share + site_rate * debris + stage[FREE_RATE, row]
        porosity[cell] = max(initial_porosity[cell] - filled, guard)
        moved = by_shift * velocity + 10.0 * (by_births * nucleation + by_free * (fluid_rate + seed_rate * nucleators) + by_births * site_rate * debris)
        if gamma_dt * moved + dissolved < 1e-14 * porosity[cell] * c[CALCIUM, cell]:  # nothing here that Newton could notice
            w[:, :, cell] = 0.0
            continue
        _slopes(total, voxels.warm[row], chemistry, phases, work)
        for q in range(COUNT):
            for s in range(4):
                work.velocity_by_c[q, s] = 0.0
                for p in range(COUNT):
                    if work.by_log[q, p] != 0.0:
                        work.velocity_by_c[q, s] += work.by_log[q, p] * work.by_c[p, s]
        nuclei = by_births * share * (nucleation_slope * open_share + debris * site_slope) + by_free * share * nucleators * seed_slope
        nuclei /= phases.ion_count[HAP]
        spontaneous = by_free * share * fluid_slope * open_share
        for s in range(4):
            change = 0.0
            for q in range(COUNT):
                change += work.velocity_by_c[q, s]
            by_gain[s] = gamma_dt * (by_shift * change / radius * open_share + nuclei * work.by_c[HAP, s] + spontaneous * work.by_c[ph.ACP, s])
            by_gain[s] /= feedback
        _uptake_slopes(phases, work, stage, row, w, cell, gamma_dt, gain, speed, by_gain, porosity[cell], c)

"""One pass over the voxels that can hold mineral: chemistry → saturation → rates → elimination of all phases together.

The concentrations of a Newton iterate are given; growth, nucleation, dissolution, maturation and the filling of pores are solved here,
voxel by voxel, and leave the phases m_q, the pore fraction φ and the slopes of the uptake for the coupled linear solve.
"""

import math

from calcisim.jit import kernel, part
from calcisim.physics.growth import inhibition_factor
from calcisim.physics.kinetics import (
    AGED,
    AGED_BASE,
    ALKALINITY,
    BIRTHS,
    BIRTHS_BASE,
    BORN,
    BORN_COLLAGEN,
    BORN_FREE,
    BOUND,
    CALCIUM,
    COLLAGEN,
    DEBRIS,
    DISSOLVED,
    EMPTIED,
    EMPTIED_BASE,
    ENTERING,
    FAILED,
    FLUID,
    FLUID_BASE,
    FREE,
    FREE_RATE,
    GIVEN_FREE,
    GROWN,
    GROWN_BASE,
    INSIDE,
    INSIDE_RATIO,
    LOSS,
    LOST,
    LOST_BASE,
    MAGNESIUM,
    NUCLEATORS,
    PHOSPHATE,
    SEEDS,
    SEEDS_SLOPE,
    SHIFT,
    SHIFT_BASE,
    SITES,
    SITES_SLOPE,
    SPENT,
    SPENT_BASE,
    SPONTANEOUS,
    SPONTANEOUS_SLOPE,
    SURFACES,
    SURFACES_SLOPE,
    TOTAL_RATE,
    VELOCITY,
    WEIGHT,
    WHOLE,
    scratch,
)  # fmt: skip
from calcisim.physics.phases import (
    ACP,
    COUNT,
    HAP,
    MATURE_INTO,
)  # fmt: skip
from calcisim.physics.population import cohort_volume, free_newborn_volume, free_volume, mean_left, newborn_volume
from calcisim.physics.routes import fluid_effects
from calcisim.physics.voxel_rates import nucleation_routes, phase_rates, saturation_slopes, speciate_voxel


@part
def _population_volume(voxels, row, particle, shift, births, born_free):
    """Σ N y³ of a voxel after a shift, newborn ones included [R_max³/m³], and its slopes by the shift, by births, by those in the fluid."""
    table, step, exponent, held = particle.table, particle.table_step, particle.terminal_exponent, voxels.held
    slot = voxels.slot[row]
    bound_weight = held[WEIGHT + BOUND, row]
    volume, slope = 0.0, 0.0
    if slot >= 0:
        volume, slope = free_volume(
            voxels.number[BOUND], voxels.coordinate[BOUND], voxels.bare[BOUND], voxels.cohorts[BOUND], slot, shift * bound_weight,
            table, step,
        )  # fmt: skip
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
        weight = held[WEIGHT + FREE, row] * mean_left(held[LOSS, row])
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


@part
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
        mean = mean_left(whole)
        source, change = work.fixed[q], work.share[q]
        work.source[q] = source
        work.mean[q] = mean
        work.fixed[q] = start[q] * left + source * mean
        work.share[q] = change * mean
        into = int(phases.maturation[q, MATURE_INTO])
        if into > q and stage[AGED + q, row] > 0.0:
            matured = stage[AGED + q, row] / whole
            work.fixed[into] += matured * (start[q] * (1.0 - left) + source * (1.0 - mean))
            work.share[into] += matured * change * (1.0 - mean)
    return grown


@part
def _grow(voxels, row, particle, phases, work, guess, room, initial_porosity, numbers, bases):
    """GRO-8. Solve G = M(shift, births) − n(0) − grown before, where rates fade with the open pore share g = (φ − φ_min)/φ0.

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
def clear(w, row):
    """No slopes in this voxel."""
    for s in range(w.shape[1]):
        for r in range(w.shape[2]):
            w[row, s, r] = 0.0


@part
def _uptake_slopes(phases, work, stage, row, w, cell, gamma_dt, gain, total, porosity, c):
    """KIN-3. w[row, s, r] = ∂(uptake of s)/∂c_r = Σ_q U_sq ∂n_q/∂c_r, through growth, its split between phases, and dissolution.

    work.by_gain[r] = ∂G/∂c_r. Slopes that Newton could not notice are left out.
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
            source = work.change[q] + share * work.by_gain[r]
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
            w[row, s, r] = slope
        largest = max(largest, abs(w[row, CALCIUM, r]) * abs(c[r, cell]))
    if largest < 1e-12 * porosity * c[CALCIUM, cell]:
        clear(w, row)


@part
def _settle(phases, work, stage, row, gain, speed, mass, mineral):
    """Phases of a voxel at the calcium G that grew in the stage (KIN-1); what dissolved in the step; returns the volume that is filled."""
    fixed = 0.0
    for q in range(COUNT):
        grown = work.velocity[q] / speed if speed > 0.0 else (1.0 if q == HAP else 0.0)
        stage[GROWN + q, row] = stage[GROWN_BASE + q, row] + grown * max(gain, 0.0)
        work.source[q] += grown * max(gain, 0.0)
        fixed += work.fixed[q]
    if gain < 0.0:  # a rounding, or a second stage that begins beyond its end: taken from what is there
        for q in range(COUNT):
            work.share[q] = work.fixed[q] / fixed if fixed > 0.0 else 0.0
    filled = 0.0
    kept = 0.0
    loses = False
    for q in range(COUNT):
        work.amount[q] = work.fixed[q] + work.share[q] * gain
        kept += work.amount[q]
        mineral[q, row] = work.amount[q] / phases.calcium[q]
        filled += phases.volume[q] * mineral[q, row]
        loses = loses or stage[LOST + q, row] > 0.0
    stage[DISSOLVED, row] = max(mass - kept, 0.0) if loses else 0.0
    return filled


@part
def _growth_slopes(phases, work, by_gain, gamma_dt, by_shift, by_surface, by_fluid, feedback):
    """by_gain[s] = ∂G/∂c_s through velocity and nuclei; velocity_by_c of every phase. by_shift [per m/s]; by_surface per lnΩ of apatite,
    by_fluid per lnΩ of ACP, of the nuclei's calcium and rate."""
    for s in range(4):
        change = 0.0
        for q in range(COUNT):
            work.velocity_by_c[q, s] = 0.0
            for p in range(COUNT):
                if work.by_log[q, p] != 0.0:
                    work.velocity_by_c[q, s] += work.by_log[q, p] * work.by_c[p, s]
            change += work.velocity_by_c[q, s]
        by_gain[s] = gamma_dt * (by_shift * change + by_surface * work.by_c[HAP, s] + by_fluid * work.by_c[ACP, s]) / feedback


@part
def _count_collagen(stage, row, route, births, arrivals, open_share):
    """Births of the step on collagen [1/m³]: of those on surfaces its share of their rate, of random arrivals that of all bound."""
    drawn = min(arrivals, births)
    bound = route[SURFACES] * open_share + route[SITES] * stage[DEBRIS, row]
    stage[BORN_COLLAGEN, row] = 0.0
    if route[SURFACES] > 0.0:
        stage[BORN_COLLAGEN, row] += (births - drawn) * route[COLLAGEN] / route[SURFACES]
    if bound > 0.0:
        stage[BORN_COLLAGEN, row] += drawn * route[COLLAGEN] * open_share / bound


@part
def _prepare(voxels, row, phases, stage, work, start, mineral, gamma_dt):
    """Pools and ages of the stage; returns the calcium at the start of the step and that of the iterate."""
    route = work.route
    stage[EMPTIED, row] = stage[EMPTIED_BASE, row] + gamma_dt * route[SITES]
    stage[SPENT, row] = stage[SPENT_BASE, row] + gamma_dt * route[SEEDS]
    stage[DEBRIS, row] = voxels.debris[row] * math.exp(-stage[EMPTIED, row])
    stage[NUCLEATORS, row] = voxels.nucleators[row] * math.exp(-stage[SPENT, row])
    before = 0.0
    now = 0.0
    for q in range(COUNT):
        work.start[q] = start[q, row] * phases.calcium[q]
        before += work.start[q]
        now += mineral[q, row] * phases.calcium[q]
        stage[AGED + q, row] = stage[AGED_BASE + q, row] + gamma_dt * work.mature[q]
        stage[LOST + q, row] = stage[LOST_BASE + q, row] + gamma_dt * work.decay[q]
    return before, now


@kernel
def eliminate_minerals(
    rows, c, mineral, porosity, initial_porosity, w, voxels, stage, chemistry, law, phases, particle, numbers, first, last
):  # fmt: skip
    """GRO-9. Sweep over active voxels rows[first:last]: from c to m, φ and the slopes w (4, 4) of the uptake.

    numbers = (γΔt, time since step start, φ_min, guard, start (Q, voxels): the phases at the start of the step);
    the guard is a pore fraction that only an unfinished iterate can fall below. w (voxels, species, species), mineral (Q, voxels).
    c (species, cells), porosity, initial_porosity (cells): flattened padded grids.
    stage[FAILED, row] is 1 where the chemistry found no solution.
    """
    gamma_dt, elapsed, floor, guard, start = numbers
    work = scratch()
    route = work.route
    radius = particle.terminal_radius
    scale = particle.volume / phases.calcium_volume
    for place in range(first, last):
        row = rows[place]
        cell = voxels.cell[row]
        total = (c[CALCIUM, cell] * 1e-3, c[PHOSPHATE, cell] * 1e-3, c[MAGNESIUM, cell] * 1e-3, c[ALKALINITY, cell] * 1e-3)
        stage[FAILED, row] = 0.0 if speciate_voxel(total, voxels.warm[row], chemistry, work.activity) else 1.0
        if stage[FAILED, row] > 0.0:
            continue
        protection, affinity, inside, exposed = fluid_effects(voxels.substrate, row, c[MAGNESIUM, cell], elapsed, law)
        outer = inhibition_factor(affinity, particle.inhibition_strength)
        stage[INSIDE_RATIO, row] = inhibition_factor(inside, particle.inhibition_strength) / max(outer, 1e-12)
        speed = phase_rates(voxels, row, phases, particle, stage, work, start, affinity, c[MAGNESIUM, cell])
        velocity = speed / radius
        nucleation_routes(voxels, row, phases, law, work, protection, exposed, initial_porosity[cell])
        before, now = _prepare(voxels, row, phases, stage, work, start, mineral, gamma_dt)
        before += _chain(phases, work, stage, row, work.start, speed)
        share = voxels.continuous[row]
        from_debris = share * (voxels.debris[row] - stage[DEBRIS, row])
        from_fluid = share * (voxels.nucleators[row] - stage[NUCLEATORS, row])
        given_free = voxels.given_births[row] * voxels.held[GIVEN_FREE, row]
        gain, shift, births, born_free, mass, by_shift, by_births, by_free, open_share, feedback = _grow(
            voxels, row, particle, phases, work, now - before, initial_porosity[cell] - floor, initial_porosity[cell],
            (gamma_dt, velocity, share * route[SURFACES], share * route[SPONTANEOUS], scale),
            (stage[SHIFT_BASE, row], stage[BIRTHS_BASE, row], stage[FLUID_BASE, row], voxels.given_births[row] - given_free, given_free,
             before, from_debris, from_fluid),
        )  # fmt: skip
        filled = _settle(phases, work, stage, row, gain, speed, mass, mineral)
        stage[SHIFT, row], stage[BIRTHS, row], stage[FLUID, row], stage[VELOCITY, row] = shift, births, born_free, velocity
        stage[BORN, row], stage[BORN_FREE, row], stage[WHOLE, row] = births + from_debris, born_free + from_fluid, mass
        _count_collagen(stage, row, route, births, (voxels.given_births[row] - given_free) * elapsed, open_share)
        stage[FREE_RATE, row] = route[SPONTANEOUS] * open_share + route[SEEDS] * stage[NUCLEATORS, row]
        stage[TOTAL_RATE, row] = route[SURFACES] * open_share + route[SITES] * stage[DEBRIS, row] + stage[FREE_RATE, row]
        porosity[cell] = max(initial_porosity[cell] - filled, guard)
        nuclei = max(by_births, by_free) * stage[TOTAL_RATE, row]
        if gamma_dt * (by_shift * velocity + 10.0 * nuclei) + stage[DISSOLVED, row] < 1e-14 * porosity[cell] * c[CALCIUM, cell]:
            clear(w, row)  # nothing here that Newton could notice
            continue
        saturation_slopes(total, voxels.warm[row], chemistry, phases, work)
        by_surface = by_births * (route[SURFACES_SLOPE] * open_share + stage[DEBRIS, row] * route[SITES_SLOPE])
        by_surface += by_free * stage[NUCLEATORS, row] * route[SEEDS_SLOPE]
        by_fluid = by_free * share * route[SPONTANEOUS_SLOPE] * open_share
        _growth_slopes(
            phases, work, work.by_gain, gamma_dt, by_shift / radius * open_share, share * by_surface / phases.ion_count[HAP], by_fluid,
            feedback,
        )  # fmt: skip
        _uptake_slopes(phases, work, stage, row, w, cell, gamma_dt, gain, speed, porosity[cell], c)

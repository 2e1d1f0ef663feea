"""Chemistry of a voxel and the rates that follow from it: phases that grow, dissolve and mature, and nucleation by route."""

import math

from calcisim.jit import part
from calcisim.physics.growth import inhibition_factor, radius_and_slope
from calcisim.physics.kinetics import (
    AREA,
    AREA_FREE,
    BORN,
    BORN_FREE,
    COLLAGEN,
    DISSOLVED,
    ENTERING,
    FETUIN,
    FREE,
    LOSS,
    PLACES,
    SEEDS,
    SEEDS_SLOPE,
    SHIFT,
    SITES,
    SITES_SLOPE,
    SPONTANEOUS,
    SPONTANEOUS_SLOPE,
    SURFACES,
    SURFACES_SLOPE,
    WEIGHT,
    WHOLE,
)
from calcisim.physics.nucleation import nucleation_saturation
from calcisim.physics.phases import (
    ACP,
    COUNT,
    HAP,
    by_concentration,
    dissolution_flux,
    growth_by_phase,
    log_saturations,
    maturation_rate,
)
from calcisim.physics.population import free_newborn_node, mean_left, newborn_count, newborn_node
from calcisim.physics.routes import DEBRIS_STATE, floating_nucleation, homogeneous_nucleation, site_nucleation, surface_nucleation
from calcisim.physics.speciation import speciate_alkalinity, speciate_alkalinity_jacobian


@part
def speciate_voxel(total, warm, chemistry, activity):
    """Activities of a voxel's totals [mol/kg] in the full tier; False where it finds no solution."""
    done = speciate_alkalinity(
        chemistry.constants, chemistry.debye_huckel, chemistry.carbon_dioxide, total[0], total[2], chemistry.sodium, chemistry.potassium,
        chemistry.chloride, total[1], total[3], chemistry.citrate, 0.0, warm, activity, chemistry.tolerance, chemistry.iterations,
    )  # fmt: skip
    return done > 0


@part
def saturation_slopes(total, warm, chemistry, phases, work):
    """∂lnΩ_q/∂c_s at frozen ionic strength (the fast tier's derivative serves Newton)."""
    speciate_alkalinity_jacobian(
        chemistry.constants, chemistry.debye_huckel, chemistry.carbon_dioxide, total[0], total[2], chemistry.sodium, chemistry.potassium,
        chemistry.chloride, total[1], total[3], chemistry.citrate, 0.0, warm, work.slopes,
    )  # fmt: skip
    by_concentration(phases, work.slopes, work.by_c)


@part
def _newborn(particle, births, shift, loss, free):
    """Σ N y² and Σ N y³ of the births of a step with this growth shift [R_max²/m³, R_max³/m³]."""
    area = 0.0
    volume = 0.0
    nodes = 4 if free else newborn_count(shift, particle.terminal_exponent)
    for index in range(nodes):
        if free:
            growth, _, weight = free_newborn_node(index, shift, loss)
        else:
            growth, weight = newborn_node(index, shift, particle.terminal_exponent)
        radius, _ = radius_and_slope(particle.nucleus + growth, particle.table, particle.table_step)
        area += weight * births * radius * radius
        volume += weight * births * radius * radius * radius
    return area, volume


@part
def _specific_area(voxels, row, particle, stage):
    """Surface of the particles of a voxel per volume of them, 3/R_max · Σ N y²/Σ N y³ [1/m], at the stage as last evaluated; 0 without any.

    What has dissolved made every particle smaller alike: a share k of the volume left raises it by k^(−1/3).
    """
    slot, held = voxels.slot[row], voxels.held
    shift, loss = max(stage[SHIFT, row], 0.0), voxels.held[LOSS, row]
    entering = held[ENTERING, row]
    born = (stage[BORN, row], entering * stage[BORN_FREE, row], (1.0 - entering) * stage[BORN_FREE, row])  # by place
    area = 0.0
    volume = 0.0
    for place in range(PLACES):
        moved = shift * held[WEIGHT + place, row]
        births = born[place]
        if births > 0.0:
            one, two = _newborn(particle, births, moved, loss, place == FREE)
            area += one
            volume += two
        if slot < 0:
            continue
        kept = mean_left(loss) if place == FREE else 1.0
        for cohort in range(voxels.cohorts[place, slot]):
            growth = moved * kept * voxels.bare[place, slot, cohort]
            radius, _ = radius_and_slope(voxels.coordinate[place, slot, cohort] + growth, particle.table, particle.table_step)
            n = voxels.number[place, slot, cohort]
            area += n * radius * radius
            volume += n * radius * radius * radius
    if volume <= 0.0:
        return 0.0
    left = 1.0
    if stage[DISSOLVED, row] > 0.0 and stage[WHOLE, row] > 0.0:
        left = max(1.0 - stage[DISSOLVED, row] / stage[WHOLE, row], 1e-3)
    return 3.0 * area / (volume * particle.terminal_radius) * left ** (-1.0 / 3.0)


@part
def phase_rates(voxels, row, phases, particle, stage, work, start, affinity, magnesium):
    """Velocity, decay by dissolution [1/s] and maturation of every phase at the activities in `work`; the sum of velocities [m/s]."""
    acidity = -work.activity[4] / math.log(10.0)
    fetuin = voxels.held[FETUIN, row]
    log_saturations(phases, work.activity, work.ln_omega, True)
    growth_by_phase(phases, work.ln_omega, 1.0 - inhibition_factor(affinity, 1.0), work.velocity, work.by_log)
    total = 0.0
    area = -1.0
    for q in range(COUNT):
        total += work.velocity[q]
        work.mature[q] = maturation_rate(phases, q, acidity, magnesium, fetuin) if start[q, row] > 0.0 or work.velocity[q] > 0.0 else 0.0
        work.decay[q] = 0.0
        work.decay_slope[q] = 0.0
        if work.ln_omega[q] < 0.0 and start[q, row] > 0.0:
            if area < 0.0:
                area = _specific_area(voxels, row, particle, stage) * phases.calcium_volume
            flux, slope = dissolution_flux(phases, q, work.ln_omega[q], acidity)
            work.decay[q] = flux * area
            work.decay_slope[q] = slope * area
    return total


@part
def nucleation_routes(voxels, row, phases, law, work, protection, exposed, porosity):
    """Nucleation by route at the activities in `work` (rows SURFACES … of `Scratch.route`)."""
    route = work.route
    log_saturations(phases, work.activity, work.nucleating, False)
    sigma = nucleation_saturation(work.nucleating[HAP], 0.0, phases.ion_count[HAP])
    route[SURFACES], route[SURFACES_SLOPE], route[COLLAGEN] = surface_nucleation(
        voxels.substrate, row, exposed, protection, sigma, voxels.held[AREA, row], law
    )
    # pairs of floats both times, so that `site_nucleation` is compiled once
    debris = (voxels.substrate[row, DEBRIS_STATE], law.debris[1])
    route[SITES], route[SITES_SLOPE] = site_nucleation(debris, protection, sigma, law)
    route[SEEDS], route[SEEDS_SLOPE] = 0.0, 0.0
    if voxels.nucleators[row] > 0.0:
        route[SEEDS], route[SEEDS_SLOPE] = site_nucleation((law.nucleator[0], law.nucleator[1]), protection, sigma, law)
    rate, slope = homogeneous_nucleation(work.nucleating[ACP], law)
    route[SPONTANEOUS] = rate * porosity + floating_nucleation(voxels.held[AREA_FREE, row], protection, sigma, law)
    route[SPONTANEOUS_SLOPE] = slope * porosity

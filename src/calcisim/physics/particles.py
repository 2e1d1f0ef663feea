"""What a step leaves of the primary particles of a voxel: growth, births, shielding by protein, dissolution, and what is taken up.

Sweeps over active voxels, called once after every accepted step, and the quantities that the next step holds still.
"""

import math
from typing import NamedTuple

from calcisim.jit import kernel, part
from calcisim.physics.growth import radius_and_slope
from calcisim.physics.kinetics import (
    AREA,
    AREA_FREE,
    BORN,
    BORN_FREE,
    BOUND,
    DISSOLVED,
    ENTERING,
    FETUIN,
    FREE,
    GIVEN_FREE,
    INSIDE,
    LOSS,
    PLACES,
    SHIFT,
    WEIGHT,
    WHOLE,
)
from calcisim.physics.population import advance_cohorts, cohort_area, cohort_volume, shrink_cohorts, transfer_cohorts


class ShieldLaw(NamedTuple):
    """Protein on free particles: k_on [m³/(mol s)], capacity [mol/m²]; size [R_max] up to which a nucleus may enter a fibril."""

    rate: float
    capacity: float
    entry: float


class EntryLaw(NamedTuple):
    """A nucleus that may get into a fibril: its radius [m], free diffusivity [m²/s], and the chance that one which meets a fibril does."""

    radius: float
    diffusivity: float
    chance: float


class UptakeLaw(NamedTuple):
    """Uptake by cells (PAR-7): calcium at which it is half of its most [mol/m³ tissue], and the largest clump that is taken [m³]."""

    half: float
    largest: float


@part
def entering_share(entry_rate, window, velocity, loss_rate):
    """PAR-1. Share of nuclei in the fluid that enter fibrils before they outgrow the pores or protein holds them outside.

    p = k_in/(k_in + v/w + k_s): k_in : entry [1/s]; w : growth from the nucleus to the largest that enters [R_max]; v : growth [R_max/s];
    k_s : shielding [1/s]. Source: toroian2007, toroian2008 (what may enter); the race is ours.
    """
    if entry_rate <= 0.0:
        return 0.0
    return entry_rate / (entry_rate + velocity / window + loss_rate)


@kernel
def hold_still(voxels, access, inside_ratio, velocity, free_share, fetuin, reach, entry_rate, room, particle, shield, dt, row0, row1):
    """Everything that a step does not solve for, from the accepted state (rows of `Voxels.held`).

    reach : share of the fetuin in the fluid that gets to the mineral;  room : volume that mineral may take inside fibrils [m³/m³].
    """
    held = voxels.held
    table, step = particle.table, particle.table_step
    window = max(shield.entry - particle.nucleus, 1e-9)
    for row in range(row0, row1):
        slot = voxels.slot[row]
        held[WEIGHT + BOUND, row] = access[0, row]
        held[WEIGHT + FREE, row] = access[1, row]
        held[WEIGHT + INSIDE, row] = inside_ratio[row] if room[row] > 0.0 else 0.0
        held[LOSS, row] = shield.rate * fetuin[row] * dt
        held[GIVEN_FREE, row] = free_share[row]
        held[ENTERING, row] = entering_share(entry_rate[row], window, velocity[row], shield.rate * fetuin[row])
        held[FETUIN, row] = fetuin[row] * reach[row]
        held[AREA, row] = 0.0
        held[AREA_FREE, row] = 0.0
        if slot < 0:
            continue
        if room[row] > 0.0 and voxels.cohorts[INSIDE, slot] > 0:
            inner, _ = cohort_volume(voxels.number[INSIDE], voxels.coordinate[INSIDE], voxels.cohorts[INSIDE], slot, 0.0, table, step)
            held[WEIGHT + INSIDE, row] *= max(1.0 - particle.volume * inner / room[row], 0.0)
        for place in range(PLACES):
            if voxels.cohorts[place, slot] > 0:
                area = cohort_area(voxels.number[place], voxels.coordinate[place], voxels.cohorts[place], slot, 0.0, table, step)
                held[AREA_FREE if place == FREE else AREA, row] += 4.0 * math.pi * particle.terminal_radius**2 * area


@part
def _covered_area(voxels, slot, particle):
    """Σ N y² of what is free and covered by protein [R_max²/m³]."""
    covered = 0.0
    for cohort in range(voxels.cohorts[FREE, slot]):
        radius, _ = radius_and_slope(voxels.coordinate[FREE, slot, cohort], particle.table, particle.table_step)
        covered += voxels.number[FREE, slot, cohort] * radius * radius * (1.0 - voxels.bare[FREE, slot, cohort])
    return covered


@kernel
def advance_primaries(voxels, stage, particle, vanished, row0, row1):
    """PAR-2. Make a step the accepted state of the cohorts of every place; vanished[row] is 1 where all of them have dissolved.

    Growth and births by POP-5, then what dissolved is taken from all in proportion, so that Σ N y³ is the calcium of the phases.
    """
    table, step, exponent, nucleus = particle.table, particle.table_step, particle.terminal_exponent, particle.nucleus
    held = voxels.held
    for row in range(row0, row1):
        vanished[row] = 0.0
        slot = voxels.slot[row]
        if slot < 0:
            continue
        shift = max(stage[SHIFT, row], 0.0)
        free_births = stage[BORN_FREE, row]
        enter = held[ENTERING, row]
        births = (stage[BORN, row], free_births * enter, free_births * (1.0 - enter))
        kept = 1.0
        if stage[DISSOLVED, row] > 0.0 and stage[WHOLE, row] > 0.0:
            kept = max(1.0 - stage[DISSOLVED, row] / stage[WHOLE, row], 0.0)
        largest = 0.0
        any_left = False
        for place in range(PLACES):
            if voxels.cohorts[place, slot] == 0 and births[place] <= 0.0:
                continue
            advance_cohorts(
                voxels.number[place], voxels.coordinate[place], voxels.bare[place], voxels.cohorts[place], slot,
                shift * held[WEIGHT + place, row], births[place], held[LOSS, row], place == FREE, nucleus, exponent, table, step,
            )  # fmt: skip
            any_left = True
            if kept < 1.0:
                left = shrink_cohorts(
                    voxels.number[place], voxels.coordinate[place], voxels.cohorts[place], slot, kept, exponent, table, step
                )
                largest = max(largest, left)
        if any_left and kept < 1.0 and largest < 0.1 * nucleus:
            vanished[row] = 1.0
            for place in range(PLACES):
                voxels.cohorts[place, slot] = 0


@kernel
def consume_protein(voxels, shielded, fetuin, porosity, particle, shield, row0, row1):
    """PAR-3. Free protein after a step: what the newly covered surface of free particles took, Γ Δ(area), at most what there was.

    None comes back from particles that dissolve, and what covers more of a particle after fibrils have caught it is not counted.

    shielded : covered area per volume so far [R_max²/m³], carried on; fetuin per pore fluid [mol/m³]; Γ : capacity [mol/m²].
    """
    scale = 4.0 * math.pi * particle.terminal_radius**2 * shield.capacity
    for row in range(row0, row1):
        slot = voxels.slot[row]
        if slot < 0:
            continue
        if voxels.cohorts[FREE, slot] == 0:
            shielded[row] = 0.0
            continue
        covered = _covered_area(voxels, slot, particle)
        taken = scale * max(covered - shielded[row], 0.0) / porosity[row]
        fetuin[row] -= min(taken, fetuin[row])
        shielded[row] = covered


@kernel
def totals(number, coordinate, count, particle, primaries, volume, slot0, slot1):
    """PAR-4. Number [1/m³] and volume [m³/m³] of the primaries that are held (on surfaces and inside fibrils) and of those in the fluid,
    per slot."""
    for slot in range(slot0, slot1):
        for kind in range(2):
            primaries[kind, slot] = 0.0
            volume[kind, slot] = 0.0
        for place in range(PLACES):
            kind = 1 if place == FREE else 0
            one, _ = cohort_volume(number[place], coordinate[place], count[place], slot, 0.0, particle.table, particle.table_step)
            volume[kind, slot] += particle.volume * one
            for cohort in range(count[place, slot]):
                primaries[kind, slot] += number[place, slot, cohort]


@kernel
def radii(coordinate, table, step, out):
    """PAR-5. Radii of cohorts with these growth coordinates (GRO-7) [R_max], into out; both (cohorts,)."""
    for cohort in range(coordinate.size):
        out[cohort], _ = radius_and_slope(coordinate[cohort], table, step)


@kernel
def capture_primaries(number, coordinate, bare, count, share, particle, slot0, slot1):
    """PAR-6. The primaries of clumps that fibrils caught: the same share of every free cohort becomes bound (POP-12)."""
    for slot in range(slot0, slot1):
        if share[slot] > 0.0 and count[FREE, slot] > 0:
            transfer_cohorts(
                number, coordinate, bare, count, FREE, BOUND, slot, share[slot], particle.terminal_exponent, particle.table,
                particle.table_step,
            )  # fmt: skip

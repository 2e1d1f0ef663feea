"""Free particles between voxels: they diffuse through the pore fluid, hindered by fibrils, in exchanges that make or lose nothing.

A face swaps shares of what floats on both sides. Faces of one colour touch each voxel once, so they can be worked on in any order.
"""

import math

import numpy as np

from calcisim.jit import kernel
from calcisim.physics.clumping_classes import MOBILE, VOLUME
from calcisim.physics.kinetics import FREE
from calcisim.physics.population import cohort_volume, insert_cohort


@kernel
def hindrance(radius, fibrils, diameter):
    """DRI-1. What a mesh of fibrils leaves of diffusion: h = exp(−0.84 f^1.09), f = φ (1 + 2R/d)²; 0 where a particle does not pass.

    φ : volume fraction of fibrils, d : their diameter [m]; a particle passes while R + d/2 < b, half the mean distance of fibrils,
    b = d/(2√φ). Source: the form is recalled; that diffusivity falls so in collagen: stylianopoulos2010; assumption.
    """
    if fibrils <= 0.0:
        return 1.0
    contact = radius + 0.5 * diameter
    if contact >= 0.5 * diameter / math.sqrt(fibrils):
        return 0.0
    return math.exp(-0.84 * (fibrils * (2.0 * contact / diameter) ** 2) ** 1.09)


@kernel
def mean_diffusivity(hindered, mesh, clumps, out, slot0, slot1):
    """DRI-2. Hindered diffusivity of the mobile clumps of a slot, mean by solid volume [m²/s].

    hindered (meshes, K): D h of a class (DRI-1) in every mesh of fibrils that there is; mesh (slots,): which of them a slot has.
    """
    for slot in range(slot0, slot1):
        solid = 0.0
        total = 0.0
        for k in range(clumps.shape[2]):
            volume = clumps[MOBILE, VOLUME, k, slot]
            if volume > 0.0:
                solid += volume
                total += volume * hindered[mesh[slot], k]
        out[slot] = total / solid if solid > 0.0 else 0.0


@kernel
def _hand_over(number, coordinate, bare, kept, held, count, target, share, particle):
    """Insert `share` of copied free cohorts (`kept`, `held` of them) in the slot `target`; count (slots,) of free cohorts."""
    for cohort in range(held):
        moved = share * kept[0, cohort]
        if moved > 0.0:
            insert_cohort(
                number[FREE], coordinate[FREE], bare[FREE], count, target, moved, kept[1, cohort], kept[2, cohort],
                particle.terminal_exponent, particle.table, particle.table_step,
            )  # fmt: skip


@kernel
def _copy(number, coordinate, bare, slot, held, kept):
    for cohort in range(held):
        kept[0, cohort] = number[FREE, slot, cohort]
        kept[1, cohort] = coordinate[FREE, slot, cohort]
        kept[2, cohort] = bare[FREE, slot, cohort]


@kernel
def swap(
    pairs, slots, cells, weight, porosity, diffusivity, number, coordinate, bare, count, clumps, shielded, mineral, phases, particle,
    pair0, pair1,
):  # fmt: skip
    """DRI-3. Free particles through the faces pairs[pair0:pair1] (pair, 2) of one colour, of rows a and b.

    p = ½ (1 − exp(−2 D Δt/Δx²)), D : mean of both sides; of side i the share p φ_min/φ_i passes, so that equal concentrations stay equal.
    Moves cohorts, clumps, the covered area and, in the composition of where it comes from, the mineral that the particles are.
    weight : Δt/Δx² of the axis [s/m²];  porosity (rows,);  diffusivity (slots,);  mineral (Q, cells), flattened and padded.
    """
    room = number.shape[2]
    first = np.zeros((3, room))
    second = np.zeros((3, room))
    for pair in range(pair0, pair1):
        a, b = pairs[pair, 0], pairs[pair, 1]
        i, j = slots[a], slots[b]
        held_i, held_j = count[FREE, i], count[FREE, j]
        if held_i == 0 and held_j == 0:
            continue
        mean = max(diffusivity[i], diffusivity[j]) if held_i == 0 or held_j == 0 else 0.5 * (diffusivity[i] + diffusivity[j])
        passing = -0.5 * math.expm1(-2.0 * mean * weight)
        least = min(porosity[a], porosity[b])
        out_i, out_j = passing * least / porosity[a], passing * least / porosity[b]
        _swap_mineral(mineral, cells[a], cells[b], i, j, out_i, out_j, number, coordinate, count, phases, particle)
        _copy(number, coordinate, bare, i, held_i, first)
        _copy(number, coordinate, bare, j, held_j, second)
        number[FREE, i, :held_i] *= 1.0 - out_i
        number[FREE, j, :held_j] *= 1.0 - out_j
        _hand_over(number, coordinate, bare, first, held_i, count[FREE], j, out_i, particle)
        _hand_over(number, coordinate, bare, second, held_j, count[FREE], i, out_j, particle)
        for moment in range(4):
            for k in range(clumps.shape[2]):
                x, y = clumps[MOBILE, moment, k, i], clumps[MOBILE, moment, k, j]
                clumps[MOBILE, moment, k, i] = (1.0 - out_i) * x + out_j * y
                clumps[MOBILE, moment, k, j] = (1.0 - out_j) * y + out_i * x
        x, y = shielded[a], shielded[b]
        shielded[a] = (1.0 - out_i) * x + out_j * y
        shielded[b] = (1.0 - out_j) * y + out_i * x


@kernel
def _swap_mineral(mineral, cell_a, cell_b, i, j, out_i, out_j, number, coordinate, count, phases, particle):
    """The mineral of the particles that pass: their calcium, split between phases as all mineral of the voxel that they leave."""
    scale = particle.volume / phases.calcium_volume
    free_i, _ = cohort_volume(number[FREE], coordinate[FREE], count[FREE], i, 0.0, particle.table, particle.table_step)
    free_j, _ = cohort_volume(number[FREE], coordinate[FREE], count[FREE], j, 0.0, particle.table, particle.table_step)
    calcium_a = 0.0
    calcium_b = 0.0
    for q in range(mineral.shape[0]):
        calcium_a += phases.calcium[q] * mineral[q, cell_a]
        calcium_b += phases.calcium[q] * mineral[q, cell_b]
    share_a = min(out_i * scale * free_i / calcium_a, 1.0) if calcium_a > 0.0 else 0.0
    share_b = min(out_j * scale * free_j / calcium_b, 1.0) if calcium_b > 0.0 else 0.0
    for q in range(mineral.shape[0]):
        x, y = share_a * mineral[q, cell_a], share_b * mineral[q, cell_b]
        mineral[q, cell_a] += y - x
        mineral[q, cell_b] += x - y

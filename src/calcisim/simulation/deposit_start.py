"""Mineral that is there before a run begins, as particles: so it grows, dissolves and is cut like any that forms later."""

import numpy as np

from calcisim import parameters
from calcisim.numerics import threads
from calcisim.physics import clumping, kinetics
from calcisim.physics.growth import growth_coordinate, radius_and_slope
from calcisim.physics.kinetics import ParticleLaw
from calcisim.simulation.setup import INNER, ModelSetup, SiteSetup, Start
from calcisim.simulation.state import State

Array = np.ndarray
VOXELS_EACH = 64  # what a voxel with particles weighs against one of a plain sweep


def lay(setup: SiteSetup, model: ModelSetup, state: State) -> None:
    """Put the deposits of a site into its state at time 0, bound to what is around them, in place.

    Each is one cohort of primaries of one size in every voxel, N = n_Ca V_Ca/((4π/3) R³), so that the mass of the particles is the calcium
    in mineral (POP-2, GRO-8), and clumps of one size, or primaries that are apart. The fluid keeps its concentrations in the pores that
    are left.
    """
    parts = [(*_size(one, model), one) for one in setup.deposit]
    for coordinate, volume, one in sorted(parts, key=lambda part: -part[0]):  # cohorts stand from the largest to the smallest
        rows = np.flatnonzero(one.calcium.ravel() > 0.0)
        state.make_room(rows)
        calcium = one.calcium.ravel()[rows]
        state.mineral[(one.phase, *INNER)] += one.calcium / model.phases.calcium[one.phase]
        solid = calcium * model.phases.calcium_volume
        slots = state.slot[rows]
        at = (kinetics.BOUND, slots, state.count[kinetics.BOUND, slots])
        state.number[at], state.coordinate[at], state.bare[at] = solid / volume, coordinate, 1.0
        state.count[kinetics.BOUND, slots] += 1
        _clump(model.clump.edges, state.clumps, slots, solid, volume, volume if one.clump is None else max(one.clump, volume))
    if parts:
        _fill(setup, model, state)


def _size(one: Start, model: ModelSetup) -> tuple[float, float]:
    """Growth coordinate of the primaries, and their volume as the table of GRO-7 has it [m³]."""
    particle: ParticleLaw = model.particle
    radius = parameters.values("particles")["deposit_radius_share"] * model.clump.radius if one.radius is None else one.radius
    coordinate = float(growth_coordinate(radius / particle.terminal_radius, particle.terminal_exponent))
    relative, _ = radius_and_slope(coordinate, particle.table, particle.table_step)
    return coordinate, float(relative) ** 3 * particle.volume


def _clump(edges: Array, clumps: Array, slots: Array, solid: Array, primary: float, clump: float) -> None:
    """Add clumps of one volume of solid [m³] to the class that holds it; solid [m³/m³]."""
    k = int(np.clip(np.searchsorted(edges, clump, side="right") - 1, 0, edges.size - 2))
    held = clumps[clumping.BOUND]
    held[clumping.NUMBER, k, slots] += solid / clump
    held[clumping.VOLUME, k, slots] += solid
    held[clumping.PRIMARIES, k, slots] += solid / primary


def _fill(setup: SiteSetup, model: ModelSetup, state: State) -> None:
    """What follows from the mineral: pores, what they hold, how accessible the primaries are, and the deposit that onset looks at."""
    inner = (slice(None), *INNER)
    mineral = state.mineral[inner]
    state.u[inner] = state.c[inner] * (setup.initial_porosity - np.tensordot(model.phases.volume, mineral, axes=1))
    used = state.slots()
    access = np.ones((2, used))
    threads.rows(clumping.clump_access, used, VOXELS_EACH, model.clump, state.clumps, access)
    placed = np.flatnonzero(state.slot >= 0)
    state.access[:, placed] = access[:, state.slot[placed]]
    state.progress[2] = float(np.mean(np.tensordot(model.phases.calcium, mineral, axes=1)))

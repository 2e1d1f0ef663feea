"""Random arrivals of nuclei on a physical lattice, so that neither the voxel nor the step decides how seeds scatter.

Each lattice cell keeps its integrated expectation Λ = ∫ J A dt. Arrivals of a unit-rate Poisson process, drawn by counter from
(seed, site; cell, arrival index), happen where Λ reaches them, at a place in the cell drawn in proportion to the local rate. After
`RANDOM_ARRIVALS` the count follows Λ continuously and nucleation is solved implicitly with the rest of the step.
"""

import math
from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel, part
from calcisim.numerics.rng import uniform_pair

RANDOM_ARRIVALS = 1000


class Lattice(NamedTuple):
    """Cells and the pieces of voxels they overlap (compressed rows). share: part of the voxel's volume that lies in the cell."""

    identity: np.ndarray
    start: np.ndarray
    row: np.ndarray
    share: np.ndarray


class Arrivals(NamedTuple):
    """Per cell: Λ, arrivals so far, and the Λ at which the next one happens."""

    expected: np.ndarray
    arrived: np.ndarray
    next: np.ndarray


@kernel
def _interval(identity, index, key0, key1):
    """Exponential gap before arrival `index` of a cell, and the uniform number that places it."""
    first, place = uniform_pair(identity, np.uint64(index), key0, key1)
    return -math.log(first), place


@kernel
def first_arrivals(lattice, arrivals, key0, key1):
    """Set the Λ of every cell's first arrival."""
    for cell in range(lattice.identity.size):
        gap, _ = _interval(lattice.identity[cell], 0, key0, key1)
        arrivals.next[cell] = gap


@part
def _cell_rate(lattice, cell, rate):
    total = 0.0
    for piece in range(lattice.start[cell], lattice.start[cell + 1]):
        total += lattice.share[piece] * rate[lattice.row[piece]]
    return total


@part
def _place(lattice, cell, rate, target):
    """Row of the piece where the running sum of share·rate passes `target`."""
    running = 0.0
    last = lattice.start[cell + 1] - 1
    for piece in range(lattice.start[cell], last):
        running += lattice.share[piece] * rate[lattice.row[piece]]
        if running > target:
            return lattice.row[piece]
    return lattice.row[last]


@kernel
def draw(lattice, arrivals, trial, rate, volume, dt, given, continuous, key0, key1, limit):
    """NUC-8. Births of a step in cells that are still random; `arrivals` is read, `trial` receives what holds after the step.

    Λ_new = Λ + Δt Σ share · rate · volume;  rate [1/(m³ s)] is the mean predicted for the step per active voxel.
    given : births per volume and time that the step must contain [1/(m³ s)]; continuous : share of each voxel in cells past `limit`.
    """
    for row in range(given.size):
        given[row] = 0.0
        continuous[row] = 0.0
    for cell in range(lattice.identity.size):
        count = arrivals.arrived[cell]
        if count >= limit:
            for piece in range(lattice.start[cell], lattice.start[cell + 1]):
                continuous[lattice.row[piece]] += lattice.share[piece]
            continue
        per_volume = _cell_rate(lattice, cell, rate)
        reached = arrivals.expected[cell] + dt * per_volume * volume
        following = arrivals.next[cell]
        passed = following
        while count < limit and following <= reached:
            _, place = _interval(lattice.identity[cell], count, key0, key1)
            given[_place(lattice, cell, rate, place * per_volume)] += 1.0 / (volume * dt)
            passed = following
            count += 1
            gap, _ = _interval(lattice.identity[cell], count, key0, key1)
            following += gap
        if count >= limit and per_volume > 0.0:
            beyond = (reached - passed) / (per_volume * volume * dt)
            for piece in range(lattice.start[cell], lattice.start[cell + 1]):
                given[lattice.row[piece]] += beyond * lattice.share[piece] * rate[lattice.row[piece]]
        trial.expected[cell] = reached
        trial.arrived[cell] = count
        trial.next[cell] = following


@kernel
def keep(lattice, arrivals, trial, births, volume, dt, given, continuous, limit):
    """Make the drawn arrivals the accepted ones, and add to Λ of the continuous cells what the step's solution nucleated."""
    for cell in range(lattice.identity.size):
        if arrivals.arrived[cell] < limit:
            arrivals.expected[cell] = trial.expected[cell]
            arrivals.arrived[cell] = trial.arrived[cell]
            arrivals.next[cell] = trial.next[cell]
            continue
        gained = 0.0
        for piece in range(lattice.start[cell], lattice.start[cell + 1]):
            row = lattice.row[piece]
            if continuous[row] > 0.0:
                gained += lattice.share[piece] / continuous[row] * (births[row] - given[row] * dt)
        arrivals.expected[cell] += gained * volume


@kernel
def predicted_rate(now, before, dt, dt_before, out):
    """Mean rate over the coming step from the last two accepted ones (second-order Adams–Bashforth), held within 0…2 of the last."""
    for row in range(now.size):
        mean = now[row]
        if dt_before > 0.0:
            mean += (now[row] - before[row]) * 0.5 * dt / dt_before
        out[row] = min(max(mean, 0.0), 2.0 * now[row])

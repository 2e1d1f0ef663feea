"""How wrong a step of a site is: the error that its two stages embed, and whether anything fell below its bound."""

import math
from typing import TYPE_CHECKING

import numpy as np

from calcisim.numerics.sdirk import GAMMA
from calcisim.physics import kinetics
from calcisim.simulation.setup import INNER

if TYPE_CHECKING:
    from calcisim.simulation.model import SiteProblem

LARGEST_FILL = 0.1  # pore fraction that a step may fill
UNIT = 5.0  # calcium per formula of hydroxyapatite, in which the absolute tolerance is given
PHASE_ERROR = 0.04  # weight (squared) of how calcium is split between phases, which matures by itself


def embedded(problem: "SiteProblem") -> float:
    """The largest of the embedded errors of mineral, of phases and of births with the predicted arrivals, each a root of the sum of
    squares over the voxels that bear mineral, in units of its tolerance, and of the pore that was filled over what a step may fill."""
    mass, split, bearing = _of_mineral(problem)
    count = _of_number(problem)
    norm = math.sqrt(max(float(np.sum(mass * mass)), float(np.sum(count * count)), split) / bearing)  # no BLAS: its threads round
    filled = np.abs(problem.filled(problem.mineral) - problem.filled(problem.mineral_start))
    return max(norm, float(np.max(filled, initial=0.0)) / LARGEST_FILL)


def _of_mineral(problem: "SiteProblem") -> tuple[np.ndarray, float, int]:
    """Error of the mineral of the busy voxels, the largest sum of squares of a phase, and how many voxels bear mineral."""
    model, now, before = problem.model, problem.mineral, problem.mineral_start
    phases, weight = now.shape[0], problem.calcium / UNIT
    held = sum(now[q] * weight[q] for q in range(phases))
    allowed = model.relative_tolerance * np.abs(held) + model.absolute_tolerance
    mass, split = np.zeros(now.shape[1]), 0.0
    for q in range(phases):
        error = ((problem.first_mineral[q] - before[q]) / GAMMA + before[q] - now[q]) * weight[q] / allowed
        mass += error
        split = max(split, PHASE_ERROR * float(np.sum(error * error)))
    return mass, split, max(1, int(np.count_nonzero(held)))


def _of_number(problem: "SiteProblem") -> np.ndarray:
    """Error of births, and of arrivals that were predicted and not found, per active voxel."""
    model, state = problem.model, problem.state
    scale = model.absolute_tolerance * UNIT * model.phases.calcium_volume / model.particle.volume
    held = state.by_row(np.sum(state.number[:, : state.slots()], axis=(0, 2), where=state.used()))
    born = problem.on_active(problem.born())
    births = problem.on_active(problem.first_born) / GAMMA - born
    missed = (1.0 - problem.voxels.continuous) * problem.dt * (0.5 * (state.rate + problem.rates[0]) - problem.mean_rate)
    return np.asarray((np.abs(births) + np.abs(missed)) / (model.relative_tolerance * (held + born) + scale))


def negative(problem: "SiteProblem") -> bool:
    """True where a total that must be positive, a phase, a number or what is left of a pore is below its bound, or not a number."""
    inner, local = (slice(None), *INNER), problem.local
    if not problem.first_least >= 0.0:
        return True
    room = problem.initial_porosity.reshape(-1)[problem.work.cell] - problem.filled(problem.mineral)
    fields = (
        problem.u[inner][problem.positive], problem.mineral, local[kinetics.DEBRIS], local[kinetics.NUCLEATORS],
        local[kinetics.BORN], local[kinetics.BORN_FREE], local[kinetics.WHOLE] - local[kinetics.DISSOLVED],
    )  # fmt: skip
    closed = float(room.min(initial=math.inf)) < problem.model.least_porosity
    return closed or any(not float(field.min(initial=0.0)) >= 0.0 for field in fields)

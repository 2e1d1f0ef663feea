"""What the kinetics of a voxel work on: where things stand in the arrays of a stage, and the constants of its laws.

The pass itself is in physics/elimination.py.
"""

from typing import NamedTuple

import numpy as np

from calcisim.jit import kernel
from calcisim.physics.phases import COUNT

CALCIUM, PHOSPHATE, MAGNESIUM, ALKALINITY = range(4)
SPECIES = ("calcium", "phosphate", "magnesium", "alkalinity")
BOUND, INSIDE, FREE = range(3)  # where primaries are: on a surface, inside fibrils, in the fluid
PLACES = 3

# rows of `Voxels.held`, what a step holds still: velocity by place relative to a bare face outside, ∫ shielding dt, share of the given
# births in the fluid, share of the fluid's births that enter fibrils, free fetuin [mol/m³], surface of held and
# of free particles [1/m]
WEIGHT, LOSS, GIVEN_FREE, ENTERING, FETUIN, AREA, AREA_FREE = 0, 3, 4, 5, 6, 7, 8
HELD_ROWS = 9

# rows of `stage`: bases and results of a stage. shift [R_max]; births on surfaces and in the fluid [1/m³]; ∫k dt of debris and nucleators;
# by phase: calcium grown in the step [mol/m³], ∫κ dt of maturation, ∫δ dt of dissolution; calcium dissolved [mol/m³]; what is left of the
# two pools, all born by place and on collagen [1/m³]; rates [1/(m³ s)]; calcium of the particles before dissolution
# (WHOLE); growth inside fibrils over that outside; 1 where the chemistry found no solution
SHIFT_BASE, SHIFT, BIRTHS_BASE, BIRTHS, FLUID_BASE, FLUID, EMPTIED_BASE, EMPTIED, SPENT_BASE, SPENT = range(10)
GROWN_BASE, GROWN, AGED_BASE, AGED, LOST_BASE, LOST = range(10, 10 + 6 * COUNT, COUNT)
(
    DISSOLVED, DEBRIS, NUCLEATORS, BORN, BORN_FREE, BORN_COLLAGEN, TOTAL_RATE, FREE_RATE, WHOLE, INSIDE_RATIO, VELOCITY,
    FAILED,
) = range(10 + 6 * COUNT, 22 + 6 * COUNT)  # fmt: skip
STAGE_ROWS = 22 + 6 * COUNT
GUESSED = (SHIFT, BORN, BORN_FREE, DISSOLVED, WHOLE)  # results that the next look at a stage starts from
INTEGRALS = ((SHIFT_BASE, SHIFT, 1), (BIRTHS_BASE, BIRTHS, 1), (FLUID_BASE, FLUID, 1), (EMPTIED_BASE, EMPTIED, 1), (SPENT_BASE, SPENT, 1),
             (GROWN_BASE, GROWN, COUNT), (AGED_BASE, AGED, COUNT), (LOST_BASE, LOST, COUNT))  # fmt: skip


# rows of `Scratch.route`: rates and slopes by σ_n of surfaces, debris [per site] and nucleators [per site]; those of the fluid by ln Ω
SURFACES, SURFACES_SLOPE, COLLAGEN, SITES, SITES_SLOPE, SEEDS, SEEDS_SLOPE, SPONTANEOUS, SPONTANEOUS_SLOPE = range(9)
ROUTES = 9


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
    """The primary particle: terminal radius R_max [m] and exponent p, nucleus as a growth coordinate, table of GRO-7 and its step, strength
    of inhibition, volume of a sphere of R_max [m³].
    """

    terminal_radius: float
    terminal_exponent: float
    nucleus: float
    table: np.ndarray
    table_step: float
    inhibition_strength: float
    volume: float


class Voxels(NamedTuple):
    """Per active voxel (row): cell of the flattened padded grid; slot of its particles, −1 while it has none; sites of debris and of
    nucleators in the fluid [1/m³]; substrate columns;
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


def gathered(voxels: Voxels, rows: np.ndarray) -> Voxels:
    """These rows of `voxels` side by side: copies, but for the cohorts, which their slots still point to."""
    return Voxels(
        voxels.cell[rows], voxels.slot[rows], voxels.debris[rows], voxels.nucleators[rows], voxels.substrate[rows], voxels.number,
        voxels.coordinate, voxels.bare, voxels.cohorts, voxels.warm[rows], voxels.continuous[rows], voxels.given_births[rows],
        np.ascontiguousarray(voxels.held[:, rows]),
    )  # fmt: skip


class Scratch(NamedTuple):
    """Small arrays of a sweep, one set for each thread: activities, nucleation by route, and by phase, pair of phases, phase and solute."""

    activity: np.ndarray
    slopes: np.ndarray
    route: np.ndarray
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
    mean: np.ndarray
    by_gain: np.ndarray


@kernel
def scratch():
    """A fresh set of small arrays."""
    row = np.zeros(COUNT)
    square = np.zeros((COUNT, COUNT))
    wide = np.zeros((COUNT, 4))
    return Scratch(
        np.zeros(6), np.zeros((6, 4)), np.zeros(ROUTES), row.copy(), row.copy(), square, wide.copy(), wide.copy(), row.copy(), row.copy(),
        row.copy(),
        row.copy(), row.copy(), row.copy(), row.copy(), row.copy(), row.copy(), row.copy(), row.copy(), np.zeros(4),
    )  # fmt: skip

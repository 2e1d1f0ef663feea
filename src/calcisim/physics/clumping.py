"""Clumps of primary particles by size: what the sweeps need to know, assembled once, and what a report says of the sizes.

A clump is bound (it began at a fibril, surface or debris, or was caught) or mobile in the fluid. Its primaries are advanced elsewhere, in
cohorts; here they come with their growth and births, and their totals are set after each step. What joins clumps: collisions of mobile
ones, capture at fibrils, births inside or beside a clump, and births that touch two. Order of use after each accepted step:
`advance_clumps`, then `normalise_clumps`, then `clump_access` (all in clumping_sweeps.py; the moments and their array are described there).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from calcisim.physics.clumping_classes import BOUND, FILLED, MOBILE, NUMBER, PRIMARIES, VOLUME
from calcisim.physics.clumping_kernels import BALL
from calcisim.physics.clumping_sweeps import advance_clumps, clump_access, clump_envelopes, normalise_clumps, small_share
from calcisim.physics.collision import BOLTZMANN, REGISTRY, Function, collision_radius
from calcisim.physics.growth import radius_and_slope
from calcisim.physics.kinetics import ParticleLaw
from calcisim.physics.sections import Sections, class_edges
from calcisim.physics.sections import assemble as assemble_sections
from calcisim.physics.sections_growth import below, inside

__all__ = [
    "BOUND", "FILLED", "MOBILE", "NUMBER", "PRIMARIES", "VOLUME", "ClumpLaw", "ClumpSizes", "advance_clumps", "assemble",
    "clump_access", "clump_envelopes", "empty", "normalise_clumps", "sizes", "small_share",
]  # fmt: skip

SLACK = 1e-6  # of the nucleus: so far below it the first class begins


class ClumpLaw(NamedTuple):
    """edges (K+1,) [m³]; mobile: collisions at sticking 1; impinging: pairs joined per birth [m⁶]; primary; radius of the primaries of
    which frames are built [m]; envelope (2, K): radius of bound and mobile clumps of each class [m]; diffusivity (K,) of the mobile ones
    [m²/s]; dimension (2,) and prefactor (2,) of their frames (AGG-1); and which processes are on.
    """

    edges: np.ndarray
    mobile: Sections
    impinging: Sections
    primary: ParticleLaw
    radius: float
    envelope: np.ndarray
    diffusivity: np.ndarray
    dimension: np.ndarray
    prefactor: np.ndarray
    aggregation: bool
    impingement: bool
    capture: bool


def assemble(
    primary: ParticleLaw,
    radius: float,
    *,
    temperature: float,
    viscosity: float,
    kernel: str,
    classes: int,
    smallest: float,
    largest: float,
    dimensions: tuple[float, float],
    prefactors: tuple[float, float],
    parameters: Mapping[str, float] | None = None,
    aggregation: bool = True,
    impingement: bool = True,
    capture: bool = True,
) -> ClumpLaw:
    """Tabulate everything for `classes` size classes between two volume-equivalent diameters [m].

    radius : of the primaries of which frames are built, R_max where growth ends [m]; temperature [K], viscosity [Pa s] of the pore fluid;
    kernel : a name of collision.REGISTRY, with `parameters` changed; dimensions and prefactors : D_f and k_f (AGG-1) of bound and mobile
    clumps. The first class always holds a nucleus. Raises KeyError for a kernel or parameter that does not exist.
    """
    nucleus, _ = radius_and_slope(primary.nucleus, primary.table, primary.table_step)
    first = min(math.pi / 6.0 * smallest**3, nucleus**3 * primary.volume) * (1.0 - SLACK)
    edges = class_edges(first, math.pi / 6.0 * largest**3, classes)
    middle = np.sqrt(edges[:-1] * edges[1:])
    envelope = np.stack([collision_radius(middle, radius, *frame) for frame in zip(dimensions, prefactors)])
    entry = REGISTRY[kernel]
    known = {
        "temperature": temperature,
        "viscosity": viscosity,
        "primary_radius": radius,
        "dimension": dimensions[MOBILE],
        "prefactor": prefactors[MOBILE],
    }
    values = {name: value for name, value in known.items() if name in entry.parameters}
    return ClumpLaw(
        edges=edges,
        mobile=assemble_sections(entry.with_parameters({**values, **(parameters or {})}), edges),
        impinging=assemble_sections(_touching(radius, dimensions[BOUND], prefactors[BOUND]), edges),
        primary=primary,
        radius=float(radius),
        envelope=envelope,
        diffusivity=BOLTZMANN * temperature / (6.0 * math.pi * viscosity * envelope[MOBILE]),
        dimension=np.array(dimensions),
        prefactor=np.array(prefactors),
        aggregation=bool(aggregation),
        impingement=bool(impingement),
        capture=bool(capture),
    )


def _touching(radius: float, dimension: float, prefactor: float) -> Function:
    """The pair kernel of CLP-7."""
    frame = (radius, dimension, prefactor)
    return lambda u, w: BALL**2 * (collision_radius(u, *frame) + radius) ** 3 * (collision_radius(w, *frame) + radius) ** 3


def empty(classes: int, rows: int) -> np.ndarray:
    """The state of `rows` voxels without clumps: (2, 4, K, R), see clumping_sweeps.py."""
    return np.zeros((2, 4, classes, rows))


class ClumpSizes(NamedTuple):
    """Clumps of a site by volume-equivalent diameter [m]: medians by number and by solid, sd/mean by number, the largest that at least one
    clump reaches (0: none), and the share of primaries that are fused with others.
    """

    number_median: float
    volume_median: float
    polydispersity: float
    largest: float
    fused: float


def sizes(edges: np.ndarray, clumps: np.ndarray, voxel_volume: np.ndarray) -> ClumpSizes:
    """CLP-14. Sizes of a site's clumps, both kinds together: medians d_½ from Σ over classes and the profile inside one (AGG-27),
    polydispersity √(⟨d²⟩ − ⟨d⟩²)/⟨d⟩ from class means, fused = Σ (P − N)/Σ P.

    edges : (K+1,) [m³]; clumps : (…, 4, K, R) (clumps[BOUND] for one kind); voxel_volume : (R,) [m³]. All zero without clumps.
    """
    number, volume, primaries, _ = _of_site(clumps, voxel_volume)
    if number.sum() <= 0.0:
        return ClumpSizes(0.0, 0.0, 0.0, 0.0, 0.0)
    held = number > 0.0
    diameter = _diameter(volume[held] / number[held])
    mean = np.average(diameter, weights=number[held])
    spread = math.sqrt(np.average((diameter - mean) ** 2, weights=number[held]))
    reached = diameter[number[held] >= 1.0]
    return ClumpSizes(
        number_median=float(_diameter(_median(edges, number, volume, 0))),
        volume_median=float(_diameter(_median(edges, number, volume, 1))),
        polydispersity=float(spread / mean),
        largest=float(reached[-1]) if len(reached) else 0.0,
        fused=float(np.maximum(primaries - number, 0.0).sum() / primaries.sum()),
    )


def _of_site(clumps: np.ndarray, voxel_volume: np.ndarray) -> np.ndarray:
    """Moments per class (4, K) of all rows and kinds together, times the volume of the voxels."""
    return np.reshape(clumps @ voxel_volume, (-1, 4, clumps.shape[-2])).sum(axis=0)


def _diameter(volume: np.ndarray | float) -> np.ndarray:
    return np.cbrt(6.0 / math.pi * np.asarray(volume))


def _median(edges: np.ndarray, number: np.ndarray, volume: np.ndarray, moment: int) -> float:
    """Size [m³] below which half of the number (0) or of the solid (1) lies, by bisection inside the class that holds it."""
    content = (number, volume)[moment]
    upto = np.cumsum(content)
    k = int(np.searchsorted(upto, 0.5 * upto[-1]))
    wanted = (0.5 * upto[-1] - (upto[k] - content[k])) / number[k]
    mean = volume[k] / number[k]
    low, high = min(edges[k], mean), max(edges[k + 1], mean * (1.0 + 1e-9))
    kappa = inside(mean, low, high)
    first, last = low, high
    for _ in range(60):
        middle = 0.5 * (first + last)
        if below(middle, mean, kappa, low, high)[moment] < wanted:
            first = middle
        else:
            last = middle
    return 0.5 * (first + last)

"""What has grown, measured: fractal dimension, contacts, structure factor, solid with growth, contact radius."""

import math
from typing import NamedTuple

import numpy as np

from calcisim.physics.morphology import Pack

SMALLEST = 10  # particles from which a cluster is large enough to have a dimension
TOUCHING = 1.0 + 1e-5  # distance up to which two particles of a cluster are in contact [d]
SAMPLES = 48  # points in a sphere by which its solid is measured
FOLDS = 10


class Power(NamedTuple):
    """n = k (R/a)^D, a the radius of a primary: D with its standard error, and k."""

    dimension: float
    error: float
    prefactor: float
    points: int


def fit_power(size: np.ndarray, radius: np.ndarray, group: np.ndarray) -> Power | None:
    """MOR-10. log R = (log n − log k)/D + noise: least squares of log R on log n, for n is exact and R scatters; error by leaving out
    one of `FOLDS` sets of groups after the other. None below five points, or where there are too few groups.

    size n; radius R/a; group: what belongs together (parts of a later cluster are no independent witnesses). Source: definition.
    """
    if len(size) < 5 or np.ptp(size) == 0.0:
        return None
    x, y = np.log(size), np.log(radius)
    slope, offset = np.polyfit(x, y, 1)
    fold = np.unique(group, return_inverse=True)[1] % FOLDS
    if fold.max() < 1:
        fold = np.arange(len(x)) * FOLDS // len(x)  # one group: stretches in the order of growth
    without = [np.polyfit(x[fold != one], y[fold != one], 1)[0] for one in np.unique(fold) if np.ptp(x[fold != one]) > 0.0]
    if len(without) < 2:
        return None
    deviation = 1.0 / np.array(without) - 1.0 / slope
    error = math.sqrt((len(without) - 1) / len(without) * float(np.sum(deviation**2)))
    return Power(1.0 / slope, error, math.exp(-offset / slope), len(x))


def dimension_of(pack: Pack) -> Power | None:
    """Fractal dimension from every cluster of at least SMALLEST particles when it formed, that was smaller than a quarter of the box."""
    rows = pack.merges
    size, radius = rows[:, 1] + rows[:, 2], 2.0 * np.sqrt(rows[:, 3])
    smallest = SMALLEST if not pack.asked.walkers else max(SMALLEST, pack.asked.particles // 20)
    chosen = (size >= smallest) & (radius < 0.5 * pack.box[0])
    return fit_power(size[chosen], radius[chosen], pack.cluster[rows[chosen, 5].astype(int)])


def contact_prefactor(pack: Pack, dimension: float) -> float | None:
    """MOR-11. k_c of R_c = a (n/k_c)^(1/D), from how far apart the centres were when two met: Σ |c_1 − c_2| = Σ (R_c,1 + R_c,2).

    Of clusters of at least SMALLEST particles each. Source: collision radius by its definition.
    """
    rows = pack.merges[np.minimum(pack.merges[:, 1], pack.merges[:, 2]) >= SMALLEST]
    if len(rows) < 5:
        return None
    apart = 2.0 * np.sqrt(rows[:, 4]).sum()
    sizes = (rows[:, 1] ** (1.0 / dimension) + rows[:, 2] ** (1.0 / dimension)).sum()
    return float((sizes / apart) ** dimension)


def half_time(pack: Pack) -> float | None:
    """Time at which half as many clusters were left as there were particles [d²/D_1]; None when it was not reached."""
    needed = (pack.asked.particles + 1) // 2
    return float(pack.merges[needed - 1, 0]) if len(pack.merges) >= needed else None


def _tree(position: np.ndarray):
    from scipy.spatial import cKDTree

    return cKDTree(position)


def coordination(pack: Pack) -> float:
    """Mean number of particles of its cluster that a particle touches."""
    # Moved so far apart that only particles of one cluster are near each other; a pair counts for both.
    tree = _tree(pack.position + (pack.cluster * 4.0 * float(pack.box[0]))[:, None] * [1.0, 0.0, 0.0])
    return (int(tree.count_neighbors(tree, TOUCHING)) - tree.n) / tree.n


class Solid(NamedTuple):
    """By cluster, the largest first: solid volume in volumes of a primary, radius of gyration in radii of a primary, particles."""

    volume: np.ndarray
    gyration: np.ndarray
    particles: np.ndarray


def _ball(count: int) -> np.ndarray:
    """Points spread evenly through the unit ball, always the same ones (a Fibonacci lattice on shells of equal volume)."""
    n = np.arange(count) + 0.5
    z, turn = 1.0 - 2.0 * n / count, n * math.pi * (3.0 - math.sqrt(5.0))
    around = np.sqrt(1.0 - z * z)
    shell = np.cbrt((n * 0.6180339887498949) % 1.0)
    return shell[:, None] * np.stack([around * np.cos(turn), around * np.sin(turn), z], axis=1)


def thickened(pack: Pack, growth: float) -> Solid:
    """MOR-12. Every particle grown by a layer g: radius a (1 + g). Solid of a cluster V = Σ_i v (1 + g)³ ⟨1/m⟩_i, m the spheres of the
    cluster that cover a point; what would lie in a fibre is none. Layers bridge contacts and close pores narrower than 2 g a.

    growth g [a], 0 or more, in three dimensions. R_g is that of the solid. Source: volume of a union of spheres, derivation.
    """
    points, count = _ball(SAMPLES), int(pack.cluster.max()) + 1
    radius, volume, moment, square = 0.5 * (1.0 + growth), np.zeros(count), np.zeros((count, 3)), np.zeros(count)
    order = np.argsort(pack.cluster, kind="stable")
    ends = np.searchsorted(pack.cluster[order], np.arange(count + 1))
    for number in range(count):
        own = pack.position[order[ends[number] : ends[number + 1]]]
        tree = _tree(own)
        for part in np.array_split(own, max(1, len(own) // 2000)):
            sampled = (part[:, None, :] + radius * points).reshape(-1, 3)
            covered = tree.query_ball_point(sampled, radius * (1.0 + 1e-12), return_length=True)
            weight = (1.0 + growth) ** 3 / SAMPLES / np.maximum(covered, 1) * ~_in_fibre(pack, sampled)
            volume[number] += weight.sum()
            moment[number] += weight @ sampled
            square[number] += weight @ (sampled * sampled).sum(axis=1)
    centre = moment / volume[:, None]
    gyration = 2.0 * np.sqrt(np.maximum(square / volume - (centre * centre).sum(axis=1), 0.0))
    return Solid(volume, gyration, np.diff(ends))


def _in_fibre(pack: Pack, points: np.ndarray) -> np.ndarray:
    """Which of the points lie in a fibre."""
    from scipy.spatial import cKDTree

    fibre, edges = pack.fibres.fibre, pack.box
    if len(fibre) == 0:
        return np.zeros(len(points), dtype=bool)
    middle = (fibre[:, :3] + 0.5 * fibre[:, 6:] * fibre[:, 3:6]) % edges
    reach = math.hypot(pack.fibres.radius, float(fibre[:, 6].max()))
    _, nearest = cKDTree(middle, boxsize=edges).query(points % edges, k=4, distance_upper_bound=reach)  # the nearest may be another fibre's
    inside = np.zeros(len(points), dtype=bool)
    for one in nearest.T:
        near = np.flatnonzero(one < len(fibre))
        away = points[near] % edges - middle[one[near]]
        away -= edges * np.round(away / edges)
        unit = fibre[one[near], 3:6]
        across = away - (away * unit).sum(axis=1, keepdims=True) * unit
        inside[near] |= np.linalg.norm(across, axis=1) < pack.fibres.radius
    return inside


class Measured(NamedTuple):
    """frame: dimension of the particles alone (MOR-10); solid and whole: what a layer made of the clusters, and its dimension (MOR-12,
    MOR-13), None without growth.
    """

    frame: Power | None
    solid: Solid | None
    whole: Power | None


def measure(pack: Pack, growth: float) -> Measured:
    """What a pack is, with a layer of `growth` primary radii on every particle."""
    solid = thickened(pack, growth) if growth else None
    return Measured(dimension_of(pack), solid, None if solid is None else solid_dimension(solid))


def solid_dimension(solid: Solid) -> Power | None:
    """MOR-13. D of V = k (R_g/a)^D over the clusters of at least SMALLEST particles as they are now. Source: as MOR-10, definition."""
    chosen = solid.particles >= SMALLEST
    return fit_power(solid.volume[chosen], solid.gyration[chosen], np.arange(int(chosen.sum())))


def envelope_dimension(solid: Solid, prefactor: float) -> tuple[float, float]:
    """MOR-15. Mean over clusters of D = log(V/k)/log(R_g/a), with its standard error: how a clump is described whose frame had prefactor k
    and whose voids have been filled since, as the population does (CLP-3). NaN without clusters of at least SMALLEST particles.

    Source: AGG-1 solved for D, definition.
    """
    chosen = (solid.particles >= SMALLEST) & (solid.gyration > 1.0)
    if not chosen.any():
        return math.nan, math.nan
    each = np.log(solid.volume[chosen] / prefactor) / np.log(solid.gyration[chosen])
    return float(each.mean()), float(each.std() / math.sqrt(len(each)))


def structure_factor(position: np.ndarray, q: np.ndarray, most: int = 3000) -> np.ndarray:
    """MOR-14. S(q) = 1 + (2/n) Σ_{i<j} sin(q r_ij)/(q r_ij) of one cluster, averaged over directions; S → n for q → 0.

    position : (n, 3) [d], every (n/most)-th of more; q : (Q,) [1/d]. Source: debye1915.
    """
    from scipy.spatial.distance import pdist

    some = position[:: -(-len(position) // most)]
    if len(some) < 2:
        return np.ones(len(q))
    distance = pdist(some)
    edges = np.concatenate([[0.0], np.geomspace(0.5, max(float(distance.max()), 1.0) * 1.001, 2000)])
    count, _ = np.histogram(distance, edges)
    total, _ = np.histogram(distance, edges, weights=distance)
    held = count > 0
    mean = total[held] / count[held]
    return np.array([1.0 + 2.0 / len(some) * float((count[held] * np.sinc(one * mean / math.pi)).sum()) for one in q])


__all__ = [
    "SMALLEST", "Measured", "Power", "Solid", "contact_prefactor", "coordination", "dimension_of", "envelope_dimension", "fit_power",
    "half_time", "measure", "solid_dimension", "structure_factor", "thickened",
]  # fmt: skip

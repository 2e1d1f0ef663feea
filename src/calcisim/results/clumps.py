"""Clumps above the voxel: connected regions of mineral, how many, how large, of what shape, and how far apart.

A clump is a set of voxels with at least `THRESHOLD` of calcium in mineral that hang together through their faces. Grids of 1 to 3
axes work alike. An axis with one voxel gives a volume its depth, but no shape: diameters, radii of gyration and distances are those
of the axes with more than one voxel, and null in a single voxel.

    found = clumps.measure(calcium, spacing=(1e-4, 1e-4, 1e-4))
    found.diameters_mm, found.sphericity

A run reports them in summary.json and timeseries.csv; sphericity, lobules, box dimension and radius of gyration are those of the
largest clump. Totals over sites: counts and volumes add up, shapes are those of the site with the largest clump.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calcisim.numerics.distance import equivalent_diameters
from calcisim.physics.deposit import CALCIUM_MG_CM3, CLUMP_FROM
from calcisim.results import shape
from calcisim.results.observables import Value, observable

THRESHOLD = CLUMP_FROM
FIELD = "mineral_calcium"  # the map that is labelled, in mol/m³


@dataclass(frozen=True)
class Clumps:
    """The clumps of one site, the largest first.

    axes: how many axes have more than one voxel;  calcium_mg: in all mineral, in clumps or not
    By clump (n,): volumes_mm3; diameters_mm, equivalent (see `equivalent_diameters`); calcium in mineral clump_calcium_mg; gyration_mm,
    radius of gyration; nearest_mm, from its centre of calcium to that of the nearest other clump (NaN when alone)
    Of the largest: sphericity, lobules (2 and 3 axes), box_dimension with its standard error; None where undefined
    """

    axes: int
    calcium_mg: float
    volumes_mm3: np.ndarray = field(default_factory=lambda: np.zeros(0))
    diameters_mm: np.ndarray = field(default_factory=lambda: np.zeros(0))
    clump_calcium_mg: np.ndarray = field(default_factory=lambda: np.zeros(0))
    gyration_mm: np.ndarray = field(default_factory=lambda: np.zeros(0))
    nearest_mm: np.ndarray = field(default_factory=lambda: np.zeros(0))
    sphericity: float | None = None
    lobules: int | None = None
    box_dimension: shape.Slope | None = None

    @property
    def count(self) -> int:
        return len(self.volumes_mm3)


def measure(calcium: np.ndarray, spacing: tuple[float, ...], threshold: float = THRESHOLD) -> Clumps:
    """Clumps of a map of calcium in mineral [mg/cm³], (z, y, x) or fewer axes.

    spacing: voxel edges in the order of the axes, the depth for an axis that the grid leaves out [m];  threshold [mg/cm³].
    NaN counts as no mineral. Raises ValueError when spacing does not fit the map or a length or the threshold is not positive.
    """
    calcium = np.nan_to_num(np.asarray(calcium, dtype=float))
    if len(spacing) != calcium.ndim or not all(0.0 < h < math.inf for h in spacing) or not 0.0 < threshold < math.inf:
        raise ValueError(f"{calcium.ndim} positive spacings and a positive threshold are needed, not {spacing} and {threshold}")
    volume = math.prod(spacing) * 1e9  # mm³ of a voxel
    total = float(np.sum(calcium)) * volume * 1e-3
    long = tuple(n > 1 for n in calcium.shape)
    edges = tuple(h * 1e3 for h, resolved in zip(spacing, long) if resolved)
    return _measured(calcium.reshape([n for n in calcium.shape if n > 1]), edges, volume, threshold, total)


def _measured(calcium: np.ndarray, edges: tuple[float, ...], volume: float, threshold: float, total: float) -> Clumps:
    """Clumps of a map without axes of one voxel; edges [mm], volume of a voxel [mm³], total calcium [mg]."""
    from scipy import ndimage

    axes = calcium.ndim
    labels, count = ndimage.label(calcium >= threshold) if axes else (np.ones((), dtype=int), int(calcium >= threshold))
    if count == 0:
        return Clumps(axes, total)
    inside = np.flatnonzero(labels)
    names = labels.ravel()[inside].astype(np.intp) - 1
    weights = calcium.ravel()[inside]
    voxels = np.bincount(names, minlength=count)
    masses = np.bincount(names, weights, minlength=count)
    places = [(axis + 0.5) * h for axis, h in zip(np.unravel_index(inside, calcium.shape), edges)] if axes else []
    centres = np.array([np.bincount(names, weights * place, minlength=count) / masses for place in places]).reshape(axes, count)
    gyration = _gyration(names, weights, masses, places, centres, edges)
    order = np.lexsort((np.round(gyration, 9), -voxels))  # of equally large ones the most compact is first, however the map lies
    volumes = voxels[order] * volume
    depth = volume / math.prod(edges)  # of the axes that are missing [mm], [mm²] or [mm³]
    largest = ndimage.find_objects(labels)[order[0]] if axes else ()
    chosen = labels[largest] == order[0] + 1
    formed = axes >= 2
    closed = shape.filled(chosen) if formed else chosen
    return Clumps(
        axes,
        total,
        volumes,
        equivalent_diameters(volumes / depth, axes),
        masses[order] * volume * 1e-3,
        gyration[order],
        _nearest(centres)[order],
        shape.sphericity(closed, edges) if formed else None,
        shape.lobules(closed, edges) if formed else None,
        shape.box_dimension(chosen, edges) if axes else None,
    )


def _gyration(
    names: np.ndarray, weights: np.ndarray, masses: np.ndarray, places: list[np.ndarray], centres: np.ndarray, edges: tuple[float, ...]
) -> np.ndarray:
    """CLU-6. R_g² = Σ_v m_v |x_v − x̄|² / Σ_v m_v + Σ_a h_a²/12.

    Radius of gyration [mm] of the calcium m_v of each clump; the last term is that of a voxel itself, which makes a block of voxels
    exact: L √(d/12) for a cube of edge L in d axes. NaN without an axis.
    """
    if not edges:
        return np.full(len(masses), np.nan)
    squared = np.full(len(masses), sum(h * h for h in edges) / 12.0)
    for place, centre in zip(places, centres):
        squared += np.bincount(names, weights * (place - centre[names]) ** 2, minlength=len(masses)) / masses
    return np.sqrt(squared)


def _nearest(centres: np.ndarray) -> np.ndarray:
    """Distance of each centre (axes, n) to the nearest other one; NaN when there is only one."""
    from scipy.spatial import cKDTree

    if centres.shape[1] < 2:
        return np.full(centres.shape[1], np.nan)
    found: np.ndarray = cKDTree(centres.T).query(centres.T, k=2)[0][:, 1]
    return found


# --- what a run reports -----------------------------------------------------------------------------------------------------------

Sites = Mapping[str, Clumps]


def of(simulation: Any) -> dict[str, Clumps]:
    """Clumps of every site of a simulation now; the outputs below share it, so that a row labels each map once."""
    coordinates = simulation.coordinates()
    return {site: of_map(fields[FIELD][0], coordinates[site]) for site, fields in simulation.fields().items()}


def of_map(calcium: np.ndarray, coordinates: Mapping[str, np.ndarray]) -> Clumps:
    """Clumps of a map of calcium in mineral [mol/m³] (z, y, x) with voxel centres [m] along z, y and x."""
    spacing = tuple(2.0 * float(coordinates[axis][0]) for axis in "zyx")  # the first centre lies half a voxel from the corner
    return measure(calcium * CALCIUM_MG_CM3, spacing)


def _one(sites: Sites, site: str | None) -> Clumps:
    """The clumps of a site; for the total those of the site with the largest clump."""
    return max(sites.values(), key=_size) if site is None else sites[site]


def _size(clumps: Clumps) -> tuple[float, float]:
    """What orders sites by their largest clump: its diameter, or its volume where no axis gives one."""
    return (float(np.nan_to_num(clumps.diameters_mm[0])), float(clumps.volumes_mm3[0])) if clumps.count else (-1.0, 0.0)


def _pooled(sites: Sites, site: str | None, name: str) -> np.ndarray:
    """Finite values by clump of one site, or of all."""
    chosen = sites.values() if site is None else [sites[site]]
    values = np.concatenate([getattr(clumps, name) for clumps in chosen])
    return values[np.isfinite(values)]


def _or_none(values: np.ndarray, reduce: Any) -> Value:
    return float(reduce(values)) if len(values) else None


@observable("clump_count", "1", shared=of)
def clump_count(sites: Sites, site: str | None) -> Value:
    """Connected regions with at least 1 mg Ca/cm³ in mineral."""
    return len(_pooled(sites, site, "volumes_mm3"))


@observable("largest_clump_mm", "mm", shared=of)
def largest_clump_mm(sites: Sites, site: str | None) -> Value:
    """Diameter of the ball (3-D), disc (2-D) or length (1-D) as large as the largest clump."""
    return _or_none(_pooled(sites, site, "diameters_mm"), np.max)


@observable("sphericity", "1", shared=of)
def sphericity(sites: Sites, site: str | None) -> Value:
    """Surface of the ball as large as the largest clump over its own; in 2-D circumferences; 1 when round."""
    return _one(sites, site).sphericity


@observable("lobules", "1", shared=of)
def lobules(sites: Sites, site: str | None) -> Value:
    """Bulges of the largest clump that necks of at most 0.8 of their thickness set apart."""
    return _one(sites, site).lobules


@observable("box_dimension", "1", shared=of)
def box_dimension(sites: Sites, site: str | None) -> Value:
    """Fractal dimension of the largest clump by box counting, of at most the axes of the grid."""
    found = _one(sites, site).box_dimension
    return None if found is None else found.value


@observable("box_dimension_error", "1", shared=of)
def box_dimension_error(sites: Sites, site: str | None) -> Value:
    """Standard error of the box dimension, from the scatter about its straight line."""
    found = _one(sites, site).box_dimension
    return None if found is None else found.error


@observable("clump_gyration_mm", "mm", shared=of)
def clump_gyration_mm(sites: Sites, site: str | None) -> Value:
    """Radius of gyration of the calcium of the largest clump."""
    clumps = _one(sites, site)
    return _or_none(clumps.gyration_mm[:1][np.isfinite(clumps.gyration_mm[:1])], np.max)


@observable("clump_median_mm", "mm", shared=of)
def clump_median_mm(sites: Sites, site: str | None) -> Value:
    """Number-median of the equivalent diameters of clumps."""
    return _or_none(_pooled(sites, site, "diameters_mm"), np.median)


@observable("clump_volume_mm3", "mm³", shared=of)
def clump_volume_mm3(sites: Sites, site: str | None) -> Value:
    """Volume of all clumps together."""
    return float(np.sum(_pooled(sites, site, "volumes_mm3")))


@observable("clump_distance_mm", "mm", shared=of)
def clump_distance_mm(sites: Sites, site: str | None) -> Value:
    """Mean distance from the centre of a clump to that of the nearest other one."""
    return _or_none(_pooled(sites, site, "nearest_mm"), np.mean)


@observable("clump_mineral_share", "1", shared=of)
def clump_mineral_share(sites: Sites, site: str | None) -> Value:
    """Share of the calcium in mineral that lies in clumps."""
    total = sum(clumps.calcium_mg for clumps in (sites.values() if site is None else [sites[site]]))
    return float(np.sum(_pooled(sites, site, "clump_calcium_mg"))) / total if total > 0.0 else None

"""Acts of injury and surgery on a site: what is cut, what is left behind, the wound and the scar."""

import math
from typing import Any

import numpy as np

from calcisim import parameters
from calcisim.numerics.distance import equivalent_diameters, lobules
from calcisim.physics import kinetics
from calcisim.physics.deposit import CALCIUM_MG_CM3, CLUMP_FROM
from calcisim.scenario.events import Damage, usual
from calcisim.simulation.setup import INNER
from calcisim.simulation.site import Site

Array = np.ndarray
SEEN = CLUMP_FROM / CALCIUM_MG_CM3  # mol Ca/m³ from which mineral is a clump that is seen and felt


def grown(mask: Array, margin: float, spacing: tuple[float, ...]) -> Array:
    """The mask and what lies within `margin` [m] of it."""
    from scipy.ndimage import distance_transform_edt

    if margin <= 0.0 or not mask.any():
        return mask
    return np.asarray(distance_transform_edt(~mask, sampling=spacing) <= margin * (1.0 + 1e-9))


def masses(site: Site, within: Array) -> list[Array]:
    """Clumps above SEEN in this part of a site as masks (z, y, x), the one with most calcium first."""
    from scipy.ndimage import label

    calcium = site.mineral()
    labels, count = label((calcium >= SEEN) & within)
    held = [float(np.sum(calcium[labels == number])) for number in range(1, count + 1)]
    return [labels == number + 1 for number in sorted(range(count), key=lambda number: -held[number])]


def left_behind(mask: Array, spacing: tuple[float, ...]) -> float:
    """SUR-1. Share of a mass that stays, r = min(r_d d + r_l (L − 1), r_max): d : its equivalent diameter [m], L : its lobules.

    mask (z, y, x): the mass. A large mass with lobules has arms that are not seen. Source: assumption; less is left of small ones.
    """
    row = parameters.values("biology")
    resolved = [axis for axis, count in enumerate(mask.shape) if count > 1]
    if not resolved or not mask.any():
        return 0.0
    edges = tuple(spacing[axis] for axis in resolved)
    axes = len(resolved)
    diameter = float(equivalent_diameters(np.count_nonzero(mask) * np.array(math.prod(edges)), axes))
    count = 1 if axes == 1 else max(lobules(mask.reshape([n for n in mask.shape if n > 1]), edges), 1)
    return float(min(row["residual_by_size"] * diameter + row["residual_by_lobule"] * (count - 1), row["residual_most"]))


def excise(site: Site, within: Array, event: Any) -> None:
    """Cut what an `excise` event names; `within` (z, y, x): its region, or the whole site."""
    biology, spacing = site.problem.biology, site.setup.spacing
    found = masses(site, within)
    chosen = [within] if event.target == "region" else found[:1] if event.target == "largest" else found
    whole = np.zeros(within.shape, dtype=bool)
    for mass in chosen:
        stays = 0.0
        if event.by_size:
            stays = max((left_behind(one & mass, spacing) for one in found if (one & mass).any()), default=0.0)
        cut = grown(mass, event.margin, spacing) & ~whole
        whole |= cut
        (site.excise if event.bed == "void" else site.remove)(cut, event.completeness * (1.0 - stays))
    if event.bed == "void" or not whole.any():
        return
    if event.bed == "scar":
        biology.scar(np.flatnonzero(whole))
    site.injure(pocket(site, whole, 0.0), wound(_edge(site)))


def _edge(site: Site) -> float:
    """The smallest edge of a voxel [m] along axes with more than one."""
    edges = [edge for count, edge in zip(site.setup.shape, site.setup.spacing, strict=True) if count > 1]
    return min(edges or site.setup.spacing)


def wound(edge: float) -> Damage:
    """SUR-3. What a cut does to the voxels beside it: an incision, of which a voxel of edge h holds the share min(d_cut/h, 1).

    d_cut : depth to which a knife hurts the tissue beside it [m]; h : the smallest edge of more than one voxel. Source: assumption.
    """
    return usual("incision").times(min(parameters.values("biology")["cut_depth"] / edge, 1.0))


def inject(site: Site, mask: Array, calcium: float, phosphate: float) -> None:
    """Add solutes to the fluid of these voxels [mol/m³ of tissue], and book them; phosphate brings the alkalinity of its HPO4, one half
    of a mixture with H2PO4 at pH 7.2."""
    added = np.zeros(site.state.u.shape[0])
    added[kinetics.CALCIUM], added[kinetics.PHOSPHATE], added[kinetics.ALKALINITY] = calcium, phosphate, 0.5 * phosphate
    state, inner = site.state, (slice(None), *INNER)
    change = added[:, None, None, None] * mask
    state.u[inner] += change
    state.c[inner] = np.where(mask, state.u[inner] / site.open_porosity(), state.c[inner])
    state.ledger.book("injected", added * float(np.count_nonzero(mask)) * site.setup.voxel_volume)


def pocket(site: Site, device: Array, width: float) -> Array:
    """Tissue within `width` [m] of a device."""
    return grown(device, max(width, 1.001 * _edge(site)), site.setup.spacing) & ~device

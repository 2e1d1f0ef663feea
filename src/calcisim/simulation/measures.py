"""What can be measured on a site: amounts, numbers and dimensionless groups, all from its state."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from calcisim.physics import clumping, kinetics
from calcisim.physics.particles import radii
from calcisim.physics.phases import PHASES
from calcisim.simulation.setup import INNER
from calcisim.simulation.site import Site

CALCIUM_MASS, PHOSPHORUS_MASS = 40.078e-3, 30.974e-3  # kg/mol
DAY = 86400.0
BLOCK = 4096  # slots whose cohorts are looked at together
Value = float | str | None
NAMES = ("acp", "mg_acp", "ocp", "dcpd", "hap")  # of PHASES, in outputs


def site_values(site: Site) -> dict[str, Value]:
    """All summary quantities of one site under the names of summary.json; None where a quantity has no meaning."""
    setup, volume = site.setup, site.volume()
    calcium, phosphorus = _deposit(site)
    relative = site.state.ledger.relative(site.problem.held())
    lost = {kind: account.value[kinetics.CALCIUM] for kind, account in site.state.ledger.accounts.items()}
    onset = float(site.state.progress[0])
    return {
        **pooled([site]),
        "deposit_calcium_mg": calcium * CALCIUM_MASS * 1e6,
        "deposit_phosphorus_mg": phosphorus * PHOSPHORUS_MASS * 1e6,
        "deposit_calcium_mg_per_cm3": calcium * CALCIUM_MASS / volume,
        "mineral_volume_fraction_max": float(site.filled().max()),
        "onset_day": onset / DAY if onset >= 0.0 else None,
        **_groups(site),
        "nuclei": round(float(site.state.progress[1]), 6),
        "expected_nuclei_per_cm3": float(np.sum(site.state.arrivals.expected)) / (volume * 1e6),
        **{f"{kind}_calcium_mg": 0.0 - lost[kind] * CALCIUM_MASS * 1e6 for kind in ("excised", "engulfed", "drained")},
        "injected_calcium_mg": float(lost["injected"]) * CALCIUM_MASS * 1e6,
        "resorbed_calcium_mg": float(site.state.progress[3]) * CALCIUM_MASS * 1e6,
        "inflammation_max": float(site.state.inflammation.max()),
        "inflammation_mean": float(site.state.inflammation.mean()),
        "dry_mass_mg": float(np.sum(setup.dry_mass * site.state.tissue)) * setup.voxel_volume * 1e6,
        "ledger_calcium_relative": float(relative[kinetics.CALCIUM]),
        "ledger_phosphorus_relative": float(relative[kinetics.PHOSPHATE]),
        "ledger_alkalinity_relative": float(relative[kinetics.ALKALINITY]),
    }


def pooled(sites: Iterable[Site]) -> dict[str, Value]:
    """Quantities over all that these sites hold together: shares of one amount, sizes of one crowd; None where there is nothing."""
    sites = list(sites)
    calcium, phosphorus = np.sum([_deposit(site) for site in sites], axis=0)
    return {
        **assay(sites),
        "calcium_phosphorus_ratio": float(calcium / phosphorus) if phosphorus > 0.0 else None,
        **_phase_fractions(sites),
        "primary_radius_um": _mean_radius(sites),
        **_spheres(sites),
        **_shares(sites),
        **_particle_sizes(sites),
        "free_fetuin_umol_per_l": _free_fetuin(sites),
    }


def _deposit(site: Site) -> tuple[float, float]:
    """Calcium and phosphorus in mineral [mol]."""
    totals = site.model.stoichiometry @ _phase_sums(site) * site.setup.voxel_volume
    return float(totals[kinetics.CALCIUM]), float(totals[kinetics.PHOSPHATE])


def _phase_sums(site: Site) -> np.ndarray:
    """Sum over voxels of every phase [mol of formula/m³]."""
    phases = site.phases()
    return np.array([float(np.sum(phase)) for phase in phases])


def _phase_fractions(sites: list[Site]) -> dict[str, Value]:
    """Share of the calcium in mineral that each phase holds."""
    calcium = np.sum([_phase_sums(site) * site.model.phases.calcium * site.setup.voxel_volume for site in sites], axis=0)
    total = float(np.sum(calcium))
    return {f"{name}_fraction": float(part) / total if total > 0.0 else None for name, part in zip(NAMES, calcium, strict=True)}


def assay(sites: Iterable[Site]) -> dict[str, Value]:
    """µg Ca per mg dry tissue over the assayed voxels of these sites, with and without the mineral in the dry mass."""
    dry = calcium = mineral = 0.0
    for site in sites:
        mask, volume = site.setup.assay, site.setup.voxel_volume
        amounts = np.array([float(np.sum(phase[mask])) for phase in site.phases()]) * volume
        dry += float(np.sum((site.setup.dry_mass * site.state.tissue)[mask])) * volume
        calcium += float(site.model.phases.calcium @ amounts) * CALCIUM_MASS
        mineral += float(site.model.molar_mass @ amounts)
    if dry <= 0.0:
        return {"calcium_ug_per_mg_dry": None, "calcium_ug_per_mg_nonmineral": None}
    return {"calcium_ug_per_mg_dry": 1e3 * calcium / (dry + mineral), "calcium_ug_per_mg_nonmineral": 1e3 * calcium / dry}


def _mean_radius(sites: list[Site]) -> Value:
    """Number-averaged radius of the primary particles [µm]."""
    number = length = 0.0
    for site in sites:
        for some in primaries(site):
            number += float(np.sum(some.number)) * site.setup.voxel_volume
            length += float(np.sum(some.number * some.radius)) * site.setup.voxel_volume * site.model.particle.terminal_radius
    return length / number * 1e6 if number > 0.0 else None


class Primaries(NamedTuple):
    """Cohorts of primaries, each array (cohorts,): place and slot, number [1/m³ of tissue], radius [R_max], bare share; and which slots
    they are of."""

    place: np.ndarray
    slot: np.ndarray
    number: np.ndarray
    radius: np.ndarray
    bare: np.ndarray
    slots: range

    def by_slot(self, values: np.ndarray) -> np.ndarray:
        """Sums of values of the cohorts (place, slot)."""
        n = len(self.slots)
        return np.bincount(self.place * n + self.slot - self.slots.start, values, kinetics.PLACES * n).reshape(kinetics.PLACES, n)


def primaries(site: Site) -> Iterator[Primaries]:
    """All cohorts that there are, some thousand slots at a time: together they are as large as the fields."""
    state, particle = site.state, site.model.particle
    for first in range(0, state.slots(), BLOCK):
        slots = range(first, min(first + BLOCK, state.slots()))
        count = state.count[:, slots.start : slots.stop]
        place, slot, cohort = np.nonzero(np.arange(state.number.shape[2]) < count[..., None])
        where = (place, slot + first, cohort)
        radius = np.empty(place.size)
        radii(state.coordinate[where], particle.table, particle.table_step, radius)
        yield Primaries(place, slot + first, state.number[where], radius, state.bare[where], slots)


def _spheres(sites: list[Site]) -> dict[str, Value]:
    """Median [µm] and sd/mean of the diameters of primaries, by number; the median is linear between the middles of cohorts."""
    parts = []
    for site in sites:
        for some in primaries(site):
            scale = np.array([[site.setup.voxel_volume], [2e6 * site.model.particle.terminal_radius]])
            parts.append(scale * np.stack([some.number, some.radius])[:, some.number > 0.0])
    crowd = np.concatenate([np.zeros((2, 0)), *parts], axis=1)
    parts.clear()
    if crowd.size == 0:
        return {"sphere_median_um": None, "sphere_polydispersity": None}
    number, diameter = crowd = crowd[:, np.argsort(crowd[1], kind="stable")]
    upto = np.cumsum(number)
    median = float(np.interp(0.5 * upto[-1], upto - 0.5 * number, diameter))
    mean = float(np.average(diameter, weights=number))
    diameter -= mean
    diameter *= diameter
    spread = math.sqrt(float(np.average(diameter, weights=number)))
    return {"sphere_median_um": median, "sphere_polydispersity": spread / mean if mean > 0.0 else None}


def _shares(sites: list[Site]) -> dict[str, Value]:
    """Where the calcium of the mineral is. A primary has the volume of its calcium as apatite: shares of volume are shares of calcium."""
    total = captured = collagen = inside = colloid = 0.0
    for site in sites:
        on_collagen = site.state.on_collagen[site.problem.particles.rows()]
        for some in primaries(site):
            volume = site.model.particle.volume * site.setup.voxel_volume * some.number * some.radius**3
            by_slot, number = some.by_slot(volume), some.by_slot(some.number)
            held, counted = (values[kinetics.BOUND] + values[kinetics.INSIDE] for values in (by_slot, number))
            on = on_collagen[some.slots.start : some.slots.stop]
            share = np.divide(on, counted, out=np.zeros_like(on), where=counted > 0.0)
            total += float(np.sum(by_slot))
            captured += float(np.sum(held))
            collagen += float(np.sum(held * np.minimum(share, 1.0)))
            inside += float(np.sum(by_slot[kinetics.INSIDE]))
            colloid += float(np.sum((volume * (1.0 - some.bare))[some.place == kinetics.FREE]))
    parts = {"captured": captured, "collagen_associated": collagen, "intrafibrillar": inside, "colloid": colloid}
    return {f"{name}_fraction": part / total if total > 0.0 else None for name, part in parts.items()}


def _particle_sizes(sites: list[Site]) -> dict[str, Value]:
    """Sizes of single primaries and of what they have become part of, by volume-equivalent diameter."""
    whole = np.stack([_classes(site) for site in sites], axis=-1)
    names = ("particle_median_um", "particle_polydispersity", "largest_particle_um", "fused_fraction")
    if not whole[:, clumping.NUMBER].sum() > 0.0:
        return dict.fromkeys(names)
    found = clumping.sizes(sites[0].model.clump.edges, whole, np.ones(len(sites)))
    largest = found.largest * 1e6 if found.largest > 0.0 else None
    return dict(zip(names, (found.number_median * 1e6, found.polydispersity, largest, found.fused), strict=True))


def _classes(site: Site) -> np.ndarray:
    """Clumps of a whole site by size: (kind, moment, class), per site and not per volume."""
    return np.asarray(site.state.clumps[..., : site.state.slots()].sum(axis=-1)) * site.setup.voxel_volume


def spectra(site: Site) -> dict[str, np.ndarray]:
    """Particles of a site by size: edges of the classes (K+1,) as volume-equivalent diameters [m]; number [1/m³ of site] and solid volume
    [m³/m³ of site] per class (K,), of bound and of mobile ones."""
    out = {"edges": np.cbrt(6.0 / math.pi * site.model.clump.edges)}
    whole = _classes(site) / site.volume()
    for kind, name in ((clumping.BOUND, "bound"), (clumping.MOBILE, "mobile")):
        out[name], out[f"{name}_volume"] = whole[kind, clumping.NUMBER], whole[kind, clumping.VOLUME]
    return out


def _free_fetuin(sites: list[Site]) -> Value:
    """Fetuin left in the pore fluid of voxels that can mineralise, mean over that fluid [µmol/L]; None where the fluid has none."""
    amount = water = 0.0
    for site in sites:
        if site.setup.fetuin <= 0.0 and not site.state.fetuin.any():
            continue
        fluid = site.setup.initial_porosity.ravel()[site.active] * site.setup.voxel_volume
        amount += float(np.sum(fluid * site.state.fetuin))
        water += float(np.sum(fluid))
    return amount / water * 1e3 if water > 0.0 else None


def _groups(site: Site) -> dict[str, Value]:
    """Damköhler and Thiele numbers, and what limits the deposit, as means over the mineral.

    Da = (c_plasma − c)/c of calcium or phosphate, whichever is larger: uptake over what supply brings at the local level.
    Thiele² = L² k/D, k = calcium uptake per volume over local calcium, L half the thickness of the mineral along its thinnest axis.
    supply when Da > 1; else nucleation when less than half of the particles' area still grows; else surface.
    """
    m = site.mineral()
    total = float(np.sum(m))
    if total <= 0.0:
        return {"limiting_step": None, "damkohler": None, "thiele": None}
    weight = m / total
    c = site.state.c[(slice(None), *INNER)]
    plasma = site.setup.plasma
    da = max(float(np.sum(weight * (plasma[s] - c[s]) / c[s])) for s in (kinetics.CALCIUM, kinetics.PHOSPHATE))
    area = growing = 0.0
    for some in primaries(site):
        areas = some.number * some.radius**2
        area += float(np.sum(areas))
        growing += float(np.sum(areas / (1.0 + some.radius**site.model.particle.terminal_exponent)))  # GRO-5
    share = growing / area if area > 0.0 else 1.0
    uptake = site.on_grid(site.state.uptake)
    rate = max(0.0, float(np.sum(weight * uptake / c[kinetics.CALCIUM])))
    diffusivity = site.model.diffusivity[kinetics.CALCIUM] * site.problem.conductance[INNER]
    thiele = _half_thickness(site, m) * math.sqrt(rate / float(np.sum(weight * diffusivity))) if site.setup.shape != (1, 1, 1) else None
    limiting = "supply" if da > 1.0 else ("nucleation" if share < 0.5 else "surface")
    return {"limiting_step": limiting, "damkohler": da, "thiele": thiele}


def _half_thickness(site: Site, m: np.ndarray) -> float:
    """Half the extent of the voxels that hold more than a tenth of the largest mineral content, along the thinnest resolved axis [m]."""
    z, y, x = np.nonzero(m > 0.1 * m.max())
    extents = [
        (int(places.max()) - int(places.min()) + 1) * h
        for places, h, n in zip((z, y, x), site.setup.spacing, site.setup.shape, strict=True)
        if n > 1
    ]
    return 0.5 * min(extents)


def fields(site: Site) -> dict[str, tuple[np.ndarray, str, str]]:
    """Maps of one site: values (z, y, x), unit, long name."""
    c = site.state.c[(slice(None), *INNER)]
    number = np.concatenate([np.zeros(0), *(some.by_slot(some.number).sum(axis=0) for some in primaries(site))])
    calcium = site.model.phases.calcium[:, None, None, None] * site.phases()
    particles, diameter = _particles(site)
    return {
        "mineral_calcium": (site.mineral(), "mol m-3", "calcium in mineral per tissue volume"),
        "primary_particles": (site.on_grid(site.state.by_row(number)), "m-3", "primary particles per tissue volume"),
        "calcium": (c[kinetics.CALCIUM], "mol m-3", "total dissolved calcium per pore fluid"),
        "phosphate": (c[kinetics.PHOSPHATE], "mol m-3", "total dissolved phosphate per pore fluid"),
        "ph": (_ph(site), "1", "pH of the pore fluid"),
        "porosity": (site.open_porosity(), "1", "open pore fraction"),
        **{
            f"{name}_calcium": (values, "mol m-3", f"calcium in {phase} per tissue volume")
            for name, phase, values in zip(NAMES, PHASES, calcium, strict=True)
        },
        "inflammation": (site.on_grid(site.state.inflammation), "1", "inflammation that crystals keep up, 0 to 1"),
        "particles": (particles, "m-3", "single primaries and clumps of them per tissue volume"),
        "particle_diameter": (diameter, "m", "mean volume-equivalent diameter of particles, 0 where there are none"),
    }


def _particles(site: Site) -> tuple[np.ndarray, np.ndarray]:
    """Particles per tissue volume [1/m³] and their mean volume-equivalent diameter [m], 0 where there are none; (z, y, x)."""
    slots = site.state.slots()
    sums = np.zeros((2, slots))
    for clumps in site.state.clumps[..., :slots]:
        for number, volume in zip(clumps[clumping.NUMBER], clumps[clumping.VOLUME], strict=True):
            each = np.cbrt(6.0 / math.pi * np.divide(volume, number, out=np.zeros(slots), where=number > 0.0))
            sums += number, number * each
    count, length = (site.on_grid(site.state.by_row(values)) for values in sums)
    return count, np.divide(length, count, out=np.zeros_like(count), where=count > 0.0)


def _ph(site: Site) -> np.ndarray:
    """pH where the chemistry is solved (voxels that can mineralise), NaN elsewhere."""
    out = np.full(site.setup.initial_porosity.size, np.nan)
    proton = site.state.warm[:, 3]
    out[site.active] = -np.log10(np.where(proton > 0.0, proton, np.nan))
    return out.reshape(site.setup.shape)

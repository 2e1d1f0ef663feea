"""What can be measured on a site: amounts, numbers and dimensionless groups, all from its state."""

import math
from collections.abc import Iterable

import numpy as np

from calcisim.physics import kinetics
from calcisim.physics.particles import moments
from calcisim.physics.phases import PHASES
from calcisim.simulation.setup import INNER
from calcisim.simulation.site import Site

CALCIUM_MASS, PHOSPHORUS_MASS = 40.078e-3, 30.974e-3  # kg/mol
DAY = 86400.0
Value = float | str | None


def site_values(site: Site) -> dict[str, Value]:
    """All summary quantities of one site under the names of summary.json; None where a quantity has no meaning."""
    setup, volume = site.setup, site.volume()
    calcium, phosphorus = _deposit(site)
    relative = site.state.ledger.relative(site.problem.held())
    excised = site.state.ledger.accounts["excised"].value[kinetics.CALCIUM]
    onset = float(site.state.progress[0])
    return {
        **assay([site]),
        "deposit_calcium_mg": calcium * CALCIUM_MASS * 1e6,
        "deposit_phosphorus_mg": phosphorus * PHOSPHORUS_MASS * 1e6,
        "deposit_calcium_mg_per_cm3": calcium * CALCIUM_MASS / volume,
        "calcium_phosphorus_ratio": calcium / phosphorus if phosphorus > 0.0 else None,
        **_phase_fractions(site),
        "mineral_volume_fraction_max": float(site.filled().max()),
        "onset_day": onset / DAY if onset >= 0.0 else None,
        **_groups(site),
        "nuclei": round(float(site.state.progress[1]), 6),
        "expected_nuclei_per_cm3": float(np.sum(site.state.arrivals.expected)) / (volume * 1e6),
        "primary_radius_um": _mean_radius(site),
        "excised_calcium_mg": 0.0 - excised * CALCIUM_MASS * 1e6,
        "dry_mass_mg": float(np.sum(setup.dry_mass * site.state.tissue)) * setup.voxel_volume * 1e6,
        "ledger_calcium_relative": float(relative[kinetics.CALCIUM]),
        "ledger_phosphorus_relative": float(relative[kinetics.PHOSPHATE]),
        "ledger_alkalinity_relative": float(relative[kinetics.ALKALINITY]),
    }


def _deposit(site: Site) -> tuple[float, float]:
    """Calcium and phosphorus in mineral [mol]."""
    totals = site.model.stoichiometry @ _phase_sums(site) * site.setup.voxel_volume
    return float(totals[kinetics.CALCIUM]), float(totals[kinetics.PHOSPHATE])


def _phase_sums(site: Site) -> np.ndarray:
    """Sum over voxels of every phase [mol of formula/m³]."""
    phases = site.phases()
    return np.array([float(np.sum(phase)) for phase in phases])


def _phase_fractions(site: Site) -> dict[str, Value]:
    """Share of the calcium in mineral that each phase holds."""
    calcium = _phase_sums(site) * site.model.phases.calcium
    total = float(np.sum(calcium))
    names = [f"{phase.lower() if phase != 'MgACP' else 'mg_acp'}_fraction" for phase in PHASES]
    return {name: float(part) / total if total > 0.0 else None for name, part in zip(names, calcium, strict=True)}


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


def _moments(site: Site) -> np.ndarray:
    """Rows N, Σ N y, Σ N y², Σ N y² f per slot."""
    state, particle, n = site.state, site.model.particle, site.state.slots()
    out = np.zeros((4, n))
    moments(state.number, state.coordinate, state.count, particle.table, particle.table_step, particle.terminal_exponent, out, 0, n)
    return out


def _mean_radius(site: Site) -> Value:
    """Number-averaged radius of the primary particles [µm]."""
    number, radius, _, _ = _moments(site)
    total = float(np.sum(number))
    return float(np.sum(radius)) / total * site.model.particle.terminal_radius * 1e6 if total > 0.0 else None


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
    _, _, area, growing = _moments(site)
    share = float(np.sum(growing) / np.sum(area)) if np.sum(area) > 0.0 else 1.0
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
    number = _moments(site)[0]
    return {
        "mineral_calcium": (site.mineral(), "mol m-3", "calcium in mineral per tissue volume"),
        "primary_particles": (site.on_grid(site.by_row(number)), "m-3", "primary particles per tissue volume"),
        "calcium": (c[kinetics.CALCIUM], "mol m-3", "total dissolved calcium per pore fluid"),
        "phosphate": (c[kinetics.PHOSPHATE], "mol m-3", "total dissolved phosphate per pore fluid"),
        "ph": (_ph(site), "1", "pH of the pore fluid"),
        "porosity": (site.open_porosity(), "1", "open pore fraction"),
    }


def _ph(site: Site) -> np.ndarray:
    """pH where the chemistry is solved (voxels that can mineralise), NaN elsewhere."""
    out = np.full(site.setup.initial_porosity.size, np.nan)
    proton = site.state.warm[:, 3]
    out[site.active] = -np.log10(np.where(proton > 0.0, proton, np.nan))
    return out.reshape(site.setup.shape)

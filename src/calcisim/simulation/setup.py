"""What a site is made of before it starts to change: plain arrays and floats, ready for the kernels.

Grids are (z, y, x); padded arrays carry one ghost layer. Nothing here knows files, units or names of tissues.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from calcisim.physics.clumping import ClumpLaw
from calcisim.physics.kinetics import Chemistry, ParticleLaw
from calcisim.physics.particles import EntryLaw, ShieldLaw, UptakeLaw
from calcisim.physics.phases import PhaseLaws
from calcisim.physics.routes import NucleationLaw

Array = np.ndarray
INNER = (slice(1, -1),) * 3


def padded(values: Array, fill: float = 0.0) -> Array:
    """Copy of a (z, y, x) array with one ghost layer."""
    out = np.full(tuple(n + 2 for n in values.shape), fill)
    out[INNER] = values
    return out


def flat(values: Array) -> Array:
    """The values of a (z, y, x) array one after the other, for reading; one value that holds everywhere takes no memory."""
    return np.broadcast_to(values.flat[0], values.size) if not any(values.strides) else values.reshape(-1)


def weighed(weights: Array, phases: Array) -> Array:
    """Σ_q w_q m_q of fields (phase, z, y, x), worked out where there is mineral: copies of whole fields would be mostly zeros."""
    bears = np.any(phases != 0.0, axis=0)
    out = np.zeros(phases.shape[1:])
    out[bears] = np.tensordot(weights, phases[:, bears], axes=1)
    return out


@dataclass(frozen=True)
class Substrate:
    """What mineral can start on, and which inhibitors reach it, per voxel (z, y, x).

    surface S_V of collagen [1/m]; state s, exposed share f_e and its state s_e, healing rate [1/s]; shares of collagen types II and III;
    surface and state of elastin and of a device; debris sites [1/m³]; nucleators in the fluid [1/m³ of tissue];
    fibrils: their volume fraction and diameter [m]; inside: volume that mineral may take in them [m³/m³];
    access of each inhibitor (0–1): fetuin, pyrophosphate, citrate, magnesium, drug
    """

    surface: Array
    state: Array
    exposed: Array
    exposed_state: Array
    healing: Array
    type_2: Array
    type_3: Array
    elastin: Array
    elastin_state: Array
    device: Array
    device_state: Array
    debris: Array
    nucleators: Array
    fibril_fraction: Array
    fibril_diameter: Array
    inside: Array
    access: dict[str, Array]


@dataclass(frozen=True)
class Start:
    """Mineral that is there at the start: calcium in it [mol/m³ of tissue], (z, y, x); number of its phase; radius of its primaries and
    volume of solid of one clump [m, m³], None for the usual one and for primaries that are apart."""

    calcium: Array
    phase: int
    radius: float | None = None
    clump: float | None = None


@dataclass(frozen=True)
class SiteSetup:
    """One tissue block.

    spacing, depth [m]; voxel_volume [m³]; initial_porosity, hindrance, perfusion κ [1/s], dry_mass [kg/m³]: (z, y, x);
    face_exchange (6,): z, y, x, low and high [m/s], 0 closed, inf held at plasma; assay: voxels that µg/mg outputs count;
    fetuin [mol/m³] and nucleators [1/m³] of the fluid around; coverage: share of a particle's surface that protein covers [-];
    uptake_capacity: what cells may engulf [mol Ca/(m³ s)], (z, y, x); shear_rate of the fluid [1/s]; giant_cells: most of the outer area
    that they cover [-]; texture: factor on perfusion (in it already) and exposure (z, y, x); rim: how many times the perfusion is beside
    mineral, and how far from it [m]; vessels_close_at: mineral volume fraction at which perfusion falls to 1/e, inf for never;
    alkalinity_source: what the tissue adds to its pore fluid [eq/(m³ s)]; crystal_inflammation: how strongly crystals inflame, 0 to 1;
    colloid_leak: of vessels, times that of data/biology.toml; local_biology: living tissue that answers to injury; immune_inflammation:
    what an autoimmune disease keeps up, 0 to 1; access_mgp: how much of the protection hangs on matrix Gla protein, (z, y, x);
    deposit: mineral at the start
    """

    name: str
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    voxel_volume: float
    seeding_cell: float
    lattice_axes: tuple[bool, bool, bool]
    initial_porosity: Array
    hindrance: Array
    perfusion: Array
    dry_mass: Array
    face_exchange: tuple[float, ...]
    substrate: Substrate
    assay: Array
    regions: dict[str, Array]
    plasma: Array
    fetuin: float
    nucleators: float
    coverage: float
    uptake_capacity: Array
    shear_rate: float
    giant_cells: float
    texture: Array
    rim: tuple[float, float]
    vessels_close_at: float
    alkalinity_source: float
    crystal_inflammation: float
    colloid_leak: float
    local_biology: bool
    immune_inflammation: float
    access_mgp: Array
    deposit: tuple[Start, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What a fluid around a site brings: totals (species,) [mol/m³], its chemistry, inhibitors, fetuin and nucleators per fluid [mol/m³,
    1/m³], and the share of a particle's surface that its protein covers [-]."""

    fluid: Array
    chemistry: Chemistry
    inhibitors: dict[str, "Inhibitor"]
    fetuin: float
    nucleators: float
    coverage: float


@dataclass(frozen=True)
class ModelSetup:
    """What all sites of a run share: laws and constants. stoichiometry (species, phase); molar_mass (phase,) [kg/mol];
    population: [population] of the scenario, of which `clump` is made."""

    temperature: float
    diffusivity: Array
    stoichiometry: Array
    minimum_porosity: float
    tortuosity_exponent: float
    chemistry: Chemistry
    nucleation: NucleationLaw
    phases: PhaseLaws
    particle: ParticleLaw
    shield: ShieldLaw
    entry: EntryLaw
    uptake: UptakeLaw
    population: Any
    clump: ClumpLaw
    sticking: float
    molar_mass: Array
    inhibitors: dict[str, "Inhibitor"]
    relative_tolerance: float
    absolute_tolerance: float

    @property
    def least_porosity(self) -> float:
        """Half of φ_min: growth has stopped long before, so a step that ends below it was too long and is rejected."""
        return 0.5 * self.minimum_porosity


@dataclass(frozen=True)
class Inhibitor:
    """affinity K [m³/mol] on growing faces; half coverage and healthy level [mol/m³], weight in the protection; level now [mol/m³]."""

    affinity: float
    half_coverage: float
    healthy: float
    weight: float
    level: float

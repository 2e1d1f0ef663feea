"""From a scenario to the plain arrays and floats of a model: values go down once, here."""

import math
from typing import Any

import numpy as np

from calcisim import parameters
from calcisim.numerics import rng
from calcisim.physics import speciation_data
from calcisim.physics.growth import TABLE_STEP, growth_coordinate, radius_table
from calcisim.physics.kinetics import SPECIES, Chemistry, ParticleLaw
from calcisim.physics.nucleation import BOLTZMANN, barrier_constant
from calcisim.physics.particles import EntryLaw, ShieldLaw, UptakeLaw
from calcisim.physics.phases import PHASES, PhaseLaws
from calcisim.physics.plasma import Ultrafiltrate, ultrafiltrate
from calcisim.physics.routes import NucleationLaw
from calcisim.physics.texture import texture
from calcisim.scenario import deposit
from calcisim.scenario.events import Repeated
from calcisim.scenario.tissues import Tissue, paint
from calcisim.simulation.clump_law import APATITE, clump_law, frame_in
from calcisim.simulation.setup import Inhibitor, ModelSetup, SiteSetup, Start, Substrate, Surroundings

CHEMISTRY_TOLERANCE = 1e-6
CHEMISTRY_PASSES = 40
INHIBITORS = ("fetuin", "pyrophosphate", "magnesium", "citrate")
AVOGADRO = 6.02214076e23  # 1/mol, exact by definition of the mole
UNENDING = 0.5e-3  # m: the terminal radius that stands for none, half of the largest clump


def _row_name(scenario: Any, phase: str) -> str:
    """Table of data/minerals.toml that stands for a phase."""
    return str(scenario.pathway.amorphous) if phase == "ACP" else phase


def _rows(scenario: Any) -> dict[str, dict[str, float]]:
    """The mineral table of a run, phase → column → value: the amorphous phase is the one that the pathway names."""
    tables = parameters.tables("minerals")
    return {phase: {column: row.value for column, row in tables[_row_name(scenario, phase)].items()} for phase in PHASES}


def _ions(scenario: Any, temperature: float, phase: str, row: dict[str, float]) -> tuple[np.ndarray, float]:
    """Stoichiometry of the six activities, and ln Ksp; a phase that the speciation does not know has its own product in its row."""
    known = speciation_data.phases()
    name = _row_name(scenario, phase)
    if name in known:
        ions, ln_ksp = (table[known.index(name)] for table in speciation_data.saturation_table(temperature))
        return np.ascontiguousarray(ions[:6]), float(ln_ksp)
    proton = 2.0 * row["phosphate"] - row["alkalinity"]
    return np.array([row["calcium"], row["magnesium"], row["phosphate"], 0.0, proton, 0.0]), row["log10_solubility"] * math.log(10.0)


def phase_laws(scenario: Any) -> tuple[PhaseLaws, np.ndarray, np.ndarray]:
    """The mineral table as kernels take it, stoichiometry (species, phase), molar masses (phase,) [kg/mol]."""
    rows, temperature = _rows(scenario), scenario.fluid.temperature
    tables = parameters.document("minerals")
    ions, ln_ksp = zip(*(_ions(scenario, temperature, phase, row) for phase, row in rows.items()), strict=True)
    stoichiometry = np.array([[row[name] for row in rows.values()] for name in SPECIES], dtype=float)
    calcium = stoichiometry[0].copy()
    into = [tables[_row_name(scenario, phase)].get("matures_into") for phase in PHASES]
    columns = ("maturation_rate", "maturation_ph_slope", "maturation_magnesium_half", "maturation_fetuin_half")
    maturation = np.array([[row.get(name, 1.0 if "half" in name else 0.0) for name in columns] for row in rows.values()], dtype=float)
    if not scenario.pathway.maturation:
        maturation[:, 0] = 0.0
    offsets = [row.get("biological_offset", 0.0) * math.log(10.0) for row in rows.values()]
    laws = PhaseLaws(
        ions=np.ascontiguousarray(ions, dtype=float),
        ion_count=_column_of(rows, "ions"),
        ln_ksp=np.array(ln_ksp),
        ln_ksp_growth=np.array(ln_ksp) - np.array(offsets),
        calcium=calcium,
        volume=_column_of(rows, "molar_volume"),
        growth=_block(rows, "growth_rate", "growth_order", "growth_inhibition_strength"),
        dissolution=_block(rows, "dissolution_rate", "dissolution_order", "dissolution_ph_slope"),
        maturation=np.column_stack([maturation, [float(PHASES.index(name)) if name else -1.0 for name in into]]),
        uptake=stoichiometry / calcium,
        calcium_volume=rows[APATITE]["molar_volume"] / rows[APATITE]["calcium"],
        driving=PHASES.index(scenario.pathway.driving_phase),
    )
    return laws, stoichiometry, _column_of(rows, "molar_mass")


def _column_of(rows: dict[str, dict[str, float]], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows.values()], dtype=float)


def _block(rows: dict[str, dict[str, float]], *names: str) -> np.ndarray:
    return np.column_stack([_column_of(rows, name) for name in names])


def particle_law(radius: float, exponent: float) -> ParticleLaw:
    """The primary particle with this terminal radius [m] and exponent."""
    row = parameters.tables("minerals")[APATITE]
    return ParticleLaw(
        terminal_radius=float(radius),
        terminal_exponent=float(exponent),
        nucleus=float(growth_coordinate(0.5 * row["nucleus_diameter"].value / radius, float(exponent))),
        table=radius_table(float(exponent)),
        table_step=TABLE_STEP,
        inhibition_strength=float(row["growth_inhibition_strength"].value),
        volume=4.0 / 3.0 * math.pi * float(radius) ** 3,
    )


def _particle(scenario: Any) -> ParticleLaw:
    row, pathway = parameters.tables("minerals")[APATITE], scenario.pathway
    radius = row["terminal_radius"].value if pathway.terminal_radius is None else pathway.terminal_radius
    exponent = row["terminal_exponent"].value if pathway.terminal_exponent is None else pathway.terminal_exponent
    return particle_law(radius if scenario.population.terminal_size else UNENDING, exponent)


def nucleation_law(scenario: Any, phases: PhaseLaws) -> NucleationLaw:
    """Constants of nucleation; the confinement factor scales the barrier."""
    row, temperature = parameters.values("nucleation"), scenario.fluid.temperature
    magnesium = parameters.tables("inhibitors")["magnesium"]
    amorphous = PHASES.index("ACP")
    per_ion = phases.volume[amorphous] / phases.ion_count[amorphous] / AVOGADRO
    spontaneous = 2.0 * barrier_constant(per_ion, temperature) * row["homogeneous_interfacial_energy"] ** 3  # a ball, not a half of one
    return NucleationLaw(
        prefactor=row["prefactor"],
        base=row["interfacial_energy_base"],
        slope=row["interfacial_energy_slope"],
        fluid=row["interfacial_energy_fluid"],
        fade_start=float(row["protection_fade_start"]),
        barrier=barrier_constant(row["molecular_volume"], temperature) * row["confinement"],
        offsets=np.array([row["collagen_2_state_offset"], row["collagen_3_state_offset"]], dtype=float),
        debris=np.array([row["debris_state"], row["debris_site_area"]], dtype=float),
        nucleator=np.array([row["serum_nucleator_state"], row["serum_nucleator_area"]], dtype=float),
        homogeneous=np.array([row["homogeneous_prefactor"], spontaneous, phases.ion_count[amorphous]], dtype=float),
        secondary_state=float(row["secondary_nucleation_state"]) if scenario.population.secondary_nucleation else -1.0,
        inflamed_state=float(parameters.values("biology")["inflamed_state"]),
        magnesium_half=magnesium["half_coverage"].value,
        magnesium_healthy=magnesium["healthy_concentration"].value,
    )


def shield_law(particle: ParticleLaw) -> ShieldLaw:
    """Protein on free particles of this kind, and the largest that enters a fibril."""
    row = parameters.values("particles")
    entry = 0.5 * parameters.values("nucleation")["entry_diameter"] / particle.terminal_radius
    return ShieldLaw(row["shielding_rate"], row["shielding_capacity"], float(growth_coordinate(entry, particle.terminal_exponent)))


def entry_law(temperature: float) -> EntryLaw:
    """A nucleus in the fluid beside fibrils."""
    radius = 0.5 * parameters.tables("minerals")[APATITE]["nucleus_diameter"].value
    diffusivity = BOLTZMANN * temperature / (6.0 * math.pi * parameters.values("particles")["viscosity"] * radius)
    return EntryLaw(radius, diffusivity, parameters.values("nucleation")["intrafibrillar_entry"])


def uptake_law() -> UptakeLaw:
    """What cells take up of the mineral."""
    row = parameters.values("particles")
    return UptakeLaw(row["uptake_half"], math.pi / 6.0 * row["uptake_largest"] ** 3)


def inhibitors(composition: Any, water: Ultrafiltrate) -> dict[str, Inhibitor]:
    """Inhibitors of a plasma or medium at their levels there."""
    table = parameters.tables("inhibitors")
    levels = {
        "fetuin": composition.fetuin,
        "pyrophosphate": composition.pyrophosphate,
        "magnesium": water.magnesium,
        "citrate": composition.citrate,
    }
    return {
        name: Inhibitor(
            table[name]["growth_affinity"].value,
            table[name]["half_coverage"].value,
            table[name]["healthy_concentration"].value,
            float(table[name]["nucleation_weight"].value),
            float(levels[name]),
        )
        for name in INHIBITORS
    }


def concentration(one: Any) -> np.ndarray:
    """How many times the totals of plasma water (species,) the fluid around a site holds."""
    return np.array([float(getattr(one.concentrated, name, 1.0)) for name in SPECIES])


def surroundings(one: Any, composition: Any, water: Ultrafiltrate | None = None) -> Surroundings:
    """The fluid around a site: plasma or medium as it is composed, or what of it passes a vessel wall (`water`) where that is computed."""
    water = ultrafiltrate(**composition.laboratory()) if water is None else water
    carbon_dioxide = one.carbon_dioxide if one.carbon_dioxide is not None else water.pco2_atm
    return Surroundings(
        fluid=np.array([getattr(water, name) for name in SPECIES]) * concentration(one),
        chemistry=chemistry(water, composition.temperature, carbon_dioxide),
        inhibitors=inhibitors(composition, water),
        fetuin=float(composition.fetuin),
        nucleators=float(composition.nucleators),
        coverage=protein_coverage(composition),
    )


def model(scenario: Any, water: Ultrafiltrate | None = None) -> ModelSetup:
    """Laws and constants that all sites share. water: what passes a vessel wall at the start, where that is computed and not written."""
    temperature = scenario.fluid.temperature
    water = ultrafiltrate(**scenario.fluid.laboratory()) if water is None else water
    transport = parameters.values("transport")
    phases, stoichiometry, molar_mass = phase_laws(scenario)
    particle = _particle(scenario)
    return ModelSetup(
        temperature=temperature,
        diffusivity=np.array([transport[f"diffusivity_{name}"] for name in SPECIES]),
        stoichiometry=stoichiometry,
        minimum_porosity=float(transport["minimum_porosity"]),
        tortuosity_exponent=float(transport["tortuosity_exponent"]),
        chemistry=chemistry(water, temperature, water.pco2_atm),
        nucleation=nucleation_law(scenario, phases),
        phases=phases,
        particle=particle,
        shield=shield_law(particle),
        entry=entry_law(temperature),
        uptake=uptake_law(),
        population=scenario.population,
        clump=clump_law(scenario.population, temperature, particle, 0.0, frame_in(scenario.population, 0.0)),
        sticking=float(scenario.population.sticking),
        molar_mass=molar_mass,
        inhibitors=inhibitors(scenario.fluid, water),
        relative_tolerance=scenario.solver.relative_tolerance,
        absolute_tolerance=scenario.solver.absolute_tolerance,
    )


def chemistry(water: Ultrafiltrate, temperature: float, carbon_dioxide: float) -> Chemistry:
    return Chemistry(
        constants=speciation_data.constants(temperature),
        debye_huckel=speciation_data.debye_huckel(temperature),
        carbon_dioxide=carbon_dioxide,
        sodium=water.sodium * 1e-3,
        potassium=water.potassium * 1e-3,
        chloride=water.chloride * 1e-3,
        citrate=water.citrate * 1e-3,
        tolerance=CHEMISTRY_TOLERANCE,
        iterations=CHEMISTRY_PASSES,
    )


def _column(index: np.ndarray, tissues: tuple[Tissue, ...], name: str) -> np.ndarray:
    """A column of the tissue table on the grid; a single value without memory of its own where all tissues agree. Not to be written to."""
    values = np.array([float(getattr(tissue, name)) for tissue in tissues])
    return np.broadcast_to(values[0], index.shape) if np.all(values == values[0]) else values[index]


def _substrate(index: np.ndarray, tissues: tuple[Tissue, ...], nucleators: float) -> Substrate:
    row = parameters.values("nucleation")
    access = {name: _column(index, tissues, f"access_{name}") for name in (*INHIBITORS, "drug")}
    zero, one = np.broadcast_to(0.0, index.shape), np.broadcast_to(1.0, index.shape)
    return Substrate(
        surface=_column(index, tissues, "surface_per_volume") * _column(index, tissues, "exposed_fraction"),
        state=_column(index, tissues, "substrate_state"),
        exposed=zero,
        exposed_state=one,
        healing=zero,
        type_2=_column(index, tissues, "collagen_2_share"),
        type_3=_column(index, tissues, "collagen_3_share"),
        elastin=_column(index, tissues, "elastin_surface"),
        elastin_state=np.clip(_column(index, tissues, "elastin_state") + row["elastin_state_offset"], 0.0, 1.0),
        device=_column(index, tissues, "device_surface"),
        device_state=_column(index, tissues, "device_state"),
        debris=_column(index, tissues, "debris"),
        nucleators=nucleators * _column(index, tissues, "porosity"),
        fibril_fraction=_column(index, tissues, "fibril_fraction"),
        fibril_diameter=_column(index, tissues, "fibril_diameter"),
        inside=_column(index, tissues, "fibril_fraction") * _column(index, tissues, "intrafibrillar") * row["intrafibrillar_capacity"],
        access=access,
    )


def protein_coverage(composition: Any) -> float:
    """Share of a particle's surface that albumin and fetuin cover, Σ K c/(1 + Σ K c): what keeps particles apart (AGG-2)."""
    row = parameters.values("particles")
    bound = row["albumin_affinity"] * composition.albumin + row["fetuin_affinity"] * composition.fetuin
    return float(bound / (1.0 + bound))


def _face(kind: str, coefficient: float | None) -> float:
    if kind == "exchange":
        assert coefficient is not None  # the schema sees to it
        return float(coefficient)
    return float("inf") if kind == "plasma" else 0.0


def site(one: Any, around: Surroundings, seed: int) -> SiteSetup:
    """Arrays of one site in its fluid at the start; the seed draws its texture."""
    from calcisim.scenario.regions import mask

    index, tissues = paint(one)
    grid = one.grid
    nx, ny, nz = grid.counts
    dx, dy, dz = grid.cell
    faces = tuple(_face(getattr(one.faces, f"{axis}_{side}"), one.exchange_coefficient) for axis in "zyx" for side in ("low", "high"))
    resolved = tuple(axis < len(grid.shape) for axis in (2, 1, 0))
    pattern = np.broadcast_to(1.0, index.shape) if one.texture is None else _texture(one, seed)
    return SiteSetup(
        name=one.name,
        shape=(nz, ny, nx),
        spacing=(dz, dy, dx),
        voxel_volume=dx * dy * dz,
        seeding_cell=grid.seeding_cell,
        lattice_axes=resolved,  # type: ignore[arg-type]
        initial_porosity=_column(index, tissues, "porosity"),
        hindrance=_column(index, tissues, "hindrance"),
        perfusion=_column(index, tissues, "perfusion") * pattern,
        dry_mass=_column(index, tissues, "dry_mass"),
        face_exchange=faces,
        substrate=_substrate(index, tissues, around.nucleators),
        assay=one.assay(),
        regions={region.name: mask(region, *grid.centres()) for region in one.region if region.name},
        plasma=around.fluid,
        fetuin=around.fetuin,
        nucleators=around.nucleators,
        coverage=around.coverage,
        uptake_capacity=_column(index, tissues, "uptake_capacity"),
        shear_rate=max(tissue.shear_rate for tissue in tissues),
        giant_cells=float(one.giant_cells),
        texture=pattern,
        rim=(float(one.rim_perfusion), float(one.rim_width)),
        vessels_close_at=math.inf if one.vessels_close_at is None else float(one.vessels_close_at),
        alkalinity_source=float(one.alkalinity_source),
        crystal_inflammation=float(one.crystal_inflammation),
        colloid_leak=float(one.colloid_leak),
        local_biology=bool(one.local_biology),
        immune_inflammation=float(one.immune_inflammation),
        access_mgp=_column(index, tissues, "access_mgp"),
        deposit=tuple(_start(part) for part in deposit.laid(one)),
    )


def _start(part: deposit.Laid) -> Start:
    radius = None if part.primary_diameter is None else 0.5 * part.primary_diameter
    clump = None if part.clump_diameter is None else math.pi / 6.0 * part.clump_diameter**3
    return Start(part.calcium, PHASES.index(part.phase), radius, clump)


def _texture(one: Any, seed: int) -> np.ndarray:
    """The random texture of a site, the same for any voxel size."""
    out = np.empty(one.grid.counts[::-1])
    key = rng.key(seed, f"{one.name}, texture")
    texture(*(np.asarray(axis) for axis in one.grid.centres()), float(one.texture.length), float(one.texture.strength), *key, out)
    return out


INTACT = 0.95  # state from which on a surface is taken to stay free of mineral, for the estimate of memory only


def expected_to_bear(scenario: Any, one: Any) -> int:
    """How many voxels of a site are expected to hold particles: with mineral, debris, nucleators, a worn surface, or an injury to come."""
    if scenario.kind == "invitro" or scenario.fluid.nucleators > 0.0:
        return math.prod(one.grid.counts)
    if any(isinstance(event, Repeated) and event.site == one.name for event in scenario.event):
        return math.prod(one.grid.counts)
    index, tissues = paint(one)
    worn = [
        tissue.debris > 0.0
        or tissue.device_surface > 0.0
        or tissue.elastin_surface * (tissue.elastin_state < INTACT) > 0.0
        or (tissue.surface_per_volume > 0.0 and tissue.substrate_state < INTACT)
        for tissue in tissues
    ]
    bearing = np.array(worn)[index]
    for part in deposit.laid(one):
        bearing |= part.calcium > 0.0
    return int(np.count_nonzero(bearing))

"""From a scenario to the plain arrays and floats of a model: values go down once, here."""

from typing import Any

import numpy as np

from calcisim import parameters
from calcisim.physics import speciation_data
from calcisim.physics.growth import TABLE_STEP, growth_coordinate, radius_table
from calcisim.physics.kinetics import SPECIES, Chemistry, MineralLaw, NucleationLaw
from calcisim.physics.nucleation import barrier_constant
from calcisim.physics.plasma import Ultrafiltrate, ultrafiltrate
from calcisim.scenario.tissues import Tissue, paint
from calcisim.simulation.setup import Inhibitor, ModelSetup, SiteSetup, Substrate

CHEMISTRY_TOLERANCE = 1e-6
CHEMISTRY_PASSES = 40
MINERAL = "HAP"
INHIBITORS = ("fetuin", "pyrophosphate", "magnesium", "citrate")


def fluid(scenario: Any) -> Ultrafiltrate:
    """What the scenario's plasma or medium passes through a vessel wall."""
    return ultrafiltrate(**scenario.fluid.laboratory())


def mineral_law(temperature: float) -> tuple[MineralLaw, np.ndarray, float]:
    """The mineral's row as kernels take it, its stoichiometry (species, 1), and its molar mass [kg/mol]."""
    row = {name: parameter.value for name, parameter in parameters.tables("minerals")[MINERAL].items()}
    phases = speciation_data.phases()
    ions, ln_ksp = (table[phases.index(MINERAL)] for table in speciation_data.saturation_table(temperature))
    radius, exponent = row["terminal_radius"], row["terminal_exponent"]
    law = MineralLaw(
        ions=np.ascontiguousarray(ions[:6]),
        ion_count=float(row["ions"]),
        ln_ksp=float(ln_ksp),
        ln_ksp_growth=float(ln_ksp - row["biological_offset"] * np.log(10.0)),
        molar_volume=row["molar_volume"],
        growth_rate=row["growth_rate"],
        growth_order=float(row["growth_order"]),
        dissolution_rate=row["dissolution_rate"],
        dissolution_order=float(row["dissolution_order"]),
        dissolution_ph_slope=row["dissolution_ph_slope"],
        inhibition_strength=float(row["growth_inhibition_strength"]),
        terminal_radius=radius,
        terminal_exponent=float(exponent),
        nucleus=float(growth_coordinate(0.5 * row["nucleus_diameter"] / radius, float(exponent))),
        table=radius_table(float(exponent)),
        table_step=TABLE_STEP,
    )
    return law, np.array([[float(row[name])] for name in SPECIES]), row["molar_mass"]


def nucleation_law(temperature: float) -> NucleationLaw:
    """Constants of nucleation; the confinement factor scales the barrier."""
    row = parameters.values("nucleation")
    magnesium = parameters.tables("inhibitors")["magnesium"]
    return NucleationLaw(
        prefactor=row["prefactor"],
        base=row["interfacial_energy_base"],
        slope=row["interfacial_energy_slope"],
        fluid=row["interfacial_energy_fluid"],
        fade_start=float(row["protection_fade_start"]),
        barrier=barrier_constant(row["molecular_volume"], temperature) * row["confinement"],
        debris_state=float(row["debris_state"]),
        debris_site_area=row["debris_site_area"],
        magnesium_half=magnesium["half_coverage"].value,
        magnesium_healthy=magnesium["healthy_concentration"].value,
    )


def inhibitors(scenario: Any, water: Ultrafiltrate) -> dict[str, Inhibitor]:
    """Inhibitors of the fluid at their levels in this plasma."""
    table = parameters.tables("inhibitors")
    levels = {
        "fetuin": scenario.fluid.fetuin,
        "pyrophosphate": scenario.fluid.pyrophosphate,
        "magnesium": water.magnesium,
        "citrate": scenario.fluid.citrate,
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


def model(scenario: Any) -> ModelSetup:
    """Laws and constants that all sites share."""
    temperature = scenario.fluid.temperature
    water = fluid(scenario)
    transport = parameters.values("transport")
    mineral, stoichiometry, molar_mass = mineral_law(temperature)
    return ModelSetup(
        temperature=temperature,
        diffusivity=np.array([transport[f"diffusivity_{name}"] for name in SPECIES]),
        stoichiometry=stoichiometry,
        minimum_porosity=float(transport["minimum_porosity"]),
        tortuosity_exponent=float(transport["tortuosity_exponent"]),
        chemistry=_chemistry(water, temperature, water.pco2_atm),
        nucleation=nucleation_law(temperature),
        mineral=mineral,
        mineral_name=MINERAL,
        molar_mass=molar_mass,
        inhibitors=inhibitors(scenario, water),
        relative_tolerance=scenario.solver.relative_tolerance,
        absolute_tolerance=scenario.solver.absolute_tolerance,
    )


def _chemistry(water: Ultrafiltrate, temperature: float, carbon_dioxide: float) -> Chemistry:
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
    return np.array([float(getattr(tissue, name)) for tissue in tissues])[index]


def _substrate(index: np.ndarray, tissues: tuple[Tissue, ...]) -> Substrate:
    access = {name: _column(index, tissues, f"access_{name}") for name in (*INHIBITORS, "drug")}
    zero = np.zeros(index.shape)
    return Substrate(
        surface=_column(index, tissues, "surface_per_volume") * _column(index, tissues, "exposed_fraction"),
        state=_column(index, tissues, "substrate_state"),
        exposed=zero,
        exposed_state=np.ones(index.shape),
        healing=zero.copy(),
        debris=_column(index, tissues, "debris"),
        access=access,
    )


def _face(kind: str, coefficient: float | None) -> float:
    if kind == "exchange":
        assert coefficient is not None  # the schema sees to it
        return float(coefficient)
    return float("inf") if kind == "plasma" else 0.0


def site(scenario: Any, one: Any) -> SiteSetup:
    """Arrays of one site."""
    from calcisim.scenario.regions import mask

    water = fluid(scenario)
    index, tissues = paint(one)
    grid = one.grid
    nx, ny, nz = grid.counts
    dx, dy, dz = grid.cell
    faces = tuple(_face(getattr(one.faces, f"{axis}_{side}"), one.exchange_coefficient) for axis in "zyx" for side in ("low", "high"))
    resolved = tuple(axis < len(grid.shape) for axis in (2, 1, 0))
    return SiteSetup(
        name=one.name,
        shape=(nz, ny, nx),
        spacing=(dz, dy, dx),
        voxel_volume=dx * dy * dz,
        seeding_cell=grid.seeding_cell,
        lattice_axes=resolved,  # type: ignore[arg-type]
        initial_porosity=_column(index, tissues, "porosity"),
        hindrance=_column(index, tissues, "hindrance"),
        perfusion=_column(index, tissues, "perfusion"),
        dry_mass=_column(index, tissues, "dry_mass"),
        face_exchange=faces,
        substrate=_substrate(index, tissues),
        assay=one.assay(),
        regions={region.name: mask(region, *grid.centres()) for region in one.region if region.name},
        plasma=np.array([getattr(water, name) for name in SPECIES]),
        carbon_dioxide=one.carbon_dioxide if one.carbon_dioxide is not None else water.pco2_atm,
    )

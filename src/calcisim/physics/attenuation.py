"""How tissue with mineral in it weakens X-rays: attenuation, Hounsfield numbers, transmission.

Mineral takes the place of soft tissue in a voxel; both weaken X-rays by what elements they hold. One photon energy stands for the
spectrum of a tube. Coefficients, compositions and energies are in data/attenuation.toml, the formulas of minerals follow from their rows
in data/minerals.toml. Lengths in m, densities in kg/m³, energies in keV, 20 to 150.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from calcisim import parameters

FILE = "attenuation"
# Phases of the model in the order of physics/phases.py → their rows in data/minerals.toml; both forms of ACP share formula and volume
MINERALS = {"ACP": "ACP2", "MgACP": "MgACP", "OCP": "OCP", "DCPD": "DCPD", "HAP": "HAP"}
APATITE = "HAP"
PER_GRAM = 0.1  # m²/kg in 1 cm²/g
_SALTS = ("calcium", "magnesium", "phosphate")


def scanner() -> dict[str, float]:
    """The rows of [scanner] in inner units: energies [keV], densities [kg/m³], lengths [m], Hounsfield numbers.

    Source: data/attenuation.toml, whose rows name rassouli2017 for the energy, agatston1990 for the threshold of scoring.
    """
    return {name: row.value for name, row in parameters.tables(FILE)["scanner"].items()}


def composition(material: str) -> dict[str, float]:
    """Mass fractions of the elements of "soft_tissue", "water" or "air". Source: icru1989, hubbell1995."""
    return {name: float(part) for name, part in parameters.document(FILE)[material].items() if isinstance(part, float)}


@cache
def _table() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Natural logarithms of the energies [keV] and of the coefficients [m²/kg] by element."""
    raw = parameters.document(FILE)["coefficients"]
    curves = {name: np.log(PER_GRAM * np.array(row)) for name, row in raw.items() if isinstance(row, list) and name != "energies_kev"}
    return np.log(np.array(raw["energies_kev"], dtype=float)), curves


def mass_coefficient(element: str, energy: float) -> float:
    """IMG-1. ln(μ/ρ)(E) linear in ln E between the energies of the table [m²/kg].

    element: symbol, as "Ca";  energy E [keV]. ValueError outside the table, KeyError for an element that it does not have.
    Source: elam2002.
    """
    energies, curves = _table()
    place = np.log(energy) if energy > 0.0 else -np.inf
    if not energies[0] <= place <= energies[-1]:
        low, high = np.exp(energies[[0, -1]])
        raise ValueError(f"attenuation is tabulated from {low:.0f} to {high:.0f} keV, not at {energy:g} keV")
    return float(np.exp(np.interp(place, energies, curves[element])))


def mixture_coefficient(fractions: Mapping[str, float], energy: float) -> float:
    """IMG-2. μ/ρ = Σ_i w_i (μ/ρ)_i [m²/kg].

    w_i: mass fraction of element i, whole or not: what they sum to is what is counted. Holds where no atom knows of its neighbours, far
    above the absorption edges, as here. Source: hubbell1995.
    """
    return sum(part * mass_coefficient(element, energy) for element, part in fractions.items())


@cache
def _row(mineral: str) -> dict[str, float]:
    return {name: row.value for name, row in parameters.tables("minerals")[mineral].items()}


@cache
def formula(mineral: str) -> dict[str, float]:
    """IMG-3. Atoms per formula: Ca, Mg and P as in the row; H = 3 P − 2 (Ca + Mg), as OH when negative; the rest of the molar mass is H2O.

    mineral: a table of data/minerals.toml. Source: derivation, from charge balance and the molar mass there.
    """
    row, mass = _row(mineral), parameters.document(FILE)["atomic_mass"]
    calcium, magnesium, phosphate = (row[name] for name in _SALTS)
    proton = 3.0 * phosphate - 2.0 * (calcium + magnesium)
    atoms = {"H": abs(proton), "O": 4.0 * phosphate + max(-proton, 0.0), "Mg": magnesium, "P": phosphate, "Ca": calcium}
    dry = sum(number * mass[element] for element, number in atoms.items())
    water = max(0.0, 1e3 * row["molar_mass"] - dry) / (2.0 * mass["H"] + mass["O"])
    return {**atoms, "H": atoms["H"] + 2.0 * water, "O": atoms["O"] + water}


def mineral_coefficient(mineral: str, energy: float) -> float:
    """Mass attenuation coefficient of a mineral [m²/kg] by its formula (IMG-2, IMG-3)."""
    mass = parameters.document(FILE)["atomic_mass"]
    masses = {element: number * mass[element] for element, number in formula(mineral).items()}
    total = sum(masses.values())
    return mixture_coefficient({element: part / total for element, part in masses.items()}, energy)


def tissue_attenuation(energy: float) -> float:
    """Linear attenuation coefficient of soft tissue without mineral [1/m]."""
    return scanner()["soft_tissue_density"] * mixture_coefficient(composition("soft_tissue"), energy)


def volume_fraction(amounts: Mapping[str, Any]) -> Any:
    """IMG-4. Share of the volume that mineral takes: φ = Σ_q n_q V_q, n_q [mol of formula/m³], V_q molar volume; at most 1."""
    return np.minimum(sum(np.asarray(amount) * _row(name)["molar_volume"] for name, amount in amounts.items()), 1.0)


def linear_attenuation(amounts: Mapping[str, Any], energy: float) -> Any:
    """IMG-5. μ = (1 − φ) μ_t + Σ_q n_q M_q (μ/ρ)_q [1/m]: mineral takes the place of soft tissue.

    amounts: n_q [mol of formula per m³ of tissue], floats or arrays, by table of data/minerals.toml;  M_q molar mass;  energy [keV].
    An implant counts as soft tissue. Source: derivation, from IMG-2.
    """
    mineral = sum(np.asarray(amount) * (_row(name)["molar_mass"] * mineral_coefficient(name, energy)) for name, amount in amounts.items())
    return (1.0 - volume_fraction(amounts)) * tissue_attenuation(energy) + mineral


def hounsfield(attenuation: Any, energy: float) -> Any:
    """IMG-6. HU = 1000 (μ − μ_w)/(μ_w − μ_a), of water 0 and of air −1000.

    attenuation μ [1/m], float or array, at `energy` [keV]. Source: definition.
    """
    rows = scanner()
    water = rows["water_density"] * mixture_coefficient(composition("water"), energy)
    air = rows["air_density"] * mixture_coefficient(composition("air"), energy)
    return 1000.0 * (attenuation - water) / (water - air)


def transmission(attenuation: np.ndarray, step: float, axis: int) -> np.ndarray:
    """IMG-7. I/I_0 = exp(−Σ μ Δs) of parallel rays along an axis: Beer and Lambert's law, without scatter.

    attenuation μ [1/m], (z, y, x) or any;  step Δs: voxel edge along the axis [m]. Source: definition.
    """
    through: np.ndarray = np.exp(-np.sum(attenuation, axis=axis) * step)
    return through


def apatite_density(calcium: Any) -> Any:
    """IMG-8. Hydroxyapatite with the same calcium, ρ = c M/ν_Ca [kg/m³ = mg/cm³]; c calcium in mineral [mol/m³]. Source: definition."""
    row = _row(APATITE)
    return np.asarray(calcium) * (row["molar_mass"] / row["calcium"])


def amounts(calcium: Mapping[str, Any]) -> dict[str, Any]:
    """Mol of formula per m³ by table of data/minerals.toml, from calcium [mol/m³] by phase of the model; what is not a number is none."""
    return {
        MINERALS[phase]: np.nan_to_num(np.asarray(held, dtype=float)) / _row(MINERALS[phase])["calcium"] for phase, held in calcium.items()
    }

"""Thermodynamic constants of the solution chemistry: read once from data/speciation.toml, evaluated at a temperature.

Everything here is plain Python, called once per run or per temperature; the kernels get the arrays it returns.
Order of species everywhere: the ten masters, then the 31 complexes in the order of the file (the columns of a PHREEQC table).
"""

import math
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MASTERS = ("Ca+2", "Mg+2", "Na+", "K+", "Cl-", "PO4-3", "CO3-2", "Citrate-3", "H+", "Alb")
ACTIVITIES = ("Ca+2", "Mg+2", "PO4-3", "CO3-2", "H+", "OH-")  # the six natural-log activities `la` of the kernels
COLDEST, WARMEST = 293.15, 315.15  # K, the range over which the constants are held to the reference
_TERM = re.compile(r"^(\d*\.?\d*)([A-Z(].*)$")


@cache
def _document() -> dict[str, Any]:
    text = files("calcisim").joinpath("data/speciation.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def rows() -> dict[str, dict[str, Any]]:
    """Every row of the file that carries numbers, by its path (`complex.CaHPO4`, `phase.HAP`, `water.dielectric`)."""
    document = _document()
    found = {"davies": document["davies"]}
    for group in ("complex", "phase", "water"):
        found.update({f"{group}.{name}": row for name, row in document[group].items()})
    return found


def complexes() -> tuple[str, ...]:
    """Names of the 31 complexes, in the order of the constants."""
    return tuple(_document()["complex"])


def species() -> tuple[str, ...]:
    """Names of all 41 species: masters, then complexes."""
    return MASTERS + complexes()


def phases() -> tuple[str, ...]:
    """Names of the 11 phases (ten solids and CO2(g))."""
    return tuple(_document()["phase"])


def charge(name: str) -> int:
    """Charge number of a species, read from its name (`PO4-3` → -3, `Na+` → 1, `CaHPO4` → 0)."""
    found = re.search(r"([+-])(\d*)$", name)
    return 0 if found is None else int(found.group(1) + (found.group(2) or "1"))


def log10_k(coefficients: list[float], temperature: float) -> float:
    """SPEC-1. log10 K(T) = A1 + A2 T + A3/T + A4 log10 T + A5/T^2.

    coefficients: A1…A5; temperature: T [K]. Held to the reference over 293.15–315.15 K.
    Source: the form of the PHREEQC databases (parkhurst2013); every row of data/speciation.toml names its own source.
    """
    a1, a2, a3, a4, a5 = coefficients
    return a1 + a2 * temperature + a3 / temperature + a4 * math.log10(temperature) + a5 / temperature**2


def check_temperature(temperature: float) -> float:
    """The temperature [K] itself; ValueError outside 20–42 °C, where the constants are not held to the reference."""
    if not COLDEST - 1e-9 <= temperature <= WARMEST + 1e-9:
        raise ValueError(f"temperature {temperature - 273.15:g} degC is outside 20 to 42 degC, the range of the chemistry constants")
    return float(temperature)


def constants(temperature: float) -> Array:
    """Formation constants of the 31 complexes (molality scale), then the CO2(g) Henry constant a(CO2)/pCO2 [1/atm]: (32,).

    temperature: T [K], 293.15–315.15. ValueError outside.
    """
    check_temperature(temperature)
    document = _document()
    table = [row["log10_K"] for row in document["complex"].values()] + [document["phase"]["CO2(g)"]["log10_K"]]
    return np.array([10.0 ** log10_k(row, temperature) for row in table])


def ln_solubility_products(temperature: float) -> Array:
    """Natural log of the solubility product of the 11 phases, as their dissolution is written in the file: (11,)."""
    check_temperature(temperature)
    return np.array([math.log(10.0) * log10_k(row["log10_K"], temperature) for row in _document()["phase"].values()])


def ln_solubility_product(phase: str, temperature: float) -> float:
    """Natural log of the solubility product of one phase at T [K]; KeyError for an unknown phase."""
    check_temperature(temperature)
    return math.log(10.0) * log10_k(_document()["phase"][phase]["log10_K"], temperature)


def reaction(text: str) -> dict[str, float]:
    """Stoichiometry of a reaction `A + 2B = C`: products positive, reactants negative; species names as keys."""
    left, right = text.split(" = ")
    found: dict[str, float] = {}
    for sign, side in ((-1.0, left), (1.0, right)):
        for term in side.split(" + "):
            match = _TERM.match(term.strip())
            if match is None:
                raise ValueError(f"cannot read the term {term!r} of the reaction {text!r}")
            number, name = match.groups()
            found[name] = found.get(name, 0.0) + sign * float(number or 1.0)
    return found


def _basis(name: str, temperature: float) -> tuple[dict[str, float], float]:
    """A dissolved species as powers of the six activities and of water, and ln of the factor in front."""
    if name in ACTIVITIES or name == "H2O":
        return {name: 1.0}, 0.0
    row = _document()["complex"][name]
    powers = {other: -number for other, number in reaction(row["reaction"]).items() if other != name}
    return powers, math.log(10.0) * log10_k(row["log10_K"], temperature)


def saturation_table(temperature: float) -> tuple[Array, Array]:
    """SPEC-2. SI_q = (Σ_k ν_qk ln a_k − ln K'_q)/ln 10: the table (ν, ln K') for `saturation_indices`.

    ν: (11, 7), columns Ca+2, Mg+2, PO4-3, CO3-2, H+, OH-, H2O; ln K': (11,), the solubility product with HPO4-2 and CO2
    rewritten in PO4-3, CO3-2 and H+. temperature: T [K]. Source: mass action over the reactions of data/speciation.toml.
    """
    columns = (*ACTIVITIES, "H2O")
    table = np.zeros((len(phases()), len(columns)))
    ln_k = ln_solubility_products(temperature)
    for index, (phase, row) in enumerate(_document()["phase"].items()):
        if phase == "CO2(g)":  # CO2(g) = CO2(aq): the same name on both sides
            products = {"CO2": 1.0}
        else:
            products = {name: number for name, number in reaction(row["reaction"]).items() if number > 0.0}
        for name, number in products.items():
            powers, shift = _basis(name, temperature)
            ln_k[index] -= number * shift
            for other, power in powers.items():
                table[index, columns.index(other)] += number * power
    return table, ln_k


def water_density(temperature: float) -> float:
    """SPEC-3. Density of water at 1 atm [kg/m3]: saturated liquid, raised by the pressure above saturation.

    ρ_sat = ρ_c (1 + Σ b_k θ^(k/3)), θ = 1 − T/T_c; + x p0(t) + x² p1(t) + x³ p2(t) + x^3.5 p3(t), x = 1 atm − p_sat(T), t in °C.
    temperature: T [K]. Source: wagner2002 and the pressure terms of parkhurst2013.
    """
    water = _document()["water"]
    saturated, raised = water["saturated_density"], water["pressure_density"]
    theta = 1.0 - temperature / saturated["critical_temperature"]
    series = sum(b * theta ** (k / 3.0) for b, k in zip(saturated["coefficients"], saturated["thirds"], strict=True))
    a, b, c = raised["antoine"]
    x = 1.0 - (math.exp(a - b / (temperature - c)) - 1e-6)
    celsius = temperature - 273.15
    rise = 0.0
    for power, row in zip((1.0, 2.0, 3.0, 3.5), raised["coefficients"], strict=True):
        rise += x**power * sum(value * celsius**n for n, value in enumerate(row))
    return float(saturated["critical_density"] * (1.0 + series) + rise)


def water_permittivity(temperature: float) -> float:
    """SPEC-4. Relative permittivity of water at 1 atm: ε = U1 exp(U2 T + U3 T²) + C ln((B + p)/(B + 1000)).

    C = U4 + U5/(U6 + T), B = U7 + U8/T + U9 T, p = 1.01325 bar; T [K]. Source: bradley1979.
    """
    u1, u2, u3, u4, u5, u6, u7, u8, u9 = _document()["water"]["dielectric"]["coefficients"]
    c = u4 + u5 / (u6 + temperature)
    b = u7 + u8 / temperature + u9 * temperature
    pressure = 1.01325
    return float(u1 * math.exp(temperature * (u2 + temperature * u3)) + c * math.log((b + pressure) / (b + 1000.0)))


def debye_huckel(temperature: float) -> float:
    """SPEC-5. Debye–Hückel slope A(T) of log10 γ [(kg/mol)^1/2]: A = sqrt(8 π N ρ) (e²/εkT)^1.5 / (2 ln 10), in cgs units.

    temperature: T [K]; 0.52114 at 310.15 K. e²/k = 1.671008e-3 cm K and N = 6.02252e23 as parkhurst2013, so that the reference
    table is met to 1e-8. ValueError outside 20–42 °C.
    """
    check_temperature(temperature)
    bjerrum = 1.671008e-3 / (water_permittivity(temperature) * temperature)  # cm
    kappa = math.sqrt(8.0 * math.pi * 6.02252e23 * bjerrum * water_density(temperature) / 1e6)
    return kappa * bjerrum / (2.0 * math.log(10.0))


def weights(masters: dict[str, float]) -> Array:
    """SPEC-31. A property that adds over the masters, of each of the 41 species: w_j = Σ ν_ji w_i over its formation reaction.

    masters: value per master (absent ones 0, water 0). With {"Ca+2": 1} it counts calcium, with {"PO4-3": 2, "CO3-2": 2, "H+": -1}
    it is the alkalinity [eq/mol]. Source: the reactions of data/speciation.toml; the alkalinity rule is parkhurst2013's.
    """
    known = {name: masters.get(name, 0.0) for name in MASTERS} | {"H2O": 0.0}
    for name, row in _document()["complex"].items():
        known[name] = -sum(number * known[other] for other, number in reaction(row["reaction"]).items() if other != name)
    return np.array([known[name] for name in species()])


def alkalinity_weights() -> Array:
    """Equivalents of alkalinity per mole of each of the 41 species, reference H2PO4-, CO2, Citrate-3: (41,)."""
    return weights({"PO4-3": 2.0, "CO3-2": 2.0, "H+": -1.0})

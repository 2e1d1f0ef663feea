"""From laboratory plasma values to what passes a vessel wall: the protein-free ultrafiltrate in equilibrium with plasma.

Calcium is bound by albumin, so the laboratory total, the ionised and the ultrafilterable calcium are three numbers of one
plasma; each run turns one into the others once. All concentrations in mol/m3 (= mmol/L, identified with mmol/kg water).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from calcisim import parameters
from calcisim.jit import kernel
from calcisim.physics.speciation import saturation_indices, speciate_alkalinity, speciate_ph
from calcisim.physics.speciation_data import Array, alkalinity_weights, constants, debye_huckel, phases, saturation_table

CA, CO2, G0, CAALB, HENRY = 0, 15, 44, 30, 31
APPARENT_PK1 = 6.10  # of carbonic acid in plasma, the convention behind every reported bicarbonate (Henderson–Hasselbalch)


class Ultrafiltrate(NamedTuple):
    """Protein-free plasma water: totals and ionised calcium [mol/m3], alkalinity [eq/m3], pCO2 [atm], ionic strength [mol/m3].

    laboratory_calcium is the total that a laboratory would report for this plasma, albumin-bound calcium included.
    """

    calcium: float
    calcium_ionised: float
    phosphate: float
    magnesium: float
    alkalinity: float
    pco2_atm: float
    ph: float
    sodium: float
    potassium: float
    chloride: float
    citrate: float
    ionic_strength: float
    laboratory_calcium: float


class _Fluid:
    """The plasma water of one patient at fixed pH, as a function of its ultrafilterable calcium.

    others in mol/m3; carbonate and sites in mol/kg water.
    """

    def __init__(self, temperature: float, ph: float, carbonate: float, others: dict[str, float], sites: float) -> None:
        self.K = constants(temperature)
        self.A = debye_huckel(temperature)
        self.ph, self.carbonate, self.others, self.sites = ph, carbonate, others, sites
        self.state, self.out = np.zeros(6), np.zeros(45)

    def ionised(self, calcium: float) -> float:
        """Free Ca+2 at this ultrafilterable calcium, both in mol/kg."""
        o = {name: value * 1e-3 for name, value in self.others.items()}
        self.state[:] = 0.0
        count = speciate_ph(
            self.K, self.A, self.ph, calcium, o["magnesium"], o["sodium"], o["potassium"], o["chloride"], o["phosphate"],
            self.carbonate, o["citrate"], 0.0, self.state, self.out, 1e-13, 200,
        )  # fmt: skip
        if count < 0:
            raise ValueError(
                f"the plasma chemistry does not converge at calcium {calcium * 1e3:g} mmol/L, pH {self.ph:g}, {self.others} mmol/L"
            )
        return float(self.out[CA])

    def bound(self, ionised: float) -> float:
        """Calcium on albumin beside this free Ca+2, mol/kg."""
        return self.sites * self.K[CAALB] * ionised / (1.0 + self.K[CAALB] * ionised)

    def ultrafilterable_from_total(self, total: float) -> float:
        """Calcium that passes the filter when the laboratory reports `total`, mol/kg."""
        return _root(lambda u: u + self.bound(self.ionised(u)) - total, 0.0, total)

    def ultrafilterable_from_ionised(self, ionised: float) -> float:
        """Calcium that passes the filter when the electrode reads `ionised`, mol/kg."""
        high = 2.0 * ionised
        for _ in range(40):
            if self.ionised(high) >= ionised:
                break
            high *= 2.0
        return _root(lambda u: self.ionised(u) - ionised, ionised, high)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """The zero of a rising function between low and high."""
    if high <= low or function(high) <= 0.0:
        return high
    if function(low) >= 0.0:
        return low
    return float(brentq(function, low, high, xtol=1e-18, rtol=1e-14, maxiter=200))


def _checked(values: dict[str, float]) -> dict[str, float]:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} of the plasma must be a finite number from 0 up, not {value!r}")
    return {name: float(value) for name, value in values.items()}


def total_carbonate(bicarbonate: float, ph: float) -> float:
    """BLD-1. Total carbonate from a reported bicarbonate: C = HCO3 (1 + 10^(6.10 − pH)), in the unit of bicarbonate.

    Valid for plasma; the reported number already contains the ion pairs. Source: Henderson–Hasselbalch convention of blood gas analysis.
    """
    return float(bicarbonate * (1.0 + 10.0 ** (APPARENT_PK1 - ph)))


def ultrafiltrate(
    temperature: float,
    *,
    calcium: float | None = None,
    calcium_ionised: float | None = None,
    phosphate: float,
    magnesium: float,
    sodium: float,
    potassium: float,
    chloride: float,
    bicarbonate: float,
    ph: float,
    albumin: float,
    citrate: float,
    magnesium_fraction: float | None = None,
    albumin_sites: float | None = None,
) -> Ultrafiltrate:
    """BLD-2. Ca_total = Ca_uf + n Alb K c/(1 + K c), c the ionised calcium of the ultrafiltrate; Mg_uf = f Mg.

    temperature [K] 293.15–315.15; calcium (laboratory total) or calcium_ionised, exactly one; all others laboratory values;
    concentrations [mol/m3], albumin in molecules, ph 6–9; magnesium_fraction f and albumin_sites n default to data/plasma.toml.
    Phosphate, sodium, potassium, chloride and citrate pass the filter whole. Alkalinity and pCO2 are those of the ultrafiltrate at
    this pH, so that the closure by alkalinity returns the same pH. ValueError for both or no calcium and for values out of range.
    Source: pedersen1971 (K = 95 L/mol in data/speciation.toml, n = 12).
    """
    if (calcium is None) == (calcium_ionised is None):
        raise ValueError("give either calcium (laboratory total) or calcium_ionised of the plasma, exactly one")
    if not 6.0 <= ph <= 9.0:
        raise ValueError(f"ph of the plasma must lie in 6 to 9, not {ph!r}")
    table = parameters.table("plasma")
    fraction = table["magnesium_ultrafilterable_fraction"].value if magnesium_fraction is None else magnesium_fraction
    per_albumin = table["albumin_calcium_sites"].value if albumin_sites is None else albumin_sites
    values = _checked(
        {"phosphate": phosphate, "magnesium": magnesium, "sodium": sodium, "potassium": potassium, "chloride": chloride, "citrate": citrate}
    )
    rest = _checked({"bicarbonate": bicarbonate, "albumin": albumin, "calcium": calcium or 0.0, "calcium_ionised": calcium_ionised or 0.0})
    values["magnesium"] *= fraction
    carbonate = total_carbonate(rest["bicarbonate"], ph) * 1e-3
    fluid = _Fluid(temperature, float(ph), carbonate, values, per_albumin * rest["albumin"] * 1e-3)
    if calcium is not None:
        passing = fluid.ultrafilterable_from_total(rest["calcium"] * 1e-3)
    else:
        passing = fluid.ultrafilterable_from_ionised(rest["calcium_ionised"] * 1e-3)
    ionised = fluid.ionised(passing)
    return _assemble(fluid, passing, ionised)


def _assemble(fluid: _Fluid, passing: float, ionised: float) -> Ultrafiltrate:
    """The result in mol/m3 from a fluid whose species table is at `passing`."""
    out: Array = fluid.out
    o = fluid.others
    return Ultrafiltrate(
        calcium=passing * 1e3,
        calcium_ionised=ionised * 1e3,
        phosphate=o["phosphate"],
        magnesium=o["magnesium"],
        alkalinity=float(alkalinity_weights() @ out[:41]) * 1e3,
        pco2_atm=float(out[CO2] * out[G0] / fluid.K[HENRY]),
        ph=fluid.ph,
        sodium=o["sodium"],
        potassium=o["potassium"],
        chloride=o["chloride"],
        citrate=o["citrate"],
        ionic_strength=float(fluid.state[4]) * 1e3,
        laboratory_calcium=float(passing + fluid.bound(ionised)) * 1e3,
    )


def saturation(water: Ultrafiltrate, temperature: float) -> dict[str, float]:
    """BLD-3. Saturation index log10(IAP/Ksp) of every phase of data/speciation.toml in this plasma water; T [K]. Source: mass action."""
    x, la = np.zeros(6), np.zeros(6)
    totals = (1e-3 * value for value in (water.calcium, water.magnesium, water.sodium, water.potassium, water.chloride, water.phosphate))
    count = speciate_alkalinity(
        constants(temperature), debye_huckel(temperature), water.pco2_atm, *totals, 1e-3 * water.alkalinity, 1e-3 * water.citrate, 0.0,
        x, la, 1e-13, 200,
    )  # fmt: skip
    if count < 0:
        raise ValueError(f"the chemistry of {water} does not converge")
    table, ln_k = saturation_table(temperature)
    si = np.zeros(len(ln_k))
    saturation_indices(table, ln_k, la, x[5], si)
    return {name: float(value) for name, value in zip(phases(), si, strict=True)}


# columns of the rows that `many_waters` takes [mol/kg; pH], and of what it gives [mol/kg, eq/kg, atm]
ROW = ("calcium", "ph", "carbonate", "magnesium", "sodium", "potassium", "chloride", "phosphate", "citrate", "sites")
WATER = ("calcium", "calcium_ionised", "alkalinity", "pco2_atm")


@kernel
def ultrafilterable(K, A, row, by_total, x, out):
    """BLD-4. Calcium that passes the filter beside what a laboratory reports of it, by the secant method; negative when none is found.

    row (10,): as ROW; by_total: calcium is the laboratory total and not the ions; x (6,), out (45,): warm start and species of SPEC-24.
    Source: pedersen1971, as BLD-2.
    """
    wanted = row[0]
    u, old, missed = 1.15 * wanted, 0.0, 0.0
    for step in range(60):
        count = speciate_ph(K, A, row[1], u, row[3], row[4], row[5], row[6], row[7], row[2], row[8], 0.0, x, out, 1e-13, 200)
        if count < 0:
            return -1.0
        ionised = out[CA]
        bound = row[9] * K[CAALB] * ionised / (1.0 + K[CAALB] * ionised)
        off = u + bound - wanted if by_total else ionised - wanted
        slope = (off - missed) / (u - old) if step > 0 and u != old else (1.0 if by_total else ionised / u)
        old, missed = u, off
        change = -off / slope
        if abs(change) <= 1e-13 * u:
            return u
        u = max(u + change, 0.2 * u)
    return -1.0


@kernel
def many_waters(K, A, weights, rows, by_total, waters):
    """BLD-5. Plasma water of many compositions, each solved from the one before it; False when one has no answer.

    weights (41,): equivalents of alkalinity per species; rows (n, 10): as ROW; waters (n, 4), written: as WATER. As `ultrafiltrate`.
    """
    x, out = np.zeros(6), np.zeros(45)
    for i in range(rows.shape[0]):
        u = ultrafilterable(K, A, rows[i], by_total, x, out)
        if not u >= 0.0:
            return False
        waters[i, 0], waters[i, 1] = u, out[CA]
        alkalinity = 0.0
        for k in range(weights.size):
            alkalinity += weights[k] * out[k]
        waters[i, 2] = alkalinity
        waters[i, 3] = out[CO2] * out[G0] / K[HENRY]
    return True

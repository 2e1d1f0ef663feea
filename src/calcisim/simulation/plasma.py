"""What plasma the sites see over time: constant as written, computed by the body model, or measured with the model between and beside it.

All drivers answer the same questions: what a laboratory would report at a time, and how far a step may go before that changes much.
"""

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from calcisim import parameters
from calcisim.physics import speciation_data
from calcisim.physics.body import APPARENT_PK1
from calcisim.physics.body_names import F, P, R, S
from calcisim.physics.kinetics import SPECIES
from calcisim.physics.plasma import WATER, Ultrafiltrate, many_waters, saturation, total_carbonate, ultrafiltrate
from calcisim.scenario.body_treatments import DAY
from calcisim.simulation.body import Body, carbon_dioxide
from calcisim.units import MOLAR_MASS

Array = np.ndarray
FINE = 0.02  # change of a concentration, as a logarithm, between two looks at the plasma
COARSE = 0.1  # and within one step of a site
KEPT = ("temperature", "sodium", "potassium", "chloride", "citrate")  # written in the scenario, whatever drives the rest


class PlasmaDriver(ABC):
    """Plasma over time."""

    @abstractmethod
    def laboratories(self, times: Array) -> list[dict[str, float]]:
        """Keyword arguments of physics.plasma.ultrafiltrate at ascending `times` [s]."""

    @abstractmethod
    def times(self) -> Array:
        """Times [s] between which the plasma may be taken as a straight line; one when it never changes."""

    def colloid(self, times: Array) -> Array:
        """Calcium in the circulating colloid at ascending `times` [mol/m³]; none where the plasma is written."""
        return np.zeros(times.size)

    def water(self, time: float) -> Ultrafiltrate:
        """What passes a vessel wall at `time` [s]."""
        return ultrafiltrate(**self.laboratories(np.array([time]))[0])

    def advance(self, until: float) -> None:  # noqa: B027  (a constant one has nothing to do)
        """Be ready for times up to `until` [s]."""


class ConstantPlasma(PlasmaDriver):
    """Plasma or medium as it is written."""

    def __init__(self, fluid: Any):
        self.fluid = fluid

    def laboratories(self, times: Array) -> list[dict[str, float]]:
        return [self.fluid.laboratory() for _ in times]

    def times(self) -> Array:
        return np.zeros(1)


class BodyPlasma(PlasmaDriver):
    """The body model; where there are measured values, these with the model between and beside them."""

    def __init__(self, scenario: Any):
        self.fluid = scenario.plasma
        self.body = Body(scenario.plasma, scenario.treatment, scenario.duration)

    def advance(self, until: float) -> None:
        self.body.advance(until)

    @property
    def by_total(self) -> bool:
        """True where calcium was measured as a total and not as ions: the ions then follow from albumin, as for a written plasma."""
        return "calcium" in self.body.series and "calcium_ionised" not in self.body.series

    def laboratories(self, times: Array) -> list[dict[str, float]]:
        reports, series = self.reports(times), self.body.series
        albumin = series["albumin"].at(times) if "albumin" in series else np.full(times.size, self.fluid.albumin)
        kept = {name: float(getattr(self.fluid, name)) for name in KEPT}
        kept["magnesium_fraction"] = float(self.body.healthy[P.magnesium_ultrafilterable])
        calcium = "calcium" if self.by_total else "calcium_ionised"
        names = (calcium, "phosphate", "magnesium", "bicarbonate", "ph")
        return [
            {**kept, "albumin": float(bound), **{name: float(report[R[name]]) for name in names}}
            for report, bound in zip(reports, albumin, strict=True)
        ]

    def colloid(self, times: Array) -> Array:
        return np.asarray(self.reports(times)[:, R.colloid_calcium])

    def reports(self, times: Array) -> Array:
        """Reports (n, R) at ascending times [s]: of the model, with what was measured in its place."""
        out, _ = self.body.look(times)
        series, p = self.body.series, self.body.healthy
        for name in R:
            if name.name in series:
                out[:, name] = series[name.name].at(times)
        if "ph" in series:  # with the bicarbonate that was measured, or that of the model
            out[:, R.carbon_dioxide] = [carbon_dioxide(p, *row) for row in out[:, [R.bicarbonate, R.ph]]]
        elif "bicarbonate" in series:  # at the carbon dioxide of the model
            carbonic = p[P.carbon_dioxide_solubility] * out[:, R.carbon_dioxide]
            out[:, R.ph] = APPARENT_PK1 + np.log10(out[:, R.bicarbonate] / carbonic) - p[P.ph_offset]
        return out

    def times(self) -> Array:
        """Steps of the model from day 0, and more between them where the plasma moves."""
        knots = np.unique(np.concatenate([self.body.times(), *(series.times for series in self.body.series.values())]))
        knots = knots[(knots >= 0.0) & (knots <= self.body.time)]
        if knots.size == 0 or knots[0] > 0.0:
            knots = np.concatenate([[0.0], knots])
        for _ in range(3):  # a cubic may bend between two steps that hardly differ
            move = _movement(self.reports(knots))
            parts = np.clip(np.ceil(move / FINE), 1, 16).astype(int)
            inner = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(knots, knots[1:], parts)]
            refined = np.concatenate([*inner, knots[-1:]])
            if refined.size == knots.size:
                break
            knots = refined
        return self._thinned(knots)

    def _thinned(self, knots: Array) -> Array:
        """Of these times the ones after which the plasma has moved on, and those beside a change, where it bends."""
        path = np.concatenate([[0.0], np.cumsum(_movement(self.reports(knots)))])
        kept = np.concatenate([[True], np.diff(np.floor(path / FINE)) > 0.0])
        bends = np.isin(knots, self.body.moments)
        kept |= bends
        kept[-1] = True
        return knots[kept]

    def rows(self, times: Array) -> list[dict[str, float]]:
        """What is reported of the plasma at ascending times [s], by the names of summary.json."""
        out = self.reports(times)
        _, flow = self.body.look(times)
        healthy = self.body.scale[S.colloid] / (self.body.healthy[P.plasma_volume] + self.body.healthy[P.interstitial_volume])
        waters = [ultrafiltrate(**laboratory) for laboratory in self.laboratories(times)]
        if self.by_total:  # what the sites see
            out[:, R.calcium_ionised] = [water.calcium_ionised for water in waters]
        rows = (_row(report, flows, healthy) for report, flows in zip(out, flow, strict=True))
        return [row | _saturation(water, self.fluid.temperature) for row, water in zip(rows, waters, strict=True)]

    def books(self) -> dict[str, float]:
        """Imbalance of the body's ledgers now."""
        return {f"ledger_plasma_{name}_relative": float(value) for name, value in zip(LEDGERS, self.body.ledger(), strict=True)}

    def amounts(self) -> dict[str, float]:
        """What crossed the boundary of the body's pools from day 0 [mmol], by the names of F; gains are positive."""
        return {name.name: 1e3 * float(self.body.amount[name]) for name in F}


SALTS = ("sodium", "potassium", "chloride", "phosphate", "citrate")  # in the order that `many_waters` takes them
LEDGERS = ("calcium", "phosphorus", "magnesium")


def _movement(reports: Array) -> Array:
    """Largest change of ln calcium, phosphate or bicarbonate from one time to the next."""
    columns = np.log(np.maximum(reports[:, [R.calcium_ionised, R.phosphate, R.bicarbonate]], 1e-9))
    return np.max(np.abs(np.diff(columns, axis=0)), axis=1, initial=0.0)


# name: place in a report, factor to the unit of a laboratory
REPORTED = {
    "calcium_total_mmol_per_l": (R.calcium, 1.0),
    "calcium_ionised_mmol_per_l": (R.calcium_ionised, 1.0),
    "phosphate_mmol_per_l": (R.phosphate, 1.0),
    "magnesium_mmol_per_l": (R.magnesium, 1.0),
    "bicarbonate_mmol_per_l": (R.bicarbonate, 1.0),
    "ph": (R.ph, 1.0),
    "carbon_dioxide_mmhg": (R.carbon_dioxide, 760.0),
    "pth_pg_per_ml": (R.pth, 1e6 * float(MOLAR_MASS["pth"])),
    "calcitriol_pmol_per_l": (R.calcitriol, 1e9),
    "hydroxyvitamin_d_nmol_per_l": (R.hydroxyvitamin_d, 1e6),
    "fgf23_pg_per_ml": (R.fgf23, 1e9),
    "gfr_ml_per_min": (R.filtration, 6e7),
    "colloid_calcium_umol_per_l": (R.colloid_calcium, 1e3),
    "vitamin_d_effect": (R.vitamin_effect, 1.0),
    "parathyroid_mass_relative": (R.gland, 1.0),
}
_MG_PER_DL = {name: 0.1 * float(MOLAR_MASS[name]) for name in ("calcium", "phosphate")}  # of one mmol/L


def _row(report: Array, flow: Array, healthy_colloid: float) -> dict[str, float]:
    """One line of results in the units of a laboratory."""
    per_day = 1e3 * DAY  # mol/s to mmol/d
    product = report[R.calcium] * _MG_PER_DL["calcium"] * report[R.phosphate] * _MG_PER_DL["phosphate"]
    return {
        **{name: float(report[place] * factor) for name, (place, factor) in REPORTED.items()},
        "colloid": report[R.colloid_calcium] / healthy_colloid if healthy_colloid > 0.0 else 0.0,
        "calcium_phosphate_product_mg2_per_dl2": product,
        "urine_calcium_mmol_per_d": -flow[F.calcium_urine] * per_day,
        "urine_phosphate_mmol_per_d": -flow[F.phosphate_urine] * per_day,
        "urine_magnesium_mmol_per_d": -flow[F.magnesium_urine] * per_day,
        "bone_calcium_balance_mmol_per_d": -(flow[F.calcium_resorbed] + flow[F.calcium_formed]) * per_day,
    }


def _saturation(water: Ultrafiltrate, temperature: float) -> dict[str, float]:
    """Saturation indices of plasma water for the minerals that soft tissue bears."""
    found = saturation(water, temperature)
    return {f"saturation_index_{name}": found[phase] for name, phase in (("hap", "HAP"), ("ocp", "OCP"), ("acp", "ACP2"))}


def waters(laboratories: list[dict[str, float]]) -> tuple[Array, Array]:
    """Totals of the species (species, n) [mol/m³] and pCO2 (n,) [atm] of the water of many plasmas; ValueError where one has no answer."""
    first = laboratories[0]
    calcium = "calcium" if "calcium" in first else "calcium_ionised"
    sites = parameters.values("plasma")["albumin_calcium_sites"]
    columns = {name: np.array([one[name] for one in laboratories]) for name in first if name != "temperature"}
    carbonate = np.array([total_carbonate(one["bicarbonate"], one["ph"]) for one in laboratories])
    passing = columns["magnesium"] * columns["magnesium_fraction"]
    salts = (columns[name] for name in SALTS)
    rows = np.column_stack([columns[calcium], columns["ph"], carbonate, passing, *salts, sites * columns["albumin"]])
    rows[:, [0, *range(2, rows.shape[1])]] *= 1e-3  # mol/m³ to mol/kg, all but the pH
    found = np.zeros((len(rows), len(WATER)))
    temperature = first["temperature"]
    constants, slope = speciation_data.constants(temperature), speciation_data.debye_huckel(temperature)
    if not many_waters(constants, slope, speciation_data.alkalinity_weights(), rows, calcium == "calcium", found):
        raise ValueError("the chemistry of a plasma does not converge: a value lies far outside what blood can have")
    levels = {"calcium": found[:, 0], "phosphate": rows[:, 7], "magnesium": rows[:, 3], "alkalinity": found[:, 2]}
    return np.array([1e3 * levels[name] for name in SPECIES]), found[:, 3].copy()


class Fluids:
    """Totals of the species (species, n) [mol/m³] and pCO2 (n,) [atm] of plasma water at the times (n,) that a driver names, and
    the calcium of the colloid in it (n,) [mol/m³]."""

    def __init__(self, driver: PlasmaDriver, average: float | None = None):
        self.driver, self.average = driver, average
        self.look_again()

    def look_again(self) -> None:
        """Take up what the driver has computed."""
        self.times = self.driver.times()
        self.levels, self.pressure = waters(self.driver.laboratories(self.times))
        self.colloid = self.driver.colloid(self.times)
        if self.average is not None and self.times.size > 1:
            self._take_means(self.average)
        moved = np.max(np.abs(np.diff(np.log(np.maximum(self.levels, 1e-9)), axis=1)), axis=0, initial=0.0)
        self.path = np.concatenate([[0.0], np.cumsum(moved)])

    def _take_means(self, window: float) -> None:
        """Means over windows that overlap by half, ∫c dt/T, in their middles; at both ends over half a window."""
        begin, end = self.times[0], self.times[-1]
        middles = np.append(np.arange(begin, end, 0.5 * window), end)
        low, high = np.maximum(middles - 0.5 * window, begin), np.minimum(middles + 0.5 * window, end)
        all_edges = np.union1d(self.times, np.concatenate([low, high]))
        rows = []
        for level in (*self.levels, self.pressure, self.colloid):
            line = np.interp(all_edges, self.times, level)
            area = np.concatenate([[0.0], np.cumsum(0.5 * (line[1:] + line[:-1]) * np.diff(all_edges))])
            rows.append((np.interp(high, all_edges, area) - np.interp(low, all_edges, area)) / (high - low))
        self.times, self.levels, self.pressure, self.colloid = middles, np.array(rows[:-2]), *rows[-2:]


class Around:
    """The fluid around one site over time, ready for its steps."""

    def __init__(self, fluids: Fluids, carbon_dioxide: float | None, concentration: Array | float = 1.0):
        self.fluids, self.fixed, self.concentration = fluids, carbon_dioxide, concentration

    def at(self, time: float) -> Array:
        """Totals (species,) at `time` [s]."""
        return self.concentration * np.array([np.interp(time, self.fluids.times, level) for level in self.fluids.levels])

    def colloid(self, time: float) -> float:
        """Calcium in the circulating colloid at `time` [mol/m³]."""
        return float(np.interp(time, self.fluids.times, self.fluids.colloid))

    def carbon_dioxide(self, time: float) -> float:
        """pCO2 [atm] of the site: its own, or that of the plasma."""
        return float(np.interp(time, self.fluids.times, self.fluids.pressure)) if self.fixed is None else self.fixed

    def limit(self, time: float) -> float:
        """Time [s] up to which a step from `time` may go: the fluid moves by no more than COARSE until then."""
        times, path = self.fluids.times, self.fluids.path
        if times.size < 2:
            return math.inf
        allowed = np.interp(time, times, path) + COARSE
        if allowed >= path[-1]:
            return math.inf
        after = int(np.searchsorted(path, allowed, side="left"))
        return float(np.interp(allowed, path[after - 1 : after + 1], times[after - 1 : after + 1]))


def driver(scenario: Any) -> PlasmaDriver:
    """The driver that a scenario asks for."""
    return BodyPlasma(scenario) if scenario.fluid.changes else ConstantPlasma(scenario.fluid)

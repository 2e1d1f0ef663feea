"""What plasma the sites see over time: constant as written, computed by the body model, or measured with the model between and beside it.

All drivers answer the same questions: what a laboratory would report at a time, and how far a step may go before that changes much.
"""

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from calcisim.physics.body import APPARENT_PK1
from calcisim.physics.body_names import F, P, R, S
from calcisim.physics.kinetics import SPECIES
from calcisim.physics.plasma import Ultrafiltrate, saturation, ultrafiltrate
from calcisim.scenario.body_treatments import DAY
from calcisim.simulation.body import Body

Array = np.ndarray
FINE = 0.02  # change of a concentration, as a logarithm, between two looks at the plasma
COARSE = 0.1  # and within one step of a site
KEPT = ("temperature", "sodium", "potassium", "chloride", "albumin", "citrate")  # written in the scenario, whatever drives the rest


class PlasmaDriver(ABC):
    """Plasma over time."""

    @abstractmethod
    def laboratory(self, time: float) -> dict[str, float]:
        """Keyword arguments of physics.plasma.ultrafiltrate at `time` [s]."""

    @abstractmethod
    def times(self) -> Array:
        """Times [s] between which the plasma may be taken as a straight line; one when it never changes."""

    def water(self, time: float) -> Ultrafiltrate:
        """What passes a vessel wall at `time` [s]."""
        return ultrafiltrate(**self.laboratory(time))

    def advance(self, until: float, uptake: Array | None = None) -> None:  # noqa: B027  (a constant one has nothing to do)
        """Be ready for times up to `until` [s]; uptake: what tissues take of calcium, phosphate and magnesium from now [mol/s]."""


class ConstantPlasma(PlasmaDriver):
    """Plasma or medium as it is written."""

    def __init__(self, fluid: Any):
        self.fluid = fluid

    def laboratory(self, time: float) -> dict[str, float]:
        found: dict[str, float] = self.fluid.laboratory()
        return found

    def times(self) -> Array:
        return np.zeros(1)


class BodyPlasma(PlasmaDriver):
    """The body model; where there are measured values, these with the model between and beside them."""

    def __init__(self, scenario: Any):
        self.fluid = scenario.plasma
        self.body = Body(scenario.plasma, scenario.treatment, scenario.duration)

    def advance(self, until: float, uptake: Array | None = None) -> None:
        if uptake is not None:
            self.body.uptake[:] = uptake
        self.body.advance(until)

    def laboratory(self, time: float) -> dict[str, float]:
        report = self.reports(np.array([time]))[0]
        series = self.body.series
        found = {name: float(getattr(self.fluid, name)) for name in KEPT}
        if "albumin" in series:
            found["albumin"] = float(series["albumin"].at(time))
        found |= {name: float(report[R[name]]) for name in ("phosphate", "magnesium", "bicarbonate", "ph")}
        calcium = "calcium" if "calcium" in series and "calcium_ionised" not in series else "calcium_ionised"
        return {
            **found,
            calcium: float(report[R[calcium]]),
            "magnesium_fraction": float(self.body.healthy[P.magnesium_ultrafilterable]),
        }

    def reports(self, times: Array) -> Array:
        """Reports (n, R) at ascending times [s]: of the model, with what was measured in its place."""
        out, _ = self.body.look(times)
        series, p = self.body.series, self.body.healthy
        for name in R:
            if name.name in series:
                out[:, name] = series[name.name].at(times)
        if "bicarbonate" in series and "ph" not in series:  # at the carbon dioxide of the model
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
        return knots

    def rows(self, times: Array) -> list[dict[str, float]]:
        """What is reported of the plasma at ascending times [s], by the names of summary.json."""
        out = self.reports(times)
        _, flow = self.body.look(times)
        healthy = self.body.scale[S.colloid] / (self.body.healthy[P.plasma_volume] + self.body.healthy[P.interstitial_volume])
        rows = [_row(report, flows, healthy) for report, flows in zip(out, flow, strict=True)]
        return [row | _saturation(self.water(float(time)), self.fluid.temperature) for row, time in zip(rows, times, strict=True)]


    def books(self) -> dict[str, float]:
        """Imbalance of the body's ledgers now."""
        return {f"ledger_plasma_{name}_relative": float(value) for name, value in zip(LEDGERS, self.body.ledger(), strict=True)}


    def amounts(self) -> dict[str, float]:
        """What crossed the boundary of the body's pools from day 0 [mmol], by the names of F; gains are positive."""
        return {name.name: 1e3 * float(self.body.amount[name]) for name in F}


LEDGERS = ("calcium", "phosphorus", "magnesium")


def _movement(reports: Array) -> Array:
    """Largest change of ln calcium, phosphate or bicarbonate from one time to the next."""
    columns = np.log(np.maximum(reports[:, [R.calcium_ionised, R.phosphate, R.bicarbonate]], 1e-9))
    return np.max(np.abs(np.diff(columns, axis=0)), axis=1, initial=0.0)


def _row(report: Array, flow: Array, healthy_colloid: float) -> dict[str, float]:
    """One line of results in the units of a laboratory."""
    per_day = 1e3 * DAY  # mol/s to mmol/d
    return {
        "calcium_total_mmol_per_l": report[R.calcium],
        "calcium_ionised_mmol_per_l": report[R.calcium_ionised],
        "phosphate_mmol_per_l": report[R.phosphate],
        "magnesium_mmol_per_l": report[R.magnesium],
        "bicarbonate_mmol_per_l": report[R.bicarbonate],
        "ph": report[R.ph],
        "carbon_dioxide_mmhg": report[R.carbon_dioxide] * 760.0,
        "pth_pg_per_ml": report[R.pth] * 9.43e9,
        "calcitriol_pmol_per_l": report[R.calcitriol] * 1e9,
        "hydroxyvitamin_d_nmol_per_l": report[R.hydroxyvitamin_d] * 1e6,
        "fgf23_pg_per_ml": report[R.fgf23] * 1e9,
        "gfr_ml_per_min": report[R.filtration] * 6e7,
        "colloid": report[R.colloid_calcium] / healthy_colloid if healthy_colloid > 0.0 else 0.0,
        "colloid_calcium_umol_per_l": report[R.colloid_calcium] * 1e3,
        "calcium_phosphate_product_mg2_per_dl2": report[R.calcium] * 4.0078 * report[R.phosphate] * 3.0974,
        "vitamin_d_effect": report[R.vitamin_effect],
        "parathyroid_mass_relative": report[R.gland],
        "urine_calcium_mmol_per_d": -flow[F.calcium_urine] * per_day,
        "urine_phosphate_mmol_per_d": -flow[F.phosphate_urine] * per_day,
        "urine_magnesium_mmol_per_d": -flow[F.magnesium_urine] * per_day,
        "bone_calcium_balance_mmol_per_d": -(flow[F.calcium_resorbed] + flow[F.calcium_formed]) * per_day,
    }


def _saturation(water: Ultrafiltrate, temperature: float) -> dict[str, float]:
    """Saturation indices of plasma water for the minerals that soft tissue bears."""
    found = saturation(water, temperature)
    return {f"saturation_index_{name}": found[phase] for name, phase in (("hap", "HAP"), ("ocp", "OCP"), ("acp", "ACP2"))}


class Around:
    """The fluid around a site over time, ready for its steps: totals of the species [mol/m³] and pCO2 [atm]."""

    def __init__(self, driver: PlasmaDriver, carbon_dioxide: float | None):
        self.driver, self.fixed = driver, carbon_dioxide
        self.look_again()

    def look_again(self) -> None:
        """Take up what the driver has computed."""
        self.times = self.driver.times()
        waters = [self.driver.water(float(time)) for time in self.times]
        self.levels = np.array([[getattr(water, name) for name in SPECIES] for water in waters])
        self.pressure = np.array([water.pco2_atm for water in waters])
        moved = np.max(np.abs(np.diff(np.log(np.maximum(self.levels, 1e-9)), axis=0)), axis=1, initial=0.0)
        self.path = np.concatenate([[0.0], np.cumsum(moved)])

    def at(self, time: float) -> Array:
        """Totals (species,) at `time` [s]."""
        return np.array([np.interp(time, self.times, column) for column in self.levels.T])

    def carbon_dioxide(self, time: float) -> float:
        """pCO2 [atm] of the site: its own, or that of the plasma."""
        return float(np.interp(time, self.times, self.pressure)) if self.fixed is None else self.fixed

    def limit(self, time: float) -> float:
        """Time [s] up to which a step from `time` may go: the fluid moves by no more than COARSE until then."""
        if self.times.size < 2:
            return math.inf
        allowed = np.interp(time, self.times, self.path) + COARSE
        if allowed >= self.path[-1]:
            return math.inf
        after = int(np.searchsorted(self.path, allowed, side="left"))
        return float(np.interp(allowed, self.path[after - 1 : after + 1], self.times[after - 1 : after + 1]))


def driver(scenario: Any) -> PlasmaDriver:
    """The driver that a scenario asks for."""
    return BodyPlasma(scenario) if scenario.fluid.changes else ConstantPlasma(scenario.fluid)

"""One person's body through a scenario: which levers act when, doses and dialysis at their moments, and what was computed so far."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from calcisim import parameters
from calcisim.errors import SolverError
from calcisim.physics import body_closure, body_steps
from calcisim.physics.body import APPARENT_PK1
from calcisim.physics.body_names import F, P, R, S
from calcisim.scenario import labs
from calcisim.scenario.body import parameters_of, treated
from calcisim.scenario.body_treatments import DAY, Dose, Haemodialysis, OnBody

Array = np.ndarray
TOLERANCE = 1e-4  # relative, of one step; errors of a whole run stay below 1e-4 (tests/physics/test_body.py)
FIRST_STEP = 60.0  # s, after every change
EMPTY = 1e-6  # mol: the size by which the error of a pool is judged that is empty in health
PULL = 1.0 / 600.0  # 1/s: the model is held at a measured value against its own regulation, which takes hours; assumed
FIRST_MEAL, LAST_MEAL = 7.0 * 3600.0, 19.0 * 3600.0
ELEMENTS = ("calcium", "phosphate", "magnesium")
# Measured values that the model is drawn to, and those that it takes as they are.
DRAWN = ("calcium", "calcium_ionised", "phosphate", "magnesium", "bicarbonate", "pth", "calcitriol", "fgf23", "hydroxyvitamin_d")
TAKEN = ("glomerular_filtration", "albumin", "ph")
PIECES = 8  # steps in which the model follows from one measured value to the next
SETTLING = 90.0 * DAY  # s at the first measured values, before day 0, where no burn_in is given


@dataclass(frozen=True)
class Chunk:
    """Accepted steps between two changes, and the parameters that held there."""

    knots: body_steps.Knots
    parameters: Array

    @property
    def begin(self) -> float:
        return float(self.knots.time[0])


@dataclass
class Body:
    """The body of the [plasma] of a scenario, its treatments [OnBody], and the end [s] up to which its moments are planned."""

    plasma: Any
    treatments: tuple[Any, ...]
    end: float
    changed: dict[str, float] = field(default_factory=dict)  # rows of data/body.toml that are other than there, for comparisons

    def __post_init__(self) -> None:
        self.healthy = body_closure.constants(self.changed)
        self.state = body_closure.healthy_state(self.healthy)
        self.scale = np.where(self.state > 0.0, self.state, EMPTY)
        self.amount = np.zeros(len(F))
        self.uptake = np.zeros(len(ELEMENTS))  # by tissues [mol/s]
        self.step = FIRST_STEP
        self.chunks: list[Chunk] = []
        self.begins = np.zeros(0)  # of the chunks [s]
        self.work = body_steps.work()
        self.series = labs.series(self.plasma.labs, self.plasma.interpolation) if self.plasma.labs else {}
        self.treatments = tuple(sorted((one for one in self.treatments if isinstance(one, OnBody)), key=lambda one: one.start))
        burn_in = self.plasma.burn_in if self.plasma.burn_in is not None else SETTLING if self.series else 0.0
        self.time = -float(burn_in)
        self.pieces = {name: self._pieces(name) for name in (*DRAWN, *TAKEN) if name in self.series}
        dialysis = [one for one in self.treatments if isinstance(one, Haemodialysis)]
        sessions = ((session, one.during()) for one in dialysis for session in one.sessions(self.end, float(burn_in)))
        self.sessions = sorted(sessions, key=lambda pair: pair[0])
        self.session_begins = np.array([session.begin for session, _ in self.sessions])
        self.doses = self._doses()
        self.meals = set(self._meals())
        self.moments = self._moments()
        if self.time < 0.0:
            self.advance(0.0)
            self.forget()
            self.amount[:] = 0.0
        self.initial = self.pools()
        self._happen(0.0)
        self._keep_still()

    # --- what holds when ------------------------------------------------------------------------------------------

    def _moments(self) -> Array:
        """Times [s] after the start (of the burn-in), without day 0 itself, at which something changes, ascending."""
        found = {time for one in self.treatments for time in one.moments(self.end)} | self.meals
        found.update(time for session, _ in self.sessions for time in session)  # also those of the burn-in
        found.update(float(edge) for edges, _ in self.pieces.values() for edge in edges)
        return np.array(sorted(time for time in found if self.time < time <= self.end and time != 0.0))

    def _doses(self) -> dict[float, list[Dose]]:
        """Doses by the time [s] at which they are given."""
        found: dict[float, list[Dose]] = {}
        for one in self.treatments:
            if isinstance(one, Dose):
                for time in one.moments(self.end):
                    found.setdefault(time, []).append(one)
        return found

    def _meals(self) -> Iterator[float]:
        """Times [s] of all meals, at even distances through the day."""
        count = self.plasma.meals
        gap = (LAST_MEAL - FIRST_MEAL) / max(count - 1, 1)
        first = FIRST_MEAL if count > 1 else 0.5 * (FIRST_MEAL + LAST_MEAL)
        for day in range(math.ceil(self.end / DAY) + 1):
            yield from (day * DAY + first + number * gap for number in range(count))

    def parameters(self, time: float) -> Array:
        """Parameters that hold from `time` to the next moment."""
        levers = treated(self.plasma.given(), (one.on_body(time) for one in self.treatments))  # of new values the later start wins
        if "glomerular_filtration" in self.pieces:
            levers["glomerular_filtration"] = self._held("glomerular_filtration", time)
        p = self.healthy.copy()
        for name, value in parameters_of(levers).items():
            p[P[name]] = value
        self._measured(p, time)
        last = int(np.searchsorted(self.session_begins, time, side="right")) - 1
        if last >= 0 and time < self.sessions[last][0].end:
            for name, value in self.sessions[last][1].items():
                p[P[name]] = value
        return p

    def _measured(self, p: Array, time: float) -> None:
        """What was measured: the model is drawn to it, or takes it as it is."""
        for name in DRAWN:
            if name in self.pieces and not (name == "calcium" and "calcium_ionised" in self.pieces):
                key = "measured_ionised" if name == "calcium_ionised" else f"measured_{name}"
                p[P[key]], p[P[f"{key}_rate"]] = self._held(name, time), PULL
        albumin = self._held("albumin", time) if "albumin" in self.pieces else self.plasma.albumin
        p[P.albumin_ratio] = albumin / parameters.values("plasma")["albumin"]
        if "glomerular_filtration" in self.pieces:
            p[P.filtration_response] = 0.0  # what hypercalcaemia does to it is in the measurement
        if "ph" in self.pieces and "bicarbonate" in self.pieces:
            p[P.carbon_dioxide] = carbon_dioxide(p, self._held("bicarbonate", time), self._held("ph", time))
            p[P.carbon_dioxide_response] = 0.0

    def _pieces(self, name: str) -> tuple[Array, Array]:
        """Begins of the pieces of time [s] in which the model holds one measured value, and the values: of the curve in their middle."""
        series = self.series[name]
        if series.method == "step" or series.times.size == 1:
            return series.times, series.values
        edges = [np.linspace(a, b, PIECES, endpoint=False) for a, b in pairwise(series.times)]
        begins = np.concatenate([*edges, series.times[-1:]])
        middles = np.append(0.5 * (begins[1:] + begins[:-1]), begins[-1])
        return begins, np.asarray(series.at(middles))

    def _held(self, name: str, time: float) -> float:
        """The measured value of the piece of time that holds or begins at `time` [s]; the first one before that."""
        begins, values = self.pieces[name]
        return float(values[max(int(np.searchsorted(begins, time, side="right")) - 1, 0)])

    # --- through time ---------------------------------------------------------------------------------------------

    def advance(self, until: float) -> None:
        """Move to `until` [s], landing on every moment before it."""
        while self.time < until:
            later = self.moments[np.searchsorted(self.moments, self.time, side="right") :]
            target = min(until, float(later[0])) if later.size else until
            self._run(target)
            if target >= 0.0 and later.size and target == later[0]:
                self._happen(target)
                if target == until:
                    self._keep_still()

    def _run(self, until: float) -> None:
        """Steps to `until` with the parameters of now."""
        p = self.parameters(self.time)
        if self.plasma.meals and self.time >= 0.0:
            p[P.calcium_intake] = p[P.phosphate_intake] = 0.0  # they come as meals
        for number, element in enumerate(ELEMENTS):
            p[P[f"tissue_{element}"]] = self.uptake[number]
        status = body_steps.FULL
        while status == body_steps.FULL:
            knots = body_steps.knots(512)
            status, self.time, self.step, count = body_steps.advance(
                self.time, until, self.state, self.amount, p, self.scale, TOLERANCE, self.step, self.work, knots, 0
            )
            if status == body_steps.FULL:  # one more knot, so that the next chunk begins where this one ends
                body_steps.record(knots, count, self.time, self.state, self.amount)
                count += 1
            self.chunks.append(Chunk(body_steps.Knots(*(array[:count].copy() for array in knots)), p))
        if status == body_steps.FAILED:
            raise SolverError(self._why(p))
        self.step = FIRST_STEP

    def _keep_still(self) -> None:
        """Put the present state down as steps of no length, for looks at this very time."""
        knots = body_steps.knots(1)
        body_steps.record(knots, 0, self.time, self.state, self.amount)
        self.chunks.append(Chunk(knots, self.parameters(self.time)))

    def _why(self, p: Array) -> str:
        """Words for a body that could not be moved on."""
        out, flow = np.zeros((1, len(R))), np.zeros((1, len(F)))
        knots = body_steps.knots(1)
        knots.state[0] = self.state
        body_steps.look(knots, 1, np.array([self.time]), p, np.empty(len(S)), flow, out)
        calcium, phosphate = out[0, R.calcium], out[0, R.phosphate]
        return (
            f"the plasma model finds no step at day {self.time / DAY:g}: calcium {calcium:.3g}, phosphate {phosphate:.3g} mmol/L. "
            "Its levers ask for more than a body can hold: look for an intake of 0, a large uptake by tissues, or a measured value far "
            "from the others"
        )

    def _happen(self, time: float) -> None:
        """Doses and meals of this instant, booked as taken."""
        for one in self.doses.get(time, ()):
            oral = one.route == "oral"
            self._give(S.gut_calcium if oral else S.calcium, F.calcium_taken, one.calcium)
            self._give(S.gut_phosphate if oral else S.phosphate, F.phosphate_taken, one.phosphate)
            share = self.healthy[P.magnesium_absorbed_share] if oral else 1.0
            self._give(S.magnesium, F.magnesium_taken, share * one.magnesium)
        if time in self.meals:
            p = self.parameters(time)
            self._give(S.gut_calcium, F.calcium_taken, p[P.calcium_intake] * DAY / self.plasma.meals)
            self._give(S.gut_phosphate, F.phosphate_taken, p[P.phosphate_intake] * DAY / self.plasma.meals)

    def _give(self, pool: S, account: F, amount: float) -> None:
        self.state[pool] += amount
        self.amount[account] += amount

    # --- what was computed ----------------------------------------------------------------------------------------

    def look(self, times: Array) -> tuple[Array, Array]:
        """Reports (n, R) and flows [mol/s] (n, F) at ascending times [s] that have been passed; after a change at that very time."""
        out, flow = np.zeros((times.size, len(R))), np.zeros((times.size, len(F)))
        room = np.empty(len(S))
        if self.begins.size != len(self.chunks):
            self.begins = np.array([chunk.begin for chunk in self.chunks])
        begins = self.begins
        which = np.clip(np.searchsorted(begins, times, side="right") - 1, 0, len(self.chunks) - 1)
        for number in np.unique(which):
            chunk, rows = self.chunks[number], np.flatnonzero(which == number)
            block = slice(rows[0], rows[-1] + 1)
            body_steps.look(chunk.knots, chunk.knots.time.size, times[block], chunk.parameters, room, flow[block], out[block])
        return out, flow

    def times(self) -> Array:
        """Times of all accepted steps [s], ascending, each once."""
        return np.unique(np.concatenate([chunk.knots.time for chunk in self.chunks]))

    def pools(self) -> Array:
        """Calcium, phosphate and magnesium [mol] that the model holds now."""
        y, ratio = self.state, self.healthy[P.bone_phosphate_ratio]
        return np.array(
            [
                math.fsum((y[S.calcium], y[S.bone_calcium], y[S.gut_calcium], y[S.colloid])),
                math.fsum((y[S.phosphate], y[S.cell_phosphate], y[S.gut_phosphate], ratio * y[S.colloid])),
                math.fsum((y[S.magnesium], y[S.cell_magnesium])),
            ]
        )

    def ledger(self) -> Array:
        """Imbalance of calcium, phosphate and magnesium now, relative to what is held and what crossed the boundary."""
        parts = [self.amount[F.calcium_taken : F.phosphate_taken], self.amount[F.phosphate_taken : F.magnesium_taken]]
        parts.append(self.amount[F.magnesium_taken :])
        booked = np.array([math.fsum(part) for part in parts])
        gross = np.array([math.fsum(np.abs(part)) for part in parts])
        return np.abs(self.pools() - self.initial - booked) / (self.initial + gross)

    # --- checkpoints ----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, Array]:
        """All that is needed to go on from now."""
        return {
            "state": self.state.copy(), "amount": self.amount.copy(), "initial": self.initial.copy(), "uptake": self.uptake.copy(),
            "clock": np.array([self.time, self.step]),
        }  # fmt: skip

    def load(self, arrays: dict[str, Array]) -> None:
        """Go on from a checkpoint."""
        self.state[:], self.amount[:] = arrays["state"], arrays["amount"]
        self.initial, self.uptake = arrays["initial"].copy(), arrays["uptake"].copy()
        self.time, self.step = (float(value) for value in arrays["clock"])
        self.forget()

    def forget(self) -> None:
        """Drop what was computed so far; only later times can be looked at."""
        self.chunks.clear()
        self.begins = np.zeros(0)


def carbon_dioxide(p: Array, bicarbonate: float, ph: float) -> float:
    """pCO2 [atm] at which this bicarbonate [mol/m³] has this pH (BDY-3)."""
    return float(bicarbonate / (p[P.carbon_dioxide_solubility] * 10.0 ** (ph - APPARENT_PK1 + p[P.ph_offset])))

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
from calcisim.physics.body_names import F, P, R, S
from calcisim.scenario import labs
from calcisim.scenario.body import parameters_of
from calcisim.scenario.body_treatments import DAY, BodyTreatment, Dose, Haemodialysis, PlasmaChange

Array = np.ndarray
TOLERANCE = 1e-4  # relative, of one step; errors of a whole run stay below 1e-4 (tests/physics/test_body.py)
FIRST_STEP = 60.0  # s, after every change
EMPTY = 1e-6  # mol: the size by which the error of a pool is judged that is empty in health
PULL = 1.0 / 600.0  # 1/s: the model is held at a measured value against its own regulation, which takes hours; assumed
FIRST_MEAL, LAST_MEAL = 7.0 * 3600.0, 19.0 * 3600.0
ELEMENTS = ("calcium", "phosphate", "magnesium")
# Measured values that the model is drawn to, and those that it takes as they are.
DRAWN = ("calcium", "calcium_ionised", "phosphate", "magnesium", "bicarbonate", "pth", "calcitriol", "fgf23")
TAKEN = ("glomerular_filtration", "hydroxyvitamin_d")
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
    """The body of the [plasma] of a scenario, its treatments [BodyTreatment], and the end [s] up to which its moments are planned."""

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
        self.time, self.step = 0.0, FIRST_STEP
        self.chunks: list[Chunk] = []
        self.work = body_steps.work()
        self.series = labs.series(self.plasma.labs, self.plasma.interpolation) if self.plasma.labs else {}
        self.treatments = tuple(one for one in self.treatments if isinstance(one, BodyTreatment))
        dialysis = [one for one in self.treatments if isinstance(one, Haemodialysis)]
        sessions = ((session, one.during()) for one in dialysis for session in one.sessions(self.end))
        self.sessions = sorted(sessions, key=lambda pair: pair[0])
        self.session_begins = np.array([session.begin for session, _ in self.sessions])
        self.doses = self._doses()
        self.meals = set(self._meals())
        self.moments = self._moments()
        burn_in = self.plasma.burn_in if self.plasma.burn_in is not None or not self.series else SETTLING
        if burn_in:
            self.time = -float(burn_in)
            self._run(0.0)
            self.chunks.clear()
            self.amount[:] = 0.0
        self.initial = self.pools()
        self._happen(0.0)
        self.chunks.append(self._still())

    # --- what holds when ------------------------------------------------------------------------------------------

    def _moments(self) -> Array:
        """Times [s] after 0 at which something changes, ascending."""
        found = {time for one in self.treatments for time in one.moments(self.end)} | self.meals
        for name, series in self.series.items():
            if name in (*DRAWN, *TAKEN, "albumin"):
                found.update(float(a + (b - a) * k / PIECES) for a, b in pairwise(series.times) for k in range(1, PIECES + 1))
        return np.array(sorted(time for time in found if 0.0 < time <= self.end))

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
        levers = self.plasma.given()
        for one in self.treatments:
            if isinstance(one, PlasmaChange) and one.active(time):
                levers |= one.given()
        for name in TAKEN:
            if name in self.series:
                levers[name] = self._held(name, time)
        p = self.healthy.copy()
        for name, value in parameters_of(levers).items():
            p[P[name]] = value
        albumin = self._held("albumin", time) if "albumin" in self.series else self.plasma.albumin
        p[P.albumin_ratio] = albumin / parameters.values("plasma")["albumin"]
        last = int(np.searchsorted(self.session_begins, time, side="right")) - 1
        if last >= 0 and time < self.sessions[last][0].end:
            for name, value in self.sessions[last][1].items():
                p[P[name]] = value
        for name in DRAWN:
            if name in self.series:
                key = "measured_ionised" if name == "calcium_ionised" else f"measured_{name}"
                p[P[key]], p[P[f"{key}_rate"]] = self._held(name, time), PULL
        return p

    def _held(self, name: str, time: float) -> float:
        """The measured value for the piece of time that begins here: that of the straight line between two samples in its middle."""
        times, values = self.series[name].times, self.series[name].values
        k = int(np.searchsorted(times, time, side="right")) - 1
        if 0 <= k < times.size - 1:
            piece = (times[k + 1] - times[k]) / PIECES
            time = times[k] + (math.floor((time - times[k]) / piece * (1.0 + 1e-12)) + 0.5) * piece
        return float(np.interp(time, times, values))

    # --- through time ---------------------------------------------------------------------------------------------

    def advance(self, until: float) -> None:
        """Move to `until` [s], landing on every moment before it."""
        while self.time < until:
            later = self.moments[np.searchsorted(self.moments, self.time, side="right") :]
            target = min(until, float(later[0])) if later.size else until
            self._run(target)
            self._happen(target)

    def _run(self, until: float) -> None:
        """Steps to `until` with the parameters of now."""
        p = self.parameters(self.time)
        if self.plasma.meals:
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
                _close(knots, count, self.time, self.state, self.amount, p)
                count += 1
            self.chunks.append(Chunk(body_steps.Knots(*(array[:count].copy() for array in knots)), p))
        if status == body_steps.FAILED:
            raise SolverError(self._why(p))
        self.step = FIRST_STEP

    def _still(self) -> Chunk:
        """The present state as steps of no length, for looks before the first one."""
        knots = body_steps.knots(1)
        p = self.parameters(self.time)
        _close(knots, 0, self.time, self.state, self.amount, p)
        return Chunk(knots, p)

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
        begins = np.array([chunk.begin for chunk in self.chunks])
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
        self.chunks.clear()


def _close(knots: body_steps.Knots, count: int, time: float, state: Array, amount: Array, p: Array) -> None:
    """Put the present state down as the last knot."""
    from calcisim.physics.body import rates

    slope, flow = np.zeros(len(S)), np.zeros(len(F))
    rates(state, p, slope, flow)
    body_steps.record(knots, count, time, state, slope, amount)

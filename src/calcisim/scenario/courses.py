"""Courses of treatment: how regularly something is taken, in which turns, and how far a dose moves what it acts on."""

import math
from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import model_validator

from calcisim import parameters, units
from calcisim.scenario.fields import LONGEST, Quantity, Share, wrong
from calcisim.scenario.treatments import FACTORS, Levers, Treatment

# Turns are of whole days at least, because doses are: no more than 73 051 changes in the longest run.
Turn = Annotated[float, Quantity("time", "1 day", LONGEST, why="a course is of days; give less at a time instead")]
DoseRate = Annotated[float, Quantity("mass_rate", "0 g/day", "100 g/day")]


def graded(dose: float, largest: float, half: float) -> float:
    """TRT-2. Factor on a lever: f = 1 + E d/(d + D), E the largest change, D the dose of half of it [kg/s].

    Source: definition, the Emax law of pharmacology with a Hill exponent of 1; constants in data/treatments.toml.
    """
    return 1.0 + largest * dose / (dose + half) if dose > 0.0 else 1.0


def adhered(factor: float, adherence: float) -> float:
    """TRT-3. Factor when only the share a of the doses is taken: 1 − a (1 − f). Source: derivation, the mean over many days."""
    return 1.0 - adherence * (1.0 - factor)


class Course(Treatment):
    """A treatment of people: `adherence` is the share of days on which it is taken; with `on` and `off` [s] it is given in turns.

    The turns begin at start and come again until stop: `on` with it, `off` without. Both are written, or neither.
    """

    adherence: Share = 1.0
    on: Turn | None = None
    off: Turn | None = None

    @model_validator(mode="after")
    def _turns(self) -> "Course":
        if (self.on is None) != (self.off is None):
            missing, there = ("off", "on") if self.off is None else ("on", "off")
            raise wrong(f"{missing} is missing: {there} is one half of a cycle", f"write {missing} too, or leave {there} out", missing)
        return self

    def _end(self) -> float:
        return math.inf if self.stop is None else self.stop

    def begun(self, t: float) -> float | None:
        """Begin [s] of the turn that holds at time t [s], None where nothing is given."""
        if not self.start <= t < self._end():
            return None
        if self.on is None or self.off is None:
            return self.start
        number = math.floor((t - self.start) / (self.on + self.off))
        for count in (number + 1, number, number - 1):  # rounding may put t beside the turn that `edges` says it begins
            begin = self.start + count * (self.on + self.off)
            if count >= 0 and begin <= t:
                return begin if t < begin + self.on else None
        return None

    def active(self, t: float) -> bool:
        """True in the turns in which it is given."""
        return self.begun(t) is not None

    def edges(self) -> tuple[float, ...]:
        return self.changes()

    def changes(self) -> tuple[float, ...]:
        """Times [s] at which it begins or ends, up to stop or as long as a run can last."""
        if self.on is None or self.off is None:
            return (self.start,) if self.stop is None else (self.start, self.stop)
        last = units.parse(LONGEST, "time") if self.stop is None else self.stop
        found: list[float] = []
        count = 0
        while (begin := self.start + count * (self.on + self.off)) < last:
            found += [begin, min(begin + self.on, last)]
            count += 1
        return tuple(found)

    def clashes(self, other: Treatment) -> bool:
        """True for the same kind in one place; what acts everywhere also acts there."""
        return self.kind == other.kind and (self.site == other.site or None in (self.site, other.site))

    def row(self, name: str) -> float:
        """A number of this kind in data/treatments.toml."""
        return parameters.tables("treatments")[self.kind][name].value

    def graded_by(self, lever: str, dose: float) -> float:
        """Factor on a lever for a dose [kg/s], with the adherence."""
        rows = parameters.tables("treatments")[self.kind]
        half = rows.get(f"{lever}_half_dose", rows.get("half_dose"))
        assert half is not None  # every kind with graded levers has one
        return adhered(graded(dose, rows[lever].value, half.value), self.adherence)


class Drug(Course):
    """A drug by its dose [kg/s] for a person of 70 kg: an animal gets the same per body mass. Its levers are those of `moves` (TRT-2).

    Without a site it acts everywhere; with one, only there, as an injection into a lesion.
    """

    dose: DoseRate

    def factors(self, names: Iterable[str]) -> dict[str, float]:
        """Factors on these levers or keys of the body for its dose."""
        return {name: self.graded_by(name, self.dose) for name in names}

    def on_tissue(self) -> dict[str, float]:
        """Factors on the levers of a site."""
        return self.factors(name for name in self.moves if name in FACTORS)

    def share(self) -> float:
        """Share of the largest effect that its dose has, a d/(d + D), of what is added and not multiplied."""
        return adhered(graded(self.dose, 1.0, self.row("half_dose")), self.adherence) - 1.0

    def levers(self, t: float) -> Levers:
        if not self.active(t):
            return Levers()
        return Levers(drug=self.kind, **self.on_tissue())


def staircase(time: float, onset: float) -> float:
    """TRT-4. Slow onset: 1 − exp(−t/τ), as a staircase of steps of τ/2 at the value of their middle; 1 after 4 τ, 0 before 0.

    Source: derivation, one compartment between the drug and what it does.
    """
    if time < 0.0:
        return 0.0
    step = math.floor(2.0 * time / onset + 1e-9)
    return 1.0 - math.exp(-0.5 * (step + 0.5)) if step < SlowDrug.STEPS else 1.0


class SlowDrug(Drug):
    """A drug whose effect comes and goes over months (TRT-4, row `onset`). It has no turns."""

    STEPS: ClassVar[int] = 8

    @model_validator(mode="after")
    def _no_turns(self) -> "SlowDrug":
        if self.on is not None:
            raise wrong("its effect lasts longer than a turn", "write the mean dose, and start and stop", "on")
        return self

    def presence(self, t: float) -> float:
        """Share of the effect of a steady dose that is there at time t [s]."""
        onset = self.row("onset")
        reached = staircase(t - self.start, onset)
        if t < self._end():
            return reached
        return staircase(self._end() - self.start, onset) * (1.0 - staircase(t - self._end(), onset))

    def levers(self, t: float) -> Levers:
        share = self.presence(t)
        if share <= 0.0:
            return Levers()
        return Levers(drug=self.kind, **{name: adhered(one, share) for name, one in self.on_tissue().items()})

    def edges(self) -> tuple[float, ...]:
        """Begin of every step of the staircases."""
        half = 0.5 * self.row("onset")
        steps = [self.start + number * half for number in range(self.STEPS + 1)]
        if self.stop is not None:
            steps = [time for time in steps if time < self.stop] + [self.stop + number * half for number in range(self.STEPS + 1)]
        return tuple(steps)

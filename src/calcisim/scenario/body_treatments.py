"""Treatments of the body: other intakes and drugs for a time, haemodialysis, and single doses. They need the body model."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import PlainValidator, model_validator

from calcisim.scenario.body import BodyEffect, BodyLevers
from calcisim.scenario.errors import nearest
from calcisim.scenario.fields import Duration, Quantity, wrong
from calcisim.scenario.treatments import TREATMENTS, Levers, Treatment

DAY, WEEK = 86400.0, 604800.0
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class OnBody(Treatment):
    """A treatment that moves keys of the body model, where the plasma is computed; nothing of it is felt where the plasma is constant.

    already: it went on before day 0, through the burn-in of the body (only where it starts at 0).
    """

    already: bool = False

    @model_validator(mode="after")
    def _before(self) -> "OnBody":
        if self.already and self.start > 0.0:
            raise wrong("what starts later did not go on before day 0", "leave already out, or start", "already")
        return self

    def effect(self, t: float) -> BodyEffect:
        """What it does to the body while it acts, at time t [s]."""
        return BodyEffect()

    def on_body(self, t: float) -> BodyEffect:
        """What it does to the body at time t [s], before day 0 too; nothing out of its time, or where it acts on one site alone."""
        now = max(t, 0.0) if self.already else t
        return self.effect(now) if self.site is None and self.active(now) else BodyEffect()

    def moments(self, end: float) -> Iterator[float]:
        """Times [s] in [0, end] at which it begins, ends or gives something; the body model lands on them."""
        yield from (time for time in self.edges() if time <= end)


class BodyTreatment(OnBody):
    """A treatment of the whole body: it has no site and moves nothing in a site by itself."""

    @model_validator(mode="after")
    def _whole_body(self) -> "BodyTreatment":
        if self.site is not None:
            raise wrong("this treatment acts on the whole body", "leave site out", "site")
        return self

    def levers(self, t: float) -> Levers:
        """Nothing that a site feels directly."""
        return Levers()

    def edges(self) -> tuple[float, ...]:
        """No jump in a site: the plasma around it follows smoothly."""
        return ()

    @abstractmethod
    def moments(self, end: float) -> Iterator[float]:
        """Times [s] in [0, end] at which it begins, ends or gives something; the body model lands on them."""


@TREATMENTS.add("plasma")
class PlasmaChange(BodyTreatment, BodyLevers):
    """Other keys of [plasma] from start to stop: a diet, a drug, an operation (parathyroid_remnant), the end of a supplement."""

    evidence = "none: that of what its keys stand for"
    moves = tuple(BodyLevers.model_fields)
    kind: Literal["plasma"]

    @model_validator(mode="after")
    def _something(self) -> "PlasmaChange":
        if not self.given():
            raise wrong("it changes nothing", "write at least one key of the body model, for example phosphate_intake", "kind")
        return self

    def moments(self, end: float) -> Iterator[float]:
        """Start and stop."""
        yield from (time for time in (self.start, self.stop) if time is not None and time <= end)

    def effect(self, t: float) -> BodyEffect:
        """Its keys instead of those of [plasma]."""
        return BodyEffect(settings={key: (value, 1.0) for key, value in self.given().items()})

    def clashes(self, other: Treatment) -> bool:
        """True when both set the same key."""
        return isinstance(other, PlasmaChange) and bool(self.given().keys() & other.given().keys())


def _weekdays(raw: object) -> tuple[str, ...]:
    """Names of days, each once, in the order of the week."""
    if not isinstance(raw, (list, tuple)) or not raw:
        raise wrong('a list of weekdays is needed, for example ["Mon", "Wed", "Fri"]')
    for number, day in enumerate(raw):
        if day not in WEEKDAYS:
            raise wrong(f"there is no weekday {str(day)[:20]!r}", nearest(str(day)[:20], WEEKDAYS, "weekdays: "))
        if day in raw[:number]:
            raise wrong(f"{day} is there twice: two sessions would overlap", "each day has one session at most")
    return tuple(day for day in WEEKDAYS if day in raw)


class Session(NamedTuple):
    """Begin and end of one dialysis [s]."""

    begin: float
    end: float


@TREATMENTS.add("haemodialysis")
class Haemodialysis(BodyTreatment):
    """Sessions on weekdays at an hour of the day (day 0 is a Monday), each as long as `length`; clearances and what the dialysate holds.

    Clearance of phosphate 160 +- 14 mL/min (daugirdas2016); that of bicarbonate is effective: 50 mL/min leave 23 mmol/L before a session.
    """

    cite = ("daugirdas2016", "cofan1999", "kim2014")
    evidence = "B cohort or series: uraemic masses that went away"
    kind: Literal["haemodialysis"]
    weekdays: Annotated[tuple[str, ...], PlainValidator(_weekdays)] = ("Mon", "Wed", "Fri")
    hour: Annotated[float, Quantity("time", "0 h", "23.99 h")] = 8.0 * 3600.0
    length: Annotated[float, Quantity("time", "0.5 h", "12 h")] = 4.0 * 3600.0  # so that no session meets that of the next day
    phosphate_clearance: Annotated[float, Quantity("clearance", "0 mL/min", "500 mL/min")] = 160e-6 / 60.0
    calcium_clearance: Annotated[float, Quantity("clearance", "0 mL/min", "500 mL/min")] = 120e-6 / 60.0
    magnesium_clearance: Annotated[float, Quantity("clearance", "0 mL/min", "500 mL/min")] = 120e-6 / 60.0
    bicarbonate_clearance: Annotated[float, Quantity("clearance", "0 mL/min", "500 mL/min")] = 50e-6 / 60.0
    dialysate_calcium: Annotated[float, Quantity("concentration", "0 mmol/L", "4 mmol/L", "calcium")] = 1.25
    dialysate_magnesium: Annotated[float, Quantity("concentration", "0 mmol/L", "4 mmol/L", "magnesium")] = 0.5
    dialysate_bicarbonate: Annotated[float, Quantity("concentration", "10 mmol/L", "45 mmol/L", "bicarbonate")] = 33.0

    def clashes(self, other: Treatment) -> bool:
        """True when both have a session on one weekday; sessions are too short to reach into the next day's."""
        return isinstance(other, Haemodialysis) and bool(set(self.weekdays) & set(other.weekdays))

    def sessions(self, end: float, before: float = 0.0) -> Iterator[Session]:
        """All sessions from start to stop, up to `end` [s]; of one that went on already also those of the time `before` day 0 [s]."""
        last = min(end, math.inf if self.stop is None else self.stop)
        first = -before if self.already else self.start
        week = math.floor(first / WEEK)
        while week * WEEK <= last:
            for day in self.weekdays:
                begin = week * WEEK + WEEKDAYS.index(day) * DAY + self.hour
                if first <= begin < last:
                    yield Session(begin, min(begin + self.length, last))
            week += 1

    def moments(self, end: float) -> Iterator[float]:
        """Begin and end of every session."""
        for session in self.sessions(end):
            yield from session

    def during(self) -> dict[str, float]:
        """Parameters of the body model in a session."""
        return {
            "dialysed_phosphate": self.phosphate_clearance,
            "dialysed_calcium": self.calcium_clearance,
            "dialysed_magnesium": self.magnesium_clearance,
            "dialysed_bicarbonate": self.bicarbonate_clearance,
            "dialysate_calcium": self.dialysate_calcium,
            "dialysate_magnesium": self.dialysate_magnesium,
            "dialysate_bicarbonate": self.dialysate_bicarbonate,
        }


@TREATMENTS.add("dose")
class Dose(BodyTreatment):
    """Amounts [mol] given at once, by mouth or into a vein, at start and then every so often until stop."""

    evidence = "none: that of what is given"
    kind: Literal["dose"]
    route: Literal["oral", "intravenous"] = "oral"
    every: Duration | None = None
    calcium: Annotated[float, Quantity("amount", "0 mmol", "200 mmol", "calcium")] = 0.0
    phosphate: Annotated[float, Quantity("amount", "0 mmol", "500 mmol", "phosphate")] = 0.0
    magnesium: Annotated[float, Quantity("amount", "0 mmol", "200 mmol", "magnesium")] = 0.0

    @model_validator(mode="after")
    def _something(self) -> "Dose":
        if self.calcium + self.phosphate + self.magnesium == 0.0:
            raise wrong("nothing is given", 'write an amount, for example phosphate = "45 mmol"', "kind")
        if self.stop is not None and self.every is None:
            raise wrong("a single dose has no stop", "write every for repeated doses", "stop")
        return self

    def moments(self, end: float) -> Iterator[float]:
        """When it is given."""
        last = min(end, math.inf if self.stop is None else self.stop)
        count = 0
        while (time := self.start + count * (self.every or 0.0)) <= last:
            yield time
            if self.every is None:
                return
            count += 1

    def clashes(self, other: Treatment) -> bool:
        """Doses add up."""
        return False

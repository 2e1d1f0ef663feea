"""What happens at a moment. An event is one class: its fields are the TOML keys; the simulation acts on it when it lands on `at`."""

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import PlainValidator, model_validator

from calcisim import parameters
from calcisim.scenario.fields import Duration, Moment, Quantity, Registry, Share, Table, wrong
from calcisim.scenario.fluids import Medium
from calcisim.scenario.regions import Name, Region, place

EVENTS = Registry("event", "kind")


def _place(raw: object) -> Any:
    return place(raw, "an event")


Place = Annotated[str | Region, PlainValidator(_place)]


class Event(Table):
    """kind, the site it happens in, and the time [s]."""

    kind: str
    site: Name
    at: Moment
    region: Place | None = None

    def moments(self, end: float) -> tuple[float, ...]:
        """Times [s] up to `end` at which it happens."""
        return (self.at,) if self.at <= end else ()


@EVENTS.add("excise")
class Excise(Event):
    """Surgery: removes the share `completeness` of mineral, particles and nucleators and books it.

    target: what is cut, a region, the largest clump in the site (or in `region`), or all of them; margin [m] around it;
    by_size: what stays behind also grows with the diameter and the lobules of the mass (SUR-1);
    bed: what becomes of the place. "void": the tissue is gone and nothing grows there; "scar": the nidus is gone too (laid open and worn
    collagen, debris, giant cells), the wound closes to a scar (SUR-2); "left": only mineral is taken and the bed stays as it was, with
    the wound of the cut. The last two need living tissue, local_biology.
    """

    kind: Literal["excise"]
    target: Literal["region", "largest", "all"] = "region"
    margin: Annotated[float, Quantity("length", "0 mm", "10 cm")] = 0.0
    completeness: Share = 1.0
    by_size: bool = False
    bed: Literal["void", "scar", "left"] = "void"

    @model_validator(mode="after")
    def _where(self) -> "Excise":
        if self.target == "region" and self.region is None:
            raise wrong("is missing", 'name a region, or write target = "largest" or "all"', "region")
        return self


class Repeated(Event):
    """An injury that may come again and again until `until` (or the end): `every` so often, or irregularly with that mean interval.

    irregular: the intervals are drawn from an exponential distribution by the seed of the run, so that times differ between seeds.
    """

    every: Duration | None = None
    until: Moment | None = None
    irregular: bool = False

    @model_validator(mode="after")
    def _repeated(self) -> "Repeated":
        if self.until is not None and (self.every is None or self.until <= self.at):
            raise wrong("until is the end of an injury that comes again", "write every, and until after at", "until")
        if self.irregular and self.every is None:
            raise wrong("only what comes again can come irregularly", "write every, the mean interval", "irregular")
        return self

    def moments(self, end: float) -> tuple[float, ...]:
        """`at`, and every so often after it; of irregular ones only those that no seed moves, which is none."""
        if self.irregular:
            return ()
        last = min(end, end if self.until is None else self.until)
        count = 1 if self.every is None else math.floor((last - self.at) / self.every * (1.0 + 1e-12)) + 1
        return tuple(self.at + number * (self.every or 0.0) for number in range(max(count, 0)) if self.at <= end)

    def drawn(self, end: float, uniform: Callable[[int], float]) -> tuple[float, ...]:
        """Times [s] up to `end` of irregular ones after `at`: gaps −every ln u of the uniform numbers u that `uniform(count)` gives."""
        assert self.every is not None
        last = min(end, end if self.until is None else self.until)
        found: list[float] = []
        time = self.at - self.every * math.log(uniform(0))
        while time <= last and len(found) < MOST_REPEATS:
            found.append(time)
            time -= self.every * math.log(uniform(len(found)))
        return tuple(found)


MOST_REPEATS = 100_000
MOST_OF_BOTH = 8.0  # mol/m³


@EVENTS.add("expose")
class Expose(Repeated):
    """Injury: the share `fraction` of the collagen surface falls to the state `s`; it closes with the time constant `healing` [s].

    Without `healing` it stays open for ever. With `every` it comes again and again until `until` (or the end), as microtrauma at a joint.
    """

    kind: Literal["expose"]
    fraction: Share
    s: Share
    healing: Duration | None = None


class Damage(NamedTuple):
    """What an injury does at once: share of collagen laid open, its state, time constant of closing [s], sites on debris [1/m³],
    inflammation that is set off, share of the vessels that is lost."""

    fraction: float
    state: float
    healing: float
    debris: float
    inflammation: float
    vessels_lost: float

    def times(self, share: float) -> "Damage":
        """A part of it, or less severe: all but the state and the healing of what is open."""
        scaled = ("fraction", "debris", "inflammation", "vessels_lost")
        return self._replace(**{name: getattr(self, name) * share for name in scaled})


def usual(kind: str) -> Damage:
    """What an injury of this kind does at severity 1: its rows in data/injuries.toml."""
    return Damage(**{name: float(row.value) for name, row in parameters.tables("injuries")[kind].items()})


class Injury(Repeated):
    """An injury of living tissue, by kind; what is left out is that of data/injuries.toml, times `severity` (0 to 1; not the state).

    fraction, s, healing [s]: as of `expose`; debris: of dead cells [1/m³]; inflammation that it sets off (0 to 1); vessels_lost: share of
    the perfusion that is gone until vessels grow back.
    """

    severity: Share = 1.0
    fraction: Share | None = None
    s: Share | None = None
    healing: Duration | None = None
    debris: Annotated[float, Quantity("per_volume", "0 1/m3", "1e21 1/m3")] | None = None
    inflammation: Share | None = None
    vessels_lost: Share | None = None

    def damage(self) -> Damage:
        """What it does, with the rows of its kind for what is not written."""
        written = {name: getattr(self, "s" if name == "state" else name) for name in Damage._fields}
        return usual(self.kind)._replace(**{name: value for name, value in written.items() if value is not None}).times(self.severity)


@EVENTS.add("trauma")
class Trauma(Injury):
    """A blunt or sharp injury of which tissue recovers."""

    kind: Literal["trauma"]


@EVENTS.add("necrosis")
class Necrosis(Injury):
    """Freezing or a toxin: all cells of the region are dead."""

    kind: Literal["necrosis"]


@EVENTS.add("burn")
class Burn(Injury):
    """Heat: collagen is denatured, cells are dead, vessels closed."""

    kind: Literal["burn"]


@EVENTS.add("incision")
class Incision(Injury):
    """A clean cut."""

    kind: Literal["incision"]


@EVENTS.add("injection")
class Injection(Injury):
    """A needle and what it brings: calcium and phosphate that are added to the fluid of the region [mol/m³ of tissue], as salts of ions
    that do not buffer (gluconate, sodium with half of it HPO4: the alkalinity of phosphate comes with it)."""

    kind: Literal["injection"]
    calcium: Annotated[float, Quantity("concentration", "0 mmol/L", "100 mmol/L", "calcium")] = 0.0
    phosphate: Annotated[float, Quantity("concentration", "0 mmol/L", "100 mmol/L", "phosphate")] = 0.0

    @model_validator(mode="after")
    def _clear(self) -> "Injection":
        if min(self.calcium, self.phosphate) > MOST_OF_BOTH:
            message = f"more than {MOST_OF_BOTH:g} mmol/L of calcium and of phosphate are a paste and no solution"
            raise wrong(message, "inject one of them, or less of both", "calcium")
        return self


@EVENTS.add("microtrauma")
class Microtrauma(Injury):
    """What a joint or a pressed finger suffers again and again; scars are spared."""

    kind: Literal["microtrauma"]


@EVENTS.add("implantation")
class Implantation(Injury):
    """A device is put in: the pocket, the tissue within `pocket` [m] of its region, is injured; the device itself is not.

    Surface, state and fixation are those of the material that is painted there.
    """

    kind: Literal["implantation"]
    region: Place
    pocket: Annotated[float, Quantity("length", "0.01 mm", "5 cm")] = 1e-3


@EVENTS.add("vasculopathy")
class Vasculopathy(Injury):
    """Vessels that fail for good, with small infarcts: from `at` on the share `perfusion_left` of the blood flow is left."""

    kind: Literal["vasculopathy"]
    perfusion_left: Annotated[float, Quantity("number", "0.01", "1")] = 0.5


@EVENTS.add("change-medium")
class ChangeMedium(Event):
    """A test solution is renewed: the share `share` of the fluid of a site is poured off, with what floats in it, and replaced.

    medium: what is poured in; without it, the scenario's own medium as it was at the start. Mineral on the substrate stays.
    """

    kind: Literal["change-medium"]
    share: Share = 1.0
    medium: Medium | None = None

    @model_validator(mode="after")
    def _whole(self) -> "ChangeMedium":
        if self.region is not None:
            raise wrong("a medium is changed in the whole site", "leave region out; share says how much of the fluid goes", "region")
        if self.share == 0.0:
            raise wrong("a share of 0 changes nothing", "remove the event, or write a share above 0", "share")
        return self

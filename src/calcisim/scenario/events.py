"""What happens at a moment. An event is one class: its fields are the TOML keys; the simulation acts on it when it lands on `at`."""

import math
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, model_validator

from calcisim.scenario.fields import Duration, Moment, Registry, Share, Table, wrong
from calcisim.scenario.fluids import Medium
from calcisim.scenario.regions import REGIONS, Name, Region, identifier

EVENTS = Registry("event", "kind")


def _place(raw: object) -> Any:
    """The name of a region of the site, or a shape of its own."""
    if isinstance(raw, str):
        return identifier(raw)
    region: Any = REGIONS.read(raw)
    for key in ("material", "assay", "override", "name", "role"):
        if key in region.model_fields_set:
            raise wrong("the region of an event is only a shape", "paint materials with [[site.region]]", key)
    return region


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
    """Surgery: removes the share `completeness` of mineral, particles and nucleators in a region and books it."""

    kind: Literal["excise"]
    region: Place
    completeness: Share = 1.0


@EVENTS.add("expose")
class Expose(Event):
    """Injury: the share `fraction` of the collagen surface falls to the state `s`; it closes with the time constant `healing` [s].

    Without `healing` it stays open for ever. With `every` it comes again and again until `until` (or the end), as microtrauma at a joint.
    """

    kind: Literal["expose"]
    fraction: Share
    s: Share
    healing: Duration | None = None
    every: Duration | None = None
    until: Moment | None = None

    @model_validator(mode="after")
    def _repeated(self) -> "Expose":
        if self.until is not None and (self.every is None or self.until <= self.at):
            raise wrong("until is the end of an injury that comes again", "write every, and until after at", "until")
        return self

    def moments(self, end: float) -> tuple[float, ...]:
        """`at`, and every so often after it."""
        last = min(end, end if self.until is None else self.until)
        count = 1 if self.every is None else math.floor((last - self.at) / self.every * (1.0 + 1e-12)) + 1
        return tuple(self.at + number * (self.every or 0.0) for number in range(max(count, 0)) if self.at <= end)


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

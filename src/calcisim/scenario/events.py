"""What happens at a moment. An event is one class: its fields are the TOML keys; the simulation acts on it when it lands on `at`."""

from typing import Annotated, Any, Literal

from pydantic import PlainValidator

from calcisim.scenario.fields import Duration, Moment, Registry, Share, Table, wrong
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


@EVENTS.add("excise")
class Excise(Event):
    """Surgery: removes the share `completeness` of mineral, particles and nucleators in a region and books it."""

    kind: Literal["excise"]
    region: Place
    completeness: Share = 1.0


@EVENTS.add("expose")
class Expose(Event):
    """Injury: the share `fraction` of the collagen surface falls to the state `s`; it closes with the time constant `healing` [s].

    Without `healing` it stays open for ever.
    """

    kind: Literal["expose"]
    fraction: Share
    s: Share
    healing: Duration | None = None

"""Treatments. A new one is one class here: its fields are its TOML keys, `levers` says what it moves.

The model never asks which drug it is: it sees only the levers, which add up over the treatments of a site.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import PlainValidator, model_validator

from calcisim import parameters
from calcisim.scenario.errors import nearest
from calcisim.scenario.fields import Moment, Quantity, Registry, Table, wrong
from calcisim.scenario.regions import Name

TREATMENTS = Registry("treatment", "kind")
DRUGS = ("etidronate",)  # rows of data/inhibitors.toml that are absent in health


class Levers(NamedTuple):
    """What treatments may move; the defaults change nothing.

    nucleation_coverage: added to the sum over inhibitors in P, already weighted against the healthy ones, before `access_drug`;
    growth_affinity: K c added to the competitive sum of growth coverage, before `access_drug`;
    drug, concentration [mol/m3]: for the report.
    """

    nucleation_coverage: float = 0.0
    growth_affinity: float = 0.0
    drug: str = ""
    concentration: float = 0.0


class Treatment(Table, ABC):
    """kind, and the time from start to stop [s] in which it acts. `cite`: keys of the bibliography."""

    cite: ClassVar[tuple[str, ...]] = ()
    kind: str
    site: Name | None = None
    start: Moment = 0.0
    stop: Moment | None = None

    @model_validator(mode="after")
    def _order(self) -> "Treatment":
        if self.stop is not None and self.stop <= self.start:
            raise wrong("stop must be after start", "leave stop out for a treatment that goes on", "stop")
        return self

    def active(self, t: float) -> bool:
        """True from start to just before stop."""
        return bool(self.start <= t < (math.inf if self.stop is None else self.stop))

    def clashes(self, other: "Treatment") -> bool:
        """True when both cannot act on one place at the same time."""
        return (self.kind, self.site, getattr(self, "drug", "")) == (other.kind, other.site, getattr(other, "drug", ""))

    @abstractmethod
    def levers(self, t: float) -> Levers:
        """What it moves at time t [s]."""

    def edges(self) -> tuple[float, ...]:
        """Times [s] at which its levers jump; the time step lands on them."""
        return (self.start,) if self.stop is None else (self.start, self.stop)


def _drug(raw: object) -> str:
    if raw not in DRUGS:
        raise wrong(f"there is no drug {str(raw)[:40]!r}", nearest(str(raw)[:40], DRUGS, "drugs: "))
    return str(raw)


@TREATMENTS.add("local-inhibitor")
class LocalInhibitor(Treatment):
    """A drug released at the site, at a steady concentration in its fluid: raises the nucleation barrier and covers growth sites.

    Coverage in nucleation: w/Σw_healthy · c/(c + K_i); in growth: K c. Evidence: a local release of etidronate lowers the calcium of
    fixed pericardium from 120 to 4.5 µg/mg in 21 days (golomb1990).
    """

    cite = ("golomb1990",)
    kind: Literal["local-inhibitor"]
    site: Name
    drug: Annotated[str, PlainValidator(_drug)] = "etidronate"
    concentration: Annotated[float, Quantity("concentration", "0 mmol/L", "10 mmol/L", analyte="etidronate")]

    def levers(self, t: float) -> Levers:
        if not self.active(t):
            return Levers()
        rows = parameters.tables("inhibitors")
        own = rows[self.drug]
        healthy = sum(row["nucleation_weight"].value for name, row in rows.items() if name not in DRUGS)
        coverage = own["nucleation_weight"].value / healthy * self.concentration / (self.concentration + own["half_coverage"].value)
        return Levers(coverage, own["growth_affinity"].value * self.concentration, self.drug, self.concentration)


def combined(treatments: Iterable[Any], t: float, site: str) -> Levers:
    """The levers of all treatments that act on this site at time t [s]; numbers add up."""
    total = Levers()
    for one in treatments:
        if one.site in (None, site):
            more = one.levers(t)
            names = ", ".join(name for name in (total.drug, more.drug) if name)
            total = Levers(
                total.nucleation_coverage + more.nucleation_coverage,
                total.growth_affinity + more.growth_affinity,
                names,
                total.concentration + more.concentration,
            )
    return total

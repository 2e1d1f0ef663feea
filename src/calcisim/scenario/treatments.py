"""Treatments. A new one is one class here: its fields are its TOML keys, `levers` says what it moves.

The model never asks which drug it is: it sees only the levers, which add up or multiply over the treatments of a site.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import PlainValidator, model_validator

from calcisim import parameters, units
from calcisim.scenario.errors import nearest
from calcisim.scenario.fields import Moment, Quantity, Registry, Table, wrong
from calcisim.scenario.regions import Name

TREATMENTS = Registry("treatment", "kind")
DRUGS = ("etidronate", "aluminium", "thiosulfate")  # rows of data/inhibitors.toml that are absent in health
# Grades of evidence for an effect on calcification in patients; the text behind a grade says what it rests on.
GRADES = ("A randomised", "B cohort or series", "C cases", "D mechanism only", "none")


class Levers(NamedTuple):
    """What treatments may move; the defaults change nothing.

    nucleation_coverage: added to the sum over inhibitors in P, already weighted against the healthy ones, before `access_drug`;
    growth_affinity: K c added to the competitive sum of growth coverage, before `access_drug`;
    drug, concentration [mol/m3]: for the report; pyrophosphate [mol/m³]: added to that of the plasma, and split by the tissue like it.
    The others are factors: growth: speed of crystal growth (pro-mineral Gla pool); mgp: carboxylated share of matrix Gla protein against
    health, 0 to 1; fibrin: scaffold in wounds and inflamed tissue; inflammasome: what crystals and injuries set off, and leukocytes that
    come; prostaglandin: the COX branch of inflammation; immune: autoimmune drive; opening: how fast inflammation lays collagen open
    (metalloproteinases); necrosis: cells that die of an injury; perfusion: blood flow; hydrolysis: of pyrophosphate, by TNAP; uptake:
    appetite of macrophages; resorption: giant cells.
    """

    nucleation_coverage: float = 0.0
    growth_affinity: float = 0.0
    drug: str = ""
    concentration: float = 0.0
    pyrophosphate: float = 0.0
    growth: float = 1.0
    mgp: float = 1.0
    fibrin: float = 1.0
    inflammasome: float = 1.0
    prostaglandin: float = 1.0
    immune: float = 1.0
    opening: float = 1.0
    necrosis: float = 1.0
    perfusion: float = 1.0
    hydrolysis: float = 1.0
    uptake: float = 1.0
    resorption: float = 1.0


FACTORS = Levers._fields[5:]  # the levers that multiply


class Treatment(Table, ABC):
    """kind, and the time from start to stop [s] in which it acts.

    `cite`: keys of the bibliography; `evidence`: a grade of GRADES and what it rests on; `moves`: the levers and the keys of the body
    model that it may move, for the page of treatments.
    """

    cite: ClassVar[tuple[str, ...]] = ()
    evidence: ClassVar[str] = ""
    moves: ClassVar[tuple[str, ...]] = ()
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


def drug_coverage(drug: str, concentration: float) -> tuple[float, float]:
    """TRT-1. What a drug at c [mol/m³] adds: to the coverage in nucleation w/Σw_healthy · c/(c + K_i), to that in growth K c.

    Source: data/inhibitors.toml.
    """
    rows = parameters.tables("inhibitors")
    own = rows[drug]
    healthy = sum(row["nucleation_weight"].value for name, row in rows.items() if name not in DRUGS)
    coverage = own["nucleation_weight"].value / healthy * concentration / (concentration + own["half_coverage"].value)
    return coverage, own["growth_affinity"].value * concentration


def _drug(raw: object) -> str:
    if raw not in DRUGS:
        raise wrong(f"there is no drug {str(raw)[:40]!r}", nearest(str(raw)[:40], DRUGS, "drugs: "))
    return str(raw)


@TREATMENTS.add("local-inhibitor")
class LocalInhibitor(Treatment):
    """A drug released at the site, at a steady concentration in its fluid: raises the nucleation barrier and covers growth sites.

    Coverage by TRT-1. Evidence: a local release of etidronate lowers the calcium of fixed pericardium from 120 to 4.5 µg/mg in 21 days
    (golomb1990).
    """

    cite = ("golomb1990",)
    evidence = "D mechanism only: implants in rats"
    moves = ("nucleation_coverage", "growth_affinity")
    kind: Literal["local-inhibitor"]
    site: Name
    drug: Annotated[str, PlainValidator(_drug)] = "etidronate"
    concentration: Annotated[float, Quantity("concentration", "0 mmol/L", "100 mmol/L", analyte="etidronate")]

    @model_validator(mode="before")
    @classmethod
    def _own_mass(cls, data: Any) -> Any:
        """A concentration by mass is of the drug that is named, each with its molar mass."""
        text = data.get("concentration") if isinstance(data, dict) else None
        if isinstance(text, str) and data.get("drug") in units.MOLAR_MASS:
            try:
                units.parse(text, "concentration")
            except units.UnitError:
                try:
                    return {**data, "concentration": f"{units.parse(text, 'concentration', data['drug'])!r} mol/m3"}
                except units.UnitError:
                    return data  # the field says what is wrong
        return data

    def levers(self, t: float) -> Levers:
        if not self.active(t):
            return Levers()
        return Levers(*drug_coverage(self.drug, self.concentration), self.drug, self.concentration)


@TREATMENTS.add("presoak")
class Presoak(Treatment):
    """A material soaked in a salt of aluminium before it is implanted; `concentration` is that of the bath.

    What the collagen has bound keeps nuclei from forming: coverage by TRT-1, growth as it was. It reaches the collagen as a drug does
    (`access_drug`), and stays there. Evidence: pericardium soaked in 1, 10 and 100 mmol/L of AlCl3 holds 0.64, 0.105 and 0.046 of the
    calcium of its control after 60 days in rats (webb1991).
    """

    cite = ("webb1991",)
    evidence = "D mechanism only: implants in rats"
    moves = ("nucleation_coverage",)
    kind: Literal["presoak"]
    site: Name
    drug: Literal["aluminium"] = "aluminium"
    concentration: Annotated[float, Quantity("concentration", "0 mmol/L", "1000 mmol/L", analyte="aluminium")]

    def levers(self, t: float) -> Levers:
        if not self.active(t):
            return Levers()
        return Levers(*drug_coverage(self.drug, self.concentration), f"{self.drug} (bath)", self.concentration)


def combined(treatments: Iterable[Any], t: float, site: str) -> Levers:
    """The levers of all treatments that act on this site at time t [s]: coverages and concentrations add up, factors multiply."""
    total = Levers()
    for one in treatments:
        if one.site in (None, site):
            more = one.levers(t)
            names = ", ".join(name for name in (total.drug, more.drug) if name)
            factors = (getattr(total, name) * getattr(more, name) for name in FACTORS)
            total = Levers(
                total.nucleation_coverage + more.nucleation_coverage,
                total.growth_affinity + more.growth_affinity,
                names,
                total.concentration + more.concentration,
                total.pyrophosphate + more.pyrophosphate,
                *factors,
            )
    return total

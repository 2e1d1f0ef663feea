"""Treatments of the plasma by name: each sets, scales or adds to keys of the body model (BodyLevers), and moves nothing in a site."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import model_validator

from calcisim.scenario.body import BodyEffect, healthy
from calcisim.scenario.body_treatments import BodyTreatment
from calcisim.scenario.courses import Course, DoseRate, Drug
from calcisim.scenario.fields import Quantity, Share, wrong
from calcisim.scenario.treatments import TREATMENTS


class BodyCourse(BodyTreatment, Course):
    """A course of something that acts on the whole body."""

    def moments(self, end: float) -> Iterator[float]:
        """Its changes; a site feels no jump by them."""
        yield from (time for time in self.changes() if time <= end)


class BodyDrug(BodyCourse, Drug):
    """A drug by its dose [kg/s] whose factors are those of `moves` (TRT-2)."""

    def effect(self, t: float) -> BodyEffect:
        return BodyEffect(factors=self.factors(self.moves))


@TREATMENTS.add("probenecid")
class Probenecid(BodyDrug):
    """2 g/day: a small loss of phosphate by the kidney. Evidence: reviewed without convincing effect (boulman2005)."""

    cite = ("boulman2005",)
    evidence = "C cases: none convincing"
    moves = ("phosphate_reabsorption",)
    kind: Literal["probenecid"]


@TREATMENTS.add("oestrogen")
class Oestrogen(BodyDrug):
    """Oestradiol, 1 to 2 mg/day by mouth: bone is resorbed more slowly. Evidence: no study of deposits is known to us."""

    evidence = "D mechanism only"
    moves = ("bone_resorption",)
    kind: Literal["oestrogen"]


@TREATMENTS.add("calcitonin")
class Calcitonin(BodyDrug):
    """Salmon calcitonin, 20 µg/day (100 units): bone is resorbed more slowly until it escapes, after two weeks in which it is given.

    Turns of on and off put the escape off: it begins anew with each. Evidence: no study of deposits is known to us.
    """

    evidence = "D mechanism only"
    moves = ("bone_resorption",)
    kind: Literal["calcitonin"]

    def effect(self, t: float) -> BodyEffect:
        begin = self.begun(t)
        early = begin is not None and not (self.already and begin == self.start)  # what went on before day 0 has escaped
        fresh = early and begin is not None and t < begin + self.row("escape")
        factor = self.graded_by("bone_resorption", self.dose)
        return BodyEffect(factors={"bone_resorption": factor if fresh else 1.0 - self.row("escaped_share") * (1.0 - factor)})

    def changes(self) -> tuple[float, ...]:
        """Also the escapes."""
        changes, escape = super().changes(), self.row("escape")
        return tuple(sorted({*changes, *(time + escape for time in changes if self.begun(time) == self.begun(time + escape) == time)}))


@TREATMENTS.add("acetazolamide")
class Acetazolamide(BodyDrug):
    """500 mg/day: the kidney loses phosphate, and bicarbonate, here as acid that is made. Evidence: a case of tumoral calcinosis that
    shrank over years (yamaguchi1995)."""

    cite = ("yamaguchi1995",)
    evidence = "C cases: tumoral calcinosis"
    moves = ("phosphate_reabsorption", "acid_production")
    kind: Literal["acetazolamide"]

    def effect(self, t: float) -> BodyEffect:
        acid = self.share() * self.row("acid_production")
        return BodyEffect(factors=self.factors(("phosphate_reabsorption",)), added={"acid_production": acid})


@TREATMENTS.add("calcimimetic")
class Calcimimetic(BodyDrug):
    """Cinacalcet, 30 to 180 mg/day: the set point of the parathyroid glands falls, by 0.08 of health at 60 mg/day.

    Evidence: it lowers calcium and phosphate, which is what uraemic masses go away by (cofan1999).
    """

    cite = ("cofan1999",)
    evidence = "D mechanism only"
    moves = ("calcimimetic",)
    kind: Literal["calcimimetic"]

    def effect(self, t: float) -> BodyEffect:
        return BodyEffect(added={"calcimimetic": self.share() * self.row("set_point")})


@TREATMENTS.add("phosphate-binder")
class PhosphateBinder(BodyCourse):
    """A binder that is not absorbed, with meals; `dose` is that of calcium carbonate of equal binding. Evidence: finch2013 in rats, and
    uraemic masses (cofan1999)."""

    cite = ("finch2013", "cofan1999", "daugirdas2011")
    evidence = "B cohort or series: uraemic masses"
    moves = ("phosphate_binder",)
    kind: Literal["phosphate-binder"]
    dose: DoseRate

    def effect(self, t: float) -> BodyEffect:
        return BodyEffect(added={"phosphate_binder": self.adherence * self.dose})


@TREATMENTS.add("aluminium-hydroxide")
class AluminiumHydroxide(BodyCourse):
    """1 to 6 g/day: binds phosphate, and a little aluminium is absorbed. Where phosphate is normal it has nothing to work on.

    Evidence: reviewed without convincing effect (boulman2005).
    """

    cite = ("boulman2005", "daugirdas2011")
    evidence = "C cases: none convincing"
    moves = ("phosphate_binder", "aluminium")
    kind: Literal["aluminium-hydroxide"]
    dose: DoseRate

    def effect(self, t: float) -> BodyEffect:
        taken = self.adherence * self.dose
        return BodyEffect(added={"phosphate_binder": self.row("binding") * taken, "aluminium": self.row("absorbed") * taken})


@TREATMENTS.add("low-phosphate-diet")
class LowPhosphateDiet(BodyCourse):
    """`phosphate_intake` [mol/s] instead of the usual one. Evidence: uraemic rats (finch2013) and masses (cofan1999)."""

    cite = ("finch2013", "cofan1999")
    evidence = "B cohort or series: uraemic masses"
    moves = ("phosphate_intake",)
    kind: Literal["low-phosphate-diet"]
    phosphate_intake: Annotated[float, Quantity("amount_rate", "0 mmol/day", "800 mmol/day", "phosphate")]

    def effect(self, t: float) -> BodyEffect:
        return BodyEffect(settings={"phosphate_intake": (self.phosphate_intake, self.adherence)})


@TREATMENTS.add("magnesium")
class Magnesium(BodyCourse):
    """Magnesium beside that of food: `dose` as an amount or a mass of magnesium by the day. Evidence: animals and plasma only."""

    cite = ("babler2020",)
    evidence = "D mechanism only"
    moves = ("magnesium_intake",)
    kind: Literal["magnesium"]
    dose: Annotated[float, Quantity("amount_rate", "0 mmol/day", "400 mmol/day", "magnesium")]

    def effect(self, t: float) -> BodyEffect:
        return BodyEffect(added={"magnesium_intake": self.adherence * self.dose})


@TREATMENTS.add("parathyroidectomy")
class Parathyroidectomy(BodyTreatment):
    """An operation at `start` that leaves the share `remnant` of the glands that are there. Evidence: uraemic masses (cofan1999)."""

    cite = ("cofan1999",)
    evidence = "B cohort or series: uraemic masses, beside other measures"
    moves = ("parathyroid_remnant",)
    kind: Literal["parathyroidectomy"]
    remnant: Share

    @model_validator(mode="after")
    def _for_good(self) -> "Parathyroidectomy":
        if self.stop is not None:
            raise wrong("an operation has no stop", "leave stop out", "stop")
        return self

    def moments(self, end: float) -> Iterator[float]:
        """The operation."""
        yield from (time for time in (self.start,) if time <= end)

    def effect(self, t: float) -> BodyEffect:
        return BodyEffect(factors={"parathyroid_remnant": self.remnant})


@TREATMENTS.add("stop-antacid")
class StopAntacid(BodyCourse):
    """Calcium carbonate and other alkali of [plasma] are left off. Evidence: cases of the milk-alkali syndrome."""

    cite = ("picolos2005",)
    evidence = "C cases"
    moves = ("calcium_carbonate", "alkali_intake")
    kind: Literal["stop-antacid"]

    def effect(self, t: float) -> BodyEffect:
        return BodyEffect(settings=dict.fromkeys(self.moves, (0.0, self.adherence)))


@TREATMENTS.add("stop-vitamin-d")
class StopVitaminD(BodyCourse):
    """Calcitriol of [plasma] is left off, and vitamin D falls to the level `hydroxyvitamin_d` that food and sun hold; healthy without it.

    What is stored in the body leaves with the turnover of the body model. Evidence: cases of intoxication.
    """

    cite = ("kaur2015",)
    evidence = "C cases"
    moves = ("calcitriol_dose", "hydroxyvitamin_d")
    kind: Literal["stop-vitamin-d"]
    hydroxyvitamin_d: Annotated[float, Quantity("concentration", "1 nmol/L", "10 umol/L", "hydroxyvitamin_d")] | None = None

    def effect(self, t: float) -> BodyEffect:
        level = healthy("hydroxyvitamin_d") if self.hydroxyvitamin_d is None else self.hydroxyvitamin_d
        return BodyEffect(settings={"calcitriol_dose": (0.0, self.adherence), "hydroxyvitamin_d": (level, self.adherence)})

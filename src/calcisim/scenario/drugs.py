"""Drugs that act on tissue, some also on the body. Each is a class with the levers it moves, its evidence and its citations.

Constants are in data/treatments.toml. None was fitted to a deposit: what comes out of a run is a prediction of the mechanism.
"""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import model_validator

from calcisim import parameters, units
from calcisim.scenario.body import BodyEffect
from calcisim.scenario.body_treatments import OnBody
from calcisim.scenario.courses import Course, DoseRate, Drug, SlowDrug, adhered, graded
from calcisim.scenario.fields import Quantity, wrong
from calcisim.scenario.treatments import TREATMENTS, Levers, drug_coverage

Route = Literal["oral", "intravenous"]


def mean_level(mass_rate: float, share: float, clearance: float, drug: str) -> float:
    """TRT-6. Mean concentration in plasma [mol/m³]: c = F d/(M CL), d the dose [kg/s], F what is absorbed, CL the clearance [m³/s].

    Source: derivation, steady state of one compartment; constants in data/treatments.toml.
    """
    return share * mass_rate / (float(units.MOLAR_MASS[drug]) * 1e-3) / clearance


@TREATMENTS.add("anticoagulant")
class Anticoagulant(Drug):
    """Warfarin; 1 mg/day is a low dose, 5 mg/day a full one. Two opposing arms by the state of carboxylation.

    For: a pro-mineral pool of Gla proteins and the fibrin scaffold shrink. Against: matrix Gla protein, which protects vessels, is left
    without carboxyl groups. At 1 mg/day each moves little, at 5 mg/day matrix Gla protein loses more than half. That the first arm
    matters is a hypothesis. Small trials and series: 2 of 3 against 0 of 4 (berger1987), 2 of 3 (cukierman2004), 1 of 1 (matsuoka1998),
    0 of 6 (lassoued1988); a review advises against it (traineau2020).
    """

    cite = ("berger1987", "cukierman2004", "matsuoka1998", "lassoued1988", "traineau2020", "price1998")
    evidence = "A randomised: seven people, advised against since; the mechanism of benefit is a hypothesis"
    moves = ("growth", "mgp", "fibrin")
    kind: Literal["anticoagulant"]


@TREATMENTS.add("colchicine")
class Colchicine(Drug):
    """0.5 to 1.8 mg/day. Fewer leukocytes come and the inflammasome starts less often: by 55 % at 1 mg/day.

    Evidence: inflammation about deposits subsided quickly in two children, their size stayed (taborn1978).
    """

    cite = ("taborn1978", "boulman2005")
    evidence = "C cases: inflammation falls, size does not"
    moves = ("inflammasome",)
    kind: Literal["colchicine"]


@TREATMENTS.add("nsaid")
class Nsaid(Drug):
    """Ibuprofen or its equivalent, 1.2 g/day: the cyclo-oxygenase branch of inflammation, and slightly less turnover of Gla proteins.

    Evidence: urinary Gla falls under salicylate (lian1982); deposits were not measured.
    """

    cite = ("lian1982", "boulman2005")
    evidence = "D mechanism only; that less Gla means slower growth is a hypothesis"
    moves = ("prostaglandin", "growth")
    kind: Literal["nsaid"]


@TREATMENTS.add("diltiazem")
class Diltiazem(Drug):
    """240 to 480 mg/day. Less calcium flows into injured cells, so fewer die; arterioles open slightly.

    Evidence: partial response in 9 of 17 (balin2012), slight change on films in 3 of 12 over 8 years (vayssairat1998).
    """

    cite = ("balin2012", "vayssairat1998", "boulman2005")
    evidence = "B cohort or series: contradictory"
    moves = ("necrosis", "perfusion")
    kind: Literal["diltiazem"]


@TREATMENTS.add("minocycline")
class Minocycline(Drug):
    """50 to 100 mg/day. Metalloproteinases lay less collagen open; a little less inflammation.

    It also binds calcium, which does not matter: 100 mg/day give some 3 mg/L in plasma, 7 µmol/L. Were all of it bound one to one, that
    would be 0.6 % of 1.2 mmol/L of ions; with a constant of 1e3 to 1e4 L/mol half to nine tenths are. Evidence: 8 of 9 better, ulcers and
    pain more than size (robertson2003).
    """

    cite = ("robertson2003",)
    evidence = "B cohort or series: nine people, size little changed"
    moves = ("opening", "inflammasome")
    kind: Literal["minocycline"]


class WholeDrug(Drug, OnBody):
    """A drug of tissues that also moves factors of the body model, where the plasma is computed."""

    factors_of_body: ClassVar[tuple[str, ...]] = ()

    def effect(self, t: float) -> BodyEffect:
        return BodyEffect(factors=self.factors(self.factors_of_body))


@TREATMENTS.add("corticosteroid")
class Corticosteroid(WholeDrug):
    """Prednisolone or its equivalent, 5 to 60 mg/day: autoimmune drive, inflammasome and opening of collagen fall.

    The body absorbs less calcium and resorbs more bone. Evidence: early high doses leave fewer disabling deposits in children
    (bowyer1983); established ones stay.
    """

    cite = ("bowyer1983",)
    evidence = "B cohort or series: prevention in children, no reversal"
    moves = ("immune", "inflammasome", "opening", "gut_absorption", "bone_resorption")
    factors_of_body = ("gut_absorption", "bone_resorption")
    kind: Literal["corticosteroid"]


@TREATMENTS.add("immunosuppressant")
class Immunosuppressant(SlowDrug):
    """Rituximab, standing in for immunoglobulins and others: the autoimmune drive falls over months. 2 g in half a year are 11 mg/day.

    Evidence: 4 of 8 better (narvaez2019, the number is recalled).
    """

    cite = ("narvaez2019",)
    evidence = "C cases: eight people"
    moves = ("immune",)
    kind: Literal["immunosuppressant"]


@TREATMENTS.add("etidronate")
class Etidronate(WholeDrug):
    """Etidronate by mouth (400 to 1200 mg/day) or into a vein: what reaches plasma (TRT-6) covers nuclei and crystals (TRT-1).

    Resorption of bone falls with the dose that is absorbed. Evidence: local release prevents (golomb1990); given for established deposits
    it had no benefit (metzger1974, recalled).
    """

    cite = ("golomb1990", "metzger1974", "boulman2005")
    evidence = "C cases: prevents in animals, no reversal in people"
    moves = ("nucleation_coverage", "growth_affinity", "bone_resorption")
    factors_of_body = ("bone_resorption",)
    kind: Literal["etidronate"]
    route: Route = "oral"

    def level(self) -> float:
        """Concentration in plasma [mol/m³]."""
        share = self.row("absorbed_share") if self.route == "oral" else 1.0
        return mean_level(self.dose, share, self.row("clearance"), self.kind)

    def levers(self, t: float) -> Levers:
        if not self.active(t):
            return Levers()
        coverage, affinity = drug_coverage(self.kind, self.level())
        return Levers(self.adherence * coverage, self.adherence * affinity, self.kind, self.level())

    def effect(self, t: float) -> BodyEffect:
        """Into a vein a dose counts as much as that by mouth of which as much is absorbed."""
        dose = self.dose if self.route == "oral" else self.dose / self.row("absorbed_share")
        return BodyEffect(factors={"bone_resorption": self.graded_by("bone_resorption", dose)})


class Dissolved(Course):
    """Something that acts by its level in the fluid: a dose for the body, or a concentration that is reached at the site. One of both."""

    dose: DoseRate | None = None
    route: Route = "intravenous"

    @model_validator(mode="after")
    def _one_amount(self) -> "Dissolved":
        given = getattr(self, "concentration", None)
        if (self.dose is None) == (given is None):
            both = "both are given" if given is not None else "neither is given"
            raise wrong(f"exactly one of dose and concentration is needed, {both}", 'for example dose = "10 g/day"', "dose")
        return self

    def level(self) -> float:
        """Concentration [mol/m³] by TRT-6, or as written."""
        written: float | None = getattr(self, "concentration", None)
        if written is not None:
            return written
        assert self.dose is not None
        share = self.row("absorbed_share") if self.route == "oral" else 1.0
        return mean_level(self.dose, share, self.row("clearance"), self.kind.rpartition("-")[2])


@TREATMENTS.add("pyrophosphate")
class Pyrophosphate(Dissolved):
    """Pyrophosphate given early: its level rises in plasma, and what of it tissue does not split covers nuclei and crystals there.

    Evidence: prevents in mice, does not reverse (mignemi2017, bauer2018).
    """

    cite = ("mignemi2017", "bauer2018", "lomashvili2005")
    evidence = "D mechanism only: prevention in mice"
    moves = ("pyrophosphate",)
    kind: Literal["pyrophosphate"]
    concentration: Annotated[float, Quantity("concentration", "0 mmol/L", "1 mmol/L", analyte="pyrophosphate")] | None = None

    def levers(self, t: float) -> Levers:
        if not self.active(t):
            return Levers()
        rise = self.level()
        return Levers(drug=self.kind, concentration=rise, pyrophosphate=self.adherence * rise)


def thiosulfate_binding(concentration: float) -> float:
    """TRT-7. Share of ionised calcium that thiosulfate at c [mol/m³] binds: K' c/(1 + K' c), log K' = log K − 8 A (√I/(1 + √I) − 0.3 I).

    At I = 0.15 mol/L and 37 °C (A = 0.524) K' is 10 L/mol: 0.2 % at 0.2 mmol/L, the mean of 25 g three times a week, and 5 % at 5 mmol/L.
    The saturation of hydroxyapatite falls by 5/9 of the logarithm of that. So thiosulfate dissolves no deposit by binding its calcium.
    Source: mass action; Davies convention; data/treatments.toml.
    """
    root = math.sqrt(0.15)
    charge = 8.0 * 0.524 * (root / (1.0 + root) - 0.3 * 0.15)
    bound = 10.0 ** (parameters.tables("treatments")["sodium-thiosulfate"]["log_binding"].value - charge) * concentration * 1e-3
    return bound / (1.0 + bound)


@TREATMENTS.add("sodium-thiosulfate")
class SodiumThiosulfate(Dissolved):
    """Sodium thiosulfate (pentahydrate), 25 g three times a week into a vein (11 g/day), or at a concentration on the spot.

    Covers nuclei and crystals (TRT-1) and lets more blood through; how it works is disputed. Bulk dissolution is negligible at all doses
    that people get (`thiosulfate_binding`). Evidence: of 48 lesions below 3 cm treated through the skin 19 % went, 60 % shrank; they came
    back when it was stopped (nzaps2023).
    """

    cite = ("nzaps2023",)
    evidence = "B cohort or series: 48 people, uncontrolled"
    moves = ("nucleation_coverage", "growth_affinity", "perfusion")
    kind: Literal["sodium-thiosulfate"]
    concentration: Annotated[float, Quantity("concentration", "0 mmol/L", "100 mmol/L", analyte="thiosulfate")] | None = None

    def levers(self, t: float) -> Levers:
        if not self.active(t):
            return Levers()
        level = self.level()
        coverage, affinity = drug_coverage("thiosulfate", level)
        flow = adhered(graded(level, self.row("perfusion"), self.row("perfusion_half_level")), self.adherence)
        return Levers(self.adherence * coverage, self.adherence * affinity, self.kind, level, perfusion=flow)

"""Live levers: what every kind of treatment moves at its usual dose and at ten times that dose.

    python benchmarks/treatment_levers.py [--json] [--only WORD]

A line passes when its quantity changes by more than a fifth against the same run without treatment, at ten times the dose or, for kinds
without one, at the amount that is written. Ten seconds with compiled kernels; exit code 1 when a line misses. Not for clinical decisions.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import command
import numpy as np

from calcisim import scenario as scenarios
from calcisim.simulation.plasma import BodyPlasma
from calcisim.simulation.run import Simulation
from calcisim.studies import arms

DAY = 86400.0
LEAST = 0.2  # change that counts as moved
DEPOSIT, NUCLEI, INFLAMED = "deposit_calcium_mg", "nuclei", "inflammation_mean"
PHOSPHATE, CALCIUM, PTH = "phosphate_mmol_per_l", "calcium_total_mmol_per_l", "pth_pg_per_ml"
BONE, MAGNESIUM, BICARBONATE = "bone_calcium_balance_mmol_per_d", "magnesium_mmol_per_l", "bicarbonate_mmol_per_l"

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One lever: scenario, what is set there, day on which it is looked at, the treatment as written and ten times it, what it moves.

    tenfold: None where there is no dose, and `usual` is judged. beside: quantities that are printed and not judged. part: day to which
    the scenario runs untreated (arms.start). without: no treatment of its own. site: the only one that is kept; body: the plasma alone.
    """

    title: str
    scenario: str
    day: float
    target: str
    usual: Table
    tenfold: Table | None = None
    sets: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    part: float = 0.0
    without: bool = False
    site: str = ""
    body: bool = False

    @property
    def kind(self) -> str:
        """The kind of treatment."""
        return str(self.usual["kind"])

    @property
    def name(self) -> str:
        """Kind and where."""
        return f"{self.kind}: {self.title}"


def given(kind: str, key: str, amount: float, unit: str, **more: Any) -> dict[str, Any]:
    """`usual` and `tenfold` of a kind with a dose."""
    return {name: {"kind": kind, key: f"{times * amount:g} {unit}", **more} for name, times in (("usual", 1.0), ("tenfold", 10.0))}


def hurt(tissue: str, injury: str, *more: str, at: str = "1 day") -> dict[str, Any]:
    """One injury of one tissue; a day after the start unless written, when what is given from the start acts in full."""
    return {
        "scenario": "dystrophic/injury",
        "sets": (f"site.place.tissue={tissue}", f"event.0.kind={injury}", f"event.0.at={at}", *more),
    }


URAEMIC = "plasma.phosphate=1.8 mmol/L"
IMMUNE = ("site.place.immune_inflammation=0.5",)
COARSE = ("site.pericardium.grid.spacing=100 um", "site.pericardium.grid.shape=[84]")
IMPLANT: dict[str, Any] = {"scenario": "dystrophic/subdermal-pericardium", "sets": COARSE, "day": 3.0, "target": DEPOSIT}
CKD5: dict[str, Any] = {"scenario": "metastatic/ckd5", "day": 30.0, "target": PHOSPHATE, "body": True}
ADENOMA: dict[str, Any] = {"scenario": "metastatic/hyperparathyroidism", "day": 30.0, "target": PTH, "beside": (CALCIUM,), "body": True}
CANCER: dict[str, Any] = {"scenario": "metastatic/malignancy", "day": 10.0, "target": BONE, "beside": (CALCIUM,), "body": True}
LATE: dict[str, Any] = {"day": 28.0, "part": 14.0, "target": INFLAMED, "beside": (DEPOSIT,), **hurt("dermis", "necrosis", at="0 day")}
ARTERY: dict[str, Any] = {"target": DEPOSIT, "beside": (NUCLEI,), "day": 60.0, **hurt("arterial-media", "microtrauma", URAEMIC)}
WOUND: dict[str, Any] = {"target": DEPOSIT, "beside": (NUCLEI,), "day": 28.0}
DEAD: dict[str, Any] = {"target": DEPOSIT, "beside": (NUCLEI,), "day": 7.0, **hurt("muscle", "necrosis")}

TISSUE = (
    Row("worn artery in uraemic plasma, low dose", **ARTERY, **given("anticoagulant", "dose", 1.0, "mg/day")),
    Row("worn artery in uraemic plasma, full dose", **ARTERY, **given("anticoagulant", "dose", 5.0, "mg/day")),
    Row("wound of muscle", **WOUND, **hurt("muscle", "incision"), **given("anticoagulant", "dose", 1.0, "mg/day")),
    Row("deposit after necrosis", **LATE, **given("colchicine", "dose", 1.0, "mg/day", start="14 day")),
    Row("deposit after necrosis", **LATE, **given("nsaid", "dose", 1.2, "g/day", start="14 day")),
    Row("worn skin", day=90.0, target=DEPOSIT, beside=(INFLAMED,), **hurt("dermis", "microtrauma", "site.place.inflamed_state=0.65"),
        **given("minocycline", "dose", 100.0, "mg/day")),
    Row("before a bruise of muscle", day=60.0, target=DEPOSIT, beside=(NUCLEI,), **hurt("muscle", "trauma"),
        **given("diltiazem", "dose", 240.0, "mg/day")),
    Row("autoimmune muscle", day=60.0, target=INFLAMED, beside=(DEPOSIT,), **hurt("muscle", "vasculopathy", *IMMUNE),
        **given("corticosteroid", "dose", 20.0, "mg/day")),
    Row("autoimmune muscle", day=180.0, target=INFLAMED, beside=(DEPOSIT,), **hurt("muscle", "vasculopathy", *IMMUNE),
        **given("immunosuppressant", "dose", 11.0, "mg/day")),
    Row("before a necrosis of muscle", **DEAD, **given("etidronate", "dose", 400.0, "mg/day")),
    Row("before a necrosis of muscle", **DEAD, **given("pyrophosphate", "concentration", 1.8, "umol/L")),
    Row("before a necrosis of muscle", **DEAD, **given("sodium-thiosulfate", "dose", 10.0, "g/day")),
    Row("pericardium with etidronate", **IMPLANT, **given("local-inhibitor", "concentration", 100.0, "umol/L", site="pericardium")),
    Row("pericardium", **IMPLANT, **given("presoak", "concentration", 1.0, "mmol/L", site="pericardium")),
)  # fmt: skip

BODY = (
    Row("joint in a plasma without FGF23", "healthy/organs", 60.0, DEPOSIT, sets=("plasma.fgf23_production=0.01",), site="joint",
        beside=(PHOSPHATE,), **given("probenecid", "dose", 2.0, "g/day")),
    Row("familial tumoral plasma", "tumoral/familial", 30.0, PHOSPHATE, beside=(BICARBONATE,), body=True,
        **given("acetazolamide", "dose", 500.0, "mg/day")),
    Row("uraemia", **CKD5, **given("aluminium-hydroxide", "dose", 3.0, "g/day")),
    Row("uraemia", **CKD5, **given("phosphate-binder", "dose", 1.5, "g/day")),
    Row("uraemia, and a tenth of its phosphate", **CKD5, usual={"kind": "low-phosphate-diet", "phosphate_intake": "26 mmol/day"},
        tenfold={"kind": "low-phosphate-diet", "phosphate_intake": "2.6 mmol/day"}),
    Row("uraemia, no dose", "metastatic/ckd5-dialysis", 28.0, PHOSPHATE, {"kind": "haemodialysis"}, beside=(BICARBONATE,), without=True,
        body=True),
    Row("adenoma", **ADENOMA, **given("calcimimetic", "dose", 60.0, "mg/day")),
    Row("adenoma, no dose", **ADENOMA, usual={"kind": "parathyroidectomy", "remnant": 0.1}),
    Row("malignancy", **CANCER, **given("oestrogen", "dose", 1.0, "mg/day")),
    Row("malignancy, before the escape", **CANCER, **given("calcitonin", "dose", 20.0, "ug/day")),
    Row("health", "healthy/plasma", 30.0, MAGNESIUM, body=True, **given("magnesium", "dose", 15.0, "mmol/day")),
    Row("milk-alkali syndrome, no dose", "metastatic/milk-alkali", 60.0, CALCIUM, {"kind": "stop-antacid", "start": "30 day"},
        beside=(BICARBONATE,), body=True),
    Row("intoxication, no dose", "metastatic/hypervitaminosis-d", 300.0, BONE, {"kind": "stop-vitamin-d", "start": "100 day"},
        beside=(CALCIUM,), body=True),
    Row("health, phosphate beside food", "healthy/plasma", 30.0, PHOSPHATE, {"kind": "plasma", "phosphate_intake": "107 mmol/day"},
        {"kind": "plasma", "phosphate_intake": "692 mmol/day"}, beside=(PTH,), body=True),
    Row("health, two hours after phosphate", "healthy/plasma", 10.0, PHOSPHATE, beside=(CALCIUM,), body=True,
        **given("dose", "phosphate", 20.0, "mmol", start=f"{240 - 2} h")),
)  # fmt: skip

ROWS = {row.name: row for row in (*TISSUE, *BODY)}


def loaded(row: Row) -> Any:
    """The scenario of a row without the treatment in question."""
    found = scenarios.load(row.scenario, row.sets)
    if row.without:
        found = found.model_copy(update={"treatment": ()})
    if row.site:
        kept = tuple(one for one in found.site if one.name == row.site)
        found = found.model_copy(update={"site": kept, "event": tuple(one for one in found.event if one.site == row.site)})
    return found


def observed(row: Row, treatment: Table | None) -> dict[str, Any]:
    """What is measured on the day of a row under this treatment, or without."""
    base, more = loaded(row), [] if treatment is None else [treatment]
    if row.body:
        driver = BodyPlasma(arms.changed(base, more))
        driver.advance(row.day * DAY)
        return dict(driver.rows(np.array([row.day * DAY]))[0])
    if row.part > 0.0:
        simulation = arms.arm(arms.start(base, row.part), more)
    else:
        simulation = Simulation(arms.changed(base, more))
    simulation.advance(row.day * DAY)
    return simulation.observables()


@dataclass(frozen=True)
class Moved:
    """A quantity without treatment, at the usual and at ten times the dose (None: there is no dose)."""

    free: float
    usual: float
    tenfold: float | None

    @property
    def change(self) -> float:
        """Relative change at the largest amount."""
        return ((self.usual if self.tenfold is None else self.tenfold) - self.free) / abs(self.free)


@cache
def moved(name: str) -> dict[str, Moved]:
    """The quantities of a row, the judged one first."""
    row = ROWS[name]
    free, usual = observed(row, None), observed(row, row.usual)
    most = None if row.tenfold is None else observed(row, row.tenfold)
    keys = (row.target, *row.beside)
    return {key: Moved(float(free[key]), float(usual[key]), None if most is None else float(most[key])) for key in keys}


def amount(treatment: Table) -> str:
    """What is given, in words; of what is no dose also what it is called."""
    parts = {key: value for key, value in treatment.items() if key not in ("kind", "start", "site")}
    words = [str(value) if isinstance(value, str) else f"{key} {value:g}" for key, value in parts.items()]
    return " ".join(words) or "it"


def where(row: Row) -> str:
    """The scenario, what is set there, and what else is done to it before the arms part."""
    more = [*row.sets]
    more += [f"{row.site} alone"] if row.site else []
    more += ["without its treatments"] if row.without else []
    more += [f"untreated to day {row.part:g}"] if row.part else []
    return row.scenario + (f" ({', '.join(more)})" if more else "")


def check(name: str) -> tuple[str, bool]:
    """The line of a row: values, and whether the judged one moved by more than LEAST."""
    row = ROWS[name]
    (_, judged), *others = moved(name).items()
    values = f"{judged.free:.4g} without, {judged.usual:.4g} with {amount(row.usual)}"
    if row.tenfold is not None and judged.tenfold is not None:
        values += f", {judged.tenfold:.4g} with {amount(row.tenfold)}"
    beside = "".join(f"; {key} {one.change:+.0%}" for key, one in others)
    return f"{row.target} of {where(row)}, day {row.day:g}: {values}: {judged.change:+.0%}{beside}", abs(judged.change) > LEAST


def table(only: str = "") -> list[command.Line]:
    """The lines whose name holds `only`."""
    targets = {name: "> 20 %" + (" (no dose)" if row.tenfold is None else " at ten times") for name, row in ROWS.items()}
    return command.measured({name: (target, partial(check, name)) for name, target in targets.items()}, only)


def main() -> int:
    """Print the lines; the exit code."""
    asked = command.parser(__doc__ or "", "lines whose name holds WORD").parse_args()
    return command.report(table(asked.only), asked.json)


if __name__ == "__main__":
    sys.exit(main())

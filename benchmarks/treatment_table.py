"""Treatment: drugs that fail, drugs that calm, an anticoagulant for and against, and excision early and late, complete and simple.

    python benchmarks/treatment_table.py [--json] [--only WORD] [--figure FILE.png]

Ten minutes in all on two cores; exit code 1 when a line misses. The facts F21 to F24 of data/validation stand behind it.
What an anticoagulant does to a deposit is a hypothesis. For research; not for clinical decisions.
"""

import multiprocessing
import sys
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import command
import treatment_levers as levers

from calcisim.results import style
from calcisim.scenario.drugs import thiosulfate_binding
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.studies import arms
from calcisim.studies import facts_excision as excision
from calcisim.studies import facts_treatment as treatment
from calcisim.studies.validate import Got

SEEDS = (1, 2, 3, 4)
FORMS = {"familial": excision.FAMILIAL, "uraemic": excision.URAEMIC}
PROCESSES = 2


def _person(task: tuple[str, int]) -> dict[tuple[str | None, bool], excision.Course]:
    warnings.simplefilter("ignore", PlausibilityWarning)
    return excision.person(*task)


def _early_and_late(task: tuple[str, int]) -> dict[str, tuple[float, float]]:
    warnings.simplefilter("ignore", PlausibilityWarning)
    return dict(excision.early_and_late(*task))


@cache
def people() -> dict[tuple[str, int], dict[tuple[str | None, bool], excision.Course]]:
    """All arms of every person, side by side in processes."""
    tasks = [(name, seed) for name in FORMS.values() for seed in SEEDS]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        return dict(zip(tasks, pool.map(_person, tasks, chunksize=1), strict=True))


def days(name: str, bed: str | None, corrected: bool, what: str) -> list[float | None]:
    """Day of the event for every person of an arm; people whose elbow had a mass before are left out of that one."""
    found = [people()[(name, seed)][(bed, corrected)] for seed in SEEDS]
    return [getattr(one, what) for one in found if what != "elbow" or not one.before]


def thiosulfate() -> Got:
    """Share of ionised calcium that thiosulfate binds at 0.2 and 5 mmol/L: too little to dissolve anything."""
    usual, most = thiosulfate_binding(0.2), thiosulfate_binding(5.0)
    return f"{usual:.1%} at 0.2 mmol/L, {most:.1%} at 5 mmol/L of calcium bound", most < 0.1


def prevented() -> str:
    """Warfarin 1 mg/day from before an injury, against none, after a month and a year."""
    from calcisim import scenario

    loaded = scenario.load("dystrophic/injury", ('event.0.kind="necrosis"', 'event.0.at="30 day"', 'duration="2 year"'))
    begun = arms.start(loaded, 0.0)
    drug = [{"kind": "anticoagulant", "dose": "1 mg/day", "start": "0 day"}]
    rows = [list(arms.follow(arms.arm(begun, given), (60.0, 395.0))) for given in (drug, [])]
    return ", ".join(
        f"{one['deposit_calcium_mg'] / other['deposit_calcium_mg'] - 1.0:+.1%} {word}"
        for one, other, word in zip(*rows, ("in a month", "in a year"), strict=True)
    )


def anticoagulant() -> Got:
    """Warfarin 1 mg/day, reversal and prevention: a hypothesis, whose share is printed. Judged is that it falls with size, age and flow."""
    found = treatment.marginals()
    seen = treatment.falls(found) and treatment.responders(found) > 0.0  # where nobody responds no trend can be seen
    return f"reversal: {treatment.said(found)}; prevention: {prevented()}", seen


def artery() -> Got:
    """Warfarin on a worn artery in a uraemic plasma (treatment_levers.py): its deposit at the low and at the full dose."""
    title = "anticoagulant: worn artery in uraemic plasma, {} dose"
    low, full = (levers.moved(title.format(dose))[levers.DEPOSIT] for dose in ("low", "full"))
    changes = [one.usual / one.free - 1.0 for one in (low, full)]
    return f"{changes[0]:+.0%} at 1 mg/d, {changes[1]:+.0%} at 5 mg/d", changes[1] > max(changes[0], 0.2)


def same_site() -> Got:
    """Masses at the operated site within two years, per person-year: complete with a scar, against mineral alone taken (the ablation)."""
    texts, passed = [], True
    for word, name in FORMS.items():
        for corrected in (False, True):
            both = {bed: days(name, bed, corrected, "hip") for bed in excision.BEDS}
            rates = {bed: excision.hazard(found) for bed, found in both.items()}
            texts.append(f"{word}{' corrected' if corrected else ''} {rates['scar']:.2f} against {rates['left']:.2f}")
            passed = passed and rates["scar"] <= rates["left"]
            if any(day is not None for day in both["left"]):
                passed = passed and rates["scar"] < rates["left"]
    return f"scar against bed left, per year: {'; '.join(texts)}", passed


def other_joint() -> Got:
    """First mass at the elbow within two years, per person-year, in the plasma as it is and corrected: an operation does not change it."""
    texts, passed = [], True
    for word, name in FORMS.items():
        plain, mended = (excision.hazard(days(name, "scar", corrected, "elbow")) for corrected in (False, True))
        none = excision.hazard(days(name, None, False, "elbow"))
        texts.append(f"{word} {plain:.2f}, corrected {mended:.2f}, without operation {none:.2f}")
        passed = passed and mended <= plain and none == plain
    return "; ".join(texts), passed


def early_late() -> Got:
    """Calcium at the hip on day 540: operated on day 90, on day 270, never; the same people."""
    tasks = [(name, seed) for name in FORMS.values() for seed in SEEDS[:2]]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        rows = dict(zip(tasks, pool.map(_early_and_late, tasks, chunksize=1), strict=True))
    texts = []
    for word, name in FORMS.items():
        sums = {arm: sum(rows[(name, seed)][arm][0] for seed in SEEDS[:2]) / 2 for arm in ("early", "late", "none")}
        texts.append(f"{word} {sums['early']:.0f}, {sums['late']:.0f}, {sums['none']:.0f} mg")
    return f"operated on day 90, on day 270, never, on day 540: {'; '.join(texts)}", all(
        row[arm][0] < row["none"][0] for row in rows.values() for arm in ("early", "late")
    )


def books() -> Got:
    """Largest imbalance of calcium, phosphorus and alkalinity over all arms."""
    worst = max(one.ledger for arms_of in people().values() for one in arms_of.values())
    return f"{worst:.1e}", worst < 1e-12


LINES: dict[str, tuple[str, Callable[[], Got]]] = {
    "colchicine": ("inflammation -50 % in weeks, size within 5 %", treatment.colchicine),
    "failing": ("95 % interval of size within 5 %", treatment.failing),
    "nsaid": ("inflammation -20 to -50 %, size covers 0, more with colchicine", treatment.nsaid),
    "thiosulfate": ("bulk dissolution negligible", thiosulfate),
    "anticoagulant": ("a chance of response that falls with size, age and poor flow", anticoagulant),
    "artery": ("full dose worsens an artery", artery),
    "same-site": ("less where nidus and bed are gone", same_site),
    "other-joint": ("untouched by the operation, less in a corrected plasma", other_joint),
    "early-late": ("both below no operation", early_late),
    "books": ("below 1e-12", books),
}


def draw(path: Path) -> None:
    """Share of people without a mass at the operated hip and at the elbow, by bed and plasma: a: familial, b: uraemic."""
    with style.figure(174.0, 70.0) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (word, name) in zip(panels, FORMS.items(), strict=True):
            _curves(axes, name)
            axes.set_xlabel(f"Days after the operation ({word})")
        panels[0].set_ylabel("Share without a mass of 5 mm")
        panels[0].set_ylim(-0.03, 1.05)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
        style.lettered(panels)
        command.save(figure, path)


def _curves(axes: Any, name: str) -> None:
    for corrected, line in ((False, "-"), (True, "--")):
        after = ", plasma corrected" if corrected else ""
        for what, bed, label, colour in (
            ("hip", "scar", "Hip, bed to scar", style.BLUE),
            ("hip", "left", "Hip, bed left", style.VERMILLION),
            ("elbow", "scar", "Elbow", style.BLACK),
        ):
            points = list(excision.curve(days(name, bed, corrected, what)))
            axes.step(*zip(*points, strict=True), where="post", color=colour, linestyle=line, label=label + after)


if __name__ == "__main__":
    warnings.simplefilter("ignore", PlausibilityWarning)
    sys.exit(command.table(__doc__ or "", LINES, {"figure": ("how many stay without a mass after an operation", draw)}))

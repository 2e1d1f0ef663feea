"""The cause of calcification: labels of 40 scenarios that are generated for a known cause, and of every shipped scenario.

    python benchmarks/classify_table.py [--json] [--only WORD] [--kept FILE.jsonl] [--page FILE.md]

Generated ones have neutral names; their truth is how they were made (`made`), never a run. A shipped one is right when it gets the label of
its [expect] in the quick form; --full runs what is wrong again in full. --kept: what was computed before is read from there, and what is
computed is added. --page writes the tables. Some ten minutes on one core; exit code 1 when a line misses. Not for clinical decisions.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import command

from calcisim import scenario as scenarios
from calcisim.studies import classify

SEED = 20261127
LIVING = ("dermis", "subcutis", "joint-capsule", "fascia", "tendon", "ligament", "finger-pulp")
WEARS = (0.01, 0.02)  # of the collagen surface, at s = 0.7: that of joints in metastatic/ckd-constant and joint-exposed
ORDINARY = 0.0005  # that of tissues in healthy/organs, which must stay clear
CASES, WORN = 40, 10  # beside the 40: healthy ones with the wear of joints, of which nobody says that they stay clear
ILL = {"phosphate": (2.2, 2.8), "calcium_ionised": (1.25, 1.40)}  # mmol/L: Ca x P of 70 and more, as of uncontrolled dialysis
WELL = {"phosphate": (0.9, 1.3), "calcium_ionised": (1.18, 1.27)}
DEADLY = ("necrosis", "burn")  # by data/injuries.toml the two that leave much debris
FAULTS = ("plasma", "injury", "both", "neither")


def number(draw: random.Random, low: float, high: float) -> float:
    """A number between both with three digits."""
    return float(f"{draw.uniform(low, high):.3g}")


def plasma(draw: random.Random, ill: bool) -> str:
    """Constant plasma within the range of a disease, or of health."""
    rows = ILL if ill else WELL
    lines = [f'{key} = "{number(draw, *sides)} mmol/L"' for key, sides in rows.items()]
    return "\n".join(["[plasma]", *lines, *(['bicarbonate = "21 mmol/L"', "ph = 7.37"] if ill else [])])


def made(index: int) -> tuple[str, str]:
    """Truth and text of a case: ten of each fault in turn, the last two of an ill plasma as tumoral masses about a joint."""
    draw = random.Random(f"{SEED}, {index}")
    fault = FAULTS[index % 4] if index < CASES else "neither"
    if fault == "plasma" and index >= 32:
        return "tumoral", tumoral(draw, index)
    ill, hurt = fault in ("plasma", "both"), fault in ("injury", "both")
    tissue, worn = draw.choice(LIVING), draw.choice(WEARS)
    lines = [
        f'title = "case-{index + 1:02d}"', 'duration = "2 year"', f"seed = {draw.randrange(1, 10**6)}", plasma(draw, ill),
        "[[site]]", 'name = "a"', f'tissue = "{tissue}"', "local_biology = true", "crystal_inflammation = 1", "giant_cells = 0.5",
        "[site.grid]", "shape = []", 'depth = "1 cm"',
        "[[event]]", 'kind = "expose"', 'site = "a"', 'at = "0 day"', "s = 0.7",
        f"fraction = {worn if ill or index >= CASES else ORDINARY}",
    ]  # fmt: skip
    if hurt:
        lines += ["[[event]]", f'kind = "{draw.choice(DEADLY)}"', 'site = "a"', f'at = "{draw.randrange(1, 60)} day"']
        lines += [f"severity = {number(draw, 0.6, 1.0)}"]
    lines += ["[[output]]", 'every = "30 day"']
    words = {"plasma": "metastatic", "injury": "dystrophic", "both": "mixed", "neither": "none"}
    return words[fault], "\n".join(lines) + "\n"


def tumoral(draw: random.Random, index: int) -> str:
    """A joint as in shipped tumoral scenarios, in a plasma without FGF23, with other small injuries and another seed."""
    return "\n".join([
        'extends = "tumoral/normophosphataemic"', f'title = "case-{index + 1:02d}"', f"seed = {draw.randrange(1, 10**6)}",
        "[plasma]", f"fgf23_production = {number(draw, 0.005, 0.02)}",
        "[[event]]", 'kind = "expose"', 'site = "hip"', f'at = "{draw.randrange(10, 40)} day"', f'every = "{draw.randrange(25, 40)} day"',
        f"fraction = {number(draw, 0.015, 0.025)}", "s = 0.65", 'healing = "21 day"', 'region = "bursa"',
    ]) + "\n"  # fmt: skip


def generated(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Name, truth and file of the cases, and of worn ones, written into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(CASES + WORN):
        truth, text = made(index)
        path = folder / (f"case-{index + 1:02d}.toml" if index < CASES else f"worn-{index + 1 - CASES:02d}.toml")
        path.write_text(text, encoding="utf-8")
        yield path.stem, truth, path


class Kept:
    """Documents of `calcisim classify` by name and form, in a file of one JSON document a line where one is given."""

    def __init__(self, path: Path | None):
        self.path, self.rows = path, dict[str, dict[str, Any]]()
        if path is not None and path.exists():
            self.rows = {row["key"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}

    def get(self, name: str, source: str | Path, quick: bool) -> dict[str, Any]:
        """The document, computed where it is not there yet."""
        key = f"{name} {'quick' if quick else 'full'}"
        if key not in self.rows:
            began = time.monotonic()
            self.rows[key] = {"key": key, **classify.classify(source, (), quick)}
            print(f"{key}: {self.rows[key]['label']} in {time.monotonic() - began:.1f} s", file=sys.stderr)
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(self.rows[key], ensure_ascii=False) + "\n")
        return self.rows[key]


def line(name: str, truth: str, found: dict[str, Any]) -> command.Line:
    """Right or wrong, and why."""
    days = "no onset" if found["onset_day"] is None else f"onset day {found['onset_day']:.0f}"
    return command.Line(name, truth, f"{found['label']} ({found['reason']}; {days}; {found['runs']} runs)", found["label"] == truth)


def table(kept: Kept, folder: Path, only: str = "", full: bool = False) -> list[command.Line]:
    """The lines whose name holds `only`: generated ones, shipped ones, and with `full`, or where it is kept, wrong ones again in full."""
    cases: list[tuple[str, str, str | Path]] = [*generated(folder)]
    cases += [(name, str(scenarios.load(name).expect["label"]), name) for name in scenarios.names()]
    lines = []
    for name, truth, source in cases:
        if only in name:
            lines.append(line(name, truth, kept.get(name, source, True)))
            wanted = full or f"{name} full" in kept.rows
            if wanted and not lines[-1].passed and kept.rows[f"{name} quick"]["runs"]:
                lines.append(line(f"{name} in full", truth, kept.get(name, source, False)))
    return lines


HEAD = """# What caused it: labels by counterfactual runs

Written by `benchmarks/classify_table.py`; not for clinical decisions. Rows in bold are wrong. s: seconds on a machine that others shared.

Labels of shipped scenarios were written from their headers and folders before any of them was classified. The generated cases were not
the first ones: with 1 or 2 % of worn collagen in all of them, those in health came out with an onset (0.02 to 0.1 mg of calcium in two
years), so that their truth, none, did not hold in the model. Healthy plasma has the wear of healthy/organs since then, 0.05 %; ten of the
first kind are a table of their own. The generated ones are one voxel but the tumoral ones; both causes are strong in them.

The shares are Shapley's: of what is beyond health (the runs without plasma and injury). Until the first count that part was laid to
the tissue, which made metastatic/ckd5 and metastatic/aluminium mixed at 65 and 64 %; this was changed after it, with those two in view.

Where a metastatic condition comes out as none, the model itself deposits next to nothing: in three years the organs of stage 3 and 4,
dialysis, hyper- and hypoparathyroidism, too much vitamin D or phosphate, and lack or excess of magnesium hold 0.66 to 1.3 times the
calcium of a healthy body (0.02 to 0.06 mg), so that no threshold would tell them from it. One aorta in three of uraemic rats calcifies
(F13), and the scenario's own seed is one of the others. Implants that should stay clear, and frozen muscle, are known to be too rich
(F10, docs/validation.md).

| seconds of CPU, whole process | run --quick | classify --quick | ratio |
| --- | --- | --- | --- |
| metastatic/ckd4 | 10.2 | 4.1 | 0.40 |
| healthy/organs | 11.6 | 4.9 | 0.43 |
| tumoral/familial | 6.9 | 14.2 | 2.06 |
| tumoral/uraemic | 6.0 | 18.3 | 3.05 |
| dystrophic/burn | 5.4 | 4.0 | 0.73 |
| dystrophic/systemic-sclerosis | 4.1 | 6.8 | 1.66 |
| dystrophic/subdermal-cusp | 5.5 | 3.7 | 0.66 |
| metastatic/ckd5-dialysis | 11.7 | 6.6 | 0.56 |
"""


def page(lines: list[command.Line], kept: Kept) -> str:
    """The lines as Markdown."""
    parts = [HEAD]
    groups = {
        "Generated with a known cause": [one for one in lines if one.name.startswith("case-")],
        "Health with the wear of joints (1 and 2 %), of which nobody says that it stays clear": [
            one for one in lines if one.name.startswith("worn-")
        ],
        "Shipped scenarios": [one for one in lines if not one.name.startswith(("case-", "worn-"))],
    }
    for title, group in groups.items():
        first = [one for one in group if not one.name.endswith("in full")]
        parts.append(f"\n## {title}: {sum(one.passed for one in first)} of {len(first)} right in the quick form\n")
        parts.append("| | expected | got | s |\n| --- | --- | --- | --- |")
        for one in group:
            name, full = one.name.removesuffix(" in full"), one.name.endswith("in full")
            seconds = kept.rows[f"{name} {'full' if full else 'quick'}"]["wall_s"]
            parts.append(
                f"| {one.name} | {one.target} | {'' if one.passed else '**'}{one.got}{'' if one.passed else '**'} | {seconds:.1f} |"
            )
    return "\n".join(parts) + "\n"


def main() -> int:
    """Print the lines; the exit code."""
    options = command.parser(__doc__ or "", "lines whose name holds WORD")
    options.add_argument("--kept", type=Path, metavar="FILE.jsonl", help="read what was computed before, and add to it")
    options.add_argument("--cases", type=Path, default=Path("cases"), metavar="DIR", help="folder of the generated files")
    options.add_argument("--full", action="store_true", help="classify again in full what is wrong in the quick form")
    options.add_argument("--page", type=Path, metavar="FILE.md", help="write the tables here")
    asked = options.parse_args()
    kept = Kept(asked.kept)
    lines = table(kept, asked.cases, asked.only, asked.full)
    if asked.page is not None:
        asked.page.write_text(page(lines, kept), encoding="utf-8")
    return command.report(lines, asked.json)


if __name__ == "__main__":
    sys.exit(main())

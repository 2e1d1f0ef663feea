"""Write the generated pages from the sources: equations by process, outputs, parameters and references.

`make docs` calls this; by itself: `python docs/reference.py [DIR]`, by default docs/reference, which git ignores.
"""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path

from calcisim import parameters, sources, units
from calcisim.results import observables
from calcisim.studies import equations

HERE = Path(__file__).resolve().parent
PROCESSES = tomllib.loads((HERE / "processes.toml").read_text(encoding="utf-8"))["process"]
LAST = {"name": "others", "title": "Further laws", "text": "Laws of parts that stand by themselves."}
TITLES = {
    "nucleation": "Nucleation",
    "particles": "Primary particles and clumps",
    "biology": "What tissue does",
    "transport": "Transport",
    "plasma": "Plasma",
    "body": "The body",
    "minerals": "Mineral phases",
    "inhibitors": "Inhibitors and drugs in the fluid",
    "tissues": "Tissues and materials",
    "injuries": "Injuries",
    "treatments": "Treatments",
    "hosts": "Hosts",
    "attenuation": "What X-rays see",
    "morphology": "Free clumps by how they stick",
}
QUALITY = {
    "measured": "read in the source that is named",
    "fitted": "adjusted by us to the data that the source names",
    "assumed": "recalled or chosen, whatever suggested it",
}
_KEY, _TAG = re.compile(r"\b[a-z]+\d{2,4}[a-z]?\b"), re.compile(r"\b[A-Z]{2,5}-\d+[a-z]?\b")


@cache
def every() -> tuple[equations.Equation, ...]:
    """All equations, read once."""
    return tuple(equations.every())


def table(columns: list[str], rows: Iterable[list[object]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is; code spans stay code, bars are left to `table`."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if n % 2 else re.sub(r"([\\*_<>\[\]{}~#$^])", r"\\\1", part) for n, part in enumerate(parts))


def linked(text: str) -> str:
    """Escaped text in which keys of the bibliography and tags of equations are links."""
    known, tags = sources.references(), {equation.tag for equation in every()}
    text = _KEY.sub(lambda match: f"[{match[0]}](#ref-{match[0]})" if match[0] in known else match[0], escaped(text))
    return _TAG.sub(lambda match: f"[{match[0]}](#eq-{match[0].lower()})" if match[0] in tags else match[0], text)


def prefix(equation: equations.Equation) -> str:
    """SPEC of SPEC-14."""
    return equation.tag.rpartition("-")[0]


def place(equation: equations.Equation) -> str:
    """`physics/growth.py`, line N, the same from wherever the pages are written."""
    path, _, line = equation.place.rpartition(":")
    return f"{path.replace(chr(92), '/').rpartition('src/calcisim/')[2]}:{line}"


def grouped() -> list[tuple[dict, list[equations.Equation]]]:
    """Processes in their order, each with its equations; what no process names comes last."""
    left = list(every())
    found = []
    for process in PROCESSES:
        mine = [e for tag in process["tags"] for e in left if prefix(e) == tag]
        left = [e for e in left if e not in mine]
        found.append((process, mine))
    return found + ([(LAST, left)] if left else [])


def section(equation: equations.Equation) -> str:
    """One law: heading with an anchor, where it is, the formula, and the rest of its docstring."""
    first, *rest = [" ".join(part.split()) for part in equation.text.strip().split("\n\n")]
    title = equation.name.strip("_").replace("_", " ")
    lines = [
        f"(eq-{equation.tag.lower()})=",
        f"## {equation.tag} {title}",
        f"{{.place}}\n`{equation.name}` in `{place(equation)}`",
        f"{{.formula}}\n{linked(first)}",
        *[linked(part) for part in rest],
    ]
    return "\n\n".join(lines).replace(")=\n\n##", ")=\n##") + "\n"


def process_page(process: dict, found: list[equations.Equation]) -> str:
    """All laws of one process."""
    return f"# {process['title']}\n\n{process['text']}\n\n" + "\n".join(section(e) for e in found)


def equations_page() -> str:
    """Every equation with its address, and the pages of the processes below."""
    names = "\n".join(f"process-{process['name']}" for process, _ in grouped())
    tree = "```{toctree}\n:hidden:\n" + names + "\n```\n\n"
    head = "# All equations\n\n`calcisim where TERM` finds them on the command line.\n\n"
    rows = [[e.tag, f"[`{e.name}`](#eq-{e.tag.lower()})", f"`{place(e)}`", linked(e.formula)] for _, mine in grouped() for e in mine]
    return head + tree + table(["tag", "function", "place", "formula"], rows)


def outputs_page() -> str:
    """Every quantity of summary.json and timeseries.csv."""
    rows = [[f"`{o.name}`", o.unit, escaped(o.meaning), "number" if o.numeric else "word"] for o in observables.REGISTRY.values()]
    head = (
        "# Outputs\n\nEvery quantity of `summary.json`; those that are numbers are columns of `timeseries.csv` as well, "
        "per site as `SITE.NAME`.\n\n"
    )
    return head + table(["name", "unit", "meaning", "kind"], rows)


def written(value: float, unit: str) -> str:
    """A value in the unit that its row is written in."""
    found = units.unit(unit)
    return f"{float((Fraction(value) - found.offset) / found.factor):.6g}"


def parameter_row(p: parameters.Parameter) -> list[object]:
    """Name, symbol, value, unit, range, quality, source, note."""
    sides = "" if p.range is None else " to ".join(written(side, p.unit) for side in p.range)
    unit = "" if p.unit in ("", "1") else p.unit
    return [f"`{p.name}`", escaped(p.symbol), written(p.value, p.unit), escaped(unit), sides, p.quality, linked(p.source), escaped(p.note)]


def quality_counts() -> str:
    """How many rows are measured, fitted and assumed, in all and by group."""
    rows = [
        (name.partition(".")[0], p.quality) for name, found in parameters.all_tables().items() for p in found.values() if not p.inherited
    ]
    total, by_group = Counter(quality for _, quality in rows), Counter(rows)
    lines = [[TITLES.get(g, g), *(by_group[g, q] for q in QUALITY)] for g in dict.fromkeys(group for group, _ in rows)]
    lines.append(["**all**", *(f"**{total[q]}**" for q in QUALITY)])
    meaning = "\n".join(f"- **{quality}**: {text}" for quality, text in QUALITY.items())
    return f"{len(rows)} numbers are written in the tables of the package.\n\n{meaning}\n\n" + table(["group", *QUALITY], lines)


def parameters_page() -> str:
    """Every constant in the unit it is written in, with range, quality, source and note, by group."""
    parts = [
        "# Parameters\n",
        quality_counts(),
        "What a table takes over from the one it starts from (`like`) is named below it and not repeated. The constants of the solution "
        "chemistry are equilibrium constants as functions of temperature and stand in `data/speciation.toml`.\n",
    ]
    group = ""
    for name, rows in parameters.all_tables().items():
        file, _, part = name.partition(".")
        if file != group:
            group = file
            parts.append(f"## {TITLES.get(file, file)}\n")
        if part:
            parts.append(f"### {part}\n")
        own = [parameter_row(p) for p in rows.values() if not p.inherited]
        parts.append(table(["name", "symbol", "value", "unit", "range", "quality", "source", "note"], own))
        if more := [f"`{p.name}`" for p in rows.values() if p.inherited]:
            parts.append(f"As in `{parameters.document(file)[part]['like']}`: {', '.join(more)}.\n")
    return "\n".join(parts)


def references_page() -> str:
    """The bibliography, one entry each, with an anchor that pages link to."""
    parts = ["# References\n", "`calcisim cite RUN` prints the BibTeX of what a run stands on.\n"]
    for key, reference in sources.references().items():
        clean = {name: re.sub(r"[{}]", "", value) for name, value in reference.fields.items()}
        title, note = clean.get("title", ""), clean.get("note", "")
        text = f"{escaped(re.sub(r'[{}]', '', reference.short))}. {escaped(title)}." + (f" {escaped(note)}" if note else "")
        parts.append(f"(ref-{key})=\n`{key}`\n: {text}\n")
    return "\n".join(parts)


FLOORS = {
    "numerics": "Methods that know no physics: multigrid, Newton, time stepping, order-fixed sums, random numbers by counter.",
    "physics": "Laws as functions of plain floats and arrays. Each can be called by itself, as in `examples/`.",
    "scenario": "What a scenario file may say, and how it is read.",
    "simulation": "A scenario assembled and advanced in memory.",
    "results": "What a run leaves on the disk: tables, maps, figures.",
    "studies": "Many runs, and everything that the commands do.",
}


def floor_page(name: str, text: str) -> str:
    """The modules of one floor with their documented members, by autodoc."""
    folder = Path(parameters.__file__).parent / name
    parts = [f"# calcisim.{name}\n\n{text}\n"]
    for path in sorted(folder.glob("*.py")):
        module = f"calcisim.{name}" + ("" if path.stem == "__init__" else f".{path.stem}")
        if path.stem != "__init__" or path.stat().st_size > 400:
            parts.append(f"## {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```\n")
    return "\n".join(parts)


PAGES = {"equations": equations_page, "outputs": outputs_page, "parameters": parameters_page, "references": references_page}


def write(folder: Path) -> list[Path]:
    """Write all pages into `folder`; returns their paths. A page that is there as it would be written is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: page() for name, page in PAGES.items()}
    texts |= {f"process-{process['name']}": process_page(process, mine) for process, mine in grouped()}
    texts |= {f"floor-{name}": floor_page(name, text) for name, text in FLOORS.items()}
    made = []
    for name, text in texts.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        made.append(path)
    for path in {*folder.glob("process-*.md"), *folder.glob("floor-*.md")} - set(made):
        path.unlink()  # of a process that has another name now
    return made


if __name__ == "__main__":
    for one in write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "reference"):
        print(one)

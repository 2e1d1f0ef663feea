"""Write the reference pages from the sources: equations, outputs and parameters. `make docs`, or `python docs/reference.py [DIR]`."""

import sys
from pathlib import Path

from calcisim import parameters, sources
from calcisim.results import observables
from calcisim.studies import equations


def table(columns: list[str], rows: list[list[object]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def equations_page() -> str:
    """Every equation with its address."""
    rows = [[e.tag, f"`{e.name}`", f"`{e.place}`", e.formula] for e in equations.every()]
    return "# Equations\n\n`calcisim where TERM` finds them on the command line.\n\n" + table(["tag", "function", "place", "formula"], rows)


def outputs_page() -> str:
    """Every quantity of summary.json and timeseries.csv."""
    rows = [[f"`{o.name}`", o.unit, o.meaning, "number" if o.numeric else "word"] for o in observables.REGISTRY.values()]
    return "# Outputs\n\n" + table(["name", "unit", "meaning", "kind"], rows)


def parameters_page() -> str:
    """Every constant with its source and quality, in inner units (SI; degrees are kelvin)."""
    parts = ["# Parameters\n"]
    for name, rows in parameters.all_tables().items():
        cells = [[f"`{p.name}`", p.symbol, f"{p.value:.6g}", p.unit, p.quality, p.source, p.note] for p in rows.values()]
        parts.append(f"## {name}\n\n" + table(["name", "symbol", "value (SI)", "written in", "quality", "source", "note"], cells))
    return "\n".join(parts)


def references_page() -> str:
    """The bibliography, one line each."""
    rows = [[f"`{key}`", reference.short, reference.fields.get("title", "")] for key, reference in sources.references().items()]
    return "# References\n\n" + table(["key", "reference", "title"], rows)


PAGES = {"equations": equations_page, "outputs": outputs_page, "parameters": parameters_page, "references": references_page}


def write(folder: Path) -> list[Path]:
    """Write all pages into `folder`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, page in PAGES.items():
        path = folder / f"{name}.md"
        path.write_text(page(), encoding="utf-8")
        made.append(path)
    return made


if __name__ == "__main__":
    for written in write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "_build"):
        print(written)

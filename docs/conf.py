"""Sphinx: Markdown pages, the API from docstrings, no network. `make docs` builds docs/_build/html without a warning."""

import os
import re
import sys
import tomllib
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"  # a page shows the function, not what the compiler makes of it
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "src"))

project = "calcisim"
copyright = "the calcisim developers, MIT licence"
release = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
source_suffix = {".md": "markdown"}
root_doc = "index"
highlight_language = "text"
nitpicky = False
suppress_warnings = ["ref.python"]  # two floors may have classes of one name, such as Site; a link then leads to one of them

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block", "deflist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"calcisim {release}"
html_static_path = ["_static"]
html_css_files = ["calcisim.css"]
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None  # the same sources give the same pages


_SPECIAL = re.compile(r"([\\*_|`])")


def plain(text: str) -> str:
    """Text of a docstring as reStructuredText that says the same: code spans stay, every other sign stands for itself."""
    parts = re.split(r"(`[^`\n]+`)", text)
    spans = (f"``{part[1:-1]}``\\ " if number % 2 else _SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts))
    return "".join(spans)


def paragraph(lines: list[str]) -> list[str]:
    """One paragraph: flowing text, or as it stands where it is indented, a table of words or a session."""
    if lines[0].startswith((">>>", " ")) or any(line.startswith(" ") for line in lines[1:]):
        return ["::", "", *("    " + line for line in lines), ""]
    return [plain(" ".join(lines)), ""]


def safe(app: object, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """autodoc hook: docstrings are plain text with formulas; none of their signs is markup."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line.rstrip())
        else:
            blocks.append([])
    lines[:] = [out for block in blocks if block for out in paragraph(block)]


def captions(app: object, name: str, source: list[str]) -> None:
    """A block that is a file (`% file: NAME`, see console.py) shows its name."""
    source[0] = re.sub(r"^% file: (.+)\n```(\w+)$", r"```{code-block} \2\n:caption: \1\n", source[0], flags=re.MULTILINE)


def setup(app: object) -> None:
    """The generated pages are written first, so that `sphinx-build` alone is enough."""
    import reference

    reference.write(HERE / "reference")
    app.connect("source-read", captions)  # type: ignore[attr-defined]
    app.connect("autodoc-process-docstring", safe)  # type: ignore[attr-defined]

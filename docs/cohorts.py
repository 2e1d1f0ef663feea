"""Write the page of cohorts from data/cohorts.toml: `python docs/cohorts.py [FILE]`, docs/cohorts.md by default."""

import sys
from pathlib import Path

from calcisim import parameters
from calcisim.scenario.cohort import Vary, shipped

HEAD = """# Cohorts

Written by `python docs/cohorts.py` from `data/cohorts.toml`; change that, not this page. For research; not for clinical decisions.

A cohort says how people, animals or explants differ. `calcisim compare` draws a member for every replicate and sends it through all arms;
`calcisim validate` does so for facts that are percentages, at half, once and twice the spreads. A row is a factor on a value that the
scenario has, so a cohort needs no units and fits many scenarios.

`lognormal`: median · exp(spread · z); `normal`: median · (1 + spread · z); z is standard normal within ±3; `uniform`: between `low` and
`high`. In a path `*` stands for every element of a list, or every tissue of the scenario, with one draw for all; what a scenario does not
have, or its driver computes, is left alone. What is a share ends at 1.

In a scenario, or alone in a file for `--cohort FILE` (there without `cohort.` before the names of tables):

```toml
[cohort]
people = "dialysis"                 # one of those below; rows of one's own win

[cohort.vary."plasma.fetuin"]       # a path with dots needs quotes
distribution = "lognormal"
spread = 0.3
source = "assumption"               # or keys of references.bib, or words
quality = "assumed"                 # or measured, fitted: of the spread
```

The shipped spreads were written before any percentage was computed with them and are not changed since.
"""


def row(path: str, of: Vary) -> str:
    """One line of a table."""
    width = f"{of.low:g} to {of.high:g}" if of.distribution == "uniform" else f"{of.spread:g}"
    cells = (f"`{path}`", of.distribution, f"{of.median:g}", width, of.source, of.quality, of.note)
    return "| " + " | ".join(cells) + " |"


def page() -> str:
    """The page."""
    parts = [HEAD]
    for name, raw in parameters.document("cohorts").items():
        own = {path: shipped()[name][path] for path, cells in raw.items() if isinstance(cells, dict)}
        base = f"All rows of `{raw['like']}`, and these, which win:\n\n" if "like" in raw else "\n\n"
        head = "| path | distribution | median | spread | source | quality | note |\n| --- | --- | --- | --- | --- | --- | --- |\n"
        parts.append(f"\n## {name}\n\n{raw['title']}. {base}{head}" + "\n".join(row(*one) for one in own.items()) + "\n")
    return "".join(parts)


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".md")
    file.write_text(page(), encoding="utf-8")
    print(file)

"""Write the page of treatments from the registry: `python docs/treatments.py [FILE]`, docs/treatments.md by default."""

import inspect
import sys
from pathlib import Path

import calcisim.scenario.schema  # noqa: F401  (every treatment registers itself)
from calcisim.scenario.body_treatments import BodyTreatment, OnBody
from calcisim.scenario.treatments import TREATMENTS, Levers

COMMON = ("kind", "site", "start", "stop", "adherence", "on", "off", "already")
HEAD = """# Treatments

Written by `python docs/treatments.py` from the classes; change them, not this page. For research: what a run shows of a drug is the size of
an assumed mechanism. Not for clinical decisions.

A `[[treatment]]` multiplies or adds to the levers below from `start` to `stop`. The model does not know which drug it is. Every course
takes `adherence` (share of days, 1 by default) and, but for `immunosuppressant`, turns of `on` and `off` (a day or more each);
`already = true` says of a treatment of the body that it went on before day 0. A dose is for a person of 70 kg: for
another body mass, and for animals, write the dose per body mass times 70 kg. Numbers are in `data/treatments.toml` and
`data/inhibitors.toml`; doses and sizes are recalled or chosen, and only the bath of aluminium was fitted to a deposit.

Where several treatments meet, factors multiply and amounts add up. Of new values of one key of the plasma (`plasma`, a diet, what is left
off) the later start wins; factors act on it, and what is added comes on top. A drug of tissue with keys of the plasma too moves those only
where the plasma is computed and where it is given without a site.

Evidence is that for an effect on calcification, not for what the drug is sold for: A randomised, B cohort or series, C cases, D mechanism
only.

"""


def row(kind: str) -> list[str]:
    """Cells of one kind: name, place, own keys, what it moves, evidence, sources, and the first paragraph of its docstring."""
    cls = TREATMENTS[kind]
    place = "body" if issubclass(cls, BodyTreatment) else "site, body" if issubclass(cls, OnBody) else "site"
    moved = (
        "every key of `[plasma]`" if kind == "plasma" else ", ".join(f"`{name}`" for name in cls.moves) or "the plasma, by what is given"
    )
    keys = "as `[plasma]`" if kind == "plasma" else ", ".join(f"`{name}`" for name in cls.model_fields if name not in COMMON) or "none"
    words = " ".join(inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].split()).partition(" Evidence:")[0]
    return [f"`{kind}`", place, keys, moved, cls.evidence, ", ".join(cls.cite) or "none", words]


def page() -> str:
    """The page."""
    columns = ["kind", "acts on", "keys", "moves", "evidence", "sources", "in short"]
    lines = [columns, ["---"] * len(columns), *(row(kind) for kind in sorted(TREATMENTS))]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    levers = " ".join((Levers.__doc__ or "").split("\n\n")[1].split())
    unused = "No kind above moves `hydrolysis`, `uptake` or `resorption`: they are for treatments of your own."
    return f"{HEAD}{table}\n\n## Levers of a site\n\n{levers} {unused}\n"


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".md")
    path.write_text(page(), encoding="utf-8")
    print(path)

"""The literature behind the numbers: keys of data/references.bib and their BibTeX."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_START = re.compile(r"^@(\w+)\{([A-Za-z0-9_-]+),", re.MULTILINE)
_FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\},?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Reference:
    """One entry of the bibliography: its key, kind (article, misc …), fields and the text as written."""

    key: str
    kind: str
    fields: dict[str, str]
    bibtex: str

    @property
    def short(self) -> str:
        """One line for a table: author, year, journal."""
        where = self.fields.get("journal") or self.fields.get("howpublished") or self.fields.get("publisher") or ""
        return " ".join(part for part in (self.fields.get("author", ""), self.fields.get("year", ""), where) if part)


@cache
def references() -> dict[str, Reference]:
    """All entries by key, in the order of the file. ValueError for a key that is there twice."""
    text = files("calcisim").joinpath("data", "references.bib").read_text(encoding="utf-8")
    marks = list(_START.finditer(text))
    found: dict[str, Reference] = {}
    for mark, end in zip(marks, [m.start() for m in marks[1:]] + [len(text)], strict=True):
        body = text[mark.start() : end].strip()
        if mark[2] in found:
            raise ValueError(f"references.bib: {mark[2]} is there twice")
        found[mark[2]] = Reference(mark[2], mark[1].lower(), {k.lower(): v for k, v in _FIELD.findall(body)}, body)
    return found


def split_keys(source: str) -> tuple[str, ...]:
    """The keys of "levy1983, schoen1986"."""
    return tuple(key.strip() for key in source.split(",") if key.strip())


def missing(keys: Iterable[str]) -> list[str]:
    """The keys that the bibliography does not have."""
    return sorted({key for key in keys if key not in references()})


def bibtex(keys: Iterable[str]) -> str:
    """BibTeX of these keys, each once, sorted. KeyError names an unknown key and the nearest one."""
    wanted = sorted(set(keys))
    for key in missing(wanted):
        near = difflib.get_close_matches(key, references(), 1)
        raise KeyError(f"no reference {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return "\n\n".join(references()[key].bibtex for key in wanted) + ("\n" if wanted else "")

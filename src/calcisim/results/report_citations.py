"""The literature of a run as a reader of a report sees it: a formatted list, from the entries of the bibliography."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from calcisim import sources

_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "c": "\u0327", "v": "\u030c", "u": "\u0306"}
_ACCENT = re.compile(r"\\(['`^\"~]|[cvu](?=\{))\{?(\\?[A-Za-z])\}?")
_LETTERS = {"ae": "æ", "oe": "œ", "aa": "å", "AE": "Æ", "AA": "Å", "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "i": "i"}
_LETTER = re.compile(rf"\\({'|'.join(sorted(_LETTERS, key=len, reverse=True))})(?![A-Za-z]) ?")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
MOST_AUTHORS = 6


@dataclass(frozen=True)
class Citation:
    """One reference: its key, who, when, title, where, the note of the bibliography, and a DOI ("" where none is known)."""

    key: str
    authors: str
    year: str
    title: str
    place: str
    note: str
    doi: str


def formatted(keys: Iterable[str]) -> list[Citation]:
    """The references of these keys, by author and year. KeyError for one that the bibliography does not have."""
    found = [_citation(sources.references()[key]) for key in dict.fromkeys(keys)]
    return sorted(found, key=lambda one: (one.authors.casefold(), one.year, one.key))


def _citation(reference: sources.Reference) -> Citation:
    fields = {name: plain(value) for name, value in reference.fields.items()}
    doi = reference.fields.get("doi", "")
    return Citation(
        reference.key,
        _authors(fields.get("author", "")),
        fields.get("year", ""),
        fields.get("title", ""),
        _place(fields),
        fields.get("note", ""),
        doi if _DOI.fullmatch(doi) else "",
    )


def plain(text: str) -> str:
    """The text without the marks of LaTeX: {\\'e} is é, \\% is %, -- is –."""

    def accented(found: re.Match[str]) -> str:
        letter = found[2].lstrip("\\")
        return unicodedata.normalize("NFC", letter + _ACCENTS[found[1]])

    text = _LETTER.sub(lambda found: _LETTERS[found[1]], _ACCENT.sub(accented, text))
    text = re.sub(r"\\([%&$#_])", r"\1", text).replace("--", "–").replace("+-", "±")
    return text.replace("{", "").replace("}", "").strip()


def _authors(written: str) -> str:
    """Levy R. J., Schoen F. J., …, et al."""
    names = [name.strip() for name in written.split(" and ") if name.strip()]
    more = len(names) > MOST_AUTHORS or names[-1:] == ["others"]
    shown = [name.replace(",", "", 1) for name in names[:MOST_AUTHORS] if name != "others"]
    return ", ".join([*shown, "et al."] if more else shown)


def _place(fields: dict[str, str]) -> str:
    """Journal, volume(number), pages; or where else it can be had."""
    name = next((fields[key] for key in ("journal", "howpublished", "publisher", "institution") if key in fields), "")
    volume = fields.get("volume", "") + (f"({fields['number']})" if "number" in fields and "volume" in fields else "")
    return ", ".join(part for part in (f"{name} {volume}".strip(), fields.get("pages", "")) if part)

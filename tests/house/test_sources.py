"""The literature that docstrings name: after `Source:` stand keys of the bibliography, or a word that says why there is none."""

import re
from pathlib import Path

import pytest

from calcisim import sources

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "calcisim"
WORDS = ("derivation", "definition", "mass action", "linear algebra", "damped Newton", "convention", "assumption")
_STATED = re.compile(r'\bSource: (.+?)(?=\n\s*\n|"""|\bSource: |\Z)', re.DOTALL)
_KEY = re.compile(r"\b[a-z]{3,}(?:19|20)\d\d[a-z]?\b")
_NAME = re.compile(r"\b[A-Z][A-Za-zé–-]+(?: et al\.?| (?:&|and) [A-Z]\w+)?,? \(?(?:19|20)\d\d\b")
_DATA = re.compile(r"\bdata/(\w+\.toml)\b")  # whose rows name their own sources


def _faults(text):
    """What is wrong with the sources that are stated in a file."""
    found = []
    for stated in (" ".join(match.split()) for match in _STATED.findall(text)):
        keys = _KEY.findall(stated)
        tables = [name for name in _DATA.findall(stated) if (PACKAGE / "data" / name).is_file()]
        found += [f"{key} is not in the bibliography" for key in sources.missing(keys)]
        found += [f"{name} is not a key of the bibliography" for name in _NAME.findall(stated)]
        if not (keys or tables or any(word in stated for word in WORDS)):
            found.append(f"no key and none of the words: {stated[:60]}")
    return found


def _files():
    stating = (path for path in sorted(PACKAGE.rglob("*.py")) if "Source: " in path.read_text(encoding="utf-8"))
    return [pytest.param(path, id=path.relative_to(PACKAGE).as_posix()) for path in stating]


@pytest.mark.parametrize("path", _files())
def test_a_stated_source_can_be_looked_up(path):
    assert _faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('"""x. Source: mackie1955."""', 0),
        ('"""x. Source: derivation."""', 0),
        ('"""x. Source: every row of data/speciation.toml."""', 0),
        ('"""x. Source: mackie1955,\n    and nobody1900."""', 1),
        ('"""x. Source: Smoluchowski 1916, Schumann 1940."""', 3),
        ('"""x. Source: two-moment method after Tzivion et al. 1987 (mackie1955)."""', 1),
        ('"""x. Source: somewhere."""', 1),
        ('"""x. Source: data/nowhere.toml."""', 1),
    ],
)
def test_the_rule_itself(text, faults):
    assert len(_faults(text)) == faults

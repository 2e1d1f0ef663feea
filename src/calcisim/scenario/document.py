"""From files to one plain document: TOML, `extends`, and where each key was written."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calcisim.scenario.errors import Mistake, ScenarioError, nearest, shown
from calcisim.scenario.errors import Path as Key
from calcisim.scenario.files import inside, is_file, named, names, read_text, roots

MAX_DEPTH = 32  # levels of nesting in a file
MAX_EXTENDS = 8
ALTERNATIVES = (("calcium", "calcium_ionised"), ("every", "times"), ("plasma", "medium"))  # one replaces the other it inherits
_AGAIN = re.compile(r" \(again, \d+\)")  # in a named path behind a name that an element before it has, so that its own lines are found
Document = dict[str, Any]


@dataclass
class Origin:
    """The files a document was made of, child first, with the line of every key; and the overrides laid over them."""

    files: list[tuple[str, dict[Key, int]]] = field(default_factory=list)
    overrides: list[tuple[Key, str]] = field(default_factory=list)

    def where(self, key: Key) -> tuple[str, int]:
        """File and line of a named key path, or of the nearest table around it that is written somewhere."""
        for path, label in reversed(self.overrides):
            if key[: len(path)] == path or path[: len(key)] == key:
                return label, 0
        for size in range(len(key), 0, -1):
            for label, lines in self.files:
                if key[:size] in lines:
                    return label, lines[key[:size]]
        return (self.files[0][0] if self.files else ""), 0

    def mistake(self, key: Key, message: str, hint: str = "") -> Mistake:
        """A Mistake at this key."""
        label, line = self.where(key)
        return Mistake(label, _AGAIN.sub("", ".".join(map(str, key))), message, hint, line)


def _depth(value: Any, level: int = 0) -> int:
    """Levels of nesting, counted no further than just beyond the limit."""
    if level > MAX_DEPTH or not isinstance(value, (dict, list)):
        return level
    parts = value.values() if isinstance(value, dict) else value
    return max((_depth(part, level + 1) for part in parts), default=level)


def parse(text: str, label: str) -> Document:
    """The TOML of a text. ScenarioError with the line for a syntax error, an empty file and absurd nesting."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise ScenarioError(Mistake(label, "", f"this is not TOML: {message}", _syntax_hint(message), line)) from None
    except RecursionError:
        raise ScenarioError(Mistake(label, "", "the brackets are nested too deep", f"at most {MAX_DEPTH} levels")) from None
    except ValueError as error:  # such as an integer of five thousand digits
        raise ScenarioError(Mistake(label, "", f"a value cannot be read: {str(error)[:80]}")) from None
    if not document:
        hint = "a scenario needs title, duration and a site; `calcisim list` shows examples"
        raise ScenarioError(Mistake(label, "", "the file is empty", hint))
    shallow(document, label)
    return document


def shallow(document: Document, label: str) -> None:
    """Refuse absurd nesting, which nothing in a scenario needs."""
    if _depth(document) > MAX_DEPTH:
        raise ScenarioError(Mistake(label, "", "the tables are nested too deep", f"at most {MAX_DEPTH} levels"))


def _syntax_hint(message: str) -> str:
    if "overwrite" in message or "twice" in message or "Cannot declare" in message:
        return "a key or a table stands there twice"
    if "Invalid value" in message or "Expected newline" in message:
        return 'a value with a unit needs quotes, for example "2.4 mmol/L"'
    return ""


def key_name(element: Any, index: int) -> str | int:
    """How an element of a list is called in a key path: by its name when it has one."""
    name = element.get("name") if isinstance(element, dict) else None
    return name if isinstance(name, str) else index


def _called(elements: list[Any] | tuple[Any, ...]) -> list[str | int]:
    """The elements of a list by name or number; the later ones of one name have a number behind it that no message shows."""
    counts: dict[str | int, int] = {}
    found: list[str | int] = []
    for index, element in enumerate(elements):
        name = key_name(element, index)
        before = counts.get(name, 0)
        found.append(f"{name} (again, {before})" if isinstance(name, str) and before else name)
        counts[name] = before + 1
    return found


def named_key(document: Any, key: Key, known: dict[int, list[str | int]] | None = None) -> Key:
    """The same path with list elements by name. known: names of lists that were met before, for many calls with one document."""
    known = {} if known is None else known
    path: list[str | int] = []
    here = document
    for part in key:
        if isinstance(here, (list, tuple)) and isinstance(part, int) and part < len(here):
            if id(here) not in known:
                known[id(here)] = _called(here)
            path.append(known[id(here)][part])
            here = here[part]
        elif not isinstance(part, int):  # a single value that stands for a list of one keeps its key
            here = here.get(part) if isinstance(here, dict) else None
            path.append(part)
    return tuple(path)


_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_\-.\"' ]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGN = re.compile(r"^\s*([A-Za-z0-9_\-]+|\"[^\"]*\"|'[^']*')((?:\s*\.\s*(?:[A-Za-z0-9_\-]+|\"[^\"]*\"|'[^']*'))*)\s*=")


def _parts(text: str) -> list[str]:
    return [part.strip().strip("\"'") for part in text.split(".") if part.strip()]


def key_lines(text: str, document: Document) -> dict[Key, int]:
    """Line number of every key that starts a line, by named path. Good enough for messages: strings over lines are not followed."""
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    known: dict[int, list[str | int]] = {}
    here: Key = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.match(line)
        assign = _ASSIGN.match(line)
        if header:
            here = _enter(_parts(header[2]), header[1] == "[[", counts)
            lines.setdefault(named_key(document, here, known), number)
        elif assign:
            path = here + tuple(_parts(assign[1] + assign[2]))
            lines.setdefault(named_key(document, path, known), number)
    return lines


def _enter(parts: list[str], is_list: bool, counts: dict[Key, int]) -> Key:
    """The index path of a table header: inside lists it means the last element so far."""
    path: Key = ()
    for at, part in enumerate(parts):
        path = (*path, part)
        if is_list and at == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def merge(base: Any, child: Any) -> Any:
    """child over base: tables by key, lists of named tables by name, everything else replaced."""
    if isinstance(base, dict) and isinstance(child, dict):
        dropped = {a if b in child else b for a, b in ALTERNATIVES if (a in child) != (b in child)}
        kept = {key: value for key, value in base.items() if key not in dropped or key in child}
        return {**kept, **{key: merge(kept[key], value) if key in kept else value for key, value in child.items()}}
    if _all_named(base) and _all_named(child):
        changes: Document = {}
        again = []  # a name that is there twice stays twice, for the schema to refuse
        for part in child:
            again += [part] if part["name"] in changes else []
            changes.setdefault(part["name"], part)
        old = [merge(part, changes.pop(part["name"])) if part["name"] in changes else part for part in base]
        return old + list(changes.values()) + again
    return child


def _all_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) and isinstance(part.get("name"), str) for part in value)


def _parent(path: Path, wanted: Any, lines: dict[Key, int]) -> Path:
    """The file that `extends` names: beside the file, below its root, or a scenario name."""

    def refuse(message: str, hint: str = "") -> ScenarioError:
        return ScenarioError(Mistake(str(path), "extends", message, hint, lines.get(("extends",), 0)))

    if not isinstance(wanted, str) or not wanted.strip() or "\0" in wanted or len(wanted) > 500:
        raise refuse("a scenario name or a path is needed", 'for example extends = "dystrophic/subdermal-cusp"')
    if ".." in re.split(r"[/\\]", wanted):
        raise refuse(f"{shown(wanted)} leads out of the folder", "no '..' here; name a scenario or a file below this folder")
    if wanted.startswith(("/", "~", "\\")) or re.match(r"^[A-Za-z]:", wanted):
        raise refuse(f"{shown(wanted)} is an absolute path", "name a scenario or a file below this folder")
    beside = path.parent / (wanted if wanted.endswith(".toml") else wanted + ".toml")
    if is_file(beside):
        root = next((root for root in roots() if inside(path, root)), path.parent)
        if inside(beside, root):
            return beside
        raise refuse(f"{shown(wanted)} is a link that leads out of the folder", "copy the file instead")
    found = named(wanted)
    if found is None:
        raise refuse(f"there is no scenario {shown(wanted)}", nearest(wanted, names(), "") or "`calcisim list` shows them")
    return found


def read(path: Path) -> tuple[Document, Origin]:
    """The document of a file with everything it extends merged in, and where each key came from."""
    chain: list[Document] = []
    origin = Origin()
    seen: list[Path] = []
    while True:
        seen.append(path.resolve())
        label, text = str(path), read_text(path)
        document = parse(text, label)
        lines = key_lines(text, document)
        origin.files.append((label, lines))
        chain.append(document)
        if "extends" not in document:
            break
        path = _parent(path, document.pop("extends"), lines)
        if path.resolve() in seen or len(chain) > MAX_EXTENDS:
            circle = (
                "the files extend each other in a circle" if path.resolve() in seen else f"more than {MAX_EXTENDS} files extend each other"
            )
            raise ScenarioError(Mistake(label, "extends", circle, "", lines.get(("extends",), 0)))
    merged: Document = {}
    for document in reversed(chain):
        merged = merge(merged, document)
    return merged, origin

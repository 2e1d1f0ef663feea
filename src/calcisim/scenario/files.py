"""Where scenario files are: names, the folders that are searched, and reading one without surprises.

Light on purpose: `calcisim list` needs only this.
"""

import os
from importlib.resources import files
from pathlib import Path

from calcisim.scenario.errors import Mistake, ScenarioError, nearest

MAX_BYTES = 1_000_000


def roots() -> list[Path]:
    """Folders of scenarios that exist, in the order of search: ./configs, inside the package, in the checkout."""
    package = Path(str(files("calcisim")))
    found: list[Path] = []
    for folder in (Path("configs"), package / "configs", package.parent.parent / "configs"):
        if folder.is_dir() and folder.resolve() not in [other.resolve() for other in found]:
            found.append(folder)
    return found


def names() -> list[str]:
    """Names of all scenarios: paths below a folder of `roots`, without .toml."""
    found = ((path, root) for root in roots() for path in root.rglob("*.toml") if path.is_file() and inside(path, root))
    return sorted({path.relative_to(root).with_suffix("").as_posix() for path, root in found})


def inside(path: Path, root: Path) -> bool:
    """True when path, with every link followed, is below root."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def is_file(path: Path) -> bool:
    """True for a file that can be asked about; a name that no file system takes is no file."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def named(name: str) -> Path | None:
    """The file of a name below one of the roots, or None. Links that lead out of the root do not count."""
    if name.startswith(("/", "~")) or "\\" in name or ".." in name.split("/"):
        return None
    for root in roots():
        path = root / (name if name.endswith(".toml") else name + ".toml")
        if is_file(path) and inside(path, root):
            return path
    return None


def resolve(name: str | Path) -> Path:
    """The file of a scenario: an existing path, or a name. Raises ScenarioError that offers the nearest name."""
    text = str(name)
    if not text.strip() or "\0" in text or len(text) > 1000:
        raise ScenarioError(Mistake(repr(text[:60]), "", "this is not the name of a scenario", "`calcisim list` shows them"))
    path = Path(text)
    if is_file(path):
        return path
    if os.path.isdir(text):
        raise ScenarioError(Mistake(text, "", "this is a folder, not a scenario file", "name a file in it"))
    found = named(text)
    if found is None:
        hint = nearest(text, names(), "") or "`calcisim list` shows them"
        raise ScenarioError(Mistake(text[:200], "", "there is no such file and no scenario of this name", hint))
    return found


def read_text(path: Path) -> str:
    """The text of a scenario file. ScenarioError for a folder, a huge file, NUL bytes, and bytes that are not UTF-8."""

    def refuse(message: str, hint: str = "", line: int = 0) -> ScenarioError:
        return ScenarioError(Mistake(str(path), "", message, hint, line))

    if not is_file(path):
        raise refuse("this is not a regular file")
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise refuse("the file is larger than 1 MB, so it is not a scenario")
    if b"\0" in raw:
        raise refuse("there is a NUL byte in the file", "save it as plain UTF-8 text", raw[: raw.index(b"\0")].count(b"\n") + 1)
    try:
        text = raw.decode("utf-8-sig")  # a byte order mark is harmless
    except UnicodeDecodeError as error:
        raise refuse("the file is not UTF-8 text", "save it as UTF-8", raw[: error.start].count(b"\n") + 1) from None
    return text.replace("\r\n", "\n")

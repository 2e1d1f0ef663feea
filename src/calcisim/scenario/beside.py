"""Files that a scenario names: tables and images lie in the folder of the scenario, or below it."""

import os
from pathlib import Path

from calcisim.scenario.document import Origin
from calcisim.scenario.errors import Path as Key
from calcisim.scenario.errors import ScenarioError, nearest, shown
from calcisim.scenario.files import inside, is_file


def find(name: str, key: Key, origin: Origin, endings: tuple[str, ...], word: str) -> Path:
    """The file that stands at a (named) key; with --set it may lie anywhere, as a user typed it.

    endings: of file names that are offered for one that is not there; word: what it is called, "the table". Raises ScenarioError.
    """
    label = origin.where(key)[0]
    if "\0" in name or not 0 < len(name) <= 500:
        raise ScenarioError(origin.mistake(key, f"{shown(name)} is not the name of a file", ""))
    if label.startswith("--set"):
        path = Path(name)
    else:
        folder = Path(label).parent
        path = folder / name
        if Path(name).is_absolute() or name.startswith("~") or ".." in Path(name).parts or not inside(path, folder):
            raise ScenarioError(origin.mistake(key, f"{shown(name)} leads out of the folder of the scenario", f"put {word} beside it"))
    if os.path.isdir(path):
        raise ScenarioError(origin.mistake(key, f"{shown(str(path))} is a folder, not a file", f"name a file in it ({', '.join(endings)})"))
    if not is_file(path):
        there = path.parent.iterdir() if os.path.isdir(path.parent) else ()
        beside = sorted(other.name for other in there if other.name.endswith(endings) and is_file(other))
        raise ScenarioError(origin.mistake(key, f"there is no file {shown(str(path))}", nearest(name, beside)))
    return path

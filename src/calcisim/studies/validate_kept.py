"""Results of facts that are kept: one small file each, in a folder named after what they depend on.

That is every source and data file of the package and every scenario. An edit of any of them makes a new folder, so that nothing stale is
ever found; a result goes there only when it is finished and nothing was edited while it was computed.
"""

import contextlib
import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from calcisim.studies.validate_page import MISSES

FOLDERS = 4  # how many older ones stay
KEYS = ("got", "passed", "quick", "wall_s")


def key() -> str:
    """SHA-256 (hex) over the sources, the data and the scenarios, without the paragraphs on misses, which no result depends on."""
    from calcisim import jit
    from calcisim.scenario import files

    digest = hashlib.sha256(jit.source_hash().encode())
    data = Path(jit.__file__).parent / "data"
    folders = dict.fromkeys(folder.resolve() for folder in files.roots())
    for root, pattern in [(data, "*"), *((folder, "*.toml") for folder in folders)]:
        for path in sorted(path for path in root.rglob(pattern) if path.is_file() and path.name != MISSES):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Kept:
    """Results by fact and form (coarse or full), found only while sources, data and scenarios are what they were."""

    def __init__(self, base: Path | None = None):
        """base: the folder for all; that of the compiled kernels when None."""
        from calcisim import jit

        self.key = key()
        self.folder = (base or jit.CACHE_DIRECTORY.parent) / f"validation-{self.key[:16]}"

    def _path(self, identity: str, quick: bool) -> Path:
        return self.folder / f"{identity}{'-quick' if quick else ''}.json"

    def find(self, identity: str, quick: bool) -> dict[str, Any] | None:
        """got, passed, quick and wall_s of a fact, None where nothing (or nothing whole) is kept."""
        try:
            row = json.loads(self._path(identity, quick).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        whole = isinstance(row, dict) and set(KEYS) <= row.keys() and row["quick"] is quick
        return {name: row[name] for name in KEYS} if whole else None

    def keep(self, row: dict[str, Any]) -> bool:
        """Put a finished result there, whole or not at all; False where something was edited since, or the folder cannot be written."""
        if key() != self.key:
            return False
        path = self._path(row["id"], row["quick"])
        part = path.with_name(f"{path.name}.{os.getpid()}")
        text = {"id": row["id"], **{name: row[name] for name in KEYS}, "computed": time.strftime("%Y-%m-%d %H:%M:%S%z")}
        try:
            if not self.folder.exists():
                self.folder.mkdir(parents=True)
                self._prune()
            part.write_text(json.dumps(text, ensure_ascii=False, indent=1), encoding="utf-8")
            part.replace(path)
        except OSError:
            return False
        return True

    def _prune(self) -> None:
        """Remove all but the newest few folders of other sources; another process may be doing the same."""
        older = [path for path in self.folder.parent.glob("validation-*") if path != self.folder]
        with contextlib.suppress(OSError):
            older.sort(key=lambda path: path.stat().st_mtime, reverse=True)
            for path in older[FOLDERS:]:
                shutil.rmtree(path, ignore_errors=True)

"""`calcisim box FILE`: the arguments of `calcisim.box.coagulate` as the keys of a TOML file, its classes as CSV, and a small figure."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import UsageError
from calcisim.results.files import storage, write_text
from calcisim.scenario.errors import nearest
from calcisim.studies.box import Box, solve
from calcisim.studies.box_input import DEFAULTS, problem

REQUIRED = ("kernel", "bins_per_decade", "v_min", "v_max", "initial", "times")
_TOTALS = ("time_s", "number_per_m3", "mass", "mean_size_m3", "mass_mean_size_m3", "last_class_share")
_LARGEST_FILE = 1_000_000  # bytes: two arrays of 1024 numbers take a twentieth of it


def read(path: Path) -> dict[str, Any]:
    """The keys of the file. Raises UsageError, naming the file, when it cannot be read, is no TOML, or has other keys than it may."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise UsageError(f"{path}: {path.stat().st_size} bytes are too many for a box; at most {_LARGEST_FILE}")
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise UsageError(f"{path}: no such file; give a TOML file with {', '.join(REQUIRED)}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: not readable as TOML ({error})") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    for key in document:
        if key not in REQUIRED and key not in DEFAULTS:
            raise UsageError(f"{path}: {key}: no such key ({nearest(key, [*REQUIRED, *DEFAULTS])})")
    missing = [key for key in REQUIRED if key not in document]
    if missing:
        raise UsageError(f"{path}: {', '.join(missing)} missing; a box needs {', '.join(REQUIRED)}")
    return document


def run(path: Path, out: Path | None = None) -> tuple[Box, list[Path]]:
    """Compute the box of a file and, with `out`, write its tables and figure; what was written. Nothing is written when it is refused."""
    document = read(path)
    if out is not None and out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"{out}: exists already; give the name of a new directory")
    try:
        options = {key: document[key] for key in DEFAULTS if key in document}
        asked = problem(**{key: document[key] for key in REQUIRED}, options=options)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    box = solve(asked)
    return box, [] if out is None else write(box, out)


def totals(box: Box) -> list[dict[str, float]]:
    """One row per time: number, mass (volume), number-mean and mass-mean size, and what the last class holds."""
    number, mass = box.numbers.sum(axis=1), box.masses.sum(axis=1)
    each = np.divide(box.masses, box.numbers, out=np.zeros_like(box.masses), where=box.numbers > 0.0)
    rows = []
    for index, time in enumerate(box.times):
        heaviest = (box.masses[index] * each[index]).sum() / mass[index] if mass[index] > 0.0 else 0.0
        mean = mass[index] / number[index] if number[index] > 0.0 else 0.0
        values = (time, number[index], mass[index], mean, heaviest, box.overflow[index])
        rows.append(dict(zip(_TOTALS, map(float, values))))
    return rows


def document(box: Box) -> dict[str, Any]:
    """Everything that `--json` prints."""
    books = {name: getattr(box, name) for name in ("born", "grown", "dissolved", "captured")}
    state = {"edges_m3": box.edges, "numbers_per_m3": box.numbers, "masses": box.masses}
    return {"totals": totals(box), "imbalance": box.imbalance, "books": books, **state}


def write(box: Box, out: Path) -> list[Path]:
    """classes.csv (one row per time and class), totals.csv and classes.png into a new directory."""
    with storage(out):
        out.mkdir(parents=True, exist_ok=True)
    lines = ["time_s,low_m3,high_m3,number_per_m3,mass"]
    for index, time in enumerate(box.times):
        columns = zip(box.edges[:-1], box.edges[1:], box.numbers[index], box.masses[index])
        lines += [",".join(repr(float(value)) for value in (time, *row)) for row in columns]
    write_text(out / "classes.csv", "\n".join(lines) + "\n")
    rows = totals(box)
    text = [",".join(rows[0]), *(",".join(repr(value) for value in row.values()) for row in rows)]
    write_text(out / "totals.csv", "\n".join(text) + "\n")
    return [out / "classes.csv", out / "totals.csv", _draw(box, out / "classes.png")]


def _draw(box: Box, path: Path) -> Path:
    """Mass per decade of size at each time."""
    from calcisim.results import style

    with style.figure(85.0, 60.0) as figure:
        axes = figure.add_subplot()
        per_decade = box.masses / np.diff(np.log10(box.edges))
        for index, time in enumerate(box.times):
            shade = 0.15 + 0.75 * index / max(len(box.times) - 1, 1)
            axes.stairs(per_decade[index], box.edges, color=style.BLUE, alpha=shade, label=f"{time:.3g} s")
        axes.set_xscale("log")
        axes.set_xlabel("particle volume [m³]")
        axes.set_ylabel("mass per decade")
        seen = np.flatnonzero(box.masses.max(axis=0) > 1e-4 * box.masses.max())
        if len(seen):
            axes.set_xlim(box.edges[seen[0]], box.edges[seen[-1] + 1])
        if len(box.times) <= 8:
            axes.legend()
        return style.save(figure, path, ("png",))[0]

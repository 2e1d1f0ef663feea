"""Figures of a run for its report: the pictures in its directory, with captions and texts for those who cannot see them."""

import base64
import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import CalcisimError

MOST_BYTES = 5_000_000  # of all pictures of a run
WIDEST = 1400  # pixels, of pictures that must become smaller to fit

# Beginning of a file's name → section of the report, caption, text instead of the picture.
_KNOWN: tuple[tuple[str, str, str, str], ...] = (
    ("deposition", "figures", "Deposition over time with what was measured, if anything was; beside it the sites or the mineral map.",
     "Curve of deposited calcium against time, beside curves by site or a map of the mineral."),
    ("phases", "figures", "Calcium by mineral phase over time, and calcium to phosphorus of all mineral beside that of the pure phases.",
     "Stacked areas of calcium by phase against time, and a curve of the ratio of calcium to phosphorus."),
    ("map-", "figures", "Mineral in {rest} at the end.", "Map of deposited calcium in {rest}; bright is dense."),
    ("deposit-", "figures", "The deposit of {rest} in three dimensions at the end.",
     "The mineral of {rest} as a body in space."),
    ("calcium", "figures", "Where the calcium came from and where it went: the width of a ribbon is an amount.",
     "Ribbons of calcium from its sources through the sites to what became of it."),
    ("radiograph", "figures", "Radiograph that the mineral at the end would give, computed.", "A computed radiograph; bright is dense."),
    ("ct", "figures", "Section of a CT of the mineral at the end, computed.", "A computed CT section; bright is dense."),
    ("hazard", "figures", "Share of members without an event over time, by arm.",
     "Curves of the share of members without an event by arm."),
    ("comparison", "figures", "Arms over time and the change of every member against its twin in the reference arm.",
     "Curves of deposited calcium by arm, and the change of each member against its twin."),
    ("clumps-", "clumps", "Sizes of the clumps in {rest} at the end: how many are at least so large.",
     "Steps of the number of clumps against their diameter, both on logarithmic axes."),
    ("particles", "clumps", "Solid by size of the particles it is in, at several times.",
     "Curves of solid volume per decade of particle diameter, at several times."),
    ("plasma", "plasma", "The plasma over time on its reference ranges (bands); dotted lines are healthy values.",
     "Small panels of plasma calcium, phosphate, hormones and other values against time."),
    ("fortnight", "plasma", "The last two weeks by the half hour: what dialysis or meals move within days.",
     "Small panels of plasma values over two weeks."),
)  # fmt: skip


def embedded(directory: Path) -> list[dict[str, Any]]:
    """The pictures of a run, those that are known first; drawn now where there are none, and none where nothing can be drawn."""
    found = sorted((directory / "figures").glob("*.png"))
    if found:
        return _encoded(found)
    with tempfile.TemporaryDirectory() as place:
        return _encoded(_drawn(directory, Path(place)))


def _drawn(directory: Path, place: Path) -> list[Path]:
    """Figures of a run that has none yet, made beside it: its own directory is left as it is."""
    from calcisim.results import plots

    for path in directory.iterdir():
        if path.is_file():
            (place / path.name).symlink_to(path.resolve())
    with contextlib.suppress(CalcisimError, ValueError, OSError):  # what cannot be drawn is told by the tables
        plots.draw(place)
    return sorted((place / "figures").glob("*.png"))


def _encoded(paths: list[Path]) -> list[dict[str, Any]]:
    smaller = sum(path.stat().st_size for path in paths) > MOST_BYTES
    found = [_one(path, smaller) for path in paths]
    return sorted(found, key=lambda one: (one["order"], one["name"]))


def _one(path: Path, smaller: bool) -> dict[str, Any]:
    name = path.stem
    data = path.read_bytes()
    order, (start, section, caption, alt) = next(
        ((number, row) for number, row in enumerate(_KNOWN) if name.startswith(row[0])),
        (len(_KNOWN), ("", "figures", f"{_words(name).capitalize()}.", f"Picture called {name}.")),
    )
    rest = _words(name[len(start) :])
    width, height = _size(data)
    if smaller:
        data = _reduced(data)
    return {
        "name": name, "section": section, "order": order, "caption": caption.replace("{rest}", rest), "alt": alt.replace("{rest}", rest),
        "width": width, "height": height, "uri": "data:image/png;base64," + base64.b64encode(data).decode("ascii"),
    }  # fmt: skip


def _words(name: str) -> str:
    return name.replace("-", " ").replace("_", " ").strip()


def _size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG from its first chunk; zeros where it is none."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return 0, 0
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _reduced(data: bytes) -> bytes:
    """The picture at a whole fraction of its size, no wider than WIDEST: means of blocks of pixels."""
    from matplotlib import image

    pixels = image.imread(io.BytesIO(data))
    step = -(-pixels.shape[1] // WIDEST)
    rows, columns = (size // step for size in pixels.shape[:2])
    blocks = pixels[: rows * step, : columns * step].reshape(rows, step, columns, step, -1).mean(axis=(1, 3))
    out = io.BytesIO()
    nothing: Any = {"Software": None}  # no version in the file: the same picture, the same bytes
    image.imsave(
        out, np.ascontiguousarray(blocks[..., :3]) if blocks.shape[-1] >= 3 else blocks[..., 0], format="png", cmap="gray", metadata=nothing
    )
    return out.getvalue()


def of_section(figures: list[dict[str, Any]], section: str) -> Iterator[dict[str, Any]]:
    """Those that belong into a section."""
    yield from (one for one in figures if one["section"] == section)

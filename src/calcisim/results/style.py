"""How figures look: one style for all of them, safe for colour-blind readers and for print, the same on every machine."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from calcisim.results.files import storage

# Okabe and Ito's palette: told apart by all common kinds of colour vision.
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE, BLACK = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#000000"
LINES = (BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE, BLACK)  # in the order in which lines beside each other take them
MAP = "cividis"
TIMES = "viridis"  # of curves at several times: more steps than cividis can be told apart, also without red or green
MILLIMETRE = 1 / 25.4  # in inches, matplotlib's unit of size

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same letters everywhere
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "savefig.dpi": 300,
    "svg.hashsalt": "calcisim",
    "pdf.fonttype": 42,  # letters stay letters in a PDF
}
_METADATA: dict[str, dict[str, Any]] = {"png": {"Software": None}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}


def time_unit(days: float) -> tuple[float, str]:
    """Unit in which a time of so many days is said, and how many of it a day has: days, hours below two days, minutes below two hours."""
    if days == 0.0 or days >= 2.0:
        return 1.0, "days"
    return (24.0, "hours") if 24.0 * days >= 2.0 else (1440.0, "minutes")


def mass_unit(milligrams: float) -> tuple[float, str]:
    """Unit in which so much mass is said, and how many of it a milligram has: mg down to fg, so that nothing needs a power of ten."""
    for factor, unit in ((1.0, "mg"), (1e3, "µg"), (1e6, "ng"), (1e9, "pg")):
        if milligrams * factor >= 0.1 or milligrams == 0.0:
            return factor, unit
    return 1e12, "fg"


@contextlib.contextmanager
def figure(width: float, height: float) -> Iterator[Any]:
    """A figure of width × height [mm] in our style, free of the user's matplotlib settings and of any window system."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield Figure(figsize=(width * MILLIMETRE, height * MILLIMETRE), layout="constrained")


def round_length(wanted: float) -> float:
    """1, 2 or 5 times a power of ten, the largest of at most `wanted`: for scale bars."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= wanted * (1.0 + 1e-9))


def lettered(panels: Iterable[Any]) -> None:
    """a, b, c … on the left above these axes."""
    for letter, axes in zip("abcdefgh", panels):
        axes.set_title(letter, loc="left", fontweight="bold", fontsize=9)


def save(drawn: Any, path: Path, formats: Sequence[str]) -> list[Path]:
    """Write the figure as `path` with each suffix; the same figure gives the same bytes. Returns the paths."""
    made = []
    for kind in formats:
        place = path.with_suffix(f".{kind}")
        with storage(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            drawn.savefig(place, format=kind, metadata=_METADATA.get(kind))
        made.append(place)
    return made

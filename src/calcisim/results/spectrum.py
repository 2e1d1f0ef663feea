"""Figure of the sizes of particles at several times: solid per decade of diameter, of bound and of mobile ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import store, style

TIMES = 5  # at most, spread evenly over the logarithm of time
SMALLEST = 3e-4  # of the highest value: what lies below is beyond the axis
PANEL = (88.0, 62.0)  # mm, of one site and one kind
ACROSS = 3  # sites beside each other, as many as a page bears
_KINDS = (("bound_volume", "bound"), ("mobile_volume", "mobile"))


@dataclass(frozen=True)
class Spectrum:
    """Particles of one site: times [d], edges of the classes (K+1,) [µm], and kind → solid per decade of diameter (time, K) [mm³/cm³].

    Kinds without any solid are left out.
    """

    site: str
    time: np.ndarray
    edges: np.ndarray
    density: dict[str, np.ndarray]


def available(path: Path) -> list[Spectrum]:
    """The sites of results.nc that have particles by size at some time."""
    if not path.exists():
        return []
    return [found for site in store.sites(path) if (found := _read(path, site)) is not None]


def _read(path: Path, site: str) -> Spectrum | None:
    stored = store.spectra(path, site)
    if stored is None or not len(stored["time"]):
        return None
    decades = np.diff(np.log10(stored["edges"]))
    density = {label: 1e3 * np.nan_to_num(stored[name]) / decades for name, label in _KINDS if np.nan_to_num(stored[name]).max() > 0.0}
    return Spectrum(site, stored["time"], stored["edges"] * 1e6, density) if density else None


def size(found: list[Spectrum]) -> tuple[float, float]:
    """Width and height [mm] of the figure."""
    blocks, kinds, across = _layout(found)
    return PANEL[0] * across + 20.0, PANEL[1] * blocks * kinds


def _layout(found: list[Spectrum]) -> tuple[int, int, int]:
    """Rows of sites, kinds below each other in each of them, and sites beside each other."""
    across = min(len(found), ACROSS)
    return -(-len(found) // across), max(len(spectrum.density) for spectrum in found), across


def chosen(spectrum: Spectrum) -> list[int]:
    """Frames to draw: of those with particles the last, and some before it at times in even ratios."""
    held = np.flatnonzero([any(values[k].max() > 0.0 for values in spectrum.density.values()) for k in range(len(spectrum.time))])
    time = spectrum.time[held]
    wanted = np.geomspace(max(time[0], 1e-3 * time[-1], 1e-9), max(time[-1], 1e-9), TIMES)
    return sorted({int(held[np.argmin(np.abs(time - moment))]) for moment in wanted})


def paint(figure: Any, found: list[Spectrum]) -> None:
    """Sites beside each other, the kinds of each below each other; those of a site share the diameters and the colours of the times."""
    blocks, kinds, across = _layout(found)
    grid = figure.subplots(blocks * kinds, across, squeeze=False)
    for axes in grid.flat:
        axes.set_visible(False)
    for number, spectrum in enumerate(found):
        block, column = divmod(number, across)
        _column(grid[block * kinds :, column], spectrum)


def _column(column: Any, spectrum: Spectrum) -> None:
    from matplotlib.ticker import LogLocator

    frames = chosen(spectrum)
    low, high = _range(spectrum, frames)
    for axes, kind in zip(column, spectrum.density):
        axes.set_visible(True)
        _panel(axes, spectrum, kind, frames)
        axes.set_xlim(low, high)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 300.0 * low else (1.0,)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.tick_params(labelbottom=kind == list(spectrum.density)[-1])
    column[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="Time", title_fontsize=7, alignment="left")
    column[len(spectrum.density) - 1].set_xlabel("Volume-equivalent diameter d (µm)")


def _panel(axes: Any, spectrum: Spectrum, kind: str, frames: list[int]) -> None:
    from matplotlib import colormaps

    shades = colormaps[style.TIMES](np.linspace(0.88, 0.0, len(frames))) if len(frames) > 1 else [style.BLUE]
    values = spectrum.density[kind]
    top = values[frames].max()
    for frame, shade in zip(frames, shades):
        height = np.where(values[frame] > SMALLEST * top, values[frame], 0.1 * SMALLEST * top)
        line = {"ls": (0, (3, 1))} if kind == "mobile" else {}
        axes.stairs(height, spectrum.edges, baseline=None, color=shade, lw=1.2, label=_moment(spectrum.time[frame]), **line)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(SMALLEST * top, top * 2.0)
    axes.set_ylabel("Solid dV/dlog$_{10}$d (mm³/cm³)")
    axes.set_title(f"{spectrum.site}: {kind} particles", loc="left")


def _moment(days: float) -> str:
    factor, unit = style.time_unit(days) if days < 1.0 else (1.0, "days")
    short = {"days": "d", "hours": "h", "minutes": "min"}[unit]
    return f"{days * factor:.3g} {short}"


def _range(spectrum: Spectrum, frames: list[int]) -> tuple[float, float]:
    """Diameters [µm] between which there is something to see."""
    seen = np.zeros(len(spectrum.edges) - 1, dtype=bool)
    for values in spectrum.density.values():
        seen |= (values[frames] > SMALLEST * values[frames].max()).any(axis=0)
    places = np.flatnonzero(seen)
    return float(spectrum.edges[places[0]]) / 1.3, float(spectrum.edges[places[-1] + 1]) * 1.3

"""Picture of what has been deposited in a site of three dimensions: the surface of its clumps, coloured by how much mineral lies below.

The surface is where `clumps` draws its line, so that what is seen is what is counted there.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.physics.deposit import CALCIUM_MG_CM3
from calcisim.results import clumps, render, store, style

SIZE = (100.0, 92.0)  # mm
VIEW = (35.0, 25.0)  # azimuth, elevation [degrees]
PIXELS = 900  # of the longer side: about 300 to the inch
SMALLER = 600  # in a panel of a figure
COLOURS = ("#efe7d8", "#e0b877", "#b5652b", "#6e2a12")  # of the mineral, from little to much: pale bone to brown
EDGE = {"color": "0.45", "lw": 0.6, "solid_capstyle": "round"}


@dataclass(frozen=True)
class Deposit:
    """The last frame of a site: calcium in mineral (z, y, x) [mg/cm³], spacing along z, y, x [mm], day."""

    site: str
    day: float
    calcium: np.ndarray
    spacing: tuple[float, float, float]

    @property
    def seen(self) -> bool:
        """Whether there is a clump, so that there is a surface."""
        return bool((self.calcium >= clumps.THRESHOLD).any())


def available(path: Path) -> list[Deposit]:
    """What can be drawn of a results.nc: sites of three dimensions that hold a clump in their last frame."""
    found = [read(path, site) for site in store.sites(path)] if path.exists() else []
    return [one for one in found if one is not None and one.seen]


def read(path: Path, site: str, frame: int = -1) -> Deposit | None:
    """A frame of a site; None where it has fewer than three dimensions or no frame."""
    axes = store.axes(path, site)
    if not len(axes["time"]) or clumps.FIELD not in store.variables(path, site) or any(len(axes.get(axis, ())) < 2 for axis in "zyx"):
        return None
    number = range(len(axes["time"]))[frame]
    values = np.nan_to_num(store.read(path, site, clumps.FIELD, frame=number)[0]) * CALCIUM_MG_CM3
    spacing = tuple(1e3 * float(axes[axis][1] - axes[axis][0]) for axis in "zyx")
    return Deposit(site, float(axes["time"][number]), values, spacing)  # type: ignore[arg-type]


def paint(figure: Any, deposit: Deposit, letter: str = "") -> None:
    """The picture with its box, lengths, scale bar and colours."""
    axes = figure.subplots()
    top = float(deposit.calcium.max())
    draw(axes, deposit, VIEW, PIXELS if not letter else SMALLER, top)
    if letter:
        axes.set_title(letter, loc="left", fontweight="bold", fontsize=9)
    axes.set_title(f"{deposit.site}, day {deposit.day:g}", loc="center" if letter else "left")
    colours(figure, axes, top)


def colours(figure: Any, axes: Any, top: float) -> None:
    """The bar of colours beside the picture."""
    figure.colorbar(_scale(top), ax=axes, shrink=0.62, pad=0.02, aspect=18, label="Calcium below the surface (mg/cm³)")


def _scale(top: float) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    return ScalarMappable(Normalize(0.0, top or 1.0), LinearSegmentedColormap.from_list("mineral", COLOURS))


def draw(axes: Any, deposit: Deposit, view: tuple[float, float], pixels: int, top: float, turning: bool = False) -> None:
    """The surface, if there is one, in the box of the grid; top: end of the colours [mg/cm³]; turning: see `render.box`."""
    eye = render.box(deposit.calcium.shape, deposit.spacing, view, pixels, turning)
    width, height = eye.size
    if deposit.seen:
        hues: Any = _scale(top).to_rgba(deposit.calcium.ravel())[:, :3].reshape(*deposit.calcium.shape, 3)
        look = {"view": view, "pixels": pixels, "colour": hues, "turning": turning}
        picture = render.surface(deposit.calcium, deposit.spacing, clumps.THRESHOLD, **look)
    else:
        picture = np.full((height, width, 3), 255, dtype=np.uint8)
    axes.imshow(picture, extent=(0, width, height, 0), interpolation="antialiased", zorder=1)
    _outline(axes, deposit, eye, picture)
    _triad(axes, deposit, eye)
    _bar(axes, eye)
    axes.set_xlim(0.0, width)
    axes.set_ylim(height, 0.0)
    axes.set_axis_off()


def _corners(deposit: Deposit) -> tuple[np.ndarray, np.ndarray]:
    """Low and high corner of the grid in x, y, z [mm]."""
    return np.zeros(3), np.array([n * h for n, h in zip(deposit.calcium.shape, deposit.spacing)])[::-1]


def _outline(axes: Any, deposit: Deposit, eye: Any, picture: np.ndarray) -> None:
    """The twelve edges of the grid; the three at the far corner only where nothing stands before them."""
    low, high = _corners(deposit)
    near = eye.basis[2] > 0.0  # by axis: whether the high side is the near one
    for axis in range(3):
        for others in ((False, False), (False, True), (True, False), (True, True)):
            ends = np.array([low, high])
            for other, upper in zip([n for n in range(3) if n != axis], others):
                ends[:, other] = high[other] if upper else low[other]
            far = all(upper != near[other] for other, upper in zip([n for n in range(3) if n != axis], others))
            seen = eye.project(ends[0] + np.linspace(0.0, 1.0, 400)[:, None] * (ends[1] - ends[0]))
            if far:
                column, row = (np.clip(seen[:, n].astype(int), 0, size - 1) for n, size in enumerate(eye.size))
                seen[(picture[row, column] < 255).any(axis=1)] = np.nan
            axes.plot(seen[:, 0], seen[:, 1], zorder=2, alpha=0.55 if far else 0.8, **EDGE)


def _triad(axes: Any, deposit: Deposit, eye: Any) -> None:
    """Lengths of the box along its lower and outer edges."""
    low, high = _corners(deposit)
    near = eye.basis[2] > 0.0
    edge = np.where(near, high, low)
    middle = eye.project(0.5 * (low + high))[0, :2]
    for axis, name in enumerate("xyz"):
        ends = np.array([low, high])
        for other in range(3):
            if other != axis:
                ends[:, other] = low[other] if other == 2 else edge[other]
        if axis == 2:  # the upright edge that stands furthest to the right
            uprights = [np.array([x, y, 0.0]) for x in (low[0], high[0]) for y in (low[1], high[1])]
            foot = max(uprights, key=lambda place: eye.project(place)[0, 0])
            ends = np.array([foot, foot + [0.0, 0.0, high[2]]])
        at = eye.project(ends)[:, :2].mean(axis=0)
        away = (at - middle) / max(float(np.linalg.norm(at - middle)), 1e-9)
        place = at + (0.045 * max(eye.size)) * away
        axes.text(*place, f"{name}: {high[axis]:.3g} mm", ha="center", va="center", fontsize=7, color="0.25", rotation=_turn(eye, ends))


def _turn(eye: Any, ends: np.ndarray) -> float:
    """Angle of an edge in the picture [degrees], so that letters stand upright."""
    (x0, y0), (x1, y1) = eye.project(ends)[:, :2]
    angle = math.degrees(math.atan2(y0 - y1, x1 - x0))
    return (angle + 90.0) % 180.0 - 90.0 if abs(abs(angle) - 90.0) > 1.0 else 90.0


def _bar(axes: Any, eye: Any) -> None:
    """A scale bar of a round length, about a fifth of the picture, in the lower left corner: it holds everywhere in a parallel view."""
    length = style.round_length(0.2 * eye.size[0] / eye.scale)
    left, below = 0.03 * eye.size[0], 0.97 * eye.size[1]
    axes.plot([left, left + length * eye.scale], [below, below], color=style.BLACK, lw=2.0, solid_capstyle="butt", zorder=3)
    axes.text(left + 0.5 * length * eye.scale, below - 0.012 * eye.size[1], f"{length:g} mm", ha="center", va="bottom", fontsize=7)

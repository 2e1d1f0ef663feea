"""Mineral maps: depth against time in 1-D, the last frame in 2-D, three slices through the densest voxel in 3-D."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.physics.deposit import CALCIUM_MG_CM3
from calcisim.results import store, style

_EMPTY = 0.01  # of the largest value: less than that is drawn as nothing and may be left out
_LABEL = "Deposited calcium (mg/cm³)"
_PREFERRED = ("mineral_calcium", "mineral")


@dataclass(frozen=True)
class Map:
    """The mineral field of one site: values (time, z, y, x), label with unit, times [d], positions [mm] by axis.

    All frames in 1-D; in 2-D and 3-D only the last one, which is all that a figure shows, unless every frame is asked for.
    """

    site: str
    values: np.ndarray
    label: str
    time: np.ndarray
    positions: dict[str, np.ndarray]

    @property
    def long_axes(self) -> list[str]:
        """Axes with more than one voxel, in x, y, z order."""
        return [axis for axis in "xyz" if self.values.shape[1 + "zyx".index(axis)] > 1]


def available(path: Path) -> list[Map]:
    """The maps that a results.nc offers; none when it is not there, holds no frame, or its sites are single voxels."""
    if not path.exists():
        return []
    found = [read(path, site) for site in store.sites(path)]
    return [chosen for chosen in found if chosen is not None and chosen.long_axes]


def read(path: Path, site: str, every: bool = False) -> Map | None:
    """The map of a site, cut to where mineral is; None where there is none or no frame. every: all frames also in 2-D and 3-D."""
    names = store.variables(path, site)
    name = next((n for wish in _PREFERRED for n in names if n.startswith(wish)), None)
    if name is None:
        return None
    coordinates = store.axes(path, site)
    if not len(coordinates["time"]):
        return None
    last, unit, long_name = store.read(path, site, name, frame=len(coordinates["time"]) - 1)
    every = every or max(last.shape) == last.size
    values = store.read(path, site, name)[0] if every else last[np.newaxis]
    label = f"{long_name.capitalize()} ({unit})"
    if name == "mineral_calcium" and unit.replace("·", " ") in ("mol m-3", "mol/m3", "mol/m³"):
        values, label = values * CALCIUM_MG_CM3, _LABEL
    positions = {axis: _positions(coordinates, axis, values.shape[1 + "zyx".index(axis)]) for axis in "xyz"}
    return _cropped(Map(site, values, label, coordinates["time"] if every else coordinates["time"][-1:], positions))


def _cropped(whole: Map) -> Map:
    """The part that holds mineral, with a margin of half its width: an implant is small in its tissue."""
    values, positions = whole.values, dict(whole.positions)
    held = np.nan_to_num(values).max(axis=0)
    if held.max() <= 0:
        return whole
    for number, axis in enumerate("zyx"):
        others = tuple(n for n in range(3) if n != number)
        places = np.flatnonzero(held.max(axis=others) > _EMPTY * held.max())
        margin = max(2, (places[-1] - places[0] + 1) // 2)
        kept = slice(max(0, places[0] - margin), places[-1] + margin + 1)
        values = values[(slice(None), *(kept if n == number else slice(None) for n in range(3)))]
        positions[axis] = positions[axis][kept]
    return Map(whole.site, values, whole.label, whole.time, positions)


def _positions(coordinates: dict[str, np.ndarray], axis: str, count: int) -> np.ndarray:
    """Voxel centres [mm]; voxel numbers where the file has no coordinate."""
    return coordinates[axis] * 1e3 if axis in coordinates else np.arange(count) + 0.5


def size(chosen: Map) -> tuple[float, float]:
    """Width and height [mm] of a figure for this map alone."""
    return (170.0, 66.0) if len(chosen.long_axes) == 3 else (95.0, 80.0)


def readable(chosen: Map | None) -> Map:
    """The map in the unit in which its largest value needs no power of ten."""
    assert chosen is not None
    factor, unit = style.mass_unit(float(np.nan_to_num(chosen.values).max(initial=0.0)))
    if chosen.label != _LABEL or factor == 1.0:
        return chosen
    return replace(chosen, values=chosen.values * factor, label=_LABEL.replace("mg", unit))


def paint(figure: Any, chosen: Map, letter: str = "") -> None:
    """Draw the map into a figure or subfigure; in 3-D a panel with a letter has room for one slice."""
    chosen = readable(chosen)
    painter = {1: _depth_time, 2: _plane, 3: _slice if letter else _slices}[len(chosen.long_axes)]
    painter(figure, chosen, f"{letter}  " if letter else "")


def _edges(centres: np.ndarray) -> np.ndarray:
    """Cell borders of evenly or unevenly spaced centres."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = 0.5 * (centres[1:] + centres[:-1])
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def _top(values: np.ndarray) -> float:
    """Upper end of the colour scale; never 0, so that an empty map is drawn as empty."""
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    return top if top > 0 else 1.0


def _depth_time(figure: Any, chosen: Map, letter: str) -> None:
    axis = chosen.long_axes[0]
    values = chosen.values.reshape(len(chosen.time), -1).T
    axes = figure.subplots()
    image = axes.pcolormesh(
        np.clip(_edges(chosen.time), chosen.time[0], chosen.time[-1]) if len(chosen.time) > 1 else _edges(chosen.time),
        _edges(chosen.positions[axis]),
        values,
        cmap=style.MAP,
        vmin=0,
        vmax=_top(values),
        rasterized=True,
    )
    axes.set_xlabel("Time (days)")
    axes.set_ylabel(f"Position {axis} (mm)")
    _finish(figure, axes, image, chosen, letter, chosen.site)


def _plane(figure: Any, chosen: Map, letter: str) -> None:
    values = chosen.values[-1].squeeze()
    axes = figure.subplots()
    image = plane(axes, chosen, values, _top(values))
    _finish(figure, axes, image, chosen, letter, f"{chosen.site}, day {chosen.time[-1]:g}")


def plane(axes: Any, chosen: Map, values: np.ndarray, top: float) -> Any:
    """A frame (up, across) of a map of two axes, in colours up to `top`; returns what is drawn."""
    across, up = chosen.long_axes
    places = _edges(chosen.positions[across]), _edges(chosen.positions[up])
    image = axes.pcolormesh(*places, values, cmap=style.MAP, vmin=0, vmax=top or 1.0, rasterized=True)
    axes.set_aspect("equal")
    axes.set_xlabel(f"{across} (mm)")
    axes.set_ylabel(f"{up} (mm)")
    return image


def _cuts(chosen: Map) -> list[tuple[str, str, np.ndarray, str]]:
    """Planes z, y and x through the voxel that holds most mineral: the axes across and up, the values, and where it lies."""
    volume = np.nan_to_num(chosen.values[-1])
    z, y, x = np.unravel_index(int(np.argmax(volume)), volume.shape)
    found = (("x", "y", volume[z], "z", z), ("x", "z", volume[:, y], "y", y), ("y", "z", volume[:, :, x], "x", x))
    return [(across, up, values, f"{axis} = {chosen.positions[axis][at]:.2f} mm") for across, up, values, axis, at in found]


def _cut(axes: Any, chosen: Map, cut: tuple[str, str, np.ndarray, str]) -> Any:
    """One plane of a map of three axes, in the colours of all of it."""
    across, up, values, _ = cut
    places = _edges(chosen.positions[across]), _edges(chosen.positions[up])
    image = axes.pcolormesh(*places, values, cmap=style.MAP, vmin=0, vmax=_top(chosen.values[-1]), rasterized=True)
    axes.set_aspect("equal")
    axes.set_xlabel(f"{across} (mm)")
    axes.set_ylabel(f"{up} (mm)")
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    return image


def _slice(figure: Any, chosen: Map, letter: str) -> None:
    """The first of the three planes."""
    axes = figure.subplots()
    cut = _cuts(chosen)[0]
    image = _cut(axes, chosen, cut)
    _finish(figure, axes, image, chosen, letter, f"{chosen.site}, day {chosen.time[-1]:g}, {cut[3]}")


def _slices(figure: Any, chosen: Map, letter: str) -> None:
    """All three planes."""
    row = figure.subplots(1, 3)
    for number, (axes, cut) in enumerate(zip(row, _cuts(chosen))):
        image = _cut(axes, chosen, cut)
        first = f"{letter}{chosen.site}, day {chosen.time[-1]:g}\n" if number == 0 else "\n"
        axes.set_title(first + cut[3], loc="left")
    figure.colorbar(image, ax=row, label=chosen.label, shrink=0.8)


def _finish(figure: Any, axes: Any, image: Any, chosen: Map, letter: str, title: str) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    if letter:
        axes.set_title(letter.strip(), loc="left", fontweight="bold", fontsize=9)
        axes.set_title(title, loc="center")
    else:
        axes.set_title(title, loc="left")
    figure.colorbar(image, cax=axes.inset_axes((1.03, 0, 0.045, 1)), label=chosen.label)  # as tall as the map, whatever its shape

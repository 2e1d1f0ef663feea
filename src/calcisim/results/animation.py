"""A run as a moving picture: the mineral of a site over time beside its deposit, one picture per stored frame, as a GIF.

Along a line the profile over depth, in a plane the map, in three dimensions the surface of the clumps, slowly turning. The same run gives
the same bytes.
"""

import io
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import UsageError
from calcisim.results import clumps, deposit_picture, maps, store, style, timeseries
from calcisim.results.files import storage, write_bytes

SIZE = (168.0, 74.0)  # mm
DPI = 120.0
LARGEST = 5_000_000  # bytes: a larger one is drawn smaller
COLOURS = 240  # taken from the pictures, beside those of lines and letters
NEAR = 10  # of 255: colours nearer to an exact one are replaced by it
_EXACT = ("white", "0.25", "0.5", "0.75")  # with the colours of lines
LAST = 1500  # ms that the last picture stays
TURN = 40.0  # degrees, over the whole animation in three dimensions
PIXELS = 420  # of the longer side of a rendered surface
Picture = Any  # a Pillow image


def animate(directory: Path, site: str | None = None, fps: float = 8.0, out: Path | None = None, force: bool = False) -> dict[str, Any]:
    """Write the animation of a site, by default of the one with most mineral; returns path, site, frames and bytes.

    fps: pictures a second. Raises UsageError where there are no maps, the site is unknown or a single voxel, or the file is there and
    `force` is not given.
    """
    directory = Path(directory)
    if not 0.5 <= fps <= 50.0:
        raise UsageError(f"--fps {fps:g}: must be 0.5 to 50.")
    chosen = _site(directory, site)
    place = directory / "figures" / f"animation-{chosen}.gif" if out is None else Path(out)
    if place.suffix.lower() != ".gif":
        raise UsageError(f"--out {str(out)!r}: an animation is a GIF; name it with .gif")
    if place.exists() and not force:
        raise UsageError(f"{place}: is there already, and nothing is ever overwritten. Choose another --out, or add --force to replace it.")
    data, count = _small_enough(directory, chosen, fps)
    with storage(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(place, data)
    return {"animation": place, "site": chosen, "frames": count, "bytes": len(data)}


def _site(directory: Path, site: str | None) -> str:
    """The site to show: the named one, or the one whose last frame holds most mineral."""
    if not directory.is_dir():
        raise UsageError(f"{directory}: no such run directory.")
    path = directory / store.NAME
    sites = store.sites(path) if path.exists() else []
    if site is not None and sites and site not in sites:
        raise UsageError(f"{directory}: has no site {site!r}; its sites are {', '.join(sites)}")
    found = {name: maps.read(path, name) for name in sites}
    shown = {name: one for name, one in found.items() if one is not None and one.long_axes}
    if site is not None and site in found and found[site] is not None and site not in shown:
        raise UsageError(
            f"{directory}: the site {site} is a single voxel, so there is no picture of it; its curve is in figures/deposition.png"
        )
    if not shown:
        raise UsageError(f"{directory}: holds no maps to animate: no site with more than a voxel has a stored frame.")
    return site if site is not None else max(shown, key=lambda name: _held(path, name))


def _held(path: Path, site: str) -> float:
    """Mineral of a site in its last frame, of all that is stored [map times m³]."""
    axes = store.axes(path, site)
    voxel = math.prod(2.0 * float(axes[axis][0]) for axis in "zyx")  # the first centre lies half a voxel from the corner
    return voxel * float(np.nansum(store.read(path, site, clumps.FIELD, frame=-1)[0]))


def _small_enough(directory: Path, site: str, fps: float) -> tuple[bytes, int]:
    """The GIF and how many pictures it has, drawn smaller where it would be larger than `LARGEST`."""
    dpi = DPI
    while True:
        pictures = list(_pictures(directory, site, dpi))
        data = _gif(pictures, fps)
        if len(data) <= LARGEST or dpi < 50.0:
            return data, len(pictures)
        dpi *= min(0.9, 0.95 * math.sqrt(LARGEST / len(data)))


def _gif(pictures: list[Picture], fps: float) -> bytes:
    """The pictures with one palette, which the last and the middle one decide."""
    from PIL import Image

    width, height = pictures[0].size
    both = Image.new("RGB", (width, 2 * height))
    both.paste(pictures[len(pictures) // 2], (0, 0))
    both.paste(pictures[-1], (0, height))
    found = both.quantize(COLOURS, method=Image.Quantize.MEDIANCUT).getpalette() or []
    exact = np.array([_bytes_of(colour) for colour in (*_EXACT, *style.LINES)])
    others = np.array(found).reshape(-1, 3)
    apart = np.abs(others[:, None] - exact).max(axis=2).min(axis=1) > NEAR
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([exact, others[apart]])[:256].ravel().tolist())
    drawn = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    each = max(20, 10 * round(100.0 / fps))  # ms, in the hundredths of a second that a GIF has
    times = [each] * (len(drawn) - 1) + [max(each, LAST)]
    file = io.BytesIO()
    drawn[0].save(file, "GIF", save_all=True, append_images=drawn[1:], duration=times, loop=0, disposal=1)
    return file.getvalue()


def _bytes_of(colour: str) -> tuple[int, int, int]:
    from matplotlib.colors import to_rgb

    red, green, blue = (round(255.0 * part) for part in to_rgb(colour))
    return red, green, blue


def _pictures(directory: Path, site: str, dpi: float) -> Iterator[Picture]:
    """The pictures in the order of time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    path = directory / store.NAME
    shown = maps.read(path, site)
    assert shown is not None
    times = store.axes(path, site)["time"]
    series = timeseries.read(directory)
    with style.figure(*SIZE) as figure:
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(1.2, 1.0))
        point = _curve(right, series, site)
        show = {1: _profile, 2: _plane, 3: _body}[len(shown.long_axes)](figure, left, path, site, len(times))
        for number, day in enumerate(times):
            left.set_title(f"{site}, day {day:g}", loc="left")
            show(number)
            point(float(day))
            canvas.draw()
            figure.set_layout_engine("none")  # what was laid out for the first picture holds for all, so that nothing jumps
            yield Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def _curve(axes: Any, series: dict[str, np.ndarray], site: str) -> Callable[[float], None]:
    """The deposit over time; returns what moves the point to a day."""
    name = f"{site}.deposit_calcium_mg" if f"{site}.deposit_calcium_mg" in series else "deposit_calcium_mg"
    time, values = series["time_d"], np.nan_to_num(series.get(name, np.zeros_like(series["time_d"])))
    factor, unit = style.mass_unit(float(values.max(initial=0.0)))
    values = factor * values
    axes.plot(time, values, color=style.BLUE, alpha=0.35)
    (past,) = axes.plot([], [], color=style.BLUE)
    (dot,) = axes.plot([], [], "o", color=style.VERMILLION, ms=5.0, zorder=3, clip_on=False)
    axes.set_xlabel("Time (days)")
    axes.set_ylabel(f"Deposited calcium ({unit})")
    axes.set_xlim(0.0, float(time[-1]) or 1.0)
    axes.set_ylim(0.0, 1.08 * float(values.max()) or 1.0)

    def move(day: float) -> None:
        before = time <= day * (1.0 + 1e-9)
        past.set_data(time[before], values[before])
        dot.set_data([day], [float(np.interp(day, time, values))])

    return move


def _profile(figure: Any, axes: Any, path: Path, site: str, count: int) -> Callable[[int], None]:
    """Mineral over the only long axis."""
    shown = maps.readable(maps.read(path, site))
    values = np.nan_to_num(shown.values.reshape(count, -1))
    along = shown.positions[shown.long_axes[0]]
    (line,) = axes.step(along, values[0], where="mid", color=style.BLUE)
    axes.set_xlim(float(along[0]), float(along[-1]))
    axes.set_ylim(0.0, 1.08 * float(values.max()) or 1.0)
    axes.set_xlabel(f"Position {shown.long_axes[0]} (mm)")
    axes.set_ylabel(shown.label)
    return lambda number: line.set_ydata(values[number])


def _plane(figure: Any, axes: Any, path: Path, site: str, count: int) -> Callable[[int], None]:
    """The map, with one scale of colours for all times."""
    shown = maps.readable(maps.read(path, site, every=True))
    values = shown.values.reshape(count, *[n for n in shown.values.shape[1:] if n > 1])
    image = maps.plane(axes, shown, values[0], float(np.nanmax(values)))
    figure.colorbar(image, ax=axes, label=shown.label, shrink=0.8)
    return lambda number: image.set_array(values[number])


def _body(figure: Any, axes: Any, path: Path, site: str, count: int) -> Callable[[int], None]:
    """The surface of the clumps, from a side that moves slowly, with one scale of colours for all times."""
    last = deposit_picture.read(path, site)
    assert last is not None
    top = float(last.calcium.max())
    azimuth, elevation = deposit_picture.VIEW
    deposit_picture.colours(figure, axes, top)

    def show(number: int) -> None:
        deposit = deposit_picture.read(path, site, number)
        assert deposit is not None
        title = axes.get_title(loc="left")
        axes.clear()
        axes.set_title(title, loc="left")
        angle = azimuth + TURN * (number / max(1, count - 1) - 0.5)
        deposit_picture.draw(axes, deposit, (angle, elevation), PIXELS, top, turning=True)

    return show

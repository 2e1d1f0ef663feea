"""Pictures of clumps that were grown particle by particle: the largest one rendered, and what was measured on all of them."""

from pathlib import Path
from typing import Any

import numpy as np

from calcisim.physics import morphology_shape
from calcisim.physics.morphology import Pack
from calcisim.physics.morphology_shape import Measured
from calcisim.results import render, style

CLUMP_SIZE = (120.0, 110.0)  # mm
STRUCTURE_SIZE = (183.0, 62.0)
PIXELS = 1500
MINERAL = (0.93, 0.88, 0.78)  # of bone
FIBRE = (0.62, 0.36, 0.33)  # collagen as stains show it


def draw(place: Path, pack: Pack, measured: Measured, growth: float, primary: float, most: int) -> list[Path]:
    """clump.png and structure.png into figures/. primary: diameter [m]; most: particles that are drawn, of the largest clusters, the very
    largest always whole."""
    made = []
    with style.figure(*CLUMP_SIZE) as figure:
        paint_clump(figure, pack, growth, primary, most)
        made += style.save(figure, place / "figures" / "clump", ("png",))
    with style.figure(*STRUCTURE_SIZE) as figure:
        paint_structure(figure, pack, measured)
        made += style.save(figure, place / "figures" / "structure", ("png",))
    return made


def paint_clump(figure: Any, pack: Pack, growth: float, primary: float, most: int) -> None:
    """The largest clump, or, between fibres, all of them in their box, with a scale bar."""
    fibres = len(pack.fibres.fibre) > 0
    fitting = int(np.searchsorted(np.cumsum(np.bincount(pack.cluster)), most, side="right")) if fibres else 1
    chosen = pack.cluster < max(fitting, 1)
    points = pack.position[chosen] * primary * 1e6  # µm
    radii = np.full(len(points), 0.5 * (1.0 + growth) * primary * 1e6)
    flat = pack.asked.dimensions == 2
    view = (0.0, 90.0) if flat else (35.0, 22.0)
    segments = _fibres(pack, primary * 1e6) if fibres else None
    hue = _hues(pack, chosen)
    picture = render.spheres(points, radii, hue, view=view, pixels=PIXELS, cylinders=segments)
    axes = figure.subplots()
    axes.imshow(picture, interpolation="antialiased")
    axes.set_axis_off()
    width = _width(points, radii, segments, view)
    _scale_bar(axes, picture.shape, width)
    axes.set_title(_said(pack, growth, int(chosen.sum()), fibres), loc="left")


def _hues(pack: Pack, chosen: np.ndarray) -> np.ndarray:
    """One colour of bone, a shade darker from the middle of a clump outwards, so that its arms can be told apart."""
    position, cluster = pack.position[chosen], pack.cluster[chosen]
    count = np.bincount(cluster)
    centre = np.stack([np.bincount(cluster, position[:, axis]) for axis in range(3)], axis=1) / np.maximum(count, 1)[:, None]
    away = np.linalg.norm(position - centre[cluster], axis=1)
    reach = np.zeros(len(count))
    np.maximum.at(reach, cluster, away)
    shade = 1.0 - 0.25 * away / np.maximum(reach[cluster], 1.0)
    return shade[:, None] * np.array(MINERAL)


def _fibres(pack: Pack, scale: float) -> tuple[np.ndarray, float, Any]:
    """The pieces of the fibres, each within the box."""
    fibre, edge = pack.fibres.fibre, pack.box
    start = fibre[:, :3] % edge
    return np.stack([start, start + fibre[:, 6:] * fibre[:, 3:6]], axis=1) * scale, pack.fibres.radius * scale, FIBRE


def _width(points: np.ndarray, radii: np.ndarray, segments: Any, view: tuple[float, float]) -> float:
    """What the picture is wide [µm]: its camera is the renderer's own."""
    from calcisim.results import shading

    places, reach = points, radii
    if segments is not None:
        ends = segments[0].reshape(-1, 3)
        places, reach = np.concatenate([points, ends]), np.concatenate([radii, np.full(len(ends), segments[1])])
    eye = shading.framing(places, reach, view, PIXELS)
    return float(eye.size[0] / eye.scale)


def _scale_bar(axes: Any, shape: tuple[int, ...], width: float) -> None:
    """A bar of a round length, about a fifth of the picture wide, under the lower left corner."""
    length = style.round_length(0.25 * width)
    long, below = length / width * shape[1], 1.03 * shape[0]
    axes.plot([0.0, long], [below, below], color="black", lw=2.0, clip_on=False, solid_capstyle="butt")
    text = f"{length:g} µm" if length >= 1.0 else f"{length * 1e3:g} nm"
    axes.text(0.5 * long, below + 0.015 * shape[0], text, ha="center", va="top")
    axes.set_ylim(1.1 * shape[0], 0.0)


def _said(pack: Pack, growth: float, drawn: int, fibres: bool) -> str:
    what = f"{drawn} of {len(pack.position)} particles" + (" and collagen fibres" if fibres else ", the largest clump")
    layer = f", a layer of {growth:g} primary radii grown" if growth else ""
    return f"{what}\nsticking {pack.asked.sticking:g}{layer}"


def paint_structure(figure: Any, pack: Pack, measured: Measured) -> None:
    """Size against radius of gyration with the fit, the structure factor of the largest clump, and clusters by size."""
    size, scatter, sizes = figure.subplots(1, 3)
    _paint_power(size, pack, measured)
    _paint_scattering(scatter, pack)
    _paint_sizes(sizes, pack)
    style.lettered((size, scatter, sizes))


def _paint_power(axes: Any, pack: Pack, measured: Measured) -> None:
    from matplotlib.ticker import LogLocator

    rows = pack.merges
    n, radius = rows[:, 1] + rows[:, 2], 2.0 * np.sqrt(rows[:, 3])
    fit, solid = measured.frame, measured.solid
    label = "Particles n" if solid is None else "Solid V (primary volumes)"
    axes.scatter(radius, n, s=4, color=style.BLUE if solid is None else style.SKY, lw=0, alpha=0.5, label="when it formed", rasterized=True)
    if solid is not None:
        chosen = solid.particles >= morphology_shape.SMALLEST
        axes.scatter(solid.gyration[chosen], solid.volume[chosen], s=8, color=style.VERMILLION, lw=0, label="grown")
        n, radius, fit = solid.volume[chosen], solid.gyration[chosen], measured.whole
    if fit is not None:
        ends = np.array([radius.min(), radius.max()])
        text = f"D = {fit.dimension:.2f} ± {fit.error:.2f}"
        axes.plot(ends, fit.prefactor * ends**fit.dimension, color=style.BLACK, lw=1.0, label=text)
    if len(n):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))  # small clumps span less than a decade
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
    axes.set_xlabel("Radius of gyration (primary radii)")
    axes.set_ylabel(label)
    axes.legend(loc="upper left", handlelength=1.2)


def _paint_scattering(axes: Any, pack: Pack) -> None:
    largest = pack.position[pack.cluster == 0]
    q = np.geomspace(0.5 / max(float(np.ptp(largest, axis=0).max()), 1.0), 8.0, 160)
    axes.plot(q / 2.0, morphology_shape.structure_factor(largest, q), color=style.BLUE)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("Wave number q (1/primary radius)")
    axes.set_ylabel("Structure factor S(q)")


def _paint_sizes(axes: Any, pack: Pack) -> None:
    counts = np.sort(np.bincount(pack.cluster))[::-1]
    axes.plot(np.arange(1, len(counts) + 1), counts, "o", ms=2.5, color=style.BLUE)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("Rank of the cluster")
    axes.set_ylabel("Its particles n")

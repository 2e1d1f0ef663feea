"""Whether a figure is fit for print: what is wrong with one, and a way to catch every figure that the package saves.

with caught() as figures:
    plots.draw(directory)
assert problems(figures) == []
"""

import contextlib
import re
import struct

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from calcisim.results import style

DPI = 300
SMALLEST = 6.0  # pt
DIMENSIONLESS = {"pH", "Clumps of at least d", "Calciprotein colloid", "Δ saturation index", "Imbalance of the ledgers"} | {
    "Particles n",
    "Structure factor S(q)",
    "Rank of the cluster",
    "Its particles n",
}
SHARES = re.compile(r"^(Share|Thiele|Damköhler|Number)\b")
NUMBER = re.compile(r"^[−-]?[\d.,]+(e[−+-]?\d+)?$|\$")


@contextlib.contextmanager
def caught():
    """Every figure that is saved inside, as [(path, figure)]; what is saved is saved as always."""
    found, save = [], style.save

    def watching(drawn, path, formats):
        made = save(drawn, path, formats)
        found.extend((place, drawn) for place in made)
        return made

    style.save = watching
    try:
        yield found
    finally:
        style.save = save


def problems(figures):
    """What is wrong, one line each; figures: [(path, figure)] of `caught`."""
    return [f"{path.name}: {what}" for path, figure in figures for what in (*of_file(path), *of_figure(figure))]


def of_file(path):
    """The resolution that a PNG states."""
    if path.suffix != ".png":
        return []
    data = path.read_bytes()
    at = data.find(b"pHYs")
    across, up, unit = struct.unpack(">IIB", data[at + 4 : at + 13]) if at >= 0 else (0, 0, 0)
    dpi = (round(across * 0.0254), round(up * 0.0254))
    return [] if unit == 1 and dpi == (DPI, DPI) else [f"states {dpi} dpi"]


def of_figure(figure):
    """Labels, colour bars, letters at the edge or on each other, and their size."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    everything = _axes(figure)
    texts = _texts(figure, everything)
    return [
        *(what for axes in everything for what in _of_labels(axes, everything)),
        *_at_the_edge(texts, figure.bbox, renderer),
        *_on_each_other(texts, renderer),
        *(f"{text.get_text()!r} has {text.get_fontsize():g} pt" for text in texts if text.get_fontsize() < SMALLEST),
    ]


def _axes(figure):
    """All axes, also those set into others."""
    found = list(figure.axes)
    for axes in found:
        found.extend(child for child in axes.child_axes if child not in found)
    return found


def _ticks(axes):
    """Labels of ticks that are drawn."""
    if not axes.axison:
        return []
    ticks = [tick for axis in (axes.xaxis, axes.yaxis) for tick in axis._update_ticks()]
    return [label for tick in ticks for label in (tick.label1, tick.label2)]


def _texts(figure, everything):
    """Every text that is to be seen."""
    of_axes = {text for axes in everything for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Text)}
    others = [text for text in figure.findobj(Text) if text not in of_axes]
    names = [axis.label for axes in everything if axes.axison for axis in (axes.xaxis, axes.yaxis)]
    offsets = [axis.offsetText for axes in everything if axes.axison for axis in (axes.xaxis, axes.yaxis)]
    found = [*others, *names, *offsets, *(label for axes in everything for label in _ticks(axes))]
    unique = {id(text): text for text in found}
    return [text for text in unique.values() if text.get_visible() and text.get_text().strip()]


def _of_labels(axes, everything):
    """What is missing on axes that show data, or on a bar of colours."""
    if hasattr(axes, "_colorbar"):
        return [] if axes.get_ylabel() or axes.get_xlabel() else ["a bar of colours has no label"]
    if not axes.axison or not axes.has_data():
        return []
    up = axes.get_ylabel() or _beside(axes, everything) or axes.get_title(loc="left")  # small panels are named above
    across = axes.get_xlabel() or _below(axes, everything) or _names(axes)
    return [f"{word} of an axes says {said!r}" for word, said in (("x label", across), ("y label", up)) if not _complete(said)]


def _below(axes, everything):
    """The x label of axes below whose ticks stand for these too."""
    found = [other for other in everything if other.get_shared_x_axes().joined(axes, other) and other.get_xlabel()]
    return found[0].get_xlabel() if found else ""


def _beside(axes, everything):
    """The y label of axes as high as these, with the same range, whose ticks stand for these too."""
    box, limits = axes.get_position(), axes.get_ylim()
    found = [
        other
        for other in everything
        if other.get_ylabel()
        and not hasattr(other, "_colorbar")
        and other.get_ylim() == limits
        and abs(other.get_position().y0 - box.y0) < 1e-3
    ]
    return found[0].get_ylabel() if found else ""


def _names(axes):
    """Whether the ticks are names, which need no label."""
    texts = [label.get_text() for label in axes.get_xticklabels()]
    return "(named)" if texts and not any(NUMBER.search(text) for text in texts) and all(texts) else ""


def _complete(said):
    return bool(re.search(r"\(.+\)", said)) or said in DIMENSIONLESS or bool(SHARES.search(said))


def _at_the_edge(texts, edge, renderer):
    found = []
    for text in texts:
        box = text.get_window_extent(renderer)
        if box.x0 < edge.x0 - 0.5 or box.y0 < edge.y0 - 0.5 or box.x1 > edge.x1 + 0.5 or box.y1 > edge.y1 + 0.5:
            found.append(f"{text.get_text()!r} goes over the edge")
    return found


def _on_each_other(texts, renderer):
    """Pairs of texts that cover each other by more than a seventh of the smaller; slanting ones are left out."""
    boxes = [(text, text.get_window_extent(renderer)) for text in texts if text.get_rotation() % 90.0 == 0.0]
    found = []
    for number, (one, a) in enumerate(boxes):
        for other, b in boxes[number + 1 :]:
            width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            if width > 0.0 and height > 0.0 and width * height > min(a.width * a.height, b.width * b.height) / 7.0:
                found.append(f"{one.get_text()!r} and {other.get_text()!r} lie on each other")
    return found

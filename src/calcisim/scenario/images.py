"""Images that a scenario names: they are read once, brought onto the voxels of their site, and put into the document.

So the text of a run holds all that was taken of them, with the name and the SHA-256 of the file, and needs the file no more. A site
whose grid comes from an image has its low corner where the image, or the part that is taken, has it. Another image lies where its own
coordinates put it against that one; a volume that calcisim wrote of a run, and any image in a site with a grid of its own, begins at the
low corner of the site, or at that of the whole image when the grid is cut from one of the same size; `at` puts it elsewhere.
"""

import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from calcisim.scenario import beside, nifti, voxels
from calcisim.scenario.deposit import Deposit
from calcisim.scenario.document import Document, Origin, named_key
from calcisim.scenario.errors import Path as Key
from calcisim.scenario.errors import PlausibilityWarning, ScenarioError
from calcisim.scenario.fields import Table, wrong
from calcisim.scenario.grid import Grid
from calcisim.scenario.regions import Label, Threshold
from calcisim.scenario.voxels import Lattice
from calcisim.units import text

if TYPE_CHECKING:
    from numpy import ndarray

LARGEST = 900_000  # characters of voxels in a scenario, whose text may have a million
NARROWEST, WIDEST = 1e-6, 1e-2  # m, edges of a voxel of a site
LOST = 1e-3  # share of the mineral of an image beyond the site from which this is told
SHAPES: dict[str, type[Label] | type[Threshold]] = {"label": Label, "threshold": Threshold}


@dataclass
class _Frame:
    """A site on its way: its lattice; the image of its grid, the lattice of that before it was cut, where in its coordinates the low corner
    of the site is [m], and whether it is of labels; how labels are brought to the lattice, and those that have regions; whether all
    regions could be read."""

    lattice: Lattice
    image: nifti.Image | None = None
    uncut: Lattice | None = None
    corner: tuple[float, float, float] = (0.0, 0.0, 0.0)
    of_labels: bool = False
    how: str = "majority"
    named: set[int] = field(default_factory=set)
    sure: bool = True


class _Reader:
    """Reads the images of one document; every error names its key."""

    def __init__(self, merged: Document, origin: Origin) -> None:
        self.merged, self.origin = merged, origin
        self.known: dict[Path, nifti.Image] = {}
        self.brought: dict[tuple[Any, ...], ndarray] = {}
        self.size = 0

    def refuse(self, key: Key, message: str, hint: str = "") -> NoReturn:
        raise ScenarioError(self.origin.mistake(named_key(self.merged, key), message, hint))

    def image(self, key: Key, name: str) -> nifti.Image:
        path = beside.find(name, named_key(self.merged, key), self.origin, nifti.ENDINGS, "the image")
        if path not in self.known:
            self.known[path] = self.told(key, nifti.read, path)
        return self.known[path]

    def told(self, key: Key, act: Any, *args: Any) -> Any:
        """act(*args), its pydantic errors told at this key."""
        try:
            return act(*args)
        except PydanticCustomError as error:
            one = error.context or {}
            self.refuse(key, one["message"], one["hint"])

    def keep(self, key: Key, table: Document, values: "ndarray", frame: _Frame, image: nifti.Image) -> None:
        """Put voxels on the lattice of the site into a table, in place of its file."""
        table["voxels"] = voxels.packed(values, frame.lattice, image.name, image.sha256)
        table.pop("file", None)
        self.size += len(table["voxels"]["packed"])
        if self.size > LARGEST:
            hint = "take a coarser spacing, or the part between low and high"
            self.refuse(key, "what is taken of the images is too much for the record of a run, which may have 1 MB", hint)

    # --- the grid -----------------------------------------------------------------------------------------------------------------------

    def frame(self, key: Key, grid: Any) -> _Frame | None:
        """The lattice of a site; its table `grid` gets shape, spacing and depth when an image gives them. None when the table is wrong,
        which the schema says."""
        asked = _checked(Grid, grid)
        if not isinstance(asked, Grid):
            return None
        if not asked.pictured:
            return _Frame(Lattice(asked.counts, asked.cell))
        which = "labels" if asked.labels is not None else "grey"
        uncut = self.image((*key, which), grid[which])
        image = self.cut((*key, which), uncut, asked)
        if which == "labels":
            self.told((*key, which), nifti.whole, image)
        lattice = self.told((*key, "spacing"), _wanted, image.lattice, asked.spacing)
        for name, n, edge in zip("xyz", lattice.counts, lattice.edge, strict=True):
            if n > 1 and not NARROWEST <= edge <= WIDEST:
                message = f"a voxel is {1e3 * edge:g} mm along {name}, and a site takes 1 um to 10 mm"
                self.refuse((*key, which), message, "write spacing, or set the unit in the header of the file right")
        axes = max((at + 1 for at in range(3) if lattice.counts[at] > 1), default=0)
        for name in ("labels", "grey", "low", "high", "resample"):
            grid.pop(name, None)
        grid["shape"] = list(lattice.counts[:axes])
        grid["spacing"] = [text(edge, "length") for edge in lattice.edge[:axes]]
        grid.setdefault("depth", [text(edge, "length") for edge in lattice.edge[axes:]])
        final = _checked(Grid, grid)
        if not isinstance(final, Grid):
            return None
        how = asked.resample or "majority"
        return _Frame(Lattice(final.counts, final.cell), image, uncut.lattice, image.lattice.low, which == "labels", how)

    def cut(self, key: Key, image: nifti.Image, asked: Grid) -> nifti.Image:
        """The part of an image between low and high, to whole voxels."""
        if asked.low is None and asked.high is None:
            return image
        spans = []
        for axis, name in enumerate("xyz"):
            n, edge = image.lattice.counts[axis], image.lattice.edge[axis]
            low = 0 if asked.low is None else round(asked.low[axis] / edge)
            high = n if asked.high is None else min(round(asked.high[axis] / edge), n)
            if not 0 <= low < high:
                where = (*key[:-1], "low" if asked.low is not None else "high")
                self.refuse(where, f"nothing of the image is left along {name}", f"it is {1e3 * n * edge:g} mm long there")
            spans.append((low, high))
        lattice = Lattice(
            tuple(high - low for low, high in spans),  # type: ignore[arg-type]
            image.lattice.edge,
            tuple(place + low * edge for place, (low, _), edge in zip(image.lattice.low, spans, image.lattice.edge, strict=True)),  # type: ignore[arg-type]
        )
        return nifti.Image(image.values[tuple(slice(*span) for span in spans[::-1])], lattice, image.own, image.sha256, image.name)

    # --- regions ------------------------------------------------------------------------------------------------------------------------

    def region(self, key: Key, table: Any, frame: _Frame) -> None:
        """Read the image of a label or threshold region; other tables, and those that are read, stay."""
        kind = SHAPES.get(str(table.get("shape"))) if isinstance(table, dict) else None
        asked = _checked(kind, table) if kind is not None else None
        frame.sure &= kind is None or asked is not None
        if not isinstance(asked, (Label, Threshold)) or asked.voxels is not None:
            return
        image, place, of_grid = self.placed(key, asked, frame)
        if isinstance(asked, Label):
            values = self.labelled(key, asked, image, place, frame)
            if of_grid:
                frame.named.update(asked.label)
        else:
            low, high = (-math.inf if asked.at_least is None else asked.at_least), (math.inf if asked.below is None else asked.below)
            values = voxels.means((image.values >= low) & (image.values < high), place, frame.lattice) > 0.5
            if not values.any():
                span = f"those of {image.name} go from {image.values.min():g} to {image.values.max():g}"
                self.refuse(key, f"no voxel of the site has such values: {span}", "look at at_least and below")
        table.pop("at", None)
        self.keep(key, table, values, frame, image)

    def placed(self, key: Key, asked: Any, frame: _Frame) -> tuple[nifti.Image, Lattice, bool]:
        """The image of a table, its lattice in the site, and whether it is that of the grid."""
        if asked.file is None:
            if frame.image is None:
                self.refuse(key, "names no file, and the grid comes from no image", 'write file = "…", or [site.grid] labels = "…"')
            image = frame.image
        else:
            image = self.image((*key, "file"), asked.file)
        low = _beginning(image, frame) if asked.at is None else asked.at
        lattice = image.lattice._replace(low=low)
        for axis, name in enumerate("xyz"):
            reach = low[axis] + lattice.counts[axis] * lattice.edge[axis]
            size = frame.lattice.counts[axis] * frame.lattice.edge[axis]
            if reach <= 0.0 or low[axis] >= size:
                span = f"from {1e3 * low[axis]:.4g} to {1e3 * reach:.4g} mm along {name}, and the site is {1e3 * size:.4g} mm long there"
                hint = 'at = ["0 mm", "0 mm", "0 mm"] puts its low corner at that of the site'
                self.refuse(key, f"the image lies beside the site: {span}", hint)
        return image, lattice, asked.file is None

    def labelled(self, key: Key, asked: Label, image: nifti.Image, place: Lattice, frame: _Frame) -> "ndarray":
        import numpy as np

        known = self.told(key, nifti.whole, image)
        there = np.unique(known)
        there = there[there > 0]
        for label in asked.label:
            if label not in there:
                listed = ", ".join(map(str, there[:20])) + (" …" if there.size > 20 else "")
                near = f"the nearest is {there[np.argmin(np.abs(there - label))]}; " if there.size else ""
                self.refuse((*key, "label"), f"{image.name} has no label {label}", f"{near}its labels are {listed or 'none but 0'}")
        way = (image.sha256, place, frame.lattice, frame.how)
        if way not in self.brought:
            self.brought[way] = (voxels.majority if frame.how == "majority" else voxels.nearest)(known, place, frame.lattice)
        values = np.isin(self.brought[way], asked.label)
        if not values.any():
            number = int(np.count_nonzero(np.isin(known, asked.label)))
            self.refuse((*key, "label"), f"its {number:,} voxels of {image.name} win no voxel of the site", "take a finer spacing")
        return values

    def unnamed(self, key: Key, frame: _Frame) -> None:
        """Refuse a label map with labels that no region of the site names."""
        import numpy as np

        if frame.image is None or not (frame.of_labels and frame.sure):
            return
        found, counts = np.unique(nifti.whole(frame.image), return_counts=True)
        lacking = [(int(label), int(n)) for label, n in zip(found, counts, strict=True) if label and label not in frame.named]
        if lacking:
            listed = ", ".join(f"{label} ({n:,} voxels)" for label, n in lacking[:12]) + (" …" if len(lacking) > 12 else "")
            numbers = ", ".join(str(label) for label, _ in lacking[:12])
            hint = (
                f'write [[site.region]] with shape = "label", label = [{numbers}] and a material; without a material they stay the tissue '
                "of the site, as label 0 does"
            )
            self.refuse(key, f"labels of {frame.image.name} that no region names: {listed}", hint)

    # --- deposits -----------------------------------------------------------------------------------------------------------------------

    def deposit(self, key: Key, table: Any, frame: _Frame) -> None:
        """Read the image of a deposit, or of its region."""
        import numpy as np

        if isinstance(table, dict):
            self.region((*key, "region"), table.get("region"), frame)
        asked = _checked(Deposit, table)
        if not isinstance(asked, Deposit) or asked.file is None:
            return
        image, place, _ = self.placed(key, asked, frame)
        density = asked.densities(image.values)
        if density.min() < 0.0:
            z, y, x = np.unravel_index(np.argmin(density), density.shape)
            at = f"voxel x={x}, y={y}, z={z} holds {image.values[z, y, x]:g}, which is {density.min():.4g} mg HA/cm3"
            hint = "write threshold: below it there is no mineral"
            self.refuse(key, f"{int(np.count_nonzero(density < 0.0)):,} voxels of {image.name} hold less than nothing: {at}", hint)
        on_grid = voxels.means(density, place, frame.lattice)
        if not on_grid.any():
            hint = f"they go from {image.values.min():g} to {image.values.max():g}; look at unit and threshold"
            self.refuse(key, f"{image.name} holds no mineral within the site by its values", hint)
        self._told_lost(key, density, place, on_grid, frame, image.name)
        for name in ("unit", "slope", "intercept", "threshold", "at"):
            table.pop(name, None)
        self.keep(key, table, on_grid, frame, image)

    def _told_lost(self, key: Key, density: "ndarray", place: Lattice, on_grid: "ndarray", frame: _Frame, name: str) -> None:
        """Warn when a part of the mineral lies beyond the site."""
        whole, kept = (float(part.sum()) * math.prod(lattice.edge) for part, lattice in ((density, place), (on_grid, frame.lattice)))
        if kept < whole * (1.0 - LOST):
            told = f"{100.0 * (1.0 - kept / whole):.3g} % of the mineral of {name} lies beyond the site and is left out"
            warnings.warn(str(self.origin.mistake(named_key(self.merged, key), told, "at moves it")), PlausibilityWarning, stacklevel=6)


def _checked(kind: type[Table], table: Any) -> Table | None:
    """The table by its schema, None when it is wrong there: then the schema says so, and no image is read."""
    try:
        return kind.model_validate(_frozen(table))
    except ValidationError:
        return None


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(part) for key, part in value.items()}
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _beginning(image: nifti.Image, frame: _Frame) -> tuple[float, float, float]:
    """Where the low corner of an image lies in the site [m] when nothing is said of it.

    A volume that calcisim wrote counts from the corner of its site. When it is as large as the image that the grid is cut from, to half
    of a voxel of that, it is of a site with all of it, such as that image itself or another volume of the same run.
    """
    if frame.uncut is None:
        return 0.0, 0.0, 0.0
    start = image.lattice.low
    if image.own:
        sizes = zip(image.lattice.counts, image.lattice.edge, frame.uncut.counts, frame.uncut.edge, strict=True)
        if any(abs(n * edge - number * length) > 0.5 * length for n, edge, number, length in sizes):
            return 0.0, 0.0, 0.0
        start = frame.uncut.low
    x, y, z = (place - corner for place, corner in zip(start, frame.corner, strict=True))
    return x, y, z


def _wanted(lattice: Lattice, spacing: tuple[float, ...]) -> Lattice:
    """The lattice with voxels of about this size and the same extents; as it is without a spacing. An axis of one voxel stays."""
    if not spacing:
        return lattice
    long = [axis for axis in range(3) if lattice.counts[axis] > 1]
    if len(spacing) not in (1, len(long)):
        raise wrong(f"the image has {len(long)} axes of more than one voxel", "give one spacing, or one for each")
    counts, edges = list(lattice.counts), list(lattice.edge)
    for axis, wanted in zip(long, spacing * len(long) if len(spacing) == 1 else spacing, strict=True):
        extent = counts[axis] * edges[axis]
        number = max(1, round(extent / wanted))
        counts[axis], edges[axis] = number, edges[axis] if number == counts[axis] else extent / number
    return Lattice(tuple(counts), tuple(edges), lattice.low)  # type: ignore[arg-type]


def _tables(value: Any) -> list[tuple[int, Any]]:
    return list(enumerate(value)) if isinstance(value, list) else []


def embed(merged: Document, origin: Origin) -> None:
    """Put what is taken of all images that a document names into it, in place. Raises ScenarioError; warns of mineral beyond a site."""
    reader = _Reader(merged, origin)
    frames: dict[str, _Frame] = {}
    events = any(isinstance(event, dict) and _shaped(event.get("region")) for _, event in _tables(merged.get("event")))
    for i, site in _tables(merged.get("site")):
        here: Key = ("site", i)
        if not isinstance(site, dict) or not (site.get("deposit") or _pictured(site) or events):
            continue
        which = "labels" if isinstance(site.get("grid"), dict) and "labels" in site["grid"] else "grey"
        frame = reader.frame((*here, "grid"), site.get("grid"))
        if frame is None:
            continue
        frames[str(site.get("name"))] = frame
        for j, region in _tables(site.get("region")):
            reader.region((*here, "region", j), region, frame)
        reader.unnamed((*here, "grid", which), frame)
        for j, deposit in _tables(site.get("deposit")):
            reader.deposit((*here, "deposit", j), deposit, frame)
    for i, event in _tables(merged.get("event")):
        if isinstance(event, dict):
            alone = next(iter(frames.values())) if len(frames) == 1 else None
            frame = frames.get(str(event.get("site")), alone)
            if frame is not None:
                reader.region(("event", i, "region"), event.get("region"), frame)


def _pictured(site: Document) -> bool:
    """True for a site that an image may say something of."""
    grid = site.get("grid")
    of_grid = isinstance(grid, dict) and bool({"labels", "grey"} & set(grid))
    return of_grid or any(_shaped(part) for _, part in _tables(site.get("region")))


def _shaped(region: Any) -> bool:
    """True for a region that an image gives its shape."""
    return isinstance(region, dict) and region.get("shape") in list(SHAPES)

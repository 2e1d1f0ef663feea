"""How a deposit looks on X-rays: Hounsfield volume, simulated radiograph, slice of computed tomography.

    seen = radiography.hounsfield("runs/tumoral-uraemic-001", "hip")
    seen.values, seen.spacing               # HU (z, y, x) and voxel edges [m]
    radiography.scanned(seen).values        # the same through a scanner's point spread and voxels

What is not mineral counts as soft tissue, implants and fluids too. Beyond its border a site is mirrored, as nothing crosses it. No noise,
no scatter and no beam hardening: a reader sees less than this. For research; not for clinical decisions.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import StorageError, UsageError
from calcisim.physics import attenuation
from calcisim.results import store, style
from calcisim.results.observables import Value, observable

FIELDS = {"ACP": "acp_calcium", "MgACP": "mg_acp_calcium", "OCP": "ocp_calcium", "DCPD": "dcpd_calcium", "HAP": "hap_calcium"}
TOTAL = "mineral_calcium"
LEAST_SEEN = 1.0  # HU above soft tissue, below which there is nothing to draw
NAMES = ("radiograph", "ct")  # figures of a run
PROFILE_SIZE = (95.0, 72.0)  # mm
_AROUND, _LOWEST, _HIGHEST, _NARROWEST = 26.0, 66.0, 114.0, 44.0  # mm: words above and below a picture; figure heights; a picture
_SIGMA = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))  # of a Gaussian with a full width at half maximum of 1


@dataclass(frozen=True)
class Volume:
    """One site at one time as X-rays see it.

    values: HU (z, y, x);  film: linear attenuation at the energy of a radiograph [1/m], or None;  spacing: voxel edges z, y, x, the depth
    of the site for an axis that its grid leaves out [m];  origin: centre of the first voxel [m];  day: time of the frame [d].
    """

    site: str
    day: float
    values: np.ndarray
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    film: np.ndarray | None = None

    @property
    def long_axes(self) -> list[str]:
        """Axes with more than one voxel, in x, y, z order."""
        return [axis for axis in "xyz" if self.values.shape["zyx".index(axis)] > 1]

    def edges(self, axis: str) -> tuple[float, float]:
        """Where the volume begins and ends along an axis [mm]."""
        number = "zyx".index(axis)
        first = self.origin[number] - 0.5 * self.spacing[number]
        return first * 1e3, (first + self.values.shape[number] * self.spacing[number]) * 1e3


# --- volumes ------------------------------------------------------------------------------------------------------------------------


def of_calcium(calcium: Mapping[str, np.ndarray]) -> np.ndarray:
    """HU from calcium [mol/m³] by phase of FIELDS; arrays of any shape."""
    energy = attenuation.scanner()["effective_energy_kev"]
    return np.asarray(attenuation.hounsfield(attenuation.linear_attenuation(attenuation.amounts(calcium), energy), energy))


def film_of(calcium: Mapping[str, np.ndarray]) -> np.ndarray:
    """Linear attenuation at the energy of a radiograph [1/m], from calcium as in `of_calcium`."""
    return np.asarray(attenuation.linear_attenuation(attenuation.amounts(calcium), attenuation.scanner()["radiograph_energy_kev"]))


def soft_tissue() -> tuple[float, float]:
    """HU of soft tissue without mineral, and its attenuation at the energy of a radiograph [1/m]."""
    nothing = {attenuation.APATITE: np.zeros(())}
    return float(of_calcium(nothing)), float(film_of(nothing))


def hounsfield(directory: Path, site: str | None = None, frame: int = -1) -> Volume:
    """HU of a site of a run at a frame, the last by default; the site with the densest voxel when none is named.

    Raises StorageError when there is no map, UsageError for a site or a frame that the run does not have.
    """
    path = Path(directory) / store.NAME
    names = store.sites(path)
    if site is None:
        return max((_volume(path, name, frame) for name in names), key=lambda volume: (len(volume.long_axes) > 0, volume.values.max()))
    if site not in names:
        raise UsageError(f"{directory}: has no site {site!r}; its sites are {', '.join(names)}")
    return _volume(path, site, frame)


def _volume(path: Path, site: str, frame: int) -> Volume:
    found = store.axes(path, site)
    count = len(found["time"])
    if not -count <= frame < count:
        raise UsageError(f"{path}: {site} has {count} frames, numbered from 0; there is no frame {frame}")
    index = frame % count
    calcium = _calcium(path, site, index)
    spacing = tuple(2.0 * float(found[axis][0]) for axis in "zyx")  # the first centre lies half a voxel from the corner
    origin = tuple(float(found[axis][0]) for axis in "zyx")
    return Volume(site, float(found["time"][index]), of_calcium(calcium), spacing, origin, film_of(calcium))  # type: ignore[arg-type]


def _calcium(path: Path, site: str, frame: int) -> dict[str, np.ndarray]:
    """Calcium [mol/m³] by phase; all of it as hydroxyapatite in a file that does not tell phases apart."""
    names = store.variables(path, site)
    if set(FIELDS.values()) <= set(names):
        return {phase: store.read(path, site, name, frame)[0] for phase, name in FIELDS.items()}
    if TOTAL not in names:
        raise StorageError(f"{path}: holds no map of mineral for {site}")
    return {attenuation.APATITE: store.read(path, site, TOTAL, frame)[0]}


def scanned(volume: Volume, width: float | None = None, pixel: float | None = None) -> Volume:
    """The volume through a scanner: a Gaussian point spread of full width at half maximum `width`, then means over voxels of about `pixel`.

    Both [m]; those of data/attenuation.toml by default. Voxels that are larger than `pixel` stay as they are; an axis with one voxel is
    left alone.
    """
    rows = attenuation.scanner()
    width, pixel = rows["resolution"] if width is None else width, rows["pixel"] if pixel is None else pixel
    if not width >= 0.0 or not pixel > 0.0:
        raise UsageError(f"a scanner needs a width of 0 or more and voxels of more than 0 m, not {width:g} and {pixel:g}")
    parts = [volume.values, *([volume.film] if volume.film is not None else [])]
    seen = [_seen(part, volume.spacing, width, pixel) for part in parts]
    shape = seen[0].shape
    spacing = tuple(h * before / after for h, before, after in zip(volume.spacing, volume.values.shape, shape, strict=True))
    origin = tuple(o + 0.5 * (new - old) for o, old, new in zip(volume.origin, volume.spacing, spacing, strict=True))
    film = seen[1] if len(seen) > 1 else None
    return replace(volume, values=seen[0], film=film, spacing=spacing, origin=origin)


def _seen(values: np.ndarray, spacing: Sequence[float], width: float, pixel: float) -> np.ndarray:
    """Values spread and averaged along every axis with several voxels; their mean stays."""
    for axis, (count, h) in enumerate(zip(values.shape, spacing, strict=True)):
        if count > 1:
            length = count * h
            pixels = np.linspace(0.0, length, max(1, round(length / max(h, pixel))) + 1)
            weights = spread(np.linspace(-length, 2.0 * length, 3 * count + 1), pixels, width * _SIGMA)
            before, within, after = np.split(weights, 3, axis=1)
            weights = within + before[:, ::-1] + after[:, ::-1]
            weights /= weights.sum(axis=1, keepdims=True)  # what comes from beyond the mirrored site is little
            values = np.moveaxis(np.tensordot(weights, values, (1, axis)), 0, axis)
    return values


def spread(fine: np.ndarray, coarse: np.ndarray, sigma: float) -> np.ndarray:
    """IMG-9. W_ij = (F(b−c) − F(b−d) − F(a−c) + F(a−d))/(b − a), F(x) = x Φ(x/σ) + σ φ(x/σ): mean over pixel i of what voxel j spreads.

    fine, coarse: edges of voxels [c, d] and pixels [a, b];  σ of the Gaussian, 0 or more, all in one unit;  Φ and φ its distribution and
    density. (pixels, voxels); exact for values that are constant in a voxel. Source: derivation.
    """
    from scipy.special import ndtr

    x = coarse[:, None] - fine[None, :]
    if sigma > 0.0:
        whole = x * ndtr(x / sigma) + sigma / math.sqrt(2.0 * math.pi) * np.exp(-0.5 * (x / sigma) ** 2)
    else:
        whole = np.maximum(x, 0.0)
    weights: np.ndarray = -np.diff(np.diff(whole, axis=0), axis=1) / np.diff(coarse)[:, None]
    return weights


# --- figures ------------------------------------------------------------------------------------------------------------------------


def draw(directory: Path, formats: Sequence[str] = ("png",), site: str | None = None) -> list[Path]:
    """figures/radiograph.png and figures/ct.png of the last frame; of the site with the densest voxel when none is named.

    A site along one axis gives a profile of HU and no radiograph; single voxels, a run without maps, and one whose mineral adds less than
    1 HU anywhere give nothing.
    """
    directory = Path(directory)
    path = directory / store.NAME
    if not path.exists() or not all(len(store.axes(path, name)["time"]) for name in store.sites(path)):
        return []
    volume = hounsfield(directory, site)
    if volume.values.max() - soft_tissue()[0] < LEAST_SEEN:
        return []
    made: list[Path] = []
    if len(volume.long_axes) > 1:
        with style.figure(*size(volume, views(volume), 72.0 if len(views(volume)) == 1 else 66.0)) as figure:
            paint_radiograph(figure, volume)
            made += style.save(figure, directory / "figures" / NAMES[0], formats)
    if volume.long_axes:
        with style.figure(*(size(volume, [_cut(volume)[0]] * 2, 66.0) if len(volume.long_axes) > 1 else PROFILE_SIZE)) as figure:
            paint_slice(figure, volume)
            made += style.save(figure, directory / "figures" / NAMES[1], formats)
    return made


def size(volume: Volume, along: Sequence[str], width: float) -> tuple[float, float]:
    """Width and height [mm] of a figure with a picture about `width` mm wide for each of the axes that one looks along."""
    lengths = {axis: volume.edges(axis)[1] - volume.edges(axis)[0] for axis in "xyz"}
    count = len(along)
    ratio = max(lengths[_up(axis)] for axis in along) * count / sum(lengths[_across(axis)] for axis in along)
    each = max(min(width, (_HIGHEST - _AROUND) / ratio), _NARROWEST)
    return count * (each + 6.0) + 26.0, min(max(each * ratio + _AROUND, _LOWEST), _HIGHEST)


def _across(along: str) -> str:
    """The axis that points right in a picture along another one."""
    return "y" if along == "x" else "x"


def _up(along: str) -> str:
    """The axis that points up."""
    return "y" if along == "z" else "z"


def paint_radiograph(figure: Any, volume: Volume) -> None:
    """Transmission of parallel rays, mineral white: through the depth in 2-D; from the front (along y) and the side (along x) in 3-D.

    The scale reaches at least the loss that a reader would see (`visible_contrast`). Raises UsageError for a site
    along one axis or none: it has no picture.
    """
    if len(volume.long_axes) < 2 or volume.film is None:
        raise UsageError(f"{volume.site}: a radiograph needs a site with two or three axes; a slice shows its profile of HU instead")
    along = views(volume)
    ratios = [_relative(volume, axis) for axis in along]
    rows = attenuation.scanner()
    faint, energy = rows["visible_contrast"], rows["radiograph_energy_kev"]
    darkest = max(faint, *(1.0 - float(ratio.min()) for ratio in ratios))
    widths = [volume.edges(_across(axis))[1] - volume.edges(_across(axis))[0] for axis in along]
    panels = np.atleast_1d(figure.subplots(1, len(along), width_ratios=widths))  # both views on one scale
    for axes, axis, ratio in zip(panels, along, ratios):
        extent = (*volume.edges(_across(axis)), *volume.edges(_up(axis)))
        image = axes.imshow(100.0 * (1.0 - ratio), cmap="gray", vmin=0.0, vmax=100.0 * darkest, origin="lower", extent=extent)
        _scale_bar(axes)
        path = volume.values.shape["zyx".index(axis)] * volume.spacing["zyx".index(axis)] * 1e3
        most = f"\nat most {100.0 * (1.0 - float(ratio.min())):.1g} %, too faint for a reader" if ratio.min() > 1.0 - faint else ""
        axes.set_title(f"along {axis}, through {path:.3g} mm{most}", loc="left")
    figure.colorbar(image, ax=list(panels), label="X-rays held back by mineral (%)", shrink=0.85)
    figure.suptitle(f"Simulated radiograph: {volume.site}, day {volume.day:g}, {energy:g} keV", fontsize=8, x=0.01, ha="left")


def views(volume: Volume) -> list[str]:
    """Axes along which a radiograph looks: the one that the grid leaves out, or from the front and from the side."""
    flat = [axis for axis in "xyz" if axis not in volume.long_axes]
    return flat[:1] or ["y", "x"]


def _relative(volume: Volume, axis: str) -> np.ndarray:
    """Transmission over that of soft tissue alone, (up, across), the ray along `axis`."""
    assert volume.film is not None
    number = "zyx".index(axis)
    step = volume.spacing[number]
    plain = np.full_like(volume.film, soft_tissue()[1])
    return attenuation.transmission(volume.film, step, number) / attenuation.transmission(plain, step, number)


def _scale_bar(axes: Any) -> None:
    """A bar of a round length in place of ticks, as on a film."""
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    length = style.round_length(0.3 * (right - left))
    x, y = right - 0.06 * (right - left), low + 0.06 * (high - low)
    axes.plot([x - length, x], [y, y], color="white", lw=2, solid_capstyle="butt")
    axes.text(x - 0.5 * length, y + 0.025 * (high - low), f"{length:g} mm", color="white", ha="center", va="bottom", fontsize=7)
    axes.set_axis_off()


def paint_slice(figure: Any, volume: Volume) -> None:
    """The slice through the densest voxel as computed and as a scanner sees it; along one axis a profile of both."""
    seen = scanned(volume)
    energy, width = (attenuation.scanner()[name] for name in ("effective_energy_kev", "resolution"))
    axis, place = _cut(volume)
    where = f", {axis} = {place * 1e3:.2f} mm" if len(volume.long_axes) > 2 else ""
    figure.suptitle(
        f"Simulated computed tomography: {volume.site}, day {volume.day:g}, {energy:g} keV{where}", fontsize=8, x=0.01, ha="left"
    )
    pairs = ((volume, "as computed"), (seen, f"as a scanner shows it,\nblurred by {width * 1e3:g} mm"))
    if len(volume.long_axes) < 2:
        _profile(figure.subplots(), pairs)
        return
    name, low, high = _window(float(volume.values.max()))
    panels = figure.subplots(1, 2)
    for axes, (shown, title) in zip(panels, pairs):
        image = _plane(axes, shown, axis, place, (low, high))
        axes.set_title(title if "\n" in title else f"{title}\n", loc="left")
    panels[1].set_ylabel("")
    threshold = attenuation.scanner()["score_threshold"]
    label = f"Hounsfield number (HU; {name} window; line: {threshold:g})"
    bar = figure.colorbar(image, ax=list(panels), label=label, shrink=0.9, extend="both")
    bar.ax.axhline(threshold, color=style.ORANGE, lw=1.2)


def _window(top: float) -> tuple[str, float, float]:
    """Name, lower and upper HU of the window: that of bone, or that of soft tissue where nothing is denser than its upper end."""
    rows = attenuation.scanner()
    name = "bone" if top > rows["soft_level"] + 0.5 * rows["soft_width"] else "soft"
    level, width = rows[f"{name}_level"], rows[f"{name}_width"]
    return {"bone": "bone", "soft": "soft-tissue"}[name], level - 0.5 * width, level + 0.5 * width


def _cut(volume: Volume) -> tuple[str, float]:
    """The axis across the slice, the one that the grid leaves out or z, and where on it the densest voxel lies [m]."""
    axis = next((axis for axis in "zyx" if axis not in volume.long_axes), "z")
    number = "zyx".index(axis)
    densest = np.unravel_index(int(np.argmax(volume.values)), volume.values.shape)
    return axis, volume.origin[number] + float(densest[number]) * volume.spacing[number]


def _plane(axes: Any, volume: Volume, axis: str, place: float, window: tuple[float, float]) -> Any:
    """The slice at `place` [m] of an axis."""
    number = "zyx".index(axis)
    index = round((place - volume.origin[number]) / volume.spacing[number])
    plane = np.take(volume.values, min(max(index, 0), volume.values.shape[number] - 1), axis=number)
    extent = (*volume.edges(_across(axis)), *volume.edges(_up(axis)))
    image = axes.imshow(plane, cmap="gray", vmin=window[0], vmax=window[1], origin="lower", extent=extent)
    threshold = attenuation.scanner()["score_threshold"]
    if min(plane.shape) > 1 and plane.min() < threshold < plane.max():
        axes.contour(plane, levels=[threshold], colors=style.ORANGE, linewidths=0.8, origin="lower", extent=extent)
    axes.set_xlabel(f"{_across(axis)} (mm)")
    axes.set_ylabel(f"{_up(axis)} (mm)")
    return image


def _profile(axes: Any, pairs: Sequence[tuple[Volume, str]]) -> None:
    """HU along the only long axis, as computed and as seen."""
    volume = pairs[0][0]
    axis = volume.long_axes[0]
    for (shown, label), colour in zip(pairs, style.LINES):
        values = shown.values.ravel()
        axes.stairs(values, np.linspace(*shown.edges(axis), values.size + 1), color=colour, label=label.replace("\n", " "), baseline=None)
    threshold = attenuation.scanner()["score_threshold"]
    if volume.values.max() > 0.5 * threshold:
        axes.axhline(threshold, color="0.5", lw=0.8, ls="--", label=f"{threshold:g} HU, counted as calcium")
    axes.set_xlabel(f"Position {axis} (mm)")
    axes.set_ylabel("Hounsfield number (HU)")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.3 * (high - low))  # room for the legend above the curves
    axes.legend(loc="upper left")


# --- what a run reports ---------------------------------------------------------------------------------------------------------------

Seen = Mapping[str, tuple[np.ndarray, float]]  # site → HU, volume of a voxel [mm³]


def of(simulation: Any) -> Seen:
    """HU of every site of a simulation now, and the volume of its voxels [mm³]."""
    coordinates = simulation.coordinates()
    return {
        site: (_of_fields(fields), math.prod(2.0 * float(coordinates[site][axis][0]) for axis in "zyx") * 1e9)
        for site, fields in simulation.fields().items()
    }


def _of_fields(fields: Mapping[str, Any]) -> np.ndarray:
    by_phase = {phase: fields[name][0] for phase, name in FIELDS.items() if name in fields}
    return of_calcium(by_phase or {attenuation.APATITE: fields[TOTAL][0]})


def _chosen(sites: Seen, site: str | None) -> list[tuple[np.ndarray, float]]:
    return list(sites.values()) if site is None else [sites[site]]


@observable("hounsfield_max", "HU", shared=of)
def hounsfield_max(sites: Seen, site: str | None) -> Value:
    """Largest Hounsfield number of a voxel, mineral in soft tissue, without the blur of a scanner."""
    return max(float(values.max()) for values, _ in _chosen(sites, site))


@observable("volume_above_130_hu_mm3", "mm³", shared=of)
def volume_above_130_hu_mm3(sites: Seen, site: str | None) -> Value:
    """Volume of the voxels above 130 HU, from which computed tomography counts calcium."""
    threshold = attenuation.scanner()["score_threshold"]
    return sum(float(np.count_nonzero(values > threshold)) * voxel for values, voxel in _chosen(sites, site))

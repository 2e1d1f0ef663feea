"""`calcisim grow-clump`: grow clumps particle by particle, measure them, and write pictures, a VTK file and a summary."""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim import jit, units
from calcisim.errors import MemoryRefused, StorageError, UsageError
from calcisim.physics import morphology, morphology_shape
from calcisim.physics.morphology import Growing, Pack
from calcisim.physics.morphology_fibres import MOST_PIECES, expected_pieces
from calcisim.physics.morphology_shape import Measured, Power
from calcisim.results import grown_figures, vtk
from calcisim.results.directory import aside
from calcisim.results.files import dumps, plain, read_object, storage, write_text
from calcisim.results.sha import state_sha256
from calcisim.studies import provenance, resources

KIND = "clump"  # what says in summary.json that a directory holds one
SUMMARY = "summary.json"
THICKEST = 20.0  # layer [primary radii] beyond which nothing but balls is left
MEAN_SIZE = 200  # particles in a cluster when growing stops, unless --clusters says otherwise
FRACTIONS = {2: 0.01, 3: 0.001}  # so thin that clusters meet before they fill the space, by dimensions
SPHERES_DRAWN = 60_000
PICTURE_BYTES = 900_000_000  # what drawing takes, whatever is drawn

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What the command line asks for; growing as physics/morphology.py has it, growth: the layer laid on all particles [their radii]."""

    growing: Growing
    growth: float = 0.0
    primary: str = "50 nm"
    out: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class Outcome:
    directory: Path
    summary: dict[str, Any]
    figures: list[Path]


def growing(fraction: float | None, clusters: int | None, **given: Any) -> Growing:
    """What is grown: as given; by default thin (FRACTIONS), and until clusters have MEAN_SIZE particles each."""
    fraction = FRACTIONS.get(given["dimensions"], FRACTIONS[3]) if fraction is None else fraction
    clusters = max(1, given["particles"] // MEAN_SIZE) if clusters is None else clusters
    return Growing(fraction=fraction, clusters=clusters, **given)


def said(summary: dict[str, Any]) -> list[str]:
    """The summary for a reader, one quantity a line."""
    error = summary["fractal_dimension_error"]
    dimension = "too few clusters to tell" if error is None else f"{summary['fractal_dimension']:.3f} ± {error:.3f}"
    rows = {
        "fractal dimension": dimension,
        "contacts per particle": f"{summary['coordination']:.3g}",
        "clusters": summary["clusters"],
        "particles in the largest": summary["largest_cluster"],
        "held by fibres": f"{100.0 * summary['held_share']:.0f} %",
        "seconds": f"{summary['wall_s']:.1f}, and {summary['compile_s']:.1f} to compile",
        "fingerprint": summary["state_sha256"][:16],
    }
    return [f"{name:>32}: {value}" for name, value in rows.items()]


def start(request: Request, say: Say = lambda text: None) -> Outcome:
    """Check, grow, measure, draw, write. Raises UsageError for what cannot be grown, MemoryRefused for what does not fit."""
    asked = request.growing
    check(asked, request.growth)
    primary = _primary(request.primary)
    refuse_if_too_large(asked)
    place, new = _place(request.out, request.force)
    if resources.cold():
        say(resources.COMPILING)
    try:
        return _grown(request, place, primary, say)
    except BaseException:  # also when interrupted: what is half written says nothing and would be in the way
        shutil.rmtree(place, ignore_errors=True)
        if not new:
            place.mkdir(exist_ok=True)
        raise


def _grown(request: Request, place: Path, primary: float, say: Say) -> Outcome:
    """Grow, measure, draw and write into an empty directory."""
    asked = request.growing
    began, compiled = time.perf_counter(), jit.compile_seconds()
    try:
        pack = morphology.grow(asked, _watch(asked, say))
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    measured = morphology_shape.measure(pack, request.growth)
    found = numbers(pack, measured)
    compiling = jit.compile_seconds() - compiled
    wall = time.perf_counter() - began - compiling
    summary = plain(
        {
            "kind": KIND,
            "asked": {**asked._asdict(), "growth": request.growth},
            "primary_m": primary,
            **found,
            "wall_s": round(wall, 3),
            "compile_s": round(compiling, 3),
            "peak_memory_mb": round(resources.peak_memory_mb(), 1),
            "state_sha256": fingerprint(pack),
            "versions": provenance.versions(),
            "note": "for research; not for clinical decisions",
        }
    )
    figures = _write(place, pack, measured, request.growth, primary, summary)
    return Outcome(place, summary, figures)


def check(asked: Growing, growth: float) -> None:
    """Raise UsageError for a value that cannot be grown, naming the option and what it may be."""
    crowded = morphology.CROWDED.get(asked.dimensions)
    if crowded is None:
        raise UsageError(f"--dimensions {asked.dimensions}: must be 2 or 3.")
    limits: list[tuple[str, float, float, float]] = [
        ("particles", asked.particles, 2, np.inf),
        ("sticking", asked.sticking, 1e-6, 1.0),
        ("fraction", asked.fraction, 1e-7, crowded),
        ("fibres", asked.fibres, 0.0, 0.5),
        ("fibre-diameter", asked.fibre_diameter, 0.1, 100.0),
        ("nucleated", asked.nucleated, 0.0, 1.0),
        ("capture", asked.capture, 0.0, 1.0),
        ("growth", growth, 0.0, THICKEST),
        ("clusters", asked.clusters, 1, np.inf),
        ("seed", asked.seed, 0, 2**63 - 1),
    ]
    for name, value, low, high in limits:
        if not low <= value <= high:
            upper = f" and at most {high:g}" if np.isfinite(high) else ""
            raise UsageError(f"--{name} {value:g}: must be at least {low:g}{upper}.")
    pieces = expected_pieces(asked.fibres, 0.5 * asked.fibre_diameter, morphology.box_edge(asked))
    if pieces > MOST_PIECES:
        raise UsageError(
            f"--fibres {asked.fibres:g}: {pieces:.2g} pieces of fibre of diameter {asked.fibre_diameter:g} are too many, at most "
            f"{MOST_PIECES} can be; take a larger --fibre-diameter, fewer --fibres, or a larger --fraction, which makes the box smaller."
        )
    _fits_together(asked, growth)


def _fits_together(asked: Growing, growth: float) -> None:
    """Options that need each other, or exclude each other."""
    if asked.dimensions == 2 and (asked.fibres > 0.0 or growth > 0.0):
        raise UsageError("--fibres and --growth need three dimensions; leave out --dimensions 2.")
    if asked.nucleated > 0.0 and asked.fibres == 0.0:
        raise UsageError("--nucleated: particles are born on fibres, and there is none; add --fibres 0.05, say.")
    if asked.walkers and (asked.fibres > 0.0 or asked.rotation):
        raise UsageError("--walkers: single particles go to one cluster, without --fibres and --rotation.")
    if asked.fibres > 0.0 and asked.fibre_diameter > morphology.box_edge(asked) / 3.0:
        most = morphology.box_edge(asked) / 3.0
        raise UsageError(
            f"--fibre-diameter {asked.fibre_diameter:g}: the box is too small for it; at most {most:.3g} here, or more particles."
        )


def _primary(text: str) -> float:
    """Diameter of a primary particle [m]."""
    try:
        value, _, dimension = units.parse_any(text)
    except units.UnitError as error:
        raise UsageError(f"--primary {text!r}: {error}") from None
    if dimension != units.parse_any("1 m")[2] or not 1e-10 <= value <= 1e-3:
        raise UsageError(f"--primary {text!r}: a length between 1e-10 m and 1 mm is needed, as '50 nm'.")
    return value


def refuse_if_too_large(asked: Growing, free: int | None = None) -> None:
    """Raise MemoryRefused when growing would need more than 80 % of the free memory, saying how many particles fit."""
    free = resources.free_memory() if free is None else free
    needed = morphology.memory(asked) + PICTURE_BYTES
    cells = morphology.cells_along(asked) ** asked.dimensions
    if needed <= resources.SHARE * free and cells <= morphology.LARGEST_CELL:
        return
    room = max(resources.SHARE * free - PICTURE_BYTES, 0.0) / (needed - PICTURE_BYTES)
    fit = int(asked.particles * min(room, morphology.LARGEST_CELL / cells))
    raise MemoryRefused(
        f"--particles {asked.particles}: {resources.gigabytes(needed)} of memory would be needed and {resources.gigabytes(free)} are free "
        f"(at most 80 % of it is planned for). About {_round_down(fit)} particles fit; a larger --fraction makes the box smaller."
    )


def _round_down(count: int) -> int:
    """Two leading digits."""
    unit = 10 ** max(len(str(count)) - 2, 0)
    return count // unit * unit


def _place(out: Path | None, force: bool) -> tuple[Path, bool]:
    """An empty directory, and whether it is new: the next below runs/, or the one that was named, an older clump moved aside with force."""
    if out is None:
        number = 1
        while (place := Path("runs") / f"clump-{number:03d}").exists():
            number += 1
    else:
        place = Path(out)
        if place.exists() and not (place.is_dir() and not any(place.iterdir())):
            _move_aside(place, force)
    new = not place.exists()
    with storage(place):
        place.mkdir(parents=True, exist_ok=True)
    return place, new


def _move_aside(place: Path, force: bool) -> None:
    try:
        clump = place.is_dir() and read_object(place / SUMMARY, {"kind": str})["kind"] == KIND
    except (FileNotFoundError, StorageError):
        clump = False
    if not (clump and force):
        hint = "add --force to move the old clump aside" if clump else "it holds something else than a clump, so it is left alone"
        raise UsageError(f"{place}: exists already, and nothing is ever overwritten; choose another --out, or: {hint}.")
    with storage(place):
        place.rename(aside(place))


def _watch(asked: Growing, say: Say) -> Callable[[int], None]:
    """Say now and then how many are left."""
    last = [time.perf_counter()]

    def watch(left: int) -> None:
        now = time.perf_counter()
        if now - last[0] >= 5.0:
            last[0] = now
            say(
                f"{left} walkers to come"
                if asked.walkers
                else f"{left} clusters left of {asked.particles} particles, down to {asked.clusters}"
            )

    return watch


def numbers(pack: Pack, measured: Measured) -> dict[str, Any]:
    """Numbers of the summary. With growth the dimension is that of the solid over the clusters, `frame_dimension` that of the particles,
    and `envelope_dimension` the one by which the population describes a clump whose voids fill.
    """
    frame, solid, whole = measured
    sizes = np.bincount(pack.cluster)
    found: dict[str, Any] = {
        "coordination": morphology_shape.coordination(pack),
        "clusters": len(sizes),
        "largest_cluster": int(sizes.max()),
        "held_share": float(pack.held.mean()),
        "moves": pack.moves,
        "half_time": morphology_shape.half_time(pack) if not pack.asked.walkers else None,
        "contact_prefactor": morphology_shape.contact_prefactor(pack, frame.dimension) if frame else None,
    }
    if solid is None:
        return {**_power("fractal_", frame), **found}
    filled = float(solid.volume.sum() / len(pack.position))
    enclosed = morphology_shape.envelope_dimension(solid, frame.prefactor) if frame else (None, None)
    grown = {"envelope_dimension": enclosed[0], "envelope_dimension_error": enclosed[1], "solid_per_particle": filled}
    return {**_power("fractal_", whole), **_power("frame_", frame), **found, **grown}


def _power(prefix: str, power: Power | None) -> dict[str, Any]:
    values = (None, None, None) if power is None else (power.dimension, power.error, power.prefactor)
    return dict(zip((f"{prefix}dimension", f"{prefix}dimension_error", f"{prefix}prefactor"), values))


def fingerprint(pack: Pack) -> str:
    """SHA-256 of where all particles are and to what they hold."""
    return state_sha256({"position": pack.position, "cluster": pack.cluster.astype(np.int64), "held": pack.held.astype(np.int8)})


def _write(place: Path, pack: Pack, measured: Measured, growth: float, primary: float, summary: dict[str, Any]) -> list[Path]:
    """clump.vtp, merges.csv, the pictures, and last the summary, which says that all is there."""
    radius = np.full(len(pack.position), 0.5 * (1.0 + growth) * primary)
    data = {"radius": radius, "cluster": pack.cluster.astype(np.int32), "held": pack.held.astype(np.int8)}
    vtk.write_points(place / "clump.vtp", pack.position * primary, data, _bonds(pack))
    lines = ["time,first_size,second_size,gyration_radius_m,distance_m"]
    for time_, first, second, gyration, apart, _ in pack.merges.tolist():
        lines.append(f"{time_!r},{int(first)},{int(second)},{math.sqrt(gyration) * primary!r},{math.sqrt(apart) * primary!r}")
    write_text(place / "merges.csv", "\n".join(lines) + "\n")
    figures = grown_figures.draw(place, pack, measured, growth, primary, SPHERES_DRAWN)
    write_text(place / SUMMARY, dumps(summary))
    return figures


def _bonds(pack: Pack) -> list[tuple[int, int]]:
    """Pairs of particles of a cluster that touch."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(pack.position).query_pairs(morphology_shape.TOUCHING, output_type="ndarray")
    pairs = pairs[pack.cluster[pairs[:, 0]] == pack.cluster[pairs[:, 1]]]
    return [(int(a), int(b)) for a, b in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]]

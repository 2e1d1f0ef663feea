"""Sweeps over the clumps of all active voxels. A sweep works on rows row0 ≤ row < row1 and writes nothing of other rows.

`clumps` (2, 4, K, R): kind (BOUND on fibrils and surfaces, MOBILE in the fluid), moment (NUMBER [1/m³ tissue], VOLUME of solid [m³/m³
tissue], PRIMARIES [1/m³], FILLED: the part of VOLUME that lies in voids of its clump), class by solid volume per clump, row. It
comes whole, with rows that are not in use yet: a part of it would be of another layout, and each layout is compiled for itself.
"""

from typing import Any

import numpy as np

from calcisim.jit import kernel, part
from calcisim.physics.clumping_classes import (
    BOUND,
    FILLED,
    MOBILE,
    NUMBER,
    PRIMARIES,
    VOLUME,
    class_of,
    fluxes,
    fold,
    level,
    put_in_place,
    ride,
    total,
)
from calcisim.physics.clumping_kernels import (
    BALL,
    DENSEST,
    add_singles,
    bear_bound,
    capture,
    capture_table,
    colliding_time,
    frame_radius,
    grow_clumps,
    impinging_time,
    mobile_share,
    reach,
)
from calcisim.physics.sections_growth import below, inside
from calcisim.physics.sections_profile import ROWS, STRIDE
from calcisim.physics.sections_step import coagulate

TOLERANCE = 1e-2  # embedded error of collisions, per step of theirs


@kernel
def _load(clumps, kind, row, held):
    """Copy one kind of a row; true when it holds anything. A class whose number is zero, also by underflow, holds nothing."""
    found = False
    for k in range(held.shape[1]):
        number = clumps[kind, NUMBER, k, row]
        found = found or number > 0.0
        for moment in range(4):
            held[moment, k] = clumps[kind, moment, k, row] if number > 0.0 else 0.0
    return found


@kernel
def _store(clumps, kind, row, held):
    for moment in range(4):
        for k in range(held.shape[1]):
            clumps[kind, moment, k, row] = held[moment, k]


@part
def _alike(values, row, other):
    same = True
    for i in range(values.shape[0]):
        same = same and values[i, row] == values[i, other]
    return same


@kernel
def bear_clumps(law, clumps, shift, born, seconds, sticking, porosity, fibrils, rates, joined, duration, row0, row1):
    """Growth (CLP-4) and births (CLP-6) of both kinds; arguments as in `advance_clumps`.

    Writes rates : (R, K) k dt of capture (CLP-9), where anything is mobile; joined : (R,) births that joined a bound clump [1/m³];
    duration : (2, R) births [1/m³] for which bound clumps are joined (CLP-7), and for how long mobile ones collide [s].
    """
    count = clumps.shape[2]
    rows = np.zeros((2, count))
    new = np.zeros((4, count))
    held = np.zeros((4, count))
    primary, edges = law.primary, law.edges
    last = -1  # row whose rates of capture are known
    for row in range(row0, row1):
        joined[row] = 0.0
        for kind in range(2):
            duration[kind, row] = 0.0
            moved, births, single = shift[kind, row], born[kind, row], born[kind, row]
            if not (_load(clumps, kind, row, held) or births > 0.0):
                continue
            grow_clumps(primary, edges, held, moved, new)
            theta = 0.0
            if kind == BOUND and law.impingement and births > 0.0:
                theta = reach(law, held, rows[0], rows[1])
                joined[row] = bear_bound(primary, edges, held, births, moved, theta, rows[0], rows[1], new)
                single = births - joined[row]
            if births > 0.0:
                add_singles(primary, edges, held, single, moved)
            if kind == BOUND and law.impingement and births > 0.0:
                duration[kind, row] = impinging_time(law.radius, law.dimension[BOUND], law.prefactor[BOUND], edges[-1], held, births, theta)
            elif kind == MOBILE:
                if last >= 0 and _alike(fibrils, row, last):
                    for k in range(count):
                        rates[row, k] = rates[last, k]
                else:
                    capture_table(law, seconds, fibrils[0, row], fibrils[1, row], fibrils[2, row], rates[row])
                last = row
                if law.aggregation:
                    free = seconds * sticking[row] / porosity[row] * mobile_share(held, rates[row])
                    duration[kind, row] = colliding_time(law.mobile, held, free)
            _store(clumps, kind, row, held)


@kernel
def collide_clumps(sections, clumps, kind, duration, mergers, unfinished, row0, row1):
    """Collisions of one kind (AGG-19) for `duration` (R,); primaries and what fills voids ride with the mass (CLP-2).

    Writes mergers : (R,) [1/m³]; adds 1 to unfinished : (R,) where the collisions did not come to their end.
    """
    count = clumps.shape[2]
    work = np.zeros(ROWS * STRIDE)
    rows = np.zeros((5, count))
    held = np.zeros((4, count))
    old, flux = np.zeros(count), np.zeros(count)
    for row in range(row0, row1):
        mergers[row] = 0.0
        if not duration[row] > 0.0:
            continue
        _load(clumps, kind, row, held)
        for k in range(count):
            old[k] = held[VOLUME, k]
        before = total(held, NUMBER)
        _, tried = coagulate(held[NUMBER], held[VOLUME], duration[row], TOLERANCE, 0.0, sections, work, rows)
        if tried < 0:
            unfinished[row] += 1.0
        fluxes(old, held[VOLUME], flux)
        for moment in (PRIMARIES, FILLED):
            ride(held[moment], old, held[VOLUME], flux)
        fold(held)
        level(held)
        mergers[row] = before - total(held, NUMBER)
        _store(clumps, kind, row, held)


@kernel
def capture_clumps(clumps, fibrils, rates, captured_share, row0, row1):
    """Capture of mobile clumps at `rates` (R, K) k dt (CLP-9). Writes captured_share : (R,)."""
    bound = np.zeros((4, clumps.shape[2]))
    mobile = np.zeros((4, clumps.shape[2]))
    for row in range(row0, row1):
        captured_share[row] = 0.0
        if fibrils[0, row] > 0.0 and _load(clumps, MOBILE, row, mobile):
            _load(clumps, BOUND, row, bound)
            captured_share[row] = capture(mobile, bound, rates[row])
            if captured_share[row] > 0.0:
                _store(clumps, MOBILE, row, mobile)
                _store(clumps, BOUND, row, bound)


def advance_clumps(
    law: Any, clumps: np.ndarray, shift: np.ndarray, born: np.ndarray, seconds: float, sticking: np.ndarray, porosity: np.ndarray,
    fibrils: np.ndarray, captured_share: np.ndarray, events: np.ndarray, row0: int, row1: int,
) -> None:  # fmt: skip
    """CLP-10. One accepted step of the clumps: growth (CLP-4), births (CLP-6), joining (CLP-7), collisions (AGG-19), capture (CLP-9).

    clumps : (2, 4, K, R), changed in place; shift : (2, R) growth of bound and mobile primaries [R_max], ≥ 0; born : (2, R) [1/m³ tissue];
    seconds : the step; sticking : (R,) share of mobile encounters that hold; porosity : (R,) fluid per tissue, in which mobile clumps
    meet (for dt × sticking/porosity × the mean share of dt that they stay mobile); fibrils : (3, R) volume fraction (0: none), diameter
    [m], share of contacts that hold.
    Writes captured_share : (R,) captured/mobile primaries, and events : (4, R) births that joined a bound clump, mergers of bound clumps,
    mergers of mobile ones [1/m³], and how many collision problems were left unfinished (0 unless a kernel is singular).

    Sweeps of their own, so that the compiler meets each large kernel in one of them only.
    """
    rates = np.empty((born.shape[1], clumps.shape[2]))
    duration = np.empty((2, born.shape[1]))
    bear_clumps(law, clumps, shift, born, float(seconds), sticking, porosity, fibrils, rates, events[0], duration, row0, row1)
    events[3, row0:row1] = 0.0
    collide_clumps(law.impinging, clumps, BOUND, duration[BOUND], events[1], events[3], row0, row1)
    collide_clumps(law.mobile, clumps, MOBILE, duration[MOBILE], events[2], events[3], row0, row1)
    capture_clumps(clumps, fibrils, rates, captured_share, row0, row1)


@part
def _scale(held, primaries, volume, edges):
    """Give one kind of a row its totals; without clumps they enter as single primaries of their mean size."""
    if primaries <= 0.0 or volume <= 0.0:
        held[:] = 0.0
        return
    counted = total(held, PRIMARIES)
    solid = total(held, VOLUME)
    if not (counted > 0.0 and solid > 0.0):
        held[:] = 0.0
        k = class_of(volume / primaries, edges)
        held[NUMBER, k] = primaries
        held[VOLUME, k] = volume
        held[PRIMARIES, k] = primaries
        return
    each = primaries / counted
    larger = volume / solid
    for k in range(held.shape[1]):
        held[PRIMARIES, k] *= each
        held[VOLUME, k] *= larger
        held[FILLED, k] *= larger
        held[NUMBER, k] = min(held[NUMBER, k], held[PRIMARIES, k])


@kernel
def normalise_clumps(edges, clumps, primaries, volume, row0, row1):
    """CLP-11. Make ΣPRIMARIES and ΣVOLUME of each kind the totals of its cohorts: each moment by one factor, FILLED with VOLUME.

    edges : (K+1,) [m³]; primaries : (2, R) [1/m³]; volume : (2, R) [m³/m³]; a total of 0 empties the kind. Numbers stay, but are not more
    than the primaries of their class. A class whose mean left [e_k, e_k+1] goes to the class of its mean; the first is open below, the
    last above.
    """
    held = np.zeros((4, clumps.shape[2]))
    new = np.zeros((4, clumps.shape[2]))
    for row in range(row0, row1):
        for kind in range(2):
            found = _load(clumps, kind, row, held)
            if found or primaries[kind, row] > 0.0:
                _scale(held, primaries[kind, row], volume[kind, row], edges)
                put_in_place(held, edges, new)
                _store(clumps, kind, row, held)


@kernel
def clump_access(law, clumps, access, row0, row1):
    """CLP-12. Share of the growth of free primaries left to those in clumps: ε = Σ P_k (1 − φ_k (1 − N_k/P_k))/Σ P_k, in (0, 1].

    φ_k = V_k/N_k over the envelope's volume (CLP-3, bound: of the frame), at most 0.9; a single primary, N = P, has 1.
    access : (2, R), written; 1 where there is none. Source: porous body with its fluid share as access, assumption.
    """
    radius = law.radius
    for row in range(row0, row1):
        for kind in range(2):
            total = 0.0
            weighted = 0.0
            for k in range(clumps.shape[2]):
                number = clumps[kind, NUMBER, k, row]
                solid = clumps[kind, VOLUME, k, row]
                if number > 0.0 and solid > 0.0:
                    primaries = clumps[kind, PRIMARIES, k, row]
                    total += primaries
                    fused = 1.0 - number / primaries
                    if fused > 1e-9:
                        filled = clumps[kind, FILLED, k, row]
                        envelope = frame_radius(number, solid, filled, radius, law.dimension[kind], law.prefactor[kind])
                        dense = min(solid / (number * BALL * envelope * envelope * envelope), DENSEST)
                        weighted += primaries * (1.0 - dense * fused)
                    else:
                        weighted += primaries
            access[kind, row] = weighted / total if total > 0.0 else 1.0


@kernel
def clump_envelopes(law, clumps, largest, out, row0, row1):
    """CLP-15. Outer area Σ N 4π R² of bound clumps of more than `largest` [m³] solid, and envelope volume Σ N (4/3)π R³ of all bound ones.

    R : envelope radius of the frame (CLP-3); out : (2, R) [1/m, m³/m³], written. Source: spheres, derivation.
    """
    for row in range(row0, row1):
        area, filled = 0.0, 0.0
        for k in range(clumps.shape[2]):
            number = clumps[BOUND, NUMBER, k, row]
            solid = clumps[BOUND, VOLUME, k, row]
            if number > 0.0 and solid > 0.0:
                void = clumps[BOUND, FILLED, k, row]
                envelope = frame_radius(number, solid, void, law.radius, law.dimension[BOUND], law.prefactor[BOUND])
                filled += number * BALL * envelope * envelope * envelope
                if solid > largest * number:
                    area += 3.0 * number * BALL * envelope * envelope
        out[0, row] = area
        out[1, row] = filled


@kernel
def small_share(edges, clumps, size, share, row0, row1):
    """CLP-13. Share of the bound solid in clumps smaller than `size` [m³], with the profile (AGG-27) inside the class that holds it.

    share : (R,), written; 0 where nothing is bound.
    """
    count = clumps.shape[2]
    cut = class_of(size, edges)
    for row in range(row0, row1):
        total = 0.0
        small = 0.0
        for k in range(count):
            number = clumps[BOUND, NUMBER, k, row]
            volume = clumps[BOUND, VOLUME, k, row]
            total += volume
            if k < cut:
                small += volume
            elif k == cut and number > 0.0:
                mean = volume / number
                low = min(edges[k], mean)
                high = max(edges[k + 1], mean * (1.0 + 1e-9))
                _, each = below(size, mean, inside(mean, low, high), low, high)
                small += number * each
        share[row] = min(small / total, 1.0) if total > 0.0 else 0.0

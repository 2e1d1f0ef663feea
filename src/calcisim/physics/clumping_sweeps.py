"""Sweeps over the clumps of all active voxels. A sweep works on rows row0 ≤ row < row1 and writes nothing of other rows.

`clumps` (2, 4, K, R): kind (BOUND on fibrils and surfaces, MOBILE in the fluid), moment (NUMBER [1/m³ tissue], VOLUME of solid [m³/m³
tissue], PRIMARIES [1/m³], FILLED: the part of VOLUME that lies in voids of its clump), class by solid volume per clump, row.
"""

import numpy as np

from calcisim.jit import kernel
from calcisim.physics.clumping_classes import BOUND, FILLED, MOBILE, NUMBER, PRIMARIES, VOLUME, class_of, put_in_place
from calcisim.physics.clumping_kernels import (
    BALL,
    DENSEST,
    add_singles,
    bear_bound,
    capture,
    capture_table,
    collide,
    colliding_time,
    envelope_radius,
    grow_clumps,
    impinging_time,
    mobile_share,
    reach,
)
from calcisim.physics.sections_growth import below, inside
from calcisim.physics.sections_profile import ROWS, STRIDE


@kernel
def _load(clumps, kind, row, held):
    """Copy one kind of a row; true when it holds anything."""
    found = False
    for k in range(held.shape[1]):
        number = clumps[kind, NUMBER, k, row]
        held[NUMBER, k] = number
        if number > 0.0:
            found = True
            for moment in range(1, 4):
                held[moment, k] = clumps[kind, moment, k, row]
        else:
            for moment in range(1, 4):
                held[moment, k] = 0.0
    return found


@kernel
def _store(clumps, kind, row, held):
    for moment in range(4):
        for k in range(held.shape[1]):
            clumps[kind, moment, k, row] = held[moment, k]


@kernel
def _alike(values, row, other):
    same = True
    for i in range(values.shape[0]):
        same = same and values[i, row] == values[i, other]
    return same


@kernel
def _bound_step(law, held, shift, born, new, rows):
    """Growth and births of what is bound; the primaries that joined clumps [1/m³], and for how many births clumps are joined (CLP-7)."""
    grow_clumps(law, held, shift, new)
    if born <= 0.0:
        return 0.0, 0.0
    if not law.impingement:
        add_singles(law, held, born, shift)
        return 0.0, 0.0
    theta = reach(law, held, rows[0], rows[1])
    joined = bear_bound(law, held, born, shift, theta, rows[0], rows[1], new)
    return joined, impinging_time(law, held, born, theta)


@kernel
def _mobile_step(law, held, shift, born, duration, table, new):
    """Growth and births of what is mobile; how long they collide [s]."""
    grow_clumps(law, held, shift, new)
    if born > 0.0:
        add_singles(law, held, born, shift)
    return colliding_time(law, held, duration * mobile_share(held, table))


@kernel
def advance_clumps(law, clumps, shift, born, seconds, sticking, porosity, fibrils, captured_share, events, row0, row1):
    """CLP-10. One accepted step of the clumps: growth (CLP-4), births (CLP-6), joining (CLP-7), collisions (AGG-19), capture (CLP-9).

    clumps : (2, 4, K, R), changed in place; shift : (2, R) growth of bound and mobile primaries [R_max], ≥ 0; born : (2, R) [1/m³ tissue];
    seconds : the step; sticking : (R,) share of mobile encounters that hold; porosity : (R,) fluid per tissue, in which mobile clumps
    meet (for dt × sticking/porosity × the mean share of dt that they stay mobile); fibrils : (3, R) volume fraction (0: none), diameter
    [m], share of contacts that hold.
    Writes captured_share : (R,) captured/mobile primaries, and events : (3, R) [1/m³] births that joined a bound clump, mergers of bound
    clumps, mergers of mobile ones. Returns how many collision problems were left unfinished (0 unless a kernel is singular).
    """
    count = clumps.shape[2]
    work = np.zeros(ROWS * STRIDE)
    rows = np.zeros((5, count))
    new = np.zeros((4, count))
    bound = np.zeros((4, count))
    mobile = np.zeros((4, count))
    table = np.zeros((3, count))
    unfinished = 0
    last = -1  # row whose fibrils `table` is for
    for row in range(row0, row1):
        if last < 0 or not _alike(fibrils, row, last):
            capture_table(law, seconds, fibrils[0, row], fibrils[1, row], fibrils[2, row], table)
            last = row
        captured_share[row] = 0.0
        for event in range(3):
            events[event, row] = 0.0
        some_bound = _load(clumps, BOUND, row, bound) or born[BOUND, row] > 0.0
        some_mobile = _load(clumps, MOBILE, row, mobile) or born[MOBILE, row] > 0.0
        if some_bound:
            events[0, row], duration = _bound_step(law, bound, shift[BOUND, row], born[BOUND, row], new, rows)
            events[1, row], tried = collide(law.impinging, bound, duration, work, rows, new)
            unfinished += 1 if tried < 0 else 0
        if some_mobile:
            duration = seconds * sticking[row] / porosity[row]
            duration = _mobile_step(law, mobile, shift[MOBILE, row], born[MOBILE, row], duration, table, new)
            events[2, row], tried = collide(law.mobile, mobile, duration, work, rows, new)
            unfinished += 1 if tried < 0 else 0
            captured_share[row] = capture(mobile, bound, table)
            _store(clumps, MOBILE, row, mobile)
        if some_bound or captured_share[row] > 0.0:
            _store(clumps, BOUND, row, bound)
    return unfinished


@kernel
def _scale(held, primaries, volume, edges):
    """Give one kind of a row its totals; without clumps they enter as single primaries of their mean size."""
    if primaries <= 0.0 or volume <= 0.0:
        held[:] = 0.0
        return
    counted = held[PRIMARIES].sum()
    solid = held[VOLUME].sum()
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
    radius = law.primary.radius
    for row in range(row0, row1):
        for kind in range(2):
            total = 0.0
            weighted = 0.0
            for k in range(clumps.shape[2]):
                number = clumps[kind, NUMBER, k, row]
                if number > 0.0:
                    solid = clumps[kind, VOLUME, k, row]
                    primaries = clumps[kind, PRIMARIES, k, row]
                    total += primaries
                    fused = 1.0 - number / primaries
                    if fused > 1e-9:
                        frame = max(solid - clumps[kind, FILLED, k, row], 1e-6 * solid) / number
                        envelope = envelope_radius(frame, radius, law.dimension[kind])
                        dense = min(solid / (number * BALL * envelope * envelope * envelope), DENSEST)
                        weighted += primaries * (1.0 - dense * fused)
                    else:
                        weighted += primaries
            access[kind, row] = weighted / total if total > 0.0 else 1.0


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
                _, part = below(size, mean, inside(mean, low, high), low, high)
                small += number * part
        share[row] = min(small / total, 1.0) if total > 0.0 else 0.0

"""Moving clumps between size classes, all four moments together: number, solid volume, primaries, and the volume that fills voids.

One kind of clump in one voxel is an array `held` (4, K): rows NUMBER [1/m³], VOLUME, PRIMARIES and FILLED. Every move keeps the sums of
VOLUME, PRIMARIES and FILLED, keeps all of them positive, and leaves at least one primary to each clump (PRIMARIES ≥ NUMBER).
"""

from calcisim.jit import kernel, part
from calcisim.physics.sections_growth import below, inside

NUMBER, VOLUME, PRIMARIES, FILLED = range(4)
BOUND, MOBILE = range(2)

SPLIT = 1e-9  # smallest share of a class that is split off when it is filled again
NEGLIGIBLE = 1e-18  # of number and of volume: classes with less join the next smaller one


@kernel
def copy(source, target):
    """Copy one kind of clump. A loop, because an assignment of a whole array brings code for text into each kernel, for its message."""
    for moment in range(4):
        for k in range(source.shape[1]):
            target[moment, k] = source[moment, k]


@kernel
def total(held, moment):
    """Sum of a moment over the classes, from the smallest on."""
    whole = 0.0
    for k in range(held.shape[1]):
        whole += held[moment, k]
    return whole


@kernel
def occupied(number):
    """First class that holds clumps, and the one after the last; (K, 0) when there are none."""
    count = number.shape[0]
    low = 0
    while low < count and number[low] <= 0.0:
        low += 1
    high = count if low < count else 0
    while high > low and number[high - 1] <= 0.0:
        high -= 1
    return low, high


@kernel
def class_of(size, edges):
    """Index of the class that holds a size; the first class is open below and the last one above."""
    low = 0
    high = edges.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if edges[middle] <= size:
            low = middle
        else:
            high = middle
    return low


@part
def settle(held, number, size, edges):
    """Add single primaries of one size [m³] to the class that holds it."""
    k = class_of(size, edges)
    held[NUMBER, k] += number
    held[VOLUME, k] += number * size
    held[PRIMARIES, k] += number


@kernel
def stretch(number, volume, primaries, filled, k, factor, edges, new):
    """CLP-1. Fill the classes again after all clumps of class k grew by a factor r ≥ 1: [e_k, e_k+1] becomes [r e_k, r e_k+1].

    number, volume : of the class before; primaries, filled : after. Number and volume of a piece follow from the exponential density of
    the class (AGG-27); the piece takes primaries n + (P − N) m/M, so that single primaries stay single, and of `filled` the share m/M.
    What outgrows the last class stays in it. Adds to `new` (4, K). Source: sectional remap with exact edges, derivation.
    """
    count = edges.shape[0] - 1
    mean = volume / number
    low = min(edges[0], mean) if k == 0 else edges[k]
    high = edges[k + 1]
    excess = primaries - number if primaries > number else 0.0
    each = 1.0 if primaries > number else primaries / number
    kappa = inside(mean, low, high) if k < count - 1 else 0.0
    at, share, share_mass = low, 0.0, 0.0
    n_rest, v_rest, p_rest, f_rest = number, volume, primaries, filled
    j = k
    while j < count - 1 and edges[j + 1] < factor * high:
        border = edges[j + 1] / factor
        now, now_mass = below(border, mean, kappa, low, high)
        if 1.0 - now <= SPLIT:
            break
        if now - share > SPLIT:
            n = number * (now - share)
            v = min(max(number * (now_mass - share_mass), n * at), n * border)
            p = each * n + excess * (v / volume)
            f = filled * (v / volume)
            new[NUMBER, j] += n
            new[VOLUME, j] += factor * v
            new[PRIMARIES, j] += p
            new[FILLED, j] += f
            n_rest, v_rest, p_rest, f_rest = n_rest - n, v_rest - v, p_rest - p, f_rest - f
            at, share, share_mass = border, now, now_mass
        j += 1
    new[NUMBER, j] += n_rest
    new[VOLUME, j] += factor * v_rest
    new[PRIMARIES, j] += max(p_rest, 0.0)
    new[FILLED, j] += max(f_rest, 0.0)


@part
def fluxes(old_mass, new_mass, flux):
    """Net mass that collisions carried up through the lower edge of each class, ≥ 0, summed from the side of the edge that held less."""
    count = old_mass.shape[0]
    above = 0.0
    whole = 0.0
    for k in range(count - 1, -1, -1):
        above += new_mass[k] - old_mass[k]
        whole += old_mass[k]
        flux[k] = max(above, 0.0)
    flux[0] = 0.0
    below_edge = 0.0
    held = 0.0
    for k in range(count - 1):
        below_edge += old_mass[k] - new_mass[k]
        held += old_mass[k]
        if held >= 0.5 * whole:
            break
        flux[k + 1] = max(below_edge, 0.0)


@part
def ride(carried, old_mass, new_mass, flux):
    """CLP-2. What the mass that collisions carry upwards takes with it: q_k = (X_k + F_k q_k−1)/(M_k + F_k), X'_k = q_k M'_k.

    F_k : net mass through the lower edge of class k; M, M' : mass before and after; X : what is carried. Implicit upwind, so every ratio
    X'/M' lies between ratios of before, and the sum stays. Source: derivation.
    """
    total = 0.0
    moved = 0.0
    ratio = 0.0
    for k in range(carried.shape[0]):
        total += carried[k]
        holds = old_mass[k] + flux[k]
        if holds > 0.0:
            ratio = (carried[k] + flux[k] * ratio) / holds
        carried[k] = ratio * new_mass[k]
        moved += carried[k]
    if moved > 0.0:
        for k in range(carried.shape[0]):
            carried[k] *= total / moved


@kernel
def level(held):
    """Give each class at least one primary a clump, out of the classes with more: in proportion to what they have in excess."""
    lacking = 0.0
    spare = 0.0
    for k in range(held.shape[1]):
        excess = held[PRIMARIES, k] - held[NUMBER, k]
        if excess < 0.0:
            lacking -= excess
        else:
            spare += excess
    if lacking <= 0.0 or spare <= 0.0:
        return
    kept = max(1.0 - lacking / spare, 0.0)
    for k in range(held.shape[1]):
        excess = held[PRIMARIES, k] - held[NUMBER, k]
        held[PRIMARIES, k] = held[NUMBER, k] + (kept * excess if excess > 0.0 else 0.0)


@part
def fold(held):
    """Join classes that hold next to nothing, which collisions leave behind, with the next smaller one (or larger, at the lower end)."""
    numbers = 0.0
    volumes = 0.0
    for k in range(held.shape[1]):
        numbers += held[NUMBER, k]
        volumes += held[VOLUME, k]
    last = -1
    for k in range(held.shape[1]):
        if held[NUMBER, k] >= NEGLIGIBLE * numbers or held[VOLUME, k] >= NEGLIGIBLE * volumes:
            if last < 0:
                for i in range(k):
                    _join(held, i, k)
            last = k
        elif last >= 0:
            _join(held, k, last)


@kernel
def _join(held, source, target):
    for moment in range(4):
        held[moment, target] += held[moment, source]
        held[moment, source] = 0.0


@part
def put_in_place(held, edges, new):
    """Move each class whose mean has left it to the class that holds the mean; what stays is not touched."""
    moved = False
    count = edges.shape[0] - 1
    for k in range(count):
        if held[NUMBER, k] > 0.0:
            mean = held[VOLUME, k] / held[NUMBER, k]
            moved = moved or (k > 0 and mean < edges[k]) or (k < count - 1 and mean > edges[k + 1])
    if not moved:
        return
    new[:] = 0.0
    for k in range(count):
        if held[NUMBER, k] <= 0.0:
            continue
        mean = held[VOLUME, k] / held[NUMBER, k]
        j = k if edges[k] <= mean <= edges[k + 1] else class_of(mean, edges)
        for moment in range(4):
            new[moment, j] += held[moment, k]
    copy(new, held)

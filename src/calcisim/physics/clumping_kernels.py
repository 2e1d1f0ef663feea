"""What happens to the clumps of a voxel within a step: growth, births, joining by growth, collisions, capture.

The kernels take one kind of clump in one voxel, `held` (4, K), as in clumping_classes.py, and what they need of a `ClumpLaw`
(physics/clumping.py): the compiler unpacks all fields of a law for each kernel that takes it whole.
"""

import math

from calcisim.jit import kernel, part
from calcisim.physics.clumping_classes import (
    FILLED,
    NUMBER,
    PRIMARIES,
    VOLUME,
    copy,
    occupied,
    settle,
    stretch,
    total,
)
from calcisim.physics.drift import hindrance
from calcisim.physics.growth import growth_coordinate, radius_and_slope
from calcisim.physics.population import mean_left, newborn_count, newborn_node, newborn_volume, relative_volume

BALL = 4.0 / 3.0 * math.pi
DENSEST = 0.9  # solid fraction at which a clump has no voids left
FEW = 1e-9  # of all clumps: fewer mergers than this are left out
SIEVED = 1e3  # rate at which clumps wider than the mesh are held [1/s]


@kernel
def envelope_radius(volume, radius, dimension, prefactor):
    """CLP-3. Radius of the sphere around a clump [m]: R = a (v/(k_f v_a))^(1/D), never below the compact (3v/4π)^(1/3).

    v : solid volume that builds the frame [m³]; a : radius of a full-grown primary [m], v_a its volume; D : fractal dimension; k_f.
    Source: as AGG-1, assumption.
    """
    relative = volume / (BALL * radius * radius * radius)
    return radius * max(relative ** (1.0 / 3.0), (relative / prefactor) ** (1.0 / dimension))


@kernel
def frame_radius(number, solid, filled, radius, dimension, prefactor):
    """Envelope radius (CLP-3) of the clumps of a class by its frame: what of the solid does not lie in voids, at least a millionth."""
    return envelope_radius(max(solid - filled, 1e-6 * solid) / number, radius, dimension, prefactor)


@part
def growth_factor(volume, primaries, shift, primary):
    """CLP-4. Factor of all volumes of a class while its primaries grow: r = (y(x + shift)/y(x))³ ≥ 1, y = (V/(P V_max))^(1/3), x as GRO-6.

    V/P : mean primary volume [m³]; V_max : of a full-grown primary; shift [R_max]. Source: closure by the mean primary, derivation.
    """
    y = (volume / (primaries * primary.volume)) ** (1.0 / 3.0)
    if not y < 10.0:  # it has long stopped, and y^p would overflow
        return 1.0
    x = growth_coordinate(y, primary.terminal_exponent)
    now, _ = radius_and_slope(x, primary.table, primary.table_step)
    then, _ = radius_and_slope(x + shift, primary.table, primary.table_step)
    return max((then / now) ** 3, 1.0) if now > 0.0 else 1.0


@part
def grow_clumps(primary, edges, held, shift, new):
    """Growth of one kind by a shift [R_max]: volumes and what of them fills voids grow alike; numbers and primaries stay."""
    low, high = occupied(held[NUMBER])
    if shift <= 0.0 or high <= low:
        return
    new[:] = 0.0
    for k in range(low, high):
        n, v, p, f = held[NUMBER, k], held[VOLUME, k], held[PRIMARIES, k], held[FILLED, k]
        if n <= 0.0:
            continue
        factor = growth_factor(v, p, shift, primary)
        if factor > 1.0:
            stretch(n, v, p, f * factor, k, factor, edges, new)
        else:
            for moment in range(4):
                new[moment, k] += held[moment, k]
    copy(new, held)


@part
def births_volume(born, shift, primary):
    """Solid volume of the primaries born in a step [m³/m³], with the growth they had since (POP-3)."""
    each, _ = newborn_volume(primary.nucleus, shift, primary.terminal_exponent, primary.table, primary.table_step)
    return born * each * primary.volume


@part
def add_singles(primary, edges, held, born, shift):
    """Births as single primaries, at the Gauss points of their growth since birth (POP-5)."""
    for index in range(newborn_count(shift, primary.terminal_exponent)):
        x, weight = newborn_node(index, shift, primary.terminal_exponent)
        one, _ = relative_volume(primary.nucleus, x, primary.table, primary.table_step)
        settle(held, weight * born, one * primary.volume, edges)


@kernel
def reach(law, held, weight, room):
    """CLP-5. Θ = Σ N_k (4/3)π (R_k + R_max)³: mean number of bound clumps that a new primary touches [-].

    R_k : envelope radius (CLP-3) of the frame, volume (V − V_filled)/N; R_max : a primary full-grown. Writes Θ_k to `weight`, and to `room`
    the part of each that lies in voids: (R_k/(R_k + R_max))³ (1 − φ_k/0.9), φ_k : solid fraction inside R_k.
    Source: Boolean model, derivation.
    """
    theta = 0.0
    radius = law.radius
    for k in range(held.shape[1]):
        weight[k] = 0.0
        room[k] = 0.0
        n = held[NUMBER, k]
        if n > 0.0:
            envelope = frame_radius(n, held[VOLUME, k], held[FILLED, k], radius, law.dimension[0], law.prefactor[0])
            inside = BALL * envelope * envelope * envelope
            weight[k] = n * BALL * (envelope + radius) ** 3
            room[k] = n * inside / weight[k] * max(1.0 - held[VOLUME, k] / (n * inside * DENSEST), 0.0)
            theta += weight[k]
    return theta


@part
def bear_bound(primary, edges, held, born, shift, theta, weight, room, new):
    """CLP-6. Primaries born at fibrils: the share 1 − e^(−Θ) joins clumps in proportion to Θ_k, the rest are left to be new clumps.

    A class that J_k primaries of volume v̄ join grows by the factor 1 + J_k v̄/V_k (CLP-1); the part in voids (CLP-5) does not widen the
    envelope. Births of one step do not see each other. Returns what joined [1/m³]. Source: Boolean model, derivation.
    """
    joined = -math.expm1(-theta) * born
    if joined > 0.0:
        volume = births_volume(joined, shift, primary) / theta
        new[:] = 0.0
        for k in range(held.shape[1]):
            if held[NUMBER, k] > 0.0:
                more = volume * weight[k]
                factor = 1.0 + more / held[VOLUME, k]
                primaries = held[PRIMARIES, k] + joined * (weight[k] / theta)
                stretch(held[NUMBER, k], held[VOLUME, k], primaries, held[FILLED, k] + room[k] * more, k, factor, edges, new)
        copy(new, held)
    return joined


@part
def impinging_time(radius, dimension, prefactor, largest, held, born, theta):
    """CLP-7. A new primary that touches m ≥ 2 bound clumps makes them one: Θ − 1 + e^(−Θ) mergers per birth, from pairs with K = T_u T_w.

    T_u = (4/3)π (R_u + R_max)³ of a clump of size u [m³]: K [m⁶] coagulates (AGG-19) for a duration of births [1/m³], scaled so that
    the first births merge as many as Θ (CLP-5) says; no u beyond `largest`. Returns the duration; 0 below 1e-9 mergers per clump.
    Source: m is Poisson's, derivation.
    """
    expected = born * (theta - 1.0 + math.exp(-theta)) if theta > 1e-3 else born * 0.5 * theta * theta * (1.0 - theta / 3.0)
    if not expected >= FEW * total(held, NUMBER):
        return 0.0
    tabulated = 0.0
    for k in range(held.shape[1]):
        if held[NUMBER, k] > 0.0:
            size = min(held[VOLUME, k] / held[NUMBER, k], largest)
            tabulated += held[NUMBER, k] * BALL * (envelope_radius(size, radius, dimension, prefactor) + radius) ** 3
    return expected / (0.5 * tabulated * tabulated)


@part
def fastest(sections, held, low, high):
    """Largest collision rate among the smallest and the largest occupied class [m³/s], a bound where unequal or large pairs meet most."""
    found = 0.0
    for i in (low, high - 1):
        v = min(max(held[VOLUME, i] / held[NUMBER, i], sections.edges[i]), sections.edges[i + 1])
        for j in (low, high - 1):
            w = min(max(held[VOLUME, j] / held[NUMBER, j], sections.edges[j]), sections.edges[j + 1])
            table = sections.table[j]
            found = max(found, table[0, i] + table[1, i] * v + (table[2, i] + table[3, i] * v) * w)
    return found


@part
def colliding_time(sections, held, duration):
    """The time that mobile clumps collide [s]: `duration`, or 0 where that makes less than 1e-9 mergers per clump."""
    low, high = occupied(held[NUMBER])
    if high <= low or duration <= 0.0:
        return 0.0
    return duration if 0.5 * fastest(sections, held, low, high) * total(held, NUMBER) * duration >= FEW else 0.0


@kernel
def capture_rate(radius, diffusivity, fibrils, diameter, sticking):
    """CLP-8. k = η 4π D h L/ln(b/(R + d/2)) [1/s], L = 4φ/(π d²), b = 1/√(π L).

    φ : volume fraction of fibrils, d : their diameter [m]; L : their length [m/m³]; b : half their mean distance; R, D : radius [m] and
    free diffusivity [m²/s] of the clump; h : hindrance (DRI-1); η : share of contacts that hold. A clump that does not pass the mesh,
    2R > 2b − d, is held at 1e3/s, which also bounds k. Source: flux to a cylinder in its cell, derivation.
    """
    if fibrils <= 0.0:
        return 0.0
    length = 4.0 * fibrils / (math.pi * diameter * diameter)
    cell = 1.0 / math.sqrt(math.pi * length)
    contact = radius + 0.5 * diameter
    if contact >= cell:
        return SIEVED
    free = diffusivity * hindrance(radius, fibrils, diameter)
    return min(sticking * 4.0 * math.pi * free * length / math.log(cell / contact), SIEVED)


@part
def capture_table(law, seconds, fibrils, diameter, sticking, rates):
    """CLP-9. Per class of mobile clumps k dt (k as CLP-8): e^(−k dt) is left and 1 − e^(−k dt) gone after a step, and a clump stays
    mobile for the mean share (1 − e^(−k dt))/(k dt) of it. A share below e^(−40) that is left rounds away.
    """
    for k in range(rates.shape[0]):
        rates[k] = capture_rate(law.envelope[1, k], law.diffusivity[k], fibrils, diameter, sticking) * seconds if law.capture else 0.0


@part
def mobile_share(mobile, rates):
    """Mean share of the step that mobile clumps stay mobile, by number."""
    number = 0.0
    staying = 0.0
    for k in range(mobile.shape[1]):
        if mobile[NUMBER, k] > 0.0:
            number += mobile[NUMBER, k]
            staying += mobile[NUMBER, k] * mean_left(rates[k])
    return staying / number if number > 0.0 else 1.0


@kernel
def capture(mobile, bound, rates):
    """Mobile clumps that are caught (CLP-9) become bound as they are. Returns the share of primaries caught."""
    held = total(mobile, PRIMARIES)
    taken = 0.0
    for k in range(mobile.shape[1]):
        if mobile[NUMBER, k] > 0.0 and rates[k] > 0.0:
            gone = -math.expm1(-rates[k])
            left = math.exp(-rates[k]) if rates[k] < 40.0 else 0.0
            taken += gone * mobile[PRIMARIES, k]
            for moment in range(4):
                bound[moment, k] += gone * mobile[moment, k]
                mobile[moment, k] *= left
    return min(taken / held, 1.0) if held > 0.0 else 0.0

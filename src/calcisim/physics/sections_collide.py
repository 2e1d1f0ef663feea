"""What collisions do to the number and mass of every class: the double sum of the population balance.

All pairs go through vector loops: a class that is much smaller than its partners row by row, classes close in size diagonal by
diagonal, where the widths of both count. What one class loses and another gains is the same product, so number and mass balance
to rounding.
"""

import math

from calcisim.jit import kernel, part
from calcisim.physics.sections_profile import (
    BEND,
    CARRIED,
    GAP,
    KNOWN,
    KNOWN_TOP,
    LANES,
    LEAVING,
    MEAN,
    NUMBER,
    PASS_MASS,
    PASS_NUMBER,
    PER_WIDTH,
    RATE,
    RISE,
    SKEW,
    STRIDE,
    TAKEN,
    TILT,
    TOP,
    UP_MASS,
    UP_NUMBER,
    VARIANCE,
    WIDTH,
    profile,
)


@part
def _row(table, work, j, first, count):
    """AGG-13. Class j with all classes i ≥ first, which it lifts by one class at most: rate K N_i N_j, and what passes the upper edge.

    K(v) = α + β v for partner m_j, whose effective mass is m̃ = m_j + var_j ∂lnK/∂w. With s' = (b − v)/W counted from the top of the
    profile, number passing = N_i N_j ∫₀^u (1 + B − 2B s') (K_b − βW s') ds', u = (m̃ − gap)/W in [0, 1]; mass passing likewise.
    """
    n_j = work[NUMBER * STRIDE + j]
    w_j = work[KNOWN * STRIDE + j]
    m_j = work[MEAN * STRIDE + j]
    var_j = work[VARIANCE * STRIDE + j]
    w = work[first:]  # views from zero: an index that cannot be negative is what lets the compiler make vectors of this loop
    a_row = table[j, 0, first:]
    b_row = table[j, 1, first:]
    c_row = table[j, 2, first:]
    d_row = table[j, 3, first:]
    e_row = table[j, 4, first:]
    for i in range(count):
        slope = b_row[i] + d_row[i] * w_j
        base = a_row[i] + c_row[i] * w_j
        pairs = w[NUMBER * STRIDE + i] * n_j
        rate = (base + slope * w[KNOWN * STRIDE + i]) * pairs
        partner = m_j + var_j * e_row[i]
        u = (partner - w[GAP * STRIDE + i]) * w[PER_WIDTH * STRIDE + i]
        u = u if u > 0.0 else 0.0
        u = u if u < 1.0 else 1.0
        at_top = base + slope * w[KNOWN_TOP * STRIDE + i]
        first_term = at_top * w[RISE * STRIDE + i]
        second = at_top * w[TILT * STRIDE + i] + slope * w[SKEW * STRIDE + i]
        third = slope * w[BEND * STRIDE + i]
        passing = u * (first_term - u * (second - u * third))
        moment = u * u * (0.5 * first_term - u * (0.6666666666666666 * second - 0.75 * u * third))
        up = pairs * passing
        carried = rate * partner
        w[UP_NUMBER * STRIDE + i] += up
        w[UP_MASS * STRIDE + i] += pairs * (w[TOP * STRIDE + i] * passing - w[WIDTH * STRIDE + i] * moment) + up * partner
        w[TAKEN * STRIDE + i] += carried
        w[RATE * STRIDE + i] = rate
        w[CARRIED * STRIDE + i] = carried


@part
def _totals(first, second):
    """Sums of two stretches whose length is a multiple of four, in four chains each: faster than one chain and as repeatable."""
    s0 = 0.0
    s1 = 0.0
    s2 = 0.0
    s3 = 0.0
    t0 = 0.0
    t1 = 0.0
    t2 = 0.0
    t3 = 0.0
    for block in range(first.shape[0] // 4):
        s0 += first[4 * block]
        s1 += first[4 * block + 1]
        s2 += first[4 * block + 2]
        s3 += first[4 * block + 3]
        t0 += second[4 * block]
        t1 += second[4 * block + 1]
        t2 += second[4 * block + 2]
        t3 += second[4 * block + 3]
    return (s0 + s1) + (s2 + s3), (t0 + t1) + (t2 + t3)


@kernel
def _diagonal(table, cut, work, apart, side, keep, share, first, count):
    """AGG-14. Classes i with their partners j = i − apart as one of two points m_j ± σ_j (`side`), `share` of the pairs.

    As AGG-13, with what passes the size `cut` in class i's row; both widths count. Writes the rows RATE, CARRIED, PASS_NUMBER and
    PASS_MASS, or adds to them (keep = 1) for the second point.
    """
    w = work[first:]
    p = work[first - apart :]
    a_row = table[0, first:]
    b_row = table[1, first:]
    c_row = table[2, first:]
    d_row = table[3, first:]
    edge = cut[first:]
    for i in range(count):
        known = p[KNOWN * STRIDE + i]
        partner = p[MEAN * STRIDE + i] + side * math.sqrt(p[VARIANCE * STRIDE + i])
        known = known + (partner - p[MEAN * STRIDE + i])
        slope = b_row[i] + d_row[i] * known
        base = a_row[i] + c_row[i] * known
        pairs = share * w[NUMBER * STRIDE + i] * p[NUMBER * STRIDE + i]
        rate = (base + slope * w[KNOWN * STRIDE + i]) * pairs
        u = (w[TOP * STRIDE + i] + partner - edge[i]) * w[PER_WIDTH * STRIDE + i]
        u = u if u > 0.0 else 0.0
        u = u if u < 1.0 else 1.0
        at_top = base + slope * w[KNOWN_TOP * STRIDE + i]
        first_term = at_top * w[RISE * STRIDE + i]
        second = at_top * w[TILT * STRIDE + i] + slope * w[SKEW * STRIDE + i]
        third = slope * w[BEND * STRIDE + i]
        passing = u * (first_term - u * (second - u * third))
        moment = u * u * (0.5 * first_term - u * (0.6666666666666666 * second - 0.75 * u * third))
        up = pairs * passing
        w[PASS_NUMBER * STRIDE + i] = keep * w[PASS_NUMBER * STRIDE + i] + up
        own = pairs * (w[TOP * STRIDE + i] * passing - w[WIDTH * STRIDE + i] * moment)
        w[PASS_MASS * STRIDE + i] = keep * w[PASS_MASS * STRIDE + i] + own + up * partner
        w[RATE * STRIDE + i] = keep * w[RATE * STRIDE + i] + rate
        w[CARRIED * STRIDE + i] = keep * w[CARRIED * STRIDE + i] + rate * partner


@kernel
def _add(target, source, sign):
    for k in range(target.shape[0]):
        target[k] += sign * source[k]


@part
def _close(sections, work, low, high, apart, d_number, d_mass):
    """AGG-15. All pairs of classes `apart` steps apart: what the smaller loses, the larger gains, and what of the sums passes each edge.

    The last class does not collide with itself: its sizes are beyond the grid, and as one huge particle it would stop collecting.
    """
    first = low + apart
    last = d_number.shape[0] - 1
    if apart == 0:
        high = min(high, last)
    if first >= high:
        return
    count = high - first
    share = 0.25 if apart == 0 else 0.5
    padded = (count + LANES - 1) // LANES * LANES
    for step in range(1, sections.reach[apart] + 1):
        _diagonal(sections.diagonal[apart], sections.cuts[step], work, apart, -1.0, 0.0, share, first, padded)
        _diagonal(sections.diagonal[apart], sections.cuts[step], work, apart, 1.0, 1.0, share, first, padded)
        if step == 1:
            rate = work[RATE * STRIDE + first : RATE * STRIDE + high]
            carried = work[CARRIED * STRIDE + first : CARRIED * STRIDE + high]
            _add(d_number[low : low + count], rate, -1.0)
            _add(work[LEAVING * STRIDE + low : LEAVING * STRIDE + low + count], rate, 1.0)
            _add(d_mass[low : low + count], carried, -1.0)
            _add(d_mass[first:high], carried, 1.0)
        end = min(high, last - step + 1)  # of the classes that have an edge `step` steps up
        if end > first:
            number = work[PASS_NUMBER * STRIDE + first : PASS_NUMBER * STRIDE + end]
            mass = work[PASS_MASS * STRIDE + first : PASS_MASS * STRIDE + end]
            if step == 1:
                _add(work[LEAVING * STRIDE + first : LEAVING * STRIDE + end], number, 1.0)
            _add(d_number[first + step - 1 : end + step - 1], number, -1.0)
            _add(d_number[first + step : end + step], number, 1.0)
            _add(d_mass[first + step - 1 : end + step - 1], mass, -1.0)
            _add(d_mass[first + step : end + step], mass, 1.0)


@part
def _prepare(number, mass, share, low, high, edges, work):
    """Profiles of the occupied classes, and nothing in the lanes beyond them."""
    count = edges.shape[0] - 1
    for i in range(low, high):
        profile(number[i] * share[i], mass[i] * share[i], edges[i], edges[i + 1], i == count - 1, i, work)
        work[UP_NUMBER * STRIDE + i] = 0.0
        work[UP_MASS * STRIDE + i] = 0.0
        work[TAKEN * STRIDE + i] = 0.0
        work[LEAVING * STRIDE + i] = 0.0
    for i in range(high, high + LANES):
        work[NUMBER * STRIDE + i] = 0.0
        work[VARIANCE * STRIDE + i] = 0.0


@kernel
def collision_rates(number, mass, share, low, high, sections, work, d_number, d_mass):
    """AGG-16. dN_k/dt [1/(m³ s)] and dM_k/dt [m³/(m³ s)] by ½ Σ_ij K_ij N_i N_j over the occupied classes low ≤ i, j < high.

    share : of each class that may collide (1, or less where a long step would use a class up, AGG-17).
    The row LEAVING of `work` then holds the number that leaves each class [1/(m³ s)].
    Σ_k dM_k/dt = 0 to rounding. Source: two-moment sectional method after tzivion1987, with the kernel linear inside
    each class (AGG-11) and the widths of both partners.
    """
    edges = sections.edges
    count = edges.shape[0] - 1
    for k in range(count):
        d_number[k] = 0.0
        d_mass[k] = 0.0
    _prepare(number, mass, share, low, high, edges, work)
    near = sections.reach.shape[0]
    for j in range(low, high - near):
        if number[j] * share[j] > 0.0:
            first = j + near
            padded = (high - first + LANES - 1) // LANES * LANES
            _row(sections.table, work, j, first, padded)
            rate_row = work[RATE * STRIDE + first : RATE * STRIDE + first + padded]
            met, carried = _totals(rate_row, work[CARRIED * STRIDE + first : CARRIED * STRIDE + first + padded])
            work[LEAVING * STRIDE + j] += met
            d_number[j] -= met
            d_mass[j] -= carried
    for apart in range(near):
        _close(sections, work, low, high, apart, d_number, d_mass)
    for i in range(low, high):
        up_number = work[UP_NUMBER * STRIDE + i]
        up_mass = work[UP_MASS * STRIDE + i]
        work[LEAVING * STRIDE + i] += up_number
        d_number[i] -= up_number
        d_mass[i] += work[TAKEN * STRIDE + i] - up_mass
        if i + 1 < count:
            d_number[i + 1] += up_number
            d_mass[i + 1] += up_mass

"""Primary particles of a voxel in cohorts that move together.

A cohort is a number N [1/m³ tissue] of spheres with one growth coordinate x (GRO-6, in units of R_max). Growth adds the same
shift to every cohort, so nothing diffuses between sizes; the nuclei of a step enter as a few cohorts at the Gauss points of
the growth they had; when the row is full, the two neighbours whose union changes least are joined, number and volume kept.
Rows of `number` and `coordinate` (voxel, cohort) are sorted from the oldest (largest) to the youngest.
"""

from calcisim.jit import kernel
from calcisim.physics.growth import growth_coordinate, radius_and_slope, terminal_factor


@kernel
def _gauss(index, count):
    """Gauss–Legendre point and weight on (0, 1) for 2 or 4 points, the largest first."""
    if count == 2:
        return (0.7886751345948129, 0.5) if index == 0 else (0.2113248654051871, 0.5)
    if index == 0:
        return 0.9305681557970263, 0.17392742256872692
    if index == 1:
        return 0.6699905217924281, 0.3260725774312731
    if index == 2:
        return 0.3300094782075719, 0.3260725774312731
    return 0.06943184420297371, 0.17392742256872692


@kernel
def newborn_count(shift, exponent):
    """How many cohorts the births of a step with this shift are kept in: finely while they grow, in two once they have stopped."""
    young = min(shift, 1.0 + 4.0 / exponent)
    return (2 if young < 0.3 else 4) + (2 if shift > young else 0)


@kernel
def newborn_node(index, shift, exponent):
    """Growth since birth, and share of the births, of cohort `index`, the oldest first; births are uniform in the growth coordinate."""
    young = min(shift, 1.0 + 4.0 / exponent)
    old = 2 if shift > young else 0
    if index < old:
        point, weight = _gauss(index, 2)
        return young + point * (shift - young), weight * (1.0 - young / shift)
    point, weight = _gauss(index - old, 2 if young < 0.3 else 4)
    return point * young, weight * (young / shift if shift > 0.0 else 1.0)


@kernel
def relative_volume(x, shift, table, step):
    """POP-1. Volume y³ (in units of R_max³) of a particle after a shift, and its derivative by the shift.

    Growth (shift ≥ 0) moves the growth coordinate, y = y(x + shift); dissolution (shift < 0) takes the radius itself, y = y(x) + shift ≥ 0.
    """
    if shift >= 0.0:
        radius, slope = radius_and_slope(x + shift, table, step)
        return radius * radius * radius, 3.0 * radius * radius * slope
    radius, _ = radius_and_slope(x, table, step)
    radius = max(radius + shift, 0.0)
    return radius * radius * radius, 3.0 * radius * radius


@kernel
def cohort_volume(number, coordinate, count, row, shift, table, step):
    """POP-2. Σ N y³ over the cohorts of a voxel after a shift [R_max³/m³], and its derivative by the shift."""
    volume = 0.0
    slope = 0.0
    for cohort in range(count[row]):
        one, change = relative_volume(coordinate[row, cohort], shift, table, step)
        volume += number[row, cohort] * one
        slope += number[row, cohort] * change
    return volume, slope


@kernel
def newborn_volume(nucleus, shift, exponent, table, step):
    """POP-3. Mean volume y³ of a particle born at a uniformly distributed instant of a step with this shift, and its derivative.

    v̄(X) = (1/X) ∫₀^X v(x₀ + x) dx,  dv̄/dX = (v(x₀ + X) − v̄)/X
    """
    growth = max(shift, 0.0)
    volume = 0.0
    for index in range(newborn_count(growth, exponent)):
        x, weight = newborn_node(index, growth, exponent)
        one, _ = relative_volume(nucleus, x, table, step)
        volume += weight * one
    if growth < 1e-6:
        return volume, 0.0
    last, _ = relative_volume(nucleus, growth, table, step)
    return volume, max(last - volume, 0.0) / growth


@kernel
def _join_cheapest(number, coordinate, count, row, exponent, table, step):
    """POP-4. Join the neighbouring cohorts whose union changes later growth least; N and volume are kept."""
    best = 0
    least = 1e300
    for a in range(count[row] - 1):
        na = number[row, a]
        nb = number[row, a + 1]
        gap = coordinate[row, a] - coordinate[row, a + 1]
        middle = 0.5 * (coordinate[row, a] + coordinate[row, a + 1])
        price = na * nb / (na + nb) * gap * gap / (middle * middle)  # a join keeps volume and so moves the mean of small ones most
        if price < least:
            least = price
            best = a
    na = number[row, best]
    nb = number[row, best + 1]
    va, _ = relative_volume(coordinate[row, best], 0.0, table, step)
    vb, _ = relative_volume(coordinate[row, best + 1], 0.0, table, step)
    radius = ((na * va + nb * vb) / (na + nb)) ** (1.0 / 3.0)
    x = growth_coordinate(radius, exponent)
    tabulated, slope = radius_and_slope(x, table, step)
    if slope > 0.0:
        x += (radius - tabulated) / slope  # the table's own error, so that the volume read from it stays
    number[row, best] = na + nb
    coordinate[row, best] = x
    count[row] -= 1
    for a in range(best + 1, count[row]):
        number[row, a] = number[row, a + 1]
        coordinate[row, a] = coordinate[row, a + 1]


@kernel
def _append(number, coordinate, count, row, born, x, exponent, table, step):
    if count[row] == number.shape[1]:
        _join_cheapest(number, coordinate, count, row, exponent, table, step)
    number[row, count[row]] = born
    coordinate[row, count[row]] = x
    count[row] += 1


@kernel
def _move(number, coordinate, count, row, shift, exponent, table, step):
    """Shift all cohorts of a row; those that dissolve leave it."""
    kept = 0
    for cohort in range(count[row]):
        x = coordinate[row, cohort]
        if shift >= 0.0:
            x += shift
        else:
            radius, _ = radius_and_slope(x, table, step)
            x = growth_coordinate(radius + shift, exponent) if radius + shift > 0.0 else 0.0
        if x > 0.0:
            number[row, kept] = number[row, cohort]
            coordinate[row, kept] = x
            kept += 1
    count[row] = kept


@kernel
def advance_cohorts(number, coordinate, count, shift, births, nucleus, exponent, table, step, row0, row1):
    """POP-5. Make a step's shift and births the accepted state: move every cohort, then add the newborn ones."""
    for row in range(row0, row1):
        if count[row] > 0:
            _move(number, coordinate, count, row, shift[row], exponent, table, step)
        if births[row] > 0.0:
            growth = max(shift[row], 0.0)
            for index in range(newborn_count(growth, exponent)):
                x, weight = newborn_node(index, growth, exponent)
                _append(number, coordinate, count, row, weight * births[row], nucleus + x, exponent, table, step)


@kernel
def moments(number, coordinate, count, table, step, exponent, totals, radius_sum, area, growing, row0, row1):
    """POP-6. Per voxel: Σ N, Σ N y, Σ N y², and Σ N y² f (what still grows), in units of R_max."""
    for row in range(row0, row1):
        totals[row] = 0.0
        radius_sum[row] = 0.0
        area[row] = 0.0
        growing[row] = 0.0
        for cohort in range(count[row]):
            radius, _ = radius_and_slope(coordinate[row, cohort], table, step)
            n = number[row, cohort]
            totals[row] += n
            radius_sum[row] += n * radius
            area[row] += n * radius * radius
            growing[row] += n * radius * radius * terminal_factor(radius, exponent)

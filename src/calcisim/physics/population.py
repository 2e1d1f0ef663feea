"""Primary particles of a voxel in cohorts that move together.

A cohort is a number N [1/m³ tissue] of spheres with one growth coordinate x (GRO-6, in units of R_max). Growth adds the same
shift to every cohort, so nothing diffuses between sizes; the nuclei of a step enter as a few cohorts at the Gauss points of
the growth they had; when the row is full, the two neighbours whose union changes least are joined, number and volume kept.
Rows of `number`, `coordinate` and `bare` (voxel, cohort) are sorted from the largest to the smallest. There are three such sets, by place:
bound to a surface, inside fibrils, and free in the fluid; only the last are shielded by protein (`bare`: the share that is not yet).
"""

import math

from calcisim.jit import kernel, part
from calcisim.physics.growth import growth_coordinate, radius_and_slope


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
def mean_left(loss):
    """POP-7. Mean over a step of what a constant rate leaves, (1 − e^(−K))/K with K = ∫ k dt: of a phase, or what stays bare or mobile."""
    return -math.expm1(-loss) / loss if loss > 0.0 else 1.0


@part
def free_volume(number, coordinate, bare, count, row, shift, table, step):
    """POP-8. As POP-2 where protein may cover particles: each cohort takes the share of the shift that its bare part leaves it."""
    volume = 0.0
    slope = 0.0
    for cohort in range(count[row]):
        share = bare[row, cohort]
        one, change = relative_volume(coordinate[row, cohort], shift * share, table, step)
        volume += number[row, cohort] * one
        slope += number[row, cohort] * change * share
    return volume, slope


@kernel
def free_newborn_node(index, shift, loss):
    """Growth, bare share and weight of the births of a step in the fluid: at 4 Gauss points of age, shielded since birth at K per step."""
    age, weight = _gauss(index, 4)
    return shift * age * mean_left(loss * age), math.exp(-loss * age), weight


@part
def free_newborn_volume(nucleus, shift, loss, table, step):
    """POP-9. Mean volume y³ of a particle born in the fluid at an evenly distributed instant of a step, and its derivative by the shift."""
    volume = 0.0
    slope = 0.0
    for index in range(4):
        growth, _, weight = free_newborn_node(index, max(shift, 0.0), loss)
        one, change = relative_volume(nucleus, growth, table, step)
        volume += weight * one
        slope += weight * change * (growth / shift if shift > 0.0 else 0.0)
    return volume, slope


@kernel
def cohort_area(number, coordinate, count, row, shift, table, step):
    """POP-10. Σ N y² over the cohorts of a voxel after a shift ≥ 0 [R_max²/m³]."""
    area = 0.0
    for cohort in range(count[row]):
        radius, _ = radius_and_slope(coordinate[row, cohort] + shift, table, step)
        area += number[row, cohort] * radius * radius
    return area


@kernel
def _place_of(radius, exponent, table, step):
    """Growth coordinate at which the table reads this radius."""
    x = growth_coordinate(radius, exponent)
    tabulated, slope = radius_and_slope(x, table, step)
    if slope > 0.0:
        x += (radius - tabulated) / slope  # the table's own error, so that the volume read from it stays
    return x


@part
def _join_cheapest(number, coordinate, bare, count, row, exponent, table, step):
    """POP-4. Join the neighbouring cohorts whose union changes later growth least; N, volume and the number that is bare are kept."""
    best = 0
    least = 1e300
    for a in range(count[row] - 1):
        na = number[row, a]
        nb = number[row, a + 1]
        gap = coordinate[row, a] - coordinate[row, a + 1]
        middle = 0.5 * (coordinate[row, a] + coordinate[row, a + 1])
        price = -1.0  # an empty cohort, as cells leave it, costs nothing to join
        if na > 0.0 and nb > 0.0:
            price = na * nb / (na + nb) * gap * gap / (middle * middle)  # a join keeps volume and so moves the mean of small ones most
        if price < least:
            least = price
            best = a
    na = number[row, best]
    nb = number[row, best + 1]
    if na > 0.0 and nb > 0.0:
        va, _ = relative_volume(coordinate[row, best], 0.0, table, step)
        vb, _ = relative_volume(coordinate[row, best + 1], 0.0, table, step)
        radius = ((na * va + nb * vb) / (na + nb)) ** (1.0 / 3.0)
        coordinate[row, best] = _place_of(radius, exponent, table, step)
        bare[row, best] = (na * bare[row, best] + nb * bare[row, best + 1]) / (na + nb)
    elif nb > 0.0:
        coordinate[row, best] = coordinate[row, best + 1]
        bare[row, best] = bare[row, best + 1]
    number[row, best] = na + nb
    count[row] -= 1
    for a in range(best + 1, count[row]):
        number[row, a] = number[row, a + 1]
        coordinate[row, a] = coordinate[row, a + 1]
        bare[row, a] = bare[row, a + 1]


@kernel
def insert_cohort(number, coordinate, bare, count, row, born, x, free, exponent, table, step):
    """Add a cohort at its place in the order of sizes; a full row first joins two."""
    if count[row] == number.shape[1]:
        _join_cheapest(number, coordinate, bare, count, row, exponent, table, step)
    place = count[row]
    while place > 0 and coordinate[row, place - 1] < x:
        number[row, place] = number[row, place - 1]
        coordinate[row, place] = coordinate[row, place - 1]
        bare[row, place] = bare[row, place - 1]
        place -= 1
    number[row, place] = born
    coordinate[row, place] = x
    bare[row, place] = free
    count[row] += 1


@part
def advance_cohorts(number, coordinate, bare, count, row, shift, births, loss, free, nucleus, exponent, table, step):
    """POP-5. Make a step's shift ≥ 0 and births the accepted state of one voxel: move every cohort, then add the newborn ones.

    free : whether the particles are in the fluid, where they are shielded at K = `loss` per step (POP-7).
    """
    for cohort in range(count[row]):
        if free:
            coordinate[row, cohort] += shift * bare[row, cohort] * mean_left(loss)
            bare[row, cohort] *= math.exp(-loss)
        else:
            coordinate[row, cohort] += shift * bare[row, cohort]
    if births <= 0.0:
        return
    if free:
        for index in range(4):
            growth, left, weight = free_newborn_node(index, shift, loss)
            insert_cohort(number, coordinate, bare, count, row, weight * births, nucleus + growth, left, exponent, table, step)
        return
    for index in range(newborn_count(shift, exponent)):
        x, weight = newborn_node(index, shift, exponent)
        insert_cohort(number, coordinate, bare, count, row, weight * births, nucleus + x, 1.0, exponent, table, step)


@part
def shrink_cohorts(number, coordinate, count, row, share, exponent, table, step):
    """POP-11. Dissolution: every particle of a voxel keeps `share` of its volume; the largest radius that is left [R_max]."""
    factor = share ** (1.0 / 3.0)
    largest = 0.0
    for cohort in range(count[row]):
        radius, _ = radius_and_slope(coordinate[row, cohort], table, step)
        radius *= factor
        coordinate[row, cohort] = _place_of(radius, exponent, table, step)
        largest = max(largest, radius)
    return largest


@part
def transfer_cohorts(number, coordinate, bare, count, source, target, row, share, exponent, table, step):
    """POP-12. Move `share` of every particle of a voxel from one place to another; what protein covers stays covered."""
    if share <= 0.0:
        return
    for cohort in range(count[source, row]):
        moved = share * number[source, row, cohort]
        if moved > 0.0:
            x = coordinate[source, row, cohort]
            covered = bare[source, row, cohort]
            insert_cohort(number[target], coordinate[target], bare[target], count[target], row, moved, x, covered, exponent, table, step)
            number[source, row, cohort] -= moved
    if share >= 1.0:
        count[source, row] = 0

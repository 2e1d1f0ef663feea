"""Growth and dissolution of a population: every particle moves along dv/dt = g v^p, and the classes are filled again from where it went.

The edges are traced back exactly, so a step may be as long as one likes; only the filling inside a class is an approximation, once a
remap. The accumulated shift of a voxel can therefore wait until collisions or an output need the classes, and is then remapped at once.
The profile for it is the exponential one, which is what is likeliest when only the number and the mean of a class are known.
"""

import math

from calcisim.jit import kernel, part


@kernel
def grown(size, shift, exponent):
    """AGG-25. Size after growth along dv/dt = g v^p, shift = ∫ g dt: v e^shift for p = 1, else (v^(1−p) + (1−p) shift)^(1/(1−p)), ≥ 0.

    p = 0: constant rate [shift in m³]; 2/3: a face that moves, dL/dt alike for all; 1: in proportion to the volume [shift: -].
    """
    if exponent == 1.0:
        return size * math.exp(shift)
    if exponent == 0.0:
        return max(size + shift, 0.0)
    power = 1.0 - exponent
    return max(size**power + power * shift, 0.0) ** (1.0 / power)


@kernel
def _decay(t):
    """κ of the density κ e^(−κy)/(1 − e^(−κ)) on [0, 1] with mean t ≤ ½: t = 1/κ − 1/(e^κ − 1), by Newton's method."""
    kappa = 1.0 / t if t < 0.15 else 12.0 * (0.5 - t) * (1.0 + 2.4 * (0.5 - t) ** 2)
    for _ in range(20):
        e = math.exp(-kappa)
        rest = e / (1.0 - e)
        wrong = 1.0 / kappa - rest - t
        slope = -1.0 / (kappa * kappa) + rest * (1.0 + rest)
        change = wrong / slope
        kappa -= change
        if abs(change) < 1e-12 * kappa:
            break
    return kappa


@kernel
def inside(mean, low, high):
    """AGG-26. Exponential in-class density of greatest entropy with the class's mean: its decay κ per class width, negative when it rises.

    0 stands for the linear density, to which it tends when the mean lies in the middle (|t − ½| < 1e-4).
    """
    t = (mean - low) / (high - low)
    if abs(t - 0.5) < 1e-4:
        return 0.0
    return _decay(max(t, 1e-9)) if t < 0.5 else -_decay(max(1.0 - t, 1e-9))


@kernel
def below(size, mean, kappa, low, high):
    """AGG-27. Number and mass, per particle of the class, below a size: F = ∫ p dv, G = ∫ v p dv from `low`."""
    if size <= low:
        return 0.0, 0.0
    if size >= high:
        return 1.0, mean
    width = high - low
    s = (size - low) / width
    if kappa == 0.0:
        tilt = 6.0 * (mean - low) / width - 3.0
        share = s + tilt * (s * s - s)
        return share, low * share + width * (0.5 * s * s + tilt * (2.0 / 3.0 * s * s * s - 0.5 * s * s))
    k = abs(kappa)
    y = s if kappa > 0.0 else 1.0 - s
    whole = -math.expm1(-k)
    share = -math.expm1(-k * y) / whole
    first = -math.expm1(-k * y) / (k * whole) - y * math.exp(-k * y) / whole
    if kappa > 0.0:
        return share, low * share + width * first
    return 1.0 - share, mean - (high * share - width * first)


@part
def _moved(number, mass, from_size, to_size, shift, exponent):
    """Mass after growth of a piece of a class between two sizes: two points about its mean, which is exact for p = 0 and 1."""
    mean = mass / number
    t = min(max((mean - from_size) / (to_size - from_size), 1e-6), 1.0 - 1e-6)
    spread = (to_size - from_size) / math.sqrt(1.0 / (t * t) + 1.0 / ((1.0 - t) * (1.0 - t)) + 4.0)
    change = grown(mean - spread, shift, exponent) - (mean - spread) + (grown(mean + spread, shift, exponent) - (mean + spread))
    return max(mass + 0.5 * number * change, 0.0)  # not less than nothing where all of it dissolves


@kernel
def grow(number, mass, shift, exponent, edges, new_number, new_mass):
    """AGG-28. Move all particles by a growth shift (AGG-25) and fill the classes again; no limit on the shift.

    Returns (number, mass [m³/m³]) that fell below the smallest class and is dissolved: it goes back to the solution. The grown mass is
    Σ new_mass + that, and is what the fluid gives. What outgrows the last class stays in it.
    """
    count = edges.shape[0] - 1
    for k in range(count):
        new_number[k] = 0.0
        new_mass[k] = 0.0
    lost_number = 0.0
    lost_mass = 0.0
    k = -1  # class that the current piece ends in; -1 below the grid
    border = grown_back(edges[0], shift, exponent)
    for i in range(count):
        if number[i] <= 0.0:
            continue
        mean = mass[i] / number[i]
        low = edges[i]
        high = max(edges[i + 1], mean * (1.0 + 1e-9)) if i == count - 1 else edges[i + 1]
        kappa = inside(mean, low, high)
        share = 0.0
        share_mass = 0.0
        at = low
        while at < high:
            while border <= at and k < count - 1:
                k += 1
                border = grown_back(edges[k + 1], shift, exponent)
            end = min(border, high) if k < count - 1 else high
            now, now_mass = below(end, mean, kappa, low, high)
            piece = number[i] * (now - share)
            piece_mass = number[i] * (now_mass - share_mass)
            if piece > 0.0 and piece_mass > 0.0:
                # where next to nothing of a class lies, the two differences round apart: the mean stays between the ends
                piece_mass = min(max(piece_mass, piece * at), piece * end)
                moved = _moved(piece, piece_mass, at, end, shift, exponent)
                if k < 0:
                    lost_number += piece
                    lost_mass += moved
                else:
                    new_number[k] += piece
                    new_mass[k] += moved
            share = now
            share_mass = now_mass
            at = end
    return lost_number, lost_mass


@kernel
def grown_back(size, shift, exponent):
    """AGG-29. The size that growth brings to `size`: AGG-25 with the opposite shift; 0 when smaller than anything that grew."""
    return grown(size, -shift, exponent)


@kernel
def settle_births(number, mass, births, size, edges):
    """AGG-30. Add `births` [1/m³] particles of one size [m³] to the class that holds it, their mass with them."""
    count = edges.shape[0] - 1
    k = 0
    while k < count - 1 and edges[k + 1] <= size:
        k += 1
    number[k] += births
    mass[k] += births * size

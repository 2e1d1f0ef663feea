"""Collisions in time: Heun's method with an embedded error, positive at any step length.

A particle that would meet several partners within a step is taken once: classes that a step would use up collide with part of
their content only (AGG-17). The pair products stay equal on both sides, so nothing is lost; what is left out counts as error, so
that classes which carry mass are resolved in time and only the thin, fast ones are slowed down.
"""

from calcisim.jit import kernel, part
from calcisim.physics.sections_collide import collision_rates
from calcisim.physics.sections_profile import LEAVING, STRIDE

ORDER = 2
MOST_STEPS = 200000
SHARE_USED = 0.5  # of a class per step at most
THIN = 1e-60  # of all particles: a class with less does not collide, so that no product of two numbers runs out of the range of doubles


@kernel
def _colliding(number, share):
    """First class that collides, and the one after the last; `share` becomes 1 for those that do and 0 for empty and thin ones."""
    thin = 0.0
    for k in range(number.shape[0]):
        thin += number[k]
    thin *= THIN
    low = number.shape[0]
    high = low
    for k in range(number.shape[0]):
        share[k] = 0.0
        if number[k] > thin:
            share[k] = 1.0
            low = min(low, k)
            high = k + 1
    return low, high


@kernel
def _shares(step, mass, number, low, high, work, share):
    """AGG-17. φ_i = min(1, ½ N_i/(h L_i)), the part of a class that may collide in a step h, so that at most half of it leaves.

    L_i : number leaving class i per time. Returns what takes no part, Σ (1 − φ_i) of number or of mass (which the last class keeps), as a
    share of all; it belongs to the error of the step.
    """
    left_number = 0.0
    left_mass = 0.0
    total_number = 0.0
    total_mass = 0.0
    for i in range(low, high):
        if share[i] <= 0.0:
            continue
        used = step * work[LEAVING * STRIDE + i]
        if used > SHARE_USED * number[i]:
            share[i] = SHARE_USED * number[i] / used
            left_number += (1.0 - share[i]) * number[i]
            left_mass += (1.0 - share[i]) * mass[i] if i + 1 < number.shape[0] else 0.0
        total_number += number[i]
        total_mass += mass[i]
    return max(left_number / total_number, left_mass / total_mass)


@part
def _euler(number, mass, step, d_number, d_mass, new_number, new_mass):
    for k in range(number.shape[0]):
        new_number[k] = number[k] + step * d_number[k]
        new_mass[k] = mass[k] + step * d_mass[k]


@part
def _halfway(number, mass, step, d_number, d_mass, new_number, new_mass):
    """Second stage of Heun's method, u' = ½ (u + u₁ + h f(u₁)), and the difference to Euler's u₁ as a share of number and of mass.

    Negative when a class fell below zero.
    """
    number_error = 0.0
    mass_error = 0.0
    number_total = 0.0
    mass_total = 0.0
    positive = True
    for k in range(number.shape[0]):
        n = 0.5 * (number[k] + (new_number[k] + step * d_number[k]))
        m = 0.5 * (mass[k] + (new_mass[k] + step * d_mass[k]))
        number_error += abs(n - new_number[k])
        mass_error += abs(m - new_mass[k])
        number_total += n
        mass_total += m
        positive = positive and n >= 0.0 and m >= 0.0
        new_number[k] = n
        new_mass[k] = m
    return max(number_error / number_total, mass_error / mass_total) if positive else -1.0


@part
def _rates(number, mass, h, sections, work, share, d_number, d_mass):
    """Rates at the second stage, held back where a class would be used up; the share of mass whose collisions are left out."""
    low, high = _colliding(number, share)
    collision_rates(number, mass, share, low, high, sections, work, d_number, d_mass)
    left = _shares(h, mass, number, low, high, work, share)
    if left > 0.0:
        collision_rates(number, mass, share, low, high, sections, work, d_number, d_mass)
    return left


@part
def _attempt(number, mass, h, low, high, sections, work, share, d_number, d_mass, new_number, new_mass):
    """One step of Heun's method from the rates at its start; its error, negative when a class fell below zero."""
    left = _shares(h, mass, number, low, high, work, share)
    if left > 0.0:
        collision_rates(number, mass, share, low, high, sections, work, d_number, d_mass)
    _euler(number, mass, h, d_number, d_mass, new_number, new_mass)
    left += _rates(new_number, new_mass, h, sections, work, share, d_number, d_mass)
    error = _halfway(number, mass, h, d_number, d_mass, new_number, new_mass)
    return error if error < 0.0 else error + left


@part
def coagulate(number, mass, duration, tolerance, first_step, sections, work, rows):
    """AGG-19. Advance collisions by `duration` [s]: Heun's method (order 2), the step by what an embedded Euler step differs, ≤ tolerance.

    number, mass : (n,), changed in place; rows : (5, n) scratch; first_step : 0, or the step that the last call returned.
    Returns (next step [s], steps tried); the latter negative: more than 200 000 were needed and the rest was not done.
    Positive, and Σ mass kept to rounding, whatever the step. Source: shu1988 (Heun as a convex combination of Euler steps).
    """
    share, d_number, d_mass, new_number, new_mass = rows[0], rows[1], rows[2], rows[3], rows[4]
    done = 0.0
    step = first_step if first_step > 0.0 else duration
    for tried in range(MOST_STEPS):
        low, high = _colliding(number, share)
        if high == low or done >= duration:
            return step, tried
        collision_rates(number, mass, share, low, high, sections, work, d_number, d_mass)
        ending = step >= duration - done
        h = duration - done if ending else step
        error = _attempt(number, mass, h, low, high, sections, work, share, d_number, d_mass, new_number, new_mass)
        if error < 0.0:
            step = 0.25 * h
            continue
        factor = min(max(0.9 * (tolerance / max(error, 1e-300)) ** 0.5, 0.1), 4.0)
        if not ending or factor < 1.0 or factor * h > step:
            step = factor * h
        if error <= tolerance:
            done = duration if ending else done + h
            for k in range(number.shape[0]):  # assigning whole arrays brings code for text with it
                number[k], mass[k] = new_number[k], new_mass[k]
    return step, -MOST_STEPS

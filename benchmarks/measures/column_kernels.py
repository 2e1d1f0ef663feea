"""Kernels of the column problem (column.py): its kinetics, and the sweeps of the methods that are compared. All in one file, because the
compiler's cache does not see an edited callee in another."""

import numpy as np

from calcisim.jit import kernel

GAMMA = 1.0 - 1.0 / np.sqrt(2.0)


@kernel
def rate(c0, c1, m, site, laws):
    """dm/dt and its derivatives by c0, c1 and m. laws: J0, kg, K, B, V, φ0, least φ."""
    nucleation, growth, product, barrier, molar_volume, porosity, least = laws
    if site <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    omega = c0 * c1 / product
    if omega <= 1.0 and m <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    q = np.sqrt(omega)
    free = porosity - molar_volume * m
    share = max(free, least) / porosity
    by_share = -molar_volume / porosity if free > least else 0.0
    root = (m + site) ** (1.0 / 3.0)
    if q > 1.0:
        area, by_m = root * root, 2.0 / (3.0 * root)
    else:
        area, by_m = m / root, 1.0 / root - m / (3.0 * root * (m + site))
    own = growth * site ** (1.0 / 3.0)
    scale = own * (q - 1.0)
    value = scale * area * share
    slope = scale * (by_m * share + area * by_share)
    by_log = 0.5 * own * area * share * q
    if omega > 1.0:
        log = np.log(omega)
        born = nucleation * site * np.exp(-barrier / (log * log))
        value += born * share
        slope += born * by_share
        by_log += born * share * 2.0 * barrier / (log * log * log)
    return value, by_log / c0, by_log / c1, slope


@kernel
def settle(c0, c1, base, site, gamma_dt, laws):
    """The m with m = base + γΔt dm/dt at given concentrations, by Newton inside a bracket; m, ∂m/∂c0, ∂m/∂c1."""
    low, high = 0.0, max(base, 1e-6)
    for _ in range(100):
        if high - base - gamma_dt * rate(c0, c1, high, site, laws)[0] >= 0.0:
            break
        low, high = high, 2.0 * high + 1e-6
    m = high
    below, by0, by1 = 1.0, 0.0, 0.0
    for _ in range(100):
        value, by0, by1, slope = rate(c0, c1, m, site, laws)
        gap = m - base - gamma_dt * value
        below = 1.0 - gamma_dt * slope
        if gap > 0.0:
            high = m
        else:
            low = m
        if abs(gap) <= 1e-13 * (m + base):
            break
        trial = m - gap / below
        if not (low < trial < high):
            trial = 0.5 * (low + high)
        if trial == m:
            break
        m = trial
    return m, gamma_dt * by0 / below, gamma_dt * by1 / below


@kernel
def settle_row(c, base, m, porosity, w, sites, gamma_dt, laws):
    """One pass over the column, the single row (1, 1) of a padded grid."""
    for i in range(1, sites.size + 1):
        value, w0, w1 = settle(c[0, 1, 1, i], c[1, 1, 1, i], base[0, 1, 1, i], sites[i - 1], gamma_dt, laws)
        m[0, 1, 1, i] = value
        porosity[1, 1, i] = max(laws[5] - laws[4] * value, laws[6])
        w[0, 0, 1, 1, i] = w0
        w[0, 1, 1, 1, i] = w1


@kernel
def derivative(y, out, sites, perfusion, spacing, held, diffusivity, stoichiometry, outside, laws):
    """The column as an ordinary differential equation: y = (φ c_0, φ c_1, m) of every voxel in turn."""
    n = sites.size
    porosity, least = laws[5], laws[6]
    for i in range(n):
        phi = max(porosity - laws[4] * y[3 * i + 2], least)
        c0, c1 = max(y[3 * i] / phi, 1e-12), max(y[3 * i + 1] / phi, 1e-12)
        grown = rate(c0, c1, max(y[3 * i + 2], 0.0), sites[i], laws)[0]
        out[3 * i] = perfusion[i] * phi * (outside[0] - c0) - stoichiometry[0] * grown
        out[3 * i + 1] = perfusion[i] * phi * (outside[1] - c1) - stoichiometry[1] * grown
        out[3 * i + 2] = grown
    phi = max(porosity - laws[4] * y[2], least)
    here = phi * phi / porosity
    for i in range(n):
        next_phi, there = phi, here
        if i + 1 < n:
            next_phi = max(porosity - laws[4] * y[3 * i + 5], least)
            there = next_phi * next_phi / porosity
        for s in range(2):
            c = y[3 * i + s] / phi
            if i + 1 < n:
                flux = diffusivity[s] * 2.0 * here * there / (here + there) * (y[3 * i + 3 + s] / next_phi - c) / (spacing * spacing)
                out[3 * i + s] += flux
                out[3 * i + 3 + s] -= flux
            elif held:
                out[3 * i + s] += 2.0 * diffusivity[s] * here * (outside[s] - c) / (spacing * spacing)
        phi, here = next_phi, there


@kernel
def euler(y, steps, dt, sites, perfusion, spacing, held, diffusivity, stoichiometry, outside, laws):
    """Forward Euler."""
    out = np.empty_like(y)
    for _ in range(steps):
        derivative(y, out, sites, perfusion, spacing, held, diffusivity, stoichiometry, outside, laws)
        for i in range(y.size):
            y[i] += dt * out[i]


@kernel
def spread(u, base, m, gamma_dt, perfusion, spacing, held, diffusivity, outside, laws, forward, right, phi, face):
    """u ← solution of u = base + γΔt (diffusion + exchange) at frozen mineral: a tridiagonal system for each of two species."""
    n = m.size
    for i in range(n):
        phi[i] = max(laws[5] - laws[4] * m[i], laws[6])
    weight = gamma_dt / (spacing * spacing)
    for i in range(n - 1):
        here, there = phi[i] * phi[i], phi[i + 1] * phi[i + 1]
        face[i] = weight * 2.0 * here * there / ((here + there) * laws[5])
    face[n - 1] = weight * 2.0 * phi[n - 1] * phi[n - 1] / laws[5] if held else 0.0
    for s in range(2):
        before, carried = 0.0, 0.0
        for i in range(n):
            left = diffusivity[s] * face[i - 1] if i > 0 else 0.0
            far = diffusivity[s] * face[i]
            inner = far if i < n - 1 else 0.0
            exchange = gamma_dt * perfusion[i] * phi[i] + (far - inner)
            pivot = 1.0 / (phi[i] + exchange + left + inner - left * before)
            before = inner * pivot
            carried = (base[s, i] + exchange * outside[s] + left * carried) * pivot
            forward[i], right[i] = before, carried
        c = 0.0
        for i in range(n - 1, -1, -1):
            c = right[i] + forward[i] * c
            u[s, i] = phi[i] * c


@kernel
def grow(u0, u1, m, base, site, gamma_dt, stoichiometry, laws, guess):
    """ξ = base + γΔt dm/dt of a closed voxel that started with u0, u1 and m, ξ what mineral gained: Newton inside a bracket."""
    s0, s1 = stoichiometry
    low, high = -m, min(u0 / s0, u1 / s1)
    gained = min(max(guess, low), high)
    if gained == high:
        gained = 0.5 * (max(low, 0.0) + high)
    for _ in range(100):
        phi = max(laws[5] - laws[4] * (m + gained), laws[6])
        c0, c1 = (u0 - s0 * gained) / phi, (u1 - s1 * gained) / phi
        value, by0, by1, slope = rate(c0, c1, m + gained, site, laws)
        gap = gained - base - gamma_dt * value
        if gap > 0.0:
            high = gained
        else:
            low = gained
        if abs(gap) <= 1e-12 * (m + abs(gained)) + 1e-15:
            break
        closing = laws[4] / phi
        below = 1.0 - gamma_dt * (slope + by0 * (c0 * closing - s0 / phi) + by1 * (c1 * closing - s1 / phi))
        trial = gained - gap / below
        if not (low < trial < high):
            trial = 0.5 * (low + high)
        if trial == gained:
            break
        gained = trial
    return gained


@kernel
def react(u, m, dt, order, substeps, sites, stoichiometry, laws, before):
    """Reaction of every voxel alone over dt: backward Euler (order 1) or SDIRK2 (order 2) in equal substeps. before: last gain, a guess."""
    s0, s1 = stoichiometry
    h = dt / substeps
    for i in range(m.size):
        if sites[i] <= 0.0:
            continue
        for _ in range(substeps):
            u0, u1, old = u[0, i], u[1, i], m[i]
            if order == 1:
                gained = grow(u0, u1, old, 0.0, sites[i], h, (s0, s1), laws, before[i])
            else:
                first = grow(u0, u1, old, 0.0, sites[i], GAMMA * h, (s0, s1), laws, GAMMA * before[i])
                gained = grow(u0, u1, old, (1.0 - GAMMA) / GAMMA * first, sites[i], GAMMA * h, (s0, s1), laws, before[i])
            before[i] = gained
            u[0, i] = u0 - s0 * gained
            u[1, i] = u1 - s1 * gained
            m[i] = old + gained


@kernel
def lie(u, m, steps, dt, substeps, sites, perfusion, spacing, held, diffusivity, stoichiometry, outside, laws):
    """Sequential non-iterative: implicit transport, then reaction."""
    n = m.size
    forward, right, phi, face, before, base = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.zeros(n), np.empty_like(u)
    for _ in range(steps):
        base[:] = u
        spread(u, base, m, dt, perfusion, spacing, held, diffusivity, outside, laws, forward, right, phi, face)
        react(u, m, dt, 1, substeps, sites, stoichiometry, laws, before)


@kernel
def strang(u, m, steps, dt, substeps, sites, perfusion, spacing, held, diffusivity, stoichiometry, outside, laws):
    """Half a reaction, transport by SDIRK2, half a reaction."""
    n = m.size
    forward, right, phi, face = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    first, last, base, one = np.zeros(n), np.zeros(n), np.empty_like(u), np.empty_like(u)
    weight = (1.0 - GAMMA) / GAMMA
    for _ in range(steps):
        react(u, m, 0.5 * dt, 2, substeps, sites, stoichiometry, laws, first)
        base[:] = u
        spread(one, base, m, GAMMA * dt, perfusion, spacing, held, diffusivity, outside, laws, forward, right, phi, face)
        base += weight * (one - base)
        spread(u, base, m, GAMMA * dt, perfusion, spacing, held, diffusivity, outside, laws, forward, right, phi, face)
        react(u, m, 0.5 * dt, 2, substeps, sites, stoichiometry, laws, last)


@kernel
def iterated(u, m, steps, dt, tolerance, limit, sites, perfusion, spacing, held, diffusivity, stoichiometry, outside, laws):
    """Sequential iterative: transport with the last reaction as a source, reaction with the last transport as a source, until nothing
    changes by more than `tolerance` of what the step deposits, seen at the rate at which the iteration contracts. Returns iterations, −1
    where a step needed more than `limit`."""
    n = m.size
    s0, s1 = stoichiometry
    forward, right, phi, face = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    base, moved, new, gained, total = np.empty_like(u), np.empty_like(u), m.copy(), np.zeros(n), 0
    for _ in range(steps):
        change_before = np.inf
        done = False
        for _ in range(limit):
            total += 1
            for i in range(n):
                base[0, i] = u[0, i] - s0 * gained[i]
                base[1, i] = u[1, i] - s1 * gained[i]
                new[i] = m[i] + gained[i]
            spread(moved, base, new, dt, perfusion, spacing, held, diffusivity, outside, laws, forward, right, phi, face)
            change, size = 0.0, 0.0
            for i in range(n):
                if sites[i] > 0.0:
                    w0, w1 = u[0, i] + moved[0, i] - base[0, i], u[1, i] + moved[1, i] - base[1, i]
                    w0, w1 = max(w0, 1e-12), max(w1, 1e-12)
                    grown = grow(w0, w1, m[i], 0.0, sites[i], dt, (s0, s1), laws, gained[i])
                    change = max(change, abs(grown - gained[i]))
                    size = max(size, abs(grown))
                    gained[i] = grown
            contraction = min(change / change_before, 0.99999) if change_before > 0.0 and change_before < np.inf else 0.9
            change_before = change
            if change <= tolerance * (size + 1e-12) * (1.0 - contraction):
                done = True
                break
        if not done:
            return -1
        for i in range(n):
            base[0, i] = u[0, i] - s0 * gained[i]
            base[1, i] = u[1, i] - s1 * gained[i]
            m[i] += gained[i]
        spread(u, base, m, dt, perfusion, spacing, held, diffusivity, outside, laws, forward, right, phi, face)
    return total


@kernel
def settle_rows(c, base, m, porosity, w, sites, gamma_dt, laws, row0, row1):
    """As `settle_row`, over rows (y) of a padded plane; sites (y, x)."""
    for j in range(row0 + 1, row1 + 1):
        for i in range(1, sites.shape[1] + 1):
            value, w0, w1 = settle(c[0, 1, j, i], c[1, 1, j, i], base[0, 1, j, i], sites[j - 1, i - 1], gamma_dt, laws)
            m[0, 1, j, i] = value
            porosity[1, j, i] = max(laws[5] - laws[4] * value, laws[6])
            w[0, 0, 1, j, i] = w0
            w[0, 1, 1, j, i] = w1


@kernel
def plane_derivative(y, out, sites, perfusion, spacing, diffusivity, stoichiometry, outside, laws):
    """A closed plane as an ordinary differential equation: y (y, x, 3) = (φ c_0, φ c_1, m)."""
    rows, columns = sites.shape
    porosity, least = laws[5], laws[6]
    for j in range(rows):
        for i in range(columns):
            phi = max(porosity - laws[4] * y[j, i, 2], least)
            c0, c1 = max(y[j, i, 0] / phi, 1e-12), max(y[j, i, 1] / phi, 1e-12)
            grown = rate(c0, c1, max(y[j, i, 2], 0.0), sites[j, i], laws)[0]
            out[j, i, 0] = perfusion[j, i] * phi * (outside[0] - c0) - stoichiometry[0] * grown
            out[j, i, 1] = perfusion[j, i] * phi * (outside[1] - c1) - stoichiometry[1] * grown
            out[j, i, 2] = grown
    for j in range(rows):
        for i in range(columns):
            phi = max(porosity - laws[4] * y[j, i, 2], least)
            here = phi * phi / porosity
            for k, l in ((j, i + 1), (j + 1, i)):
                if k < rows and l < columns:
                    far_phi = max(porosity - laws[4] * y[k, l, 2], least)
                    there = far_phi * far_phi / porosity
                    face = 2.0 * here * there / (here + there) / (spacing * spacing)
                    for s in range(2):
                        flux = diffusivity[s] * face * (y[k, l, s] / far_phi - y[j, i, s] / phi)
                        out[j, i, s] += flux
                        out[k, l, s] -= flux


@kernel
def plane_euler(y, steps, dt, sites, perfusion, spacing, diffusivity, stoichiometry, outside, laws):
    """Forward Euler on the plane."""
    out = np.empty_like(y)
    for _ in range(steps):
        plane_derivative(y, out, sites, perfusion, spacing, diffusivity, stoichiometry, outside, laws)
        for j in range(y.shape[0]):
            for i in range(y.shape[1]):
                for s in range(3):
                    y[j, i, s] += dt * out[j, i, s]

"""Speed of the solution chemistry on one thread: nanoseconds a parcel, beside a reference kernel timed in the same repetition.

    python benchmarks/speciation.py [--json] [--parcels 4000] [--repetitions 41]

Absolute times drift by a factor two on a shared machine, so every line also carries its ratio to the reference (one exp and one
log of a changing number) and to the cold full solve. Parcels: calcium 0.8–4, magnesium 0.3–1.5, phosphate 0.3–5 mM, citrate
0.1 mM, pH 6.8–7.8 or alkalinity 15–30 meq at 40 mmHg; warm: every total changed by up to 0.2 %.
"""

import argparse
import json
import math
import statistics
import time
from functools import partial

import numpy as np

from calcisim.jit import kernel
from calcisim.physics.speciation import speciate_alkalinity, speciate_alkalinity_jacobian, speciate_ph
from calcisim.physics.speciation_data import constants, debye_huckel, ln_solubility_products
from calcisim.physics.speciation_fast import SIZE, fast_alkalinity, fast_ph, freeze

TARGETS = {
    "full pH, cold, 1e-6": 1000.0,
    "full alkalinity, cold, 1e-6": 1000.0,
    "full pH, warm, 1e-6": 450.0,
    "full alkalinity, warm, 1e-6": 450.0,
    "fast pH, warm, 3 logs, 4 SI": 45.0,
}
LNW = 38


@kernel
def reference(v):
    s = 0.0
    for i in range(v.shape[0]):
        s += math.exp(v[i]) + math.log(v[i])
    return s


@kernel
def full_ph(K, A, v, x, out, tol):
    n = 0
    for i in range(v.shape[0]):
        n += speciate_ph(K, A, v[i, 5], v[i, 0], v[i, 1], 0.14, 0.004, 0.103, v[i, 2], v[i, 3], v[i, 4], 0.0, x[i], out[i], tol, 60)
    return n


@kernel
def full_alkalinity(K, A, v, x, la, tol):
    n = 0
    for i in range(v.shape[0]):
        n += speciate_alkalinity(K, A, 0.0526, v[i, 0], v[i, 1], 0.14, 0.004, 0.103, v[i, 2], v[i, 3], v[i, 4], 0.0, x[i], la[i], tol, 60)
    return n


@kernel
def derivative(K, A, v, x, dla):
    for i in range(v.shape[0]):
        speciate_alkalinity_jacobian(K, A, 0.0526, v[i, 0], v[i, 1], 0.14, 0.004, 0.103, v[i, 2], v[i, 3], v[i, 4], 0.0, x[i], dla)
    return 0


@kernel
def fast_given_ph(f, v, x, si, lk, tol):
    """v (Ca, Mg, P, unused, h, ln h), x, si component-major, as the fields of a grid are."""
    n = 0
    for i in range(v.shape[1]):
        passes, p, t, calcium, magnesium, phosphate = fast_ph(f, v[4, i], v[5, i], v[0, i], v[1, i], v[2, i], x[0, i], x[2, i], tol, 20)
        x[0, i] = p
        x[2, i] = t
        x[1, i] = magnesium  # kept, so that its log is not optimised away
        lnh = v[5, i]
        si[0, i] = 5.0 * calcium + 3.0 * phosphate + f[LNW] - lnh - lk[0]
        si[1, i] = 4.0 * calcium + 3.0 * phosphate + lnh - lk[3]
        si[2, i] = calcium + 0.74 * phosphate + 0.22 * lnh - lk[6]
        si[3, i] = calcium + 0.74 * phosphate + 0.22 * lnh - lk[7]
        n += passes
    return n


@kernel
def fast_given_alkalinity(f, v, x, la, tol):
    n = 0
    for i in range(v.shape[0]):
        n += fast_alkalinity(f, v[i, 0], v[i, 1], v[i, 2], v[i, 3], x[i], la[i], tol, 20)
    return n


def parcels(number, rng):
    """Totals [mol/kg] of the parcels: Ca, Mg, P, carbonate or alkalinity, citrate, and pH."""
    low = np.array([0.8e-3, 0.3e-3, 0.3e-3, 15e-3, 0.1e-3, 6.8])
    high = np.array([4e-3, 1.5e-3, 5e-3, 30e-3, 0.1e-3, 7.8])
    return low + (high - low) * rng.random((number, 6))


def cases(number, rng):
    """(name, array to refill, what to refill it with, function of no argument) of every line of the table."""
    K, A, lk = constants(310.15), debye_huckel(310.15), ln_solubility_products(310.15)
    v = parcels(number, rng)
    x, la, out = np.zeros((number, 6)), np.zeros((number, 6)), np.zeros((number, 45))
    near = v * (1.0 + 0.002 * (2.0 * rng.random(v.shape) - 1.0))
    near[:, 5] = v[:, 5]
    cold = np.zeros_like(x)
    full_ph(K, A, v, x, out, 1e-12)
    warm_ph = x.copy()
    x[:] = 0.0
    full_alkalinity(K, A, v, x, la, 1e-12)
    warm_alk = x.copy()
    lines = []
    for tol, text in ((1e-6, "1e-6"), (1e-10, "1e-10")):
        by_ph = partial(full_ph, K, A, near, x, out, tol)
        by_alkalinity = partial(full_alkalinity, K, A, near, x, la, tol)
        lines.append((f"full pH, cold, {text}", x, cold, by_ph))
        lines.append((f"full pH, warm, {text}", x, warm_ph, by_ph))
        lines.append((f"full alkalinity, cold, {text}", x, cold, by_alkalinity))
        lines.append((f"full alkalinity, warm, {text}", x, warm_alk, by_alkalinity))
    lines.append(("derivatives", x, warm_alk, partial(derivative, K, A, near, x, np.zeros((6, 4)))))
    return lines + fast_cases(K, A, lk, v, near, warm_ph, warm_alk)


def fast_cases(K, A, lk, v, near, warm_ph, warm_alk):
    """The lines of the fast tier, frozen at the first parcel, warm."""
    f, si, la = np.zeros(SIZE), np.zeros((4, len(v))), np.zeros((len(v), 6))
    freeze(K, A, v[0, 0], v[0, 1], 0.14, 0.004, 0.103, v[0, 2], v[0, 4], 0.0, warm_alk[0], f)
    columns, before, state = (np.ascontiguousarray(a.T) for a in (near, v, warm_ph))
    rows = warm_alk.copy()
    for a in (columns, before):
        a[5] = -math.log(10.0) * v[:, 5]
        a[4] = np.exp(a[5])
    fast_given_ph(f, before, state, si, lk, 1e-8)
    fast_given_alkalinity(f, v, rows, la, 1e-12)
    return [
        ("fast pH, warm, 3 logs, 4 SI", state, state.copy(), partial(fast_given_ph, f, columns, state, si, lk, 1e-2)),
        ("fast alkalinity, warm, 4 logs", rows, rows.copy(), partial(fast_given_alkalinity, f, near, rows, la, 1e-4)),
    ]


def measure(number, repetitions):
    """Rows of the table: name, passes a parcel, median and best ns, ratio to the reference and to the cold full solve."""
    rng = np.random.default_rng(7)
    lines = cases(number, rng)
    v = rng.uniform(0.5, 2.0, number)
    times = {name: [] for name, *_ in lines}
    ratios = {name: [] for name, *_ in lines}
    passes = {}
    references = []
    for repetition in range(-1, repetitions):  # the first one compiles
        for name, array, start, call in lines:
            array[:] = start
            begin = time.perf_counter()
            reference(v)
            middle = time.perf_counter()
            passes[name] = call() / number
            end = time.perf_counter()
            if repetition >= 0:
                references.append((middle - begin) / number * 1e9)
                times[name].append((end - middle) / number * 1e9)
                ratios[name].append((end - middle) / (middle - begin))
    cold = statistics.median(times["full alkalinity, cold, 1e-6"])
    rows = [
        {
            "name": "reference (exp + log)",
            "passes": 1.0,
            "median_ns": statistics.median(references),
            "best_ns": min(references),
            "ratio": 1.0,
        }
    ]
    for name in times:
        median = statistics.median(times[name])
        row = {
            "name": name,
            "passes": passes[name],
            "median_ns": median,
            "best_ns": min(times[name]),
            "ratio": statistics.median(ratios[name]),
        }
        rows.append({**row, "of_cold": median / cold, "target_ns": TARGETS.get(name)})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--parcels", type=int, default=4000)
    parser.add_argument("--repetitions", type=int, default=41)
    options = parser.parse_args()
    rows = measure(options.parcels, options.repetitions)
    if options.json:
        print(json.dumps({"parcels": options.parcels, "rows": rows}, indent=1))
        return
    print(f"{'kernel':34s} passes  median ns  best ns  of exp+log  of cold  target")
    for row in rows:
        target = row.get("target_ns")
        print(
            f"{row['name']:34s} {row['passes']:6.2f} {row['median_ns']:10.1f} {row['best_ns']:8.1f} {row['ratio']:11.1f}"
            f" {row.get('of_cold', 0.0):8.3f}  {'' if target is None else f'≤ {target:g}'}"
        )


if __name__ == "__main__":
    main()

"""Particles that collide at a rate in proportion to their summed volume, against Golovin's exact solution.

    python examples/coagulation.py

Volumes are in units of their mean at the start, times in units of what collisions take then.
"""

import numpy as np

from calcisim import box
from calcisim.physics.smoluchowski import EXACT, in_classes

PER_DECADE, LOW, HIGH = 8, 1e-3, 1e9  # classes, and the range of volumes in units of the mean at the start
TIMES = (1.0, 2.0, 3.0)


def main() -> None:
    """Number, second moment and distribution at three times."""
    start = {"distribution": "exponential", "number": 1.0, "mean": 1.0}
    numbers, masses = box.coagulate("sum", PER_DECADE, LOW, HIGH, start, TIMES)
    exact = EXACT["sum"]
    edges = box.class_edges(LOW, HIGH, numbers.shape[1])
    for time, number, mass in zip(TIMES, numbers, masses, strict=True):
        tau = time  # the scaled time of this start
        truth = in_classes(lambda v, tau=tau: exact.density(v, tau), edges)[1]
        off = 100.0 * np.abs(mass - truth).sum()
        print(f"t = {time:g}: {number.sum():.5f} particles, exactly {exact.number(tau):.5f}; {off:.2f} % of the mass in another class")


if __name__ == "__main__":
    main()

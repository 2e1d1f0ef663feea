"""How steeply a deposit depends on the phosphate of the plasma: one worn joint, six plasmas, in memory.

    python examples/phosphate_sweep.py [FIGURE.png]

For research; not for clinical decisions.
"""

import sys
import warnings

from calcisim import scenario
from calcisim.results import style
from calcisim.simulation.run import Simulation

DAY = 86400.0
PHOSPHATE = (0.8, 1.1, 1.4, 1.8, 2.2, 2.8)  # mmol/L


def deposit(phosphate: float) -> float:
    """Calcium in mineral after four weeks [mg/cm³]."""
    model = Simulation(scenario.load("metastatic/joint-exposed", [f'plasma.phosphate="{phosphate} mmol/L"'], quick=True))
    model.advance(28 * DAY)
    return float(model.observables()["deposit_calcium_mg_per_cm3"])


def main(target: str = "phosphate-sweep.png") -> None:
    """Run all, print and draw them."""
    warnings.simplefilter("ignore", scenario.PlausibilityWarning)
    found = [deposit(phosphate) for phosphate in PHOSPHATE]
    for phosphate, calcium in zip(PHOSPHATE, found, strict=True):
        print(f"{phosphate:.1f} mmol/L: {calcium:.3g} mg/cm³")
    with style.figure(88, 66) as figure:
        axes = figure.subplots()
        axes.semilogy(PHOSPHATE, found, "o-", color=style.BLUE)
        axes.set(xlabel="Phosphate of plasma (mmol/L)", ylabel="Calcium in mineral after 28 days (mg/cm³)")
        figure.savefig(target, dpi=300)


if __name__ == "__main__":
    main(*sys.argv[1:2])

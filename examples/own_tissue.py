"""A tissue of one's own in a scenario of one's own: a scar that is poor in vessels, beside ordinary skin, after the same burn.

    python examples/own_tissue.py

For research; not for clinical decisions.
"""

import tempfile
from pathlib import Path

from calcisim import scenario
from calcisim.simulation.run import Simulation

DAY = 86400.0
TEXT = """
extends = "dystrophic/injury"
title = "A burn of a scar"

[[site]]
name = "place"
tissue = "dermis"
override = { substrate_state = 0.8, fibril_fraction = 0.35, perfusion = "1e-4 1/s", uptake_capacity = "0.2 mol/m3/year" }
"""


def main() -> None:
    """Both tissues, two weeks."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "scar.toml"
        path.write_text(TEXT, encoding="utf-8")
        for name, source in (("skin", "dystrophic/injury"), ("scar", str(path))):
            model = Simulation(scenario.load(source, ["event.0.kind=burn"], quick=True))
            model.advance(14 * DAY)
            print(f"{name}: {model.observables()['deposit_calcium_mg']:.4g} mg of calcium in a cubic centimetre")


if __name__ == "__main__":
    main()

"""Is a fluid supersaturated? Plasma in health and in uraemia, urine and simulated body fluid, with three minerals.

    python examples/fluid_saturation.py

A saturation index is log10 of the ion activity product over the solubility product: above 0 a mineral may form.
"""

import csv
import tempfile
from pathlib import Path

from calcisim.studies.saturation import saturation

COLUMNS = ("name", "pH_in", "tot_Ca_mM", "tot_Mg_mM", "tot_P_mM", "tot_C_mM", "tot_Na_mM", "tot_Cl_mM", "tot_Citrate_mM")
FLUIDS = (  # mmol per kg of water that is not bound to protein
    ("health", 7.40, 1.45, 0.58, 1.10, 25.5, 145, 105, 0.12),
    ("uraemia", 7.33, 1.40, 0.70, 2.20, 20.0, 142, 104, 0.12),
    ("body fluid of the laboratory", 7.40, 2.50, 1.50, 1.00, 4.2, 142, 148, 0.0),
    ("urine", 6.00, 3.50, 3.50, 25.0, 4.0, 150, 150, 2.5),
)


def main() -> None:
    """Write a table, speciate it, print three indices."""
    with tempfile.TemporaryDirectory() as place:
        measured, species = Path(place) / "measured.csv", Path(place) / "species.csv"
        measured.write_text("\n".join(",".join(map(str, row)) for row in (COLUMNS, *FLUIDS)) + "\n", encoding="utf-8")
        assert saturation(measured, species) == []  # no row was refused
        with species.open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                print(f"{row['name']:>28}: " + ", ".join(f"{phase} {float(row['SI_' + phase]):+5.2f}" for phase in ("HAP", "OCP", "DCPD")))


if __name__ == "__main__":
    main()

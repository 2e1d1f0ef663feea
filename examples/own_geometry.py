"""A site from images: a label map of a joint gives its tissues, and a micro-CT of the same place the deposit that is there already.

Both volumes are made up here; a scanner has its own calibration. For research; not for clinical decisions.
"""

import pathlib

import nibabel
import numpy as np

import calcisim

FOLDER, TISSUES = pathlib.Path("own-geometry"), ("bone-surface", "joint-capsule", "bursa-wall")
REGION = '[[site.region]]\nname = "{1}"\nshape = "label"\nlabel = {0}\nmaterial = "{1}"\n'
HEAD = """title = "A shoulder from images"
duration = "20 day"
output = [{ every = "5 day" }]
plasma = { calcium_ionised = "1.3 mmol/L", phosphate = "2.2 mmol/L" }
[[site]]
name = "shoulder"
tissue = "periarticular"
grid.labels = "labels.nii.gz"
deposit = [{ file = "ct.nii.gz", unit = "grey", slope = 0.1, intercept = -100.0, threshold = 1500 }]
"""


def main() -> None:
    """Write images and scenario, run it, and say what becomes of the deposit."""
    FOLDER.mkdir(exist_ok=True)
    x, y, z = np.indices((20, 16, 12))  # voxels of half a millimetre
    labels = 1 * (x < 4) + 2 * ((x >= 4) & (x < 6)) + 3 * ((x >= 9) & (x < 13) & (abs(y - 8) < 5))
    grey = 1000 + 2500 * np.exp(-(((x - 11) / 2) ** 2) - ((y - 8) / 3) ** 2 - ((z - 6) / 4) ** 2)  # 1000: none
    for name, values in (("labels", labels), ("ct", grey)):
        nibabel.save(nibabel.Nifti1Image(values.astype(np.int16), np.diag([0.5, 0.5, 0.5, 1])), FOLDER / f"{name}.nii.gz")
    (FOLDER / "shoulder.toml").write_text(HEAD + "".join(REGION.format(*row) for row in enumerate(TISSUES, 1)), encoding="utf-8")
    series = calcisim.run(FOLDER / "shoulder.toml", threads=1, out=FOLDER / "run").timeseries()
    print(*(f"day {day:g}: {held:.3f} mg of calcium" for day, held in zip(series["time_d"], series["deposit_calcium_mg"])), sep="\n")


main()

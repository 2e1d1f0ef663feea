"""A small joint as a label map and a volume of density, and a scenario that uses them: the tests change one thing at a time."""

import gzip

import nibabel
import numpy as np

SHAPE, EDGE, PLACE = (10, 8, 6), 0.5, (-12.0, 4.0, 30.0)  # x, y, z; mm
SCENARIO = """title = "a joint"
duration = "10 day"
seed = 5
plasma = { calcium = "2.6 mmol/L", phosphate = "2.4 mmol/L" }
[[site]]
name = "joint"
tissue = "dermis"
[site.grid]
labels = "labels.nii.gz"
[[site.region]]
name = "capsule"
shape = "label"
label = 1
material = "joint-capsule"
[[site.region]]
name = "bursa"
shape = "label"
label = 3
material = "bursa-wall"
assay = true
[[output]]
every = "5 day"
"""
DEPOSIT = """[[site.deposit]]
file = "density.nii.gz"
unit = "mg HA/cm3"
"""
DEPOSITED = SCENARIO.replace("[[output]]", DEPOSIT + "[[output]]")


def affine(edge=EDGE, place=PLACE):
    """Voxel index → mm, with the centre of the first voxel at `place`."""
    found = np.diag([edge, edge, edge, 1.0])
    found[:3, 3] = place
    return found


def labels():
    """Two layers of capsule (1) along x, and a bursa (3) in the middle; x, y, z."""
    values = np.zeros(SHAPE, dtype=np.uint8)
    values[:2] = 1
    values[4:8, 2:6, 1:5] = 3
    return values


def density():
    """mg HA/cm³, uneven and in single precision, in a part of the bursa; x, y, z."""
    values = np.zeros(SHAPE, dtype=np.float32)
    values[5:7, 3:5, 2:4] = np.random.default_rng(2).uniform(20.0, 180.0, (2, 2, 2))
    return values


def write(path, values, place=None, unit="mm", describe=b""):
    """A NIfTI file of an array x, y, z, or the bytes of one for a name without a folder."""
    image = nibabel.Nifti1Image(values, affine() if place is None else place)
    image.header.set_xyzt_units(unit)
    image.header["descrip"] = describe
    path.write_bytes(gzip.compress(image.to_bytes(), mtime=0) if path.name.endswith(".gz") else image.to_bytes())
    return path


def both(folder):
    """labels.nii.gz and density.nii.gz in a folder."""
    write(folder / "labels.nii.gz", labels())
    write(folder / "density.nii.gz", density())

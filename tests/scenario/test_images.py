"""Images that cannot be meant: one clear error for each mistake, at its key and line."""

import logging
import re
import sys

import nibabel
import numpy as np
import pytest
from pydantic import ValidationError
from scenario import pictures
from scenario.pictures import DEPOSITED, SCENARIO, SHAPE, affine, density, labels, write

from calcisim import scenario
from calcisim.scenario import voxels


@pytest.fixture
def joint(load, tmp_path):
    """Loads a text beside the two images."""
    pictures.both(tmp_path)
    return load


def deposited(old, new):
    assert old in DEPOSITED
    return DEPOSITED.replace(old, new)


def labelled(old, new):
    assert old in SCENARIO
    return SCENARIO.replace(old, new)


def askew(folder):
    turned = affine()
    turned[:2, :2] = 0.5 * np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    write(folder / "labels.nii.gz", labels(), turned)


def sheared(folder):
    turned = affine()
    turned[0, 1] = 0.1
    write(folder / "labels.nii.gz", labels(), turned)


def cut_off(folder):
    whole = (folder / "density.nii.gz").read_bytes()
    (folder / "density.nii.gz").write_bytes(whole[: len(whole) // 2])


def folder_of_that_name(folder):
    (folder / "labels.nii").mkdir()


def linked(folder):
    away = folder.parent / f"{folder.name}-away"
    away.mkdir()
    write(away / "labels.nii.gz", labels())
    (folder / "link.nii.gz").symlink_to(away / "labels.nii.gz")


def with_density(**changed):
    def change(folder):
        values = density()
        for place, value in changed.items():
            values[tuple(map(int, place.removeprefix("at").split("_")))] = value
        write(folder / "density.nii.gz", values)

    return change


def header(**fields):
    """The label map with fields of its header changed, whatever nibabel thinks of them."""

    def change(folder):
        raw = bytearray(nibabel.Nifti1Image(labels(), affine()).to_bytes())
        for name, (offset, value, kind) in fields.items():
            assert name
            raw[offset : offset + np.dtype(kind).itemsize * np.size(value)] = np.asarray(value, kind).tobytes()
        (folder / "labels.nii").write_bytes(bytes(raw))

    return change


def written(name, values, **options):
    return lambda folder: write(folder / name, values, **options)


def plain(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def nothing(folder):
    assert folder.is_dir()


FILE = 'file = "density.nii.gz"\nunit = "mg HA/cm3"'
LOOSE = 'shape = [3]\nspacing = "1 mm"\ndepth = "1 mm"\n'
OF_GRID = 'labels = "labels.nii.gz"'
GREY = '{ shape = "threshold", file = "density.nii.gz", at_least = 900 }'
NII = labelled("labels.nii.gz", "labels.nii")
COLOURS = [("R", "u1"), ("G", "u1"), ("B", "u1")]

BAD = {
    "missing": (
        nothing,
        labelled("labels.nii.gz", "label.nii.gz"),
        "grid.labels: there is no file 'label.nii.gz' (did you mean 'labels.nii.gz'?)",
    ),
    "folder": (folder_of_that_name, NII, "grid.labels: 'labels.nii' is a folder, not a file (name a file in it (.nii, .nii.gz))"),
    "folder beside": (
        folder_of_that_name,
        labelled("labels.nii.gz", "label.nii"),
        "grid.labels: there is no file 'label.nii' (did you mean 'labels.nii.gz'?)",
    ),
    "long name": (nothing, labelled("labels.nii.gz", "x" * 300 + ".nii"), "grid.labels: there is no file "),
    "outside": (
        nothing,
        labelled("labels.nii.gz", "../labels.nii.gz"),
        "grid.labels: '../labels.nii.gz' leads out of the folder of the scenario",
    ),
    "absolute": (nothing, labelled("labels.nii.gz", "/tmp/labels.nii.gz"), "'/tmp/labels.nii.gz' leads out of the folder of the scenario"),
    "symlink": (linked, labelled("labels.nii.gz", "link.nii.gz"), "'link.nii.gz' leads out of the folder of the scenario"),
    "no NIfTI": (
        plain("labels.mha", b"x"),
        labelled("labels.nii.gz", "labels.mha"),
        "'labels.mha' is no NIfTI file (.nii, .nii.gz) (convert it first",
    ),
    "text": (plain("labels.nii", b"a text\n" * 100), NII, "cannot be read as NIfTI"),
    "empty": (plain("labels.nii", b""), NII, "cannot be read as NIfTI"),
    "shorter than a header": (
        plain("labels.nii", nibabel.Nifti1Image(labels(), affine()).to_bytes()[:300]),
        NII,
        "cannot be read as NIfTI",
    ),
    "unknown unit": (header(unit=(123, 6, "u1")), NII, "the unit of its lengths has the code 6, which NIfTI does not know (set it"),
    "values at infinity": (header(offset=(108, np.inf, "<f4")), NII, "cannot be read as NIfTI"),
    "no gzip": (plain("labels.nii.gz", b"not a gzip file at all"), SCENARIO, "cannot be read as NIfTI"),
    "truncated": (cut_off, DEPOSITED, "deposit.0.file: cannot be read as NIfTI"),
    "four axes": (
        written("labels.nii.gz", np.zeros((3, 4, 5, 2), np.uint8)),
        SCENARIO,
        "it has 4 axes (3 x 4 x 5 x 2), so it is more than one volume",
    ),
    "colours": (written("labels.nii.gz", np.zeros((3, 4, 5), COLOURS)), SCENARIO, "and not plain numbers"),
    "fractions": (written("labels.nii.gz", labels() + 0.5), SCENARIO, "it holds fractions, so it is no label map"),
    "minus": (written("labels.nii.gz", labels().astype(np.int16) - 1), SCENARIO, "it holds labels from -1 to 2"),
    "askew": (askew, SCENARIO, "its axes stand askew to those of the patient, by 11.5 degrees (resample it"),
    "sheared": (sheared, SCENARIO, "its axes stand askew to those of the patient"),
    "no edge": (
        header(zoom=(76, [1.0, 0.5, 0.0, 0.5], "<f4"), codes=(252, [0, 0], "<i2")),
        NII,
        "a voxel is 0 mm along j, which is not between 1 nm and 1 m",
    ),
    "huge edge": (
        written("labels.nii.gz", labels(), place=affine(5000.0)),
        SCENARIO,
        "a voxel is 5000 mm along i, which is not between 1 nm and 1 m",
    ),
    "large edge": (
        written("labels.nii.gz", labels(), place=affine(20.0)),
        SCENARIO,
        "grid.labels: a voxel is 20 mm along x, and a site takes 1 um to 10 mm",
    ),
    "too many": (
        header(dim=(40, [3, 2000, 2000, 2000], "<i2")),
        NII,
        "8,000,000,000 voxels are more than 268,435,456 (cut out what matters",
    ),
    "unnamed": (
        nothing,
        labelled("label = 3", "label = 1"),
        "labels of labels.nii.gz that no region names: 3 (64 voxels) (write [[site.region]]",
    ),
    "absent": (
        nothing,
        labelled("label = 3", "label = [3, 4]"),
        "region.bursa.label: labels.nii.gz has no label 4 (the nearest is 3; its labels are 1, 3)",
    ),
    "no label": (nothing, labelled("label = 3", "label = 0"), "region.bursa.label: 0: input should be greater than or equal to 1"),
    "lost label": (
        nothing,
        labelled('labels = "', 'spacing = ["5 mm", "4 mm", "3 mm"]\nlabels = "'),
        "region.capsule.label: its 96 voxels of labels.nii.gz win no voxel of the site (take a finer spacing)",
    ),
    "shape too": (nothing, labelled('labels = "', 'shape = [3]\nlabels = "'), "grid.shape: the shape is that of the image"),
    "two images": (nothing, labelled('labels = "', 'grey = "density.nii.gz"\nlabels = "'), "grid.grey: labels and grey are both there"),
    "low alone": (
        nothing,
        labelled('labels = "labels.nii.gz"', 'shape = [3]\nspacing = "1 mm"\ndepth = "1 mm"\nlow = ["0 mm", "0 mm", "0 mm"]'),
        "grid.low: belongs to labels or grey",
    ),
    "nothing left": (
        nothing,
        labelled('labels = "', 'low = ["6 mm", "0 mm", "0 mm"]\nlabels = "'),
        "grid.low: nothing of the image is left along x",
    ),
    "no image": (
        nothing,
        labelled('labels = "labels.nii.gz"', 'shape = [3]\nspacing = "1 mm"\ndepth = "1 mm"'),
        "region.capsule: names no file, and the grid comes from no image",
    ),
    "spacings": (
        nothing,
        labelled('labels = "', 'spacing = ["1 mm", "1 mm"]\nlabels = "'),
        "grid.spacing: the image has 3 axes of more than one voxel",
    ),
    "NaN": (with_density(at5_3_2=np.nan), DEPOSITED, "deposit.0.file: 1 of its 480 voxels are no numbers (NaN or infinite)"),
    "negative": (
        with_density(at1_2_3=-4.0),
        DEPOSITED,
        "deposit.0: 1 voxels of density.nii.gz hold less than nothing: voxel x=1, y=2, z=3 holds -4, which is -4 mg HA/cm3 (write",
    ),
    "unit": (nothing, deposited("mg HA/cm3", "mg/cm3"), "deposit.0.unit: 'mg/cm3' is not one of the choices"),
    "no unit": (nothing, deposited('unit = "mg HA/cm3"\n', ""), "deposit.0.unit: is missing: what do the voxels hold?"),
    "no calibration": (
        nothing,
        deposited("mg HA/cm3", "grey"),
        "deposit.0.slope: is missing: grey values need the calibration of the scanner",
    ),
    "calibration": (
        nothing,
        deposited('unit = "mg', 'slope = 2\nunit = "mg'),
        "deposit.0.slope: belongs to unit 'grey', and this is 'mg HA/cm3'",
    ),
    "no mineral": (written("density.nii.gz", np.zeros(SHAPE, np.float32)), DEPOSITED, "holds no mineral within the site by its values"),
    "too much": (
        with_density(at5_3_2=2600.0, at6_3_2=2700.0),
        DEPOSITED,
        "deposit.0: voxel x=6, y=3, z=2 (at 3.25, 1.75, 1.25 mm) of bursa-wall is given 2700 mg HA/cm3 and has room for ",
    ),
    "two sources": (
        nothing,
        deposited('file = "', 'region = "bursa"\nfile = "'),
        "deposit.0.file: one of file and region is needed, file and region are there together",
    ),
    "no source": (nothing, deposited(FILE, 'phase = "HAP"'), "deposit.0.file: one of file and region is needed, none is there"),
    "how much": (nothing, deposited(FILE, 'region = "bursa"'), "deposit.0.density: exactly one of density and amount is needed"),
    "no region": (
        nothing,
        deposited(FILE, 'region = "bursae"\ndensity = "20 mg/cm3"'),
        "deposit.0.region: site 'joint' has no region 'bursae' (did you mean 'bursa'?)",
    ),
    "primaries": (
        nothing,
        deposited('unit = "mg', 'primary_diameter = "2 um"\nunit = "mg'),
        "deposit.0.primary_diameter: 2 um: primaries stop growing at 0.5 um",
    ),
    "clumps": (
        nothing,
        deposited('unit = "mg', 'clump_diameter = "2 mm"\nunit = "mg'),
        "deposit.0.clump_diameter: 2000 um: the largest class of [population] is 1000 um",
    ),
    "phase": (nothing, deposited('unit = "mg', 'phase = "apatite"\nunit = "mg'), "deposit.0.phase: 'apatite' is not one of the choices"),
    "values": (
        nothing,
        deposited(FILE, 'region = { shape = "threshold", file = "density.nii.gz", at_least = 900 }\namount = "1 mg"'),
        "deposit.0.region: no voxel of the site has such values: those of density.nii.gz go from 0 to",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_is_one_clear_error(joint, tmp_path, case):
    prepare, text, message = BAD[case]
    prepare(tmp_path)
    with pytest.raises(scenario.ScenarioError) as caught:
        joint(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("bad.toml:")
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.line > 0


def mutated(rng, raw):
    """A file with its header cut short, some bytes of it changed, or a number in it made a strange one."""
    raw, size = bytearray(raw), 540 if raw[:2] == b"\x1c\x02" else 352
    way = rng.integers(4)
    if way == 0:
        return bytes(raw[: rng.integers(size)])
    if way == 1:
        strange = rng.choice([np.nan, np.inf, -np.inf, 1e38, -1e38, 0.0]).astype("<f4").tobytes()
        at = 4 * int(rng.integers(size // 4))
        raw[at : at + 4] = strange
        return bytes(raw)
    for at in rng.integers(4, size, way):
        raw[at] = rng.integers(256)
    return bytes(raw)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_a_damaged_header_is_one_clear_error_or_still_good(joint, tmp_path, capfd, recwarn, monkeypatch, kind):
    """And neither nibabel nor numpy says anything beside it."""
    logger = nibabel.imageglobals.logger
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler()])  # to the stderr that is looked at
    monkeypatch.setattr(logger, "propagate", False)
    rng = np.random.default_rng(14)
    text = DEPOSITED.replace("labels.nii.gz", "labels.nii").replace("density.nii.gz", "density.nii")
    whole = {"labels.nii": kind(labels(), affine()).to_bytes(), "density.nii": kind(density(), affine()).to_bytes()}
    good, told = 0, []
    for turn in range(150):
        name = ("labels.nii", "density.nii")[turn % 2]
        for other, raw in whole.items():
            (tmp_path / other).write_bytes(mutated(rng, raw) if other == name else raw)
        try:
            joint(text)
            good += 1
        except scenario.ScenarioError as error:
            told.append(str(error))
    assert 30 < good < 120
    assert all("bad.toml" in one for one in told)
    assert capfd.readouterr() == ("", "")
    assert {one.category for one in recwarn.list} <= {scenario.PlausibilityWarning}


def test_the_logger_of_nibabel_is_as_it_was(joint, tmp_path):
    logger = nibabel.imageglobals.logger
    before = (logger.disabled, logger.level, list(logger.handlers))
    joint(SCENARIO)
    (tmp_path / "labels.nii").write_bytes(b"a text\n" * 100)
    with pytest.raises(scenario.ScenarioError):
        joint(NII)
    assert (logger.disabled, logger.level, list(logger.handlers)) == before


def test_nibabel_that_is_missing_is_told_with_the_line_that_installs_it(joint, monkeypatch):
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(scenario.ScenarioError, match=re.escape("pip install 'calcisim[imaging]'")):
        joint(SCENARIO)


def test_more_than_the_record_of_a_run_takes_is_refused(load, tmp_path):
    noise = np.random.default_rng(1).uniform(1.0, 100.0, (70, 70, 70)).astype(np.float32)
    write(tmp_path / "density.nii.gz", noise)
    text = SCENARIO.replace('labels = "labels.nii.gz"', 'grey = "density.nii.gz"')
    text = re.sub(r'\[\[site.region\]\][^\[]*material = "[a-z-]*"\n(assay = true\n)?', "", text)
    with pytest.raises(scenario.ScenarioError, match="too much for the record of a run") as caught:
        load(text.replace("[[output]]", '[[site.deposit]]\nfile = "density.nii.gz"\nunit = "mg HA/cm3"\n[[output]]'))
    assert "take a coarser spacing" in caught.value.hint


def test_too_little_memory_is_told_before_the_file_is_read(joint, monkeypatch):
    import psutil

    class Little:
        available = 1000

    monkeypatch.setattr(psutil, "virtual_memory", Little)
    with pytest.raises(scenario.ScenarioError, match=r"need 1\.25e-05 GB of memory to read"):
        joint(SCENARIO)


@pytest.mark.parametrize("packed", ["eNo=", "!!!!", "QUJD"])
def test_damaged_voxels_are_refused(joint, packed):
    text = re.sub(r'(packed = ")[^"]*"', rf'\g<1>{packed}"', scenario.dump(joint(SCENARIO)), count=1)
    with pytest.raises(scenario.ScenarioError, match=r"voxels\.packed: the voxels are damaged"):
        joint(text)


@pytest.mark.parametrize(("holds", "needed"), [("mask", r"6\.98"), ("density", r"8\.59")])
def test_voxels_that_memory_does_not_hold_are_refused_before_they_are_unpacked(monkeypatch, holds, needed):
    """A text of a few characters may ask for as many voxels as a site can have."""
    import psutil

    class Some:
        available = 6_000_000_000

    def unpacked(*_):
        raise AssertionError("unpacked")

    monkeypatch.setattr(psutil, "virtual_memory", Some)
    monkeypatch.setattr(voxels, "_unpacked", unpacked)
    table = {"counts": (2**10, 2**9, 2**9), "edge": ("1 mm",) * 3, "low": ("0 mm",) * 3, "holds": holds, "packed": "eNo="}
    with pytest.raises(ValidationError, match=rf"its 268,435,456 voxels need {needed} GB of memory to read, and 6 GB are free"):
        voxels.Voxels.model_validate(table)


def test_few_unpacked_voxels_are_kept():
    assert voxels._unpacked.cache_info().maxsize <= 8


def test_what_is_typed_may_lie_anywhere(joint, tmp_path):
    away = tmp_path.parent / f"{tmp_path.name}-typed.nii.gz"
    write(away, labels())
    loaded = joint(SCENARIO, sets=[f"site.joint.grid.labels={away}"])
    assert loaded.site[0].region[0].voxels.source == away.name

"""Sites from images: what is read of them, and how it lies."""

import gzip
import re
import tomllib

import nibabel
import numpy as np
import pytest
from scenario import pictures
from scenario.pictures import DEPOSITED, EDGE, SCENARIO, SHAPE, affine, density, labels, write

from calcisim import scenario
from calcisim.physics import attenuation
from calcisim.scenario import deposit, voxels
from calcisim.scenario.regions import mask
from calcisim.scenario.tissues import paint
from calcisim.scenario.voxels import Lattice, Voxels

CALCIUM = 1.0 / float(attenuation.apatite_density(1.0))  # mol Ca per kg of hydroxyapatite


@pytest.fixture
def joint(load, tmp_path):
    """Loads a text beside the two images."""
    pictures.both(tmp_path)
    return load


def region(loaded, name):
    site = loaded.site[0]
    return mask(next(one for one in site.region if one.name == name), *site.grid.centres())


def held():
    """The densities as doubles, (z, y, x)."""
    return density().astype(float).transpose(2, 1, 0)


# --- what is read -------------------------------------------------------------------------------------------------------


def test_a_label_map_gives_grid_and_regions(joint):
    loaded = joint(SCENARIO)
    grid = loaded.site[0].grid
    assert grid.shape == SHAPE
    assert grid.spacing == (5e-4,) * 3
    assert np.array_equal(region(loaded, "capsule"), (labels() == 1).transpose(2, 1, 0))
    assert np.array_equal(region(loaded, "bursa"), (labels() == 3).transpose(2, 1, 0))
    index, kinds = paint(loaded.site[0])
    assert [kinds[k].name for k in (index[0, 0, 0], index[2, 3, 5], index[0, 7, 9])] == ["joint-capsule", "bursa-wall", "dermis"]


def test_what_was_read_needs_the_file_no_more(joint, tmp_path):
    loaded = joint(DEPOSITED)
    text = scenario.dump(loaded)
    for name in ("labels.nii.gz", "density.nii.gz"):
        (tmp_path / name).unlink()
    again = joint(text)
    assert again == loaded
    assert scenario.dump(again) == text
    kept = tomllib.loads(text)["site"][0]
    assert kept["region"][0]["voxels"]["source"] == "labels.nii.gz"
    assert re.fullmatch(r"[0-9a-f]{64}", kept["deposit"][0]["voxels"]["sha256"])
    assert not {"labels", "grey", "file"} & {*kept["grid"], *kept["region"][0], *kept["deposit"][0]}


@pytest.mark.parametrize("order", ["RAS", "LPS", "LAI", "PIR", "SAR"])
def test_axes_stored_otherwise_are_turned_to_those_of_the_patient(load, tmp_path, order):
    """The same voxels at the same places, in files that count otherwise."""
    turn = nibabel.orientations.ornt_transform(nibabel.io_orientation(affine()), nibabel.orientations.axcodes2ornt(order))
    for name, values in (("labels", labels()), ("density", density())):
        image = nibabel.Nifti1Image(values, affine()).as_reoriented(turn)
        assert nibabel.aff2axcodes(image.affine) == tuple(order)
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    loaded = load(DEPOSITED)
    assert np.array_equal(region(loaded, "bursa"), (labels() == 3).transpose(2, 1, 0))
    assert deposit.laid(loaded.site[0])[0].calcium == pytest.approx(held() * CALCIUM, rel=1e-12)


def test_micrometres_and_flat_images(load, tmp_path):
    write(tmp_path / "labels.nii.gz", labels()[:, :, 2:3], np.diag([20.0, 20.0, 50.0, 1.0]), "micron")
    grid = load(SCENARIO).site[0].grid
    assert (grid.shape, grid.spacing, grid.depth) == ((10, 8), (2e-5, 2e-5), (5e-5,))


def test_a_header_without_a_place_counts_as_it_is_stored(load, tmp_path):
    image = nibabel.Nifti1Image(labels(), None)
    image.header.set_zooms((0.5, 0.5, 0.5))
    (tmp_path / "labels.nii.gz").write_bytes(gzip.compress(image.to_bytes()))
    assert np.array_equal(region(load(SCENARIO), "capsule"), (labels() == 1).transpose(2, 1, 0))


def test_labels_of_one_spacing_at_another(joint):
    """Two by two by two to one: the label that most of a voxel has. The bursa begins in the middle of voxels along z."""
    coarse = joint(SCENARIO.replace('labels = "', 'spacing = "1 mm"\nlabels = "'))
    assert coarse.site[0].grid.shape == (5, 4, 3)
    parts = labels().reshape(5, 2, 4, 2, 3, 2).transpose(0, 2, 4, 1, 3, 5).reshape(5, 4, 3, 8)
    for name, label in (("capsule", 1), ("bursa", 3)):
        share = (parts == label).mean(axis=-1)
        found = region(coarse, name).transpose(2, 1, 0)
        assert found[share > 0.5].all()
        assert not found[share < 0.5].any()


def test_nearest_takes_the_label_of_the_centre(joint):
    found = joint(SCENARIO.replace('labels = "', 'spacing = "1.5 mm"\nresample = "nearest"\nlabels = "'))
    grid = found.site[0].grid
    index = tuple(np.floor(np.asarray(axis) / (EDGE * 1e-3) + 1e-9).astype(int) for axis in grid.centres())
    expected = labels()[np.ix_(*index)]
    assert np.array_equal(region(found, "bursa"), (expected == 3).transpose(2, 1, 0))


def test_a_part_of_the_image_and_what_lies_in_it(joint):
    text = DEPOSITED.replace('labels = "', 'low = ["1 mm", "0 mm", "0.5 mm"]\nhigh = ["4 mm", "4 mm", "9 mm"]\nlabels = "')
    loaded = joint(text.replace("label = 1", "label = [1]").replace('name = "capsule"\nshape = "label"\nlabel = [1]', BOX))
    assert loaded.site[0].grid.shape == (6, 8, 5)
    assert np.array_equal(region(loaded, "bursa"), (labels() == 3)[2:8, :, 1:].transpose(2, 1, 0))
    part = held()[1:, :, 2:8]
    assert deposit.laid(loaded.site[0])[0].calcium == pytest.approx(part * CALCIUM, rel=1e-12)


BOX = 'name = "capsule"\nshape = "slab"\nlow = "0 mm"\nhigh = "1 mm"'


def test_labels_and_shapes_are_painted_in_order(joint):
    more = '[[site.region]]\nshape = "box"\nlow = ["0 mm", "0 mm", "0 mm"]\nhigh = ["3 mm", "4 mm", "3 mm"]\nmaterial = "inert"\n'
    index, kinds = paint(joint(SCENARIO.replace("[[output]]", more + "[[output]]")).site[0])
    names = np.array([kind.name for kind in kinds])[index].transpose(2, 1, 0)
    assert set(names[:6].ravel()) == {"inert"}
    assert set(names[6:8, 2:6, 1:5].ravel()) == {"bursa-wall"}


def test_grey_values_give_a_region_and_a_deposit(joint, tmp_path):
    grey = np.rint(1000 + 10.0 * density()).astype(np.int16)
    write(tmp_path / "ct.nii", grey)
    text = SCENARIO.replace('labels = "labels.nii.gz"', 'grey = "ct.nii"')
    text = text.replace("label = 1", 'file = "labels.nii.gz"\nlabel = 1')
    text = text.replace('shape = "label"\nlabel = 3', 'shape = "threshold"\nat_least = 1500')
    more = '[[site.deposit]]\nfile = "ct.nii"\nunit = "grey"\nslope = 0.1\nintercept = -100\nthreshold = 1500\n'
    loaded = joint(text.replace("[[output]]", more + "[[output]]"))
    assert np.array_equal(region(loaded, "bursa"), (grey >= 1500).transpose(2, 1, 0))
    expected = np.where(grey >= 1500, 0.1 * grey - 100.0, 0.0).transpose(2, 1, 0) * CALCIUM
    assert deposit.laid(loaded.site[0])[0].calcium == pytest.approx(expected, rel=1e-6)


def test_the_quick_variant_keeps_the_mass(joint):
    text = DEPOSITED + '[quick]\nspacing = "1 mm"\n'
    fine, coarse = (joint(text, quick=quick).site[0] for quick in (False, True))
    assert coarse.grid.shape == (5, 4, 3)
    masses = [float(deposit.laid(site)[0].calcium.sum()) * np.prod(site.grid.cell) for site in (fine, coarse)]
    assert masses[1] == pytest.approx(masses[0], rel=1e-12)


def test_an_event_takes_a_label_for_its_region(joint):
    event = '[[event]]\nkind = "excise"\nat = "2 day"\nsite = "joint"\nregion = { shape = "label", label = 3 }\n'
    loaded = joint(SCENARIO + event)
    assert np.array_equal(mask(loaded.event[0].region, *loaded.site[0].grid.centres()), (labels() == 3).transpose(2, 1, 0))
    assert loaded.event[0].region.voxels.holds == "mask"


@pytest.mark.parametrize(
    ("keys", "calcium"),
    [('density = "50 mg/cm3"', 50.0 * CALCIUM * 8e-9 * 8), ('amount = "0.1 mg"', 1e-4 / 40.078)],
    ids=["density", "amount"],
)
def test_a_region_is_filled_evenly(joint, keys, calcium):
    """The bursa is 2 x 2 x 2 mm."""
    loaded = joint(SCENARIO.replace("[[output]]", f'[[site.deposit]]\nregion = "bursa"\n{keys}\n[[output]]'))
    found = deposit.laid(loaded.site[0])[0].calcium
    held = region(loaded, "bursa")
    assert len(np.unique(found[held])) == 1
    assert not found[~held].any()
    assert float(found.sum()) * 1.25e-10 == pytest.approx(calcium if "amount" in keys else 50.0 * CALCIUM * 8e-9, rel=1e-9)


def test_a_flat_site_takes_the_flat_volume_that_is_written_of_it(load, tmp_path):
    """As `calcisim export` writes a site in 2-D: one voxel as deep as the site."""
    place = np.diag([EDGE, EDGE, 3.0, 1.0])
    place[:3, 3] = EDGE / 2, EDGE / 2, 1.5
    write(tmp_path / "density.nii.gz", density()[:, :, 2:3], place, describe=b"simulated; for research")
    text = re.sub(r"\[\[site.region\]\][^\[]*(?=\[\[site.region|\[\[site.dep)", "", DEPOSITED)
    flat = text.replace('labels = "labels.nii.gz"', 'shape = [10, 8]\nspacing = "0.5 mm"\ndepth = "3 mm"')
    found = deposit.laid(load(flat).site[0])[0].calcium
    assert found == pytest.approx(held()[2:3] * CALCIUM, rel=1e-12)


def test_an_own_volume_begins_at_the_corner_of_the_site(joint, tmp_path):
    """What calcisim wrote has the corner of its site at 0, wherever the label map lay; another volume lies by its coordinates."""
    shifted = affine(place=(EDGE / 2,) * 3)
    write(tmp_path / "density.nii.gz", density(), shifted, describe=b"simulated; for research; not for clinical decisions")
    own = deposit.laid(joint(DEPOSITED).site[0])[0].calcium
    assert own == pytest.approx(held() * CALCIUM, rel=1e-12)
    write(tmp_path / "density.nii.gz", density(), shifted)
    moved = DEPOSITED.replace('unit = "mg', 'at = ["0 mm", "0 mm", "0 mm"]\nunit = "mg')
    assert np.array_equal(deposit.laid(joint(moved).site[0])[0].calcium, own)
    with pytest.raises(scenario.ScenarioError, match="the image lies beside the site: from 12"):
        joint(DEPOSITED)


OWN = b"simulated; for research; not for clinical decisions"
CUT = 'low = ["2 mm", "1 mm", "0.5 mm"]\n'


def exported(path, values, edge=EDGE):
    """A volume as calcisim writes it: the corner of its site at 0."""
    return write(path, values, affine(edge, (edge / 2,) * 3), describe=OWN)


def of_own(tmp_path, start):
    """A site that is cut out of an own volume, with the deposit of a file: its calcium."""
    exported(tmp_path / "own.nii.gz", density())
    text = re.sub(r"\[\[site.region\]\][^\[]*(?=\[\[site.region|\[\[site.dep)", "", DEPOSITED)
    return text.replace('labels = "labels.nii.gz"', f'grey = "own.nii.gz"\n{CUT}').replace("density.nii.gz", start)


@pytest.mark.parametrize("start", ["own.nii.gz", "finer.nii.gz"])
def test_a_part_of_an_own_volume_keeps_its_deposit_in_place(load, tmp_path, start):
    """The deposit from the volume that the grid is cut from, or from another one of the same site."""
    exported(tmp_path / "finer.nii.gz", density().repeat(2, 0).repeat(2, 1).repeat(2, 2), EDGE / 2)
    found = deposit.laid(load(of_own(tmp_path, start)).site[0])[0].calcium
    assert found == pytest.approx(held()[1:, 2:, 4:] * CALCIUM, rel=1e-6)


def test_the_end_of_a_run_of_a_part_begins_at_the_corner_of_that(load, tmp_path):
    exported(tmp_path / "part.nii.gz", density()[4:, 2:, 1:])
    found = deposit.laid(load(of_own(tmp_path, "part.nii.gz")).site[0])[0].calcium
    assert found == pytest.approx(held()[1:, 2:, 4:] * CALCIUM, rel=1e-6)


def test_what_was_exported_of_the_whole_lies_right_in_a_part_of_its_label_map(joint, tmp_path):
    exported(tmp_path / "density.nii.gz", density())
    text = DEPOSITED.replace('labels = "', 'low = ["1 mm", "0 mm", "0.5 mm"]\nlabels = "')
    text = text.replace('name = "capsule"\nshape = "label"\nlabel = 1', BOX)
    assert deposit.laid(joint(text).site[0])[0].calcium == pytest.approx(held()[1:, :, 2:] * CALCIUM, rel=1e-6)


@pytest.mark.parametrize("keys", ['density = "0 mg/cm3"', 'amount = "0 mg"'])
def test_nothing_of_a_deposit_is_the_arm_without_one(joint, keys):
    none = f'[[site.deposit]]\nregion = "bursa"\n{keys}\n'
    loaded = joint(SCENARIO.replace("[[output]]", none + "[[output]]"))
    assert deposit.laid(loaded.site[0]) == []
    assert joint(scenario.dump(loaded)) == loaded
    lost = '[[site.deposit]]\ndensity = "50 mg/cm3"\nregion = { shape = "sphere", centre = ["0 mm", "0 mm", "0 mm"], radius = "10 um" }\n'
    with pytest.raises(scenario.ScenarioError, match=r"deposit\.1: there is no voxel with mineral in it \(make its region larger"):
        joint(SCENARIO.replace("[[output]]", none + lost + "[[output]]"))


def test_hounsfield_units_are_turned_back(joint, tmp_path):
    energy = attenuation.scanner()["effective_energy_kev"]
    calcium = density().astype(float) * CALCIUM
    seen = attenuation.hounsfield(attenuation.linear_attenuation(attenuation.amounts({"HAP": calcium}), energy), energy)
    write(tmp_path / "density.nii.gz", seen)
    found = deposit.laid(joint(DEPOSITED.replace("mg HA/cm3", "HU")).site[0])[0].calcium
    assert found == pytest.approx(calcium.transpose(2, 1, 0), rel=1e-6)


def test_fat_and_air_hold_no_mineral(joint, tmp_path):
    write(tmp_path / "density.nii.gz", np.where(density() > 0, 400, -800).astype(np.int16))
    found = deposit.laid(joint(DEPOSITED.replace("mg HA/cm3", "HU")).site[0])[0].calcium
    assert np.array_equal(found > 0, (density() > 0).transpose(2, 1, 0))


def test_calcium_by_mass(joint):
    found = deposit.laid(joint(DEPOSITED.replace("mg HA/cm3", "mg Ca/cm3").replace("[[site.dep", SPACE)).site[0])[0].calcium
    assert found == pytest.approx(held() / 40.078e-3, rel=1e-6)


SPACE = '[[site.region]]\nname = "lake"\nshape = "label"\nlabel = 3\nmaterial = "fluid"\n[[site.dep'


def test_mineral_beyond_the_site_is_told(joint, recwarn):
    joint(DEPOSITED.replace('labels = "', 'high = ["3 mm", "4 mm", "3 mm"]\nlabels = "'))
    told = [str(one.message) for one in recwarn.list if issubclass(one.category, scenario.PlausibilityWarning)]
    assert len(told) == 1
    assert re.search(r"site\.joint\.deposit.*% of the mineral of density\.nii\.gz lies beyond the site", told[0])


# --- lattices -----------------------------------------------------------------------------------------------------------


def test_means_keep_what_values_sum_to():
    rng = np.random.default_rng(4)
    old = Lattice((7, 5, 4), (0.3, 0.5, 0.7), (0.4, -0.2, 0.0))
    values = rng.uniform(0.0, 3.0, (4, 5, 7))
    new = Lattice((6, 9, 5), (0.6, 0.31, 0.6), (0.0, -0.3, -0.1))
    found = voxels.means(values, old, new)
    assert found.sum() * np.prod(new.edge) == pytest.approx(values.sum() * np.prod(old.edge), rel=1e-12)
    assert found.min() >= 0.0
    same = voxels.means(values, old, old)
    assert np.array_equal(same, values)


@pytest.mark.parametrize("kind", ["mask", "density"])
def test_packed_voxels_are_read_back(kind):
    rng = np.random.default_rng(6)
    values = np.zeros((5, 6, 7), dtype=np.float32)
    values[1:4, 2:5, 3:6] = rng.uniform(0.1, 900.0, (3, 3, 3))
    values = values > 300.0 if kind == "mask" else values
    table = voxels.packed(values, Lattice((7, 6, 5), (1e-4, 2e-4, 3e-4)), "a.nii", "0" * 64)
    assert voxels.packed(values, Lattice((7, 6, 5), (1e-4, 2e-4, 3e-4)), "a.nii", "0" * 64) == table
    read = Voxels.model_validate({key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
    x, y, z = ((np.arange(n) + 0.5) * h for n, h in zip((7, 6, 5), (1e-4, 2e-4, 3e-4), strict=True))
    assert np.array_equal(read.at(x[None, None, :], y[None, :, None], z[:, None, None]), values)
    outside = read.at(np.array([-1e-5, 7.1e-4]), np.array([1e-4, 1e-4]), np.array([1e-4, 1e-4]))
    assert not outside.any()

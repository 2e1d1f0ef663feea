"""Volumes for other programs: what is written is read back, lies where it should, and repeats its bytes."""

import base64
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from calcisim.errors import StorageError, UsageError
from calcisim.results import volumes, vtk
from calcisim.results.volumes import Grid

TYPES = {"Float32": "<f4", "Float64": "<f8", "Int64": "<i8", "UInt8": "<u1", "Int32": "<i4"}
SHAPES = [(3, 4, 5), (1, 4, 5), (1, 1, 6)]


def decoded(element):
    raw = base64.b64decode(element.text, validate=True)
    size = int(np.frombuffer(raw[:8], "<u8")[0])
    assert len(raw) == 8 + size
    values = np.frombuffer(raw[8:], TYPES[element.get("type")])
    parts = element.get("NumberOfComponents")
    return values.reshape(-1, int(parts)) if parts else values


def read_image(path):
    """Fields (z, y, x), spacing and centre of the first voxel, both z, y, x."""
    root = ElementTree.parse(path).getroot()
    assert (root.get("type"), root.get("byte_order"), root.get("header_type")) == ("ImageData", "LittleEndian", "UInt64")
    image = root.find("ImageData")
    extent = [int(word) for word in image.get("WholeExtent").split()]
    assert image.find("Piece").get("Extent") == image.get("WholeExtent")
    shape = tuple(extent[1::2])[::-1]
    fields = {one.get("Name"): decoded(one) for one in image.find("Piece/CellData")}
    spacing, corner = (np.array([float(word) for word in image.get(key).split()])[::-1] for key in ("Spacing", "Origin"))
    shaped = {name: values.reshape(*shape, *values.shape[1:]) for name, values in fields.items()}
    return shaped, spacing, corner + 0.5 * spacing


def grid(shape, seed=1):
    values = np.random.default_rng(seed).uniform(-1000.0, 3000.0, shape)
    return Grid(values, (0.5e-3, 0.2e-3, 0.1e-3), (0.25e-3, 0.1e-3, 0.05e-3))


@pytest.mark.parametrize("shape", SHAPES)
def test_vti_is_read_back(tmp_path, shape):
    values = np.random.default_rng(1).normal(size=shape)
    fields = {'a < b & "c"': values, "small": values.astype(np.float32), "flow": np.stack([values] * 3, axis=-1), "is": values > 0}
    vtk.write_image(tmp_path / "a.vti", fields, (0.3, 0.2, 0.1), (0.15, 0.1, 1 / 3))
    found, spacing, origin = read_image(tmp_path / "a.vti")
    assert list(found) == list(fields)
    for name, array in fields.items():
        assert np.array_equal(found[name], array), name
    assert found["small"].dtype == np.float32
    assert spacing.tolist() == [0.3, 0.2, 0.1]
    assert origin == pytest.approx([0.15, 0.1, 1 / 3], rel=1e-14)
    first = (tmp_path / "a.vti").read_bytes()
    vtk.write_image(tmp_path / "a.vti", fields, (0.3, 0.2, 0.1), (0.15, 0.1, 1 / 3))
    assert (tmp_path / "a.vti").read_bytes() == first


def test_vti_refuses_what_does_not_fit(tmp_path):
    with pytest.raises(ValueError, match="one shape"):
        vtk.write_image(tmp_path / "a.vti", {"a": np.ones((2, 2, 2)), "b": np.ones((2, 2, 3))}, (1, 1, 1), (0, 0, 0))
    with pytest.raises(ValueError, match="one shape"):
        vtk.write_image(tmp_path / "a.vti", {}, (1, 1, 1), (0, 0, 0))
    with pytest.raises(ValueError, match="complex"):
        vtk.write_image(tmp_path / "a.vti", {"a": np.ones((2, 2, 2), complex)}, (1, 1, 1), (0, 0, 0))
    with pytest.raises(StorageError, match="could not be written"):
        vtk.write_image(tmp_path / "no" / "a.vti", {"a": np.ones((2, 2, 2))}, (1, 1, 1), (0, 0, 0))


def test_vtp_is_read_back(tmp_path):
    points = np.random.default_rng(2).normal(size=(4, 3))
    data = {"radius": np.array([1.0, 2.0, 3.0, 4.0]), "phase": np.arange(4, dtype=np.int32), "way": points}
    vtk.write_points(tmp_path / "a.vtp", points, data, lines=[(0, 1), (2, 3), (3, 0)])
    piece = ElementTree.parse(tmp_path / "a.vtp").getroot().find("PolyData/Piece")
    assert [piece.get(f"NumberOf{kind}") for kind in ("Points", "Verts", "Lines", "Strips", "Polys")] == ["4", "4", "3", "0", "0"]
    assert np.array_equal(decoded(piece.find("Points/DataArray")), points)
    assert all(np.array_equal(decoded(one), data[one.get("Name")]) for one in piece.find("PointData"))
    assert len(piece.find("PointData")) == 3
    cells = {kind: {one.get("Name"): decoded(one).tolist() for one in piece.find(kind)} for kind in ("Verts", "Lines")}
    assert cells["Verts"] == {"connectivity": [0, 1, 2, 3], "offsets": [1, 2, 3, 4]}
    assert cells["Lines"] == {"connectivity": [0, 1, 2, 3, 3, 0], "offsets": [2, 4, 6]}


def test_vtp_without_lines_or_points_and_wrong_ones(tmp_path):
    vtk.write_points(tmp_path / "a.vtp", np.zeros((0, 3)), {"radius": np.zeros(0)})
    piece = ElementTree.parse(tmp_path / "a.vtp").getroot().find("PolyData/Piece")
    assert (piece.get("NumberOfPoints"), piece.get("NumberOfLines")) == ("0", "0")
    assert decoded(piece.find("Points/DataArray")).shape == (0, 3)
    with pytest.raises(ValueError, match="radius: one value"):
        vtk.write_points(tmp_path / "b.vtp", np.zeros((2, 3)), {"radius": np.zeros(3)})
    with pytest.raises(ValueError, match="2 points"):
        vtk.write_points(tmp_path / "b.vtp", np.zeros((2, 3)), {}, lines=[(0, 2)])
    assert not (tmp_path / "b.vtp").exists()


@pytest.mark.parametrize("shape", SHAPES)
def test_nifti_is_read_back(tmp_path, shape):
    pytest.importorskip("nibabel", reason="the extra imaging is not installed")
    written = grid(shape)
    for whole, expected in ((True, np.rint(written.values)), (False, written.values.astype(np.float32))):
        volumes.write_nifti(tmp_path / "a.nii.gz", written, whole)
        found = volumes.read_nifti(tmp_path / "a.nii.gz")
        assert np.array_equal(found.values, expected)
        assert found.values.dtype == (np.int16 if whole else np.float32)
        assert found.spacing == pytest.approx(written.spacing, rel=1e-6)
        assert found.origin == pytest.approx(written.origin, rel=1e-6)
    first = (tmp_path / "a.nii.gz").read_bytes()
    volumes.write_nifti(tmp_path / "a.nii.gz", written)
    assert (tmp_path / "a.nii.gz").read_bytes() == first
    assert not list(tmp_path.glob("*.writing"))


def test_nifti_says_ras_and_millimetres(tmp_path):
    nibabel = pytest.importorskip("nibabel", reason="the extra imaging is not installed")
    volumes.write_nifti(tmp_path / "a.nii.gz", grid((3, 4, 5)))
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert nibabel.aff2axcodes(image.affine) == ("R", "A", "S")
    assert image.shape == (5, 4, 3)
    assert image.header.get_xyzt_units()[0] == "mm"
    assert image.header.get_zooms() == pytest.approx((0.1, 0.2, 0.5))
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (1, 1)
    assert b"not for clinical decisions" in image.header["descrip"].tobytes()


@pytest.mark.parametrize("shape", SHAPES)
def test_dicom_is_read_back(tmp_path, shape):
    pydicom = pytest.importorskip("pydicom", reason="the extra imaging is not installed")
    written = grid(shape)
    made = volumes.write_dicom(tmp_path / "s", written, "run-1", "hip", (400, 1800), 120)
    assert [path.name for path in made] == [f"slice-{n + 1:04d}.dcm" for n in range(shape[0])]
    found = volumes.read_dicom(tmp_path / "s")
    assert np.array_equal(found.values, np.rint(written.values))
    assert found.spacing == pytest.approx(written.spacing, rel=1e-9)
    assert found.origin == pytest.approx(written.origin, rel=1e-7)
    first = [path.read_bytes() for path in made]
    again = volumes.write_dicom(tmp_path / "t", written, "run-1", "hip", (400, 1800), 120)
    assert [path.read_bytes() for path in again] == first
    other = volumes.write_dicom(tmp_path / "u", written, "run-2", "hip", (400, 1800), 120)
    uids = [[pydicom.dcmread(path).SeriesInstanceUID for path in paths] for paths in (made, again, other)]
    assert uids[0] == uids[1]
    assert set(uids[0]).isdisjoint(uids[2])


def test_dicom_says_what_it_is(tmp_path):
    pydicom = pytest.importorskip("pydicom", reason="the extra imaging is not installed")
    made = volumes.write_dicom(tmp_path, grid((2, 4, 5)), "run-1", "hip", (400, 1800), 120)
    first, second = (pydicom.dcmread(path) for path in made)
    assert (first.Modality, first.PatientID, str(first.PatientName)) == ("CT", "SIMULATED", "SIMULATED")
    assert first.ImageType[0] == "DERIVED"
    assert first.ImageComments == "simulated; for research; not for clinical decisions"
    assert first.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID != second.SOPInstanceUID
    assert (first.Rows, first.Columns) == (4, 5)
    assert [float(v) for v in first.PixelSpacing] == [0.2, 0.1]
    assert float(first.SliceThickness) == 0.5
    assert float(second.ImagePositionPatient[2]) - float(first.ImagePositionPatient[2]) == pytest.approx(0.5)
    assert (first.RescaleType, float(first.RescaleSlope), float(first.RescaleIntercept)) == ("HU", 1.0, -1024.0)
    for uid in (first.SOPInstanceUID, first.SeriesInstanceUID, first.StudyInstanceUID, first.FrameOfReferenceUID):
        assert uid.is_valid
        assert len(uid) <= 64
    assert not {"StudyDate", "PatientBirthDate"} & {tag.keyword for tag in first if tag.value}


def test_both_formats_put_a_voxel_at_the_same_place(tmp_path):
    """The brightest voxel: RAS of NIfTI against LPS of DICOM by their own headers, not by our readers."""
    nibabel = pytest.importorskip("nibabel", reason="the extra imaging is not installed")
    pydicom = pytest.importorskip("pydicom", reason="the extra imaging is not installed")
    values = np.zeros((3, 4, 5))
    values[2, 1, 3] = 900.0
    written = Grid(values, (0.5e-3, 0.2e-3, 0.1e-3), (0.25e-3, 0.1e-3, 0.05e-3))
    expected = [0.05 + 3 * 0.1, 0.1 + 0.2, 0.25 + 2 * 0.5]  # x, y, z in mm
    volumes.write_nifti(tmp_path / "a.nii.gz", written, whole=True)
    image = nibabel.load(tmp_path / "a.nii.gz")
    index = np.unravel_index(np.argmax(image.get_fdata()), image.shape)
    assert image.affine @ [*index, 1] == pytest.approx([*expected, 1], rel=1e-6)
    made = volumes.write_dicom(tmp_path / "s", written, "run", "hip", (400, 1800), 120)
    (data,) = [one for one in map(pydicom.dcmread, made) if one.pixel_array.max() > 1024]
    row, column = np.unravel_index(np.argmax(data.pixel_array), data.pixel_array.shape)
    right, down = np.array(data.ImageOrientationPatient, float).reshape(2, 3)
    spacing = [float(v) for v in data.PixelSpacing]
    place = np.array(data.ImagePositionPatient, float) + column * spacing[1] * right + row * spacing[0] * down
    assert (place * [-1, -1, 1]) == pytest.approx(expected, rel=1e-7)


def test_dicom_holds_extremes_and_misses_no_slice(tmp_path):
    pytest.importorskip("pydicom", reason="the extra imaging is not installed")
    values = np.array([[[-5000.0, -1024.0, 0.5, 1.5, 64511.0, 1e6]]]).repeat(3, axis=0)
    made = volumes.write_dicom(tmp_path, Grid(values, (1e-3,) * 3, (5e-4,) * 3), "run", "hip", (400, 1800), 120)
    assert volumes.read_dicom(tmp_path).values[0, 0].tolist() == [-1024, -1024, 0, 2, 64511, 64511]
    made[1].unlink()
    with pytest.raises(StorageError, match="no whole series"):
        volumes.read_dicom(tmp_path)
    with pytest.raises(StorageError, match="no whole series"):
        volumes.read_dicom(tmp_path / "nothing")


@pytest.mark.parametrize(("library", "write"), [
    ("nibabel", lambda path: volumes.write_nifti(path / "a.nii.gz", grid((1, 2, 2)))),
    ("pydicom", lambda path: volumes.write_dicom(path / "s", grid((1, 2, 2)), "run", "hip", (400, 1800), 120)),
])  # fmt: skip
def test_a_missing_extra_is_named(tmp_path, monkeypatch, library, write):
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(UsageError, match=rf"{library}.*pip install 'calcisim\[imaging\]'"):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_nifti_is_one_error(tmp_path):
    pytest.importorskip("nibabel", reason="the extra imaging is not installed")
    (tmp_path / "a.nii.gz").write_bytes(b"nothing")
    with pytest.raises(StorageError, match="cannot be read as NIfTI"):
        volumes.read_nifti(tmp_path / "a.nii.gz")

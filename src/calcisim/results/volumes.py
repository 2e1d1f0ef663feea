"""Volumes as medical programs read them: NIfTI (.nii.gz) and a series of DICOM slices of computed tomography.

The axes of a site are taken as those of a patient: x grows to the right, y to the front, z to the head (RAS), in mm from the corner of
the site. DICOM counts to the left and to the back, so its pixels run the other way along x and y and lie at the same places.

NIfTI needs nibabel and DICOM pydicom, which come with the extra `imaging`. The same input gives the same bytes: files bear no time, and
the identifiers of DICOM come from a hash. All of it is simulated; for research; not for clinical decisions.
"""

import gzip
import hashlib
import importlib
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import StorageError, UsageError
from calcisim.results.files import storage, write_bytes

NOTE = "simulated; for research; not for clinical decisions"
PATIENT = "SIMULATED"
_EXTRA = {"nibabel": "NIfTI", "pydicom": "DICOM"}
_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"  # CT Image Storage
_EXPLICIT = "1.2.840.10008.1.2.1"  # Explicit VR Little Endian
_SHIFT = 1024  # HU that are stored as 0, as scanners do
_LARGEST = 65535


@dataclass(frozen=True)
class Grid:
    """Values (z, y, x) with voxel edges and the centre of the first voxel, both z, y, x [m]."""

    values: np.ndarray
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]


def _library(name: str) -> Any:
    """A library of the extra `imaging`; UsageError with the line that installs it when it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(
            f"{_EXTRA[name]} needs the package {name}, which is not installed. It comes with the extra imaging: "
            "pip install 'calcisim[imaging]'"
        ) from None


def require(name: str) -> None:
    """Raise the UsageError of a library of the extra `imaging` that is not installed, before anything is written."""
    _library(name)


# --- NIfTI ----------------------------------------------------------------------------------------------------------------------------


def write_nifti(path: Path, grid: Grid, whole: bool = False) -> None:
    """One volume as .nii.gz, in RAS and mm: float32, or with `whole` rounded to int16, as is usual of HU.

    Raises UsageError when nibabel is not installed, StorageError when the file cannot be written.
    """
    nibabel = _library("nibabel")
    values = np.ascontiguousarray(np.asarray(grid.values).transpose(2, 1, 0))
    limits = np.iinfo(np.int16)
    stored = np.clip(np.rint(values), limits.min, limits.max).astype(np.int16) if whole else values.astype(np.float32)
    affine = np.diag([*(1e3 * h for h in grid.spacing[::-1]), 1.0])
    affine[:3, 3] = [1e3 * o for o in grid.origin[::-1]]
    image = nibabel.Nifti1Image(stored, affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = NOTE.encode()
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    write_bytes(Path(path), gzip.compress(image.to_bytes(), mtime=0))


def read_nifti(path: Path) -> Grid:
    """The volume of a .nii.gz that `write_nifti` wrote. Raises StorageError for another orientation or a file that is not one."""
    nibabel = _library("nibabel")
    try:
        image = nibabel.load(path)
        values = np.asarray(image.dataobj)
    except (OSError, EOFError, nibabel.filebasedimages.ImageFileError) as error:
        raise StorageError(f"{path}: cannot be read as NIfTI ({error})") from error
    steps = np.diag(image.affine)[:3]
    if values.ndim != 3 or np.any(image.affine[:3, :3] != np.diag(steps)) or np.any(steps <= 0.0):
        raise StorageError(f"{path}: holds no volume along x, y and z; calcisim reads only what it writes")
    spacing, origin = (tuple(float(1e-3 * v) for v in row[::-1]) for row in (steps, image.affine[:3, 3]))
    return Grid(values.transpose(2, 1, 0), spacing, origin)  # type: ignore[arg-type]


# --- DICOM ----------------------------------------------------------------------------------------------------------------------------


def identifier(*parts: str) -> str:
    """A DICOM UID below 2.25 (ISO/IEC 9834-8) from texts: the same texts give the same one."""
    digest = hashlib.sha256("\0".join(("calcisim", *parts)).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


def write_dicom(directory: Path, grid: Grid, run: str, description: str, window: tuple[float, float], kilovolts: float) -> list[Path]:
    """HU as one DICOM file per slice z in a new `directory`; returns the paths.

    HU are rounded to whole numbers and held between −1024 and 64511. run: a text that tells this series from any other, for its
    identifiers;  description: what a program lists;  window: level and width [HU];  kilovolts: of the tube [kV]. Raises UsageError when
    pydicom is not installed, StorageError when a file cannot be written.
    """
    pydicom = _library("pydicom")
    stored = np.clip(np.rint(np.asarray(grid.values)) + _SHIFT, 0, _LARGEST).astype("<u2")[:, ::-1, ::-1]
    directory = Path(directory)
    with storage(directory):
        directory.mkdir(parents=True, exist_ok=True)
    made = []
    for number, plane in enumerate(stored):
        data = _series(pydicom, grid, run, description, window, kilovolts)
        _slice(data, grid, run, number, plane)
        buffer = io.BytesIO()
        pydicom.dcmwrite(buffer, data, enforce_file_format=True)
        made.append(directory / f"slice-{number + 1:04d}.dcm")
        write_bytes(made[-1], buffer.getvalue())
    return made


def _series(pydicom: Any, grid: Grid, run: str, description: str, window: tuple[float, float], kilovolts: float) -> Any:
    """What all slices of a series share."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = _EXPLICIT
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = _CT_IMAGE
    data.file_meta.ImplementationClassUID = identifier("implementation")
    data.file_meta.ImplementationVersionName = "CALCISIM"
    data.SpecificCharacterSet = "ISO_IR 192"  # UTF-8
    data.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    data.PatientName = data.PatientID = PATIENT
    for empty in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"):
        setattr(data, empty, "")
    data.StudyID, data.SeriesNumber, data.AcquisitionNumber = "1", 1, 1
    data.StudyInstanceUID, data.SeriesInstanceUID = identifier(run, "study"), identifier(run, "series")
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = identifier(run, "frame"), ""
    data.StudyDescription, data.SeriesDescription = "calcisim simulation", description[:64]
    data.Modality, data.Manufacturer, data.PatientPosition = "CT", "calcisim", "HFS"
    data.ImageComments, data.BurnedInAnnotation = NOTE, "NO"
    data.KVP = _decimal(kilovolts)
    data.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    depth, row, column = (1e3 * h for h in grid.spacing)
    data.PixelSpacing = [_decimal(row), _decimal(column)]
    data.SliceThickness = data.SpacingBetweenSlices = _decimal(depth)
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = "1", f"{-_SHIFT}", "HU"
    data.WindowCenter, data.WindowWidth = (_decimal(value) for value in window)
    return data


def _slice(data: Any, grid: Grid, run: str, number: int, plane: np.ndarray) -> None:
    """What is a slice's own: identifier, place and pixels (row, column)."""
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = identifier(run, "slice", str(number))
    data.InstanceNumber = number + 1
    rows, columns = plane.shape
    height, last_y, last_x = (1e3 * (o + n * h) for o, n, h in zip(grid.origin, (number, rows - 1, columns - 1), grid.spacing))
    data.ImagePositionPatient = [_decimal(-last_x), _decimal(-last_y), _decimal(height)]
    data.SliceLocation = _decimal(height)
    data.Rows, data.Columns = rows, columns
    data.PixelData = np.ascontiguousarray(plane).tobytes()


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return f"{value:.9g}"


def read_dicom(directory: Path) -> Grid:
    """The series that `write_dicom` wrote, as HU (z, y, x). Raises StorageError when slices are missing or another series is among them."""
    pydicom = _library("pydicom")
    try:
        slices = [pydicom.dcmread(path) for path in sorted(Path(directory).glob("*.dcm"))]
    except (OSError, pydicom.errors.InvalidDicomError) as error:
        raise StorageError(f"{directory}: cannot be read as DICOM ({error})") from error
    slices.sort(key=lambda data: float(data.ImagePositionPatient[2]))
    numbers = sorted(int(data.InstanceNumber) for data in slices)
    if not slices or len({data.SeriesInstanceUID for data in slices}) != 1 or numbers != list(range(1, len(slices) + 1)):
        raise StorageError(f"{directory}: holds no whole series of slices")
    first = slices[0]
    values = np.stack([data.pixel_array * float(data.RescaleSlope) + float(data.RescaleIntercept) for data in slices])[:, ::-1, ::-1]
    spacing = _metres([first.SliceThickness, *first.PixelSpacing])
    right, front, height = (float(v) for v in first.ImagePositionPatient)
    corner = (1e-3 * height, -1e-3 * front - (values.shape[1] - 1) * spacing[1], -1e-3 * right - (values.shape[2] - 1) * spacing[2])
    return Grid(values, spacing, corner)


def _metres(millimetres: Sequence[Any]) -> tuple[float, float, float]:
    first, second, third = (1e-3 * float(value) for value in millimetres)
    return first, second, third

"""NIfTI volumes of other programs, read with care: what a scenario can use comes back along the axes of the patient, or one clear error.

NIfTI counts x to the right, y to the front and z to the head (RAS), and so does a site. Axes that are stored in another order or the
other way round are turned to that; a volume that stands askew is refused.
"""

import gzip
import hashlib
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcisim.scenario.fields import wrong
from calcisim.scenario.grid import MAX_VOXELS
from calcisim.scenario.voxels import Lattice, needing

if TYPE_CHECKING:
    from numpy import ndarray

ENDINGS = (".nii", ".nii.gz")
OWN = b"simulated; for research"  # how the description of a volume begins that calcisim wrote
_TILT = 1e-3  # of an edge, over one voxel: askew
_METRES = {0: 1e-3, 1: 1.0, 2: 1e-3, 3: 1e-6}  # by the code of the unit of lengths: none, metre, mm, micrometre
_EDGES = (1e-9, 1.0)  # m
_SECOND = (540, 0x1C020000)  # how a header of version 2 begins, by the order of its bytes


@dataclass(frozen=True)
class Image:
    """A volume (z, y, x) on its lattice: edges and low corner [m] in the coordinates of the file; whether calcisim wrote it; the SHA-256
    of the file and its name."""

    values: "ndarray"
    lattice: Lattice
    own: bool
    sha256: str
    name: str


def library() -> Any:
    """nibabel; a pydantic error with the line that installs it when it is not there."""
    try:
        import nibabel
    except ImportError:
        hint = "it comes with the extra imaging: pip install 'calcisim[imaging]'"
        raise wrong("NIfTI needs the package nibabel, which is not installed", hint) from None
    return nibabel


def read(path: Path) -> Image:
    """The volume of a .nii or .nii.gz. Raises pydantic errors (`wrong`) that say what is the matter and what to do."""
    import numpy as np

    if not path.name.lower().endswith(ENDINGS):
        raise wrong(f"{path.name!r} is no NIfTI file (.nii, .nii.gz)", "convert it first: DICOM with dcm2niix, other formats in 3D Slicer")
    nibabel = library()
    with _quiet(nibabel):
        image = _opened(nibabel, path)
        shape = _shape(image.shape)
        _fits(shape, image.get_data_dtype())
        affine = _affine(image)
        values = _data(nibabel, image).reshape(shape)
    turned = nibabel.io_orientation(affine)
    values = nibabel.apply_orientation(values, turned)
    affine = affine @ nibabel.orientations.inv_ornt_aff(turned, shape)
    edges = np.diag(affine)[:3]
    corner = affine[:3, 3] - 0.5 * edges
    lattice = Lattice(values.shape, _triple(edges), _triple(corner))
    values = np.ascontiguousarray(values.transpose(2, 1, 0))
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        lost = int(values.size - np.count_nonzero(np.isfinite(values)))
        raise wrong(f"{lost:,} of its {values.size:,} voxels are no numbers (NaN or infinite)", "set them to 0 before")
    own = bytes(image.header["descrip"].tobytes()).startswith(OWN)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Image(values, lattice, own, digest, path.name)


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _damaged(error: Exception) -> Any:
    why = str(error).split("\n")[0][:120]
    return wrong(f"cannot be read as NIfTI ({why or type(error).__name__})", "is the copy complete? open it in the program that made it")


@contextmanager
def _quiet(nibabel: Any) -> Iterator[None]:
    """Nothing is shown of what nibabel and numpy say of a file: what matters of it is looked at here. nibabel's own suppressor takes the
    handlers of its logger for good, and a logger without any writes to stderr."""
    logger = nibabel.imageglobals.logger
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


def _opened(nibabel: Any, path: Path) -> Any:
    """The image of a file, its header read and not yet its values. nibabel takes an edge of 0 for 1, so that is looked at before."""
    errors = (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError, nibabel.wrapstruct.WrapStructError)
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            first = stream.read(4)
            version = nibabel.Nifti2Image if struct.unpack("<i", first)[0] in _SECOND else nibabel.Nifti1Image
            stream.seek(0)
            _edges_there(version.header_class.from_fileobj(stream, check=False))
        return version.from_filename(path)
    except (*errors, OSError, EOFError, ValueError, KeyError, OverflowError, struct.error, zlib.error) as error:
        raise _damaged(error) from None


def _edges_there(header: Any) -> None:
    """Refuse edges of 0 in a header whose sform does not say them."""
    count = int(header["dim"][0])
    if int(header["sform_code"]) <= 0 and 1 <= count <= 7:
        for axis, n, edge in zip("ijk", header["dim"][1 : count + 1], header["pixdim"][1 : count + 1]):
            if n > 1 and not abs(float(edge)) > 0.0:
                raise _edge(axis, 0.0)


def _edge(axis: str, length: float) -> Any:
    hint = "its header must say the edge of a voxel and its unit (mm, micron or meter)"
    return wrong(f"a voxel is {1e3 * length:g} mm along {axis}, which is not between 1 nm and 1 m", hint)


def _shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Three axes: what lacks is one voxel, and what is more must be."""
    if any(n > 1 for n in shape[3:]):
        number = " x ".join(map(str, shape))
        hint = "take one of them: image.slicer[..., 0] of nibabel"
        raise wrong(f"it has {len(shape)} axes ({number}), so it is more than one volume", hint)
    if not shape or min(shape) < 1:
        raise wrong("it holds no voxel", "is it the right file?")
    return (*shape[:3], 1, 1, 1)[:3]  # type: ignore[return-value]


def _fits(shape: tuple[int, int, int], kind: Any) -> None:
    """Refuse what is no plain numbers, and more voxels than a scenario takes or memory holds."""
    if kind.kind not in "iuf":
        raise wrong(f"its voxels are {kind} and not plain numbers", "save it as one number for each voxel, no colours")
    number = math.prod(shape)
    hint = "cut out what matters, or make it coarser, before"
    if number > MAX_VOXELS:
        raise wrong(f"{number:,} voxels are more than {MAX_VOXELS:,}", hint)
    if lacking := needing(number, kind.itemsize):
        raise wrong(f"its {lacking}", hint)


def _affine(image: Any) -> "ndarray":
    """Voxel index → place [m], x, y, z, askew ones refused. A header without a place puts the first voxel at 0."""
    import numpy as np

    header = image.header
    placed = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
    edges = [float(edge) for edge in (*header.get_zooms(), 1.0, 1.0, 1.0)[:3]]
    affine = np.array(image.affine, dtype=float) if placed else np.diag([*edges, 1.0])
    # the shortest decimal of what the file keeps in single precision: 0.1 mm is 1e-4 m, and not 1.0000000149e-4
    affine = np.array([[float(str(np.float32(value))) for value in row] for row in affine])
    lengths = np.sqrt(np.sum(affine[:3, :3] ** 2, axis=0))
    code = int(header["xyzt_units"]) % 8
    if code not in _METRES:
        hint = "set it in its header: 1 for metres, 2 for mm, 3 for micrometres"
        raise wrong(f"the unit of its lengths has the code {code}, which NIfTI does not know", hint)
    factor = _METRES[code]
    if not np.isfinite(affine).all():
        raise wrong("its affine is not made of numbers", "repair its header, for example with nibabel")
    for axis, length in zip("ijk", lengths * factor, strict=True):
        if not _EDGES[0] <= length <= _EDGES[1]:
            raise _edge(axis, length)
    directions = affine[:3, :3] / lengths
    if not np.allclose(np.sort(np.abs(directions), axis=0)[:2], 0.0, atol=_TILT) or abs(np.linalg.det(directions)) < 0.9:
        angle = float(np.degrees(np.arccos(np.clip(np.max(np.abs(directions), axis=0), 0.0, 1.0)).max()))
        hint = (
            "resample it along them first (3D Slicer: Resample Image; nibabel.processing.resample_to_output, order=0 for labels); "
            "where only its own axes matter, give it a diagonal affine"
        )
        raise wrong(f"its axes stand askew to those of the patient, by {angle:.3g} degrees", hint)
    straight = np.zeros((4, 4))
    largest = np.abs(directions) > 0.5
    straight[:3, :3][largest] = (np.sign(affine[:3, :3]) * lengths)[largest]
    straight[:3, 3], straight[3, 3] = affine[:3, 3], 1.0
    places = [[float(f"{value * factor:.9g}") for value in row] for row in straight[:3]]
    return np.array([*places, [0.0, 0.0, 0.0, 1.0]])


def _data(nibabel: Any, image: Any) -> "ndarray":
    import numpy as np

    try:
        return np.asanyarray(image.dataobj)
    except (nibabel.filebasedimages.ImageFileError, OSError, EOFError, ValueError, OverflowError, zlib.error) as error:
        raise _damaged(error) from None


def whole(image: Image) -> "ndarray":
    """Labels (z, y, x) as whole numbers of 0 and more. Raises a pydantic error for grey values."""
    import numpy as np

    values = image.values
    if values.dtype.kind == "f" and not np.array_equal(values, np.rint(values)):
        hint = 'labels are whole numbers; grey values are read with grey = "…" and shape = "threshold"'
        raise wrong("it holds fractions, so it is no label map", hint)
    if values.size and (values.min() < 0 or values.max() > 2**31 - 1):
        hint = "labels are whole numbers of 0 and more, 0 the background"
        raise wrong(f"it holds labels from {values.min():g} to {values.max():g}", hint)
    return values.astype(np.int64)

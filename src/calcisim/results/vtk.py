"""Files for ParaView and other VTK programs, written without VTK: regular grids (.vti), and points with what they carry (.vtp).

    write_image("hip.vti", {"hounsfield": values}, spacing=(3.2, 3.2, 30.0), origin=(1.6, 1.6, 15.0))
    write_points("clump.vtp", centres, {"radius": radii}, lines=[(0, 1)])

XML with every array as base64, little endian, not compressed; the same input gives the same bytes. Lengths are those of the caller.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from calcisim.results.files import write_text

_TYPES = {
    "f4": "Float32", "f8": "Float64", "i1": "Int8", "u1": "UInt8", "i2": "Int16", "u2": "UInt16", "i4": "Int32", "u4": "UInt32",
    "i8": "Int64", "u8": "UInt64",
}  # fmt: skip


def write_image(path: Path, fields: Mapping[str, Any], spacing: Sequence[float], origin: Sequence[float]) -> None:
    """Voxels on a regular grid as cells of a VTK ImageData.

    fields: name → values (z, y, x), or (z, y, x, c) with c components;  spacing: voxel edges along z, y, x;  origin: centre of the first
    voxel, z, y, x, in the same unit. ValueError when shapes differ or there is no field; StorageError when it cannot be written.
    """
    arrays = {name: np.asarray(values) for name, values in fields.items()}
    shapes = {array.shape[:3] for array in arrays.values()}
    if len(shapes) != 1 or any(array.ndim not in (3, 4) for array in arrays.values()) or len(spacing) != 3 or len(origin) != 3:
        raise ValueError(f"fields (z, y, x) of one shape, three spacings and three origins are needed, not {sorted(shapes)}")
    counts = shapes.pop()[::-1]
    extent = " ".join(f"0 {n}" for n in counts)
    corner = " ".join(_number(o - 0.5 * h) for o, h in zip(origin[::-1], spacing[::-1], strict=True))
    steps = " ".join(_number(h) for h in spacing[::-1])
    cells = "\n".join(_array(name, array.reshape(-1, *array.shape[3:])) for name, array in arrays.items())
    _write(
        path,
        "ImageData",
        f'<ImageData WholeExtent="{extent}" Origin="{corner}" Spacing="{steps}">\n<Piece Extent="{extent}">\n'
        f"<CellData>\n{cells}\n</CellData>\n</Piece>\n</ImageData>",
    )


def write_points(path: Path, points: Any, point_data: Mapping[str, Any], lines: Sequence[tuple[int, int]] | None = None) -> None:
    """Points, as the centres of spheres, as a VTK PolyData; "radius" among the data lets a program draw them as spheres.

    points (n, 3): x, y, z;  point_data: name → values (n,) or (n, c);  lines: pairs of point numbers, as bonds. ValueError when lengths
    differ or a line names a point that is not there; StorageError when it cannot be written.
    """
    points = np.asarray(points, dtype=float).reshape(-1, 3)
    count = len(points)
    arrays = {name: np.asarray(values) for name, values in point_data.items()}
    pairs = np.asarray([] if lines is None else lines, dtype=np.int64).reshape(-1, 2)
    wrong = [name for name, array in arrays.items() if array.ndim not in (1, 2) or len(array) != count]
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: one value, or one row, for each of the {count} points is needed")
    if pairs.size and not 0 <= pairs.min() <= pairs.max() < count:
        raise ValueError(f"a line joins two of the {count} points, numbered from 0; {int(pairs.min())} to {int(pairs.max())} are named")
    data = "\n".join(_array(name, array) for name, array in arrays.items())
    _write(
        path,
        "PolyData",
        f'<PolyData>\n<Piece NumberOfPoints="{count}" NumberOfVerts="{count}" NumberOfLines="{len(pairs)}" NumberOfStrips="0" '
        f'NumberOfPolys="0">\n<PointData>\n{data}\n</PointData>\n<Points>\n{_array("points", points)}\n</Points>\n'
        f"<Verts>\n{_cells(np.arange(count).reshape(-1, 1))}\n</Verts>\n<Lines>\n{_cells(pairs)}\n</Lines>\n</Piece>\n</PolyData>",
    )


def _cells(members: np.ndarray) -> str:
    """Connectivity and offsets of cells with equally many points each, (cells, points of one)."""
    ends = members.shape[1] * np.arange(1, len(members) + 1)
    return "\n".join(_array(name, array.astype(np.int64)) for name, array in (("connectivity", members.ravel()), ("offsets", ends)))


def _array(name: str, values: np.ndarray) -> str:
    """One DataArray (n,) or (n, c): the number of bytes as UInt64, then the bytes, together in base64."""
    if values.dtype == bool:
        values = values.astype(np.uint8)
    kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    if kind not in _TYPES:
        raise ValueError(f"{name}: numbers of the type {values.dtype} cannot be written")
    data = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
    parts = f' NumberOfComponents="{values.shape[1]}"' if values.ndim == 2 else ""
    text = base64.b64encode(np.array([len(data)], dtype="<u8").tobytes() + data).decode()
    return f'<DataArray type="{_TYPES[kind]}" Name={quoteattr(name)}{parts} format="binary">{text}</DataArray>'


def _number(value: float) -> str:
    """The shortest digits that give the same number back."""
    return repr(float(value))


def _write(path: Path, kind: str, body: str) -> None:
    head = f'<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian" header_type="UInt64">'
    write_text(Path(path), f'<?xml version="1.0"?>\n{head}\n{body}\n</VTKFile>\n')

"""Shapes inside a site. A shape is one class: its fields are the TOML keys, `contains` is its geometry.

Coordinates are in metres from the low corner of the grid, axes in the order x, y, z.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator

from calcisim.scenario import tissues
from calcisim.scenario.fields import Quantity, Registry, Table, wrong
from calcisim.scenario.voxels import Voxels

if TYPE_CHECKING:
    from numpy import ndarray

REGIONS = Registry("shape", "shape")
Axis = Literal["x", "y", "z"]
Coordinate = Annotated[float, Quantity("length", "-1 m", "1 m")]
Extent = Annotated[float, Quantity("length", "1 nm", "1 m")]
Point = tuple[Coordinate, Coordinate, Coordinate]
_FAR = (-1e9, 1e9)
Bounds = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


def identifier(raw: object) -> str:
    """A name of letters, digits, - and _ (it becomes part of column names and of key paths)."""
    if not isinstance(raw, str) or not 0 < len(raw) <= 64 or not raw.isascii() or not raw.replace("-", "a").replace("_", "a").isalnum():
        raise wrong(f"{str(raw)[:40]!r} is not a name", "letters, digits, - and _, at most 64")
    if raw.isdecimal():
        raise wrong(f"{raw!r} is not a name", "a name must not be a number: begin it with a letter")
    return raw


Name = Annotated[str, PlainValidator(identifier)]


class Region(Table, ABC):
    """What is painted: material (None keeps what is there), role, assay, name, override of tissue columns."""

    shape: str
    name: Name | None = None
    material: Annotated[str, PlainValidator(tissues.known)] | None = None
    role: Literal["implant", "tissue", "fluid", "injury", "device"] = "tissue"
    assay: bool = False
    override: Annotated[dict[str, float], PlainValidator(tissues.read_override)] = Field(default_factory=dict)

    @abstractmethod
    def contains(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        """Which of the points (broadcast against each other) lie inside."""

    @abstractmethod
    def bounds(self) -> Bounds:
        """Low and high along x, y, z [m]."""


def _ordered(low: float, high: float, key: str) -> None:
    if not low < high:
        raise wrong("low must be below high", "exchange them", key)


@REGIONS.add("slab")
class Slab(Region):
    """low ≤ coordinate along `axis` < high."""

    shape: Literal["slab"]
    axis: Axis = "x"
    low: Coordinate
    high: Coordinate

    @model_validator(mode="after")
    def _order(self) -> "Slab":
        _ordered(self.low, self.high, "low")
        return self

    def contains(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        along = (x, y, z)["xyz".index(self.axis)]
        return (along >= self.low) & (along < self.high) & (x + y + z < _FAR[1])

    def bounds(self) -> Bounds:
        return tuple((self.low, self.high) if axis == self.axis else _FAR for axis in "xyz")  # type: ignore[return-value]


@REGIONS.add("box")
class Box(Region):
    """low ≤ point < high, in all three axes."""

    shape: Literal["box"]
    low: Point
    high: Point

    @model_validator(mode="after")
    def _order(self) -> "Box":
        for low, high in zip(self.low, self.high, strict=True):
            _ordered(low, high, "low")
        return self

    def contains(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        inside = x + y + z < _FAR[1]
        for along, low, high in zip((x, y, z), self.low, self.high, strict=True):
            inside = inside & (along >= low) & (along < high)
        return inside

    def bounds(self) -> Bounds:
        return tuple(zip(self.low, self.high, strict=True))  # type: ignore[return-value]


class _Round(Region):
    centre: Point

    def _offset(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "tuple[ndarray, ndarray, ndarray]":
        return x - self.centre[0], y - self.centre[1], z - self.centre[2]

    @abstractmethod
    def _reach(self) -> tuple[float, float, float]:
        """Half the extent along x, y, z [m]."""

    def bounds(self) -> Bounds:
        return tuple((c - r, c + r) for c, r in zip(self.centre, self._reach(), strict=True))  # type: ignore[return-value]


@REGIONS.add("sphere")
class Sphere(_Round):
    """Distance to the centre ≤ radius."""

    shape: Literal["sphere"]
    radius: Extent

    def contains(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        dx, dy, dz = self._offset(x, y, z)
        return dx * dx + dy * dy + dz * dz <= self.radius**2

    def _reach(self) -> tuple[float, float, float]:
        return (self.radius, self.radius, self.radius)


@REGIONS.add("ellipsoid")
class Ellipsoid(_Round):
    """(x/a)² + (y/b)² + (z/c)² ≤ 1 about the centre."""

    shape: Literal["ellipsoid"]
    radii: tuple[Extent, Extent, Extent]

    def contains(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        scaled = (d / r for d, r in zip(self._offset(x, y, z), self.radii, strict=True))
        return sum(d * d for d in scaled) <= 1.0  # type: ignore[return-value]

    def _reach(self) -> tuple[float, float, float]:
        return self.radii


@REGIONS.add("shell")
class Shell(_Round):
    """inner_radius ≤ distance to the centre ≤ outer_radius."""

    shape: Literal["shell"]
    inner_radius: Extent
    outer_radius: Extent

    @model_validator(mode="after")
    def _order(self) -> "Shell":
        _ordered(self.inner_radius, self.outer_radius, "inner_radius")
        return self

    def contains(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        dx, dy, dz = self._offset(x, y, z)
        squared = dx * dx + dy * dy + dz * dz
        return (squared >= self.inner_radius**2) & (squared <= self.outer_radius**2)

    def _reach(self) -> tuple[float, float, float]:
        return (self.outer_radius, self.outer_radius, self.outer_radius)


@REGIONS.add("cylinder")
class Cylinder(_Round):
    """Distance to the line through `centre` along `axis` ≤ radius, and low ≤ coordinate along the axis < high."""

    shape: Literal["cylinder"]
    radius: Extent
    axis: Axis = "z"
    low: Coordinate = -1.0
    high: Coordinate = 1.0

    @model_validator(mode="after")
    def _order(self) -> "Cylinder":
        _ordered(self.low, self.high, "low")
        return self

    def contains(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        at = "xyz".index(self.axis)
        offsets = self._offset(x, y, z)
        squared = sum(d * d for i, d in enumerate(offsets) if i != at)
        along = (x, y, z)[at]
        return (squared <= self.radius**2) & (along >= self.low) & (along < self.high)

    def _reach(self) -> tuple[float, float, float]:
        return (self.radius, self.radius, self.radius)

    def bounds(self) -> Bounds:
        sides = list(super().bounds())
        sides["xyz".index(self.axis)] = (self.low, self.high)
        return tuple(sides)  # type: ignore[return-value]


class _Pictured(Region):
    """What an image holds: `file` (NIfTI beside the scenario; that of the grid when left out), with its low corner `at` this point of the
    site, if not where the coordinates of both files put it. `voxels` is what was read of it, as a run directory keeps it."""

    file: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    at: Point | None = None
    voxels: Voxels | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "_Pictured":
        if self.voxels is not None and self.file is not None:
            raise wrong("file and voxels are both there", "voxels are what was read of a file: leave one out", "voxels")
        if self.voxels is not None and self.voxels.holds != "mask":
            raise wrong("these voxels hold no mask", "load the scenario that names the image again", "voxels")
        return self

    def contains(self, x: "ndarray", y: "ndarray", z: "ndarray") -> "ndarray":
        return (x + y + z > _FAR[1]) if self.voxels is None else self.voxels.at(x, y, z)

    def bounds(self) -> Bounds:
        return (_FAR, _FAR, _FAR) if self.voxels is None else self.voxels.bounds()  # type: ignore[return-value]


@REGIONS.add("label")
class Label(_Pictured):
    """Voxels of a label map that have this label, or one of these."""

    shape: Literal["label"]
    label: tuple[Annotated[int, Field(ge=1, lt=2**31)], ...]

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, data: Any) -> Any:
        """One label stands for a list of one."""
        if isinstance(data, dict) and isinstance(data.get("label"), int) and not isinstance(data["label"], bool):
            data = {**data, "label": (data["label"],)}
        return data

    @model_validator(mode="after")
    def _some(self) -> "Label":
        if not self.label:
            raise wrong("the list is empty", "for example label = 3", "label")
        return self


@REGIONS.add("threshold")
class Threshold(_Pictured):
    """Voxels of which more than half has grey values from `at_least` on and `below` another, as the image holds them."""

    shape: Literal["threshold"]
    at_least: Annotated[float, Quantity("number")] | None = None
    below: Annotated[float, Quantity("number")] | None = None

    @model_validator(mode="after")
    def _limits(self) -> "Threshold":
        if self.at_least is None and self.below is None:
            raise wrong("at_least, below or both are needed", "for example at_least = 9000", "at_least")
        if self.at_least is not None and self.below is not None:
            _ordered(self.at_least, self.below, "at_least")
        return self


def mask(region: Any, centres_x: "ndarray", centres_y: "ndarray", centres_z: "ndarray") -> "ndarray":
    """Boolean array (z, y, x): voxels whose centre lies in the region.

    region: one of REGIONS; centres: 1-D arrays of voxel centres [m], one per axis.
    """
    return region.contains(centres_x[None, None, :], centres_y[None, :, None], centres_z[:, None, None])


def place(raw: object, whose: str) -> Any:
    """The name of a region of the site, or a shape of its own that paints nothing; `whose` it is, for the message.

    A key that says what is so anyway is let through: a resolved scenario writes all of them.
    """
    if isinstance(raw, str):
        return identifier(raw)
    region: Any = REGIONS.read(raw)
    for key in ("material", "assay", "override", "name", "role"):
        if getattr(region, key) != type(region).model_fields[key].get_default(call_default_factory=True):
            raise wrong(f"the region of {whose} is only a shape", "paint materials with [[site.region]]", key)
    return region

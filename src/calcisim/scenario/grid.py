"""The voxels of a site."""

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from calcisim.scenario.fields import Quantity, Table, wrong

if TYPE_CHECKING:
    from numpy import ndarray

MAX_AXIS = 4096
MAX_VOXELS = 2**28
AXES = ("x", "y", "z")
Spacing = Annotated[float, Quantity("length", "1 um", "10 mm")]
Depth = Annotated[float, Quantity("length", "1 um", "1 m")]
File = Annotated[str, Field(min_length=1, max_length=500)]
Corner = tuple[Annotated[float, Quantity("length", "0 m", "1 m")], ...]


class Grid(Table):
    """Voxels of a site: shape in the order x, y, z (empty is 0-D), spacing of these axes [m], depth of the axes that are missing [m].

    seeding_cell: edge of the fixed physical lattice on which random nucleation is drawn [m].

    labels, grey: a NIfTI file beside the scenario that shape, spacing and depth are taken from: a map of labels, each of which has a
    [[site.region]] with shape = "label", or grey values; with `spacing` it is brought to other voxels, as `resample` says: to the label
    that most of a voxel has, or that of its centre. low, high: the part that is taken, to whole voxels [m], from the low corner of the
    image. A loaded scenario has none of these five: it holds what they led to.
    """

    shape: tuple[int, ...] = ()
    spacing: tuple[Spacing, ...] = ()
    depth: tuple[Depth, ...] = ()
    seeding_cell: Annotated[float, Quantity("length", "1 um", "10 mm")] = 1e-4
    labels: File | None = None
    grey: File | None = None
    low: Corner | None = None
    high: Corner | None = None
    resample: Literal["majority", "nearest"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, data: Any) -> Any:
        """One spacing, or one depth, stands for all axes."""
        if not isinstance(data, dict):
            return data
        shape = data.get("shape", ())
        count = len(shape) if isinstance(shape, tuple) else 0
        full = dict(data)
        for key, needed in (("spacing", count), ("depth", 3 - count)):
            value = full.get(key, ())
            value = value if isinstance(value, tuple) else (value,)
            full[key] = value * needed if len(value) == 1 and needed > 0 else value
        return full

    @model_validator(mode="after")
    def _image(self) -> "Grid":
        if self.labels is not None and self.grey is not None:
            raise wrong("labels and grey are both there", "keep the one whose voxels the site takes", "grey")
        if not self.pictured:
            for key in ("low", "high", "resample"):
                if getattr(self, key) is not None:
                    raise wrong("belongs to labels or grey, and there is none", "leave it out, or name an image", key)
        elif self.shape:
            raise wrong("the shape is that of the image", "leave it out; spacing may be given", "shape")
        for key in ("low", "high"):
            if getattr(self, key) is not None and len(getattr(self, key)) != 3:
                raise wrong("a point has three coordinates", 'for example ["0 mm", "0 mm", "2 mm"]', key)
        return self

    @property
    def pictured(self) -> bool:
        """True while shape and spacing are still to be read from an image."""
        return self.labels is not None or self.grey is not None

    @model_validator(mode="after")
    def _sizes(self) -> "Grid":
        if self.pictured:
            return self
        axes = len(self.shape)
        if axes > 3 or any(not 1 <= n <= MAX_AXIS for n in self.shape):
            raise wrong(f"shape has at most 3 axes of 1 to {MAX_AXIS} voxels", "0-D is an empty list", "shape")
        if math.prod(self.shape) > MAX_VOXELS:
            raise wrong(f"{math.prod(self.shape):,} voxels are more than {MAX_VOXELS:,}", "take a coarser spacing or fewer axes", "shape")
        if len(self.spacing) != axes:
            raise wrong(f"{axes} axes need one spacing, or one for each axis", 'for example spacing = "20 um"', "spacing")
        if len(self.depth) != 3 - axes:
            missing = ", ".join(AXES[axes:]) or "none"
            raise wrong(f"depth is the extent of the axes that shape leaves out ({missing})", "it makes mg and counts defined", "depth")
        return self

    @property
    def counts(self) -> tuple[int, int, int]:
        """Voxels along x, y, z."""
        return (*self.shape, 1, 1, 1)[:3]  # type: ignore[return-value]

    @property
    def cell(self) -> tuple[float, float, float]:
        """Voxel edge along x, y, z [m]; the depth for an axis that is missing."""
        return (*self.spacing, *self.depth)  # type: ignore[return-value]

    @property
    def extents(self) -> tuple[float, float, float]:
        """Size of the site along x, y, z [m]."""
        return tuple(n * d for n, d in zip(self.counts, self.cell, strict=True))  # type: ignore[return-value]

    @property
    def volume(self) -> float:
        """Volume of the site [m3]."""
        return math.prod(self.extents)

    def centres(self) -> "tuple[ndarray, ndarray, ndarray]":
        """Voxel centres along x, y, z [m], one array per axis."""
        import numpy as np

        return tuple((np.arange(n) + 0.5) * d for n, d in zip(self.counts, self.cell, strict=True))  # type: ignore[return-value]

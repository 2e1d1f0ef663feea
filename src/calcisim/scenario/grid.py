"""The voxels of a site."""

import math
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import model_validator

from calcisim.scenario.fields import Quantity, Table, wrong

if TYPE_CHECKING:
    from numpy import ndarray

MAX_AXIS = 4096
MAX_VOXELS = 2**28
AXES = ("x", "y", "z")
Spacing = Annotated[float, Quantity("length", "1 um", "10 mm")]
Depth = Annotated[float, Quantity("length", "1 um", "1 m")]


class Grid(Table):
    """Voxels of a site: shape in the order x, y, z (empty is 0-D), spacing of these axes [m], depth of the axes that are missing [m].

    seeding_cell: edge of the fixed physical lattice on which random nucleation is drawn [m].
    """

    shape: tuple[int, ...] = ()
    spacing: tuple[Spacing, ...] = ()
    depth: tuple[Depth, ...] = ()
    seeding_cell: Annotated[float, Quantity("length", "1 um", "10 mm")] = 1e-4

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
    def _sizes(self) -> "Grid":
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

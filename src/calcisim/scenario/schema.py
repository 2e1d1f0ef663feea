"""The scenario as one frozen value: every field is checked once and is a float in SI units from then on."""

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from calcisim import parameters
from calcisim.scenario import tissues
from calcisim.scenario.events import EVENTS
from calcisim.scenario.fields import Table, quantity, wrong
from calcisim.scenario.regions import REGIONS, identifier
from calcisim.scenario.treatments import TREATMENTS

MAX_AXIS = 4096
MAX_VOXELS = 2**28
MAX_FRAMES = 100_000
AXES = ("x", "y", "z")
_HEALTH = parameters.values("plasma")
Name = Annotated[str, PlainValidator(identifier)]
Text = Annotated[str, Field(max_length=2000)]
Share = quantity("number", low="0", high="1")
Duration = quantity("time", low="1 s", high="200 year")
Moment = quantity("time", low="0 s", high="200 year")
Spacing = quantity("length", low="1 um", high="10 mm")
Depth = quantity("length", low="1 um", high="1 m")


def _listed(raw: object) -> object:
    """A single value stands for a list of one, so that spacing = "20 um" and spacing = ["20 um"] read alike."""
    return raw if isinstance(raw, tuple) else (raw,)


def _amount(analyte: str, high: str, plausible: tuple[float, float], low: str = "0 mmol/L") -> Any:
    return quantity("concentration", low=low, high=high, analyte=analyte, plausible=plausible)


class Fluid(Table):
    """Composition of blood plasma as a laboratory reports it [mol/m3], temperature [K] and pH. What is left out is healthy."""

    driver: Literal["constant", "model", "csv"] = "constant"
    temperature: quantity("temperature", low="10 degC", high="50 degC") = _HEALTH["temperature"]  # type: ignore[valid-type]
    calcium: _amount("calcium", "6 mmol/L", (1.5, 4.5), "0.01 mmol/L") | None = None  # type: ignore[valid-type]
    calcium_ionised: _amount("calcium_ionised", "4 mmol/L", (0.7, 2.2), "0.01 mmol/L") | None = None  # type: ignore[valid-type]
    phosphate: _amount("phosphate", "8 mmol/L", (0.2, 3.5), "0.001 mmol/L")  # type: ignore[valid-type]
    magnesium: _amount("magnesium", "8 mmol/L", (0.3, 2.5)) = _HEALTH["magnesium"]  # type: ignore[valid-type]
    sodium: _amount("sodium", "300 mmol/L", (100, 180)) = _HEALTH["sodium"]  # type: ignore[valid-type]
    potassium: _amount("potassium", "60 mmol/L", (2, 9)) = _HEALTH["potassium"]  # type: ignore[valid-type]
    chloride: _amount("chloride", "300 mmol/L", (70, 140)) = _HEALTH["chloride"]  # type: ignore[valid-type]
    bicarbonate: _amount("bicarbonate", "80 mmol/L", (5, 50)) = _HEALTH["bicarbonate"]  # type: ignore[valid-type]
    ph: quantity("number", low="6", high="8.5", plausible=(6.8, 7.8)) = _HEALTH["ph"]  # type: ignore[valid-type]
    albumin: _amount("albumin", "2 mmol/L", (0.0, 1.0)) = _HEALTH["albumin"]  # type: ignore[valid-type]
    citrate: _amount("citrate", "20 mmol/L", (0.0, 3.0)) = _HEALTH["citrate"]  # type: ignore[valid-type]
    fetuin: _amount("fetuin", "0.2 mmol/L", (0.0, 0.03)) = _HEALTH["fetuin"]  # type: ignore[valid-type]
    pyrophosphate: _amount("pyrophosphate", "1 mmol/L", (0.0, 0.02)) = _HEALTH["pyrophosphate"]  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _one_calcium(self) -> "Fluid":
        if self.driver != "constant":
            raise wrong(f"driver {self.driver!r} is not available: the plasma stays as it is written", 'use driver = "constant"', "driver")
        if (self.calcium is None) == (self.calcium_ionised is None):
            both = "both are given" if self.calcium is not None else "neither is given"
            raise wrong(f"exactly one of calcium (laboratory total) and calcium_ionised is needed, {both}", "", "calcium")
        return self


class Plasma(Fluid):
    """Blood plasma, the source behind perfusion and plasma faces."""


class Medium(Fluid):
    """A test solution: the keys of plasma in a wider range; proteins, citrate and pyrophosphate are absent unless they are written."""

    calcium: _amount("calcium", "100 mmol/L", (0.0, 50.0)) | None = None  # type: ignore[valid-type]
    calcium_ionised: _amount("calcium_ionised", "100 mmol/L", (0.0, 50.0)) | None = None  # type: ignore[valid-type]
    phosphate: _amount("phosphate", "100 mmol/L", (0.0, 50.0))  # type: ignore[valid-type]
    albumin: _amount("albumin", "2 mmol/L", (0.0, 1.0)) = 0.0  # type: ignore[valid-type]
    citrate: _amount("citrate", "20 mmol/L", (0.0, 3.0)) = 0.0  # type: ignore[valid-type]
    fetuin: _amount("fetuin", "0.2 mmol/L", (0.0, 0.03)) = 0.0  # type: ignore[valid-type]
    pyrophosphate: _amount("pyrophosphate", "1 mmol/L", (0.0, 0.02)) = 0.0  # type: ignore[valid-type]


class Grid(Table):
    """Voxels of a site: shape in the order x, y, z (empty is 0-D), spacing of these axes [m], depth of the axes that are missing [m].

    seeding_cell: edge of the fixed physical lattice on which random nucleation is drawn [m].
    """

    shape: tuple[int, ...] = ()
    spacing: Annotated[tuple[Spacing, ...], BeforeValidator(_listed)] = ()
    depth: Annotated[tuple[Depth, ...], BeforeValidator(_listed)] = ()
    seeding_cell: quantity("length", low="1 um", high="10 mm") = 1e-4  # type: ignore[valid-type]

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
            value = _listed(full[key]) if key in full else ()
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

    def centres(self) -> tuple[Any, Any, Any]:
        """Voxel centres along x, y, z [m], one array per axis."""
        import numpy as np

        return tuple((np.arange(n) + 0.5) * d for n, d in zip(self.counts, self.cell, strict=True))  # type: ignore[return-value]


Face = Literal["closed", "plasma", "exchange"]


class Faces(Table):
    """What stands at each side: nothing passes, plasma touches, or exchange through a layer (Robin)."""

    x_low: Face = "closed"
    x_high: Face = "closed"
    y_low: Face = "closed"
    y_high: Face = "closed"
    z_low: Face = "closed"
    z_high: Face = "closed"


class Site(Table):
    """One block of tissue with its grid, background tissue, sides and painted regions."""

    name: Name
    grid: Grid
    tissue: Annotated[str, PlainValidator(tissues.known)]
    faces: Faces = Faces()
    exchange_coefficient: quantity("velocity", low="0 m/s", high="1 m/s") | None = None  # type: ignore[valid-type]
    carbon_dioxide: quantity("pressure", low="1 mmHg", high="760 mmHg") | None = None  # type: ignore[valid-type]
    perfusion: quantity("rate", low="0 1/s", high="1 1/s") | None = None  # type: ignore[valid-type]
    override: Annotated[dict[str, float], PlainValidator(tissues.read_override)] = {}
    region: tuple[REGIONS.field(), ...] = ()  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _sides(self) -> "Site":
        kinds = {side: getattr(self.faces, side) for side in Faces.model_fields}
        for side, kind in kinds.items():
            if kind != "closed" and AXES.index(side[0]) >= len(self.grid.shape):
                raise wrong(f"the grid has no {side[0]} axis, so {side} stays closed", "shape is in the order x, y, z", f"faces.{side}")
        if "exchange" in kinds.values() and self.exchange_coefficient is None:
            raise wrong("a face with exchange needs exchange_coefficient", 'for example "2.6e-7 m/s"', "exchange_coefficient")
        return self

    def background(self) -> tissues.Tissue:
        """The tissue of the site with its overrides; `perfusion` of the site wins."""
        more = {} if self.perfusion is None else {"perfusion": self.perfusion}
        return tissues.lookup(self.tissue, {**self.override, **more})


class Output(Table):
    """When results are written: every so often, or at a list of times [s]."""

    every: Duration | None = None  # type: ignore[valid-type]
    times: tuple[Moment, ...] | None = None  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _one(self) -> "Output":
        if (self.every is None) == (self.times is None):
            raise wrong("exactly one of every and times is needed", 'for example every = "1 day"', "every")
        return self


class Reference(Table):
    """A measured value to lay over the curve: observable and its unit, time [s], value, spread sd, number n, source."""

    observable: Text
    site: Name | None = None
    time: Moment  # type: ignore[valid-type]
    value: quantity("number")  # type: ignore[valid-type]
    sd: quantity("number", low="0") | None = None  # type: ignore[valid-type]
    n: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    source: Text
    unit: Text = ""
    use: Literal["calibrate", "validate"] = "validate"


class Quick(Table):
    """A short and coarse variant for tests: duration [s] and spacing [m]; the extents stay."""

    duration: Duration | None = None  # type: ignore[valid-type]
    spacing: Spacing | None = None  # type: ignore[valid-type]


class Solver(Table):
    """Tolerances of the time steps: relative, and absolute in dissolved concentration [mol/m3]."""

    relative_tolerance: quantity("number", low="1e-10", high="0.5") = 1e-2  # type: ignore[valid-type]
    absolute_tolerance: quantity("concentration", low="1e-9 mmol/L", high="10 mmol/L") = 0.1  # type: ignore[valid-type]


class Scenario(Table):
    """The whole run."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: Text = ""
    duration: Duration  # type: ignore[valid-type]
    kind: Literal["tissue", "plasma", "invitro"] = "tissue"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    plasma: Plasma | None = None
    medium: Medium | None = None
    site: tuple[Site, ...] = ()
    output: tuple[Output, ...] = ()
    event: tuple[EVENTS.field(), ...] = ()  # type: ignore[valid-type]
    treatment: tuple[TREATMENTS.field(), ...] = ()  # type: ignore[valid-type]
    reference: tuple[Reference, ...] = ()
    quick: Quick = Quick()
    expect: dict[str, Any] = {}
    cohort: dict[str, Any] = {}
    solver: Solver = Solver()
    literature: tuple[Text, ...] = ()

    @property
    def fluid(self) -> Fluid:
        """The plasma, or the medium of an in-vitro scenario."""
        found = self.plasma or self.medium
        assert found is not None  # the schema's cross checks see to it
        return found

    def output_times(self) -> tuple[float, ...]:
        """Sorted times [s] at which results are written: 0, the listed ones within the duration, and the end."""
        times = {0.0, self.duration}
        for one in self.output or (Output(every=f"{self.duration / 100.0!r} s"),):  # type: ignore[arg-type]
            if one.times is not None:
                times.update(one.times)
            else:
                times.update(i * one.every for i in range(int(self.duration / one.every) + 1))
        return tuple(sorted(t for t in times if t <= self.duration))

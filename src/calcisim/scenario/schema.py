"""The scenario as one frozen value: every field is checked once and is a float in SI units from then on."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator

import calcisim.scenario.body_drugs
import calcisim.scenario.drugs  # noqa: F401
from calcisim import units
from calcisim.scenario import tissues
from calcisim.scenario.cohort import Cohort
from calcisim.scenario.deposit import MAX_DEPOSITS, Deposit
from calcisim.scenario.errors import shown
from calcisim.scenario.events import EVENTS, Event
from calcisim.scenario.fields import Duration, Moment, Quantity, Share, Table, wrong
from calcisim.scenario.fluids import Fluid, Medium, Plasma
from calcisim.scenario.grid import AXES, Grid, Spacing
from calcisim.scenario.mineral import Pathway, Population
from calcisim.scenario.regions import REGIONS, Name, Region, mask
from calcisim.scenario.treatments import TREATMENTS, Treatment

if TYPE_CHECKING:
    from numpy import ndarray

MAX_FRAMES = 100_000
Text = Annotated[str, Field(max_length=2000)]


def _plain(raw: Any) -> Any:
    """Numbers, texts, true or false, lists and tables of them; nothing that is not finite, and no dates."""
    if isinstance(raw, dict):
        return {key: _plain(value) for key, value in raw.items()}
    if isinstance(raw, (tuple, list)):
        return tuple(_plain(value) for value in raw)
    if not isinstance(raw, (int, float, str)) or (not isinstance(raw, str) and not abs(raw) <= units.LARGEST):
        raise wrong(f"{shown(raw)} is not a number or text that can be used")
    return raw


def _plain_table(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise wrong("a table is needed")
    found: dict[str, Any] = _plain(raw)
    return found


Plain = Annotated[dict[str, Any], PlainValidator(_plain_table)]
Face = Literal["closed", "plasma", "exchange"]


class Faces(Table):
    """What stands at each side: nothing passes, plasma touches, or exchange through a layer (Robin)."""

    x_low: Face = "closed"
    x_high: Face = "closed"
    y_low: Face = "closed"
    y_high: Face = "closed"
    z_low: Face = "closed"
    z_high: Face = "closed"


class Texture(Table):
    """Septa and vessels as a random factor on perfusion and exposure: how far it is alike [m], and the spread of its logarithm.

    The same seed and site name give the same texture at any voxel size.
    """

    length: Annotated[float, Quantity("length", "0.05 mm", "10 cm")]
    strength: Annotated[float, Quantity("number", "0", "3")]


class Concentrated(Table):
    """How many times the calcium and phosphate of plasma water the fluid around a site holds, as in the papilla of the kidney."""

    calcium: Annotated[float, Quantity("number", "0.1", "10")] = 1.0
    phosphate: Annotated[float, Quantity("number", "0.1", "10")] = 1.0


class Site(Table):
    """One block of tissue with its grid, background tissue, sides and painted regions.

    giant_cells: share of the outer area of mineral that they cover at most, 0 for none; rim_perfusion: how many times the perfusion is in
    the granulation tissue within rim_width [m] of mineral; vessels_close_at: volume fraction of mineral at which perfusion has fallen to
    1/e, for ever open without it; texture: random pattern of perfusion and exposure; alkalinity_source: what the tissue adds to its pore
    fluid, acid if negative [eq/(m³ s)], as the gastric wall; concentrated: its fluid against plasma water; crystal_inflammation: how
    strongly crystals inflame the tissue beside them and so lay its collagen open, 0 not at all, 1 as in data/biology.toml;
    inflamed_state: the state s of what is laid open, if not the one there; colloid_leak: how many times as many particles of the
    circulating colloid leave the vessels as there, 0 for none (needs a computed plasma); local_biology: living tissue that answers to
    inflammation and injury as in data/biology.toml: macrophages that come with a delay and clear debris, phosphatase that takes
    pyrophosphate, more blood and acid, vessels that are lost and grow back; immune_inflammation: what an autoimmune disease keeps up;
    deposit: mineral that is there at the start.
    """

    name: Name
    grid: Grid
    tissue: Annotated[str, PlainValidator(tissues.known)]
    faces: Faces = Faces()
    exchange_coefficient: Annotated[float, Quantity("velocity", "0 m/s", "1 m/s")] | None = None
    carbon_dioxide: Annotated[float, Quantity("pressure", "1 mmHg", "760 mmHg")] | None = None
    perfusion: Annotated[float, Quantity("rate", "0 1/s", "1 1/s")] | None = None
    override: Annotated[dict[str, float], PlainValidator(tissues.read_override)] = Field(default_factory=dict)
    region: tuple[Annotated[Region, REGIONS], ...] = ()
    giant_cells: Annotated[float, Quantity("number", "0", "1")] = 0.0
    rim_perfusion: Annotated[float, Quantity("number", "1", "50")] = 1.0
    rim_width: Annotated[float, Quantity("length", "0.1 mm", "2 cm")] = 1e-3
    vessels_close_at: Annotated[float, Quantity("number", "0.001", "1")] | None = None
    texture: Texture | None = None
    alkalinity_source: Annotated[float, Quantity("mineral_rate", "-1e5 mol/m3/day", "1e5 mol/m3/day")] = 0.0
    concentrated: Concentrated = Concentrated()
    crystal_inflammation: Annotated[float, Quantity("number", "0", "1")] = 0.0
    inflamed_state: Annotated[float, Quantity("number", "0.5", "1")] | None = None
    colloid_leak: Annotated[float, Quantity("number", "0", "100")] = 0.0
    local_biology: bool = False
    immune_inflammation: Share = 0.0
    deposit: Annotated[tuple[Deposit, ...], Field(max_length=MAX_DEPOSITS)] = ()

    @model_validator(mode="after")
    def _read(self) -> "Site":
        if self.grid.pictured:
            raise wrong("the image was not read", "load the scenario from its file", "grid")
        return self

    @model_validator(mode="after")
    def _sides(self) -> "Site":
        kinds = {side: getattr(self.faces, side) for side in Faces.model_fields}
        for side, kind in kinds.items():
            if kind != "closed" and AXES.index(side[0]) >= len(self.grid.shape):
                raise wrong(f"the grid has no {side[0]} axis, so {side} stays closed", "shape is in the order x, y, z", f"faces.{side}")
        if "exchange" in kinds.values() and self.exchange_coefficient is None:
            raise wrong("a face with exchange needs exchange_coefficient", 'for example "2.6e-7 m/s"', "exchange_coefficient")
        return self

    def assay(self) -> "ndarray":
        """Boolean array (z, y, x): voxels of the regions with assay = true."""
        import numpy as np

        found = np.zeros(self.grid.counts[::-1], dtype=bool)
        for region in self.region:
            if region.assay:
                found |= mask(region, *self.grid.centres())
        return found

    def background(self) -> tissues.Tissue:
        """The tissue of the site with its overrides; `perfusion` of the site wins."""
        more = {} if self.perfusion is None else {"perfusion": self.perfusion}
        return tissues.lookup(self.tissue, {**self.override, **more})


class Output(Table):
    """When results are written: every so often, or at a list of times [s]."""

    every: Duration | None = None
    times: tuple[Moment, ...] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Output":
        if (self.every is None) == (self.times is None):
            raise wrong("exactly one of every and times is needed", 'for example every = "1 day"', "every")
        return self


class Reference(Table):
    """A measured value to lay over the curve: observable and its unit, time [s], value, spread sd, number n, source."""

    observable: Text
    site: Name | None = None
    time: Moment
    value: Annotated[float, Quantity("number")]
    sd: Annotated[float, Quantity("number", low="0")] | None = None
    n: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    source: Text
    unit: Text = ""
    use: Literal["calibrate", "validate"] = "validate"


class Quick(Table):
    """A short and coarse variant for tests: duration [s] and spacing [m]; the extents stay."""

    duration: Duration | None = None
    spacing: Spacing | None = None


class Solver(Table):
    """Tolerances of the time steps on the mineral: relative, and absolute in formula units per tissue volume [mol/m3].

    The default absolute tolerance, 0.03 mol/m3 of hydroxyapatite, is 0.006 mg Ca/cm3: below what counts as onset.
    """

    relative_tolerance: Annotated[float, Quantity("number", "1e-10", "0.5")] = 1e-2
    absolute_tolerance: Annotated[float, Quantity("concentration", "1e-9 mmol/L", "10 mmol/L")] = 0.03


class Scenario(Table):
    """The whole run."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: Text = ""
    duration: Duration
    kind: Literal["tissue", "plasma", "invitro"] = "tissue"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    plasma: Plasma | None = None
    medium: Medium | None = None
    site: tuple[Site, ...] = ()
    output: tuple[Output, ...] = ()
    event: tuple[Annotated[Event, EVENTS], ...] = ()
    treatment: tuple[Annotated[Treatment, TREATMENTS], ...] = ()
    reference: tuple[Reference, ...] = ()
    quick: Quick = Quick()
    expect: Plain = Field(default_factory=dict)
    cohort: Cohort = Cohort()
    population: Population = Population()
    pathway: Pathway = Pathway()
    solver: Solver = Solver()
    literature: tuple[Text, ...] = ()

    @property
    def fluid(self) -> Fluid:
        """The plasma, or the medium of an in-vitro scenario."""
        found = self.plasma or self.medium
        assert found is not None  # the schema's cross checks see to it
        return found

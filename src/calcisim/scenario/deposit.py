"""Mineral that is there at the start of a run: from an image, or in a region of the site."""

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field, PlainValidator, model_validator

from calcisim import parameters
from calcisim.physics import attenuation
from calcisim.scenario.fields import Quantity, Table, wrong
from calcisim.scenario.regions import Point, mask, place
from calcisim.scenario.voxels import Lattice, Voxels, means

if TYPE_CHECKING:
    from numpy import ndarray

    from calcisim.scenario.schema import Site

MAX_DEPOSITS = 8  # in one site: each begins as one cohort of primaries
UNITS = ("mg HA/cm3", "mg Ca/cm3", "HU", "grey")
CALCIUM_MASS = 40.078e-3  # kg/mol
CALIBRATION = ("slope", "intercept")


def _place(raw: object) -> Any:
    return place(raw, "a deposit")


class Deposit(Table):
    """Mineral at the start. With `file`, a NIfTI volume beside the scenario, its voxels say how much; with `region`, it fills a region of
    the site, or a shape, evenly, with `density` [kg/m³] or with an `amount` of calcium [mol] in all; with 0 there is none.

    unit: what the voxels hold: hydroxyapatite with the same calcium, calcium, Hounsfield units of soft tissue with this phase in it, or
    grey values, which `slope` and `intercept` turn into mg HA/cm³; below `threshold`, in that unit, there is none; at: where the low corner
    of the image lies in the site [m], if not where the coordinates of both files put it; voxels: what was read of it, as a run directory
    keeps it. density: as hydroxyapatite with the same calcium. phase: which mineral it is. primary_diameter [m]: of the primary particles,
    0.8 of the terminal one when left out, so that they still grow; clump_diameter [m]: of the sphere with the solid of one clump of them,
    none when left out: all primaries are apart.
    """

    file: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    unit: Literal["mg HA/cm3", "mg Ca/cm3", "HU", "grey"] | None = None
    slope: Annotated[float, Quantity("number", "-1e6", "1e6")] | None = None
    intercept: Annotated[float, Quantity("number", "-1e6", "1e6")] | None = None
    threshold: Annotated[float, Quantity("number")] | None = None
    at: Point | None = None
    voxels: Voxels | None = None
    region: Annotated[Any, PlainValidator(_place)] = None
    density: Annotated[float, Quantity("density", "0 kg/m3", "3500 kg/m3")] | None = None
    amount: Annotated[float, Quantity("amount", "0 mol", "100 mol", "calcium")] | None = None
    phase: Literal["ACP", "MgACP", "OCP", "DCPD", "HAP"] = "HAP"
    primary_diameter: Annotated[float, Quantity("length", "2 nm", "1 mm")] | None = None
    clump_diameter: Annotated[float, Quantity("length", "2 nm", "10 mm")] | None = None

    @model_validator(mode="after")
    def _source(self) -> "Deposit":
        given = [key for key in ("file", "voxels", "region") if getattr(self, key) is not None]
        if len(given) != 1:
            said = " and ".join(given) + " are there together" if given else "is there"
            raise wrong(f"one of file and region is needed, {said if given else 'none ' + said}", "an image, or a place", "file")
        of_file, of_region = ("unit", *CALIBRATION, "threshold", "at"), ("density", "amount")
        for key in of_file if self.region is not None else of_region:
            if getattr(self, key) is not None and given != ["voxels"]:
                raise wrong(f"has no meaning with {given[0]}", f"leave it out: with {given[0]} it is {_says(given[0])}", key)
        if self.region is not None and (self.density is None) == (self.amount is None):
            raise wrong("exactly one of density and amount is needed", 'for example density = "200 mg/cm3"', "density")
        if self.voxels is not None and self.voxels.holds != "density":
            raise wrong("these voxels hold no densities", "load the scenario that names the image again", "voxels")
        return self._calibrated() if self.file is not None else self

    def _calibrated(self) -> "Deposit":
        """What the voxels of a file mean must be said."""
        if self.unit is None:
            raise wrong("is missing: what do the voxels hold?", f"one of {', '.join(map(repr, UNITS))}", "unit")
        for key in CALIBRATION:
            if self.unit == "grey" and getattr(self, key) is None:
                raise wrong("is missing: grey values need the calibration of the scanner", "mg HA/cm3 = intercept + slope x grey", key)
            if self.unit != "grey" and getattr(self, key) is not None:
                raise wrong(f"belongs to unit 'grey', and this is {self.unit!r}", "leave it out", key)
        return self

    @property
    def none(self) -> bool:
        """True for a density or an amount of 0: the arm of a comparison that begins without mineral, and keeps the table."""
        return 0.0 in (self.density, self.amount)

    def densities(self, values: "ndarray") -> "ndarray":
        """Hydroxyapatite with the same calcium [kg/m³] of the values of an image in `unit`; 0 below the threshold, negative where a value
        means less than nothing."""
        import numpy as np

        values = np.asarray(values, dtype=float)
        if self.unit == "grey":
            assert self.slope is not None  # the validator sees to it
            assert self.intercept is not None
            density = self.intercept + self.slope * values
        elif self.unit == "HU":
            bare, per_calcium = _hounsfield(self.phase)
            # what rounds to the HU of soft tissue is soft tissue, and what is darker, fat and air, holds no mineral either
            density = np.where(values > round(bare), (values - bare) / per_calcium, 0.0) * float(attenuation.apatite_density(1.0))
        elif self.unit == "mg Ca/cm3":
            density = values / CALCIUM_MASS * float(attenuation.apatite_density(1.0))
        else:
            density = values
        return density if self.threshold is None else np.where(values >= self.threshold, density, 0.0)


def _says(source: str) -> str:
    return "density or amount that says how much" if source == "region" else "the voxels that say how much"


def _hounsfield(phase: str) -> tuple[float, float]:
    """HU of soft tissue without mineral, and what one mol of calcium per m³ in this phase adds (IMG-5 is linear in it)."""
    energy = attenuation.scanner()["effective_energy_kev"]
    bare, some = (
        float(attenuation.hounsfield(attenuation.linear_attenuation(attenuation.amounts({phase: held}), energy), energy))
        for held in (0.0, 1.0)
    )
    return bare, some - bare


class Laid(NamedTuple):
    """One deposit on the grid of its site: calcium [mol/m³ of tissue], (z, y, x); phase; diameters [m], None as `Deposit` says."""

    calcium: "ndarray"
    phase: str
    primary_diameter: float | None
    clump_diameter: float | None


def laid(site: "Site") -> list[Laid]:
    """The deposits of a site on its grid, but for those that are `none`."""
    return [Laid(_calcium(site, one), one.phase, one.primary_diameter, one.clump_diameter) for one in site.deposit if not one.none]


def _calcium(site: "Site", one: Deposit) -> "ndarray":
    import numpy as np

    grid, per_calcium = site.grid, float(attenuation.apatite_density(1.0))
    if one.voxels is not None:
        return means(one.voxels.values(), one.voxels.lattice, Lattice(grid.counts, grid.cell)) / per_calcium
    if one.region is None:
        raise wrong("the image was not read", "load the scenario from its file", "file")
    region = next((part for part in site.region if part.name == one.region), None) if isinstance(one.region, str) else one.region
    if region is None:
        return np.zeros(grid.counts[::-1])
    inside = mask(region, *grid.centres())
    if one.density is not None:
        return inside * (one.density / per_calcium)
    assert one.amount is not None
    return inside * (one.amount / (max(int(np.count_nonzero(inside)), 1) * math.prod(grid.cell)))


def filled(parts: "list[Laid]") -> "ndarray":
    """Volume that the deposits fill [m³/m³], (z, y, x); there must be one."""
    rows = parameters.tables("minerals")
    shares = []
    for part in parts:
        row = rows[attenuation.MINERALS[part.phase]]
        shares.append(part.calcium * (row["molar_volume"].value / row["calcium"].value))
    return sum(shares[1:], shares[0])

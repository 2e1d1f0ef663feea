"""What minerals do in a run: the size classes of particles and the way from the first solid to apatite."""

from typing import Annotated, Literal

from pydantic import Field, PlainValidator, model_validator

from calcisim import parameters
from calcisim.scenario.errors import nearest, shown
from calcisim.scenario.fields import Quantity, Share, Table, wrong

NARROWEST = 10.0  # largest over smallest size: less is no distribution


def _kernel(raw: object) -> str:
    """The name of a collision kernel, or an error that offers the nearest one."""
    from calcisim.physics.collision import REGISTRY

    if not isinstance(raw, str) or raw not in REGISTRY:
        raise wrong(f"there is no collision kernel {shown(raw)}", nearest(str(raw)[:40], REGISTRY, "kernels: "))
    return raw


class Population(Table):
    """Particles by size: volume-equivalent diameters from smallest to largest [m] in `classes` classes of equal ratio.

    kernel: how they meet (physics/collision.py); sticking: share of bare encounters that hold; aggregation, impingement, capture,
    terminal_size, secondary_nucleation: processes that can be turned on and off.
    """

    classes: Annotated[int, Field(ge=8, le=1024)] = 64
    smallest: Annotated[float, Quantity("length", "1 nm", "100 um")] = 1e-8
    largest: Annotated[float, Quantity("length", "10 nm", "100 mm")] = 1e-3
    kernel: Annotated[str, PlainValidator(_kernel)] = "fluid"
    sticking: Share = float(parameters.values("particles")["sticking_strength"])
    aggregation: bool = True
    impingement: bool = True
    capture: bool = True
    terminal_size: bool = True
    secondary_nucleation: bool = False

    @model_validator(mode="after")
    def _range(self) -> "Population":
        if self.largest <= self.smallest:
            raise wrong("largest must be above smallest", "exchange them", "largest")
        if self.largest < NARROWEST * self.smallest * (1.0 - 1e-12):
            raise wrong(f"largest must be at least {NARROWEST:g} times smallest", 'such as "10 nm" to "1 mm"', "largest")
        return self


class Pathway(Table):
    """From the first solid to apatite: which amorphous phase forms, which phase drives growth on a substrate, and whether phases mature.

    terminal_radius [m] and terminal_exponent: of a primary particle, in place of those of data/minerals.toml.
    """

    amorphous: Literal["ACP2", "ACP1"] = "ACP2"
    driving_phase: Literal["HAP", "OCP"] = "HAP"
    maturation: bool = True
    terminal_radius: Annotated[float, Quantity("length", "10 nm", "1 mm")] | None = None
    terminal_exponent: Annotated[float, Quantity("number", "1", "200")] | None = None

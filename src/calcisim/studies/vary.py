"""A simulation with some constants of its laws changed: for sensitivities and draws, without touching the data files."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from calcisim import parameters
from calcisim.errors import UsageError
from calcisim.physics.growth import growth_coordinate, radius_table
from calcisim.physics.kinetics import MineralLaw
from calcisim.simulation.run import Simulation
from calcisim.simulation.setup import ModelSetup
from calcisim.simulation.site import Site

SATURATION = "saturation"  # decades added to SI of the mineral, in nucleation and in growth
NUCLEATION = {
    "prefactor": "prefactor",
    "interfacial_energy_base": "base",
    "interfacial_energy_slope": "slope",
    "interfacial_energy_fluid": "fluid",
    "debris_state": "debris_state",
    "debris_site_area": "debris_site_area",
    "protection_fade_start": "fade_start",
}
MINERAL = {
    "growth_rate": "growth_rate",
    "growth_order": "growth_order",
    "terminal_radius": "terminal_radius",
    "terminal_exponent": "terminal_exponent",
    "growth_inhibition_strength": "inhibition_strength",
}


def changed(model: ModelSetup, laws: Mapping[str, float]) -> ModelSetup:
    """The laws with constants replaced: "nucleation.NAME", "minerals.HAP.NAME" (SI units), or "saturation" (decades of IAP).

    Raises UsageError for a constant that cannot be changed here.
    """
    nucleation, mineral = _fields(laws, "nucleation", NUCLEATION), _fields(laws, f"minerals.{model.mineral_name}", MINERAL)
    unknown = [path for path in laws if path != SATURATION and not _known(path, model.mineral_name)]
    if unknown:
        raise UsageError(f"{', '.join(sorted(unknown))} cannot be varied")
    shift = float(laws.get(SATURATION, 0.0)) * math.log(10.0)
    law = model.mineral._replace(ln_ksp=model.mineral.ln_ksp - shift, ln_ksp_growth=model.mineral.ln_ksp_growth - shift, **mineral)
    return replace(model, nucleation=model.nucleation._replace(**nucleation), mineral=_terminal(law, model))


def _known(path: str, mineral: str) -> bool:
    group, _, name = path.rpartition(".")
    return name in {"nucleation": NUCLEATION, f"minerals.{mineral}": MINERAL}.get(group, {})


def _fields(laws: Mapping[str, float], group: str, names: Mapping[str, str]) -> dict[str, Any]:
    """The changes of one group under the names that the kernels use."""
    found = {path.rpartition(".")[::2]: float(value) for path, value in laws.items()}
    return {names[name]: value for (place, name), value in found.items() if place == group and name in names}


def _terminal(law: MineralLaw, model: ModelSetup) -> MineralLaw:
    """What follows from the terminal radius and its exponent, made again when one of them changed."""
    if (law.terminal_radius, law.terminal_exponent) == (model.mineral.terminal_radius, model.mineral.terminal_exponent):
        return law
    diameter = parameters.tables("minerals")[model.mineral_name]["nucleus_diameter"].value
    nucleus = float(growth_coordinate(0.5 * diameter / law.terminal_radius, law.terminal_exponent))
    return law._replace(nucleus=nucleus, table=radius_table(law.terminal_exponent))


class Varied(Simulation):
    """A simulation whose laws are changed (`changed`)."""

    def __init__(self, scenario: Any, laws: Mapping[str, float] | None = None, seed: int | None = None, threads: int = 1):
        self.laws = dict(laws or {})
        super().__init__(scenario, seed, threads)

    def _site(self, shared: ModelSetup, one: Any) -> Site:
        return super()._site(changed(shared, self.laws), one)

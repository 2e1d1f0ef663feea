"""A simulation with some constants of its laws changed: for sensitivities and draws, without touching the data files."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from calcisim.errors import UsageError
from calcisim.physics import phases as ph
from calcisim.physics.clumping import MOBILE
from calcisim.physics.plasma import Ultrafiltrate
from calcisim.simulation import assembly
from calcisim.simulation.run import Simulation
from calcisim.simulation.setup import ModelSetup
from calcisim.simulation.site import Site

SATURATION = "saturation"  # decades added to SI of every phase, in nucleation and in growth
NUCLEATION = {
    "prefactor": ("prefactor", None),
    "interfacial_energy_base": ("base", None),
    "interfacial_energy_slope": ("slope", None),
    "interfacial_energy_fluid": ("fluid", None),
    "debris_state": ("debris", 0),
    "debris_site_area": ("debris", 1),
    "protection_fade_start": ("fade_start", None),
}
GROWTH = {"growth_rate": ph.RATE, "growth_order": ph.ORDER, "growth_inhibition_strength": ph.STRENGTH}
MATURATION = {"maturation_rate": ph.MATURE_RATE, "maturation_ph_slope": ph.MATURE_SLOPE}
TERMINAL = ("terminal_radius", "terminal_exponent")


def changed(model: ModelSetup, laws: Mapping[str, float]) -> ModelSetup:
    """The laws with constants replaced: "nucleation.NAME", "minerals.PHASE.NAME" (SI units), or "saturation" (decades of IAP).

    Raises UsageError for a constant that cannot be changed here.
    """
    unknown = sorted(path for path in laws if not _known(path, model.phases))
    if unknown:
        raise UsageError(f"{', '.join(unknown)} cannot be varied")
    nucleation, growth, maturation = model.nucleation, model.phases.growth.copy(), model.phases.maturation.copy()
    terminal = {name: getattr(model.particle, name) for name in TERMINAL}
    for path, value in laws.items():
        group, _, name = path.rpartition(".")
        if group == "nucleation":
            nucleation = _replaced(nucleation, *NUCLEATION[name], float(value))
        elif name in TERMINAL:
            terminal[name] = float(value)
        elif group.startswith("minerals."):
            row = ph.PHASES.index(group.removeprefix("minerals."))
            table, column = (growth, GROWTH[name]) if name in GROWTH else (maturation, MATURATION[name])
            table[row, column] = float(value)
    shift = float(laws.get(SATURATION, 0.0)) * math.log(10.0)
    phases = model.phases._replace(
        ln_ksp=model.phases.ln_ksp - shift, ln_ksp_growth=model.phases.ln_ksp_growth - shift, growth=growth, maturation=maturation
    )
    strength = float(growth[ph.HAP, ph.STRENGTH])
    particle = model.particle._replace(inhibition_strength=strength)
    model = replace(model, nucleation=nucleation, phases=phases, particle=particle)
    if all(getattr(model.particle, name) == value for name, value in terminal.items()):
        return model
    particle = assembly.particle_law(*(terminal[name] for name in TERMINAL))._replace(inhibition_strength=strength)
    frame = (float(model.clump.dimension[MOBILE]), float(model.clump.prefactor[MOBILE]))
    clump = assembly.clump_law(model.population, model.temperature, particle, 0.0, frame)
    return replace(model, particle=particle, shield=assembly.shield_law(particle), clump=clump)


def _known(path: str, phases: ph.PhaseLaws) -> bool:
    group, _, name = path.rpartition(".")
    if group == "nucleation":
        return name in NUCLEATION
    if group == f"minerals.{assembly.APATITE}" and name in TERMINAL:
        return True
    if path == SATURATION:
        return True
    phase = group.removeprefix("minerals.")
    if not group.startswith("minerals.") or phase not in ph.PHASES:
        return False
    return name in GROWTH or (name in MATURATION and phases.maturation[ph.PHASES.index(phase), ph.MATURE_INTO] >= 0.0)


def _replaced(law: Any, field: str, place: int | None, value: float) -> Any:
    """The law with one number changed, which may stand in one of its arrays."""
    if place is None:
        return law._replace(**{field: value})
    array = getattr(law, field).copy()
    array[place] = value
    return law._replace(**{field: array})


class Varied(Simulation):
    """A simulation whose laws are changed (`changed`)."""

    def __init__(self, scenario: Any, laws: Mapping[str, float] | None = None, seed: int | None = None, threads: int = 1):
        self.laws = dict(laws or {})
        super().__init__(scenario, seed, threads)

    def _site(self, shared: ModelSetup, one: Any, water: Ultrafiltrate) -> Site:
        return super()._site(changed(shared, self.laws), one, water)

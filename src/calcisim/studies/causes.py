"""The same scenario with one cause taken out: in the normal plasma of its host, or without its injury.

What counts as which is decided by what a table does, never by what it is called.
"""

from typing import Any

from calcisim import parameters
from calcisim.scenario.body import BodyLevers
from calcisim.scenario.body_treatments import BodyTreatment
from calcisim.scenario.events import ChangeMedium, Event, Excise, Expose, Injection, Injury
from calcisim.scenario.fluids import Fluid, Plasma

# Share of the collagen surface up to which exposure is the ordinary wear of tissue and no injury. Between what is shipped as wear, 1e-4
# (an artery) to 0.02 (a bursa), and the wound of a healthy adult, 0.1: their geometric mean.
WEAR = 0.045

# Materials that are put into a body. A site of one of them is a device altogether; what a device is put into is tissue.
DEVICES = frozenset(
    {
        "cusp-fixed", "cusp-unfixed", "pericardium-fixed", "sponge-glutaraldehyde", "sponge-formaldehyde", "inert", "silicone", "hydrogel",
        "pmma", "filter", "collagen-gel", "collagen-suspension",
    }
)  # fmt: skip
FOREIGN = ("implant", "device", "injury")  # roles of regions that an injury or an operation made

# Tissue of and about joints.
PERIARTICULAR = frozenset(
    {"periarticular", "joint-capsule", "bursa-wall", "bursa-fluid", "tendon", "tendon-sheath", "ligament", "cartilage"}
)  # fmt: skip


# --- plasma ---------------------------------------------------------------------------------------------------------------


def normal(plasma: Plasma) -> Plasma:
    """The plasma of a healthy host of the same kind; a computed one stays computed, by a healthy body that is not measured."""
    healthy = parameters.values("plasma") | {name: row.value for name, row in parameters.tables("hosts")[plasma.host].items()}
    update: dict[str, Any] = {name: healthy[name] for name in Fluid.model_fields if name in healthy}
    other = "calcium_ionised" if "calcium" in parameters.tables("hosts")[plasma.host] else "calcium"
    update |= {other: None, "nucleators": 0.0}
    if plasma.changes:
        update |= dict.fromkeys((*BodyLevers.model_fields, "calcium", "calcium_ionised", "file", "burn_in"))
        update |= {"driver": "model", "labs": {}, "interpolation": {}}
    return plasma.model_copy(update=update)


def in_normal_plasma(loaded: Any) -> Any:
    """The scenario in the normal plasma of its host, without treatments of the whole body; drugs that act on tissue stay."""
    kept = tuple(one for one in loaded.treatment if not isinstance(one, BodyTreatment))
    return loaded.model_copy(update={"plasma": normal(loaded.plasma), "treatment": kept})


def plasma_is_normal(loaded: Any) -> bool:
    """True when normal plasma would change nothing."""
    asked = in_normal_plasma(loaded)
    keys = set(Plasma.model_fields) - {"meals", "two_way", "lesion_volume", "average", "burn_in"}
    same = all(getattr(asked.plasma, key) == getattr(loaded.plasma, key) for key in keys)
    return same and asked.treatment == loaded.treatment


# --- injury ---------------------------------------------------------------------------------------------------------------


def is_injury(event: Event) -> bool:
    """True for what hurts a tissue; false for ordinary wear, for surgery and for a change of medium.

    Wear lays at most the share WEAR of the collagen open and does nothing else: no dead cells, no inflammation, no vessel is lost.
    """
    if isinstance(event, (Excise, ChangeMedium)):
        return False
    if isinstance(event, Expose):
        return event.fraction > WEAR
    if not isinstance(event, Injury) or event.kind in ("implantation", "vasculopathy"):
        return True
    if isinstance(event, Injection) and max(event.calcium, event.phosphate) > 0.0:
        return True
    done = event.damage()
    return done.fraction > WEAR or max(done.debris, done.inflammation, done.vessels_lost) > 0.0


def _is_foreign(region: Any) -> bool:
    return region.role in FOREIGN or region.material in DEVICES


def _healed(site: Any) -> Any:
    """A site whose regions of injury and implant are its own tissue again (named ones stay as places), without an autoimmune drive."""
    regions = tuple(
        region.model_copy(update={"material": None, "override": {}, "role": "tissue"}) if _is_foreign(region) else region
        for region in site.region
    )
    return site.model_copy(update={"region": regions, "immune_inflammation": 0.0})


def without_injury(loaded: Any) -> Any:
    """The scenario without its injuries: their events, implants, injured regions and autoimmune drive are gone.

    A site of nothing but a device is gone with it, and with the last site everything that could calcify.
    """
    sites = tuple(_healed(site) for site in loaded.site if site.tissue not in DEVICES)
    names = {site.name for site in sites}
    events = tuple(event for event in loaded.event if event.site in names and not is_injury(event))
    treatments = tuple(one for one in loaded.treatment if one.site is None or one.site in names)
    return loaded.model_copy(update={"site": sites, "event": events, "treatment": treatments})


def is_uninjured(loaded: Any) -> bool:
    """True when there is no injury that could be left out."""
    asked = without_injury(loaded)
    return bool(asked.site == loaded.site and asked.event == loaded.event)


def is_periarticular(site: Any) -> bool:
    """True for a site of, or with, tissue of a joint: by material, not by name."""
    return not PERIARTICULAR.isdisjoint({site.tissue, *(region.material for region in site.region)})

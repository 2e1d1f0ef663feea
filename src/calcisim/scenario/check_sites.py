"""Checks of single sites: what a site asks for and its fluid cannot give, tissue outside its range, and what voxels cannot resolve."""

from collections.abc import Iterator, Mapping

from calcisim import parameters, units
from calcisim.physics import attenuation
from calcisim.scenario import deposit, tissues
from calcisim.scenario.errors import Finding, Path, nearest
from calcisim.scenario.events import Excise, Injury
from calcisim.scenario.schema import Concentrated, Scenario, Site

COARSE = 1e-3  # m: a larger voxel holds a front of mineral and the fluid on both sides of it
LARGEST_PRIMARY = 1.1  # times the terminal size: growth has come to rest long before
_SLACK = 1e-9  # relative: "1000 um" is no more than "1 mm"
_PATTERN = 10.0  # times the site: over a tenth of its length a texture is one number


def findings(scenario: Scenario) -> Iterator[Finding]:
    """Keys of a site that nothing in this scenario can act on."""
    for i, site in enumerate(scenario.site):
        here: Path = ("site", i)
        if scenario.kind == "invitro":
            yield from _in_vitro(site, here)
        elif site.colloid_leak > 0.0 and not scenario.fluid.changes:
            hint = 'write [plasma] driver = "model", or leave colloid_leak out'
            yield Finding((*here, "colloid_leak"), "needs a computed plasma: a constant one holds no colloid", hint)
        yield from _alive(scenario, site, here)
        yield from _deposits(scenario, site, here)
        # a crystal_inflammation that is written as 0 is the arm of a comparison that has none, and keeps the rest of its keys
        unused = "crystal_inflammation" not in site.model_fields_set and not site.local_biology
        if site.inflamed_state is not None and unused:
            hint = "write crystal_inflammation = 1, or leave inflamed_state out"
            yield Finding((*here, "inflamed_state"), "has no effect without crystal_inflammation", hint)


def _deposits(scenario: Scenario, site: Site, here: Path) -> Iterator[Finding]:
    """Mineral at the start: places that there are, particles of sizes that there can be, and room for it in every voxel."""
    names = [region.name for region in site.region if region.name]
    terminal = parameters.tables("minerals")["HAP"]["terminal_radius"].value
    terminal = scenario.pathway.terminal_radius or terminal
    for j, one in enumerate(site.deposit):
        key: Path = (*here, "deposit", j)
        if isinstance(one.region, str) and one.region not in names:
            known = nearest(one.region, names, "regions: ") or "name a [[site.region]], or write a shape table here"
            yield Finding((*key, "region"), f"site {site.name!r} has no region {one.region!r}", known)
            return
        largest = LARGEST_PRIMARY * 2.0 * terminal
        if one.primary_diameter is not None and scenario.population.terminal_size and one.primary_diameter > largest:
            message = f"{_um(one.primary_diameter)}: primaries stop growing at {_um(2.0 * terminal)}"
            yield Finding((*key, "primary_diameter"), message, f"at most {_um(largest)}; clump_diameter is for clumps of them")
        if one.clump_diameter is not None and _more(one.clump_diameter, scenario.population.largest):
            limit = f"the largest class of [population] is {_um(scenario.population.largest)}"
            yield Finding((*key, "clump_diameter"), f"{_um(one.clump_diameter)}: {limit}", "take smaller clumps, or more classes")
    yield from _room(site, (*here, "deposit", 0))


def _room(site: Site, key: Path) -> Iterator[Finding]:
    """The voxel in which the deposits leave too little of the pores."""
    import numpy as np

    parts = deposit.laid(site)
    if not parts:
        return
    for j, part in zip((j for j, one in enumerate(site.deposit) if not one.none), parts, strict=True):
        if not part.calcium.any():
            yield Finding((*key[:-1], j), "there is no voxel with mineral in it", "make its region larger than a voxel")
            return
    index, kinds = tissues.paint(site)
    porosity = np.array([kind.porosity for kind in kinds])[index]
    least = float(parameters.values("transport")["minimum_porosity"])
    room = porosity - least - deposit.filled(parts)
    if room.min() >= 0.0:
        return
    z, y, x = (int(n) for n in np.unravel_index(np.argmin(room), room.shape))
    held = sum(float(part.calcium[z, y, x]) for part in parts) * float(attenuation.apatite_density(1.0))
    place = ", ".join(f"{1e3 * (n + 0.5) * edge:.4g}" for n, edge in zip((x, y, z), site.grid.cell, strict=True))
    voxel = f"voxel x={x}, y={y}, z={z} (at {place} mm) of {kinds[index[z, y, x]].name}"
    fits = held * (porosity[z, y, x] - least) / (porosity[z, y, x] - least - room[z, y, x])
    limit = f"{fits:.4g}, for a porosity of {porosity[z, y, x]:.3g} of which {least:g} stays open"
    number = int(np.count_nonzero(room < 0.0))
    more = f"; {number:,} voxels hold too much" if number > 1 else ""
    hint = "paint a material or an override with more porosity there, or look at unit, slope and intercept"
    yield Finding(key, f"{voxel} is given {held:.4g} mg HA/cm3 and has room for {limit}{more}", hint)


def _um(length: float) -> str:
    return f"{1e6 * length:.4g} um"


def _alive(scenario: Scenario, site: Site, here: Path) -> Iterator[Finding]:
    """What only living tissue answers to."""
    if site.local_biology:
        return
    hint = "write local_biology = true for this site"
    if site.immune_inflammation > 0.0:
        yield Finding((*here, "immune_inflammation"), "needs living tissue that answers", hint)
    for j, event in enumerate(scenario.event):
        wounds = isinstance(event, Injury) or (isinstance(event, Excise) and event.bed != "void")
        if wounds and event.site == site.name:
            yield Finding(("event", j, "kind"), f"{event.kind!r} at {site.name!r} needs living tissue that answers", hint)


def _in_vitro(site: Site, here: Path) -> Iterator[Finding]:
    if site.local_biology:
        yield Finding((*here, "local_biology"), "kind 'invitro' has no living tissue", 'leave it out, or write kind = "tissue"')
    if site.colloid_leak > 0.0:
        yield Finding((*here, "colloid_leak"), "kind 'invitro' has no vessels that could leak", 'leave it out, or write kind = "tissue"')
    if site.concentrated != Concentrated():
        hint = "write what the solution holds in [medium]"
        yield Finding((*here, "concentrated"), "kind 'invitro' has a medium, and nothing that concentrates it", hint)


def unusual(scenario: Scenario) -> Iterator[Finding]:
    """What is accepted of sites and seldom meant. A [quick] variant is coarse on purpose and is not looked at.

    What voxels do not resolve is no error for the same reason: the text of a short variant must load again when its run goes on.
    """
    for i, site in enumerate(scenario.site):
        here: Path = ("site", i)
        yield from _tissues(site, here)
        edges = [edge for count, edge in zip(site.grid.shape, site.grid.spacing, strict=True) if count > 1]
        edge, extent = max(edges, default=0.0), max(site.grid.extents[: len(site.grid.shape)], default=0.0)
        if scenario.kind == "tissue" and _more(edge, COARSE):
            hint = "take more and smaller voxels"
            yield Finding((*here, "grid", "spacing"), f"voxels of {_mm(edge)}: above {_mm(COARSE)} a front is not resolved", hint)
        yield from _texture(site, edge, extent, (*here, "texture", "length"))
        if site.rim_perfusion > 1.0 and _more(edge, site.rim_width):
            message = f"{_mm(site.rim_width)} is less than a voxel ({_mm(edge)}): the rim of perfusion beside mineral is not resolved"
            yield Finding((*here, "rim_width"), message, "take a wider rim or smaller voxels")


def _texture(site: Site, edge: float, extent: float, key: Path) -> Iterator[Finding]:
    if site.texture is None or site.texture.strength == 0.0:
        return
    length = site.texture.length
    if edge == 0.0:
        yield Finding(key, "a site of one voxel has no texture, and gets one random factor", "leave texture out, or give the grid a shape")
    elif _more(edge, length):
        message = f"{_mm(length)} is less than a voxel ({_mm(edge)}): the texture is not resolved"
        yield Finding(key, message, "take a longer texture or smaller voxels")
    elif _more(length, _PATTERN * extent):
        message = f"{_mm(length)} is more than {_PATTERN:g} times the site ({_mm(extent)}), which gets one random factor and no texture"
        yield Finding(key, message, "take a shorter texture")


def _tissues(site: Site, here: Path) -> Iterator[Finding]:
    """Columns that are written and lie outside the range that the library states for the tissue.

    A region without a material changes what is there, so it may lie over any of those painted before. A region with role "injury" holds
    what an injury made of the tissue, for which no range is stated.
    """
    if site.perfusion:  # none at all is how a tissue is written that is fed through its faces
        yield from _outside({"perfusion": site.perfusion}, [site.tissue], here)
    yield from _outside(site.override, [site.tissue], (*here, "override"))
    painted = [site.tissue]
    for j, region in enumerate(site.region):
        if region.role != "injury":
            below = painted if region.material is None else [region.material]
            yield from _outside(region.override, below, (*here, "region", j, "override"))
        if region.material is not None:
            painted.append(region.material)


def _outside(written: Mapping[str, float], names: list[str], key: Path) -> Iterator[Finding]:
    """Those of the columns that are in the range of none of these tissues, with the range of the first."""
    for column, value in written.items():
        rows = [parameters.tables("tissues")[name].get(column) for name in names]
        if any(row is None or _may_be(row, value) for row in rows):
            continue
        row = rows[0]
        assert row is not None
        unit = "" if row.unit == "1" else f" {row.unit}"
        shown, low, high = (f"{one / float(units.unit(row.unit).factor):.4g}" for one in (value, *(row.range or ())))
        message = f"{shown}{unit} is unusual: {low} to {high}{unit} is what {names[0]} has"
        yield Finding((*key, column), message, "the range of data/tissues.toml")


def _may_be(row: parameters.Parameter, value: float) -> bool:
    """True within the range of a row and where it has none; and for a lower state of intact collagen, which is how damage is written."""
    if row.range is None or (row.name == "substrate_state" and row.value == 1.0):
        return True
    return not _more(row.range[0], value) and not _more(value, row.range[1])


def _more(one: float, other: float) -> bool:
    return one > other * (1.0 + _SLACK)


def _mm(length: float) -> str:
    return f"{1e3 * length:g} mm"

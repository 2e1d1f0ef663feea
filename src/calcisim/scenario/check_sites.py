"""Checks of single sites: what a site asks for and its fluid cannot give, tissue outside its range, and what voxels cannot resolve."""

from collections.abc import Iterator, Mapping

from calcisim import parameters, units
from calcisim.scenario.errors import Finding, Path
from calcisim.scenario.events import Excise, Injury
from calcisim.scenario.schema import Concentrated, Scenario, Site

COARSE = 1e-3  # m: a larger voxel holds a front of mineral and the fluid on both sides of it
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
        # a crystal_inflammation that is written as 0 is the arm of a comparison that has none, and keeps the rest of its keys
        unused = "crystal_inflammation" not in site.model_fields_set and not site.local_biology
        if site.inflamed_state is not None and unused:
            hint = "write crystal_inflammation = 1, or leave inflamed_state out"
            yield Finding((*here, "inflamed_state"), "has no effect without crystal_inflammation", hint)


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

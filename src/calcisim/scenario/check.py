"""Checks that need the whole scenario: names that must exist, times, places, and values that are allowed and unusual."""

import math
from collections.abc import Iterator
from typing import Any

from calcisim.scenario import check_sites, tissues
from calcisim.scenario.body_treatments import BodyTreatment, Dose, OnBody
from calcisim.scenario.errors import Finding, Path, nearest
from calcisim.scenario.events import ChangeMedium, Repeated
from calcisim.scenario.fields import rule_of
from calcisim.scenario.fluids import Fluid
from calcisim.scenario.regions import mask
from calcisim.scenario.schema import MAX_FRAMES, Scenario, Site

_MAX_MASKED = 2**21  # larger grids are checked by bounding box only


def findings(scenario: Scenario) -> list[Finding]:
    """Everything that is wrong across tables; empty when the scenario can run."""
    found = list(_fluids(scenario))
    found += _sites(scenario)
    if not found:
        for check in (_outputs, _events, _media, _treatments, _references, _regions, _collagen, check_sites.findings):
            found += check(scenario)
    return found


def _fluids(scenario: Scenario) -> Iterator[Finding]:
    if scenario.kind == "plasma" and scenario.site:
        yield Finding(("site",), "kind 'plasma' is the body without a site", 'leave [[site]] out, or write kind = "tissue"')
    for key in ("two_way", "lesion_volume"):
        if scenario.kind == "plasma" and getattr(scenario.plasma, key, None):
            yield Finding(("plasma", key), "without a site there is no tissue that could take anything", "leave it out")
    if scenario.kind == "plasma" and scenario.plasma is not None and not scenario.plasma.changes:
        yield Finding(("plasma", "driver"), "kind 'plasma' is a computed plasma, and this one is constant", 'write driver = "model"')
    wanted, other = ("medium", "plasma") if scenario.kind == "invitro" else ("plasma", "medium")
    if getattr(scenario, other) is not None:
        yield Finding((other,), f"kind {scenario.kind!r} has [{wanted}] and not [{other}]", "rename the table, or change kind")
    elif getattr(scenario, wanted) is None:
        yield Finding((wanted,), f"the table [{wanted}] is missing", 'it holds at least calcium and phosphate, or driver = "model"')


def _sites(scenario: Scenario) -> Iterator[Finding]:
    if not scenario.site and scenario.kind != "plasma":
        yield Finding(("site",), "there is no site", "add [[site]] with name, tissue and [site.grid]")
    yield from _unique("site", [site.name for site in scenario.site])
    for i, site in enumerate(scenario.site):
        names = [region.name for region in site.region]
        yield from (Finding(("site", i, *finding.key), *finding[1:]) for finding in _unique("region", names))


def _unique(word: str, names: list[Any]) -> Iterator[Finding]:
    seen = set()
    for i, name in enumerate(names):
        if name is not None and name in seen:
            yield Finding((word, i, "name"), f"there are two with the name {name!r}", "each needs its own name")
        seen.add(name)


def too_many(every: float, duration: float) -> bool:
    """True when one output `every` so often [s] makes more than MAX_FRAMES of them within `duration` [s]."""
    return duration / every > MAX_FRAMES


def _outputs(scenario: Scenario) -> Iterator[Finding]:
    for i, one in enumerate(scenario.output):
        if one.every is not None and too_many(one.every, scenario.duration):
            yield Finding(("output", i, "every"), f"this makes more than {MAX_FRAMES:,} outputs", "write results less often")
        if one.times is not None:
            yield from (finding for t in one.times for finding in _time(scenario, t, ("output", i, "times")))


def _time(scenario: Scenario, time: float, key: Path) -> Iterator[Finding]:
    if time > scenario.duration:
        late = f"day {time / 86400:g} is after the end of the run (day {scenario.duration / 86400:g})"
        yield Finding(key, late, "lengthen duration, or move it; --days N ends a run earlier")


def _site_of(scenario: Scenario, name: str | None, key: Path) -> tuple[Site | None, list[Finding]]:
    known = [site.name for site in scenario.site]
    if name is None:
        several = Finding(key, "site is missing: there are several", nearest("", known))
        return (scenario.site[0], []) if len(known) == 1 else (None, [several])
    if name not in known:
        return None, [Finding(key, f"there is no site {name!r}", nearest(name, known, "sites: "))]
    return scenario.site[known.index(name)], []


def _events(scenario: Scenario) -> Iterator[Finding]:
    seen: dict[Any, int] = {}
    for i, event in enumerate(scenario.event):
        here: Path = ("event", i)
        yield from _time(scenario, event.at, (*here, "at"))
        if isinstance(event, Repeated) and event.every is not None and too_many(event.every, scenario.duration):
            yield Finding((*here, "every"), f"this makes more than {MAX_FRAMES:,} injuries", "let it come less often, and stronger")
        site, wrong = _site_of(scenario, event.site, (*here, "site"))
        yield from wrong
        if site is not None:
            yield from _event_region(site, event.region, (*here, "region"))
        same = (event.kind, event.site, event.at, repr(event.region))
        if same in seen:
            twice = f"the same as event {seen[same]}: two {event.kind!r} in one place at one time"
            yield Finding((*here, "at"), twice, "remove one of them")
        seen.setdefault(same, i)


def _media(scenario: Scenario) -> Iterator[Finding]:
    """A medium can be changed where there is one, at the temperature that the constants of the run are for."""
    for i, event in enumerate(scenario.event):
        if not isinstance(event, ChangeMedium):
            continue
        if scenario.medium is None:
            yield Finding(("event", i, "kind"), f"kind {scenario.kind!r} has no medium to change", 'this event needs kind = "invitro"')
        elif event.medium is not None and event.medium.temperature != scenario.medium.temperature:
            warm, test = (f"{fluid.temperature - 273.15:g} degC" for fluid in (event.medium, scenario.medium))
            yield Finding(("event", i, "medium", "temperature"), f"is {warm} and the test is at {test}", f'write temperature = "{test}"')


def _collagen(scenario: Scenario) -> Iterator[Finding]:
    """Types II and III together are at most all of the collagen."""
    for i, site in enumerate(scenario.site):
        background = site.background()
        kinds: list[tuple[Path, tissues.Tissue]] = [(("site", i, "override"), background)]
        for j, region in enumerate(site.region):
            base = background if region.material is None else tissues.lookup(region.material)
            kinds.append((("site", i, "region", j, "override"), tissues.changed(base, region.override)))
        for key, kind in kinds:
            if kind.collagen_2_share + kind.collagen_3_share > 1.0:
                parts = f"collagen_2_share {kind.collagen_2_share:g} and collagen_3_share {kind.collagen_3_share:g}"
                yield Finding(key, f"{parts} are together more than 1", "the rest is type I")


def _event_region(site: Site, region: Any, key: Path) -> Iterator[Finding]:
    if isinstance(region, str):
        names = [one.name for one in site.region if one.name]
        if region not in names:
            known = nearest(region, names, "regions: ") or "name a [[site.region]], or write a shape table here"
            yield Finding(key, f"site {site.name!r} has no region {region!r}", known)
    elif region is not None:
        yield from _placed(site, region, key)


def _treatments(scenario: Scenario) -> Iterator[Finding]:
    for i, one in enumerate(scenario.treatment):
        here: Path = ("treatment", i)
        if one.site is not None:
            yield from _site_of(scenario, one.site, (*here, "site"))[1]
        if scenario.kind == "plasma" and not isinstance(one, OnBody):
            yield Finding((*here, "kind"), f"kind {one.kind!r} acts on tissue, and there is no site", "leave it out, or add [[site]]")
        if isinstance(one, BodyTreatment) and not scenario.fluid.changes:
            message = f"kind {one.kind!r} acts on the body, and the plasma is constant"
            yield Finding((*here, "kind"), message, 'write [plasma] driver = "model" with keys such as glomerular_filtration')
        if isinstance(one, Dose) and one.every is not None and too_many(one.every, scenario.duration):
            yield Finding((*here, "every"), f"this gives more than {MAX_FRAMES:,} doses", "give more at a time, or intake by the day")
        for key in ("start", "stop"):
            if getattr(one, key) is not None:
                yield from _time(scenario, getattr(one, key), (*here, key))
        for j, other in enumerate(scenario.treatment[:i]):
            ends = [math.inf if t.stop is None else t.stop for t in (one, other)]
            if one.clashes(other) and max(one.start, other.start) < min(ends):
                where = "of the whole body" if isinstance(one, BodyTreatment) else "at the same site"
                hint = "write one after the other" + (", or on other weekdays" if one.kind == "haemodialysis" else "")
                yield Finding((*here, "start"), f"overlaps treatment {j} of the same kind {where}", hint)


def _references(scenario: Scenario) -> Iterator[Finding]:
    for i, reference in enumerate(scenario.reference):
        here: Path = ("reference", i)
        yield from _time(scenario, reference.time, (*here, "time"))
        site, wrong = _site_of(scenario, reference.site, (*here, "site"))
        yield from wrong
        if site is not None and "per_mg" in reference.observable and not any(region.assay for region in site.region):
            message = f"{reference.observable!r} is taken over the regions with assay = true, and site {site.name!r} has none"
            yield Finding((*here, "observable"), message, "set assay = true on a [[site.region]]")


def _regions(scenario: Scenario) -> Iterator[Finding]:
    for i, site in enumerate(scenario.site):
        for j, region in enumerate(site.region):
            yield from _placed(site, region, ("site", i, "region", j))


def _placed(site: Site, region: Any, key: Path) -> Iterator[Finding]:
    """The region must reach into the grid and hold at least one voxel centre."""
    extents = site.grid.extents
    for axis, (low, high), extent in zip("xyz", region.bounds(), extents, strict=True):
        if high <= 0.0 or low >= extent:
            size = " x ".join(f"{1e3 * e:g}" for e in extents)
            hint = f"the grid is {size} mm, coordinates start at its low corner"
            yield Finding(key, f"the region lies outside the grid along {axis}", hint)
            return
    if math.prod(site.grid.counts) <= _MAX_MASKED and not mask(region, *site.grid.centres()).any():
        yield Finding(key, "the region holds no voxel centre", "make it larger than a voxel, or take a finer spacing")


def unusual(scenario: Scenario) -> list[Finding]:
    """Values that are accepted and unusual: of the plasma, far from what is measured in people and animals, and of the sites."""
    found = list(check_sites.unusual(scenario))
    fluid = scenario.plasma
    if fluid is None:
        return found
    for name in (name for name in Fluid.model_fields if name not in fluid.computed):
        rule, value = rule_of(type(fluid), name), getattr(fluid, name)
        if rule is None or rule.plausible is None or value is None or rule.plausible[0] <= value <= rule.plausible[1]:
            continue
        low, high = rule.plausible
        unit = "" if rule.kind == "number" else " mmol/L"
        found.append(Finding(("plasma", name), f"{value:.4g}{unit} is unusual: {low:g} to {high:g}{unit} is what plasma has", ""))
    return found

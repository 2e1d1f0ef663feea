"""Names of outputs in a scenario: what is measured or expected must be something that a run computes.

The schema stands below the registry of outputs and cannot ask it, so this is asked here, before anything is run.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from calcisim.results import observables, summary
from calcisim.scenario import build
from calcisim.scenario.document import Document, Origin, named_key
from calcisim.scenario.errors import Mistake, ScenarioError, nearest, shown
from calcisim.scenario.schema import Scenario
from calcisim.studies.labels import LABELS

_PREFIX = "calcisim computes "


def load(name: str | Path, sets: Iterable[str] = (), quick: bool = False) -> Scenario:
    """As `scenario.load`; also a `ScenarioError` for a measured or expected quantity that no run computes."""
    merged, origin = build.read(name, sets)
    loaded = build.from_document(merged, origin, quick=quick)
    found = [*_references(merged, origin), *_expected(loaded.expect, {site.name for site in loaded.site}, origin)]
    if found:
        raise ScenarioError(found)
    return loaded


def _references(merged: Document, origin: Origin) -> Iterator[Mistake]:
    """Of the document as written: --quick drops the measurements beyond its end, and these are wrong all the same."""
    for number, row in enumerate(merged.get("reference", ())):
        name = row["observable"]
        if name not in observables.REGISTRY:
            hint = nearest(name, observables.REGISTRY, _PREFIX)
            yield origin.mistake(named_key(merged, ("reference", number, "observable")), f"there is no output {shown(name)}", hint)


def _expected(table: dict[str, Any], sites: set[str], origin: Origin, above: tuple[str, ...] = ("expect",)) -> Iterator[Mistake]:
    """[expect] has summary quantities as keys, at its top tables of them by site, and the label that `calcisim classify` should give."""
    known = {*observables.REGISTRY, *summary.REQUIRED}
    for name, value in table.items():
        if name == "label" and len(above) == 1:
            if value not in LABELS:
                yield origin.mistake((*above, name), f"there is no label {shown(value)}", nearest(str(value), LABELS, "labels: "))
        elif len(above) == 1 and name in sites and isinstance(value, dict):
            yield from _expected(value, sites, origin, (*above, name))
        elif name not in known:
            yield origin.mistake((*above, name), f"there is no output {shown(name)}", nearest(name, known, _PREFIX))

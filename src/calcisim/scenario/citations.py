"""Which parameter tables and which references a scenario rests on."""

from calcisim import parameters, sources
from calcisim.parameters import Parameter
from calcisim.physics import speciation_data
from calcisim.scenario.schema import Scenario


def tables(scenario: Scenario) -> dict[str, dict[str, Parameter]]:
    """The parameter tables that a scenario can read: all but those of tissues, materials and treatments that it does not name, and of the
    body where the plasma is constant; the body alone reads its own, that of plasma and those of its treatments."""
    every = parameters.all_tables()
    unused = set(parameters.tables("treatments")) - {treatment.kind for treatment in scenario.treatment}
    for name in unused:
        del every[f"treatments.{name}"]
    if scenario.kind == "plasma":
        return {name: rows for name, rows in every.items() if name in ("body", "plasma") or name.startswith("treatments.")}
    named = {site.tissue for site in scenario.site} | {region.material for site in scenario.site for region in site.region}
    if not scenario.fluid.changes:
        del every["body"]
    return {name: rows for name, rows in every.items() if not name.startswith("tissues.") or name.partition(".")[2] in named}


def citations(scenario: Scenario) -> tuple[str, ...]:
    """Sorted keys of references.bib: the literature and references of the file, its treatments, the chemistry, and its parameters.

    Of the tissue library only the tables of its tissues and materials count; free texts in `source` are left out.
    """
    found = set(scenario.literature)
    for row in speciation_data.rows().values():
        found.update(sources.split_keys(row.get("source", "")))
    for reference in scenario.reference:
        found.update(sources.split_keys(reference.source))
    for treatment in scenario.treatment:
        found.update(treatment.cite)
    found.update(key for rows in tables(scenario).values() for row in rows.values() for key in row.sources)
    return tuple(sorted(found & set(sources.references())))

"""Which references a scenario rests on."""

from calcisim import parameters, sources
from calcisim.physics import speciation_data
from calcisim.scenario.schema import Scenario


def citations(scenario: Scenario) -> tuple[str, ...]:
    """Sorted keys of references.bib: the literature and references of the file, its treatments, and the parameters it uses.

    Of the tissue library only the tables of its tissues and materials count; free texts in `source` are left out.
    """
    found = set(scenario.literature)
    for row in speciation_data.rows().values():
        found.update(sources.split_keys(row.get("source", "")))
    for reference in scenario.reference:
        found.update(sources.split_keys(reference.source))
    for treatment in scenario.treatment:
        found.update(treatment.cite)
    used = {site.tissue for site in scenario.site} | {region.material for site in scenario.site for region in site.region}
    for name, rows in parameters.all_tables().items():
        group, _, part = name.partition(".")
        if group != "tissues" or part in used:
            found.update(key for row in rows.values() for key in row.sources)
    return tuple(sorted(found & set(sources.references())))

"""One paragraph in plain words on what a run showed, with its key numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

from calcisim.results import observables
from calcisim.results.report_values import outside, worst_book
from calcisim.results.report_words import STILL, length, listed, mass, number, onset, percent

_PHASES = {
    "hap_fraction": "hydroxyapatite", "ocp_fraction": "octacalcium phosphate", "acp_fraction": "amorphous calcium phosphate",
    "mg_acp_fraction": "amorphous calcium phosphate stabilised by magnesium", "dcpd_fraction": "dicalcium phosphate dihydrate",
}  # fmt: skip
_LIMITS = {
    "supply": "supply: calcium and phosphate come more slowly than they could be taken up",
    "nucleation": "nucleation: most particles have stopped growing, and new mineral waits for new nuclei",
    "surface": "the surface of the crystals, which take up less than is supplied",
}
_SHORT = {
    "calcium_total_mmol_per_l": "total calcium", "calcium_ionised_mmol_per_l": "ionised calcium", "phosphate_mmol_per_l": "phosphate",
    "magnesium_mmol_per_l": "magnesium", "bicarbonate_mmol_per_l": "bicarbonate", "ph": "pH", "carbon_dioxide_mmhg": "pCO₂",
    "pth_pg_per_ml": "PTH", "calcitriol_pmol_per_l": "calcitriol", "hydroxyvitamin_d_nmol_per_l": "25-hydroxyvitamin D",
    "fgf23_pg_per_ml": "FGF23", "gfr_ml_per_min": "filtration",
}  # fmt: skip
LEAST = 1e-9  # mg of calcium: less than that is nothing
SHARE = 0.05  # of the calcium: phases with less are not named


def sentences(document: Mapping[str, Any], days: float, kind: str, label: str | None) -> list[str]:
    """The sentences: of the deposit, or of the plasma where it was computed alone. label: what the scenario's [expect] calls it."""
    if document.get("deposit_calcium_mg") is None:
        return list(_of_plasma(document, days))
    where = "the test solution" if kind == "invitro" else "the tissue"
    return [*_deposit(document, days, where), *_form(document), *_removed(document), *_cause(document, kind, label), *_books(document)]


def _deposit(document: Mapping[str, Any], days: float, where: str) -> Iterator[str]:
    amount, span = document["deposit_calcium_mg"], length(days)
    if amount < LEAST:
        yield f"After {span} there is no mineral in {where}."
    else:
        density, dry = document.get("deposit_calcium_mg_per_cm3"), document.get("calcium_ug_per_mg_dry")
        more = [f"{number(dry, 3)}{STILL}µg per mg of dry tissue where it is assayed"] if dry else []
        more += [f"{mass(density)}/cm³ on average over the {'sites' if len(document.get('sites', {})) > 1 else 'site'}"] if density else []
        yield f"After {span} the mineral in {where} holds {mass(amount)} of calcium" + (f": {listed(more)}." if more else ".")
        yield from _sites(document, amount)
    begins = document.get("onset_day")
    if begins is None:
        yield "The deposit never passes 0.01 mg of calcium per cm³, which is what counts as an onset."
    else:
        yield f"Its onset, the passing of 0.01 mg of calcium per cm³, is {onset(begins)}."


def _sites(document: Mapping[str, Any], amount: float) -> Iterator[str]:
    held = {site: values.get("deposit_calcium_mg") or 0.0 for site, values in document.get("sites", {}).items()}
    if len(held) > 1 and amount > 0.0:
        most = max(held, key=lambda site: held[site])
        yield f"Of {len(held)} sites, {most} holds most: {percent(held[most] / amount)} of the calcium."


def _form(document: Mapping[str, Any]) -> Iterator[str]:
    if document["deposit_calcium_mg"] < LEAST:
        return
    count, largest = document.get("clump_count"), document.get("largest_clump_mm")
    if count and largest is not None:
        noun = "one connected clump" if count == 1 else f"{number(count)} connected clumps, the largest"
        yield f"There {'is' if count == 1 else 'are'} {noun} {number(largest, 3)}{STILL}mm across."
    elif count == 0:
        yield "Nowhere is it dense enough (1 mg of calcium per cm³) to count as a clump."
    shares = sorted(((document.get(name) or 0.0, words) for name, words in _PHASES.items()), reverse=True)
    named = [f"{percent(share)} {words}" for share, words in shares if share >= SHARE]
    if named:
        yield f"By calcium it is {listed(named)}."
    if document.get("limiting_step") in _LIMITS:
        yield f"At the end growth is held back by {_LIMITS[document['limiting_step']]}."


def _removed(document: Mapping[str, Any]) -> Iterator[str]:
    words = {"excised_calcium_mg": "cut out", "resorbed_calcium_mg": "given back by giant cells", "drained_calcium_mg": "poured off"}
    found = [f"{mass(document[name])} {done}" for name, done in words.items() if (document.get(name) or 0.0) > LEAST]
    if found:
        yield f"Calcium that left on the way: {listed(found)}."


def _cause(document: Mapping[str, Any], kind: str, label: str | None) -> Iterator[str]:
    if kind != "tissue":
        return
    if document.get("onset_day") is None:
        yield "Without an onset it is called no calcification."
    elif label:
        yield f"Its scenario expects the label “{label}”, which calcisim classify would test."


def _books(document: Mapping[str, Any]) -> Iterator[str]:
    worst = worst_book(document)
    if worst is not None:
        yield f"Books close to {number(worst, 2)}."


def _of_plasma(document: Mapping[str, Any], days: float) -> Iterator[str]:
    named = ("calcium_total_mmol_per_l", "phosphate_mmol_per_l", "pth_pg_per_ml")
    found = [
        f"{_SHORT[name]} is {number(document[name], 3)}{STILL}{observables.unit(name)}" for name in named if document.get(name) is not None
    ]
    if not found:
        yield f"The plasma was computed over {length(days)}."
        return
    yield f"After {length(days)}, {listed(found)}."
    beyond = outside(document)
    if beyond:
        yield f"Outside their reference ranges lie {listed([f'{_SHORT[name]} ({side}, {number(v, 3)})' for name, v, side in beyond])}."
    else:
        yield "All of its values that have a reference range lie within it."
    yield from _books(document)

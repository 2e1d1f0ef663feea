"""The report of runs: one HTML file that needs nothing else, gathered here from the files of their directories.

`of_run` reads one run, `of_study` one comparison of arms, `beside` sets several runs against each other, and `page` writes the HTML.
Everything comes from the directories and the data of calcisim: the same runs give the same bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import StorageError
from calcisim.results import (
    directory as run_directory,
)
from calcisim.results import (
    report_asked,
    report_citations,
    report_clumps,
    report_figures,
    report_frames,
    report_series,
    report_values,
    report_verdict,
    store,
    summary,
    timeseries,
)
from calcisim.results.files import plain
from calcisim.results.report_series import BOOKS, PLASMA
from calcisim.results.report_words import length, moment, quantity

NOTICE = "For research; hypothesis-generating; not for clinical decisions."
NAME = "report.html"
_FILES = (summary.NAME, timeseries.NAME, store.NAME, run_directory.SCENARIO)  # whose hashes are told


def scenario_of(place: Path) -> Any:
    """The resolved scenario of a run directory."""
    from calcisim import scenario

    return scenario.load(str(place / run_directory.SCENARIO))


def of_run(place: Path, key: str) -> dict[str, Any]:
    """Everything that the report tells of the run in `place`; key: what its parts are called in the page.

    Raises `UsageError` for a directory that is no run, and `StorageError` for one that is damaged. A run that is not finished is told as
    far as it went.
    """
    place = Path(place)
    provenance = run_directory.provenance(place)
    loaded = scenario_of(place)
    finished = summary.read(place)
    series = _series(place, finished is not None)
    document = finished or report_values.last_row(series)
    days = float(series["time_d"][-1]) if len(series["time_d"]) else 0.0
    figures = report_figures.embedded(place)
    laboratory = report_values.laboratory(document, series)
    apart = (BOOKS, PLASMA) if laboratory and loaded.site else (BOOKS,)
    found: dict[str, Any] = {
        "key": key,
        "label": place.resolve().name,
        "title": loaded.title,
        "scenario": provenance["scenario"],
        "kind": loaded.kind,
        "finished": finished is not None,
        "reached": moment(days),
        "planned": moment(provenance["days"]),
        "numbers": report_values.key_numbers(document),
        "verdict": _verdict(document, days, loaded, bool(len(series["time_d"]))),
        "asked": _asked(place, loaded, provenance),
        "table": report_values.table(document, apart),
        "measured": report_asked.measured(loaded, series),
        "figures": {name: list(report_figures.of_section(figures, name)) for name in ("figures", "clumps", "plasma")},
        "sites": [site.name for site in loaded.site],
        "plasma": laboratory,
        "apart": len(apart) > 1,
        "fluid": _fluid(loaded),
        "treatments": report_asked.treatments(loaded, provenance["days"] * report_asked.DAY),
        "books": report_values.books(document, series),
        "provenance": _provenance(place, provenance, document),
        "cited": run_directory.cited(place),
    }
    maps, clumps = _maps(place, finished is not None)
    found |= {"maps": maps, "clumps": clumps}
    found["chart"] = report_series.chart([("simulated", series)], loaded.reference, report_asked.marks(loaded))
    return {**found, "_document": document, "_series": series, "_scenario": loaded}


def _series(place: Path, finished: bool) -> dict[str, np.ndarray]:
    """The time series; without any row where a run was stopped before its first one."""
    if not finished and not (place / timeseries.NAME).exists():
        return {"time_d": np.zeros(0)}
    return timeseries.read(place)


def _maps(place: Path, finished: bool) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Frames and clumps; of a run that was cut off, what can be read of them."""
    try:
        return report_frames.read(place / store.NAME), report_clumps.read(place / store.NAME)
    except StorageError:
        if finished:
            raise
        return None, []


def _verdict(document: Mapping[str, Any], days: float, loaded: Any, begun: bool) -> list[str]:
    if not begun:
        return ["Nothing was computed yet."]
    return report_verdict.sentences(document, days, loaded.kind, loaded.expect.get("label"))


def _asked(place: Path, loaded: Any, provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": loaded.description,
        "command": provenance.get("command", ""),
        "length": length(provenance["days"]),
        "seed": provenance["seed"],
        "quick": bool(provenance.get("quick")),
        "sets": list(provenance.get("sets") or ()),
        "text": (place / run_directory.SCENARIO).read_text(encoding="utf-8"),
        "changes": report_asked.changes(loaded, provenance),
        "events": report_asked.events(loaded, provenance["days"] * report_asked.DAY),
        "versions": dict(provenance["versions"]),
    }


def _fluid(loaded: Any) -> dict[str, Any]:
    """The plasma or medium as it was written, and where it comes from."""
    from calcisim.scenario import text

    name = "medium" if loaded.plasma is None else "plasma"
    written = text.document(getattr(loaded, name))
    rows = [
        {"name": key.replace("_", " "), "value": quantity(value)}
        for key, value in written.items()
        if not isinstance(value, (dict, list, bool))
    ]
    return {"name": name, "changes": bool(loaded.fluid.changes), "rows": rows}


def _provenance(place: Path, provenance: Mapping[str, Any], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Name, value and whether it is a hash, of all that says where this run came from."""
    found: list[tuple[str, Any]] = [
        ("made", provenance.get("created")),
        ("Python", provenance.get("python")),
        ("system", provenance.get("system")),
    ]
    hashes: list[tuple[str, Any]] = [(f"{name} as it is here", _sha256(place / name)) for name in _FILES if (place / name).exists()]
    hashes += [("scenario when the run began", provenance["scenario_sha256"]), ("sources of calcisim", provenance["source_sha256"])]
    hashes += [("data of calcisim", provenance.get("data_sha256")), ("last state", document.get("state_sha256"))]
    rows = [{"name": name, "value": str(value), "hash": False} for name, value in found if value]
    return rows + [{"name": name, "value": str(value), "hash": True} for name, value in hashes if value]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def beside(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Several runs against each other: their curves, and their totals side by side; None for one."""
    if len(runs) < 2:
        return None
    columns = {run["label"]: run["_document"] for run in runs}
    table = report_values.table({"sites": columns, **_any(columns)})
    for group in (*table["groups"], {"rows": table["undefined"]}):
        for row in group["rows"]:
            row["cells"] = row["cells"][1:]
    return {
        "columns": table["columns"][1:],
        "groups": table["groups"],
        "chart": report_series.chart([(run["label"], run["_series"]) for run in runs]),
    }


def _any(columns: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A document that has every name that one of the columns has."""
    return {name: value for document in columns.values() for name, value in document.items() if name != "sites"}


def distinct(names: Sequence[str]) -> list[str]:
    """The names, each told from its equals before it by a number."""
    found: list[str] = []
    for name in names:
        again, number = name, 2
        while again in found:
            again, number = f"{name} ({number})", number + 1
        found.append(again)
    return found


def page(runs: Sequence[Mapping[str, Any]], studies: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any], version: str) -> str:
    """The HTML of runs and comparisons of arms; parameters: `rows` and `others`, whether data of another calcisim were used."""
    import jinja2

    from calcisim import sources

    keys = sorted({key for one in (*runs, *studies) for key in one["cited"]})
    together = beside(runs)
    charts = {one["key"]: one["chart"] for one in (*runs, *studies)} | ({"together": together["chart"]} if together else {})
    data = {"colours": report_frames.colours(), "charts": charts, "maps": {run["key"]: run["maps"] for run in runs if run["maps"]}}
    script = _asset("report.js")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
    return environment.get_template("report.html").render(
        runs=runs,
        studies=studies,
        together=together,
        parameters=parameters,
        citations=report_citations.formatted(keys),
        bibtex=sources.bibtex(keys),
        data=plain(data),
        style=_asset("report.css"),
        script=script,
        script_hash=_csp_hash(script),
        notice=NOTICE,
        version=version,
    )


def _csp_hash(script: str) -> str:
    """What the page's policy names its one script by, so that no other runs."""
    import base64

    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _asset(name: str) -> str:
    return files("calcisim.results").joinpath("templates", name).read_text(encoding="utf-8")

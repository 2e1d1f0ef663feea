"""The report of runs and comparisons (`calcisim report`): what each directory is, the parameters behind it, and the file it becomes."""

import shlex
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from calcisim.errors import UsageError
from calcisim.results import report, report_study
from calcisim.results.files import read_object, storage, write_text
from calcisim.scenario import PlausibilityWarning
from calcisim.studies import catalogue, compare, provenance

MOST = 12  # directories in one report


def write(places: Sequence[Path], out: Path | None = None, force: bool = False) -> dict[str, Any]:
    """Write the report of run directories and comparisons; returns what it holds and where it is.

    out: RUN/report.html for one directory by default, report.html here for several. Raises `UsageError` for a directory that is neither
    a run nor a comparison, and for a file that is there already, unless `force` replaces it.
    """
    if not 1 <= len(places) <= MOST:
        raise UsageError(f"a report is of 1 to {MOST} directories, not of {len(places)}")
    path = _target(places, out, force)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlausibilityWarning)  # what is unusual in a scenario was said when it was run
        return _written(path, places)


def _written(path: Path, places: Sequence[Path]) -> dict[str, Any]:
    """Gather, write, and say what was written."""
    studies = [place for place in places if (place / compare.ASKED).exists()]
    directories = [place for place in places if place not in studies]
    runs = [report.of_run(place, f"run-{number}") for number, place in enumerate(directories, 1)]
    for run, label, place in zip(runs, report.distinct([run["label"] for run in runs]), directories, strict=True):
        run |= {"label": label, "resume": shlex.join(["calcisim", "resume", str(place)])}
    compared = [_study(place, f"study-{number}") for number, place in enumerate(studies, 1)]
    text = report.page(runs, compared, _parameters([*runs, *compared]), provenance.versions().get("calcisim", ""))
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    told = [{"directory": place, "finished": run["finished"]} for place, run in zip(directories, runs, strict=True)]
    return {"report": path, "bytes": len(text.encode()), "runs": told, "comparisons": studies}


def _target(places: Sequence[Path], out: Path | None, force: bool) -> Path:
    """Where the report goes."""
    path = Path(out) if out is not None else places[0] / report.NAME if len(places) == 1 else Path(report.NAME)
    if path.is_dir():
        raise UsageError(f"--out {path}: is a directory; name a file, for example --out {path / report.NAME}")
    if path.exists() and not force:
        raise UsageError(f"{path}: is there already, and nothing is ever overwritten. Choose another --out, or add --force to replace it.")
    return path


def _study(place: Path, key: str) -> dict[str, Any]:
    """A comparison with the scenarios of its arms, and what they cite."""
    from calcisim import scenario
    from calcisim.scenario.citations import citations

    document, members = compare.read(place)
    asked = read_object(place / compare.ASKED, {"scenario": str, "arms": dict})
    try:
        arms = {name: scenario.load(arm["scenario"], arm["set"], document["quick"]) for name, arm in document["arms"].items()}
    except UsageError:  # a file of the user's that is not at hand any more
        arms = {}
    found = report_study.of_study(place, key, document, members, asked)
    return {**found, "cited": sorted({one for loaded in arms.values() for one in citations(loaded)}), "_scenarios": list(arms.values())}


def _parameters(found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The parameters behind all of them, each once, and whether some of them were computed with other data than those of this calcisim."""
    from calcisim.jit import data_hash

    rows: dict[str, dict[str, Any]] = {}
    hashes = set()
    for one in found:
        scenarios = one["_scenarios"] if "_scenarios" in one else [one["_scenario"]]
        for loaded in scenarios:
            rows |= {row["name"]: row for row in catalogue.parameters_used(loaded)}
        hashes |= {row["value"] for row in one["provenance"] if row["name"].startswith("data")}
    counts = {quality: sum(row["quality"] == quality for row in rows.values()) for quality in ("measured", "fitted", "assumed")}
    return {"rows": [_row(row) for row in rows.values()], "counts": counts, "others": bool(hashes - {data_hash()})}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    from calcisim import sources
    from calcisim.results.report_words import number, unit

    sides = row["range"]
    return {
        **row,
        "table": row["name"].rpartition(".")[0],
        "short": row["name"].rpartition(".")[2],
        "value": number(row["value"], 5),
        "unit": unit(row["unit"]),
        "range": "" if sides is None else f"{number(sides[0])} to {number(sides[1])}",
        "sources": sources.split_keys(row["source"]),
    }

"""Compare arms: every member of a cohort goes through all of them with the same random numbers, in processes, and can be resumed.

A directory holds comparison.json (what was asked), members/ARM/0001.json (one file per member and arm, written as they end),
comparison.csv (a row per arm and member), summary.json and figures/comparison.png. The tables are made of the members' files alone, so
they are the same bytes however often the study was stopped and however many processes shared it.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calcisim.errors import StorageError, UsageError
from calcisim.results.files import dumps, read_object, storage, write_text
from calcisim.studies import executor, outcomes, provenance, replicate, resources, study_directory
from calcisim.studies.comparison import Study
from calcisim.studies.executor import Executor
from calcisim.studies.interrupt import DROPPED, Interrupts
from calcisim.studies.progress import clock

ASKED, TABLE, SUMMARY, MEMBERS = "comparison.json", "comparison.csv", "summary.json", "members"
Say = Callable[[str], None]
Found = dict[tuple[str, int], dict[str, Any]]  # by arm and replicate


@dataclass(frozen=True)
class Compared:
    """How a comparison ended: its summary when finished, the signal that stopped it otherwise."""

    directory: Path
    summary: dict[str, Any] | None
    signal: int | None = None


def asked(study: Study) -> dict[str, Any]:
    """What makes a comparison this one and no other: arms, cohort, seed, sources. The number of replicates is not: more may follow."""
    from calcisim import scenario
    from calcisim.jit import data_hash, source_hash

    return {
        "scenario": study.scenario,
        "arms": {
            arm.name: {"scenario": arm.base, "set": arm.sets, "sha256": provenance.text_sha256(scenario.dump(study.load(arm)))}
            for arm in study.arms
        },
        "quick": study.quick,
        "days": study.days,
        "seed": study.seed,
        "cohort": study.people,
        "vary": {path: row.model_dump(exclude_none=True) for path, row in study.rows.items()},
        "spread": study.scale,
        "source_sha256": source_hash(),
        "data_sha256": data_hash(),
    }


def compare(study: Study, out: Path | None = None, workers: int | None = None, say: Say = lambda text: None) -> Compared:
    """Run what is not there yet of a comparison, and write its tables. Raises UsageError for a directory that holds something else."""
    where = executor.Processes(workers)
    document = json.loads(dumps(asked(study)))
    place = study_directory.called(study.scenario, "compare", document) if out is None else Path(out)
    with study_directory.taken(place, ASKED, document, {"scenario": str, "arms": dict, "seed": int}, "comparison"):
        with Interrupts(say, DROPPED) as interrupts:
            found = _members(place, study, where, say, lambda: interrupts.received is not None)
            if len(found) < len(study.arms) * study.replicates:
                return Compared(place, None, interrupts.received)
        return Compared(place, _write(place, study, found))


def _file(place: Path, arm: str, number: int) -> Path:
    return place / MEMBERS / arm / f"{number:04d}.json"


def _members(place: Path, study: Study, where: Executor, say: Say, stop: Callable[[], bool]) -> Found:
    """Every member in every arm: those on the disk, and those that are run now, as far as nobody stops it."""
    every = [(arm, number) for number in range(1, study.replicates + 1) for arm in study.arms]
    more = max((len(list((place / MEMBERS / arm.name).glob("*.json"))) for arm in study.arms), default=0)
    if more > study.replicates:
        raise UsageError(f"{place}: holds {more} replicates already; ask for as many or more, or choose another --out")
    found = {(arm.name, number): _member(path) for arm, number in every if (path := _file(place, arm.name, number)).exists()}
    if len(found) < len(every):
        found |= _run(place, study, found, where, say, stop)
    return found


def _member(path: Path) -> dict[str, Any]:
    """What a member's file says."""
    found = read_object(path, {})
    if "error" not in found and not {"factors", "final", "onset", "days", "course"} <= set(found):
        raise StorageError(f"{path}: is damaged: it is no member of a comparison. Delete it, and run the same command again")
    return found


def _tasks(study: Study, found: Found) -> dict[Any, tuple[Any, ...]]:
    """What is left to do: for every member and group of arms with a common past, the arms that are not there."""
    tasks: dict[Any, tuple[Any, ...]] = {}
    together = replicate.groups(study)
    for number in range(1, study.replicates + 1):
        for arms in together:
            left = [arm for arm in arms if (arm.name, number) not in found]
            if left:
                tasks[number, tuple(arm.name for arm in left)] = (study, left, number)
    return tasks


def _run(place: Path, study: Study, before: Found, where: Executor, say: Say, stop: Callable[[], bool]) -> Found:
    tasks = _tasks(study, before)
    runs = sum(len(arms) for _, arms in tasks)
    first = study.load(study.arms[0])
    if not study.rows and study.replicates > 1:
        say("no cohort: members differ by chance alone (nucleation, irregular injuries); --cohort NAME lets them differ as people do")
    say(f"{runs} runs of {first.title}, into {place}")
    began = time.monotonic()
    found: Found = {}
    for done in where.run(replicate.follow, tasks, resources.estimate(first), say, stop):
        number, arms = done.key
        for arm in arms:
            result: dict[str, Any] = done.value[arm] if done.error is None else {"error": done.error}
            found[arm, number] = result if done.again else _keep(_file(place, arm, number), result)
            text = f"failed: {result['error']}" if "error" in result else f"{result['final']['deposit_calcium_mg']:.4g} mg Ca"
            left = (time.monotonic() - began) / len(found) * (runs - len(found))
            say(f"{len(found)} of {runs}: {arm}, replicate {number}: {text}" + (f", {clock(left)} left" if left >= 1.0 else ""))
    return found


def _keep(path: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Write a member's file; returns what reading it gives."""
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    text = dumps(result)
    write_text(path, text)
    kept: dict[str, Any] = json.loads(text)
    return kept


def rows_of(study: Study, found: Found) -> list[dict[str, Any]]:
    """The rows of the table: by replicate, then by arm; a run that failed has its error and blanks."""
    reference = study.arms[0]
    begin = replicate.changes_begin([study.load(arm) for arm in study.arms])
    rows = []
    for number in range(1, study.replicates + 1):
        twin = found[reference.name, number]
        for arm in study.arms:
            one = found[arm.name, number]
            row: dict[str, Any] = {"arm": arm.name, "replicate": number, "seed": study.seed_of(number)}
            row |= {"status": "failed" if "error" in one else "finished", "error": one.get("error", "")}
            if "error" not in one:
                row |= {f"factor.{path}": value for path, value in one["factors"].items()}
                row |= outcomes.outcome(one, None if "error" in twin or arm == reference else twin, begin)
                row |= {f"final.{name}": value for name, value in one["final"].items()}
            rows.append(row)
    return rows


def summarise(study: Study, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The summary: what was compared, and for every arm its failures and outcomes over the members that finished in it (changes: in it and
    in the reference)."""
    arms = {}
    for arm in study.arms:
        own = [row for row in rows if row["arm"] == arm.name]
        finished = [row for row in own if row["status"] == "finished"]
        arms[arm.name] = {
            "scenario": arm.base,
            "set": arm.sets,
            "finished": len(finished),
            "failed": [{"replicate": row["replicate"], "error": row["error"]} for row in own if row["status"] == "failed"],
            "outcomes": outcomes.over_members(finished),
        }
    return {
        "scenario": study.scenario,
        "reference": study.arms[0].name,
        "replicates": study.replicates,
        "seed": study.seed,
        "quick": study.quick,
        "cohort": study.people,
        "spread": study.scale,
        "response": outcomes.RESPONSE,
        "arms": arms,
    }


def _write(place: Path, study: Study, found: Found) -> dict[str, Any]:
    from calcisim.results import comparison

    rows = rows_of(study, found)
    document: dict[str, Any] = json.loads(dumps(summarise(study, rows)))
    write_text(place / TABLE, study_directory.table(rows))
    measured = {arm.name: study.load(arm).reference for arm in study.arms}
    comparison.draw(place, [arm.name for arm in study.arms], _curves(study, found), rows, measured)
    write_text(place / SUMMARY, dumps(document))
    return document


def _curves(study: Study, found: Found) -> dict[str, list[dict[str, Any]]]:
    """What is drawn: the courses of the members that finished, by arm."""
    return {arm.name: list(_finished(study, found, arm.name)) for arm in study.arms}


def _finished(study: Study, found: Found, arm: str) -> Iterator[dict[str, Any]]:
    for number in range(1, study.replicates + 1):
        if "error" not in found[arm, number]:
            yield found[arm, number]


def read(place: Path) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """A finished comparison: its summary, and the members that finished by arm. Raises UsageError when there is none."""
    place = Path(place)
    if not (place / ASKED).exists():
        raise UsageError(f"{place}: is no comparison; make one with: calcisim compare SCENARIO --arm … --replicates N")
    if not (place / SUMMARY).exists():
        raise UsageError(f"{place}: is not finished; run the same 'calcisim compare' again to go on")
    document = read_object(place / SUMMARY, {"scenario": str, "arms": dict, "replicates": int})
    members: dict[str, list[dict[str, Any]]] = {}
    for arm in document["arms"]:
        files = sorted((place / MEMBERS / arm).glob("*.json"))[: document["replicates"]]
        if len(files) < document["replicates"]:
            raise StorageError(f"{place / MEMBERS / arm}: a member's file is gone; run the same 'calcisim compare' again")
        members[arm] = [one for one in map(_member, files) if "error" not in one]
    return document, members

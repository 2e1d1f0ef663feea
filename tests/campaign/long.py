"""The long column of the reliability campaign: `python tests/campaign/long.py [--only K1,R3] [--out FILE.json] [--again]`.

Finished rows are kept in FILE (docs/reliability.json by default), and a row that was broken off goes on where it was if the sources are
the same. Afterwards `python docs/reliability.py` writes the page.
"""

import argparse
import datetime
import importlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT / "tests")

from campaign.rows import ROWS, Row, Tally, run  # noqa: E402  (the folder of tests must be found first)

MODULES = [
    path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem not in {"rows", "long"} and path.stem[:5] != "test_"
]
BLOCK_SECONDS = 20.0
FORGETFUL = {"M2"}  # cannot go on in another process


def commit() -> str:
    """Short hash of what is tested, with a word when sources or scenarios differ from it."""
    asked = ["git", "-C", str(ROOT)]
    head = subprocess.run([*asked, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    clean = subprocess.run([*asked, "diff", "--quiet", "HEAD", "--", "src", "configs"], check=False).returncode == 0
    return head if clean else f"{head} + changes"


def document(one: Row, tally: Tally, made_by: str) -> dict:
    """What is kept of a row."""
    return {
        "trials": tally.trials,
        "passed": tally.passed,
        "kinds": dict(sorted(tally.kinds.items())),
        "failures": tally.failures,
        "seconds": round(tally.seconds, 1),
        "date": datetime.date.today().isoformat(),
        "commit": made_by,
        "unit": one.unit,
    }


def kept(found: dict | None, made_by: str, one: Row) -> Tally:
    """The tally of a row that was broken off, an empty one where it cannot go on."""
    if not found or found["commit"] != made_by or one.id in FORGETFUL:
        return Tally()
    return Tally(found["trials"], found["seconds"], Counter(found["kinds"]), list(found["failures"]))


def write(path: Path, rows: dict) -> None:
    temporary = path.with_name(path.name + ".writing")
    temporary.write_text(json.dumps(dict(sorted(rows.items())), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def campaign(wanted: list[str], path: Path, again: bool, counts: int | None) -> bool:
    """Run rows in blocks of some seconds, writing after each; whether all passed."""
    made_by, good = commit(), True
    for id in wanted:
        one = ROWS[id]
        rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        count, found = counts or one.long, rows.get(id)
        if found and found["trials"] >= count and not again:
            print(f"{id}: {found['passed']} of {found['trials']} on {found['date']} at {found['commit']}, kept", flush=True)
            good = good and found["passed"] >= one.least * found["trials"]
            continue
        tally = Tally() if again else kept(found, made_by, one)
        block = 1
        while tally.trials < count:
            began = tally.seconds
            run(one, tally.trials, min(block, count - tally.trials), tally)
            block = max(1, min(2 * block, int(block * BLOCK_SECONDS / max(tally.seconds - began, 1e-3))))
            rows[id] = document(one, tally, made_by)
            write(path, rows)
            print(f"{id}: {tally.passed} of {tally.trials} (of {count}), {tally.seconds:.0f} s", flush=True)
        for failure in tally.failures[:20]:
            print(f"{id}: trial {failure['trial']}: {failure['said']}", flush=True)
        good = good and tally.passed >= one.least * tally.trials
    return good


def main() -> int:
    for name in MODULES:
        importlib.import_module(f"campaign.{name}")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(sorted(ROWS)), help="ids of rows, with commas")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reliability.json")
    parser.add_argument("--again", action="store_true", help="also rows that are done")
    parser.add_argument("--count", type=int, help="another number of trials than that of the table")
    parser.add_argument("--record", action="store_true", help="write down the headline numbers of this model for G1, and run nothing")
    asked = parser.parse_args()
    if asked.record:
        sys.modules["campaign.whole_runs"].write_record()
        return 0
    wanted = [id for id in asked.only.split(",") if id]
    if unknown := [id for id in wanted if id not in ROWS]:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(sorted(ROWS))}")
    return 0 if campaign(wanted, asked.out, asked.again, asked.count) else 1


if __name__ == "__main__":
    sys.exit(main())

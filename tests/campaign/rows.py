"""The rows of the reliability campaign: each is one function with a count, called small before a push and large on demand.

A row is registered with `@row`: the function is one trial, given its number, from which everything random in it follows, and an empty
folder. It raises when the claim does not hold, and returns in a few words what was tried, so that the tally can count the kinds.
"""

import random
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Trial = Callable[[int, Path], "str | None"]


@dataclass(frozen=True)
class Row:
    """id as in the table; what is done; `push` and `long`: trials of both sizes; passes: what has to hold."""

    id: str
    what: str
    passes: str
    push: int
    long: int
    unit: str
    trial: Trial
    least: float = 1.0  # share of trials that has to pass

    def chance(self, number: int) -> random.Random:
        """The random numbers of one trial."""
        return random.Random(f"{self.id} {number}")


@dataclass
class Tally:
    """What trials of a row gave: how many, of which kinds, and each failure with the number that makes it again."""

    trials: int = 0
    seconds: float = 0.0
    kinds: Counter = field(default_factory=Counter)
    failures: list[dict] = field(default_factory=list)

    @property
    def passed(self) -> int:
        return self.trials - len(self.failures)


ROWS: dict[str, Row] = {}


def row(id: str, what: str, passes: str, push: int, long: int, unit: str = "trials", least: float = 1.0) -> Callable[[Trial], Trial]:
    """Register a trial under the id of its row in the table of reliability."""

    def register(trial: Trial) -> Trial:
        if id in ROWS:
            raise ValueError(f"two trials are called {id}")
        ROWS[id] = Row(id, what, passes, push, long, unit, trial, least)
        return trial

    return register


def run(one: Row, first: int, count: int, tally: Tally | None = None) -> Tally:
    """Trials `first` to `first + count - 1`, each in an empty folder; a failure is kept with its number and the rest go on."""
    tally = Tally() if tally is None else tally
    for number in range(first, first + count):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix=f"calcisim-{one.id}-") as place:
            try:
                tally.kinds[one.trial(number, Path(place)) or "done"] += 1
            except Exception as error:  # noqa: BLE001  whatever it is, it is what the campaign looks for
                where = traceback.extract_tb(error.__traceback__)[-1]
                text = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
                tally.failures.append({"trial": number, "said": text[:600]})
        tally.trials += 1
        tally.seconds += time.perf_counter() - began
    return tally


def holds(id: str) -> Tally:
    """The trials of a push; raises with the number and the words of the first failures."""
    one = ROWS[id]
    tally = run(one, 0, one.push)
    said = "\n".join(f"trial {failure['trial']}: {failure['said']}" for failure in tally.failures[:5])
    assert tally.trials == one.push
    assert tally.passed >= one.least * tally.trials, f"{id}: {len(tally.failures)} of {tally.trials} failed\n{said}"
    return tally

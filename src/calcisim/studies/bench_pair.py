"""How two ways to the same thing are timed: by turns in one process, so that what else the machine does falls on both."""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from calcisim.studies.resources import peak_memory_mb

REPETITIONS = (5, 41)  # at least, at most
ENOUGH_S = 6.0  # seconds of one pair after which no more than the least number of turns follow
Run = Callable[[], float | None]  # does the work once; returns the seconds it took itself where part of the call is not to count


class Prepared(NamedTuple):
    """Something ready to be timed.

    run : the work; name : what it is; scale : seconds of the whole job per second of `run`, where `run` is a known part of it;
    details : figures to be kept with the result; memory_mb : peak of another process in which the work was done, looked up at the end
    """

    run: Run
    name: str
    scale: float = 1.0
    details: dict[str, Any] = {}  # noqa: RUF012  (never written)
    memory_mb: Callable[[], float] | None = None


class Pair(NamedTuple):
    """What is measured and what it is held against; each is made ready by a call of its own, the subject first.

    against : seconds, where the reference is a given time; fraction : multiplies reference/subject, for a share of a bound
    repetitions : turns; as many as fit into a few seconds, at least five, by default; 1: neither is run before it is timed
    warm : compiles what the subject needs, in place of a run of the subject
    """

    subject: Callable[[], Prepared]
    against: Callable[[], Prepared] | float
    fraction: float = 1.0
    repetitions: int = 0
    warm: Callable[[], object] | None = None


def seconds(run: Run) -> float:
    """Seconds of one call, or what it says it took."""
    began = time.perf_counter()
    said = run()
    return time.perf_counter() - began if said is None else float(said)


def turns(first: float, second: float) -> int:
    """How often to repeat a pair whose runs take so long [s]."""
    least, most = REPETITIONS
    return max(least, min(most, int(ENOUGH_S / max(first + second, 1e-9))))


def _settled(run: Run, pair: Pair, clock: Callable[[Run], float]) -> float:
    """Seconds of a second run, the first of which loads or compiles what it needs."""
    if pair.repetitions == 1:
        return 0.0
    clock(run)
    return clock(run)


def measure(pair: Pair, clock: Callable[[Run], float] = seconds) -> dict[str, Any]:
    """Time a pair: subject, reference, ratio (> 1: the subject is faster), median_s, reference_s, peak_memory_mb and what else is known.

    The ratio is the median over the turns of reference/subject in the same turn. The peak is that of the subject: it is read before the
    reference is made ready.
    """
    subject = pair.subject()
    first = _settled(subject.run, pair, clock)
    memory = peak_memory_mb()
    ours: list[float] = []
    theirs: list[float] = []
    against = pair.against
    if isinstance(against, float):
        reference = Prepared(lambda: against, f"target of {against:g} s")
    else:
        reference = against()
    second = _settled(reference.run, pair, clock)
    for _ in range(pair.repetitions or turns(first, second)):
        ours.append(clock(subject.run) * subject.scale)
        theirs.append(clock(reference.run) * reference.scale)
    return {
        "subject": subject.name,
        "reference": reference.name,
        "ratio": pair.fraction * statistics.median(b / a for a, b in zip(ours, theirs, strict=True)),
        "median_s": statistics.median(ours),
        "peak_memory_mb": memory if subject.memory_mb is None else subject.memory_mb(),
        "reference_s": statistics.median(theirs),
        "repetitions": len(ours),
        **subject.details,
        **reference.details,
    }

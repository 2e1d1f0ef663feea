"""What is compared: arms read from words, checked against each other, and the members of the cohort that go through all of them.

--arm untreated                                   the scenario itself
--arm excision-early                              the shipped scenario SCENARIO-excision-early
--arm low=plasma.phosphate="3 mg/dL"              one change; repeat the arm for more
--arm drug='treatment+={kind="colchicine", dose="1 mg/day"}'
--arm other=tumoral/familial                      another scenario or a file
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calcisim import scenario
from calcisim.errors import UsageError
from calcisim.scenario import files
from calcisim.scenario.cohort import Cohort, Vary, shipped
from calcisim.scenario.errors import nearest
from calcisim.studies import cohort

DAY = 86400.0
ITSELF = ("untreated", "control", "reference", "none")  # names of an arm that is the scenario as it is
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
MOST = 10_000  # replicates
APART = 1_000_003  # between the seeds of two replicates: a prime beyond MOST


@dataclass(frozen=True)
class Arm:
    """One arm: its scenario, and the changes of it."""

    name: str
    base: str
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A comparison before it is run: arms, the first of them the reference; replicates; cohort rows with the scale of their spreads."""

    scenario: str
    arms: tuple[Arm, ...]
    replicates: int
    quick: bool = False
    days: float | None = None
    seed: int = 1
    rows: Mapping[str, Vary] = field(default_factory=dict)
    people: str = ""
    scale: float = 1.0

    def load(self, arm: Arm, member: tuple[str, ...] = ()) -> Any:
        """The scenario of an arm, or of one member in it."""
        return _ended(scenario.load(arm.base, (*arm.sets, *member), self.quick), self.days)

    def member(self, arm: Arm, replicate: int) -> cohort.Member:
        """The member of a replicate in an arm: the same factors in every arm."""
        return cohort.draw(self.load(arm), self.rows, self.seed, replicate, self.scale)

    def seed_of(self, replicate: int) -> int:
        """Seed of nucleation and of irregular injuries: that of the study for the first replicate; neighbouring studies share none."""
        return (self.seed + APART * (replicate - 1)) % 2**63


def _ended(loaded: Any, days: float | None) -> Any:
    from calcisim.studies import execute

    if days is None:
        return loaded
    end = execute.end_of(loaded, days)
    return scenario.until(execute.lengthened(loaded, end), end)


def read_arms(name: str, words: Sequence[str], common: Sequence[str] = ()) -> tuple[Arm, ...]:
    """The arms that --arm texts mean, in the order of their names. Raises UsageError for a text that means none."""
    found: dict[str, Arm] = {}
    for word in words:
        label, equals, rest = word.partition("=")
        label, rest = label.strip(), rest.strip()
        if not _NAME.fullmatch(label):
            raise UsageError(f"--arm {word!r}: a name of letters, digits, dots and dashes comes first, then = and a change or a scenario")
        arm = found.get(label, Arm(label, name, tuple(common)))
        if not equals:
            if label in found:
                raise UsageError(f"--arm {label} is there twice; what is repeated adds a change: --arm {label}=PATH=VALUE")
            found[label] = Arm(label, _variant(name, label), arm.sets)
        elif files.is_file(Path(rest)) or files.named(rest) is not None:
            if arm.sets != tuple(common) or arm.base != name:
                raise UsageError(f"--arm {word!r}: name the scenario of an arm first and once, then its changes")
            found[label] = Arm(label, rest, arm.sets)
        elif "=" not in rest:
            hint = nearest(rest, files.names()) or "or write a change as PATH=VALUE"
            raise UsageError(f"--arm {word!r}: {rest!r} is no scenario and no change; {hint}")
        else:
            found[label] = Arm(label, arm.base, (*arm.sets, rest))
    if len(found) < 2:
        raise UsageError("a comparison needs two arms at least, for example --arm untreated --arm low=plasma.phosphate='3 mg/dL'")
    return tuple(found.values())


def _variant(name: str, label: str) -> str:
    """The scenario that an arm without a change means."""
    longer = f"{name}-{label}"
    if files.named(longer) is not None:
        return longer
    if label in ITSELF:
        return name
    known = [*(other.removeprefix(f"{name}-") for other in files.names() if other.startswith(f"{name}-")), *ITSELF]
    hint = nearest(label, known, "such arms are ")
    raise UsageError(f"--arm {label}: there is no scenario {longer}, and no change is given; {hint}")


def study(
    name: str,
    words: Sequence[str],
    replicates: int,
    common: Sequence[str] = (),
    people: str | None = None,
    scale: float = 1.0,
    quick: bool = False,
    days: float | None = None,
    seed: int | None = None,
) -> Study:
    """A comparison that has been checked: every arm loads, shares grid, length and sites with the first, and holds what the cohort varies.

    people: name or file of a cohort; by default the [cohort] of the scenario. Raises UsageError or ScenarioError.
    """
    if not 1 <= replicates <= MOST:
        raise UsageError(f"--replicates {replicates}: must be 1 to {MOST:,}.")
    if not 0.0 <= scale <= 4.0:
        raise UsageError(f"--spread {scale:g}: must be 0 to 4 times the spreads of the cohort.")
    more = () if seed is None else (f"seed={seed}",)
    arms = read_arms(name, words, (*common, *more))
    base = scenario.load(name, (*common, *more), quick)
    if base.kind == "plasma":
        raise UsageError(f"{name} is a body without tissue, so nothing is deposited in it; compare scenarios with a site.")
    rows, label = _cohort(base, people)
    found = Study(name, arms, replicates, quick, days, base.seed, rows, label, scale)
    loaded = [found.load(arm) for arm in arms]
    for arm, one in zip(arms, loaded, strict=True):
        _alike(arms[0].name, loaded[0], arm.name, one)
        same = next(
            (other.name for other, its in zip(arms, loaded, strict=True) if other != arm and _texts_aside(its) == _texts_aside(one)), None
        )
        if same is not None:
            raise UsageError(f"arms {arm.name} and {same} are the same scenario; give one of them a change")
        if found.rows:
            member = cohort.draw(one, rows, base.seed, 1, scale)
            found.load(arm, member.sets)
            if not member.factors:
                raise UsageError(f"the cohort {label} varies nothing that {arm.base} has: {', '.join(rows)}")
    return found


def _texts_aside(loaded: Any) -> Any:
    """A scenario without what is only said or checked."""
    return loaded.model_copy(update={"title": "-", "description": "", "literature": (), "reference": (), "expect": {}, "cohort": Cohort()})


def _cohort(base: Any, people: str | None) -> tuple[Mapping[str, Vary], str]:
    """Rows and name of a cohort."""
    if people is None:
        return base.cohort.rows(), base.cohort.people or ("of the scenario" if base.cohort.vary else "")
    if people in shipped():
        return shipped()[people], people
    if files.is_file(Path(people)):
        return cohort.read(Path(people)).rows(), people
    raise UsageError(f"--cohort {people!r}: no file and no cohort of this name; {nearest(people, shipped(), 'one of: ')}")


def _alike(first: str, one: Any, name: str, other: Any) -> None:
    """Raise UsageError where two arms cannot be compared replicate by replicate."""
    if one.duration != other.duration:
        raise UsageError(
            f"arm {name} lasts {other.duration / DAY:g} days and {first} {one.duration / DAY:g}; give all of them one: --days N"
        )
    if one.seed != other.seed:
        raise UsageError(f"arm {name} changes the seed; all arms share random numbers. Use --seed for another draw of all.")
    if [site.name for site in one.site] != [site.name for site in other.site]:
        raise UsageError(f"arm {name} has other sites than {first}; arms of a comparison share them")
    for site, changed in zip(one.site, other.site, strict=True):
        if site.grid != changed.grid:
            raise UsageError(
                f"arm {name} changes the grid of site {site.name} ({_grid(changed.grid)} instead of {_grid(site.grid)}): "
                f"a difference would be one of the grid. Give all arms the same one: --set site.{site.name}.grid.…"
            )


def _grid(grid: Any) -> str:
    """A grid in words."""
    shape = "×".join(str(n) for n in grid.shape) or "one voxel"
    return f"{shape} of {'×'.join(f'{1e3 * h:g}' for h in grid.spacing)} mm" if grid.shape else f"{shape}, depth {1e3 * grid.depth:g} mm"

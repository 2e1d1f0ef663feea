"""What the researcher writes: scenario files, read strictly into one frozen value.

The functions here import their parts when they are called, so that listing names needs no schema.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from calcisim.scenario.errors import Mistake, PlausibilityWarning, ScenarioError

if TYPE_CHECKING:
    from calcisim.scenario.schema import Scenario

__all__ = ["Mistake", "PlausibilityWarning", "ScenarioError", "dump", "load", "names", "resolve", "until"]


def load(name: str | Path, sets: Iterable[str] = (), quick: bool = False) -> "Scenario":
    """The scenario of a name or a path, with PATH=VALUE texts laid over it; all quantities are floats in SI units.

    quick: the short and coarse variant of its [quick] table. Raises ScenarioError (file, key, line, message, hint).
    """
    from calcisim.scenario.build import load as build

    return build(name, sets, quick)


def until(scenario: "Scenario", duration: float) -> "Scenario":
    """The scenario ended after `duration` [s]; what lies beyond falls away."""
    from calcisim.scenario.build import until as cut

    return cut(scenario, duration)


def resolve(name: str | Path) -> Path:
    """The file of a scenario name: an existing path, then ./configs, then the shipped ones. Raises ScenarioError."""
    from calcisim.scenario import files

    return files.resolve(name)


def names() -> list[str]:
    """The names of all scenarios that can be found, sorted."""
    from calcisim.scenario import files

    return files.names()


def dump(scenario: "Scenario") -> str:
    """TOML text of the fully resolved scenario; it loads to the same floats."""
    from calcisim.scenario.text import dump as write

    return write(scenario)

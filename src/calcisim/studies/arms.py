"""Arms that part from one history: a scenario is run to a day once, and from there on with and without a treatment, an operation or both.

All arms of a start share its random numbers, so that a difference between them is that of the treatment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcisim.scenario.events import EVENTS
from calcisim.scenario.treatments import TREATMENTS, combined
from calcisim.simulation.run import Simulation

DAY = 86400.0


@dataclass(frozen=True)
class Start:
    """Where arms part: the scenario, its state and counts as a checkpoint, and the day."""

    scenario: Any
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]
    day: float


def start(loaded: Any, day: float, seed: int | None = None) -> Start:
    """The scenario as it is after so many days, under this seed (its own when None)."""
    simulation = Simulation(loaded, seed)
    simulation.advance(day * DAY)
    arrays = {name: np.array(array) for name, array in simulation.arrays().items()}
    return Start(loaded, arrays, simulation.meta(), day)


def changed(loaded: Any, treatments: Sequence[Mapping[str, Any]] = (), events: Sequence[Mapping[str, Any]] = ()) -> Any:
    """The scenario with these tables of [[treatment]] and [[event]] beside its own, as they would be written in a file."""
    more = tuple(TREATMENTS.read(one) for one in treatments)
    acts = tuple(EVENTS.read(one) for one in events)
    return loaded.model_copy(update={"treatment": (*loaded.treatment, *more), "event": (*loaded.event, *acts)})


def arm(begun: Start, treatments: Sequence[Mapping[str, Any]] = (), events: Sequence[Mapping[str, Any]] = ()) -> Simulation:
    """The simulation that goes on from a start with these treatments and events too.

    They must not begin before the start; what begins on its very day acts from there, an event must come after it.
    """
    loaded = changed(begun.scenario, treatments, events)
    early = [one.start for one in loaded.treatment[len(begun.scenario.treatment) :] if one.start < begun.day * DAY]
    early += [one.at for one in loaded.event[len(begun.scenario.event) :] if one.at <= begun.day * DAY]
    if early:
        raise ValueError(f"an arm from day {begun.day:g} cannot change what was before it: day {min(early) / DAY:g}")
    simulation = Simulation.restore(loaded, {name: array.copy() for name, array in begun.arrays.items()}, begun.meta)
    if any(one.start == begun.day * DAY for one in loaded.treatment[len(begun.scenario.treatment) :]):
        for name, site in simulation.sites.items():  # the checkpoint still holds what inhibitors did before
            site.set_levers(combined(loaded.treatment, begun.day * DAY, name))
            site.restart()
    return simulation


def follow(simulation: Simulation, days: Sequence[float]) -> Iterator[dict[str, Any]]:
    """The summary quantities at these days (ascending)."""
    for day in days:
        simulation.advance(day * DAY)
        yield simulation.observables()

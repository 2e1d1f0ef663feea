"""Scenarios as a user looks at them before running: the list, every value of one, and what it would cost."""

from fractions import Fraction
from math import prod
from typing import Any

from calcisim.simulation import exchange
from calcisim.studies import execute, resources

DAY = 86400.0
# Wall time of a run, from measured runs: start-up, and per voxel and accepted step.
_START_S, _VOXEL_STEP_S, _STEP_S = 2.5, 2.5e-5, 0.016
_STEPS, _STEPS_PER_OUTPUT = 60, 1.5


def voxels(scenario: Any) -> int:
    """Voxels over all sites."""
    return sum(prod(site.grid.shape) for site in scenario.site)


def size(scenario: Any) -> str:
    """The grids in words: "1-D 80", "3-D 64×64×64", or "0-D"; the body alone is "body"."""
    if not scenario.site:
        return "body"
    grids = [(len(site.grid.shape), "×".join(str(n) for n in site.grid.shape)) for site in scenario.site]
    return ", ".join(f"{dimension}-D {cells}".strip() for dimension, cells in grids)


def seconds(scenario: Any) -> float:
    """Rough wall time [s], kernels compiled: within a factor of three or so."""
    steps = _STEPS + _STEPS_PER_OUTPUT * len(execute.output_times(scenario, scenario.duration))
    if scenario.plasma is not None and scenario.plasma.two_way:
        steps += scenario.duration / exchange.WINDOW
    return _START_S + steps * (_STEP_S * len(scenario.site) + voxels(scenario) * _VOXEL_STEP_S)


def rows() -> list[dict[str, Any]]:
    """One row per scenario: name, condition, title, size, days, rough seconds; a file that does not load carries its `error`."""
    from calcisim import scenario
    from calcisim.errors import UsageError

    found = []
    for name in scenario.names():
        row: dict[str, Any] = {"name": name, "condition": name.partition("/")[0]}
        try:
            loaded = scenario.load(name)
        except UsageError as error:
            row["error"] = str(error)
        else:
            row |= {"title": loaded.title, "size": size(loaded), "days": loaded.duration / DAY, "seconds": round(seconds(loaded), 1)}
        found.append(row)
    return found


def parameters_used(loaded: Any) -> list[dict[str, Any]]:
    """Every constant behind a scenario: name, value, unit, range, source, quality; of the tissues only those that it names."""
    from calcisim.scenario.citations import tables

    found = []
    for table, entries in tables(loaded).items():
        for name, entry in entries.items():
            low_high = None if entry.range is None else [_as_written(side, entry.unit) for side in entry.range]
            found.append(
                {
                    "name": f"{table}.{name}",
                    "value": _as_written(entry.value, entry.unit),
                    "unit": entry.unit,
                    "range": low_high,
                    "source": entry.source,
                    "quality": entry.quality,
                    "symbol": entry.symbol,
                    "note": entry.note,
                }
            )
    return found


def _as_written(value: float, unit: str) -> float:
    """A value in the unit its table is written in."""
    from calcisim import units

    found = units.unit(unit)
    return float(f"{float((Fraction(value) - found.offset) / found.factor):.12g}")


def check(name: str, sets: tuple[str, ...], quick: bool) -> dict[str, Any]:
    """What a run would be and cost; nothing is run. Raises as loading the scenario does."""
    from calcisim.studies import outputs

    loaded = outputs.load(name, sets, quick)
    times = execute.output_times(loaded, loaded.duration)
    return {
        "scenario": name,
        "title": loaded.title,
        "days": loaded.duration / DAY,
        "size": size(loaded),
        "voxels": voxels(loaded),
        "output_times": len(times),
        "memory_mb": _rounded(resources.estimate(loaded), 1e6),
        "free_memory_mb": _rounded(resources.free_memory(), 1e6),
        "output_mb": round(len(times) * voxels(loaded) * 4 * 8 / 1e6, 1),  # about eight maps of four bytes a voxel
        "seconds": round(seconds(loaded), 1),
    }


def _rounded(value: int | None, unit: float) -> float | None:
    return None if value is None else round(value / unit, 1)

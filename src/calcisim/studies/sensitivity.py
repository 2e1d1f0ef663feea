"""Sensitivity: which of several values a result hangs on, over their ranges, by Morris' screening or Sobol's shares of the variance.

The runs are those of a sweep (same directory, ledger, resumption, places to run); designs and indices are SALib's (extra `calibrate`).
The directory also holds sensitivity.json and sensitivity.csv, of all quantities that were asked for so far, and figures/sensitivity.png.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import StorageError, UsageError
from calcisim.results import observables
from calcisim.results.files import dumps, read_object, write_text
from calcisim.scenario.errors import nearest
from calcisim.studies import sensitivity_ranges, study_directory, sweep, sweep_axes
from calcisim.studies.executor import Executor
from calcisim.studies.sweep import Say, Sweep, Swept, Write
from calcisim.studies.sweep_axes import Axis
from calcisim.studies.sweep_ledger import Record

INDICES, TABLE = "sensitivity.json", "sensitivity.csv"
COUNT = {"morris": 10, "sobol": 64}  # trajectories; base samples
COUNTED = {"morris": "trajectories", "sobol": "samples"}
LEVELS = 4  # of Morris' grid
RESAMPLES = 1000  # of the bootstrap
FEWEST = {"morris": 4, "sobol": 8}  # whole groups of runs that indices are computed from
DEFAULT = ("deposit_calcium_mg",)
COLUMNS = {
    "morris": ("mu_star", "mu_star_low", "mu_star_high", "mu", "sigma"),
    "sobol": ("first", "first_low", "first_high", "total", "total_low", "total_high"),
}
Indices = dict[str, list[float]]


def study(
    name: str,
    vary: Sequence[str],
    sets: Sequence[str] = (),
    quick: bool = False,
    days: float | None = None,
    method: str = "morris",
    count: int | None = None,
    seed: int = 1,
    say: Say = lambda text: None,
) -> Sweep:
    """The runs that a method needs, checked. vary: ranges PATH=LOW:HIGH UNIT, or "assumed" or "fitted" for all such columns of tissues.

    count: trajectories (morris) or base samples (sobol). Raises UsageError or ScenarioError.
    """
    _available()
    if method not in COUNT:
        raise UsageError(f"--method {method}: one of {', '.join(COUNT)}")
    if not vary:
        raise UsageError(sensitivity_ranges.suggested(sweep.load(name, tuple(sets), quick, days)))
    axes = sensitivity_ranges.axes(name, vary, sets, quick, days, say)
    if len(axes) < 2:
        raise UsageError("a sensitivity sets values side by side, so vary two at least; for one there is: calcisim sweep")
    count = COUNT[method] if count is None else count
    _check_count(method, count, len(axes))
    points = sweep_axes.spread(axes, design(method, len(axes), count, seed))
    return sweep.checked(name, axes, points, {"kind": method, COUNTED[method]: count, "seed": seed}, sets, quick, days, "sensitivity")


def _available() -> None:
    from importlib.util import find_spec

    if find_spec("SALib") is None:
        raise UsageError("sensitivity needs SALib, which the extra `calibrate` brings: pip install 'calcisim[calibrate]'")


def _check_count(method: str, count: int, axes: int) -> None:
    """Raise UsageError for a number that the method cannot use, or that makes too many runs."""
    option = f"--{COUNTED[method]} {count}"
    if count < FEWEST[method]:
        raise UsageError(f"{option}: {FEWEST[method]} at least")
    if method == "sobol" and count & (count - 1):
        raise UsageError(f"{option}: must be a power of 2, for example {2 ** round(math.log2(count))}")
    sweep_axes.refuse_many(count * group(method, axes), f"{option} of {axes} values")


def group(method: str, axes: int) -> int:
    """Runs that belong together: a trajectory, or a base sample with its partners."""
    return axes + {"morris": 1, "sobol": 2}[method]


def _problem(axes: int) -> dict[str, Any]:
    return {"num_vars": axes, "names": [str(number) for number in range(axes)], "bounds": [[0.0, 1.0]] * axes}


def design(method: str, axes: int, count: int, seed: int) -> np.ndarray:
    """Shares of the ranges (runs, axes), group after group; the same seed gives the same ones."""
    if method == "morris":
        from SALib.sample import morris

        return np.asarray(morris.sample(_problem(axes), count, num_levels=LEVELS, seed=seed))
    from SALib.sample import sobol

    return np.asarray(sobol.sample(_problem(axes), count, calc_second_order=False, seed=seed))


def indices(method: str, shares: np.ndarray, values: np.ndarray, seed: int) -> tuple[Indices | None, int]:
    """Indices by name of COLUMNS, each over the axes, with 95 % intervals from a bootstrap; and from how many groups they come.

    shares (runs, axes): the design; values (runs): NaN where there is none. A group with such a run is left out. None where too few are
    left, or where the values do not differ.

    morris: elementary effects, change of the value over the whole range: mu_star mean of their sizes, mu their mean, sigma their spread.
    sobol: share of the variance by an axis alone (first) and with all that it acts together with (total).
    """
    axes = shares.shape[1]
    size = group(method, axes)
    whole = np.isfinite(values).reshape(-1, size).all(axis=1)
    keep = np.repeat(whole, size)
    shares, values = shares[keep], values[keep]
    left = int(whole.sum())
    if left < FEWEST[method] or np.ptp(values) <= 1e-12 * np.max(np.abs(values)):
        return None, left
    how = {"num_resamples": RESAMPLES, "seed": seed, "print_to_console": False}
    if method == "morris":
        from SALib.analyze import morris

        got = morris.analyze(_problem(axes), shares, values, num_levels=LEVELS, **how)
        centre, half = (np.asarray(got[name], dtype=float) for name in ("mu_star", "mu_star_conf"))
        found = {"mu_star": centre, "mu_star_low": np.maximum(centre - half, 0.0), "mu_star_high": centre + half}
        found |= {name: np.asarray(got[name], dtype=float) for name in ("mu", "sigma")}
    else:
        from SALib.analyze import sobol

        got = sobol.analyze(_problem(axes), values, calc_second_order=False, **how)
        found = {}
        for name, key in (("first", "S1"), ("total", "ST")):
            centre, half = np.asarray(got[key], dtype=float), np.asarray(got[f"{key}_conf"], dtype=float)
            found |= {name: centre, f"{name}_low": centre - half, f"{name}_high": centre + half}
    return {name: found[name].tolist() for name in COLUMNS[method]}, left


def run(
    runs: Sweep,
    executor: Executor,
    quantities: Sequence[str] = (),
    out: Path | None = None,
    retry_failed: bool = False,
    say: Say = lambda text: None,
) -> Swept:
    """Make the runs that are not there yet, and write indices of the quantities (by default the deposit). As `sweep.run` otherwise.

    Other quantities of the same runs cost no further run: give the command again with them. The files keep those of before; the summary
    that is returned is of these alone, and the picture of these before the others.
    """
    wanted = tuple(dict.fromkeys(quantities)) or DEFAULT
    _check_quantities(wanted, runs.sites)
    return sweep.finish(runs, executor, out, retry_failed, say, _writer(wanted))


def _check_quantities(wanted: Sequence[str], sites: Sequence[str]) -> None:
    """Raise UsageError for a quantity that no run computes, or of a site that is not there."""
    numbers = [name for name, entry in observables.REGISTRY.items() if entry.numeric]
    for name in wanted:
        site, dot, quantity = name.rpartition(".")
        if quantity not in numbers:
            raise UsageError(f"--quantity {name!r}: no run computes it; {nearest(quantity, numbers)}")
        if dot and len(sites) == 1:
            raise UsageError(f"--quantity {name!r}: the scenario has one site, so leave it out: {quantity}")
        if dot and site not in sites:
            raise UsageError(f"--quantity {name!r}: the scenario has no site {site!r}; {nearest(site, sites, 'sites: ')}")


def _writer(wanted: Sequence[str]) -> Write:
    def write(place: Path, runs: Sweep, records: list[Record]) -> tuple[dict[str, Any], list[Path]]:
        from calcisim.results import sensitivity_figure

        everything = dict.fromkeys([*_before(place), *wanted])
        document = json.loads(dumps(analysed(runs, records, list(everything))))
        write_text(place / INDICES, dumps(document))
        write_text(place / TABLE, study_directory.table(list(rows(document))))
        now = {name: document["quantities"][name] for name in wanted}
        pictures = []
        if any(one["indices"] for one in now.values()):
            pictures = sensitivity_figure.draw(place, {**document, "quantities": {**now, **document["quantities"]}})
        whole = {**sweep.summarise(runs, records), **document}
        write_text(place / sweep.SUMMARY, dumps(whole))
        return {**whole, "quantities": now}, pictures

    return write


def _before(place: Path) -> list[str]:
    """The quantities that were asked for before; their indices are computed again, for more runs may have gone well."""
    path = place / INDICES
    try:
        return list(read_object(path, {"quantities": dict})["quantities"])
    except FileNotFoundError:
        return []
    except StorageError as error:
        raise StorageError(f"{path}: is damaged; delete it, and the same command makes it again") from error


def analysed(runs: Sweep, records: Sequence[Record], wanted: Sequence[str]) -> dict[str, Any]:
    """sensitivity.json: for every quantity its unit and range, and for every axis its indices."""
    method, seed = runs.design["kind"], runs.design["seed"]
    shares = design(method, len(runs.axes), runs.design[COUNTED[method]], seed)
    found: dict[str, Any] = {}
    for name in wanted:
        values = np.array([_value(one, name) for one in records])
        got, used = indices(method, shares, values, seed)
        known = values[np.isfinite(values)]
        found[name] = {
            "unit": observables.unit(name),
            "low": float(known.min()) if known.size else None,
            "high": float(known.max()) if known.size else None,
            "groups": len(values) // group(method, len(runs.axes)),
            "used": used,
            "indices": None if got is None else [_of_axis(axis, got, number) for number, axis in enumerate(runs.axes)],
        }
    return {"scenario": runs.scenario, "method": method, "runs": len(records), "confidence": 0.95, "quantities": found}


def _value(record: Mapping[str, Any], name: str) -> float:
    value = record.get("final", {}).get(name)
    return math.nan if value is None else float(value)


def _of_axis(axis: Axis, got: Indices, number: int) -> dict[str, Any]:
    return {**axis.told(), **{name: column[number] for name, column in got.items()}}


def rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of sensitivity.csv: a quantity and a varied value each; blank where there are no indices."""
    names = COLUMNS[document["method"]]
    found = []
    for quantity, one in document["quantities"].items():
        for axis in one["indices"] or ():
            told = {"quantity": quantity, "path": axis["path"], "low": axis["low"], "high": axis["high"], "unit": axis["unit"]}
            found.append({**told, **{name: axis[name] for name in names}})
    return found or [dict.fromkeys(("quantity", "path", "low", "high", "unit", *names))]

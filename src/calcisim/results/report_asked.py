"""What was asked of a run, for its report: changes against the shipped scenario, events, treatments, and what was measured."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from calcisim import units
from calcisim.errors import CalcisimError
from calcisim.results import observables
from calcisim.results.report_words import exact, length, moment, number, quantity, unit

DAY = 86400.0
Series = Mapping[str, np.ndarray]
_TIMES = ("at", "start", "stop", "every", "until")


def changes(loaded: Any, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Where this run differs from the scenario of its name as it is shipped now: rows (key, shipped, here), or why nobody knows."""
    from calcisim import scenario
    from calcisim.scenario import files, text

    name = provenance["scenario"]
    if files.named(name) is None:
        return {"known": False, "rows": []}
    try:
        shipped = scenario.load(name, (), bool(provenance.get("quick")))
    except CalcisimError:
        return {"known": False, "rows": []}
    before, after = (dict(_flat(text.document(one))) for one in (shipped, loaded))
    before |= {"duration": length(shipped.duration / DAY), "seed": shipped.seed}  # what --days and --seed say is not in the file
    after |= {"duration": length(provenance["days"]), "seed": provenance["seed"]}
    keys = [*after, *(key for key in before if key not in after)]
    rows = [{"key": key, "shipped": _shown(before.get(key)), "here": _shown(after.get(key))} for key in keys]
    return {"known": True, "rows": [row for row in rows if row["shipped"] != row["here"]]}


def _flat(value: Any, path: str = "") -> Any:
    """Dotted key and value of everything in a document; elements of lists of tables by their name, or else their place."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        for place, part in enumerate(value, 1):
            yield from _flat(part, f"{path}.{part.get('name', place)}")
    else:
        yield path, value


def _shown(value: Any) -> str:
    if value is None:
        return "not there"
    return ", ".join(map(_shown, value)) if isinstance(value, list) else quantity(value)


def events(loaded: Any, end: float) -> list[dict[str, str]]:
    """What happens: moment, kind, site, and the keys that were written. end [s]: of the run; what lies beyond says so."""
    from calcisim.scenario import text

    found = []
    for one in sorted(loaded.event, key=lambda event: event.at):
        written = {key: value for key, value in text.document(one).items() if key not in ("kind", "site", "at", "every")}
        again = f", then every {length(one.every / DAY)}" if getattr(one, "every", None) else ""
        when = moment(one.at / DAY) + (again if one.at <= end else " (after the end)")
        keys = ", ".join(
            f"{key.replace('_', ' ')} {_shown(value)}" for key, value in written.items() if not isinstance(value, (dict, bool))
        )
        found.append({"when": when, "kind": one.kind.replace("-", " "), "site": one.site, "keys": keys})
    return found


def marks(loaded: Any) -> list[tuple[float, str]]:
    """Day and words of what a curve may jump at: events, treatments that begin or end."""
    found = [(one.at / DAY, f"{one.kind.replace('-', ' ')}, {one.site}") for one in loaded.event]
    for one in loaded.treatment:
        found.append((one.start / DAY, f"{_called(one)} begins"))
        if one.stop is not None:
            found.append((one.stop / DAY, f"{_called(one)} ends"))
    return sorted(dict.fromkeys(found))


def _called(one: Any) -> str:
    return str(one.kind).replace("-", " ")


def treatments(loaded: Any, end: float) -> list[dict[str, Any]]:
    """Every treatment: name, place, from and to, dose and other keys, levers that it moves, evidence, citations, and what it is.

    end [s]: of the run.
    """
    from calcisim.scenario import text

    found = []
    for one in loaded.treatment:
        document = text.document(one)
        keys = {key: value for key, value in document.items() if key not in ("kind", "site", *_TIMES)}
        told = inspect.cleandoc(type(one).__doc__ or "").split("\n\n")[0]
        found.append(
            {
                "kind": _called(one),
                "site": one.site or "everywhere",
                "begins": moment(one.start / DAY) + (", after the end of this run" if one.start > end else ""),
                "ends": "goes on" if one.stop is None else moment(one.stop / DAY),
                "keys": [{"name": key.replace("_", " "), "value": _shown(value)} for key, value in keys.items() if value is not False],
                "levers": levers(one, end),
                **_evidence(one.evidence),
                "cite": list(one.cite),
                "told": " ".join(told.replace("`", "").split()).partition(" Evidence:")[0],
            }
        )
    return found


def _evidence(words: str) -> dict[str, str]:
    """The grade of the evidence and what it rests on."""
    grade, _, rest = words.partition(" ")
    return {"grade": grade, "evidence": rest} if grade in ("A", "B", "C", "D") else {"grade": "–", "evidence": words}


def levers(one: Any, duration: float) -> list[str]:
    """What a treatment moves while it acts in this run, at its last moment there: where it is slow, that is when it is strongest."""
    at = _last_active(one, duration)
    if at is None:
        return []
    from calcisim.scenario.treatments import FACTORS, Levers

    now, none = one.levers(at), Levers()
    found = [f"{name.replace('_', ' ')} × {number(getattr(now, name), 3)}" for name in FACTORS if getattr(now, name) != getattr(none, name)]
    if now.nucleation_coverage:
        found.append(f"coverage of nuclei + {number(now.nucleation_coverage, 3)}")
    if now.growth_affinity:
        found.append(f"coverage of growth sites, K c + {number(now.growth_affinity, 3)}")
    if now.concentration:
        found.append(f"{now.drug} at {quantity(units.text(float(f'{now.concentration:.3g}'), 'concentration'))}")
    return found + (_on_body(one, at) if hasattr(one, "on_body") else [])


def _on_body(one: Any, at: float) -> list[str]:
    from calcisim.scenario.body import BodyLevers
    from calcisim.scenario.fields import rule_of

    def printed(key: str, value: float) -> str:
        rule = rule_of(BodyLevers, key) if key in BodyLevers.model_fields else None
        return quantity(units.text(float(f"{value:.3g}"), rule.kind)) if rule and rule.kind != "number" else number(value, 3)

    effect = one.on_body(at)
    found = [f"{key.replace('_', ' ')} = {printed(key, value)}" for key, (value, _) in effect.settings.items()]
    found += [f"{key.replace('_', ' ')} × {number(factor, 3)}" for key, factor in effect.factors.items()]
    return found + [f"{key.replace('_', ' ')} + {printed(key, amount)}" for key, amount in effect.added.items()]


def _last_active(one: Any, duration: float) -> float | None:
    """The last moment [s] of the run at which it acts, as far as its turns tell; None where it never does."""
    ends = [edge for edge in one.edges() if one.start < edge <= duration]
    candidates = [duration, *(edge - 1.0 for edge in reversed(ends[-2000:])), one.start]
    return next((moment for moment in candidates if one.start <= moment <= duration and one.active(moment)), None)


def measured(loaded: Any, series: Series) -> list[dict[str, Any]]:
    """Measured values beside the simulated ones at the nearest output times before and after, interpolated."""
    found = []
    for one in loaded.reference:
        column = next((name for name in (f"{one.site}.{one.observable}", one.observable) if name in series), None)
        day = one.time / DAY
        simulated = None if column is None else _at(series["time_d"], series[column], day)
        beside = None if simulated is None or not one.sd else (simulated - one.value) / one.sd
        found.append(
            {
                "quantity": observables.REGISTRY[one.observable].meaning if one.observable in observables.REGISTRY else one.observable,
                "unit": unit(observables.unit(one.observable)),
                "when": moment(day),
                "value": number(one.value),
                "sd": "" if one.sd is None else number(one.sd),
                "n": "" if one.n is None else str(one.n),
                "simulated": number(simulated),
                "exact": exact(simulated),
                "beside": "" if beside is None else f"{round(beside, 1) + 0.0:+.1f}".replace("-", "−"),
                "source": one.source,
                "use": "used in calibration" if one.use == "calibrate" else "not used in calibration",
            }
        )
    return found


def _at(days: np.ndarray, values: np.ndarray, day: float) -> float | None:
    """A curve at a day, interpolated; None outside of it."""
    known = np.isfinite(values)
    if not known.any() or not days[known][0] <= day <= days[known][-1]:
        return None
    return float(np.interp(day, days[known], values[known]))

"""Figures of a run, drawn only from the files in its directory, as a paper could print them."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.errors import UsageError
from calcisim.results import (
    clump_sizes,
    composition,
    deposit_picture,
    maps,
    observables,
    plasma,
    radiography,
    sankey,
    spectrum,
    store,
    style,
    summary,
    timeseries,
)

DAY = 86400.0
Series = dict[str, np.ndarray]
FORMATS = ("png", "pdf", "svg")

_BY_SITE = "deposit_calcium_mg_per_cm3"  # what sites are compared by
# What the main panel shows when no measurement says it: the first of these that the run has.
_MAIN = ("calcium_ug_per_mg_dry", "deposit_calcium_mg")
_LABELS = {
    "calcium_ug_per_mg_dry": "Calcium (µg per mg dry tissue)",
    "calcium_ug_per_mg_nonmineral": "Calcium (µg per mg non-mineral dry tissue)",
    "deposit_calcium_mg": "Deposited calcium (mg)",
}


def draw(directory: Path, references: Iterable[Any] | None = None, formats: Sequence[str] = ("png",)) -> list[Path]:
    """Draw all figures of the run in `directory` into its `figures/`; returns their paths, the main one first.

    references: measured points (attributes observable, site, time [s], value, sd, use, source); None reads them from the
    resolved scenario. Raises `StorageError` when there is nothing to draw from and `UsageError` for an unknown format.
    """
    directory = Path(directory)
    for kind in formats:
        if kind not in FORMATS:
            raise UsageError(f"figures can be {', '.join(FORMATS)}, not {kind!r}")
    if references is None:
        from calcisim import scenario

        references = scenario.load(str(directory / "scenario.resolved.toml")).reference
    series = timeseries.read(directory)
    of_plasma = _plasma_figure(directory, series, formats)
    if not (directory / store.NAME).exists() and of_plasma:  # the body alone
        return of_plasma
    found = maps.available(directory / store.NAME)
    made = _main_figure(directory, series, list(references), found, formats)
    for number, chosen in enumerate(found):
        if number > 0 or len(chosen.long_axes) > 1:
            with style.figure(*maps.size(chosen)) as figure:
                maps.paint(figure, chosen)
                made += style.save(figure, directory / "figures" / f"map-{_slug(chosen.site)}", formats)
    for site, day, clumps in clump_sizes.available(directory / store.NAME):
        with style.figure(*clump_sizes.SIZE) as figure:
            clump_sizes.paint(figure, site, day, clumps)
            made += style.save(figure, directory / "figures" / f"clumps-{_slug(site)}", formats)
    made += _deposit_figures(directory, series, formats) + radiography.draw(directory, formats)
    return made + _mineral_figures(directory, series, formats) + of_plasma


def _plasma_figure(directory: Path, series: Series, formats: Sequence[str]) -> list[Path]:
    """The plasma over time, where it is computed."""
    if not plasma.drawable(series):
        return []
    from calcisim import scenario
    from calcisim.scenario import labs

    made = []
    if (directory / plasma.LAST).exists():
        with style.figure(*plasma.SIZE) as figure:
            last = timeseries.read(directory, plasma.LAST)
            plasma.paint(figure, last)
            figure.suptitle(f"{_title(directory)}: from day {last['time_d'][0]:g}", fontsize=8, x=0.01, ha="left")
            made = style.save(figure, directory / "figures" / "fortnight", formats)
    written = scenario.load(str(directory / "scenario.resolved.toml")).plasma
    readings = labs.series(written.labs, written.interpolation) if written is not None and written.labs else {}
    with style.figure(*plasma.SIZE) as figure:
        plasma.paint(figure, series, plasma.measured(readings))
        figure.suptitle(_title(directory), fontsize=8, x=0.01, ha="left")
        return style.save(figure, directory / "figures" / "plasma", formats) + made


def _deposit_figures(directory: Path, series: Series, formats: Sequence[str]) -> list[Path]:
    """What was deposited in three dimensions, site by site, and where all calcium came from and went."""
    made = []
    for deposit in deposit_picture.available(directory / store.NAME):
        with style.figure(*deposit_picture.SIZE) as figure:
            deposit_picture.paint(figure, deposit)
            made += style.save(figure, directory / "figures" / f"deposit-{_slug(deposit.site)}", formats)
    if flows := sankey.flows(directory / store.NAME, series):
        with style.figure(*sankey.SIZE) as figure:
            sankey.paint(figure, flows)
            figure.suptitle(f"Calcium of {_title(directory)}", fontsize=8, x=0.01, ha="left")
            made += style.save(figure, directory / "figures" / "calcium", formats)
    return made


def _mineral_figures(directory: Path, series: Series, formats: Sequence[str]) -> list[Path]:
    """Phases over time, and particles by size at several times, where the run has them."""
    made = []
    if composition.drawable(series):
        with style.figure(*composition.SIZE) as figure:
            composition.paint(figure, series)
            figure.suptitle(_title(directory), fontsize=8, x=0.01, ha="left")
            made += style.save(figure, directory / "figures" / "phases", formats)
    if sizes := spectrum.available(directory / store.NAME):
        with style.figure(*spectrum.size(sizes)) as figure:
            spectrum.paint(figure, sizes)
            figure.suptitle(_title(directory), fontsize=8, x=0.01, ha="left")
            made += style.save(figure, directory / "figures" / "particles", formats)
    return made


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


def _main_figure(directory: Path, series: Series, references: list[Any], found: list[maps.Map], formats: Sequence[str]) -> list[Path]:
    """Deposition over time with what was measured, then by site where there are several, and the mineral map of the first site."""
    names, sites = _panels(series, references), _sites(series)
    columns = len(names) + bool(sites) + bool(found)
    with style.figure(88 * columns, 72) as figure:
        parts = figure.subfigures(1, columns, squeeze=False, wspace=0.02)[0]
        for number, (name, part) in enumerate(zip(names, parts)):
            axes = part.subplots()
            curve(axes, series, name, [r for r in references if _column(series, r) == name])
            _letter(axes, number)
        if sites:
            axes = parts[len(names)].subplots()
            by_site(axes, series, sites)
            _letter(axes, len(names))
        if found:
            _last_panel(parts[-1], directory / store.NAME, found[0], "abcdefgh"[columns - 1])
        figure.suptitle(_title(directory), fontsize=8, x=0.01, ha="left")
        return style.save(figure, directory / "figures" / "deposition", formats)


def _last_panel(part: Any, path: Path, chosen: maps.Map, letter: str) -> None:
    """The map of the first site; in three dimensions what it looks like, where there is a clump."""
    deposit = deposit_picture.read(path, chosen.site)
    if deposit is not None and deposit.seen:
        deposit_picture.paint(part, deposit, letter)
    else:
        maps.paint(part, chosen, letter)


def _title(directory: Path) -> str:
    document = summary.read(directory)
    if document is None:
        from calcisim.results import directory as run_directory

        document = run_directory.provenance(directory)
    factor, unit = style.time_unit(document["days"])
    seed = "" if document.get("plasma_only") or "seed" not in document else f", seed {document['seed']}"
    return f"{document['scenario']}, {document['days'] * factor:g} {unit}{seed}"


def _letter(axes: Any, number: int) -> None:
    axes.set_title("abcdefgh"[number], loc="left", fontweight="bold", fontsize=9)


def _column(series: Series, reference: Any) -> str | None:
    """The time series column a measurement belongs to: the site's own where there are several sites."""
    for name in (f"{getattr(reference, 'site', '')}.{reference.observable}", reference.observable):
        if name in series:
            return name
    return None


def _panels(series: Series, references: list[Any]) -> list[str]:
    """Quantities to show, at most three: the measured ones, or else the deposit."""
    measured = [name for name in dict.fromkeys(_column(series, reference) for reference in references) if name]
    if measured:
        return measured[:3]
    usable = [name for name in _MAIN if name in series and np.isfinite(series[name]).any()]
    return usable[:1] or [next(name for name in series if name != "time_d")]


def _sites(series: Series) -> list[str]:
    """Sites whose deposit has a column of its own: there are several."""
    return [name.rpartition(".")[0] for name in series if name.rpartition(".")[2] == _BY_SITE and "." in name]


def by_site(axes: Any, series: Series, sites: Sequence[str]) -> None:
    """Deposit per volume of every site over time, the largest named first; what never was there is left out."""
    time = series["time_d"]
    last = {site: float(np.nan_to_num(series[f"{site}.{_BY_SITE}"])[-1]) for site in sites}
    order = sorted((site for site in sites if last[site] > 0.0), key=lambda site: -last[site])
    for number, site in enumerate(order):
        values, again = series[f"{site}.{_BY_SITE}"], number // len(style.LINES)
        line = {"color": style.LINES[number % len(style.LINES)], "ls": ("-", "--", ":")[again % 3]}
        line["marker"] = "o" if np.count_nonzero(values > 0.0) < 2 else ""  # one point makes no line
        axes.plot(time, np.where(values > 0.0, values, np.nan), label=site, **line)
    axes.set_xlabel("Time (days)")
    axes.set_ylabel("Calcium in mineral (mg/cm³)")
    axes.set_xlim(0, float(time[-1]) * 1.02 or 1)
    if order:
        axes.set_yscale("log")
        axes.set_ylim(bottom=1e-5 * last[order[0]])
        axes.legend(loc="best")


def curve(axes: Any, series: Series, name: str, references: list[Any]) -> None:
    """One quantity over time with its measured points: filled where they were fitted, open where they test the model."""
    time, factor, unit = series["time_d"], 1.0, ""
    if name.rpartition(".")[2] == "deposit_calcium_mg" and not references:
        factor, unit = style.mass_unit(float(np.nan_to_num(series[name]).max(initial=0.0)))
    axes.plot(time, factor * series[name], color=style.BLUE, label="simulated", zorder=2)
    fitted = [r for r in references if getattr(r, "use", "validate") == "calibrate"]
    points(axes, fitted, "measured, used in calibration", filled=True)
    points(axes, [r for r in references if r not in fitted], "measured, not used in calibration", filled=False)
    if fitted:
        _prediction(axes, max(r.time for r in fitted) / DAY, float(time[-1]))
    axes.set_xlabel("Time (days)")
    axes.set_ylabel(label(name).replace("(mg)", f"({unit})") if unit else label(name))
    axes.set_xlim(0, float(time[-1]) * 1.02 or 1)
    axes.set_ylim(bottom=0)
    axes.set_ylim(top=axes.get_ylim()[1] * 1.25)  # room for the legend above the curves
    axes.legend(loc="upper left")


def label(name: str) -> str:
    """What an axis of a quantity says, with its unit; the site first where the name has one."""
    site, _, plain = name.rpartition(".")
    if plain in _LABELS:
        text = _LABELS[plain]
    else:
        unit = observables.unit(plain)
        text = plain.replace("_", " ").capitalize() + (f" ({unit})" if unit not in ("", "1") else "")
    return f"{site}: {text}" if site else text


def points(axes: Any, references: list[Any], label: str, filled: bool) -> None:
    """Measured values with one standard deviation where it is known."""
    if not references:
        return
    axes.errorbar(
        [r.time / DAY for r in references],
        [r.value for r in references],
        yerr=[r.sd or 0.0 for r in references],
        fmt="o",
        ms=4,
        color=style.VERMILLION,
        mfc=style.VERMILLION if filled else "white",
        mew=1.2,
        elinewidth=1.0,
        capsize=2.5,
        label=label,
        zorder=3,
    )


def _prediction(axes: Any, start: float, end: float) -> None:
    """A light band over the time that no fitted point covers."""
    if end > 1.05 * start:
        axes.axvspan(start, end * 1.02, color="0.93", lw=0, zorder=0)
        axes.text(end, 0.02, "prediction", transform=axes.get_xaxis_transform(), ha="right", va="bottom", color="0.35", fontsize=7)

"""The command `calcisim fit`: options checked before anything is run, then the fit, its scenario and its figure."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from calcisim import scenario as scenarios
from calcisim.errors import UsageError
from calcisim.results import fit_figure
from calcisim.results.files import dumps, write_text
from calcisim.studies import fit as study
from calcisim.studies import fit_curves, fit_data, fit_report, fit_series, provenance
from calcisim.studies import free as values
from calcisim.studies.hierarchy import SPREAD

LARGEST_SPREAD, MOST_DRAWS = 2.0, 1_000_000


def command(
    name: str,
    paths: Sequence[str] = (),
    as_json: bool = False,
    data: Path | None = None,
    out: Path | None = None,
    *,
    sets: Sequence[str] = (),
    hierarchy: str | None = None,
    spread: float | None = None,
    draws: int = 0,
    seed: int = 1,
    figure: Path | None = None,
    say: Callable[[str], None] = study.silent,
) -> None:
    """Print the result; write it as a scenario to `out`, and draw it in `figure` (beside `out` when there is no other name).

    Raises UsageError, before the first run, for options and files that cannot be used.
    """
    given = _spread(hierarchy, spread)
    if not 0 <= draws <= MOST_DRAWS:
        raise UsageError(f"--samples {draws}: must be 0 to {MOST_DRAWS}")
    if draws:
        from calcisim.studies import sampling

        sampling.available()
    if figure is None and out is not None:
        figure = out.with_suffix(".png")
    if figure is not None:
        fit_figure.check(figure)
    base = name if out is None else _base(name, out)
    points = fit_data.read_points(data) if data else None
    _writable(name, paths, sets, points, out)
    done = study.fit(name, paths, points, sets=sets, spread=given, draws=draws, seed=seed, say=say)
    document: dict[str, Any] = {**done.document(), "not_fitted": study.ahead(done, done.series[0].loaded)}
    if out is not None:
        write_text(out, scenario_of(done, document, base, data))
        document["scenario_written"] = str(out)
    if figure is not None:
        document["figure"] = str(fit_figure.draw(fit_curves.curves(done), figure))
    print(dumps(document) if as_json else fit_report.report(document), end="")
    if not as_json:
        for word, path in (("scenario", out), ("picture", figure)):
            if path is not None:
                print(f"{word}: {path}")


def _spread(hierarchy: str | None, spread: float | None) -> float | None:
    """Assumed spread of laboratories, None without them."""
    if hierarchy not in (None, "lab"):
        raise UsageError(f"--hierarchy {hierarchy}: only lab is known, a factor for each laboratory of the column lab")
    if hierarchy is None:
        if spread is not None:
            raise UsageError("--spread is that of laboratories: give --hierarchy lab with it")
        return None
    found = SPREAD if spread is None else spread
    if not 0.0 < found <= LARGEST_SPREAD:
        raise UsageError(f"--spread {found:g}: must be above 0 and at most {LARGEST_SPREAD:g} (0.2 is about 20 %)")
    return found


def _base(name: str, out: Path) -> str:
    """What the written scenario extends: the scenario's name, or the way from `out` down to its file."""
    if out.exists():
        raise UsageError(f"{out} is there already; choose another name.")
    if not out.parent.is_dir():
        raise UsageError(f"{out}: there is no folder {out.parent}")
    if out.suffix.lower() != ".toml":
        raise UsageError(f"{out}: a scenario is a .toml file; give such a name")
    if name in scenarios.names() or not Path(name).is_file():
        return name
    try:
        return Path(name).resolve().relative_to(out.resolve().parent).as_posix()
    except ValueError:
        raise UsageError(f"{out} cannot extend {name} from there; write it beside {name} or in a folder above it.") from None


def _writable(name: str, paths: Sequence[str], sets: Sequence[str], points: Any, out: Path | None) -> None:
    """Refuse before the fit what could not be written after it."""
    if out is None:
        return
    series = fit_series.several(name, sets, points or ())
    shared = [fit_series.shared(series, path) for path in paths or values.fitted(series[0].loaded)]
    values.overlay(name, [(one.free, one.free.start) for one in shared], sets)


def scenario_of(done: study.Fit, document: dict[str, Any], base: str, data: Path | None) -> str:
    """TOML that extends `base` with the fitted values, below comments that say where they come from."""
    pairs = list(zip(done.free, map(float, done.found.values), strict=True))
    source = "its own reference rows" if data is None else f"{data.name}, sha256 {provenance.file_sha256(data)}"
    elsewhere = [f"{free.path} = {value:.6g} {free.unit}".rstrip() for free, value in pairs if not free.targets]
    version = provenance.versions().get("calcisim", "of an unknown version")
    return fit_report.comments(document, source, version, elsewhere) + values.overlay(base, pairs, done.series[0].before)

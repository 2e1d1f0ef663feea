"""One suite over every shipped scenario, in its short form: it runs, its books close, nothing is negative, resuming changes nothing."""

import random

import netCDF4
import numpy as np
import pytest
from interrupted import stopping

from calcisim import scenario
from calcisim.numerics import threads
from calcisim.results import plots, summary, timeseries
from calcisim.studies import execute
from calcisim.studies.progress import Reporter

NAMES = [name for name in scenario.names() if scenario.load(name).site]  # the body alone: test_every_body.py


VARIANTS = {name for name in NAMES if any(name.startswith(f"{base}-") for base in NAMES)}  # whose pictures are like those of their base


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Directory of the short run of a scenario, run once; that of a variant has no figures, which take longer than the run."""
    done = {}

    def get(name):
        if name not in done:
            place = tmp_path_factory.mktemp("runs") / name.replace("/", "-")
            with pytest.MonkeyPatch.context() as patch:
                if name in VARIANTS:
                    patch.setattr(plots, "draw", lambda *_: [])
                done[name] = execute.start(execute.Request(name, quick=True, threads=1, out=place), Reporter(), execute.engine()).directory
        return done[name]

    return get


def content(directory):
    """What must be the same however the run went: fingerprint, time series, and every variable of every site."""
    maps = {key: values.tobytes() for key, values in _stored(directory / "results.nc").items()}
    return summary.read(directory)["state_sha256"], (directory / "timeseries.csv").read_bytes(), maps


def _stored(path):
    """Every variable of every site, from one look into the file: to open it takes longer than to read it."""
    with netCDF4.Dataset(path, "r") as dataset:
        groups = dataset.groups.items()
        return {(site, name): np.ma.filled(one[:], np.nan) for site, group in groups for name, one in group.variables.items()}


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_its_books_close(runs, name):
    directory = runs(name)
    document = summary.read(directory)
    assert set(summary.REQUIRED) <= set(document)
    for kind in ("calcium", "phosphorus", "alkalinity"):
        assert abs(document[f"ledger_{kind}_relative"]) <= 1e-13
        column = timeseries.read(directory)[f"ledger_{kind}_relative"]
        assert np.nanmax(np.abs(column)) <= 1e-13
    assert document["steps"] > 0
    assert name in VARIANTS or (directory / "figures" / "deposition.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_negative_or_not_a_number(runs, name):
    for (site, variable), values in _stored(runs(name) / "results.nc").items():
        if variable == "ph":  # known only where mineral can form
            values = values[~np.isnan(values)]
        assert np.isfinite(values).all(), f"{site}.{variable}"
        assert (values >= 0).all(), f"{site}.{variable}"


def _stopped_and_resumed(name, place, steps, draw, times=1):
    """Stop at random steps, go on with the other number of threads each time."""
    after = draw.randrange(1, max(2, steps - 1))
    outcome = execute.start(execute.Request(name, quick=True, threads=2, out=place), Reporter(), stopping(after))
    left = steps - after
    for number in range(times - 1):
        if outcome.summary is not None or left < 3:
            break
        after = draw.randrange(1, left - 1)
        outcome = execute.resume(place, 1 + number % 2, Reporter(), stopping(after))
        left -= after
    if outcome.summary is None:
        execute.resume(place, 1, Reporter(), execute.engine())


@pytest.mark.parametrize("name", ["dystrophic/subdermal-cusp"])
def test_stopped_at_three_random_steps_it_ends_the_same(runs, name, tmp_path):
    whole = runs(name)
    _stopped_and_resumed(name, tmp_path / "r", summary.read(whole)["steps"], random.Random(name), times=3)
    assert content(tmp_path / "r") == content(whole)


@pytest.mark.push
@pytest.mark.parametrize("name", NAMES)
def test_stopped_and_resumed_with_one_and_two_threads(runs, name, tmp_path, monkeypatch):
    """R1 of the reliability table; figures, which take longer than the runs, are not compared and not drawn."""
    whole = runs(name)
    monkeypatch.setattr(plots, "draw", lambda *_: [])
    monkeypatch.setattr(threads, "SERIAL_BELOW", 1)
    for trial in range(3):
        place = tmp_path / f"r{trial}"
        _stopped_and_resumed(name, place, summary.read(whole)["steps"], random.Random(f"{name}{trial}"))
        assert content(place) == content(whole)


@pytest.mark.parametrize("name", ["metastatic/ckd-constant", "dystrophic/subdermal-cusp"])
def test_two_threads_give_the_same_bytes(runs, name, tmp_path, monkeypatch):
    whole = content(runs(name))
    monkeypatch.setattr(threads, "SERIAL_BELOW", 1)  # so that these small grids are shared out too
    request = execute.Request(name, quick=True, threads=2, out=tmp_path / "r")
    execute.start(request, Reporter(), execute.engine())
    assert content(tmp_path / "r") == whole

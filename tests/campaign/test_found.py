"""What the campaign found, so that it does not come back."""

import errno
import os
import signal

import fakes
import pytest

from calcisim.errors import StorageError
from calcisim.results import plots, store, summary
from calcisim.results.timeseries import TimeSeries
from calcisim.studies import execute
from calcisim.studies.progress import Reporter


def _full(handle):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_rows_that_cannot_be_forced_to_the_disk_say_their_size(tmp_path, monkeypatch):
    """D1, trial 1: the message named no bytes."""
    series = TimeSeries(tmp_path)
    series.append(0.0, {"mass": 1.5})
    series.sync()
    series.append(86400.0, {"mass": 2.5})
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(StorageError, match=r"; 8 bytes are needed"):
        series.sync()


def test_maps_that_cannot_be_made_or_closed_say_their_size(tmp_path):
    """D1: results.nc at its creation, and at its end after a write that failed."""
    simulation = fakes.Simulation(fakes.scenario(), 1, 1)
    fields = simulation.fields()
    with pytest.raises(StorageError, match="; 32 bytes are needed"):
        store.Results.create(tmp_path / "gone" / "results.nc", {}, simulation.coordinates(), fields)
    results = store.Results.create(tmp_path / "results.nc", {}, simulation.coordinates(), fields)
    real, results._dataset = results._dataset, _Unwilling()
    with pytest.raises(StorageError, match="; 32 bytes are needed"):
        results.close()
    real.close()


class _Unwilling:
    """A dataset whose last bytes find no room."""

    def isopen(self):
        return True

    def close(self):
        raise RuntimeError("NetCDF: HDF error")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_figures_are_drawn_does_not_cost_the_end_of_the_run(tmp_path, monkeypatch, number):
    """K2, trial 2: it ended the process between the last checkpoint and the summary, without a word."""

    def draw(*_):
        os.kill(os.getpid(), number)
        return []

    monkeypatch.setattr(plots, "draw", draw)
    engine = execute.Engine(lambda *_: fakes.scenario(), lambda scenario: "title = 'fake'\n", lambda: fakes.Simulation, lambda scenario: 0)
    outcome = execute.start(execute.Request("fake", out=tmp_path / "run"), Reporter(), engine)
    assert outcome.signal is None
    assert summary.read(tmp_path / "run") == outcome.summary

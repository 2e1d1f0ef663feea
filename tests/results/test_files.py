"""Fingerprint, time series, summary and registry."""

import errno
import json
import os

import numpy as np
import pytest

from calcisim.errors import StorageError
from calcisim.results import files, observables, summary, timeseries
from calcisim.results.sha import state_sha256
from calcisim.results.timeseries import TimeSeries


def test_the_fingerprint_sees_values_names_and_shapes_and_nothing_else():
    base = {"b": np.arange(6.0).reshape(2, 3), "a": np.arange(3)}
    first = state_sha256(base)
    assert state_sha256({"a": base["a"], "b": np.asfortranarray(base["b"])}) == first
    assert state_sha256({"a": base["a"].astype(">i8"), "b": base["b"].astype(">f8")}) == first
    bit = base["b"].copy()
    bit[1, 2] = np.nextafter(bit[1, 2], 9)
    others = [{**base, "b": bit}, {**base, "b": base["b"].reshape(3, 2)}, {"c": base["b"], "a": base["a"]}]
    assert len({first, *map(state_sha256, others)}) == 4


def test_time_series_is_cut_back_and_repeats_its_bytes(tmp_path):
    table = TimeSeries(tmp_path)
    for day in range(5):
        table.append(day * 86400.0, {"a": day / 3, "n": day, "onset_day": None if day < 3 else 3.1})
    table.sync()
    whole = table.path.read_bytes()
    table.path.write_bytes(whole[:-4])  # a kill in the middle of the last row
    again = TimeSeries(tmp_path)
    assert again.restart([0.0, 86400.0])
    for day in range(2, 5):
        again.append(day * 86400.0, {"a": day / 3, "n": day, "onset_day": None if day < 3 else 3.1})
    assert again.path.read_bytes() == whole
    read = timeseries.read(tmp_path)
    assert read["a"].tolist() == [day / 3 for day in range(5)]
    assert np.isnan(read["onset_day"][:3]).all()


def test_time_series_without_the_rows_says_so(tmp_path):
    table = TimeSeries(tmp_path)
    assert not table.restart([0.0])
    table.append(0.0, {"a": 1.0})
    assert not TimeSeries(tmp_path).restart([0.0, 1.0])
    assert not TimeSeries(tmp_path).restart([1.0])
    assert TimeSeries(tmp_path).restart(())
    assert not table.path.exists()
    with pytest.raises(StorageError, match="no time series"):
        timeseries.read(tmp_path)


def test_columns_cannot_change(tmp_path):
    table = TimeSeries(tmp_path)
    table.append(0.0, {"a": 1.0})
    with pytest.raises(StorageError, match="quantities of the run changed"):
        table.append(1.0, {"b": 1.0})


def test_summary_has_every_required_key_and_null_for_what_is_not_finite(tmp_path):
    document = summary.build({"scenario": "s", "days": 3.0}, {"nuclei": np.float64("inf"), "sites": {"cusp": {"nuclei": 2}}}, {"steps": 4})
    summary.write(tmp_path, document)
    back = json.loads((tmp_path / summary.NAME).read_text())
    assert set(summary.REQUIRED) <= set(back)
    assert back["nuclei"] is None
    assert back["steps"] == 4
    assert back["sites"] == {"cusp": {"nuclei": 2}}
    assert summary.read(tmp_path) == back
    assert summary.read(tmp_path / "nowhere") is None


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "f.json"
    files.write_text(path, "old")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            files.write_text(path, "new")
    assert path.read_text() == "old"


@pytest.fixture
def registry(monkeypatch):
    described = {name: entry for name, entry in observables.REGISTRY.items() if entry.function is None}  # as before any function
    monkeypatch.setattr(observables, "REGISTRY", described)
    return observables.REGISTRY


class _Simulation:
    def observables(self):
        return {"nuclei": 3, "limiting_step": None, "sites": {"a": {"nuclei": 1}, "b": {"nuclei": 2}}}


def test_an_output_is_one_function(registry):
    @observables.observable("largest_clump_mm", "mm")
    def largest_clump(simulation, site):
        """Diameter of the largest clump."""
        return 2.0 if site is None else 1.0

    row = observables.evaluate(_Simulation())
    assert row["largest_clump_mm"] == 2.0
    assert row["sites"]["b"] == {"nuclei": 2, "largest_clump_mm": 1.0}
    sites = {"a.nuclei": 1, "a.largest_clump_mm": 1.0, "b.nuclei": 2, "b.largest_clump_mm": 1.0}
    assert observables.flat(row) == {"nuclei": 3, "largest_clump_mm": 2.0, **sites}
    assert observables.unit("b.largest_clump_mm") == "mm"
    assert registry["largest_clump_mm"].meaning == "Diameter of the largest clump."


def test_outputs_share_work_within_a_row_and_not_beyond_it(registry):
    done = []

    def find(simulation):
        done.append(simulation)
        return len(done)

    for name in ("first", "second"):
        observables.observable(name, "1", shared=find)(_counted)
    simulation = _Simulation()
    for turn in (1, 2):
        row = observables.evaluate(simulation)
        assert {row["first"], row["second"], row["sites"]["a"]["first"]} == {turn}
    assert done == [simulation, simulation]


def _counted(shared, site):
    """How often the shared work was done."""
    return shared


def test_an_output_needs_a_meaning_and_a_name_of_its_own(registry):
    with pytest.raises(ValueError, match="docstring"):
        observables.observable("bare", "1")(lambda simulation, site: 1.0)
    with pytest.raises(ValueError, match="registered twice"):
        observables.describe("nuclei", "1", "again")


def test_every_required_physical_quantity_is_described():
    bookkeeping = {
        "scenario", "days", "seed", "steps", "rejected_steps", "newton_iterations", "vcycles",
        "compile_s", "wall_s", "peak_memory_mb", "state_sha256",
    }  # fmt: skip
    missing = set(summary.REQUIRED) - bookkeeping - set(observables.REGISTRY)
    assert not missing
    assert all(entry.unit and entry.meaning for entry in observables.REGISTRY.values())

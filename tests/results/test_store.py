"""results.nc: frames by number, replaced on resume, readable by the usual tools."""

import numpy as np
import pytest
import xarray

from calcisim.errors import DamagedError, StorageError
from calcisim.results import store
from calcisim.results.store import Results

SHAPE = (2, 3, 4)


def _fields(value):
    return {site: {"mineral_calcium": (np.full(SHAPE, value), "mol m-3", "calcium in mineral")} for site in ("cusp", "hip")}


def _coordinates():
    return {site: {axis: (np.arange(n) + 0.5) * 1e-4 for axis, n in zip("zyx", SHAPE)} for site in ("cusp", "hip")}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "results.nc"
    with Results.create(path, {"title": "t"}, _coordinates(), _fields(0.0)) as results:
        for index in range(3):
            results.write_frame(index, index * store.DAY, _fields(index + 0.5))
    return path


def test_a_frame_is_on_disk_when_write_frame_returns(tmp_path):
    results = Results.create(tmp_path / "r.nc", {}, _coordinates(), _fields(0.0))
    results.write_frame(0, 0.0, _fields(7.0))
    copy = tmp_path / "copy.nc"
    copy.write_bytes((tmp_path / "r.nc").read_bytes())  # what a kill would leave
    results.close()
    assert store.read(copy, "cusp", "mineral_calcium", 0)[0].max() == 7.0


def test_reopened_frames_are_replaced_and_added(path):
    with Results.reopen(path) as results:
        assert results.times() == pytest.approx([0, 86400, 172800])
        results.write_frame(2, 2 * store.DAY, _fields(9.0))
        results.write_frame(3, 3 * store.DAY, _fields(10.0))
    values, unit, long_name = store.read(path, "hip", "mineral_calcium")
    assert values[:, 0, 0, 0].tolist() == [0.5, 1.5, 9.0, 10.0]
    assert (unit, long_name) == ("mol m-3", "calcium in mineral")


def test_a_file_that_was_not_closed_is_copied_up_to_what_counts(tmp_path):
    """A mark lies beside an open file; what a killed process left is read, never written to."""
    path = tmp_path / "results.nc"
    with Results.create(path, {"title": "t"}, _coordinates(), _fields(0.0)) as results:
        assert store.torn(path)
        for index in range(3):
            results.write_frame(index, index * store.DAY, _fields(index + 0.5))
    assert not store.torn(path)
    before = path.read_bytes()
    store._mark(path).touch()  # as a kill would leave it
    store.renew(path, 2)
    assert path.read_bytes() != before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["results.nc", "results.nc.open"]
    with Results.reopen(path) as results:
        assert results.times() == pytest.approx([0, 86400])
        results.write_frame(2, 2 * store.DAY, _fields(9.0))
    assert not store.torn(path)
    values, unit, long_name = store.read(path, "hip", "mineral_calcium")
    assert values[:, 0, 0, 0].tolist() == [0.5, 1.5, 9.0]
    assert (unit, long_name) == ("mol m-3", "calcium in mineral")
    with xarray.open_dataset(path, group="cusp") as data:
        assert data.mineral_calcium.encoding["complevel"] == 1
        assert data.x.attrs["units"] == "m"


def test_a_copy_that_cannot_be_made_leaves_the_file(path):
    before = path.read_bytes()
    with pytest.raises(DamagedError, match=r"results\.nc: "):
        store.renew(path, 7)  # more frames than there are
    blocked = path.with_name(path.name + ".writing")
    blocked.mkdir()
    with pytest.raises(StorageError, match="could not be written") as caught:
        store.renew(path, 2)
    assert not isinstance(caught.value, DamagedError)
    assert path.read_bytes() == before
    blocked.rmdir()
    store.renew(path, 2)
    assert len(store.axes(path, "cusp")["time"]) == 2


def test_it_is_a_cf_file_for_xarray(path):
    with xarray.open_dataset(path, group="cusp") as data:
        assert data.mineral_calcium.dims == ("time", "z", "y", "x")
        assert data.time.attrs["units"] == "d"
        assert data.time.values.tolist() == [0.0, 1.0, 2.0]
        assert data.x.values == pytest.approx((np.arange(4) + 0.5) * 1e-4)
        assert data.x.attrs["units"] == "m"
    with xarray.open_dataset(path) as root:
        assert root.attrs["Conventions"].startswith("CF-1")
    assert store.sites(path) == ["cusp", "hip"]
    assert set(store.axes(path, "cusp")) == {"time", "z", "y", "x"}


def test_broken_and_missing_files_are_one_clear_error(tmp_path):
    (tmp_path / "results.nc").write_bytes(b"nonsense")
    for reader in (lambda p: Results.reopen(p), lambda p: store.sites(p)):
        with pytest.raises(StorageError, match="cannot be"):
            reader(tmp_path / "results.nc")
    with pytest.raises(StorageError, match="is not there"):
        store.sites(tmp_path / "other.nc")


def test_a_disk_that_refuses_is_said_with_the_size(path, monkeypatch):
    with Results.reopen(path) as results:
        monkeypatch.setattr(results, "_dataset", _Refusing())
        with pytest.raises(StorageError, match="192 bytes are needed") as caught:
            results.write_frame(3, 0.0, _fields(1.0))
    assert caught.value.exit_code == 74


class _Refusing:
    @property
    def groups(self):
        raise RuntimeError("NetCDF: HDF error")

    def isopen(self):
        return False

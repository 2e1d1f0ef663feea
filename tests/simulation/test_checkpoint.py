"""A checkpoint is whole, or it is recognised as broken and the one before it is used."""

import contextlib
import errno
import os
import pickle
import random
import struct

import numpy as np
import pytest

from calcisim.simulation import checkpoint
from calcisim.simulation.checkpoint import CheckpointError, CheckpointWarning


def _arrays(seed=1):
    rng = np.random.default_rng(seed)
    return {
        "u": rng.random((4, 3, 5)),
        "counts": rng.integers(0, 9, (7,)),
        "mask": rng.random((2, 2)) > 0.5,
        "scalar": np.array(3.5),
        "empty": np.zeros((0, 3)),
        "strided": rng.random((6, 6))[::2, ::-1],
    }


def _save_two(path):
    checkpoint.save(path, _arrays(1), {"step": 1, "scenario_sha256": "abc"})
    checkpoint.save(path, _arrays(2), {"step": 2, "scenario_sha256": "abc"})


def _same(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[k], two[k]) and one[k].dtype == two[k].dtype for k in one)


def test_round_trip_keeps_every_bit(tmp_path):
    path = tmp_path / "checkpoint.bin"
    meta = {"time": 0.1 + 0.2, "dt": 1e-300, "seed": 2**63 + 1, "names": ["a", "µ"], "none": None, "np": np.float64(1.1)}
    checkpoint.save(path, _arrays(), meta)
    arrays, back = checkpoint.load(path)
    assert _same(arrays, _arrays())
    assert back == {**meta, "np": 1.1}
    arrays["u"][0, 0, 0] = 1.0  # what comes back can be written to


def test_the_one_before_is_kept(tmp_path):
    path = tmp_path / "checkpoint.bin"
    _save_two(path)
    assert checkpoint.load(path)[1]["step"] == 2
    path.unlink()
    with pytest.warns(CheckpointWarning):
        assert checkpoint.load(path)[1]["step"] == 1


def test_any_flipped_bit_or_cut_falls_back(tmp_path):
    """R3 of the reliability table: 100 damages, none of which may load."""
    path = tmp_path / "checkpoint.bin"
    _save_two(path)
    whole = path.read_bytes()
    draw = random.Random(3)
    for case in range(100):
        broken = bytearray(whole)
        if case % 2:
            broken[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        else:
            del broken[draw.randrange(len(whole)) :]
        path.write_bytes(broken)
        said = []
        arrays, meta = checkpoint.load(path, say=said.append)
        assert meta["step"] == 1
        assert _same(arrays, _arrays(1))
        assert len(said) == 1
        assert "checkpoint before" in said[0]


def test_wrong_magic_version_and_scenario_are_named(tmp_path):
    path = tmp_path / "checkpoint.bin"
    checkpoint.save(path, _arrays(), {"scenario_sha256": "abc"})
    whole = path.read_bytes()
    path.write_bytes(b"NOTOURS!" + whole[8:])
    with pytest.raises(CheckpointError, match="not a calcisim checkpoint"):
        checkpoint.load(path)
    path.write_bytes(whole[:8] + struct.pack("<I", 99) + whole[12:])
    with pytest.raises(CheckpointError, match="format 99"):
        checkpoint.load(path)
    path.write_bytes(whole)
    with pytest.raises(CheckpointError, match="another scenario"):
        checkpoint.load(path, scenario_sha256="def")
    assert checkpoint.load(path, scenario_sha256="abc")[1]["scenario_sha256"] == "abc"


def test_both_damaged_names_both(tmp_path):
    path = tmp_path / "checkpoint.bin"
    _save_two(path)
    path.write_bytes(b"")
    checkpoint.previous(path).write_bytes(b"x" * 200)
    with pytest.raises(CheckpointError, match=r"truncated.*not a calcisim checkpoint"):
        checkpoint.load(path)


def test_a_damaged_file_never_pushes_out_the_good_one(tmp_path):
    path = tmp_path / "checkpoint.bin"
    _save_two(path)
    path.write_bytes(path.read_bytes()[:-1])
    checkpoint.save(path, _arrays(3), {"step": 3})
    path.unlink()
    assert checkpoint.load(path, say=lambda _: None)[1]["step"] == 1


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_kill_before_any_system_call_leaves_a_whole_file(tmp_path, monkeypatch, call):
    """SIGKILL is imitated by stopping dead at each fsync or rename of a save, with no clean-up."""

    class Killed(BaseException):
        pass

    for at in range(3):
        path = tmp_path / f"{call}{at}" / "checkpoint.bin"
        path.parent.mkdir()
        _save_two(path)
        left, real = [None] * at, getattr(os, call)

        def stop(*args, left=left, real=real):
            if not left:
                raise Killed
            left.pop()
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, stop)
            with contextlib.suppress(Killed):
                checkpoint.save(path, _arrays(3), {"step": 3})
        assert checkpoint.load(path, say=lambda _: None)[1]["step"] in (2, 3)


def test_the_bytes_are_on_disk_before_the_rename(tmp_path, monkeypatch):
    order = []
    real = {name: getattr(os, name) for name in ("fsync", "replace")}
    for name in real:
        monkeypatch.setattr(os, name, lambda *args, _name=name: (order.append(_name), real[_name](*args))[1])
    checkpoint.save(tmp_path / "checkpoint.bin", _arrays(), {})
    assert order == ["fsync", "replace", "fsync"]


def test_full_disk_says_how_much_is_needed_and_keeps_the_old(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.bin"
    _save_two(path)

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CheckpointError, match=r"No space left on device\); \d+ bytes are needed") as caught:
            checkpoint.save(path, _arrays(3), {"step": 3})
    assert caught.value.exit_code == 74
    assert checkpoint.load(path)[1]["step"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.bin", "checkpoint.bin.previous"]


def test_a_vanished_directory_is_one_clear_error(tmp_path):
    with pytest.raises(CheckpointError, match="could not be written"):
        checkpoint.save(tmp_path / "gone" / "checkpoint.bin", _arrays(), {})


def test_objects_are_refused_and_nothing_is_unpickled(tmp_path):
    with pytest.raises(TypeError, match="plain numbers only"):
        checkpoint.save(tmp_path / "c", {"o": np.array([object()])}, {})
    with pytest.raises(TypeError, match="cannot be kept"):
        checkpoint.save(tmp_path / "c", {}, {"o": object()})
    (tmp_path / "c").write_bytes(pickle.dumps({"u": 1}) + b"\0" * 100)
    with pytest.raises(CheckpointError):
        checkpoint.load(tmp_path / "c")

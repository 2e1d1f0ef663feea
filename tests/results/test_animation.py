"""Animations: a picture for every stored map in one, two and three dimensions, the same bytes, small; and why there is none."""

import io
import itertools
import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from calcisim.cli import app
from calcisim.errors import UsageError
from calcisim.results import animation, render
from calcisim.results.store import Results
from calcisim.results.timeseries import TimeSeries

DAY = 86400.0
FRAMES = 4


def run(directory, shape, frames=FRAMES, name="mineral_calcium"):
    """A run of one site, whose mineral grows from the middle."""
    directory.mkdir()
    series = TimeSeries(directory)
    coordinates = {"hip": {axis: (np.arange(n) + 0.5) * 1e-3 for axis, n in zip("zyx", shape)}}
    place = np.meshgrid(*[np.arange(n) - 0.5 * (n - 1) for n in shape], indexing="ij")
    away = np.sqrt(sum(axis**2 for axis in place))

    def fields(day):
        return {"hip": {name: (100.0 * day * (away <= 0.8 * day), "mol m-3", "calcium in mineral")}}

    with Results.create(directory / "results.nc", {}, coordinates, fields(0)) as results:
        for day in range(FRAMES):
            series.append(day * DAY, {"deposit_calcium_mg": 0.5 * day**2})
            if day < frames:
                results.write_frame(day, day * DAY, fields(day))
    (directory / "summary.json").write_text(json.dumps({"scenario": "a/b", "days": 3.0, "seed": 1}))
    return directory


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Small and quick pictures."""
    monkeypatch.setattr(animation, "DPI", 60.0)
    monkeypatch.setattr(animation, "PIXELS", 80)
    monkeypatch.setattr(render, "VOXELS", 24)


@pytest.mark.parametrize("shape", [(1, 1, 9), (1, 8, 9), (7, 8, 9)], ids=["line", "plane", "body"])
def test_a_picture_for_every_map_and_the_same_bytes(tmp_path, shape):
    directory = run(tmp_path / "r", shape)
    done = animation.animate(directory)
    assert (done["site"], done["frames"]) == ("hip", FRAMES)
    assert done["animation"] == directory / "figures" / "animation-hip.gif"
    data = done["animation"].read_bytes()
    assert done["bytes"] == len(data) < animation.LARGEST
    picture = Image.open(io.BytesIO(data))
    assert picture.n_frames == FRAMES
    pictures, times = [], []
    for number in range(FRAMES):
        picture.seek(number)
        pictures.append(np.asarray(picture.convert("RGB")).astype(int))
        times.append(picture.info["duration"])
    assert all(np.abs(after - before).max() > 50 for before, after in itertools.pairwise(pictures))
    assert (pictures[0][0, 0] == 255).all()
    assert times == [120, 120, 120, animation.LAST]
    assert animation.animate(directory, force=True)["animation"].read_bytes() == data


def test_a_large_one_is_drawn_smaller(tmp_path, monkeypatch):
    directory = run(tmp_path / "r", (1, 8, 9))
    whole = animation.animate(directory)
    monkeypatch.setattr(animation, "LARGEST", whole["bytes"] - 1)
    smaller = animation.animate(directory, out=tmp_path / "s.gif")
    assert smaller["bytes"] < whole["bytes"]
    assert Image.open(tmp_path / "s.gif").size[0] < Image.open(whole["animation"]).size[0]


def test_what_is_there_stays(tmp_path):
    directory = run(tmp_path / "r", (1, 1, 9))
    (tmp_path / "a.gif").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        animation.animate(directory, out=tmp_path / "a.gif")
    assert (tmp_path / "a.gif").read_bytes() == b"mine"
    animation.animate(directory, out=tmp_path / "a.gif", force=True)
    assert (tmp_path / "a.gif").read_bytes().startswith(b"GIF89a")


@pytest.mark.parametrize(
    ("shape", "frames", "asked", "said"),
    [
        ((1, 1, 1), FRAMES, {}, "no maps to animate"),
        ((1, 1, 1), FRAMES, {"site": "hip"}, "a single voxel"),
        ((1, 1, 9), 0, {}, "no maps to animate"),
        ((1, 1, 9), FRAMES, {"site": "hop"}, "no site 'hop'; its sites are hip"),
        ((1, 1, 9), FRAMES, {"fps": 0.0}, "--fps 0: must be"),
        ((1, 1, 9), FRAMES, {"out": "a.mp4"}, "a GIF"),
    ],
)
def test_what_cannot_be_animated_says_why(tmp_path, shape, frames, asked, said):
    with pytest.raises(UsageError, match=said):
        animation.animate(run(tmp_path / "r", shape, frames), **asked)


def test_no_maps_and_no_run(tmp_path):
    with pytest.raises(UsageError, match="no such run directory"):
        animation.animate(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no maps to animate"):
        animation.animate(tmp_path / "empty")


def test_the_command(tmp_path):
    directory = run(tmp_path / "r", (1, 1, 9))
    said = CliRunner().invoke(app, ["animate", str(directory), "--fps", "5", "--out", str(tmp_path / "a.gif"), "--json"])
    assert said.exit_code == 0
    assert json.loads(said.stdout) == {
        "animation": str(tmp_path / "a.gif"), "site": "hip", "frames": FRAMES, "bytes": (tmp_path / "a.gif").stat().st_size,
    }  # fmt: skip
    assert Image.open(tmp_path / "a.gif").info["duration"] == 200

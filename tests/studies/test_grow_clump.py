"""The command that grows clumps: what it writes, what it refuses, and how."""

import base64
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from print_quality import caught, problems
from typer.testing import CliRunner

from calcisim.cli import app
from calcisim.errors import MemoryRefused, UsageError
from calcisim.results import grown_figures
from calcisim.studies import grow_clump, resources
from calcisim.studies.grow_clump import Request, growing

RUN = CliRunner()


@pytest.fixture(scope="module", autouse=True)
def _small_pictures():
    """What is drawn does not matter here; tests/results look at the renderer."""
    full, grown_figures.PIXELS = grown_figures.PIXELS, 240
    yield
    grown_figures.PIXELS = full


def asked(**changes):
    return growing(**{"particles": 400, "dimensions": 3, "sticking": 1.0, "seed": 1, "fraction": 0.01, "clusters": None, **changes})


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    return grow_clump.start(Request(asked(), primary="40 nm", out=tmp_path_factory.mktemp("clump") / "one"))


def test_everything_is_written_and_the_summary_says_what_it_must(grown):
    summary = json.loads((grown.directory / "summary.json").read_text())
    wanted = {"fractal_dimension", "fractal_dimension_error", "coordination", "clusters", "largest_cluster", "wall_s", "state_sha256"}
    assert wanted <= set(summary)
    assert summary["clusters"] == 2
    assert 1.2 < summary["fractal_dimension"] < 2.2
    assert summary["coordination"] == pytest.approx(2.0 * 398 / 400, rel=1e-6)
    assert "not for clinical decisions" in summary["note"]
    assert {path.name for path in grown.figures} == {"clump.png", "structure.png"}
    assert all(path.stat().st_size > 10_000 for path in grown.figures)
    lines = (grown.directory / "merges.csv").read_text().splitlines()
    assert len(lines) == 1 + 398
    assert lines[0] == "time,first_size,second_size,gyration_radius_m,distance_m"
    rows = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    assert (np.diff(rows[:, 0]) >= 0.0).all()
    assert rows[0, 1:3].tolist() == [1.0, 1.0]
    assert rows[0, 4] == pytest.approx(40e-9, rel=1e-6)  # the first two that met touch: one diameter apart


def test_the_vtk_file_holds_the_spheres_in_metres_and_their_bonds(grown):
    tree = ElementTree.parse(grown.directory / "clump.vtp")
    piece = tree.find(".//Piece")
    assert piece.get("NumberOfPoints") == "400"
    assert int(piece.get("NumberOfLines")) == 398
    arrays = {array.get("Name"): array for array in tree.iter("DataArray")}
    data = base64.b64decode("".join(arrays["radius"].text.split()))
    radius = np.frombuffer(data[-400 * 8 :], dtype="<f8")
    assert radius == pytest.approx(20e-9)


def test_the_same_seed_gives_the_same_files(grown, tmp_path):
    again = grow_clump.start(Request(asked(), primary="40 nm", out=tmp_path / "two"))
    assert again.summary["state_sha256"] == grown.summary["state_sha256"]
    for name in ("clump.vtp", "merges.csv", "figures/clump.png", "figures/structure.png"):
        assert (again.directory / name).read_bytes() == (grown.directory / name).read_bytes()
    other = grow_clump.start(Request(asked(seed=2), primary="40 nm", out=tmp_path / "three"))
    assert other.summary["state_sha256"] != grown.summary["state_sha256"]


def test_fibres_and_growth_are_measured_and_drawn(tmp_path):
    request = Request(asked(fibres=0.05, nucleated=0.2, capture=0.2, clusters=20), growth=1.0, out=tmp_path / "fibres")
    outcome = grow_clump.start(request)
    summary = outcome.summary
    assert summary["held_share"] > 0.2
    assert summary["solid_per_particle"] > 3.0
    assert summary["frame_dimension"] is None or summary["frame_dimension"] > 1.0
    assert outcome.figures[0].stat().st_size > 10_000


@pytest.mark.parametrize(
    ("changes", "growth", "words"),
    [
        ({"dimensions": 4}, 0.0, "--dimensions 4: must be 2 or 3"),
        ({"particles": 1}, 0.0, "--particles 1: must be at least 2"),
        ({"sticking": 0.0}, 0.0, "--sticking 0: must be at least 1e-06 and at most 1"),
        ({"sticking": float("nan")}, 0.0, "--sticking nan"),
        ({"fraction": 0.5}, 0.0, "at most 0.2"),
        ({"seed": -1}, 0.0, "--seed -1"),
        ({"nucleated": 0.5}, 0.0, "--fibres"),
        ({"dimensions": 2, "fibres": 0.1}, 0.0, "three dimensions"),
        ({"dimensions": 2}, 1.0, "three dimensions"),
        ({"walkers": True, "rotation": True}, 0.0, "--walkers"),
        ({}, -1.0, "--growth -1"),
        ({"fibres": 0.1, "fibre_diameter": 30.0}, 0.0, "--fibre-diameter 30"),
        ({"fibres": 0.3, "fibre_diameter": 0.1, "particles": 100_000}, 0.0, "larger --fibre-diameter"),
        ({"seed": 2**63}, 0.0, "--seed"),
    ],
)
def test_what_cannot_be_grown_is_said_before_anything_is_written(changes, growth, words, tmp_path):
    with pytest.raises(UsageError, match=words.replace("(", "\\(")):
        grow_clump.start(Request(asked(**changes), growth=growth, out=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("text", ["50", "five nm", "-3 nm", "1 m", "20 degC"])
def test_a_primary_needs_a_length(text, tmp_path):
    with pytest.raises(UsageError, match="--primary"):
        grow_clump.start(Request(asked(), primary=text, out=tmp_path / "none"))


def test_particles_that_do_not_fit_in_memory_are_refused_with_how_many_do(tmp_path):
    with pytest.raises(MemoryRefused, match=r"About \d+ particles fit") as refused:
        grow_clump.start(Request(asked(particles=10**12), out=tmp_path / "none"))
    fit = int(str(refused.value).split("About ")[1].split()[0])
    grow_clump.refuse_if_too_large(asked(particles=fit))
    assert not (tmp_path / "none").exists()
    outcome = RUN.invoke(app, ["grow-clump", "--particles", "1000000000000", "--out", str(tmp_path / "none")])
    assert isinstance(outcome.exception, MemoryRefused)
    assert outcome.exception.exit_code == 4


def test_the_memory_that_is_planned_for_is_about_what_is_taken():
    """The arrays of a pack are within what `memory` says, and that is no more than eight times as much."""
    request = asked(particles=20_000, fraction=0.001)
    from calcisim.physics import morphology

    taken = sum(array.nbytes for array in morphology._arrays(request))
    assert taken < morphology.memory(request) < 8 * taken
    with pytest.raises(MemoryRefused):
        grow_clump.refuse_if_too_large(request, free=taken + grow_clump.PICTURE_BYTES)
    assert resources.SHARE == 0.8


def test_what_is_there_is_not_overwritten(grown, tmp_path):
    with pytest.raises(UsageError, match="nothing is ever overwritten"):
        grow_clump.start(Request(asked(), out=grown.directory))
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="left alone"):
        grow_clump.start(Request(asked(), out=foreign, force=True))
    assert (foreign / "thesis.txt").read_text() == "mine"
    place = tmp_path / "again"
    grow_clump.start(Request(asked(), out=place))
    grow_clump.start(Request(asked(seed=3), out=place, force=True))
    assert json.loads((tmp_path / "again.old-1" / "summary.json").read_text())["asked"]["seed"] == 1
    assert json.loads((place / "summary.json").read_text())["asked"]["seed"] == 3


@pytest.mark.parametrize(
    "changes", [{"clusters": 400}, {"fibres": 0.05, "nucleated": 1.0, "particles": 60}, {"particles": 3, "clusters": 1}]
)
def test_what_never_meets_is_written_all_the_same(changes, tmp_path):
    outcome = grow_clump.start(Request(asked(**changes), primary="0.1 nm", out=tmp_path / "alone"))
    assert json.loads((outcome.directory / "summary.json").read_text())["fractal_dimension"] is None
    assert any("too few clusters" in line for line in grow_clump.said(outcome.summary))
    assert len(outcome.figures) == 2


def test_the_pictures_are_fit_for_print_also_when_clumps_are_small(tmp_path):
    with caught() as figures:
        for name, changes in (("loose", {}), ("held", {"fibres": 0.05, "nucleated": 0.2, "clusters": 20})):
            grow_clump.start(Request(asked(**changes), growth=1.0 if "fibres" in changes else 0.0, out=tmp_path / name))
        assert problems(figures) == []
        for path, figure in figures:
            if path.stem == "structure":
                figure.canvas.draw()
                across = figure.axes[0].get_xticklabels()
                low, high = figure.axes[0].get_xlim()
                shown = [label for label in across if label.get_text() and low <= label.get_position()[0] <= high]
                assert len(shown) >= 2


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(grown_figures, "draw", broken)
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        with pytest.raises(KeyboardInterrupt):
            grow_clump.start(Request(asked(), out=tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert list((tmp_path / "empty").iterdir()) == []


def test_the_command_says_what_it_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = RUN.invoke(app, ["grow-clump", "--particles", "300", "--fraction", "0.01", "-q"])
    assert outcome.exit_code == 0, outcome.output
    assert "fractal dimension" in outcome.output
    assert "runs/clump-001" in outcome.output
    outcome = RUN.invoke(app, ["grow-clump", "--particles", "300", "--dimensions", "2", "--json", "-q"])
    document = json.loads(outcome.stdout)
    assert document["asked"]["dimensions"] == 2
    assert document["directory"] == "runs/clump-002"

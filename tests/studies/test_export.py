"""`calcisim export`: what is written, what is refused, and that nothing is overwritten."""

import json

import numpy as np
import pytest
from results.test_radiography import write_run
from results.test_volumes import read_image
from typer.testing import CliRunner

from calcisim.cli.app import app
from calcisim.errors import StorageError, UsageError
from calcisim.results import radiography, volumes
from calcisim.studies import export as study

MM = 1e-3


def a_run(directory, shape=(1, 6, 8), sites=("hip",), plasma_only=False):
    write_run(directory, shape, spacing=(10 * MM, 2 * MM, 1 * MM), sites=sites)
    who = {"scenario": "a/b", "days": 20.0, "seed": 1, "scenario_sha256": "0", "source_sha256": "1", "versions": {}, "citations": []}
    (directory / "provenance.json").write_text(json.dumps({**who, "plasma_only": plasma_only}))
    (directory / "scenario.resolved.toml").write_text("")
    return directory


def export(*arguments, notes=None, **more):
    return study.export(study.Request(*arguments, **more), (notes if notes is not None else []).append)


@pytest.fixture
def run(tmp_path):
    return a_run(tmp_path / "run")


def test_all_formats_hold_the_same(run):
    pytest.importorskip("nibabel", reason="the extra imaging is not installed")
    pytest.importorskip("pydicom", reason="the extra imaging is not installed")
    done = export(run, ("vti", "nifti", "dicom"))
    (one,) = done["sites"]
    names = ["hip-day-20.vti", "hip-day-20-hu.nii.gz", "hip-day-20-apatite.nii.gz", "hip-day-20-dicom"]
    assert [path.name for path in one["files"]] == names
    assert (one["site"], one["day"], one["frame"], one["voxels_zyx"]) == ("hip", 20.0, 2, [1, 6, 8])
    seen = radiography.hounsfield(run)
    fields, spacing, origin = read_image(run / "export" / names[0])
    assert {"mineral_calcium", "hap_calcium", "hounsfield", "apatite_mg_per_cm3"} <= set(fields)
    assert fields["hounsfield"] == pytest.approx(seen.values, rel=1e-6)
    assert fields["mineral_calcium"].max() == 2000.0
    assert spacing == pytest.approx([10.0, 2.0, 1.0])
    assert origin == pytest.approx([5.0, 1.0, 0.5])
    for grid in (volumes.read_nifti(run / "export" / names[1]), volumes.read_dicom(run / "export" / "hip-day-20-dicom")):
        assert np.array_equal(grid.values, np.rint(seen.values))
        assert grid.spacing == pytest.approx(seen.spacing)
        assert grid.origin == pytest.approx(seen.origin)
    apatite = volumes.read_nifti(run / "export" / names[2])
    assert apatite.values.max() == pytest.approx(2000.0 * 0.50231 / 5, rel=1e-6)
    assert done["note"] == "simulated; for research; not for clinical decisions"


def test_the_nearest_day_is_taken_and_said(run):
    notes = []
    done = export(run, ("vti",), day=13.0, notes=notes)
    assert done["sites"][0]["day"] == 10.0
    assert notes == ["hip: there is no map of day 13; that of day 10 is taken, the nearest"]
    assert export(run, ("vti",), day=20.0 + 1e-9, out=run / "b")["sites"][0]["frame"] == 2
    exact = []
    assert export(run, ("vti",), day=0.0, notes=exact)["sites"][0]["frame"] == 0
    assert exact == []


@pytest.mark.parametrize(("more", "message"), [
    ({"formats": ()}, "--vti, --nifti and --dicom"),
    ({"site": "knee"}, "no such site; its sites are hip"),
    ({"day": 21.0}, "from day 0 to day 20"),
    ({"day": -1.0}, "from day 0 to day 20"),
    ({"day": float("nan")}, "from day 0 to day 20"),
])  # fmt: skip
def test_what_cannot_be_met_is_refused_and_writes_nothing(run, more, message):
    with pytest.raises(UsageError, match=message):
        export(run, **{"formats": ("vti",), **more})
    assert not (run / "export").exists()


def test_single_voxels(tmp_path):
    with pytest.raises(UsageError, match=r"single voxel \(0-D\)"):
        export(a_run(tmp_path / "a", (1, 1, 1)), ("vti",))
    with pytest.raises(UsageError, match=r"single voxel \(0-D\)"):
        export(a_run(tmp_path / "b", (1, 1, 1), sites=("skin", "lung")), ("vti",))


def test_a_column_is_written(tmp_path):
    done = export(a_run(tmp_path / "a", (1, 1, 9)), ("vti",))
    fields, spacing, _ = read_image(done["sites"][0]["files"][0])
    assert fields["hounsfield"].shape == (1, 1, 9)
    assert spacing == pytest.approx([10.0, 2.0, 1.0])


def test_every_site_is_written_or_the_one_that_is_named(tmp_path):
    run = a_run(tmp_path / "run", sites=("hip", "left elbow"))
    assert [one["site"] for one in export(run, ("vti",))["sites"]] == ["hip", "left elbow"]
    assert (run / "export" / "left-elbow-day-20.vti").is_file()
    (one,) = export(run, ("vti",), site="left elbow", out=tmp_path / "other")["sites"]
    assert one["files"] == [tmp_path / "other" / "left-elbow-day-20.vti"]


def test_nothing_is_overwritten_without_force(run):
    pytest.importorskip("pydicom", reason="the extra imaging is not installed")
    export(run, ("vti", "dicom"))
    before = {path: path.read_bytes() for path in (run / "export").rglob("*") if path.is_file()}
    stale = run / "export" / "hip-day-20-dicom" / "slice-0002.dcm"
    stale.write_bytes(b"old")
    for kind in ("vti", "dicom"):
        with pytest.raises(UsageError, match="add --force"):
            export(run, (kind,))
    export(run, ("vti", "dicom"), force=True)
    assert {path: path.read_bytes() for path in (run / "export").rglob("*") if path.is_file()} == before


def test_the_same_run_gives_the_same_identifiers_another_does_not(tmp_path):
    pydicom = pytest.importorskip("pydicom", reason="the extra imaging is not installed")
    found = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run = a_run(tmp_path / name)
        text = (run / "provenance.json").read_text().replace('"seed": 1', f'"seed": {seed}')
        (run / "provenance.json").write_text(text)
        (folder,) = export(run, ("dicom",))["sites"][0]["files"]
        found.append(pydicom.dcmread(folder / "slice-0001.dcm").SeriesInstanceUID)
    assert found[0] == found[1] != found[2]


def test_runs_without_maps(tmp_path, run):
    with pytest.raises(UsageError, match="no such run directory"):
        export(tmp_path / "nowhere", ("vti",))
    with pytest.raises(UsageError, match="the body alone"):
        export(a_run(tmp_path / "body", plasma_only=True), ("vti",))
    (run / "results.nc").unlink()
    with pytest.raises(StorageError, match="is not there"):
        export(run, ("vti",))


def test_a_missing_extra_stops_before_anything_is_written(run, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    with pytest.raises(UsageError, match=r"pip install 'calcisim\[imaging\]'"):
        export(run, ("vti", "dicom"))
    assert not (run / "export").exists()


def test_out_that_is_a_file(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        export(run, ("vti",), out=tmp_path / "file")


def test_the_command(run):
    runner = CliRunner()
    done = runner.invoke(app, ["export", str(run), "--vti", "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["sites"][0]["files"] == [str(run / "export" / "hip-day-20.vti")]
    again = runner.invoke(app, ["export", str(run), "--vti", "--force"], catch_exceptions=False)
    assert again.stdout.strip() == str(run / "export" / "hip-day-20.vti")
    assert "not for clinical decisions" in again.stderr
    assert isinstance(runner.invoke(app, ["export", str(run)]).exception, UsageError)

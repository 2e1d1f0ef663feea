"""Deposits as X-rays see them: Hounsfield numbers of a run, a scanner's blur, the pictures, what a run reports."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from calcisim.errors import StorageError, UsageError
from calcisim.physics import attenuation
from calcisim.results import observables, radiography, style
from calcisim.results.store import Results

MM = 1e-3
DAY = 86400.0


def write_run(directory, shape, spacing=(0.5 * MM,) * 3, phases=True, sites=("hip",), scale=1000.0):
    """Frames at days 0, 10 and 20 with a ball of apatite of `scale` × day/10 mol Ca/m³ in the middle; the second site has a tenth."""
    directory.mkdir(parents=True, exist_ok=True)
    coordinates = {site: {axis: (np.arange(n) + 0.5) * h for axis, n, h in zip("zyx", shape, spacing)} for site in sites}
    places = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in shape], indexing="ij")
    ball = sum(place**2 for place in places) < (max(shape) / 4) ** 2

    def fields(day):
        out = {}
        for number, site in enumerate(sites):
            calcium = scale * 0.1**number * day / 10 * ball
            parts = {name: (calcium * (phase == "HAP"), "mol m-3", name) for phase, name in radiography.FIELDS.items()}
            out[site] = {"mineral_calcium": (calcium, "mol m-3", "calcium in mineral"), **(parts if phases else {})}
        return out

    with Results.create(directory / "results.nc", {}, coordinates, fields(0)) as results:
        for index, day in enumerate((0.0, 10.0, 20.0)):
            results.write_frame(index, day * DAY, fields(day))
    return directory


def expected(calcium):
    return float(radiography.of_calcium({"HAP": np.asarray(calcium)}))


def test_hounsfield_of_a_run(tmp_path):
    run = write_run(tmp_path / "r", (1, 8, 10), spacing=(30 * MM, 2 * MM, 1 * MM))
    seen = radiography.hounsfield(run)
    assert (seen.site, seen.day, seen.values.shape) == ("hip", 20.0, (1, 8, 10))
    assert seen.spacing == pytest.approx((30 * MM, 2 * MM, 1 * MM))
    assert seen.origin == pytest.approx((15 * MM, 1 * MM, 0.5 * MM))
    assert seen.edges("x") == pytest.approx((0.0, 10.0))
    assert seen.long_axes == ["x", "y"]
    assert seen.values.max() == pytest.approx(expected(2000.0), rel=1e-6)
    assert seen.values.min() == pytest.approx(expected(0.0))
    assert radiography.hounsfield(run, frame=1).values.max() == pytest.approx(expected(1000.0), rel=1e-6)
    assert radiography.hounsfield(run, frame=0).values.max() == pytest.approx(expected(0.0))


def test_a_file_without_phases_holds_apatite(tmp_path):
    first, second = (radiography.hounsfield(write_run(tmp_path / name, (4, 4, 4), phases=way)) for name, way in (("a", True), ("b", False)))
    assert np.array_equal(first.values, second.values)


def test_the_densest_site_is_taken_and_wrong_names_are_refused(tmp_path):
    run = write_run(tmp_path / "r", (1, 6, 6), sites=("hip", "elbow"))
    assert radiography.hounsfield(run).site == "hip"
    assert radiography.hounsfield(run, "elbow").values.max() == pytest.approx(expected(200.0), rel=1e-6)
    with pytest.raises(UsageError, match="no site 'knee'; its sites are hip, elbow"):
        radiography.hounsfield(run, "knee")
    with pytest.raises(UsageError, match="3 frames"):
        radiography.hounsfield(run, "hip", 3)
    with pytest.raises(StorageError, match="is not there"):
        radiography.hounsfield(tmp_path, "hip")


def test_phases_differ():
    """The same calcium as brushite brings more water and phosphate, and takes more room."""
    apatite, brushite = (float(radiography.of_calcium({phase: np.array(3000.0)})) for phase in ("HAP", "DCPD"))
    assert abs(brushite - apatite) > 0.02 * apatite


def blob(shape=(24, 26, 28), spacing=(0.2 * MM,) * 3):
    values = np.full(shape, expected(0.0))
    values[tuple(slice(n // 2 - 2, n // 2 + 2) for n in shape)] += 1000.0
    return radiography.Volume("hip", 1.0, values, spacing, tuple(0.5 * h for h in spacing))


def test_a_scanner_keeps_the_amount_and_lowers_the_top():
    volume = blob()
    seen = radiography.scanned(volume, 0.7 * MM, 0.4 * MM)
    assert seen.values.shape == (12, 13, 14)
    assert seen.spacing == pytest.approx((0.4 * MM,) * 3)
    assert seen.origin == pytest.approx((0.2 * MM,) * 3)
    amount = [float(np.sum(v.values - expected(0.0)) * math.prod(v.spacing)) for v in (volume, seen)]
    assert amount[1] == pytest.approx(amount[0], rel=1e-6)
    assert 0.2 * 1000 < seen.values.max() - expected(0.0) < 0.8 * 1000
    assert radiography.scanned(volume, 0.0, 0.1 * MM).values == pytest.approx(volume.values)


def test_the_point_spread_has_the_width_it_says():
    values = np.zeros((1, 1, 401)) + expected(0.0)
    values[0, 0, 200] += 1000.0
    volume = radiography.Volume("hip", 0.0, values, (MM, MM, 0.02 * MM), (0.0, 0.0, 0.0))
    seen = radiography.scanned(volume, 0.7 * MM, 0.02 * MM).values.ravel() - expected(0.0)
    above = np.count_nonzero(seen >= 0.5 * seen.max()) * 0.02
    assert above == pytest.approx(0.7, abs=0.021)


def test_a_missing_axis_and_large_voxels_stay():
    volume = replace(blob((1, 8, 8), (30 * MM, 3.2 * MM, 3.2 * MM)))
    seen = radiography.scanned(volume)
    assert seen.values.shape == volume.values.shape
    assert seen.spacing == pytest.approx(volume.spacing)
    assert seen.values.mean() == pytest.approx(volume.values.mean())
    assert seen.values[0, 4, 4] == pytest.approx(volume.values[0, 4, 4], rel=0.2)  # edges of a voxel blur, its middle hardly
    with pytest.raises(UsageError, match="a scanner needs"):
        radiography.scanned(volume, 1e-3, 0.0)


def test_a_site_that_is_alike_to_its_border_stays_alike():
    values = np.full((1, 3, 40), 300.0)
    seen = radiography.scanned(radiography.Volume("hip", 0.0, values, (MM, 0.1 * MM, 0.1 * MM), (0.0, 0.0, 0.0)))
    assert seen.values == pytest.approx(np.full((1, 1, 10), 300.0))


def test_unequal_resampling_keeps_means():
    values = np.random.default_rng(1).uniform(0, 1000, (1, 1, 7))
    volume = radiography.Volume("hip", 0.0, values, (MM, MM, 0.3 * MM), (0.0, 0.0, 0.15 * MM))
    seen = radiography.scanned(volume, 0.0, 0.7 * MM)
    assert seen.values.shape == (1, 1, 3)
    assert seen.values.mean() == pytest.approx(values.mean())
    assert seen.edges("x") == pytest.approx(volume.edges("x"))


@pytest.mark.parametrize(("shape", "names"), [((1, 1, 1), []), ((1, 1, 30), ["ct.png"]), ((1, 12, 14), ["radiograph.png", "ct.png"]),
                                              ((8, 9, 10), ["radiograph.png", "ct.png"])])  # fmt: skip
def test_figures_of_every_dimension_repeat_their_bytes(tmp_path, shape, names):
    run = write_run(tmp_path / "r", shape)
    made = radiography.draw(run)
    assert [path.name for path in made] == names
    first = [path.read_bytes() for path in made]
    assert all(data.startswith(b"\x89PNG") and len(data) > 10_000 for data in first)
    assert [path.read_bytes() for path in radiography.draw(run)] == first


def test_nothing_to_draw_from(tmp_path):
    assert radiography.draw(tmp_path) == []
    with Results.create(tmp_path / "results.nc", {}, {}, {"hip": {"mineral_calcium": (np.ones((1, 2, 2)), "mol m-3", "calcium")}}):
        pass
    assert radiography.draw(tmp_path) == []


def test_a_radiograph_needs_two_axes(tmp_path):
    volume = radiography.hounsfield(write_run(tmp_path / "r", (1, 1, 30)))
    with style.figure(80, 60) as figure, pytest.raises(UsageError, match="two or three axes"):
        radiography.paint_radiograph(figure, volume)


def test_a_radiograph_shows_the_mineral_white(tmp_path):
    volume = radiography.hounsfield(write_run(tmp_path / "r", (1, 12, 14), spacing=(10 * MM, MM, MM)))
    with style.figure(150, 86) as figure:
        radiography.paint_radiograph(figure, volume)
        (image,) = figure.axes[0].get_images()
        shown = np.asarray(image.get_array())
        grey = image.cmap(image.norm(shown))[..., 0]
    assert grey[6, 7] == pytest.approx(1.0)
    assert grey[0, 0] == pytest.approx(0.0)
    mineral, tissue = volume.film.max(), radiography.soft_tissue()[1]
    assert shown.max() == pytest.approx(100 * (1 - math.exp(-(mineral - tissue) * 10 * MM)), rel=1e-6)


def test_a_trace_of_mineral_stays_dark(tmp_path):
    volume = radiography.hounsfield(write_run(tmp_path / "r", (1, 6, 6), scale=0.1))
    with style.figure(150, 86) as figure:
        radiography.paint_radiograph(figure, volume)
        (image,) = figure.axes[0].get_images()
        assert image.get_clim() == (0.0, 2.0)
        assert np.max(image.get_array()) < 0.1


def test_the_window_fits_what_is_there():
    assert radiography._window(2000.0) == ("bone", -500.0, 1300.0)
    assert radiography._window(60.0) == ("soft-tissue", -150.0, 250.0)


@pytest.mark.parametrize(("wanted", "length"), [(0.3, 0.2), (1.0, 1.0), (4.9, 2.0), (46.0, 20.0), (51.0, 50.0)])
def test_scale_bars_are_round(wanted, length):
    assert style.round_length(wanted) == pytest.approx(length)


def test_what_a_run_reports():
    calcium = np.zeros((1, 2, 3))
    calcium[0, 0, :2] = (3000.0, 100.0)
    coordinates = {"z": np.array([0.5 * MM]), "y": (np.arange(2) + 0.5) * MM, "x": (np.arange(3) + 0.5) * MM}
    parts = {name: (calcium * (phase == "HAP"), "", "") for phase, name in radiography.FIELDS.items()}
    simulation = SimpleNamespace(
        coordinates=lambda: {"a": coordinates, "b": coordinates},
        fields=lambda: {"a": parts, "b": {"mineral_calcium": (0.0 * calcium, "", "")}},
    )
    seen = radiography.of(simulation)
    top, above = (observables.REGISTRY[name] for name in ("hounsfield_max", "volume_above_130_hu_mm3"))
    assert (top.unit, above.unit) == ("HU", "mm³")
    assert top.function(seen, "a") == top.function(seen, None) == pytest.approx(expected(3000.0))
    assert top.function(seen, "b") == pytest.approx(expected(0.0))
    assert above.function(seen, "a") == pytest.approx(1.0)
    assert (above.function(seen, "b"), above.function(seen, None)) == (0.0, pytest.approx(1.0))


def test_the_threshold_is_where_scoring_begins():
    assert attenuation.scanner()["score_threshold"] == 130.0  # volume_above_130_hu_mm3 bears it in its name

"""Figures: drawn from the run directory alone, the same bytes each time, measured points as they were used."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from calcisim.errors import StorageError, UsageError
from calcisim.results import clump_sizes, maps, plots, style
from calcisim.results.store import Results
from calcisim.results.timeseries import TimeSeries

DAY = 86400.0


def _run(directory, shape, site="cusp"):
    directory.mkdir()
    series = TimeSeries(directory)
    coordinates = {site: {axis: (np.arange(n) + 0.5) * 1e-4 for axis, n in zip("zyx", shape)}}

    def fields(day):
        mineral = (np.full(shape, 100.0 * day), "mol m-3", "calcium in mineral")
        return {site: {"porosity": (np.ones(shape), "1", "porosity"), "mineral_calcium": mineral}}

    with Results.create(directory / "results.nc", {}, coordinates, fields(0)) as results:
        for day in range(5):
            series.append(day * DAY, {"deposit_calcium_mg": 0.1 * day, "calcium_ug_per_mg_dry": 30.0 * day, "onset_day": None})
            results.write_frame(day, day * DAY, fields(day))
    (directory / "summary.json").write_text(json.dumps({"scenario": "a/b", "days": 4.0, "seed": 1}))
    return directory


def _reference(day, use, sd=5.0):
    name = "calcium_ug_per_mg_dry"
    return SimpleNamespace(observable=name, site="cusp", time=day * DAY, value=31.0 * day, sd=sd, use=use, source="levy1983")


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 6), (1, 5, 6), (4, 5, 6)])
def test_every_dimension_is_drawn_and_repeats_its_bytes(tmp_path, shape):
    directory = _run(tmp_path / "r", shape)
    references = [_reference(1, "calibrate"), _reference(3, "validate", sd=None)]
    made = plots.draw(directory, references)
    long_axes = sum(n > 1 for n in shape)
    assert [path.name for path in made] == [
        "deposition.png",
        *["map-cusp.png"] * (long_axes > 1),
        *["deposit-cusp.png"] * (long_axes == 3),
        *["radiograph.png"] * (long_axes > 1),
        *["ct.png"] * (long_axes > 0),
    ]
    first = [path.read_bytes() for path in made]
    assert all(data.startswith(b"\x89PNG") and len(data) > 10_000 for data in first)
    assert [path.read_bytes() for path in plots.draw(directory, references)] == first
    assert len(maps.available(directory / "results.nc")) == (long_axes > 0)


def test_vector_formats_and_wrong_ones(tmp_path):
    directory = _run(tmp_path / "r", (1, 1, 6))
    made = plots.draw(directory, [], formats=("pdf", "svg"))
    assert [path.suffix for path in made if path.stem == "deposition"] == [".pdf", ".svg"]
    first = [path.read_bytes() for path in made]
    assert [path.read_bytes() for path in plots.draw(directory, [], formats=("pdf", "svg"))] == first
    with pytest.raises(UsageError, match="bmp"):
        plots.draw(directory, [], formats=("bmp",))


def test_measured_points_are_filled_when_fitted_and_open_when_predicted():
    series = {"time_d": np.arange(5.0), "calcium_ug_per_mg_dry": np.arange(5.0) * 30}
    with style.figure(80, 60) as figure:
        axes = figure.subplots()
        plots.curve(axes, series, "calcium_ug_per_mg_dry", [_reference(1, "calibrate"), _reference(3, "validate")])
        fitted, predicted = (container.lines[0] for container in axes.containers)
        assert fitted.get_markerfacecolor() == style.VERMILLION
        assert predicted.get_markerfacecolor() == "white"
        assert fitted.get_xydata().tolist() == [[1.0, 31.0]]
        assert axes.get_xlabel() == "Time (days)"
        assert "µg per mg" in axes.get_ylabel()
        bars = axes.containers[0].lines[2][0].get_segments()[0]
        assert bars[:, 1].tolist() == [26.0, 36.0]


def test_several_sites_are_drawn_beside_each_other():
    from matplotlib.figure import Figure

    time = np.arange(5.0)
    series = {"time_d": time, "deposit_calcium_mg": time}
    assert plots._sites({**series, "deposit_calcium_mg_per_cm3": time}) == []  # one site has no column of its own
    names = [f"site-{number}" for number in range(9)]
    series |= {f"{name}.deposit_calcium_mg_per_cm3": number * time for number, name in enumerate(names)}
    assert plots._sites(series) == names
    axes = Figure().subplots()
    plots.by_site(axes, series, names)
    lines = axes.get_lines()
    assert [line.get_label() for line in lines] == names[:0:-1]  # the largest first; the first never had any
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 8
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "Calcium in mineral (mg/cm³)"


def test_maps_show_milligrams_per_cubic_centimetre(tmp_path):
    directory = _run(tmp_path / "r", (1, 1, 6))
    chosen = maps.available(directory / "results.nc")[0]
    assert chosen.label == "Deposited calcium (mg/cm³)"
    assert chosen.values.max() == pytest.approx(400 * 40.078e-3, rel=1e-6)
    assert chosen.positions["x"] == pytest.approx((np.arange(6) + 0.5) * 0.1)


def test_many_clumps_get_a_figure_of_their_sizes(tmp_path):
    directory = _run(tmp_path / "r", (1, 12, 12))
    assert not [path for path in plots.draw(directory, []) if path.name.startswith("clumps")]
    spots = np.zeros((1, 12, 12))
    spots[0, ::3, ::3] = 200.0
    spots[0, 9:, 9:] = 200.0
    with Results.reopen(directory / "results.nc") as results:
        results.write_frame(5, 5 * DAY, {"cusp": {"mineral_calcium": (spots, "", ""), "porosity": (spots, "", "")}})
    ((site, day, found),) = clump_sizes.available(directory / "results.nc")
    assert (site, day, found.count) == ("cusp", 5.0, 16)
    assert found.volumes_mm3[:2] == pytest.approx([9e-3, 1e-3])
    made = plots.draw(directory, [])
    (sizes,) = [path for path in made if path.name.startswith("clumps")]
    assert sizes.name == "clumps-cusp.png"
    first = sizes.read_bytes()
    assert len(first) > 10_000
    plots.draw(directory, [])
    assert sizes.read_bytes() == first
    with style.figure(80, 60) as figure:
        clump_sizes.paint(figure, site, day, found)
        steps = figure.axes[0].lines[0].get_xydata()
    assert steps[0].tolist() == pytest.approx([2 * np.sqrt(0.09 / np.pi), 1])  # one clump is as large as the largest
    assert steps[-1, 1] == 16


def test_the_users_matplotlib_settings_do_not_matter(tmp_path):
    import matplotlib

    directory = _run(tmp_path / "r", (1, 1, 6))
    first = plots.draw(directory, [])[0].read_bytes()
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9}):
        assert plots.draw(directory, [])[0].read_bytes() == first


def test_nothing_to_draw_from_is_one_clear_error(tmp_path):
    with pytest.raises(StorageError, match="no time series"):
        plots.draw(tmp_path, [])

"""Figures of phases and of particles by size, and the sizes in results.nc they are drawn from."""

import json

import numpy as np
import pytest
import xarray

from calcisim.results import composition, plots, spectrum, store, style
from calcisim.results.store import Results
from calcisim.results.timeseries import TimeSeries

DAY = 86400.0
EDGES = np.geomspace(1e-8, 1e-3, 65)
MIDDLES = np.sqrt(EDGES[1:] * EDGES[:-1])


def sizes(day, mobile=True):
    """A crowd whose diameter grows with the cube root of time, as a spectrum."""

    def crowd(centre, number):
        return number * np.exp(-0.5 * (np.log(MIDDLES / centre) / 0.3) ** 2) * (day > 0)

    found = {"edges": EDGES, "bound": crowd(2e-7 * (1 + day) ** (1 / 3), 1e15), "mobile": crowd(2e-8 * (1 + day), 1e16 * mobile)}
    return found | {f"{kind}_volume": np.pi / 6 * MIDDLES**3 * found[kind] for kind in ("bound", "mobile")}


def row(day):
    """Mineral that begins as ACP and ends as HAP."""
    held = 2.0 * day
    acp, ocp = 0.6 * np.exp(-day / 2), 0.4 * np.exp(-day / 20)
    shares = {"acp_fraction": acp, "mg_acp_fraction": 0.0, "ocp_fraction": ocp, "dcpd_fraction": 0.0, "hap_fraction": 1 - acp - ocp}
    phosphorus = acp * 0.74 + ocp * 0.75 + (1 - acp - ocp) * 0.6
    none = dict.fromkeys(shares)
    return {"deposit_calcium_mg": held, "calcium_phosphorus_ratio": 1 / phosphorus if day else None, **(shares if day else none)}


def make(directory, sites=("cusp",), mobile=True, days=5, with_sizes=True):
    directory.mkdir()
    series = TimeSeries(directory)
    maps = {site: {"mineral_calcium": (np.ones((1, 1, 1)), "mol m-3", "")} for site in sites}
    coordinates = {site: {axis: np.array([5e-5]) for axis in "zyx"} for site in sites}
    given = [{site: sizes(day, mobile) for site in sites} if with_sizes else None for day in range(days)]
    with Results.create(directory / "results.nc", {}, coordinates, maps, given[0]) as results:
        for day in range(days):
            series.append(day * DAY, row(day))
            results.write_frame(day, day * DAY, maps, given[day])
    (directory / "summary.json").write_text(json.dumps({"scenario": "a/b", "days": days - 1.0, "seed": 1}))
    return directory


def test_sizes_are_stored_and_come_back(tmp_path):
    path = make(tmp_path / "r", ("cusp", "hip")) / "results.nc"
    found = store.spectra(path, "hip")
    assert found["edges"] == pytest.approx(EDGES, rel=1e-12)
    assert found["time"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    for name in store.SPECTRA:
        assert found[name].shape == (5, 64)
        assert found[name][3] == pytest.approx(sizes(3)[name], rel=1e-6, abs=1e-30)
    with xarray.open_dataset(path, group="cusp") as data:
        assert data.bound_number.dims == ("time", "size")
        assert data["size"].values == pytest.approx(MIDDLES)
        assert data["size"].attrs["units"] == "m"
        assert data.mineral_calcium.dims == ("time", "z", "y", "x")
    assert set(store.axes(path, "cusp")) == {"time", "z", "y", "x"}


def test_a_file_without_sizes_stays_one(tmp_path):
    path = make(tmp_path / "r", with_sizes=False) / "results.nc"
    assert store.spectra(path, "cusp") is None
    before = store.variables(path, "cusp")
    with Results.reopen(path) as results:
        maps = {"cusp": {"mineral_calcium": (np.full((1, 1, 1), 3.0), "", "")}}
        results.write_frame(5, 5 * DAY, maps, {"cusp": sizes(5)})
    assert store.variables(path, "cusp") == before
    assert store.read(path, "cusp", "mineral_calcium", 5)[0].max() == 3.0
    assert spectrum.available(path) == []


def test_a_resumed_file_holds_the_same_bytes_as_an_unbroken_one(tmp_path):
    whole = make(tmp_path / "whole") / "results.nc"
    path = make(tmp_path / "part", days=4) / "results.nc"
    maps = {"cusp": {"mineral_calcium": (np.ones((1, 1, 1)), "", "")}}
    with Results.reopen(path) as results:  # the last row was written before the kill and is written again
        for day in (3, 4):
            results.write_frame(day, day * DAY, maps, {"cusp": sizes(day)})
    assert store.variables(path, "cusp") == store.variables(whole, "cusp")
    for name, values in store.spectra(whole, "cusp").items():
        assert store.spectra(path, "cusp")[name].tobytes() == values.tobytes()


def test_both_figures_are_drawn_and_repeat_their_bytes(tmp_path):
    directory = make(tmp_path / "r", ("cusp", "hip"))
    made = plots.draw(directory, [], formats=("png", "svg"))
    assert [path.name for path in made][2:] == ["phases.png", "phases.svg", "particles.png", "particles.svg"]
    first = [path.read_bytes() for path in made]
    assert all(len(data) > 10_000 for data in first)
    assert [path.read_bytes() for path in plots.draw(directory, [], formats=("png", "svg"))] == first


def test_nothing_is_drawn_where_there_is_nothing(tmp_path):
    series = {"time_d": np.arange(3.0), "deposit_calcium_mg": np.zeros(3), "calcium_phosphorus_ratio": np.full(3, np.nan)}
    assert not composition.drawable(series | {"acp_fraction": np.full(3, np.nan)})
    assert not composition.drawable(series)
    assert not composition.drawable({"time_d": np.arange(3.0), "acp_fraction": np.ones(3)})
    directory = make(tmp_path / "r", days=1)  # sizes are there, and all of them are empty
    assert spectrum.available(directory / "results.nc") == []
    assert [path.name for path in plots.draw(directory, [])] == ["deposition.png"]


def test_the_areas_are_the_calcium_of_each_phase(tmp_path):
    series = {name: np.array([row(day)[name] or np.nan for day in range(1, 9)]) for name in row(1)}
    series["time_d"] = np.arange(1.0, 9.0)
    series["mg_acp_fraction"][:] = 0.0
    with style.figure(*composition.SIZE) as figure:
        composition.paint(figure, series)
        areas, ratio = figure.axes
        assert [text.get_text() for text in areas.get_legend().get_texts()] == ["ACP", "OCP", "HAP"]  # least stable on top
        tops = [collection.get_paths()[0].get_extents().y1 for collection in areas.collections]
        total = series["deposit_calcium_mg"][-1]
        hap, ocp = series["hap_fraction"][-1] * total, series["ocp_fraction"][-1] * total
        assert tops == pytest.approx([hap, hap + ocp, total])
        assert areas.get_ylabel() == "Calcium in mineral (mg)"
        assert ratio.lines[0].get_ydata() == pytest.approx(series["calcium_phosphorus_ratio"])
        assert ratio.get_ylabel() == "Ca/P of the mineral (mol/mol)"
    assert composition.pure_ratio("HAP") == pytest.approx(5 / 3)
    assert composition.pure_ratio("OCP") == pytest.approx(4 / 3)


def test_small_deposits_have_small_units():
    series = {name: np.array([row(day)[name] or 0.0 for day in range(1, 4)]) for name in row(1)} | {"time_d": np.arange(3.0) / 24}
    series["deposit_calcium_mg"] *= 1e-5
    with style.figure(*composition.SIZE) as figure:
        composition.paint(figure, series)
        assert figure.axes[0].get_ylabel() == "Calcium in mineral (ng)"
        assert figure.axes[0].get_xlabel() == "Time (hours)"


def test_labels_keep_apart_and_near():
    assert composition.spread([1.0, 2.0], 0.1) == [1.0, 2.0]
    places = composition.spread([1.35, 1.33, 1.67], 0.04)
    assert places[0] - places[1] == pytest.approx(0.04)
    assert places[2] == pytest.approx(1.67)
    crowd = composition.spread([1.0, 1.0, 1.0, 1.0], 0.1)
    assert (np.diff(sorted(crowd)) >= 0.1 - 1e-12).all()


def test_curves_are_solid_per_decade_of_both_kinds(tmp_path):
    directory = make(tmp_path / "r", days=30)
    (found,) = spectrum.available(directory / "results.nc")
    assert list(found.density) == ["bound", "mobile"]
    decades = np.log10(EDGES[1] / EDGES[0])
    volume = sizes(29)["bound_volume"]
    assert found.density["bound"][29] * decades == pytest.approx(volume * 1e3, rel=1e-5)  # mm³ per cm³
    frames = spectrum.chosen(found)
    assert (frames[0], frames[-1]) == (1, 29)
    assert len(frames) == spectrum.TIMES
    with style.figure(*spectrum.size([found])) as figure:
        spectrum.paint(figure, [found])
        assert [axes.get_title(loc="left") for axes in figure.axes] == ["cusp: bound particles", "cusp: mobile particles"]
        assert figure.axes[-1].get_xlabel() == "Volume-equivalent diameter d (µm)"
        assert "mm³/cm³" in figure.axes[0].get_ylabel()
        assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()][-1] == "29 d"


def test_many_sites_are_wrapped_to_a_page(tmp_path):
    from matplotlib.figure import Figure

    edges, time = np.array([0.1, 0.2, 0.4]), np.array([1.0, 2.0])
    density = {"bound": np.ones((2, 2)), "mobile": np.ones((2, 2))}
    found = [spectrum.Spectrum(f"site-{n}", time, edges, density if n else {"bound": np.ones((2, 2))}) for n in range(5)]
    assert spectrum.size(found) == (3 * 88.0 + 20.0, 4 * 62.0)
    assert spectrum.size(found[:2]) == (2 * 88.0 + 20.0, 2 * 62.0)
    figure = Figure()
    spectrum.paint(figure, found)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(figure.axes) == 12
    assert len(shown) == 9
    assert {axes.get_title(loc="left").split(":")[0] for axes in shown} == {f"site-{n}" for n in range(5)}
    assert all(axes.get_xlabel() for axes in shown if "mobile" in axes.get_title(loc="left"))


def test_a_kind_that_is_not_there_has_no_panel(tmp_path):
    directory = make(tmp_path / "r", mobile=False)
    (found,) = spectrum.available(directory / "results.nc")
    assert list(found.density) == ["bound"]


def test_times_are_said_in_the_unit_that_fits():
    assert [style.time_unit(days)[1] for days in (0.0, 84.0, 2.0, 1.0, 0.05)] == ["days", "days", "days", "hours", "minutes"]

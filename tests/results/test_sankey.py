"""Calcium that came and went: it closes as the ledger of the run does, small flows are gathered, a run without mineral has no figure."""

import itertools

import numpy as np
import pytest

from calcisim.results import plots, sankey, timeseries
from calcisim.results.store import Results
from calcisim.simulation.checkpoint import load
from calcisim.studies import execute
from calcisim.studies.progress import Reporter

MASS = 40.078e3  # mg/mol
DAY = 86400.0
RUNS = ("metastatic/ckd-constant", "invitro/sbf-renewed", "dystrophic/calcium-gluconate")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Directory of the short run of a scenario, without figures."""
    done = {}

    def get(name):
        if name not in done:
            place = tmp_path_factory.mktemp("runs") / "r"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(plots, "draw", lambda *_: [])
                execute.start(execute.Request(name, quick=True, threads=1, out=place), Reporter(), execute.engine())
            done[name] = place
        return done[name]

    return get


@pytest.mark.parametrize("name", RUNS)
def test_what_came_is_what_the_ledger_added_up(runs, name):
    """To a ten-thousandth of what passed: maps are float32, and their open pores are those at the end of a step."""
    place = runs(name)
    arrays, _ = load(place / "checkpoint.bin")
    for site, found in sankey.closed(place / "results.nc", timeseries.read(place)).items():
        ledger = {kind: MASS * arrays[f"{site}.ledger.{kind}"] for kind in ("exchanged", "injected", "excised", "engulfed", "drained")}
        net = {kind: float(rows[0, 0] + rows[1, 0]) for kind, rows in ledger.items()}
        size = MASS * float(arrays[f"{site}.ledger.initial"][0]) + sum(float(rows[2, 0]) for rows in ledger.values())
        assert found.sources[sankey.AROUND] - found.sinks[sankey.BACK] == pytest.approx(net["exchanged"], abs=1e-4 * size)
        assert found.sources[sankey.AT_FIRST] == pytest.approx(MASS * arrays[f"{site}.ledger.initial"][0], rel=1e-5)
        assert found.sources[sankey.INJECTED] == pytest.approx(net["injected"], abs=1e-9 * size)
        assert sum(found.sources.values()) == pytest.approx(sum(found.sinks.values()), rel=1e-12)


def test_a_run_with_mineral_has_the_figure(runs):
    place = runs("metastatic/ckd-constant")
    found = sankey.flows(place / "results.nc", timeseries.read(place))
    assert found.total > 0.0
    assert {*found.sinks["joint"]} == {*sankey.PHASES.values(), *sankey.LOST.values(), sankey.DISSOLVED, sankey.BACK}
    assert found.sinks["joint"]["in HAP"] > 0.1 * found.total


def write(directory, phosphate_of_calcium):
    """A run of two sites with the mineral given [mol/m³]."""
    from calcisim.results.timeseries import TimeSeries

    directory.mkdir()
    series, shape = TimeSeries(directory), (1, 2, 3)
    sites = ("a", "b")
    coordinates = {site: {axis: (np.arange(n) + 0.5) * 1e-3 for axis, n in zip("zyx", shape)} for site in sites}

    def fields(day):
        one = {"calcium": (np.full(shape, 1.25), "mol m-3", "dissolved"), "porosity": (np.full(shape, 0.8), "1", "porosity")}
        for phase in sankey.PHASES:
            value = phosphate_of_calcium * day * (phase == "hap")
            one[f"{phase}_calcium"] = (np.full(shape, value), "mol m-3", phase)
        return dict.fromkeys(sites, one)

    with Results.create(directory / "results.nc", {}, coordinates, fields(0)) as results:
        for day in range(3):
            lost = {f"{site}.{kind}_calcium_mg": 0.1 * day * (site == "a") for site in sites for kind in ("excised", "engulfed", "drained")}
            series.append(day * DAY, {"deposit_calcium_mg": 1.0 * day, **lost, **{f"{site}.injected_calcium_mg": 0.0 for site in sites}})
            results.write_frame(day, day * DAY, fields(day))
    return directory


def test_amounts_by_hand(tmp_path):
    directory = write(tmp_path / "r", 50.0)
    found = sankey.flows(directory / "results.nc", timeseries.read(directory))
    voxels = 6e-9  # m³
    assert found.sources["a"][sankey.AT_FIRST] == pytest.approx(MASS * voxels * 1.25 * 0.8, rel=1e-6)
    assert found.sinks["a"]["in HAP"] == pytest.approx(MASS * voxels * 100.0, rel=1e-6)
    assert found.sinks["a"]["cut out"] == 0.2
    assert found.sinks["b"]["cut out"] == 0.0
    assert found.sources["b"][sankey.AROUND] == pytest.approx(MASS * voxels * 100.0, rel=1e-6)
    assert found.sources["a"][sankey.AROUND] == pytest.approx(MASS * voxels * 100.0 + 0.6, rel=1e-6)


def test_hardly_any_mineral_has_no_figure(tmp_path):
    directory = write(tmp_path / "r", 0.0)
    series = {name: 0.0 * values if "calcium_mg" in name else values for name, values in timeseries.read(directory).items()}
    assert sankey.flows(directory / "results.nc", series) is None
    assert sankey.flows(tmp_path / "nothing.nc", series) is None


def test_small_flows_are_gathered_and_nothing_is_lost():
    parts = {"a": {"in HAP": 90.0, "in OCP": 9.9, "in ACP": 0.04, "cut out": 0.06}, "b": {"in HAP": 50.0, "in ACP": 0.02}}
    total = sum(value for one in parts.values() for value in one.values())
    found = sankey.gathered(parts, total)
    assert list(found["a"]) == ["in HAP", "in OCP", "other"]
    assert found["a"]["other"] == pytest.approx(0.10)
    assert found["b"]["other"] == pytest.approx(0.02)
    assert sum(value for one in found.values() for value in one.values()) == pytest.approx(total, rel=1e-12)


def test_nodes_leave_room_for_their_labels_and_heights_are_shares():
    places = sankey.stacked({"x": 90.0, "y": 1.0, "z": 9.0}, 100.0, sankey.LINES)
    heights = [high - low for low, high in places.values()]
    assert heights == pytest.approx([0.9, 0.01, 0.09])
    middles = [0.5 * (low + high) for low, high in places.values()]
    assert (np.diff(middles) >= sankey.LINES - 1e-12).all()
    ends = list(places.values())
    assert all(after[0] - before[1] >= sankey.GAP - 1e-12 for before, after in itertools.pairwise(ends))

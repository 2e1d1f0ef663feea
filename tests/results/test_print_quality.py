"""Every kind of figure is fit for print: 300 dpi, labels with units, nothing cut off or on each other; and the checker sees what is not."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from print_quality import caught, problems

from calcisim.results import comparison, plots, radiography, render, sankey, style
from calcisim.results.store import Results
from calcisim.results.timeseries import TimeSeries

DAY = 86400.0


def run(directory, shapes, days=4, top=40.0, holes=1):
    """A run whose sites fill from the middle [mg/cm³ of calcium at the end]; holes: every so many voxels one stays empty."""
    directory.mkdir()
    series = TimeSeries(directory)
    coordinates = {site: {axis: (np.arange(n) + 0.5) * 1e-3 for axis, n in zip("zyx", shape)} for site, shape in shapes.items()}

    def mineral(shape, day):
        place = np.meshgrid(*[np.arange(n) - 0.5 * (n - 1) for n in shape], indexing="ij")
        inside = np.sqrt(sum(axis**2 for axis in place)) <= 0.35 * max(shape) * (0.3 + 0.7 * day / days)
        solid = inside if holes == 1 else inside & (sum(np.indices(shape)) % holes == 0)
        return solid * (top / 40.078e-3) * day / days

    def fields(day):
        out = {}
        for site, shape in shapes.items():
            found = mineral(shape, day)
            parts = {"hap": 0.7, "ocp": 0.2, "acp": 0.1, "dcpd": 0.0, "mg_acp": 0.0}
            out[site] = {
                "mineral_calcium": (found, "mol m-3", "calcium in mineral"),
                "calcium": (np.full(shape, 1.2), "mol m-3", "dissolved calcium"),
                "porosity": (np.full(shape, 0.8), "1", "open pore fraction"),
                **{f"{phase}_calcium": (share * found, "mol m-3", phase) for phase, share in parts.items()},
            }
        return out

    with Results.create(directory / "results.nc", {}, coordinates, fields(0)) as results:
        for day in range(days + 1):
            row = {"deposit_calcium_mg": 0.2 * day**2, "calcium_phosphorus_ratio": 1.4 + 0.05 * day, "excised_calcium_mg": 0.02 * day}
            row |= {"hap_fraction": 0.7, "ocp_fraction": 0.2, "acp_fraction": 0.1, "calcium_ug_per_mg_dry": 30.0 * day}
            if len(shapes) > 1:
                row |= {f"{site}.deposit_calcium_mg_per_cm3": 0.1 * day * number for number, site in enumerate(shapes, 1)}
            series.append(day * DAY, row)
            results.write_frame(day, day * DAY, fields(day))
    (directory / "summary.json").write_text(json.dumps({"scenario": "tumoral/example", "days": float(days), "seed": 1}))
    return directory


def measured(day, use):
    return SimpleNamespace(observable="calcium_ug_per_mg_dry", site=None, time=day * DAY, value=31.0 * day, sd=6.0, use=use)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ({"cusp": (1, 1, 20)}, {"deposition.png", "calcium.png", "phases.png"}),
        ({"hip": (1, 18, 20)}, {"deposition.png", "map-hip.png", "calcium.png", "phases.png"}),
        ({"hip": (12, 14, 16)}, {"deposition.png", "map-hip.png", "deposit-hip.png", "calcium.png", "phases.png"}),
        ({"hip": (1, 9, 9), "elbow": (1, 1, 9)}, {"deposition.png", "map-hip.png", "calcium.png", "phases.png"}),
    ],
    ids=["line", "plane", "body", "sites"],
)
def test_figures_of_a_run(tmp_path, monkeypatch, shapes, expected):
    monkeypatch.setattr(render, "VOXELS", 32)
    directory = run(tmp_path / "r", shapes)
    with caught() as figures:
        plots.draw(directory, [measured(1, "calibrate"), measured(3, "validate")] if "cusp" in shapes else [])
    assert {path.name for path, _ in figures} >= expected
    assert problems(figures) == []


def test_little_mineral_and_many_clumps(tmp_path):
    with caught() as figures:
        plots.draw(run(tmp_path / "little", {"hip": (1, 9, 9)}, top=1e-7), [])
        plots.draw(run(tmp_path / "clumps", {"skin": (1, 24, 24)}, holes=2), [])
    assert "clumps-skin.png" in {path.name for path, _ in figures}
    assert problems(figures) == []


@pytest.mark.slow
def test_figures_of_real_runs(tmp_path):
    """Particles and a plasma that is computed."""
    from calcisim.studies import execute, plasma
    from calcisim.studies.progress import Reporter

    with caught() as figures:
        execute.start(execute.Request("metastatic/ckd-constant", quick=True, threads=1, out=tmp_path / "a"), Reporter(), execute.engine())
        plasma.start(plasma.Request("healthy/plasma", quick=True, out=tmp_path / "b"), lambda text: None)
    assert {path.name for path, _ in figures} >= {"deposition.png", "particles.png", "phases.png", "plasma.png"}
    assert problems(figures) == []


@pytest.mark.parametrize("shape", [(1, 18, 20), (12, 14, 16)], ids=["plane", "body"])
def test_radiographs(tmp_path, shape):
    directory = run(tmp_path / "r", {"hip": shape})
    with caught() as figures:
        radiography.draw(directory)
    assert figures
    assert problems(figures) == []


def members(onsets, rate, cut=None):
    """Members of an arm; onsets [d] by member, None where nothing came."""
    days = [30.0 * number for number in range(13)]
    found = []
    for number, onset in enumerate(onsets):
        deposit = [0.0 if onset is None else rate * (1.0 + 0.1 * number) * max(0.0, day - onset) for day in days]
        excised = [0.0 if cut is None or day < cut else 5.0 for day in days]
        course = {
            "deposit_calcium_mg": deposit,
            "inflammation_mean": [1e-3 * value for value in deposit],
            "hip.excised_calcium_mg": excised,
        }
        course["calcium_ug_per_mg_dry"] = [10.0 * value for value in deposit]
        found.append({"days": days, "onset": {"hip": onset}, "course": course})
    return found


def compared(place):
    arms = {"untreated": members([40.0, 70.0, 90.0], 0.2), "excision-early": members([50.0, 60.0, None], 0.1, cut=120.0)}
    rows = []
    for name, found in arms.items():
        for number, one in enumerate(found):
            change = None if name == "untreated" else -0.3 - 0.1 * number
            row = {"arm": name, "status": "finished", "onset_day": one["onset"]["hip"], "change_from_reference": change, "new_sites": 0}
            again = None if name == "untreated" or number == 2 else 210.0 + 30.0 * number
            rows.append(row | {"recurred": None if name == "untreated" else int(again is not None), "recurrence_day": again})
    points = [SimpleNamespace(observable="calcium_ug_per_mg_dry", site=None, time=200 * DAY, value=300.0, sd=40.0, use="validate")]
    return comparison.draw(place, list(arms), arms, rows, {"untreated": points, "excision-early": []})


def test_comparison_with_measured_points_and_hazard(tmp_path):
    with caught() as figures:
        made = compared(tmp_path)
    assert [path.name for path in made] == ["comparison.png", "hazard.png"]
    assert problems(figures) == []
    first = figures[0][1].axes[0]
    assert first.get_ylabel() == "Calcium (µg per mg dry tissue)"
    bars = [container for container in first.containers if container.get_label() and len(container[0].get_xdata())]
    assert [(bar[0].get_xdata()[0], bar[0].get_ydata()[0]) for bar in bars] == [(200.0, 300.0)]
    assert [path.read_bytes() for path in compared(tmp_path / "again")] == [path.read_bytes() for path in made]


def test_a_sankey_of_many_small_flows(tmp_path):
    sinks = {"in HAP": 60.0, "in OCP": 20.0, "in ACP": 6.0, "cut out": 5.0, "engulfed by macrophages": 4.0, sankey.DISSOLVED: 4.6}
    sinks |= {"in DCPD": 0.3, sankey.BACK: 0.1}
    sites = {name: {sink: share * part for sink, part in sinks.items()} for name, share in zip("abcdef", (3, 1, 0.4, 0.2, 0.1, 0.02))}
    came = {name: {sankey.AROUND: 0.9 * sum(of.values()), sankey.AT_FIRST: 0.1 * sum(of.values())} for name, of in sites.items()}
    with caught() as figures, style.figure(*sankey.SIZE) as figure:
        sankey.paint(figure, sankey.Flows(came, sites, 30.0))
        style.save(figure, tmp_path / "calcium", ("png",))
    assert problems(figures) == []


def test_the_checker_sees_what_is_wrong(tmp_path):
    with caught() as figures, style.figure(60, 50) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1])
        axes.set_xlabel("Time")
        axes.set_ylabel("Calcium (mg)")
        axes.text(0.5, 0.5, "one", fontsize=5)
        axes.text(0.5, 0.5, "two")
        axes.text(1.0, 0.9, "a long word that does not fit in", clip_on=False).set_in_layout(False)
        figure.colorbar(axes.scatter([0, 1], [0, 1], c=[0, 1]))
        style.save(figure, tmp_path / "bad", ("png",))
    found = " ".join(problems(figures))
    for what in ("x label of an axes says 'Time'", "5 pt", "'one' and 'two' lie on each other", "goes over the edge", "no label"):
        assert what in found
    assert "y label" not in found
    path = tmp_path / "other.png"
    figure.savefig(path, dpi=100)
    assert "states (100, 100) dpi" in problems([(path, figure)])[0]

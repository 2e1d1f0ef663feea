"""Fits recover what is known, say what they cannot know, and write what a scenario can extend."""

import json

import numpy as np
import pytest

from calcisim import scenario as scenarios
from calcisim.errors import UsageError
from calcisim.scenario import tissues
from calcisim.studies import fit, free
from calcisim.studies.estimate import CHI2_95, Problem, Transform, estimate

CUSP = "dystrophic/subdermal-cusp"
COARSE = ("site.cusp.grid.shape=[21]", "site.cusp.grid.spacing=400 um")  # one voxel of implant: quick, and enough to invert
STATE, DEBRIS = "tissue.cusp-fixed.substrate_state", "tissue.cusp-fixed.debris"


@pytest.mark.parametrize(("kind", "value"), [("share", 0.659), ("positive", 1.24e17), ("free", -3.0)])
def test_a_transform_goes_back_and_forth(kind, value):
    transform = Transform(kind)
    assert transform.allows(value)
    assert transform.out(transform.into(value)) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("kind", "value"), [("share", 0.0), ("share", 1.0), ("positive", 0.0)])
def test_a_value_at_its_bound_has_no_coordinate(kind, value):
    assert not Transform(kind).allows(value)


def decay(at):
    """Two exponentials at five times: a share of a fast and of a slow one."""
    share, rate = at
    t = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
    return 10.0 * (share * np.exp(-rate * t) + (1.0 - share) * np.exp(-0.05 * t))


def test_known_parameters_come_back():
    truth = (0.7, 0.9)
    problem = Problem(decay, (Transform("share"), Transform("positive")), decay(truth), np.full(5, 0.2))
    found = estimate(problem, (0.4, 2.0))
    assert found.values == pytest.approx(truth, rel=1e-3)
    assert found.objective < 1e-4
    assert abs(found.correlation[0, 1]) < 1.0
    assert np.diag(found.correlation) == pytest.approx([1.0, 1.0])
    for (low, high), value in zip(found.intervals, truth, strict=True):
        assert low < value < high


def test_an_interval_ends_where_the_objective_has_risen_enough():
    problem = Problem(lambda at: np.array([at[0]]), (Transform("positive"),), np.array([5.0]), np.array([1.0]))
    ((low, high),) = estimate(problem, (3.0,)).intervals
    assert (low, high) == pytest.approx((5.0 - CHI2_95**0.5, 5.0 + CHI2_95**0.5), rel=0.03)


def test_a_side_that_the_data_do_not_close_is_open():
    problem = Problem(lambda at: np.array([at[0] / (1.0 + at[0])]), (Transform("positive"),), np.array([0.9]), np.array([0.2]))
    ((low, high),) = estimate(problem, (2.0,)).intervals
    assert low is not None
    assert high is None


def test_a_ridge_is_named():
    """Only the product matters but for a little, so the two are strongly correlated."""
    positive, value, sd = Transform("positive"), np.array([6.0, 0.04]), np.array([0.1, 0.1])
    problem = Problem(lambda at: np.array([at[0] * at[1], 0.02 * at[0]]), (positive, positive), value, sd)
    assert estimate(problem, (1.0, 1.0), profiles=False).correlation[0, 1] < -0.9


# --- scenarios --------------------------------------------------------------------------------------------------------


def test_a_tissue_column_is_set_wherever_it_is_used():
    one = free.find(scenarios.load(CUSP), STATE)
    assert one.start == tissues.lookup("cusp-fixed").substrate_state
    (text,) = one.sets(0.61)
    changed = scenarios.load(CUSP, (text,))
    assert changed.site[0].region[0].override == {"substrate_state": 0.61}


def test_a_key_of_the_scenario_can_be_free():
    one = free.find(scenarios.load(CUSP), "plasma.phosphate")
    assert (one.start, one.unit, one.kind) == (2.9, "mmol/L", "positive")
    assert scenarios.load(CUSP, one.sets(1.5)).plasma.phosphate == 1.5


@pytest.mark.parametrize("path", ["tissue.cusp-fixed.substrate_stat", "tissue.dermis.debris", "plasma.phosphat", "title", "site"])
def test_what_cannot_be_free_is_refused(path):
    with pytest.raises(UsageError, match=path.split(".")[0]):
        free.find(scenarios.load(CUSP), path)


def test_by_default_free_is_what_the_data_files_call_fitted():
    assert set(free.fitted(scenarios.load(CUSP))) == {STATE, DEBRIS}


@pytest.mark.slow
def test_a_simulated_implant_gives_its_parameters_back():
    truth = {STATE: 0.67, DEBRIS: 6e16}
    loaded = scenarios.load(CUSP, COARSE)
    texts = tuple(text for path, value in truth.items() for text in free.find(loaded, path).sets(value))
    blank = [fit.Point("calcium_ug_per_mg_dry", day * fit.DAY, 0.0, 1.0) for day in (1.0, 3.0, 8.0)]
    made = fit.predict(CUSP, (*COARSE, *texts), blank)
    points = [fit.Point(point.observable, point.time, float(value), 1.0) for point, value in zip(blank, made, strict=True)]
    done = fit.fit(CUSP, tuple(truth), points, profiles=False, sets=COARSE)
    assert done.found.values == pytest.approx(list(truth.values()), rel=0.01)
    assert done.document()["objective"] < 1e-2


def test_more_unknowns_than_points_are_refused():
    with pytest.raises(UsageError, match="cannot be fitted to 1"):
        fit.fit(f"{CUSP}-unfixed", ("tissue.cusp-unfixed.substrate_state", "plasma.phosphate"))


def test_a_start_at_its_bound_is_refused():
    with pytest.raises(UsageError, match="set it first"):
        fit.fit(f"{CUSP}-unfixed", ("tissue.cusp-unfixed.debris",))


def test_nothing_fitted_and_nothing_free_is_refused():
    with pytest.raises(UsageError, match="--free"):
        fit.fit("healthy/dermis")


def test_an_unknown_observable_is_refused():
    with pytest.raises(UsageError, match="moonlight"):
        fit.predict("healthy/dermis", (), [fit.Point("moonlight", 60.0, 1.0, 1.0)])


def test_points_from_a_csv(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("observable,time_d,value,sd,site\ncalcium_ug_per_mg_dry,3,40.8,4.8,\ncalcium_ug_per_mg_dry,21,122.9,,cusp\n")
    first, second = fit.read_points(path)
    assert (first.time, first.value, first.sd, first.site) == (3.0 * fit.DAY, 40.8, 4.8, None)
    assert (second.sd, second.site) == (pytest.approx(12.29), "cusp")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "columns"),
        ("observable,value\nx,1\n", "time_d"),
        ("observable,time_d,value,sd\nx,3,many,1\n", "row 2, column value"),
        ("observable,time_d,value,sd\nx,3,nan,1\n", "row 2, column value"),
        ("observable,time_d,value,sd\nx,3,1,0\n", "row 2: sd"),
    ],
)
def test_a_bad_csv_is_refused_by_row_and_column(tmp_path, text, words):
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        fit.read_points(path)


@pytest.mark.slow
def test_the_command_prints_and_writes_a_scenario(tmp_path, capsys):
    base = tmp_path / "coarse.toml"
    base.write_text(
        f'extends = "{CUSP}-unfixed"\nduration = "21 day"\n[[site]]\nname = "cusp"\n[site.grid]\nshape = [21]\nspacing = "400 um"\n'
    )
    out = tmp_path / "fitted.toml"
    fit.command(str(base), (), True, None, out)
    document = json.loads(capsys.readouterr().out)
    (row,) = document["parameters"]
    assert row["low"] < row["value"] < row["high"]
    assert abs(document["points"][0]["residual"]) < 0.1
    assert document["not_fitted"]
    assert scenarios.load(out).site[0].region[0].override == {"substrate_state": row["value"]}
    with pytest.raises(UsageError, match="there already"):
        fit.command(str(base), (), True, None, out)
    with pytest.raises(UsageError, match="no folder"):
        fit.command(str(base), (), True, None, tmp_path / "elsewhere" / "fitted.toml")
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(UsageError, match="beside"):
        fit.command(str(base), (), True, None, tmp_path / "elsewhere" / "fitted.toml")
    assert "95 % by profile" in fit.report(document)


def test_an_overlay_loads_to_the_same_values(tmp_path):
    loaded = scenarios.load(CUSP)
    chosen = {free.find(loaded, STATE): 0.61, free.find(loaded, DEBRIS): 2.5e16, free.find(loaded, "plasma.phosphate"): 2.0}
    path = tmp_path / "fitted.toml"
    path.write_text(free.overlay(CUSP, chosen))
    again = scenarios.load(path)
    assert again.site[0].region[0].override == {"substrate_state": 0.61, "debris": 2.5e16}
    assert again.plasma.phosphate == 2.0
    assert again.site[0].region[0].material == "cusp-fixed"


def test_a_region_without_a_name_cannot_be_written():
    with pytest.raises(UsageError, match="name"):
        free.overlay(CUSP, {free.Free("x", 0.5, "", "share", ("site.cusp.region.0.override.substrate_state",)): 0.5})

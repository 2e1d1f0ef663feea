"""Several series in one fit: other scenarios and changes, values that are free in all of them, and days that all of them reach."""

import numpy as np
import pytest
from studies import closed_form

from calcisim import scenario as scenarios
from calcisim.errors import UsageError
from calcisim.studies import fit, fit_series

CUSP, PERICARDIUM = "dystrophic/subdermal-cusp", "dystrophic/subdermal-pericardium"
DRY, DAY = "calcium_ug_per_mg_dry", fit.DAY


def points(series="", days=(3.0, 21.0), value=40.0, observable=DRY):
    return [fit.Point(observable, day * DAY, value, 2.0, series=series) for day in days]


@pytest.fixture
def formula(monkeypatch):
    monkeypatch.setattr(fit_series, "existing", closed_form.existing)


def test_a_series_is_a_name_changes_or_both():
    labels = ("plasma.phosphate=2 mmol/L", f"{PERICARDIUM}; duration=90 day")
    base, changed, other = fit_series.several(CUSP, ("duration=50 day",), [p for label in labels for p in points(label)])
    assert (base.loaded.duration, base.loaded.plasma.phosphate) == (50.0 * DAY, 2.9)
    assert (changed.loaded.duration, changed.loaded.plasma.phosphate) == (50.0 * DAY, 2.0)
    assert (other.scenario, other.loaded.duration) == (PERICARDIUM, 90.0 * DAY)


@pytest.mark.parametrize("label", ["dystrophic/subdermal-kusp", "plasma.phosphat=2 mmol/L", f"{PERICARDIUM}; duration=soon"])
def test_a_series_that_cannot_be_loaded_is_named(label):
    with pytest.raises(UsageError, match="the series"):
        fit_series.several(CUSP, (), points(label))


def test_a_path_is_free_in_every_series_that_has_it():
    series = fit_series.several(CUSP, (), points(PERICARDIUM))
    phosphate = fit_series.shared(series, "plasma.phosphate")
    assert phosphate.targets == (("plasma.phosphate",), ("plasma.phosphate",))
    tissue = fit_series.shared(series, "tissue.pericardium-fixed.debris")
    assert tissue.targets == ((), ("site.pericardium.region.implant.override.debris",))
    assert tissue.free.targets == ()
    both = fit_series.shared(series, "tissue.cusp-fixed.debris+tissue.pericardium-fixed.debris")
    assert both.targets == (("site.cusp.region.implant.override.debris",), ("site.pericardium.region.implant.override.debris",))
    assert both.sets(1, 2e16) == ("site.pericardium.region.implant.override.debris=2e+16 1/m3",)


def test_a_path_that_no_series_has_is_refused():
    series = fit_series.several(CUSP, (), points(PERICARDIUM))
    with pytest.raises(UsageError, match=r"tissue.dermis.debris.*no other series has it either"):
        fit_series.shared(series, "tissue.dermis.debris")
    with pytest.raises(UsageError, match="different kinds"):
        fit_series.shared(series, "tissue.cusp-fixed.debris+tissue.cusp-fixed.substrate_state")


def test_a_number_that_the_scenario_limits_to_one_is_a_share():
    series = fit_series.several("metastatic/joint-exposed", (), ())
    assert fit_series.shared(series, "event.0.fraction").free.kind == "share"
    assert fit_series.shared(series, "plasma.phosphate").free.kind == "positive"


def test_series_are_fitted_together(formula):
    """Phosphate is free in the fitted scenario and the pericardium, and stays in the series that sets it."""
    held = "plasma.phosphate=1 mmol/L"
    truth = ("plasma.phosphate=2 mmol/L",)
    data = []
    for label, name, sets in (("", CUSP, truth), (PERICARDIUM, PERICARDIUM, truth), (held, CUSP, (held,))):
        for point in points(label, (3.0, 10.0, 40.0)):
            value = float(closed_form.existing(name, sets, [point])[0])
            data.append(fit.Point(DRY, point.time, value, 1.0, series=label))
    done = fit.fit(CUSP, ("plasma.phosphate",), data, profiles=False)
    assert done.found.values[0] == pytest.approx(2.0, rel=1e-4)
    assert done.found.objective < 1e-4
    assert done.changes(2, (2.0,))[-1] == held


def test_rows_that_name_the_fitted_scenario_belong_to_it(formula):
    done = fit.fit(CUSP, ("plasma.phosphate",), points(CUSP), profiles=False)
    assert [one.label for one in done.series] == [""]


def test_no_overlap_names_both_days_and_what_to_do():
    with pytest.raises(UsageError, match=r'no overlap: .*ends on day 84 and the first measured day is 100; .*--set duration="120 day"'):
        fit.fit(CUSP, ("plasma.phosphate",), points("", (100.0, 120.0)))
    with pytest.raises(UsageError, match=f'write "{PERICARDIUM}; duration=120 day" in the column series'):
        fit.fit(CUSP, ("plasma.phosphate",), points(PERICARDIUM, (100.0, 120.0)))


def test_some_days_beyond_the_end_are_refused_by_row():
    rows = [fit.Point(DRY, day * DAY, 1.0, 1.0, row=row) for row, day in ((2, 3.0), (3, 90.0), (4, 84.0))]
    with pytest.raises(UsageError, match=r"row 3 \(day 90\): after day 84"):
        fit.fit(CUSP, ("plasma.phosphate",), rows)


def test_what_never_exists_is_refused(formula):
    data = points() + points(observable="primary_radius_um")
    with pytest.raises(UsageError, match="no overlap: primary_radius_um has no value on any measured day"):
        fit.fit(CUSP, ("plasma.phosphate",), data)


def test_registered_outputs_can_be_fitted_and_words_and_unknown_sites_cannot():
    """On a 0-D joint: what the simulation does not compute by itself is asked of the registry."""
    name, sets = "metastatic/joint-exposed", ("duration=3 day",)
    (found,) = fit.predict(name, sets, [fit.Point("fused_fraction", 2.0 * DAY, 0.0, 1.0)])
    assert 0.0 <= found <= 1.0
    with pytest.raises(UsageError, match="no 'nuclei' at site 'join'; did you mean 'joint'"):
        fit.predict(name, sets, [fit.Point("nuclei", DAY, 0.0, 1.0, site="join")])
    with pytest.raises(UsageError, match="is a word"):
        fit.predict(name, sets, [fit.Point("limiting_step", DAY, 0.0, 1.0, site="joint")])


def test_values_that_the_scenario_refuses_end_no_fit(monkeypatch):
    """The best state would lie above 1, which the scenario refuses: the fit stays below it."""

    def formula(name, sets, data, laws=None):
        loaded = scenarios.load(name, tuple(sets))
        return np.full(len(data), loaded.event[0].fraction)

    monkeypatch.setattr(fit_series, "existing", formula)
    data = points(days=(1.0, 2.0), value=3.0, observable="deposit_calcium_mg")
    done = fit.fit("metastatic/joint-exposed", ("event.0.fraction",), data, profiles=False)
    assert 0.9 < done.found.values[0] <= 1.0

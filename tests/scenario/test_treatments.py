"""Treatments and events: levers in time, and that a new kind is one class."""

from typing import Literal

import pytest

from calcisim import parameters, scenario
from calcisim.scenario import treatments
from calcisim.scenario.treatments import TREATMENTS, Levers, LocalInhibitor, Treatment, combined

DAY = 86400.0


def local(**keys):
    return LocalInhibitor.model_validate({"kind": "local-inhibitor", "site": "a", "concentration": "100 umol/L", **keys})


def test_levers_are_neutral_outside_their_time():
    drug = local(start="2 day", stop="5 day")
    assert drug.levers(1.9 * DAY) == drug.levers(5 * DAY) == Levers()
    assert drug.levers(2 * DAY).growth_affinity > 0.0
    assert drug.edges() == (2 * DAY, 5 * DAY)
    assert local().edges() == (0.0,)


def test_etidronate_saturates_the_fluid_term_and_covers_growth():
    lever = local().levers(0.0)
    row = parameters.tables("inhibitors")["etidronate"]
    assert lever.nucleation_coverage == pytest.approx(0.1 / (0.1 + row["half_coverage"].value))
    assert 0.98 < lever.nucleation_coverage < 1.0
    assert lever.growth_affinity == pytest.approx(119.0)
    assert local(concentration="0 mmol/L").levers(0.0)[:2] == (0.0, 0.0)


def test_levers_of_one_site_add_up_and_leave_others_alone():
    two = (local(), local(concentration="50 umol/L"))
    assert combined(two, 0.0, "a").growth_affinity == pytest.approx(119.0 * 1.5)
    assert combined(two, 0.0, "a").drug == "etidronate, etidronate"
    assert combined(two, 0.0, "b") == combined((), 0.0, "a") == Levers()


def test_a_new_treatment_is_one_class(tmp_path, monkeypatch):
    monkeypatch.setattr(treatments, "TREATMENTS", TREATMENTS)

    class Demo(Treatment):
        kind: Literal["demo-drug"]
        dose: float = 1.0

        def levers(self, t: float) -> Levers:
            return Levers(growth_affinity=self.dose)

    TREATMENTS.add("demo-drug")(Demo)
    try:
        path = tmp_path / "s.toml"
        path.write_text('extends = "healthy/dermis"\n[[treatment]]\nkind = "demo-drug"\ndose = 3.0\n')
        got = scenario.load(path)
        assert combined(got.treatment, 0.0, "dermis").growth_affinity == 3.0
        again = tmp_path / "again.toml"
        again.write_text(scenario.dump(got))
        assert scenario.load(again) == got
    finally:
        del TREATMENTS["demo-drug"]


def test_a_kind_cannot_be_taken_twice():
    with pytest.raises(KeyError, match="already"):
        TREATMENTS.add("local-inhibitor")(LocalInhibitor)


def test_drugs_are_rows_that_are_absent_in_health():
    rows = parameters.tables("inhibitors")
    assert set(treatments.DRUGS) == {name for name, row in rows.items() if row["healthy_concentration"].value == 0.0}


def test_events_keep_their_place_and_time():
    excise = scenario.load("metastatic/ckd-constant").event[1]
    assert (excise.kind, excise.at, excise.region, excise.completeness) == ("excise", 182 * DAY, "mass", 1.0)
    expose = scenario.load("healthy/wound").event[0]
    assert (expose.fraction, expose.s, expose.healing, expose.region) == (0.1, 0.7, 21 * DAY, None)

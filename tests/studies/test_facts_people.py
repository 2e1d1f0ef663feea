"""Facts about people: how changes, latencies and remissions are counted, what half and twice the spreads decide, and who they are."""

import math

import numpy as np
import pytest

from calcisim import scenario
from calcisim.scenario.errors import unusual_is_meant
from calcisim.simulation.run import Simulation
from calcisim.studies import facts_organs as organs
from calcisim.studies import facts_people as people
from calcisim.studies.validate import DEPENDS


@pytest.mark.parametrize(
    ("passed", "held", "depends"),
    [((1, 1, 1), True, False), ((0, 1, 1), False, True), ((1, 1, 0), False, True), ((1, 0, 1), False, False), ((0, 0, 0), False, False)],
)
def test_a_percentage_counts_only_where_it_holds_at_half_and_twice_the_spreads(passed, held, depends):
    text, judged = people.judged({scale: (f"{scale:g} of them", bool(one)) for scale, one in zip(people.SCALES, passed, strict=True)})
    assert judged is held
    assert text.endswith(DEPENDS) is depends
    assert "0.5 of them at half; 1 of them as assumed; 2 of them at twice" in text


def test_changes_are_those_of_people_with_a_deposit_before():
    before, after = (10.0, 10.0, 10.0, 10.0, 0.0), (13.0, 12.5, 7.5, 0.0, 50.0)
    found = people.changes(before, after)
    assert (found.progress, found.stable, found.improve) == pytest.approx((0.25, 0.5, 0.25))
    assert found.median == pytest.approx(0.0)
    assert people.changes((0.0, 0.0), (1.0, 2.0)) is None


def test_correlation_is_of_ranks():
    assert people.correlation((1.0, 2.0, 3.0, 4.0), (0.1, 0.2, 0.3, 900.0)) == pytest.approx(1.0)
    assert people.correlation((1.0, 2.0, 3.0, 4.0), (4.0, 3.0, 2.0, 0.1)) == pytest.approx(-1.0)
    assert people.correlation((1.0, 2.0, 3.0, 4.0), (2.0, 1.0, 4.0, 3.0)) == pytest.approx(0.6)
    assert people.correlation((1.0, 2.0, 3.0), (5.0, 5.0, 5.0)) == 0.0


@pytest.mark.parametrize(
    ("after", "shown", "complete"), [(20.0, True, False), (20.0, False, True), (4.9, True, True), (5.1, True, False)], ids=str
)
def test_a_mass_has_gone_when_nothing_shows_or_a_twentieth_is_left(after, shown, complete):
    assert people.Remission(90.0, after, 100.0, True, shown).complete is complete


def test_an_autopsy_finds_the_organ_with_most():
    body = people.Autopsy({"kidney": 0.5, "lung": 0.001}, 40.0)
    assert body.holds(people.HISTOLOGY)
    assert not body.holds(people.SEVERE)


def test_latencies_of_those_without_a_deposit_are_later():
    assert people.said(math.inf, 8.0) == "over 8 y"
    assert people.said(2.75, 8.0) == "2.8 y"


@pytest.mark.parametrize(
    ("latency", "passed"),
    [((2.5, 8.0, 9.0), True), ((1.0, 8.0, 9.0), False), ((4.5, 4.0, 9.0), False), ((2.5, math.inf, 9.0), False), ((2.5, 8.0, 3.0), False)],
    ids=["as seen", "children too early", "adults before children", "adults never", "sclerosis too early"],
)
def test_children_come_first_and_all_within_a_factor_of_two(monkeypatch, latency, passed):
    given = dict(zip(people.FORMS, latency, strict=True))
    monkeypatch.setattr(people, "course", lambda form, number, scale: people.Course(given[form], {}))
    _, judged = people.latencies()
    assert judged is passed


@pytest.mark.parametrize(("severe", "passed"), [(4, True), (6, False)])
def test_autopsies_are_counted_by_threshold(monkeypatch, severe, passed):
    """Eight of ten with dialysis and four without; Ca × P that has nothing to do with it."""
    products = (50.0, 80.0, 60.0, 40.0, 70.0, 45.0, 75.0, 65.0, 55.0, 62.0)

    def made(name, number, scale):
        have = 8 if name == people.DIALYSED else 4
        deposit = (20.0 if number <= severe else 1.0) if number <= have else 1e-4
        return people.Autopsy({"lung": deposit, "skin": 0.0}, products[number - 1])

    monkeypatch.setattr(people, "AUTOPSIES", 10)
    monkeypatch.setattr(people, "autopsy", made)
    text, judged = people.autopsies()
    assert f"80% dialysed, 40% not, {severe}0% severe" in text
    assert judged is passed


def test_the_score_is_of_what_a_radiograph_shows():
    class Site:
        class setup:
            voxel_volume = 1e-9  # m³: 1 mm³

        @staticmethod
        def mineral():
            return np.array([19.0, 21.0, 40.0]) / 40.078e-3  # mol/m³

    assert people.score(Site) == pytest.approx(0.061)


def test_people_are_the_same_at_every_spread_and_their_scenarios_can_be_loaded():
    for name, cohort, sets in (
        (organs.AORTA, "uraemic-rats", organs.WITH_VITAMIN_D),
        (people.DIALYSED, "dialysis", people.WEEKLY),
        (people.CORRECTED, "tumoral", people.HIP),
        *((name, cohort, sets) for name, cohort, sets, _ in people.FORMS.values()),
    ):
        half, one, twice = (people.person(name, cohort, 3, scale, sets) for scale in people.SCALES)
        assert one[: len(sets)] == half[: len(sets)] == twice[: len(sets)] == sets
        assert [text.partition("=")[0] for text in half] == [text.partition("=")[0] for text in twice]
        assert len({half, one, twice}) == 3
        with unusual_is_meant():
            scenario.load(name, twice)


def test_kidneys_filter_no_less_than_the_body_model_has():
    assert people.within("plasma.glomerular_filtration=0.68 mL/min") == "plasma.glomerular_filtration=1 mL/min"
    assert people.within("plasma.glomerular_filtration=1.9 mL/min") == "plasma.glomerular_filtration=1.9 mL/min"
    assert people.within("plasma.phosphate_intake=0.5 mmol/day") == "plasma.phosphate_intake=0.5 mmol/day"


def test_two_rats_differ_by_their_number_and_the_spread(monkeypatch):
    """The first two rats of F13 for a week, against a run of the same scenario by hand."""
    one, other, wider = (people.rat(number, scale, 7.0) for number, scale in ((1, 1.0), (2, 1.0), (2, 2.0)))
    with unusual_is_meant():
        by_hand = scenario.load(organs.AORTA, people.person(organs.AORTA, "uraemic-rats", 2, 1.0))
    assert other == organs.of_control(Simulation(by_hand, 2), 7.0)
    assert len({one, other, wider}) == 3
    assert min(one, other, wider) > 1.0
    monkeypatch.setattr(people, "FEW_RATS", 2)
    monkeypatch.setattr(people, "rat", lambda number, scale, days, sets=(): 50.0 if sets or number == 1 else 1.0)
    text, passed = people.all_or_none(quick=True)
    assert "50% below 2 times, 50% above 20 times, 100% with vitamin D as assumed" in text
    assert passed

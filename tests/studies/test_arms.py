"""Arms that part from one history, and what cohorts are summed up with."""

import math

import numpy as np
import pytest

from calcisim import scenario
from calcisim.simulation.run import Simulation
from calcisim.studies import arms, facts_excision, facts_treatment

INJURED = ('event.0.kind="necrosis"', 'duration="60 day"')
DRUG = {"kind": "pyrophosphate", "concentration": "0.1 mmol/L", "start": "5 day"}


@pytest.fixture(scope="module")
def begun():
    return arms.start(scenario.load("dystrophic/injury", INJURED), 5.0)


def test_an_arm_without_a_change_is_the_history_itself(begun):
    whole = Simulation(scenario.load("dystrophic/injury", INJURED))
    whole.advance(5.0 * arms.DAY)
    arm = arms.arm(begun)
    for one in (whole, arm):
        one.advance(20.0 * arms.DAY)
    assert all(np.array_equal(array, whole.arrays()[name]) for name, array in arm.arrays().items())


def test_a_drug_that_begins_with_the_arm_acts_and_leaves_the_start_alone(begun):
    before = {name: array.copy() for name, array in begun.arrays.items()}
    treated, plain = (next(arms.follow(arms.arm(begun, drugs), (20.0,))) for drugs in ([DRUG], []))
    assert 0.0 < treated["deposit_calcium_mg"] < 0.8 * plain["deposit_calcium_mg"]
    assert all(np.array_equal(before[name], array) for name, array in begun.arrays.items())


def test_an_operation_of_an_arm_is_booked(begun):
    cut = {"kind": "excise", "site": "place", "at": "10 day", "target": "region", "bed": "scar"}
    region = {"shape": "box", "low": ("0 mm", "0 mm", "0 mm"), "high": ("10 mm", "10 mm", "10 mm")}
    arm = arms.arm(begun, [], [{**cut, "region": region}])
    (row,) = arms.follow(arm, (10.0,))
    assert row["excised_calcium_mg"] > 0.0
    assert row["deposit_calcium_mg"] < 1e-9 * row["excised_calcium_mg"]
    assert row["ledger_calcium_relative"] <= 1e-13
    assert arm.sites["place"].state.scar.all()


def test_a_drug_acts_from_the_day_of_the_arm_also_on_tissue_that_does_not_answer():
    opened = 'event=[{kind="expose",site="place",at="0 day",fraction=0.3,s=0.6}]'
    sets = ("site.place.local_biology=false", opened, 'duration="20 day"')
    begun = arms.start(scenario.load("dystrophic/injury", sets), 2.0)
    drug = {"kind": "etidronate", "dose": "4 g/day", "start": "2 day"}
    treated, plain = (next(arms.follow(arms.arm(begun, drugs), (20.0,))) for drugs in ([drug], []))
    assert treated["deposit_calcium_mg"] < 0.95 * plain["deposit_calcium_mg"]


@pytest.mark.parametrize(
    ("drugs", "acts"), [([{**DRUG, "start": "4 day"}], []), ([], [{"kind": "trauma", "site": "place", "at": "5 day"}])]
)
def test_an_arm_cannot_change_what_was_before_it(begun, drugs, acts):
    with pytest.raises(ValueError, match="cannot change what was before it"):
        arms.arm(begun, drugs, acts)


def test_the_interval_is_students():
    changes = [0.01, -0.02, 0.03, 0.0, 0.01, -0.01, 0.02, 0.0]
    found = facts_treatment.interval(changes)
    assert found.mean == pytest.approx(0.005)
    assert found.high - found.mean == pytest.approx(2.364624252 * np.std(changes, ddof=1) / math.sqrt(8))  # t of 7 degrees of freedom
    assert found.high - found.mean == pytest.approx(found.mean - found.low)


def test_hazard_and_curve_of_a_handful_of_people():
    days = [100.0, None, 365.0]
    assert facts_excision.hazard(days, 730.0) == pytest.approx(2 / ((100.0 + 730.0 + 365.0) / 365.0))
    shares = [(0.0, 1.0), (100.0, 2 / 3), (365.0, 1 / 3), (730.0, 1 / 3)]
    assert list(facts_excision.curve(days, 730.0)) == [(day, pytest.approx(share)) for day, share in shares]
    assert facts_excision.hazard([], 730.0) == 0.0


def test_injuries_of_a_person_differ_by_seed_and_not_by_arm():
    loaded = facts_excision.joints(facts_excision.FAMILIAL)
    one, same, other = (Simulation(loaded, seed).moments for seed in (1, 1, 2))
    assert one == same != other
    operated = arms.changed(loaded, (), [facts_excision.operation("scar", 180.0)])
    assert {*one["hip"], 180.5 * arms.DAY} == set(Simulation(operated, 1).moments["hip"])

"""What the facts of organs and masses rest on: how they are counted, what is held equal, and what is lost without cells."""

import numpy as np
import pytest

from calcisim import scenario
from calcisim.simulation.run import Simulation
from calcisim.studies import facts_organs as organs
from calcisim.studies import facts_tumoral as tumoral


def test_the_earliest_organ_is_first_and_those_without_onset_are_left_out():
    found = {"kidney": (0.1, 40.0), "lung": (0.2, 12.0), "skin": (0.001, None)}
    assert organs.first(found) == ["lung", "kidney"]


def test_shares_of_aortas_leave_the_gap_out():
    assert organs.shares((1.0, 1.9, 2.0, 5.0, 20.0, 21.0, 300.0, 1.5)) == (3 / 8, 2 / 8)


def test_an_aorta_is_weighed_against_what_was_measured_without_mineral(monkeypatch):
    """27 nmol of calcium per mg dry; 300 kg of dry aorta per m³."""
    monkeypatch.setattr(organs, "SEEDS", (1,))
    (ratio,) = organs.aortas.__wrapped__(14.0)
    simulation = Simulation(scenario.load(organs.AORTA), 1)
    simulation.advance(14.0 * 86400.0)
    mineral = simulation.observables()["deposit_calcium_mg_per_cm3"] / 40.078e-3  # mol/m³
    assert ratio - 1.0 == pytest.approx(mineral / (27e-9 * 300e6), rel=1e-9)
    assert mineral > 0.0


def test_calcium_is_equal_with_and_without_the_antiresorptive_and_the_colloid_is_less():
    treated = organs.treated_at_equal_calcium()
    free, held = organs.calcium_at(organs.INTOXICATED), organs.calcium_at(treated)
    assert held[0] == pytest.approx(free[0], abs=0.005)
    assert free[0] > 3.4
    assert held[2] < 0.9 * free[2]


@pytest.mark.parametrize("name", ["dystrophic/subdermal-cusp", "metastatic/ckd-constant"])
def test_apatite_stays_where_no_cell_takes_it(name):
    lost, held = organs.without_cells(name)
    assert held > 0.0
    assert lost <= 0.01


def test_a_loss_of_apatite_would_be_seen(monkeypatch):
    """The same count on a site that tells less than it holds from day 6 on."""
    from calcisim.simulation.site import Site

    real = Site.phases
    monkeypatch.setattr(Site, "phases", lambda site: real(site) * (1.0 if site.time < 6.0 * 86400.0 else 0.01))
    lost, _ = organs.without_cells("dystrophic/subdermal-cusp", 8.0)
    assert lost > 0.5


def test_one_joint_keeps_its_block_with_other_voxels():
    whole = scenario.load(tumoral.FAMILIAL)
    joint = tumoral.one_joint(tumoral.FAMILIAL, "elbow", tumoral.ONE_WAY, 1.6e-3, texture=False)
    (site,) = joint.site
    (before,) = (one for one in whole.site if one.name == "elbow")
    assert site.grid.extents == pytest.approx(before.grid.extents)
    assert site.grid.shape == (16, 16)
    assert site.texture is None
    assert {event.site for event in joint.event} == {"elbow"}
    assert not joint.plasma.two_way


def test_growth_is_taken_from_the_first_to_the_last_day():
    found = [tumoral.Mass(day, radius, 1, calcium, 0.0, "supply") for day, radius, calcium in ((90, 2, 5), (180, 8, 40), (270, 11, 130))]
    assert tumoral.speed(found) == pytest.approx(0.05)
    assert tumoral.intake(found) == pytest.approx(1.0)


def test_a_mass_is_measured_on_the_days_asked():
    joint = tumoral.one_joint(tumoral.FAMILIAL, "hip", tumoral.ONE_WAY, 3.2e-3)
    early, late = tumoral.masses(joint, (60.0, 120.0))
    assert (early.day, late.day) == (60.0, 120.0)
    assert late.radius > early.radius > 0.0
    assert late.calcium > early.calcium
    assert np.isfinite(late.filled)
    assert late.limiting in ("supply", "surface", "nucleation")

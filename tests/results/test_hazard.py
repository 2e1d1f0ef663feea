"""Curves of what happens to members: Kaplan and Meier's product by hand, censoring, and what is taken from members and rows."""

import math

import numpy as np
import pytest

from calcisim.results import hazard

# Remission under 6-mercaptopurine (Freireich et al. 1963), the example of every textbook: weeks, and whether there was a relapse.
WEEKS = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSED = [True] * 9 + [False] * 12


def test_the_textbook_example():
    curve = hazard.kaplan_meier(WEEKS, RELAPSED)
    assert curve.times.tolist() == [0, 6, 7, 10, 13, 16, 22, 23]
    by_hand = np.cumprod([1, 18 / 21, 16 / 17, 14 / 15, 11 / 12, 10 / 11, 6 / 7, 5 / 6])
    assert curve.share == pytest.approx(by_hand, rel=1e-12)
    assert curve.share[-1] == pytest.approx(0.4482, abs=1e-4)


def test_the_band_is_greenwoods_through_log_minus_log():
    curve = hazard.kaplan_meier(WEEKS, RELAPSED)
    share = (18 / 21) * (16 / 17)
    variance = 3 / (21 * 18) + 1 / (17 * 16)
    spread = 1.959963984540054 * math.sqrt(variance) / abs(math.log(share))
    assert curve.low[2] == pytest.approx(share ** math.exp(spread), rel=1e-12)
    assert curve.high[2] == pytest.approx(share ** math.exp(-spread), rel=1e-12)
    assert ((curve.low >= 0) & (curve.low <= curve.share) & (curve.share <= curve.high) & (curve.high <= 1)).all()


def test_who_leaves_with_an_event_of_others_was_at_risk():
    """4 members: 1 event at 5, 1 left at 5, 1 event at 8, 1 left at 10."""
    curve = hazard.kaplan_meier([5, 5, 8, 10], [True, False, True, False])
    assert curve.share.tolist() == [1.0, 0.75, 0.375]
    assert hazard.at_risk([5, 5, 8, 10], [0, 5, 6, 9]) == [4, 4, 2, 1]


def test_no_event_and_only_events():
    nothing = hazard.kaplan_meier([3.0, 3.0], [False, False])
    assert nothing.times.tolist() == [0.0]
    assert nothing.share.tolist() == [1.0]
    everybody = hazard.kaplan_meier([1.0, 2.0], [True, True])
    assert everybody.share.tolist() == [1.0, 0.5, 0.0]
    assert everybody.low[-1] == everybody.high[-1] == 0.0
    assert np.isfinite(everybody.low).all()
    assert np.isfinite(everybody.high).all()


def member(onset, cut=(), last=100.0):
    days = [10.0 * number for number in range(int(last / 10) + 1)]
    excised = [sum(5.0 for day in cut if day <= moment) for moment in days]
    return {"days": days, "onset": onset, "course": {"hip.excised_calcium_mg": excised, "deposit_calcium_mg": days}}


def row(arm, onset, new=0, recurred=None, again=None):
    return {"arm": arm, "status": "finished", "onset_day": onset, "new_sites": new, "recurred": recurred, "recurrence_day": again}


def test_events_of_members():
    members = [member({"hip": 12.0, "elbow": 70.0}, cut=[40.0]), member({"hip": 30.0, "elbow": None}, cut=[50.0]), member({"hip": None})]
    rows = [row("a", 12.0, new=1, recurred=1, again=90.0), row("a", 30.0, recurred=0), row("a", None)]
    found = hazard.events(members, rows)
    assert found["deposit"] == ([12.0, 30.0, 100.0], [True, True, False])
    assert found["recurrence"] == ([50.0, 50.0], [True, False])  # since the operation, of those operated
    assert found["site"] == ([70.0, 100.0, 100.0], [True, False, False])


def test_the_figure_is_drawn_from_two_events_on(tmp_path):
    members = {"a": [member({"hip": 12.0}), member({"hip": 30.0})], "b": [member({"hip": None}), member({"hip": 50.0})]}
    rows = [row("a", 12.0), row("a", 30.0), row("b", None), row("b", 50.0), {"arm": "b", "status": "failed"}]
    (path,) = hazard.draw(tmp_path, ["a", "b"], members, rows)
    first = path.read_bytes()
    assert path.name == "hazard.png"
    assert first.startswith(b"\x89PNG")
    assert hazard.draw(tmp_path, ["a", "b"], members, rows)[0].read_bytes() == first
    only = {"a": [member({"hip": 12.0}), member({"hip": None})], "b": members["b"][:1] * 2}
    few = [row("a", 12.0), row("a", None), row("b", None), row("b", None)]
    assert hazard.draw(tmp_path / "few", ["a", "b"], only, few) == []
    assert not (tmp_path / "few").exists()

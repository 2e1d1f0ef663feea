"""Facts about the mineral, judged on rows that are given: what passes, what does not, and what is said."""

import pytest

from calcisim.studies import facts


def given(monkeypatch, **columns):
    """Let every scenario give these values, one list per quantity, in the order of the days asked for."""
    asked = []

    def rows(name, days, sets=()):
        asked.append((name, tuple(days), tuple(sets)))
        for number, _ in enumerate(asked[-1][1]):
            yield {key: values[min(number, len(values) - 1)] for key, values in columns.items()}

    monkeypatch.setattr(facts, "rows", rows)
    return asked


@pytest.mark.parametrize(
    ("ratios", "passed"),
    [
        ((1.35, 1.45, 1.65), True),
        ((1.26, 1.45, 1.69), True),
        ((1.2, 1.4, 1.65), False),
        ((1.4, 1.35, 1.65), False),
        ((1.4, 1.5, 1.60), False),
    ],
)
def test_calcium_to_phosphorus_rises_from_precursor_to_apatite(monkeypatch, ratios, passed):
    asked = given(monkeypatch, calcium_phosphorus_ratio=list(ratios))
    got, judged = facts.calcium_to_phosphorus()
    assert judged is passed
    assert got.startswith(f"{ratios[0]:.2f}; {ratios[1]:.2f}; {ratios[2]:.2f}")
    assert asked == [("dystrophic/subdermal-cusp", (3, 21, 180), ("duration=180 day",))]


def test_the_scenario_can_be_run_for_as_long_as_that():
    from calcisim import scenario

    assert scenario.load("dystrophic/subdermal-cusp", ("duration=180 day",)).duration == 180 * facts.DAY


@pytest.mark.parametrize(("median", "passed"), [(0.58, True), (0.2, False), (1.2, False)])
def test_primaries_have_the_size_that_was_seen_and_the_day_of_fusing_is_said(monkeypatch, median, passed):
    given(monkeypatch, sphere_median_um=[median], fused_fraction=[None, 0.2, 0.49, 0.5, 0.4])
    got, judged = facts.primaries()
    assert judged is passed
    assert f"{median:.2f} µm, half fused on day 4 (dystrophic/subdermal-cusp)" in got
    assert "(metastatic/ckd-constant)" in got


def test_what_never_fuses_is_said_so(monkeypatch):
    given(monkeypatch, sphere_median_um=[0.5], fused_fraction=[0.1])
    assert "half not fused by day 180 (dystrophic/subdermal-cusp); " in facts.primaries()[0]
    assert "half not fused by day 180 (metastatic/ckd-constant)" in facts.primaries()[0]

"""Facts of metastatic calcification: how they are judged, on deposits that are given, and the exposure curve in earnest."""

import pytest

from calcisim.studies import facts_metastatic as metastatic


def given(monkeypatch, answer):
    """Let the worn joint hold what `answer(sets)` says."""
    monkeypatch.setattr(metastatic, "joint", lambda days, sets: tuple(answer(" ".join(sets)) for _ in days))


@pytest.mark.parametrize(
    ("deposits", "passed"),
    [((0.02, 0.5, 2.0, 8.0), True), ((0.02, 0.5, 0.4, 8.0), False), ((0.02, 3.0, 5.0, 8.0), False)],
    ids=["a threshold", "not rising", "too much below 55"],
)
def test_the_product_must_decide_between_little_and_much(monkeypatch, deposits, passed):
    by_phosphate = {f'"{phosphate} mmol/L"': deposit for (phosphate, _), deposit in zip(metastatic.PRODUCTS, deposits, strict=True)}
    given(monkeypatch, lambda sets: next(value for key, value in by_phosphate.items() if f"phosphate={key}" in sets))
    got, judged = metastatic.threshold()
    assert judged is passed
    assert "mg/cm³ at 51" in got


@pytest.mark.parametrize(("magnesium", "passed"), [(1.0, True), (2.0, False)])
def test_each_of_three_inhibitors_must_count(monkeypatch, magnesium, passed):
    def answer(sets):
        healthy = [name for name, level in metastatic.HEALTH.items() if f'{name}="{level}"' in sets]
        return {0: 3.0, 3: 0.01}.get(len(healthy), magnesium if healthy == ["magnesium"] else 0.4)

    given(monkeypatch, answer)
    got, judged = metastatic.three_inhibitors()
    assert judged is passed
    assert f"magnesium {3.0 / magnesium:.1f}-fold" in got


@pytest.mark.parametrize(("high", "passed"), [(1.0, True), (0.1, False)])
def test_diets_come_in_an_order(monkeypatch, high, passed):
    given(monkeypatch, lambda sets: 0.2 if "binder" in sets else 0.02 if "'20 mmol/day'" in sets else high)
    assert metastatic.phosphate_control()[1] is passed


def test_a_week_of_hypercalcaemia_leaves_less_than_a_hundredth_of_two_years():
    curve = metastatic.exposure((7.0, 730.0))
    assert 0.0 < curve[7.0] < 0.01 * curve[730.0]


def test_plasmas_of_the_threshold_stand_on_both_sides_of_it():
    from calcisim import scenario
    from calcisim.physics.plasma import ultrafiltrate

    products = []
    for phosphate, ionised in metastatic.PRODUCTS:
        sets = metastatic.plasma(phosphate=f"{phosphate} mmol/L", calcium_ionised=f"{ionised} mmol/L")
        products.append(ultrafiltrate(**scenario.load(metastatic.JOINT, sets).fluid.laboratory()).laboratory_calcium * phosphate)
    assert [round(product * metastatic.MG_DL) for product in products] == [30, 51, 65, 90]

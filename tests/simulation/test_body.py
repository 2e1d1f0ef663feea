"""A body through its scenario: moments, doses, meals, dialysis, measured values, and looks at what was computed."""

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.errors import SolverError
from calcisim.physics.body_names import F, P, R, S
from calcisim.simulation.body import Body
from calcisim.simulation.plasma import BodyPlasma, ConstantPlasma, driver

DAY = 86400.0
HEAD = 'title = "body"\nduration = "14 day"\nkind = "plasma"\n[plasma]\ndriver = "model"\n'


@pytest.fixture
def load(tmp_path, monkeypatch):
    """A scenario from a text, with other files beside it."""

    def loaded(text, **beside):
        for name, content in beside.items():
            (tmp_path / f"{name}.csv").write_text(content)
        path = tmp_path / "body.toml"
        path.write_text(text)
        return door.load(path)

    return loaded


def body(scenario, until=None):
    one = Body(scenario.plasma, scenario.treatment, scenario.duration)
    one.advance(scenario.duration if until is None else until)
    return one


def at(one, days, name):
    return float(one.look(np.array([days * DAY]))[0][0, name])


def test_a_look_between_steps_agrees_with_finer_steps(load):
    rough = body(load(HEAD + 'glomerular_filtration = "20 mL/min"\n'))
    fine = Body(rough.plasma, (), rough.end)
    times = np.linspace(0.0, rough.end, 200)
    for time in times[1:]:
        fine.advance(float(time))
    one, other = rough.look(times)[0], fine.look(times)[0]
    assert one == pytest.approx(other, rel=2e-3)


def test_a_change_begins_and_ends_when_it_is_told(load):
    one = body(load(HEAD + '[[treatment]]\nkind = "plasma"\nstart = "3 day"\nstop = "7 day"\nphosphate_intake = "100 mmol/day"\n'))
    intake = [chunk.parameters[P.phosphate_intake] * 1e3 * DAY for chunk in one.chunks]
    begins = [chunk.begin / DAY for chunk in one.chunks]
    assert [(begin, round(value)) for begin, value in zip(begins, intake, strict=True) if begin > 0.0 or value > 0.0][-3:] == [
        (0.0, 42), (3.0, 100), (7.0, 42),
    ]  # fmt: skip
    assert one.amount[F.phosphate_taken] == pytest.approx((10 * 42 + 4 * 100) * 1e-3, rel=1e-12)
    assert at(one, 7.0, R.phosphate) > 1.05 * at(one, 2.9, R.phosphate)


def test_a_dose_is_taken_at_once_and_booked(load):
    dose = '[[treatment]]\nkind = "dose"\nstart = "1 day"\nevery = "2 day"\nstop = "6 day"\n'
    oral = body(load(HEAD + dose + 'phosphate = "45 mmol"\n'))
    vein = body(load(HEAD + dose + 'phosphate = "45 mmol"\nroute = "intravenous"\n'))
    none = body(load(HEAD))
    for one in (oral, vein):
        assert one.amount[F.phosphate_taken] - none.amount[F.phosphate_taken] == pytest.approx(3 * 45e-3, rel=1e-9)  # days 1, 3 and 5
        assert one.ledger().max() < 1e-13
    assert at(vein, 1.0, R.phosphate) == pytest.approx(at(none, 1.0, R.phosphate) + 45.0 / 14.0, rel=1e-6)
    assert at(oral, 1.0, R.phosphate) == pytest.approx(at(none, 1.0, R.phosphate), rel=1e-6)
    assert at(oral, 1.15, R.phosphate) > 1.1 * at(none, 1.15, R.phosphate)


def test_magnesium_by_mouth_is_absorbed_in_part(load):
    dose = HEAD + '[[treatment]]\nkind = "dose"\nstart = "1 day"\nmagnesium = "20 mmol"\n'
    oral, vein = body(load(dose)), body(load(dose + 'route = "intravenous"\n'))
    none = body(load(HEAD))
    taken = [one.amount[F.magnesium_taken] - none.amount[F.magnesium_taken] for one in (oral, vein)]
    assert taken == pytest.approx([0.36 * 20e-3, 20e-3], rel=1e-9)


def test_meals_bring_the_same_in_all_and_a_peak_after_each(load):
    steady, eating = body(load(HEAD)), body(load(HEAD + "meals = 3\n"))
    assert eating.amount[F.phosphate_taken] == pytest.approx(steady.amount[F.phosphate_taken], rel=1e-9)
    hours = np.arange(24.0 * 12, 24.0 * 13, 0.25)
    level = eating.look(hours * 3600.0)[0][:, R.phosphate]
    peaks = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] > level[2:]))
    assert peaks.size == 3
    assert 0.05 < level.max() - level.min() < 0.5
    assert level.mean() == pytest.approx(1.15, rel=0.02)


def test_dialysis_takes_what_its_clearance_says(load):
    one = body(load(HEAD + 'glomerular_filtration = "2 mL/min"\n[[treatment]]\nkind = "haemodialysis"\n'))
    assert [session.begin / 3600.0 for session, _ in one.sessions] == [8.0, 56.0, 104.0, 176.0, 224.0, 272.0]
    taken = 0.0
    for session, during in one.sessions:
        times = np.linspace(session.begin, session.end - 1e-3, 400)
        level = one.look(times)[0][:, R.phosphate]
        taken += during["dialysed_phosphate"] * np.trapezoid(level, times)
        assert level[-1] < 0.75 * level[0]
    assert one.amount[F.phosphate_dialysed] == pytest.approx(-taken, rel=1e-4)


def test_dialysis_that_stops_in_a_session_ends_it(load):
    one = body(load(HEAD + '[[treatment]]\nkind = "haemodialysis"\nstop = "10 h"\n'))
    assert [(session.begin, session.end) for session, _ in one.sessions] == [(8 * 3600.0, 10 * 3600.0)]


def test_a_burn_in_begins_in_the_disease(load):
    text = HEAD + 'glomerular_filtration = "10 mL/min"\n'
    late, long = body(load(text + 'burn_in = "300 day"\n')), body(load(text.replace("14 day", "300 day")))
    assert at(late, 0.0, R.phosphate) == pytest.approx(at(long, 300.0, R.phosphate), rel=1e-3)
    assert late.ledger().max() < 1e-13
    assert late.amount[F.calcium_taken] == pytest.approx(14 * 25e-3, rel=1e-12)


def test_uptake_by_tissues_is_answered_by_bone_and_hormones(load):
    """Half a year of 1 and 5 mmol of calcium a day, with phosphate as in apatite: −0.02 and −0.10 mmol/L in the first fit of the model."""
    scenario = load(HEAD.replace("14 day", "180 day"))
    ends = []
    for rate in (0.0, 1.0, 5.0):
        one = Body(scenario.plasma, (), scenario.duration)
        one.uptake[:] = np.array([rate, 0.6 * rate, 0.0]) * 1e-3 / DAY
        one.advance(scenario.duration)
        assert one.ledger().max() < 1e-13
        assert one.amount[F.calcium_tissue] == pytest.approx(-rate * 0.18, rel=1e-9)
        report, flow = one.look(np.array([scenario.duration]))
        balance = -(flow[0, F.calcium_resorbed] + flow[0, F.calcium_formed]) * 1e3 * DAY
        ends.append((report[0, R.calcium], report[0, R.pth] * 9.43e9, balance))
    calcium, pth, bone = np.array(ends).T
    assert calcium[1] - calcium[0] == pytest.approx(-0.02, abs=0.01)
    assert calcium[2] - calcium[0] == pytest.approx(-0.10, abs=0.03)
    assert pth[2] - pth[0] == pytest.approx(18.0, abs=6.0)
    assert bone[2] - bone[0] < -1.0  # bone gives


def test_a_body_that_cannot_go_on_says_where_and_why(load):
    one = Body(load(HEAD).plasma, (), 14 * DAY)
    one.uptake[0] = 1.0  # a mol of calcium a second
    with pytest.raises(SolverError, match=r"finds no step at day .* a large uptake by tissues"):
        one.advance(14 * DAY)


LABS = "time_d,Ca_total_mmol_L,Pi_mg_dL,albumin_g_L\n0,2.6,4.5,40\n30,2.8,6.0,36\n90,2.5,5.0,38\n"
CSV = HEAD.replace('"model"', '"csv"').replace("14 day", "90 day") + 'file = "labs.csv"\n'


def test_measured_values_are_what_the_sites_see(load):
    plasma = BodyPlasma(load(CSV, labs=LABS))
    plasma.advance(90 * DAY)
    for day, calcium, phosphate, albumin in ((0, 2.6, 4.5, 40), (30, 2.8, 6.0, 36), (90, 2.5, 5.0, 38)):
        seen = plasma.laboratories(np.array([day * DAY]))[0]
        assert (seen["calcium"], seen["phosphate"]) == pytest.approx((calcium, phosphate / 3.0974), rel=1e-5)
        assert seen["albumin"] == pytest.approx(albumin / 66.5, rel=1e-12)
        assert plasma.water(day * DAY).laboratory_calcium == pytest.approx(calcium, rel=1e-9)


def test_what_was_not_measured_comes_from_the_model_drawn_to_what_was(load):
    plasma = BodyPlasma(load(CSV, labs=LABS))
    plasma.advance(90 * DAY)
    model = plasma.body.look(np.array([85 * DAY]))[0][0]
    assert model[R.phosphate] == pytest.approx(5.0 / 3.0974, rel=0.06)
    assert model[R.calcium] == pytest.approx(2.5, rel=0.03)
    seen = plasma.reports(np.array([85 * DAY]))[0]
    assert seen[R.magnesium] == model[R.magnesium]
    assert seen[R.pth] == model[R.pth]
    assert abs(plasma.body.amount[F.calcium_fitted]) > 0.0
    assert plasma.body.ledger().max() < 1e-13


def test_a_measured_filtration_rules_the_kidneys(load):
    one = body(load(CSV, labs="time_d,eGFR,25OHD_nmol_L\n0,90,60\n60,15,30\n"))
    assert at(one, 2.0, R.filtration) * 6e7 == pytest.approx(90.0 - 75.0 / 16.0, rel=1e-6)  # the middle of the first of eight pieces
    assert at(one, 80.0, R.filtration) * 6e7 == pytest.approx(15.0, rel=1e-6)
    assert one.state[S.hydroxyvitamin_d] == pytest.approx(30e-6, rel=0.01)


def test_ionised_calcium_goes_before_total(load):
    plasma = BodyPlasma(load(CSV, labs="time_d,Ca_ion_mmol_L,pH,HCO3_mmol_L\n0,1.30,7.45,29\n90,1.30,7.45,29\n"))
    plasma.advance(90 * DAY)
    seen = plasma.laboratories(np.array([50 * DAY]))[0]
    assert (seen["calcium_ionised"], seen["ph"], seen["bicarbonate"]) == (1.30, 7.45, 29.0)
    assert "calcium" not in seen
    assert plasma.body.look(np.array([80 * DAY]))[0][0, R.calcium_ionised] == pytest.approx(1.30, rel=0.02)


def test_ph_follows_from_bicarbonate_where_it_was_not_measured(load):
    plasma = BodyPlasma(load(CSV, labs="time_d,HCO3_mmol_L\n0,18\n90,18\n"))
    plasma.advance(90 * DAY)
    report = plasma.reports(np.array([50 * DAY]))[0]
    expected = 6.1 + np.log10(18.0 / (0.0307 * report[R.carbon_dioxide] * 760.0))
    assert report[R.ph] == pytest.approx(expected, abs=1e-3)
    assert report[R.ph] < 7.35


def test_a_run_directory_needs_the_table_no_more(load, tmp_path):
    loaded = load(CSV, labs=LABS)
    again = tmp_path / "elsewhere"
    again.mkdir()
    (again / "resolved.toml").write_text(door.dump(loaded))
    other = door.load(again / "resolved.toml")
    assert other.plasma.labs == loaded.plasma.labs
    assert other.plasma.file is None
    assert door.dump(other) == door.dump(loaded)


def test_the_driver_is_what_the_scenario_asks_for(load):
    assert isinstance(driver(door.load("healthy/dermis")), ConstantPlasma)
    assert isinstance(driver(door.load("invitro/t50")), ConstantPlasma)
    assert isinstance(driver(load(HEAD)), BodyPlasma)
    assert ConstantPlasma(door.load("healthy/dermis").fluid).times().size == 1


# --- what a careful reader found --------------------------------------------------------------------------------------


def test_a_burn_in_with_meals_eats(load):
    fed = body(load(HEAD + 'meals = 3\nburn_in = "90 day"\n'), 0.0)
    assert at(fed, 0.0, R.phosphate) == pytest.approx(1.15, rel=1e-3)
    assert at(fed, 0.0, R.calcium) == pytest.approx(2.40, rel=1e-3)


def test_a_burn_in_has_the_treatments_that_went_on_already(load):
    """As if they had gone on before: whole weeks of dialysis, and the diet."""
    text = HEAD + 'glomerular_filtration = "2 mL/min"\nburn_in = "182 day"\n[[treatment]]\nkind = "haemodialysis"\nalready = true\n'
    one = body(load(text), 0.0)
    long = body(load(text.replace('burn_in = "182 day"\n', "").replace("14 day", "182 day")))
    assert at(one, 0.0, R.phosphate) == pytest.approx(at(long, 182.0, R.phosphate), rel=1e-2)
    assert one.amount[F.phosphate_dialysed] == 0.0
    late = body(load(text.replace("already = true\n", "")), 0.0)
    assert at(late, 0.0, R.phosphate) > 2.0 * at(one, 0.0, R.phosphate)


def test_a_dose_at_the_very_end_is_seen(load):
    dose = '[[treatment]]\nkind = "dose"\nroute = "intravenous"\nevery = "1 day"\nphosphate = "14 mmol"\n'
    short, long = (body(load(HEAD.replace("14 day", f"{days} day") + dose)) for days in (3, 4))
    assert at(short, 3.0, R.phosphate) == pytest.approx(at(long, 3.0, R.phosphate), rel=1e-6)


def test_values_of_uneven_days_never_jump_ahead(load):
    rows = "time_d,eGFR\n354.694,20\n1465.206,20\n1475.206,100\n"
    one = body(load(CSV.replace("90 day", "1470 day"), labs=rows))
    seen = one.look(np.linspace(1465.21, 1466.3, 20) * DAY)[0][:, R.filtration] * 6e7
    assert seen.max() < 26.0


def test_a_step_curve_is_a_step_for_the_model_too(load):
    rows = "time_d,Pi_mmol_L,eGFR\n0,1.0,90\n50,2.0,30\n90,2.0,30\n"
    one = body(load(CSV + 'interpolation = "step"\n', labs=rows))
    assert at(one, 49.0, R.phosphate) == pytest.approx(1.0, rel=0.06)
    assert at(one, 49.0, R.filtration) * 6e7 == pytest.approx(90.0, rel=1e-6)
    assert at(one, 51.0, R.filtration) * 6e7 == pytest.approx(30.0, rel=1e-6)


def test_a_measured_filtration_is_not_lowered_again_by_hypercalcaemia(load):
    one = body(load(CSV, labs="time_d,Ca_total_mmol_L,eGFR\n0,3.4,40\n90,3.4,40\n"))
    assert at(one, 60.0, R.filtration) * 6e7 == pytest.approx(40.0, rel=1e-6)


def test_measured_ph_and_bicarbonate_give_carbon_dioxide_to_all(load):
    plasma = BodyPlasma(load(CSV, labs="time_d,HCO3_mmol_L,pH\n0,15,7.2\n90,15,7.2\n"))
    plasma.advance(90 * DAY)
    expected = 15.0 / (0.0307 * 10.0 ** (7.2 - 6.1))
    row = plasma.rows(np.array([60 * DAY]))[0]
    assert row["carbon_dioxide_mmhg"] == pytest.approx(expected, rel=1e-3)
    assert at(plasma.body, 60.0, R.ph) == pytest.approx(7.2, abs=0.01)
    assert plasma.water(60 * DAY).pco2_atm * 760.0 == pytest.approx(expected, rel=0.1)


def test_ions_of_a_measured_total_are_those_that_the_sites_see(load):
    plasma = BodyPlasma(load(CSV, labs="time_d,Ca_total_mmol_L,albumin_g_L\n0,2.0,25\n90,2.0,25\n"))
    plasma.advance(90 * DAY)
    row = plasma.rows(np.array([60 * DAY]))[0]
    assert row["calcium_ionised_mmol_per_l"] == plasma.water(60 * DAY).calcium_ionised


def test_one_row_of_labs_holds_for_all_times(load):
    plasma = BodyPlasma(load(CSV, labs="time_d,Pi_mmol_L\n0,1.8\n"))
    plasma.advance(90 * DAY)
    assert [report[R.phosphate] for report in plasma.reports(np.array([0.0, 45 * DAY, 90 * DAY]))] == [1.8, 1.8, 1.8]


def test_filtration_by_key_and_by_measurement_is_one_too_many(load):
    with pytest.raises(door.ScenarioError, match="is in the measured values too"):
        load(CSV + 'glomerular_filtration = "60 mL/min"\n', labs="time_d,eGFR\n0,90\n")


def test_dialysis_on_other_weekdays_may_be_another(load):
    two = "".join(f'[[treatment]]\nkind = "haemodialysis"\nweekdays = {days}\n' for days in ('["Mon", "Wed"]', '["Fri"]'))
    assert len(body(load(HEAD + two)).sessions) == 6


def test_few_times_describe_years_of_a_steady_plasma(load):
    plasma = BodyPlasma(load(HEAD.replace("14 day", "10 year")))
    plasma.advance(10 * 365.25 * DAY)
    assert plasma.times().size < 10


def test_a_session_over_midnight_of_day_0_ends_when_it_should(load):
    text = HEAD + 'burn_in = "14 day"\n[[treatment]]\nkind = "haemodialysis"\nalready = true\nweekdays = ["Sun"]\nhour = "23 h"\n'
    one = body(load(text), DAY)
    assert [session.begin for session, _ in one.sessions if session.begin < 0.0] == [-7 * DAY - 3600.0, -3600.0]
    clearances = [(chunk.begin, chunk.parameters[P.dialysed_phosphate]) for chunk in one.chunks]
    assert next(begin for begin, clearance in clearances if clearance == 0.0) == 3 * 3600.0
    assert one.amount[F.phosphate_dialysed] < 0.0

"""Treatments by name: levers by dose, adherence, turns, what they do to the body, mistakes, and the page that lists them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scenario.document import GOOD

from calcisim import parameters, scenario, units
from calcisim.scenario import body_drugs, drugs
from calcisim.scenario.body import BodyEffect, BodyLevers, healthy, treated
from calcisim.scenario.body_treatments import BodyTreatment, OnBody
from calcisim.scenario.courses import Course, graded, staircase
from calcisim.scenario.treatments import FACTORS, GRADES, TREATMENTS, Levers, combined

DAY = 86400.0
ROOT = Path(__file__).resolve().parents[2]
BODY = GOOD.replace('calcium = "2.4 mmol/L"\nphosphate = "1.1 mmol/L"\n', 'driver = "model"\n')
MODEL = 'title = "body"\nkind = "plasma"\nduration = "60 day"\n[plasma]\ndriver = "model"\n[[output]]\nevery = "10 day"\n'
# What is usually given, and what of it must move by more than a fifth at ten times as much.
USUAL = {
    "anticoagulant": ("5 mg/day", ("mgp", "fibrin", "growth")),
    "colchicine": ("1 mg/day", ("inflammasome",)),
    "nsaid": ("1.2 g/day", ("prostaglandin",)),
    "diltiazem": ("240 mg/day", ("necrosis",)),
    "minocycline": ("100 mg/day", ("opening", "inflammasome")),
    "corticosteroid": ("20 mg/day", ("immune", "inflammasome", "opening", "gut_absorption", "bone_resorption")),
    "immunosuppressant": ("11 mg/day", ("immune",)),
    "etidronate": ("400 mg/day", ("nucleation_coverage", "growth_affinity", "bone_resorption")),
    "pyrophosphate": ("1 g/day", ("pyrophosphate",)),
    "sodium-thiosulfate": ("10 g/day", ("nucleation_coverage", "growth_affinity", "perfusion")),
    "probenecid": ("2 g/day", ("phosphate_reabsorption",)),
    "aluminium-hydroxide": ("3 g/day", ("phosphate_binder", "aluminium")),
    "phosphate-binder": ("5 g/day", ("phosphate_binder",)),
    "calcimimetic": ("60 mg/day", ("calcimimetic",)),
    "oestrogen": ("2 mg/day", ("bone_resorption",)),
    "calcitonin": ("20 ug/day", ("bone_resorption",)),
    "acetazolamide": ("500 mg/day", ("phosphate_reabsorption", "acid_production")),
    "magnesium": ("10 mmol/day", ("magnesium_intake",)),
}
OWN = {
    "low-phosphate-diet": {"phosphate_intake": "23 mmol/day"},
    "parathyroidectomy": {"remnant": 0.1},
    "stop-antacid": {},
    "stop-vitamin-d": {},
    "presoak": {"site": "a", "concentration": "10 mmol/L"},
    "local-inhibitor": {"site": "a", "concentration": "0.1 mmol/L"},
}
NAMED = [*USUAL, *OWN]


def given(kind, **keys):
    """A treatment of this kind, with the usual dose unless another is written."""
    own = {"dose": USUAL[kind][0]} if kind in USUAL else OWN[kind]
    return TREATMENTS[kind].model_validate({"kind": kind, **own, **keys})


def times(dose, factor):
    number, unit = units.split(dose)
    return f"{float(number) * factor!r} {unit}"


def moved(one, t=None):
    """Everything that it moves at time t [s], long after its start by default: levers of the site, and keys of a healthy body."""
    t = one.start + 3000.0 * DAY if t is None else t
    found = {name: value for name, value in one.levers(t)._asdict().items() if name not in ("drug", "concentration")}
    body = treated({}, [one.on_body(t)]) if isinstance(one, OnBody) else {}
    return {name: found.get(name, body.get(name, healthy(name) if name in BodyLevers.model_fields else None)) for name in one.moves}


def untreated(name):
    return getattr(Levers(), name, None) if name in Levers._fields else healthy(name)


# --- doses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", USUAL)
def test_levers_follow_the_dose_monotonically(kind):
    """From none, which changes nothing, to ten times the usual dose."""
    table = [moved(given(kind, dose=times(USUAL[kind][0], factor))) for factor in (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)]
    for name in TREATMENTS[kind].moves:
        values = np.array([row[name] for row in table])
        assert values[0] == pytest.approx(untreated(name)), name
        steps = np.diff(values)
        assert (steps > 0.0).all() or (steps < 0.0).all(), name


@pytest.mark.parametrize("kind", USUAL)
def test_ten_times_the_usual_dose_moves_what_it_should(kind):
    """By more than a fifth: of the untreated value, or of what healthy inhibitors cover together where it adds to them."""
    found = moved(given(kind, dose=times(USUAL[kind][0], 10.0)), DAY if kind == "calcitonin" else None)  # before bone escapes from it
    scale = {
        "nucleation_coverage": 1.0,
        "growth_affinity": 1.0,
        "pyrophosphate": 3e-3,
        "phosphate_binder": 1e-3 / DAY,
        "aluminium": 1e-3,
        "calcimimetic": 0.08,
    }
    for name in USUAL[kind][1]:
        assert abs(found[name] - untreated(name)) > 0.2 * (untreated(name) or scale[name]), name


def test_a_treatment_moves_only_what_its_class_says():
    for kind in NAMED:
        one = given(kind)
        levers = one.levers(1000.0 * DAY)._asdict()
        neutral = Levers()._asdict()
        changed = {name for name in levers if levers[name] != neutral[name]} - {"drug", "concentration"}
        effect = one.on_body(1000.0 * DAY) if isinstance(one, OnBody) else BodyEffect()
        assert changed | {*effect.settings, *effect.factors, *effect.added} == set(one.moves), kind


def test_sizes_that_the_model_is_built_on():
    assert given("colchicine").levers(0.0).inflammasome == pytest.approx(0.45, abs=0.01)
    low, full = (given("anticoagulant", dose=dose).levers(0.0) for dose in ("1 mg/day", "5 mg/day"))
    assert min(low.growth, low.mgp, low.fibrin) > 0.75
    assert full.mgp < 0.45 < 0.75 < full.growth
    etidronate = given("etidronate")
    assert etidronate.level() == pytest.approx(2.7e-4, rel=0.02)  # 0.3 umol/L
    into_a_vein = given("etidronate", dose="12 mg/day", route="intravenous")
    assert into_a_vein.level() == pytest.approx(etidronate.level())
    assert into_a_vein.on_body(0.0).factors["bone_resorption"] == pytest.approx(etidronate.on_body(0.0).factors["bone_resorption"])


def test_thiosulfate_binds_next_to_none_of_the_calcium():
    level = given("sodium-thiosulfate").level()
    assert level == pytest.approx(0.22, rel=0.05)
    assert 0.0 < drugs.thiosulfate_binding(level) < 0.005
    assert drugs.thiosulfate_binding(5.0) == pytest.approx(0.05, rel=0.1)


def test_pyrophosphate_adds_to_that_of_plasma():
    lever = given("pyrophosphate", dose=None, concentration="1 mmol/L", adherence=0.5).levers(0.0)
    assert lever == Levers(drug="pyrophosphate", concentration=1.0, pyrophosphate=0.5)
    assert combined((given("pyrophosphate", dose=None, concentration="1 mmol/L"),) * 2, 0.0, "a").pyrophosphate == 2.0


def test_a_bath_of_aluminium_acts_as_fitted():
    """Coverages of the three baths; the deposits that follow are 0.68, 0.07 and 0.002 of the control at day 60."""
    found = [given("presoak", concentration=f"{bath} mmol/L").levers(0.0) for bath in (1, 10, 100)]
    assert [lever.nucleation_coverage for lever in found] == pytest.approx([0.2917, 1.1667, 1.6667], rel=1e-3)
    assert all(lever.growth_affinity == 0.0 for lever in found)


def test_a_concentration_by_mass_is_of_the_drug_that_is_named():
    one = given("local-inhibitor", drug="thiosulfate", concentration="248.18 mg/L")
    assert one.concentration == pytest.approx(1.0)
    assert given("local-inhibitor", concentration="206.03 mg/L").concentration == pytest.approx(1.0)


# --- adherence and turns ----------------------------------------------------------------------------------------------


COURSES = [kind for kind in NAMED if issubclass(TREATMENTS[kind], Course)]


@pytest.mark.parametrize("kind", COURSES)
def test_adherence_lies_between_all_and_nothing(kind):
    full, half, none = (moved(given(kind, adherence=share)) for share in (1.0, 0.5, 0.0))
    for name in TREATMENTS[kind].moves:
        assert none[name] == pytest.approx(untreated(name)), name
        assert half[name] == pytest.approx(0.5 * (full[name] + none[name])), name


def test_turns_begin_and_end_at_their_edges():
    one = given("colchicine", start="1 day", stop="20 day", on="5 day", off="2 day")
    assert one.edges() == tuple(day * DAY for day in (1, 6, 8, 13, 15, 20))
    acting = [one.levers(time).inflammasome < 1.0 for time in one.edges()]
    assert acting == [True, False, True, False, True, False]
    assert one.levers(0.9 * DAY) == one.levers(7.9 * DAY) == Levers()


def test_turns_of_odd_lengths_hold_at_every_edge():
    one = given("nsaid", start="0.1 day", on="1.1 day", off="1.3 day", stop="3000 day")
    edges = one.edges()
    assert len(edges) == 2 * 1250
    assert [one.active(time) for time in edges] == [True, False] * 1250


def test_the_shortest_turns_for_ever_stay_countable():
    edges = given("nsaid", on="1 day", off="1 day").edges()
    assert 73_000 < len(edges) < 100_000
    assert edges[-1] <= units.parse("200 year", "time")


def test_a_slow_drug_comes_and_goes_in_steps():
    one = given("immunosuppressant", start="10 day", stop="400 day")
    edges = np.array(one.edges())
    assert (np.diff(edges) > 0.0).all()
    values = np.array([one.levers(time).immune for time in edges])
    last = int(np.argmin(values))
    assert (np.diff(values[: last + 1]) < 0.0).all()
    assert (np.diff(values[last:]) > 0.0).all()
    assert values[-1] == 1.0
    middles = 0.5 * (edges[1:] + edges[:-1])  # nothing changes between the edges
    assert [one.levers(time).immune for time in middles] == list(values[:-1])
    assert staircase(-1.0, 1.0) == 0.0
    assert one.levers(0.0) == Levers()


def test_calcitonin_escapes_and_a_pause_helps():
    one = given("calcitonin", start="2 day")
    first, later = (one.on_body(day * DAY).factors["bone_resorption"] for day in (3, 30))
    assert first == pytest.approx(0.8)
    assert later == pytest.approx(1.0 - 0.3 * 0.2)
    assert list(one.moments(100.0 * DAY)) == [2 * DAY, 16 * DAY]
    turns = given("calcitonin", on="20 day", off="10 day")
    assert turns.on_body(31 * DAY).factors["bone_resorption"] == pytest.approx(0.8)
    assert list(turns.moments(50.0 * DAY)) == [day * DAY for day in (0, 14, 20, 30, 44, 50)]
    assert given("calcitonin", already=True).on_body(0.0).factors["bone_resorption"] == pytest.approx(later)


# --- together ---------------------------------------------------------------------------------------------------------


def test_factors_of_several_drugs_multiply_and_names_join():
    two = (given("colchicine"), given("minocycline"), given("colchicine", site="b"))
    found = combined(two, 0.0, "a")
    assert found.inflammasome == pytest.approx(two[0].levers(0.0).inflammasome * two[1].levers(0.0).inflammasome)
    assert found.drug == "colchicine, minocycline"
    assert combined((), 0.0, "a") == Levers()
    assert len(FACTORS) == 12


def test_factors_multiply_and_amounts_add_up_on_the_later_value():
    """Of new values the later start wins; what is added comes on top of it."""
    plasma = {"phosphate_intake": 1.0, "bone_resorption": 2.0}
    effects = [
        BodyEffect(factors={"bone_resorption": 0.5}, added={"phosphate_intake": 0.1}),
        BodyEffect(settings={"phosphate_intake": (0.6, 1.0)}),
        BodyEffect(settings={"phosphate_intake": (0.4, 0.5)}, added={"phosphate_intake": 0.2}, factors={"bone_resorption": 0.8}),
    ]
    found = treated(plasma, effects)
    assert found == pytest.approx({"phosphate_intake": 0.5 * 0.4 + 0.5 * 0.6 + 0.3, "bone_resorption": 0.8})
    assert plasma == {"phosphate_intake": 1.0, "bone_resorption": 2.0}
    assert treated({}, [BodyEffect(factors={"phosphate_intake": 0.5})])["phosphate_intake"] == 0.5 * healthy("phosphate_intake")


def test_keys_that_are_left_out_are_healthy():
    row = parameters.values("body")
    assert healthy("glomerular_filtration") == row["healthy_filtration"]
    assert healthy("phosphate_reabsorption") == 1.0
    assert healthy("calcium_carbonate") == 0.0
    assert healthy("hydroxyvitamin_d") == row["healthy_hydroxyvitamin_d"]


KIDNEYS = 'driver = "model"\nglomerular_filtration = "15 mL/min"\n'


@pytest.mark.parametrize(
    ("lines", "sign"),
    [
        ('kind = "probenecid"\ndose = "2 g/day"', -1),
        ('kind = "acetazolamide"\ndose = "500 mg/day"', -1),
        ('kind = "low-phosphate-diet"\nphosphate_intake = "700 mg/day"', -1),
        ('kind = "aluminium-hydroxide"\ndose = "6 g/day"', -1),
        ('kind = "colchicine"\ndose = "1 mg/day"\nsite = "a"', 0),
        ('kind = "corticosteroid"\ndose = "40 mg/day"\nsite = "a"', 0),
    ],
)
def test_phosphate_of_the_plasma_answers(lines, sign, load):
    """In a person whose kidneys filter too little; a drug that is given at a site leaves the body alone."""
    from calcisim.physics.body_names import R
    from calcisim.simulation.body import Body

    got = load(BODY.replace('driver = "model"\n', KIDNEYS).replace("[[output]]", f"[[treatment]]\n{lines}\n[[output]]"))
    one, other = (Body(got.plasma, treatment, got.duration) for treatment in (got.treatment, ()))
    for body in (one, other):
        body.advance(got.duration)
    with_it, without = (float(body.look(np.array([got.duration]))[0][0, R.phosphate]) for body in (one, other))
    assert (with_it < 0.99 * without) if sign < 0 else with_it == without
    assert one.ledger().max() < 1e-9


def test_the_body_takes_drugs_in_their_turns_and_of_two_diets_the_later(load):
    from calcisim.physics.body_names import P
    from calcisim.simulation.body import Body

    diets = "".join(
        f'[[treatment]]\nkind = "{kind}"\nstart = "{start} day"\nphosphate_intake = "{amount} mmol/day"\n'
        for kind, start, amount in (("plasma", 5, 60), ("low-phosphate-diet", 2, 20))
    )
    steroid = '[[treatment]]\nkind = "corticosteroid"\ndose = "15 mg/day"\non = "3 day"\noff = "4 day"\n'
    got = load(BODY + diets + steroid)
    body = Body(got.plasma, got.treatment, got.duration)
    assert {day * DAY for day in (2, 3, 5, 7, 10)} <= set(body.moments)
    table = [body.parameters(day * DAY) for day in (1, 4, 6, 8)]
    assert [float(p[P.phosphate_intake]) * DAY for p in table] == pytest.approx([0.042, 0.020, 0.060, 0.060])
    assert [float(p[P.bone_resorption]) for p in table] == pytest.approx([1.3, 1.0, 1.0, 1.3])


# --- files ------------------------------------------------------------------------------------------------------------


def text_of(kind, more=""):
    """A scenario with this treatment; a computed plasma where it needs one."""
    own = {"dose": USUAL[kind][0]} if kind in USUAL else OWN[kind]
    lines = [f'kind = "{kind}"', *(f"{key} = {value!r}".replace("'", '"') for key, value in own.items())]
    base = BODY if issubclass(TREATMENTS[kind], BodyTreatment) else GOOD
    return base + "[[treatment]]\n" + "\n".join(lines) + "\n" + more


def messages(load, text, **options):
    with pytest.raises(scenario.ScenarioError) as caught:
        load(text, **options)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("kind", NAMED)
def test_a_scenario_with_it_loads_again_from_its_own_text(kind, load):
    turns = issubclass(TREATMENTS[kind], Course) and kind != "immunosuppressant"
    more = 'start = "1 day"\n' + ('stop = "9 day"\nadherence = 0.7\non = "2 day"\noff = "36 h"\n' if turns else "")
    found = load(text_of(kind, more))
    assert found.treatment[0].kind == kind
    assert load(scenario.dump(found)) == found
    short = scenario.until(found, 5.0 * DAY)  # the run of a shorter scenario goes on from its own text too
    assert load(scenario.dump(short)) == short


MISTAKES = {
    "negative dose": (
        text_of("colchicine").replace('"1 mg/day"', '"-1 mg/day"'),
        "treatment.0.dose: '-1 mg/day' is below the limit of 0 g/day",
    ),
    "no unit": (text_of("colchicine").replace('"1 mg/day"', "1"), "treatment.0.dose: 1 has no unit (write it with a unit in quotes"),
    "no dose": (text_of("colchicine").replace('dose = "1 mg/day"\n', ""), "treatment.0.dose: is missing"),
    "stop before start": (
        text_of("nsaid", 'start = "5 day"\nstop = "2 day"\n'),
        "treatment.0.stop: stop must be after start (leave stop out for a treatment that goes on)",
    ),
    "unknown kind": (
        text_of("colchicine").replace('"colchicine"', '"colchicin"'),
        "treatment.0.kind: there is no treatment 'colchicin' (did you mean 'colchicine'?)",
    ),
    "half a cycle": (text_of("nsaid", 'on = "5 day"\n'), "treatment.0.off: off is missing: on is one half of a cycle"),
    "the other half": (text_of("nsaid", 'off = "5 day"\n'), "treatment.0.on: on is missing: off is one half of a cycle"),
    "turns of hours": (
        text_of("nsaid", 'on = "8 h"\noff = "2 day"\n'),
        "treatment.0.on: '8 h' is below the limit of 1 day (a course is of days; give less at a time instead)",
    ),
    "turns of what lasts": (text_of("immunosuppressant", 'on = "8 day"\noff = "16 day"\n'), "treatment.0.on: its effect lasts longer"),
    "adherence in percent": (text_of("nsaid", "adherence = 80\n"), "treatment.0.adherence: 80 is above the limit of 1"),
    "neither dose nor level": (
        text_of("pyrophosphate").replace('dose = "1 g/day"\n', ""),
        "treatment.0.dose: exactly one of dose and concentration is needed, neither is given",
    ),
    "dose and level": (
        text_of("sodium-thiosulfate", 'concentration = "1 mmol/L"\n'),
        "treatment.0.dose: exactly one of dose and concentration is needed, both are given",
    ),
    "twice": (text_of("nsaid", '[[treatment]]\nkind = "nsaid"\nsite = "a"\ndose = "1 g/day"\n'), "overlaps treatment 0 of the same kind"),
    "a site of the body": (text_of("probenecid", 'site = "a"\n'), "treatment.0.site: this treatment acts on the whole body"),
    "an operation that stops": (text_of("parathyroidectomy", 'stop = "5 day"\n'), "treatment.0.stop: an operation has no stop"),
    "no body": (
        text_of("probenecid").replace('driver = "model"\n', 'calcium = "2.4 mmol/L"\nphosphate = "1.1 mmol/L"\n'),
        "treatment.0.kind: kind 'probenecid' acts on the body, and the plasma is constant",
    ),
    "no tissue": (
        MODEL + '[[treatment]]\nkind = "colchicine"\ndose = "1 mg/day"\n',
        "treatment.0.kind: kind 'colchicine' acts on tissue, and there is no site",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_one_clear_message(name, load):
    text, expected = MISTAKES[name]
    (found,) = messages(load, text)
    assert expected in found


def test_a_drug_of_both_is_welcome_where_the_plasma_is_constant(load):
    for kind in ("corticosteroid", "etidronate"):
        assert load(text_of(kind)).treatment[0].kind == kind


def test_tables_of_other_treatments_are_not_cited(load):
    from calcisim.scenario.citations import citations, tables

    found = load(text_of("minocycline"))
    assert [name for name in tables(found) if name.startswith("treatments.")] == ["treatments.minocycline"]
    assert "robertson2003" in citations(found)
    assert "bowyer1983" not in citations(found)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_every_kind_is_graded_and_on_the_page():
    spec = importlib.util.spec_from_file_location("page_of_treatments", ROOT / "docs" / "treatments.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (ROOT / "docs" / "treatments.md").read_text(encoding="utf-8")
    assert text == module.page(), "write it again: python docs/treatments.py"
    for kind, cls in TREATMENTS.items():
        assert cls.evidence.startswith(GRADES), kind
        assert set(cls.moves) <= {*Levers._fields, *BodyLevers.model_fields}, kind
        (line,) = [row for row in text.splitlines() if row.startswith(f"| `{kind}` |")]
        assert cls.evidence in line


def test_every_table_and_row_of_the_data_is_of_a_kind():
    """No number that nothing reads: factors are named as levers, the others are read by their class."""
    source = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (drugs, body_drugs))
    source += (ROOT / "src" / "calcisim" / "scenario" / "courses.py").read_text(encoding="utf-8")
    for kind, rows in parameters.tables("treatments").items():
        for name in rows:
            lever = name.removesuffix("_half_dose")
            assert lever in TREATMENTS[kind].moves or f'"{name}"' in source, f"{kind}.{name}"
    assert graded(0.0, -1.0, 0.0) == 1.0

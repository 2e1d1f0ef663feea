"""What caused it: Shapley values, rules of the label, what counts as plasma and as injury, and whole verdicts in the quick form."""

import json

import pytest
from typer.testing import CliRunner

from calcisim import scenario
from calcisim.cli import app
from calcisim.scenario import tissues
from calcisim.studies import causes, classify, labels, outputs
from calcisim.studies.labels import Mass, Shapley, Shares, Values

BALL = Mass(25.0, 0.9, 1, 100.0, True)


@pytest.mark.parametrize("values", [Values(1.0, 4.0, 3.0, 11.0), Values(0.0, 0.0, 2.0, 2.0), Values(3.0, 1.0, 9.0, 4.0)])
def test_parts_add_up_to_what_is_there(values):
    parts = labels.shapley(values)
    assert parts.baseline + parts.plasma + parts.injury == pytest.approx(values.both, rel=1e-15)


def test_parts_and_interaction_of_a_table_by_hand():
    assert labels.shapley(Values(neither=1.0, plasma=4.0, injury=3.0, both=11.0)) == Shapley(5.5, 4.5, 5.0, 1.0)
    assert labels.shapley(Values(1.0, 3.0, 4.0, 6.0)).interaction == 0.0  # each adds the same with and without the other


def test_what_holds_back_has_no_share_and_is_told():
    parts = labels.shapley(Values(neither=0.0, plasma=0.0, injury=10.0, both=4.0))  # a plasma that protects
    assert (parts.plasma, parts.injury) == (-3.0, 7.0)
    assert labels.shares(parts) == Shares(0.0, 1.0)
    assert labels.shares(Shapley(0.0, 0.0, 0.0, 0.0)) == Shares(0.0, 0.0)


@pytest.mark.parametrize(
    ("onset", "masses", "of", "expected"),
    [
        (None, [BALL], Shares(1.0, 0.0), "none"),
        (3.0, [], Shares(2 / 3, 1 / 3), "metastatic"),
        (3.0, [], Shares(0.66, 0.34), "mixed"),
        (3.0, [], Shares(1 / 3, 2 / 3), "dystrophic"),
        (3.0, [], Shares(0.35, 0.65), "mixed"),
        (3.0, [Mass(5.0, 1.0, 1, 1.0, True), BALL], Shares(1.0, 0.0), "tumoral"),
        (3.0, [BALL._replace(periarticular=False)], Shares(1.0, 0.0), "metastatic"),
        (3.0, [BALL._replace(diameter=19.9)], Shares(0.0, 1.0), "dystrophic"),
        (3.0, [BALL._replace(sphericity=0.49)], Shares(0.0, 1.0), "dystrophic"),
        (3.0, [BALL._replace(sphericity=0.49, lobules=2)], Shares(0.0, 1.0), "tumoral"),
        (3.0, [BALL._replace(sphericity=None, lobules=None)], Shares(0.5, 0.5), "mixed"),
    ],
)
def test_rules_of_the_label(onset, masses, of, expected):
    assert labels.label(onset, masses, of) == expected


def test_a_run_that_would_be_another_is_that_one():
    seen = {name: classify.Seen(amount, 1.0) for name, amount in {"both": 8.0, "plasma": 2.0, "injury": 3.0, "neither": 1.0}.items()}
    assert classify.filled(seen, False, False) == Values(1.0, 2.0, 3.0, 8.0)
    assert classify.filled(seen, True, False) == Values(2.0, 2.0, 8.0, 8.0)
    assert classify.filled(seen, False, True) == Values(3.0, 8.0, 3.0, 8.0)
    assert classify.filled(seen, True, True) == Values(8.0, 8.0, 8.0, 8.0)


# --- what is taken out ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "normal", "uninjured"),
    [
        ("healthy/organs", True, True),
        ("healthy/wound", True, False),
        ("metastatic/ckd4", False, True),
        ("metastatic/ckd-constant", False, True),
        ("metastatic/ckd5-dialysis", False, True),
        ("dystrophic/burn", True, False),
        ("dystrophic/subdermal-cusp", True, False),
        ("dystrophic/subdermal-cusp-adult", True, False),
        ("dystrophic/subdermal-cusp-half-phosphate", False, False),
        ("dystrophic/hydrogel", True, False),
        ("dystrophic/dermatomyositis", True, False),
        ("dystrophic/muscle-necrosis-resistant", True, False),
        ("dystrophic/muscle-necrosis", False, False),
        ("tumoral/normophosphataemic", True, True),
        ("tumoral/familial-excision-late", False, True),
    ],
)
def test_what_is_wrong_with_shipped_scenarios(name, normal, uninjured):
    loaded = scenario.load(name)
    assert (causes.plasma_is_normal(loaded), causes.is_uninjured(loaded)) == (normal, uninjured)


def test_normal_plasma_is_that_of_the_host():
    adult = causes.normal(scenario.load("dystrophic/subdermal-cusp", ("plasma.host=adult-rat",)).plasma)
    assert (adult.phosphate, adult.calcium, adult.calcium_ionised) == (1.2, 2.6, None)
    human = causes.normal(scenario.load("metastatic/ckd-constant").plasma)
    assert (human.phosphate, human.calcium, human.calcium_ionised) == (1.1, None, 1.22)
    healed = causes.in_normal_plasma(scenario.load("metastatic/ckd5-dialysis-thiosulfate"))
    assert [one.kind for one in healed.treatment] == ["sodium-thiosulfate"]  # it acts on tissue
    assert healed.plasma.given() == {}


def test_a_host_that_nobody_knows_is_refused_and_the_body_model_is_human():
    with pytest.raises(scenario.ScenarioError, match="did you mean 'adult-rat'"):
        scenario.load("dystrophic/subdermal-cusp", ("plasma.host=adult-rats",))
    with pytest.raises(scenario.ScenarioError, match="the body model is an adult human"):
        scenario.load("healthy/organs", ("plasma.host=mouse",))


def test_wear_is_no_injury_and_a_wound_is():
    events = {"tumoral/familial": 2, "tumoral/familial-excision-late": 3, "healthy/organs": 6, "healthy/wound": 0, "dystrophic/burn": 0}
    assert {name: len(causes.without_injury(scenario.load(name)).event) for name in events} == events
    usual = scenario.load("dystrophic/injury", ("event.0.kind=microtrauma",))  # of data/injuries.toml: it inflames
    assert causes.is_injury(usual.event[0])


def test_implants_become_what_they_were_put_into():
    cusp = causes.without_injury(scenario.load("dystrophic/subdermal-cusp")).site[0]
    index, kinds = tissues.paint(cusp)
    assert {kinds[number].name for number in set(index.ravel())} == {"subcutis"}
    assert causes.without_injury(scenario.load("dystrophic/bioprosthetic-leaflet")).site == ()
    assert causes.without_injury(scenario.load("dystrophic/dermatomyositis")).site[0].immune_inflammation == 0.0


def test_every_material_is_tissue_or_device():
    about = causes.DEVICES | causes.PERIARTICULAR
    assert about <= set(tissues.names())
    living = {name for name in tissues.names() if tissues.lookup(name).uptake_capacity > 0.0}
    assert not causes.DEVICES & living
    assert set(tissues.names()) - causes.DEVICES - living == {"fluid", "cartilage", "bursa-fluid"}


# --- whole verdicts -------------------------------------------------------------------------------------------------------


def document(name, *sets):
    return classify.classify(name, sets, quick=True)


def test_uraemic_plasma_on_worn_collagen_is_metastatic():
    found = document("metastatic/ckd-constant", "site.joint.grid.shape=[8, 8]", "site.joint.grid.spacing=0.8 mm")
    assert found["label"] == "metastatic"
    assert found["runs"] == 2
    assert found["shares"]["plasma"] > 0.9
    assert found["shapley"]["injury_mg"] == 0.0


def test_a_burn_in_health_is_dystrophic():
    found = document("dystrophic/burn")
    assert (found["label"], found["runs"], found["shapley"]["plasma_mg"]) == ("dystrophic", 2, 0.0)
    assert found["onset_day"] < 30.0


INJURED = (
    "event.0.kind=necrosis",
    "site.place.tissue=periarticular",
    "plasma.calcium_ionised=1.30 mmol/L",
    "plasma.phosphate=2.6 mmol/L",
    "site.place.override.exposed_fraction=0.01",
    "site.place.override.substrate_state=0.7",
    "duration=0.5 year",
)


def test_both_are_mixed_and_the_runs_add_up():
    found = document("dystrophic/injury", *INJURED)
    values, parts = found["values_mg"], found["shapley"]
    assert found["runs"] == 4
    assert found["label"] == "mixed"
    assert parts["baseline_mg"] + parts["plasma_mg"] + parts["injury_mg"] == pytest.approx(values["both"], rel=1e-12)
    assert parts["interaction_mg"] == values["both"] - values["plasma"] - values["injury"] + values["neither"]


def test_names_change_nothing(tmp_path):
    """Of file and title nothing depends at all; the name of a site chooses its random numbers, so that its amounts may differ a little."""
    text = scenario.dump(scenario.load("dystrophic/injury", ("event.0.kind=burn", "duration=60 day")))
    told = text.replace("One injury of one tissue", "Metastatic tumoral calcinosis")
    found = []
    for name, written in {"a": text, "tumoral": told, "uraemic": told.replace('"place"', '"mass-at-the-hip"')}.items():
        path = tmp_path / f"{name}.toml"
        path.write_text(written, encoding="utf-8")
        found.append({key: value for key, value in classify.classify(path).items() if key not in ("scenario", "wall_s")})
    assert found[0] == found[1]
    assert found[0]["label"] == found[2]["label"] == "dystrophic"
    assert found[0]["shares"] == found[2]["shares"]


@pytest.mark.parametrize("name", ["healthy/plasma", "invitro/villa-bellosta-2x2"])
def test_what_is_no_tissue_has_no_label(name):
    found = document(name)
    assert (found["label"], found["runs"]) == ("none", 0)
    assert "tissue" in found["reason"]


def test_the_command_prints_lines_and_a_document():
    asked = ["classify", "dystrophic/injury", "--quick", "--quiet", "--set", "event.0.kind=burn"]
    text, document = (CliRunner().invoke(app, [*asked, *more]) for more in ([], ["--json"]))
    assert text.exit_code == document.exit_code == 0
    found = json.loads(document.stdout)
    assert found["label"] == text.stdout.partition(":")[0] == "dystrophic"
    assert found["quick"] is True


# --- what scenarios expect ------------------------------------------------------------------------------------------------


def test_a_label_that_there_is_not_is_told():
    with pytest.raises(scenario.ScenarioError, match=r"there is no label.*did you mean 'dystrophic'"):
        outputs.load("dystrophic/burn", ("expect.label=dystrofic",))
    assert outputs.load("dystrophic/burn", ("expect.label=mixed",)).expect["label"] == "mixed"

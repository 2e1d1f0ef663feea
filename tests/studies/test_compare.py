"""Comparisons: arms as they are written, common random numbers, what happened to whom, tables that a stop does not change."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest

from calcisim import parameters, scenario
from calcisim.errors import RunLocked, StorageError, UsageError
from calcisim.results import directory
from calcisim.scenario.cohort import shipped
from calcisim.scenario.errors import ScenarioError
from calcisim.studies import compare, comparison, outcomes, replicate
from calcisim.studies.comparison import Arm, read_arms

JOINT = "metastatic/joint-exposed"
WORDS = ("untreated", 'high=plasma.phosphate="2.6 mmol/L"', 'drug=treatment+={kind="colchicine", dose="1 mg/day"}')
DIALYSIS = "metastatic/ckd5-dialysis"


def small(words=WORDS, replicates=2, people="adults", **more):
    return comparison.study(JOINT, words, replicates, people=people, quick=True, **more)


# --- arms ---------------------------------------------------------------------------------------------------------------


def test_arms_are_changes_variants_and_other_scenarios():
    words = (
        "untreated",
        "excision-early",
        "low=plasma.phosphate_intake=20 mmol/day",
        "low=plasma.calcium_intake=10 mmol/day",
        "ckd=metastatic/ckd5",
    )
    found = read_arms(DIALYSIS, words, ("seed=4",))
    assert found[0] == Arm("untreated", DIALYSIS, ("seed=4",))
    assert found[1] == Arm("excision-early", "metastatic/ckd5-dialysis-excision-early", ("seed=4",))
    assert found[2].sets == ("seed=4", "plasma.phosphate_intake=20 mmol/day", "plasma.calcium_intake=10 mmol/day")
    assert found[3] == Arm("ckd", "metastatic/ckd5", ("seed=4",))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("untreated",), "two arms at least"),
        (("untreated", "excision-erly"), "excision-early"),
        (("untreated", "a=metastatic/ckd55"), "metastatic/ckd5"),
        (("untreated", "=x"), "a name of letters"),
        (("untreated", "untreated"), "there twice"),
        (("untreated", "a=seed=2", "a=metastatic/ckd5"), "first and once"),
    ],
)
def test_a_mistyped_arm_says_what_was_meant(words, said):
    with pytest.raises(UsageError, match=said):
        read_arms(DIALYSIS, words)


@pytest.mark.parametrize(
    ("name", "word", "said"),
    [
        (
            "metastatic/ckd-constant",
            "fine=site.joint.grid.shape=[32,32]",
            r"changes the grid of site joint .32×32 of 0.1×0.1 mm instead of 64×64",
        ),
        (JOINT, 'short=duration="20 day"', "give all of them one: --days"),
        (JOINT, "draw=seed=7", "share random numbers"),
        (DIALYSIS, "other=metastatic/joint-exposed", r"other sites|lasts"),
        (JOINT, "a=plasma.phosphat=2 mmol/L", "phosphate"),
        (JOINT, "a=plasma+={phosphate=2}", "no list"),
    ],
)
def test_arms_that_cannot_be_compared_are_refused(name, word, said):
    with pytest.raises((UsageError, ScenarioError), match=said):
        comparison.study(name, ("untreated", word), 2)


def test_numbers_and_cohorts_that_cannot_be():
    for more in ({"replicates": 0}, {"replicates": 10_001}, {"scale": 9.0}, {"people": "adluts"}):
        with pytest.raises(UsageError, match=r"must be|adults"):
            small(**more)
    with pytest.raises(UsageError, match="body without tissue"):
        comparison.study("healthy/plasma", ("untreated", "a=plasma.phosphate_intake=20 mmol/day"), 2)
    with pytest.raises(UsageError, match="varies nothing"):
        comparison.study("invitro/t50", ("control", "a=medium.phosphate=2 mmol/L"), 2, people="tumoral")


def test_a_cohort_file_with_an_unknown_key_is_one_message(tmp_path):
    path = tmp_path / "people.toml"
    path.write_text('[vary."plasma.phosphate"]\ndistribution = "lognormal"\nspred = 0.2\nsource = "assumption"\nquality = "assumed"\n')
    with pytest.raises(UsageError, match=r"people\.toml.*spred.*unknown key.*spread"):
        small(people=str(path))
    path.write_text('[vary."plasma.phosphat"]\ndistribution = "lognormal"\nspread = 0.2\nsource = "assumption"\nquality = "assumed"\n')
    with pytest.raises(UsageError, match=r"plasma has no key 'phosphat'.*phosphate"):
        small(people=str(path))
    path.write_text('[vary."plasma.phosphate"]\ndistribution = "lognormal"\nspread = 0.2\nsource = "assumption"\nquality = "assumed"\n')
    assert small(people=str(path)).member(Arm("a", JOINT), 3).factors.keys() == {"plasma.phosphate"}


# --- members ------------------------------------------------------------------------------------------------------------


def test_all_arms_of_a_replicate_share_factors_and_seed():
    study = small()
    members = [study.member(arm, 2) for arm in study.arms]
    assert members[0].factors == members[1].factors == members[2].factors
    phosphate = [study.load(arm, member.sets).plasma.phosphate for arm, member in zip(study.arms, members, strict=True)]
    assert phosphate[1] / phosphate[0] == pytest.approx(2.6 / 1.1)
    assert study.member(study.arms[0], 1).factors != members[0].factors
    assert study.seed_of(1) == 1
    seeds = [{small(seed=seed).seed_of(number) for number in range(1, 101)} for seed in (1, 2)]
    assert seeds[0].isdisjoint(seeds[1])


def test_what_changes_nothing_gives_the_twin_to_the_bit():
    study = small()
    found = [replicate.follow(study, [study.arms[number]], 1) for number in (0, 2)]
    assert found[0]["untreated"] == found[1]["drug"]  # colchicine has no lever in tissue that does not inflame


@pytest.mark.parametrize(
    ("name", "words", "people"),
    [
        (
            DIALYSIS,
            (
                "untreated",
                'a=treatment+={kind="phosphate-binder", dose="6 g/day", start="8 day"}',
                "b=treatment+={kind='sodium-thiosulfate',dose='25 g/day',start='7 day'}",
            ),
            "dialysis",
        ),
        (
            "tumoral/familial",
            (
                "untreated",
                'a=treatment+={kind="phosphate-binder", dose="6 g/day", start="3.2 day"}',
                "b=plasma.phosphate_intake=20 mmol/day",
            ),
            "tumoral",
        ),
        (
            "metastatic/ckd-constant",
            (
                "untreated",
                'a=event+={kind="excise", site="joint", at="10 day", region="mass"}',
                "b=plasma.phosphate=1.8 mmol/L",
                'c=treatment+={kind="etidronate", dose="400 mg/day", start="8 day"}',
            ),
            "adults",
        ),
    ],
)
def test_a_past_that_is_shared_changes_nothing(name, words, people):
    often = ("output=[{every='1 day'}]",) if name.startswith("tumoral") else ()
    study = comparison.study(name, words, 1, often, people=people, quick=True)
    together = replicate.groups(study)
    assert max(len(arms) for arms in together) >= 2
    assert [arm for arms in together for arm in arms if arm.name == "b"] == [study.arms[2]]
    found = {label: told for arms in together for label, told in replicate.follow(study, arms, 1).items()}
    assert found == {arm.name: replicate.follow(study, [arm], 1)[arm.name] for arm in study.arms}
    assert all(found[label]["final"] != found["untreated"]["final"] for label in found if label != "untreated")


def test_means_of_a_plasma_look_ahead_so_no_past_is_shared():
    words = ("untreated", 'a=treatment+={kind="phosphate-binder", dose="6 g/day", start="8.5 day"}')
    study = comparison.study(DIALYSIS, words, 1, ('plasma.average="14 day"',), quick=True)
    assert [len(arms) for arms in replicate.groups(study)] == [1, 1]


def test_a_second_cut_counts_by_itself():
    days = [0.0, 10.0, 20.0, 30.0, 40.0]
    cut, held = [0.0, 10.0, 10.0, 12.0, 12.0], [10.0, 0.0, 2.0, 0.0, 1.1]
    assert outcomes.recurrence_day(days, course(held, cut)) == 40.0


def test_arms_that_part_at_once_share_no_past():
    assert [len(arms) for arms in replicate.groups(small())] == [1, 1, 1]
    study = comparison.study(DIALYSIS, ("untreated", "excision-early", "excision-late"), 1)
    found = [[arm.name for arm in arms] for arms in replicate.groups(study)]
    assert found == [["untreated"], ["excision-early", "excision-late"]]  # the joint that is operated on is living tissue


def test_new_sites_count_from_the_first_thing_that_not_all_arms_do():
    names = (DIALYSIS, "metastatic/ckd5-dialysis-excision-early")
    loaded = [scenario.load(name) for name in names]
    at = min(event.at for event in loaded[1].event if event.kind == "excise") / 86400.0
    assert replicate.changes_begin(loaded) == at
    assert replicate.changes_begin([loaded[0], loaded[0]]) == 0.0


# --- outcomes on made-up courses ----------------------------------------------------------------------------------------


def course(held, cut):
    return {"a.deposit_calcium_mg": held, "a.excised_calcium_mg": cut}


def test_a_site_recurs_when_half_of_what_was_cut_is_there_again():
    days = [0.0, 10.0, 20.0, 30.0, 40.0]
    assert outcomes.recurrence_day(days, course([4.0, 8.0, 1.0, 3.0, 4.6], [0.0, 0.0, 7.0, 7.0, 7.0])) == 40.0
    assert outcomes.recurrence_day(days, course([4.0, 8.0, 1.0, 3.0, 4.4], [0.0, 0.0, 7.0, 7.0, 7.0])) == math.inf
    assert outcomes.recurrence_day(days, course([4.0, 8.0, 9.0, 9.0, 9.0], [0.0] * 5)) is None


def made_up(deposit, onset=None):
    values = [0.0, deposit]
    final = {"deposit_calcium_mg": deposit, "inflammation_mean": 0.2, "onset_day": None}
    return {
        "final": final,
        "days": [0.0, 10.0],
        "onset": onset or {},
        "course": {"inflammation_mean": [0.0, 0.2], **course(values, [0.0, 0.0])},
    }


def test_response_is_a_quarter_less_than_the_twin():
    twin = made_up(4.0)
    assert outcomes.outcome(made_up(3.0), twin, 0.0)["responded"] == 1
    assert outcomes.outcome(made_up(3.01), twin, 0.0)["responded"] == 0
    assert outcomes.outcome(made_up(3.0), made_up(0.0), 0.0)["change_from_reference"] is None
    alone = outcomes.outcome(made_up(3.0, {"a": 3.0, "b": 7.0, "c": None}), None, 5.0)
    assert (alone["responded"], alone["recurred"], alone["new_sites"]) == (None, None, 1)
    assert alone["inflammation_over_time"] == pytest.approx(0.1)


# --- whole comparisons --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    place = tmp_path_factory.mktemp("compare") / "a"
    return compare.compare(small(), place, workers=2)


def test_a_comparison_has_a_row_per_arm_and_replicate_and_intervals(finished):
    rows = list(csv.DictReader((finished.directory / "comparison.csv").read_text().splitlines()))
    assert [(row["arm"], row["replicate"]) for row in rows] == [
        (arm, str(number)) for number in (1, 2) for arm in ("untreated", "high", "drug")
    ]
    assert {row["status"] for row in rows} == {"finished"}
    assert all(float(row["change_from_reference"]) > 0.0 for row in rows if row["arm"] == "high")
    high = finished.summary["arms"]["high"]["outcomes"]
    assert high["responded"]["share"] == 0.0
    assert high["deposit_calcium_mg"]["low"] < high["deposit_calcium_mg"]["mean"] < high["deposit_calcium_mg"]["high"]
    assert (finished.directory / "figures" / "comparison.png").stat().st_size > 20_000


def test_what_is_there_is_not_run_again_and_more_replicates_only_add(finished, monkeypatch):
    table = (finished.directory / "comparison.csv").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(compare.executor, "each", lambda *arguments: pytest.fail("nothing is left to run"))
        assert compare.compare(small(), finished.directory).summary == json.loads((finished.directory / "summary.json").read_text())
    assert (finished.directory / "comparison.csv").read_bytes() == table
    with pytest.raises(UsageError, match="differs in arms"):
        compare.compare(small(words=WORDS[:2]), finished.directory)
    with pytest.raises(UsageError, match="differs in spread"):
        compare.compare(small(scale=2.0), finished.directory)
    more = compare.compare(small(replicates=3), finished.directory, workers=1)
    assert (more.directory / "comparison.csv").read_bytes().startswith(table)
    with pytest.raises(UsageError, match="holds 3 replicates already"):
        compare.compare(small(), finished.directory)


def test_a_directory_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds no comparison"):
        compare.compare(small(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_directory_is_locked_before_it_is_said_what_it_holds(tmp_path):
    """Also where a kill left a file that was being written."""
    (tmp_path / "comparison.json.writing").write_text("{")
    held = directory.lock(tmp_path)
    try:
        with pytest.raises(RunLocked):
            compare.compare(small(), tmp_path)
        assert not (tmp_path / "comparison.json").exists()
    finally:
        held.release()


def test_what_the_machine_broke_is_listed_and_tried_again(tmp_path, monkeypatch):
    real = compare.executor.each

    def each(function, tasks, count, stop):
        for number, (key, arguments) in enumerate(tasks.items()):
            killed = compare.executor.Done(key, None, compare.executor.KILLED, again=True)
            yield killed if number == 0 else compare.executor.Done(key, function(*arguments))

    monkeypatch.setattr(compare.executor, "each", each)
    first = compare.compare(small(), tmp_path / "e")
    assert first.summary["arms"]["untreated"]["failed"] == [{"replicate": 1, "error": compare.executor.KILLED}]
    monkeypatch.setattr(compare.executor, "each", real)
    assert compare.compare(small(), tmp_path / "e", workers=1).summary["arms"]["untreated"]["failed"] == []


def test_a_damaged_member_is_named(tmp_path):
    path = tmp_path / "0001.json"
    path.write_text("{}")
    with pytest.raises(StorageError, match=r"0001\.json.*Delete it"):
        compare._member(path)


def test_a_failed_run_stays_listed_and_its_twins_have_no_change(tmp_path, monkeypatch):
    def each(function, tasks, count, stop):
        for key, arguments in tasks.items():
            if key == (2, ("untreated",)):
                yield compare.executor.Done(key, None, "day 3: no way on")
            else:
                yield compare.executor.Done(key, function(*arguments))

    monkeypatch.setattr(compare.executor, "each", each)
    done = compare.compare(small(), tmp_path / "b")
    assert done.summary["arms"]["untreated"]["failed"] == [{"replicate": 2, "error": "day 3: no way on"}]
    assert done.summary["arms"]["high"]["outcomes"]["change_from_reference"]["n"] == 1
    rows = list(csv.DictReader((done.directory / "comparison.csv").read_text().splitlines()))
    assert [row["error"] for row in rows if row["status"] == "failed"] == ["day 3: no way on"]


@pytest.mark.push
def test_killed_twice_and_resumed_it_is_the_same_table(finished, tmp_path):
    words = [sys.executable, "-m", "calcisim.cli", "compare", JOINT, "--quick", "--replicates", "2", "--cohort", "adults", "--workers", "2"]
    words += [part for word in WORDS for part in ("--arm", word)] + ["--out", str(tmp_path / "c")]
    for count in (1, 3):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while len(list((tmp_path / "c").glob("members/*/*.json"))) < count:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    subprocess.run(words, check=True, capture_output=True)
    again = comparison_bytes(tmp_path / "c")
    fresh = compare.compare(small(), tmp_path / "d", workers=1)
    assert again == comparison_bytes(fresh.directory)


def comparison_bytes(place):
    return [(place / name).read_bytes() for name in ("comparison.csv", "summary.json")]


def test_the_shipped_cohorts_fit_the_scenarios_they_are_for():
    pairs = {
        "adults": "healthy/organs",
        "kidney-failure": "metastatic/ckd5",
        "dialysis": DIALYSIS,
        "sclerosis": "dystrophic/systemic-sclerosis",
        "dermatomyositis": "dystrophic/dermatomyositis",
        "young-rats": "dystrophic/subdermal-cusp",
        "uraemic-rats": "metastatic/aorta-adenine",
        "tumoral": "tumoral/familial",
    }
    assert set(pairs) == set(shipped())
    for people, name in pairs.items():
        loaded = scenario.load(name)
        member = comparison.cohort.draw(loaded, shipped()[people], 1, 1)
        own = {path for path, row in parameters.document("cohorts")[people].items() if isinstance(row, dict)}
        computed = {f"plasma.{key}" for key in loaded.plasma.computed}
        assert own - computed <= set(member.factors), people
        assert scenario.load(name, member.sets) != loaded

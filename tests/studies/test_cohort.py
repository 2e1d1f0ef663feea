"""Cohorts: every factor by its own counter, spreads that can be halved and doubled, and rows that are refused."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from calcisim import scenario
from calcisim.errors import UsageError
from calcisim.scenario.cohort import Cohort, Vary, shipped
from calcisim.scenario.errors import ScenarioError
from calcisim.studies import cohort, free

JOINT = "metastatic/joint-exposed"
ROOT = Path(__file__).resolve().parents[2]
ROW = {"source": "assumption", "quality": "assumed"}
LOGNORMAL = Vary(distribution="lognormal", spread=0.3, median=0.8, **ROW)
NORMAL = Vary(distribution="normal", spread=0.1, **ROW)
UNIFORM = Vary(distribution="uniform", low=0.5, high=1.5, **ROW)


def sample(row, scale=1.0, count=4000):
    return np.array([cohort.factor(row, cohort.uniform(1, "a", number), scale) for number in range(1, count + 1)])


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_factors_have_the_spread_that_is_asked_for(scale):
    logs = np.log(sample(LOGNORMAL, scale))
    assert np.mean(logs) == pytest.approx(math.log(0.8), abs=0.02 * scale)
    assert np.std(logs) == pytest.approx(0.3 * scale, rel=0.05)
    assert np.std(sample(NORMAL, scale)) == pytest.approx(0.1 * scale, rel=0.05)
    flat = sample(UNIFORM, scale)
    assert flat.min() >= max(1.0 - 0.5 * scale, 0.0)
    assert flat.max() <= 1.0 + 0.5 * scale
    if scale <= 1.0:
        assert np.std(flat) == pytest.approx(scale / math.sqrt(12.0), rel=0.05)


def test_nobody_is_beyond_three_spreads_and_without_spread_all_are_the_median():
    assert np.abs(np.log(sample(LOGNORMAL) / 0.8)).max() <= 0.9
    assert set(sample(LOGNORMAL, 0.0, 20)) == {0.8}
    assert cohort.factor(LOGNORMAL, 1.0 - 1e-16) < 0.8 * math.exp(0.91)


def test_a_new_row_changes_no_other_and_seed_and_number_do():
    loaded = scenario.load(JOINT)
    rows = {"plasma.phosphate": LOGNORMAL}
    alone = cohort.draw(loaded, rows, 1, 5).factors["plasma.phosphate"]
    assert cohort.draw(loaded, {"plasma.fetuin": NORMAL, **rows}, 1, 5).factors["plasma.phosphate"] == alone
    others = {cohort.draw(loaded, rows, seed, number).factors["plasma.phosphate"] for seed, number in ((1, 6), (2, 5))}
    assert alone not in others
    assert len(others) == 2


def test_a_member_is_its_scenario_with_the_factors():
    loaded = scenario.load(JOINT)
    member = cohort.draw(loaded, {"plasma.phosphate": LOGNORMAL, "event.*.fraction": NORMAL, "tissue.*.perfusion": UNIFORM}, 1, 2)
    own = scenario.load(JOINT, member.sets)
    assert own.plasma.phosphate / loaded.plasma.phosphate == pytest.approx(member.factors["plasma.phosphate"])
    assert own.event[0].fraction / loaded.event[0].fraction == pytest.approx(member.factors["event.*.fraction"])
    ratio = own.site[0].background().perfusion / loaded.site[0].background().perfusion
    assert ratio == pytest.approx(member.factors["tissue.*.perfusion"])


def test_shares_end_at_one():
    loaded = scenario.load(JOINT, ("event.0.fraction=0.9",))
    wide = Vary(distribution="lognormal", spread=2.0, **ROW)
    found = [cohort.draw(loaded, {"event.*.fraction": wide}, 1, number) for number in range(1, 30)]
    assert max(one.factors["event.*.fraction"] for one in found) > 1.2
    assert max(scenario.load(JOINT, one.sets).event[0].fraction for one in found) == 1.0


@pytest.mark.parametrize(
    ("name", "path", "count"),
    [
        ("metastatic/ckd5", "plasma.phosphate", 0),  # computed
        ("metastatic/ckd5", "plasma.parathyroid_mass", 1),  # healthy where it is left out
        (JOINT, "plasma.phosphate_intake", 0),  # of no use to a written plasma
        (JOINT, "treatment.*.dose", 0),
        ("healthy/organs", "event.*.fraction", 6),
        (JOINT, "site.*.giant_cells", 0),  # a factor of nothing
    ],
)
def test_paths_stand_for_what_a_scenario_has(name, path, count):
    assert len(cohort.places(scenario.load(name), path)) == count


@pytest.mark.parametrize(
    "path", ["plasma.phosphat", "event.*.fractoin", "tissue.*.perfusoin", "sites.*.x", "plasma.*.x", "title", "nothing"]
)
def test_a_path_that_leads_nowhere_is_refused(path):
    with pytest.raises(UsageError, match=path.rpartition(".")[2].replace("*", r"\*")):
        cohort.places(scenario.load(JOINT), path)


@pytest.mark.parametrize("path", ["duration", "seed", "output.0.every", "site.joint.grid.depth", "quick.duration"])
def test_what_all_members_share_cannot_vary(path):
    with pytest.raises(UsageError, match="cannot vary between members"):
        cohort.places(scenario.load(JOINT), path)


def test_every_place_of_a_tissue_keeps_its_own_value():
    sets = ("site.skin.tissue=joint-capsule", "site.skin.override.perfusion=1.39e-4 1/s", "site.joint.override.perfusion=2.6e-4 1/s")
    loaded = scenario.load("healthy/organs", sets)
    same = Vary(distribution="lognormal", spread=0.0, **ROW)
    member = cohort.draw(loaded, {"tissue.*.perfusion": same}, 1, 1)
    own = scenario.load("healthy/organs", (*sets, *member.sets))
    flows = {site.name: site.background().perfusion for site in loaded.site}
    assert {site.name: site.background().perfusion for site in own.site} == pytest.approx(flows)
    with pytest.raises(UsageError, match="in different places"):
        free.find(loaded, "tissue.joint-capsule.perfusion")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"distribution": "lognormal", "spread": 0.2, "source": "assumption"}, "quality.*missing"),
        ({"distribution": "lognormal", **ROW}, "has a spread"),
        ({"distribution": "uniform", "spread": 0.2, **ROW}, "has low and high"),
        ({"distribution": "uniform", "low": 2, "high": 1, **ROW}, "low below high"),
        ({"distribution": "normal", "spread": 0.5, **ROW}, "reach zero"),
        ({"distribution": "lognormal", "spread": 0.2, "source": "haramati1998", "quality": "assumed"}, "haramati1998.*haramati1988"),
        ({"distribution": "lognormal", "spraed": 0.2, **ROW}, "unknown key"),
        ({"distribution": "lognorml", "spread": 0.2, **ROW}, "distribution"),
    ],
)
def test_a_row_that_says_too_little_or_too_much_is_refused(row, said):
    cells = ", ".join(f"{key}={value!r}" for key, value in row.items())
    with pytest.raises(ScenarioError, match=rf"plasma\.phosphate.*{said}"):
        scenario.load(JOINT, (f"cohort.vary={{'plasma.phosphate'={{{cells}}}}}",))


def test_a_cohort_of_a_scenario_is_a_shipped_one_with_rows_of_its_own():
    own = "cohort={people='adults', vary={'plasma.fetuin'={distribution='normal', spread=0.1, source='assumption', quality='assumed'}}}"
    loaded = scenario.load(JOINT, (own,))
    rows = loaded.cohort.rows()
    assert rows["plasma.fetuin"].spread == 0.1
    assert rows["plasma.phosphate"] == shipped()["adults"]["plasma.phosphate"]
    assert scenario.load(JOINT).cohort == Cohort()
    with pytest.raises(ScenarioError, match=r"adluts.*adults"):
        scenario.load(JOINT, ("cohort.people='adluts'",))


def test_a_path_without_quotes_says_so():
    with pytest.raises(ScenarioError, match=r"needs quotes.*plasma\.phosphate"):
        scenario.load(JOINT, ("cohort.vary={plasma={phosphate={distribution='lognormal'}}}",))


def test_a_cohort_survives_being_written_down(tmp_path):
    loaded = scenario.load(
        JOINT,
        ("cohort.people='adults'", "cohort.vary={'plasma.ph'={distribution='normal',spread=0.01,source='assumption',quality='assumed'}}"),
    )
    path = tmp_path / "own.toml"
    path.write_text(scenario.dump(loaded))
    assert scenario.load(path) == loaded


def test_every_spread_has_a_source_that_is_known():
    from calcisim import sources

    known = {"assumption", *sources.references()}
    rows = {(name, path): row for name, table in shipped().items() for path, row in table.items()}
    assert {row.source for row in rows.values()} <= known
    assert [key for key, row in rows.items() if row.quality == "measured" and row.source == "assumption"] == []


def test_the_page_of_cohorts_is_the_data():
    spec = importlib.util.spec_from_file_location("cohort_page", ROOT / "docs" / "cohorts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "cohorts.md").read_text(encoding="utf-8") == module.page(), "write it again: python docs/cohorts.py"


def test_the_example_of_the_page_is_a_cohort(tmp_path):
    page = (ROOT / "docs" / "cohorts.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    path = tmp_path / "example.toml"
    path.write_text(f'extends = "{JOINT}"\n' + example)
    assert scenario.load(path).cohort.rows()["plasma.fetuin"].spread == 0.3
    alone = tmp_path / "people.toml"
    alone.write_text(example.replace("[cohort]\n", "").replace("cohort.vary", "vary"))
    assert cohort.read(alone).rows()["plasma.fetuin"].spread == 0.3

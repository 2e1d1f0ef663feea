"""Every shipped plasma: it runs in its short form, its books close, nothing is negative, and it gives the same bytes again."""

import json

import numpy as np
import pytest

from calcisim import scenario
from calcisim.errors import UsageError
from calcisim.results import plots, summary, timeseries
from calcisim.simulation.plasma import BodyPlasma
from calcisim.studies import execute, plasma
from calcisim.studies.progress import Reporter

NAMES = [name for name in scenario.names() if (fluid := scenario.load(name).plasma) is not None and fluid.driver == "model"]
MEASURES = {
    "calcium_total_mmol_per_l", "calcium_ionised_mmol_per_l", "phosphate_mmol_per_l", "magnesium_mmol_per_l", "bicarbonate_mmol_per_l",
    "ph", "pth_pg_per_ml", "calcitriol_pmol_per_l", "fgf23_pg_per_ml", "gfr_ml_per_min", "colloid",
}  # fmt: skip
SIGNED = {"bone_calcium_balance_mmol_per_d", "saturation_index_hap", "saturation_index_ocp", "saturation_index_acp"}


def silent(text):
    """What is said to nobody."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Directory of the short run of the body alone, run once; its tissues are those of test_every_config.py."""
    done = {}

    def get(name):
        if name not in done:
            place = tmp_path_factory.mktemp("bodies") / name.replace("/", "-")
            done[name] = plasma.start(plasma.Request(name, quick=True, out=place), silent).directory
        return done[name]

    return get


def test_all_of_the_bodies_are_there():
    metastatic = (
        "ckd3", "ckd4", "ckd5", "ckd5-dialysis", "hyperparathyroidism", "milk-alkali", "hypervitaminosis-d", "granulomatous", "malignancy",
        "hypoparathyroidism", "phosphate-load", "magnesium-lack", "magnesium-excess", "aluminium",
    )  # fmt: skip
    tumoral = ("familial", "normophosphataemic", "uraemic", "uraemic-transplant")
    folders = {"healthy": ("plasma", "organs"), "metastatic": metastatic, "tumoral": tumoral}
    assert {f"{folder}/{name}" for folder, names in folders.items() for name in names} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_its_books_close(runs, name):
    document = summary.read(runs(name))
    assert set(document) >= MEASURES
    assert all(np.isfinite(document[key]) for key in MEASURES)
    for element in ("calcium", "phosphorus", "magnesium"):
        assert document[f"ledger_plasma_{element}_relative"] <= 1e-12
    assert (runs(name) / "figures" / "plasma.png").stat().st_size > 50_000


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_negative_or_not_a_number(runs, name):
    for column, values in timeseries.read(runs(name)).items():
        assert np.isfinite(values).all(), column
        assert column in SIGNED or (values >= 0.0).all(), column


@pytest.mark.parametrize("name", ["metastatic/ckd5-dialysis", "metastatic/milk-alkali"])
def test_again_and_resumed_it_gives_the_same_bytes(runs, name, tmp_path):
    whole = runs(name)
    plasma.start(plasma.Request(name, quick=True, out=tmp_path / "again"), silent)
    (tmp_path / "again" / "summary.json").unlink()
    (tmp_path / "again" / "timeseries.csv").write_text("time_d,phos")  # as a kill in the middle of a row would leave it
    outcome = execute.resume(tmp_path / "again", 1, Reporter(), execute.engine())
    assert outcome.summary["state_sha256"] == summary.read(whole)["state_sha256"]
    assert (tmp_path / "again" / "timeseries.csv").read_bytes() == (whole / "timeseries.csv").read_bytes()


def test_the_figure_can_be_drawn_again(runs):
    assert [path.name for path in plots.draw(runs("healthy/plasma"))] == ["plasma.png"]


def test_what_crossed_the_boundary_is_in_the_summary(runs):
    document = json.loads((runs("healthy/plasma") / "summary.json").read_text())
    assert document["calcium_taken_mmol"] == pytest.approx(25.0 * document["days"], rel=1e-9)
    assert document["calcium_urine_mmol"] == pytest.approx(-4.5 * document["days"], rel=1e-9)


def test_three_healthy_years_change_nothing():
    loaded = scenario.load("healthy/plasma")
    driver = BodyPlasma(loaded)
    driver.advance(loaded.duration)
    first, last = driver.rows(np.array([0.0, loaded.duration]))
    assert all(last[name] == pytest.approx(value, rel=1e-9, abs=1e-9) for name, value in first.items())


def test_a_run_ends_where_it_is_told_also_beyond_the_scenario(tmp_path):
    outcome = plasma.start(plasma.Request("metastatic/ckd3", days=2000.0, out=tmp_path / "long"), silent)
    assert outcome.summary["days"] == 2000.0
    assert timeseries.read(tmp_path / "long")["time_d"][-1] == 2000.0


def test_a_changed_scenario_is_not_finished(runs, tmp_path):
    plasma.start(plasma.Request("metastatic/ckd3", quick=True, out=tmp_path / "r"), silent)
    (tmp_path / "r" / "summary.json").unlink()
    path = tmp_path / "r" / "scenario.resolved.toml"
    path.write_text(path.read_text().replace("38 mmol/day", "60 mmol/day"))
    with pytest.raises(UsageError, match="was changed since the run began"):
        execute.resume(tmp_path / "r", 1, Reporter(), execute.engine())
    assert runs("metastatic/ckd3").exists()


def test_a_site_beyond_its_days_has_a_living_plasma(tmp_path):
    """--days beyond the scenario: the body goes on with its diet and dialysis, and results come as often as before."""
    text = (
        'title = "t"\nduration = "5 day"\n[plasma]\ndriver = "model"\nglomerular_filtration = "2 mL/min"\n[[site]]\nname = "a"\n'
        'tissue = "dermis"\n[site.grid]\ndepth = "1 cm"\n'
    )
    rows = {}
    for name, days, duration in (("asked", 15.0, "5 day"), ("written", None, "15 day")):
        path = tmp_path / f"{name}.toml"
        path.write_text(text.replace("5 day", duration))
        outcome = execute.start(execute.Request(str(path), days=days, threads=1, out=tmp_path / name), Reporter(), execute.engine())
        rows[name] = outcome.summary
    assert rows["asked"]["phosphate_mmol_per_l"] == pytest.approx(rows["written"]["phosphate_mmol_per_l"], rel=1e-4)
    assert rows["asked"]["phosphate_mmol_per_l"] > 2.5
    assert np.diff(timeseries.read(tmp_path / "asked")["time_d"])[0] == pytest.approx(0.1)

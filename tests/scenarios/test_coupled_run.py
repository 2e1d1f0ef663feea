"""A run of a tissue with a living plasma, as a user has it: files, figures, and the same bytes after it was stopped."""

import signal

import pytest
from interrupted import stopping

from calcisim.results import store, summary, timeseries
from calcisim.studies import execute
from calcisim.studies.progress import Reporter

TEXT = """title = "A joint in dialysis, two ways"
duration = "6 day"

[plasma]
driver = "model"
glomerular_filtration = "2 mL/min"
phosphate_intake = "46 mmol/day"
acid_production = "60 mmol/day"
two_way = true
lesion_volume = "1 L"

[[treatment]]
kind = "haemodialysis"

[[site]]
name = "joint"
tissue = "joint-capsule"
giant_cells = 0.5

[site.grid]
shape = [6]
spacing = "0.2 mm"
depth = "1 mm"

[[event]]
kind = "expose"
site = "joint"
at = "0 day"
fraction = 0.1
s = 0.6

[[output]]
every = "12 h"
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("coupled") / "joint.toml"
    path.write_text(TEXT)
    return str(path)


@pytest.fixture(scope="module")
def whole(scenario, tmp_path_factory):
    place = tmp_path_factory.mktemp("coupled") / "whole"
    execute.start(execute.Request(scenario, threads=1, out=place), Reporter(), execute.engine())
    return place


def test_it_has_its_plasma_beside_its_deposit(whole):
    series = timeseries.read(whole)
    assert {"deposit_calcium_mg", "phosphate_mmol_per_l", "pth_pg_per_ml", "colloid"} <= set(series)
    assert series["phosphate_mmol_per_l"][1] < 0.7 * series["phosphate_mmol_per_l"].max()  # noon of Monday, after the first session
    document = summary.read(whole)
    for name in ("calcium", "phosphorus", "alkalinity", "plasma_calcium", "plasma_phosphorus", "plasma_magnesium"):
        assert document[f"ledger_{name}_relative"] <= 1e-12
    names = {path.name for path in (whole / "figures").glob("*.png")}
    assert {"deposition.png", "plasma.png"} <= names


@pytest.mark.parametrize("after", [7, 30, 60])
def test_stopped_and_resumed_it_ends_with_the_same_bytes(scenario, whole, tmp_path, after):
    outcome = execute.start(execute.Request(scenario, threads=2, out=tmp_path / "r"), Reporter(), stopping(after))
    assert outcome.signal == signal.SIGINT
    execute.resume(tmp_path / "r", 1, Reporter(), execute.engine())
    assert (tmp_path / "r" / "timeseries.csv").read_bytes() == (whole / "timeseries.csv").read_bytes()
    assert summary.read(tmp_path / "r")["state_sha256"] == summary.read(whole)["state_sha256"]
    maps = [store.read(place / "results.nc", "joint", "mineral_calcium")[0].tobytes() for place in (tmp_path / "r", whole)]
    assert maps[0] == maps[1]

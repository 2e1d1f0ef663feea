"""Where clipping would be tempting: coarse tolerances, fluids far above saturation, pores that close, operations in between, and
scenarios drawn at random. Nothing becomes negative and the books still close."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calcisim import scenario as door
from calcisim.errors import SolverError
from calcisim.results.sha import state_sha256
from calcisim.simulation.run import Simulation

FIELD = (slice(None), *(slice(1, -1),) * 3)
LEDGER = 1e-13
OVERSHOOT = 5e-3  # of the room a voxel has: the second stage starts beyond the first and cannot go back, and nothing cuts it off
DAY = 86400.0
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # these fluids are meant to be implausible

SEVERE = """
title = "Severe"
duration = "{days} day"
seed = {seed}
[plasma]
calcium_ionised = "{calcium} mmol/L"
phosphate = "{phosphate} mmol/L"
ph = {ph}
bicarbonate = "{bicarbonate} mmol/L"
[solver]
relative_tolerance = {relative}
absolute_tolerance = "{absolute} mmol/L"
[[site]]
name = "bed"
tissue = "{tissue}"
faces = {{ {faces} }}
exchange_coefficient = "1e-6 m/s"
[site.grid]
shape = {shape}
{size_lines}
[[site.region]]
name = "core"
shape = "sphere"
centre = {centre}
radius = "{radius} um"
material = "{material}"
[[event]]
kind = "expose"
site = "bed"
at = "0 day"
fraction = {fraction}
s = {state}
healing = "3 day"
[[event]]
kind = "excise"
site = "bed"
at = "{cut} day"
region = "core"
completeness = {completeness}
"""
USUAL = {
    "days": 20, "seed": 1, "calcium": 1.3, "phosphate": 2.5, "ph": 7.4, "bicarbonate": 24, "relative": 1e-2, "absolute": 0.1,
    "tissue": "subcutis", "faces": 'x_low = "plasma"', "shape": [12, 12], "spacing": 100.0, "middle": 6.0, "radius": 4.0,
    "material": "cusp-fixed", "fraction": 0.2, "state": 0.6, "cut": 7, "completeness": 0.5,
}  # fmt: skip


def simulation(folder, **choice):
    return Simulation(scenario(folder / "severe.toml", **choice))


def scenario(path, **choice):
    """Middle and radius of the core are in voxels; an axis without voxels is 1 mm deep and its middle is there."""
    choice = USUAL | choice
    spacing, resolved = choice["spacing"], len(choice["shape"])
    places = [choice["middle"] * spacing] * resolved + [500.0] * (3 - resolved)
    choice["centre"] = [f"{place} um" for place in places]
    choice["radius"] = max(choice["radius"] * spacing, 1.0)
    lines = ([f'spacing = "{spacing} um"'] if resolved else []) + (['depth = "1 mm"'] if resolved < 3 else [])
    choice["size_lines"] = "\n".join(lines)
    choice["faces"] = choice["faces"] if resolved else ""
    path.write_text(SEVERE.format(**choice), encoding="utf-8")
    return door.load(str(path))


def assert_sound(model):
    """Signs, books, pores and numbers of all sites."""
    for site in model.sites.values():
        state = site.state
        for name in ("c", "u", "mineral"):
            field = getattr(state, name)[FIELD]
            assert np.isfinite(field).all(), name
            assert field.min() >= 0.0, name
        for array in (state.number, state.coordinate, state.bare, state.clumps, state.debris, state.nucleators, state.rate, state.fetuin):
            assert np.isfinite(array).all()
            assert array.min(initial=0.0) >= 0.0
        assert site.open_porosity().min() >= site.model.least_porosity
        full = site.setup.initial_porosity - site.model.minimum_porosity
        assert np.all(site.filled() <= full * (1.0 + OVERSHOOT))
        assert site.state.ledger.relative(site.problem.held()).max() <= LEDGER


def run_watched(model):
    def after_step():
        assert_sound(model)
        return False

    model.advance(model.scenario.duration, after_step)
    assert_sound(model)
    return model


@pytest.mark.parametrize("relative", [0.5, 1e-2])
@pytest.mark.parametrize(("calcium", "phosphate", "ph"), [(4.0, 8.0, 7.8), (4.0, 0.3, 7.4), (0.3, 8.0, 7.0)])
def test_far_above_saturation(tmp_path, relative, calcium, phosphate, ph):
    absolute = min(10.0, 100.0 * relative)
    model = run_watched(simulation(tmp_path, calcium=calcium, phosphate=phosphate, ph=ph, relative=relative, absolute=absolute))
    assert model.observables()["deposit_calcium_mg"] > 0.0


def test_pores_close_without_overshoot(tmp_path):
    """Half a year of strong supply: the first voxels fill, and stop at the least porosity by themselves."""
    model = simulation(tmp_path, calcium=3.0, phosphate=6.0, shape=[24], days=400, cut=399.5, completeness=0.0, relative=0.3, absolute=10)
    run_watched(model)
    assert model.observables()["mineral_volume_fraction_max"] > 0.3


def test_dissolution_leaves_nothing_negative(tmp_path):
    """Mineral made in a strong plasma is put into one far below saturation."""
    model = simulation(tmp_path, calcium=3.0, phosphate=6.0, days=3, cut=2, shape=[16])
    run_watched(model)
    before = model.observables()["deposit_calcium_mg"]
    arrays, meta = {key: array.copy() for key, array in model.arrays().items()}, model.meta()
    acid = scenario(tmp_path / "acid.toml", calcium=0.05, phosphate=0.05, ph=6.9, days=400, cut=399, shape=[16])
    later = Simulation.restore(acid, arrays, meta)
    run_watched(later)
    assert later.observables()["deposit_calcium_mg"] < before


shapes = st.one_of(
    st.just([]),
    st.lists(st.integers(2, 24), min_size=1, max_size=1),
    st.lists(st.integers(2, 9), min_size=2, max_size=2),
    st.lists(st.integers(2, 5), min_size=3, max_size=3),
)


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calcium=st.floats(0.6, 3.0),
    phosphate=st.floats(0.3, 6.0),
    ph=st.floats(7.0, 7.7),
    bicarbonate=st.floats(10.0, 35.0),
    shape=shapes,
    spacing=st.floats(20.0, 300.0),
    faces=st.sampled_from(["", 'x_low = "plasma"', 'x_high = "exchange"', 'x_low = "exchange", x_high = "plasma"']),
    tissue=st.sampled_from(["dermis", "subcutis", "periarticular"]),
    material=st.sampled_from(["cusp-fixed", "sponge-glutaraldehyde", "inert"]),
    fraction=st.floats(0.0, 1.0),
    state=st.floats(0.5, 1.0),
    completeness=st.floats(0.0, 1.0),
    relative=st.floats(3e-3, 0.3),
    seed=st.integers(0, 2**63 - 1),
)
def test_scenarios_drawn_at_random(tmp_path, **choice):
    """Sound at every step; the same again; and the same after going on from the middle."""
    choice |= {"radius": 1.2, "middle": 1.5, "days": 4, "cut": 2}
    model = run_watched(simulation(tmp_path, **choice))
    expected = state_sha256(model.arrays())
    first = simulation(tmp_path, **choice)
    first.advance(first.scenario.duration, stop_after(5))
    second = Simulation.restore(first.scenario, {key: array.copy() for key, array in first.arrays().items()}, first.meta())
    second.advance(second.scenario.duration)
    assert state_sha256(second.arrays()) == expected


def stop_after(steps):
    left = [steps]

    def stop():
        left[0] -= 1
        return left[0] == 0

    return stop


def test_a_step_without_solution_is_an_error_not_a_clipped_number(tmp_path, monkeypatch):
    """When the kinetics cannot be solved the step is refused until it is too short, and the state stays what it was."""
    model = simulation(tmp_path, shape=[8], days=1, cut=0.5)
    model.advance(0.1 * DAY)
    site = model.sites["bed"]
    before = state_sha256(model.arrays())
    monkeypatch.setattr(site.problem, "evaluate", lambda: False)
    with pytest.raises(SolverError, match="bed"):
        model.advance(0.2 * DAY)
    arrays = {key: array for key, array in model.arrays().items() if "warm" not in key}
    assert arrays
    assert state_sha256(model.arrays()) == before

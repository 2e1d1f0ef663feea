"""Mineral at the start: particles hold it to the last digit, books count it, and it grows, dissolves and is cut like any other."""

import numpy as np
import pytest
from scenario import pictures
from scenario.pictures import DEPOSIT, DEPOSITED, SCENARIO

from calcisim import scenario
from calcisim.physics import clumping, kinetics
from calcisim.physics.phases import HAP, OCP
from calcisim.results import plots, radiography, store, summary, timeseries
from calcisim.results.sha import state_sha256
from calcisim.scenario.errors import unusual_is_meant
from calcisim.simulation.run import Simulation
from calcisim.studies import execute, export
from calcisim.studies.progress import Reporter

DAY = 86400.0
LEDGER = 1e-13
ELEMENTS = ("calcium", "phosphorus", "alkalinity")
SOUR = DEPOSITED.replace('"2.6 mmol/L"', '"0.1 mmol/L"').replace('"2.4 mmol/L"', '"0.01 mmol/L", ph = 6.0')  # where apatite dissolves
HAPPENS = '[[event]]\nkind = "excise"\nat = "2 day"\nsite = "joint"\nregion = "bursa"\ncompleteness = {}\n'


@pytest.fixture
def load(tmp_path):
    """The scenario of a text, beside the images of the joint."""
    pictures.both(tmp_path)

    def loaded(text, **options):
        (tmp_path / "joint.toml").write_text(text)
        with unusual_is_meant():
            return scenario.load(tmp_path / "joint.toml", **options)

    return loaded


def start(loaded):
    simulation = Simulation(loaded)
    return simulation, simulation.sites["joint"]


def mineral_and_particles(site):
    """Calcium in mineral and in the particles of every slot [mol/m³]."""
    rows = site.problem.particles.rows()
    return site.mineral().ravel()[rows], site.problem.particles.volumes()[1].sum(axis=0) / site.model.phases.calcium_volume


def books(simulation):
    return max(simulation.observables()[f"ledger_{element}_relative"] for element in ELEMENTS)


def test_particles_hold_the_mineral_and_pores_what_is_left(load):
    simulation, site = start(load(DEPOSITED))
    wanted = pictures.density().astype(float).transpose(2, 1, 0)
    held, particles = mineral_and_particles(site)
    assert np.count_nonzero(held) == 8
    assert particles == pytest.approx(held, rel=1e-12)
    per_formula = site.phases()[HAP]
    assert per_formula * site.model.molar_mass[HAP] == pytest.approx(wanted, rel=1e-6)  # mg/cm³ of hydroxyapatite
    assert not np.delete(site.phases(), HAP, axis=0).any()
    porosity = site.setup.initial_porosity - per_formula * site.model.phases.volume[HAP]
    inner = (slice(None), slice(1, -1), slice(1, -1), slice(1, -1))
    assert site.state.u[inner] == pytest.approx(site.state.c[inner] * porosity, rel=1e-14)
    assert site.state.c[inner] == pytest.approx(np.broadcast_to(site.setup.plasma[:, None, None, None], site.state.c[inner].shape))
    assert books(simulation) == 0.0
    assert site.state.ledger.initial[kinetics.CALCIUM] > site.deposit() > 0.0
    assert simulation.observables()["deposit_calcium_mg"] == pytest.approx(float(wanted.sum()) * 1.25e-4 * 5 * 40.078 / 502.31, rel=1e-5)


def test_a_deposit_of_nothing_is_a_start_without_one(load):
    nothing = '[[site.deposit]]\nregion = "bursa"\namount = "0 mg"\n'
    first, second = (start(load(text))[0] for text in (SCENARIO, SCENARIO.replace("[[output]]", nothing + "[[output]]")))
    assert state_sha256(second.arrays()) == state_sha256(first.arrays())
    assert second.observables()["deposit_calcium_mg"] == 0.0


def test_clumps_hold_the_primaries(load):
    text = DEPOSITED.replace("[[output]]", "[[site.deposit]]\n" + DEPOSIT.split("\n", 1)[1].strip() + "\n[[output]]")
    text = text.replace("[[output]]", 'phase = "OCP"\nprimary_diameter = "0.3 um"\nclump_diameter = "3 um"\n[[output]]')
    _, site = start(load(text))
    held, particles = mineral_and_particles(site)
    assert particles == pytest.approx(held, rel=1e-12)
    assert site.phases()[HAP].sum() * 5.0 == pytest.approx(site.phases()[OCP].sum() * site.model.phases.calcium[OCP], rel=1e-12)
    state, used = site.state, site.state.slots()
    assert np.all(state.count[kinetics.BOUND, :used] == 2)
    radii = state.coordinate[kinetics.BOUND, :used, :2] * site.model.particle.terminal_radius * 2e6
    assert radii == pytest.approx(np.tile([0.4, 0.3], (used, 1)), rel=1e-4)  # from the largest to the smallest, µm
    bound = state.clumps[clumping.BOUND, :, :, :used]
    assert bound[clumping.VOLUME].sum(axis=0) == pytest.approx(held * site.model.phases.calcium_volume, rel=1e-12)
    assert bound[clumping.PRIMARIES].sum(axis=0) == pytest.approx(state.number[kinetics.BOUND, :used].sum(axis=1), rel=1e-12)
    mean = np.divide(bound[clumping.VOLUME], bound[clumping.NUMBER], where=bound[clumping.NUMBER] > 0, out=np.zeros_like(bound[0]))
    edges = site.model.clump.edges
    for k in np.flatnonzero(mean.any(axis=1)):
        assert np.all((edges[k] <= mean[k]) & (mean[k] <= edges[k + 1]))
    assert np.all(state.access[kinetics.BOUND, site.problem.particles.rows()] < 1.0)  # those inside a clump are not reached
    assert not state.clumps[clumping.MOBILE].any()


def test_it_grows_where_fluid_is_supersaturated(load):
    simulation, site = start(load(DEPOSITED))
    bare, _ = start(load(SCENARIO))
    before = site.deposit()
    number = site.state.number.sum()
    seen = []
    for day in range(1, 11):
        simulation.advance(day * DAY)
        seen.append(site.deposit())
        assert books(simulation) <= LEDGER
        held, particles = mineral_and_particles(site)
        assert particles == pytest.approx(held, rel=1e-9)
    bare.advance(10 * DAY)
    assert np.all(np.diff([before, *seen]) > 0.0)
    assert seen[-1] > 1.2 * before
    assert bare.sites["joint"].deposit() < 0.01 * (seen[-1] - before)  # what is new lies on what was there
    assert site.state.number.sum() == pytest.approx(number, rel=0.01)
    grown = site.phases().sum(axis=0)
    assert np.count_nonzero(grown > 0.01 * grown.max()) == 8
    assert simulation.observables()["onset_day"] == 0.0


def test_it_dissolves_where_fluid_is_not(load):
    simulation, site = start(load(SOUR))
    before = site.deposit()
    simulation.advance(10 * DAY)
    assert 0.0 < site.deposit() < 0.99 * before
    assert books(simulation) <= LEDGER


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_what_is_cut_out_is_booked(load, share):
    simulation, site = start(load(DEPOSITED + HAPPENS.format(share)))
    simulation.advance(2 * DAY - 1.0)
    before = site.deposit()
    simulation.advance(2 * DAY)
    values = simulation.observables()
    assert values["excised_calcium_mg"] == pytest.approx(share * before * 40.078e3, rel=1e-3)
    assert values["deposit_calcium_mg"] == pytest.approx((1.0 - share) * before * 40.078e3, rel=1e-3, abs=1e-12)
    simulation.advance(4 * DAY)
    assert books(simulation) <= LEDGER


def test_giant_cells_take_it_back(load):
    simulation, site = start(load(DEPOSITED.replace('tissue = "dermis"', 'tissue = "dermis"\ngiant_cells = 0.5')))
    simulation.advance(10 * DAY)
    assert simulation.observables()["resorbed_calcium_mg"] > 1e-4 * site.deposit() * 40.078e3
    assert books(simulation) <= LEDGER


def test_repeats_and_resumes_to_the_same_bytes(load):
    loaded = load(DEPOSITED)
    whole, _ = start(loaded)
    whole.advance(6 * DAY)
    first = Simulation(loaded, threads=2)
    first.advance(6 * DAY, lambda now=[0]: now.__setitem__(0, now[0] + 1) or now[0] == 7)
    assert 0.0 < first.time < 6 * DAY
    again = Simulation.restore(load(scenario.dump(loaded)), {name: array.copy() for name, array in first.arrays().items()}, first.meta())
    again.advance(6 * DAY)
    assert state_sha256(again.arrays()) == state_sha256(whole.arrays())


def test_the_quick_variant_begins_with_the_same_mass(load):
    text = DEPOSITED + '[quick]\nspacing = "1 mm"\n'
    fine, coarse = (start(load(text, quick=quick))[1] for quick in (False, True))
    assert coarse.setup.shape == (3, 4, 5)
    assert coarse.deposit() == pytest.approx(fine.deposit(), rel=1e-12)


# --- from run to run ---------------------------------------------------------------------------------------------------


@pytest.fixture
def run(load, tmp_path, monkeypatch):
    """Runs a text to the end without figures, which take longer; returns the directory."""
    monkeypatch.setattr(plots, "draw", lambda *_: [])

    def done(text, name, days=None):
        load(text)
        request = execute.Request(str(tmp_path / "joint.toml"), threads=1, out=tmp_path / name, days=days)
        with unusual_is_meant():
            return execute.start(request, Reporter(), execute.engine()).directory

    return done


def calcium(directory, frame):
    return store.read(directory / store.NAME, "joint", radiography.TOTAL, frame)[0].astype(float)


@pytest.mark.parametrize(("unit", "what"), [("mg HA/cm3", "apatite"), ("HU", "hu")])
def test_the_end_of_a_run_is_the_start_of_another(run, tmp_path, unit, what):
    """What `calcisim export --nifti` wrote of a deposit of hydroxyapatite: as densities to the rounding of single precision, as Hounsfield
    units to theirs, which are whole."""
    first = run(SOUR, "first", days=4)
    export.export(export.Request(first, ("nifti",)), lambda _: None)
    (written,) = (first / "export").glob(f"*-{what}.nii.gz")
    (tmp_path / "start.nii.gz").write_bytes(written.read_bytes())
    text = SOUR.replace("density.nii.gz", "start.nii.gz").replace("mg HA/cm3", unit)
    second = run(text, "second", days=1)
    ended, begun = calcium(first, -1), calcium(second, 0)
    assert not store.read(first / store.NAME, "joint", "ocp_calcium", -1)[0].any()
    assert begun.sum() == pytest.approx(ended.sum(), rel=1e-6 if what == "apatite" else 2e-2)
    seen = [radiography.hounsfield(place, "joint", frame).values for place, frame in ((first, -1), (second, 0))]
    assert np.abs(seen[0] - seen[1]).max() <= (1e-3 if what == "apatite" else 0.501)
    if what == "apatite":
        assert begun == pytest.approx(ended, rel=1e-6, abs=1e-9)


def test_a_run_goes_on_without_its_images(run, load, tmp_path):
    place = run(DEPOSITED, "whole", days=5)
    assert max(abs(timeseries.read(place)["ledger_calcium_relative"])) <= LEDGER
    fingerprint = summary.read(place)["state_sha256"]
    for name in ("labels.nii.gz", "density.nii.gz", "joint.toml"):
        (tmp_path / name).unlink()
    kept = execute.Request(str(place / "scenario.resolved.toml"), threads=1, out=tmp_path / "again")
    again = execute.start(kept, Reporter(), execute.engine()).directory
    assert timeseries.read(again)["deposit_calcium_mg"][-1] > timeseries.read(place)["deposit_calcium_mg"][-1] > 0.0
    (place / "summary.json").unlink()
    resumed = execute.resume(place, 1, Reporter(), execute.engine())
    assert resumed.summary["state_sha256"] == fingerprint

"""What holds for every shipped scenario at every step, looked at in the state itself: books, signs, and bytes that nothing changes."""

import random
from functools import cache

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.numerics import threads
from calcisim.results.sha import state_sha256
from calcisim.simulation.run import Simulation
from calcisim.studies.execute import output_times

NAMES = [name for name in door.names() if door.load(name).site]  # the body alone: test_every_body.py
FIELD = (slice(None), *(slice(1, -1),) * 3)
ELEMENTS = ("calcium", "phosphorus", "alkalinity")
LEDGER = 1e-13


@cache
def load(name):
    return door.load(name, (), True)


def least(simulation):
    """Smallest value of anything that must not be negative, in the accepted state of all sites."""
    values = []
    for site in simulation.sites.values():
        state = site.state
        values += [state.c[FIELD], state.u[FIELD], state.mineral[FIELD]]
        values += [state.number, state.coordinate, state.bare, state.clumps, state.debris, state.nucleators, state.arrivals.expected]
        values += [state.fetuin, state.shielded, state.on_collagen, state.access, state.rate]
    return min(float(array.min()) for array in values if array.size)


def worst_ledger(simulation):
    return max(float(site.state.ledger.relative(site.problem.held()).max()) for site in simulation.sites.values())


def to_the_end(simulation, watch=lambda: None, stop=lambda: False):
    """Through the output times, as a run does; False when `stop` ended it early."""

    def after_step():
        watch()
        return stop()

    times = output_times(simulation.scenario, simulation.scenario.duration)
    return all(simulation.advance(moment, after_step) for moment in times if moment > simulation.time)


def fingerprint(simulation):
    return state_sha256(simulation.arrays())


@cache
def whole(name):
    """Fingerprint and number of steps of an unbroken run on one thread."""
    simulation = Simulation(load(name))
    to_the_end(simulation)
    return fingerprint(simulation), int(simulation.statistics()["steps"])


@pytest.mark.parametrize("name", NAMES)
def test_books_and_signs_at_every_step(name):
    simulation = Simulation(load(name))
    seen = []
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        to_the_end(simulation, lambda: seen.append((worst_ledger(simulation), least(simulation))))
    books, signs = zip(*seen, strict=True)
    assert max(books) <= LEDGER
    assert min(signs) >= 0.0
    for site in simulation.sites.values():
        present = site.setup.plasma != 0.0
        assert np.all(site.state.c[FIELD][present] > 0.0)
        assert not site.state.c[FIELD][~present].any()  # a solute that the fluid has none of stays absent
        assert site.open_porosity().min() >= site.model.least_porosity
    values = simulation.observables()
    assert all(values[f"ledger_{element}_relative"] <= LEDGER for element in ELEMENTS)
    assert simulation.time == simulation.scenario.duration


@pytest.mark.parametrize("name", NAMES)
def test_a_repeated_run_has_the_same_bytes(name):
    simulation = Simulation(load(name))
    to_the_end(simulation)
    assert fingerprint(simulation) == whole(name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_going_on_from_three_random_steps_has_the_same_bytes(name):
    expected, steps = whole(name)
    draw = random.Random(name)
    for after in sorted(draw.sample(range(1, steps), 3)):
        left = [after]

        def stop(left=left):
            left[0] -= 1
            return left[0] == 0

        first = Simulation(load(name))
        to_the_end(first, stop=stop)
        arrays, meta = {key: array.copy() for key, array in first.arrays().items()}, first.meta()
        second = Simulation.restore(load(name), arrays, meta)
        assert fingerprint(second) == state_sha256(arrays)
        to_the_end(second)
        assert fingerprint(second) == expected, f"after step {after} of {steps}"
        assert second.statistics()["steps"] == steps


@pytest.mark.parametrize("name", NAMES)
def test_two_and_three_threads_have_the_same_bytes(name, monkeypatch):
    monkeypatch.setattr(threads, "SERIAL_BELOW", 0)
    try:
        for count in (2, 3):
            simulation = Simulation(load(name), threads=count)
            to_the_end(simulation)
            assert fingerprint(simulation) == whole(name)[0], f"{count} threads"
    finally:
        threads.use(1)


@pytest.mark.parametrize("name", ["dystrophic/subdermal-cusp", "metastatic/ckd-constant"])
def test_a_shorter_run_is_the_beginning_of_a_longer_one(name):
    """The length of a run decides neither the output times before its end nor the state at them."""
    scenario = load(name)
    times = output_times(scenario, scenario.duration)
    part = times[len(times) // 2]
    assert output_times(scenario, part) == [moment for moment in times if moment <= part]
    states = []
    for moments in (times, output_times(scenario, part)):
        simulation = Simulation(scenario)
        for moment in (moment for moment in moments if 0.0 < moment <= part):
            simulation.advance(moment)
        states.append(fingerprint(simulation))
    assert states[0] == states[1]


def test_looking_more_often_hardly_changes_the_deposit():
    """Output times cut steps, so the last digits move, by less than the tolerance asks for."""
    deposits = []
    for every in ("1 day", "3 h"):
        scenario = door.load("dystrophic/subdermal-cusp", (f'output=[{{every="{every}"}}]',), True)
        simulation = Simulation(scenario)
        to_the_end(simulation)
        deposits.append(simulation.observables()["deposit_calcium_mg"])
    assert deposits[0] == pytest.approx(deposits[1], rel=1e-2)


def test_seeds_differ_and_sites_with_the_same_seed_too():
    name = "metastatic/ckd-constant"
    arrivals = []
    for seed in (1, 2):
        simulation = Simulation(load(name), seed=seed)
        arrivals.append(simulation.sites["joint"].state.arrivals.next.copy())
    assert not np.array_equal(*arrivals)


@pytest.mark.parametrize(
    "name", ["dystrophic/subdermal-cusp", "dystrophic/subdermal-collagen-sponge", "metastatic/ckd-constant", "healthy/wound"]
)
def test_the_default_tolerance_is_within_half_a_percent_of_a_tight_one(name):
    deposits = []
    for sets in ((), ("solver.relative_tolerance=1e-4", 'solver.absolute_tolerance="0.001 mmol/L"')):
        scenario = door.load(name, sets, True)
        simulation = Simulation(scenario)
        simulation.advance(scenario.duration)
        deposits.append(simulation.observables()["deposit_calcium_mg"])
    assert deposits[0] == pytest.approx(deposits[1], rel=5e-3)
    assert deposits[1] > 0.0


def test_voxels_without_mineral_carry_nothing_from_step_to_step():
    simulation = Simulation(load("dystrophic/subdermal-cusp"))
    to_the_end(simulation)
    problem = simulation.sites["cusp"].problem
    problem.start_step(simulation.time, 60.0)
    assert problem.quiet.size > 0
    assert problem.local.shape[1] == problem.busy.size < problem.n_active
    for field in (problem.mineral, problem.mineral_base, problem.mineral_start):
        assert field.shape[1] == problem.busy.size
    assert problem.hierarchy.fine.coupling.shape[0] == problem.busy.size
    assert np.array_equal(np.flatnonzero(problem.hierarchy.fine.place >= 0), problem.voxels.cell[problem.busy])


def test_pores_of_a_rejected_step_do_not_stay():
    """A voxel that was busy only because of an arrival that the next try does not have gets its pores back."""
    simulation = Simulation(load("dystrophic/subdermal-cusp"))
    to_the_end(simulation)
    problem = simulation.sites["cusp"].problem
    problem.start_step(simulation.time, 60.0)
    row, pores = int(problem.quiet[0]), problem.porosity.copy()
    problem.busy = np.sort(np.append(problem.busy, row))
    problem.porosity.reshape(-1)[problem.voxels.cell[row]] *= 0.5
    problem.start_step(simulation.time, 30.0)
    assert row in problem.quiet
    assert np.array_equal(problem.porosity, pores)

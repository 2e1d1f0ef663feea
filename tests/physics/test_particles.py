"""What a step leaves of the primaries of a voxel: what is held still, growth in three places, dissolution, protein, and moments."""

import math

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.physics import elimination, kinetics, particles, population
from calcisim.physics.growth import TABLE_STEP, radius_table
from calcisim.physics.kinetics import BOUND, FREE, INSIDE
from calcisim.physics.particles import ShieldLaw
from calcisim.simulation.run import Simulation

EXPONENT, RADIUS, NUCLEUS, COHORTS = 48.0, 0.25e-6, 0.02, 12
BALL = 4.0 / 3.0 * math.pi * RADIUS**3
LAW = kinetics.ParticleLaw(RADIUS, EXPONENT, NUCLEUS, radius_table(EXPONENT), TABLE_STEP, 1.0, BALL)
SHIELD = ShieldLaw(rate=2.0, capacity=1e-6, entry=0.05)


def voxels(rows=1, slots=None):
    """Active voxels, each with a slot for its particles."""
    slot = np.arange(rows, dtype=np.int64) if slots is None else np.array(slots, dtype=np.int64)
    n = max(int(slot.max()) + 1, 1)
    shape = (kinetics.PLACES, n, COHORTS)
    return kinetics.Voxels(
        np.arange(rows), slot, np.zeros(rows), np.zeros(rows), np.zeros((rows, 16)), np.zeros(shape), np.zeros(shape), np.ones(shape),
        np.zeros(shape[:2], dtype=np.int64), np.zeros((rows, 6)), np.zeros(rows), np.zeros(rows), np.zeros((kinetics.HELD_ROWS, rows)),
    )  # fmt: skip


def put(voxels, place, number, coordinate, bare=1.0, slot=0):
    n = len(number)
    voxels.number[place, slot, :n], voxels.coordinate[place, slot, :n], voxels.bare[place, slot, :n] = number, coordinate, bare
    voxels.cohorts[place, slot] = n


def volume(voxels, place, slot=0):
    return population.cohort_volume(
        voxels.number[place], voxels.coordinate[place], voxels.cohorts[place], slot, 0.0, LAW.table, TABLE_STEP
    )[0]  # fmt: skip


def numbers(voxels, place, slot=0):
    return float(voxels.number[place, slot, : voxels.cohorts[place, slot]].sum())


def hold(voxels, dt=10.0, **changed):
    rows = voxels.cell.size
    usual = {
        "access": np.ones((2, rows)), "inside_ratio": np.full(rows, 0.8), "velocity": np.full(rows, 1e-6), "free_share": np.full(rows, 0.3),
        "fetuin": np.full(rows, 0.01), "reach": np.full(rows, 0.5), "entry": np.full(rows, 1e-3), "room": np.full(rows, 1e-3),
    } | changed  # fmt: skip
    particles.hold_still(
        voxels, usual["access"], usual["inside_ratio"], usual["velocity"], usual["free_share"], usual["fetuin"], usual["reach"],
        usual["entry"], usual["room"], LAW, SHIELD, dt, 0, rows,
    )  # fmt: skip
    return voxels.held


# --- what is held still -----------------------------------------------------------------------------------------------


def test_a_nucleus_enters_a_fibril_or_loses_the_race():
    """PAR-1: never without entry, always when nothing competes, and less the faster it grows or is shielded."""
    assert particles.entering_share(0.0, 0.03, 1e-6, 0.01) == 0.0
    assert particles.entering_share(-1.0, 0.03, 1e-6, 0.01) == 0.0
    assert particles.entering_share(1e-3, 0.03, 0.0, 0.0) == 1.0
    assert particles.entering_share(1e9, 0.03, 1e-6, 0.01) == pytest.approx(1.0, abs=1e-9)
    assert particles.entering_share(1e-3, 0.03, 3e-5, 0.0) == pytest.approx(0.5)
    by_growth = [particles.entering_share(1e-3, 0.03, velocity, 0.01) for velocity in (0.0, 1e-6, 1e-3, 1.0, 1e6)]
    by_shield = [particles.entering_share(1e-3, 0.03, 1e-6, rate) for rate in (0.0, 1e-3, 1.0, 1e6)]
    by_entry = [particles.entering_share(rate, 0.03, 1e-6, 0.01) for rate in (1e-9, 1e-3, 1.0)]
    assert by_growth == sorted(by_growth, reverse=True)
    assert by_shield == sorted(by_shield, reverse=True)
    assert by_entry == sorted(by_entry)
    assert 0.0 <= min(by_growth + by_shield + by_entry) <= max(by_growth + by_shield + by_entry) <= 1.0


def test_what_a_step_holds_still():
    one = voxels(2, slots=[0, -1])
    put(one, BOUND, (3e15,), (0.5,))
    put(one, FREE, (1e15,), (0.2,))
    held = hold(one, access=np.array([[0.7, 1.0], [0.4, 1.0]]))
    assert held[kinetics.WEIGHT + BOUND].tolist() == [0.7, 1.0]
    assert held[kinetics.WEIGHT + FREE].tolist() == [0.4, 1.0]
    assert held[kinetics.WEIGHT + INSIDE].tolist() == [0.8, 0.8]
    assert held[kinetics.LOSS] == pytest.approx([0.2, 0.2])
    assert held[kinetics.GIVEN_FREE].tolist() == [0.3, 0.3]
    assert held[kinetics.FETUIN] == pytest.approx([0.005, 0.005])
    entering = particles.entering_share(1e-3, SHIELD.entry - NUCLEUS, 1e-6, 0.02)
    assert held[kinetics.ENTERING] == pytest.approx([entering, entering])
    bound, free = (4.0 * math.pi * RADIUS**2 * number * radius**2 for number, radius in ((3e15, 0.5), (1e15, 0.2)))
    assert held[kinetics.AREA] == pytest.approx([bound, 0.0], rel=1e-6)
    assert held[kinetics.AREA_FREE] == pytest.approx([free, 0.0], rel=1e-6)


def test_growth_inside_fibrils_stops_when_they_are_full():
    weights = []
    for filled in (0.0, 0.25, 1.0, 3.0):
        one = voxels()
        put(one, INSIDE, (filled * 1e-3 / BALL / 0.5**3,), (0.5,))
        weights.append(float(hold(one)[kinetics.WEIGHT + INSIDE, 0]))
    assert weights == pytest.approx([0.8, 0.6, 0.0, 0.0], abs=1e-6)
    assert float(hold(voxels(), room=np.zeros(1))[kinetics.WEIGHT + INSIDE, 0]) == 0.0


# --- an accepted step ---------------------------------------------------------------------------------------------------


def stage_of(rows=1, shift=0.0, born=0.0, free=0.0, dissolved=0.0, mass=0.0):
    stage = np.zeros((kinetics.STAGE_ROWS, rows))
    stage[kinetics.SHIFT], stage[kinetics.BORN], stage[kinetics.BORN_FREE] = shift, born, free
    stage[kinetics.DISSOLVED], stage[kinetics.WHOLE] = dissolved, mass
    return stage


def advance(voxels, stage):
    vanished = np.zeros(voxels.cell.size)
    particles.advance_primaries(voxels, stage, LAW, vanished, 0, voxels.cell.size)
    return vanished


@pytest.fixture
def filled():
    """One voxel with primaries in all three places, and a step that holds something of each still."""
    one = voxels()
    put(one, BOUND, (3.0, 2.0), (0.6, 0.3))
    put(one, INSIDE, (4.0,), (0.1,))
    put(one, FREE, (5.0, 1.0), (0.4, 0.2), (0.5, 1.0))
    held = one.held
    held[kinetics.WEIGHT + BOUND], held[kinetics.WEIGHT + INSIDE], held[kinetics.WEIGHT + FREE] = 0.9, 0.5, 0.8
    held[kinetics.LOSS], held[kinetics.ENTERING] = 0.7, 0.25
    return one


def test_a_step_leaves_what_the_elimination_booked(filled):
    """PAR-2: Σ N y³ of the cohorts after the step is the volume that the stage reckoned with, births in every place included."""
    expected, _, _, _ = elimination._population_volume(filled, 0, LAW, 0.2, 7.0, 8.0)
    assert not advance(filled, stage_of(shift=0.2, born=7.0, free=8.0)).any()
    assert sum(volume(filled, place) for place in range(3)) == pytest.approx(expected, rel=1e-9)
    assert [numbers(filled, place) for place in (BOUND, INSIDE, FREE)] == pytest.approx([5.0 + 7.0, 4.0 + 2.0, 6.0 + 6.0], rel=1e-12)


def test_slopes_of_the_population_are_derivatives(filled):
    h = 1e-6
    for shift, births, free in ((0.2, 7.0, 8.0), (1e-3, 0.0, 4.0), (0.5, 3.0, 0.0)):
        _, by_shift, young, free_young = elimination._population_volume(filled, 0, LAW, shift, births, free)
        sides = [elimination._population_volume(filled, 0, LAW, shift + sign * h, births, free)[0] for sign in (1.0, -1.0)]
        assert by_shift == pytest.approx((sides[0] - sides[1]) / (2.0 * h), rel=2e-3)
        more = elimination._population_volume(filled, 0, LAW, shift, births + 1.0, free)[0]
        assert more - elimination._population_volume(filled, 0, LAW, shift, births, free)[0] == pytest.approx(young, rel=1e-9)
        more = elimination._population_volume(filled, 0, LAW, shift, births, free + 1.0)[0]
        assert more - elimination._population_volume(filled, 0, LAW, shift, births, free)[0] == pytest.approx(free_young, rel=1e-9)


@pytest.mark.parametrize("share", [0.3, 1e-3])
def test_dissolution_takes_from_every_place_alike(filled, share):
    before = np.array([volume(filled, place) for place in range(3)])
    counts = [numbers(filled, place) for place in range(3)]
    assert not advance(filled, stage_of(dissolved=share * 10.0, mass=10.0)).any()
    assert np.array([volume(filled, place) for place in range(3)]) == pytest.approx((1.0 - share) * before, rel=1e-9)
    assert [numbers(filled, place) for place in range(3)] == counts


def test_particles_far_below_a_nucleus_have_vanished(filled):
    gone = advance(filled, stage_of(dissolved=(1.0 - 1e-12) * 10.0, mass=10.0))
    assert gone.tolist() == [1.0]
    assert not filled.cohorts.any()


def test_a_voxel_without_a_slot_is_left_alone():
    one = voxels(2, slots=[-1, 0])
    put(one, BOUND, (3.0,), (0.6,))
    one.held[kinetics.WEIGHT + BOUND] = 1.0
    before = one.coordinate.copy()
    assert not advance(one, stage_of(rows=2)).any()
    assert np.array_equal(one.coordinate, before)


# --- protein ----------------------------------------------------------------------------------------------------------


def test_protein_is_taken_by_newly_covered_surface_and_never_negative():
    """PAR-3: Γ Δ(area) of free particles per pore fluid, at most what there was."""
    one = voxels()
    put(one, FREE, (2e16, 1e16), (0.4, 0.2), (0.25, 1.0))
    fetuin, shielded, porosity = np.array([0.01]), np.zeros(1), np.array([0.5])
    particles.consume_protein(one, shielded, fetuin, porosity, LAW, SHIELD, 0, 1)
    covered = 2e16 * 0.4**2 * 0.75
    taken = 4.0 * math.pi * RADIUS**2 * covered * SHIELD.capacity / 0.5
    assert 0.0 < taken < 0.01
    assert fetuin[0] == pytest.approx(0.01 - taken, rel=1e-6)
    assert shielded[0] == pytest.approx(covered, rel=1e-6)
    left = fetuin.copy()
    particles.consume_protein(one, shielded, fetuin, porosity, LAW, SHIELD, 0, 1)
    assert fetuin[0] == left[0]


def test_protein_runs_out_at_nothing():
    one = voxels()
    put(one, FREE, (1e24,), (1.0,), 0.0)
    fetuin, shielded = np.array([0.01]), np.zeros(1)
    particles.consume_protein(one, shielded, fetuin, np.array([0.5]), LAW, SHIELD, 0, 1)
    assert fetuin.tolist() == [0.0]


def test_bound_particles_take_no_protein():
    one = voxels()
    put(one, BOUND, (1e24,), (1.0,), 0.0)
    fetuin, shielded = np.array([0.01]), np.zeros(1)
    particles.consume_protein(one, shielded, fetuin, np.array([0.5]), LAW, SHIELD, 0, 1)
    assert fetuin.tolist() == [0.01]


@pytest.mark.parametrize("name", ["invitro/t50", "invitro/fetuin-5x5"])
def test_protein_in_a_tube_falls_and_stays_above_nothing(name):
    model = Simulation(door.load(name, quick=True))
    (site,) = model.sites.values()
    levels = [float(site.state.fetuin.max())]

    def watch():
        assert site.state.fetuin.min() >= 0.0
        assert site.state.bare.min() >= 0.0
        assert site.state.bare.max() <= 1.0 + 1e-12
        levels.append(float(site.state.fetuin.max()))
        return False

    model.advance(min(model.scenario.duration, 86400.0), watch)
    assert np.all(np.diff(levels) <= 1e-12 * levels[0])
    assert levels[-1] < levels[0]


# --- sums -------------------------------------------------------------------------------------------------------------


def test_totals_by_what_is_held_and_what_is_free(filled):
    primaries, filling = np.zeros((2, 1)), np.zeros((2, 1))
    particles.totals(filled.number, filled.coordinate, filled.cohorts, LAW, primaries, filling, 0, 1)
    assert primaries[:, 0].tolist() == [9.0, 6.0]
    expected = [BALL * (volume(filled, BOUND) + volume(filled, INSIDE)), BALL * volume(filled, FREE)]
    assert filling[:, 0] == pytest.approx(expected, rel=1e-12)


def test_radii_over_all_places(filled):
    there = np.arange(filled.coordinate.shape[2]) < filled.cohorts[..., None]
    out = np.full(np.count_nonzero(there), np.nan)
    particles.radii(filled.coordinate[there], LAW.table, TABLE_STEP, out)
    assert np.sort(out) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.6], rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_captured_primaries_become_bound(filled, share):
    before = [(numbers(filled, place), volume(filled, place)) for place in range(3)]
    particles.capture_primaries(filled.number, filled.coordinate, filled.bare, filled.cohorts, np.array([share]), LAW, 0, 1)
    assert numbers(filled, FREE) == pytest.approx((1.0 - share) * before[FREE][0])
    assert numbers(filled, BOUND) == pytest.approx(before[BOUND][0] + share * before[FREE][0])
    assert volume(filled, BOUND) == pytest.approx(before[BOUND][1] + share * before[FREE][1], rel=1e-9)
    assert (numbers(filled, INSIDE), volume(filled, INSIDE)) == before[INSIDE]

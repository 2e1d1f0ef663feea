"""Surgery: which mass is cut, how much of it stays, what becomes of the bed, and that the books say so."""

import numpy as np
import pytest
from interrupted import after_steps
from scipy.spatial.distance import cdist
from simulation.test_injuries import BUSY, LINE, POINT, ROW, URAEMIC, differing, event, row
from simulation.test_injuries import load as load  # a fixture
from simulation.test_tissue_life import ball
from simulation.test_tissue_life import bind as laid

from calcisim.physics import kinetics, routes
from calcisim.scenario.events import EVENTS
from calcisim.simulation import surgery
from calcisim.simulation.run import Simulation
from calcisim.simulation.setup import INNER

DAY = 86400.0
LONG = 'shape = [20]\nspacing = "0.2 mm"\ndepth = "1 mm"'
FIRST, SECOND = [3, 4, 5], [12, 13]  # the second holds more calcium in fewer voxels


class Named:
    """A simulation whose site is found under the name that `bind` knows."""

    def __init__(self, site):
        self.sites = {"joint": site}


def bind(simulation, voxels, solid):
    """Apatite of this solid volume in these voxels of the site, all of it primaries on collagen."""
    site = simulation.sites["a"]
    return laid(Named(site), voxels, np.asarray(solid, dtype=float), site.model.particle.volume)


@pytest.fixture
def two(load):
    """A line of tissue with two masses and a trace, worn collagen, debris and giant cells everywhere."""

    def made(grid=LONG, more=""):
        simulation = Simulation(load(more, grid=grid))
        site = bind(simulation, [*FIRST, *SECOND, 18], [0.05] * 3 + [0.12] * 2 + [1e-7])
        state = site.state
        everywhere = np.ones(site.setup.shape, dtype=bool)
        site.expose(everywhere, 0.3, 0.5, 1.0 / (30.0 * DAY))
        state.debris[...], state.giant[...], state.inflammation[...] = 1e16, 0.4, 0.2
        state.substrate[:, routes.INFLAMED], state.substrate[:, routes.ELASTIN] = 0.1, 1e4
        site.restart()
        return simulation

    return made


def cut(simulation, **keys):
    """Do at once what an `excise` event with these keys says; the site."""
    site = simulation.sites["a"]
    one = EVENTS.read({"kind": "excise", "site": "a", "at": "0 day", "target": "largest", **keys})
    surgery.excise(site, simulation._mask(site, one), one)
    return site


def held(site, rows):
    """Calcium, phosphate, magnesium and alkalinity [mol] in the mineral of these voxels."""
    phases = site.phases().reshape(site.phases().shape[0], -1)
    return site.model.stoichiometry @ phases[:, rows].sum(axis=1) * site.setup.voxel_volume


def excised(site):
    return -site.state.ledger.accounts["excised"].value


def closed(site):
    return float(site.state.ledger.relative(site.problem.held()).max())


# --- what is cut ------------------------------------------------------------------------------------------------------


def test_the_largest_is_that_with_most_calcium(two):
    simulation = two()
    everywhere = np.ones(simulation.sites["a"].setup.shape, dtype=bool)
    found = surgery.masses(simulation.sites["a"], everywhere)
    assert [np.flatnonzero(one).tolist() for one in found] == [SECOND, FIRST]  # the trace is no mass


@pytest.mark.parametrize("bed", ["void", "scar", "left"])
@pytest.mark.parametrize("completeness", [1.0, 0.7])
def test_the_largest_goes_and_the_others_stay(two, bed, completeness):
    simulation = two()
    site = simulation.sites["a"]
    before, was = site.phases().copy(), held(site, SECOND)
    cut(simulation, bed=bed, completeness=completeness)
    after = site.phases().reshape(before.shape[0], -1)
    others = np.setdiff1d(np.arange(20), SECOND)
    assert np.array_equal(after[:, others], before.reshape(before.shape[0], -1)[:, others])
    assert held(site, SECOND) == pytest.approx((1.0 - completeness) * was, rel=1e-12, abs=1e-30)
    assert excised(site) == pytest.approx(completeness * was, rel=1e-12)
    assert was[kinetics.CALCIUM] > 0.0
    assert closed(site) <= 1e-13
    simulation.advance(2.0 * DAY)
    assert closed(site) <= 1e-12


def test_all_are_every_mass_and_no_trace(two):
    simulation = two()
    site = simulation.sites["a"]
    trace, was = held(site, [18]), held(site, FIRST + SECOND)
    cut(simulation, target="all")
    assert not held(site, FIRST + SECOND).any()
    assert held(site, [18]).tolist() == trace.tolist()
    assert excised(site) == pytest.approx(was, rel=1e-12)


def test_the_largest_in_a_region_is_not_that_of_the_site(two):
    simulation = two()
    site = simulation.sites["a"]
    kept = held(site, SECOND)
    cut(simulation, region={"shape": "slab", "low": "0 mm", "high": "2 mm"})
    assert not held(site, FIRST).any()
    assert held(site, SECOND).tolist() == kept.tolist()


def test_a_region_is_cut_whether_a_mass_is_there_or_not(two):
    simulation = two()
    site = simulation.sites["a"]
    was = held(site, [4, 5])
    cut(simulation, target="region", region={"shape": "slab", "low": "0.8 mm", "high": "2 mm"})  # voxels 4 to 9
    assert excised(site) == pytest.approx(was, rel=1e-12)
    assert np.flatnonzero(site.state.tissue.ravel() == 0.0).tolist() == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(("margin", "more"), [("0 mm", 0), ("0.19 mm", 0), ("0.2 mm", 1), ("0.5 mm", 2), ("10 cm", 20)])
def test_a_margin_takes_what_lies_within_it(two, margin, more):
    simulation = two()
    site = cut(simulation, margin=margin)
    expected = [row for row in range(20) if SECOND[0] - more <= row <= SECOND[-1] + more]
    assert np.flatnonzero(site.state.tissue.ravel() == 0.0).tolist() == expected
    assert closed(site) <= 1e-13


def test_a_margin_is_round_and_in_metres():
    mask = np.zeros((1, 9, 15), dtype=bool)
    mask[0, 4, 7] = True
    spacing = (1e-3, 0.4e-3, 0.2e-3)
    centres = np.stack(np.indices((9, 15)), axis=-1).reshape(-1, 2) * np.array(spacing[1:])
    for margin in (0.15e-3, 0.2e-3, 0.4e-3, 0.45e-3, 0.9e-3):
        near = cdist(centres, [[4 * spacing[1], 7 * spacing[2]]]).ravel() <= margin * (1.0 + 1e-9)
        assert np.array_equal(surgery.grown(mask, margin, spacing).ravel(), near)


def test_nothing_to_cut_does_nothing(load):
    for keys in ({}, {"target": "all"}, {"bed": "scar"}, {"bed": "left", "by_size": True, "margin": "1 mm"}):
        simulation = Simulation(load(event("expose", "fraction = 0.2", "s = 0.6")))
        before = {name: array.copy() for name, array in simulation.arrays().items()}
        site = cut(simulation, **keys)
        assert differing(before, simulation.arrays()) == []
        assert not excised(site).any()


def test_nothing_to_cut_in_a_run(load):
    simulation = Simulation(load(event("excise", 'target = "largest"', 'bed = "scar"', at="1 day")))
    simulation.advance(2.0 * DAY)
    assert simulation.observables()["excised_calcium_mg"] == 0.0
    assert not simulation.sites["a"].state.scar.any()
    assert not simulation.sites["a"].state.inflammation.any()


def test_a_second_cut_of_the_largest_takes_the_other(two):
    simulation = two()
    site = simulation.sites["a"]
    for rows in (SECOND, FIRST):
        assert held(site, rows)[0] > 0.0
        cut(simulation, bed="scar")
        assert held(site, rows)[0] == 0.0
    assert np.flatnonzero(site.state.scar).tolist() == FIRST + SECOND


def test_where_two_cuts_overlap_the_share_is_taken_once(load):
    simulation = Simulation(load(grid=LONG))
    site = bind(simulation, [4, 5, 8, 9], [0.1] * 4)
    was = held(site, [4, 5, 8, 9])
    cut(simulation, target="all", margin="0.6 mm", completeness=0.5, bed="left")
    assert excised(site) == pytest.approx(0.5 * was, rel=1e-9)


# --- how much stays ---------------------------------------------------------------------------------------------------


def test_of_a_mass_stays_what_its_size_says(two):
    """Two voxels of 0.2 mm: r_d 0.4 mm, in one axis without lobules."""
    simulation = two()
    site = simulation.sites["a"]
    was = held(site, SECOND)
    cut(simulation, by_size=True, completeness=0.9)
    stays = ROW["residual_by_size"] * 0.4e-3
    assert 0.0 < stays < 0.01
    assert excised(site) == pytest.approx(0.9 * (1.0 - stays) * was, rel=1e-12)
    assert closed(site) <= 1e-13


def test_by_size_each_mass_has_its_own_rest(two):
    simulation = two()
    site = simulation.sites["a"]
    was = [held(site, rows) for rows in (FIRST, SECOND)]
    cut(simulation, target="all", by_size=True)
    for rows, amount, length in ((FIRST, was[0], 0.6e-3), (SECOND, was[1], 0.4e-3)):
        assert held(site, rows) == pytest.approx(ROW["residual_by_size"] * length * amount, rel=1e-9)


def test_by_size_of_a_region_without_a_mass_leaves_nothing(two):
    simulation = two()
    site = simulation.sites["a"]
    cut(simulation, target="region", by_size=True, region={"shape": "slab", "low": "3.4 mm", "high": "4 mm"})  # the trace
    assert not held(site, [18]).any()


def disc(radius, shape, centres):
    y, x = np.indices(shape)
    return np.any([(y - cy) ** 2 + (x - cx) ** 2 < radius**2 for cy, cx in centres], axis=0)


def test_what_is_left_behind_follows_diameter_and_lobules():
    h = 0.5e-3
    for centres, lobules in (([(20, 20)], 1), ([(20, 20), (20, 42)], 2), ([(20, 20), (20, 42), (42, 20)], 3)):
        mask = disc(12.0, (64, 64), centres)
        area = np.count_nonzero(mask) * h * h
        expected = ROW["residual_by_size"] * 2.0 * np.sqrt(area / np.pi) + ROW["residual_by_lobule"] * (lobules - 1)
        assert surgery.left_behind(mask[None], (1e-2, h, h)) == pytest.approx(expected, rel=1e-12)  # the depth does not count
    solid = ball(1.0, 0.1, 24) > 0.5
    volume = np.count_nonzero(solid) * h**3
    assert surgery.left_behind(solid, (h, h, h)) == pytest.approx(
        ROW["residual_by_size"] * (6.0 * volume / np.pi) ** (1.0 / 3.0), rel=1e-12
    )


def test_no_more_than_a_half_is_left_and_nothing_of_nothing():
    assert surgery.left_behind(np.ones((1, 1, 300), dtype=bool), (1e-2, 1e-2, 1e-2)) == ROW["residual_most"]
    assert surgery.left_behind(np.zeros((1, 4, 4), dtype=bool), (1e-3, 1e-3, 1e-3)) == 0.0
    assert surgery.left_behind(np.ones((1, 1, 1), dtype=bool), (1e-2, 1e-2, 1e-2)) == 0.0


# --- the bed ----------------------------------------------------------------------------------------------------------


def test_a_scar_is_native_collagen_and_holds_nothing_of_the_nidus(two):
    """SUR-2 by itself, without the wound beside it."""
    site = two().sites["a"]
    rows = np.array(SECOND)
    before = site.state.substrate.copy()
    site.problem.biology.scar(rows)
    state = site.state
    assert np.array_equal(state.substrate[rows, routes.SURFACE], site.setup.substrate.surface.ravel()[rows])
    assert np.all(state.substrate[rows, routes.STATE] == ROW["scar_state"])
    assert ROW["scar_state"] == 0.9
    for column in (routes.EXPOSED, routes.INFLAMED, routes.ELASTIN):
        assert not state.substrate[rows, column].any()
    for array in (state.debris, state.giant, state.healing, state.inflammation):
        assert not array[rows].any()
    assert np.all(state.vessels_end[rows] == ROW["scar_perfusion"])
    assert np.flatnonzero(state.scar).tolist() == SECOND
    others = np.setdiff1d(np.arange(20), rows)
    assert np.array_equal(state.substrate[others], before[others])
    assert np.all(state.debris[others] == 1e16)


def beside(share):
    """What an incision does to voxels of which it reaches this share."""
    usual = row("incision")
    return {name: share * usual[name] for name in ("fraction", "debris", "inflammation", "vessels_lost")} | {"state": usual["state"]}


SIDES = [11, 14]  # of the second mass
HALF = ROW["cut_depth"] / 0.2e-3  # of a voxel


def check_wound(state, rows, others):
    """The wound of a cut (SUR-3) lies in these voxels, which were open to 0.3 at 0.5, and in no other."""
    wound = beside(HALF)
    assert state.substrate[rows, routes.EXPOSED] == pytest.approx(1.0 - 0.7 * (1.0 - wound["fraction"]))
    assert np.all(state.substrate[rows, routes.EXPOSED_STATE] == 0.5)  # the worse of the two
    assert state.debris[rows] == pytest.approx(1e16 + wound["debris"])
    assert state.inflammation[rows] == pytest.approx(0.2 + wound["inflammation"])
    assert state.vessels[rows] == pytest.approx(1.0 - wound["vessels_lost"])
    assert state.substrate[others, routes.EXPOSED] == pytest.approx(0.3)
    assert np.all(state.debris[others] == 1e16)
    assert np.all(state.inflammation[others] == 0.2)
    assert np.all(state.vessels[others] == 1.0)


def test_a_cut_to_a_scar_leaves_nothing_open_in_it_and_a_wound_beside_it(two):
    simulation = two()
    site = cut(simulation, bed="scar")
    state, rows = site.state, np.array(SECOND)
    check_wound(state, SIDES, np.setdiff1d(np.arange(20), SECOND + SIDES))
    for column in (routes.EXPOSED, routes.INFLAMED, routes.ELASTIN):
        assert not state.substrate[rows, column].any()
    for array in (state.debris, state.giant, state.inflammation):
        assert not array[rows].any()
    assert np.all(state.substrate[rows, routes.STATE] == 0.9)
    assert np.array_equal(state.substrate[rows, routes.SURFACE], site.setup.substrate.surface.ravel()[rows])
    assert np.all(state.tissue == 1.0)
    site.restart()
    simulation.advance(200.0 * DAY)
    assert state.vessels[rows] == pytest.approx(ROW["scar_perfusion"], rel=1e-6)
    assert np.all(state.vessels[np.setdiff1d(np.arange(20), rows)] > 0.999)


def test_a_bed_that_is_left_keeps_what_was_open(two):
    simulation = two()
    site = simulation.sites["a"]
    before = site.state.substrate.copy()
    cut(simulation, bed="left")
    state = site.state
    check_wound(state, SIDES, np.setdiff1d(np.arange(20), SIDES))
    for column in (routes.SURFACE, routes.STATE, routes.INFLAMED, routes.ELASTIN):
        assert np.array_equal(state.substrate[:, column], before[:, column])
    assert np.all(state.giant == 0.4)
    assert np.all(state.vessels_end == 1.0)
    assert not state.scar.any()
    assert np.all(state.tissue == 1.0)


@pytest.mark.parametrize(("edge", "share"), [("0.05 mm", 1.0), ("0.1 mm", 1.0), ("0.4 mm", 0.25)])
def test_a_knife_reaches_its_depth_and_no_more_than_a_voxel(load, edge, share):
    simulation = Simulation(load(grid=LONG.replace("0.2 mm", edge)))
    site = bind(simulation, SECOND, [0.1, 0.1])
    cut(simulation, bed="scar")
    wound = beside(share)
    assert site.state.substrate[SIDES, routes.EXPOSED] == pytest.approx(wound["fraction"])
    assert site.state.substrate[SIDES, routes.EXPOSED_STATE] == pytest.approx(wound["state"])
    assert site.state.inflammation[SIDES] == pytest.approx(wound["inflammation"])
    assert np.flatnonzero(site.state.inflammation).tolist() == SIDES


def test_the_depth_of_a_thin_sheet_is_no_edge_of_a_voxel(load):
    simulation = Simulation(load(grid=LONG.replace('"1 mm"', '"0.05 mm"')))
    site = bind(simulation, SECOND, [0.1, 0.1])
    cut(simulation, bed="scar")
    assert site.state.inflammation[SIDES] == pytest.approx(beside(HALF)["inflammation"])


def test_two_scars_side_by_side_hold_no_wound(load):
    """One voxel lies between the masses: with a margin of one the cuts touch or share it, and the scar is one."""
    simulation = Simulation(load(grid=LONG))
    site = bind(simulation, [4, 5, 8, 9], [0.12, 0.12, 0.1, 0.1])
    cut(simulation, target="all", margin="0.2 mm", bed="scar")
    scar = np.flatnonzero(site.state.scar)
    assert scar.tolist() == list(range(3, 11))
    assert not site.state.substrate[scar, routes.EXPOSED].any()
    assert np.flatnonzero(site.state.inflammation).tolist() == [2, 11]


def test_a_void_is_what_an_excision_always_was(two):
    """The bytes of Site.excise, and no wound: nothing grows where no tissue is."""
    simulation, plain = two(), two()
    cut(simulation, bed="void", completeness=0.6)
    mask = np.zeros(plain.sites["a"].setup.shape, dtype=bool)
    mask[..., SECOND] = True
    plain.sites["a"].excise(mask, 0.6)
    assert differing(simulation.arrays(), plain.arrays()) == []
    state = simulation.sites["a"].state
    assert state.tissue.ravel()[SECOND] == pytest.approx(0.4)
    assert state.debris[SECOND] == pytest.approx(0.4e16)
    assert np.all(state.vessels == 1.0)


def test_a_scar_grows_less_again_than_a_bed_that_was_left(load):
    """The nidus decides: after the cut, in the same uraemia."""
    left = {}
    for bed in ("left", "scar"):
        region = 'region = { shape = "slab", low = "0.4 mm", high = "1.2 mm" }'
        wound = event("expose", "fraction = 0.3", "s = 0.6", region)
        more = wound + event("excise", region, f'bed = "{bed}"', at="10 day")
        simulation = Simulation(load(more, plasma=URAEMIC, duration="40 day"))
        simulation.advance(40.0 * DAY)
        left[bed] = simulation.sites["a"].mineral().ravel()
        got = simulation.observables()
        assert got["excised_calcium_mg"] > 0.0
        assert max(got[f"ledger_{name}_relative"] for name in ("calcium", "phosphorus", "alkalinity")) <= 1e-12
    assert left["scar"].sum() < 0.5 * left["left"].sum()


def test_an_implant_that_is_cut_out_to_a_scar_is_gone(load):
    """The nidus is gone too, as after an excision that leaves a void: nothing of the cusp is there to calcify again."""
    painted = '[[site.region]]\nname = "cusp"\nshape = "slab"\nlow = "0.6 mm"\nhigh = "1.0 mm"\nmaterial = "cusp-fixed"\n'
    simulation = Simulation(load(painted + event("excise", 'region = "cusp"', 'bed = "scar"', at="1 day"), duration="8 day"))
    simulation.advance(1.0 * DAY)
    state = simulation.sites["a"].state
    assert not simulation.sites["a"].mineral().ravel()[3:5].any()
    assert np.all(state.debris[3:5] < 1e16)
    assert state.scar.tolist() == [0, 0, 0, 1, 1, 0, 0, 0]


def test_a_point_is_a_mass_too(load):
    simulation = Simulation(load(grid=POINT))
    site = bind(simulation, [0], [0.1])
    was = held(site, [0])
    cut(simulation, bed="scar", by_size=True, margin="1 mm", completeness=0.8)
    assert excised(site) == pytest.approx(0.8 * was, rel=1e-12)
    assert site.state.scar.tolist() == [1.0]


# --- in runs ----------------------------------------------------------------------------------------------------------


def test_of_two_wounds_the_larger_deposit_is_cut(load):
    """Two regions of injury in two axes, in a real run: what was grown is seen, cut and booked."""
    grid = 'shape = [12, 6]\nspacing = "0.2 mm"\ndepth = "1 mm"'
    low, high = ('region = {{ shape = "box", low = ["{} mm", "0.4 mm", "0 mm"], high = ["{} mm", "0.8 mm", "1 mm"] }}'.format(*ends)
                 for ends in (("0.2", "0.6"), ("1.4", "2.2")))  # fmt: skip
    wounds = event("expose", "fraction = 0.2", "s = 0.6", low) + event("expose", "fraction = 0.2", "s = 0.6", high)
    more = wounds + event("excise", 'target = "largest"', 'bed = "scar"', at="8 day")
    simulation, plain = (Simulation(load(one, grid=grid, plasma=URAEMIC, duration="9 day")) for one in (more, wounds))
    for one in (simulation, plain):
        one.advance(8.0 * DAY)
    site, other = simulation.sites["a"], plain.sites["a"]
    everywhere = np.ones(site.setup.shape, dtype=bool)
    large, small = surgery.masses(other, everywhere)
    assert np.flatnonzero(large).size == 8
    assert np.flatnonzero(small).size == 4
    assert not site.mineral()[large].any()
    assert np.array_equal(site.mineral()[small], other.mineral()[small])
    assert excised(site)[0] == pytest.approx(other.mineral()[large].sum() * site.setup.voxel_volume, rel=1e-9)
    assert np.array_equal(site.on_grid(site.state.scar) > 0.0, large)
    simulation.advance(9.0 * DAY)
    assert closed(site) <= 1e-12


@pytest.mark.parametrize("bed", ["scar", "left", "void"])
def test_a_run_stopped_after_surgery_ends_with_the_same_bytes(load, bed):
    region = 'region = { shape = "slab", low = "0.4 mm", high = "1.2 mm" }'
    more = event("expose", "fraction = 0.3", "s = 0.6", region) + event(
        "excise", 'target = "largest"', "by_size = true", f'bed = "{bed}"', 'margin = "0.2 mm"', at="5 day"
    )
    scenario = load(more, keys=BUSY, plasma=URAEMIC, grid=LINE, duration="8 day")
    whole, first = Simulation(scenario), Simulation(scenario)
    whole.advance(8.0 * DAY)
    assert whole.observables()["excised_calcium_mg"] > 0.0
    first.advance(5.0 * DAY)
    assert not first.advance(8.0 * DAY, after_steps(5))
    assert 5.0 * DAY < first.time < 8.0 * DAY
    second = Simulation.restore(scenario, first.arrays(), first.meta())
    second.advance(8.0 * DAY)
    assert differing(whole.arrays(), second.arrays()) == []


def test_mineral_that_was_cut_leaves_its_room_to_plasma_water(two):
    simulation = two()
    site = simulation.sites["a"]
    freed = site.filled().ravel()[SECOND].copy()
    before = site.state.u[(slice(None), *INNER)].reshape(-1, 20)[:, SECOND].copy()
    cut(simulation, bed="scar")
    change = site.state.u[(slice(None), *INNER)].reshape(-1, 20)[:, SECOND] - before
    assert change == pytest.approx(freed * site.setup.plasma[:, None], rel=1e-9)
    assert site.open_porosity().ravel()[SECOND] == pytest.approx(site.setup.initial_porosity.ravel()[SECOND], rel=1e-12)

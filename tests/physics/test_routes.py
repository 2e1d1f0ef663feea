"""Where nuclei form: collagen by type, elastin, a device, mineral, finite pools of sites, and the fluid itself."""

import math
from dataclasses import replace

import numpy as np
import pytest

from calcisim import scenario as door
from calcisim.physics import kinetics, routes
from calcisim.physics.nucleation import interfacial_energy, nucleation_rate
from calcisim.physics.seeding import RANDOM_ARRIVALS
from calcisim.simulation import assembly
from calcisim.simulation.run import Simulation

DAY = 86400.0
SIGMA, PROTECTION = 2.6, 0.1


@pytest.fixture(scope="module")
def law():
    return assembly.model(door.load("healthy/dermis")).nucleation


def voxel(**columns):
    """A substrate of one voxel, by the names of the columns."""
    row = np.zeros((1, routes.SUBSTRATE_COLUMNS))
    for name, value in columns.items():
        row[0, getattr(routes, name.upper())] = value
    return row


def rate_on(law, state):
    alpha = interfacial_energy(max(state, 0.0), PROTECTION, law.base, law.slope, law.fluid, law.fade_start)
    return nucleation_rate(law.prefactor, alpha, SIGMA, law.barrier)


def surface(law, substrate, exposed=0.0, mineral=0.0, sigma=SIGMA):
    return routes.surface_nucleation(substrate, 0, exposed, PROTECTION, sigma, mineral, law)


# --- collagen (NUC-9, NUC-10) -----------------------------------------------------------------------------------------


def test_collagen_of_type_one_by_hand(law):
    rate, _, collagen = surface(law, voxel(surface=1e5, state=0.6))
    assert rate == pytest.approx(1e5 * rate_on(law, 0.6), rel=1e-12)
    assert collagen == rate


@pytest.mark.parametrize(("two", "three"), [(1.0, 0.0), (0.0, 1.0), (0.2, 0.3)])
def test_types_of_collagen_each_at_their_own_state(law, two, three):
    law = law._replace(offsets=np.array([-0.2, 0.1]))
    rate = surface(law, voxel(surface=1e5, state=0.6, type_2=two, type_3=three))[0]
    mean = (1.0 - two - three) * rate_on(law, 0.6) + two * rate_on(law, 0.4) + three * rate_on(law, 0.7)
    assert rate == pytest.approx(1e5 * mean, rel=1e-12)


def test_offsets_of_the_data_file_reach_the_law(law):
    from calcisim import parameters

    row = parameters.values("nucleation")
    assert law.offsets.tolist() == [row["collagen_2_state_offset"], row["collagen_3_state_offset"]]
    one, two = (surface(law, voxel(surface=1e5, state=0.6, type_2=share))[0] for share in (0.0, 1.0))
    assert (one > two) == (law.offsets[0] > 0.0)  # a state nearer to one is nearer to intact
    assert one != two


def test_a_state_does_not_go_beyond_one(law):
    law = law._replace(offsets=np.array([5.0, 0.0]))
    assert surface(law, voxel(surface=1e5, state=0.6, type_2=1.0))[0] == pytest.approx(1e5 * rate_on(law, 1.0), rel=1e-12)


def test_the_exposed_share_has_its_own_state(law):
    rate = surface(law, voxel(surface=1e5, state=0.5, exposed_state=0.8), exposed=0.3)[0]
    assert rate == pytest.approx(1e5 * (0.7 * rate_on(law, 0.5) + 0.3 * rate_on(law, 0.8)), rel=1e-12)


# --- elastin, device, mineral -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["elastin", "device"])
def test_elastin_and_devices_add_their_area_and_are_no_collagen(law, name):
    alone = surface(law, voxel(**{name: 2e4, f"{name}_state": 0.7}))
    assert alone[0] == pytest.approx(2e4 * rate_on(law, 0.7), rel=1e-12)
    assert alone[2] == 0.0
    both = surface(law, voxel(surface=1e5, state=0.6, **{name: 2e4, f"{name}_state": 0.7}))
    assert both[0] == pytest.approx(alone[0] + both[2], rel=1e-12)
    assert both[2] == pytest.approx(1e5 * rate_on(law, 0.6), rel=1e-12)


def test_mineral_is_no_substrate_unless_asked(law):
    assert law.secondary_state < 0.0
    bare = surface(law, voxel(surface=1e5, state=0.6))[0]
    assert surface(law, voxel(surface=1e5, state=0.6), mineral=1e6)[0] == bare


def test_secondary_nucleation_can_be_asked_for():
    law = assembly.model(door.load("healthy/dermis", ("population.secondary_nucleation=true",))).nucleation
    assert 0.0 <= law.secondary_state <= 1.0
    rates = [surface(law, voxel(surface=1e5, state=0.6), mineral=area)[0] for area in (0.0, 1e5, 2e5)]
    assert rates[1] - rates[0] == pytest.approx(1e5 * rate_on(law, law.secondary_state), rel=1e-9)
    assert rates[2] - rates[1] == pytest.approx(rates[1] - rates[0], rel=1e-9)


def test_mineral_nucleates_more_mineral_in_a_run_that_asks():
    nuclei = []
    for asked in ("false", "true"):
        model = Simulation(door.load("dystrophic/subdermal-cusp", (f"population.secondary_nucleation={asked}",), True))
        model.advance(DAY)
        nuclei.append(model.observables()["nuclei"])
    assert nuclei[1] > nuclei[0] > 0.0


@pytest.mark.parametrize("exposed", [0.0, 0.3])
def test_the_slope_over_all_surfaces_is_a_derivative(law, exposed):
    law = law._replace(secondary_state=0.5)
    substrate = voxel(
        surface=1e5, state=0.6, exposed_state=0.8, type_2=0.2, type_3=0.1, elastin=3e4, elastin_state=0.7, device=1e4, device_state=0.9
    )
    h = 1e-6
    slope = surface(law, substrate, exposed, 2e4)[1]
    numeric = (surface(law, substrate, exposed, 2e4, SIGMA + h)[0] - surface(law, substrate, exposed, 2e4, SIGMA - h)[0]) / (2.0 * h)
    assert slope == pytest.approx(numeric, rel=1e-6)


def test_no_surface_and_no_saturation_give_no_nuclei(law):
    assert surface(law, voxel()) == (0.0, 0.0, 0.0)
    assert surface(law, voxel(surface=1e5, state=0.6, elastin=1e4), sigma=0.0) == (0.0, 0.0, 0.0)
    assert surface(law, voxel(surface=1e5, state=0.6, elastin=1e4), sigma=-1.0) == (0.0, 0.0, 0.0)


# --- finite pools (NUC-11) --------------------------------------------------------------------------------------------


def test_sites_nucleate_by_their_area_and_state(law):
    for site in (law.debris, law.nucleator):
        rate, slope = routes.site_nucleation(site, PROTECTION, SIGMA, law)
        assert rate == pytest.approx(site[1] * rate_on(law, site[0]), rel=1e-12)
        h = 1e-6
        sides = [routes.site_nucleation(site, PROTECTION, SIGMA + sign * h, law)[0] for sign in (1.0, -1.0)]
        assert slope == pytest.approx((sides[0] - sides[1]) / (2.0 * h), rel=1e-6)
        assert routes.site_nucleation(site, PROTECTION, 0.0, law) == (0.0, 0.0)


def test_the_nucleators_of_serum_are_used_up_and_no_more():
    """Births in the fluid are what the pool has lost, and the pool falls without end towards nothing."""
    model = Simulation(door.load("invitro/dmem-serum", quick=True))
    (site,) = model.sites.values()
    start = site.state.nucleators.copy()
    assert start.min() > 0.0
    left = [start.sum()]

    def watch():
        left.append(float(site.state.nucleators.sum()))
        assert site.state.nucleators.min() >= 0.0
        return False

    model.advance(0.5 * DAY, watch)
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0]
    lost = float((start - site.state.nucleators).sum()) * site.setup.voxel_volume
    assert lost == pytest.approx(float(site.state.arrivals.expected.sum()), rel=1e-6)
    assert abs(float(site.state.progress[1]) - lost) < 5.0 * math.sqrt(RANDOM_ARRIVALS)  # what chance adds before the count is continuous
    assert not site.state.debris.any()


def test_a_pool_empties_as_its_rate_says(law):
    """B = B0 exp(−∫a J dt), so a million times the rate leaves next to nothing and never less than nothing."""
    model = Simulation(door.load("invitro/dmem-serum", quick=True))
    (site,) = model.sites.values()
    site.problem.model = replace(site.model, nucleation=site.model.nucleation._replace(nucleator=law.nucleator * np.array([1.0, 1e6])))
    start = float(site.state.nucleators.sum())
    site.problem.refresh()
    model.advance(0.5 * DAY)
    assert 0.0 <= float(site.state.nucleators.sum()) < 1e-3 * start


# --- the fluid (NUC-12) -----------------------------------------------------------------------------------------------


def test_the_fluid_nucleates_more_the_further_it_is_above_saturation(law):
    logs = np.linspace(0.5, 40.0, 200)
    rates = np.array([routes.homogeneous_nucleation(value, law)[0] for value in logs])
    alive = rates > 0.0
    assert alive.any()
    assert np.all(np.diff(rates) >= 0.0)
    assert np.all(np.diff(rates[alive]) > 0.0)
    assert routes.homogeneous_nucleation(0.0, law) == (0.0, 0.0)
    assert routes.homogeneous_nucleation(-5.0, law) == (0.0, 0.0)
    assert routes.homogeneous_nucleation(1e9, law)[0] == pytest.approx(law.homogeneous[0], rel=1e-6)


def test_the_barrier_of_the_fluid_is_that_of_a_sphere(law):
    """ln(A/J) = C γ³/σ²: four times higher at half the saturation."""
    first = math.log(law.homogeneous[0] / routes.homogeneous_nucleation(16.0, law)[0])
    second = math.log(law.homogeneous[0] / routes.homogeneous_nucleation(32.0, law)[0])
    assert first == pytest.approx(4.0 * second, rel=1e-9)
    h = 1e-6
    rate, slope = routes.homogeneous_nucleation(20.0, law)
    sides = [routes.homogeneous_nucleation(20.0 + sign * h, law)[0] for sign in (1.0, -1.0)]
    assert slope == pytest.approx((sides[0] - sides[1]) / (2.0 * h), rel=1e-6)
    assert rate > 0.0


def test_body_fluid_does_not_nucleate_by_itself(law):
    """ACP is near ln Ω = 1 in plasma: one nucleus in a cubic centimetre would take longer than a life."""
    rate = routes.homogeneous_nucleation(1.5, law)[0]
    assert rate * 1e-6 * 3e9 < 1e-3


# --- what the fluid does to surfaces ----------------------------------------------------------------------------------


def test_exposed_surface_heals_within_the_step(law):
    substrate = voxel(exposed=0.4, healing=1.0 / DAY)
    shares = [routes.fluid_effects(substrate, 0, 0.5, elapsed, law)[3] for elapsed in (0.0, 0.5 * DAY, DAY)]
    assert shares == pytest.approx([0.4, 0.4 * math.exp(-0.5), 0.4 * math.exp(-1.0)])


def test_magnesium_enters_protection_and_affinity(law):
    substrate = voxel(magnesium_weight=0.5, magnesium_affinity=3.0, affinity=1.0, affinity_inside=0.2, protection=0.1)
    protection, outside, inside, _ = routes.fluid_effects(substrate, 0, law.magnesium_healthy, 0.0, law)
    assert (protection, outside) == pytest.approx((0.1, 1.0 + 3.0 * law.magnesium_healthy))
    assert outside - inside == pytest.approx(0.8)
    assert routes.fluid_effects(substrate, 0, 10.0 * law.magnesium_healthy, 0.0, law)[0] > protection


@pytest.mark.parametrize("name", ["invitro/t50", "invitro/fetuin-5x5"])
def test_where_the_births_of_a_tube_come_from(name):
    """Without tissue all nuclei form in the fluid: as many as the share of the rate there says."""
    model = Simulation(door.load(name, quick=True))
    model.advance(0.01 * DAY)
    site = next(iter(model.sites.values()))
    assert site.state.substrate[:, routes.SURFACE].max() == 0.0
    local = site.problem.local
    assert np.all(local[kinetics.BORN] == 0.0)
    assert local[kinetics.BORN_FREE].sum() > 0.0
    assert np.all(local[kinetics.FREE_RATE] == pytest.approx(local[kinetics.TOTAL_RATE]))

"""What a run reports of phases, primaries and particles: states set by hand, so that every number can be worked out."""

import math
from functools import cache

import numpy as np
import pytest

from calcisim import scenario
from calcisim.physics import clumping
from calcisim.physics.growth import growth_coordinate
from calcisim.physics.kinetics import BOUND, FREE, INSIDE
from calcisim.physics.phases import ACP, HAP
from calcisim.results import observables, summary
from calcisim.simulation import measures
from calcisim.simulation.run import Simulation
from calcisim.simulation.setup import INNER

NEW = (
    *(f"{name}_fraction" for name in measures.NAMES), "sphere_median_um", "sphere_polydispersity", "captured_fraction",
    "collagen_associated_fraction", "intrafibrillar_fraction", "colloid_fraction", "particle_median_um", "particle_polydispersity",
    "largest_particle_um", "fused_fraction",
)  # fmt: skip


@cache
def loaded():
    return scenario.load("metastatic/ckd-constant", (), True)


@pytest.fixture
def simulation():
    """A coarse patch of tissue at day 0, without mineral."""
    return Simulation(loaded(), 1)


def lay(site, cohorts, phases, on_collagen=1.0):
    """Put cohorts (place, number [1/m³], relative radius y, bare share) and phases (phase → mol/m³) into the first active voxel."""
    state, law = site.state, site.model.clump
    site.problem.conductance[...] = 1.0  # known only after a first step
    state.make_room(np.array([0]))
    held = np.zeros(2)
    primaries, volume = np.zeros((2, 1)), np.zeros((2, 1))
    for place, number, y, bare in sorted(cohorts, key=lambda row: -row[2]):
        k = state.count[place, 0]
        state.number[place, 0, k], state.bare[place, 0, k] = number, bare
        state.coordinate[place, 0, k] = growth_coordinate(y, site.model.particle.terminal_exponent)
        state.count[place, 0] += 1
        kind = 1 if place == FREE else 0
        primaries[kind] += number
        volume[kind] += number * 4.0 / 3.0 * math.pi * (site.model.particle.terminal_radius * y) ** 3
        held[kind] += number
    clumping.normalise_clumps(law.edges, state.clumps[..., :1], primaries, volume, 0, 1)
    state.on_collagen[0] = on_collagen * held[0]
    index = np.unravel_index(site.active[0], site.setup.shape)
    for phase, amount in phases.items():
        state.mineral[(phase, *INNER)][index] = amount


def test_without_mineral_all_are_null(simulation):
    row = observables.evaluate(simulation)
    assert {row[name] for name in NEW} == {None}
    assert row["free_fetuin_umol_per_l"] == pytest.approx(loaded().fluid.fetuin * 1e3)
    assert (row["engulfed_calcium_mg"], row["drained_calcium_mg"]) == (0.0, 0.0)
    assert all(observables.REGISTRY[name].numeric for name in NEW)


def test_the_required_names_are_in_every_summary(simulation):
    document = summary.build({}, observables.evaluate(simulation), {})
    names = (
        "clump_count", "largest_clump_mm", "sphericity", "lobules", "box_dimension", "sphere_median_um", "captured_fraction",
        "collagen_associated_fraction", "acp_fraction", "hap_fraction",
    )  # fmt: skip
    assert set(names) <= set(summary.REQUIRED) & set(document)


def test_shares_are_by_volume_and_phases_by_calcium(simulation):
    site = simulation.sites["joint"]
    # Volumes y³: 1 bound, 2 inside, 5 free, of which the shielded 80 %.
    cohorts = [(BOUND, 1e12, 1.0, 1.0), (INSIDE, 16e12, 0.5, 1.0), (FREE, 5e12, 1.0, 0.2)]
    lay(site, cohorts, {ACP: 1.0, HAP: 2.0}, on_collagen=0.5)
    row = simulation.observables()
    assert row["captured_fraction"] == pytest.approx(3 / 8, rel=1e-4)
    assert row["intrafibrillar_fraction"] == pytest.approx(2 / 8, rel=1e-4)
    assert row["collagen_associated_fraction"] == pytest.approx(1.5 / 8, rel=1e-4)
    assert row["colloid_fraction"] == pytest.approx(4 / 8, rel=1e-4)
    calcium = site.model.phases.calcium
    share = calcium[ACP] / (calcium[ACP] + 2 * calcium[HAP])
    assert row["acp_fraction"] == pytest.approx(share)
    assert row["hap_fraction"] == pytest.approx(1 - share)
    assert row["ocp_fraction"] == 0.0
    assert sum(row[f"{name}_fraction"] for name in measures.NAMES) == pytest.approx(1.0)


def test_sizes_of_primaries(simulation):
    site = simulation.sites["joint"]
    largest = 2e6 * site.model.particle.terminal_radius
    lay(site, [(BOUND, 1e12, 0.4, 1.0), (BOUND, 2e12, 0.6, 1.0), (FREE, 1e12, 0.8, 1.0)], {HAP: 1.0})
    row = simulation.observables()
    assert row["sphere_median_um"] == pytest.approx(0.6 * largest, rel=1e-4)
    assert row["sphere_polydispersity"] == pytest.approx(math.sqrt(0.02) / 0.6, rel=1e-4)
    assert row["primary_radius_um"] == pytest.approx(0.3 * largest, rel=1e-4)


def test_radii_are_those_of_the_kernels(simulation):
    site = simulation.sites["joint"]
    lay(site, [(BOUND, 1e12, y, 1.0) for y in np.linspace(0.01, 1.3, 20)], {HAP: 1.0})
    (found,) = measures.primaries(site)
    assert np.sort(found.radius) == pytest.approx(np.linspace(0.01, 1.3, 20), rel=2e-5)
    assert np.all(found.number == 1e12)
    assert np.all(found.place == BOUND)


def test_particles_are_counted_by_what_they_became(simulation):
    """Clumps of ten: nine tenths of the primaries are fused, and the particle is larger by the cube root of ten."""
    site = simulation.sites["joint"]
    lay(site, [(BOUND, 1e12, 0.5, 1.0)], {HAP: 1.0})
    alone = simulation.observables()
    assert alone["fused_fraction"] == pytest.approx(0.0)
    assert alone["particle_median_um"] == pytest.approx(alone["largest_particle_um"], rel=0.02)  # within its class
    clumps = site.state.clumps
    k = int(np.argmax(clumps[0, 0, :, 0]))
    number, volume = 1e11, clumps[0, 1, k, 0]
    clumps[...] = 0.0
    k = int(np.searchsorted(site.model.clump.edges, volume / number)) - 1
    clumps[0, :3, k, 0] = number, volume, 1e12
    row = simulation.observables()
    assert row["fused_fraction"] == pytest.approx(0.9)
    assert row["largest_particle_um"] == pytest.approx(10 ** (1 / 3) * alone["largest_particle_um"])
    assert row["particle_polydispersity"] == pytest.approx(0.0, abs=1e-9)
    assert row["sphere_median_um"] == alone["sphere_median_um"]
    maps = simulation.fields()["joint"]
    assert maps["particles"][0].sum() == pytest.approx(number)
    assert np.max(maps["particle_diameter"][0]) == pytest.approx(row["largest_particle_um"] * 1e-6)
    assert np.count_nonzero(maps["particle_diameter"][0]) == 1


def test_maps_of_the_phases_add_up(simulation):
    lay(simulation.sites["joint"], [(BOUND, 1e12, 0.5, 1.0)], {ACP: 1.0, HAP: 2.0})
    maps = simulation.fields()["joint"]
    parts = sum(maps[f"{name}_calcium"][0] for name in measures.NAMES)
    assert parts == pytest.approx(maps["mineral_calcium"][0])
    assert maps["acp_calcium"][0].max() == pytest.approx(simulation.sites["joint"].model.phases.calcium[ACP])
    assert {maps[f"{name}_calcium"][1] for name in measures.NAMES} == {"mol m-3"}


def test_spectra_hold_all_particles_and_their_solid(simulation):
    site = simulation.sites["joint"]
    lay(site, [(BOUND, 1e12, 0.5, 1.0), (FREE, 2e12, 0.5, 1.0)], {HAP: 1.0})
    found = simulation.spectra()["joint"]
    share = site.setup.voxel_volume / site.volume()
    each = 4.0 / 3.0 * math.pi * (0.5 * site.model.particle.terminal_radius) ** 3
    assert found["edges"].shape[0] == found["bound"].shape[0] + 1
    assert (np.diff(found["edges"]) > 0).all()
    assert found["bound"].sum() == pytest.approx(1e12 * share)
    assert found["mobile"].sum() == pytest.approx(2e12 * share)
    assert found["mobile_volume"].sum() == pytest.approx(2e12 * share * each)
    k = int(np.argmax(found["bound"]))
    assert found["edges"][k] <= site.model.particle.terminal_radius <= found["edges"][k + 1]


def test_totals_over_sites_are_weighted_by_what_each_holds():
    """Two sites with very different amounts: the total is that of both thrown together, not a mean of the two."""
    (one,) = loaded().site
    both = loaded().model_copy(update={"site": (one, one.model_copy(update={"name": "hip"}))})
    simulation = Simulation(both, 1)
    lay(simulation.sites["joint"], [(BOUND, 9e12, 0.5, 1.0)], {ACP: 9.0})
    lay(simulation.sites["hip"], [(FREE, 1e12, 1.0, 0.0)], {HAP: 1.0})
    row = simulation.observables()
    joint, hip = row["sites"]["joint"], row["sites"]["hip"]
    calcium = simulation.sites["hip"].model.phases.calcium
    assert row["hap_fraction"] == pytest.approx(calcium[HAP] / (9 * calcium[ACP] + calcium[HAP]))
    assert (joint["captured_fraction"], hip["captured_fraction"], hip["colloid_fraction"]) == (1.0, 0.0, 1.0)
    assert row["captured_fraction"] == pytest.approx(9 / 17, rel=1e-4)
    assert row["sphere_median_um"] == pytest.approx(joint["sphere_median_um"], rel=0.1)
    assert row["largest_particle_um"] == pytest.approx(hip["largest_particle_um"])
    assert row["calcium_phosphorus_ratio"] == pytest.approx(
        (row["deposit_calcium_mg"] / measures.CALCIUM_MASS) / (row["deposit_phosphorus_mg"] / measures.PHOSPHORUS_MASS)
    )
    assert row["free_fetuin_umol_per_l"] == pytest.approx(joint["free_fetuin_umol_per_l"])
    empty = simulation.sites["joint"]
    empty.state.fetuin[:] = 0.0
    row = simulation.observables()
    assert row["free_fetuin_umol_per_l"] == pytest.approx(0.5 * row["sites"]["hip"]["free_fetuin_umol_per_l"])


def test_a_fluid_without_fetuin_has_none():
    simulation = Simulation(scenario.load("invitro/dmem-protein-free", (), True), 1)
    assert simulation.observables()["free_fetuin_umol_per_l"] is None


def test_what_cells_take_and_what_is_poured_off_are_losses(simulation):
    site = simulation.sites["joint"]
    site.state.ledger.book("engulfed", np.array([-1e-6, 0.0, 0.0, 0.0]))
    site.state.ledger.book("drained", np.array([-2e-6, 0.0, 0.0, 0.0]))
    row = simulation.observables()
    assert row["engulfed_calcium_mg"] == pytest.approx(40.078e-3)
    assert row["drained_calcium_mg"] == pytest.approx(2 * 40.078e-3)

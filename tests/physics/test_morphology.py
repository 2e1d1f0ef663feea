"""The particle engine: contacts by their formulas, no overlap, known rates and dimensions, the same bytes again."""

import math

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from calcisim.physics import morphology, morphology_fibres, morphology_shape
from calcisim.physics.morphology import Growing, grow
from calcisim.physics.morphology_near import fibre_distance, touch_fibre, touch_sphere
from calcisim.physics.morphology_turn import turned

SMALL = Growing(particles=1200, clusters=12, fraction=0.004)
BOX = np.array([50.0, 50.0, 50.0, 1.0, 1.0, 1.0])


def assert_sound(pack):
    """Nobody overlaps anybody, every cluster hangs together by contacts, and all particles are there."""
    edges = pack.box.copy()
    edges[edges > 1e9] = 10.0  # in the plane nothing lies above or below
    inside = pack.position % edges
    tree = cKDTree(inside, boxsize=edges)
    near = tree.query_pairs(1.0 + 1e-5, output_type="ndarray")
    apart = inside[near[:, 0]] - inside[near[:, 1]]
    apart -= edges * np.round(apart / edges)
    assert np.linalg.norm(apart, axis=1).min(initial=1.0) >= 1.0 - 1e-8
    own = near[pack.cluster[near[:, 0]] == pack.cluster[near[:, 1]]]
    count = len(pack.position)
    pieces, label = connected_components(coo_matrix((np.ones(len(own)), own.T), shape=(count, count)), directed=False)
    assert pieces == pack.cluster.max() + 1
    assert all(len(set(pack.cluster[label == piece])) == 1 for piece in range(pieces))
    assert np.isfinite(pack.position).all()
    sizes = np.bincount(pack.cluster)
    assert sizes.sum() == count
    assert (np.diff(sizes) <= 0).all()  # numbered from the largest


@pytest.mark.nojit
def test_touch_is_where_the_distance_is_one():
    draw = np.random.default_rng(3)
    touched = 0
    for _ in range(600):
        place, way = draw.normal(size=3) * 1.5, draw.normal(size=3)
        way /= np.linalg.norm(way)
        if np.linalg.norm(place) < 1.0:
            continue
        found = touch_sphere(*place, *way, 5.0)
        along = np.linspace(0.0, 5.0, 2001)
        distance = np.linalg.norm(along[:, None] * way - place, axis=1)
        if found < 5.0:
            touched += 1
            assert np.linalg.norm(found * way - place) == pytest.approx(1.0, abs=1e-9)
            assert (distance[along < found - 1e-9] >= 1.0 - 1e-9).all()
        else:
            assert distance.min() > 1.0 - 1e-4
    assert touched > 20


@pytest.mark.nojit
def test_touching_a_fibre_is_where_the_distance_is_both_radii():
    draw = np.random.default_rng(5)
    fibre = np.array([[10.0, 20.0, 20.0, 1.0, 0.0, 0.0, 3.0]])
    touched = 0
    for _ in range(600):
        place = np.array([11.5, 20.0, 20.0]) + draw.normal(size=3) * 2.0
        way = draw.normal(size=3)
        way /= np.linalg.norm(way)
        if fibre_distance(*place, 0, fibre, BOX) < 1.7:
            continue
        found = touch_fibre(*place, 0, *way, 4.0, fibre, 1.2, BOX)
        if found < 4.0:
            touched += 1
            assert fibre_distance(*(place + found * way), 0, fibre, BOX) == pytest.approx(1.7, abs=1e-9)
        moved = touch_fibre(*(place + 50.0 * np.array([1.0, -1.0, 0.0])), 0, *way, 4.0, fibre, 1.2, BOX)
        assert moved == pytest.approx(found, abs=1e-9)  # the nearest image counts
    assert touched > 20


def test_turning_is_a_rotation():
    axis = np.array([1.0, 2.0, -2.0]) / 3.0
    found = np.array([turned(*row, *axis, math.cos(0.7), math.sin(0.7)) for row in np.eye(3)])
    assert found @ found.T == pytest.approx(np.eye(3), abs=1e-14)
    assert np.linalg.det(found) == pytest.approx(1.0)
    assert turned(*axis, *axis, math.cos(0.7), math.sin(0.7)) == pytest.approx(axis)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sticking": 0.05, "fraction": 0.02},
        {"rotation": True},
        {"dimensions": 2, "fraction": 0.02, "rotation": True},
        {"fibres": 0.05, "nucleated": 0.2, "capture": 0.1, "fraction": 0.02, "rotation": True},
        {"walkers": True},
        {"walkers": True, "dimensions": 2, "sticking": 0.5},
        {"particles": 2, "clusters": 1},
        {"particles": 40, "clusters": 1, "fraction": 0.15},
    ],
)
def test_clusters_hang_together_and_overlap_nobody(changes):
    asked = SMALL._replace(**changes)
    pack = grow(asked)
    assert_sound(pack)
    if not asked.fibres:
        assert pack.cluster.max() + 1 == (1 if asked.walkers else asked.clusters)
        assert morphology_shape.coordination(pack) >= 2.0 * (1.0 - asked.clusters / asked.particles) - 1e-9


@pytest.mark.parametrize("changes", [{"rotation": True}, {"walkers": True}, {"fibres": 0.05, "nucleated": 0.1, "fraction": 0.01}])
def test_the_same_seed_gives_the_same_bytes_however_it_is_sliced(changes, monkeypatch):
    asked = SMALL._replace(particles=600, **changes)
    once = grow(asked)
    monkeypatch.setattr(morphology, "SLICE", 137)
    again = grow(asked)
    assert once.position.tobytes() == again.position.tobytes()
    assert once.cluster.tobytes() == again.cluster.tobytes()
    assert once.merges.tobytes() == again.merges.tobytes()
    assert grow(asked._replace(seed=2)).position.tobytes() != once.position.tobytes()


def test_spheres_meet_as_smoluchowski_says():
    """Half of all clusters are gone after 2/(K n_0), K = 4π (2 D)(2 R): thin, so that nothing but pairs matters, sticking 1."""
    asked = Growing(particles=6000, fraction=0.0005, clusters=2900, seed=4)
    expected = 2.0 / (8.0 * math.pi * asked.fraction / (math.pi / 6.0))
    assert morphology_shape.half_time(grow(asked)) == pytest.approx(expected, rel=0.08)


def test_what_does_not_stick_at_once_meets_again():
    """A contact that holds in one of ten slows meeting by less than ten, for who has met is near: seen are 0.31 to 0.36."""
    times = [morphology_shape.half_time(grow(Growing(particles=4000, fraction=0.002, clusters=1990, sticking=p))) for p in (1.0, 0.1)]
    assert 0.25 < times[0] / times[1] < 0.45


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "dimension", "within"),
    [
        (Growing(), 1.78, 0.05),  # diffusion-limited, in space
        (Growing(dimensions=2, fraction=0.01), 1.44, 0.05),  # and in the plane
        (Growing(particles=1500, sticking=0.003, fraction=0.01, clusters=10), 2.075, 0.15),  # reaction-limited, of one seed
        (Growing(walkers=True), 2.5, 0.1),
        (Growing(walkers=True, dimensions=2), 1.71, 0.06),
    ],
)
def test_fractal_dimensions_are_the_known_ones(asked, dimension, within):
    fit = morphology_shape.dimension_of(grow(asked))
    assert fit.dimension == pytest.approx(dimension, abs=within)
    assert 0.0 < fit.error < 0.1


def test_fibres_fill_their_share_and_nothing_lies_in_them():
    asked = Growing(particles=1500, fraction=0.02, fibres=0.08, nucleated=0.3, capture=0.3, clusters=10, fibre_diameter=3.0)
    pack = grow(asked)
    edge, fibre = float(pack.box[0]), pack.fibres.fibre
    assert math.pi * 1.5**2 * fibre[:, 6].sum() / edge**3 == pytest.approx(0.08, abs=0.02)
    box = np.concatenate([pack.box, np.ones(3)])
    distance = np.array([min(fibre_distance(*place, s, fibre, box) for s in range(len(fibre))) for place in pack.position[:200]])
    assert distance.min() >= 2.0 - 1e-6
    assert pack.held.all()  # every cluster ends at a fibre, for all of them catch
    # Born on fibres: the first 450 particles touch one, wherever they were numbered since.
    born = np.array([min(fibre_distance(*place, s, fibre, box) for s in range(len(fibre))) for place in pack.position[:50]])
    assert born == pytest.approx(2.0, abs=1e-6)


def test_fibres_do_not_run_through_each_other_while_there_is_room():
    draw = np.random.Generator(np.random.Philox(key=[1, 2]))
    cells = np.array([40, 40, 40])
    box = np.concatenate([np.full(3, 60.0), np.full(3, 1.5)])
    fibres = morphology_fibres.weave(0.03, 1.0, cells, box, 1.0, draw)
    middle = fibres.fibre[:, :3] + 0.5 * fibres.fibre[:, 6:] * fibres.fibre[:, 3:6]
    straight = [np.flatnonzero((fibres.fibre[:, 3:6] == unit).all(axis=1)) for unit in np.unique(fibres.fibre[:, 3:6], axis=0)]
    first, others = straight[0], np.concatenate(straight[1:])
    distance, _ = cKDTree(middle[others] % 60.0, boxsize=60.0).query(middle[first] % 60.0)
    assert distance.min() > 2.0
    listed = np.unique(fibres.pieces)
    assert listed.tolist() == list(range(len(fibres.fibre)))  # every piece is near some cell
    assert morphology_fibres.weave(0.0, 1.0, cells, box, 1.0, draw).pieces.size == 0
    assert len(fibres.fibre) == pytest.approx(morphology_fibres.expected_pieces(0.03, 1.0, 60.0), rel=0.2)


def test_distances_of_fibres_are_those_of_their_nearest_images():
    """Against points laid closely along both lines."""
    draw, edge = np.random.default_rng(7), 10.0
    directions = np.array(morphology_fibres.DIRECTIONS, dtype=float)
    for first in directions[[0, 2, 4, 8]]:
        start, starts = draw.random(3) * edge, draw.random((len(directions), 3)) * edge
        found = morphology_fibres.fibres_apart(start, first, starts, directions, edge)
        along = np.linspace(0.0, edge, 4001)[:, None]
        tree = cKDTree((start + along * first) % edge, boxsize=edge)
        for other, direction, distance in zip(starts, directions, found):
            near, _ = tree.query((other + along * direction) % edge)
            assert distance == pytest.approx(near.min(), abs=0.01)


def pair(apart=1.0):
    """A pack of one cluster of two spheres."""
    position = np.array([[5.0, 5.0, 5.0], [5.0 + apart, 5.0, 5.0]])
    nothing = morphology_fibres.no_fibres(np.array([8, 8, 8]))
    return morphology.Pack(position, np.zeros(2, int), np.zeros(2, bool), np.zeros((1, 6)), np.full(3, 12.0), nothing, 0, 0.0, Growing(2))


@pytest.mark.parametrize("growth", [0.0, 0.3, 1.0])
def test_the_solid_of_two_grown_spheres_is_their_union(growth):
    """Two balls of radius r at distance 2a overlap in a lens π (4r + d)(2r − d)²/12."""
    solid = morphology_shape.thickened(pair(), growth)
    r, d = 1.0 + growth, 2.0
    union = (8.0 / 3.0 * math.pi * r**3 - math.pi * (4.0 * r + d) * (2.0 * r - d) ** 2 / 12.0) / (4.0 / 3.0 * math.pi)
    assert solid.volume[0] == pytest.approx(union, rel=0.03)
    assert solid.particles[0] == 2
    if growth == 0.0:
        assert solid.gyration[0] == pytest.approx(math.sqrt(1.0 + 0.6), rel=0.03)


def test_growth_makes_clumps_compact():
    """Layers bridge contacts and fill pores: the dimension of the solid rises towards 3, and with it the solid."""
    pack = grow(Growing(particles=3000, fraction=0.005, clusters=60, seed=2))
    found = [morphology_shape.thickened(pack, growth) for growth in (0.0, 2.0, 8.0)]
    dimensions = [morphology_shape.solid_dimension(solid).dimension for solid in found]
    assert dimensions == sorted(dimensions)
    assert dimensions[0] == pytest.approx(morphology_shape.dimension_of(pack).dimension, abs=0.15)
    frame = morphology_shape.dimension_of(pack)
    enclosed = [morphology_shape.envelope_dimension(solid, frame.prefactor) for solid in found]
    assert enclosed == sorted(enclosed)
    assert enclosed[0][0] == pytest.approx(frame.dimension, abs=0.1)
    assert enclosed[-1][0] == pytest.approx(3.0, abs=0.2)
    assert [solid.volume.sum() for solid in found] == sorted(solid.volume.sum() for solid in found)


def test_structure_factor_of_a_pair_and_its_ends():
    q = np.array([1e-3, 0.5, 2.0, 5.0])
    assert morphology_shape.structure_factor(pair().position, q) == pytest.approx(1.0 + np.sin(q) / q, rel=1e-6)
    position = np.random.default_rng(1).normal(size=(500, 3))
    assert morphology_shape.structure_factor(position, np.array([1e-4]))[0] == pytest.approx(500.0, rel=1e-3)


def test_the_power_law_comes_back():
    size = np.geomspace(10, 1000, 40)
    fit = morphology_shape.fit_power(size, (size / 1.3) ** (1.0 / 1.9), np.arange(40))
    assert (fit.dimension, fit.prefactor, fit.error) == pytest.approx((1.9, 1.3, 0.0), abs=1e-9)
    scatter = np.exp(np.random.default_rng(2).normal(size=400) * 0.3)
    many = np.geomspace(10, 1000, 400)
    fit = morphology_shape.fit_power(many, scatter * (many / 1.3) ** (1.0 / 1.9), np.arange(400))
    assert abs(fit.dimension - 1.9) < 4.0 * fit.error  # a fit of n on R would be lower by a tenth
    assert fit.error < 0.1
    assert morphology_shape.fit_power(size[:3], size[:3], np.arange(3)) is None

"""--vary texts: grids, lists, ranges and samples; what cannot be is told with the nearest right word."""

from dataclasses import replace

import numpy as np
import pytest

from calcisim.errors import UsageError
from calcisim.scenario.errors import ScenarioError
from calcisim.studies import sweep, sweep_axes
from calcisim.studies.sweep_axes import Axis, grid, read, sample

INJURY = "dystrophic/injury"


def one(word, sampled=False):
    return read([word], sampled)[0]


@pytest.mark.parametrize(
    ("word", "unit", "values"),
    [
        ("plasma.phosphate=1.0:2.6:9mmol/L", "mmol/L", (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4, 2.6)),
        ("a = 1 : 3 : 3 mmol/L", "mmol/L", (1.0, 2.0, 3.0)),
        ("a=1e-5:1e-3:3:log 1/s", "1/s", (1e-5, 1e-4, 1e-3)),
        ("a=-2:2:2", "", (-2.0, 2.0)),
        ("a=0.5:2:3:log", "", (0.5, 1.0, 2.0)),
        ("a=1.1, 1.3,2 mg/dL", "mg/dL", (1.1, 1.3, 2.0)),
        ("seed=1,2,3", "", (1.0, 2.0, 3.0)),
        ("a=3,1,2 day", "day", (3.0, 1.0, 2.0)),
        ("a=.5 1/day", "1/day", (0.5,)),
        ("a=0.1:0.7:7", "", (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)),  # as they are written, not as 0.1 + 2 · 0.1 is
    ],
)
def test_values_are_read_with_their_unit(word, unit, values):
    axis = one(word)
    assert (axis.unit, axis.values) == (unit, values)


@pytest.mark.parametrize(
    ("word", "sampled", "said"),
    [
        ("plasma.phosphate", False, "not PATH=VALUES"),
        ("=1:2:3", False, "not PATH=VALUES"),
        ("a=high", False, "LOW:HIGH:N"),
        ("a=1 mmol/L:2 mmol/L:3", False, "the unit once, at the end"),
        ("a=1,2:3", False, "LOW:HIGH:N"),
        ("a=2:1:3", False, "the lower value comes first"),
        ("a=2:2:3", False, "the lower value comes first"),
        ("a=0:1:3:log", False, "above 0"),
        ("a=1:2 day", False, "say how many values, as in a=1:2:9 day"),
        ("a=1:2:1", False, "2 to 100,000"),
        ("a=1:2:100001", False, "2 to 100,000"),
        ("a=1,2,1", False, "is there twice"),
        ("a=1,1e999", False, "too large"),
        ("a=nan,1", False, "LOW:HIGH:N"),
        ("a=1:2:3 day", True, "leave out how many: a=1:2 day"),
        ("a=1,2 day", True, "write a=LOW:HIGH day"),
    ],
)
def test_what_is_no_axis_is_told(word, sampled, said):
    with pytest.raises(UsageError, match=said):
        one(word, sampled)


def test_a_path_stands_once_and_a_grid_is_not_endless():
    with pytest.raises(UsageError, match="twice"):
        read(["a=1,2", "a=3,4"], False)
    axes = read(["a=1:2:400", "b=1:2:400"], False)
    with pytest.raises(UsageError, match=r"400 × 400 are 160,000 runs; at most 100,000"):
        grid(axes)
    with pytest.raises(UsageError, match=r"--samples 100001"):
        sample(read(["a=1:2"], True), 100_001, "lhs", 1)


def test_the_last_axis_runs_fastest():
    assert grid(read(["a=1,2", "b=3,4,5"], False)) == [(1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)]


@pytest.mark.parametrize("kind", ["lhs", "sobol"])
def test_samples_fill_their_ranges_and_depend_on_the_seed_alone(kind):
    axes = read(["a=1:3 day", "b=1e-6:1e-2:log 1/s"], True)
    points = np.array(sample(axes, 64, kind, 3))
    assert points.tolist() == [list(point) for point in sample(axes, 64, kind, 3)]
    assert points.tolist() != [list(point) for point in sample(axes, 64, kind, 4)]
    shares = np.stack([(points[:, 0] - 1.0) / 2.0, (np.log10(points[:, 1]) + 6.0) / 4.0], axis=1)
    for column in shares.T:  # one point in each 64th, evenly in the logarithm where asked for
        assert sorted(np.floor(64 * column).astype(int)) == list(range(64))


def test_whole_numbers_without_a_unit_are_written_as_such():
    assert Axis("seed", "", (2.0,), targets=("seed",)).sets(2.0) == ("seed=2",)
    assert Axis("a", "day", (2.0,), targets=("a", "b")).sets(2.5) == ("a=2.5 day", "b=2.5 day")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("plasma.phosphat=1,2 mmol/L", r"--vary plasma.phosphat .*did you mean 'phosphate'"),
        ("plasm.phosphate=1,2 mmol/L", r"did you mean 'plasma'"),
        ("tissue.dermis.perfusio=1,2 1/s", r"did you mean 'tissue.dermis.perfusion'"),
        ("tissue.bone.perfusion=1,2 1/s", r"no column of a tissue in this scenario"),
        ("site.plac.tissue=1,2", r"did you mean 'place'"),
        ("plasma.phosphate=1,2 mm", r"--vary plasma.phosphate at 1 mm: .*not a concentration"),
        (
            "plasma.phosphate=1,2",
            r"--vary plasma.phosphate: has no unit \(write it at the end: --vary plasma.phosphate=1,2mmol/L; also umol",
        ),
        ("plasma.phosphate=1 : 2:3", r"--vary plasma.phosphate=1:2:3mmol/L; also umol/L, mol/m3, mg/dL\)"),
        ("tissue.dermis.perfusion=1e-4:1e-3:5:log", r'has no unit .*--vary "tissue.dermis.perfusion=1e-4:1e-3:5:log 1/s"'),
        ("plasma.phosphate=1,2,9 mmol/L", r"--vary plasma.phosphate at 9 mmol/L: .*above the limit"),
        ("population.classes=16,16.5", r"16.5 is not a whole number"),
    ],
)
def test_paths_and_values_are_checked_before_a_run(word, said):
    with pytest.raises((UsageError, ScenarioError), match=said):
        sweep.sweep(INJURY, [word], quick=True)


def test_a_column_of_a_tissue_is_set_wherever_the_scenario_has_it():
    found = sweep.sweep(INJURY, ["tissue.dermis.perfusion=1e-4,1e-3 1/s"], quick=True)
    assert found.axes[0].targets == ("site.place.override.perfusion",)
    loaded = [sweep.at_point(*found.task(number)) for number in (1, 2)]
    assert [one.site[0].override["perfusion"] for one in loaded] == [1e-4, 1e-3]


def test_what_goes_only_together_is_tried_together():
    """A share of type II and of type III collagen are one at most together; 0.9 of one needs little of the other."""
    words = ["tissue.dermis.collagen_2_share=0.9,0.95", "tissue.dermis.collagen_3_share=0.02,0.04"]
    found = sweep.sweep(INJURY, words, ["site.place.override.collagen_3_share=0.2"], quick=True)
    assert len(found.points) == 4
    assert len(sweep_axes.grid(found.axes)) == 4


def test_two_axes_that_set_the_same_value_are_refused():
    with pytest.raises(UsageError, match="set the same value; leave one out"):
        sweep.sweep(INJURY, ["tissue.dermis.perfusion=1e-4,1e-3 1/s", "site.place.override.perfusion=1e-4,2e-4 1/s"], quick=True)


def test_of_very_many_values_some_are_tried_with_the_least_and_the_most():
    axis = one("plasma.phosphate=1.0:9.0:20001mmol/L")
    assert 400 <= len(sweep_axes._some(axis)) <= 502
    assert {1.0, 9.0} <= set(sweep_axes._some(axis))
    with pytest.raises(ScenarioError, match="above the limit"):
        sweep.sweep(INJURY, ["plasma.phosphate=1.0:9.0:20001mmol/L"], quick=True)


def test_values_drawn_from_a_range_are_tried_and_not_its_ends_alone():
    with pytest.raises(ScenarioError, match=r"--vary seed at [\d.]+: [\d.]+ is not a whole number"):
        sweep.sweep(INJURY, ["seed=1:1000"], quick=True, samples=3)
    axis, other = read(["a=1:2", "b=1:2"], True)
    points = [(1.5, 1.1), (1.25, 1.1), (1.5, 1.2)]
    loaded = []
    list(sweep_axes.tried((replace(axis, targets=("a",)), replace(other, targets=("b",))), loaded.append, points))
    assert loaded == [(f"a={n}",) for n in ("1", "2", "1.5", "1.25")] + [(f"b={n}",) for n in ("1", "2", "1.1", "1.2")]
    many = sweep_axes._some(axis, np.linspace(1.1, 1.9, 20_000).tolist())
    assert 400 <= len(many) <= 502
    assert {1.0, 2.0} <= set(many)


def test_a_sweep_needs_something_that_varies_and_tissue():
    with pytest.raises(UsageError, match=r"--vary plasma.phosphate=.*:9mmol/L"):
        sweep.sweep(INJURY, [])
    with pytest.raises(UsageError, match=r"say what varies"):
        sweep.sweep(INJURY, [], samples=4)
    with pytest.raises(UsageError, match="body without tissue"):
        sweep.sweep("healthy/plasma", ["seed=1,2"])
    with pytest.raises(UsageError, match="lhs, sobol"):
        sweep.sweep(INJURY, ["plasma.phosphate=1:2 mmol/L"], samples=4, draw="grid")

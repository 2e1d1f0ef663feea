"""The box at its door: what it refuses, what it accepts, what the command writes."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

import calcisim
from calcisim import box
from calcisim.errors import UsageError
from calcisim.physics.collision import REGISTRY
from calcisim.studies import box_file, box_input

START = {"distribution": "exponential", "mean": 30.0}
GOOD = {"kernel": "constant", "bins_per_decade": 4, "v_min": 1.0, "v_max": 1e6, "initial": START, "times": [1.0]}
FILE = """
kernel = { name = "sum", rate = 0.03 }
bins_per_decade = 4
v_min = 1.0
v_max = 1e6
times = [0.0, 0.5, 1]
initial = { distribution = "exponential", number = 1.0, mean = 30.0 }
"""

BAD = [
    ({"kernel": "brownien"}, "kernel", "brownian"),
    ({"kernel": {"name": "sum", "rat": 1.0}}, "kernel.rat", "rate"),
    ({"kernel": {"name": "sum", "rate": -1.0}}, "kernel.rate", "at least 0"),
    ({"kernel": {"name": "sum", "rate": math.nan}}, "kernel.rate", "finite"),
    ({"kernel": {"name": "sum", "rate": 1e308}}, "kernel", "infinite"),
    ({"kernel": {"rate": 1.0}}, "kernel", "name"),
    ({"kernel": 3}, "kernel", "name or a function"),
    ({"kernel": lambda u: u}, "kernel", "two volumes"),
    ({"kernel": lambda u, w: -(u + w)}, "kernel", "negative"),
    ({"bins_per_decade": 0}, "bins_per_decade", "above 0"),
    ({"bins_per_decade": math.inf}, "bins_per_decade", "finite"),
    ({"bins_per_decade": 1e9}, "bins_per_decade", "classes are possible"),
    ({"bins_per_decade": 10**400}, "bins_per_decade", "finite"),
    ({"bins_per_decade": 0.1}, "bins_per_decade", "at least 2"),
    ({"bins_per_decade": "4"}, "bins_per_decade", "a number"),
    ({"bins_per_decade": True}, "bins_per_decade", "a number"),
    ({"v_min": 0.0}, "v_min", "above 0"),
    ({"v_min": 1e6}, "v_max", "not above v_min"),
    ({"v_min": 1e7}, "v_max", "not above v_min"),
    ({"v_max": math.nan}, "v_max", "finite"),
    ({"v_min": 1e-300}, "v_min", "decades"),
    ({"times": []}, "times", "list of times"),
    ({"times": [1.0, 1.0]}, "times[1]", "must rise"),
    ({"times": [-1.0]}, "times[0]", "at least 0"),
    ({"times": [math.nan]}, "times[0]", "finite"),
    ({"times": "soon"}, "times", "list of times"),
    ({"initial": "exponentail"}, "initial.distribution", "exponential"),
    ({"initial": {"distribution": "exponential", "meen": 1.0}}, "initial.meen", "mean"),
    ({"initial": {"distribution": "exponential", "mean": -1.0}}, "initial.mean", "above 0"),
    ({"initial": {"distribution": "monodisperse", "size": 1e9}}, "initial", "nothing of it"),
    ({"initial": ([1.0], [1.0])}, "initial.numbers", "24 classes"),
    ({"initial": (np.ones(24), np.ones(24))}, "initial.masses[1]", "mean must lie"),
    ({"initial": (-np.ones(24), np.ones(24))}, "initial.numbers", "negative"),
    ({"initial": (["a"] * 24, np.ones(24))}, "initial.numbers", "numbers are needed"),
    ({"initial": 5}, "initial", "distribution"),
    ({"sticking": -0.5}, "sticking", "within 0 to 1"),
    ({"sticking": 2}, "sticking", "within 0 to 1"),
    ({"protection": 1.1}, "protection", "within 0 to 1"),
    ({"growth_exponent": 2.0}, "growth_exponent", "within 0 to 1"),
    ({"nucleation": -1.0}, "nucleation", "at least 0"),
    ({"nucleus": 1e9}, "nucleus", "within 1 to"),
    ({"capture": -1.0}, "capture", "at least 0"),
    ({"tolerance": 0.0}, "tolerance", "within"),
    ({"stickiness": 1.0}, "stickiness", "sticking"),
]


@pytest.mark.parametrize(("change", "where", "word"), BAD, ids=[f"{next(iter(c))}-{i}" for i, (c, _, _) in enumerate(BAD)])
def test_one_clear_message_each(change, where, word):
    with pytest.raises(UsageError) as caught:
        box.coagulate(**{**GOOD, **change})
    message = str(caught.value)
    assert message.startswith(where)
    assert word in message
    assert "\n" not in message
    assert caught.value.exit_code == 2


def test_shapes_and_ways_to_ask():
    numbers, masses = calcisim.box.coagulate("constant", 4, 1.0, 1e6, GOOD["initial"], [0.0, 1.0, 5])
    assert numbers.shape == masses.shape == (3, 24)
    again = box.coagulate(lambda u, w: 1.0 + 0.0 * (u + w), 4, 1.0, 1e6, (numbers[0], masses[0]), np.array([1.0, 5.0]))
    np.testing.assert_allclose(again[1], masses[1:], rtol=1e-6, atol=1e-6)
    pair = box.coagulate("constant", 4, 1.0, 1e6, ("exponential", {"mean": 30.0}), [0.0])
    np.testing.assert_array_equal(pair[0][0], numbers[0])
    half = box.coagulate("constant", 4, 1.0, 1e6, GOOD["initial"], [4.0], protection=0.5)
    np.testing.assert_allclose(half[0][0].sum(), box.coagulate(**{**GOOD, "times": [1.0]})[0][0].sum(), rtol=1e-3)


def test_no_sticking_changes_nothing():
    numbers, masses = box.coagulate(**{**GOOD, "times": [0.0, 1e6]}, sticking=0.0)
    np.testing.assert_array_equal(numbers[0], numbers[1])
    np.testing.assert_array_equal(masses[0], masses[1])


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_kernel_is_symmetric_and_takes_its_parameters(name):
    kernel = REGISTRY[name]
    u, w = np.geomspace(1e-24, 1e-15, 20)[:, None], np.geomspace(1e-24, 1e-15, 20)[None, :]
    value = kernel.function(u, w)
    assert value.shape == (20, 20)
    assert (value >= 0.0).all()
    np.testing.assert_allclose(value, value.T, rtol=1e-12)
    assert "AGG-" in kernel.function.__doc__
    numbers, _ = box.coagulate({"name": name, **kernel.parameters}, 2, 1e-24, 1e-15, {"distribution": "monodisperse", "size": 1e-20}, [1.0])
    assert numbers.shape == (1, 18)


def test_a_new_kernel_is_one_function():
    from calcisim.physics.collision import collision

    @collision("turbulent")
    def turbulent(u, w, *, dissipation=1.0):
        """Of the third power of the sum of radii."""
        return dissipation * (np.cbrt(u) + np.cbrt(w)) ** 3

    try:
        numbers, _ = box.coagulate({"name": "turbulent", "dissipation": 0.01}, 4, 1.0, 1e6, GOOD["initial"], [0.0, 1.0])
        assert numbers[1].sum() < numbers[0].sum()
    finally:
        del REGISTRY["turbulent"]


def _command(*arguments, cwd):
    done = subprocess.run([sys.executable, "-m", "calcisim.cli", "box", *arguments], capture_output=True, text=True, cwd=cwd, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_command_writes_what_the_function_returns(tmp_path):
    (tmp_path / "golovin.toml").write_text(FILE)
    code, out, err = _command("golovin.toml", "--out", "found", "--json", cwd=tmp_path)
    assert code == 0, err
    document = json.loads(out)
    start = {"distribution": "exponential", "number": 1.0, "mean": 30.0}
    numbers, masses = box.coagulate({"name": "sum", "rate": 0.03}, 4, 1.0, 1e6, start, [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(document["numbers_per_m3"], numbers)
    rows = np.genfromtxt(tmp_path / "found" / "classes.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(rows["mass"].reshape(3, 24), masses)
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == ["classes.csv", "classes.png", "totals.csv"]
    assert [row["time_s"] for row in document["totals"]] == [0.0, 0.5, 1.0]
    with pytest.raises(UsageError, match="exists already"):
        box_file.run(tmp_path / "golovin.toml", tmp_path / "found")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (FILE.replace("bins_per_decade", "bin_per_decade"), "bins_per_decade"),
        (FILE.replace("v_min = 1.0", ""), "v_min missing"),
        (FILE.replace("sum", "som"), "did you mean 'sum'"),
        (FILE.replace("v_max = 1e6", "v_max = inf"), "finite"),
        (FILE + "sticking = -1\n", "sticking"),
        (FILE + "protection = nan\n", "finite"),
        (FILE.replace("bins_per_decade = 4", "bins_per_decade = 1e7"), "GB"),
        (FILE.replace("v_max = 1e6", "v_max = 0.5"), "not above v_min"),
        ("kernel = ", "not readable as TOML"),
        ("", "missing"),
        ("a = " + "[" * 5000, "not readable as TOML"),
    ],
)
def test_bad_files_end_with_one_message_and_nothing_written(tmp_path, text, word):
    path = tmp_path / "box.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        box_file.run(path, tmp_path / "out")
    message = str(caught.value)
    assert message.startswith(str(path))
    assert word in message
    assert "\n" not in message
    assert [p.name for p in tmp_path.iterdir()] == ["box.toml"]


def test_the_command_ends_with_2_and_writes_nothing(tmp_path):
    (tmp_path / "bad.toml").write_text(FILE.replace("sum", "som"))
    code, out, err = _command("bad.toml", "--out", "found", cwd=tmp_path)
    assert (code, out) == (2, "")
    assert err.strip() == "error: bad.toml: kernel: no collision kernel 'som' (did you mean 'sum'?)"
    assert not (tmp_path / "found").exists()
    for name in ("missing.toml", "."):
        code, _, err = _command(name, cwd=tmp_path)
        assert code == 2
        assert "no such file" in err


def test_options_have_the_names_of_the_documentation():
    assert all(name in box.coagulate.__doc__ for name in box_input.DEFAULTS)
    assert all(name in box.coagulate.__doc__ for name in box_input.DISTRIBUTIONS)

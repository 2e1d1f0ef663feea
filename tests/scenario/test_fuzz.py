"""Mutated scenario files: valid, or a ScenarioError; never anything else, never slow. Seeds are fixed, so a failure comes back."""

import random
import time
import warnings

import pytest
from campaign.fuzz import NASTY, copied, documents, mutated, spots, texts
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from calcisim import scenario
from calcisim.scenario import override
from calcisim.scenario.build import from_document
from calcisim.scenario.document import Origin

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=30),
    st.lists(st.integers(), max_size=4),
    st.sampled_from(
        ["1 mm", "20 um", "0 s", "1 day", "-3 day", "2.4 mmol/L", "10 mg/dL", "1e30 m", "5 %", "slab", "excise", "a", "core", "plasma"]
    ),
    st.dictionaries(
        st.sampled_from(["name", "shape", "kind", "low", "high", "at", "site"]), st.one_of(st.text(max_size=5), st.floats()), max_size=4
    ),
)


def assert_fair(make):
    """Run one candidate: it must load or raise ScenarioError, within a second."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scenario.PlausibilityWarning)
        try:
            loaded = make()
            scenario.dump(loaded)
        except scenario.ScenarioError as error:
            complete = bool(error.mistakes) and all(one.message and one.file for one in error.mistakes)
        else:
            complete = True
    assert complete
    assert time.perf_counter() - start < 1.0


@seed(20)
@settings(max_examples=900, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_mutated_documents(data):
    """One value anywhere is replaced, removed or added."""
    base = copied(data.draw(st.sampled_from(documents())))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([spot for spot in spots(base) if spot]))
        here = base
        for key in path[:-1]:
            here = here[key]
        action = data.draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "remove":
            del here[path[-1]]
        elif action == "add" and isinstance(here, dict):
            here[data.draw(st.sampled_from(["title", "name", "kind", "start", "stop", "region", "override", "faces", "x", "ph"]))] = (
                data.draw(VALUES)
            )
        else:
            here[path[-1]] = data.draw(VALUES)
    assert_fair(lambda: from_document(base, Origin([("fuzz.toml", {})]), quick=data.draw(st.booleans())))


@pytest.mark.parametrize("round_", range(4))
def test_mutated_texts(round_, tmp_path):
    """Lines and characters are cut, doubled, exchanged and spiked."""
    chance = random.Random(round_)
    path = tmp_path / "fuzz.toml"
    for _ in range(200):
        text = chance.choice(texts())
        for _ in range(chance.randint(1, 4)):
            text = mutated(text, chance)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        assert_fair(lambda: scenario.load(path, quick=chance.random() < 0.3))


@seed(21)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(
    path=st.lists(
        st.sampled_from(["plasma", "site", "cusp", "grid", "region", "implant", "low", "0", "title", "expect", "", "x", "output"]),
        max_size=5,
    ),
    value=st.one_of(st.text(max_size=20), st.sampled_from(NASTY)),
)
def test_mutated_settings(path, value):
    assert_fair(lambda: scenario.load("dystrophic/subdermal-cusp", [".".join(path) + "=" + value]))


@given(text=st.text(max_size=200))
@seed(22)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_any_text_is_a_value(text):
    assert override.read_value(text) is not None

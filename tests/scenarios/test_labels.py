"""Every shipped scenario states what it is, as `calcisim classify` should find it."""

from calcisim import scenario
from calcisim.studies import outputs
from calcisim.studies.labels import LABELS


def test_every_shipped_scenario_states_a_label():
    words = {name: outputs.load(name).expect.get("label") for name in scenario.names()}
    assert words
    assert {name for name, word in words.items() if word not in LABELS} == set()
    assert all(words[name] == "none" for name in words if name.startswith(("healthy/", "invitro/")))

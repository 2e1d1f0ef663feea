"""Names of outputs in scenario files: all that are shipped are right, and a wrong one is told with file, line and key."""

import pytest
from scenario.document import GOOD, POINT

from calcisim import scenario
from calcisim.studies import outputs


def test_every_shipped_scenario_names_real_outputs():
    assert scenario.names()
    assert all(outputs.load(name).title for name in scenario.names())


def test_what_can_be_expected(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(GOOD + POINT + "[expect]\nnuclei = 3\nsteps = 100\na = { onset_day = 2 }\n")
    assert outputs.load(path).expect["a"] == {"onset_day": 2}


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        (POINT.replace("_dry", "_dray"), "reference.0.observable", "did you mean 'calcium_ug_per_mg_dry'?"),
        ("[expect]\nonset_dya = 2\n", "expect.onset_dya", "did you mean 'onset_day'?"),
        ("[expect]\na = { nucleii = 2 }\n", "expect.a.nucleii", "did you mean 'nuclei'?"),
        ("[expect]\nb = { nuclei = 2 }\n", "expect.b", ""),
    ],
)
@pytest.mark.parametrize("quick", [False, True])
def test_a_name_that_nothing_computes_is_told(tmp_path, text, key, hint, quick):
    path = tmp_path / "a.toml"
    path.write_text(GOOD + text + '[quick]\nduration = "1 day"\n')
    with pytest.raises(scenario.ScenarioError) as caught:
        outputs.load(path, (), quick)
    error = caught.value
    assert (error.file, error.key) == (str(path), key)
    assert error.line > GOOD.count("\n")
    assert hint in error.hint
    assert len(str(error).splitlines()) == 1

"""The body beside a peer of another make: Peterson and Riggs 2010 (BioModels BIOMD0000000613, CC0), where both claim to hold.

Needs libroadrunner (the extra `peer`) and the path of the SBML file in CALCISIM_PEER_SBML; the file is not part of the project.
The peer has neither FGF23 nor magnesium nor acid and base: kidney disease without a change of diet is what both can be asked.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from calcisim.physics import body_closure, body_steps
from calcisim.physics.body import report
from calcisim.physics.body_names import F, P, R

roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is not installed")
FILE = os.environ.get("CALCISIM_PEER_SBML", "")
if not Path(FILE).is_file():
    pytest.skip("CALCISIM_PEER_SBML does not name the peer's SBML file", allow_module_level=True)

YEARS = 2.0
VOLUME = 14.0  # L, of its extracellular fluid


def peer(filtration):
    """Total calcium and phosphate [mmol/L] and PTH [pmol/L] of the peer after two years at this share of healthy filtration."""
    text = Path(FILE).read_text(encoding="utf-8")
    text = text.replace(' comp:required="true"', "")  # an unused extension that the reader stumbles over
    text = text.replace(' xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1"', "")
    model = roadrunner.RoadRunner(text)
    model["GFR"] = model["GFR"] * filtration
    model.simulate(0.0, YEARS * 8760.0, 2)
    return np.array([model["P"], model["ECCPhos"], model["PTH"]]) / VOLUME


def ours(filtration):
    """The same of our body, on the same diet as in health."""
    p = body_closure.constants()
    y = body_closure.healthy_state(p)
    scale = y.copy()
    p[P.glomerular_filtration] *= filtration
    amount, out = np.zeros(len(F)), np.zeros(len(R))
    end = YEARS * 365.0 * 86400.0
    status, *_ = body_steps.advance(0.0, end, y, amount, p, scale, 1e-6, 60.0, body_steps.work(), body_steps.knots(5000), 0)
    assert status == body_steps.DONE
    report(y, p, out)
    return np.array([out[R.calcium], out[R.phosphate], out[R.pth] * 1e9])


@pytest.mark.parametrize("filtration", [1.0, 0.45, 0.15])
def test_kidney_disease_of_both_models(filtration):
    calcium, phosphate, pth = peer(filtration)
    our_calcium, our_phosphate, our_pth = ours(filtration)
    assert our_calcium == pytest.approx(calcium, abs=0.16)
    assert our_phosphate == pytest.approx(phosphate, abs=0.15)
    assert (pth > 1.1 * peer(1.0)[2]) == (our_pth > 1.1 * ours(1.0)[2])

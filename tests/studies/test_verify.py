"""`calcisim verify`: every check holds here, and one that breaks is a row that failed, not a traceback."""

import pytest

from calcisim.studies import verify


@pytest.mark.parametrize("one", verify.CHECKS, ids=lambda one: one.name)
def test_every_check_holds(one):
    got, passed = one.measure()
    assert passed, got


def test_a_check_that_cannot_be_carried_out_has_not_passed(monkeypatch):
    def broken():
        raise ArithmeticError("step 3 of 8: Newton did not converge")

    monkeypatch.setattr(verify, "CHECKS", [verify.Check("broken", "≤ 1", broken)])
    said = []
    rows = verify.verify(said.append)
    assert rows == [{"check": "broken", "target": "≤ 1", "got": "ArithmeticError: step 3 of 8: Newton did not converge", "passed": False}]
    assert said == ["broken"]

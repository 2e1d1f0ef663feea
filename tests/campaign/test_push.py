"""The push column of the reliability table: every row that has no test of its own elsewhere, with its small count.

The rows: K1, K2, R3, D1, C1, M1, M2, F1, N1, N3, N4, N7, G1, V1, B1, E1 here; R1 in tests/scenarios/test_every_config.py, F3 in
tests/scenario/test_bad_input.py, N2 and N5 in tests/verification and tests/physics, S1 in test_safety.py beside this.
"""

import os

import pytest
from campaign import damage, disk, fuzz, kill, numerics, soak, stops, suites, whole_runs
from campaign.rows import ROWS, holds

MODULES = (damage, disk, fuzz, kill, numerics, soak, stops, suites, whole_runs)
ELSEWHERE = {"R1", "F3", "N1", "N2", "N5", "S1"}  # in `make test` and in the push tests of other folders
MISSES: dict[str, str] = {}  # rows that are known not to hold, and why
FORKS = {"K1", "K2", "C1", "D1", "N7"}


@pytest.mark.push
@pytest.mark.parametrize(
    "id",
    [
        pytest.param(id, marks=pytest.mark.xfail(reason=MISSES[id], strict=True)) if id in MISSES else id
        for id in sorted(ROWS.keys() - ELSEWHERE)
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_row_of_the_table(id):
    if id in FORKS and not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    assert holds(id).trials == ROWS[id].push

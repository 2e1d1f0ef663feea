"""The order of the solver in space and time, on a solution made up beforehand: two coupled solutes, a mineral that fills pores, variable
diffusivity, perfusion, closed and held faces.

N1 of the reliability table.
"""

import numpy as np
import pytest

from calcisim.numerics.sdirk import ORDER
from calcisim.studies.manufactured import Manufactured, march, space_orders, time_orders

LEAST = 1.9


@pytest.mark.parametrize(("dimensions", "sizes", "steps"), [(1, (16, 32, 64), 256), (2, (16, 32, 64), 64), (3, (6, 12, 24), 16)])
def test_order_in_space_is_two(dimensions, sizes, steps):
    found = space_orders(dimensions, sizes, steps=steps)
    assert min(min(pair) for pair in found) >= LEAST, found


@pytest.mark.parametrize(("dimensions", "n"), [(1, 32), (2, 16), (3, 8)])
def test_order_in_time_is_what_the_integrator_claims(dimensions, n):
    found = time_orders(dimensions, n, (8, 16, 32))
    assert min(min(pair) for pair in found) >= LEAST, found
    assert max(max(pair) for pair in found) <= ORDER + 0.5, found


def test_errors_are_small_not_only_falling():
    problem = Manufactured(2, 64)
    march(problem, 0.5, 32)
    solutes, mineral = problem.error(0.5)
    assert solutes < 2e-4
    assert mineral < 1e-4


def test_what_the_sources_add_is_all_that_is_not_booked():
    """Without its sources the same problem keeps its books to rounding."""

    class Closed(Manufactured):
        def source(self, time):
            return None

        def _mineral_rates(self, time):
            change, added = super()._mineral_rates(time)
            return change, np.zeros_like(added)

    problem = Closed(2, 16)
    before = problem.held()
    march(problem, 1.0, 10)
    assert np.all(np.abs(problem.held() - before - problem.booked) <= 1e-13 * (before + problem.gross))

"""Rows over threads, and sums whose order is fixed."""

import math
import threading

import numpy as np
import pytest

from calcisim.numerics import threads
from calcisim.numerics.reduce import largest, ordered_sum, row_dot


@pytest.fixture(autouse=True)
def _one_thread_afterwards():
    yield
    threads.use(1)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("n_rows", [0, 1, 2, 7, 8, 29, 1000])
def test_every_row_is_covered_once(monkeypatch, count, n_rows):
    monkeypatch.setattr(threads, "SERIAL_BELOW", 0)
    threads.use(count)
    seen, guard = np.zeros(n_rows, dtype=int), threading.Lock()

    def sweep(first, row0, row1):
        assert first == "argument"
        with guard:
            seen[row0:row1] += 1

    threads.rows(sweep, n_rows, 1, "argument")
    assert np.all(seen == 1)


def test_small_work_is_one_call_in_this_thread():
    threads.use(4)
    calls = []
    threads.rows(lambda row0, row1: calls.append((row0, row1, threading.current_thread() is threading.main_thread())), 10, 10)
    assert calls == [(0, 10, True)]


def test_an_error_in_a_row_reaches_the_caller(monkeypatch):
    monkeypatch.setattr(threads, "SERIAL_BELOW", 0)
    threads.use(2)

    def sweep(row0, row1):
        if row0 <= 5 < row1:
            raise ZeroDivisionError("row 5")

    with pytest.raises(ZeroDivisionError, match="row 5"):
        threads.rows(sweep, 20, 1)
    threads.rows(lambda row0, row1: None, 20, 1)  # the team still works


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count):
    with pytest.raises(ValueError, match="at least 1"):
        threads.use(count)


def test_free_cores_is_a_number_of_cores():
    assert 1 <= threads.free_cores() <= 4096


def test_sums_keep_their_order():
    parts = np.array([1e16, 1.0, -1e16, 1.0])
    assert ordered_sum(parts) == ((1e16 + 1.0) - 1e16) + 1.0


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_largest_does_not_hide_a_nan(place):
    parts = np.array([3.0, 9.0, -1.0])
    assert largest(parts) == 9.0
    parts[place] = math.nan
    assert math.isnan(largest(parts))


def test_products_leave_the_ghosts_out():
    random = np.random.default_rng(4)
    a, b = random.random((2, 3, 4, 5, 6))
    parts = np.zeros(2 * 3)
    row_dot(a, b, parts, 0, 3)
    row_dot(a, b, parts, 3, 6)
    inner = (slice(None), *(slice(1, -1),) * 3)
    assert parts == pytest.approx((a[inner] * b[inner]).sum(axis=(0, 3)).ravel(), rel=1e-14)

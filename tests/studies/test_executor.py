"""Tasks in processes: all come back, one that fails is one row, a killed process costs one task, and stopping stops."""

import os
import signal
import time

import pytest

from calcisim.errors import MemoryRefused, SolverError, UsageError
from calcisim.studies import executor
from calcisim.studies.executor import Done, Processes, each


def double(value):
    return 2 * value


def fail(value):
    if value == 1:
        raise SolverError("day 3: no way on")
    if value == 2:
        raise ZeroDivisionError("by zero")
    return value


def die(value):
    if value == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


def process(value):
    time.sleep(0.2)
    return os.getpid(), os.environ["OMP_NUM_THREADS"]


def sleep(value):
    time.sleep(60.0)


def test_every_task_comes_back_whatever_the_number_of_processes():
    tasks = {number: (number,) for number in range(5)}
    for count in (1, 2):
        found = {done.key: done.value for done in each(double, tasks, count)}
        assert found == {number: 2 * number for number in range(5)}


def test_a_task_that_fails_says_what_and_the_others_go_on():
    found = {done.key: done for done in each(fail, {number: (number,) for number in range(4)}, 2)}
    assert found[1] == Done(1, None, "day 3: no way on", again=False)
    assert found[2].error == "ZeroDivisionError: by zero"
    assert [found[number].value for number in (0, 3)] == [0, 3]


def test_a_killed_process_costs_its_own_task_only():
    found = {done.key: done for done in each(die, {number: (number,) for number in range(4)}, 2)}
    assert found[1] == Done(1, None, executor.KILLED, again=True)
    assert [found[number].value for number in (0, 2, 3)] == [0, 2, 3]


def test_processes_are_kept_warm_and_single_threaded():
    before = os.environ.get("OMP_NUM_THREADS")
    found = [done.value for done in each(process, {number: (number,) for number in range(6)}, 2)]
    assert len({pid for pid, _ in found}) == 2
    assert {threads for _, threads in found} == {"1"}
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_stopping_ends_what_is_at_work():
    began = time.monotonic()
    assert list(each(sleep, {0: (0,), 1: (1,)}, 2, stop=lambda: time.monotonic() - began > 2.0)) == []
    assert time.monotonic() - began < 20.0


@pytest.mark.parametrize(("wanted", "memory", "least", "most"), [(3, None, 3, 3), (None, 10**15, 1, 1), (None, 1, 1, os.cpu_count())])
def test_processes_are_those_asked_for_or_those_that_fit(wanted, memory, least, most):
    assert least <= executor.workers(wanted, memory) <= most


def test_a_study_gives_its_tasks_to_processes_without_knowing():
    said = []
    found = {done.key: done.value for done in Processes(2).run(double, {number: (number,) for number in range(3)}, 10**6, said.append)}
    assert found == {0: 0, 1: 2, 2: 4}
    assert said[-1] == "in 2 processes"
    assert list(Processes(1).run(double, {0: (0,)}, stop=lambda: True)) == []


def test_processes_that_cannot_be_are_refused():
    with pytest.raises(MemoryRefused, match="the run would need about"):
        list(Processes().run(double, {0: (0,)}, 10**15))
    for count in (0, 257):
        with pytest.raises(UsageError, match=f"--workers {count}: must be 1 to 256"):
            Processes(count)

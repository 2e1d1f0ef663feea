"""Several sites from one plasma: side by side on threads, and the same bytes as one after the other."""

import threading

import pytest

from calcisim import scenario as door
from calcisim.errors import SolverError
from calcisim.numerics import threads as team
from calcisim.results.sha import state_sha256
from calcisim.simulation.run import Simulation
from calcisim.simulation.site import Site

DAY = 86400.0
HEAD = 'title = "joints"\nduration = "20 day"\n\n[plasma]\ncalcium_ionised = "1.3 mmol/L"\nphosphate = "2.6 mmol/L"\n'
SITE = """
[[site]]
name = "{name}"
tissue = "joint-capsule"
giant_cells = 0.3
texture = {{ length = "0.5 mm", strength = 0.5 }}

[site.grid]
shape = [8, 6]
spacing = "0.2 mm"
depth = "1 mm"

[[event]]
kind = "expose"
site = "{name}"
at = "{at} day"
fraction = 0.1
s = 0.6
"""
NAMES = ("hip", "elbow", "shoulder")


@pytest.fixture
def joints(tmp_path):
    path = tmp_path / "joints.toml"
    path.write_text(HEAD + "".join(SITE.format(name=name, at=number) for number, name in enumerate(NAMES)))
    return door.load(path)


@pytest.fixture(autouse=True)
def one_thread_again():
    yield
    team.use(1)


def whole(joints, threads):
    simulation = Simulation(joints, threads=threads)
    for day in range(1, 21):
        assert simulation.advance(day * DAY)
    return simulation


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_sites_side_by_side_are_those_one_after_the_other(joints, threads, monkeypatch):
    monkeypatch.setattr(team, "SERIAL_BELOW", 1)
    alone, together = whole(joints, 1), whole(joints, threads)
    assert state_sha256(together.arrays()) == state_sha256(alone.arrays())
    rows = [{**one.observables(), "sites": None} for one in (alone, together)]
    assert rows[0] == rows[1]


def test_sites_really_run_in_threads_of_their_own(joints, monkeypatch):
    seen = {}
    real = Site.advance

    def watched(site, target, after_step):
        seen.setdefault(site.setup.name, set()).add(threading.current_thread().name)
        return real(site, target, after_step)

    monkeypatch.setattr(Site, "advance", watched)
    Simulation(joints, threads=2).advance(DAY)
    assert all(name.startswith("calcisim-site") for names in seen.values() for name in names)
    assert set(seen) == set(NAMES)


def test_stopped_anywhere_they_go_on_with_the_same_bytes(joints):
    expected = state_sha256(whole(joints, 1).arrays())
    for after in (5, 40, 111):
        first, count = Simulation(joints, threads=2), 0

        def stop(after=after):
            nonlocal count
            count += 1
            return count >= after

        assert not all(first.advance(day * DAY, stop) for day in range(1, 21))
        second = Simulation.restore(joints, first.arrays(), first.meta(), threads=1)
        for day in range(1, 21):
            second.advance(day * DAY)
        assert second.time == 20 * DAY
        assert state_sha256(second.arrays()) == expected


def test_the_failure_of_one_site_is_told_with_its_name(joints, monkeypatch):
    real = Site.advance

    def failing(site, target, after_step):
        if site.setup.name == "elbow":
            raise SolverError("site 'elbow': no step is short enough")
        return real(site, target, after_step)

    monkeypatch.setattr(Site, "advance", failing)
    with pytest.raises(SolverError, match="elbow"):
        Simulation(joints, threads=2).advance(2 * DAY)


def test_calls_side_by_side_keep_their_order():
    team.use(2)
    assert team.side_by_side([lambda n=n: n * n for n in range(6)]) == [0, 1, 4, 9, 16, 25]

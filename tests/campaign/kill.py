"""K1: SIGKILL at any time, also inside the write and the rename of a checkpoint; the run that goes on ends as if nothing had happened."""

import builtins
import os
import random
import signal
from pathlib import Path

from campaign.children import SCENARIOS, child, content, ended, kill, opens, whole, work
from campaign.rows import ROWS, row

from calcisim.simulation import checkpoint

WAYS = ("at a random time", "inside the write of a checkpoint", "before or after a forced write", "before or after a rename")
MOST = 4  # kills of one run


def die() -> None:
    """What `kill -9` does, from inside."""
    os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """A file that ends its process after so many bytes, with the bytes before them handed to the system."""

    def __init__(self, file, left: int):
        self.file, self.left = file, left

    def write(self, data) -> None:
        data = memoryview(data)
        if len(data) >= self.left:
            self.file.write(data[: self.left])
            self.file.flush()
            die()
        self.left -= len(data)
        self.file.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)


def die_in_write(chance: random.Random, size: int, most: int) -> None:
    """Arm this process: one of its checkpoints is cut at a random byte by the death of the process."""
    wanted, bytes_ = chance.randint(1, most), chance.randrange(size)
    seen = 0

    def opened(path, mode="r", *rest, **more):
        nonlocal seen
        file = builtins.open(path, mode, *rest, **more)  # noqa: SIM115  the caller closes it
        if mode != "wb":
            return file
        seen += 1
        return Dying(file, bytes_) if seen == wanted else file

    checkpoint.open = opened


def die_at_call(name: str, chance: random.Random, most: int) -> None:
    """Arm this process: it dies before or after one of its calls of os.fsync or os.replace, whichever file that is."""
    wanted, before, real = chance.randint(1, most), chance.random() < 0.5, getattr(os, name)
    seen = 0

    def called(*args, **more):
        nonlocal seen
        seen += 1
        if seen == wanted and before:
            die()
        real(*args, **more)
        if seen == wanted:
            die()

    setattr(os, name, called)


def killed(name: str, place: Path, errors: Path, way: str, chance: random.Random, most: int) -> bool:
    """One start or resumption that is to be killed; False when it was done before that."""
    _, seconds, size = whole(name)
    drawn = random.Random(chance.getrandbits(64))  # here, not in the child: every attempt has its own

    def call():
        if way == WAYS[1]:
            die_in_write(drawn, size, most)
        elif way != WAYS[0]:
            die_at_call("fsync" if way == WAYS[2] else "replace", drawn, most)
        work(name, place)

    pid = child(call, errors)
    code = ended(pid, drawn.uniform(0.0, seconds * most / 20)) if way == WAYS[0] else ended(pid)
    code = kill(pid) if code is None else code
    assert code in (0, -signal.SIGKILL), f"ended with {code}: {errors.read_text() if errors.exists() else ''}"
    return code != 0


@row(
    "K1",
    "SIGKILL of the short run of a shipped scenario, up to four times a trial: at a random time, at a random byte of a checkpoint, before "
    "or after a forced write or a rename; then `resume`",
    "nothing committed is lost, everything opens, the end has the same bytes: state, time series, every map",
    push=20,
    long=300,
)
def trial(number: int, folder: Path) -> str:
    chance, way = ROWS["K1"].chance(number), WAYS[number % len(WAYS)]
    name = SCENARIOS[(number // len(WAYS)) % len(SCENARIOS)]
    kills, wanted, most, attempt = 0, chance.randint(1, MOST), 20, 0
    place, errors = folder / "run", folder / "errors"
    while kills < wanted and attempt < 50:
        attempt += 1
        if killed(name, place, errors, way, chance, most):
            kills += 1
            opens(place)
        elif kills:
            break  # it was done sooner: enough kills
        else:
            most = max(1, most // 2)
            place = folder / f"run{attempt}"
    assert kills, "it was never killed"
    code = ended(child(lambda: work(name, place) and None, errors))
    assert code == 0, f"ended with {code}: {errors.read_text() if errors.exists() else ''}"
    assert content(place) == whole(name)[0]
    return f"{way}, {kills} kills" if kills > 1 else f"{way}, 1 kill"

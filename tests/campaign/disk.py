"""D1: a disk that is full, read-only or gone. What was saved before stays, the run ends with 74 and says what it needed."""

import contextlib
import errno
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from campaign.children import SCENARIOS, child, content, ended, opens, whole, work
from campaign.rows import ROWS, row

from calcisim.errors import StorageError
from calcisim.results import directory

WAYS = ("full disk", "no room at a write", "read-only", "vanished", "full disk")


def _mount(place: Path, options: str) -> bool:
    """A small file system in memory at `place`; False where this user may not mount."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        return False
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int):
    """Whether `place` is a disk of that size while inside."""
    place.mkdir()
    mounted = _mount(place, f"size={kilobytes}k")
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], capture_output=True, check=True)


def _again(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], capture_output=True, check=True)


def refuse(number: int, code: int) -> None:
    """Arm this process: the system refuses forced writes from one of them on."""
    real, seen = os.fsync, 0

    def fsync(handle):
        nonlocal seen
        seen += 1
        if seen >= number:
            raise OSError(code, os.strerror(code))
        real(handle)

    os.fsync = fsync


def _refused(name: str, place: Path, folder: Path, arm=lambda: None, meanwhile=lambda: None) -> str | None:
    """What a run said that could not write, None when it got through; anything but exit 74 raises."""
    said, errors = folder / "said", folder / "errors"

    def call():
        arm()
        try:
            work(name, place)
        except StorageError as error:
            said.write_text(str(error), encoding="utf-8")
            return error.exit_code
        return 0

    pid = child(call, errors)
    meanwhile()
    code = ended(pid)
    assert code in (0, 74), f"ended with {code}: {errors.read_text(encoding='utf-8') if errors.exists() else ''}"
    return said.read_text(encoding="utf-8") if code else None


def _goes_on(name: str, place: Path, folder: Path) -> None:
    """With the disk as it should be: what was saved opens, and the run ends with the same bytes."""
    opens(place)
    errors = folder / "errors"
    code = ended(child(lambda: work(name, place) and None, errors))
    assert code == 0, f"ended with {code}: {errors.read_text(encoding='utf-8') if errors.exists() else ''}"
    assert content(place) == whole(name)[0]


def _names_bytes(text: str) -> None:
    """Every write that failed says its size; a lock or a folder that could not be made has none."""
    assert re.search(r"\d+ bytes are needed", text) or "could not be written" not in text, f"no bytes named: {text}"
    assert "intact" in text or "cannot be" in text, text


@row(
    "D1",
    "a run on a file system of a random small size, with writes refused from a random one on, on a disk that turns read-only, in a "
    "directory that is moved away while it runs; then there is room again and it is resumed",
    "exit code 74, the message names the file and the bytes needed, what was saved opens, the end has the same bytes",
    push=10,
    long=50,
)
def trial(number: int, folder: Path) -> str:
    chance, way = ROWS["D1"].chance(number), WAYS[number % len(WAYS)]
    name = SCENARIOS[(number // len(WAYS)) % len(SCENARIOS)]
    _, seconds, size = whole(name)
    with small_disk(folder / "disk", chance.randint(60, 60 + 3 * size // 1024)) as mounted:
        place = folder / "disk" / "run"
        if way == "no room at a write" or (not mounted and way != "vanished"):
            way, text = "no room at a write", None
            for most in (60, 30, 10, 3, 1):
                shutil.rmtree(place, ignore_errors=True)
                if mounted:
                    _again(folder / "disk", "size=100m")
                first = chance.randint(1, most)
                text = _refused(
                    name, place, folder, lambda first=first: refuse(first, chance.choice([errno.ENOSPC, errno.EDQUOT, errno.EIO]))
                )
                if text is not None:
                    break
            assert text is not None, "no write was refused"
            _names_bytes(text)
        elif way == "full disk":
            text = _refused(name, place, folder)
            if text is not None:
                _names_bytes(text)
            _again(folder / "disk", "size=100m")
            way = way if text is not None else "disk just large enough"
            if text is None:
                assert content(place) == whole(name)[0]
                return way
        else:
            _again(folder / "disk", "size=100m") if mounted else None
            way = _while_it_runs(name, place, folder, way, chance.uniform(0.0, 0.8 * seconds))
        if not (place / directory.SCENARIO).exists():
            shutil.rmtree(place, ignore_errors=True)
        _goes_on(name, place, folder)
    return way


def _while_it_runs(name: str, place: Path, folder: Path, way: str, pause: float) -> str:
    """The disk turns read-only, or the directory is moved away, after a pause."""
    aside = folder / "disk" / "moved"

    def meanwhile():
        time.sleep(pause)
        if way == "vanished" and place.exists():
            os.rename(place, aside)
        elif way == "read-only":
            deadline = time.monotonic() + 60.0
            while time.monotonic() < deadline:  # refused as long as a file is open for writing
                if subprocess.run(["mount", "-o", "remount,ro", str(place.parent)], capture_output=True, check=False).returncode == 0:
                    return
                time.sleep(0.001)

    text = _refused(name, place, folder, meanwhile=meanwhile)
    if way == "vanished" and aside.exists():
        if place.exists():
            shutil.rmtree(place)
        os.rename(aside, place)
    elif way == "read-only":
        _again(place.parent, "rw")
    if text is None:
        return f"{way}, after its end"
    assert "could not be" in text or "cannot be" in text, text
    return way

"""R3: a checkpoint with a flipped bit, cut, of another version or another scenario is recognised, and the one before it is used."""

import random
import shutil
import struct
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from campaign.children import Strict, no_pictures, work
from campaign.rows import ROWS, row
from interrupted import stopping

from calcisim.results import directory, summary
from calcisim.simulation import checkpoint
from calcisim.simulation.checkpoint import CheckpointError
from calcisim.studies import execute

NAME = "dystrophic/subdermal-cusp"
WAYS = ("flipped bit", "cut", "other version", "other scenario", "block of zeros", "longer", "two parts exchanged", "empty")
BOTH_EVERY, RESUMED_EVERY = 10, 50  # turns through all ways


@cache
def broken_off() -> tuple[dict[str, bytes], str, str]:
    """Files of a real run that was stopped twice, the hash of its scenario, and the fingerprint that it would have at its end."""
    with tempfile.TemporaryDirectory(prefix="calcisim-damage-") as folder, no_pictures():
        place = Path(folder) / "run"
        execute.start(execute.Request(NAME, quick=True, threads=1, out=place), Strict(), stopping(12))
        execute.resume(place, 1, Strict(), stopping(12))
        files = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file() and path.name != directory.LOCK}
        end = work(NAME, place).summary["state_sha256"]
        return files, directory.provenance(place)["scenario_sha256"], end


@cache
def before() -> tuple[dict[str, np.ndarray], dict]:
    """What the checkpoint before the last holds."""
    with tempfile.TemporaryDirectory(prefix="calcisim-damage-") as folder:
        path = Path(folder) / directory.CHECKPOINT
        path.write_bytes(broken_off()[0][f"{directory.CHECKPOINT}.previous"])
        return checkpoint.load(path)


@cache
def of_another_scenario() -> bytes:
    """The last checkpoint, whole, with the hash of a scenario that is not this one."""
    with tempfile.TemporaryDirectory(prefix="calcisim-damage-") as folder:
        path = Path(folder) / directory.CHECKPOINT
        path.write_bytes(broken_off()[0][directory.CHECKPOINT])
        arrays, meta = checkpoint.load(path)
        checkpoint.save(path, arrays, {**meta, "scenario_sha256": "0" * 64})
        return path.read_bytes()


def damaged(data: bytes, way: str, chance: random.Random) -> bytes:
    """The bytes of a checkpoint after one damage; never the same bytes."""
    spot, out = chance.randrange(len(data)), bytearray(data)
    match way:
        case "flipped bit":
            out[spot] ^= 1 << chance.randrange(8)
        case "cut":
            del out[spot:]
        case "other version":
            version = chance.choice([number for number in range(2**16) if number != checkpoint.VERSION])
            out[8:12] = struct.pack("<I", version)
        case "other scenario":
            return of_another_scenario()
        case "block of zeros":
            out[spot : spot + 4096] = bytes(min(4096, len(out) - spot))
        case "longer":
            out += chance.randbytes(chance.randint(1, 5000))
        case "two parts exchanged":
            half = len(out) // 2
            one, length = chance.randrange(half - 64), chance.randint(1, 64)
            other = half + chance.randrange(half - 64)
            out[one : one + length], out[other : other + length] = out[other : other + length], out[one : one + length]
        case "empty":
            out.clear()
    return damaged(data, "flipped bit", chance) if out == data else bytes(out)


def _resumed(folder: Path, newest: bytes) -> None:
    """The whole run from the damaged checkpoint on: it says so, goes on from the one before, and ends with the same bytes."""
    files, _, end = broken_off()
    place = folder / "run"
    place.mkdir()
    for name, data in files.items():
        (place / name).write_bytes(newest if name == directory.CHECKPOINT else data)
    said = []

    class Heard(Strict):
        def warn(self, text):
            said.append(text)

    with no_pictures():
        outcome = execute.resume(place, 1, Heard(), execute.engine())
    assert any("going on from the checkpoint before it" in text for text in said), said
    assert not any("day 0" in text for text in said), said
    assert outcome.summary["state_sha256"] == summary.read(place)["state_sha256"] == end
    shutil.rmtree(place)


@row(
    "R3",
    f"a real checkpoint with one damage ({', '.join(WAYS)}), loaded; one in {BOTH_EVERY} with the one before it damaged too, one in "
    f"{RESUMED_EVERY} resumed to the end of the run",
    "named in words, the checkpoint before it used with every bit, or an error that names both; the resumed run ends with the same bytes",
    push=100,
    long=5000,
)
def trial(number: int, folder: Path) -> str:
    chance, way, turn = ROWS["R3"].chance(number), WAYS[number % len(WAYS)], number // len(WAYS)
    files, sha, _ = broken_off()
    path = folder / directory.CHECKPOINT
    newest = damaged(files[directory.CHECKPOINT], way, chance)
    path.write_bytes(newest)
    older = files[f"{directory.CHECKPOINT}.previous"]
    if turn % BOTH_EVERY == BOTH_EVERY - 1:
        checkpoint.previous(path).write_bytes(damaged(older, "flipped bit" if way == "other scenario" else way, chance))
        with pytest.raises(CheckpointError) as caught:
            checkpoint.load(path, sha)
        assert str(caught.value).count(directory.CHECKPOINT) >= 2, f"does not name both: {caught.value}"
        return f"{way}, both"
    checkpoint.previous(path).write_bytes(older)
    said = []
    arrays, meta = checkpoint.load(path, sha, say=said.append)
    assert len(said) == 1, said
    assert "going on from the checkpoint before it" in said[0]
    expected, expected_meta = before()
    assert meta == expected_meta
    assert arrays.keys() == expected.keys()
    assert all(arrays[key].tobytes() == expected[key].tobytes() and arrays[key].dtype == expected[key].dtype for key in arrays)
    if turn % RESUMED_EVERY == 0:
        _resumed(folder, newest)
        return f"{way}, resumed"
    return way

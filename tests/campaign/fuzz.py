"""F1: random and mutated scenario files. Each is valid or one error with path and words, within a second, never a traceback."""

import random
import time
import warnings
from functools import cache
from pathlib import Path

from campaign.rows import ROWS, row

from calcisim import scenario
from calcisim.scenario import document
from calcisim.scenario.build import from_document
from calcisim.scenario.document import Origin
from calcisim.scenario.files import resolve

SECONDS = 1.0
NASTY = [
    "", "0", "-1", "nan", "inf", "1e308", "true", "[]", "{}", '""', '"1 mm"', '"1e99 mm"', '"nan mm"', "[[", "]]", "=", "\0",
    "\ufeff", "\u202e",
    "9**9**9", '"' * 3, "'", "#", "[site]", "[[site]]", "[[event]]", "[[site.region]]", "extends = 'healthy/dermis'\n",
    "1979-05-27T07:32:00Z",
    "0x" + "f" * 300, "9" * 400, "[" * 60, '"../../x"', '"5 mg/dL"', '"5 Eq/L"', "a.b.c.d.e = 1\n", "\r", "\U0001f9b4",
    '"' + "x" * 3000 + '"',
]  # fmt: skip
WORDS = [
    "1 mm", "20 um", "0 s", "1 day", "-3 day", "2.4 mmol/L", "10 mg/dL", "1e30 m", "5 %", "slab", "excise", "a", "core", "plasma",
    "1e-300 m", "nan", "1 year", "1e5 year", "0.5", "µm", "1 mol/m^3", "1 mm mm", "9**9**9 m",
]  # fmt: skip
KEYS = ["title", "name", "kind", "start", "stop", "region", "override", "faces", "x", "ph", "at", "spacing", "shape", "extends", "quick"]
STEPS = ["plasma", "site", "cusp", "grid", "region", "implant", "low", "0", "title", "expect", "", "x", "output", "population", "solver"]


def assert_fair(make) -> str:
    """Run one candidate: it must load or raise ScenarioError, within a second of this process; says which."""
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scenario.PlausibilityWarning)
        try:
            loaded = make()
            scenario.dump(loaded)
        except scenario.ScenarioError as error:
            complete, ending = bool(error.mistakes) and all(one.message and one.file for one in error.mistakes), "refused"
        else:
            complete, ending = True, "valid"
    spent = time.process_time() - start
    assert complete, "an error without words or place"
    assert spent < SECONDS, f"{spent:.2f} s"
    return ending


def spots(value, path=()):
    """Every path of a document that holds something."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from spots(part, (*path, key))


def copied(value):
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    return [copied(part) for part in value] if isinstance(value, list) else value


def mutated(text: str, chance: random.Random) -> str:
    """A text with one line or character cut, doubled, exchanged or spiked."""
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    spot = chance.randrange(len(text) + 1)
    match chance.randrange(7):
        case 0:
            lines[at] = ""
        case 1:
            lines.insert(at, chance.choice(lines))
        case 2:
            lines[at] = lines[at].split("=")[0] + "= " + chance.choice(NASTY)
        case 3:
            return text[:spot] + chance.choice(NASTY) + text[spot:]
        case 4:
            return text[:spot] + text[spot + chance.randint(1, 20) :]
        case 5:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            return text[:spot] + chr(chance.choice([0, 7, 34, 39, 61, 91, 93, 123, 160, 0x202E, 0x1F600])) + text[spot:]
    return "\n".join(lines)


@cache
def texts() -> list[str]:
    return [resolve(name).read_text(encoding="utf-8") for name in scenario.names()]


@cache
def documents() -> list[dict]:
    return [document.read(resolve(name))[0] for name in scenario.names()]


def any_text(chance: random.Random, longest: int) -> str:
    return "".join(chr(chance.choice([chance.randrange(32, 127), chance.randrange(0xD800)])) for _ in range(chance.randint(0, longest)))


def any_value(chance: random.Random, depth: int = 0):
    """A value of any type that TOML has, also nested."""
    match chance.randrange(10 if depth < 3 else 8):
        case 0:
            return chance.random() < 0.5
        case 1:
            return chance.randint(-9, 99)
        case 2:
            return chance.choice([-1, 1]) * 10 ** chance.randrange(400)
        case 3:
            return chance.choice([float("nan"), float("inf"), -float("inf"), 1e308, -0.0, 5e-324, chance.gauss(0, 1e3)])
        case 4:
            return any_text(chance, 30)
        case 5 | 6 | 7:
            return chance.choice(WORDS)
        case 8:
            return [any_value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
        case _:
            return {chance.choice(KEYS): any_value(chance, depth + 1) for _ in range(chance.randint(0, 4))}


def mutate(base: dict, chance: random.Random) -> None:
    """One value anywhere in a document is replaced, removed, added or taken from another scenario."""
    paths = [path for path in spots(base) if path]
    if not paths:
        return
    path, here = chance.choice(paths), base
    for key in path[:-1]:
        here = here[key]
    match chance.randrange(5):
        case 0:
            del here[path[-1]]
        case 1 if isinstance(here, dict):
            here[chance.choice(KEYS)] = any_value(chance)
        case 2 if isinstance(here, list):
            here.insert(chance.randint(0, len(here)), copied(chance.choice(here)))
        case 3 if isinstance(here, dict):
            other = chance.choice(documents())
            key = chance.choice(list(other))
            here[key] = copied(other[key])
        case _:
            here[path[-1]] = any_value(chance)


def _of_document(chance: random.Random, folder: Path):
    base = copied(chance.choice(documents()))
    for _ in range(chance.choices([1, 2, 3], [6, 2, 1])[0]):
        mutate(base, chance)
    quick = chance.random() < 0.5
    return lambda: from_document(base, Origin([("fuzz.toml", {})]), quick=quick)


def _of_text(chance: random.Random, folder: Path):
    text = chance.choice(texts())
    for _ in range(chance.choices([1, 2, 4], [4, 2, 1])[0]):
        text = mutated(text, chance)
    path, quick = folder / "fuzz.toml", chance.random() < 0.3
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return lambda: scenario.load(path, quick=quick)


def _of_settings(chance: random.Random, folder: Path):
    sets = []
    for _ in range(chance.randint(1, 2)):
        value = chance.choice([chance.choice(NASTY), chance.choice(WORDS), any_text(chance, 20)])
        sets.append(".".join(chance.choice(STEPS) for _ in range(chance.randint(0, 5))) + "=" + value)
    return lambda: scenario.load("dystrophic/subdermal-cusp", sets)


def _of_nothing(chance: random.Random, folder: Path):
    """A file of random lines or bytes, with no scenario behind it."""
    path = folder / "fuzz.toml"
    if chance.random() < 0.3:
        path.write_bytes(chance.randbytes(chance.randint(0, 400)))
    else:
        lines = [
            f"{chance.choice(KEYS)} = {chance.choice([*NASTY, *(repr(word) for word in WORDS)])}" for _ in range(chance.randint(0, 12))
        ]
        path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    return lambda: scenario.load(path)


KINDS = {"changed document": _of_document, "changed text": _of_text, "changed settings": _of_settings, "random": _of_nothing}
SHARES = [5, 3, 1, 1]


@row(
    "F1",
    "a shipped scenario with one to three values replaced, removed, added or taken from another; a text cut, doubled or spiked; "
    "`--set` of anything; files of random lines and bytes",
    "valid, or one error with file and words; no other exception; at most a second of processor time each",
    push=2000,
    long=100_000,
    unit="files",
)
def trial(number: int, folder: Path) -> str:
    chance = ROWS["F1"].chance(number)
    (kind,) = chance.choices(list(KINDS), SHARES)
    return f"{kind}, {assert_fair(KINDS[kind](chance, folder))}"

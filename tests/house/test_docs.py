"""The pages say what is true: their files load, their snippets run, their commands exist and do what is shown."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import calcisim.scenario.schema  # noqa: F401  registers every treatment before a page is tried
from calcisim import scenario
from calcisim.cli import app
from calcisim.physics.collision import REGISTRY
from calcisim.results import observables
from calcisim.scenario.treatments import TREATMENTS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COMMANDS = typer.main.get_command(app).commands


def _script(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a dataclass looks its module up
    spec.loader.exec_module(module)
    return module


console, gallery = _script("console"), _script("gallery")
PAGES = {page.relative_to(DOCS).as_posix(): page for page in console.pages()}
TRIED = [name for name in PAGES if name.startswith(("howto/", "api/"))]


def _calls(command):
    """The words of every calcisim of a pipeline, and the pattern that its output is searched for."""
    words = shlex.split(command.replace("\\\n", " "))
    call, rest = words, []
    if "|" in words:
        call, rest = words[: words.index("|")], words[words.index("|") + 1 :]
    pattern = next((word for word in rest[1:] if not word.startswith("-")), None) if rest[:1] == ["grep"] else None
    return (call[1:] if call[0] == "calcisim" else None), pattern


def _all_commands():
    for name, page in PAGES.items():
        for block in console.blocks(page):
            if block.language == "console":
                yield from ((name, command, block) for command in block.commands())


def test_every_command_and_option_of_the_pages_exists():
    seen = set()
    for name, command, _ in _all_commands():
        call, _ = _calls(command)
        if call is None:
            continue
        assert call[0] in COMMANDS, f"{name}: $ {command}"
        options = {flag for parameter in COMMANDS[call[0]].params for flag in (*parameter.opts, *parameter.secondary_opts)}
        used = {word.partition("=")[0] for word in call[1:] if word.startswith("-") and not re.match(r"-\d", word)}
        assert used <= options, f"{name}: $ {command}: {used - options}"
        seen.add(call[0])
    assert {"run", "check", "show", "list", "compare", "resume", "branch", "fit", "saturation", "plasma"} <= seen


def test_commands_in_the_text_exist_and_scenarios_too():
    """`calcisim WORD` and names of scenarios in running text."""
    known = set(scenario.names())
    for page in DOCS.rglob("*.md"):
        if {"_build", "reference", "decisions"} & set(page.relative_to(DOCS).parts):
            continue
        text = page.read_text(encoding="utf-8")
        for word in re.findall(r"`calcisim ([a-z][a-z-]*)", text):
            assert word in COMMANDS, f"{page.name}: calcisim {word}"
        for found in re.findall(r"(?:run|check|show|compare|plasma) ((?:dystrophic|metastatic|tumoral|healthy|invitro)/[a-z0-9-]+)", text):
            assert found in known, f"{page.name}: {found}"


def test_scenario_files_of_the_pages_load(tmp_path):
    count = 0
    for page in PAGES.values():
        folder = tmp_path / page.stem
        folder.mkdir(exist_ok=True)
        files = [(block.marks["file"], block) for block in console.blocks(page) if "file" in block.marks]
        for name, block in files:
            (folder / name).write_text(block.text, encoding="utf-8")
        for name, block in files:
            if name.endswith(".toml") and re.search(r"^(extends|duration)\b", block.text, re.MULTILINE):
                loaded = scenario.load(folder / name)
                count += 1
                assert all(row.observable in observables.REGISTRY for row in loaded.reference)
    assert count >= 8


@pytest.fixture
def registries():
    """What a page registers is gone after it."""
    before = [(registry, dict(registry)) for registry in (TREATMENTS, REGISTRY)]
    yield
    for registry, kept in before:
        registry.clear()
        registry.update(kept)


def _try(block, folder, namespace):
    """One block of a page as a reader would use it."""
    if "file" in block.marks:
        (folder / block.marks["file"]).write_text(block.text, encoding="utf-8")
    elif block.language == "python":
        exec(compile(block.text, "snippet", "exec"), namespace)
    elif block.language == "console" and "not run" not in block.marks:
        for command in block.commands():
            call, pattern = _calls(command)
            if call is not None:
                done = CliRunner().invoke(app, call)
                assert done.exit_code == 0, f"$ {command}\n{done.output}\n{done.exception}"
                assert pattern is None or re.search(pattern, done.stdout, re.MULTILINE), f"$ {command}\n{done.stdout}"


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_snippets_run(name, tmp_path, monkeypatch, registries):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "snippet"}
    found = list(console.blocks(PAGES[name]))
    for block in found:
        _try(block, tmp_path, namespace)
    assert found or name.endswith("index.md") or name == "howto/mineral.md"


def test_every_page_shows_files_and_commands():
    for name in TRIED:
        if not name.endswith("index.md"):
            assert any("file" in block.marks or block.language in {"console", "python"} for block in console.blocks(PAGES[name])), name


@pytest.mark.push
def test_outputs_of_the_pages_are_what_the_commands_print():
    done = subprocess.run([sys.executable, str(DOCS / "console.py"), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pictures_of_the_pages_exist():
    for page in DOCS.rglob("*.md"):
        if "_build" in page.parts:
            continue
        text = page.read_text(encoding="utf-8")
        for picture in [*re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text), *re.findall(r"^```\{image\} (\S+)", text, re.MULTILINE)]:
            assert (page.parent / picture).is_file(), f"{page.relative_to(DOCS)}: {picture}"


def test_every_scenario_has_a_picture_in_the_gallery():
    """Run `make gallery` when one is missing."""
    text = (DOCS / "gallery" / "index.md").read_text(encoding="utf-8")
    shown = {match for match in re.findall(r"^```\{image\} (\S+)", text, re.MULTILINE) if (DOCS / "gallery" / match).is_file()}
    missing = [name for name in scenario.names() if f"{name.replace('/', '-')}.png" not in shown]
    assert not missing, f"{len(missing)} scenarios have no picture, write them by `make gallery`: {missing[:5]}"


def test_the_gallery_is_small_and_its_page_follows_from_its_book():
    """8 MB in all, 1400 picture elements wide, and index.md is what made.json says."""
    import json

    from PIL import Image

    from calcisim.studies import catalogue

    pictures = sorted((DOCS / "gallery").glob("*.png"))
    assert pictures
    assert sum(path.stat().st_size for path in pictures) < 8_000_000
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.width <= gallery.WIDTH
            assert picture.mode == "P"
    made = json.loads((DOCS / "gallery" / gallery.MADE).read_text(encoding="utf-8"))
    assert {name for one in made.values() for name in one["pictures"]} == {path.name for path in pictures}
    assert (DOCS / "gallery" / "index.md").read_text(encoding="utf-8") == gallery.index(catalogue.rows(), made)


def test_a_small_picture_is_the_same_bytes_again(tmp_path):
    source = DOCS / "figures" / "comparison.png"
    for name in ("a.png", "b.png"):
        gallery.shrink(source, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").stat().st_size < 0.6 * source.stat().st_size


def test_every_equation_is_on_the_page_of_a_process(tmp_path):
    reference = _script("reference")
    reference.write(tmp_path)
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("process-*.md"))
    for equation in reference.every():
        assert f"(eq-{equation.tag.lower()})=" in text
    prefixes = [tag for process in reference.PROCESSES for tag in process["tags"]]
    assert len(prefixes) == len(set(prefixes))
    assert set(prefixes) <= {reference.prefix(equation) for equation in reference.every()}, "a process names a tag that is not there"


def test_links_between_pages_lead_somewhere():
    for page in DOCS.rglob("*.md"):
        if {"_build", "reference"} & set(page.relative_to(DOCS).parts):
            continue
        for target in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8")):
            if "reference/" not in target:
                assert (page.parent / target).is_file(), f"{page.relative_to(DOCS)}: {target}"


def test_every_page_is_in_the_site():
    """Pages that no toctree names would be a warning, and so a failed `make docs`."""
    named = set()
    for page in [DOCS / "index.md", *DOCS.glob("*/index.md"), DOCS / "evidence.md", DOCS / "decisions.md", DOCS / "model.md"]:
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for line in tree.splitlines():
                if line.strip() and not line.startswith(":"):
                    pattern = (page.parent / line.strip()).resolve().relative_to(DOCS).as_posix()
                    named |= set(DOCS.glob(pattern + ".md"))
    pages = {page for page in DOCS.rglob("*.md") if not {"_build", "reference"} & set(page.relative_to(DOCS).parts)}
    assert pages - named == {DOCS / "index.md"}


def test_counts_of_the_credibility_page_are_those_of_the_facts():
    """Shares that pass, from docs/validation.md and the benchmark of labels."""
    facts, page = ((DOCS / name).read_text(encoding="utf-8") for name in ("validation.md", "credibility.md"))
    validate, calibrate = re.search(r"validate rows (\d+ of \d+) pass", facts), re.search(r"fitted once, (\d+ of \d+) pass", facts)
    rows = [line.split(" | ") for line in facts.splitlines() if re.match(r"\| F\d+ \|", line) and line.count(" | ") >= 7]
    assert sum(row[6] == "pass" for row in rows if row[1] == "validate") == int(validate[1].split()[0])
    nulls = re.search(r"Null facts: (.+)\.", facts)[1].split(", ")
    labels = re.search(r"Shipped scenarios: (\d+ of \d+) right", (DOCS / "benchmarks" / "classify.md").read_text(encoding="utf-8"))
    shown = [validate[1], calibrate[1], f"{sum('pass' in one for one in nulls)} of {len(nulls)}", labels[1]]
    assert all(count in page for count in shown), shown


def test_public_pages_say_what_they_are_for():
    for name in ("index.md", "credibility.md", "gallery/index.md", "tutorial/7-conclude.md"):
        assert "not for clinical decisions" in (DOCS / name).read_text(encoding="utf-8"), name

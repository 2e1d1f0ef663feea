"""Run the commands that the pages show, and write what they printed below them: `python docs/console.py [--check] [PAGE ...]`.

In a page, `% ...` lines are comments of Markdown that say what to do with the block that follows:

    % file: NAME       the block (TOML, CSV, Python) is a file of this name in the folder where the commands run
    % keep: REGEX      of the output only lines that match are shown, others become one line of dots
    % picture: PATH    the picture below the comment is this file of the run, made small
    % not run: WHY     commands that are shown and not run here

Python is run as well, without showing what it prints. Pages of the tutorial share one folder, in their order; every other page has its
own. With --check nothing is written, and the exit code is 1 when a page shows something else than the commands print now.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIDTH = 110  # columns of the terminal in the pages
_FENCE = re.compile(r"^```(\w*)\s*$")
_MARK = re.compile(r"^% (file|keep|picture|not run): (.+)$")


@dataclass
class Block:
    """A fenced block: language, lines, number of its first line in the page, and the marks before it."""

    language: str
    first: int
    lines: list[str] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def commands(self) -> list[str]:
        """What follows `$ ` in a console block; a backslash at the end goes on in the next line."""
        found: list[str] = []
        going_on = False
        for line in self.lines:
            if line.startswith("$ "):
                found.append(line[2:])
            elif going_on:
                found[-1] += "\n" + line
            going_on = bool(found) and line.endswith("\\") and (line.startswith("$ ") or going_on)
        return found


# A comparison's directory is named after a hash of the sources too; a page shows one that stays.
_COMPARED = re.compile(r"(-(?:compare|sweep|sensitivity)-)[0-9a-f]{8}")


def pages() -> list[Path]:
    """Every page with commands or snippets: tutorial and how-to first."""
    return [
        *sorted((HERE / "tutorial").glob("*.md")),
        *sorted((HERE / "howto").glob("*.md")),
        HERE / "index.md",
        *sorted((HERE / "api").glob("*.md")),
    ]


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page with their marks."""
    marks: dict[str, str] = {}
    current: Block | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n")):
        if current is not None:
            if line == "```":
                yield current
                current = None
            else:
                current.lines.append(line)
        elif (fence := _FENCE.match(line)) is not None:
            current, marks = Block(fence[1], number + 1, [], marks), {}
        elif (mark := _MARK.match(line)) is not None:
            marks[mark[1]] = mark[2].strip()
        elif line.strip():
            marks = {}


def shell(command: str, folder: Path) -> str:
    """What a command prints on stdout; RuntimeError when it fails."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": str(WIDTH)}
    environment |= {"OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"$ {command}\n{done.stdout}{done.stderr}")
    said = (done.stdout if done.returncode == 0 else done.stderr).replace(f"{HERE.parent}/", "")
    return _COMPARED.sub(r"\g<1>1a2b3c4d", said)


def kept(output: str, pattern: str | None) -> list[str]:
    """Lines of the output, those that do not match as one line of dots."""
    lines = output.rstrip("\n").split("\n") if output.strip() else []
    if pattern is None:
        return [line.rstrip() for line in lines]
    found: list[str] = []
    for line in lines:
        if re.search(pattern, line):
            found.append(line.rstrip())
        elif not found or found[-1] != "…":
            found.append("…")
    return found


def again(block: Block, folder: Path) -> list[str]:
    """The lines of a console block with what its commands print now."""
    found = []
    for command in block.commands():
        found += [*f"$ {command}".split("\n"), *kept(shell(command, folder), block.marks.get("keep"))]
    return found


def pictures(page: Path, folder: Path) -> None:
    """Make the small copies of pictures that a page shows of its runs."""
    from gallery import shrink

    for pattern, target in re.findall(r"^% picture: (.+)\n!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"), re.MULTILINE):
        shrink(next(folder.glob(pattern.strip())), page.parent / target)


def rerun(page: Path, folder: Path) -> str:
    """The page with fresh outputs; files of the page are written first."""
    lines = page.read_text(encoding="utf-8").split("\n")
    change, namespace = 0, {"__name__": "page"}
    for block in blocks(page):
        if name := block.marks.get("file"):
            (folder / name).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            with contextlib.chdir(folder), contextlib.redirect_stdout(None):
                exec(compile(block.text, page.name, "exec"), namespace)  # later commands use what it made
        elif block.language == "console" and "not run" not in block.marks:
            new, start = again(block, folder), block.first + change
            lines[start : start + len(block.lines)] = new
            change += len(new) - len(block.lines)
    return "\n".join(lines)


def main() -> int:
    """Rerun pages; 1 when --check finds one that says something else."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("page", nargs="*", type=Path)
    asked = parser.parse_args()
    chosen = [path.resolve() for path in asked.page] or [page for page in pages() if page.parent != HERE]
    other = []
    with tempfile.TemporaryDirectory() as shared:
        for page in chosen:
            own = Path(shared) / ("tutorial" if page.parent.name == "tutorial" else page.stem)
            own.mkdir(exist_ok=True)
            text = rerun(page, own)
            if text != page.read_text(encoding="utf-8"):
                other.append(page)
                if not asked.check:
                    page.write_text(text, encoding="utf-8")
            if not asked.check:
                pictures(page, own)
            print(f"{page.relative_to(HERE)}: {'changed' if page in other else 'the same'}", flush=True)
    return 1 if asked.check and other else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main())

"""How much of physics/ and numerics/ the tests go through, line by line, without the compiler: `python tests/nojit/measure.py`.

Compiled code is invisible to a tracer, so everything runs as plain Python, some 450 times slower: the tests of both floors that are not
marked slow, and those of this folder, without the ones that `needs_compiler.txt` names. Ends with 1 when a test fails or a floor stays
below 90 %. `--slow SECONDS` names the tests that took longer, for that list.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("needs_compiler.txt")
FLOORS = ("physics", "numerics")
LEAST = 90.0  # per cent of the lines, of each floor
FOLDERS = ("tests/physics", "tests/numerics", "tests/nojit")


def left_out() -> list[str]:
    """Tests that take seconds to minutes without the compiler, or compare with what it made."""
    return [line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def run(folder: Path) -> tuple[int, str]:
    """Exit code and output of the tests under the tracer; the figures are in `folder`/coverage.json."""
    sources = ",".join(f"calcisim.{floor}" for floor in FLOORS)
    data = f"--data-file={folder / 'data'}"
    command = [
        sys.executable,
        "-m",
        "coverage",
        "run",
        f"--source={sources}",
        data,
        "-m",
        "pytest",
        "-m",
        "not push and not slow",
        "--durations=0",
    ]
    command += ["--durations-min=0.2", "--no-header", "--tb=short", *FOLDERS, *(f"--deselect={one}" for one in left_out())]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    report = [sys.executable, "-m", "coverage", "json", data, "-q", "-o", str(folder / "coverage.json")]
    subprocess.run(report, cwd=ROOT, check=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


def by_floor(files: dict) -> dict[str, dict[str, tuple[int, int]]]:
    """floor → file → (lines, lines that were run)."""
    found: dict[str, dict[str, tuple[int, int]]] = {floor: {} for floor in FLOORS}
    for name, one in files.items():
        path = Path(name)
        if path.parent.name in found:
            figures = one["summary"]
            found[path.parent.name][path.name] = (figures["num_statements"], figures["covered_lines"])
    return found


def share(files: dict[str, tuple[int, int]]) -> float:
    """Per cent of the lines."""
    return 100.0 * sum(done for _, done in files.values()) / sum(lines for lines, _ in files.values())


def slow(output: str, seconds: float) -> dict[str, float]:
    """Functions whose tests took longer, from what pytest prints of them."""
    took: dict[str, float] = defaultdict(float)
    for time, name in re.findall(r"^([\d.]+)s (?:setup|call|teardown) +(tests/[^\s\[]+)", output, re.MULTILINE):
        took[name] += float(time)
    return {name: time for name, time in sorted(took.items(), key=lambda pair: -pair[1]) if time > seconds}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slow", type=float, help="name the test functions that took longer than so many seconds")
    parser.add_argument("--json", type=Path, help="write the shares here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="calcisim-coverage-") as folder:
        code, output = run(Path(folder))
        floors = by_floor(json.loads((Path(folder) / "coverage.json").read_text(encoding="utf-8"))["files"])
    if code:
        print(output)
    if asked.slow is not None:
        for name, time in slow(output, asked.slow).items():
            print(f"{time:6.1f} s  {name}")
    for floor, files in floors.items():
        for name, (lines, done) in sorted(files.items()):
            if lines and done < 0.9 * lines:
                print(f"  {floor}/{name}: {done} of {lines} lines, {100.0 * done / lines:.0f} %")
        print(
            f"{floor}: {sum(done for _, done in files.values())} of {sum(lines for lines, _ in files.values())} lines, {share(files):.1f} %"
        )
    shares = {floor: round(share(files), 2) for floor, files in floors.items()}
    if asked.json:
        asked.json.write_text(json.dumps(shares) + "\n", encoding="utf-8")
    found = re.search(r"^\d+ passed.*$", output, re.MULTILINE)
    print(found[0] if found else output.strip().splitlines()[-1])
    return 0 if code == 0 and min(shares.values()) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())

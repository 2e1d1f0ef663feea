"""R1, V1, G1, M1: what whole runs of shipped scenarios give when they are resumed, ordered, compared with a record, and weighed."""

import json
import math
import shutil
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import pytest
from campaign.children import begin, no_pictures
from campaign.rows import ROWS, row
from scenarios import test_every_config as every

from calcisim import scenario as door
from calcisim.errors import MemoryRefused
from calcisim.numerics import threads
from calcisim.results import summary
from calcisim.simulation.run import Simulation, memory_estimate
from calcisim.studies import resources

ROOT = Path(__file__).resolve().parents[2]
TRIES = 20


@cache
def unbroken(name: str) -> tuple[tuple, int]:
    """Content and steps of a short run that nothing stopped."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="calcisim-unbroken-") as folder, no_pictures():
        place = begin(name, Path(folder) / "run").directory
        return every.content(place), summary.read(place)["steps"]


@row(
    "R1",
    "the short run of every shipped scenario with a site, stopped at a random step on two threads and resumed on one",
    "the same bytes as an unbroken run: fingerprint of all state arrays, time series, every map",
    push=3 * len(every.NAMES),
    long=TRIES * len(every.NAMES),
)
def resumed(number: int, folder: Path) -> str:
    name = every.NAMES[number // TRIES % len(every.NAMES)]
    with pytest.MonkeyPatch.context() as patch, no_pictures(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(threads, "SERIAL_BELOW", 1)
        expected, steps = unbroken(name)
        try:
            every._stopped_and_resumed(name, folder / "run", steps, ROWS["R1"].chance(number))
        finally:
            threads.use(1)
    assert every.content(folder / "run") == expected
    return name.partition("/")[0]


# --- V1 ---------------------------------------------------------------------------------------------------------------

# the scenario that deposits more, the one that deposits less, and what both have set beside the sample
CLAIMS = {
    "fixed cusps calcify more than unfixed ones": ("dystrophic/subdermal-cusp", "dystrophic/subdermal-cusp-unfixed"),
    "young rats more than adult ones": ("dystrophic/subdermal-cusp", "dystrophic/subdermal-cusp-adult"),
    "full phosphate more than half of it": ("dystrophic/subdermal-cusp", "dystrophic/subdermal-cusp-half-phosphate"),
    "without etidronate more than with it": ("dystrophic/subdermal-pericardium", "dystrophic/subdermal-pericardium-etidronate"),
    "dead muscle without pyrophosphate more than with it": ("dystrophic/muscle-necrosis", "dystrophic/muscle-necrosis-pyrophosphate"),
}
FRACTION = 0.9  # of samples and claims


def sample(name: str, chance) -> tuple[str, ...]:
    """Settings of one sample: plasma by the spread between people, perfusion of every site by a factor of up to 2."""
    loaded = door.load(name, (), True)
    fluid, factor = loaded.fluid, chance.uniform
    sets = [
        f'plasma.phosphate="{fluid.phosphate * factor(0.9, 1.1):.6g} mmol/L"',
        f'plasma.bicarbonate="{fluid.bicarbonate * factor(0.9, 1.1):.6g} mmol/L"',
        f"plasma.ph={fluid.ph + factor(-0.03, 0.03):.5g}",
        f'plasma.citrate="{fluid.citrate * factor(0.5, 2.0):.6g} mmol/L"',
        f'plasma.fetuin="{fluid.fetuin * factor(0.7, 1.4):.6g} mmol/L"',
        f'plasma.pyrophosphate="{fluid.pyrophosphate * factor(0.5, 2.0):.6g} mmol/L"',
    ]
    if fluid.calcium is not None:
        sets.append(f'plasma.calcium="{fluid.calcium * factor(0.95, 1.05):.6g} mmol/L"')
    else:
        sets.append(f'plasma.calcium_ionised="{fluid.calcium_ionised * factor(0.95, 1.05):.6g} mmol/L"')
    supply = math.exp(factor(-math.log(2.0), math.log(2.0)))
    for site in loaded.site:
        sets.append(f'site.{site.name}.perfusion="{site.background().perfusion * supply:.6g} 1/s"')
    return (*sets, f"seed={chance.getrandbits(31)}")


def deposit(name: str, sets: tuple[str, ...]) -> float:
    """Calcium in the deposit at the end of the short form [mg]."""
    simulation = Simulation(door.load(name, sets, True))
    simulation.advance(simulation.scenario.duration)
    return float(simulation.observables()["deposit_calcium_mg"])


@row(
    "V1",
    "two short runs of a claim, with plasma and perfusion drawn alike for both; claims: " + "; ".join(CLAIMS),
    f"the order holds in at least {100 * FRACTION:.0f} % of samples and claims",
    push=20 * len(CLAIMS),
    long=500 * len(CLAIMS),
    unit="pairs of runs",
    least=FRACTION,
)
def order(number: int, folder: Path) -> str:
    claim, at = list(CLAIMS)[number % len(CLAIMS)], number // len(CLAIMS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        more, less = (deposit(name, sample(name, ROWS["V1"].chance(at))) for name in CLAIMS[claim])
    assert more > less, f"{claim}: {more:.4g} and {less:.4g} mg"
    return claim


# --- G1 ---------------------------------------------------------------------------------------------------------------

RECORD = Path(__file__).with_name("headlines.json")
HEADLINES = ("deposit_calcium_mg", "calcium_ug_per_mg_dry", "nuclei", "onset_day", "calcium_phosphorus_ratio", "limiting_step")
TOLERANCE, NOTHING = 0.01, 1e-9
NAMES = door.names()


def headlines(name: str, folder: Path) -> dict:
    """The headline numbers of a short run; of the body alone, every number of its plasma."""
    with no_pictures(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = begin(name, folder / "run").summary
    if "nuclei" in found:
        return {key: found[key] for key in HEADLINES}
    return {
        key: value for key, value in found.items() if isinstance(value, float) and not key.startswith(("wall", "peak", "ledger", "compile"))
    }


@row(
    "G1",
    f"headline numbers of the short run of every scenario ({', '.join(HEADLINES)}; of the body alone, its plasma) against a record",
    f"each within {100 * TOLERANCE:.0f} % of what was recorded; words and what is absent the same",
    push=len(NAMES),
    long=len(NAMES),
    unit="scenarios",
)
def recorded(number: int, folder: Path) -> str:
    name = NAMES[number]
    wanted, found = json.loads(RECORD.read_text(encoding="utf-8")).get(name), headlines(name, folder)
    assert wanted is not None, f"{name} has no record: python tests/campaign/long.py --record"
    assert wanted.keys() == found.keys(), name
    for key, value in wanted.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and found[key] is not None:
            assert found[key] == pytest.approx(value, rel=TOLERANCE, abs=NOTHING), f"{name}: {key}"
        else:
            assert found[key] == value, f"{name}: {key}"
    return name.partition("/")[0]


def write_record() -> None:
    """Record the headline numbers of this model; the difference belongs in the message of the commit."""
    import tempfile

    found = {}
    for name in NAMES:
        with tempfile.TemporaryDirectory(prefix="calcisim-headlines-") as folder:
            found[name] = headlines(name, Path(folder))
    RECORD.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


# --- M1 ---------------------------------------------------------------------------------------------------------------

PLANE, BLOCK = "benchmarks/scenarios/plane.toml", "benchmarks/scenarios/block.toml"
CKD = "metastatic/ckd-constant"
GRIDS = [  # scenario, shape, edge of a voxel, days
    (CKD, "[4, 4]", "1.6 mm", 5),
    (PLANE, "[128, 128]", "0.1 mm", 5),
    (PLANE, "[256, 256]", "0.05 mm", 2),
    (BLOCK, "[32, 32, 32]", "0.2 mm", 5),
    (PLANE, "[512, 512]", "0.025 mm", 2),
    (BLOCK, "[24, 24, 24]", "0.26667 mm", 20),
    (BLOCK, "[32, 32, 32]", "0.2 mm", 40),
    (BLOCK, "[48, 48, 48]", "0.13333 mm", 5),
    (BLOCK, "[64, 64, 64]", "0.1 mm", 2),
    (PLANE, "[64, 64]", "0.2 mm", 365),
    (PLANE, "[128, 128]", "0.1 mm", 100),
    (CKD, "[64, 64]", "0.1 mm", 100),
]
CLOSE = 0.15


@row(
    "M1",
    "the peak of `calcisim run` in a fresh process, with its figures, against the estimate before it; and the refusal of more than 80 % "
    "of what is free",
    f"estimate within {100 * CLOSE:.0f} % of the peak; the refusal names the grid that fits, and that grid is let through",
    push=4,
    long=12,
    unit="grids",
)
def memory(number: int, folder: Path) -> str:
    name, shape, spacing, days = GRIDS[number]
    name = str(ROOT / name) if name.endswith(".toml") else name
    sets = (f"site.joint.grid.shape={shape}", f'site.joint.grid.spacing="{spacing}"')
    needed = memory_estimate(door.load(name, sets))
    _refuses(needed)
    command = [sys.executable, "-W", "ignore", "-m", "calcisim.cli", "run", name, *(word for one in sets for word in ("--set", one))]
    command += ["--days", str(days), "--threads", "1", "--quiet", "--out", str(folder / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-400:]
    peak = summary.read(folder / "run")["peak_memory_mb"] * 1e6
    assert abs(needed / peak - 1.0) <= CLOSE, f"{Path(name).stem} {shape}: estimate {needed / 1e6:.0f} MB, peak {peak / 1e6:.0f} MB"
    shutil.rmtree(folder / "run")
    return f"{shape.count(',') + 1}-D"


def _refuses(needed: int) -> None:
    """More than 80 % of what is free is refused, with the share of voxels that fits; what needs that share is not."""
    free = int(needed / 2 / resources.SHARE)
    with pytest.raises(MemoryRefused, match="voxels fits") as caught:
        resources.refuse_if_too_large(needed, free)
    share = float(str(caught.value).partition("A grid with ")[2].partition(" %")[0]) / 100.0
    assert share == pytest.approx(0.5, abs=0.01)
    resources.refuse_if_too_large(int(0.99 * share * needed), free)
    resources.refuse_if_too_large(int(resources.SHARE * free), free)

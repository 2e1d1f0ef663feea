"""Tumoral masses: growth and what limits it, the plasma that feeds them, lobules, onset at several joints, and what giant cells take back.

    python benchmarks/tumoral_table.py [--json] [--only WORD] [--figure FILE.png]

Half an hour in all; exit code 1 when a line misses. The facts F25 and F26 of data/validation stand behind growth and remission.
"""

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import command

from calcisim.results import style
from calcisim.studies import facts_tumoral as tumoral
from calcisim.studies.validate import Got

SEEDS = range(1, 7)
FASTEST = 2.0  # µm/d: the upper end of what is assumed of fronts under giant cells


def multiple() -> Got:
    """What perfusion beside the mass does to its growth, and how much of it 0.05 mm/d needs."""
    rows = [(rim, tumoral.growth(rim)) for rim in tumoral.RIMS]
    needed = tumoral.needed_rim()
    text = "; ".join(f"{rim:g}-fold {tumoral.speed(found):.3f} mm/d, {tumoral.intake(found):.1f} mg/d" for rim, found in rows)
    return f"{text}; needed: {needed or 'more'}-fold; limited by {rows[0][1][-1].limiting}", needed is not None and needed <= 15.0


def plasma() -> Got:
    """Two ways, for a litre of tissue: plasma, PTH and bone on day 30 and 270."""
    before, after = tumoral.answer()
    names = ("calcium_total_mmol_per_l", "pth_pg_per_ml", "bone_calcium_balance_mmol_per_d", "urine_calcium_mmol_per_d")
    calcium, pth, bone, urine = ((before[name], after[name]) for name in names)
    text = (
        f"{after['taken_mg_per_d']:.0f} mg Ca/d taken: calcium {calcium[0]:.2f} to {calcium[1]:.2f} mmol/L, "
        f"PTH {pth[0]:.0f} to {pth[1]:.0f} pg/mL, bone {bone[0]:+.1f} to {bone[1]:+.1f} and "
        f"urine {urine[0]:.1f} to {urine[1]:.1f} mmol/d; ledger {after['ledger']:.1e}"
    )
    return text, calcium[1] < calcium[0] and pth[1] > pth[0] and bone[1] < bone[0] and after["ledger"] <= 1e-10


def voxels() -> Got:
    """Growth and lobules with voxels of 0.8 and 0.4 mm, over two seeds."""
    coarse, fine = ([tumoral.at_voxel(edge, seed) for seed in tumoral.SEEDS] for edge in (0.8, 0.4))
    sums = [[sum(getattr(one, name) for one in found) for name in ("radius", "calcium", "lobules")] for found in (coarse, fine)]
    ratios = [one / other - 1.0 for one, other in zip(*sums)]
    counts = [f"{one.lobules} and {other.lobules}" for one, other in zip(coarse, fine)]
    text = f"radius {ratios[0]:+.1%}, calcium {ratios[1]:+.1%} at 0.8 against 0.4 mm; lobules {', '.join(counts)} ({ratios[2]:+.0%} in all)"
    return text, all(abs(ratio) <= 0.15 for ratio in ratios)


def smooth() -> Got:
    """Without texture the mass is one lobule."""
    with_it = [tumoral.at_voxel(0.8, seed).lobules for seed in tumoral.SEEDS]
    without = tumoral.at_voxel(0.8, 1, False).lobules
    return f"{' and '.join(map(str, with_it))} with texture, {without} without", without == 1 and min(with_it) > 1


def joints() -> Got:
    """Two joints of one plasma begin apart, and not on the same days in another seed."""
    rows = tumoral.onsets(SEEDS)
    text = "; ".join(", ".join(f"{name} {'none' if day is None else f'{day:.0f}'}" for name, day in row.items()) for row in rows)
    days = [[row[name] or 1e9 for row in rows] for name in rows[0]]
    apart = all(abs(a - b) > 1.0 for a, b in zip(*days, strict=True))
    return f"onset days by seed: {text}", apart and all(len({round(day) for day in one}) > 2 for one in days)


def _left(rows: list[dict[str, float]]) -> str:
    whole = rows[0]["deposit_calcium_mg"]
    return ", ".join(f"{row['deposit_calcium_mg'] / whole:.1%}" for row in rows[2::2])


def remission() -> Got:
    """Uraemic mass after transplantation: what is left after 1, 2 and 3 years, where its calcium went, and what a fourfold front leaves."""
    rows, fast = tumoral.remission(), tumoral.remission(FASTEST)
    first, last = rows[0], rows[-1]
    given = (first["taken_mg"] - last["taken_mg"]) / (last["day"] - first["day"])
    text = (
        f"left {_left(rows)}; {_left(fast)} at {FASTEST:g} µm/d; "
        f"resorbed {last['resorbed_calcium_mg'] - first['resorbed_calcium_mg']:.0f} of {first['deposit_calcium_mg']:.0f} mg, "
        f"{given:.2f} mg/d to plasma; Pi {first['phosphate_mmol_per_l']:.2f} to {last['phosphate_mmol_per_l']:.2f} mmol/L"
    )
    falls = all(b["deposit_calcium_mg"] < a["deposit_calcium_mg"] for a, b in pairwise(rows[1:]))
    return text, falls and given > 0.0 and last["ledger_calcium_relative"] <= 1e-12


def near_complete() -> Got:
    """F25: at most a tenth left after three years, as shipped."""
    rows = tumoral.remission()
    left = rows[-1]["deposit_calcium_mg"] / rows[0]["deposit_calcium_mg"]
    return f"{left:.1%}", left <= 0.1


LINES: dict[str, tuple[str, Callable[[], Got]]] = {
    "growth: familial mass at the hip": ("0.05 to 0.3 mm/d (F26)", tumoral.radial_growth),
    "multiple: vessels beside the mass": ("a multiple of 3 to 15 at most is needed for 0.05 mm/d", multiple),
    "plasma: two ways, 1 L of tissue": ("calcium falls, PTH rises, bone loses", plasma),
    "voxels: 0.8 and 0.4 mm": ("lobules, radius and calcium within 15 %", voxels),
    "smooth: without texture": ("one lobule; more with it", smooth),
    "joints: two of one plasma": ("separate onsets, other ones in other seeds", joints),
    "remission: after transplantation": ("shrinks, its calcium in plasma and ledger", remission),
    "near-complete remission in three years": ("at most 10 % left (F25)", near_complete),
}


def draw(path: Path) -> None:
    """a: the mass at the hip after a year; b: its growth by perfusion; c: what is left after the plasma is mended."""
    from calcisim.physics.deposit import CALCIUM_MG_CM3
    from calcisim.simulation.run import Simulation

    simulation = Simulation(tumoral.one_joint(tumoral.FAMILIAL, "hip", tumoral.ONE_WAY))
    simulation.advance(360.0 * tumoral.DAY)
    (site,) = simulation.sites.values()
    with style.figure(174.0, 62.0) as figure:
        place, grown, left = figure.subplots(1, 3)
        ny, nx = site.setup.shape[1:]
        extent = (0.0, nx * site.setup.spacing[2] * 1e3, 0.0, ny * site.setup.spacing[1] * 1e3)
        image = place.imshow(site.mineral()[0] * CALCIUM_MG_CM3, origin="lower", extent=extent, cmap="cividis")
        figure.colorbar(image, ax=place, shrink=0.8, label="Calcium in mineral (mg/cm³)")
        place.set_xlabel("x (mm)")
        place.set_ylabel("y (mm)")
        found = [tumoral.growth(rim) for rim in tumoral.RIMS]
        speeds = [tumoral.speed(one) for one in found]
        grown.plot(tumoral.RIMS, speeds, "o-", color=style.BLUE, ms=4)
        grown.axhline(tumoral.TARGET[0], color="0.6", lw=0.8, ls=":")
        grown.set_xlabel("Perfusion beside the mass (times)")
        grown.set_ylabel("Radial growth (mm/d)")
        grown.set_ylim(0.0, 1.15 * max(speeds))
        for speed, colour, label in ((None, style.VERMILLION, "0.5 µm/d"), (FASTEST, style.BLUE, f"{FASTEST:g} µm/d")):
            rows = tumoral.remission(speed)
            days = [(row["day"] - rows[0]["day"]) / 365.0 for row in rows]
            shares = [row["deposit_calcium_mg"] / rows[0]["deposit_calcium_mg"] for row in rows]
            left.plot(days, shares, "o-", color=colour, ms=3.5, label=label)
        left.set_xlabel("Years after transplantation")
        left.set_ylabel("Calcium left (share)")
        left.set_ylim(0.0, 1.05)
        left.legend(frameon=False, title="front under giant cells")
        style.lettered((place, grown, left))
        command.save(figure, path)


if __name__ == "__main__":
    sys.exit(command.table(__doc__ or "", LINES, {"figure": ("mass, growth and remission", draw)}))

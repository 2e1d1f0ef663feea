"""What exposure, product, inhibitors and diet leave in a worn joint: the figures of docs/benchmarks/metastatic.md.

    python benchmarks/metastatic_table.py [--json] [--only WORD] [--figure FILE.png]

Lines have a target; exit code 1 when one misses. The facts F14, F15 and F18 of `calcisim validate` rest on the same runs.
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import command
from command import Line

from calcisim.results import style
from calcisim.studies import facts_metastatic as metastatic
from calcisim.studies.validate import Got


def exposure() -> Got:
    """A week of severe hypercalcaemia against two years of it."""
    curve = metastatic.exposure()
    share = curve[7.0] / curve[730.0]
    return f"{share:.2%} ({curve[7.0]:.3g} and {curve[730.0]:.3g} mg/cm³)", share < 0.01


LINES: dict[str, tuple[str, Callable[[], Got]]] = {
    "exposure: 7 days at 3.5 mmol/L of calcium": ("below 1 % of two years", exposure),
    "product: Ca × P": ("rising; below 55 at most a quarter of 90 (F18)", metastatic.threshold),
    "inhibitors: any of three restored": ("at least twofold less (F15)", metastatic.three_inhibitors),
    "diet: kidney failure for a year": ("restricted < binder < high (F14)", metastatic.phosphate_control),
}


def draw(path: Path) -> None:
    """a: exposure and deposit; b: product and deposit after a year, with the limits of guidelines."""
    days, left = zip(*metastatic.exposure().items(), strict=True)
    products, deposits = zip(*metastatic.product_curve(), strict=True)
    with style.figure(174.0, 68.0) as figure:
        time, product = figure.subplots(1, 2)
        time.loglog(days, left, "o-", color=style.BLUE, ms=4)
        time.set_xlabel("Exposure (days at 3.5 mmol/L of calcium)")
        product.semilogy(products, deposits, "o-", color=style.VERMILLION, ms=4)
        for limit in (55.0, 70.0):
            product.axvline(limit, color="0.6", lw=0.8, ls=":")
        product.set_xlabel("Ca × P (mg²/dL²), one year")
        for letter, axes in zip("ab", (time, product)):
            axes.set_ylabel("Calcium in mineral (mg/cm³)")
            axes.set_title(letter, loc="left", fontweight="bold", fontsize=9)
        style.save(figure, path.with_suffix(""), (path.suffix.lstrip(".") or "png",))


def main() -> int:
    """Print the lines; the exit code."""
    options = command.parser(__doc__ or "", "lines whose name holds WORD")
    options.add_argument("--figure", type=Path, metavar="FILE.png", help="draw the curves here")
    asked = options.parse_args()
    lines = []
    for name, (target, check) in LINES.items():
        if asked.only in name:
            got, passed = check()
            lines.append(Line(name, target, got, passed))
    if asked.figure is not None:
        draw(asked.figure)
    return command.report(lines, asked.json)


if __name__ == "__main__":
    sys.exit(main())

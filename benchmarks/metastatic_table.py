"""What plasma, inhibitors, diet and time leave in joints, organs and arteries: the figures of docs/benchmarks/metastatic.md.

    python benchmarks/metastatic_table.py [--json] [--only WORD] [--figure FILE.png] [--organs FILE.png]

Lines have a target; exit code 1 when one misses. The facts F14 to F16 and F18 of
`calcisim validate` rest on the same runs; F13 is computed there with rats that differ, here with forty of one kind.
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import command

from calcisim import scenario as scenarios
from calcisim.results import style
from calcisim.studies import facts_metastatic as metastatic
from calcisim.studies import facts_organs as organs
from calcisim.studies.validate import Got

DAY = 86400.0


def exposure() -> Got:
    """A week of severe hypercalcaemia against two years of it."""
    curve = metastatic.exposure()
    share = curve[7.0] / curve[730.0]
    return f"{share:.2%} ({curve[7.0]:.3g} and {curve[730.0]:.3g} mg/cm³)", share < 0.01


def healthy() -> Got:
    """Ten years of six tissues in health."""
    found = organs.organs(organs.HEALTHY, 3650.0, ("duration=10 year",))
    return ", ".join(f"{site} {deposit:.3f}" for site, (deposit, _) in found.items()), all(one < 0.05 for one, _ in found.values())


def orders() -> dict[str, list[str]]:
    """Sites in the order in which they pass 0.01 mg/cm³, for each disease in which one does."""
    found = {n: organs.first(organs.organs(f"metastatic/{n}", scenarios.load(f"metastatic/{n}").duration / DAY)) for n in organs.SYSTEMIC}
    return {name: sites for name, sites in found.items() if sites}


def order() -> Got:
    """Whether kidney, lung and stomach are the first three."""
    found = orders()
    text = "; ".join(f"{name}: {' '.join(sites)}" for name, sites in found.items())
    return text, all(set(sites[:3]) == set(organs.VISCERA) for sites in found.values())


def lung_first() -> Got:
    """How often each organ is among the first three, and the lung the very first."""
    found = orders().values()
    counts = ", ".join(f"{site} {sum(site in sites[:3] for sites in found)}" for site in (*organs.VISCERA, *organs.OTHERS))
    leads = sum(sites[0] == "lung" for sites in found)
    return f"lung first in {leads} of {len(found)}; among the first three: {counts}", leads == len(found)


def aorta() -> Got:
    """Aortas of one disease and forty animals, by what an assay of all calcium sees."""
    ratios = organs.aortas(105.0)
    low, high = organs.shares(ratios)
    return f"{low:.0%} below 2 times, {high:.0%} above 20 times, largest {ratios[-1]:.0f} times", low + high >= 0.9 and high > 0.0


def colloid() -> Got:
    """An antiresorptive at equal plasma calcium: what it does, and what of that is the colloid's."""
    ratios, free, held = organs.colloid_arms(1.0)
    without, _, _ = organs.colloid_arms(0.0)
    share = ratios["artery"] / without["artery"]
    text = (
        f"artery {ratios['artery']:.2f} times more without it, {without['artery']:.2f} where vessels leak none: "
        f"{share:.2f} times by the colloid ({free[2]:.2f} and {held[2]:.2f} times health); "
        f"calcium {free[0]:.2f} and {held[0]:.2f}, phosphate {free[1]:.2f} and {held[1]:.2f} mmol/L"
    )
    return text, share >= 2.0


def kept() -> Got:
    """Apatite that is lost without cells and surgery: every scenario with tissue, systemic ones in full, masses while they grow."""
    worst, name = 0.0, ""
    held = 0
    for one in (name for name in scenarios.names() if scenarios.load(name).site):
        kind, _, short = one.partition("/")
        days = scenarios.load(one).duration / DAY if short in organs.SYSTEMIC else (120.0 if kind == "tumoral" else None)
        lost, amount = organs.without_cells(one, days)
        held += amount > 0.0
        if lost > worst:
            worst, name = lost, one
    return f"at most {worst:.2%} ({name or 'none'}) of {held} scenarios with apatite", worst <= 0.01


LINES: dict[str, tuple[str, Callable[[], Got]]] = {
    "exposure: 7 days at 3.5 mmol/L of calcium": ("below 1 % of two years", exposure),
    "product: Ca × P": ("rising; below 55 at most a quarter of 90 (F18)", metastatic.threshold),
    "inhibitors: any of three restored": ("at least twofold less (F15)", metastatic.three_inhibitors),
    "diet: kidney failure for a year": ("restricted < binder < high (F14)", metastatic.phosphate_control),
    "health: ten years of six tissues": ("each below 0.05 mg/cm³", healthy),
    "order: kidney, lung, stomach": ("first three of six, in each disease with deposits", order),
    "lung: the first organ": ("first in each disease", lung_first),
    "aorta: all or none over seeds": ("at least 90 % below 2 or above 20 times control, some above (F13)", aorta),
    "colloid: antiresorptive at equal calcium": ("at least twofold by the colloid (F16)", colloid),
    "kept: apatite without cells or surgery": ("at most 1 % lost in any scenario", kept),
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
        for axes in (time, product):
            axes.set_ylabel("Calcium in mineral (mg/cm³)")
        style.lettered((time, product))
        command.save(figure, path)


def draw_organs(path: Path) -> None:
    """a: deposit of six tissues in each disease at its end; b: aortas of forty animals over one without mineral."""
    import numpy as np

    names = (organs.HEALTHY, *(f"metastatic/{name}" for name in organs.SYSTEMIC))
    found = [organs.organs(name, scenarios.load(name).duration / DAY) for name in names]
    sites = (*organs.VISCERA, *organs.OTHERS)
    levels = np.array([[max(one[site][0], 1e-4) for site in sites] for one in found])
    with style.figure(174.0, 90.0) as figure:
        table, animals = figure.subplots(1, 2, width_ratios=(1.5, 1.0))
        image = table.imshow(np.log10(levels), cmap="cividis", aspect="auto", vmin=-3.0, vmax=2.0)
        table.set_xticks(range(len(sites)), sites, rotation=40, ha="right")
        table.set_yticks(range(len(names)), [name.partition("/")[2].replace("organs", "health") for name in names])
        bar = figure.colorbar(image, ax=table, label="Calcium in mineral (mg/cm³)", ticks=range(-3, 3))
        bar.ax.set_yticklabels([f"{10.0**power:g}" for power in range(-3, 3)])
        ratios = organs.aortas(105.0)
        animals.semilogy(range(1, len(ratios) + 1), ratios, "o", color=style.VERMILLION, ms=3.5)
        for limit in (2.0, 20.0):
            animals.axhline(limit, color="0.6", lw=0.8, ls=":")
        animals.set_xlabel("Aortas in order (40 seeds)")
        animals.set_ylabel("Calcium over that without mineral")
        style.lettered((table, animals))
        command.save(figure, path)


if __name__ == "__main__":
    figures = {"figure": ("the curves", draw), "organs": ("organs by disease and aortas by seed", draw_organs)}
    sys.exit(command.table(__doc__ or "", LINES, figures))

"""When does an injury heal, when does its mineral stay, when does it grow? One map of two parameters, in healthy plasma.

    python examples/outcome_map.py [FIGURE.png]

A cubic centimetre of skin dies (day 0), and from then on a part of it dies again every month: none, or from a hundredth to all. Its
macrophages take up mineral more or less fast. Where they take up none there are none: nothing clears debris either, and there are
no giant cells. Nothing else differs between the fields of the map. After three years of 360 days the
deposit has

    resolved    less than 0.01 mg Ca/cm³ is left, or less than a fifth of the most that was there
    grown       in the last year it became more by over a tenth
    persisted   neither

Prints the map and the largest and the last deposit of every field, and draws them. For research; not for clinical decisions.
"""

import multiprocessing
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

SEVERITY = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)  # of the necrosis that comes every month
CAPACITY = (0.0, 0.075, 0.25, 0.75, 2.5, 7.5)  # mol Ca/m³/year that quiet macrophages take; 0.75 in the library
YEARS = 3
DAY = 86400.0
ONSET = 0.01  # mg Ca/cm³
OUTCOMES = ("resolved", "persisted", "grown")


class Field(NamedTuple):
    """One field of the map: the most mineral, that a year before the end and that at the end [mg Ca/cm³], and its name."""

    severity: float
    capacity: float
    most: float
    before: float
    last: float

    @property
    def outcome(self) -> str:
        if self.last < max(ONSET, 0.2 * self.most):
            return "resolved"
        return "grown" if self.last > 1.1 * self.before else "persisted"


def run(where: tuple[float, float]) -> Field:
    """One field, in memory."""
    from calcisim import scenario
    from calcisim.scenario.errors import PlausibilityWarning
    from calcisim.simulation.run import Simulation

    severity, capacity = where
    warnings.simplefilter("ignore", PlausibilityWarning)  # the map goes beyond what skin has
    events = ['{kind="necrosis",site="place",at="0 day"}']
    if severity > 0.0:
        events.append(f'{{kind="necrosis",site="place",at="30 day",every="30 day",severity={severity}}}')
    sets = (
        f'duration="{YEARS} year"',
        f"event=[{','.join(events)}]",
        f'site.place.override.uptake_capacity="{capacity} mol/m3/year"',
        "site.place.giant_cells=" + ("0.0" if capacity == 0.0 else "0.5"),
    )
    model = Simulation(scenario.load("dystrophic/injury", sets))
    deposits = []
    for month in range(1, 12 * YEARS + 1):
        model.advance(30.0 * DAY * month)  # always just after an injury
        deposits.append(float(model.observables()["deposit_calcium_mg_per_cm3"]))
    return Field(severity, capacity, max(deposits), deposits[-13], deposits[-1])


def draw(fields: list[Field], path: Path) -> None:
    """The map: colour for the outcome, the deposit at the end in each field."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.patches import Patch

    colours = dict(zip(OUTCOMES, ("#d5e8f0", "#f2c879", "#b5483a"), strict=True))
    figure, axes = plt.subplots(figsize=(6.4, 4.6), layout="constrained")
    for field in fields:
        x, y = SEVERITY.index(field.severity), CAPACITY.index(field.capacity)
        axes.add_patch(plt.Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colours[field.outcome], edgecolor="white", linewidth=2))
        ink = "white" if field.outcome == "grown" else "black"
        axes.text(x, y, f"{field.last:.2g}" if field.last >= 0.001 else "0", ha="center", va="center", color=ink, fontsize=9)
    axes.set(xlim=(-0.5, len(SEVERITY) - 0.5), ylim=(-0.5, len(CAPACITY) - 0.5))
    axes.set_xticks(range(len(SEVERITY)), [f"{one:g}" for one in SEVERITY])
    axes.set_yticks(range(len(CAPACITY)), [f"{one:g}" for one in CAPACITY])
    axes.set_xlabel("part that dies again every month (1)")
    axes.set_ylabel("uptake by quiet macrophages (mol Ca/m³/year)")
    axes.set_title(f"Skin {YEARS} years after it died; numbers: mg Ca/cm³ in mineral", fontsize=10)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)
    handles = [Patch(color=colours[name], label=name) for name in OUTCOMES]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=300)


def main(target: str = "outcome-map.png") -> None:
    """All fields, the table and the figure."""
    where = [(severity, capacity) for capacity in reversed(CAPACITY) for severity in SEVERITY]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        fields = pool.map(run, where, chunksize=1)
    print(f"{'severity':>8} {'uptake':>7} {'most':>8} {'at the end':>10}  outcome")
    for field in fields:
        print(f"{field.severity:8g} {field.capacity:7g} {field.most:8.3g} {field.last:10.3g}  {field.outcome}")
    found = {field.outcome for field in fields}
    print("outcomes on the map:", ", ".join(name for name in OUTCOMES if name in found))
    draw(fields, Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:2])

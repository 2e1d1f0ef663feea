"""The first run from Python: a valve cusp under the skin of a young rat, its numbers, its picture and its map.

    python examples/first_run.py [DIRECTORY]

For research; not for clinical decisions.
"""

import sys

import calcisim as cs


def main(place: str = "first-run") -> None:
    """Run five days, say what came out, and where the picture is."""
    run = cs.run("dystrophic/subdermal-cusp", days=5, quick=True, threads=1, out=place)
    print(f"{run.summary['calcium_ug_per_mg_dry']:.1f} µg of calcium per mg of dry cusp, held back by {run.summary['limiting_step']}")
    series = run.timeseries()
    for day, calcium in zip(series["time_d"], series["calcium_ug_per_mg_dry"], strict=True):
        print(f"day {day:g}: {calcium:5.1f} µg/mg")
    mineral = run.to_xarray().mineral_calcium[-1].squeeze()  # mol/m³ across the thickness
    print(f"most mineral at x = {float(mineral.x[int(mineral.values.argmax())]) * 1e3:.2f} mm")
    print("picture:", run.plot()[0])


if __name__ == "__main__":
    main(*sys.argv[1:2])

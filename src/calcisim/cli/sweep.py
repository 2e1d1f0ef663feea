"""Commands for one scenario at many values: commands, no logic."""

from pathlib import Path
from typing import Annotated, Any

import typer

from calcisim.cli.app import Json, Name, Quick, Quiet, Sets, app, print_json, print_table, quietly, say

Days = Annotated[float | None, typer.Option(help="simulated days; the scenario's own length by default")]
Workers = Annotated[int | None, typer.Option(help="processes, here or on Slurm; one per free core by default; results do not depend on it")]
Scheduler = Annotated[str | None, typer.Option(metavar="ADDRESS", help="run on the workers of this Dask scheduler: tcp://HOST:8786")]
Slurm = Annotated[
    list[str] | None, typer.Option(metavar="KEY=VALUE", help="run in jobs of Slurm: queue=short, cores=16, walltime=04:00:00 …; repeatable")
]
Place = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="directory; the same study goes on in its own by default")]
Again = Annotated[bool, typer.Option("--retry-failed", help="run again what failed by its own fault")]


@app.command()
def sweep(
    name: Name,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=VALUES", help="LOW:HIGH:N UNIT, LOW:HIGH:N:log UNIT or A,B,C UNIT; repeat for a grid of all"),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(metavar="N", help="draw N points from ranges LOW:HIGH UNIT in place of a grid; a power of 2 for sobol")
    ] = None,
    draw: Annotated[str, typer.Option(metavar="lhs|sobol", help="how samples are drawn: a Latin hypercube or a Sobol sequence")] = "lhs",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="of the samples; for chance in the runs vary seed=1,2,3")] = 1,
    sets: Sets = None,
    days: Days = None,
    quick: Quick = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    slurm: Slurm = None,
    out: Place = None,
    retry_failed: Again = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """One scenario at many values: a table, a figure, and the runs that failed. The same command goes on where it was stopped."""
    from calcisim.studies import cluster
    from calcisim.studies import sweep as study

    executor = cluster.chosen(workers, scheduler, tuple(slurm or ()))
    asked = study.sweep(name, tuple(vary or ()), tuple(sets or ()), quick, days, samples, draw, seed)
    done = study.run(asked, executor, out, retry_failed, quietly if quiet else say)
    summary = _summary(done, len(asked.points))
    if as_json:
        print_json({"directory": done.directory, **summary})
    else:
        _print_ends(summary, study.SHOWN)
        _print_failed(summary)
        _print_places(done, study.TABLE)
    _leave_if_none_finished(summary)


@app.command()
def sensitivity(
    name: Name,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=RANGE", help="LOW:HIGH UNIT or LOW:HIGH:log UNIT; or assumed, fitted: such columns of the tissues"),
    ] = None,
    method: Annotated[str, typer.Option(metavar="morris|sobol", help="screening by Morris, or Sobol's shares of the variance")] = "morris",
    trajectories: Annotated[int | None, typer.Option(metavar="N", help="of Morris; 10 by default: N × (values + 1) runs")] = None,
    samples: Annotated[int | None, typer.Option(metavar="N", help="of Sobol, a power of 2; 64 by default: N × (values + 2) runs")] = None,
    quantity: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="the deposit by default; repeatable, costs no more runs")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="of the design")] = 1,
    sets: Sets = None,
    days: Days = None,
    quick: Quick = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    slurm: Slurm = None,
    out: Place = None,
    retry_failed: Again = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Which of several values a result hangs on, over their ranges. The same command goes on where it was stopped."""
    from calcisim.errors import UsageError
    from calcisim.studies import cluster
    from calcisim.studies import sensitivity as study

    if (trajectories if method == "sobol" else samples) is not None:
        raise UsageError("--trajectories is for --method morris, --samples for --method sobol")
    executor = cluster.chosen(workers, scheduler, tuple(slurm or ()))
    tell = quietly if quiet else say
    count = samples if method == "sobol" else trajectories
    asked = study.study(name, tuple(vary or ()), tuple(sets or ()), quick, days, method, count, seed, tell)
    done = study.run(asked, executor, tuple(quantity or ()), out, retry_failed, tell)
    summary = _summary(done, len(asked.points))
    if as_json:
        print_json({"directory": done.directory, **summary})
    else:
        _print_indices(summary)
        _print_failed(summary)
        _print_places(done, study.TABLE)
    _leave_if_none_finished(summary)


_TOLD = {
    "morris": (("size", "mu_star"), ("low", "mu_star_low"), ("high", "mu_star_high"), ("spread", "sigma")),
    "sobol": (
        ("first", "first"),
        ("low", "first_low"),
        ("high", "first_high"),
        ("total", "total"),
        ("low", "total_low"),
        ("high", "total_high"),
    ),
}


def _print_indices(summary: dict[str, Any]) -> None:
    told = _TOLD[summary["method"]]
    for name, one in summary["quantities"].items():
        unit = "" if one["unit"] in ("", "1") or summary["method"] == "sobol" else f" ({one['unit']})"
        print(f"{name}{unit}")
        if one["used"] < one["groups"]:
            print(f"{one['groups'] - one['used']} of {one['groups']} groups of runs are left out: a run failed or has no value")
        if one["indices"] is None:
            print("too few runs have a value, or it does not change")
            continue
        ranked = sorted(one["indices"], key=lambda axis: -axis[told[0][1] if len(told) == 4 else "total"])
        print_table(["", *(said for said, _ in told)], [[axis["path"], *(f"{axis[key]:.3g}" for _, key in told)] for axis in ranked])


def _summary(done: Any, points: int) -> dict[str, Any]:
    """The summary; leaves with the signal's code where the study did not come to its end."""
    if done.summary is None:
        say(f"stopped: {done.ended:,} of {points:,} runs are kept in {done.directory}; the same command goes on")
        raise typer.Exit(128 + (done.signal or 2))
    return dict(done.summary)


def _print_ends(summary: dict[str, Any], shown: tuple[str, ...]) -> None:
    found = summary["quantities"]
    rows = [[name, *(found[name][key] for key in ("low", "low_at", "high", "high_at"))] for name in shown if name in found]
    print_table(["quantity", "least", "at point", "most", "at point"], rows)


def _print_failed(summary: dict[str, Any], most: int = 10) -> None:
    failed = summary["failed"]
    print(f"{summary['finished']:,} of {summary['points']:,} runs finished")
    for one in failed[:most]:
        print(f"failed: point {one['point']}: {one['error']}")
    if len(failed) > most:
        print(f"failed: {len(failed) - most:,} more, in summary.json")


def _print_places(done: Any, table: str) -> None:
    """Where the table is, and the pictures that were drawn now."""
    print(f"results: {done.directory / table}")
    for path in done.pictures:
        print(f"picture: {path}")


def _leave_if_none_finished(summary: dict[str, Any]) -> None:
    """Leave with the code of a solver that could not go on where not one run came to its end."""
    if not summary["finished"]:
        raise typer.Exit(3)

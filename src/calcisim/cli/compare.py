"""Commands that set arms side by side: commands, no logic."""

from pathlib import Path
from typing import Annotated, Any

import typer

from calcisim.cli.app import Json, Name, Quick, Quiet, Sets, app, print_json, print_table, quietly, say


@app.command()
def compare(
    name: Name,
    arm: Annotated[
        list[str] | None,
        typer.Option(
            "--arm",
            metavar="NAME[=CHANGE]",
            help="untreated, a shipped variant, NAME=PATH=VALUE or NAME=SCENARIO; the first is the reference",
        ),
    ] = None,
    replicates: Annotated[int, typer.Option(help="members that go through every arm")] = 20,
    sets: Sets = None,
    people: Annotated[
        str | None, typer.Option("--cohort", metavar="NAME|FILE", help="how members differ; the scenario's [cohort] by default")
    ] = None,
    spread: Annotated[float, typer.Option(help="times the spreads of the cohort")] = 1.0,
    days: Annotated[float | None, typer.Option(help="simulated days; the scenario's own length by default")] = None,
    seed: Annotated[int | None, typer.Option(help="another draw of members and nucleation")] = None,
    workers: Annotated[int | None, typer.Option(help="processes; one per free core by default; results do not depend on it")] = None,
    quick: Quick = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="directory; the same comparison goes on in its own below runs/ by default")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Arms side by side over a cohort with the same random numbers. The same command goes on where it was stopped."""
    from calcisim.studies import compare as study
    from calcisim.studies import comparison

    asked = comparison.study(name, tuple(arm or ()), replicates, tuple(sets or ()), people, spread, quick, days, seed)
    done = study.compare(asked, out, workers, quietly if quiet else say)
    if done.summary is None:
        say("stopped; what was finished is kept, and the same command goes on")
        raise typer.Exit(128 + (done.signal or 2))
    if as_json:
        print_json({"directory": done.directory, **done.summary})
        return
    _print_arms(done.summary)
    print(f"results: {done.directory}\npicture: {done.directory / 'figures' / 'comparison.png'}")


def _print_arms(summary: dict[str, Any]) -> None:
    rows = []
    for name, arm in summary["arms"].items():
        found = arm["outcomes"]
        rows.append([
            name, f"{arm['finished']} of {arm['finished'] + len(arm['failed'])}", _mean(found["deposit_calcium_mg"]),
            _mean(found["change_from_reference"], 100.0, " %"), _share(found["responded"]), _share(found["recurred"]),
            _mean(found["new_sites"]), _mean(found["inflammation_final"]),
        ])  # fmt: skip
    print_table(["arm", "finished", "calcium (mg)", "change", "responded", "recurred", "new sites", "inflammation"], rows)
    for name, arm in summary["arms"].items():
        for failed in arm["failed"]:
            print(f"failed: {name}, replicate {failed['replicate']}: {failed['error']}")


def _mean(found: dict[str, Any], factor: float = 1.0, unit: str = "") -> str:
    if found["mean"] is None:
        return ""
    interval = "" if found["low"] is None else f" ({factor * found['low']:.3g} to {factor * found['high']:.3g})"
    return f"{factor * found['mean']:.3g}{unit}{interval}"


def _share(found: dict[str, Any]) -> str:
    return "" if found["share"] is None else f"{found['count']} of {found['n']}"


@app.command()
def power(
    comparison: Annotated[Path, typer.Argument(metavar="COMPARISON", help="directory of a finished `calcisim compare`")],
    effect: Annotated[float | None, typer.Option(metavar="PERCENT", help="change to be seen, as -30; that of the arm by default")] = None,
    arm: Annotated[str | None, typer.Option(help="arm against the reference; the second of the comparison by default")] = None,
    wanted: Annotated[float, typer.Option("--power", help="chance to see it")] = 0.8,
    alpha: Annotated[float, typer.Option(help="level of the two-sided test")] = 0.05,
    assay: Annotated[float, typer.Option(help="coefficient of variation of the measurement; assumed")] = 0.1,
    as_json: Json = False,
) -> None:
    """Animals per arm and sampling days for an effect, from the spread that a comparison found."""
    from calcisim.errors import UsageError
    from calcisim.studies import power as study

    for option, value, low, high in (("--power", wanted, 0.5, 0.999), ("--alpha", alpha, 1e-6, 0.2), ("--assay", assay, 0.0, 2.0)):
        if not low <= value <= high:
            raise UsageError(f"{option} {value:g}: must be {low:g} to {high:g}.")
    found = study.plan(comparison, None if effect is None else effect / 100.0, arm, wanted, alpha, assay)
    if as_json:
        print_json(found)
        return
    seen = "" if found["observed_effect"] is None else f" (the comparison found {100 * found['observed_effect']:+.0f} %)"
    print(f"{found['arm']} against {found['reference']}: {100 * found['effect']:+.0f} % of deposited calcium{seen}")
    print(f"power {wanted:g}, two-sided {alpha:g}, assay {100 * assay:g} %, spread from {found['members']} members")
    if not found["cohort"]:
        print("the comparison had no cohort: this spread is that of chance alone, and real animals differ more")
    columns = ["day", "median (mg)", "spread (log)", "animals per arm"]
    shown = found["days"][:: max(1, len(found["days"]) // 20)]  # all of them are in --json
    print_table(columns, [[one["day"], one["median"], one["spread"], one["animals"] or f"> {study.MOST:,}"] for one in shown])
    if found["best"] is None:
        print("on no day can it be seen with so few animals")
    else:
        print(f"best: {found['best']['animals']} animals per arm, sampled on day {found['best']['day']:g}")

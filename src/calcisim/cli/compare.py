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
    from calcisim.errors import UsageError
    from calcisim.studies import compare as study
    from calcisim.studies import comparison

    if workers is not None and not 1 <= workers <= 256:
        raise UsageError(f"--workers {workers}: must be 1 to 256.")
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

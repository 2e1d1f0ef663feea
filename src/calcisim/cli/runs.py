"""Commands for scenarios and single runs: commands, no logic."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from calcisim.cli.app import Force, Json, Name, Out, Quick, Quiet, RunDirectory, Sets, Threads, app, print_json, print_table, quietly, say


@app.command("list")
def list_scenarios(as_json: Json = False) -> None:
    """Scenarios by condition: size and rough cost."""
    from calcisim.studies import catalogue, progress

    rows = catalogue.rows()
    if as_json:
        print_json(rows)
        return
    cells = []
    for row in rows:
        if "error" in row:
            cells.append([row["name"], "", "", "", f"does not load: {row['error']}"])
        else:
            cells.append([row["name"], row["size"], f"{row['days']:g} d", f"~{progress.clock(row['seconds'])}", row["title"]])
    print_table(["scenario", "grid", "length", "time", "what it is"], cells)


@app.command()
def show(name: Name, sets: Sets = None, quick: Quick = False, as_json: Json = False) -> None:
    """Every value of a scenario and every constant behind it: unit, range, source, quality."""
    from calcisim import scenario
    from calcisim.studies import catalogue

    loaded = scenario.load(name, tuple(sets or ()), quick)
    text, rows = scenario.dump(loaded), catalogue.parameters_used(loaded)
    if as_json:
        import tomllib

        print_json({"scenario": tomllib.loads(text), "parameters": rows})
        return
    print(text)
    columns = ["name", "value", "unit", "range", "source", "quality"]
    print_table(columns, [[_range(row[c]) if c == "range" else row[c] for c in columns] for row in rows])


def _range(sides: list[float] | None) -> str:
    return "" if sides is None else f"{sides[0]:.4g} to {sides[1]:.4g}"


@app.command()
def check(name: Name, sets: Sets = None, quick: Quick = False, as_json: Json = False) -> None:
    """Read a scenario and say what it would cost; nothing is run."""
    from calcisim.studies import catalogue

    document = catalogue.check(name, tuple(sets or ()), quick)
    if as_json:
        print_json(document)
        return
    for key, value in document.items():
        print(f"{key.replace('_', ' '):>16}: {'unknown' if value is None else value}")


@app.command()
def run(
    name: Name,
    sets: Sets = None,
    days: Annotated[float | None, typer.Option(help="simulated days; the scenario's own length by default")] = None,
    seed: Annotated[int | None, typer.Option(help="another draw of the random nucleation")] = None,
    threads: Threads = None,
    quick: Quick = False,
    out: Out = None,
    force: Force = False,
    keep: Annotated[
        list[float] | None, typer.Option("--keep", metavar="DAY", help="keep the checkpoint of this output day; repeatable")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a scenario in a new directory. Ctrl-C stops after the step, saves, and says how to go on."""
    from calcisim.studies import execute, progress

    command = shlex.join(["calcisim", *sys.argv[1:]])
    request = execute.Request(name, tuple(sets or ()), days, seed, threads, quick, out, force, command, tuple(keep or ()))
    _report(execute.start(request, progress.reporter(quiet), execute.engine()), as_json)


@app.command()
def plasma(
    name: Name,
    sets: Sets = None,
    years: Annotated[float | None, typer.Option(help="simulated years; the scenario's own length by default")] = None,
    days: Annotated[float | None, typer.Option(help="simulated days, instead of years")] = None,
    quick: Quick = False,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The body alone: plasma, hormones and kidneys of a scenario over years, on reference ranges."""
    from calcisim.errors import UsageError
    from calcisim.studies import plasma as study

    if years is not None and days is not None:
        raise UsageError("--years and --days: give one of them.")
    if years is not None and not 0.0 < years <= 200.0:
        raise UsageError(f"--years {years:g}: must be more than 0 and at most 200.")
    length = years * 365.25 if years is not None else days
    command = shlex.join(["calcisim", *sys.argv[1:]])
    request = study.Request(name, tuple(sets or ()), length, quick, out, force, command)
    _report(study.start(request, quietly if quiet else say), as_json)


@app.command()
def resume(directory: RunDirectory, threads: Threads = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Go on with a stopped run; byte for byte as if it had never stopped."""
    from calcisim.studies import execute, progress

    _report(execute.resume(directory, threads, progress.reporter(quiet), execute.engine()), as_json)


@app.command()
def branch(
    past: Annotated[str, typer.Argument(metavar="RUN@day=D", help="a run directory and the day on which it parts")],
    sets: Sets = None,
    days: Annotated[float | None, typer.Option(help="simulated days in all; as long as the run by default")] = None,
    name: Annotated[str, typer.Option(help="what the branch is called")] = "branch",
    threads: Threads = None,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The same past, another future: a treatment that begins late, or none. Without a change it is the run again, byte for byte."""
    from calcisim.studies import branch as study
    from calcisim.studies import progress

    run, day = study.parse(past)
    command = shlex.join(["calcisim", *sys.argv[1:]])
    request = study.Request(run, day, tuple(sets or ()), days, name, out, force, threads, command)
    _report(study.start(request, progress.reporter(quiet)), as_json)


def _report(outcome: Any, as_json: bool) -> None:
    """What a run ends with on stdout, and the exit code of a signal."""
    resume_command = shlex.join(["calcisim", "resume", str(outcome.directory)])
    if outcome.signal is not None:
        if as_json:
            print_json({"status": "stopped", "directory": outcome.directory, "resume": resume_command})
        say(f"stopped and saved; go on with: {resume_command}")
        raise typer.Exit(128 + outcome.signal)
    if outcome.already:
        say(f"{outcome.directory} is finished; nothing was changed.")
    figures = sorted((outcome.directory / "figures").glob("*.png"))
    if as_json:
        print_json({"status": "finished", "directory": outcome.directory, "figures": figures, **outcome.summary})
        return
    _print_summary(outcome.summary)
    print(f"results: {outcome.directory}")
    for figure in figures:
        print(f"picture: {figure}")


def _print_summary(document: dict[str, Any]) -> None:
    from calcisim.results import observables

    for name, entry in observables.REGISTRY.items():
        value = document.get(name)
        if value is not None and not name.startswith("ledger"):
            shown = f"{value:.4g}" if isinstance(value, float) else value
            print(f"{name.replace('_', ' '):>32}: {shown} {entry.unit if entry.unit != '1' else ''}".rstrip())
    worst = max((abs(value) for name, value in document.items() if name.startswith("ledger_") and isinstance(value, float)), default=0.0)
    print(f"{'books close to':>32}: {worst:.1e}")


@app.command()
def plot(
    directory: RunDirectory,
    formats: Annotated[list[str] | None, typer.Option("--format", help="png, pdf or svg; may be repeated")] = None,
    as_json: Json = False,
) -> None:
    """Draw a run's figures again, measured points over the simulated curve."""
    from calcisim.results import directory as run_directory
    from calcisim.results import plots

    run_directory.provenance(directory)
    made = plots.draw(directory, formats=tuple(formats or ("png",)))
    if as_json:
        print_json({"figures": made})
        return
    for path in made:
        print(path)


@app.command()
def saturation(
    table: Annotated[Path, typer.Argument(metavar="IN.csv", help="chemistry of blood or fluid, one row per sample")],
    out: Annotated[Path, typer.Option(metavar="OUT.csv", help="species and saturation indices")],
    force: Annotated[bool, typer.Option("--force", help="replace OUT.csv when it is there")] = False,
    as_json: Json = False,
) -> None:
    """Species and saturation indices of measured fluids. A bad row is reported, the rest is computed, exit code 2."""
    from calcisim.studies.saturation import saturation as compute

    problems = compute(table, out, force)
    for problem in problems:
        say(f"error: {table}: {problem}")
    if as_json:
        print_json({"table": out, "problems": [str(problem) for problem in problems]})
    else:
        print(out)
    if problems:
        raise typer.Exit(2)


@app.command()
def box(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML: kernel, bins_per_decade, v_min, v_max, initial, times, and options")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="new directory for the classes (CSV) and a figure")] = None,
    as_json: Json = False,
) -> None:
    """Particles that collide in a closed, well-mixed box: the keys of FILE are the arguments of calcisim.box.coagulate."""
    from calcisim.studies import box_file

    found, files = box_file.run(file, out)
    if as_json:
        print_json({**box_file.document(found), "files": files})
        return
    rows = box_file.totals(found)
    print_table(list(rows[0]), [list(row.values()) for row in rows])
    for path in files:
        print(path)


@app.command()
def cite(directory: RunDirectory, as_json: Json = False) -> None:
    """BibTeX of everything that a run stands on."""
    from calcisim import sources
    from calcisim.results import directory as run_directory

    keys = run_directory.cited(directory)
    if as_json:
        print_json([{"key": key, "bibtex": sources.bibtex([key])} for key in keys])
    else:
        print(sources.bibtex(keys), end="")


@app.command()
def where(term: Annotated[str, typer.Argument(help="a process, a tag or a symbol, as growth or GRO-3")], as_json: Json = False) -> None:
    """File, line and formula of the equations that mention TERM."""
    from dataclasses import asdict

    from calcisim.studies import equations

    found = equations.where(term)
    if as_json:
        print_json([asdict(equation) for equation in found])
        return
    for equation in found:
        print(f"{equation.tag}  {equation.place}  {equation.name}\n    {equation.formula}")


@app.command()
def warmup(quiet: Quiet = False) -> None:
    """Compile all kernels into the cache, once, so that later runs start at once."""
    from calcisim.studies import warmup as study

    seconds = study.warmup(say=quietly if quiet else say)
    if not quiet:
        say(f"kernels are ready ({seconds:.1f} s)")


@app.command()
def doctor(as_json: Json = False) -> None:
    """What this machine offers and whether calcisim works on it. Exit code 1 when something is in the way."""
    from calcisim.studies import doctor as study

    document = study.examine()
    found = study.problems(document)
    if as_json:
        print_json({**document, "problems": found})
    else:
        for key, value in document.items():
            shown = ", ".join(f"{name} {version}" for name, version in value.items()) if isinstance(value, dict) else value
            print(f"{key.replace('_', ' '):>22}: {shown}")
        print("\n".join(f"problem: {problem}" for problem in found) or "all well")
    if found:
        raise typer.Exit(1)

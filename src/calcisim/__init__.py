"""calcisim simulates calcification of soft tissue: where, when and why mineral forms on collagen, and what would prevent it.

>>> import calcisim as cs
>>> run = cs.run("dystrophic/subdermal-cusp", days=21)
>>> run.summary["calcium_ug_per_mg_dry"], run.plot(), run.to_xarray()

For research; hypothesis-generating; not for clinical decisions.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calcisim.results.run import Run

__all__ = ["box", "open_run", "run"]


def __getattr__(name: str) -> Any:
    """`calcisim.box` when it is first asked for: it needs the compiler, and `import calcisim` must stay quick."""
    if name == "box":
        from importlib import import_module

        return import_module("calcisim.box")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def run(
    name: str,
    days: float | None = None,
    sets: Sequence[str] = (),
    seed: int | None = None,
    threads: int | None = None,
    quick: bool = False,
    out: str | Path | None = None,
    quiet: bool = True,
) -> "Run":
    """Run a scenario in a new directory and return it.

    name: a scenario's name or a path to a TOML file; days: simulated length, the scenario's own by default;
    sets: changes such as 'plasma.phosphate="4 mg/dL"'; out: the directory, by default a new numbered one below runs/.
    Raises the errors of `calcisim.errors`, whose messages say what to change.
    """
    from calcisim.results.run import Run
    from calcisim.studies import execute, progress

    request = execute.Request(name, tuple(sets), days, seed, threads, quick, None if out is None else Path(out), command="calcisim.run")
    return Run(execute.start(request, progress.reporter(quiet), execute.engine()).directory)


def open_run(directory: str | Path) -> "Run":
    """A run that is on the disk already. Raises `UsageError` when the directory is not a run."""
    from calcisim.results import directory as run_directory
    from calcisim.results.run import Run

    run_directory.provenance(Path(directory))
    return Run(Path(directory))

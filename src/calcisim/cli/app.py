"""What all commands share: the application, its options, and how things are said.

Only typer and rich are imported before a command runs, so that --help is quick.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

app = typer.Typer(
    help="Simulate calcification of soft tissue. For research; hypothesis-generating; not for clinical decisions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(metavar="SCENARIO", help="a name from `calcisim list`, or a path to a TOML file")]
RunDirectory = Annotated[Path, typer.Argument(metavar="RUN", help="a run directory")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help='change a value: plasma.phosphate="6.5 mg/dL"; repeatable')
]
Json = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="no progress")]
Threads = Annotated[int | None, typer.Option(help="threads for large grids; free cores by default; results do not depend on it")]
Quick = Annotated[bool, typer.Option("--quick", help="the scenario's short and coarse form")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="run directory; a new numbered one below runs/ by default")]
Force = Annotated[bool, typer.Option("--force", help="move what is in --out aside to DIR.old-1")]


def main() -> None:
    """Entry point: errors become one message on stderr and their exit code."""
    warnings.showwarning = warn
    try:
        app()
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if os.environ.get("CALCISIM_TRACEBACK"):
            raise
        if code is None:
            hint = "This is a fault of calcisim, not yours; CALCISIM_TRACEBACK=1 shows where it happened."
            say(f"error: {type(error).__name__}: {error}\n{hint}")
        else:
            say(f"error: {error}")
        sys.exit(code or 1)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)


def say(text: str) -> None:
    print(text, file=sys.stderr)


def quietly(text: str) -> None:
    """What is said to nobody."""


def warn(message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: str | None = None) -> None:
    say(f"warning: {message}")


def print_json(document: Any) -> None:
    from calcisim.results.files import plain

    print(json.dumps(plain(document), indent=2, ensure_ascii=False))


def print_table(columns: list[str], rows: list[list[Any]]) -> None:
    """A table that wraps on a terminal, and one line per row elsewhere."""
    cells = [["" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in cells:
            table.add_row(*map(escape, row))
        Console().print(table)
        return
    widths = [max(len(row[number]) for row in [columns, *cells]) for number in range(len(columns))]
    for row in [columns, *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())

"""The command line: `calcisim COMMAND`, in groups of commands."""

from calcisim.cli import (  # noqa: F401  (they fill the application)
    animation,
    bench,
    cause,
    compare,
    facts,
    fitting,
    imaging,
    morphology,
    reporting,
    runs,
    studies,
    sweep,
)
from calcisim.cli.app import app, main

__all__ = ["app", "main"]

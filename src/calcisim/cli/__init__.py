"""The command line: `calcisim COMMAND`, in groups of commands."""

from calcisim.cli import cause, compare, facts, fitting, runs, studies  # noqa: F401  (they fill the application)
from calcisim.cli.app import app, main

__all__ = ["app", "main"]

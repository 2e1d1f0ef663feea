"""Progress of a run on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

DAY = 86400.0
_LINE_SECONDS = 10.0  # between plain lines
_BAR_SECONDS = 0.1  # between redraws: no thread redraws, so that nothing competes with the solver


class Reporter:
    """What the run loop tells; this base class is the quiet one and keeps warnings only.

    Call `begin(day, end)` once, `step(day)` after every step, `row(values)` at every output time, `close()` at the end;
    `note(text)` says something at any time, `warn(text)` also when quiet.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._end = 0.0
        self._first: tuple[float, float] | None = None  # wall time and day after the first step: compilation lies before it
        self._row = ""

    def warn(self, text: str) -> None:
        self._console.print(f"warning: {text}", markup=False)

    def note(self, text: str) -> None:
        """Said to those who watch."""

    def begin(self, day: float, end: float) -> None:
        self._end = end

    def step(self, day: float) -> None:
        if self._first is None:
            self._first = (time.monotonic(), day)

    def row(self, values: dict[str, Any]) -> None:
        parts = []
        deposit, ledger = values.get("deposit_calcium_mg"), values.get("ledger_calcium_relative")
        if deposit is not None:
            parts.append(f"deposit {deposit:.4g} mg Ca")
        if ledger is not None:
            parts.append(f"books {abs(ledger):.0e}")
        self._row = ", ".join(parts)

    def close(self) -> None:
        """The run loop has ended."""

    def remaining(self, day: float) -> str:
        """Time left, from the pace since the first step; blank until there is a pace."""
        if self._first is None or day <= self._first[1]:
            return ""
        wall, start = self._first
        seconds = (time.monotonic() - wall) / (day - start) * (self._end - day)
        return f"{clock(seconds)} left"


class Lines(Reporter):
    """One line every few seconds, for logs and pipes."""

    def __init__(self) -> None:
        super().__init__()
        self._last = time.monotonic()

    def note(self, text: str) -> None:
        self._console.print(text, markup=False)

    def step(self, day: float) -> None:
        super().step(day)
        if time.monotonic() - self._last < _LINE_SECONDS:
            return
        self._last = time.monotonic()
        parts = [f"day {day:.4g} of {self._end:g}", self.remaining(day), self._row]
        self.note(", ".join(part for part in parts if part))


class Bar(Reporter):
    """A bar with simulated day, time left, deposit and the error of the books."""

    def __init__(self) -> None:
        super().__init__()
        columns = (TextColumn("day {task.fields[day]:8.2f} of {task.fields[end]:g}"), BarColumn(), TextColumn("{task.fields[more]}"))
        self._bar = Progress(*columns, console=self._console, auto_refresh=False)
        self._task: Any = None
        self._drawn = 0.0
        self._day = 0.0

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False)

    def begin(self, day: float, end: float) -> None:
        super().begin(day, end)
        self._task = self._bar.add_task("", total=end, day=day, end=end, more="")
        self._bar.update(self._task, completed=day)
        self._bar.start()
        self._bar.refresh()

    def step(self, day: float) -> None:
        super().step(day)
        self._day = day
        if time.monotonic() - self._drawn < _BAR_SECONDS:
            return
        self._drawn = time.monotonic()
        more = "  ".join(part for part in (self.remaining(day), self._row) if part)
        self._bar.update(self._task, completed=day, day=day, more=more)
        self._bar.refresh()

    def close(self) -> None:
        if self._task is not None:
            self._bar.update(self._task, completed=self._day, day=self._day, more=self._row)
        self._bar.stop()


def reporter(quiet: bool) -> Reporter:
    """The right one for where stderr goes. NO_COLOR is respected by the console itself."""
    if quiet:
        return Reporter()
    return Bar() if Console(stderr=True).is_terminal else Lines()


def clock(seconds: float) -> str:
    """12 s, 3 min 05 s, 2 h 10 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"

"""`calcisim validate`: the facts with what is kept, side by side, and the page."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from calcisim.errors import UsageError
from calcisim.studies import validate_page
from calcisim.studies.validate import NOT_QUICK, share, validate, word

COLUMNS = ["fact", "role", "statement", "target", "tolerance", "got", ""]


def command(
    only: Iterable[str],
    say: Callable[[str], None],
    quick: bool = False,
    workers: int | None = None,
    fresh: bool = False,
    page: Path | None = None,
) -> list[dict[str, Any]]:
    """Rows of `validate` with results kept on the disk; with `page` that file is written too. Raises UsageError for a mistake of the user.

    workers: processes; None takes one per free core. The page is of all facts in full, so it goes neither with `quick` nor with `only`.
    """
    from calcisim.studies import executor
    from calcisim.studies.validate_kept import Kept

    if page is not None:
        if quick or only:
            raise UsageError("--page shows all facts in full: leave out --quick and the ids.")
        validate_page.refuse(page)
    count, began, kept = executor.workers(workers), time.perf_counter(), Kept()
    rows = validate(only, say, quick, count, kept, fresh)
    if page is not None:
        validate_page.write(page, validate_page.page(rows, how(rows, count, time.perf_counter() - began)))
        say(f"written: {page}")
    return rows


def how(rows: list[dict[str, Any]], workers: int, wall: float) -> str:
    """When and how long, for the page."""
    again = sum(row["kept"] for row in rows)
    spent = sum(row["wall_s"] or 0.0 for row in rows)
    took = f"; {again} rows were kept from a run of the same sources" if again else f", {wall / 60.0:.0f} minutes with {workers} at a time"
    return f"On {time.strftime('%Y-%m-%d')}, {spent / 60.0:.0f} minutes of computing in all{took}."


def table(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]], str]:
    """Columns and cells for the terminal, and the last line: counts, and the share of the validate rows."""
    given = ("id", "role", "statement", "target", "tolerance")
    cells = [[*(row[key] for key in given), None if row["passed"] is None else row["got"], _said(row)] for row in rows]
    passed, failed = (sum(row["passed"] is outcome for row in rows) for outcome in (True, False))
    open_ones = sum(row["passed"] is None for row in rows)
    met, number = share(rows)
    how_open = "not computed" if any(row["got"] == NOT_QUICK for row in rows) else "not yet addressed"
    last = f"{passed} pass, {failed} fail, {open_ones} {how_open}"
    if number:
        last += f"; of {number} validate rows {met} pass ({met / number:.0%}, asked: {validate_page.AIMED:.0%})"
    return COLUMNS, cells, last


def _said(row: dict[str, Any]) -> str:
    """The outcome with how it was come by."""
    marks = [mark for mark in ("quick", "kept") if row[mark]]
    return word(row) + (f" ({', '.join(marks)})" if marks else "")

"""The picture of `calcisim bench`: how many times faster, on a logarithmic axis, with what was promised."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calcisim.results import style

ROW, FRAME = 8.0, 26.0  # mm per measure, and for the axis and the legend
WIDTH = 180.0


def draw(rows: Sequence[dict[str, Any]], path: Path) -> list[Path]:
    """A point for each measure whose ratio is a number, a bar for its target. Writes PATH.png; returns the paths."""
    shown = [row for row in rows if row["ratio"]]
    with style.figure(WIDTH, FRAME + ROW * max(len(shown), 2)) as figure:
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.axvline(1.0, color="0.6", linewidth=0.7, zorder=0)
        for height, row in enumerate(shown):
            _one(axes, height, row)
        _limits(axes, shown)
        axes.set_yticks(range(len(shown)), [_label(row) for row in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel("Measure (as in bench.json)")
        axes.set_xlabel("Reference time / our time (-); for the explicit step: share of the bandwidth bound (-)")
        _legend(figure)
        return style.save(figure, path, ("png",))


def _one(axes: Any, height: int, row: dict[str, Any]) -> None:
    missed = row["met"] is False
    axes.plot(row["ratio"], height, "o" if not missed else "D", color=style.VERMILLION if missed else style.BLUE, markersize=5, zorder=3)
    if row["target"] is not None:
        axes.plot([row["target"]] * 2, [height - 0.32, height + 0.32], color="black", linewidth=1.4, zorder=2)
        axes.plot([row["target"], row["ratio"]], [height] * 2, color="0.75", linewidth=0.8, zorder=1)
    text = (f"{row['ratio']:.0f}" if row["ratio"] >= 100.0 else f"{row['ratio']:.3g}") + (
        " (extrapolated)" if row.get("extrapolated") else ""
    )
    right = row["target"] is None or row["ratio"] >= row["target"]
    axes.annotate(
        text, (row["ratio"], height), xytext=(6 if right else -6, 0), textcoords="offset points", ha="left" if right else "right",
        va="center", fontsize=7,
    )  # fmt: skip


def _label(row: dict[str, Any]) -> str:
    return str(row["measure"])


def _limits(axes: Any, shown: Sequence[dict[str, Any]]) -> None:
    """Room on both sides for the figures beside the points."""
    values = [row["ratio"] for row in shown] + [row["target"] for row in shown if row["target"] is not None] or [1.0]
    span = max(values) / min(values)
    axes.set_xlim(min(values) / (2.0 * span**0.15), max(values) * 2.0 * span**0.2)


def _legend(figure: Any) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=style.BLUE, marker="o", markersize=5, linestyle="none", label="measured"),
        Line2D([], [], color=style.VERMILLION, marker="D", markersize=5, linestyle="none", label="measured, below the target"),
        Line2D([], [], color="black", marker="|", markersize=9, markeredgewidth=1.4, linestyle="none", label="target"),
    ]
    figure.legend(handles=marks, loc="outside upper right", ncols=3)

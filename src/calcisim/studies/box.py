"""A population of particles in a closed, well-mixed box: collisions, growth, nucleation and capture between given times.

The public form is `calcisim.box.coagulate`; `simulate` returns the books as well. Sizes are volumes [m³] and numbers are per m³; any
consistent set of units does as well, since only the Brownian and the settling kernel know what a metre is.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcisim.errors import SolverError
from calcisim.physics import sections
from calcisim.physics.sections_growth import grow, settle_births
from calcisim.physics.sections_step import coagulate as collide
from calcisim.studies.box_input import Problem, problem

SHARE_OF_SCALE = 0.05  # of the shortest time scale, between exchanges of collisions with the other processes


@dataclass(frozen=True)
class Box:
    """What `simulate` returns. Rows are the times asked for, columns the classes.

    edges (n+1,) [m³]; times (T,) [s]; numbers (T, n) [1/m³]; masses (T, n): volume of particles in each class [m³/m³]; the books, each (T,)
    [m³/m³] since the start: born, grown (negative: dissolved from particles that stay), dissolved (with particles that vanished), captured.
    steps: of the collisions, tried.
    """

    edges: np.ndarray
    times: np.ndarray
    numbers: np.ndarray
    masses: np.ndarray
    born: np.ndarray
    grown: np.ndarray
    dissolved: np.ndarray
    captured: np.ndarray
    steps: int

    @property
    def imbalance(self) -> float:
        """|mass − start − born − grown + dissolved + captured|, the largest over time, as a share of all mass that was ever there."""
        first = self.masses[0].sum() - self.born[0] - self.grown[0] + self.dissolved[0] + self.captured[0]
        open_ = self.masses.sum(axis=1) - first - self.born - self.grown + self.dissolved + self.captured
        gross = first + self.born + np.abs(self.grown) + self.dissolved + self.captured
        return float(np.max(np.abs(open_) / np.maximum(gross, 1e-300)))

    @property
    def overflow(self) -> np.ndarray:
        """Share of the mass in the last class, which keeps what outgrows the grid; beyond a few per cent v_max is too small."""
        return self.masses[:, -1] / np.maximum(self.masses.sum(axis=1), 1e-300)


class_edges = sections.class_edges


def coagulate(
    kernel: str | Mapping[str, Any] | Callable[..., np.ndarray],
    bins_per_decade: float,
    v_min: float,
    v_max: float,
    initial: Any,
    times: Sequence[float],
    **options: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Number and mass of every size class at the given times, by the two-moment scheme (AGG-16, AGG-19).

    kernel : name of a collision kernel, {"name": …, parameters}, or a function K(u, w) of two arrays of volumes [m³/s].
    bins_per_decade : classes per factor 10 of volume between v_min and v_max [m³]; the count is rounded.
    initial : "exponential" (N₀ = 1, v₀ = 1), {"distribution": "exponential", "number": N₀ [1/m³], "mean": v₀ [m³]}, likewise "monodisperse"
    (number, size) and "lognormal" (number, median, sigma of ln v), or two arrays (numbers, masses), one value per class.
    times : rising, ≥ 0 [s].
    options : sticking (η₀, 1) and protection (θ, 0) for η = η₀ (1 − θ)² (AGG-2); growth (g) and growth_exponent (p, 0) for dv/dt = g v^p;
    nucleation [1/(m³ s)] at the size nucleus [m³] (v_min); capture [1/s]; tolerance (1e-3, of an embedded error per step).
    Returns numbers (T, n) [1/m³] and masses (T, n) [m³/m³: volume of particles]. Raises UsageError for arguments that cannot be used.
    """
    box = simulate(kernel, bins_per_decade, v_min, v_max, initial, times, **options)
    return box.numbers, box.masses


def simulate(
    kernel: str | Mapping[str, Any] | Callable[..., np.ndarray],
    bins_per_decade: float,
    v_min: float,
    v_max: float,
    initial: Any,
    times: Sequence[float],
    **options: Any,
) -> Box:
    """`coagulate` with the class edges and the books of born, grown, dissolved and captured mass."""
    return solve(problem(kernel, bins_per_decade, v_min, v_max, initial, times, options))


def solve(asked: Problem) -> Box:
    """Run a checked problem. Raises SolverError when a stretch would take more than 200 000 steps."""
    state = _State(asked)
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    now = 0.0
    for time in asked.times:
        state.advance(time - now)
        now = time
        kept.append(state.seen())
    numbers, masses, books = (np.array([row[part] for row in kept]) for part in range(3))
    born, grown, dissolved, captured = books.T
    return Box(asked.sections.edges, np.array(asked.times), numbers, masses, born, grown, dissolved, captured, state.steps)


class _State:
    """The two rows of the box, the growth that waits for its remap, and the books."""

    def __init__(self, asked: Problem) -> None:
        self.asked = asked
        self.number, self.mass = asked.numbers.copy(), asked.masses.copy()
        self.books = np.zeros(4)  # born, grown, dissolved, captured
        self.waiting = 0.0  # growth shift since the classes were last filled
        self.step = 0.0
        self.steps = 0
        self._work, self._rows = sections.scratch(), np.zeros((5, len(self.number)))

    def advance(self, duration: float) -> None:
        """Collisions and the rest in turn, half of the rest before and half after (Strang), on the shortest time scale of them."""
        done = 0.0
        while done < duration:
            h = min(self._interval(), duration - done)
            if duration - done - h < 1e-9 * duration:
                h = duration - done
            self._others(0.5 * h, before=True)
            if self.asked.collides:
                self.place()
                self._collide(h)
            self._others(0.5 * h, before=False)
            done += h

    def _interval(self) -> float:
        """A share of the shortest time in which one of the processes changes what is there; infinite when they do not meet."""
        asked = self.asked
        total = self.number.sum()
        mean = self.mass.sum() / total if total > 0.0 else asked.nucleus
        active = [asked.collides, asked.growth != 0.0, asked.nucleation > 0.0, asked.capture > 0.0]
        if sum(active) < 2:
            return math.inf
        scales = []
        fastest = float(asked.function_at(mean, mean)) if asked.collides else 0.0
        if fastest * total > 0.0:
            scales.append(2.0 / (fastest * total))
        if asked.growth:
            scales.append(mean ** (1.0 - asked.growth_exponent) / abs(asked.growth))
        if asked.capture > 0.0:
            scales.append(1.0 / asked.capture)
        if asked.nucleation > 0.0:
            least = 0.1 / math.sqrt(asked.nucleation * fastest) if fastest > 0.0 else 0.01 * asked.times[-1]
            scales.append(max(total / asked.nucleation, least))
        return SHARE_OF_SCALE * min(scales)

    def _others(self, h: float, before: bool) -> None:
        """Capture, births and growth over h; in reverse order after the collisions."""
        steps = (self._capture, self._births, self._grow)
        for process in steps if before else reversed(steps):
            process(h)

    def _capture(self, h: float) -> None:
        if self.asked.capture > 0.0:
            self.place()
            left = math.exp(-self.asked.capture * h)
            self.books[3] += (1.0 - left) * self.mass.sum()
            self.number *= left
            self.mass *= left

    def _births(self, h: float) -> None:
        if self.asked.nucleation > 0.0:
            self.place()
            born = self.asked.nucleation * h
            settle_births(self.number, self.mass, born, self.asked.nucleus, self.asked.sections.edges)
            self.books[0] += born * self.asked.nucleus

    def _grow(self, h: float) -> None:
        self.waiting += self.asked.growth * h

    def place(self) -> None:
        """Fill the classes from where growth has carried them since they were last filled."""
        if self.waiting != 0.0:
            self.number, self.mass, self.books = self.seen()
            self.waiting = 0.0

    def seen(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number, mass and books as they are now; to look does not fill the classes again, so that it costs no accuracy."""
        number, mass, books = np.empty_like(self.number), np.empty_like(self.mass), self.books.copy()
        if self.waiting == 0.0:
            return self.number.copy(), self.mass.copy(), books
        _, dissolved = grow(self.number, self.mass, self.waiting, self.asked.growth_exponent, self.asked.sections.edges, number, mass)
        books[1] += mass.sum() + dissolved - self.mass.sum()
        books[2] += dissolved
        return number, mass, books

    def _collide(self, h: float) -> None:
        if self.number.any():
            asked = self.asked
            self.step, tried = collide(self.number, self.mass, h, asked.tolerance, self.step, asked.sections, self._work, self._rows)
            self.steps += abs(int(tried))
            if tried < 0:
                raise SolverError(f"collisions: {-tried} steps did not reach the end of {h:.3g} s; raise v_max or the tolerance")

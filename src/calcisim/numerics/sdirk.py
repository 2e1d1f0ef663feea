"""Two-stage singly diagonally implicit Runge–Kutta method of order 2 and its step controller.

γ = 1 − 1/√2: L-stable and stiffly accurate, so that the end of the step is the second stage itself (Alexander 1977,
doi:10.1137/0714068). With w = (1 − γ)/γ the stages are
    Y1 = y_n + γ Δt F(t_n + γ Δt, Y1)
    Y2 = y_n + w (Y1 − y_n) + γ Δt F(t_n + Δt, Y2),   y_{n+1} = Y2
and the embedded first-order result y_n + (Y1 − y_n)/γ gives the error.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from calcisim.errors import SolverError
from calcisim.numerics.newton import NewtonControl, StageProblem, solve_stage

MOST_CUTS = 2000  # steps in a row
GAMMA = 1.0 - 1.0 / math.sqrt(2.0)
ORDER = 2


class Stage(NamedTuple):
    """What a problem needs to set up a stage: its number, γΔt, the weight w of the first stage's gain, and its time."""

    number: int
    gamma_dt: float
    weight: float
    time: float


class StepProblem(StageProblem, Protocol):
    """A differential problem that can be advanced by stages."""

    def start_step(self, time: float, dt: float) -> None:
        """Prepare a step from the accepted state."""

    def start_stage(self, stage: Stage) -> None:
        """Set the base y_n + w (Y1 − y_n) and the first guess of a stage."""

    def finish_stage(self, stage: Stage) -> None:
        """Keep what later stages need of a converged one."""

    def error_norm(self) -> float:
        """Weighted root mean square of the embedded error; at most 1 is good enough. NaN or inf rejects."""

    def accept(self) -> None:
        """Make the second stage the accepted state."""


@dataclass
class Counters:
    """Work done so far."""

    steps: int = 0
    rejected_steps: int = 0
    newton_iterations: int = 0
    stages: int = 0


@dataclass(frozen=True)
class StepResult:
    """Whether the step is good, its error, and what went wrong if a stage failed."""

    error: float
    failed: str = ""

    @property
    def good(self) -> bool:
        return not self.failed and self.error <= 1.0


def attempt(problem: StepProblem, time: float, dt: float, control: NewtonControl, counters: Counters) -> StepResult:
    """Try one step of length dt; the accepted state of the problem is not touched."""
    problem.start_step(time, dt)
    for stage in (Stage(1, GAMMA * dt, 0.0, time + GAMMA * dt), Stage(2, GAMMA * dt, (1.0 - GAMMA) / GAMMA, time + dt)):
        problem.start_stage(stage)
        report = solve_stage(problem, control)
        counters.newton_iterations += report.iterations
        counters.stages += 1
        if not report.converged:
            return StepResult(math.inf, report.reason)
        problem.finish_stage(stage)
    error = problem.error_norm()
    return StepResult(error, "" if math.isfinite(error) else "the error is not finite")


@dataclass
class StepSize:
    """PI controller: dt ← dt · clip(0.9 err^−0.35 err_old^0.1, 0.3, 4); its memory is part of a checkpoint."""

    dt: float
    error: float = 1.0
    largest: float = math.inf
    first: float = 10.0
    smallest: float = 1e-6
    cuts: int = 0  # steps in a row that had to be cut for want of an answer

    def restart(self) -> None:
        """Begin afresh after an event."""
        self.dt, self.error, self.cuts = self.first, 1.0, 0

    def accept(self, error: float, dt: float) -> None:
        """Choose the next step after a good one of length dt (which may have been cut to land on an output time)."""
        now, before = max(error, 1e-8), max(self.error, 1e-8)
        grown = dt * min(4.0, max(0.3, 0.9 * now**-0.35 * before**0.1))
        self.dt = min(self.largest, max(grown, self.dt) if dt < self.dt and grown >= dt else grown)
        self.error = now

    def reject(self, error: float, dt: float) -> None:
        """Shorten after a bad step or a failed solve."""
        self.dt = dt * (max(0.2, 0.9 * error**-0.5) if math.isfinite(error) else 0.25)

    def next(self, time: float, target: float) -> float:
        """Step length towards `target`: lands on it, and splits the last two steps evenly."""
        left = target - time
        if left <= self.dt * (1.0 + 1e-9):
            return left
        return 0.5 * left if left < 2.0 * self.dt else self.dt


def advance(problem: StepProblem, time: float, target: float, size: StepSize, control: NewtonControl, counters: Counters) -> float:
    """One accepted step from `time` towards `target`; the new time (exactly `target` when it lands).

    Raises SolverError where no step is short enough, and where so many in a row had no answer at their first length that the run creeps.
    """
    cut = ""
    while True:
        dt = size.next(time, target)
        result = attempt(problem, time, dt, control, counters)
        if result.good:
            problem.accept()
            size.accept(result.error, dt)
            counters.steps += 1
            size.cuts = size.cuts + 1 if cut else 0
            if size.cuts > MOST_CUTS:
                raise SolverError(f"the last {MOST_CUTS} steps up to day {time / 86400.0:.6g} had to be cut, to {dt:.3g} s now: {cut}")
            return target if dt == target - time else time + dt
        counters.rejected_steps += 1
        cut = result.failed or cut
        size.reject(result.error, dt)
        if size.dt < size.smallest:
            raise SolverError(f"the step at day {time / 86400.0:.6g} fell below {size.smallest:g} s: {result.failed or 'error too large'}")

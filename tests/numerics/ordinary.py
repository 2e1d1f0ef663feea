"""A single ordinary differential equation as a `StepProblem`: y' = f(t, y) with df/dy, solved by Newton with exact derivatives."""

import math

import numpy as np


class Scalar:
    """y' = f(t, y); the exact derivative is the linear operator."""

    def __init__(self, f, slope, start, tolerance=1e-6):
        self.f, self.slope, self.y, self.tolerance = f, slope, start, tolerance
        self.residual, self.increment = np.zeros(1), np.zeros(1)
        self.stages = []

    def start_step(self, time, dt):
        self.first = self.now = self.y

    def start_stage(self, stage):
        self.stage = stage
        self.base = self.y + stage.weight * (self.first - self.y)
        self.stages.append(stage)

    def evaluate(self):
        self.residual[0] = self.base + self.stage.gamma_dt * self.f(self.stage.time, self.now) - self.now
        return math.isfinite(self.residual[0])

    def operator(self):
        return self

    def solve(self, b, x, tolerance, limit=30):
        x[0] = b[0] / (1.0 - self.stage.gamma_dt * self.slope(self.stage.time, self.now))
        return True

    def update(self):
        self.now += self.increment[0]
        return abs(self.increment[0]) / (1e-30 + abs(self.now))

    def residual_norm(self):
        return abs(self.residual[0]) / (1e-30 + abs(self.now))

    def finish_stage(self, stage):
        if stage.number == 1:
            self.first = self.now

    def error_norm(self):
        from calcisim.numerics.sdirk import GAMMA

        return abs((self.first - self.y) / GAMMA + self.y - self.now) / self.tolerance

    def accept(self):
        self.y = self.now

"""A small stand-in with the interface of `calcisim.simulation.run.Simulation`: one exponential uptake, exactly repeatable."""

import sys
from types import SimpleNamespace

import numpy as np

DAY = 86400.0


def scenario(days=10.0, every=1.0, sites=("cusp",), shape=(1, 1, 8), reference=()):
    """What execute needs of a scenario, without the schema."""
    return SimpleNamespace(
        title="A fake implant",
        kind="tissue",
        duration=days * DAY,
        seed=1,
        output=(SimpleNamespace(every=every * DAY, times=None),),
        site=tuple(SimpleNamespace(name=name, shape=shape, tissue="subcutis", region=()) for name in sites),
        reference=reference,
        treatment=(),
        literature=(),
        plasma=None,
        fluid=SimpleNamespace(changes=False),
    )


class Simulation:
    """Steps of 0.3 d that land on `until`; the state is one array per site."""

    step = 0.3 * DAY

    def __init__(self, scenario, seed, threads):
        self.scenario, self.seed, self.threads, self.time = scenario, seed, threads, 0.0
        self.state = {site.name: np.zeros(site.shape) for site in scenario.site}
        self.steps = 0

    def advance(self, until, should_stop=lambda: False, progress=lambda time: None):
        while self.time < until:
            step = min(self.step, until - self.time)
            for number, field in enumerate(self.state.values(), 1):
                depth = np.arange(field.size).reshape(field.shape)
                field += (1 + 0.1 * self.seed) * number * (1 - field / 200) * step / DAY * np.exp(-depth / 5)
            self.time = until if step < self.step else self.time + step
            self.steps += 1
            progress(self.time)
            if should_stop() and self.time < until:
                return False
        return True

    def observables(self):
        sites = {name: self._row(field) for name, field in self.state.items()}
        return {**self._row(np.concatenate([f.ravel() for f in self.state.values()])), "sites": sites}

    def _row(self, field):
        mass = float(field.mean())
        return {
            "calcium_ug_per_mg_dry": mass,
            "deposit_calcium_mg": mass / 100,
            "onset_day": None if mass < 3 else 2.0,
            "limiting_step": None if mass < 1 else "surface",
            "ledger_calcium_relative": 1e-16,
        }

    def fields(self):
        return {name: {"mineral_calcium": (field, "mol m-3", "calcium in mineral")} for name, field in self.state.items()}

    def spectra(self):
        return {}

    def coordinates(self):
        return {name: {axis: (np.arange(n) + 0.5) * 5e-5 for axis, n in zip("zyx", field.shape)} for name, field in self.state.items()}

    def arrays(self):
        return {f"{name}.m": field for name, field in self.state.items()}

    def meta(self):
        return {"time": self.time, "steps": self.steps, "seed": self.seed}

    @classmethod
    def restore(cls, scenario, arrays, meta, threads):
        back = cls(scenario, meta["seed"], threads)
        back.time, back.steps = meta["time"], meta["steps"]
        back.state = {name: arrays[f"{name}.m"] for name in back.state}
        return back

    def statistics(self):
        return {"steps": self.steps, "rejected_steps": 0, "newton_iterations": 2 * self.steps, "vcycles": 0, "compile_s": 0.0}


def command_line(capsys, monkeypatch, *words):
    """Run a command in this process; returns exit code, stdout, stderr."""
    from calcisim import cli

    monkeypatch.setattr(sys, "argv", ["calcisim", *map(str, words)])
    try:
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err

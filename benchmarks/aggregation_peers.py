"""Other people's coagulation for benchmarks/aggregation.py, when it is installed: the same start, kernel, time and 64 classes.

PyPartMC (sectional scheme after Bott 1998) has no way to return its classes but a NetCDF file, so its times include writing two of
a few kilobytes; it needs netCDF4. PySDM (super-droplets, on as many threads as numba may use) is timed without its preparation; its
errors are those of one seed.
"""

import contextlib
import importlib.util
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

MEAN_VOLUME, NUMBER, RATE = 1e-15, 1e9, 1000.0  # m³, 1/m³, 1/s (PartMC's additive kernel): τ = 10⁻³ t


def available(edges: np.ndarray, tau: float) -> dict[str, Any]:
    """Cases of the peers that can be imported here; edges in units of the mean volume."""
    found: dict[str, Any] = {}
    if importlib.util.find_spec("PyPartMC"):
        for count, steps in ((64, 100), (64, 300), (128, 100)):
            found[f"PyPartMC sectional, {count}, {steps} steps"] = partmc(edges, tau, count, steps)
    if importlib.util.find_spec("PySDM"):
        for droplets in (4096, 16384, 65536):
            found[f"PySDM super-droplets, {droplets}, 300 steps"] = super_droplets(edges, tau, droplets, 300)
    return found


@contextlib.contextmanager
def _silent():
    """PartMC reports every step on the process's stdout, below Python."""
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _scenario(ppmc: Any, diameter: float) -> tuple[Any, ...]:
    """Water drops with exponential volumes, and nothing else that happens."""
    mode = {"mass_frac": [{"H2O": [1]}], "diam_type": "geometric", "mode_type": "exp", "num_conc": NUMBER, "diam_at_mean_vol": diameter}
    none = {**mode, "num_conc": 0}
    gas, aerosol = ppmc.GasData(("SO2",)), ppmc.AeroData([{"H2O": [1000.0, 0, 18e-3, 0.0, 0, 0]}])
    constant = {"temp": 288.0, "pressure": 1e5, "height": 1000.0}
    document = {f"{name}_profile": [{"time": [0]}, {name: [value]}] for name, value in constant.items()}
    document |= {f"gas_{name}": [{"time": [0]}, {"rate": [0]}, {"SO2": [0]}] for name in ("emissions", "background")}
    document |= {f"aero_{name}": [{"time": [0]}, {"rate": [0]}, {"dist": [[{"e": none}]]}] for name in ("emissions", "background")}
    scenario = ppmc.Scenario(gas, aerosol, {**document, "loss_function": "none"})
    return gas, aerosol, ppmc.AeroDist(aerosol, [{"exp": mode}]), scenario


def partmc(edges: np.ndarray, tau: float, count: int, steps: int) -> Any:
    """PartMC's sectional run: what to time, and how to read mass per class, N and M₂ in units of the start."""
    import PyPartMC as ppmc

    folder = Path(tempfile.mkdtemp(prefix="partmc-"))
    low, high = (0.75 * MEAN_VOLUME * edges[[0, -1]] / np.pi) ** (1.0 / 3.0)  # PartMC's grid is one of radii
    duration = tau / (RATE * NUMBER * MEAN_VOLUME)
    gas, aerosol, start, scenario = _scenario(ppmc, (6.0 * MEAN_VOLUME / np.pi) ** (1.0 / 3.0))
    place = {"rel_humidity": 0.95, "latitude": 0, "longitude": 0, "altitude": 0, "start_time": 0, "start_day": 1}
    grid = ppmc.BinGrid(count, "log", low, high)

    def run() -> Path:
        with _silent():
            state = ppmc.EnvState(place)
            scenario.init_env_state(state, 0.0)
            document = {"output_prefix": str(folder / "run"), "do_coagulation": True, "coag_kernel": "additive", "t_max": duration}
            document |= {"del_t": duration / steps, "t_output": duration, "t_progress": 0.0, "additive_kernel_coeff": RATE}
            ppmc.run_sect(grid, gas, aerosol, start, scenario, state, ppmc.RunSectOpt(document, state))
        return folder / "run_00000002.nc"

    def read(path: Path) -> tuple[np.ndarray, float, float]:
        import netCDF4

        with netCDF4.Dataset(path) as data:
            width = np.log(data["aero_diam_edges"][1] / data["aero_diam_edges"][0])
            number = np.asarray(data["aero_number_concentration"][:]) * width / NUMBER
            volume = np.asarray(data["aero_mass_concentration"][:]).reshape(count) * width / (1000.0 * NUMBER * MEAN_VOLUME)
        size = np.divide(volume, number, out=np.zeros_like(volume), where=number > 0.0)
        return volume.reshape(len(edges) - 1, -1).sum(axis=1), float(number.sum()), float(np.sum(volume * size))

    return run, read


def super_droplets(edges: np.ndarray, tau: float, droplets: int, steps: int, seed: int = 1) -> Any:
    """PySDM's box with Golovin's kernel."""
    from PySDM import Formulae
    from PySDM.backends import CPU
    from PySDM.dynamics import Coalescence
    from PySDM.dynamics.collisions.collision_kernels import Golovin
    from PySDM.environments import Box
    from PySDM.initialisation.sampling.spectral_sampling import ConstantMultiplicity
    from PySDM.initialisation.spectra import Exponential
    from PySDM.particulator import Particulator

    space, duration = 1e6, tau / (RATE * NUMBER * MEAN_VOLUME)
    backend = CPU(Formulae(seed=seed))

    def run() -> Any:
        start = Exponential(norm_factor=NUMBER * space, scale=MEAN_VOLUME)
        volume, multiplicity = ConstantMultiplicity(start).sample_deterministic(droplets, backend=backend)
        dynamics = (Coalescence(collision_kernel=Golovin(b=RATE), adaptive=False),)
        box = Box(dt=duration / steps, dv=space, backend=backend)
        attributes = {"volume": volume, "multiplicity": multiplicity}
        particles = Particulator(droplets, environment=box, attributes=attributes, dynamics=dynamics)
        began = time.perf_counter()
        particles.advance(steps)
        run.taken = time.perf_counter() - began
        return particles

    def read(particles: Any) -> tuple[np.ndarray, float, float]:
        count = particles.attributes["multiplicity"].to_ndarray() / (space * NUMBER)
        size = particles.attributes["volume"].to_ndarray() / MEAN_VOLUME
        return np.histogram(size, bins=edges, weights=count * size)[0], float(count.sum()), float(np.sum(count * size**2))

    return run, read

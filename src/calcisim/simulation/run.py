"""A simulation: the sites of a scenario, moved through time together and landing on every event."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from calcisim import jit
from calcisim.numerics import rng
from calcisim.numerics import threads as team
from calcisim.physics.plasma import Ultrafiltrate
from calcisim.scenario.treatments import combined
from calcisim.simulation import assembly, measures, surgery
from calcisim.simulation.clump_law import clump_law, frame_in
from calcisim.simulation.exchange import Exchange, Watch
from calcisim.simulation.plasma import Around, BodyPlasma, Fluids, driver
from calcisim.simulation.setup import ModelSetup
from calcisim.simulation.site import Site

_SUMS = (
    "deposit_calcium_mg", "deposit_phosphorus_mg", "nuclei", "dry_mass_mg",
    "excised_calcium_mg", "engulfed_calcium_mg", "drained_calcium_mg", "resorbed_calcium_mg", "injected_calcium_mg",
)  # fmt: skip
_LARGEST = (
    "ledger_calcium_relative", "ledger_phosphorus_relative", "ledger_alkalinity_relative", "mineral_volume_fraction_max",
    "inflammation_max",
)  # fmt: skip


PLASMA = "the plasma."  # before the names of its arrays: no site can be called so


def never() -> bool:
    """The default of `should_stop`."""
    return False


def ignore(time: float) -> None:
    """The default of `progress`."""


class Simulation:
    """Sites, their events and their clock. `time` is that of the site that is furthest behind [s]."""

    def __init__(self, scenario: Any, seed: int | None = None, threads: int = 1):
        self.scenario, self.seed = scenario, scenario.seed if seed is None else seed
        self.threads = threads
        team.use(threads)
        self.plasma = driver(scenario)
        two_way = scenario.plasma is not None and scenario.plasma.two_way
        self.plasma.advance(0.0 if two_way else scenario.duration)
        self.fluids = Fluids(self.plasma, scenario.plasma.average) if scenario.fluid.changes else None
        water = self.plasma.water(0.0)
        shared = assembly.model(scenario, water)
        self.sites = {one.name: self._site(shared, one, water) for one in scenario.site}
        volume = scenario.plasma.lesion_volume if scenario.plasma is not None else None
        self.exchange = Exchange(self.plasma, self.sites, volume) if two_way and isinstance(self.plasma, BodyPlasma) else None
        self.watch = Watch(scenario.fluid.changes and not two_way, self.sites, volume)
        self.happenings = {name: self._happenings(name) for name in self.sites}
        self.moments = {name: self._moments(name) for name in self.sites}
        for name in self.sites:
            self._act(name, 0.0)

    def _site(self, shared: ModelSetup, one: Any, water: Ultrafiltrate) -> Site:
        start = assembly.surroundings(one, self.scenario.fluid, water)
        setup = assembly.site(one, start, self.seed)
        shared = replace(shared, chemistry=start.chemistry)
        if one.inflamed_state is not None:
            shared = replace(shared, nucleation=shared.nucleation._replace(inflamed_state=float(one.inflamed_state)))
        if setup.shear_rate > 0.0 or start.coverage > 0.0:
            frame = frame_in(shared.population, start.coverage)
            clump = clump_law(shared.population, shared.temperature, shared.particle, setup.shear_rate, frame)
            shared = replace(shared, clump=clump)
        around = Around(self.fluids, one.carbon_dioxide, assembly.concentration(one)) if self.fluids is not None else None
        return Site(setup, shared, self.seed, around)

    def _happenings(self, name: str) -> list[tuple[Any, frozenset[float]]]:
        """Events of a site and when they happen; what comes irregularly is drawn from the seed, the site and its place among its like by
        begin, so that what a shorter run leaves out changes no times of the rest."""
        own, end = [event for event in self.scenario.event if event.site == name], self.scenario.duration
        key = rng.key(self.seed, f"{name}, injuries")
        irregular = sorted((at for at, event in enumerate(own) if getattr(event, "irregular", False)), key=lambda at: (own[at].at, at))
        drawn = {at: own[at].drawn(end, partial(_uniform, number, key)) for number, at in enumerate(irregular)}
        return [(event, frozenset(drawn[at] if at in drawn else event.moments(end))) for at, event in enumerate(own)]

    def _moments(self, name: str) -> list[float]:
        """Times at which something happens to a site, ascending."""
        times = {time for _, moments in self.happenings[name] for time in moments}
        for treatment in self.scenario.treatment:
            if treatment.site in (None, name):
                times.update(treatment.edges())
        return sorted(time for time in times if time <= self.scenario.duration)

    @property
    def time(self) -> float:
        return min(site.time for site in self.sites.values())

    def advance(self, until: float, should_stop: Callable[[], bool] = never, progress: Callable[[float], None] = ignore) -> bool:
        """Move every site to `until` [s]; False when `should_stop()` was true after a finished step before that."""

        def after_step(now: float) -> bool:
            progress(now)
            return should_stop()

        while self.time < until:
            reach = until
            if self.exchange is not None:
                if self.time >= self.exchange.end:
                    self.exchange.open(self.sites)
                reach = min(until, self.exchange.end)
            if not self._advance_sites(reach, after_step):
                return False
        self.watch.look(self.sites, until)
        return True

    def _advance_sites(self, until: float, after_step: Callable[[float], bool]) -> bool:
        """Move every site to `until` [s], side by side where there are threads; False when `after_step` asked to stop before that."""
        if len(self.sites) == 1 or self.threads == 1:
            return all(self._advance_site(name, until, after_step) for name in self.sites)
        told = Lock()

        def one_at_a_time(now: float) -> bool:
            with told:
                return after_step(now)

        return all(team.side_by_side([partial(self._advance_site, name, until, one_at_a_time) for name in self.sites]))

    def _advance_site(self, name: str, until: float, after_step: Callable[[float], bool]) -> bool:
        """Move one site to `until` [s], landing on its moments; False when it was asked to stop before that."""
        site = self.sites[name]
        while site.time < until:
            target = min((moment for moment in self.moments[name] if site.time < moment <= until), default=until)
            if not site.advance(target, after_step):
                return False
            self._act(name, target)
        return True

    def _act(self, name: str, now: float) -> None:
        """Everything that happens to a site at this instant, treatments first, events in the order of the file; then start afresh."""
        if now not in self.moments[name]:
            return
        site = self.sites[name]
        site.set_levers(combined(self.scenario.treatment, now, name))  # first: an injury meets the drugs of its moment
        for event, times in self.happenings[name]:
            if now in times:
                _ACTS[event.kind](self, site, event)
        site.restart()

    def _mask(self, site: Site, event: Any) -> np.ndarray:
        """Voxels (z, y, x) that an event concerns: a named region, a shape of its own, or the whole site."""
        from calcisim.scenario.regions import mask

        if event.region is None:
            return np.ones(site.setup.shape, dtype=bool)
        if isinstance(event.region, str):
            return site.setup.regions[event.region]
        return mask(event.region, *self._described(site).grid.centres())

    def _described(self, site: Site) -> Any:
        """A site as the scenario describes it."""
        return next(one for one in self.scenario.site if one.name == site.setup.name)

    # --- what comes out -------------------------------------------------------------------------------------------

    def observables(self) -> dict[str, Any]:
        """Totals over the sites, and the same names for each under `sites`."""
        sites = {name: measures.site_values(site) for name, site in self.sites.items()}
        return {**_total(self.sites, sites), **self._of_plasma(), "sites": sites}

    def _of_plasma(self) -> dict[str, Any]:
        """What is reported of a plasma that is computed."""
        return {**self.plasma.rows(np.array([self.time]))[0], **self.plasma.books()} if isinstance(self.plasma, BodyPlasma) else {}

    def fields(self) -> dict[str, dict[str, tuple[np.ndarray, str, str]]]:
        return {name: measures.fields(site) for name, site in self.sites.items()}

    def spectra(self) -> dict[str, dict[str, np.ndarray]]:
        """Particles by size per site: `edges` [m], and number and volume per class of bound and mobile ones (see measures.spectra)."""
        return {name: measures.spectra(site) for name, site in self.sites.items()}

    def coordinates(self) -> dict[str, dict[str, np.ndarray]]:
        """Voxel centres [m] per site and axis."""
        return {
            name: {axis: (np.arange(n) + 0.5) * h for axis, n, h in zip("zyx", site.setup.shape, site.setup.spacing, strict=True)}
            for name, site in self.sites.items()
        }

    def statistics(self) -> dict[str, float]:
        """Work done so far."""
        counts = [site.count() for site in self.sites.values()]
        totals = {name: sum(count[name] for count in counts) for name in counts[0]}
        return {**totals, "compile_s": round(jit.compile_seconds(), 3)}

    # --- checkpoints ----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        own = {f"{name}.{key}": array for name, site in self.sites.items() for key, array in site.state.arrays().items()}
        return own | ({f"{PLASMA}{key}": array for key, array in self.exchange.arrays().items()} if self.exchange is not None else {})

    def meta(self) -> dict[str, Any]:
        counts = {name: site.count() for name, site in self.sites.items()}
        return {"seed": self.seed, "counts": counts, "times": {name: site.time for name, site in self.sites.items()}}

    def _pour(self, name: str, until: float) -> None:
        """Surround a site with the fluids of its changes of medium after 0, where it was born, up to `until` [s]; what it holds stays."""
        for event in sorted(self.scenario.event, key=lambda event: event.at):
            if event.kind == "change-medium" and event.site == name and 0.0 < event.at <= until:
                self._stand_in(self.sites[name], event)

    def _last_moment(self, name: str, time: float) -> float:
        """When something last happened to a site, up to `time` [s]."""
        return max((moment for moment in self.moments[name] if moment <= time), default=0.0)

    def _stand_in(self, site: Site, event: Any) -> None:
        site.stand_in(assembly.surroundings(self._described(site), event.medium or self.scenario.fluid), event.share)

    @classmethod
    def restore(cls, scenario: Any, arrays: dict[str, np.ndarray], meta: dict[str, Any], threads: int = 1) -> "Simulation":
        """The simulation as a checkpoint left it."""
        simulation = cls(scenario, meta["seed"], threads)
        if simulation.exchange is not None:
            simulation.exchange.load({key.removeprefix(PLASMA): array for key, array in arrays.items() if key.startswith(PLASMA)})
        for name, site in simulation.sites.items():
            site_time = meta["times"][name]
            simulation._pour(name, site_time)
            own = {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
            site.set_levers(combined(simulation.scenario.treatment, simulation._last_moment(name, site_time), name))
            site.load(own, meta["counts"][name])
        simulation.watch.restart(simulation.sites)
        return simulation


def _uniform(number: int, key: tuple[np.uint64, np.uint64], count: int) -> float:
    return float(rng.uniform_pair(np.uint64(number), np.uint64(count), *key)[0])


def _excise(simulation: Simulation, site: Site, event: Any) -> None:
    surgery.excise(site, simulation._mask(site, event), event)


def _expose(simulation: Simulation, site: Site, event: Any) -> None:
    site.expose(simulation._mask(site, event), event.fraction, event.s, 0.0 if event.healing is None else 1.0 / event.healing)


def _injure(simulation: Simulation, site: Site, event: Any) -> None:
    site.injure(simulation._mask(site, event), event.damage())


def _inject(simulation: Simulation, site: Site, event: Any) -> None:
    mask = simulation._mask(site, event)
    site.injure(mask, event.damage())
    surgery.inject(site, mask, event.calcium, event.phosphate)


def _strain(simulation: Simulation, site: Site, event: Any) -> None:
    scar = site.on_grid(site.state.scar) > 0.0
    site.injure(simulation._mask(site, event) & ~scar, event.damage())


def _implant(simulation: Simulation, site: Site, event: Any) -> None:
    site.injure(surgery.pocket(site, simulation._mask(site, event), event.pocket), event.damage())


def _starve(simulation: Simulation, site: Site, event: Any) -> None:
    mask = simulation._mask(site, event)
    rows = site.problem.biology.scope(mask)
    site.state.vessels_end[rows] = np.minimum(site.state.vessels_end[rows], event.perfusion_left)
    site.injure(mask, event.damage())


def _change_medium(simulation: Simulation, site: Site, event: Any) -> None:
    simulation._stand_in(site, event)
    site.renew(event.share)


_ACTS: dict[str, Callable[[Simulation, Site, Any], None]] = {
    "excise": _excise,
    "expose": _expose,
    "change-medium": _change_medium,
    **dict.fromkeys(("trauma", "necrosis", "burn", "incision"), _injure),
    "injection": _inject,
    "microtrauma": _strain,
    "implantation": _implant,
    "vasculopathy": _starve,
}


def _total(sites: dict[str, Site], values: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Totals: sums of amounts, worst of the ledgers, shares and sizes over what all sites hold, the earliest onset; what limits, and its
    numbers, are those of the site with the largest deposit; a single site speaks for itself."""
    if len(values) == 1:
        return dict(next(iter(values.values())))
    rows = list(values.values())
    out: dict[str, Any] = dict.fromkeys(rows[0])
    out.update({name: sum(row[name] for row in rows) for name in _SUMS})
    out.update({name: max(row[name] for row in rows) for name in _LARGEST})
    out.update(measures.pooled(sites.values()))
    volume = sum(site.volume() for site in sites.values())
    out["deposit_calcium_mg_per_cm3"] = out["deposit_calcium_mg"] / (volume * 1e6)
    nuclei = sum(row["expected_nuclei_per_cm3"] * site.volume() for row, site in zip(rows, sites.values(), strict=True))
    out["expected_nuclei_per_cm3"] = nuclei / volume
    inflamed = sum(row["inflammation_mean"] * site.volume() for row, site in zip(rows, sites.values(), strict=True))
    out["inflammation_mean"] = inflamed / volume
    days = [row["onset_day"] for row in rows if row["onset_day"] is not None]
    out["onset_day"] = min(days, default=None)
    heaviest = max(rows, key=lambda row: row["deposit_calcium_mg"])
    for name in ("limiting_step", "damkohler", "thiele"):
        out[name] = heaviest[name]
    return out


def memory_estimate(scenario: Any) -> int:
    """Peak bytes of a run: fields per voxel and species, what active voxels carry, and particles of those in which mineral is expected."""
    total = BASE_MEMORY
    for one in scenario.site:
        nx, ny, nz = one.grid.counts
        padded = (nx + 2) * (ny + 2) * (nz + 2)
        bearing = assembly.expected_to_bear(scenario, one)
        total += padded * PADDED_BYTES + nx * ny * nz * VOXEL_BYTES
        total += int(bearing * (PARTICLE_BYTES + CLASS_BYTES * scenario.population.classes))
    return total + (PICTURE_BYTES if any(len(one.grid.shape) == 3 for one in scenario.site) else 0)


# Measured peaks of `calcisim run` with its figures: 4² to 512² and 24³ to 64³, from days to a year (row M1 of the reliability table).
BASE_MEMORY = 350_000_000  # interpreter, libraries, compiled kernels and figures
PADDED_BYTES = 415  # fields with their ghost layer, and the hierarchy
VOXEL_BYTES = 300  # substrate, warm starts, lattice
PARTICLE_BYTES = 2_350  # cohorts in three places, the stage and the couplings of a busy voxel
CLASS_BYTES = 80  # four moments of two kinds of clumps, and what a step needs of them
PICTURE_BYTES = 58_000_000  # of a deposit in three dimensions: not all of it, for it is drawn only where there is a clump

"""One site in time: birth of its state, steps between events, and acts on it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from calcisim.numerics import rng
from calcisim.numerics.newton import NewtonControl
from calcisim.numerics.sdirk import Counters, SolverError, StepSize, advance
from calcisim.physics import clumping, kinetics, routes
from calcisim.physics.seeding import Arrivals, first_arrivals
from calcisim.scenario.events import Damage
from calcisim.scenario.treatments import Levers
from calcisim.simulation import deposit_start
from calcisim.simulation import lattice as seeding_lattice
from calcisim.simulation.biology import scaffold
from calcisim.simulation.ledger import Ledger
from calcisim.simulation.model import SiteProblem
from calcisim.simulation.plasma import Around
from calcisim.simulation.setup import INNER, ModelSetup, SiteSetup, Surroundings, padded, weighed
from calcisim.simulation.state import COHORTS, State

LARGEST_STEP = 30.0 * 86400.0
FIRST_STEP = 10.0


@dataclass
class Site:
    """A site that can be advanced, acted upon, saved and looked at."""

    setup: SiteSetup
    model: ModelSetup
    seed: int
    around: Around | None = None  # the fluid over time, where it changes
    newton: NewtonControl = field(default_factory=NewtonControl)

    def __post_init__(self) -> None:
        setup = self.setup
        self.active = np.arange(setup.initial_porosity.size)  # mineral can form anywhere, in the fluid if on nothing else
        self.lattice = seeding_lattice.build(self.active, setup.shape, setup.spacing, setup.seeding_cell, setup.lattice_axes)
        key = rng.key(self.seed, setup.name)
        self.state = _initial(setup, self.model, self.active, self.lattice.identity.size)
        deposit_start.lay(setup, self.model, self.state)
        first_arrivals(self.lattice, self.state.arrivals, *key)
        self.problem = SiteProblem(setup, self.model, self.state, self.active, self.lattice, key, self.around)
        self.size = StepSize(FIRST_STEP, largest=LARGEST_STEP, first=FIRST_STEP)
        self.counters = Counters()
        self.state.ledger = Ledger(self.problem.held())
        self.untreated = self.model.phases.growth  # laws of growth that no treatment has touched
        self.set_levers(Levers())
        self.problem.refresh()

    @property
    def time(self) -> float:
        return float(self.state.clock[0])

    def restart(self) -> None:
        """After an event: small steps again, no history."""
        self.problem.refresh()
        self.size.restart()
        self._keep_clock()

    def _keep_clock(self) -> None:
        self.state.clock[1:3] = self.size.dt, self.size.error

    def load(self, arrays: dict[str, np.ndarray], counters: dict[str, int]) -> None:
        """Go on from a checkpoint."""
        self.state.load(arrays)
        self.problem.particles.bind()
        self.size.dt, self.size.error = float(self.state.clock[1]), float(self.state.clock[2])
        self.problem.look_at_pores()
        self.problem.breathe(self.time)
        self.counters = Counters(**{name: counters[name] for name in Counters.__dataclass_fields__})
        self.problem.hierarchy.vcycles = counters["vcycles"]

    def count(self) -> dict[str, int]:
        """Work so far, for the summary and the checkpoint."""
        return {**vars(self.counters), "vcycles": self.problem.hierarchy.vcycles}

    def advance(self, target: float, after_step: Callable[[float], bool]) -> bool:
        """Step to `target` exactly; False when `after_step(time)` asked to stop after a finished step."""
        while self.time < target:
            near = min(target, self.time + self.problem.longest())
            if self.around is not None:
                near = min(near, self.around.limit(self.time))
            try:
                now = advance(self.problem, self.time, near, self.size, self.newton, self.counters)
            except SolverError as error:
                raise SolverError(f"site {self.setup.name!r}: {error}") from None
            self.state.clock[0] = now
            self._keep_clock()
            self._watch_onset()
            if after_step(now) and now < target:
                return False
        return True

    def _watch_onset(self) -> None:
        """Time at which the deposit passes the onset, linear between the steps around it."""
        progress = self.state.progress
        if progress[0] >= 0.0:
            return
        now, before = self.deposit() / self.volume(), float(progress[2])
        progress[2] = now
        if now > ONSET:
            progress[0] = self.time - float(self.state.clock[3]) * (now - ONSET) / max(now - before, now - ONSET)

    # --- measures -------------------------------------------------------------------------------------------------

    def volume(self) -> float:
        return self.setup.voxel_volume * self.setup.initial_porosity.size

    def mineral(self) -> np.ndarray:
        """Calcium in mineral per tissue volume [mol/m³], (z, y, x)."""
        return weighed(self.model.phases.calcium, self.phases())

    def phases(self) -> np.ndarray:
        """Every phase per tissue volume [mol of formula/m³], (phase, z, y, x)."""
        return self.state.mineral[(slice(None), *INNER)]

    def filled(self) -> np.ndarray:
        """Volume that mineral fills [m³/m³], (z, y, x)."""
        return weighed(self.model.phases.volume, self.phases())

    def deposit(self) -> float:
        """Calcium in mineral [mol]."""
        return float(np.sum(self.mineral())) * self.setup.voxel_volume

    def open_porosity(self) -> np.ndarray:
        """Open pore fraction (z, y, x); accepted states keep it above `least_porosity`."""
        return self.setup.initial_porosity - self.filled()

    def on_grid(self, per_active: np.ndarray) -> np.ndarray:
        """Values of the active voxels on the whole grid (z, y, x), 0 elsewhere."""
        out = np.zeros(self.setup.initial_porosity.size)
        out[self.active] = per_active
        return out.reshape(self.setup.shape)

    # --- acts -----------------------------------------------------------------------------------------------------

    def set_levers(self, levers: Levers) -> None:
        """What treatments move from now on. What inhibitors do follows with `refresh`, or is in the checkpoint that is loaded next."""
        problem = self.problem
        problem.biology.levers = levers
        if problem.biology.still:
            problem.perfusion[INNER] = problem.biology.flow = self.setup.perfusion
        growth = self.untreated.copy()
        growth[:, 0] *= levers.growth
        if not np.array_equal(growth, problem.model.phases.growth):
            self._take_over(replace(problem.model, phases=problem.model.phases._replace(growth=growth)))

    def _take_over(self, model: ModelSetup) -> None:
        self.model = self.problem.model = self.problem.particles.model = self.problem.resorption.model = model

    def stand_in(self, around: Surroundings, share: float) -> None:
        """The fluid of which `share` is poured in: its chemistry, inhibitors and proteins mix with those that are left.

        What is poured in (`renew`) is that fluid itself; amounts that the site holds are not touched here.
        """
        old, rest = self.model, 1.0 - share
        mixed = {name: share * getattr(around.chemistry, name) + rest * getattr(old.chemistry, name) for name in MIXED}
        around = replace(
            around,
            chemistry=around.chemistry._replace(**mixed),
            coverage=share * around.coverage + rest * self.setup.coverage,
            inhibitors={
                name: replace(new, level=share * new.level + rest * old.inhibitors[name].level) for name, new in around.inhibitors.items()
            },
        )
        self.setup = replace(self.setup, plasma=around.fluid, fetuin=around.fetuin, nucleators=around.nucleators, coverage=around.coverage)
        self.problem.setup = self.problem.particles.setup = self.setup
        self._take_over(replace(self.model, chemistry=around.chemistry, inhibitors=around.inhibitors))

    def renew(self, share: float) -> None:
        """Pour off a share of the fluid, with the particles that float in it, and fill up with the fluid that the site stands in now.

        Dissolved amounts that leave and enter are exchanged, mineral that leaves is drained; both are reckoned from what is moved.
        """
        state, setup, inner = self.state, self.setup, (slice(None), *INNER)
        fresh = self.open_porosity() * setup.plasma[:, None, None, None]
        poured = min(share, 1.0 - FILM)
        change = poured * (fresh - state.u[inner])
        gross = poured * (np.abs(fresh) + np.abs(state.u[inner]))
        per_species = [np.array([math.fsum(field.ravel()) for field in part]) * setup.voxel_volume for part in (change, gross)]
        state.ledger.book("exchanged", *per_species)
        state.u[inner] += change
        self._drain(share)
        state.c[inner] = state.u[inner] / self.open_porosity()
        porosity = self.setup.initial_porosity.ravel()[self.active]
        state.fetuin += share * (setup.fetuin - state.fetuin)
        state.nucleators += share * (setup.nucleators * porosity - state.nucleators)

    def _drain(self, share: float) -> None:
        """Free particles that leave with their fluid, in all phases alike; fluid of the surroundings fills their room."""
        state, particles = self.state, self.problem.particles
        rows = particles.rows()
        cell = self.problem.voxels.cell[rows]
        particles.lose_mineral("drained", cell, share * particles.free_part() * state.flat_mineral[:, cell])
        left = 1.0 - share
        used = rows.size
        state.number[kinetics.FREE, :used] *= left
        state.clumps[clumping.MOBILE, ..., :used] *= left
        state.shielded[rows] *= left
        if left == 0.0:
            state.count[kinetics.FREE, :used] = 0
            state.access[1, rows] = 1.0

    def expose(self, mask: np.ndarray, fraction: float, state: float, healing: float) -> None:
        """Lay open a share of the surface (times the texture) at substrate state `state`; it closes at rate `healing` [1/s].

        Where some of the surface is open already, the shares unite as independent injuries, 1 − (1 − f)(1 − f'); what is open then has
        the worse of the two states and the slower healing.
        """
        if fraction == 0.0:
            return
        rows = mask.ravel()[self.active]
        substrate = self.state.substrate[rows]
        open_before = substrate[:, routes.EXPOSED]
        injured = open_before > 0.0
        healing_before = self.state.healing[rows]
        self.state.healing[rows] = np.where(injured, np.minimum(healing_before, healing), healing)
        share = np.minimum(fraction * self.setup.texture.ravel()[self.active][rows], 1.0)
        substrate[:, routes.EXPOSED] = 1.0 - (1.0 - open_before) * (1.0 - share)
        for column, value in ((routes.EXPOSED_STATE, state), (routes.HEALING, healing)):
            substrate[:, column] = np.where(injured, np.minimum(substrate[:, column], value), value)
        self.state.substrate[rows] = substrate

    def injure(self, mask: np.ndarray, damage: Damage) -> None:
        """An injury of the living tissue of a mask (z, y, x): what it lays open, and what follows at once."""
        biology = self.problem.biology
        rows = biology.scope(mask)
        if rows.size == 0 or not (damage.fraction or damage.debris or damage.inflammation or damage.vessels_lost):
            return
        whole = np.zeros(mask.size, dtype=bool)
        whole[rows] = True
        share = damage.fraction * scaffold(biology.levers, biology.row)
        self.expose(whole.reshape(mask.shape), share, damage.state, 1.0 / damage.healing)
        biology.injure(rows, damage)

    def excise(self, mask: np.ndarray, completeness: float) -> None:
        """Cut out tissue with its mineral, particles, debris and collagen surface; plasma water fills the room of the mineral."""
        rows = mask.ravel()[self.active]
        self.remove(mask, completeness)
        state, left = self.state, 1.0 - completeness
        state.tissue[mask] *= left
        for column in (routes.SURFACE, routes.ELASTIN, routes.DEVICE):
            state.substrate[rows, column] *= left
        for array in (state.debris, state.inflammation, state.giant):
            array[rows] *= left

    def remove(self, mask: np.ndarray, completeness: float) -> None:
        """Take a share of the mineral and its particles out of the site; plasma water fills its room."""
        state, setup, inner = self.state, self.setup, (slice(None), *INNER)
        left = 1.0 - completeness
        rows = mask.ravel()[self.active]
        cell = self.problem.voxels.cell[rows]
        before = self.open_porosity()
        particles = self.problem.particles
        particles.lose_mineral("excised", cell, completeness * state.flat_mineral[:, cell])
        eaten = completeness * state.digesting[:, rows]  # cells go with what they hold
        state.digesting[:, rows] -= eaten
        state.ledger.book("excised", -eaten.sum(axis=1) * setup.voxel_volume)
        freed = self.open_porosity() > before
        state.c[inner] = np.where(freed, state.u[inner] / self.open_porosity(), state.c[inner])
        state.fetuin[rows] += completeness * (setup.fetuin - state.fetuin[rows])
        slots = state.slot[rows]
        slots = slots[slots >= 0]
        state.number[:, slots] *= left
        state.clumps[..., slots] *= left
        for array in (state.shielded, state.on_collagen, state.nucleators):
            array[rows] *= left
        if left == 0.0:
            state.count[:, slots] = 0
            state.access[:, rows] = 1.0


FILM = 1e-9  # of a fluid that stays behind when all of it is poured off, so that no total is ever exactly absent where mineral is
MIXED = ("sodium", "potassium", "chloride", "citrate")  # of the chemistry, which a partial change of medium mixes
ONSET = 10.0 / 40.078  # mol Ca/m³ of the site: 0.01 mg Ca/cm³, the least that histology shows; assumed


def _initial(setup: SiteSetup, model: ModelSetup, active: np.ndarray, cells: int) -> State:
    """Fluid at plasma level, no mineral."""
    species, phases = model.stoichiometry.shape
    c = np.stack([padded(np.full(setup.shape, level), 1.0) for level in setup.plasma])
    u = np.stack([padded(setup.initial_porosity * level) for level in setup.plasma])
    substrate = np.zeros((active.size, routes.SUBSTRATE_COLUMNS))
    source = setup.substrate
    for column, values in (
        (routes.SURFACE, source.surface),
        (routes.STATE, source.state),
        (routes.EXPOSED, source.exposed),
        (routes.EXPOSED_STATE, source.exposed_state),
        (routes.HEALING, source.healing),
        (routes.TYPE_2, source.type_2),
        (routes.TYPE_3, source.type_3),
        (routes.ELASTIN, source.elastin),
        (routes.ELASTIN_STATE, source.elastin_state),
        (routes.DEVICE, source.device),
        (routes.DEVICE_STATE, source.device_state),
        (routes.DEBRIS_STATE, np.full(setup.shape, model.nucleation.debris[0])),
    ):
        substrate[:, column] = values.ravel()[active]
    n = active.size
    cohorts = (kinetics.PLACES, 0, COHORTS)
    return State(
        c=c,
        u=u,
        mineral=np.zeros((phases, *c.shape[1:])),
        slot=np.full(n, -1, dtype=np.int64),
        number=np.zeros(cohorts),
        coordinate=np.zeros(cohorts),
        bare=np.zeros(cohorts),
        count=np.zeros(cohorts[:2], dtype=np.int64),
        clumps=clumping.empty(model.clump.edges.size - 1, 0),
        debris=source.debris.ravel()[active].astype(float),
        nucleators=source.nucleators.ravel()[active].astype(float),
        substrate=substrate,
        warm=np.zeros((n, 6)),
        rate=np.zeros(n),
        rate_before=np.zeros(n),
        free_share=np.zeros(n),
        velocity=np.zeros(n),
        inside_ratio=np.ones(n),
        access=np.ones((2, n)),
        fetuin=np.full(n, setup.fetuin),
        shielded=np.zeros(n),
        on_collagen=np.zeros(n),
        arrivals=Arrivals(np.zeros(cells), np.zeros(cells, dtype=np.int64), np.zeros(cells)),
        uptake=np.zeros(n),
        inflammation=np.zeros(n),
        macrophages=np.ones(n),
        vessels=np.ones(n),
        vessels_end=np.ones(n),
        healing=source.healing.ravel()[active].astype(float),
        scar=np.zeros(n),
        giant=np.zeros(n),
        digesting=np.zeros((species, n)),
        tissue=np.ones(setup.shape),
        clock=np.array([0.0, FIRST_STEP, 1.0, 0.0]),
        progress=np.array([-1.0, 0.0, 0.0, 0.0]),
        ledger=Ledger(np.zeros(species)),
    )

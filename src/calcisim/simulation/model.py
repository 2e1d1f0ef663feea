"""The page: how a site changes, as one implicit problem that `numerics` advances.

    d(φ c_s)/dt = ∇·(D_s F ∇c_s) + φ κ (c_s,plasma − c_s) + outer exchange − Σ_q S_sq dm_q/dt        (TRN-4, TRN-5)
    dx/dt       = w_place Σ_q v_q(c)/R_max · g(φ)    growth coordinate of the primaries, by place             (GRO-6, PHA-6)
    dN/dt       = S_V Σ f J(c, s, P) g(φ) + debris + fluid                                               (NUC-6, NUC-9 … NUC-12)
    dB/dt       = −a_d J(c, s_d, P) B            finite pools: debris, nucleators of the fluid             (NUC-11)
    Σ_q ν_q m_q = (4π/3) R_max³ Σ N y(x)³ / V_Ca − dissolved                                              (POP-2, GRO-8)
    dn_q/dt     = f_q dG/dt − (κ_q + δ_q) n_q + Σ κ_p n_p       calcium per phase: growth, maturation, dissolution   (KIN-1, PHA-3, PHA-4)
    φ           = φ0 − Σ_q V_q m_q,   g = (φ − φ_min)/φ0

The stage solves for c; m_q, φ, N and B follow voxel by voxel (GRO-9). u = φc is advanced in flux form and keeps the books. After an
accepted step the primaries are gathered in clumps (simulation/particles.py), which moves no mineral between fluid and solid.
"""

import math
from dataclasses import replace

import numpy as np

from calcisim.numerics import threads
from calcisim.numerics.krylov import Bicgstab
from calcisim.numerics.multigrid import Hierarchy
from calcisim.numerics.reduce import largest
from calcisim.numerics.sdirk import Stage
from calcisim.physics import kinetics, transport
from calcisim.physics.elimination import eliminate_minerals
from calcisim.physics.routes import EXPOSED, HEALING
from calcisim.physics.seeding import RANDOM_ARRIVALS, Arrivals, Lattice, draw, keep, predicted_rate
from calcisim.simulation.biology import LocalBiology
from calcisim.simulation.inflammation import Inflammation
from calcisim.simulation.inhibition import Inhibition
from calcisim.simulation.particles import Particles
from calcisim.simulation.plasma import Around
from calcisim.simulation.resorption import Resorption
from calcisim.simulation.setup import INNER, ModelSetup, SiteSetup, padded, weighed
from calcisim.simulation.sides import Sides
from calcisim.simulation.state import State
from calcisim.simulation.step_error import embedded, negative

SLACK = np.array([0.0, 0.0, 0.0, 1.0])  # alkalinity [eq/m³] may be near zero or negative; the other totals are positive
BLOCK = 16_384  # quiet voxels that are looked at together: what the look needs then stays small
RATES = (kinetics.TOTAL_RATE, kinetics.FREE_RATE, kinetics.VELOCITY, kinetics.INSIDE_RATIO)  # what a look at a quiet voxel is for


class SiteProblem:
    """One site as a `StepProblem`: evaluates, linearises and accepts steps of its `State`."""

    def __init__(
        self, setup: SiteSetup, model: ModelSetup, state: State, active: np.ndarray, lattice: Lattice, key, around: Around | None = None
    ):
        self.setup, self.model, self.state, self.lattice, self.key, self.around = setup, model, state, lattice, key, around
        nz, ny, nx = setup.shape
        self.n_rows, self.row_size, self.n_active = nz * ny, nx, active.size
        self.active = active
        self.calcium = model.phases.calcium
        self._grids()
        voxels = self._rows_of_active()
        self.biology = LocalBiology(setup, state)
        self.particles = Particles(model, voxels, active, self.biology)
        self.resorption = Resorption(setup, model, state, self.particles)
        self.inflammation = Inflammation(model, voxels, around, self.biology)
        self.inhibition = Inhibition(setup, state, self.biology)
        self.acid: np.ndarray | float = 0.0  # made by the tissue [eq/(m³ s)]
        self.hierarchy = Hierarchy(setup.shape, setup.spacing, model.diffusivity, np.eye(state.c.shape[0]))
        self.solver = Bicgstab(self.hierarchy, spare=self.u)  # which `evaluate` writes again after every solve
        self.rates = self.solver.p.reshape(-1)[: len(RATES) * active.size].reshape(len(RATES), -1)  # lent from `error_norm` to `accept`
        self.time = self.dt = 0.0
        self.stage = Stage(1, 0.0, 0.0, 0.0)

    def _grids(self) -> None:
        """Padded work arrays of the iterate."""
        setup, state = self.setup, self.state
        self.initial_porosity, self.perfusion = padded(setup.initial_porosity, 1.0), padded(setup.perfusion)
        self.hindrance = padded(setup.hindrance)
        self.porosity = self.initial_porosity.copy()
        self.conductance = np.zeros_like(self.porosity)
        self.c, self.u, self.base, self.residual, self.increment, self.exchange = (np.zeros_like(state.c) for _ in range(6))
        self.mineral_start = self.mineral = self.mineral_base = np.zeros((state.mineral.shape[0], 0))
        species = state.c.shape[0]
        self.row_worst, self.row_change = np.zeros(self.n_rows), np.zeros(self.n_rows)
        self.row_gain, self.row_gross = np.zeros((species, self.n_rows)), np.zeros((species, self.n_rows))
        self.gain, self.gross = np.zeros(species), np.zeros(species)
        self.spacing, self.positive = np.array(setup.spacing), SLACK == 0.0
        self.face_exchange = np.array(setup.face_exchange)
        self.sides = Sides(self.conductance, self.spacing, self.face_exchange, transport.COARSE)

    def _rows_of_active(self) -> kinetics.Voxels:
        """Per-voxel arrays of the kinetics; those returned share their memory with the state."""
        state, n = self.state, self.n_active
        z, y, x = np.unravel_index(self.active, self.setup.shape)
        index = np.ravel_multi_index((z + 1, y + 1, x + 1), self.porosity.shape)
        self.trial = Arrivals(*(array.copy() for array in state.arrivals))
        self.mean_rate = np.zeros(n)
        self.busy = self.quiet = np.zeros(0, dtype=np.int64)
        self.local, self.first_born = np.zeros((kinetics.STAGE_ROWS, 0)), np.zeros(0)
        return kinetics.Voxels(
            index, state.slot, state.debris, state.nucleators, state.substrate, state.number, state.coordinate, state.bare, state.count,
            state.warm, np.zeros(n), np.zeros(n), np.zeros((kinetics.HELD_ROWS, n)),
        )  # fmt: skip

    @property
    def voxels(self) -> kinetics.Voxels:
        """Per-voxel arrays of the kinetics, which share their memory with the state."""
        return self.particles.voxels

    # --- one step -------------------------------------------------------------------------------------------------

    def start_step(self, time: float, dt: float) -> None:
        """Draw the arrivals that the coming step must contain."""
        self.time, self.dt = time, dt
        self.breathe(time + dt)
        self.resorption.start(dt)
        self.inflammation.start(time, dt)
        self.acid = self.biology.acid() * self.porosity[INNER] if self.biology.on else 0.0
        state = self.state
        predicted_rate(state.rate, state.rate_before, dt, float(state.clock[3]), self.mean_rate)
        draw(
            self.lattice, state.arrivals, self.trial, self.mean_rate, self.setup.voxel_volume, dt, self.voxels.given_births,
            self.voxels.continuous, *self.key, RANDOM_ARRIVALS,
        )  # fmt: skip
        self._sort_rows()
        self.particles.hold_still(dt)
        self._gather_busy()

    def breathe(self, time: float) -> None:
        """The fluid around the site as it is at `time` [s], where it changes."""
        if self.around is not None:
            self.setup.plasma[...] = self.around.at(time)
            chemistry = self.model.chemistry._replace(carbon_dioxide=self.around.carbon_dioxide(time))
            self.model = self.particles.model = replace(self.model, chemistry=chemistry)

    def _sort_rows(self) -> None:
        """Busy rows can gain or lose mineral within the step; quiet ones have nothing to grow, so one look after it is exact."""
        state, voxels = self.state, self.voxels
        busy = np.zeros(self.n_active, dtype=np.bool_)
        for source in (voxels.given_births, voxels.continuous, state.debris, state.nucleators):
            busy |= source > 0.0
        busy |= state.by_row(np.any(state.count > 0, axis=0)) > 0
        before, self.busy, self.quiet = self.busy, np.flatnonzero(busy), np.flatnonzero(~busy)
        if not np.array_equal(before, self.busy):
            self.hierarchy.couple(voxels.cell[self.busy])
            calmed = voxels.cell[before[~busy[before]]]  # by an arrival that a rejected step had and this one has not
            self.porosity.reshape(-1)[calmed] = self.initial_porosity.reshape(-1)[calmed] - self.filled(self._mineral_of(calmed))
        if state.make_room(self.busy):
            self.particles.bind()

    def _gather_busy(self) -> None:
        """The busy voxels side by side, with a stage of their own: what only they need takes no memory for the others."""
        for rows in (self.busy[:0], self.busy):  # lets go of the arrays of the last step before it makes others
            self.work, self.local = kinetics.gathered(self.voxels, rows), np.zeros((kinetics.STAGE_ROWS, rows.size))
            self.particles.take(self.work, self.local, rows)
        self.mineral_start = self._mineral_of(self.work.cell)
        self.mineral, self.mineral_base = np.empty_like(self.mineral_start), np.empty_like(self.mineral_start)

    def _mineral_of(self, cell: np.ndarray) -> np.ndarray:
        """Phases of these cells in the accepted state, side by side (phase, cells)."""
        return np.take(self.state.flat_mineral, cell, axis=1)

    def start_stage(self, stage: Stage) -> None:
        """Base of the stage: the accepted state, plus w times what the first stage gained."""
        state, local = self.state, self.local
        self.stage = stage
        if self.around is not None:
            self.setup.plasma[...] = self.around.at(stage.time)
        if stage.number == 1:
            self.c[...] = state.c
            self.base[...] = state.u
            self.mineral_base[...] = self.mineral_start
            self.mineral[...] = self.mineral_start
            for base, _, many in kinetics.INTEGRALS:
                local[base : base + many] = 0.0
            local[list(kinetics.GUESSED)] = 0.0
            self.gain[...] = 0.0
            self.gross[...] = 0.0
            self._produce(stage)
            return
        w = stage.weight
        self.base -= state.u  # `finish_stage` left what the first stage came to
        self.base *= w
        self.base += state.u
        self.mineral_base[...] = (self.first_mineral - self.mineral_start) * w + self.mineral_start
        for base, gained, many in kinetics.INTEGRALS:
            np.multiply(local[gained : gained + many], w, out=local[base : base + many])
        self.gain *= w
        self.gross *= w
        self._produce(stage)

    def _produce(self, stage: Stage) -> None:
        """TRN-6. Alkalinity that the tissue makes or takes, γΔt (φ0 s − φ a) [eq/m³ of tissue], s and the acid a of TIS-9 per pore fluid,
        booked with the exchange; and what cells give back of the mineral that they took (RES-3)."""
        source = self.setup.alkalinity_source
        if self.resorption.on:
            self.base.reshape(self.base.shape[0], -1)[:, self.voxels.cell] += stage.gamma_dt * self.resorption.release
        if source == 0.0 and not self.biology.on:
            return
        made = stage.gamma_dt * source * self.setup.initial_porosity - stage.gamma_dt * self.acid
        self.base[(kinetics.ALKALINITY, *INNER)] += made
        total = math.fsum(made.ravel())
        self.gain[kinetics.ALKALINITY] += total
        self.gross[kinetics.ALKALINITY] += math.fsum(np.abs(made).ravel())

    def evaluate(self) -> bool:
        """Minerals, pores, faces, exchange and ledger at the iterate c."""
        fine = self.hierarchy.fine
        fields = (self.mineral_start, self.mineral, fine.coupling)
        if not self._kinetics(self.work, fields, self.local, self.stage.gamma_dt, self.stage.time - self.time):
            return False
        self._conductances()
        self._faces(self.stage.gamma_dt)
        self._rows(
            transport.stage_ledger, self.c, self.base, fine.place, self.mineral, self.mineral_base, self.setup.plasma, self.exchange,
            self.porosity, fine.tz, fine.ty, fine.tx, (self.stage.gamma_dt, self.model.diffusivity, self.model.stoichiometry, SLACK),
            self.u, self.residual, self.row_worst,
        )  # fmt: skip
        return True

    def _rows(self, sweep, *args) -> None:
        threads.rows(sweep, self.n_rows, self.row_size, *args)

    def _kinetics(
        self, voxels: kinetics.Voxels, fields: tuple[np.ndarray, ...], stage: np.ndarray, gamma_dt: float, elapsed: float
    ) -> bool:
        """Growth and births of these voxels at the iterate, into `stage`; False where the chemistry has no answer.

        fields : their phases at the start of the step, those of the iterate and the slopes of their uptake; the last two are written
        """
        n, model = voxels.cell.size, self.model
        if n == 0:
            return True
        start, mineral, slopes = fields
        threads.rows(
            eliminate_minerals, n, 4, np.arange(n), self.c.reshape(self.c.shape[0], -1), mineral, self.porosity.reshape(-1),
            self.initial_porosity.reshape(-1), slopes, voxels, stage, model.chemistry, model.nucleation, model.phases, model.particle,
            (gamma_dt, elapsed, model.minimum_porosity, model.least_porosity, start),
        )  # fmt: skip
        return largest(stage[kinetics.FAILED]) == 0.0

    def _survey(self, rows: np.ndarray, gamma_dt: float, elapsed: float) -> bool:
        """Rates of voxels in which nothing grows, block by block; False where the chemistry has no answer."""
        for first in range(0, rows.size, BLOCK):
            block = rows[first : first + BLOCK]
            voxels, stage = kinetics.gathered(self.voxels, block), np.zeros((kinetics.STAGE_ROWS, block.size))
            start = self._mineral_of(voxels.cell)
            fields = (start, start.copy(), np.zeros((block.size, self.c.shape[0], self.c.shape[0])))
            if not self._kinetics(voxels, fields, stage, gamma_dt, elapsed):
                return False
            self.state.warm[block] = voxels.warm
            self.rates[:, block] = stage[list(RATES)]
        return True

    def _conductances(self) -> None:
        self._rows(
            transport.conductances, self.porosity, self.initial_porosity, self.hindrance, self.model.tortuosity_exponent, self.conductance
        )  # fmt: skip

    def _faces(self, gamma_dt: float) -> None:
        fine, sides = self.hierarchy.fine, self.sides
        sides.fill()
        self._rows(
            transport.exchange_coefficients, self.porosity, self.perfusion, sides.along, self.model.diffusivity, self.face_exchange,
            self.spacing, self.exchange,
        )  # fmt: skip
        weights = tuple(float(weight) for weight in gamma_dt / self.spacing**2)
        self._rows(transport.faces, sides.along, weights, fine.tz, fine.ty, fine.tx)

    def longest(self) -> float:
        """How long the next step may be [s] for what it holds still."""
        return min(self.inflammation.longest(), self.biology.longest())

    def operator(self) -> Bicgstab:
        """Linearisation at the last evaluated iterate."""
        self._rows(transport.diagonal, self.porosity, self.exchange, self.stage.gamma_dt, self.hierarchy.fine.diag)
        self.hierarchy.assemble()
        return self.solver

    def update(self) -> float:
        """Damped Newton increment of c."""
        self._rows(transport.damped_update, self.c, self.increment, SLACK, self.row_change)
        return largest(self.row_change)

    def residual_norm(self) -> float:
        """Largest |u − φc|/(φc)."""
        return largest(self.row_worst)

    def finish_stage(self, stage: Stage) -> None:
        """Book the stage's exchange; keep the first stage for the second."""
        self._rows(transport.exchanged, self.c, self.setup.plasma, self.exchange, stage.gamma_dt, self.row_gain, self.row_gross)
        self.gain += [math.fsum(row) for row in self.row_gain]
        self.gross += [math.fsum(row) for row in self.row_gross]
        if stage.number == 1:
            self.base[...] = self.u
            self.first_least = float(self.u[(slice(None), *INNER)][self.positive].min())
            self.first_mineral = self.mineral.copy()
            self.first_born = self.born()

    # --- error and acceptance -------------------------------------------------------------------------------------

    def born(self) -> np.ndarray:
        """All births of the step so far, on surfaces and in the fluid of the busy voxels [1/m³]."""
        return self.local[kinetics.BORN] + self.local[kinetics.BORN_FREE]

    def on_active(self, per_busy: np.ndarray) -> np.ndarray:
        """Values of the busy voxels on all active ones, 0 elsewhere."""
        out = np.zeros(self.n_active)
        out[self.busy] = per_busy
        return out

    def error_norm(self) -> float:
        """Embedded error of the step (simulation/step_error.py); inf where a field is negative or the chemistry has no answer."""
        if self.n_active == 0:
            return 0.0
        if negative(self) or not self._survey(self.quiet, self.stage.gamma_dt, self.dt):
            return math.inf
        self.rates[:, self.busy] = self.local[list(RATES)]
        return max(embedded(self), self.particles.protein_use())

    def filled(self, mineral: np.ndarray) -> np.ndarray:
        """Volume that the phases (phase, …) fill [m³/m³]."""
        return np.tensordot(self.model.phases.volume, mineral, axes=1)

    def accept(self) -> None:
        """Make the second stage the accepted state, and book it."""
        state, local, setup = self.state, self.local, self.setup
        born = self.on_active(self.born())
        keep(
            self.lattice, state.arrivals, self.trial, born, setup.voxel_volume, self.dt, self.voxels.given_births,
            self.voxels.continuous, RANDOM_ARRIVALS,
        )  # fmt: skip
        state.uptake[...] = 0.0
        state.uptake[self.busy] = np.tensordot(self.calcium, self.mineral - self.mineral_start, axes=1) / self.dt
        state.progress[1] += math.fsum(born) * setup.voxel_volume
        state.c[...] = self.c
        state.u[...] = self.u
        state.flat_mineral[:, self.work.cell] = self.mineral
        state.debris[self.busy] = local[kinetics.DEBRIS]
        state.nucleators[self.busy] = local[kinetics.NUCLEATORS]
        state.warm[self.busy] = self.work.warm
        state.rate_before[...] = state.rate
        self._keep_rates()
        state.clock[3] = self.dt
        state.substrate[:, EXPOSED] *= np.exp(-state.substrate[:, HEALING] * self.dt)
        state.ledger.book("exchanged", self.gain * setup.voxel_volume, self.gross * setup.voxel_volume)
        self.particles.accept(self.dt)
        self.resorption.act(self.dt)
        self.inflammation.act(self.dt)
        self.biology.act(self.dt)
        self.look_at_pores()
        if self.biology.on:
            self.inhibition.write(self.model)

    def _keep_rates(self) -> None:
        """What the last look at the kinetics says of the rates to come."""
        state = self.state
        total, free, state.velocity[...], state.inside_ratio[...] = self.rates
        state.rate[...] = total
        np.divide(free, total, out=state.free_share, where=total > 0.0)

    def look_at_pores(self) -> None:
        """Pores and faces of the accepted state, as the outputs and the next step take them."""
        filled = weighed(self.model.phases.volume, self.state.mineral[(slice(None), *INNER)])
        self.porosity[INNER] = self.initial_porosity[INNER] - filled
        if not self.biology.still:
            self.perfusion[INNER] = self.biology.flow = self.biology.supply(filled)
        self._conductances()
        if self.sides.effect:
            self._weigh_sides()
        self._faces(0.0)

    def _weigh_sides(self) -> None:
        """TRN-7 for the step to come, from what a checkpoint holds too: uptake of the last step, calcium and pores of the state.

        After an event the uptake is still that of the step before it; the steps that follow are the shortest there are.
        """
        state, cell = self.state, self.voxels.cell
        rate = np.zeros_like(self.porosity)
        rate.reshape(-1)[cell] = state.uptake / state.c[kinetics.CALCIUM].reshape(-1)[cell]
        self.sides.weigh(self._rows, self.porosity, self.perfusion, rate, float(self.model.diffusivity[kinetics.CALCIUM]))

    def refresh(self) -> None:
        """Nucleation rates at the accepted state, with no history: at the start and after every event."""
        self.c[...] = self.state.c
        self.voxels.given_births[...] = 0.0
        self.voxels.continuous[...] = 0.0
        self.particles.hold_still(0.0)
        self.look_at_pores()
        self.inhibition.write(self.model)
        if not self._survey(np.arange(self.n_active), 0.0, 0.0):
            raise FloatingPointError("the solution chemistry has no answer at the start of a step")
        self._keep_rates()
        self.state.rate_before[...] = self.state.rate
        self.state.clock[3] = 0.0

    def held(self) -> np.ndarray:
        """Amount per species in solution, mineral and the cells that take it up [mol]."""
        inner = (slice(None), *INNER)
        u, m = self.state.u[inner], self.state.mineral[inner]
        dissolved = np.array([math.fsum(np.sum(field, axis=-1).ravel()) for field in u])
        solid = np.array([math.fsum(np.sum(field, axis=-1).ravel()) for field in m])
        digesting = np.array([math.fsum(row) for row in self.state.digesting])
        return (dissolved + self.model.stoichiometry @ solid + digesting) * self.setup.voxel_volume

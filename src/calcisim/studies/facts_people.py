"""Facts that are percentages or spreads over people or animals, with the shipped cohorts: who calcifies, how soon, and whose mass goes.

A percentage hangs on how much people are assumed to differ. So each of these facts is computed three times, at half, once and twice
the spreads of data/cohorts.toml, and passes only if it holds each time. Every member has a number, which draws its factors and is its
seed too, so that the three cohorts are the same people, more or less alike. Thresholds (what histology and radiographs show, what is
severe, what has changed) were written before any percentage was computed, and not changed since.

Runs are shared between facts. How many people there are is a matter of cost: a share of n of them has a standard error of up to
50/√n points.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from calcisim.physics.deposit import CALCIUM_MG_CM3
from calcisim.scenario.errors import unusual_is_meant
from calcisim.studies import facts_organs as organs
from calcisim.studies.facts_metastatic import MG_DL
from calcisim.studies.validate import DEPENDS, Got, fact

DAY, YEAR = 86400.0, 365.0  # s; days
SCALES = (0.5, 1.0, 2.0)  # of the spreads of a cohort
SEED = 1  # of the factors
# mg Ca/cm³. The model's day of onset: apatite in 8 millionths of the volume, and so of a section (Delesse): a spot of 30 µm in a square
# centimetre, the least that a pathologist would come upon.
HISTOLOGY = 0.01
SEVERE = 12.0  # mg Ca/cm³: apatite in one hundredth of the area of a section; chosen, as the autopsies do not say what they call severe
# mg Ca/cm³: 50 mg of apatite, half of what computed tomography scores (results/clumps.py); one cm takes some 4 % off a beam of 40 keV.
RADIOGRAPH = 20.0
CHANGED = 0.25  # of a score of radiographs: beyond it has changed (Valenzuela 2022)
GONE = 0.05  # of the largest calcium of a mass: less has gone
UNSEEN = math.inf  # years: not seen as long as people were followed

# --- people -------------------------------------------------------------------------------------------------------------


@cache
def _written(name: str, sets: tuple[str, ...]) -> Any:
    from calcisim import scenario

    with unusual_is_meant():
        return scenario.load(name, sets)


def person(name: str, people: str, number: int, scale: float, sets: tuple[str, ...] = ()) -> tuple[str, ...]:
    """`sets`, then PATH=VALUE texts of a member (1, 2, …) of a shipped cohort in a scenario with them, at this multiple of spreads."""
    from calcisim.scenario.cohort import shipped
    from calcisim.studies import cohort

    member = cohort.draw(_written(name, sets), shipped()[people], SEED, number, scale)
    return (*sets, *map(within, member.sets))


def within(text: str) -> str:
    """A PATH=VALUE text of a member whose kidneys filter at least 1 mL/min: the body model has no less, and takes dialysis for the rest."""
    path, _, value = text.partition("=")
    least = path == "plasma.glomerular_filtration" and value.endswith(" mL/min") and float(value.split()[0]) < 1.0
    return f"{path}=1 mL/min" if least else text


def simulation(name: str, people: str, number: int, scale: float, sets: tuple[str, ...] = ()) -> Any:
    """The simulation of one member of a cohort."""
    from calcisim import scenario
    from calcisim.simulation.run import Simulation

    with unusual_is_meant():  # twice the spreads are meant to have some
        loaded = scenario.load(name, person(name, people, number, scale, sets))
    return Simulation(loaded, number)


def judged(found: Mapping[float, Got]) -> Got:
    """The outcomes at SCALES in one: passed if all passed; one that passes as assumed and not at half or twice says why it does not."""
    texts = [
        f"{got} {word}" for (got, _), word in zip((found[scale] for scale in SCALES), ("at half", "as assumed", "at twice"), strict=True)
    ]
    held = all(passed for _, passed in found.values())
    why = f"; {DEPENDS}" if found[1.0][1] and not held else ""
    return f"spreads: {'; '.join(texts)}{why}", held


def at_all_scales(one: Callable[[float], Got]) -> Got:
    """`one(scale)` at half, once and twice the spreads, judged."""
    return judged({scale: one(scale) for scale in SCALES})


def between(value: float, low: float, high: float) -> bool:
    """Whether a value lies in a range, both ends included, to rounding."""
    return low - 1e-9 <= value <= high + 1e-9


# --- F13: aortas of rats ------------------------------------------------------------------------------------------------

RATS, FEW_RATS = 40, 10


@cache
def rat(number: int, scale: float, days: float, sets: tuple[str, ...] = ()) -> float:
    """Calcium of the aorta of one uraemic rat over that of one without mineral."""
    return organs.of_control(simulation(organs.AORTA, "uraemic-rats", number, scale, sets), days)


@fact("F13")
def all_or_none(quick: bool = False) -> Got:
    """Uraemic rats that differ in plasma and wear. At 15 weeks at least 90 % of aortas hold below 2 or above 20 times the calcium of one
    without mineral, 30 to 60 % above 20 times; with vitamin D (a calcium of plasma that is normal again) more than 90 % in 18 days."""
    numbers = range(1, (FEW_RATS if quick else RATS) + 1)

    def one(scale: float) -> Got:
        low, high = organs.shares(tuple(rat(number, scale, 105.0) for number in numbers))
        _, treated = organs.shares(tuple(rat(number, scale, 18.0, organs.WITH_VITAMIN_D) for number in numbers))
        text = f"{low:.0%} below 2 times, {high:.0%} above 20 times, {treated:.0%} with vitamin D"
        return text, low + high >= 0.9 and between(high, 0.3, 0.6) and treated > 0.9

    return at_all_scales(one)


# --- F17: autopsies of kidney failure -------------------------------------------------------------------------------------

DIALYSED, UNDIALYSED = "metastatic/ckd5-dialysis", "metastatic/ckd5"
# Organs see the mean plasma of each week: with every session of dialysis a person takes minutes instead of seconds.
WEEKLY = ('plasma.average="7 day"',)
AUTOPSIES, FEW_AUTOPSIES = 10, 3


class Autopsy(NamedTuple):
    """One person at the end of the scenario, after three years: deposit of every organ [mg Ca/cm³] and Ca × P of plasma on that day, before
    the first session of the week for those with dialysis [mg²/dL²]."""

    deposits: Mapping[str, float]
    product: float

    def holds(self, threshold: float) -> bool:
        """Whether any of the six organs has as much."""
        return any(deposit >= threshold for deposit in self.deposits.values())


@cache
def autopsy(name: str, number: int, scale: float) -> Autopsy:
    """One person with kidney failure, dialysed or not."""
    people, sets = ("dialysis", WEEKLY) if name == DIALYSED else ("kidney-failure", ())
    run = simulation(name, people, number, scale, sets)
    run.advance(run.scenario.duration)
    row = run.observables()
    deposits = {site: float(one["deposit_calcium_mg_per_cm3"]) for site, one in row["sites"].items()}
    return Autopsy(deposits, float(row["calcium_total_mmol_per_l"]) * float(row["phosphate_mmol_per_l"]) * MG_DL)


def correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Rank correlation, as severity at autopsy is a rank; 0 where one of the two does not differ."""
    from scipy.stats import rankdata

    ranks = [rankdata(values) for values in (first, second)]
    if any(np.ptp(values) == 0.0 for values in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


@fact("F17")
def autopsies(quick: bool = False) -> Got:
    """Share of people with calcification in any of six organs (HISTOLOGY; the heart is not modelled) within 12 points of 79 % with
    dialysis, of 44 % without; severe (SEVERE in any) within 12 points of 36 % with it; there |r| < 0.3 between Ca × P and all organs."""
    numbers = range(1, (FEW_AUTOPSIES if quick else AUTOPSIES) + 1)

    def one(scale: float) -> Got:
        with_it, without = ([autopsy(name, number, scale) for number in numbers] for name in (DIALYSED, UNDIALYSED))
        some, others, severe = (
            sum(body.holds(threshold) for body in bodies) / len(bodies)
            for bodies, threshold in ((with_it, HISTOLOGY), (without, HISTOLOGY), (with_it, SEVERE))
        )
        r = correlation([body.product for body in with_it], [sum(body.deposits.values()) for body in with_it])
        passed = between(some, 0.67, 0.91) and between(others, 0.32, 0.56) and between(severe, 0.24, 0.48) and abs(r) < 0.3
        return f"{some:.0%} dialysed, {others:.0%} not, {severe:.0%} severe, r {r:+.2f}", passed

    return at_all_scales(one)


# --- F19 and F20: how much a deposit changes, and how late it comes ---------------------------------------------------------

SCLEROSIS, MYOSITIS = "dystrophic/systemic-sclerosis", "dystrophic/dermatomyositis"
# A section across the pulp, and one through the thigh with two voxels in the fascia: a third of the time of the scenarios as they are.
SECTION = (
    "site.finger.grid.shape=[20]", 'site.finger.grid.spacing="0.6 mm"',
    'site.finger.region=[{name="tip",shape="slab",low="3 mm",high="9 mm"}]',
)  # fmt: skip
COARSE = ("site.thigh.grid.shape=[30]", 'site.thigh.grid.spacing="500 um"')
ADULT = ('plasma.host="human"', 'plasma.calcium_ionised="1.22 mmol/L"', 'plasma.phosphate="1.1 mmol/L"', 'duration="16 year"')
FORMS: dict[str, tuple[str, str, tuple[str, ...], float]] = {  # scenario, cohort, sets, years of follow-up
    "child": (MYOSITIS, "dermatomyositis", COARSE, 8.0),
    "adult": (MYOSITIS, "dermatomyositis", (*COARSE, *ADULT), 16.0),
    "sclerosis": (SCLEROSIS, "sclerosis", SECTION, 9.0),
}
PATIENTS, FEW_PATIENTS = 6, 2
BEFORE, AFTER = 8.0, 9.0  # years between which a deposit is compared


class Course(NamedTuple):
    """One patient: years until a radiograph shows the first deposit, at visits each quarter (UNSEEN: not within the follow-up), and
    scores by year, as far as they were followed."""

    latency: float
    scores: Mapping[float, float]


def score(site: Any) -> float:
    """What radiographs score, area times density: calcium where there is as much as they show [mg]."""
    calcium = site.mineral() * CALCIUM_MG_CM3
    return float(calcium[calcium >= RADIOGRAPH].sum()) * site.setup.voxel_volume * 1e6


@cache
def course(form: str, number: int, scale: float) -> Course:
    """One patient of a form of FORMS; those with sclerosis are followed to the end, others until a deposit shows."""
    name, people, sets, years = FORMS[form]
    run = simulation(name, people, number, scale, sets)
    (site,) = run.sites.values()
    latency, scores = UNSEEN, {}
    for quarter in range(1, round(4 * years) + 1):
        year = quarter / 4
        run.advance(year * YEAR * DAY)
        scores[year] = score(site)
        if scores[year] > 0.0 and latency == UNSEEN:
            latency = year
            if form != "sclerosis":
                break
    return Course(latency, scores)


class Changes(NamedTuple):
    """Relative changes over a group: median, and shares with more than +25 %, about the same, and less than −25 %."""

    median: float
    progress: float
    stable: float
    improve: float


def changes(before: Sequence[float], after: Sequence[float]) -> Changes | None:
    """Of scores of the same people; only those with a deposit before count, None if nobody has one."""
    found = [late / early - 1.0 for early, late in zip(before, after, strict=True) if early > 0.0]
    if not found:
        return None
    up, down = sum(one > CHANGED for one in found) / len(found), sum(one < -CHANGED for one in found) / len(found)
    return Changes(statistics.median(found), up, 1.0 - up - down, down)


@fact("F19")
def one_year(quick: bool = False) -> Got:
    """Fingers in systemic sclerosis from year 8 to year 9, of people who have a deposit that a radiograph shows: median change 0 to 25 %;
    progress, stable and improve (beyond ±25 %) within 15 points of 41, 46 and 13 %."""
    numbers = range(1, (FEW_PATIENTS if quick else PATIENTS) + 1)

    def one(scale: float) -> Got:
        scores = [course("sclerosis", number, scale).scores for number in numbers]
        found = changes([row[BEFORE] for row in scores], [row[AFTER] for row in scores])
        have = sum(row[BEFORE] > 0.0 for row in scores)
        if found is None:
            return f"nobody of {len(scores)} has a deposit", False
        text = f"{found.median:+.0%}, {found.progress:.0%}/{found.stable:.0%}/{found.improve:.0%} ({have} of {len(scores)} have a deposit)"
        parts = between(found.progress, 0.26, 0.56) and between(found.stable, 0.31, 0.61) and between(found.improve, 0.0, 0.28)
        return text, between(found.median, 0.0, 0.25) and parts

    return at_all_scales(one)


def said(years: float, followed: float) -> str:
    """A latency in words."""
    return f"over {followed:g} y" if years == UNSEEN else f"{years:.2g} y"


@fact("F20")
def latencies(quick: bool = False) -> Got:
    """Median years until a radiograph shows a deposit, those without one counted as later: dermatomyositis of children within a factor
    of 2 of 2.9, of adults of 7.8; systemic sclerosis later than half of 7.5; the children first."""
    numbers = range(1, (FEW_PATIENTS if quick else PATIENTS) + 1)

    def one(scale: float) -> Got:
        found = {form: statistics.median(course(form, number, scale).latency for number in numbers) for form in FORMS}
        text = ", ".join(f"{form} {said(years, FORMS[form][3])}" for form, years in found.items())
        child, adult, sclerosis = found.values()
        passed = between(child, 1.45, 5.8) and between(adult, 3.9, 15.6) and sclerosis >= 3.75 and child < min(adult, sclerosis)
        return text, passed

    return at_all_scales(one)


# --- F25: masses of uraemia after correction ------------------------------------------------------------------------------

CORRECTED = "tumoral/uraemic-corrected"
# The hip as a section of 38 mm, one way. Fronts move as far into a sheet as into a ball of the same thickness.
HIP = (
    "plasma.two_way=false", *WEEKLY, "site.hip.grid.shape=[48]", 'site.hip.grid.spacing="0.8 mm"',
    'site.hip.region=[{name="bursa",shape="slab",low="15.6 mm",high="22.8 mm",material="bursa-wall"}]',
)  # fmt: skip
CORRECTION, FOLLOWED = 365.0, 1095.0  # days: of the correction, and of the follow-up (36 months)
MASSES, FEW_MASSES = 6, 2


class Remission(NamedTuple):
    """A mass at correction and 36 months later: calcium of the site [mg], the largest at visits between, whether a radiograph shows it."""

    before: float
    after: float
    largest: float
    shown_before: bool
    shown_after: bool

    @property
    def complete(self) -> bool:
        """Whether nothing is shown any more, or less than 5 % of the largest is left."""
        return not self.shown_after or self.after < GONE * self.largest


@cache
def mass(number: int, scale: float) -> Remission:
    """The mass at the hip of one person with uraemia that is corrected after a year, seen each half year."""
    from calcisim.simulation.measures import CALCIUM_MASS
    from calcisim.simulation.run import Simulation
    from calcisim.studies.facts_tumoral import one_joint

    with unusual_is_meant():
        hip = one_joint(CORRECTED, "hip", person(CORRECTED, "tumoral", number, scale, HIP))
    run = Simulation(hip, number)
    (site,) = run.sites.values()
    held, shown = [], []
    for day in np.linspace(CORRECTION, CORRECTION + FOLLOWED, 7):
        run.advance(float(day) * DAY)
        held.append(site.deposit() * CALCIUM_MASS * 1e6)
        shown.append(score(site) > 0.0)
    return Remission(held[0], held[-1], max(held), shown[0], shown[-1])


@fact("F25")
def remissions(quick: bool = False) -> Got:
    """Of people whose mass a radiograph shows at correction, the share in complete remission (Remission.complete) 36 months later: 52 to
    98 %."""
    numbers = range(1, (FEW_MASSES if quick else MASSES) + 1)

    def one(scale: float) -> Got:
        found = [row for row in (mass(number, scale) for number in numbers) if row.shown_before]
        if not found:
            return f"nobody of {len(numbers)} has a mass", False
        share = sum(row.complete for row in found) / len(found)
        left = statistics.median(row.after / row.before for row in found)
        return f"{share:.0%} of {len(found)} gone, {left:.0%} of the calcium left (median)", between(share, 0.52, 0.98)

    return at_all_scales(one)

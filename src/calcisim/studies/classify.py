"""What caused a calcification: the same scenario again in normal plasma, without its injury, and without both, and the label that follows.

All runs share the seed, so that what differs between them is what was taken out. They are compared by all the calcium that was ever
deposited, whatever became of it, so that treatment and surgery do not hide what happened.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calcisim.results import clumps
from calcisim.scenario.build import quickened
from calcisim.simulation.run import Simulation
from calcisim.studies import causes, labels, outputs, resources
from calcisim.studies.execute import output_times
from calcisim.studies.labels import Mass, Shapley, Shares, Values

DAY = 86400.0
NOTHING = Shares(0.0, 0.0)
GROSS = ("deposit", "excised", "engulfed", "resorbed", "drained")  # where calcium that was deposited can be

# The quick form: coarse voxels, means of the plasma, loose steps, few looks, and an end as soon as the deposit is established: after so
# many times the time to its onset and no sooner than a year. What may still become a tumoral mass is followed to the end. Without an onset,
# the whole time. Chosen for speed; docs/benchmarks/classify.md has what it changes.
LOOKS = 24
WINDOW = 14.0 * DAY
LOOSE = 0.05  # relative tolerance of the steps on the mineral
GROWN, AT_LEAST = 4.0, 365.0 * DAY

Say = Callable[[str], None]


def silent(text: str) -> None:
    """The default of `say`."""


@dataclass(frozen=True)
class Seen:
    """What one run showed: calcium deposited by the end [mg], first onset [d] (None: never), the largest clump of each site at each look,
    and when it ended [s]."""

    deposited: float
    onset: float | None
    masses: tuple[Mass, ...] = ()
    end: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """The label with the runs that it rests on; seen: those that were run, by the fields of Values; values, parts: None without an
    onset."""

    label: str
    reason: str
    seen: dict[str, Seen]
    values: Values | None = None
    parts: Shapley | None = None
    of: Shares = NOTHING

    @property
    def mass(self) -> Mass | None:
        """The largest clump that was seen, one that makes the label tumoral before others."""
        found = self.seen["both"].masses if "both" in self.seen else ()
        return max(found, key=lambda mass: (mass.tumoral, mass.diameter), default=None)


def quick_form(loaded: Any) -> Any:
    """The coarse form of a scenario over its whole time: spacing of its [quick], a plasma that does not feel the tissue and is averaged
    over two weeks, loose steps."""
    coarse = quickened(loaded.model_copy(update={"quick": loaded.quick.model_copy(update={"duration": None})}))
    solver = loaded.solver.model_copy(update={"relative_tolerance": max(loaded.solver.relative_tolerance, LOOSE)})
    update: dict[str, Any] = {"solver": solver}
    if loaded.plasma is not None and loaded.plasma.changes:
        update["plasma"] = loaded.plasma.model_copy(update={"two_way": False, "average": loaded.plasma.average or WINDOW})
    return coarse.model_copy(update=update)


def looks(loaded: Any, quick: bool) -> list[float]:
    """Times [s] at which the clumps of a run are looked at: its outputs after day 0, in the quick form at most LOOKS of them with the
    end."""
    times = [moment for moment in output_times(loaded, loaded.duration) if moment > 0.0]
    if not quick or len(times) <= LOOKS:
        return times
    stride = math.ceil(len(times) / LOOKS)
    return times[::-1][::stride][::-1]  # counted from the end, which stays


def masses(simulation: Simulation, at: float) -> Iterable[Mass]:
    """The largest clump of every site now; none of a site where nothing is seen, or whose grid gives it no size."""
    about = {site.name: causes.is_periarticular(site) for site in simulation.scenario.site}
    for name, found in clumps.of(simulation).items():
        if found.count and math.isfinite(found.diameters_mm[0]):
            yield Mass(float(found.diameters_mm[0]), found.sphericity, found.lobules, at / DAY, about[name])


def may_be_tumoral(loaded: Any) -> bool:
    """True when some site about a joint is large enough for a tumoral mass, and has two axes to give it a shape."""
    formed = (
        sorted(extent for extent, count in zip(site.grid.extents, site.grid.counts, strict=True) if count > 1)
        for site in loaded.site
        if causes.is_periarticular(site)
    )
    return any(len(extents) > 1 and 1e3 * extents[-1] >= labels.TUMOUR_MM for extents in formed)


def _established(now: float, onset: float | None, seen: list[Mass], followed: bool) -> bool:
    """True when the quick form has seen enough of the run as it is, at `now` [s]."""
    if any(mass.tumoral for mass in seen):
        return True
    return onset is not None and not followed and now >= max(GROWN * onset * DAY, AT_LEAST)


def watch(loaded: Any, quick: bool) -> Seen:
    """Run a scenario as it is, and look at its clumps on the way: to its end, or in the quick form until the deposit is established."""
    simulation, followed, seen = Simulation(loaded), may_be_tumoral(loaded), list[Mass]()
    moments = looks(loaded, quick)
    for moment in moments:
        simulation.advance(moment)
        seen += masses(simulation, moment)
        if quick and _established(moment, simulation.observables()["onset_day"], seen, followed):
            break
    return _seen(simulation, moment, tuple(seen))


def again(loaded: Any, quick: bool, end: float) -> Seen:
    """Run a scenario with a cause taken out, by the same stops to the same end [s]; nothing comes where no site is left."""
    if not loaded.site:
        return Seen(0.0, None, end=end)
    simulation = Simulation(loaded)
    for moment in looks(loaded, quick):
        if moment <= end:
            simulation.advance(moment)
    return _seen(simulation, end)


def _seen(simulation: Simulation, end: float, found: tuple[Mass, ...] = ()) -> Seen:
    row = simulation.observables()
    return Seen(math.fsum(float(row[f"{kind}_calcium_mg"]) for kind in GROSS), row["onset_day"], found, end)


def counterfactual(loaded: Any, quick: bool, actual: Seen, say: Say = silent) -> dict[str, Seen]:
    """What the four runs showed, by the fields of Values; a run that would be one of the others is not run again."""
    normal, uninjured = causes.plasma_is_normal(loaded), causes.is_uninjured(loaded)
    seen = {"both": actual}
    if not normal:
        say("again in normal plasma")
        seen["injury"] = again(causes.in_normal_plasma(loaded), quick, actual.end)
    if not uninjured:
        say("again without the injury")
        seen["plasma"] = again(causes.without_injury(loaded), quick, actual.end)
    if not normal and not uninjured:
        say("again without both")
        seen["neither"] = again(causes.without_injury(causes.in_normal_plasma(loaded)), quick, actual.end)
    return seen


def filled(seen: dict[str, Seen], normal: bool, uninjured: bool) -> Values:
    """The values of all four runs, of which some are others: a normal plasma, or no injury, takes nothing out."""
    same = {"injury": "both" if normal else "injury", "plasma": "both" if uninjured else "plasma"}
    same["neither"] = same["injury"] if uninjured else same["plasma"] if normal else "neither"
    return Values(**{name: seen[same.get(name, name)].deposited for name in ("neither", "plasma", "injury", "both")})


def verdict(loaded: Any, quick: bool = False, say: Say = silent) -> Verdict:
    """What caused the calcification of a loaded scenario; quick: by its quick form."""
    if loaded.kind != "tissue":
        what = "a test solution and no tissue" if loaded.kind == "invitro" else "the body without tissue"
        return Verdict(labels.NONE, f"kind {loaded.kind!r} is {what}: nothing that could be called a calcification of tissue", {})
    loaded = quick_form(loaded) if quick else loaded
    resources.refuse_if_too_large(resources.estimate(loaded))
    say("as it is")
    actual = watch(loaded, quick)
    if actual.onset is None:
        return Verdict(labels.NONE, "no site ever holds 0.01 mg Ca/cm³, which is what counts as an onset", {"both": actual})
    seen = counterfactual(loaded, quick, actual, say)
    values = filled(seen, "injury" not in seen, "plasma" not in seen)
    parts = labels.shapley(values)
    of = labels.shares(parts)
    word = labels.label(actual.onset, actual.masses, of)
    found = Verdict(word, "", seen, values, parts, of)
    return Verdict(word, _reason(found), seen, values, parts, of)


def _reason(found: Verdict) -> str:
    """One sentence that says why it is this label."""
    mass, of = found.mass, found.of
    if found.label == labels.TUMORAL and mass is not None:
        shape = f"sphericity {mass.sphericity:.2f}" if (mass.sphericity or 0.0) >= labels.ROUND else f"{mass.lobules} lobules"
        return f"a mass of {mass.diameter:.0f} mm about a joint on day {mass.day:.0f}, {shape}"
    said = f"of the calcium beyond health {of.plasma:.0%} is due to the plasma and {of.tissue:.0%} to the injury"
    if found.parts is not None and labels.is_of_tissue(found.parts):
        said = "most of the calcium comes in a healthy plasma without an injury too: it is the tissue's own"
    if "injury" not in found.seen:
        said += "; the plasma is that of a healthy host"
    if "plasma" not in found.seen:
        said += "; there is no injury"
    return said


def document(found: Verdict, name: str, quick: bool, wall: float) -> dict[str, Any]:
    """What `--json` prints; None for what was not computed. runs: how many, of how many days; values_mg: by run, one that was not needed
    is one of the others."""
    mass, parts, actual = found.mass, found.parts, found.seen.get("both")
    values = found.values
    return {
        "scenario": name,
        "label": found.label,
        "reason": found.reason,
        "shares": {"plasma": found.of.plasma, "tissue": found.of.tissue} if parts else None,
        "shapley": {f"{key}_mg": getattr(parts, key) for key in ("plasma", "injury", "interaction", "baseline")} if parts else None,
        "values_mg": {key: getattr(values, key) for key in ("neither", "plasma", "injury", "both")} if values else None,
        "largest_clump_mm": mass.diameter if mass else None,
        "sphericity": mass.sphericity if mass else None,
        "lobules": mass.lobules if mass else None,
        "onset_day": actual.onset if actual else None,
        "days": actual.end / DAY if actual else 0.0,
        "runs": len(found.seen),
        "quick": quick,
        "wall_s": round(wall, 3),
    }


def classify(name: str | Path, sets: Iterable[str] = (), quick: bool = False, say: Say = silent) -> dict[str, Any]:
    """The document of `calcisim classify` for a scenario; raises ScenarioError for a bad file."""
    began = time.monotonic()
    loaded = outputs.load(name, tuple(sets))
    if loaded.kind == "tissue" and resources.cold():
        say(resources.COMPILING)
    found = verdict(loaded, quick, say)
    if loaded.kind == "tissue":
        resources.mark_compiled()
    return document(found, str(name), quick, time.monotonic() - began)


def report(of: dict[str, Any]) -> str:
    """The document as text."""
    lines = [f"{of['label']}: {of['reason']}"]
    if of["shapley"]:
        parts, values = of["shapley"], of["values_mg"]
        lines += [
            f"  shares: plasma {of['shares']['plasma']:.2f}, tissue {of['shares']['tissue']:.2f}",
            f"  calcium deposited: {values['both']:.4g} mg; in normal plasma {values['injury']:.4g}, without the injury"
            f" {values['plasma']:.4g}, without both {values['neither']:.4g}",
            f"  of which plasma {parts['plasma_mg']:+.4g} mg, injury {parts['injury_mg']:+.4g} mg, either way"
            f" {parts['baseline_mg']:.4g} mg; interaction {parts['interaction_mg']:+.4g} mg",
        ]
    if of["onset_day"] is not None:
        lines.append(f"  onset on day {of['onset_day']:.4g}")
    if of["largest_clump_mm"] is not None:
        shape = "" if of["sphericity"] is None else f", sphericity {of['sphericity']:.2f}, lobules {of['lobules']}"
        lines.append(f"  largest clump {of['largest_clump_mm']:.3g} mm{shape}")
    form = ", quick form" if of["quick"] else ""
    lines.append(f"  {of['runs']} runs of {of['days']:g} days in {of['wall_s']:.1f} s{form}. For research; not for clinical decisions.")
    return "\n".join(lines)

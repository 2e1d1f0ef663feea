"""Whose fault a deposit is, as numbers and one word: Shapley shares of plasma and tissue, and the label that follows from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

NONE, TUMORAL, METASTATIC, DYSTROPHIC, MIXED = LABELS = ("none", "tumoral", "metastatic", "dystrophic", "mixed")
MOST = 2.0 / 3.0  # share from which on one of the two is called the cause
TUMOUR_MM, ROUND, LOBULES = 20.0, 0.5, 2  # least diameter; and it is round, or has lobules


@dataclass(frozen=True)
class Values:
    """Calcium that was deposited [mg] in four runs that differ in nothing else.

    neither: in normal plasma without the injury; plasma: with the plasma as it is; injury: with the injury; both: what is there.
    """

    neither: float
    plasma: float
    injury: float
    both: float


@dataclass(frozen=True)
class Shapley:
    """What each of two causes adds [mg], averaged over the two orders in which they can come; baseline: what comes without them.

    interaction: what both together do beyond the sum of each alone, half of which is in each of the two.
    """

    plasma: float
    injury: float
    interaction: float
    baseline: float


def shapley(v: Values) -> Shapley:
    """CAU-1. φ_P = ½[(v_P − v_0) + (v_PI − v_I)],  φ_I = ½[(v_I − v_0) + (v_PI − v_P)],  interaction v_PI − v_P − v_I + v_0.

    Contributions of plasma and injury to what is deposited [mg]; v_0 + φ_P + φ_I = v_PI. Source: definition (Shapley value of two players).
    """
    together = v.both - v.plasma - v.injury + v.neither
    plasma = 0.5 * ((v.plasma - v.neither) + (v.both - v.injury))
    injury = 0.5 * ((v.injury - v.neither) + (v.both - v.plasma))
    return Shapley(plasma, injury, together, v.neither)


class Shares(NamedTuple):
    """Shares of plasma and tissue in a deposit; they add up to 1, or are both 0 where nothing came."""

    plasma: float
    tissue: float


def shares(parts: Shapley) -> Shares:
    """Share of the plasma, and of the injury of the tissue, in what is beyond health (Shapley's value divides no more than that).

    Where most of a deposit comes in a healthy plasma without an injury too, the tissue is its cause. What holds a deposit back (a
    negative part) has no share in it.
    """
    if is_of_tissue(parts):
        return Shares(0.0, 1.0)
    plasma, injury = max(parts.plasma, 0.0), max(parts.injury, 0.0)
    total = plasma + injury
    return Shares(plasma / total, injury / total) if total > 0.0 else Shares(0.0, 0.0)


def is_of_tissue(parts: Shapley) -> bool:
    """True where most of a deposit comes in a healthy plasma without an injury too."""
    return parts.baseline > max(parts.plasma, 0.0) + max(parts.injury, 0.0)


class Mass(NamedTuple):
    """The largest clump of a site at one time: diameter [mm], sphericity and lobules (None where the grid gives it no shape), day, and
    whether tissue about a joint is there."""

    diameter: float
    sphericity: float | None
    lobules: int | None
    day: float
    periarticular: bool

    @property
    def tumoral(self) -> bool:
        """True for a mass about a joint of at least 20 mm that is round, or has lobules."""
        formed = (self.sphericity or 0.0) >= ROUND or (self.lobules or 0) >= LOBULES
        return self.periarticular and self.diameter >= TUMOUR_MM and formed


def label(onset: float | None, masses: Iterable[Mass], of: Shares) -> str:
    """One of LABELS: onset [d] (None: no site has one), the largest clumps that were seen, and the shares."""
    if onset is None:
        return NONE
    if any(mass.tumoral for mass in masses):
        return TUMORAL
    if of.plasma >= MOST:
        return METASTATIC
    return DYSTROPHIC if of.tissue >= MOST else MIXED

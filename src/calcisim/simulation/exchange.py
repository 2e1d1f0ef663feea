"""What tissues take from the plasma: charged to the body where that is asked for, watched where it is not."""

import math
import warnings
from collections.abc import Mapping

import numpy as np

from calcisim.scenario.body_treatments import DAY
from calcisim.scenario.errors import PlausibilityWarning
from calcisim.simulation.plasma import BodyPlasma
from calcisim.simulation.site import Site

Array = np.ndarray
WINDOW = 0.5 * DAY  # s: the body answers to what tissues took in the window before; its slowest answer to a minute of uptake takes hours
MOST = 1e-3 / DAY  # mol/s of calcium that tissues may take before the plasma must answer: 1 mmol/d moves calcium by 0.02 mmol/L
GIVEN = ("exchanged", "engulfed")  # accounts of a site that the plasma pays for or is paid from: what cells carry off comes back to it
ELEMENTS = 3  # calcium, phosphate and magnesium are the first species of a site


def taken(sites: Mapping[str, Site], volume: float | None) -> Array:
    """Calcium, phosphate and magnesium [mol] that the sites took from the fluid around them so far, for all the tissue they stand for.

    What macrophages engulf they dissolve elsewhere: it counts as given back. Excised mineral leaves the body.
    volume: of that tissue [m³]; that of the sites themselves when None.
    """
    accounts = [site.state.ledger.accounts for site in sites.values()]
    amounts = [sum(account[kind].value[:ELEMENTS] for kind in GIVEN) for account in accounts]
    total = np.array([math.fsum(column) for column in zip(*amounts, strict=True)]) if amounts else np.zeros(ELEMENTS)
    own = math.fsum(site.volume() for site in sites.values())
    return total if volume is None or own == 0.0 else total * (volume / own)


class Exchange:
    """Two ways: windows in which the body moves first, less what tissues took in the window before, and the sites after it."""

    def __init__(self, plasma: BodyPlasma, sites: Mapping[str, Site], volume: float | None):
        self.plasma, self.volume = plasma, volume
        self.fluids = {id(one.fluids): one.fluids for one in (site.around for site in sites.values()) if one is not None}.values()
        self.charged = np.zeros(ELEMENTS)
        self.end = 0.0
        self.kept = plasma.body.arrays()

    def open(self, sites: Mapping[str, Site]) -> None:
        """Begin the next window: charge what was taken, move the body through it, and let the sites see its plasma."""
        total = taken(sites, self.volume)
        self.plasma.body.uptake[:] = (total - self.charged) / WINDOW
        self.charged = total
        self.kept = self.plasma.body.arrays()
        self.end += WINDOW
        self._move()

    def _move(self) -> None:
        self.plasma.body.forget()
        self.plasma.advance(self.end)
        for fluids in self.fluids:
            fluids.look_again()

    def arrays(self) -> dict[str, Array]:
        """The body at the beginning of the window, and what was charged until then."""
        return {**self.kept, "charged": self.charged.copy(), "window": np.array([self.end])}

    def load(self, arrays: dict[str, Array]) -> None:
        """Go on from a checkpoint: the body goes through the window again."""
        self.charged, self.end = arrays["charged"].copy(), float(arrays["window"][0])
        self.plasma.body.load(arrays)
        self.kept = self.plasma.body.arrays()
        if self.end > 0.0:
            self._move()


class Watch:
    """One way: say once when tissues take more than the plasma could give without an answer."""

    def __init__(self, active: bool, sites: Mapping[str, Site], volume: float | None):
        self.active, self.volume = active, volume
        self.restart(sites)

    def restart(self, sites: Mapping[str, Site]) -> None:
        """Begin to watch from what is there now."""
        self.time, self.before = min((site.time for site in sites.values()), default=0.0), taken(sites, self.volume)

    def look(self, sites: Mapping[str, Site], time: float) -> None:
        """Compare what was taken since the last look, at `time` [s]."""
        if not self.active or time <= self.time:
            return
        now = taken(sites, self.volume)
        rate = float(now[0] - self.before[0]) / (time - self.time)
        self.time, self.before = time, now
        if rate > MOST:
            self.active = False
            warnings.warn(
                f"at day {time / DAY:g} the tissues take {rate * 1e3 * DAY:.3g} mmol of calcium a day, more than 1 mmol/d, and the plasma "
                "does not answer: set plasma.two_way=true",
                PlausibilityWarning,
                stacklevel=2,
            )

"""The books of a site: what it held at first, what was exchanged, what was cut out, and whether it adds up."""

from dataclasses import dataclass, field

import numpy as np


def _zeros() -> np.ndarray:
    return np.zeros(0)


@dataclass
class Account:
    """A running sum per species with its compensation (Neumaier), and the sum of absolute amounts."""

    net: np.ndarray = field(default_factory=_zeros)
    lost: np.ndarray = field(default_factory=_zeros)
    gross: np.ndarray = field(default_factory=_zeros)

    @classmethod
    def empty(cls, species: int) -> "Account":
        return cls(np.zeros(species), np.zeros(species), np.zeros(species))

    def add(self, amount: np.ndarray, gross: np.ndarray) -> None:
        total = self.net + amount
        larger = np.abs(self.net) >= np.abs(amount)
        self.lost += np.where(larger, (self.net - total) + amount, (amount - total) + self.net)
        self.net = total
        self.gross += gross

    @property
    def value(self) -> np.ndarray:
        return self.net + self.lost


class Ledger:
    """Amounts [mol] per species: the start, and one account for each kind of gain or loss.

    relative = |held − initial − booked| / (initial + Σ |booked gross|)
    """

    KINDS = ("exchanged", "excised", "engulfed", "drained", "injected")

    def __init__(self, initial: np.ndarray):
        self.initial = np.array(initial, dtype=float)
        self.accounts = {kind: Account.empty(self.initial.size) for kind in self.KINDS}

    def book(self, kind: str, amount: np.ndarray, gross: np.ndarray | None = None) -> None:
        """Add a gain (positive) or loss (negative) of the site."""
        self.accounts[kind].add(np.asarray(amount, dtype=float), np.abs(amount) if gross is None else gross)

    def relative(self, held: np.ndarray) -> np.ndarray:
        """Imbalance per species, relative to what was there and what passed through."""
        booked = sum(account.value for account in self.accounts.values())
        size = np.abs(self.initial) + sum(account.gross for account in self.accounts.values())
        gap = np.abs(held - self.initial - booked)
        return np.divide(gap, size, out=np.zeros_like(gap), where=size > 0.0)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that a checkpoint needs."""
        out = {"initial": self.initial}
        for kind, account in self.accounts.items():
            out[kind] = np.stack([account.net, account.lost, account.gross])
        return out

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray]) -> "Ledger":
        ledger = cls(arrays["initial"])
        for kind in cls.KINDS:
            net, lost, gross = (row.copy() for row in arrays[kind])
            ledger.accounts[kind] = Account(net, lost, gross)
        return ledger

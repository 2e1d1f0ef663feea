"""What inflammation does to tissue: how much of its collagen it lays open, and how that closes."""

import numpy as np

Array = np.ndarray


def open_in_the_end(inflammation: Array, opening: float | Array, healing: float) -> Array:
    """TIS-4. Share of the collagen that is open under steady inflammation, k I/(k I + 1/(τ (1 + I))).

    I : inflammation [0 to 1]; k : opening at I = 1 [1/s], one number or one per voxel; τ : healing without inflammation [s].
    Source: derivation, TIS-2 at rest.
    """
    return opening * inflammation / (opening * inflammation + 1.0 / (healing * (1.0 + inflammation)))


def laid_open(share: Array, inflammation: Array, dt: float, opening: float | Array, healing: float) -> Array:
    """TIS-2. Share f of the collagen that inflammation has laid open, `dt` seconds on: df/dt = k I (1 − f) − f/(τ (1 + I)).

    Exact for steady I; healing is slower under inflammation. Symbols and units as in TIS-4. Source: assumption.
    """
    end = open_in_the_end(inflammation, opening, healing)
    rate = opening * inflammation + 1.0 / (healing * (1.0 + inflammation))
    return end + (share - end) * np.exp(-rate * dt)

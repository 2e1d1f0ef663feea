"""What tissue does about inflammation and injury: collagen laid open, pyrophosphate split, macrophages, debris, vessels and acid."""

import math

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


def local_pyrophosphate(supply: Array, alive: Array, inflammation: Array, perfusion: Array, hydrolysis: float, inflamed: float) -> Array:
    """TIS-5. Pyrophosphate of the tissue over that of plasma, (s + k a)/(s + k (1 + β I)), s = κ v: supply, production, hydrolysis.

    supply : perfusion that reaches the tissue now, κ v (1 + h I) [1/s], per pore fluid; alive : share a of what makes it; perfusion : as of
    the tissue at rest [1/s], 0 where nothing lives: there it is that of plasma; k [1/s], β. Tissue at rest makes what its phosphatase
    takes, so that the ratio is 1. At rest over minutes; diffusion over its reach √(D/k), 0.7 mm, is left out, I itself reaches 0.3 mm.
    Each split molecule gives two phosphates: 4 µmol/L an hour of 3 µmol/L, 0.6 % of what perfusion brings; left out.
    Source: balance; rate of plasma in data/biology.toml.
    """
    taken = supply + hydrolysis * (1.0 + inflamed * inflammation)
    return np.where(perfusion > 0.0, np.divide(supply + hydrolysis * alive, taken, out=np.ones_like(taken), where=taken > 0.0), 1.0)


def macrophages_after(count: Array, inflammation: Array, dt: float, recruited: float, time: float) -> Array:
    """TIS-6. Macrophages over those at rest, `dt` seconds on: τ dΦ/dt = 1 + r I − Φ. Exact for steady I. Source: assumption."""
    aim = 1.0 + recruited * inflammation
    return aim + (count - aim) * math.exp(-dt / time)


def debris_left(macrophages: Array, dt: float, clearance: float) -> Array:
    """TIS-7. Share of debris that is left after `dt` seconds of clearance by macrophages: exp(−k Φ dt). Source: assumption."""
    return np.exp(-clearance * macrophages * dt)


def vessels_after(share: Array, aim: Array, dt: float, time: float) -> Array:
    """TIS-8. Share of the perfusion that injury has left, `dt` seconds on: τ dv/dt = v_end − v. Source: assumption."""
    return aim + (share - aim) * math.exp(-dt / time)


def lactic_acid(inflammation: Array, vessels: Array, supply: Array, most: float) -> Array:
    """TIS-9. Acid that inflamed or ischaemic tissue makes, a_L (1 − (1 − I) v) κ_now, per pore fluid [eq/(m³ s)].

    It burns glucose without oxygen, so it makes at most the a_L that the fluid that comes (κ_now [1/s]) can hold.
    Source: derivation, two lactates per glucose.
    """
    return most * (1.0 - (1.0 - inflammation) * np.minimum(vessels, 1.0)) * supply

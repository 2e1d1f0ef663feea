"""The law of clumps of a site: size classes, collisions, and how open the frames of free clumps are, which their sticking decides."""

import math
from typing import Any

import numpy as np

from calcisim import parameters
from calcisim.physics import clumping
from calcisim.physics.clumping import ClumpLaw
from calcisim.physics.collision import REGISTRY, sticking
from calcisim.physics.kinetics import ParticleLaw

APATITE = "HAP"


def clump_law(asked: Any, temperature: float, particle: ParticleLaw, shear_rate: float, frame: tuple[float, float]) -> ClumpLaw:
    """Size classes, collisions and the like as [population] asks for them, in a fluid that is sheared at this rate [1/s]; frame of free
    clumps as `mobile_frame` gives it.

    Envelopes are those of primaries of the terminal size of the table also where growth does not stop there.
    """
    row = parameters.values("particles")
    known = REGISTRY[asked.kernel].parameters
    radius = particle.terminal_radius if asked.terminal_size else parameters.tables("minerals")[APATITE]["terminal_radius"].value
    return clumping.assemble(
        particle,
        radius,
        temperature=temperature,
        viscosity=row["viscosity"],
        kernel=asked.kernel,
        parameters={"shear_rate": shear_rate} if "shear_rate" in known else {},
        classes=asked.classes,
        smallest=asked.smallest,
        largest=asked.largest,
        aggregation=asked.aggregation,
        impingement=asked.impingement,
        capture=asked.capture,
        dimensions=(row["dimension_captured"], frame[0]),
        prefactors=(row["prefactor_captured"], frame[1]),
    )


def frame_in(asked: Any, coverage: float) -> tuple[float, float]:
    """Frame of free clumps in a fluid whose protein covers this share of a surface at the start (AGG-2)."""
    return mobile_frame(sticking(coverage, float(asked.sticking)))


def mobile_frame(efficiency: float) -> tuple[float, float]:
    """CLP-16. D_f and k_f of free clumps, linear in log η between the rows of data/morphology.toml and as its end rows beyond them.

    η : share of encounters that hold (AGG-2). That free clumps are fractal is seen (bian2012); the numbers are our own.
    Source: bian2012, and the particle engine (MOR-6, MOR-10, MOR-11), derivation.
    """
    rows = sorted(
        (row["efficiency"].value, row["dimension"].value, row["prefactor"].value) for row in parameters.tables("morphology").values()
    )
    known, dimensions, prefactors = (np.array(column) for column in zip(*rows))
    at = math.log(max(efficiency, known[0]))
    return float(np.interp(at, np.log(known), dimensions)), float(np.interp(at, np.log(known), prefactors))

"""Half voxels on both sides of a face: what they conduct where the grid is coarse."""

from collections.abc import Callable

import numpy as np

from calcisim.physics import transport


class Sides:
    """What voxels conduct on their side of a face along z, y and x: F/E along coarse axes (TRN-7), along the others F itself.

    E is that of an accepted state and holds for a step, so that Newton's method sees a plain linear flux.
    """

    def __init__(self, conductance: np.ndarray, spacing: np.ndarray, face_exchange: np.ndarray, coarse: float):
        """Axes with a spacing above `coarse` [m] count as coarse, but for those that nothing crosses: their spacing may be a depth."""
        crossed = [n > 3 or face_exchange[2 * axis : 2 * axis + 2].any() for axis, n in enumerate(conductance.shape)]
        self.conductance, self.spacing = conductance, spacing
        self.effect = {axis: np.ones_like(conductance) for axis in range(3) if crossed[axis] and spacing[axis] > coarse}
        self.along = tuple(conductance.copy() if axis in self.effect else conductance for axis in range(3))

    def weigh(self, rows: Callable[..., None], porosity: np.ndarray, perfusion: np.ndarray, uptake: np.ndarray, diffusivity: float) -> None:
        """E of the accepted state, whose F is in `conductance`; `rows` runs a sweep."""
        for axis, out in self.effect.items():
            rows(transport.effects, porosity, perfusion, uptake, self.conductance, diffusivity, float(self.spacing[axis]), out)

    def fill(self) -> None:
        """F/E from the F that now is in `conductance`."""
        for axis, effect in self.effect.items():
            np.divide(self.conductance, effect, out=self.along[axis])

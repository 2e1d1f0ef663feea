"""One fingerprint of a state, to show that two runs are the same to the last bit."""

import hashlib
from collections.abc import Mapping

import numpy as np

from calcisim.numerics.memory import pieces


def state_sha256(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 (hex) over the arrays of a state, in name order, each preceded by its name and shape.

    arrays: name → numeric array, interior voxels only; read in C order as little-endian numbers. Neither the order of the
    mapping nor memory layout or byte order of the machine changes the result; one bit of one number does.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        little = array.dtype.newbyteorder("<")
        digest.update(f"{name}\0{little.str}\0{array.shape}\0".encode())
        for piece in pieces(array):
            digest.update(piece.astype(little, copy=False).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()

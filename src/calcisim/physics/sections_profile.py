"""How a class is filled inside: the linear profile that its number and mass fix, and what of it lies above a size.

All rows of a voxel's scratch lie in one flat array with a fixed stride, because the compiler turns a loop into vector
instructions only when it can see that what it writes and what it reads do not overlap.
"""

from calcisim.jit import kernel

STRIDE = 1032  # numbers per row: at most 1024 classes; 64 bytes beyond a whole page, so that the rows do not share cache sets
MOST_CLASSES = 1024

LANES = 8  # loops run over a multiple of this, so that no slow rest is left; classes beyond the last hold nothing

NUMBER, MEAN, KNOWN, VARIANCE, TILT, RISE, SKEW, BEND, WIDTH, PER_WIDTH, TOP, KNOWN_TOP, GAP = range(13)  # the profile of each class
UP_NUMBER, UP_MASS, TAKEN, RATE, CARRIED, PASS_NUMBER, PASS_MASS, LEAVING = range(13, 21)  # what collisions do to it
ROWS = 21


@kernel
def profile(number, mass, low, high, last, index, work):
    """AGG-12. Linear in-class density p(s) = 1 + B (2s − 1) on the support [b − W, b], with the class's number N and mean m = M/N.

    t = (m − low)/(high − low), B = 6t − 3 on the whole class for 1/3 ≤ t ≤ 2/3; else a triangle of width W = 3 (m − low) or 3 (high − m)
    at one side (B = −1, +1). Variance W² (1/12 − B²/36). The last class (`last`) keeps what outgrows the grid. A mean beyond the class
    (there, or where a thin class collected much within a step) has the rates of the edge, because the bilinear kernel holds inside the
    class only and may be negative beyond. Writes the rows NUMBER … GAP of class `index`.
    """
    mean = mass / number if number > 0.0 else 0.5 * (low + high)
    width = high - low
    t = (mean - low) / width
    tilt = 6.0 * t - 3.0
    top = high
    if t < 1.0 / 3.0:
        tilt = -1.0
        width = max(3.0 * (mean - low), 0.0)
        top = mean + 2.0 / 3.0 * width
    elif t > 2.0 / 3.0:
        tilt = 1.0
        width = max(3.0 * (high - mean), 0.0)
        top = mean + width / 3.0
    work[NUMBER * STRIDE + index] = number
    work[MEAN * STRIDE + index] = mean
    work[KNOWN * STRIDE + index] = min(max(mean, low), high)
    work[VARIANCE * STRIDE + index] = width * width * (1.0 / 12.0 - tilt * tilt / 36.0)
    work[TILT * STRIDE + index] = tilt
    work[RISE * STRIDE + index] = 1.0 + tilt
    work[SKEW * STRIDE + index] = 0.5 * width * (1.0 + tilt)
    work[BEND * STRIDE + index] = 2.0 / 3.0 * tilt * width
    work[WIDTH * STRIDE + index] = width
    work[PER_WIDTH * STRIDE + index] = 0.0 if last else 1.0 / max(width, 1e-300)
    work[TOP * STRIDE + index] = top
    work[KNOWN_TOP * STRIDE + index] = min(max(top, low), high)
    work[GAP * STRIDE + index] = 1e300 if last else high - top

"""Sums whose order is fixed, so that their bytes are too.

Kernels leave one partial result per row; these functions join the partials in row order, whatever thread made them.
"""

from calcisim.jit import kernel


@kernel
def ordered_sum(parts):
    """Sum of parts (n,) from first to last."""
    total = 0.0
    for index in range(parts.size):
        total += parts[index]
    return total


@kernel
def largest(parts):
    """Largest of parts (n,); a NaN anywhere gives NaN, so that a failed solve cannot hide."""
    top = parts[0]
    for index in range(parts.size):
        if top == top and not (parts[index] <= top):  # once NaN, always NaN
            top = parts[index]
    return top


@kernel
def row_dot(a, b, parts, row0, row1):
    """parts[row] = Σ over species and x of a·b; a, b (species, z, y, x) with one ghost layer."""
    species, _, ny, nx = a.shape
    rows = ny - 2
    for row in range(row0, row1):
        k = row // rows + 1
        j = row % rows + 1
        total = 0.0
        for s in range(species):
            for i in range(1, nx - 1):
                total += a[s, k, j, i] * b[s, k, j, i]
        parts[row] = total

"""Speciation of plasma-like solutions from a cold start, pH given, with the saturation indices, against PHREEQC with the same constants."""

import tempfile
from pathlib import Path

import numpy as np

from calcisim.jit import kernel
from calcisim.physics import speciation_data
from calcisim.physics.speciation import saturation_indices, speciate_ph
from calcisim.studies.bench_pair import Pair, Prepared

DATABASE = Path(__file__).parents[1] / "calcisim.dat"
KELVIN, MANY, BATCH, TOLERANCE = 310.15, 4000, 200, 1e-6
SODIUM, POTASSIUM, CHLORIDE = 0.14, 0.004, 0.103
AGREE = 0.01  # saturation index
WATCHED = ("HAP", "OCP", "DCPD")


def solutions(count: int) -> np.ndarray:
    """(count, 6): Ca, Mg, P, carbonate, citrate [mol/kg] and pH over the range of plasma and tissue."""
    low = np.array([0.8e-3, 0.3e-3, 0.3e-3, 15e-3, 0.1e-3, 6.8])
    high = np.array([4e-3, 1.5e-3, 5e-3, 30e-3, 0.1e-3, 7.8])
    return low + (high - low) * np.random.default_rng(7).random((count, 6))


@kernel
def solve_all(K, A, given, salts, tolerance, table, ln_k, places, out, la, si):
    """Passes in all; si (count, 11). places: of Ca+2, Mg+2, PO4-3, CO3-2 and OH- among the species."""
    passes = 0
    x = np.zeros(6)
    sodium, potassium, chloride = salts
    for i in range(given.shape[0]):
        x[:] = 0.0
        ca, mg, p, c, citrate, ph = given[i]
        passes += speciate_ph(K, A, ph, ca, mg, sodium, potassium, chloride, p, c, citrate, 0.0, x, out, tolerance, 60)
        la[0] = np.log(out[places[0]] * out[42])
        la[1] = np.log(out[places[1]] * out[42])
        la[2] = np.log(out[places[2]] * out[43])
        la[3] = np.log(out[places[3]] * out[42])
        la[4] = -np.log(10.0) * ph
        la[5] = np.log(out[places[4]] * out[41])
        saturation_indices(table, ln_k, la, x[5], si[i])
    return passes


def indices(given: np.ndarray) -> np.ndarray:
    """Saturation indices (solution, phase) of ours."""
    _, si, call = _job(given)
    call()
    return si


def _job(given: np.ndarray):
    K, A = speciation_data.constants(KELVIN), speciation_data.debye_huckel(KELVIN)
    table, ln_k = speciation_data.saturation_table(KELVIN)
    names = speciation_data.species()
    places = np.array([names.index(name) for name in ("Ca+2", "Mg+2", "PO4-3", "CO3-2", "OH-")])
    out, la, si = np.zeros(45), np.zeros(6), np.zeros((len(given), len(ln_k)))
    salts = (SODIUM, POTASSIUM, CHLORIDE)
    return out, si, lambda: solve_all(K, A, given, salts, TOLERANCE, table, ln_k, places, out, la, si)


def _ours() -> Prepared:
    _, _, call = _job(solutions(MANY))

    def run() -> None:
        call()

    return Prepared(run, f"full speciation, cold, {TOLERANCE:g}, with 11 saturation indices, one thread", 1.0 / MANY)


def text(given: np.ndarray) -> str:
    """One input of PHREEQC for all solutions."""
    words = [f"SELECTED_OUTPUT\n -reset false\n -high_precision true\n -saturation_indices {' '.join(WATCHED)}"]
    for number, (ca, mg, p, c, citrate, ph) in enumerate(given, 1):
        rows = {"Ca": ca, "Mg": mg, "Na": SODIUM, "K": POTASSIUM, "Cl": CHLORIDE, "P": p, "C": c, "Citrate": citrate}
        totals = "\n".join(f" {name} {1e3 * float(value)!r}" for name, value in rows.items())
        words.append(f"SOLUTION {number}\n temp {KELVIN - 273.15!r}\n pH {float(ph)!r}\n units mmol/kgw\n{totals}")
    return "\n".join(words) + "\nEND\n"


def _phreeqc() -> Prepared:
    """PHREEQC by phreeqpython: one input with a batch of solutions. Raises `ArithmeticError` where the answers differ."""
    import phreeqpython

    with tempfile.TemporaryDirectory() as folder:  # its loader takes a folder and a name
        (Path(folder) / DATABASE.name).write_bytes(DATABASE.read_bytes())
        engine = phreeqpython.PhreeqPython(database=DATABASE.name, database_directory=Path(folder)).ip
    given = solutions(BATCH)
    words = text(given)
    engine.run_string(words)
    rows = engine.get_selected_output_array()
    theirs = np.array([[float(value) for value in row] for row in rows[1:]])
    order = [speciation_data.phases().index(name) for name in WATCHED]
    gap = float(np.abs(theirs - indices(given)[:, order]).max())
    if theirs.shape != (BATCH, len(WATCHED)) or not gap < AGREE:
        raise ArithmeticError(f"saturation indices differ from PHREEQC by {gap:g} (shape {theirs.shape})")

    def run() -> None:
        engine.run_string(words)

    return Prepared(run, f"PHREEQC by phreeqpython, {BATCH} solutions in one input", 1.0 / BATCH, {"largest_si_difference": gap})


def phreeqc() -> Pair:
    return Pair(_ours, _phreeqc)

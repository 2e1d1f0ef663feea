"""What `calcisim bench` measures: one row each, one function `FUNCTION() -> Pair` in a module of this folder.

target: the least ratio that we promise, None where there is none; needs: modules that must be installed; long: only when asked for.
"""

from typing import NamedTuple


class Measure(NamedTuple):
    name: str
    module: str
    function: str
    title: str
    target: float | None
    needs: tuple[str, ...] = ()
    long: bool = False


YEAR = "one simulated year"
MEASURES = (
    Measure("explicit_stencil", "explicit", "stencil_2d", "explicit step of three species, 512²: share of the bandwidth bound", 0.6),
    Measure("explicit_stencil_3d", "explicit", "stencil_3d", "the same, 128³", 0.6),
    Measure("explicit_numpy", "explicit", "numpy_2d", "explicit step, 512², against numpy", 10.0),
    Measure("explicit_numpy_3d", "explicit", "numpy_3d", "explicit step, 128³, against numpy", 10.0),
    Measure("pypde", "pypde", "plane", "explicit step, 512², against py-pde", 12.0, ("pde",)),
    Measure("coupled_case_a", "case_a", "against_splitting", "column A to 1 %, against the best splitting", 100.0),
    Measure("coupled_vs_lie", "case_a", "against_lie", "column A to 1 %, against Lie splitting", None),
    Measure("coupled_vs_strang", "case_a", "against_strang", "column A to 1 %, against Strang splitting", None),
    Measure("coupled_vs_explicit", "case_a", "against_explicit", "column A to 1 %, against explicit stepping", 50.0),
    Measure("coupled_vs_bdf", "case_a", "against_bdf", "column A to 1 %, against scipy's BDF with a banded Jacobian", None),
    Measure("coupled_vs_lsoda", "case_a", "against_lsoda", "column A to 1 %, against scipy's LSODA (Fortran, banded)", None),
    Measure("plane_vs_bdf", "case_plane", "against_bdf", "a plane of 64² to 1 %, against scipy's BDF with a sparse Jacobian", None),
    Measure("plane_vs_explicit", "case_plane", "against_explicit", "a plane of 64² to 1 %, against explicit stepping", 50.0),
    Measure("speciation_phreeqc", "solutions", "phreeqc", "speciation of plasma, against PHREEQC", 300.0, ("phreeqpython",)),
    Measure("golovin_partmc", "golovin", "partmc", "coagulation, L1 ≤ 3 % and M2 ≤ 5 %, against PyPartMC", 3.0, ("PyPartMC", "netCDF4")),
    Measure("golovin_pysdm", "golovin", "pysdm", "coagulation, L1 ≤ 8 %, against PySDM", 15.0, ("PySDM",)),
    Measure("threads_free", "team", "free", "a step of 64³, two threads against one", 1.5),
    Measure("threads_free_kinetics", "team", "kinetics", "kinetics of 64³, two threads against one", 1.7),
    Measure("threads_busy", "team", "busy", "a step of 64³ beside a busy process, two threads against one", 1.0 / 1.2),
    Measure("year_2d_256", "year", "plane", f"{YEAR}, 256², against its target", 1.0),
    Measure("year_3d_64", "year", "block", f"{YEAR}, 64³, against its target", 1.0),
    Measure("year_3d_128", "year", "cube", f"{YEAR}, 128³, against its target", 1.0, (), True),
)

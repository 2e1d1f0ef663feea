"""A run of the real model keeps its particles by size and draws their figures."""

from calcisim.results import store
from calcisim.studies import execute
from calcisim.studies.progress import Reporter


def test_a_run_keeps_sizes_and_draws_them(tmp_path):
    asked = execute.Request("dystrophic/subdermal-cusp", quick=True, threads=1, out=tmp_path / "run")
    directory = execute.start(asked, Reporter(), execute.engine()).directory
    found = store.spectra(directory / store.NAME, "cusp")
    assert found is not None
    assert found["bound_volume"][-1].sum() > 0.0
    assert {"deposition.png", "phases.png", "particles.png"} <= {path.name for path in (directory / "figures").iterdir()}

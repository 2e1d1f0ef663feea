"""A finished or stopped run, as a researcher holds it in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calcisim.results import store, summary, timeseries


@dataclass(frozen=True)
class Run:
    """The run in `directory`; everything is read from its files when asked for."""

    directory: Path

    @property
    def summary(self) -> dict[str, Any] | None:
        """summary.json, None while the run is not finished."""
        return summary.read(self.directory)

    def timeseries(self) -> dict[str, np.ndarray]:
        """Column → values, `time_d` first; blanks are NaN."""
        return timeseries.read(self.directory)

    def plot(self, formats: Sequence[str] = ("png",)) -> list[Path]:
        """Draw the figures again; returns their paths."""
        from calcisim.results import plots

        return plots.draw(self.directory, formats=formats)

    def to_xarray(self, site: str | None = None) -> Any:
        """The maps of a site (the first one by default) as an xarray Dataset, loaded into memory."""
        import xarray

        path = self.directory / store.NAME
        with xarray.open_dataset(path, group=site or store.sites(path)[0]) as dataset:
            return dataset.load()

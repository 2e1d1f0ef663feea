"""The tissue library: a name and overrides become one frozen Tissue of floats."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from calcisim import parameters
from calcisim.scenario.errors import nearest
from calcisim.scenario.fields import Quantity, wrong

_SHARE = Quantity("number", low="0", high="1")
COLUMNS: dict[str, Quantity] = {
    "porosity": Quantity("number", low="0.03", high="1"),
    "hindrance": Quantity("number", low="1e-4", high="1"),
    "fibril_fraction": Quantity("number", low="0", high="0.95"),
    "fibril_diameter": Quantity("length", low="5 nm", high="10 um"),
    "surface_per_volume": Quantity("per_length", low="0 1/m", high="1e9 1/m"),
    "substrate_state": _SHARE,
    "exposed_fraction": _SHARE,
    "debris": Quantity("per_volume", low="0 1/m3", high="1e21 1/m3"),
    "perfusion": Quantity("rate", low="0 1/s", high="1 1/s"),
    "dry_mass": Quantity("density", low="0 kg/m3", high="1500 kg/m3"),
    "access_fetuin": _SHARE,
    "access_pyrophosphate": _SHARE,
    "access_citrate": _SHARE,
    "access_magnesium": _SHARE,
    "access_drug": _SHARE,
}


@dataclass(frozen=True)
class Tissue:
    """A tissue or an implant material; all floats in SI, shares between 0 and 1.

    porosity: open pore fraction without mineral; hindrance: D/D0 at that porosity; surface_per_volume: collagen surface [1/m];
    substrate_state s; exposed_fraction: share of the surface that counts; debris: nucleating sites [1/m3];
    perfusion: exchange with plasma per pore fluid [1/s]; dry_mass: non-mineral [kg/m3]; access_*: share of an inhibitor that reaches.
    """

    name: str
    porosity: float
    hindrance: float
    fibril_fraction: float
    fibril_diameter: float
    surface_per_volume: float
    substrate_state: float
    exposed_fraction: float
    debris: float
    perfusion: float
    dry_mass: float
    access_fetuin: float
    access_pyrophosphate: float
    access_citrate: float
    access_magnesium: float
    access_drug: float


def names() -> list[str]:
    """All tissues and materials of data/tissues.toml."""
    return list(parameters.tables("tissues"))


def known(raw: object) -> str:
    """The name of a tissue, or an error that offers the nearest one."""
    if not isinstance(raw, str) or raw not in parameters.tables("tissues"):
        raise wrong(f"there is no tissue or material {str(raw)[:40]!r}", nearest(str(raw)[:40], names()))
    return raw


def read_override(raw: object) -> dict[str, float]:
    """A table of tissue columns with units → floats."""
    if not isinstance(raw, Mapping):
        raise wrong("a table of tissue columns is needed", "for example override = { substrate_state = 0.7 }")
    for key in raw:
        if key not in COLUMNS:
            raise wrong("unknown tissue column", nearest(str(key), COLUMNS, "columns: "), str(key))
    if {"fibril_fraction", "fibril_diameter", "surface_per_volume"} <= set(raw):
        raise wrong("fibril_fraction, fibril_diameter and surface_per_volume follow from each other", "give at most two of them")
    found: dict[str, float] = {}
    for key, value in raw.items():
        try:
            found[str(key)] = COLUMNS[key].read(value)
        except ValueError as error:
            context = getattr(error, "context", None) or {}
            raise wrong(context.get("message", str(error)), context.get("hint", ""), str(key)) from None
    return found


def lookup(name: str, override: Mapping[str, float] | None = None) -> Tissue:
    """The tissue `name` with some columns replaced (floats in SI). KeyError when the library has no such name."""
    rows = parameters.tables("tissues")[name]
    return changed(Tissue(name, **_complete({key: row.value for key, row in rows.items()})), override or {})


def changed(tissue: Tissue, override: Mapping[str, float]) -> Tissue:
    """The tissue with these columns replaced; the collagen column that is not given follows from S_V = 4 f / d."""
    if not override:
        return tissue
    columns = {key: getattr(tissue, key) for key in COLUMNS}
    columns.update(override)
    collagen = ("fibril_fraction", "fibril_diameter", "surface_per_volume")
    if not set(collagen) <= set(override):
        columns.pop("fibril_fraction" if "surface_per_volume" in override and "fibril_fraction" not in override else
                    "fibril_diameter" if {"surface_per_volume", "fibril_fraction"} <= set(override) else "surface_per_volume")
    return Tissue(tissue.name, **_complete(columns))


def _complete(columns: dict[str, float]) -> dict[str, float]:
    """Fill in the third of fibril fraction f, diameter d and surface per volume S_V = 4 f / d; a written S_V wins over f."""
    fraction, diameter, surface = (columns.get(key) for key in ("fibril_fraction", "fibril_diameter", "surface_per_volume"))
    if surface is None:
        surface = 4.0 * float(fraction or 0.0) / float(diameter or math.nan)
    elif diameter is None:
        diameter = 4.0 * float(fraction or 0.0) / surface if surface > 0.0 else 1e-7
    else:
        fraction = surface * diameter / 4.0
    return {**columns, "fibril_fraction": float(fraction or 0.0), "fibril_diameter": float(diameter), "surface_per_volume": surface}

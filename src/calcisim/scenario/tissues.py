"""The tissue library: a name and overrides become one frozen Tissue of floats."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcisim import parameters
from calcisim.scenario.errors import nearest
from calcisim.scenario.fields import Quantity, wrong

if TYPE_CHECKING:
    from numpy import ndarray

    from calcisim.scenario.schema import Site

_SHARE = Quantity("number", "0", "1")
COLUMNS: dict[str, Quantity] = {
    "porosity": Quantity("number", "0.03", "1"),
    "hindrance": Quantity("number", "1e-4", "1"),
    "fibril_fraction": Quantity("number", "0", "0.95"),
    "fibril_diameter": Quantity("length", "5 nm", "10 um"),
    "surface_per_volume": Quantity("per_length", "0 1/m", "1e9 1/m"),
    "substrate_state": _SHARE,
    "exposed_fraction": _SHARE,
    "debris": Quantity("per_volume", "0 1/m3", "1e21 1/m3"),
    "perfusion": Quantity("rate", "0 1/s", "1 1/s"),
    "dry_mass": Quantity("density", "0 kg/m3", "1500 kg/m3"),
    "access_fetuin": _SHARE,
    "access_pyrophosphate": _SHARE,
    "access_citrate": _SHARE,
    "access_magnesium": _SHARE,
    "access_drug": _SHARE,
    "access_mgp": _SHARE,
    "collagen_2_share": _SHARE,
    "collagen_3_share": _SHARE,
    "elastin_surface": Quantity("per_length", "0 1/m", "1e9 1/m"),
    "elastin_state": _SHARE,
    "device_surface": Quantity("per_length", "0 1/m", "1e9 1/m"),
    "device_state": _SHARE,
    "intrafibrillar": _SHARE,
    "uptake_capacity": Quantity("mineral_rate", "0 mol/m3/year", "1e6 mol/m3/year"),
    "shear_rate": Quantity("rate", "0 1/s", "1e4 1/s"),
}


@dataclass(frozen=True)
class Tissue:
    """A tissue or an implant material; all floats in SI, shares between 0 and 1.

    porosity: open pore fraction without mineral; hindrance: D/D0 at that porosity; surface_per_volume: collagen surface [1/m];
    substrate_state s; exposed_fraction: share of the surface that counts; debris: nucleating sites [1/m3];
    perfusion: exchange with plasma per pore fluid [1/s]; dry_mass: non-mineral [kg/m3]; access_*: share of an inhibitor that reaches,
    of MGP: how much of the protection hangs on it.
    collagen_2_share, collagen_3_share: of the collagen surface, the rest is type I; elastin_surface, device_surface: area of elastic
    fibres and of a device [1/m], each with its state; intrafibrillar: share of the fibril volume that is open to mineral;
    uptake_capacity: most mineral calcium that cells take up [mol/(m3 s)]; shear_rate: of the fluid in its pores [1/s].
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
    access_mgp: float
    collagen_2_share: float
    collagen_3_share: float
    elastin_surface: float
    elastin_state: float
    device_surface: float
    device_state: float
    intrafibrillar: float
    uptake_capacity: float
    shear_rate: float


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
    return changed(Tissue(name, **_complete({key: row.value for key, row in rows.items()}, ())), override or {})


def changed(tissue: Tissue, override: Mapping[str, float]) -> Tissue:
    """The tissue with these columns replaced; the collagen column that is left free follows from S_V = 4 f / d."""
    columns = {key: getattr(tissue, key) for key in COLUMNS}
    return Tissue(tissue.name, **_complete({**columns, **override}, override)) if override else tissue


def _complete(columns: dict[str, float], written: Collection[str]) -> dict[str, float]:
    """Fibril fraction f, diameter d and surface per volume S_V = 4 f / d made consistent.

    The two that were written rule; when S_V was written alone, or is in a row of the library, f follows; else S_V follows.
    """
    fraction, diameter = columns.get("fibril_fraction", 0.0), columns["fibril_diameter"]
    surface = columns.get("surface_per_volume")
    if surface is None or ("surface_per_volume" not in written and {"fibril_fraction", "fibril_diameter"} & set(written)):
        surface = 4.0 * fraction / diameter
    elif "fibril_fraction" not in written:
        fraction = surface * diameter / 4.0
    elif surface > 0.0:
        diameter = 4.0 * fraction / surface
    return {**columns, "fibril_fraction": fraction, "fibril_diameter": diameter, "surface_per_volume": surface}


def paint(site: "Site") -> "tuple[ndarray, tuple[Tissue, ...]]":
    """Which tissue stands in which voxel: an integer array (z, y, x) into the tuple of tissues.

    Regions are painted in order over the background; one without a material keeps what is there and changes its columns only.
    """
    import numpy as np

    from calcisim.scenario.regions import mask

    kinds = [site.background()]
    index = np.zeros(site.grid.counts[::-1], dtype=np.int32)
    for region in site.region:
        inside = mask(region, *site.grid.centres())
        if region.material is not None:
            kinds.append(lookup(region.material, region.override))
            index[inside] = len(kinds) - 1
        elif region.override:
            for old in np.unique(index[inside]):
                kinds.append(changed(kinds[old], region.override))
                index[inside & (index == old)] = len(kinds) - 1
    return index, tuple(kinds)

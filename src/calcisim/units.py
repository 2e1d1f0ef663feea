"""Quantities at the door: "8.2 mg/dL" of phosphate becomes a float in mol/m3, and back.

Only the grammar below is read: one number, then a product of known unit names. Nothing is ever evaluated, so "9**9**9 m" is a
spelling mistake and not a calculation. Every factor is an exact fraction, so that "20 um" is the float nearest to 2e-5 and a
value written by `text` reads back as the same float.

Inside: m, s, kg, mol, K, and for partial pressures atm (the constants of the carbonate system are in atm).
1 mol/m3 = 1 mmol/L.
"""

import difflib
import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

LARGEST = 1e100  # beyond this a number is a slip of the keyboard
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_TERM = re.compile(r"(%|°C|[A-Za-zµμ]+)(?:\^?(-?[1-9]))?")
_MAX_TEXT = 100

Dimension = tuple[int, int, int, int, int, int, int]  # m, s, kg, mol, K, atm, Eq
_NONE: Dimension = (0, 0, 0, 0, 0, 0, 0)


class UnitError(ValueError):
    """A text that is not a quantity of the wanted kind; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Unit(NamedTuple):
    """factor to the inner unit, dimension, and an offset that only degC has."""

    factor: Fraction
    dimension: Dimension
    offset: Fraction = Fraction(0)


def _atom(factor: str, *, m: int = 0, s: int = 0, kg: int = 0, mol: int = 0, kelvin: int = 0, atm: int = 0, eq: int = 0) -> Unit:
    return Unit(Fraction(factor), (m, s, kg, mol, kelvin, atm, eq))


_PREFIX = {"k": "1e3", "": "1", "d": "1e-1", "c": "1e-2", "m": "1e-3", "u": "1e-6", "n": "1e-9", "p": "1e-12"}


def _family(name: str, prefixes: str, unit: Unit) -> dict[str, Unit]:
    """mg, ug … from g: the names with the listed prefixes ("-" is none)."""
    rows = (("" if p == "-" else p) for p in prefixes)
    return {p + name: Unit(unit.factor * Fraction(_PREFIX[p]), unit.dimension) for p in rows}


ATOMS: dict[str, Unit] = {
    "%": _atom("1/100"),
    **_family("m", "k-cmun", _atom("1", m=1)),
    **_family("s", "-m", _atom("1", s=1)),
    "min": _atom("60", s=1),
    "h": _atom("3600", s=1),
    **dict.fromkeys(("d", "day", "days"), _atom("86400", s=1)),
    **dict.fromkeys(("week", "weeks"), _atom("604800", s=1)),
    **dict.fromkeys(("month", "months"), _atom("2629800", s=1)),  # 30.4375 day
    **dict.fromkeys(("year", "years"), _atom("31557600", s=1)),  # 365.25 day
    **_family("g", "k-munp", _atom("1/1000", kg=1)),
    **_family("Da", "k-", _atom("1/1000", kg=1, mol=-1)),
    **_family("mol", "k-munp", _atom("1", mol=1)),
    **_family("M", "-mun", _atom("1000", m=-3, mol=1)),
    **_family("Eq", "-mu", _atom("1", eq=1)),
    **_family("L", "-dmun", _atom("1/1000", m=3)),
    **_family("J", "k-m", _atom("1", m=2, s=-2, kg=1)),
    "K": _atom("1", kelvin=1),
    "atm": _atom("1", atm=1),
    "mmHg": _atom("1/760", atm=1),
    "kPa": _atom("1000/101325", atm=1),
    "Pa": _atom("1/101325", atm=1),
}
_CELSIUS = Unit(Fraction(1), _atom("1", kelvin=1).dimension, Fraction("273.15"))

# kind of quantity: dimension and the units that `text` tries, in the order of preference; the last one has factor 1
KINDS: dict[str, tuple[Dimension, tuple[str, ...]]] = {
    "number": (_NONE, ("",)),
    "length": (_atom("1", m=1).dimension, ("mm", "um", "cm", "nm", "m")),
    "time": (_atom("1", s=1).dimension, ("day", "h", "min", "year", "s")),
    "temperature": (_CELSIUS.dimension, ("degC", "K")),
    "concentration": (_atom("1", m=-3, mol=1).dimension, ("mmol/L", "umol/L", "mol/m3")),
    "pressure": (_atom("1", atm=1).dimension, ("mmHg", "atm")),
    "rate": (_atom("1", s=-1).dimension, ("1/s",)),
    "velocity": (_atom("1", m=1, s=-1).dimension, ("m/s",)),
    "diffusivity": (_atom("1", m=2, s=-1).dimension, ("m2/s",)),
    "area": (_atom("1", m=2).dimension, ("m2",)),
    "per_length": (_atom("1", m=-1).dimension, ("1/m",)),
    "per_volume": (_atom("1", m=-3).dimension, ("1/m3",)),
    "density": (_atom("1", m=-3, kg=1).dimension, ("kg/m3",)),
    "mineral_rate": (_atom("1", m=-3, mol=1, s=-1).dimension, ("mol/m3/year", "mol/m3/s")),
    "amount": (_atom("1", mol=1).dimension, ("mmol", "umol", "mol")),
    "amount_rate": (_atom("1", mol=1, s=-1).dimension, ("mmol/day", "umol/day", "mol/s")),
    "clearance": (_atom("1", m=3, s=-1).dimension, ("mL/min", "L/h", "m3/s")),
    "volume": (_atom("1", m=3).dimension, ("mL", "L", "m3")),
    "mass_rate": (_atom("1", kg=1, s=-1).dimension, ("g/day", "ug/day", "kg/s")),
}

# molar mass in g/mol as laboratories report the analyte (phosphate as phosphorus), and charge for Eq
MOLAR_MASS = {
    "calcium": "40.078",
    "calcium_ionised": "40.078",
    "phosphate": "30.974",
    "magnesium": "24.305",
    "sodium": "22.990",
    "potassium": "39.098",
    "chloride": "35.453",
    "albumin": "66500",
    "fetuin": "49000",
    "citrate": "189.10",
    "pyrophosphate": "173.94",
    "etidronate": "206.03",
    "aluminium": "26.982",
    "thiosulfate": "248.18",  # as it is dosed: sodium thiosulfate pentahydrate
    "calcitriol": "416.64",
    "calcium_carbonate": "100.09",
    "hydroxyvitamin_d": "400.64",
    "pth": "9430",
}
CHARGE = {"calcium": 2, "calcium_ionised": 2, "magnesium": 2, "sodium": 1, "potassium": 1, "chloride": 1, "bicarbonate": 1}


@lru_cache(maxsize=4096)
def unit(name: str) -> Unit:
    """The unit with this spelling, e.g. "mol/m2/s", "1/day", "mg/dL", "degC". Raises UnitError for any other text."""
    name = name.strip()
    if name in ("degC", "°C"):
        return _CELSIUS
    if name in ("", "1"):
        return Unit(Fraction(1), _NONE)
    if len(name) > _MAX_TEXT:
        raise UnitError("the unit is too long to be one")
    parts = re.split(r"([/*·])", name)
    if parts[0] in ("", "1") and len(parts) > 1 and parts[1] == "/":
        parts = parts[2:]
        sign = -1
    else:
        sign = 1
    factor, dimension = _raised(parts[0], sign, name)
    for operator, term in zip(parts[1::2], parts[2::2], strict=True):
        extra, powers = _raised(term, -1 if operator == "/" else 1, name)
        factor *= extra
        dimension = tuple(a + b for a, b in zip(dimension, powers, strict=True))  # type: ignore[assignment]
    return Unit(factor, dimension)


def _raised(term: str, sign: int, whole: str) -> tuple[Fraction, Dimension]:
    """One name with its exponent: "m2" with sign -1 is 1/m2."""
    match = _TERM.fullmatch(term.strip())
    name = match[1].replace("µ", "u").replace("μ", "u") if match else term
    if match is None or name not in ATOMS:
        near = difflib.get_close_matches(name, [*ATOMS, "degC"], 1, 0.5)
        raise UnitError(f"{whole!r} is not a unit that is known here", f"did you mean {near[0]!r}?" if near else "")
    power = sign * int(match[2] or 1)
    base = ATOMS[name]
    return base.factor**power, tuple(power * d for d in base.dimension)  # type: ignore[return-value]


def split(text: str) -> tuple[str, str]:
    """("8.2", "mg/dL") of "8.2 mg/dL"; UnitError when the text is not a number followed by a unit."""
    if len(text) > _MAX_TEXT:
        raise UnitError("the text is too long for a number with a unit")
    stripped = text.strip()
    match = _NUMBER.match(stripped)
    if match is None:
        raise UnitError(f"{text!r} is not a number followed by a unit", 'write for example "2.4 mmol/L"; nan and inf are refused')
    return match[0], stripped[match.end() :].strip()


def _finite(number: str, value: Fraction) -> float:
    """The nearest float; overflow, absurd size and a non-zero number that would become zero are refused."""
    if abs(value) > Fraction(LARGEST):
        raise UnitError(f"{number} is too large to be meant")
    result = float(value)
    if value != 0 and abs(result) < 1 / LARGEST:
        raise UnitError(f"{number} is too small to be meant")
    return result


@lru_cache(maxsize=8192)
def parse_any(text: str) -> tuple[float, str, Dimension]:
    """Value in inner units, the unit as written ("1" when there is none) and the dimension. For parameter tables."""
    number, name = split(text)
    found = unit(name)
    value = _finite(number, Fraction(number) * found.factor + found.offset)
    return value, name or "1", found.dimension


def analyte_factor(name: str, analyte: str) -> Fraction | None:
    """Factor from the unit `name` to mol of the analyte, per the same volume or time, when that is in mass or equivalents, else None."""
    found = unit(name)
    if found.dimension in _IN_MASS:
        if analyte not in MOLAR_MASS:
            raise UnitError(f"{name!r} needs a molar mass, and there is none for {analyte!r}", "write it in mmol/L")
        return found.factor * 1000 / Fraction(MOLAR_MASS[analyte])
    if found.dimension == (-3, 0, 0, 0, 0, 0, 1):
        if analyte not in CHARGE:
            raise UnitError(f"{name!r} is not defined for {analyte!r}: its charge depends on pH", "write it in mmol/L")
        return found.factor / CHARGE[analyte]
    return None


_IN_MASS = ((-3, 0, 1, 0, 0, 0, 0), (0, -1, 1, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0, 0))  # per volume, per time, and as such
IN_MASS = {"concentration": "mg/dL", "amount_rate": "mg/day", "amount": "mg"}  # kinds that can be in mass


@lru_cache(maxsize=8192)
def parse(text: str, kind: str, analyte: str | None = None) -> float:
    """Value of a quantity of this kind in inner units.

    text: number and unit; kind: a key of KINDS; analyte: allows mass per volume and equivalents (a name of MOLAR_MASS).
    Raises UnitError, with a hint, for a missing or wrong unit and for a number that is not finite or absurdly large.
    """
    number, name = split(text)
    wanted, preferred = KINDS[kind]
    advice = "write it in " + ", ".join(repr(u) if u else "no unit" for u in preferred)
    advice += f" or {IN_MASS[kind]}" if kind in IN_MASS and analyte in MOLAR_MASS else ""
    if not name and kind != "number":
        raise UnitError(f"{text!r} has no unit", advice)
    try:
        found = unit(name)
    except UnitError as error:
        raise UnitError(str(error), error.hint or advice) from None
    if kind in IN_MASS and analyte:
        factor = analyte_factor(name, analyte)
        if factor is not None:
            return _finite(number, Fraction(number) * factor)
    if found.dimension != wanted:
        word = "a plain number" if kind == "number" else f"a {kind.replace('_', ' ')}"
        raise UnitError(f"{text!r} is not {word}", advice)
    return _finite(number, Fraction(number) * found.factor + found.offset)


def text(value: float, kind: str) -> str:
    """A text that `parse` turns into exactly this float, in the most readable unit of the kind."""
    best = ""
    for name in KINDS[kind][1]:
        found = unit(name)
        number = float((Fraction(value) - found.offset) / found.factor)
        for digits in (f"{number:.12g}", repr(number)):
            written = f"{digits} {name}".strip()
            if parse(written, kind) == value and (not best or len(written) < len(best) - 2):
                best = written
    return best

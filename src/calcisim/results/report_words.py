"""Numbers, times and masses as a reader of a report sees them."""

import math
import re
from typing import Any

from calcisim.results import style

ABSENT = "–"
STILL = "\u00a0"  # a space at which no line ends
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MASSES = ((1e3, 1e-3, "g"), (0.1, 1.0, "mg"), (1e-4, 1e3, "µg"), (1e-7, 1e6, "ng"), (0.0, 1e9, "pg"))


def number(value: Any, digits: int = 4) -> str:
    """A value with so many significant digits: 0.1741, 12 500, 1.365 × 10¹⁰; words as they are, and a dash for what is undefined."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ABSENT if value is None else str(value)
    if not math.isfinite(value):
        return ABSENT
    size = abs(value)
    if size == 0.0 or 1e-3 <= size < 1e6:
        return _plain(value, digits)
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    kept = mantissa.rstrip("0").rstrip(".")
    return f"{kept}{STILL}×{STILL}10{str(int(exponent)).translate(_RAISED)}".replace("-", "−")


def _plain(value: float, digits: int) -> str:
    text = f"{round(value)}" if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"
    if len(text.lstrip("-")) >= 5 and "." not in text:
        text = f"{int(text):,}".replace(",", "\u202f")
    return text.replace("-", "−")


def exact(value: Any) -> str:
    """The number as summary.json has it."""
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def percent(share: float) -> str:
    """A share of one in percent, two digits where it is small."""
    size = 100.0 * share
    return (f"{size:.0f}" if abs(size) >= 10.0 or size == 0.0 else f"{size:.2g}") + f"{STILL}%"


def mass(milligrams: float) -> str:
    """A mass in the unit that suits its size."""
    factor, unit = next((factor, unit) for low, factor, unit in _MASSES if abs(milligrams) >= low)
    return f"{number(milligrams * factor, 3)}{STILL}{unit}" if milligrams else f"0{STILL}mg"


def length(days: float) -> str:
    """How long something lasts: "84 days", "1096 days (3 years)", "10 hours"."""
    factor, unit = style.time_unit(days)
    shown = number(days * factor, 4)
    if days >= 730.0:
        return f"{shown} days ({number(days / 365.25, 2)} years)"
    return f"{shown} {unit[:-1] if shown == '1' else unit}"


def moment(days: float) -> str:
    """When something is: "day 12", "day 0.29"."""
    return f"day{STILL}{number(days, 3 if abs(days) < 1000 else 4)}"


def onset(days: float) -> str:
    """When mineral begins: "on day 0.29", "after 12 minutes", "within the first minute"."""
    if days >= 1.0 / 12.0:
        return f"on {moment(days)}"
    minutes = 1440.0 * days
    return "within the first minute" if minutes < 1.0 else f"after {number(minutes, 2)} minutes"


_PRETTY = (
    (re.compile(r"\bdegC\b"), "°C"),
    (re.compile(r"\bu(?=(?:mol|m|g|L|M)\b)"), "µ"),
    (re.compile(r"(?<=m)2\b"), "²"),
    (re.compile(r"(?<=m)3\b"), "³"),
)


_QUANTITY = re.compile(r"[-+]?[0-9.]+(e[-+]?[0-9]+)? \S+$")
_GRAMS = re.compile(r"([0-9.]+(?:e-?\d+)?) g(/.*)?")


def unit(written: str) -> str:
    """A unit as it is printed: umol/m3 is µmol/m³, and 1 is nothing."""
    return "" if written == "1" else _pretty(written)


def quantity(written: Any) -> str:
    """A value of a scenario as it is printed: "3 umol/L" is 3 µmol/L, "0.001 g/day" is 1 mg/day; whole numbers in full."""
    if isinstance(written, bool):
        return "true" if written else "false"
    if not isinstance(written, str):
        return number(written, 6) if isinstance(written, float) else str(written)
    if not _QUANTITY.match(written):  # a name or a sentence stays as it is
        return written
    small = _GRAMS.fullmatch(written)
    if small and 0.0 < float(small[1]) < 0.1:
        written = f"{mass(1e3 * float(small[1]))}{small[2] or ''}"
    return _pretty(written)


def _pretty(written: str) -> str:
    """Units with their signs: umol/m3 is µmol/m³."""
    for pattern, sign in _PRETTY:
        written = pattern.sub(sign, written)
    return written


def listed(words: list[str]) -> str:
    """a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""

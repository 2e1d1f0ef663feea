"""Units: what is read, what is refused, and that a written value reads back as the same float."""

import math
import random

import pytest

from calcisim import units

READ = [
    ("20 um", "length", None, 2e-5),
    ("0.4mm", "length", None, 4e-4),
    ("84 day", "time", None, 7257600.0),
    ("1 week", "time", None, 604800.0),
    ("1 month", "time", None, 30.4375 * 86400),
    ("10 year", "time", None, 10 * 365.25 * 86400),
    ("37 degC", "temperature", None, 310.15),
    ("310.15 K", "temperature", None, 310.15),
    ("40 mmHg", "pressure", None, 40 / 760),
    ("5.33 kPa", "pressure", None, 5330 / 101325),
    ("2.4 mmol/L", "concentration", "calcium", 2.4),
    ("10 mg/dL", "concentration", "calcium", 100 / 40.078),
    ("8.2 mg/dL", "concentration", "phosphate", 82 / 30.974),
    ("2.0 mg/dL", "concentration", "magnesium", 20 / 24.305),
    ("100 mg/L", "concentration", "calcium", 100 / 40.078),
    ("4 g/dL", "concentration", "albumin", 40 / 66.5),
    ("0.5 g/L", "concentration", "fetuin", 0.5 / 49),
    ("2 mEq/L", "concentration", "magnesium", 1.0),
    ("24 mEq/L", "concentration", "bicarbonate", 24.0),
    ("3 uM", "concentration", "pyrophosphate", 3e-3),
    ("0.5 µmol/L", "concentration", None, 5e-4),
    ("1.7e-4 1/s", "rate", None, 1.7e-4),
    ("2.6e-7 m/s", "velocity", None, 2.6e-7),
    ("10 %", "number", None, 0.1),
    ("7.4", "number", None, 7.4),
    ("-1 mm", "length", None, -1e-3),
    (".5 mm", "length", None, 5e-4),
]


@pytest.mark.parametrize(("text", "kind", "analyte", "expected"), READ)
def test_reads_to_the_nearest_float(text, kind, analyte, expected):
    assert units.parse(text, kind, analyte) == pytest.approx(expected, rel=4e-16)


REFUSED = [
    ("9**9**9 m", "length"), ("__import__('os') m", "length"), ("5", "length"), ("5 m m", "length"), ("nan m", "length"),
    ("inf m", "length"), ("-inf m", "length"), ("1e308 m", "length"), ("1e-300 m", "length"), ("1e99999 m", "length"),
    ("0x5 m", "length"), ("٣ m", "length"), ("5 mm/", "length"), ("", "length"), ("m", "length"), ("5 mm; 3 mm", "length"),
    ("5 mg/dL", "length"), ("5 s", "length"), ("5 mg/dL", "concentration"), ("1_000 mm", "length"), ("1,5 mm", "length"),
    ("1" * 60 + " mm", "length"), ("1 " + "m" * 200, "length"), ("5 mm", "number"), ("(5) mm", "length"), ("5 mm2", "length"),
    ("5 degC/day", "temperature"), ("3 mm\x00", "length"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), REFUSED)
def test_refuses_with_a_message(text, kind):
    with pytest.raises(units.UnitError) as caught:
        units.parse(text, kind)
    assert len(str(caught.value)) > 10


def test_hints_name_the_right_word():
    with pytest.raises(units.UnitError) as caught:
        units.parse("5 mmo/L", "concentration")
    assert "mmol" in caught.value.hint
    with pytest.raises(units.UnitError) as caught:
        units.parse("5", "concentration", "phosphate")
    assert "mg/dL" in caught.value.hint


def test_equivalents_of_phosphate_are_refused():
    with pytest.raises(units.UnitError, match="charge"):
        units.parse("2 mEq/L", "concentration", "phosphate")


@pytest.mark.parametrize("kind", sorted(units.KINDS))
def test_written_values_read_back_exactly(kind):
    random.seed(3)
    for _ in range(300):
        value = random.choice([0.1, 1 / 3, 2.4, 1.0]) * 10 ** random.uniform(-9, 9) if kind != "temperature" else random.uniform(250, 350)
        written = units.text(value, kind)
        assert units.parse(written, kind) == value
        assert math.isfinite(float(written.split()[0]))


def test_written_values_are_readable():
    assert units.text(310.15, "temperature") == "37 degC"
    assert units.text(2e-5, "length") == "0.02 mm"
    assert units.text(86400.0 * 84, "time") == "84 day"


def test_atoms_agree_with_pint():
    """pint is the independent judge of our table of units."""
    registry = pytest.importorskip("pint").UnitRegistry()
    base = registry.meter, registry.second, registry.kilogram, registry.mole, registry.kelvin, registry.atmosphere
    skipped = {"Eq", "mEq", "uEq", "%", "d", "Da", "kDa"}
    for name, atom in units.ATOMS.items():
        if name in skipped or name in ("months", "month", "week", "weeks", "year", "years", "M", "mM", "uM", "nM"):
            continue
        wanted = registry.Quantity(1.0, "")
        for unit, power in zip(base, atom.dimension[:6], strict=True):
            wanted = wanted * unit**power
        assert registry.Quantity(1.0, name).to(wanted.units).magnitude == pytest.approx(float(atom.factor), rel=1e-6), (
            name
        )  # a mmHg is a torr here


def test_pint_is_not_imported_by_the_package():
    import subprocess
    import sys

    code = "import sys, calcisim.scenario as s; s.load('healthy/dermis'); sys.exit('pint' in sys.modules or 'numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

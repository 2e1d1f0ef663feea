"""Laboratory values: every mistake in a file or table has one clear message at its place; what is right becomes curves in inner units."""

import os
import re
import time
import tomllib
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import PlainValidator, ValidationError

from calcisim import scenario, units
from calcisim.scenario import ScenarioError, labs, text
from calcisim.scenario.fields import Table


class Document(Table):
    """A table of a scenario that holds labs, as [plasma] does."""

    labs: Annotated[dict, PlainValidator(labs.checked)]
    interpolation: Annotated[dict, PlainValidator(labs.interpolation)] = {"default": "pchip"}


GOOD = """\
# one patient
time_d, Pi_mmol_L, Ca_total_mg_dL, PTH_pg_mL, pH

0,      1.10,      9.6,            45,        7.40
10.5,   ,          9.2,            60,
30,     1.9,       ,               1.2e2,
"""


@pytest.fixture
def write(tmp_path):
    def put(content):
        path = tmp_path / "labs.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def refusal(path):
    with pytest.raises(ScenarioError) as caught:
        labs.read_csv(path)
    assert len(caught.value.mistakes) == 1
    assert caught.value.file == str(path)
    return caught.value


def test_a_file_is_read_as_written(write):
    found = labs.read_csv(write(GOOD))
    assert found == {
        "Pi_mmol_L": {"time_d": (0.0, 30.0), "value": (1.1, 1.9)},
        "Ca_total_mg_dL": {"time_d": (0.0, 10.5), "value": (9.6, 9.2)},
        "PTH_pg_mL": {"time_d": (0.0, 10.5, 30.0), "value": (45.0, 60.0, 120.0)},
        "pH": {"time_d": (0.0,), "value": (7.4,)},
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda t: "\ufeff" + t,
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\r"),
        lambda t: t.rstrip("\n"),
        lambda t: t + "\n  \n,,,,\n   # end\n",
        lambda t: t.replace("1.10", '"1.10"').replace("time_d", '"time_d"'),
        lambda t: t.replace(" ", ""),
    ],
    ids=["byte order mark", "crlf", "cr", "no last newline", "blank lines", "quotes", "no spaces"],
)
def test_habits_of_spreadsheets_change_nothing(write, change):
    plain = labs.read_csv(write(GOOD))
    assert labs.read_csv(write(change(GOOD))) == plain


def test_the_time_column_may_stand_anywhere_and_start_late(write):
    assert labs.read_csv(write("Pi_mmol_L,time_d\n1,2\n1.5,4\n")) == {"Pi_mmol_L": {"time_d": (2.0, 4.0), "value": (1.0, 1.5)}}


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2024-02-28", "2024-03-01", "2025-02-28"], (0.0, 2.0, 366.0)),  # 2024 has a 29 February
        (["2024-03-01T06:00", "2024-03-01 18:00", "2024-03-02T06:00:00"], (0.0, 0.5, 1.0)),
        (["2024-03-31T00:00+01:00", "2024-03-31T23:00:00Z", "2024-04-01T02:00+02:00"], (0.0, 1.0, 1.0 + 1 / 24)),
    ],
)
def test_dates_count_from_the_first_row(write, cells, days):
    rows = "".join(f"{cell},{'' if at == 0 else at}\n" for at, cell in enumerate(cells))
    found = labs.read_csv(write("datetime,Pi_mmol_L\n" + rows))
    assert found["Pi_mmol_L"]["time_d"] == pytest.approx(days[1:], abs=1e-12)  # the first row counts although nothing was measured


# content: (key, message, hint, line); the texts are parts of what is said
HEAD = "time_d,Pi_mmol_L\n"
BAD = {
    "empty": ("", "", "the file is empty", "a header and at least one row", 0),
    "comments only": ("# nothing\n\n,,\n", "", "the file is empty", "", 0),
    "nul": (HEAD + "0,1\n1,\0\n", "", "NUL byte", "plain UTF-8", 3),
    "latin 1": (HEAD.encode() + "0,1µ\n".encode("latin-1"), "", "not UTF-8", "UTF-8", 2),
    "utf 16": ((HEAD + "0,1\n").encode("utf-16"), "", "NUL byte", "UTF-8", 1),
    "no rows": ("# c\n" + HEAD, "", "a header and no row", "one row for each time", 2),
    "no time": ("Pi_mmol_L,pH\n1,7.4\n", "", "time_d (days from the start) or datetime (ISO 8601) is needed", "", 1),
    "no time, misspelt": ("time,Pi_mmol_L\n0,1\n", "", "a column time_d", "did you mean 'time_d'?", 1),
    "no header": ("0,1\n1,2\n", "", "a column time_d", "", 1),
    "semicolons": ("time_d;Pi_mmol_L\n0;1,1\n", "", "a column time_d", "commas", 1),
    "two clocks": ("time_d,datetime,pH\n0,2024-01-01,7.4\n", "datetime", "both there", "keep one", 1),
    "only time": ("time_d\n0\n1\n", "", "no column of values", "Ca_total_mmol_L", 1),
    "unnamed": ("time_d,Pi_mmol_L,\n0,1,\n", "", "column 3 of the header has no name", "a comma too many", 1),
    "unknown": ("time_d,phosphat\n0,1\n", "phosphat", "there is no column 'phosphat'", "columns: 25OHD_ng_mL", 1),
    "misspelt": ("time_d,albumine_g_L\n0,40\n", "albumine_g_L", "there is no column 'albumine_g_L'", "did you mean 'albumin_g_L'?", 1),
    "case": ("time_d,ph\n0,7.4\n", "ph", "there is no column 'ph'", "did you mean 'pH'?", 1),
    "unit of calcium": ("time_d,Ca_total_mmol_dL\n0,1\n", "Ca_total_mmol_dL", "that is not read", "Ca_total_mmol_L or Ca_total_mg_dL", 1),
    "unit of phosphate": ("\n\ntime_d,Pi_g_L\n0,1\n", "Pi_g_L", "unit that is not read", "Pi is read as Pi_mmol_L or Pi_mg_dL", 3),
    "unit of the pH": ("time_d,pH_mmol_L\n0,7\n", "pH_mmol_L", "unit that is not read", "pH is read as pH", 1),
    "no unit": ("time_d,25OHD\n0,60\n", "25OHD", "needs its unit in the name", "25OHD_nmol_L or 25OHD_ng_mL", 1),
    "which calcium": ("time_d,Ca_mmol_L\n0,2.4\n", "Ca_mmol_L", "there is no column", "Ca_ion_mmol_L what is ionised", 1),
    "long name": ("time_d," + "x" * 5000 + "\n0,1\n", "x" * 80, "there is no column", "columns: ", 1),
    "twice": ("time_d,pH,pH\n0,7.4,7.4\n", "pH", "the column 'pH' is there twice", "keep one", 1),
    "time twice": ("time_d,time_d,pH\n0,0,7.4\n", "time_d", "there twice", "keep one", 1),
    "two units": ("time_d,Pi_mmol_L,Pi_mg_dL\n0,1,3\n", "Pi_mg_dL", "Pi_mmol_L and Pi_mg_dL are the same quantity", "keep one", 1),
    "eGFR by two names": ("time_d,eGFR,eGFR_mL_min\n0,60,60\n", "eGFR_mL_min", "the same quantity", "keep one", 1),
    "cells missing": ("time_d,Pi_mmol_L,pH\n0,1,7.4\n1,1\n", "", "2 cells where the header has 3", "keeps its comma", 3),
    "decimal comma": (HEAD + "0,1\n1,1,2\n", "", "3 cells where the header has 2", "decimal point", 3),
    "quoted decimal comma": (HEAD + '0,"1,2"\n', "Pi_mmol_L", "'1,2' is not a number", "write a decimal point", 2),
    "lost quote": (HEAD + '0,1\n1,"1.2\n2,1\n', "", "cannot be read as CSV", "quotation mark", 3),
    "blank time": (HEAD + "0,1\n,1.2\n", "time_d", "the time is missing", "", 3),
    "text as time": (HEAD + "day 0,1\n", "time_d", "'day 0' is not a number", "1.15", 2),
    "negative time": (HEAD + "-1,1\n0,1\n", "time_d", "the time -1 on line 2 is not within 0 to 73050 days", "counts from the start", 2),
    "distant time": (HEAD + "0,1\n1e6,1\n", "time_d", "the time 1e6 on line 3 is not within", "counts from the start", 3),
    "times fall": (HEAD + "0,1\n2,1\n\n1,1\n", "time_d", "the time 1 on line 5 does not come after the time 2 on line 3", "later", 5),
    "times equal": (HEAD + "0,1\n2,1\n2.0,1\n", "time_d", "the time 2.0 on line 4 does not come after the time 2 on line 3", "later", 4),
    "times too near": (HEAD + "0,1\n1e-9,1\n", "time_d", "the time 1e-9 on line 3 does not come after the time 0 on line 2", "", 3),
    "blanks between": (HEAD + "1,1\n0,\n2,1\n", "time_d", "the time 0 on line 3 does not come after", "", 3),
    "no date": ("datetime,pH\n2024-01-01,7.4\n1.2.2024,7.4\n", "datetime", "'1.2.2024' is not a date", "ISO 8601, for example", 3),
    "no such day": ("datetime,pH\n2023-02-29,7.4\n", "datetime", "'2023-02-29' is not a date", "", 2),
    "zones mixed": ("datetime,pH\n2024-01-01T00:00Z,7.4\n2024-01-02T00:00,7.4\n", "datetime", "some dates have a time zone", "in none", 3),
    "dates fall": ("datetime,pH\n2024-01-02,7.4\n2024-01-01,7.4\n", "datetime", "the time 2024-01-01 on line 3 ", "", 3),
    "dates far": ("datetime,pH\n1024-01-02,7.4\n2024-01-01,7.4\n", "datetime", "not within 0 to 73050 days (200 year)", "", 3),
    "only blanks": ("time_d,Pi_mmol_L,pH\n0,1,\n1,1,\n", "pH", "there is no value in this column", "leave the column out", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_has_one_message_at_its_place(name, write):
    content, key, message, hint, line = BAD[name]
    started = time.perf_counter()
    error = refusal(write(content))
    assert time.perf_counter() - started < 1.0
    assert (error.key, error.line) == (key, line)
    assert message in error.message
    assert hint in error.hint
    assert len(str(error)) < 1500


WORDS = "abc nan inf -inf NaN 1e999 1e9999 0x10 1_000 1.1mmol/L <1 1.1.1 50% ١ 1e - -- . true"


@pytest.mark.parametrize("cell", [*WORDS.split(), "2.4 mmol/L", "1" * 200, "=1+1", "' 1"])
@pytest.mark.parametrize("column", ["time_d", "Pi_mmol_L"])
def test_what_is_no_plain_number_is_refused(cell, column, write):
    row = f"{cell},1\n" if column == "time_d" else f"0,{cell}\n"
    error = refusal(write(HEAD + row))
    assert (error.key, error.line) == (column, 2)
    assert "is not a number" in error.message
    assert "what was not measured stays empty" in error.hint


def test_places_that_are_no_file_of_values(tmp_path, write):
    assert "this is a folder" in refusal(tmp_path).message
    assert "there is no such file" in refusal(tmp_path / "none.csv").message
    assert "there is no such file" in refusal(tmp_path / ("x" * 400)).message
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe").message
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "not a regular file" in refusal(tmp_path / "link").message
    full = HEAD + "".join(f"{at},1\n" for at in range(labs.MAX_ROWS))
    assert len(labs.read_csv(write(full))["Pi_mmol_L"]["value"]) == labs.MAX_ROWS
    error = refusal(write(full + f"{labs.MAX_ROWS},1\n"))
    assert (error.message, error.line) == ("there are more than 20000 rows", labs.MAX_ROWS + 2)
    assert "larger than 500 kB" in refusal(write(HEAD + "#" * 500_001)).message


RANGES = {  # by the table of the specification
    "Ca_total_mmol_L": (0.5, 6), "Ca_ion_mmol_L": (0.2, 4), "Pi_mmol_L": (0.2, 6), "Mg_mmol_L": (0.1, 5), "HCO3_mmol_L": (2, 60),
    "pH": (6.8, 7.8), "albumin_g_L": (5, 70), "PTH_pg_mL": (0, 20000), "calcitriol_pg_mL": (0, 2000), "25OHD_nmol_L": (1, 5000),
    "FGF23_pg_mL": (0, 1e6), "eGFR": (1, 200), "eGFR_mL_min": (1, 200), "HCO3_mEq_L": (2, 60), "albumin_g_dL": (0.5, 7),
}  # fmt: skip


@pytest.mark.parametrize("column", RANGES)
def test_values_that_no_blood_has(column, write):
    low, high = RANGES[column]
    assert labs.read_csv(write(f"time_d,{column}\n0,{low}\n1,{high}\n"))[column]["value"] == (low, high)
    for value in (low - 0.01, high * 1.01):
        error = refusal(write(f"time_d,{column}\n0,{low}\n1,{value}\n"))
        assert (error.key, error.line) == (column, 3)
        assert "is impossible in blood" in error.message
        assert repr(value) in error.message
        with pytest.raises(ValidationError, match="impossible in blood"):
            Document.model_validate({"labs": {column: {"time_d": (0, 1), "value": (low, value)}}})


@pytest.mark.parametrize(
    ("column", "value", "hint"),
    [
        ("Pi_mmol_L", 7.9, "was Pi_mg_dL meant?"),
        ("Pi_mg_dL", 0.5, "was Pi_mmol_L meant?"),
        ("Ca_total_mmol_L", 9.6, "was Ca_total_mg_dL meant?"),
        ("Ca_ion_mg_dL", 0.7, "was Ca_ion_mmol_L meant?"),
        ("albumin_g_L", 4.2, "was albumin_g_dL meant?"),
        ("albumin_g_dL", 42, "was albumin_g_L meant?"),
        ("PTH_pmol_L", 3000, "was PTH_pg_mL meant?"),
        ("calcitriol_pg_mL", 2500, "was calcitriol_pmol_L meant?"),
        ("25OHD_ng_mL", 2500, "was 25OHD_nmol_L meant?"),
        ("Pi_mmol_L", 4000, ""),
        ("pH", 8, ""),
        ("eGFR", 300, ""),
    ],
)
def test_the_unit_that_was_meant(column, value, hint, write):
    assert refusal(write(f"time_d,{column}\n0,{value}\n")).hint == hint


def problem(table, **more):
    """Key, message and hint of the only error of a table in a scenario."""
    with pytest.raises(ValidationError) as caught:
        Document.model_validate({"labs": table, **more})
    (row,) = caught.value.errors()
    context = row["ctx"]
    return context["key"], context["message"], context["hint"]


RIGHT = {"time_d": (0, 1), "value": (1, 1)}
INLINE = {
    "not a table": ([1], "", "a table of laboratory values is needed", "Pi_mmol_L = "),
    "nothing": ({}, "", "a table of laboratory values is needed", ""),
    "unknown column": ({"Pi_mml_L": RIGHT}, "Pi_mml_L", "", ""),
    "a time as column": ({"time_d": (0, 1)}, "time_d", "there is no column 'time_d'", ""),
    "two units": ({"Pi_mmol_L": RIGHT, "Pi_mg_dL": RIGHT}, "Pi_mg_dL", "the same quantity", "keep one"),
    "a list": ({"Pi_mmol_L": (1, 2)}, "Pi_mmol_L", "(1, 2) is not a table", "time_d = "),
    "unknown key": ({"Pi_mmol_L": {**RIGHT, "values": 1}}, "Pi_mmol_L.values", "unknown key", "did you mean 'value'?"),
    "no times": ({"Pi_mmol_L": {"value": (1,)}}, "Pi_mmol_L.time_d", "is missing", ""),
    "no values": ({"Pi_mmol_L": {"time_d": (1,)}}, "Pi_mmol_L.value", "is missing", ""),
    "a number": ({"Pi_mmol_L": {"time_d": (1,), "value": 1.0}}, "Pi_mmol_L.value", "1.0 is not a list of numbers", ""),
    "a text": ({"Pi_mmol_L": {"time_d": "01", "value": (1, 2)}}, "Pi_mmol_L.time_d", "'01' is not a list of numbers", ""),
    "empty": ({"Pi_mmol_L": {"time_d": (), "value": ()}}, "Pi_mmol_L.time_d", "the list is empty", ""),
    "many": ({"Pi_mmol_L": {"time_d": tuple(range(20_001)), "value": (1,)}}, "Pi_mmol_L.time_d", "more than 20000 numbers", ""),
    "lengths": ({"Pi_mmol_L": {"time_d": (0, 1), "value": (1,)}}, "Pi_mmol_L", "2 times and 1 values", "one value for each time"),
    "falling": ({"pH": {"time_d": (2, 1), "value": (7, 7)}}, "pH.time_d.1", "time 2 (1.0 d) does not come after time 1 (2", ""),
    "negative": ({"Pi_mmol_L": {"time_d": (-1, 1), "value": (1, 1)}}, "Pi_mmol_L.time_d.0", "time 1 (-1.0 d) is not within 0 to", ""),
    "impossible": ({"Pi_mmol_L": {"time_d": (0, 1), "value": (1, 7)}}, "Pi_mmol_L.value.1", "7.0 mmol/L is impos", "was Pi_mg_dL meant?"),
}  # fmt: skip


@pytest.mark.parametrize("name", INLINE)
def test_a_bad_table_has_one_message_at_its_place(name):
    table, key, message, hint = INLINE[name]
    found = problem(table)
    assert found[0] == key
    assert message in found[1]
    assert hint in found[2]


@pytest.mark.parametrize("value", [True, None, "1", float("nan"), float("inf"), 10**400, 1e200, (1,)], ids=repr)
@pytest.mark.parametrize("part", ["time_d", "value"])
def test_what_is_no_number_in_a_table(value, part):
    key, message, _ = problem({"pH": {"time_d": (0, 1), "value": (7.4, 7.4), part: (7.4, value)}})
    assert key == f"pH.{part}.1"
    assert "is not a number that can be used" in message


def test_lists_and_tuples_are_the_same():
    assert labs.checked({"pH": {"time_d": [0, 1], "value": [7, 7.5]}}) == {"pH": {"time_d": (0.0, 1.0), "value": (7.0, 7.5)}}


def test_round_trip_through_a_scenario(write):
    """File → table → TOML → table → curves: no float changes."""
    read = labs.read_csv(write(GOOD))
    first = Document(labs=read, interpolation={"Pi_mmol_L": "step"})
    written = "\n".join(text._table(text.document(first), ()))
    again = Document.model_validate(tomllib.loads(written))
    assert first.labs == read
    assert again == first
    curves = labs.series(again.labs, again.interpolation)
    assert {name: one.method for name, one in curves.items()} == {"phosphate": "step", "calcium": "pchip", "pth": "pchip", "ph": "pchip"}
    assert curves["phosphate"].values.tolist() == [1.1, 1.9]
    assert curves["phosphate"].times.tolist() == [0.0, 30 * 86400.0]
    assert curves["calcium"].values.tolist() == [units.parse(f"{v} mg/dL", "concentration", "calcium") for v in ("9.6", "9.2")]
    assert curves["ph"].at(1e9) == 7.4


PAIRS = [  # the same sample in two units, from the molar masses of the specification
    ("Ca_total", "calcium", "mmol_L", 2.4, "mg_dL", 2.4 * 4.0078, 2.4),
    ("Ca_ion", "calcium_ionised", "mmol_L", 1.2, "mg_dL", 1.2 * 4.0078, 1.2),
    ("Pi", "phosphate", "mmol_L", 1.1, "mg_dL", 1.1 * 3.0974, 1.1),
    ("Mg", "magnesium", "mmol_L", 0.8, "mg_dL", 0.8 * 2.4305, 0.8),
    ("HCO3", "bicarbonate", "mmol_L", 24, "mEq_L", 24, 24),
    ("albumin", "albumin", "g_L", 42, "g_dL", 4.2, 42 / 66.5),
    ("PTH", "pth", "pg_mL", 37.72, "pmol_L", 4.0, 4e-9),
    ("calcitriol", "calcitriol", "pg_mL", 41.664, "pmol_L", 100, 1e-7),
    ("25OHD", "hydroxyvitamin_d", "nmol_L", 60, "ng_mL", 24.0384, 6e-5),
    ("FGF23", "fgf23", "pg_mL", 40, "pg_mL", 40, 4e-8),
]


@pytest.mark.parametrize("row", PAIRS, ids=lambda row: row[0])
def test_both_units_mean_the_same(row):
    stem, name, one, value, other, same, inside = row
    for unit, number in ((one, value), (other, same)):
        table = labs.checked({f"{stem}_{unit}": {"time_d": [0], "value": [number]}})
        found = labs.series(table, labs.interpolation("linear"))
        assert list(found) == [name]
        assert found[name].values[0] == pytest.approx(inside, rel=1e-12)


def test_filtration_has_two_names():
    for column in ("eGFR", "eGFR_mL_min"):
        found = labs.series(labs.checked({column: {"time_d": [0], "value": [60]}}), labs.interpolation("step"))
        assert found["glomerular_filtration"].values.tolist() == [units.parse("60 mL/min", "clearance")]


def test_every_quantity_is_known_inside():
    assert {one.quantity for one in labs.COLUMNS.values()} == {
        "calcium", "calcium_ionised", "phosphate", "magnesium", "bicarbonate", "ph", "albumin", "pth", "calcitriol", "hydroxyvitamin_d",
        "fgf23", "glomerular_filtration",
    }  # fmt: skip


def test_interpolation_of_all_and_of_some():
    assert labs.interpolation("step") == {"default": "step"}
    assert labs.interpolation({"pH": "linear"}) == {"default": "pchip", "pH": "linear"}
    chosen = labs.interpolation({"default": "linear", "Pi_mg_dL": "step"})
    assert labs.interpolation(chosen) == chosen
    assert labs.method(chosen, "Pi_mg_dL") == "step"
    assert labs.method(chosen, "Pi_mmol_L") == "step"  # it is the same quantity
    assert labs.method(chosen, "pH") == "linear"
    assert labs.method({}, "pH") == "pchip"  # nothing was written


@pytest.mark.parametrize(
    ("raw", "key", "message", "hint"),
    [
        ("pchp", "", "there is no interpolation 'pchp'", "did you mean 'pchip'?"),
        ("cubic", "", "there is no interpolation 'cubic'", "one of: linear, pchip, step"),
        (1, "", "there is no interpolation 1", "one of"),
        (["step"], "", "there is no interpolation ['step']", "did you mean 'step'?"),
        ({"pH": "stp"}, "pH", "there is no interpolation 'stp'", "did you mean 'step'?"),
        ({"pH": True}, "pH", "there is no interpolation True", "one of"),
        ({"default": "x"}, "default", "there is no interpolation 'x'", "one of"),
        ({"Pi_mmol": "step"}, "Pi_mmol", "unit that is not read", "Pi_mmol_L or Pi_mg_dL"),
        ({"albumine_g_L": "step"}, "albumine_g_L", "there is no column", "did you mean 'albumin_g_L'?"),
        ({"Pi_mmol_L": "step", "Pi_mg_dL": "step"}, "Pi_mg_dL", "the same quantity", "keep one"),
    ],
)
def test_a_bad_interpolation(raw, key, message, hint):
    found = problem({"pH": {"time_d": (0,), "value": (7.4,)}}, interpolation=raw)
    assert found[0] == key
    assert message in found[1]
    assert hint in found[2]


def test_curves_hold_their_ends():
    for method in labs.METHODS:
        one = labs.Series(np.array([10.0, 20.0, 40.0]), np.array([1.0, 3.0, 2.0]), method)
        assert one.at(np.array([-5.0, 0.0, 10.0, 20.0, 40.0, 99.0])).tolist() == [1.0, 1.0, 1.0, 3.0, 2.0, 2.0]
        assert float(one.at(10)) == 1.0


def test_curves_between_values():
    times, values = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])
    assert labs.Series(times, values, "linear").at(0.25) == 0.25
    assert labs.Series(times, values, "step").at(np.array([0.999, 1.0])).tolist() == [0.0, 1.0]
    # by hand: no slope at the plateau and 3/2 at the end, so h(1/2) = 1/2 + (3/2) / 8
    assert labs.Series(times, values, "pchip").at(0.5) == pytest.approx(0.6875)
    for method in ("pchip", "linear"):
        assert labs.Series(times[:1], values[1:2], method).at(np.array([0.0, 7.0])).tolist() == [1.0, 1.0]
        assert labs.Series(times[:2], values[:2], method).at(0.25) == 0.25


@st.composite
def tables(draw):
    gaps = draw(st.lists(st.floats(2e-6, 3e3), min_size=1, max_size=12))
    values = draw(st.lists(st.floats(0.0, 2e4), min_size=len(gaps), max_size=len(gaps)))
    return {"PTH_pg_mL": {"time_d": np.cumsum(gaps).tolist(), "value": values}}


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(table=tables(), where=st.lists(st.floats(-1e9, 1e10), min_size=1, max_size=20))
def test_curves_stay_among_their_values(table, where):
    checked = labs.checked(table)
    for method in labs.METHODS:
        one = labs.series(checked, labs.interpolation(method))["pth"]
        inside = one.times[0] + (one.times[-1] - one.times[0]) * np.linspace(0.0, 1.0, 101)
        for times in (np.array(where), inside):
            found = one.at(times)
            left = np.clip(np.searchsorted(one.times, times, side="right") - 1, 0, len(one.times) - 1)
            right = np.minimum(left + 1, len(one.times) - 1)
            pair = np.stack([one.values[left], one.values[right]])
            slack = 1e-12 * one.values.max()
            assert one.values.min() <= found.min() <= found.max() <= one.values.max()
            beyond = times < one.times[0]
            assert np.all((found >= pair.min(0) - slack) | beyond)  # no overshoot between two neighbours
            assert np.all((found <= pair.max(0) + slack) | beyond)
            assert np.all(found[beyond] == one.values[0])
            if method == "step":
                assert np.all(found == one.values[left])
        assert one.at(one.times) == pytest.approx(one.values, rel=1e-12, abs=slack)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.lists(st.sampled_from(["time_d", "datetime", "Pi_mg_dL", "pH", "0", "1", "7.4", "", "#", '"', "2024-01-01", "x", "1e9"])))
)
def test_any_text_is_read_or_refused(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    try:
        found = labs.read_csv(path)
    except ScenarioError as error:
        assert error.message  # noqa: PT017 - both outcomes are right
    else:
        assert labs.checked(found) == found


def test_the_page_for_users_names_every_column_and_no_other():
    page = (Path(__file__).resolve().parents[2] / "docs" / "labs.md").read_text(encoding="utf-8")
    rows = "".join(line for line in page.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([^`]+)`", rows)) == set(labs.COLUMNS)


def test_the_example_loads_and_has_its_table():
    loaded = scenario.load(Path(__file__).resolve().parents[2] / "examples" / "patient.toml")
    assert len(loaded.plasma.labs["Pi_mmol_L"]["time_d"]) == 6

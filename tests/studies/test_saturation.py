"""The saturation table from CSV to CSV: the reference table through the file, and every way a file can be wrong."""

import csv
import os
from pathlib import Path

import pytest

from calcisim.errors import StorageError, UsageError
from calcisim.studies import saturation as module
from calcisim.studies.saturation import saturation

ORACLE = Path(__file__).parents[1] / "data" / "oracle.csv"
HEADER = "name,T_C,pH_in,alk_in_meq,log_pCO2_in,tot_Ca_mM,tot_Na_mM,tot_Cl_mM,tot_P_mM,tot_C_mM"
GOOD = "plasma,37,7.4,,,1.45,140,103,1.0,25"


def run(tmp_path, text, **options):
    """(rows of the output, problems) of a table given as text."""
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    problems = saturation(source, target, **options)
    return list(csv.DictReader(target.open(encoding="utf-8"))), problems


def test_the_reference_table_through_the_file(tmp_path):
    target = tmp_path / "out.csv"
    assert saturation(ORACLE, target) == []
    references = list(csv.DictReader(ORACLE.open(encoding="utf-8")))
    rows = list(csv.DictReader(target.open(encoding="utf-8")))
    assert len(rows) == len(references) == 191
    for row, reference in zip(rows, references, strict=True):
        assert row["name"] == reference["name"]
        for column in module.header()[1:]:
            wanted = float(reference[column])
            if column.startswith("m_") or column == "I":
                assert (row[column] == "") == (wanted < 1e-60), (row["name"], column)
                assert row[column] == "" or float(row[column]) == pytest.approx(wanted, rel=1e-9)
            else:
                assert (row[column] == "") == (wanted < -50.0), (row["name"], column)
                assert row[column] == "" or float(row[column]) == pytest.approx(wanted, abs=1e-9)
    assert set(rows[0]) == {c for c in references[0] if c in {"name", "I", "pH_out"} or c.startswith(("m_", "la_", "SI_"))}


def test_our_own_slope_when_the_column_is_blank(tmp_path):
    rows, problems = run(tmp_path, f"{HEADER},A_DH\n{GOOD},\n{GOOD},0.521143642164885\n")
    assert problems == []
    assert rows[0]["SI_HAP"] != rows[1]["SI_HAP"]
    assert float(rows[0]["SI_HAP"]) == pytest.approx(float(rows[1]["SI_HAP"]), abs=1e-7)


def test_alkalinity_with_pco2_and_other_columns_ignored(tmp_path):
    rows, problems = run(tmp_path, f"comment,{HEADER}\nhello,a,,,26.5,-1.28,1.45,140,103,1.0,\n")
    assert problems == []
    assert float(rows[0]["pH_out"]) == pytest.approx(7.44, abs=0.02)
    assert float(rows[0]["SI_CO2(g)"]) == pytest.approx(-1.28, abs=1e-9)
    assert rows[0]["m_Mg+2"] == rows[0]["la_MgHPO4"] == rows[0]["SI_Newberyite"] == ""


def test_a_byte_order_mark_spaces_and_blank_lines_are_read(tmp_path):
    rows, problems = run(tmp_path, b"\xef\xbb\xbf" + f"{HEADER}\r\n\r\n {GOOD} \r\n\r\n".encode())
    assert problems == []
    assert rows[0]["name"] == "plasma"
    assert float(rows[0]["SI_HAP"]) > 5.0


@pytest.mark.parametrize(
    ("bad", "column", "reason"),
    [
        ("x,37,7.4,,,nan,140,103,1,25", "tot_Ca_mM", "not a finite"),
        ("x,37,7.4,,,inf,140,103,1,25", "tot_Ca_mM", "not a finite"),
        ("x,37,7.4,,,1e400,140,103,1,25", "tot_Ca_mM", "outside"),
        ("x,37,7.4,,,-1,140,103,1,25", "tot_Ca_mM", "outside"),
        ("x,37,7.4,,,1_000,140,103,1,25", "tot_Ca_mM", "not a finite"),
        ("x,37,7.4,,,high,140,103,1,25", "tot_Ca_mM", "'high'"),
        ("x,37,,,,1,140,103,1,25", "pH_in", "neither a pH"),
        ("x,37,,25,,1,140,103,1,25", "log_pCO2_in", "needed together"),
        ("x,37,,,-1.3,1,140,103,1,25", "alk_in_meq", "needed together"),
        ("x,19,7.4,,,1,140,103,1,25", "T_C", "20 to 42"),
        ("x,43,7.4,,,1,140,103,1,25", "T_C", "20 to 42"),
        ("x,37,15,,,1,140,103,1,25", "pH_in", "0 to 14"),
        ("x,37,7.4,,,1,140,103,1", "all", "9 cells where the header has 10"),
        ("x,37,7.4,,,1,140,103,1,25,7", "all", "11 cells"),
    ],
)
def test_a_bad_row_is_named_and_the_others_computed(tmp_path, bad, column, reason):
    rows, problems = run(tmp_path, f"{HEADER}\n{GOOD}\n{bad}\n{GOOD}\n")
    assert len(problems) == 1
    assert (problems[0].row, problems[0].line, problems[0].column) == (2, 3, column)
    assert reason in problems[0].reason
    assert str(problems[0]).startswith(f"row 2 (line 3), column {column}: ")
    assert rows[1]["name"] == "x"
    assert all(value == "" for key, value in rows[1].items() if key != "name")
    assert rows[0] == rows[2]
    assert float(rows[0]["SI_HAP"]) > 5.0


def test_all_problems_of_a_row_are_named(tmp_path):
    _, problems = run(tmp_path, f"{HEADER}\nx,5,7.4,,,abc,140,-3,1,25\n")
    assert [problem.column for problem in problems] == ["T_C", "tot_Ca_mM", "tot_Cl_mM"]


def test_a_solution_that_does_not_converge_is_a_bad_row(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PASSES", 1)
    rows, problems = run(tmp_path, f"{HEADER}\n{GOOD}\n")
    assert "does not converge" in problems[0].reason
    assert rows[0]["SI_HAP"] == ""


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        (f"{HEADER}\n", "no row"),
        (f"{HEADER},tot_Ca_mM\n{GOOD},3\n", "tot_Ca_mM occurs more than once"),
        ("name,T_C,tot_Ca_mM\na,37,1\n", "pH_in"),
        ("name,T_C,pH_in\na,37,7\n", "no column of totals"),
        (b"\xff\xfe\x00name", "UTF-8"),
        (f'{HEADER}\n"open,37,7.4\n', "CSV"),
    ],
)
def test_an_unusable_file_is_refused_and_nothing_written(tmp_path, text, match):
    with pytest.raises(UsageError, match=match):
        run(tmp_path, text)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        saturation(tmp_path / "none.csv", tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_output_is_kept_unless_forced(tmp_path):
    (tmp_path / "out.csv").write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        run(tmp_path, f"{HEADER}\n{GOOD}\n")
    assert (tmp_path / "out.csv").read_text() == "precious"
    rows, _ = run(tmp_path, f"{HEADER}\n{GOOD}\n", force=True)
    assert len(rows) == 1


def test_the_input_is_never_replaced_and_places_are_checked(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(f"{HEADER}\n{GOOD}\n")
    with pytest.raises(UsageError, match="replace the input"):
        saturation(source, source, force=True)
    with pytest.raises(UsageError, match="directory"):
        saturation(source, tmp_path, force=True)
    with pytest.raises(UsageError, match="no such directory"):
        saturation(source, tmp_path / "nowhere" / "out.csv")
    assert source.read_text() == f"{HEADER}\n{GOOD}\n"


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        run(tmp_path, f"{HEADER}\n{GOOD}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_pipe_or_a_device_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for source in (tmp_path / "pipe.csv", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(UsageError, match="not a regular file"):
            saturation(source, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_huge_table_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_BYTES", 1_000_000)
    with pytest.raises(UsageError, match="larger than 1 MB"):
        run(tmp_path, f"{HEADER}\n" + f"{GOOD}\n" * 40_000)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_column_that_looks_like_a_total_and_is_none_is_told(tmp_path):
    with pytest.warns(module.UnreadColumn, match=r"tot_Mgg_mM is not read; did you mean tot_Mg_mM\?"):
        rows, problems = run(tmp_path, f"{HEADER},tot_Mgg_mM,comment\n{GOOD},1,x\n")
    assert problems == []
    assert rows[0]["m_Mg+2"] == ""

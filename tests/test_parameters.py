"""Parameters: every number has unit, source and quality, and lies in its range."""

import pytest

from calcisim import parameters, sources


def rows():
    return [(f"{group}.{name}", row) for group, table in parameters.all_tables().items() for name, row in table.items()]


@pytest.mark.parametrize(("path", "row"), rows(), ids=[path for path, _ in rows()])
def test_row_is_complete(path, row):
    assert row.quality in parameters.QUALITIES
    assert row.sources
    assert not sources.missing(row.sources), f"{path}: not in references.bib"
    assert row.unit
    if row.range is not None:
        assert row.range[0] <= row.value <= row.range[1]


def test_an_assumed_or_fitted_number_has_a_range_or_a_reason():
    bare = [path for path, row in rows() if row.quality != "measured" and row.range is None and not row.note and row.value != 0.0]
    assert bare == []


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"value": "1 m", "quality": "assumed"}, "missing source"),
        ({"value": "1 m", "source": "levy1983"}, "missing quality"),
        ({"source": "levy1983", "quality": "assumed"}, "missing value"),
        ({"value": "1 m", "source": "levy1983", "quality": "guessed"}, "quality is one of"),
        ({"value": "1 m", "source": " ", "quality": "assumed"}, "names a key"),
        ({"value": "1 wurst", "source": "levy1983", "quality": "assumed"}, "not a unit"),
        ({"value": "1 m", "range": ["2 m", "3 m"], "source": "levy1983", "quality": "assumed"}, "outside its range"),
        ({"value": "1 m", "range": ["0 s", "3 s"], "source": "levy1983", "quality": "assumed"}, "units differ"),
        ({"value": True, "source": "levy1983", "quality": "assumed"}, "a number or a text"),
        ({"value": "1 m", "source": "levy1983", "quality": "assumed", "colour": "red"}, "unknown colour"),
    ],
)
def test_incomplete_rows_are_refused(raw, message):
    with pytest.raises(parameters.ParameterError, match=message):
        parameters.read_table({"thing": raw}, "file")


def test_like_copies_rows_and_marks_them():
    row = {"value": "1 m", "source": "levy1983", "quality": "assumed"}
    tables = parameters.read_tables({"a": {"x": row, "y": row}, "b": {"like": "a", "y": {**row, "value": "2 m"}}}, "file")
    assert (tables["b"]["x"].value, tables["b"]["y"].value) == (1.0, 2.0)
    assert tables["b"]["x"].inherited
    assert not tables["b"]["y"].inherited
    with pytest.raises(parameters.ParameterError, match="names no table"):
        parameters.read_tables({"b": {"like": "nowhere"}}, "file")


def test_values_the_model_is_built_on():
    assert parameters.find("nucleation.prefactor").value == 3e13
    assert parameters.find("minerals.HAP.terminal_radius").value == 2.5e-7
    alpha = parameters.find("nucleation.interfacial_energy_base").value + parameters.find("nucleation.interfacial_energy_slope").value
    assert alpha == pytest.approx(0.161)
    with pytest.raises(KeyError):
        parameters.find("nucleation.nothing")


def test_inhibitors_reach_half_coverage_far_below_health():
    """Losing a fifth of one inhibitor must hardly matter."""
    for name, table in parameters.tables("inhibitors").items():
        healthy = table["healthy_concentration"].value
        if healthy > 0.0:
            assert table["half_coverage"].value <= 0.1 * healthy * (1 + 1e-12), name


def test_drug_weight_is_the_sum_of_the_healthy_ones():
    tables = parameters.tables("inhibitors")
    healthy = sum(t["nucleation_weight"].value for t in tables.values() if t["healthy_concentration"].value > 0.0)
    assert tables["etidronate"]["nucleation_weight"].value == healthy

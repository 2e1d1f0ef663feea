"""Measured points are read strictly: units are converted or refused, and every refusal names its row."""

import pytest

from calcisim.errors import UsageError
from calcisim.studies import fit_data

HEAD = "observable,time_d,value,sd"


@pytest.fixture
def read(tmp_path):
    def reader(text):
        path = tmp_path / "data.csv"
        path.write_text(text)
        return fit_data.read_points(path)

    return reader


@pytest.mark.parametrize(
    ("observable", "unit", "factor"),
    [
        ("calcium_ug_per_mg_dry", "", 1.0),
        ("calcium_ug_per_mg_dry", "ug/mg", 1.0),
        ("calcium_ug_per_mg_dry", "µg/mg", 1.0),
        ("calcium_ug_per_mg_dry", "mg/g", 1.0),
        ("calcium_ug_per_mg_dry", "%", 10.0),
        ("calcium_ug_per_mg_dry", "nmol/mg", 0.040078),
        ("deposit_calcium_mg_per_cm3", "mg/mL", 1.0),
        ("deposit_calcium_mg_per_cm3", "mmol/L", 0.040078),
        ("deposit_phosphorus_mg", "umol", 0.030974),
        ("primary_radius_um", "nm", 1e-3),
        ("onset_day", "week", 7.0),
        ("calcium_total_mmol_per_l", "mg/dL", 10.0 / 40.078),
    ],
)
def test_units_are_converted_with_value_and_sd(read, observable, unit, factor):
    (point,) = read(f"{HEAD},unit\n{observable},3,12,2,{unit}\n")
    assert (point.value, point.sd) == pytest.approx((12.0 * factor, 2.0 * factor), rel=1e-9)


@pytest.mark.parametrize("unit", ["mm", "mg", "1/s", "ug per mg", "mol/kg2", "degC", "moon"])
def test_a_unit_of_another_kind_is_refused_with_row_found_and_wanted(read, unit):
    with pytest.raises(UsageError, match=r"row 3: calcium_ug_per_mg_dry is in µg/mg, not in ") as caught:
        read(f"{HEAD},unit\ncalcium_ug_per_mg_dry,3,12,2,ug/mg\ncalcium_ug_per_mg_dry,3,12,2,{unit}\n")
    assert repr(unit) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_amount_needs_an_analyte(read):
    with pytest.raises(UsageError, match="molar mass"):
        read(f"{HEAD},unit\ndry_mass_mg,3,12,2,mmol\n")


def test_the_spread_of_a_mean_becomes_that_of_measurements(read):
    rows = [f"calcium_ug_per_mg_dry,3,12,2,{kind},{n}" for kind, n in (("SEM", 9), ("se", 16), ("SD", 9), ("", ""))]
    points = read("\n".join([f"{HEAD},sd_type,n", *rows]))
    assert [point.sd for point in points] == [6.0, 8.0, 2.0, 2.0]


def test_comments_blank_lines_spaces_and_places(read):
    text = f'# made by hand\n{HEAD}, site,lab,series,note\n\ncalcium_ug_per_mg_dry, 3 ,12,, cusp ,Levy,plasma.phosphate=2 mmol/L,"a, b"\n'
    (point,) = read(text)
    assert (point.site, point.lab, point.series, point.row) == ("cusp", "Levy", "plasma.phosphate=2 mmol/L", 4)
    assert point.sd == pytest.approx(1.2)
    assert point.assumed


ROW = "calcium_ug_per_mg_dry,3,12,2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n# nothing\n", "file is empty"),
        (f"{HEAD}\n", "a header and no row"),
        (f"{HEAD},sd\n{ROW},1\n", "column sd is there twice"),
        (f"{HEAD},units\n{ROW},ug/mg\n", r"no column 'units' here; did you mean 'unit'"),
        (f"{HEAD}\n{ROW},7\n", "row 2: 5 cells for 4 columns"),
        (f"{HEAD}\ncalcium_ug_per_mg_dry,3,,2\n", "row 2, column value: '' is not a number"),
        (f"{HEAD}\ncalcium_ug_per_mg_dry,3,inf,2\n", "row 2, column value: 'inf'"),
        (f"{HEAD}\ncalcium_ug_per_mg_dry,-1,3,2\n", "row 2: .*time_d not below it"),
        (f"{HEAD}\ncalcium_ug_per_mg_dry,3,0,\n", "row 2: .*a tenth of the value is nothing"),
        (
            f"{HEAD}\ncalcium_ug_per_mg_dri,3,1,1\n",
            "row 2: there is no output 'calcium_ug_per_mg_dri'; did you mean 'calcium_ug_per_mg_dry'",
        ),
        (f"{HEAD}\nlimiting_step,3,1,1\n", "row 2: limiting_step is a word"),
        (f"{HEAD},sd_type,n\n{ROW},SEM,\n", "row 2: SEM is the spread of a mean; give its n"),
        (f"{HEAD},sd_type,n\n{ROW},range,4\n", "row 2, column sd_type: 'range'"),
        (f"{HEAD},sd_type,n\n{ROW},SEM,2.5\n", "row 2, column n: '2.5'"),
        (f'{HEAD},note\n{ROW},"lost\n', "row 2 cannot be read as CSV"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(read, text, words):
    with pytest.raises(UsageError, match=words) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="not a regular file"):
        fit_data.read_points(tmp_path / "nothing.csv")

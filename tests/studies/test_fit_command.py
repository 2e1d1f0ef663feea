"""`calcisim fit` as a user meets it: report, scenario, figure, and one line for what cannot be used."""

import hashlib
import json

import pytest
from fakes import command_line
from studies import closed_form

from calcisim import scenario as scenarios
from calcisim.results import fit_figure, style
from calcisim.studies import fit, fit_command, fit_curves, fit_series

CUSP, PERICARDIUM = "dystrophic/subdermal-cusp", "dystrophic/subdermal-pericardium"
HEAD = "observable,time_d,value,sd,lab,series\n"
STATE = "tissue.cusp-fixed.substrate_state+tissue.pericardium-fixed.substrate_state"
TRUE = {"plasma.phosphate": 2.0, STATE: 0.5}


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Run a command in this process, with a formula in the place of simulations; exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fit_series, "existing", closed_form.existing)

    return lambda *words: command_line(capsys, monkeypatch, *words)


@pytest.fixture
def data(tmp_path):
    """Three laboratories, two scenarios, truth times 0.9, 1 and 1.15."""
    rows = []
    for lab, factor, series in (("Boston", 0.9, ""), ("Cleveland", 1.0, PERICARDIUM), ("Oslo", 1.15, "")):
        site = "pericardium" if series else "cusp"
        sets = ("plasma.phosphate=2 mmol/L", f"site.{site}.region.implant.override.substrate_state=0.5")
        for day in (2, 7, 21, 60):
            (value,) = closed_form.existing(series or CUSP, sets, [fit.Point("calcium_ug_per_mg_dry", day * fit.DAY, 0.0, 1.0)])
            rows.append(f"calcium_ug_per_mg_dry,{day},{factor * value:.6g},{0.05 * value:.4g},{lab},{series}")
    path = tmp_path / "measured.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return path


def test_a_fit_with_laboratories_and_series_writes_scenario_and_figure(command, data, tmp_path):
    words = ("fit", CUSP, data, "--free", ",".join(TRUE), "--hierarchy", "lab", "--set", "duration=70 day", "--out", "fitted.toml")
    code, out, _ = command(*words, "--json")
    document = json.loads(out)
    assert code == 0
    for row in document["parameters"]:
        assert row["low"] < TRUE[row["path"]] < row["high"]
    assert [round(row["factor"], 1) for row in document["laboratories"]] == [0.9, 1.0, 1.1]
    text = (tmp_path / "fitted.toml").read_text()
    sha = hashlib.sha256(data.read_bytes()).hexdigest()
    assert all(
        words in text
        for words in (f"measured.csv, sha256 {sha}", "# Objective", "# Fitted by calcisim ", "#   Boston: 0.", "# 95 % intervals")
    )
    loaded = scenarios.load("fitted.toml")
    assert loaded.duration == 70.0 * fit.DAY
    assert loaded.plasma.phosphate == document["parameters"][0]["value"]
    assert loaded.site[0].region[0].override["substrate_state"] == document["parameters"][1]["value"]
    assert command("check", "fitted.toml")[0] == 0
    assert (tmp_path / "fitted.png").read_bytes().startswith(b"\x89PNG")
    assert "fitted.toml is there already" in command(*words)[2] or "fitted.png is there already" in command(*words)[2]
    report = command("fit", CUSP, data, "--free", ",".join(TRUE), "--hierarchy", "lab")[1]
    assert "Boston: 0.8" in report
    assert "factors spread by 0.099" in report


def test_a_value_of_another_series_is_said_and_not_set(command, data, tmp_path):
    code, _, _ = command(
        "fit", CUSP, data, "--free", "plasma.phosphate,tissue.pericardium-fixed.substrate_state", "--out", "f.toml", "--json"
    )
    assert code == 0
    assert "Belongs to another series and is not set here: tissue.pericardium-fixed.substrate_state" in (tmp_path / "f.toml").read_text()
    assert "substrate_state" not in scenarios.load("f.toml").site[0].region[0].override


def test_one_laboratory_is_said(command, data):
    text = data.read_text().replace("Cleveland", "Boston").replace("Oslo", "Boston")
    data.write_text(text)
    report = command("fit", CUSP, data, "--free", "plasma.phosphate", "--hierarchy", "lab")[1]
    assert "all points are of one laboratory (Boston)" in report


def test_a_model_that_cannot_meet_the_points_is_said(command, tmp_path):
    path = tmp_path / "wild.csv"
    path.write_text(
        "observable,time_d,value,sd\n" + "".join(f"calcium_ug_per_mg_dry,{day},{value},1\n" for day, value in ((2, 90), (7, 20), (30, 200)))
    )
    report = command("fit", CUSP, path, "--free", "plasma.phosphate")[1]
    assert "does not meet these points within their sd" in report


def test_samples_stand_beside_the_profile(command, data):
    pytest.importorskip("emcee")
    words = ("fit", CUSP, data, "--free", "plasma.phosphate", "--hierarchy", "lab", "--samples", "160")
    first, again = (json.loads(command(*words, "--seed", "5", "--json")[1]) for _ in range(2))
    (row,) = first["parameters"]
    assert row["sampled_low"] < row["sampled_median"] < row["sampled_high"]
    assert row == again["parameters"][0]
    assert "160 samples" in command(*words, "-q")[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--spread", "0.2"), "give --hierarchy lab"),
        (("--hierarchy", "rat"), "only lab is known"),
        (("--hierarchy", "lab", "--spread", "0"), "--spread 0: must be above 0"),
        (("--samples", "-1"), "--samples -1"),
        (("--figure", "fit.jpg"), "figures can be .png, .pdf, .svg"),
        (("--out", "fitted"), "give such a name"),
        (("--free", "tissue.cusp-fixed.debri"), "did you mean"),
    ],
)
def test_options_that_cannot_be_used_are_refused_in_one_line(command, data, words, message):
    free = () if "--free" in words else ("--free", "plasma.phosphate")
    code, out, err = command("fit", CUSP, data, *free, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lab,series", "labo,series", "no column 'labo' here; did you mean 'lab'"),
        ("Oslo", "", "row 10, 11, 12, 13 names none"),
        (",60,", ",600,", "after day 84"),
        ("sd,lab", "unit,lab", "is in µg/mg, not in "),
    ],
)
def test_data_that_cannot_be_used_are_refused_in_one_line(command, data, old, new, message):
    data.write_text(data.read_text().replace(old, new))
    code, _, err = command("fit", CUSP, data, "--free", "plasma.phosphate", "--hierarchy", "lab")
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_what_could_not_be_written_is_refused_before_the_fit(command, tmp_path, monkeypatch):
    path = tmp_path / "d.csv"
    path.write_text("observable,time_d,value,sd\ndeposit_calcium_mg,2,1,1\n")
    monkeypatch.setattr(fit, "fit", lambda *given, **options: pytest.fail("it was fitted"))
    code, _, err = command("fit", "metastatic/joint-exposed", path, "--free", "event.0.fraction", "--out", "f.toml")
    assert code == 2
    assert "give this region or event a name" in err


def test_the_figure_has_curves_band_points_and_residuals(command, data, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(style, "save", lambda figure, path, formats: drawn.append(figure) or [path])
    done = fit.fit(CUSP, tuple(TRUE), fit_command.fit_data.read_points(data), spread=0.2)
    document = fit_curves.curves(done)
    for row in document["curves"]:
        assert all(low <= best <= high for low, best, high in zip(row["low"], row["best"], row["high"], strict=True))
        assert row["high"][-1] > row["low"][-1]
    fit_figure.draw(document, tmp_path / "f.png")
    (figure,) = drawn
    values, residuals = figure.axes
    assert values.get_ylabel() == "Calcium (µg per mg dry tissue)"
    assert residuals.get_ylabel().startswith("Measured − fitted (sd)")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b"]
    assert all(axes.get_xlabel() == "Time (days)" for axes in figure.axes)
    (legend,) = figure.legends
    assert {"Boston", "Cleveland", "Oslo", "95 % band", "subdermal-cusp"} <= {text.get_text() for text in legend.get_texts()}
    assert len(values.collections) >= 2


def test_an_open_direction_has_no_band(command):
    """Phosphate and the state cannot both be told from one early day: no band is drawn where it would be without end."""
    data = [fit.Point("calcium_ug_per_mg_dry", 0.01 * fit.DAY, 0.1, 0.05), fit.Point("calcium_ug_per_mg_dry", 0.011 * fit.DAY, 0.11, 0.05)]
    done = fit.fit(CUSP, ("plasma.phosphate", "tissue.cusp-fixed.substrate_state"), data, profiles=False)
    assert all(row["low"] is None for row in fit_curves.curves(done)["curves"])

"""The report of a run: whole, equal to its files, safe to open, the same bytes each time, and honest about what is not finished."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from fakes import command_line
from interrupted import stopping
from reporting import TRICKY, Page, run

from calcisim import scenario
from calcisim.errors import StorageError, UsageError
from calcisim.results import observables, report, report_asked, report_citations, report_figures, report_frames, report_series
from calcisim.results.report_words import length, mass, number, onset, quantity, unit
from calcisim.results.store import Results
from calcisim.studies import compare, comparison
from calcisim.studies import plasma as plasma_study
from calcisim.studies import report as study

SECTIONS = ["verdict", "asked", "results", "figures", "maps", "curves", "clumps", "plasma", "treatments", "books"]
SHARED = ["parameters", "literature", "limits", "provenance"]
MOST_BYTES = 10_000_000


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Finished runs, each short: an implant with measured points, a joint with a bad title and a drug, a body alone."""
    base = tmp_path_factory.mktemp("runs")
    run(base / "cusp", "dystrophic/subdermal-cusp")
    drug = 'treatment+={kind="colchicine", dose="1 mg/day", start="1 day"}'
    run(base / "joint", "metastatic/ckd-constant", f"title={json.dumps(TRICKY)}", "plasma.phosphate=2.4 mmol/L", drug)
    plasma_study.start(plasma_study.Request("healthy/plasma", days=60.0, out=base / "body"), lambda text: None)
    return base


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *words: command_line(capsys, monkeypatch, *words)


def _page(tmp_path, *places):
    path = study.write(list(places), tmp_path / "report.html", force=True)["report"]
    return path.read_text(encoding="utf-8")


def _spaced(text):
    """Texts of `Page` have ordinary spaces."""
    return text.replace("\u00a0", " ")


def _data(text):
    found = re.search(r'<script type="application/json" id="report-data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def test_every_section_is_there_in_order_with_the_notice_at_both_ends(places, tmp_path):
    page = Page(_page(tmp_path, places / "cusp"))
    ids = [name for name in page.ids() if name in (*SECTIONS, *SHARED)]
    assert ids == [*SECTIONS, *SHARED]
    notices = [text for _, text in page.all("p", class_="notice")]
    assert notices == [report.NOTICE] * 2
    tags = [tag for tag, _ in page.elements]
    assert tags.count("h1") == 1
    assert all(tag in tags for tag in ("header", "nav", "main", "footer"))
    assert all(attributes.get("alt") for attributes, _ in page.all("img"))
    links = {attributes["href"][1:] for attributes, _ in page.all("a") if attributes["href"].startswith("#")}
    assert links <= set(page.ids())


def test_its_numbers_are_those_of_the_summary(places, tmp_path):
    for name in ("cusp", "body"):
        text = _page(tmp_path, places / name)
        page, summary = Page(text), json.loads((places / name / "summary.json").read_text())
        assert [key for key in observables.REGISTRY if key in summary]
        for key in (key for key in observables.REGISTRY if key in summary):
            cells = [attributes["value"] for attributes, _ in page.all("data", data_name=key)]
            if summary[key] is None:
                assert all(cell == "" for cell in cells)
                assert cells or page.all("code", data_undefined=key)
            else:
                assert cells, key
                assert all(type(summary[key])(cell) == summary[key] for cell in cells), key


def test_the_verdict_says_the_key_numbers_in_words(places, tmp_path):
    page, summary = Page(_page(tmp_path, places / "cusp")), json.loads((places / "cusp" / "summary.json").read_text())
    (lead,) = [text for _, text in page.all("p", class_="lead")]
    assert "3 days" in lead
    assert _spaced(mass(summary["deposit_calcium_mg"])) in lead
    assert f"{number(summary['calcium_ug_per_mg_dry'], 3)} µg per mg" in lead
    assert _spaced(onset(summary["onset_day"])) in lead
    assert "“dystrophic”" in lead
    (measured,) = [text for _, text in page.all("div", aria_label="Measured values")]
    assert "40.8 ± 4.8" in measured
    assert "used in calibration" in measured


def test_nothing_is_loaded_and_nothing_of_the_user_is_run(places, tmp_path):
    text = _page(tmp_path, places / "joint", places / "cusp")
    page = Page(text)
    allowed = re.compile(r"#|data:(image/png;base64,|,$)|https://doi\.org/10\.")
    assert [one for one in page.references() if not allowed.match(one)] == []
    assert {tag for tag, attributes in page.elements if attributes.get("href", "").startswith("https:")} == {"a"}
    assert "@import" not in text
    assert not re.search(r"url\(|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|\bimport\(", text.partition("report-data")[0])
    assert [attributes for attributes, _ in page.all("script")] == [{"type": "application/json", "id": "report-data"}, {}]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    policy = next(attributes["content"] for attributes, _ in page.all("meta") if "content-security-policy" in str(attributes).lower())
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy


def test_what_a_scenario_says_is_escaped(places, tmp_path):
    text = _page(tmp_path, places / "joint")
    page = Page(text)
    ((_, title),) = page.all("h1")
    assert title == TRICKY
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_the_same_run_gives_the_same_bytes_in_every_process(places, tmp_path):
    first = study.write([places / "joint"], tmp_path / "a.html")["report"].read_bytes()
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    words = [sys.executable, "-m", "calcisim.cli", "report", str(places / "joint"), "--out", str(tmp_path / "b.html")]
    subprocess.run(words, check=True, env=environment, capture_output=True)
    assert (tmp_path / "b.html").read_bytes() == first


def test_changes_treatments_and_sources_are_told(places, tmp_path):
    text = _page(tmp_path, places / "joint")
    page = Page(text)
    ((_, changes),) = page.all("div", aria_label="Changes")
    assert "plasma.phosphate2.6 mmol/L2.4 mmol/L" in changes
    assert "treatment.1.kindnot therecolchicine" in changes
    ((_, drug),) = page.all("article", class_="treatment")
    assert "day 1" in drug
    assert "1 mg/day" in drug
    assert "inflammasome × 0.448" in drug
    assert "C cases" in drug
    assert "#ref-taborn1978" in [attributes["href"] for attributes, _ in page.all("a")]
    assert "ref-taborn1978" in page.ids()
    ((_, bibtex),) = page.all("pre", id="bibtex-text")
    assert "@article{taborn1978," in bibtex
    marks = [one["label"] for one in _data(text)["charts"]["run-1"]["marks"]]
    assert marks == ["colchicine begins"]


def test_parameters_carry_unit_range_source_and_quality(places, tmp_path):
    page = Page(_page(tmp_path, places / "cusp"))
    rows = [attributes for attributes, _ in page.all("tr") if "data-quality" in attributes]
    assert len(rows) > 100
    assert {one["data-quality"] for one in rows} == {"measured", "fitted", "assumed"}
    ((_, table),) = page.all("table", id="parameter-table")
    assert "nucleation.prefactor A" in table
    assert "habraken2013" in table


def test_a_body_alone_has_its_plasma_and_no_maps(places, tmp_path):
    text = _page(tmp_path, places / "body")
    page = Page(text)
    assert {"plasma", "curves", "books"} <= set(page.ids())
    assert "maps" not in page.ids()
    assert "All of its values that have a reference range lie within it." in text
    quantities = {one["name"]: one for one in _data(text)["charts"]["run-1"]["quantities"]}
    assert quantities["calcium_total_mmol_per_l"]["range"] == [2.15, 2.55]


def test_several_runs_are_set_beside_each_other_first(places, tmp_path):
    text = _page(tmp_path, places / "cusp", places / "joint")
    page = Page(text)
    ids = [name for name in page.ids() if name in ("together", "run-1", "run-2", *SHARED)]
    assert ids == ["together", "run-1", "run-2", *SHARED]
    curves = next(one for one in _data(text)["charts"]["together"]["quantities"] if one["name"] == "deposit_calcium_mg")
    assert [line["label"] for line in curves["lines"]] == ["cusp", "joint"]
    assert len(page.ids()) == len(set(page.ids()))
    assert report.distinct(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]
    with pytest.raises(UsageError, match="1 to 12"):
        study.write([places / "cusp"] * 13, tmp_path / "many.html")


@pytest.mark.slow
def test_a_comparison_of_arms_is_accepted(places, tmp_path):
    words = ("untreated", 'colchicine=treatment+={kind="colchicine", dose="1 mg/day"}')
    asked = comparison.study("dystrophic/burn", words, 1, quick=True)
    place = tmp_path / "arms"
    summary = compare.compare(asked, place, workers=1).summary
    text = _page(tmp_path, place, places / "cusp")
    page = Page(text)
    assert [name for name in page.ids() if name in ("study-1", "run-1")] == ["study-1", "run-1"]
    outcome = summary["arms"]["colchicine"]["outcomes"]
    ((_, table),) = page.all("div", aria_label="Outcomes by arm")
    assert number(outcome["deposit_calcium_mg"]["mean"], 3) in table
    assert number(100 * outcome["change_from_reference"]["mean"], 3) in table
    curves = next(one for one in _data(text)["charts"]["study-1"]["quantities"] if one["name"] == "deposit_calcium_mg")
    assert [line["label"] for line in curves["lines"]] == ["untreated", "colchicine"]
    assert "ref-taborn1978" in page.ids()
    assert "<h1>Comparison of arms: dystrophic/burn</h1>" in _page(tmp_path, place)


def test_an_unfinished_run_says_so_first_and_how_to_go_on(tmp_path, capsys, monkeypatch):
    place = run(tmp_path / "half way", "metastatic/ckd-constant", quick=True, engine=stopping(after=9))
    assert not (place / "summary.json").exists()
    code, _, said = command_line(capsys, monkeypatch, "report", place)
    assert code == 0
    assert "not finished" in said
    page = Page((place / "report.html").read_text(encoding="utf-8"))
    ((_, warning),) = page.all("div", role="alert")
    assert "This run is not finished." in warning
    assert "asked to go to day 14; its last output is that of day 0" in warning
    assert f"calcisim resume '{place}'" in warning
    assert {"results", "curves", "provenance"} <= set(page.ids())
    assert not (place / "figures").exists()


@pytest.mark.parametrize("lost", [("summary.json",), ("summary.json", "timeseries.csv", "results.nc", "figures")])
def test_what_is_left_of_a_run_is_told(places, tmp_path, lost):
    place = shutil.copytree(places / "cusp", tmp_path / "left")
    for name in lost:
        shutil.rmtree(place / name) if name == "figures" else (place / name).unlink()
    page = Page(_page(tmp_path, place))
    ((_, warning),) = page.all("div", role="alert")
    assert f"asked to go to day 3; its last output is that of day {3 if len(lost) == 1 else 0}" in warning
    assert ("maps" in page.ids()) == (len(lost) == 1)


def test_a_damaged_run_is_an_error_and_not_a_page(places, tmp_path):
    place = shutil.copytree(places / "cusp", tmp_path / "damaged")
    (place / "results.nc").write_bytes(b"nothing")
    with pytest.raises(StorageError, match=r"results\.nc"):
        study.write([place])
    assert not (place / "report.html").exists()


def test_the_command_refuses_what_it_cannot_do(command, places, tmp_path):
    place = shutil.copytree(places / "cusp", tmp_path / "run")
    assert command("report", place)[:2] == (0, f"{place / 'report.html'}\n")
    before = (place / "report.html").read_bytes()
    code, _, said = command("report", place)
    assert code == 2
    assert "--force" in said
    (place / "report.html").write_text("mine")
    code, out, _ = command("report", place, "--force", "--json")
    assert code == 0
    assert json.loads(out)["runs"] == [{"directory": str(place), "finished": True}]
    assert (place / "report.html").read_bytes() == before
    for words in (("report", tmp_path / "nowhere"), ("report", tmp_path), ("report", place, "--out", tmp_path)):
        code, _, said = command(*words)
        assert code == 2
        assert said.startswith("error: ")
        assert len(said.splitlines()) == 1
    assert command("report", place, places / "body")[1] == "report.html\n"
    assert (tmp_path / "report.html").exists()


def test_every_shipped_scenario_can_be_told():
    """Treatments with levers, events and changes, for all of them."""
    levers = {}
    for name in scenario.names():
        loaded = scenario.load(name)
        assert report_asked.changes(loaded, {"scenario": name, "days": loaded.duration / 86400.0, "seed": loaded.seed}) == {
            "known": True,
            "rows": [],
        }
        assert len(report_asked.events(loaded, loaded.duration)) == len(loaded.event)
        for one in report_asked.treatments(loaded, loaded.duration):
            levers[one["kind"]] = one["levers"]
            assert one["evidence"]
            assert one["told"]
    assert any("sodium-thiosulfate" in word for word in levers["sodium thiosulfate"])
    assert len(levers) >= 8


def test_a_run_that_was_cut_short_says_what_it_never_saw():
    loaded = scenario.load("metastatic/ckd-constant", ['treatment+={kind="colchicine", dose="1 mg/day", start="200 day"}'])
    found = report_asked.changes(loaded, {"scenario": "metastatic/ckd-constant", "days": 100.0, "seed": 7})
    rows = {row["key"]: (row["shipped"], row["here"]) for row in found["rows"]}
    assert rows["duration"] == ("365 days", "100 days")
    assert rows["seed"] == ("1", "7")
    late = [one for one in report_asked.events(loaded, 100 * 86400.0) if "after the end" in one["when"]]
    assert [one["kind"] for one in late] == ["excise"]
    (drug,) = report_asked.treatments(loaded, 100 * 86400.0)
    assert drug["levers"] == []
    assert "after the end" in drug["begins"]


def _stored(path, shape, frames):
    """A results.nc with a ball of mineral that grows, and a hole of nothing."""
    coordinates = {"block": {axis: (np.arange(n) + 0.5) * 1e-3 for axis, n in zip("zyx", shape)}}
    places = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    away = np.sqrt(sum((place - n // 2) ** 2 for place, n in zip(places, shape)))

    def fields(day):
        values = np.maximum(0.0, 1.0 + day - away)
        values[0, 0, 0] = np.nan
        return {"block": {"mineral_calcium": (values, "mol m-3", "calcium in mineral")}}

    with Results.create(path, {}, coordinates, fields(0)) as results:
        for day in range(frames):
            results.write_frame(day, day * 86400.0, fields(day))
    return fields


@pytest.mark.parametrize(("shape", "panels"), [((1, 6, 8), 1), ((5, 6, 8), 3)])
def test_frames_are_the_stored_maps_to_one_part_in_254(tmp_path, shape, panels):
    fields = _stored(tmp_path / "results.nc", shape, 5)
    found = report_frames.read(tmp_path / "results.nc")
    (site,) = found["sites"]
    assert found["times"] == [0, 1, 2, 3, 4]
    assert len(site["panels"]) == panels
    panel = site["panels"][0]
    assert (panel["columns"], panel["rows"], panel["width"], panel["height"]) == (8, 6, 8.0, 6.0)
    packed = np.frombuffer(base64.b64decode(panel["data"]), dtype=np.uint8).reshape(5, 6, 8)
    for day in range(5):
        truth = fields(day)["block"]["mineral_calcium"][0][shape[0] // 2] * 40.078e-3
        assert site["tops"][day] == pytest.approx(np.nanmax(truth), rel=1e-4)
        seen = np.isfinite(truth)
        assert np.abs(packed[day][seen] / 254 * site["tops"][day] - truth[seen]).max() <= 0.51 / 254 * site["tops"][day]
        assert (packed[day][~seen] == report_frames.MISSING).all()


def test_a_large_run_is_thinned_to_a_small_page(tmp_path):
    _stored(tmp_path / "results.nc", (40, 160, 160), 70)
    found = report_frames.read(tmp_path / "results.nc")
    assert 2 <= len(found["times"]) <= report_frames.MOST_FRAMES
    assert found["times"][-1] == 69
    assert sum(len(panel["data"]) for panel in found["sites"][0]["panels"]) < 2_100_000
    days = np.arange(20_000.0)
    wide = {"time_d": days, **{f"{site}.deposit_calcium_mg": np.sin(days) for site in "abcdef"}, "deposit_calcium_mg": days}
    chart = report_series.chart([("run", wide)])
    assert len(chart["times"][0]) == report_series.MOST_TIMES
    assert chart["times"][0][-1] == 19_999
    assert len(json.dumps(chart)) < 60_000


def test_pages_stay_small(places, tmp_path):
    for name in ("cusp", "joint", "body"):
        assert len(_page(tmp_path, places / name).encode()) < MOST_BYTES // 5


def test_unknown_pictures_are_shown_and_large_ones_made_smaller(places, tmp_path, monkeypatch):
    place = shutil.copytree(places / "cusp", tmp_path / "more")
    shutil.copy(place / "figures" / "phases.png", place / "figures" / "ageing_of-crystals.png")
    found = report_figures.embedded(place)
    assert "Ageing of crystals." in [one["caption"] for one in found]
    assert found[0]["name"] == "deposition"
    monkeypatch.setattr(report_figures, "MOST_BYTES", 1000)
    smaller = report_figures.embedded(place)
    width = int.from_bytes(base64.b64decode(smaller[0]["uri"].partition(",")[2])[16:20], "big")
    assert width <= report_figures.WIDEST < found[0]["width"]
    assert report_figures.embedded(place) == smaller


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0.0, "0"), (1.666190, "1.666"), (-0.5, "−0.5"), (12345.6, "12\u202f346"), (123456, "123\u202f456"), (1234, "1234"),
        (1.365e10, "1.365\u00a0×\u00a010¹⁰"), (-4.7e-5, "−4.7\u00a0×\u00a010⁻⁵"), (float("nan"), "–"), ("supply", "supply"), (0.99999, "1"),
    ],
)  # fmt: skip
def test_numbers_are_readable(value, text):
    assert number(value) == text


def test_times_masses_and_units_are_readable():
    assert (length(84.0), length(1.0), length(0.5), length(1095.75)) == ("84 days", "24 hours", "12 hours", "1096 days (3 years)")
    assert [_spaced(mass(one)) for one in (1.666, 0.0159, 2.5e-7, 0.0)] == ["1.67 mg", "15.9 µg", "0.25 ng", "0 mg"]
    assert (_spaced(onset(0.29)), onset(1e-8), onset(0.01)) == ("on day 0.29", "within the first minute", "after 14 minutes")
    assert (unit("umol/m3"), unit("37 degC"), unit("1"), unit("10 um")) == ("µmol/m³", "37 °C", "", "10 µm")
    assert [_spaced(quantity(one)) for one in ("0.001 g/day", 1, True, 0.85, 123456789)] == ["1 mg/day", "1", "true", "0.85", "123456789"]


def test_citations_are_formatted_without_marks_of_latex():
    assert report_citations.plain(r"Jofr{\'e}, 46 \% {CaHPO4} 1--2 +- 3") == "Jofré, 46 % CaHPO4 1–2 ± 3"
    assert report_citations.plain(r"Gr\"{u}n, {\v{C}}ap, Fran\c{c}ois, Kj{\ae}r") == "Grün, Čap, François, Kjær"
    (one,) = report_citations.formatted(["levy1983"])
    assert one.authors.startswith("Levy R. J., Schoen F. J.")
    assert (one.year, one.place, one.doi) == ("1983", "American Journal of Pathology 113(2), 143–155", "")
    from calcisim import sources

    every = report_citations.formatted(sources.references())
    assert all(mark not in one.title + one.authors + one.note for one in every for mark in "\\{}")

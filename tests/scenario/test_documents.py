"""Files, names, extends, --set: how a document comes together, and where its errors point."""

import shutil
from pathlib import Path

import pytest
from scenario.document import GOOD

from calcisim import scenario
from calcisim.scenario import document, files, override
from calcisim.studies.execute import output_times


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "base.toml").write_text(GOOD)
    return tmp_path


def test_tables_merge_by_key_and_named_tables_by_name(here):
    (here / "child.toml").write_text(
        'extends = "base"\ntitle = "child"\n[plasma]\nphosphate = "2 mmol/L"\n[[site]]\nname = "a"\ntissue = "subcutis"\n'
        '[[site.region]]\nname = "core"\nhigh = "0.6 mm"\n[[site]]\nname = "b"\ntissue = "dermis"\ngrid = { depth = "1 cm" }\n'
    )
    got = scenario.load("child.toml")
    assert (got.title, got.plasma.calcium, got.plasma.phosphate) == ("child", 2.4, 2.0)
    assert [site.name for site in got.site] == ["a", "b"]
    assert got.site[0].tissue == "subcutis"
    assert (got.site[0].region[0].low, got.site[0].region[0].high) == (2e-4, 6e-4)


def test_other_lists_are_replaced(here):
    (here / "child.toml").write_text('extends = "base"\nliterature = ["x"]\n[[site]]\nname = "a"\n[site.grid]\nshape = [20]\n')
    assert scenario.load("child.toml").site[0].grid.shape == (20,)


def test_an_alternative_replaces_what_is_inherited(here):
    (here / "child.toml").write_text('extends = "base"\n[plasma]\ncalcium_ionised = "1.3 mmol/L"\n')
    got = scenario.load("child.toml")
    assert (got.plasma.calcium, got.plasma.calcium_ionised) == (None, 1.3)


def test_extends_finds_a_shipped_scenario_from_a_users_file(here):
    (here / "mine.toml").write_text('extends = "dystrophic/subdermal-cusp"\n[plasma]\nphosphate = "2 mmol/L"\n')
    assert scenario.load("mine.toml").plasma.phosphate == 2.0


def test_eight_levels_are_allowed_and_nine_are_not(here):
    for i in range(10):
        (here / f"l{i}.toml").write_text(f'extends = "{"base" if i == 0 else f"l{i - 1}"}"\ntitle = "level {i}"\n')
    assert scenario.load("l7.toml").title == "level 7"
    with pytest.raises(scenario.ScenarioError, match="more than 8"):
        scenario.load("l8.toml")


def test_names_resolve_in_order(here):
    (here / "configs" / "healthy").mkdir()
    shutil.copy(here / "base.toml", here / "configs" / "healthy" / "dermis.toml")
    assert scenario.resolve("base.toml") == Path("base.toml")
    assert scenario.resolve("healthy/dermis") == Path("configs/healthy/dermis.toml")  # ours comes before the shipped one
    assert "subdermal-cusp" in str(scenario.resolve("dystrophic/subdermal-cusp"))
    assert "healthy/dermis" in scenario.names()


def test_names_resolve_inside_an_installed_package(here, monkeypatch):
    """The wheel puts configs/ into calcisim/configs, and there is no checkout beside it."""
    package = here / "site-packages" / "calcisim"
    (package / "configs" / "x").mkdir(parents=True)
    shutil.copy(here / "base.toml", package / "configs" / "x" / "y.toml")
    monkeypatch.setattr(files, "files", lambda _: package)
    shutil.rmtree(here / "configs")
    assert scenario.names() == ["x/y"]
    assert scenario.resolve("x/y") == package / "configs" / "x" / "y.toml"


def test_the_wheel_carries_the_scenarios():
    tomllib = pytest.importorskip("tomllib")
    root = Path(__file__).parents[2]
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["configs"] == "calcisim/configs"


def test_a_wrong_name_offers_the_nearest():
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.resolve("dystrophic/subdermal-cups")
    assert "dystrophic/subdermal-cusp" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("plasma.phosphate=6.5 mg/dL", lambda s: s.plasma.phosphate == pytest.approx(65 / 30.974)),
        ('plasma.phosphate="6.5 mg/dL"', lambda s: s.plasma.phosphate == pytest.approx(65 / 30.974)),
        ("site.a.grid.spacing=50 um", lambda s: s.site[0].grid.spacing == (5e-5,)),
        ("site.0.grid.spacing = 50 um", lambda s: s.site[0].grid.spacing == (5e-5,)),
        ("site.a.region.core.material=cusp-unfixed", lambda s: s.site[0].region[0].material == "cusp-unfixed"),
        ("site.a.region.core.override.substrate_state=0.5", lambda s: s.site[0].region[0].override == {"substrate_state": 0.5}),
        ("site.a.grid.shape=[20]", lambda s: s.site[0].grid.shape == (20,)),
        ("seed=7", lambda s: s.seed == 7),
        ("title=a = b", lambda s: s.title == "a = b"),
        ("plasma.calcium_ionised=1.2 mmol/L", lambda s: s.plasma.calcium is None and s.plasma.calcium_ionised == 1.2),
        ("solver.relative_tolerance=0.005", lambda s: s.solver.relative_tolerance == 0.005),
        ('output=[{every="2 day"}]', lambda s: len(output_times(s, s.duration)) == 6),
    ],
)
def test_set_means_what_it_says(here, setting, read):
    assert read(scenario.load("base.toml", [setting]))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("plasma.phosphate", "not PATH=VALUE"), ("=3", "not PATH=VALUE"), ("plasma..phosphate=3", "not PATH=VALUE"),
        ("plasma.phosphat=1 mmol/L", "did you mean 'phosphate'"), ("site.b.tissue=dermis", "no element 'b'"),
        ("title.x=3", "a single value"), ("site.a.region.5.low=1 mm", "no element '5'"), ("plasma.phosphate=3", "no unit"),
        ("plasma.phosphate=true", "not a quantity"), ("extends=healthy/dermis", "unknown key"), ("seed=" + "9" * 6000, "seed"),
        ("expect.x=" + "[" * 200 + "]" * 200, "nested too deep"), ("seed=0x" + "f" * 9000, "seed"), ("title=" + "x" * 20000, "too long"),
    ],
)  # fmt: skip
def test_set_that_cannot_be_meant(here, setting, message):
    with pytest.raises(scenario.ScenarioError, match=message) as caught:
        scenario.load("base.toml", [setting])
    assert str(caught.value).startswith("--set ")


def test_values_are_read_as_toml_and_else_as_text():
    assert override.read_value("3") == 3
    assert override.read_value('"3"') == "3"
    assert override.read_value("3 mm") == "3 mm"
    assert override.read_value("1\ny = 2") == "1\ny = 2"  # one value, never a second key


def test_errors_point_to_the_line_of_the_file_that_wrote_the_key(here):
    (here / "child.toml").write_text('extends = "base"\n\n[plasma]\nmagnesium = "900 mmol/L"\n')
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.load("child.toml")
    assert (caught.value.file, caught.value.key, caught.value.line) == ("child.toml", "plasma.magnesium", 4)
    (here / "base.toml").write_text(GOOD.replace("0.5 mm", "0.5 kg"))
    (here / "child.toml").write_text('extends = "base"\n')
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.load("child.toml")
    assert (caught.value.file, caught.value.key, caught.value.line) == ("base.toml", "site.a.region.core.high", 17)


def test_several_mistakes_are_reported_together(here):
    (here / "base.toml").write_text(GOOD.replace("2.4 mmol/L", "2.4").replace('"dermis"', '"derms"').replace("0.1 mm", "0.1 s"))
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.load("base.toml")
    assert {one.key for one in caught.value.mistakes} == {"plasma.calcium", "site.a.tissue", "site.a.grid.spacing"}
    assert len(str(caught.value).splitlines()) == 3


def test_unusual_values_warn_with_the_unit_that_was_meant(here):
    with pytest.warns(scenario.PlausibilityWarning, match=r"was 4 mg/dL meant\? that is 1.29 mmol/L"):
        scenario.load("base.toml", ["plasma.phosphate=4 mmol/L"])
    with pytest.warns(scenario.PlausibilityWarning, match=r"was 2.4 mmol/L meant"):
        scenario.load("base.toml", ["plasma.calcium=2.4 mg/dL"])


def test_ending_a_run_early_drops_what_lies_beyond():
    cut = scenario.until(scenario.load("metastatic/ckd-constant"), 30 * 86400.0)
    assert [event.kind for event in cut.event] == ["expose"]
    assert cut.duration == 30 * 86400.0
    assert scenario.until(cut, 1e9).duration == cut.duration


def test_byte_order_mark_and_windows_lines_are_harmless(here):
    (here / "bom.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert scenario.load("bom.toml").title == "good"


def test_key_lines_follow_lists_of_tables():
    text = "a = 1\n[[site]]\nname = 'x'\n[site.grid]\nshape = []\n[[site]]\nname = 'y'\n[[site.region]]\nlow = 1\n"
    lines = document.key_lines(text, document.parse(text, "t"))
    assert lines[("site", "y", "region", 0, "low")] == 9
    assert lines[("site", "x", "grid", "shape")] == 5


def test_two_way_may_be_written_as_what_it_is(here):
    got = scenario.load("base.toml", ["plasma.two_way=false"])
    assert (got.plasma.two_way, got.plasma.file) == (False, None)
    (here / "again.toml").write_text(scenario.dump(got))
    assert scenario.load("again.toml") == got


def test_an_event_with_a_shape_of_its_own_comes_back_from_its_resolved_text(tmp_path):
    shape = 'region={shape="slab", axis="x", low="0 mm", high="1 mm"}'
    loaded = scenario.load("dystrophic/subdermal-cusp", [f'event+={{kind="excise", site="cusp", at="1 day", {shape}}}'])
    path = tmp_path / "resolved.toml"
    path.write_text(scenario.dump(loaded), encoding="utf-8")
    assert scenario.load(path).event == loaded.event
    assert loaded.event[-1].region.shape == "slab"

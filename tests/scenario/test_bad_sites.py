"""Sites that cannot be meant: one clear message for each mistake, and a warning for what is accepted and seldom meant."""

import re

import pytest
from scenario.document import GOOD, TUBE

from calcisim import scenario

BODY = GOOD.replace('calcium = "2.4 mmol/L"\nphosphate = "1.1 mmol/L"\n', 'driver = "model"\n')
WIDE = GOOD.replace("[10]", "[10, 10, 10]").replace('depth = "1 mm"\n', "")


def keys(text, lines):
    """The text with more keys of its site."""
    assert 'tissue = "dermis"\n' in text
    return text.replace('tissue = "dermis"\n', f'tissue = "dermis"\n{lines}\n')


def region(lines, text=GOOD):
    """The text with one more region at its end."""
    return text + f"[[site.region]]\n{lines}\n"


def messages(load, text, **options):
    with pytest.raises(scenario.ScenarioError) as caught:
        load(text, **options)
    return str(caught.value).splitlines()


def warned(recwarn):
    return [str(one.message) for one in recwarn.list if issubclass(one.category, scenario.PlausibilityWarning)]


# --- names ------------------------------------------------------------------------------------------------------------


AGAIN = '[[site]]\nname = "a"\ntissue = "dermis"\ngrid = { depth = "1 cm" }\n'


def test_a_second_site_of_a_name_is_told_with_its_own_line(load):
    line = len(GOOD.splitlines()) + 2
    assert messages(load, GOOD + AGAIN) == [f"bad.toml:{line}: site.a.name: there are two with the name 'a' (each needs its own name)"]


def test_a_third_site_of_a_name_has_its_line_too(load):
    first = len(GOOD.splitlines()) + 2
    found = messages(load, GOOD + AGAIN + AGAIN)
    assert [one.split(": ")[0] for one in found] == [f"bad.toml:{first}", f"bad.toml:{first + 4}"]


def test_a_site_written_twice_over_an_inherited_one_is_told_in_the_file_that_does_so(load, tmp_path):
    (tmp_path / "base.toml").write_text(GOOD)
    (found,) = messages(load, f'extends = "base"\n{AGAIN}{AGAIN}')
    assert found.startswith("bad.toml:7: site.a.name: there are two with the name 'a'")


def test_a_mistake_in_the_second_region_of_a_name_points_at_the_second(load):
    text = region('name = "core"\nshape = "slab"\nlow = "0.2 mm"\nhigh = "0.5 kg"', GOOD)
    (found,) = messages(load, text)
    assert found.startswith(f"bad.toml:{len(text.splitlines())}: site.a.region.core.high: ")


# --- geometry ---------------------------------------------------------------------------------------------------------


THIN = {
    "shell": 'shape = "shell"\ncentre = ["0.5 mm", "0.5 mm", "0.5 mm"]\ninner_radius = "0.2 mm"\nouter_radius = "0.21 mm"',
    "slab": 'shape = "slab"\naxis = "y"\nlow = "0.31 mm"\nhigh = "0.34 mm"',
    "box": 'shape = "box"\nlow = ["0.1 mm", "0.1 mm", "0.31 mm"]\nhigh = ["0.9 mm", "0.9 mm", "0.34 mm"]',
    "cylinder": 'shape = "cylinder"\naxis = "z"\ncentre = ["0.5 mm", "0.5 mm", "0 mm"]\nradius = "0.04 mm"',
    "flat cylinder": 'shape = "cylinder"\ncentre = ["0.5 mm", "0.5 mm", "0 mm"]\nradius = "0.4 mm"\nlow = "0.31 mm"\nhigh = "0.34 mm"',
    "ellipsoid": 'shape = "ellipsoid"\ncentre = ["0.5 mm", "0.5 mm", "0.5 mm"]\nradii = ["0.4 mm", "0.4 mm", "0.04 mm"]',
}
BESIDE = {
    "slab": ('shape = "slab"\nlow = "1.1 mm"\nhigh = "2 mm"', "x"),
    "sphere": ('shape = "sphere"\ncentre = ["0.5 mm", "-2 mm", "0.5 mm"]\nradius = "1 mm"', "y"),
    "shell": ('shape = "shell"\ncentre = ["0.5 mm", "0.5 mm", "5 mm"]\ninner_radius = "0.5 mm"\nouter_radius = "1 mm"', "z"),
}


@pytest.mark.parametrize("name", THIN)
def test_a_shape_thinner_than_a_voxel_holds_none(name, load):
    text = region(THIN[name], WIDE)
    line = len(WIDE.splitlines()) + 1
    hint = "make it larger than a voxel, or take a finer spacing"
    assert messages(load, text) == [f"bad.toml:{line}: site.a.region.1: the region holds no voxel centre ({hint})"]


def test_a_shell_around_the_whole_grid_holds_no_voxel(load):
    shell = 'shape = "shell"\ncentre = ["0.5 mm", "0.5 mm", "0.5 mm"]\ninner_radius = "5 mm"\nouter_radius = "6 mm"'
    (found,) = messages(load, region(shell, WIDE))
    assert "site.a.region.1: the region holds no voxel centre" in found


@pytest.mark.parametrize("name", BESIDE)
def test_a_region_beside_the_grid(name, load):
    lines, axis = BESIDE[name]
    (found,) = messages(load, region(lines, WIDE))
    assert f"site.a.region.1: the region lies outside the grid along {axis} (the grid is 1 x 1 x 1 mm" in found


# --- keys without effect ----------------------------------------------------------------------------------------------


LIFELESS = {
    "leak of a constant plasma": (
        keys(GOOD, "colloid_leak = 1"),
        'bad.toml:9: site.a.colloid_leak: needs a computed plasma: a constant one holds no colloid (write [plasma] driver = "model", '
        "or leave colloid_leak out)",
    ),
    "leak in a test tube": (
        keys(TUBE, "colloid_leak = 1"),
        "bad.toml:10: site.a.colloid_leak: kind 'invitro' has no vessels that could leak (leave it out, or write kind = \"tissue\")",
    ),
    "concentrated in a test tube": (
        keys(TUBE, "concentrated = { calcium = 1.5 }"),
        "bad.toml:10: site.a.concentrated: kind 'invitro' has a medium, and nothing that concentrates it (write what the solution holds "
        "in [medium])",
    ),
    "state of no inflammation": (
        keys(GOOD, "inflamed_state = 0.7"),
        "bad.toml:9: site.a.inflamed_state: has no effect without crystal_inflammation (write crystal_inflammation = 1, or leave "
        "inflamed_state out)",
    ),
}


@pytest.mark.parametrize("name", LIFELESS)
def test_a_key_that_nothing_acts_on(name, load):
    text, expected = LIFELESS[name]
    assert messages(load, text) == [expected]


def test_the_same_keys_where_something_acts_on_them(load, recwarn):
    found = load(keys(BODY, "colloid_leak = 2\nconcentrated = { calcium = 1.5 }\ncrystal_inflammation = 0.5\ninflamed_state = 0.7"))
    assert found.site[0].colloid_leak == 2.0
    load(keys(TUBE, "colloid_leak = 0\nconcentrated = { calcium = 1 }"))
    assert not warned(recwarn)


def test_the_arm_of_a_comparison_may_switch_inflammation_off(load):
    """Written as 0, or by --set, beside the state that the other arms have; its text loads again."""
    found = load(keys(GOOD, "crystal_inflammation = 0\ninflamed_state = 0.7"))
    assert load(scenario.dump(found)) == found
    on = keys(GOOD, "crystal_inflammation = 1\ninflamed_state = 0.7")
    assert load(on, sets=["site.a.crystal_inflammation=0"]).site[0].inflamed_state == 0.7


# --- outside the range of a tissue ------------------------------------------------------------------------------------


OUTSIDE = {
    "perfusion": (
        keys(GOOD, 'perfusion = "0.01 1/s"'),
        "bad.toml:9: site.a.perfusion: 0.01 1/s is unusual: 0.0001 to 0.001 1/s is what dermis has (the range of data/tissues.toml)",
    ),
    "override": (
        keys(GOOD, 'override = { uptake_capacity = "100 mol/m3/year" }'),
        "bad.toml:9: site.a.override.uptake_capacity: 100 mol/m3/year is unusual: 0.15 to 7.5 mol/m3/year is what dermis has (the range "
        "of data/tissues.toml)",
    ),
    "a length": (
        keys(GOOD, 'override = { fibril_diameter = "1 um" }'),
        "bad.toml:9: site.a.override.fibril_diameter: 1000 nm is unusual: 80 to 120 nm is what dermis has (the range of data/tissues.toml)",
    ),
    "implant": (
        GOOD.replace("assay = true", "assay = true\noverride = { substrate_state = 0.5 }"),
        "bad.toml:20: site.a.region.core.override.substrate_state: 0.5 is unusual: 0.636 to 1 is what cusp-fixed has (the range of "
        "data/tissues.toml)",
    ),
    "changed ground": (
        region('shape = "slab"\nlow = "0 mm"\nhigh = "0.2 mm"\noverride = { porosity = 0.95 }'),
        "bad.toml:26: site.a.region.1.override.porosity: 0.95 is unusual: 0.5 to 0.7 is what dermis has (the range of data/tissues.toml)",
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_tissue_outside_its_range_is_accepted_with_a_warning(name, load, recwarn):
    text, expected = OUTSIDE[name]
    assert load(text).site[0].name == "a"
    assert warned(recwarn) == [expected]


INSIDE = {
    "both ends": keys(GOOD, 'perfusion = "1e-3 1/s"\noverride = { porosity = 0.5 }'),
    "another unit of an end": keys(GOOD, 'override = { fibril_diameter = "0.12 um" }'),
    "damage of intact collagen": keys(GOOD, "override = { substrate_state = 0.65, exposed_fraction = 0.05 }"),
    "no range is stated": keys(GOOD, 'override = { debris = "1e16 1/m3" }'),
    "injury": region('shape = "slab"\nlow = "0 mm"\nhigh = "0.2 mm"\nrole = "injury"\noverride = { porosity = 0.95 }'),
    "in the range of what was painted before": region('shape = "slab"\nlow = "0 mm"\nhigh = "0.4 mm"\noverride = { porosity = 0.8 }'),
}


@pytest.mark.parametrize("name", INSIDE)
def test_a_tissue_in_its_range_or_changed_by_injury_is_usual(name, load, recwarn):
    load(INSIDE[name])
    assert not warned(recwarn)


# --- what voxels resolve ----------------------------------------------------------------------------------------------


CUBES = GOOD.replace('spacing = "0.1 mm"', 'spacing = "2 mm"').replace("0.2 mm", "4 mm").replace("0.5 mm", "10 mm")
TEXTURE = 'texture = {{ length = "{}", strength = 0.5 }}'
UNRESOLVED = {
    "large voxels": (
        CUBES,
        "bad.toml:11: site.a.grid.spacing: voxels of 2 mm: above 1 mm a front is not resolved (take more and smaller voxels)",
    ),
    "fine texture": (
        keys(GOOD, TEXTURE.format("0.09 mm")),
        "bad.toml:9: site.a.texture.length: 0.09 mm is less than a voxel (0.1 mm): the texture is not resolved (take a longer texture or "
        "smaller voxels)",
    ),
    "wide texture": (
        keys(GOOD, TEXTURE.format("11 mm")),
        "bad.toml:9: site.a.texture.length: 11 mm is more than 10 times the site (1 mm), which gets one random factor and no texture "
        "(take a shorter texture)",
    ),
    "texture of a point": (
        keys(GOOD[: GOOD.index("[[site.region]]")], TEXTURE.format("1 mm")).replace('shape = [10]\nspacing = "0.1 mm"\n', ""),
        "bad.toml:9: site.a.texture.length: a site of one voxel has no texture, and gets one random factor (leave texture out, or give "
        "the grid a shape)",
    ),
    "thin rim": (
        keys(GOOD.replace('"0.1 mm"', '"0.2 mm"'), 'rim_perfusion = 3\nrim_width = "0.15 mm"'),
        "bad.toml:10: site.a.rim_width: 0.15 mm is less than a voxel (0.2 mm): the rim of perfusion beside mineral is not resolved (take "
        "a wider rim or smaller voxels)",
    ),
}


@pytest.mark.parametrize("name", UNRESOLVED)
def test_what_voxels_cannot_resolve_is_accepted_with_a_warning(name, load, recwarn):
    text, expected = UNRESOLVED[name]
    load(text)
    assert warned(recwarn) == [expected]


RESOLVED = {
    "voxels of a millimetre": CUBES.replace('"2 mm"', '"1 mm"').replace("10 mm", "9 mm"),
    "test tube of large voxels": 'kind = "invitro"\n' + CUBES.replace("[plasma]", "[medium]"),
    "depth is no voxel": GOOD.replace('depth = "1 mm"', 'depth = "5 mm"'),
    "texture of a voxel": keys(GOOD, TEXTURE.format("0.1 mm")),
    "texture of ten sites": keys(GOOD, TEXTURE.format("1 cm")),
    "texture of ten sites, to rounding": keys(GOOD.replace("[10]", "[2]").replace('"0.1 mm"', '"0.3 mm"'), TEXTURE.format("6 mm")),
    "texture without strength": keys(GOOD, 'texture = { length = "11 mm", strength = 0 }'),
    "rim of a voxel": keys(GOOD, 'rim_perfusion = 3\nrim_width = "0.1 mm"'),
    "thin rim of usual perfusion": keys(GOOD.replace('"0.1 mm"', '"0.2 mm"'), 'rim_width = "0.15 mm"'),
}


@pytest.mark.parametrize("name", RESOLVED)
def test_what_voxels_resolve_is_usual(name, load, recwarn):
    load(RESOLVED[name])
    assert not warned(recwarn)


def test_a_short_variant_is_coarse_on_purpose(load, recwarn):
    lines = TEXTURE.format("0.5 mm") + '\nrim_perfusion = 3\nrim_width = "0.5 mm"'
    text = keys(re.sub(r"\[\[site.region\]\].*?(?=\[\[output)", "", GOOD, flags=re.DOTALL), lines).replace("[10]", "[100]")
    short = load(text + '[quick]\nspacing = "2 mm"\n', quick=True)
    assert short.site[0].grid.spacing == (2e-3,)
    assert not warned(recwarn)
    assert load(scenario.dump(short)) == short  # a run of it that was stopped goes on: no error, and it says what is coarse
    assert len(warned(recwarn)) == 3

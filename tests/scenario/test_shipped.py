"""Every shipped scenario: it loads, its short variant too, its text form loads to the same floats, and its sources are known."""

import numpy as np
import pytest

from calcisim import scenario, sources
from calcisim.scenario import tissues
from calcisim.scenario.citations import citations
from calcisim.scenario.regions import mask
from calcisim.studies.execute import output_times

NAMES = scenario.names()


def test_all_scenarios_of_the_first_table_are_there():
    assert {
        "dystrophic/subdermal-cusp", "dystrophic/subdermal-cusp-unfixed", "dystrophic/subdermal-cusp-half-phosphate",
        "dystrophic/subdermal-collagen-sponge", "dystrophic/subdermal-collagen-sponge-formaldehyde", "dystrophic/subdermal-empty",
        "dystrophic/subdermal-pericardium", "dystrophic/subdermal-pericardium-etidronate", "metastatic/ckd-constant",
        "healthy/dermis", "healthy/wound", "invitro/dmem-protein-free",
    } <= set(NAMES)  # fmt: skip


@pytest.mark.parametrize("quick", [False, True], ids=["full", "quick"])
@pytest.mark.parametrize("name", NAMES)
def test_loads_without_a_warning_and_round_trips(name, quick, tmp_path, recwarn):
    loaded = scenario.load(name, quick=quick)
    assert not recwarn.list
    again = tmp_path / "again.toml"
    again.write_text(scenario.dump(loaded), encoding="utf-8")
    assert scenario.load(again) == loaded
    assert scenario.dump(scenario.load(again)) == scenario.dump(loaded)


@pytest.mark.parametrize("name", NAMES)
def test_short_variant_is_short_and_keeps_the_extents(name):
    full, short = scenario.load(name), scenario.load(name, quick=True)
    assert short.duration < full.duration
    for a, b in zip(full.site, short.site, strict=True):
        assert b.grid.extents == pytest.approx(a.grid.extents, rel=1e-12)
    assert all(event.at <= short.duration for event in short.event)
    assert output_times(short, short.duration)[-1] == short.duration


@pytest.mark.parametrize("name", NAMES)
def test_sources_are_in_the_bibliography(name):
    loaded = scenario.load(name)
    assert loaded.literature
    keys = [*loaded.literature, *(key for one in loaded.reference for key in sources.split_keys(one.source))]
    assert sources.missing(keys) == []
    assert set(loaded.literature) <= set(citations(loaded))


@pytest.mark.parametrize("name", NAMES)
def test_painting_covers_the_grid(name):
    for site in scenario.load(name).site:
        index, kinds = tissues.paint(site)
        assert index.shape == site.grid.counts[::-1]
        assert 0 <= index.min() <= index.max() < len(kinds)
        for region in site.region:
            inside = mask(region, *site.grid.centres())
            assert inside.any()
            if region.assay:
                assert site.assay()[inside].all()
            if region.assay and region.material is not None:  # what is assayed is what is painted
                assert {kinds[number].name for number in np.unique(index[inside])} == {region.material}


def test_the_cusp_is_what_was_implanted():
    cusp = scenario.load("dystrophic/subdermal-cusp")
    site = cusp.site[0]
    assert site.assay().sum() * site.grid.cell[0] == pytest.approx(0.4e-3)
    assert [(r.time / 86400, r.value, r.sd, r.use) for r in cusp.reference] == [(3, 40.8, 4.8, "calibrate"), (21, 122.9, 6.0, "calibrate")]
    assert output_times(cusp, cusp.duration) == [86400.0 * day for day in range(85)]


def test_variants_change_what_they_name_and_nothing_else():
    cusp, half = scenario.load("dystrophic/subdermal-cusp"), scenario.load("dystrophic/subdermal-cusp-half-phosphate")
    assert half.plasma.phosphate == cusp.plasma.phosphate / 2
    assert half.plasma.model_copy(update={"phosphate": cusp.plasma.phosphate}) == cusp.plasma
    assert half.site == cusp.site
    assert half.reference == ()
    unfixed = scenario.load("dystrophic/subdermal-cusp-unfixed")
    assert unfixed.site[0].region[0].material == "cusp-unfixed"
    assert unfixed.plasma == cusp.plasma


def test_the_empty_control_has_no_nucleator_anywhere():
    _, kinds = tissues.paint(scenario.load("dystrophic/subdermal-empty").site[0])
    assert all(kind.surface_per_volume == 0.0 and kind.debris == 0.0 for kind in kinds)
    assert kinds[0].perfusion > 0.0


def test_the_test_tube_holds_a_tenth_of_a_square_metre():
    site = scenario.load("invitro/dmem-protein-free").site[0]
    assert site.background().surface_per_volume * site.grid.volume == pytest.approx(0.1)
    assert site.background().perfusion == 0.0
    medium = scenario.load("invitro/dmem-protein-free").fluid
    assert (medium.albumin, medium.fetuin, medium.pyrophosphate, medium.citrate) == (0.0, 0.0, 0.0, 0.0)
    assert medium.laboratory()["magnesium_fraction"] == 1.0


INVITRO = [
    "sbf-fixed-collagen", "sbf-renewed", "dmem-serum", "villa-bellosta-2x2", "villa-bellosta-4x1", "villa-bellosta-2x1",
    "villa-bellosta-1x4", "fetuin-5x5", "fetuin-5x5-none", "t50", "t50-magnesium", "serum-healthy", "serum-ckd", "serum-ckd-calcified",
]  # fmt: skip


def apart(one, other):
    """The top-level fields, and the keys of the medium, in which two scenarios differ; titles and the like left out."""
    words = {"title", "description", "literature"}
    tables = {name for name in type(one).model_fields if name not in words and getattr(one, name) != getattr(other, name)}
    keys = {name for name in type(one.medium).model_fields if getattr(one.medium, name) != getattr(other.medium, name)}
    return tables, keys


@pytest.mark.parametrize("name", INVITRO)
def test_test_tubes_are_closed_and_hold_a_fluid(name):
    loaded = scenario.load(f"invitro/{name}")
    assert loaded.kind == "invitro"
    assert loaded.medium is not None
    assert loaded.quick.duration is not None
    _, kinds = tissues.paint(loaded.site[0])
    assert all(kind.perfusion == 0.0 and kind.uptake_capacity == 0.0 for kind in kinds)


@pytest.mark.parametrize(
    ("one", "other", "keys"),
    [
        ("villa-bellosta-4x1", "villa-bellosta-2x2", {"calcium", "phosphate"}),
        ("villa-bellosta-2x1", "villa-bellosta-2x2", {"phosphate"}),
        ("villa-bellosta-1x4", "villa-bellosta-2x2", {"calcium", "phosphate"}),
        ("t50-magnesium", "t50", {"magnesium"}),
        ("dmem-serum", "dmem-protein-free", {"albumin", "fetuin", "pyrophosphate", "citrate", "nucleators"}),
    ],
)
def test_arms_of_a_test_differ_in_what_they_name(one, other, keys):
    assert apart(scenario.load(f"invitro/{one}"), scenario.load(f"invitro/{other}")) == ({"medium"}, keys)


def test_sera_differ_in_nothing_but_their_composition():
    healthy = scenario.load("invitro/serum-healthy")
    salts = {"temperature", "sodium", "potassium", "chloride", "ph", "citrate", "nucleators"}
    for name in ("serum-ckd", "serum-ckd-calcified"):
        tables, keys = apart(scenario.load(f"invitro/{name}"), healthy)
        assert tables == {"medium"}
        assert not keys & salts
    assert healthy.medium == scenario.load("invitro/t50").medium


def test_fetuin_is_the_only_difference_of_its_control():
    tables, keys = apart(scenario.load("invitro/fetuin-5x5-none"), scenario.load("invitro/fetuin-5x5"))
    assert keys == {"fetuin"}
    assert tables == {"medium", "duration", "output", "quick"}


def test_the_renewed_fluid_is_renewed_every_two_days():
    renewed = scenario.load("invitro/sbf-renewed")
    assert [(one.kind, one.at / 86400, one.share, one.medium) for one in renewed.event] == [
        ("change-medium", day, 1.0, None) for day in (2, 4, 6, 8, 10, 12)
    ]
    assert apart(renewed, scenario.load("invitro/sbf-fixed-collagen")) == ({"event", "quick"}, set())
    assert len(scenario.load("invitro/sbf-renewed", quick=True).event) == 1


def test_ionised_calcium_of_the_weanling_is_that_of_the_calibration():
    plasma = pytest.importorskip("calcisim.physics.plasma")
    made = plasma.ultrafiltrate(**scenario.load("dystrophic/subdermal-cusp").fluid.laboratory())
    assert made.calcium_ionised == pytest.approx(1.35, abs=0.02)
    assert made.calcium == pytest.approx(1.72, abs=0.02)
    assert made.magnesium == pytest.approx(0.69, abs=0.005)

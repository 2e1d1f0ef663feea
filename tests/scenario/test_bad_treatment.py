"""Injuries and surgery that cannot be meant: one clear message for each mistake."""

import pytest
from scenario.document import EVENT, GOOD, TUBE

from calcisim import scenario

ALIVE = 'tissue = "dermis"\nlocal_biology = true\n'
LIVING, DEAD = GOOD.replace('tissue = "dermis"\n', ALIVE), GOOD
INJURIES = ("trauma", "necrosis", "burn", "incision", "injection", "microtrauma", "implantation", "vasculopathy")


def event(kind, lines=""):
    """An event on day 2 in the core; `lines` may hold a region of their own."""
    region = "" if "region =" in lines or kind == "change-medium" else 'region = "core"\n'
    return f'[[event]]\nkind = "{kind}"\nsite = "a"\nat = "2 day"\n{region}{lines}\n'


def messages(tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.load(path)
    return [line.partition("bad.toml:")[2] for line in str(caught.value).splitlines()]


def line_of(text, start):
    """The line of the last that starts so."""
    return max(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


REGION = 'region = { shape = "slab", low = "2 mm", high = "3 mm" }'
# name: (text, start of the line that is wrong, key, fragments of message and hint)
BAD = {
    **{
        f"{kind} of tissue that does not answer": (
            DEAD + event(kind), "kind =", "event.0.kind",
            (f"{kind!r} at 'a' needs living tissue that answers", "write local_biology = true for this site"),
        )
        for kind in INJURIES
    },
    **{
        f"bed {bed} of tissue that does not answer": (
            DEAD + event("excise", f'bed = "{bed}"'), "kind =", "event.0.kind",
            ("'excise' at 'a' needs living tissue that answers", "local_biology = true"),
        )
        for bed in ("scar", "left")
    },
    "autoimmune disease of tissue that does not answer": (
        DEAD.replace('tissue = "dermis"\n', 'tissue = "dermis"\nimmune_inflammation = 0.5\n'), "immune_", "site.a.immune_inflammation",
        ("needs living tissue that answers", "local_biology = true"),
    ),
    "living tissue in a test tube": (
        TUBE.replace('tissue = "dermis"\n', ALIVE), "local_", "site.a.local_biology",
        ("kind 'invitro' has no living tissue", 'write kind = "tissue"'),
    ),
    "living tissue in words": (
        DEAD.replace('tissue = "dermis"\n', 'tissue = "dermis"\nlocal_biology = "yes"\n'), "local_", "site.a.local_biology",
        ("is not true or false",),
    ),
    "autoimmune disease above one": (
        LIVING.replace("local_biology = true\n", "local_biology = true\nimmune_inflammation = 1.5\n"), "immune_",
        "site.a.immune_inflammation", ("1.5", "above the limit of 1"),
    ),
    "target region without a region": (
        GOOD + EVENT.replace('region = "core"\n', ""), "[[event]]", "event.0.region", ("is missing", 'target = "largest" or "all"'),
    ),
    "target region, written, without a region": (
        GOOD + EVENT.replace('region = "core"\n', 'target = "region"\n'), "[[event]]", "event.0.region", ("is missing", "name a region"),
    ),
    "target misspelt": (GOOD + EVENT + 'target = "lagest"\n', "target", "event.0.target", ("'largest'",)),
    "bed misspelt": (LIVING + EVENT + 'bed = "scra"\n', "bed", "event.0.bed", ("'scar'",)),
    "negative margin": (GOOD + EVENT + 'margin = "-1 mm"\n', "margin", "event.0.margin", ("-1 mm", "below the limit of 0 mm")),
    "margin without a unit": (GOOD + EVENT + "margin = 1\n", "margin", "event.0.margin", ("has no unit",)),
    "margin in a wrong unit": (GOOD + EVENT + 'margin = "1 s"\n', "margin", "event.0.margin", ("is not a length",)),
    "completeness above one": (GOOD + EVENT + "completeness = 1.1\n", "completeness", "event.0.completeness", ("above the limit of 1",)),
    "irregular without every": (
        LIVING + event("trauma", "irregular = true"), "irregular", "event.0.irregular",
        ("only what comes again can come irregularly", "write every, the mean interval"),
    ),
    "irregular exposure without every": (
        GOOD + event("expose", "fraction = 0.1\ns = 0.7\nirregular = true"), "irregular", "event.0.irregular", ("write every",),
    ),
    "until before at": (
        LIVING + event("microtrauma", 'every = "1 day"\nuntil = "1 day"'), "until", "event.0.until",
        ("until is the end of an injury that comes again", "until after at"),
    ),
    "until without every": (LIVING + event("burn", 'until = "5 day"'), "until", "event.0.until", ("write every, and until after at",)),
    "every of nothing": (LIVING + event("burn", 'every = "0 day"'), "every", "event.0.every", ("below the limit",)),
    "excision outside the tissue": (
        GOOD + EVENT.replace('region = "core"', REGION), "region = {", "event.0.region",
        ("the region lies outside the grid along x", "the grid is 1 x 1 x 1 mm"),
    ),
    "injury outside the tissue": (
        LIVING + event("trauma", REGION), "region = {", "event.0.region", ("the region lies outside the grid along x",),
    ),
    "a region that is not there": (
        LIVING + event("burn", 'region = "cor"'), "region = ", "event.0.region", ("site 'a' has no region 'cor'", "did you mean 'core'"),
    ),
    "an injury at a site that is not there": (
        LIVING + event("burn").replace('site = "a"', 'site = "b"'), "site =", "event.0.site", ("there is no site 'b'",),
    ),
    "an injury after the end": (
        LIVING + event("burn").replace("2 day", "20 day"), "at =", "event.0.at", ("day 20 is after the end of the run",),
    ),
    "the same injury twice": (LIVING + event("burn") + event("burn"), "at =", "event.1.at", ("the same as event 0",)),
    "severity above one": (LIVING + event("trauma", "severity = 1.2"), "severity", "event.0.severity", ("1.2", "above the limit of 1")),
    "severity in words": (LIVING + event("trauma", 'severity = "mild"'), "severity", "event.0.severity", ("mild",)),
    "negative severity": (LIVING + event("trauma", "severity = -0.1"), "severity", "event.0.severity", ("below the limit of 0",)),
    "negative calcium": (
        LIVING + event("injection", 'calcium = "-1 mmol/L"'), 'calcium = "-', "event.0.calcium",
        ("-1 mmol/L", "below the limit of 0 mmol/L"),
    ),
    "negative phosphate": (
        LIVING + event("injection", 'phosphate = "-1 mmol/L"'), "phosphate = \"-", "event.0.phosphate", ("below the limit of 0 mmol/L",),
    ),
    "calcium of an injury that brings none": (
        LIVING + event("trauma", 'calcium = "1 mmol/L"'), "calcium = \"1 ", "event.0.calcium", ("unknown key",),
    ),
    "negative debris": (LIVING + event("burn", 'debris = "-1 1/m3"'), "debris", "event.0.debris", ("below the limit of 0",)),
    "more vessels lost than there are": (
        LIVING + event("burn", "vessels_lost = 1.01"), "vessels_lost", "event.0.vessels_lost", ("above the limit of 1",),
    ),
    "no perfusion at all": (
        LIVING + event("vasculopathy", "perfusion_left = 0"), "perfusion_left", "event.0.perfusion_left", ("below the limit of 0.01",),
    ),
    "a pocket of nothing": (
        LIVING + event("implantation", 'pocket = "0 mm"'), "pocket", "event.0.pocket", ("below the limit of 0.01 mm",),
    ),
    "a pocket of a burn": (LIVING + event("burn", 'pocket = "1 mm"'), "pocket", "event.0.pocket", ("unknown key",)),
    "an implant nowhere": (
        LIVING + event("implantation").replace('region = "core"\n', ""), "[[event]]", "event.0.region", ("is missing",),
    ),
}  # fmt: skip
NEAREST = {
    "traum": "trauma", "necroses": "necrosis", "Burn": "burn", "incison": "incision", "injecton": "injection", "exise": "excise",
    "microtraumata": "microtrauma", "implantion": "implantation", "vasculopathie": "vasculopathy",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_one_message_for_one_mistake(name, tmp_path):
    text, start, key, fragments = BAD[name]
    (found,) = messages(tmp_path, text)
    assert found.startswith(f"{line_of(text, start)}: {key}: ")
    for fragment in fragments:
        assert fragment in found


@pytest.mark.parametrize("wrong", NEAREST)
def test_an_unknown_kind_is_told_with_the_nearest(wrong, tmp_path):
    text = LIVING + event(wrong)
    (found,) = messages(tmp_path, text)
    assert found.startswith(f"{line_of(text, 'kind =')}: event.0.kind: ")
    assert f"did you mean {NEAREST[wrong]!r}" in found


def test_two_mistakes_are_told_at_once(tmp_path):
    text = LIVING + event("trauma", "severity = 1.2") + event("burn", 'debris = "-1 1/m3"')
    assert len(messages(tmp_path, text)) == 2


def test_no_more_injuries_than_can_be_kept(tmp_path):
    """As doses and outputs: a run of a year with one each second has no end."""
    text = LIVING.replace('"10 day"', '"1 year"') + event("microtrauma", 'every = "1 s"')
    (found,) = messages(tmp_path, text)
    assert found.startswith(f"{line_of(text, 'every =')}: event.0.every: ")


@pytest.mark.parametrize("kind", INJURIES)
def test_the_same_is_accepted_where_tissue_answers(kind, tmp_path, recwarn):
    path = tmp_path / "good.toml"
    path.write_text(LIVING + event(kind, "severity = 0.5") + event("excise", 'target = "largest"\nbed = "scar"\nmargin = "0 mm"'))
    found = scenario.load(path)
    assert found.event[0].kind == kind
    path.write_text(scenario.dump(found))
    assert scenario.load(path) == found
    assert not [one for one in recwarn.list if issubclass(one.category, scenario.PlausibilityWarning)]

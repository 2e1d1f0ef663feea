"""Hand-made bad files: each gives one clear ScenarioError with file, key and hint, quickly, and never a traceback of another kind.

F3 of the reliability table.
"""

import os
import time

import pytest
from scenario.document import CHANGE, DRUG, EVENT, EXPOSE, GOOD, POINT, TUBE

from calcisim import scenario


def swap(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


BODY = 'title = "body"\nduration = "10 day"\nkind = "plasma"\n[plasma]\ndriver = "model"\n'
LABS = BODY.replace('"model"', '"csv"')
DIALYSIS = '[[treatment]]\nkind = "haemodialysis"\n'
DIET = '[[treatment]]\nkind = "plasma"\n'

# name: (text, key of the message, fragment of the message or hint)
BAD = {
    "empty": ("", "", "the file is empty"),
    "comment only": ("# nothing\n", "", "the file is empty"),
    "no title": (swap('title = "good"\n', ""), "title", "is missing"),
    "empty title": (swap('"good"', '""'), "title", "at least 1 character"),
    "no duration": (swap('duration = "10 day"\n', ""), "duration", "is missing"),
    "no site": (GOOD[: GOOD.index("[[site]]")], "site", "there is no site"),
    "no plasma": (swap('[plasma]\ncalcium = "2.4 mmol/L"\nphosphate = "1.1 mmol/L"\n', ""), "plasma", "[plasma] is missing"),
    "plasma and medium": (GOOD + '[medium]\ncalcium="1 mM"\nphosphate="1 mM"\n', "medium", "has [plasma] and not [medium]"),
    "invitro with plasma": ('kind = "invitro"\n' + GOOD, "plasma", "has [medium] and not [plasma]"),
    "kind plasma with a site": ('kind = "plasma"\n' + GOOD, "site", "is the body without a site"),
    "kind plasma, constant": ('kind = "plasma"\n' + GOOD[: GOOD.index("[[site]]")], "plasma.driver", "this one is constant"),
    "kind misspelt": ('kind = "tisue"\n' + GOOD, "kind", "'tissue', 'plasma' or 'invitro'"),
    "unitless": (swap('"2.4 mmol/L"', "2.4"), "plasma.calcium", "has no unit"),
    "unitless text": (swap('"2.4 mmol/L"', '"2.4"'), "plasma.calcium", "has no unit"),
    "wrong unit": (swap('"2.4 mmol/L"', '"2.4 mm"'), "plasma.calcium", "is not a concentration"),
    "unknown unit": (swap('"2.4 mmol/L"', '"2.4 mmul/L"'), "plasma.calcium", "did you mean 'mmol'"),
    "mg/dL meant": (swap('"2.4 mmol/L"', '"10 mmol/L"'), "plasma.calcium", "was 10 mg/dL meant? that is 2.5 mmol/L"),
    "negative": (swap('"2.4 mmol/L"', '"-2.4 mmol/L"'), "plasma.calcium", "below the limit"),
    "nan": (swap('"2.4 mmol/L"', '"nan mmol/L"'), "plasma.calcium", "not a number followed by a unit"),
    "inf": (swap('"2.4 mmol/L"', '"inf mmol/L"'), "plasma.calcium", "not a number followed by a unit"),
    "1e308": (swap('"2.4 mmol/L"', '"1e308 mmol/L"'), "plasma.calcium", "too large"),
    "1e-300": (swap('"2.4 mmol/L"', '"1e-300 mmol/L"'), "plasma.calcium", "too small"),
    "bare nan": (swap("phosphate", "ph = nan\nphosphate"), "plasma.ph", "not a number"),
    "bare inf": (swap("phosphate", "ph = inf\nphosphate"), "plasma.ph", "not a number"),
    "bool as number": (swap('"2.4 mmol/L"', "true"), "plasma.calcium", "True is not a quantity"),
    "bool as pH": (swap("phosphate", "ph = true\nphosphate"), "plasma.ph", "True is not a quantity"),
    "bool as voxels": (swap("[10]", "[true]"), "site.a.grid.shape.0", "not a whole number"),
    "list as value": (swap('"2.4 mmol/L"', '["2.4 mmol/L"]'), "plasma.calcium", "not a quantity"),
    "date as value": (swap('"2.4 mmol/L"', "2024-01-01"), "plasma.calcium", "not a quantity"),
    "power": (swap('"0.1 mm"', '"9**9**9 m"'), "site.a.grid.spacing", "not a unit"),
    "call": (swap('"0.1 mm"', '"__import__(1) m"'), "site.a.grid.spacing", "not a number followed by a unit"),
    "cold": (swap("phosphate", 'temperature = "19 degC"\nphosphate'), "plasma.temperature", "chemistry hold from 20 to 42 degC"),
    "hot": (swap("phosphate", 'temperature = "43 degC"\nphosphate'), "plasma.temperature", "chemistry hold from 20 to 42 degC"),
    "kelvin meant": (swap("phosphate", 'temperature = "310.15 degC"\nphosphate'), "plasma.temperature", "above the limit of 42 degC"),
    "pH 14": (swap("phosphate", "ph = 14\nphosphate"), "plasma.ph", "above the limit of 8.5"),
    "both calciums": (swap("phosphate", 'calcium_ionised = "1.2 mM"\nphosphate'), "plasma.calcium", "both are given"),
    "no calcium": (swap('calcium = "2.4 mmol/L"\n', ""), "plasma.calcium", "neither is given"),
    "no phosphate": (swap('phosphate = "1.1 mmol/L"\n', ""), "plasma.phosphate", "is missing"),
    "model with calcium": (swap("phosphate", 'driver = "model"\nphosphate'), "plasma.calcium", "what rules it: calcium_intake"),
    "model with phosphate": (BODY + 'phosphate = "1.1 mmol/L"\n', "plasma.phosphate", "what rules it: phosphate_intake"),
    "model with pH": (BODY + "ph = 7.4\n", "plasma.ph", "what rules it: carbon_dioxide"),
    "model with a file": (BODY + 'file = "labs.csv"\n', "plasma.file", "need driver 'csv'"),
    "lever of a constant plasma": (swap("phosphate", 'aluminium = "3 umol/L"\nphosphate'), "plasma.aluminium", 'write driver = "model"'),
    "no filtration": (BODY + 'glomerular_filtration = "0 mL/min"\n', "plasma.glomerular_filtration", "below the limit of 1 mL/min"),
    "filtration of 500": (BODY + 'glomerular_filtration = "500 mL/min"\n', "plasma.glomerular_filtration", "above the limit of 200 mL/min"),
    "intake without a unit": (BODY + "phosphate_intake = 42\n", "plasma.phosphate_intake", "has no unit"),
    "intake in a wrong unit": (BODY + 'phosphate_intake = "42 mmol/L"\n', "plasma.phosphate_intake", "or mg/day"),
    "lever misspelt": (BODY + 'phosphate_intak = "42 mmol/day"\n', "plasma.phosphate_intak", "did you mean 'phosphate_intake'"),
    "meals of half": (BODY + "meals = 2.5\n", "plasma.meals", "not a whole number"),
    "dialysis of a constant plasma": (GOOD + '[[treatment]]\nkind = "haemodialysis"\n', "treatment.0.kind", "the plasma is constant"),
    "dialysis of a site": (BODY + DIALYSIS + 'site = "a"\n', "treatment.0.site", "acts on the whole body"),
    "dialysis twice at a time": (BODY + DIALYSIS + DIALYSIS + 'start = "1 day"\n', "treatment.1.start", "overlaps treatment 0"),
    "dialysis twice a day": (BODY + DIALYSIS + 'weekdays = ["Mon", "Mon"]\n', "treatment.0.weekdays", "two sessions would overlap"),
    "dialysis on no weekday": (BODY + DIALYSIS + 'weekdays = ["Mon", "Wen"]\n', "treatment.0.weekdays", "did you mean 'Wed'"),
    "dialysis for a day": (BODY + DIALYSIS + 'length = "24 h"\n', "treatment.0.length", "above the limit of 12 h"),
    "diets at a time": (
        BODY + DIET + 'phosphate_intake = "30 mmol/day"\n' + DIET + 'phosphate_intake = "20 mmol/day"\nstart = "1 day"\n',
        "treatment.1.start",
        "overlaps treatment 0 of the same kind of the whole body",
    ),
    "change of nothing": (BODY + DIET, "treatment.0.kind", "it changes nothing"),
    "doses by the second": (
        BODY.replace("10 day", "1 year") + '[[treatment]]\nkind = "dose"\ncalcium = "1 mmol"\nevery = "1 s"\n',
        "treatment.0.every",
        "more than 100,000 doses",
    ),
    "two ways without a tissue": (BODY + "two_way = true\n", "plasma.two_way", "there is no tissue"),
    "later and already": (BODY + DIALYSIS + 'already = true\nstart = "3 day"\n', "treatment.0.already", "did not go on before day 0"),
    "dose of nothing": (BODY + '[[treatment]]\nkind = "dose"\n', "treatment.0.kind", "nothing is given"),
    "dose that stops": (
        BODY + '[[treatment]]\nkind = "dose"\ncalcium = "10 mmol"\nstop = "3 day"\n',
        "treatment.0.stop",
        "a single dose has no stop",
    ),
    "file without its driver": (swap("phosphate", 'file = "labs.csv"\nphosphate'), "plasma.file", "not available with driver 'constant'"),
    "file is a number": (swap("phosphate", "file = 3\nphosphate"), "plasma.file", "not a text"),
    "labs that are not there": (LABS + 'file = "labs.csv"\n', "plasma.file", "there is no file"),
    "labs from elsewhere": (LABS + 'file = "../labs.csv"\n', "plasma.file", "leads out of the folder"),
    "labs by an absolute path": (LABS + 'file = "/etc/passwd"\n', "plasma.file", "leads out of the folder"),
    "csv without a file": (LABS, "plasma.file", "file is missing"),
    "two ways": (swap("phosphate", "two_way = true\nphosphate"), "plasma.two_way", "not available with driver 'constant'"),
    "two ways in words": (swap("phosphate", 'two_way = "yes"\nphosphate'), "plasma.two_way", "not true or false"),
    "driver misspelt": (swap("phosphate", 'driver = "konstant"\nphosphate'), "plasma.driver", "'constant'"),
    "unknown key": (swap("phosphate", "phosphat"), "plasma.phosphat", "did you mean 'phosphate'"),
    "unknown top key": ("colour = 3\n" + GOOD, "colour", "unknown key"),
    "site single brackets": (
        swap("[[site]]", "[site]").replace("[[site.region]]", "[site.region]"),
        "site",
        "[[site]] with double brackets",
    ),
    "two sites of a name": (GOOD + '[[site]]\nname="a"\ntissue="dermis"\ngrid={depth="1 cm"}\n', "site.a.name", "two with the name 'a'"),
    "two regions of a name": (
        GOOD + '[[site.region]]\nname="core"\nshape="slab"\nlow="0 mm"\nhigh="1 mm"\n',
        "site.a.region.core.name",
        "two with the name",
    ),
    "name with a dot": (swap('name = "a"', 'name = "a.b"'), "site.a.b.name", "not a name"),
    "name is a number": (swap('name = "a"', 'name = "1"'), "site.1.name", "must not be a number"),
    "name is a path": (swap('name = "a"', 'name = "../../x"'), "name", "not a name"),
    "unknown tissue": (swap('"dermis"', '"dermus"'), "site.a.tissue", "did you mean 'dermis'"),
    "unknown material": (swap('"cusp-fixed"', '"cusp-fixd"'), "site.a.region.core.material", "did you mean 'cusp-fixed'"),
    "four axes": (swap("[10]", "[2, 2, 2, 2]"), "site.a.grid.shape", "at most 3 axes"),
    "zero voxels": (swap("[10]", "[0]"), "site.a.grid.shape", "1 to 4096"),
    "huge axis": (swap("[10]", "[5000]"), "site.a.grid.shape", "1 to 4096"),
    "huge grid": (
        swap('[10]\nspacing = "0.1 mm"\ndepth = "1 mm"', '[4096, 4096, 4096]\nspacing = "0.1 mm"'),
        "site.a.grid.shape",
        "more than",
    ),
    "fractional voxels": (swap("[10]", "[10.5]"), "site.a.grid.shape.0", "not a whole number"),
    "tiny spacing": (swap('"0.1 mm"', '"1 nm"'), "site.a.grid.spacing", "below the limit of 1 um"),
    "wide spacing": (swap('"0.1 mm"', '"1 m"'), "site.a.grid.spacing", "above the limit of 10 mm"),
    "zero spacing": (swap('"0.1 mm"', '"0 mm"'), "site.a.grid.spacing", "below the limit"),
    "no spacing": (swap('spacing = "0.1 mm"\n', ""), "site.a.grid.spacing", "need one spacing"),
    "two spacings for one axis": (swap('"0.1 mm"', '["0.1 mm", "0.1 mm"]'), "site.a.grid.spacing", "need one spacing"),
    "no depth": (swap('depth = "1 mm"\n', ""), "site.a.grid.depth", "leaves out (y, z)"),
    "no grid": (swap('[site.grid]\nshape = [10]\nspacing = "0.1 mm"\ndepth = "1 mm"\n', ""), "site.a.grid", "is missing"),
    "face of a missing axis": (swap("[site.grid]", 'faces = { y_low = "plasma" }\n[site.grid]'), "site.a.faces.y_low", "has no y axis"),
    "face misspelt": (
        swap("[site.grid]", 'faces = { x_low = "open" }\n[site.grid]'),
        "site.a.faces.x_low",
        "'closed', 'plasma' or 'exchange'",
    ),
    "exchange without coefficient": (
        swap("[site.grid]", 'faces = { x_low = "exchange" }\n[site.grid]'),
        "site.a.exchange_coefficient",
        "needs exchange_coefficient",
    ),
    "region outside": (swap('"0.2 mm"\nhigh = "0.5 mm"', '"2 mm"\nhigh = "3 mm"'), "site.a.region.core", "outside the grid along x"),
    "region between voxels": (swap('"0.2 mm"\nhigh = "0.5 mm"', '"0.26 mm"\nhigh = "0.28 mm"'), "site.a.region.core", "no voxel centre"),
    "region upside down": (
        swap('"0.2 mm"\nhigh = "0.5 mm"', '"0.5 mm"\nhigh = "0.2 mm"'),
        "site.a.region.core.low",
        "low must be below high",
    ),
    "unknown shape": (swap('"slab"', '"slap"'), "site.a.region.core.shape", "did you mean 'slab'"),
    "no shape": (swap('shape = "slab"\n', ""), "site.a.region.core.shape", "shape is missing"),
    "shape with a wrong key": (swap('low = "0.2 mm"', 'radius = "0.2 mm"'), "site.a.region.core.radius", "unknown key"),
    "override of nothing": (swap("assay", "override = { glue = 1 }\nassay"), "site.a.region.core.override.glue", "unknown tissue column"),
    "override beyond": (
        swap("assay", "override = { porosity = 2 }\nassay"),
        "site.a.region.core.override.porosity",
        "above the limit of 1",
    ),
    "override unitless": (swap("assay", "override = { debris = 2 }\nassay"), "site.a.region.core.override.debris", "has no unit"),
    "zero step": (swap('"1 day"', '"0 s"'), "output.0.every", "below the limit of 1 s"),
    "too many outputs": (swap('"10 day"', '"100 year"').replace('"1 day"', '"1 s"'), "output.0.every", "more than 100,000"),
    "every and times": (swap('every = "1 day"', 'every = "1 day"\ntimes = ["1 day"]'), "output.0.every", "exactly one of every and times"),
    "output after the end": (swap('every = "1 day"', 'times = ["11 day"]'), "output.0.times", "after the end of the run (day 10)"),
    "zero duration": (swap('"10 day"', '"0 day"'), "duration", "below the limit"),
    "endless duration": (swap('"10 day"', '"1000 year"'), "duration", "above the limit"),
    "event after the end": (GOOD + EVENT.replace("2 day", "12 day"), "event.0.at", "after the end of the run"),
    "event before the start": (GOOD + EVENT.replace("2 day", "-2 day"), "event.0.at", "below the limit of 0 s"),
    "event at no site": (GOOD + EVENT.replace('"a"', '"b"'), "event.0.site", "there is no site 'b'"),
    "event in no region": (GOOD + EVENT.replace('"core"', '"cor"'), "event.0.region", "did you mean 'core'"),
    "event region with material": (
        GOOD + EVENT.replace('"core"', '{ shape = "slab", low = "0 mm", high = "1 mm", material = "inert" }'),
        "event.0.region.material",
        "only a shape",
    ),
    "event region outside": (
        GOOD + EVENT.replace('"core"', '{ shape = "slab", low = "5 mm", high = "6 mm" }'),
        "event.0.region",
        "outside the grid",
    ),
    "event twice": (GOOD + EVENT + EVENT, "event.1.at", "the same as event 0"),
    "event of no kind": (GOOD + EVENT.replace("excise", "exzise"), "event.0.kind", "did you mean 'excise'"),
    "event without kind": (GOOD + EVENT.replace('kind = "excise"\n', ""), "event.0.kind", "kind is missing"),
    "exposes too much": (GOOD + EXPOSE.replace("0.1", "1.5"), "event.0.fraction", "above the limit of 1"),
    "negative state": (GOOD + EXPOSE.replace("0.7", "-0.1"), "event.0.s", "below the limit of 0"),
    "treatment of no kind": (
        GOOD + DRUG.replace("local-inhibitor", "local-inhibitr"),
        "treatment.0.kind",
        "did you mean 'local-inhibitor'",
    ),
    "end before start": (GOOD + DRUG + 'start = "5 day"\nstop = "2 day"\n', "treatment.0.stop", "stop must be after start"),
    "treatments overlap": (GOOD + DRUG + DRUG, "treatment.1.start", "overlaps treatment 0"),
    "treatment after the end": (GOOD + DRUG + 'start = "50 day"\n', "treatment.0.start", "after the end"),
    "unknown drug": (GOOD + DRUG + 'drug = "etidronat"\n', "treatment.0.drug", "did you mean 'etidronate'"),
    "reference after the end": (GOOD + POINT.replace("3 day", "30 day"), "reference.0.time", "after the end"),
    "reference at no site": (GOOD + POINT + 'site = "b"\n', "reference.0.site", "there is no site 'b'"),
    "reference without assay": (swap("assay = true\n", "") + POINT, "reference.0.observable", "assay = true"),
    "negative spread": (GOOD + POINT + "sd = -1\n", "reference.0.sd", "below the limit of 0"),
    "reference nan": (GOOD + POINT.replace("40", "nan"), "reference.0.value", "not a number"),
    "no size range": (GOOD + '[population]\nsmallest = "1 um"\nlargest = "100 nm"\n', "population.largest", "must be above smallest"),
    "narrow size range": (GOOD + '[population]\nsmallest = "1 um"\nlargest = "5 um"\n', "population.largest", "at least 10 times"),
    "sizes without unit": (GOOD + "[population]\nsmallest = 1e-8\n", "population.smallest", "has no unit"),
    "smaller than an atom": (GOOD + '[population]\nsmallest = "0.1 nm"\n', "population.smallest", "below the limit of 1 nm"),
    "larger than a body": (GOOD + '[population]\nlargest = "2 m"\n', "population.largest", "above the limit of 100 mm"),
    "too few classes": (GOOD + "[population]\nclasses = 7\n", "population.classes", "greater than or equal to 8"),
    "too many classes": (GOOD + "[population]\nclasses = 1025\n", "population.classes", "less than or equal to 1024"),
    "half a class": (GOOD + "[population]\nclasses = 8.5\n", "population.classes", "not a whole number"),
    "unknown kernel": (GOOD + '[population]\nkernel = "brownean"\n', "population.kernel", "did you mean 'brownian'"),
    "kernel is a number": (GOOD + "[population]\nkernel = 3\n", "population.kernel", "there is no collision kernel 3"),
    "negative sticking": (GOOD + "[population]\nsticking = -0.1\n", "population.sticking", "below the limit of 0"),
    "sticking above one": (GOOD + "[population]\nsticking = 1.1\n", "population.sticking", "above the limit of 1"),
    "aggregation in words": (GOOD + '[population]\naggregation = "off"\n', "population.aggregation", "not true or false"),
    "unknown population key": (GOOD + "[population]\nstiking = 1\n", "population.stiking", "did you mean 'sticking'"),
    "unknown amorphous phase": (GOOD + '[pathway]\namorphous = "ACP"\n', "pathway.amorphous", "'ACP2' or 'ACP1'"),
    "unknown driving phase": (GOOD + '[pathway]\ndriving_phase = "DCPD"\n', "pathway.driving_phase", "'HAP' or 'OCP'"),
    "tiny terminal radius": (GOOD + '[pathway]\nterminal_radius = "1 nm"\n', "pathway.terminal_radius", "below the limit of 10 nm"),
    "nucleators unitless": (swap("phosphate", "nucleators = 100\nphosphate"), "plasma.nucleators", "has no unit"),
    "nucleators per mass": (swap("phosphate", 'nucleators = "5 1/g"\nphosphate'), "plasma.nucleators", "is not a per volume"),
    "more collagen than there is": (
        swap("assay", "override = { collagen_2_share = 0.7, collagen_3_share = 0.5 }\nassay"),
        "site.a.region.core.override",
        "together more than 1",
    ),
    "uptake in another unit": (
        swap("assay", 'override = { uptake_capacity = "1 mg/L" }\nassay'),
        "site.a.region.core.override.uptake_capacity",
        "is not a mineral rate",
    ),
    "medium changed in a body": (GOOD + CHANGE, "event.0.kind", "has no medium to change"),
    "medium changed in a corner": (TUBE + CHANGE + 'region = "core"\n', "event.0.region", "in the whole site"),
    "medium changed by nothing": (TUBE + CHANGE + "share = 0\n", "event.0.share", "changes nothing"),
    "medium changed by too much": (TUBE + CHANGE + "share = 1.5\n", "event.0.share", "above the limit of 1"),
    "new medium without phosphate": (TUBE + CHANGE + '[event.medium]\ncalcium = "2 mM"\n', "event.0.medium.phosphate", "is missing"),
    "new medium at another temperature": (
        TUBE + CHANGE + '[event.medium]\ncalcium = "2 mM"\nphosphate = "1 mM"\ntemperature = "22 degC"\n',
        "event.0.medium.temperature",
        "is 22 degC and the test is at 37 degC",
    ),
    "medium changed twice at once": (TUBE + CHANGE + CHANGE, "event.1.at", "the same as event 0"),
    "expect nan": (GOOD + "[expect]\nx = nan\n", "expect", "can be used"),
    "seed negative": ("seed = -1\n" + GOOD, "seed", "greater than or equal to 0"),
    "seed text": ('seed = "1"\n' + GOOD, "seed", "not a whole number"),
    "quick too coarse": (GOOD + '[quick]\nspacing = "1 mm"\n', "quick", "no voxel centre"),
    "duplicate key": (swap("[[output]]", "x = 1\nx = 2\n[[output]]"), "", "stands there twice"),
    "duplicate table": (GOOD + "[plasma]\n", "", "stands there twice"),
    "unquoted value": (swap('"2.4 mmol/L"', "2.4 mmol/L"), "", "needs quotes"),
    "not closed": (GOOD + "[quick\n", "", "this is not TOML"),
    "500 brackets": (GOOD + "[expect]\nx = " + "[" * 500 + "]" * 500 + "\n", "", "nested too deep"),
    "5000 brackets": (GOOD + "[expect]\nx = " + "[" * 5000 + "\n", "", "nested too deep"),
    "500 dotted keys": (GOOD + ".".join("abc"[i % 3] for i in range(500)) + " = 1\n", "", "nested too deep"),
    "endless integer": (GOOD + "[expect]\nx = " + "9" * 5000 + "\n", "", "cannot be read"),
    "endless hex": (GOOD + "[expect]\nx = 0x" + "f" * 5000 + "\n", "expect", "thousands of digits"),
    "NUL": (GOOD + "\0", "", "NUL byte"),
    "extends itself": ('extends = "bad"\n' + GOOD, "extends", "in a circle"),
    "extends upwards": ('extends = "../../x"\n' + GOOD, "extends", "leads out of the folder"),
    "extends absolute": ('extends = "/etc/passwd"\n' + GOOD, "extends", "absolute path"),
    "extends a drive": ('extends = "C:/x"\n' + GOOD, "extends", "absolute path"),
    "extends home": ('extends = "~/x"\n' + GOOD, "extends", "absolute path"),
    "extends nothing": ('extends = "healthy/dermus"\n' + GOOD, "extends", "did you mean 'healthy/dermis'"),
    "extends a number": ("extends = 3\n" + GOOD, "extends", "a scenario name or a path is needed"),
    "extends a link": ('extends = "link"\n' + GOOD, "extends", "link that leads out"),
    "extends an endless name": (f'extends = "{"x" * 400}"\n' + GOOD, "extends", "there is no scenario"),
    "extends a bad file": ('extends = "broken"\n' + GOOD, "", "this is not TOML"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "outside.toml").write_text(GOOD)
    os.symlink(tmp_path / "outside.toml", inside / "link.toml")
    (inside / "broken.toml").write_text("x = \n")
    monkeypatch.chdir(inside)
    return inside


def test_the_good_file_is_good(folder):
    (folder / "good.toml").write_text(GOOD + EVENT + EXPOSE + DRUG + POINT)
    assert scenario.load("good.toml").title == "good"


@pytest.mark.parametrize("name", BAD)
def test_bad_file_gives_one_clear_error(name, folder):
    text, key, fragment = BAD[name]
    (folder / "bad.toml").write_bytes(text.encode())
    before = sorted(folder.iterdir())
    start = time.perf_counter()
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.load("bad.toml", quick="[quick]" in text)
    assert time.perf_counter() - start < 1.0
    error = caught.value
    assert error.key == key or (key == "name" and error.key.endswith(".name"))
    assert fragment in str(error)
    assert error.file in ("bad.toml", "broken.toml")
    assert error.line > 0 or key in ("title", "duration", "site", "plasma", "")  # what is missing has no line
    assert all("\n" not in str(one) and len(str(one)) < 700 for one in error.mistakes)
    assert "Traceback" not in str(error)
    assert sorted(folder.iterdir()) == before


RAW = {
    "latin-1": (GOOD.replace("good", "gut für dich").encode("latin-1"), "not UTF-8"),
    "utf-16": (GOOD.encode("utf-16"), "NUL byte"),
    "noise": (bytes(range(1, 256)) * 10, "not UTF-8"),
    "huge": (b"# " + b"x" * 1_100_000, "larger than 1 MB"),
}


@pytest.mark.parametrize("name", RAW)
def test_bad_bytes(name, folder):
    raw, fragment = RAW[name]
    (folder / "bad.toml").write_bytes(raw)
    with pytest.raises(scenario.ScenarioError, match=fragment) as caught:
        scenario.load("bad.toml")
    assert caught.value.file == "bad.toml"


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        (".", "folder"), ("", "not the name"), ("\0", "not the name"), ("x" * 5000, "not the name"), ("../../x", "no such file"),
        ("/dev/null", "no such file"), ("healthy/dermus", "did you mean 'healthy/dermis'"), ("x" * 300, "no such file"),
        ("~/x", "no such file"), ("nowhere.toml", "no such file"), ("  ", "not the name"),
    ],
)  # fmt: skip
def test_bad_names(name, fragment, folder):
    with pytest.raises(scenario.ScenarioError, match=fragment) as caught:
        scenario.load(name)
    assert caught.value.exit_code == 2


def test_a_link_out_of_the_configs_is_no_name(folder):
    (folder / "configs").mkdir()
    os.symlink(folder.parent / "outside.toml", folder / "configs" / "sly.toml")
    assert "sly" not in scenario.names()
    with pytest.raises(scenario.ScenarioError, match="no such file"):
        scenario.load("sly")


def test_there_are_enough_of_them():
    assert len(BAD) + len(RAW) >= 80

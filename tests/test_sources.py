"""The bibliography: keys, fields, and what is cited."""

import re
from pathlib import Path

import pytest

from calcisim import parameters, sources


def test_every_entry_has_title_author_and_year():
    for key, entry in sources.references().items():
        assert {"title", "author", "year"} <= set(entry.fields), key
        assert entry.bibtex.startswith("@")
        assert entry.bibtex.rstrip().endswith("}")
        assert entry.bibtex.count("{") == entry.bibtex.count("}"), key


def test_bibtex_prints_each_key_once_and_in_order():
    text = sources.bibtex(["levy1983", "bab1985", "levy1983"])
    assert text.count("@article") == 2
    assert text.index("bab1985") < text.index("levy1983")


def test_unknown_key_names_the_nearest():
    with pytest.raises(KeyError, match="levy1983"):
        sources.bibtex(["levi1983"])
    assert sources.missing(["levi1983", "levy1983"]) == ["levi1983"]


def test_no_entry_is_left_unused():
    from calcisim import scenario
    from calcisim.physics import speciation_data
    from calcisim.scenario.cohort import shipped

    used = {key for table in parameters.all_tables().values() for row in table.values() for key in row.sources}
    used |= {key for rows in shipped().values() for row in rows.values() for key in sources.split_keys(row.source)} - {"assumption"}
    for row in speciation_data.rows().values():
        used.update(sources.split_keys(row["source"]))
    for name in scenario.names():
        used.update(scenario.load(name).literature)
    assert used <= set(sources.references())
    for path in Path(sources.__file__).parent.rglob("*.py"):
        used.update(re.findall(r"\b[a-z]{3,}(?:19|20)\d\d[a-z]?\b", path.read_text(encoding="utf-8")))
    assert set(sources.references()) <= used


def test_short_form_is_one_line():
    assert sources.references()["levy1983"].short.startswith("Levy")
    assert "\n" not in sources.references()["levy1983"].short

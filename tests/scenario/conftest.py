"""What the tests of scenario files share."""

import pytest

from calcisim import scenario


@pytest.fixture
def load(tmp_path, monkeypatch):
    """The scenario of a text, which lies in bad.toml of the working folder."""
    monkeypatch.chdir(tmp_path)

    def loaded(text, **options):
        (tmp_path / "bad.toml").write_text(text)
        return scenario.load("bad.toml", **options)

    return loaded

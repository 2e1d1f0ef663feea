"""How people, animals or explants differ: factors on values of a scenario, drawn for every member of a cohort.

    [cohort]
    people = "dialysis"                 # one of data/cohorts.toml

    [cohort.vary."plasma.phosphate"]    # and values of one's own, which win
    distribution = "lognormal"
    spread = 0.2                        # standard deviation of the logarithm
    source = "assumption"
    quality = "assumed"

Every value is a factor on what the scenario has, so a cohort needs no units and an arm that changes a value keeps the differences.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationError, model_validator

from calcisim import parameters, sources
from calcisim.parameters import Quality
from calcisim.scenario.errors import nearest, shown
from calcisim.scenario.fields import Quantity, Table, wrong

MOST = 100  # values that vary in one cohort


class Vary(Table):
    """The distribution of one factor. lognormal: median · exp(spread · z); normal: median · (1 + spread · z), z standard normal within ±3;
    uniform: between low and high. source: keys of references.bib, or "assumption"; quality: of the spread."""

    distribution: Literal["lognormal", "normal", "uniform"]
    spread: Annotated[float, Quantity("number", "0", "3")] | None = None
    median: Annotated[float, Quantity("number", "0.01", "100")] = 1.0
    low: Annotated[float, Quantity("number", "0", "100")] | None = None
    high: Annotated[float, Quantity("number", "0", "100")] | None = None
    source: Annotated[str, Field(min_length=1, max_length=500)]
    quality: Quality
    note: Annotated[str, Field(max_length=2000)] = ""

    @model_validator(mode="after")
    def _its_source(self) -> "Vary":
        known = sources.references()
        for key in sources.split_keys(self.source):
            if key not in known and key != "assumption" and not set(key) & set(" /:."):
                hint = nearest(key, known) or 'write "assumption", or say in words where it is from'
                raise wrong(f"there is no reference {shown(key)}", hint, "source")
        return self

    @model_validator(mode="after")
    def _its_numbers(self) -> "Vary":
        if self.distribution == "uniform":
            if self.low is None or self.high is None or self.low >= self.high or self.spread is not None:
                raise wrong("a uniform distribution has low and high, with low below high, and no spread", "", "low")
            return self
        if self.spread is None or self.low is not None or self.high is not None:
            raise wrong(f"a {self.distribution} distribution has a spread, and no low or high", "for example spread = 0.2", "spread")
        if self.distribution == "normal" and self.spread > 0.3:
            raise wrong("a normal spread above 0.3 would reach zero", 'take distribution = "lognormal"', "spread")
        return self


def _vary(raw: Any) -> dict[str, Vary]:
    if not isinstance(raw, Mapping):
        raise wrong("a table is needed", 'for example [cohort.vary."plasma.phosphate"]')
    if len(raw) > MOST:
        raise wrong(f"{len(raw)} values vary; {MOST} at most")
    found = {}
    for path, row in raw.items():
        if not isinstance(row, (Mapping, Vary)):
            raise wrong(f"{shown(path)} needs a table with distribution, spread, source and quality", "put the path in quotes", path)
        if isinstance(row, Mapping) and row and all(isinstance(part, Mapping) for part in row.values()):
            raise wrong(
                f"{shown(path)} holds only tables: a path with dots needs quotes", f'[cohort.vary."{path}.{next(iter(row))}"]', path
            )
        try:
            found[path] = row if isinstance(row, Vary) else Vary.model_validate(row)
        except ValidationError as error:
            raise _within(path, error) from None
    return found


def _within(path: str, error: ValidationError) -> Exception:
    """The first mistake of a row, with the path of the row before its key."""
    row = error.errors(include_url=False)[0]
    context = row.get("ctx", {})
    key = str(context.get("key", "") or (row["loc"][0] if row["loc"] else ""))
    message = context.get("message") or ("is missing" if row["type"] == "missing" else f"{shown(row.get('input'))}: {row['msg']}")
    return wrong(f"{path}: {key}: {message}" if key else f"{path}: {message}", context.get("hint", ""), path)


class Cohort(Table):
    """people: a cohort of data/cohorts.toml; vary: rows by path, which win over its rows."""

    people: str | None = None
    vary: Annotated[dict[str, Vary], PlainValidator(_vary)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "Cohort":
        if self.people is not None and self.people not in shipped():
            raise wrong(f"there is no cohort {shown(self.people)}", nearest(self.people, shipped(), "one of: "), "people")
        return self

    def rows(self) -> dict[str, Vary]:
        """All distributions by path."""
        return {**(shipped()[self.people] if self.people is not None else {}), **self.vary}


@cache
def shipped() -> dict[str, dict[str, Vary]]:
    """The cohorts of data/cohorts.toml by name; `like` takes the rows of an earlier one."""
    found: dict[str, dict[str, Vary]] = {}
    for name, raw in parameters.document("cohorts").items():
        rows = _vary({path: row for path, row in raw.items() if isinstance(row, Mapping)})
        found[name] = {**(found[raw["like"]] if "like" in raw else {}), **rows}
    return found

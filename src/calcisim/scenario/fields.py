"""Building blocks of the schema: quantities with units and bounds, and tables chosen by a key such as `kind`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import PydanticCustomError, core_schema

from calcisim import units
from calcisim.scenario.errors import nearest, shown


def wrong(message: str, hint: str = "", key: str = "") -> PydanticCustomError:
    """An error of a validator: message, hint, and the key below the place where the validator stands."""
    return PydanticCustomError("calcisim", "{message}", {"message": message, "hint": hint, "key": key})


@dataclass(frozen=True)
class Quantity:
    """What a field takes, written as Annotated[float, Quantity("length", "1 um", "1 m")]; the float is in inner units.

    kind: a key of units.KINDS; low, high: bounds with units, both included; analyte: a name of units.MOLAR_MASS, allows mg/dL;
    plausible: the usual range in inner units, for warnings; why: what a value beyond the bounds is told.
    """

    kind: str
    low: str | None = None
    high: str | None = None
    analyte: str | None = None
    plausible: tuple[float, float] | None = None
    why: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def read(self, raw: object) -> float:
        """The value in inner units; raises a pydantic error that says what to write instead."""
        value = self._value(raw)
        for bound, word in ((self.low, "below"), (self.high, "above")):
            limit = None if bound is None else units.parse(bound, self.kind)
            if limit is not None and (value < limit if word == "below" else value > limit):
                raise wrong(f"{shown(raw)} is {word} the limit of {bound}", self.meant(raw) or self.why)
        return value

    def _value(self, raw: object) -> float:
        if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
            raise wrong(f"{shown(raw)} is not a quantity", self._example())
        if isinstance(raw, str):
            try:
                return units.parse(raw, self.kind, self.analyte)
            except units.UnitError as error:
                raise wrong(str(error), error.hint) from None
        if self.kind != "number":
            raise wrong(f"{shown(raw)} has no unit", self._example())
        if raw != raw or abs(raw) > units.LARGEST:
            raise wrong(f"{shown(raw)} is not a number that can be used")
        return float(raw)

    def _example(self) -> str:
        mass = units.IN_MASS.get(self.kind)
        names = units.KINDS[self.kind][1] + ((mass,) if mass and self.analyte in units.MOLAR_MASS else ())
        return "write a number" if self.kind == "number" else f"write it with a unit in quotes, one of: {', '.join(names)}"

    def meant(self, raw: object) -> str:
        """A question such as "was mg/dL meant?" when the same number is plausible in the unit that laboratories use, else nothing."""
        if not isinstance(raw, str) or self.plausible is None or self.analyte is None or self.kind != "concentration":
            return ""
        number, written = units.split(raw)
        for other in ("mg/dL", "mmol/L", "umol/L", "g/dL"):
            if other == written or (other.endswith("g/dL") and self.analyte not in units.MOLAR_MASS):
                continue
            value = units.parse(f"{number} {other}", self.kind, self.analyte)
            if self.plausible[0] <= value <= self.plausible[1]:
                return f"was {number} {other} meant? that is {value:.3g} mmol/L"
        return ""


Share = Annotated[float, Quantity("number", "0", "1")]
SHORTEST, LONGEST = "1 s", "200 year"
Moment = Annotated[float, Quantity("time", "0 s", LONGEST)]
Duration = Annotated[float, Quantity("time", SHORTEST, LONGEST)]


def rule_of(model: type[BaseModel], name: str) -> Quantity | None:
    """The Quantity behind a field, also inside `X | None` and `tuple[X, ...]`."""
    info = model.model_fields[name]
    return next((m for m in info.metadata if isinstance(m, Quantity)), None) or _search(info.annotation)


def _search(annotation: Any) -> Quantity | None:
    found = next((m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Quantity)), None)
    if found:
        return found
    inner = (_search(part) for part in getattr(annotation, "__args__", ()))
    return next((part for part in inner if part), None)


class Table(BaseModel):
    """A table of a scenario file: strict types, no unknown key, no nan, frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        """Refuse an unknown key before anything else, with the nearest right word."""
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    raise wrong("unknown key", nearest(str(key), cls.model_fields, "known keys: "), str(key))
        return data


class Registry(dict[str, type[Table]]):
    """kind → class, in one place per family; `key` is the field that chooses. A field of the family is Annotated[Base, REGISTRY]."""

    def __init__(self, word: str, key: str) -> None:
        super().__init__()
        self.word, self.key = word, key

    def add(self, name: str) -> Callable[[type[Table]], type[Table]]:
        """Class decorator that puts a class under this name."""

        def put(cls: type[Table]) -> type[Table]:
            if name in self:
                raise KeyError(f"{self.word} {name!r} is there already")
            self[name] = cls
            return cls

        return put

    def read(self, raw: object) -> Table:
        """The table as an instance of the class that its key names."""
        if not isinstance(raw, Mapping):
            raise wrong(f"a {self.word} is a table", f'with {self.key} = "…"')
        name = raw.get(self.key)
        if not isinstance(name, str) or name not in self:
            message = f"{self.key} is missing" if name is None else f"there is no {self.word} {shown(name)}"
            raise wrong(message, nearest(str(name or ""), self, f"{self.key} is one of: "), self.key)
        return self[name].model_validate(raw)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

"""Blood plasma and test solutions, as a laboratory reports them."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainValidator, model_validator

from calcisim import parameters
from calcisim.scenario import labs as readings
from calcisim.scenario.body import RULED_BY, BodyLevers
from calcisim.scenario.errors import nearest
from calcisim.scenario.fields import Duration, Moment, Quantity, Table, wrong

_HEALTH = parameters.values("plasma")
HUMAN = "human"  # whose body the model is
_WARMTH = "the constants of the solution chemistry hold from 20 to 42 degC"


def _amount(analyte: str, high: str, plausible: tuple[float, float], low: str = "0 mmol/L") -> Quantity:
    return Quantity("concentration", low, high, analyte, plausible)


class Fluid(Table):
    """Composition of blood plasma as a laboratory reports it [mol/m3], temperature [K] and pH. What is left out is healthy.

    nucleators: sites per volume of fluid on which mineral can begin, such as a serum brings into a medium [1/m3].
    """

    magnesium_fraction: ClassVar[float] = _HEALTH["magnesium_ultrafilterable_fraction"]
    temperature: Annotated[float, Quantity("temperature", "20 degC", "42 degC", why=_WARMTH)] = _HEALTH["temperature"]
    calcium: Annotated[float, _amount("calcium", "6 mmol/L", (1.5, 4.5), "0.01 mmol/L")] | None = None
    calcium_ionised: Annotated[float, _amount("calcium_ionised", "4 mmol/L", (0.7, 2.2), "0.01 mmol/L")] | None = None
    phosphate: Annotated[float, _amount("phosphate", "8 mmol/L", (0.2, 3.5), "0.001 mmol/L")]
    magnesium: Annotated[float, _amount("magnesium", "8 mmol/L", (0.3, 2.5))] = _HEALTH["magnesium"]
    sodium: Annotated[float, _amount("sodium", "300 mmol/L", (100, 180))] = _HEALTH["sodium"]
    potassium: Annotated[float, _amount("potassium", "60 mmol/L", (2, 9))] = _HEALTH["potassium"]
    chloride: Annotated[float, _amount("chloride", "300 mmol/L", (70, 140))] = _HEALTH["chloride"]
    bicarbonate: Annotated[float, _amount("bicarbonate", "80 mmol/L", (5, 50))] = _HEALTH["bicarbonate"]
    ph: Annotated[float, Quantity("number", "6", "8.5", plausible=(6.8, 7.8))] = _HEALTH["ph"]
    albumin: Annotated[float, _amount("albumin", "2 mmol/L", (0.0, 1.0))] = _HEALTH["albumin"]
    citrate: Annotated[float, _amount("citrate", "20 mmol/L", (0.0, 3.0))] = _HEALTH["citrate"]
    fetuin: Annotated[float, _amount("fetuin", "0.2 mmol/L", (0.0, 0.03))] = _HEALTH["fetuin"]
    pyrophosphate: Annotated[float, _amount("pyrophosphate", "1 mmol/L", (0.0, 0.02))] = _HEALTH["pyrophosphate"]
    nucleators: Annotated[float, Quantity("per_volume", "0 1/m3", "1e21 1/m3")] = 0.0

    def laboratory(self) -> dict[str, float]:
        """Keyword arguments of physics.plasma.ultrafiltrate: what a laboratory would report, in SI units."""
        names = ("temperature", "phosphate", "magnesium", "sodium", "potassium", "chloride", "bicarbonate", "ph", "albumin", "citrate")
        calcium = "calcium" if self.calcium is not None else "calcium_ionised"
        found = {name: float(getattr(self, name)) for name in (*names, calcium)}
        return {**found, "magnesium_fraction": self.magnesium_fraction}

    @property
    def changes(self) -> bool:
        """True when the composition is computed over time instead of written."""
        return False

    @model_validator(mode="after")
    def _one_calcium(self) -> "Fluid":
        if not self.changes and (self.calcium is None) == (self.calcium_ionised is None):
            both = "both are given" if self.calcium is not None else "neither is given"
            raise wrong(f"exactly one of calcium (laboratory total) and calcium_ionised is needed, {both}", "", "calcium")
        return self


def _host(raw: object) -> str:
    """The name of a host of data/hosts.toml, or an error that offers the nearest one."""
    hosts = parameters.tables("hosts")
    if not isinstance(raw, str) or raw not in hosts:
        raise wrong(f"there is no host {str(raw)[:40]!r}", nearest(str(raw)[:40], hosts, "hosts: "))
    return raw


class Plasma(Fluid, BodyLevers):
    """Blood plasma, the source behind perfusion and plasma faces.

    driver: "constant" as written; "model": the body model with the keys of BodyLevers; "csv": measured values of a file (`file`), between
    and beside them the model, held at what was measured. labs: the content of that file, as a run directory keeps it; interpolation:
    "pchip", "step" or "linear", or a table of them by column; burn_in: time before day 0 [s] in which these keys hold already (90 days
    with measured values, unless written); meals: intakes come so many times a day; two_way: what tissues take up
    is taken from the plasma; lesion_volume: volume of tissue [m³] that the sites stand for, if not their own; average: sites see the mean
    over such windows [s], as over weeks of dialysis, and need fewer steps. host: whose plasma it is, a table of data/hosts.toml: what is
    normal for it; no run depends on it.
    """

    driver: Literal["constant", "model", "csv"] = "constant"
    host: Annotated[str, PlainValidator(_host)] = HUMAN
    phosphate: Annotated[float, _amount("phosphate", "8 mmol/L", (0.2, 3.5), "0.001 mmol/L")] = _HEALTH["phosphate"]
    file: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    labs: Annotated[dict[str, Any], PlainValidator(readings.checked)] = Field(default_factory=dict)
    interpolation: Annotated[dict[str, str], PlainValidator(readings.interpolation)] = Field(default_factory=dict)
    burn_in: Moment | None = None
    meals: Annotated[int, Field(ge=0, le=12)] = 0
    two_way: bool = False
    lesion_volume: Annotated[float, Quantity("volume", "1 mm3", "100 L")] | None = None
    average: Duration | None = None

    @property
    def changes(self) -> bool:
        return self.driver != "constant"

    @property
    def computed(self) -> tuple[str, ...]:
        """Keys that the driver computes: they have no value here."""
        return tuple(RULED_BY) if self.changes else ()

    @model_validator(mode="after")
    def _keys_of_the_driver(self) -> "Plasma":
        if not self.changes:
            if "phosphate" not in self.model_fields_set:
                raise wrong("is missing", "", "phosphate")
            own = ("file", "labs", "interpolation", "burn_in", "meals", "two_way", "lesion_volume", "average")
            for key in (*own, *BodyLevers.model_fields):
                if getattr(self, key):
                    other = "csv" if key in ("file", "labs", "interpolation") else "model"
                    hint = f'write driver = "{other}", or leave it out'
                    raise wrong(f"{key} is not available with driver 'constant', where nothing changes in time", hint, key)
            return self
        for key, rulers in RULED_BY.items():
            if key in self.model_fields_set and getattr(self, key) is not None:
                raise wrong(f"{key} is computed with driver {self.driver!r} and cannot be set", f"what rules it: {rulers}", key)
        if self.driver == "model" and (self.file or self.labs or self.interpolation):
            raise wrong("measured values need driver 'csv'", 'write driver = "csv"', "file")
        if self.two_way and self.average is not None:
            raise wrong("windows of the mean would look ahead of what tissues take up", "leave average out, or two_way", "average")
        if self.glomerular_filtration is not None and {"eGFR", "eGFR_mL_min"} & set(self.labs):
            raise wrong("is in the measured values too, as eGFR", "leave one of them out", "glomerular_filtration")
        if self.host != HUMAN:
            raise wrong(f"the body model is an adult human, not a {self.host}", 'leave host out, or write driver = "constant"', "host")
        if self.driver == "csv" and not self.labs:
            raise wrong("file is missing: driver 'csv' reads measured values", 'for example file = "labs.csv", beside the scenario', "file")
        return self


class Medium(Fluid):
    """A test solution: the keys of plasma in a wider range; proteins, citrate and pyrophosphate are absent unless they are written."""

    magnesium_fraction: ClassVar[float] = 1.0  # a weighed salt is all in solution

    calcium: Annotated[float, _amount("calcium", "100 mmol/L", (0.0, 50.0))] | None = None
    calcium_ionised: Annotated[float, _amount("calcium_ionised", "100 mmol/L", (0.0, 50.0))] | None = None
    phosphate: Annotated[float, _amount("phosphate", "100 mmol/L", (0.0, 50.0))]
    albumin: Annotated[float, _amount("albumin", "2 mmol/L", (0.0, 1.0))] = 0.0
    citrate: Annotated[float, _amount("citrate", "20 mmol/L", (0.0, 3.0))] = 0.0
    fetuin: Annotated[float, _amount("fetuin", "0.2 mmol/L", (0.0, 0.03))] = 0.0
    pyrophosphate: Annotated[float, _amount("pyrophosphate", "1 mmol/L", (0.0, 0.02))] = 0.0

"""For benchmarks/plasma_table.py: a line of it, the rows of data/body.toml before its changes, and how a body is lived and seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from calcisim.physics import body as equations
from calcisim.physics.body_names import F, P, R
from calcisim.scenario.body_treatments import Dose, Haemodialysis, PlasmaChange
from calcisim.scenario.fluids import Plasma
from calcisim.simulation.body import Body

DAY = 86400.0
STEADY = 3.0 * 365.0  # days: what the design sheet calls a steady state
PRESENT: dict[str, float] = {}
ANTACID = {"formation_limit": 1.45, "formation_time": 1440.0 * 3600.0}
OVERDOSE = {"breakdown_competition": 0.0, "displaced_potency": 4e-4, "displaced_saturation": 0.0}
ERGOCALCIFEROL = {"fgf23_hydroxyvitamin_exponent": 0.0}
COLLOID = {"colloid_bone_share": 0.0, "colloid_precipitation": 0.0}
ORIGINAL = ANTACID | OVERDOSE | ERGOCALCIFEROL | COLLOID
Rows = Mapping[str, float]  # rows of data/body.toml that are other than there
TREATMENTS = {"plasma": PlasmaChange, "dose": Dose, "haemodialysis": Haemodialysis}


@dataclass(frozen=True)
class Row:
    """One number. before: with ORIGINAL; said, low, high: published or printed; expected: side of health; passed None: nothing to pass."""

    table: str
    name: str
    quantity: str
    unit: str = ""
    before: float | None = None
    got: float | None = None
    said: float | None = None
    low: float | None = None
    high: float | None = None
    side: str = ""
    expected: str = ""
    outside_reference: bool | None = None
    passed_before: bool | None = None
    passed: bool | None = None
    role: str = ""
    source: str = ""


LEDGERS: list[float] = []  # largest imbalance of every body that was simulated


@lru_cache(maxsize=16)  # every body keeps its whole course
def _lived(levers: str, treatments: str, days: float, rows: tuple[tuple[str, float], ...]) -> Body:
    plasma = Plasma.model_validate({"driver": "model", **json.loads(levers)})
    given = tuple(TREATMENTS[one["kind"]].model_validate(one) for one in json.loads(treatments))
    body = Body(plasma, given, days * DAY, dict(rows))
    body.advance(days * DAY)
    LEDGERS.append(float(body.ledger().max()))
    return body


def lived(rows: Rows, days: float, levers: Mapping[str, Any], *treatments: Mapping[str, Any]) -> Body:
    """A body after so many days with these keys of [plasma] and these treatments."""
    return _lived(json.dumps(levers, sort_keys=True), json.dumps(treatments), days, tuple(sorted(rows.items())))


def seen(body: Body, *days: float) -> list[dict[str, float]]:
    """What a laboratory reports on these days: mmol/L, pg/mL, pmol/L, mL/min, mmol/day and umol/L of colloid."""
    out, flow = body.look(np.array(days) * DAY)
    found = []
    for report, rates in zip(out, flow, strict=True):
        excreted = -rates * DAY * 1e3
        found.append(
            {
                "CaT": report[R.calcium], "Ca": report[R.calcium_ionised], "Pi": report[R.phosphate], "Mg": report[R.magnesium],
                "PTH": report[R.pth] * 9.43e9, "D": report[R.calcitriol] * 1e9, "De": report[R.vitamin_effect],
                "F": report[R.fgf23] * 1e9, "HCO3": report[R.bicarbonate], "pH": report[R.ph], "GFR": report[R.filtration] * 6e7,
                "UCa": excreted[F.calcium_urine], "UPi": excreted[F.phosphate_urine], "UMg": excreted[F.magnesium_urine],
                "colloid": report[R.colloid_calcium] * 1e3,
                "FEP": -100.0 * rates[F.phosphate_urine] / (report[R.filtration] * report[R.phosphate]),
            }
        )  # fmt: skip
    return found


def at(rows: Rows, days: float, levers: Mapping[str, Any], *treatments: Mapping[str, Any]) -> dict[str, float]:
    """What a laboratory reports at the end of so many days."""
    return seen(lived(rows, days, levers, *treatments), days)[0]


def tubular_maximum(body: Body) -> float:
    """Renal threshold of phosphate now [mmol/L]."""
    p, y = body.healthy, body.state
    signals = equations.signals(y, equations.fluid(y, body.parameters(body.time)), body.parameters(body.time))
    kept = equations.kept_threshold(signals.fgf23, p[P.phosphate_fgf23_share], p[P.phosphate_fgf23_half])
    return float(p[P.phosphate_threshold] * kept * equations.kept_threshold(signals.pth, p[P.phosphate_pth_share], p[P.phosphate_pth_half]))


def diet(calcium: float = 25.0, phosphate: float = 42.0, magnesium: float = 13.0, acid: float = 55.0) -> dict[str, str]:
    names = ("calcium_intake", "phosphate_intake", "magnesium_intake", "acid_production")
    return {name: f"{value!r} mmol/day" for name, value in zip(names, (calcium, phosphate, magnesium, acid), strict=True)}


def kidneys(filtration: float, **levers: Any) -> dict[str, Any]:
    return {"glomerular_filtration": f"{filtration!r} mL/min", **levers}


def antacid(grams: float, **levers: Any) -> dict[str, Any]:
    return {"calcium_carbonate": f"{grams!r} g/day", **levers}


def vitamin(level: float, **levers: Any) -> dict[str, Any]:
    return {"hydroxyvitamin_d": f"{level!r} nmol/L", **levers}


CKD45 = kidneys(45.0, **diet(22.0, 38.0, acid=52.0))
CKD30 = kidneys(30.0, **diet(21.0, 34.0, acid=50.0))
CKD15 = kidneys(15.0, **diet(20.0, 30.0, 10.0, 46.0))
CKD5 = kidneys(5.0, **diet(18.0, 26.0, 8.0, 42.0))
ADENOMA = {"calcium_set_point": 1.17, "parathyroid_mass": 2}
MILK = kidneys(50.0, **antacid(8.0), calcium_excretion=0.6)
DIALYSED = kidneys(2.0, **diet(20.0, 38.0, 9.0, 60.0))
SESSIONS = {"kind": "haemodialysis"}

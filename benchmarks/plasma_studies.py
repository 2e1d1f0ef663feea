"""For benchmarks/plasma_table.py: what was done in the publications, done to a body; each gives a number for rows of data/body.toml."""

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from plasma_rows import DAY, DIALYSED, LEDGERS, MILK, SESSIONS, STEADY, Rows, at, diet, kidneys, lived, seen, vitamin
from scipy.optimize import brentq

from calcisim.physics import body as equations
from calcisim.physics.body_closure import constants, healthy_state
from calcisim.physics.body_names import F, P, R, S
from calcisim.scenario.body_treatments import Haemodialysis
from calcisim.scenario.fluids import Plasma
from calcisim.simulation.body import Body


def of(quantity: str, levers: Mapping[str, Any], days: float = STEADY) -> Callable[[Rows], float]:
    """The value at the end of so many days."""
    return lambda rows: at(rows, days, levers)[quantity]


def onset(rows: Rows, level: float = 2.75, levers: Mapping[str, Any] = MILK) -> float:
    """Days until total calcium reaches a level; infinite when it does not within a year."""
    days = np.arange(0.0, 365.0, 0.05)
    values, _ = lived(rows, 365.0, levers).look(days * DAY)
    high = values[:, R.calcium] >= level
    return float(days[np.argmax(high)]) if high.any() else math.inf


STOPPED = {"kind": "plasma", "start": "182 day", "calcium_carbonate": "0 g/day", "calcium_excretion": 1}


def _after_antacid(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    days = np.arange(0.0, 60.0, 0.05)
    values, _ = lived(rows, 245.0, MILK, STOPPED).look((182.0 + days) * DAY)
    return days, values


def recovery(rows: Rows) -> float:
    """Days from the end of the antacid to a total calcium of 2.6."""
    days, values = _after_antacid(rows)
    return float(days[np.argmax(values[:, R.calcium] <= 2.6)])


def rebound(rows: Rows) -> float:
    """Highest PTH within 60 days after the antacid [pg/mL]."""
    return float(_after_antacid(rows)[1][:, R.pth].max()) * 9.43e9


def repletion(quantity: str, week: int, rows: Rows) -> float:
    """25-hydroxyvitamin D from 45 to 107 nmol/L: ratio after so many weeks."""
    body = lived(rows, 84.0, vitamin(45.0, burn_in="3 year"), {"kind": "plasma", "hydroxyvitamin_d": "107 nmol/L"})
    first, last = seen(body, 0.0, 7.0 * week)
    return last[quantity] / first[quantity]


def load(quantity: str, more: float, rows: Rows, ratio: bool = False) -> float:
    """Phosphate beside the food for five days [mmol/d]: change, or ratio to health."""
    now, before = at(rows, 5.0, {"phosphate_intake": f"{42.0 + more!r} mmol/day"})[quantity], at(rows, 5.0, {})[quantity]
    return now / before if ratio else now - before


MEAL, RUN_UP = 7.0, 10  # hour of breakfast; days of meals before


def dose(quantity: str, hours: float, rows: Rows, ratio: bool = False) -> float:
    """22.6 mmol of phosphate with breakfast, three meals a day: change to the same day without it after so many hours."""
    time = RUN_UP + (MEAL + hours) / 24.0
    taken = {"kind": "dose", "start": f"{RUN_UP * 24.0 + MEAL!r} h", "phosphate": "22.6 mmol"}
    (now,), (before,) = (seen(lived(rows, RUN_UP + 1.0, {"meals": 3}, *some), time) for some in ((taken,), ()))
    return now[quantity] / before[quantity] if ratio else now[quantity] - before[quantity]


def _day(rows: Rows, meals: int = 3) -> tuple[np.ndarray, np.ndarray]:
    hours = np.arange(0.0, 24.0, 0.1)
    values, _ = lived(rows, RUN_UP + 1.0, {"meals": meals}).look((RUN_UP + hours / 24.0) * DAY)
    return hours, values[:, R.phosphate]


def nadir(rows: Rows) -> float:
    hours, phosphate = _day(rows)
    return float(hours[np.argmin(phosphate)])


def peak(rows: Rows) -> float:
    """Hour of the highest phosphate; the hours after midnight count on from 24."""
    hours, phosphate = _day(rows)
    hour = float(hours[np.argmax(phosphate)])
    return hour + 24.0 if hour < 6.0 else hour


def swing(rows: Rows, meals: int = 3) -> float:
    return float(np.ptp(_day(rows, meals)[1]))


def breakfast(rows: Rows) -> float:
    """Largest rise of phosphate within 4 hours of breakfast."""
    hours, phosphate = _day(rows)
    return float(phosphate[(hours >= MEAL) & (hours <= MEAL + 4.0)].max() - phosphate[np.searchsorted(hours, MEAL - 0.05)])


LACK = {"magnesium_reabsorption": 0.28, "magnesium_intake": "5 mmol/day"}


def restored(rows: Rows) -> float:
    """PTH after 12 hours of 2 mmol of magnesium an hour into a vein, to that before."""
    drip = {"kind": "dose", "route": "intravenous", "every": "1 h", "stop": "12 h", "magnesium": "2 mmol"}
    first, last = seen(lived(rows, 0.5, LACK | {"burn_in": "2 year"}, drip), 0.0, 0.49)
    return last["PTH"] / first["PTH"]


def sulphate(quantity: str, hours: float, rows: Rows, ratio: bool = False) -> float:
    """Magnesium at 2.5 mmol/L by infusion: change, or ratio to health, after so many hours."""
    first = {"kind": "dose", "route": "intravenous", "magnesium": "17 mmol"}
    drip = {"kind": "dose", "route": "intravenous", "start": "0.25 h", "every": "0.25 h", "stop": "4 h", "magnesium": "1.7 mmol"}
    now, before = seen(lived(rows, 0.2, {}, first, drip), hours / 24.0)[0][quantity], at(rows, 0.2, {})[quantity]
    return now / before if ratio else now - before


def clamp(share: float, rows: Rows) -> float:
    """PTH to health when ionised calcium is held at a share of health for two hours: glands and all else as in health."""
    p = constants(dict(rows))
    y = healthy_state(p)

    def ionised(amount: float) -> float:
        y[S.calcium] = amount
        return float(equations.fluid(y, p).ionised)

    y[S.calcium] = brentq(lambda amount: ionised(amount) - share * p[P.healthy_calcium_ionised], 0.3 * y[S.calcium], 3.0 * y[S.calcium])
    slope, flow = np.zeros(len(S)), np.zeros(len(F))
    equations.rates(y, p, slope, flow)
    return float(1.0 + slope[S.pth] / (p[P.pth_turnover] * p[P.healthy_pth]))


CHELATED = {"kind": "plasma", "aluminium": "50 ug/L"}


def chelation(quantity: str, days: float, rows: Rows, ratio: bool = False) -> float:
    """Dialysed, aluminium from 168 to 50 ug/L: change, or ratio, after so many days."""
    start = 728.0
    body = lived(rows, start + 364.0, DIALYSED | {"aluminium": "168 ug/L"}, SESSIONS, CHELATED | {"start": f"{start} day"})
    before, now = seen(body, start, start + days)
    return now[quantity] / before[quantity] if ratio else now[quantity] - before[quantity]


@lru_cache(maxsize=4)
def _week(levers: str, calcium: float, rows: tuple[tuple[str, float], ...]) -> tuple[np.ndarray, Body]:
    """What a week of dialysis gives to the pools [mol] (F), in its second year."""
    plasma = Plasma.model_validate({"driver": "model", **json.loads(levers)})
    treatment = Haemodialysis.model_validate(SESSIONS | {"dialysate_calcium": f"{calcium!r} mmol/L"})
    body = Body(plasma, (treatment,), 371.0 * DAY, dict(rows))
    body.advance(364.0 * DAY)
    before = body.amount.copy()
    body.advance(371.0 * DAY)
    LEDGERS.append(float(body.ledger().max()))
    return body.amount - before, body


def session(account: F, calcium: float, rows: Rows) -> float:
    """What a session gives to the body [mmol], the mean of three."""
    amount, _ = _week(json.dumps(DIALYSED), calcium, tuple(sorted(rows.items())))
    return float(amount[account]) * 1e3 / 3.0


def around(rows: Rows, levers: Mapping[str, Any], day: float, hour: float) -> float:
    """Phosphate in the week of dialysis, on this day (0: Monday) at this hour [mmol/L]."""
    _, body = _week(json.dumps(levers), 1.25, tuple(sorted(rows.items())))
    return seen(body, 364.0 + day + hour / 24.0)[0]["Pi"]


LITTLE = kidneys(2.0, **diet(20.0, 29.0, 9.0, 60.0))  # 900 mg of phosphorus a day


def after_48_hours(rows: Rows) -> float:
    """Phosphate 48 h after the session of Friday to that before it."""
    return around(rows, LITTLE, 6.0, 12.0) / around(rows, LITTLE, 4.0, 8.0)


def binding(rows: Rows) -> float:
    """Change of phosphorus in urine with lanthanum 3 g a day [mg/d]."""
    return (at(rows, STEADY, {"phosphate_binder": "6 g/day"})["UPi"] - at(rows, STEADY, {})["UPi"]) * 30.97


def supplement(quantity: str, rows: Rows, ratio: bool = False) -> float:
    """1.5 g of calcium a day as carbonate at a filtration of 36 for three weeks: change, or ratio."""
    levers = kidneys(36.0, **diet(24.0, 38.0)) | {"burn_in": "3 year"}
    first, last = seen(lived(rows, 21.0, levers, {"kind": "plasma", "calcium_carbonate": "3.75 g/day"}), 0.0, 21.0)
    return last[quantity] / first[quantity] if ratio else last[quantity] - first[quantity]

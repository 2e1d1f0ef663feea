"""For benchmarks/plasma_table.py: published values by subject, and what each change of rows does alone.

A claim that was used to set a number of the model has the role CALIBRATE, one that was not PREDICT; RECALLED comes from memory.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import inf
from typing import Any, NamedTuple

from plasma_rows import (
    ADENOMA,
    ANTACID,
    CKD5,
    CKD15,
    CKD30,
    CKD45,
    COLLOID,
    DIALYSED,
    ERGOCALCIFEROL,
    MILK,
    ORIGINAL,
    OVERDOSE,
    PRESENT,
    STEADY,
    Row,
    Rows,
    antacid,
    at,
    vitamin,
)
from plasma_studies import (
    LACK,
    after_48_hours,
    around,
    binding,
    breakfast,
    chelation,
    clamp,
    dose,
    load,
    nadir,
    of,
    onset,
    peak,
    rebound,
    recovery,
    repletion,
    restored,
    session,
    sulphate,
    supplement,
    swing,
)

from calcisim.physics.body_names import F

CALIBRATE, PREDICT, RECALLED = "calibrate", "predict", "recalled"
UNCHANGED = "our tolerance for 'unchanged'"
FAMILIAL = {"fgf23_production": 0.01}


class Claim(NamedTuple):
    """A published interval and what the model gives for rows of data/body.toml."""

    name: str
    quantity: str
    unit: str
    low: float
    high: float
    role: str
    source: str
    value: Callable[[Rows], float]


def _kidneys_and_glands() -> list[Claim]:
    """Fewer nephrons, and an adenoma of a parathyroid."""
    cric = "isakova2011, n = 3879"
    return [
        Claim("filtration 45", "HCO3", "mmol/L", 22.0, 26.0, CALIBRATE, f"quartiles, {cric}", of("HCO3", CKD45)),
        Claim("filtration 45: normal", "Pi", "mmol/L", 0.8, 1.45, CALIBRATE, cric, of("Pi", CKD45)),
        Claim("filtration 45: normal", "PTH", "pg/mL", 15.0, 65.0, CALIBRATE, cric, of("PTH", CKD45)),
        Claim("filtration 45: markedly raised", "F", "pg/mL", 60.0, inf, CALIBRATE, f"{cric}; 1.5 times health is ours", of("F", CKD45)),
        Claim("filtration 15", "D", "pmol/L", 22.0, 74.0, CALIBRATE, "kendrick2012, mean +- SD", of("D", CKD15)),
        Claim("hyperparathyroidism", "CaT", "mmol/L", 2.57, 2.87, CALIBRATE, "politz2011, mean +- SD", of("CaT", ADENOMA)),
        Claim("hyperparathyroidism", "PTH", "pg/mL", 58.0, 154.0, CALIBRATE, "politz2011, mean +- SD", of("PTH", ADENOMA)),
    ]  # fmt: skip


def _calcium_carbonate() -> list[Claim]:
    """Milk-alkali and supplements."""
    return [
        Claim("milk-alkali, half a year", "CaT", "mmol/L", 3.5, inf, CALIBRATE, "picolos2005, 9 of 11 patients", of("CaT", MILK, 182.0)),
        Claim("milk-alkali, days to 2.75 mmol/L", "CaT", "d", 2.0, 30.0, CALIBRATE, "10.3390/nu5124880, range of a review", onset),
        Claim("10 g Ca/d, healthy kidneys, days to 3.0", "CaT", "d", 0.0, 14.0, PREDICT, "CJASN table of the acute form: about a week",
              partial(onset, level=3.0, levers=antacid(25.0))),
        Claim("after milk-alkali: high PTH", "PTH", "pg/mL", 65.0, inf, PREDICT, "10.1097/00005792-199503000-00004, n = 7", rebound),
        Claim("1.5 g Ca/d, filtration 36: unchanged", "CaT", "mmol/L", -0.05, 0.05, PREDICT, f"10.1038/ki.2012.403, n = 8; {UNCHANGED}",
              partial(supplement, "CaT")),
        Claim("1.5 g Ca/d, filtration 36: unchanged", "PTH", "ratio", 0.85, 1.15, PREDICT, f"10.1038/ki.2012.403, n = 8; {UNCHANGED}",
              partial(supplement, "PTH", ratio=True)),
    ]  # fmt: skip


def _vitamin_d() -> list[Claim]:
    """Intoxication and repletion."""
    two = "araki2011, one patient: calcium +-10 %, hormones +-30 % are ours"
    return [
        Claim("25D 926 nmol/L", "CaT", "mmol/L", 2.77, 3.92, CALIBRATE, "kaur2015, range", of("CaT", vitamin(926.0))),
        Claim("25D 926 nmol/L: not low", "D", "pmol/L", 48.0, inf, PREDICT, "textbook line, second source", of("D", vitamin(926.0))),
        Claim("25D 998 nmol/L: normal calcium", "CaT", "mmol/L", 2.15, 2.55, PREDICT, "araki2011, two patients", of("CaT", vitamin(998.0))),
        Claim("25D 1610 nmol/L", "CaT", "mmol/L", 2.96, 3.62, CALIBRATE, two, of("CaT", vitamin(1610.0))),
        Claim("25D 1610 nmol/L", "D", "pmol/L", 167.0, 309.0, CALIBRATE, two, of("D", vitamin(1610.0))),
        Claim("25D 1610 nmol/L: undetectable", "PTH", "pg/mL", 0.0, 5.0, PREDICT, "araki2011", of("PTH", vitamin(1610.0))),
        Claim("25D 3045 nmol/L", "CaT", "mmol/L", 3.37, 4.11, CALIBRATE, two, of("CaT", vitamin(3045.0))),
        Claim("25D 3045 nmol/L", "D", "pmol/L", 254.0, 367.0, CALIBRATE, "araki2011, two reports of one patient", of("D", vitamin(3045.0))),
        Claim("25D 3045 nmol/L: undetectable", "PTH", "pg/mL", 0.0, 5.0, PREDICT, "araki2011", of("PTH", vitamin(3045.0))),
        Claim("25D 300 nmol/L, rise", "CaT", "mmol/L", -0.03, 0.03, CALIBRATE, "kimball2017, n = 3882",
              lambda rows: at(rows, STEADY, vitamin(300.0))["CaT"] - 2.4),
        Claim("25D 45 to 107 nmol/L, 8 weeks", "F", "ratio", 1.3, 1.5, CALIBRATE, "burnettbowie2012, 1.40; +-0.1 is ours",
              partial(repletion, "F", 8)),
        Claim("25D 45 to 107 nmol/L, 12 weeks", "F", "ratio", 1.4, 1.8, CALIBRATE, "burnettbowie2012, 1.72", partial(repletion, "F", 12)),
        Claim("25D 45 to 107 nmol/L, 12 weeks", "D", "ratio", 1.1, 1.3, PREDICT, "burnettbowie2012, 1.24", partial(repletion, "D", 12)),
        Claim("25D 45 to 107 nmol/L: unchanged", "PTH", "ratio", 0.95, 1.05, PREDICT, f"burnettbowie2012; {UNCHANGED}",
              partial(repletion, "PTH", 12)),
        Claim("25D 45 to 107 nmol/L: unchanged", "Pi", "ratio", 0.95, 1.05, PREDICT, f"burnettbowie2012; {UNCHANGED}",
              partial(repletion, "Pi", 12)),
    ]  # fmt: skip


def _phosphate() -> list[Claim]:
    """Days of phosphate, no FGF23, and a binder."""
    case = "goldenstein2018, one patient: ions +-10 %, hormones +-30 % are ours"
    return [
        Claim("phosphate +65 mmol/d, 5 d: rise", "Pi", "mmol/L", 0.26, 0.39, PREDICT, "silverberg1986, 1.23 to 1.55, +-2 SEM",
              partial(load, "Pi", 65.0)),
        Claim("phosphate +65 mmol/d, 5 d: change", "CaT", "mmol/L", -0.15, -0.05, PREDICT, "silverberg1986, 2.32 to 2.22, +-2 SEM",
              partial(load, "CaT", 65.0)),
        Claim("phosphate +65 mmol/d, 5 d", "PTH", "ratio", 1.25, 1.8, PREDICT, "silverberg1986, 14.1 to 21.5, +-SEM",
              partial(load, "PTH", 65.0, ratio=True)),
        Claim("phosphate +65 mmol/d, 5 d", "F", "ratio", 1.2, 1.5, PREDICT, "burnett2006, +35 +- 29 %, its load not seen",
              partial(load, "F", 65.0, ratio=True)),
        Claim("phosphate +24 mmol/d, 5 d", "F", "ratio", 1.2, 1.5, PREDICT, "10.1007/s00424-024-03046-4 (raised), size of burnett2006",
              partial(load, "F", 24.0, ratio=True)),
        Claim("phosphate +24 mmol/d, 5 d: unchanged", "D", "ratio", 0.9, 1.1, PREDICT, f"10.1007/s00424-024-03046-4; {UNCHANGED}",
              partial(load, "D", 24.0, ratio=True)),
        Claim("phosphate +24 mmol/d, 5 d: unchanged", "PTH", "ratio", 0.9, 1.1, PREDICT, f"10.1007/s00424-024-03046-4; {UNCHANGED}",
              partial(load, "PTH", 24.0, ratio=True)),
        Claim("no FGF23", "Pi", "mmol/L", 2.62, 3.20, CALIBRATE, case, of("Pi", FAMILIAL)),
        Claim("no FGF23", "Ca", "mmol/L", 1.08, 1.32, CALIBRATE, case, of("Ca", FAMILIAL)),
        Claim("no FGF23", "PTH", "pg/mL", 10.5, 19.5, CALIBRATE, case, of("PTH", FAMILIAL)),
        Claim("no FGF23", "D", "pmol/L", 155.0, 287.0, CALIBRATE, case, of("D", FAMILIAL)),
        Claim("lanthanum 3 g/d, change", "UPi", "mg/d", -468.0, -236.0, CALIBRATE, "daugirdas2016, five trials", binding),
    ]  # fmt: skip


def _magnesium_and_aluminium() -> list[Claim]:
    """Lack and excess of magnesium, and aluminium leaving."""
    return [
        Claim("magnesium 0.24 mmol/L", "Mg", "mmol/L", 0.22, 0.26, "input", "what the keys were set to", of("Mg", LACK, 730.0)),
        Claim("magnesium 0.24 mmol/L", "CaT", "mmol/L", 1.5, 1.8, PREDICT, "six case reports", of("CaT", LACK, 730.0)),
        Claim("magnesium 0.24 mmol/L", "PTH", "pg/mL", 9.4, 37.7, PREDICT, "five case reports", of("PTH", LACK, 730.0)),
        Claim("magnesium given, 12 h", "PTH", "ratio", 3.0, 5.6, PREDICT, "one patient, 4.3; +-30 % is ours", restored),
        Claim("magnesium 2.5 mmol/L, 3 h", "Mg", "mmol/L", 2.3, 2.7, "input", "what the doses were set to",
              lambda rows: 0.85 + sulphate("Mg", 3.0, rows)),
        Claim("magnesium 2.5 mmol/L, 3 h: change", "Ca", "mmol/L", -0.16, -0.08, PREDICT, "cholst1984, n = 7, +-SEM",
              partial(sulphate, "Ca", 3.0)),
        Claim("magnesium 2.5 mmol/L, 0.5 h", "PTH", "ratio", 0.47, 0.72, PREDICT, "cholst1984, n = 7, +-SEM",
              partial(sulphate, "PTH", 0.5, ratio=True)),
        Claim("aluminium 168 to 50 ug/L, 8 weeks", "PTH", "ratio", 1.5, 2.2, CALIBRATE, "fernandez1992, n = 29, 1.85; interval is ours",
              partial(chelation, "PTH", 56.0, ratio=True)),
        Claim("aluminium 168 to 50 ug/L, a year", "PTH", "ratio", 1.5, 2.2, CALIBRATE, "fernandez1992, held for a year",
              partial(chelation, "PTH", 364.0, ratio=True)),
        Claim("aluminium 168 to 50 ug/L: unchanged", "CaT", "mmol/L", -0.05, 0.05, CALIBRATE, f"fernandez1992; {UNCHANGED}",
              partial(chelation, "CaT", 56.0)),
    ]  # fmt: skip


def _granulomas_and_clamps() -> list[Claim]:
    """Calcitriol from elsewhere, and ionised calcium held in place."""
    granuloma = {"extrarenal_calcitriol": "1.5 ug/day"}
    return [
        Claim("granulomas", "D", "pmol/L", 62.0, 329.0, CALIBRATE, "papapoulos1979, range; the dose was chosen for it", of("D", granuloma)),
        Claim("granulomas", "CaT", "mmol/L", 2.9, 3.4, PREDICT, "cases of 3.09 to 3.79 mmol/L", of("CaT", granuloma)),
        Claim("granulomas", "PTH", "pg/mL", 0.0, 10.0, PREDICT, "cases", of("PTH", granuloma)),
        Claim("granulomas: normal", "Pi", "mmol/L", 0.8, 1.45, PREDICT, "two patients", of("Pi", granuloma)),
        Claim("ionised calcium 1.33 to 1.57", "PTH", "ratio", 0.06, 0.29, PREDICT, "clamp, n = 12, quartiles", partial(clamp, 1.57 / 1.33)),
        Claim("ionised calcium 1.33 to 1.03", "PTH", "ratio", 3.1, 5.1, PREDICT, "clamp, n = 12, quartiles", partial(clamp, 1.03 / 1.33)),
    ]  # fmt: skip


def _meals() -> list[Claim]:
    """A load of phosphate, a breakfast, the time of day."""
    return [
        Claim("22.6 mmol phosphate, 8 h: rise", "Pi", "mmol/L", 0.1, 0.2, PREDICT, "PMID 34448875, n = 29, 0.15; +-0.05 is ours",
              partial(dose, "Pi", 8.0)),
        Claim("22.6 mmol phosphate, 2 h: higher", "PTH", "ratio", 1.0, inf, PREDICT, "PMID 34448875, area over 8 h",
              partial(dose, "PTH", 2.0, ratio=True)),
        Claim("22.6 mmol phosphate, 8 h: unchanged", "F", "ratio", 0.95, 1.05, PREDICT, f"PMID 34448875; {UNCHANGED}",
              partial(dose, "F", 8.0, ratio=True)),
        Claim("standard breakfast, 4 h: no rise", "Pi", "mmol/L", -0.05, 0.05, PREDICT, f"Isakova et al. 2008, n = 21; {UNCHANGED}",
              breakfast),
        Claim("lowest phosphate of the day", "Pi", "o'clock", 9.0, 13.0, PREDICT, "10.1172/JCI113172, 11:00; +-2 h is ours", nadir),
        Claim("highest phosphate of the day", "Pi", "o'clock", 22.5, 26.5, PREDICT, "10.1172/JCI113172, 0:30; +-2 h is ours", peak),
    ]  # fmt: skip


def _dialysis() -> list[Claim]:
    """What a session takes and gives, and what comes back."""
    return [
        Claim("dialysis: removed per session", "Pi", "mmol", 15.0, 30.0, PREDICT, "Hemodial Int 2012;16(3), n = 165, low flux",
              lambda rows: -session(F.phosphate_dialysed, 1.25, rows)),
        Claim("dialysis, dialysate 1.25: per session", "CaT", "mmol", -25.8, 2.3, PREDICT, "10.1093/ndt/gfp597, n = 23, mean +- SD",
              partial(session, F.calcium_dialysed, 1.25)),
        Claim("dialysis, dialysate 1.5: per session", "CaT", "mmol", -8.8, 11.1, PREDICT, "10.1093/ndt/gfp597, n = 23, mean +- SD",
              partial(session, F.calcium_dialysed, 1.5)),
        Claim("dialysis: 48 h after to before", "Pi", "ratio", 0.83, 1.05, PREDICT, "10.1111/hdi.12999, n = 13, mean +- SD",
              after_48_hours),
    ]  # fmt: skip


def _from_memory() -> list[Claim]:
    """Never looked up."""
    sheet, remnant, free = "the sheet's memory", {"parathyroid_remnant": 0.02}, {"bone_release": "15 mmol/day"}
    return [
        Claim("dialysis: before the session", "Pi", "mmol/L", 1.25, 2.15, RECALLED, "plasma_states table, mean +- SD",
              lambda rows: around(rows, DIALYSED, 0.0, 8.0)),
        Claim("dialysis: after to before", "Pi", "ratio", 0.45, 0.6, RECALLED, "no number seen",
              lambda rows: around(rows, DIALYSED, 0.0, 12.0) / around(rows, DIALYSED, 0.0, 8.0)),
        Claim("phosphate over the day, highest less lowest", "Pi", "mmol/L", 0.3, 0.4, RECALLED, "10.1172/JCI113172", swing),
        Claim("25D 926 nmol/L", "D", "pmol/L", 100.0, 150.0, RECALLED, "second sources", of("D", vitamin(926.0))),
        Claim("milk-alkali, days from its end to 2.6", "CaT", "d", 1.0, 5.0, RECALLED, "no series found", recovery),
        Claim("no FGF23, series", "Pi", "mmol/L", 1.8, 3.0, RECALLED, "no series seen", of("Pi", FAMILIAL)),
        Claim("filtration 30", "Pi", "mmol/L", 1.16, 1.28, RECALLED, f"{sheet}: 1.22", of("Pi", CKD30)),
        Claim("filtration 30", "PTH", "pg/mL", 68.0, 92.0, RECALLED, f"{sheet}: about 80", of("PTH", CKD30)),
        Claim("filtration 15", "Pi", "mmol/L", 1.35, 1.55, RECALLED, f"{sheet}: about 1.45", of("Pi", CKD15)),
        Claim("filtration 15", "PTH", "pg/mL", 128.0, 172.0, RECALLED, f"{sheet}: about 150", of("PTH", CKD15)),
        Claim("filtration 5", "CaT", "mmol/L", 2.1, 2.26, RECALLED, f"{sheet}: 2.18", of("CaT", CKD5)),
        Claim("filtration 5", "Pi", "mmol/L", 1.8, 2.4, RECALLED, f"{sheet}: 2.1", of("Pi", CKD5)),
        Claim("2 % of the parathyroids", "CaT", "mmol/L", 1.75, 1.95, RECALLED, f"{sheet}: about 1.85", of("CaT", remnant)),
        Claim("2 % of the parathyroids", "Pi", "mmol/L", 1.5, 1.7, RECALLED, f"{sheet}: about 1.6", of("Pi", remnant)),
        Claim("antacid 4 g, health", "CaT", "mmol/L", 2.4, 2.5, RECALLED, f"{sheet}: at most 2.5", of("CaT", antacid(4.0))),
        Claim("five times the FGF23", "Pi", "mmol/L", 0.65, 0.75, RECALLED, f"{sheet}: about 0.7", of("Pi", {"fgf23_production": 5})),
        Claim("calcium set free, 15 mmol/d", "CaT", "mmol/L", 3.0, 3.2, RECALLED, f"{sheet}: about 3.1", of("CaT", free)),
    ]  # fmt: skip


def claims() -> list[Claim]:
    """Published intervals, those from memory last."""
    subjects = (
        _kidneys_and_glands, _calcium_carbonate, _vitamin_d, _phosphate, _magnesium_and_aluminium, _granulomas_and_clamps, _meals,
        _dialysis, _from_memory,
    )  # fmt: skip
    return [claim for subject in subjects for claim in subject()]


def literature() -> Iterator[Row]:
    """Every published interval with ORIGINAL and with the rows as they are."""
    for one in claims():
        before, got = float(one.value(ORIGINAL)), float(one.value(PRESENT))
        counts = one.role in (CALIBRATE, PREDICT)
        passed_before, passed = ((one.low <= value <= one.high) if counts else None for value in (before, got))
        yield Row(
            "literature", one.name, one.quantity, one.unit, before, got, None, one.low, one.high if one.high < inf else None,
            passed_before=passed_before, passed=passed, role=one.role, source=one.source,
        )  # fmt: skip


# --- improvements -----------------------------------------------------------------------------------------------------------------------

NO_POOL = {"gut_absorption_rate": 100.0 / 3600.0}  # 1/s: what is swallowed is absorbed within a minute
Change = tuple[str, str, str, Callable[[Rows], float]]  # row, quantity, unit, value


def _improvements() -> list[tuple[str, Rows, Rows, list[Change]]]:
    """Name, rows before and after it, and the lines it touches."""
    without = {name: {key: value for key, value in ORIGINAL.items() if key not in rows} for name, rows in
               (("antacid", ANTACID), ("overdose", OVERDOSE), ("fgf23", ERGOCALCIFEROL), ("colloid", COLLOID))}  # fmt: skip
    overdose: list[Change] = [
        (f"25D {level} nmol/L", quantity, unit, of(quantity, vitamin(float(level))))
        for level in (300, 926, 1610, 3045)
        for quantity, unit in (("CaT", "mmol/L"), ("D", "pmol/L"), ("F", "pg/mL"))
    ]
    plasmas: list[tuple[str, dict[str, Any]]] = [
        ("health", {}), ("hyperparathyroidism", ADENOMA), ("milk-alkali", MILK), ("filtration 5", CKD5),
        ("no FGF23", {"fgf23_production": 0.01}),
    ]  # fmt: skip
    return [
        ("milk-alkali onset", ORIGINAL, without["antacid"], [
            ("days to 2.75 mmol/L", "CaT", "d", onset),
            *((f"after {days} d", "CaT", "mmol/L", of("CaT", MILK, float(days))) for days in (7, 14, 30, 182)),
            ("after 182 d", "HCO3", "mmol/L", of("HCO3", MILK, 182.0)), ("after 182 d", "GFR", "mL/min", of("GFR", MILK, 182.0)),
            ("days from its end to 2.6 mmol/L", "CaT", "d", recovery),
            ("hyperparathyroidism", "CaT", "mmol/L", of("CaT", ADENOMA)), ("filtration 15", "CaT", "mmol/L", of("CaT", CKD15)),
            ("magnesium 0.24 mmol/L", "CaT", "mmol/L", of("CaT", LACK, 730.0)),
        ]),
        ("vitamin D overdose", ORIGINAL, without["overdose"], overdose),
        ("FGF23 and 25D", ORIGINAL, without["fgf23"], [
            *((f"25D 45 to 107 nmol/L, {week} weeks", quantity, "ratio", partial(repletion, quantity, week))
              for week in (8, 12) for quantity in ("F", "D", "PTH", "Pi")),
            ("25D 926 nmol/L", "F", "pg/mL", of("F", vitamin(926.0))), ("25D 926 nmol/L", "Pi", "mmol/L", of("Pi", vitamin(926.0))),
            ("25D 926 nmol/L", "CaT", "mmol/L", of("CaT", vitamin(926.0))),
        ]),
        ("colloid", ORIGINAL, without["colloid"], [
            (name, quantity, unit, of(quantity, levers)) for name, levers in plasmas
            for quantity, unit in (("colloid", "umol/L"), ("CaT", "mmol/L"), ("Pi", "mmol/L"))
        ]),
        ("meals: two gut pools", ORIGINAL | NO_POOL, ORIGINAL, [
            *((f"22.6 mmol phosphate, rise at {hours} h", "Pi", "mmol/L", partial(dose, "Pi", float(hours))) for hours in (1, 2, 4, 8)),
            ("three meals: highest less lowest", "Pi", "mmol/L", swing), ("three meals: lowest at", "Pi", "o'clock", nadir),
            ("three meals: highest at", "Pi", "o'clock", peak), ("breakfast, largest rise in 4 h", "Pi", "mmol/L", breakfast),
        ]),
    ]  # fmt: skip


def improvements() -> Iterator[Row]:
    """Each change of rows alone, from ORIGINAL."""
    for name, before, after, lines in _improvements():
        for row, quantity, unit, value in lines:
            yield Row("improvement", f"{name}: {row}", quantity, unit, float(value(before)), float(value(after)))

"""Run every shipped scenario and put its picture into docs/gallery: `python docs/gallery.py [--only NAME ...] [--out DIR] [--jobs N]`.

A scenario that `calcisim list` puts at up to 70 s is run in full, of a longer one the first days, and its caption says so. What was made
with the same scenario, model and figures is kept; index.md is written from all that is there. The same program makes the same bytes.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import re
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FULL_SECONDS = 70.0
PART_SECONDS = 35.0  # of a longer one so much is run, by the same estimate
ROUND_DAYS = 30.0  # to which its days are rounded down
WIDTH, COLOURS = 1400, 255
MADE = "made.json"  # name -> hash of what it was made from, pictures, numbers
CONDITIONS = {
    "dystrophic": ("Dystrophic: injured tissue in ordinary plasma", "Implants, dead muscle, injuries, autoimmune disease and devices."),
    "metastatic": ("Metastatic: ordinary tissue in sick plasma", "Kidney disease, too much calcium, too much phosphate."),
    "tumoral": ("Tumoral masses", "Lobulated masses about joints, with and without treatment."),
    "healthy": ("Health", "The controls: what is left alone stays free of mineral, or nearly."),
    "invitro": ("Test tubes", "Media and serum without a body."),
}
_SOLID = re.compile(r"^deposit-")  # names of pictures of a deposit in three dimensions, one per site


def shrink(source: Path, target: Path) -> None:
    """A picture at most WIDTH wide with a palette: a fifth of the bytes, and nothing that the eye misses."""
    from PIL import Image

    with Image.open(source) as opened:
        picture = opened.convert("RGBA")
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A"))
    if flat.width > WIDTH:
        flat = flat.resize((WIDTH, round(flat.height * WIDTH / flat.width)), Image.Resampling.LANCZOS)
    small = flat.quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    target.parent.mkdir(parents=True, exist_ok=True)
    small.save(target, optimize=True)


def fingerprint(name: str, days: float) -> str:
    """Hash of what a picture follows from: the resolved scenario, the model with its data, and the code that draws."""
    from calcisim import jit, results, scenario

    parts = [scenario.dump(scenario.load(name)), jit.source_hash(), jit.data_hash()]
    parts += [path.read_text(encoding="utf-8") for path in sorted(Path(results.__file__).parent.rglob("*.py"))]
    return hashlib.sha256("\0".join([*parts, f"{WIDTH} {COLOURS} {days}"]).encode()).hexdigest()[:16]


def make(job: tuple[str, float, str, Path]) -> tuple[str, dict[str, Any]]:
    """Run one scenario in a temporary directory and keep its pictures; returns its entry."""
    import warnings

    import calcisim as cs

    name, days, key, folder = job
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place:
        run = cs.run(name, days=days, threads=1, out=Path(place) / "run")
        drawn = run.plot()
        chosen = [drawn[0], *(path for path in drawn[1:] if _SOLID.match(path.stem))][:2]
        pictures = [f"{name.replace('/', '-')}{'-solid' if number else ''}.png" for number in range(len(chosen))]
        for path, target in zip(chosen, pictures, strict=True):
            shrink(path, folder / target)
        found = run.summary or {}
    numbers = {key: found[key] for key in ("deposit_calcium_mg", "calcium_ug_per_mg_dry") if found.get(key) is not None}
    numbers = {key: float(f"{value:.4g}") for key, value in numbers.items()}
    return name, {"hash": key, "days": found["days"], "pictures": pictures, **numbers}


def deposit(entry: dict[str, Any]) -> str:
    """The one number of a scenario in words."""
    if "deposit_calcium_mg" not in entry:
        return "no tissue, so no deposit"
    amount, dry = entry["deposit_calcium_mg"], entry.get("calcium_ug_per_mg_dry")
    text = f"{amount:.3g} mg of calcium" if amount >= 1e-6 else "less than 1e-6 mg of calcium"
    return text + (f", {dry:.3g} µg per mg of dry tissue" if dry is not None and dry >= 0.01 else "")


def index(rows: list[dict[str, Any]], made: dict[str, dict[str, Any]]) -> str:
    """The page: by condition, picture, title, deposit and command."""
    parts = [
        "# Gallery\n",
        "Every scenario that comes with calcisim, with the first picture that it draws. Written by `make gallery`; what the figures show "
        "is explained in the [tutorial](../tutorial/2-figures.md). Of a scenario that takes more than a minute or two the first days stand "
        "here, and the caption says how many. For research; not for clinical decisions.\n",
    ]
    others = [c for c in dict.fromkeys(row["condition"] for row in rows) if c not in CONDITIONS]
    for condition in [*CONDITIONS, *others]:
        mine = [row for row in rows if row["condition"] == condition and row["name"] in made]
        if mine:
            title, text = CONDITIONS.get(condition, (condition.capitalize(), ""))
            parts += [f"## {title}\n", f"{text}\n", *(entry(row, made[row["name"]]) for row in mine)]
    return "\n".join(parts)


def entry(row: dict[str, Any], one: dict[str, Any]) -> str:
    """One scenario of the page."""
    part = one["days"] < row["days"]
    command = f"calcisim run {row['name']}" + (f" --days {one['days']:g}" if part else "")
    note = f" These are the first of {row['days']:g} days." if part else ""
    images = [f"```{{image}} {picture}\n:alt: {row['title']}\n:loading: lazy\n```\n" for picture in one["pictures"]]
    return "\n".join([f"### {row['title']}\n", *images, f"After {one['days']:g} days: {deposit(one)}.{note}\n", f"```\n{command}\n```\n"])


def main() -> None:
    """Make what is asked for and not there, then the page."""
    from calcisim.studies import catalogue

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--out", type=Path, default=HERE / "gallery")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    rows = catalogue.rows()
    if unknown := set(asked.only) - {row["name"] for row in rows}:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    asked.out.mkdir(parents=True, exist_ok=True)
    book = asked.out / MADE
    made = json.loads(book.read_text(encoding="utf-8")) if book.exists() else {}
    made = {row["name"]: made[row["name"]] for row in rows if row["name"] in made}
    jobs = []
    for row in sorted(rows, key=lambda row: -row["seconds"]):
        days = row["days"]
        if row["seconds"] > FULL_SECONDS:
            days = days * PART_SECONDS / row["seconds"] // ROUND_DAYS * ROUND_DAYS
        key = fingerprint(row["name"], days)
        if (not asked.only or row["name"] in asked.only) and made.get(row["name"], {}).get("hash") != key:
            jobs.append((row["name"], days, key, asked.out))
    os.environ["OMP_NUM_THREADS"] = "1"
    with multiprocessing.get_context("spawn").Pool(max(1, min(asked.jobs, len(jobs)))) as pool:
        for number, (name, found) in enumerate(pool.imap_unordered(make, jobs), 1):
            made[name] = found
            book.write_text(json.dumps({row["name"]: made[row["name"]] for row in rows if row["name"] in made}, indent=1) + "\n", "utf-8")
            print(f"{number} of {len(jobs)}: {name}", flush=True)
    named = {picture for one in made.values() for picture in one["pictures"]}
    for path in asked.out.glob("*.png"):
        if path.name not in named:
            path.unlink()
    (asked.out / "index.md").write_text(index(rows, made), encoding="utf-8")
    size = sum(path.stat().st_size for path in asked.out.glob("*.png"))
    print(f"{len(made)} of {len(rows)} scenarios, {size / 1e6:.2f} MB: {asked.out / 'index.md'}")


if __name__ == "__main__":
    main()

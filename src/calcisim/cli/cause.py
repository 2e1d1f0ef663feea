"""The command that asks for the cause of a calcification: no logic."""

from calcisim.cli.app import Json, Name, Quick, Quiet, Sets, app, print_json, quietly, say


@app.command()
def classify(name: Name, sets: Sets = None, quick: Quick = False, as_json: Json = False, quiet: Quiet = False) -> None:
    """What caused the calcification: metastatic, dystrophic, mixed, tumoral or none, from runs without the cause."""
    from calcisim.studies import classify as study

    found = study.classify(name, tuple(sets or ()), quick, quietly if quiet else say)
    if as_json:
        print_json(found)
    else:
        print(study.report(found))

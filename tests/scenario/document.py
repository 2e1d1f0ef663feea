"""A small good scenario and what can be added to it: the tests of files change one thing in it at a time."""

GOOD = """title = "good"
duration = "10 day"
[plasma]
calcium = "2.4 mmol/L"
phosphate = "1.1 mmol/L"
[[site]]
name = "a"
tissue = "dermis"
[site.grid]
shape = [10]
spacing = "0.1 mm"
depth = "1 mm"
[[site.region]]
name = "core"
shape = "slab"
low = "0.2 mm"
high = "0.5 mm"
material = "cusp-fixed"
assay = true
[[output]]
every = "1 day"
"""
EVENT = '[[event]]\nkind = "excise"\nsite = "a"\nat = "2 day"\nregion = "core"\n'
EXPOSE = '[[event]]\nkind = "expose"\nsite = "a"\nat = "2 day"\nfraction = 0.1\ns = 0.7\n'
DRUG = '[[treatment]]\nkind = "local-inhibitor"\nsite = "a"\nconcentration = "0.1 mmol/L"\n'
POINT = '[[reference]]\nobservable = "calcium_ug_per_mg_dry"\ntime = "3 day"\nvalue = 40\nsource = "levy1983"\n'
CHANGE = '[[event]]\nkind = "change-medium"\nsite = "a"\nat = "2 day"\n'
TUBE = 'kind = "invitro"\n' + GOOD.replace("[plasma]", "[medium]")

# The plasma of severe kidney disease, as metastatic/ckd-constant has it.
URAEMIC = """[plasma]
calcium_ionised = "1.30 mmol/L"
phosphate = "2.6 mmol/L"
magnesium = "0.9 mmol/L"
bicarbonate = "21 mmol/L"
ph = 7.38
"""

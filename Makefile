# Two commands for a new user: `make demo` and `make test`. Everything lives in .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS ?= constraints.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install --constraint $(CONSTRAINTS)
export PIP_NO_INPUT := 1

.PHONY: demo test lint push campaign coverage boundscheck docs gallery clean

demo: $(VENV)/core.stamp  ## run the implant scenario and say where the picture is
	@$(BIN)/calcisim run dystrophic/subdermal-cusp
	@echo "Open the picture named above; 'calcisim plot RUN' draws it again."

test: $(VENV)/test.stamp  ## all tests, after compiling the kernels once
	@$(BIN)/calcisim warmup
	@$(BIN)/python -m pytest -m "not push" -ra

lint: $(VENV)/test.stamp  ## style, types and the floors
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

push: $(VENV)/test.stamp  ## the reliability campaign that runs before every push
	@$(BIN)/calcisim warmup
	@$(BIN)/python -m pytest -m push -ra

campaign: $(VENV)/test.stamp  ## the long form of every row of the reliability table, some hours; goes on where it was stopped
	@$(BIN)/calcisim warmup
	@$(BIN)/python tests/campaign/long.py
	@$(BIN)/python docs/reliability.py

coverage: $(VENV)/test.stamp  ## lines of physics/ and numerics/ that tests go through without the compiler: 90 % or more
	@$(BIN)/python tests/nojit/measure.py

boundscheck: $(VENV)/test.stamp  ## short runs with every index checked, in a kernel cache of their own
	@$(BIN)/python -m pytest -m push tests/campaign -k B1 -ra

docs: $(VENV)/docs.stamp  ## the site, into docs/_build/html: tutorial, how-to, gallery, all equations and parameters; no warning passes
	@$(BIN)/python docs/reference.py > /dev/null
	@$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

gallery: $(VENV)/docs.stamp  ## run every shipped scenario and draw it for docs/gallery; what has not changed is kept
	@$(BIN)/calcisim warmup
	@$(BIN)/python docs/gallery.py

clean:  ## remove what make and the tools made here, never run directories
	rm -rf $(VENV) dist build docs/_build docs/reference/*.md .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/core.stamp: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit("calcisim needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "installing calcisim and its core dependencies into $(VENV), once"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/core.stamp
	@echo "installing the tools for tests into $(VENV), once"
	@$(PIP) --editable '.[test]'
	@touch $@

$(VENV)/docs.stamp: $(VENV)/core.stamp
	@echo "installing the tools for the site into $(VENV), once"
	@$(PIP) --editable '.[docs]'
	@touch $@

# make demo: set up and denoise the built-in pictures. make test: set up and run every check.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test setup clean

demo: .venv/.ready
	$(BIN)/python cli.py demo --output demo

test: .venv/.ready
	$(BIN)/ruff check restore tests benchmarks cli.py
	$(BIN)/ruff format --check restore tests benchmarks cli.py
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "restore needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[dev]" -c constraints.txt
# by itself: it asks for torchvision, which has no wheel on PyPI for the CPU's torch; tests compare with its layers alone
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps timm -c constraints.txt
	touch .venv/.ready

clean:
	rm -rf .venv demo runs

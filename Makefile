# Two commands: `make repro` and `make test`. Both build what they need in .venv and change nothing elsewhere.
SHELL := /bin/sh
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)

# What the environment says of other Pythons, other places for packages and other windows does not count here.
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH PIP_PREFIX PIP_ROOT PIP_TARGET MPLBACKEND
export PIP_USER := 0

# An environment does not survive a move of its folder or an upgrade of its Python, and another PYTHON wants another
# one: it is built anew.
ifneq ("$(shell .venv/bin/python -Ic 'import pip' 2>/dev/null && sed -n 1p .venv/python 2>/dev/null)","$(CURDIR)")
STALE := stale
else ifeq ("$(origin PYTHON)","command line")
ifneq ("$(shell sed -n 2p .venv/python 2>/dev/null)","$(PYTHON)")
STALE := stale
endif
endif

.PHONY: help repro test test-slow lesson lesson-test check doctor record verify bench predict lint format lock clean stale

help:  ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]*:.*## / {printf "%-11s %s\n", $$1, $$2}' Makefile

repro: .venv/repro check  ## Download, preprocess, train, evaluate, plot, export; then show the metrics
	@dvc repro
	@dvc metrics show
	@python -m commands.summary

test: .venv/dev  ## Run every test that is not marked slow
	@python -m pytest

test-slow: .venv/dev  ## Run the tests marked slow
	@python -m pytest -m slow

lesson: .venv/lesson  ## Open the notebooks of docs/lesson in JupyterLab (OPTIONS="--no-browser")
	@dvc repro preprocess
	@jupyter lab --notebook-dir=. $(OPTIONS) docs/lesson/1_linear_classifier.ipynb

lesson-test: .venv/dev .venv/lesson  ## Run the notebooks of docs/lesson and compare their outputs
	@dvc repro preprocess
	@python -m pytest -m "slow or not slow" tests/lesson

check: .venv/repro  ## Validate params.yaml
	@python -m commands.check

doctor: .venv/repro  ## Say what is wrong with this checkout; FIX=1 fixes it
	@python -m commands.doctor $(if $(FIX),--fix)

record: .venv/repro  ## Write environment.json: in which environment dvc.lock was made
	@python -m commands.verify.record

verify: .venv/repro  ## Run a clean clone, compare every hash with dvc.lock (KEEP=FOLDER leaves the clone there)
	@python -m commands.verify $(if $(KEEP),--keep "$(KEEP)")

predict: .venv/repro  ## Read the digits in pictures (FILES="a.jpg b.png", OPTIONS="--json")
	@python -m commands.predict $(OPTIONS) $(FILES)

lint: .venv/dev  ## Ruff and mypy
	@ruff check
	@ruff format --check
	@mypy

bench: .venv-bench/ready  ## Measure beside PyTorch and JAX, what decides, in at most 15 minutes; FULL=1 for everything
	@.venv-bench/bin/python -m benchmarks.measure $(if $(FULL),--full)
	@.venv-bench/bin/python -m benchmarks.report

format: .venv/dev  ## Format the code
	@ruff check --fix
	@ruff format

COMPILE = uv pip compile pyproject.toml --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"

lock: .venv/dev  ## Resolve the locked versions anew (UPGRADE=--upgrade takes newer ones)
	@$(COMPILE) $(UPGRADE) --extra dev --output-file requirements-dev.lock
	@$(COMPILE) $(UPGRADE) --constraint requirements-dev.lock --output-file requirements.lock
	@$(COMPILE) $(UPGRADE) --constraint requirements-dev.lock --extra lesson --output-file requirements-lesson.lock
	@echo "The versions decide the bytes: run 'dvc repro --force' and commit dvc.lock with the lock files."

clean:  ## Remove the environment and what the tools have cached
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache dvc_plots
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip checks every file against the hashes of the lock file. One dependency of DVC is published as source only:
# setuptools is installed first, from the same lock file, so that nothing unlocked takes part in its build.
INSTALL = python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation

# Of two makes at once the second waits, and finds the environment built. The lock ends with the process that builds.
define LOCKED
import fcntl, os, sys
lock = os.open("Makefile", os.O_RDWR)
os.set_inheritable(lock, True)
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Another make builds the environment in .venv; waiting for it", flush=True)
    fcntl.flock(lock, fcntl.LOCK_EX)
os.execvp(sys.argv[1], sys.argv[1:])
endef
export LOCKED

ifndef VENV_LOCKED
.venv/repro: requirements.lock $(STALE)
.venv/dev: requirements-dev.lock .venv/repro
.venv/lesson: requirements-lesson.lock .venv/repro
.venv/repro .venv/dev .venv/lesson:
	@command -v "$(PYTHON)" >/dev/null || { echo "make: $(PYTHON) is not installed; Python 3.11 or later is needed (make PYTHON=/path/to/python3)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "make: Python 3.11 or later is needed, $(PYTHON) is %d.%d (make PYTHON=/path/to/python3)" % v[:2])'
	@"$(PYTHON)" -c "$$LOCKED" $(MAKE) --silent VENV_LOCKED=1 $@
else
$(if $(STALE),$(shell rm -f .venv/python .venv/repro .venv/dev .venv/lesson))
.venv/python:
	@echo "Building the environment in .venv (a minute or two, once)"
	@"$(PYTHON)" -m venv --clear .venv
	@awk '/^[a-z]/ {wanted = /^setuptools==/} wanted' requirements.lock > .venv/setuptools.lock
	@$(INSTALL) --only-binary :all: -r .venv/setuptools.lock
	@printf '%s\n%s\n' "$(CURDIR)" "$(PYTHON)" > $@

.venv/repro: requirements.lock | .venv/python
	@$(INSTALL) -r requirements.lock
	@touch $@

.venv/dev: requirements-dev.lock .venv/repro
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

.venv/lesson: requirements-lesson.lock .venv/repro
	@$(INSTALL) -r requirements-lesson.lock
	@touch $@
endif

$(shell .venv-bench/bin/python -Ic 'import pip' 2>/dev/null || rm -f .venv-bench/ready)
# An index that has a build of PyTorch for the CPU gives that; others give a larger one with libraries for a GPU.
.venv-bench/ready: benchmarks/requirements.txt
	@"$(PYTHON)" -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@.venv-bench/bin/python -c 'import torch; print("PyTorch", torch.__version__, "CUDA build" if torch.version.cuda else "CPU build")'
	@touch $@

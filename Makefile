# What a contributor runs. Needs Python >= 3.11 and make; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BACKEND := .venv-backend
MCP := .venv-mcp
BACKEND_STAMP := $(BACKEND)/.installed
LOCKS := requirements/dev.txt
# Makes the package importable in a virtual environment.
PTH := import pathlib, site; pathlib.Path(site.getsitepackages()[0], "authmint.pth").write_text(str(pathlib.Path("layers/core/python").resolve()))
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help clients run test check bench cost pictures format lock setup layer clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: $(STAMP) $(BACKEND_STAMP)  ## install the pinned dependencies into .venv

$(STAMP): $(LOCKS) Makefile
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "authmint needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/python -c '$(PTH)'
	printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m authmint.cli "$$@"\n' > $(BIN)/authmint
	chmod +x $(BIN)/authmint
	touch $@

# The emulator pins its own botocore, hence a virtual environment of its own.
$(BACKEND_STAMP): requirements/backend.txt
	$(PYTHON) -m venv $(BACKEND)
	$(BACKEND)/bin/pip install --quiet --require-hashes --no-deps -r requirements/backend.txt
	touch $@

clients:  ## install what tests that sign in with other people's clients need: Node packages, the MCP SDK, Chromium (Debian, as root)
	if command -v npm > /dev/null; then npm ci --silent --no-audit --no-fund --prefix tests/clients; \
	else echo "no npm: the tests with Node packages are skipped" >&2; fi
	$(PYTHON) -m venv $(MCP)
	$(MCP)/bin/pip install --quiet --require-hashes --no-deps -r requirements/mcp.txt
	$(MCP)/bin/python -c '$(PTH)'
	if [ -x /usr/bin/chromium ] || [ -n "$(AUTHMINT_CHROMIUM)" ]; then :; \
	elif command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium > /dev/null; \
	else echo "no Chromium (AUTHMINT_CHROMIUM says where one is): the tests in a browser are skipped" >&2; fi

run: setup  ## serve authmint on this machine, offline
	exec $(BIN)/authmint dev

test: setup  ## every test, in parallel and in random order (PYTEST= for more options)
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST)

check: setup  ## format, lint, types, import contracts, template
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint template.yaml template-edge.yaml

bench: setup  ## measure; prints ratios and whether the bars are met
	$(BIN)/python -m tests.benchmarks.bench

cost: setup  ## compute the price of a million requests per route
	$(BIN)/python -m tests.benchmarks.cost

pictures: setup  ## every page of the console as a picture, in ./pictures (another place: TO=)
	$(BIN)/python -m tests.pictures $(TO)

format: $(STAMP)  ## rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## resolve requirements/*.in anew (needs uv on PATH)
	for name in runtime local dev backend sam mcp; do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header requirements/$$name.in -o requirements/$$name.txt; done
	cp requirements/runtime.txt layers/core/requirements.txt

layer:  ## build the Lambda layer into .build/layer without SAM (needs Python 3.13 for bytecode: PYTHON=)
	rm -rf .build/layer
	$(MAKE) -C layers/core build-CoreLayer ARTIFACTS_DIR="$(CURDIR)/.build/layer" PYTHON="$(PYTHON)"

clean:  ## remove what the commands above made
	rm -rf $(VENV) $(BACKEND) $(MCP) .build .aws-sam dist

# Jingwei 经纬. `make help` lists the targets; each is idempotent and says what it does.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SIZE ?= full
# Files of tests that run side by side.
JOBS ?= 2
# In the order of their names: the longest, of access and of the browser, begin, and short ones fill up at the end.
SPREAD := --dist loadfile --no-loadscope-reorder
# DATABASE_URL set: your own PostGIS serves instead of the embedded one, so PostgreSQL is not installed here.
DATABASE_PACKAGES := $(if $(DATABASE_URL),,postgis)
# Programs are compiled once, not at each of their starts.
unexport PYTHONDONTWRITEBYTECODE
say = @printf '\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help demo test coverage lint format serve stop screenshots notebooks locks clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: .venv/ready static/vendor/.ready ## Set everything up, build the demo city and serve it (SIZE=small for a quick one)
	$(call say,Demo city)
	@$(BIN)/jingwei demo --size $(SIZE)

serve: .venv/ready static/vendor/.ready ## Serve what is in the database
	@$(BIN)/jingwei serve

stop: .venv/ready ## Stop the embedded database
	@$(BIN)/jingwei db stop

test: .venv/ready-dev static/vendor/.ready ## Set everything up and run the whole suite, Chromium too
	$(call say,Tests)
	@$(BIN)/pytest --numprocesses $(JOBS) $(SPREAD) $(ARGS)

coverage: .venv/ready-dev static/vendor/.ready ## The whole suite once more, telling which lines no test runs
	@$(BIN)/pytest --numprocesses $(JOBS) $(SPREAD) --cov --cov-report=term $(ARGS)

lint: .venv/ready-dev ## Ruff, mypy --strict, import contracts, spelling
	$(call say,Linters)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell

format: .venv/ready-dev ## Sort imports and lay out the code
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

screenshots: .venv/ready-dev static/vendor/.ready ## Take the README's screenshots from the demo city
	@$(BIN)/python docs/take_screenshots.py

notebooks: .venv/ready-dev ## Run the notebooks of docs/ anew (ADDRESS and TOKEN of a running server in the environment)
	@$(BIN)/python docs/make_notebooks.py

locks: .venv/ready-dev ## Write the lock files anew
	@$(BIN)/pip install --quiet uv
	@for extra in "" dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-strip-extras --no-emit-index-url --no-emit-find-links $${extra:+--extra $$extra} pyproject.toml \
	    -o requirements$${extra:+-$$extra}.lock; done
	@npm install --package-lock-only --ignore-scripts

clean: ## Remove what was built here; databases stay
	@rm -rf .venv node_modules static/vendor .coverage* .pytest_cache .mypy_cache .ruff_cache

.venv/ready: requirements.lock pyproject.toml $(wildcard gis_app/web/translations/*/LC_MESSAGES/*.po)
	$(call say,System packages)
	@.ci/system-packages venv font $(DATABASE_PACKAGES)
	$(call say,Python environment)
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv
	@[ -e .venv/ready-dev ] || $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/pybabel --quiet compile -d gis_app/web/translations 2>/dev/null
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(call say,Packages for tests)
	@.ci/system-packages chromium
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

static/vendor/.ready: package-lock.json gis_app/rendering/folium_assets.json .venv/ready
	$(call say,Browser assets)
	@command -v npm >/dev/null || [ -x $(BIN)/npm ] || { echo "Node.js is missing: taking it from PyPI"; \
	  $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.lock; }
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(BIN)/python -m gis_app.rendering.assets
	@touch $@

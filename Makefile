# Everything one does with a checkout. Each target sets up first what it needs; nothing is to be installed by hand.

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench lock wheel package screenshots translations clean

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PY := $(BIN)/python
CODE := agent tray resources tests installers

help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: ## the system packages, .venv and all that is locked in it; quick when done before
	@sh installers/linux/dev-setup.sh

demo: setup ## back up sample pictures to a stand-in server (DEMO_ARGS="--keep DIR" and the like)
	@$(PY) -m tests.fakes.immich --run '$(BIN)/safelight demo --immich {url} --api-key-stdin $(DEMO_ARGS)'

test: setup ## the usual tests (TEST_ARGS="-m slow" and the like)
	@$(PY) -m pytest $(TEST_ARGS)

check: setup ## format, lint, types for three systems, the layers, the rules of the house
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@set -e; for system in linux darwin; do \
	    $(PY) -m mypy --no-error-summary --platform $$system --cache-dir .mypy_cache/$$system $(CODE); done
# Whole agents are driven, and what processes cost is read, as POSIX has it: those tests and benches run there alone.
	@$(PY) -m mypy --no-error-summary --platform win32 --cache-dir .mypy_cache/win32 \
	    --exclude '^tests/(bench|seam|scenarios)/' $(CODE)
	@said=$$($(BIN)/lint-imports) || { echo "$$said"; exit 1; }
	@$(PY) -m pytest -q tests/test_architecture.py

bench: setup ## measure, and print ratios to the peers
	@$(PY) -m tests.bench $(BENCH_ARGS)

screenshots: setup ## draw every page and state of the tray into pictures, and those of README.md anew
	@$(PY) -m tests.screenshots $(SCREENSHOTS_ARGS)
	@$(PY) -m tests.readme_pictures

translations: setup ## collect the texts anew, bring the translations up to date and compile them
	@$(PY) -m installers.translations

lock: setup ## lock anew what pyproject.toml asks for, with hashes and without addresses
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11 \
	    pyproject.toml --extra tray --group dev --output-file requirements.lock

wheel: setup ## build dist/safelight-VERSION-py3-none-any.whl
	@$(PY) -m build --wheel --no-isolation

package: setup wheel ## build into dist/ every installer that can be built on this system
	@$(PY) -m installers.bundle
ifeq ($(OS),Windows_NT)
	@$(PY) -m installers.windows.package
else
	@if [ "$$(uname -s)" = Darwin ]; then installers/macos/package.sh; else $(PY) -m installers.linux.package; fi
endif

clean: ## remove what was made, .venv too
	@rm -rf .venv build dist tests/peers/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	@find resources/locale -name '*.mo' -delete 2>/dev/null || true

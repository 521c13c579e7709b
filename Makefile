# Everything here sets up its own virtual environment first; nothing has to be installed by hand
# except Python 3.11 or later with its venv module (Debian: python3 and python3-venv) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: help setup demo tools test check bench conformance reader fuzz pictures clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "inklens needs Python 3.11 or later; set PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "Python has no venv module; on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $(READY)

setup: $(READY) ## make the virtual environment with everything in it

demo: $(READY) ## the ten steps on real MNIST, into demo/
	rm -rf demo
	$(BIN)/inklens demo --out demo

tools: ## what the page's tests need beside Python, on Debian as root: clang, lld, Node, Chromium
	@missing=; for pair in clang-14:clang-14 wasm-ld-14:lld-14 node:nodejs chromium:chromium; do \
		command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; \
	else \
		echo "missing, so parts of the page are not tested:$$missing"; \
	fi

test: $(READY) tools ## the tests
	$(BIN)/python -m pytest

check: $(READY) ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) ## recipes, throughput and the Core ML runtime, measured side by side (hours)
	$(BIN)/python -m benchmarks

# The suites compare with SciPy, scikit-learn and TensorFlow. In an environment of their own they change nothing else.
$(VENV)-conformance/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)-conformance
	$(VENV)-conformance/bin/python -m pip install --quiet --editable '.[conformance]'
	@touch $@

conformance: $(VENV)-conformance/ready ## coremltools' own test suites through our runtime, into docs/conformance.md
	$(VENV)-conformance/bin/python tools/conformance.py

reader: $(READY) ## train and export the shipped reader again (about an hour; the fonts that it names are needed)
	$(BIN)/python -m inklens.reader_training.make
	$(BIN)/python -m benchmarks.reading_evidence

fuzz: $(READY) ## 20,000 mutations of real model files: nothing but ModelError may come out
	$(BIN)/python tools/fuzz_coreml.py

pictures: $(READY) ## the pictures of the documentation
	$(BIN)/python tools/draw_docs.py
	$(BIN)/python tools/draw_reading.py

clean: ## remove what the targets above made
	rm -rf $(VENV) demo build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis

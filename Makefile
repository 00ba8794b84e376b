# The front door: one word a habit. `make help` lists them.
PYTHON ?= python3
PY := .venv/bin/python
URL ?=
SEVERITY ?= high
TAG ?=

# A setup is redone when the lock changes, and is a look at two files when not.
SETUP := .venv/.done .venv-wapiti/.done

.DEFAULT_GOAL := help
.PHONY: help setup demo scan serve test lint unit coverage mutate field fuzz audit release-check image service-image bench-polling bench-fleet bench-startup bench-image docs picture format lock clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(SETUP) ## build the two virtual environments from the hashed locks

.venv/.done: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ...")'
	rm -rf .venv && $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Wapiti has a lock of its own, whose pins would hold ours back (requirements/wapiti-overrides.txt). The lock is complete,
# so nothing is left to resolve; its metadata says Python below 3.13, which is only its pins.
.venv-wapiti/.done: requirements/wapiti.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ...")'
	rm -rf .venv-wapiti && $(PYTHON) -m venv .venv-wapiti
	.venv-wapiti/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes --ignore-requires-python -r $<
	@touch $@

demo: $(SETUP) ## run the action against the embedded SecuProbe and a demo site (URL=http://localhost:3000: your own)
	@$(PY) -m secuprobe_action demo --url "$(URL)" --fail-on-severity "$(SEVERITY)"

scan: .venv/.done ## scan URL=... with the real service; needs SECUPROBE_API_KEY
	@$(PY) -m secuprobe_action scan --url "$(URL)" --fail-on-severity "$(SEVERITY)"

serve: $(SETUP) ## start the embedded SecuProbe with its pages; it remembers its scans in build/serve
	@$(PY) -m secuprobe_action serve --open --data build/serve

test: $(SETUP) lint unit ## lint, types and all tests

lint: .venv/.done ## every linter and the type checker
	@scripts/lint

unit: $(SETUP)
	$(PY) -m pytest -n 4

coverage: $(SETUP) ## branch coverage of the package, over unit and process tests together
	rm -f .coverage .coverage.*
	$(PY) -m pytest -n 4 --cov --cov-report=
	.venv/bin/coverage report

mutate: $(SETUP) ## mutation testing of gate, retry, polling, escape, ignore and baseline; at least 90 % must be killed
	rm -rf mutants && .venv/bin/mutmut run && .venv/bin/mutmut export-cicd-stats
	$(PY) -m scripts.mutation_score mutants/mutmut-cicd-stats.json

field: $(SETUP) ## the slow tests: outages, slow answers and lists at their own pace; 2,000 random histories
	$(PY) -m pytest -n 6 -m field tests/field
	HYPOTHESIS_PROFILE=histories $(PY) -m pytest --timeout 1800 tests/memory/test_histories.py

fuzz: $(SETUP) ## the properties of hostile input, with many more examples
	HYPOTHESIS_PROFILE=fuzz $(PY) -m pytest -n auto --timeout 3600 tests/properties \
	  tests/reports/test_formats.py::test_hostile_text_stays_text_in_every_format

audit: .venv/.done ## known vulnerabilities in what is locked
	for lock in runtime dev demo service wapiti; do .venv/bin/pip-audit --disable-pip --require-hashes -r requirements/$$lock.txt || exit; done

release-check: $(SETUP) ## try all of a release that can be tried without GitHub (TAG=vX.Y.Z: that one)
	$(PY) -m scripts.release check $(TAG)
	@scripts/lint
	$(PY) -m pytest -n 4 tests/release tests/process/test_scan_domains.py

bench-polling: .venv/.done ## lag and requests of the polling schedule
	@$(PY) -m bench.polling

bench-fleet: .venv/.done ## many jobs on one key, in simulated time
	@$(PY) -m bench.fleet

bench-startup: .venv/.done ## from process start to the first byte
	@$(PY) -m bench.startup

image: ## build the image (BASE=... names another base image)
	docker build --network host $(if $(BASE),--build-arg PYTHON_IMAGE=$(BASE)) -t secuprobe-scan-action .

service-image: ## build the embedded SecuProbe's image (BASE=... names another base image)
	docker build --network host -f local/Dockerfile $(if $(BASE),--build-arg PYTHON_IMAGE=$(BASE)) -t secuprobe-embedded .

bench-image: .venv/.done image ## the image's size, and the time to its first request
	$(PY) -m bench.image secuprobe-scan-action

docs: .venv/.done ## write docs/reference.md and docs/openapi.json anew
	$(PY) -m scripts.reference

picture: .venv/.done ## draw the pictures in docs/images (needs Chromium and npm ci)
	$(PY) -m scripts.picture

format: .venv/.done ## format the code
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lock: .venv/.done ## write the lock files anew
	scripts/lock

clean: ## remove what the targets made
	rm -rf .venv .venv-wapiti build node_modules .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache

# The front door: one word a habit. `make help` lists them.
PYTHON ?= python3
PY := .venv/bin/python
URL ?=
SEVERITY ?= high
FIX ?=
DATA ?= build/serve
PORT ?= 8080
TAG ?=
REV ?=

CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ...")'

.DEFAULT_GOAL := help
.PHONY: help setup setup-demo demo scan serve test lint unit coverage mutate field fuzz audit release-check image service-image bench-polling bench-fleet bench-memory bench-firstrun bench-startup bench-image docs picture format lock clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## build the two virtual environments from the hashed locks, with all that tests need
	@$(CHECK_PYTHON)
	@$(PYTHON) scripts/environments.py dev

setup-demo: # what the demo needs is a part of that
	@$(CHECK_PYTHON)
	@$(PYTHON) scripts/environments.py demo

demo: setup-demo ## run the action against the embedded SecuProbe and a demo site (URL=http://localhost:3000: your own)
	@$(PY) -m secuprobe_action demo --url "$(URL)" $(if $(filter-out 0 no false,$(FIX)),--fix) --fail-on-severity "$(SEVERITY)"

scan: setup-demo ## scan URL=... with the real service; needs SECUPROBE_API_KEY
	@$(PY) -m secuprobe_action scan --url "$(URL)" --fail-on-severity "$(SEVERITY)"

serve: setup-demo ## start the embedded SecuProbe with its pages; it remembers its scans in DATA=build/serve (PORT=8080)
	@$(PY) -m secuprobe_action serve --open --data "$(DATA)" --port "$(PORT)"

test: setup lint unit ## lint, types and all tests

lint: setup ## every linter and the type checker
	@scripts/lint

unit: setup
	$(PY) -m pytest -n 4

coverage: setup ## branch coverage of the package, over unit and process tests together
	rm -f .coverage .coverage.*
	$(PY) -m pytest -n 4 --cov --cov-report=
	.venv/bin/coverage report

mutate: setup ## mutation testing of gate, retry, polling, escape, ignore and baseline; at least 90 % must be killed
	rm -rf mutants && .venv/bin/mutmut run && .venv/bin/mutmut export-cicd-stats
	$(PY) -m scripts.mutation_score mutants/mutmut-cicd-stats.json

field: setup ## the slow tests: outages, slow answers and lists at their own pace; 2,000 random histories
	$(PY) -m pytest -n 6 -m field tests/field
	HYPOTHESIS_PROFILE=histories $(PY) -m pytest -n 3 --timeout 1800 tests/memory/test_histories.py

fuzz: setup ## the properties of hostile input, with many more examples
	HYPOTHESIS_PROFILE=fuzz $(PY) -m pytest -n auto --timeout 3600 tests/properties \
	  tests/reports/test_formats.py::test_hostile_text_stays_text_in_every_format

audit: setup ## known vulnerabilities in what is locked
	for lock in runtime dev demo install service wapiti; do .venv/bin/pip-audit --disable-pip --require-hashes -r requirements/$$lock.txt || exit; done

release-check: setup ## try all of a release that can be tried without GitHub (TAG=vX.Y.Z: that one)
	$(PY) -m scripts.release check $(TAG)
	@scripts/lint
	$(PY) -m pytest -n 4 tests/release tests/engine

bench-polling: setup ## lag and requests of the polling schedule
	@$(PY) -m bench.polling

bench-fleet: setup ## many jobs on one key, in simulated time
	@$(PY) -m bench.fleet
	@echo
	@$(PY) -m bench.estate

bench-memory: setup ## what a run over up to 5,000 sites holds in memory
	@$(PY) -m bench.memory

bench-firstrun: setup ## `make demo` from a fresh clone: time and disk (REV="A B": these revisions in turn)
	@$(PY) -m bench.firstrun $(REV)

bench-startup: setup ## from process start to the first byte
	@$(PY) -m bench.startup

image: ## build the image (BASE=... names another base image)
	docker build --network host $(if $(BASE),--build-arg PYTHON_IMAGE=$(BASE)) -t secuprobe-scan-action .

service-image: ## build the embedded SecuProbe's image (BASE=... names another base image)
	docker build --network host -f local/Dockerfile $(if $(BASE),--build-arg PYTHON_IMAGE=$(BASE)) -t secuprobe-embedded .

bench-image: setup image ## the image's size, and the time to its first request
	$(PY) -m bench.image secuprobe-scan-action

docs: setup ## write docs/reference.md and docs/openapi.json anew
	$(PY) -m scripts.reference

picture: setup ## draw the pictures in docs/images (needs Chromium and npm ci)
	$(PY) -m scripts.picture

format: setup ## format the code
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lock: setup ## write the lock files anew
	scripts/lock

clean: ## remove what the targets made
	rm -rf .venv .venv-wapiti build node_modules .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
